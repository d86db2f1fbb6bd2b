"""Dependent and nearly dependent columns of the fixed part."""

import warnings

import numpy as np
import pandas as pd
import pytest
from brute import data
from fitting import fit, same

import mlm


def test_dependent_predictors_are_dropped_and_named():
    frame = data().assign(one=4.0, sum=lambda d: d["x"] + d["z"])
    with pytest.warns(mlm.RankWarning, match=r"dependent: one, sum were dropped, .* the 3 columns kept") as caught:
        m = mlm.lmer("y ~ one + x + z + sum + (1 | g)", frame)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    same(m, fit("y ~ x + z + (1 | g)"))
    assert list(m.fixef.index) == ["(Intercept)", "x", "z"]
    assert list(m.design(frame.head(2)).columns) == ["(Intercept)", "x", "z"]
    np.testing.assert_allclose(m.predict(frame), m.fitted, rtol=1e-12)  # the same sums in another order


def test_of_many_dependent_predictors_the_first_are_named_and_the_others_counted():
    """The 5 x 4 cells of two factors but for 9 that are empty."""
    rng = np.random.default_rng(3)
    cells = np.array([0, 5, 10, 15, 16, 4, 9, 14, 19, 2, 7])
    cell = np.concatenate([cells, rng.choice(cells, 100)])
    frame = pd.DataFrame({"a": [f"a{k // 4}" for k in cell], "b": [f"b{k % 4}" for k in cell], "g": np.arange(111) % 9})
    frame["y"] = rng.normal(size=111)
    warned = pytest.warns(
        mlm.RankWarning, match=r": (aa\d:bb\d, ){7}aa\d:bb\d and 1 more were dropped, .* the 11 columns"
    )
    with warned, warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.SingularFitWarning)
        m = mlm.lmer("y ~ a * b + (1 | g)", frame)
    assert m.deviance == pytest.approx(fit("y ~ 0 + cell + (1 | g)", frame.assign(cell=cell.astype(str))).deviance)
    with pytest.warns(mlm.RankWarning, match=r"^9 of 20 columns .*: (aa\d:bb\d, ){7}aa\d:bb\d and 1 more\."):
        mlm.lm("y ~ a * b", frame)


def test_predictors_that_are_nearly_dependent_are_kept():
    frame = data().assign(near=lambda d: d["x"] + 1e-4 * d["z"])
    m = fit("y ~ x + near + (1 | g)", frame)
    best = fit("y ~ x + z + (1 | g)")
    # the normal equations, as in lme4: a condition number of 1e4, squared, of the 16 digits
    assert m.deviance == pytest.approx(best.deviance - 2 * np.log(1e4), rel=0, abs=1e-6)
    assert m.fixef["near"] * 1e-4 == pytest.approx(best.fixef["z"], rel=1e-6)


@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("apart", [1e-3, 1e-5, 5e-7])
def test_nearly_dependent_predictors_keep_their_digits(apart, weights):
    """x and x + apart * z span what x and z span: the coefficients follow from each other exactly."""
    rng = np.random.default_rng(0)
    group = rng.integers(0, 20, 400)
    data = pd.DataFrame({"x": rng.normal(size=400), "z": rng.normal(size=400), "g": group})
    data["w"] = rng.uniform(0.5, 2.0, 400)
    data["near"] = data["x"] + apart * data["z"]
    data["y"] = 1.0 + data["x"] + data["near"] + rng.normal(size=20)[group] + rng.normal(size=400)
    near, plain = (mlm.lmer(f"y ~ x + {v} + (1 | g)", data, weights=weights) for v in ("near", "z"))
    # rounding in `near` itself is 1e-16 / apart of z
    assert near.fixef["near"] == pytest.approx(plain.fixef["z"] / apart, rel=1e-8)
    assert near.se["near"] == pytest.approx(plain.se["z"] / apart, rel=1e-8)
    assert near.deviance == pytest.approx(plain.deviance + 2.0 * np.log(apart), abs=1e-7)
    assert near.satterthwaite_df([0, 0, 1]) == pytest.approx(plain.satterthwaite_df([0, 0, 1]), rel=1e-5)


@pytest.mark.parametrize("origin", [0.0, 2000.0, 2459000.0])
@pytest.mark.parametrize("weighted", [False, True])
def test_a_polynomial_is_independent_wherever_it_has_its_zero(origin, weighted):
    rng = np.random.default_rng(3)
    g, x = np.repeat(np.arange(12), 6), rng.integers(0, 64, 72).astype(float)
    y = 0.05 * x - 0.002 * x * x + rng.normal(size=12)[g] + rng.normal(size=72)
    frame = pd.DataFrame({"y": y, "g": g.astype(str), "x": x, "w": rng.uniform(0.5, 2.0, 72)})
    asked = {"reml": False, "weights": "w" if weighted else None}
    with warnings.catch_warnings():
        warnings.simplefilter("error", mlm.RankWarning)
        near = mlm.lmer("y ~ x + I(x**2) + (1 | g)", frame, **asked)
        far = mlm.lmer("y ~ x + I(x**2) + (1 | g)", frame.assign(x=x + origin), **asked)
    assert far.deviance == pytest.approx(near.deviance, abs=1e-7)
    assert far.fixef["I(x^2)"] == pytest.approx(near.fixef["I(x^2)"], rel=1e-6)
    assert far.se["I(x^2)"] == pytest.approx(near.se["I(x^2)"], rel=1e-6)


@pytest.mark.filterwarnings("ignore::mlm.SingularFitWarning")
def test_a_sum_of_far_columns_is_dependent():
    """Beside the shifted columns its rounding looks like something new."""
    rng = np.random.default_rng(3)
    g = np.repeat(np.arange(12), 6)
    frame = pd.DataFrame({"y": rng.normal(size=72), "g": g.astype(str)})
    frame["a"], frame["b"] = (1e9 + rng.normal(size=72) for _ in range(2))
    frame["c"] = 0.3 * frame["a"] + 0.7 * frame["b"]
    with pytest.warns(mlm.RankWarning, match=": c was dropped"):
        mlm.lmer("y ~ a + b + c + (1 | g)", frame)
