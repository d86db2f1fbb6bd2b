"""The optimiser of lme4's defaults: same start, same evaluations, same end as `reference/nloptwrap.R` reports."""

import builtins
import json
import math
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from reference import small_designs
from reference.designs import designs

import mlm
import replications
from mlm.errors import FitError
from mlm.model.mixed_model import MixedModel
from mlm.optimize.nloptwrap import FAR, at_boundary, further_decrease, leaves_edge
from mlm.optimize.optimum import Optimum

REFERENCE = Path(__file__).parents[1] / "reference"
STORED = json.loads((REFERENCE / "nloptwrap.json").read_text(encoding="utf-8"))
DIFFERENTIAL = json.loads((REFERENCE / "differential.json").read_text(encoding="utf-8"))["fits"]
MODELS = ("model0", "model1", "model2", "model3", "model4")
SLOPES = ("model3", "model4")

# rounding of the criterion, about 1e-10, hides steps of sqrt(1e-10 / curvature), the curvature being some 100 and more
THETA = 1e-6
# along the way the steps are long and rounding counts for less, but the quadratic model amplifies it
PATH = 1e-5
# what the deviance's own rounding amounts to
CRITERION = 1e-7
# rounding can save or cost a last evaluation that changes theta by less than the tolerances
LAST = 1
# orders of the rows; most must go the way of lme4: with one BLAS model1 leaves it in 2 of 13, with others in none
ORDERS = 7

pytest.importorskip("nlopt", reason="needs the extra nlopt")


@cache
def rows(kind):
    """Prepare the rows of the tutorial as its chapter does."""
    ess = replications.load("ess", kind=kind, verbose=False)
    ess["trustind"] = ess[["ppltrst", "pplfair", "pplhlp"]].mean(axis=1)
    groups = ess.groupby("cntry")
    for new, old in {"age_cwc": "agea", "gend_cwc": "male", "edu_cwc": "eduyrs", "inc_cwc": "hinctnta"}.items():
        ess[new] = groups[old].transform(mlm.rescale)
    countries = groups[["gini_net", "postcom", "ti_cpi"]].first().apply(mlm.rescale)
    countries.columns = ["gini_cgm", "postcom_cgm", "cpi_cgm"]
    ess = ess.join(countries, on="cntry")
    return ess[["cntry", "trustind", *(c for c in ess if c.endswith(("_cwc", "_cgm")))]].dropna()


@cache
def fitted(kind, name, optimizer="nloptwrap"):
    return mlm.lmer(STORED[kind][name]["formula"], rows(kind), optimizer=optimizer)


def at(m, theta):
    """Return the model with another theta."""
    optimum = Optimum(m.working.evaluate(m.working.working_theta(np.array(theta))), True, "bobyqa", "", [])
    return MixedModel(m.frame, m.terms, m.products, m.working, optimum, m.reml)


@pytest.fixture(params=["twin", pytest.param("original", marks=pytest.mark.originals)])
def kind(request):
    return request.param


@pytest.mark.parametrize("name", MODELS)
def test_stops_where_lme4_stops(kind, name):
    stored, m = STORED[kind][name], fitted(kind, name)
    assert STORED[kind]["rows"] == m.nobs
    np.testing.assert_allclose(m.theta, stored["theta"], rtol=0, atol=THETA)
    assert m.reml_criterion == pytest.approx(stored["criterion"], rel=0, abs=CRITERION)
    assert len(m.optimizer_info.evaluations) == pytest.approx(stored["evaluations"], abs=LAST)
    assert m.optimizer_info.message == "NLopt stopped: tolerance of theta"
    assert stored["message"] == "NLOPT_XTOL_REACHED"


@pytest.mark.parametrize("name", MODELS)
def test_evaluates_what_lme4_evaluates(name):
    """The order of the rows changes the rounding of the criterion, which near the end may decide where to step."""
    path, same = np.array(STORED["twin"][name]["path"]), []
    for order in range(ORDERS):
        frame = rows("twin") if order == 0 else rows("twin").sample(frac=1, random_state=order)
        log = mlm.lmer(STORED["twin"][name]["formula"], frame, optimizer="nloptwrap").optimizer_info.evaluations
        both = min(len(log), len(path))
        thetas, values = (np.array(column) for column in zip(*log[:both], strict=True))
        np.testing.assert_allclose(thetas[0], STORED["twin"][name]["start"], rtol=1e-12)
        far = np.abs(np.column_stack([thetas, values]) - path[:both]).max(axis=0)
        same.append(far[:-1].max() <= PATH and far[-1] <= 1e-3 and abs(len(log) - len(path)) <= LAST)
    assert 2 * sum(same) > ORDERS


def test_number_of_evaluations_of_the_tutorial():
    assert [STORED["twin"][name]["evaluations"] for name in MODELS] == [14, 11, 25, 57, 59]


