"""Standard errors of means do not depend on where the columns have their origin: raw years and their powers."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

import mlm

SAME = 1e-8
RAW, CENTRED = "year + I(year^2)", "c + I(c^2)"
RAW_CUBE, CENTRED_CUBE = " + I(year^3)", " + I(c^3)"


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    d = pd.DataFrame({"year": rng.integers(1990, 2021, 200) * 1.0, "g": rng.integers(0, 12, 200)})
    d["c"] = d["year"] - 2005
    d["y"] = 0.05 * d.c + 0.002 * d.c**2 + rng.normal(size=12)[d.g] + rng.normal(size=200) * 0.5
    d["b"] = (d.y > 0).astype(int)
    d["f"] = np.array(["u", "v"])[rng.integers(0, 2, 200)]
    d["seconds"] = 1767225600.0 + 60.0 * np.arange(200)
    d["minutes"] = 1.0 * np.arange(200)
    return d


def fitted(kind, right, d):
    if kind in ("lm", "lmer"):
        return getattr(mlm, kind)(f"y ~ {right}{' + (1 | g)' * (kind == 'lmer')}", d)
    return getattr(mlm, kind)(f"b ~ {right}{' + (1 | g)' * (kind == 'glmer')}", d)


KINDS = ("lm", "lmer", "glm", "glmer")


@pytest.fixture(scope="module", params=KINDS)
def pair(request, rows):
    """A model of raw columns and the same of centred ones; lm leaves a raw cube out, as R does."""
    cubes = ("", "") if request.param == "lm" else (RAW_CUBE, CENTRED_CUBE)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The search did not come to rest", mlm.ConvergenceWarning)
        raw = fitted(request.param, f"{RAW}{cubes[0]} + f", rows)
    return raw, fitted(request.param, f"{CENTRED}{cubes[1]} + f", rows)


def same(found, wanted):
    np.testing.assert_allclose(np.asarray(found, dtype=float), np.asarray(wanted, dtype=float), rtol=SAME)


def new_rows():
    years = np.array([1985.0, 2004.5, 2025.0])
    return pd.DataFrame({"year": years, "c": years - 2005, "f": ["u", "v", "u"], "g": [0, 1, 2]})


def test_predictions(pair):
    raw, centred = pair
    for data in (None, new_rows()):
        same(raw.predict(data, se=True)["se"], centred.predict(data, se=True)["se"])
    if hasattr(raw, "ranef"):
        for data in (None, new_rows()):
            same(raw.predict(data, re_form="NA", se=True)["se"], centred.predict(data, re_form="NA", se=True)["se"])


def test_effects_and_means(pair):
    raw, centred = pair
    same(mlm.effect(raw, "f").frame["se"], mlm.effect(centred, "f").frame["se"])
    a, b = (mlm.emmeans(m, "f", at={name: 1995.0 - less}) for m, name, less in ((raw, "year", 0), (centred, "c", 2005)))
    same(a.frame["SE"], b.frame["SE"])
    same(a.vcov, b.vcov)
    same(a.contrast("pairwise").frame["SE"], b.contrast("pairwise").frame["SE"])


def test_slopes(pair):
    raw, centred = pair
    a = mlm.slopes(raw, "year", at={"year": [1995.0]}).frame
    b = mlm.slopes(centred, "c", at={"c": [-10.0]}).frame
    same(a["SE"], b["SE"])


def test_hypotheses_about_means(pair):
    if isinstance(pair[0], mlm.GeneralizedMixedModel):
        found = [m.denominators().working_covariance.variances(m.design(new_rows()).to_numpy()) for m in pair]
    else:
        found = [mlm.contest(m, m.design(new_rows()).to_numpy(), joint=False).frame["Std. Error"] for m in pair]
    same(*found)


def test_kenward_roger(rows):
    raw, centred = fitted("lmer", f"{RAW}{RAW_CUBE} + f", rows), fitted("lmer", f"{CENTRED}{CENTRED_CUBE} + f", rows)
    found = [mlm.emmeans(m, "f", at=at).frame["SE"] for m, at in ((raw, {"year": 1990.0}), (centred, {"c": -15.0}))]
    same(*found)


def test_f_tests_of_a_linear_model(rows):
    tables = [mlm.anova(fitted("lm", f"{right} + f", rows), type=1).frame["F value"] for right in (RAW, CENTRED)]
    np.testing.assert_allclose(tables[0], tables[1], rtol=1e-6)


@pytest.mark.parametrize("kind", ["CR0", "CR1", "CR2"])
def test_robust_standard_errors(rows, kind):
    raw, centred = (fitted("lmer", right, rows) for right in (RAW + RAW_CUBE, CENTRED + CENTRED_CUBE))
    found = [mlm.robust_coefficients(m, kind).frame.iloc[-1][["Std. Error", "df"]] for m in (raw, centred)]
    np.testing.assert_allclose(*found, rtol=1e-6)


def test_standardized_marginal_residuals(rows):
    found = [
        fitted("lmer", right, rows).residuals("standardized", "marginal")
        for right in (RAW + RAW_CUBE, CENTRED + CENTRED_CUBE)
    ]
    np.testing.assert_allclose(*found, atol=1e-7)


@pytest.mark.parametrize("kind", KINDS)
def test_seconds_since_1970(rows, kind):
    same(*(fitted(kind, name, rows).predict(se=True)["se"] for name in ("seconds", "minutes")))


@pytest.mark.parametrize("kind", KINDS)
def test_variances_are_those_of_the_coefficients(rows, kind):
    m = fitted(kind, CENTRED + " * f", rows)
    x, working = m.x.to_numpy(), m.working_covariance
    same(working.covariance(np.eye(x.shape[1])), m.vcov)
    same(working.variances(x), np.einsum("ip,pq,iq->i", x, m.vcov, x))


def test_a_model_without_intercept_and_weights(rows):
    for w in (None, "minutes"):
        d = rows.assign(minutes=rows.minutes + 1)
        m = mlm.lmer("y ~ 0 + f + c + (1 | g)", d, weights=w)
        x = m.x.to_numpy()
        same(m.predict(re_form="NA", se=True)["se"] ** 2, np.einsum("ip,pq,iq->i", x, m.vcov, x))
