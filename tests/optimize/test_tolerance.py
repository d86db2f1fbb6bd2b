"""The tolerance of lme4's optimiser, which changed between versions, and whose trace is in published digits."""

import numpy as np
import pytest

import mlm
import replications

FORMULA = "math ~ homework + (homework | schnum)"
# R 4.2.2, lme4 1.1-31, math ~ homework + (homework | schnum) of imm10, REML = FALSE
LME4 = {
    1e-8: (1.1979821805, -0.5477688401, 0.4047961613),
    1e-6: (1.1982492665, -0.5478591021, 0.4048485755),
}

pytest.importorskip("nlopt", reason="needs the extra nlopt")


@pytest.fixture(scope="module")
def students():
    return replications.load("imm10", verbose=False)


@pytest.mark.parametrize("tolerance", LME4)
def test_stops_where_lme4_stops_with_this_tolerance(students, tolerance):
    m = mlm.lmer(FORMULA, students, reml=False, optimizer="nloptwrap", tolerance=tolerance)
    # 1e-7: the path is deterministic, and only rounding moves its steps
    np.testing.assert_allclose(m.theta, LME4[tolerance], rtol=0, atol=1e-7)


def test_default_is_that_of_lme4_since_1_1_22(students):
    default = mlm.lmer(FORMULA, students, reml=False, optimizer="nloptwrap")
    same = mlm.lmer(FORMULA, students, reml=False, optimizer="nloptwrap", tolerance=1e-8)
    np.testing.assert_array_equal(default.theta, same.theta)


@pytest.mark.parametrize(("optimizer", "tolerance"), [("newton", 1e-6), ("nloptwrap", 0.0), ("nloptwrap", -1.0)])
def test_tolerance_that_means_nothing_is_refused(students, optimizer, tolerance):
    with pytest.raises(mlm.errors.ArgumentError, match="positive number, for optimizer='nloptwrap' only"):
        mlm.lmer(FORMULA, students, reml=False, optimizer=optimizer, tolerance=tolerance)
