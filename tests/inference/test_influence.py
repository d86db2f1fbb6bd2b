"""What groups and rows do to a fit: against lme4 and R's influence.measures, and against fits to the other rows."""

import json
import warnings
from functools import cache
from pathlib import Path

import brute
import numpy as np
import pandas as pd
import pytest
from reference.diagnosis import CASES, rows

import mlm

PATH = Path(__file__).parents[1] / "reference" / "diagnosis.json"
STORED = json.loads(PATH.read_text(encoding="utf-8"))["models"]
MIXED = [name for name in STORED if "without" in STORED[name]]
LINEAR = [name for name in MIXED if "family" not in CASES[name]]
ONE_LEVEL = [name for name in STORED if "measures" in STORED[name]]
PAIRS = [(name, group) for name in MIXED for group in STORED[name]["without"]]

# both sides are at the optimum to 1e-7 in theta; a generalized fit of lme4's ends where its search stops
CLOSE, GENERALIZED = 2e-6, 2e-3
# R's rows are stored with six digits
SIX = 1e-5


@cache
def fitted(name):
    case = CASES[name]
    data = rows(case.get("data", "main"))
    with warnings.catch_warnings():
        for kind in (mlm.SingularFitWarning, mlm.RankWarning):
            warnings.simplefilter("ignore", kind)
        if case.get("kind") == "lm":
            return mlm.lm(case["formula"], data)
        if case.get("kind") == "glm":
            return mlm.glm(case["formula"], data, case["family"], link=case.get("link"))
        if "family" in case:
            return mlm.glmer(case["formula"], data, case["family"])
        return mlm.lmer(case["formula"], data, **{key: case[key] for key in ("reml", "weights") if key in case})


@cache
def found(name, group=None, convention="lme4"):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.ConvergenceWarning)
        return mlm.influence(fitted(name), group, convention)


def table(stored):
    return np.column_stack([np.atleast_1d(np.array(column, dtype=float)) for column in stored.values()])


def in_order(stored):
    """lme4 takes levels as they come in the rows."""
    order = np.argsort(stored["levels"])

    def each(values):
        if isinstance(values, dict):
            return {key: each(value) for key, value in values.items()}
        return [values[k] for k in order]

    return each(stored)


@pytest.mark.parametrize(("name", "group"), PAIRS)
def test_groups_as_lme4(name, group):
    stored, ours, m = in_order(STORED[name]["without"][group]), found(name, group), fitted(name)
    close = GENERALIZED if "family" in CASES[name] else CLOSE
    assert list(ours.frame.index) == stored["levels"]
    errors = m.se.to_numpy()
    assert np.abs((ours.estimates.to_numpy() - table(stored["fixef"])) / errors).max() < close
    assert ours.cooks_distance.to_numpy() == pytest.approx(np.array(stored["cooks"]), rel=20 * close, abs=close)
    # lme4 takes the change the other way round than R's dfbeta() of linear models
    assert np.abs(ours.dfbetas.to_numpy() + table(stored["dfbetas"])).max() < 2 * close
    p = len(errors)
    theirs = np.array([np.reshape(each, (p, p)) for each in stored["vcov"]])
    ratio = np.linalg.det(theirs) / np.linalg.det(m.vcov.to_numpy())
    assert ours.covratio.to_numpy() == pytest.approx(ratio, rel=20 * close)
    change = m.fixef.to_numpy() - table(stored["fixef"])
    mdffits = [c @ np.linalg.solve(v, c) / p for c, v in zip(change, theirs, strict=True)]
    assert ours.dffits.to_numpy() == pytest.approx(np.array(mdffits), rel=20 * close, abs=close)
    trace = [abs(np.trace(np.linalg.solve(m.vcov.to_numpy(), v)) - p) for v in theirs]
    assert ours.covtrace.to_numpy() == pytest.approx(np.array(trace), abs=20 * close)


@pytest.mark.parametrize(("name", "group"), [pair for pair in PAIRS if pair[0] in LINEAR])
def test_variances_without_groups(name, group):
    ours, stored = found(name, group).variances, in_order(STORED[name]["without"][group])
    assert ours["sigma"].to_numpy() == pytest.approx(np.array(stored["sigma"]), rel=1e-6)


@pytest.mark.parametrize("name", LINEAR)
def test_rows_as_lme4(name):
    ours, stored = found(name), STORED[name]
    assert ours.leverage.to_numpy() == pytest.approx(np.array(stored["hat"]), rel=SIX)
    assert ours.cooks_distance.to_numpy() == pytest.approx(np.array(stored["cooks"]), rel=3 * SIX, abs=1e-9)


