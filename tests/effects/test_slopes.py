"""Slopes where there are none: at steps and bends, and of predictors that are there by steps only."""

import numpy as np
import pandas as pd
import pytest

import mlm


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(21)
    d = pd.DataFrame({"x": rng.uniform(-2.0, 5.0, 90).round(2), "z": rng.uniform(1.0, 9.0, 90).round(2)})
    d["f"], d["g"] = np.resize(list("aab"), 90), np.arange(90) // 9
    return d.assign(y=d.x + np.sqrt(d.z) + rng.normal(size=10)[d.g] + rng.normal(size=90))


SHARP = {
    "I(x > 1)": 1.0,
    "(x > 1) * f": 1.0,
    "x + I(x <= 1)": 1.0,
    "ifelse(x > 1, x, 0)": 1.0,
    "cut(x, c(-9, 1, 9)) + x": 1.0,
    "round(x) + x": 0.5,
    "pmax(x - 1, 0)": 1.0,
    "abs(x - 1) * f": 1.0,
    "bs(x, degree = 1, knots = 1)": 1.0,
}


@pytest.mark.parametrize("terms", SHARP)
@pytest.mark.parametrize("beside", [0.0, 0.001, -0.0015, 0.003])
def test_there_is_no_slope_at_a_step_or_a_bend(rows, terms, beside):
    m = mlm.lm(f"y ~ {terms}", rows)
    with pytest.raises(mlm.FitError, match=r"There is no slope at x = .*has a step or a bend"):
        mlm.slopes(m, "x", by="x", at={"x": [-1.3, SHARP[terms] + beside]})


STEPS = ["I(x > 1)", "cut(x, 3)", "round(x)", "(x > 1) * f", "z + cut(x, c(-9, 0, 2, 9)) * z"]


@pytest.mark.parametrize("terms", STEPS)
def test_what_is_there_by_steps_only_has_no_slope(rows, terms):
    m = mlm.lmer(f"y ~ {terms} + (1 | g)", rows)
    with pytest.raises(mlm.FitError, match=r"'x' is in the model by steps only .*and has no slope"):
        mlm.slopes(m, "x", at={"x": 2.2})


SMOOTH = {
    "I(x^2)": (0.0, lambda m, _: 0.0),
    "I(x^2) + I(x^6)": (0.0, lambda m, _: 0.0),
    "pmax(x - 1, 0)": (0.2, lambda m, _: 0.0),
    "ifelse(x > 1, x, 0)": (2.0, lambda m, _: m.fixef.iloc[1]),
    "x + I(x > 1)": (2.0, lambda m, _: m.fixef["x"]),
    "I(pmax(x - 1, 0)^2)": (1.0015, lambda m, at: m.fixef.iloc[1] * 2.0 * (at - 1.0)),
    "sin(2 * x)": (0.0, lambda m, _: 2.0 * m.fixef.iloc[1]),
    "exp(x)": (-1.0, lambda m, at: m.fixef.iloc[1] * np.exp(at)),
}


@pytest.mark.parametrize("terms", SMOOTH)
def test_beside_them_and_of_curves_there_is_one(rows, terms):
    m = mlm.lm(f"y ~ {terms}", rows)
    at, want = SMOOTH[terms]
    found = mlm.slopes(m, "x", at={"x": at}).frame["x.trend"].iloc[0]
    assert found == pytest.approx(want(m, at), rel=1e-7, abs=1e-4 * ("^2)" in terms and "pmax" in terms))


def test_knots_of_smooth_splines_are_no_bends(rows):
    for terms in ("bs(x, knots = 1)", "bs(x, degree = 2, knots = 1)", "ns(x, df = 4)", "poly(x, 4)"):
        m = mlm.lm(f"y ~ {terms}", rows)
        for at in (0.999, 1.0, 1.002):
            h = 1e-4
            ends = m.predict({"x": [at + h, at - h]}).to_numpy()
            found = mlm.slopes(m, "x", at={"x": at}).frame["x.trend"].iloc[0]
            assert found == pytest.approx((ends[0] - ends[1]) / (2.0 * h), rel=1e-3, abs=1e-3)


def test_an_offset_of_the_predictor_is_said(rows):
    plain, note = mlm.lm("y ~ x", rows), "Without the part that x has in the offset."
    m = mlm.lmer("y ~ x + offset(3 * x + z) + (1 | g)", rows)
    assert note in str(mlm.slopes(m, "x"))
    assert note not in str(mlm.slopes(plain, "x"))
    assert note not in str(mlm.slopes(mlm.lmer("y ~ x + offset(z) + (1 | g)", rows), "x"))
    assert note in str(mlm.slopes(mlm.lmer("y ~ x + (1 | g)", rows, offset="x"), "x"))
    values = mlm.lmer("y ~ x + (1 | g)", rows, offset=rows["x"].to_numpy())
    assert note not in str(mlm.slopes(values, "x"))
