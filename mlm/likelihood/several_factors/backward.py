"""Backward: conditional modes and covariances of the random effects, and what the derivatives are made of.

Runs through the nested factors in reverse, from the crossed ones. `Neighbours` has what is known by then of the later
effects that a factor's levels share rows with. See `plan` for the notation and the three formulas.

Right sides are those of ``[X R, y - X beta]``, with ``R R' = (X' V^-1 X)^-1``, where the fixed effects count as
estimated, and of ``y - X beta`` alone where they count as known: k + 1 columns, k being p or 0. As in `one_factor`,
*outside* is ``Z_j' V^-1 [X R, y - X beta] = [F_j, e_j]``, with ``Z_j' P Z_j = Z_j' V^-1 Z_j - F_j F_j'``.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import partial

import numpy as np

from ...sparse.arithmetic import add_product, times
from ...sparse.fronts import Fronts
from ..fixed_effects import FixedPart
from ..level_matrices import add_transposed, apply, multiply, outer, sum_by
from .crossed import PrecisionSystem, Solve
from .forward import Eliminated, EliminatedPart, Later, NestedState, SolvedCrossed
from .parts import Part
from .plan import Parents

__all__ = [
    "BackwardPass",
    "CrossedEffects",
    "FactorPosterior",
    "Lineage",
    "Neighbours",
    "Posterior",
    "posterior",
    "right_sides",
    "walk_back",
]


@dataclass(frozen=True, slots=True, eq=False)
class FactorPosterior:
    """What is known of the levels of one factor.

    Attributes
    ----------
    modes : ndarray, shape (q, J)
        Conditional modes b.
    covariances : ndarray, shape (q, q, J)
        Diagonal blocks of W: covariances given y and the fixed effects, over sigma².
    projections : ndarray, shape (q, q, J)
        ``Z_j' P Z_j`` (P is ``V^-1``, with the fixed effects projected out where they count as estimated).
    outside : ndarray, shape (q, k + 1, J)
        ``[F_j, e_j]``.
    """

    modes: np.ndarray
    covariances: np.ndarray
    projections: np.ndarray
    outside: np.ndarray

    @property
    def residuals(self) -> np.ndarray:
        """``e_j = Z_j' V^-1 (y - X beta)``, shape (q, J)."""
        return self.outside[:, -1].copy()  # so that it does not keep the others alive


@dataclass(frozen=True, slots=True, eq=False)
class Posterior:
    """What is known of the random effects.

    Attributes
    ----------
    factors : list of FactorPosterior
    crossed : list of CrossedEffects or None
        Of each part of the data.
    """

    factors: list[FactorPosterior]
    crossed: list[CrossedEffects | None]


@dataclass(frozen=True, slots=True, eq=False)
class Lineage:
    """A level's effects and those of the levels above it: together b in number.

    Attributes
    ----------
    effects : ndarray, shape (b, k + 1, J)
        Solutions for the right sides; the last column are modes.
    covariances : ndarray, shape (b, b, J)
        W between them.
    with_crossed : ndarray, shape (b, nnz)
        W between them and the crossed effects that the level shares rows with.
    """

    effects: np.ndarray
    covariances: np.ndarray
    with_crossed: np.ndarray

    def of_children(self, parents: Parents) -> Lineage:
        """The same by level of the factor before: a child shares rows with some of its parent's crossed effects."""
        return Lineage(
            parents.of_levels(self.effects),
            parents.of_levels(self.covariances),
            parents.of_entries(self.with_crossed),
        )


