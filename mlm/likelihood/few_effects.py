"""Several grouping factors with few effects: all random effects at once, in an orthonormal basis of their columns.

With ``Z = Q R``, Q orthonormal, and ``L L' = I + R Sigma R'``, the inverse of V is ``(I - Q Q') + Q (L L')^-1 Q'``. So
``[X y]' V^-1 [X y]`` is what the random-effects columns leave of ``[X y]'[X y]``, the same at every theta, and the
squares of ``L^-1 Q'[X y]``; and ``Z' V^-1 [Z X y] = (L^-1 R)' L^-1 Q'[Z X y]``. Nothing is subtracted, so that nothing
cancels where effects are large. `level_bases` does the same level by level for one factor; here Z has the columns of
all factors and levels, and every matrix is dense.

Second derivatives are those of `one_factor`, with ``Z' P Z`` as a whole: they are exact.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from scipy.linalg import lapack

from ..crossproducts.blocks import CrossProducts, Levels
from .covariance import CovarianceLayout, sigma_bending, sigma_changes
from .criterion import Criterion, Curvature, Evaluation
from .fixed_effects import FixedPart, solve_fixed
from .level_bases import ROUNDING, SQUARES_ROUNDING, is_little_left
from .level_matrices import shortened

__all__ = ["FewEffects"]

# Share of a column's squares that it keeps beside those before it, up to which that is the rounding of sums: some units
# of 1e-16 for each of a hundred columns.
LEAST_PIVOT = 1e-14
# Squares of B from which I + B B', the product of [B I] with itself, is factored without being formed: the 1 would lose
# as many of its digits.
LARGE_SPREAD = 1e5


class FewSolution(NamedTuple):
    """The random and fixed effects at one theta.

    Attributes
    ----------
    fixed : FixedPart
    log_det : float
        ``log |V|``.
    matrices : list of ndarray, shapes (q, q)
        Each factor's T.
    inner : ndarray, shape (c, c)
        ``Z' V^-1 Z``, c being the number of all random effects.
    projection : ndarray, shape (c, c)
        ``Z' P Z``, with the fixed effects projected out.
    outside : ndarray, shape (c, p + 1)
        ``Z' V^-1 [X R, (y - X beta) / sigma]`` with ``R R' = (X' V^-1 X)^-1``.
    sigma2 : float
        Residual variance.
    """

    fixed: FixedPart
    log_det: float
    matrices: list[np.ndarray]
    inner: np.ndarray
    projection: np.ndarray
    outside: np.ndarray
    sigma2: float


class FewEffects:
    """Cross-products of several grouping factors with few random effects in all.

    Parameters
    ----------
    products : CrossProducts
    layout : CovarianceLayout
    criterion : Criterion

    Attributes
    ----------
    places : list of slice
        Where the effects of each factor stand among the c of all: effect by effect, each for all levels.
    coordinates : ndarray, shape (r, c + p + 1)
        ``Q' [Z X y]``; first R, of the r columns of Z that do not depend on others.
    within : ndarray, shape (p + 1, p + 1)
        What Z leaves of ``[X y]'[X y]``.
    taken : ndarray, shape (p,)
        Coefficients of X that were taken off y before.
    rows : Levels or None
        Where this was found from the rows.
    """

    exact = True

    def __init__(self, products: CrossProducts, layout: CovarianceLayout, criterion: Criterion) -> None:
        self.products, self.layout, self.criterion = products, layout, criterion
        self.xy, self.p = products.xy, products.p
        self.shapes = [(f.size, f.levels) for f in products.factors]
        ends = np.cumsum([0, *(q * levels for q, levels in self.shapes)]).tolist()
        self.places = [slice(a, b) for a, b in itertools.pairwise(ends)]
        self.c = ends[-1]
        self.coordinates = self._coordinates()
        of = self.coordinates[:, self.c :]
        self.within, self.taken = self.xy - of.T @ of, np.zeros(self.p)
        self.rows: Levels | None = None
        shared = sorted({k for f in products.factors for k in f.shared})
        if products.rows is not None and is_little_left(self.within, self.xy, shared):
            self.rows = products.rows.levels()
            self.coordinates, self.within, self.taken, _ = self.rows
        nothing = self.within.diagonal() <= (0.0 if self.rows else ROUNDING) * self.xy.diagonal()
        nothing[shared] = True
        nothing[-1] = False
        self.within[nothing] = self.within[:, nothing] = 0.0

    def _coordinates(self) -> np.ndarray:
        """``Q' [Z X y]`` from the cross-products, by Cholesky's method with pivots on columns of length 1."""
        squares, others = self._squares(), np.empty((self.c, self.p + 1))
        for factor, place in zip(self.products.factors, self.places, strict=True):
            others[place] = factor.zxy.transpose(0, 2, 1).reshape(-1, self.p + 1)
        length = np.sqrt(np.where(squares.diagonal() > 0.0, squares.diagonal(), 1.0))
        root, order, rank, _ = lapack.dpstrf(squares / (length[:, None] * length), tol=LEAST_PIVOT * self.c)
        order -= 1
        out = np.empty((rank, self.c + self.p + 1))
        out[:, order] = np.triu(root)[:rank]
        right = (others / length[:, None])[order[:rank]]
        out[:, self.c :] = lapack.dtrtrs(root[:rank, :rank], right, trans=1)[0]
        out[:, : self.c] *= length
        return out

    def _squares(self) -> np.ndarray:
        """``Z'Z``, shape (c, c)."""
        out = np.zeros((self.c, self.c))
        for factor, place in zip(self.products.factors, self.places, strict=True):
            levels = np.arange(factor.levels)
            block = np.zeros((factor.size, factor.levels, factor.size, factor.levels))
            block[:, levels, :, levels] = factor.zz.transpose(2, 0, 1)
            out[place, place] = block.reshape(factor.size * factor.levels, -1)
        for (a, b), pair in self.products.pairs.items():
            block = np.zeros((*self.shapes[a], *self.shapes[b]))
            block[:, pair.rows, :, pair.columns] = pair.values.transpose(2, 0, 1)
            flat = block.reshape(math.prod(self.shapes[a]), -1)
            out[self.places[a], self.places[b]], out[self.places[b], self.places[a]] = flat, flat.T
        return out

    def lost(self, theta: np.ndarray) -> float:
        """See `Solver.lost`."""
        return SQUARES_ROUNDING * float(self.xy[-1, -1]) if self.rows is None else self.rows.lost

    @property
    def differences(self) -> np.ndarray:
        """See `Solver.differences`."""
        return (self.within.diagonal()[:-1] > 0.0) & (self.rows is None)

    def evaluate(self, theta: np.ndarray, derivatives: int) -> Evaluation:
        """See `Deviance.evaluate`."""
        matrices = self.layout.matrices(theta)
        if not derivatives:
            half, log_det = self._half(matrices)
            return self.criterion.evaluation(theta, self._fixed(half)[0], log_det)
        of = self.solve(matrices)
        projection = of.projection if self.criterion.reml else of.inner
        at = self.criterion.evaluation(
            theta,
            of.fixed,
            of.log_det,
            projections=tuple(self._by_level(projection)),
            residuals=tuple([math.sqrt(of.sigma2) * e for e in self._split(of.outside[:, -1])]),
            solution=of,
        )
        return at._replace(gradient=self.layout.pick([2.0 * at.slope(k) @ t for k, t in enumerate(matrices)]))

    def curvature(self, at: Evaluation) -> np.ndarray | None:
        """Exact second derivatives by theta, shape (n_theta, n_theta)."""
        of = at.solution
        if not isinstance(of, FewSolution):
            return None
        units = [self.layout.units(k) for k in range(len(self.shapes))]
        order = np.concatenate([self.layout.positions(k)[0] for k in range(len(self.shapes))])
        out = np.empty((len(order), len(order)))
        out[np.ix_(order, order)] = self._along(of, units, [at.slope(k) for k in range(len(units))]).second
        return out

    def moved(self, at: Evaluation, step: np.ndarray, decrease: float) -> Evaluation | None:
        """See `Deviance.moved`."""
        of = at.solution
        if not isinstance(of, FewSolution):
            return None
        outside = [of.outside[place].reshape(q, -1, self.p + 1).transpose(0, 2, 1) for place, (q, _) in self._each()]
        less = np.add.reduce(list(map(shortened, outside, of.matrices, self.layout.matrices(step))))
        return self.criterion.moved(at, step, decrease, of.fixed.inverse_root, less)

    def along(self, matrices: list[np.ndarray], steps: Sequence[np.ndarray]) -> Curvature:
        """Exact derivatives along steps of T, see `Deviance.along`."""
        of = self.solve(matrices)
        blocks = self._by_level(of.projection if self.criterion.reml else of.inner)
        e = self._split(of.outside[:, -1])
        return self._along(of, steps, [np.add.reduce(n, 2) - r @ r.T for n, r in zip(blocks, e, strict=True)])

    def modes(self, theta: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Conditional modes (q, J) of each factor's effects, and their covariances over sigma² (q, q, J).

        With ``B = R T`` they are ``T B' (I + B B')^-1 Q'(y - X beta)`` and ``T (I + B' B)^-1 T'``.
        """
        matrices = self.layout.matrices(theta)
        of = self.solve(matrices)
        scale, parts = math.sqrt(of.sigma2), zip(matrices, self._split(of.outside[:, -1]), strict=True)
        modes = [scale * (t @ (t.T @ e)) for t, e in parts]
        root = lapack.dtrtri(_root_beside_one(self._spread(matrices).T), lower=1)[0]
        inverses = zip(matrices, self._by_level(root.T @ root), strict=True)
        return modes, [(t @ inverse.transpose(2, 0, 1) @ t.T).transpose(1, 2, 0) for t, inverse in inverses]

    def scores(self, t: np.ndarray) -> None:
        """Nothing: what a step of scoring takes of one factor depends on the others."""

    def solve(self, matrices: list[np.ndarray]) -> FewSolution:
        """Solve at each factor's T.

        Raises
        ------
        FitError
            When nothing is left of the response, or the fixed-effects columns are dependent.
        """
        half, log_det = self._half(matrices)
        fixed, own = self._fixed(half)
        sigma2 = fixed.penalised / self.criterion.dof
        through = half[:, : self.c].T @ half
        inner, outside = through[:, : self.c], np.empty((self.c, self.p + 1))
        outside[:, :-1] = through[:, self.c : -1] @ fixed.inverse_root
        outside[:, -1] = (through[:, -1] - through[:, self.c : -1] @ own) / math.sqrt(sigma2)
        projection = inner - outside[:, :-1] @ outside[:, :-1].T
        return FewSolution(fixed, log_det, matrices, inner, projection, outside, sigma2)

    def _half(self, matrices: list[np.ndarray]) -> tuple[np.ndarray, float]:
        """``L^-1 Q' [Z X y]``, shape (r, c + p + 1), and ``log |V|``."""
        root = _root_beside_one(self._spread(matrices))
        half = lapack.dtrtrs(root, self.coordinates, lower=1)[0]
        return half, 2.0 * float(np.log(root.diagonal()).sum())

    def _fixed(self, half: np.ndarray) -> tuple[FixedPart, np.ndarray]:
        """Generalised least squares; also its coefficients for what is worked with of the response."""
        of = half[:, self.c :]
        found = solve_fixed(self.within + of.T @ of, self.p)
        return found._replace(beta=found.beta + self.taken), found.beta

    def _spread(self, matrices: list[np.ndarray]) -> np.ndarray:
        """``B = R T``, shape (r, c)."""
        out = np.empty((len(self.coordinates), self.c))
        for t, (place, (q, levels)) in zip(matrices, self._each(), strict=True):
            r = self.coordinates[:, place]
            out[:, place] = t[0, 0] * r if q == 1 else (t.T @ r.reshape(-1, q, levels)).reshape(r.shape)
        return out

    def _each(self) -> Iterator[tuple[slice, tuple[int, int]]]:
        return zip(self.places, self.shapes, strict=True)

    def _split(self, vector: np.ndarray) -> list[np.ndarray]:
        """A vector (c,) by factor, shapes (q, J)."""
        return [vector[place].reshape(shape) for place, shape in self._each()]

    def _by_level(self, matrix: np.ndarray) -> list[np.ndarray]:
        """The blocks of a matrix (c, c) in which levels meet themselves, shapes (q, q, J)."""
        return [
            np.einsum("ajbj->abj", matrix[place, place].reshape(q, levels, q, levels))
            for place, (q, levels) in self._each()
        ]

    def _along(self, of: FewSolution, steps: Sequence[np.ndarray], slopes: list[np.ndarray]) -> Curvature:
        """Derivatives along steps of T: see `one_factor`."""
        changes = [sigma_changes(step, t) for step, t in zip(steps, of.matrices, strict=True)]
        starts = np.cumsum([0, *map(len, steps)]).tolist()
        mine = [slice(a, b) for a, b in itertools.pairwise(starts)]
        moved = np.zeros((starts[-1], self.c, self.p + 1))
        for m, change, (place, (q, levels)) in zip(mine, changes, self._each(), strict=True):
            columns = of.outside[place].reshape(q, -1)
            moved[m, place] = (change @ columns).reshape(len(change), q * levels, self.p + 1)
        sums = of.outside.T @ moved
        e, own = moved[:, :, -1], sums[:, -1, -1]
        traces = self._traces(of.inner, changes, mine)
        expected = self._traces(of.projection, changes, mine) if self.criterion.reml else traces
        second = 2.0 * (e @ of.projection) @ e.T - expected - own[:, None] * own / self.criterion.dof
        for m, step, slope in zip(mine, steps, slopes, strict=True):
            second[m, m] += sigma_bending(step, slope)
        each = zip(changes, slopes, strict=True)
        slope = np.concatenate([_flat(change) @ along.ravel() for change, along in each])
        return Curvature(slope, second, traces, sums, of.fixed.inverse_root)

    def _traces(self, matrix: np.ndarray, changes: list[np.ndarray], mine: list[slice]) -> np.ndarray:
        """Traces ``tr(M S_x M S_y)`` with changes of Sigma, shapes (m_k, q, q) by factor: shape (m, m).

        ``S_x[a, b] M[bj, cl] S_y[c, d] M[dl, aj]``, of which the sums over levels j and l are found first.
        """
        out, each = np.empty((mine[-1].stop,) * 2), list(self._each())
        for i, k in itertools.combinations_with_replacement(range(len(each)), 2):
            (here, shape), (there, other) = each[i], each[k]
            sums = _summed_pairs(matrix[here, there], *shape, *other)
            found = _flat(changes[i]) @ sums @ _flat(changes[k]).T
            out[mine[i], mine[k]], out[mine[k], mine[i]] = found, found.T
        return out


