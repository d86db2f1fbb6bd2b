"""Responses of generalized models: what each family takes, what it refuses, and how it says so."""

import warnings

import numpy as np
import pandas as pd
import pytest
from frames import kinds

import mlm

N = 12


def rows(**columns):
    rng = np.random.default_rng(4)
    return pd.DataFrame({"x": rng.normal(size=N), "y": np.resize([0, 1, 1, 0, 1], N), "w": 4 + np.arange(N)} | columns)


def fit(formula="y ~ x", data=None, family="binomial", **options):
    return mlm.glm(formula, rows() if data is None else data, family, **options)


def same(m, other):
    assert np.array_equal(m.outcome.values, other.outcome.values)
    assert np.array_equal(m.outcome.weights, other.outcome.weights)
    np.testing.assert_allclose(m.fixef, other.fixef, rtol=1e-12)


WORDS = np.where(rows().y == 1, "yes", "no")


@pytest.mark.parametrize(
    ("values", "success"),
    [
        (rows().y == 1, "TRUE"),
        ((rows().y == 1).tolist(), "TRUE"),
        (pd.array((rows().y == 1).tolist(), dtype="boolean"), "TRUE"),
        (WORDS, "yes"),
        (WORDS.astype(object), "yes"),
        (pd.Series(WORDS).astype("string"), "yes"),
        (pd.Categorical(WORDS), "yes"),
        (pd.Categorical(WORDS, ["unused", "no", "yes", "other"]), "yes"),
        (pd.Categorical(WORDS, ["no", "yes"], ordered=True), "yes"),
        (rows().y.astype(float), None),
        (rows().y.astype("Int64"), None),
        (rows().y.astype("int8"), None),
    ],
)
def test_two_outcomes_of_every_type(values, success):
    m = fit(data=rows(y=values))
    same(m, fit())
    assert m.outcome.success == success
    said = f"Success: y is {success}" in str(m.summary())
    assert said == (success is not None)


def test_the_first_level_is_failure():
    turned = fit(data=rows(y=pd.Categorical(WORDS, ["yes", "no"])))
    assert turned.outcome.success == "no"
    np.testing.assert_allclose(turned.fixef, -fit().fixef, rtol=1e-10)


@pytest.mark.parametrize("formula", ["y == 1 ~ x", "I(y > 0) ~ x", "factor(y) ~ x", "as.logical(y) ~ x"])
def test_expressions(formula):
    same(fit(formula), fit())


@kinds
def test_frames_of_every_kind(kind):
    columns = {
        "x": [0.5, 1.5, 2.5, 0.7, None, 2.0, 3.1], "won": [1, 3, None, 2, 2, 0, 4], "lost": [3, 1, 2, 2, 1, 5, 1],
        "flag": [True, False, True, None, True, False, True], "word": ["a", "b", "b", "a", "a", "b", None],
    }  # fmt: skip
    plain = pd.DataFrame(columns)
    for formula, used in [("cbind(won, lost) ~ x", [0, 1, 3, 5, 6]), ("flag ~ x", [0, 1, 2, 5, 6]), ("word ~ 1", 6)]:
        with pytest.warns(mlm.MissingRowsWarning):
            m = mlm.glm(formula, kind(columns))
        assert m.nobs == (used if isinstance(used, int) else len(used))
        if formula.startswith("cbind"):
            trials = (plain.won + plain.lost).iloc[used]
            assert m.outcome.weights.tolist() == trials.tolist()
            assert m.outcome.values.tolist() == (plain.won.iloc[used] / trials).tolist()


def test_shares_and_counts_are_one_model():
    data = rows(won=np.arange(N) % 5, tries=4 + np.arange(N))
    data["share"] = data.won / data.tries
    by_counts = fit("cbind(won, tries - won) ~ x", data)
    for weights in ("tries", data.tries, data.tries.to_numpy(), data.tries.tolist()):
        m = fit("share ~ x", data, weights=weights)
        np.testing.assert_allclose(m.fixef, by_counts.fixef, rtol=1e-12)
        assert m.loglik == pytest.approx(by_counts.loglik, rel=1e-13)
    single = data.loc[data.index.repeat(data.tries)].reset_index(drop=True)
    place = np.concatenate([np.arange(k) for k in data.tries])
    alone = fit("I(place < won) ~ x", single.assign(place=place))
    np.testing.assert_allclose(alone.fixef, by_counts.fixef, rtol=1e-10)


def test_row_order_does_not_matter():
    data = rows(won=np.arange(N) % 5, lost=1 + np.arange(N) % 3, o=np.linspace(0, 1, N))
    options = {"weights": "w", "offset": "o"}
    m = fit("cbind(won, lost) ~ x", data, **options)
    turned = fit("cbind(won, lost) ~ x", data[::-1], **options)
    np.testing.assert_allclose(turned.fixef, m.fixef, rtol=1e-10)
    assert turned.fitted.index.tolist() == data.index[::-1].tolist()
    by_values = fit("cbind(won, lost) ~ x", data, weights=data.w, offset=data.o.to_numpy())
    np.testing.assert_allclose(by_values.fixef, m.fixef, rtol=1e-14)


