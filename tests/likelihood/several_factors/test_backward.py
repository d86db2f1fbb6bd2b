"""Conditional modes and covariances against dense formulas, for every structure of factors."""

import numpy as np
import pytest
from brute import STRUCTURES, data, demand_dense_modes, setup

# rounding: the dense side inverts 96 x 96 matrices with condition numbers up to 1e4
EXACT = 1e-9


@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("structure", STRUCTURES)
def test_modes_and_covariances_are_the_dense_ones(structure, weights):
    fast, dense = setup(STRUCTURES[structure], data(), reml=True, weights=weights)
    rng = np.random.default_rng(5)
    singular = np.where(fast.layout.diagonal, 0.0, rng.normal(size=fast.layout.n_theta))
    for theta in (rng.normal(size=fast.layout.n_theta), singular):
        demand_dense_modes(fast, dense, theta, EXACT)


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("structure", STRUCTURES)
def test_projections_and_residuals_are_the_dense_ones(structure, reml):
    """What the gradient is made of, level by level, where `T` is regular and where it is singular."""
    fast, dense = setup(STRUCTURES[structure], data(), reml)
    rng = np.random.default_rng(6)
    singular = np.where(fast.layout.diagonal, 0.0, rng.normal(size=fast.layout.n_theta))
    for theta in (rng.normal(size=fast.layout.n_theta), singular):
        at, found = fast.evaluate(theta), dense.solve(theta)
        e = found["inverse"] @ found["rest"]
        for slot, z, want in zip(fast.layout.slots, dense.z, dense.projections(theta), strict=True):
            mine = slice(slot.start, slot.start + slot.size)
            np.testing.assert_allclose(at.projections[slot.factor][mine, mine], want, rtol=EXACT, atol=100 * EXACT)
            sums = np.einsum("iaj,i->aj", z, e)
            np.testing.assert_allclose(at.outer(slot.factor)[mine, mine], sums @ sums.T, rtol=EXACT, atol=100 * EXACT)
