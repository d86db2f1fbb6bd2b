"""In which order to eliminate the columns of a sparse symmetric matrix.

Minimum degree keeps the fill small, and the elimination tree says which columns wait for which. Nothing here looks at
values. See Davis (2006), "Direct Methods for Sparse Linear Systems", chapters 4 and 7, and Liu (1990), "The role of
elimination trees in sparse factorization", SIAM J. Matrix Anal. Appl. 11.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import spilu

__all__ = ["Structure", "crowded_columns", "elimination_structure", "minimum_degree", "most_neighbours"]

# Neighbours, times sqrt(m) and at least 16 in all, above which columns come last instead of being ordered: the bound of
# AMD for dense rows (Amestoy, Davis & Duff 2004, Algorithm 837, ACM Trans. Math. Softw. 30).
CROWDED_NEIGHBOURS = 10.0
LEAST_CROWDED = 16.0
# Share of the dense operations, in the order of the degrees, above which no order is looked for. Measured on random
# patterns of 1,000 and 2,000 columns: up to 0.76, fronts took 0.7 to 0.95 of the dense block's time, and 1 to 1.3 of it
# from 0.78 on.
HOPELESS_WORK = 0.8
# Share of all columns that must fill up, in the order of the degrees, for part of them to come last without being
# ordered: they fill up in any order, and are slow to follow. Below, all are ordered. Measured on random patterns of 400
# to 1,000 columns: this takes 0.6 to 0.7 of the time where 0.25 to 0.35 fill up, 0.75 to 0.9 at 0.2, and 1 at 0.
CORE_SHARE = 0.25
# ... and how large a share of those that fill up that part is. Measured on random patterns of 1,000 to 6,000 columns
# with 8 to 32 links each: a fifth to two fifths of the time, for 2 to 7 % more operations; with all that fill up a
# fiftieth to a third, for 18 to 43 % more.
CORE_LAST_SHARE = 0.6
# Columns up to which an elimination is followed with bits, m integers of m bits: above, they could take more than 50 MB
BIT_COLUMNS = 20_000
# ... where more than this share of all pairs is linked. Measured: for 3,000 columns bits take as long as sets at a
# share of 0.003 and half as long at 0.007; for 20,000 columns with a share of 0.0003 they take four times as long.
BIT_LINK_SHARE = 0.005
# Columns whose links are looked up at a time: fewer cost array calls. Measured: little is gained above 128.
LOOKUP_COLUMNS = 256


@dataclass(frozen=True, slots=True, eq=False)
class Structure:
    """The elimination tree, up to where everything that is left has filled up.

    Attributes
    ----------
    order : ndarray of int, shape (m,)
        Column that is eliminated at each step.
    parent : list of int
        The first step that waits for each step before `core`; -1 if none does.
    count : list of int
        How many steps wait for each step before `core`.
    core : int
        From this step on every column is linked to every other.
    links : list of int or None
        For each step before `core`, the steps that wait for it, as the bits of an integer.
    """

    order: np.ndarray
    parent: list[int]
    count: list[int]
    core: int
    links: list[int] | None = None

    @property
    def work(self) -> float:
        """Operations of the factorisation, relative to those for a full matrix.

        Eliminating a column with c later neighbours takes some ``(c + 1)²`` operations, and a full matrix of m columns
        ``m³ / 3``, the sum of the squares up to m (George & Liu 1981, Computer Solution of Large Sparse Positive
        Definite Systems, chapter 2). What is left at `core` is full.
        """
        m = len(self.order)
        return float((np.square(np.add(self.count, 1.0)).sum() + (m - self.core) ** 3 / 3.0) / (m**3 / 3.0))


def crowded_columns(pattern: sparse.csr_array) -> np.ndarray:
    """Find the columns with so many neighbours that they had better come last.

    Parameters
    ----------
    pattern : csr_array, shape (m, m)
        Symmetric.

    Returns
    -------
    ndarray of bool, shape (m,)
        All of them, where no order would save enough.
    """
    m = pattern.shape[0]
    degree = np.diff(pattern.indptr)
    crowded = degree > max(LEAST_CROWDED, CROWDED_NEIGHBOURS * np.sqrt(m))
    if _as_bits(pattern):
        order = np.argsort(degree, kind="stable")
        simple = elimination_structure(pattern, order)
        if simple.work > HOPELESS_WORK:
            return np.ones(m, dtype=bool)
        full = m - simple.core
        if full > CORE_SHARE * m:
            crowded[order[m - int(CORE_LAST_SHARE * full) :]] = True
    return crowded


def most_neighbours(pattern: sparse.csr_array, count: int) -> np.ndarray:
    """Mark so many columns that have most neighbours, shape (m,)."""
    marked = np.zeros(pattern.shape[0], dtype=bool)
    marked[np.argsort(-np.diff(pattern.indptr), kind="stable")[:count]] = True
    return marked


def minimum_degree(pattern: sparse.csr_array, crowded: np.ndarray) -> np.ndarray:
    """Order the columns so that the elimination fills in little.

    Parameters
    ----------
    pattern : csr_array, shape (m, m)
        Symmetric.
    crowded : ndarray of bool, shape (m,)
        Columns that come last, by their number of neighbours.

    Returns
    -------
    ndarray of int, shape (m,)
        Columns in the order of elimination: by multiple minimum degree (Liu 1985, ACM Trans. Math. Softw. 11), as
        SuperLU computes it, up to the crowded ones.
    """
    degree = np.diff(pattern.indptr)
    few, many = np.flatnonzero(~crowded), np.flatnonzero(crowded)
    many = many[np.argsort(degree[many], kind="stable")]
    if len(few) < 2:
        return np.concatenate([few, many])
    part = pattern[few][:, few] if len(many) else pattern
    return np.concatenate([few[_multiple_minimum_degree(part)], many])


def _multiple_minimum_degree(pattern: sparse.csr_array) -> np.ndarray:
    """SuperLU's ordering, by an incomplete factorisation that drops all but the diagonal and so costs nothing."""
    m = pattern.shape[0]
    rows = np.repeat(np.arange(m), np.diff(pattern.indptr))
    below = pattern.indices > rows  # it adds the transpose itself
    count = np.bincount(rows[below], minlength=m)
    starts = np.concatenate([[0], np.cumsum(count + 1)])
    indices = np.insert(pattern.indices[below], np.cumsum(count) - count, np.arange(m))
    data = np.full(len(indices), 1e-30)  # any that is dropped beside a diagonal of 1
    data[starts[:-1]] = 1.0
    small = sparse.csc_array((data, indices, starts.astype(np.int32)), shape=pattern.shape)
    found = spilu(
        small,
        drop_tol=1.0,
        fill_factor=1.0,
        drop_rule="basic",
        permc_spec="MMD_AT_PLUS_A",
        diag_pivot_thresh=0.0,
        options={"SymmetricMode": True},
    )
    return np.argsort(found.perm_c)


