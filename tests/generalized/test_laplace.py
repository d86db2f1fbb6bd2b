"""The gradient of the likelihood is exact: by Laplace, by quadrature and with fixed effects moved along."""

import numpy as np
import pytest
from generalized.problems import KINDS, draw, start

from mlm.generalized.laplace import Laplace
from mlm.generalized.pirls import predicted

STRUCTURES = [(1,), (2,), (1, 1), (2, 1), (1, 2, 2)]
STEP = 1e-4
CLOSE = 1e-8  # differences of fourth order over that step, of values near 1,000 with 13 digits


def differenced(value, x):
    out = np.empty(len(x))
    for k in range(len(x)):
        e = np.zeros(len(x))
        e[k] = STEP
        out[k] = 8.0 * (value(x + e) - value(x - e)) - (value(x + 2.0 * e) - value(x - 2.0 * e))
    return out / (12.0 * STEP)


def check(laplace, theta, beta, joint=False):
    n = len(theta)
    at = laplace.evaluate(theta, beta, joint=joint)
    x = theta if joint else np.concatenate([theta, beta])

    def value(x):
        return laplace.evaluate(x[:n], beta if joint else x[n:], joint=joint).value

    slopes = differenced(value, x)
    assert np.abs(at.gradient[: len(x)] - slopes).max() < CLOSE * max(1.0, np.abs(slopes).max())
    if joint:
        assert not at.gradient[n:].any()


@pytest.mark.parametrize("sizes", STRUCTURES)
@pytest.mark.parametrize(("family", "link"), KINDS)
def test_gradient_by_laplace(family, link, sizes):
    problem, layout, beta = draw(family, link, sizes, weighted=family != "binomial" and len(sizes) == 2)
    check(Laplace(problem, layout), start(layout, sizes, link), beta)


@pytest.mark.parametrize("sizes", [(1,), (2, 1)])
@pytest.mark.parametrize(("family", "link"), [k for k in KINDS if k[1] in ("logit", "probit", "log")])
def test_gradient_with_fixed_effects_moved_along(family, link, sizes):
    problem, layout, beta = draw(family, link, sizes)
    check(Laplace(problem, layout), start(layout, sizes, link), beta, joint=True)


@pytest.mark.parametrize("sizes", [(1,), (2,), (3,)])
@pytest.mark.parametrize(("family", "link"), [k for k in KINDS if k[0] in ("binomial", "poisson", "negative.binomial")])
def test_gradient_by_quadrature(family, link, sizes):
    problem, layout, beta = draw(family, link, sizes)
    check(Laplace(problem, layout, 5), start(layout, sizes, link), beta)


def test_where_a_search_comes_from_does_not_matter():
    problem, layout, beta = draw("binomial", "logit", (2, 1))
    laplace, theta = Laplace(problem, layout), start(layout, (2, 1), "logit")
    fresh = laplace.evaluate(theta, beta)
    from_afar = laplace.evaluate(theta, beta, laplace.evaluate(theta + 0.8, beta - 1.0).mode)
    assert from_afar.value == pytest.approx(fresh.value, rel=1e-13)
    assert np.abs(from_afar.gradient - fresh.gradient).max() < 1e-8


@pytest.mark.parametrize("joint", [False, True])
@pytest.mark.parametrize("sizes", [(1,), (2, 1)])
def test_modes_are_predicted_to_first_order(sizes, joint):
    """What is missed falls with the square of the step; beta is predicted where it moves with the modes."""
    problem, layout, beta = draw("binomial", "logit", sizes)
    laplace, theta = Laplace(problem, layout), start(layout, sizes, "logit")
    last, missed = laplace.evaluate(theta, beta, joint=joint).mode, []
    for step in (1e-2, 1e-3):
        there = laplace.evaluate(theta + step, last.beta, last, joint).mode
        u, coefficients = predicted(problem.rows, last, there.matrices, last.beta, joint)
        missed.append(max(np.abs(a - b).max() for a, b in zip([*u, coefficients], [*there.u, there.beta], strict=True)))
    assert 0 < missed[1] < 0.02 * missed[0]


@pytest.mark.parametrize(("family", "link"), [k for k in KINDS if k[0] in ("binomial", "poisson", "negative.binomial")])
def test_likelihood_of_the_rows_has_its_constants(family, link):
    problem, _, beta = draw(family, link, (1,), weighted=True)
    rows, working = problem.rows, problem.working
    at = working.at(beta @ rows.xt)
    want = working.family.minus_two_log_likelihood(rows.y, working.family.link.inverse(at.eta), rows.weights)
    assert working.likelihood(at)[0] == pytest.approx(want, rel=1e-13)


def test_one_node_is_laplace():
    problem, layout, beta = draw("poisson", "log", (2,))
    theta = start(layout, (2,), "log")
    laplace, nodes = Laplace(problem, layout), Laplace(problem, layout)
    from mlm.generalized.quadrature import Nodes

    nodes.nodes = Nodes.of(1, 2)
    assert nodes.evaluate(theta, beta).value == pytest.approx(laplace.evaluate(theta, beta).value, rel=1e-13)


@pytest.mark.parametrize("sizes", STRUCTURES)
def test_value_by_its_formula(sizes):
    """With dense matrices: the density at the modes, their squares and the determinant."""
    problem, layout, beta = draw("binomial", "probit", sizes)
    theta, rows = start(layout, sizes, "probit"), problem.rows
    at = Laplace(problem, layout).evaluate(theta, beta)
    columns, u = [], []
    for e, t, mine in zip(rows.effects, layout.matrices(theta), at.mode.u, strict=True):
        z = np.column_stack([np.ones(len(rows.y)) if c is None else c for c in e.columns])
        for j in range(e.levels):
            columns.append((e.codes == j)[:, None] * z @ t)
            u.append(mine[:, j])
    a, u = np.hstack(columns), np.concatenate(u)
    eta = beta @ rows.xt + a @ u
    family = problem.working.family
    information = rows.weights * family.working_weights(eta)
    h = a.T @ (information[:, None] * a) + np.eye(len(u))
    density = family.minus_two_log_likelihood(rows.y, family.link.inverse(eta), rows.weights)
    assert at.value == pytest.approx(density + u @ u + np.linalg.slogdet(h)[1], rel=1e-12)
    assert np.abs(a.T @ (rows.weights * family.score(rows.y, eta)) - u).max() < 1e-8


@pytest.mark.parametrize("nodes", [1, 5])
@pytest.mark.parametrize("sizes", [(1,), (2,)])
def test_without_effects(sizes, nodes):
    """Where theta is 0 the value is that of the rows alone, whatever approximates it."""
    problem, layout, beta = draw("binomial", "logit", sizes)
    none = np.zeros(layout.n_theta)
    at = Laplace(problem, layout, nodes).evaluate(none, beta)
    near = Laplace(problem, layout, nodes).evaluate(none + 1e-6, beta)
    rows, family = problem.rows, problem.working.family
    mean = family.link.inverse(beta @ rows.xt)
    assert at.value == pytest.approx(family.minus_two_log_likelihood(rows.y, mean, rows.weights), rel=1e-12)
    assert at.value == pytest.approx(near.value, rel=1e-8)
    assert at.gradient == pytest.approx(near.gradient, abs=1e-2)
