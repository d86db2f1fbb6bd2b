"""What levels leave of the rows, against least squares in each level."""

from __future__ import annotations

import pickle
from fractions import Fraction

import numpy as np
import pytest

import mlm
from mlm.fit.stages import independent_columns, sorted_terms
from mlm.frame.model_frame import model_frame
from mlm.likelihood.deviance import Deviance
from mlm.likelihood.level_bases import SUMMED_AGAIN


def drawn(scale: float, seed: int = 3, levels: int = 6, rows: int = 9) -> dict[str, np.ndarray]:
    """Effects of this size beside residuals of 1, in levels of unequal sizes."""
    rng = np.random.default_rng(seed)
    g = np.repeat(np.arange(levels), rng.integers(rows - 4, rows + 4, levels))
    x, z = rng.normal(size=(2, len(g)))
    u = scale * rng.normal(size=(levels, 2))
    return {"y": u[g, 0] + u[g, 1] * x + z + rng.normal(size=len(g)), "x": x, "z": z, "g": g, "w": 1.0 + z * z}


@pytest.mark.parametrize("formula", ["y ~ z + (x | g)", "y ~ 0 + z + x + (1 + x + z || g)", "y ~ x + (0 + x | g)"])
@pytest.mark.parametrize("weights", [None, "w"])
def test_within_is_what_least_squares_leave_in_each_level(formula: str, weights: str | None) -> None:
    data = drawn(10.0)
    frame = model_frame(formula, data, weights=weights)
    frame, products = independent_columns(frame, sorted_terms(frame))
    (factor,) = products.factors
    root = np.ones(len(data["y"])) if weights is None else np.sqrt(data["w"])
    z = np.column_stack([part.columns.matrix() for part in frame.random]) * root[:, None]
    x = frame.x_columns.matrix()
    mean = x.mean(axis=0) * (np.array(frame.x_names) != "(Intercept)") * ("(Intercept)" in frame.x_names)
    x = (x - mean) * root[:, None]
    y = (data["y"] - (data["y"].mean() if "(Intercept)" in frame.x_names else 0.0)) * root
    block = np.column_stack([x, y - x @ np.linalg.lstsq(x, y)[0]])
    expected = np.zeros((block.shape[1],) * 2)
    for level in range(factor.levels):
        mine = data["g"] == level
        left = block[mine] - z[mine] @ np.linalg.lstsq(z[mine], block[mine])[0]
        expected += left.T @ left
    inverse = np.linalg.inv(factor.zz.transpose(2, 0, 1))
    coefficients = (inverse @ factor.zxy.transpose(2, 0, 1)).transpose(1, 2, 0)
    assert factor.rows is not None
    taken = np.zeros(products.p)
    assert factor.rows.within(coefficients, taken) == pytest.approx(expected, rel=1e-9, abs=1e-9 * expected.max())
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(factor.size, factor.size)))[0]
    turned = (turn.T @ coefficients.reshape(factor.size, -1)).reshape(coefficients.shape)
    found = factor.rows.turned(turn).within(turned, taken)
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-9 * expected.max())


@pytest.mark.parametrize("scale", [1e2, 1e4, 1e6])
def test_variances_of_balanced_data_are_those_of_exact_arithmetic(scale: float) -> None:
    rng = np.random.default_rng(7)
    levels, rows = 8, 5
    g = np.repeat(np.arange(levels), rows)
    y = np.round((scale * rng.normal(size=levels)[g] + rng.normal(size=len(g))) * 1024) / 1024
    exact = np.array([Fraction(value) for value in y]).reshape(levels, rows)
    means = exact.sum(axis=1) / rows
    within = ((exact - means[:, None]) ** 2).sum() / (levels * (rows - 1))
    between = rows * ((means - means.sum() / levels) ** 2).sum() / (levels - 1)
    fit = mlm.lmer("y ~ 1 + (1 | g)", {"y": y, "g": g})
    assert fit.converged
    assert fit.sigma**2 == pytest.approx(float(within), rel=1e-9)
    assert fit.theta[0] ** 2 == pytest.approx(float((between / within - 1) / rows), rel=1e-8)


@pytest.mark.parametrize("formula", ["y ~ x + (x | g)", "y ~ x + (x || g)", "y ~ z + (1 | g)"])
def test_the_criterion_does_not_move_with_the_order_of_rows(formula: str) -> None:
    data = drawn(1e5)
    if "(1 |" in formula:
        data["y"] = 1e5 * np.random.default_rng(2).normal(size=6)[data["g"]] + data["z"] * 3.0 + data["w"]
    first = mlm.lmer(formula, data)
    order = np.random.default_rng(5).permutation(len(data["y"]))
    second = mlm.lmer(formula, {name: values[order] for name, values in data.items()})
    assert first.converged
    assert first.products.xy[-1, -1] * SUMMED_AGAIN > first.sigma**2 * first.nobs  # rows are gone through once more
    assert second.deviance == pytest.approx(first.deviance, abs=1e-8)
    assert second.fixef.to_numpy() == pytest.approx(first.fixef.to_numpy(), abs=1e-9 * float(first.se.max()))
    assert second.se.to_numpy() == pytest.approx(first.se.to_numpy(), rel=1e-9)


def test_a_fit_of_large_effects_is_saved_with_its_rows() -> None:
    fit = mlm.lmer("y ~ x + (x | g)", drawn(1e5))
    again = pickle.loads(pickle.dumps(fit))
    assert isinstance(again.working, Deviance)
    assert again.refit(reml=False).deviance == fit.refit(reml=False).deviance
