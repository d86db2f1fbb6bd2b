"""What levels leave of the rows, against least squares in each level."""

from __future__ import annotations

import pickle
import warnings
from fractions import Fraction

import numpy as np
import pytest

import mlm
from mlm.fit.stages import independent_columns, sorted_terms
from mlm.frame.model_frame import model_frame
from mlm.likelihood.deviance import Deviance
from mlm.likelihood.level_bases import LEAST_LEFT


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
    x = (x - products.shift.means) * root[:, None]
    y = (data["y"] - (data["y"].mean() if "(Intercept)" in frame.x_names else 0.0)) * root
    block = np.column_stack([x, y - x @ np.linalg.lstsq(x, y, rcond=None)[0]])
    expected = np.zeros((block.shape[1],) * 2)
    for level in range(factor.levels):
        mine = data["g"] == level
        left = block[mine] - z[mine] @ np.linalg.lstsq(z[mine], block[mine], rcond=None)[0]
        expected += left.T @ left
    assert factor.rows is not None
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(factor.size, factor.size)))[0]
    for rows, by in ((factor.rows, np.eye(factor.size)), (factor.rows.turned(turn), turn)):
        found = rows.levels()
        taken = np.eye(products.p + 1)  # [X, y] to [X, y - X taken]
        taken[:-1, -1] = -found.taken
        assert found.within == pytest.approx(taken.T @ expected @ taken, rel=1e-9, abs=1e-11 * expected.max())
        of_z, of_xy = np.split(found.coordinates, [factor.size], axis=1)
        squares = np.einsum("iaj,ibj->abj", of_z, of_z)
        zz = np.einsum("ka,klj,lb->abj", by, factor.zz, by)
        assert squares == pytest.approx(zz, rel=1e-9, abs=1e-9 * zz.max())
        across = np.einsum("iaj,ibj->abj", of_z, of_xy)
        zxy = np.einsum("ka,klj,lm->amj", by, factor.zxy, taken)
        assert across == pytest.approx(zxy, rel=1e-9, abs=1e-9 * np.abs(zxy).max())
        assert not of_z[np.triu_indices(factor.size, 1)].any()  # lower triangular


def weighted_means(x: np.ndarray, y: np.ndarray, ratio: float, rows: int) -> tuple[float, float]:
    """Slope and standard error over sigma of balanced data with one random intercept, in exact arithmetic."""
    p, q = (np.array([Fraction(v) for v in each]).reshape(-1, rows) for each in (x, y))
    a, b = p.sum(axis=1) / rows, q.sum(axis=1) / rows
    between = Fraction(1) / (Fraction(1, rows) + Fraction(ratio))  # weight of a mean beside one of a row
    a0, b0 = a.sum() / len(a), b.sum() / len(b)
    xx = ((p - a[:, None]) ** 2).sum() + between * ((a - a0) ** 2).sum()
    xy = ((p - a[:, None]) * (q - b[:, None])).sum() + between * ((a - a0) * (b - b0)).sum()
    return float(xy / xx), float(1 / xx) ** 0.5


@pytest.mark.parametrize("scale", [1e4, 1e6])
@pytest.mark.parametrize("width", [1e-2, 1e-5, 3e-8])
def test_a_predictor_that_hardly_varies_within_levels_keeps_what_it_tells(scale: float, width: float) -> None:
    rng, g = np.random.default_rng(3), np.repeat(np.arange(10), 8)
    x = rng.normal(size=10)[g] + width * rng.normal(size=80)
    y = scale * rng.normal(size=10)[g] + rng.normal(size=80)
    fit = mlm.lmer("y ~ x + (1 | g)", {"y": y, "x": x, "g": g})
    slope, error = weighted_means(x, y, float(fit.theta[0]) ** 2, 8)
    assert fit.fixef["x"] == pytest.approx(slope, abs=1e-8 * fit.se["x"])
    assert fit.se["x"] / fit.sigma == pytest.approx(error, rel=1e-8)


