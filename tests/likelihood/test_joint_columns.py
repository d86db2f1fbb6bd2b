"""Nearly parallel columns of terms: the same function of theta as term by term, exact where that loses its digits."""

import numpy as np
import pytest
from brute import data
from reference.small_designs import design

import mlm
from mlm.likelihood.deviance import Deviance
from mlm.likelihood.joint_columns import JointColumns

pytestmark = pytest.mark.filterwarnings("ignore::mlm.MlmWarning")

FORMULAS = {
    "one": "y ~ x + (x || g)",
    "one, unstructured beside": "y ~ x + (1 + z | g) + (0 + x | g)",
    "crossed": "y ~ x + (x || g) + (1 | h)",
    "crossed, both": "y ~ x + (x || g) + (x || h)",
    "nested": "y ~ x + (1 | g) + (0 + x | g) + (1 | g:h)",
    "no intercept": "y ~ 1 + (0 + x | g) + (0 + z | g) + (1 | h)",
}


def deviances(formula, far, reml):
    """Solved jointly, and term by term."""
    frame = data()
    frame["z"] = np.random.default_rng(4).normal(size=len(frame))
    frame["x"] = frame["x"] + far
    if "0 + z" in formula:
        frame["z"] = frame["z"] + far
    m = mlm.lmer(formula, frame, reml=reml)
    return m.working, Deviance(m.products._replace(joint=None), m.working.layout, reml)


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("name", FORMULAS)
def test_the_same_function_of_theta(name, reml):
    joint, plain = deviances(FORMULAS[name], 60.0, reml)
    assert isinstance(joint.solver, JointColumns)
    theta = np.where(joint.layout.diagonal, 0.7, 0.2) * (1.0 + 0.1 * np.arange(joint.layout.n_theta))
    a, b = (d.evaluate(theta, 2) for d in (joint, plain))
    assert a.value == pytest.approx(b.value, abs=1e-8)
    np.testing.assert_allclose(a.gradient, b.gradient, rtol=0, atol=1e-7)
    np.testing.assert_allclose(joint.curvature(a), plain.curvature(b), rtol=0, atol=1e-5)
    for one, other in zip(joint.modes(theta), plain.modes(theta), strict=True):
        for mine, theirs in zip(one, other, strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=0, atol=1e-7)
    steps = [joint.layout.units(k) for k in range(len(joint.layout.sizes))]
    matrices = joint.layout.matrices(theta)
    np.testing.assert_allclose(joint.along(matrices, steps).second, plain.along(matrices, steps).second, atol=1e-5)


@pytest.mark.parametrize("name", FORMULAS)
def test_a_variance_of_zero(name):
    joint, plain = deviances(FORMULAS[name], 60.0, reml=True)
    theta = np.where(joint.layout.diagonal, 0.7, 0.2)
    theta[-1] = 0.0
    a, b = (d.evaluate(theta, 2) for d in (joint, plain))
    assert a.value == pytest.approx(b.value, abs=1e-8)
    np.testing.assert_allclose(a.gradient, b.gradient, rtol=0, atol=1e-7)


def test_none_for_columns_that_are_not_parallel():
    joint, _ = deviances(FORMULAS["crossed"], 3.0, reml=True)
    assert joint.products.joint is None


@pytest.mark.parametrize("theta", [[2.4e4, 2.4e4, 6e-4], [4.9e4, 2.1e4, 4e-3]])
def test_derivatives_far_from_the_origin(theta):
    """They were -736 and -4,516 by logarithms where -48 and -47 is right: a rounding of S E S, times the variances."""
    one, theta = design(1042), np.array(theta)
    m = mlm.lmer(one.formula, one.frame, reml=one.reml, weights=one.weights)
    plain = Deviance(m.products._replace(joint=None), m.working.layout, one.reml)
    for deviance, digits in ((m.working, 1e-5), (plain, 1e-2)):
        slope = deviance.evaluate(theta, 1).gradient * theta
        for k in (0, 1):
            up, down = (deviance.value(theta * np.where(np.arange(3) == k, 1.0 + s, 1.0)) for s in (1e-3, -1e-3))
            assert slope[k] == pytest.approx((up - down) / 2e-3, abs=0.01 + digits * abs(slope[k]))
