"""Model matrices: R's names, transformations, and the same recipe on new data."""

import re
from contextlib import nullcontext

import numpy as np
import pandas as pd
import pytest

import mlm
from mlm.frame.coding import polynomial_contrasts
from mlm.frame.columns import Columns
from mlm.frame.evaluate import column_names
from mlm.frame.model_frame import model_frame
from mlm.frame.rank import dependent_columns
from mlm.frame.table import Table
from mlm.language.formula import parse


def rows(n=12):
    rng = np.random.default_rng(3)
    return pd.DataFrame(
        {
            "y": rng.normal(size=n),
            "x": rng.normal(size=n),
            "z": rng.uniform(1, 3, n),
            "f": np.resize(["mid", "high", "low"], n),
            "k": np.resize([3, 1, 2, 1], n),
            "b": np.arange(n) % 2 == 0,
            "g": np.repeat(np.arange(3), n // 3),
        }
    )


def design(formula, frame=None):
    used = model_frame(f"y ~ {formula} + (1 | g)", rows() if frame is None else frame)
    return used.x_design, pd.DataFrame(used.x, columns=used.x_names)


@pytest.mark.parametrize(
    ("formula", "names"),
    [
        ("x + z", ["(Intercept)", "x", "z"]),
        ("0 + x", ["x"]),
        ("x * z", ["(Intercept)", "x", "z", "x:z"]),
        ("f", ["(Intercept)", "flow", "fmid"]),
        ("0 + f", ["fhigh", "flow", "fmid"]),
        ("b", ["(Intercept)", "bTRUE"]),
        ("x * f", ["(Intercept)", "x", "flow", "fmid", "x:flow", "x:fmid"]),
        ("f:x", ["(Intercept)", "fhigh:x", "flow:x", "fmid:x"]),
        ("factor(k)", ["(Intercept)", "factor(k)2", "factor(k)3"]),
        ("C(k) + log(z)", ["(Intercept)", "C(k)2", "C(k)3", "log(z)"]),
    ],
)
def test_columns_are_named_as_in_r(formula, names):
    assert list(design(formula)[1].columns) == names


def test_values_of_coded_and_numeric_columns():
    frame, (_, x) = rows(), design("x * f + b + I(z^2)")
    assert (x["fmid"] == (frame["f"] == "mid")).all()
    assert (x["x:flow"] == frame["x"] * (frame["f"] == "low")).all()
    # the square of a number near 2
    np.testing.assert_allclose(x["I(z^2)"], frame["z"] ** 2, rtol=1e-15)
    assert (design("x:z")[1]["x:z"] == frame["x"] * frame["z"]).all()


def test_an_interaction_of_two_factors_spans_all_their_cells():
    frame = rows(36).assign(k=np.arange(36) // 12)
    used = model_frame("y ~ f:factor(k) + (1 | g)", frame)
    cells = pd.get_dummies(frame["f"] + frame["k"].astype(str)).to_numpy(float)
    both = np.column_stack([used.x, cells])
    # as in R, indicators of all cells stand beside the intercept; the fit drops the last
    assert used.x.shape[1] == 10
    assert np.linalg.matrix_rank(used.x) == np.linalg.matrix_rank(both) == 9


@pytest.mark.parametrize(
    "formula",
    [
        "x + z",
        "x * z",
        "x * f",
        "f + factor(k)",
        "scale(x) + center(z)",
        "poly(x, 2)",
        "bs(z, df=4)",
        "log(z) + I(x^2)",
    ],
)
def test_the_recipe_gives_the_same_rows_again(formula):
    """Means, polynomials and splines are those of the fit; a subset of categories keeps its columns."""
    recipe, x = design(formula)
    some = rows().iloc[[4, 1]].drop(columns=["y", "g"])
    used = model_frame(f"y ~ {formula} + (1 | g)", rows()).x_design.replay(Table.of(some))
    assert list(used.names) == list(x.columns) == list(recipe.names)
    # splines are evaluated by another path of the same recursion
    np.testing.assert_allclose(used.matrix(), x.iloc[[4, 1]], rtol=1e-13, atol=1e-14)


def test_categories_keep_the_coding_of_the_fit():
    model = mlm.lm("y ~ f", rows())
    new = pd.DataFrame({"f": pd.Categorical(["low", "mid"], ["mid", "low"])})
    assert model.design(new).to_numpy().tolist() == [[1, 1, 0], [1, 0, 1]]


@pytest.mark.parametrize("values", [["low", "tall"], ["low", "tall", None]])
def test_categories_that_the_fit_has_not_seen(values):
    with pytest.raises(mlm.DataError, match=r"categories that the fit has not seen: .*'tall'"):
        mlm.lm("y ~ f", rows()).predict({"f": values})
    with pytest.raises(
        mlm.DataError, match=r"'factor\(k\)' has categories that the fit has not seen: '9'; it knew '1', '2'"
    ):
        mlm.lm("y ~ factor(k)", rows()).predict({"k": [1, 9]})


@pytest.mark.parametrize("formula", ["y ~ x + z", "y ~ f + x", "y ~ log(z) + x"])
def test_new_data_without_a_column(formula):
    with pytest.raises(mlm.DataError, match=r"new data have no column 'x', which the model uses.* 'X'"):
        mlm.lm(formula, rows()).predict(rows().rename(columns={"x": "X"}))


def test_new_data_with_words_for_numbers():
    with pytest.raises(mlm.DataError, match=r"'x' of the new data .* numbers then, text \('a', 'b'\) now"):
        mlm.lm("y ~ x", rows()).predict({"x": ["a", "b"]})


@pytest.mark.parametrize("formula", ["y ~ x", "y ~ x + f"])
def test_missing_values_in_new_data_give_missing_predictions(formula):
    new = rows().head(3).assign(x=[1.0, np.nan, 2.0])
    assert mlm.lm(formula, rows()).predict(new).isna().tolist() == [False, True, False]


def test_a_term_that_cannot_be_computed():
    with pytest.raises(mlm.FormulaError, match=r"cannot call 'nope': there is no such function"):
        design("nope(x)")


def test_columns_are_built_in_pieces_and_picked():
    one, x, z = np.broadcast_to(1.0, (4,)), np.arange(4.0), np.array([2.0, 3.0, 5.0, 7.0])
    columns = Columns(("(Intercept)", "x", "x:z"), ((one,), (x,), (x, z)), 4)
    assert columns.matrix().tolist() == [[1, 0, 0], [1, 1, 3], [1, 2, 10], [1, 3, 21]]
    out = np.empty((3, 2))
    columns.fill(out, 1, 3)
    assert out.T.tolist() == [[1, 1, 3], [1, 2, 10]]
    assert columns.select([2, 0]).matrix().tolist() == [[0, 1], [3, 1], [10, 1], [21, 1]]
    assert [columns.is_one(k) for k in range(3)] == [True, False, False]


def test_dependent_columns_are_those_to_the_right():
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 30))
    one = np.ones(30)
    assert dependent_columns(np.column_stack([one, a, b])) == []
    assert dependent_columns(np.column_stack([one, a, 2 * a - 3, b, b + a])) == [2, 4]
    assert dependent_columns(np.column_stack([one, 0 * a, b])) == [1]
    assert dependent_columns(np.column_stack([one, 1e5 + a, 1e-9 * b])) == []
    # more columns than rows: the first 3 do
    assert dependent_columns(rng.normal(size=(3, 5))) == [3, 4]


