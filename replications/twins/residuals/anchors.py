"""Anchors: rows fixed beforehand because they carry a printed Min or Max.

An extreme residual is one row. All combinations of values that occur in a group's margins are searched for
those whose residuals round to the printed extremes of as many models as possible and pass none of them.
Often a single combination is left; it then is the true extreme respondent, who is implied by the margins
and the printed figures. The page about the twins says so.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import RandomState

from replications.errors import TwinError
from replications.twins.progress import Progress
from replications.twins.residuals.targets import EXTREME_EDGE, FIGURES, MAX, MIN, Target
from replications.twins.swapping.rows import Rows


@dataclass(frozen=True)
class Candidate:
    """One row that would do: where it goes, its codes, and the models whose extreme it carries."""

    rows: Rows
    codes: dict[str, int]
    carries: frozenset[str]


def _occurring(rows: Rows, name: str) -> list[int]:
    """Codes of a column that are still to be laid in a block."""
    return sorted(code for code, count in rows.margins[name].items() if count)


def _grid(rows: Rows, outcome: str) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Every combination of predictor values in the margins, as codes and as product columns."""
    predictors = [name for name in rows.block.cross if name != outcome]
    values = [np.array(_occurring(rows, name)) for name in predictors]
    codes = {name: column.ravel() for name, column in zip(predictors, np.meshgrid(*values, indexing="ij"), strict=True)}
    columns: dict[str, np.ndarray] = {}
    for name, column in codes.items():
        columns.update(rows.aggregates.columns[name].product_columns(column))
    return codes, columns


def _candidates(rows: Rows, models: list[Target], waiting: list[Target], extreme: int) -> list[Candidate]:
    """Find the combinations of one block that carry the extreme of at least one model not yet served.

    In the arrays below models are down and combinations of predictors across; the outcomes are gone through one by one.
    """
    used = [target for target in models if target.applies_to(rows)]
    served = np.array([target not in waiting for target in used])
    if served.all():
        return []
    outcome = used[0].outcome
    codes, columns = _grid(rows, outcome)
    printed = np.array([target.printed for target in used])
    edge = np.array([target.half for target in used])[:, None] * EXTREME_EDGE
    unit = np.array([target.unit for target in used])[:, None]
    fitted = np.array([target.fitted(rows.group.name, columns) for target in used])
    out = []
    for code in _occurring(rows, outcome):
        value = rows.aggregates.columns[outcome].numeric(np.array([code]))[0] / used[0].outcome_scale
        residual = (value - fitted) / unit
        inside = (residual >= printed[:, [MIN]] - edge) & (residual <= printed[:, [MAX]] + edge)
        hits = (np.abs(residual - printed[:, [extreme]]) < edge) & ~served[:, None]
        for k in np.flatnonzero(inside.all(axis=0) & hits.any(axis=0)):
            row = {name: int(column[k]) for name, column in codes.items()} | {outcome: code}
            carries = frozenset(target.name for target, hit in zip(used, hits[:, k], strict=True) if hit)
            out.append(Candidate(rows, row, carries))
    return out


def fix_anchors(blocks: list[Rows], models: list[Target], rs: RandomState, progress: Progress) -> None:
    """Find and peel off the anchors of every model: those that serve the most models first, until all are served.

    Raises
    ------
    TwinError
        If no combination of values carries the printed extreme of some model.
    """
    for extreme in (MIN, MAX):
        waiting = list(models)
        while waiting:
            found = [c for rows in blocks for c in _candidates(rows, models, waiting, extreme)]
            if not found:
                names = ", ".join(target.name for target in waiting)
                raise TwinError(f"no combination of values has the printed {FIGURES[extreme]} of {names}")
            most = max(len(candidate.carries) for candidate in found)
            best = [candidate for candidate in found if len(candidate.carries) == most]
            chosen = best[rs.randint(0, len(best))]
            chosen.rows.peel(chosen.codes)
            waiting = [target for target in waiting if target.name not in chosen.carries]
            what = f"{FIGURES[extreme]} of {', '.join(sorted(chosen.carries))}"
            progress(f"anchor for {what}: group {chosen.rows.group.name}, one of {len(best)} combinations")
