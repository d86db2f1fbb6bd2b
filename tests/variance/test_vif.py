"""Variance inflation factors, against car."""

import json
from pathlib import Path

import numpy as np
import pytest
from reference.diagnosis import CASES, rows

import mlm

PATH = Path(__file__).parents[1] / "reference" / "diagnosis.json"
STORED = json.loads(PATH.read_text(encoding="utf-8"))["models"]


def fitted(name):
    case = CASES[name]
    data, kind = rows(case.get("data", "main")), case.get("kind")
    if kind == "lm":
        return mlm.lm(case["formula"], data)
    if kind == "glm":
        return mlm.glm(case["formula"], data, case["family"], link=case.get("link"))
    if "family" in case:
        return mlm.glmer(case["formula"], data, case["family"])
    return mlm.lmer(case["formula"], data, **{key: case[key] for key in ("reml", "weights") if key in case})


@pytest.mark.filterwarnings("ignore::mlm.SingularFitWarning")
@pytest.mark.parametrize("name", [name for name in STORED if "vif" in STORED[name]])
def test_as_car(name):
    stored, frame = STORED[name]["vif"], mlm.vif(fitted(name)).frame
    terms = [stored["terms"]] if isinstance(stored["terms"], str) else stored["terms"]
    assert list(frame.index) == terms
    values = np.reshape(np.array(stored["values"], dtype=float), (len(terms), -1))
    ours = frame.to_numpy() if values.shape[1] == 3 else frame[["GVIF"]].to_numpy()
    assert ours == pytest.approx(values, rel=2e-3 if "family" in CASES[name] else 1e-6)


def test_the_coding_of_a_category_does_not_matter():
    data = rows("main")
    one, other = (mlm.lmer("y ~ A + x + z + (1 | g)", data, contrasts=c) for c in (None, {"A": "sum"}))
    assert mlm.vif(one).frame.to_numpy() == pytest.approx(mlm.vif(other).frame.to_numpy(), rel=1e-9)


def test_of_numbers_it_is_one_over_what_others_leave():
    data = rows("main")
    left = 1 - mlm.lm("x ~ z + year", data).r_squared
    assert mlm.vif(mlm.lm("y ~ x + z + year", data)).frame.loc["x", "GVIF"] == pytest.approx(1 / left)


def test_as_r_prints():
    text = str(mlm.vif(mlm.lm("y ~ A + B + x", rows("main"))))
    assert text.splitlines() == [
        "      GVIF Df GVIF^(1/(2*Df))",
        "A 1.072713  2        1.017703",
        "B 1.080260  1        1.039356",
        "x 1.008376  1        1.004179",
    ]


def test_one_term_and_none():
    assert mlm.vif(mlm.lm("y ~ A", rows("main"))).frame["GVIF"].tolist() == pytest.approx([1.0])
    with pytest.raises(mlm.FitError, match="no terms beside"):
        mlm.vif(mlm.lm("y ~ 1", rows("main")))


@pytest.mark.filterwarnings("ignore::mlm.RankWarning")
@pytest.mark.parametrize("fit", [mlm.lm, lambda formula, data: mlm.lmer(formula + " + (1 | g)", data)])
def test_columns_that_depend_on_others_entirely(fit):
    data = rows("main")
    data["twice"], data["sum"] = 2 * data["x"], data["x"] + data["z"]
    one, other = mlm.vif(fit("y ~ x + twice + z + sum", data)), mlm.vif(fit("y ~ x + z", data))
    assert one.frame.to_numpy() == pytest.approx(other.frame.to_numpy())
    assert set(one.dropped) == {"twice", "sum"}
    assert "Without twice, sum, which depend on other columns entirely" in str(one)
    assert "twice" in one._repr_html_()
    assert not other.dropped
    assert "Without" not in str(other)