def elimination_structure(pattern: sparse.csr_array, order: np.ndarray) -> Structure:
    """Follow the elimination without values.

    Parameters
    ----------
    pattern : csr_array, shape (m, m)
        Symmetric.
    order : ndarray of int, shape (m,)

    Returns
    -------
    Structure
    """
    step = np.empty_like(order)
    step[order] = np.arange(len(order))
    return (_follow_bits if _as_bits(pattern) else _follow_sets)(pattern, order, step)


def _as_bits(pattern: sparse.csr_array) -> bool:
    """Whether to follow an elimination with bits: few columns with many links."""
    m = pattern.shape[0]
    return bool(m <= BIT_COLUMNS and pattern.nnz > BIT_LINK_SHARE * m**2)


def _follow_bits(pattern: sparse.csr_array, order: np.ndarray, step: np.ndarray) -> Structure:
    """Follow with one long integer a step, its bits the steps that wait: fast where rows are full."""
    m = len(order)
    waiting = [0] * m
    parent: list[int] = []
    links: list[int] = []
    for start in range(0, m, LOOKUP_COLUMNS):
        some = pattern[order[start : start + LOOKUP_COLUMNS]]
        bits = np.zeros((some.shape[0], m), dtype=bool)
        bits[np.repeat(np.arange(len(bits)), np.diff(some.indptr)), step[some.indices]] = True
        for j, row in enumerate(np.packbits(bits, axis=1, bitorder="little"), start):
            mine = (waiting[j] | int.from_bytes(row.tobytes(), "little")) >> (j + 1)
            if mine.bit_count() == m - 1 - j:
                return Structure(order, parent, [s.bit_count() for s in links], j, links)
            waiting[j] = 0
            links.append(mine << (j + 1))
            first = j + (mine & -mine).bit_length() if mine else -1
            parent.append(first)
            if mine:
                waiting[first] |= links[j]
    return Structure(order, parent, [s.bit_count() for s in links], m, links)


def _follow_sets(pattern: sparse.csr_array, order: np.ndarray, step: np.ndarray) -> Structure:
    """Follow with a set of waiting steps a step: memory and time as for the entries of the factor."""
    m = len(order)
    waiting: list[set[int] | None] = [None] * m
    parent: list[int] = []
    count: list[int] = []
    for j, linked in enumerate(_later_steps(pattern, order, step)):
        mine = waiting[j]
        waiting[j] = None
        if mine is None:
            mine = set(linked)
        else:
            mine.discard(j)
            mine.update(linked)
        if len(mine) == m - 1 - j:
            return Structure(order, parent, count, j)
        count.append(len(mine))
        first = min(mine, default=-1)
        parent.append(first)
        if mine:  # the smaller set goes into the larger one
            small, large = sorted((mine, waiting[first] or set()), key=len)
            large.update(small)
            waiting[first] = large
    return Structure(order, parent, count, m)


def _later_steps(pattern: sparse.csr_array, order: np.ndarray, step: np.ndarray) -> Iterator[list[int]]:
    """Later steps that each step is linked to in the pattern."""
    for start in range(0, len(order), LOOKUP_COLUMNS):
        some = pattern[order[start : start + LOOKUP_COLUMNS]]
        row = np.repeat(np.arange(some.shape[0]), np.diff(some.indptr))
        after = step[some.indices]
        later = after > start + row
        ends = np.cumsum(np.bincount(row[later], minlength=some.shape[0])).tolist()
        listed = after[later].tolist()
        yield from (listed[a:b] for a, b in itertools.pairwise([0, *ends]))
