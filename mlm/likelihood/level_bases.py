"""One grouping factor whose effects vary much more than the residuals: each level in a basis of its own columns.

With ``Z_j = Q R`` of a level, Q orthonormal, and ``L L' = I + R Sigma R'``, the inverse of a level's part of V is
``(I - Q Q') + Q (L L')^-1 Q'``. So ``[X y]' V^-1 [X y]`` is what the levels leave of ``[X y]'[X y]``, the same at every
theta, and the squares of ``L^-1 Q'[X y]``; and ``Z_j' V^-1 [Z X y]_j = (L^-1 R)' L^-1 Q'[Z X y]_j``. Nothing is
subtracted, so that nothing cancels where Sigma is large. ``Q'[Z X y]``, the coordinates of a level, follow from the
cross-products; where the levels leave little, they and what is left come from the rows (`crossproducts.level_rows`).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from ..crossproducts.blocks import FactorProducts, Levels
from .fixed_effects import FirstPass, first_pass
from .level_matrices import apply, multiply, summed_products

__all__ = [
    "SQUARES_ROUNDING",
    "LevelBases",
    "clear_rounding",
    "is_little_left",
    "level_coordinates",
    "solve_beside_one",
]

# Share of a column's squares in a level that it keeps beside those after it, up to which that is rounding: of as many
# squares as the level would have of this column if it had as many as of any other, in units of their sums.
LEAST_PIVOT = 4e-15
# What squares that are all 0 are divided by.
LEAST_UNIT = 1e-300
# Share of a column's squares that levels leave of it, up to which that is the rounding of sums: it is constant there.
ROUNDING = 1e-15
# Share of the response's squares that levels leave, below which the rows are gone through once more: above, the
# difference has a rounding of 1e-13. The same of a fixed-effects column's, of which they may leave nothing.
LEAST_LEFT, LEAST_COLUMN_LEFT = 1e-3, 1e-6
# Share of the largest singular value of columns of length 1, from which one counts: any coefficients will do.
DEPENDENT = 1e-8
# Rounding of sums of squares, relative: some units of 1e-16.
SQUARES_ROUNDING = 2e-16
# Rounding of a coordinate's square, relative to lengths. Measured with levels of 1 to 300 rows in several orders: the
# criterion moves by 0.5 to 1.3 of what this says.
COORDINATE_ROUNDING = 1e-15


class LevelBases:
    """The levels of the only grouping factor in bases of their own columns.

    Parameters
    ----------
    factor : FactorProducts
    xy : ndarray, shape (p + 1, p + 1)
        ``[X y]'[X y]``.

    Attributes
    ----------
    coordinates : ndarray, shape (q, q + p + 1, J)
        ``Q_j' [Z X y]`` of each level; first R, lower triangular.
    within : ndarray, shape (p + 1, p + 1)
        What the levels leave of ``[X y]'[X y]``: 0 of what is constant in them, but for its rounding.
    rows : Levels or None
        Where this was found from the rows.
    taken : ndarray, shape (p,)
        Coefficients of X that were taken off y before: those of least squares within the levels. 0 where nothing was.
    squares : ndarray, shape (q, J)
        Of the random-effects columns of each level.
    """

    def __init__(self, factor: FactorProducts, xy: np.ndarray) -> None:
        self.q, self.square = factor.size, float(xy[-1, -1])
        self.coordinates = level_coordinates(factor.zz, factor.zxy)
        self.within, self.taken = xy - summed_products(self.coordinates[:, self.q :]), np.zeros(len(xy) - 1)
        self.rows: Levels | None = None
        if factor.rows is not None and is_little_left(self.within, xy, factor.shared):
            self.rows = factor.rows.levels()
            self.coordinates, self.within, self.taken, _ = self.rows
        clear_rounding(self.within, xy, factor.shared, summed=self.rows is None)
        self.squares = factor.zz.reshape(-1, factor.levels)[:: self.q + 1]

    @cached_property
    def lost(self) -> float:
        """Rounding of what the levels leave of the response's squares.

        A coordinate is known to a rounding of the columns' lengths, over what a column keeps beside those after it;
        what is summed of rows, to the rounding of these.
        """
        if self.rows is not None:
            return self.rows.lost
        kept, mine = self.coordinates[range(self.q), range(self.q)], self.coordinates[:, -1]
        share = np.sqrt(self.squares) / np.where(kept > 0.0, kept, np.inf)
        lost = float((share * np.abs(mine) * np.sqrt((mine * mine).sum(axis=0))).sum())
        return max(SQUARES_ROUNDING * self.square, COORDINATE_ROUNDING * lost)

    @cached_property
    def dependent(self) -> np.ndarray:
        """Which fixed-effects columns the levels leave something of, but nothing beside those to their left: (p,).

        Where effects are large, what is told of such a column is a difference.
        """
        squares, out = self.within.diagonal()[:-1], np.zeros(len(self.taken), dtype=bool)
        mine = np.flatnonzero(squares > 0.0)
        length = np.sqrt(squares[mine])
        cosines = self.within[np.ix_(mine, mine)] / length / length[:, None]
        out[mine] = np.abs(np.diag(np.linalg.qr(cosines, mode="r"))) < DEPENDENT
        return out

    def half(self, t: np.ndarray) -> tuple[np.ndarray, float]:
        """``L^-1 Q_j'[Z X y]``, (q, q + p + 1, J), at one lower triangular `T`, and the sum of ``log |T'ST + I|``."""
        half = self.coordinates.copy()
        return half, solve_beside_one(self._spread(t), half)

    def solved(self, t: np.ndarray) -> tuple[np.ndarray, np.ndarray, float, FirstPass]:
        """The same of what a first pass leaves of [X y], and ``[X y]' V^-1 [X y]`` of that."""
        half, log_det = self.half(t)
        of = half[:, self.q :]
        first = first_pass(self.within + summed_products(of))
        of[...] = np.matmul(first.combine.T, of)
        rest = first.combine.T @ self.within @ first.combine + summed_products(of)
        return half, rest, log_det, first

    def modes(self, t: np.ndarray, beta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Conditional modes at one such `T` and fixed effects, and their covariances over sigma²: (q, J) and (q, q, J).

        With ``B = R T`` they are ``T B' (I + B B')^-1 Q'(y - X beta)`` and ``T (I + B' B)^-1 T'``.
        """
        spread = self._spread(t)
        rows = np.concatenate([spread, self.coordinates[:, self.q :]], axis=1)
        solve_beside_one(spread, rows)
        remaining = rows[:, -1] - np.matmul(beta, rows[:, self.q : -1])
        modes = t @ apply(rows[:, : self.q].transpose(1, 0, 2), remaining)
        half = np.empty_like(spread)  # B'B is the product of a lower triangular matrix when its order is reversed
        half[...] = t.T[::-1, :, None]
        solve_beside_one(spread.transpose(1, 0, 2)[::-1, ::-1], half)
        return modes, multiply(half.transpose(1, 0, 2), half)

    def _spread(self, t: np.ndarray) -> np.ndarray:
        """B, shape (q, q, J): lower triangular as R and T are."""
        return np.matmul(t.T, self.coordinates[:, : self.q])


def clear_rounding(within: np.ndarray, xy: np.ndarray, shared: Sequence[int], summed: bool) -> None:
    """Put 0, in place, for what effects leave of fixed-effects columns that they share, or but for rounding of sums."""
    least, left, squares = ROUNDING if summed else 0.0, within.diagonal().tolist(), xy.diagonal().tolist()
    for k in range(len(xy) - 1):
        if k in shared or left[k] <= least * squares[k]:
            within[k] = within[:, k] = 0.0


def is_little_left(within: np.ndarray, xy: np.ndarray, shared: Sequence[int]) -> bool:
    """Whether levels, and least squares within them, leave too little of y, or levels of another column, for sums."""
    own = [k for k in range(len(xy) - 1) if k not in shared]
    if any([not within[k, k] > LEAST_COLUMN_LEFT * xy[k, k] for k in own]):
        return True
    explained = 0.0
    if own:
        length = np.sqrt(within[own, own])
        cosines, along = within[np.ix_(own, own)] / (length[:, None] * length), within[own, -1] / length
        explained = along @ np.linalg.lstsq(cosines, along, rcond=DEPENDENT)[0]
    return not within[-1, -1] - explained > LEAST_LEFT * xy[-1, -1]


def level_coordinates(zz: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Find the coordinates of each level's columns in an orthonormal basis of its random-effects columns.

    With ``Z_j = Q_j R_j`` these are R, lower triangular, and those of any other columns x are ``Q_j' x``. ``R'R`` is
    ``Z_j'Z_j``, with a row of zeros for a column that depends on those after it.

    Parameters
    ----------
    zz : ndarray, shape (q, q, J)
        ``Z_j'Z_j``.
    others : ndarray, shape (q, k, J)
        ``Z_j' x`` of k other columns.

    Returns
    -------
    ndarray, shape (q, q + k, J)
        ``[R_j, Q_j' x]``.
    """
    q, rows = len(zz), np.concatenate([zz, others], axis=1)
    surely = LEAST_PIVOT * zz.shape[2] * np.maximum.reduce(zz, None)  # of no column and level can the least be more
    for i in reversed(range(q)):
        row, pivot = rows[i], rows[i, i]
        if np.minimum.reduce(pivot) > surely:
            row /= np.sqrt(pivot)
        else:
            clear = pivot > _least_pivots(zz)[i]
            row *= np.where(clear, 1.0 / np.sqrt(np.where(clear, pivot, 1.0)), 0.0)
        row[i + 1 : q] = 0.0
        for r in range(i):
            rows[r] -= row[r] * row
    return rows


