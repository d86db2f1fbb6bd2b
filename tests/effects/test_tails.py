"""Distributions of the largest statistic of a family: against scipy, exact integrals and each other."""

import time

import numpy as np
import pytest
import scipy

from mlm.effects.adjust import Simultaneous
from mlm.effects.tails import ERROR, Largest, _root, range_tail


def correlations(rows, variances):
    covariance = rows @ np.diag(variances) @ rows.T
    size = np.sqrt(covariance.diagonal())
    return covariance / np.outer(size, size)


def all_pairs(count):
    every = np.eye(count)
    return np.array([every[i] - every[j] for i in range(count) for j in range(i + 1, count)])


@pytest.mark.parametrize("means", [2, 3, 6.5, 12, 40, 100])
@pytest.mark.parametrize("df", [1, 2, 5.5, 20, 200, 5000, np.inf])
def test_the_studentized_range_is_scipys(means, df):
    for q in (0.3, 1.0, 3.0, 5.0, 30.0):
        assert range_tail(q, means, df) == pytest.approx(scipy.stats.studentized_range.sf(q, means, df), abs=1e-9)


@pytest.mark.parametrize(("count", "df"), [(4, 3), (12, 5), (30, 50), (60, 20)])
def test_independent_statistics_are_integrated_exactly(count, df):
    family = Largest.of(np.eye(count))

    def outside(t):
        def density(w):
            one = 1.0 - 2.0 * scipy.stats.norm.sf(t * w)
            return (1.0 - one**count) * scipy.stats.chi.pdf(w * np.sqrt(df), df) * np.sqrt(df)

        return scipy.integrate.quad(density, 0.0, 5.0, epsabs=1e-12, limit=300)[0]

    for t in (1.0, 2.5, 4.0):
        assert family.tail(t, df) == pytest.approx(outside(t), abs=1e-9)


def test_sixty_independent_statistics():
    assert Largest.of(np.eye(60)).tail(2.5, 20.0) == pytest.approx(0.56120, abs=5e-6)


@pytest.mark.parametrize("count", [5, 11, 40])
def test_comparisons_with_one_of_independent_means_are_integrated_exactly(count):
    variances = np.random.default_rng(count).uniform(0.3, 3.0, count + 1)
    family = Largest.of(correlations(np.column_stack([-np.ones(count), np.eye(count)]), variances))
    assert family.loadings is not None
    normal = np.random.default_rng(1).normal(size=(400_000, count + 1)) * np.sqrt(variances)
    size = np.abs(normal[:, 1:] - normal[:, :1]) / np.sqrt(variances[1:] + variances[0])
    for t in (1.5, 2.5, 3.5):
        p = family.tail(t, np.inf)
        assert (size.max(axis=1) > t).mean() == pytest.approx(p, abs=5.0 * np.sqrt(p * (1.0 - p) / len(normal)) + 1e-9)
    assert family.tail(30.0, np.inf) < 1e-100


@pytest.mark.parametrize("count", [4, 8, 12, 20, 40])
def test_errors_of_means_over_directions_are_what_is_said(count):
    """All pairs of equal variances, of which the studentized range is exact."""
    family = Largest.of(correlations(all_pairs(count), np.ones(count)))
    for t in (1.5, 2.0, 2.5, 3.0, 4.0):
        off = abs(family.tail(t, 20.0) - range_tail(np.sqrt(2.0) * t, count, 20.0))
        assert off <= max(1e-7, 1.5 * family.error(t, 20.0))
        assert count > 12 or off <= ERROR / 4.0


@pytest.mark.parametrize("count", [5, 12])
def test_rounding_of_correlations_does_not_change_the_directions(count):
    """All pairs have equal eigenvalues, whose vectors are any; machines and rounding would choose."""
    exact = correlations(all_pairs(count), np.ones(count))
    found = [Largest.of(exact + noise) for noise in (0.0, 1e-15, -2e-15 * np.eye(len(exact)))]
    for t in (2.0, 3.0):
        assert [one.tail(t, 20.0) for one in found[1:]] == pytest.approx([found[0].tail(t, 20.0)] * 2, abs=1e-9)


@pytest.mark.parametrize(("count", "rank"), [(5, 3), (60, 12), (7, 7), (40, 1)])
def test_roots_are_roots(count, rank):
    columns = np.random.default_rng(rank).normal(size=(count, rank)) * np.logspace(0.0, -2.0, rank)
    wanted = correlations(columns, np.ones(rank))
    found = _root(wanted)
    assert found.shape == (count, rank)
    assert found @ found.T == pytest.approx(wanted, abs=1e-12)


def test_large_errors_are_told():
    family = Largest.of(correlations(all_pairs(40), np.ones(40)))
    assert family.error(3.0, 20.0) > ERROR
    several = Simultaneous(np.full(780, 20.0), correlations(all_pairs(40), np.ones(40)), 40, 780)
    assert several.error(np.full(780, 3.0)) > ERROR


def test_quantiles_between_nodes_are_those_of_a_search():
    df = np.random.default_rng(2).uniform(20.0, 250.0, 66)
    family = Simultaneous(df, correlations(all_pairs(12), np.ones(12)), 12, 66)
    started = time.process_time()
    found = family.quantiles(0.95, "tukey")
    assert time.process_time() - started < 3.0
    tails = [family.tail(t, one, "tukey") for t, one in zip(found, df, strict=True)]
    np.testing.assert_allclose(tails, 0.05, rtol=1e-8)
    theirs = [scipy.stats.studentized_range.isf(0.05, 12, one) / np.sqrt(2.0) for one in df[:3]]
    np.testing.assert_allclose(found[:3], theirs, rtol=1e-8)
    of_t = family.quantiles(0.95, "dunnettx")
    np.testing.assert_allclose(
        [family.tail(t, one, "dunnettx") for t, one in zip(of_t, df, strict=True)], 0.05, rtol=1e-8
    )
