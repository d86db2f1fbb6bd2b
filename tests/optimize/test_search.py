"""Where searches start: several minima, hostile starts, failures; and what is said when there is no minimum."""

import warnings

import numpy as np
import pandas as pd
import pytest
from brute import STRUCTURES, data, setup
from reference.small_designs import design, references

import mlm
import replications
from mlm.fit.refits import Refitting
from mlm.optimize.further_starts import further_starts
from mlm.optimize.newton import newton
from mlm.optimize.optimum import Log
from mlm.optimize.search import search

pytestmark = pytest.mark.filterwarnings("ignore::mlm.SingularFitWarning")

# where rounding of a deviance of a few hundred hides a difference
FLAT = 1e-7


def fitted(number, **asked):
    one = design(number)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.MlmWarning)
        return mlm.lmer(one.formula, one.frame, weights=one.weights, **({"reml": one.reml} | asked))


# slopes without a fixed effect
UNMATCHED = {
    "one, slope alone",
    "one, terms of two and one",
    "one, no fixed effects",
}


@pytest.mark.parametrize("structure", sorted(UNMATCHED))
def test_large_variances_where_effects_have_no_fixed_effect(structure):
    deviance, _ = setup(STRUCTURES[structure], data(), reml=True)
    starts = [s[deviance.layout.diagonal].tolist() for s in further_starts(deviance)]
    assert all([size] * int(deviance.layout.diagonal.sum()) in starts for size in (10.0, 100.0))


@pytest.mark.parametrize("seed", range(6))
def test_a_slope_alone_has_its_lowest_minimum(seed):
    """Without an intercept that varies, small slopes and large ones can both be a minimum."""
    rng = np.random.RandomState(seed)
    g, x = np.repeat(np.arange(6), 5), rng.normal(100.0, 1.0, 30)
    y = 2.0 * rng.normal(size=6)[g] + 0.5 * rng.normal(size=6)[g] * (x - 100.0) + 0.3 * rng.normal(size=30)
    frame = pd.DataFrame({"y": y, "x": x, "g": g})
    m = mlm.lmer("y ~ x + (0 + x | g)", frame)
    grid = [m.deviance_function.value(np.array([t])) for t in 10.0 ** np.linspace(-4, 3, 200)]
    assert m.deviance <= min(grid) + FLAT


@pytest.mark.parametrize("structure", [name for name in STRUCTURES if name not in UNMATCHED])
def test_one_start_where_columns_of_terms_are_not_parallel(structure):
    deviance, _ = setup(STRUCTURES[structure], data(), reml=True)
    unequal = all(factor.size == 1 for factor in deviance.products.factors)
    several = len(deviance.products.factors) > 1 and deviance.layout.n_theta > 2  # there are few rows
    assert len(further_starts(deviance)) <= unequal + 3 * several
    log, first = Log(), newton(deviance, None, Log())
    found = search(deviance, None, log)
    if (first.evaluation.theta[deviance.layout.diagonal] > 0).all() and not (unequal or several):
        assert len(log) == len(first.log)
    assert found.evaluation.theta.tolist() == first.evaluation.theta.tolist()


def test_a_search_that_comes_to_a_known_minimum_is_given_up():
    deviance, _ = setup(STRUCTURES["crossed, slopes"], data(), reml=True)
    first = newton(deviance, None, Log())
    start, alone, again = 3.0 * first.evaluation.theta, Log(), Log()
    same = newton(deviance, start, alone)
    assert same.evaluation.value == pytest.approx(first.evaluation.value, abs=FLAT)
    assert newton(deviance, start, again, [first.evaluation]) is None
    assert len(again) < len(alone)


@pytest.mark.parametrize(("number", "end"), [(1042, 569.1864), (949, 1405.4675)])
def test_far_variables_without_a_covariance(number, end):
    """Gradients that were differences of large covariances ended 285 and 80 above these, at the best of any start."""
    m = fitted(number)
    assert m.deviance == pytest.approx(end, abs=3e-4)
    at = m.working.evaluate(m.optimum.evaluation.theta, 1)
    assert np.abs(at.gradient * at.theta).max() < 0.05


