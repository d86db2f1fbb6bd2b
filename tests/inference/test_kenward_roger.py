"""Kenward and Roger's method by its definition with dense matrices, in balanced designs, and in any units.

`test_hypothesis_tests` compares it with pbkrtest.
"""

import warnings

import numpy as np
import pandas as pd
import pytest
from brute import STRUCTURES, data, setup

import mlm

# sums of up to 1e4 products of dense inverses
EXACT = 1e-8


def fitted(formula, frame, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.SingularFitWarning)
        return mlm.lmer(formula, frame, **options)


def dense(m, formula, frame, weights):
    """Adjusted covariance matrix, ``P_i``, their W: formulas of Kenward & Roger (1997) with n x n matrices."""
    _, long = setup(formula, frame, True, weights)
    layout, theta = m.deviance_function.layout, m.theta
    changes, v = [np.diag(1.0 / long.weights)], np.diag(1.0 / long.weights)
    for z, slot in zip(long.z, layout.slots, strict=True):
        block = slice(slot.start, slot.start + slot.size)
        t = layout.matrices(theta)[slot.factor][block, block]
        v = v + np.einsum("iaj,ab,kbj->ik", z, t @ t.T, z, optimize=True)
        for a, b in zip(*np.triu_indices(slot.size), strict=True):
            one = np.einsum("ij,kj->ik", z[:, a], z[:, b])
            changes.append(one + one.T if a != b else one)
    v = m.sigma**2 * v
    inverse, x = np.linalg.inv(v), long.x
    phi = np.linalg.inv(x.T @ inverse @ x)
    inside = [inverse @ g for g in changes]
    p = [-x.T @ a @ inverse @ x for a in inside]
    q = [[x.T @ a @ b @ inverse @ x for b in inside] for a in inside]
    k = range(len(changes))
    information = np.array(
        [
            [
                np.sum(inside[i] * inside[j].T) - 2 * np.trace(phi @ q[i][j]) + np.trace(phi @ p[i] @ phi @ p[j])
                for j in k
            ]
            for i in k
        ]
    )
    w = 2.0 * np.linalg.pinv(information, rcond=1e-10, hermitian=True)
    spread = sum(w[i, j] * (q[i][j] - p[i] @ phi @ p[j]) for i in k for j in k)
    return phi, phi + 2.0 * phi @ spread @ phi, p, w


@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("structure", [name for name in STRUCTURES if name != "one, no fixed effects"])
def test_all_of_it_is_that_of_dense_matrices(structure, weights):
    formula, frame = STRUCTURES[structure], data()
    m = fitted(formula, frame, weights=weights)
    phi, adjusted, p, w = dense(m, formula, frame, weights)
    by = m.denominators("kenward-roger")
    scale = np.sqrt(adjusted.diagonal())
    np.testing.assert_allclose(by.vcov / np.outer(scale, scale), adjusted / np.outer(scale, scale), atol=EXACT, rtol=0)
    rows = np.eye(len(m.fixef))
    for row, df in zip(rows, by.dfs(rows), strict=True):
        theta = np.outer(row, row) / (row @ phi @ row)
        traces = np.array([np.trace(theta @ phi @ one @ phi) for one in p])
        assert df == pytest.approx(2.0 / (traces @ w @ traces), rel=EXACT)


def test_several_contrasts_at_once_by_definition():
    formula, frame = STRUCTURES["one, two slopes"], data()
    m = fitted(formula, frame)
    phi, adjusted, p, w = dense(m, formula, frame, None)
    contrasts = np.array([[0.0, 1.0, 0.0, 0.0], [0.0, 1.0, -1.0, 2.0], [1.0, 0.0, 0.0, 3.0]])
    theta = contrasts.T @ np.linalg.solve(contrasts @ phi @ contrasts.T, contrasts)
    k, q = range(len(p)), 3
    a1 = sum(w[i, j] * np.trace(theta @ phi @ p[i] @ phi) * np.trace(theta @ phi @ p[j] @ phi) for i in k for j in k)
    a2 = sum(w[i, j] * np.trace(theta @ phi @ p[i] @ phi @ theta @ phi @ p[j] @ phi) for i in k for j in k)
    b, g = (a1 + 6 * a2) / (2 * q), ((q + 1) * a1 - (q + 4) * a2) / ((q + 2) * a2)
    c = np.array([g, q - g, q + 2 - g]) / (3 * q + 2 * (1 - g))
    expected = 1.0 / (1.0 - a2 / q)
    variance = 2.0 / q * (1 + c[0] * b) / ((1 - c[1] * b) ** 2 * (1 - c[2] * b))
    df = 4.0 + (q + 2.0) / (q * variance / (2.0 * expected**2) - 1.0)
    scaling = df / (expected * (df - 2.0))
    difference = contrasts @ m.fixef.to_numpy()
    value = scaling / q * difference @ np.linalg.solve(contrasts @ adjusted @ contrasts.T, difference)
    found = m.denominators("kenward-roger").f_test(contrasts, difference)
    assert tuple(found)[:4] == pytest.approx((value, q, df, scaling), rel=EXACT)
    # what is asked does not depend on how it is written, and a row that follows from others adds nothing
    mixing = np.random.default_rng(1).normal(size=(4, 3))
    again = m.denominators("kenward-roger").f_test(mixing @ contrasts, mixing @ difference)
    assert tuple(again)[:4] == pytest.approx(tuple(found)[:4], rel=EXACT)


