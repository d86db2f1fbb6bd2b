"""The system of the random effects, ``H = T' Z' W Z T + I``, for weights W that change: factor, solve, invert.

The first factor's effects are eliminated level by level, all at once (`LevelSystem`). What is left of several factors,
their Schur complement, is one sparse matrix in fronts (`mlm.sparse`), which are a dense matrix where it is small.
Vectors are lists of arrays (q, J, c) of c columns, one a factor.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from ..sparse.changes import log_det_curvature
from ..sparse.cholesky import Factor, factor
from ..sparse.fronts import analyse
from .levels import congruent, inverse_of_root, level_cholesky, transposed_product
from .rows import Blocks, Rows

__all__ = ["JointSystem", "LevelSystem", "NoEffects", "Structure", "System"]

# Products of pairs of entries that take as long as those of a dense matrix. Measured on 2,000 and 500 levels with 50
# links each, for one inverse and three factors: 112 ms for 1.3 million pairs, and 54 ms for a dense 2,000 x 500.
GATHERED_COST = 800.0


class LevelSystem:
    """H of one grouping factor: one small matrix a level."""

    def __init__(self, blocks: Blocks, matrices: Sequence[np.ndarray]) -> None:
        t = matrices[0]
        h = congruent(t.T, blocks[0, 0], t.T)
        for a in range(len(t)):
            h[a, a] += 1.0
        self.root = level_cholesky(h)
        self.inverse_root = inverse_of_root(self.root)

    @property
    def log_det(self) -> float:
        """``log |H|``."""
        pivots = self.root[0, 0] if len(self.root) == 1 else np.multiply.reduce(np.einsum("aaj->aj", self.root), axis=0)
        return 2.0 * float(np.add.reduce(np.log(pivots)))

    def solve(self, vector: list[np.ndarray]) -> list[np.ndarray]:
        """Solve for vectors (q, J, c)."""
        half = _times(self.inverse_root, vector[0])
        return [_transposed_times(self.inverse_root, half)]

    def inverse(self) -> Blocks:
        """Blocks of the inverse at the cells."""
        return {(0, 0): transposed_product(self.inverse_root, self.inverse_root)}

    def scaled(self, changes: Blocks) -> np.ndarray:
        """``L^-1 dH L^-T`` level by level along m changes of H, with ``H = L L'``: shape (m, q, q, J)."""
        root, change = self.inverse_root, changes[0, 0].transpose(2, 0, 1, 3)
        if len(root) == 1:
            return np.square(root) * change
        return np.einsum("mikj,bkj->mibj", np.einsum("aij,mikj->makj", root, change), root)

    def log_det_curvature(self, changes: Blocks) -> np.ndarray:
        """Second derivatives of ``log |H|`` along m changes of H, ``-tr(H^-1 dH H^-1 dH)``: shape (m, m)."""
        scaled = self.scaled(changes)
        scaled = scaled.reshape(len(scaled), -1)
        return -scaled @ scaled.T


