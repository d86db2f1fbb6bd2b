"""Grouping factors that are crossed with the nested ones, and the system of equations for their effects.

Its matrices are symmetric, and kept at the places that `fronts` gives them: on the pattern of the levels that share
rows, filled in by elimination, where that is sparse, and as one dense block where it is not. *Store* means the values
of such a matrix, shape (fronts.size,).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from ...crossproducts.blocks import CrossProducts
from ...errors import FitError
from ...sparse.arithmetic import projections, sandwich, times
from ...sparse.fronts import DENSE_COLUMNS, DENSE_SHARE, Fronts, analyse, one_front
from ...sparse.ordering import elimination_structure

__all__ = [
    "Crossed",
    "PrecisionSystem",
    "ScaledSystem",
    "Solve",
    "TooFull",
    "crossed_fronts",
    "crossed_products",
    "crossed_system",
    "joint_fronts",
]

# Pairs of levels that share rows with a common nested level, above which no sparse layout is looked for. Their pattern
# takes 8 bytes a pair, 0.4 GB at the bound, and 0.02 to 0.06 µs a pair to form (measured on 30,000 firms). The time of
# finding an order of elimination is not bounded by it: up to 13 µs a pair in the same measurement.
LINKED_PAIRS = 5e7
# Levels by which these pairs are counted beforehand. Measured: within 5 % on the same firms; where levels are numbered
# by popularity, 30 % too many, and 16 levels would find 2.5 times as many as there are.
SAMPLED_LEVELS = 64
# Bytes that the stores may take together: those of dense matrices with 25,000 columns, as large as was ever tried.
SYSTEM_BYTES = 25e9
# Stores that an evaluation with derivatives holds at once, with those of the cross-products. Measured: 4.1 with single
# effects. With several effects a level it is 8.5, and with a nearly singular `T` 11.5: the bound is too kind to these.
STORES_AT_ONCE = 5
# Smallest singular value of a `T` by which is divided: the error grows like 1e-17 / T². Measured, every T being the
# same: 2e-9 of the largest ``Z_j' P Z_j`` at the bound, 1e-7 at a tenth of it. Without dividing it is 1e-15, but an
# evaluation takes 1.6 to 6 times as long.
LEAST_DIVISOR = 1e-4

Solve = Callable[[np.ndarray], np.ndarray]  # multiplies an inverse with (m, k) columns


class TooFull(FitError):
    """The system of the crossed factors does not fit in memory."""


@dataclass(frozen=True, slots=True, eq=False)
class Crossed:
    """Cross-products of the crossed factors.

    Attributes
    ----------
    factors : tuple of int
        Positions of its grouping factors among those of the cross-products.
    columns : tuple of ndarray of int, shapes (q, J)
        Where the effects of each factor's levels stand among all m.
    fronts : Fronts
        Where the entries of the (m, m) matrices stand.
    places : ndarray of int, shape (k,)
    values : ndarray, shape (k,)
        Where the entries of ``Z'Z`` stand in a store, and what they are.
    zxy : ndarray, shape (m, p + 1)
        ``Z' [X y]``.
    blocks : tuple of ndarray of int, shapes (q, q, J)
        Places of each level's own block.
    indices, starts : ndarray of int, shapes (nnz,) and (m + 1,)
        Pattern of a sparse matrix with a full block for each level, row by row.
    """

    factors: tuple[int, ...]
    columns: tuple[np.ndarray, ...]
    fronts: Fronts
    places: np.ndarray
    values: np.ndarray
    zxy: np.ndarray
    blocks: tuple[np.ndarray, ...]
    indices: np.ndarray
    starts: np.ndarray

    @property
    def width(self) -> int:
        """Number of columns m."""
        return self.fronts.width

    def products(self, explained: np.ndarray | None) -> np.ndarray:
        """``Z'Z`` less a store, which is overwritten: what nested factors explain of it; a store."""
        store = self.fronts.zeros() if explained is None else np.negative(explained, out=explained)
        store[self.places] += self.values
        return store

    def gather(self, values: Sequence[np.ndarray]) -> np.ndarray:
        """Put (q, k, J) values of all factors, crossed or not, in the order of the columns: shape (m, k)."""
        out = np.empty((self.width, values[0].shape[1]))
        for factor, at in zip(self.factors, self.columns, strict=True):
            out[at] = values[factor].transpose(0, 2, 1)
        return out

    def by_level(self, values: np.ndarray) -> list[np.ndarray]:
        """Values (m, k) of each crossed factor's levels, shapes (q, k, J)."""
        return [values[at].transpose(0, 2, 1) for at in self.columns]


