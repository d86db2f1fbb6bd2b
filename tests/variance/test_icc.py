"""Intraclass correlations: against performance 0.10.2 (insight 0.19.0) and by hand."""

import pytest
from rmodels import counted_by_insight, data, lines, numbers, reference

import mlm
from mlm.variance.icc import icc

REFERENCE = reference()


@pytest.mark.parametrize("case", counted_by_insight(), ids=lambda case: case["formula"])
def test_icc_is_that_of_performance(case):
    m = mlm.lmer(case["formula"], data(), reml=case["reml"])
    # both sides are at optima found to about 1e-8
    adjusted, unadjusted = numbers(case["icc"])
    assert icc(m).adjusted == pytest.approx(adjusted, rel=1e-6)
    assert icc(m).unadjusted == icc(m).conditional == pytest.approx(unadjusted, rel=1e-6)


def test_several_factors():
    m = mlm.lmer("y ~ x + (1 | g) + (1 | h)", data())
    found = icc(m)
    expected = dict(zip(REFERENCE["icc_by_group"]["group"], numbers(REFERENCE["icc_by_group"]["icc"]), strict=True))
    assert found.by_group.to_dict() == pytest.approx(expected, rel=1e-5)
    assert found.by_group.sum() == pytest.approx(found.adjusted)
    assert str(found).split("\n")[-5:-1][1:] == lines(REFERENCE["icc_by_group_text"])[2:5]


def test_icc_prints_as_performance():
    assert repr(icc(mlm.lmer("y ~ x + (1 | g)", data()))).split("\n") == lines(REFERENCE["icc_text"])
