"""The page on several factors: its names exist, and its formulas hold for matrices of the size of the data."""

import importlib
import itertools
import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from brute import STRUCTURES, data, setup

PAGE = (Path(__file__).resolve().parents[3] / "book" / "several_factors.md").read_text("utf-8")
# rounding: inverses of 96 x 96 matrices with condition numbers up to 1e3
EXACT = 1e-9


def near(found, want):
    np.testing.assert_allclose(found, want, rtol=0, atol=EXACT * max(float(np.abs(want).max(initial=0.0)), 1.0))


def test_names_exist():
    found = re.findall(r"`([a-z_]+)\.(\w+)`", PAGE)
    assert len(found) > 10
    for module, name in found:
        assert hasattr(importlib.import_module(f"mlm.likelihood.several_factors.{module}"), name), name


@dataclass(frozen=True)
class Model:
    """c with slopes, nested in b, crossed with g and h together: columns (n, m_k) and T (m_k, m_k) by factor."""

    z: list[np.ndarray]
    t: list[np.ndarray]
    x: np.ndarray
    y: np.ndarray

    def inverse(self, factors):
        """Of V with the first factors alone."""
        pairs = zip(self.z[:factors], self.t[:factors], strict=True)
        return np.linalg.inv(np.eye(len(self.y)) + sum(z @ t @ t.T @ z.T for z, t in pairs))


@pytest.fixture(scope="module")
def model():
    frame = data()
    one = {name: (frame[name].to_numpy()[:, None] == np.unique(frame[name])).astype(float) for name in "cbgh"}
    x, sizes = np.column_stack([np.ones(len(frame)), frame["x"]]), [one[name].shape[1] for name in "cbgh"]
    z = [np.hstack([one["c"], x[:, 1:] * one["c"]]), one["b"], np.hstack([one["g"], one["h"]])]
    t = [np.kron([[0.9, 0.0], [-0.4, 0.6]], np.eye(sizes[0])), 0.7 * np.eye(sizes[1])]
    return Model(z, [*t, np.diag(np.repeat([1.1, 0.5], sizes[2:]))], x, frame["y"].to_numpy())


@pytest.fixture(params=[0, 1, 2])
def turn(model, request):
    """What the page calls S, T, A and E when the turn of a factor has come, and what comes later."""
    k = request.param
    before, later = model.inverse(k), np.hstack([*model.z[k + 1 :], model.x, model.y[:, None]])
    s, a, t = model.z[k].T @ before @ model.z[k], model.z[k].T @ before @ later, model.t[k]
    return k, later, s, a, t @ np.linalg.inv(t.T @ s @ t + np.eye(len(t))) @ t.T


