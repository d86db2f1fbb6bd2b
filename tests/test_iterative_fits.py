"""Fits of crossed factors that are solved iteratively: automatic or asked for, within their stated errors."""

import re

import brute
import numpy as np
import pytest
from reference.designs import designs

import mlm
from mlm.likelihood.deviance import Solving
from mlm.likelihood.iterative.solver import Iterative

FORMULA = "y ~ x + (1 | worker) + (1 | firm)"
# in Monte Carlo standard errors of theta, whose squares the deviance rises by; and what the search leaves
ERRORS, LEFT = 5.0, 5e-3
SEVERAL = [
    design
    for design in designs()
    if len(set(re.findall(r"\| ([\w/:]+)\)", design.formula))) > 1 or "/" in design.formula
]


def fits(formula, data, probes=100, **options):
    exact = mlm.lmer(formula, data, solver="exact", **options)
    return exact, mlm.lmer(formula, data, solver="iterative", probes=probes, **options)


def demand_near(exact, found):
    """The exact criterion is as low where the other one ended, but for the Monte Carlo error of theta."""
    at, errors = exact.deviance_function, found.monte_carlo
    rise = at.value(found.theta) - exact.deviance
    assert rise <= LEFT + len(found.theta) * (ERRORS * errors.largest) ** 2
    assert abs(found.deviance - at.value(found.theta)) <= ERRORS * errors.criterion + 1e-7 * abs(exact.deviance)


@pytest.fixture(scope="module")
def mobility():
    return brute.mobility(150, 40, 900)


@pytest.mark.filterwarnings("ignore::mlm.errors.MlmWarning")
@pytest.mark.parametrize("design", SEVERAL, ids=lambda design: design.key)
def test_every_structure_is_within_its_stated_error(design):
    data, _ = design.frame()
    options = {"weights": "w"} if design.plan.weights else {}
    options |= {"offset": "off"} if design.plan.offset else {}
    demand_near(*fits(design.formula, data, reml=design.reml, **options))


@pytest.mark.filterwarnings("ignore::mlm.errors.MlmWarning")
@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("formula", [f for f in brute.STRUCTURES.values() if "h)" in f or "/" in f])
def test_small_designs_too(formula, reml):
    demand_near(*fits(formula, brute.data(2), reml=reml))


def test_theta_fixed_effects_and_modes(mobility):
    exact, found = fits(FORMULA, mobility, probes=200)
    errors = found.monte_carlo
    assert isinstance(found.working.solver, Iterative)
    assert exact.monte_carlo is None
    assert (np.abs(found.theta - exact.theta) <= ERRORS * errors.theta).all()
    assert (errors.theta < 0.02 * errors.sampling).all()
    assert errors.largest < 0.02
    np.testing.assert_allclose(found.fixef, exact.fixef, rtol=1e-3)
    np.testing.assert_allclose(found.se, exact.se, rtol=1e-3)
    np.testing.assert_allclose(found.ranef()["condval"], exact.ranef()["condval"], atol=2e-3)
    np.testing.assert_allclose(found.fitted, exact.fitted, atol=2e-3)


def test_standard_errors_of_modes_are_estimated_or_solved_for(mobility):
    exact, found = fits(FORMULA, mobility)
    every, theirs = found.ranef(), exact.ranef()
    assert every.attrs["condsd"] == "estimated with 100 probes"
    assert not theirs.attrs
    np.testing.assert_allclose(every["condsd"], theirs["condsd"], rtol=0.1)
    asked = {"firm": [3, 0], "worker": [7]}
    solved = found.ranef(asked)
    assert solved.attrs["condsd"] == "solved for"
    assert solved[["grpvar", "grp"]].values.tolist() == [["firm", 3], ["firm", 0], ["worker", 7]]
    np.testing.assert_allclose(solved["condsd"], exact.ranef(asked)["condsd"], rtol=2e-3)


