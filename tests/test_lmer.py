"""lmer from outside: what must not matter does not."""

import numpy as np
import pandas as pd
import pytest
from brute import STRUCTURES, data, setup
from fitting import DEVIANCE, FOUND, MODELS, fit, same

import mlm


def test_missing_rows_are_left_out_and_alignment_is_kept():
    frame = data().set_axis([f"row {k}" for k in range(96)])
    complete = frame.drop(index=["row 3", "row 7", "row 95"])
    frame.loc[["row 3", "row 95"], "x"] = np.nan
    frame.loc[["row 7", "row 95"], "y"] = np.nan
    before = frame.copy(deep=True)
    with pytest.warns(mlm.MissingRowsWarning, match=r"3 of 96 rows .* by column: y \(2\), x \(2\)") as caught:
        m = mlm.lmer("y ~ x + (1 | g)", frame)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    same(m, fit("y ~ x + (1 | g)", complete))
    for values in (m.fitted, m.resid, m.scaled_resid, m.y, m.x, m.groups):
        assert values.index.equals(complete.index)
    assert (m.y == complete["y"]).all()
    assert (m.groups["g"] == complete["g"]).all()
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize("formula", MODELS)
def test_order_of_rows(formula):
    m, shuffled = fit(formula), fit(formula, data().sample(frac=1, random_state=1))
    same(shuffled, m)
    np.testing.assert_allclose(shuffled.resid[m.resid.index], m.resid, rtol=FOUND, atol=FOUND)
    pd.testing.assert_frame_equal(shuffled.ranef(), m.ranef(), rtol=FOUND, atol=FOUND)


@pytest.mark.parametrize("formula", MODELS)
def test_names_of_levels(formula):
    frame = data()
    names = {f: {v: f"{(v * 7) % 31:02d}{f}" for v in frame[f].unique()} for f in ("a", "b", "g", "h")}
    renamed = frame.assign(**{f: frame[f].map(names[f]) for f in names})
    m, other = fit(formula), fit(formula, renamed)
    same(other, m)
    np.testing.assert_allclose(other.fitted, m.fitted, rtol=FOUND, atol=FOUND)


def test_modes_go_with_their_levels():
    frame = data()
    names = {v: chr(ord("z") - v) for v in range(14)}
    m = fit("y ~ x + (1 | g)").ranef().set_index("grp")
    other = fit("y ~ x + (1 | g)", frame.assign(g=frame["g"].map(names))).ranef().set_index("grp")
    assert list(other.index) == sorted(names[v] for v in m.index)
    for column in ("condval", "condsd"):
        np.testing.assert_allclose(other.loc[[names[v] for v in m.index], column], m[column], rtol=FOUND, atol=FOUND)


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("formula", MODELS)
def test_a_constant_added_to_the_response(formula, reml):
    m, moved = fit(formula, reml=reml), fit(formula, data().assign(y=lambda d: d["y"] + 1000.0), reml=reml)
    same(moved, m, fixef=m.fixef + 1000.0 * (m.fixef.index == "(Intercept)"))


@pytest.mark.parametrize("scale", [1e-8, -3.0, 1e8])
@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("formula", MODELS)
def test_units_of_the_response(formula, reml, scale):
    m, scaled = fit(formula, reml=reml), fit(formula, data().assign(y=lambda d: scale * d["y"]), reml=reml)
    dof = m.nobs - reml * len(m.fixef)
    size = abs(scale)
    same(
        scaled,
        m,
        deviance=m.deviance + 2 * dof * np.log(size),
        fixef=scale * m.fixef,
        se=size * m.se,
        sigma=size * m.sigma,
    )


@pytest.mark.parametrize("scale", [1e-8, 1e8])
def test_units_of_a_predictor(scale):
    m = fit(STRUCTURES["one, slope"])
    scaled = fit(STRUCTURES["one, slope"], data().assign(x=lambda d: scale * d["x"]))
    same(
        scaled,
        m,
        deviance=m.deviance + 2 * np.log(scale),
        fixef=m.fixef / [1.0, scale],
        se=m.se / [1.0, scale],
        theta=m.theta / [1.0, scale, scale],
    )
    np.testing.assert_allclose(scaled.fixef["x"] * scale, m.fixef["x"], rtol=FOUND)
    np.testing.assert_allclose(scaled.theta * [1.0, scale, scale], m.theta, rtol=FOUND)


@pytest.mark.parametrize("shift", [-5.0, 1e6])
def test_origin_of_a_predictor_of_the_fixed_part(shift):
    m = fit("y ~ x + z + (1 | g)")
    moved = fit("y ~ x + z + (1 | g)", data().assign(x=lambda d: d["x"] + shift))
    assert moved.deviance == pytest.approx(m.deviance, rel=DEVIANCE)
    np.testing.assert_allclose(moved.fixef[["x", "z"]], m.fixef[["x", "z"]], rtol=FOUND)
    np.testing.assert_allclose(moved.se[["x", "z"]], m.se[["x", "z"]], rtol=FOUND)
    # of an intercept of 1e6 slopes, 1e-6 is left to a relative error of 1e-12
    assert moved.fixef["(Intercept)"] == pytest.approx(m.fixef["(Intercept)"] - shift * m.fixef["x"], rel=FOUND)


