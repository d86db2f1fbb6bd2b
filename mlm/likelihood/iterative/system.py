"""The system of the random effects, which is multiplied with and never filled in.

On the scale of ``u``, ``b = Lambda u``, it is ``M = Lambda' Z'Z Lambda + I``, for every theta. The first factor, which
has most effects, is eliminated level by level: A is its block. What is left is the Schur complement S of all other
factors, ``S = I + Lambda' (C - N' E N) Lambda``, with their products C, the products N of the first factor with them,
and ``E = T A^-1 T'``. P is S without what lies between different levels: its block of each level.

Columns are those of the factors one after another, in each the effects one after another: the place of effect a of
level j is ``start + a J + j``.
"""

from __future__ import annotations

import itertools

import numpy as np
from scipy import sparse

from ...crossproducts.blocks import CrossProducts, PairProducts
from ..level_matrices import level_inverses, level_roots, multiply
from .conjugate_gradients import conjugate_gradients

__all__ = ["CrossedSystem", "SystemAt", "by_level"]

# Pairs of levels whose products are summed at once: 8 MB an array.
PIECE_PAIRS = 1 << 20


class CrossedSystem:
    """What does not hang on theta.

    Parameters
    ----------
    products : CrossProducts
        With two factors or more.

    Attributes
    ----------
    shapes : list of (int, int)
        Effects and levels of each factor.
    zz : list of ndarray, shapes (q, q, J)
    zxy : list of ndarray, shapes (q J, p + 1)
    between : csr_array, shape (q_0 J_0, m)
        N.
    among : csr_array, shape (m, m), or None
        What C has between different factors, where there are several.
    """

    def __init__(self, products: CrossProducts) -> None:
        self.shapes = [(f.size, f.levels) for f in products.factors]
        self.zz = [f.zz for f in products.factors]
        self.zxy = [f.zxy.transpose(0, 2, 1).reshape(f.size * f.levels, -1) for f in products.factors]
        sizes = [q * levels for q, levels in self.shapes]
        starts = np.cumsum([0, *sizes[1:]]).tolist()
        self.width = starts[-1]
        self.slices = [slice(a, b) for a, b in itertools.pairwise(starts)]
        self.pairs = [products.pairs[0, k] for k in range(1, len(sizes))]
        blocks = [_matrix(pair, self.shapes[0], shape) for pair, shape in zip(self.pairs, self.shapes[1:], strict=True)]
        self.between = blocks[0] if len(blocks) == 1 else sparse.csr_array(sparse.hstack(blocks, format="csr"))
        self.among = self._among(products) if len(blocks) > 1 else None

    def _among(self, products: CrossProducts) -> sparse.csr_array:
        others = range(1, len(self.shapes))
        upper = [
            [_matrix(products.pairs[a, b], self.shapes[a], self.shapes[b]) if a < b else None for b in others]
            for a in others
        ]
        for k, (q, levels) in enumerate(self.shapes[1:]):
            upper[k][k] = sparse.csr_array((q * levels,) * 2)
        one = sparse.csr_array(sparse.block_array(upper, format="csr"))
        return sparse.csr_array(one + one.T)


def _matrix(pair: PairProducts, first: tuple[int, int], second: tuple[int, int]) -> sparse.csr_array:
    """The products between two factors as one sparse matrix."""
    (q, rows), (r, levels) = first, second
    shape, wide = (q * rows, r * levels), np.int32 if len(pair.rows) * q * r < 2**31 else np.int64
    if q == r == 1:
        starts = np.append(0, np.cumsum(np.bincount(pair.rows, minlength=rows)))
        columns = pair.columns.astype(wide, copy=False)
        return sparse.csr_array((pair.values[0, 0], columns, starts.astype(wide)), shape=shape)
    row = np.arange(q)[:, None, None] * rows + pair.rows + np.zeros((1, r, 1), dtype=np.intp)
    column = np.arange(r)[None, :, None] * levels + pair.columns + np.zeros((q, 1, 1), dtype=np.intp)
    return sparse.csr_array((pair.values.ravel(), (row.ravel(), column.ravel())), shape=shape)


