"""What moves along directions of theta and beta, to first order: the modes, the linear predictors, and the system."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..likelihood.covariance import CovarianceLayout
from .levels import congruent
from .pirls import Mode, Problem, pulled, scaled_effects
from .rows import Blocks

__all__ = ["Moves", "moves_along"]


class Moves(NamedTuple):
    """What m directions of theta, and then of beta, move to first order.

    Attributes
    ----------
    units : list of list of ndarray, shapes (q, q)
        Each factor's T, for those of theta.
    columns : ndarray, shape (m - n_theta, n)
        Linear predictors of fixed effects, for those of beta.
    effects : list of ndarray, shapes (q, J, m)
        The modes.
    rows : ndarray, shape (m, n)
        Linear predictors at the modes.
    system : list of Blocks
        ``T' Z' W Z T``, at the cells.
    """

    units: list[list[np.ndarray]]
    columns: np.ndarray
    effects: list[np.ndarray]
    rows: np.ndarray
    system: list[Blocks]


def moves_along(problem: Problem, layout: CovarianceLayout, mode: Mode, directions: np.ndarray) -> Moves:
    """Find what moves, by the implicit function theorem.

    Parameters
    ----------
    problem : Problem
    layout : CovarianceLayout
    mode : Mode
        The modes there.
    directions : ndarray, shape (p, k)
        Of beta, in columns; those of theta are its elements.

    Returns
    -------
    Moves
    """
    rows, columns = problem.rows, directions.T @ problem.rows.xt
    units = [layout.matrices(unit) for unit in np.eye(layout.n_theta)]
    direct = np.array([rows.spread(scaled_effects(unit, mode.u)) for unit in units])
    direct = np.concatenate([direct, columns])
    slope = [-p for p in pulled(rows, mode.matrices, mode.observed * direct)]
    for k, unit in enumerate(units):
        for each, own in zip(slope, pulled(rows, unit, mode.at.score), strict=True):
            each[:, :, k] += own
    effects = mode.curvature.solve(slope)
    through = [rows.spread(scaled_effects(mode.matrices, [e[:, :, k] for e in effects])) for k in range(len(direct))]
    by_row = direct + np.array(through)
    return Moves(units, columns, effects, by_row, _system_changes(problem, mode, units, by_row))


def _system_changes(problem: Problem, mode: Mode, units: list[list[np.ndarray]], by_row: np.ndarray) -> list[Blocks]:
    slope, out = problem.working.weights_slope(mode.at), []
    for each in by_row:
        weighted = problem.rows.weighted(slope * each)
        out.append({key: _between(mode.matrices, block, mode.matrices, key) for key, block in weighted.items()})
    for unit, change in zip(units, out, strict=False):
        for key, block in mode.blocks.items():
            change[key] = change[key] + _between(unit, block, mode.matrices, key)
            change[key] += _between(mode.matrices, block, unit, key)
    return out


def _between(left: list[np.ndarray], block: np.ndarray, right: list[np.ndarray], key: tuple[int, int]) -> np.ndarray:
    return congruent(left[key[0]].T, block, right[key[1]].T)
