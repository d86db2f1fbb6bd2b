"""Numbers and tables of a fitted model, by their definitions."""

import warnings

import numpy as np
import pandas as pd
import pytest
from brute import data
from rmodels import data as rmodels_data
from rmodels import numbers, one_face
from scipy import stats

import mlm


@pytest.fixture(params=[True, False], ids=["REML", "ML"])
def model(request):
    return mlm.lmer("y ~ x + z + (1 + x | g) + (1 | h)", data(), reml=request.param)


def test_counts(model):
    assert model.nobs == 96
    assert model.ngrps.to_dict() == {"g": data()["g"].nunique(), "h": data()["h"].nunique()}
    assert model.npar == 3 + 3 + 1 + 1
    assert model.df_resid == 96 - 8
    assert model.formula == "y ~ x + z + (1 + x | g) + (1 | h)"
    assert model.response == "y"
    assert repr(model).startswith("<MixedModel y ~ x + z + (1 + x | g) + (1 | h) | ")
    assert "n 96, g 13, h 6" in repr(model)


def test_likelihood_and_criteria(model):
    assert model.loglik == -model.deviance / 2
    # sums of three numbers
    assert model.aic == pytest.approx(model.deviance + 2 * 8, rel=1e-15)
    assert model.bic == pytest.approx(model.deviance + 8 * np.log(96), rel=1e-15)
    if model.reml:
        assert model.reml_criterion == model.deviance
        assert model.criterion_name == "REML criterion"
    else:
        assert model.criterion_name == "deviance"
        with pytest.raises(mlm.FitError, match=r"maximum likelihood; see m\.deviance, or m\.refit\(reml=True\)"):
            _ = model.reml_criterion


def test_likelihood_is_the_normal_one():
    m = mlm.lmer("y ~ x + (1 | g)", data(), reml=False)
    indicators = pd.get_dummies(data()["g"]).to_numpy(float)
    v = m.sigma**2 * (np.eye(96) + m.theta[0] ** 2 * indicators @ indicators.T)
    normal = stats.multivariate_normal(m.x @ m.fixef, v)
    assert m.loglik == pytest.approx(normal.logpdf(m.y), rel=1e-11)  # a 96 x 96 eigenvalue decomposition


def test_variances_and_correlations(model):
    table, (a, b, c, d) = model.varcorr, model.theta
    s2 = model.sigma**2
    assert list(table.columns) == ["grp", "var1", "var2", "vcov", "sdcor"]
    assert table["grp"].tolist() == ["g", "g", "g", "h", "Residual"]
    assert table["var1"].tolist()[:4] == ["(Intercept)", "x", "(Intercept)", "(Intercept)"]
    assert table["var2"][2] == "x"
    assert table["var2"].drop(2).isna().all()
    assert table["var1"].isna().tolist() == [False] * 4 + [True]
    # a few products
    expected = [s2 * a**2, s2 * (b**2 + c**2), s2 * a * b, s2 * d**2, s2]
    np.testing.assert_allclose(table["vcov"], expected, rtol=1e-13)
    sd = np.sqrt(expected)
    np.testing.assert_allclose(table["sdcor"], [sd[0], sd[1], b / np.hypot(b, c), sd[3], sd[4]], rtol=1e-13)


def test_a_factor_with_two_terms_is_named_as_in_lme4():
    m = mlm.lmer("y ~ x + (1 | g) + (0 + x | g)", data())
    assert m.varcorr["grp"].tolist() == ["g", "g.1", "Residual"]
    assert m.varcorr["var1"].tolist()[:2] == ["(Intercept)", "x"]
    assert m.ranef()["grpvar"].unique().tolist() == ["g"]
    assert list(m.coef().columns) == ["(Intercept)", "x"]


def test_coefficients(model):
    table = model.coefficients()
    assert list(table.columns) == ["Estimate", "Std. Error", "t value"]
    assert list(table.index) == ["(Intercept)", "x", "z"]
    np.testing.assert_allclose(table["t value"], model.fixef / model.se, rtol=1e-15)
    np.testing.assert_allclose(model.se**2, np.diag(model.vcov), rtol=1e-14)
    tested = model.coefficients(ddf="satterthwaite")
    assert list(tested.columns) == ["Estimate", "Std. Error", "df", "t value", "Pr(>|t|)"]
    p = 2 * stats.t.sf(np.abs(tested["t value"]), tested["df"])
    np.testing.assert_allclose(tested["Pr(>|t|)"], p, rtol=1e-13)


def test_tidy(model):
    table = model.tidy(conf_int=True, ddf="satterthwaite")
    assert list(table.columns) == [
        *["effect", "group", "term", "estimate", "std.error", "statistic", "df", "p.value", "conf.low", "conf.high"]
    ]
    assert table["effect"].tolist() == ["fixed"] * 3 + ["ran_pars"] * 5
    assert table["group"].tolist()[3:] == ["g", "g", "g", "h", "Residual"]
    assert table["term"].tolist() == [
        *model.fixef.index,
        *["sd__(Intercept)", "cor__(Intercept).x", "sd__x", "sd__(Intercept)", "sd__Observation"],
    ]
    assert table["estimate"].tolist() == [*model.fixef, *model.varcorr["sdcor"].iloc[[0, 2, 1, 3, 4]]]
    assert table["std.error"].tolist()[:3] == model.se.tolist()
    assert table.loc[3:, "std.error":].isna().all(axis=None)
    tested = model.confint(ddf="satterthwaite")
    np.testing.assert_array_equal(table.loc[:2, ["conf.low", "conf.high"]].astype(float), tested)
    wide = model.tidy(conf_int=True, level=0.99)
    np.testing.assert_array_equal(wide.loc[:2, ["conf.low", "conf.high"]].astype(float), model.confint(0.99))
    assert list(model.tidy().columns) == ["effect", "group", "term", "estimate", "std.error", "statistic"]


