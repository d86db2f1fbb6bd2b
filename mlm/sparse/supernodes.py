"""Which columns of a sparse symmetric matrix to eliminate together.

Columns of nearly the same structure are taken together, so that the work is done on dense blocks: one larger block with
some zeros in it is often faster than two small ones (relaxed supernodes: Ashcraft & Grimes 1989, ACM Trans. Math.
Softw. 15).
"""

from __future__ import annotations

from dataclasses import dataclass

from .ordering import Structure

__all__ = ["Groups", "front_seconds", "group_columns"]

# What a front costs, with one thread. Only ratios matter: were all four twice as slow, the same groups would be made.
# Seconds whatever its size: higher, and more columns are put together. Measured: 42 µs for the array calls of factor
# and inverse; a little less is reckoned with, so that fronts stay lean.
SECONDS_PER_FRONT = 30e-6
# Floating-point operations a second. Measured for factor and inverse: 19e9 on 300 columns, 24e9 on 1,000.
OPERATIONS_PER_SECOND = 25e9
# Seconds to add an element to the parent's front and to fetch one back: higher, and borders are made shorter. Measured:
# 3 to 4 ns each, so that this is low by a factor of three.
SECONDS_PER_UPDATE = 2e-9
# Seconds to scale an element, multiply with it and so on, all passes together: higher, and fewer zeros are taken in.
# Measured: 2 to 3 ns to scale, 1.5 to 2.3 to multiply with, 0.5 to 1 to copy; an evaluation does some of this twice.
SECONDS_PER_ELEMENT = 10e-9


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
    """Estimate the seconds that factoring a front and inverting it take, given the sizes of its blocks.

    For n pivots and a border of b, LAPACK and BLAS need n³/3 operations to factor the pivots, as many to invert the
    factor and as many for the product ``L^-T L^-1``; n²b to divide the border by L for the factor and as many for the
    inverse; nb² for the update; 2nb² for ``Z Y`` and 2n²b for ``Y' Z Y`` (see `cholesky`).
    """
    operations = pivots**3 + 4.0 * pivots**2 * border + 3.0 * pivots * border**2
    moved = SECONDS_PER_UPDATE * border**2 + SECONDS_PER_ELEMENT * pivots * (pivots + border)
    return SECONDS_PER_FRONT + operations / OPERATIONS_PER_SECOND + moved


def group_columns(structure: Structure, wide: float = 1.0) -> Groups:
    """Take columns together where one larger dense block is faster than two small ones.

    A column joins the one that waits for it (relaxed supernodes, Ashcraft & Grimes 1989, ACM Trans. Math. Softw. 15),
    and what is left below a group is taken together side by side: leaves of the tree are many and small.

    Parameters
    ----------
    structure : Structure
    wide : float
        Average number of columns that a step eliminates.

    Returns
    -------
    Groups
    """
    tree = _Tree(structure, wide)
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

    def __init__(self, structure: Structure, wide: float) -> None:
        m, core = len(structure.order), structure.core
        self.core, self.wide = range(core, m), wide
        self.top = core + (core < m)
        self.size, self.border = [1] * core + [m - core, 0], [*structure.count, 0, 0]
        self.links = None if structure.links is None else [*structure.links, 0, 0]
        self.parent = [min(p, core) if p >= 0 else self.top for p in structure.parent] + [self.top] * 2
        self.children: list[list[int]] = [[] for _ in range(self.top + 1)]
        self.into = list(range(self.top + 1))

    def seconds(self, node: int) -> float:
        """Estimate the time of the group that a node leads."""
        return self.time(self.size[node], self.border[node])

    def time(self, size: int, border: int) -> float:
        """Estimate the time of a front of so many steps."""
        return front_seconds(self.wide * size, self.wide * border)

    def absorb(self, p: int) -> None:
        """Let a group absorb those of its children that are slower on their own."""
        left = []
        for c in sorted(self.children[p], key=self.size.__getitem__):
            size = self.size[c] + self.size[p]
            if self.time(size, self.border[p]) < self.seconds(c) + self.seconds(p):
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
        if self.time(size, union) >= self.seconds(c) + self.seconds(last):
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