def _times(a: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Multiply matrices (i, k, J) with vectors (k, J, c)."""
    return a[0][:, :, None] * x if a.shape[:2] == (1, 1) else np.einsum("ikj,kjc->ijc", a, x)


def _transposed_times(a: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Multiply the transposes of matrices (k, i, J) with vectors (k, J, c)."""
    return a[0][:, :, None] * x if a.shape[:2] == (1, 1) else np.einsum("kij,kjc->ijc", a, x)


def through_blocks(blocks: Blocks, inner: Blocks, matrices: Sequence[np.ndarray]) -> list[np.ndarray]:
    """``sum Z'WZ T M`` over the cells, for the blocks of Z'WZ and of a symmetric M: shapes (q, q)."""
    out = [np.zeros_like(t) for t in matrices]
    for (k, m), weighted in blocks.items():
        found, shape = inner[k, m], weighted.shape[:2]
        out[k] += weighted.reshape(shape[0], -1) @ np.matmul(matrices[m], found).reshape(shape[0], -1).T
        if k != m:
            left = (matrices[k] @ found.reshape(shape[0], -1)).reshape(found.shape)
            out[m] += np.tensordot(weighted, left, axes=([0, 2], [0, 2]))
    return out


class Structure:
    """Where the entries of H stand, found once: everything about several factors that does not depend on values.

    The *border* is what links the first factor to the others: its entries are those of the cells with each of them.
    """

    def __init__(self, rows: Rows) -> None:
        self.rows, self.sizes = rows, rows.sizes
        if len(self.sizes) == 1:
            return
        (self.q, self.levels), later = self.sizes[0], self.sizes[1:]
        self.first = np.cumsum([0, *(q * levels for q, levels in later)])
        self.width = int(self.first[-1])
        together = np.concatenate(
            [np.repeat(np.arange(j) + at, q) for (q, j), at in zip(later, self._units(later), strict=True)]
        )
        self.border_row, self.border_column = self._border()
        self.fronts = analyse(self._pattern(), together)
        links = np.bincount(self.border_row, minlength=self.q * self.levels)
        pairs = 0.5 * float(links @ links)
        self.dense = self.fronts.dense and pairs * GATHERED_COST > self.q * self.levels * self.width**2
        if not self.dense:
            self._list_pairs()
        self.places = {
            key: self.fronts.place(
                self._columns(key[0], cells.first, first=True, other=key[1]).ravel(),
                self._columns(key[1], cells.second, first=False, other=key[0]).ravel(),
            )
            for key, cells in rows.cells.items()
            if key[0] > 0
        }

    @staticmethod
    def _units(later: list[tuple[int, int]]) -> np.ndarray:
        return np.cumsum([0, *(levels for _, levels in later)])[:-1]

    def _columns(self, k: int, level: np.ndarray, first: bool, other: int) -> np.ndarray:
        """Columns of the later factors' matrix for blocks (q, q', cells) of two factors, for rows or columns."""
        q, across = self.sizes[k][0], self.sizes[other][0]
        own = self.first[k - 1] + level * q + np.arange(q)[:, None]
        shape = (q, across, len(level)) if first else (across, q, len(level))
        return np.broadcast_to(own[:, None] if first else own[None], shape)

    def _border(self) -> tuple[np.ndarray, np.ndarray]:
        """Row (effect of the first factor) and column of each entry of the border."""
        rows, columns = [], []
        for m in range(1, len(self.sizes)):
            cells, ql = self.rows.cells[0, m], self.sizes[m][0]
            own = np.arange(self.q)[:, None] * self.levels + cells.first
            rows.append(np.broadcast_to(own[:, None], (self.q, ql, len(cells.first))).ravel())
            columns.append(self._columns(m, cells.second, first=False, other=0).ravel())
        return np.concatenate(rows), np.concatenate(columns)

    def _pattern(self) -> sparse.csr_array:
        """Which columns are linked once the first factor is eliminated."""
        level = self.border_row % self.levels
        touch = sparse.csr_array((np.ones(len(level)), (level, self.border_column)), shape=(self.levels, self.width))
        return sparse.csr_array(touch.T @ touch)

    def _list_pairs(self) -> None:
        """Pairs of the border's entries in one row, and where their product goes."""
        order = np.lexsort((self.fronts.step[self.border_column], self.border_row))
        count = np.bincount(self.border_row, minlength=self.q * self.levels)
        stop = np.cumsum(count)
        after = np.repeat(stop, count) - np.arange(len(order))  # itself and the later ones of its row
        left = np.repeat(np.arange(len(order)), after)
        right = np.arange(len(left)) - np.repeat(np.cumsum(after) - after, after) + left
        self.left, self.right = order[left], order[right]
        self.target = self.fronts.place(self.border_column[self.left], self.border_column[self.right])
        self.apart = np.flatnonzero(self.left != self.right)

    def placed(self, blocks: Blocks) -> np.ndarray:
        """The later factors' blocks in the store of their fronts."""
        store = self.fronts.zeros()
        for key, place in self.places.items():
            store[place] = blocks[key].ravel()
        return store

    def square(self, border: np.ndarray) -> np.ndarray:
        """``B' B`` for a border's entries, in the store."""
        if self.dense:
            full = self._full(border)
            return (full.T @ full).ravel()
        return np.bincount(self.target, border[self.left] * border[self.right], minlength=self.fronts.size)

    def products(self, border: np.ndarray, other: np.ndarray) -> np.ndarray:
        """``B' C + C' B`` for the entries of two borders, in the store."""
        if self.dense:
            across = self._full(border).T @ self._full(other)
            return (across + across.T).ravel()
        both = border[self.left] * other[self.right] + other[self.left] * border[self.right]
        return np.bincount(self.target, both, minlength=self.fronts.size)

    def times(self, border: np.ndarray, store: np.ndarray) -> np.ndarray:
        """``B M`` at the border's entries, for the entries of a border B and the store of a symmetric M."""
        if self.dense:
            return (self._full(border) @ store.reshape(self.width, self.width))[self.border_row, self.border_column]
        values, off = store[self.target], self.apart
        out = np.bincount(self.left, values * border[self.right], minlength=len(border))
        out += np.bincount(self.right[off], values[off] * border[self.left[off]], minlength=len(border))
        return out

    def _full(self, border: np.ndarray) -> np.ndarray:
        full = np.zeros((self.q * self.levels, self.width))
        full[self.border_row, self.border_column] = border
        return full

    def system(self, blocks: Blocks, matrices: Sequence[np.ndarray]) -> System:
        """Factor H for the blocks of ``Z'WZ`` and each factor's T."""
        if not any([t.any() for t in matrices]):
            return NoEffects(self)
        return LevelSystem(blocks, matrices) if len(self.sizes) == 1 else JointSystem(self, blocks, matrices)


class NoEffects:
    """H where each T is 0: the identity."""

    def __init__(self, structure: Structure) -> None:
        self.structure = structure
        self.log_det = 0.0

    @property
    def inverse_root(self) -> np.ndarray:
        """Inverse roots of the first factor's levels, shape (q, q, J)."""
        q, levels = self.structure.sizes[0]
        return np.repeat(np.eye(q)[:, :, None], levels, axis=2)

    def solve(self, vector: list[np.ndarray]) -> list[np.ndarray]:
        """Return the vectors."""
        return vector

    def inverse(self) -> Blocks:
        """Blocks of the identity at the cells."""
        sizes, out = self.structure.sizes, {}
        for (k, m), cells in self.structure.rows.cells.items():
            out[k, m] = np.zeros((sizes[k][0], sizes[m][0], len(cells.first)))
            if k == m:
                out[k, k][np.arange(sizes[k][0]), np.arange(sizes[k][0])] = 1.0
        return out

    def scaled(self, changes: Blocks) -> np.ndarray:
        """Return the changes of the first factor's levels: shape (m, q, q, J)."""
        return changes[0, 0].transpose(2, 0, 1, 3)

    def log_det_curvature(self, changes: Blocks) -> np.ndarray:
        """Second derivatives of ``log |H|`` along m changes of H: shape (m, m)."""
        out: np.ndarray | float = 0.0
        for (k, m), change in changes.items():
            each = change.transpose(2, 0, 1, 3).reshape(change.shape[2], -1)
            out = out - (1.0 if k == m else 2.0) * (each @ each.T)
        return np.asarray(out)


class JointSystem:
    """H of several grouping factors.

    Raises
    ------
    FitError
        When it is not positive definite.
    """

    def __init__(self, structure: Structure, blocks: Blocks, matrices: Sequence[np.ndarray]) -> None:
        s = self.structure = structure
        self.level = LevelSystem({(0, 0): blocks[0, 0]}, matrices[:1])
        links = []
        for m in range(1, len(s.sizes)):
            scaled, cells = congruent(matrices[0].T, blocks[0, m], matrices[m].T), s.rows.cells[0, m]
            links.append(_level_product(self.level.inverse_root, scaled, cells.first))
        self.links = links
        self.border = np.concatenate([link.ravel() for link in links])
        store = s.placed({key: congruent(matrices[key[0]].T, blocks[key], matrices[key[1]].T) for key in s.places})
        store[s.fronts.diagonal] += 1.0
        store -= s.square(self.border)
        self.factor: Factor = factor(s.fronts, store)
        self.log_det = self.level.log_det + self.factor.log_det

    def solve(self, vector: list[np.ndarray]) -> list[np.ndarray]:
        """Solve for vectors (q, J, c)."""
        s, own = self.structure, _times(self.level.inverse_root, vector[0])
        if own.shape[2] == 1:
            return self._solve_one(own, vector[1:])
        c = own.shape[2]
        rest = np.concatenate([v.transpose(1, 0, 2).reshape(-1, c) for v in vector[1:]])
        flat = own.reshape(-1, c)
        for k in range(c):
            rest[:, k] -= np.bincount(s.border_column, self.border * flat[s.border_row, k], minlength=s.width)
        found = self.factor.solve(rest)
        for k in range(c):
            flat[:, k] -= np.bincount(s.border_row, self.border * found[s.border_column, k], minlength=len(flat))
        out = [_transposed_times(self.level.inverse_root, flat.reshape(own.shape))]
        for (q, levels), begin in zip(s.sizes[1:], s.first.tolist(), strict=False):
            out.append(found[begin : begin + q * levels].reshape(levels, q, c).transpose(1, 0, 2))
        return out

    def _solve_one(self, own: np.ndarray, vector: list[np.ndarray]) -> list[np.ndarray]:
        """Solve for one column."""
        s, flat = self.structure, own.ravel()
        rest = np.concatenate([v[:, :, 0].T.ravel() for v in vector])
        rest -= np.bincount(s.border_column, self.border * flat[s.border_row], minlength=s.width)
        found = self.factor.solve(rest[:, None])[:, 0]
        flat = flat - np.bincount(s.border_row, self.border * found[s.border_column], minlength=len(flat))
        out = [_transposed_times(self.level.inverse_root, flat.reshape(own.shape))]
        for (q, levels), begin in zip(s.sizes[1:], s.first.tolist(), strict=False):
            out.append(found[begin : begin + q * levels].reshape(levels, q).T[:, :, None])
        return out

    def inverse(self) -> Blocks:
        """Blocks of the inverse at the cells."""
        s, inverse = self.structure, self.factor.inverse()
        through = s.times(self.border, inverse)
        out: Blocks = {key: inverse[place].reshape(self._shape(key)) for key, place in s.places.items()}
        out[0, 0] = np.zeros((s.q, s.q, s.levels))
        at, root = 0, self.level.inverse_root
        for m, link in enumerate(self.links, 1):
            mine, cells = through[at : at + link.size].reshape(link.shape), s.rows.cells[0, m]
            at += link.size
            for a in range(s.q):
                for b in range(s.q):
                    products = np.einsum("kj,kj->j", mine[a], link[b])
                    out[0, 0][a, b] += np.bincount(cells.first, products, minlength=s.levels)
            out[0, m] = -_level_product(root.transpose(1, 0, 2), mine, cells.first)
        for a in range(s.q):
            out[0, 0][a, a] += 1.0
        half = transposed_product(root, out[0, 0])
        out[0, 0] = half * root if s.q == 1 else np.einsum("ikj,klj->ilj", half, root)
        return out

    def log_det_curvature(self, changes: Blocks) -> np.ndarray:
        """Second derivatives of ``log |H|`` along m changes of H: shape (m, m).

        With H in four blocks, D of the first factor, C across and G, it is ``log |D| + log |S|`` of the Schur
        complement ``S = G - C' D^-1 C``, which bends by ``-2 (dC - dD D^-1 C)' D^-1 (dC - dD D^-1 C)``.
        """
        s, inverse = self.structure, self.factor.inverse()
        own = self.level.scaled(changes)
        each = [{key: change[:, :, k] for key, change in changes.items()} for k in range(len(own))]
        bent, halves = zip(*(self._border_changes(c, mine) for c, mine in zip(each, own, strict=True)), strict=True)
        schur = [s.placed(c) - s.products(self.border, half) for c, half in zip(each, halves, strict=True)]
        level, border = own.reshape(len(own), -1), np.array(bent)
        through = np.array([s.times(each, inverse) for each in bent])
        return log_det_curvature(self.factor, inverse, schur) - level @ level.T - 2.0 * (through @ border.T)

    def _border_changes(self, change: Blocks, own: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """``L^-1 (dC - dD D^-1 C)`` and ``L^-1 (dC - dD D^-1 C / 2)`` at the border's entries, for ``L^-1 dD L^-T``."""
        whole, half = [], []
        for m, link in enumerate(self.links, 1):
            first = self.structure.rows.cells[0, m].first
            moved = _level_product(self.level.inverse_root, change[0, m], first)
            through = _level_product(own, link, first)
            whole.append((moved - through).ravel())
            half.append((moved - 0.5 * through).ravel())
        return np.concatenate(whole), np.concatenate(half)

    def _shape(self, key: tuple[int, int]) -> tuple[int, int, int]:
        sizes = self.structure.sizes
        return sizes[key[0]][0], sizes[key[1]][0], len(self.structure.rows.cells[key].first)


def _level_product(matrices: np.ndarray, blocks: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Multiply blocks (q, q', cells) with the matrix (q, q, J) of their level from the left."""
    if matrices.shape[:2] == (1, 1):
        return matrices[0, 0].take(level) * blocks
    return np.einsum("ikj,klj->ilj", matrices[:, :, level], blocks)


System = LevelSystem | NoEffects | JointSystem