def crossed_fronts(
    levels: int, row: np.ndarray, unit: np.ndarray, columns: tuple[np.ndarray, ...], names: str
) -> Fronts:
    """Lay out the Schur complement that is left when the levels of the last nested factor have been eliminated.

    Parameters
    ----------
    levels : int
        Number of levels of that factor.
    row, unit : ndarray of int, shape (nnz,)
        Its levels and the crossed ones (numbered through all factors) that share rows.
    columns : tuple of ndarray of int, shapes (q, J)
        Where the effects of each crossed factor's levels stand.
    names : str
        What to call the crossed factors in an error.

    Returns
    -------
    Fronts

    Raises
    ------
    TooFull
        When the matrix would not fit in memory.
    """
    count, width = sum(at.shape[1] for at in columns), sum(at.size for at in columns)
    fronts = one_front(width)
    if width > DENSE_COLUMNS:
        ones = np.ones(len(row), dtype=np.float32)
        row, unit = row.astype(np.int32, copy=False), unit.astype(np.int32, copy=False)
        shared = sparse.csr_array((ones, (row, unit)), shape=(levels, count))
        sampled = np.zeros(count, dtype=bool)
        sampled[:: max(count // SAMPLED_LEVELS, 1)] = True
        among = sampled[unit]
        some = sparse.csr_array((ones[: among.sum()], (unit[among], row[among])), shape=(count, levels)) @ shared
        if some.nnz * count <= min(DENSE_SHARE * count**2, LINKED_PAIRS) * sampled.sum():
            units = sparse.csr_array(shared.T) @ shared
            fronts = analyse(units) if width == count else _with_effects(units, columns)
    _demand_room(fronts, names)
    return fronts


def joint_fronts(
    row: np.ndarray, unit: np.ndarray, columns: tuple[np.ndarray, ...], left: int, share: float
) -> Fronts | None:
    """Lay out the system of all factors, none of which has been eliminated.

    Parameters
    ----------
    row, unit : ndarray of int, shape (nnz,)
        Levels, numbered through all factors, that share rows.
    columns : tuple of ndarray of int, shapes (q, J)
        Where the effects of each factor's levels stand.
    left : int
        How many levels a full system without the first factor has.
    share : float
        How many levels, as a share of these, come last without being ordered: those that share rows with most others.

    Returns
    -------
    Fronts or None
        None where levels in the order of their neighbours take more operations than that full system.
    """
    count, width = sum(at.shape[1] for at in columns), sum(at.size for at in columns)
    every = np.arange(count)
    rows, others = (np.concatenate(each).astype(np.int32) for each in ((row, unit, every), (unit, row, every)))
    units = sparse.csr_array((np.ones(len(rows), dtype=np.int8), (rows, others)), shape=(count, count))
    by_degree = elimination_structure(units, np.argsort(np.diff(units.indptr), kind="stable"))
    if by_degree.work * count**3 > float(left) ** 3:
        return None
    last = int(share * left)
    return analyse(units, last=last) if width == count else _with_effects(units, columns, last)


def _with_effects(units: sparse.csr_array, columns: tuple[np.ndarray, ...], last: int = 0) -> Fronts:
    """Fronts of columns, from the pattern of levels that share rows."""
    starts = np.cumsum([0, *(at.shape[1] for at in columns)])
    together = np.empty(sum(at.size for at in columns), dtype=np.intp)
    for at, start in zip(columns, starts[:-1], strict=True):
        together[at] = start + np.arange(at.shape[1])
    return analyse(units[together][:, together], together, last)


def _demand_room(fronts: Fronts, names: str) -> None:
    """Refuse a Schur complement that would not fit in memory, before trying."""
    size = 8.0 * STORES_AT_ONCE * fronts.size
    if size > SYSTEM_BYTES:
        raise TooFull(
            f"The crossed grouping factors {names} need a system of {fronts.width} columns that is too full to be kept "
            f"sparse: about {1e-9 * size:.0f} GB, where at most {1e-9 * SYSTEM_BYTES:.0f} GB are tried. Use fewer "
            "random slopes, or coarser grouping factors."
        )


def crossed_products(
    products: CrossProducts, factors: tuple[int, ...], columns: tuple[np.ndarray, ...], fronts: Fronts
) -> Crossed:
    """Collect the cross-products of the crossed factors."""
    zxy = np.empty((fronts.width, products.p + 1))
    blocks = tuple(_places(fronts, at[:, None], at[None]) for at in columns)
    places, values = list(blocks), [products.factors[k].zz for k in factors]
    for position, (k, at) in enumerate(zip(factors, columns, strict=True)):
        zxy[at] = products.factors[k].zxy.transpose(0, 2, 1)
        for other, beside in zip(factors[position + 1 :], columns[position + 1 :], strict=True):
            pair = products.pairs[k, other]
            places.append(_places(fronts, at[:, None, pair.rows], beside[None][:, :, pair.columns]))
            values.append(pair.values)
    indices = np.concatenate([np.tile(at.T, (len(at), 1)).ravel() for at in columns])
    starts = np.cumsum(np.repeat([0, *map(len, columns)], [1, *(at.size for at in columns)]))
    place, value = (np.concatenate([each.ravel() for each in arrays]) for arrays in (places, values))
    return Crossed(factors, columns, fronts, place, value, zxy, blocks, indices, starts)


def _places(fronts: Fronts, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Places of entries in the store, for rows and columns that broadcast to one another."""
    rows, columns = np.broadcast_arrays(rows, columns)
    return fronts.place(rows.ravel(), columns.ravel()).reshape(rows.shape)


class PrecisionSystem:
    """``M = S + Sigma^-1``, whose inverse is the covariance W itself: Henderson's mixed-model equations.

    Only for levels with one effect each, where no `T` is nearly 0; it saves scaling matrices.

    Parameters
    ----------
    crossed : Crossed
    theta : ndarray, shape (m,)
        `T` of each column.

    Attributes
    ----------
    log_det : float
        Logarithm of ``|Lambda' S Lambda + I| / |M|``.
    """

    def __init__(self, crossed: Crossed, theta: np.ndarray) -> None:
        self.crossed, self.theta = crossed, theta
        self.log_det = 2.0 * float(np.log(np.abs(theta)).sum())

    def right(self, columns: np.ndarray) -> np.ndarray:
        """Right sides of the system, of (m, k) columns ``Z' [X y]``."""
        return columns

    def effects(self, solved: np.ndarray) -> np.ndarray:
        """Effects b, of (m, k) solutions of the system."""
        return solved

    def covariance(self, inverse: np.ndarray) -> np.ndarray:
        """W, of the inverse of M: a store, which is overwritten."""
        return inverse

    def reduce(self, solve: Solve, effects: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `ScaledSystem.reduce`; ``S c + d = M c - g`` with ``g = Sigma^-1 c - d``."""
        scaled = effects / self.theta[:, None] ** 2
        rest = scaled - right
        left = solve(rest)
        return left, effects.T @ scaled - left.T @ rest

    def outside(self, columns: np.ndarray, effects: np.ndarray) -> np.ndarray:
        """``Z' V^-1 r``, of (m, k) right sides ``Z' r`` and the effects these lead to: ``Sigma^-1 b``."""
        return effects / self.theta[:, None] ** 2

    def inner(self, inverse: np.ndarray) -> list[np.ndarray]:
        """``Z_j' V^-1 Z_j`` of each factor's levels, (q, q, J): ``Sigma^-1 - Sigma^-1 W_jj Sigma^-1``."""
        out = []
        for places, at in zip(self.crossed.blocks, self.crossed.columns, strict=True):
            square = self.theta[at[0, 0]] ** 2
            out.append((1.0 - inverse[places] / square) / square)
        return out


class ScaledSystem:
    """``M = Lambda' S Lambda + I``, with the covariance ``W = Lambda M^-1 Lambda'``: for every theta.

    Parameters
    ----------
    crossed : Crossed
    matrices : list of ndarray, shapes (q, q)
        `T` of each crossed factor.
    schur : ndarray, shape (fronts.size,)
        S.

    Attributes
    ----------
    scale : ndarray, shape (m,), or csr_array, shape (m, m)
        Lambda: its diagonal where levels have one effect each.
    log_det : float
        Logarithm of ``|Lambda' S Lambda + I| / |M|``: 0.
    """

    log_det = 0.0

    def __init__(self, crossed: Crossed, matrices: list[np.ndarray], schur: np.ndarray) -> None:
        self.crossed, self.matrices, self.schur = crossed, matrices, schur
        self.scale = self.scale_of(matrices)

    def scale_of(self, matrices: list[np.ndarray]) -> np.ndarray | sparse.csr_array:
        """A matrix like Lambda, with these (q, q) matrices of the crossed factors in the place of T."""
        single = all(len(t) == 1 for t in matrices)
        return _theta(self.crossed, matrices) if single else _lambda(self.crossed, matrices)

    def right(self, columns: np.ndarray) -> np.ndarray:
        """Right sides of the system, of (m, k) columns ``Z' [X y]``."""
        return self._times(self.scale.T, columns)

    def effects(self, solved: np.ndarray) -> np.ndarray:
        """Effects b, of (m, k) solutions of the system."""
        return self._times(self.scale, solved)

    def covariance(self, inverse: np.ndarray) -> np.ndarray:
        """W, of the inverse of M: a store, which is overwritten."""
        return sandwich(self.crossed.fronts, inverse, self.scale.T, out=inverse)

    def reduce(self, solve: Solve, effects: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What the model leaves of given effects.

        Parameters
        ----------
        solve : callable
            Multiplies ``M^-1`` with (m, k) columns.
        effects : ndarray, shape (m, k)
            Effects c, of which variates ``Z c`` are made.
        right : ndarray, shape (m, k)
            Right sides d that come from other factors' part in the variates.

        Returns
        -------
        left : ndarray, shape (m, k)
            ``c - W (S c + d)``.
        product : ndarray, shape (k, k)
            ``left' (S c + d) + d' c``, what these effects add to the variates' products through ``V^-1``.
        """
        total = times(self.crossed.fronts, self.schur, effects) + right
        left = effects - self.effects(solve(self.right(total)))
        return left, left.T @ total + right.T @ effects

    def outside(self, columns: np.ndarray, effects: np.ndarray) -> np.ndarray:
        """``Z' V^-1 r``, of (m, k) right sides ``Z' r`` and the effects these lead to: ``Z' r - S b``."""
        return columns - times(self.crossed.fronts, self.schur, effects)

    def inner(self, inverse: np.ndarray) -> list[np.ndarray]:
        """``Z_j' V^-1 Z_j`` of each factor's levels, (q, q, J)."""
        if _nearly_singular(self.matrices):
            store = projections(self.crossed.fronts, self.schur, self.scale)
            return [store[places] for places in self.crossed.blocks]
        pairs = zip(self.matrices, self.crossed.blocks, strict=True)
        return [_inner(t, inverse[places]) for t, places in pairs]

    @staticmethod
    def _times(scale: np.ndarray | sparse.csr_array, columns: np.ndarray) -> np.ndarray:
        return columns * scale[:, None] if isinstance(scale, np.ndarray) else np.asarray(scale @ columns)


def crossed_system(
    crossed: Crossed, matrices: list[np.ndarray], schur: np.ndarray, scaled: bool = False
) -> tuple[PrecisionSystem | ScaledSystem, np.ndarray]:
    """How theta enters the system of the crossed factors, and its matrix M.

    Parameters
    ----------
    crossed : Crossed
    matrices : list of ndarray
        `T` of each of the model's factors.
    schur : ndarray, shape (fronts.size,)
        S, the Schur complement; may be overwritten with M.
    scaled : bool
        Whether the form that holds for every theta is asked for, which keeps S.

    Returns
    -------
    system : PrecisionSystem or ScaledSystem
    matrix : ndarray, shape (fronts.size,)
    """
    mine, diagonal = [matrices[k] for k in crossed.factors], crossed.fronts.diagonal
    if not scaled and all(len(t) == 1 for t in mine) and not _nearly_singular(mine):
        system = PrecisionSystem(crossed, _theta(crossed, mine))
        schur[diagonal] += system.theta**-2
        return system, schur
    general = ScaledSystem(crossed, mine, schur)
    matrix = sandwich(crossed.fronts, schur, general.scale)
    matrix[diagonal] += 1.0
    return general, matrix


def _nearly_singular(matrices: list[np.ndarray]) -> bool:
    """Whether dividing by one of the `T` would cost too many digits."""
    return any(np.linalg.svd(t, compute_uv=False)[-1] <= LEAST_DIVISOR for t in matrices)


def _theta(crossed: Crossed, matrices: list[np.ndarray]) -> np.ndarray:
    """The diagonal of Lambda, shape (m,), where levels have one effect each."""
    return np.concatenate([np.full(at.size, t[0, 0]) for t, at in zip(matrices, crossed.columns, strict=True)])


def _lambda(crossed: Crossed, matrices: list[np.ndarray]) -> sparse.csr_array:
    """Lambda, shape (m, m): a `T` for each level."""
    pairs = zip(matrices, crossed.columns, strict=True)
    values = np.concatenate([np.repeat(t, at.shape[1], axis=0).ravel() for t, at in pairs])
    out = sparse.csr_array((values, crossed.indices, crossed.starts), shape=(crossed.width,) * 2, copy=True)
    out.eliminate_zeros()
    return out


def _inner(t: np.ndarray, inverse: np.ndarray) -> np.ndarray:
    """``T^-T (I - B_j) T^-1`` of each level, of blocks B of the inverse of M, shape (q, q, J)."""
    back, rest = np.linalg.inv(t), -inverse
    rest[np.arange(len(t)), np.arange(len(t))] += 1.0
    return np.asarray(np.matmul(back.T, np.tensordot(back, rest, axes=(0, 0))))
