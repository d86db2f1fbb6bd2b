"""In which order to eliminate the columns of a sparse symmetric matrix, and which of them to take together.

Minimum degree keeps the fill small; the elimination tree says which columns wait for which; columns of nearly the same
structure are then taken together as one *front*, so that the work is done on dense blocks. Nothing here looks at
values. See Davis (2006), "Direct Methods for Sparse Linear Systems", chapters 4 and 7, and Liu (1990), "The role of
elimination trees in sparse factorization", SIAM J. Matrix Anal. Appl. 11.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import spilu

__all__ = ["Groups", "Structure", "elimination_structure", "front_seconds", "group_columns", "minimum_degree"]

CROWDED = 10.0  # columns with more neighbours than this times sqrt(m) come last (Amestoy, Davis & Duff 2004, sec. 2)
CALLS = 120e-6  # seconds that a front takes whatever its size: some thirty calls from Python
RATE = 25e9  # floating-point operations a second on blocks of middling size
MOVE = 3.5e-9  # seconds to add an element to the parent's front and to fetch one back


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
    """

    order: np.ndarray
    parent: list[int]
    count: list[int]
    core: int


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
    crowded = degree > max(16.0, CROWDED * np.sqrt(m))
    few, many = np.flatnonzero(~crowded), np.flatnonzero(crowded)
    many = many[np.argsort(degree[many], kind="stable")]
    if len(few) < 2:
        return np.concatenate([few, many])
    part = pattern[few][:, few] if len(many) else pattern
    return np.concatenate([few[_multiple_minimum_degree(part)], many])


def _multiple_minimum_degree(pattern: sparse.csr_array) -> np.ndarray:
    """SuperLU's ordering, by an incomplete factorisation that drops all but the diagonal and so costs nothing."""
    rows = np.repeat(np.arange(pattern.shape[0]), np.diff(pattern.indptr))
    below = pattern.indices > rows  # it adds the transpose itself
    diagonal = np.arange(pattern.shape[0])
    data = np.concatenate([np.full(int(below.sum()), 1e-30), np.ones(len(diagonal))])
    at = (np.concatenate([pattern.indices[below], diagonal]), np.concatenate([rows[below], diagonal]))
    small = sparse.coo_array((data, at), shape=pattern.shape).tocsc()
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
    m = len(order)
    step = np.empty(m, dtype=np.int64)
    step[order] = np.arange(m)
    starts = pattern.indptr.tolist()
    after = step[pattern.indices]
    waiting: list[set[int] | None] = [None] * m
    parent: list[int] = []
    count: list[int] = []
    for j, column in enumerate(order.tolist()):
        mine = waiting[j]
        linked = after[starts[column] : starts[column + 1]]
        linked = linked[linked > j].tolist()
        if mine is None:
            mine = set(linked)
        else:
            mine.discard(j)
            mine.update(linked)
            waiting[j] = None
        if len(mine) == m - 1 - j:
            return Structure(order, parent, count, j)
        count.append(len(mine))
        if not mine:
            parent.append(-1)
            continue
        first = min(mine)
        parent.append(first)
        there = waiting[first]
        if there is None:
            waiting[first] = mine
        else:  # the smaller set goes into the larger one
            small, large = (mine, there) if len(mine) < len(there) else (there, mine)
            large.update(small)
            waiting[first] = large
    return Structure(order, parent, count, m)


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
    m, core = len(structure.order), structure.core
    top = core + (core < m)
    size, border = [1] * core + [m - core], [*structure.count, 0]
    parent = [min(p, core) if p >= 0 else top for p in structure.parent] + [top] * (top - core + 1)
    children: list[list[int]] = [[] for _ in range(top + 1)]
    into = list(range(top + 1))
    for p in range(top):
        left = _absorb(p, children, size, border, into)
        children[p] = _side_by_side(left, size[p] + border[p], size, border, into)
        children[parent[p]].append(p)
    _side_by_side(children[top], 0, size, border, into)
    return _collect(into, parent, size, border, range(core, m))


def _absorb(p: int, children: list[list[int]], size: list[int], border: list[int], into: list[int]) -> list[int]:
    """Let a group absorb those of its children that are slower on their own; returns the children it then has."""
    left = []
    for c in sorted(children[p], key=size.__getitem__):
        apart = front_seconds(size[c], border[c]) + front_seconds(size[p], border[p])
        if front_seconds(size[c] + size[p], border[p]) < apart:
            into[c], size[p] = p, size[p] + size[c]
            left += children[c]
        else:
            left.append(c)
    return left


def _side_by_side(groups: list[int], room: int, size: list[int], border: list[int], into: list[int]) -> list[int]:
    """Put children of one parent together, as far as that is faster; their common border is at most `room`."""
    left: list[int] = []
    for c in sorted(groups, key=border.__getitem__):
        if left:
            last = left[-1]
            union = min(border[last] + border[c], room)
            apart = front_seconds(size[c], border[c]) + front_seconds(size[last], border[last])
            if front_seconds(size[c] + size[last], union) < apart:
                into[c], size[last], border[last] = last, size[last] + size[c], union
                continue
        left.append(c)
    return left


def _collect(into: list[int], parent: list[int], size: list[int], border: list[int], core: range) -> Groups:
    """List the groups so that each stands after all of its children, and close to them."""
    top = len(into) - 1
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
    seconds = sum(front_seconds(size[node], border[node]) for node in listed)
    return Groups(members, [place.get(into[parent[node]], -1) for node in listed], seconds)
