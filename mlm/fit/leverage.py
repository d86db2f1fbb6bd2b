"""What the rows tell of the effects of a mixed model, theta taken as known, and what each has of its own fitted value.

Fitted values are ``H y`` with the hat matrix of fixed and random effects together, the latter with their penalty, theta
taken as known (Demidenko, E. & Stukel, T. A. (2005). Influence analysis for linear mixed-effects models. Statistics in
Medicine 24, 893-909).
"""

from __future__ import annotations

import numpy as np

from ..generalized.systems import Structure
from ..generalized.units import Units
from .checks import demand_exact
from .fit import Fit
from .generalized import GeneralizedFit
from .generalized_information import AtModes, Information, information
from .generalized_rows import WorkedRows, worked_rows

__all__ = ["row_information", "row_leverages"]


def row_information(fit: Fit | GeneralizedFit) -> tuple[WorkedRows, Information]:
    """Find what the rows tell of the effects, theta taken as known; of a generalized model at the modes.

    Parameters
    ----------
    fit : Fit or GeneralizedFit

    Returns
    -------
    worked : WorkedRows
        The rows in the order of what follows.
    information : Information
        With ``parts()``, what random and fixed effects have of each row.
    """
    if isinstance(fit, GeneralizedFit):
        return fit.worked, fit.mode_information
    demand_exact("What the rows tell of single effects, such as leverages,", fit)
    frame = fit.frame
    weights = np.ones(frame.nobs) if frame.weights is None else frame.weights
    worked = worked_rows(frame, list(fit.terms), frame.y, weights, Units())
    matrices, rows = worked.layout.matrices(worked.working_theta(fit.theta)), worked.rows
    system = Structure(rows).system(rows.weighted(rows.weights), matrices)
    return worked, information(rows, AtModes(matrices, system, rows.weights))


def row_leverages(fit: Fit | GeneralizedFit) -> np.ndarray:
    """What each row has of its own fitted value, shape (n,): the diagonal of the (weighted) hat matrix."""
    worked, found = row_information(fit)
    out = np.empty(fit.nobs)
    out[worked.order] = found.leverages()
    return out
