"""Least squares: numbers by hand and by invariance; R's printed reports are compared in test_summary."""

import numpy as np
import pandas as pd
import pytest
from rmodels import data
from scipy import stats

import mlm


@pytest.fixture
def model():
    return mlm.lm("y ~ x * f + z", data())


def test_solves_the_normal_equations(model):
    x, y = model.x.to_numpy(), model.y.to_numpy()
    beta = np.linalg.solve(x.T @ x, x.T @ y)
    # condition number of x'x is about 1e3
    np.testing.assert_allclose(model.fixef, beta, rtol=1e-11)
    sigma2 = np.sum((y - x @ beta) ** 2) / (len(y) - 7)
    np.testing.assert_allclose(model.vcov, sigma2 * np.linalg.inv(x.T @ x), rtol=1e-10)
    assert model.sigma == pytest.approx(np.sqrt(sigma2), rel=1e-12)
    assert model.df_resid == 173
    assert list(model.fixef.index) == ["(Intercept)", "x", "fmid", "fhigh", "z", "x:fmid", "x:fhigh"]


def test_residuals_keep_the_row_labels(model):
    assert model.resid.index.equals(data().index)
    # sums of 180 products of order 10
    np.testing.assert_allclose(model.x.T @ model.resid, 0, atol=1e-9)
    np.testing.assert_allclose(model.fitted + model.resid, model.y, rtol=1e-13)


def test_what_is_handed_out_is_a_copy(model):
    resid = model.resid.copy()
    y, x = model.y, model.x
    y.iloc[0] = x.iloc[0, 0] = 99.0
    pd.testing.assert_series_equal(model.resid, resid)
    assert model.frame.x[0, 0] == 1.0


def test_r_squared_and_f(model):
    y = model.y
    r2 = 1 - (model.resid**2).sum() / ((y - y.mean()) ** 2).sum()
    assert model.r_squared == pytest.approx(r2, rel=1e-12)
    assert model.adj_r_squared == pytest.approx(1 - (1 - r2) * 179 / 173, rel=1e-12)
    assert model.fstatistic.value == pytest.approx(r2 / 6 / ((1 - r2) / 173), rel=1e-11)
    assert (model.fstatistic.numdf, model.fstatistic.dendf) == (6, 173)
    without = mlm.lm("y ~ 0 + x", data())
    assert without.r_squared == pytest.approx(1 - (without.resid**2).sum() / (y**2).sum(), rel=1e-12)
    assert mlm.lm("y ~ 1", data()).fstatistic is None


def test_likelihood_is_the_normal_one(model):
    scale = np.sqrt(model.deviance / model.nobs)
    assert model.loglik == pytest.approx(stats.norm.logpdf(model.resid, scale=scale).sum(), rel=1e-12)
    assert model.aic == pytest.approx(-2 * model.loglik + 16)
    assert model.bic == pytest.approx(-2 * model.loglik + 8 * np.log(180))


def test_tables(model):
    table = model.tidy(conf_int=True)
    assert list(table) == ["term", "estimate", "std.error", "statistic", "p.value", "conf.low", "conf.high"]
    half = stats.t.ppf(0.975, 173) * model.se
    np.testing.assert_allclose(table["conf.high"], model.fixef + half)
    np.testing.assert_array_equal(table[["conf.low", "conf.high"]], model.confint())
    assert "conf.low" not in model.tidy()
    assert model.glance().loc[0, "sigma"] == model.sigma
    assert np.isnan(mlm.lm("y ~ 1", data()).glance().loc[0, "statistic"])


def test_predictions_replay_the_design(model):
    new = data().loc[[5, 3], ["z", "f", "x"]]
    np.testing.assert_allclose(model.predict(new), model.fitted[[5, 3]], rtol=1e-12)
    assert model.predict().equals(model.fitted)
    assert model.design({"x": [1.0], "f": ["mid"], "z": [2.0]}).loc[0, "x:fmid"] == 1


def test_dummies_reproduce_group_means():
    m = mlm.lm("y ~ 0 + C(g)", data())
    np.testing.assert_allclose(m.fixef, data().groupby("g")["y"].mean(), rtol=1e-12)


def test_dependent_columns_are_left_out_and_named():
    with pytest.warns(mlm.RankWarning, match=r"1 of 4 columns depend linearly .* left out: I\(2 \* x\)"):
        m = mlm.lm("y ~ x + I(2 * x) + z", data())
    assert m.aliased == ("I(2 * x)",)
    pd.testing.assert_series_equal(m.fixef, mlm.lm("y ~ x + z", data()).fixef)
    assert np.isnan(m.coefficients().reindex(list(m.terms)).loc["I(2 * x)", "Estimate"])
    np.testing.assert_allclose(m.predict(data()), m.fitted, rtol=1e-12)


