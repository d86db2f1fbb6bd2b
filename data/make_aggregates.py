"""Original data -> data/aggregates/*.json.gz: the only step to the twins that sees original rows.

    MLM_ORIGINALS=folder python data/make_aggregates.py [name ...]

The environment variable names the folder with the original files. Without it they are those in the cache, to which
``python -m replications fetch`` downloads them. Either way each file must be the one in ``datasets.toml``.
"""

import argparse
import json
import sys

from twin import aggregates, models, recipes, tabulate

from replications.data import read_original
from replications.errors import OriginalsError


def make(dataset: str) -> dict:
    """Aggregates document of one data set: tables, products, and theta of each model at its optimum."""
    recipe = recipes.RECIPES[dataset]
    rows = read_original(dataset, recipe["layout"])
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
    for dataset in arguments.name:
        try:
            document = make(dataset)
        except OriginalsError as error:
            print(error, file=sys.stderr)
            return 2
        path = aggregates.path_of(dataset)
        aggregates.write_gzip(path, json.dumps(document, separators=(",", ":"), sort_keys=True).encode())
        rows = sum(block["n"] for group in document["groups"] for block in group["blocks"])
        print(f"{dataset}: {rows} rows, {len(document['groups'])} groups, {path.stat().st_size} bytes", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
