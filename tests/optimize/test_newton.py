"""The optimiser: global minima whatever the start, exact zeros, and the condition that makes a zero a minimum."""

import numpy as np
import pandas as pd
import pytest
from brute import STRUCTURES, data, setup
from scipy.optimize import minimize

import mlm
from mlm.optimize.boundary import leave_boundary, leave_saddle
from mlm.optimize.minimise import minimise

# what rounding does to deviances of a few hundred, over a search
FLAT = 1e-8
# a quadratic with curvature 1 to 100 that is flat to FLAT² or so, as gradients decide at the end
SAME_THETA = 1e-5


def noise(seed: int = 0):
    """Rows in which nothing but x matters: most variances are estimated as 0."""
    frame = data(seed)
    return frame.assign(y=frame["x"] + np.random.default_rng(seed).normal(size=len(frame)))


def singular_directions(deviance, at):
    """Smallest slope of the deviance in the directions in which a term's covariance matrix is singular."""
    slopes = [0.0]
    matrices = deviance.layout.matrices(at.theta)
    for slot in deviance.layout.slots:
        block = slice(slot.start, slot.start + slot.size)
        sigma = matrices[slot.factor][block, block] @ matrices[slot.factor][block, block].T
        values, vectors = np.linalg.eigh(sigma)
        null = vectors[:, values <= 1e-9 * max(values[-1], 1e-12)]
        if null.shape[1]:
            slopes.append(np.linalg.eigvalsh(null.T @ at.slope(slot.factor)[block, block] @ null)[0])
    return min(slopes)


@pytest.mark.parametrize(("rows", "reml"), [(data, True), (noise, False)])
@pytest.mark.parametrize("structure", STRUCTURES)
def test_no_other_search_finds_less(structure, reml, rows):
    deviance, _ = setup(STRUCTURES[structure], rows(), reml)
    found = minimise(deviance)
    assert found.converged
    assert found.message == "converged"

    def both(theta):
        at = deviance.evaluate(theta)
        return at.value, at.gradient

    rng = np.random.default_rng(11)
    start = np.where(deviance.layout.diagonal, rng.uniform(0.2, 2.0, deviance.layout.n_theta), rng.normal())
    other = minimize(both, start, jac=True, method="BFGS", options={"maxiter": 25})
    assert found.evaluation.value <= other.fun + FLAT


@pytest.mark.parametrize("rows", [data, noise])
@pytest.mark.parametrize("structure", STRUCTURES)
def test_conditions_of_a_minimum(structure, rows):
    """No slope along theta, none downwards where a covariance matrix is singular, no negative diagonal."""
    deviance, _ = setup(STRUCTURES[structure], rows(), reml=True)
    at = deviance.evaluate(minimise(deviance).evaluation.theta)
    # with curvatures of 10 to 100, a gradient of 1e-5 is a deviance of 1e-11 above the minimum
    assert np.abs(at.gradient).max() < 1e-5
    assert singular_directions(deviance, at) >= -1e-6 * deviance.products.nobs
    assert (at.theta[deviance.layout.diagonal] >= 0).all()


@pytest.mark.parametrize(
    "structure", ["one, intercept", "one, slope", "one, two terms", "crossed, slopes", "nested twice, slopes"]
)
@pytest.mark.parametrize("scale", [0.0, 1e-6, -1.0, 30.0])
def test_every_start_leads_to_the_same_minimum(structure, scale):
    """Zero on the diagonal is always a stationary point, and no start may end there unless it is the minimum."""
    deviance, _ = setup(STRUCTURES[structure], data(), reml=True)
    best = minimise(deviance).evaluation
    start = scale * np.random.default_rng(2).uniform(0.5, 1.5, deviance.layout.n_theta)
    found = minimise(deviance, start=start)
    assert found.evaluations[0][0].tolist() == start.tolist()
    assert found.evaluation.value == pytest.approx(best.value, rel=0, abs=FLAT)
    np.testing.assert_allclose(found.evaluation.theta, best.theta, rtol=0, atol=SAME_THETA)


@pytest.mark.parametrize("elements", [[0], [2], [0, 1, 2], [1, 2]])
def test_zeros_of_a_start_are_left(elements):
    deviance, _ = setup(STRUCTURES["one, slope"], data(), reml=False)
    best = minimise(deviance).evaluation
    assert (best.theta[[0, 2]] > 0.1).all()
    start = best.theta.copy()
    start[elements] = 0.0
    # not quite the same point again: the search came from elsewhere
    np.testing.assert_allclose(minimise(deviance, start=start).evaluation.theta, best.theta, rtol=0, atol=SAME_THETA)


def test_a_zero_that_is_not_a_minimum_is_left_downhill():
    deviance, _ = setup(STRUCTURES["one, slope"], data(), reml=True)
    stuck = deviance.evaluate(np.zeros(3))
    assert not stuck.gradient.any()
    fresh = leave_boundary(deviance, deviance.evaluate, stuck)
    assert fresh.value < stuck.value - 1.0
    best = minimise(deviance).evaluation
    assert leave_boundary(deviance, deviance.evaluate, best) is None


