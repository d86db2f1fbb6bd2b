"""Whether one model is a special case of another: its means and its covariance matrices are among the other's."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, combinations_with_replacement

import numpy as np

from ..frame.model_frame import ModelFrame

__all__ = ["Family", "Space", "not_within", "random_outside"]

# A column is outside a space when more than this share of its length (about its mean, where the space has the constant)
# is: the tolerance by which R's lm tells dependent columns, as `dependent_columns` does in a fit.
OUTSIDE_SHARE = 1e-7
# Directions of unit columns below this share of the longest are rounding (1e-16 an entry): fits keep no column of which
# less than 1e-7 is new.
RANK_SHARE = 1e-12
# What remains of a column of this share of its length is the rounding of its own entries, in a few operations.
ROUNDING = 16 * np.finfo(float).eps
# Covariance matrices agree when their squared distance is below this share of their squared length: a relative
# difference of 1e-5, far above the rounding of sums of fourth powers (1e-15 of the squared length).
COVARIANCE_SHARE = 1e-10


def _lengths(columns: np.ndarray) -> np.ndarray:
    """Euclidean lengths of columns, shape (k,)."""
    return np.sqrt(np.einsum("ij,ij->j", columns, columns))


def _moderate(columns: np.ndarray) -> np.ndarray:
    """Columns divided by their largest entries: squares of numbers of any size can then be computed."""
    largest = np.abs(columns).max(axis=0, initial=0.0)
    return columns / np.where(largest > 0, largest, 1.0)


def _basis(columns: np.ndarray, share: float = RANK_SHARE) -> np.ndarray:
    """Orthonormal basis of what columns span, but for directions below a share of the longest, shape (n, rank)."""
    lengths = _lengths(columns)
    unit = columns[:, lengths > 0] / lengths[lengths > 0]
    if not unit.size:
        return np.empty((len(columns), 0))
    q, r = np.linalg.qr(unit)
    u, s, _ = np.linalg.svd(r)
    return q @ u[:, : len(s)][:, s > share * s[0]]


@dataclass(frozen=True, eq=False)
class Space:
    """What columns span.

    Attributes
    ----------
    basis : ndarray, shape (n, r)
        Orthonormal; where the constant is among them, it comes first and the others have mean zero.
    constant : bool
        Whether the constant is among them.
    """

    basis: np.ndarray
    constant: bool

    @classmethod
    def of(cls, columns: np.ndarray) -> Space:
        """Return the space of columns, shape (n, k), in any units and of any rank.

        Where they span the constant, their means are taken off first: a slope on years or seconds is told from the
        intercept by how it varies and not by how far it is from zero.
        """
        columns = _moderate(columns)
        n, raw = len(columns), cls(_basis(columns), constant=False)
        if raw.lacks(np.ones((n, 1))).all():
            return raw
        centred = columns - columns.mean(axis=0)
        known, length = ROUNDING * _lengths(columns), _lengths(centred)
        varies = length > known
        share = max(RANK_SHARE, np.max(known[varies] / length[varies], initial=0.0))
        return cls(np.column_stack([np.full(n, n**-0.5), _basis(centred[:, varies], share)]), constant=True)

    def lacks(self, columns: np.ndarray, rounding: float = 0.0) -> np.ndarray:
        """Tell which columns, shape (n, k), are not in the space.

        Parameters
        ----------
        columns : ndarray, shape (n, k)
        rounding : float
            Length below which what is outside is rounding, beyond that of the columns' own entries.
        """
        largest = np.abs(columns).max(axis=0, initial=0.0)
        rest = _moderate(columns)
        known = ROUNDING * _lengths(rest) + rounding / np.where(largest > 0, largest, 1.0)
        if self.constant:
            rest = rest - rest.mean(axis=0)
        own = _lengths(rest)
        for _ in range(2):  # the second time takes off what rounding left the first time
            rest = rest - self.basis @ (self.basis.T @ rest)
        return _lengths(rest) > np.maximum(OUTSIDE_SHARE * own, known)


@dataclass(frozen=True, eq=False)
class Family:
    """Random-effects terms of one grouping factor: within each level, covariance matrices C M C'.

    Attributes
    ----------
    codes : ndarray of int, shape (n,)
        Level of each row.
    columns : ndarray, shape (n, q)
        C: of each term an orthonormal basis.
    term : ndarray of int, shape (q,)
        Which term a column belongs to; M, shape (q, q), has no covariances between terms.
    """

    codes: np.ndarray
    columns: np.ndarray
    term: np.ndarray

    @classmethod
    def of(cls, frame: ModelFrame, group: str) -> Family:
        """Return the family of all terms of a grouping factor."""
        parts = [part for part in frame.random if part.term.group == group]
        bases = [Space.of(part.columns.matrix()).basis for part in parts]
        term = np.repeat(np.arange(len(bases)), [basis.shape[1] for basis in bases])
        return cls(frame.groupings[group].codes, np.column_stack(bases), term)

    def includes(self, codes: np.ndarray, columns: np.ndarray) -> bool:
        """Tell whether all covariance matrices of another term are among the family's.

        Its own are sums of such as r r' within each of its levels, r being one of its columns, or the sum or the
        difference of two. For each the nearest member of the family is found: the squared distance ‖C M C' - r r'‖²,
        summed over pairs of rows, is quadratic in M, with coefficients that are sums of products within levels. So
        ``(1 | g:f)`` is found in ``(f | g)`` as well, where M is proportional to the identity in the indicators of f.
        A single term of the family may have them all, as ``(0 + f | g)`` in ``(f || g)`` has those of ``(f | g)``.

        Parameters
        ----------
        codes : ndarray of int, shape (n,)
            Levels of the other term.
        columns : ndarray, shape (n, k)
            Its columns.
        """
        basis = Space.of(columns).basis
        pairs = combinations_with_replacement(range(basis.shape[1]), 2)
        rows = [basis[:, i] if i == j else basis[:, i] + basis[:, j] for i, j in pairs]
        rows += [basis[:, i] - basis[:, j] for i, j in combinations(range(basis.shape[1]), 2)]
        return any(all(family._includes(codes, row) for row in rows) for family in (*self._alone, self))

    @cached_property
    def _alone(self) -> list[Family]:
        """The family of each of its terms: where terms overlap, M would share out what one of them has."""
        terms = np.unique(self.term)
        chosen = [self.term == term for term in terms] if len(terms) > 1 else []
        return [Family(self.codes, self.columns[:, one], self.term[one]) for one in chosen]

    def _includes(self, codes: np.ndarray, row: np.ndarray) -> bool:
        """Tell whether r r' within levels is in the family."""
        q, levels = self.columns.shape[1], self.codes.max(initial=0) + 1
        cell = np.unique(codes * levels + self.codes, return_inverse=True)[1]
        met = np.column_stack([np.bincount(cell, row * c) for c in self.columns.T])
        free = np.flatnonzero((self.term[:, None] == self.term).ravel())
        linear = (met.T @ met).ravel()[free]
        solution = np.linalg.lstsq(self._quadratic[np.ix_(free, free)], linear, rcond=RANK_SHARE)[0]
        length = float(np.sum(np.bincount(codes, row**2) ** 2))
        if length - linear @ solution > COVARIANCE_SHARE * length:
            return False
        m = np.zeros(q * q)
        m[free] = solution
        roots = np.linalg.eigvalsh(m.reshape(q, q))
        return bool(roots[0] >= -np.sqrt(COVARIANCE_SHARE) * roots[-1])

    @cached_property
    def _quadratic(self) -> np.ndarray:
        """Sum over levels of C'C ⊗ C'C, shape (q², q²): ‖C M C'‖² as a function of M."""
        q = self.columns.shape[1]
        squares = np.array([np.bincount(self.codes, a * b) for a in self.columns.T for b in self.columns.T])
        by_level = squares.reshape(q, q, -1)
        return np.einsum("ack,bdk->abcd", by_level, by_level, optimize=True).reshape(q * q, q * q)