@pytest.mark.parametrize("width", [1e-4, 1e-6, 1e-7])
def test_levels_in_which_a_slope_hardly_shows(width: float) -> None:
    rng, g = np.random.default_rng(2), np.repeat(np.arange(20), 8)
    x = rng.normal(size=20)[g] + np.where(g % 2, width, 1.0) * rng.normal(size=160)
    y = 30 * rng.normal(size=20)[g] + 15 * rng.normal(size=20)[g] * x + rng.normal(size=160)
    fit = mlm.lmer("y ~ x + (x | g)", {"y": y, "x": x, "g": g})
    t = np.array([[fit.theta[0], 0.0], [fit.theta[1], fit.theta[2]]], dtype=np.longdouble)
    z, design = (np.column_stack([np.ones(160), x]).astype(np.longdouble) for _ in range(2))
    v = (z @ t @ t.T @ z.T) * (g[:, None] == g) + np.eye(160)
    assert fit.deviance == pytest.approx(float(reml_criterion(v, design, y.astype(np.longdouble))), abs=1e-7)


def reml_criterion(v: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.longdouble:
    """The criterion of one relative covariance matrix, in long doubles."""
    rows, log_det = np.column_stack([v, x, y]), np.longdouble(0)
    n, p = x.shape
    for k in range(n):
        log_det += np.log(rows[k, k])
        rows[k] /= np.sqrt(rows[k, k])
        rows[k + 1 :] -= rows[k, k + 1 : n, None] * rows[k]
    rest = rows[:, n:].T @ rows[:, n:]
    for k in range(p):
        log_det += np.log(rest[k, k])
        rest[k + 1 :] -= rest[k + 1 :, k, None] * rest[k] / rest[k, k]
    return log_det + (n - p) * (1 + np.log(2 * np.longdouble(np.pi) * rest[p, p] / (n - p)))


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
    assert first.products.xy[-1, -1] * LEAST_LEFT > first.sigma**2 * first.nobs  # rows are gone through once more
    assert second.deviance == pytest.approx(first.deviance, abs=1e-8)
    assert second.fixef.to_numpy() == pytest.approx(first.fixef.to_numpy(), abs=1e-9 * float(first.se.max()))
    assert second.se.to_numpy() == pytest.approx(first.se.to_numpy(), rel=1e-9)


def test_a_fit_of_large_effects_is_saved_with_its_rows() -> None:
    fit = mlm.lmer("y ~ x + (x | g)", drawn(1e5))
    again = pickle.loads(pickle.dumps(fit))
    assert isinstance(again.working, Deviance)
    assert again.refit(reml=False).deviance == fit.refit(reml=False).deviance


@pytest.mark.parametrize("width", [1e-6, 1e-8, 1e-10])
def test_a_predictor_of_which_levels_leave_nothing_does_not_disturb(width: float) -> None:
    rng, g = np.random.default_rng(51), np.repeat(np.arange(8), 6)
    z = rng.normal(size=8)[g] + width * rng.normal(size=48)
    y = 100.0 * rng.normal(size=8)[g] + z + rng.normal(size=48)
    fit = mlm.lmer("y ~ z + (1 | g)", {"y": y, "z": z, "g": g})
    v = np.longdouble(fit.theta[0]) ** 2 * (g[:, None] == g) + np.eye(48)
    design = np.column_stack([np.ones(48), z]).astype(np.longdouble)
    assert fit.deviance == pytest.approx(float(reml_criterion(v, design, y.astype(np.longdouble))), abs=1e-8)


@pytest.mark.parametrize(("seed", "scale", "width"), [(0, 1e2, 1e-4), (0, 1e3, 1e-4), (1, 1e3, 1e-5)])
def test_slopes_of_nearly_the_same_predictors_that_some_levels_do_not_show(
    seed: int, scale: float, width: float
) -> None:
    rng, g = np.random.default_rng(seed), np.repeat(np.arange(4), 6)
    x = rng.normal(size=4)[g] + np.where(g % 2 == 0, 0, 1) * rng.normal(size=24)
    z = x + width * rng.normal(size=24)
    data = {"y": scale * rng.normal(size=4)[g] + x + rng.normal(size=24), "x": x, "z": z, "g": g}
    order = rng.permutation(24)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.SingularFitWarning)
        fit = mlm.lmer("y ~ x + z + (x + z | g)", data)
        other = mlm.lmer("y ~ x + z + (x + z | g)", {name: values[order] for name, values in data.items()})
    assert fit.converged
    assert other.deviance == pytest.approx(fit.deviance, abs=1e-7)