@pytest.mark.parametrize("name", ONE_LEVEL)
def test_rows_as_influence_measures(name):
    """R's search of a generalized model ends with 1e-6 of the deviance to go."""
    ours, stored = found(name), STORED[name]["measures"]
    p = len(fitted(name).fixef)
    theirs = table(stored)
    assert np.abs(ours.dfbetas.to_numpy() - theirs[:, :p]).max() < 2e-5
    for column, measure in enumerate(("dffits", "covratio", "cooks_distance", "leverage"), p):
        assert ours.frame[measure].to_numpy() == pytest.approx(theirs[:, column], rel=1e-4, abs=5e-6), measure


@pytest.mark.parametrize("name", list(brute.STRUCTURES)[::3])
@pytest.mark.parametrize("weights", [None, "w"])
def test_fits_to_the_other_rows(name, weights):
    data, formula = brute.data(3), brute.STRUCTURES[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.MlmWarning)
        m = mlm.lmer(formula, data, weights=weights)
        group = m.ngrps.index[-1]
        ours, labels = mlm.influence(m, group), m.groups[group].to_numpy()
        for level in ours.frame.index[:6]:
            other = mlm.lmer(formula, data[labels != level], weights=weights)
            change = ((ours.estimates.loc[level] - other.fixef) / other.se).to_numpy()
            assert np.abs(change).max(initial=0.0) < 1e-6
            assert ours.variances.loc[level, "sigma"] == pytest.approx(other.sigma, rel=1e-6)


def test_leverages_are_those_of_the_dense_hat_matrix():
    data = brute.data(4)
    m = mlm.lmer("y ~ x + (1 + x | g) + (1 | h)", data, weights="w")
    x, root = m.x.to_numpy(), np.sqrt(data["w"].to_numpy())
    v = np.diag(m.sigma**2 / data["w"].to_numpy())
    covariances = {"g": np.zeros((2, 2)), "h": np.zeros((1, 1))}
    for row in m.varcorr.itertuples():
        if row.grp == "Residual":
            continue
        names = ["(Intercept)", "x"]
        i, j = names.index(row.var1), names.index(row.var1 if pd.isna(row.var2) else row.var2)
        covariances[row.grp][i, j] = covariances[row.grp][j, i] = row.vcov
    z = {"g": np.column_stack([np.ones(len(x)), data["x"]]), "h": np.ones((len(x), 1))}
    between = sum(
        (z[g] @ covariances[g] @ z[g].T) * (data[g].to_numpy()[:, None] == data[g].to_numpy()) for g in ("g", "h")
    )
    total = v + between
    inverse = np.linalg.inv(total)
    fixed = x @ np.linalg.solve(x.T @ inverse @ x, x.T @ inverse)
    hat = fixed + between @ inverse @ (np.eye(len(x)) - fixed)
    assert mlm.influence(m).leverage.to_numpy() == pytest.approx(hat.diagonal(), rel=1e-9)
    assert root.min() > 0


def test_rows_of_a_mixed_model_are_taken_out_with_its_variances():
    """Changes, MDFFITS, covratio and covtrace by row, against dense algebra without the row."""
    data = brute.data(5)
    m = mlm.lmer("y ~ x + (1 | g)", data)
    x, y = m.x.to_numpy(), m.y.to_numpy()
    same = data["g"].to_numpy()[:, None] == data["g"].to_numpy()
    v = m.sigma**2 * np.eye(len(y)) + m.varcorr["vcov"].iloc[0] * same
    ours = mlm.influence(m)
    for i in (0, 17, 60):
        keep = np.arange(len(y)) != i
        inverse = np.linalg.inv(v[np.ix_(keep, keep)])
        covariance = np.linalg.inv(x[keep].T @ inverse @ x[keep])
        beta = covariance @ x[keep].T @ inverse @ y[keep]
        assert ours.estimates.iloc[i].to_numpy() == pytest.approx(beta, rel=1e-9)
        change = m.fixef.to_numpy() - beta
        assert ours.dffits.iloc[i] == pytest.approx(change @ np.linalg.solve(covariance, change) / 2, rel=1e-8)
        ratio = np.linalg.solve(m.vcov.to_numpy(), covariance)
        assert ours.covratio.iloc[i] == pytest.approx(np.linalg.det(ratio), rel=1e-8)
        assert ours.covtrace.iloc[i] == pytest.approx(abs(np.trace(ratio) - 2), rel=1e-7)


def test_conventions():
    one, other = found("one factor", "g"), found("one factor", "g", "HLMdiag")
    levels, p = len(one.frame), len(one.fixef)
    assert one.cooks_distance.to_numpy() == pytest.approx((levels - p) / levels * other.cooks_distance.to_numpy())
    assert one.dffits.equals(other.dffits)


