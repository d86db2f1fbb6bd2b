"""How ``Z_j' V^-1 Z_j`` changes along a step of T: what forward and backward passes do, differentiated.

The derivative of ``log |V|`` by Sigma of a factor is ``sum_j Z_j' V^-1 Z_j``, so that second derivatives of ``log |V|``
follow from how this changes with another step: the trace ``tr(V^-1 V_a V^-1 V_b)`` without a matrix of all pairs of
levels. In the notation of `plan`, a step changes

- ``E`` by ``-E dS E``, and of its own factor by ``(I - ES) dSigma (I - SE)``
- what is eliminated, ``A' E A``, by ``D' A + A' D`` with ``D = E dA + dE A / 2``
- ``Z_i' V^-1 Z_i = (I - SE) S - (I - SE) Q (I - SE)'`` and W by the rules for products.

It is the forward mode of automatic differentiation applied to these recursions (Griewank & Walther 2008, Evaluating
Derivatives, chapter 3). The page `book/several_factors.md` has the derivation.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..covariance import sigma_bending
from ..level_matrices import add_transposed, multiply, outer, sum_by
from .backward import BackwardPass, CrossedEffects, Lineage, Neighbours
from .crossed_changes import CrossedSteps, Step
from .forward import EliminatedPart, Later, NestedState

__all__ = ["inner_sum", "log_det_curvature"]


@dataclass(frozen=True, slots=True, eq=False)
class StateChange:
    """Change of a `NestedState` along a step.

    Attributes
    ----------
    zz : ndarray, shape (q, q, J)
    later : Later
        Without the products with ``[X y]``.
    e : ndarray, shape (q, q, J)
        Of ``E``.
    """

    zz: np.ndarray
    later: Later
    e: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class SolvedState:
    """A nested factor's state with what its changes are made of, the same for all steps.

    Attributes
    ----------
    neighbours : Neighbours
    e, shrink, q : ndarray, shape (q, q, J)
        ``E``, ``I - SE`` and ``Q``.
    half : Later
        ``E A``.
    through : Later
        ``A W``, with the levels above and the crossed effects.
    """

    neighbours: Neighbours
    e: np.ndarray
    shrink: np.ndarray
    q: np.ndarray
    half: Later
    through: Later

    @property
    def state(self) -> NestedState:
        """What the forward pass has left of the factor."""
        return self.neighbours.state

    @classmethod
    def of(cls, neighbours: Neighbours, first: bool) -> SolvedState:
        """Solve for one factor; of the first one, A does not change, so that ``A W`` is not asked for."""
        state = neighbours.state
        e = state.given_later()
        half = _later(multiply(e, state.later.above), state.at_entries(e, state.later.crossed))
        through = half if first else _later(neighbours.times_above(), neighbours.times_crossed())
        return cls(neighbours, e, state.shrink(e), neighbours.quadratic(), half, through)


def _later(above: np.ndarray, crossed: np.ndarray) -> Later:
    return Later(above, np.empty((len(above), 0, above.shape[2])), crossed)


def log_det_curvature(part: EliminatedPart, walk: BackwardPass, steps: list[Step]) -> np.ndarray:
    """Second derivatives of one part's ``log |V|`` along steps of T.

    Parameters
    ----------
    part : EliminatedPart
        Its crossed factors' system is a `ScaledSystem`.
    walk : BackwardPass
    steps : list of Step
        m steps.

    Returns
    -------
    ndarray, shape (m, m)
    """
    solved = [SolvedState.of(n, first=n.state is part.states[0]) for n in reversed(walk.neighbours)]
    crossed = None if part.crossed is None or walk.crossed is None else CrossedSteps(part.crossed, walk.crossed, steps)
    of_sigma = [step.of_sigma for step in steps]
    out = np.empty((len(steps), len(steps)))
    for a, step in enumerate(steps):
        forward, schur = _forward(part, solved, step)
        below = None
        if crossed is not None:
            row, below = crossed.along(a, schur)
            out[a] = row
        changes = _backward(solved, forward, below)
        for b, other in enumerate(steps):
            if other.factor in changes:
                out[a, b] = float(np.sum(of_sigma[b] * changes[other.factor]))
    _bend(out, part, walk, steps)
    return 0.5 * (out + out.T)


def _bend(out: np.ndarray, part: EliminatedPart, walk: BackwardPass, steps: list[Step]) -> None:
    """Add what second derivatives of the nested factors' Sigma give, in place."""
    for state in part.states:
        mine = [a for a, step in enumerate(steps) if step.factor == state.nested.factor]
        if mine:
            changes = np.stack([steps[a].change for a in mine])
            out[np.ix_(mine, mine)] += sigma_bending(changes, inner_sum(walk, state.nested.factor))


def inner_sum(walk: BackwardPass, factor: int) -> np.ndarray:
    """``sum_j Z_j' V^-1 Z_j`` of one factor's levels in this part, shape (q, q)."""
    found = walk.factors[factor]
    f = found.outside[:, :-1]
    return found.projections.sum(axis=2) + np.einsum("akj,bkj->ab", f, f)


