"""Second derivatives of the profiled deviance when several grouping factors meet: exact but for part of a trace.

With ``V_a = Z dSigma_a Z'`` and ``e = V^-1 (y - X beta)`` the second derivative in the directions a and b is
``-tr(R V_a R V_b) + 2 e' V_a P V_b e / sigma²`` (see `curvature`). The quadratic form takes one more solution with the
system that is factored already, for the working variates ``V_a e``. The trace would take the products of all pairs of
levels; its expectation is that of the quadratic form over sigma², which is what average information puts in its place
(Gilmour, Thompson & Cullis 1995, Biometrics 51, 1440-1450). Here that is done only for pairs of levels whose covariance
is not at hand. The part of a level with itself, which is most of it, is known exactly, and in a tail of single effects
so are all pairs that have a place in its store.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..covariance import CovarianceLayout, bending, directions
from ..level_matrices import level_traces, multiply, sum_by
from .forward import Blocks, EliminatedPart, SolvedTail
from .plan import Plan

__all__ = ["approximate_derivatives", "changed_residuals", "stored_pairs", "working_products"]


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


def stored_pairs(solved: SolvedTail, w: np.ndarray, residuals: Sequence[np.ndarray], sigma2: float) -> np.ndarray:
    """What the pairs of a tail's levels add to the second derivatives whose covariance stands in the store.

    Parameters
    ----------
    solved : SolvedTail
        Of levels with one effect each, none of them with a `T` of 0.
    w : ndarray, shape (fronts.size,)
        Covariance of the tail's effects over sigma².
    residuals : sequence of ndarray, shapes (1, J)
        ``e_j`` of each factor's levels in this part of the data.
    sigma2 : float

    Returns
    -------
    ndarray, shape (factors of the tail, factors of the tail)
        Estimated less known traces, in the directions of theta: with ``K = (T² - W) / T⁴`` between levels.
    """
    tail, fronts, t = solved.tail, solved.tail.fronts, solved.scale.theta[solved.tail.fronts.order]
    ones, e = np.zeros((tail.width, len(tail.factors))), np.zeros((tail.width, len(tail.factors)))
    for k, (factor, at) in enumerate(zip(tail.factors, tail.columns, strict=True)):
        ones[fronts.step[at[0]], k], e[fronts.step[at[0]], k] = 1.0, residuals[factor][0]
    known, estimated = np.zeros((ones.shape[1],) * 2), np.zeros((ones.shape[1],) * 2)
    for f in fronts.fronts:
        mine = slice(f.start, f.stop)
        pivots, border = -f.pivots_of(w), f.border_of(w)
        pivots[np.diag_indices_from(pivots)] += t[mine] ** 2
        estimated += e[mine].T @ (pivots @ e[mine])
        known += ones[mine].T @ (np.square(pivots, out=pivots) @ ones[mine])
        if len(f.border):
            across = e[f.border].T @ (border @ e[mine])
            squares = ones[f.border].T @ (border**2 @ ones[mine])
            estimated -= across + across.T
            known += squares + squares.T
    theta = np.array([t[fronts.step[at[0, 0]]] for at in tail.columns])
    both = np.outer(theta, theta)
    return 4.0 * (estimated / (sigma2 * both) - known / both**3)


def approximate_derivatives(
    layout: CovarianceLayout,
    matrices: list[np.ndarray],
    changed: Sequence[np.ndarray],
    products: tuple[np.ndarray, np.ndarray],
    found: tuple[Sequence[np.ndarray], Sequence[np.ndarray]],
    scale: tuple[np.ndarray, float, int],
    pairs: tuple[tuple[int, ...], np.ndarray] | None = None,
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
    pairs : (tuple of int, ndarray), optional
        Factors, and the sum of `stored_pairs` over parts.

    Returns
    -------
    ndarray, shape (n_theta, n_theta)
    """
    (own, with_x), (projections, residuals), (unscaled, sigma2, dof) = products, found, scale
    quadratic = (own - with_x @ unscaled @ with_x.T) / sigma2
    out, score = quadratic.copy(), np.zeros(layout.n_theta)
    for k, (t, projection, e) in enumerate(zip(matrices, projections, residuals, strict=True)):
        mine, mine_changed = layout.positions(k)[0], changed[k][:, layout.positions(k)[0]]
        known = level_traces(directions(layout, k, t), projection, projection)
        estimated = _over_levels(mine_changed, multiply(projection, mine_changed)) / sigma2
        slope = projection.sum(axis=2) - e @ e.T / sigma2
        listed = pairs is not None and k in pairs[0]
        out[np.ix_(mine, mine)] += bending(layout, k, slope) + (0.0 if listed else estimated - known)
        score[mine] = np.einsum("axj,aj->x", mine_changed, e)
    if pairs is not None:
        at = np.concatenate([layout.positions(k)[0] for k in pairs[0]])
        out[np.ix_(at, at)] += pairs[1]
    return out - np.outer(score, score) / (sigma2**2 * dof)