class SystemAt:
    """The system at one theta.

    Parameters
    ----------
    system : CrossedSystem
    matrices : list of ndarray, shapes (q, q)
        Each factor's `T`.

    Attributes
    ----------
    inverse : ndarray, shape (q_0, q_0, J_0)
        ``A^-1``.
    turned : ndarray, shape (q_0, q_0, J_0)
        ``A^-1 T'`` of the first factor.
    given : ndarray, shape (q_0, q_0, J_0)
        E.
    blocks, inverses, roots : list of ndarray, shapes (q, q, J)
        P of the other factors, its inverse, and L with ``L L' = P``.
    log_det : float
        Logarithm of ``|A| |P|``.
    """

    def __init__(self, system: CrossedSystem, matrices: list[np.ndarray]) -> None:
        self.system, self.matrices = system, matrices
        t, eye = matrices[0], np.eye(len(matrices[0]))[:, :, None]
        self.inverse = level_inverses(_sandwich(t, system.zz[0]) + eye)
        self.turned = np.einsum("abj,cb->acj", self.inverse, t)
        self.given = np.einsum("ab,bcj->acj", t, self.turned)
        self.blocks = [self._block(k) for k in range(1, len(matrices))]
        self.inverses = [level_inverses(block) for block in self.blocks]
        lower = [np.linalg.cholesky(block.transpose(2, 0, 1)) for block in self.blocks]
        self.roots = [root.transpose(1, 2, 0) for root in lower]
        diagonals = [np.einsum("jaa->ja", root) for root in lower]
        self.log_det = level_roots(t, system.zz[0])[1] + 2.0 * sum(float(np.log(d).sum()) for d in diagonals)

    def solve(self, first: np.ndarray, others: np.ndarray, tolerance: float) -> tuple[np.ndarray, np.ndarray]:
        """``M^-1`` times columns of the first factor, (q_0 J_0, k), and of the others, (m, k): the same of both."""
        right = self.reduced(first, others)
        x = conjugate_gradients(self.times, self.precondition, right, np.full(right.shape[1], tolerance)).x
        return by_level(self.inverse, first) - self.through_first(x), x

    def _block(self, k: int) -> np.ndarray:
        """P of one factor's levels."""
        system = self.system
        explained = _summed_by_columns(system.pairs[k - 1], self.given, system.shapes[k][1])
        return _sandwich(self.matrices[k], system.zz[k] - explained) + np.eye(len(self.matrices[k]))[:, :, None]

    # columns (m, k) of all factors but the first

    def scaled(self, columns: np.ndarray) -> np.ndarray:
        """``Lambda`` times columns."""
        return self._each([t[:, :, None] for t in self.matrices[1:]], columns)

    def scaled_back(self, columns: np.ndarray) -> np.ndarray:
        """``Lambda'`` times columns."""
        return self._each([t.T[:, :, None] for t in self.matrices[1:]], columns)

    def times(self, columns: np.ndarray) -> np.ndarray:
        """S times columns."""
        system, effects = self.system, self.scaled(columns)
        total = self._each(system.zz[1:], effects) - self.eliminated(system.between @ effects)
        if system.among is not None:
            total += system.among @ effects
        total = self.scaled_back(total)
        total += columns
        return total

    def eliminated(self, columns: np.ndarray) -> np.ndarray:
        """``N' E`` times columns (q_0 J_0, k)."""
        return np.asarray(self.system.between.T @ by_level(self.given, columns))

    def precondition(self, columns: np.ndarray) -> np.ndarray:
        """``P^-1`` times columns."""
        return self._each(self.inverses, columns)

    def rooted(self, columns: np.ndarray) -> np.ndarray:
        """L times columns."""
        return self._each(self.roots, columns)

    def rooted_back(self, columns: np.ndarray) -> np.ndarray:
        """``L'`` times columns."""
        return self._each([root.transpose(1, 0, 2) for root in self.roots], columns)

    def reduced(self, first: np.ndarray, others: np.ndarray) -> np.ndarray:
        """Right sides of S, of right sides u of the first factor, (q_0 J_0, k), and of the others."""
        turned = by_level(self.turned.transpose(1, 0, 2), first)
        return others - self.scaled_back(np.asarray(self.system.between.T @ turned))

    def through_first(self, columns: np.ndarray) -> np.ndarray:
        """``A^-1 T' N Lambda`` times columns: what they do to the effects of the first factor, with the sign turned."""
        return by_level(self.turned, self.system.between @ self.scaled(columns))

    def preconditioned_covariance(self) -> np.ndarray:
        """Blocks of ``A^-1 + (A^-1 T' N Lambda) P^-1 (A^-1 T' N Lambda)'``, shape (q_0, q_0, J_0)."""
        out, levels = np.zeros_like(self.inverse), self.system.shapes[0][1]
        for pair, t, inverse in zip(self.system.pairs, self.matrices[1:], self.inverses, strict=True):
            out += _summed_by_columns(_turned_around(pair), _sandwich(t.T, inverse), levels)
        return self.inverse + multiply(multiply(self.turned, out), self.turned.transpose(1, 0, 2))

    def _each(self, matrices: list[np.ndarray], columns: np.ndarray) -> np.ndarray:
        """Matrices of each factor's levels, or one for all of them, times their rows of the columns."""
        if len(matrices) == 1:
            return by_level(matrices[0], columns)
        pairs = zip(matrices, self.system.slices, strict=True)
        return np.concatenate([by_level(m, columns[at]) for m, at in pairs])


def by_level(matrices: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Matrices (r, q, J), or (r, q, 1) for all levels, times columns (q J, k): shape (r J, k)."""
    r, q = matrices.shape[:2]
    if r == q == 1:
        return matrices[0, 0][:, None] * columns
    split = columns.reshape(q, -1, columns.shape[1])
    out = np.zeros((r, *split.shape[1:]))
    for a in range(r):
        for b in range(q):
            out[a] += matrices[a, b][:, None] * split[b]
    return out.reshape(-1, columns.shape[1])


def _sandwich(t: np.ndarray, of: np.ndarray) -> np.ndarray:
    """``T' K_j T`` of each level."""
    return np.einsum("ba,bcj,cd->adj", t, of, t, optimize=True)


def _turned_around(pair: PairProducts) -> PairProducts:
    return PairProducts(pair.columns, pair.rows, pair.values.transpose(1, 0, 2))


def _summed_by_columns(pair: PairProducts, weights: np.ndarray, levels: int) -> np.ndarray:
    """Sum ``N_ji' W_j N_ji`` over the rows j of each of the columns' levels i: (r, r, J), for W (q, q, J)."""
    q, r, count = pair.values.shape
    out = np.zeros((r, r, levels))
    for start in range(0, count, PIECE_PAIRS):
        at = slice(start, start + PIECE_PAIRS)
        values, column, w = pair.values[:, :, at], pair.columns[at], weights[:, :, pair.rows[at]]
        inner = np.einsum("cdm,dbm->cbm", w, values) if q > 1 else w * values
        for a in range(r):
            for b in range(a + 1):
                product = np.einsum("cm,cm->m", values[:, a], inner[:, b])
                out[a, b] += np.bincount(column, product, minlength=levels)
                out[b, a] = out[a, b]
    return out
