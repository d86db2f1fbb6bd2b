"""The bootstrap: refits are those of `refit`, errors those of theory, intervals those of the definition."""

import warnings
from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import mlm
from mlm.fit.refits import Refitting
from mlm.inference.bootstrap_intervals import limits, quantiles
from mlm.inference.parameters import values_of


def rows(levels=18, size=10, seed=0, spread=6.0):
    """Like a study of sleep: each level at the same ten days."""
    rng = np.random.default_rng(seed)
    d = pd.DataFrame({"g": np.repeat(np.arange(levels), size), "x": np.tile(np.arange(float(size)), levels)})
    n = len(d)
    d["z"], d["w"], d["o"], d["h"] = (
        rng.normal(size=n),
        rng.uniform(0.5, 2, n),
        rng.normal(size=n),
        np.tile([0, 1, 2], n)[:n],
    )
    d["y"] = 250 + 10 * d.x + 25 * rng.normal(size=levels)[d.g] + spread * rng.normal(size=levels)[d.g] * d.x
    d["y"] += 10 * rng.normal(size=3)[d.h] + 25 * rng.normal(size=n)
    return d


@cache
def fitted(formula, reml=True, weights=None, spread=6.0, seed=0):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.MlmWarning)
        return mlm.lmer(formula, rows(seed=seed, spread=spread), reml=reml, weights=weights)


def refits(m, y, reml=None):
    work = Refitting(m, y.shape[1], reml)
    work.add(y)
    return work.found


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize(
    ("formula", "spread", "seed"),
    [
        ("y ~ x + (x | g)", 6.0, 0),
        ("y ~ x + (x | g)", 0.5, 1),  # singular for half of the responses
        ("y ~ x + z + (z | g)", 6.0, 0),
        ("y ~ z + offset(o) + (1 | g)", 0.0, 2),
        ("y ~ x + z + (x + z | g)", 3.0, 3),
        ("y ~ 0 + x + z + (0 + x | g)", 3.0, 3),
        ("y ~ 1 + (x | g)", 6.0, 0),  # a slope without a mean: from several starts
        ("y ~ z + (0 + x | g)", 3.0, 0),
        ("y ~ x + (1 | g) + (0 + x | g)", 3.0, 3),  # nearly parallel: searched alone
        ("y ~ x + (1 | g) + (1 | h)", 3.0, 3),  # several factors
        ("I(1e3 * y + 1e8) ~ x + (x | g)", 6.0, 0),
    ],
)
def test_refits_side_by_side_are_refits(formula, spread, seed, weights, reml):
    """Theta and criterion to 1e-6, and what follows from them; singular or not, by both criteria."""
    m = fitted(formula, reml, weights, spread, seed)
    y = m.simulate(12, seed=seed)
    found = refits(m, y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.MlmWarning)
        each = [m.refit(y=y[:, k]) for k in range(12)]
    scale = m.sigma
    # theta is known to the root of what the criterion is: flat criteria of nearly singular fits to 2e-6
    np.testing.assert_allclose(found.theta.T, [f.optimum.evaluation.theta for f in each], rtol=0, atol=2e-6)
    np.testing.assert_allclose(found.deviance, [f.deviance for f in each], rtol=0, atol=1e-7)
    np.testing.assert_allclose(found.sigma / scale, [f.sigma / scale for f in each], rtol=0, atol=1e-6)
    np.testing.assert_allclose(found.beta.T / scale, [f._beta / scale for f in each], rtol=1e-10, atol=1e-6)
    assert found.singular(m.working.layout).tolist() == [f.is_singular for f in each]
    assert not found.errors
    assert found.converged.all()


