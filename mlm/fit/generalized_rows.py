"""From a model frame to the rows that a generalized model is fitted to, in columns that are good to work with.

Fixed-effects columns are made orthonormal, and those of a random-effects term uncorrelated with mean square 1, so that
what is searched does not depend on units and origins: as `mlm.crossproducts.bases` does for linear models.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import linalg
from scipy.linalg import lapack

from ..crossproducts.bases import CONSTANT_SHARE
from ..errors import DataError
from ..frame.columns import Columns
from ..frame.grouping import Grouping
from ..frame.model_frame import ModelFrame, RandomPart
from ..generalized.distribution import Family
from ..generalized.laplace import Laplace
from ..generalized.pirls import Problem
from ..generalized.response import Response
from ..generalized.rows import Effects, Rows, cells_of
from ..generalized.systems import Structure
from ..generalized.units import Units, units_of
from ..generalized.working import Working
from ..likelihood.covariance import CovarianceLayout, covariance_layout, lower_factor
from .stages import grouping_factors
from .working_covariance import over_triangle

__all__ = ["WorkedRows", "criterion_of", "worked_rows"]

# Share of a column's length that must be new beside the other columns of its term: as for linear models.
DEPENDENT_SHARE = 1e-7


@dataclass(frozen=True, slots=True, eq=False)
class WorkedRows:
    """The rows, and how they are told in the user's columns.

    Attributes
    ----------
    rows : Rows
    layout : CovarianceLayout
    order : ndarray of int, shape (n,)
        Which row of the frame each is.
    root : ndarray, shape (p, p)
        R, with ``X = Q R`` for the columns Q worked with.
    roots : tuple of ndarray, shapes (q, q)
        The same of each factor's columns: upper triangular, block-diagonal by terms.
    names : tuple of str
        The grouping factors.
    units : Units
        Of the response.
    """

    rows: Rows
    layout: CovarianceLayout
    order: np.ndarray
    root: np.ndarray
    roots: tuple[np.ndarray, ...]
    names: tuple[str, ...]
    units: Units

    def users_beta(self, beta: np.ndarray) -> np.ndarray:
        """Fixed effects of the user's columns, shape (p,)."""
        return self.units.predictor * lapack.dtrtrs(self.root, beta)[0] if len(beta) else beta

    def working_beta(self, beta: np.ndarray) -> np.ndarray:
        """Fixed effects of the columns worked with, shape (p,)."""
        return self.root @ beta / self.units.predictor

    def working_rows(self, rows: np.ndarray) -> np.ndarray:
        """Weights of the working fixed effects in weighted sums of the user's, shape (k, p)."""
        return self.units.predictor * over_triangle(rows, self.root)

    def users_covariance(self, covariance: np.ndarray, directions: np.ndarray) -> np.ndarray:
        """Covariance of the user's fixed effects, shape (p, p), of that along directions of those worked with.

        NaN where there is none.
        """
        if not len(covariance) or not np.isfinite(covariance).all():
            return covariance
        turned = self.units.predictor * lapack.dtrtrs(self.root, directions)[0]
        return np.asarray(turned @ covariance @ turned.T)

    def users_theta(self, theta: np.ndarray) -> np.ndarray:
        """The theta of the user's columns: lower factors of ``R^-1 T``."""
        return self._translated(
            theta * self.units.theta, [linalg.solve_triangular(r, np.eye(len(r))) for r in self.roots]
        )

    def working_theta(self, theta: np.ndarray) -> np.ndarray:
        """The theta of the columns worked with: lower factors of ``R T``."""
        return self._translated(theta / self.units.theta, list(self.roots))

    def _translated(self, theta: np.ndarray, turns: list[np.ndarray]) -> np.ndarray:
        matrices = self.layout.matrices(theta)
        for slot in self.layout.slots:
            block = slice(slot.start, slot.start + slot.size)
            turn, t = turns[slot.factor][block, block], matrices[slot.factor]
            t[block, block] = lower_factor(turn @ t[block, block])
        return self.layout.pick(matrices)

    def users_effects(self, factor: int, effects: np.ndarray) -> np.ndarray:
        """Random effects (q, ...) of the user's columns."""
        turn = linalg.solve_triangular(self.roots[factor], np.eye(len(self.roots[factor])))
        return self.units.predictor * np.tensordot(turn, effects, axes=1)


