"""Confidence intervals: by definition, and their column names as R 4.2.2 gives them.

`test_inference` compares the intervals of mixed models with lme4's. The names below are those of
``colnames(confint(lm(dist ~ speed, cars), level = level))``.
"""

import decimal
import fractions
import math

import numpy as np
import pytest
from rmodels import column, data, extended, numbers, one_face
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
    assert found.index.name is model.fixef.index.name is None
    # a linear model knows its residual degrees of freedom; lme4 takes the normal distribution
    quantile = stats.t(177).ppf if isinstance(model, mlm.LinearModel) else stats.norm.ppf
    half = quantile(0.5 + level / 2) * model.se
    np.testing.assert_allclose(found.iloc[:, 0], model.fixef - half, rtol=1e-12)
    np.testing.assert_allclose(found.iloc[:, 1], model.fixef + half, rtol=1e-12)


def test_both_limits_are_there_however_near_they_are(model):
    assert model.confint(1e-17).shape == (3, 2)


@pytest.mark.filterwarnings("ignore::mlm.MlmWarning")
@pytest.mark.parametrize("case", [*one_face()["linear"], *one_face()["mixed"]], ids=lambda case: case["formula"])
def test_rows_and_columns_are_those_of_r(case):
    """Of a linear model also the terms that depend on others, with NaN; of a mixed one those of ``parm = "beta_"``."""
    mixed = "|" in case["formula"]
    m = mlm.lmer(case["formula"], extended(), reml=False) if mixed else mlm.lm(case["formula"], extended())
    found, stored = m.confint(level=0.9995, method="Wald", parm="beta_"), case["confint"]
    assert list(found.index) == column(stored["rows"])
    assert list(found.columns) == stored["heads"]
    for name, values in stored["values"].items():
        # mixed models are at optima found to about 1e-8
        np.testing.assert_allclose(
            found[name], numbers(column(values)), rtol=1e-4 if mixed else 1e-8
        )  # a quantile of SciPy 1.12 has nine digits


def test_some_terms(model):
    whole = model.confint()
    assert model.confint(parm="x").equals(whole.loc[["x"]])
    assert model.confint(parm=["z", 0]).equals(whole.loc[["z", "(Intercept)"]])
    assert model.confint(parm=2).equals(whole.iloc[[2]])


@pytest.mark.parametrize("parm", ["zz", 3, -1, True, 0.5, ["x", "zz"], {"x": 1, 5: 2}, object()])
def test_terms_that_are_not_there(model, parm):
    with pytest.raises(mlm.ArgumentError, match=r"there is no .* among \(Intercept\), x, z"):
        model.confint(parm=parm)
    with pytest.raises(mlm.ArgumentError, match="intervals of variances"):
        model.confint(parm="theta_")


def test_degrees_of_freedom_are_asked_for_alike(model):
    """Of a linear model they are its own; those of mixed models give its intervals other quantiles."""
    if isinstance(model, mlm.LinearModel):
        with pytest.raises(mlm.FitError, match="its own degrees of freedom"):
            model.confint(ddf="satterthwaite")
    else:
        df = model.coefficients("satterthwaite")["df"]
        half = stats.t.isf(0.025, df) * model.se
        np.testing.assert_allclose(model.confint(ddf="satterthwaite")["97.5 %"], model.fixef + half, rtol=1e-12)
    with pytest.raises(mlm.ArgumentError, match="ddf must be None,"):
        model.confint(ddf=0)


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


@pytest.mark.parametrize("level", [decimal.Decimal("0.9"), fractions.Fraction(9, 10), np.float64(0.9)])
def test_a_level_is_a_number_of_any_kind(model, level):
    assert model.confint(level).equals(model.confint(0.9))


def test_no_terms_are_none(model):
    with pytest.raises(mlm.ArgumentError, match="parm is empty"):
        model.confint(parm=[])
    with pytest.raises(mlm.ArgumentError, match="there is no set among"):
        model.confint(parm={"x", "z"})


@pytest.mark.parametrize("option", [{"n": 50}, {"kind": "basic"}, {"seed": 1}, {"kind": "percentile"}])
def test_arguments_of_the_bootstrap_are_not_passed_over(option):
    rows = {"y": [1.0, 2.0, 4.0, 5.0, 7.0, 9.0, 3.0, 5.5], "u": [0, 1, 1, 0, 1, 1, 0, 1], "g": list("aabbccdd")}
    for m in (mlm.lmer("y ~ u + (1 | g)", rows), mlm.lm("y ~ u", rows)):
        for method in ("wald", "Profile") if m.formula.endswith(")") else ("wald",):
            with pytest.raises(mlm.ArgumentError, match=f"`{next(iter(option))}` is of method='boot'"):
                m.confint(method=method, **option)
