"""Aggregates -> twin, step by step."""

import sys
import time

import numpy as np
import pandas as pd

from replications.twins import write
from replications.twins.aggregates import Aggregates
from replications.twins.residuals import targets as residual_targets
from replications.twins.residuals.anchors import fix_anchors
from replications.twins.residuals.heat_bath import SWEEPS, meet_figures
from replications.twins.residuals.quartiles import meet_quartiles
from replications.twins.residuals.small_groups import lay_small_groups
from replications.twins.residuals.targets import Target, outcome_bounds
from replications.twins.swapping.margins import Rows
from replications.twins.swapping.total import meet_total

RESIDUAL_STREAM = 999_983
FEW_ROWS = 2000  # below, a quartile is a matter of single rows: see heat_bath.py
FIGURES = ("Min", "1Q", "Median", "3Q", "Max")


class Progress:
    """Says on standard error what is being done and for how long."""

    def __init__(self, dataset: str, quiet: bool = False):
        self.dataset, self.quiet, self.start = dataset, quiet, time.monotonic()

    def __call__(self, message: str, end: str = "\n") -> None:
        """Print one line; a carriage return as ``end`` lets the next one overwrite it."""
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


def _with_residuals(aggregates: Aggregates, laid, models: list[Target], progress: Progress, sweeps: int) -> None:
    """Lay the columns so that the printed residual figures of the models hold as well."""
    rs = np.random.RandomState([aggregates.recipe["seed"], RESIDUAL_STREAM])
    used = [rows for blocks in laid for rows in blocks if any(target.applies_to(rows) for target in models)]
    fix_anchors(used, models, rs, progress)
    if aggregates.recipe.get("small"):
        errors = lay_small_groups(used, models, rs, progress, sweeps)
    else:
        _lay(laid, progress, lambda rows: outcome_bounds(rows, models))
        if sum(rows.n for rows in used) < FEW_ROWS:
            errors = meet_figures(used, models, models[0].outcome, rs, progress, sweeps)
        else:
            errors = meet_quartiles(used, models, rs, progress)
    _report(models, errors, progress)


def _report(models: list[Target], errors: np.ndarray, progress: Progress) -> None:
    for target, row in zip(models, errors, strict=True):
        missed = [f"{name} {error:+.1f}" for name, error in zip(FIGURES, row, strict=True) if abs(error) >= 1]
        progress(f"{target.name}: " + ("missed, in half units: " + ", ".join(missed) if missed else "5 of 5 figures"))


def generate(aggregates: Aggregates, quiet: bool = False, sweeps: int = SWEEPS) -> pd.DataFrame:
    """Make the twin of one data set.

    Parameters
    ----------
    aggregates : Aggregates
    quiet : bool
        No progress lines.
    sweeps : int
        Sweeps of one run of the heat bath (`heat_bath`); few sweeps leave printed quartiles unmet, nothing else.

    Returns
    -------
    DataFrame
        As many rows as the original has, in the original's columns and order of groups.
    """
    progress = Progress(aggregates.dataset, quiet)
    laid = _prepare(aggregates)
    models = residual_targets.targets(aggregates)
    if models:
        _with_residuals(aggregates, laid, models, progress, sweeps)
    else:
        _lay(laid, progress)
    if aggregates.total_product is not None:
        meet_total(aggregates, [rows for blocks in laid for rows in blocks if rows.block.cross], progress)
    rows = write.assemble(aggregates, laid)
    progress(f"{len(rows)} rows")
    return rows
