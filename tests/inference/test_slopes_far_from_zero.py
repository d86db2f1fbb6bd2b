"""What comes after a fit whose slope's predictor is far from 0 for how little it varies: as of a centred one."""

import warnings

import numpy as np
import pandas as pd
import pytest

import mlm

ORIGINS = [1e5, 1e7, 1.7e9]


def rows():
    rng = np.random.default_rng(1)
    g, x = np.arange(160) % 16, np.round(rng.normal(size=160) * 64) / 64  # exact at a distance of 1e9
    y = x + rng.normal(0, 0.7, 16)[g] + rng.normal(0, 0.7, 16)[g] * x + rng.normal(size=160)
    return pd.DataFrame({"g": g, "x": x, "y": y, "w": rng.uniform(0.5, 2, 160), "c": rng.poisson(np.exp(y / 3))})


def fitted(kind, origin=0.0):
    d = rows().assign(x=lambda d: d.x + origin)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.MlmWarning)
        if kind == "lmer":
            return mlm.lmer("y ~ x + (x | g)", d, weights="w")
        return mlm.glmer("c ~ x + (x | g)", d, "poisson")


AFTERWARDS = {
    "predict": lambda m: m.predict(se=True)["se"],
    "new rows": lambda m: m.predict(rows().assign(x=m.frame.x[:, 1]).iloc[:5], se=True)["se"],
    "rows": lambda m: mlm.influence(m).cooks_distance,
    "groups": lambda m: mlm.influence(m, "g", progress=False).frame[["cooks_distance", "dffits", "covratio"]],
    "augment": lambda m: m.augment()[[".fitted", ".hat", ".resid"]],
    "leverages": lambda m: m.leverages,
    "robust": lambda m: mlm.robust_coefficients(m, "CR2").frame.loc["x"],
    "plain robust": lambda m: mlm.robust_coefficients(m, "CR0").frame.loc["x"],
}


@pytest.mark.parametrize("origin", ORIGINS)
@pytest.mark.parametrize(
    ("kind", "what"), [("lmer", what) for what in AFTERWARDS] + [("glmer", w) for w in AFTERWARDS if "robust" not in w]
)
def test_the_origin_does_not_matter(kind, what, origin):
    found, want = (np.asarray(AFTERWARDS[what](fitted(kind, k)), dtype=float) for k in (origin, 0.0))
    # coefficients keep eps * origin of themselves, of which distances have squares
    np.testing.assert_allclose(found, want, rtol=max(1e-5, 1e-13 * origin), atol=1e-5 * np.abs(want).max())
