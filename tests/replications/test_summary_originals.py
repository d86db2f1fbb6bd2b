"""The tutorials' printouts, character by character, from the original data files (lme4 1.1-31, lmerTest 3.1-3)."""

import json
from pathlib import Path

import pandas as pd
import pytest
from rmodels import assert_same_print, lines

import mlm
import replications

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "summary_originals.json").read_text())

pytestmark = pytest.mark.originals


@pytest.fixture(scope="module")
def imm10():
    return replications.load("imm10", kind="original", verbose=False)


@pytest.fixture(scope="module")
def ess():
    """Prepare as the two-level tutorial does: scaled within countries, and over countries, before deletion."""
    data = replications.load("ess", kind="original", verbose=False)
    countries = data.drop_duplicates("cntry").set_index("cntry")
    scaled = {"cntry": data["cntry"]}
    for new, old in {"age": "agea", "gend": "male", "edu": "eduyrs", "inc": "hinctnta"}.items():
        scaled[f"{new}_cwc"] = data.groupby("cntry")[old].transform(mlm.rescale)
    for new, old in {"gini": "gini_net", "postcom": "postcom", "cpi": "ti_cpi"}.items():
        scaled[f"{new}_cgm"] = data["cntry"].map(mlm.rescale(countries[old]))
    scaled["trustind"] = data[["ppltrst", "pplfair", "pplhlp"]].mean(axis=1)
    return pd.DataFrame(scaled).dropna()


@pytest.mark.parametrize("case", REFERENCE["imm10"], ids=lambda case: case["formula"])
def test_imm10(case, imm10):
    m = mlm.lmer(case["formula"], imm10, reml=False)
    assert str(m.summary(digits=3, scipen=8, data_name="imm10")).split("\n") == lines(case["text"])


@pytest.mark.parametrize("case", REFERENCE["imm10_linear"], ids=lambda case: case["formula"])
def test_imm10_linear(case, imm10):
    m = mlm.lm(case["formula"], imm10)
    assert str(m.summary(digits=3, scipen=8, data_name="imm10")).split("\n") == lines(case["text"])


def test_heck2011():
    data = replications.load("heck2011", kind="original", verbose=False)
    m = mlm.lmer(REFERENCE["heck2011"]["formula"], data)
    printed = str(m.summary("satterthwaite", scipen=100, data_name="heck2011"))
    assert printed.split("\n") == lines(REFERENCE["heck2011"]["text"])


@pytest.mark.parametrize("case", REFERENCE["ess"], ids=[f"model{k}" for k in range(5)])
def test_ess(case, ess):
    printed = str(mlm.lmer(case["formula"], ess).summary(data_name="ess_sub")).split("\n")
    if case is REFERENCE["ess"][3]:
        # one t value is 0.96050, a rounding boundary; BOBYQA, which has no derivatives, ends just below it
        assert_same_print(printed, lines(case["text"]))
    else:
        assert printed == lines(case["text"])
