"""Terms of one factor whose columns are nearly parallel: solved in columns that are orthonormal together.

In ``(1 | g) + (0 + x | g)`` with x far from 0, the constant and x have nearly the same effects, and relative standard
deviations that are as large as x is far: the level matrices ``T' Z_j'Z_j T + I`` are differences of their squares. With
B orthonormal among all the factor's columns, ``Z = B M``, effects of Z with the root T are effects of B with the root
``M T``, or the triangular one ``M T U`` with a turn U: the model is one of an unstructured covariance of B at every
theta, and is solved as such. Only what theta means is of the terms.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .covariance import CovarianceLayout, bending
from .criterion import Curvature, Evaluation, ExpectedInformation

__all__ = ["JointColumns"]


class JointColumns:
    """A solver of the terms' theta by one of unstructured covariances.

    Parameters
    ----------
    layout : CovarianceLayout
        Of the terms.
    solver : Solver
        Of the factors' joint columns B.
    joint : CovarianceLayout
        Of that solver.
    mixing : sequence of ndarray, shapes (q, q)
        M of each factor, the identity where the columns are the same.
    """

    def __init__(
        self, layout: CovarianceLayout, solver: Any, joint: CovarianceLayout, mixing: Sequence[np.ndarray]
    ) -> None:
        self.layout, self.solver, self.joint, self.mixing = layout, solver, joint, tuple(mixing)
        self.exact: bool = solver.exact

    def lost(self, theta: np.ndarray) -> float:
        """See `Solver.lost`."""
        return float(self.solver.lost(self.joint.pick(self._turned(self.layout.matrices(theta))[0])))

    @property
    def differences(self) -> np.ndarray:
        """See `Solver.differences`."""
        return np.asarray(self.solver.differences)

    def evaluate(self, theta: np.ndarray, derivatives: int) -> Evaluation:
        """See `Deviance.evaluate`."""
        matrices = self.layout.matrices(theta)
        roots, turns = self._turned(matrices)
        inner: Evaluation = self.solver.evaluate(self.joint.pick(roots), derivatives)
        at = inner._replace(theta=theta, solution=None, hessian=None)
        if not derivatives:
            return at
        projections = tuple(_products(m, k) for m, k in zip(self.mixing, at.projections, strict=True))
        residuals = tuple(m.T @ e for m, e in zip(self.mixing, at.residuals, strict=True))
        at = at._replace(projections=projections, residuals=residuals)
        at = at._replace(gradient=self.layout.pick([2.0 * at.slope(k) @ t for k, t in enumerate(matrices)]))
        if inner.hessian is None:
            return at
        return at._replace(hessian=self._chained(at, inner, matrices, roots, turns))

    def curvature(self, at: Evaluation) -> np.ndarray | None:
        """See `Deviance.curvature`."""
        if not self.exact:
            return at.hessian
        return self._second(self.layout.matrices(at.theta)) if at.projections else None

    def moved(self, at: Evaluation, step: np.ndarray, decrease: float) -> None:
        """Nothing: the end of a step is evaluated."""

    def along(
        self,
        matrices: list[np.ndarray],
        steps: Sequence[np.ndarray],
        at: Evaluation | None = None,
        second: bool = True,
    ) -> Curvature:
        """See `Deviance.along`."""
        roots, turns = self._turned(matrices)
        found: Curvature = self.solver.along(
            roots, [m @ step @ u for m, step, u in zip(self.mixing, steps, turns, strict=True)], None, second
        )
        return found

    def expected(self, matrices: list[np.ndarray], changes: Sequence[np.ndarray]) -> ExpectedInformation:
        """See `Deviance.expected`."""
        mixed = [m @ change @ m.T for m, change in zip(self.mixing, changes, strict=True)]
        found: ExpectedInformation = self.solver.expected(self._turned(matrices)[0], mixed)
        return found

    def modes(self, theta: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """See `Deviance.modes`."""
        matrices = self.layout.matrices(theta)
        found = zip(*self.solver.modes(self.joint.pick(self._turned(matrices)[0])), strict=True)
        modes, covariances = [], []
        for mixing, t, (mode, covariance) in zip(self.mixing, matrices, found, strict=True):
            back, varies = (
                np.linalg.inv(mixing),
                np.asarray(t.any(axis=1)),
            )  # effects of a variance of 0 are 0, and not rounding
            modes.append((back @ mode) * varies[:, None])
            covariances.append(_products(back.T, covariance) * (varies[:, None] & varies)[:, :, None])
            diagonal = np.einsum("aaj->aj", covariances[-1])
            np.maximum(diagonal, 0.0, out=diagonal)
        return modes, covariances

    def _second(self, matrices: list[np.ndarray]) -> np.ndarray:
        """Exact second derivatives by theta."""
        units = [self.layout.units(k) for k in range(len(matrices))]
        out, order = np.empty((self.layout.n_theta, self.layout.n_theta)), self.layout.order
        out[np.ix_(order, order)] = self.along(matrices, units).second
        return out

    def _chained(
        self,
        at: Evaluation,
        inner: Evaluation,
        matrices: list[np.ndarray],
        roots: list[np.ndarray],
        turns: list[np.ndarray],
    ) -> np.ndarray:
        """Nearly exact second derivatives by theta, of those by the elements of the joint roots.

        A step E of T changes Sigma as the step ``T N`` does, with ``N = T^+ E``, and the joint root as ``M T U P`` with
        any P that has the symmetric part of ``U' N U``: that with nothing above its diagonal is a step of its elements.
        """
        by_sigma, out = np.array(inner.hessian), np.zeros((self.layout.n_theta, self.layout.n_theta))
        steps = np.zeros((self.layout.n_theta, self.joint.n_theta))
        for k, (t, root, u) in enumerate(zip(matrices, roots, turns, strict=True)):
            theirs, row, column = self.joint.positions(k)
            by_sigma[np.ix_(theirs, theirs)] -= bending(self.joint, k, inner.slope(k))
            mine = self.layout.positions(k)[0]
            n = u.T @ np.linalg.pinv(t) @ self.layout.units(k) @ u
            both = np.tril(n + n.transpose(0, 2, 1))
            both[:, np.arange(len(t)), np.arange(len(t))] *= 0.5
            steps[np.ix_(mine, theirs)] = (root @ both)[:, row, column]
            out[np.ix_(mine, mine)] = bending(self.layout, k, at.slope(k))
        return np.asarray(out + steps @ by_sigma @ steps.T)

    def _turned(self, matrices: list[np.ndarray]) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Lower triangular roots ``M T U`` of each factor, and the turns U."""
        found = [np.linalg.qr((m @ t).T) for m, t in zip(self.mixing, matrices, strict=True)]
        return [r.T for _, r in found], [q for q, _ in found]


def _products(mixing: np.ndarray, of: np.ndarray) -> np.ndarray:
    """``M' K_j M`` of each level, shape (q, q, J)."""
    return np.einsum("ba,bcj,cd->adj", mixing, of, mixing)
