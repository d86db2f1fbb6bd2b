"""Models are comparable when they have the same rows, response and weights, whatever the order of the rows."""

import json

import numpy as np
import pandas as pd
import pytest
from rmodels import FOLDER, data, numbers

import mlm

SMALL, LARGE = "y ~ x + (1 | g)", "y ~ x + z + (1 | g)"
WEIGHTS = np.tile([1.0, 2.0, 0.5], 60)


def coinciding():
    """Two halves that have the same responses, and nothing else in common."""
    return data().assign(y=np.tile(data().y.to_numpy()[:90], 2))


@pytest.fixture(scope="module")
def small():
    return mlm.lmer(SMALL, data(), reml=False)


@pytest.fixture(scope="module")
def large():
    return mlm.lmer(LARGE, data(), reml=False)


def assert_same_table(one, other):
    pd.testing.assert_frame_equal(one.frame, other.frame, rtol=1e-6)


def test_other_rows_are_refused():
    d = data()
    with pytest.raises(mlm.FitError, match="not fitted to the same rows: model1 180, model2 170"):
        mlm.anova(mlm.lm("y ~ x", d), mlm.lm("y ~ x + z", d.head(170)))
    one, other = d.drop(index=1), d.drop(index=[7])
    with pytest.raises(mlm.FitError, match=r"1 of the 179 rows of null are not in slope, by their labels \(7\)"):
        mlm.anova(mlm.lm("y ~ 1", one), mlm.lm("y ~ x", other), names=["null", "slope"])


@pytest.mark.parametrize("kind", ["lm", "lmer"])
def test_other_rows_are_refused_where_responses_coincide(kind):
    halves = coinciding().iloc[:90], coinciding().iloc[90:]
    formulas = ("y ~ x", "y ~ x + z") if kind == "lm" else (SMALL, LARGE)
    two = [getattr(mlm, kind)(formula, half) for formula, half in zip(formulas, halves, strict=True)]
    with pytest.raises(
        mlm.FitError, match=r"90 of the 90 rows of model1 are not in model2, by their labels \(1, 2, 3, …"
    ):
        mlm.anova(*two)


def test_rows_under_other_labels_are_refused_with_the_remedy():
    """R compares the numbers of rows only; labels that differ may be of other rows."""
    small, large = mlm.lm("y ~ 1", data()), mlm.lm("y ~ x", data().set_axis(range(1000, 1180)))
    with pytest.raises(mlm.FitError, match=r"responses are the same row by row: .*reset_index\(drop=True\)"):
        mlm.anova(small, large)


def test_rows_left_out_for_other_columns_are_refused():
    d = data().copy()
    d.loc[5, "x"], d.loc[9, "z"] = np.nan, np.nan
    with pytest.warns(mlm.MissingRowsWarning):
        two = [mlm.lm("y ~ x", d), mlm.lm("y ~ z", d)]
    with pytest.raises(mlm.FitError, match="1 of the 179 rows"):
        mlm.anova(*two)


def test_relabelled_rows_that_are_others_are_not_nested():
    """Where labels cannot tell them apart, the columns do."""
    one, other = (half.reset_index(drop=True) for half in (coinciding().iloc[:90], coinciding().iloc[90:]))
    with pytest.warns(mlm.NestingWarning, match="model1 is not nested in model2, which cannot express 'x'"):
        mlm.anova(mlm.lm("y ~ x", one), mlm.lm("y ~ x + z", other))


@pytest.mark.parametrize("labels", [range(1, 181), [f"row {k}" for k in range(180)]])
def test_rows_may_stand_in_another_order(labels):
    d = data().set_axis(labels)
    shuffled = d.sample(frac=1, random_state=5)
    for one, other in [("y ~ x", "y ~ x + z"), ("y ~ x + offset(z)", "y ~ x + z + w")]:
        assert_same_table(
            mlm.anova(mlm.lm(one, d), mlm.lm(other, shuffled)), mlm.anova(mlm.lm(one, d), mlm.lm(other, d))
        )
    assert_same_table(
        mlm.anova(mlm.lmer(SMALL, shuffled), mlm.lmer("y ~ x + z + (x | g)", d)),
        mlm.anova(mlm.lmer(SMALL, d), mlm.lmer("y ~ x + z + (x | g)", d)),
    )


