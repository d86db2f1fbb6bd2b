"""The logits of the chapter on the Vaisey slides: lme4's numbers, and the same ones on originals and twin.

`reference/vaisey_logit.R` made the reference; it reads the twin, and draws the homes as the chapter does.
"""

import ast
import json
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest
from scipy import stats

import mlm
import replications
from replications.twins import aggregates

ROOT = Path(__file__).resolve().parent.parent
OF_COUNTRIES = "satisfied ~ gnipc1000 + b.eduyrs + (1 | cntry)"
OF_HOMES = "satisfied ~ eduyrs + (1 | home)"
QUADRATURE = 3e-6  # searches of lme4's criterion stop so near the optimum
LAPLACE = 1e-5  # what lme4's criterion, whose noise tolPwrss does not take away, tells of estimates
LAPLACE_ERRORS = 2e-4  # and of second derivatives
BY_GLMMTMB = 3e-5  # its search stops as far from the optimum
SIX_DIGITS = 5.1e-6  # half a unit of the sixth digit of 1.00000


@pytest.fixture(scope="module")
def reference():
    return json.loads((ROOT / "tests/reference/vaisey_logit.json").read_text("utf-8"))["fits"]


def survey(kind):
    data = replications.load("vaisey", kind=kind, verbose=False)
    data = mlm.between_within(data, "eduyrs", "cntry", prefixes=("b.", "w."))
    return data.assign(satisfied=(data["stflife"] >= 8).astype(int))


def uniforms(n, state):
    for _ in range(n):
        state = 16807 * state % 2147483647
        yield state / 2147483647


@pytest.fixture(scope="module")
def homes():
    n, members = 500, 4
    u = np.array([*uniforms(n + 2 * n * members, 202007)])
    home = np.repeat(np.arange(n), members)
    years, draw = np.split(u[n:], 2)
    eduyrs = np.round(12 + 3 * stats.norm.ppf(years))
    logit = 0.15 * (eduyrs - 12) + 2 * stats.norm.ppf(u[home])
    satisfied = (draw < 1 / (1 + np.exp(-logit))).astype(int)
    return pd.DataFrame({"home": home, "eduyrs": eduyrs, "satisfied": satisfied})


def compare(m, found, estimates, errors):
    np.testing.assert_allclose(m.fixef, list(found["fixef"].values()), rtol=estimates)
    np.testing.assert_allclose(m.se, list(found["se"].values()), rtol=errors)
    if "tau" in found:
        np.testing.assert_allclose(m.varcorr["sdcor"].iloc[0], found["tau"], rtol=estimates)
        np.testing.assert_allclose(mlm.icc(m).adjusted, found["icc"], rtol=2 * estimates)
    # Laplace's: up to 1.1e-5 below what lme4's inner iteration reaches
    assert -2e-5 < -2 * m.loglik - found["minus_two_log_likelihood"] < 1e-7


def kinds():
    return [pytest.param("original", marks=pytest.mark.originals), "twin"]


@pytest.mark.parametrize("kind", kinds())
def test_logit_of_country_variables_is_that_of_lme4_on_originals_and_twin(kind, reference):
    data, wanted = survey(kind), reference["countries"]
    assert data.groupby("cntry")["satisfied"].sum().to_dict() == wanted["satisfied"]
    null = mlm.glmer("satisfied ~ 1 + (1 | cntry)", data)
    compare(null, reference["null"]["laplace"], LAPLACE, LAPLACE_ERRORS)
    compare(null, reference["null"]["glmmTMB"], BY_GLMMTMB, BY_GLMMTMB)
    m = mlm.glmer(OF_COUNTRIES, data)
    compare(m, wanted["laplace"], LAPLACE, LAPLACE_ERRORS)
    compare(m, wanted["glmmTMB"], BY_GLMMTMB, BY_GLMMTMB)
    for nodes, found in wanted["quadrature"].items():
        compare(mlm.glmer(OF_COUNTRIES, data, n_agq=int(nodes)), found, QUADRATURE, QUADRATURE)


def test_logit_of_country_variables_follows_from_the_aggregates():
    """That is why a twin has it: the aggregates, which are all it is made from, hold the counts."""
    countries = []
    for group in aggregates.read("vaisey").groups:
        margins = group.blocks[0].margins
        yes = sum(count for answer, count in margins["stflife"].items() if answer >= 8)
        mean = sum(year * count for year, count in margins["eduyrs"].items()) / group.n
        countries.append({"cntry": group.name, "yes": yes, "no": group.n - yes, "b.eduyrs": mean})
    twin = survey("twin")
    income = twin.groupby("cntry")["gnipc1000"].first()
    counts = pd.DataFrame(countries).assign(gnipc1000=lambda rows: rows["cntry"].map(income))
    by_counts = mlm.glmer(OF_COUNTRIES.replace("satisfied", "cbind(yes, no)"), counts)
    m = mlm.glmer(OF_COUNTRIES, twin)
    np.testing.assert_allclose(by_counts.fixef, m.fixef, rtol=1e-8)  # both at the optimum of one function
    np.testing.assert_allclose(by_counts.se, m.se, rtol=1e-8)