def test_variables_are_the_columns_behind_a_formula():
    fixed = parse("y ~ `a b` + log(`x.1` + pi) + bs(z, df=d) + C(f, contr.treatment) + T + (1 | g)").fixed
    assert column_names(fixed.variables, {}, {}) == ["a b", "x.1", "z", "d", "f"]
    # a name that means something is a column where there is one
    assert column_names(fixed.variables, {}, {"T", "pi"}) == ["a b", "x.1", "pi", "z", "d", "f", "T"]


@pytest.mark.parametrize("levels", [3, 30, 95, 200])
def test_polynomial_contrasts_are_orthonormal_whatever_their_number(levels):
    """R's up to 95 levels, where it stops: `tests/reference/functions.json` has four of them."""
    contrasts = polynomial_contrasts(levels)
    np.testing.assert_allclose(contrasts.T @ contrasts, np.eye(levels - 1), atol=1e-13)
    assert abs(contrasts.sum(axis=0)).max() < 1e-12
    # of degree k: k changes of sign, and the last value is positive
    assert (np.diff(np.sign(contrasts[:, :3]), axis=0) != 0).sum(axis=0)[0] >= 1
    assert (contrasts[-1, :20] > 0).all()


def test_labelled_contrasts_are_taken_by_label():
    frame = rows().assign(f=np.resize(["a", "b", "c"], 12))
    matrix = pd.DataFrame([[1.0, 0.0], [-1.0, -1.0], [0.0, 1.0]], index=["b", "a", "c"])
    by_label = mlm.lm("y ~ f", frame, contrasts={"f": matrix})
    plain = mlm.lm("y ~ f", frame, contrasts={"f": matrix.loc[["a", "b", "c"]].to_numpy()})
    assert by_label.fixef.tolist() == plain.fixef.tolist()
    with pytest.raises(mlm.ArgumentError, match=r"labelled b, a, typo; its levels are a, b, c"):
        mlm.lm("y ~ f", frame, contrasts={"f": matrix.set_axis(["b", "a", "typo"])})


