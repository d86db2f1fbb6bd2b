"""Means at linear predictors that a fit has not seen, which a family need not have."""

from __future__ import annotations

import warnings

import numpy as np

from ..errors import ExtrapolationWarning, counted, users_stacklevel
from .distribution import Family

__all__ = ["means_said", "range_of", "vanishing_said"]


def range_of(family: Family) -> str:
    """Say where the means of a family are.

    Examples
    --------
    >>> from mlm.generalized.family import make_family
    >>> range_of(make_family("Gamma"))
    'positive'
    """
    return "between 0 and 1" if family.upper == 1 else "positive" if family.lower == 0 else "finite"


def means_said(family: Family, eta: np.ndarray, what: str) -> np.ndarray:
    """Return means at linear predictors, shape (n,); NaN, and a warning, where the family has none.

    Parameters
    ----------
    family : Family
    eta : ndarray, shape (n,)
    what : str
        What one of them is called.

    Warns
    -----
    ExtrapolationWarning

    Examples
    --------
    >>> from mlm.generalized.family import make_family
    >>> means_said(make_family("Gamma"), np.array([0.5, np.nan]), "mean").tolist()
    [2.0, nan]
    """
    mu = family.means(eta)
    lost = int(np.sum(np.isnan(mu) & ~np.isnan(eta)))
    if lost:
        warnings.warn(
            f"{counted(lost, what)} of {mu.size:,} {'is' if lost == 1 else 'are'} NaN: those of the {family.name} "
            f"family are {range_of(family)}; with link={family.link.name!r} no such mean has these linear predictors.",
            ExtrapolationWarning,
            stacklevel=users_stacklevel(),
        )
    return mu


def vanishing_said(response: str, family: Family, rows: int, n: int) -> str:
    """Say that means run to 0, below which the response is: see `Family.may_vanish`.

    Examples
    --------
    >>> from mlm.generalized.family import make_family
    >>> vanishing_said("y", make_family("gaussian", "log"), 2, 8)[:67]
    'The likelihood has no maximum: fitted means run to 0 in 2 rows of 8'
    """
    return (
        f"The likelihood has no maximum: fitted means run to 0 in {counted(rows, 'row')} of {n:,}, where {response!r} "
        f"is 0 or less on the whole, and means with link={family.link.name!r} are above 0."
    )
