"""Of all Sigma that make the same covariance matrix of the response, the one in the middle.

Where the data do not tell all of Sigma, as of ``(0 + f | g)`` with an f that is constant in each level of g, a set of
Sigma makes the same V, and a search ends anywhere in it, at its edge as well. Sigma is singular there, and the steps of
`free_steps` keep its rank, although V may change in other ways: it is the image of Sigma within the set, too. The
middle is the analytic centre (Boyd & Vandenberghe 2004, *Convex Optimization*, section 8.5.3): with changes N of Sigma
of which V knows nothing, the maximum of

    ``log det Sigma - tr(Sigma G) q / tr(Sigma_0 G)``

along ``Sigma_0 + sum_i tau_i N_i``, where G are the columns' cross-products. The second part keeps Sigma finite where
columns depend on one another. It is found by Newton's method with shortened steps, which finds it from anywhere.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .covariance import CovarianceLayout, lower_factor
from .deviance import Deviance

__all__ = ["in_the_interior", "unit_changes"]

# Trace of a change of V in the units of the columns, over what it could be, that is rounding.
NOTHING = 1e-12
# Relative variance of effects that is added at the end, so that Sigma has a determinant: it is rounding of V. At the
# beginning it is Sigma's own size, then less and less.
LEAST_VARIANCE, NEARLY = 1e-12, 0.9
# Newton decrement up to which steps are whole ones, below which the middle is near enough, and steps at most.
WHOLE_STEP, NEAR, MOST_STEPS = 0.25, 1e-3, 60


def unit_changes(layout: CovarianceLayout) -> list[np.ndarray]:
    """Changes of each factor's Sigma that span all within its terms, once: shapes (m, q, q)."""
    units = [layout.units(k) for k in range(len(layout.sizes))]
    return [0.5 * (unit + unit.transpose(0, 2, 1)) for unit in units]


def in_the_interior(
    deviance: Deviance, matrices: Sequence[np.ndarray], grams: Sequence[np.ndarray]
) -> list[np.ndarray]:
    """Each factor's T of the Sigma in the middle of those with the same V.

    Parameters
    ----------
    deviance : Deviance
    matrices : sequence of ndarray, shapes (q, q)
        Each factor's T.
    grams : sequence of ndarray, shapes (q, q)
        Each factor's ``sum_j Z_j' Z_j / n``.

    Returns
    -------
    list of ndarray, shapes (q, q)
        Those of factors of which V knows everything are as they were.
    """
    flat = _flat_changes(deviance, matrices)
    moved = [k for k, changes in enumerate(flat) if changes.any()]
    if not moved:
        return list(matrices)
    # in units of the columns: G is the identity
    scale = [np.sqrt(np.where(g.diagonal() > 0.0, g.diagonal(), 1.0)) for g in grams]
    start = [(t * u[:, None]) @ (t * u[:, None]).T for t, u in zip(matrices, scale, strict=True)]
    middle = _centre([start[k] for k in moved], [flat[k] * np.outer(scale[k], scale[k]) for k in moved])
    out = list(matrices)
    for k, sigma in zip(moved, middle or [], strict=middle is not None):
        out[k] = lower_factor(np.linalg.cholesky(sigma)) / scale[k][:, None]
    return out


def _flat_changes(deviance: Deviance, matrices: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Changes of each factor's Sigma, shapes (k, q, q), that together do not change V: independent ones."""
    units = unit_changes(deviance.layout)
    traces = deviance.expected([np.zeros_like(t) for t in matrices], units).traces
    size = np.sqrt(np.maximum(traces.diagonal(), 0.0))
    size[size <= np.sqrt(NOTHING) * size.max(initial=0.0)] = size.max(initial=0.0) or 1.0
    values, vectors = np.linalg.eigh(traces / np.outer(size, size))
    found = vectors[:, values <= NOTHING]
    weights = (np.where(np.abs(found) > NOTHING, found, 0.0) / size[:, None]).T
    pieces = np.split(weights, np.cumsum([len(unit) for unit in units])[:-1], axis=1)
    return [np.tensordot(mine, unit, axes=1) for mine, unit in zip(pieces, units, strict=True)]


def _centre(sigma: list[np.ndarray], flat: list[np.ndarray]) -> list[np.ndarray] | None:
    """The middle, from a Sigma of each factor along common changes, shapes (k, q, q).

    With ever less of the identity added: from an edge the way would be narrow. None where it is too long.
    """
    size = max(float(np.trace(s)) for s in sigma) or 1.0
    pull = sum(len(s) for s in sigma) / (size * len(sigma))
    outward, added = pull * np.sum([np.trace(n, axis1=1, axis2=2) for n in flat], axis=0), size
    for _ in range(MOST_STEPS):
        raised = _nearer([s + added * np.eye(len(s)) for s in sigma], flat, outward)
        sigma = [s - added * np.eye(len(s)) for s in raised]
        if added <= LEAST_VARIANCE:
            return raised
        room = min(float(np.linalg.eigvalsh(s)[0]) for s in raised)
        added = max(added - NEARLY * room, LEAST_VARIANCE)
    return None


def _nearer(sigma: list[np.ndarray], flat: list[np.ndarray], outward: np.ndarray) -> list[np.ndarray]:
    """Newton's method, from positive definite matrices."""
    for _ in range(MOST_STEPS):
        inverse = [np.linalg.inv(np.linalg.cholesky(s)) for s in sigma]
        inner = [root @ n @ root.T for root, n in zip(inverse, flat, strict=True)]
        slope = np.sum([np.trace(n, axis1=1, axis2=2) for n in inner], axis=0) - outward
        second = np.sum([np.einsum("iab,jba->ij", n, n) for n in inner], axis=0)
        step = np.linalg.lstsq(second, slope, rcond=None)[0]
        decrement = float(np.sqrt(max(slope @ step, 0.0)))
        if decrement < NEAR:
            break
        far = step if decrement < WHOLE_STEP else step / (1.0 + decrement)
        sigma = [s + np.tensordot(far, n, axes=1) for s, n in zip(sigma, flat, strict=True)]
    return sigma
