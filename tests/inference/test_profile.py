"""Profiles of the deviance: ends against the dense likelihood, and against lme4's (`reference/profile.R`)."""

import json
import pickle
import warnings
from functools import cache, partial
from pathlib import Path

import brute
import numpy as np
import pandas as pd
import pytest
from reference.hypothesis_tests import CASES, rows
from reference.profiles import GENERALIZED, LINEAR, counts
from scipy.optimize import minimize

import mlm
import replications
from mlm.inference.held import Constrained

PATH = Path(__file__).parents[1] / "reference" / "profile.json"
STORED = json.loads(PATH.read_text(encoding="utf-8"))["models"]
QUANTILE = 1.959963984540054
# lme4 interpolates: its ends are right to so much of the width of an interval
INTERPOLATED = 1e-3
# rise of the deviance at an end: 1e-6 is 2.5e-7 standard errors
RISE = 1e-6
# lme4 leaves the weights out when it profiles fixed effects (those intervals are a third as wide as Wald's, or NaN)
WEIGHTED = ("(Intercept)", "Ab", "Ac", "x")
# rows where lme4's curve misses the lowest deviance at other values of the parameters, or is interpolated across a bend
MISSED = {
    "random slope": ("sd_(Intercept)|g", "sd_x|g"),
    "two random slopes": ("cor_x.(Intercept)|g", "cor_z.(Intercept)|g", "cor_z.x|g"),
    "nested": ("sd_(Intercept)|q:p",),
    "nested slopes": ("sd_(Intercept)|p", "sd_x|p"),
    "weights, slopes": WEIGHTED,
    "weights, crossed": WEIGHTED,
    "few groups": ("sd_(Intercept)|g", "(Intercept)"),
    "balanced split plot": ("sd_(Intercept)|p",),
}
FAR = 1e6
FAILED = ("random factor", "singular slopes")  # by lme4, with an error


def quietly(fit, *given, **options):
    with warnings.catch_warnings():
        for kind in (mlm.SingularFitWarning, mlm.RankWarning):
            warnings.simplefilter("ignore", kind)
        return fit(*given, **options)


@cache
def fitted(name):
    if name in GENERALIZED:
        case = GENERALIZED[name]
        return quietly(mlm.glmer, case["formula"], counts(), case["family"], n_agq=case.get("nAGQ", 1))
    case = CASES[name]
    options = {key: case[key] for key in ("reml", "weights", "contrasts") if key in case}
    return quietly(mlm.lmer, case["formula"], rows(case.get("data", "main")), **options)


@cache
def profiled(name):
    return mlm.profile(fitted(name))


@pytest.mark.parametrize("name", [*LINEAR, *GENERALIZED])
def test_ends_are_those_of_lme4(name):
    stored = STORED[name]
    if name in FAILED:
        assert "error" in stored
        return
    found = quietly(fitted(name).confint, method="profile")
    assert list(found.index) == stored["rows"]
    assert list(found.columns) == ["2.5 %", "97.5 %"]
    theirs = np.array([stored["lower"], stored["upper"]], dtype=float).T
    width = found["97.5 %"] - found["2.5 %"]
    near = (np.abs(found - theirs).max(axis=1) / width) < INTERPOLATED
    assert set(found.index[~near]) == set(MISSED.get(name, ()))


