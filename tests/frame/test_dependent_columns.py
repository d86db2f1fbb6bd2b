"""Dependent columns are found left to right, as by one decomposition of all rows for each of them, and quickly."""

import time

import numpy as np
import pytest

from mlm.frame.rank import dependent_columns


def one_after_the_other(matrix, tolerance=1e-7):
    """Brute force: decompose, take the first column out that adds nothing, and begin again."""
    length = np.linalg.norm(matrix, axis=0)
    kept, dropped = list(range(matrix.shape[1])), []
    while kept:
        diagonal = np.zeros(len(kept))
        r = np.linalg.qr(matrix[:, kept] / np.where(length[kept] > 0, length[kept], 1.0), mode="r")
        diagonal[: len(r)] = np.abs(np.diag(r))
        small = np.flatnonzero(diagonal < tolerance)
        if not len(small):
            break
        dropped.append(kept.pop(int(small[0])))
    return dropped


def incomplete(rows=5000, levels=20, empty=174, seed=0):
    """Model matrix of a * b with empty cells; every level occurs."""
    rng = np.random.default_rng(seed)
    diagonal = np.arange(levels) * (levels + 1)
    others = rng.permutation(np.setdiff1d(np.arange(levels**2), diagonal))
    cells = np.concatenate([diagonal, others[: levels**2 - empty - levels]])
    a, b = np.divmod(np.concatenate([cells, rng.choice(cells, rows - len(cells))]), levels)
    a, b = np.eye(levels)[a][:, 1:], np.eye(levels)[b][:, 1:]
    return np.column_stack([np.ones(rows), a, b, (a[:, :, None] * b[:, None]).reshape(rows, -1)])


def random_matrix(seed):
    """Of low rank, or of 0 and 1; columns of other units, of zeros, nearly or nearly not copies of another."""
    rng = np.random.default_rng(seed)
    n, p = rng.integers(1, 40), rng.integers(1, 25)
    rank = rng.integers(0, p + 1)
    low = rng.normal(size=(n, rank)) @ rng.normal(size=(rank, p))
    matrix = low if rng.random() < 0.5 else rng.integers(0, 2, (n, p)).astype(float)
    if rng.random() < 0.3:
        matrix[:, -1] = matrix[:, 0] + rng.choice([1e-4, 1e-10]) * rng.normal(size=n)
    if rng.random() < 0.3:
        matrix[:, rng.integers(p)] = 0.0
    return matrix * 10.0 ** rng.uniform(-30, 30, p) if rng.random() < 0.5 else matrix


@pytest.mark.parametrize("seeds", [range(k, k + 200) for k in range(0, 1000, 200)])
def test_the_same_columns_as_one_after_the_other(seeds):
    cases = [random_matrix(seed) for seed in seeds]
    assert [dependent_columns(m) for m in cases] == [one_after_the_other(m) for m in cases]


def test_empty_cells_of_two_factors():
    small = incomplete(rows=300, levels=6, empty=14)
    assert dependent_columns(small) == one_after_the_other(small)
    matrix = incomplete()
    begun = time.perf_counter()
    found = dependent_columns(matrix)
    assert time.perf_counter() - begun < 5.0  # 0.15 s alone on a machine; one decomposition for each takes 14 s
    assert len(found) == 174
    kept = np.setdiff1d(np.arange(400), found)
    assert np.linalg.matrix_rank(matrix[:, kept]) == 226


def test_units_that_cannot_be_squared():
    x, rng = np.arange(9.0), np.random.default_rng(0)
    columns = [np.ones(9), 1e150 * x, 1e-150 * x**2, 1e-150 * x, 1e200 * x**3, 1e-300 * rng.normal(size=9)]
    assert dependent_columns(np.column_stack(columns)) == [3]
    matrix = rng.normal(size=(40, 6)) @ rng.normal(size=(6, 12))
    scale = 10.0 ** np.linspace(-300, 300, 12)
    assert dependent_columns(matrix * scale) == dependent_columns(matrix) == [6, 7, 8, 9, 10, 11]


def test_shapes_at_the_edge():
    assert dependent_columns(np.zeros((5, 3))) == [0, 1, 2]
    assert dependent_columns(np.zeros((5, 0))) == []
    assert dependent_columns(np.zeros((0, 2))) == [0, 1]
    # the second column adds nothing to the first, the third does, and three rows are spanned with the fourth
    assert dependent_columns(np.array([[1.0, 2, 0, 0, 3], [1, 2, 1, 0, 5], [1, 2, 1, 1, 8]])) == [1, 4]
    given = np.array([[1.0, 2.0], [3.0, 6.0]])
    assert dependent_columns(given) == [1]
    assert given.tolist() == [[1.0, 2.0], [3.0, 6.0]]


@pytest.mark.parametrize(("share", "found"), [(0.9e-7, [1]), (1.1e-7, [])])
@pytest.mark.parametrize("rows", [2, 400])
def test_the_tolerance_is_a_share_of_a_columns_length(rows, share, found):
    signs = np.where(np.arange(rows) % 2, -1.0, 1.0)  # at right angles to the ones, and as long
    assert dependent_columns(np.column_stack([np.ones(rows), np.ones(rows) + share * signs])) == found