def _least_pivots(zz: np.ndarray) -> np.ndarray:
    """Squares up to which what a column keeps in a level is rounding, shape (q, J)."""
    squares = zz.reshape(-1, zz.shape[2])[:: len(zz) + 1]
    units = np.maximum(squares.sum(axis=1, keepdims=True), LEAST_UNIT)
    return np.asarray(LEAST_PIVOT * units * (squares / units).max(axis=0))


def solve_beside_one(b: np.ndarray, rows: np.ndarray) -> float:
    """Factor ``I + B_j B_j' = L_j L_j'`` by rotations, and multiply with ``L_j^-1`` from the left, in place.

    `eliminate`, of the product, loses the 1 where B is singular and large. Here one column of B after the other is
    turned into the factor (Golub & Van Loan 2013, Matrix Computations, section 6.5.4).

    Parameters
    ----------
    b : ndarray, shape (q, q, J)
        Lower triangular; not changed.
    rows : ndarray, shape (q, k, J)
        Overwritten with ``L^-1 rows``.

    Returns
    -------
    float
        Sum of ``log |I + B_j B_j'|``.
    """
    root = _root_beside_one(b)
    determinant: float | np.ndarray = 1.0
    for i, row in enumerate(rows):
        for k in range(i):
            row -= root[i][k] * rows[k]
        row /= root[i][i]
        determinant = determinant * root[i][i]
    return 2.0 * float(np.log(determinant).sum())


def _root_beside_one(b: np.ndarray) -> list[list[np.ndarray]]:
    """L, element by element, with ``L_j L_j' = I + B_j B_j'``; what is above its diagonal is anything."""
    q, root = len(b), [list(row) for row in b]  # of which column k becomes that of L, from the last to the first
    for k in reversed(range(q)):
        x = [row[k] for row in root]
        pivot = root[k][k] = np.sqrt(1.0 + x[k] * x[k])
        turn = x[k] / pivot
        for j in range(k + 1, q):
            root[j][k], x[j] = turn * x[j], x[j] / pivot
        for i in range(k + 1, q):  # turn x into column i
            own = root[i][i]
            length = root[i][i] = np.sqrt(own * own + x[i] * x[i])
            c, s = own / length, x[i] / length
            for j in range(i + 1, q):
                root[j][i], x[j] = c * root[j][i] + s * x[j], c * x[j] - s * root[j][i]
    return root
