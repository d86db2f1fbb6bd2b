"""The blocked cross-products of ``[Z X y]``: all that the likelihood needs, with nothing of size n behind them."""

from __future__ import annotations

from typing import NamedTuple, Protocol, Self

import numpy as np

__all__ = ["CrossProducts", "EffectsBasis", "FactorProducts", "FactorRows", "Levels", "PairProducts", "Rows", "Shift"]


class Shift(NamedTuple):
    """How working coefficients relate to those of the user's columns.

    With means m, the response's mean c and least-squares coefficients b, working coefficients g are those of
    ``y - c - (X - 1 m') b`` on ``X - 1 m'``. The user's are ``b + g``, and the intercept takes up ``c - m'(b + g)``. A
    response of which the squares could not be computed with was divided by a scale before, which multiplies g and b.

    Attributes
    ----------
    means : ndarray, shape (p,)
        What was subtracted from each fixed-effects column (0 for the intercept, and for all without one).
    response : float
        What was subtracted from the response.
    ols : ndarray, shape (p,)
        Least-squares coefficients of the shifted response on the shifted columns.
    intercept : int
        Position of the intercept, or -1.
    rotation : ndarray, shape (p, p), or None
        Coefficients of the (shifted) columns from those of an orthonormal basis, where one was worked with.
    scale : float
        What the (shifted) response was divided by.
    """

    means: np.ndarray
    response: float
    ols: np.ndarray
    intercept: int
    rotation: np.ndarray | None = None
    scale: float = 1.0

    def coefficients(self, working: np.ndarray) -> np.ndarray:
        """Coefficients of the user's columns, shape (p,)."""
        beta = self.scale * (working + self.ols)
        if self.rotation is not None:
            beta = self.rotation @ beta
        if self.intercept >= 0:
            beta[self.intercept] += self.response - self.means @ beta
        return beta

    def covariance(self, working: np.ndarray) -> np.ndarray:
        """Covariance matrix of the user's coefficients, shape (p, p)."""
        if self.scale != 1.0:
            working = self.scale * (self.scale * working)
        if self.rotation is not None:
            working = self.rotation @ working @ self.rotation.T
        if self.intercept < 0:
            return working
        out, own = working.copy(), working[self.intercept] - self.means @ working
        out[self.intercept] = out[:, self.intercept] = own
        out[self.intercept, self.intercept] = own[self.intercept] - own @ self.means
        return out

    def contrast(self, weights: np.ndarray) -> np.ndarray:
        """Weights of the working coefficients in contrasts of the user's ones, shape (p,) or (k, p)."""
        if self.intercept >= 0:
            weights = weights - weights[..., [self.intercept]] * self.means
        return weights if self.rotation is None else weights @ self.rotation


