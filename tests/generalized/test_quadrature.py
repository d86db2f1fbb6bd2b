"""Quadrature against integrals on a fine grid, which know no modes and no nodes."""

import itertools

import numpy as np
import pytest
from generalized.problems import draw, start

from mlm.generalized.laplace import Laplace
from mlm.generalized.quadrature import Nodes

REACH = 7.5  # standard deviations of an effect that a grid goes to either side


def integrated(problem, layout, theta, beta, points):
    """Minus twice the log-likelihood by the trapezoidal rule, level by level."""
    rows, family, t = problem.rows, problem.working.family, layout.matrices(theta)[0]
    e = rows.effects[0]
    line = np.linspace(-REACH, REACH, points)
    grid = np.array(list(itertools.product(line, repeat=e.size)))
    prior = -0.5 * (grid**2).sum(axis=1) + e.size * np.log((line[1] - line[0]) / np.sqrt(2.0 * np.pi))
    z = np.vstack([np.ones(len(rows.y)) if c is None else c for c in e.columns])
    total = 0.0
    for j in range(e.levels):
        mine = e.codes == j
        eta = (beta @ rows.xt[:, mine])[None] + grid @ t.T @ z[:, mine]
        lost = np.sum(rows.weights[mine] * family.deviances_at(rows.y[mine], eta), axis=1)
        log_density = prior - 0.5 * lost
        largest = log_density.max()
        total -= 2.0 * (largest + np.log(np.exp(log_density - largest).sum()))
    means = family.link.inverse(beta @ rows.xt)
    constant = family.minus_two_log_likelihood(rows.y, means, rows.weights)
    return total + constant - np.sum(rows.weights * family.deviances_at(rows.y, beta @ rows.xt))


@pytest.mark.parametrize(("family", "link"), [("binomial", "logit"), ("poisson", "log"), ("binomial", "cloglog")])
@pytest.mark.parametrize(("size", "nodes", "points"), [(1, 25, 2001), (2, 15, 161), (3, 11, 41)])
def test_integral(family, link, size, nodes, points):
    problem, layout, beta = draw(family, link, (size,), n=60)
    theta = start(layout, (size,), link)
    value = Laplace(problem, layout, nodes).evaluate(theta, beta).value
    assert value == pytest.approx(integrated(problem, layout, theta, beta, points), abs=2e-6)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_rule_integrates_polynomials(size):
    """Exact for moments of the standard normal distribution up to twice the nodes."""
    nodes = Nodes.of(5, size)
    weights = np.exp(nodes.log_weights - 0.5 * (nodes.places**2).sum(axis=1))
    for power, moment in ((0, 1.0), (2, 1.0), (4, 3.0), (6, 15.0), (8, 105.0)):
        assert weights @ nodes.places[:, -1] ** power == pytest.approx(moment)


def test_a_hundred_nodes():
    problem, layout, beta = draw("binomial", "logit", (1,))
    theta = start(layout, (1,), "logit")
    few, many = (Laplace(problem, layout, k).evaluate(theta, beta).value for k in (20, 100))
    assert few == pytest.approx(many, abs=1e-8)
