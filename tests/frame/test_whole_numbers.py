"""Whole numbers as levels: those that floats, or 64 bits, cannot tell apart stay apart, whatever holds them."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

import mlm

ROWS, LEVELS = 160, 8
PLACE = np.arange(ROWS) % LEVELS
HOLDERS = {"int": int, "decimal": Decimal, "fraction": Fraction}


def data(ids):
    rng = np.random.default_rng(12)
    x = rng.normal(size=ROWS)
    return {"y": 0.4 * PLACE + 0.5 * x + rng.normal(size=ROWS), "x": x, "g": ids}


@pytest.mark.parametrize("first", [5, 2**53 + 1, 10**16, 2**64, 89014103211118510720, 10**30])
@pytest.mark.parametrize("then", HOLDERS)
@pytest.mark.parametrize("now", HOLDERS)
@pytest.mark.parametrize("formula", ["y ~ x + (1 | g)", "y ~ x + (1 | factor(g))"])
def test_ids_of_any_size_stay_apart(formula, now, then, first):
    plain = mlm.lmer("y ~ x + (1 | g)", data(PLACE))
    m = mlm.lmer(formula, data([HOLDERS[then](first + int(k)) for k in PLACE]))
    assert m.ngrps.tolist() == [LEVELS]
    np.testing.assert_array_equal(m.fixef, plain.fixef)
    new = {"x": np.zeros(LEVELS), "g": [HOLDERS[now](first + k) for k in range(LEVELS)]}
    np.testing.assert_array_equal(m.predict(new), plain.predict({**new, "g": np.arange(LEVELS)}))


def of_library(library, values, **types):
    if library == "polars":
        return pytest.importorskip("polars").Series(values)
    arrow = pytest.importorskip("pyarrow")
    column = arrow.array(values, **types)
    return pd.Series(column, dtype=pd.ArrowDtype(column.type)) if library == "pandas" else column


@pytest.mark.parametrize("first", [2**53 + 1, 10**17, 10**30])
@pytest.mark.parametrize("library", ["polars", "pyarrow", "pandas"])
def test_decimals_of_other_libraries_stay_apart(library, first):
    plain = mlm.lmer("y ~ x + (1 | g)", data(PLACE))
    ids = of_library(library, [Decimal(first + int(k)) for k in PLACE])
    m = mlm.lmer("y ~ x + (1 | g)", data(ids))
    np.testing.assert_array_equal(m.fixef, plain.fixef)
    new = {"x": np.zeros(LEVELS), "g": [first + k for k in range(LEVELS)]}
    np.testing.assert_array_equal(m.predict(new), plain.predict({**new, "g": np.arange(LEVELS)}))
    back = mlm.lmer("y ~ x + (1 | g)", data([first + int(k) for k in PLACE]))
    np.testing.assert_array_equal(back.predict({"x": data(PLACE)["x"], "g": ids}), plain.fitted)


@pytest.mark.parametrize("library", ["polars", "pyarrow", "pandas"])
def test_decimals_of_usual_size_are_floats(library):
    tenths = of_library(library, [Decimal(int(k)) / 10 for k in range(ROWS)])
    want = mlm.lm("y ~ x", {**data(PLACE), "x": np.arange(ROWS) / 10})
    np.testing.assert_array_equal(mlm.lm("y ~ x", {**data(PLACE), "x": tenths}).fixef, want.fixef)


@pytest.mark.parametrize(
    ("make", "levels"),
    [
        (lambda ids: [1.5, *ids[1:]], LEVELS + 1),
        (lambda ids: [float(ids[0]), *ids[1:]], LEVELS),
        (lambda ids: pd.Series([2.5, *ids[1:]], dtype=object), LEVELS + 1),
        (lambda ids: [Decimal(k) / 10**17 for k in ids], LEVELS),
        (lambda ids: [Fraction(k, 10**17) for k in ids], LEVELS),
        (lambda ids: pd.Categorical([Decimal(k) for k in ids]), LEVELS),
        (lambda ids: np.array(ids, dtype=np.longdouble), LEVELS),
    ],
)
def test_numbers_that_floats_would_merge_stay_apart(make, levels):
    if np.finfo(np.longdouble).nmant < 57 and isinstance(make([10**17]), np.ndarray):
        pytest.skip("a long double is a double here")
    ids = make([10**17 + int(k) for k in PLACE])
    m = mlm.lmer("y ~ x + (1 | g)", data(ids))
    assert m.ngrps.tolist() == [levels]
    np.testing.assert_array_equal(m.predict({"x": data(PLACE)["x"], "g": ids}), m.fitted)


def test_words_say_whole_numbers_exactly():
    m = mlm.lmer("y ~ x + (1 | g)", data([10**17 + int(k) for k in PLACE]))
    new = {"x": np.zeros(3), "g": [10**17 + 1, 10**17 + 1, 10**17]}
    said = {**new, "g": ["100000000000000001.0", "100000000000000001", "1e17"]}
    np.testing.assert_array_equal(m.predict(said), m.predict(new))


def test_floats_cannot_say_which_of_the_levels():
    m = mlm.lmer("y ~ x + (1 | g)", data([Decimal(10**17 + int(k)) / 10**17 for k in PLACE]))
    with pytest.raises(mlm.DataError, match="floats do not tell them apart"):
        m.predict({"x": [0.0], "g": [1.0]})
