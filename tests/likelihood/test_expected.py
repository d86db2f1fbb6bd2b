"""What the expected information is made of, for every structure, against matrices of the size of the data."""

import numpy as np
import pytest
from brute import MOBILITY, STRUCTURES, data, mobility, setup

from mlm.likelihood.several_factors import parts

# condition numbers of the dense matrices up to 1e4, sums of up to 1e2 products
EXACT = 1e-9
# of crossed factors with a variance of 0, which stands at LEAST_VARIANCE (several_factors/expected.py)
SINGULAR = 1e-7


def places(layout, seed):
    """T that are regular, large, singular and 0; and changes of Sigma of every form."""
    rng = np.random.default_rng(seed)
    t = [np.tril(rng.normal(size=(q, q))) for q in layout.sizes]
    flat = [m * (np.arange(len(m)) < len(m) - 1) for m in t]
    changes = [rng.normal(size=(2, q, q)) for q in layout.sizes]
    changes = [c + c.transpose(0, 2, 1) for c in changes]
    return [(m, changes, tolerance) for m, tolerance in ((t, EXACT), ([9.0 * m for m in t], EXACT), (flat, SINGULAR))]


def demand_dense(fast, dense, matrices, changes, tolerance):
    """All fields, with whatever basis the fixed effects have."""
    z = [
        np.concatenate([z for z, s in zip(dense.z, fast.layout.slots, strict=True) if s.factor == k], axis=1)
        for k in range(len(fast.layout.sizes))
    ]
    v = np.diag(1.0 / dense.weights) + sum(
        np.einsum("iaj,ab,kbj->ik", m, t @ t.T, m, optimize=True) for m, t in zip(z, matrices, strict=True)
    )
    dv = [np.einsum("iaj,ab,kbj->ik", m, c, m, optimize=True) for m, mine in zip(z, changes, strict=True) for c in mine]
    inverse = np.linalg.inv(v)
    unscaled = np.linalg.inv(dense.x.T @ inverse @ dense.x)
    found, users = fast.expected(matrices, changes), fast.products.shift.covariance
    weights = np.cov(np.random.default_rng(0).normal(size=(len(dv), 9)))

    def near(ours, want):
        np.testing.assert_allclose(ours, want, rtol=0, atol=tolerance * (np.abs(want).max(initial=0.0) + 1e-3))

    inside = [inverse @ d for d in dv]
    near(found.traces, [[np.trace(a @ b) for b in inside] for a in inside])
    near(found.single, [np.trace(a) for a in inside])
    if not dense.x.shape[1]:
        return
    gls = unscaled @ dense.x.T @ inverse
    products = np.array([[gls @ a @ inverse @ b @ gls.T for b in dv] for a in dv])
    near(found.pairs, [[np.trace(dense.x.T @ inverse @ dense.x @ c) for c in row] for row in products])
    near([users(found.root @ m @ found.root.T) for m in found.sums], [gls @ a @ gls.T for a in dv])
    near(users(found.root @ found.weighted(weights) @ found.root.T), np.tensordot(weights, products))


@pytest.mark.usefixtures("eliminated")
@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("structure", STRUCTURES)
def test_all_of_it_is_the_dense_one(structure, reml, weights):
    fast, dense = setup(STRUCTURES[structure], data(), reml, weights)
    for matrices, changes, tolerance in places(fast.layout, 5):
        demand_dense(fast, dense, matrices, changes, tolerance)


@pytest.mark.parametrize("structure", STRUCTURES)
def test_few_effects_at_once(structure):
    fast, dense = setup(STRUCTURES[structure], data(), True, "w")
    for matrices, changes, _ in places(fast.layout, 6):
        demand_dense(fast, dense, matrices, changes, EXACT)
        demand_dense(fast, dense, [60.0 * m for m in matrices], changes, 1e-7)


@pytest.mark.usefixtures("eliminated")
@pytest.mark.usefixtures("sparse")
@pytest.mark.parametrize("formula", MOBILITY)
def test_with_a_sparse_system_too(formula):
    fast, dense = setup(formula, mobility(40, 12, 100), True)
    for matrices, changes, tolerance in places(fast.layout, 6):
        demand_dense(fast, dense, matrices, changes, tolerance)


@pytest.mark.usefixtures("eliminated")
def test_parts_of_the_data_add_up(monkeypatch):
    frame = data(2, 200).assign(h=lambda d: 4 * d["a"] + d["h"] % 4, g=lambda d: 5 * d["a"] + d["g"] % 5)
    monkeypatch.setattr(parts, "PART_COLUMNS", 3)
    fast, dense = setup("y ~ x + (1 + x | g) + (1 | h)", frame, True)
    assert len(fast.solver.parts) > 1
    for matrices, changes, tolerance in places(fast.layout, 7):
        demand_dense(fast, dense, matrices, changes, tolerance)
