"""What engines compute row by row is what memory computes: remainders, powers, logarithms of small numbers, logic."""

import warnings

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import pytest
from engines import ENGINES, as_sums, in_polars, of_dask

import mlm
from mlm.errors import DataError, MissingRowsWarning, RankWarning, SingularFitWarning
from mlm.frame.evaluate import Evaluator
from mlm.frame.lazy_table import LazyTable
from mlm.frame.lazy_values import Translator
from mlm.frame.table import Table
from mlm.language.formula import parse

N = 300


def rows(seed=11):
    rng = np.random.default_rng(seed)
    d = pd.DataFrame({"x": rng.normal(1.0, 2.0, N), "z": rng.uniform(0.2, 2.0, N), "g": rng.integers(0, 15, N)})
    d["tenths"], d["k"] = rng.integers(-40, 40, N) / 10.0, rng.integers(-2, 3, N)
    d["tiny"] = rng.normal(size=N) * 10.0 ** rng.integers(-16, 0, N)
    d["gaps"] = d.x.where(rng.random(N) > 0.15)
    d["holes"] = d.k.where(rng.random(N) > 0.15)
    d["f"] = np.where(rng.random(N) < 0.1, None, rng.choice(list("abc"), N))
    d["b"] = pd.array(np.where(rng.random(N) < 0.1, None, rng.random(N) < 0.5), dtype="boolean")
    d["y"] = rng.normal(size=15)[d.g] + 0.4 * d.x + rng.normal(size=N)
    return d


ROUNDING = 7e-16  # of a logarithm, a difference, a quotient and a product: three units in the last place
EXPRESSIONS = {
    "remainders": [
        "tenths %% 0.1", "tenths %% -0.3", "tenths %/% 0.1", "tenths %/% -0.7", "x %% z", "5 %/% z", "k %% 2",
    ],
    "powers": [
        "gaps^0", "gaps^k", "1^gaps", "z^holes", "k^3", "z^-2", "z^0.3", "2^x",
    ],
    "small": [
        "log1p(tiny)", "expm1(tiny)", "expm1(x * 20)", "log1p(z)",
    ],
    "truth": [
        "gaps > 1", "gaps == holes", "!(gaps <= 0)", "gaps > 1 & x > 0", "gaps > 1 | x > 0", "f == 'a' | x > 1",
        "b & gaps > 0", "!b", "b | gaps > 0", "ifelse(gaps > 1, x, z)", "ifelse(b, gaps > 0, x > 0)",
        "as.logical(gaps)", "gaps %in% c(1, 2)", "is.na(gaps) | b", "(gaps > 1) * 2 + (x > 0)", "sign(gaps)",
        "pmin(gaps, 1)", "pmax(x, gaps, z)", "trunc(gaps)",
    ],
}  # fmt: skip


def numbers(value):
    return np.asarray(value.values, dtype=float)


@of_dask
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("kind", EXPRESSIONS)
def test_expressions_are_those_of_memory_row_by_row(engine, kind, tmp_path):
    d = rows()
    nodes = [parse(f"I({text}) ~ 1 + (1 | g)").left for text in EXPRESSIONS[kind]]
    with np.errstate(all="ignore"):
        expected = [numbers(Evaluator(Table.of(d), {}).value(node)) for node in nodes]
    translator = Translator(LazyTable.of(engine(d.assign(row=np.arange(N)), tmp_path)))
    columns = {f"e{k}": translator.lazily(node).expression for k, node in enumerate(nodes)}
    found = (
        translator.table.with_columns(columns).by(["row"], {name: nw.col(name).max() for name in columns}).sort("row")
    )
    for k, there in enumerate(expected):
        here = np.array([np.nan if pd.isna(value) else value for value in found[f"e{k}"].to_list()], dtype=float)
        tolerance = 0.0 if kind in ("remainders", "truth") else ROUNDING * np.abs(there)
        assert (np.isnan(here) == ~np.isfinite(there)).all(), EXPRESSIONS[kind][k]
        assert (np.abs(here - there)[np.isfinite(there)] <= np.broadcast_to(tolerance, N)[np.isfinite(there)]).all(), k


@pytest.mark.parametrize("engine", ENGINES[:3])
@pytest.mark.parametrize("term", ["I(gaps > 1)", "I(gaps^0) + x", "scale(tenths %/% 0.3)"])
def test_fits_and_predictions_with_them_are_those_of_memory(engine, term, tmp_path):
    d = rows()
    formula, data = f"y ~ {term} + (1 | g)", engine(d, tmp_path)
    with warnings.catch_warnings():
        for each in (MissingRowsWarning, RankWarning, SingularFitWarning):
            warnings.simplefilter("ignore", each)
        here = mlm.lmer(formula, d)
        there = mlm.lmer(mlm.sums(formula, data)) if engine is as_sums else mlm.lmer(formula, data)
    assert there.nobs == here.nobs
    assert there.dropped.by_column == here.dropped.by_column
    np.testing.assert_allclose(there.theta, here.theta, atol=1e-8)
    np.testing.assert_allclose(there.deviance, here.deviance, rtol=1e-9)
    np.testing.assert_allclose(there.fixef, here.fixef, atol=1e-7 * here.se.min())
    if engine is in_polars and here.fixef.size == there.fixef.size == len(there.frame.all_columns.names):
        at = d.dropna(subset=["gaps"])
        found = there.predict(in_polars(at, tmp_path)).collect()["fit"].to_numpy()
        np.testing.assert_allclose(found, here.predict(at), atol=1e-7)


@pytest.mark.parametrize("engine", ENGINES[:3])
def test_a_quotient_beyond_whole_floats_is_refused(engine, tmp_path):
    with pytest.raises(DataError, match=r"'x%%1e-300' is infinite or undefined in 300 of 300 rows"):
        mlm.sums("y ~ x %% 1e-300 + (1 | g)", engine(rows(), tmp_path))


@pytest.mark.parametrize("engine", ENGINES[:3])
def test_words_made_of_numbers_are_refused_with_the_remedy(engine, tmp_path):
    with pytest.raises(
        DataError, match=r"'ifelse\(x > 1, \"p\", \"q\"\)' makes words of numbers.*Make the column there"
    ):
        mlm.sums("y ~ ifelse(x > 1, 'p', 'q') + (1 | g)", engine(rows(), tmp_path))