def _summed_pairs(block: np.ndarray, q: int, levels: int, m: int, others: int) -> np.ndarray:
    """``M[bj, cl] M[dl, aj]`` of the block of two factors, summed over levels: rows (a, b), columns (c, d)."""
    if q == m == 1:
        return np.array([[np.vdot(block, block)]])
    pairs = block.reshape(q, levels, m, others).transpose(0, 2, 1, 3).reshape(q * m, levels * others)
    sums = (pairs @ pairs.T).reshape(q, m, q, m)  # [b, c, a, d]
    return sums.transpose(2, 0, 1, 3).reshape(q * q, m * m)


def _flat(changes: np.ndarray) -> np.ndarray:
    """Changes of Sigma, shape (m, q, q), as rows, (m, q²)."""
    return changes.reshape(len(changes), changes.shape[1] * changes.shape[2])


def _root_beside_one(b: np.ndarray) -> np.ndarray:
    """Lower triangular L with ``L L' = I + B B'``, shape (r, r), for B of shape (r, c)."""
    if np.vdot(b, b) < LARGE_SPREAD:
        square = b @ b.T
        square.flat[:: len(square) + 1] += 1.0
        return lapack.dpotrf(square, lower=1, clean=1)[0]
    upper = lapack.dgeqrf(np.concatenate([b.T, np.eye(len(b))]))[0][: len(b)]
    return np.triu(upper).T * np.where(upper.diagonal() < 0.0, -1.0, 1.0)
