"""lmer from outside: bad input gives one clear message, and what must not matter does not."""

import pickle
import warnings
from dataclasses import FrozenInstanceError

import numpy as np
import pandas as pd
import pytest
from brute import STRUCTURES, data, setup

import mlm

# theta is found to about 1e-7 of its standard error; everything here is a smooth function of it
FOUND = 1e-6
# deviances of a few hundred after sums in another order, and a search that ends within 1e-14 of the minimum
DEVIANCE = 1e-9

MODELS = [STRUCTURES[s] for s in ("one, slope", "nested twice, slopes", "crossed, slopes", "crossed with nested")]


def fit(formula, frame=None, **options):
    with warnings.catch_warnings():
        # small data: some variances are 0, which is not what these tests are about
        warnings.simplefilter("ignore", mlm.SingularFitWarning)
        return mlm.lmer(formula, data() if frame is None else frame, **options)


def same(found, expected, **changed):
    """Deviance, fixed effects, standard errors, theta and sigma are the same, but for what is given here."""
    deviance = changed.get("deviance", expected.deviance)
    assert found.deviance == pytest.approx(deviance, rel=DEVIANCE, abs=DEVIANCE)
    for name in ("fixef", "se", "theta", "sigma"):
        want = np.asarray(changed.get(name, getattr(expected, name)), dtype=float)
        size = np.abs(want).max() if want.size else 0.0
        np.testing.assert_allclose(getattr(found, name), want, rtol=FOUND, atol=FOUND * size, err_msg=name)


# bad input


@pytest.mark.parametrize(
    ("formula", "error", "message"),
    [
        ("y ~ x + (1 | gg)", mlm.DataError, "no column 'gg', which the formula uses. Did you mean 'g'"),
        ("y ~ x", mlm.FormulaError, r"no random-effects term; add one such as '\(1 \| group\)', or use mlm\.lm"),
        ("y ~ x + (1 | one)", mlm.DataError, r"'one' has 1 level in the 96 rows used; .* Take '\(1 \| one\)' out"),
        ("y ~ x + (1 | row)", mlm.DataError, "'row' has 96 levels in 96 rows: every row is a level .* coarser"),
        ("y ~ x + (1 + x + z + k | c)", mlm.DataError, r"has 11\d random effects \(2\d levels x 4\) for 96 rows"),
        ("word ~ x + (1 | g)", mlm.DataError, "response 'word' is not numeric .* convert it first"),
        ("y ~ endless + (1 | g)", mlm.DataError, "'endless' has 1 infinite values in its 96 rows"),
        ("y ~ empty + (1 | g)", mlm.DataError, r"all 96 rows have missing values, by column: empty \(96\)"),
        ("one ~ x + (1 | g)", mlm.DataError, "response 'one' is constant in the 96 rows used"),
        ("y ~ x + (1 + zero | g)", mlm.DataError, r"column 'zero' of the term '\(1 \+ zero \| g\)' is 0 in all rows"),
        ("y ~ x + (1 + one | g)", mlm.DataError, r"\(Intercept\), one of the term .* depend linearly .* drop one"),
        ("y ~ x + (x + z + I(x - z) | g)", mlm.DataError, "depend linearly on one another"),
        ("y ~ factor(g) + (1 | g)", mlm.FitError, r"account for all 13 levels of 'g'.* variance of '\(1 \| g\)'"),
        ("y ~ y + (1 | g)", mlm.FitError, "fit the response 'y' exactly: .* a copy of it, among the predictors"),
        ("twice ~ x + (1 | g)", mlm.FitError, "fit the response 'twice' exactly"),
        ("g ~ x + (1 | g)", mlm.FitError, "fits the response perfectly: .* vary within the levels"),
        ("y ~ x + (1 | g", mlm.FormulaError, r"never closed.\n  y ~ x \+ \(1 \| g\n          \^"),
    ],
)
def test_bad_input(formula, error, message):
    frame = data().assign(one=1.0, zero=0.0, row=range(96), word="a", endless=[np.inf] + 95 * [1.0], empty=np.nan)
    frame["twice"] = 2.0 * frame["x"] + 3.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.MissingRowsWarning)
        with pytest.raises(error, match=message):
            mlm.lmer(formula, frame)


