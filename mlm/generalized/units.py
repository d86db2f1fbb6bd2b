"""Units in which a response with a dispersion is worked with: its mean is near 1, whatever the user's units are.

With the response ``y = c y'`` the means, the linear predictors, the deviances and the random effects of a model of y'
are those of y up to factors. As c is a power of 4, nothing is rounded by them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .distribution import Family

__all__ = ["Units", "units_of"]

# Power of the response's size that its predictor is of, and that half the logarithm of its deviance is of.
PREDICTORS = {"identity": 1, "log": 0, "inverse": -1, "1/mu^2": -2}
DEVIANCES = {"gaussian": 1.0, "Gamma": 0.0, "inverse.gaussian": -0.5}


@dataclass(frozen=True, slots=True)
class Units:
    """What a number worked with is multiplied with to be the user's.

    Attributes
    ----------
    response : float
        A power of 4.
    predictor : float
        Of linear predictors, coefficients and random effects.
    shift : float
        What is added to linear predictors.
    spherical : float
        Of the square root of the deviance, of sigma and of spherical random effects.
    """

    response: float = 1.0
    predictor: float = 1.0
    shift: float = 0.0
    spherical: float = 1.0

    @property
    def theta(self) -> float:
        """Of relative covariance parameters."""
        return self.predictor / self.spherical

    def log_density(self, family: Family, weights: np.ndarray) -> float:
        """What minus twice the log density of all rows of the response has more than that of those worked with."""
        counted = float(len(weights)) if family.name == "gaussian" else float(np.sum(weights))
        return 2.0 * counted * math.log(self.response)


def units_of(family: Family, y: np.ndarray) -> Units:
    """Units in which a response's size is near 1; those it has, where the family has no dispersion.

    Examples
    --------
    >>> from mlm.generalized.family import make_family
    >>> units_of(make_family("Gamma", "inverse"), np.array([200.0, 300.0]))
    Units(response=256.0, predictor=0.00390625, shift=0.0, spherical=1.0)
    """
    size = float(np.mean(np.abs(y)))
    if not family.has_scale or not 0.0 < size < np.inf:
        return Units()
    response = 4.0 ** round(math.log(size, 4.0))
    shift = math.log(response) if family.link.name == "log" else 0.0
    return Units(response, response ** PREDICTORS[family.link.name], shift, response ** DEVIANCES[family.name])
