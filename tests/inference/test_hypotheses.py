"""Hypotheses as they are written: texts, names, numbers; and what is said of those that are none."""

import numpy as np
import pandas as pd
import pytest

import mlm
from mlm.inference.hypotheses import hypotheses

NAMES = ["(Intercept)", "x", "x1", "Ab", "Ab:x", "`my x`", "poly(z, 2)1", "I(x^2)", "B=uTRUE", "factor(q)-1"]


def row(**weights):
    return [weights.get(name, 0.0) for name in "abcdefghij"[: len(NAMES)]]


@pytest.mark.parametrize(
    ("text", "weights", "value"),
    [
        ("x", row(b=1), 0),
        ("x = 0", row(b=1), 0),
        ("x == 2", row(b=1), 2),
        ("x1 - x = 0", row(c=1, b=-1), 0),
        ("2 * x = x1 / 4 + 3", row(b=2, c=-0.25), 3),
        ("-(x - 2 * (x1 + 1)) = 0", row(b=-1, c=2), -2),
        ("(Intercept) + Ab:x", row(a=1, e=1), 0),
        ("`(Intercept)` = 1e-3", row(a=1), 1e-3),
        ("`Ab:x` - Ab = 0", row(e=1, d=-1), 0),
        ("`my x` = x", row(f=1, b=-1), 0),
        ("poly(z,2)1 = poly(z, 2)1 * 3", row(g=-2), 0),
        ("`poly(z, 2)1`", row(g=1), 0),
        ("I(x^2) - I( x ^ 2 )/2", row(h=0.5), 0),
        ("B=uTRUE = 0.5", row(i=1), 0.5),
        ("factor(q)-1 - 1 = 0", row(j=1), 1),
    ],
)
def test_texts(text, weights, value):
    found = hypotheses(text, 0.0, NAMES)
    assert found.weights.tolist() == [weights]
    assert found.values.tolist() == [value]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("z = 0", r"There is no coefficient 'z'; there are \(Intercept\), x, x1, Ab"),
        ("x = 1 = 2", "has two sides, such as 'x1 - x2 = 0'; got 'x = 1 = 2'"),
        ("", "has two sides"),
        ("x =", "has two sides"),
        ("1 = 2", "is about no coefficient"),
        ("x - x = 0", "is about no coefficient"),
        ("x * x1 = 0", r"'x \* x1' is not a weighted sum|'`x` \* `x1`' is not a weighted sum"),
        ("1 / x = 2", "is not a weighted sum of coefficients"),
        ("x / 0 = 2", "is not a weighted sum of coefficients"),
        ("log(x) = 0", r"There is no coefficient 'log\(`?x`?\)'"),
        ("x + = 0", "cannot be read: something is missing before the end"),
        ("my x = 0", "stands in backticks"),
        ("__import__('os')", "There is no coefficient"),
    ],
)
def test_what_is_no_hypothesis(text, why):
    with pytest.raises(mlm.ArgumentError, match=why):
        hypotheses(text, 0.0, NAMES)


def test_other_forms_say_the_same():
    want = hypotheses(["x - 2 * x1 = 0", "Ab = 0"], [1.0, 0.0], NAMES)
    weights = [row(b=1, c=-2), row(d=1)]
    frame = pd.DataFrame([{"x": 1.0, "x1": -2.0, "Ab": 0.0}, {"x": 0.0, "x1": 0.0, "Ab": 1.0}])
    for given in (weights, np.array(weights), [{"x": 1, "x1": -2}, {"Ab": 1}], frame, [weights[0], "Ab"]):
        found = hypotheses(given, [1.0, 0.0], NAMES)
        assert found.weights.tolist() == want.weights.tolist()
        assert found.values.tolist() == want.values.tolist() == [1.0, 0.0]
    assert hypotheses({"x": 1, "x1": -2}, 0.0, NAMES).names == ("x - 2 * x1",)
    assert hypotheses(pd.Series({"`my x`": 1.0}), 0.0, NAMES).names == ("`my x`",)


