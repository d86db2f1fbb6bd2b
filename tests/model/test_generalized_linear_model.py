"""What is asked of a generalized linear model, and where it has no answer: invariances, ends of searches."""

import json
import pickle
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from reference.glm import rows as drawn

import mlm

STORED = json.loads((Path(__file__).parents[1] / "reference" / "glm.json").read_text())["comparisons"]
N = 40


def rows(**columns):
    rng = np.random.default_rng(8)
    data = {"x": rng.normal(size=N), "z": rng.normal(size=N), "f": np.resize(list("abc"), N)}
    data["y"] = (rng.uniform(size=N) < 0.5).astype(int)
    data["count"] = rng.poisson(3.0, N)
    data["size"] = rng.gamma(4.0, 0.5, N)
    return pd.DataFrame(data | columns)


def column(values):
    return np.array([np.nan if value == "NA" else float(value) for value in values])


@pytest.mark.parametrize("family", list(STORED))
def test_comparisons_as_in_r(family):
    data = drawn().dropna()
    stored = STORED[family]
    table = mlm.anova(*[mlm.glm(formula, data, family) for formula in stored["formulas"]])
    assert list(table.frame.columns) == list(stored["table"])
    for name, values in stored["table"].items():
        np.testing.assert_allclose(table.frame[name], column(values), rtol=1e-6, err_msg=name)
    wanted = "\n".join(stored["text"]).rstrip()
    assert [line.rstrip() for line in str(table).splitlines()] == [line.rstrip() for line in wanted.splitlines()]


def test_comparisons_of_other_kinds():
    data = rows()
    counts = [mlm.glm(f"count ~ {right}", data, "poisson") for right in ("x", "x + z")]
    by_likelihood = 2 * (counts[1].loglik - counts[0].loglik)
    assert mlm.anova(*counts).frame["Deviance"].iloc[1] == pytest.approx(by_likelihood, rel=1e-9)
    with pytest.raises(mlm.ArgumentError, match="which these have not"):
        mlm.anova(*counts, test="F")
    sizes = [mlm.glm(f"size ~ {right}", data, "Gamma", "log") for right in ("x", "x + z")]
    table = mlm.anova(*sizes, test="Chisq").frame
    assert table["Chisq"].iloc[1] == pytest.approx(2 * (sizes[1].loglik - sizes[0].loglik))
    with pytest.raises(mlm.FitError, match=r"one family.*model1 is linear, model2 is of the poisson"):
        mlm.anova(mlm.lm("count ~ x", data), counts[1])
    with pytest.warns(mlm.NestingWarning, match="the link log"):
        mlm.anova(mlm.glm("size ~ x", data, "Gamma", "log"), mlm.glm("size ~ x + z", data, "Gamma", "inverse"))
    with pytest.raises(mlm.FitError, match="weight the rows in different ways"):
        mlm.anova(counts[0], mlm.glm("count ~ x + z", data, "poisson", weights=np.full(N, 2.0)))
    scattered = data.assign(count=np.random.default_rng(3).negative_binomial(1.5, 0.3, N))
    thetas = [mlm.glm(f"count ~ {right}", scattered, "negative.binomial") for right in ("1", "x")]
    assert "Chisq" in mlm.anova(*thetas).frame


def test_the_normal_family_is_least_squares():
    data = rows()
    ours, linear = mlm.glm("size ~ x + f", data, "gaussian", weights=None), mlm.lm("size ~ x + f", data)
    np.testing.assert_allclose(ours.fixef, linear.fixef, rtol=1e-12)
    np.testing.assert_allclose(ours.coefficients(), linear.coefficients(), rtol=1e-10)
    assert list(ours.coefficients()) == list(linear.coefficients())
    for name in ("sigma", "loglik", "aic", "bic", "npar", "df_resid"):
        assert getattr(ours, name) == pytest.approx(getattr(linear, name), rel=1e-12)
    np.testing.assert_allclose(ours.resid, linear.resid, atol=1e-12)
    assert ours.deviance == pytest.approx(linear.deviance, rel=1e-12)


