"""Profile intervals of generalized linear models, against MASS (`reference/profile_glm.R`) and the deviance."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from reference.profiles import GLM, counts

import mlm

PATH = Path(__file__).parents[1] / "reference" / "profile_glm.json"
STORED = json.loads(PATH.read_text(encoding="utf-8"))["models"]
QUANTILE = 1.959963984540054
# MASS interpolates, and takes the dispersion of where R stops: its ends are right to so much of an interval's width
INTERPOLATED = 5e-4


@cache
def fitted(name):
    case = GLM[name]
    return mlm.glm(case["formula"], counts(), case["family"], link=case.get("link"))


@pytest.mark.parametrize("name", GLM)
def test_ends_are_those_of_mass(name):
    stored, found = STORED[name], fitted(name).confint(method="profile")
    assert list(found.index) == stored["rows"]
    assert list(found.columns) == ["2.5 %", "97.5 %"]
    theirs = np.array([stored["lower"], stored["upper"]]).T
    width = (found["97.5 %"] - found["2.5 %"]).to_numpy()
    assert (np.abs(found - theirs).max(axis=1) / width).max() < INTERPOLATED


@pytest.mark.parametrize("name", ["outcomes", "counts", "a dispersion"])
def test_the_deviance_rises_by_the_quantile(name):
    """Of the model with x in its offset."""
    m, case = fitted(name), GLM[name]
    without = case["formula"].replace("x * A", "A + x:A - x").replace("x + A", "A")
    if name == "counts":
        without = "k ~ A + I(x * (A == 'b')) + I(x * (A == 'c'))"
    for end in m.confint(method="profile").loc["x"]:
        held = mlm.glm(without, counts(), case["family"], link=case.get("link"), offset=end * counts()["x"])
        assert (held.deviance - m.deviance) / m.dispersion == pytest.approx(QUANTILE**2, abs=1e-6)


def test_terms_and_levels():
    m = fitted("outcomes")
    whole = m.confint(0.9, "Profile")
    assert m.confint(0.9, "profile", ["x", 2]).equals(whole.loc[["x", "Ab"]])
    assert m.confint(method="profile", level=0.9, parm="beta_").equals(whole)
    with pytest.warns(mlm.RankWarning):
        twice = mlm.glm("one ~ x + twice", counts().assign(twice=2.0 * counts()["x"]), "binomial")
    assert twice.confint(method="profile").loc["twice"].isna().all()


def test_what_is_no_maximum():
    d = pd.DataFrame({"y": [0, 0, 0, 1, 1, 1, 0, 1], "x": list("aaabbbbb")})
    with pytest.warns(mlm.ConvergenceWarning, match="separation"):
        m = mlm.glm("y ~ x", d)
    with pytest.raises(mlm.FitError, match="nothing to profile"):
        m.confint(method="profile")
    with pytest.raises(mlm.ArgumentError, match="are exact"):
        mlm.lm("k ~ x", counts()).confint(method="profile")