def test_a_criterion_that_rounding_hides_is_said(monkeypatch):
    assert fitted(1141).converged
    monkeypatch.setattr("mlm.likelihood.deviance.FEW_EFFECTS", 0)
    m = fitted(1141)
    assert not m.converged
    assert "rounding hides decreases" in m.optimum.message


@pytest.mark.parametrize("number", [1402, 1453])
def test_parallel_terms_take_all_that_they_share(number):
    """How it is shared is a valley flat to 1e-5, in which searches stopped anywhere; lme4 ends at one side of it."""
    m = fitted(number)
    theirs = newton(m.working, m.working.working_theta(np.array(references()[number].theta)), Log()).evaluation
    assert m.deviance <= theirs.value + FLAT
    assert m.converged


def nested(seed):
    """Nested factors with relative standard deviations of 1e4 and 1e3."""
    rng = np.random.default_rng(seed)
    a, b = np.arange(81) % 13, rng.integers(0, 3, 81)
    y = 1e4 * rng.normal(size=13)[a] + 1e3 * rng.normal(size=(13, 3))[a, b] + rng.normal(size=81)
    return pd.DataFrame({"y": y, "a": a.astype(str), "b": b.astype(str), "x": rng.normal(size=81)})


@pytest.mark.parametrize("seed", [0, 6, 24])
def test_large_variance_ratios_end_where_second_derivatives_say(seed):
    """With a value that is rounded to 1e-6, these ended up to 0.01 above, at no stationary point."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.ConvergenceWarning)
        m = mlm.lmer("y ~ x + (1 | a/b)", nested(seed), reml=False)
    matrices = m.working.layout.matrices(m.optimum.evaluation.theta)
    found = m.working.along(matrices, [np.ones((1, 1, 1))] * 2)
    assert np.linalg.eigvalsh(found.second).min() > 0
    assert 0.5 * found.slope @ np.linalg.solve(found.second, found.slope) < 1e-9


def test_a_mean_of_effects_of_a_column_that_is_nearly_constant():
    """Of a Julian day an intercept leaves 1e-9, and its effects without a fixed one have a mean: 1e5 deviations."""
    rng, frame = np.random.default_rng(1), data()
    day = rng.integers(0, 365, len(frame)).astype(float)
    frame = frame.assign(x=2459000.0 + day, y=lambda d: d["y"] + 0.1 * day)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.MlmWarning)
        m = mlm.lmer("y ~ 1 + (0 + x | h) + (1 | g)", frame)
    sizes = [start.max() for start in further_starts(m.working)]
    assert max(sizes) > 1e4
    assert m.deviance < newton(m.working, np.ones(2), Log()).evaluation.value - 50.0


def test_more_starts_where_they_are():
    m = mlm.lmer("y ~ x + (1 + x || g) + (1 | h)", data().assign(x=lambda d: d["x"] + 20.0))
    starts = further_starts(m.working)
    large = starts[0].max()
    assert 10.0 < large < 40.0  # the mean over the standard deviation
    assert len(starts) == 7
    assert sorted(np.flatnonzero(s == 0.1).tolist() for s in starts[:3]) == [[], [0], [1]]
    assert [start.tolist() for start in starts[3:]] == [[size] * 3 for size in (1.0, 0.3, 3.0, 30.0)]


def test_more_starts_where_effects_are_as_many_as_rows():
    deviance, _ = setup("y ~ x + (1 + x | k) + (1 | g) + (1 | h)", data(2, 24), reml=True)
    starts = further_starts(deviance)  # there are few rows, too
    assert [start[deviance.layout.diagonal].tolist() for start in starts[:2]] == [[100.0] * 4, [0.1] * 4]
    across = [start[~deviance.layout.diagonal].tolist() for start in starts[:6]]
    assert across == [[0.0], [0.0], [10.0], [-10.0], [100.0], [-100.0]]
    assert all(start[deviance.layout.diagonal].tolist().count(0.0) == 1 for start in starts[2:6])
    assert [start[deviance.layout.diagonal].tolist() for start in starts[6:]] == [[s] * 4 for s in (0.3, 3.0, 30.0)]


@pytest.mark.parametrize(("number", "lower"), [(455, 9.0), (575, 91.0), (884, 1.0), (2094, 0.1)])
def test_the_lowest_of_several_minima(number, lower):
    m = fitted(number)
    first = newton(m.working, None, Log()).evaluation.value
    assert m.deviance < first - lower


@pytest.mark.parametrize("size", [1e6, 1e-8, 0.0, 1e150])
@pytest.mark.parametrize("number", [1, 4, 16, 28, 49, 77, 455])
def test_a_hostile_start_does_not_matter(number, size):
    m = fitted(number)
    other = fitted(number, start=np.full(len(m.theta), size))
    assert other.deviance == pytest.approx(m.deviance, abs=FLAT)
    assert other.converged == m.converged


@pytest.mark.parametrize("number", [1, 4, 16, 49])
def test_the_other_criterion_and_back(number):
    m = fitted(number)
    one = design(number)
    other = m.refit(reml=not one.reml)
    assert other.deviance == fitted(number, reml=not one.reml).deviance
    assert other.refit(reml=one.reml).deviance == m.deviance


def test_what_fails_from_one_start_is_tried_from_another(monkeypatch):
    deviance, _ = setup(STRUCTURES["crossed, slopes"], data(), reml=True)
    best = search(deviance, None, Log()).evaluation
    monkeypatch.setattr("mlm.optimize.newton.moment_start", lambda _: np.full(deviance.layout.n_theta, 1e200))
    with np.errstate(all="ignore"), pytest.raises(mlm.FitError):
        newton(deviance, None, Log())
    assert search(deviance, None, Log()).evaluation.value == pytest.approx(best.value, abs=FLAT)


def test_of_equal_ends_that_of_the_default_start():
    deviance, _ = setup(STRUCTURES["one, slope"], data(), reml=True)
    start = np.array([3.0, 1.0, 0.1])
    default = newton(deviance, None, Log()).evaluation
    assert search(deviance, start, Log()).evaluation.theta.tolist() == default.theta.tolist()


def test_no_minimum_is_said(monkeypatch):
    monkeypatch.setattr("mlm.optimize.newton.MOST_STEPS", 1)
    monkeypatch.setattr("mlm.optimize.newton.SCORING_STEPS", 0)
    monkeypatch.setattr("mlm.optimize.free_descent.MOST_STEPS", 0)
    with pytest.warns(
        mlm.ConvergenceWarning,
        match=r"Not converged: .* gradient was zero, after \d+ evaluations\..*'\(1 \| h\)'.* Leave out a slope",
    ):
        m = mlm.lmer("y ~ x + (1 + x | g) + (1 | h)", data())
    assert not m.converged


@pytest.mark.parametrize(
    ("formula", "together", "share", "hidden", "clear"),
    [
        ("y ~ x + (1 | g)", 0, 4e11, 2e10, 4e5),
        ("y ~ x + (1 | g) + (1 | h)", 128, 4e11, 2e10, 4e5),
        ("y ~ x + (1 | g) + (1 | h)", 0, 4e5, 4e4, 3e2),  # without the help of rows
    ],
)
def test_a_residual_variance_that_rounding_hides_is_said(monkeypatch, formula, together, share, hidden, clear):
    monkeypatch.setattr("mlm.likelihood.deviance.FEW_EFFECTS", together)
    rng, frame = np.random.default_rng(1), data()
    frame["y"] = share * rng.normal(size=14)[frame["g"]] + rng.normal(size=96)
    with pytest.warns(mlm.ConvergenceWarning, match=r"residual variance is a share of .*'\(1 \| g\)'.* are known no"):
        assert not mlm.lmer(formula, frame).converged
    # the value has lost more digits than the minimum
    frame["y"] = hidden * rng.normal(size=14)[frame["g"]] + rng.normal(size=96)
    with pytest.warns(mlm.ConvergenceWarning, match="rounding hides decreases"):
        assert not mlm.lmer(formula, frame).converged
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", mlm.SingularFitWarning)
        frame["y"] = clear * rng.normal(size=14)[frame["g"]] + rng.normal(size=96)
        assert mlm.lmer(formula, frame).converged


@pytest.mark.parametrize("structure", ["one, slope", "one, intercept", "crossed, slopes", "nested twice, slopes"])
@pytest.mark.parametrize("power", [-300, 300])
def test_units_of_the_response_cost_nothing(structure, power):
    frame = data().assign(y=lambda d: np.round(d["y"], 3))
    m, other = (mlm.lmer(STRUCTURES[structure], frame.assign(y=s * frame["y"])) for s in (1.0, 2.0**power))
    scale, dof = 2.0**power, 96 - len(m.fixef)
    assert other.deviance - 2.0 * dof * power * np.log(2.0) == pytest.approx(m.deviance, abs=1e-8)
    np.testing.assert_allclose(other.fixef / scale, m.fixef, rtol=0, atol=1e-8 * m.se.min())
    np.testing.assert_allclose(other.se / scale, m.se, rtol=1e-8)
    np.testing.assert_allclose(other.theta, m.theta, rtol=0, atol=1e-7)
    assert other.sigma / scale == pytest.approx(m.sigma, rel=1e-8)
    np.testing.assert_allclose(other.ranef()["condval"] / scale, m.ranef()["condval"], rtol=0, atol=1e-7)
    np.testing.assert_allclose(other.ranef()["condsd"] / scale, m.ranef()["condsd"], rtol=1e-7)
    np.testing.assert_allclose(other.fitted / scale, m.fitted, rtol=1e-8)


@pytest.mark.parametrize("number", [1, 3, 4, 9, 16])
def test_rows_in_another_order(number):
    one, m = design(number), fitted(number)
    frame = one.frame.sample(frac=1.0, random_state=3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.MlmWarning)
        other = mlm.lmer(one.formula, frame, weights=one.weights, reml=one.reml)
    assert other.deviance == pytest.approx(m.deviance, abs=1e-8)
    np.testing.assert_allclose(other.fixef / m.se, m.fixef / m.se, rtol=0, atol=1e-8)


@pytest.mark.parametrize("seed", [107, 120, 219])
def test_the_other_sign_of_a_correlation(seed):
    """Few levels, a predictor that is constant in each, and a correlation of 1: -1 is another minimum."""
    rng, g = np.random.default_rng(seed), np.repeat(np.arange(5), 16)
    x = np.round(rng.normal(size=5), 3)[g]
    y = np.round(rng.normal(size=5)[g] * 2 + rng.normal(size=5)[g] * x + rng.normal(size=80), 3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.MlmWarning)
        m = mlm.lmer("y ~ x + (x | g)", {"y": y, "x": x, "g": g})
    usual = [newton(m.working, start, Log()) for start in (None, *further_starts(m.working))]
    assert m.deviance < min(end.evaluation.value for end in usual) - 0.1


@pytest.mark.parametrize("seed", [1236, 1504])
def test_one_variance_of_levels_of_unequal_sizes(seed):
    rng, g = np.random.default_rng(seed), np.repeat(np.arange(6), [1, 1, 1, 1, 12, 30])
    x = rng.normal(size=46)
    y = rng.normal(size=6)[g] * rng.choice([0, 1.0]) + rng.normal(size=46)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.MlmWarning)
        m = mlm.lmer("y ~ x + (1 | g)", {"y": y, "x": x, "g": g})
    grid = [m.deviance_function.value(np.array([t])) for t in np.append(0.0, np.geomspace(1e-3, 1e3, 200))]
    assert newton(m.working, None, Log()).evaluation.value > m.deviance + 0.01
    assert m.deviance <= min(grid) + FLAT


def test_a_small_variance_may_be_nothing_in_a_lower_minimum():
    """Samples from a model without slopes, to which one with slopes fitted worse: it had two minima."""
    pupils = replications.load("imm10", verbose=False).sort_values(["schnum", "ses"], ignore_index=True)
    smaller = mlm.lmer("math ~ ses + meanses + (1 | schnum)", pupils, reml=False)
    larger = mlm.lmer("math ~ ses + meanses + (1 | schnum) + (0 + ses | schnum)", pupils, reml=False)
    samples = smaller.simulate(2000, seed=16)[:, [1228, 1310]]
    together = Refitting(larger, samples.shape[1])
    together.add(samples)
    for y, found in zip(samples.T, together.found.deviance, strict=True):
        least = smaller.refit(y=y).deviance
        assert larger.refit(y=y).deviance <= least + FLAT
        assert found <= least + FLAT
