"""The profiled criterion of one design for many responses at once, each at a theta of its own.

One grouping factor: what `one_factor` does level by level is done here for all responses, which share ``Z_j'[Z X]`` and
``X'X``. Levels with the same of these, as of balanced data, are one: what the criterion needs of them are the sums over
levels of ``Z_j'y`` and of its products with itself. With ``M = T (T'ST + I)^-1 T'``, S being ``Z_j'Z_j``, it is
``V^-1`` less ``Z_j M Z_j'`` within a level, and ``B = I - S M`` gives ``Z_j' V^-1 = B Z_j'``. Sums over levels of
products with what all responses share are products of matrices, with a column for each response.

Arrays have the kinds of levels and the responses last: (…, C, R).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ..crossproducts.blocks import CrossProducts
from .covariance import CovarianceLayout

__all__ = ["Found", "ManyResponses", "ResponseSums", "kinds_of_levels", "sandwich"]


class ResponseSums(NamedTuple):
    """What the criterion needs of R responses, less what least squares explain of them.

    Attributes
    ----------
    squares : ndarray, shape (R,)
        Sums of squares.
    linear : ndarray, shape (q, C, R)
        Sum of ``Z_j'y`` over the levels of a kind.
    products : ndarray, shape (q, q, C, R)
        Sum of ``Z_j'y y'Z_j`` over them.
    """

    squares: np.ndarray
    linear: np.ndarray
    products: np.ndarray

    def of(self, which: np.ndarray) -> ResponseSums:
        """Those of some of the responses."""
        return ResponseSums(self.squares[which], self.linear[..., which], self.products[..., which])


class Found(NamedTuple):
    """The criterion at one theta for each response.

    Attributes
    ----------
    value : ndarray, shape (R,)
        Profiled deviance, or REML criterion; not finite where it cannot be computed.
    sigma2 : ndarray, shape (R,)
    beta : ndarray, shape (p, R)
        Working fixed effects.
    gradient : ndarray, shape (m, R)
    hessian : ndarray, shape (m, m, R)
        Empty, as the gradient, where no derivatives were asked for.
    slope : ndarray, shape (q, q, R)
        Derivative by Sigma.
    """

    value: np.ndarray
    sigma2: np.ndarray
    beta: np.ndarray
    gradient: np.ndarray
    hessian: np.ndarray
    slope: np.ndarray


def kinds_of_levels(products: CrossProducts) -> tuple[np.ndarray, np.ndarray]:
    """Which levels have the same ``Z_j'[Z X]``.

    Returns
    -------
    first : ndarray of int, shape (C,)
        A level of each kind.
    kind : ndarray of int, shape (J,)
        That of each level.
    """
    (factor,) = products.factors
    rows = np.concatenate([factor.zz, factor.zxy[:, :-1]], axis=1).reshape(-1, factor.levels).T
    _, first, kind = np.unique(rows, axis=0, return_index=True, return_inverse=True)
    return first, kind.ravel()


class ManyResponses:
    """The criterion of one grouping factor for many responses.

    Parameters
    ----------
    products : CrossProducts
        Of one response: what is used has to do with the design alone.
    layout : CovarianceLayout
    reml : bool
    """

    def __init__(self, products: CrossProducts, layout: CovarianceLayout, reml: bool) -> None:
        (factor,) = products.factors
        self.layout, self.reml, self.p, self.q = layout, reml, products.p, factor.size
        self.nobs = products.nobs
        self.first, self.kind = kinds_of_levels(products)
        self.count = np.bincount(self.kind).astype(float)
        self.xx = products.xy[:-1, :-1]
        self.zz, self.zx = factor.zz[..., self.first], factor.zxy[:, :-1, self.first]
        self.dof = products.nobs - products.p * reml
        self.constant = products.log_basis * reml - products.log_weights
        q, p, c = self.q, self.p, len(self.first)
        # n_c x_ak x_bl by (k, l) and (a, b, c), and the same of Z'Z: sums over levels are products with these
        self.xx_pairs = np.einsum("akc,blc,c->klabc", self.zx, self.zx, self.count).reshape(p * p, q * q * c)
        self.zz_pairs = np.einsum("iac,bjc,c->ijabc", self.zz, self.zz, self.count).reshape(q * q, q * q * c)
        self.zz_total = self.zz @ self.count
        self.x_rows = self.zx.transpose(1, 0, 2).reshape(p, q * c)
        self.pair, self.pair_of = np.triu_indices(q), np.zeros((q, q), dtype=int)
        self.pair_of[self.pair] = self.pair_of.T[self.pair] = np.arange(len(self.pair[0]))

    def sums(self, squares: np.ndarray, zy: np.ndarray) -> ResponseSums:
        """Sum over the levels of each kind; `zy` has ``Z_j'y``, shape (q, J, R)."""
        if len(self.first) == zy.shape[1]:
            ordered = zy[:, self.first]
            return ResponseSums(squares, ordered, ordered[:, None] * ordered)
        kinds = np.equal.outer(np.arange(len(self.first)), self.kind).astype(float)
        both = np.einsum("cj,ajr,bjr->abcr", kinds, zy, zy, optimize=True)
        return ResponseSums(squares, np.einsum("cj,ajr->acr", kinds, zy, optimize=True), both)

    def roots(self, theta: np.ndarray) -> np.ndarray:
        """T of each theta, shapes (m, R) and (q, q, R)."""
        _, row, column = self.layout.positions(0)
        out = np.zeros((self.q, self.q, theta.shape[1]))
        out[row, column] = theta
        return out

    def evaluate(self, theta: np.ndarray, of: ResponseSums, derivatives: bool = True) -> Found:
        """Compute the criterion of each response at its own theta, shape (m, R); and exact derivatives."""
        t = self.roots(theta)
        with np.errstate(all="ignore"):  # what is not a number is looked at by who asks
            m, log_det = self._within(t)
            whole, inverse, beta, penalised = self._fixed(m, of)
        sigma2 = penalised / self.dof
        with np.errstate(all="ignore"):
            value = log_det + self.dof * (1.0 + np.log(2.0 * math.pi * sigma2)) + self.constant
            if self.reml:
                value = value + whole
            if not derivatives:
                empty = np.empty((0, len(value)))
                return Found(value, sigma2, beta, empty, empty, empty)
            return Found(value, sigma2, beta, *self._derivatives(t, m, inverse, beta, sigma2, of))

    def _within(self, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """``T (T'ST + I)^-1 T'`` of each kind of level, (q, q, C, R), and the sum of ``log |T'ST + I|``, (R,)."""
        q = self.q
        if q == 1:
            square = 1.0 + self.zz[0, 0][:, None] * t[0, 0] ** 2
            return (t[0, 0] ** 2 / square)[None, None], self.count @ np.log(square)
        rows = np.empty((q, 2 * q, len(self.first), t.shape[2]))
        half = np.einsum("air,abc->ibcr", t, self.zz)
        rows[:, :q] = np.einsum("ibcr,bjr->ijcr", half, t)
        rows[:, q:] = t.transpose(1, 0, 2)[:, :, None]
        determinant = 1.0
        for i, row in enumerate(rows):
            pivot = row[i]
            pivot += 1.0
            np.sqrt(pivot, out=pivot)
            row[i + 1 :] /= pivot
            for r in range(i + 1, q):
                rows[r, r:] -= row[r] * row[r:]
            determinant = determinant * pivot
        root = rows[:, q:]
        return np.einsum("kacr,kbcr->abcr", root, root), 2.0 * (self.count @ np.log(determinant))

    def _fixed(self, m: np.ndarray, of: ResponseSums) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Generalised least squares: ``log |X'V^-1 X|``, its inverse, coefficients, penalised sum of squares."""
        p, flat, many = self.p, m.reshape(-1, m.shape[-1]), m.shape[-1]
        penalised = of.squares - np.einsum("abcr,abcr->r", m, of.products)
        if not p:
            return np.zeros(many), np.zeros((0, 0, many)), np.zeros((0, many)), penalised
        whole = self.xx[..., None] - (self.xx_pairs @ flat).reshape(p, p, -1)
        right = -self.x_rows @ np.einsum("abcr,bcr->acr", m, of.linear).reshape(-1, many)
        sign, log_det = np.linalg.slogdet(whole.transpose(2, 0, 1))
        fine = (sign > 0) & np.isfinite(log_det)
        safe = np.where(fine, whole, np.eye(p)[..., None])
        inverse = np.linalg.inv(safe.transpose(2, 0, 1)).transpose(1, 2, 0)
        beta = np.einsum("klr,lr->kr", inverse, right)
        penalised = penalised - np.einsum("kr,kr->r", beta, right)
        return np.where(fine, log_det, np.nan), inverse, beta, penalised

    def _derivatives(
        self,
        t: np.ndarray,
        m: np.ndarray,
        inverse: np.ndarray,
        beta: np.ndarray,
        sigma2: np.ndarray,
        of: ResponseSums,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Gradient, second derivatives and the slope by Sigma: the formulas are those of `one_factor`."""
        q, p, many, count = self.q, self.p, m.shape[-1], self.count[:, None]
        b = np.eye(q)[:, :, None, None] - np.einsum("akc,kbcr->abcr", self.zz, m)
        k = np.einsum("abcr,bdc->adcr", b, self.zz)
        h = (self.x_rows.T @ beta).reshape(q, -1, many)
        d = of.products - of.linear[:, None] * h - h[:, None] * of.linear + count * h[:, None] * h
        e = sandwich(b, d) / sigma2
        total = self.zz_total[..., None] - (self.zz_pairs @ m.reshape(-1, many)).reshape(q, q, many)
        slope = total - e.sum(axis=2)
        other = 2.0 * e - count * k
        if self.reml and p:
            n = (self.xx_pairs.T @ inverse.reshape(p * p, many)).reshape(q, q, -1, many)
            n = sandwich(b, n)  # of all levels of a kind: counted already
            slope -= n.sum(axis=2)
            other += 2.0 * n
        units = self.layout.units(0)
        change = np.einsum("xij,kjr->xikr", units, t)
        change += change.transpose(0, 2, 1, 3)
        hessian = self._traces(change, k, other)
        hessian -= self._between(change, b, inverse, sigma2, of.linear - count * h, e.sum(axis=2))
        hessian += 2.0 * np.einsum("xij,ikr,ykj->xyr", units, slope, units, optimize=True)
        _, row, column = self.layout.positions(0)
        return 2.0 * np.einsum("ikr,kjr->ijr", slope, t)[row, column], hessian, slope

    def _traces(self, change: np.ndarray, k: np.ndarray, other: np.ndarray) -> np.ndarray:
        """``sum_j tr(K_j S_x M_j S_y)``, shape (m, m, R), of symmetric K and M."""
        place = self.pair_of
        pairs = np.einsum("scr,tcr->str", k[self.pair], other[self.pair])
        full = pairs[place[:, :, None, None], place[None, None]]  # [b, c, d, a, r]
        half = np.einsum("xabr,bcdar->xcdr", change, full)
        return np.einsum("xcdr,ycdr->xyr", half, change)

    def _between(
        self,
        change: np.ndarray,
        b: np.ndarray,
        inverse: np.ndarray,
        sigma2: np.ndarray,
        rest: np.ndarray,
        squares: np.ndarray,
    ) -> np.ndarray:
        """What second derivatives lose from level to level, of sums of residuals and of their products."""
        along = np.einsum("xabr,abr->xr", change, squares)
        out = along[:, None] * along / self.dof
        if not self.p:
            return out
        v = self._cross(change, b, rest)
        out += 2.0 * np.einsum("xkr,klr,ylr->xyr", v, inverse, v, optimize=True) / sigma2
        if self.reml:
            a = np.einsum("xklr,lmr->xkmr", self._sides(change, b), inverse)
            out += np.einsum("xkmr,ymkr->xyr", a, a)
        return out

    def _cross(self, change: np.ndarray, b: np.ndarray, rest: np.ndarray) -> np.ndarray:
        """``X' V^-1 V_a e`` of each change, shape (m, p, R); `rest` is ``Z_j'`` of the residuals."""
        e, many = np.einsum("abcr,bcr->acr", b, rest), b.shape[-1]
        inner = [np.einsum("adcr,acr->dcr", b, np.einsum("abr,bcr->acr", each, e)) for each in change]
        return np.stack([self.x_rows @ each.reshape(-1, many) for each in inner])

    def _sides(self, change: np.ndarray, b: np.ndarray) -> np.ndarray:
        """``X' V^-1 V_a V^-1 X`` of each change, shape (m, p, p, R)."""
        p, many = self.p, b.shape[-1]
        inner = [np.einsum("adcr,abcr->dbcr", b, np.einsum("abr,bdcr->adcr", each, b)) for each in change]
        return np.stack([(self.xx_pairs @ each.reshape(-1, many)).reshape(p, p, many) for each in inner])


def sandwich(b: np.ndarray, inner: np.ndarray) -> np.ndarray:
    """``B D B'`` of matrices (q, q, C, R)."""
    return np.einsum("abcr,dbcr->adcr", np.einsum("abcr,bdcr->adcr", b, inner), b)
