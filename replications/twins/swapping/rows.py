"""Lay the columns of one block of rows, one after another, each from its own marginal distribution."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.random import RandomState

from replications.errors import TwinError
from replications.twins.aggregates import Aggregates, Block, Group, expand
from replications.twins.swapping.approach import approach, enter_bounds, start_order
from replications.twins.swapping.exact import close_by_pairs, close_by_permutations
from replications.twins.swapping.pairing import Bounds, Pairing

Cells = tuple[np.ndarray, np.ndarray]  # codes of a column, and whether each is present

SMALL_BLOCK = 60  # rows; below it two permuted sets of rows reach more than pairs of exchanges do
LAY_TRIES = 20  # of a block or a column, from another order each; the five data sets need one


class Rows:
    """One block of rows of one group, under construction.

    Attributes
    ----------
    n : int
        Rows still to be laid (anchors are peeled off first, see `anchors`).
    codes : dict of int64 arrays (n,)
        Columns laid so far, as codes.
    columns : dict of int64 arrays (n,)
        The same as product columns ("1" first, dummies for a categorical column).
    anchors : list of dict
        Rows fixed beforehand: column -> code.
    """

    def __init__(self, aggregates: Aggregates, group: Group, block: Block, rs: RandomState) -> None:
        self.aggregates, self.group, self.block, self.rs = aggregates, group, block, rs
        self.n = block.n
        self.margins = {name: dict(margin) for name, margin in block.margins.items()}
        self.products = block.products.copy()
        self.anchors: list[dict[str, int]] = []
        self.codes: dict[str, np.ndarray] = {}
        self.columns: dict[str, np.ndarray] = {}

    def product_row(self, row: dict[str, int]) -> dict[str, int]:
        """One row of codes -> its product columns, in the order of the block's products."""
        out = {"1": 1}
        for name in self.block.cross:
            parts = self.aggregates.columns[name].product_columns(np.array([row[name]]))
            out.update({key: int(value[0]) for key, value in parts.items()})
        return out

    def peel(self, row: dict[str, int]) -> None:
        """Fix one row: take its values out of the margins and its products out of the products."""
        values = np.array(list(self.product_row(row).values()))
        for name in self.block.cross:
            self.margins[name][row[name]] -= 1
        self.products = self.products - np.outer(values, values)
        self.n -= 1
        self.anchors.append(row)

    def set_column(self, name: str, codes: np.ndarray) -> None:
        """Store a laid column."""
        self.codes[name] = codes
        self.columns.update(self.aggregates.columns[name].product_columns(codes))

    def lay(self, bounds_of: Callable[[Rows], Bounds | None] | None = None) -> None:
        """Lay all cross columns; ``bounds_of(rows)`` gives the least and greatest value of the last one per row.

        Raises
        ------
        TwinError
            If the products were not met in `LAY_TRIES` attempts.
        """
        first, *others = self.block.cross
        last = self.block.cross[-1]
        for _ in range(LAY_TRIES):
            self.codes, self.columns = {}, {"1": np.ones(self.n, dtype=np.int64)}
            self.set_column(first, self.rs.permutation(expand(self.margins[first])))
            if all(self.lay_column(name, bounds_of(self) if bounds_of and name == last else None) for name in others):
                return
        raise TwinError(f"{self.group.name}, block {self.block.name}: products not met in {LAY_TRIES} attempts")

    def pairing(self, name: str, codes: np.ndarray, bounds: Bounds | None = None) -> Pairing:
        """One column beside the columns that precede it among the cross columns."""
        place = self.block.product_names.index(name)
        given = np.column_stack([self.columns[key] for key in self.block.product_names[:place]])
        wanted = self.products[:place, place]
        return Pairing(self.aggregates.columns[name].numeric(codes), codes, given, wanted, bounds)

    def lay_column(self, name: str, bounds: Bounds | None = None) -> bool:
        """Lay one column so that its products with the earlier ones are met; False when that failed."""
        codes = self.rs.permutation(expand(self.margins[name]))
        pairing = self.pairing(name, codes, bounds)
        met = True
        if self.block.told:
            pairing = self.pairing(name, codes[start_order(pairing, self.rs)], bounds)
            if bounds is not None:
                enter_bounds(pairing, self.rs)
            approach(pairing, self.rs)
            if self.n <= SMALL_BLOCK and bounds is None:
                met = close_by_permutations(pairing, self.rs, self.block.rounding)
            else:
                met = close_by_pairs(pairing, self.rs)
        self.set_column(name, pairing.codes)
        return met

    def all_codes(self, name: str) -> np.ndarray:
        """Codes of a cross column with the anchors at the end: (block.n,)."""
        return np.concatenate([self.codes[name], np.array([row[name] for row in self.anchors], dtype=np.int64)])

    def free_columns(self, rs: RandomState) -> dict[str, Cells]:
        """Columns not complete in this block: codes and presence, pattern counts and margins kept, else by chance."""
        patterns = np.repeat(list(self.block.patterns), list(self.block.patterns.values())).astype(np.int64)
        patterns = rs.permutation(patterns)
        out = {}
        for k, name in enumerate(self.block.free):
            present = (patterns >> k) & 1 == 1
            codes = np.zeros(self.block.n, dtype=np.int64)
            codes[present] = rs.permutation(expand(self.block.margins[name]))
            out[name] = codes, present
        return out
