"""Kenward and Roger's F test of a mixed model within a larger one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..errors import ArgumentError, FitError, first_few
from ..report.face import FittedModel, is_generalized, is_mixed
from .comparison import common_rows, large_and_small
from .f_tests import Denominators
from .nesting import random_outside
from .restriction import restriction
from .tables import TestsTable

__all__ = ["kr_comparison"]

REFITTED = "refitting model(s) with REML (instead of ML)"


def kr_comparison(
    models: Sequence[FittedModel], labels: Sequence[str], named: bool, digits: int, width: int
) -> TestsTable:
    """Test the smaller of two models, as pbkrtest's ``KRmodcomp()``; `mlm.anova` says what the arguments mean."""
    _demand_two_mixed(models, labels)
    small, large = sorted((0, 1), key=lambda k: len(models[k].fixef))
    rows = common_rows([models[large], models[small]], [labels[large], labels[small]])[1]
    _demand_same_effects(models[small], models[large], rows, labels)
    contrasts, values = restriction(models[small], models[large], rows, (labels[small], labels[large]))
    refitted = [label for label, m in zip(labels, models, strict=True) if not m.reml]  # type: ignore[attr-defined]
    larger = models[large] if not refitted else models[large].refit(reml=True)  # type: ignore[attr-defined]
    by: Denominators = larger.denominators("kenward-roger")
    found = by.f_test(contrasts, contrasts @ larger.fixef.to_numpy() - values)
    columns = [found.value, found.numdf, found.dendf, found.scaling, found.pvalue]
    frame = pd.DataFrame([columns], ["Ftest"], ["stat", "ndf", "ddf", "F.scaling", "p.value"], dtype=float)
    heading = (*([REFITTED] if refitted else []), *large_and_small(models, labels, named, large, small))
    tests = ("stat", "ndf", "ddf")
    return TestsTable(frame, heading, (), {"Ftest": contrasts}, tests, "p.value", digits, width)


def _demand_two_mixed(models: Sequence[FittedModel], labels: Sequence[str]) -> None:
    if len(models) != 2:
        raise ArgumentError(f"Kenward and Roger's method compares two mixed models; got {len(models)} models.")
    for label, m in zip(labels, models, strict=True):
        if not is_mixed(m) or is_generalized(m):
            kind = f"generalized {'mixed' if is_mixed(m) else 'linear'}" if is_generalized(m) else "linear"
            raise ArgumentError(
                f"Kenward and Roger's method compares two linear mixed models, and {label} is a {kind} model; leave "
                "`method` out."
            )


def _demand_same_effects(small: FittedModel, large: FittedModel, rows: np.ndarray, labels: Sequence[str]) -> None:
    """Refuse models with different random effects: within the larger one the smaller one would be another model.

    They are the same, however they are written, if each model can make the covariance matrices of the other.
    """
    back = np.empty_like(rows)
    back[rows] = np.arange(len(rows))
    outside = [*random_outside(small.frame, large.frame, rows), *random_outside(large.frame, small.frame, back)]
    if outside:
        raise FitError(
            f"{labels[0]} and {labels[1]} have different random effects, by their columns and levels: "
            f"{first_few(list(dict.fromkeys(outside)))} of one cannot be made by the other. Kenward and Roger's method "
            "does not test them; compare the models by method='lrt'."
        )
