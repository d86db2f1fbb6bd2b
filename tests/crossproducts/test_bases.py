"""Bases of the random-effects columns: orthonormal within terms, the same in all units, and the way back."""

import itertools

import numpy as np
import pytest
from brute import STRUCTURES, data

import mlm
from mlm.crossproducts.in_memory import cross_products
from mlm.fit.stages import grouping_factors, sorted_terms
from mlm.frame.model_frame import model_frame

pytestmark = pytest.mark.filterwarnings("ignore::mlm.SingularFitWarning")

# sums of 96 products
EXACT = 1e-12


def build(formula, frame, weights=None):
    """Rows, factors with their columns, and products in the basis of each term."""
    rows = model_frame(formula, frame, weights)
    terms = sorted_terms(rows)
    factors = grouping_factors(rows, terms)
    sizes = [tuple(len(t.columns.names) for t in terms if t.term.group == g.name) for g, _ in factors]
    return rows, factors, sizes, cross_products(rows, factors, sizes=sizes)


@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("structure", STRUCTURES)
def test_products_are_those_of_orthonormal_columns(structure, weights):
    rows, factors, sizes, products = build(STRUCTURES[structure], data().assign(x=lambda d: d["x"] + 3.0), weights)
    root = np.ones(rows.nobs) if rows.weights is None else np.sqrt(rows.weights)
    z = []
    for found, (grouping, columns), terms in zip(products.factors, factors, sizes, strict=True):
        users = columns.matrix()
        worked_with = users if found.basis is None else users @ found.basis.inverse
        if found.basis is not None:
            np.testing.assert_allclose(worked_with @ found.basis.root, users, rtol=0, atol=EXACT * np.abs(users).max())
        ends = np.cumsum([0, *terms])
        for a, b in itertools.pairwise(ends):
            weighted = worked_with[:, a:b] * root[:, None]
            np.testing.assert_allclose(weighted.T @ weighted / rows.nobs, np.eye(b - a), rtol=0, atol=EXACT)
        levels = np.eye(len(grouping.levels))[grouping.codes]
        z.append(worked_with[:, :, None] * levels[:, None, :] * root[:, None, None])
        want = np.einsum("iaj,ibj->abj", z[-1], z[-1])
        np.testing.assert_allclose(found.zz, want, rtol=0, atol=EXACT * rows.nobs)
    for (a, b), pair in products.pairs.items():
        full = np.zeros((z[a].shape[1], z[b].shape[1], z[a].shape[2], z[b].shape[2]))
        full[:, :, pair.rows, pair.columns] = pair.values
        np.testing.assert_allclose(full, np.einsum("iaj,ibk->abjk", z[a], z[b]), rtol=0, atol=EXACT * rows.nobs)


def test_the_constant_alone_is_worked_with_as_it_is():
    _, _, _, products = build("y ~ x + (1 | g) + (1 | h)", data())
    assert [f.basis for f in products.factors] == [None, None]
    assert products.factors[0].zz[0, 0].tolist() == data().groupby("g").size().tolist()


@pytest.mark.parametrize("weights", [None, "w"])
def test_units_origins_and_the_scale_of_weights_change_nothing(weights):
    frame = data().assign(x=lambda d: np.round(d["x"], 3))
    other = frame.assign(x=2.0**-13 * (frame["x"] + 2.0**20), w=2.0**20 * frame["w"])
    formula = "y ~ 1 + (1 + x | g) + (0 + z | g)"
    found, same = (build(formula, f, weights)[-1].factors[0] for f in (frame, other))
    np.testing.assert_allclose(same.zz, found.zz, rtol=0, atol=1e-8)
    assert np.abs(same.basis.root[0, 1]) > 100 * np.abs(found.basis.root[0, 1])


def test_columns_that_nearly_depend_on_each_other_are_looked_at_row_by_row():
    frame = data().assign(v=lambda d: 5.0 + d["x"], u=lambda d: 5.0 + d["x"] + 3e-6 * d["z"])
    rows, ((_grouping, columns),), _, products = build("y ~ 1 + (1 + v + u | g)", frame)
    (found,) = products.factors
    assert 1e-7 < min(found.basis.shares) < 1e-4
    np.testing.assert_allclose(found.zz.sum(axis=2) / rows.nobs, np.eye(3), rtol=0, atol=1e-12)
    np.testing.assert_allclose(
        columns.matrix() @ found.basis.inverse @ found.basis.root, columns.matrix(), rtol=1e-8, atol=0
    )
    m = mlm.lmer("y ~ 1 + (1 + v + u | g)", frame)
    # the same space, written with a column that can be told
    best = mlm.lmer("y ~ 1 + (1 + v + z | g)", frame)
    assert m.deviance == pytest.approx(best.deviance, abs=1e-6)


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("y ~ x + (1 + c | g)", r"columns \(Intercept\), c of the term .* depend linearly"),
        ("y ~ x + (1 + nothing | g)", "column 'nothing' of the term .* is 0 in all rows"),
        ("y ~ x + (0 + nothing | g)", "column 'nothing' of the term .* is 0 in all rows"),
        ("y ~ x + (1 + x + double | g)", "depend linearly"),
        ("y ~ x + (0 + x + double | g)", "depend linearly"),
    ],
)
def test_columns_that_depend_on_each_other_are_refused(formula, message):
    frame = data().assign(c=0.1, nothing=0.0, double=lambda d: 2.0 * d["x"] + (0.1 if "1 +" in formula else 0.0))
    with pytest.raises(mlm.DataError, match=message):
        mlm.lmer(formula, frame)


@pytest.mark.parametrize("far", [2459402.0, 1.7e9, 2.0**40])
def test_an_origin_however_far_is_not_dependence(far):
    frame = data().assign(x=lambda d: np.round(2.0**10 * d["x"]))
    near, there = (mlm.lmer("y ~ x + (1 + x | g)", f) for f in (frame, frame.assign(x=frame["x"] + far)))
    assert there.deviance == pytest.approx(near.deviance, abs=1e-8)
    assert there.fixef["x"] == pytest.approx(near.fixef["x"], abs=1e-8 * near.se["x"])
    assert there.is_singular == near.is_singular