@pytest.mark.parametrize("link", ["logit", "probit", "cauchit"])
def test_success_and_failure_exchanged(link):
    data = rows()
    one, other = mlm.glm("y ~ x + f", data, link=link), mlm.glm("I(1 - y) ~ x + f", data, link=link)
    np.testing.assert_allclose(one.fixef, -other.fixef, rtol=1e-7)
    np.testing.assert_allclose(one.fitted, 1 - other.fitted, rtol=1e-9)
    assert one.deviance == pytest.approx(other.deviance, rel=1e-12)


def test_units_and_origins():
    data = rows()
    m = mlm.glm("count ~ x + z", data, "poisson")
    for scale, shift in ((1e6, 0.0), (1e-6, 0.0), (1.0, 1e4)):
        moved = mlm.glm("count ~ x + z", data.assign(x=data.x * scale + shift), "poisson")
        assert moved.fixef["x"] * scale == pytest.approx(m.fixef["x"], rel=1e-8)
        np.testing.assert_allclose(moved.fitted, m.fitted, rtol=1e-8)
        assert moved.coefficients()["z value"]["x"] == pytest.approx(m.coefficients()["z value"]["x"], rel=1e-6)
    in_thousands = mlm.glm("I(size * 1000) ~ x", data, "Gamma", "log")
    plain = mlm.glm("size ~ x", data, "Gamma", "log")
    assert in_thousands.fixef["x"] == pytest.approx(plain.fixef["x"], rel=1e-10)
    assert in_thousands.loglik == pytest.approx(plain.loglik - N * np.log(1000), rel=1e-12)


def test_weights_are_rows():
    data = rows(w=np.resize([1, 2, 3], N))
    m, single = mlm.glm("count ~ x", data, "poisson", weights="w"), data.loc[data.index.repeat(data.w)]
    np.testing.assert_allclose(m.fixef, mlm.glm("count ~ x", single.reset_index(), "poisson").fixef, rtol=1e-10)


def test_large_offsets():
    data = rows(o=np.linspace(300, 330, N))
    rates = data.assign(count=np.round(np.exp(data.o - 312)))
    m = mlm.glm("count ~ x", rates, "poisson", offset="o")
    assert m.converged
    assert m.fixef["(Intercept)"] == pytest.approx(-312, abs=0.01)
    np.testing.assert_allclose(m.predict(rates, type="response"), m.fitted, rtol=1e-9)


def test_predictions():
    data = rows()
    m = mlm.glm("y ~ x * f", data)
    again = m.predict(data, se=True)
    np.testing.assert_allclose(again["fit"], m.linear_predictors, rtol=1e-12)
    np.testing.assert_allclose(m.predict(type="response"), m.fitted, rtol=1e-14)
    pd.testing.assert_frame_equal(m.predict(se=True), again, check_names=False)
    gaps = m.predict(data.assign(x=data.x.where(data.index > 0)), type="response", se=True)
    assert gaps.isna().sum().tolist() == [1, 1, 1, 1]
    for options, says in (({"type": "odds"}, "'link' or 'response'"), ({"se": "yes"}, "`se` is True or False")):
        with pytest.raises(mlm.ArgumentError, match=says):
            m.predict(**options)
    with pytest.raises(mlm.DataError, match="offset of this model was given as values"):
        mlm.glm("y ~ x", data, offset=np.zeros(N) + 0.1).predict(data)
    with pytest.raises(mlm.ArgumentError, match="`type` is one of 'deviance'"):
        m.residuals("raw")
    with pytest.raises(mlm.FitError, match="its own degrees of freedom"):
        m.coefficients(ddf="satterthwaite")


