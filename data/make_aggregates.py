"""Original data -> data/aggregates/*.json.gz: the only program here that sees original rows.

    MLM_ORIGINALS=folder python data/make_aggregates.py [name ...]

The environment variable names the folder with the original files (``python -m replications fetch`` gets
them).
"""

import argparse
import json
import os
import sys

from twin import aggregates, models, originals, recipes, tabulate


def make(dataset: str, folder: str) -> dict:
    """Aggregates document of one data set: tables, products, and theta of each model at its optimum."""
    recipe = recipes.RECIPES[dataset]
    rows = originals.read_original(dataset, folder, recipe["layout"])
    document = tabulate.tabulate(tabulate.encode(rows, recipe), recipe)
    parsed = aggregates.parse(document)
    for model in document["recipe"]["models"]:
        if model["kind"] == "lmer":
            model["theta"] = models.optimal_theta(parsed, model)
    return document


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", nargs="*", default=list(recipes.RECIPES), help="data sets (default: all)")
    arguments = parser.parse_args()
    folder = os.environ.get("MLM_ORIGINALS")
    if not folder:
        print("set MLM_ORIGINALS to the folder with the original data files", file=sys.stderr)
        return 2
    for dataset in arguments.name:
        document = make(dataset, folder)
        path = aggregates.path_of(dataset)
        aggregates.write_gzip(path, json.dumps(document, separators=(",", ":"), sort_keys=True).encode())
        rows = sum(block["n"] for group in document["groups"] for block in group["blocks"])
        print(f"{dataset}: {rows} rows, {len(document['groups'])} groups, {path.stat().st_size} bytes", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
