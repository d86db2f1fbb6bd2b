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
from .parts import Parts, by_laplace
from .pirls import Mode, Problem, pulled, scaled_effects
from .quadrature import Nodes, at_nodes, parts_at_nodes
from .quadrature_curvature import curvature_at_nodes
from .systems import through_blocks

__all__ = ["second_derivatives"]


def second_derivatives(
    problem: Problem, layout: CovarianceLayout, mode: Mode, directions: np.ndarray, nodes: Nodes | None
) -> np.ndarray:
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
    nodes : Nodes or None
        None for Laplace's approximation.

    Returns
    -------
    ndarray, shape (n_theta + k, n_theta + k)
    """
    rows, t = problem.rows, layout.n_theta
    slope, bend = problem.working.weights_slope(mode.at), problem.working.weights_bend(mode.at)
    moves = moves_along(problem, layout, mode, directions)
    parts, out = _integrand(problem, mode, nodes, moves)
    quadratic = rows.quadratic(parts.by_system, mode.matrices)
    toward = zip(pulled(rows, mode.matrices, quadratic * slope), parts.by_mode, strict=True)
    back = [b[:, :, 0] for b in mode.curvature.solve([(p + m)[:, :, None] for p, m in toward])]
    moved = rows.spread(scaled_effects(mode.matrices, back))
    out += (moves.rows * (bend * quadratic - slope * moved)) @ moves.rows.T
    across = _across(problem, mode, moves, parts, back) @ moves.rows.T
    across += _through_effects(moves, rows.gather(slope * quadratic - mode.observed * moved))
    out[:t] += across
    out[:, :t] += across.T
    for k, change in enumerate(moves.units):
        out[:t, k] += 2.0 * layout.pick(through_blocks(mode.blocks, parts.by_system, change))
    out += mode.system.log_det_curvature(moves.system)
    return 0.5 * (out + out.T)


def _integrand(problem: Problem, mode: Mode, nodes: Nodes | None, moves: Moves) -> tuple[Parts, np.ndarray]:
    """What is integrated: its derivatives, and how it bends, the system's own and the modes' second order apart."""
    if nodes is not None:
        found = at_nodes(problem, mode, nodes)
        parts = parts_at_nodes(problem, mode, nodes, found)
        return parts, curvature_at_nodes(problem, mode, nodes, found, moves)
    parts, t = by_laplace(problem, mode), len(moves.units)
    out = (moves.rows * (2.0 * mode.observed)) @ moves.rows.T
    for effects in moves.effects:
        flat = effects.reshape(-1, len(out))
        out += 2.0 * (flat.T @ flat)
    across = _through_effects(moves, problem.rows.gather(parts.by_row))
    out[:t] += across
    out[:, :t] += across.T
    return parts, out


def _through_effects(moves: Moves, gathered: list[np.ndarray]) -> np.ndarray:
    """``(Z' v)' T_k u'`` for the gathered v, by each element of theta and as effects move: shape (n_theta, m)."""
    out = np.zeros((len(moves.units), len(moves.rows)))
    for k, change in enumerate(moves.units):
        for t, g, u in zip(change, gathered, moves.effects, strict=True):
            out[k] += (t.T @ g).ravel() @ u.reshape(-1, u.shape[2])
    return out


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