@pytest.mark.parametrize(
    ("formula", "family", "columns", "says"),
    [
        ("y ~ x", "binomial", {"y": np.resize(list("abc"), N)}, "category of 3 levels, a (4), b (4), c (4); a"),
        ("y ~ x", "binomial", {"y": np.resize(list("abc"), N)}, 'Say which is success: y == "c" ~'),
        ("y ~ x", "binomial", {"y": ["a"] * N}, "is the same in all 12 rows in use (a)"),
        ("y ~ x", "binomial", {"y": np.resize([1, 2], N)}, "6 rows of 12 with values that are outside of 0 to 1"),
        ("y ~ x", "binomial", {"y": np.resize([1, 2], N)}, "Say which is success: y == 2 ~"),
        ("y ~ x", "binomial", {"y": np.arange(N)}, "10 rows of 12 with values that are outside of 0 to 1; a binomial"),
        ("y ~ x", "binomial", {"y": np.arange(N)}, "(2 to 11). Numbers of successes are given with those of failures"),
        ("y ~ x", "binomial", {"y": pd.date_range("2020", periods=N)}, "holds dates"),
        ("cbind(x, y) ~ w", "binomial", {}, "negative numbers of successes"),
        ("cbind(y, y - 1) ~ w", "binomial", {}, "negative numbers of failures"),
        ("cbind(y, y - 1) ~ w", "binomial", {}, "(-1). The second column is failures, not trials"),
        ("cbind(y, 0 * y) ~ w", "binomial", {}, "5 rows of 12 with values that are neither successes nor failures"),
        ("cbind(y, 0 * y) ~ w", "binomial", {}, "(0). They tell nothing: leave them out, as R does without a word."),
        ("cbind(y, w, x) ~ 1", "binomial", {}, "makes 3 columns; a binomial one has two"),
        ("cbind(y, w) ~ x", "poisson", {}, "successes and failures are of family='binomial'"),
        ("y ~ x", "poisson", {"y": np.arange(N) - 2}, "2 rows of 12 with values that are negative; the poisson family"),
        ("y ~ x", "negative.binomial", {"y": np.arange(N) - 2}, "(-2 to -1)"),
        ("y ~ x", "poisson", {"y": np.resize(list("ab"), N)}, "is not numeric"),
        ("y ~ x", "Gamma", {}, "zero or negative; the Gamma family takes positive numbers (0)"),
        ("y ~ x", "inverse.gaussian", {}, "link='log'"),
        ("y ~ x", "gaussian", {"y": WORDS}, "is not numeric"),
        ("nothing ~ x", "poisson", {}, "nothing"),
    ],
)  # fmt: skip
def test_refusals(formula, family, columns, says):
    with pytest.raises(mlm.MlmError) as error:
        fit(formula, rows(**columns), family)
    assert says in str(error.value)


@pytest.mark.parametrize(
    ("formula", "family", "options", "says"),
    [
        ("I(y / 2) ~ x", "binomial", {}, "7 rows of 12 that are neither 0 nor 1. Of shares of successes the weights"),
        (
            "I(y / 2) ~ x",
            "binomial",
            {},
            "without them each row is one trial, and the likelihood its formula's",
        ),
        ("I(y / 2) ~ x", "binomial", {"weights": "w"}, "whose share times weight is not a whole number of successes"),
        ("cbind(y / 2, w) ~ x", "binomial", {}, "whose successes or failures are not whole numbers"),
        ("I(y / 2) ~ x", "poisson", {}, "7 rows of 12 that are not whole numbers. Counts for unequal times"),
        ("I(w / 2) ~ x", "negative.binomial", {}, "not whole numbers"),
    ],
)
def test_broken_counts_are_said(formula, family, options, says):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.ConvergenceWarning)
        with pytest.warns(mlm.ResponseWarning) as said:
            m = fit(formula, family=family, **options)
    assert says in str(said[0].message)
    assert np.isfinite(m.loglik)


def test_missing_rows_are_said():
    data = rows(won=np.resize([1.0, 2.0, np.nan], N), lost=2)
    with pytest.warns(mlm.MissingRowsWarning, match=r"4 of 12 rows have missing values .*won \(4\)"):
        assert fit("cbind(won, lost) ~ x", data).nobs == 8


def test_poisson_takes_truth_values_as_counts():
    assert fit(data=rows(y=rows().y == 1), family="poisson").y.tolist() == rows().y.tolist()


FRACTIONS = np.linspace(0.2, 2.5, N)


@pytest.mark.parametrize("weights", [FRACTIONS, FRACTIONS / 10, 3 * FRACTIONS, np.full(N, 0.5)])
@pytest.mark.parametrize("values", [rows().y, WORDS, rows().y == 1])
def test_weights_that_are_no_numbers_of_trials(values, weights):
    """A row counts by its weight, whole or not; R rounds."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.ResponseWarning)
        m = fit(data=rows(y=values), weights=weights)
    chance = np.where(m.outcome.values == 1, m.fitted, 1 - m.fitted)
    assert m.loglik == pytest.approx(float(np.sum(weights * np.log(chance))), rel=1e-12)
    assert -2 * m.loglik == pytest.approx(m.deviance, rel=1e-12)


@pytest.mark.parametrize("shift", [0.0, 0.3, -0.45])
def test_the_likelihood_is_never_above_that_of_a_mean_a_row(shift):
    """Also of shares that are of no whole number of successes."""
    data = rows(won=np.arange(N) % 5 + 0.4, lost=np.arange(N) % 3 + 0.7 + shift, share=np.linspace(0.01, 0.99, N))
    with pytest.warns(mlm.ResponseWarning):
        models = [fit("cbind(won, lost) ~ x", data), fit("share ~ x", data), fit("share ~ x", data, weights="w")]
    for m in models:
        assert -2 * m.loglik >= m.deviance


def test_success_is_a_plain_text():
    for values in (WORDS, pd.Categorical(WORDS), rows().y == 1, WORDS.astype(object)):
        assert type(fit(data=rows(y=values)).outcome.success) is str
    for formula in ("factor(y) ~ x", "cut(w, c(0, 9, 99)) ~ x", "ifelse(y == 1, 'u', 'v') ~ x"):
        assert type(fit(formula).outcome.success) is str
