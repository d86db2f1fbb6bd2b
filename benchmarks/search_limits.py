"""What the limits of the search are worth: ``python -m benchmarks.search_limits [newton.REACH=1.0;4.0 ...]``.

Counts the evaluations of 324 searches from where they start by default (the 256 designs of tests/test_differential.py
and 68 of tests/brute.py) and of 340 harder ones (the latter without effects, and from starts at 0 and far off), as
the package is and with other values of a limit; also how many end without a minimum, or higher than as it is. These are
the counts beside the limits in `mlm.optimize`.
"""

from __future__ import annotations

import argparse
import ast
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import numpy as np

import mlm
from mlm.likelihood.deviance import Deviance
from mlm.optimize.newton import newton
from mlm.optimize.optimum import Log

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
import brute
from reference.designs import designs

HIGHER = 1e-6  # deviance by which a search ends at another point, not only at another last digit
SCALES = (0.0, 1e-6, -1.0, 30.0)  # of the starts that are far off

Search = tuple[Deviance, np.ndarray | None]


def usual() -> Iterator[Search]:
    """Searches from where they start by default."""
    for design in designs():
        frame, _ = design.frame()
        asked = {"weights": "w"} if design.plan.weights else {}
        asked |= {"offset": "off"} if design.plan.offset else {}
        yield mlm.lmer(design.formula, frame, reml=design.reml, **asked).working, None
    for formula in brute.STRUCTURES.values():
        for seed in range(4):
            yield brute.setup(formula, brute.data(seed), reml=bool(seed % 2))[0], None


def harder() -> Iterator[Search]:
    """Searches for effects that are not there, and from starts at 0 and far off."""
    for formula in brute.STRUCTURES.values():
        for seed in range(4):
            frame = brute.data(seed)
            deviance = brute.setup(formula, frame, reml=bool(seed % 2))[0]
            direction = np.random.default_rng(2).uniform(0.5, 1.5, deviance.layout.n_theta)
            for scale in SCALES:
                yield deviance, scale * direction
            frame["y"] = frame["x"] + np.random.default_rng(seed).normal(size=len(frame))
            yield brute.setup(formula, frame, reml=bool(seed % 2))[0], None


@dataclass(frozen=True)
class Outcome:
    """Evaluations of all searches, how many found no minimum, and the deviance where each ended."""

    evaluations: int
    failed: int
    deviances: np.ndarray


def outcome(searches: list[Search]) -> Outcome:
    """Run searches."""
    evaluations, failed, deviances = 0, 0, []
    for deviance, start in searches:
        try:
            found = newton(deviance, start, Log())
        except (mlm.MlmError, np.linalg.LinAlgError):
            failed += 1
            deviances.append(np.inf)
            continue
        evaluations += len(found.log)
        failed += not found.converged
        deviances.append(found.evaluation.value)
    return Outcome(evaluations, failed, np.array(deviances))


def set_limit(module: str, name: str, value: object) -> None:
    """Give a limit another value, wherever it was imported to."""
    kept = getattr(import_module(f"mlm.optimize.{module}"), name)
    for loaded in [m for key, m in sys.modules.items() if key.startswith("mlm.")]:
        if getattr(loaded, name, None) is kept:
            setattr(loaded, name, value)


def main(arguments: list[str] | None = None) -> None:
    """Print a line for the package as it is, and one for each other value."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.search_limits", description=__doc__)
    parser.add_argument("limit", nargs="*", help="module.NAME=value;value, of mlm.optimize", metavar="LIMIT")
    asked = parser.parse_args(arguments).limit
    warnings.simplefilter("ignore", mlm.MlmWarning)
    kinds = [list(usual()), list(harder())]
    now = [outcome(searches) for searches in kinds]
    print("as it is:", *(f"{o.evaluations} evaluations of {len(o.deviances)}, {o.failed} failed;" for o in now))
    for limit in asked:
        place, values = limit.split("=")
        module, name = place.split(".")
        kept = getattr(import_module(f"mlm.optimize.{module}"), name)
        for text in values.split(";"):
            set_limit(module, name, ast.literal_eval(text))
            other = [outcome(searches) for searches in kinds]
            set_limit(module, name, kept)
            higher = [int((o.deviances > n.deviances + HIGHER).sum()) for o, n in zip(other, now, strict=True)]
            line = (f"{o.evaluations}, {o.failed} failed, {h} higher;" for o, h in zip(other, higher, strict=True))
            print(f"{name} = {text}:", *line, flush=True)


if __name__ == "__main__":
    main()