@pytest.mark.parametrize("seed", range(4))
def test_levels_of_unequal_sizes_and_few_rows(seed):
    """Where several minima are likely, refits end at the lowest, as fits do."""
    rng = np.random.default_rng(seed)
    d = rows(seed=seed, spread=0.0)
    d = d[rng.random(180) < np.repeat(rng.uniform(0.1, 1.0, 18), 10)].reset_index(drop=True)
    d = d[:45] if seed == 3 else d
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.MlmWarning)
        for formula in ("y ~ z + (1 | g)", "y ~ x + (x | g)"):
            m = mlm.lmer(formula, d)
            y = m.simulate(10, seed=seed)
            each = [m.refit(y=y[:, k]).deviance for k in range(10)]
            np.testing.assert_allclose(refits(m, y).deviance, each, rtol=0, atol=1e-7)


def test_singular_refits_are_searched_side_by_side():
    """Half of these are singular; hardly any has to be searched alone."""
    m = fitted("y ~ x + (x | g)", True, None, 0.5, 1)
    found = refits(m, m.simulate(100, seed=4))
    assert found.singular(m.working.layout).sum() > 30
    assert found.alone.sum() < 5


def test_refits_by_the_other_criterion():
    m = fitted("y ~ x + (x | g)")
    y = m.simulate(3, seed=5)
    np.testing.assert_allclose(
        refits(m, y, reml=False).deviance, [m.refit(y=y[:, k], reml=False).deviance for k in range(3)]
    )


def test_a_response_that_cannot_be_fitted_is_counted():
    m = fitted("y ~ x + (x | g)")
    y = m.simulate(3, seed=6)
    y[:, 1] = m.x["x"]
    found = refits(m, y)
    assert list(found.errors) == [1]
    assert "exactly" in found.errors[1]
    assert np.isnan(found.deviance).tolist() == [False, True, False]


def test_estimates_are_those_of_refits_to_simulated_responses():
    m = fitted("y ~ x + (x | g)")
    found, y = mlm.bootstrap(m, 4, seed=7), mlm.simulate(m, 4, seed=7)
    assert list(found.estimates.columns) == [
        "sd_(Intercept)|g", "cor_x.(Intercept)|g", "sd_x|g", "sigma", "(Intercept)", "x",
    ]  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.SingularFitWarning)
        expected = [values_of(m.refit(y=y[:, k])) for k in range(4)]
    np.testing.assert_allclose(found.estimates.to_numpy(), expected, rtol=1e-6)
    np.testing.assert_allclose(found.observed.to_numpy(), values_of(m))
    table = m.varcorr.set_index(["var1", "var2"])["sdcor"]
    assert found.observed["cor_x.(Intercept)|g"] == pytest.approx(table["(Intercept)", "x"])


def test_the_result_does_not_depend_on_the_pieces(monkeypatch):
    m = fitted("y ~ x + (x | g)")
    whole = mlm.bootstrap(m, 9, seed=8).estimates
    monkeypatch.setattr("mlm.fit.refits.PIECE_NUMBERS", 12)
    np.testing.assert_allclose(mlm.bootstrap(m, 9, seed=8).estimates, whole, rtol=1e-7)


def test_a_statistic_is_taken_of_refitted_models():
    m = fitted("y ~ x + (x | g)")
    whole = mlm.bootstrap(m, 5, seed=9).estimates
    fixed = mlm.bootstrap(m, 5, lambda f: f.fixef, seed=9)
    np.testing.assert_allclose(fixed.estimates, whole[["(Intercept)", "x"]], rtol=1e-8)
    assert mlm.bootstrap(m, 2, lambda f: f.sigma, seed=9).observed.to_dict() == {"statistic": m.sigma}
    assert list(m.bootstrap(2, lambda f: f.theta, seed=9).estimates) == ["t1", "t2", "t3"]


