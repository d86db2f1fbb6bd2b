"""Minima with parameters held, searched for at once, are those of one search after the other; ways of holding one."""

import warnings

import numpy as np
import pandas as pd
import pytest

import mlm
from mlm.inference.crossing import lowest, settled
from mlm.inference.held import Angle, Fixed, Ratio, beside_zero
from mlm.inference.many_held import lowest_minima
from mlm.inference.profile_minima import Lines
from mlm.likelihood.many_points import ManyPoints

HELD = {"coordinates": Fixed((1, 2)), "over a scale": Ratio(2, 4), "an angle": Angle(0, 1, 3)}


@pytest.mark.parametrize("name", HELD)
def test_many_points_are_each_alone(name):
    held, rng = HELD[name], np.random.default_rng(2)
    y = rng.uniform(0.2, 1.5, size=(5, 7))
    x, v, slope = held.rest(y), rng.uniform(0.1, 1.4, 7), rng.normal(size=(5, 7))
    whole, jacobian = held.whole(x, v), held.jacobian(x, v)
    bending = np.zeros((len(x) + 1, len(x) + 1, 7)) + held.bending(slope, x, v)
    for r in range(7):
        one = x[:, r], float(v[r])
        np.testing.assert_allclose(whole[:, r], held.whole(*one))
        np.testing.assert_allclose(jacobian[..., r], held.jacobian(*one))
        np.testing.assert_allclose(bending[..., r], np.zeros_like(bending[..., r]) + held.bending(slope[:, r], *one))


@pytest.mark.parametrize("name", HELD)
def test_derivatives_of_what_follows(name):
    held, rng = HELD[name], np.random.default_rng(3)
    x, v, slope = held.rest(rng.uniform(0.2, 1.5, 5)), 0.7, rng.normal(size=5)
    for k, step in enumerate(1e-6 * np.eye(len(x) + 1)):
        there, back = ((x + s * step[:-1], v + s * step[-1]) for s in (1.0, -1.0))
        along = (held.whole(*there) - held.whole(*back)) / 2e-6
        np.testing.assert_allclose(held.jacobian(x, v)[:, k], along, atol=1e-8)
        bent = slope @ (held.jacobian(*there) - held.jacobian(*back)) / 2e-6
        bending = np.zeros((len(x) + 1, len(x) + 1)) + held.bending(slope, x, v)
        np.testing.assert_allclose(bending[k], bent, atol=1e-7)


def test_what_is_free_and_near_0_is_raised():
    held, moves = Ratio(0, 3), np.array([1.0, 0.0, 1.0, 0.0])
    x = np.array([[0.0, 0.0], [0.001, 0.5], [-1.0, -1.0]])
    found = beside_zero(held, np.zeros(2), x, moves, 0.02, 0.1)
    np.testing.assert_array_equal(found, [[0.0, 0.0], [0.1, 0.5], [-1.0, -1.0]])
    assert beside_zero(held, 0.0, x[:, 1], moves, 0.02, 0.1) is not None
    np.testing.assert_array_equal(beside_zero(held, 0.0, x[:, 1], moves, 0.02, 0.1), x[:, 1])


def drawn(seed, groups, each, slope):
    rng = np.random.default_rng(seed)
    g, (x, z) = np.arange(groups * each) % groups, rng.normal(size=(2, groups * each))
    u, w = rng.normal(size=(2, groups))
    y = 1.0 + 0.5 * x + u[g] + slope * w[g] * x + rng.normal(size=len(g))
    return pd.DataFrame({"y": y, "x": 2.0 + x, "z": z, "g": g.astype(str)})


DESIGNS = {
    "regular": ("y ~ x + (x | g)", (1, 20, 12, 0.6)),
    "few rows": ("y ~ x + (x | g)", (2, 9, 7, 0.4)),
    "small slope": ("y ~ x + (x | g)", (3, 12, 15, 0.05)),
    "apart": ("y ~ z + (x || g)", (4, 12, 15, 0.3)),
    "three effects": ("y ~ x + (x + z | g)", (5, 15, 12, 0.4)),
}


@pytest.mark.parametrize("name", DESIGNS)
def test_minima_are_as_low_as_those_one_by_one(name):
    formula, given = DESIGNS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.MlmWarning)
        m = mlm.lmer(formula, drawn(*given), reml=False)
    found = mlm.profile(m)
    lines, rng = Lines(m, ManyPoints(m.products, m.working.layout)), np.random.default_rng(6)
    searches, alone = [], []
    for parameter in found.parameters:
        line = lines.of(parameter)
        if line is None:
            continue
        path, own = line.path, line.own
        for share in rng.uniform(-0.9, 0.9, 3):
            edge = line.limits[int(share > 0)]
            v = path.v + share * (edge - path.v if np.isfinite(edge) else 3.0 * path.start.pace)
            searches.append((own.way, v, [own.turned.theta, *own.further]))
            x = path.start.x
            alone.append(lowest(path.of, v, settled(path.of, v, x, path.of.evaluate(v, x)), path.further)[1].value)
    least, y, _ = lowest_minima(lines.deviance, *zip(*searches, strict=True))
    rises = np.array([value - m.deviance for value in alone])
    assert np.isfinite(least).all()
    assert (least - lines._at_estimates < rises + 1e-7).all()
    assert y.shape == (len(m.theta) + 2, len(searches))
