"""Second derivatives of the likelihood by Laplace are exact: against differences of the exact gradient."""

import numpy as np
import pytest
from generalized.problems import draw, start

from mlm.generalized.laplace import Laplace
from mlm.optimize.quasi_newton import differenced_hessian

STEP = 1e-3
CLOSE = 1e-8  # differences of fourth order over that step, of gradients with 12 digits


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("sizes", [(1,), (2,), (3,), (1, 1), (2, 1), (1, 2, 2)])
@pytest.mark.parametrize(("family", "link"), [("binomial", "logit"), ("poisson", "log")])
def test_against_differences(family, link, sizes, weighted):
    problem, layout, beta = draw(family, link, sizes, weighted=weighted)
    laplace, theta = Laplace(problem, layout), start(layout, sizes, link)
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


@pytest.mark.parametrize("sizes", [(2,), (2, 1)])
def test_without_effects(sizes):
    problem, layout, beta = draw("poisson", "log", sizes)
    laplace, n = Laplace(problem, layout), layout.n_theta
    at = laplace.evaluate(np.zeros(n), beta)
    z = np.append(np.zeros(n), beta)
    differences = differenced_hessian(
        lambda z: laplace.evaluate(z[:n], z[n:], at.mode).gradient, z, np.full(len(z), STEP), order=4
    )
    found = laplace.second_derivatives(at, np.eye(len(beta)))
    assert np.abs(found - differences).max() < CLOSE * np.abs(differences).max()
