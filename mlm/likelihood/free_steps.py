"""Steps of T that change Sigma in every way it is free to change, where the minimum is singular too.

``Sigma = T T'`` is the same for ``T U`` with any turn U, so that T is free but for the turns ``T K`` with a skew K.
Steps W that are orthogonal to these, ``tr(K' T' W) = 0``, are ``W = H T`` with symmetric H: in the terms of
differential geometry, horizontal ones (Massart & Absil 2020, SIAM J. Matrix Anal. Appl. 41, 171-198, section 3). With
the singular value decomposition ``T = sum_a s_a u_a v_a'`` they are spanned by

    ``s_a u_b v_a' + s_b u_a v_b'``,    a <= b.

Where Sigma is singular, ``s_b = 0``, they are the steps that keep its rank, ``u_b v_a'``, by which its range may turn;
with both 0 there is none. For the minimum on the boundary these are the directions in which it is an ordinary one: the
criterion is stationary along them, while along others, which would raise the rank, it grows with a slope, and an
estimate that varied from sample to sample would be held there (Self & Liang 1987, J. Am. Stat. Assoc. 82, 605-610;
Boyd & Vandenberghe 2004, Convex Optimization, section 5.9). Near the boundary the steps are nearly those on it, so that
nothing hangs on whether a variance is 0 or only almost.

Orthogonal is meant in the metric of the term's cross-products, in which the user's units and origins leave the steps
what they are: with columns ``Z A^-1`` T becomes ``A T``, and ``T' (Z'Z) W`` remains.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from scipy.linalg import lapack

from ..crossproducts.blocks import CrossProducts
from .covariance import CovarianceLayout

__all__ = ["along_steps", "extents", "free_steps", "mean_products"]

# Relative standard deviation of an effect, of columns with a mean square of 1, that counts as 0. What it adds to the
# inverse of the degrees of freedom is of the order of its square, 1e-20.
LEAST_DEVIATION = 1e-10


def free_steps(
    layout: CovarianceLayout, matrices: Sequence[np.ndarray], grams: Sequence[np.ndarray]
) -> list[np.ndarray]:
    """Steps of each factor's T that span all free ones, once.

    Parameters
    ----------
    layout : CovarianceLayout
    matrices : sequence of ndarray, shapes (q, q)
        Each factor's T.
    grams : sequence of ndarray, shapes (q, q)
        Each factor's ``sum_j Z_j' Z_j / n``.

    Returns
    -------
    list of ndarray, shapes (m_k, q, q)
        Of each factor; a term with rank r of q has ``q r - r (r - 1) / 2``.

    Examples
    --------
    >>> from mlm.likelihood.covariance import covariance_layout
    >>> layout = covariance_layout(((0, 2),), 1)
    >>> [len(steps) for steps in free_steps(layout, [np.diag([2.0, 1.0])], [np.eye(2)])]
    [3]
    >>> [len(steps) for steps in free_steps(layout, [np.diag([2.0, 0.0])], [np.eye(2)])]
    [2]
    """
    found: list[list[np.ndarray]] = [[] for _ in matrices]
    for s in layout.slots:
        block, t = slice(s.start, s.start + s.size), matrices[s.factor]
        mine = steps = _of_term(t[block, block], grams[s.factor][block, block])
        if s.size < len(t):
            mine = np.zeros((len(steps), *t.shape))
            mine[:, block, block] = steps
        found[s.factor].append(mine)
    return [mine[0] if len(mine) == 1 else np.concatenate(mine) for mine in found]


def _of_term(t: np.ndarray, gram: np.ndarray) -> np.ndarray:
    """The steps of one term's T, shape (k, q, q)."""
    root = _metric_root(gram)
    if len(t) == 1:
        return np.full((_rank(np.abs(t[0] * root[0])), 1, 1), 1.0 / root[0, 0])
    u, s, v, _ = lapack.dgesdd(root.T @ t)
    left, (a, b) = lapack.dtrtrs(root, u, lower=1, trans=1)[0].T, _pairs(len(s), _rank(s))
    first, second = (s[i][:, None, None] * (left[j][:, :, None] * v[i][:, None]) for i, j in ((a, b), (b, a)))
    return np.asarray((first + second) / np.hypot(s[a], s[b])[:, None, None])


