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
# Squares of random-effects columns, times the relative variances, from which they are graded: below, the squares of
# small effects have lost four digits to those of large ones.
LARGE_SQUARES = 1e4


class Graded(NamedTuple):
    """Random-effects columns in an order and a basis in which small effects do not meet the squares of large ones.

    With ``T = U S W'`` of each factor the columns are Z U, whose effects are independent, with the standard deviations
    S. The basis is that of the columns in descending order of S: coordinates of small effects alone stand below those
    of large ones, and so does every triangular factor.

    Attributes
    ----------
    coordinates : ndarray, shape (r, c + p + 1)
        ``Q' [Z U X y]``.
    sizes : list of ndarray, shapes (q, q)
        S of each factor.
    turns, others : list of ndarray, shapes (q, q)
        U and W of each factor.
    """

    coordinates: np.ndarray
    sizes: list[np.ndarray]
    turns: list[np.ndarray]
    others: list[np.ndarray]


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
    largest : float
        Of the squares of a level's random-effects columns.
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
        self.largest = max([float(np.maximum.reduce(f.zz, None)) for f in products.factors])
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
            half, log_det = self._half(*self._worked_with(matrices)[1:])
            return self.criterion.evaluation(theta, self._fixed(half)[0], log_det)
        of = self.solve(matrices)
        scale = math.sqrt(of.sigma2)
        slopes = [2.0 * slope @ t for slope, t in zip(self._slopes(of), of.matrices, strict=True)]
        projections = self._by_level(of.projection if self.criterion.reml else of.inner)
        residuals = [scale * e for e in self._split(of.outside[:, -1])]
        if of.graded is not None:
            turns = of.graded.turns
            slopes = [u @ slope @ w.T for u, slope, w in zip(turns, slopes, of.graded.others, strict=True)]
            projections = [_turned(u, n) for u, n in zip(turns, projections, strict=True)]
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
        order = np.concatenate([self.layout.positions(k)[0] for k in range(len(self.shapes))])
        out = np.empty((len(order), len(order)))
        out[np.ix_(order, order)] = self._along(of, [self.layout.units(k) for k in range(len(self.shapes))]).second
        return out

    def moved(self, at: Evaluation, step: np.ndarray, decrease: float) -> Evaluation | None:
        """See `Deviance.moved`."""
        of = at.solution
        if not isinstance(of, FewSolution):
            return None
        steps = _steps_of(of, self.layout.matrices(step))
        outside = [of.outside[place].reshape(q, -1, self.p + 1).transpose(0, 2, 1) for place, (q, _) in self._each()]
        less = np.add.reduce(list(map(shortened, outside, of.matrices, steps)))
        return self.criterion.moved(at, step, decrease, of.fixed.inverse_root, less)

    def along(self, matrices: list[np.ndarray], steps: Sequence[np.ndarray]) -> Curvature:
        """Exact derivatives along steps of T, see `Deviance.along`."""
        return self._along(self.solve(matrices), steps)

    def modes(self, theta: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Conditional modes (q, J) of each factor's effects, and their covariances over sigma² (q, q, J).

        With ``B = R T`` they are ``T u``, u being least squares of ``[Q'(y - X beta), 0]`` on ``[B, I]``. With the
        triangular factor R of that, the covariances are ``T (R' R)^-1 T'``.
        """
        graded, coordinates, matrices = self._worked_with(self.layout.matrices(theta))
        spread = self._spread(coordinates, matrices)
        own = self._fixed(self._half(coordinates, matrices)[0])[1]
        left = coordinates[:, -1] - coordinates[:, self.c : -1] @ own
        right = np.concatenate([left, np.zeros(self.c)])
        rotated, solved, _ = lapack.dgels(np.concatenate([spread, np.eye(self.c)]), right)
        u, root = solved[: self.c], np.triu(lapack.dtrtri(rotated[: self.c])[0])
        roots = matrices if graded is None else [u @ s for u, s in zip(graded.turns, matrices, strict=True)]
        modes = [t @ mine for t, mine in zip(roots, self._split(u), strict=True)]
        return modes, [_turned(t, inverse) for t, inverse in zip(roots, self._by_level(root @ root.T), strict=True)]

    def scores(self, t: np.ndarray) -> None:
        """Nothing: what a step of scoring takes of one factor depends on the others."""

    def solve(self, matrices: list[np.ndarray]) -> FewSolution:
        """Solve at each factor's T.

        Raises
        ------
        FitError
            When nothing is left of the response, or the fixed-effects columns are dependent.
        """
        graded, coordinates, mine = self._worked_with(matrices)
        half, log_det = self._half(coordinates, mine)
        fixed, own = self._fixed(half)
        sigma2 = fixed.penalised / self.criterion.dof
        through = half[:, : self.c].T @ half
        inner, outside = through[:, : self.c], np.empty((self.c, self.p + 1))
        outside[:, :-1] = through[:, self.c : -1] @ fixed.inverse_root
        outside[:, -1] = (through[:, -1] - through[:, self.c : -1] @ own) / math.sqrt(sigma2)
        projection = inner - outside[:, :-1] @ outside[:, :-1].T
        return FewSolution(fixed, log_det, graded, mine, inner, projection, outside, sigma2)

    def _worked_with(self, matrices: list[np.ndarray]) -> tuple[Graded | None, np.ndarray, list[np.ndarray]]:
        """The columns worked with at these T: coordinates, and T of them."""
        if self.largest * sum([float(np.vdot(t, t)) for t in matrices]) < LARGE_SQUARES:
            return None, self.coordinates, matrices
        found = self._graded(matrices)
        return found, found.coordinates, found.sizes

    def _graded(self, matrices: list[np.ndarray]) -> Graded:
        turns, sizes, others = zip(*map(np.linalg.svd, matrices), strict=True)
        columns = self.coordinates.copy()
        for u, (place, (q, levels)) in zip(turns, self._each(), strict=True):
            mine = columns[:, place]
            columns[:, place] = (u.T @ mine.reshape(-1, q, levels)).reshape(mine.shape)
        each = np.concatenate([np.repeat(s, levels) for s, (_, levels) in zip(sizes, self.shapes, strict=True)])
        order = np.concatenate([np.argsort(-each, kind="stable"), np.arange(self.c, columns.shape[1])])
        out = np.empty_like(columns)
        out[:, order] = np.triu(lapack.dgeqrf(columns[:, order])[0])
        return Graded(out, list(map(np.diag, sizes)), list(turns), [w.T for w in others])

    def _half(self, coordinates: np.ndarray, matrices: list[np.ndarray]) -> tuple[np.ndarray, float]:
        """``L^-1 Q' [Z X y]``, shape (r, c + p + 1), and ``log |V|``."""
        root = _root_beside_one(self._spread(coordinates, matrices))
        half = lapack.dtrtrs(root, coordinates, lower=1)[0]
        return half, 2.0 * float(np.log(root.diagonal()).sum())

    def _fixed(self, half: np.ndarray) -> tuple[FixedPart, np.ndarray]:
        """Generalised least squares; also its coefficients for what is worked with of the response."""
        of = half[:, self.c :]
        found = solve_fixed(self.within + of.T @ of, self.p)
        return found._replace(beta=found.beta + self.taken), found.beta

    def _spread(self, coordinates: np.ndarray, matrices: list[np.ndarray]) -> np.ndarray:
        """``B = R T``, shape (r, c)."""
        out = np.empty((len(coordinates), self.c))
        for t, (place, (q, levels)) in zip(matrices, self._each(), strict=True):
            r = coordinates[:, place]
            out[:, place] = t[0, 0] * r if q == 1 else (t.T @ r.reshape(-1, q, levels)).reshape(r.shape)
        return out

    def _slopes(self, of: FewSolution) -> list[np.ndarray]:
        """Derivatives of the deviance by each factor's Sigma, shapes (q, q)."""
        blocks = self._by_level(of.projection if self.criterion.reml else of.inner)
        e = self._split(of.outside[:, -1])
        return [np.add.reduce(n, 2) - r @ r.T for n, r in zip(blocks, e, strict=True)]

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

    def _along(self, of: FewSolution, steps: Sequence[np.ndarray]) -> Curvature:
        """Derivatives along steps of T: see `one_factor`."""
        steps, slopes = _steps_of(of, steps), self._slopes(of)
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


def _steps_of(of: FewSolution, steps: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Steps of the T of Z as steps of the T of the columns worked with."""
    if of.graded is None:
        return list(steps)
    return [u.T @ step @ w for u, step, w in zip(of.graded.turns, steps, of.graded.others, strict=True)]


def _turned(turn: np.ndarray, blocks: np.ndarray) -> np.ndarray:
    """``U N_j U'`` of each level, shape (q, q, J)."""
    return np.asarray((turn @ blocks.transpose(2, 0, 1) @ turn.T).transpose(1, 2, 0))


def _root_beside_one(b: np.ndarray) -> np.ndarray:
    """Lower triangular L with ``L L' = I + B B'``, shape (r, r), for B of shape (r, c)."""
    square = b @ b.T
    square.flat[:: len(square) + 1] += 1.0
    return lapack.dpotrf(square, lower=1, clean=1)[0]