@dataclass(frozen=True, slots=True, eq=False)
class CrossedEffects:
    """The effects of the crossed factors.

    Attributes
    ----------
    fronts : Fronts
    effects : ndarray, shape (m, k + 1)
        Solutions for the right sides; the last column are modes.
    covariances : ndarray, shape (fronts.size,)
        W between them, a store.
    solve : callable or None
        Multiplies W with (m, k) columns, where it has taken the place of the factor of its inverse.
    """

    fronts: Fronts
    effects: np.ndarray
    covariances: np.ndarray
    solve: Solve | None

    def covariances_given_y(self) -> np.ndarray:
        """Covariances without the condition on fixed effects that count as estimated; W and `solve` are spent."""
        if self.effects.shape[1] > 1:
            add_product(self.fronts, self.covariances, self.effects[:, :-1])
        return self.covariances


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """The later effects N that each level i of a nested factor shares rows with: those above it, and crossed ones.

    Attributes
    ----------
    state : NestedState
        Has the cross-products ``A_iN``.
    above : Lineage or None
    crossed : CrossedEffects or None
    """

    state: NestedState
    above: Lineage | None
    crossed: CrossedEffects | None

    def remaining(self, columns: np.ndarray) -> np.ndarray:
        """What ``A_iN b_N`` leaves of right sides, shape (q, k + 1, J)."""
        later, incidence = self.state.later, self.state.nested.crossed
        if self.above is not None:
            columns = columns - multiply(later.above, self.above.effects)
        if self.crossed is not None and incidence is not None:
            columns = columns - incidence.times(later.crossed, self.crossed.effects)
        return columns

    def quadratic(self, later: Later | None = None) -> np.ndarray:
        """``Q = A_iN W_NN A_iN'`` level by level, shape (q, q, J); of other cross-products in the place of A."""
        later, incidence = later or self.state.later, self.state.nested.crossed
        out = np.zeros_like(self.state.zz)
        if self.above is not None:
            out += outer(multiply(later.above, self.above.covariances), later.above)
        if self.crossed is not None and incidence is not None:
            out += incidence.quadratic(later.crossed, self.crossed.covariances)
            if self.above is not None:
                between = self.state.at_entries(later.above, self.above.with_crossed)
                out += add_transposed(sum_by(incidence.row, between[:, None] * later.crossed, incidence.levels))
        return out

    def times_above(self) -> np.ndarray:
        """``A_iN W_NP``, P being the effects above: shape (q, a, J)."""
        later, incidence = self.state.later, self.state.nested.crossed
        if self.above is None:
            return later.above
        out = multiply(later.above, self.above.covariances)
        if incidence is not None:
            across = later.crossed[:, None] * self.above.with_crossed
            out += sum_by(incidence.row, across, incidence.levels)
        return out

    def times_crossed(self) -> np.ndarray:
        """``A_iN W_NC``, C being the crossed effects that the level shares rows with: shape (q, nnz)."""
        later, incidence = self.state.later, self.state.nested.crossed
        if self.crossed is None or incidence is None:
            return later.crossed
        out = incidence.through(later.crossed, self.crossed.covariances)
        if self.above is not None:
            out += self.state.at_entries(later.above, self.above.with_crossed)
        return out


@dataclass(frozen=True, slots=True, eq=False)
class BackwardPass:
    """What going back through one part finds.

    Attributes
    ----------
    factors : dict of int to FactorPosterior
        By factor, its levels in this part.
    neighbours : list of Neighbours
        Of each nested factor, the last one first.
    crossed : CrossedEffects or None
    """

    factors: dict[int, FactorPosterior]
    neighbours: list[Neighbours]
    crossed: CrossedEffects | None