def test_an_offset_is_taken_off():
    m = mlm.lm("y ~ x + offset(z)", data())
    plain = mlm.lm("I(y - z) ~ x", data())
    np.testing.assert_allclose(m.fixef, plain.fixef, rtol=1e-12)
    np.testing.assert_allclose(m.resid, plain.resid, atol=1e-12)
    np.testing.assert_allclose(m.predict(data()), m.fitted, rtol=1e-12)
    np.testing.assert_allclose(m.predict(data().assign(z=0.0)), m.fitted - data()["z"], rtol=1e-9)


def test_as_many_rows_as_coefficients():
    m = mlm.lm("y ~ x", data().head(2))
    assert m.df_resid == 0
    assert np.isnan(m.sigma)
    assert np.isnan(m.adj_r_squared)
    assert m.fstatistic is None
    assert m.coefficients()["Pr(>|t|)"].isna().all()


def test_degrees_of_freedom_are_its_own(model):
    pd.testing.assert_frame_equal(model.coefficients(ddf=None), model.coefficients())
    with pytest.raises(mlm.FitError, match="its own degrees of freedom; leave ddf out"):
        model.coefficients(ddf="satterthwaite")
    with pytest.raises(mlm.ArgumentError, match="ddf must be None, 'satterthwaite' or 'kenward-roger'; got 'kenward'"):
        model.coefficients(ddf="kenward")


def test_bad_input():
    with pytest.raises(mlm.FormulaError, match=r"1 random term.*mlm\.lmer"):
        mlm.lm("y ~ x + (1 | g)", data())
    with pytest.raises(mlm.DataError, match="no column 'xx'"):
        mlm.lm("y ~ xx", data())
    with pytest.raises(mlm.DataError, match="No row is complete"):
        mlm.lm("y ~ x", {"y": [1.0, None], "x": [None, 2.0]})
    with pytest.raises(mlm.FormulaError, match="no coefficients"):
        mlm.lm("y ~ 0", data())


def test_str_is_the_call_and_the_coefficients():
    text = str(mlm.lm("y ~ x", data(), data_name="d"))
    assert text.split("\n")[:5] == [
        "Call:",
        "lm(formula = y ~ x, data = d)",
        "",
        "Coefficients:",
        "(Intercept)            x  ",
    ]


@pytest.mark.parametrize("kind", ["lm", "glm"])
def test_arguments_of_mixed_models(kind):
    """What makes no difference without random effects is taken, as the functions of both kinds of models promise."""
    d = {"y": [1.0, 2.1, 2.9, 4.2, 5.1], "b": [0, 1, 0, 1, 1], "x": [1.0, 2.0, 3.0, 4.0, 5.0]}
    m = mlm.lm("y ~ x", d) if kind == "lm" else mlm.glm("b ~ x", d)
    for re_form in (None, False, 0, "NA"):
        assert (mlm.simulate(m, 2, seed=1, re_form=re_form) == m.simulate(2, seed=1)).all()
        assert (m.simulate(2, seed=1, re_form=re_form) == m.simulate(2, seed=1)).all()
        assert mlm.predict(m, re_form=re_form).equals(m.predict())
        assert m.predict({"x": [2.5]}, re_form=re_form).equals(m.predict({"x": [2.5]}))
        assert mlm.residuals(m, re_form=re_form).equals(m.residuals())
    for level in ("conditional", "marginal"):
        assert m.residuals(level=level).equals(m.residuals())
    for ask in (m.predict, m.residuals, m.simulate):
        with pytest.raises(mlm.ArgumentError, match="this one has no random effects"):
            ask(re_form="(1 | g)")
    with pytest.raises(mlm.ArgumentError, match="`level` is one of"):
        m.residuals(level="group")


@pytest.mark.parametrize("verb", [mlm.lm, mlm.glm])
def test_levels_that_are_new_make_no_difference(verb):
    d = {"y": [1, 0, 1, 1, 0, 0, 1, 0], "x": [1, 2, 3, 4, 0, 2, 1, 0]}
    m = verb("y ~ x", d)
    assert m.predict(d, new_levels="population").equals(m.predict(d))
    with pytest.raises(mlm.ArgumentError, match="new_levels is 'error', 'population' or 'missing'; got 3"):
        m.predict(d, new_levels=3)


@pytest.mark.parametrize("name", ["family", "link"])
def test_families_are_of_glm(name):
    with pytest.raises(mlm.ArgumentError, match=rf"has no argument '{name}'. Use mlm.glm\("):
        mlm.lm("y ~ x", {"y": [1.0, 2.0, 4.0], "x": [0, 1, 2]}, **{name: "x"})


@pytest.mark.parametrize("name", ["weights", "offset"])
def test_arguments_that_lm_does_not_have_are_said(name):
    with pytest.raises(mlm.ArgumentError, match=f"lm has no argument '{name}'; it has formula, data"):
        mlm.lm("y ~ x", {"y": [1.0, 2.0, 4.0], "x": [0, 1, 2]}, **{name: "x"})
