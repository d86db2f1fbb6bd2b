"""Second derivatives of Laplace's approximation by theta and beta, exact, for all directions at once.

Let ``phi(x, u)`` be the criterion, ``r(x, u) = T' Z' s - u`` the slope that is 0 at the modes, C their system, and
``b = C^-1 phi_u``, which the gradient takes as well. Where the modes move along with the parameters, the chain rule and
the implicit function theorem give, along directions d and e,

    F''(d, e) = phi''(d, e) + b' r''(d, e),

so that what the modes move by to second order is not asked for (Kristensen et al. 2016, J. Stat. Softw. 70, section 2).
Of the rows this takes two derivatives of their information more, and of ``log |H|`` the trace ``tr(H^-1 H'_d H^-1
H'_e)``, which the system knows.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..likelihood.covariance import CovarianceLayout
from .levels import congruent
from .pirls import Mode, Problem, pulled, scaled_effects
from .rows import Blocks
from .systems import through_blocks

__all__ = ["second_derivatives"]


class _Moves(NamedTuple):
    """What m directions of theta, and then of beta, move to first order.

    Attributes
    ----------
    units : list of list of ndarray, shapes (q, q)
        Each factor's T, for those of theta.
    effects : list of ndarray, shapes (q, J, m)
        The modes.
    rows : ndarray, shape (m, n)
        Linear predictors.
    """

    units: list[list[np.ndarray]]
    effects: list[np.ndarray]
    rows: np.ndarray


def second_derivatives(problem: Problem, layout: CovarianceLayout, mode: Mode, directions: np.ndarray) -> np.ndarray:
    """Second derivatives by theta and along directions of beta.

    Parameters
    ----------
    problem : Problem
        Of a family without a dispersion, with its canonical link.
    layout : CovarianceLayout
    mode : Mode
        The modes there.
    directions : ndarray, shape (p, k)
        Of beta, in columns.

    Returns
    -------
    ndarray, shape (n_theta + k, n_theta + k)
    """
    rows, at, t = problem.rows, mode.at, layout.n_theta
    inverse, slope = mode.system.inverse(), problem.working.weights_slope(at)
    moves = _moves(problem, layout, mode, directions)
    quadratic = rows.quadratic(inverse, mode.matrices)
    back = mode.curvature.solve([p[:, :, None] for p in pulled(rows, mode.matrices, quadratic * slope)])
    back = [b[:, :, 0] for b in back]
    moved = rows.spread(scaled_effects(mode.matrices, back))
    own = 2.0 * mode.observed + problem.working.weights_bend(at) * quadratic - slope * moved
    out = (moves.rows * own) @ moves.rows.T
    for effects in moves.effects:
        out += 2.0 * np.tensordot(effects, effects, axes=([0, 1], [0, 1]))
    through = rows.gather(slope * quadratic - mode.observed * moved - 2.0 * at.score)
    across = _across(problem, mode, moves, inverse, back) @ moves.rows.T
    for k, change in enumerate(moves.units):
        across[k] += sum(_inner(c, g, u) for c, g, u in zip(change, through, moves.effects, strict=True))
    out[:t] += across
    out[:, :t] += across.T
    for k, change in enumerate(moves.units):
        out[:t, k] += 2.0 * layout.pick(through_blocks(mode.blocks, inverse, change))
    out += mode.system.log_det_curvature(_system_changes(problem, mode, moves))
    return 0.5 * (out + out.T)


def _inner(change: np.ndarray, gathered: np.ndarray, effects: np.ndarray) -> np.ndarray:
    """Sums ``(Z' v)' T_k u'`` of one factor, for effects that move in m directions: shape (m,)."""
    return np.tensordot(change.T @ gathered, effects, axes=2)


def _moves(problem: Problem, layout: CovarianceLayout, mode: Mode, directions: np.ndarray) -> _Moves:
    rows, t = problem.rows, layout.n_theta
    units = [layout.matrices(unit) for unit in np.eye(t)]
    direct = np.array([rows.spread(scaled_effects(unit, mode.u)) for unit in units])
    direct = np.concatenate([direct, directions.T @ rows.xt])
    slope = [-p for p in pulled(rows, mode.matrices, mode.observed * direct)]
    for k, unit in enumerate(units):
        for each, own in zip(slope, pulled(rows, unit, mode.at.score), strict=True):
            each[:, :, k] += own
    effects = mode.curvature.solve(slope)
    through = [rows.spread(scaled_effects(mode.matrices, [e[:, :, k] for e in effects])) for k in range(len(direct))]
    return _Moves(units, effects, direct + np.array(through))


def _across(problem: Problem, mode: Mode, moves: _Moves, inverse: Blocks, back: list[np.ndarray]) -> np.ndarray:
    """What a row adds as its predictor moves while T does, by each element of theta: shape (n_theta, n)."""
    rows, slope = problem.rows, problem.working.weights_slope(mode.at)
    return np.array(
        [
            slope * rows.bilinear(inverse, unit, mode.matrices)
            - mode.observed * rows.spread(scaled_effects(unit, back))
            for unit in moves.units
        ]
    )


def _system_changes(problem: Problem, mode: Mode, moves: _Moves) -> list[Blocks]:
    """How ``T' Z' W Z T`` changes in each direction, at the cells."""
    slope, out = problem.working.weights_slope(mode.at), []
    for each in moves.rows:
        weighted = problem.rows.weighted(slope * each)
        out.append({key: _between(mode.matrices, block, mode.matrices, key) for key, block in weighted.items()})
    for unit, change in zip(moves.units, out, strict=False):
        for key, block in mode.blocks.items():
            change[key] = change[key] + _between(unit, block, mode.matrices, key)
            change[key] += _between(mode.matrices, block, unit, key)
    return out


def _between(left: list[np.ndarray], block: np.ndarray, right: list[np.ndarray], key: tuple[int, int]) -> np.ndarray:
    return congruent(left[key[0]].T, block, right[key[1]].T)