class Dense:
    """The deviance of maximum likelihood by n x n matrices, as a function of standard deviations and correlations."""

    def __init__(self, m):
        self.x, self.y = m.x.to_numpy(), m.y.to_numpy()
        self.y = self.y - (0.0 if m.frame.offset is None else m.frame.offset)
        self.diagonal = np.ones(len(self.y)) if m.frame.weights is None else 1.0 / m.frame.weights
        self.terms = []
        for part in m.terms:
            codes = m.frame.groupings[part.term.group].codes
            self.terms.append((part.columns.matrix(), codes[:, None] == codes))
        self.kinds = [p for p in mlm.profile(m).parameters if p.kind != "beta"]

    def deviance(self, values, held=None):
        """Values of the parameters of the random effects and sigma; a fixed effect may be held."""
        at = {(p.kind, p.term, p.effects): v for p, v in zip(self.kinds, values, strict=True)}
        v = np.diag(at["sigma", -1, ()] ** 2 * self.diagonal)
        for t, (z, same) in enumerate(self.terms):
            sd = np.array([at["sd", t, (j,)] for j in range(z.shape[1])])
            correlation = np.eye(len(sd))
            for kind, term, effects in at:
                if kind == "cor" and term == t:
                    correlation[effects] = correlation[effects[::-1]] = at[kind, term, effects]
            v += same * (z @ (correlation * np.outer(sd, sd)) @ z.T)
        root = np.linalg.cholesky(v)
        whitened = np.linalg.solve(root, np.column_stack([self.x, self.y]))
        x, y = whitened[:, :-1], whitened[:, -1]
        if held is not None:
            x, y = np.delete(x, held[0], axis=1), y - held[1] * x[:, held[0]]
        rest = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
        return 2.0 * np.log(root.diagonal()).sum() + rest @ rest + len(y) * np.log(2.0 * np.pi)

    def lowest(self, start, parameter, value):
        """The least deviance with one parameter held, from estimates of all."""
        free = [k for k, p in enumerate(self.kinds) if p != parameter]
        to = {"sd": abs, "sigma": np.exp, "cor": np.sin}
        back = {"sd": float, "sigma": np.log, "cor": lambda r: np.arcsin(np.clip(r, -0.95, 0.95))}
        held = (parameter.effects[0], value) if parameter.kind == "beta" else None

        def deviance(z):
            values = np.full(len(self.kinds), float(value))
            for k, each in zip(free, z, strict=True):
                values[k] = to[self.kinds[k].kind](each)
            return self.deviance(values, held)

        z = np.array([back[self.kinds[k].kind](start[k]) for k in free])
        z = np.where([self.kinds[k].kind == "sd" and start[k] < 0.1 for k in free], 0.1, z)
        for _ in range(2):
            z = minimize(deviance, z, method="BFGS", options={"gtol": 1e-7}).x
        return deviance(z)


DENSE = {
    "one, intercept": {},
    "one, slope": {"weights": "w"},
    "one, two terms": {},
    "nested twice": {"offset": "z"},
    "crossed": {"weights": "w"},
    "crossed, slopes": {},
}


@pytest.mark.parametrize("name", DENSE)
def test_the_deviance_rises_by_the_quantile(name):
    """Of the dense likelihood, all other parameters being searched for by another method."""
    m = quietly(mlm.lmer, brute.STRUCTURES[name], brute.data(), **DENSE[name])
    found = mlm.profile(m)
    estimates, limits, dense = found.estimates, quietly(found.confint), Dense(found.model)
    start = estimates.to_numpy()[: len(dense.kinds)]
    lowest = found.model.deviance
    assert dense.deviance(start) == pytest.approx(lowest, abs=1e-7)
    for parameter in found.parameters:
        for end, edge in zip(limits.loc[parameter.name], (-1.0, 1.0), strict=True):
            if (parameter.kind == "cor" and end == edge) or (parameter.kind == "sd" and end == 0.0):
                assert any(parameter.name in note and "only" in note for note in found.notes())
                continue
            rise = dense.lowest(start, parameter, end) - lowest
            assert rise == pytest.approx(QUANTILE**2, abs=RISE), (parameter.name, end)


def test_three_effects():
    """By the deviance as a function of the user's theta."""
    rng = np.random.default_rng(11)
    g = np.repeat(np.arange(40), 8)
    x, z = rng.normal(size=(2, 320))
    root = np.array([[1.0, 0.0, 0.0], [0.3, 0.6, 0.0], [-0.2, 0.3, 0.7]])
    effects = (rng.normal(size=(40, 3)) @ root.T)[g]
    y = 1.0 + 0.5 * x + effects[:, 0] + effects[:, 1] * x + effects[:, 2] * z + rng.normal(size=320)
    m = mlm.lmer("y ~ x + z + (x + z | g)", {"y": y, "x": x, "z": z, "g": g.astype(str)}, reml=False)
    found = mlm.profile(m, which="theta_")
    limits, estimates, of = found.confint(), found.estimates, Dense(m)
    scale, function = m.products.shift.scale, m.deviance_function

    def deviance(values, held=None):
        names = {parameter.effects: k for k, parameter in enumerate(of.kinds)}
        sd = np.array([values[names[(j,)]] for j in range(3)])
        correlation = np.eye(3)
        for j, k in ((0, 1), (0, 2), (1, 2)):
            correlation[j, k] = correlation[k, j] = values[names[j, k]]
        if np.linalg.eigvalsh(correlation)[0] <= 0.0:
            return FAR
        lower = sd[:, None] * np.linalg.cholesky(correlation) / values[-1]
        at = function.evaluate(lower.T[np.triu_indices(3)])
        ratio = at.sigma2 * (scale / values[-1]) ** 2
        return at.value + m.nobs * (ratio - 1.0 - np.log(ratio))

    of.deviance = deviance
    for parameter in found.parameters:
        for end in limits.loc[parameter.name]:
            rise = of.lowest(estimates.to_numpy(), parameter, end) - m.deviance
            assert rise == pytest.approx(QUANTILE**2, abs=RISE), (parameter.name, end)


