"""The commands ``python -m replications twins aggregate | make | check | report``.

Each takes names of data sets, none meaning all, and returns the exit status.
"""

from __future__ import annotations

import numpy as np

from replications.data import read_original, which
from replications.twins import aggregates, budget, coincidence, files, models, tabulate
from replications.twins.aggregates import Document
from replications.twins.generate import generate
from replications.twins.recipes import RECIPES

TIGHTEST = 4  # blocks that the report names per data set


def aggregate(names: list[str]) -> int:
    """Original data -> ``data/aggregates/*.json.gz``: the only step to the twins that sees original rows.

    Raises
    ------
    OriginalsError
        If an original is not at hand, or is not the file of ``data/datasets.toml``.
    """
    for dataset in names or RECIPES:
        document = aggregated(dataset)
        path = aggregates.write(dataset, document)
        rows = sum(block["n"] for group in document["groups"] for block in group["blocks"])
        print(f"{dataset}: {rows} rows, {len(document['groups'])} groups, {path.stat().st_size} bytes", flush=True)
    return 0


def make(names: list[str], quiet: bool = False) -> int:
    """``data/aggregates/*.json.gz`` -> ``data/twins/*.csv.gz``; needs no original data."""
    for dataset in names or RECIPES:
        rows = generate(aggregates.read(dataset), quiet)
        path = files.save_twin(dataset, rows)
        print(f"{dataset}: {len(rows)} rows, {path.stat().st_size} bytes", flush=True)
    return 0


def check(names: list[str], quiet: bool = False) -> int:
    """Make the twins anew, write nothing, compare with the manifest; the status is 1 if one differs."""
    committed = files.manifest()
    good = True
    for dataset in names or RECIPES:
        found = files.checksum(generate(aggregates.read(dataset), quiet))
        same = dataset in committed and found == committed[dataset]["sha256"]
        print(f"{dataset}: {'the same as' if same else 'DIFFERS from'} the committed twin ({found[:16]})", flush=True)
        good &= same
    return 0 if good else 1


def report(names: list[str]) -> int:
    """Print what the aggregates and the twins give away.

    Per data set the blocks whose aggregates leave the fewest pairings and, if the original is at hand, the share of
    twin rows that equal an original one beside chance.

    Raises
    ------
    OriginalsError
        If an original at hand is not the file of ``data/datasets.toml``.
    """
    for dataset in names or RECIPES:
        _report_budget(dataset)
        if which(dataset) == "original":
            _report_coincidence(dataset)
        else:
            print("  the original is not at hand: no share of equal rows")
    return 0


def aggregated(dataset: str) -> Document:
    """Aggregates document of one data set: tables, products, and theta of each mixed model at its optimum."""
    recipe = RECIPES[dataset]
    document = tabulate.tabulate(tabulate.encode(read_original(dataset, recipe["layout"]), recipe), recipe)
    parsed = aggregates.parse(document)
    for model in document["recipe"]["models"]:
        if model["kind"] == "lmer":
            model["theta"] = models.optimal_theta(parsed, model)
    return document


def _report_budget(dataset: str) -> None:
    """Print the tightest blocks."""
    found = budget.budgets(aggregates.read(dataset))
    median = np.median([entry.left for entry in found])
    print(f"{dataset}: {len(found)} blocks, median 2^{median:.0f} pairings left; the tightest:")
    for entry in found[:TIGHTEST]:
        block = f"{entry.group} ({entry.block}, n = {entry.n})"
        print(f"  {block}: 2^{entry.pairings:.0f} pairings, told {entry.told:.0f} bits")


def _report_coincidence(dataset: str) -> None:
    """Print the share of twin rows equal to an original row, and the same for a random re-pairing."""
    recipe = RECIPES[dataset]
    twin, chance = coincidence.compare(files.read_twin(dataset), read_original(dataset, recipe["layout"]), recipe)
    print(f"  twin rows equal to an original row {twin.coinciding:.2%}, by chance {chance.coinciding:.2%}")
    print(f"  original unique records that occur in the twin {twin.reproduced:.2%}, by chance {chance.reproduced:.2%}")
