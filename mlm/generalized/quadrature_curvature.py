"""How an integral by adaptive Gauss-Hermite quadrature bends, modes and nodes moving with the parameters.

Of a level with the sums P of deviance and penalty at its nodes and their shares s of the integral, it is

    sum s (P''(d, e) - P'(d) P'(e) / 2) + (sum s P'(d)) (sum s P'(e)) / 2,

by the derivatives of a logarithm of a sum. The nodes are at the distance ``S z`` from the mode, with ``S' H S = I`` and
S upper triangular, so that along a direction in which ``A = S' H' S``

    S' = -S U(A),    S''(d, e) = S (U(A_e) U(A_d) + U(U(A_e)' A_d + A_d U(A_e)) - U(S' H'' S)),

where U takes the upper triangle and half of the diagonal. What H itself bends by is counted with `Parts.by_system`.
"""

from __future__ import annotations

import numpy as np

from .moves import Moves
from .pirls import Mode, Problem
from .quadrature import AtNodes, Nodes, gathered_at_nodes, pieces
from .systems import JointSystem

__all__ = ["curvature_at_nodes"]


def curvature_at_nodes(problem: Problem, mode: Mode, nodes: Nodes, found: AtNodes, moves: Moves) -> np.ndarray:
    """Second derivatives along m directions, the system's own and what modes move by to second order apart.

    Parameters
    ----------
    problem : Problem
        Of one grouping factor, and a family with its canonical link.
    mode : Mode
    nodes : Nodes
    found : AtNodes
    moves : Moves

    Returns
    -------
    ndarray, shape (m, m)
    """
    system = mode.system
    assert not isinstance(system, JointSystem)
    q, m = len(mode.u[0]), len(moves.rows)
    scaled = system.scaled(moves.system)
    upper = scaled * _half(q)
    effects = moves.effects[0].transpose(2, 0, 1)
    out, mean = np.zeros((m, m)), np.zeros((m, effects.shape[2]))
    by_root = np.zeros((q, q, effects.shape[2]))  # the slope by S
    for piece in pieces(problem, len(found.share), m):
        turned = np.einsum("kabj,mb->kmaj", upper, nodes.places[piece])
        moved = effects[:, None] - np.einsum("baj,kmbj->kmaj", system.inverse_root, turned)
        bent, mine, slopes = _at_piece(problem, mode, found, piece, moves, moved)
        out += bent
        mean += mine
        by_root += np.einsum("maj,mb->abj", slopes, nodes.places[piece])
    out += 0.5 * mean @ mean.T
    inner = np.einsum("kaj,abj->kbj", system.inverse_root, by_root)
    halved = inner * _half(q)
    second = np.einsum("kabj,bcj->kacj", scaled, halved + halved.transpose(1, 0, 2))
    second += np.einsum("abj,kcbj->kacj", inner, upper)
    return out + second.reshape(m, -1) @ upper.reshape(m, -1).T


def _half(q: int) -> np.ndarray:
    """What U multiplies with."""
    return (np.tri(q, k=-1).T + 0.5 * np.eye(q))[:, :, None]


def _at_piece(
    problem: Problem, mode: Mode, found: AtNodes, piece: slice, moves: Moves, moved: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What some nodes add, whose effects move by (m, nodes, q, J); the mean slope (m, J); slopes by the effects.

    Slopes are weighted by the nodes' shares, shape (nodes, q, J).
    """
    rows, t, m = problem.rows, mode.matrices[0], len(moved)
    effects, share = found.effects[piece], found.share[piece]
    eta = found.predictors_at(problem, mode, piece)
    scores, weights = problem.working.scores(eta), problem.working.information(eta)
    by_row = _rows_moved(problem, t, effects, moves, moved)
    weights = 2.0 * weights * share.take(rows.effects[0].codes, axis=1)
    out = (by_row * weights).reshape(m, -1) @ by_row.reshape(m, -1).T
    scaled = (moved * np.sqrt(2.0 * share)[:, None]).reshape(m, -1)
    out += scaled @ scaled.T
    slope = 2.0 * np.einsum("maj,kmaj->kmj", effects, moved)
    slope -= 2.0 * np.add.reduceat(scores * by_row, rows.starts, axis=2)
    scaled = (slope * np.sqrt(share)).reshape(m, -1)
    out -= 0.5 * scaled @ scaled.T
    gathered = share[:, None] * gathered_at_nodes(rows, scores)
    for k, unit in enumerate(moves.units):
        across = -2.0 * moved.reshape(m, -1) @ np.einsum("ab,maj->mbj", unit[0], gathered).ravel()
        out[k] += across
        out[:, k] += across
    by_effects = 2.0 * (share[:, None] * effects - np.einsum("ab,maj->mbj", t, gathered))
    return out, np.einsum("mj,kmj->kj", share, slope), by_effects


def _rows_moved(problem: Problem, t: np.ndarray, effects: np.ndarray, moves: Moves, moved: np.ndarray) -> np.ndarray:
    """What linear predictors at some nodes move by, shape (m, nodes, n)."""
    of_level, own = np.einsum("ab,kmbj->kmaj", t, moved), problem.rows.effects[0]
    for k, unit in enumerate(moves.units):
        of_level[k] += np.einsum("ab,mbj->maj", unit[0], effects)
    out = np.zeros((*of_level.shape[:2], len(own.codes)))
    for a, column in enumerate(own.columns):
        mine = of_level[:, :, a].take(own.codes, axis=2)
        out += mine if column is None else mine * column
    out[len(moves.units) :] += moves.columns[:, None]
    return out
