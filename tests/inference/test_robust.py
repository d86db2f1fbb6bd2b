"""Cluster-robust covariances: against clubSandwich, and by dense algebra from the definitions."""

import json
from pathlib import Path

import brute
import numpy as np
import pandas as pd
import pytest
from reference.diagnosis import CASES, rows
from scipy import linalg

import mlm

PATH = Path(__file__).parents[1] / "reference" / "diagnosis.json"
STORED = {
    name: stored["robust"]
    for name, stored in json.loads(PATH.read_text(encoding="utf-8"))["models"].items()
    if "robust" in stored and name != "offset"  # clubSandwich 0.5.8 does not take the offset off the residuals
}


def fitted(name):
    case = CASES[name]
    data = rows(case.get("data", "main"))
    if case.get("kind") == "lm":
        return mlm.lm(case["formula"], data), data[case["cluster"]]
    return mlm.lmer(case["formula"], data, reml=case.get("reml", True)), case["cluster"]


@pytest.mark.filterwarnings("ignore::mlm.SingularFitWarning")
@pytest.mark.parametrize("kind", ["CR0", "CR1", "CR2"])
@pytest.mark.parametrize("name", STORED)
def test_as_clubsandwich(name, kind):
    m, cluster = fitted(name)
    stored, p = STORED[name][kind], len(m.fixef)
    theirs = np.reshape(np.array(stored["vcov"], dtype=float), (p, p))
    ours = mlm.robust_vcov(m, kind, cluster).to_numpy()
    scale = np.sqrt(np.outer(theirs.diagonal(), theirs.diagonal()))
    assert np.abs((ours - theirs) / scale).max() < 1e-5
    table = mlm.robust_coefficients(m, kind, cluster).frame
    assert table["Std. Error"].to_numpy() == pytest.approx(np.sqrt(ours.diagonal()))
    assert table["df"].to_numpy() == pytest.approx(np.array(stored["df"], dtype=float), rel=2e-5)
    assert table["Pr(>|t|)"].to_numpy() == pytest.approx(np.array(stored["p"], dtype=float), rel=1e-4)


def dense(m, data, group, kind):
    """From the definitions, with the whole hat matrix."""
    x, n = m.x.to_numpy(), m.nobs
    same = data["g"].to_numpy()[:, None] == data["g"].to_numpy()
    tau, slope = m.varcorr["vcov"].iloc[0], m.varcorr["vcov"].iloc[1]
    v = np.diag(m.sigma**2 / data["w"].to_numpy()) + same * (tau + slope * np.outer(data["x"], data["x"]))
    w = np.linalg.inv(v)
    bread = np.linalg.inv(x.T @ w @ x)
    hat = np.eye(n) - x @ bread @ x.T @ w
    e = m.y.to_numpy() - x @ m.fixef.to_numpy()
    meat = np.zeros_like(bread)
    for level in np.unique(group):
        mine = group == level
        a = np.eye(mine.sum())
        if kind == "CR2":
            root = np.linalg.cholesky(v[np.ix_(mine, mine)]).T
            inner = root @ hat[mine] @ v @ hat[mine].T @ root.T
            a = root.T @ linalg.inv(linalg.sqrtm(inner).real) @ root
        s = x[mine].T @ w[np.ix_(mine, mine)] @ a @ e[mine]
        meat += np.outer(s, s)
    count = len(np.unique(group))
    return bread @ meat @ bread * (count / (count - 1) if kind == "CR1" else 1.0)