def test_a_chosen_reference_stays_when_a_level_is_lost():
    frame = rows().assign(f=pd.Categorical(np.resize(["a", "b", "c"], 12), list("abcd")))
    names = mlm.lm("y ~ C(f, Treatment('b'))", frame).fixef.index.tolist()
    assert names == ["(Intercept)", 'C(f, Treatment("b"))a', 'C(f, Treatment("b"))c']


def test_columns_are_counted_before_they_are_made():
    many = pd.DataFrame({"y": np.arange(20_000.0), "s": [f"s{k}" for k in range(20_000)]})
    with pytest.raises(mlm.DataError, match=r"makes 20,000 columns or more for 20,000 rows"):
        mlm.lm("y ~ s", many)


def test_a_term_taken_out_is_looked_for():
    with pytest.raises(mlm.DataError, match="no column 'nosuch'"):
        mlm.lm("y ~ x - nosuch", rows())
    assert mlm.lm("y ~ x - z", rows()).fixef.index.tolist() == ["(Intercept)", "x"]


def test_one_contrast_is_completed_as_in_r():
    """R: contrasts.arg = list(f = c(1, 0, -1)) makes two columns, list(f = cbind(c(1, 0, -1))) one."""
    frame = rows().assign(f=np.resize(["a", "b", "c"], 12))
    both = model_frame("y ~ f", frame, contrasts={"f": [1, 0, -1]})
    assert both.x_names == ("(Intercept)", "f1", "f2")
    r = [[1, 0.408248290463863], [0, -0.816496580927726], [-1, 0.408248290463863]]
    np.testing.assert_allclose(both.x[:3, 1:], r, atol=1e-14)
    one = model_frame("y ~ f", frame, contrasts={"f": [[1], [0], [-1]]})
    assert one.x_names == ("(Intercept)", "f1")
    np.testing.assert_array_equal(one.x[:3, 1], [1, 0, -1])


@pytest.mark.parametrize(
    ("matrix", "words"),
    [
        ([1, np.nan, -1], r"1 of the 3 numbers in the contrast matrix of 'f' are missing or infinite"),
        (
            [[1, 0], [0, np.inf], [np.nan, 1]],
            r"2 of the 6 numbers in the contrast matrix of 'f' are missing or infinite",
        ),
        ([1, 1, 1], r"contrast matrix of 'f' do not tell its levels apart"),
        ([1, -1], r"one row for each of its 3 levels and at most 2 columns; got shape \(2,\)"),
        ({"a": 1}, r"is made of real numbers, one row for each of its 3 levels; got dict"),
        ([["p"], ["q"], ["r"]], r"is made of real numbers, one row for each of its 3 levels; got list"),
    ],
)
def test_contrasts_that_are_none(matrix, words):
    with pytest.raises(mlm.ArgumentError, match=words):
        mlm.lm("y ~ f", rows(), contrasts={"f": matrix})


def test_contrasts_in_the_formula_are_those_beside_it():
    frame = rows().assign(f=np.resize(["a", "b", "c"], 12))
    inside = mlm.lm("y ~ C(f, cbind(c(1, 0, -1), c(0, 1, -1))) * x", frame)
    beside = mlm.lm("y ~ f * x", frame, contrasts={"f": np.array([[1, 0], [0, 1], [-1, -1]])})
    np.testing.assert_allclose(inside.fixef, beside.fixef, rtol=1e-12)
    new = frame.iloc[[1, 5]].drop(columns="y")
    np.testing.assert_allclose(inside.predict(new), beside.predict(new), rtol=1e-12)