def _forward(
    part: EliminatedPart, solved: list[SolvedState], step: Step
) -> tuple[list[StateChange | None], np.ndarray | None]:
    """Changes of the nested factors' states along a step, None before its own, and of the Schur complement."""
    out: list[StateChange | None] = []
    update: Later | None = None
    schur: np.ndarray | None = None
    for mine in solved:
        state, own = mine.state, mine.state.nested.factor == step.factor
        if update is None and not own:
            out.append(None)
            continue
        change = _state_change(mine, update, step.of_sigma if own else None)
        out.append(change)
        half = _later(
            multiply(mine.e, change.later.above) + 0.5 * multiply(change.e, state.later.above),
            state.at_entries(mine.e, change.later.crossed) + 0.5 * state.at_entries(change.e, state.later.crossed),
        )
        incidence = state.nested.crossed
        if incidence is not None:
            if incidence.presummed:
                sign = 1.0 if change.e.sum() >= 0 else -1.0  # that of dSigma, in all levels
                explained = sign * incidence.weighted_gram(sign * change.e[0, 0])
            else:
                explained = incidence.mixed_gram(state.later.crossed, half.crossed)
            schur = -explained if schur is None else schur - explained
        if state.nested.parents is not None:
            update = _update_change(state, half, update)
    return out, schur


def _state_change(mine: SolvedState, update: Later | None, of_sigma: np.ndarray | None) -> StateChange:
    """Change of one state, by what the factors before it explain and by its own Sigma."""
    state, q = mine.state, len(mine.e)
    if update is None:
        zz, later = (
            np.zeros_like(state.zz),
            _later(np.zeros_like(state.later.above), np.zeros_like(state.later.crossed)),
        )
        e = np.zeros_like(mine.e)
    else:
        zz, later = -update.above[:q, :q], _later(-update.above[:q, q:], -update.crossed[:q])
        e = -multiply(multiply(mine.e, zz), mine.e)
    if of_sigma is not None:
        turned = mine.shrink.transpose(1, 0, 2)  # I - ES
        e = e + multiply(np.tensordot(turned, of_sigma, axes=(1, 0)).transpose(0, 2, 1), mine.shrink)
    return StateChange(zz, later, e)


def _update_change(state: NestedState, half: Later, before: Later | None) -> Later:
    """Change of what the factors up to this one explain, level by level of the next; see `forward._update`."""
    parents, later = state.nested.parents, state.later
    assert parents is not None
    turned = later.above.transpose(1, 0, 2)
    above = add_transposed(multiply(turned, half.above))
    crossed = state.at_entries(turned, half.crossed) + state.at_entries(half.above.transpose(1, 0, 2), later.crossed)
    if before is not None:
        q = len(state.zz)
        above, crossed = above + before.above[q:, q:], crossed + before.crossed[q:]
    return _later(parents.level_sums(above), parents.entry_sums(crossed))


def _backward(
    solved: list[SolvedState], forward: list[StateChange | None], crossed: CrossedEffects | None
) -> dict[int, np.ndarray]:
    """Changes of the nested factors' ``sum_i Z_i' V^-1 Z_i``, shapes (q, q), by factor."""
    out: dict[int, np.ndarray] = {}
    lineage: Lineage | None = None
    for k in range(len(solved) - 1, -1, -1):
        mine, change = solved[k], forward[k]
        parents = mine.state.nested.parents
        above = None if lineage is None or parents is None else lineage.of_children(parents)
        changed = Neighbours(mine.state, above, crossed)  # A dW for A W
        q = changed.quadratic()
        if change is not None and k:
            q += add_transposed(_times_through(mine, change.later))
        out[mine.state.nested.factor] = _inner_change(mine, change, q)
        if k:
            lineage = _lineage_change(mine, change, changed, q)
    return out


def _times_through(mine: SolvedState, change: Later) -> np.ndarray:
    """``dA W A'`` level by level, shape (q, q, J)."""
    out, incidence = outer(change.above, mine.through.above), mine.state.nested.crossed
    if incidence is not None:
        out += sum_by(incidence.row, change.crossed[:, None] * mine.through.crossed, incidence.levels)
    return out


def _inner_change(mine: SolvedState, change: StateChange | None, q: np.ndarray) -> np.ndarray:
    """Change of ``sum_i (I - SE) S - (I - SE) Q (I - SE)'``, shape (q, q), with the change of Q."""
    spread = outer(multiply(mine.shrink, q), mine.shrink)
    if change is None:
        return -spread.sum(axis=2)
    shrink = -multiply(change.zz, mine.e) - multiply(mine.state.zz, change.e)
    within = multiply(shrink, mine.state.zz) + multiply(mine.shrink, change.zz)
    across = outer(multiply(shrink, mine.q), mine.shrink)
    return np.asarray((within - add_transposed(across) - spread).sum(axis=2))


def _lineage_change(mine: SolvedState, change: StateChange | None, changed: Neighbours, q: np.ndarray) -> Lineage:
    """Change of what `backward` hands on as `Lineage`, without effects."""
    state, above, incidence = mine.state, mine.neighbours.above, mine.state.nested.crossed
    own = multiply(multiply(mine.e, q), mine.e)
    with_above, with_crossed = (
        multiply(mine.e, changed.times_above()),
        state.at_entries(mine.e, changed.times_crossed()),
    )
    if change is not None:
        one_side = multiply(multiply(change.e, mine.q), mine.e)
        own = own + change.e + add_transposed(one_side)
        moved = replace(mine.neighbours, state=replace(state, later=change.later))  # dA W
        with_above = with_above + multiply(change.e, mine.through.above) + multiply(mine.e, moved.times_above())
        if incidence is not None:
            across = state.at_entries(mine.e, moved.times_crossed())
            with_crossed = with_crossed + state.at_entries(change.e, mine.through.crossed) + across
    none = np.empty((len(own), 0, own.shape[2]))
    if above is None or changed.above is None:
        return Lineage(none, own, -with_crossed)
    covariances = np.concatenate(
        [
            np.concatenate([own, -with_above], axis=1),
            np.concatenate([-with_above.transpose(1, 0, 2), changed.above.covariances], axis=1),
        ]
    )
    effects = np.concatenate([none, changed.above.effects])
    return Lineage(effects, covariances, np.concatenate([-with_crossed, changed.above.with_crossed]))
