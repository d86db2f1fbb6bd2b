"""What glmer refuses, or says: the message names the column or term, the counts and a remedy."""

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.special import roots_hermitenorm

import mlm
from mlm.generalized.one_outcome import at_endless_variance

N = 200
RNG = np.random.default_rng(3)
DATA = pd.DataFrame({"g": np.repeat(np.arange(20), 10), "x": RNG.normal(size=N)})
DATA["y"] = (RNG.random(N) < 1 / (1 + np.exp(-RNG.normal(0, 1, 20)[DATA["g"]] - 0.5 * DATA["x"]))).astype(int)
DATA["count"] = RNG.poisson(np.exp(1 + 0.5 * DATA["x"] + RNG.normal(0, 0.5, 20)[DATA["g"]]))
DATA["size"] = RNG.gamma(2.0, 1.0, N)


def refused(kind, *parts, formula="y ~ x + (1 | g)", family="binomial", options=None, **columns):
    with pytest.raises(kind) as caught:
        mlm.glmer(formula, DATA.assign(**columns), family, **(options or {}))
    for part in parts:
        assert part in str(caught.value)


def test_complete_separation():
    refused(mlm.FitError, "effects x separate successes from failures", "200 rows", y=(DATA["x"] > 0) * 1)


@pytest.mark.parametrize(("far", "unit"), [(2000.0, 1.0), (1e9, 1.0), (1e10, 1.0), (0.0, 1e-9), (0.0, 1e9)])
def test_separation_does_not_depend_on_origin_and_unit(far, unit):
    refused(mlm.FitError, "effects x separate", x=far + unit * DATA["x"], y=(DATA["x"] > 0) * 1)


def test_category_without_successes():
    f = np.where(np.arange(N) % 9 == 4, "b", "a")
    y = np.where(f == "b", 0, DATA["y"])
    refused(mlm.FitError, "fb", "22 of 200 rows", "join categories", formula="y ~ f + (1 | g)", f=f, y=y)


def test_category_of_zero_counts():
    f = np.where(np.arange(N) % 9 == 4, "b", "a")
    count = np.where(f == "b", 0, DATA["count"])
    refused(mlm.FitError, "fb", "zeros", formula="count ~ f + (1 | g)", family="poisson", f=f, count=count)


@pytest.mark.parametrize(("value", "what"), [(0, "failures"), (1, "successes")])
def test_one_outcome(value, what):
    refused(mlm.DataError, "'y'", f"only {what}", "200 rows", y=value)


def test_zero_counts_only():
    refused(mlm.DataError, "'count'", "constant (0)", formula="count ~ x + (1 | g)", family="poisson", count=0)


def one_outcome_a_level(seed):
    """Levels of one row, and some pairs with one outcome; predictors with tails, of levels or of rows."""
    rng = np.random.default_rng([seed, 9])
    singles, pairs = int(rng.choice([20, 60, 150])), int(rng.choice([1, 3, 8]))
    g = np.r_[np.arange(singles), np.repeat(np.arange(singles, singles + pairs), 2)]
    x = 1.5 * rng.standard_t(2, size=singles + pairs)[g] + (seed % 3 == 0) * rng.normal(size=len(g))
    y = (rng.random(len(g)) < 0.5 + np.arctan(1.5 * x) / np.pi).astype(int)
    y[singles + 1 :: 2] = y[singles::2]
    return {"y": y, "x": x, "g": g}


def exact_minimum(data, deviation):
    """-2 log L by 151 nodes, at the best fixed effects for a standard deviation of the effects."""
    nodes, weights = roots_hermitenorm(151)
    x, starts = np.column_stack([np.ones(len(data["y"])), data["x"]]), np.flatnonzero(np.diff(data["g"], prepend=-1))
    signs = np.where(data["y"] == 1, 1.0, -1.0)[:, None]

    def value(b):
        rows = -np.logaddexp(0.0, -signs * ((x @ b)[:, None] + deviation * nodes))
        return -2.0 * np.log(np.exp(np.add.reduceat(rows, starts)) @ (weights / weights.sum())).sum()

    return float(minimize(value, np.zeros(2), method="BFGS").fun)


FITTED = [6, 8, 13, 15, 20, 24, 27, 34, 35, 42, 52, 53]
REFUSED = [0, 1, 2, 3, 4, 5, 7, 9, 10, 11, 14, 16]


