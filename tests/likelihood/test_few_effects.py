"""All effects of several factors at once, against elimination; where effects are large, with rows in any order."""

from itertools import chain

import numpy as np
import pytest
from brute import STRUCTURES, data, setup

import mlm
from mlm.likelihood.few_effects import FewEffects
from mlm.likelihood.several_factors.solver import SeveralFactors

SEVERAL = [name for name, formula in STRUCTURES.items() if len(setup(formula, data(), True)[0].products.factors) > 1]


def solvers(formula, reml, weights=None, frame=None):
    fast, _ = setup(formula, data() if frame is None else frame, reml, weights)
    made = (fast.products, fast.layout, fast.criterion)
    return fast.layout, FewEffects(*made), SeveralFactors(*made)


def places(layout):
    rng = np.random.default_rng(4)
    yield from (np.abs(rng.normal(size=layout.n_theta)) + 0.1 for _ in range(2))
    yield np.where(layout.diagonal, 0.5, -0.3)
    yield np.zeros(layout.n_theta)


@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("structure", SEVERAL)
def test_evaluations_are_those_of_elimination(structure, reml, weights):
    layout, few, several = solvers(STRUCTURES[structure], reml, weights)
    for theta in places(layout):
        at, want = few.evaluate(theta, 1), several.evaluate(theta, 1)
        assert at.value == pytest.approx(want.value, abs=1e-10)
        assert few.evaluate(theta, 0).value == pytest.approx(at.value, abs=1e-11)
        for one, other in ((at.beta, want.beta), (at.unscaled, want.unscaled), (at.gradient, want.gradient)):
            np.testing.assert_allclose(one, other, rtol=1e-8, atol=1e-9)
        for one, other in zip(at.projections + at.residuals, want.projections + want.residuals, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-8, atol=1e-9)
        for one, other in zip(chain(*few.modes(theta)), chain(*several.modes(theta)), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("structure", SEVERAL)
def test_derivatives_are_exact(structure, reml):
    layout, few, several = solvers(STRUCTURES[structure], reml, "w")
    for theta in list(places(layout))[:3]:
        matrices, steps = layout.matrices(theta), [layout.units(k) for k in range(len(few.bases.shapes))]
        found, want = few.along(matrices, steps), several.along(matrices, steps)
        for name in ("slope", "second", "traces", "sums", "root"):
            np.testing.assert_allclose(getattr(found, name), getattr(want, name), rtol=1e-8, atol=1e-8)
        order = np.concatenate([layout.positions(k)[0] for k in range(len(few.bases.shapes))])
        np.testing.assert_allclose(
            few.curvature(few.evaluate(theta, 1))[np.ix_(order, order)], found.second, rtol=1e-10
        )


@pytest.mark.parametrize("reml", [True, False])
def test_the_end_of_a_short_step(reml):
    layout, few, _ = solvers(STRUCTURES["crossed, slopes"], reml)
    theta, step = next(places(layout)), 1e-7 * np.linspace(-1.0, 1.0, layout.n_theta)
    at, want = few.evaluate(theta, 1), few.evaluate(theta + step, 1)
    moved = few.moved(at, step, at.value - want.value)
    assert moved.value == want.value
    for one, other in ((moved.beta, want.beta), (moved.unscaled, want.unscaled), (moved.sigma2, want.sigma2)):
        np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-12)


def test_few_are_solved_together_and_many_are_not():
    rng, g, h = np.random.default_rng(0), np.arange(400) % 100, np.arange(400) % 29
    frame = {"y": rng.normal(size=100)[g] + rng.normal(size=29)[h] + rng.normal(size=400), "g": g, "h": h}
    assert isinstance(mlm.lmer("y ~ 1 + (1 | h) + (1 | g)", frame).working.solver, SeveralFactors)
    frame["g"] = np.minimum(g, 98)
    assert isinstance(mlm.lmer("y ~ 1 + (1 | h) + (1 | g)", frame).working.solver, FewEffects)


