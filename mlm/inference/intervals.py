"""Confidence intervals of a model's parameters by each method: Wald, profile, bootstrap."""

from __future__ import annotations

import warnings
from typing import Any

import pandas as pd

from ..errors import ArgumentError, SingularFitWarning, brief, is_one_of, users_stacklevel
from .bootstrap import bootstrap
from .bootstrap_intervals import KINDS, demand_kind
from .confint import checked_level
from .f_tests import checked_ddf
from .parameters import parameters_of
from .profile import AT_EDGE, ProfiledDeviance, chosen, profiled

__all__ = ["boot_intervals", "is_boot", "is_wald", "mixed_intervals"]

METHODS = ("wald", "profile", "boot")
# Refits by default.
SAMPLES = 1000


def is_wald(method: Any) -> bool:
    """Whether a method is Wald's, of the fixed effects alone.

    Raises
    ------
    ArgumentError
        When there is no such method.
    """
    if not (isinstance(method, str) and is_one_of(method.lower(), METHODS)):
        raise ArgumentError(
            f"Confidence intervals by {brief(method)} are not there; a mixed model has method='wald', "
            "'profile' or 'boot'."
        )
    return method.lower() == "wald"


def mixed_intervals(
    m: Any, level: float, method: str, parm: Any, ddf: str | None, n: int | None, kind: str | None, seed: Any
) -> pd.DataFrame:
    """Intervals of all parameters by a profile or the bootstrap; `MixedModel.confint` says what the arguments mean."""
    if checked_ddf(ddf) is not None:
        raise ArgumentError("Degrees of freedom are those of Wald intervals: leave `ddf` out, or take method='wald'.")
    level = checked_level(level)
    if method.lower() == "profile":
        return _by_profile(m, parm, level)
    return boot_intervals(m, level, parm, n, kind, seed)


def is_boot(method: Any, n: Any, kind: Any, seed: Any) -> bool:
    """Whether intervals by the bootstrap are asked for.

    Raises
    ------
    ArgumentError
        When arguments of the bootstrap are given, and another method.
    """
    boot = isinstance(method, str) and method.lower() == "boot"
    given = [name for name, value in (("n", n), ("kind", kind), ("seed", seed)) if value is not None]
    if given and not boot:
        raise ArgumentError(f"`{given[0]}` is of method='boot': take that, or leave `{given[0]}` out.")
    return boot


def boot_intervals(m: Any, level: float, parm: Any, n: int | None, kind: str | None, seed: Any) -> pd.DataFrame:
    """Intervals of all parameters by the bootstrap, of any model."""
    level = checked_level(level)
    places = chosen(parameters_of(m), parm)
    kind = KINDS[0] if kind is None else kind
    demand_kind(kind)
    limits: pd.DataFrame = bootstrap(m, SAMPLES if n is None else n, seed=seed).confint(kind=kind, level=level)
    return limits.iloc[places]


def _by_profile(m: Any, parm: Any, level: float) -> pd.DataFrame:
    """Ends by a profile, and what is to be said of those at the edge of what is possible, of which no print tells."""
    limits = profiled(m, parm, level, ProfiledDeviance).confint()
    edges = [text for text in limits.attrs["notes"] if AT_EDGE in text]
    if edges:
        warnings.warn(" ".join(edges), SingularFitWarning, stacklevel=users_stacklevel())
    return limits
