"""Cross-products against plain matrix products, in double and in extended precision."""

import numpy as np
import pandas as pd
import pytest
from brute import STRUCTURES, data

from mlm.crossproducts import in_memory, level_sums
from mlm.fit.stages import grouping_factors, sorted_terms
from mlm.frame.model_frame import model_frame

# sums of 96 products
EXACT = 1e-12


def build(formula, frame, weights=None, offset=None):
    rows = model_frame(formula, frame, weights, offset)
    factors = grouping_factors(rows, sorted_terms(rows))
    return rows, factors, in_memory.cross_products(rows, factors)


def working(rows, products):
    """The rows as the engine works with them: shifted columns, residual response, times root weights."""
    shift, offset = products.shift, 0.0 if rows.offset is None else rows.offset
    x = rows.x - shift.means
    y = rows.y - offset - shift.response - x @ shift.ols
    root = np.ones(rows.nobs) if rows.weights is None else np.sqrt(rows.weights)
    return np.column_stack([x, y]) * root[:, None], root


def columns_of(grouping, columns, root):
    """Z of one factor, shape (n, q, J)."""
    indicators = np.eye(len(grouping.levels))[grouping.codes]
    return columns.matrix()[:, :, None] * indicators[:, None, :] * root[:, None, None]


def check(rows, factors, products):
    xy, root = working(rows, products)
    scale = np.sqrt(np.outer(np.diag(xy.T @ xy), np.diag(xy.T @ xy)))
    assert (np.abs(products.xy - xy.T @ xy) <= EXACT * scale).all()
    z = [columns_of(*f, root) for f in factors]
    for found, dense, (grouping, _) in zip(products.factors, z, factors, strict=True):
        assert (found.name, found.levels) == (grouping.name, len(grouping.levels))
        want = np.einsum("iaj,ibj->abj", dense, dense)
        np.testing.assert_allclose(found.zz, want, rtol=EXACT, atol=EXACT)
        want = np.einsum("iaj,ib->abj", dense, xy)
        np.testing.assert_allclose(found.zxy, want, rtol=EXACT, atol=EXACT * np.abs(want).max())
    assert set(products.pairs) == {(a, b) for b in range(len(z)) for a in range(b)}
    for (a, b), pair in products.pairs.items():
        full = np.zeros((z[a].shape[1], z[b].shape[1], z[a].shape[2], z[b].shape[2]))
        full[:, :, pair.rows, pair.columns] = pair.values
        want = np.einsum("iaj,ibk->abjk", z[a], z[b])
        np.testing.assert_allclose(full, want, rtol=EXACT, atol=EXACT)
        together = {*zip(factors[a][0].codes, factors[b][0].codes, strict=True)}
        assert {*zip(pair.rows.tolist(), pair.columns.tolist(), strict=True)} == together
    # the response is what least squares leaves: orthogonal to the columns
    assert (np.abs(products.xy[:-1, -1]) <= 1e3 * EXACT * scale[:-1, -1]).all()


@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("structure", STRUCTURES)
def test_all_blocks_are_plain_products(structure, weights):
    rows, factors, products = build(STRUCTURES[structure], data(), weights)
    check(rows, factors, products)
    assert products.nobs == 96
    assert products.log_weights == pytest.approx(0.0 if weights is None else np.log(data()["w"]).sum(), rel=EXACT)
    sizes = [f.levels * f.size for f in products.factors]
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize(
    "constants",
    [
        {"PIECE_ROWS": 7},
        {"PIECE_ROWS": 7, "ONE_CALL_PRODUCTS": 0, "RUN_ROWS": 10**9},
        {"PIECE_ROWS": 50, "ONE_CALL_PRODUCTS": 0, "RUN_ROWS": 0},
        {"ONE_CALL_PRODUCTS": 10**9},
    ],
)
@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("structure", ["one, two slopes", "nested three deep, slopes", "crossed with nested"])
def test_pieces_and_runs_add_up_to_the_same(structure, weights, constants, monkeypatch):
    for name, value in constants.items():
        monkeypatch.setattr(in_memory if name == "PIECE_ROWS" else level_sums, name, value)
    rows, factors, products = build(STRUCTURES[structure], pd.concat([data(s) for s in range(4)]), weights)
    check(rows, factors, products)


@pytest.mark.parametrize("rows_a_run", [1, 4, 12, 90])
@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("formula", ["y ~ x * z + (1 + x + z | g)", "y ~ x + (0 + z | g)", "y ~ k + (k || g)"])
def test_levels_stand_in_runs_of_any_length(formula, weights, rows_a_run):
    """Each level in several runs, so that sums by run are not yet sums by level."""
    frame = pd.concat([data(seed) for seed in range(50)]).sort_values("g", kind="stable")
    runs = np.arange(len(frame)) // rows_a_run
    shuffled = np.random.default_rng(rows_a_run).permutation(runs[-1] + 1)
    rows, factors, products = build(formula, frame.iloc[np.argsort(shuffled[runs], kind="stable")], weights)
    (grouping, _), *_ = factors
    assert (level_sums._runs(grouping.codes) is not None) == (rows_a_run > level_sums.RUN_ROWS)
    check(rows, factors, products)


@pytest.mark.parametrize("weights", [None, "w"])
def test_few_rows_give_the_same_digits_in_one_call(weights, monkeypatch):
    """All products are summed in the order of the rows, column by column or at once."""
    monkeypatch.setattr(level_sums, "RUN_ROWS", 10**9)
    blocks = []
    for few in (0, 10**9):
        monkeypatch.setattr(level_sums, "ONE_CALL_PRODUCTS", few)
        (factor,) = build(STRUCTURES["one, two slopes"], data(), weights)[2].factors
        blocks.append((factor.zz.tolist(), factor.zxy.tolist()))
    assert blocks[0] == blocks[1]