def test_standard_errors_are_those_of_theory():
    """Of fixed effects exact ones: the estimates have the covariance ``(X' V^-1 X)^-1`` but for theta being estimated.

    With 60 levels that is little; a standard deviation from 2,000 refits has an error of a share of 0.016.
    """
    d = rows(60, 10, seed=11)
    m = mlm.lmer("y ~ x + (x | g)", d)
    found = mlm.bootstrap(m, 2000, seed=12)
    share = found.frame["std. error"][["(Intercept)", "x"]] / m.se
    assert (share - 1.0).abs().max() < 0.06
    # of sigma: sigma / sqrt(2 df), df being rows less two a level
    assert found.frame.loc["sigma", "std. error"] == pytest.approx(m.sigma / np.sqrt(2 * 480), rel=0.06)
    inside = found.confint(level=0.9)
    assert (inside.iloc[:, 0] < found.observed).all()
    assert (found.observed < inside.iloc[:, 1]).all()


def test_effects_that_stay_leave_less_to_vary():
    m = fitted("y ~ x + (x | g)")
    new, kept = (
        mlm.bootstrap(m, 200, seed=13, re_form=r).frame.loc["(Intercept)", "std. error"] for r in (False, None)
    )
    assert kept < 0.8 * new


def test_intervals_by_definition():
    t = np.sort(np.random.default_rng(14).normal(2.0, 1.5, 999))
    assert quantiles(t, [0.025, 0.975]) == pytest.approx([t[24], t[974]])
    (between,) = quantiles(t[:400], [0.025])  # place 10.025
    low, at, high = stats.norm.ppf([10 / 401, 0.025, 11 / 401])
    assert between == pytest.approx(t[9] + (at - low) / (high - low) * (t[10] - t[9]), rel=1e-12)
    assert limits(t, 2.2, 0.95, "percentile") == pytest.approx((t[24], t[974]))
    assert limits(t, 2.2, 0.95, "basic") == pytest.approx((4.4 - t[974], 4.4 - t[24]))
    center, reach = 4.4 - t.mean(), 1.959963984540054 * t.std(ddof=1)
    np.testing.assert_allclose(limits(t, 2.2, 0.95, "normal"), [center - reach, center + reach])
    assert quantiles(t[:9], [0.025, 0.975]) == [t[0], t[8]]
    with_missing = np.concatenate([t, [np.nan, np.inf]])
    assert limits(with_missing, 2.2, 0.95, "percentile") == pytest.approx((t[24], t[974]))
    assert np.isnan(limits(np.full(5, np.nan), 1.0, 0.9, "basic")).all()


