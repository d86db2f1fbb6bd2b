"""The blocked cross-products of ``[Z X y]``: all that the likelihood needs, with nothing of size n behind them.

Rows pass through here once, in pieces, column by column. The fixed-effects columns and the response are shifted by
their means and the response is replaced by its residual from ordinary least squares, so that nothing cancels later
(Chan, Golub & LeVeque 1983, Amer. Statist. 37, 242-247, on shifted data). `Shift` takes coefficients back.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.linalg
from scipy.linalg import lapack

from ..errors import DataError
from ..frame.design import INTERCEPT, Columns
from ..frame.grouping import Grouping, cells
from ..frame.model_frame import ModelFrame
from .blocks import CrossProducts, FactorProducts, PairProducts, Shift
from .level_sums import LevelSums

__all__ = ["CrossProducts", "FactorProducts", "PairProducts", "Shift", "cross_products"]

PIECE = 1 << 16  # rows that are worked on at once: their columns stay in the processor's cache
LARGEST = 1e150  # products of two sums of squares must be representable
NEW = 1e-4  # share of its length that a column keeps beside the others, to be clearly independent of them
LEFT = 1e-8  # share of the response that OLS leaves, below which its residual is formed from the rows


def cross_products(
    frame: ModelFrame, factors: list[tuple[Grouping, Columns]], orthonormal: bool = False
) -> CrossProducts:
    """Compute all cross-products of a model frame.

    Parameters
    ----------
    frame : ModelFrame
    factors : list of (Grouping, Columns)
        Grouping factors with the random-effects columns of all their terms, the largest factor first.
    orthonormal : bool
        Work with an orthonormal basis of the fixed-effects columns: for columns that nearly depend on each other.

    Returns
    -------
    CrossProducts
    """
    response = frame.net_response
    root = None if frame.weights is None else np.sqrt(frame.weights)
    means, mean_y, intercept = _means(frame, response)
    x = _Basis(frame.x_columns, means)
    if orthonormal:
        x = _orthonormal(frame, means, root)
    sums = [LevelSums(g, c, len(frame.x_names) + 1) for g, c in factors]
    xy = _accumulate(x, response, root, mean_y, sums)
    ols, independent = _least_squares(xy)
    residualise = np.eye(len(xy))
    residualise[:-1, -1] = -ols
    rest = residualise.T @ xy @ residualise
    if rest[-1, -1] < LEFT * xy[-1, -1]:
        response = response - mean_y - (x.columns.matrix() - x.means) @ ols
        sums = [LevelSums(g, c, len(frame.x_names) + 1) for g, c in factors]
        rest = _accumulate(x, response, root, 0.0, sums)
    else:
        for of in sums:
            of.zxy[:, -1] -= np.matmul(ols, of.zxy[:, :-1])
    return CrossProducts(
        nobs=frame.nobs,
        x_names=frame.x_names,
        xy=rest,
        factors=tuple(FactorProducts(s.grouping.name, s.levels, s.zz, s.zxy) for s in sums),
        pairs=_pairs(factors, root),
        shift=Shift(means, mean_y, ols, intercept, x.rotation),
        log_weights=0.0 if frame.weights is None else float(np.log(frame.weights).sum()),
        total=float(xy[-1, -1]),
        independent=independent,
        log_basis=x.log_basis,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Basis:
    """The fixed-effects columns worked with: shifted ones, or an orthonormal basis of them."""

    columns: Columns
    means: np.ndarray
    rotation: np.ndarray | None = None
    log_basis: float = 0.0


def _orthonormal(frame: ModelFrame, means: np.ndarray, root: np.ndarray | None) -> _Basis:
    """QR decomposition of the shifted (and weighted) columns, scaled to unit length first."""
    shifted = frame.x - means
    weighted = shifted if root is None else shifted * root[:, None]
    length = np.sqrt(np.einsum("ij,ij->j", weighted, weighted))
    q, r = np.linalg.qr(weighted / length)
    basis = q if root is None else q / root[:, None]
    columns = Columns(frame.x_names, tuple((column,) for column in np.ascontiguousarray(basis.T)), frame.nobs)
    rotation = scipy.linalg.solve_triangular(r, np.eye(len(r))) / length[:, None]
    log_basis = 2.0 * float(np.log(np.abs(np.diag(r))).sum() + np.log(length).sum())
    return _Basis(columns, np.zeros(len(means)), rotation, log_basis)


def _means(frame: ModelFrame, response: np.ndarray) -> tuple[np.ndarray, float, int]:
    """What to subtract: means, where there is an intercept to take the difference up."""
    means = np.zeros(len(frame.x_names))
    if INTERCEPT not in frame.x_names:
        return means, 0.0, -1
    for k, arrays in enumerate(frame.x_columns.factors):
        if not frame.x_columns.is_one(k):
            single = len(arrays) == 1
            means[k] = _mean(arrays[0]) if single else np.dot(arrays[0], np.multiply.reduce(arrays[1:])) / frame.nobs
    return means, _mean(response), frame.x_names.index(INTERCEPT)


def _mean(values: np.ndarray) -> float:
    """As ``values.mean()``, without what that looks at first."""
    return float(np.add.reduce(values, dtype=float)) / len(values)


def _accumulate(
    x: _Basis, response: np.ndarray, root: np.ndarray | None, mean_y: float, sums: list[LevelSums]
) -> np.ndarray:
    """Send the rows through, piece by piece; fills `sums`, returns ``[X y]' [X y]``."""
    p, n = len(x.means), len(response)
    xy = np.zeros((p + 1, p + 1))
    piece = max(PIECE, *(4 * s.levels for s in sums)) if sums else PIECE
    buffer = np.empty((p + 1, min(piece, n)))
    nonzero = [k for k, mean in enumerate(x.means.tolist()) if mean]
    shifted = slice(nonzero[0], nonzero[-1] + 1) if nonzero else slice(0)
    for start in range(0, n, piece):
        stop = min(start + piece, n)
        block = buffer[:, : stop - start]
        x.columns.fill(block[:p], start, stop)
        block[shifted] -= x.means[shifted, None]
        np.subtract(response[start:stop], mean_y, out=block[p])
        if root is not None:
            block *= root[start:stop]
        with np.errstate(over="ignore", invalid="ignore"):  # looked at by _least_squares
            xy += block @ block.T
            for s in sums:
                s.add(block, start, stop, None if root is None else root[start:stop])
    return xy


