"""Backward elimination: random effects first, then terms of the fixed part, one at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..errors import ArgumentError, FitError
from ..fit.fit import Fit
from ..frame.model_frame import ModelFrame
from ..frame.reduction import with_fixed_terms, with_random_parts
from ..report import r_numbers, r_text
from ..report.face import FittedModel, is_mixed
from ..report.html import as_html
from .f_tests import checked_ddf
from .full_design import model_terms
from .random_tests import random_frame
from .tables import TestsTable
from .term_tests import drop1, linear_drop1

__all__ = ["Elimination", "eliminate"]

ALPHA_RANDOM, ALPHA_FIXED = 0.1, 0.05  # lmerTest's


@dataclass(frozen=True)
class Elimination:
    """What was left out, step by step, and the model that is left: `print` it.

    Attributes
    ----------
    random : TestsTable
    fixed : TestsTable
        Rows of both are in the order in which they were left out, numbered in the column Eliminated; then what stays,
        with 0. Each is tested in the model of its step.
    model : MixedModel or LinearModel
        What is left; a linear model where no random effects are. Where a smaller one cannot be fitted, it is the last
        that can, and notes below the tables say why.
    """

    random: TestsTable
    fixed: TestsTable
    model: Any

    @property
    def frame(self) -> pd.DataFrame:
        """Both tables, the rows by ``part``, random or fixed, and by term; missing where a column is of the other."""
        return pd.concat({"random": self.random.frame, "fixed": self.fixed.frame}, names=["part", "term"])

    def __str__(self) -> str:
        formula = "\n".join(r_text.deparse(self.model.formula))
        return "\n".join([str(self.random), "", str(self.fixed), "", "Model found:", formula])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return as_html(str(self), "mlm-anova")


def eliminate(
    m: Any,
    linear: Callable[[ModelFrame], Any],
    ddf: str | None,
    alphas: tuple[float, float],
    reduce: tuple[bool, bool],
    keep: tuple[str, ...],
) -> Elimination:
    """Leave out what is not significant; `mlm.step` says what the arguments mean.

    Parameters
    ----------
    m : MixedModel
    linear : callable
        Fits a linear model to a model frame without random effects.
    ddf : str or None
    alphas : (float, float)
        Of random effects and of fixed ones.
    reduce : (bool, bool)
        Whether random effects, and fixed ones, are left out.
    keep : tuple of str
        Terms of the fixed part that stay.

    Returns
    -------
    Elimination
    """
    random, smaller = _random(m, linear, alphas[0] if reduce[0] else 1.0)
    fixed, found = _fixed(smaller, linear, ddf, alphas[1] if reduce[1] else 1.0, _kept(m.frame, keep))
    return Elimination(random, fixed, found)


def _kept(frame: ModelFrame, keep: Sequence[str]) -> set[str]:
    """Labels of terms that stay; the variables of an interaction may stand in any order."""
    labels = {tuple(sorted(term.label.split(":"))): term.label for term in model_terms(frame)}
    asked = {name: labels.get(tuple(sorted("".join(each.split()) for each in name.split(":")))) for name in keep}
    exact = set(labels.values())
    found = {name: name if name in exact else label for name, label in asked.items()}
    unknown = [name for name, label in found.items() if label is None]
    if unknown:
        there = f"there {'are' if len(exact) > 1 else 'is'} {', '.join(labels.values())}" if exact else "it has none"
        raise ArgumentError(f"`keep` names {unknown[0]!r}, which is not a term of the fixed part; {there}.")
    return {label for label in found.values() if label is not None}


def _random(m: Fit, linear: Callable[[ModelFrame], Any], alpha: float) -> tuple[TestsTable, Any]:
    """Leave out the least significant random effects as long as there are such."""
    model: Any = m
    frame, every = random_frame(m)
    rows = [frame.iloc[:1].assign(Eliminated=np.nan)]
    notes: tuple[str, ...] = ()
    while True:
        tests = frame.iloc[1:]
        worst = int(np.argmax(tests["Pr(>Chisq)"])) if len(tests) else 0
        if not len(tests) or not tests["Pr(>Chisq)"].iloc[worst] > alpha:
            rows.append(tests.assign(Eliminated=0.0))
            break
        parts = every[worst].parts
        smaller = with_random_parts(model.frame, parts)
        if not parts and smaller.weights is not None:
            rows.append(tests.assign(Eliminated=0.0))
            notes = (
                f"{tests.index[worst]} stays: linear models (mlm.lm), which are left without it, take no weights.",
            )
            break
        rows.append(tests.iloc[[worst]].assign(Eliminated=float(len(rows))))
        if not parts:
            model = linear(smaller)
            break
        model = m.on(smaller)
        frame, every = random_frame(model)
    return _table(rows, "Backward reduced random-effect table:", (), notes, None, "Pr(>Chisq)"), model


def _fixed(
    model: Any, linear: Callable[[ModelFrame], Any], ddf: str | None, alpha: float, keep: set[str]
) -> tuple[TestsTable, Any]:
    """Leave out the least significant term of the fixed part as long as there is one."""
    rows: list[pd.DataFrame] = []
    stays: dict[str, str] = {}
    while True:
        tests = _drop1(model, ddf)
        asked = tests[~tests.index.isin([*keep, *stays])]
        worst = asked["Pr(>F)"].idxmax() if asked["Pr(>F)"].notna().any() else None
        if worst is None or not asked.loc[worst, "Pr(>F)"] > alpha:
            rows.append(tests.assign(Eliminated=0.0))
            break
        terms = [k for k, term in enumerate(model_terms(model.frame)) if term.label != worst]
        try:
            frame = with_fixed_terms(model.frame, terms)
            smaller = model.on(frame) if isinstance(model, Fit) else linear(frame)
        except FitError as error:
            stays[worst] = str(error).partition(";")[0]
            continue
        rows.append(tests.loc[[worst]].assign(Eliminated=float(len(rows) + 1)))
        model = smaller
    method = (
        f"Degrees of freedom method: {'Kenward-Roger' if checked_ddf(ddf) == 'kenward-roger' else 'Satterthwaite'} "
    )
    below = (method, "") if isinstance(model, Fit) else ()
    notes = tuple(
        f"{name} stays: {why[:1].lower()}{why[1:].rstrip('.')}."
        for name, why in stays.items()
        if name in rows[-1].index
    )
    return _table(rows, "Backward reduced fixed-effect table:", below, notes, "F value", "Pr(>F)"), model


def _drop1(model: FittedModel, ddf: str | None) -> pd.DataFrame:
    return drop1(model, ddf).frame if is_mixed(model) else linear_drop1(model)


def _table(
    rows: list[pd.DataFrame], title: str, below: tuple[str, ...], notes: tuple[str, ...], test: str | None, pvalue: str
) -> TestsTable:
    frame = pd.concat(rows)
    order = ["Eliminated", *[name for name in frame.columns if name != "Eliminated"]]
    heading = (title, *(below or ("",) if test is None else below))
    return TestsTable(frame[order], heading, notes, test=test, pvalue=pvalue, digits=r_numbers.DIGITS)