@pytest.mark.parametrize(
    ("levels", "said"),
    [
        ({"frim": [1]}, "no grouping factor 'frim'; .* Did you mean 'firm'"),
        ({"firm": [1000]}, "'1000' is not a level of 'firm'"),
        ({"firm": 3}, "The levels of 'firm' are a sequence"),
        ({}, "`levels` is a mapping of grouping factors"),
        ([3], "`levels` is a mapping of grouping factors"),
    ],
)
def test_levels_that_are_not_there(mobility, levels, said):
    with pytest.raises(mlm.ArgumentError, match=said):
        mlm.lmer(FORMULA, mobility).ranef(levels)


def test_what_does_not_fit_is_solved_iteratively_and_said(mobility, monkeypatch):
    monkeypatch.setattr("mlm.likelihood.several_factors.crossed.SYSTEM_BYTES", 1e4)
    with pytest.warns(mlm.MonteCarloWarning, match=r"with 30 random probes.*'firm' \(40 levels\)"):
        found = mlm.lmer(FORMULA, mobility)
    asked = mlm.lmer(FORMULA, mobility, solver="iterative")
    np.testing.assert_array_equal(found.theta, asked.theta)
    with pytest.raises(mlm.FitError, match="need a system of 40 columns that is too full"):
        mlm.lmer(FORMULA, mobility, solver="exact")


def test_one_factor_is_always_exact(mobility):
    found = mlm.lmer("y ~ x + (1 | worker)", mobility, solver="iterative")
    assert found.monte_carlo is None


def test_seed_and_probes(mobility):
    first, again = (mlm.lmer(FORMULA, mobility, solver="iterative", probes=20, seed=1) for _ in range(2))
    other = mlm.lmer(FORMULA, mobility, solver="iterative", probes=20, seed=2)
    np.testing.assert_array_equal(first.theta, again.theta)
    assert first.deviance == again.deviance
    assert (first.theta != other.theta).all()
    assert first.monte_carlo[:2] == (20, 1)
    many = mlm.lmer(FORMULA, mobility, solver="iterative", probes=320, seed=1)
    assert many.monte_carlo.criterion < 0.5 * first.monte_carlo.criterion


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"solver": "cg"}, "`solver` is 'exact', 'iterative' or None"),
        ({"solver": np.eye(2)}, "`solver` is 'exact', 'iterative' or None"),
        ({"probes": 1}, "`probes` is a whole number from 2 to 10000; got 1"),
        ({"probes": True}, "`probes` is a whole number"),
        ({"seed": -1}, "`seed` is a whole number from 0 on; got -1"),
        ({"solver": "iterative", "optimizer": "nloptwrap"}, "needs the exact criterion"),
    ],
)
def test_options_that_cannot_be(mobility, options, said):
    with pytest.raises(mlm.ArgumentError, match=said):
        mlm.lmer(FORMULA, mobility, **options)


def test_summary_says_how_it_was_solved_and_how_sure_that_is(mobility):
    exact, found = fits(FORMULA, mobility)
    said = found.summary().text.splitlines()[-2:]
    assert said[0] == "solved iteratively, with 100 random probes (seed 0); Monte Carlo errors:"
    errors = found.monte_carlo
    assert said[1] == (
        f"REML criterion {errors.criterion:.2g}, variances at most {errors.largest:.2g} of their standard errors"
    )
    assert "iteratively" not in exact.summary().text


def test_summary_says_when_probes_are_too_few_and_how_many_would_do(mobility, monkeypatch):
    found = mlm.lmer(FORMULA, mobility, solver="iterative", probes=20)
    assert "too few probes" not in found.summary().text
    large = found.monte_carlo._replace(largest=1.5)
    monkeypatch.setattr(type(found), "monte_carlo", large)
    last = "too few probes: some 4500 would leave 0.1 standard errors; solver='exact' leaves none"
    assert found.summary().text.splitlines()[-1] == last


