"""Second derivatives of the likelihood by theta and beta, exact, for all directions at once.

Let ``phi(x, u, H)`` be the criterion, ``r(x, u) = T' Z' s - u`` the slope that is 0 at the modes, C their system, and
``b = C^-1 phi_u``, u also by way of H, which the gradient takes as well. Where the modes move along with the
parameters, the chain rule and the implicit function theorem give, along directions d and e,

    F''(d, e) = phi''(d, e) + b' r''(d, e),

so that what the modes move by to second order is not asked for (Kristensen et al. 2016, J. Stat. Softw. 70, section 2).
Of the rows this takes two derivatives of their information more, and of ``log |H|`` the trace ``tr(H^-1 H'_d H^-1
H'_e)``, which the system knows. By Laplace the rest of phi is the rows' deviance at the modes; by quadrature it is an
integral around them (`quadrature_curvature`).
"""

from __future__ import annotations

import numpy as np

from ..likelihood.covariance import CovarianceLayout
from .moves import Moves, moves_along
from .parts import Parts
from .pirls import Mode, Problem, pulled, scaled_effects
from .quadrature import Nodes
from .quadrature_curvature import curvature_at_nodes
from .systems import through_blocks

__all__ = ["second_derivatives"]


def second_derivatives(
    problem: Problem, layout: CovarianceLayout, mode: Mode, parts: Parts, directions: np.ndarray, nodes: Nodes | None
) -> np.ndarray:
    """Second derivatives by theta and along directions of beta.

    Parameters
    ----------
    problem : Problem
        Of a family without a dispersion, with its canonical link.
    layout : CovarianceLayout
    mode : Mode
        The modes there.
    parts : Parts
        What the gradient there is put together from.
    directions : ndarray, shape (p, k)
        Of beta, in columns.
    nodes : Nodes or None
        None for Laplace's approximation.

    Returns
    -------
    ndarray, shape (n_theta + k, n_theta + k)
    """
    rows, t = problem.rows, layout.n_theta
    slope, bend = problem.working.weights_slope(mode.at), problem.working.weights_bend(mode.at)
    moves = moves_along(problem, layout, mode, directions)
    quadratic = rows.quadratic(parts.by_system, mode.matrices)
    toward = zip(pulled(rows, mode.matrices, quadratic * slope), parts.by_mode, strict=True)
    back = [b[:, :, 0] for b in mode.curvature.solve([(p + m)[:, :, None] for p, m in toward])]
    moved = rows.spread(scaled_effects(mode.matrices, back))
    out = _at_modes(mode, moves) if nodes is None else curvature_at_nodes(problem, mode, nodes, moves)
    out += (moves.rows * (bend * quadratic - slope * moved)) @ moves.rows.T
    across = _across(problem, mode, moves, parts, back) @ moves.rows.T
    _by_effects(across, moves, rows.gather(slope * quadratic - mode.observed * moved))
    if nodes is None:
        _by_effects(across, moves, rows.gather(parts.by_row))
    out[:t] += across
    out[:, :t] += across.T
    for k, change in enumerate(moves.units):
        out[:t, k] += 2.0 * layout.pick(through_blocks(mode.blocks, parts.by_system, change))
    out += mode.system.log_det_curvature(moves.system)
    return 0.5 * (out + out.T)


def _at_modes(mode: Mode, moves: Moves) -> np.ndarray:
    """How the rows' deviance and the penalty at the modes bend."""
    out = (moves.rows * (2.0 * mode.observed)) @ moves.rows.T
    for effects in moves.effects:
        out += 2.0 * np.tensordot(effects, effects, axes=([0, 1], [0, 1]))
    return out


def _by_effects(across: np.ndarray, moves: Moves, gathered: list[np.ndarray]) -> None:
    """Add ``(Z' v)' T_k u'`` for the gathered v, by each element of theta and as effects move in m directions."""
    for k, change in enumerate(moves.units):
        for c, g, u in zip(change, gathered, moves.effects, strict=True):
            across[k] += np.tensordot(c.T @ g, u, axes=2)


def _across(problem: Problem, mode: Mode, moves: Moves, parts: Parts, back: list[np.ndarray]) -> np.ndarray:
    """What a row adds as its predictor moves while T does, by each element of theta: shape (n_theta, n)."""
    rows, slope = problem.rows, problem.working.weights_slope(mode.at)
    return np.array(
        [
            slope * rows.bilinear(parts.by_system, unit, mode.matrices)
            - mode.observed * rows.spread(scaled_effects(unit, back))
            for unit in moves.units
        ]
    )