def test_exponentials():
    data = rows()
    m = mlm.glm("y ~ x + f", data)
    table, tidy = m.exp_table(0.9), m.tidy(conf_int=True, exponentiate=True, level=0.9)
    assert list(table) == ["odds ratio", "5 %", "95 %", "Pr(>|z|)"]
    np.testing.assert_allclose(table["odds ratio"], np.exp(m.fixef))
    np.testing.assert_allclose(tidy[["estimate", "conf.low", "conf.high"]], table.iloc[:, :3])
    np.testing.assert_allclose(tidy["std.error"], m.se)
    names = {
        ("count", "poisson", "log"): "rate ratio", ("size", "Gamma", "log"): "ratio",
        ("y", "binomial", "cloglog"): "hazard ratio",
    }  # fmt: skip
    for (response, family, link), name in names.items():
        assert name in mlm.glm(f"{response} ~ x", data, family, link).exp_table()
    probit = mlm.glm("y ~ x", data, link="probit")
    for call in (probit.exp_table, lambda: probit.tidy(exponentiate=True)):
        with pytest.raises(mlm.FitError, match="link='probit' the exponential of a coefficient is not a ratio"):
            call()
    with pytest.raises(mlm.ArgumentError, match="exponentiate is True or False"):
        m.tidy(exponentiate="yes")


def test_effects():
    data = rows()
    m = mlm.glm("y ~ x + f", data)
    found = mlm.effect(m, "x", values=[0.0, 1.0])
    link = mlm.effect(m, "x", values=[0.0, 1.0], type="link")
    np.testing.assert_allclose(found.frame["fit"], 1 / (1 + np.exp(-link.frame["fit"])), rtol=1e-12)
    np.testing.assert_allclose(found.frame["upper"], 1 / (1 + np.exp(-link.frame["upper"])), rtol=1e-12)
    assert link.response == "logit(y)"
    assert found.response == "y"
    inverse = mlm.effect(mlm.glm("size ~ x", data, "Gamma"), "x", values=[0.0]).frame
    assert (inverse["lower"] < inverse["fit"]).all()
    assert (inverse["fit"] < inverse["upper"]).all()
    with pytest.raises(mlm.ArgumentError, match="`type` is 'response' or 'link'"):
        mlm.effect(m, "x", type="odds")


def test_tables_and_verbs():
    data = rows()
    m = mlm.glm("y ~ x + f", data)
    text = str(mlm.regtable([m, mlm.glm("count ~ x", data, "poisson")]))
    assert all(word in text for word in ("AIC", "Log Likelihood", "Deviance", "Num. obs."))
    pd.testing.assert_series_equal(mlm.fixef(m), m.fixef)
    pd.testing.assert_frame_equal(mlm.glance(m), m.glance())
    assert mlm.coef(m).tolist() == m.fixef.tolist()
    assert mlm.predict(m, data[:3], type="response").tolist() == m.fitted[:3].tolist()
    with pytest.raises(mlm.FitError, match=r"A generalized linear model has no 'ranef'.*mlm\.glmer"):
        mlm.ranef(m)
    for refused in (mlm.r2, mlm.icc, mlm.design_effect):
        with pytest.raises(mlm.ArgumentError):
            refused(m)
    with pytest.raises(mlm.ArgumentError, match="Residuals of a binomial model are not normal"):
        mlm.plot.residual_histogram(m)
    lines = mlm.plot.group_lines(m, x="x", by="f").get_lines()
    assert any(0 < value < 1 for line in lines for value in np.atleast_1d(line.get_ydata()))
    again = pickle.loads(pickle.dumps(m))
    assert again.predict(data[:2]).tolist() == m.predict(data[:2]).tolist()
    assert str(again.summary()) == str(m.summary())
    assert "binomial (logit)" in repr(m)
    with pytest.raises(ValueError, match="read-only"):
        m.beta[0] = 1.0


def test_columns_that_depend_on_others():
    data = rows()
    with pytest.warns(mlm.RankWarning, match="1 of 3 columns depend linearly.*twice"):
        m = mlm.glm("y ~ x + twice", data.assign(twice=2 * data.x))
    assert m.aliased == ("twice",)
    assert m.confint().loc["twice"].isna().all()
    assert m.exp_table().loc["twice"].isna().all()
    assert "(1 not defined because of singularities)" in str(m.summary())


