"""What ``print(m)`` shows of a model, as R prints it: what was fitted, and the estimates without tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import pandas as pd

from ..language.parser import parse_tree
from ..language.tree import Call, Node
from . import r_numbers, r_text
from .deviances import call_of_glm, printed_deviances
from .dropped import terms_of
from .face import (
    FittedGeneralizedModel,
    FittedLinearModel,
    FittedMixedModel,
    FittedModel,
    is_generalized,
    is_mixed,
)
from .heading import criterion, heading, observations
from .notes import closing_lines
from .random_effects import random_effects_table
from .style import Style

__all__ = ["print_model"]

GAP = 2  # blanks between coefficients
DECIMALS = 4  # of criteria


def print_model(m: FittedModel, style: Style | None = None) -> str:
    """Lay out a model as R prints it.

    Parameters
    ----------
    m : MixedModel, LinearModel or GeneralizedLinearModel
    style : Style, optional
        R's defaults without it.

    Returns
    -------
    str

    Examples
    --------
    >>> import mlm
    >>> print(print_model(mlm.lm("y ~ x", {"y": [1.0, 2.1, 2.9, 4.2, 5.1], "x": [1.0, 2.0, 3.0, 4.0, 5.0]})))
    Call:
    lm(formula = y ~ x)
    <BLANKLINE>
    Coefficients:
    (Intercept)            x
          -0.03         1.03
    """
    chosen = Style() if style is None else style
    if is_mixed(m):
        return "\n".join(_mixed(m, chosen))
    lines = _generalized(m, chosen) if is_generalized(m) else _linear(cast(FittedLinearModel, m), chosen)
    return "\n".join(lines)


def _mixed(m: FittedMixedModel, style: Style) -> list[str]:
    table = random_effects_table(m.varcorr, style.table_digits, style.scipen, scales=["Std.Dev."], width=style.width)
    lines = [*heading(m, style), criterion(m, style, DECIMALS), "Random effects:", table, observations(m, style)]
    lines += ["Fixed Effects:", _coefficients(m.fixef, style)] if len(m.fixef) else ["No fixed effect coefficients"]
    return [*lines, *closing_lines(m)]


def _linear(m: FittedLinearModel, style: Style) -> list[str]:
    coefficients = _coefficients(terms_of(m.fixef, m), style)
    return ["Call:", *call_of_lm(m, m.frame.call.data), "", "Coefficients:", coefficients]


def _generalized(m: FittedGeneralizedModel, style: Style) -> list[str]:
    first, *rest = call_of_glm(m, m.frame.call.data)
    coefficients = _coefficients(terms_of(m.fixef, m), style)
    return [f"Call:  {first}", *rest, "", "Coefficients:", coefficients, "", *printed_deviances(m, style)]


def call_of_lm(m: FittedLinearModel, data_name: str | None) -> list[str]:
    """Lines of the call of a linear model, in R."""
    given: dict[str, Node] = {"formula": parse_tree(m.formula)}
    if data_name:
        given["data"] = r_text.named(data_name)
    return r_text.deparse(Call("lm", tuple(given.values()), tuple(given)))


def _coefficients(fixef: pd.Series, style: Style) -> str:
    """Estimates under their names, as many in a line as it has room for."""
    names: Sequence[str] = [str(name) for name in fixef.index]
    texts = r_numbers.format_numbers(fixef, style.table_digits, scipen=style.scipen)
    return r_numbers.named_texts(names, texts, style.width, gap=GAP)
