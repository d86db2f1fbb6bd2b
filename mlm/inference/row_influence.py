"""What single rows do to a fit, from the rows' leverages: no row is taken out for it.

With what random effects leave of the fixed-effects columns, ``x_i``, their information ``A`` over sigma², working
weights ``w_i``, leverages ``h_i`` and conditional Pearson residuals ``e_i``, all theta taken as known, taking out row i
changes the fixed effects by ``A^-1 x_i w_i^½ e_i / (1 - h_i)`` (Christensen, R., Pearson, L. M. & Johnson, W. (1992).
Case-deletion diagnostics for mixed models. Technometrics 34, 38-45; of a linear model without random effects it is
exact: Belsley, D. A., Kuh, E. & Welsch, R. E. (1980). *Regression Diagnostics*. Wiley). Cook's distances are
``(r / (1 - h))² h / (φ p)``, with Pearson's residuals r, leverages h, dispersion φ and p fixed effects (Cook & Weisberg
1982, *Residuals and Influence in Regression*, section 5.4).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy import linalg

from ..fit.leverage import row_information
from ..generalized.residuals import left_beside

__all__ = ["RowInfluence", "cooks_distances", "influence_of_mixed_rows", "influence_of_rows", "spread_without"]


class RowInfluence(NamedTuple):
    """Measures of each row, shapes (n,), and changes of the fixed effects, shape (n, p)."""

    measures: dict[str, np.ndarray]
    changes: np.ndarray
    scaled: np.ndarray


def influence_of_mixed_rows(m: Any) -> RowInfluence:
    """Measure what each row of a mixed model does, variances taken as known.

    Parameters
    ----------
    m : MixedModel or GeneralizedMixedModel

    Returns
    -------
    RowInfluence
        Leverages of fixed and random effects together; Cook's distances as lme4's ``cooks.distance``, in which they
        stand; MDFFITS, ratio and trace of the fixed effects' covariance. All but the leverages are NaN in rows that are
        fitted whatever they are: without these a fixed effect cannot be told.
    """
    worked, found = row_information(m)
    random, fixed = found.parts()
    residuals = m.scaled_resid.to_numpy()[worked.order] * m.sigma
    p, both, left = len(found.matrix) or np.nan, random + fixed, found.left()
    spare = left_beside(both)
    with np.errstate(divide="ignore", invalid="ignore"):
        deleted = residuals / spare
        own = np.square(deleted / m.sigma) * fixed / p
        measures = {
            "leverage": both,
            "cooks_distance": cooks_distances(residuals, both, m.sigma**2, p),
            "dffits": own * (1.0 - fixed / (1.0 - random)),
            "covratio": (1.0 - random) / spare,
            "covtrace": fixed / spare,
        }
        turned = linalg.solve(found.matrix, left, assume_a="pos") if len(left) else left
        working = turned * np.sqrt(found.at.weights)
    back = np.argsort(worked.order)
    changes = (worked.users_beta(working) * deleted).T[back]
    measures = {name: values[back] for name, values in measures.items()}
    return RowInfluence(measures, changes, changes / m.se.to_numpy())


def influence_of_rows(m: Any) -> RowInfluence:
    """Measure what each row of a linear or generalized linear model does, as R's ``influence.measures``.

    Parameters
    ----------
    m : fitted model
        A linear one: what is said is exact. A generalized one: that of a single step.

    Returns
    -------
    RowInfluence
        Without covariance traces. All but the leverages are NaN in rows that are fitted whatever they are, where R has
        changes of 0.
    """
    x, n, p = m.frame.x, m.nobs, len(m.frame.x_names)
    general = hasattr(m, "family")
    weights = m.outcome.weights * m.family.working_weights(m.linear_predictors.to_numpy()) if general else np.ones(n)
    residuals = (m.residuals("deviance") if general else m.resid).to_numpy()
    pearson = m.residuals("pearson").to_numpy() if general else residuals
    q, r = linalg.qr(x * np.sqrt(weights)[:, None], mode="economic")
    h = np.einsum("ij,ij->i", q, q)
    inverse, spare = linalg.solve_triangular(r, np.eye(p)), left_beside(h)
    with np.errstate(divide="ignore", invalid="ignore"):
        without = spread_without(residuals, h, n - p)
        student = residuals / (without * np.sqrt(spare))
        measures = {
            "leverage": h,
            "cooks_distance": cooks_distances(pearson, h, m.sigma**2, p),
            "dffits": student * np.sqrt(h / spare),
            "covratio": 1.0 / (spare * ((n - p - 1 + np.square(student)) / (n - p)) ** p),
        }
        changes = (inverse @ (q.T * (residuals / spare))).T
        scaled = changes / np.outer(without, np.sqrt(np.square(inverse).sum(axis=1)))
    return RowInfluence(measures, changes, scaled)


def cooks_distances(pearson: np.ndarray, leverage: np.ndarray, dispersion: float, p: float) -> np.ndarray:
    """Cook's distances, shape (n,); NaN in rows that are fitted whatever they are, and without fixed effects."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.square(pearson / left_beside(leverage)) * leverage / (dispersion * (p or np.nan))


def spread_without(residuals: np.ndarray, leverage: np.ndarray, df_resid: int) -> np.ndarray:
    """What sigma is estimated as without each row, shape (n,), from residuals whose squares are the deviance's parts.

    Of a generalized linear model to first order, as R has it (Belsley, Kuh & Welsch 1980, *Regression Diagnostics*,
    section 2.1).
    """
    squares = np.square(residuals)
    with np.errstate(divide="ignore", invalid="ignore"):
        out = np.nan_to_num(squares / left_beside(leverage))
        return np.sqrt(np.maximum(float(squares.sum()) - out, 0.0) / (df_resid - 1))
