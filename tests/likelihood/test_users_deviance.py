"""The deviance as a function of the theta of the user's columns, whatever columns are worked with."""

import pickle

import numpy as np
import pytest
from brute import STRUCTURES, data, setup

import mlm

pytestmark = pytest.mark.filterwarnings("ignore::mlm.SingularFitWarning")

SLOPES = [s for s in STRUCTURES if "slope" in s or "terms" in s]


def far(frame=None):
    return (data() if frame is None else frame).assign(x=lambda d: 4.0 * d["x"] + 30.0)


@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("structure", SLOPES)
def test_value_gradient_and_modes_are_those_of_the_users_columns(structure, weights):
    m = mlm.lmer(STRUCTURES[structure], far(), weights=weights)
    _, dense = setup(STRUCTURES[structure], far(), True, weights)
    theta = np.random.default_rng(3).uniform(0.3, 1.2, len(m.theta))
    at = m.deviance_function.evaluate(theta)
    assert at.theta is theta
    assert at.value == pytest.approx(dense.value(theta), abs=1e-8)
    assert m.deviance_function.value(theta) == at.value
    want = dense.gradient(theta)
    np.testing.assert_allclose(at.gradient, want, rtol=0, atol=1e-8 * np.abs(want).max())
    modes, covariances = m.deviance_function.modes(theta)
    for slot, (mode, covariance) in zip(m.deviance_function.layout.slots, dense.modes(theta), strict=True):
        mine = slice(slot.start, slot.start + slot.size)
        np.testing.assert_allclose(modes[slot.factor][mine], mode, rtol=0, atol=1e-8 * np.abs(mode).max())
        got = covariances[slot.factor][mine, mine]
        np.testing.assert_allclose(got, covariance, rtol=0, atol=1e-8 * np.abs(covariance).max())


@pytest.mark.parametrize("zeros", [[], [0], [2], [0, 1, 2]])
def test_there_and_back(zeros):
    m = mlm.lmer("y ~ x + (1 + x | g)", far())
    theta = np.array([1.2, -0.4, 0.3])
    theta[zeros] = 0.0
    back = m.working.users_theta(m.working.working_theta(theta))
    t, other = (np.array([[v[0], 0.0], [v[1], v[2]]]) for v in (theta, back))
    np.testing.assert_allclose(other @ other.T, t @ t.T, rtol=0, atol=1e-12)


def test_a_start_and_the_evaluations_are_in_the_users_units():
    start = [0.5, -0.1, 0.2]
    m = mlm.lmer("y ~ x + (1 + x | g)", far(), start=start)
    np.testing.assert_allclose(m.optimizer_info.evaluations[0][0], start, rtol=1e-10)
    assert m.deviance_function.value(m.optimizer_info.evaluations[1][0]) == pytest.approx(
        m.optimizer_info.evaluations[1][1], abs=1e-8
    )
    again = pickle.loads(pickle.dumps(m))
    assert [v for _, v in again.optimizer_info.evaluations] == [v for _, v in m.optimizer_info.evaluations]


def test_a_covariance_without_a_variance_at_the_mean_is_singular_in_any_origin():
    """Lines that meet at the mean of x: a variance of 0 there, and a correlation of 1 elsewhere."""
    frame, effects = data(4), 2.0 * np.random.default_rng(2).normal(size=14)
    frame["x"] = np.round(frame["x"], 2)
    frame["y"] = effects[frame["g"]] * (frame["x"] - frame["x"].mean()) + np.random.default_rng(7).normal(size=96)
    found = [mlm.lmer("y ~ x + (1 + x | g)", frame.assign(x=frame["x"] + a)) for a in (0.0, 1000.0)]
    assert [m.is_singular for m in found] == [True, True]
    assert found[1].deviance == pytest.approx(found[0].deviance, abs=1e-8)
    assert abs(found[1].varcorr["sdcor"][2]) == pytest.approx(1.0, abs=1e-12)
