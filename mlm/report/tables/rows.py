"""What stands in the rows of a table of models: coefficients and statistics, each row told by what it is.

Rows are told apart by keys and not by their labels: two coefficients may be called the same, in one model or in two.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

import pandas as pd
import scipy

from ...errors import ArgumentError, FitError, first_few, listed, suggest
from .. import r_numbers
from ..face import (
    FittedGeneralizedModel,
    FittedLinearModel,
    FittedMixedModel,
    FittedModel,
    is_generalized,
    is_mixed,
    name_text,
)

__all__ = [
    "MARKS",
    "Estimate",
    "Key",
    "TableRow",
    "coefficient_rows",
    "estimates",
    "is_intercept",
    "rows_by_key",
    "star_marks",
    "statistic_rows",
]

# texreg's marks, of the smallest p values first; the last is of four levels only, and a dot that stands in the middle
# of the line where letters allow it.
MARKS = ("***", "**", "*", ".")


@dataclass(frozen=True, slots=True)
class Estimate:
    """A coefficient of one model.

    Attributes
    ----------
    value, se : float
        Estimate and standard error.
    stars : str
        Its mark, one of `MARKS` or nothing.
    p : float
        Two-sided p value.
    low, high : float
        Limits of the interval.
    """

    value: float
    se: float
    stars: str
    p: float
    low: float
    high: float


Cell = Estimate | float | int | None


class TableRow(NamedTuple):
    """A row: its label, and of each model a cell, None where it has none."""

    label: str
    cells: list[Cell]


class Key(NamedTuple):
    """What a row is, beside the label it has by itself."""

    label: str
    what: Hashable = None


def is_intercept(key: Key) -> bool:
    """Tell the intercept, which no variable makes, from a column that is called like it."""
    return key.what == ((), 0)


def star_marks(bounds: Sequence[float]) -> list[tuple[float, str]]:
    """Bounds of the p values, ascending, and their marks: a star for the largest of up to three, of four a dot."""
    return list(zip(bounds, MARKS[max(0, 3 - len(bounds)) :], strict=False))


def estimates(m: FittedModel, bounds: Sequence[float], ddf: str | None, level: float) -> dict[Key, Estimate]:
    """Coefficients of a model, with intervals of this level, by what they are."""
    own = _own_ddf(m, ddf)
    table = m.coefficients(own)
    last = table.columns[-1]
    p = table[last] if last.startswith("Pr(") else 2 * scipy.stats.norm.sf(table[last].abs())
    marks = [r_numbers.stars(value, star_marks(bounds), otherwise="", closed=False) for value in p]
    limits = m.confint(level, ddf=own).to_numpy()
    if len(limits) > len(table):  # those of a linear model have rows of the terms without a coefficient
        limits = limits[list(m.frame.x_design.keep)]
    keys = [Key(label, (variables, count)) for variables, label, count in m.frame.x_design.column_keys()]
    values = zip(keys, table["Estimate"], table["Std. Error"], marks, p, limits, strict=True)
    return {
        key: Estimate(float(b), float(se), mark, float(pvalue), float(low), float(high))
        for key, b, se, mark, pvalue, (low, high) in values
    }


def _own_ddf(m: FittedModel, ddf: str | None) -> str | None:
    """Degrees of freedom as a model takes them: a linear one has its own, and needs none."""
    if is_mixed(m):
        return ddf
    try:
        m.coefficients(ddf)
    except FitError:
        return None
    return ddf


def coefficient_rows(
    columns: Sequence[Mapping[Key, Estimate]],
    heads: Sequence[str],
    coef_names: Sequence[str] | Mapping[str, str] | None,
    omit: Any = None,
) -> tuple[TableRow, ...]:
    """Line up the coefficients of several models.

    Parameters
    ----------
    columns : sequence of mapping
        `estimates` of each model.
    heads : sequence of str
        What the models are called, for messages.
    coef_names : sequence of str, mapping, or None
        Labels: one for each coefficient that is shown, in order of first appearance, or a mapping of those that are to
        be renamed. Coefficients that get one name share a row.
    omit : str, pattern, or sequence of str, optional
        Coefficients left out: a list of their names, or a text, a regular expression that is found in them.

    Returns
    -------
    tuple of TableRow

    Raises
    ------
    ArgumentError
        As `rows_by_key`.
    """
    return tuple(rows_by_key(columns, heads, coef_names, omit).values())


def rows_by_key(
    columns: Sequence[Mapping[Key, Estimate]],
    heads: Sequence[str],
    coef_names: Sequence[str] | Mapping[str, str] | None,
    omit: Any = None,
) -> dict[Key, TableRow]:
    """Line up the coefficients of several models, as `coefficient_rows`, each row by the first of those that share it.

    Raises
    ------
    ArgumentError
        When names are not as many as coefficients, or of ones that no model has, two coefficients of one model get one
        name, or nothing is left.
    """
    keys = list(dict.fromkeys(key for column in columns for key in column))
    left_out = _omitted([key.label for key in keys], omit)
    keys = [key for key in keys if key.label not in left_out]
    if not keys and left_out:
        raise ArgumentError("omit= leaves no coefficient to show.")
    if not keys:
        raise ArgumentError(
            "There is no coefficient to show: none of the models has any. Their variances are in `varcorr` and `tidy`."
        )
    labels = _labels(keys, coef_names)
    given = {label for key, label in labels.items() if label != key.label}
    rows: dict[Hashable, list[Key]] = {}
    for key in keys:
        rows.setdefault(labels[key] if labels[key] in given else key, []).append(key)
    return {
        same[0]: TableRow(labels[same[0]], _merged(same, columns, heads, labels[same[0]])) for same in rows.values()
    }


def _merged(
    same: Sequence[Key], columns: Sequence[Mapping[Key, Estimate]], heads: Sequence[str], label: str
) -> list[Cell]:
    """Of each model the one coefficient that it has of those that share a row."""
    cells: list[Cell] = []
    for column, head in zip(columns, heads, strict=True):
        found = [key for key in same if key in column]
        if len(found) > 1:
            raise ArgumentError(
                f"Two coefficients of one model cannot have one name: in {head!r}, "
                f"{' and '.join(key.label for key in found)} would both be called {label!r}."
            )
        cells.append(column[found[0]] if found else None)
    return cells


def _omitted(labels: Sequence[str], omit: Any) -> set[str]:
    """Labels of the coefficients to leave out."""
    if omit is None:
        return set()
    if isinstance(omit, str | re.Pattern):
        try:
            found = {label for label in labels if re.search(omit, label)}
        except (re.error, TypeError) as error:
            raise ArgumentError(f"omit={omit!r} is not a regular expression: {error}.") from None
        if not found:
            raise ArgumentError(f"No coefficient matches omit={omit!r}; there are {first_few(labels)}.")
        return found
    names = listed(omit, any_order=True)
    if names is None or not all(isinstance(name, str) for name in names):
        raise ArgumentError(
            f"omit is a list of coefficients, such as ['x'], or a regular expression; got {type(omit).__name__}."
        )
    for name in names:
        _demand_known(name, labels)
    return set(names)


def _demand_known(name: Any, labels: Sequence[str]) -> None:
    if name not in labels:
        raise ArgumentError(
            f"No model has the coefficient {name!r}; there are {first_few(labels)}.{suggest(name, labels)}"
        )


def _labels(keys: Sequence[Key], coef_names: Sequence[str] | Mapping[str, str] | None) -> dict[Key, str]:
    """Row label of each coefficient."""
    terms = [key.label for key in keys]
    if coef_names is None:
        return dict(zip(keys, terms, strict=True))
    if isinstance(coef_names, Mapping):
        for name in coef_names:
            _demand_known(name, terms)
        given = {term: name_text(name, "coef_names") for term, name in coef_names.items()}
        return {key: given.get(key.label, key.label) for key in keys}
    names = listed(coef_names)
    if names is None:
        raise ArgumentError(
            "coef_names is a list of names, or maps terms to names, such as {'x': 'Hours'}; got "
            f"{type(coef_names).__name__}."
        )
    if len(names) != len(keys):
        raise ArgumentError(
            f"The models have {len(keys)} different coefficients, {', '.join(terms)}; got {len(names)} names."
        )
    return {key: name_text(name, "coef_names") for key, name in zip(keys, names, strict=True)}


def statistic_rows(models: Sequence[FittedModel], rmse: bool) -> tuple[TableRow, ...]:
    """Line up what texreg shows of the fits, and the variances."""
    columns = [_statistics(m, rmse) for m in models]
    keys = dict.fromkeys(key for column in columns for key in column)
    return tuple(TableRow(key.label, [column.get(key) for column in columns]) for key in keys)


def _statistics(m: FittedModel, rmse: bool) -> dict[Key, float | int]:
    if is_mixed(m):
        return _mixed_statistics(m)
    return _generalized_statistics(m) if is_generalized(m) else _linear_statistics(cast(FittedLinearModel, m), rmse)


def _generalized_statistics(m: FittedGeneralizedModel) -> dict[Key, float | int]:
    return {
        Key("AIC"): m.aic,
        Key("BIC"): m.bic,
        Key("Log Likelihood"): m.loglik,
        Key("Deviance"): m.deviance,
        Key("Num. obs."): m.nobs,
    }


def _linear_statistics(m: FittedLinearModel, rmse: bool) -> dict[Key, float | int]:
    shown: dict[Key, float | int] = {
        Key("R^2"): m.r_squared,
        Key("Adj. R^2"): m.adj_r_squared,
        Key("Num. obs."): m.nobs,
    }
    return shown | ({Key("RMSE"): m.sigma} if rmse else {})


def _mixed_statistics(m: FittedMixedModel) -> dict[Key, float | int]:
    shown: dict[Key, float | int] = {Key("AIC"): m.aic, Key("BIC"): m.bic, Key("Log Likelihood"): m.loglik}
    shown[Key("Num. obs.")] = m.nobs
    shown |= {Key(f"Num. groups: {name}", "groups"): int(count) for name, count in m.ngrps.items()}
    parts = m.varcorr[["grp", "var1", "var2", "vcov"]].itertuples(index=False)
    for what, (grp, one, two, value) in zip(_variances(m), parts, strict=True):
        kind = "Var" if pd.isna(two) else "Cov"
        names = [str(name) for name in (grp, one, two) if not pd.isna(name)]
        shown[Key(f"{kind}: {' '.join(names)}", what)] = float(value)
    return shown


def _variances(m: FittedMixedModel) -> Iterator[Hashable]:
    """What each row of `varcorr` is: the factor, the number of the term that has its effects, and these."""
    seen: dict[Hashable, int] = {}
    for part in m.terms:
        columns = part.design.column_keys()
        pairs = [*((key, key) for key in columns), *itertools.combinations(columns, 2)]
        for one, two in pairs:
            what = (part.term.group, one, two)
            seen[what] = seen.get(what, 0) + 1
            yield (*what, seen[what])
    if m.varcorr["grp"].iloc[-1] == "Residual":  # there is none without a dispersion
        yield "residual"
