"""What the expected information about Sigma is made of, with several grouping factors.

Along changes ``S_a`` of Sigma, ``V_a = Z S_a Z'``. The trace ``tr(V^-1 V_a V^-1 V_b)`` is what the derivative of ``log
|V|`` changes by, see `changes`; the products of ``V_a F`` through ``V^-1`` are those of working variates, see
`average_information`. Nested factors take a change of Sigma as it is. The crossed factors' system is scaled by T, and a
change of Sigma is one of T by ``S_a T'^-1 / 2``, for which T must not be singular.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..covariance import sigma_bending
from ..criterion import ExpectedInformation
from .average_information import working_products
from .backward import BackwardPass, right_sides, walk_back
from .changes import inner_sum, log_det_curvature
from .crossed_changes import Step
from .forward import Eliminated, EliminatedPart
from .parts import Part
from .second_derivatives import quadratic, step_sums

__all__ = ["expected_information", "regular"]

# What a crossed factor's effects of variance 0 are given instead, over the inverse of the squares of a level's columns:
# it changes V by so much, and second derivatives along changes of Sigma, differences of those along T, have a rounding
# of 1e-16 over it.
LEAST_VARIANCE = 1e-8


def regular(matrices: list[np.ndarray], parts: Sequence[Part], largest: Sequence[float]) -> list[np.ndarray]:
    """T of the crossed factors with singular values that are not 0, shapes (q, q).

    Parameters
    ----------
    matrices : list of ndarray, shapes (q, q)
        Each factor's T.
    parts : sequence of Part
    largest : sequence of float
        Of the squares of each factor's columns in a level.
    """
    crossed = {k for part in parts if part.plan.crossed is not None for k in part.plan.crossed.factors}
    out = []
    for k, (t, square) in enumerate(zip(matrices, largest, strict=True)):
        if k not in crossed:
            out.append(t)
            continue
        u, sizes, v = np.linalg.svd(t)
        out.append((u * np.maximum(sizes, np.sqrt(LEAST_VARIANCE / square))) @ v)
    return out


def expected_information(eliminated: Eliminated, changes: Sequence[np.ndarray]) -> ExpectedInformation:
    """Put together what the parts of the data have, see `Deviance.expected`.

    Parameters
    ----------
    eliminated : Eliminated
        With `ScaledSystem` for crossed factors, whose T are not singular.
    changes : sequence of ndarray, shapes (m_k, q, q)
        Of each factor's Sigma.

    Returns
    -------
    ExpectedInformation
    """
    combine = right_sides(eliminated.fixed, estimated=True)
    walks = [walk_back(part, combine) for part in eliminated.parts]
    f = [[walk.factors[k].outside[:, :-1] for k in range(len(changes))] for walk in walks]
    each = list(zip(eliminated.parts, walks, f, strict=True))
    traces, single, sums, pairs = (
        sum(found[1:], found[0])
        for found in zip(*[_of_part(*one, eliminated.matrices, changes) for one in each], strict=True)
    )

    def weighted(weights: np.ndarray) -> np.ndarray:
        values, vectors = np.linalg.eigh(weights)
        roots = (vectors * np.sqrt(np.maximum(values, 0.0))).T
        found = [_along_roots(part, outside, roots, changes) for part, _, outside in each]
        return np.asarray(sum(found[1:], found[0]))

    return ExpectedInformation(traces, single, sums, pairs, weighted, eliminated.fixed.inverse_root)


def _of_part(
    part: EliminatedPart,
    walk: BackwardPass,
    f: list[np.ndarray],
    matrices: list[np.ndarray],
    changes: Sequence[np.ndarray],
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """`traces`, `single`, `sums` and `pairs` of `ExpectedInformation` of one part."""
    crossed = () if part.crossed is None else part.crossed.crossed.factors
    steps: list[Step] = []
    bent = np.zeros((sum(map(len, changes)),) * 2)
    for k, (t, mine) in enumerate(zip(matrices, changes, strict=True)):
        # of nested factors Sigma itself is stepped, which does not bend
        moves = 0.5 * mine @ np.linalg.inv(t).T if k in crossed else np.zeros_like(mine)
        here = slice(len(steps), len(steps) + len(mine))
        bent[here, here] = sigma_bending(moves, inner_sum(walk, k))
        steps += [Step(k, move, change) for move, change in zip(moves, mine, strict=True)]
    inner = [inner_sum(walk, k) for k in range(len(changes))]
    single = np.array([float(np.sum(step.of_sigma * inner[step.factor])) for step in steps])
    return bent - log_det_curvature(part, walk, steps), single, step_sums(steps, f), quadratic(part, steps, f)


def _along_roots(
    part: EliminatedPart, f: list[np.ndarray], roots: np.ndarray, changes: Sequence[np.ndarray]
) -> np.ndarray:
    """Sum of ``F' V_r V^-1 V_r F`` along combinations of changes, (k, m): shape (p, p)."""
    out, ends = np.zeros((f[0].shape[1],) * 2), np.cumsum([len(mine) for mine in changes])[:-1]
    for root in roots:
        moved = [
            np.einsum("ab,bxj->axj", np.tensordot(weights, mine, axes=1), columns)
            for weights, mine, columns in zip(np.split(root, ends), changes, f, strict=True)
        ]
        out += working_products(moved, [columns[:, 0] for columns in f], part).own
    return out
