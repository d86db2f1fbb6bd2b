"""What the aggregates and the twins give away.

    python data/report_disclosure.py [name ...]

Prints, per data set, the groups whose aggregates leave the fewest pairings; and, if the original is at hand (in the
folder that MLM_ORIGINALS names, or fetched), the share of twin rows that equal an original one beside chance.
"""

import argparse
import sys

import numpy as np
import pandas as pd
from twin import aggregates, budget, coincidence, recipes, tabulate, write

from replications.data import read_original, which
from replications.errors import OriginalsError

TIGHTEST = 4


def report_budget(dataset: str) -> None:
    """Print the tightest groups."""
    found = budget.budgets(aggregates.read(dataset))
    median = np.median([entry.left for entry in found])
    print(f"{dataset}: {len(found)} blocks, median 2^{median:.0f} pairings left; the tightest:")
    for entry in found[:TIGHTEST]:
        told = entry.products + entry.figures
        print(f"  {entry.group} ({entry.block}, n = {entry.n}): 2^{entry.pairings:.0f} pairings, told {told:.0f} bits")


def report_coincidence(dataset: str) -> None:
    """Print the share of twin rows equal to an original row, and the same for a random re-pairing."""
    recipe = recipes.RECIPES[dataset]
    columns, group = coincidence.checked_columns(recipe), recipe["group"]
    original = tabulate.encode(read_original(dataset, recipe["layout"]), recipe)
    twin = tabulate.encode(pd.read_csv(write.path_of(dataset), low_memory=False), recipe)
    chance = coincidence.repair_at_random(original, columns, group, np.random.RandomState(1))
    shares = [coincidence.coinciding_share(rows, original, columns, group) for rows in (twin, chance)]
    unique = [coincidence.reproduced_share(rows, original, columns, group) for rows in (twin, chance)]
    print(f"  twin rows equal to an original row {shares[0]:.2%}, by chance {shares[1]:.2%}")
    print(f"  original unique records that occur in the twin {unique[0]:.2%}, by chance {unique[1]:.2%}")


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", nargs="*", default=list(recipes.RECIPES), help="data sets (default: all)")
    for dataset in parser.parse_args().name:
        report_budget(dataset)
        try:
            if which(dataset) == "original":
                report_coincidence(dataset)
            else:
                print("  the original is not at hand: no share of equal rows")
        except OriginalsError as error:
            print(error, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
