"""Fronts: how a sparse symmetric matrix is laid out for its Cholesky factor.

Columns that are eliminated together form a *front*: a dense pivot block, and a dense border of the later columns that
these are linked to (Duff & Reid 1983, ACM Trans. Math. Softw. 9; Liu 1992, SIAM Review 34). All blocks of all fronts
stand one after another in a *store*, one flat array of values. A matrix that is nearly full, or small, is one front
without a border: the store is then the dense matrix, row by row, with its upper triangle in use. See `cholesky` and
`arithmetic` for what is done with them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from .ordering import crowded_columns, elimination_structure, minimum_degree, most_neighbours
from .supernodes import Groups, front_seconds, group_columns

__all__ = ["Front", "Fronts", "analyse", "one_front"]

# Columns up to which one dense block is fastest, whatever the pattern: fronts take longer to find than they save.
# Measured on patterns with 2 to 10 links a column: factor and inverse of 200 dense columns take 0.6 to 0.9 ms and those
# of 400 columns 3.5 to 5 ms; in fronts they take 0.5 to 1 and 1 to 4 ms, and finding these takes 2 to 3 and 4 to 6 ms.
DENSE_COLUMNS = 300
# Share of entries above which no order is looked for. Measured on random patterns of 500 and 1,500 columns: by minimum
# degree, 0.8 to 0.9 of the dense operations are left at a share of 0.2, and more than 0.9 at 0.4.
DENSE_SHARE = 0.5
# Share of the dense block's estimated time from which fronts are not used: times of small fronts are estimated low.
# Measured where the estimate was 0.43 to 0.56: 0.8 to 1.6 of the dense block's time, for 200 to 400 columns.
FRONTS_TIME_SHARE = 0.55
# Columns up to which the position of every pair of columns is tabulated: above, the table takes more than 36 MB, and
# positions are searched for. Measured: 1e6 positions are found in 15 ms with the table and in 100 ms without.
TABLE_COLUMNS = 3000


@dataclass(frozen=True, slots=True, eq=False)
class Front:
    """Columns that are eliminated together.

    Attributes
    ----------
    start, stop : int
        First and last plus one of their steps in the elimination.
    border : ndarray of int, shape (b,)
        Later steps that they are linked to, sorted.
    parent : int
        The front that contains the first of these; -1 if there is none.
    inner : ndarray of int, shape (b,)
        Where the border stands among the parent's pivots (first) and border (after them).
    pivots_at, border_at : int
        Where the pivot block (n, n) and the border block (b, n) begin in the store, column by column.
    """

    start: int
    stop: int
    border: np.ndarray
    parent: int
    inner: np.ndarray
    pivots_at: int
    border_at: int

    def pivots_of(self, store: np.ndarray) -> np.ndarray:
        """View of the (n, n) pivot block, columns contiguous."""
        n = self.stop - self.start
        return store[self.pivots_at : self.border_at].reshape(n, n).T

    def border_of(self, store: np.ndarray) -> np.ndarray:
        """View of the (b, n) border block, columns contiguous."""
        n, b = self.stop - self.start, len(self.border)
        return store[self.border_at : self.border_at + n * b].reshape(n, b).T


@dataclass(frozen=True, eq=False)
class Fronts:
    """How a pattern is stored and factored.

    Attributes
    ----------
    order : ndarray of int, shape (m,)
        Column that is eliminated at each step.
    step : ndarray of int, shape (m,)
        Step at which each column is eliminated.
    fronts : tuple of Front
        Children stand before their parents.
    size : int
        Length of the store: all blocks of all fronts.
    """

    order: np.ndarray
    step: np.ndarray
    fronts: tuple[Front, ...]
    size: int

    @property
    def width(self) -> int:
        """Number of columns m."""
        return len(self.order)

    @property
    def dense(self) -> bool:
        """Whether all columns form one front: the store is then an (m, m) matrix, row by row."""
        return len(self.fronts) <= 1

    @property
    def seconds(self) -> float:
        """Estimated seconds of a factorisation and of the inverse."""
        return sum(front_seconds(f.stop - f.start, len(f.border)) for f in self.fronts)

    @property
    def integer(self) -> type[np.signedinteger]:
        """Type of positions in the store."""
        return np.int32 if self.size < 2**31 else np.int64

    @cached_property
    def diagonal(self) -> np.ndarray:
        """Positions of the diagonal in the store, column by column: shape (m,)."""
        every = np.arange(self.width)
        return self.place(every, every)

    @cached_property
    def counts(self) -> np.ndarray:
        """How often each position of the store stands in the symmetric matrix: 0 above the diagonal, shape (size,)."""
        out = np.full(self.size, 2.0)
        for f in self.fronts:
            pivots = f.pivots_of(out)
            pivots *= np.tri(len(pivots))
        out[self.diagonal] = 1.0
        return out

    @property
    def children(self) -> np.ndarray:
        """How many fronts pass their update on to each: shape (fronts,)."""
        return np.bincount([f.parent + 1 for f in self.fronts], minlength=len(self.fronts) + 1)[1:]

    def zeros(self) -> np.ndarray:
        """Return an empty store, shape (size,)."""
        return np.zeros(self.size)

    def place(self, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Positions of entries in the store.

        Parameters
        ----------
        rows, columns : ndarray of int, shape (k,)
            Entries of the pattern, in either triangle.

        Returns
        -------
        ndarray of int, shape (k,)
            32 bits wide where that is enough, as scipy.sparse likes its indices. One position for both ``(i, j)``
            and ``(j, i)``: in the lower triangle of the order of elimination.
        """
        return self.place_steps(self.step[rows], self.step[columns])

    def place_steps(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """`place`, of pairs of steps instead of columns: quicker for many pairs of few columns."""
        if self.dense:
            return np.minimum(a, b).astype(self.integer) * self.width + np.maximum(a, b)
        if self.width <= TABLE_COLUMNS:
            return self._map.take(a * self.width + b)
        return self._search(a, b).astype(self.integer)

    @cached_property
    def _map(self) -> np.ndarray:
        """Positions of all pairs of steps, shape (m * m,); where two are not linked, a position beyond the store."""
        m = self.width
        out = np.full((m, m), self.size, dtype=np.int32)
        for f in self.fronts:
            n, b = f.stop - f.start, len(f.border)
            at = np.arange(n)
            out[f.start : f.stop, f.start : f.stop] = (
                f.pivots_at + n * np.minimum(at, at[:, None]) + np.maximum(at, at[:, None])
            )
            across = f.border_at + np.arange(b) + b * at[:, None]
            out[f.start : f.stop, f.border] = across
            out[f.border, f.start : f.stop] = across.T
        return out.ravel()

    def _search(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Positions of pairs of steps, by looking the later one up in the border of the earlier one's front."""
        low, high = np.minimum(a, b), np.maximum(a, b)
        stops = np.array([f.stop for f in self.fronts])
        number = np.searchsorted(stops, low, side="right")
        starts, n = np.array([f.start for f in self.fronts]), np.diff(stops, prepend=0)
        count = np.array([len(f.border) for f in self.fronts])
        column = low - starts[number]
        out = np.array([f.pivots_at for f in self.fronts])[number] + column * n[number] + high - starts[number]
        beyond = high >= stops[number]
        number, high = number[beyond], high[beyond]
        listed = np.concatenate([k * self.width + f.border for k, f in enumerate(self.fronts)])
        row = np.searchsorted(listed, number * self.width + high) - (np.cumsum(count) - count)[number]
        out[beyond] = np.array([f.border_at for f in self.fronts])[number] + column[beyond] * count[number] + row
        return out


def analyse(pattern: sparse.sparray, together: np.ndarray | None = None, last: int = 0) -> Fronts:
    """Find the fronts of a pattern.

    Parameters
    ----------
    pattern : sparse array, shape (m, m)
        Symmetric; entries count whatever their values are, and the diagonal always does.
    together : ndarray of int, shape (m,), optional
        Number of the unit (a level with several effects) that each column belongs to, from 0 without gaps. Columns of
        a unit are eliminated one after another, in the same front; they count as linked, and with the same others.
    last : int
        How many columns or units, those with most neighbours, come last without being ordered; 0 leaves it open.

    Returns
    -------
    Fronts
        One front with all columns in their order, where that is estimated to be faster.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy import sparse
    >>> chain = sparse.diags_array([np.full(999, -1.0), np.full(1000, 2.5), np.full(999, -1.0)], offsets=[-1, 0, 1])
    >>> fronts = analyse(chain)
    >>> store = fronts.zeros()
    >>> entries = sparse.tril(chain).tocoo()
    >>> store[fronts.place(entries.row, entries.col)] = entries.data
    >>> fronts.dense, store.size < 1000**2
    (False, True)
    >>> from mlm.sparse.cholesky import factor
    >>> round(float(factor(fronts, store).inverse()[fronts.diagonal[500]]), 6)
    0.666667
    """
    csr = sparse.csr_array(pattern)
    m = csr.shape[0]
    if m <= DENSE_COLUMNS or csr.nnz > DENSE_SHARE * m * m:
        return one_front(m)
    units = csr if together is None else _between_units(csr, together)
    crowded = crowded_columns(units) if last == 0 else most_neighbours(units, last)
    if crowded.all():
        return one_front(m)
    structure = elimination_structure(units, minimum_degree(units, crowded))
    groups = group_columns(structure, m / units.shape[0])
    if len(groups.members) == 1 or groups.seconds > FRONTS_TIME_SHARE * front_seconds(m, 0.0):
        return one_front(m)
    order = structure.order[np.concatenate([np.asarray(g, dtype=np.int64) for g in groups.members])]
    blocks = _blocks(units, order, groups)
    if together is not None:
        order, blocks = _columns_of(order, blocks, together)
    return _connect(order, blocks, groups.parent)


def _between_units(pattern: sparse.csr_array, together: np.ndarray) -> sparse.csr_array:
    """Which units are linked."""
    entries = pattern.tocoo()
    units = int(together.max()) + 1
    linked = sparse.coo_array(
        (np.ones(entries.nnz, dtype=np.int8), (together[entries.row], together[entries.col])), shape=(units, units)
    )
    return linked.tocsr()


def _columns_of(
    order: np.ndarray, blocks: list[tuple[int, int, np.ndarray]], together: np.ndarray
) -> tuple[np.ndarray, list[tuple[int, int, np.ndarray]]]:
    """Replace units by their columns, in the order of elimination and in the fronts' blocks."""
    columns, size = np.argsort(together, kind="stable"), np.bincount(together)
    ends = np.concatenate([[0], np.cumsum(size[order])])
    first = np.cumsum(size) - size
    within = np.arange(len(columns)) - np.repeat(ends[:-1], size[order])
    expanded = columns[np.repeat(first[order], size[order]) + within]
    steps = np.split(np.arange(len(columns)), ends[1:-1])
    nothing = np.empty(0, dtype=np.int64)
    return expanded, [
        (int(ends[a]), int(ends[b]), np.concatenate([nothing, *(steps[u] for u in border)])) for a, b, border in blocks
    ]


def one_front(m: int) -> Fronts:
    """All m columns, in their order, as one front."""
    every, nothing = np.arange(m), np.empty(0, dtype=np.int64)
    return Fronts(every, every, (Front(0, m, nothing, -1, nothing, 0, m * m),) if m else (), m * m)


def _blocks(pattern: sparse.csr_array, order: np.ndarray, groups: Groups) -> list[tuple[int, int, np.ndarray]]:
    """First step, last plus one, and border of each group, for an order that takes group by group."""
    step = np.empty_like(order)
    step[order] = np.arange(len(order))
    ordered = pattern[order]
    after = step[ordered.indices]
    blocks, stop = [], 0
    below: list[list[np.ndarray]] = [[] for _ in groups.members]
    for k, members in enumerate(groups.members):
        start, stop = stop, stop + len(members)
        pieces = [after[ordered.indptr[start] : ordered.indptr[stop]], *below[k]]
        border = _distinct_from(stop, np.concatenate(pieces), len(order))
        blocks.append((start, stop, border))
        if len(border):
            below[groups.parent[k]].append(border)
        below[k] = []
    return blocks


def _distinct_from(stop: int, steps: np.ndarray, m: int) -> np.ndarray:
    """Sort the distinct ones of the steps from `stop` on; many are marked rather than sorted."""
    if len(steps) < m:
        return np.unique(steps[steps >= stop])
    marks = np.zeros(m, dtype=bool)
    marks[steps] = True
    return stop + np.flatnonzero(marks[stop:])


def _connect(order: np.ndarray, blocks: list[tuple[int, int, np.ndarray]], parents: list[int]) -> Fronts:
    """Place the blocks in the store, and each border in its parent's front."""
    fronts, at = [], 0
    for (start, stop, border), parent in zip(blocks, parents, strict=True):
        inner = border
        if len(border):
            first, last, above = blocks[parent]
            beyond = last - first + np.searchsorted(above, border)
            inner = np.where(border < last, border - first, beyond)
        n = stop - start
        fronts.append(Front(start, stop, border, parent if len(border) else -1, inner, at, at + n * n))
        at += n * (n + len(border))
    step = np.empty_like(order)
    step[order] = np.arange(len(order))
    return Fronts(order, step, tuple(fronts), at)