def test_a_zero_before_an_element_that_is_not_is_left():
    """The gradient is 0 there, and no variance should grow; but a covariance should."""
    frame, effects = data(4), np.random.default_rng(2).normal(size=14)
    frame["y"] = effects[frame["g"]] * (0.2 + frame["x"]) + 0.3 * np.random.default_rng(102).normal(size=96)
    deviance, _ = setup("y ~ x + (1 + x | g)", frame, reml=True)
    best = minimise(deviance).evaluation
    sizes = np.linspace(0.0, 8.0, 401)
    size = min(sizes, key=lambda s: deviance.value(np.array([0.0, 0.0, s])))
    stuck = deviance.evaluate(np.array([0.0, 0.0, size]))
    assert stuck.value > best.value + 1.0
    fresh = leave_boundary(deviance, deviance.evaluate, stuck)
    assert fresh.value < stuck.value - 1e-3
    assert minimise(deviance, start=stuck.theta).evaluation.value == pytest.approx(best.value, abs=FLAT)


def test_a_saddle_is_left_downhill():
    """At 0 the gradient is 0, and the second derivative negative where a variance should grow."""
    deviance, _ = setup(STRUCTURES["one, intercept"], data(), reml=True)
    stuck = deviance.evaluate(np.zeros(1))
    assert leave_saddle(deviance.evaluate, stuck, deviance.curvature(stuck)).value < stuck.value - 1.0
    best = deviance.evaluate(minimise(deviance).evaluation.theta)
    assert leave_saddle(deviance.evaluate, best, deviance.curvature(best)) is None
    assert leave_saddle(deviance.evaluate, best, -deviance.curvature(best)) is None  # no lower, whatever is said


def test_a_variance_of_zero_is_exactly_zero():
    deviance, _ = setup("y ~ x + (1 | g)", noise(3), reml=True)
    found = minimise(deviance).evaluation
    assert found.theta.tolist() == [0.0]
    assert found.slope(0)[0, 0] > 0
    ols = mlm.lm("y ~ x", noise(3))
    # nothing is left of the random effects
    np.testing.assert_allclose(deviance.products.shift.coefficients(found.beta), ols.fixef, rtol=1e-12)
    assert np.sqrt(found.sigma2) == pytest.approx(ols.sigma, rel=1e-12)


def test_a_correlation_of_one_is_exact():
    frame, effects = data(4), np.random.default_rng(2).normal(size=14)
    frame["y"] = effects[frame["g"]] * (1.0 + frame["x"]) + 0.3 * np.random.default_rng(102).normal(size=96)
    deviance, _ = setup("y ~ x + (1 + x | g)", frame, reml=True)
    found = deviance.evaluate(minimise(deviance).evaluation.theta)
    assert found.theta[2] == 0.0
    assert (found.theta[:2] > 1.0).all()
    assert singular_directions(deviance, found) >= 0.0
    for element in np.eye(3):
        for size in (1e-2, 1e-3, 1e-4):
            assert deviance.value(found.theta + size * element) > found.value
            assert deviance.value(found.theta - size * element) > found.value


@pytest.mark.parametrize("ratio", [1e-2, 1.0, 1e2, 1e4])
def test_variance_ratios_of_every_size(ratio):
    """A balanced one-way design has its REML estimate in closed form: (MSB / MSW - 1) / n, or 0."""
    rng = np.random.default_rng(8)
    groups, n = 12, 5
    frame = data(1, groups * n).assign(g=np.repeat(np.arange(groups), n))
    frame["y"] = ratio * rng.normal(size=groups)[frame["g"]] + rng.normal(size=groups * n)
    means = frame.groupby("g")["y"].transform("mean")
    between = ((means - frame["y"].mean()) ** 2).sum() / (groups - 1)
    within = ((frame["y"] - means) ** 2).sum() / (groups * (n - 1))
    deviance, _ = setup("y ~ 1 + (1 | g)", frame, reml=True)
    found = minimise(deviance).evaluation
    # the search stops when the deviance can fall by no more than 1e-14
    assert found.theta[0] ** 2 == pytest.approx(max(between / within - 1.0, 0.0) / n, rel=1e-6, abs=1e-12)
    if found.theta[0]:
        # what is between groups cancels against a total that is larger by the square of the ratio
        assert found.sigma2 == pytest.approx(within, rel=1e-8 + 1e-14 * ratio**2)


def test_the_log_has_every_evaluation():
    deviance, _ = setup(STRUCTURES["crossed, slopes"], data(), reml=True)
    calls = []
    original = deviance.evaluate
    deviance.evaluate = lambda theta, derivatives: calls.append(theta.copy()) or original(theta, derivatives)
    found = minimise(deviance)
    assert len(found.evaluations) == len(calls) < 100
    for (theta, value), called in zip(found.evaluations, calls, strict=True):
        assert theta.tolist() == called.tolist()
        assert value == original(theta).value
    assert found.evaluation.value <= FLAT + min(value for _, value in found.evaluations)
    assert found.optimizer == "newton"


