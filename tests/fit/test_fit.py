"""A fit is a value that cannot be changed, can be stored, says what is singular, and can be fitted again."""

import pickle
import warnings
from dataclasses import FrozenInstanceError

import numpy as np
import pandas as pd
import pytest
from brute import data
from fitting import MODELS, fit, same

import mlm


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
    for name in ("vcov", "x"):
        handed = getattr(m, name)
        values = handed.to_numpy(copy=True)
        handed.iloc[0, 0] = 99.0
        np.testing.assert_array_equal(getattr(m, name), values)


def test_labels_that_are_handed_out_can_be_named():
    frame = data()
    m, before = fit("y ~ x + (1 + x | g)", frame), frame.index.name
    linear = mlm.lm("y ~ x", frame)
    handed = [
        m.resid,
        m.fitted,
        m.y,
        m.x,
        m.groups,
        m.design(frame),
        m.predict(frame),
        m.predict(re_form="NA"),
        m.coef(),
    ]
    handed += [linear.resid, linear.fitted, linear.y, linear.x, linear.design(frame), linear.predict(frame)]
    for table in handed:
        table.index.name = "changed"
    assert frame.index.name == before
    assert m.resid.index.name == linear.resid.index.name == before
    assert m.ranef()["grp"].name == "grp"
    assert m.coef().index.name is None


def test_tables_of_a_linear_model_can_be_changed():
    m = mlm.lm("y ~ x", data())
    fitted, x = m.fitted.copy(), m.x.copy()
    values, matrix = m.fitted, m.x
    values.iloc[0] = 99.0
    matrix.iloc[:, 1] = 99.0
    pd.testing.assert_series_equal(m.fitted, fitted)
    pd.testing.assert_frame_equal(m.x, x)


def test_a_buffer_that_gave_a_response_can_be_used_again():
    buffer = data()["y"].to_numpy(copy=True) + 1.0
    m = fit("y ~ x + (1 | g)").refit(y=buffer)
    resid = m.resid.copy()
    buffer[:] = 0.0
    pd.testing.assert_series_equal(m.resid, resid)


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
        (np.full(96, np.nan), "96 missing values"),
        (np.ones(96), "is constant"),
        # behind the mask stand numbers that are none
        (np.ma.array(np.arange(96.0), mask=np.arange(96) < 2), "new response has 2 missing values"),
        ([None, *range(95)], "new response has 1 missing values"),
        (np.where(np.arange(96) < 3, np.inf, 1.0), "new response has 3 infinite values in its 96 rows"),
        (np.arange(96).astype("datetime64[D]"), r"new response is not numeric \(dtype datetime64"),
        (np.arange(96) + 1j, r"new response is not numeric \(dtype complex128"),
    ],
)
def test_refit_to_a_bad_response(y, message):
    with pytest.raises(mlm.DataError, match=message):
        fit("y ~ x + (1 | g)").refit(y=y)


def test_a_new_response_is_aligned_by_its_labels():
    rng = np.random.default_rng(1)
    data = pd.DataFrame({"y": rng.normal(size=60), "g": np.repeat(np.arange(6), 10)}, index=np.arange(60) + 100)
    data["y"] += np.repeat(rng.normal(size=6), 10)
    m = mlm.lmer("y ~ 1 + (1 | g)", data)
    shuffled = data["y"].sample(frac=1.0, random_state=1)
    assert m.refit(y=shuffled).deviance == pytest.approx(m.deviance, abs=1e-9)
    with pytest.raises(mlm.DataError, match="labels"):
        m.refit(y=data["y"].reset_index(drop=True))
    with pytest.raises(mlm.DataError, match="new response is not numeric"):
        m.refit(y=["a"] * 60)
