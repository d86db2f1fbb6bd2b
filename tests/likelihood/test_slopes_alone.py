"""A fixed slope beside one that varies without an intercept, of any size: limits that are known in closed form."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import mlm
from mlm.crossproducts.bases import NEAR_ZERO

LEVELS, ROWS = 12, 10


def drawn(size: float, far: float = 0.0) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Slopes of this size beside residuals of 1; also the slopes, without it, and the residuals."""
    rng = np.random.default_rng(4)
    g, x = np.repeat(np.arange(LEVELS), ROWS), np.tile(np.arange(float(ROWS)), LEVELS) + far
    slopes, noise = rng.normal(size=LEVELS), rng.normal(size=LEVELS * ROWS)
    y = size * slopes[g] * x + x + noise
    return pd.DataFrame({"y": y, "x": x, "g": g, "w": g % 2, "h": np.tile(np.arange(8), 15)}), slopes, noise


@pytest.mark.parametrize(("size", "far"), [(1e4, 0.0), (1e5, 0.0), (1e7, 0.0), (1e4, 50.0), (1e6, 50.0)])
def test_large_slopes_keep_their_digits(size: float, far: float) -> None:
    """As slopes grow, the fit is that of a slope for each level, and the fixed one the mean of these."""
    frame, slopes, noise = drawn(size, far)
    own = np.zeros((len(frame), 1 + LEVELS))
    own[:, 0], own[np.arange(len(frame)), 1 + frame["g"]] = 1.0, frame["x"]
    left = np.sum((noise - own @ np.linalg.lstsq(own, noise, rcond=None)[0]) ** 2)
    sigma = np.sqrt(left / (len(frame) - 1 - LEVELS))
    m = mlm.lmer("y ~ x + (0 + x | g)", frame)
    assert m.converged
    assert m.sigma == pytest.approx(sigma, rel=3e-9)
    assert m.coefficients(ddf="satterthwaite")["df"].to_numpy() == pytest.approx([107.0, 11.0], rel=1e-7)
    errors = [sigma * np.sqrt(np.linalg.inv(own.T @ own)[0, 0]), size * slopes.std(ddof=1) / np.sqrt(LEVELS)]
    assert m.se.to_numpy() == pytest.approx(errors, rel=2.0 / size + 1e-8)


@pytest.mark.parametrize("formula", ["y ~ w * x + (0 + x | g)", "y ~ x + (0 + x | g) + (1 | h)"])
def test_large_slopes_beside_other_terms(formula: str) -> None:
    """What they take of the other coefficients does not depend on how large they are."""
    errors, free = [], []
    for size in (1e4, 1e6):
        m = mlm.lmer(formula, drawn(size)[0])
        assert m.converged
        errors.append(m.se.to_numpy() / np.where(["x" in name for name in m.fixef.index], size, 1.0))
        free.append(m.coefficients(ddf="satterthwaite")["df"].to_numpy())
    assert errors[0] == pytest.approx(errors[1], rel=5e-6)
    assert free[0] == pytest.approx(free[1], rel=5e-6)


def test_slopes_far_from_zero_are_said_where_digits_are_lost() -> None:
    """Beyond so many standard deviations the fixed column is shifted, and what is told of it is a difference."""
    far = 2 * NEAR_ZERO * ROWS
    assert mlm.lmer("y ~ x + (0 + x | g)", drawn(1.0, far)[0]).converged
    with pytest.warns(mlm.ConvergenceWarning, match="rounding hides decreases"):
        m = mlm.lmer("y ~ x + (0 + x | g)", drawn(1e5, far)[0])
    assert not m.converged


@pytest.mark.parametrize("others", ["", " + (1 | h)"])
def test_large_slopes_of_rank_one_are_said_to_be_large(others: str) -> None:
    """Intercepts that depend on the slopes: what is left of the fixed effects are differences of large numbers."""
    with pytest.raises(mlm.FitError, match=r"effects vary \de\+0[78] times") as caught:
        mlm.lmer("y ~ x + (x | g)" + others, drawn(1e8)[0])
    assert "linearly dependent" not in str(caught.value)
