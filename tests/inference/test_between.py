"""Points of curves that are read off, or nearly, are those of a search; curves through known points; their cost."""

import warnings
from collections import Counter

import numpy as np
import pandas as pd
import pytest

import mlm
from mlm.inference.between import MISSED, Curve
from mlm.inference.crossing import Step
from mlm.inference.straight import straight
from mlm.likelihood.deviance import Deviance

# Difference of zeta: points are read off where all before them were met to MISSED
RIGHT = 1e-6


def drawn(seed, shape, slope, each=1):
    rng = np.random.default_rng(seed)
    g, h = (np.repeat(codes.ravel(), each) for codes in np.indices(shape))
    x, levels = rng.normal(size=len(g)), max(shape)
    a, b, c = rng.normal(size=(3, levels))
    y = 1.0 + 0.5 * x + 0.8 * a[g] + slope * b[g] * x + 0.6 * c[h] + rng.normal(size=len(g))
    return pd.DataFrame({"y": y, "x": x, "g": g.astype(str), "h": h.astype(str)})


# data, formula, and evaluations of the deviance that all curves take
MODELS = {
    "crossed": (drawn(1, (15, 20), 0.0), "y ~ x + (1 | g) + (1 | h)", 140),
    "crossed, slopes": (drawn(2, (20, 12), 0.4), "y ~ x + (x | g) + (1 | h)", 330),
    "few levels": (drawn(3, (24, 6), 0.0), "y ~ 1 + (1 | g) + (1 | h)", 160),
    "nested": (drawn(4, (10, 4), 0.0, 3), "y ~ x + (1 | g / h)", 190),
    "many levels": (drawn(5, (80, 60), 0.0), "y ~ x + (1 | g) + (1 | h)", 100),
    "an effect that hardly varies": (drawn(6, (12, 10), 0.1), "y ~ x + (x || g) + (1 | h)", 2000),
}


@pytest.fixture
def evaluations(monkeypatch):
    count, evaluate = Counter(), Deviance.evaluate

    def counted(self, *given):
        count["evaluations"] += 1
        return evaluate(self, *given)

    monkeypatch.setattr(Deviance, "evaluate", counted)
    return count


@pytest.mark.parametrize("name", MODELS)
def test_points_are_those_of_a_search(name, evaluations):
    data, formula, most = MODELS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.SingularFitWarning)
        m = mlm.lmer(formula, data)
        evaluations.clear()
        found = mlm.profile(m)
        curves = found.frame
    assert evaluations["evaluations"] < most
    for k, parameter in enumerate(found.parameters):
        line, rows = found._line(k), curves[curves["parameter"] == parameter.name]
        assert (np.diff(rows["zeta"]) > 0).all()
        assert (np.diff(rows["value"]) > 0).all()
        for side in (rows[rows["zeta"] > 0], rows[rows["zeta"] < 0].iloc[::-1]):
            near = line.path.start
            for value, zeta in zip(side["value"], side["zeta"], strict=True):
                if line.held(value) not in line.limits:
                    near = line.path.step(line.held(value), near)
                    assert near.zeta == pytest.approx(abs(zeta), abs=RIGHT)


def test_a_curve_goes_through_what_is_known():
    coefficients = np.array([[1.0, 0.3, 0.0], [2.0, -0.5, 0.4], [0.3, 0.1, -0.2], [0.05, 0.2, 0.0]])

    def at(zeta):
        return zeta ** np.arange(4) @ coefficients

    def step(zeta):
        slope = np.arange(1, 4) * zeta ** np.arange(3) @ coefficients[1:]
        v, *x = at(zeta)
        return Step(v, abs(zeta), np.array(x), None, slope[0], slope[1:] / slope[0], np.eye(3))

    beside = Curve([step(0.0), step(-2.0)])
    v, x = beside.at(1.5)
    np.testing.assert_allclose([v, *x], at(1.5))
    through = Curve([step(0.0), step(2.0)], [(1.0, at(1.0))])
    np.testing.assert_allclose([through.at(0.5)[0], *through.at(0.5)[1]], at(0.5))
    assert MISSED > RIGHT


def test_the_other_end_leads_to_an_end(evaluations):
    m = mlm.lmer(MODELS["crossed"][1], MODELS["crossed"][0], reml=False)
    found = mlm.profile(m)
    path = found._line(found.names.index("sigma")).path
    low = straight(path, 2.0, -1)
    evaluations.clear()
    beside = straight(path, 2.0, 1, known=[low])
    fewer = evaluations["evaluations"]
    evaluations.clear()
    alone = straight(path, 2.0, 1)
    assert fewer < evaluations["evaluations"]
    assert beside.v == pytest.approx(alone.v, rel=1e-9)