def not_within(small: ModelFrame, large: ModelFrame, rows: np.ndarray) -> list[str]:
    """Say what of a model is not in another one; nothing, where it is a special case of it.

    Parameters
    ----------
    small, large : ModelFrame
        Models of the same rows, with the same weights.
    rows : ndarray of int, shape (n,)
        Position in `small` of each row of `large`.

    Returns
    -------
    list of str
        Fixed-effects columns, the offset and random-effects terms, as they are called in messages.
    """
    space, x = Space.of(large.x), small.x[rows]
    found = [f"{name!r}" for name, lacks in zip(small.x_names, space.lacks(x), strict=True) if lacks]
    if small.offset is not None or large.offset is not None:
        one, other = (np.broadcast_to(frame.known_part, large.nobs)[:, None] for frame in (small, large))
        one = one[rows]
        rounding = ROUNDING * float((_lengths(one) + _lengths(other))[0])
        if space.lacks(one - other, rounding).any():
            found.append("the offset")
    return [*found, *random_outside(small, large, rows)]


def random_outside(small: ModelFrame, large: ModelFrame, rows: np.ndarray) -> list[str]:
    """Say which random-effects terms of a model have covariance matrices that another one cannot make.

    Parameters
    ----------
    small, large, rows
        As `not_within` takes them.

    Returns
    -------
    list of str
        The terms, as they are called in messages.
    """
    found = []
    families = [Family.of(large, group) for group in dict.fromkeys(part.term.group for part in large.random)]
    for part in small.random:
        codes, columns = small.groupings[part.term.group].codes[rows], part.columns.matrix()[rows]
        if not any(family.includes(codes, columns) for family in families):
            found.append(f"'({part.term.text})'")
    return found
