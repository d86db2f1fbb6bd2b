"""What a generalized mixed model tells, and what must not change it."""

import pickle

import numpy as np
import pandas as pd
import pytest

import mlm

N = 300
RNG = np.random.default_rng(11)
DATA = pd.DataFrame({"g": RNG.integers(0, 25, N), "h": RNG.integers(0, 8, N), "x": RNG.normal(size=N).round(3)})
DATA["f"] = RNG.choice(list("abc"), N)
EFFECTS = RNG.normal(0, 0.8, (2, 25))
ETA = 0.3 + 0.6 * DATA["x"] + EFFECTS[0][DATA["g"]] + 0.6 * EFFECTS[1][DATA["g"]] * DATA["x"]
DATA["n"] = RNG.integers(1, 8, N)
DATA["yes"] = RNG.binomial(DATA["n"], 1 / (1 + np.exp(-ETA)))
DATA["no"] = DATA["n"] - DATA["yes"]
DATA["share"] = DATA["yes"] / DATA["n"]
DATA["y"] = (RNG.random(N) < 1 / (1 + np.exp(-ETA))).astype(int)
DATA["count"] = RNG.poisson(np.exp(0.5 * ETA + RNG.normal(0, 0.5, 8)[DATA["h"]]))
DATA["much"] = RNG.negative_binomial(2.0, 2.0 / (2.0 + np.exp(1.0 + 0.4 * DATA["x"] + EFFECTS[0][DATA["g"]])))
FORMULA = "cbind(yes, no) ~ x + f + (x | g)"


@pytest.fixture(scope="module")
def m():
    return mlm.glmer(FORMULA, DATA)


def same(a, b, close=1e-6):
    assert a.loglik == pytest.approx(b.loglik, abs=1e-7)
    assert np.abs((a.fixef.to_numpy() - b.fixef.to_numpy()) / a.se.to_numpy()).max() < 1e-4
    assert a.se.to_numpy() == pytest.approx(b.se.to_numpy(), rel=1e-4)
    assert a.varcorr["vcov"].to_numpy() == pytest.approx(b.varcorr["vcov"].to_numpy(), rel=1e-3, abs=close)


def test_shares_are_counts(m):
    same(m, mlm.glmer("share ~ x + f + (x | g)", DATA, weights="n"))


def test_one_row_a_trial(m):
    """Successes and failures as rows of their own: another constant, the same estimates."""
    long = DATA.loc[DATA.index.repeat(DATA["n"])].copy()
    place = long.groupby(level=0).cumcount()
    long["one"] = (place < long["yes"]).astype(int)
    each = mlm.glmer("one ~ x + f + (x | g)", long.reset_index(drop=True))
    assert each.fixef.to_numpy() == pytest.approx(m.fixef.to_numpy(), abs=1e-5)
    assert each.se.to_numpy() == pytest.approx(m.se.to_numpy(), rel=1e-4)
    assert each.theta == pytest.approx(m.theta, abs=1e-4)


def test_order_of_rows(m):
    same(m, mlm.glmer(FORMULA, DATA.sample(frac=1, random_state=1)))


@pytest.mark.parametrize("unit", [1e-6, 1e6])
def test_units(m, unit):
    other = mlm.glmer(FORMULA, DATA.assign(x=DATA["x"] * unit))
    assert other.loglik == pytest.approx(m.loglik, abs=1e-7)
    assert other.fixef["x"] * unit == pytest.approx(m.fixef["x"], rel=1e-4)
    assert other.se["x"] * unit == pytest.approx(m.se["x"], rel=1e-4)


def test_origin(m):
    other = mlm.glmer(FORMULA, DATA.assign(x=DATA["x"] + 2000.0))
    assert other.loglik == pytest.approx(m.loglik, abs=1e-6)
    assert other.se["x"] == pytest.approx(m.se["x"], rel=1e-3)


def test_double_bar_is_two_terms():
    same(
        mlm.glmer("cbind(yes, no) ~ x + (x || g)", DATA), mlm.glmer("cbind(yes, no) ~ x + (1 | g) + (0 + x | g)", DATA)
    )


def test_crossed_factors_in_either_order():
    same(
        mlm.glmer("count ~ x + (1 | g) + (1 | h)", DATA, "poisson"),
        mlm.glmer("count ~ x + (1 | h) + (1 | g)", DATA, "poisson"),
    )


def test_successes_exchanged_with_failures(m):
    other = mlm.glmer("cbind(no, yes) ~ x + f + (x | g)", DATA)
    assert other.loglik == pytest.approx(m.loglik, abs=1e-7)
    assert other.fixef.to_numpy() == pytest.approx(-m.fixef.to_numpy(), abs=1e-4)


