"""Predicted values over a focal predictor, the other predictors held at typical values.

As in R's package effects (Fox 2003, J. Stat. Softw. 8(15)); `mlm.model.reference_grid` says what is typical.
"""

from __future__ import annotations

import html
import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import scipy

from ..errors import (
    ArgumentError,
    DataError,
    RankWarning,
    brief,
    counted,
    first_few,
    is_number,
    is_one_of,
    listed,
    suggest,
    users_stacklevel,
)
from ..generalized.means import means_said
from ..inference.confint import checked_level
from ..model.generalized_linear_model import GeneralizedLinearModel
from ..model.generalized_mixed_model import GeneralizedMixedModel
from ..model.linear_model import LinearModel
from ..model.mixed_model import MixedModel
from ..model.reference_grid import Predictor, average_design, predictors
from ..plot import effect_lines
from ..report.face import demand_model, is_generalized, mean_of
from ..report.r_numbers import percent
from .levels import level_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Effect", "effect"]

Model = MixedModel | GeneralizedMixedModel | LinearModel | GeneralizedLinearModel

RESULTS = ("fit", "se", "lower", "upper")
"""Columns of an effect's frame beside its predictors."""
CURVE_POINTS = 50
"""Points at which the effect of a numeric predictor is computed by default: a curve looks smooth at a page's width."""
INTERACTION_POINTS = 5
"""Values of a numeric predictor at which the lines of an interaction's effect are computed, as in R's effects."""
OFFSET = "the offset"  # among what is held at typical values
SHOWN_ROWS = 12  # of a table that is printed or shown; all are in `frame`


@dataclass(frozen=True)
class Effect:
    """Predicted values with a pointwise band: `print` it, `plot` it, or take `frame`.

    Attributes
    ----------
    frame : pandas.DataFrame
        Columns: the focal predictor, those of `at`, ``fit``, ``se``, ``lower``, ``upper`` (units of the
        response; or of the link).
    focal : str
    response : str
    categorical : bool
        Whether the focal predictor is a category.
    at : tuple of str
        Predictors at whose values the effect is shown separately.
    level : float
        Coverage of the band at each point.
    typical : dict
        What the other predictors are held at: a mean, or the share of each level; ``"the offset"``, where there is one.
    note : str
        Why values are missing; empty where none is.
    ordered : bool
        Whether the values of the focal predictor have an order of their own: of an ordered category, or given.
    """

    frame: pd.DataFrame
    focal: str
    response: str
    categorical: bool
    at: tuple[str, ...]
    level: float
    typical: dict[str, Any]
    note: str = ""
    ordered: bool = False

    def __str__(self) -> str:
        return f"{self._heading}\n\n{self.frame.to_string(index=False, max_rows=SHOWN_ROWS)}"

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(self._heading)}</p>\n{self.frame.to_html(index=False, max_rows=SHOWN_ROWS)}"

    @property
    def _heading(self) -> str:
        """What is shown, and what the other predictors are held at."""
        by = f" by {', '.join(self.at)}" if self.at else ""
        held = "".join(f"; {name} at {_typical_text(value)}" for name, value in self.typical.items())
        return f"Effect of {self.focal} on {self.response}{by}, with a {percent(self.level)} band{held}"

    def plot(self, **options: Any) -> Axes:
        """Draw lines with bands, one for each value of `at`; options as in :func:`mlm.plot.effect_lines`.

        Examples
        --------
        >>> import mlm, replications
        >>> imm10 = replications.load("imm10", verbose=False)
        >>> m = mlm.lmer("math ~ homework * ses + (1 | schnum)", imm10)
        >>> mlm.effect(m, "homework", at={"ses": [-1, 0, 1]}).plot().get_ylabel()
        'math'
        """
        return effect_lines(self, **options)


def _typical_text(value: Any) -> str:
    """A mean, or the shares of levels."""
    if not isinstance(value, Mapping):
        return f"{value:.4g}" if is_number(value) else str(value)
    return ", ".join(f"{share:.0%} {level}" for level, share in value.items())


