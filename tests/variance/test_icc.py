"""Intraclass correlations: against performance 0.10.2 (insight 0.19.0) and by hand."""

import numpy as np
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


def test_a_singular_fit_is_said():
    """performance gives NA; these are the shares of the estimates, 0 here."""
    rng = np.random.default_rng(3)
    with pytest.warns(mlm.SingularFitWarning):
        m = mlm.lmer("y ~ x + (1 | g)", data().assign(y=rng.normal(size=180) - 0.3 * (data().index % 15 == 0)))
    assert m.is_singular
    with pytest.warns(mlm.SingularFitWarning, match=r"intraclass correlation is that of a singular fit: .*1 \| g"):
        found = icc(m)
    assert found.adjusted == 0
    assert str(found).split("\n")[-1].startswith("Singular fit: ")
    with pytest.warns(mlm.SingularFitWarning, match="conditional R squared"):
        assert "Singular fit: " in str(mlm.r2(m))


def test_groups_of_awkward_names():
    d = data().assign(**{"Residual": data()["g"], "g.1": data()["h"], "(Intercept)": data()["z"]})
    plain = icc(mlm.lmer("y ~ x + (1 | g) + (0 + x | g) + (0 + z | h)", d))
    odd = icc(mlm.lmer("y ~ x + (1 | Residual) + (0 + x | Residual) + (0 + `(Intercept)` | `g.1`)", d))
    assert odd.by_group.tolist() == pytest.approx(plain.by_group.tolist())
    assert odd.by_group.index.tolist() == ["Residual", "g.1"]
