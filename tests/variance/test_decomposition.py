"""Rights and Sterba's decomposition, by its identities and by simulation; principal components against lme4."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from reference.diagnosis import CASES, rows

import mlm

PATH = Path(__file__).parents[1] / "reference" / "diagnosis.json"
STORED = json.loads(PATH.read_text(encoding="utf-8"))["models"]
pytestmark = pytest.mark.filterwarnings("ignore::mlm.SingularFitWarning")


def data(groups=40, size=12, seed=1):
    rng = np.random.default_rng(seed)
    d = pd.DataFrame({"g": np.repeat(np.arange(groups), size), "x": rng.normal(1.0, 2.0, groups * size)})
    d["x"] += rng.normal(size=groups)[d["g"]]
    d["v"] = rng.normal(size=groups)[d["g"]]
    d["b"] = d.groupby("g")["x"].transform("mean")
    d["w"] = d["x"] - d["b"]
    effects = rng.normal(size=(2, groups))
    d["y"] = 1 + 0.6 * d["w"] - 0.4 * d["b"] + 0.5 * d["v"] + effects[0][d["g"]] + 0.5 * effects[1][d["g"]] * d["w"]
    d["y"] += rng.normal(size=len(d))
    return d


def test_identities_of_centred_predictors():
    d = data()
    m = mlm.lmer("y ~ w + b + v + v:w + (1 + w | g)", d)
    found = mlm.r2(m).decomposition
    assert found.centred
    tau, slope = m.varcorr["vcov"].iloc[:2]
    beta = m.fixef
    within = (beta["w"] + beta[next(name for name in beta.index if ":" in name)] * d["v"]) * d["w"]
    between = beta["b"] * d["b"] + beta["v"] * d["v"]
    expected = [within.var(), between.var(), slope * d["w"].var(), tau, m.sigma**2]
    assert found.variances.to_numpy() == pytest.approx(expected, rel=1e-9)
    assert found.shares.sum().tolist() == pytest.approx([1.0, 1.0, 1.0])
    f1, f2, v, mean, sigma2 = expected
    assert found.r2.loc["f1", "within"] == pytest.approx(f1 / (f1 + v + sigma2))
    assert found.r2.loc["f2", "between"] == pytest.approx(f2 / (f2 + mean))
    assert found.r2.loc["fv", "within"] == pytest.approx((f1 + v) / (f1 + v + sigma2))
    assert found.r2.loc["fvm", "total"] == pytest.approx(1 - sigma2 / sum(expected))
    assert np.isnan(found.r2.loc["f1", "between"])
    assert found.r2.loc["f", "total"] == pytest.approx(mlm.r2(m).marginal, rel=2e-3)  # variances over n - 1 and n


def test_predictors_that_vary_in_both_ways():
    d = data()
    m = mlm.lmer("y ~ x + (1 + x | g)", d)
    found = mlm.r2(m).decomposition
    covariance = m.varcorr["vcov"].to_numpy()
    mean = np.array([1.0, d["x"].mean()])
    tau = np.array([[covariance[0], covariance[2]], [covariance[2], covariance[1]]])
    assert not found.centred
    assert found.variances["mean variation"] == pytest.approx(mean @ tau @ mean)
    assert found.variances["slope variation"] == pytest.approx(covariance[1] * d["x"].var())
    assert list(found.r2.index) == ["v", "m", "f", "fv", "fvm"]
    assert list(found.r2.columns) == ["total"]
    assert "centre them" in str(found)


def test_simulated_variances():
    """What is decomposed is the variance of responses of the model: by many draws for the same predictors."""
    d = data(60, 15, 3)
    m = mlm.lmer("y ~ w + b + (1 + w | g)", d)
    found = mlm.r2(m).decomposition.variances
    rng, tau = np.random.default_rng(4), np.zeros((2, 2))
    covariance = m.varcorr["vcov"].to_numpy()
    tau[:] = [[covariance[0], covariance[2]], [covariance[2], covariance[1]]]
    fixed, within = m.x.to_numpy() @ m.fixef.to_numpy(), []
    total = []
    for _ in range(1500):
        b = rng.multivariate_normal([0, 0], tau, 60)
        y = fixed + b[d["g"], 0] + b[d["g"], 1] * d["w"].to_numpy() + m.sigma * rng.normal(size=len(d))
        total.append(np.var(y, ddof=1))
        means = np.bincount(d["g"], y) / 15
        within.append(np.sum((y - means[d["g"]]) ** 2) / (len(d) - 60))
    # group means vary by a row's share of the residuals, and 59 of 60 parts of the means' variance show
    assert np.mean(total) == pytest.approx(found.sum(), rel=0.02)
    scale = (len(d) - 1) / (len(d) - 60)
    expected = (found["fixed, within"] + found["slope variation"]) * scale + found["sigma2"]
    assert np.mean(within) == pytest.approx(expected, rel=0.01)


def test_no_decomposition():
    assert mlm.r2(mlm.lmer("y ~ A + (1 | g) + (1 | h)", rows("main"))).decomposition is None


@pytest.mark.parametrize("name", [name for name in STORED if "pca_summary" in STORED[name]])
def test_components_as_lme4(name):
    """Prints of factors with random effects that vary; what is 0 is rounding in R."""
    case = CASES[name]
    frame = rows(case.get("data", "main"))
    if "family" in case:
        m = mlm.glmer(case["formula"], frame, case["family"])
    else:
        m = mlm.lmer(case["formula"], frame, **{key: case[key] for key in ("reml", "weights") if key in case})
    found = mlm.re_pca(m)
    theirs = "\n".join(line.rstrip() for line in STORED[name]["pca_summary"]).strip()
    ours = "\n".join(line.rstrip() for line in str(found).splitlines())
    varies = (found.frame["sd"] > 1e-3) | found.frame["proportion"].isna()
    if "family" not in case and varies.all():
        assert ours == theirs
    for group, directions in found.rotation.items():
        assert directions.T.to_numpy() @ directions.to_numpy() == pytest.approx(np.eye(len(directions)), abs=1e-12)
        of_group = found.frame[found.frame["grp"] == group]
        expected = 1.0 if of_group["sd"].any() else np.nan
        assert of_group["proportion"].sum(skipna=False) == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize("decimals", [3, 6])
def test_predictors_of_a_file_with_few_decimals(decimals):
    """Group means of rounded columns are not 0: they count as such, and the shares are those of all digits."""
    d = data()
    exact = mlm.r2(mlm.lmer("y ~ w + b + v + (1 + w | g)", d))
    found = mlm.r2(mlm.lmer("y ~ w + b + v + (1 + w | g)", d.round(decimals))).decomposition
    assert found.centred
    assert found.shares.to_numpy() == pytest.approx(exact.decomposition.shares.to_numpy(), abs=2e-3, nan_ok=True)


def test_how_nearly_centred():
    d = data()
    d["w"] += 0.01 * d["v"]
    m = mlm.lmer("y ~ w + v + (1 | g)", d)
    assert not mlm.r2(m).decomposition.centred
    assert mlm.r2(m, centred=0.1).decomposition.centred
    for wrong in (-1, 1, "a", True, np.nan):
        with pytest.raises(mlm.ArgumentError, match="`centred` is a share"):
            mlm.r2(m, centred=wrong)


def test_a_year_does_not_count_as_constant():
    """What varies little beside its distance from 0 varies within groups all the same."""
    d = data()
    d["year"] = 2000 + d["w"]
    assert not mlm.r2(mlm.lmer("y ~ year + (1 | g)", d)).decomposition.centred


def test_faces():
    m = mlm.lmer("y ~ w + b + (1 | g)", data())
    r2, icc = mlm.r2(m), mlm.icc(m)
    assert r2.frame["marginal"].item() == r2.marginal
    assert r2.frame.loc[:, "level1":].isna().all(axis=None)
    assert icc.frame.to_numpy().tolist() == [[icc.adjusted, icc.unadjusted]]
    for found, kind in ((r2, "r2"), (icc, "icc"), (r2.decomposition, "decomposition")):
        tag, _, text = found._repr_html_().partition(">")
        assert f"mlm-{kind}" in tag
        assert text.startswith(str(found).splitlines()[0])
