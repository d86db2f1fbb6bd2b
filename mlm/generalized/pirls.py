"""Conditional modes of the random effects, by penalised iteratively reweighted least squares.

For given theta and beta the *spherical* effects u, with random effects ``b = T u``, minimise the deviance of the rows
plus ``|u|²`` (Breslow & Clayton 1993, J. Am. Stat. Assoc. 88, section 2; Bates, Maechler, Bolker & Walker 2015 for the
notation). Newton's steps, halved until the sum falls, end where nothing is left to go. With `joint` the fixed effects
are moved along with them: that is what ``n_agq=0`` is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.linalg import lapack

from ..errors import FitError
from .rows import Blocks, Rows
from .systems import Structure, System
from .working import AtRows, Working

__all__ = [
    "OR_LINK",
    "OR_START",
    "FixedSystem",
    "Mode",
    "Problem",
    "find_mode",
    "predicted",
    "pulled",
    "scaled_effects",
]

MOST_STEPS, MOST_HALVINGS = 100, 40
# Square of a step's length in the metric of the second derivatives, below which it leaves nothing to go (its square is
# rounding), and below which it is not taken; over `Working.sharpness`, and over its square.
CLOSE, ARRIVED = 1e-9, 1e-18
# Share of the last step's square from which steps so short fall no more but for rounding.
STALLED = 0.1
OR_START, OR_LINK = ", or give values in start=", ", or take another link"
NO_MEANS = "The linear predictor gives means that the family cannot have"
NOT_FOUND = (
    "The conditional modes of the random effects cannot be found: steps lead to means that the family cannot have"
)
OTHER_LINK = f". Take another link, whose means are in the family's range for any predictor{OR_START}."
NEARER = f", or no numbers. Look for values far from the others, in predictors and the offset{OR_START}."
NOT_TOLD = (
    "The fixed effects cannot be told from one another to working precision: they depend on one another, or the fit "
    f"has come to the edge of what means the family can have. Leave a predictor out{OR_LINK}."
)
NOT_IN_STEPS = (
    f"The conditional modes of the random effects are not found in {MOST_STEPS} steps. Leave out a random "
    f"term, look for values far from the others{OR_LINK}{OR_START}."
)
# Share of the sum that may be rounding.
ROUNDING = 1e-13


class Problem(NamedTuple):
    """The rows, their family, and where the system's entries stand."""

    rows: Rows
    working: Working
    structure: Structure


class Mode(NamedTuple):
    """The conditional modes for one theta.

    Attributes
    ----------
    matrices : list of ndarray, shapes (q, q)
        Each factor's T.
    beta : ndarray, shape (p,)
    u : list of ndarray, shapes (q, J)
    at : AtRows
    blocks : mapping
        Of ``Z' W Z`` with the expected information W, at the cells.
    system : System
        With the expected information.
    observed : ndarray, shape (n,)
        Observed information.
    curvature : System
        The system with that.
    fixed : FixedSystem or None
        What the fixed effects add, if they are moved along.
    penalty : float
        ``|u|²``.
    """

    matrices: list[np.ndarray]
    beta: np.ndarray
    u: list[np.ndarray]
    at: AtRows
    blocks: Blocks
    system: System
    observed: np.ndarray
    curvature: System
    fixed: FixedSystem | None
    penalty: float


