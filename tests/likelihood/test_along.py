"""Exact derivatives along steps of T, for every structure, against matrices of the size of the data.

The dense side differentiates its formulas of first derivatives by complex steps, which are exact to the last digits
(Squire & Trapp 1998, SIAM Review 40, 110-112).
"""

import numpy as np
import pytest
from brute import MOBILITY, STRUCTURES, data, mobility, setup

from mlm.likelihood.several_factors import incidence, parts

# condition numbers of the dense matrices up to 1e4, sums of up to 1e2 products
EXACT = 1e-10
STEP = 1e-30


class Along:
    """The profiled criterion's slope and what the fixed effects have, as functions of how far along each step."""

    def __init__(self, fast, dense):
        self.dense, self.x = dense, dense.x
        z = [
            np.concatenate([z for z, s in zip(dense.z, fast.layout.slots, strict=True) if s.factor == k], axis=1)
            for k in range(len(fast.layout.sizes))
        ]
        self.products = [np.einsum("iaj,kbj->abik", m, m, optimize=True) for m in z]
        self.dof = len(dense.y) - dense.reml * dense.x.shape[1]

    def start(self, matrices, steps):
        self.matrices = matrices
        self.steps = [(k, change) for k, mine in enumerate(steps) for change in mine]
        return self

    def at(self, far):
        """Inverse of V, generalised least squares, and derivatives of V, at complex distances."""
        t = [m.astype(complex) for m in self.matrices]
        for (k, change), tau in zip(self.steps, far, strict=True):
            t[k] = t[k] + tau * change
        v = np.diag(1.0 / self.dense.weights).astype(complex)
        for products, m in zip(self.products, t, strict=True):
            v += np.tensordot(m @ m.T, products)
        dv = [np.tensordot(c @ t[k].T + t[k] @ c.T, self.products[k]) for k, c in self.steps]
        inverse = np.linalg.inv(v)
        unscaled = np.linalg.inv(self.x.T @ inverse @ self.x)
        beta = unscaled @ (self.x.T @ inverse @ self.dense.y)
        return inverse, unscaled, self.dense.y - self.x @ beta, dv

    def slope(self, far):
        """``tr(Q V_a) - e' V_a e / sigma²`` at each step, and the profiled covariance matrix of the fixed effects."""
        inverse, unscaled, rest, dv = self.at(far)
        q = inverse - self.dense.reml * inverse @ self.x @ unscaled @ self.x.T @ inverse
        e, sigma2 = inverse @ rest, rest @ inverse @ rest / self.dof
        return np.array([np.sum(q * c) - e @ c @ e / sigma2 for c in dv]), sigma2 * unscaled

    def second(self):
        """Second derivatives, and the relative derivatives of the covariance matrix: ``C^-1 dC``'s symmetric form."""
        m = len(self.steps)
        found = [self.slope(1j * STEP * np.eye(m)[a]) for a in range(m)]
        return np.array([s.imag / STEP for s, _ in found]), np.array([c.imag / STEP for _, c in found])

    def traces(self):
        inverse, _, _, dv = self.at(np.zeros(len(self.steps)))
        return np.array([[np.trace(inverse @ a @ inverse @ b).real for b in dv] for a in dv])


def places(layout, seed):
    """T that are regular, large, singular, and lower triangular no more; and steps of every form."""
    rng = np.random.default_rng(seed)
    t = [np.tril(rng.normal(size=(q, q))) for q in layout.sizes]
    flat = [m * (np.arange(len(m)) < max(len(m) - 1, 1)) for m in t]
    turned = [m @ np.linalg.qr(rng.normal(size=m.shape))[0] for m in t]
    steps = [rng.normal(size=(2, q, q)) for q in layout.sizes]
    large = [60.0 * m for m in turned]
    return [(m, steps) for m in (t, [20.0 * m for m in t], flat, turned, large)]


def demand_dense(fast, want, matrices, steps, tolerance=EXACT):
    found, want = fast.along(matrices, steps), want.start(matrices, steps)
    slope, covariance = want.slope(np.zeros(len(want.steps)))
    second, changes = want.second()
    traces = want.traces()
    size = np.abs(traces).max() + 1.0
    np.testing.assert_allclose(found.slope, slope.real, rtol=0, atol=tolerance * size)
    np.testing.assert_allclose(found.second, second, rtol=0, atol=tolerance * size)
    np.testing.assert_allclose(found.second, found.second.T, rtol=0, atol=tolerance * size)
    np.testing.assert_allclose(found.traces, traces, rtol=0, atol=tolerance * size)
    p = found.root.shape[0]
    sums, root = found.sums, fast.products.shift.covariance(found.root @ found.root.T)
    relative = sums[:, :p, :p] - sums[:, p, p][:, None, None] / want.dof * np.eye(p)
    ours = np.array([fast.products.shift.covariance(found.root @ m @ found.root.T) for m in relative])
    sigma2 = covariance.real[0, 0] / root[0, 0] if p else 1.0
    if p:
        near = tolerance * size * np.abs(covariance).max()
        np.testing.assert_allclose(sigma2 * ours, changes, rtol=0, atol=near)


@pytest.mark.usefixtures("eliminated")
@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("structure", STRUCTURES)
def test_derivatives_are_the_dense_ones(structure, reml, weights):
    fast, dense = setup(STRUCTURES[structure], data(), reml, weights)
    want = Along(fast, dense)
    for matrices, steps in places(fast.layout, 5):
        demand_dense(fast, want, matrices, steps)


@pytest.mark.usefixtures("eliminated")
@pytest.mark.usefixtures("sparse")
@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("formula", MOBILITY)
def test_with_a_sparse_system_too(formula, reml):
    fast, dense = setup(formula, mobility(40, 12, 100), reml)
    assert len(fast.solver.parts[0].plan.crossed.fronts.fronts) > 2
    want = Along(fast, dense)
    for matrices, steps in places(fast.layout, 6):
        demand_dense(fast, want, matrices, steps)


@pytest.mark.usefixtures("eliminated")
@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("formula", MOBILITY[1:3])
def test_with_popular_columns_too(monkeypatch, formula, share):
    monkeypatch.setattr(incidence, "POPULAR_SHARES", np.array([share]))
    fast, dense = setup(formula, mobility(40, 12, 100), reml=True)
    assert (len(fast.solver.parts[0].plan.nested[0].crossed.popular) > 0) is (share > 0)
    want = Along(fast, dense)
    for matrices, steps in places(fast.layout, 8):
        demand_dense(fast, want, matrices, steps)


@pytest.mark.usefixtures("eliminated")
@pytest.mark.parametrize("reml", [True, False])
def test_parts_of_the_data_add_up(monkeypatch, reml):
    frame = data(2, 200).assign(h=lambda d: 4 * d["a"] + d["h"] % 4, g=lambda d: 5 * d["a"] + d["g"] % 5)
    monkeypatch.setattr(parts, "PART_COLUMNS", 3)
    fast, dense = setup("y ~ x + (1 + x | g) + (1 | h)", frame, reml)
    assert len(fast.solver.parts) > 1
    want = Along(fast, dense)
    for matrices, steps in places(fast.layout, 7):
        demand_dense(fast, want, matrices, steps)
