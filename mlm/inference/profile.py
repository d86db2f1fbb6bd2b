"""Profiles of the deviance: one parameter at a time, all others at their best for each of its values."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from itertools import product
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import scipy

from ..errors import ArgumentError, ConvergenceWarning, FitError, MlmWarning, SingularFitWarning, users_stacklevel
from ..fit.checks import demand_exact
from ..fit.fit import Fit
from ..fit.generalized import GeneralizedFit
from ..report import r_numbers, r_text
from ..report.face import demand_mixed
from ..report.html import as_html
from .confint import checked_level, limit_names, positions
from .crossing import Step, crossing
from .parameters import Parameter, parameters_of
from .profile_lines import STEPS, Line
from .profile_sides import Sides
from .straight import straight

__all__ = ["AT_EDGE", "ProfiledDeviance", "chosen", "profiled"]

# Coverage up to which curves are followed at least (lme4's).
LEAST_REACH = 0.99
# Digits fewer than R's option that the text face shows, as R prints intervals.
FEWER = 1
# What a correlation leaves of 1 where its profile may be lost in rounding.
UNRESOLVED = 1e-8
# Part of every note on an end at the edge of what is possible, 0 or ±1.
AT_EDGE = "interval ends"


@dataclass(frozen=True, eq=False)
class ProfiledDeviance:
    """Profiles of the deviance: `print` it, or take `frame` or `confint`.

    Attributes
    ----------
    model : MixedModel or GeneralizedMixedModel
        By maximum likelihood: what is profiled.
    parameters : tuple of Parameter
    level : float
        Coverage of the intervals that are printed.
    """

    model: Any
    parameters: tuple[Parameter, ...]
    level: float
    _ends: dict[tuple[int, int, float], Step | None] = field(default_factory=dict, repr=False)
    _curves: dict[int, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict, repr=False)

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.model, self.parameters, self.level)

    @property
    def names(self) -> list[str]:
        """Names of the parameters, as lme4's ``oldNames = FALSE``."""
        return [parameter.name for parameter in self.parameters]

    @property
    def estimates(self) -> pd.Series:
        """Estimates by maximum likelihood; NaN of correlations that are not defined."""
        lines = [self._line(k) for k in range(len(self.parameters))]
        values = [math.nan if line is None else line.users(line.path.v) for line in lines]
        return pd.Series(values, self.names)

    @property
    def frame(self) -> pd.DataFrame:
        """The curves, one row a step, with parameter, value, and zeta, the signed root of the rise of the deviance."""
        self._look()
        curves = [self._curve(k) for k in range(len(self.parameters))]
        names = np.repeat(np.array(self.names, dtype=object), [len(values) for values, _ in curves])
        columns = {"value": [v for values, _ in curves for v in values], "zeta": [z for _, zs in curves for z in zs]}
        return pd.DataFrame({"parameter": names, **columns})

    def confint(self, level: float | None = None, parm: Any = None) -> pd.DataFrame:
        """Intervals of the values at which the deviance rises by no more than the quantile of chi-squared allows.

        Parameters
        ----------
        level : float, optional
            Coverage, in (0, 1); by default that of the profile.
        parm : str, int or sequence of these, optional
            Parameters wanted, by name or position from 0; ``"theta_"`` are all of the random effects and sigma,
            ``"beta_"`` the fixed effects.

        Returns
        -------
        DataFrame, one row a parameter
            Columns named by the two tail probabilities, as ``"2.5 %"`` and ``"97.5 %"``. NaN of a correlation with an
            effect whose variance is estimated as 0, and where no end is found: both are warned of. What is to be said
            of ends, such as that one is at 0 or ±1, stands in ``.attrs["notes"]``, as in `notes` and below the print.

        Raises
        ------
        ArgumentError
            When the level is not in (0, 1), or there is no such parameter.

        Examples
        --------
        >>> import mlm
        >>> data = {"y": [1.0, 2.0, 4.0, 5.0, 7.0, 9.0], "g": list("aabbcc")}
        >>> profile = mlm.profile(mlm.lmer("y ~ 1 + (1 | g)", data))
        >>> profile.confint(0.9).round(2).loc["sigma"].tolist()
        [0.58, 2.37]
        """
        level = self.level if level is None else checked_level(level)
        places = chosen(self.parameters, parm)
        limits = self._limits(places, level)
        self._warn(places, level)
        limits.attrs["notes"] = [text for k in places for text in self._notes_of(k, level)]
        return limits

    def notes(self, level: float | None = None) -> list[str]:
        """What is to be said of the intervals: ends at bounds, correlations that are not defined, ends not found."""
        level = self.level if level is None else checked_level(level)
        said = [text for k in range(len(self.parameters)) for text in self._notes_of(k, level)]
        held = isinstance(self.model, GeneralizedFit) and self.model.estimated_size
        return [*said, "The negative binomial theta is held at its estimate."] if held else said

    def __str__(self) -> str:
        return _text(self, self._limits(range(len(self.parameters)), self.level))

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return as_html(str(self), "mlm-profile")

    @cached_property
    def _sides(self) -> Sides:
        return Sides(self.model, self.parameters)

    def _line(self, k: int) -> Line | None:
        return self._sides.lines.of(self.parameters[k])

    def _end(self, k: int, sign: int, level: float) -> Step | None:
        """The last point of an interval on one side."""
        line = self._line(k)
        if line is None:
            return None
        if (k, sign, level) not in self._ends:
            target = _quantile(level)
            self._ends[k, sign, level] = self._straight(k, sign, level, line) or self._crossing(k, sign, target, line)
        return self._ends[k, sign, level]

    def _straight(self, k: int, sign: int, level: float, line: Line) -> Step | None:
        """The same by Newton's method, where that comes to it and no bound is before it."""
        target = _quantile(level)
        if not isinstance(self.model, Fit) or self._sides.is_bounded(k, sign, target):
            return None
        other = self._ends.get((k, -sign, level))
        found = straight(line.path, target, sign, line.limits, [] if other is None else [other])
        return found if found is None or line.path.again(found) is found else None

    def _crossing(self, k: int, sign: int, target: float, line: Line) -> Step | None:
        """The same step by step."""
        lines, parameter = self._sides.lines, self.parameters[k]
        bound = lines.bound(parameter, sign)
        if bound is not None:
            bound = replace(bound, zeta=min(bound.zeta, lines.most(parameter)))
        known = [step for (j, side, _), step in self._ends.items() if (j, side) == (k, sign) and step is not None]
        return crossing(line.path, target, sign, bound, known)

    def _limits(self, places: Sequence[int], level: float) -> pd.DataFrame:
        """Intervals, without a word on what is missing."""
        limits = [[self._limit(k, sign, level) for sign in (-1, 1)] for k in places]
        values = np.array(limits, dtype=float).reshape(len(places), 2)
        return pd.DataFrame(values, [self.parameters[k].name for k in places], list(limit_names(level)))

    def _limit(self, k: int, sign: int, level: float) -> float:
        regular = self._sides.regular(k, sign, _quantile(level))
        if regular is not None:
            return float(regular[-1])
        line, end = self._line(k), self._end(k, sign, level)
        return math.nan if line is None or end is None else line.users(end.v)

    def _curve(self, k: int) -> tuple[np.ndarray, np.ndarray]:
        if k not in self._curves:
            self._curves[k] = self._followed(k)
        return self._curves[k]

    def _look(self) -> None:
        """Search for the points of all curves that no regular side has, at once."""
        level, wanted = max(LEAST_REACH, self.level), []
        for k, sign in product(range(len(self.parameters)), (-1, 1)):
            line = self._line(k)
            if line is not None and self._sides.regular(k, sign, _quantile(level), whole=True) is None:
                end = self._end(k, sign, level)
                wanted += [] if end is None or end.v == line.path.v else [(k, sign, end.v)]
        self._sides.curves(wanted)

    def _followed(self, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Values and zeta on both sides of the estimate."""
        line = self._line(k)
        if line is None:
            return np.zeros(0), np.zeros(0)
        level, most = max(LEAST_REACH, self.level), self._sides.lines.most(self.parameters[k])
        low, high = (self._side(k, sign, level, line) for sign in (-1, 1))
        values = np.concatenate([low[0][::-1], [line.users(line.path.v)], high[0]])
        zeta = np.concatenate([-low[1][::-1], [0.0], high[1]])
        return values, np.clip(zeta, -most, most)

    def _side(self, k: int, sign: int, level: float, line: Line) -> tuple[np.ndarray, np.ndarray]:
        """Values and zeta on one side, from the estimate on."""
        regular = self._sides.regular(k, sign, _quantile(level), whole=True)
        if regular is not None:
            return regular, _quantile(level) * np.arange(1, STEPS + 1) / STEPS
        end = self._end(k, sign, level)
        if end is None or end.v == line.path.v:
            return np.zeros(0), np.zeros(0)
        points = self._sides.curve(k, sign, end.v)
        points = line.points(end, self._end(k, -sign, level), self.model.is_singular) if points is None else points
        points = [*points, (end.v, end.zeta)]
        return np.array([line.users(v) for v, _ in points]), np.array([zeta for _, zeta in points])

    def _notes_of(self, k: int, level: float) -> Iterator[str]:
        name, line = self.parameters[k].name, self._line(k)
        if line is None:
            yield f"{name} is not defined: a standard deviation is estimated as 0."
            return
        if self._is_unresolved(k, line, level):
            yield (
                f"{name}: no end of the interval can be told in these units, in which the correlation is within "
                f"{UNRESOLVED:g} of ±1; take the mean off the column, as in x - mean(x)."
            )
            return
        for sign, where in ((-1, "below"), (1, "above")):
            if self._sides.regular(k, sign, _quantile(level)) is not None:
                continue
            end, limit = self._end(k, sign, level), line.limits[(sign + 1) // 2]
            if end is None:
                yield f"{name}: no end of the interval was found {where} the estimate."
            elif end.v == limit and end.v == line.path.v:
                yield f"{name} is estimated as {line.users(limit):.3g}, where its interval ends."
            elif end.v == limit:
                yield (
                    f"{name}: the deviance rises by {end.zeta**2:.3g} only towards {line.users(limit):.3g}, where the "
                    "interval ends."
                )
        if not line.path.is_lowest:
            yield f"{name}: the deviance falls by {line.path.lower:.2g} below that of the fit, which is not a minimum."

    def _is_unresolved(self, k: int, line: Line, level: float) -> bool:
        """Whether a correlation is so near to -1 or 1, but not there, that its numbers do not resolve a profile."""
        near = 1.0 - abs(line.users(line.path.v))
        if self.parameters[k].kind != "cor" or near > UNRESOLVED or self.model.is_singular:
            return False
        ends = [self._end(k, sign, level) for sign in (-1, 1)]
        return None in ends or not line.path.is_lowest

    def _warn(self, places: Sequence[int], level: float) -> None:
        """Say what makes intervals missing, or wrong."""
        for k in places:
            line = self._line(k)
            kind: type[MlmWarning] = SingularFitWarning if line is None else ConvergenceWarning
            wrong = ("not defined",) if line is None else ("no end of", "no minimum")
            said = [text for text in self._notes_of(k, level) if any(part in text for part in wrong)]
            if said:
                warnings.warn(" ".join(said), kind, stacklevel=users_stacklevel())


@cache
def _quantile(level: float) -> float:
    """Zeta at the ends of intervals."""
    return float(scipy.stats.norm.isf(0.5 * (1.0 - level)))


P = TypeVar("P", bound=ProfiledDeviance)


def chosen(parameters: Sequence[Parameter], parm: Any) -> list[int]:
    """Places of the parameters asked for, by names, positions, ``"theta_"`` or ``"beta_"``; None for all."""
    kinds = [parameter.kind for parameter in parameters]
    groups = {
        "theta_": [k for k, kind in enumerate(kinds) if kind != "beta"],
        "beta_": [k for k, kind in enumerate(kinds) if kind == "beta"],
    }
    return positions(parm, [parameter.name for parameter in parameters], groups)


def _text(found: ProfiledDeviance, limits: pd.DataFrame) -> str:
    """The estimates beside the intervals, and notes."""
    table = pd.concat([found.estimates.rename("Estimate"), limits], axis=1) if len(limits) else limits
    digits = r_numbers.DIGITS - FEWER
    columns = {str(name): r_numbers.format_numbers(table[name], digits) for name in table}
    coverage = r_numbers.percent(found.level)
    heading = f"Profile of the deviance (maximum likelihood): {coverage} intervals"
    lines = [line for text in found.notes() for line in r_text.wrap(text, r_numbers.LINE_WIDTH)]
    return "\n".join([heading, r_text.text_table([str(name) for name in table.index], columns), *lines])


def profiled(m: Any, which: Any, level: float, kind: type[P]) -> P:
    """Profile the deviance of a mixed model; `mlm.profile` says what the arguments mean and what is raised."""
    demand_mixed(m)
    demand_exact("A profile of the deviance", m)
    level = checked_level(level)
    parameters = tuple(parameters_of(m))
    return kind(_by_maximum_likelihood(m), tuple(parameters[k] for k in chosen(parameters, which)), level)


def _by_maximum_likelihood(m: Any) -> Any:
    """The model whose deviance is profiled, at its exact minimum."""
    if isinstance(m, GeneralizedFit):
        if m.has_scale:
            raise FitError(
                f"The {m.family.name} family has a dispersion, whose estimate is none of maximum likelihood: its "
                "deviance is not profiled. confint(method='wald') has intervals of the fixed effects."
            )
        if m.n_agq == 0:
            raise FitError("With n_agq=0 estimates are not those of maximum likelihood: fit with n_agq=1 to profile.")
        return m
    if not isinstance(m, Fit):
        raise ArgumentError(f"This takes a mixed model that mlm.lmer or mlm.glmer has fitted; got {type(m).__name__}.")
    if not m.reml and m.optimizer == "newton":
        return m
    return type(m).estimate(m.frame, list(m.terms), m.products, False, again=True, quiet=True)