@pytest.mark.parametrize("nodes", [3, 9, 21])
def test_quadrature_comes_to_a_limit(nodes):
    found = mlm.glmer("cbind(yes, no) ~ x + (x | g)", DATA, n_agq=nodes)
    limit = mlm.glmer("cbind(yes, no) ~ x + (x | g)", DATA, n_agq=25)
    assert found.loglik == pytest.approx(limit.loglik, abs=0.1 * 0.2 ** (nodes / 3))


def test_laplace_is_a_maximum(m):
    """By the criterion of the user's parameters, which knows no search."""
    f, theta, beta = m.deviance_function, m.theta, m.fixef.to_numpy()
    least = f.value(theta, beta)
    assert least == pytest.approx(-2.0 * m.loglik, abs=1e-8)
    for k, se in enumerate(m.se):
        for step in (-0.1 * se, 0.1 * se):
            assert f.value(theta, beta + step * np.eye(len(beta))[k]) > least + 1e-3
    for k in range(len(theta)):
        for step in (-0.02, 0.02):
            assert f.value(theta + step * np.eye(len(theta))[k], beta) > least


def test_fast_and_approximate(m):
    fast = mlm.glmer(FORMULA, DATA, n_agq=0)
    assert fast.converged
    assert fast.loglik < m.loglik  # Laplace's criterion, at other estimates
    assert np.abs((fast.fixef - m.fixef) / m.se).max() < 1.0
    assert fast.vcov.equals(fast.covariance(use_hessian=False))


def test_covariances(m):
    exact, known = m.covariance(), m.covariance(use_hessian=False)
    assert exact.equals(m.vcov)
    assert np.sqrt(np.diag(exact)) == pytest.approx(np.sqrt(np.diag(known)), rel=0.1)
    assert np.abs(exact - known).to_numpy().max() > 1e-6


def test_numbers_of_a_fit(m):
    assert (m.nobs, m.npar, m.df_resid) == (N, 4 + 3, N - 7)
    assert m.aic == pytest.approx(-2 * m.loglik + 2 * m.npar)
    assert m.bic == pytest.approx(-2 * m.loglik + np.log(N) * m.npar)
    assert m.sigma == 1.0
    assert list(m.varcorr["grp"]) == ["g", "g", "g"]
    assert m.deviance == pytest.approx((m.resid**2).sum())
    assert m.ngrps.to_dict() == {"g": 25}
    assert m.converged
    assert not m.messages


def test_fitted_means_are_of_the_predictor(m):
    eta = m.frame.x @ m.fixef.to_numpy()
    modes = m.ranef().pivot(index="grp", columns="term", values="condval")
    eta += modes["(Intercept)"].loc[DATA["g"]].to_numpy() + modes["x"].loc[DATA["g"]].to_numpy() * DATA["x"].to_numpy()
    assert m.linear_predictors.to_numpy() == pytest.approx(eta, abs=1e-10)
    assert m.fitted.to_numpy() == pytest.approx(1 / (1 + np.exp(-eta)), abs=1e-10)
    assert m.predict().to_numpy() == pytest.approx(eta, abs=1e-10)
    assert m.predict(DATA, type="response").to_numpy() == pytest.approx(m.fitted.to_numpy(), abs=1e-10)
    assert m.predict(re_form=False).to_numpy() == pytest.approx(m.frame.x @ m.fixef.to_numpy(), abs=1e-10)


def test_conditional_deviations(m):
    """One level's are those of its rows' information and the covariance of the effects."""
    level = 3
    rows = (DATA["g"] == level).to_numpy()
    z = np.column_stack([np.ones(rows.sum()), DATA["x"][rows]])
    mu = m.fitted.to_numpy()[rows]
    variances = m.varcorr["vcov"].to_numpy()
    sigma = np.array([[variances[0], variances[2]], [variances[2], variances[1]]])
    information = z.T @ (z * (DATA["n"][rows] * mu * (1 - mu)).to_numpy()[:, None])
    expected = np.sqrt(np.diag(np.linalg.inv(information + np.linalg.inv(sigma))))
    table = m.ranef()
    assert table[table["grp"] == level]["condsd"].to_numpy() == pytest.approx(expected, rel=1e-6)


def test_negative_binomial():
    m = mlm.glmer("much ~ x + (1 | g)", DATA, "negative.binomial")
    assert 0.5 < m.family.theta < 6.0
    f = m.deviance_function
    assert f.value(m.theta, m.fixef.to_numpy()) == pytest.approx(-2 * m.loglik, abs=1e-8)
    assert m.npar == 4
    from mlm.fit.generalized_criterion import with_size

    at = m.optimum.evaluation
    for change in (-0.05, 0.05):
        other = with_size(m.optimum.laplace, np.log(m.family.theta) + change).evaluate(at.theta, at.beta)
        assert other.value > at.value


def test_start_does_not_matter(m):
    same(m, mlm.glmer(FORMULA, DATA, start={"theta": [0.3, 0.2, 1.5], "fixef": [1.0, 0, 0, 0]}))