def _least_squares(xy: np.ndarray) -> tuple[np.ndarray, bool]:
    """Coefficients of y on X, and whether the columns are clearly independent.

    Columns without new information get no coefficients (they are dropped later).
    """
    if not sum(xy.diagonal().tolist()) < LARGEST:
        raise DataError("The squares of the response or of a predictor cannot be represented; rescale the columns.")
    if len(xy) == 1:
        return np.zeros(0), True
    scale = np.sqrt(xy.diagonal()[:-1])
    scale[scale == 0] = 1.0
    scaled, right = xy[:-1, :-1] / (scale[:, None] * scale), xy[:-1, -1] / scale
    root, working, info = lapack.dposv(scaled, right)
    independent = not info and min(root.diagonal().tolist()) > NEW
    if not independent:
        working = scipy.linalg.lstsq(scaled, right, cond=1e-11, check_finite=False)[0]
    return working / scale, independent


def _pairs(factors: list[tuple[Grouping, Columns]], root: np.ndarray | None) -> dict[tuple[int, int], PairProducts]:
    return {(a, b): _pair(*factors[a], *factors[b], root) for b in range(len(factors)) for a in range(b)}


def _pair(
    first: Grouping,
    first_columns: Columns,
    second: Grouping,
    second_columns: Columns,
    root: np.ndarray | None,
) -> PairProducts:
    """Sum the products of two factors' columns over the rows of each pair of levels."""
    rows, columns, cell = cells(first.codes, second.codes, (first.size, second.size))
    left, right = first_columns.matrix(), second_columns.matrix()
    if root is not None:
        left = left * root[:, None]
        right = right * root[:, None]
    values = np.empty((left.shape[1], right.shape[1], len(rows)))
    for a in range(left.shape[1]):
        for b in range(right.shape[1]):
            values[a, b] = np.bincount(cell, left[:, a] * right[:, b], minlength=len(rows))
    return PairProducts(rows, columns, values)
