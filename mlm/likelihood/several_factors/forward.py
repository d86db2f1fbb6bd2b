"""Forward: eliminate the random effects, factor by factor, down to what is left for the fixed effects.

See `plan` for the order and the notation; Bates et al. (2015), section 3, for the Cholesky factor this builds, and the
page `book/several_factors.md` for the way from there to here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...sparse.cholesky import Factor, factor
from ..fixed_effects import FixedPart, solve_fixed
from ..level_matrices import apply, level_roots, multiply
from .crossed import Crossed, PrecisionSystem, ScaledSystem, crossed_system
from .incidence import Incidence
from .parts import Part
from .plan import Nested, Parents, Plan

__all__ = ["Eliminated", "EliminatedPart", "Later", "NestedState", "SolvedCrossed", "eliminate", "sum_over_levels"]


@dataclass(frozen=True, slots=True, eq=False)
class Later:
    """Cross-products of r effects a level with all that is eliminated after them.

    Attributes
    ----------
    above : ndarray, shape (r, a, J)
        With the effects of the levels above.
    zxy : ndarray, shape (r, p + 1, J)
        With ``[X y]``.
    crossed : ndarray, shape (r, nnz)
        With the crossed effects, on the pattern of the factor's `Incidence`; without one, nnz is 0.
    """

    above: np.ndarray
    zxy: np.ndarray
    crossed: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class NestedState:
    """A nested factor when its turn has come: the factors before it have been eliminated.

    Attributes
    ----------
    nested : Nested
    t : ndarray, shape (q, q)
        Its `T`.
    zz : ndarray, shape (q, q, J)
        S: ``Z_i' Z_i``, less what the factors before it explain; so are the cross-products in `later`.
    later : Later
    root : ndarray, shape (q, q, J)
        ``L^-1 T'`` with ``L L' = T' S T + I``.
    log_det : float
        Sum over levels of ``log |L L'|``.
    """

    nested: Nested
    t: np.ndarray
    zz: np.ndarray
    later: Later
    root: np.ndarray
    log_det: float

    def half_solved(self) -> Later:
        """``L^-1 T'`` times the cross-products with what comes later: products of two such rows are eliminated."""
        return Later(
            multiply(self.root, self.later.above),
            multiply(self.root, self.later.zxy),
            self.at_entries(self.root, self.later.crossed),
        )

    def given_later(self) -> np.ndarray:
        """E: covariance of a level's effects given all later ones, over sigma², shape (q, q, J)."""
        return multiply(self.root.transpose(1, 0, 2), self.root)

    def shrink(self, e: np.ndarray) -> np.ndarray:
        """``I - S E`` level by level, shape (q, q, J)."""
        if len(e) == 1:
            return 1.0 / (1.0 + self.t[0, 0] ** 2 * self.zz)
        out, diagonal = -multiply(self.zz, e), np.arange(len(e))
        out[diagonal, diagonal] += 1.0
        return out

    def shrunk(self, columns: np.ndarray, entries: bool = False) -> np.ndarray:
        """``(I - S E)`` times columns (q, k, J), or times the values (q, nnz) of crossed columns.

        As ``C - S L'' (L'' C)``, with the root ``L'' = L^-1 T'``: E is as large as Sigma, and where columns are nearly
        parallel a rounding of E would be multiplied with S, and the product with Sigma again.
        """
        half, turned = multiply(self.root, self.zz).transpose(1, 0, 2), self.root
        if entries:
            return columns - self.at_entries(half, self.at_entries(turned, columns))
        return columns - multiply(half, multiply(turned, columns))

    def shrunk_later(self) -> Later:
        """``(I - S E)`` times the cross-products with what comes later."""
        later = self.later
        return Later(self.shrunk(later.above), self.shrunk(later.zxy), self.shrunk(later.crossed, entries=True))

    def explained_of_crossed(self, incidence: Incidence, half: Later) -> np.ndarray:
        """What this factor explains of the crossed effects' ``Z'Z``, of its half-solved cross-products: a store."""
        return incidence.weighted_gram(self.root[0, 0] ** 2) if incidence.presummed else incidence.gram(half.crossed)

    def at_entries(self, matrices: np.ndarray, crossed: np.ndarray) -> np.ndarray:
        """Multiply a matrix a level (r, q, J) with its level's values (q, nnz) for crossed columns: shape (r, nnz)."""
        if self.nested.crossed is None:
            return np.empty((len(matrices), 0))
        return apply(matrices[:, :, self.nested.crossed.row], crossed)


@dataclass(frozen=True, slots=True, eq=False)
class SolvedCrossed:
    """The system of the crossed factors, solved.

    Attributes
    ----------
    crossed : Crossed
    system : PrecisionSystem or ScaledSystem
        How theta enters its matrix M.
    factor : Factor
        Of M.
    solved : ndarray, shape (m, p + 1)
        Solutions for the right sides ``Z' [X y]``.
    zxy : ndarray, shape (m, p + 1)
        ``Z' [X y]`` after the elimination of the nested factors.
    """

    crossed: Crossed
    system: PrecisionSystem | ScaledSystem
    factor: Factor
    solved: np.ndarray
    zxy: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class EliminatedPart:
    """What the forward pass leaves behind of one part.

    Attributes
    ----------
    plan : Plan
    states : list of NestedState
    crossed : SolvedCrossed or None
    explained : ndarray, shape (p + 1, p + 1)
        What its random effects take out of ``[X y]' [X y]``.
    log_det : float
        Its share of ``log |Lambda' Z'Z Lambda + I|``.
    """

    plan: Plan
    states: list[NestedState]
    crossed: SolvedCrossed | None
    explained: np.ndarray
    log_det: float


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


