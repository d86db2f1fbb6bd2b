"""The commands ``python -m replications twins aggregate | make | check | report``.

Each takes names of data sets, none meaning all, and returns the exit status.
"""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pandas as pd

from replications.data import read_original, which
from replications.twins import aggregates, budget, coincidence, generate, models, recipes, tabulate, write

TIGHTEST = 4  # blocks that the report names per data set


def aggregate(names: list[str]) -> int:
    """Original data -> ``data/aggregates/*.json.gz``: the only step to the twins that sees original rows.

    Raises
    ------
    OriginalsError
        If an original is not at hand, or is not the file of ``data/datasets.toml``.
    """
    for dataset in names or recipes.RECIPES:
        document = aggregated(dataset)
        path = aggregates.path_of(dataset)
        aggregates.write_gzip(path, json.dumps(document, separators=(",", ":"), sort_keys=True).encode())
        rows = sum(block["n"] for group in document["groups"] for block in group["blocks"])
        print(f"{dataset}: {rows} rows, {len(document['groups'])} groups, {path.stat().st_size} bytes", flush=True)
    return 0


def make(names: list[str], quiet: bool = False) -> int:
    """``data/aggregates/*.json.gz`` -> ``data/twins/*.csv.gz``; needs no original data."""
    for dataset in names or recipes.RECIPES:
        rows = generate.generate(aggregates.read(dataset), quiet)
        path = write.save(dataset, rows)
        print(f"{dataset}: {len(rows)} rows, {path.stat().st_size} bytes", flush=True)
    return 0


def check(names: list[str], quiet: bool = False) -> int:
    """Make the twins anew, write nothing, compare with the manifest; the status is 1 if one differs."""
    good = True
    for dataset in names or recipes.RECIPES:
        rows = generate.generate(aggregates.read(dataset), quiet)
        found = hashlib.sha256(write.csv_bytes(rows)).hexdigest()
        same = found == write.manifest().get(dataset, {}).get("sha256")
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
    for dataset in names or recipes.RECIPES:
        report_budget(dataset)
        if which(dataset) == "original":
            report_coincidence(dataset)
        else:
            print("  the original is not at hand: no share of equal rows")
    return 0


def aggregated(dataset: str) -> dict:
    """Aggregates document of one data set: tables, products, and theta of each model at its optimum."""
    recipe = recipes.RECIPES[dataset]
    rows = read_original(dataset, recipe["layout"])
    document = tabulate.tabulate(tabulate.encode(rows, recipe), recipe)
    parsed = aggregates.parse(document)
    for model in document["recipe"]["models"]:
        if model["kind"] == "lmer":
            model["theta"] = models.optimal_theta(parsed, model)
    return document


def report_budget(dataset: str) -> None:
    """Print the tightest blocks."""
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
