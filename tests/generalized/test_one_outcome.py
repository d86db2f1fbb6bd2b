"""The bound of the likelihood of levels with one outcome each, against quadrature and a probit model."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.special import log_ndtr

import mlm
from mlm.generalized.one_outcome import at_endless_variance

RNG = np.random.default_rng(11)
CODES = np.repeat(np.arange(30), RNG.integers(1, 4, 30))
OF_LEVELS = RNG.normal(size=30)[CODES]
SUCCEEDS = (RNG.random(30) < 1 / (1 + np.exp(-OF_LEVELS[np.unique(CODES, return_index=True)[1]])))[CODES]


@pytest.mark.parametrize(("origin", "unit"), [(0.0, 1.0), (2000.0, 1.0), (0.0, 1e6)])
def test_predictors_of_levels_make_a_probit_model(origin, unit):
    x = origin + unit * OF_LEVELS
    levels = pd.DataFrame({"g": CODES, "x": OF_LEVELS, "y": SUCCEEDS}).drop_duplicates("g")
    probit = mlm.glm("y ~ x", levels, link="probit")
    found = at_endless_variance(np.column_stack([np.ones(len(x)), x]), SUCCEEDS, CODES)
    assert found == pytest.approx(-2 * probit.loglik, abs=1e-6)


@pytest.mark.parametrize("seed", range(6))
def test_predictors_of_rows_count_by_the_least_of_a_level(seed):
    x = OF_LEVELS + np.random.default_rng(seed).normal(size=len(CODES))
    matrix, signs = np.column_stack([np.ones(len(x)), x]), np.where(SUCCEEDS, 1.0, -1.0)

    def value(b):
        least = np.full(30, np.inf)
        np.minimum.at(least, CODES, signs * (matrix @ b))
        return -2.0 * log_ndtr(least).sum()

    options = {"xatol": 1e-9, "fatol": 1e-10, "maxiter": 5000}
    best = min(minimize(value, b, method="Nelder-Mead", options=options).fun for b in ([0, 0], [0, 1], [-1, 0.5]))
    assert at_endless_variance(matrix, SUCCEEDS, CODES) == pytest.approx(best, abs=2e-3)
