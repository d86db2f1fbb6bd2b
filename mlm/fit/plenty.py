"""Designs with so many levels that every variance and covariance can be told, as a few counts show.

A change W of the covariance matrix of the rows cannot be told where u'Wv = 0 for all u and v orthogonal to X, which
leaves n - p dimensions. Then W has at most p positive eigenvalues, and p negative ones (a subspace of more would meet
these dimensions), and its part between some rows and others has at most rank 2p.

* Where Z_j has full column rank, ``Z_j Theta Z_j'`` has the signs of Theta: an eigenvalue of the same sign a level.
  More than p such levels tell everything of one factor, and more than p + r beside factors with r columns over all
  their levels.
* Between rows with some levels of another factor and rows with others, that factor adds nothing. Where Z_j has full
  column rank on both sides, the part of W has the rank of Theta a level: more than 2p such levels tell everything,
  or more than 2p + r beside r columns of third factors.
* Within one level of another factor with q columns, where m levels of an intercept meet, m - q dimensions are told by
  the intercept alone: more than p tell it, or more than p + r.
* The residual variance is told by the dimensions beyond all columns, as in the first case.

A factor of which everything is told is left out when the next one is looked at.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..crossproducts.blocks import CrossProducts, FactorProducts
from ..frame.model_frame import RandomPart

__all__ = ["plenty"]

# Square of a column in a level, of which columns before it account for what they can, over the largest square in a
# level, from which it is clearly there. It only saves time: below, the rank is computed.
CLEAR_SHARE = 1e-8
# Levels that are looked at beyond twice those needed, where a term has two columns or more: some have too few rows.
MORE_LEVELS = 16


def plenty(terms: Sequence[RandomPart], products: CrossProducts) -> bool:
    """Whether it is clear at once that all variances and covariances can be told, whatever the fixed effects."""
    factors, p = products.factors, products.p
    if len(factors) == 1:
        factor, levels = factors[0], factors[0].levels
        if levels <= p or products.nobs <= p + len(factor.zz) * levels:
            return False
        return (len(factor.zz) == 1 and terms[0].columns.is_one(0)) or _clear_levels(factor, p)
    sizes = [f.size * f.levels for f in factors]
    if products.nobs <= p + sum(sizes):
        return False
    constant = {t.term.group for t in terms if t.columns.is_one(0)}
    left = sorted(range(len(factors)), key=lambda k: -factors[k].levels)
    while left:
        for k in left:
            if _told(k, left, sizes, factors[k].size == 1 and factors[k].name in constant, products):
                left.remove(k)
                break
        else:
            return False
    return True


def _told(k: int, left: list[int], sizes: list[int], constant: bool, products: CrossProducts) -> bool:
    """Whether everything is told of one factor beside others; `constant` says that it has an intercept only."""
    factor, beside = products.factors[k], products.p + sum(sizes[m] for m in left) - sizes[k]
    if factor.levels > beside and (constant or _clear_levels(factor, beside)):
        return True
    if constant:
        for m in left:
            # one level of m, at least, meets as many of k as there are on average
            other = products.factors[m]
            needed = beside - sizes[m] + other.size
            if m != k and len(products.pairs[min(k, m), max(k, m)].rows) > other.levels * needed:
                return True
    return _apart(k, left, sizes, products)


def _clear_levels(factor: FactorProducts, needed: int) -> bool:
    """Whether more levels than needed have clearly independent columns."""
    zz = factor.zz if factor.size == 1 else factor.zz[:, :, : 2 * needed + MORE_LEVELS]
    if factor.size != 2:
        return bool(np.count_nonzero(_clear(zz)) > needed)
    # the most usual case, an intercept and a slope: fewer levels than array calls are worth
    first, across, second = zz[0, 0].tolist(), zz[0, 1].tolist(), zz[1, 1].tolist()
    least, least_beside = CLEAR_SHARE * max(first), CLEAR_SHARE * max(second)
    clear = 0
    for a, c, b in zip(first, across, second, strict=True):
        clear += a > least and a * b - c * c > least_beside * a
        if clear > needed:
            return True
    return False


def _clear(zz: np.ndarray) -> np.ndarray:
    """In which levels columns are clearly independent, given their products (q, q, J): by Cholesky's elimination."""
    first = zz[0, 0]
    clear = first > CLEAR_SHARE * first.max()
    rest = zz
    for k in range(1, len(zz)):
        pivot = np.where(clear, rest[0, 0], 1.0)
        rest = rest[1:, 1:] - rest[1:, :1] * (rest[:1, 1:] / pivot)
        clear &= rest[0, 0] > CLEAR_SHARE * zz[k, k].max()
    return clear


def _apart(k: int, left: list[int], sizes: list[int], products: CrossProducts) -> bool:
    """Whether many levels of factor k have independent columns in both halves of the levels of another factor m.

    Between rows of the one half and rows of the other, m adds nothing to the covariances.
    """
    factor = products.factors[k]
    for m in left:
        beside = 2 * products.p + sum(sizes[h] for h in left if h not in (k, m))
        if m == k or factor.levels <= beside:
            continue
        pair = products.pairs[min(k, m), max(k, m)]
        at, to, values = (
            (pair.rows, pair.columns, pair.values)
            if k < m
            else (pair.columns, pair.rows, pair.values.transpose(1, 0, 2))
        )
        # what a half has of k's columns, as far as m's columns there show it
        place = at + factor.levels * (to & 1)
        shown = np.empty((factor.size, factor.size, 2, factor.levels))
        for a in range(factor.size):
            for b in range(a + 1):
                sums = np.bincount(place, (values[a] * values[b]).sum(axis=0), 2 * factor.levels)
                shown[a, b] = shown[b, a] = sums.reshape(2, -1)
        both = _clear(shown.reshape(factor.size, factor.size, -1)).reshape(2, -1).all(axis=0)
        if np.count_nonzero(both) > beside:
            return True
    return False
