"""Fitted and predicted values: the linear predictor, on the rows of the fit or on new ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ..errors import (
    ArgumentError,
    DataError,
    FitError,
    brief,
    counted,
    is_one_of,
    shorten,
)
from ..frame.design import full_coding
from ..frame.estimability import estimable_rows
from ..frame.evaluate import Evaluator
from ..frame.grouping import Grouping
from ..frame.model_frame import RandomPart
from ..frame.table import Table
from ..frame.unread import UnreadFrame
from ..frame.values import Category, Value, label
from ..language.formula import RandomTerm, parse
from ..language.terms import Terms
from ..language.tree import Name, spell
from .fit import Fit
from .generalized import GeneralizedFit
from .mixed_model_equations import Effects, MixedModelEquations

__all__ = [
    "Wanted",
    "chosen_effects",
    "codes_of",
    "demand_errors",
    "demand_new_levels",
    "demand_no_effects",
    "fitted_values",
    "predicted_values",
    "variances",
    "wanted",
]

NO_EFFECTS = (False, 0, "NA", "0", "~0", "~ 0")
NEW_LEVELS = ("error", "population", "missing")
# Rows whose variances are solved for at most, of a fit that was solved iteratively: a choice. Each takes some thirty
# passes over the pairs of levels that share rows.
SOLVED_ROWS = 1000
Effect = frozenset[tuple[str, bool]]  # variables, and whether each is coded by all its levels; none for the intercept


class Part(NamedTuple):
    """What the rows have of one term's effects.

    Attributes
    ----------
    term : int
        Its place among the model's.
    z : ndarray, shape (m, effects)
        Columns of the effects that count.
    codes : ndarray of int, shape (m,)
        Levels, -1 for those that are new or missing.
    columns : list of int
        Which of the term's effects count.
    """

    term: int
    z: np.ndarray
    codes: np.ndarray
    columns: list[int]


@dataclass(frozen=True, slots=True, eq=False)
class Wanted:
    """Rows that are predicted: their columns, levels and offset.

    Attributes
    ----------
    index : pandas.Index
    x : ndarray, shape (m, p)
    known_part : ndarray of shape (m,), or float
    parts : tuple of Part
        Of the random effects that count.
    lost : ndarray of bool, shape (m,)
        Rows without a prediction, their levels being new.
    estimable : ndarray of bool, shape (m,)
        False where columns that were dropped are not what they would be in the rows of the fit.
    """

    index: pd.Index
    x: np.ndarray
    known_part: np.ndarray | float
    parts: tuple[Part, ...]
    lost: np.ndarray
    estimable: np.ndarray


def fitted_values(fit: Fit | GeneralizedFit) -> pd.Series:
    """Fixed effects, conditional modes and offset, for the rows of the fit."""
    return predicted_values(fit, wanted(fit, None, None, "error"))


def wanted(fit: Fit | GeneralizedFit, newdata: Any, re_form: Any, new_levels: str) -> Wanted:
    """Read the rows that are to be predicted; `mlm.MixedModel.predict` says what the arguments mean."""
    demand_new_levels(new_levels)
    effects = chosen_effects(fit, re_form)
    if newdata is None:
        return _of_the_fit(fit, effects)
    table = Table.of(newdata, "The new data")
    x, estimable = estimable_rows(fit.frame, table)
    evaluator, parts = fit.frame.recipe.evaluator(table), []
    for k, columns in effects.items():
        part = fit.terms[k]
        table.demand({"the model": fit.frame.recipe.columns(part.term.parts)}, "The new data")
        codes = codes_of(fit.frame.groupings[part.term.group], part.term, evaluator, new_levels)
        parts.append(Part(k, part.design.replay(table).matrix()[:, columns], codes, columns))
    lost = np.zeros(table.n, dtype=bool)
    if new_levels == "missing":
        for each in parts:
            lost |= each.codes < 0
    return Wanted(table.index.view(), x, fit.frame.known_part_of(table), tuple(parts), lost, estimable)


def demand_new_levels(new_levels: str) -> None:
    """Refuse what `mlm.MixedModel.predict` does not know."""
    if not is_one_of(new_levels, NEW_LEVELS):
        raise ArgumentError(f"new_levels is 'error', 'population' or 'missing'; got {brief(new_levels)}.")


def demand_errors(fit: Fit | GeneralizedFit, rows: Wanted) -> None:
    """Refuse standard errors of conditional modes after sums, which do not tell them.

    Raises
    ------
    FitError
    """
    if rows.parts and isinstance(fit.frame, UnreadFrame):
        raise FitError(
            "Standard errors and intervals of predictions with random effects need the rows of the data, and this "
            "model was fitted from sums. re_form=False has those of the fixed part; else fit the rows in memory."
        )


def _of_the_fit(fit: Fit | GeneralizedFit, effects: dict[int, list[int]]) -> Wanted:
    frame = fit.frame
    parts = tuple(
        Part(k, fit.terms[k].columns.matrix()[:, columns], frame.groupings[fit.terms[k].term.group].codes, columns)
        for k, columns in effects.items()
    )
    none, every = np.zeros(frame.nobs, dtype=bool), np.ones(frame.nobs, dtype=bool)
    return Wanted(frame.index.view(), frame.x, frame.known_part, parts, none, every)


def predicted_values(fit: Fit | GeneralizedFit, rows: Wanted) -> pd.Series:
    """Linear predictors of rows, shape (m,), by row label."""
    values = rows.x @ fit.fixef.to_numpy()
    for part in rows.parts:
        slot = fit.deviance_function.layout.slots[part.term]
        b = fit.modes[fit.terms[part.term].term.group][0][slot.start : slot.start + slot.size]
        mine = np.einsum("ij,ji->i", part.z, b[part.columns][:, part.codes])
        values = values + np.where(part.codes >= 0, mine, 0.0)
    values = values + rows.known_part
    return pd.Series(np.where(rows.lost, np.nan, values) if rows.lost.any() else values, rows.index)


def variances(fit: Fit | GeneralizedFit, equations: Callable[[], MixedModelEquations], rows: Wanted) -> np.ndarray:
    """Variances of what is predicted, shape (m,): of fixed effects alone by their covariance, else of both jointly.

    Parameters
    ----------
    fit : Fit or GeneralizedFit
    equations : callable
        Returns the fit's; not called where no random effects count.
    rows : Wanted

    Returns
    -------
    ndarray, shape (m,)
        NaN where there is no prediction, or it does not follow from the fit.
    """
    if rows.parts and getattr(fit, "monte_carlo", None) is not None:
        found = _solved_variances(fit, rows)
    elif rows.parts:
        found = equations().variances(rows.x, _by_factor(fit, rows))
    else:
        found = fit.working_covariance.variances(rows.x)
    return np.where(rows.lost | ~rows.estimable, np.nan, found)


def _solved_variances(fit: Any, rows: Wanted) -> np.ndarray:
    """Variances of what is predicted by a fit that was solved iteratively: a solution for each row that differs."""
    effects = _by_factor(fit, rows)
    every = [rows.x, *(column for e in effects.values() for column in (e.z, e.codes[:, None]))]
    _, first, place = np.unique(np.concatenate(every, axis=1), axis=0, return_index=True, return_inverse=True)
    if len(first) > SOLVED_ROWS:
        raise FitError(
            f"Standard errors of predictions with random effects are solved for row by row in a fit that was solved "
            f"iteratively: {len(first)} different rows are too many, {SOLVED_ROWS} the most. Ask for fewer rows, or "
            "for predictions without random effects (re_form='NA')."
        )
    columns = {group: e.z[first] for group, e in effects.items()}
    codes = {group: e.codes[first] for group, e in effects.items()}
    found: np.ndarray = fit.solved_variances(rows.x[first], columns, codes)[place.ravel()]
    return found


def _by_factor(fit: Fit | GeneralizedFit, rows: Wanted) -> dict[str, Effects]:
    """The parts of each grouping factor side by side, 0 where an effect does not count."""
    layout, found = fit.deviance_function.layout, {}
    for part in rows.parts:
        slot, group = layout.slots[part.term], fit.terms[part.term].term.group
        if group not in found:
            found[group] = Effects(np.zeros((len(rows.x), layout.sizes[slot.factor])), part.codes)
        found[group].z[:, [slot.start + k for k in part.columns]] = part.z
    return found


# which random effects


def _all_effects(fit: Fit | GeneralizedFit) -> dict[int, list[int]]:
    """Columns of all terms, by the terms' places."""
    return {k: list(range(len(part.columns.names))) for k, part in enumerate(fit.terms)}


