"""Estimated marginal means: of the cells of factors, averaged over the others.

Searle, Speed & Milliken (1980), The American Statistician 34, 216-221; as R's package emmeans (Lenth) has them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ..errors import ArgumentError, brief, first_few, is_one_of, listed, suggest
from ..inference.confint import checked_level
from ..inference.f_tests import Asymptotic, Denominators
from ..language.tree import spell
from ..model.generalized_linear_model import GeneralizedLinearModel
from ..model.generalized_mixed_model import GeneralizedMixedModel
from ..model.linear_model import LinearModel
from ..model.mixed_model import MixedModel
from ..report.face import demand_model, is_generalized, is_mixed
from .estimates import Estimates, FixedPart
from .grid import WEIGHTS, Grid, reference_grid, rows_at
from .scale import is_unknown, of_unknown, scale_of

__all__ = ["Model", "checked_weighting", "denominators_of", "emmeans", "shown_predictors"]

Model = MixedModel | GeneralizedMixedModel | LinearModel | GeneralizedLinearModel
DDF = ("kenward-roger", "satterthwaite", "asymptotic")
OVERALL = ("1", "overall")  # emmeans' name of a column where nothing is told apart, and what it says


def emmeans(
    m: Model,
    specs: Any,
    by: Any = None,
    at: Mapping[str, Any] | None = None,
    weights: str = "equal",
    ddf: str | None = None,
    level: float = 0.95,
    type: str = "link",
) -> Estimates:
    """Compute estimated marginal means, as R's package emmeans.

    Parameters
    ----------
    m : fitted model
    specs : str or sequence of str
        Predictors whose combinations of values have a mean each: ``"f"``, ``["f", "h"]``, ``"f:h"``, with a bar before
        those of `by`, ``"f | h"``; ``"1"`` for the mean of all.
    by : str or sequence of str, optional
        Predictors within whose values the means are shown and compared.
    at : mapping of str to value or list of values, optional
        Values of predictors. By default a number is held at its mean over the rows of the fit (within functions too:
        ``log(x)`` at the logarithm of the mean); a number of two values, a truth value and a category have all theirs.
    weights : {"equal", "proportional", "outer", "cells", "flat"}
        How the levels of what is averaged over weigh: the same; as often as their combinations are in the rows of the
        fit; as often as each of them; as often as in the rows of each mean; the same for all cells that have rows.
    ddf : {None, "kenward-roger", "satterthwaite", "asymptotic"}
        Of a linear mixed model, Kenward and Roger's by default as in emmeans, for one fitted by maximum likelihood
        Satterthwaite's, and for one solved iteratively ``"asymptotic"``. Other models have their own, infinite for
        the normal distribution.
    level : float
        Coverage of the intervals, in (0, 1).
    type : {"link", "response"}
        Linear predictors, those of ``scale(y)`` on that scale, or means: of a generalized model, or of a response that
        is written as a logarithm, exp, square root or power of a variable, or as these times or plus a number. Their
        standard errors are by the delta method, their intervals are those of the linear predictor.

    Returns
    -------
    Estimates
        With ``frame``: the predictors, ``emmean`` (``prob``, ``rate``, ``response``), ``SE``, ``df``, ``lower.CL``,
        ``upper.CL`` (``asymp.LCL``, ``asymp.UCL``); with ``contrast()``, ``confint()``, ``test()`` and ``plot()``.
        Random effects are 0, and an offset is at its mean. A mean that does not follow from the fit is NaN and printed
        as ``nonEst``. A factor that is nested in another, by the rows or by the formula, is shown and averaged within
        it.

    Raises
    ------
    ArgumentError
        When `m` is not a model, `specs`, `by` or `at` name no predictor of the fixed part, or an option has a value
        that it cannot have; for `type="response"` of a response whose inverse is not known; when a predictor has the
        name of a column of results, such as ``SE``.
    DataError
        For an unknown level, or a value of a numeric predictor that is not a finite number.
    FitError
        For degrees of freedom that the model does not have; when there are too many combinations of values.

    Examples
    --------
    >>> import mlm
    >>> y = [1.0, 2.2, 4.1, 5.0, 7.3, 9.0, 2.0, 4.4]
    >>> rows = {"y": y, "f": list("aabbccab"), "g": list("uvuvuvvu")}
    >>> print(mlm.emmeans(mlm.lmer("y ~ f + (1 | g)", rows), "f"))
     f emmean    SE   df lower.CL upper.CL
     a   1.55 0.583 1.11    -4.35     7.45
     b   4.68 0.583 1.11    -1.22    10.59
     c   8.15 0.594 1.19     2.92    13.38
    <BLANKLINE>
    Degrees-of-freedom method: kenward-roger
    Confidence level used: 0.95

    References
    ----------
    Searle, S. R., Speed, F. M. & Milliken, G. A. (1980). Population marginal means in the linear model: an alternative
    to least squares means. *The American Statistician* 34(4), 216-221.
    """
    demand_model(m)
    level, weights = checked_level(level), checked_weighting(weights)
    if not is_one_of(type, ("link", "response")):
        raise ArgumentError(f"`type` is 'link' or 'response'; got {brief(type)}.")
    grid = reference_grid(m, at)
    shown, by = shown_predictors(grid, specs, by)
    labels, averages = grid.average(shown, weights)
    offset = m.frame.offset_mean or 0.0
    scale = scale_of(m)
    if type == "response" and is_unknown(m):
        raise ArgumentError(
            f"No inverse of the response {spell(m.frame.formula.left)!r} is known, by which type='response' would be; "
            "it is for logarithms, exp, square roots, powers, and these times or plus a number. Take type='link'."
        )
    return Estimates(
        labels if shown else pd.DataFrame({OVERALL[0]: [OVERALL[1]]}),
        averages @ rows_at(m, grid.points),
        np.full(len(labels), offset),
        FixedPart.of(m, denominators_of(m, ddf)),
        "emmean",
        by,
        scale,
        type == "response" and scale is not None,
        level=level,
        averaged=tuple(grid.averaged(shown)),
        notes=of_unknown(m),
    )


def denominators_of(m: Any, ddf: Any) -> Denominators:
    """Covariance matrix and degrees of freedom of a model; `emmeans` says which.

    Raises
    ------
    ArgumentError
    FitError
        For degrees of freedom that the model does not have.
    """
    known = ddf.lower() if isinstance(ddf, str) else ddf
    if not is_one_of(known, (None, *DDF)):
        raise ArgumentError(f"ddf is None, {', '.join(map(repr, DDF))}; got {brief(ddf)}.")
    if known == "asymptotic" or (known is None and getattr(m, "monte_carlo", None) is not None):
        return Asymptotic(m)
    if known is None and is_mixed(m) and not is_generalized(m):
        known = "kenward-roger" if m.reml else "satterthwaite"
    found: Denominators = m.denominators(known)
    return found


def checked_weighting(weights: Any) -> str:
    """Return how levels weigh, from the beginning of a word.

    Raises
    ------
    ArgumentError
    """
    meant = [name for name in WEIGHTS if isinstance(weights, str) and weights and name.startswith(weights.lower())]
    if len(meant) != 1:
        raise ArgumentError(f"weights= is one of {', '.join(map(repr, WEIGHTS))}; got {brief(weights)}.")
    return meant[0]


def shown_predictors(grid: Grid, specs: Any, by: Any, what: str = "specs") -> tuple[list[str], tuple[str, ...]]:
    """The predictors that are shown, those of `by` last, and these.

    Raises
    ------
    ArgumentError
        When one is not a predictor of the fixed part.
    """
    known = [str(name) for name in grid.points]
    if isinstance(specs, str) and specs not in known and "|" in specs and by is None:
        specs, _, by = specs.partition("|")
    inner, outer = _named(specs, known, what), [] if by is None else _named(by, known, "by=")
    inner = [name for name in inner if name not in outer]
    if outer and not inner:
        raise ArgumentError(f"All of {first_few(outer)} are in by=, and no predictor is left whose values have means.")
    within = grid.with_nesting(outer)
    by = [*within[len(outer) :], *outer]  # what the last are nested in stands before them
    return [*(name for name in grid.with_nesting(inner) if name not in by), *by], tuple(by)


def _named(given: Any, known: list[str], what: str) -> list[str]:
    """Names of predictors, of a list or of a text such as ``f:h``."""
    if isinstance(given, str):
        text = given.strip().removeprefix("~").strip()
        several: list[Any] = [text]
        if text not in known:
            several = [part.strip() for part in text.replace("*", ":").replace("+", ":").split(":")]
        if several in (["1"], ["overall"]) and (what == "specs" or given == "1"):
            return []
    else:
        several = listed(given) if listed(given) is not None else [given]  # type: ignore[assignment]
    for name in several:
        if not isinstance(name, str) or name not in known:
            there = first_few(known) if known else "no predictors"
            raise ArgumentError(
                f"{what} names predictors of the fixed part; there is no {brief(name)}, it has {there}."
                f"{suggest(str(name), known)}"
            )
    return list(dict.fromkeys(several))