def worked_rows(
    frame: ModelFrame, terms: list[RandomPart], y: np.ndarray, weights: np.ndarray, units: Units
) -> WorkedRows:
    """Bring the rows in order, and their columns into the form worked with.

    Parameters
    ----------
    frame : ModelFrame
    terms : list of RandomPart
        In the order of theta.
    y, weights : ndarray, shape (n,)
        The response and the prior weights.
    units : Units
        In which the response is worked with.

    Raises
    ------
    DataError
        When a random-effects column is 0 in all rows, or those of a term depend on one another.
    """
    factors = grouping_factors(frame, terms)
    position = {grouping.name: k for k, (grouping, _) in enumerate(factors)}
    layout = covariance_layout(tuple((position[t.term.group], len(t.columns.names)) for t in terms), len(factors))
    codes = factors[0][0].codes
    order = np.arange(len(codes)) if bool((codes[1:] >= codes[:-1]).all()) else np.argsort(codes, kind="stable")
    found = [_effects(grouping, columns, terms, order) for grouping, columns in factors]
    effects, roots = tuple(e for e, _ in found), tuple(r for _, r in found)
    q, root = _orthonormal(frame.x[order])
    counts = np.bincount(codes, minlength=effects[0].levels)
    offset = (0.0 if frame.offset is None else frame.offset[order]) - np.full(len(codes), units.shift)
    rows = Rows(
        y[order] / units.response,
        weights[order],
        offset / units.predictor,
        q,
        effects,
        np.cumsum(counts) - counts,
        cells_of(effects),
    )
    return WorkedRows(rows, layout, order, root, roots, tuple(position), units)


def _orthonormal(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Columns with mean square 1 that span the same, (p, n), and the triangle that gives the given ones (p, p)."""
    n, p = x.shape
    if not p:
        return np.zeros((0, n)), np.zeros((0, 0))
    q, r = linalg.qr(x, mode="economic", check_finite=False)
    sign = np.where(r.diagonal() < 0.0, -1.0, 1.0)
    return np.ascontiguousarray((q * (sign * math.sqrt(n))).T), r * (sign / math.sqrt(n))[:, None]


def _effects(
    grouping: Grouping, columns: Columns, terms: list[RandomPart], order: np.ndarray
) -> tuple[Effects, np.ndarray]:
    """One factor's effects in the columns worked with, and the triangle of these (q, q)."""
    root, at = np.zeros((len(columns.names),) * 2), 0
    worked: list[np.ndarray | None] = []
    for part in terms:
        if part.term.group != grouping.name:
            continue
        size = len(part.columns.names)
        block = slice(at, at + size)
        at += size
        if size == 1 and part.columns.is_one(0):
            root[block, block] = 1.0
            worked.append(None)
            continue
        values, root[block, block] = _uncorrelated(part)
        worked += [None if part.columns.is_one(0) and k == 0 else v[order] for k, v in enumerate(values)]
    return Effects(grouping.codes[order], tuple(worked), grouping.size), root


def _uncorrelated(part: RandomPart) -> tuple[np.ndarray, np.ndarray]:
    """Columns of a term that are uncorrelated and of mean square 1, (q, n), and their triangle (q, q).

    Where the constant is the first, they are those of ``Z - 1 m' = Q R``, and the triangle is that of ``Z = Q (R +
    R e_1 m')``: numbers far from 0 keep their digits, and are told from the constant by how they vary.
    """
    matrix, names = part.columns.matrix(), part.columns.names
    largest = np.abs(matrix).max(axis=0)
    for name, size in zip(names, largest, strict=True):
        if not size > 0.0:
            raise DataError(f"The column {name!r} of the term '({part.term.text})' is 0 in all rows; take it out.")
    scaled, means = matrix / largest, np.zeros(len(names))
    if part.columns.is_one(0):
        means[1:] = scaled[:, 1:].mean(axis=0)
    values, root = _orthonormal(scaled - means)
    squares = np.square(root).sum(axis=0)
    flat = squares <= CONSTANT_SHARE * means**2
    if flat.any() or not (root.diagonal() > DEPENDENT_SHARE * np.sqrt(squares)).all():
        raise DataError(
            f"The columns {', '.join(names)} of the term '({part.term.text})' depend linearly on one another, to "
            "working precision: drop one (one may be constant), or centre the slopes."
        )
    return values, (root + np.outer(root[:, 0], means)) * largest


def criterion_of(frame: ModelFrame, terms: list[RandomPart], family: Family, n_agq: int) -> tuple[WorkedRows, Laplace]:
    """Bring the rows into the form worked with, and make the criterion of them.

    Parameters
    ----------
    frame : ModelFrame
    terms : list of RandomPart
        In the order of theta.
    family : Family
        Of the negative binomial one with its theta.
    n_agq : int

    Returns
    -------
    WorkedRows, Laplace
    """
    assert frame.weights is not None
    worked = worked_rows(frame, terms, frame.y, frame.weights, units_of(family, frame.y))
    assert isinstance(frame.outcome, Response)
    trials = frame.outcome.trials
    trials = None if trials is None else trials[worked.order]
    working = Working(family, worked.rows.y, worked.rows.weights, trials, worked.units)
    problem = Problem(worked.rows, working, Structure(worked.rows))
    return worked, Laplace(problem, worked.layout, max(n_agq, 1))
