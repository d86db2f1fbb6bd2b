"""The deviance of a linear mixed model where sigma or a fixed effect are coordinates beside its theta.

With the residual variance ``s²`` that theta would have and n rows, the deviance at another one is larger by
``n (s²/sigma² - 1 - log(s²/sigma²))``. With a fixed effect at b instead of its estimate ``b(theta)``, whose variance is
``s² u``, the residual sum of squares ``n s²`` grows by ``(b - b(theta))² / u``, and all others follow. So neither needs
the rows, nor cross-products of its own.

References
----------
Bates, D., Mächler, M., Bolker, B. & Walker, S. (2015). Fitting linear mixed-effects models using lme4. Journal of
Statistical Software 67(1), section 5.1. doi:10.18637/jss.v067.i01
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ..likelihood.covariance import sigma_bending
from ..likelihood.criterion import Curvature, Evaluation
from ..likelihood.deviance import Deviance
from ..likelihood.turned_layout import TurnedLayout

__all__ = ["WithCoefficient", "WithSigma", "WithTheta"]


class Spot(NamedTuple):
    """The deviance at some coordinates.

    Attributes
    ----------
    value : float
    gradient : ndarray, shape (n,)
    at : Evaluation
    matrices : list of ndarray, shapes (q, q)
    extra : float
        The last coordinate, where that is no element of theta.
    along : Curvature or None
        Derivatives along the elements of theta, where the gradient took them.
    """

    value: float
    gradient: np.ndarray
    at: Evaluation
    matrices: list[np.ndarray]
    extra: float = 0.0
    along: Curvature | None = None


class WithTheta:
    """Coordinates: theta.

    Parameters
    ----------
    deviance : Deviance
        By maximum likelihood.
    layout : TurnedLayout
    """

    def __init__(self, deviance: Deviance, layout: TurnedLayout, extra: int = 0) -> None:
        self.deviance, self.layout = deviance, layout
        self.factors = np.append(np.where(layout.diagonal, layout.lengths, 0.0), np.zeros(extra))

    def evaluate(self, y: np.ndarray, last: Spot | None = None) -> Spot:
        """See `held.Surface`."""
        matrices = self.layout.matrices(y)
        at = self._evaluated(matrices)
        return Spot(at.value, self._by_theta(at, matrices, at.sigma2), at, matrices)

    def second(self, spot: Spot) -> np.ndarray:
        """See `held.Surface`."""
        return self._ordered(self.deviance.along(spot.matrices, self.layout.steps, spot.at).second)

    def _evaluated(self, matrices: list[np.ndarray]) -> Evaluation:
        return self.deviance.evaluate(self.layout.working_theta(matrices), 1)

    def _by_theta(self, at: Evaluation, matrices: list[np.ndarray], sigma2: float) -> np.ndarray:
        return self.layout.pick([2.0 * at.slope(k, sigma2) @ t for k, t in enumerate(matrices)])

    def _ordered(self, found: np.ndarray) -> np.ndarray:
        """Second derivatives in the order of theta, from that of the factors."""
        out = np.empty_like(found)
        out[np.ix_(self.layout.order, self.layout.order)] = found
        return out

    def _single(self, found: np.ndarray) -> np.ndarray:
        """The same of what there is one of for each element of theta."""
        out = np.empty_like(found)
        out[self.layout.order] = found
        return out


class WithSigma(WithTheta):
    """Coordinates: theta, and the logarithm of sigma in units of the response worked with."""

    def __init__(self, deviance: Deviance, layout: TurnedLayout) -> None:
        super().__init__(deviance, layout, 1)

    def evaluate(self, y: np.ndarray, last: Spot | None = None) -> Spot:
        """See `held.Surface`."""
        matrices, n = self.layout.matrices(y[:-1]), self.deviance.criterion.nobs
        at = self._evaluated(matrices)
        sigma2 = math.exp(2.0 * y[-1])
        ratio = at.sigma2 / sigma2
        gradient = np.append(self._by_theta(at, matrices, sigma2), 2.0 * n * (1.0 - ratio))
        return Spot(at.value + n * (ratio - 1.0 - math.log(ratio)), gradient, at, matrices, float(y[-1]))

    def second(self, spot: Spot) -> np.ndarray:
        """See `held.Surface`.

        Along steps a and b the residual sum of squares changes by ``-s_a`` and ``-s_b``, over ``s²``; second
        derivatives of the profiled deviance are those of the determinant, and of the sum of squares less
        ``s_a s_b / n``.
        """
        n, ratio = self.deviance.criterion.nobs, spot.at.sigma2 * math.exp(-2.0 * spot.extra)
        found = self.deviance.along(spot.matrices, self.layout.steps, spot.at)
        less = found.sums[:, -1, -1]
        squares = np.outer(less, less) / n
        determinant = self._bending(spot.at) - found.traces
        m = len(less)
        out = np.empty((m + 1, m + 1))
        out[:m, :m] = self._ordered(found.second + (ratio - 1.0) * (found.second - determinant + squares) + squares)
        out[m, :m] = out[:m, m] = 2.0 * ratio * self._single(less)
        out[m, m] = 4.0 * n * ratio
        return out

    def _bending(self, at: Evaluation) -> np.ndarray:
        """What the bending of Sigma adds to second derivatives of the determinant."""
        sizes = [len(steps) for steps in self.layout.steps]
        out, first = np.zeros((sum(sizes), sum(sizes))), 0
        for k, (steps, size) in enumerate(zip(self.layout.steps, sizes, strict=True)):
            mine = slice(first, first + size)
            out[mine, mine] = sigma_bending(steps, np.add.reduce(at.projections[k], 2))
            first += size
        return out


class WithCoefficient(WithTheta):
    """Coordinates: theta, and a fixed effect of the user's columns, at position k of p.

    Second derivatives leave out those of the effect's estimate and variance by theta.
    """

    def __init__(self, deviance: Deviance, layout: TurnedLayout, k: int) -> None:
        super().__init__(deviance, layout, 1)
        shift, unit = deviance.products.shift, np.zeros(deviance.products.p)
        self.origin, self.scale = float(shift.coefficients(unit)[k]), shift.scale
        unit[k] = 1.0
        self.contrast = shift.contrast(unit)

    def evaluate(self, y: np.ndarray, last: Spot | None = None) -> Spot:
        """See `held.Surface`."""
        matrices, n = self.layout.matrices(y[:-1]), self.deviance.criterion.nobs
        at = self._evaluated(matrices)
        found = self.deviance.along(matrices, self.layout.steps, at)
        away, by_theta, by_b, _, _ = self._away(at, found, float(y[-1]))
        more = 2.0 * n * away / (1.0 + away * away)
        gradient = np.append(self._by_theta(at, matrices, at.sigma2) + more * by_theta, more * by_b)
        return Spot(at.value + n * math.log1p(away * away), gradient, at, matrices, float(y[-1]), found)

    def second(self, spot: Spot) -> np.ndarray:
        """See `held.Surface`."""
        n, found = self.deviance.criterion.nobs, spot.along
        assert found is not None
        away, by_theta, by_b, moved, wider = self._away(spot.at, found, spot.extra)
        along, whole = np.append(by_theta, by_b), 1.0 + away * away
        out = 2.0 * n * (1.0 - away * away) / whole**2 * np.outer(along, along)
        out[:-1, :-1] += self._ordered(found.second)
        more, across = 2.0 * n * away / whole, np.outer(moved, wider)
        out[:-1, :-1] += more * (0.75 * away * np.outer(wider, wider) - 0.5 * (across + across.T))
        out[-1, :-1] -= 0.5 * more * by_b * wider
        out[:-1, -1] -= 0.5 * more * by_b * wider
        return out

    def _away(
        self, at: Evaluation, found: Curvature, b: float
    ) -> tuple[float, np.ndarray, float, np.ndarray, np.ndarray]:
        """Distance of b from its estimate, over the root of ``n s² u``, and its derivatives by theta and by b.

        The last two are those of the distance alone over that root, and of the logarithm of ``n s² u``, by theta.
        """
        through = self.contrast @ found.root
        distance = (b - self.origin) / self.scale - float(self.contrast @ at.beta)
        u, sums = float(through @ through), found.sums
        unit = 1.0 / math.sqrt(u * at.penalised)
        moved = math.sqrt(at.sigma2) * sums[:, :-1, -1] @ through
        spread = (sums[:, :-1, :-1] @ through) @ through / u
        shrunk = -sums[:, -1, -1] / self.deviance.criterion.nobs
        plain, wider = self._single(moved * unit), self._single(spread + shrunk)
        return distance * unit, plain - 0.5 * distance * unit * wider, unit / self.scale, plain, wider