def test_numbers_that_are_not_as_many_as_coefficients():
    for given, why in (([1, 2], r"one number a coefficient: 10 .* got shape \(2,\)"), ([np.nan] * 10, "10 missing")):
        with pytest.raises(mlm.DataError, match=why):
            hypotheses(given, 0.0, NAMES)
    with pytest.raises(mlm.DataError, match="one for each of 2 hypotheses"):
        hypotheses(["x", "x1"], [1, 2, 3], NAMES)
    with pytest.raises(mlm.ArgumentError, match="There is no hypothesis"):
        hypotheses([], 0.0, NAMES)


ROWS = {
    "y": [1.0, 2.2, 4.1, 5.0, 7.3, 9.0, 3.0, 4.4],
    "x": [0, 1, 0, 1, 0, 1, 2, 1],
    "z": [1, 1, 2, 0, 3, 1, 0, 2],
    "g": list("aabbccdd"),
}


def test_one_is_tested_by_t_and_several_by_f():
    for m in (mlm.lmer("y ~ x + z + (1 | g)", ROWS), mlm.lm("y ~ x + z", ROWS)):
        table = m.coefficients() if isinstance(m, mlm.LinearModel) else m.coefficients(ddf="satterthwaite")
        one = mlm.contest(m, "x = 0").frame
        assert one["t value"].iloc[0] == pytest.approx(table.loc["x", "t value"], rel=1e-12)
        assert one["Pr(>|t|)"].iloc[0] == pytest.approx(table.loc["x", "Pr(>|t|)"], rel=1e-9)
        together = mlm.contest(m, "x = 0", joint=True).frame
        assert together["F value"].iloc[0] == pytest.approx(one["t value"].iloc[0] ** 2, rel=1e-9)
        assert together["DenDF"].iloc[0] == pytest.approx(one["df"].iloc[0], rel=1e-9)
        several = mlm.contest(m, ["x = 0", "z = 0", "x - z = 0"])
        assert several.frame["NumDF"].tolist() == [2]
        assert (several.frame.to_numpy() == mlm.contest(m, ["x", "z", "x - z"]).frame.to_numpy()).all()
        each = mlm.contest(m, ["x = 0", "z = 1"], joint=False).frame
        assert list(each.index) == ["x = 0", "z = 1"]
        moved = mlm.contest(m, "z", rhs=1.0).frame
        assert moved["t value"].iloc[0] == each["t value"].iloc[1]


@pytest.mark.parametrize("given", [5, None, 2.5, [1.0, "x"], object()])
def test_single_values_are_no_hypotheses(given):
    with pytest.raises(mlm.ArgumentError, match="A hypothesis is a text such as 'x1 - x2 = 0'"):
        hypotheses(given, 0.0, NAMES)


def test_hypotheses_that_contradict_each_other():
    m = mlm.lm("y ~ x + z", ROWS)
    with pytest.raises(mlm.FitError, match="contradict each other: x = 1; 2 \\* x = 1"):
        mlm.contest(m, ["x = 1", "2 * x = 1"])
    assert mlm.contest(m, ["x = 1", "2 * x = 2"]).frame["NumDF"].tolist() == [1]


@pytest.mark.parametrize("given", ["0 * x", {}, {"x": 0}, [0, 0], [[0, 1], [0, 0]], [{"x": 1}, {}]])
def test_zeros_are_no_hypothesis(given):
    for m in (mlm.lmer("y ~ x + (1 | g)", ROWS), mlm.lm("y ~ x", ROWS)):
        with pytest.raises(mlm.ArgumentError, match="is about no coefficient"):
            mlm.contest(m, given)


@pytest.mark.parametrize("size", [1e300, 1e-300, 1e155, 1e-170])
def test_weights_of_any_size_are_tested(size):
    for m in (mlm.lmer("y ~ x + (1 | g)", ROWS), mlm.lm("y ~ x", ROWS)):
        for ddf in ("satterthwaite", "kenward-roger") if isinstance(m, mlm.MixedModel) else (None,):
            one, other = (mlm.contest(m, {"x": w}, ddf).frame.iloc[0] for w in (1.0, size))
            columns = ["df", "t value", "Pr(>|t|)"]
            np.testing.assert_allclose(other[columns].astype(float), one[columns].astype(float), rtol=1e-10)
            assert other["Estimate"] == pytest.approx(size * one["Estimate"], rel=1e-12)
            assert other["upper"] == pytest.approx(size * one["upper"], rel=1e-12)
            rows = ({"x": 1.0}, "(Intercept)"), ({"x": size}, "(Intercept)")
            one, other = (mlm.contest(m, list(each), ddf).frame["F value"].iloc[0] for each in rows)
            assert other == pytest.approx(one, rel=1e-9)


