"""The rows of several factors gone through once more, against what decompositions in long doubles leave."""

import numpy as np
import pytest
from brute import STRUCTURES, data

from mlm.fit.stages import grouping_factors, independent_columns, sorted_terms
from mlm.frame.model_frame import model_frame


def joint(formula, frame, weights=None):
    made = model_frame(formula, frame, weights)
    terms = sorted_terms(made)
    made, products = independent_columns(made, terms)
    return made, grouping_factors(made, terms), products


def exact(made, factors, products):
    """Random-effects columns (n, c), and [X y] as they are worked with, (n, p + 1), in long doubles."""
    root = np.ones(made.nobs) if made.weights is None else np.sqrt(made.weights)
    columns = []
    for (grouping, own), factor in zip(factors, products.factors, strict=True):
        z = own.matrix() if factor.basis is None else own.matrix() @ factor.basis.inverse
        columns += [z[:, a, None] * (grouping.codes[:, None] == np.arange(grouping.size)) for a in range(z.shape[1])]
    shift = products.shift
    x = made.x - shift.means
    block = np.column_stack([x, (made.net_response - shift.response) / shift.scale - x @ shift.ols])
    return (np.column_stack(columns) * root[:, None]).astype(np.longdouble), (block * root[:, None]).astype(
        np.longdouble
    )


def left_of(z, block):
    """What the columns leave of others, by the Gram-Schmidt method, each column being made orthogonal three times."""
    basis = []
    for column in z.T:
        own, length = column.copy(), np.sqrt(column @ column)
        for _ in range(3):
            for b in basis:
                own -= (b @ own) * b
        if np.sqrt(own @ own) > 1e-12 * length:
            basis.append(own / np.sqrt(own @ own))
    left = block.copy()
    for _ in range(3):
        for b in basis:
            left -= b[:, None] * (b @ left)
    return left, len(basis)


@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("structure", ["crossed, slopes", "crossed three ways", "crossed with nested"])
def test_what_is_left_of_rows(structure, weights):
    made, factors, products = joint(STRUCTURES[structure], data(), weights)
    found = products.rows.levels()
    left, rank = left_of(*exact(made, factors, products))
    assert len(found.coordinates) == rank
    left[:, -1] -= left[:, :-1] @ found.taken
    lengths = np.sqrt((exact(made, factors, products)[1] ** 2).sum(axis=0)).astype(float)
    want = np.asarray(left.T @ left, dtype=float) / np.outer(lengths, lengths)
    np.testing.assert_allclose(found.within / np.outer(lengths, lengths), want, rtol=0, atol=1e-14)


@pytest.mark.parametrize("size", [1.0, 1e6])
def test_coordinates_have_the_products_of_the_columns(size):
    frame = data()
    frame["y"] = size * np.random.default_rng(2).normal(size=14)[frame["g"]] + frame["y"]
    made, factors, products = joint(STRUCTURES["crossed, slopes"], frame)
    found = products.rows.levels()
    z, block = exact(made, factors, products)
    of, c = found.coordinates, z.shape[1]
    squares = np.asarray(z.T @ z, dtype=float)
    np.testing.assert_allclose(of[:, :c].T @ of[:, :c], squares, rtol=0, atol=1e-13 * squares.max())
    block[:, -1] -= block[:, :-1] @ found.taken
    lengths = np.sqrt((block**2).sum(axis=0)).astype(float)
    products_of = np.asarray(z.T @ block, dtype=float) / lengths
    np.testing.assert_allclose(
        of[:, :c].T @ of[:, c:] / lengths, products_of, rtol=0, atol=1e-13 * np.sqrt(squares.max())
    )


def test_the_rounding_that_is_left_is_small_where_the_residuals_are():
    frame = data()
    frame["y"] = 1e6 * np.random.default_rng(2).normal(size=14)[frame["g"]] + frame["y"]
    _, _, products = joint(STRUCTURES["crossed"], frame)
    found = products.rows.levels()
    assert found.lost < 1e-8 * found.within[-1, -1]
    assert found.within[-1, -1] < 1e-9 * products.xy[-1, -1]