@pytest.mark.parametrize("n_agq", [1, 15])
@pytest.mark.parametrize("seed", FITTED)
def test_one_outcome_a_level_is_fitted_where_there_is_a_maximum(seed, n_agq):
    """The likelihood falls as the variance grows, and its bound is below it."""
    data = one_outcome_a_level(seed)
    with pytest.warns(mlm.SingularFitWarning):
        m, plain = mlm.glmer("y ~ x + (1 | g)", data, n_agq=n_agq), mlm.glm("y ~ x", data)
    values = [exact_minimum(data, deviation) for deviation in (0.0, 0.5, 1.0, 2.0, 4.0)]
    x = np.column_stack([np.ones(len(data["y"])), data["x"]])
    assert min([*values, at_endless_variance(x, data["y"] > 0, data["g"])]) == values[0]
    assert m.theta[0] == pytest.approx(0.0, abs=1e-3)
    assert -2.0 * m.loglik == pytest.approx(values[0], abs=1e-5)
    assert m.fixef.to_numpy() == pytest.approx(plain.fixef.to_numpy(), abs=1e-4)


@pytest.mark.parametrize("seed", REFUSED)
def test_one_outcome_a_level_is_refused_where_the_bound_is_the_largest(seed):
    data = one_outcome_a_level(seed)
    x = np.column_stack([np.ones(len(data["y"])), data["x"]])
    bound = at_endless_variance(x, data["y"] > 0, data["g"])
    values = [exact_minimum(data, deviation) for deviation in (0.0, 0.5, 1.0, 2.0, 4.0)]
    assert bound < min(values)
    with pytest.raises(mlm.FitError, match=f"goes to {bound:.2f}; without it, it is {values[0]:.2f}, and"):
        mlm.glmer("y ~ x + (1 | g)", data)


@pytest.mark.parametrize("formula", ["y ~ 1 + (1 | g)", "y ~ x + (x | g)", "y ~ x + (1 | g) + (1 | h)"])
def test_levels_without_both_outcomes(formula):
    y = (DATA["g"] < 8).astype(int)
    refused(mlm.FitError, "'g'", "8 of 20", "-2 log L goes to 2", formula=formula, y=y, h=np.arange(N) % 7)


def test_some_levels_without_both_outcomes_are_fitted():
    y = np.where(DATA["g"] < 3, 0, np.where(DATA["g"] < 6, 1, DATA["y"]))
    m = mlm.glmer("y ~ x + (1 | g)", DATA.assign(y=y), n_agq=15)
    assert m.converged
    assert np.isfinite(m.se).all()


def test_one_success():
    with pytest.warns(mlm.SingularFitWarning):
        m = mlm.glmer("y ~ 1 + (1 | g)", DATA.assign(y=(np.arange(N) == 3) * 1))
    assert m.fixef.iloc[0] == pytest.approx(np.log(1 / 199), abs=1e-4)


@pytest.mark.parametrize("offset", [-600.0, 50.0, 1e4])
def test_huge_offsets_move_the_intercept(offset):
    plain = mlm.glmer("count ~ x + (1 | g)", DATA, "poisson")
    moved = mlm.glmer("count ~ x + (1 | g)", DATA.assign(o=offset), "poisson", offset="o")
    assert moved.loglik == pytest.approx(plain.loglik, abs=1e-8)
    assert moved.fixef.iloc[0] + offset == pytest.approx(plain.fixef.iloc[0], abs=1e-4)
    assert moved.fixef.iloc[1] == pytest.approx(plain.fixef.iloc[1], abs=1e-5)


def test_offsets_that_vary_much():
    """Expected counts from 1e-7 to 1e7."""
    o = 16.0 * (np.arange(N) / N - 0.5) * 2.0
    count = RNG.poisson(np.exp(o + RNG.normal(0, 0.5, 20)[DATA["g"]]))
    m = mlm.glmer("count ~ 1 + (1 | g)", DATA.assign(o=o, count=count), "poisson", offset="o")
    assert m.converged
    assert abs(m.fixef.iloc[0]) < 1.0


