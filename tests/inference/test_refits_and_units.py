"""Refits do not depend on the units of slopes' predictors, and none is worse than a fit of its own."""

import warnings
from functools import cache

import numpy as np
import pandas as pd
import pytest

import mlm
from mlm.inference.parameters import values_of

UNITS = (1e6, 1e9, 1e-9)


@cache
def counts(slopes=0.4, n=300, levels=20):
    rng = np.random.default_rng(4)
    g, x = rng.integers(0, levels, n), rng.normal(size=n)
    u, s = rng.normal(0, 0.7, levels), rng.normal(0, slopes, levels) if slopes else np.zeros(levels)
    d = pd.DataFrame({"g": g, "x": x, "c": rng.poisson(np.exp(0.5 + 0.3 * x + u[g] + s[g] * x))})
    return d.assign(b=(d.c > 1).astype(int))


@cache
def fitted(formula, family="poisson", slopes=0.4, unit=1.0):
    d = counts(slopes)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.MlmWarning)
        return mlm.glmer(formula, d.assign(x=d.x * unit), family)


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize(
    ("formula", "family", "slopes"),
    [
        ("c ~ x + (x | g)", "poisson", 0.4),
        ("c ~ x + (x || g)", "poisson", 0.4),
        ("c ~ x + (x | g)", "poisson", 0.0),  # singular
        ("b ~ x + (x || g)", "binomial", 0.0),
    ],
)
def test_standard_errors_of_a_bootstrap_follow_the_unit(formula, family, slopes, unit):
    plain, other = (mlm.bootstrap(fitted(formula, family, slopes, k), 6, seed=1, progress=False) for k in (1.0, unit))
    errors = other.estimates.std() * np.where([name in ("x", "sd_x|g") for name in other.estimates], unit, 1.0)
    np.testing.assert_allclose(errors, plain.estimates.std(), rtol=1e-5, atol=1e-6)  # of what searches leave
    assert (other.singular, other.unconverged, other.failures) == (plain.singular, plain.unconverged, plain.failures)


@pytest.mark.parametrize("unit", [1.0, *UNITS])
@pytest.mark.parametrize("slopes", [0.4, 0.0])
def test_no_refit_is_worse_than_a_fit(slopes, unit):
    m, d = fitted("c ~ x + (x | g)", slopes=slopes, unit=unit), counts(slopes)
    for y in m.simulate(5, seed=3).T:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", mlm.MlmWarning)
            fresh = mlm.glmer("c ~ x + (x | g)", d.assign(c=y, x=d.x * unit), "poisson")
        assert m.refit(y, silent=True).loglik >= fresh.loglik - 1e-6


@pytest.mark.parametrize("unit", [1e6, 1e-6])
def test_groups_taken_out_follow_the_unit(unit):
    plain, other = (mlm.influence(fitted("c ~ x + (x | g)", unit=k), "g", progress=False) for k in (1.0, unit))
    np.testing.assert_allclose(other.cooks_distance, plain.cooks_distance, rtol=1e-4)


@pytest.mark.parametrize(
    ("fit", "formula"), [(mlm.glmer, "c ~ x + (x || g)"), (mlm.lmer, "y ~ x + (x | g)")], ids=["glmer", "lmer"]
)
def test_other_optimisers_start_where_the_unit_says(fit, formula):
    d = counts().assign(y=lambda d: np.sqrt(d.c))
    rows = [d.assign(x=d.x * unit).iloc[:120] for unit in (1.0, 1e6)]
    options = {"family": "poisson"} if fit is mlm.glmer else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.MlmWarning)
        plain, other = (mlm.all_fit(fit(formula, each, **options)) for each in rows)
    own = (plain.frame["optimizer"] != "nloptwrap").to_numpy()  # lme4's search is in the user's units
    np.testing.assert_allclose(other.frame["above"][own], plain.frame["above"][own], atol=1e-4)


def test_refits_without_a_minimum_are_said(monkeypatch):
    m = fitted("c ~ x + (x | g)")
    monkeypatch.setattr(mlm.GeneralizedMixedModel, "converged", property(lambda fit: fit is m))
    found = mlm.bootstrap(m, 3, seed=1, progress=False)
    assert found.unconverged == 3
    assert "3 not converged (these count), 0 failed" in str(found)
    with pytest.warns(mlm.ConvergenceWarning, match="3 of 3 refits did not reach a minimum, and count"):
        found.confint()
    np.testing.assert_allclose(values_of(m)[-1], found.observed["x"])