def test_of_balanced_data_the_moments_are_evaluated_once():
    g, h = (a.ravel() for a in np.indices((12, 9, 3))[:2])
    rng = np.random.default_rng(5)
    y = 0.8 * rng.normal(size=12)[g] + 0.5 * rng.normal(size=9)[h] + rng.normal(size=len(g))
    deviance, _ = setup("y ~ 1 + (1 | g) + (1 | h)", pd.DataFrame({"y": y, "g": g, "h": h}), reml=True)
    found = minimise(deviance)
    assert found.converged
    assert len(found.evaluations) == 1
    assert found.evaluation.gradient == pytest.approx([0.0, 0.0], abs=1e-9)
    assert (np.linalg.eigvalsh(deviance.curvature(found.evaluation)) > 1.0).all()


@pytest.mark.parametrize("optimizer", ["newton", "nloptwrap"])
def test_evaluations_are_printed_where_that_is_asked_for(optimizer, capsys):
    if optimizer == "nloptwrap":
        pytest.importorskip("nlopt")
    deviance, _ = setup(STRUCTURES["crossed"], data(), reml=True)
    minimise(deviance, optimizer)
    assert capsys.readouterr().out == ""
    found = minimise(deviance, optimizer, verbose=True)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(found.evaluations)
    number, value, theta = lines[-1].split(":")
    assert int(number) == len(lines)
    assert float(value) == pytest.approx(found.evaluations[-1][1], abs=1e-6)  # as many decimals are printed
    # theta with six significant digits
    assert [float(x) for x in theta.split()] == pytest.approx(found.evaluations[-1][0].tolist(), rel=1e-5, abs=1e-9)


@pytest.mark.parametrize(("name", "instead"), [("bobyqa", "minqa's bobyqa"), ("Nelder_Mead", "lme4's Nelder_Mead")])
def test_optimisers_of_lme4_that_are_not_there(name, instead):
    deviance, _ = setup(STRUCTURES["one, intercept"], data(), reml=True)
    with pytest.raises(mlm.ArgumentError, match=f"no optimizer '{name}'; .*{instead}.*'newton' finds"):
        minimise(deviance, name)


def test_an_optimiser_that_is_not_there():
    deviance, _ = setup(STRUCTURES["one, intercept"], data(), reml=True)
    with pytest.raises(mlm.ArgumentError, match="no optimizer 'bobyqa'; choose 'newton' or 'nloptwrap'"):
        minimise(deviance, "bobyqa")


@pytest.mark.parametrize("structure", ["one, intercept", "one, slope", "crossed", "crossed, slopes"])
def test_a_response_without_residuals_is_soon_seen(structure):
    """The deviance falls without end; it took a thousand evaluations and more to give up."""
    frame = data(6, 600)
    rng = np.random.default_rng(12)
    frame["y"] = frame["x"] + rng.normal(size=14)[frame["g"]]
    if "slope" in structure:
        frame["y"] += rng.normal(size=14)[frame["g"]] * frame["x"]
    if "crossed" in structure:
        frame["y"] += rng.normal(size=6)[frame["h"]]
    deviance, _ = setup(STRUCTURES[structure], frame, reml=True)
    found = minimise(deviance)
    assert not found.converged
    assert deviance.is_perfect(found.evaluation)
    assert len(found.evaluations) < 100
    with pytest.raises(mlm.FitError, match="fits the response perfectly"):
        mlm.lmer(STRUCTURES[structure], frame)


def test_moments_of_a_balanced_design_end_the_search_without_second_derivatives(monkeypatch):
    rng = np.random.default_rng(4)
    g, h = (each.ravel() for each in np.meshgrid(np.repeat(np.arange(12), 2), np.arange(6)))
    y = rng.normal(size=12)[g] + 0.7 * rng.normal(size=6)[h] + rng.normal(size=len(g))
    deviance, _ = setup("y ~ 1 + (1 | g) + (1 | h)", pd.DataFrame({"y": y, "g": g, "h": h}), reml=True)
    with monkeypatch.context() as patch:
        patch.setattr(deviance, "curvature", None)
        found = minimise(deviance)
    assert len(found.evaluations) == 1
    at = deviance.evaluate(found.evaluation.theta, 2)
    hessian = deviance.curvature(at)
    assert np.linalg.eigvalsh(hessian)[0] > 0
    assert at.gradient @ np.linalg.solve(hessian, at.gradient) < 1e-20


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_estimates_at_the_end_of_the_last_step_are_those_of_an_evaluation_there(seed, reml):
    deviance, _ = setup("y ~ x + (1 + x | g)", data(seed), reml)
    found = minimise(deviance).evaluation
    at = deviance.evaluate(found.theta, 0)
    assert found.value == pytest.approx(at.value, rel=1e-12)
    assert found.sigma2 == pytest.approx(at.sigma2, rel=1e-9)
    np.testing.assert_allclose(found.unscaled, at.unscaled, rtol=2e-9, atol=2e-9 * at.unscaled.diagonal().max())
    assert np.abs(found.beta - at.beta).max() < 1e-9 * np.sqrt(at.sigma2 * at.unscaled.diagonal()).min()
