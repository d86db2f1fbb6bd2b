"""Forward: eliminate the random effects, stage by stage, down to what is left for the fixed effects.

See `blocks` for the order and the notation; Bates et al. (2015), section 3, for the Cholesky factor this builds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...sparse.cholesky import Factor, factor
from ..covariance import CovarianceLayout
from ..fixed_effects import FixedPart, solve_fixed
from ..level_matrices import level_roots, multiply, sum_by
from .crossed import Scale, Tail
from .parts import Part
from .plan import Plan, Stage

__all__ = ["Blocks", "Eliminated", "EliminatedPart", "SolvedTail", "eliminate"]


@dataclass(frozen=True, slots=True, eq=False)
class SolvedTail:
    """The Schur complement of a tail, solved.

    Attributes
    ----------
    tail : Tail
    scale : Scale
        How theta enters the system N.
    factor : Factor
        Of N.
    solved : ndarray, shape (m, p + 1)
        The inverse of N times ``F' Z' [X y]``.
    schur : ndarray, shape (fronts.size,)
        S; where `scale` is simple the factor is in its place.
    xy : ndarray, shape (m, p + 1)
        ``Z' [X y]`` after the elimination of the stages.
    """

    tail: Tail
    scale: Scale
    factor: Factor
    solved: np.ndarray
    schur: np.ndarray
    xy: np.ndarray


@dataclass(slots=True)
class Blocks:
    """One stage's cross-products after the elimination of the stages before it, and its roots."""

    stage: Stage
    zz: np.ndarray
    zxy: np.ndarray
    cross: dict[int, np.ndarray]
    tail: np.ndarray
    root: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class EliminatedPart:
    """What the forward pass leaves behind of one part: its stages' blocks and its solved tail."""

    plan: Plan
    blocks: list[Blocks]
    tail: SolvedTail | None


@dataclass(frozen=True, slots=True, eq=False)
class Eliminated:
    """All that the forward pass leaves behind.

    Attributes
    ----------
    matrices : list of ndarray
        Each factor's `T`.
    parts : list of EliminatedPart
    fixed : FixedPart
    log_det : float
        ``log |Lambda' Z'Z Lambda + I|``.
    """

    matrices: list[np.ndarray]
    parts: list[EliminatedPart]
    fixed: FixedPart
    log_det: float


def eliminate(parts: tuple[Part, ...], xy: np.ndarray, layout: CovarianceLayout, theta: np.ndarray) -> Eliminated:
    """Run the forward pass.

    Parameters
    ----------
    parts : tuple of Part
    xy : ndarray, shape (p + 1, p + 1)
        ``[X y]' [X y]``.
    layout : CovarianceLayout
    theta : ndarray, shape (n_theta,)

    Returns
    -------
    Eliminated

    Raises
    ------
    FitError
        When nothing is left of the response, or the fixed-effects columns are dependent.
    """
    matrices, rest, log_det, done = layout.matrices(theta), xy.copy(), 0.0, []
    for part in parts:
        eliminated, part_log_det = _eliminate_part(part.plan, matrices, rest)
        done.append(eliminated)
        log_det += part_log_det
    return Eliminated(matrices, done, solve_fixed(rest, len(rest) - 1), log_det)


def _eliminate_part(plan: Plan, matrices: list[np.ndarray], rest: np.ndarray) -> tuple[EliminatedPart, float]:
    """Eliminate the levels of one part; takes its effects out of `rest`, in place."""
    log_det, schur, tail_xy = 0.0, np.empty(0), np.empty(0)
    if plan.tail is not None:
        schur, tail_xy = plan.tail.store.copy(), plan.tail.xy.copy()
    blocks = [_start(stage, fresh=k > 0) for k, stage in enumerate(plan.stages)]
    later = {b.stage.factor: b for b in blocks}
    for block in blocks:
        block.root, levels_log_det = level_roots(matrices[block.stage.factor], block.zz)
        log_det += levels_log_det
        solved_xy = multiply(block.root, block.zxy)
        for row in solved_xy:
            rest -= row @ row.T
        if block.stage.parents or block.stage.tail is not None:
            _update_later(block, solved_xy, later, schur, tail_xy)
    if plan.tail is None:
        return EliminatedPart(plan, blocks, None), log_det
    solved = _solve_tail(plan.tail, matrices, schur, tail_xy, rest)
    return EliminatedPart(plan, blocks, solved), log_det + solved.factor.log_det + solved.scale.log_det


def _start(stage: Stage, fresh: bool) -> Blocks:
    """Blocks of a stage; copies when earlier stages will change them."""
    data = stage.tail.data if stage.tail is not None else np.empty((len(stage.zz), 0))
    root = np.empty(0)
    cross = {t: values for t, (_, values) in stage.parents.items()}
    if not fresh:
        return Blocks(stage, stage.zz, stage.zxy, cross, data, root)
    cross = {t: values.copy() for t, values in cross.items()}
    return Blocks(stage, stage.zz.copy(), stage.zxy.copy(), cross, data.copy(), root)


def _update_later(
    block: Blocks, solved_xy: np.ndarray, later: dict[int, Blocks], schur: np.ndarray, tail_xy: np.ndarray
) -> None:
    """Take one stage's effects out of the blocks of all later ones."""
    stage = block.stage
    solved = {t: multiply(block.root, values) for t, values in block.cross.items()}
    solved_tail = None
    if stage.tail is not None:
        rows = stage.tail.row
        solved_tail = multiply(block.root[:, :, rows], block.tail[:, None])[:, 0]
        schur -= (
            stage.tail.weighted_gram(block.root[0, 0] ** 2) if stage.tail.presummed else stage.tail.gram(solved_tail)
        )
        tail_xy -= stage.tail.transposed_times(solved_tail, solved_xy)
    for t, (parent, _) in stage.parents.items():
        above, levels = later[t], later[t].zz.shape[2]
        turned = solved[t].transpose(1, 0, 2)
        above.zz -= sum_by(parent, multiply(turned, solved[t]), levels)
        above.zxy -= sum_by(parent, multiply(turned, solved_xy), levels)
        for beyond in above.cross:
            above.cross[beyond] -= sum_by(parent, multiply(turned, solved[beyond]), levels)
        if solved_tail is not None:
            product = multiply(turned[:, :, rows], solved_tail[:, None])[:, 0]
            above.tail -= sum_by(stage.maps[t], product, above.tail.shape[1])


def _solve_tail(
    tail: Tail, matrices: list[np.ndarray], schur: np.ndarray, xy: np.ndarray, rest: np.ndarray
) -> SolvedTail:
    """Factor the Schur complement; takes its effects out of `rest`, in place."""
    scale = Scale(tail, matrices)
    done = factor(tail.fronts, scale.system(schur))
    half = done.half_solve(scale.rows(xy))
    rest -= half.T @ half
    return SolvedTail(tail, scale, done, done.finish_solve(half), schur, xy)
