"""Second derivatives of the likelihood are exact: against differences of the exact gradient."""

import numpy as np
import pytest
from generalized.problems import draw, start

from mlm.generalized import quadrature
from mlm.generalized.laplace import Laplace
from mlm.optimize.quasi_newton import differenced_hessian

STEP = 1e-3
CLOSE = 1e-8  # differences of fourth order over that step, of gradients with 12 digits
LAPLACE = [((1,), 1), ((2,), 1), ((3,), 1), ((1, 1), 1), ((2, 1), 1), ((1, 2, 2), 1)]
CASES = [*LAPLACE, ((1,), 2), ((1,), 9), ((2,), 5), ((3,), 3)]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("sizes", "nodes"), CASES)
@pytest.mark.parametrize(("family", "link"), [("binomial", "logit"), ("poisson", "log")])
def test_against_differences(family, link, sizes, nodes, weighted):
    problem, layout, beta = draw(family, link, sizes, weighted=weighted)
    laplace, theta = Laplace(problem, layout, nodes), start(layout, sizes, link)
    assert laplace.is_twice_exact
    at, n = laplace.evaluate(theta, beta), len(theta)
    turn = np.array([[1.0, 0.5, 0.0], [0.0, 1.0, 0.0], [0.3, 0.0, 2.0]])

    def gradient(z):
        slopes = laplace.evaluate(z[:n], beta + turn @ z[n:], at.mode).gradient
        return np.append(slopes[:n], turn.T @ slopes[n:])

    z = np.append(theta, np.zeros(len(beta)))
    differences = differenced_hessian(gradient, z, np.full(len(z), STEP), order=4)
    found = laplace.second_derivatives(at, turn)
    assert np.abs(found - differences).max() < CLOSE * np.abs(differences).max()
    assert np.array_equal(found, found.T)


@pytest.mark.parametrize(("sizes", "nodes"), [((2,), 1), ((2, 1), 1), ((1,), 9), ((2,), 5)])
def test_without_effects(sizes, nodes):
    problem, layout, beta = draw("poisson", "log", sizes)
    laplace, n = Laplace(problem, layout, nodes), layout.n_theta
    at = laplace.evaluate(np.zeros(n), beta)
    z = np.append(np.zeros(n), beta)
    differences = differenced_hessian(
        lambda z: laplace.evaluate(z[:n], z[n:], at.mode).gradient, z, np.full(len(z), STEP), order=4
    )
    found = laplace.second_derivatives(at, np.eye(len(beta)))
    assert np.abs(found - differences).max() < CLOSE * np.abs(differences).max()


def test_a_few_nodes_at_a_time_add_up_to_all(monkeypatch):
    problem, layout, beta = draw("binomial", "logit", (2,))
    laplace = Laplace(problem, layout, 5)
    at = laplace.evaluate(start(layout, (2,), "logit"), beta)
    found = laplace.second_derivatives(at, np.eye(len(beta)))
    monkeypatch.setattr(quadrature, "PIECE", 7 * 6 * len(problem.rows.y))
    assert np.allclose(laplace.second_derivatives(at, np.eye(len(beta))), found, rtol=1e-12, atol=1e-12)
