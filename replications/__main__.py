"""Command line: ``python -m replications check | scoreboard | fetch``."""

from __future__ import annotations

import argparse
import sys

from replications import chapters, fetch, scoreboard
from replications.data import datasets
from replications.errors import OriginalsError, RegistryError
from replications.registry import SOURCES


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return the exit status.

    Parameters
    ----------
    arguments : list of str, optional
        Those of the command line by default.
    """
    parser = argparse.ArgumentParser(prog="python -m replications", description="Check the published numbers.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    check = commands.add_parser("check", help="run the chapters and print the scoreboard")
    check.add_argument("source", nargs="*", help=f"{', '.join(SOURCES)} (default: all)")
    check.add_argument("--store", action="store_true", help="store the records that are committed")
    commands.add_parser("scoreboard", help="write the book's scoreboard page from the records")
    get = commands.add_parser("fetch", help="download the original data files")
    get.add_argument("name", nargs="*", help=f"{', '.join(datasets())} (default: all)")
    chosen = parser.parse_args(arguments)
    try:
        match chosen.command:
            case "check":
                return chapters.main(chosen.source, chosen.store)
            case "scoreboard":
                return scoreboard.main()
            case _:
                return fetch.main(chosen.name)
    except (RegistryError, OriginalsError) as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
