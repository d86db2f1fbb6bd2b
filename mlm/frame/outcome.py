"""The response: one number per row, or what a reader of other responses makes of it."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Protocol

import numpy as np

from ..errors import DataError, ResponseWarning, shorten, users_stacklevel
from ..language.formula import Formula
from ..language.tree import Call, Node, Text, shown, spell
from .given import numeric
from .values import Category, Matrix, Truth, Value

__all__ = ["Outcome", "Reader", "numbers_of_rows"]


class Outcome(Protocol):
    """What a generalized model reads of a response; n rows."""

    @property
    def values(self) -> np.ndarray:
        """One number a row (n,): of successes and failures, the share of successes."""

    @property
    def weights(self) -> np.ndarray | None:
        """Weight of each row (n,), trials included; None where all are 1."""


COLUMNS = ("cbind", "base::cbind")  # calls that put columns side by side
# The response's expression, its value in the rows in use, the prior weights (n,) and the number of rows.
Reader = Callable[[Node, Value, np.ndarray | None, int], Outcome]


def numbers_of_rows(formula: Formula, value: Value, n: int) -> np.ndarray:
    """Return the response of a linear model, shape (n,).

    Raises
    ------
    DataError
        When it is not a number in each row; where it has two outcomes, the message says how to fit it.

    Warns
    -----
    ResponseWarning
        It is True or False.
    """
    node = formula.left
    if isinstance(value, Matrix) and isinstance(node, Call) and node.function in COLUMNS:
        raise DataError(
            f"The response {shown(node)!r} makes {value.values.shape[1]} columns; it must be one in a linear model."
            f"{_meant(formula, 'successes and failures')}"
        )
    if isinstance(value, Category) and len(value.levels) == 2:
        first, second = map(shorten, value.labels)
        raise DataError(
            f"The response {shown(node)!r} is not numeric: it is a category ({first}, {second})."
            f"{_meant(formula, 'two outcomes')} For a linear model of 0 and 1 write "
            f"as.numeric({shown(node)} == {spell(Text(second))}) ~ …"
        )
    if isinstance(value, Truth):
        warnings.warn(
            f"The response {shown(node)!r} is True or False, and is taken for 1 and 0 as in R."
            f"{_meant(formula, 'two outcomes')} For a linear model without this warning write "
            f"as.numeric({shown(node)}) ~ …",
            ResponseWarning,
            stacklevel=users_stacklevel(),
        )
    return numeric(node, value, "response", n)


def _meant(formula: Formula, what: str) -> str:
    """Say which call fits such a response."""
    verb = "glmer" if formula.random else "glm"
    return f" Did you mean mlm.{verb}({formula.text!r}, data, family='binomial')? It fits {what}."
