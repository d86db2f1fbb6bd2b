"""data/aggregates/*.json.gz -> data/twins/*.csv.gz: synthetic twins of the five data sets.

    python data/make_twins.py [name ...]            write them
    python data/make_twins.py --check [name ...]    make them anew and compare with the committed ones

Needs no original data. The result depends on the aggregates alone.
"""

import argparse
import hashlib
import os
import sys

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # the matrices are tiny; threads would only get in the way

from twin import aggregates, generate, recipes, write


def check(dataset: str, rows) -> bool:
    """Compare a twin made anew with the manifest."""
    found = hashlib.sha256(write.csv_bytes(rows)).hexdigest()
    same = found == write.manifest().get(dataset, {}).get("sha256")
    print(f"{dataset}: {'the same as' if same else 'DIFFERS from'} the committed twin ({found[:16]})")
    return same


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", nargs="*", default=list(recipes.RECIPES), help="data sets (default: all)")
    parser.add_argument("--check", action="store_true", help="write nothing, compare")
    parser.add_argument("--quiet", action="store_true", help="no progress")
    arguments = parser.parse_args()
    good = True
    for dataset in arguments.name:
        rows = generate.generate(aggregates.read(dataset), arguments.quiet)
        if arguments.check:
            good &= check(dataset, rows)
        else:
            path = write.save(dataset, rows)
            print(f"{dataset}: {len(rows)} rows, {path.stat().st_size} bytes")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
