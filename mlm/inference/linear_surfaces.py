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

# Rise of the deviance below which a fixed effect is at its estimate, step of T for differences, and share of T by which
# it is another one than where these were taken.
STILL, DIFFERENCE, MOVED = 1e-6, 1e-4, 0.1


class Spot(NamedTuple):
    """The deviance at some coordinates.

    Attributes
    ----------
    value : float
    gradient : ndarray, shape (n,)
    at : Evaluation
    matrices : list of ndarray, shapes (q, q)
    extra : float
        The last coordinate, where that is not an element of theta.
    along : Curvature or None
        Sums along the elements of theta, where the gradient took them.
    theta : ndarray or None
        Those elements, likewise.
    """

    value: float
    gradient: np.ndarray
    at: Evaluation
    matrices: list[np.ndarray]
    extra: float = 0.0
    along: Curvature | None = None
    theta: np.ndarray | None = None


class Away(NamedTuple):
    """The distance of a fixed effect b from its estimate, over the root of ``n s² u``.

    Attributes
    ----------
    by : float
    by_theta : ndarray, shape (m,)
        Its derivatives.
    by_b : float
    moved, wider : ndarray, shape (m,)
        Derivatives by theta of the distance in units of the response, and of the logarithm of ``n s² u``.
    unit : float
        One over that root.
    """

    by: float
    by_theta: np.ndarray
    by_b: float
    moved: np.ndarray
    wider: np.ndarray
    unit: float


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

    Second derivatives of the effect's estimate and variance by theta are differences, taken anew where T is another.
    """

    def __init__(self, deviance: Deviance, layout: TurnedLayout, k: int) -> None:
        super().__init__(deviance, layout, 1)
        shift, unit = deviance.products.shift, np.zeros(deviance.products.p)
        self.origin, self.scale = float(shift.coefficients(unit)[k]), shift.scale
        unit[k] = 1.0
        self.contrast = shift.contrast(unit)
        self._bent: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None

    def evaluate(self, y: np.ndarray, last: Spot | None = None) -> Spot:
        """See `held.Surface`."""
        matrices, at, found = self._along(y[:-1])
        away = self._away(at, found, float(y[-1]))
        more = self._pull(away.by)
        gradient = np.append(self._by_theta(at, matrices, at.sigma2) + more * away.by_theta, more * away.by_b)
        value = at.value + self.deviance.criterion.nobs * math.log1p(away.by * away.by)
        return Spot(value, gradient, at, matrices, float(y[-1]), found, y[:-1])

    def second(self, spot: Spot) -> np.ndarray:
        """See `held.Surface`."""
        n, found = self.deviance.criterion.nobs, spot.along
        assert found is not None
        away = self._away(spot.at, found, spot.extra)
        along, more = np.append(away.by_theta, away.by_b), self._pull(away.by)
        out = 2.0 * n * (1.0 - away.by * away.by) / (1.0 + away.by * away.by) ** 2 * np.outer(along, along)
        out[:-1, :-1] += super().second(spot)
        out[-1, :-1] -= 0.5 * more * away.by_b * away.wider
        out[:-1, -1] -= 0.5 * more * away.by_b * away.wider
        if n * away.by * away.by > STILL:
            moved, wider = self._bends(spot)
            across = np.outer(away.unit * away.moved, away.wider)
            bent = away.unit * moved - 0.5 * (across + across.T)
            out[:-1, :-1] += more * (bent + away.by * (0.25 * np.outer(away.wider, away.wider) - 0.5 * wider))
        return out

    def _along(self, theta: np.ndarray) -> tuple[list[np.ndarray], Evaluation, Curvature]:
        matrices = self.layout.matrices(theta)
        at = self._evaluated(matrices)
        return matrices, at, self.deviance.along(matrices, self.layout.steps, at, second=False)

    def _pull(self, away: float) -> float:
        """Derivative of the deviance by the distance."""
        return 2.0 * self.deviance.criterion.nobs * away / (1.0 + away * away)

    def _bends(self, spot: Spot) -> tuple[np.ndarray, np.ndarray]:
        """Derivatives of `Away.moved` and `Away.wider` by theta, about: symmetric, shapes (m, m)."""
        assert spot.theta is not None
        assert spot.along is not None
        lengths = self.layout.lengths
        if self._bent is not None:
            away = np.linalg.norm((spot.theta - self._bent[2]) * lengths)
            if away < MOVED * np.linalg.norm(spot.theta * lengths):
                return self._bent[:2]
        here, steps = self._away(spot.at, spot.along, spot.extra), DIFFERENCE / lengths
        found = np.empty((2, len(steps), len(steps)))
        for k, step in enumerate(steps):
            theta = spot.theta.copy()
            theta[k] += step
            there = self._away(*self._along(theta)[1:], spot.extra)
            found[:, k] = (there.moved - here.moved) / step, (there.wider - here.wider) / step
        moved, wider = 0.5 * (found + found.transpose(0, 2, 1))
        self._bent = moved, wider, spot.theta
        return moved, wider

    def _away(self, at: Evaluation, found: Curvature, b: float) -> Away:
        through = self.contrast @ found.root
        distance = (b - self.origin) / self.scale - float(self.contrast @ at.beta)
        u, sums = float(through @ through), found.sums
        unit = 1.0 / math.sqrt(u * at.penalised)
        moved = self._single(math.sqrt(at.sigma2) * sums[:, :-1, -1] @ through)
        spread = (sums[:, :-1, :-1] @ through) @ through / u
        wider = self._single(spread - sums[:, -1, -1] / self.deviance.criterion.nobs)
        by_theta = unit * (moved - 0.5 * distance * wider)
        return Away(distance * unit, by_theta, unit / self.scale, moved, wider, unit)