def demand_no_effects(re_form: Any) -> None:
    """Refuse random effects of a model that has none.

    Raises
    ------
    ArgumentError
        When some of them are asked for: all or none makes no difference.
    """
    if re_form is not None and not is_one_of(re_form, NO_EFFECTS):
        raise ArgumentError(f"`re_form` is of mixed models, and this one has no random effects; got {brief(re_form)}.")


def chosen_effects(fit: Fit | GeneralizedFit, re_form: Any) -> dict[int, list[int]]:
    """Columns of the random effects that `re_form` asks for, by the terms' places."""
    if re_form is None:
        return _all_effects(fit)
    if is_one_of(re_form, NO_EFFECTS):
        return {}
    asked = parse(f"y ~ {re_form.strip().removeprefix('~')}") if isinstance(re_form, str) and "|" in re_form else None
    if asked is None or asked.fixed.sets or asked.offsets or asked.has_dot:
        raise ArgumentError(
            "re_form is None (all random effects), 'NA', False or 0 (none), or some of them as in the formula, such as "
            f"'(1 | g)'; got {brief(re_form)}."
        )
    chosen: dict[int, set[int]] = {}
    for term in asked.random:
        for k, columns in _columns_of(fit, term, re_form).items():
            chosen.setdefault(k, set()).update(columns)
    return {k: sorted(columns) for k, columns in chosen.items()}