@pytest.mark.parametrize("name", ["singular", "singular crossed", "random slope alone", "few groups"])
def test_ends_of_singular_fits(name):
    """A standard deviation beside one that is 0; ends at 0 where the deviance rises too little on the way."""
    found = profiled(name)
    limits, dense = quietly(found.confint), Dense(found.model)
    start = np.nan_to_num(found.estimates.to_numpy()[: len(dense.kinds)])
    for parameter in found.parameters:
        low, high = limits.loc[parameter.name]
        ends = [high]
        if parameter.kind == "sd" and low == 0.0:
            without = dense.lowest(start, parameter, 0.0) - found.model.deviance
            assert without < QUANTILE**2 + RISE
        else:
            ends.append(low)
        for end in ends:
            rise = dense.lowest(start, parameter, end) - found.model.deviance
            assert rise == pytest.approx(QUANTILE**2, abs=RISE), (parameter.name, end)


def test_a_singular_slope_of_many_rows():
    """The deviance itself at the ends, where lme4 interpolates across a bend: heck2011 with a slope of ses."""
    m = quietly(mlm.lmer, "math ~ ses + (ses | schcode)", replications.load("heck2011", kind="twin", verbose=False))
    found = mlm.profile(m, which="theta_")
    limits, of = quietly(found.confint), found.model
    assert found.estimates["cor_ses.(Intercept)|schcode"] == -1.0
    assert limits.loc["cor_ses.(Intercept)|schcode", "2.5 %"] == -1.0

    def rise(sd, z):
        """With the slope's deviation held; z: relative deviation of the intercept, correlation, relative slope."""
        slope = sd / np.exp(z[2])
        root = np.array([abs(z[0]), slope * np.sin(z[1]), slope * np.cos(z[1])])
        at = of.deviance_function.evaluate(root)
        ratio = at.sigma2 * (of.products.shift.scale / np.exp(z[2])) ** 2
        return at.value + of.nobs * (ratio - 1.0 - np.log(ratio)) - of.deviance

    for end in limits.loc["sd_ses|schcode"]:
        starts = [np.array([0.22, turn, np.log(7.9)]) for turn in (-1.5, -0.8, 0.0)]
        least = min(minimize(lambda z, end=end: rise(end, z), z, method="Nelder-Mead",
                             options={"xatol": 1e-9, "fatol": 1e-11, "maxiter": 4000}).fun for z in starts)  # fmt: skip
        assert least == pytest.approx(QUANTILE**2, abs=RISE)


def test_a_curved_valley():
    """An intercept's variance of nearly 0 with a slope's beside it: the end is known where theta is not."""
    rng = np.random.default_rng(195)
    groups, each = int(rng.integers(6, 15)), int(rng.integers(4, 8))
    g = np.repeat(np.arange(groups), each)
    h, x = rng.integers(0, 5, len(g)), rng.normal(size=len(g))
    y = 1.0 + 0.5 * x + 0.8 * rng.normal(size=groups)[g] * x + 0.7 * rng.normal(size=5)[h] + rng.normal(size=len(g))
    m = quietly(mlm.lmer, "y ~ x + (x | g) + (1 | h)", {"y": y, "x": x, "g": g.astype(str), "h": h.astype(str)})
    found = mlm.profile(m, which="beta_")
    limits, dense = found.confint(), Dense(found.model)
    start = np.nan_to_num(mlm.profile(m, which="theta_").estimates.to_numpy())
    for parameter in found.parameters:
        for end in limits.loc[parameter.name]:
            rise = dense.lowest(start, parameter, end) - found.model.deviance
            assert rise == pytest.approx(QUANTILE**2, abs=1e-4)


