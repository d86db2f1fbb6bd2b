"""Cells of two-way tables, against NumPy's sorting of pairs."""

import warnings

import numpy as np
import pandas as pd
import pytest

import mlm
from mlm.frame.grouping import COUNTED_PER_ROW, FEW_CELLS, cells

# levels of the two factors: all combinations counted, and rows sorted by one factor and then by the other
TABLES = [(3, 5), (1, 1), (200, 300), (4_000, 3_000), (70_000, 90_000)]


@pytest.mark.parametrize("levels", TABLES)
def test_cells_are_the_distinct_pairs(levels):
    rng = np.random.default_rng(sum(levels))
    rows = 2_000
    first, second = (rng.integers(0, count, rows) for count in levels)
    # some pairs again, so that cells have several rows
    first, second = np.concatenate([first, first[:700]]), np.concatenate([second, second[:700]])
    want, cell = np.unique(np.column_stack([first, second]), axis=0, return_inverse=True)
    found = cells(first, second, levels)
    np.testing.assert_array_equal(np.column_stack(found[:2]), want)
    np.testing.assert_array_equal(found[2], cell)


def test_both_ways_are_tried():
    counted = [a * b <= max(COUNTED_PER_ROW * 2_700, FEW_CELLS) for a, b in TABLES]
    assert any(counted)
    assert not all(counted)


@pytest.mark.parametrize("few", [0, FEW_CELLS])
def test_few_rows_have_the_same_cells_either_way(few, monkeypatch):
    monkeypatch.setattr("mlm.frame.grouping.FEW_CELLS", few)
    found = cells(np.array([29, 0, 29, 7, 0]), np.array([9, 3, 9, 2, 0]), (30, 10))
    assert [each.tolist() for each in found] == [[0, 0, 7, 29], [0, 3, 2, 9], [3, 1, 3, 2, 0]]
    assert [each.dtype for each in found] == [np.int32, np.int32, np.intp]


@pytest.mark.parametrize("levels", [(3, 5), (70_000, 90_000)])
def test_levels_are_as_wide_as_the_rows_need(levels, monkeypatch):
    rows = [np.array([0, 2, 1, 2]), np.array([4, 0, 4, 0])]
    narrow = cells(*rows, levels)
    monkeypatch.setattr("mlm.frame.grouping.MANY_ROWS", 4)
    wide = cells(*rows, levels)
    assert [each.dtype for each in narrow] == [np.int32, np.int32, np.intp]
    assert {each.dtype for each in wide} == {np.dtype(np.intp)}
    for one, other in zip(narrow, wide, strict=True):
        np.testing.assert_array_equal(one, other)


def test_one_row():
    assert [part.tolist() for part in cells(np.array([2]), np.array([1]), (3, 2))] == [[2], [1], [0]]


def test_levels_that_differ_in_blanks_around_them_are_warned_of_once():
    rows = pd.DataFrame({"y": [1.0, 3, 2, 4, 5, 7], "g": ["A", "A ", "B", "B", "A", "A "], "h": list("abcabc")})
    with pytest.warns(mlm.TextColumnWarning, match=r"'A' and 'A ' of 'g'\. If they are the same: data\['g'\]") as said:
        mlm.lm("y ~ g", rows)
    assert len(said) == 1
    for formula in ("y ~ h", "y ~ g:h - g:h + h"):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            mlm.lm(formula, rows.assign(g=rows["g"].str.strip()))
