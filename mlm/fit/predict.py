"""Fitted and predicted values: the linear predictor, on the rows of the fit or on new ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..errors import ArgumentError, DataError, counted, is_one_of, shorten
from ..frame.design import full_coding
from ..frame.evaluate import Evaluator
from ..frame.grouping import Grouping
from ..frame.model_frame import RandomPart
from ..frame.table import Table
from ..frame.values import Category, Value, label
from ..language.formula import RandomTerm, parse
from ..language.terms import Terms
from ..language.tree import Name, spell
from .fit import Fit
from .generalized import GeneralizedFit

__all__ = ["chosen_effects", "fitted_values", "predicted_values"]

Effect = frozenset[tuple[str, bool]]  # variables, and whether each is coded by all its levels; none for the intercept


def fitted_values(fit: Fit | GeneralizedFit) -> pd.Series:
    """Fixed effects, conditional modes and offset, for the rows of the fit."""
    return _of_the_fit(fit, _all_effects(fit))


def predicted_values(fit: Fit | GeneralizedFit, newdata: Any, re_form: Any, new_levels: str) -> pd.Series:
    """Predictions; `mlm.MixedModel.predict` says what the arguments mean."""
    if not is_one_of(new_levels, ("error", "population")):
        raise ArgumentError(f"new_levels is 'error' or 'population'; got {new_levels!r}.")
    effects = chosen_effects(fit, re_form)
    if newdata is None:
        return _of_the_fit(fit, effects)
    table = Table.of(newdata, "The new data")
    values = fit.frame.x_design.replay(table).matrix() @ fit.fixef.to_numpy()
    evaluator = fit.frame.recipe.evaluator(table)
    for k, columns in effects.items():
        part = fit.terms[k]
        table.demand({"the model": fit.frame.recipe.columns(part.term.parts)}, "The new data")
        codes = _codes(fit.frame.groupings[part.term.group], part.term, evaluator, new_levels)
        values = values + _contribution(fit, k, part.design.replay(table).matrix(), codes, columns)
    return pd.Series(values + fit.frame.known_part_of(table), table.index.view())


def _of_the_fit(fit: Fit | GeneralizedFit, effects: dict[int, list[int]]) -> pd.Series:
    frame = fit.frame
    values = frame.x @ fit.fixef.to_numpy()
    for k, columns in effects.items():
        part = fit.terms[k]
        codes = frame.groupings[part.term.group].codes
        values = values + _contribution(fit, k, part.columns.matrix(), codes, columns)
    return pd.Series(values + frame.known_part, frame.index.view())


def _contribution(
    fit: Fit | GeneralizedFit, k: int, z: np.ndarray, codes: np.ndarray, columns: list[int]
) -> np.ndarray:
    """What these columns of term k add to the linear predictor; codes of -1 (unknown levels) add nothing."""
    slot = fit.deviance_function.layout.slots[k]
    b = fit.modes[fit.terms[k].term.group][0][slot.start : slot.start + slot.size]
    return np.where(codes >= 0, np.einsum("ij,ji->i", z[:, columns], b[columns][:, codes]), 0.0)


# which random effects


def _all_effects(fit: Fit | GeneralizedFit) -> dict[int, list[int]]:
    """Columns of all terms, by the terms' places."""
    return {k: list(range(len(part.columns.names))) for k, part in enumerate(fit.terms)}


def chosen_effects(fit: Fit | GeneralizedFit, re_form: Any) -> dict[int, list[int]]:
    """Columns of the random effects that `re_form` asks for, by the terms' places."""
    if re_form is None:
        return _all_effects(fit)
    if is_one_of(re_form, (False, 0, "NA", "0", "~0", "~ 0")):
        return {}
    asked = parse(f"y ~ {re_form.strip().removeprefix('~')}") if isinstance(re_form, str) and "|" in re_form else None
    if asked is None or asked.fixed.sets or asked.offsets or asked.has_dot:
        raise ArgumentError(
            "re_form is None (all random effects), 'NA', False or 0 (none), or some of them as in the formula, such as "
            f"'(1 | g)'; got {re_form!r}."
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


def _codes(factor: Grouping, term: RandomTerm, evaluator: Evaluator, new_levels: str) -> np.ndarray:
    """Positions of the rows' levels among those of the fit, -1 for new and missing ones."""
    # a column that groups is matched by its values, whatever its type: it need not be of the kind that it was
    table = evaluator.table
    values = [table.value(node.name) if isinstance(node, Name) else evaluator.value(node) for node in term.parts]
    codes, absent = factor.find(term.parts, values)
    if new_levels == "population" or (codes >= 0).all():
        return codes
    remedy = "use new_levels='population' to predict them with random effects of 0."
    if absent.any():
        raise DataError(
            f"{term.group!r} is missing in {int(absent.sum())} of {len(codes)} rows of the new data; {remedy}"
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
