"""Whether ``optimizer="nloptwrap"`` stops where lme4 stops: ``python -m benchmarks.stopping_points [--far]``.

On the small designs of tests/reference/small_designs.py in which lme4 stops at the same theta, to 1e-6, with the rows
in six orders (reference/stopping_points.R), and whose x is near 0: centred, standardised and shifted by at most 100
standard deviations, or in other units. With ``--far`` on the others: years, Julian days, Unix seconds and the like, of
which lme4's criterion keeps few digits, so that rounding there decides the path. Needs the package nlopt.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import mlm

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from reference.small_designs import SmallDesign, design

STORED = Path(__file__).resolve().parent.parent / "tests/reference/stopping_points.csv.gz"
SAME = 1e-6  # of theta
NEAR = ("centred", "standard deviations", "units")  # origins of x

# Designs near 0 that stop elsewhere here, and what is known of why. What lme4 does when the response changes in its
# last bit is seen by reference/shaken_points.R, 20 times each: where it parts from itself, the last bit decides.
NAMED = {
    60: "x in units of 1e4: the criterion along the path is up to 3e-5 from lme4's; two runs of R have parted by 1e-4",
    152: "lme4 parts from itself in 7 of 20, by up to 2.1e-6",
    174: "lme4 parts from itself in 2 of 20, by up to 9e-5",
    653: "lme4 parts from itself in 4 of 20, by up to 4e-5",
    715: "lme4 parts from itself in 4 of 20, by up to 1.4e-6",
    1560: "a theta of 85, of which 1e-6 is 1e-8: more or less with the order in which sums are formed",
    1709: "a theta of 66, of which 1e-6 is 2e-8: more or less with the order in which sums are formed",
}


@dataclass(frozen=True, slots=True)
class StoppingPoint:
    """Where lme4 stops on a design.

    Attributes
    ----------
    theta : ndarray, shape (n_theta,)
    gap : float
        By how much it stops elsewhere, at most, with the rows in five other orders; NaN where it cannot be fitted.
    """

    theta: np.ndarray
    gap: float


def stored() -> dict[int, StoppingPoint]:
    """What lme4 found, by number of the design."""
    with gzip.open(STORED, "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    return {
        int(r["number"]): StoppingPoint(np.array([float(t) for t in r["theta"].split()]), float(r["gap"])) for r in rows
    }


def chosen(far: bool = False, count: int | None = None) -> list[tuple[SmallDesign, StoppingPoint]]:
    """The designs on which lme4 agrees with itself, x near 0 or far from it, with where lme4 stops."""
    steady = [(design(number), point) for number, point in sorted(stored().items()) if point.gap <= SAME]
    return [(one, point) for one, point in steady if (one.origin in NEAR) != far][:count]


def parted(one: SmallDesign, theirs: np.ndarray) -> tuple[float, str]:
    """By how much the stopping points differ, and what there is to say of it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.MlmWarning)
        try:
            m = mlm.lmer(one.formula, one.frame, reml=one.reml, weights=one.weights, optimizer="nloptwrap")
        except mlm.MlmError as error:
            return float("inf"), f"refused: {error}"
    thetas = [" ".join(f"{t:.8g}" for t in theta) for theta in (m.theta, theirs)]
    return float(np.max(np.abs(m.theta - theirs))), f"theta {thetas[0]} | lme4 {thetas[1]}"


def table(of: list[tuple[SmallDesign, StoppingPoint]]) -> Iterator[str]:
    """Yield how many agree, and each that does not."""
    lines = []
    for one, point in of:
        gap, text = parted(one, point.theta)
        if not gap <= SAME:
            why = f" ({NAMED[one.number]})" if one.number in NAMED else ""
            lines.append(f"{one.number:4d} {gap:8.1e} {one.structure}, {one.origin}: {text}{why}")
    yield f"{len(of)} designs whose stopping point is steady in lme4: {len(of) - len(lines)} agree to {SAME:g}"
    yield from lines


def main(arguments: list[str] | None = None) -> None:
    """Fit, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stopping_points", description=__doc__)
    parser.add_argument("--far", action="store_true", help="the designs with x far from 0")
    parser.add_argument("--count", type=int, help="the first so many only")
    asked = parser.parse_args(arguments)
    print("\n".join(table(chosen(asked.far, asked.count))))


if __name__ == "__main__":
    main()
