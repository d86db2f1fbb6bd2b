"""Confidence intervals: by definition, and their column names as R 4.2.2 gives them.

`test_inference` compares the intervals of mixed models with lme4's. The names below are those of
``colnames(confint(lm(dist ~ speed, cars), level = level))``.
"""

import math

import numpy as np
import pytest
from rmodels import data
from scipy import stats

import mlm
from mlm.inference.confint import checked_level, limit_names

NAMES = {
    0.95: ("2.5 %", "97.5 %"),
    0.9: ("5 %", "95 %"),
    0.99: ("0.5 %", "99.5 %"),
    0.999: ("0.05 %", "99.95 %"),
    0.9995: ("0.025 %", "99.975 %"),
    0.9999: ("0.005 %", "99.995 %"),
    0.999999: ("0.00005 %", "99.99995 %"),
    1 - 1e-12: ("0.00000000005 %", "99.99999999995 %"),
    0.68: ("16 %", "84 %"),
    0.5: ("25 %", "75 %"),
    0.3333: ("33.3 %", "66.7 %"),
    0.123456: ("43.8 %", "56.2 %"),
    0.99912: ("0.044 %", "99.956 %"),
    0.98765: ("0.617 %", "99.382 %"),
    0.1: ("45 %", "55 %"),
}


@pytest.fixture(scope="module", params=["lmer", "lm"])
def model(request):
    return mlm.lm("y ~ x + z", data()) if request.param == "lm" else mlm.lmer("y ~ x + z + (1 | g)", data())


@pytest.mark.parametrize("level", NAMES)
def test_columns_are_named_as_in_r(level):
    assert limit_names(level) == NAMES[level]


def test_two_limits_have_two_names():
    assert limit_names(0.001) == ("49.95 %", "50.05 %")  # R says 50 % twice


@pytest.mark.parametrize("level", [0.95, 0.9, 0.9995])
def test_estimates_and_quantiles(model, level):
    found = model.confint(level)
    assert tuple(found.columns) == NAMES[level]
    assert list(found.index) == list(model.fixef.index)
    # a linear model knows its residual degrees of freedom; lme4 takes the normal distribution
    quantile = stats.t(177).ppf if isinstance(model, mlm.LinearModel) else stats.norm.ppf
    half = quantile(0.5 + level / 2) * model.se
    np.testing.assert_allclose(found.iloc[:, 0], model.fixef - half, rtol=1e-12)
    np.testing.assert_allclose(found.iloc[:, 1], model.fixef + half, rtol=1e-12)


def test_both_limits_are_there_however_near_they_are(model):
    assert model.confint(1e-17).shape == (3, 2)


@pytest.mark.parametrize("level", [0, 1, -0.1, 95, math.nan, math.inf, "0.95", None, 0.5j])
def test_levels_that_cannot_be(model, level):
    with pytest.raises(mlm.ArgumentError, match="level must lie between 0 and 1; got "):
        model.confint(level)
    with pytest.raises(mlm.ArgumentError, match="level must lie between 0 and 1; got "):
        mlm.effect(model, "x", level=level)


def test_levels_are_numbers_of_any_kind():
    assert checked_level(np.float32(0.5)) == 0.5


def test_methods_that_are_not_there(model):
    with pytest.raises(mlm.ArgumentError, match="Confidence intervals by 'profiling' are not there"):
        model.confint(method="profiling")


def test_without_residual_degrees_of_freedom_there_are_no_limits():
    assert mlm.lm("y ~ x", data().head(2)).confint().isna().all(axis=None)