def test_saved(m):
    again = pickle.loads(pickle.dumps(m))
    assert again.fixef.equals(m.fixef)
    assert again.vcov.equals(m.vcov)
    assert again.predict(DATA).equals(m.predict(DATA))


def test_missing_rows_are_said():
    with pytest.warns(mlm.MissingRowsWarning):
        m = mlm.glmer("y ~ x + (1 | g)", DATA.assign(x=DATA["x"].where(DATA.index != 5)))
    assert m.nobs == N - 1
    assert 5 not in m.fitted.index


def test_printed(m):
    text = str(m.summary())
    assert " Family: binomial  ( logit )" in text
    assert "Pr(>|z|)" in text
    assert "Residual" not in text.split("Random effects:")[1].split("Fixed effects:")[0]
    assert f"{-2 * m.loglik:.1f}" in text
    assert str(m).splitlines()[2] == " Family: binomial  ( logit )"
    quadrature = mlm.glmer("y ~ x + (1 | g)", DATA, n_agq=5)
    assert "nAGQ = 5" in str(quadrature)


def test_approximate_fits_say_so():
    fast, smaller = (mlm.glmer(f"y ~ {x} + (1 | g)", DATA, n_agq=0) for x in ("x", "1"))
    for shown in (fast, fast.summary(), mlm.anova(smaller, fast)):
        assert str(shown).splitlines()[-1].startswith("n_agq=0 is approximate")
    assert "approximate" not in str(mlm.anova(*(mlm.glmer(f"y ~ {x} + (1 | g)", DATA) for x in ("x", "1"))))


def test_verbose_prints_every_evaluation(capsys):
    m = mlm.glmer("y ~ x + (1 | g)", DATA, verbose=True)
    assert len(capsys.readouterr().out.splitlines()) == len(m.optimizer_info.log)


def test_tables(m):
    assert m.coefficients().columns.tolist() == ["Estimate", "Std. Error", "z value", "Pr(>|z|)"]
    tidy = m.tidy(conf_int=True, exponentiate=True)
    assert tidy["term"].tolist()[-3:] == ["sd__(Intercept)", "cor__(Intercept).x", "sd__x"]
    assert tidy["estimate"][1] == pytest.approx(np.exp(m.fixef["x"]))
    assert tidy["std.error"][1] == pytest.approx(np.exp(m.fixef["x"]) * m.se["x"])  # broom.mixed's, not broom's
    assert tidy["estimate"].iloc[-1] == m.tidy()["estimate"].iloc[-1]
    assert m.exp_table()["odds ratio"]["x"] == pytest.approx(np.exp(m.fixef["x"]))
    assert m.coef().shape == (25, 4)
    with pytest.raises(mlm.FitError, match="normal distribution"):
        m.coefficients("satterthwaite")


@pytest.mark.parametrize(
    ("formula", "family", "link"),
    [
        (FORMULA, "binomial", None),
        ("count ~ x + (1 | g) + (1 | h)", "poisson", None),
        ("count ~ f + (0 + x | h) + (1 | g) + (1 | g:h)", "poisson", None),
        ("y ~ x + (1 | g)", "binomial", "cloglog"),
        ("I(much + 1) ~ x + (1 | g)", "Gamma", "log"),
    ],
)
def test_standardized_residuals(formula, family, link):
    """By the hat matrix of the weighted least-squares problem, written out."""
    m = mlm.glmer(formula, DATA, family, link)
    z = []
    for slot, part in zip(m.deviance_function.layout.slots, m.terms, strict=True):
        block = slice(slot.start, slot.start + slot.size)
        t = m.deviance_function.layout.matrices(m.theta)[slot.factor][block, block]
        levels = m.frame.groupings[part.term.group]
        indicators = np.eye(levels.size)[levels.codes]
        z += [indicators * column[:, None] for column in (part.columns.matrix() @ t).T]
    z = np.concatenate(z, axis=1)
    root = np.sqrt(m.outcome.weights * m.family.working_weights(m.linear_predictors.to_numpy()))[:, None]
    penalty = np.zeros((z.shape[1], z.shape[1] + len(m.fixef)))
    penalty[:, : z.shape[1]] = np.eye(z.shape[1])
    q = np.linalg.qr(np.vstack([np.hstack([z, m.frame.x]) * root, penalty]))[0][:N]
    h = (q**2).sum(axis=1)
    assert m.leverages == pytest.approx(h, rel=1e-6)
    expected = m.resid / (m.sigma * np.sqrt(1 - h))
    assert m.residuals("standardized").to_numpy() == pytest.approx(expected.to_numpy(), rel=1e-6)
    with pytest.raises(mlm.ArgumentError, match="of the whole fit: leave `re_form` out"):
        m.residuals("standardized", re_form=False)
