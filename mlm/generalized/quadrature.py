"""Adaptive Gauss-Hermite quadrature for one grouping factor.

The likelihood of a level's rows is an integral over its q effects. Hermite's nodes are placed around the conditional
mode and scaled by the curvature there (Pinheiro & Bates 1995, J. Comput. Graph. Stat. 4, section 2.4): with K nodes an
effect, ``K^q`` evaluations of the rows. One node is Laplace's approximation.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from .levels import transposed_product
from .parts import Parts
from .pirls import Mode, Problem
from .rows import Rows
from .systems import JointSystem

__all__ = ["AtNodes", "Nodes", "at_nodes", "gathered_at_nodes", "parts_at_nodes", "pieces", "predictors", "quadrature"]

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
    @lru_cache(maxsize=8)
    def of(cls, count: int, size: int) -> Nodes:
        """Rule with `count` nodes in each of `size` dimensions."""
        x, w = np.polynomial.hermite.hermgauss(count)
        keep = w > 0.0
        x, log_w = x[keep], np.log(w[keep])
        places = np.array(list(itertools.product(x, repeat=size)))
        weights = np.array([sum(each) for each in itertools.product(log_w, repeat=size)])
        weights += np.square(places).sum(axis=1) - 0.5 * size * np.log(np.pi)
        places = np.sqrt(2.0) * places
        places.flags.writeable = weights.flags.writeable = False
        return cls(places, weights)


class AtNodes(NamedTuple):
    """The nodes of each level.

    Attributes
    ----------
    far : ndarray, shape (m, q, J)
        Distances from the modes, ``L^-T z``.
    effects : ndarray, shape (m, q, J)
        Spherical effects.
    share : ndarray, shape (m, J)
        What part of a level's integral each node has.
    value : float
        Minus twice the logarithm of the integrals, of densities that the mode's curvature scales.
    predictors : ndarray, shape (m, n), or None
        The rows' linear predictors, where they are few.
    """

    far: np.ndarray
    effects: np.ndarray
    share: np.ndarray
    value: float
    predictors: np.ndarray | None

    def predictors_at(self, problem: Problem, mode: Mode, piece: slice) -> np.ndarray:
        """Linear predictors at some nodes, shape (m, n)."""
        return predictors(problem, mode, self.far[piece]) if self.predictors is None else self.predictors[piece]


def quadrature(problem: Problem, mode: Mode, nodes: Nodes) -> Parts:
    """Integrate over the effects of each level.

    Parameters
    ----------
    problem : Problem
        Of one grouping factor.
    mode : Mode
    nodes : Nodes

    Returns
    -------
    Parts
    """
    return parts_at_nodes(problem, mode, nodes, at_nodes(problem, mode, nodes))


def parts_at_nodes(problem: Problem, mode: Mode, nodes: Nodes, found: AtNodes) -> Parts:
    """Put together what is known at the nodes."""
    system = mode.system
    assert not isinstance(system, JointSystem)
    value = found.value + system.log_det + problem.working.constant
    by_row, by_matrix, slopes = _slopes(problem, mode, found)
    weighted = found.share[:, None] * slopes
    half = np.einsum("kij,mij->mkj", system.inverse_root, weighted)  # L^-1 times the slope
    spread = np.einsum("ma,mbj->abj", nodes.places, half)
    q = len(mode.u[0])
    lower = spread * (np.tri(q, k=-1) + 0.5 * np.eye(q))[:, :, None]
    inner = -0.5 * (lower + lower.transpose(1, 0, 2))
    for a in range(q):
        inner[a, a] += 1.0
    left = transposed_product(system.inverse_root, inner)
    by_system = np.einsum("ikj,klj->ilj", left, system.inverse_root)
    return Parts(value, by_row, [by_matrix], [weighted.sum(axis=0)], {(0, 0): by_system})


def at_nodes(problem: Problem, mode: Mode, nodes: Nodes) -> AtNodes:
    """Place the nodes, and compute the rows there."""
    assert not isinstance(mode.system, JointSystem)
    far = np.einsum("kij,mk->mij", mode.system.inverse_root, nodes.places)
    effects = mode.u[0] + far
    few = len(far) * len(problem.rows.y) <= PIECE
    eta = predictors(problem, mode, far) if few else None
    log_density = nodes.log_weights[:, None] - 0.5 * _penalised(problem, mode, far, effects, eta)
    largest = log_density.max(axis=0)
    share = np.exp(log_density - largest)
    total = share.sum(axis=0)
    share /= total
    return AtNodes(far, effects, share, -2.0 * float(np.sum(largest + np.log(total))), eta)


def pieces(problem: Problem, m: int, times: int = 1) -> list[slice]:
    """Nodes of m that are worked on at a time, so many arrays each."""
    step = max(1, PIECE // (len(problem.rows.y) * times))
    return [slice(at, min(at + step, m)) for at in range(0, m, step)]


def predictors(problem: Problem, mode: Mode, far: np.ndarray) -> np.ndarray:
    """Linear predictors at some nodes, shape (m, n)."""
    away = np.einsum("ab,mbj->maj", mode.matrices[0], far)
    effects = problem.rows.effects[0]
    eta = np.broadcast_to(mode.at.eta, (len(far), len(mode.at.eta))).copy()
    for a, column in enumerate(effects.columns):
        mine = away[:, a].take(effects.codes, axis=1)
        eta += mine if column is None else mine * column
    return eta


def gathered_at_nodes(rows: Rows, values: np.ndarray) -> np.ndarray:
    """``Z'`` times rows' values at some nodes (m, n): shape (m, q, J)."""
    scaled = [values if c is None else values * c for c in rows.effects[0].columns]
    return np.stack([np.add.reduceat(each, rows.starts, axis=1) for each in scaled], axis=1)


def _penalised(
    problem: Problem, mode: Mode, far: np.ndarray, effects: np.ndarray, eta: np.ndarray | None
) -> np.ndarray:
    """Deviance and penalty of each level at each node, shape (m, J)."""
    out = np.square(effects).sum(axis=1)
    for piece in pieces(problem, len(far)):
        mine = predictors(problem, mode, far[piece]) if eta is None else eta
        out[piece] += np.add.reduceat(problem.working.deviances(mine), problem.rows.starts, axis=1)
    return out


def _slopes(problem: Problem, mode: Mode, found: AtNodes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Derivatives by the rows (n,), by T (q, q), and of the sum by the effects at each node (m, q, J)."""
    rows, t = problem.rows, mode.matrices[0]
    by_row, by_matrix = np.zeros(len(rows.y)), np.zeros_like(t)
    slopes = 2.0 * found.effects
    for piece in pieces(problem, len(found.share)):
        scores = problem.working.scores(found.predictors_at(problem, mode, piece))
        share = found.share[piece]
        by_row -= 2.0 * np.einsum("mn,mn->n", share.take(rows.effects[0].codes, axis=1), scores)
        gathered = gathered_at_nodes(rows, scores)
        by_matrix -= 2.0 * np.einsum("maj,mbj->ab", share[:, None] * gathered, found.effects[piece])
        slopes[piece] -= 2.0 * np.einsum("ab,maj->mbj", t, gathered)
    return by_row, by_matrix, slopes
