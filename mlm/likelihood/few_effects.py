"""Several grouping factors with few effects: all random effects at once, in an orthonormal basis of their columns.

With ``Z = Q R``, Q orthonormal, and ``L L' = I + R Sigma R'``, the inverse of V is ``(I - Q Q') + Q (L L')^-1 Q'``. So
``[X y]' V^-1 [X y]`` is what the random-effects columns leave of ``[X y]'[X y]``, the same at every theta, and the
squares of ``L^-1 Q'[X y]``; and ``Z' V^-1 [Z X y] = (L^-1 R)' L^-1 Q'[Z X y]``. Nothing is subtracted, so that nothing
cancels where effects are large. `joint_bases` has the coordinates ``Q' [Z X y]``.

Second derivatives are those of `one_factor`, with ``Z' P Z`` as a whole: they are exact.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.linalg import lapack

from ..crossproducts.blocks import CrossProducts
from .covariance import CovarianceLayout, sigma_bending, sigma_changes
from .criterion import NOTHING, Criterion, Curvature, Evaluation, ExpectedInformation
from .fixed_effects import FixedPart, first_pass, solve_fixed
from .joint_bases import Graded, JointBases, turned
from .level_matrices import shortened

__all__ = ["FewEffects"]


class FewSolution(NamedTuple):
    """The random and fixed effects at one theta.

    Attributes
    ----------
    fixed : FixedPart
    log_det : float
        ``log |V|``.
    graded : Graded or None
        The columns worked with, where these are not Z; what follows is of them.
    matrices : list of ndarray, shapes (q, q)
        Each factor's T, or S.
    inner : ndarray, shape (c, c)
        ``Z' V^-1 Z``, c being the number of all random effects.
    projection : ndarray, shape (c, c)
        ``Z' P Z``, with the fixed effects projected out.
    levels : list of ndarray, shapes (q, q, J)
        Blocks of each factor's levels with themselves: of that under REML, of `inner` under maximum likelihood.
    slopes : list of ndarray, shapes (q, q)
        Derivatives of the deviance by each factor's Sigma.
    outside : ndarray, shape (c, p + 1)
        ``Z' V^-1 [X R, (y - X beta) / sigma]`` with ``R R' = (X' V^-1 X)^-1``.
    sigma2 : float
        Residual variance.
    """

    fixed: FixedPart
    log_det: float
    graded: Graded | None
    matrices: list[np.ndarray]
    inner: np.ndarray
    projection: np.ndarray
    levels: list[np.ndarray]
    slopes: list[np.ndarray]
    outside: np.ndarray
    sigma2: float


class _Changes(NamedTuple):
    """What m steps of T change.

    Attributes
    ----------
    steps, sigma : list of ndarray, shapes (m_k, q, q)
        The steps of each factor's T, and what they change of its Sigma.
    places : list of slice
        Where those of each factor stand among the m of all.
    moved : ndarray, shape (m, c, p + 1)
        The columns of `FewSolution.outside` times each change of Sigma.
    sums : ndarray, shape (m, p + 1, p + 1)
        See `Curvature.sums`.
    """

    steps: list[np.ndarray]
    sigma: list[np.ndarray]
    places: list[slice]
    moved: np.ndarray
    sums: np.ndarray


class FewEffects:
    """Cross-products of several grouping factors with few random effects in all.

    Parameters
    ----------
    products : CrossProducts
    layout : CovarianceLayout
    criterion : Criterion

    Attributes
    ----------
    bases : JointBases
        The random-effects columns.
    """

    exact = True

    def __init__(self, products: CrossProducts, layout: CovarianceLayout, criterion: Criterion) -> None:
        self.layout, self.criterion, self.p = layout, criterion, products.p
        self.bases = JointBases(products)

    def lost(self, theta: np.ndarray) -> float:
        """See `Solver.lost`."""
        return self.bases.lost

    @property
    def differences(self) -> np.ndarray:
        """See `Solver.differences`."""
        return (self.bases.within.diagonal()[:-1] > 0.0) & (self.bases.rows is None)

    def evaluate(self, theta: np.ndarray, derivatives: int) -> Evaluation:
        """See `Deviance.evaluate`."""
        matrices = self.layout.matrices(theta)
        if not derivatives:
            large, _, coordinates, mine = self.bases.worked_with(matrices)
            half, log_det = self.bases.half(coordinates, mine)
            return self.criterion.evaluation(theta, self._fixed(half, large)[0], log_det)
        of = self.solve(matrices)
        scale = math.sqrt(of.sigma2)
        slopes = [2.0 * slope @ t for slope, t in zip(of.slopes, of.matrices, strict=True)]
        projections, residuals = of.levels, [scale * e for e in self.bases.split(of.outside[:, -1])]
        if of.graded is not None:
            turns = of.graded.turns
            slopes = [u @ slope @ w.T for u, slope, w in zip(turns, slopes, of.graded.others, strict=True)]
            projections = [turned(u, n) for u, n in zip(turns, projections, strict=True)]
            residuals = [u @ e for u, e in zip(turns, residuals, strict=True)]
        return self.criterion.evaluation(
            theta,
            of.fixed,
            of.log_det,
            gradient=self.layout.pick(slopes),
            projections=tuple(projections),
            residuals=tuple(residuals),
            solution=of,
        )

    def curvature(self, at: Evaluation) -> np.ndarray | None:
        """Exact second derivatives by theta, shape (n_theta, n_theta)."""
        of = at.solution
        if not isinstance(of, FewSolution):
            return None
        order = self.layout.order
        out = np.empty((len(order), len(order)))
        along = self._changes(of, [self.layout.units(k) for k in range(len(self.bases.shapes))])
        out[order[:, None], order] = self._second(of, along, self._expected_second(of, along))
        return out

    def moved(self, at: Evaluation, step: np.ndarray, decrease: float) -> Evaluation | None:
        """See `Deviance.moved`."""
        of = at.solution
        if not isinstance(of, FewSolution) or at.root is not None:
            return None
        steps = _steps_of(of, self.layout.matrices(step))
        outside = [
            of.outside[place].reshape(q, -1, self.p + 1).transpose(0, 2, 1) for place, (q, _) in self.bases.each()
        ]
        less = np.add.reduce(list(map(shortened, outside, of.matrices, steps)))
        return self.criterion.moved(at, step, decrease, of.fixed.inverse_root, less)

    def along(
        self,
        matrices: list[np.ndarray],
        steps: Sequence[np.ndarray],
        at: Evaluation | None = None,
        second: bool = True,
    ) -> Curvature:
        """Exact derivatives along steps of T, see `Deviance.along`."""
        of = None if at is None else at.solution
        if not isinstance(of, FewSolution) or of.graded is not None:
            return self._along(self.solve(matrices), steps, second)
        return self._along(of._replace(matrices=matrices), steps, second)

    def expected(self, matrices: list[np.ndarray], changes: Sequence[np.ndarray]) -> ExpectedInformation:
        """What the expected information is made of, see `Deviance.expected`."""
        of = self.solve(matrices)
        if of.graded is not None:
            changes = [u.T @ mine @ u for u, mine in zip(of.graded.turns, changes, strict=True)]
        f, mine = of.outside[:, :-1], _places_of(changes)
        moved = self._moved(f, changes, mine)
        through = np.matmul(of.inner, moved)
        inner = [np.add.reduce(k, 2) for k in self.bases.by_level(of.inner)]
        return ExpectedInformation(
            traces=self._traces(of.inner, changes, mine),
            single=np.concatenate([_flat(each) @ k.ravel() for each, k in zip(changes, inner, strict=True)]),
            sums=f.T @ moved,
            pairs=np.tensordot(moved, through, axes=((1, 2), (1, 2))),
            weighted=lambda weights: np.einsum("ab,aik,bil->kl", weights, moved, through, optimize=True),
            root=of.fixed.inverse_root,
        )

    def modes(self, theta: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Conditional modes (q, J) of each factor's effects, and their covariances over sigma² (q, q, J).

        With ``B = R T`` they are ``T u``, u being least squares of ``[Q'(y - X beta), 0]`` on ``[B, I]``. With the
        triangular factor R of that, the covariances are ``T (R' R)^-1 T'``.
        """
        large, graded, coordinates, matrices = self.bases.worked_with(self.layout.matrices(theta))
        spread = self.bases.spread(coordinates, matrices)
        own = self._fixed(self.bases.half(coordinates, matrices)[0], large)[0].beta - self.bases.taken
        left = coordinates[:, -1] - coordinates[:, self.bases.c : -1] @ own
        right = np.concatenate([left, np.zeros(self.bases.c)])
        rotated, solved, _ = lapack.dgels(np.concatenate([spread, np.eye(self.bases.c)]), right)
        u, root = solved[: self.bases.c], np.triu(lapack.dtrtri(rotated[: self.bases.c])[0])
        roots = matrices if graded is None else [u @ s for u, s in zip(graded.turns, matrices, strict=True)]
        modes = [t @ mine for t, mine in zip(roots, self.bases.split(u), strict=True)]
        return modes, [turned(t, inverse) for t, inverse in zip(roots, self.bases.by_level(root @ root.T), strict=True)]

    def solve(self, matrices: list[np.ndarray]) -> FewSolution:
        """Solve at each factor's T.

        Raises
        ------
        FitError
            When nothing is left of the response, or the fixed-effects columns are dependent.
        """
        large, graded, coordinates, mine = self.bases.worked_with(matrices)
        half, log_det = self.bases.half(coordinates, mine)
        fixed, own = self._fixed(half, large)
        sigma2 = fixed.penalised / self.criterion.dof
        through = half[:, : self.bases.c].T @ half
        inner, outside = through[:, : self.bases.c], np.empty((self.bases.c, self.p + 1))
        outside[:, :-1] = through[:, self.bases.c : -1] @ own.inverse_root
        outside[:, -1] = (through[:, -1] - through[:, self.bases.c : -1] @ own.beta) / math.sqrt(sigma2)
        projection = inner - outside[:, :-1] @ outside[:, :-1].T
        levels = self.bases.by_level(projection if self.criterion.reml else inner)
        e = self.bases.split(outside[:, -1])
        slopes = [np.add.reduce(n, 2) - r @ r.T for n, r in zip(levels, e, strict=True)]
        return FewSolution(fixed, log_det, graded, mine, inner, projection, levels, slopes, outside, sigma2)

    def _fixed(self, half: np.ndarray, large: float) -> tuple[FixedPart, FixedPart]:
        """Generalised least squares; also those of `half`, which is left by a first pass where effects are large."""
        of, within = half[:, self.bases.c :], self.bases.within
        rest = within + of.T @ of
        if not large:
            found = solve_fixed(rest, self.p)
            return found._replace(beta=found.beta + self.bases.taken), found
        first = first_pass(rest)
        of[...] = of @ first.combine
        found = solve_fixed(first.combine.T @ within @ first.combine + of.T @ of, self.p, large)
        whole = first.whole(found)
        return whole._replace(beta=whole.beta + self.bases.taken), found

    def _along(self, of: FewSolution, steps: Sequence[np.ndarray], second: bool = True) -> Curvature:
        """Derivatives along steps of T: see `one_factor`."""
        along = self._changes(of, steps)
        if not second:
            return Curvature(NOTHING, NOTHING, NOTHING, along.sums, of.fixed.inverse_root)
        traces = self._traces(of.inner, along.sigma, along.places)
        expected = self._expected_second(of, along) if self.criterion.reml else traces
        each = zip(along.sigma, of.slopes, strict=True)
        slope = np.concatenate([_flat(change) @ own.ravel() for change, own in each])
        return Curvature(slope, self._second(of, along, expected), traces, along.sums, of.fixed.inverse_root)

    def _changes(self, of: FewSolution, steps: Sequence[np.ndarray]) -> _Changes:
        steps = _steps_of(of, steps)
        sigma, places = [sigma_changes(step, t) for step, t in zip(steps, of.matrices, strict=True)], _places_of(steps)
        moved = self._moved(of.outside, sigma, places)
        return _Changes(steps, sigma, places, moved, of.outside.T @ moved)

    def _expected_second(self, of: FewSolution, along: _Changes) -> np.ndarray:
        """Traces that second derivatives have: those with P under REML, with ``V^-1`` under maximum likelihood."""
        return self._traces(of.projection if self.criterion.reml else of.inner, along.sigma, along.places)

    def _second(self, of: FewSolution, along: _Changes, expected: np.ndarray) -> np.ndarray:
        """Second derivatives, shape (m, m)."""
        e, own = along.moved[:, :, -1], along.sums[:, -1, -1]
        second = 2.0 * (e @ of.projection) @ e.T - expected - own[:, None] * own / self.criterion.dof
        for m, step, slope in zip(along.places, along.steps, of.slopes, strict=True):
            second[m, m] += sigma_bending(step, slope)
        return second

    def _moved(self, columns: np.ndarray, changes: Sequence[np.ndarray], mine: list[slice]) -> np.ndarray:
        """Columns (c, k) times each change of Sigma, shapes (m_k, q, q) by factor: shape (m, c, k)."""
        moved = np.zeros((mine[-1].stop, *columns.shape))
        for m, change, (place, (q, levels)) in zip(mine, changes, self.bases.each(), strict=True):
            found = change @ columns[place].reshape(q, -1)
            moved[m, place] = found.reshape(len(change), q * levels, columns.shape[1])
        return moved

    def _traces(self, matrix: np.ndarray, changes: Sequence[np.ndarray], mine: list[slice]) -> np.ndarray:
        """Traces ``tr(M S_x M S_y)`` with changes of Sigma, shapes (m_k, q, q) by factor: shape (m, m)."""
        moved = self._moved(matrix, changes, mine)
        flat = (len(moved), matrix.size)
        return moved.reshape(flat) @ moved.transpose(0, 2, 1).reshape(flat).T


def _places_of(steps: Sequence[np.ndarray]) -> list[slice]:
    """Where the steps of each factor stand among all, one after the other."""
    return [slice(a, b) for a, b in itertools.pairwise(itertools.accumulate(map(len, steps), initial=0))]


def _flat(changes: np.ndarray) -> np.ndarray:
    """Changes of Sigma, shape (m, q, q), as rows, (m, q²)."""
    return changes.reshape(len(changes), changes.shape[1] * changes.shape[2])


def _steps_of(of: FewSolution, steps: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Steps of the T of Z as steps of the T of the columns worked with."""
    if of.graded is None:
        return list(steps)
    return [u.T @ step @ w for u, step, w in zip(of.graded.turns, steps, of.graded.others, strict=True)]