def large(ratio, slope):
    """Effects that vary so many times as much as the residuals."""
    rng = np.random.default_rng(7)
    a, b, x = rng.integers(0, 10, 80), rng.integers(0, 6, 80), np.round(rng.normal(size=80), 3)
    u, v, e, s = rng.normal(size=10), rng.normal(size=6), rng.normal(size=80), rng.normal(size=10)
    return {"y": u[a] + v[b] + 0.5 * x * (1.0 + slope * s[a]) + e / ratio, "x": x, "a": a, "b": b}


@pytest.mark.parametrize(("ratio", "known"), [(1e2, 1e-11), (1e4, 1e-9), (1e6, 5e-8)])
@pytest.mark.parametrize("formula", ["y ~ x + (1 | a) + (1 | b)", "y ~ x + (x | a) + (1 | b)"])
def test_large_effects_keep_their_digits(formula, ratio, known):
    frame, ends = large(ratio, "(x" in formula), []
    for k in range(4):
        order = np.random.default_rng(k).permutation(80)
        m = mlm.lmer(formula, {name: values[order] for name, values in frame.items()})
        assert m.converged
        ends.append([m.deviance, *m.fixef / m.se, *m.coefficients(ddf="satterthwaite")["df"]])
    spread = np.ptp(ends, axis=0)
    assert spread[0] < known
    assert (spread[1:] < 1e-9 * np.abs(ends[0][1:])).all()


def test_large_effects_against_long_doubles():
    """The REML criterion of balanced crossed data in closed form: sums of squares of rows, columns and what is left."""
    rng, (r, c) = np.random.default_rng(3), (6, 5)
    rows, columns = np.divmod(np.arange(r * c), c)
    y = 1e5 * rng.normal(size=r)[rows] + 1e4 * rng.normal(size=c)[columns] + rng.normal(size=r * c)
    table = y.astype(np.longdouble).reshape(r, c)
    by_row, by_column, mean = table.mean(axis=1), table.mean(axis=0), table.mean()
    between = c * ((by_row - mean) ** 2).sum() / (r - 1), r * ((by_column - mean) ** 2).sum() / (c - 1)
    left = ((table - by_row[:, None] - by_column + mean) ** 2).sum() / ((r - 1) * (c - 1))
    m = mlm.lmer("y ~ 1 + (1 | g) + (1 | h)", {"y": y, "g": rows, "h": columns})
    variances = m.varcorr.set_index("grp")["vcov"]
    assert variances["Residual"] == pytest.approx(float(left), rel=1e-9)
    assert variances["g"] == pytest.approx(float((between[0] - left) / c), rel=1e-8)
    assert variances["h"] == pytest.approx(float((between[1] - left) / r), rel=1e-8)


def test_columns_in_the_span_of_several_factors():
    """A predictor that is the sum of one by level of each factor: effects leave nothing of it but rounding."""
    frame = large(1e5, False)
    frame["z"] = 0.3 * frame["a"] + 0.7 * frame["b"]
    found = [
        mlm.lmer("y ~ x + z + (1 | a) + (1 | b)", {name: values[::k] for name, values in frame.items()})
        for k in (1, -1)
    ]
    assert found[0].deviance == pytest.approx(found[1].deviance, abs=1e-8)
    np.testing.assert_allclose(found[0].se, found[1].se, rtol=1e-9)


