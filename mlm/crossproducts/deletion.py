"""Cross-products of the rows without those of one group: what the group has added to each block is taken off again.

The columns worked with stay those of all rows. They are no longer orthonormal then, nor is the response a residual of
least squares, which nothing rests on: both only keep rounding small.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..frame.columns import Columns
from ..frame.grouping import Grouping, cells
from ..frame.model_frame import ModelFrame
from .blocks import CrossProducts, FactorProducts, PairProducts

__all__ = ["Deletion"]

# Share of a column's squares that all other rows have at least, and of those of a level the rows that are left there:
# of less, sums that a group is taken off lose digits, and what was learnt of all rows says little of the others.
LEAST_LEFT, LEAST_OF_LEVEL = 0.5, 1e-6


class Deletion:
    """The rows of a model, sorted by group, in the columns worked with.

    Parameters
    ----------
    frame : ModelFrame
    factors : sequence of (Grouping, Columns)
        Grouping factors with the random-effects columns of all their terms, in the order of the products.
    products : CrossProducts
        Of all rows.
    groups : ndarray of int, shape (n,)
        Group of each row, from 0.
    """

    def __init__(
        self,
        frame: ModelFrame,
        factors: Sequence[tuple[Grouping, Columns]],
        products: CrossProducts,
        groups: np.ndarray,
    ) -> None:
        self.products = products
        self.joint: Deletion | None = None
        self.order = np.argsort(groups, kind="stable")
        self.ends = np.cumsum(np.bincount(groups))
        weights = np.ones(frame.nobs) if frame.weights is None else frame.weights
        self.log_weights, root = np.log(weights)[self.order], np.sqrt(weights)[self.order]
        self.block = (_fixed(frame, products)[self.order] * root[:, None]).T
        self.codes = [grouping.codes[self.order] for grouping, _ in factors]
        self.counts = [np.bincount(grouping.codes, minlength=grouping.size) for grouping, _ in factors]
        self.z = []
        for (_, columns), factor in zip(factors, products.factors, strict=True):
            z = columns.matrix() if factor.basis is None else columns.matrix() @ factor.basis.inverse
            self.z.append((z[self.order] * root[:, None]).T)
        self.cells = {
            (a, b): cells(self.codes[a], self.codes[b], (len(self.counts[a]), len(self.counts[b])))
            for a, b in products.pairs
        }
        if products.joint is not None:
            self.joint = Deletion(frame, factors, products.joint, groups)

    def rows(self, group: int) -> slice:
        """Where the rows of a group stand in their order."""
        return slice(int(self.ends[group - 1]) if group else 0, int(self.ends[group]))

    def without(self, group: int) -> CrossProducts:
        """Return the cross-products of all other rows, and of the levels that these have."""
        rows, products = self.rows(group), self.products
        block = self.block[:, rows]
        kept = [count > 0 for count in self._counts(rows)]
        factors = [self._factor(k, rows, block, kept[k]) for k in range(len(kept))]
        return products._replace(
            nobs=products.nobs - block.shape[1],
            xy=products.xy - block @ block.T,
            factors=tuple(factors),
            pairs={pair: self._pair(pair, rows, kept) for pair in products.pairs},
            log_weights=products.log_weights - float(self.log_weights[rows].sum()),
            joint=None if self.joint is None else self.joint.without(group),
            rows=None,
        )

    def holds(self, group: int, left: CrossProducts) -> bool:
        """Whether the group has so little of the sums that the others' keep their digits when it is taken off.

        Parameters
        ----------
        group : int
        left : CrossProducts
            What there is `without` it.
        """
        if (left.xy.diagonal() < LEAST_LEFT * self.products.xy.diagonal()).any():
            return False
        for of, other, count in zip(self.products.factors, left.factors, self._counts(self.rows(group)), strict=True):
            squares, others = (np.einsum("iij->ij", each.zz) for each in (of, other))
            if (others.sum(axis=1) < LEAST_LEFT * squares.sum(axis=1)).any():
                return False
            if (others < LEAST_OF_LEVEL * squares[:, count > 0]).any():
                return False
        return True

    def _counts(self, rows: slice) -> list[np.ndarray]:
        """Rows of each level of each factor that are left."""
        each = zip(self.counts, self.codes, strict=True)
        return [count - np.bincount(codes[rows], minlength=len(count)) for count, codes in each]

    def _factor(self, k: int, rows: slice, block: np.ndarray, kept: np.ndarray) -> FactorProducts:
        of, z, codes = self.products.factors[k], self.z[k][:, rows], self.codes[k][rows]
        zz, zxy = of.zz.copy(), of.zxy.copy()
        left = kept[codes]
        touched, place = np.unique(codes[left], return_inverse=True)
        if len(touched):
            columns = np.concatenate([z, block])[:, left]
            for i, j in np.ndindex(len(z), len(columns)):
                sums = np.bincount(place, columns[i] * columns[j], minlength=len(touched))
                into = zz[i, j] if j < len(z) else zxy[i, j - len(z)]
                into[touched] -= sums
        return of._replace(levels=int(kept.sum()), zz=zz[:, :, kept], zxy=zxy[:, :, kept], rows=None)

    def _pair(self, pair: tuple[int, int], rows: slice, kept: list[np.ndarray]) -> PairProducts:
        (a, b), of = pair, self.products.pairs[pair]
        first, second, cell = self.cells[pair]
        left = np.bincount(cell, minlength=len(first)) - np.bincount(cell[rows], minlength=len(first)) > 0
        values = of.values.copy()
        products = self.z[a][:, None, rows] * self.z[b][None, :, rows]
        for i in range(values.shape[0]):
            for j in range(values.shape[1]):
                values[i, j] -= np.bincount(cell[rows], products[i, j], minlength=len(first))
        numbers = [np.cumsum(kept[k]) - 1 for k in pair]
        return PairProducts(numbers[0][first[left]], numbers[1][second[left]], values[:, :, left])


def _fixed(frame: ModelFrame, products: CrossProducts) -> np.ndarray:
    """``[X y]`` as it is worked with, without weights: shape (n, p + 1)."""
    shift = products.shift
    x = frame.x - shift.means
    if shift.rotation is not None:
        x = x @ shift.rotation
    response = (frame.net_response - shift.response) / shift.scale - x @ shift.ols
    return np.column_stack([x, response])