def test_a_group_that_the_fixed_effects_need():
    """Without it the columns depend on one another: no numbers, and a line that says so."""
    rng = np.random.default_rng(2)
    data = pd.DataFrame({"g": np.repeat(np.arange(8), 6), "y": rng.normal(size=48)})
    data["y"] += rng.normal(size=8)[data["g"]]
    data["only"] = ((data["g"] == 3) & (np.arange(48) % 2 == 0)).astype(float)
    found = mlm.influence(mlm.lmer("y ~ only + (1 | g)", data), "g")
    assert found.estimates.loc[3].isna().all()
    assert found.frame.loc[3, "n"] == 6
    assert found.frame.drop(index=3).notna().all(axis=None)
    assert len(found.notes) == 1
    assert "(3)" in found.notes[0]
    assert found.notes[0] in str(found)


def test_two_groups_leave_too_few():
    data = pd.DataFrame({"g": list("aaabbb"), "y": [1.0, 2.0, 3.5, 5.0, 6.0, 7.5]})
    found = mlm.influence(mlm.lmer("y ~ 1 + (1 | g)", data), "g")
    assert found.cooks_distance.isna().all()
    assert "1 level of 'g' in 3 rows is left" in found.notes[0]


def test_what_is_refused():
    m = fitted("one factor")
    with pytest.raises(mlm.ArgumentError, match="grouping factor"):
        mlm.influence(m, "x")
    with pytest.raises(mlm.ArgumentError, match="convention"):
        mlm.influence(m, "g", "lme")
    with pytest.raises(mlm.ArgumentError, match="no grouping factors"):
        mlm.influence(fitted("linear"), "g")


def test_face():
    ours = found("unbalanced", "s")
    text = str(ours)
    assert text.startswith("Influence by level of s: the 10 of 15 with the largest of Cook's distances")
    assert ours.cooks_distance.idxmax() == text.splitlines()[4].split()[0]
    assert "mlm-influence" in ours._repr_html_()
    ours.frame["n"] = 0
    assert ours.dfbeta.shape == ours.estimates.shape


