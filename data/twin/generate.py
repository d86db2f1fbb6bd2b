"""Aggregates -> twin, step by step."""

import sys
import time

import numpy as np
import pandas as pd

from . import write
from .aggregates import Aggregates
from .margins import Rows
from .total import meet_total


class Progress:
    """Says on standard error what is being done and for how long."""

    def __init__(self, dataset: str, quiet: bool = False):
        self.dataset, self.quiet, self.start = dataset, quiet, time.monotonic()

    def __call__(self, message: str, end: str = "\n") -> None:
        """Print one line; ``end="\\r"`` lets the next one overwrite it."""
        if not self.quiet and (end == "\n" or sys.stderr.isatty()):
            elapsed = time.monotonic() - self.start
            print(f"{self.dataset:>9} {elapsed:6.1f} s  {message:<90}", end=end, file=sys.stderr, flush=True)


def _prepare(aggregates: Aggregates) -> list[list[Rows]]:
    seed = aggregates.recipe["seed"]
    return [
        [Rows(aggregates, group, block, np.random.RandomState([seed, g, b])) for b, block in enumerate(group.blocks)]
        for g, group in enumerate(aggregates.groups)
    ]


def _lay(laid: list[list[Rows]], progress: Progress, bounds_of=None) -> None:
    for done, blocks in enumerate(laid, 1):
        for rows in blocks:
            if rows.block.cross:
                rows.lay(bounds_of)
        progress(f"laying columns, group {done} of {len(laid)}", end="\r")
    progress(f"columns laid in {len(laid)} groups, every product met")


def generate(aggregates: Aggregates, quiet: bool = False) -> pd.DataFrame:
    """Make the twin of one data set.

    Parameters
    ----------
    aggregates : Aggregates
    quiet : bool
        No progress lines.

    Returns
    -------
    DataFrame
        As many rows as the original has, in the original's columns and order of groups.
    """
    progress = Progress(aggregates.dataset, quiet)
    laid = _prepare(aggregates)
    _lay(laid, progress)
    if aggregates.total_product is not None:
        meet_total(aggregates, [rows for blocks in laid for rows in blocks if rows.block.cross], progress)
    rows = write.assemble(aggregates, laid)
    progress(f"{len(rows)} rows")
    return rows
