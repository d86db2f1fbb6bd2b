"""Second derivatives with several factors: the quadratic forms and traces they are made of, the long way."""

import itertools

import numpy as np
import pytest
from brute import MOBILITY, STRUCTURES, data, mobility, setup

import mlm
from mlm.likelihood.several_factors import parts
from mlm.optimize.minimise import minimise
from mlm.optimize.newton import FINAL_DECREASE
from mlm.optimize.start import moment_start

SEVERAL = [name for name in STRUCTURES if not name.startswith("one, ")]
# n x n matrices against blocks of them: rounding of sums of up to 96² products
LONG_WAY = 1e-9


def changes(dense, theta):
    """By element of theta: its term, and the change of V that each level makes, shape (J, n, n)."""
    out = []
    for term, (z, (t, rows, columns)) in enumerate(zip(dense.z, dense.factors(theta), strict=True)):
        for row, column in zip(rows, columns, strict=True):
            change = np.zeros_like(t)
            change[row] += t[:, column]
            change[:, row] += t[:, column]
            out.append((term, np.einsum("iaj,ab,kbj->jik", z, change, z, optimize=True)))
    return out


def stored_pairs(fast):
    """Which pairs of the crossed columns have a place, and the factor and level of each column; None if not all do."""
    ((part,), layout) = fast.solver.parts, fast.layout
    crossed = part.plan.crossed
    if crossed is None or any(layout.sizes[k] > 1 for k in crossed.factors):
        return None
    there = np.zeros((crossed.width, crossed.width), dtype=bool)
    for f in crossed.fronts.fronts:
        steps = np.concatenate([np.arange(f.start, f.stop), f.border])
        there[np.ix_(steps, np.arange(f.start, f.stop))] = there[np.ix_(np.arange(f.start, f.stop), steps)] = True
    there = there[np.ix_(crossed.fronts.step, crossed.fronts.step)]
    level_of = [
        (k, level) for k, at in zip(crossed.factors, crossed.columns, strict=True) for level in range(at.shape[1])
    ]
    return there, level_of


def long_way(fast, dense, theta, bend):
    """The formula of the module, with a matrix of the size of the data for everything."""
    factor_of, stored = [slot.factor for slot in fast.layout.slots], stored_pairs(fast)
    simple = [] if stored is None else sorted({k for k, _ in stored[1]})
    found = dense.solve(theta)
    inverse, e = found["inverse"], found["inverse"] @ found["rest"]
    p = inverse - inverse @ dense.x @ found["unscaled"] @ dense.x.T @ inverse
    r = p if dense.reml else inverse
    sigma2, dof = found["sigma2"], len(dense.y) - dense.reml * dense.x.shape[1]
    each = changes(dense, theta)
    out = bend.copy()
    for (a, (term, dv)), (b, (other, dw)) in itertools.product(enumerate(each), repeat=2):
        whole, beside = dv.sum(axis=0), dw.sum(axis=0)
        out[a, b] += e @ whole @ p @ beside @ e / sigma2
        out[a, b] -= (e @ whole @ e) * (e @ beside @ e) / (sigma2**2 * dof)
        if factor_of[term] in simple and factor_of[other] in simple:
            for (i, (k, j)), (i2, (k2, j2)) in itertools.product(enumerate(stored[1]), repeat=2):
                if stored[0][i, i2] and (k, k2) == (factor_of[term], factor_of[other]):
                    out[a, b] += e @ dv[j] @ r @ dw[j2] @ e / sigma2 - np.sum((r @ dv[j]).T * (r @ dw[j2]))
        elif factor_of[term] == factor_of[other]:
            for one, two in zip(dv, dw, strict=True):
                out[a, b] += e @ one @ r @ two @ e / sigma2 - np.trace(r @ one @ r @ two)
    return out


def bend_of(fast, at):
    """What the slope by Sigma adds, by differences of Sigma = T T' in theta (it is quadratic: exact)."""
    n = fast.layout.n_theta
    slopes = [at.slope(k) for k in range(len(fast.layout.sizes))]
    out = np.zeros((n, n))
    for a, b in itertools.product(range(n), repeat=2):
        one, two = fast.layout.matrices(np.eye(n)[a]), fast.layout.matrices(np.eye(n)[b])
        out[a, b] = sum(float((s * (x @ y.T + y @ x.T)).sum()) for s, x, y in zip(slopes, one, two, strict=True))
    return out


