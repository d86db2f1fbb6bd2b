"""Shares of variances of models with slopes do not depend on where the predictor has its 0, nor on its unit."""

import warnings

import numpy as np
import pandas as pd
import pytest

import mlm


def rows():
    rng = np.random.default_rng(11)
    g, x = np.repeat(np.arange(15), 12), np.round(rng.normal(size=180), 3)  # exact at a distance of 1e9
    u, s, b = rng.normal(size=15), rng.normal(0, 0.6, 15), rng.normal(size=15)
    y = 1 + 0.8 * x + u[g] + s[g] * x + 0.5 * b[g] + rng.normal(size=180)
    return pd.DataFrame({"g": g, "h": np.arange(180) % 7, "x": x, "b": b[g], "y": y, "c": rng.poisson(np.exp(y / 4))})


def fitted(formula, frame):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.MlmWarning)
        return mlm.glmer(formula, frame, "poisson") if formula.startswith("c") else mlm.lmer(formula, frame)


def numbers(m):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.MlmWarning)
        r2, icc = mlm.r2(m), mlm.icc(m)
    found = [r2.marginal, r2.conditional, icc.adjusted, icc.unadjusted, *icc.by_group]
    if r2.decomposition is not None:
        found += [r2.decomposition.variances.sum(), *r2.decomposition.shares["total"]]
    return np.array(found)


@pytest.mark.parametrize(
    ("formula", "origin"),
    [
        *[(f, origin) for f in ("y ~ x + b + (x | g)", "y ~ x + (x | g) + (1 | h)") for origin in (1e3, 1e5, 1e7)],
        *[("c ~ x + (x | g)", origin) for origin in (1e3, 1e5, 1e6)],  # beyond, the columns depend on one another
    ],
)
def test_far_from_zero(formula, origin):
    want = numbers(fitted(formula, rows()))
    found = numbers(fitted(formula, rows().assign(x=lambda d: d.x + origin)))
    # searches end within 1e-7 of one another, of generalized models within 1e-6
    np.testing.assert_allclose(found, want, rtol=2e-6 if formula.startswith("c") else 2e-7)


@pytest.mark.parametrize("origin", [0.0, 1e5, 1e7])
def test_digits_of_one_fit(origin):
    """Against the sum over rows in centred columns, whose covariance follows from that of the same fit's effects."""
    m = fitted("y ~ x + (x | g)", rows().assign(x=lambda d: d.x + origin))
    x = m.frame.random[0].columns.matrix()[:, 1]
    t = np.array([[m.theta[0], 0.0], [m.theta[1], m.theta[2]]])
    centred = np.array([t[0] + x.mean() * t[1], t[1]]) * m.sigma
    z = np.column_stack([np.ones(180), x - x.mean()])
    random = np.mean(np.square(z @ centred).sum(axis=1))
    assert mlm.icc(m).adjusted == pytest.approx(random / (random + m.sigma**2), rel=1e-8)


def test_seconds_since_1970():
    want = numbers(fitted("y ~ x + (x | g)", rows()))
    found = numbers(fitted("y ~ x + (x | g)", rows().assign(x=lambda d: np.round(d.x * 1000) + 1.7e9)))
    np.testing.assert_allclose(found, want, rtol=1e-5)