def test_boundary_is_said():
    y = (np.arange(N) // 5 + np.arange(N)) % 2
    with pytest.warns(mlm.SingularFitWarning, match=r"\(1 \| g\)"):
        m = mlm.glmer("y ~ x + (1 | g)", DATA.assign(y=y))
    assert m.theta.tolist() == [0.0]
    assert m.loglik == pytest.approx(mlm.glm("y ~ x", DATA.assign(y=y)).loglik, abs=1e-9)
    assert np.abs(m.se / mlm.glm("y ~ x", DATA.assign(y=y)).se - 1.0).max() < 1e-6


def test_quadrature_of_one_factor_only():
    refused(
        mlm.ArgumentError, "n_agq=7", "2: g, h", "n_agq=1", formula="y ~ x + (1 | g) + (1 | h)",
        options={"n_agq": 7}, h=np.arange(N) % 7,
    )  # fmt: skip


def test_quadrature_of_three_effects_at_most():
    refused(mlm.ArgumentError, "'g' has 4", "7^4", formula="y ~ (x + I(x^2) + I(x^3) | g)", options={"n_agq": 7})


def test_quadrature_of_families_with_a_dispersion():
    refused(mlm.ArgumentError, "Gamma", formula="size ~ x + (1 | g)", family="Gamma", options={"n_agq": 5})


@pytest.mark.parametrize("n_agq", [-1, 1.5, "many", 101, True])
def test_nodes(n_agq):
    refused(mlm.ArgumentError, "`n_agq`", options={"n_agq": n_agq})


@pytest.mark.parametrize("start", [[1.0, 2.0], {"beta": [0]}, {"fixef": [1.0]}, ["a"], [np.nan]])
def test_starts(start):
    refused(mlm.ArgumentError, "`start`", options={"start": start})


def test_no_random_term():
    refused(mlm.FormulaError, "random-effects term", "mlm.glm", formula="y ~ x")


def test_standard_errors_that_cannot_be_had_are_said():
    """Where the second derivatives are no maximum's: here those of a maximum, with the other sign."""
    rng = np.random.default_rng(25)
    rows = pd.DataFrame({"g": np.repeat(np.arange(10), 8), "x": rng.normal(size=80)})
    rows["y"] = (rng.random(80) < 1 / (1 + np.exp(-rng.normal(size=10)[rows["g"]]))).astype(int)
    m = mlm.glmer("y ~ x + (1 | g)", rows)
    vars(m)["_hessian"] = -m._hessian
    with pytest.warns(mlm.ConvergenceWarning, match="no standard errors"):
        se = m.se
    assert se.isna().all()


def test_effects_that_tell_outcomes_for_certain():
    rng = np.random.default_rng(2)
    g = np.repeat(np.arange(12), 8)
    y = (g % 2 == 0).astype(int)
    y[3], y[50] = 1 - y[3], 1 - y[50]
    rows = pd.DataFrame({"g": g, "x": rng.normal(size=96), "y": y})
    rows.loc[[3, 50], "x"] = 9.0
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        m = mlm.glmer("y ~ 1 + (x | g)", rows)
    large = np.abs(m.optimum.evaluation.theta).max() > 25.0
    assert large == any("all but for certain" in str(one.message) for one in caught)


def test_dependent_random_columns():
    refused(mlm.DataError, "x, twice", "depend linearly", formula="y ~ x + (x + twice | g)", twice=2 * DATA["x"])


def test_counts_without_overdispersion():
    count = RNG.binomial(8, 0.5, N)  # vary less than Poisson's
    with pytest.warns(mlm.ConvergenceWarning, match="family='poisson'"), pytest.warns(mlm.SingularFitWarning):
        m = mlm.glmer("count ~ 1 + (1 | g)", DATA.assign(count=count), "negative.binomial")
    assert m.family.theta > 1e6


def test_as_many_levels_as_rows():
    """Counts may have an effect for each row; what has a dispersion may not."""
    assert mlm.glmer("count ~ x + (1 | row)", DATA.assign(row=np.arange(N)), "poisson").ngrps["row"] == N
    refused(mlm.DataError, "'row'", "200 levels", formula="size ~ (1 | row)", family="Gamma", row=np.arange(N))


@pytest.mark.parametrize("link", [None, "identity"])
def test_linear_models_are_those_of_lmer(link):
    formula = "size ~ x + (1 | g)"
    refused(mlm.ArgumentError, "mlm.lmer", "reml=False", formula=formula, family="gaussian", options={"link": link})


def test_slopes_do_not_need_both_outcomes_in_a_level():
    """A slope cannot follow outcomes that are one in a level, when its column changes sign there."""
    y, x = (DATA["g"] < 8).astype(int), np.tile([-1.0, 1.0, -0.5, 0.5, 0.0], 40)
    with pytest.warns(mlm.SingularFitWarning):
        m = mlm.glmer("y ~ 1 + (0 + x | g)", DATA.assign(y=y, x=x))
    assert m.theta.tolist() == [0.0]
    assert m.loglik == pytest.approx(mlm.glm("y ~ 1", DATA.assign(y=y)).loglik, abs=1e-9)
    refused(mlm.FitError, "'g'", "8 of 20", formula="y ~ 1 + (0 + f | g)", y=y, f=np.where(x > 0, "up", "down"))


@pytest.mark.parametrize("between", [0.0, 0.7])
def test_rough_fits_estimate_the_negative_binomial_theta(between):
    rng = np.random.default_rng(8)
    mean = np.exp(1.0 + 0.3 * DATA["x"] + between * rng.normal(size=20)[DATA["g"]])
    count = rng.poisson(mean * rng.gamma(3.0, 1 / 3, N))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.SingularFitWarning)
        rough, full = (
            mlm.glmer("count ~ x + (1 | g)", DATA.assign(count=count), "negative.binomial", n_agq=n) for n in (0, 1)
        )
    assert rough.family.theta == pytest.approx(full.family.theta, rel=2e-3)
    assert -1e-12 < full.loglik - rough.loglik < 0.05  # rounding, where both are without effects
    assert rough.npar == full.npar == 4