def test_combinations_that_occur_are_those_of_the_fit():
    frame = rows().assign(f=np.resize(["a", "b", "c"], 12), h=np.resize(["p", "q"], 12))
    few = frame[~((frame.f == "b") & (frame.h == "q"))]
    m = mlm.lm("y ~ interaction(f, h, drop = TRUE)", few)
    assert [name.rpartition(")")[2] for name in m.fixef.index[1:]] == ["b.p", "c.p", "a.q", "c.q"]
    np.testing.assert_allclose(m.fitted, few.y.groupby([few.f, few.h]).transform("mean"), rtol=1e-12)
    with pytest.raises(mlm.DataError, match=r"has categories that the fit has not seen: 'b\.q'"):
        m.predict({"f": ["b"], "h": ["q"]})


def test_quantiles_are_those_of_the_fit():
    frame = rows(60)
    m = mlm.lm("y ~ cut(x, quantile(x), include.lowest = TRUE)", frame)
    assert len(m.fixef) == 4
    row = frame.iloc[[7]]
    assert m.predict(row).iloc[0] == pytest.approx(m.fitted.iloc[7])


def test_arithmetic_on_several_columns_is_replayed():
    frame = rows(60)
    m, plain = mlm.lm("y ~ I(2 * poly(x, 2)) + f", frame), mlm.lm("y ~ poly(x, 2) + f", frame)
    np.testing.assert_allclose(m.fixef.iloc[1:3] * 2, plain.fixef.iloc[1:3], rtol=1e-10)
    new = {"x": [0.3, -2.0], "f": ["low", "mid"]}
    np.testing.assert_allclose(m.predict(new), plain.predict(new), rtol=1e-10)


def test_a_column_called_t_is_no_truth_value():
    frame = rows().assign(T=1.5)
    with pytest.raises(
        mlm.DataError, match=r"raw is TRUE or FALSE, and here it is numbers: a name such as T is the col"
    ):
        mlm.lm("y ~ poly(x, 2, raw = T)", frame)
    assert len(mlm.lm("y ~ poly(x, 2, raw = TRUE)", frame).fixef) == 3


@pytest.mark.parametrize(
    ("response", "remedy"),
    [
        ("f", r'make numbers of it, such as whether it is one of them: I\(f == "mid"\)'),
        ("factor(f)", r'whether it is one of them: I\(factor\(f\) == "mid"\)'),
        ("factor(k)", r"is a category \(1, 2, 3\); write as\.numeric\(as\.character\(factor\(k\)\)\)"),
    ],
)
def test_a_category_as_response(response, remedy):
    with pytest.raises(mlm.DataError, match=remedy):
        mlm.lm(f"{response} ~ x", rows())
    code = re.search(r"(I\(.*\"\)|as\.numeric\(.*\))$", remedy.replace("\\", ""))[0]
    with pytest.warns(mlm.ResponseWarning) if code.startswith("I(") else nullcontext():
        assert np.isfinite(mlm.lm(f"{code} ~ x", rows()).fixef).all()


def test_a_category_of_two_as_response():
    """The message has the call of the model that it is the response of, and of the linear one of 0 and 1."""
    data = rows()[lambda d: d.f != "low"]
    with pytest.raises(mlm.DataError, match=r"a category \(high, mid\)\. Did you mean mlm\.glm\('f ~ x', data, family"):
        mlm.lm("f ~ x", data)
    with pytest.raises(
        mlm.DataError, match=r"Did you mean mlm\.glmer\('f ~ x \+ \(1 \| g\)', data, family='binomial'\)"
    ):
        mlm.lmer("f ~ x + (1 | g)", data)
    with pytest.raises(mlm.DataError, match=r'write as\.numeric\(f == "mid"\) ~'):
        mlm.lm("f ~ x", data)
    linear = mlm.lm('as.numeric(f == "mid") ~ x', data)
    with pytest.warns(mlm.ResponseWarning, match=r"b' is True or False.*Did you mean mlm\.glm\('b ~ x', data"):
        mlm.lm("b ~ x", data)
    assert linear.y.tolist() == (data.f == "mid").astype(float).tolist()


def test_two_columns_as_response_of_a_linear_model():
    with pytest.raises(mlm.DataError, match=r"makes 2 columns; .*Did you mean mlm\.glmer\('cbind\(k, x\) ~"):
        mlm.lmer("cbind(k, x) ~ 1 + (1 | g)", rows())