def _columns_of(fit: Fit | GeneralizedFit, term: RandomTerm, re_form: str) -> dict[int, list[int]]:
    """Where a wanted term's effects are among the model's."""
    there: dict[Effect, tuple[int, list[int]]] = {}
    codings: dict[str, Any] = {}
    for k, part in enumerate(fit.terms):
        if part.term.group == term.group:
            there |= {effect: (k, columns) for effect, columns in _effects_of(part).items()}
            codings |= dict(zip(map(spell, part.term.expr.variables), part.design.codings, strict=True))
    wanted = tuple(codings.get(spell(node)) for node in term.expr.variables)
    effects = _effects(term.expr, full_coding(term.expr, wanted))
    found: dict[int, list[int]] = {}
    for effect, name in zip(effects, ["1"] * term.expr.intercept + [*term.expr.labels], strict=True):
        if effect not in there:
            listed = ", ".join(f"({part.term.text})" for part in fit.terms)
            otherwise = {variable for variable, _ in effect} in [{v for v, _ in other} for other in there]
            raise ArgumentError(
                f"re_form={re_form!r}: the model has no effect '({name} | {term.group})'"
                f"{' with this coding of its categories' if otherwise else ''}; it has {listed}."
            )
        k, columns = there[effect]
        found.setdefault(k, []).extend(columns)
    return found


def _effects(terms: Terms, full: tuple[tuple[bool, ...], ...]) -> list[Effect]:
    """What varies in some terms: of each its variables, and whether these are coded by all their levels."""
    spelled = [spell(node) for node in terms.variables]
    sets = [
        frozenset((spelled[k], flag) for k, flag in zip(term, flags, strict=True))
        for term, flags in zip(terms.sets, full, strict=True)
    ]
    return [frozenset()] * terms.intercept + sets


def _effects_of(part: RandomPart) -> dict[Effect, list[int]]:
    """Columns of a term by what varies."""
    spans = [1] * part.term.expr.intercept + list(part.design.spans)
    found, start = {}, 0
    for effect, span in zip(_effects(part.term.expr, part.design.full), spans, strict=True):
        found[effect] = list(range(start, start + span))
        start += span
    return found


# which levels


def codes_of(
    factor: Grouping, term: RandomTerm, evaluator: Evaluator, new_levels: str, counts: np.ndarray | None = None
) -> np.ndarray:
    """Positions of the rows' levels among those of the fit, -1 for new and missing ones.

    Parameters
    ----------
    factor : Grouping
        Of the fit.
    term : RandomTerm
    evaluator : Evaluator
        Of the rows.
    new_levels : str
    counts : ndarray of int, shape (rows,), optional
        How often each row is there; 1 by default.

    Raises
    ------
    DataError
        When `new_levels` is ``"error"``, and there are some.
    """
    # a column that groups is matched by its values, whatever its type: it need not be of the kind that it was
    table = evaluator.table
    values = [table.value(node.name) if isinstance(node, Name) else evaluator.value(node) for node in term.parts]
    codes, absent = factor.find(term.parts, values)
    if new_levels != "error" or (codes >= 0).all():
        return codes
    remedy = "use new_levels='population' to predict them with random effects of 0."
    if absent.any():
        often = np.ones(len(codes), dtype=int) if counts is None else counts
        raise DataError(
            f"{term.group!r} is missing in {int(often[absent].sum())} of {int(often.sum())} rows of the new data; "
            f"{remedy}"
        )
    new = np.flatnonzero(codes < 0)
    names = list(dict.fromkeys(":".join(_label_at(value, row) for value in values) for row in new))
    raise DataError(
        f"{term.group!r} has {counted(len(names), 'level')} that the fit has not seen, such as "
        f"{shorten(names[0])!r}; {remedy}"
    )


def _label_at(value: Value, row: Any) -> str:
    """How a part of a grouping factor reads in one row."""
    if isinstance(value, Category):
        return label(value.levels[value.codes[row]])
    return label(value.values[row])  # type: ignore[union-attr]
