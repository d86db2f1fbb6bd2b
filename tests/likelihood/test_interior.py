"""The Sigma in the middle of those with the same V."""

import numpy as np
import pandas as pd
import pytest

import mlm
from mlm.likelihood.free_steps import mean_products
from mlm.likelihood.interior import in_the_interior


@pytest.mark.filterwarnings("ignore::mlm.MlmWarning")
@pytest.mark.parametrize("random", ["(0 + f | g)", "(f || g)", "(f | g) + (1 | k)", "(z | g)"])
def test_it_has_the_same_v_and_is_no_longer_singular(random):
    rng = np.random.default_rng(4)
    g = np.repeat(np.arange(12), 5)
    frame = pd.DataFrame({"g": g, "k": np.arange(60) % 7, "f": np.array(list("abc"))[g % 3], "z": g % 2})
    m = mlm.lmer(f"y ~ 1 + {random}", frame.assign(y=rng.normal(size=60) + rng.normal(size=12)[g]))
    deviance, layout = m.working, m.working.layout
    at_edge = [np.outer(np.ones(len(t)), np.eye(len(t))[0]) for t in layout.matrices(m.optimum.evaluation.theta)]
    at_edge = [np.where(np.tri(len(t), dtype=bool), t, 0.0) for t in at_edge]
    at_edge = layout.matrices(layout.pick(at_edge))
    inside = in_the_interior(deviance, at_edge, mean_products(m.products))
    edge, middle = (deviance.value(layout.pick(ts)) for ts in (at_edge, inside))
    assert middle == pytest.approx(edge, abs=1e-6)
    ranks = [sum(int(np.linalg.matrix_rank(t, tol=1e-4)) for t in ts) for ts in (at_edge, inside)]
    assert ranks[1] > ranks[0] or random == "(z | g)"


@pytest.mark.filterwarnings("ignore::mlm.MlmWarning")
def test_what_v_knows_of_is_left_as_it_is():
    rng = np.random.default_rng(4)
    frame = pd.DataFrame({"g": np.repeat(np.arange(12), 5), "x": rng.normal(size=60)})
    m = mlm.lmer("y ~ 1 + (x | g)", frame.assign(y=rng.normal(size=60) + frame["x"] * (frame["g"] % 3)))
    matrices = m.working.layout.matrices(m.optimum.evaluation.theta)
    (found,) = in_the_interior(m.working, matrices, mean_products(m.products))
    np.testing.assert_array_equal(found, matrices[0])