@pytest.mark.parametrize("kind", ["CR0", "CR1", "CR2"])
@pytest.mark.parametrize("above", [False, True])
def test_with_weights_and_clusters_above_the_groups(kind, above):
    data = brute.data(6)
    m = mlm.lmer("y ~ x + (1 | g) + (0 + x | g)", data, weights="w")
    group = (data["g"] // 3 if above else data["g"]).to_numpy()
    ours = mlm.robust_vcov(m, kind, group if above else None).to_numpy()
    assert ours == pytest.approx(dense(m, data, group, kind), rel=1e-7)


def test_an_offset_is_taken_off():
    data = brute.data(6)
    one = mlm.lmer("y ~ x + offset(z) + (1 | g)", data)
    other = mlm.lmer("net ~ x + (1 | g)", data.assign(net=data["y"] - data["z"]))
    for kind in ("CR0", "CR2"):
        assert mlm.robust_vcov(one, kind).to_numpy() == pytest.approx(mlm.robust_vcov(other, kind).to_numpy(), rel=1e-7)


def test_clusters_are_aligned_by_label():
    data = brute.data(6)
    m = mlm.lm("y ~ x", data)
    shuffled = data["g"].sample(frac=1, random_state=1)
    assert mlm.robust_vcov(m, cluster=shuffled).equals(mlm.robust_vcov(m, cluster=data["g"].to_numpy()))


def test_clusters_of_other_rows_are_not_taken_one_after_the_other():
    data = brute.data(6)
    m = mlm.lm("y ~ x", data.set_axis([f"row {k}" for k in range(len(data))]))
    want = mlm.robust_vcov(m, cluster=data["g"].to_numpy())
    named = data["g"].set_axis(m.frame.index)
    more = pd.concat([named.sample(frac=1, random_state=3), pd.Series({"another": 99})])
    for cluster in (named, more, more.to_dict(), data["g"].tolist()):
        assert mlm.robust_vcov(m, cluster=cluster).equals(want)
    for wrong, why in (
        (data["g"], "no value for the row 'row 0'"),
        (named.rename({"row 7": "row 8"}), "no value for the row 'row 7'"),
        (named.iloc[:-1].to_dict(), "no value for the row 'row 95'"),
        (pd.concat([named, named]), "rows with one label"),
    ):
        with pytest.raises(mlm.ArgumentError, match=why):
            mlm.robust_vcov(m, cluster=wrong)


def test_labels_that_are_there_twice_stay_in_their_order():
    data = pd.concat([brute.data(6)] * 2)
    m = mlm.lm("y ~ x", data)
    assert mlm.robust_vcov(m, cluster=data["g"]).equals(mlm.robust_vcov(m, cluster=data["g"].to_numpy()))


def test_what_is_refused():
    data = brute.data(6)
    m = mlm.lmer("y ~ x + (1 | g)", data)
    with pytest.raises(mlm.FitError, match="levels of 'g' have rows in several clusters"):
        mlm.robust_vcov(m, cluster=data["h"])
    with pytest.raises(mlm.ArgumentError, match="not a grouping factor"):
        mlm.robust_vcov(m, cluster="k")
    with pytest.raises(mlm.ArgumentError, match="`kind`"):
        mlm.robust_vcov(m, "HC3")
    with pytest.raises(mlm.ArgumentError, match="no groups of its own"):
        mlm.robust_vcov(mlm.lm("y ~ x", data))
    with pytest.raises(mlm.FitError, match="one cluster"):
        mlm.robust_vcov(mlm.lm("y ~ x", data), cluster=np.zeros(len(data)))
    with pytest.raises(mlm.ArgumentError, match="3 values for the 96 rows"):
        mlm.robust_vcov(mlm.lm("y ~ x", data), cluster=[1, 2, 3])
    with pytest.raises(mlm.ArgumentError, match="missing in 96 rows"):
        mlm.robust_vcov(mlm.lm("y ~ x", data), cluster=pd.Series(np.full(96, np.nan)))
    with pytest.raises(mlm.ArgumentError, match="binomial family"):
        mlm.robust_vcov(mlm.glm("up ~ x", data.assign(up=data["y"] > 10)), cluster=data["g"])


def test_face_of_coefficients():
    m = mlm.lmer("y ~ x + (1 | g)", brute.data(2))
    found = mlm.robust_coefficients(m)
    lines = str(found).splitlines()
    assert lines[0] == f"Coefficients, standard errors by CR2 of {m.ngrps['g']} clusters:"
    assert lines[1].split() == ["Estimate", "Std.", "Error", "df", "t", "value", "Pr(>|t|)"]
    assert [line.split()[0] for line in lines[2:4]] == ["(Intercept)", "x"]
    assert found.kind == "CR2"
    assert found._repr_html_().startswith('<pre class="mlm-robust')


def test_levels_that_clusters_cut_are_counted_once():
    data = brute.data(2)
    data["cut"] = np.arange(len(data)) % 3
    several = int((data.groupby("g")["cut"].nunique() > 1).sum())
    m = mlm.lmer("y ~ x + (1 | g)", data)
    with pytest.raises(mlm.FitError, match=rf"^{several} levels of 'g' have rows in several clusters"):
        mlm.robust_vcov(m, cluster=data["cut"])


def test_a_predictor_is_no_factor_and_no_suggestion():
    m = mlm.lmer("y ~ x + (1 | g)", brute.data(2))
    with pytest.raises(mlm.ArgumentError, match=r"such as data\['x'\]\.$"):
        mlm.robust_vcov(m, cluster="x")