def test_regular_ends_are_gone_to_straight(monkeypatch):
    """Twelve ends and two bounds of 400 rows: 7 evaluations each at most (over 20 from value to value)."""
    rng = np.random.default_rng(1)
    g, x = np.repeat(np.arange(40), 10), np.tile(np.arange(10.0), 40)
    y = (
        250.0
        + 10.0 * x
        + 25.0 * rng.normal(size=40)[g]
        + 6.0 * rng.normal(size=40)[g] * x
        + 25.0 * rng.normal(size=400)
    )
    found = mlm.profile(mlm.lmer("y ~ x + (x | g)", {"y": y, "x": x, "g": g.astype(str)}, reml=False))
    evaluate, made = Constrained.evaluate, []
    monkeypatch.setattr(Constrained, "evaluate", lambda *given: made.append(given) or evaluate(*given))
    limits = found.confint()
    assert limits.notna().all(axis=None)
    assert len(made) < 14 * 7


def test_a_second_branch():
    """Without an intercept levels vary little about 0 beside a large sigma, or much beside a small one."""
    y = np.array([[1.0, 2.0], [4.0, 5.0], [7.0, 9.0], [3.0, 5.0]])
    m = mlm.lmer("y ~ 0 + (1 | g)", {"y": y.ravel(), "g": list("aabbccdd")}, reml=False)
    within, between = np.square(y - y.mean(axis=1)[:, None]).sum(), 2.0 * np.square(y.mean(axis=1)).sum()

    def deviance(sd, sigma):
        total = sigma**2 + 2.0 * sd**2
        return 8.0 * np.log(sigma) + 4.0 * np.log(total) + within / sigma**2 + between / total

    sigmas = np.exp(np.linspace(-2.0, 3.0, 200_001))
    lowest = deviance(np.sqrt(between / 8.0 - within / 8.0), np.sqrt(within / 4.0))
    for end in m.confint(method="profile", parm="sd_(Intercept)|g").iloc[0]:
        assert deviance(end, sigmas).min() - lowest == pytest.approx(QUANTILE**2, abs=RISE)


@pytest.mark.parametrize(("formula", "parameter"), [("y ~ x + (x | g)", "x"), ("y ~ 0 + (x | g)", "sd_x|g")])
def test_other_minima_of_few_rows(formula, parameter):
    """The deviance rises by the quantile where all other parameters are searched for from other starts, too."""
    rng = np.random.default_rng(7)
    g, x = rng.integers(0, 5, 28), rng.normal(size=(2, 28))[0]
    y = 1.0 + 0.5 * x + 1.5 * rng.normal(size=5)[g] + rng.normal(size=5)[g] * x + rng.normal(size=28)
    m = quietly(mlm.lmer, formula, {"y": y, "x": x, "g": g.astype(str)}, reml=False)
    found = mlm.profile(m, which=parameter)
    (held,), dense = found.parameters, Dense(m)
    end = quietly(found.confint).iloc[0, 0]
    start = np.nan_to_num(quietly(mlm.profile, m).estimates.to_numpy()[: len(dense.kinds)])
    others = [start, *(np.where([p.kind == "cor" for p in dense.kinds], 0.0, size * start) for size in (0.3, 1.0, 3.0))]
    least = min(dense.lowest(values, held, end) for values in others)
    assert least - m.deviance > QUANTILE**2 - 1e-4


def test_a_generalized_end():
    m = fitted("counts")
    limits = m.confint(method="profile")

    def lowest(theta):
        deviance = m.deviance_function
        found = minimize(
            lambda b: deviance.value([theta], b), m.fixef.to_numpy(), method="BFGS", options={"gtol": 1e-7}
        )
        return found.fun + 2.0 * m.loglik

    for end in limits.loc["sd_(Intercept)|g"]:
        assert lowest(end) == pytest.approx(QUANTILE**2, abs=1e-5)