def posterior(parts: tuple[Part, ...], eliminated: Eliminated, estimated: bool) -> Posterior:
    """Run the backward pass; it spends the factor of crossed effects where their covariances can solve in its place.

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
    combine = right_sides(eliminated.fixed, estimated)
    found = [walk_back(part, combine, spend=True) for part in eliminated.parts]
    factors = [_join(parts, k, [walk.factors[k] for walk in found]) for k in range(len(eliminated.matrices))]
    return Posterior(factors, [walk.crossed for walk in found])


def right_sides(fixed: FixedPart, estimated: bool) -> np.ndarray:
    """What makes ``[X R, y - X beta]'`` of ``[X y]'``: shape (k + 1, p + 1)."""
    p = len(fixed.beta)
    out = np.zeros((1 + (p if estimated else 0), p + 1))
    if estimated:
        out[:p, :p] = fixed.inverse_root.T
    out[-1, :p], out[-1, p] = -fixed.beta, 1.0
    return out


def walk_back(part: EliminatedPart, combine: np.ndarray, spend: bool = False) -> BackwardPass:
    """Go back through one part, with right sides that `right_sides` makes of ``[X y]``; see `posterior` for `spend`."""
    out: dict[int, FactorPosterior] = {}
    crossed: CrossedEffects | None = None
    lineage: Lineage | None = None
    walked: list[Neighbours] = []
    if part.crossed is not None:
        crossed, found = _crossed_posterior(part.crossed, combine, spend)
        out.update(found)
    for state in reversed(part.states):
        parents = state.nested.parents
        above = None if lineage is None or parents is None else lineage.of_children(parents)
        neighbours = Neighbours(state, above, crossed)
        e, remaining = state.given_later(), neighbours.remaining(np.matmul(combine, state.later.zxy))
        mine = out[state.nested.factor] = _nested_posterior(neighbours, e, remaining)
        walked.append(neighbours)
        if state is not part.states[0]:
            lineage = _lineage(neighbours, e, remaining, mine.covariances)
    return BackwardPass(out, walked, crossed)


def _crossed_posterior(
    solved: SolvedCrossed, combine: np.ndarray, spend: bool
) -> tuple[CrossedEffects, dict[int, FactorPosterior]]:
    """Effects and covariances of the crossed factors, and what is known of them by factor."""
    crossed, system = solved.crossed, solved.system
    effects = system.effects(solved.solved @ combine.T)
    outside = crossed.by_level(system.outside(solved.zxy @ combine.T, effects))
    spend = spend and crossed.fronts.dense and isinstance(system, PrecisionSystem)
    inverse = solved.factor.inverse(overwrite=spend)
    inner = system.inner(inverse)
    covariances = system.covariance(inverse)
    found = {
        factor: FactorPosterior(b[:, -1], covariances[places], _projected(k, f), f)
        for factor, b, places, k, f in zip(
            crossed.factors, crossed.by_level(effects), crossed.blocks, inner, outside, strict=True
        )
    }
    solve = partial(times, crossed.fronts, covariances) if spend else None
    return CrossedEffects(crossed.fronts, effects, covariances, solve), found


def _nested_posterior(neighbours: Neighbours, e: np.ndarray, remaining: np.ndarray) -> FactorPosterior:
    """The three formulas, for all levels of a nested factor, of E and what is left for its effects to explain."""
    state = neighbours.state
    if len(e) > 1:
        return _posterior_of_several(neighbours, e, remaining)
    q, shrink = neighbours.quadratic(), state.shrink(e)
    inner = multiply(shrink, state.zz) - outer(multiply(shrink, q), shrink)
    outside = multiply(shrink, remaining)
    return FactorPosterior(
        modes=apply(e, remaining[:, -1]),
        covariances=e + multiply(multiply(e, q), e),
        projections=_projected(inner, outside),
        outside=outside,
    )


def _posterior_of_several(neighbours: Neighbours, e: np.ndarray, remaining: np.ndarray) -> FactorPosterior:
    """The same of several effects a level, with ``I - S E`` never formed: ``W_ii = E + Sigma Q Sigma`` of shrunk A.

    That is ``(S + Sigma^-1) E = I`` in other words, ``E = Sigma (I - S E)``. Columns that are nearly parallel, such as
    the constant and a far variable without a covariance, have a large Sigma and differences of it: with a relative
    standard deviation of 2e4 in each, ``S - S E S`` is wrong by 6e-6, which the gradient has times 6e8.
    """
    state = neighbours.state
    half, sigma = multiply(state.root, state.zz), state.t @ state.t.T
    q, outside = neighbours.quadratic(state.shrunk_later()), state.shrunk(remaining)
    inner = state.zz - multiply(half.transpose(1, 0, 2), half) - q
    spread = np.tensordot(sigma, np.tensordot(sigma, q, axes=(1, 0)), axes=(1, 1)).transpose(1, 0, 2)
    return FactorPosterior(apply(e, remaining[:, -1]), e + spread, _projected(inner, outside), outside)


def _projected(inner: np.ndarray, outside: np.ndarray) -> np.ndarray:
    """``Z_j' P Z_j = Z_j' V^-1 Z_j - F_j F_j'``, shape (q, q, J)."""
    f = outside[:, :-1]
    return inner - outer(f, f) if f.shape[1] else inner


def _lineage(neighbours: Neighbours, e: np.ndarray, remaining: np.ndarray, own: np.ndarray) -> Lineage:
    """What earlier factors ask of this one and those above it: ``W_iN = -E A_iN W_NN`` beside what is known of N."""
    state, above = neighbours.state, neighbours.above
    effects, with_above = multiply(e, remaining), -multiply(e, neighbours.times_above())
    with_crossed = -state.at_entries(e, neighbours.times_crossed())
    if above is None:
        return Lineage(effects, own, with_crossed)
    return Lineage(
        np.concatenate([effects, above.effects]),
        np.concatenate(
            [
                np.concatenate([own, with_above], axis=1),
                np.concatenate([with_above.transpose(1, 0, 2), above.covariances], axis=1),
            ]
        ),
        np.concatenate([with_crossed, above.with_crossed]),
    )


def _join(parts: tuple[Part, ...], factor: int, found: list[FactorPosterior]) -> FactorPosterior:
    """Put one factor's levels of all parts back in their places."""
    levels = [part.levels[factor] for part in parts if part.levels is not None]
    if not levels:
        return found[0]
    order = np.argsort(np.concatenate(levels), kind="stable")
    pieces = ([getattr(f, field.name) for f in found] for field in fields(FactorPosterior))
    return FactorPosterior(*(np.concatenate(values, axis=-1)[..., order] for values in pieces))
