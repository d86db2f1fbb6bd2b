"""Intraclass correlations and R² of models of many structures, against performance 0.10.2, and its known faults."""

import json
from pathlib import Path

import numpy as np
import pytest
from reference.diagnosis import CASES, rows
from rmodels import data, numbers, reference

import mlm
from mlm.variance.components import variance_components

PATH = Path(__file__).parents[1] / "reference" / "diagnosis.json"
STORED = json.loads(PATH.read_text(encoding="utf-8"))["models"]
MIXED = [name for name, case in CASES.items() if "kind" not in case]
# lme4's search of a binomial model ends near its optimum; of linear ones the reference's is polished
NEAR = {"binomial": 2e-5}
# performance 0.10.2 takes exp(beta) for the mean of counts, as the docstring of icc says
COUNTS = {"counts"}
pytestmark = pytest.mark.filterwarnings("ignore::mlm.SingularFitWarning")


def fitted(name):
    case = CASES[name]
    options = {key: case[key] for key in ("family", "weights", "reml") if key in case}
    return getattr(mlm, "glmer" if "family" in case else "lmer")(
        case["formula"], rows(case.get("data", "main")), **options
    )


def told(name):
    """Whether performance gives shares: of a singular fit it has NA, or leaves out the random effects."""
    return "icc" in STORED[name] and name not in COUNTS


@pytest.mark.parametrize("name", list(filter(told, MIXED)))
def test_shares_are_those_of_performance(name):
    m, stored, near = fitted(name), STORED[name], NEAR.get(name, 1e-7)
    found, explained = mlm.icc(m, by_group=True), mlm.r2(m)
    np.testing.assert_allclose([found.adjusted, found.unadjusted], stored["icc"], rtol=0, atol=near)
    np.testing.assert_allclose([explained.conditional, explained.marginal], stored["r2"], rtol=0, atol=near)
    assert found.frame["group"].tolist() == stored["by_group"]["group"]
    if name != "crossed slopes":
        np.testing.assert_allclose(found.frame["icc"], stored["by_group"]["icc"], rtol=0, atol=near)


def test_by_group_performance_counts_intercepts_alone():
    """Its shares do not add up to its ICC where there are slopes, and are more than 1 where x is far from 0."""
    m, stored = fitted("crossed slopes"), STORED["crossed slopes"]
    within = variance_components(m).random.sum() + m.sigma**2
    tau = m.varcorr.query("var1 == '(Intercept)' and var2.isna()")["vcov"]
    np.testing.assert_allclose(tau / within, stored["by_group"]["icc"], rtol=0, atol=1e-7)
    found = mlm.icc(m, by_group=True)
    assert found.by_group.sum() == pytest.approx(found.adjusted)
    assert sum(stored["by_group"]["icc"]) < stored["icc"][0] - 0.02
    d = rows("main").assign(y=lambda d: d["y"] + d["x"] * (d["g"] < "l05"), x=lambda d: d["x"] + 50)
    far = mlm.lmer("y ~ x + (1 + x | g)", d)
    within = variance_components(far).random.sum() + far.sigma**2
    assert far.varcorr["vcov"].iloc[0] / within > 1 > mlm.icc(far, by_group=True).frame["icc"].item() > 0


def test_performance_leaves_out_the_second_term_of_a_factor():
    """Of (x || g) it has the variance of the intercepts, and not that of the slopes."""
    case = next(case for case in reference()["lmer"] if "(x || g)" in case["formula"])
    m = mlm.lmer(case["formula"], data(), reml=case["reml"])
    parts, conditional, marginal = variance_components(m), *numbers(case["r2"])
    intercepts = m.varcorr["vcov"].iloc[0]
    total = parts.fixed + intercepts + parts.residual
    assert (parts.fixed + intercepts) / total == pytest.approx(conditional, rel=1e-5)
    assert parts.fixed / total == pytest.approx(marginal, rel=1e-5)
    assert mlm.r2(m).conditional > conditional + 0.01


def test_singular_fits_have_shares_and_say_so():
    name = "between groups"
    assert STORED[name]["r2"][0] == "NA"
    m = fitted(name)
    with pytest.warns(mlm.SingularFitWarning):
        found = mlm.icc(m, by_group=True)
    assert "Singular fit" in str(found)
    parts = variance_components(m)
    assert parts.fixed / (parts.fixed + parts.residual) == pytest.approx(STORED[name]["r2"][1], rel=1e-6)
    assert parts.fixed / parts.total == pytest.approx(mlm.r2(m).marginal)


def test_faces():
    m = fitted("nested")
    by, plain = mlm.icc(m, by_group=True), mlm.icc(m)
    assert str(by).split("\n")[:4] == ["# ICC by Group", "", "Group |   ICC", "-------------"]
    assert by.frame["icc"].tolist() == plain.by_group.tolist()
    assert plain.frame.iloc[0].to_dict() == {"adjusted": plain.adjusted, "unadjusted": plain.unadjusted}
    assert mlm.r2(m).frame["conditional"].item() == mlm.r2(m).conditional
    for table in (by, plain, mlm.r2(m), mlm.r2(fitted("one factor")).decomposition):
        assert table._repr_html_().startswith("<pre")
    with pytest.raises(mlm.ArgumentError, match="by_group is True or False; got 'g'"):
        mlm.icc(m, by_group="g")