def test_rows_and_columns():
    m = fitted("random slope")
    every = ["sd_(Intercept)|g", "cor_x.(Intercept)|g", "sd_x|g", "sigma", *m.fixef.index]
    assert list(mlm.profile(m).names) == every
    whole = quietly(m.confint, method="profile", level=0.9)
    assert list(whole.columns) == ["5 %", "95 %"]
    assert list(whole.index) == every
    alike = partial(pd.testing.assert_frame_equal, rtol=1e-12)  # what is summed side by side may be rounded otherwise
    alike(quietly(m.confint, 0.9, "profile", "theta_"), whole.iloc[:4])
    alike(quietly(m.confint, 0.9, "Profile", "beta_"), whole.iloc[4:])
    alike(quietly(m.confint, 0.9, "profile", ["x", 3]), whole.loc[["x", "sigma"]])
    alike(quietly(mlm.confint, m, method="profile", level=0.9, parm="sigma"), whole.loc[["sigma"]])
    assert m.confint().equals(m.confint(method="wald"))
    assert list(profiled("counts").names) == ["sd_(Intercept)|g", "(Intercept)", "x"]


def test_a_fit_by_reml_is_profiled_by_maximum_likelihood():
    m, other = fitted("crossed"), fitted("crossed").refit(reml=False)
    assert m.reml
    np.testing.assert_allclose(
        quietly(m.confint, method="profile"), quietly(other.confint, method="profile"), rtol=1e-7
    )
    assert not mlm.profile(m).model.reml
    assert mlm.profile(other).model is other


def test_intervals_of_several_levels():
    found = profiled("crossed")
    wide, narrow = found.confint(0.99), found.confint(0.8)
    assert (wide["0.5 %"] <= narrow["10 %"]).all()
    assert (wide["99.5 %"] >= narrow["90 %"]).all()
    np.testing.assert_allclose(mlm.profile(fitted("crossed"), level=0.8).confint(), narrow, rtol=1e-7)


@pytest.mark.parametrize("name", ["random slope", "crossed", "counts", "two random slopes"])
def test_curves(name):
    found = profiled(name)
    frame = found.frame
    assert list(frame.columns) == ["parameter", "value", "zeta"]
    assert list(dict.fromkeys(frame["parameter"])) == found.names
    for parameter, steps in frame.groupby("parameter"):
        assert (steps["value"].diff().dropna() > 0).all()
        rising = steps["zeta"].diff().dropna() if not parameter.startswith("cor") else pd.Series([1.0])
        assert (rising > 0).all()
        estimate = found.estimates[parameter]
        assert steps.loc[steps["zeta"].abs().idxmin(), "value"] == pytest.approx(estimate, rel=1e-6)


def test_a_correlation_beside_a_variance_of_zero():
    found = profiled("singular slopes")
    with pytest.warns(mlm.SingularFitWarning, match=r"cor_x.\(Intercept\)\|g is not defined"):
        limits = found.confint()
    assert limits.loc["cor_x.(Intercept)|g"].isna().all()
    assert limits.drop("cor_x.(Intercept)|g").notna().all(axis=None)
    assert limits.loc["sd_x|g", "2.5 %"] == 0.0 < limits.loc["sd_x|g", "97.5 %"]
    assert found.estimates.isna().sum() == 1
    assert "cor_x.(Intercept)|g" not in set(found.frame["parameter"])
    text = str(found)
    assert "is not defined: a standard deviation is estimated as 0" in text.replace("\n", " ")
    assert "sd_x|g is estimated as 0, where its interval ends." in text.replace("\n", " ")
    assert "NA" in text


def test_a_correlation_of_one():
    found = profiled("random factor")  # lme4 stops with an error
    limits = found.confint()
    assert limits.loc["cor_Bv.Bu|g", "97.5 %"] == 1.0
    assert 0.0 < limits.loc["cor_Bv.Bu|g", "2.5 %"] < 1.0
    assert "cor_Bv.Bu|g is estimated as 1, where its interval ends." in found.notes()


def test_a_correlation_that_all_values_are_likely_for():
    """Where a standard deviation may be 0, every correlation is as likely as there."""
    found = profiled("two random slopes")
    limits = found.confint()
    assert limits.loc["sd_x|g", "2.5 %"] == 0.0
    for name in ("cor_x.(Intercept)|g", "cor_z.x|g"):
        assert limits.loc[name].tolist() == [-1.0, 1.0]


