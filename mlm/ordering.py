"""In which order to eliminate the columns of a sparse symmetric matrix, and which of them to take together.

Minimum degree keeps the fill small; the elimination tree says which columns wait for which; columns of nearly the same
structure are then taken together as one *front*, so that the work is done on dense blocks. Nothing here looks at
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

__all__ = ["Groups", "Structure", "elimination_structure", "front_seconds", "group_columns", "minimum_degree"]

CROWDED = 10.0  # times sqrt(m): columns with more neighbours come last (Amestoy, Davis & Duff 2004, ACM TOMS 30) ...
SHARE = 0.25  # ... or with more than this share of all columns: they fill up in any order, and are slow to follow
BITS = 8192  # columns up to which sets of columns are kept as bits: 1 kB a column
CHUNK = 256  # columns whose links are looked up at a time
CALLS = 30e-6  # seconds that a front takes whatever its size; a little low, so that fronts stay lean
RATE = 25e9  # floating-point operations a second on blocks of middling size
MOVE = 2e-9  # seconds to add an element to the parent's front and to fetch one back


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


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """Steps of the elimination that are taken together.

    Attributes
    ----------
    members : list of list of int
        Steps of each group; children stand before their parents.
    parent : list of int
        Group that waits for each group; -1 if none does.
    seconds : float
        Estimated time of a factorisation and of the inverse.
    """

    members: list[list[int]]
    parent: list[int]
    seconds: float


def front_seconds(pivots: float, border: float) -> float:
    """Estimate the seconds that factoring a front and inverting it take, given the sizes of its blocks."""
    operations = pivots**3 + 4.0 * pivots**2 * border + 3.0 * pivots * border**2
    return CALLS + operations / RATE + MOVE * border**2


def minimum_degree(pattern: sparse.csr_array) -> np.ndarray:
    """Order the columns so that the elimination fills in little.

    Parameters
    ----------
    pattern : csr_array, shape (m, m)
        Symmetric.

    Returns
    -------
    ndarray of int, shape (m,)
        Columns in the order of elimination. Crowded columns come last, by their number of neighbours; the others by
        multiple minimum degree (Liu 1985, ACM Trans. Math. Softw. 11), as SuperLU computes it.
    """
    m = pattern.shape[0]
    degree = np.diff(pattern.indptr)
    crowded = degree > max(16.0, min(CROWDED * np.sqrt(m), SHARE * m))
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
    data = np.full(len(indices), 1e-30)
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
    return (_follow_bits if len(order) <= BITS else _follow_sets)(pattern, order, step)


def _follow_bits(pattern: sparse.csr_array, order: np.ndarray, step: np.ndarray) -> Structure:
    """Follow with one long integer a step, its bits the steps that wait: fast where rows are full."""
    m = len(order)
    waiting = [0] * m
    parent: list[int] = []
    links: list[int] = []
    for start in range(0, m, CHUNK):
        some = pattern[order[start : start + CHUNK]]
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
    for start in range(0, len(order), CHUNK):
        some = pattern[order[start : start + CHUNK]]
        row = np.repeat(np.arange(some.shape[0]), np.diff(some.indptr))
        after = step[some.indices]
        later = after > start + row
        ends = np.cumsum(np.bincount(row[later], minlength=some.shape[0])).tolist()
        listed = after[later].tolist()
        yield from (listed[a:b] for a, b in itertools.pairwise([0, *ends]))


def group_columns(structure: Structure) -> Groups:
    """Take columns together where one larger dense block is faster than two small ones.

    A column joins the one that waits for it (relaxed supernodes, Ashcraft & Grimes 1989, ACM Trans. Math. Softw. 15),
    and what is left below a group is taken together side by side: leaves of the tree are many and small.

    Parameters
    ----------
    structure : Structure

    Returns
    -------
    Groups
    """
    tree = _Tree(structure)
    for p in range(tree.top):
        tree.absorb(p)
        tree.put_together(p)
        tree.children[tree.parent[p]].append(p)
    tree.put_together(tree.top)
    return _collect(tree)


class _Tree:
    """The elimination tree while its nodes are taken together; the node `top` stands above all roots.

    `size`, `border` and (if known) `links` are those of the group that a node leads; `into` is where a node went.
    """

    def __init__(self, structure: Structure) -> None:
        m, core = len(structure.order), structure.core
        self.core = range(core, m)
        self.top = core + (core < m)
        self.size, self.border = [1] * core + [m - core, 0], [*structure.count, 0, 0]
        self.links = None if structure.links is None else [*structure.links, 0, 0]
        self.parent = [min(p, core) if p >= 0 else self.top for p in structure.parent] + [self.top] * 2
        self.children: list[list[int]] = [[] for _ in range(self.top + 1)]
        self.into = list(range(self.top + 1))

    def seconds(self, node: int) -> float:
        """Estimate the time of the group that a node leads."""
        return front_seconds(self.size[node], self.border[node])

    def absorb(self, p: int) -> None:
        """Let a group absorb those of its children that are slower on their own."""
        left = []
        for c in sorted(self.children[p], key=self.size.__getitem__):
            size = self.size[c] + self.size[p]
            if front_seconds(size, self.border[p]) < self.seconds(c) + self.seconds(p):
                self.into[c], self.size[p] = p, size
                left += self.children[c]
            else:
                left.append(c)
        self.children[p] = left

    def put_together(self, p: int) -> None:
        """Put children of one parent together, side by side, as far as that is faster."""
        left: list[int] = []
        for c in sorted(self.children[p], key=self.border.__getitem__):
            if left and self._joins(c, left[-1], p):
                continue
            left.append(c)
        self.children[p] = left

    def _joins(self, c: int, last: int, p: int) -> bool:
        """Put one group to another, if that is faster."""
        if self.links is not None:
            union = (self.links[c] | self.links[last]).bit_count()
        else:
            union = min(self.border[c] + self.border[last], self.size[p] + self.border[p])
        size = self.size[c] + self.size[last]
        if front_seconds(size, union) >= self.seconds(c) + self.seconds(last):
            return False
        self.into[c], self.size[last], self.border[last] = last, size, union
        self.children[last] += self.children[c]
        if self.links is not None:
            self.links[last] |= self.links[c]
        return True


def _collect(tree: _Tree) -> Groups:
    """List the groups so that each stands after all of its children, and close to them."""
    into, parent, top, core = tree.into, tree.parent, tree.top, tree.core
    for node in range(top, -1, -1):  # a node is absorbed by a later one, or joins an earlier one: follow both
        while into[node] != into[into[node]]:
            into[node] = into[into[node]]
    below: dict[int, list[int]] = {node: [] for node in range(top + 1) if into[node] == node}
    for node in below:
        if node != top:
            below[into[parent[node]]].append(node)
    listed, stack = [], [top]
    while stack:  # parents first; turned around below
        node = stack.pop()
        listed.append(node)
        stack += below[node]
    listed = listed[:0:-1]
    place = {node: k for k, node in enumerate(listed)}
    members: list[list[int]] = [[] for _ in listed]
    for node in range(core.start):
        members[place[into[node]]].append(node)
    if core:
        members[place[into[core.start]]] += core
    seconds = sum(tree.seconds(node) for node in listed)
    return Groups(members, [place.get(into[parent[node]], -1) for node in listed], seconds)
