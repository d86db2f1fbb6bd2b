"""Which optimiser."""

from __future__ import annotations

import numpy as np

from ..errors import ArgumentError, is_one_of
from ..likelihood.deviance import Deviance
from .nloptwrap import ABSOLUTE_TOLERANCE, nloptwrap
from .optimum import Log, Optimum
from .search import search

__all__ = ["minimise"]


def minimise(
    deviance: Deviance,
    optimizer: str = "newton",
    start: np.ndarray | None = None,
    tolerance: float | None = None,
    verbose: bool = False,
    users: Deviance | None = None,
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

    users : Deviance, optional
        The deviance function of the user's columns, on which ``"nloptwrap"`` searches.

    Returns
    -------
    Optimum

    Raises
    ------
    ArgumentError
        For an unknown optimiser, or a tolerance that is not positive or not for `"nloptwrap"`.
    """
    if not is_one_of(optimizer, ("newton", "nloptwrap")):
        raise ArgumentError(f"There is no optimizer {optimizer!r}; choose 'newton' or 'nloptwrap'.")
    if tolerance is not None:
        positive = isinstance(tolerance, int | float) and tolerance > 0
        if optimizer == "newton" or not positive:
            raise ArgumentError(f"A tolerance is a positive number, for optimizer='nloptwrap' only; got {tolerance!r}.")
    if optimizer == "newton":
        return search(
            deviance, None if start is None else deviance.working_theta(start), Log(verbose, deviance.users_theta)
        )
    return nloptwrap(deviance, users or deviance, start, tolerance or ABSOLUTE_TOLERANCE, Log(verbose))