def test_glance(model):
    criterion = "REMLcrit" if model.reml else "deviance"
    (row,) = model.glance().to_dict("records")
    assert row == {
        "nobs": 96,
        "sigma": model.sigma,
        "logLik": model.loglik,
        "AIC": model.aic,
        "BIC": model.bic,
        criterion: model.deviance,
        "df.residual": 88,
    }


def test_random_effects_table(model):
    table = model.ranef()
    assert list(table.columns) == ["grpvar", "term", "grp", "condval", "condsd"]
    g, h = (sorted(data()[f].unique()) for f in "gh")
    assert table["grp"].tolist() == [*g, *g, *h]
    assert table["term"].tolist() == ["(Intercept)"] * len(g) + ["x"] * len(g) + ["(Intercept)"] * len(h)
    # what the fixed effects leave is shared among the levels: modes sum to zero when the term's column is in X
    assert abs(table.query("grpvar == 'h'")["condval"].sum()) < 1e-6 * table["condval"].abs().max()
    assert set(model.coef()) == {"g", "h"}


@pytest.mark.filterwarnings("ignore::mlm.SingularFitWarning")
@pytest.mark.parametrize("case", one_face()["coef"], ids=lambda case: case["formula"])
def test_coefficients_by_level_have_the_columns_of_r(case):
    """What varies without a fixed effect comes first, and is 0 for the factors over which it does not vary."""
    found = mlm.lmer(case["formula"], rmodels_data()).coef()
    tables = found if isinstance(found, dict) else {"g": found}
    assert list(tables) == list(case["factors"])
    for name, stored in case["factors"].items():
        assert list(tables[name].columns) == list(stored)
        # both optima are found to about 1e-8
        np.testing.assert_allclose(tables[name].T, [numbers(values) for values in stored.values()], atol=2e-5)


def test_coefficients_by_level_of_labels_that_are_alike():
    rng = np.random.default_rng(6)
    d = data().assign(f=rng.choice(["u", "v"], 96), fv=rng.normal(size=96))
    codes = pd.factorize(d["g"])[0]
    d["y"] = d["y"] + (3 * rng.normal(size=codes.max() + 1))[codes] * d["fv"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.MlmWarning)
        table = mlm.lmer("y ~ f + fv + (0 + fv | g)", d).coef()
    assert list(table.columns) == ["(Intercept)", "fv", "fv"]
    assert table.iloc[:, 1].nunique() == 1 < table.iloc[:, 2].nunique()


def test_what_the_optimiser_did_is_a_line(model):
    assert repr(model.optimizer_info).startswith("<Optimum newton: converged after ")
    assert "\n" not in str(model.optimizer_info)
    assert len(str(model.optimizer_info)) < 120


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda m: m.coefficients(ddf="kenward"),
            "ddf must be None, 'satterthwaite' or 'kenward-roger'; got 'kenward'",
        ),
        (lambda m: m.tidy(ddf="kenward"), "ddf must be None, 'satterthwaite' or 'kenward-roger'; got 'kenward'"),
        (lambda m: m.predict(data().head(2), re_form="all"), "re_form is None .* got 'all'"),
        (lambda m: m.predict(data().head(2), re_form="(1 | f)"), r"the model has no effect '\(1 \| f\)'; it has"),
        (
            lambda m: m.predict(data().head(2), new_levels="zero"),
            "new_levels is 'error', 'population' or 'missing'; got 'zero'",
        ),
    ],
)
def test_options_that_are_not_there(model, call, message):
    with pytest.raises(mlm.ArgumentError, match=message):
        call(model)


def test_an_optimizer_that_is_not_there(model):
    with pytest.raises(mlm.MlmError, match="no optimizer 'none'"):
        model.refit(optimizer="none")


def test_the_offset_of_new_rows():
    """An offset in the formula, or a column's name, is computed on new rows; values are not known there."""
    frame, values = data(), data()["z"].to_numpy()
    m = mlm.lmer("y ~ x + offset(z / 2) + (1 | g)", frame, offset="z")
    assert (m.predict(frame) == m.fitted).all()
    moved = m.predict(frame.assign(z=frame["z"] + 1))
    np.testing.assert_allclose(moved, m.fitted + 1.5, rtol=1e-12)
    given = mlm.lmer("y ~ x + (1 | g)", frame, offset=values)
    with pytest.raises(mlm.DataError, match=r"offset of this model was given as values.* offset='name'"):
        given.predict(frame)
    # without new rows it is known
    np.testing.assert_allclose(given.design(frame) @ given.fixef + values, given.predict(re_form="NA"), rtol=1e-12)


def test_labels_can_be_named_without_changing_others(model):
    model.fixef.index.name = "term"
    assert model.fixef.index.name is None
    assert model.se.index.name is None
    assert model.vcov.index.names == [None]
