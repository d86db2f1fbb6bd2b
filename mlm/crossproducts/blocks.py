"""The blocked cross-products of ``[Z X y]``: all that the likelihood needs, with nothing of size n behind them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["CrossProducts", "FactorProducts", "PairProducts", "Shift"]


@dataclass(frozen=True, slots=True, eq=False)
class Shift:
    """How working coefficients relate to those of the user's columns.

    With means m, the response's mean c and least-squares coefficients b, working coefficients g are those of
    ``y - c - (X - 1 m') b`` on ``X - 1 m'``. The user's are ``b + g``, and the intercept takes up ``c - m'(b + g)``.

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
    """

    means: np.ndarray
    response: float
    ols: np.ndarray
    intercept: int
    rotation: np.ndarray | None = None

    def coefficients(self, working: np.ndarray) -> np.ndarray:
        """Coefficients of the user's columns, shape (p,)."""
        beta = working + self.ols
        if self.rotation is not None:
            beta = self.rotation @ beta
        if self.intercept >= 0:
            beta[self.intercept] += self.response - self.means @ beta
        return beta

    def covariance(self, working: np.ndarray) -> np.ndarray:
        """Covariance matrix of the user's coefficients, shape (p, p)."""
        if self.rotation is not None:
            working = self.rotation @ working @ self.rotation.T
        if self.intercept < 0:
            return working
        back = np.eye(len(self.means))
        back[self.intercept] -= self.means
        return back @ working @ back.T

    def contrast(self, weights: np.ndarray) -> np.ndarray:
        """Weights of the working coefficients in a contrast of the user's ones, shape (p,)."""
        if self.intercept >= 0:
            weights = weights - weights[self.intercept] * self.means
        return weights if self.rotation is None else self.rotation.T @ weights


@dataclass(frozen=True, slots=True, eq=False)
class FactorProducts:
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
    """

    name: str
    levels: int
    zz: np.ndarray
    zxy: np.ndarray

    @property
    def size(self) -> int:
        """Number of random-effects columns a level, q."""
        return self.zz.shape[0]


@dataclass(frozen=True, slots=True, eq=False)
class PairProducts:
    """Cross-products between two grouping factors: one (q_a, q_b) block for each pair of levels that occurs.

    Attributes
    ----------
    rows, columns : ndarray of int, shape (m,)
        Levels of the first and of the second factor.
    values : ndarray, shape (q_a, q_b, m)
    """

    rows: np.ndarray
    columns: np.ndarray
    values: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class CrossProducts:
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
        Sum of squares of the (shifted, weighted) response.
    independent : bool
        Whether every fixed-effects column keeps more than a ten-thousandth of its length beside those to its left.
    log_basis : float
        Logarithm of the determinant of X'X over that of the basis worked with (0 when it is X itself).
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

    @property
    def p(self) -> int:
        """Number of fixed-effects columns."""
        return len(self.x_names)