class FixedSystem:
    """The fixed effects' part of the joint system, random effects eliminated."""

    def __init__(self, rows: Rows, matrices: Sequence[np.ndarray], weights: np.ndarray, system: System) -> None:
        scaled = rows.xt * weights
        self.system = system
        self.across = _transform(matrices, rows.gather(scaled))
        self.solved = system.solve(self.across)
        self.information = scaled @ rows.xt.T - _flat(self.across).T @ _flat(self.solved)

    @property
    def definite(self) -> bool:
        """Whether the fixed effects' information is positive definite."""
        return not lapack.dpotrf(self.information)[1]

    def solve(self, vector: list[np.ndarray], fixed: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
        """Solve for vectors (q, J, 1) of random effects and (p,) of fixed ones."""
        own = self.system.solve(vector)
        rest = fixed - _flat(self.across).T @ _flat(own)[:, 0]
        _, beta, info = lapack.dposv(self.information, rest)
        if info:
            raise FitError(NOT_TOLD)
        return [o - (s @ beta)[:, :, None] for o, s in zip(own, self.solved, strict=True)], beta


def _flat(vector: list[np.ndarray]) -> np.ndarray:
    """Vectors (q, J, c) one below the other: (effects, c)."""
    flat = [v.reshape(-1, v.shape[2]) for v in vector]
    return flat[0] if len(flat) == 1 else np.concatenate(flat)


def _transform(matrices: Sequence[np.ndarray], vector: list[np.ndarray]) -> list[np.ndarray]:
    """Multiply T' with vectors (q, J) or (q, J, c)."""
    return [_product(t, v) for t, v in zip(matrices, vector, strict=True)]


def _product(t: np.ndarray, v: np.ndarray) -> np.ndarray:
    if len(t) == 1:
        return t[0, 0] * v
    return t.T @ v if v.ndim == 2 else np.tensordot(t.T, v, axes=1)


def scaled_effects(matrices: Sequence[np.ndarray], u: list[np.ndarray]) -> list[np.ndarray]:
    """Random effects ``b = T u``, shapes (q, J) or (q, J, c)."""
    return _transform([t.T for t in matrices], u)


def pulled(rows: Rows, matrices: Sequence[np.ndarray], values: np.ndarray) -> list[np.ndarray]:
    """``T' Z' values``, shapes (q, J)."""
    return _transform(matrices, rows.gather(values))


def predicted(
    rows: Rows, mode: Mode, matrices: list[np.ndarray], beta: np.ndarray, joint: bool
) -> tuple[list[np.ndarray], np.ndarray]:
    """Where the modes (q, J), and with `joint` beta, move to, to first order, when theta and else beta do.

    By the implicit function theorem, from the sum's slope ``u - T' Z' s`` with the rows' scores s.
    """
    changes = [new - old for new, old in zip(matrices, mode.matrices, strict=True)]
    moved = rows.spread(scaled_effects(changes, mode.u)) + (beta - mode.beta) @ rows.xt
    lost = mode.observed * moved
    through, own = pulled(rows, mode.matrices, lost), pulled(rows, changes, mode.at.score)
    slope = [(s - t)[:, :, None] for s, t in zip(own, through, strict=True)]
    if joint and mode.fixed is not None and mode.fixed.definite:
        steps, move = mode.fixed.solve(slope, -(rows.xt @ lost))
        beta = beta + move
    else:
        steps = mode.curvature.solve(slope)
    return [u + step[:, :, 0] for u, step in zip(mode.u, steps, strict=True)], beta


def find_mode(
    problem: Problem,
    matrices: list[np.ndarray],
    beta: np.ndarray,
    u: list[np.ndarray],
    joint: bool = False,
) -> Mode:
    """Find the conditional modes.

    Parameters
    ----------
    problem : Problem
    matrices : list of ndarray, shapes (q, q)
        Each factor's T.
    beta : ndarray, shape (p,)
        Fixed effects; with `joint`, where they start.
    u : list of ndarray, shapes (q, J)
        Where the search starts.
    joint : bool
        Move the fixed effects as well.

    Returns
    -------
    Mode

    Raises
    ------
    FitError
        When the start has means that the family does not have, or no mode is found.
    """
    rows, working, structure = problem
    eta = _predictor(rows, matrices, beta, u)
    if not working.admits(eta):
        raise FitError(NO_MEANS + _remedy(working))
    at, penalty = working.at(eta), _squares(u)
    last, before = False, np.inf
    for _ in range(MOST_STEPS):
        blocks = rows.weighted(at.weights)
        system = structure.system(blocks, matrices)
        observed, curvature = _curvature(problem, matrices, at, system)
        fixed = None
        if joint:
            fixed = FixedSystem(rows, matrices, observed, curvature)
            if observed is not at.weights and not fixed.definite:
                observed, curvature = at.weights, system
                fixed = FixedSystem(rows, matrices, observed, curvature)
        if last:
            break
        pull = pulled(rows, matrices, at.score)
        slope = [(p - v)[:, :, None] for p, v in zip(pull, u, strict=True)]
        step, move = _step(rows, at, slope, fixed, curvature)
        size = float(sum([np.vdot(s, g) for s, g in zip(step, slope, strict=True)]))
        size += float(move @ (rows.xt @ at.score)) if joint else 0.0
        finer = working.sharpness(at)
        if size < ARRIVED / finer**2:
            break
        last = size < CLOSE / finer or (size < CLOSE and size > STALLED * before)
        before = size
        found = _lower(problem, matrices, (beta, u, at, penalty), (move, [s[:, :, 0] for s in step]), joint)
        if found is None:
            if size > 1e-6:
                raise FitError(NOT_FOUND + _remedy(working))
            break
        beta, u, at, penalty = found
    else:
        raise FitError(NOT_IN_STEPS)
    return Mode(matrices, beta, u, at, blocks, system, observed, curvature, fixed, penalty)


def _remedy(working: Working) -> str:
    return NEARER if working.family.takes_any_predictor else OTHER_LINK


def _squares(u: list[np.ndarray]) -> float:
    return float(sum([np.vdot(v, v) for v in u]))


def _predictor(rows: Rows, matrices: list[np.ndarray], beta: np.ndarray, u: list[np.ndarray]) -> np.ndarray:
    return rows.offset + beta @ rows.xt + rows.spread(scaled_effects(matrices, u))


def _curvature(problem: Problem, matrices: list[np.ndarray], at: AtRows, system: System) -> tuple[np.ndarray, System]:
    """Observed information and its system; the expected one where that is not positive definite."""
    rows, working, structure = problem
    observed = working.observed(at)
    if observed is at.weights:
        return observed, system
    try:
        return observed, structure.system(rows.weighted(observed), matrices)
    except FitError:
        return at.weights, system


def _step(
    rows: Rows, at: AtRows, slope: list[np.ndarray], fixed: FixedSystem | None, curvature: System
) -> tuple[list[np.ndarray], np.ndarray]:
    """Newton's step of the random effects (q, J, 1), and of the fixed ones (p,)."""
    if fixed is None:
        return curvature.solve(slope), np.zeros(len(rows.xt))
    return fixed.solve(slope, rows.xt @ at.score)


def _lower(
    problem: Problem,
    matrices: list[np.ndarray],
    here: tuple[np.ndarray, list[np.ndarray], AtRows, float],
    step: tuple[np.ndarray, list[np.ndarray]],
    joint: bool,
) -> tuple[np.ndarray, list[np.ndarray], AtRows, float] | None:
    """Halve a step until the deviance and the penalty fall; None where they do not."""
    rows, working, _ = problem
    beta, u, at, penalty = here
    along = rows.spread(scaled_effects(matrices, step[1]))
    if joint:
        along = along + step[0] @ rows.xt
    total = at.deviance + penalty
    limit = total + max(ROUNDING * abs(total), working.rounding(at))
    share = 1.0
    for _ in range(MOST_HALVINGS):
        eta = at.eta + share * along
        if working.admits(eta):
            moved = [v + share * s for v, s in zip(u, step[1], strict=True)]
            tried, squares = working.at(eta), _squares(moved)
            if tried.deviance + squares <= limit:
                return beta + share * step[0], moved, tried, squares
        share *= 0.5
    return None
