"""Theta of negative binomial counts: its score against exact arithmetic, and estimates at the ends of its range."""

import warnings
from decimal import Decimal, localcontext

import numpy as np
import pytest

import mlm
from mlm.generalized.family import make_family
from mlm.generalized.overdispersion import _score, likely_theta, theta_se

ROWS = 200


def counts(mean, theta, seed=1):
    """Draw counts around means that depend on x."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=ROWS)
    mu = mean * np.exp(0.3 * x)
    return {"x": x, "y": rng.poisson(rng.gamma(theta, mu / theta))}


def fit(data, formula="y ~ x", **options):
    return mlm.glm(formula, data, "negative.binomial", **options)


def twice(m, theta):
    """Minus twice the log likelihood of the fit's means at another theta."""
    y, weights = m.outcome.values, m.outcome.weights
    family = make_family("poisson") if np.isinf(theta) else m.family.with_theta(theta)
    return family.minus_two_log_likelihood(y, m.fitted.to_numpy(), weights)


@pytest.mark.parametrize("theta", [1e-8, 0.3, 7.0, 29.0, 31.0, 1e3, 1e8, 1e14])
@pytest.mark.parametrize(("y", "mu"), [(0, 1e-6), (0, 5.0), (1, 0.01), (3, 2.5), (400, 390.0), (2000, 1.0), (9, 1e7)])
def test_score_has_its_digits(theta, y, mu):
    with localcontext() as context:
        context.prec = 60
        size, mean = Decimal(theta), Decimal(mu)
        steps = sum((1 / (size + k) for k in range(y)), Decimal(0))
        wanted = steps - (1 + mean / size).ln() - (y - mean) / (size + mean)
    ours = _score(theta, np.array([float(y)]), np.array([mu]))
    assert ours[0] == pytest.approx(float(wanted), rel=1e-10)


@pytest.mark.parametrize(
    ("mean", "theta"),
    [(1e8, 2.0), (1e6, 0.5), (300.0, 300.0), (3000.0, 3000.0), (1e5, 1e6), (0.01, 0.001), (1.0, 1e-3), (1e-2, 1e-6)],
)
def test_theta_of_every_size(mean, theta):
    data = counts(mean, theta)
    if not data["y"].any():
        data["y"][0] = 3
    m = fit(data)
    found = m.family.theta
    assert np.isfinite(found)
    for other in (*found * np.array([0.99, 1.01]), *10.0 ** np.arange(-9, 13, 0.5), np.inf):
        assert twice(m, other) >= twice(m, found) - 1e-7
    if mean * ROWS > 100:
        assert abs(found - theta) < 4 * theta_se(found, m.outcome.values, m.fitted.to_numpy(), m.outcome.weights)


def test_theta_beyond_the_mean_is_not_infinite():
    """By MASS's glm.nb on the same counts, theta is 524.1424."""
    m = fit(counts(300.0, 300.0, seed=2))
    assert m.family.theta == pytest.approx(524.1424, rel=1e-6)
    assert m.converged
    assert -2 * m.loglik == pytest.approx(1801.344, abs=1e-3)
    np.testing.assert_allclose(m.se, [0.005196774, 0.00537535], rtol=1e-6)


def test_infinite_theta_is_the_poisson_model():
    data = {"y": [3, 4, 3, 4, 3, 4, 2], "x": [1, 2, 3, 4, 5, 6, 7]}
    with pytest.warns(mlm.ConvergenceWarning, match="theta of the negative binomial family has no finite"):
        m = fit(data)
    poisson = mlm.glm("y ~ x", data, "poisson")
    assert m.family.theta == np.inf
    assert m.loglik == pytest.approx(poisson.loglik, rel=1e-13)
    np.testing.assert_allclose(m.fixef, poisson.fixef, rtol=1e-10)
    np.testing.assert_allclose(m.se, poisson.se, rtol=1e-10)
    below = str(m.summary()).splitlines()[-4:]
    assert [line.split() for line in below[:2]] == [["Theta:", "Inf"], ["Std.", "Err.:", "NaN"]]