@pytest.mark.filterwarnings("ignore::mlm.SingularFitWarning")
@pytest.mark.parametrize("size", [1e3, 1e4])
def test_small_effects_beside_large_ones(size):
    """A slope of no variance beside intercepts of large ones: fitted values keep to the residuals' own digits."""
    rng, n = np.random.default_rng(3), 60
    g, h, x = np.arange(n) % 6, np.arange(n) // 12, rng.normal(size=n)
    y = 1.0 + size * rng.normal(size=6)[g] + size * rng.normal(size=5)[h] + rng.normal(size=n)
    m = mlm.lmer("y ~ 1 + (1 | g) + (x || h)", {"y": y, "x": x, "g": g, "h": h})
    theta = {part.term.text: value for part, value in zip(m.terms, m.theta, strict=True)}
    v = np.eye(n, dtype=np.longdouble)
    for text, value in theta.items():
        level, column = (g, np.ones(n)) if "| g" in text else (h, x if "x" in text else np.ones(n))
        v += np.longdouble(value) ** 2 * (level[:, None] == level) * np.outer(column, column).astype(np.longdouble)
    inverse = refined_inverse(v)
    one = np.ones(n, dtype=np.longdouble)
    beta = (one @ inverse @ y.astype(np.longdouble)) / (one @ inverse @ one)
    residuals = inverse @ (y.astype(np.longdouble) - beta)
    np.testing.assert_allclose(m.resid, residuals.astype(float), rtol=0, atol=1e-13 * size * m.sigma)


def refined_inverse(matrix):
    """Inverse of a positive definite matrix of long doubles, by Cholesky's method."""
    n, root = len(matrix), np.zeros_like(matrix)
    for j in range(n):
        root[j, j] = np.sqrt(matrix[j, j] - root[j, :j] @ root[j, :j])
        root[j + 1 :, j] = (matrix[j + 1 :, j] - root[j + 1 :, :j] @ root[j, :j]) / root[j, j]
    inverse = np.zeros_like(matrix)
    for i in range(n):
        inverse[i] = (np.eye(n, dtype=matrix.dtype)[i] - root[i, :i] @ inverse[:i]) / root[i, i]
    return inverse.T @ inverse


@pytest.mark.filterwarnings("ignore::mlm.SingularFitWarning")
def test_singular_slopes_of_large_variances():
    """Effects of a category that lie in a plane, a million times the residuals: one end, whatever the order of rows."""
    rng = np.random.default_rng(5)
    g, h, f = np.arange(45) % 5, rng.integers(0, 4, 45), rng.integers(0, 3, 45)
    effects = 1e6 * np.column_stack([rng.normal(size=5), rng.normal(size=5), np.zeros(5)])
    effects[:, 2] = effects[:, 0] - 0.5 * effects[:, 1]
    y, ends = effects[g, f] + 1e5 * rng.normal(size=4)[h] + rng.normal(size=45), []
    for k in range(4):
        order = np.random.default_rng(k).permutation(45)
        frame = {"y": y[order], "f": np.array(list("abc"))[f[order]], "g": g[order], "h": h[order]}
        m = mlm.lmer("y ~ f + (f | g) + (1 | h)", frame, reml=False)
        assert m.converged
        assert m.is_singular
        ends.append([m.deviance, *m.se, *m.coefficients(ddf="satterthwaite")["df"]])
    np.testing.assert_allclose(ends, np.tile(ends[0], (4, 1)), rtol=1e-7)


@pytest.mark.parametrize("theta", [1.0, 1e4])
def test_graded_columns_give_the_same(theta, monkeypatch):
    layout, few, _ = solvers(STRUCTURES["crossed, slopes"], True)
    at = theta * next(places(layout))
    found, second = few.evaluate(at, 1), few.curvature(few.evaluate(at, 1))
    monkeypatch.setattr("mlm.likelihood.joint_bases.LARGE_SQUARES", 0.0 if theta == 1.0 else np.inf)
    same, again = few.evaluate(at, 1), few.curvature(few.evaluate(at, 1))
    near = 1e-9 if theta == 1.0 else 1e-5  # what is not graded loses digits
    assert found.value == pytest.approx(same.value, rel=1e-10)
    np.testing.assert_allclose(found.gradient, same.gradient, rtol=near, atol=near * np.abs(same.gradient).max())
    np.testing.assert_allclose(second, again, rtol=near, atol=near * np.abs(again).max())
    for one, other in zip(found.projections + found.residuals, same.projections + same.residuals, strict=True):
        np.testing.assert_allclose(one, other, rtol=near, atol=near * np.abs(other).max())
