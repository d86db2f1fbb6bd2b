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
    system : Blocks
        ``T' Z' W Z T``, at the cells: shapes (q, q', m, cells).
    """

    units: list[list[np.ndarray]]
    columns: np.ndarray
    effects: list[np.ndarray]
    rows: np.ndarray
    system: Blocks


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
    by_row = direct + rows.spread(scaled_effects(mode.matrices, effects))
    return Moves(units, columns, effects, by_row, _system_changes(problem, mode, units, by_row))


def _system_changes(problem: Problem, mode: Mode, units: list[list[np.ndarray]], by_row: np.ndarray) -> Blocks:
    slope, out = problem.working.weights_slope(mode.at), {}
    for (k, m), block in problem.rows.weighted(slope * by_row).items():
        left, right = mode.matrices[k].T, mode.matrices[m].T
        change = congruent(left, block.reshape(*block.shape[:2], -1), right).reshape(block.shape)
        for each, unit in enumerate(units):
            change[:, :, each] += congruent(unit[k].T, mode.blocks[k, m], right)
            change[:, :, each] += congruent(left, mode.blocks[k, m], unit[m].T)
        out[k, m] = change
    return out
