"""The criterion of one design for many responses is that of each alone, and so are its derivatives."""

import warnings

import numpy as np
import pandas as pd
import pytest

import mlm
from mlm.crossproducts.responses import ResponseRows
from mlm.likelihood.many_responses import ManyResponses


def rows(balanced):
    rng = np.random.default_rng(1)
    d = pd.DataFrame({"g": np.repeat(np.arange(12), 8), "x": np.tile(np.arange(8.0), 12), "z": rng.normal(size=96)})
    d["x"] += 0.0 if balanced else rng.normal(size=96)
    d["w"] = rng.uniform(0.5, 2.0, 96)
    d["y"] = 1e3 + d.x + 2 * rng.normal(size=12)[d.g] + rng.normal(size=12)[d.g] * d.x + rng.normal(size=96)
    return d


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize(
    ("formula", "balanced", "kinds"),
    [
        ("y ~ x + (x | g)", True, 1),
        ("y ~ x + (x | g)", False, 12),
        ("y ~ z + (1 | g)", False, 12),
        ("y ~ x + z + (x + z | g)", False, 12),
        ("y ~ x + (x | g) + (0 + z | g)", False, 12),
        ("y ~ 0 + (1 | g)", True, 1),
    ],
)
def test_it_is_the_criterion_of_each(formula, balanced, kinds, weights, reml):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.MlmWarning)
        m = mlm.lmer(formula, rows(balanced), reml=reml, weights=weights)
    y = m.simulate(3, seed=2)
    shared, many = ResponseRows(m.products), ManyResponses(m.products, m.working.layout, reml)
    assert weights or len(many.first) == kinds
    sums = shared.sums(y.copy())
    of = many.sums(sums.squares, sums.zy)
    thetas = np.random.default_rng(3).normal(size=(m.working.layout.n_theta, 3))
    found = many.evaluate(thetas, of)
    for k in range(3):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", mlm.MlmWarning)
            alone = m.refit(y=y[:, k])
        at = alone.working.evaluate(thetas[:, k], 2)
        second = alone.working.curvature(at)
        # sums in another order: a few roundings of what is summed
        np.testing.assert_allclose(found.value[k], at.value, rtol=1e-10)
        np.testing.assert_allclose(found.sigma2[k], at.sigma2, rtol=1e-10)
        np.testing.assert_allclose(found.gradient[:, k], at.gradient, atol=1e-9 * np.abs(at.gradient).max())
        np.testing.assert_allclose(found.hessian[:, :, k], second, atol=1e-9 * np.abs(second).max())
        np.testing.assert_allclose(found.slope[:, :, k], at.slope(0), atol=1e-9 * np.abs(at.slope(0)).max())
        coefficients = shared.coefficients(sums, found.beta)[:, k]
        np.testing.assert_allclose(coefficients, alone.products.shift.coefficients(at.beta), rtol=1e-8, atol=1e-8)
        mine = shared.products_of(sums, k, y[:, k])
        np.testing.assert_allclose(mine.xy, alone.products.xy, atol=1e-9 * mine.xy.max())
        np.testing.assert_allclose(mine.factors[0].zxy, alone.products.factors[0].zxy, atol=1e-8 * np.sqrt(mine.total))
    without = many.evaluate(thetas, of, derivatives=False)
    assert (without.value == found.value).all()


def test_a_response_that_fixed_effects_nearly_explain_keeps_its_digits():
    m = mlm.lmer("y ~ x + (x | g)", rows(balanced=False))
    y = m.simulate(2, seed=4)
    steep = y + 1e6 * m.x[["x"]].to_numpy()
    shared = ResponseRows(m.products)
    plain, far = shared.sums(y.copy()), shared.sums(steep.copy())
    # numbers of 1e7 have a rounding of 1e-9
    np.testing.assert_allclose(far.squares, plain.squares, rtol=1e-7)
    np.testing.assert_allclose(far.zy, plain.zy, atol=1e-6)
