"""The deviance of one grouping factor at many points at once, where sigma and a fixed effect may be held.

All that `many_responses` sums level by level for many responses is summed here for many values of the parameters, and
one response. With ``X (X'V^-1 X)^-1 X'`` less its part along a contrast c of the fixed effects, the same formulas are
those of the deviance with ``c' beta`` held at b: the sum of squares grows by ``(b - c' beta)² / u``, u being the
variance of ``c' beta`` over sigma². So values, slopes and second derivatives by theta, log sigma and b are exact.

Arrays have the points last: (…, R).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..crossproducts.blocks import CrossProducts
from .covariance import CovarianceLayout
from .many_responses import ManyResponses, sandwich

__all__ = ["ManyPoints", "Spots"]


class Spots(NamedTuple):
    """The deviance at R points, by theta, log sigma and b.

    Attributes
    ----------
    value : ndarray, shape (R,)
        But for a constant; not finite where it cannot be computed.
    gradient : ndarray, shape (m + 2, R)
    hessian : ndarray, shape (m + 2, m + 2, R)
        Where no contrast is held, b has a slope of 0 and a second derivative of 1.
    """

    value: np.ndarray
    gradient: np.ndarray
    hessian: np.ndarray


class ManyPoints(ManyResponses):
    """The deviance of maximum likelihood at many points.

    Parameters
    ----------
    products : CrossProducts
    layout : CovarianceLayout

    Attributes
    ----------
    largest : float
        Of the squares of a level's random-effects columns.
    """

    def __init__(self, products: CrossProducts, layout: CovarianceLayout) -> None:
        super().__init__(products, layout, False)
        (factor,) = products.factors
        self.of = self.sums(products.xy[-1:, -1], factor.zxy[:, -1, :, None])
        self.largest = float(factor.zz.max())

    def at(self, points: np.ndarray, contrasts: np.ndarray, steps: np.ndarray | None = None) -> Spots:
        """Evaluate.

        Parameters
        ----------
        points : ndarray, shape (m + 2, R)
            Theta, log sigma, b.
        contrasts : ndarray, shape (p, R)
            Of the columns worked with; 0 of points at which none is held.
        steps : ndarray, shape (m, q, q, R), optional
            Change of T with each element of theta, where that is one of other columns, see `TurnedLayout`.
        """
        many = points.shape[1]
        steps = np.repeat(self.layout.units(0)[..., None], many, axis=-1) if steps is None else steps
        t, sigma2 = np.einsum("xijr,xr->ijr", steps, points[:-2]), np.exp(2.0 * points[-2])
        m, log_det = self._within(t)
        _, inverse, beta, penalised = self._fixed(m, self.of)
        along = np.einsum("klr,lr->kr", inverse, contrasts)
        u = np.einsum("kr,kr->r", contrasts, along)
        held = u > 0.0
        precision = np.where(held, 1.0, 0.0) / np.where(held, u, 1.0)
        way = along * precision
        off = np.where(held, points[-1], 0.0) - np.einsum("kr,kr->r", contrasts, beta)
        squares = (penalised + off * off * precision) / sigma2
        rest = inverse - along[:, None] * way, beta + way * off
        gradient, hessian, sums = self._by_theta(steps, t, m, *rest, sigma2)
        value = log_det + squares + self.nobs * 2.0 * points[-2] + self.constant
        by_b = 2.0 * precision / sigma2
        last = np.stack([2.0 * (self.nobs - squares), by_b * off])
        whole = np.empty((len(points), len(points), many))
        whole[:-2, :-2] = hessian
        whole[-2, :-2] = whole[:-2, -2] = 2.0 * sums.squares
        whole[-1, :-2] = whole[:-2, -1] = 2.0 * np.einsum("xkr,kr->xr", sums.cross, way) / sigma2
        whole[-2, -2], whole[-1, -1] = 4.0 * squares, np.where(held, by_b, 1.0)
        whole[-2, -1] = whole[-1, -2] = -2.0 * last[1]
        return Spots(value, np.concatenate([gradient, last]), whole)

    def _by_theta(
        self,
        steps: np.ndarray,
        t: np.ndarray,
        m: np.ndarray,
        inverse: np.ndarray,
        beta: np.ndarray,
        sigma2: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray, _Sums]:
        """Derivatives by theta with sigma held: the formulas are those of `one_factor`."""
        q, many, count = self.q, m.shape[-1], self.count[:, None]
        b = np.eye(q)[:, :, None, None] - np.einsum("akc,kbcr->abcr", self.zz, m)
        k = np.einsum("abcr,bdc->adcr", b, self.zz)
        h = (self.x_rows.T @ beta).reshape(q, -1, many)
        linear = self.of.linear
        d = self.of.products - linear[:, None] * h - h[:, None] * linear + count * h[:, None] * h
        e = sandwich(b, d) / sigma2
        squares = e.sum(axis=2)
        slope = self.zz_total[..., None] - (self.zz_pairs @ m.reshape(-1, many)).reshape(q, q, many) - squares
        change = np.einsum("xijr,kjr->xikr", steps, t)
        change += change.transpose(0, 2, 1, 3)
        cross = self._cross(change, b, linear - count * h)
        hessian = self._traces(change, k, 2.0 * e - count * k)
        hessian -= 2.0 * np.einsum("xlr,ylr->xyr", np.einsum("xkr,klr->xlr", cross, inverse), cross) / sigma2
        bent = np.einsum("xijr,ikr->xkjr", steps, slope)
        hessian += 2.0 * np.einsum("xkjr,ykjr->xyr", bent, steps)
        gradient = 2.0 * np.einsum("xkjr,kjr->xr", bent, t)
        return gradient, hessian, _Sums(np.einsum("xabr,abr->xr", change, squares), cross)


class _Sums(NamedTuple):
    """Of residuals e in ``V^-1``: ``e' V_a e / sigma²``, shape (m, R), and ``X' V^-1 V_a e``, shape (m, p, R)."""

    squares: np.ndarray
    cross: np.ndarray