def test_more_predictors_than_rows():
    with pytest.warns(mlm.RankWarning), pytest.raises(mlm.DataError, match="8 rows for 8 fixed effects leave nothing"):
        mlm.lmer("y ~ poly(x, 5) * z + (1 | a)", data().iloc[::12])


@pytest.mark.parametrize("start", [[1.0], "a", [np.nan, 1.0, 1.0], 1.0])
def test_bad_start(start):
    with pytest.raises(mlm.DataError, match="`start` must be 3 finite numbers"):
        mlm.lmer(STRUCTURES["one, slope"], data(), start=start)


def test_bad_options():
    with pytest.raises(mlm.FitError, match=r"`reml` is True .* got 'ML'"):
        mlm.lmer("y ~ x + (1 | g)", data(), reml="ML")
    with pytest.raises(mlm.FitError, match="no optimizer 'bobyqa'"):
        mlm.lmer("y ~ x + (1 | g)", data(), optimizer="bobyqa")
    with pytest.raises(mlm.FormulaError, match="is a string such as"):
        mlm.lmer(data(), "y ~ x + (1 | g)")


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_numbers_that_cannot_be_squared(scale):
    with np.errstate(all="ignore"), pytest.raises(mlm.MlmError, match="rescale"):
        mlm.lmer("y ~ x + (1 | g)", data().assign(y=lambda d: scale * d["y"]))


# what is said once


def test_dependent_predictors_are_dropped_and_named():
    frame = data().assign(one=4.0, sum=lambda d: d["x"] + d["z"])
    with pytest.warns(mlm.RankWarning, match=r"dependent: one, sum were dropped, .* the 3 columns kept") as caught:
        m = mlm.lmer("y ~ one + x + z + sum + (1 | g)", frame)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    same(m, fit("y ~ x + z + (1 | g)"))
    assert list(m.fixef.index) == ["(Intercept)", "x", "z"]
    assert list(m.design(frame.head(2)).columns) == ["(Intercept)", "x", "z"]
    np.testing.assert_allclose(m.predict(frame), m.fitted, rtol=1e-12)  # the same sums in another order


def test_predictors_that_are_nearly_dependent_are_kept():
    frame = data().assign(near=lambda d: d["x"] + 1e-4 * d["z"])
    m = fit("y ~ x + near + (1 | g)", frame)
    best = fit("y ~ x + z + (1 | g)")
    # the normal equations, as in lme4: a condition number of 1e4, squared, of the 16 digits
    assert m.deviance == pytest.approx(best.deviance - 2 * np.log(1e4), rel=0, abs=1e-6)
    assert m.fixef["near"] * 1e-4 == pytest.approx(best.fixef["z"], rel=1e-6)


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


def test_a_singular_fit_is_kept_flagged_and_said_once():
    frame = data(3).assign(y=lambda d: d["x"] + np.random.default_rng(3).normal(size=96))
    with pytest.warns(mlm.SingularFitWarning, match=r"Singular fit: the covariance of '\(1 \| g\)'") as caught:
        m = mlm.lmer("y ~ x + (1 | g)", frame)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert m.is_singular
    assert m.converged
    assert m.singular_terms == ("1 | g",)
    assert m.messages == ["singular fit: (1 | g)"]
    assert m.varcorr["vcov"][0] == 0.0
    assert not m.ranef()[["condval", "condsd"]].to_numpy().any()
    ols = mlm.lm("y ~ x", frame)
    np.testing.assert_allclose(m.se, ols.se, rtol=1e-12)  # the same normal equations
    np.testing.assert_allclose(m.fitted, ols.fitted, rtol=1e-10, atol=1e-12)


def test_a_model_that_is_well_says_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        m = mlm.lmer("y ~ x + (1 | g)", data())
    assert m.messages == []
    assert not m.is_singular
    assert m.dropped.count == 0


# what must not matter


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


# a fitted model is a value


