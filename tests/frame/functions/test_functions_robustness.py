"""Whatever a function is handed, in whatever argument: a value, or an error in words. Inputs are never changed."""

import inspect
import itertools

import numpy as np
import pandas as pd
import pytest
from calls import rows

from mlm.errors import DataError, FormulaError
from mlm.frame.functions.table import TABLE, Site
from mlm.frame.functions.table import bound as call
from mlm.frame.values import Category, Matrix, Numbers, Other, Truth
from mlm.language.parser import parse_expression

N = 6
UNCHANGED = ("(", "I")  # give back what they are given
NUMBERS = np.array([1.5, np.nan, -2.0, 0.0, 3.25, 1.5])
CODES = np.array([0, 1, -1, 2, 1, 0], dtype=np.int8)


def kinds():
    """One or more of each kind of value."""
    words = np.array(["b", "a", "c"], dtype=object)
    return {
        "floats": Numbers(NUMBERS),
        "float32": Numbers(NUMBERS.astype(np.float32)),
        "integers": Numbers(np.array([3, 1, 2, 0, 5, 9], dtype=np.int16)),
        "infinite": Numbers(np.array([1.0, np.inf, -np.inf, 2.0, np.nan, 0.0])),
        "all missing": Numbers(np.full(N, np.nan)),
        "all the same": Numbers(np.full(N, 2.0)),
        "huge": Numbers(np.array([1e308, -1e308, 5e-324, 0.0, 1.0, -1.0])),
        "truth": Truth(np.array([1.0, 0.0, np.nan, 1.0, 1.0, 0.0])),
        "category": Category(CODES, words),
        "ordered": Category(CODES, words, ordered=True),
        "text": Category(CODES, words, text=True),
        "numbers as levels": Category(CODES, pd.Index([10, 2, 7])),
        "dates as levels": Category(CODES, pd.to_datetime(["2020-01-01", "2021-05-05", "1999-12-31"])),
        "no level": Category(np.full(N, -1, dtype=np.int8), np.array([], dtype=object)),
        "one column": Matrix(NUMBERS[:, None].copy(), ("1",)),
        "columns": Matrix(np.column_stack([NUMBERS, NUMBERS**2]), ("x", "z")),
        "dates": Other(pd.to_datetime(["2020-01-01"] * 5 + [None]).to_numpy(), "dates"),
        "objects": Other(np.array([[1], {}, None, (), object(), "a"], dtype=object), "objects"),
        "TRUE": True,
        "NA": None,
        "0": 0.0,
        "2": 2.0,
        "-3.5": -3.5,
        "1e300": 1e300,
        "NaN": np.nan,
        "Inf": np.inf,
        "word": "b",
        "empty word": "",
        "empty list": (),
        "list": (1.0, 0.5),
        "list of words": ("b", "a"),
        "mixed list": (1.0, None, "a", np.nan, True),
    }


VALUES = kinds()  # made once: that no function changes them is looked at after each call
KINDS = tuple(VALUES)
COLUMNS = tuple(name for name, value in VALUES.items() if not isinstance(value, int | float | str | tuple | None))
FUNCTIONS = tuple(sorted({known.run: name for name, known in sorted(TABLE.items())}.values()))  # each under one name
MOST = 1500  # combinations that are tried; where there are more, so many are drawn


def parameters(name):
    return list(inspect.signature(TABLE[name].run).parameters.values())[1:]


def required(name):
    """Numbers of arguments to try that are all required, or where there are no required ones."""
    if any(p.kind is p.VAR_POSITIONAL for p in parameters(name)):
        return range(3)
    return [sum(p.default is p.empty for p in parameters(name))]


def stored(value):
    """All that a value holds, copied."""
    if isinstance(value, Category):
        return [np.array(value.codes), list(value.levels), value.ordered, value.contrast]
    return [np.array(value.values)] if hasattr(value, "values") else [value]


def same(first, second):
    return all(
        np.array_equal(a, b, equal_nan=a.dtype.kind in "fM")
        if isinstance(a, np.ndarray)
        else a is b or a == b or a != a
        for a, b in zip(first, second, strict=True)
    )


