"""Families and links: against R's at ordinary means, against exact arithmetic where means are rounded."""

import json
import pickle
from decimal import Decimal, getcontext
from pathlib import Path

import numpy as np
import pytest
from scipy import special

import mlm
from mlm.generalized.exact import excess, relative_entropy, stirling_error
from mlm.generalized.family import FAMILIES, make_family
from mlm.generalized.working import Working

STORED = json.loads((Path(__file__).parents[1] / "reference" / "glm.json").read_text())["families"]
PAIRS = [(name, link) for name, kind in FAMILIES.items() for link in kind.links]
THETA = 2.5
getcontext().prec = 700  # digits: one less a probability of 1e-304 has its own


def family_of(name, link):
    return make_family(name, link, THETA if name == "negative.binomial" else None)


def column(values):
    return np.array([float(value) for value in values])


def exact(value):
    """A decimal of so many digits."""
    return Decimal(float(value))


def test_all_are_stored():
    assert {f"{name} {link}" for name, link in PAIRS} == set(STORED)


@pytest.mark.parametrize(("name", "link"), PAIRS)
def test_as_in_r(name, link):
    family, stored = family_of(name, link), STORED[f"{name} {link}"]
    eta, y, weights = column(stored["eta"]), column(stored["y"]), column(stored["weights"])
    mu = family.link.inverse(eta)
    deviances = family.deviance_residuals_squared(y, mu, weights)
    for ours, key in [
        (mu, "mu"), (family.link.derivative(eta), "derivative"), (family.variance(mu), "variance"),
        (deviances, "deviances"), (family.link.link(mu), "link"),
    ]:  # fmt: skip
        np.testing.assert_allclose(ours, column(stored[key]), rtol=2e-14, atol=1e-14, err_msg=key)
    np.testing.assert_allclose(weights * family.deviances_at(y, eta), deviances, rtol=1e-12, atol=1e-14)
    scale = family.likely_dispersion(float(deviances.sum()), weights)
    twice = family.minus_two_log_likelihood(y, mu, weights, scale)
    assert twice + 2 * family.has_scale == pytest.approx(float(stored["aic"]), rel=1e-13)


@pytest.mark.parametrize(("name", "link"), PAIRS)
def test_derivatives(name, link):
    family, stored = family_of(name, link), STORED[f"{name} {link}"]
    eta, y = column(stored["eta"]), column(stored["y"])
    step = 1e-5 * np.abs(eta)
    mu = family.link.inverse(eta)

    def slope(function, at, by):
        return (function(at + by) - function(at - by)) / (2 * by)

    near = {"rtol": 1e-7, "atol": 1e-8}
    np.testing.assert_allclose(family.link.derivative(eta), slope(family.link.inverse, eta, step), **near)
    np.testing.assert_allclose(family.link.second_derivative(eta), slope(family.link.derivative, eta, step), **near)
    np.testing.assert_allclose(family.variance_derivative(mu), slope(family.variance, mu, 1e-5 * mu), **near)
    downhill = -slope(lambda at: family.deviances_at(y, at), eta, step) / 2
    np.testing.assert_allclose(family.score(y, eta), downhill, **near)
    information = np.square(family.link.derivative(eta)) / family.variance(mu)
    np.testing.assert_allclose(family.working_weights(eta), information, rtol=1e-13)


@pytest.mark.parametrize("eta", [-700.0, -40.0, -1e-9, 40.0, 700.0])
def test_logit_at_the_ends(eta):
    """All digits where the probability is rounded to 1, where R bounds it."""
    family, at = make_family("binomial"), np.array([eta, eta])
    odds = exact(eta).exp()
    mu, rest = odds / (1 + odds), 1 / (1 + odds)
    loss = [-2 * float(rest.ln()), -2 * float(mu.ln())]
    np.testing.assert_allclose(family.deviances_at(np.array([0.0, 1.0]), at), loss, rtol=1e-14)
    np.testing.assert_allclose(family.link.derivative(at), float(mu * rest), rtol=1e-14)
    np.testing.assert_allclose(family.working_weights(at), float(mu * rest), rtol=1e-14)
    np.testing.assert_allclose(family.link.inverse(at), float(mu), rtol=1e-14)
    np.testing.assert_allclose(family.link.complement(at), float(rest), rtol=1e-14)
    within = -2 * float((mu.ln() + rest.ln()) / 2 + Decimal(2).ln())
    assert family.deviances_at(np.array([0.5]), at[:1])[0] == pytest.approx(within, rel=1e-13, abs=1e-18)