def eliminate(parts: tuple[Part, ...], xy: np.ndarray, matrices: list[np.ndarray], scaled: bool = False) -> Eliminated:
    """Run the forward pass.

    Parameters
    ----------
    parts : tuple of Part
    xy : ndarray, shape (p + 1, p + 1)
        ``[X y]' [X y]``.
    matrices : list of ndarray, shapes (q, q)
        Each factor's `T`.
    scaled : bool
        Whether the crossed factors' system is to have the form that holds for every `T`, see `crossed_system`.

    Returns
    -------
    Eliminated

    Raises
    ------
    FitError
        When nothing is left of the response, or the fixed-effects columns are dependent.
    """
    done = [_eliminate_part(part.plan, matrices, scaled) for part in parts]
    rest = xy - sum(part.explained for part in done)
    return Eliminated(matrices, done, solve_fixed(rest, len(rest) - 1), sum(part.log_det for part in done))


def _eliminate_part(plan: Plan, matrices: list[np.ndarray], scaled: bool) -> EliminatedPart:
    """Eliminate the nested factors in turn, each without what those before it explain; then solve the crossed ones."""
    states, update, log_det = [], None, 0.0
    explained = np.zeros((plan.right_sides,) * 2)
    taken, zxy = None, plan.crossed.zxy if plan.crossed else np.empty(0)
    for nested in plan.nested:
        state = _state(nested, matrices[nested.factor], update)
        half = state.half_solved()
        explained += sum_over_levels(half.zxy, half.zxy)
        log_det += state.log_det
        if nested.crossed is not None:
            more = state.explained_of_crossed(nested.crossed, half)
            taken = more if taken is None else np.add(taken, more, out=taken)
            zxy = zxy - nested.crossed.transposed_times(half.crossed, half.zxy)
        if nested.parents is not None:
            update = _update(state, half, nested.parents, update)
        states.append(state)
    if plan.crossed is None:
        return EliminatedPart(plan, states, None, explained, log_det)
    schur = plan.crossed.products(taken)
    solved, explained_too = _solve_crossed(plan.crossed, matrices, schur, zxy, scaled)
    log_det += solved.factor.log_det + solved.system.log_det
    return EliminatedPart(plan, states, solved, explained + explained_too, log_det)


def _state(nested: Nested, t: np.ndarray, update: Later | None) -> NestedState:
    """A nested factor's cross-products less the update, of which the first rows are those of its own effects."""
    data = np.empty((len(nested.zz), 0)) if nested.crossed is None else nested.crossed.data
    zz, later = nested.zz, Later(nested.above, nested.zxy, data)
    if update is not None:
        q = len(zz)
        zz = zz - update.above[:q, :q]
        later = Later(nested.above - update.above[:q, q:], nested.zxy - update.zxy[:q], data - update.crossed[:q])
    return NestedState(nested, t, zz, later, *level_roots(t, zz))


def _update(state: NestedState, half: Later, parents: Parents, before: Later | None) -> Later:
    """What the factors up to this one explain of the cross-products of the levels above, level by level of the next.

    Parameters
    ----------
    state : NestedState
    half : Later
        Its half-solved cross-products.
    parents : Parents
    before : Later or None
        What the factors before this one explain, level by level of this factor; its first rows are this factor's own.

    Returns
    -------
    Later
        Rows for the a effects of the levels above: those of the next factor first.
    """
    q, turned = len(state.zz), half.above.transpose(1, 0, 2)
    above, zxy = multiply(turned, half.above), multiply(turned, half.zxy)
    crossed = state.at_entries(turned, half.crossed)
    if before is not None:
        above, zxy, crossed = above + before.above[q:, q:], zxy + before.zxy[q:], crossed + before.crossed[q:]
    return Later(parents.level_sums(above), parents.level_sums(zxy), parents.entry_sums(crossed))


def _solve_crossed(
    crossed: Crossed, matrices: list[np.ndarray], schur: np.ndarray, zxy: np.ndarray, scaled: bool
) -> tuple[SolvedCrossed, np.ndarray]:
    """Factor the system of the Schur complement; also what the crossed effects explain of ``[X y]' [X y]``."""
    system, matrix = crossed_system(crossed, matrices, schur, scaled)
    done = factor(crossed.fronts, matrix)
    half = done.half_solve(system.right(zxy))
    return SolvedCrossed(crossed, system, done, done.finish_solve(half), zxy), half.T @ half


def sum_over_levels(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Sum over effects and levels of (q, k, J) times (q, l, J): shape (k, l)."""
    return np.asarray(sum(x @ y.T for x, y in zip(a, b, strict=True)))
