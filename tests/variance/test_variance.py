"""Variance shares: against performance 0.10.2 (insight 0.19.0) and by hand."""

import math

import pytest
from rmodels import data, lines, numbers, reference

import mlm
from mlm.variance.r2 import icc, r2

REFERENCE = reference()
# insight 0.19.0 takes only the intercepts of these two: (x || g) without the slope, (0 + z | g) as nothing
COUNTED = [case for case in REFERENCE["lmer"] if "||" not in case["formula"] and "(0 +" not in case["formula"]]


@pytest.mark.parametrize("case", COUNTED, ids=lambda case: case["formula"])
def test_icc_and_r2_are_those_of_performance(case):
    m = mlm.lmer(case["formula"], data(), reml=case["reml"])
    # both sides are at optima found to about 1e-8
    adjusted, unadjusted = numbers(case["icc"])
    assert icc(m).adjusted == pytest.approx(adjusted, rel=1e-6)
    assert icc(m).unadjusted == icc(m).conditional == pytest.approx(unadjusted, rel=1e-6)
    conditional, marginal = numbers(case["r2"])
    assert r2(m).conditional == pytest.approx(conditional, rel=1e-6)
    assert r2(m).marginal == pytest.approx(marginal, rel=1e-6, abs=1e-12)


def test_slopes_count_without_an_intercept():
    m = mlm.lmer("y ~ x + (0 + z | g)", data())
    random = m.varcorr["vcov"][0] * (data()["z"] ** 2).mean()
    assert icc(m).adjusted == pytest.approx(random / (random + m.sigma**2), rel=1e-12)


def test_several_factors():
    m = mlm.lmer("y ~ x + (1 | g) + (1 | h)", data())
    found = icc(m)
    expected = dict(zip(REFERENCE["icc_by_group"]["group"], numbers(REFERENCE["icc_by_group"]["icc"]), strict=True))
    assert found.by_group.to_dict() == pytest.approx(expected, rel=1e-5)
    assert found.by_group.sum() == pytest.approx(found.adjusted)
    assert str(found).split("\n")[-5:-1][1:] == lines(REFERENCE["icc_by_group_text"])[2:5]


def test_prints_as_performance():
    m = mlm.lmer("y ~ x + (1 | g)", data())
    assert repr(icc(m)).split("\n") == lines(REFERENCE["icc_text"])
    assert repr(r2(m)).split("\n") == lines(REFERENCE["r2_text"])


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