@pytest.mark.parametrize("name", SLOPES)
def test_stops_short_of_the_optimum(kind, name):
    gap = fitted(kind, name).reml_criterion - fitted(kind, name, "newton").reml_criterion
    # ten times the rounding of the criterion, and less than any printed digit of it
    assert 1e-9 < gap < 1e-5


@pytest.mark.parametrize("name", SLOPES)
def test_published_digits_are_those_of_this_optimiser(kind, name):
    sensitive = [e for e in replications.published("two_level_mlm").source.under(name) if e.optimizer_sensitive]
    quantities = replications.quantities.Quantities
    stopped, optimum = quantities(fitted(kind, name)), quantities(fitted(kind, name, "newton"))
    bobyqa = quantities(at(fitted(kind, name), STORED[kind][name]["bobyqa"]["theta"]))
    agreed = {
        which: [replications.rounding.agrees(source.get(e.id.removeprefix(f"{name}.")), e.value) for e in sensitive]
        for which, source in (("stopped", stopped), ("optimum", optimum), ("bobyqa", bobyqa))
    }
    assert all(agreed["stopped"])
    assert not any(agreed["optimum"])
    # R's bobyqa, which the tutorial's footnote names, goes on until it is next to the optimum
    assert sum(agreed["bobyqa"]) <= 1
    assert len(sensitive) == {"model3": 8, "model4": 4}[name]


ORDINARY = [d for d in designs() if d.structure in ("intercept", "slope", "imbalanced", "nested", "uncorrelated")]

# lme4 itself ends up to 4.6e-5 elsewhere when the response changes in its last bit, and more than 1e-5 in 16 of 20
UNSTEADY = {"nested_08": 5e-5}


@pytest.mark.parametrize("design", ORDINARY, ids=lambda design: design.key)
@pytest.mark.filterwarnings("ignore::mlm.MlmWarning")  # singular fits are among them
def test_stops_where_lme4_stops_on_random_designs(design):
    default = DIFFERENTIAL[design.key]["default"]
    data, _ = design.frame()
    m = mlm.lmer(design.formula, data, reml=design.reml, optimizer="nloptwrap")
    # some searches meet a flat direction, in which rounding decides the last steps: up to 1e-5
    within = UNSTEADY.get(design.key, 1e-5)
    np.testing.assert_allclose(m.theta, default["theta"], rtol=within, atol=within)


def test_start_of_random_intercepts():
    data = {"y": [1.0, 2.0, 4.0, 6.0, 9.0, 7.0, 3.0, 5.0], "g": list("aabbccdd"), "h": list("xyxyxyxy")}
    first = mlm.lmer("y ~ 1 + (1 | g)", data, optimizer="nloptwrap").optimizer_info.evaluations[0][0]
    y = np.array(data["y"])
    means = np.repeat(y.reshape(4, 2).mean(axis=1), 2)
    np.testing.assert_allclose(first, math.sqrt(means.var() / (y - means).var()))


def test_says_what_to_install(monkeypatch):
    real = builtins.__import__

    def without(name, *rest, **more):
        if name == "nlopt":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    data = {"y": [1.0, 2.0, 4.0, 6.0, 9.0, 7.0], "g": list("aabbcc")}
    with pytest.raises(mlm.errors.FitError, match="pip install nlopt"):
        mlm.lmer("y ~ 1 + (1 | g)", data, optimizer="nloptwrap")


def test_start_by_hand_is_kept():
    data = {"y": [1.0, 2.0, 4.0, 6.0, 9.0, 7.0], "g": list("aabbcc")}
    m = mlm.lmer("y ~ 1 + (1 | g)", data, optimizer="nloptwrap", start=[3.0])
    assert m.optimizer_info.evaluations[0][0] == pytest.approx([3.0])


EDGES = json.loads((REFERENCE / "edges.json").read_text(encoding="utf-8"))["cases"]


@pytest.mark.parametrize("name", EDGES)
def test_boundary_as_lme4(name):
    """What `reference/edges.R` saw lme4 do with an optimiser that ends where it is told to."""
    case = EDGES[name]
    centre, weight = np.array(case["centre"]), np.array(case["weight"])
    ends, diagonal = [np.array(end) for end in case["ends"]], np.ones(len(centre), dtype=bool)

    def value(theta):
        return float((weight * (theta - centre) ** 2).sum())

    again = leaves_edge(value, ends[0], diagonal)
    assert case["searches"] == 1 + again
    if again:
        np.testing.assert_array_equal(case["again"], ends[0])
    end = ends[int(again)]
    theta, zeros = at_boundary(value, end, diagonal, value(end))
    np.testing.assert_array_equal(theta, case["theta"])
    assert zeros == np.count_nonzero((theta == 0) & (end > 0))


def test_covariances_have_no_boundary():
    theta, diagonal = np.array([1.0, 3e-6, 4e-6]), np.array([True, False, True])
    found, zeros = at_boundary(lambda t: float(t.sum()), theta, diagonal, float(theta.sum()))
    np.testing.assert_array_equal(found, [1.0, 3e-6, 0.0])
    assert zeros == 1
    assert not leaves_edge(lambda t: -float(t.sum()), np.array([1.0, 0.0, 2.0]), diagonal)