@pytest.mark.parametrize("eta", [-700.0, -40.0, 3.0, 40.0, 700.0])
def test_cloglog_at_the_ends(eta):
    family, at = make_family("binomial", "cloglog"), np.array([eta])
    hazard = exact(eta).exp()
    assert family.deviances_at(np.zeros(1), at)[0] == pytest.approx(float(2 * hazard), rel=1e-13)
    assert family.score(np.zeros(1), at)[0] == pytest.approx(-float(hazard), rel=1e-13)
    if eta < 100:
        mu = hazard if eta < -30 else 1 - (-hazard).exp()  # what these differ by is less than a float's digits
        assert family.deviances_at(np.ones(1), at)[0] == pytest.approx(-2 * float(mu.ln()), rel=1e-13, abs=1e-15)


def test_probit_and_cauchit_at_the_ends():
    """Logarithms of tails, by their asymptotic series, and for the Cauchy distribution by that of the arctangent."""
    probit, cauchit = make_family("binomial", "probit"), make_family("binomial", "cauchit")
    for eta in (40.0, 700.0):
        series = sum(c / eta ** (2 * k) for k, c in enumerate((1, -1, 3, -15, 105)))
        tail = -(eta**2) / 2 - np.log(eta) - 0.5 * np.log(2 * np.pi) + np.log(series)
        for y, at in ((0.0, eta), (1.0, -eta)):
            assert probit.deviances_at(np.array([y]), np.array([at]))[0] == pytest.approx(-2 * tail, rel=1e-13)
            assert cauchit.deviances_at(np.array([y]), np.array([at]))[0] == pytest.approx(
                -2 * np.log((1 / eta - 1 / (3 * eta**3)) / np.pi), rel=1e-7
            )
        pull = probit.score(np.zeros(1), np.array([eta]))[0]
        assert pull == pytest.approx(-eta / series, rel=1e-12)
        assert probit.working_weights(np.array([eta]))[0] == 0.0
    assert cauchit.link.inverse(np.array([-1e200]))[0] == pytest.approx(1e-200 / np.pi, rel=1e-13)


@pytest.mark.parametrize(("name", "y"), [("poisson", 3.0), ("negative.binomial", 3.0), ("Gamma", 3.0)])
@pytest.mark.parametrize("eta", [-700.0, -40.0, 40.0, 700.0])
def test_logarithms_of_means_at_the_ends(name, y, eta):
    family, at = family_of(name, "log"), np.array([eta])
    mu, count, theta = exact(eta).exp(), exact(y), exact(THETA)
    wanted = {
        "poisson": 2 * (count * (count / mu).ln() - (count - mu)),
        "negative.binomial": 2 * (count * (count / mu).ln() - (count + theta) * ((count + theta) / (mu + theta)).ln()),
        "Gamma": 2 * ((mu / count).ln() + count / mu - 1),
    }[name]
    assert family.deviances_at(np.array([y]), at)[0] == pytest.approx(float(wanted), rel=1e-13)
    if name != "Gamma":
        lost = 2 * mu if name == "poisson" else 2 * theta * ((mu + theta) / theta).ln()
        assert family.deviances_at(np.zeros(1), at)[0] == pytest.approx(float(lost), rel=1e-13)
    assert np.isfinite(family.working_weights(at)[0])
    assert np.isfinite(family.score(np.array([y]), at)[0])


@pytest.mark.parametrize("name", ["binomial", "poisson", "negative.binomial", "Gamma"])
@pytest.mark.parametrize("far", [1e-9, 1e-5, 1e-3, 0.09, 0.11])
def test_deviances_near_the_mean_keep_their_digits(name, far):
    """Differences of large terms: the textbook's formulas lose half of the digits and more."""
    family = make_family(name, "log" if name != "binomial" else None, 40.0 if name == "negative.binomial" else None)
    y = 0.3 if name == "binomial" else 1e6
    mu = y * (1 + far)
    if name == "binomial":
        wanted = 2 * (exact(y) * (exact(y) / exact(mu)).ln() + (1 - exact(y)) * ((1 - exact(y)) / (1 - exact(mu))).ln())
    elif name == "negative.binomial":
        both = exact(y) + 40
        wanted = 2 * (exact(y) * (exact(y) / exact(mu)).ln() - both * (both / (exact(mu) + 40)).ln())
    elif name == "poisson":
        wanted = 2 * (exact(y) * (exact(y) / exact(mu)).ln() - (exact(y) - exact(mu)))
    else:
        wanted = 2 * ((exact(mu) / exact(y)).ln() + (exact(y) - exact(mu)) / exact(mu))
    ours = family.unit_deviances(np.array([y]), np.array([mu]))[0]
    # of the negative binomial deviance two such terms nearly cancel: their difference has their last digits
    assert ours == pytest.approx(float(wanted), rel=1e-6 if far < 1e-8 else 1e-9)


