"""What a report says of the arguments: said once, it stays with the model; and R's spellings of arguments."""

import pickle

import numpy as np
import pandas as pd
import pytest
from rmodels import data

import mlm

FORMULA = "y ~ x + (1 | g)"


def named(m):
    return [line for line in str(m.summary()).split("\n") if line.strip().startswith(("Data:", "Weights:", "Offset:"))]


def weighted():
    return data().assign(w=1.0 + data().x.abs(), off=data().z)


def test_the_name_is_given_once():
    m = mlm.lmer(FORMULA, weighted(), weights="w", offset="off", data_name="pupils")
    expected = ["   Data: pupils", "Weights: w", " Offset: off"]
    assert named(m) == expected
    assert named(m.refit(reml=False)) == named(m.refit(y=m.y + 1)) == named(pickle.loads(pickle.dumps(m))) == expected
    assert [line for line in str(m).split("\n")[2:5]] == expected
    assert "   Data: others" in str(m.summary(data_name="others")).split("\n")


def test_the_name_may_stand_with_the_data():
    frame = data()
    frame.attrs["name"] = "pupils"
    assert named(mlm.lmer(FORMULA, frame)) == ["   Data: pupils"]
    assert named(mlm.lmer(FORMULA, frame, data_name="d")) == ["   Data: d"]
    assert "lm(formula = y ~ x, data = pupils)" in str(mlm.lm("y ~ x", frame).summary())
    frame.attrs["name"] = 3
    assert named(mlm.lmer(FORMULA, frame)) == []


def test_the_data_of_a_linear_model_may_be_an_expression():
    names = {"subset(d,x>0)": "subset(d, x > 0)", "two words": "`two words`"}
    as_they_stand = ("d[1:8, ]", "d$e", 'all[["schools"]]', "s4@rows", "d |> head(3)")
    for name, shown in {**names, **dict(zip(as_they_stand, as_they_stand, strict=True))}.items():
        line = f"lm(formula = y ~ x, data = {shown})"
        assert line in str(mlm.lm("y ~ x", data(), data_name=name)).split("\n")
        assert line in str(mlm.lm("y ~ x", data()).summary(data_name=name)).split("\n")


def test_the_callers_variables_are_not_looked_at():
    pupils = data()
    assert named(mlm.lmer(FORMULA, pupils)) == []
    assert named(mlm.lmer(FORMULA, dict(pupils))) == []


def test_weights_and_offset_as_they_were_written():
    d = weighted()
    assert named(mlm.lmer(FORMULA, d, weights="1/w", offset="2*off")) == ["Weights: 1/w", " Offset: 2 * off"]
    assert named(mlm.lmer(FORMULA, d, weights=d["w"])) == ["Weights: w"]
    assert named(mlm.lmer(FORMULA, d, weights=d["w"].to_numpy())) == ["Weights: (values)"]
    assert named(mlm.lmer(FORMULA, d, offset=d["off"].rename("two words"))) == [" Offset: `two words`"]
    assert named(mlm.lmer(FORMULA + " + offset(off)", d)) == []


def test_a_comparison_names_the_data_that_all_models_name():
    small, large = (mlm.lmer(f, data(), data_name="pupils") for f in ("y ~ 1 + (1 | g)", FORMULA))
    assert "Data: pupils" in str(mlm.anova(small, large)).split("\n")
    assert "Data:" not in str(mlm.anova(small, mlm.lmer(FORMULA, data(), data_name="others")))
    assert "Data:" not in str(mlm.anova(small, mlm.lmer(FORMULA, data())))


@pytest.mark.parametrize("data_name", [3, ["d"], pd.DataFrame()])
def test_a_name_is_a_text(data_name):
    for fit in (mlm.lmer, mlm.lm):
        with pytest.raises(mlm.ArgumentError, match="data_name is what reports call the data, a text; got"):
            fit("y ~ x + (1 | g)" if fit is mlm.lmer else "y ~ x", data(), data_name=data_name)


def test_columns_left_out_are_said_of_refits_too():
    with pytest.warns(mlm.RankWarning):
        m = mlm.lmer("y ~ x + I(2*x) + I(3*x) + (1 | g)", data())
    assert m.frame.left_out == ("I(2 * x)", "I(3 * x)")
    said = ["fit warnings:", "fixed-effect model matrix is rank deficient so dropping 2 columns / coefficients"]
    for each in (m, m.refit(reml=False), m.refit(y=m.y + 1)):
        assert str(each.summary()).split("\n")[-2:] == said
        assert str(each).split("\n")[-2:] == said


def test_reml_in_both_spellings():
    by_likelihood = mlm.lmer(FORMULA, data(), reml=False)
    assert mlm.lmer(FORMULA, data()).reml
    assert not mlm.lmer(FORMULA, data(), REML=False).reml
    assert not mlm.lmer(FORMULA, data(), reml=False, REML=np.False_).reml
    assert by_likelihood.refit(REML=True).reml
    assert not by_likelihood.refit().reml
    with pytest.raises(mlm.ArgumentError, match="`reml` is True and `REML` is False: they mean the same, so give one"):
        mlm.lmer(FORMULA, data(), reml=True, REML=False)
    with pytest.raises(mlm.ArgumentError, match="`reml` is False and `REML` is True"):
        by_likelihood.refit(False, REML=True)
    with pytest.raises(mlm.ArgumentError, match=r"`REML` is True \(REML\) or False \(maximum likelihood\); got 'ML'"):
        mlm.lmer(FORMULA, data(), REML="ML")


def test_degrees_of_freedom_in_lmertests_spellings():
    m, linear = mlm.lmer(FORMULA, data()), mlm.lm("y ~ x", data())
    for name in ("Satterthwaite", "SATTERTHWAITE"):
        pd.testing.assert_frame_equal(m.coefficients(name), m.coefficients("satterthwaite"))
        assert str(m.summary(ddf=name)) == str(m.summary("satterthwaite"))
        pd.testing.assert_frame_equal(m.tidy(ddf=name), m.tidy(ddf="satterthwaite"))
    pd.testing.assert_frame_equal(m.coefficients("lme4"), m.coefficients())
    assert str(linear.summary("lme4")) == str(linear.summary())
    assert "t-tests use Kenward-Roger's method" in str(m.summary("Kenward-Roger"))
    with pytest.raises(mlm.ArgumentError, match="ddf must be None, 'satterthwaite' or 'kenward-roger'; got 'Kenward'"):
        m.summary("Kenward")
