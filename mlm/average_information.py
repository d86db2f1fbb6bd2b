"""Second derivatives of the profiled deviance when several grouping factors meet: exact but for part of a trace.

With ``V_a = Z dSigma_a Z'`` and ``e = V^-1 (y - X beta)`` the second derivative in the directions a and b is
``-tr(R V_a R V_b) + 2 e' V_a P V_b e / sigma²`` (see `curvature`). The quadratic form takes one more solution with the
system that is factored already, for the working variates ``V_a e``. The trace would take the products of all pairs of
levels; its expectation is that of the quadratic form over sigma², which is what average information puts in its place
(Gilmour, Thompson & Cullis 1995, Biometrics 51, 1440-1450). Here that is done for pairs of different levels only: the
part of a level with itself, which is most of it, is known exactly.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .blocks import Plan
from .covariance import CovarianceLayout
from .curvature import bending, directions
from .elimination import Blocks, EliminatedPart
from .levels import multiply, sum_by

__all__ = ["approximate_derivatives", "changed_residuals", "working_products"]


def changed_residuals(layout: CovarianceLayout, factor: int, t: np.ndarray, e: np.ndarray) -> np.ndarray:
    """What the levels of one factor have in the working variates: ``dSigma_a e_j``.

    Parameters
    ----------
    layout : CovarianceLayout
    factor : int
    t : ndarray, shape (q, q)
    e : ndarray, shape (q, J)

    Returns
    -------
    ndarray, shape (q, n_theta, J)
        0 for the elements of theta that belong to other factors.
    """
    out = np.zeros((len(t), layout.n_theta, e.shape[1]))
    for position, change in zip(layout.positions(factor)[0], directions(layout, factor, t), strict=True):
        out[:, position] = change @ e
    return out


def working_products(part: EliminatedPart, changed: Sequence[np.ndarray], p: int) -> tuple[np.ndarray, np.ndarray]:
    """Products of the working variates with one another and with X, through ``V^-1``.

    Parameters
    ----------
    part : EliminatedPart
    changed : sequence of ndarray, shapes (q, k, J)
        Working variates by the levels of each factor that they are made of, see `changed_residuals`.
    p : int
        Number of fixed effects.

    Returns
    -------
    own : ndarray, shape (k, k)
    with_x : ndarray, shape (k, p)
    """
    plan, solved = part.plan, part.tail
    right, tail_right = _through_z(plan, changed)
    own, with_x = np.zeros((changed[0].shape[1],) * 2), np.zeros((changed[0].shape[1], p))
    for stage in plan.stages:
        own += _over_levels(changed[stage.factor], right[stage.factor])
        with_x += _over_levels(changed[stage.factor], stage.zxy[:, :p])
    if solved is not None:
        mine = solved.tail.gather(changed)
        own += mine.T @ tail_right
        with_x += mine.T @ solved.tail.xy[:, :p]
    for block in part.blocks:
        half = multiply(block.root, right[block.stage.factor])
        own -= _over_levels(half, half)
        with_x -= _over_levels(half, multiply(block.root, block.zxy[:, :p]))
        tail_right = _pass_on(block, half, right, tail_right)
    if solved is not None:
        scaled = solved.scale.rows(tail_right)
        own -= scaled.T @ solved.factor.solve(scaled)
        with_x -= scaled.T @ solved.solved[:, :p]
    return own, with_x


def _over_levels(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Sum over effects and levels of (q, k, J) times (q, l, J): shape (k, l)."""
    return np.asarray(sum(x @ y.T for x, y in zip(a, b, strict=True)))


def _through_z(plan: Plan, changed: Sequence[np.ndarray]) -> tuple[dict[int, np.ndarray], np.ndarray]:
    """``Z' Z`` times what the working variates are made of: (q, k, J) a stage's factor, and (m, k) of the tail."""
    right = {stage.factor: multiply(stage.zz, changed[stage.factor]) for stage in plan.stages}
    tail_changed = plan.tail.gather(changed) if plan.tail else np.empty((0, changed[0].shape[1]))
    tail_right = plan.tail.cross @ tail_changed if plan.tail else tail_changed
    for stage in plan.stages:
        mine = changed[stage.factor]
        for above, (parent, values) in stage.parents.items():
            right[stage.factor] += multiply(values, changed[above][:, :, parent])
            upward = multiply(values.transpose(1, 0, 2), mine)
            right[above] += sum_by(parent, upward, changed[above].shape[2])
        if stage.tail is not None:
            right[stage.factor] += stage.tail.times(stage.tail.data, tail_changed)
            tail_right += stage.tail.transposed_times(stage.tail.data, mine)
    return right, tail_right


def _pass_on(block: Blocks, solved: np.ndarray, right: dict[int, np.ndarray], tail_right: np.ndarray) -> np.ndarray:
    """Take one stage's share out of what is left for later stages (in place) and the tail (returned)."""
    for above, (parent, _) in block.stage.parents.items():
        turned = multiply(block.root, block.cross[above]).transpose(1, 0, 2)
        right[above] -= sum_by(parent, multiply(turned, solved), right[above].shape[2])
    if block.stage.tail is None:
        return tail_right
    back = multiply(block.root.transpose(1, 0, 2), solved)
    return tail_right - block.stage.tail.transposed_times(block.tail, back)


def approximate_derivatives(
    layout: CovarianceLayout,
    matrices: list[np.ndarray],
    changed: Sequence[np.ndarray],
    products: tuple[np.ndarray, np.ndarray],
    found: tuple[Sequence[np.ndarray], Sequence[np.ndarray]],
    scale: tuple[np.ndarray, float, int],
) -> np.ndarray:
    """Second derivatives by theta, sigma profiled out.

    Parameters
    ----------
    layout : CovarianceLayout
    matrices : list of ndarray
        Each factor's `T`.
    changed : sequence of ndarray
        See `changed_residuals`.
    products : (ndarray, ndarray)
        From `working_products`, summed over parts.
    found : (sequence of ndarray, sequence of ndarray)
        ``Z_j' R Z_j`` (q, q, J) and ``e_j`` (q, J) of each factor.
    scale : (ndarray, float, int)
        ``(X' V^-1 X)^-1``, residual variance, and its divisor.

    Returns
    -------
    ndarray, shape (n_theta, n_theta)
    """
    (own, with_x), (projections, residuals), (unscaled, sigma2, dof) = products, found, scale
    quadratic = (own - with_x @ unscaled @ with_x.T) / sigma2
    out, score = quadratic.copy(), np.zeros(layout.n_theta)
    for k, (t, projection, e) in enumerate(zip(matrices, projections, residuals, strict=True)):
        mine, mine_changed = layout.positions(k)[0], changed[k][:, layout.positions(k)[0]]
        flat, change = projection.reshape(len(t) ** 2, -1), directions(layout, k, t)
        pairs = (flat @ flat.T).reshape(len(t), len(t), len(t), len(t))
        known = np.einsum("xab,bcda,ycd->xy", change, pairs, change)
        estimated = _over_levels(mine_changed, multiply(projection, mine_changed)) / sigma2
        slope = projection.sum(axis=2) - e @ e.T / sigma2
        out[np.ix_(mine, mine)] += estimated - known + bending(layout, k, slope)
        score[mine] = np.einsum("axj,aj->x", mine_changed, e)
    return out - np.outer(score, score) / (sigma2**2 * dof)
