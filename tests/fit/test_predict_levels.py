"""Levels of grouping factors: one rule, on values, in the fit and in predict."""

import datetime
import warnings

import numpy as np
import pandas as pd
import pytest

import mlm

N, GROUPS, INNER = 144, 12, 3
rng = np.random.default_rng(5)
OUTER = np.repeat(np.arange(GROUPS), N // GROUPS)
WITHIN = np.tile(np.arange(INNER), N // INNER)
X = rng.normal(size=N).round(3)
Y = X + rng.normal(size=GROUPS)[OUTER] + rng.normal(size=(GROUPS, INNER))[OUTER, WITHIN] + 0.5 * rng.normal(size=N)
Y = Y.round(3)

BIG = 2**53
DAYS = pd.date_range("2020-02-28", periods=GROUPS)
# Twelve levels of a grouping factor as columns of every kind.
OUTERS = {
    "ints": list(range(GROUPS)),
    "floats": [k / 2 for k in range(GROUPS)],
    "negative zero": [-0.0, *range(1, GROUPS)],
    "beyond 2^53": [BIG + k for k in range(GROUPS)],
    "negative, beyond": [-BIG - k for k in range(GROUPS)],
    "days": list(DAYS),
    "python days": [d.date() for d in DAYS],
    "spans": list(pd.to_timedelta(np.arange(GROUPS) * 7, unit="h")),
    "months": list(pd.period_range("2020-01", periods=GROUPS, freq="M")),
    "pieces": list(pd.interval_range(0, GROUPS)),
    "words": [f"g{k:02d}" for k in range(GROUPS)],
    "colons": ["a:b", "a", "b:c", ":", "", " ", "::", "a:", ":b", "b", "c", "a:b:c"],
    "mixed": [1, "1", "a", 2, "b", 3.5, "2", "3.5", "x", 10, "10", 0],
}


def column(values, codes, dtype=None):
    made = np.empty(len(values), dtype=object)
    made[:] = values
    chosen = pd.Series(made[codes])
    return chosen.astype(dtype) if dtype else chosen.infer_objects()


def frame(outer, inner=None):
    return pd.DataFrame({"y": Y, "x": X, "g": outer, "h": WITHIN if inner is None else inner})


@pytest.fixture(autouse=True)
def quiet():
    """These are small designs: what is singular or not to be told apart does not matter here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.SingularFitWarning)
        warnings.simplefilter("ignore", mlm.MissingRowsWarning)
        warnings.filterwarnings("ignore", "Levels differ only in the blanks")
        yield


def assert_own_rows(m, data, want):
    """Predictions of the rows of the fit, all and some, in any order, are its fitted values."""
    np.testing.assert_allclose(m.fitted, want, rtol=1e-6, atol=1e-6)
    used = data.loc[m.fitted.index]
    exact = m.predict()
    np.testing.assert_allclose(m.fitted, exact, rtol=0, atol=0)
    np.testing.assert_allclose(m.predict(used), m.fitted, rtol=1e-12, atol=1e-12)
    some = used.iloc[[70, 3, 3, 100]]
    for options in ({}, {"new_levels": "population"}):
        np.testing.assert_array_equal(m.predict(used, **options), m.predict(used))
        np.testing.assert_allclose(m.predict(some, **options), m.fitted[some.index], rtol=1e-12, atol=1e-12)
        for k in (0, 77):
            assert m.predict(used.iloc[[k]], **options).iloc[0] == pytest.approx(m.fitted.iloc[k], rel=1e-12)


FORMULAS = ["y ~ x + (1 | g)", "y ~ x + (1 | g:h)", "y ~ x + (1 | h:g)", "y ~ x + (1 | g/h)"]


@pytest.mark.parametrize("dtype", [None, "category", object])
@pytest.mark.parametrize("kind", OUTERS)
@pytest.mark.parametrize("formula", FORMULAS)
def test_levels_of_every_kind(formula, kind, dtype):
    data = frame(column(OUTERS[kind], OUTER, dtype))
    m = mlm.lmer(formula, data)
    want = mlm.lmer(formula, frame(OUTER))
    assert m.ngrps.tolist() == want.ngrps.tolist()
    assert m.deviance == pytest.approx(want.deviance, rel=1e-9)
    assert_own_rows(m, data, want.fitted)


@pytest.mark.parametrize("kind", OUTERS)
def test_inner_levels_of_every_kind(kind):
    data = frame(OUTER, column(OUTERS[kind][:INNER], WITHIN))
    for formula in ("y ~ x + (1 | g:h)", "y ~ x + (1 | g/h)", "y ~ x + (1 | factor(g):h)"):
        m = mlm.lmer(formula, data)
        assert_own_rows(m, data, mlm.lmer(formula, frame(OUTER)).fitted)


@pytest.mark.parametrize("kind", ["ints", "floats", "days", "months", "words", "colons", "mixed", "spans"])
def test_a_missing_value_somewhere(kind):
    inner = column(OUTERS[kind][:INNER], WITHIN)
    some = inner.copy()
    some[[5, 6]] = None  # floats of integers, NaT of days, objects of words
    for formula in ("y ~ x + (1 | g:h)", "y ~ x + (1 | g/h)"):
        whole, holed = mlm.lmer(formula, frame(OUTER, inner)), mlm.lmer(formula, frame(OUTER, some))
        want = mlm.lmer(formula, frame(OUTER).drop([5, 6])).fitted
        assert_own_rows(holed, frame(OUTER, some), want)
        # each model on the other's column
        full, lacking = frame(OUTER, inner), frame(OUTER, some)
        np.testing.assert_allclose(holed.predict(full.drop([5, 6])), want, rtol=1e-6, atol=1e-6)
        with pytest.raises(mlm.DataError, match=r"is missing in 2 of 144 rows of the new data"):
            whole.predict(lacking)
        found = whole.predict(lacking, new_levels="population")
        np.testing.assert_allclose(found.drop([5, 6]), whole.fitted.drop([5, 6]), rtol=1e-12)
        outer_only = whole.predict(full, re_form="(1 | g)") if "/" in formula else whole.predict(full, re_form="NA")
        np.testing.assert_allclose(found[[5, 6]], outer_only[[5, 6]], rtol=1e-12)


def test_three_deep():
    deep = pd.DataFrame(
        {"y": Y, "x": X, "a": OUTER // 4 / 2, "b": OUTER % 4 + 0.5, "c": column(OUTERS["days"], WITHIN)}
    )
    plain = deep.assign(a=OUTER // 4, b=OUTER % 4, c=WITHIN)
    for formula in ("y ~ x + (1 | a/b/c)", "y ~ x + (1 | a:b:c)", "y ~ x + (1 | (a:b)) + (1 | c)"):
        m = mlm.lmer(formula, deep)
        assert_own_rows(m, deep, mlm.lmer(formula, plain).fitted)


# colons


def test_labels_with_colons_are_two_levels():
    even = OUTER % 2 == 0
    data = frame(np.where(even, "a:b", "a")).assign(h=np.where(even, "c", "b:c"))
    m = mlm.lmer("y ~ x + (1 | g:h)", data)
    want = mlm.lmer("y ~ x + (1 | k)", data.assign(k=even))
    assert m.ngrps["g:h"] == 2
    assert m.ranef()["grp"].tolist() == ["a:b:c", "a:b:c"]
    np.testing.assert_allclose(m.fitted, want.fitted, rtol=1e-7)
    np.testing.assert_allclose(m.predict(data), m.fitted, rtol=1e-12)
    with pytest.raises(mlm.DataError, match="'g:h' has 1 level that the fit has not seen, such as 'a:c'"):
        m.predict(data.head(2).assign(g="a", h="c"))


# integers that floats do not tell apart


def holed_ids(library, ids):
    """Ids with the first one missing."""
    if library == "polars":
        polars = pytest.importorskip("polars")
        return polars.Series([None, *ids[1:]], dtype=polars.UInt64 if max(ids) > 2**63 else polars.Int64)
    if library == "pyarrow":
        arrow = pytest.importorskip("pyarrow")
        return arrow.array([None, *ids[1:]], arrow.uint64() if max(ids) > 2**63 else arrow.int64())
    dtype = np.uint64 if max(ids) > 2**63 else np.int64
    absent = np.arange(len(ids)) == 0
    if library == "masked":
        return np.ma.masked_array(np.array(ids, dtype=dtype), mask=absent)
    if library == "objects":
        return [None, *ids[1:]]
    return pd.arrays.IntegerArray(np.array(ids, dtype=dtype), absent)


@pytest.mark.parametrize("first", [BIG + 1, 2**62, 2**63, 2**64 - GROUPS])
@pytest.mark.parametrize("library", ["polars", "pyarrow", "nullable", "masked", "objects"])
def test_large_ids_with_a_missing_one(library, first):
    ids = [first + int(k) for k in OUTER]
    data = {"y": Y, "x": X, "g": holed_ids(library, ids), "h": WITHIN}
    for formula in ("y ~ x + (1 | g)", "y ~ x + (1 | g:h)"):
        m = mlm.lmer(formula, data)
        want = mlm.lmer(formula, frame(OUTER).drop(0))
        assert m.ngrps.tolist() == want.ngrps.tolist()
        assert m.deviance == pytest.approx(want.deviance, rel=1e-9)
        full = {**data, "g": ids}
        np.testing.assert_allclose(m.predict(full)[1:], want.fitted, rtol=1e-6)
        words = {**data, "g": [str(k) for k in ids]}
        by_words = mlm.lmer(formula, words)
        np.testing.assert_allclose(by_words.predict(full), by_words.fitted, rtol=1e-9)


def test_floats_of_large_ids_are_refused():
    ids = BIG + 1 + OUTER
    m = mlm.lmer("y ~ x + (1 | g)", frame(ids))
    for options in ({}, {"new_levels": "population"}):
        with pytest.raises(mlm.DataError, match=r"column 'g' of the new data .*floats"):
            m.predict(frame(ids.astype(float)), **options)


def test_half_precision():
    floats = (OUTER / 10).astype("float32")
    m = mlm.lmer("y ~ x + (1 | g)", frame(floats))
    np.testing.assert_allclose(m.predict(frame(OUTER / 10)), m.fitted, rtol=1e-12)
    m = mlm.lmer("y ~ x + (1 | g)", frame(OUTER / 10))
    np.testing.assert_allclose(m.predict(frame(floats), new_levels="population"), m.fitted, rtol=1e-12)


# unknown and missing


def test_unknown_combinations_of_known_parts():
    data = frame(OUTER)
    used = data[(data.g != 3) | (data.h != 1)]
    for formula in ("y ~ x + (1 | g:h)", "y ~ x + (1 | g/h)"):
        m = mlm.lmer(formula, used)
        new = data[(data.g == 3)]
        unseen = new.h == 1
        name = "g:h" if formula.endswith("g:h)") else "h:g"
        with pytest.raises(
            mlm.DataError, match=f"'{name}' has 1 level .* such as '{'3:1' if name == 'g:h' else '1:3'}'"
        ):
            m.predict(new)
        found = m.predict(new, new_levels="population")
        np.testing.assert_allclose(found[~unseen], m.fitted[new.index[~unseen]], rtol=1e-12)
        without = m.predict(new, re_form="NA" if name == "g:h" else "(1 | g)")
        np.testing.assert_allclose(found[unseen], without[unseen], rtol=1e-12)


def test_missing_and_unknown_together():
    data = frame([f"g{k}" for k in OUTER])
    m = mlm.lmer("y ~ x + (1 | g)", data)
    new = data.iloc[[0, 20, 40, 60]].assign(g=["g0", None, "new", "g5"])
    with pytest.raises(
        mlm.DataError, match="'g' is missing in 1 of 4 rows of the new data; use new_levels='population'"
    ):
        m.predict(new)
    with pytest.raises(mlm.DataError, match="'g' has 1 level that the fit has not seen, such as 'new'"):
        m.predict(new.dropna())
    found, population = m.predict(new, new_levels="population"), m.predict(new, re_form="NA")
    np.testing.assert_array_equal(found.iloc[[1, 2]], population.iloc[[1, 2]])
    np.testing.assert_allclose(found.iloc[[0, 3]], m.fitted[new.index[[0, 3]]], rtol=1e-12)


def test_functions_as_groups():
    data = frame(OUTER.astype(float))
    made = data.assign(
        k=np.array(["low", "high"])[(data.g > 5).astype(int)],
        wide=data.g.map(lambda v: "a" if v <= 3 else "b" if v <= 7 else "c"),
    )
    pairs = [
        ("(1 | cut(g, c(-1, 3, 7, 11)))", "(1 | wide)"),
        ("(1 | cut(g, c(-1, 3, 7, 11)):h)", "(1 | wide:h)"),
        ("(1 | factor(g):h)", "(1 | g:h)"),
        ("(1 | h/factor(g))", "(1 | h/g)"),
        ("(1 | interaction(g, h))", "(1 | g:h)"),
        ('(1 | ifelse(g > 5, "high", "low"))', "(1 | k)"),
    ]
    for by_function, by_column in pairs:
        m, want = mlm.lmer(f"y ~ x + {by_function}", made), mlm.lmer(f"y ~ x + {by_column}", made)
        assert_own_rows(m, made, want.fitted)
        assert m.ngrps.tolist() == want.ngrps.tolist()
    m = mlm.lmer("y ~ x + (1 | cut(g, c(-1, 3, 7, 11)))", made)
    with pytest.raises(mlm.DataError, match=r"is missing in 1 of 2 rows of the new data"):
        m.predict(made.head(2).assign(g=[2.0, 99.0]))


def test_groups_that_cannot_be_told_apart():
    lists = pd.Series([[k] for k in OUTER])
    with pytest.raises(mlm.DataError, match="The values of the grouping column 'g' cannot be told apart"):
        mlm.lmer("y ~ x + (1 | g)", frame(lists))
    m = mlm.lmer("y ~ x + (1 | g)", frame(column(OUTERS["mixed"], OUTER)))
    with pytest.raises(mlm.DataError, match="'g' cannot be told apart"):
        m.predict(frame(lists))
    dates = pd.Series([datetime.date(2020, 1, 1 + k) if k % 2 else k for k in OUTER], dtype=object)
    m = mlm.lmer("y ~ x + (1 | g)", frame(dates))
    assert_own_rows(m, frame(dates), mlm.lmer("y ~ x + (1 | g)", frame(OUTER)).fitted)


# names


def test_whole_floats_are_named_as_whole_numbers():
    holed = pd.Series(OUTER + 1).astype(float)
    holed[0] = np.nan
    m = mlm.lmer("y ~ x + (1 | g) + (1 | h:g)", frame(holed))
    ranef = m.ranef()
    single = ranef[ranef.grpvar == "g"]["grp"].tolist()
    assert list(map(str, single)) == [str(k) for k in range(1, GROUPS + 1)]
    assert m.coef()["g"].index.map(str).tolist() == [str(k) for k in range(1, GROUPS + 1)]
    assert m.coef()["h:g"].index[:2].tolist() == ["0:1", "0:2"]
    assert m.coef()["g"].loc[3].equals(m.coef()["g"].loc[3.0])
    assert m.groups["g"].map(str).iloc[0] == "1"


def test_names_as_r_prints_them():
    halves = frame(OUTER / 2, pd.Series(WITHIN == 1))
    m = mlm.lmer("y ~ x + (1 | g:h)", halves)
    assert m.ranef()["grp"].tolist()[:4] == ["0:FALSE", "0:TRUE", "0.5:FALSE", "0.5:TRUE"]
    days = mlm.lmer("y ~ x + (1 | g:h)", frame(column(OUTERS["days"], OUTER)))
    assert days.coef().index[0] == "2020-02-28:0"
