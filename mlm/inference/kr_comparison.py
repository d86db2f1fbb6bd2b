"""Kenward and Roger's F test of a mixed model within a larger one."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from ..errors import ArgumentError, FitError
from ..language.formula import without_double_bars
from ..report import r_text
from ..report.face import FittedModel, is_mixed
from .comparison import common_rows
from .f_tests import Denominators
from .restriction import restriction
from .tables import TestsTable

__all__ = ["kr_comparison"]

REFITTED = "refitting model(s) with REML (instead of ML)"


def kr_comparison(models: Sequence[FittedModel], labels: Sequence[str], digits: int, width: int) -> TestsTable:
    """Test the smaller of two models, as pbkrtest's ``KRmodcomp()``; `mlm.anova` says what the arguments mean."""
    if len(models) != 2 or not all(is_mixed(m) for m in models):
        raise ArgumentError(f"Kenward and Roger's method compares two mixed models; got {len(models)} models.")
    small, large = sorted((0, 1), key=lambda k: len(models[k].fixef))
    _demand_same_effects(models, labels)
    rows = common_rows([models[large], models[small]], [labels[large], labels[small]])[1]
    contrasts, values = restriction(models[small], models[large], rows, (labels[small], labels[large]))
    refitted = [label for label, m in zip(labels, models, strict=True) if not m.reml]  # type: ignore[attr-defined]
    larger = models[large] if not refitted else models[large].refit(reml=True)  # type: ignore[attr-defined]
    by: Denominators = larger.denominators("kenward-roger")
    found = by.f_test(contrasts, contrasts @ larger.fixef.to_numpy() - values)
    columns = [found.value, found.numdf, found.dendf, found.scaling, found.pvalue]
    frame = pd.DataFrame([columns], ["Ftest"], ["stat", "ndf", "ddf", "F.scaling", "p.value"], dtype=float)
    formulas = [" ".join(r_text.deparse(without_double_bars(models[k].formula))) for k in (large, small)]
    heading = (*([REFITTED] if refitted else []), f"large : {formulas[0]}", f"small : {formulas[1]}")
    tests = ("stat", "ndf", "ddf")
    return TestsTable(frame, heading, (), {"Ftest": contrasts}, tests, "p.value", digits, width)


def _demand_same_effects(models: Sequence[FittedModel], labels: Sequence[str]) -> None:
    """Refuse models with different random effects: within the larger one the smaller one would be another model."""
    terms = [sorted((part.term.group, sorted(part.columns.names)) for part in m.frame.random) for m in models]
    if terms[0] != terms[1]:
        raise FitError(
            f"{labels[0]} and {labels[1]} have different random effects, which Kenward and Roger's method does not "
            "test; compare them by method='lrt'."
        )
