"""Random effects that the fixed effects account for, as in ``y ~ f + (1 | f)``.

With M the projection on what is orthogonal to X, combinations c of a term's columns with ``M Z_j c = 0`` in all levels
j are those with ``c' (sum_j Z_j' M Z_j) c = 0``: a matrix of the
term's size, the sum of ``Z_j'Z_j - Z_j'X (X'X)^-1 X'Z_j``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import lapack

from ..crossproducts.blocks import CrossProducts, FactorProducts
from ..likelihood.covariance import CovarianceLayout, Slot

__all__ = ["ROUNDING", "UNDECIDED", "Basis", "constant_within", "inside_coordinates", "spanned_terms", "term_basis"]

# Share of a column's sum of squares outside the fixed effects' space where these span it. Measured: 7e-15.
CONFOUNDED_SHARE = 1e-9
# Share of the square of a user's column outside of what the fixed effects span, where it is in it.
INSIDE_SHARE = 1e-12
# What rounding adds where the columns of a term nearly depend on each other, over the smallest eigenvalue of their
# cosines; and the sum of both from which rounding decides, and nothing is said.
ROUNDING, UNDECIDED = 1e-14, 1e-4
# Share of a spanned combination's length from which a column takes part in it.
TAKES_PART = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Basis:
    """Columns with the span of a term's columns: orthonormal over all rows, and orthogonal outside the fixed effects.

    A term's covariance matrix is free, so that other columns with the same span are the same term.

    Attributes
    ----------
    vectors : ndarray, shape (q, q)
        The basis in terms of the columns worked with; what the fixed effects span comes first.
    user : ndarray, shape (q, q)
        The user's columns, each of length 1, in terms of the basis.
    shares : ndarray, shape (q,)
        Share of each vector's square outside the fixed effects' space.
    spanned : int
        Number of those that the fixed effects span in all levels.
    columns : list of int
        Columns that are themselves spanned, or, where combinations are too, those that take part.
    least : float
        Smallest eigenvalue of the cosines of the columns worked with.
    """

    vectors: np.ndarray
    user: np.ndarray
    shares: np.ndarray
    spanned: int
    columns: list[int]
    least: float

    @property
    def combined(self) -> bool:
        """Whether combinations of columns are spanned, and not as many columns themselves."""
        return len(self.columns) != self.spanned


def inside_coordinates(products: CrossProducts) -> list[np.ndarray]:
    """Part of each factor's columns that is in the fixed effects' space, in an orthonormal basis of it: (q, p, J)."""
    p = products.p
    if not p:
        return [f.zxy[:, :0] for f in products.factors]
    root, out = lapack.dpotrf(products.xy[:-1, :-1], lower=1)[0], []
    for factor in products.factors:
        right = factor.zxy[:, :-1].transpose(1, 0, 2).reshape(p, -1)
        solved = lapack.dtrtrs(root, right, lower=1)[0]
        out.append(solved.reshape(p, factor.size, factor.levels).transpose(1, 0, 2))
    return out


def term_basis(factor: FactorProducts, slot: Slot, inside: np.ndarray) -> Basis:
    """Find a term's basis, given the part of its factor's columns inside the fixed effects' space."""
    mine = slice(slot.start, slot.start + slot.size)
    total = factor.zz[mine, mine].sum(axis=2)
    flat = inside[mine].reshape(slot.size, inside.shape[1] * inside.shape[2])
    fixed = flat @ flat.T
    scale = np.sqrt(total.diagonal())
    values, vectors, _ = lapack.dsyev(total / (scale[:, None] * scale))
    least = max(float(values[0]), ROUNDING)
    roots = np.sqrt(np.maximum(values, ROUNDING))
    white = vectors / roots / scale[:, None]
    shares, turn, _ = lapack.dsyev(np.eye(slot.size) - white.T @ fixed @ white)
    users = turn.T @ (roots[:, None] * vectors.T * scale)
    if factor.basis is not None:
        users = users @ factor.basis.root[mine, mine]
    squares = users * users
    user = users / np.sqrt(squares.sum(axis=0))
    zero = CONFOUNDED_SHARE + ROUNDING / least
    own = np.flatnonzero(squares[shares >= zero].sum(axis=0) <= INSIDE_SHARE * squares.sum(axis=0)).tolist()
    spanned = int((shares < zero).sum()) if zero < UNDECIDED else len(own)
    basis = white @ turn
    if spanned > len(own):
        own = _in_combinations(
            np.linalg.solve(users, np.eye(len(users))[:, :spanned]) * np.sqrt(squares.sum(axis=0))[:, None]
        )
    return Basis(basis, user, shares, spanned, own, least)


def _in_combinations(spanned: np.ndarray) -> list[int]:
    """Columns with a part in spanned combinations, given these in terms of columns of length 1, shape (q, g)."""
    parts = (spanned**2).sum(axis=1)
    return np.flatnonzero(parts > TAKES_PART * parts.max()).tolist()


def spanned_terms(products: CrossProducts, layout: CovarianceLayout) -> list[int]:
    """Positions of the terms of which the fixed effects span every column, in every level.

    A column that is not 0 in more levels than there are fixed effects is not spanned: mostly, that is all there is to
    see.
    """
    p, factors = products.p, products.factors
    few = [
        k
        for k, slot in enumerate(layout.slots)
        if factors[slot.factor].levels <= p or np.count_nonzero(factors[slot.factor].zz[slot.start, slot.start]) <= p
    ]
    if not few:
        return few
    inside = inside_coordinates(products)
    bases = {
        k: term_basis(factors[layout.slots[k].factor], layout.slots[k], inside[layout.slots[k].factor]) for k in few
    }
    return [k for k, basis in bases.items() if basis.spanned == layout.slots[k].size]


def constant_within(factor: FactorProducts, products: CrossProducts) -> list[str]:
    """Names of fixed effects in the space of a factor's first column by level: predictors that are constant there."""
    if products.shift.rotation is not None:  # what is at hand is a basis, not the columns
        return []
    squares = factor.zz[0, 0]
    inside = (factor.zxy[0, :-1] ** 2 / np.where(squares > 0, squares, 1.0)).sum(axis=1)
    whole = products.xy.diagonal()[:-1]
    same = whole - inside < CONFOUNDED_SHARE * whole
    return [name for k, name in enumerate(products.x_names) if same[k] and k != products.shift.intercept]
