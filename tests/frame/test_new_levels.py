"""Categories inside of expressions, on new rows: no level in common is refused, some new ones are what they are."""

import numpy as np
import pandas as pd
import pytest

import mlm

rng = np.random.default_rng(5)
N = 60
DATA = pd.DataFrame(
    {
        "x": rng.normal(size=N).round(2),
        "f": rng.choice(list("abc"), N),
        "h": rng.choice(list("uv"), N),
        "q": rng.choice(["1", "2", "10"], N),
        "k": rng.integers(1, 4, N),
        "g": np.repeat(np.arange(10), 6),
        "o": pd.Categorical(rng.choice(["lo", "mid", "hi"], N), ["lo", "mid", "hi"], ordered=True),
    }
)
DATA["y"] = DATA["x"] + (DATA["f"] == "a") + rng.normal(size=10)[DATA["g"]] + rng.normal(size=N)
UPPER = DATA.assign(f=DATA["f"].str.upper())

EXPRESSIONS = [
    'y ~ I(f %in% c("a", "b"))', 'y ~ I(f == "a")', 'y ~ I(f != "a")', 'y ~ factor(f, levels = c("a", "b", "c"))',
    'y ~ ifelse(f == "a", x, 0)', 'y ~ as.numeric(f == "a")', 'y ~ I(as.character(f) == "a")', "y ~ interaction(f, h)",
    'y ~ I(!(f %in% "b" & h == "u"))', "y ~ ifelse(f == h, 0, x)", "y ~ C(f, sum)", 'y ~ relevel(factor(f), "b")',
    'y ~ x:I(f == "a")', 'y ~ x + offset(ifelse(f == "a", 1, 0))',
]  # fmt: skip


@pytest.mark.parametrize("formula", EXPRESSIONS)
@pytest.mark.parametrize("kind", ["str", "category", "padded"])
def test_no_level_in_common_is_refused(formula, kind):
    model = mlm.lm(formula, DATA if kind != "category" else DATA.assign(f=DATA["f"].astype("category")))
    new = UPPER if kind == "str" else DATA.assign(f=" " + DATA["f"])
    new = UPPER.assign(f=UPPER["f"].astype("category")) if kind == "category" else new
    with pytest.raises(
        mlm.DataError, match=r"column 'f' of the new data has no level in common .* 'a', 'b', 'c', and now"
    ):
        model.predict(new)
    np.testing.assert_allclose(model.predict(DATA), model.fitted)


@pytest.mark.filterwarnings("ignore::mlm.errors.SingularFitWarning")
def test_in_a_random_term_and_in_an_offset_argument():
    model = mlm.lmer('y ~ x + (0 + I(f == "a") | g)', DATA)
    with pytest.raises(mlm.DataError, match="no level in common"):
        model.predict(UPPER)
    shifted = mlm.lmer("y ~ x + (1 | g)", DATA, offset='ifelse(f == "a", 1, 0)')
    with pytest.raises(mlm.DataError, match="no level in common"):
        shifted.predict(UPPER)


def test_words_of_numbers_written_otherwise():
    model = mlm.lm('y ~ I(q == "1")', DATA)
    with pytest.raises(mlm.DataError, match=r"'q' .* '1', '10', '2', and now there are '1.0', '10.0', '2.0'"):
        model.predict(DATA.assign(q=DATA["q"] + ".0"))


def test_some_new_levels_are_other_than_those_that_are_named():
    new = DATA.assign(f=np.where(np.arange(N) < 5, "z", DATA["f"]))
    for formula, plain in (('y ~ I(f %in% c("a", "b"))', ("a", "b")), ('y ~ I(f == "a")', ("a",))):
        model = mlm.lm(formula, DATA)
        truth = mlm.lm("y ~ t", DATA.assign(t=DATA["f"].isin(plain)))
        np.testing.assert_allclose(model.predict(new), truth.predict(new.assign(t=new["f"].isin(plain))))


def test_labels_that_are_read_and_groups_may_all_be_new():
    new = DATA.assign(q="7")
    number = mlm.lm("y ~ n", DATA.assign(n=DATA["q"].astype(float)))
    for formula in ("y ~ as.numeric(q)", "y ~ as.numeric(as.character(factor(q)))"):
        np.testing.assert_allclose(mlm.lm(formula, DATA).predict(new), number.predict(DATA.assign(n=7.0)))
    own = mlm.lm("y ~ number(q)", DATA, functions={"number": lambda words: words.astype(float)})
    np.testing.assert_allclose(own.predict(new), number.predict(DATA.assign(n=7.0)))
    grouped = mlm.lmer("y ~ x + (1 | factor(f))", DATA)
    population = grouped.predict(UPPER, new_levels="population")
    np.testing.assert_allclose(population, grouped.predict(UPPER, re_form="NA"))


def test_missing_is_not_new_and_numbers_have_no_levels():
    assert mlm.lm('y ~ I(f == "a")', DATA).predict(DATA.assign(f=None)).isna().all()
    model = mlm.lm("y ~ I(k == 1)", DATA)
    np.testing.assert_allclose(model.predict(DATA.assign(k=9)), model.fixef.iloc[0])


def test_numbers_as_levels_that_are_given():
    model = mlm.lm("y ~ factor(k, levels = c(1, 2, 3))", DATA)
    with pytest.raises(mlm.DataError, match=r"no value of the new rows \(9\) did occur in the fit"):
        model.predict(DATA.assign(k=9))
    with pytest.warns(mlm.MissingRowsWarning):
        fewer = mlm.lm("y ~ factor(k, levels = c(1, 2))", DATA)
    assert fewer.predict(DATA.assign(k=3)).isna().all()  # it was there, and is none of the levels


def test_a_new_level_has_no_place_in_an_order():
    model = mlm.lm('y ~ I(o < "hi")', DATA)
    new = DATA.assign(o=pd.Categorical(["lo", "new"] * (N // 2), ["lo", "new"], ordered=True))
    with pytest.raises(mlm.DataError, match="the level 'new' did not occur in the fit and has no place in its order"):
        model.predict(new)
    np.testing.assert_allclose(model.predict(DATA), model.fitted)