def effect(
    m: Model,
    focal: str,
    at: Mapping[str, Sequence[Any]] | None = None,
    values: Sequence[Any] | None = None,
    level: float = 0.95,
    *,
    df: float | None = None,
    type: str = "response",
) -> Effect:
    """Compute predicted values of the fixed part over one predictor.

    Parameters
    ----------
    m : fitted model
    focal : str
        The predictor: a column of the data. An interaction of the model, such as ``"x:z"``, is shown over `x`, at all
        levels of `z`, or five values over its range, which `at` can replace.
    at : mapping of str to sequence, optional
        Other predictors and the values at which to show the effect, for interactions:
        ``{"cpi_cgm": [-0.85, 0.15, 0.65]}``.
    values : sequence, optional
        Values of the focal predictor; by default 50 points over its range, or all its levels.
    level : float
        Pointwise coverage of the band.
    df : float, optional
        Degrees of freedom of the t quantile of the band: rows minus fixed effects by default, as in R's
        effects; ``math.inf`` for the normal distribution, which is the default where a family has no dispersion.
    type : {"response", "link"}
        Of a generalized model: means, such as probabilities, or linear predictors. The band is that of the linear
        predictor in both, ``se`` on the scale shown.

    Returns
    -------
    Effect
        With ``frame`` and ``plot()``. Random effects are taken as zero, and an offset at its mean, as in R's effects:
        means of a generalized mixed model are those of a group like that, which is not the average over groups. A value
        that does not follow from the fit, such as that of a cell of two factors' interaction that no row has, is NaN.

    Raises
    ------
    ArgumentError
        When `m` is not a model, a predictor or interaction not in the fixed part, named twice, or called like a column
        of the effect, a list of values is empty, the level is not in (0, 1), `df` is not positive, or there is no such
        `type`.
    DataError
        When a level is unknown, or a value of a numeric predictor is not a finite number.

    Warns
    -----
    RankWarning
        Values are not estimable.
    ExtrapolationWarning
        Means are none that the model's family can have; they are NaN.

    Examples
    --------
    >>> import mlm
    >>> rows = {"y": [1, 2.2, 4.1, 5, 7.3, 9], "x": [0, 1, 0, 1, 0, 1], "z": [1, 3, 2, 5, 4, 6]}
    >>> found = effect(mlm.lm("y ~ x + z", rows), "x", values=[0, 1])
    >>> found.frame["fit"].round(3).tolist(), found.typical
    ([6.567, 2.967], {'z': 3.5})

    References
    ----------
    Fox, J. (2003). Effect displays in R for generalised linear models. *Journal of Statistical Software*
    8(15).
    """
    level = checked_level(level)
    demand_model(m)
    if df is not None and not (is_number(df) and not isinstance(df, bool) and df > 0):
        raise ArgumentError(f"df is a positive number; got {brief(df)}.")
    if not is_one_of(type, ("response", "link")):
        raise ArgumentError(f"`type` is 'response' or 'link'; got {brief(type)}.")
    if at is not None and not isinstance(at, Mapping):
        raise ArgumentError(f"at= maps predictors to lists of values, such as {{'z': [0, 1]}}; got {brief(at)}.")
    known = predictors(m)
    focal, at = _of_interaction(m, known, focal, at)
    chosen = _chosen(known, focal, dict(() if at is None else at), values)
    held = {name: predictor for name, predictor in known.items() if name not in chosen}
    grid, x = average_design(m, chosen, held)
    frame = grid.assign(**_band(m, x, level, df, type == "link"))
    typical = {name: dict(zip(p.levels, p.shares, strict=True)) if p.levels else p.typical for name, p in held.items()}
    offset = m.frame.offset_mean
    if offset is not None:
        typical[OFFSET] = offset
    note = _not_estimable(m, grid[np.isnan(x).any(axis=1)], len(grid))
    if note:
        warnings.warn(note, RankWarning, stacklevel=users_stacklevel())
    shown = tuple(() if at is None else at)
    ordered = values is not None or bool(getattr(m.frame.predictors.get(focal), "ordered", False))
    response = f"{m.family.link.name}({m.response})" if is_generalized(m) and type == "link" else m.response
    return Effect(frame, focal, response, bool(known[focal].levels), shown, level, typical, note, ordered)


def _of_interaction(
    m: Model, known: Mapping[str, Predictor], focal: str, at: Mapping[str, Sequence[Any]] | None
) -> tuple[str, Mapping[str, Sequence[Any]] | None]:
    """Split the name of an interaction into the predictor along which it is shown and the values of the others."""
    if not isinstance(focal, str) or focal in known or ":" not in focal:
        return focal, at
    first, *others = names = focal.split(":")
    terms = [label.split(":") for label in m.frame.x_design.terms.labels]
    if not set(names) <= set(known) or sorted(names) not in map(sorted, terms):
        raise ArgumentError(
            f"The fixed part has no interaction {focal!r} of predictors; it has {first_few(list(known))}. Lines over "
            "one at values of another: effect(m, 'x', at={'z': [0, 1]})."
        )
    own = {name: known[name].levels or _spread(known[name]) for name in others}
    return first, {**own, **({} if at is None else at)}


