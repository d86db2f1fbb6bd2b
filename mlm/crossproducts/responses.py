"""Sums of products of many responses with one design: what is all that refits to them need of the rows."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .blocks import CrossProducts
from .level_rows import LevelRows

__all__ = ["ManySums", "ResponseRows"]

# Share of a response's sum of squares that least squares leave, below which its residuals are formed row by row: that
# of `in_memory.RESIDUAL_SHARE`.
RESIDUAL_SHARE = 3e-2


class ManySums(NamedTuple):
    """Sums of R responses, less what least squares explain of them.

    Attributes
    ----------
    mean : ndarray, shape (R,)
        What was subtracted first, where there is an intercept; else 0.
    ols : ndarray, shape (p, R)
        Least-squares coefficients, of the working columns.
    squares, total : ndarray, shape (R,)
        Sums of squares of residuals and of the (shifted, weighted) response.
    zy : ndarray, shape (q, J, R)
        ``Z_j' r`` of the residuals r.
    """

    mean: np.ndarray
    ols: np.ndarray
    squares: np.ndarray
    total: np.ndarray
    zy: np.ndarray


class ResponseRows:
    """The rows of one grouping factor's cross-products, to be summed with other responses.

    Parameters
    ----------
    products : CrossProducts
        With the rows at hand (`FactorProducts.rows`).
    """

    def __init__(self, products: CrossProducts) -> None:
        from scipy import sparse

        (factor,) = products.factors
        assert isinstance(factor.rows, LevelRows)
        self.products, self.rows = products, factor.rows
        self.shape = factor.size, factor.levels
        z, _, block = self.rows.read()
        self.x = np.ascontiguousarray(block[:-1].T)
        self.root_weights = self.rows.root_weights
        codes, n = self.rows.effects.grouping.codes, z.shape[1]
        places = (np.arange(factor.size)[:, None] * factor.levels + codes).ravel()
        shape = (factor.size * factor.levels, n)
        # by levels: a level's sum goes on where it is, with all responses side by side
        self.z: Any = sparse.csr_matrix((z.ravel(), (places, np.tile(np.arange(n), factor.size))), shape)

    def sums(self, y: np.ndarray) -> ManySums:
        """Sum the products of responses less their offset, shape (n, R), which are overwritten."""
        has_mean, n = self.products.shift.intercept >= 0, len(y)
        mean = np.add.reduce(y, 0) / n if has_mean else np.zeros(y.shape[1])
        if has_mean:
            y -= mean
        if self.root_weights is not None:
            y *= self.root_weights[:, None]
        total = np.einsum("nr,nr->r", y, y)
        xx, xy = self.products.xy[:-1, :-1], self.x.T @ y
        ols = np.linalg.solve(xx, xy) if len(xx) else xy
        squares = total - np.einsum("pr,pr->r", ols, xy)
        by_rows = bool((squares < RESIDUAL_SHARE * total).any())
        if by_rows:
            y -= self.x @ ols
            squares = np.einsum("nr,nr->r", y, y)
        zy = (self.z @ y).reshape(*self.shape, -1)
        if not by_rows:
            zy -= np.einsum("apj,pr->ajr", self.products.factors[0].zxy[:, :-1], ols, optimize=True)
        return ManySums(mean, ols, squares, total, zy)

    def products_of(self, sums: ManySums, k: int, y: np.ndarray) -> CrossProducts:
        """Cross-products of response `k` alone; `y`, shape (n,), is it as it was, less the offset."""
        old = self.products
        (factor,) = old.factors
        xy, zxy = old.xy.copy(), factor.zxy.copy()
        xy[-1], xy[:, -1] = 0.0, 0.0
        xy[-1, -1], zxy[:, -1] = sums.squares[k], sums.zy[:, :, k]
        mean, ols = float(sums.mean[k]), sums.ols[:, k].copy()
        rows = self.rows._replace(response=y, mean=mean, ols=ols)
        shift = old.shift._replace(response=mean, ols=ols)
        mine = (factor._replace(zxy=zxy, rows=rows),)
        return old._replace(xy=xy, factors=mine, shift=shift, total=float(sums.total[k]))

    def coefficients(self, sums: ManySums, working: np.ndarray) -> np.ndarray:
        """Coefficients of the user's columns, shape (p, R), from working ones: see `Shift.coefficients`."""
        shift = self.products.shift
        beta = working + sums.ols
        if shift.rotation is not None:
            beta = shift.rotation @ beta
        if shift.intercept >= 0:
            beta[shift.intercept] += sums.mean - shift.means @ beta
        return beta
