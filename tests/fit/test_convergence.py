"""lme4's own checks of where its optimiser stops: what R says of whole fits is in tests/report/test_printouts.py."""

from dataclasses import replace

import numpy as np
import pytest

from mlm.fit.convergence import STOPPED, exit_code, stopping_messages
from mlm.optimize.nloptwrap import MOST_EVALUATIONS
from mlm.optimize.optimum import Optimum

SINGULAR = ("boundary (singular) fit: see help('isSingular')",)
OPTIMUM = Optimum(None, True, "nloptwrap", "NLopt stopped: tolerance of theta")


class Quadratic:
    """A criterion with known derivatives at theta, and the diagonal of its layout."""

    def __init__(self, gradient, hessian, diagonal=True):
        self.gradient, self.hessian = np.atleast_1d(gradient).astype(float), np.atleast_2d(hessian).astype(float)
        self.layout = self
        self.diagonal = np.full(len(self.gradient), diagonal)

    def value(self, theta):
        step = theta - np.ones(len(theta))
        return float(self.gradient @ step + 0.5 * step @ self.hessian @ step)

    def said(self):
        return stopping_messages(self, np.ones(len(self.gradient)))


def test_the_code_of_the_search():
    assert exit_code(OPTIMUM) == "0 (OK)"
    assert exit_code(replace(OPTIMUM, message=f"NLopt stopped: {MOST_EVALUATIONS} evaluations")) == STOPPED


def test_a_diagonal_element_of_zero_is_all_that_is_said():
    steep = Quadratic([5.0, 5.0], np.eye(2))
    assert stopping_messages(steep, np.array([1.0, 1e-5])) == SINGULAR
    assert stopping_messages(steep, np.array([1.0, 2e-4])) != SINGULAR
    assert stopping_messages(Quadratic([4.0], [[4.0]], diagonal=False), np.array([0.0])) == ()


@pytest.mark.parametrize(
    ("gradient", "curvature", "said"),
    [
        (0.0019, 1.0, None),
        (0.0021, 1.0, "0.0021"),
        (0.2, 1.0, "0.2"),
        (0.02, 400.0, None),  # 0.02 / sqrt(400) = 0.001
        (0.0021, 0.01, "0.0021"),  # the smaller of the two
    ],
)
def test_the_gradient_over_the_root_of_the_curvature(gradient, curvature, said):
    message = f"Model failed to converge with max|grad| = {said} (tol = 0.002, component 1)"
    assert Quadratic([gradient], [[curvature]]).said() == (() if said is None else (message,))


@pytest.mark.parametrize(
    ("hessian", "said"),
    [
        (np.diag([2.0, 2e5]), ()),
        (np.diag([30.0, 2e6]), ("Model is nearly unidentifiable: very large eigenvalue\n - Rescale variables?",)),
        (np.diag([1e-2, 2e5]), ("Model is nearly unidentifiable: large eigenvalue ratio\n - Rescale variables?",)),
        (
            np.diag([2.0, -3.0]),
            (
                "unable to evaluate scaled gradient",
                "Model failed to converge: degenerate  Hessian with 1 negative eigenvalues",
            ),
        ),
    ],
)
def test_the_second_derivatives(hessian, said):
    assert Quadratic([0.0, 0.0], hessian).said() == said
