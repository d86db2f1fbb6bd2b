"""Whether the same model gives the same numbers: ``python -m benchmarks.same_numbers [--count 300]``.

Small designs (tests/reference/small_designs.py) are fitted as they are and in other units, origins, orders and labels
(tests/same_model.py). A line a change: on how many designs the numbers part by more than 1e-8, and the largest
deviation; of the criterion as it is, of estimates in standard errors, of standard errors and degrees of freedom as
shares.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from reference.small_designs import COUNT, SmallDesign, design
from same_model import changes, deviations, numbers

SAME = 1e-8
# designs of which a change moves the criterion by less end at the same place
PLACE = 1e-6
QUANTITIES = ("criterion", "estimates", "standard errors", "df", "singular", "converged", "messages", "refused")

Parted = dict[str, list[tuple[int, dict[str, float]]]]


def parted(chosen: list[SmallDesign], out: Parted) -> None:
    """Fill in deviations by change, of each design that it leaves the same."""
    started = time.perf_counter()
    for place, one in enumerate(chosen):
        base = numbers(one)
        for change in changes(one):
            out.setdefault(change.name, []).append((one.number, deviations(base, numbers(one, change))))
        if place % 10 == 9:
            print(f"{place + 1} of {len(chosen)}, {time.perf_counter() - started:.0f} s", file=sys.stderr, flush=True)


def table(found: Parted) -> Iterator[str]:
    """Yield the lines: count of deviations, and the largest with its design."""
    yield f"{'change':26s} {'designs':>8s}" + "".join(f"{q:>26s}" for q in QUANTITIES)
    for name, of in found.items():
        cells = []
        for quantity in QUANTITIES:
            values = [(d.get(quantity, 0.0), k) for k, d in of]
            count = sum(not v <= SAME for v, _ in values)
            worst, where = max(values, key=lambda pair: np.inf if np.isnan(pair[0]) else pair[0], default=(0.0, -1))
            cells.append(f"{count:5d} {worst:9.1e} (no. {where:4d})" if count else f"{0:5d} {worst:9.1e}" + " " * 11)
        yield f"{name:26s} {len(of):8d}" + "".join(f"{c:>26s}" for c in cells)
    yield f"\nthe same, of designs whose criterion parts by less than {PLACE:g}: the search ended at the same place"
    for name, of in found.items():
        near = [(k, d) for k, d in of if d.get("criterion", np.inf) <= PLACE]
        cells = []
        for quantity in QUANTITIES[:4]:
            values = np.array([d[quantity] for _, d in near] or [0.0])
            cells.append(f"{int((~(values <= SAME)).sum()):5d}, median {np.median(values):.0e}, {np.max(values):.0e}")
        yield f"{name:26s} {len(near):8d}" + "".join(f"{c:>30s}" for c in cells)


def main(arguments: list[str] | None = None) -> None:
    """Fit, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.same_numbers", description=__doc__)
    parser.add_argument("--count", type=int, default=300, help="designs, spread evenly over all")
    asked = parser.parse_args(arguments)
    # a stride without common divisors with the number of structures: each of them has its turn
    stride = max(1, COUNT // asked.count) | 1
    found: Parted = {}
    try:
        parted([design(k * stride % COUNT) for k in range(asked.count)], found)
    except KeyboardInterrupt:
        print(f"interrupted after {max(map(len, found.values()), default=0)} of {asked.count} designs:")
    print("\n".join(table(found)))


if __name__ == "__main__":
    main()
