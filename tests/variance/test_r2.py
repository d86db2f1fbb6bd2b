"""Explained variance: against performance 0.10.2 (insight 0.19.0) and by hand."""

import math

import pytest
from rmodels import counted_by_insight, data, lines, numbers, reference

import mlm
from mlm.variance.r2 import r2

REFERENCE = reference()


@pytest.mark.parametrize("case", counted_by_insight(), ids=lambda case: case["formula"])
def test_r2_is_that_of_performance(case):
    m = mlm.lmer(case["formula"], data(), reml=case["reml"])
    # both sides are at optima found to about 1e-8
    conditional, marginal = numbers(case["r2"])
    assert r2(m).conditional == pytest.approx(conditional, rel=1e-6)
    assert r2(m).marginal == pytest.approx(marginal, rel=1e-6, abs=1e-12)


def test_r2_prints_as_performance():
    assert repr(r2(mlm.lmer("y ~ x + (1 | g)", data()))).split("\n") == lines(REFERENCE["r2_text"])


def test_r2_against_the_null_model():
    null = mlm.lmer("y ~ 1 + (1 | g)", data(), reml=False)
    m = mlm.lmer("y ~ x + w + (1 | g)", data(), reml=False)
    (tau0, sigma0), (tau, sigma) = null.varcorr["vcov"], m.varcorr["vcov"]
    found = r2(m, null=null)
    assert found.level1 == pytest.approx((sigma0 - sigma) / sigma0)
    assert found.level2 == pytest.approx((tau0 - tau) / tau0)
    assert found.overall == pytest.approx((tau0 + sigma0 - tau - sigma) / (tau0 + sigma0))
    assert found.group_means == pytest.approx(1 - (tau + sigma / 12) / (tau0 + sigma0 / 12))  # 12 rows in each g
    assert "Level 2 R2" in str(found)
    assert math.isnan(r2(m).overall)


@pytest.mark.filterwarnings("ignore::mlm.SingularFitWarning")
def test_r2_refuses_what_cannot_be_compared():
    m = mlm.lmer("y ~ x + (1 | g)", data())
    with pytest.raises(mlm.FitError, match="uses 180 rows, the null model 170"):
        r2(m, mlm.lmer("y ~ 1 + (1 | g)", data().head(170)))
    with pytest.raises(mlm.FitError, match="other values of 'z'"):
        r2(m, mlm.lmer("z ~ 1 + (1 | g)", data()))
    with pytest.raises(mlm.FitError, match="by REML, the null model by maximum likelihood"):
        r2(m, mlm.lmer("y ~ 1 + (1 | g)", data(), reml=False))
    with pytest.raises(mlm.FitError, match="groups by g, the null model by f"):
        r2(m, mlm.lmer("y ~ 1 + (1 | f)", data()))
    with pytest.raises(mlm.FitError, match=r"the model has \(1 \+ x \| g\)"):
        r2(mlm.lmer("y ~ x + (1 + x | g)", data()), mlm.lmer("y ~ 1 + (1 | g)", data()))


@pytest.mark.filterwarnings("ignore::mlm.SingularFitWarning")
def test_r2_refuses_null_models_of_another_kind():
    rows = data()
    rows["weight"] = 1.0 + rows["x"].abs()
    rows["known"] = rows["x"] / 10
    m, plain = mlm.lmer("y ~ x + (1 | g)", rows), mlm.lmer("y ~ 1 + (1 | g)", rows)
    with pytest.raises(mlm.FitError, match=r"null model has w; .* such as 'y ~ 1"):
        r2(m, mlm.lmer("y ~ w + (1 | g)", rows))
    with pytest.raises(mlm.FitError, match="has no intercept"):
        r2(m, mlm.lmer("y ~ 0 + (1 | g)", rows))
    with pytest.raises(mlm.FitError, match="other weights than the model, which has none"):
        r2(m, mlm.lmer("y ~ 1 + (1 | g)", rows, weights="weight"))
    with pytest.raises(mlm.FitError, match="other offset than the model, which has none"):
        r2(m, mlm.lmer("y ~ 1 + offset(known) + (1 | g)", rows))
    weighted = mlm.lmer("y ~ x + offset(known) + (1 | g)", rows, weights="weight")
    with pytest.raises(mlm.FitError, match="other weights than the model: it has none"):
        r2(weighted, plain)
    other = rows.assign(g=rows["g"].to_numpy()[::-1])
    with pytest.raises(mlm.FitError, match="other rows in the groups of 'g'"):
        r2(m, mlm.lmer("y ~ 1 + (1 | g)", other))
    with pytest.raises(mlm.MlmError):
        r2(m, mlm.glmer("up ~ 1 + (1 | g)", rows.assign(up=rows["y"] > rows["y"].mean())))
    found = r2(weighted, mlm.lmer("y ~ 1 + offset(known) + (1 | g)", rows, weights="weight"))
    assert not math.isnan(found.overall)
