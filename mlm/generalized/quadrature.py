"""Adaptive Gauss-Hermite quadrature for one grouping factor.

The likelihood of a level's rows is an integral over its q effects. Hermite's nodes are placed around the conditional
mode and scaled by the curvature there (Pinheiro & Bates 1995, J. Comput. Graph. Stat. 4, section 2.4): with K nodes an
effect, ``K^q`` evaluations of the rows. One node is Laplace's approximation.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .levels import transposed_product
from .pirls import Mode, Problem
from .systems import JointSystem

__all__ = ["Nodes", "quadrature"]

# Rows times nodes that are worked on at a time: some megabytes.
PIECE = 250_000


@dataclass(frozen=True, slots=True, eq=False)
class Nodes:
    """Nodes and weights of a rule for the standard normal distribution in q dimensions.

    Attributes
    ----------
    places : ndarray, shape (m, q)
    log_weights : ndarray, shape (m,)
        Of the density over that of the standard normal distribution at the node.
    """

    places: np.ndarray
    log_weights: np.ndarray

    @classmethod
    def of(cls, count: int, size: int) -> Nodes:
        """Rule with `count` nodes in each of `size` dimensions."""
        x, w = np.polynomial.hermite.hermgauss(count)
        keep = w > 0.0
        x, log_w = x[keep], np.log(w[keep])
        places = np.array(list(itertools.product(x, repeat=size)))
        weights = np.array([sum(each) for each in itertools.product(log_w, repeat=size)])
        weights += np.square(places).sum(axis=1) - 0.5 * size * np.log(np.pi)
        return cls(np.sqrt(2.0) * places, weights)


class Quadrature(NamedTuple):
    """The likelihood by quadrature, and its derivatives as `laplace` names them."""

    value: float
    by_row: np.ndarray
    by_matrix: np.ndarray
    by_mode: np.ndarray
    by_system: np.ndarray


def quadrature(problem: Problem, mode: Mode, nodes: Nodes) -> Quadrature:
    """Integrate over the effects of each level.

    Parameters
    ----------
    problem : Problem
        Of one grouping factor.
    mode : Mode
    nodes : Nodes

    Returns
    -------
    Quadrature
    """
    system = mode.system
    assert not isinstance(system, JointSystem)
    # effects at each node, shape (m, q, J): the mode and its distance L^-T z
    far = np.einsum("kij,mk->mij", system.inverse_root, nodes.places)
    effects = mode.u[0] + far
    log_density = nodes.log_weights[:, None] - 0.5 * _penalised(problem, mode, far, effects)
    largest = log_density.max(axis=0)
    share = np.exp(log_density - largest)
    total = share.sum(axis=0)
    share /= total
    value = -2.0 * float(np.sum(largest + np.log(total))) + system.log_det + problem.working.constant
    by_row, by_matrix, slopes = _slopes(problem, mode, far, effects, share)
    weighted = share[:, None] * slopes
    half = np.einsum("kij,mij->mkj", system.inverse_root, weighted)  # L^-1 times the slope
    spread = np.einsum("ma,mbj->abj", nodes.places, half)
    q = len(mode.u[0])
    lower = spread * (np.tri(q, k=-1) + 0.5 * np.eye(q))[:, :, None]
    inner = -0.5 * (lower + lower.transpose(1, 0, 2))
    for a in range(q):
        inner[a, a] += 1.0
    left = transposed_product(system.inverse_root, inner)
    by_system = np.einsum("ikj,klj->ilj", left, system.inverse_root)
    return Quadrature(value, by_row, by_matrix, weighted.sum(axis=0), by_system)


def _pieces(problem: Problem, m: int) -> list[slice]:
    step = max(1, PIECE // len(problem.rows.y))
    return [slice(at, min(at + step, m)) for at in range(0, m, step)]


def _predictors(problem: Problem, mode: Mode, far: np.ndarray) -> np.ndarray:
    """Linear predictors at some nodes, shape (m, n)."""
    away = np.einsum("ab,mbj->maj", mode.matrices[0], far)
    effects = problem.rows.effects[0]
    eta = np.broadcast_to(mode.at.eta, (len(far), len(mode.at.eta))).copy()
    for a, column in enumerate(effects.columns):
        mine = away[:, a].take(effects.codes, axis=1)
        eta += mine if column is None else mine * column
    return eta


def _penalised(problem: Problem, mode: Mode, far: np.ndarray, effects: np.ndarray) -> np.ndarray:
    """Deviance and penalty of each level at each node, shape (m, J)."""
    out = np.square(effects).sum(axis=1)
    for piece in _pieces(problem, len(far)):
        deviances = problem.working.deviances(_predictors(problem, mode, far[piece]))
        out[piece] += np.add.reduceat(deviances, problem.rows.starts, axis=1)
    return out


def _slopes(
    problem: Problem, mode: Mode, far: np.ndarray, effects: np.ndarray, share: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Derivatives by the rows (n,), by T (q, q), and of the sum by the effects at each node (m, q, J)."""
    rows, t = problem.rows, mode.matrices[0]
    by_row, by_matrix = np.zeros(len(rows.y)), np.zeros_like(t)
    slopes = 2.0 * effects
    for piece in _pieces(problem, len(far)):
        scores = problem.working.scores(_predictors(problem, mode, far[piece]))
        shares = share[piece]
        by_row -= 2.0 * np.einsum("mn,mn->n", shares.take(rows.effects[0].codes, axis=1), scores)
        columns = rows.effects[0].columns
        gathered = np.stack(
            [np.add.reduceat(scores if c is None else scores * c, rows.starts, axis=1) for c in columns], axis=1
        )
        by_matrix -= 2.0 * np.einsum("maj,mbj->ab", shares[:, None] * gathered, effects[piece])
        slopes[piece] -= 2.0 * np.einsum("ab,maj->mbj", t, gathered)
    return by_row, by_matrix, slopes
