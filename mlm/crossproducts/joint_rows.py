"""The rows of several grouping factors, to be gone through once more where their effects leave little of them.

As `level_rows` does level by level, here an orthonormal basis of the random-effects columns of all factors and levels
is taken off the rows; Householder's method with pivots finds it. Where rows differ much in size, the large ones stand
first: each is then known to its own size (Cox & Higham 1998, BIT 38, 34-50).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy.linalg

from .blocks import Levels
from .level_rows import ENOUGH, LevelRows

__all__ = ["JointRows"]

# Share of the longest column's length, of columns of length 1, that one keeps beside the others, up to which that is
# the rounding of rows.
LEAST_SHARE = 1e-13


class JointRows(NamedTuple):
    """The rows behind the cross-products of several grouping factors, each with those of its columns."""

    factors: tuple[LevelRows, ...]

    def levels(self) -> Levels:
        """Go through the rows: all columns in one orthonormal basis, and what it leaves."""
        z, block = self._columns()
        c, whole, basis = z.shape[1], np.square(block).sum(axis=1), _basis(z)
        coordinates = np.zeros((basis.shape[1], c + len(block)))
        coordinates[:, :c] = basis.T @ z
        for _ in range(ENOUGH):
            along = block @ basis
            coordinates[:, c:] += along.T
            block -= along @ basis.T
        shared = {k for factor in self.factors for k in factor.effects.shared}
        taken, lost = self.factors[0].take_fixed(block, whole, sorted(shared))
        coordinates[:, -1] -= coordinates[:, c:-1] @ taken
        return Levels(coordinates, block @ block.T, taken, lost)

    def _columns(self) -> tuple[np.ndarray, np.ndarray]:
        """All random-effects columns, shape (n, c), and [X y], shape (p + 1, n)."""
        out = []
        for factor in self.factors:
            own, _, block = factor.read()
            grouping, q, n = factor.effects.grouping, *own.shape
            columns = np.zeros((n, q, grouping.size))
            columns[np.arange(n), :, grouping.codes] = own.T
            out.append(columns.reshape(n, -1))
        return np.concatenate(out, axis=1), block


def _basis(z: np.ndarray) -> np.ndarray:
    """An orthonormal basis of the columns, shape (n, r)."""
    length = np.sqrt(np.square(z).sum(axis=0))
    length[length == 0.0] = 1.0
    order = np.argsort(-np.abs(z).max(axis=1), kind="stable")
    basis, root, _ = scipy.linalg.qr(z[order] / length, mode="economic", pivoting=True, check_finite=False)
    rank = int((np.abs(root.diagonal()) > LEAST_SHARE * abs(root[0, 0])).sum())
    out = np.empty((len(z), rank))
    out[order] = basis[:, :rank]
    return out
