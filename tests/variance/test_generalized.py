"""Shares of variance of generalized models: on the scale of the latent variable, or refused."""

import numpy as np
import pandas as pd
import pytest

import mlm

RNG = np.random.default_rng(5)
G = np.repeat(np.arange(20), 12)
X = RNG.normal(size=240)
ETA = 0.5 * X + RNG.normal(0, 1, 20)[G]
DATA = pd.DataFrame({"g": G, "x": X, "y": RNG.random(240) < 1 / (1 + np.exp(-ETA)), "k": RNG.poisson(np.exp(ETA))})
LOGIT = mlm.glmer("y ~ x + (1 | g)", DATA)
COUNTS = mlm.glmer("k ~ x + (1 | g)", DATA, "poisson")


@pytest.mark.parametrize(("link", "residual"), [("logit", np.pi**2 / 3), ("probit", 1.0), ("cloglog", np.pi**2 / 6)])
def test_latent_scale(link, residual):
    m = mlm.glmer("y ~ x + (1 | g)", DATA, link=link)
    between = m.varcorr["vcov"].iloc[0]
    assert mlm.icc(m).adjusted == pytest.approx(between / (between + residual))
    fixed = np.var(m.x.to_numpy() @ m.fixef.to_numpy(), ddof=1)
    assert mlm.r2(m).marginal == pytest.approx(fixed / (fixed + between + residual))


@pytest.mark.parametrize("run", [mlm.icc, mlm.r2])
def test_counts_have_no_latent_variance(run):
    with pytest.raises(mlm.FitError, match=r"poisson.*'log'"):
        run(COUNTS)


@pytest.mark.parametrize(
    "run",
    [
        mlm.shrinkage,
        mlm.plausible_range,
        mlm.plot.likelihood_curve,
        lambda m: mlm.r2(m, null=m),
        mlm.design_effect,
    ],
)
def test_what_is_of_residual_variances_is_refused(run):
    with pytest.raises(mlm.MlmError):
        run(LOGIT)


def test_tables_of_several_models():
    text = str(mlm.regtable([LOGIT, COUNTS]))
    assert "Var: g (Intercept)" in text
    assert "Residual" not in text
