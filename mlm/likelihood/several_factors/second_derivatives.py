"""Exact second derivatives of the profiled criterion with several grouping factors.

With ``V_a = Z dSigma_a Z'`` and ``E = V^-1 [X R, (y - X beta) / sigma]``, of which e is the last column and F are the
others, the second derivative is

    ``-tr(V^-1 V_a V^-1 V_b) + 2 tr(E' V_a V^-1 V_b E) - tr(G_a G_b) - 2 v_a' v_b - s_a s_b / dof``

with ``G_a = F' V_a F``, ``v_a = F' V_a e`` and ``s_a = e' V_a e``, and what the bending of Sigma adds; under maximum
likelihood the second trace is that of e alone, and there is no ``G_a``. It is the formula of `one_factor` with P
written out. The first trace comes from `changes`, the second from the working variates of `average_information`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..covariance import sigma_bending, sigma_changes
from ..criterion import NOTHING, Criterion, Curvature
from .average_information import working_products
from .backward import BackwardPass, right_sides, walk_back
from .changes import inner_sum, log_det_curvature
from .crossed_changes import Step
from .forward import Eliminated, EliminatedPart

__all__ = ["exact_curvature", "quadratic", "step_sums"]


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """What parts of the data add to the second derivatives; m steps.

    Attributes
    ----------
    log_det : ndarray, shape (m, m)
        Second derivatives of ``log |V|``.
    quadratic : ndarray, shape (m, m)
        ``tr(E' V_a V^-1 V_b E)``.
    sums : ndarray, shape (m, p + 1, p + 1)
        ``E' V_a E``.
    inner, outside : list of ndarray, shapes (q, q)
        Of each factor ``sum_j Z_j' V^-1 Z_j``, and ``sum_j F_j F_j' + e_j e_j'`` as far as it counts for the slope.
    """

    log_det: np.ndarray
    quadratic: np.ndarray
    sums: np.ndarray
    inner: list[np.ndarray]
    outside: list[np.ndarray]

    def __add__(self, other: Pieces) -> Pieces:
        """Those of two parts of the data."""
        return Pieces(
            self.log_det + other.log_det,
            self.quadratic + other.quadratic,
            self.sums + other.sums,
            [a + b for a, b in zip(self.inner, other.inner, strict=True)],
            [a + b for a, b in zip(self.outside, other.outside, strict=True)],
        )


def exact_curvature(
    eliminated: Eliminated, criterion: Criterion, steps: Sequence[np.ndarray], second: bool = True
) -> Curvature:
    """Derivatives along steps of T, see `Deviance.along`.

    Parameters
    ----------
    eliminated : Eliminated
        With `ScaledSystem` for crossed factors.
    criterion : Criterion
    steps : sequence of ndarray, shapes (m_k, q, q)
        Of each factor.
    second : bool
        See `Deviance.along`.

    Returns
    -------
    Curvature
    """
    matrices, fixed = eliminated.matrices, eliminated.fixed
    combine = right_sides(fixed, estimated=True)
    combine[-1] /= np.sqrt(fixed.penalised / criterion.dof)
    if not second:
        each = [_first(part, combine, matrices, steps)[1:] for part in eliminated.parts]
        sums = np.add.reduce([step_sums(along, outside) for along, outside in each])
        return Curvature(NOTHING, NOTHING, NOTHING, sums, fixed.inverse_root)
    found = [_pieces(part, combine, matrices, steps, criterion.reml) for part in eliminated.parts]
    whole = sum(found[1:], found[0])
    slopes = [inner - outside for inner, outside in zip(whole.inner, whole.outside, strict=True)]
    changes = [sigma_changes(mine, t) for mine, t in zip(steps, matrices, strict=True)]
    bent = _bending(steps, whole.inner)
    counted = whole.sums if criterion.reml else whole.sums[:, :, -1:]
    weights = np.ones(counted.shape[1:]) if criterion.reml else np.full(counted.shape[1:], 2.0)
    weights[-1, -1] = 1.0 / criterion.dof
    flat = counted.reshape(len(counted), weights.size)
    between = (flat * weights.ravel()) @ flat.T
    rest = _bending(steps, whole.outside)
    return Curvature(
        slope=np.concatenate([np.einsum("ab,mab->m", g, change) for g, change in zip(slopes, changes, strict=True)]),
        second=whole.log_det + 2.0 * whole.quadratic - between - rest,
        traces=bent - whole.log_det,
        sums=whole.sums,
        root=fixed.inverse_root,
    )


def _pieces(
    part: EliminatedPart,
    combine: np.ndarray,
    matrices: list[np.ndarray],
    steps: Sequence[np.ndarray],
    reml: bool,
) -> Pieces:
    """Go back through one part, and along all steps."""
    walk, along, outside = _first(part, combine, matrices, steps)
    counted = outside if reml else [o[:, -1:] for o in outside]
    return Pieces(
        log_det_curvature(part, walk, along),
        quadratic(part, along, counted),
        step_sums(along, outside),
        [inner_sum(walk, k) for k in range(len(matrices))],
        [np.einsum("akj,bkj->ab", o, o) for o in counted],
    )


def _first(
    part: EliminatedPart, combine: np.ndarray, matrices: list[np.ndarray], steps: Sequence[np.ndarray]
) -> tuple[BackwardPass, list[Step], list[np.ndarray]]:
    """Back through one part, its steps, and ``Z_j' E`` of each factor's levels, shapes (q, p + 1, J)."""
    walk = walk_back(part, combine)
    along = [
        Step(k, change, of_sigma)
        for k, (t, mine) in enumerate(zip(matrices, steps, strict=True))
        for change, of_sigma in zip(mine, sigma_changes(mine, t), strict=True)
    ]
    return walk, along, [walk.factors[k].outside for k in range(len(matrices))]


def quadratic(part: EliminatedPart, steps: list[Step], outside: list[np.ndarray]) -> np.ndarray:
    """``sum_x E_x' V_a V^-1 V_b E_x`` over columns x of `outside`, (q, k, J) by factor: shape (m, m)."""
    out = np.zeros((len(steps), len(steps)))
    changes = [step.of_sigma for step in steps]
    for x in range(outside[0].shape[1] if steps else 0):
        columns = [o[:, x] for o in outside]
        changed = [np.zeros((len(c), len(steps), c.shape[1])) for c in columns]
        for a, step in enumerate(steps):
            changed[step.factor][:, a] = changes[a] @ columns[step.factor]
        out += working_products(changed, columns, part).own
    return out


def step_sums(steps: list[Step], outside: list[np.ndarray]) -> np.ndarray:
    """``sum_j E_j' dSigma_a E_j`` over the levels of each step's factor: shape (m, k, k)."""
    products = [np.einsum("akj,blj->kalb", o, o, optimize=True) for o in outside]
    width = outside[0].shape[1]
    out = [np.einsum("ab,kalb->kl", step.of_sigma, products[step.factor]) for step in steps]
    return np.array(out).reshape(len(steps), width, width)


def _bending(steps: Sequence[np.ndarray], slopes: list[np.ndarray]) -> np.ndarray:
    """`sigma_bending` of all factors' steps, which do not bend together: shape (m, m)."""
    out = np.zeros((sum(len(mine) for mine in steps),) * 2)
    at = 0
    for mine, slope in zip(steps, slopes, strict=True):
        here = slice(at, at + len(mine))
        out[here, here] = sigma_bending(mine, slope)
        at += len(mine)
    return out