def _spread(predictor: Predictor) -> list[float]:
    """Return values over a predictor's range."""
    return np.linspace(predictor.low, predictor.high, INTERACTION_POINTS).tolist()


def _band(m: Model, x: np.ndarray, level: float, df: float | None, on_link: bool) -> dict[str, np.ndarray]:
    """Predicted values at rows of the model matrix (points, p), standard errors and limits."""
    eta = x @ m.fixef.to_numpy() + (m.frame.offset_mean or 0.0)
    se = np.sqrt(m.working_covariance.variances(x))
    scaled = m.family.has_scale if is_generalized(m) else True
    own = m.nobs - len(m.fixef) if scaled else math.inf
    half = scipy.stats.t.ppf(0.5 + level / 2, own if df is None else float(df)) * se
    if on_link or not is_generalized(m):
        return {"fit": eta, "se": se, "lower": eta - half, "upper": eta + half}
    fit = means_said(m.family, eta, "value of the effect")
    ends = mean_of(m, np.array([eta - half, eta + half]))
    falls = m.family.link.derivative(np.where(np.isnan(fit), np.nan, eta)) < 0
    with np.errstate(all="ignore"):  # where there is no mean
        se = np.where(np.isnan(fit), np.nan, se * np.abs(m.family.link.derivative(eta)))
        lower, upper = np.where(falls, *ends[::-1]), np.where(falls, *ends)
        # beyond the last mean that a family has, or a pole of its link, there is no limit
        lower, upper = np.where(lower <= fit, lower, np.nan), np.where(upper >= fit, upper, np.nan)
    return {"fit": fit, "se": se, "lower": lower, "upper": upper}


def _not_estimable(m: Model, points: pd.DataFrame, count: int) -> str:
    """Say which points have no value, and why; nothing if all have."""
    if points.empty:
        return ""
    texts = [
        ", ".join(
            f"{name} = {format(value, '.4g') if isinstance(value, float) else value}" for name, value in point.items()
        )
        for point in points.to_dict("records")
    ]
    names = m.frame.dependent.names if m.frame.dependent is not None else ()
    return (
        f"{len(points)} of {counted(count, 'value')} of the effect cannot be estimated and are NaN: "
        f"{first_few([f'({text})' for text in texts])}. The rows of the fit do not tell the coefficients of "
        f"{first_few(names)}, which were dropped."
    )


def _chosen(
    known: Mapping[str, Predictor], focal: str, at: dict[str, Sequence[Any]], values: Sequence[Any] | None
) -> dict[str, list[Any]]:
    """Return the values of the predictors that vary, the focal one first, after checking them."""
    if isinstance(focal, str) and focal in at:
        raise ArgumentError(f"{focal!r} is the focal predictor; its values are given by values=, not by at=.")
    for name in (focal, *at):
        if not isinstance(name, str) or name not in known:
            there = first_few(list(known)) if known else "no predictors"
            raise ArgumentError(f"The fixed part has no predictor {name!r}; it has {there}.{suggest(str(name), known)}")
        if name in RESULTS:
            raise ArgumentError(
                f"The predictor {name!r} is called like a column of the effect itself ({', '.join(RESULTS)}); rename "
                "it before the fit."
            )
    own = known[focal]
    if values is None:
        values = own.levels or np.linspace(own.low, own.high, CURVE_POINTS).tolist()
    chosen: dict[str, list[Any]] = {}
    for name, given in {focal: values, **at}.items():
        some = listed(given, any_order=True)
        if some is None:
            raise ArgumentError(f"Values of {name!r} are a list, such as [0, 1]; got {brief(given)}.")
        chosen[name] = some
    for name, some in chosen.items():
        if not some:
            raise ArgumentError(f"There are no values for {name!r}.")
        levels = known[name].levels
        if levels:
            chosen[name] = [level_of(name, levels, value) for value in some]
        elif not all(is_number(value) and math.isfinite(value) for value in some):
            quoted = next((value for value in some if isinstance(value, str)), None)
            remedy = "" if quoted is None else f" Numbers stand without quotes; {quoted!r} is text."
            raise DataError(f"Values of {name!r} are finite numbers, as in the fit; got {brief(some)}.{remedy}")
    return chosen
