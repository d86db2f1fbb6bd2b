"""Shares with prior weights say of which rows they are; a null model may have the rows in another order."""

import numpy as np
import pandas as pd
import pytest

import mlm

SAID = "those of a row of weight 1"


def rows():
    rng = np.random.default_rng(3)
    g = np.repeat(np.arange(12), 8)
    d = pd.DataFrame({"g": g, "x": rng.normal(size=96), "w": rng.integers(1, 5, 96) * 1.0, "one": 1.0})
    return d.assign(y=d.x + rng.normal(size=12)[g] + rng.normal(size=96))


@pytest.mark.parametrize(("weights", "said"), [("w", True), ("one", False), (None, False)])
def test_weights_are_said(weights, said):
    m = mlm.lmer("y ~ x + (1 | g)", rows(), weights=weights)
    for found in (mlm.icc(m), mlm.r2(m), mlm.r2(m).decomposition):
        assert (SAID in str(found)) is said
        assert found.weighted is said


def test_the_shares_are_those_of_a_row_of_weight_1():
    m = mlm.lmer("y ~ x + (1 | g)", rows(), weights="w")
    between = m.varcorr["vcov"].iloc[0]
    assert mlm.icc(m).adjusted == pytest.approx(between / (between + m.sigma**2), rel=1e-12)


def test_a_null_model_may_have_another_order():
    d = rows()
    m = mlm.lmer("y ~ x + (1 | g)", d, weights="w")
    want = mlm.r2(m, null=mlm.lmer("y ~ 1 + (1 | g)", d, weights="w"))
    other = d.sample(frac=1.0, random_state=5)
    found = mlm.r2(m, null=mlm.lmer("y ~ 1 + (1 | g)", other, weights="w"))
    np.testing.assert_allclose(found.frame, want.frame, rtol=1e-6)
    with pytest.raises(mlm.FitError, match="in another order, under other row labels; fit both to the same data"):
        mlm.r2(m, null=mlm.lmer("y ~ 1 + (1 | g)", other.reset_index(drop=True), weights="w"))
