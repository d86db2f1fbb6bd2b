"""Where the search of a generalized mixed model starts.

The start of theta is a moment estimate from the model without random effects: per level the score s and information S
of an effect, of which ``s²/S`` is 1 on average if there is no variance (DerSimonian & Laird 1986, Control. Clin. Trials
7, as for a meta-analysis of levels).
"""

from __future__ import annotations

import numpy as np

from ..errors import FitError
from ..generalized.irls import estimate
from ..generalized.laplace import Laplace
from ..generalized.pirls import Mode
from ..generalized.response import Response
from ..likelihood.covariance import lower_factor

__all__ = [
    "expected_curvature",
    "fewer_effects",
    "first_coefficients",
    "moments",
    "one_sided_coefficients",
    "spread_starts",
    "start_hessian",
]

# Standard deviations of random effects, as shares of the spread of the rows about the fixed effects on the scale of the
# linear predictor, from which the search of a model with a dispersion starts; and that of one effect where the others
# are 0, of models with so many effects at most.
SHARES, ALONE, MOST_ALONE = (0.03, 0.3, 1.0, 3.0), 0.3, 4
NO_START = (
    "No fixed effects are found from which the search could start: the family's means cannot be had with this link and "
    "offset. Give them, start={'fixef': …, 'theta': …}, or take another link."
)


def first_coefficients(laplace: Laplace) -> list[np.ndarray]:
    """Fixed effects nearest to the response's predictors, and to that of its mean; those with less deviance first.

    Before these, of a family with a dispersion, those of the model without random effects.
    """
    rows, working = laplace.problem.rows, laplace.problem.working
    if working.family.has_scale and len(rows.xt):
        with np.errstate(all="ignore"):  # what is not finite is refused there
            plain = estimate(rows.xt.T, Response(working.y, working.weights), rows.offset, working.family)
        if plain is not None and plain.converged and not plain.at_boundary:
            return [plain.beta]
    family, found = working.family, []
    mean = np.full(len(working.y), np.average(working.y, weights=working.weights))
    for means in (family.start(working.y, working.weights), mean):
        with np.errstate(all="ignore"):
            beta = rows.xt @ (family.link.link(means) - rows.offset) / len(working.y)
            eta = rows.offset + beta @ rows.xt
            deviance = float(np.sum(working.deviances(eta))) if working.admits(eta) else np.inf
        if np.isfinite(deviance):
            found.append((deviance, beta))
    if not found:
        raise FitError(NO_START)
    return [beta for _, beta in sorted(found, key=lambda each: each[0])]


def one_sided_coefficients(laplace: Laplace) -> np.ndarray | None:
    """Fixed effects whose means are all of the sign that the response has on average, if it has both.

    A mean that has a pole keeps its sign in a search, so that there can be a minimum for each side.
    """
    rows, working = laplace.problem.rows, laplace.problem.working
    if working.family.link.name != "inverse" or not working.y.min() < 0.0 < working.y.max() or not len(rows.xt):
        return None
    level = np.average(np.abs(working.y), weights=working.weights)
    level = level if np.average(working.y, weights=working.weights) > 0.0 else -level
    return rows.xt @ (working.family.link.link(level) - rows.offset) / len(working.y)


def moments(laplace: Laplace, mode: Mode) -> tuple[np.ndarray, np.ndarray]:
    """Moment estimates of theta's diagonals as a vector like theta, and each one's mean information."""
    rows, layout, working = laplace.problem.rows, laplace.layout, laplace.problem.working
    dispersion = 1.0
    if working.family.has_scale:
        spare = max(len(rows.y) - len(rows.xt), 1)
        dispersion = float(np.sum(np.square(mode.at.score) / np.maximum(mode.at.weights, 1e-300))) / spare
    starts, infos = [], []
    for k, score in enumerate(rows.gather(mode.at.score)):
        information = np.maximum(np.einsum("aaj->aj", mode.blocks[k, k]), 1e-300)
        total = information.sum(axis=1)
        excess = (np.square(score) / information).sum(axis=1) / dispersion - (information.shape[1] - 1)
        variance = excess / (total - np.square(information).sum(axis=1) / total)
        mean = total / information.shape[1]
        starts.append(np.diag(np.sqrt(np.maximum(variance, 0.25 / mean))))
        infos.append(np.outer(mean, np.ones(len(mean))))
    return layout.pick(starts), layout.pick(infos)


