"""Second derivatives of the profiled deviance when several grouping factors meet: exact but for part of a trace.

With ``V_a = Z dSigma_a Z'`` and ``e = V^-1 (y - X beta)`` the second derivative in the directions a and b is
``-tr(R V_a R V_b) + 2 e' V_a P V_b e / sigma²`` (see `one_factor`). The quadratic form takes one more solution with the
system that is factored already, for the working variates ``V_a e``. The trace would take the products of all pairs of
levels; its expectation is that of the quadratic form over sigma², which is what average information puts in its place
(Gilmour, Thompson & Cullis 1995, Biometrics 51, 1440-1450): the *estimated* trace. Both are sums over pairs of levels,
so that where ``K_ij = Z_i' R Z_j`` of a pair is at hand, its *known* trace takes the place of the estimated one. That
is so for each level with itself, which is most of it, and between crossed levels of single effects for all pairs that
have a place in their store. The page `book/several_factors.md` has the derivations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..covariance import CovarianceLayout, bending, directions
from ..criterion import Evaluation
from ..level_matrices import level_traces, multiply
from .crossed import PrecisionSystem, Solve
from .forward import EliminatedPart, sum_over_levels

__all__ = [
    "WorkingProducts",
    "approximate_derivatives",
    "changed_residuals",
    "trace_corrections",
    "working_products",
]

# Columns of covariances that are worked on at a time: a fresh page of memory costs more than what is computed in it.
# Measured on 3,700 columns: 0.01 s, and 0.05 to 0.29 s all at once.
COLUMNS = 64


@dataclass(frozen=True, slots=True, eq=False)
class WorkingProducts:
    """Products of the working variates through ``V^-1``; those of parts of the data add up.

    Attributes
    ----------
    own : ndarray, shape (n, n)
        With one another: ``e' V_a V^-1 V_b e``.
    with_x : ndarray, shape (n, p)
        With X: ``e' V_a V^-1 X``.
    with_rest : ndarray, shape (n,)
        With ``y - X beta``: ``e' V_a e``.
    """

    own: np.ndarray
    with_x: np.ndarray
    with_rest: np.ndarray

    def __add__(self, other: WorkingProducts) -> WorkingProducts:
        """Those of two parts of the data."""
        return WorkingProducts(self.own + other.own, self.with_x + other.with_x, self.with_rest + other.with_rest)


def working_products(
    changed: Sequence[np.ndarray], residuals: Sequence[np.ndarray], part: EliminatedPart, solve: Solve | None = None
) -> WorkingProducts:
    """Take the working variates of one part of the data through the forward pass.

    Factor by factor, v is what the factors so far have in the variates, and V has no other factors: `own` and `with_x`
    are then ``v' V^-1 v`` and ``v' V^-1 X``, and `carried` is ``Z' V^-1 v`` of the effects that are yet to come.

    Parameters
    ----------
    changed : sequence of ndarray, shapes (q, n, J)
        What n working variates are made of: ``dSigma_a e_j`` of each factor's levels in this part.
    residuals : sequence of ndarray, shapes (q, J)
        ``e_j`` of each factor's levels in this part.
    part : EliminatedPart
    solve : callable, optional
        Multiplies the inverse of the crossed factors' matrix with columns, in the place of a factor that is spent.

    Returns
    -------
    WorkingProducts
    """
    n, p = changed[0].shape[1], len(part.explained) - 1
    own, with_x = np.zeros((n, n)), np.zeros((n, p))
    first = part.states[0].zz.shape[2] if part.states else 0
    carried = np.zeros((sum(len(s.zz) for s in part.states), n, first))
    carried_crossed = np.zeros((part.plan.crossed.width if part.plan.crossed else 0, n))
    for state in part.states:
        nested, later, q, mine = state.nested, state.later, len(state.zz), changed[state.nested.factor]
        right = multiply(state.zz, mine) + carried[:q]
        left = mine - multiply(state.given_later(), right)
        own = own + sum_over_levels(left, right) + sum_over_levels(carried[:q], mine)
        with_x = with_x + sum_over_levels(left, later.zxy[:, :p])
        if nested.crossed is not None:
            carried_crossed = carried_crossed + nested.crossed.transposed_times(later.crossed, left)
        if nested.parents is not None:
            carried = nested.parents.level_sums(carried[q:] + multiply(later.above.transpose(1, 0, 2), left))
    if part.crossed is not None:
        solved = part.crossed
        left, more = solved.system.reduce(solve or solved.factor.solve, solved.crossed.gather(changed), carried_crossed)
        own = own + more
        with_x = with_x + left.T @ solved.zxy[:, :p]
    with_rest = sum(np.einsum("akj,aj->k", c, e) for c, e in zip(changed, residuals, strict=True))
    return WorkingProducts(own, with_x, with_rest)


def changed_residuals(
    layout: CovarianceLayout, matrices: list[np.ndarray], residuals: Sequence[np.ndarray]
) -> list[np.ndarray]:
    """What the working variates ``V_a e`` by theta are made of, see `working_products`: shapes (q, n_theta, J)."""
    out = []
    for k, (t, e) in enumerate(zip(matrices, residuals, strict=True)):
        changed = np.zeros((len(t), layout.n_theta, e.shape[1]))
        for position, change in zip(layout.positions(k)[0], directions(layout, k, t), strict=True):
            changed[:, position] = change @ e
        out.append(changed)
    return out


def trace_corrections(
    layout: CovarianceLayout, matrices: list[np.ndarray], at: Evaluation, part: EliminatedPart, w: np.ndarray
) -> np.ndarray:
    """Estimated less known traces of all pairs of levels of one part whose ``K_ij`` is at hand.

    Parameters
    ----------
    layout : CovarianceLayout
    matrices : list of ndarray, shapes (q, q)
        Each factor's `T`.
    at : Evaluation
        Its projections and residuals are those of the levels in this part.
    part : EliminatedPart
    w : ndarray, shape (fronts.size,)
        Covariance of the part's crossed effects over sigma², given y alone where the fixed effects count as estimated;
        empty without crossed factors.

    Returns
    -------
    ndarray, shape (n_theta, n_theta)
    """
    out, paired = np.zeros((layout.n_theta, layout.n_theta)), []
    if part.crossed is not None and isinstance(part.crossed.system, PrecisionSystem):
        paired = list(part.crossed.system.crossed.factors)
        mine = np.concatenate([layout.positions(k)[0] for k in paired])
        out[np.ix_(mine, mine)] = _between_levels(
            part.crossed.system, w, [at.residuals[k][0] for k in paired], at.sigma2
        )
    for k, t in enumerate(matrices):
        if k not in paired:
            mine = layout.positions(k)[0]
            out[np.ix_(mine, mine)] = _within_levels(
                directions(layout, k, t), at.projections[k], at.residuals[k], at.sigma2
            )
    return out


def _within_levels(change: np.ndarray, k: np.ndarray, e: np.ndarray, sigma2: float) -> np.ndarray:
    """Estimated less known traces of each level of a factor with itself.

    For changes ``S_a`` (m, q, q) of Sigma, ``K_jj`` (q, q, J) and e (q, J), the sum over levels of
    ``e_j' S_a K_jj S_b e_j / sigma² - tr(K_jj S_a K_jj S_b)``, shape (m, m).
    """
    changed = np.matmul(change, e).transpose(1, 0, 2)
    return sum_over_levels(changed, multiply(k, changed)) / sigma2 - level_traces(change, k, k)


def _between_levels(
    system: PrecisionSystem, w: np.ndarray, residuals: Sequence[np.ndarray], sigma2: float
) -> np.ndarray:
    """Estimated less known traces of all pairs of crossed levels that have a place in their store.

    With single effects, Sigma is ``t²`` and changes with t by ``2 t``: levels i and j, of factors with t and t', have
    ``4 t t' (e_i K_ij e_j / sigma² - K_ij²)``, where ``K = Sigma^-1 - Sigma^-1 W Sigma^-1 = (t² - W) / (t² t'²)``.

    Parameters
    ----------
    system : PrecisionSystem
    w : ndarray, shape (fronts.size,)
        Covariance W of the crossed effects over sigma².
    residuals : sequence of ndarray, shapes (J,)
        ``e_j`` of each crossed factor's levels, of f factors.
    sigma2 : float

    Returns
    -------
    ndarray, shape (f, f)
    """
    crossed, fronts = system.crossed, system.crossed.fronts
    squares = system.theta[fronts.order] ** 2
    # by step of the elimination, a column a factor; divided so that products with t² - W are those with K, and with K²
    e, ones = np.zeros((2, crossed.width, len(residuals)))
    for k, (at, mine) in enumerate(zip(crossed.columns, residuals, strict=True)):
        steps = fronts.step[at[0]]
        e[steps, k], ones[steps, k] = mine / squares[steps], 1.0 / squares[steps] ** 2
    estimated, known = np.zeros((2, len(residuals), len(residuals)))
    for f in fronts.fronts:
        own, pivots, border = slice(f.start, f.stop), f.pivots_of(w), f.border_of(w)
        for start in range(f.start, f.stop, COLUMNS):
            some = slice(start, min(start + COLUMNS, f.stop))
            here = -pivots[:, some.start - f.start : some.stop - f.start]
            here[np.arange(some.start, some.stop) - f.start, np.arange(some.stop - start)] += squares[some]
            estimated += e[own].T @ (here @ e[some])
            known += ones[own].T @ (np.square(here, out=here) @ ones[some])
        if len(f.border):
            across, across_squared = e[f.border].T @ (border @ e[own]), ones[f.border].T @ (border**2 @ ones[own])
            estimated -= across + across.T
            known += across_squared + across_squared.T
    theta = np.array([system.theta[at[0, 0]] for at in crossed.columns])
    return 4.0 * np.outer(theta, theta) * (estimated / sigma2 - known)


def approximate_derivatives(
    layout: CovarianceLayout, at: Evaluation, products: WorkingProducts, corrections: np.ndarray, dof: int
) -> np.ndarray:
    """Second derivatives by theta, sigma profiled out.

    Parameters
    ----------
    layout : CovarianceLayout
    at : Evaluation
        With projections and residuals of all levels.
    products : WorkingProducts
    corrections : ndarray, shape (n_theta, n_theta)
        See `trace_corrections`.
    dof : int
        Divisor of the residual variance.

    Returns
    -------
    ndarray, shape (n_theta, n_theta)
    """
    score = products.with_rest
    out = (products.own - products.with_x @ at.unscaled @ products.with_x.T) / at.sigma2 + corrections
    for k in range(len(at.projections)):
        mine = layout.positions(k)[0]
        out[np.ix_(mine, mine)] += bending(layout, k, at.slope(k))
    return out - np.outer(score, score) / (at.sigma2**2 * dof)
