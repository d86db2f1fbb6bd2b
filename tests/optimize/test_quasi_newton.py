"""The quasi-Newton search, on functions whose minima are known."""

from typing import NamedTuple

import numpy as np
import pytest

from mlm.errors import FitError
from mlm.optimize.quasi_newton import descend, differenced_hessian, once_more


class At(NamedTuple):
    value: float
    gradient: np.ndarray


def rosenbrock(x, last=None):
    a, b = 1.0 - x[0], x[1] - x[0] ** 2
    return At(a**2 + 100.0 * b**2, np.array([-2.0 * a - 400.0 * x[0] * b, 200.0 * b]))


def test_valley():
    start = np.array([-1.2, 1.0])
    end = descend(rosenbrock, start, rosenbrock(start), np.diag([800.0, 200.0]), 1e-16)
    assert end.converged
    assert end.x == pytest.approx([1.0, 1.0], abs=1e-6)


def test_right_second_derivatives_take_one_step():
    h = np.array([[3.0, 1.0], [1.0, 2.0]])
    calls = []

    def bowl(x, last=None):
        calls.append(x)
        return At(0.5 * x @ h @ x, h @ x)

    start = np.array([4.0, -2.0])
    end = descend(bowl, start, bowl(start), h, 1e-12)
    assert end.converged
    assert len(calls) == 2


def test_one_step_more_is_judged_by_its_gradient():
    def near(x, last=None):
        """A bowl on a height beside whose rounding it falls by nothing."""
        return At(1e9 + 0.5 * x @ x, x)

    start = np.array([1e-5, -2e-5])
    end = descend(near, start, near(start), 1.1 * np.eye(2), 1e-8)
    assert end.x is start
    more = once_more(near, end)
    assert more.converged
    assert more.left < 1e-2 * end.left
    assert np.abs(more.x).max() < 0.1 * np.abs(start).max()
    further = more._replace(hessian=1e-3 * np.eye(2))
    assert once_more(near, further) is further


def test_where_the_function_is_none():
    """Steps over the edge are shortened."""

    def barrier(x, last=None):
        if x[0] <= 0.0:
            raise FitError("no value")
        return At(float(x[0] - np.log(x[0])), 1.0 - 1.0 / x)

    start = np.array([5.0])
    end = descend(barrier, start, barrier(start), np.array([[0.04]]), 1e-14)
    assert end.converged
    assert end.x == pytest.approx([1.0], abs=1e-6)


def test_what_does_not_end_is_said():
    def slope(x, last=None):
        return At(float(x[0]), np.ones(1))

    assert not descend(slope, np.zeros(1), slope(np.zeros(1)), np.eye(1), 1e-8, steps=20).converged


@pytest.mark.parametrize(("order", "close"), [(2, 1e-5), (4, 1e-8)])
def test_differences(order, close):
    x = np.array([0.4, -0.3])
    found = differenced_hessian(lambda x: rosenbrock(x).gradient, x, np.full(2, 1e-3), order)
    exact = np.array([[2.0 - 400.0 * (x[1] - 3.0 * x[0] ** 2), -400.0 * x[0]], [-400.0 * x[0], 200.0]])
    assert np.abs(found - exact).max() < close * 1e3


def test_steps_within_reach():
    """Of two minima the search finds the near one, where a step by small second derivatives would pass over it."""
    calls = []

    def two_minima(x, last=None):
        calls.append(float(x[0]))
        z = float(x[0])
        return At(np.cos(z) - 0.01 * z, np.array([-np.sin(z) - 0.01]))

    start, flat = np.array([1.0]), np.array([[0.03]])
    end = descend(two_minima, start, two_minima(start), flat, 1e-12, reach=2.0)
    assert max(calls) <= 3.0 * 1.0 + 2.0 * 3.0
    assert end.x == pytest.approx([np.pi + 0.01], abs=1e-3)
    far = descend(two_minima, start, two_minima(start), flat, 1e-12)
    assert far.x[0] > 4.0 * np.pi