def test_marks_of_coefficients_cannot_be_typed():
    for text in ("`#1` = 0", "`##0` + `#1`"):
        with pytest.raises(mlm.ArgumentError, match=r"There is no coefficient '##?[01]'; there are"):
            hypotheses(text, 0.0, NAMES)
    with pytest.raises(mlm.ArgumentError, match="cannot be read") as refused:
        hypotheses("x + x1 x = 0", 0.0, NAMES)
    assert "#" not in str(refused.value)
    with pytest.raises(mlm.ArgumentError, match=r"'x \* x1' is not a weighted sum"):
        hypotheses("x * x1", 0.0, NAMES)


def test_a_series_of_texts_is_a_list():
    found = hypotheses(pd.Series(["x = 1", "x1"]), 0.0, NAMES)
    assert found.names == ("x = 1", "x1")
    assert found.values.tolist() == [1.0, 0.0]


@pytest.mark.parametrize("make", [dict, pd.Series])
def test_right_sides_with_names_are_told_by_them(make):
    for given in (["x", "x1"], ["x1", "x"]):
        found = hypotheses(given, make({"x1": 2.0, "x": -1.0}), NAMES)
        assert dict(zip(found.names, found.values.tolist(), strict=True)) == {"x": -1.0, "x1": 2.0}
    found = hypotheses([{"x": 1, "x1": -1}, "x = 3"], make({"x = 3": 0.5, "x - x1": 7.0}), NAMES)
    assert found.values.tolist() == [7.0, 3.5]
    for wrong in ({"x": 1.0}, {"x": 1.0, "Ab": 2.0}, {"x": 1.0, "x1": 2.0, "Ab": 3.0}):
        with pytest.raises(mlm.DataError, match=r"`rhs` has the names .*; the hypotheses are x, x1"):
            hypotheses(["x", "x1"], make(wrong), NAMES)


def test_right_sides_of_rows_of_numbers_are_in_their_order():
    rows = np.eye(len(NAMES))[[3, 1]]
    assert hypotheses(rows, pd.Series({"x": 1.0, "Ab": 2.0}), NAMES).values.tolist() == [1.0, 2.0]
    assert hypotheses(["x", "x1"], pd.Series([1.0, 2.0], index=[7, 3]), NAMES).values.tolist() == [1.0, 2.0]
    with pytest.raises(mlm.DataError, match="the hypotheses are"):
        hypotheses(rows, {"x": 1.0, "Ab": 2.0}, NAMES)


def test_a_model_without_coefficients_says_so():
    with pytest.raises(mlm.ArgumentError, match="There is no coefficient 'x'; the model has none"):
        hypotheses("x", 0.0, [])


def test_without_residuals_there_is_no_test():
    two = {name: values[:3] for name, values in ROWS.items()}
    m = mlm.lm("y ~ x + z", two)
    assert m.df_resid == 0
    assert np.isnan(mlm.contest(m, ["x", "z"]).frame.loc["x; z", ["F value", "DenDF", "Pr(>F)"]]).all()
    assert np.isnan(mlm.contest(m, "x").frame.loc["x", ["Std. Error", "df", "t value", "Pr(>|t|)"]]).all()


def test_wrong_options():
    m = mlm.lmer("y ~ x + (1 | g)", ROWS)
    with pytest.raises(mlm.ArgumentError, match="`joint` is True, False or None"):
        mlm.contest(m, "x", joint="yes")
    with pytest.raises(mlm.ArgumentError, match="level must lie between"):
        mlm.contest(m, "x", level=95)
    with pytest.raises(mlm.ArgumentError, match="ddf must be None, 'satterthwaite' or 'kenward-roger'"):
        mlm.contest(m, "x", ddf="exact")
    with pytest.raises(mlm.ArgumentError, match="Tests need degrees of freedom"):
        mlm.contest(m, "x", ddf="lme4")
    with pytest.raises(mlm.ArgumentError, match=r"a model that mlm\.lmer, mlm\.glmer, mlm\.lm or mlm\.glm has fitted"):
        mlm.contest(ROWS, "x")