@pytest.mark.parametrize("formula", MODELS)
def test_pickled_models_are_whole(formula):
    m = fit(formula)
    again = pickle.loads(pickle.dumps(m))
    same(again, m)
    assert again.deviance == m.deviance
    pd.testing.assert_series_equal(again.fitted, m.fitted)
    pd.testing.assert_frame_equal(again.coefficients(ddf="satterthwaite"), m.coefficients(ddf="satterthwaite"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.SingularFitWarning)
        assert again.refit(reml=False).deviance == m.refit(reml=False).deviance


def test_models_are_frozen_and_hand_out_copies():
    m = fit("y ~ x + (1 | g)")
    with pytest.raises(FrozenInstanceError):
        m.reml = False
    for name in ("fixef", "se", "theta", "y"):
        values = np.asarray(getattr(m, name)).copy()
        handed = getattr(m, name)
        handed[handed.index[0] if isinstance(handed, pd.Series) else 0] = 99.0
        np.testing.assert_array_equal(getattr(m, name), values)


def test_later_changes_of_the_data_do_not_reach_the_model():
    frame = data()
    m = fit("y ~ x + (1 + x | g)", frame, weights="w")
    frame[["y", "x", "z", "w"]] = 0.0
    frame.loc[:, "g"] = 1
    expected = fit("y ~ x + (1 + x | g)", weights="w")
    pd.testing.assert_series_equal(m.resid, expected.resid)
    pd.testing.assert_frame_equal(m.x, expected.x)
    same(m.refit(reml=False), expected.refit(reml=False))


@pytest.mark.parametrize("formula", MODELS)
def test_refit_by_the_other_criterion(formula):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.SingularFitWarning)
        for reml in (True, False):
            same(fit(formula, reml=not reml).refit(reml=reml), fit(formula, reml=reml))


@pytest.mark.parametrize("formula", [*MODELS, "y ~ x + offset(z) + (1 | g)"])
def test_refit_to_another_response(formula):
    new = data()["y"] + np.random.default_rng(9).normal(size=96)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.SingularFitWarning)
        same(fit(formula).refit(y=new), fit(formula, data().assign(y=new)))


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.ones(5), r"one value for each of the 96 rows in use; got \(5,\)"),
        (np.full(96, np.nan), "96 missing or infinite values"),
        (np.ones(96), "is constant"),
    ],
)
def test_refit_to_a_bad_response(y, message):
    with pytest.raises(mlm.DataError, match=message):
        fit("y ~ x + (1 | g)").refit(y=y)


# reports of rows and levels


