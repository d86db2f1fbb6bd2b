"""Steps of T along which the minimum is an ordinary one: all of them, or those that keep what is singular singular.

A covariance matrix ``Sigma = T T'`` of rank r, T having r columns that are not 0, moves among those of rank r with
every change of these columns, but for the turns ``T K`` with a skew K, which do not change Sigma. Where the minimum
lies on the boundary, the criterion is stationary along these steps, while along others, which would raise the rank, it
grows with a slope: an estimate that varied from sample to sample would be held there (Self & Liang 1987, J. Am. Stat.
Assoc. 82, 605-610, section 3; Boyd & Vandenberghe 2004, Convex Optimization, section 5.9).

The steps are chosen so that a change of the units or origins of a term's columns leaves them what they are. Those of
full rank are ``T Y`` with symmetric Y, the relative changes of Sigma: with other columns ``Z A^-1``, T becomes
``A T U``, U being a turn, and ``A T Y U`` is ``A T U (U' Y U)``. Those beyond the range of T are ``N C``, N being
orthogonal to T in the metric of the term's cross-products, ``N' Z'Z T = 0``, which has no units either.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.linalg import lapack

from .covariance import CovarianceLayout

__all__ = ["free_steps"]


def free_steps(
    layout: CovarianceLayout, matrices: Sequence[np.ndarray], grams: Sequence[np.ndarray]
) -> list[np.ndarray]:
    """Steps of each factor's T that span all free ones, once.

    Parameters
    ----------
    layout : CovarianceLayout
    matrices : sequence of ndarray, shapes (q, q)
        Each factor's T, whose columns are 0 where Sigma is singular (see `CovarianceLayout.rectify`).
    grams : sequence of ndarray, shapes (q, q)
        Each factor's ``sum_j Z_j' Z_j``.

    Returns
    -------
    list of ndarray, shapes (m_k, q, q)
        Of each factor; a term with rank r of q adds ``q r - r (r - 1) / 2``.

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
        for step in _of_term(t[block, block], grams[s.factor][block, block]):
            whole = np.zeros_like(t)
            whole[block, block] = step
            found[s.factor].append(whole)
    return [np.array(mine).reshape(-1, len(t), len(t)) for mine, t in zip(found, matrices, strict=True)]


def _of_term(t: np.ndarray, gram: np.ndarray) -> list[np.ndarray]:
    """The steps of one term's T, shapes (q, q)."""
    out, there = [], np.flatnonzero(t.any(axis=0))
    for i, a in enumerate(there):
        for b in there[i:]:
            step = np.zeros_like(t)
            step[:, a] = t[:, b]
            step[:, b] = t[:, a]
            out.append(step)
    if 0 < len(there) < len(t):
        for direction in _beyond(t[:, there], gram).T:
            for a in there:
                step = np.zeros_like(t)
                step[:, a] = direction
                out.append(step)
    return out


def _beyond(t: np.ndarray, gram: np.ndarray) -> np.ndarray:
    """N with ``N' G T = 0`` and ``N' G N = I``, of (q, r) columns T and the metric G: shape (q, q - r)."""
    root, info = lapack.dpotrf(gram, lower=1, clean=1)
    if info:  # columns that depend on one another: any complement will do
        root = np.eye(len(gram))
    basis = np.linalg.qr(root.T @ t, mode="complete")[0]
    return np.linalg.solve(root.T, basis[:, t.shape[1] :])