def check(name, value, given, n):
    """A value of a known kind, on all rows, that shares nothing with what went in."""
    assert not isinstance(value, Other) or name in UNCHANGED
    if isinstance(value, Numbers | Truth | Matrix | Category):
        held = np.asarray(rows(value))
        assert held.shape[0] == n
        assert held.ndim == (2 if isinstance(value, Matrix) else 1)
        if isinstance(value, Matrix):
            assert len(value.names) == held.shape[1]
        if isinstance(value, Category):
            assert held.dtype.kind == "i"
            assert held.size == 0 or -1 <= held.min() <= held.max() < len(value.levels)
            assert len(set(value.labels)) == len(value.labels)
        elif name not in UNCHANGED:
            assert held.dtype == np.float64
        if isinstance(value, Truth):
            assert np.isin(held[~np.isnan(held)], [0, 1]).all()
        if name not in UNCHANGED and not isinstance(value, Category):
            assert not any(np.shares_memory(held, rows(g)) for g in given if isinstance(g, Numbers | Truth | Matrix))
    elif not isinstance(value, Other):
        assert value is None or isinstance(value, bool | float | str | tuple)


def one_row(value):
    """A row alone, with fewer levels."""
    if isinstance(value, Category):
        return Category(np.minimum(value.codes[3:4], 0), value.levels[2:3], value.ordered, text=value.text)
    if isinstance(value, Other):
        return Other(value.values[:1], value.what)
    if isinstance(value, Matrix):
        return Matrix(value.values[:1], value.names)
    return type(value)(value.values[:1]) if isinstance(value, Numbers | Truth) else value


def attempt(name, given, keywords):
    """Call on the rows, then on one new row; whether the first gave a value."""
    before = [stored(value) for value in given]
    site = Site(f"{name}(...)", N)
    try:
        value = call(TABLE[name], site, given, keywords)
    except (DataError, FormulaError) as error:
        value = error
    assert all(same(b, stored(g)) for b, g in zip(before, given, strict=True))
    if isinstance(value, Exception):
        assert len(str(value)) > 20
        return False
    check(name, value, given, N)
    plain(site.learnt)
    later = [one_row(value) for value in given]
    try:
        value = call(TABLE[name], Site(site.label, 1, site.learnt, replaying=True), later, keywords)
    except DataError as error:
        why = str(error)
    else:
        why = ""
        check(name, value, later, 1)
    assert not why or any(words in why for words in ("did not occur in the fit", "ambiguous", "rows hold no"))
    return True


def plain(learnt):
    """What is kept is small and cannot change."""
    waiting = list(learnt.values())
    while waiting:
        value = waiting.pop()
        if isinstance(value, tuple):
            waiting += value
        else:
            assert isinstance(value, float | int | bool | str | pd.Timestamp)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_any_value_in_any_required_argument(name):
    values = 0
    for count in required(name):
        combinations = list(itertools.product(KINDS, repeat=count))
        if len(combinations) > MOST:
            drawn = np.random.default_rng(20).choice(len(combinations), MOST, replace=False)
            combinations = [combinations[k] for k in drawn]
        for chosen in combinations:
            values += attempt(name, [VALUES[kind] for kind in chosen], [None] * count)
    assert values > 0


OPTIONAL = [
    (name, parameter.name)
    for name in FUNCTIONS
    for parameter in parameters(name)
    if parameter.default is not parameter.empty and parameter.kind is not parameter.VAR_POSITIONAL
    and parameter.name not in TABLE[name].quoted
    and repr(parameter.default) != "absent"
]  # fmt: skip


@pytest.mark.filterwarnings("ignore::mlm.errors.ExtrapolationWarning")
@pytest.mark.parametrize(("name", "optional"), OPTIONAL)
def test_any_value_in_any_other_argument(name, optional):
    values = 0
    usual = {"cut": [2.0], "relevel": ["b"], "seq": [9.0]}.get(name, [])
    for column, kind in itertools.product(["2"] if name == "seq" else COLUMNS, KINDS):
        given = [VALUES[column], *usual, VALUES[kind]]
        values += attempt(name, given, [*[None] * (1 + len(usual)), optional.rstrip("_")])
    assert values > 0


@pytest.mark.parametrize(
    "tree",
    ["sum", "x + 1", "3", "'b'", "contr.treatment(base = x)", "Treatment()", "Sum(9)", "contr.poly(3, 3, 3)", "-sum"],
)
@pytest.mark.parametrize("keyword", [None, "how.many", "base"])
@pytest.mark.parametrize("column", KINDS)
def test_any_tree_for_contrasts(column, tree, keyword):
    try:
        value = call(TABLE["C"], Site("C(...)", N), [VALUES[column], parse_expression(tree)], [None, keyword])
    except (DataError, FormulaError) as error:
        value = error
    assert len(str(value)) > 20 if isinstance(value, Exception) else value.contrast is not None