@pytest.mark.parametrize(("reml", "weights"), [(True, None), (False, "w")])
@pytest.mark.parametrize("structure", SEVERAL)
def test_every_part_is_what_matrices_of_the_size_of_the_data_give(structure, reml, weights):
    fast, dense = setup(STRUCTURES[structure], data(), reml, weights)
    theta = moment_start(fast) + np.linspace(0.05, 0.4, fast.layout.n_theta)
    at = fast.evaluate(theta, derivatives=2)
    want = long_way(fast, dense, theta, bend_of(fast, at))
    np.testing.assert_allclose(fast.curvature(at), want, rtol=0, atol=LONG_WAY * float(np.abs(want).max()))


@pytest.mark.usefixtures("sparse")
@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("formula", MOBILITY)
def test_with_a_sparse_system_too(formula, reml):
    fast, dense = setup(formula, mobility(40, 12, 100), reml)
    assert len(fast.solver.parts[0].plan.crossed.fronts.fronts) > 2
    theta = moment_start(fast) + np.linspace(0.05, 0.4, fast.layout.n_theta)
    at = fast.evaluate(theta, derivatives=2)
    want = long_way(fast, dense, theta, bend_of(fast, at))
    np.testing.assert_allclose(fast.curvature(at), want, rtol=0, atol=LONG_WAY * float(np.abs(want).max()))


def test_parts_of_the_data_add_up(monkeypatch):
    frame = data(2, 200).assign(h=lambda d: 4 * d["a"] + d["h"] % 4, g=lambda d: 5 * d["a"] + d["g"] % 5)
    formula = "y ~ x + (1 + x | g) + (1 | h)"
    whole, _ = setup(formula, frame, reml=False)
    monkeypatch.setattr(parts, "PART_COLUMNS", 3)
    divided, _ = setup(formula, frame, reml=False)
    assert len(whole.solver.parts) == 1 < len(divided.solver.parts)
    theta = np.array([0.8, 0.2, 0.5, 0.6])
    want = whole.evaluate(theta, derivatives=2).hessian
    # the same sums in another order; under REML, pairs of levels in different parts would count in one of them only
    np.testing.assert_allclose(
        divided.evaluate(theta, derivatives=2).hessian, want, rtol=0, atol=1e-11 * np.abs(want).max()
    )


def test_only_where_they_are_asked_for():
    fast, _ = setup(STRUCTURES["crossed"], data(), reml=True)
    assert fast.curvature(fast.evaluate(moment_start(fast))) is None


def test_newton_with_them_needs_few_evaluations():
    rng = np.random.default_rng(4)
    g, h = rng.integers(0, 150, 4000), rng.integers(0, 100, 4000)
    y = rng.normal(size=4000) + 0.5 * rng.normal(size=150)[g] + 0.7 * rng.normal(size=100)[h]
    m = mlm.lmer("y ~ 1 + (1 | g) + (1 | h)", {"y": y, "g": g, "h": h})
    # moments, two Newton steps to the digits of a deviance, and one more that shows that it is the end
    assert len(m.optimizer_info.evaluations) <= 5
    assert np.abs(m.deviance_function.evaluate(m.theta).gradient).max() < 1e-3


def test_derivatives_are_left_out_where_the_end_is_foreseen():
    """The last step is so short that they could say nothing new; what is left of the deviance is as good as nothing."""
    ended = 0
    for seed in range(12):
        rng = np.random.default_rng(100 + seed)
        g, h = rng.integers(0, 60, 1500), rng.integers(0, 40, 1500)
        frame = data(1, 1500).assign(g=g, h=h)
        frame["y"] = rng.normal(size=1500) + 0.5 * rng.normal(size=60)[g] + 0.7 * rng.normal(size=40)[h]
        fast, _ = setup("y ~ x + (1 | g) + (1 | h)", frame, reml=True)
        found = minimise(fast)
        assert found.converged
        ended += not len(found.evaluation.gradient)
        at = fast.evaluate(found.evaluation.theta, derivatives=2)
        assert found.evaluation.value == pytest.approx(at.value, rel=1e-14)
        # ten times what the search may leave: what a step promises is foreseen to that
        assert 0.5 * at.gradient @ np.linalg.solve(at.hessian, at.gradient) < 10 * FINAL_DECREASE
    assert ended >= 3
