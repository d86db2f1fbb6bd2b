"""The relative covariance factor: the one place that knows the layout of theta.

Random effects of one level of a grouping factor have covariance ``sigma² T T'``. `T` is lower triangular, and
block-diagonal when several terms share the factor. theta holds the lower triangles of the terms' blocks, column by
column, in lme4's order (Bates et al. 2015, section 2.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.linalg import lapack

__all__ = [
    "CovarianceLayout",
    "Slot",
    "bending",
    "canonical_factor",
    "covariance_layout",
    "covariance_root",
    "directions",
    "lower_factor",
    "sigma_bending",
    "sigma_changes",
    "triangle",
]

# Least eigenvalue of correlations from which a search starts: with a smaller one it starts nearer to a singular
# covariance, where steps in theta are poor, with a larger one farther from where it is wanted. Measured on the 256
# designs of tests/test_differential.py and 68 of tests/brute.py: 1,775 evaluations, 1,788 with 1e-3, 1,792 with 1e-1.
LEAST_EIGENVALUE = 1e-2
# Length of a row, over the largest element, that is left of it by rounding: a few units of 2e-16.
ROUNDING_LENGTH = 1e-15


@dataclass(frozen=True, slots=True)
class Slot:
    """Where one term stands.

    Attributes
    ----------
    factor : int
        Position of the grouping factor among the blocks.
    start, size : int
        The term's first row, and its number of rows, in that factor's `T`.
    theta : int
        Position of its first element in theta.
    """

    factor: int
    start: int
    size: int
    theta: int

    @property
    def elements(self) -> slice:
        """Where its elements stand in theta."""
        return slice(self.theta, self.theta + self.size * (self.size + 1) // 2)


@lru_cache
def triangle(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Columns and rows of a lower triangle, column by column."""
    return np.triu_indices(size)


def _units(rows: np.ndarray, columns: np.ndarray, size: int) -> np.ndarray:
    """Matrices with a single 1 each, shape (m, size, size)."""
    out = np.zeros((len(rows), size, size))
    out[np.arange(len(rows)), rows, columns] = 1.0
    return out


