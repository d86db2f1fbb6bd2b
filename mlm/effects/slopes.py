"""Slopes of a numeric predictor in the cells of factors, averaged over the others, as R's ``emmeans::emtrends``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ..errors import ArgumentError, FitError, first_few, suggest
from ..inference.confint import checked_level
from ..model.reference_grid import Designed, summarised
from ..report.face import demand_model
from .derivatives import derivatives
from .emmeans import OVERALL, Model, checked_weighting, denominators_of, shown_predictors
from .estimates import Estimates, FixedPart
from .grid import reference_grid
from .scale import of_unknown

__all__ = ["slopes"]


def slopes(
    m: Model,
    x: str,
    by: Any = None,
    at: Mapping[str, Any] | None = None,
    weights: str = "equal",
    ddf: str | None = None,
    level: float = 0.95,
) -> Estimates:
    """Compute slopes of a predictor, as R's ``emmeans::emtrends(m, ~ by, var = "x")``.

    Parameters
    ----------
    m : fitted model
    x : str
        A numeric predictor: a column of the data. Of a polynomial or another function of it the slope is that at its
        mean, or at the values in `at`.
    by : str or sequence of str, optional
        Predictors whose combinations of values have a slope each: ``"f"``, ``["f", "h"]``, ``"f | h"`` to compare those
        of f within the levels of h; `x` itself where the slope is to be told at several of its values. One slope by
        default.
    at, weights, ddf, level
        As in `emmeans`.

    Returns
    -------
    Estimates
        With ``frame``: the predictors, ``x.trend``, ``SE``, ``df`` and limits; in units of the response, or of the
        linear predictor, over those of `x`. An offset that is a function of `x` has no part in it, and a note says so.

    Raises
    ------
    ArgumentError
        When `m` is not a model, `x` no numeric predictor, or an option has a value that it cannot have.
    DataError
        For an unknown level, or a value of a numeric predictor that is not a finite number.
    FitError
        For degrees of freedom that the model does not have, a predictor of one value, one that is in the model by
        steps only, as in ``cut(x, 3)``, or a value at which a column has a step or a bend, as ``I(x > 3)`` at 3.

    Notes
    -----
    The difference quotient is central and of fourth order, so that slopes of polynomials up to the fourth degree are
    exact but for rounding. emtrends takes a forward quotient over a thousandth of the predictor's range, which is the
    same where the predictor is linear, and differs in the third or fourth digit where it is in a curve.

    Examples
    --------
    >>> import mlm
    >>> rows = {"y": [1, 2.2, 4.1, 5, 7.3, 9], "x": [1, 2, 3, 1, 2, 4], "f": list("aaabbb")}
    >>> print(mlm.slopes(mlm.lm("y ~ x * f", rows), "x", by="f"))
     f x.trend    SE df lower.CL upper.CL
     a    1.55 0.413  2   -0.227     3.33
     b    1.26 0.270  2    0.101     2.43
    <BLANKLINE>
    Confidence level used: 0.95
    """
    demand_model(m)
    level, weights = checked_level(level), checked_weighting(weights)
    low, high = _range(m, x)
    grid = reference_grid(m, at)
    shown, families = shown_predictors(grid, "1" if by is None else by, None, "by=")
    labels, averages = grid.average(shown, weights)
    return Estimates(
        labels if shown else pd.DataFrame({OVERALL[0]: [OVERALL[1]]}),
        averages @ derivatives(m, grid.points, x, low, high),
        np.zeros(len(labels)),
        FixedPart.of(m, denominators_of(m, ddf)),
        f"{x}.trend",
        families,
        level=level,
        averaged=tuple(grid.averaged(shown)),
        notes=(*of_unknown(m), *_of_offset(m, x)),
    )


def _range(m: Designed, x: Any) -> tuple[float, float]:
    """Range of a numeric predictor."""
    known = {name: summarised(name, value, m) for name, value in m.frame.predictors.items()}
    numeric = [name for name, predictor in known.items() if not predictor.levels]
    if not isinstance(x, str) or x not in numeric:
        there = first_few(numeric) or "none"
        raise ArgumentError(
            f"Slopes are of a numeric predictor; {x!r} is none of them: {there}.{suggest(str(x), numeric)}"
        )
    low, high = known[x].low, known[x].high
    if not high > low:
        raise FitError(f"The predictor {x!r} has one value in the rows of the fit, and no slope.")
    return low, high


def _of_offset(m: Designed, x: str) -> tuple[str, ...]:
    """What to say where an offset is a function of the predictor."""
    parts = m.frame.offset_parts or ()
    if x not in m.frame.recipe.columns(parts):
        return ()
    return (f"Without the part that {x} has in the offset.",)