@pytest.mark.parametrize("link", ["logit", "probit", "cloglog", "cauchit"])
def test_separation_is_said(link):
    data = rows()
    with pytest.warns(mlm.ConvergenceWarning, match=r"has no maximum: fitted means run to 0 or 1 in .* \(separation\)"):
        m = mlm.glm("y ~ x + z", data.assign(y=(data.x > 0).astype(int)), link=link)
    assert not m.converged
    assert m.deviance < 1e-4


def test_a_level_with_one_outcome_is_said():
    data = rows()
    with pytest.warns(mlm.ConvergenceWarning, match=r"in 13 rows of 40, .*Estimates and standard errors of fc are"):
        m = mlm.glm("y ~ x + f", data.assign(y=np.where(data.f == "c", 1, data.y)))
    assert m.fitted[data.f == "c"].min() > 1 - 1e-6


@pytest.mark.parametrize("formula", ["y ~ 1", "y ~ x + f"])
@pytest.mark.parametrize(
    ("family", "value", "what"), [("poisson", 0, "zeros"), ("binomial", 0, "failures"), ("binomial", 1, "successes")]
)
def test_one_outcome_only_is_said(formula, family, value, what):
    """It is the intercept that runs away, whatever the predictors are."""
    said = rf"'y' has only {what} in the 40 rows used: there is nothing to explain, .* run to {value} in 40 rows"
    with pytest.warns(mlm.ConvergenceWarning, match=said) as caught:
        mlm.glm(formula, rows().assign(y=value), family)
    assert not any("predictors" in str(warning.message) for warning in caught)


def test_the_edge_of_the_means_is_said():
    data = pd.DataFrame({"x": [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2], "y": [0, 0, 0, 1, 0, 1, 0, 1, 1, 1, 1, 1]})
    with pytest.warns(mlm.ConvergenceWarning, match=r"edge of the means that the binomial family has with link='log'"):
        m = mlm.glm("y ~ x", data, link="log")
    assert m.fitted.max() <= 1.0


def test_counts_that_vary_no_more_than_poisson_ones():
    with pytest.warns(mlm.ConvergenceWarning, match="theta of the negative binomial family has no finite"):
        m = mlm.glm("count ~ 1", {"count": [3, 4, 3, 4, 3, 4]}, "negative.binomial")
    poisson = mlm.glm("count ~ 1", {"count": [3, 4, 3, 4, 3, 4]}, "poisson")
    assert m.deviance == pytest.approx(poisson.deviance, rel=1e-5)


def test_as_many_coefficients_as_rows():
    m = mlm.glm("count ~ f", {"count": [3, 4, 5], "f": list("abc")}, "poisson")
    assert m.deviance == pytest.approx(0.0, abs=1e-12)
    assert m.residuals("standardized").isna().all()
    exact = mlm.glm("size ~ f", {"size": [3.0, 4.0, 5.0], "f": list("abc")}, "Gamma")
    assert np.isnan(exact.dispersion)
    assert exact.coefficients()["Pr(>|t|)"].isna().all()
    assert str(exact.summary())


@pytest.mark.parametrize(
    ("formula", "options", "error", "says"),
    [
        ("y ~ x + (1 | f)", {}, mlm.FormulaError, "fit it with mlm.glmer"),
        ("y ~ 0", {}, mlm.FormulaError, "no coefficients to estimate"),
        ("y ~ x", {"family": "quasibinomial"}, mlm.ArgumentError, "no likelihood"),
        ("y ~ x", {"link": "log10"}, mlm.ArgumentError, "The binomial family has no link 'log10'"),
        ("y ~ x", {"weights": "x"}, mlm.DataError, "weights 'x' are zero or negative"),
        ("y ~ x", {"weights": [1.0]}, mlm.DataError, "one number per row"),
        ("y ~ x", {"offset": "nothing"}, mlm.DataError, "nothing"),
        ("y ~ I(x * 1e200)", {}, mlm.DataError, "cannot be computed with"),
        ("y ~ x", {"contrasts": {"f": "sum"}}, mlm.ArgumentError, "f"),
        ("count ~ 0 + x", {"family": "poisson", "link": "identity"}, mlm.FitError, "no means from which"),
    ],
)
def test_refusals(formula, options, error, says):
    with pytest.raises(error) as raised:
        mlm.glm(formula, rows(), **options)
    assert says in str(raised.value)


