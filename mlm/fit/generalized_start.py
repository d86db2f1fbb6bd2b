"""Where the search of a generalized mixed model starts.

The start of theta is a moment estimate from the model without random effects: per level the score s and information S
of an effect, of which ``s²/S`` is 1 on average if there is no variance (DerSimonian & Laird 1986, Control. Clin. Trials
7, as for a meta-analysis of levels).
"""

from __future__ import annotations

import numpy as np

from ..errors import FitError
from ..generalized.laplace import Laplace
from ..generalized.pirls import Mode

__all__ = ["expected_curvature", "first_coefficients", "moments", "start_hessian"]

NO_START = (
    "No fixed effects are found from which the search could start: the family's means cannot be had with this link and "
    "offset. Give them, start={'fixef': …, 'theta': …}, or take another link."
)


def first_coefficients(laplace: Laplace) -> list[np.ndarray]:
    """Fixed effects nearest to the response's predictors, and to that of its mean; those with less deviance first."""
    rows, working = laplace.problem.rows, laplace.problem.working
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
