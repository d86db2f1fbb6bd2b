"""Typical values of predictors and averaged design rows, by counting; `test_effect` compares the results with R."""

import numpy as np
import pytest
from rmodels import data

import mlm
from mlm.model.reference_grid import average_design, predictors


@pytest.fixture(scope="module", params=["lmer", "lm"])
def model(request):
    fixed = "y ~ x * f + C(h) + z"
    return mlm.lm(fixed, data()) if request.param == "lm" else mlm.lmer(f"{fixed} + (1 | g)", data())


def test_numbers_have_mean_and_range(model):
    x = predictors(model)["x"]
    assert (x.name, x.levels) == ("x", ())
    assert x.typical == pytest.approx(data()["x"].mean(), rel=1e-14)
    assert (x.low, x.high) == (data()["x"].min(), data()["x"].max())


def test_categories_have_levels_and_shares(model):
    found = predictors(model)
    assert list(found) == ["x", "f", "h", "z"]
    assert found["f"].levels == ("low", "mid", "high")
    assert found["h"].levels == tuple(sorted(set(data()["h"])))
    for name in "fh":
        shares = data()[name].value_counts(normalize=True)
        assert dict(zip(found[name].levels, found[name].shares, strict=True)) == pytest.approx(shares.to_dict())


def test_a_formula_without_categories():
    found = predictors(mlm.lm("y ~ x:z + x", data()))
    assert list(found) == ["x", "z"]
    assert found["z"].typical == pytest.approx(data()["z"].mean(), rel=1e-14)


def test_rows_are_those_of_the_data(model):
    found = predictors(model)
    for name in "xfh":
        assert found[name].values.tolist() == data()[name].tolist()


def test_a_column_of_codes_is_a_category_where_every_value_is_a_level():
    rows = data().assign(k=lambda d: d["h"].map({name: code for code, name in enumerate(sorted(set(d["h"])))}))
    assert predictors(mlm.lm("y ~ factor(k)", rows))["k"].levels == tuple(range(data()["h"].nunique()))
    # also where it is computed with as well; cut into intervals, it is a number
    assert predictors(mlm.lm("y ~ factor(k) + I(k * x)", rows))["k"].levels == tuple(range(data()["h"].nunique()))
    assert predictors(mlm.lm("y ~ cut(x, 3)", rows))["x"].levels == ()


def test_design_rows_are_averages_over_categories(model):
    known = predictors(model)
    held = {name: known[name] for name in "fhz"}
    grid, matrix = average_design(model, {"x": [0.0, 2.0]}, held)
    assert grid["x"].tolist() == [0.0, 2.0]
    expected = np.zeros((2, len(model.fixef)))
    for (f, h), count in data().groupby(["f", "h"], observed=True).size().items():
        del count  # shares are multiplied, as if the categories were independent
        share = (data()["f"] == f).mean() * (data()["h"] == h).mean()
        expected += share * model.design({"x": [0.0, 2.0], "f": [f] * 2, "h": [h] * 2, "z": [data()["z"].mean()] * 2})
    np.testing.assert_allclose(matrix, expected, rtol=1e-12, atol=1e-15)


def test_the_first_predictor_runs_fastest(model):
    known = predictors(model)
    grid, matrix = average_design(
        model, {"x": [0.0, 1.0, 2.0], "f": ["low", "high"]}, {name: known[name] for name in "hz"}
    )
    assert grid["x"].tolist() == [0.0, 1.0, 2.0] * 2
    assert grid["f"].tolist() == ["low"] * 3 + ["high"] * 3
    assert matrix.shape == (6, len(model.fixef))
    assert matrix[:, list(model.fixef.index).index("x:fhigh")].tolist() == [0, 0, 0, 0, 1, 2]


def test_refuses():
    with pytest.warns(mlm.RankWarning):
        dependent = mlm.lm("y ~ x + twice", data().assign(twice=2 * data()["x"]))
    with pytest.raises(mlm.FitError, match="twice was dropped"):
        predictors(dependent)
    # a column that is missing in rows in use
    rows = data().assign(gap=data()["z"].where(data()["z"] > 0))
    with pytest.raises(mlm.DataError, match=r"'gap' is missing in \d+ of the \d+ rows in use"):
        predictors(mlm.lm("y ~ x + is.na(gap)", rows))