def test_forward(model, turn):
    k, later, s, a, e = turn
    before, after, t = model.inverse(k), model.inverse(k + 1), model.t[k]
    near(later.T @ after @ later, later.T @ before @ later - a.T @ e @ a)
    near(
        np.linalg.slogdet(before)[1] - np.linalg.slogdet(after)[1],
        np.linalg.slogdet(t.T @ s @ t + np.eye(len(t)))[1],
    )
    levels = len(s) // 2 if k == 0 else len(s)
    apart = ~np.tile(np.eye(levels, dtype=bool), (len(s) // levels, len(s) // levels))
    assert (np.abs(s[apart]).max() < EXACT) == (k < 2)


def test_backward(model, turn):
    """All levels of a factor at once, with all later effects for neighbours."""
    k, later, s, a, e = turn
    z, inverse = model.z[k], model.inverse(3)
    every, sigma = np.hstack(model.z[k:]), [t @ t.T for t in model.t]
    starts = np.cumsum([0, *(len(t) for t in model.t[k:])])
    prior = np.zeros((starts[-1], starts[-1]))
    for i, j, block in zip(starts[:-1], starts[1:], sigma[k:], strict=True):
        prior[i:j, i:j] = block
    w = prior - prior @ every.T @ inverse @ every @ prior
    n, m = len(s), every.shape[1] - len(s)
    a, later, w_nn = a[:, :m], later[:, :m], w[n:, n:]
    q, left = a @ w_nn @ a.T, np.eye(n) - s @ e
    near(w[:n, :n], e + e @ q @ e)
    near(w[:n, n:], -e @ a @ w_nn)
    near(z.T @ inverse @ z, left @ s - left @ q @ left.T)
    r = np.column_stack([model.x, model.y])
    b, c = prior @ every.T @ inverse @ r, z.T @ model.inverse(k) @ r
    near(b[:n], e @ (c - a @ b[n:]))
    near(z.T @ inverse @ r, c - s @ b[:n] - a @ b[n:])
    near(z.T @ inverse @ r, left @ (c - a @ b[n:]))


@pytest.mark.parametrize("given", [True, False])
def test_crossed_levels(model, given):
    """K from W, given the fixed effects or y alone; and the crossed system's second form."""
    (z, sigma), inverse = (model.z[2], model.t[2] @ model.t[2]), model.inverse(3)
    precision, s = np.linalg.inv(sigma), z.T @ model.inverse(2) @ z
    p, w = inverse, np.linalg.inv(s + precision)
    if not given:
        unscaled = np.linalg.inv(model.x.T @ inverse @ model.x)
        p = inverse - inverse @ model.x @ unscaled @ model.x.T @ inverse
        across = sigma @ z.T @ inverse @ model.x
        w = w + across @ unscaled @ across.T
    near(z.T @ p @ z, precision - precision @ w @ precision)
    t = np.diag(model.t[2])
    near(z.T @ p @ z, (np.diag(t**2) - w) / np.outer(t**2, t**2))


def test_working_variates(model):
    rng = np.random.default_rng(5)
    changed = [rng.normal(size=(z.shape[1], 3)) for z in model.z]
    v = np.zeros((len(model.y), 3))
    for k, (z, c) in enumerate(zip(model.z, changed, strict=True)):
        before, after, t = model.inverse(k), model.inverse(k + 1), model.t[k]
        s, d = z.T @ before @ z, z.T @ before @ v
        e = t @ np.linalg.inv(t.T @ s @ t + np.eye(len(t))) @ t.T
        r = s @ c + d
        left, whole = c - e @ r, v + z @ c
        near(whole.T @ after @ whole, v.T @ before @ v + left.T @ r + d.T @ c)
        near(model.x.T @ after @ whole, model.x.T @ before @ v + (z.T @ before @ model.x).T @ left)
        precision = np.linalg.inv(t @ t.T)
        g = precision @ c - d
        near(left, np.linalg.inv(s + precision) @ g)
        near(left.T @ r + d.T @ c, c.T @ precision @ c - left.T @ g)
        v = whole


@pytest.mark.parametrize("reml", [True, False])
def test_second_derivatives(reml):
    """The exact ones, of which only the trace is then estimated in part, against differences of the gradient."""
    fast, dense = setup(STRUCTURES["crossed, slopes"], data(), reml)
    theta, step = np.array([0.8, 0.2, 0.5, 0.6, -0.3, 0.4]), 1e-4
    want = np.stack(
        [(dense.gradient(theta + h) - dense.gradient(theta - h)) / (2.0 * step) for h in step * np.eye(len(theta))]
    )
    found = dense.solve(theta)
    inverse, e, sigma2 = found["inverse"], found["inverse"] @ found["rest"], found["sigma2"]
    p = inverse - inverse @ dense.x @ found["unscaled"] @ dense.x.T @ inverse
    r, dof = (p, len(dense.y) - dense.x.shape[1]) if reml else (inverse, len(dense.y))
    one, many = dense.covariance(theta), np.eye(len(theta))
    # V is quadratic in theta: differences are exact
    first = [(dense.covariance(theta + h) - dense.covariance(theta - h)) / 2.0 for h in many]
    for a, b in itertools.product(range(len(theta)), repeat=2):
        second = dense.covariance(theta + many[a] + many[b]) - dense.covariance(theta + many[a])
        second -= dense.covariance(theta + many[b]) - one
        out = -np.trace(r @ first[a] @ r @ first[b]) + 2.0 * e @ first[a] @ p @ first[b] @ e / sigma2
        out += np.trace(r @ second) - e @ second @ e / sigma2
        out -= (e @ first[a] @ e) * (e @ first[b] @ e) / (sigma2**2 * dof)
        # central differences: step² times third derivatives, relative to the largest
        assert out == pytest.approx(want[a, b], abs=1e-6 * np.abs(want).max())
    assert fast.layout.n_theta == len(theta)


@pytest.mark.parametrize("stepped", [0, 1, 2])
def test_changes(model, stepped):
    """The passes' derivatives along a step of one factor's T, against complex steps of what they compute."""
    rng, far = np.random.default_rng(6), 1e-30
    t = model.t[stepped]
    change = t * rng.normal(size=t.shape)
    moved = replace(
        model, t=[m.astype(complex) + (1j * far * change if k == stepped else 0.0) for k, m in enumerate(model.t)]
    )
    of_sigma = change @ t.T + t @ change.T
    for k, z in enumerate(model.z):
        before, later = moved.inverse(k), np.hstack([*model.z[k + 1 :], model.x])
        s, a, own = z.T @ before @ z, z.T @ before @ later, moved.t[k]
        e = own @ np.linalg.inv(own.T @ s @ own + np.eye(len(s))) @ own.T
        (s, ds), (a, da), (e, de) = ((m.real, m.imag / far) for m in (s, a, e))
        rest = np.eye(len(s)) - s @ e
        near(de, rest.T @ of_sigma @ rest if k == stepped else -e @ ds @ e)
        d = e @ da + 0.5 * de @ a
        near(d.T @ a + a.T @ d, da.T @ e @ a + a.T @ de @ a + a.T @ e @ da)
        if k <= stepped:
            near(ds, 0.0 * s)
            near(da, 0.0 * a)
        inner = z.T @ moved.inverse(3) @ z
        other = rng.normal(size=s.shape)
        other = other + other.T
        dv, dw = model.z[stepped] @ of_sigma @ model.z[stepped].T, z @ other @ z.T
        inverse = model.inverse(3)
        near(np.sum(other * inner.imag / far), -np.trace(inverse @ dw @ inverse @ dv))
    scale, s = moved.t[2], model.z[2].T @ moved.inverse(2) @ model.z[2]
    b = np.linalg.inv(scale.T @ s @ scale + np.eye(len(s)))
    step = np.diag(rng.normal(size=len(s)))
    m = step.T @ s @ scale + scale.T @ s @ step
    (b, db), (m, dm) = ((x.real, x.imag / far) for x in (b, m))
    whole = np.trace((step @ scale.T + scale @ step.T) @ model.z[2].T @ moved.inverse(3) @ model.z[2])
    near(whole.real, np.trace(b @ m))
    near(whole.imag / far, np.trace(db @ m) + np.trace(b @ dm))


def test_projected_second_derivatives(model):
    """What P does of V_a, by ``[F e]``."""
    rng, inverse, x = np.random.default_rng(7), model.inverse(3), model.x
    unscaled = np.linalg.inv(x.T @ inverse @ x)
    root, p = np.linalg.cholesky(unscaled), inverse - inverse @ x @ unscaled @ x.T @ inverse
    f, e = inverse @ x @ root, p @ model.y
    near(p, inverse - f @ f.T)
    one, two = ((lambda m: z @ (m + m.T) @ z.T)(rng.normal(size=(z.shape[1],) * 2)) for z in model.z[:2])
    both = np.column_stack([f, e])
    want = -np.trace(p @ one @ p @ two) + 2.0 * e @ one @ p @ two @ e
    found = -np.trace(inverse @ one @ inverse @ two) + 2.0 * np.trace(both.T @ one @ inverse @ two @ both)
    near(found - np.sum(f.T @ one @ f * (f.T @ two @ f)) - 2.0 * (f.T @ one @ e) @ (f.T @ two @ e), want)
