"""Aggregates -> twin, step by step.

A twin depends on its aggregates and on the seed in its recipe, and on nothing else. Products are integers. What comes
of linear algebra or of logarithms is rounded before it decides what is drawn, so that neither the machine nor the
number of threads shows. Numbers of tries and of candidates bound the time a search takes: what it gives is exact or
an error, but for quartiles, of which it tells those that are missed.

Limits of the searches, here and in `swapping` and `residuals`, say what they bound. Their values are those with which
all five data sets came to an end when the twins were first made. With others the searches draw other random numbers and
end at other twins, as good as these but not the same bytes: so they stay.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.random import RandomState

from replications.twins.aggregates import Aggregates
from replications.twins.assemble import assemble
from replications.twins.progress import Progress
from replications.twins.residuals.anchors import fix_anchors
from replications.twins.residuals.heat_bath import SWEEPS, meet_figures
from replications.twins.residuals.quartiles import meet_quartiles
from replications.twins.residuals.small_groups import lay_small_groups
from replications.twins.residuals.targets import FIGURES, Target, outcome_bounds, targets
from replications.twins.swapping.pairing import Bounds
from replications.twins.swapping.rows import Rows
from replications.twins.swapping.total import meet_total

RESIDUAL_STREAM = 999_983  # of random numbers, beside those of the blocks, [seed, group, block]
FEW_ROWS = 2000  # below, a quartile is a matter of single rows: see `residuals.heat_bath`


def _prepare(aggregates: Aggregates) -> list[list[Rows]]:
    seed = aggregates.recipe["seed"]
    return [
        [Rows(aggregates, group, block, RandomState([seed, g, b])) for b, block in enumerate(group.blocks)]
        for g, group in enumerate(aggregates.groups)
    ]


def _lay(laid: list[list[Rows]], progress: Progress, bounds_of: Callable[[Rows], Bounds | None] | None = None) -> None:
    for done, blocks in enumerate(laid, 1):
        for rows in blocks:
            if rows.block.cross:
                rows.lay(bounds_of)
        progress(f"laying columns, group {done} of {len(laid)}", end="\r")
    progress(f"columns laid in {len(laid)} groups, every product met")


def _lay_with_residuals(
    aggregates: Aggregates, laid: list[list[Rows]], models: list[Target], progress: Progress, sweeps: int
) -> None:
    """Lay the columns so that the printed residual figures of the models hold as well."""
    rs = RandomState([aggregates.recipe["seed"], RESIDUAL_STREAM])
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
        Whether to leave out the lines on progress.
    sweeps : int
        Sweeps of one run of the heat bath (`heat_bath`); few sweeps leave printed quartiles unmet, nothing else.

    Returns
    -------
    DataFrame
        As many rows as the original has, in the original's columns and order of groups.

    Raises
    ------
    TwinError
        If some sum of products, total or extreme residual is not met; quartiles that are not are told as progress.
    """
    progress = Progress(aggregates.dataset, quiet)
    laid = _prepare(aggregates)
    models = targets(aggregates)
    if models:
        _lay_with_residuals(aggregates, laid, models, progress, sweeps)
    else:
        _lay(laid, progress)
    if aggregates.total_product is not None:
        crossed = [rows for blocks in laid for rows in blocks if rows.block.cross]
        meet_total(aggregates, aggregates.total_product, crossed, progress)
    rows = assemble(aggregates, laid)
    progress(f"{len(rows)} rows")
    return rows