def test_groups_are_drawn_whole():
    """Levels drawn twice are different ones; classes within them too; factors across them stay."""
    d = rows().assign(c=lambda f: f.g * 10 + f.index % 2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.MlmWarning)
        m = mlm.lmer("y ~ x + (1 | g) + (1 | c) + (1 | h)", d)
    seen = []
    found = mlm.bootstrap(m, 8, lambda f: seen.append(f) or f.sigma, seed=15, kind="groups", group="g")
    assert found.failures == 0
    assert found.kind == "groups"
    for fit in seen[1:]:
        assert fit.ngrps.to_dict() == {"c": 36, "g": 18, "h": 3}
        assert fit.nobs == 180
    drawn = np.random.default_rng(15).integers(0, 18, 18)
    again = pd.concat([d[d.g == k].assign(g=j, c=lambda f, j=j: j * 10 + f.index % 2) for j, k in enumerate(drawn)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.MlmWarning)
        assert seen[1].deviance == pytest.approx(mlm.lmer(m.formula, again.reset_index(drop=True)).deviance, abs=1e-7)


def test_groups_of_a_model_tell_its_standard_errors():
    m = mlm.lmer("y ~ x + (x | g)", rows(60, 10, seed=16))
    found = mlm.bootstrap(m, 200, seed=17, kind="groups")
    assert (found.frame["std. error"][["(Intercept)", "x"]] / m.se - 1.0).abs().max() < 0.25  # five times 0.05


@cache
def counts(family):
    d = rows(seed=18)
    rng = np.random.default_rng(19)
    mu = np.exp(0.5 + 0.05 * d.x + 0.5 * rng.normal(size=18)[d.g])
    made = {"poisson": rng.poisson(mu), "binomial": rng.binomial(5, mu / (1 + mu)) / 5}[family]
    weights = np.full(180, 5) if family == "binomial" else None
    return mlm.glmer("y ~ x + (1 | g)", d.assign(y=made), family, weights=weights)


@pytest.mark.parametrize("family", ["poisson", "binomial"])
def test_generalized_models(family):
    m = counts(family)
    found = mlm.bootstrap(m, 30, seed=20)
    assert list(found.estimates.columns) == ["sd_(Intercept)|g", "(Intercept)", "x"]
    y = m.simulate(2, seed=20)
    d = rows(seed=18)
    fresh = mlm.glmer(m.formula, d.assign(y=y[:, 1]), family, weights=np.full(180, 5) if family == "binomial" else None)
    np.testing.assert_allclose(found.estimates.iloc[1], values_of(fresh), rtol=1e-4)
    assert (found.frame["std. error"][["(Intercept)", "x"]] / m.se - 1.0).abs().max() < 0.65  # five times 0.13
    assert mlm.bootstrap(m, 3, seed=21, kind="groups").failures == 0


def test_refits_of_generalized_models_are_theirs():
    m = counts("poisson")
    again = m.refit(m.y)
    np.testing.assert_allclose(values_of(again), values_of(m), rtol=1e-5)
    with pytest.raises(mlm.DataError, match="cannot have"):
        m.refit(-m.y - 1)
    with pytest.raises(mlm.DataError, match="one value for each"):
        m.refit([1, 2])


def test_a_statistic_that_raises_is_a_failure():
    """As in bootMer: the other refits count; what the statistic says of the model itself is raised."""
    m, seen = fitted("y ~ x + (x | g)"), []

    def statistic(fit):
        seen.append(fit)
        if len(seen) in (3, 5):
            raise ZeroDivisionError(f"number {len(seen)}")
        return fit.sigma

    found = mlm.bootstrap(m, 10, statistic, seed=2)
    assert list(found.errors) == [1, 3]
    assert found.estimates["statistic"].isna().sum() == 2
    assert "The first failed by: `statistic` raised ZeroDivisionError: number 3" in str(found)
    with pytest.warns(mlm.ConvergenceWarning, match="8 of 10 refits; 2 failed, the first one by: `statistic` raised"):
        assert found.confint().notna().all(axis=None)
    with pytest.raises(ZeroDivisionError):
        mlm.bootstrap(m, 10, lambda fit: 1 / 0)
    with pytest.raises(mlm.FitError, match="None of the 3 refits succeeded: `statistic` raised KeyError"):
        mlm.bootstrap(m, 3, lambda fit: fit.sigma if fit is m else {}["a"], seed=2)


def test_intervals_are_refused_before_refits(monkeypatch):
    monkeypatch.setattr("mlm.inference.intervals.bootstrap", None)
    for wrong in ({"kind": "percent"}, {"level": 95}, {"parm": "q"}):
        with pytest.raises(mlm.ArgumentError):
            fitted("y ~ x + (x | g)").confint(method="boot", **wrong)


def test_faces():
    found = mlm.bootstrap(fitted("y ~ x + (x | g)"), 20, seed=22)
    lines = str(found).splitlines()
    assert lines[:3] == ["PARAMETRIC BOOTSTRAP", "", "y ~ x + (x | g)"]
    assert lines[-1].startswith("20 refits: ")
    assert lines[5].split() == ["original", "bias", "std.", "error"]
    assert "mlm-bootstrap" in found._repr_html_()
    assert "sd_x|g" in repr(found)
    assert list(found.confint(level=0.9).columns) == ["5 %", "95 %"]


def test_progress_is_shown_where_it_is_asked_for(capsys, monkeypatch):
    monkeypatch.setattr("mlm.console.MOMENT", -1.0)
    mlm.bootstrap(fitted("y ~ x + (x | g)"), 5, seed=1, progress=True)
    assert "bootstrap: 5 of 5" in capsys.readouterr().err
    mlm.bootstrap(fitted("y ~ x + (x | g)"), 5, seed=1)
    assert capsys.readouterr().err == ""


def test_nothing_is_said_of_single_refits(recwarn):
    m = fitted("y ~ x + (x | g)", True, None, 0.5, 1)
    assert mlm.bootstrap(m, 20, lambda f: f.sigma, seed=1).singular > 0
    assert not recwarn.list


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"n": 1}, "`n` is a whole number"),
        ({"statistic": "mean"}, "`statistic` is a function"),
        ({"statistic": lambda f: "a"}, "`statistic` returns a number"),
        ({"statistic": lambda f: "3.5"}, "got '3.5'"),
        ({"statistic": lambda f: print(end="")}, "`statistic` returns a number, several, .*; got None"),
        ({"statistic": lambda f: {"a": 1.0, "b": None}}, "got {'a': 1.0, 'b': None}"),
        ({"statistic": lambda f: [1.0, None]}, "`statistic` returns a number"),
        ({"statistic": lambda f: pd.Series([1.0, None], dtype=object)}, "`statistic` returns a number"),
        ({"statistic": lambda f: []}, "`statistic` returns a number"),
        ({"statistic": lambda f: list("ab") * 99}, "got .{19,21} … .{20,21}\\.$"),
        ({"kind": "group"}, "Did you mean 'groups'"),
        ({"kind": "groups", "re_form": None}, "`re_form` is of the parametric"),
        ({"group": "g"}, "`group` is of kind='groups'"),
        ({"kind": "groups", "group": "k"}, "`group` is a grouping factor of the model, g"),
        ({"seed": 1.5}, "`seed` is a whole number"),
        ({"progress": "yes"}, "`progress` is True"),
        ({"re_form": "(1 | k)"}, "re_form"),
    ],
)
def test_what_cannot_be(given, said):
    with pytest.raises(mlm.ArgumentError, match=said):
        mlm.bootstrap(fitted("y ~ x + (x | g)"), **{"n": 3, **given})


