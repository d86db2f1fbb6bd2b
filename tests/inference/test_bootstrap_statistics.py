"""Statistics with names keep them: numbers of a refit are told by these, in whatever order they come."""

import warnings

import numpy as np
import pandas as pd
import pytest

import mlm


@pytest.fixture(scope="module")
def m():
    rng = np.random.default_rng(8)
    g, x = np.repeat(np.arange(12), 6), rng.normal(size=72)
    return mlm.lmer("y ~ x + z + (1 | g)", {"y": x + g + rng.normal(size=72), "x": x, "z": rng.normal(size=72), "g": g})


def by_size(fit):
    return fit.fixef.sort_values(key=np.abs)


@pytest.mark.parametrize(
    "statistic", [by_size, lambda f: by_size(f).to_dict(), lambda f: dict(reversed(list(by_size(f).items())))]
)
def test_numbers_are_told_by_their_names(m, statistic):
    found = mlm.bootstrap(m, 30, statistic, seed=5)
    every = mlm.bootstrap(m, 30, seed=5).estimates[list(found.estimates)]
    assert set(found.estimates) == set(m.fixef.index)
    pd.testing.assert_frame_equal(found.estimates, every, rtol=1e-5, atol=1e-7)
    assert found.observed.to_dict() == m.fixef.to_dict()


def test_other_names_are_a_failure(m):
    count = iter(range(100))

    def statistic(fit):
        return {"a" if next(count) % 2 else "b": fit.sigma, "c": 1.0}

    found = mlm.bootstrap(m, 6, statistic, seed=5)
    assert found.failures == 3
    assert "numbers by other names than the model, such as 'a'" in found.errors[0]
    assert list(found.estimates) == ["b", "c"]


@pytest.mark.parametrize("kind", ["percentile", "basic", "normal"])
def test_names_that_are_there_twice_have_intervals_of_their_own(m, kind):
    def statistic(fit):
        return pd.Series([*fit.fixef, fit.sigma], ["a", "b", "a", "b"])

    twice, told = (
        mlm.bootstrap(m, 40, one, seed=3) for one in (statistic, lambda f: statistic(f).set_axis(list("pqrs")))
    )
    assert twice.confint(kind).to_numpy().tolist() == told.confint(kind).to_numpy().tolist()
    assert twice.frame.to_numpy().tolist() == told.frame.to_numpy().tolist()
    assert list(twice.confint(kind).index) == ["a", "b", "a", "b"]


def test_of_numbers_without_names_the_places_count(m):
    found = mlm.bootstrap(m, 5, lambda f: sorted(f.fixef, key=abs), seed=5).estimates
    assert (found.abs().diff(axis=1).iloc[:, 1:] >= 0.0).all(axis=None)


@pytest.mark.parametrize("family", [None, "poisson", "binomial"])
def test_groups_that_leave_a_coefficient_out_are_failures(family):
    rng = np.random.default_rng(4)
    g, x = np.repeat(np.arange(7), 9), rng.normal(size=63)
    rows = {"y": rng.normal(size=63) + g, "t": np.where(g == 2, "new", "old"), "g": g, "x": x}
    rows |= {"poisson": rng.poisson(np.exp(0.5 + 0.2 * (g % 3))), "binomial": rng.random(63) < 0.5}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.SingularFitWarning)
        m = mlm.lmer("y ~ t + x + (1 | g)", rows)
        if family:
            m = mlm.glmer(f"{family} ~ t + x + (1 | g)", rows, family)
    found = mlm.bootstrap(m, 30, kind="groups", seed=1)
    drawn = np.random.default_rng(1)
    without = [k for k in range(30) if 2 not in drawn.integers(0, 7, 7)]
    assert 5 < len(without) < 25
    assert [k for k, why in found.errors.items() if "not all terms are in these rows" in why] == without
    slopes = mlm.bootstrap(m, 30, lambda f: f.fixef["x"], kind="groups", seed=1)
    assert slopes.estimates.iloc[without].notna().all(axis=None)
