"""Variance ratios of 1e6 to 1e10: estimates, and what is said, are the same in every order of rows."""

import warnings

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import mlm

FORMULAS = (
    "y ~ x + (x | g)", "y ~ x + (x || g)", "y ~ x * z + (x | g)", "y ~ x + z + (x + z | g)", "y ~ x + (0 + x | g)",
    "y ~ x + (1 | g) + (1 | h)", "y ~ x + (x | g) + (1 | h)",
)  # fmt: skip


def design(seed, power, slope, mean):
    """Effects of a factor that vary 2^power times as much as the residuals: exact in every sum."""
    rng = np.random.default_rng(seed)
    levels, n = int(rng.integers(4, 25)), int(rng.integers(60, 300))
    g, x, z = rng.integers(0, levels, n), *np.round(rng.normal(size=(2, n)) * 64) / 64
    x += mean
    large = np.round(rng.normal(size=levels) * 1024)[g] / 1024 * (x if slope else 1.0)
    y = 2.0**power * large + np.round((0.5 * x + rng.normal(size=n)) * 1024) / 1024
    return {"y": y, "x": x, "z": z, "g": g, "h": rng.integers(0, 8, n)}


def fitted(formula, frame, reml, order):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        m = mlm.lmer(formula, {name: column[order] for name, column in frame.items()}, reml=reml)
    return m, {w.category for w in said}


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 10_000), formula=st.sampled_from(FORMULAS), power=st.integers(10, 17), slope=st.booleans(),
    mean=st.sampled_from((0.0, 3.0)), reml=st.booleans(),
)  # fmt: skip
@example(seed=0, formula=FORMULAS[0], power=17, slope=False, mean=0.0, reml=False)
@example(seed=3, formula=FORMULAS[0], power=17, slope=True, mean=3.0, reml=True)
@example(seed=5, formula=FORMULAS[0], power=16, slope=False, mean=0.0, reml=True)
@example(seed=7, formula=FORMULAS[2], power=16, slope=True, mean=0.0, reml=True)
@example(seed=9, formula=FORMULAS[-1], power=17, slope=True, mean=0.0, reml=False)
def test_rows_in_another_order(seed, formula, power, slope, mean, reml):
    frame = design(seed, power, slope, mean)
    n = len(frame["y"])
    m, said = fitted(formula, frame, reml, np.arange(n))
    other, also = fitted(formula, frame, reml, np.random.default_rng(seed).permutation(n))
    assert (other.converged, other.is_singular, also) == (m.converged, m.is_singular, said)
    if not m.converged:
        return
    assert other.deviance == pytest.approx(m.deviance, abs=1e-7)
    assert other.sigma == pytest.approx(m.sigma, rel=1e-8)
    np.testing.assert_allclose(other.fixef / m.se, m.fixef / m.se, rtol=0, atol=1e-7)
    np.testing.assert_allclose(other.se, m.se, rtol=1e-7)
    own = np.sqrt(m.working_covariance.variances(np.eye(len(m.se))))
    np.testing.assert_allclose(own, m.se, rtol=1e-12)


@pytest.mark.parametrize("seed", [3, 5, 11, 12, 20])
def test_what_nearly_perfect_columns_have_left_is_what_the_rows_have(seed):
    """The residual variance beside effects of 1e5 deviations, by least squares on columns of the levels."""
    frame = design(seed, 17, slope=False, mean=0.0)
    m, _ = fitted("y ~ x + (1 | g)", frame, True, slice(None))
    rows = [frame["g"] == k for k in set(frame["g"])]
    x, y = (np.concatenate([frame[name][of] - frame[name][of].mean() for of in rows]) for name in "xy")
    slope = x @ y / (x @ x)
    left = y - slope * x
    assert m.sigma**2 == pytest.approx(left @ left / (len(left) - len(rows) - 1), rel=1e-8)
    assert m.fixef["x"] == pytest.approx(slope, rel=1e-6)
