"""Families of contrasts: within what a factor is nested in, beside estimates that do not follow from the fit."""

import warnings

import numpy as np
import pytest
import scipy
from reference.emmeans import rows

import mlm
from mlm.effects.adjust import stepwise

ALL_COUNT = ("holm", "hochberg", "hommel", "BH", "BY", "bonferroni", "sidak")


@pytest.fixture(scope="module")
def gaps():
    data = rows("main")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.RankWarning)
        return mlm.lmer("y ~ A * B + (1 | g)", data[~((data["A"] == "c") & (data["B"] == "v"))])


def nested():
    data = rows("main")
    return mlm.lm("y ~ S * B + D", data), data.groupby("S")["D"].nunique()


@pytest.mark.filterwarnings("ignore::mlm.RankWarning")
def test_a_factor_by_what_it_is_nested_in():
    m, sizes = nested()
    means = mlm.emmeans(m, "D", by="S")
    assert means.by == ("S",)
    assert list(means.labels) == ["D", "S"]
    pairs = means.contrast()
    assert len(pairs.frame) == (sizes * (sizes - 1) / 2).sum()
    assert f"a family of {sizes.max()} estimates" in str(pairs)
    largest = pairs.frame[pairs.frame["S"] == sizes.idxmax()]
    p = scipy.stats.studentized_range.sf(np.sqrt(2.0) * largest["t.ratio"].abs(), sizes.max(), largest["df"])
    np.testing.assert_allclose(largest["p.value"], p, rtol=1e-8)


@pytest.mark.filterwarnings("ignore::mlm.RankWarning")
def test_by_a_factor_that_is_nested_stands_within_its_own():
    m, sizes = nested()
    means = mlm.emmeans(m, "B", by="D")
    assert means.by == ("S", "D")
    assert len(means.contrast().frame) == sizes.sum()
    assert mlm.emmeans(m, "D", by="B").by == ("B",)


@pytest.mark.parametrize("method", ALL_COUNT)
def test_estimates_that_do_not_follow_count_in_adjustments(gaps, method):
    pairs = mlm.emmeans(gaps, "A:B").contrast(adjust=method)
    raw = pairs.test(adjust=None).frame["p.value"]
    assert raw.isna().sum() == 5
    counted = pairs.frame["p.value"]
    filled = stepwise(raw.fillna(1.0).to_numpy(), method) if method in ALL_COUNT[:5] else None
    by_hand = {"bonferroni": np.minimum(1.0, 15 * raw), "sidak": 1.0 - (1.0 - raw) ** 15}.get(method, filled)
    np.testing.assert_allclose(counted, np.where(raw.isna(), np.nan, by_hand), rtol=1e-8, atol=1e-12)
    assert f"{method} method for 15 tests" in str(pairs)


def test_scheffe_has_the_rank_of_what_is_estimable_and_mvt_its_number(gaps):
    pairs = mlm.emmeans(gaps, "A:B").contrast(adjust="scheffe")
    assert "rank 4" in str(pairs)
    there = pairs.frame.dropna()
    p = scipy.stats.f.sf(there["t.ratio"] ** 2 / 4, 4, there["df"])
    np.testing.assert_allclose(there["p.value"], p, rtol=1e-8)
    assert "mvt method for 10 tests" in str(pairs.test(adjust="mvt"))


def test_one_estimable_contrast_of_three_is_adjusted(gaps):
    pairs = mlm.emmeans(gaps, "A", by="B").contrast(adjust="holm")
    alone = pairs.frame[pairs.frame["B"] == "v"].dropna()
    assert len(alone) == 1
    raw = pairs.test(adjust=None).frame.loc[alone.index, "p.value"]
    np.testing.assert_allclose(alone["p.value"], np.minimum(1.0, 3.0 * raw), rtol=1e-10)


def test_beginnings_of_adjustments():
    m = mlm.lm("y ~ A", rows("main"))
    assert mlm.emmeans(m, "A").contrast(adjust="Bonf").adjust == "bonferroni"
    with pytest.raises(mlm.ArgumentError, match="beginning"):
        mlm.emmeans(m, "A").contrast(adjust="ho")