def test_statistics_of_one_number_keep_their_names_and_missing_values():
    m = fitted("y ~ x + (x | g)")
    for statistic, names in [
        (lambda f: {"a": f.sigma, "b": np.nan}, ["a", "b"]),
        (lambda f: pd.Series([f.sigma, np.nan], ["a", "b"]), ["a", "b"]),
        (lambda f: np.array([[f.sigma], [np.nan]]), ["t1", "t2"]),
        (lambda f: (f.sigma, float("nan")), ["t1", "t2"]),
    ]:
        found = mlm.bootstrap(m, 2, statistic, seed=9)
        assert list(found.estimates) == names
        assert found.observed.iloc[0] == m.sigma
        assert found.estimates.isna().all().tolist() == [False, True]
    assert mlm.bootstrap(m, 2, lambda f: f.fixef["x"] > 0, seed=9).observed.tolist() == [float(m.fixef["x"] > 0)]


def test_the_kind_of_interval_comes_first():
    found = mlm.bootstrap(fitted("y ~ x + (x | g)"), 20, seed=1)
    for kind in ("percentile", "basic", "normal"):
        assert found.confint(kind).equals(found.confint(kind=kind, level=0.95))
        assert found.confint(kind, 0.9).equals(found.confint(level=0.9, kind=kind))
    assert not found.confint("basic").equals(found.confint("normal"))
    with pytest.raises(mlm.ArgumentError, match=r"Give the level by its name: level=0\.9"):
        found.confint(0.9)


def test_kinds_of_intervals_are_named():
    found = mlm.bootstrap(fitted("y ~ x + (x | g)"), 5, seed=1)
    with pytest.raises(mlm.ArgumentError, match="Did you mean 'percentile'"):
        found.confint(kind="percent")
    with pytest.raises(mlm.ArgumentError, match="level"):
        found.confint(level=95)
