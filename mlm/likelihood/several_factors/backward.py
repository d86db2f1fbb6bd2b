"""Backward: conditional modes and covariances of the random effects, and the derivatives that follow from them.

Runs through the stages in reverse, keeping only what is needed: the diagonal blocks of each stage, and the covariances
between effects that share rows. See `blocks` for the notation and the three formulas.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ...sparse.arithmetic import add_product, projections, times
from ..level_matrices import add_transposed, apply, multiply, outer, sum_by
from .forward import Blocks, Eliminated, EliminatedPart, SolvedTail
from .parts import Part
from .plan import Stage

__all__ = ["Posterior", "posterior"]


@dataclass(frozen=True, slots=True, eq=False)
class Posterior:
    """What is known of the random effects, factor by factor.

    Attributes
    ----------
    modes : dict of int to ndarray, shape (q, J)
        Conditional modes b.
    covariances : dict of int to ndarray, shape (q, q, J)
        Diagonal blocks of W: conditional covariances over sigma².
    projections : dict of int to ndarray, shape (q, q, J)
        ``Z_j' P Z_j`` (P is ``V^-1`` with the fixed effects projected out under REML).
    residuals : dict of int to ndarray, shape (q, J)
        ``e_j = Z_j' V^-1 (y - X beta)``.
    tails : list of ndarray
        W of each part's tail, a store.
    """

    modes: dict[int, np.ndarray] = field(default_factory=dict)
    covariances: dict[int, np.ndarray] = field(default_factory=dict)
    projections: dict[int, np.ndarray] = field(default_factory=dict)
    residuals: dict[int, np.ndarray] = field(default_factory=dict)
    tails: list[np.ndarray] = field(default_factory=list)


@dataclass(slots=True)
class _Covariances:
    """Blocks of W between later effects that the earlier stages ask for.

    `xx` (p, p) and its root, `tail` (a store), `tail_x` (m, p); per stage factor t: `own` (q, q, J), `x` (q, p, J),
    `to_tail` (q, nnz) on the pattern of t's tail entries, `to` {t': (q, q', J)}.
    """

    xx: np.ndarray
    xx_root: np.ndarray
    tail: np.ndarray = field(default_factory=lambda: np.empty(0))
    tail_x: np.ndarray = field(default_factory=lambda: np.empty((0, 0)))
    own: dict[int, np.ndarray] = field(default_factory=dict)
    x: dict[int, np.ndarray] = field(default_factory=dict)
    to_tail: dict[int, np.ndarray] = field(default_factory=dict)
    to: dict[int, dict[int, np.ndarray]] = field(default_factory=dict)


def posterior(parts: tuple[Part, ...], eliminated: Eliminated, estimated: bool) -> Posterior:
    """Run the backward pass.

    Parameters
    ----------
    parts : tuple of Part
    eliminated : Eliminated
    estimated : bool
        Whether the fixed effects count as estimated (the REML criterion) or as known.

    Returns
    -------
    Posterior
    """
    fixed, matrices = eliminated.fixed, eliminated.matrices
    nothing = np.zeros((len(fixed.beta), 0))
    xx, root = (fixed.inverse, fixed.inverse_root) if estimated else (nothing @ nothing.T, nothing)
    found = [_part_posterior(part, matrices, fixed.beta, _Covariances(xx, root)) for part in eliminated.parts]
    return found[0] if parts[0].levels is None else _join(parts, found)


def _part_posterior(part: EliminatedPart, matrices: list[np.ndarray], beta: np.ndarray, w: _Covariances) -> Posterior:
    out, tail_modes = Posterior(), np.empty(0)
    if part.tail is not None:
        tail_modes = _tail_posterior(part.tail, matrices, beta, w, out)
    for position in range(len(part.blocks) - 1, -1, -1):
        block = part.blocks[position]
        _stage_posterior(block, matrices[block.stage.factor], beta, tail_modes, w, out)
        if position > 0:
            _keep(block, out.covariances[block.stage.factor], w, len(beta))
    out.tails.append(w.tail)
    return out


def _join(parts: tuple[Part, ...], found: list[Posterior]) -> Posterior:
    """Put the levels of all parts back in their places."""
    out = Posterior(tails=[f.tails[0] for f in found])
    for name in ("modes", "covariances", "projections", "residuals"):
        pieces = [getattr(f, name) for f in found]
        for factor in set.intersection(*(set(p) for p in pieces)):
            levels = [part.levels[factor] for part in parts if part.levels is not None]
            order = np.argsort(np.concatenate(levels), kind="stable")
            getattr(out, name)[factor] = np.concatenate([p[factor] for p in pieces], axis=-1)[..., order]
    return out


def _tail_posterior(
    solved: SolvedTail, matrices: list[np.ndarray], beta: np.ndarray, w: _Covariances, out: Posterior
) -> np.ndarray:
    """Modes and covariances of the tail; returns the modes, shape (m,)."""
    p, tail, scale = len(beta), solved.tail, solved.scale
    u = solved.solved[:, p] - solved.solved[:, :p] @ beta
    inverse = solved.factor.inverse()
    if w.xx_root.shape[1]:
        add_product(tail.fronts, inverse, solved.solved[:, :p] @ w.xx_root)
    own = [inverse[places] for places in tail.blocks]
    w.tail = scale.covariance(inverse)
    w.tail_x = -scale.rows(solved.solved[:, :p] @ w.xx, transpose=False)
    modes = scale.rows(u[:, None], transpose=False)
    if scale.simple:
        e = modes[:, 0] / scale.theta**2
    else:
        e = solved.xy[:, p] - solved.xy[:, :p] @ beta - times(tail.fronts, solved.schur, modes)[:, 0]
    if scale.singular:
        found = _singular_projections(solved, w, p)
    else:
        blocks = zip(tail.factors, own, strict=True)
        found = [_tail_projection(matrices[k], b / matrices[k] ** 2 if scale.simple else b) for k, b in blocks]
    for k, factor in enumerate(tail.factors):
        out.modes[factor], out.residuals[factor] = modes[tail.columns[k], 0], e[tail.columns[k]]
        out.covariances[factor], out.projections[factor] = w.tail[tail.blocks[k]], found[k]
    return modes[:, 0]


def _tail_projection(t: np.ndarray, w_u: np.ndarray) -> np.ndarray:
    """``Z_j' P Z_j`` of a tail factor: ``T^-T (I - W_u) T^-1``, with ``W = T W_u T'``."""
    q = len(t)
    inner = -w_u
    inner[np.arange(q), np.arange(q)] += 1.0
    inverse = np.linalg.inv(t)
    return np.asarray(np.matmul(inverse.T, np.tensordot(inverse, inner, axes=(0, 0))))


def _singular_projections(solved: SolvedTail, w: _Covariances, p: int) -> list[np.ndarray]:
    """The same of all tail factors, where a `T` is nearly singular: without dividing by it."""
    tail, scale = solved.tail, solved.scale
    store = projections(tail.fronts, solved.schur, scale.matrix)
    x = solved.xy[:, :p] - times(tail.fronts, solved.schur, scale.rows(solved.solved[:, :p], transpose=False))
    x = x @ w.xx_root
    return [
        store[places] - np.einsum("ajk,bjk->abj", x[at], x[at])
        for at, places in zip(tail.columns, tail.blocks, strict=True)
    ]


def _stage_posterior(
    block: Blocks, t: np.ndarray, beta: np.ndarray, tail_modes: np.ndarray, w: _Covariances, out: Posterior
) -> None:
    """Modes, covariances and projections of one stage."""
    stage, p = block.stage, len(beta)
    e_matrix = multiply(block.root.transpose(1, 0, 2), block.root)
    remaining = block.zxy[:, p] - np.matmul(beta, block.zxy[:, :p])
    for above, (parent, _) in stage.parents.items():
        remaining = remaining - apply(block.cross[above], out.modes[above][:, parent])
    if stage.tail is not None:
        remaining = remaining - stage.tail.times(block.tail, tail_modes[:, None])[:, 0]
    shrink = _shrink(t, block, e_matrix)
    spread = _spread(block, w, p)
    out.modes[stage.factor] = apply(e_matrix, remaining)
    out.residuals[stage.factor] = apply(shrink, remaining)
    out.covariances[stage.factor] = e_matrix + multiply(multiply(e_matrix, spread), e_matrix)
    inner = multiply(shrink, block.zz)
    out.projections[stage.factor] = inner - outer(multiply(shrink, spread), shrink)


def _shrink(t: np.ndarray, block: Blocks, e_matrix: np.ndarray) -> np.ndarray:
    """``I - S E`` level by level, shape (q, q, J)."""
    q = len(e_matrix)
    if q == 1:
        return 1.0 / (1.0 + t[0, 0] ** 2 * block.zz)
    out = -multiply(block.zz, e_matrix)
    out[np.arange(q), np.arange(q)] += 1.0
    return out


def _spread(block: Blocks, w: _Covariances, p: int) -> np.ndarray:
    """``Q = A_iN W_NN A_iN'`` level by level, shape (q, q, J)."""
    stage, x = block.stage, block.zxy[:, :p]
    through_x = np.matmul(w.xx_root.T, x)
    out = outer(through_x, through_x)
    if stage.tail is not None:
        out += stage.tail.quadratic(block.tail, w.tail)
        out += add_transposed(outer(stage.tail.times(block.tail, w.tail_x), x))
    factors = list(stage.parents)
    for position, t in enumerate(factors):
        parent, a = stage.parents[t][0], block.cross[t]
        out += outer(multiply(a, w.own[t][:, :, parent]), a)
        out += add_transposed(outer(multiply(a, w.x[t][:, :, parent]), x))
        for u in factors[position + 1 :]:
            out += add_transposed(outer(multiply(a, w.to[t][u][:, :, parent]), block.cross[u]))
        if stage.tail is not None:
            rows = stage.tail.row
            through = apply(a[:, :, rows], w.to_tail[t][:, stage.maps[t]])
            out += add_transposed(sum_by(rows, through[:, None] * block.tail[None], out.shape[2]))
    return out


def _keep(block: Blocks, own: np.ndarray, w: _Covariances, p: int) -> None:
    """Covariances ``W_iN = -E A_iN W_NN`` with the fixed effects, later stages, and the tail's neighbours."""
    stage, x, t = block.stage, block.zxy[:, :p], block.stage.factor
    e_matrix = multiply(block.root.transpose(1, 0, 2), block.root)
    to_x = np.matmul(w.xx, x)
    to = {u: outer(x, w.x[u][:, :, parent]) for u, (parent, _) in stage.parents.items()}
    to_tail, rows = np.empty((len(x), 0)), np.empty(0, dtype=int)
    if stage.tail is not None:
        rows, columns = stage.tail.row, stage.tail.column
        to_x += stage.tail.times(block.tail, w.tail_x)
        to_tail = np.einsum("akj,jk->aj", x[:, :, rows], w.tail_x[columns])
        to_tail += stage.tail.through(block.tail, w.tail)
    for u, (parent, _) in stage.parents.items():
        a = block.cross[u]
        to_x += multiply(a, w.x[u][:, :, parent])
        for v in to:
            middle = w.own[u][:, :, parent] if u == v else _oriented(w, u, v, stage)
            to[v] += multiply(a, middle)
        if stage.tail is not None:
            to_tail += apply(a[:, :, rows], w.to_tail[u][:, stage.maps[u]])
            across = w.to_tail[u][:, stage.maps[u]] * block.tail[:, None]
            to[u] += sum_by(rows, across, len(stage.parents[u][0]))
    w.own[t] = own
    w.x[t] = -multiply(e_matrix, to_x)
    w.to[t] = {u: -multiply(e_matrix, middle) for u, middle in to.items()}
    if stage.tail is not None:
        w.to_tail[t] = -apply(e_matrix[:, :, rows], to_tail)


def _oriented(w: _Covariances, u: int, v: int, stage: Stage) -> np.ndarray:
    """W between two later stages, by the levels of `stage`, rows for u."""
    if v in w.to[u]:
        return w.to[u][v][:, :, stage.parents[u][0]]
    return w.to[v][u][:, :, stage.parents[v][0]].transpose(1, 0, 2)