def _metric_root(gram: np.ndarray) -> np.ndarray:
    """Lower factor of a term's cross-products; the identity where columns depend on one another."""
    root, info = lapack.dpotrf(gram, lower=1, clean=1)
    return np.eye(len(gram)) if info else root


def _rank(deviations: np.ndarray) -> int:
    """How many of a term's singular values do not count as 0."""
    return sum([deviation > LEAST_DEVIATION for deviation in deviations.tolist()])


@lru_cache  # sizes of terms; an entry is a few positions
def _pairs(size: int, rank: int) -> tuple[np.ndarray, np.ndarray]:
    """Pairs a <= b with a step each, of a term's singular values, which descend."""
    a, b = np.triu_indices(size)
    return a[a < rank], b[a < rank]


def extents(
    layout: CovarianceLayout, matrices: Sequence[np.ndarray], grams: Sequence[np.ndarray], traces: np.ndarray
) -> np.ndarray:
    """What ``tr(V^-1 V_a V^-1 V_a)`` of each step may be at most, as far as it is known from other steps.

    V changes along ``s_a u_a v_a'`` by ``Z u_a u_a' Z'``, which nothing can cancel. Along the step of u_a and u_b the
    trace is by Cauchy and Schwarz no more than the geometric mean of these two, times the squares of the lengths. It is
    far less only where ``Z u_a`` and ``Z u_b`` do not meet: no level has both, and the step changes nothing.

    Parameters
    ----------
    layout, matrices, grams
        As `free_steps` takes them.
    traces : ndarray, shape (m, m)
        ``tr(V^-1 V_a V^-1 V_b)`` along its steps.

    Returns
    -------
    ndarray, shape (m,)
        The own trace where that is larger, as where s_b is 0 and nothing is known of u_b: there u_a stands for it.
    """
    own, start = np.maximum(traces.diagonal(), 0.0).tolist(), 0
    found = own.copy()
    for factor in range(len(layout.sizes)):
        for s in [slot for slot in layout.slots if slot.factor == factor]:
            block = slice(s.start, s.start + s.size)
            turned = _metric_root(grams[factor][block, block]).T @ matrices[factor][block, block]
            if s.size == 1:  # of one column, the own trace is all there is
                start += _rank(np.abs(turned[0]))
                continue
            singular = lapack.dgesdd(turned, compute_uv=0)[1]
            pairs = zip(*(each.tolist() for each in _pairs(s.size, _rank(singular))), strict=True)
            deviations = singular.tolist()
            place = {pair: start + k for k, pair in enumerate(pairs)}
            for (a, b), k in place.items():
                other = b if (b, b) in place else a
                ratio = deviations[a] / deviations[other]
                ends = math.sqrt(own[place[a, a]]) * math.sqrt(own[place[other, other]])
                found[k] = max(found[k], 0.5 * (ratio + 1.0 / ratio) * ends)
            start += len(place)
    return np.array(found)


def mean_products(products: CrossProducts) -> list[np.ndarray]:
    """``sum_j Z_j' Z_j / n`` of each factor, shapes (q, q): the metric of `free_steps`."""
    return [np.add.reduce(factor.zz, 2) / products.nobs for factor in products.factors]


def along_steps(matrices: Sequence[np.ndarray], steps: Sequence[np.ndarray], far: np.ndarray) -> list[np.ndarray]:
    """Each factor's T so far along the steps of all factors, which `far` has one after the other."""
    out, start = [], 0
    for t, mine in zip(matrices, steps, strict=True):
        own = far[start : start + len(mine)]
        out.append(t + (own @ mine.reshape(len(mine), t.size)).reshape(t.shape))
        start += len(mine)
    return out
