"""Design effect, plausible range and shrinkage: by hand and against the model's own conditional modes."""

import numpy as np
import pandas as pd
import pytest
from rmodels import data

import mlm
from mlm.variance.clustering import design_effect, effective_sample_size, plausible_range, shrinkage
from mlm.variance.icc import icc


def test_design_effect():
    assert design_effect(0.1, 11) == pytest.approx(2.0)
    m = mlm.lmer("y ~ 1 + (1 | g)", data())
    assert design_effect(m) == pytest.approx(1 + 11 * icc(m).adjusted)
    assert design_effect(m, 3) == pytest.approx(1 + 2 * icc(m).adjusted)
    assert effective_sample_size(m) == pytest.approx(180 / design_effect(m))
    assert effective_sample_size(0.1, 11, n=100) == pytest.approx(50)


def test_design_effect_is_exact_for_unequal_groups():
    some = data().drop(index=range(1, 60, 3))
    m = mlm.lmer("y ~ 1 + (1 | g)", some)
    tau, sigma = m.varcorr["vcov"]
    sizes = some["g"].value_counts()
    n = len(some)
    variance_of_mean = sigma / n + tau * (sizes**2).sum() / n**2
    assert design_effect(m) == pytest.approx(variance_of_mean / ((tau + sigma) / n), rel=1e-12)


def test_design_effect_refuses():
    with pytest.raises(mlm.ArgumentError, match=r"between 0 and 1; got 1\.2"):
        design_effect(1.2, 3)
    with pytest.raises(mlm.ArgumentError, match="at least 1; got None"):
        design_effect(0.2)
    with pytest.raises(mlm.ArgumentError, match="must be positive; got None"):
        effective_sample_size(0.2, 3)
    for missing in (float("nan"), pd.NA):
        with pytest.raises(mlm.ArgumentError, match="at least 1; got"):
            design_effect(0.2, missing)
        with pytest.raises(mlm.ArgumentError, match="must be positive; got"):
            effective_sample_size(0.2, 3, missing)
    with pytest.raises(mlm.FitError, match="one random intercept"):
        design_effect(mlm.lmer("y ~ x + (x | g)", data()))


def test_a_group_that_is_none_is_refused():
    frame = pd.DataFrame({"y": [1.0, 3, 2, 5, 9, 7, 5, 16], "g": list("aabbccdd")})
    m = mlm.lmer("y ~ 1 + (1 | g)", frame)
    with pytest.raises(mlm.ArgumentError, match=r"Nothing varies over 'q' in this model; its grouping factors are g\."):
        plausible_range(m, group="q")


def test_plausible_range():
    m = mlm.lmer("y ~ x + (x | g)", data())
    sd = m.varcorr["sdcor"]
    assert plausible_range(m) == pytest.approx((m.fixef.iloc[0] - 1.96 * sd[0], m.fixef.iloc[0] + 1.96 * sd[0]))
    lower, upper = plausible_range(m, "x", level=0.8)
    assert (upper - lower) / 2 == pytest.approx(1.2815515655446004 * sd[1])  # qnorm(.9)
    assert (upper + lower) / 2 == pytest.approx(m.fixef["x"])
    assert plausible_range(m, multiplier=1).upper == pytest.approx(m.fixef.iloc[0] + sd[0])
    assert plausible_range(m, group="g") == plausible_range(m)


def test_plausible_range_of_one_of_several_factors():
    m = mlm.lmer("y ~ x + (1 | g) + (1 | h)", data())
    with pytest.raises(mlm.ArgumentError, match="varies over g, h; name one"):
        plausible_range(m)
    assert plausible_range(m, group="g").upper > plausible_range(m, group="h").upper


def test_plausible_range_of_a_factor_with_a_dot_in_its_name():
    m = mlm.lmer("y ~ x + (x | g.1)", data().rename(columns={"g": "g.1"}))
    assert plausible_range(m, "x", group="g.1") == plausible_range(m, "x")
    with pytest.raises(mlm.ArgumentError, match="varies over 'g' in"):
        plausible_range(m, group="g")


def test_plausible_range_over_two_terms_of_a_factor():
    m = mlm.lmer("y ~ x + (x || g)", data())
    assert plausible_range(m, "x", multiplier=1, group="g").upper == m.fixef["x"] + m.varcorr["sdcor"][1]


def test_plausible_range_refuses():
    m = mlm.lmer("y ~ x + z + (x | g)", data())
    with pytest.raises(mlm.ArgumentError, match=r"No coefficient 'z' varies .* these do: \(Intercept\), x"):
        plausible_range(m, "z")
    with pytest.raises(mlm.ArgumentError, match="varies over 'h'"):
        plausible_range(m, group="h")
    with pytest.raises(mlm.ArgumentError, match="level must lie between 0 and 1; got 95"):
        plausible_range(m, level=95)


@pytest.mark.parametrize("formula", ["y ~ 1 + (1 | g)", "y ~ x + w + (1 | g)"])
def test_shrinkage_gives_the_conditional_modes(formula):
    some = data().drop(index=range(1, 60, 3))
    m = mlm.lmer(formula, some)
    table = shrinkage(m)
    # the same closed form in another order of operations
    np.testing.assert_allclose(table["eb"], m.ranef()["condval"], rtol=1e-9)
    np.testing.assert_allclose(table["partial_pooling"], m.coef()["(Intercept)"], rtol=1e-9)
    assert table["n"].sum() == len(some)
    if formula == "y ~ 1 + (1 | g)":
        np.testing.assert_allclose(table["no_pooling"], some.groupby("g")["y"].mean(), rtol=1e-12)


def test_shrinkage_refuses():
    with pytest.raises(mlm.FitError, match="weights of this model"):
        shrinkage(mlm.lmer("y ~ 1 + (1 | g)", data(), weights=np.arange(1, 181)))
    with pytest.raises(mlm.FitError, match=r"\(x \| g\)|x \| g"):
        shrinkage(mlm.lmer("y ~ x + (x | g)", data()))


@pytest.mark.parametrize(
    ("formula", "options", "reason"),
    [
        ("y ~ x + (1 | g)", {}, "the predictors x"),
        ("y ~ 0 + x + (1 | g)", {}, "the predictors x and no intercept"),
        ("y ~ 1 + (1 | g)", {"weights": "z"}, "weights"),
        ("y ~ 1 + (1 | g)", {"offset": "z"}, "an offset"),
    ],
)
def test_a_design_effect_is_that_of_a_null_model(formula, options, reason):
    m = mlm.lmer(formula, data().assign(z=data()["z"] + 2), **options)
    for run in (design_effect, effective_sample_size):
        with pytest.raises(mlm.FitError, match=rf"null model, y ~ 1 \+ \(1 \| g\) .* this model has {reason}\. Fit"):
            run(m)


def test_a_coefficient_is_named():
    m = mlm.lmer("y ~ 0 + x + (1 | g)", data())
    with pytest.raises(mlm.ArgumentError, match=r"No coefficient 'x' varies .* none does that has a fixed effect"):
        plausible_range(m, "x")
    d = data().assign(f=np.where(data()["z"] > 1, "v", "u"), fv=data()["x"])
    m = mlm.lmer("y ~ f + fv + (0 + fv | g)", d)
    with pytest.raises(mlm.ArgumentError, match="Several coefficients are called 'fv'"):
        plausible_range(m, "fv")