@pytest.mark.parametrize("n_agq", [0, 1, 7])
@pytest.mark.parametrize("outcome", [0, 1])
@pytest.mark.parametrize("link", ["logit", "probit", "cloglog", "cauchit"])
def test_category_with_one_outcome_under_every_link(link, outcome, n_agq):
    """Under probit and cloglog probabilities are certain where linear predictors are still small."""
    f = np.where(np.arange(N) % 9 == 4, "b", "a")
    options = {"link": link, "n_agq": n_agq}
    y = np.where(f == "b", outcome, DATA["y"])
    refused(mlm.FitError, "fb", "22 of 200 rows", formula="y ~ f + (1 | g)", options=options, f=f, y=y)


@pytest.mark.parametrize("n_agq", [0, 1, 5])
def test_weights_between_whole_numbers_are_those_of_glm(n_agq):
    """Without variance the likelihoods of both are one function: the weighted sum of log probabilities."""
    w, y = np.random.default_rng(6).uniform(0.2, 0.4, N), (np.arange(N) // 5 + np.arange(N)) % 2
    data = DATA.assign(w=w, y=y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.MlmWarning)
        m, plain = mlm.glmer("y ~ x + (1 | g)", data, weights="w", n_agq=n_agq), mlm.glm("y ~ x", data, weights="w")
    assert m.theta[0] == pytest.approx(0.0, abs=1e-3)
    p = plain.fitted.to_numpy()
    assert plain.loglik == pytest.approx(float(w @ np.log(np.where(y == 1, p, 1.0 - p))), abs=1e-9)
    assert m.loglik == pytest.approx(plain.loglik, abs=1e-6)


def test_nodes_without_means_are_said():
    x = RNG.normal(size=N)
    count = RNG.poisson(np.maximum(3.0 + 0.5 * x + RNG.normal(size=20)[DATA["g"]], 0.3))
    options = {"link": "identity", "n_agq": 9}
    columns = {"formula": "count ~ x + (1 | g)", "family": "poisson", "options": options, "x": x, "count": count}
    refused(mlm.FitError, "9 quadrature nodes", "n_agq=1", **columns)


def test_a_hostile_start_is_named():
    options = {"start": {"fixef": [1000, -100]}}
    refused(
        mlm.FitError,
        "start={'fixef'",
        "leave that out",
        formula="count ~ x + (1 | g)",
        family="poisson",
        options=options,
    )


def test_theta_of_large_counts():
    """The variance of counts of 1e8 tells a theta of ten millions from none."""
    rng = np.random.default_rng(5)
    count = rng.poisson(1e8 * np.exp(0.2 * rng.normal(size=20)[DATA["g"]]) * rng.gamma(3e7, 1 / 3e7, N))
    m = mlm.glmer("count ~ 1 + (1 | g)", DATA.assign(count=count), "negative.binomial")
    assert 1e7 < m.family.theta < 1e8
    assert not any("theta" in message for message in m.messages)


def test_a_start_that_cannot_be_had_is_not_answered_by_another_start():
    options = {"link": "identity", "start": {"theta": [30.0], "fixef": [-3.0, 0.0]}}
    for family in ("poisson", "negative.binomial"):
        with pytest.raises(mlm.FitError, match=r"means that the family cannot have\. Take another link") as caught:
            mlm.glmer("count ~ x + (1 | g)", DATA, family, **options)
        assert "leave that out" in str(caught.value)
        assert "give values in start" not in str(caught.value)


@pytest.mark.parametrize("link", ["probit", "cloglog"])
def test_offsets_against_the_data_are_named(link):
    options = {"link": link, "offset": np.linspace(-20.0, 20.0, N)}
    refused(mlm.FitError, "offset may be the cause", "from -20 to 20", link, "Leave it out", options=options)


@pytest.mark.parametrize("offset", [0.0, 50.0, -700.0])
@pytest.mark.parametrize("n_agq", [0, 1])
def test_an_infinite_theta_leaves_the_rest_converged_whatever_the_offset(offset, n_agq):
    rows = DATA.assign(few=3 + np.arange(N) % 2)
    with pytest.warns(mlm.ConvergenceWarning, match="no finite estimate"), pytest.warns(mlm.SingularFitWarning):
        m = mlm.glmer("few ~ x + (1 | g)", rows, "negative.binomial", n_agq=n_agq, offset=np.full(N, offset))
    assert m.converged
    vars(m).update(optimum=replace(m.optimum, converged=False))
    assert m.converged
    moved = m.optimum.evaluation._replace(gradient=m.optimum.evaluation.gradient + 1.0)
    vars(m).update(optimum=replace(m.optimum, converged=False, evaluation=moved))
    assert not m.converged


@pytest.mark.parametrize("unit", [1e12, 1e15, 1e18])
def test_counts_without_digits_are_refused(unit):
    count = (DATA["count"] + 1) * unit
    refused(mlm.DataError, "'count'", "negative.binomial", formula="count ~ x + (1 | g)", family="poisson", count=count)


def test_large_counts_are_fitted_as_in_other_units():
    """The levels' differences are all but known: their standard deviation does not depend on how many are counted."""
    fits = [mlm.glmer("n ~ x + (1 | g)", DATA.assign(n=(DATA["count"] + 1) * k), "poisson") for k in (1e4, 1e8)]
    assert fits[0].theta == pytest.approx(fits[1].theta, rel=1e-4)
    assert fits[0].se.iloc[0] == pytest.approx(fits[1].se.iloc[0], rel=1e-3)


def with_far_value(far):
    x = DATA["x"].to_numpy().copy()
    x[np.flatnonzero(DATA["y"] == 1)[0]] = far
    return x


@pytest.mark.parametrize("far", [1e4, 1e6, 99999999.0, 1e9])
def test_one_far_value_leaves_standard_errors(far):
    """A success that is certain: how far it is says nothing of the other rows."""
    m, plain = (mlm.glmer("y ~ x + (1 | g)", DATA.assign(x=with_far_value(v))) for v in (far, 300.0))
    assert m.fixef.to_numpy() == pytest.approx(plain.fixef.to_numpy(), rel=1e-6)
    assert m.se.to_numpy() == pytest.approx(plain.se.to_numpy(), rel=1e-6)
    known, of_plain = (np.sqrt(np.diag(each.covariance(use_hessian=False))) for each in (m, plain))
    assert known == pytest.approx(of_plain, rel=1e-6)
    rows = pd.DataFrame({"x": [-1.0, 0.0, 2.0], "g": 0})
    of_means, wanted = (each.predict(rows, re_form=False, se=True)["se"].to_numpy() for each in (m, plain))
    assert of_means == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize("far", [1e10, -1e11, 1e12])
def test_the_farthest_values_are_named(far):
    refused(mlm.DataError, "'x' has 1 value", f"{far:g}", "missing value", x=with_far_value(far))


def test_offset_that_leaves_no_digits_asks_for_no_other_link():
    with pytest.raises(mlm.FitError, match="The offset may be the cause") as caught:
        mlm.glmer("y ~ x + (1 | g)", DATA, offset=np.linspace(-700.0, 700.0, N))
    assert "another link" not in str(caught.value)


@pytest.mark.filterwarnings("ignore::mlm.ConvergenceWarning", "ignore::mlm.SingularFitWarning")
def test_a_start_is_never_left_for_a_higher_end():
    """The likelihood of these rows has no maximum: effects that tell all outcomes are the likelier, the larger."""
    x = [-1.04, -1.6, -0.7, -1.18, 0.37, -0.55, 0.13, -0.15, 0.25]
    x += [0.37, 0.59, -2.43, -1.81, -0.27, -0.17, -1.37, 0.14, -0.7]
    y = [0, 1, 0, 0, 1, 0, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0]
    data = {"x": x, "y": y, "f": list("aaaaaaabbababaaaab"), "g": np.repeat(np.arange(6), 3)}
    start = {"theta": [56.4, 346.6, 12.4], "fixef": [-31.7, 129.5, 52.6]}
    m = mlm.glmer("y ~ x + f + (1 + x | g)", data, start=start)
    assert -2 * m.loglik <= m.deviance_function.value(np.array(start["theta"]), np.array(start["fixef"]))
