"""One grouping factor alone: its levels share no rows, and V is solved level by level.

With ``S = Z_j'Z_j`` of a level, ``Sigma = T T'`` and ``L L' = T'ST + I``, Woodbury's identity gives
``Z_j' V^-1 = (I - S T (L L')^-1 T') Z_j'``. Applied to the cross-products ``Z_j'[Z X y]`` as a whole it yields all that
the deviance, its gradient and its second derivatives are made of. This is `several_factors` for the case in which one
factor is all there is, without the passes back and forth between factors. Where effects are large, these differences
would lose their digits: `level_bases` forms the same without.

Second derivatives are exact. With ``V_a = Z S_a Z'`` for a change ``S_a`` of Sigma, and ``e = V^-1 (y - X beta)``, the
one by Sigma in the directions a and b is

    ``-tr(Q V_a Q V_b) + 2 e' V_a P V_b e / sigma² - (e' V_a e) (e' V_b e) / (dof sigma⁴)``,

Q being P under REML and ``V^-1`` under maximum likelihood (Searle, Casella & McCulloch 1992, Variance Components,
section 6.6; Gilmour, Thompson & Cullis 1995, Biometrics 51; the last term is there because sigma² is profiled out). All
of it is sums over levels of ``K_j = Z_j' V^-1 Z_j``, ``F_j = Z_j' V^-1 X R`` and ``e_j = Z_j' V^-1 (y - X beta)``, with
``R R' = (X' V^-1 X)^-1``, because ``Z_i' P Z_j`` is ``K_j`` for i = j, less ``F_i F_j'`` for all i and j.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ..crossproducts.blocks import CrossProducts
from .covariance import CovarianceLayout, bending, directions, sigma_bending, sigma_changes
from .criterion import Criterion, Curvature, Evaluation, ExpectedInformation
from .fixed_effects import FirstPass, FixedPart, solve_fixed
from .level_bases import SQUARES_ROUNDING, LevelBases
from .level_matrices import (
    apply,
    eliminate,
    inverses_of_two,
    level_roots,
    level_traces,
    multiply,
    outer,
    shortened,
    summed_products,
)

__all__ = ["LevelSolution", "OneFactor"]

# Squares of a level's columns, times the relative variances, from which it is solved in a basis of its own columns:
# below, what the effects leave of the squares, a difference, has a rounding of 1e-12.
LARGE_SQUARES = 1e4


class LevelSolution(NamedTuple):
    """The levels and the fixed effects at one `T`.

    Attributes
    ----------
    fixed : FixedPart
    log_det : float
        Sum over levels of ``log |T'ST + I|``.
    inner : ndarray, shape (q, q, J)
        ``K_j = Z_j' V^-1 Z_j``.
    outside : ndarray, shape (q, p + 1, J)
        ``Z_j' V^-1 [X R, (y - X beta) / sigma]`` with ``R R' = (X' V^-1 X)^-1``; the last column is ``e_j / sigma``.
    projection : ndarray, shape (q, q, J)
        ``Z_j' P Z_j`` (P is ``V^-1``, under REML with the fixed effects projected out).
    t : ndarray, shape (q, q)
    sigma2 : float
        Residual variance.
    slope : ndarray, shape (q, q)
        Derivative of the deviance by Sigma.
    """

    fixed: FixedPart
    log_det: float
    inner: np.ndarray
    outside: np.ndarray
    projection: np.ndarray
    t: np.ndarray
    sigma2: float
    slope: np.ndarray


class OneFactor:
    """Cross-products with a single grouping factor.

    Parameters
    ----------
    products : CrossProducts
    layout : CovarianceLayout
    criterion : Criterion

    Attributes
    ----------
    zxy : ndarray, shape (q, q + p + 1, J)
        ``Z_j' [Z X y]`` of each level.
    largest : float
        Of the squares of a level's random-effects columns.
    """

    exact = True

    def __init__(self, products: CrossProducts, layout: CovarianceLayout, criterion: Criterion) -> None:
        (factor,) = products.factors
        self.layout, self.criterion = layout, criterion
        self.xy, self.p, self.q = products.xy, products.p, factor.size
        self.zxy = np.concatenate([factor.zz, factor.zxy], axis=1)
        self.products, self.factor, self.largest = products, factor, float(np.maximum.reduce(factor.zz, None))

    @cached_property
    def bases(self) -> LevelBases:
        """The levels as they are solved where effects are large."""
        return LevelBases(self.factor, self.xy)

    def lost(self, theta: np.ndarray) -> float:
        """See `Solver.lost`."""
        (t,) = self.layout.matrices(theta)
        return self.bases.lost if self._is_large(t) else SQUARES_ROUNDING * float(self.xy[-1, -1])

    @property
    def differences(self) -> np.ndarray:
        """See `Solver.differences`."""
        return self.bases.dependent if self.bases.rows else self.bases.within.diagonal()[:-1] > 0.0

    @cached_property
    def pair_weights(self) -> np.ndarray:
        """How often pairs of columns of `LevelSolution.outside` count in `_between_levels`.

        Shape (p + 1, p + 1). Under maximum likelihood only those with the last column count, shape (p + 1, 1), and each
        stands for its mirror image too.
        """
        out = np.ones((self.p + 1, self.p + 1)) if self.criterion.reml else np.full((self.p + 1, 1), 2.0)
        out[-1, -1] = 1.0 / self.criterion.dof
        return out

    def evaluate(self, theta: np.ndarray, derivatives: int) -> Evaluation:
        """Evaluate at a theta; with first derivatives, `curvature` can be had afterwards."""
        (t,) = self.layout.matrices(theta)
        if not derivatives:
            return self.criterion.evaluation(theta, *self.fixed(t))
        found = self.solve(t)
        return self.criterion.evaluation(
            theta,
            found.fixed,
            found.log_det,
            gradient=self.layout.pick([2.0 * found.slope @ t]),  # tr G (dT T' + T dT') is tr 2 (G T)' dT
            projections=(found.projection,),
            residuals=(math.sqrt(found.sigma2) * found.outside[:, -1],),
            solution=found,
        )

    def curvature(self, at: Evaluation) -> np.ndarray | None:
        """Exact second derivatives by theta, shape (n_theta, n_theta): those by Sigma, and what its bending adds."""
        of = at.solution
        if not isinstance(of, LevelSolution):
            return None
        change = directions(self.layout, 0, of.t)
        within, between = self._within_levels(of, change), self._between_levels(of, change)
        return within - between + bending(self.layout, 0, of.slope)

    def moved(self, at: Evaluation, step: np.ndarray, decrease: float) -> Evaluation | None:
        """Evaluate at the end of a short step, see `Deviance.moved`."""
        of = at.solution
        if not isinstance(of, LevelSolution) or at.root is not None:
            return None
        (change,) = self.layout.matrices(step)
        less = shortened(of.outside, of.t, change)
        return self.criterion.moved(at, step, decrease, of.fixed.inverse_root, less)

    def along(
        self,
        matrices: list[np.ndarray],
        steps: Sequence[np.ndarray],
        at: Evaluation | None = None,
        second: bool = True,
    ) -> Curvature:
        """Exact derivatives along steps of T, see `Deviance.along`."""
        (t,), (mine,) = matrices, steps
        if not self._is_large(t):
            of = None if at is None else at.solution
            return self._along(of if isinstance(of, LevelSolution) else self.solve(t), t, mine)
        turned, turn, sizes, other = self._graded(t)
        return turned._along(turned.solve(sizes), sizes, turn.T @ mine @ other)

    def _graded(self, t: np.ndarray) -> tuple[OneFactor, np.ndarray, np.ndarray, np.ndarray]:
        """The same with columns ``Z U``, ``T = U S W'`` being of ascending singular values; U, diagonal S and W too.

        What varies most is one column then, the last one, and its far smaller products with ``V^-1`` are not
        differences of those of others.
        """
        left, sizes, right = np.linalg.svd(t)
        turn, other = left[:, ::-1], right[::-1].T
        zz = np.matmul(turn.T, (turn.T @ self.factor.zz.reshape(self.q, -1)).reshape(self.factor.zz.shape))
        zxy = (turn.T @ self.factor.zxy.reshape(self.q, -1)).reshape(self.factor.zxy.shape)
        rows = None if self.factor.rows is None else self.factor.rows.turned(turn)
        products = self.products._replace(factors=(self.factor._replace(zz=zz, zxy=zxy, rows=rows),))
        return OneFactor(products, self.layout, self.criterion), turn, np.diag(sizes[::-1]), other

    def _along(self, of: LevelSolution, t: np.ndarray, mine: np.ndarray) -> Curvature:
        change = sigma_changes(mine, t)
        sums = self._sums(of, change, self.p + 1).reshape(len(mine), self.p + 1, self.p + 1)
        counted = sums[:, :, -self.pair_weights.shape[1] :].reshape(len(mine), self.pair_weights.size)
        between = (counted * self.pair_weights.ravel()) @ counted.T
        return Curvature(
            slope=np.einsum("ab,mab->m", of.slope, change),
            second=self._within_levels(of, change) - between + sigma_bending(mine, of.slope),
            traces=level_traces(change, of.inner, of.inner),
            sums=sums,
            root=of.fixed.inverse_root,
        )

    def expected(self, matrices: list[np.ndarray], changes: Sequence[np.ndarray]) -> ExpectedInformation:
        """What the expected information is made of, see `Deviance.expected`.

        ``F' V_a V^-1 V_b F`` is the sum over levels of ``F_j' S_a K_j S_b F_j``, whose trace has ``F_j F_j'``.
        """
        (t,), (mine,) = matrices, changes
        if self._is_large(t):
            turned, turn, sizes, _ = self._graded(t)
            return turned._expected(sizes, turn.T @ mine @ turn)
        return self._expected(t, mine)

    def _expected(self, t: np.ndarray, mine: np.ndarray) -> ExpectedInformation:
        of, p, flat = self.solve(t), self.p, mine.reshape(len(mine), self.q**2)
        f = of.outside[:, :-1]

        def weighted(weights: np.ndarray) -> np.ndarray:
            between = np.einsum("ab,aik,blm->ilkm", weights, mine, mine.transpose(0, 2, 1), optimize=True)
            spread = between.reshape(self.q**2, -1) @ of.inner.reshape(self.q**2, -1)
            changed = multiply(spread.reshape(of.inner.shape), f)
            return np.asarray(np.tensordot(f, changed, axes=((0, 2), (0, 2))))

        return ExpectedInformation(
            traces=level_traces(mine, of.inner, of.inner),
            single=flat @ np.add.reduce(of.inner, 2).ravel(),
            sums=self._sums(of, mine, p + 1).reshape(len(mine), p + 1, p + 1)[:, :p, :p],
            pairs=level_traces(mine, of.inner, outer(f, f)),
            weighted=weighted,
            root=of.fixed.inverse_root,
        )

    def _within_levels(self, of: LevelSolution, change: np.ndarray) -> np.ndarray:
        """Sum the terms of second derivatives by Sigma that stay within a level, for (m, q, q) changes: shape (m, m).

        They are ``tr(K_j S_a (2 N_j + 2 e_j e_j' / sigma² - K_j) S_b)``, with ``N_j = F_j F_j'`` under REML and 0 under
        maximum likelihood. K - N is the projection of a level.
        """
        e = of.outside[:, -1]
        return level_traces(change, of.inner, of.inner - 2.0 * (of.projection - e[:, None] * e))

    def _between_levels(self, of: LevelSolution, change: np.ndarray) -> np.ndarray:
        """Sum what second derivatives by Sigma lose from level to level, for (m, q, q) changes: shape (m, m).

        With ``M_a = sum_j F_j' S_a F_j``, ``v_a = sum_j F_j' S_a e_j`` and ``s_a = sum_j e_j' S_a e_j`` it is
        ``tr(M_a M_b) + 2 v_a' v_b / sigma² + s_a s_b / (dof sigma⁴)``, without the first under maximum likelihood. All
        sums are ``sum_j u_j' S_a w_j`` of two columns u, w of `LevelSolution.outside`; `pair_weights` has the factors.
        """
        sums = self._sums(of, change, self.pair_weights.shape[1])
        return (sums * self.pair_weights.ravel()) @ sums.T

    def _sums(self, of: LevelSolution, change: np.ndarray, columns: int) -> np.ndarray:
        """``sum_j u_j' S_a w_j`` of all columns u, and of so many of the last w, for (m, q, q) changes: (m, -1)."""
        levels = of.outside.shape[2]
        all_columns, counted = of.outside.reshape(-1, levels), of.outside[:, -columns:].reshape(-1, levels)
        products = (all_columns @ counted.T).reshape(self.q, -1, self.q, columns)  # by effect and u, effect and w
        return change.reshape(len(change), self.q**2) @ products.transpose(0, 2, 1, 3).reshape(self.q**2, -1)

    def fixed(self, t: np.ndarray) -> tuple[FixedPart, float]:
        """Generalised least squares, and the sum of ``log |T'ST + I|``, at one `T` of shape (q, q)."""
        large = self._is_large(t)
        _, rest, log_det, first = self._eliminate(t, large, through=False)
        return self._whole(self._solve_fixed(rest, t, large), first), log_det

    def _solve_fixed(self, rest: np.ndarray, t: np.ndarray, large: bool) -> FixedPart:
        return solve_fixed(rest, self.p, math.sqrt(np.vdot(t, t)) if large else 0.0)

    def _whole(self, fixed: FixedPart, first: FirstPass | None) -> FixedPart:
        """The fixed effects with what was taken off the response, if effects are large."""
        if first is None:
            return fixed
        fixed = first.whole(fixed)
        return fixed._replace(beta=fixed.beta + self.bases.taken)

    def solve(self, t: np.ndarray) -> LevelSolution:
        """Solve at one `T` of shape (q, q).

        Raises
        ------
        FitError
            When nothing is left of the response, or the fixed-effects columns are dependent.
        """
        large = self._is_large(t)
        through, rest, log_det, first = self._eliminate(t, large)
        fixed = self._solve_fixed(rest, t, large)
        sigma2 = fixed.penalised / self.criterion.dof
        combine = np.zeros((self.p + 1, self.p + 1))  # [X y] times its transpose is [X R, (y - X beta) / sigma]
        combine[:-1, :-1] = fixed.inverse_root.T
        combine[-1, :-1] = -fixed.beta
        combine[-1, -1] = 1.0
        combine[-1] /= math.sqrt(sigma2)
        inner, outside = through[:, : self.q], np.matmul(combine, through[:, self.q :])
        projection, e = inner, outside[:, -1]
        if self.criterion.reml and self.p:
            projection = inner - outer(outside[:, :-1], outside[:, :-1])
        slope = np.add.reduce(projection, 2) - e @ e.T
        return LevelSolution(self._whole(fixed, first), log_det, inner, outside, projection, t, sigma2, slope)

    def modes(self, theta: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Conditional modes (q, J), and their covariances over sigma² (q, q, J): ``T (L L')^-1 T'``."""
        (t,) = self.layout.matrices(theta)
        fixed, _ = self.fixed(t)
        if self._is_large(t):
            turned, turn, sizes, _ = self._graded(t)
            mode, covariance = turned.bases.modes(sizes, fixed.beta - turned.bases.taken)
            return [turn @ mode], [np.einsum("ac,cdj,bd->abj", turn, covariance, turn)]
        root, _ = level_roots(t, self.zxy[:, : self.q])
        covariances = multiply(root.transpose(1, 0, 2), root)
        remaining = self.zxy[:, -1] - np.matmul(fixed.beta, self.zxy[:, self.q : -1])
        return [apply(covariances, remaining)], [covariances]

    def _is_large(self, t: np.ndarray) -> bool:
        """Whether effects of this `T` would leave too little of their columns' squares for differences."""
        return not self.largest * float(np.vdot(t, t)) < LARGE_SQUARES

    def _eliminate(
        self, t: np.ndarray, large: bool, through: bool = True
    ) -> tuple[np.ndarray, np.ndarray, float, FirstPass | None]:
        """Take the random effects out: where they are large, of what a first pass has left of [X y].

        Parameters
        ----------
        t : ndarray, shape (q, q)
        large : bool
            See `_is_large`.
        through : bool
            Whether that array is asked for.

        Returns
        -------
        through : ndarray, shape (q, q + p + 1, J)
            ``Z_j' V^-1 [Z X y]_j``; where it is not asked for, what is on the way to it.
        rest : ndarray, shape (p + 1, p + 1)
            ``[X y]' V^-1 [X y]``.
        log_det : float
        first : FirstPass or None
        """
        q, zxy = self.q, self.zxy
        if large:
            half, rest, log_det, first = self.bases.solved(t)
            return multiply(half[:, :q].transpose(1, 0, 2), half) if through else half, rest, log_det, first
        if q == 1:
            ratio = t[0, 0] ** 2
            square = 1.0 + ratio * zxy[0, 0]
            shrunk = zxy / square
            return shrunk, self.xy - ratio * (shrunk[0, 1:] @ zxy[0, 1:].T), float(np.add.reduce(np.log(square))), None
        if q == 2:
            return *self._shrunk(t), None
        half, log_det = _half(t, zxy)
        rest = self.xy - summed_products(half[:, q:])
        # Woodbury: I - S T (L L')^-1 T', times Z_j'[Z X y]
        return zxy - multiply(half[:, :q].transpose(1, 0, 2), half) if through else half, rest, log_det, None

    def _shrunk(self, t: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
        """The same of an intercept and a slope: ``Z_j' V^-1`` is ``(I + S Sigma)^-1 Z_j'``."""
        sigma, zxy = t @ t.T, self.zxy
        system = (sigma @ zxy[:, :2].reshape(2, -1)).reshape(2, 2, -1)
        system[0, 0] += 1.0
        system[1, 1] += 1.0
        shrink, determinants = inverses_of_two(system)
        through = multiply(shrink, zxy)
        explained = (sigma @ through.reshape(2, -1)).reshape(through.shape)[:, 2:]
        rest = self.xy - zxy[0, 2:] @ explained[0].T - zxy[1, 2:] @ explained[1].T
        return through, rest, float(np.add.reduce(np.log(determinants)))


def _half(t: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, float]:
    """``L^-1 T'`` times columns that begin with ``Z_j' Z_j``, shape (q, k, J); also the sum of ``log |T'ST + I|``."""
    q = len(t)
    rows = np.empty((q, q + columns.shape[1], columns.shape[2]))
    rows[:, q:] = half = (t.T @ columns.reshape(q, -1)).reshape(columns.shape)
    rows[:, :q] = np.matmul(t.T, half[:, :q])
    log_det = eliminate(rows)
    return rows[:, q:], log_det