class EffectsBasis(NamedTuple):
    """How the random-effects columns worked with relate to the user's.

    The user's columns of a factor are ``Z = B R``, term by term, with columns B that are orthonormal within each term
    (in the inner product with the prior weights, over n). Effects b of Z are effects ``R b`` of B.

    Attributes
    ----------
    root : ndarray, shape (q, q)
        R, block-diagonal.
    inverse : ndarray, shape (q, q)
        Its inverse.
    shares : ndarray, shape (q,)
        Share of its length that each column keeps beside those to its left in its term; where that has the constant,
        of its length about the mean. 0 of a column that is constant itself, or too small to be squared.
    """

    root: np.ndarray
    inverse: np.ndarray
    shares: np.ndarray

    def users_modes(self, modes: np.ndarray, covariances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Conditional modes (q, J) and covariances (q, q, J) of the user's effects from those of the effects of B."""
        covariances = np.matmul(self.inverse, covariances.transpose(2, 0, 1) @ self.inverse.T)
        return self.inverse @ modes, np.ascontiguousarray(covariances.transpose(1, 2, 0))

    def users_products(self, products: np.ndarray) -> np.ndarray:
        """Products ``Z_j' A [Z_j]`` of the user's columns, shapes (q, J) and (q, q, J), from those of B."""
        if products.ndim == 2:
            return self.root.T @ products
        return np.einsum("ba,bcj,cd->adj", self.root, products, self.root)


class Levels(NamedTuple):
    """Levels in orthonormal bases Q of their random-effects columns, from the rows.

    Attributes
    ----------
    coordinates : ndarray, shape (q, q + p + 1, J)
        ``Q_j' [Z X y]`` of each level of the only factor; first R, lower triangular. Of several factors ``Q' [Z X y]``,
        shape (r, c + p + 1), for c effects in all, of which r are independent.
    within : ndarray, shape (p + 1, p + 1)
        What the levels leave of ``[X y]'[X y]``.
    taken : ndarray, shape (p,)
        Coefficients of X that were taken off y before: those of least squares within the levels.
    lost : float
        Rounding of what is left of the squares of y.
    """

    coordinates: np.ndarray
    within: np.ndarray
    taken: np.ndarray
    lost: float


class Rows(Protocol):
    """What cross-products were summed of, where that can be gone through once more: see `joint_rows.JointRows`."""

    def levels(self) -> Levels:
        """The levels in orthonormal bases of their columns."""


class FactorRows(Rows, Protocol):
    """The same of one factor: see `level_rows.LevelRows`."""

    def turned(self, turn: np.ndarray) -> Self:
        """The same with random-effects columns ``Z turn``."""


class FactorProducts(NamedTuple):
    """Cross-products of one grouping factor's random-effects columns, level by level.

    Attributes
    ----------
    name : str
    levels : int
        J, the number of levels.
    zz : ndarray, shape (q, q, J)
        ``Z_j' Z_j`` of each level.
    zxy : ndarray, shape (q, p + 1, J)
        ``Z_j' [X y]_j`` of each level; the last column is the response.
    basis : EffectsBasis or None
        How the columns Z relate to the user's; None where they are the user's.
    shared : tuple of int
        Positions of the fixed-effects columns that are known to be among the columns Z.
    rows : FactorRows or None
        What these were summed of, where that can be gone through once more.
    """

    name: str
    levels: int
    zz: np.ndarray
    zxy: np.ndarray
    basis: EffectsBasis | None = None
    shared: tuple[int, ...] = ()
    rows: FactorRows | None = None

    @property
    def size(self) -> int:
        """Number of random-effects columns a level, q."""
        return self.zz.shape[0]

    @property
    def among_fixed(self) -> bool:
        """Whether it is known that each of them is a fixed-effects column too."""
        return len(self.shared) == len(self.zz)


class PairProducts(NamedTuple):
    """Cross-products between two grouping factors: one (q_a, q_b) block for each pair of levels that occurs.

    Attributes
    ----------
    rows, columns : ndarray of int, shape (m,)
        Levels of the first and of the second factor, 32 bits wide where that is enough.
    values : ndarray, shape (q_a, q_b, m)
    """

    rows: np.ndarray
    columns: np.ndarray
    values: np.ndarray


class CrossProducts(NamedTuple):
    """All blocks.

    Attributes
    ----------
    nobs : int
    x_names : tuple of str
    xy : ndarray, shape (p + 1, p + 1)
        ``[X y]' [X y]``, shifted.
    factors : tuple of FactorProducts
        Ordered by number of columns, the largest first.
    pairs : dict of (int, int) to PairProducts
        Between factors a < b.
    shift : Shift
    log_weights : float
        Sum of the logarithms of the prior weights.
    total : float
        Sum of squares of the (shifted, weighted) response, over the square of its scale.
    independent : bool
        Whether every fixed-effects column keeps more than three thousandths of its length beside those to its left.
    log_basis : float
        Logarithm of the determinant of X'X over that of the basis worked with (0 when it is X itself).
    joint : CrossProducts or None
        The same of columns that are orthonormal among all terms of a factor, where columns of different terms are
        nearly parallel.
    rows : Rows or None
        What those of several factors were summed of, where that can be gone through once more.
    """

    nobs: int
    x_names: tuple[str, ...]
    xy: np.ndarray
    factors: tuple[FactorProducts, ...]
    pairs: dict[tuple[int, int], PairProducts]
    shift: Shift
    log_weights: float
    total: float
    independent: bool
    log_basis: float = 0.0
    joint: CrossProducts | None = None
    rows: Rows | None = None

    @property
    def p(self) -> int:
        """Number of fixed-effects columns."""
        return len(self.x_names)