def test_saved_refitted_and_updated(mobility, tmp_path):
    found = mlm.lmer(FORMULA, mobility, solver="iterative", probes=10, seed=4)
    found.save(tmp_path / "m.mlm")
    loaded = mlm.load(tmp_path / "m.mlm")
    assert loaded.solving == Solving("iterative", 10, 4)
    np.testing.assert_array_equal(loaded.monte_carlo.theta, found.monte_carlo.theta)
    assert loaded.summary().text == found.summary().text
    for other in (found.refit(reml=False), found.update(". ~ . - x"), found.refit(y=mobility["y"] + 1.0)):
        assert other.monte_carlo[:2] == (10, 4)


@pytest.mark.parametrize(
    "asked",
    [
        mlm.ranova,
        mlm.step,
        mlm.profile,
        mlm.all_fit,
        lambda m: mlm.anova(m, ddf="satterthwaite"),
        lambda m: mlm.drop1(m, ddf="kenward-roger"),
        lambda m: mlm.anova(m, m),
        lambda m: mlm.anova(m, m, method="kr"),
        lambda m: m.confint(method="profile"),
        lambda m: m.coefficients(ddf="satterthwaite"),
        lambda m: m.coefficients(ddf="kenward-roger"),
        lambda m: m.leverages,
        lambda m: m.residuals("standardized"),
        lambda m: mlm.influence(m, "firm"),
        lambda m: m.deviance_function.evaluate(m.theta),
    ],
)
def test_what_needs_the_exact_likelihood_is_refused(mobility, asked):
    found = mlm.lmer(FORMULA, mobility, solver="iterative")
    with pytest.raises(mlm.FitError, match="solved iteratively, whose traces and criterion carry a Monte Carlo error"):
        asked(found)


@pytest.mark.parametrize("formula", [FORMULA, "y ~ x + (1 + x | worker) + (1 | firm)"])
@pytest.mark.filterwarnings("ignore::mlm.SingularFitWarning")
def test_standard_errors_of_predictions_are_solved_for(mobility, formula):
    exact, found = fits(formula, mobility, probes=400)
    rows = mobility.iloc[[3, 40, 40, 500]].copy()
    rows["worker"] = [3, 10_000, 10_000, 7]
    for options in ({}, {"re_form": "(1 | firm)"}, {"interval": "prediction", "level": 0.9}):
        ours, theirs = (m.predict(rows, se=True, new_levels="population", **options) for m in (found, exact))
        np.testing.assert_allclose(ours["se"], theirs["se"], rtol=0.01)
        np.testing.assert_allclose(ours[["lower", "upper"]], theirs[["lower", "upper"]], rtol=0.02, atol=0.02)


def test_standard_errors_of_predictions_at_a_theta(mobility):
    """At the same theta they are those of the exact system, but for what conjugate gradients leave."""
    exact, found = fits("y ~ x + (1 + x | worker) + (1 | firm)", mobility.head(300))
    at, rest = exact._at.theta, found.working.predicted
    codes = [np.array([0, 3, 3]), np.array([2, 2, -1])]
    columns = [np.array([[1.0, 0.5], [1.0, 0.0], [0.0, 1.0]]), np.ones((3, 1))]
    if found.products.factors[0].size == 1:
        codes, columns = codes[::-1], columns[::-1]
    ours, _ = rest(at, columns, codes)
    wanted = exact.working.users_modes(at)[1]
    k = 0 if columns[0].shape[1] == 2 else 1
    z, level = columns[k][2], codes[k][2]
    own = z @ wanted[k][:, :, level] @ z
    t = exact.working.layout.matrices(at)[1 - k][0, 0]
    fixed = rest(at, columns, codes)[1]
    assert ours[2] == pytest.approx(own + t * t, rel=1e-6)
    assert fixed.shape == (3, 2)


def test_rows_that_are_too_many_to_be_solved_for(mobility, monkeypatch):
    monkeypatch.setattr("mlm.fit.predict.SOLVED_ROWS", 2)
    found = mlm.lmer(FORMULA, mobility, solver="iterative", probes=10)
    assert len(found.predict(mobility.iloc[[0, 1, 1, 0]], se=True)) == 4
    with pytest.raises(mlm.FitError, match="3 different rows are too many, 2 the most"):
        found.predict(mobility.iloc[[0, 1, 2]], se=True)