class CovarianceLayout:
    """Translates between theta and the factors' triangular matrices.

    Parameters
    ----------
    terms : list of (int, int)
        Grouping factor and number of columns of each random-effects term, in the order of theta.
    factors : int
        Number of grouping factors.

    Attributes
    ----------
    slots : tuple of Slot
        One a random-effects term.
    sizes : tuple of int
        Rows of each grouping factor's `T`.
    n_theta : int
        Number of elements of theta.
    diagonal : ndarray of bool, shape (n_theta,)
        Which elements of theta stand on a diagonal.
    order : ndarray of int, shape (n_theta,)
        Where in theta the elements of the factors' T stand, one factor after the other.
    """

    def __init__(self, terms: list[tuple[int, int]], factors: int) -> None:
        used, slots, at = [0] * factors, [], 0
        for factor, size in terms:
            slots.append(Slot(factor, used[factor], size, at))
            used[factor] += size
            at += size * (size + 1) // 2
        self.slots, self.sizes, self.n_theta = tuple(slots), tuple(used), at
        triangles = [(s, *triangle(s.size)) for s in slots]
        of_factor = np.concatenate([np.full(len(row), s.factor) for s, _, row in triangles])
        self._row = np.concatenate([row + s.start for s, _, row in triangles])
        self._column = np.concatenate([column + s.start for s, column, _ in triangles])
        self.diagonal = self._row == self._column
        mine = [np.flatnonzero(of_factor == k) for k in range(factors)]
        self.order = np.concatenate(mine)
        self._places = tuple((m, self._row[m], self._column[m]) for m in mine)
        self._units = tuple(_units(*place[1:], size) for place, size in zip(self._places, self.sizes, strict=True))
        self._within = tuple(self._within_terms(k) for k in range(factors))

    def matrices(self, theta: np.ndarray) -> list[np.ndarray]:
        """Return each grouping factor's `T`, shapes (q, q)."""
        if self.n_theta == 1:
            return [np.array([theta])]
        if len(self.sizes) == 1:
            t = np.zeros((self.sizes[0], self.sizes[0]))
            t[self._row, self._column] = theta
            return [t]
        out = []
        for size, (mine, row, column) in zip(self.sizes, self._places, strict=True):
            t = np.zeros((size, size))
            t[row, column] = theta[mine]
            out.append(t)
        return out

    def pick(self, matrices: list[np.ndarray]) -> np.ndarray:
        """Collect the elements that belong to theta from one (q, q) array a factor."""
        if self.n_theta == 1:
            return matrices[0][0].copy()
        if len(matrices) == 1:
            return matrices[0][self._row, self._column]
        out = np.empty(self.n_theta)
        for matrix, (mine, row, column) in zip(matrices, self._places, strict=True):
            out[mine] = matrix[row, column]
        return out

    def positions(self, factor: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Positions in theta, rows and columns of the elements of one factor's `T`."""
        return self._places[factor]

    def units(self, factor: int) -> np.ndarray:
        """Change of a factor's `T` with each element of its part of theta, shape (m, q, q)."""
        return self._units[factor]

    def within_terms(self, factor: int) -> np.ndarray:
        """Which elements of a factor's Sigma lie within one term, the others being 0: shape (q, q)."""
        return self._within[factor]

    def _within_terms(self, factor: int) -> np.ndarray:
        out = np.zeros((self.sizes[factor], self.sizes[factor]), dtype=bool)
        for s in self.slots:
            if s.factor == factor:
                out[s.start : s.start + s.size, s.start : s.start + s.size] = True
        return out

    def rectify(self, theta: np.ndarray) -> np.ndarray:
        """Return the theta of the same covariance whose diagonals are not negative."""
        matrices = self.matrices(theta)
        for s in self.slots:
            block = slice(s.start, s.start + s.size)
            matrices[s.factor][block, block] = canonical_factor(matrices[s.factor][block, block])
        return self.pick(matrices)


@lru_cache
def covariance_layout(terms: tuple[tuple[int, int], ...], factors: int) -> CovarianceLayout:
    """Lay theta out, see `CovarianceLayout`; it is the same for all models of one structure, and never changes."""
    return CovarianceLayout(list(terms), factors)


def canonical_factor(t: np.ndarray) -> np.ndarray:
    """Return the lower triangular factor of ``t t'`` whose diagonal is not negative, with nothing below a zero.

    Where the diagonal has a zero, Cholesky's method would divide by it. Instead, the first row of what is left of t is
    rotated onto an axis: with its direction d, ``t d`` is a column of the factor, and ``t - t d d'`` is left.

    Parameters
    ----------
    t : ndarray, shape (q, q)
        Lower triangular.

    Examples
    --------
    >>> canonical_factor(np.array([[-2.0, 0.0], [1.0, 3.0]]))
    array([[ 2.,  0.],
           [-1.,  3.]])
    """
    if (np.diag(t) != 0).all():
        return t * np.where(np.diag(t) < 0, -1.0, 1.0)
    out, rest = np.zeros_like(t), t
    tiny = ROUNDING_LENGTH * float(np.abs(t).max(initial=0.0))
    for j in range(len(t)):
        length = float(np.linalg.norm(rest[0]))
        if length > tiny:
            direction = rest[0] / length
            out[j:, j] = rest @ direction
            rest = rest - np.outer(out[j:, j], direction)
        rest = rest[1:]
    return out


def lower_factor(root: np.ndarray) -> np.ndarray:
    """Lower triangular factor of ``root root'`` whose diagonal is not negative: root is (q, k), with k >= q."""
    if root.shape == (1, 1):
        return np.abs(root)
    upper = lapack.dgeqrf(root.T)[0][: len(root)]
    return canonical_factor(np.tril(upper.T))


def covariance_root(sigma: np.ndarray, floor: np.ndarray) -> np.ndarray:
    """Lower triangular root of a covariance matrix, moved away from singular ones.

    Parameters
    ----------
    sigma : ndarray, shape (q, q)
        Symmetric.
    floor : ndarray, shape (q,)
        Least variances.

    Returns
    -------
    ndarray, shape (q, q)
        Of the nearest covariance whose variances, and eigenvalues of their correlations, are not tiny. Raising
        eigenvalues gives the nearest matrix in the Frobenius norm (Higham 1988, Linear Algebra Appl. 103, 103-118).
    """
    scale = np.sqrt(np.maximum(sigma.diagonal(), floor))
    correlation = sigma / (scale[:, None] * scale)
    shifted = correlation.copy()
    shifted.flat[:: len(shifted) + 1] -= LEAST_EIGENVALUE
    if lapack.dpotrf(shifted)[1]:
        values, vectors, _ = lapack.dsyev(correlation)
        correlation = (vectors * np.maximum(values, LEAST_EIGENVALUE)) @ vectors.T
    return scale[:, None] * lapack.dpotrf(correlation, lower=1, clean=1)[0]


def directions(layout: CovarianceLayout, factor: int, t: np.ndarray) -> np.ndarray:
    """Change of Sigma with each element of a factor's part of theta, shape (m, q, q), see `sigma_changes`."""
    return sigma_changes(layout.units(factor), t)


def bending(layout: CovarianceLayout, factor: int, slope: np.ndarray) -> np.ndarray:
    """What the slope by Sigma adds to second derivatives by theta, shape (m, m), see `sigma_bending`."""
    return sigma_bending(layout.units(factor), slope)


def sigma_changes(steps: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Change of Sigma with steps of T, shapes (m, q, q).

    Sigma is ``T T'``, and changes with T by ``E_a`` by ``E_a T' + T E_a'``. For an element of theta, ``E_a`` has a
    single 1.
    """
    change = steps @ t.T
    return change + change.transpose(0, 2, 1)


def sigma_bending(steps: np.ndarray, slope: np.ndarray) -> np.ndarray:
    """What the slope by Sigma adds to second derivatives by steps of T, as Sigma is quadratic in T: shape (m, m).

    The second derivative of ``Sigma = T T'`` is ``E_a E_b' + E_b E_a'`` (see `sigma_changes`). With the slope G, which
    is symmetric, that is ``tr G (E_a E_b' + E_b E_a') = 2 tr E_a' G E_b``: twice the products of ``E_a`` and ``G E_b``.
    """
    flat = (len(steps), slope.size)
    return 2.0 * steps.reshape(flat) @ (slope @ steps).reshape(flat).T
