"""The criterion of a generalized mixed model as a function of theta and fixed effects, for a profile."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..errors import FitError
from ..fit.generalized import GeneralizedFit
from ..generalized.laplace import Laplace
from ..generalized.pirls import Mode
from ..likelihood.turned_layout import TurnedLayout
from ..optimize.quasi_newton import differenced_hessian

__all__ = ["GeneralizedSurface"]

# Differences of the gradient are taken over this share of a standard error.
SHARE_OF_ERROR = 1e-2
# Changes of the predictor's columns over which second derivatives are looked at first, to know standard errors.
FIRST_STEP = 1e-4


class Spot(NamedTuple):
    """The criterion at coordinates y, shape (n,): value, gradient of shape (n,), and the modes found there."""

    y: np.ndarray
    value: float
    gradient: np.ndarray
    mode: Mode


class GeneralizedSurface:
    """Coordinates: theta, and fixed effects.

    Parameters
    ----------
    fit : GeneralizedFit
    layout : TurnedLayout
    columns : ndarray, shape (p, p)
        The fixed effects of the columns worked with from the coordinates.
    """

    def __init__(self, fit: GeneralizedFit, layout: TurnedLayout, columns: np.ndarray) -> None:
        self.layout, self.columns = layout, columns
        self.laplace = Laplace(fit.optimum.laplace.problem, layout, fit.optimum.laplace.n_agq)
        self.mode = fit.optimum.evaluation.mode
        self.factors = np.append(np.where(layout.diagonal, layout.lengths, 0.0), np.zeros(len(columns)))
        self.hessian: np.ndarray | None = None

    def evaluate(self, y: np.ndarray, last: Spot | None = None) -> Spot:
        """See `held.Surface`."""
        n = self.layout.n_theta
        at = self.laplace.evaluate(y[:n], self.columns @ y[n:], self.mode if last is None else last.mode)
        gradient = np.append(at.gradient[:n], self.columns.T @ at.gradient[n:])
        return Spot(y, at.value, gradient, at.mode)

    def second(self, spot: Spot) -> np.ndarray:
        """See `held.Surface`: second derivatives at the first spot asked for, by differences."""
        if self.hessian is None:
            self.hessian = self._differenced(spot)
        return self.hessian

    def _differenced(self, spot: Spot) -> np.ndarray:
        y, units = spot.y, np.append(1.0 / self.layout.lengths, 1.0 / np.linalg.norm(self.columns, axis=0))

        def gradient(moved: np.ndarray) -> np.ndarray:
            try:
                return self.evaluate(moved, spot).gradient
            except FitError:
                return np.full(len(moved), np.nan)

        rough = differenced_hessian(gradient, y, FIRST_STEP * units)
        size = np.sqrt(2.0 / np.maximum(rough.diagonal() * units**2, 1e-12))
        return differenced_hessian(gradient, y, SHARE_OF_ERROR * np.minimum(size, 1.0) * units)