def test_random_small_designs_reach_a_maximum():
    """No coefficients nearby, and none of a general optimiser, have a lower deviance."""
    from scipy import optimize

    rng = np.random.default_rng(99)
    links = {"binomial": ("logit", "cloglog", "cauchit"), "poisson": ("log", "sqrt"), "Gamma": ("log",)}
    reached = 0
    for _ in range(60):
        family = rng.choice(list(links))
        link = rng.choice(links[family])
        n = int(rng.integers(8, 40))
        x = rng.normal(size=n) * 10.0 ** rng.integers(-2, 3)
        y = {"binomial": rng.integers(0, 2, n), "poisson": rng.poisson(4, n), "Gamma": rng.gamma(0.7, 2, n)}[family]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", mlm.ConvergenceWarning)
            m = mlm.glm("y ~ x", {"x": x, "y": y}, str(family), str(link))
        if not m.converged:
            continue
        reached += 1
        scale = np.array([1.0, np.std(x)])

        def deviance(beta, m=m, scale=scale, x=x, y=y):
            eta = beta[0] / scale[0] + x * beta[1] / scale[1]
            return float(np.sum(m.family.deviances_at(np.asarray(y, dtype=float), eta)))

        best = optimize.minimize(deviance, m.beta * scale, method="Nelder-Mead", options={"xatol": 1e-8}).fun
        assert m.deviance <= best + 1e-9 * (1 + best)
    assert reached > 45


EXTREME = {"x": [-50.0, 0.0, 50.0]}


@pytest.mark.parametrize(
    ("response", "family", "link", "lost"),
    [
        ("size", "Gamma", "inverse", 1), ("size", "Gamma", "identity", 1), ("size", "inverse.gaussian", "1/mu^2", 1),
        ("size", "inverse.gaussian", "inverse", 1), ("count", "poisson", "identity", 1),
        ("count", "poisson", "sqrt", 1),
        ("count", "negative.binomial", "identity", 1), ("y", "binomial", "log", 1), ("size", "gaussian", "log", 0),
        ("count", "poisson", "log", 0), ("y", "binomial", "logit", 0), ("size", "gaussian", "inverse", 0),
        ("size", "gaussian", "identity", 0),
    ],
)  # fmt: skip
def test_means_that_a_family_cannot_have(response, family, link, lost):
    data = rows(count=np.random.default_rng(3).negative_binomial(1.5, 0.3, N))
    m = mlm.glm(f"{response} ~ x", data, family, link)
    link_scale = m.predict(EXTREME)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        found = m.predict(EXTREME, type="response", se=True)
        effect = mlm.effect(m, "x", values=EXTREME["x"]).frame
    wanted = [f"1 {what} of 3 is NaN" for what in ("predicted mean", "value of the effect")] if lost else []
    assert [str(each.message)[: len(text)] for each, text in zip(said, wanted, strict=True)] == wanted
    assert all(each.category is mlm.ExtrapolationWarning for each in said)
    assert found["fit"].isna().sum() == found["se"].isna().sum() == lost
    np.testing.assert_array_equal(effect["fit"], found["fit"])
    assert np.isfinite(link_scale).all()
    inside = np.isfinite(effect["fit"]).to_numpy()
    assert not (effect["lower"] > effect["fit"])[inside].any()
    assert not (effect["upper"] < effect["fit"])[inside].any()