@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("structure", STRUCTURES)
def test_modes_coefficients_and_fitted_values_fit_together(structure, weights):
    m = fit(STRUCTURES[structure], weights=weights)
    _, dense = setup(STRUCTURES[structure], data(), True, weights)
    solved = dense.solve(m.theta)
    np.testing.assert_allclose(m.fixef, solved["beta"], rtol=1e-8, atol=1e-8)  # inverses of 96 x 96 matrices
    parts = [np.einsum("iaj,aj->i", z, b) for z, (b, _) in zip(dense.z, dense.modes(m.theta), strict=True)]
    np.testing.assert_allclose(m.fitted, dense.x @ solved["beta"] + sum(parts), rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(m.fitted + m.resid, m.y, rtol=1e-13)
    root = 1.0 if weights is None else np.sqrt(data()[weights])
    np.testing.assert_allclose(m.scaled_resid, m.resid * root / m.sigma, rtol=1e-13)
    np.testing.assert_allclose(m.predict(data()), m.fitted, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(m.predict(data(), re_form="NA"), m.x @ m.fixef, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(m.predict(re_form=False), m.x @ m.fixef, rtol=1e-10, atol=1e-10)
    ranef, coef = m.ranef(), m.coef()
    sds = [np.sqrt(v) for _, cov in dense.modes(m.theta) for v in np.einsum("aaj->aj", cov)]
    found = ranef.groupby(["grpvar", "term"], sort=False)["condsd"]
    assert len(found) == len(sds)
    for sd in sds:
        near = [len(v) == len(sd) and np.allclose(v, m.sigma * sd, rtol=1e-7, atol=1e-8) for _, v in found]
        assert any(near)
    tables = coef if isinstance(coef, dict) else {m.ngrps.index[0]: coef}
    assert list(tables) == list(m.ngrps.index)
    for group, table in tables.items():
        assert len(table) == m.ngrps[group]
        for name in table:
            mode = ranef.query("grpvar == @group and term == @name").set_index("grp")["condval"]
            want = m.fixef.get(name, 0.0) + mode.reindex(table.index, fill_value=0.0)
            np.testing.assert_allclose(table[name], want, rtol=1e-12, atol=1e-12)


def test_new_levels():
    m = fit(STRUCTURES["crossed, slopes"])
    new = data().head(3).assign(g=[0, 99, 1])
    with pytest.raises(mlm.DataError, match=r"'g' has 1 levels that the fit has not seen, such as .*99"):
        m.predict(new)
    known = m.predict(new.assign(g=0))
    modes = m.ranef().query("grpvar == 'g' and grp == 0").set_index("term")["condval"]
    found = m.predict(new, new_levels="population")
    assert found.iloc[0] == pytest.approx(known.iloc[0], rel=1e-12)
    assert found.iloc[1] == pytest.approx(
        known.iloc[1] - modes["(Intercept)"] - modes["x"] * new["x"].iloc[1], rel=1e-12
    )
    assert m.predict(new, re_form="NA").notna().all()


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


@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("apart", [1e-3, 1e-5, 5e-7])
def test_nearly_dependent_predictors_keep_their_digits(apart, weights):
    """x and x + apart * z span what x and z span: the coefficients follow from each other exactly."""
    rng = np.random.default_rng(0)
    group = rng.integers(0, 20, 400)
    data = pd.DataFrame({"x": rng.normal(size=400), "z": rng.normal(size=400), "g": group})
    data["w"] = rng.uniform(0.5, 2.0, 400)
    data["near"] = data["x"] + apart * data["z"]
    data["y"] = 1.0 + data["x"] + data["near"] + rng.normal(size=20)[group] + rng.normal(size=400)
    near, plain = (mlm.lmer(f"y ~ x + {v} + (1 | g)", data, weights=weights) for v in ("near", "z"))
    # rounding in `near` itself is 1e-16 / apart of z
    assert near.fixef["near"] == pytest.approx(plain.fixef["z"] / apart, rel=1e-8)
    assert near.se["near"] == pytest.approx(plain.se["z"] / apart, rel=1e-8)
    assert near.deviance == pytest.approx(plain.deviance + 2.0 * np.log(apart), abs=1e-7)
    assert near.satterthwaite_df([0, 0, 1]) == pytest.approx(plain.satterthwaite_df([0, 0, 1]), rel=1e-5)


def test_numbers_too_large_to_be_squared():
    data = pd.DataFrame({"y": [1e160, 2e160, -1e160, 0.0, 5e160, 2e160], "g": list("aabbcc")})
    with pytest.raises(mlm.DataError, match="rescale"):
        mlm.lmer("y ~ 1 + (1 | g)", data)


@pytest.mark.parametrize("formula", ["same ~ x + (1 | g)", "same ~ 0 + x + (1 | g)"])
@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("value", [0.1, -1e9 - 0.1, 0.0])
def test_a_constant_response_is_refused_whatever_rounding_leaves_of_it(formula, weights, value):
    with pytest.raises(mlm.DataError, match="constant in the 96 rows"):
        mlm.lmer(formula, data().assign(same=value), weights=weights)


def test_a_response_that_is_constant_within_groups():
    data = pd.DataFrame({"y": np.repeat([1.0, 4.0, 2.0, 7.0], 5), "g": np.repeat(list("abcd"), 5)})
    with pytest.raises(mlm.FitError, match="perfectly"):
        mlm.lmer("y ~ 1 + (1 | g)", data)


def test_a_new_response_is_aligned_by_its_labels():
    rng = np.random.default_rng(1)
    data = pd.DataFrame({"y": rng.normal(size=60), "g": np.repeat(np.arange(6), 10)}, index=np.arange(60) + 100)
    data["y"] += np.repeat(rng.normal(size=6), 10)
    m = mlm.lmer("y ~ 1 + (1 | g)", data)
    shuffled = data["y"].sample(frac=1.0, random_state=1)
    assert m.refit(y=shuffled).deviance == pytest.approx(m.deviance, abs=1e-9)
    with pytest.raises(mlm.DataError, match="labels"):
        m.refit(y=data["y"].reset_index(drop=True))
    with pytest.raises(mlm.DataError, match="must be numbers"):
        m.refit(y=["a"] * 60)
