"""Models as data frames, against broom 1.0.3 and broom.mixed 0.2.9.4."""

import warnings

import numpy as np
import pandas as pd
import pytest
from rmodels import column, data, extended, numbers, one_face
from scipy import stats

import mlm

STORED = one_face()
TEXTS = ("effect", "group", "term")
# digits that change with where a search ends: both are at optima found to about 1e-8 of the criterion
SAME = 2e-5
# how near to a standard deviation of 0 bobyqa comes
NOUGHT = 1e-6


def assert_same(found, stored, rel=SAME):
    assert list(found.columns) == list(stored)
    for name, values in stored.items():
        values = column(values)
        if name in TEXTS:
            assert [None if pd.isna(value) else value for value in found[name]] == [
                None if value in ("NA", None) else value for value in values
            ]
        else:
            np.testing.assert_allclose(found[name].astype(float), numbers(values), rtol=rel, atol=NOUGHT, err_msg=name)


@pytest.mark.filterwarnings("ignore::mlm.RankWarning")
@pytest.mark.parametrize("case", STORED["linear"], ids=lambda case: case["formula"])
def test_a_linear_model_is_as_in_broom(case):
    m = mlm.lm(case["formula"], extended())
    assert_same(m.tidy(conf_int=True), case["tidy"], rel=1e-9)
    assert_same(m.glance(), case["glance"], rel=1e-9)
    assert list(m.tidy().columns) == list(case["tidy"])[:5]


@pytest.fixture(scope="module", params=STORED["mixed"], ids=lambda case: case["formula"])
def mixed(request):
    case = request.param
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.MlmWarning)
        return case, mlm.lmer(case["formula"], extended(), reml=False)


@pytest.mark.filterwarnings("ignore::mlm.MlmWarning")
def test_a_mixed_model_is_as_in_broom_mixed(mixed):
    """Without degrees of freedom z intervals, with them t intervals; standard deviations beside their correlations."""
    case, m = mixed
    assert_same(m.tidy(conf_int=True), case["plain"])
    assert_same(m.tidy(conf_int=True, ddf="satterthwaite"), case["tidy"], rel=1e-3)
    assert_same(m.glance(), case["glance"])


@pytest.mark.filterwarnings("ignore::mlm.RankWarning")
def test_coefficients_of_a_linear_model_have_all_terms():
    m = mlm.lm("y ~ x + twice + f", extended())
    assert mlm.coef(m).isna().tolist() == [False, False, True, False, False]
    assert mlm.coef(m).dropna().equals(m.fixef)


def test_intervals_belong_to_the_p_values():
    m = mlm.lmer("y ~ x + w + (1 | g)", data())
    table = m.tidy(conf_int=True, ddf="satterthwaite", level=0.9).query("effect == 'fixed'").set_index("term")
    half = table["std.error"] * stats.t.isf(0.05, table["df"].astype(float))
    np.testing.assert_allclose(table["conf.high"] - table["estimate"], half, rtol=1e-12)
    excluded = (table["conf.low"] > 0) | (table["conf.high"] < 0)
    assert excluded.tolist() == (table["p.value"] < 0.1).tolist()
    np.testing.assert_array_equal(m.confint(0.9, ddf="satterthwaite"), table[["conf.low", "conf.high"]].astype(float))


@pytest.mark.parametrize(
    "options", [{"level": 2}, {"level": "95%"}, {"conf_int": "95%"}, {"conf_int": None}, {"ddf": 0}]
)
def test_wrong_arguments_are_one_error(options):
    for m in (mlm.lm("y ~ x", data()), mlm.lmer("y ~ x + (1 | g)", data())):
        with pytest.raises(mlm.ArgumentError, match=r"level must lie|conf_int is True or False|ddf must be None"):
            m.tidy(**options)


def test_labels_that_are_alike():
    """Rows are told by position: the level v of f, and the column fv."""
    rng = np.random.default_rng(5)
    d = data().assign(f=rng.choice(["u", "v"], 180), fv=rng.normal(size=180))
    clear = d.rename(columns={"fv": "other"})
    for fit, formula in ((mlm.lm, "y ~ f + fv"), (mlm.lmer, "y ~ f + fv + (1 | g)")):
        m, told = fit(formula, d), fit(formula.replace("fv", "other"), clear)
        assert list(m.fixef.index) == ["(Intercept)", "fv", "fv"]
        for one, other in ((m.tidy(True), told.tidy(True)), (m.coefficients(), told.coefficients())):
            np.testing.assert_array_equal(one.select_dtypes("number"), other.select_dtypes("number"))