def spread_starts(laplace: Laplace, mode: Mode) -> list[np.ndarray]:
    """Several theta to start from, with a dispersion: the likelihood can have many minima.

    Spherical effects have a variance of 1 in the user's units, so that theta is the standard deviation of the effects.
    """
    working, diagonal = laplace.problem.working, laplace.layout.diagonal
    with np.errstate(all="ignore"):
        squares = np.square(mode.at.score) / mode.at.weights
    spread = np.sqrt(np.nansum(squares) / np.sum(mode.at.weights)) * working.units.spherical
    starts = [np.where(diagonal, share * spread, 0.0) for share in SHARES]
    places = np.flatnonzero(diagonal)
    if 1 < len(places) <= MOST_ALONE:
        starts += [np.where(np.arange(len(diagonal)) == k, ALONE * spread, 0.0) for k in places]
    return starts


def fewer_effects(laplace: Laplace, theta: np.ndarray) -> list[np.ndarray]:
    """Each theta with fewer spherical effects in one of the terms, those of the largest variance.

    The elements of those left out are 0, where they stay in a search: the criterion has no slope by them there.
    """
    layout, found = laplace.layout, []
    for slot in layout.slots:
        block = slice(slot.start, slot.start + slot.size)
        left, sizes, _ = np.linalg.svd(layout.matrices(theta)[slot.factor][block, block])
        for rank in range(np.count_nonzero(sizes > 0.0)):
            matrices = layout.matrices(theta)
            kept = np.where(np.arange(slot.size) < rank, sizes, 0.0)
            matrices[slot.factor][block, block] = lower_factor(left * kept)
            matrices[slot.factor][block, block][:, rank:] = 0.0
            found.append(layout.pick(matrices))
    return [start for start in found if start.any()]


def expected_curvature(laplace: Laplace, theta: np.ndarray, information: np.ndarray) -> np.ndarray:
    """About the second derivatives by theta, were all levels alike: ``J (2 theta S / (1 + theta² S))²``."""
    layout, out = laplace.layout, np.empty(len(theta))
    matrices = layout.matrices(theta)
    for slot in layout.slots:
        levels = laplace.problem.rows.effects[slot.factor].levels
        t = matrices[slot.factor].diagonal()[slot.start : slot.start + slot.size]
        info = information[slot.elements][layout.diagonal[slot.elements]]
        share = t * info / (1.0 + np.square(t) * info)
        full = levels * np.outer(share * np.sqrt(info), share * np.sqrt(info)) / np.sqrt(np.outer(info, info))
        full = full + full + np.diag(2.0 * full.diagonal())
        rows, columns = np.tril_indices(slot.size)
        order = np.lexsort((rows, columns))
        out[slot.elements] = full[rows[order], columns[order]]
    return np.maximum(out, 1e-3)


def start_hessian(by_theta: np.ndarray, laplace: Laplace, mode: Mode) -> np.ndarray:
    """Second derivatives by theta as the first search left them, by beta from the joint system."""
    n, p = len(by_theta), len(mode.beta)
    out = np.zeros((n + p, n + p))
    out[:n, :n] = by_theta
    if mode.fixed is not None:
        scale = 1.0
        if laplace.problem.working.family.has_scale:
            scale = laplace.problem.working.likelihood(mode.at)[1]
        out[n:, n:] = 2.0 * scale * mode.fixed.information
    return out