def test_origin_of_a_random_slope():
    """The model is the same; only theta is written in other coordinates."""
    m = fit(STRUCTURES["one, slope"])
    moved = fit(STRUCTURES["one, slope"], data().assign(x=lambda d: d["x"] - 4.0))
    assert moved.deviance == pytest.approx(m.deviance, rel=DEVIANCE)
    np.testing.assert_allclose(moved.fitted, m.fitted, rtol=FOUND, atol=FOUND)
    assert moved.theta[2] * moved.theta[0] == pytest.approx(m.theta[2] * m.theta[0], rel=FOUND)  # the determinant


def test_double_bars_are_two_terms():
    same(fit("y ~ x + (x || g)"), fit("y ~ x + (1 | g) + (0 + x | g)"))
    same(fit("y ~ x + (1 | a/b)"), fit("y ~ x + (1 | a) + (1 | b:a)"))
    cells = data().assign(cell=lambda d: d["a"].astype(str) + d["b"].astype(str))
    same(fit("y ~ x + (1 | b:a)"), fit("y ~ x + (1 | cell)", cells))


def test_a_term_without_variance_changes_nothing():
    frame = data().assign(idle=np.random.default_rng(12).integers(0, 9, 96))
    m, more = fit("y ~ x + (1 | g)", frame), fit("y ~ x + (1 | g) + (1 | idle)", frame)
    assert more.singular_terms == ("1 | idle",)
    same(more, m, theta=[*m.theta, 0.0])


@pytest.mark.parametrize("formula", MODELS)
def test_weights_of_one_and_weights_in_other_units(formula):
    m = fit(formula)
    same(fit(formula, weights=np.ones(96)), m)
    weighted, more = fit(formula, weights="w"), fit(formula, weights=100.0 * data()["w"])
    same(more, weighted, sigma=10.0 * weighted.sigma, theta=weighted.theta / 10.0)


def test_an_offset_is_known():
    m = fit("y ~ x + (1 | g)", data().assign(y=lambda d: d["y"] - d["z"]))
    for offset in (fit("y ~ x + (1 | g)", offset="z"), fit("y ~ x + offset(z) + (1 | g)")):
        same(offset, m)
        np.testing.assert_allclose(offset.fitted - data()["z"], m.fitted, rtol=FOUND, atol=FOUND)
        np.testing.assert_allclose(offset.resid, m.resid, rtol=FOUND, atol=FOUND)


@pytest.mark.parametrize("kind", [str, "category", "Int64", "int8", float])
def test_types_of_a_grouping_column(kind):
    same(fit("y ~ x + (1 | g)", data().astype({"g": kind})), fit("y ~ x + (1 | g)"))


def test_no_fixed_effects():
    m = fit("y ~ 0 + (1 | g)", reml=True)
    assert m.fixef.empty
    assert m.vcov.shape == (0, 0)
    assert m.deviance == pytest.approx(fit("y ~ 0 + (1 | g)", reml=False).deviance, rel=1e-14)  # one criterion
    assert (m.predict(re_form="NA") == 0).all()
    assert list(m.coef().columns) == ["(Intercept)"]
    assert m.coefficients(ddf="satterthwaite").empty
    assert m.npar == 2


def test_levels_with_one_row_each_but_one():
    frame = data().assign(g=[0, *range(95)])
    m = fit("y ~ x + (1 | g)", frame)
    assert m.ngrps["g"] == 95
    _, dense = setup("y ~ x + (1 | g)", frame, True)
    assert m.deviance == pytest.approx(dense.value(m.theta), rel=DEVIANCE)


def test_the_smallest_data_that_can_be_fitted():
    m = fit("y ~ 1 + (1 | g)", {"y": [1.0, 2.0, 5.0], "g": ["a", "a", "b"]})
    _, dense = setup("y ~ 1 + (1 | g)", pd.DataFrame({"y": [1.0, 2.0, 5.0], "g": ["a", "a", "b"]}), True)
    grid = [dense.value(np.array([t])) for t in np.linspace(0, 20, 401)]
    assert m.deviance <= min(grid) + DEVIANCE


@pytest.mark.parametrize("name", ["family", "link", "n_agq", "nAGQ"])
def test_families_are_of_glmer(name):
    with pytest.raises(mlm.ArgumentError, match=rf"lmer .* has no argument '{name}'. Use mlm.glmer\("):
        mlm.lmer("y ~ 1 + (1 | g)", {"y": [1.0, 2.0, 4.0, 3.0], "g": list("aabb")}, **{name: "x"})


def test_misspelt_arguments_are_told_what_is_near():
    with pytest.raises(mlm.ArgumentError, match=r"lmer has no argument 'weight'\. Did you mean 'weights'"):
        mlm.lmer("y ~ 1 + (1 | g)", {"y": [1.0, 2.0, 4.0, 3.0], "g": list("aabb")}, weight=[1, 1, 1, 1])