def alone(seed=1, n=60):
    """Rows of which the eighth has a category to itself."""
    rng = np.random.default_rng(seed)
    data = pd.DataFrame({"g": np.repeat(np.arange(n // 6), 6), "x": rng.normal(size=n)})
    data["q"] = np.where(np.arange(n) == 7, "one", "rest")
    data["y"] = data["x"] + rng.normal(size=n // 6)[data["g"]] + rng.normal(size=n)
    data["k"] = rng.poisson(3.0, n)
    data["w"] = rng.gamma(2.0, 1.0, n)
    return data


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", ["lm", "glm", "lmer", "weighted lmer", "glmer"])
def test_rows_that_are_fitted_whatever_they_are(kind, seed):
    """With a leverage of 1 there is nothing to measure: R's measures are NaN, not rounding over rounding."""
    data = alone(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.SingularFitWarning)
        m = {
            "lm": lambda: mlm.lm("y ~ q + x", data),
            "glm": lambda: mlm.glm("k ~ q + x", data, family="poisson"),
            "lmer": lambda: mlm.lmer("y ~ q + x + (1 | g)", data),
            "weighted lmer": lambda: mlm.lmer("y ~ q + x + (1 + x | g)", data, weights="w"),
            "glmer": lambda: mlm.glmer("k ~ q + x + (1 | g)", data, family="poisson"),
        }[kind]()
    found = mlm.influence(m)
    assert found.leverage.iloc[7] == pytest.approx(1.0, abs=1e-12)
    assert found.frame.iloc[7].drop("leverage").isna().all()
    assert found.estimates.iloc[7].isna().all()
    assert found.dfbetas.iloc[7].isna().all()
    others = np.arange(60) != 7
    for table in (found.frame, found.estimates, found.dfbetas):
        assert np.isfinite(table[others]).all(axis=None)
    assert np.isnan(m.residuals("standardized").iloc[7])
    assert np.isnan(m.augment()[".cooksd"].iloc[7])


def test_a_high_leverage_is_no_leverage_of_1():
    """A row that has all but a hundred-millionth of its fitted value to itself: without it, by hand."""
    data = alone()
    data.loc[7, "x"] = 3e4
    found = mlm.influence(mlm.lm("y ~ x", data))
    other = mlm.lm("y ~ x", data.drop(7))
    assert 1 - found.leverage.iloc[7] < 1e-7
    assert found.estimates.iloc[7].to_numpy() == pytest.approx(other.fixef.to_numpy(), rel=1e-6)


def test_without_fixed_effects():
    found = mlm.influence(mlm.lmer("y ~ 0 + (1 | g)", alone()))
    assert found.cooks_distance.isna().all()
    assert found.dffits.isna().all()


def test_as_many_groups_as_coefficients():
    """lme4's factor is 0 then, and with fewer groups negative: what is printed first are the largest by size."""
    data = alone(n=72)
    data["f"] = np.array(list("abcdefghijklm"))[np.arange(72) % 13]
    m = mlm.lmer("y ~ f + (1 | g)", data)
    ours, other = mlm.influence(m, "g"), mlm.influence(m, "g", "HLMdiag")
    assert (ours.cooks_distance < 0).all()
    assert (other.cooks_distance > 0).all()
    assert str(ours).splitlines()[4].split()[0] == str(ours.cooks_distance.idxmin())


def test_labels_that_are_no_labels_of_one_row():
    data = pd.concat([alone(1), alone(2)])
    text = str(mlm.influence(mlm.lmer("y ~ x + (1 | g)", data)))
    assert len(text.splitlines()) == 3 + 10


# What one of ten groups has more of than the others: of a predictor, its distance from them, weights, or the response.
HEAVY = {
    "predictor": ("y ~ x + (1 | g)", lambda d, rows, s: d.assign(x=np.where(rows, s * d["x"], d["x"]))),
    "crossed": ("y ~ x + (1 | g) + (1 | h)", lambda d, rows, s: d.assign(x=np.where(rows, s * d["x"], d["x"]))),
    "far away": ("y ~ x + (1 | g)", lambda d, rows, s: d.assign(x=np.where(rows, s + d["x"], d["x"]))),
    "weights": ("y ~ x + (1 | g)", lambda d, rows, s: d.assign(w=np.where(rows, s * s * d["w"], d["w"]))),
    "response": ("y ~ x + (1 | g)", lambda d, rows, s: d.assign(y=np.where(rows, s * d["y"], d["y"]))),
    "slopes": ("y ~ 1 + (0 + x | g) + (1 | g)", lambda d, rows, s: d.assign(x=np.where(rows, s * d["x"], d["x"]))),
}


@pytest.mark.parametrize("scale", [1e2, 1e5, 1e7])
@pytest.mark.parametrize("name", list(HEAVY))
@pytest.mark.filterwarnings("ignore::mlm.MlmWarning")
def test_a_group_that_has_most_of_the_sums(name, scale):
    """Without it there is what a fit to the other rows finds, to the last digits."""
    formula, change = HEAVY[name]
    rows_of = alone(5, 72)
    rows_of["h"] = np.arange(72) % 5
    rows_of["y"] += 1.5 * np.random.default_rng(2).normal(size=12)[rows_of["g"]] * rows_of["x"]
    data = change(rows_of, (rows_of["g"] == 4).to_numpy(), scale)
    found = mlm.influence(mlm.lmer(formula, data, weights="w"), "g")
    other = mlm.lmer(formula, data[data["g"] != 4], weights="w")
    assert np.abs((found.estimates.loc[4] - other.fixef) / other.se).max() < 1e-7
    assert found.variances.loc[4, "sigma"] == pytest.approx(other.sigma, rel=1e-7)


@pytest.mark.filterwarnings("ignore::mlm.SingularFitWarning")
def test_what_is_said_of_groups_that_are_not_there():
    data = alone(n=72)
    data["s"] = np.arange(72) % 3
    m = mlm.lmer("y ~ x + (1 | g/s)", data)
    for wrong in ("g:s", "g/s"):
        with pytest.raises(mlm.ArgumentError, match="Did you mean 's:g'"):
            mlm.influence(m, wrong)
    with pytest.raises(mlm.ArgumentError, match=r"got Series\.$"):
        mlm.influence(m, data["g"])


def test_conventions_are_of_groups():
    with pytest.raises(mlm.ArgumentError, match="by group"):
        mlm.influence(fitted("one factor"), convention="HLMdiag")


def test_progress(capsys, monkeypatch):
    """Counted on standard error where it takes more than a moment, and where that is asked for or a terminal."""
    monkeypatch.setattr("mlm.console.MOMENT", -1.0)
    m = mlm.lmer("y ~ x + (1 | g)", alone())
    mlm.influence(m, "g", progress=True)
    assert "influence: 10 of 10" in capsys.readouterr().err
    mlm.influence(m, "g")
    assert not capsys.readouterr().err
    with pytest.raises(mlm.ArgumentError, match="progress"):
        mlm.influence(m, "g", progress="yes")
