"""The deviance at many points is that of each alone, with sigma or a contrast held, and so are its derivatives."""

import warnings

import numpy as np
import pandas as pd
import pytest

import mlm
from mlm.inference.linear_surfaces import WithSigma
from mlm.likelihood.many_points import ManyPoints
from mlm.likelihood.turned_layout import TurnedLayout

STEP = 1e-5


def fit(formula, balanced):
    rng = np.random.default_rng(3)
    d = pd.DataFrame({"g": np.repeat(np.arange(14), 9), "x": np.tile(np.arange(9.0), 14), "z": rng.normal(size=126)})
    d["x"] += 0.0 if balanced else rng.normal(size=126)
    d["y"] = 100.0 + d.x + rng.normal(size=14)[d.g] + rng.normal(size=14)[d.g] * d.x + rng.normal(size=126)
    d["y"] += rng.normal(size=14)[d.g] * d.z
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.SingularFitWarning)
        return mlm.lmer(formula, d, reml=False)


def spots(m, contrasts):
    """Points near the estimates, and as many contrasts; 0 of the first point."""
    rng = np.random.default_rng(4)
    start = [*m.optimum.evaluation.theta, 0.5 * np.log(m.optimum.evaluation.sigma2), 0.1]
    u = np.array(start)[:, None] + 0.1 * rng.normal(size=(len(start), contrasts))
    held = rng.normal(size=(m.products.p, contrasts))
    held[:, 0] = 0.0
    return u, held


@pytest.mark.parametrize(
    ("formula", "balanced"),
    [
        ("y ~ x + (x | g)", True),
        ("y ~ x + z + (x | g)", False),
        ("y ~ z + (1 | g)", False),
        ("y ~ z + (x || g)", False),
        ("y ~ x + z + (x + z | g)", False),
    ],
)
def test_derivatives_are_those_of_the_value(formula, balanced):
    m = fit(formula, balanced)
    deviance = ManyPoints(m.products, m.working.layout)
    u, held = spots(m, 5)
    at = deviance.at(u, held)
    for k in range(len(u)):
        e = np.zeros((len(u), 1))
        e[k] = STEP
        up, down = deviance.at(u + e, held), deviance.at(u - e, held)
        assert at.gradient[k] == pytest.approx((up.value - down.value) / (2 * STEP), rel=1e-6, abs=1e-4)
        if k < len(u) - 1:
            assert at.hessian[k] == pytest.approx((up.gradient - down.gradient) / (2 * STEP), rel=1e-6, abs=1e-4)
    assert at.hessian[-1, -1, 0] == 1.0
    assert at.gradient[-1, 0] == 0.0


def test_values_are_those_of_one_point():
    m = fit("y ~ x + z + (x | g)", False)
    u, held = spots(m, 4)
    layout = m.working.layout
    found = ManyPoints(m.products, layout).at(u, held)
    alone = WithSigma(m.working, TurnedLayout(layout, [np.eye(2)]))
    start = np.append(m.optimum.evaluation.theta, u[-2, 0])
    reference = ManyPoints(m.products, layout).at(np.append(start, 0.0)[:, None], held[:, :1]).value[0]
    for k in range(4):
        theta, sigma = u[:-2, k], np.exp(u[-2, k])
        value = alone.evaluate(u[:-1, k]).value
        at = m.working.evaluate(theta)
        if k:  # with c'beta at b, the sum of squares grows by (b - c'beta)² over the variance of c'beta / sigma
            away = u[-1, k] - held[:, k] @ at.beta
            value += away**2 / (held[:, k] @ at.unscaled @ held[:, k]) / sigma**2
        assert found.value[k] - reference == pytest.approx(value - alone.evaluate(start).value, abs=1e-8)