def test_labels_that_repeat_cannot_be_aligned():
    d = data().set_axis(np.arange(180) // 2)
    shuffled = d.iloc[::-1]
    mlm.anova(mlm.lm("y ~ x", d), mlm.lm("y ~ x + z", d))
    with pytest.raises(mlm.FitError, match=r"some of them are there more than once.*reset_index\(drop=True\)"):
        mlm.anova(mlm.lm("y ~ x", d), mlm.lm("y ~ x + z", shuffled))


def test_other_responses_are_refused(small):
    with pytest.raises(mlm.FitError, match=r"model2 explains other values \('z'\) than model1 \('y'\), in 180 of 180"):
        mlm.anova(small, mlm.lm("z ~ x", data()))
    one_more = data().copy()
    one_more.loc[3, "y"] += 1
    with pytest.raises(mlm.FitError, match=r"in 1 of 180 rows"):
        mlm.anova(small, mlm.lmer(LARGE, one_more))


def test_other_weights_are_refused(small):
    weighted = mlm.lmer(LARGE, data(), weights=WEIGHTS)
    with pytest.raises(mlm.FitError, match=r"plain and weighted weight the rows in different ways.*from 0.5 to 2\)"):
        mlm.anova(small, weighted, names=["plain", "weighted"])
    with pytest.raises(mlm.FitError, match="model1 and model2 weight the rows in different ways"):
        mlm.anova(weighted, mlm.lm("y ~ x", data()))
    with pytest.raises(mlm.FitError, match="weight the rows in different ways"):
        mlm.anova(weighted, mlm.lmer(SMALL, data(), weights=WEIGHTS[::-1]))


def test_weights_may_differ_by_a_constant(large):
    models = [mlm.lmer(formula, data(), weights=WEIGHTS) for formula in (SMALL, LARGE)]
    as_they_are = mlm.anova(*models)
    scaled = mlm.anova(models[0], mlm.lmer(LARGE, data(), weights=WEIGHTS / 3))
    assert_same_table(scaled, as_they_are)
    constant = mlm.lmer(SMALL, data(), weights=np.full(180, 7.0))
    assert_same_table(mlm.anova(constant, large), mlm.anova(mlm.lmer(SMALL, data()), large))


def test_weights_follow_their_rows():
    d = data().assign(k=WEIGHTS)
    shuffled = d.sample(frac=1, random_state=1)
    one, other = mlm.lmer(SMALL, d, weights="k"), mlm.lmer(LARGE, d, weights="k")
    assert_same_table(mlm.anova(one, mlm.lmer(LARGE, shuffled, weights="k")), mlm.anova(one, other))


def test_an_offset_is_a_coefficient_of_a_given_value(large):
    """As lme4, which asks nothing, has it: y ~ x + offset(z) is y ~ x + z with the coefficient 1."""
    known = mlm.lmer(SMALL, data(), offset="z", reml=False)
    frame = mlm.anova(known, large).frame
    for name, column in json.loads((FOLDER / "anova.json").read_text("utf-8"))["offset"]["table"].items():
        np.testing.assert_allclose(frame[name], numbers(column), rtol=1e-5 if "Pr" in name else 1e-8)


def test_another_offset_that_no_coefficient_makes_up_for(small):
    with pytest.warns(mlm.NestingWarning, match="known is not nested in free, which cannot express the offset"):
        mlm.anova(mlm.lmer("y ~ 1 + (1 | g)", data(), offset="z"), small, names=["known", "free"])


def test_offsets_that_rounding_tells_apart_are_the_same():
    d = data().assign(one=lambda d: d.z + 1e6, other=lambda d: d.z / 3 + 1e6 + 2 * d.z / 3)
    assert (d.one != d.other).any()
    mlm.anova(mlm.lm("y ~ 0 + x + offset(one)", d), mlm.lm("y ~ 0 + x + w + offset(other)", d))


def counts():
    rng = np.random.default_rng(4)
    g, x = np.repeat(np.arange(20), 10), rng.normal(size=200)
    mean = np.exp(1.0 + 0.3 * x + rng.normal(0, 0.4, 20)[g])
    return pd.DataFrame({"g": g, "x": x, "k": rng.poisson(mean * rng.gamma(2.0, 0.5, 200))})


def test_poisson_is_nested_in_negative_binomial():
    small, large = (mlm.glmer("k ~ x + (1 | g)", counts(), family) for family in ("poisson", "negative.binomial"))
    frame = mlm.anova(small, large).frame
    assert frame["Chisq"].iloc[1] == pytest.approx(2.0 * (large.loglik - small.loglik))
    assert frame["Df"].iloc[1] == 1
    small, large = (mlm.glm("k ~ x", counts(), family) for family in ("poisson", "negative.binomial"))
    assert mlm.anova(small, large).frame["Chisq"].iloc[1] == pytest.approx(2.0 * (large.loglik - small.loglik))


def test_negative_binomial_is_not_nested_in_poisson():
    small, large = mlm.glm("k ~ 1", counts(), "negative.binomial"), mlm.glm("k ~ x + I(x^2)", counts(), "poisson")
    with pytest.warns(mlm.NestingWarning, match="theta"):
        mlm.anova(small, large)


def test_other_approximations_are_not_compared():
    models = [mlm.glmer("k ~ x + (1 | g)", counts(), "poisson", n_agq=n) for n in (1, 9)]
    with pytest.raises(mlm.FitError, match=r"model1 has n_agq=1, model2 has n_agq=9\. Fit all with one"):
        mlm.anova(*models)
    plain = mlm.glm("k ~ x", counts(), "poisson")
    assert mlm.anova(plain, models[1]).frame["Chisq"].iloc[1] > 0
