"""Probes: random signs from which traces and determinants are estimated, the same at every theta.

Of a symmetric B the trace is the mean of ``z' B z`` over vectors z of random signs (Hutchinson 1990, Commun. Statist.
Simul. 19, 433-450). With ``L L' = P``, near S, ``L' S^-1 L = I + B`` has a small B, so that little is left to
estimate. What the constant effects of a factor do, which is most of it where factors are crossed, is computed: the
probes are orthogonal to them, and they are solved for themselves.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..fixed_effects import FixedPart, solve_fixed
from .conjugate_gradients import Solved, conjugate_gradients, log_quadrature
from .system import SystemAt, by_level

__all__ = ["Elimination", "Probed", "eliminate", "probed", "signs"]

# Share that is left of right sides with the data, in the norm of the preconditioner: what it is squared is the rounding
# of the penalised sum of squares.
DATA_TOLERANCE = 1e-10
# ... and of those with probes. Measured on 0.8e6 ratings: theta changes by 1e-6 of its standard error from 1e-3 on.
PROBE_TOLERANCE = 1e-5


class Elimination(NamedTuple):
    """The random effects eliminated, without any error but that of conjugate gradients.

    Attributes
    ----------
    u : list of ndarray, shapes (q, J, p + 1)
        ``M^-1 Lambda' Z' [X y]`` of each factor.
    fixed : FixedPart
    iterations : int
    """

    u: list[np.ndarray]
    fixed: FixedPart
    iterations: int


class Probed(NamedTuple):
    """What probes tell.

    Attributes
    ----------
    log_det : ndarray, shape (probes,)
        ``log |M|``, as each probe has it.
    traces : list of ndarray, shapes (probes, q, q)
        The same of the sums over levels of the blocks of ``M^-1``.
    solved : ndarray, shape (m, probes + d)
        Solutions ``S^-1 L z`` less ``P^-1 L z``, for the probes and then for the constant effects.
    started : ndarray, shape (m, probes + d)
        ``P^-1 L z``.
    iterations : int
    """

    log_det: np.ndarray
    traces: list[np.ndarray]
    solved: np.ndarray
    started: np.ndarray
    iterations: int


def signs(width: int, probes: int, seed: int) -> np.ndarray:
    """Vectors of random signs, shape (width, probes)."""
    return np.where(np.random.default_rng(seed).random((width, probes)) < 0.5, -1.0, 1.0)


def eliminate(at: SystemAt, xy: np.ndarray) -> Elimination:
    """Solve for the effects that the data lead to, and for the fixed effects.

    Parameters
    ----------
    at : SystemAt
    xy : ndarray, shape (p + 1, p + 1)
    """
    system = at.system
    zxy = np.concatenate(system.zxy[1:])
    right = at.scaled_back(zxy - at.eliminated(system.zxy[0]))
    found = conjugate_gradients(at.times, at.precondition, right, np.full(right.shape[1], DATA_TOLERANCE))
    first = by_level(at.turned, system.zxy[0] - system.between @ at.scaled(found.x))
    explained = system.zxy[0].T @ by_level(at.given, system.zxy[0]) + right.T @ found.x
    rest = xy - 0.5 * (explained + explained.T)
    u = [first, *(found.x[part] for part in system.slices)]
    shaped = [v.reshape(q, levels, -1) for v, (q, levels) in zip(u, system.shapes, strict=True)]
    return Elimination(shaped, solve_fixed(rest, len(rest) - 1), found.iterations)


def probed(at: SystemAt, random: np.ndarray) -> Probed:
    """Estimate the determinant and the traces of the blocks of the inverse.

    Parameters
    ----------
    at : SystemAt
    random : ndarray, shape (m, probes)
        See `signs`.
    """
    constants = np.linalg.qr(at.rooted_back(_constants(at)))[0]
    many = random.shape[1]
    every = np.concatenate([random - constants @ (constants.T @ random), constants], axis=1)
    right = at.rooted(every)
    started = at.precondition(right)
    found = conjugate_gradients(at.times, at.precondition, right, np.full(right.shape[1], PROBE_TOLERANCE))
    rest = found.x - started
    parts = [
        _products(rest[part], started[part], q, _weights(inverse))
        for (part, (q, _)), inverse in zip(_parts(at), at.inverses, strict=True)
    ]
    q = at.system.shapes[0][0]
    through, with_started = at.through_first(rest), at.through_first(started)
    traces = [_products(through, with_started, q, np.full((q, q), 0.5)), *parts]
    known = [at.preconditioned_covariance(), *at.inverses]
    estimated = [_of_each(t, many) + k.sum(axis=2) for t, k in zip(traces, known, strict=True)]
    return Probed(at.log_det + _log_dets(found, every, many), estimated, rest, started, found.iterations)


def _constants(at: SystemAt) -> np.ndarray:
    """Effects that are the same in all levels, one column an effect of each factor but the first: shape (m, d)."""
    out = np.zeros((at.system.width, sum(q for _, (q, _) in _parts(at))))
    column = 0
    for part, (q, levels) in _parts(at):
        for effect in range(q):
            out[part.start + effect * levels : part.start + (effect + 1) * levels, column] = 1.0
            column += 1
    return out


def _parts(at: SystemAt) -> list[tuple[slice, tuple[int, int]]]:
    return list(zip(at.system.slices, at.system.shapes[1:], strict=True))


def _weights(inverse: np.ndarray) -> np.ndarray:
    """How far each of the two estimates of a covariance of effects is trusted, ``rest_a started_b`` at [a, b]: (q, q).

    What is left of an effect of little variance is as little, and so is its product with what another one started
    with; the other way round it is noise of the other's size.
    """
    shrunk = np.maximum(1.0 - np.einsum("aaj->a", inverse) / inverse.shape[2], np.finfo(float).tiny)
    return shrunk / (shrunk[:, None] + shrunk)


def _products(a: np.ndarray, b: np.ndarray, q: int, weights: np.ndarray) -> np.ndarray:
    """Sums over levels of the products of effects, column by column and symmetric: shape (k, q, q)."""
    one, other = (v.reshape(q, -1, v.shape[1]) for v in (a, b))
    half = weights * np.einsum("ajc,bjc->cab", one, other)
    return half + half.transpose(0, 2, 1)


def _of_each(columns: np.ndarray, many: int) -> np.ndarray:
    """What each of the probes says, with what the constant effects add to all of them."""
    return columns[:many] + columns[many:].sum(axis=0)


def _log_dets(found: Solved, right: np.ndarray, many: int) -> np.ndarray:
    """``log |L^-1 S L'^-1|`` as each probe has it.

    The first order of the logarithm, ``I - L^-1 S L'^-1``, has a diagonal of 0, and what a probe says of it is taken
    off: it is what the first step of conjugate gradients finds.
    """
    squares = np.einsum("ij,ij->j", right, right)
    logs = np.array([log_quadrature(found, c) for c in range(len(squares))])
    first = np.array([1.0 / lengths[0] - 1.0 if len(lengths) else 0.0 for lengths in found.lengths])
    return _of_each(squares * (logs - first), many)