def test_faces():
    found = profiled("crossed")
    text = str(found)
    assert text.startswith("Profile of the deviance (maximum likelihood): 95% intervals\n")
    assert text.splitlines()[1].split() == ["Estimate", "2.5", "%", "97.5", "%"]
    assert repr(found) == text
    assert found._repr_html_().startswith('<pre class="mlm-profile"')
    again = pickle.loads(pickle.dumps(found))
    assert type(again) is mlm.Profile
    np.testing.assert_allclose(again.confint(), found.confint(), rtol=1e-7)
    assert str(mlm.profile(fitted("crossed"), which="beta_", level=0.9)).splitlines()[1].split() == [
        "Estimate", "5", "%", "95", "%",
    ]  # fmt: skip


def test_units_of_the_response_and_of_predictors():
    d = rows("main")
    m = quietly(mlm.lmer, "y ~ x + (1 | g)", d)
    other = quietly(mlm.lmer, "y ~ x + (1 | g)", d.assign(y=1e6 * d["y"] - 4e6, x=1e-3 * d["x"]))
    ours, theirs = m.confint(method="profile"), other.confint(method="profile")
    factors = pd.Series([1e6, 1e6, 1e6, 1e9], ours.index)
    moved = theirs.add(pd.Series([0.0, 0.0, 4e6, 0.0], ours.index), axis=0).div(factors, axis=0)
    np.testing.assert_allclose(moved, ours, rtol=1e-6)


def test_what_cannot_be_profiled():
    d = counts()
    with pytest.raises(mlm.FitError, match="has a dispersion"):
        mlm.profile(quietly(mlm.glmer, "I(k + 1) ~ x + (1 | g)", d, "Gamma", link="log"))
    rough = quietly(mlm.glmer, "k ~ x + (1 | g)", d, "poisson", n_agq=0)
    with pytest.raises(mlm.FitError, match="n_agq=1"):
        rough.confint(method="profile")
    m = fitted("crossed")
    with pytest.raises(mlm.ArgumentError, match=r"no 'sigm'.*Did you mean 'sigma'"):
        mlm.profile(m, which="sigm")
    with pytest.raises(mlm.ArgumentError, match="between 0 and 1"):
        mlm.profile(m, level=95)
    with pytest.raises(mlm.ArgumentError, match="leave `ddf` out"):
        m.confint(method="profile", ddf="satterthwaite")
    with pytest.raises(mlm.ArgumentError, match="'wald', 'profile' or 'boot'"):
        m.confint(method="bayes")
    with pytest.raises(mlm.ArgumentError, match="method='profile' has"):
        m.confint(parm="theta_")
    with pytest.raises(mlm.ArgumentError, match="mixed model"):
        mlm.profile(mlm.lm("y ~ x", rows("main")))


def test_intervals_say_which_ends_are_at_a_bound():
    m = fitted("singular")
    limits, found = quietly(m.confint, method="profile"), profiled("singular")
    assert limits.attrs["notes"] == found.notes()
    assert any("only towards" in text or "where its interval ends" in text for text in limits.attrs["notes"])
    with pytest.warns(mlm.SingularFitWarning, match="where the interval ends|where its interval ends") as said:
        m.confint(method="profile")
    assert " ".join(found.notes()) == str(said[-1].message)
    assert [w.filename for w in said] == [__file__]
    one = m.confint(method="profile", parm="sigma")
    assert one.attrs["notes"] == []


def test_a_correlation_that_units_do_not_resolve_is_said():
    rng, g = np.random.default_rng(4), np.repeat(np.arange(15), 8)
    x, u = rng.normal(size=120), rng.normal(size=(15, 2))
    y = 1 + x + u[g, 0] + 0.7 * u[g, 1] * x + rng.normal(size=120)
    m = mlm.lmer("y ~ x + (x | g)", {"y": y, "x": x + 1e5, "g": g})
    with pytest.warns(mlm.ConvergenceWarning, match="no end of the interval can be told in these units") as said:
        m.confint(method="profile", parm=[1])
    assert not any("not a minimum" in str(each.message) for each in said)