@pytest.mark.filterwarnings("ignore::mlm.MlmWarning")  # the fit is singular
def test_message_says_what_was_done_at_the_boundary():
    one = small_designs.design(6)  # two slopes alone: R ends at 2.5e-6 with boundary.tol = 0, and at 0 by default
    m = mlm.lmer(one.formula, one.frame, reml=one.reml, weights=one.weights, optimizer="nloptwrap")
    assert m.theta[0] == 0
    assert m.optimizer_info.message.endswith("of theta below 1e-05 put to 0")
    searched = m.optimizer_info.evaluations[-1][0]
    assert not np.array_equal(searched, m.theta)


def test_signs_of_a_start_mean_nothing():
    data = {"y": [1.0, 2.0, 4.0, 6.0, 9.0, 7.0], "g": list("aabbcc")}
    m = mlm.lmer("y ~ 1 + (1 | g)", data, optimizer="nloptwrap", start=[-3.0])
    assert m.optimizer_info.evaluations[0][0] == pytest.approx([3.0])


def test_not_converged_without_a_tolerance_that_is_met(monkeypatch):
    monkeypatch.setattr("mlm.optimize.nloptwrap.MOST_EVALUATIONS", 4)
    data = {"y": [1.0, 2.0, 4.0, 6.0, 9.0, 7.0], "g": list("aabbcc")}
    with pytest.warns(
        mlm.ConvergenceWarning, match="Not converged: NLopt stopped: 4 evaluations.*, after .*optimizer='newton'"
    ):
        assert not mlm.lmer("y ~ 1 + (1 | g)", data, optimizer="nloptwrap").converged


def test_a_search_that_fails_is_said(monkeypatch):
    import nlopt

    def failing(self, start):
        raise nlopt.RoundoffLimited

    monkeypatch.setattr(nlopt.opt, "optimize", failing)
    data = {"y": [1.0, 2.0, 4.0, 6.0, 9.0, 7.0], "g": list("aabbcc")}
    with pytest.raises(mlm.FitError, match="NLopt's search has failed"):
        mlm.lmer("y ~ 1 + (1 | g)", data, optimizer="nloptwrap")


@pytest.mark.parametrize("size", [1e154, 1e300])
def test_a_start_from_which_nothing_can_be_computed_is_named(size):
    rng = np.random.default_rng(1)
    g, x = rng.integers(0, 10, 120), rng.normal(size=120)
    with pytest.raises(FitError, match="`start`"):
        mlm.lmer(
            "y ~ x + (x | g)",
            {"y": rng.normal(size=10)[g] + x + rng.normal(size=120), "x": x, "g": g},
            start=[size] * 3,
            optimizer="nloptwrap",
        )


@pytest.mark.filterwarnings("ignore::mlm.SingularFitWarning")
@pytest.mark.parametrize("seed", range(4))
def test_an_end_from_which_the_criterion_falls_is_said(seed):
    """With years as they are counted lme4's search ends far above the minimum; so does this one, and says so."""
    rng = np.random.default_rng(seed)
    g, year = np.repeat(np.arange(12), 12), 2000.0 + rng.integers(0, 10, 144)
    y = rng.normal(size=12)[g] * 3 + rng.normal(size=12)[g] * (year - 2004) + rng.normal(size=144)
    with pytest.warns(mlm.ConvergenceWarning, match="from there the criterion falls by another"):
        far = mlm.lmer("y ~ year + (year | g)", {"y": y, "year": year, "g": g}, optimizer="nloptwrap")
    near = mlm.lmer("y ~ year + (year | g)", {"y": y, "year": year, "g": g})
    assert near.converged
    assert far.deviance > near.deviance + 100.0
    assert not far.converged


@pytest.mark.parametrize("seed", range(20))
def test_what_is_left_to_fall_is_what_there_is(seed):
    """A step of scoring promised 0.0103 for 0.0121, and could promise less than the bound where more was left."""
    rng = np.random.default_rng(seed)
    g, x, z = np.repeat(np.arange(10), 12), rng.normal(size=120), rng.normal(size=120)
    y = rng.normal(size=10)[g] + 0.3 * rng.normal(size=10)[g] * x + rng.normal(size=120)
    frame = {"y": y, "x": x, "z": z, "g": g}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.SingularFitWarning)
        m = mlm.lmer("y ~ x * z + (x + z | g)", frame)
    theta = m.optimum.evaluation.theta
    to = rng.normal(size=len(theta))
    above = [m.working.evaluate(theta + far * to) for far in np.geomspace(1e-3, 0.3, 40)]
    at = next(end for end in above if end.value - m.deviance > 1.01 * FAR)
    assert further_decrease(m.working, at) == pytest.approx(at.value - m.deviance, rel=1e-6)
