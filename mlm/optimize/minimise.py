"""Which optimiser."""

from __future__ import annotations

import numpy as np

from ..errors import ArgumentError, brief, is_one_of
from ..likelihood.deviance import Deviance
from ..likelihood.iterative.solver import Iterative
from .estimated_scores import solve_scores
from .nloptwrap import ABSOLUTE_TOLERANCE, nloptwrap
from .optimum import Log, Optimum
from .search import search

__all__ = ["minimise"]

# What to use instead of lme4's other optimisers. Neither can be had from a package that runs with NumPy 2:
# book/limits.md says what was tried.
NOT_HERE = {
    "bobyqa": " Where minqa's bobyqa stops is next to the optimum that 'newton' finds; NLopt's BOBYQA is other code.",
    "nelder_mead": " lme4's Nelder_Mead is other code than NLopt's; it looks for the optimum that 'newton' finds.",
}


def minimise(
    deviance: Deviance,
    optimizer: str = "newton",
    start: np.ndarray | None = None,
    tolerance: float | None = None,
    verbose: bool = False,
) -> Optimum:
    """Minimise the deviance over theta.

    Parameters
    ----------
    deviance : Deviance
    optimizer : {"newton", "nloptwrap"}
        ``"newton"`` finds the exact optimum; ``"nloptwrap"`` stops where lme4's default optimiser stops.
    start : ndarray, shape (n_theta,), optional
        Of the user's columns.
    tolerance : float, optional
        Absolute tolerance of ``"nloptwrap"``, of theta and of the criterion.
    verbose : bool
        Print a line an evaluation: its number, the criterion, theta.

    Returns
    -------
    Optimum

    Raises
    ------
    ArgumentError
        For an unknown optimiser, or a tolerance that is not positive or not for `"nloptwrap"`.
    """
    if not is_one_of(optimizer, ("newton", "nloptwrap")):
        instead = NOT_HERE.get(optimizer.lower(), "") if isinstance(optimizer, str) else ""
        raise ArgumentError(f"There is no optimizer {brief(optimizer)}; choose 'newton' or 'nloptwrap'.{instead}")
    if tolerance is not None:
        positive = isinstance(tolerance, int | float) and tolerance > 0
        if optimizer == "newton" or not positive:
            raise ArgumentError(
                f"A tolerance is a positive number, for optimizer='nloptwrap' only; got {brief(tolerance)}."
            )
    if optimizer == "newton":
        if start is not None:
            with np.errstate(all="ignore"):  # what is too large is looked at where it is evaluated
                start = deviance.working_theta(start)
        if isinstance(deviance.solver, Iterative):
            return solve_scores(deviance, start, Log(verbose, deviance.users_theta))
        return search(deviance, start, Log(verbose, deviance.users_theta))
    if isinstance(deviance.solver, Iterative):
        raise ArgumentError(
            "optimizer='nloptwrap' needs the exact criterion, and this fit is solved iteratively; use 'newton'."
        )
    return nloptwrap(deviance, start, ABSOLUTE_TOLERANCE if tolerance is None else tolerance, Log(verbose))