@pytest.mark.originals
def test_logit_of_a_respondents_variable_is_another_on_the_twin():
    formula = "satisfied ~ w.eduyrs + (1 | cntry)"
    original, twin = (mlm.glmer(formula, survey(kind)).fixef["w.eduyrs"] for kind in ("original", "twin"))
    assert abs(twin / original - 1) > 0.1


def test_logits_of_drawn_homes_are_those_of_lme4(homes, reference):
    wanted = reference["homes"]
    assert homes["satisfied"].sum() == wanted["satisfied"]
    assert homes["satisfied"] @ homes["eduyrs"] == wanted["product"]
    ordinary = mlm.glm("satisfied ~ eduyrs", homes)
    np.testing.assert_allclose(ordinary.fixef, list(wanted["ordinary"]["fixef"].values()), rtol=1e-10)
    # R takes the weights of the last iteration but one
    np.testing.assert_allclose(ordinary.se, list(wanted["ordinary"]["se"].values()), rtol=1e-7)
    compare(mlm.glmer(OF_HOMES, homes), wanted["laplace"], LAPLACE, LAPLACE_ERRORS)
    compare(mlm.glmer(OF_HOMES, homes), wanted["glmmTMB"], BY_GLMMTMB, BY_GLMMTMB)
    for nodes, found in wanted["quadrature"].items():
        compare(mlm.glmer(OF_HOMES, homes, n_agq=int(nodes)), found, QUADRATURE, QUADRATURE)


def as_compared(reference):
    """R's numbers by the names and in the order in which the chapter's cells have them."""
    null, countries, homes = (reference[key] for key in ("null", "countries", "homes"))
    logit = countries["laplace"]
    z = {term: logit["fixef"][term] / error for term, error in logit["se"].items()}
    fitted = logit["fixef"] | {"tau": logit["tau"], "AIC": countries["aic"], "BIC": countries["bic"]}
    yield fitted | {"-2 log L": logit["minus_two_log_likelihood"]}
    printed = {f"se {term}": error for term, error in logit["se"].items()} | {f"z {term}": x for term, x in z.items()}
    yield printed | dict(zip(map(str, (0.0, 0.25, 0.5, 0.75, 1.0)), countries["residuals"], strict=True))
    yield {term: 2 * stats.norm.sf(abs(x)) for term, x in z.items()}
    ratios = countries["ratios"] | {"ten thousand dollars": countries["ten_thousand"]}
    yield {f"{term}{end}": x for term, row in ratios.items() for end, x in zip(("", " from", " to"), row, strict=True)}
    yield {f"{name} {gni}": row[key] for gni, row in countries["at"].items() for name, key in BAND.items()}
    variances = {f"null {name}": null["laplace"][key] for name, key in BETWEEN.items()}
    variances |= {name: logit[key] for name, key in BETWEEN.items()}
    yield variances | dict(zip(("low", "high"), null["middle_95"], strict=True))
    slopes = {"ordinary": homes["ordinary"], "multilevel": homes["laplace"]}
    drawn = {"drawn satisfied": homes["satisfied"], "drawn product": homes["product"]}
    yield drawn | {name: fit["fixef"]["eduyrs"] for name, fit in slopes.items()}
    yield {name: fit["se"]["eduyrs"] for name, fit in slopes.items()}


BAND = {"at": "fit", "from": "lower", "to": "upper"}
BETWEEN = {"tau": "tau", "latent ICC": "icc", "median odds ratio": "median_odds_ratio"}


def assigned(name):
    """What the cells of the chapter assign to a name, as syntax trees in their order."""
    cells = nbformat.read(ROOT / "book/vaisey_mlm.ipynb", as_version=4).cells
    nodes = [node for cell in cells if cell.cell_type == "code" for node in ast.parse(cell.source).body]
    return [node.value for node in nodes if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name]


def test_numbers_of_r_in_the_chapter_are_those_of_the_reference(reference):
    *cells, table = assigned("in_r")
    for cell, wanted in zip(cells, as_compared(reference), strict=True):
        found = ast.literal_eval(cell)
        assert set(found) == set(wanted)
        np.testing.assert_allclose([found[name] for name in wanted], list(wanted.values()), rtol=SIX_DIGITS)
    fits = [
        (fit["fixef"][term], fit["se"][term], fit["tau"], fit["minus_two_log_likelihood"])
        for kind, term in (("countries", "gnipc1000"), ("homes", "eduyrs"))
        for fit in (reference[kind]["laplace"], *reference[kind]["quadrature"].values())
    ]
    np.testing.assert_allclose(ast.literal_eval(table.args[0]), fits, rtol=SIX_DIGITS)


def test_standard_errors_at_defaults_in_the_chapter_are_those_of_the_reference(reference):
    (table,) = assigned("errors")
    _, *columns = table.args[0].values
    for column, key in zip(columns, ("default", "reversed", "centred"), strict=True):
        errors = list(reference["countries"][key]["se"].values())[1:]
        np.testing.assert_allclose(ast.literal_eval(column), errors, rtol=SIX_DIGITS)
