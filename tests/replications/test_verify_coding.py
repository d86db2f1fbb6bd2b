"""With data: factors as the printed coefficients name them, standard errors without derivatives, variances beside 0."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mlm
import replications
from mlm.errors import SingularFitWarning
from replications.checking.coding import as_named

PRINTED = json.loads(Path(__file__).parents[1].joinpath("reference", "glmer_information.json").read_text("utf8"))


def drawn():
    rng = np.random.default_rng(11)
    ward = np.repeat([301, 302, 305, 309], 20)
    arm = np.tile(["quebec", "alder"], 40)
    dose = rng.normal(size=80)
    y = 5 + dose + 0.01 * (ward - 300) ** 2 + 2 * (arm == "alder") + rng.normal(size=80)
    bed = np.repeat(np.arange(20), 4)
    return pd.DataFrame({"y": y + rng.normal(size=20)[bed], "ward": ward, "arm": arm, "dose": dose, "bed": bed})


def coded(data, **levels):
    return data.assign(**{name: pd.Categorical(data[name].astype(str), order) for name, order in levels.items()})


def verdicts(text, data):
    return {finding.id: finding.verdict for finding in replications.verify(text, data).findings}


@pytest.mark.parametrize("order", [["301", "302", "305", "309"], ["305", "301", "302", "309"]])
def test_a_column_of_numbers_is_a_factor_where_its_levels_have_coefficients(order):
    data = drawn()
    text = str(mlm.lm("y ~ dose * ward", coded(data, ward=order)).summary())
    found = verdicts(text, data)
    assert len(found) > 20
    assert set(found.values()) == {"agrees"}


def test_a_column_of_numbers_with_one_coefficient_stays_one():
    text = str(mlm.lm("y ~ dose + ward", drawn()).summary())
    assert set(verdicts(text, drawn()).values()) == {"agrees"}


def test_a_factor_whose_reference_is_not_told_is_not_fitted():
    data = drawn()
    text = str(mlm.lm("y ~ dose + ward", coded(data, ward=["301", "302", "305", "309"])).summary())
    text = "\n".join(line for line in text.split("\n") if not line.startswith("ward305"))
    result = replications.verify(text, data)
    assert result.ok
    assert "fixef.ward302.estimate" not in {
        finding.id
        for finding in result.findings
        if finding.rule == "fitted to the data" and finding.verdict == "agrees"
    }
    assert "reference level is not told" in str(result)


@pytest.mark.parametrize("formula", ["y ~ arm * dose + (1 | bed)", "y ~ arm + (1 | bed)"])
def test_the_level_without_a_coefficient_is_the_reference(formula):
    data = drawn()
    text = str(mlm.lmer(formula, coded(data, arm=["quebec", "alder"])).summary())
    assert "armalder" in text
    found = verdicts(text, data)
    assert {"differs", "not fitted here"} & set(found.values()) == set()


def test_a_wrong_digit_beside_a_recoded_factor_differs():
    data = drawn()
    model = mlm.lmer("y ~ arm + (1 | bed)", coded(data, arm=["quebec", "alder"]))
    estimate = f"{model.fixef['armalder']:.4f}"
    text = str(model.summary())
    assert estimate in text
    wrong = verdicts(text.replace(estimate, f"{model.fixef['armalder'] + 0.25:.4f}"), data)
    assert [id for id, verdict in wrong.items() if verdict == "differs"] == ["fixef.armalder.estimate"]


def test_columns_of_other_contrasts_stay_as_they_are():
    data = drawn().assign(ward=lambda d: d["ward"].map({301: 1, 302: 2, 305: 3, 309: 4}))
    assert as_named(data, "y ~ ward", ["(Intercept)", "ward1", "ward2", "ward3"]) is data


def test_standard_errors_as_if_theta_were_known_are_explained():
    data = pd.DataFrame(PRINTED["rows"])
    result = replications.verify("\n".join(PRINTED["summary"]), data)
    found = {finding.id: finding for finding in result.findings}
    assert found["fixef.intercept.se"].verdict == "explained"
    assert "use.hessian = FALSE" in found["fixef.intercept.se"].reason
    assert not [id for id, finding in found.items() if finding.verdict == "differs"]
    line = next(line for line in PRINTED["summary"] if line.startswith("(Intercept) "))
    se = line.split()[2]
    wrong = "\n".join(PRINTED["summary"]).replace(se, f"{float(se) * 1.2:.{len(se) - 2}f}", 1)
    assert verdicts(wrong, data)["fixef.intercept.se"] == "differs"


@pytest.mark.parametrize(("sd", "verdict"), [("3.4e-07", "explained"), ("2.5e-02", "differs")])
def test_a_variance_beside_the_boundary_is_where_lme4_ends(sd, verdict):
    data = drawn().assign(cot=lambda d: np.arange(80) % 8)
    with pytest.warns(SingularFitWarning):
        model = mlm.lmer("y ~ dose + arm + (1 | bed) + (1 | cot)", data)
    lines = str(model.summary()).split("\n")
    at = next(at for at, line in enumerate(lines) if line.startswith(" cot"))
    lines[at] = " cot      (Intercept) " + f"{float(sd) ** 2:.2e} {sd}"
    assert verdicts("\n".join(lines), data)["varcomp.cot.intercept.sd"] == verdict


def test_effects_of_contrasts_in_a_table_somebody_made_may_be_adjusted():
    rows = [
        "|contrast     | estimate|     SE| df| t.ratio| p.value|",
        "|:------------|--------:|------:|--:|-------:|-------:|",
        "|alder effect |   0.1500| 0.0400| 42|   3.750|  0.0016|",
        "|birch effect |  -0.0400| 0.0400| 42|  -1.000|  0.3230|",
    ]
    assert replications.verify("\n".join(rows)).ok
    assert not replications.verify("\n".join(rows).replace("0.0016", "0.0001")).ok
