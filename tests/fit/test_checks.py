"""What is refused before and after a fit: one clear message that names the column or term, and a remedy."""

import warnings

import numpy as np
import pandas as pd
import pytest
from brute import STRUCTURES, data

import mlm


@pytest.mark.parametrize(
    ("formula", "error", "message"),
    [
        ("y ~ x + (1 | gg)", mlm.DataError, "no column 'gg', which the formula uses. Did you mean 'g'"),
        ("y ~ x", mlm.FormulaError, r"no random-effects term; add one such as '\(1 \| group\)', or use mlm\.lm"),
        ("y ~ x + (1 | one)", mlm.DataError, r"'one' has one level in the 96 rows used; .* Take '\(1 \| one\)' out"),
        ("y ~ x + (1 | row)", mlm.DataError, "'row' has 96 levels in 96 rows: every row is a level .* coarser"),
        ("y ~ x + (1 + x + z + k | c)", mlm.DataError, r"has 11\d random effects \(2\d levels x 4\) for 96 rows"),
        (
            "word ~ x + (1 | g)",
            mlm.DataError,
            "response .word. is not numeric: it is a category .a.; make numbers of it, such as whether it is one",
        ),
        ("y ~ endless + (1 | g)", mlm.DataError, "'endless' has 1 infinite values in its 96 rows"),
        ("y ~ empty + (1 | g)", mlm.DataError, r"all 96 rows have missing values, by column: empty \(96\)"),
        ("one ~ x + (1 | g)", mlm.DataError, "response 'one' is constant in the 96 rows used"),
        ("y ~ x + (1 + zero | g)", mlm.DataError, r"column 'zero' of the term '\(1 \+ zero \| g\)' is 0 in all rows"),
        ("y ~ x + (1 + one | g)", mlm.DataError, r"\(Intercept\), one of the term .* depend linearly .* drop one"),
        ("y ~ x + (x + z + I(x - z) | g)", mlm.DataError, "depend linearly on one another"),
        ("y ~ factor(g) + (1 | g)", mlm.FitError, r"account for all 13 levels of 'g'.* variance of '\(1 \| g\)'"),
        ("y ~ I(1 * y) + (1 | g)", mlm.FitError, "fit the response 'y' exactly: .* a copy of it, among the predictors"),
        ("twice ~ x + (1 | g)", mlm.FitError, "fit the response 'twice' exactly"),
        ("g ~ x + (1 | g)", mlm.FitError, "fits the response perfectly, or leaves less .* vary within the levels"),
        ("y ~ x + (1 | g", mlm.FormulaError, r"never closed.\n  y ~ x \+ \(1 \| g\n          \^"),
    ],
)
def test_bad_input(formula, error, message):
    frame = data().assign(one=1.0, zero=0.0, row=range(96), word="a", endless=[np.inf] + 95 * [1.0], empty=np.nan)
    frame["twice"] = 2.0 * frame["x"] + 3.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.MissingRowsWarning)
        with pytest.raises(error, match=message):
            mlm.lmer(formula, frame)


def test_more_predictors_than_rows():
    with pytest.warns(mlm.RankWarning), pytest.raises(mlm.DataError, match="8 rows for 8 fixed effects leave nothing"):
        mlm.lmer("y ~ poly(x, 5) * z + (1 | a)", data().iloc[::12])


@pytest.mark.parametrize("start", [[1.0], "a", [np.nan, 1.0, 1.0], 1.0, [1j, 0.0, 1.0], [True, False, True]])
def test_bad_start(start):
    with pytest.raises(mlm.ArgumentError, match="`start` must be 3 finite numbers"):
        mlm.lmer(STRUCTURES["one, slope"], data(), start=start)


def test_bad_options():
    with pytest.raises(mlm.ArgumentError, match=r"`reml` is True .* got 'ML'"):
        mlm.lmer("y ~ x + (1 | g)", data(), reml="ML")
    with pytest.raises(mlm.ArgumentError, match="no optimizer 'bobyqa'"):
        mlm.lmer("y ~ x + (1 | g)", data(), optimizer="bobyqa")
    with pytest.raises(mlm.FormulaError, match="is a string such as"):
        mlm.lmer(data(), "y ~ x + (1 | g)")


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_numbers_that_cannot_be_squared(scale):
    with np.errstate(all="ignore"), pytest.raises(mlm.MlmError, match="rescale"):
        mlm.lmer("y ~ x + (1 | g)", data().assign(y=lambda d: scale * d["y"]))


def test_numbers_too_large_to_be_squared():
    data = pd.DataFrame({"y": [1e160, 2e160, -1e160, 0.0, 5e160, 2e160], "g": list("aabbcc")})
    with pytest.raises(mlm.DataError, match="rescale"):
        mlm.lmer("y ~ 1 + (1 | g)", data)


@pytest.mark.parametrize("formula", ["same ~ x + (1 | g)", "same ~ 0 + x + (1 | g)"])
@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("value", [0.1, -1e9 - 0.1, 0.0])
def test_a_constant_response_is_refused_whatever_rounding_leaves_of_it(formula, weights, value):
    with pytest.raises(mlm.DataError, match="constant in the 96 rows"):
        mlm.lmer(formula, data().assign(same=value), weights=weights)


def test_a_response_that_is_constant_within_groups():
    data = pd.DataFrame({"y": np.repeat([1.0, 4.0, 2.0, 7.0], 5), "g": np.repeat(list("abcd"), 5)})
    with pytest.raises(mlm.FitError, match="perfectly"):
        mlm.lmer("y ~ 1 + (1 | g)", data)


@pytest.mark.parametrize("formula", ["y ~ x + (1 | g)", "y ~ x + (x | g)", "y ~ 1 + (x | g)", "y ~ 1 + (0 + x | g)"])
@pytest.mark.parametrize("scale", [1e-152, 1e-156, 1e-158, 1e-161, 1e-165])
def test_a_predictor_too_small_to_be_squared_is_refused(formula, scale):
    """As by `lm`; up to there, what is found does not depend on the unit."""
    small = data().assign(x=lambda d: scale * d["x"])
    if scale > 1e-154:
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            found = mlm.lmer(formula, small).coefficients()["t value"]
        np.testing.assert_allclose(found, mlm.lmer(formula, data()).coefficients()["t value"], rtol=1e-5)
    else:
        with pytest.raises(mlm.DataError, match=r"The column 'x' .*rescale it"):
            mlm.lmer(formula, small)