def test_limits_without_a_mean():
    """Where a band of the linear predictor ends below 0, one of its means has no limit."""
    data = rows()
    m = mlm.glm("size ~ x", data, "Gamma")
    at = [(0.1 - m.beta[0]) / m.beta[1]]
    link, band = (mlm.effect(m, "x", values=at, type=kind).frame.iloc[0] for kind in ("link", "response"))
    assert link["lower"] < 0 < link["upper"]
    assert np.isnan(band["upper"])
    assert band["lower"] == pytest.approx(1 / link["upper"])
    assert band["fit"] == pytest.approx(10.0)


def test_overflow_is_no_mean():
    m = mlm.glm("count ~ x", rows(), "poisson", "log")
    with pytest.warns(mlm.ExtrapolationWarning, match="1 predicted mean of 2 is NaN: those of the poisson family are"):
        found = m.predict({"x": [1e6 / m.beta[1], 0.0]}, type="response", se=True)
    assert np.isnan(found.iloc[0]).all()
    assert np.isfinite(found.iloc[1]).all()


@pytest.mark.parametrize("family", ["Gamma", "inverse.gaussian", "gaussian"])
@pytest.mark.parametrize("link", ["log", "inverse", "identity"])
def test_exact_fits(family, link):
    for data in ({"y": [2.5] * 6, "x": [1, 2, 3, 4, 5, 7]}, {"y": [1.0], "x": [2.0]}, {"y": [1.0, 2.0], "x": [0, 1]}):
        formula = "y ~ x" if len(data["y"]) == 2 else "y ~ 1"
        m = mlm.glm(formula, data, family, link)
        assert m.deviance == pytest.approx(0.0, abs=1e-25)
        assert np.isnan(m.loglik) or m.loglik > 30
        assert str(m.summary())
        assert str(m)
        assert len(m.glance()) == 1


def test_null_deviance_without_a_mean():
    data = rows()
    for response, family, link in (("size", "Gamma", "inverse"), ("size", "inverse.gaussian", "1/mu^2")):
        m = mlm.glm(f"{response} ~ 0 + f", data, family, link)
        assert np.isnan(m.null_deviance)
        assert str(m.summary())
    assert np.isfinite(mlm.glm("count ~ 0 + f", data, "poisson").null_deviance)


@pytest.mark.parametrize("fit", [mlm.glm, mlm.lm])
def test_designs_without_a_column(fit):
    data = rows(none=0.0, nothing=0.0)
    for formula, says in (
        ("y ~ 0", "has no coefficients to estimate; add"),
        ("y ~ 0 + none", "no coefficients to estimate, as none is 0 in all rows; add"),
        ("y ~ 0 + none + nothing", "as none, nothing are 0 in all rows"),
    ):
        with pytest.raises(mlm.FormulaError, match=says):
            fit(formula, data)


def test_effects_hold_an_offset_at_its_mean():
    """As R's effects 4.2 on linear, generalized and mixed models."""
    data = rows(o=np.linspace(0.1, 0.9, N), h=np.resize(list("uvwxy"), N))
    data["size"] += data.h.map(dict(zip("uvwxy", (0.0, 2.0, 4.0, 1.0, 3.0), strict=True)))
    models = [
        mlm.glm("count ~ x + f + offset(o)", data, "poisson"),
        mlm.glm("count ~ x + f", data, "poisson", offset="o"),
        mlm.lm("size ~ x + f + offset(o)", data),
        mlm.lmer("size ~ x + f + (1 | h)", data, offset=data.o.to_numpy()),
    ]
    for m in models:
        found = mlm.effect(m, "x", values=[0.0], at={"f": ["b"]})
        link = m.fixef["(Intercept)"] + m.fixef["fb"] + 0.5
        poisson = "poisson" in repr(m)
        assert found.frame["fit"].iloc[0] == pytest.approx(np.exp(link) if poisson else link, rel=1e-12)
        assert found.typical["the offset"] == pytest.approx(0.5)
        assert "the offset at 0.5" in str(found)