def test_pieces():
    shares = np.array([-0.999, -0.2, -0.05, -1e-12, 0.0, 1e-12, 0.05, 3.0, 1e10])
    wanted = [float(exact(s) - (1 + exact(s)).ln()) for s in shares]
    np.testing.assert_allclose(excess(shares), wanted, rtol=2e-14)
    assert relative_entropy(0.0, 3.0) == 3.0
    assert float(stirling_error(1e4)) == pytest.approx(1 / 12e4 - 1 / 360e12, rel=1e-12)
    for n in (0.5, 1.0, 7.0, 29.9, 30.1):
        wanted = special.gammaln(n + 1) - ((n + 0.5) * np.log(n) - n + 0.5 * np.log(2 * np.pi))
        assert float(stirling_error(n)) == pytest.approx(wanted, rel=1e-6, abs=1e-13)


def test_a_log_density_of_large_counts():
    """The density of 10^9 trials at their mean is that of a normal one, but for a billionth."""
    family, n = make_family("binomial"), 1e9
    twice = family.minus_two_log_likelihood(np.array([0.5]), np.array([0.5]), np.array([n]))
    assert twice == pytest.approx(np.log(2 * np.pi * n / 4), abs=1e-8)


@pytest.mark.parametrize("name", ["poisson", "negative.binomial"])
def test_means_at_the_edge_are_not_worked_with(name):
    """There the conditional modes of levels of zeros are rounding: a search ended with a slope of 1e34."""
    working = Working(family_of(name, "identity"), np.array([0.0, 9.0]), np.ones(2))
    assert working.admits(np.array([1e-3, 9.0]))
    assert not working.admits(np.array([1e-15, 9.0]))


@pytest.mark.parametrize(("name", "link"), PAIRS)
def test_what_is_admitted(name, link):
    family = family_of(name, link)
    inside = -0.5 if (name, link) == ("binomial", "log") else 0.5
    assert family.admits(np.array([inside]))
    assert not family.admits(np.array([np.nan]))
    assert not family.admits(np.array([np.inf]))
    below = {"identity": -1.0, "inverse": -1.0, "1/mu^2": -1.0, "sqrt": -1.0}
    if link in below and name != "gaussian":
        assert not family.admits(np.array([inside, below[link]]))
    if link == "inverse":
        assert not family.admits(np.array([0.0]))
    if (name, link) == ("binomial", "log"):
        assert not family.admits(np.array([0.0]))
    assert pickle.loads(pickle.dumps(family)) == family


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("binomal",), "no family 'binomal'. Did you mean 'binomial'? There are: binomial, poisson"),
        (("nbinom2",), "no family 'nbinom2'. Did you mean 'negative.binomial'? There are"),
        (("negbin",), "no family 'negbin'. Did you mean 'negative.binomial'? There are"),
        (("nb",), "no family 'nb'. Did you mean 'negative.binomial'? There are"),
        (("gamma",), "Did you mean 'Gamma'"),
        (("binomial", "logt"), "The binomial family has no link 'logt'. Did you mean 'logit'"),
        (("binomial", "identity"), "has no link 'identity'. It has: logit, probit, cloglog, cauchit, log"),
        (("poisson", "logit"), "The poisson family has no link 'logit'"),
        (("quasibinomial",), "quasi families have no likelihood to maximise"),
        (("quasipoisson",), "take family='negative.binomial'"),
        (("quasi",), "quasi families"),
        ((np.mean,), "`family` is a name in quotes"),
        (("binomial", 3), "has no link 3"),
        (("poisson", None, 2.0), "has no theta"),
        (("negative.binomial", None, -1.0), "`theta` is a positive number"),
    ],
)
def test_refusals(arguments, says):
    with pytest.raises(mlm.ArgumentError) as error:
        make_family(*arguments)
    assert says in str(error.value)


def test_theta_must_be_known():
    with pytest.raises(mlm.ArgumentError, match="has no theta yet"):
        make_family("negative.binomial").variance(np.ones(1))
    assert make_family("negative.binomial").with_theta(2).label == "Negative Binomial(2)"