def test_offset_is_taken_off():
    rows, factors, products = build("y ~ x + (1 | g)", data(), offset="z")
    check(rows, factors, products)
    moved = data().assign(y=data()["y"] - data()["z"])
    np.testing.assert_allclose(products.xy, build("y ~ x + (1 | g)", moved)[2].xy, rtol=EXACT, atol=1e-10)


@pytest.mark.parametrize("formula", ["y ~ x + z + (1 | g)", "y ~ 0 + x + z + (1 | g)"])
@pytest.mark.parametrize("weights", [None, "w"])
def test_shift_takes_coefficients_back(formula, weights):
    """With working coefficients 0 they are those of least squares; covariances are those of the user's columns."""
    rows, _, products = build(formula, data(), weights)
    root = np.ones(96) if weights is None else np.sqrt(rows.weights)
    x, y = rows.x * root[:, None], rows.y * root
    p = len(rows.x_names)
    beta = np.linalg.lstsq(x, y, rcond=None)[0]
    np.testing.assert_allclose(products.shift.coefficients(np.zeros(p)), beta, rtol=1e-11)
    found = products.shift.covariance(np.linalg.inv(products.xy[:-1, :-1]))
    np.testing.assert_allclose(found, np.linalg.inv(x.T @ x), rtol=1e-10, atol=1e-14)


def exact_rest(x, y):
    """Residual sum of squares in extended precision (64 bits of mantissa), by modified Gram-Schmidt, twice."""
    rest, basis = y.astype(np.longdouble), []
    for column in x.T.astype(np.longdouble):
        for _ in range(2):
            for b in basis:
                column = column - (b @ column) * b
        basis.append(column / np.sqrt(column @ column))
    for _ in range(2):
        for b in basis:
            rest = rest - (b @ rest) * b
    return rest


@pytest.mark.parametrize(("mean", "digits"), [(1e3, 1e-12), (1e6, 1e-12), (1e9, 1e-9)])
def test_large_means_do_not_cancel(mean, digits):
    """Raw sums of squares would lose all digits of the residual at means of 1e9 standard deviations.

    The mean itself is a double: subtracting one of 1e9 leaves columns that are off centre by up to 1e-7.
    """
    frame = data()
    frame["x"], frame["y"] = frame["x"] + mean, frame["y"] - 3.0 * mean
    rows, _, products = build("y ~ x + z + (1 | g)", frame)
    rest = exact_rest(rows.x, rows.y)
    assert products.xy[-1, -1] == pytest.approx(float(rest @ rest), rel=digits)
    sums = np.bincount(rows.groupings["g"].codes, rest.astype(float))
    np.testing.assert_allclose(products.factors[0].zxy[0, -1], sums, rtol=0, atol=digits * np.abs(sums).max())


@pytest.mark.parametrize("noise", [1e-3, 1e-5, 1e-7])
def test_a_nearly_perfect_fit_keeps_its_residuals(noise):
    """Below RESIDUAL_SHARE of the response, residuals come from the rows: y'y less projections would be rounding."""
    frame = data()
    frame["y"] = 5.0 + 2.0 * frame["x"] - frame["z"] + noise * np.sin(np.arange(96.0))
    rows, _, products = build("y ~ x + z + (1 | g)", frame)
    rest = exact_rest(rows.x, rows.y)
    # y is stored to 1e-16 of its size: its residuals of size `noise` to 1e-16 / noise
    assert products.xy[-1, -1] == pytest.approx(float(rest @ rest), rel=1e-14 / noise)
    sums = np.bincount(rows.groupings["g"].codes, rest.astype(float))
    np.testing.assert_allclose(products.factors[0].zxy[0, -1], sums, rtol=0, atol=1e-14 * 96)
    beta = products.shift.coefficients(np.zeros(3))
    np.testing.assert_allclose(beta, [5.0, 2.0, -1.0], rtol=0, atol=noise)


@pytest.mark.parametrize("weights", [None, "w"])
def test_sum_of_squares_of_the_response_and_independence(weights):
    frame = data()
    w = np.ones(96) if weights is None else frame["w"].to_numpy()
    products = build("y ~ x + (1 | g)", frame, weights)[2]
    assert products.total == pytest.approx(w @ (frame["y"] - frame["y"].mean()) ** 2, rel=EXACT)
    assert products.independent
    close = frame.assign(v=frame["x"] + 1e-5 * frame["z"])
    assert not build("y ~ x + v + (1 | g)", close, weights)[2].independent
    assert not build("y ~ x + v + (1 | g)", frame.assign(v=0.0), weights)[2].independent


def test_residuals_keep_their_digits_where_predictors_explain_most():
    rng = np.random.default_rng(5)
    x = 100.0 + rng.standard_normal(1000)
    frame = pd.DataFrame({"x": x, "y": 2.0 * x + 5.0 * rng.standard_normal(1000), "g": np.arange(1000) % 10})
    _, _, products = build("y ~ 0 + x + (1 | g)", frame)
    assert products.xy[-1, -1] < 1e-3 * products.total
    y, z = frame["y"].to_numpy(np.longdouble), x.astype(np.longdouble)
    left = float(y @ y - (z @ y) ** 2 / (z @ z))
    assert products.xy[-1, -1] == pytest.approx(left, rel=1e-14)  # of a difference of sums: 3e-13