@pytest.mark.parametrize(
    ("mean", "theta", "seed", "shown"),
    [
        (1e3, 0.5, 1, (4, 4, 4)), (300.0, 300.0, 2, (0, 0, 3)), (5.0, 20.0, 4, (1, 1, 3)), (1e8, 2.0, 1, (3, 3, 3)),
    ],
)  # fmt: skip
def test_decimals_below_a_summary(mean, theta, seed, shown):
    """Theta has the decimals with which its standard error has three digits."""
    lines = [line for line in str(fit(counts(mean, theta, seed)).summary()).splitlines() if line][-3:]
    assert tuple(len(line.split()[-1].partition(".")[2]) for line in lines) == shown


def test_a_group_without_counts_leaves_theta():
    data = counts(5.0, 0.7)
    g = np.repeat(list("abcd"), ROWS // 4)
    data["y"][g == "d"] = 0
    with pytest.warns(mlm.ConvergenceWarning, match="run to 0 in 50 rows"):
        m = fit(data | {"g": g}, "y ~ g")
    rest = fit({"y": data["y"][g != "d"], "g": g[g != "d"]}, "y ~ g")
    assert m.family.theta == pytest.approx(rest.family.theta, rel=1e-6)
    assert m.loglik == pytest.approx(rest.loglik, rel=1e-6)
    np.testing.assert_allclose(m.se.iloc[:3], rest.se, rtol=1e-6)


@pytest.mark.parametrize("power", [15, 50, 100])
def test_counts_of_any_size(power):
    """They are those of a continuous distribution: the gamma one, whose shape is theta."""
    rng = np.random.default_rng(5)
    data = {"x": rng.normal(size=ROWS), "y": np.rint(rng.gamma(2.0, 1.0, ROWS) * 10.0**power)}
    m = fit(data)
    assert m.converged
    gamma = mlm.glm("y ~ x", data, "Gamma", "log")
    np.testing.assert_allclose(m.fixef, gamma.fixef, rtol=1e-6)
    assert 1.5 < m.family.theta < 3.0


def test_no_counts_at_all():
    assert likely_theta(np.zeros(3), np.full(3, 1e-8), np.ones(3)) == np.inf
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.ConvergenceWarning)
        assert fit({"y": [0] * 8}, "y ~ 1").family.theta == np.inf


def test_of_two_maxima_the_higher_one():
    """Counts of another spread than their means': the likelihood at fixed means rises at both ends of theta."""
    y, mu, weights = np.array([5.0, 0.0, 12.0, 3.0]), np.array([4.0, 0.1, 10.0, 2.5]), np.ones(4)
    found = likely_theta(y, mu, weights)
    wide = [
        make_family("negative.binomial", theta=float(theta)).minus_two_log_likelihood(y, mu, weights)
        for theta in 10.0 ** np.arange(-6, 9, 0.25)
    ]
    family = make_family("negative.binomial").with_theta(found)
    assert family.minus_two_log_likelihood(y, mu, weights) <= min(wide) + 1e-9


def test_standard_error_is_the_curvature():
    data = counts(5.0, 1.5)
    m = fit(data)
    theta, step = m.family.theta, 1e-3
    curvature = (twice(m, theta + step) - 2 * twice(m, theta) + twice(m, theta - step)) / (2 * step**2)
    ours = theta_se(theta, m.outcome.values, m.fitted.to_numpy(), m.outcome.weights)
    assert ours == m.theta_se
    assert ours == pytest.approx(curvature**-0.5, rel=1e-5)
    assert np.isnan(mlm.glm("y ~ x", data, "poisson").theta_se)
    for size in (29.9, 30.1, 1e4):
        y, mu = np.array([3.0, 80.0, 0.0]), np.array([10.0, 20.0, 8.0])
        pair = [_score(size * (1 + sign * 1e-6), y, mu).sum() for sign in (1, -1)]
        wanted = (2e-6 * size / (pair[1] - pair[0])) ** 0.5 if pair[1] > pair[0] else np.nan
        assert theta_se(size, y, mu, np.ones(3)) == pytest.approx(wanted, rel=1e-5, nan_ok=True)
