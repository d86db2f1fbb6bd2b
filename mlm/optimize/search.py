"""From which starts to search: one, but for a start that the user gives and where several minima are likely."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..errors import MlmError
from ..likelihood.deviance import Deviance
from .ending import ROUNDING_DECREASE
from .further_starts import correlated_otherwise, fits_any_response, further_starts, shared_otherwise, singular_starts
from .newton import newton
from .optimum import Log, Optimum

__all__ = ["search"]

# What is said of the lowest end, where another leaves so little of the response that rounding may be all of it.
BESIDE_PERFECT = "another end of the search leaves nothing of the residual variance, or no more than rounding"
# Ends beside which others are looked for.
MOST_ENDS = 8


def search(deviance: Deviance, start: np.ndarray | None, log: Log) -> Optimum:
    """Search from the default start, from one that is given, and from others where several minima are likely.

    Parameters
    ----------
    deviance : Deviance
    start : ndarray, shape (n_theta,), optional
        Of the columns worked with.
    log : Log

    Returns
    -------
    Optimum
        The lowest; of two that are the same but for rounding, that of the default start.

    Raises
    ------
    MlmError
        Where no search came to an end.
    """
    with np.errstate(all="ignore"):  # what cannot be computed is looked at where it is computed
        return _lowest(deviance, start, log)


def _lowest(deviance: Deviance, start: np.ndarray | None, log: Log) -> Optimum:
    """The lowest end of all searches."""
    given = [] if start is None else _found(_attempt(deviance, start, log, []))
    first = _attempt(deviance, None, log, [])
    if isinstance(first, Optimum) and deviance.is_perfect(first.evaluation) and not fits_any_response(deviance):
        return first  # nothing is lower
    starts = further_starts(deviance) + (singular_starts(deviance, first) if isinstance(first, Optimum) else [])
    if not given and not starts and isinstance(first, Optimum):
        return first
    ends = _found(first)
    for other in starts:  # as without a start of the user's
        ends += _found(_attempt(deviance, other, log, ends))
    ends += given
    if not any(isinstance(end, Optimum) for end in ends):
        ends += _found(_attempt(deviance, np.where(deviance.layout.diagonal, 1.0, 0.0), log, ends))
    found = [end for end in ends if isinstance(end, Optimum)]
    if not found and isinstance(first, MlmError):
        raise first
    return _lowest_beside(deviance, log, found)


def _lowest_beside(deviance: Deviance, log: Log, found: list[Optimum]) -> Optimum:
    """The lowest end of all searches, and of those that start from what else such ends may be."""
    best, last, looked = _best(_real(deviance, found)), None, 0
    while best is not last or looked < min(len(found), MOST_ENDS):
        starts = shared_otherwise(deviance, best) if best is not last else []
        starts += [other for end in found[looked:MOST_ENDS] for other in correlated_otherwise(deviance, end)]
        last, looked = best, len(found)
        for other in starts:
            end = _attempt(deviance, other, log, found)
            found += [end] if isinstance(end, Optimum) else []
        best = _best(_real(deviance, found))
    if any(_is_better(end, best) for end in found):
        return replace(best, converged=False, message=BESIDE_PERFECT)
    return best


def _real(deviance: Deviance, found: list[Optimum]) -> list[Optimum]:
    """Ends but for those of several factors that leave nothing but rounding, if there are others."""
    if len(deviance.products.factors) == 1:
        return found
    return [end for end in found if not deviance.is_perfect(end.evaluation)] or found


def _best(found: list[Optimum]) -> Optimum:
    """The lowest; of two that are the same but for rounding, the first."""
    best = found[0]
    for one in found[1:]:
        best = one if _is_better(one, best) else best
    return best


def _found(end: Optimum | MlmError | None) -> list[Optimum | MlmError]:
    return [] if end is None else [end]


def _attempt(
    deviance: Deviance, start: np.ndarray | None, log: Log, ends: Sequence[Optimum | MlmError]
) -> Optimum | MlmError | None:
    """Search from one start; where that fails, why; None where it comes to one of these ends."""
    known = [end.evaluation for end in ends if isinstance(end, Optimum) and end.converged]
    try:
        return newton(deviance, start, log, known)
    except MlmError as error:
        return error


def _is_better(found: Optimum, best: Optimum) -> bool:
    """Whether an end is lower than another, or as low and a minimum where that is none."""
    gap = found.evaluation.relative - best.evaluation.relative
    return gap < -ROUNDING_DECREASE or (gap < ROUNDING_DECREASE and found.converged and not best.converged)