def test_tests_and_means_are_by_the_normal_distribution_unless_others_are_asked_for(mobility):
    exact, found = fits(FORMULA, mobility)
    tested = mlm.contest(found, "x = 0")
    assert tested.frame["z value"].iloc[0] == pytest.approx((found.fixef / found.se)["x"])
    assert tested.frame["Pr(>|z|)"].iloc[0] == pytest.approx(
        mlm.contest(exact, "x = 0").frame["Pr(>|t|)"].iloc[0], abs=1e-3
    )
    assert "Solved iteratively: tests by the normal distribution" in str(tested)
    together = mlm.contest(found, ["x = 0", "(Intercept) = 1"])
    assert together.frame["Df"].tolist() == [2]
    assert "Pr(>Chisq)" in together.frame
    assert "Solved iteratively" in str(together)
    for ask in (lambda m, **o: mlm.emmeans(m, "x", **o), lambda m, **o: mlm.slopes(m, "x", **o)):
        assert "Degrees-of-freedom method: asymptotic" in str(ask(found))
        assert ask(found).frame.equals(ask(found, ddf="asymptotic").frame)
        with pytest.raises(mlm.FitError, match="solved iteratively"):
            ask(found, ddf="satterthwaite")
    with pytest.raises(mlm.FitError, match="solved iteratively"):
        mlm.contest(found, "x = 0", ddf="kenward-roger")


def test_terms_are_tested_by_the_normal_distribution(mobility):
    data = mobility.assign(f=np.array(["low", "mid", "high"])[np.arange(len(mobility)) % 3])
    exact, found = fits("y ~ x + f + (1 | worker) + (1 | firm)", data)
    names = [name for name in found.fixef.index if name.startswith("f")]
    beta, v = found.fixef[names].to_numpy(), found.vcov.loc[names, names].to_numpy()
    for table in (mlm.anova(found), mlm.anova(found, type=2), mlm.drop1(found)):
        assert table.frame["DenDF"].tolist() == [np.inf, np.inf]
        assert table.frame["F value"].loc["f"] == pytest.approx(beta @ np.linalg.solve(v, beta) / 2)
        assert table.frame["F value"].loc["x"] == pytest.approx((found.fixef["x"] / found.se["x"]) ** 2)
        assert table.frame["Pr(>F)"].loc["f"] == pytest.approx(mlm.drop1(exact).frame["Pr(>F)"].loc["f"], abs=5e-3)
        assert "Wald tests" in str(table)
        assert "Solved iteratively: tests by the normal distribution" in str(table)


def test_intervals_by_the_normal_distribution_and_by_samples(mobility):
    exact, found = fits(FORMULA, mobility)
    np.testing.assert_allclose(found.confint(), exact.confint(), rtol=5e-3)
    drawn = mlm.bootstrap(found, 3, seed=1)
    assert drawn.failures == 0


@pytest.mark.parametrize("given", [{"probes": 20}, {"seed": 3}])
def test_an_exact_solution_has_no_probes(given, mobility):
    with pytest.raises(mlm.ArgumentError, match="`probes` and `seed` are of solver='iterative'"):
        mlm.lmer(FORMULA, mobility, solver="exact", **given)
    found = mlm.lmer(FORMULA, mobility, solver="iterative", **given)
    assert found.update(solver="exact").monte_carlo is None


@pytest.mark.parametrize(("probes", "words"), [(5, "known to some 35 % only: Student's t with 4 df"), (10, None)])
def test_errors_of_few_probes_are_uncertain_themselves(probes, words, mobility):
    text = mlm.lmer(FORMULA, mobility, solver="iterative", probes=probes).summary().text
    assert ("Student's" in text) == (words is not None)
    assert words is None or words in text
