"""Starts: where analysis of variance or balance tells the minimum, and near the truth in large data."""

import numpy as np
import pandas as pd
import pytest
from brute import setup

from mlm.optimize.start import joint_moments, scored_start


def crossed(levels, cells, spread, seed=5):
    """Every pair of levels of two factors `cells` times."""
    rng = np.random.default_rng(seed)
    g, h = (a.ravel() for a in np.indices((*levels, cells))[:2])
    y = spread[0] * rng.normal(size=levels[0])[g] + spread[1] * rng.normal(size=levels[1])[h]
    return pd.DataFrame({"y": y + rng.normal(size=len(g)), "g": g, "h": h})


def test_balanced_data_give_the_analysis_of_variance():
    frame = crossed((12, 9), 3, (0.8, 0.5))
    fast, _ = setup("y ~ 1 + (1 | g) + (1 | h)", frame, reml=True)
    grand = frame["y"].mean()
    means = {f: frame.groupby(f)["y"].mean() for f in ("g", "h")}
    square = {f: (len(frame) / len(m)) * ((m - grand) ** 2).sum() / (len(m) - 1) for f, m in means.items()}
    total = ((frame["y"] - grand) ** 2).sum()
    rest = total - sum(square[f] * (len(m) - 1) for f, m in means.items())
    error = rest / (len(frame) - 1 - sum(len(m) - 1 for m in means.values()))
    want = [(square[f] - error) / (len(frame) / len(m)) / error for f, m in means.items()]
    found = joint_moments(fast.products)
    # the same equations, solved by a matrix
    assert [float(f[0]) ** 2 for f in found] == pytest.approx(want, rel=1e-10)


def test_unbalanced_slopes_are_near_the_truth():
    rng = np.random.default_rng(8)
    n, g, h = 60_000, rng.geometric(0.004, 60_000) % 900, rng.geometric(0.01, 60_000) % 400
    x = rng.normal(size=n)
    y = 2.0 + 0.6 * rng.normal(size=900)[g] + 0.4 * rng.normal(size=900)[g] * x + 0.9 * rng.normal(size=400)[h]
    frame = pd.DataFrame({"y": y + rng.normal(size=n), "x": x, "g": g, "h": h})
    fast, _ = setup("y ~ 1 + (1 + x | g) + (1 | h)", frame, reml=True)
    slopes, single = joint_moments(fast.products)
    # standard errors of a standard deviation of 400 or 900 effects: 2 to 4 %; three of them
    assert [*slopes, *single] == pytest.approx([0.6, 0.4, 0.9], rel=0.12)


def test_no_variance_stays_clear_of_zero():
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"y": rng.normal(size=500), "g": rng.integers(0, 40, 500), "h": rng.integers(0, 20, 500)})
    fast, _ = setup("y ~ 1 + (1 | g) + (1 | h)", frame, reml=True)
    assert all(0.0 < float(f[0]) < 0.5 for f in joint_moments(fast.products))


@pytest.mark.parametrize("reml", [True, False])
def test_balanced_slopes_start_at_the_minimum(reml):
    rng = np.random.default_rng(6)
    x, effects = np.tile(np.arange(12.0), 15), rng.multivariate_normal([0, 0], [[4.0, 0.3], [0.3, 0.2]], 15)
    g = np.repeat(np.arange(15), 12)
    y = effects[g, 0] + (1.0 + effects[g, 1]) * x + rng.normal(size=len(x))
    fast, _ = setup("y ~ x + (x | g)", pd.DataFrame({"y": y, "x": x, "g": g}), reml=reml)
    at = fast.evaluate(scored_start(fast), 2)
    step = np.linalg.solve(fast.curvature(at), at.gradient)
    assert at.gradient @ step < 1e-10  # 1e-5 standard errors from it: levels' coefficients are shrunk by 1e-8
