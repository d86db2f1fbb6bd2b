"""Tables of tests as R's packages print them where there is little, or much, to print."""

import warnings

import numpy as np
import pandas as pd
import pytest

import mlm

RNG = np.random.default_rng(11)
DATA = pd.DataFrame({"x": RNG.normal(size=90), "f": np.tile(list("abc"), 30), "g": np.arange(90) // 6})
DATA["y"] = 0.5 * DATA["x"] + RNG.normal(size=15)[DATA["g"]] + RNG.normal(size=90)
DATA["b"] = (DATA["y"] > 0.0).astype(int)


def test_a_table_of_no_terms():
    """As lmerTest prints it: five blanks before the names."""
    m = mlm.lmer("y ~ 1 + (1 | g)", DATA)
    assert str(mlm.anova(m)).splitlines()[-1] == "     Sum Sq Mean Sq NumDF DenDF F value Pr(>F)"
    assert str(mlm.drop1(m)).splitlines()[-1] == "     Sum Sq Mean Sq NumDF DenDF F value Pr(>F)"


def test_no_degrees_of_freedom_are_left_blank():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.MlmWarning)
        m = mlm.lmer("y ~ x + twice + (1 | g)", DATA.assign(twice=2.0 * DATA["x"]))
    found = mlm.anova(m)
    assert found.frame["NumDF"].tolist() == [1, 0]
    (line,) = [line for line in str(found).splitlines() if line.startswith("twice")]
    assert line.strip() == "twice"


def test_long_formulas_stay_on_a_line():
    names = ["a_predictor_with_a_long_name", "another_predictor_with_a_long_name", "x"]
    data = DATA.assign(**{name: RNG.normal(size=90) for name in names[:2]})
    formula = f"y ~ {' + '.join(names)} + (1 | g)"
    m = mlm.lmer(formula, data)
    for found in (mlm.ranova(m), mlm.drop1(m)):
        assert formula in str(found).splitlines()


@pytest.mark.parametrize("kind", ["glmer", "glm"])
def test_infinite_degrees_of_freedom_are_z_and_chi_squared(kind):
    fit, random = (mlm.glmer, " + (1 | g)") if kind == "glmer" else (mlm.glm, "")
    m = fit(f"b ~ x + f{random}", DATA, "binomial")
    single, joint = mlm.contest(m, "x = 0"), mlm.contest(m, ["fb = 0", "fc = 0"])
    assert list(single.frame) == ["Estimate", "Std. Error", "z value", "lower", "upper", "Pr(>|z|)"]
    wanted = m.coefficients().loc["x", ["Estimate", "Std. Error", "z value", "Pr(>|z|)"]].to_numpy(dtype=float)
    assert single.frame.drop(columns=["lower", "upper"]).iloc[0].to_numpy() == pytest.approx(wanted, rel=1e-8)
    assert single.frame[["lower", "upper"]].iloc[0].to_numpy() == pytest.approx(m.confint(parm="x").iloc[0].to_numpy())
    assert list(joint.frame) == ["Df", "Chisq", "Pr(>Chisq)"]
    b, v = m.fixef[["fb", "fc"]].to_numpy(), m.vcov.loc[["fb", "fc"], ["fb", "fc"]].to_numpy()
    chisq = float(b @ np.linalg.solve(v, b))
    assert joint.frame.iloc[0].to_numpy(dtype=float) == pytest.approx([2.0, chisq, np.exp(-chisq / 2.0)], rel=1e-8)
    assert "z value" in str(single)
    assert "Chisq" in str(joint)


def test_tests_by_t_stay_where_a_variance_is_estimated():
    assert "t value" in mlm.contest(mlm.glm("y ~ x + f", DATA, "gaussian"), "x = 0").frame
