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
