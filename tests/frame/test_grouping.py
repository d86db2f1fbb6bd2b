"""Cells of two-way tables, against NumPy's sorting of pairs."""

import numpy as np
import pytest

from mlm.frame.grouping import COUNTED_PER_ROW, cells

# levels of the two factors: all combinations counted, and sorted by one, two and three digits of 16 bits
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
    counted = [a * b <= COUNTED_PER_ROW * 2_700 for a, b in TABLES]
    digits = {-(-(a * b - 1).bit_length() // 16) for a, b in TABLES}
    assert any(counted)
    assert not all(counted)
    assert digits >= {1, 2, 3}


def test_one_row():
    assert [part.tolist() for part in cells(np.array([2]), np.array([1]), (3, 2))] == [[2], [1], [0]]