def test_balanced_split_plots_are_tested_exactly():
    """Whole plots by a(b - 1) = 12 degrees of freedom, split plots by a(b - 1)(c - 1) = 36, and F as it is."""
    a, b, c = np.indices((3, 5, 4)).reshape(3, -1)
    rng = np.random.default_rng(3)
    y = rng.normal(size=15)[5 * a + b] * 2.0 + 0.3 * a * c + rng.normal(size=60)
    m = mlm.lmer("y ~ A * C + (1 | plot)", {"y": y, "A": a.astype(str), "C": c.astype(str), "plot": 5 * a + b})
    for kind in (1, 2, 3):
        found = mlm.anova(m, type=kind, ddf="kenward-roger").frame
        assert found["DenDF"].tolist() == pytest.approx([12.0, 36.0, 36.0], rel=1e-9)
        assert found["F value"].tolist() == pytest.approx(mlm.anova(m, type=kind).frame["F value"].tolist(), rel=1e-9)


def test_units_and_origins_do_not_matter():
    frame = data()
    m = fitted("y ~ x + z + (1 + x | g)", frame)
    moved = frame.assign(x=1e3 + 7.0 * frame["x"], z=1e-6 * frame["z"], y=1e4 * frame["y"])
    n = fitted("y ~ x + z + (1 + x | g)", moved)
    one, other = (each.coefficients(ddf="kenward-roger") for each in (m, n))
    assert other["df"].tolist()[1:] == pytest.approx(one["df"].tolist()[1:], rel=1e-6)
    assert other["t value"].tolist()[1:] == pytest.approx(one["t value"].tolist()[1:], rel=1e-6)


def test_many_crossed_levels_are_found_as_few_are(monkeypatch):
    formula, frame = "y ~ x + (1 + x | g) + (1 | h) + (1 | k)", data()
    want = fitted(formula, frame).coefficients(ddf="kenward-roger")
    monkeypatch.setattr("mlm.likelihood.deviance.FEW_EFFECTS", 0)
    found = fitted(formula, frame).coefficients(ddf="kenward-roger")
    pd.testing.assert_frame_equal(found, want, rtol=1e-6)


def test_nearly_parallel_columns_of_two_terms():
    """They are solved in joint columns: `likelihood.joint_columns`."""
    frame = data().assign(far=lambda d: d["z"] + 60.0)
    formula = "y ~ x + (1 | g) + (0 + far | g)"
    m = fitted(formula, frame)
    assert type(m.working.solver).__name__ == "JointColumns"
    _, adjusted, _, _ = dense(m, formula, frame, None)
    scale, found = np.sqrt(adjusted.diagonal()), m.denominators("kenward-roger").vcov
    np.testing.assert_allclose(found / np.outer(scale, scale), adjusted / np.outer(scale, scale), atol=1e-6, rtol=0)


def test_variances_of_0():
    frame = data(3).assign(y=lambda d: d["x"] + np.random.default_rng(3).normal(size=96))
    for formula in ("y ~ x + (1 | g)", "y ~ x + (1 | g) + (1 | h)", "y ~ x + (1 + z | g)"):
        with pytest.warns(mlm.SingularFitWarning):
            m = mlm.lmer(formula, frame)
        found = m.coefficients(ddf="kenward-roger")
        phi, adjusted, p, w = dense(m, formula, frame, None)
        assert found["Std. Error"].to_numpy() == pytest.approx(np.sqrt(adjusted.diagonal()), rel=1e-7)
        traces = np.array([(phi @ one @ phi)[1, 1] / phi[1, 1] for one in p])
        assert found["df"].iloc[1] == pytest.approx(2.0 / (traces @ w @ traces), rel=1e-7)


def test_it_is_one_of_reml():
    m = mlm.lmer("y ~ x + (1 | g)", data(), reml=False)
    for ask in (lambda: m.coefficients(ddf="kenward-roger"), lambda: mlm.anova(m, ddf="kenward-roger")):
        with pytest.raises(mlm.FitError, match=r"one of REML, .* by maximum likelihood; take m.refit\(reml=True\)"):
            ask()


def test_without_fixed_effects_the_table_is_empty():
    assert mlm.lmer("y ~ 0 + (1 | g)", data()).coefficients(ddf="kenward-roger").shape == (0, 5)


def test_confidence_intervals_have_the_adjusted_width():
    m = mlm.lmer("y ~ x + (1 | g)", data())
    limits = m.confint(ddf="kenward-roger")
    contest = mlm.contest(m, np.eye(2), ddf="kenward-roger", joint=False).frame
    assert contest["upper"].to_numpy() == pytest.approx(limits["97.5 %"].to_numpy(), rel=1e-12)
