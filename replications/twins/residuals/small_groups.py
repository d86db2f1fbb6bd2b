"""Lay small data (imm10) column by column, each column settled by the printed figures it decides.

In small groups little is left to choose once the last column is laid. So a column is re-arranged for the figures of the
models that have it and no later one, before the later ones are laid beside it.
"""

from __future__ import annotations

import numpy as np
from numpy.random import RandomState

from replications.errors import TwinError
from replications.twins.progress import Progress
from replications.twins.residuals.heat_bath import SWEEPS, meet_figures
from replications.twins.residuals.targets import Target
from replications.twins.swapping.rows import LAY_TRIES, Rows


def _decided_by(column: str, laid: set[str], models: list[Target]) -> list[Target]:
    """Models whose predictors are all laid once ``column`` is, this column among them."""
    return [target for target in models if column in target.names and set(target.names[1:]) <= laid | {column}]


def lay_small_groups(
    blocks: list[Rows], models: list[Target], rs: RandomState, progress: Progress, sweeps: int = SWEEPS
) -> np.ndarray:
    """Lay all blocks; re-arrange each column towards the figures it decides, then lay the later ones anew.

    Returns
    -------
    array (models, 5)
        Errors of the five figures, in half units of their last printed place.
    """
    for rows in blocks:
        rows.lay()
    cross = blocks[0].block.cross
    errors: dict[str, np.ndarray] = {}
    for place, column in enumerate(cross[1:], 1):
        decided = _decided_by(column, set(cross[:place]), models)
        if not decided:
            continue
        found = meet_figures(blocks, decided, column, rs, progress, sweeps)
        errors.update(zip([target.name for target in decided], found, strict=True))
        for rows in blocks:
            _lay_anew(rows, cross[place + 1 :])
    return np.array([errors[target.name] for target in models])


def _lay_anew(rows: Rows, later: tuple[str, ...]) -> None:
    for column in later:
        del rows.columns[column]
    for column in later:
        if not any(rows.lay_column(column) for _ in range(LAY_TRIES)):
            raise TwinError(f"{rows.group.name}: products of {column} not met")
