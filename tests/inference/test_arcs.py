"""Steps along arcs: their second derivatives are those of where they lead, and valleys that are circles are short."""

from itertools import permutations

import numpy as np
import pytest

from mlm.inference.arcs import LEAST_LENGTH, Arcs
from mlm.likelihood.many_points import Spots
from mlm.optimize.many_descents import descend

ROWS = np.array([0, 1, 1, 2, 2, 2, 0])


def function(rng, size):
    """A polynomial of the third degree with its derivatives."""
    a, b = rng.normal(size=size), rng.normal(size=(size, size))
    c = rng.normal(size=(size, size, size))
    b, c = b + b.T, sum(c.transpose(order) for order in permutations(range(3)))
    return (
        lambda x: a @ x + 0.5 * x @ b @ x + np.einsum("ijk,i,j,k->", c, x, x, x) / 6.0,
        lambda x: a + b @ x + 0.5 * np.einsum("ijk,j,k->i", c, x, x),
        lambda x: b + np.einsum("ijk,k->ij", c, x),
    )


@pytest.mark.parametrize("length", [0.7, 0.5 * LEAST_LENGTH])
def test_second_derivatives_are_those_of_where_steps_lead(length):
    rng, far = np.random.default_rng(8), 1e-3
    value, gradient, hessian = function(rng, len(ROWS))
    x = rng.normal(size=len(ROWS))
    x[ROWS == 1] *= length / np.linalg.norm(x[ROWS == 1])
    arcs = Arcs(ROWS[:, None])

    def there(step):
        return value(arcs.moved(x[:, None], step[:, None])[:, 0])

    steps = far * np.eye(len(x))
    found = np.array([[there(a + b) - there(a - b) - there(b - a) + there(-a - b) for a in steps] for b in steps])
    expected = hessian(x) + arcs.bending(x[:, None], gradient(x)[:, None])[..., 0]
    np.testing.assert_allclose(found / (2.0 * far) ** 2, expected, atol=1e-4 * np.abs(expected).max())
    straight = arcs.bending(x[:, None], gradient(x)[:, None])[1:3, 1:3, 0]
    assert (straight == 0.0).all() == (length < LEAST_LENGTH)


def test_a_step_turns_a_row_and_changes_its_length():
    arcs = Arcs(np.array([[1], [1], [0]]))
    x = np.array([[2.0], [0.0], [5.0]])
    found = arcs.moved(x, np.array([[0.5], [2.0], [1.0]]))[:, 0]
    np.testing.assert_allclose(found, [2.5 * np.sqrt(0.5), 2.5 * np.sqrt(0.5), 6.0])


def test_a_valley_that_is_a_circle_takes_a_few_steps():
    """From half around, with a slope along it that is 5,000 times less steep than its walls."""
    made = {"straight": 0, "along arcs": 0}

    def spots(name, x):
        made[name] += 1
        length, (a, b) = np.sqrt((x * x).sum(axis=0)), x
        away, unit, across = length - 1.0, x / length, np.stack([-b, a]) / length
        value, gradient = 50.0 * away**2 - 0.02 * a, 100.0 * away * unit - np.array([[0.02], [0.0]])
        hessian = 100.0 * (unit[:, None] * unit + away / length * (across[:, None] * across))
        return Spots(value, gradient, hessian)

    arcs, start = Arcs(np.ones((2, 1), dtype=int)), np.array([[-0.2], [1.0]])

    def curved(some, x):
        at = spots("along arcs", x)
        return at._replace(hessian=at.hessian + arcs.bending(x, at.gradient))

    ends = [
        descend(curved, start, 200, moved=lambda some, x, step: arcs.moved(x, step)),
        descend(lambda some, x: spots("straight", x), start, 200),
    ]
    for x, _, ended in ends:
        assert ended.all()
        np.testing.assert_allclose(x[:, 0], [1.0002, 0.0], atol=1e-5)
    assert made["along arcs"] <= 12
    assert made["straight"] >= 2 * made["along arcs"]
