"""A model fitted again with z-scored predictors and response, by ``scale()`` in its formula.

As the formula says what is standardised, printouts name it, means and standard deviations stay with the fit, and new
rows come in the units of the data. What is standardised is what R's ``datawizard::standardize`` takes (Gelman 2008,
*Statistics in Medicine* 27, 2865-2873, for two standard deviations).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ..errors import ArgumentError, FitError, brief, is_one_of
from ..frame.evaluate import Evaluator
from ..frame.lazy_table import is_lazy
from ..frame.model_frame import ModelFrame
from ..frame.native import Native
from ..frame.table import Table
from ..frame.unread import UnreadFrame
from ..frame.values import Category, Numbers, Truth
from ..frame.variables import variables
from ..language.parser import parse_tree
from ..language.rewriting import rewritten
from ..language.tree import Call, Name, Node, Number, spell, walk
from ..report.face import demand_model, is_generalized
from .updating import call_of

__all__ = ["fitted_standardized", "standardize"]

# Functions whose values already have their unit, and those that make a basis which standardising turns only.
SCALED, BASES = ("scale", "standardize"), ("poly", "ns", "bs")
ARITHMETIC = ("+", "-", "*", "(", "I")
GIVEN_PLACES = ("knots", "Boundary.knots", "Boundary_knots")  # arguments in the unit of the column


def standardize(m: Any, two_sd: bool = False, data: Any = None) -> Any:
    """Fit a model again with z-scored predictors and response; arguments as for `MixedModel.standardize`.

    Examples
    --------
    >>> import mlm
    >>> m = mlm.lm("y ~ x", {"y": [1.0, 2.1, 2.9, 4.2, 5.1], "x": [1, 2, 3, 4, 5]})
    >>> float(mlm.standardize(m).fixef["scale(x)"].round(3))
    0.998
    """
    demand_model(m)
    return m.standardize(two_sd, data)


def fitted_standardized(m: Any, two_sd: bool, data: Any, own: dict[str, Any]) -> Any:
    """Fit a model again, standardised; `MixedModel.standardize` says what the arguments mean.

    Parameters
    ----------
    m : MixedModel, GeneralizedMixedModel, LinearModel or GeneralizedLinearModel
    two_sd : bool
    data : data frame or None
    own : dict
        What the model has otherwise than its call says.
    """
    if not is_one_of(two_sd, (True, False)):
        raise ArgumentError(f"two_sd is True or False; got {brief(two_sd)}.")
    if isinstance(m.frame, UnreadFrame) and m.frame.origin is None:
        raise FitError(
            "This model was fitted from sums, which have no columns to standardise. Standardise the columns before "
            "their sums are formed, or fit the rows in memory and standardize that."
        )
    origin, frame = call_of(m), m.frame
    given = origin.data if data is None else data
    if given is None:
        raise FitError("This model was loaded, and came without its data: give them, standardize(m, data=…).")
    if is_lazy(given):
        raise FitError(
            "Data that stay where they are cannot be standardised: what columns are divided by is taken from rows in "
            "memory. Give these, standardize(m, data=rows), or make the columns where the data are, and fit them."
        )
    linear = not is_generalized(m) or (m.family.name, m.family.link.name) == ("gaussian", "identity")
    if linear and frame.offset is not None:
        raise FitError(
            "A model with an offset cannot be standardised: the offset has the unit of the response, and a coefficient "
            "of 1. Take it off the response instead, as in 'scale(y - o) ~ x'."
        )
    rows = _rows_in_use(frame, given, origin.options)
    changes = {**own, **rows.options} if data is None else {**own, **rows.options, "data_name": None}
    return origin.again(_Standardized(frame, rows.data, linear, two_sd).formula(), rows.data, changes)


class _Rows:
    """Data, and arguments with a value a row, in the rows that a fit uses."""

    def __init__(self, data: Any, options: dict[str, Any]) -> None:
        self.data, self.options = data, options


def _rows_in_use(frame: ModelFrame, data: Any, options: Any) -> _Rows:
    kept = {"data_name": options.get("data_name")}
    table = Table.of(data)
    used = variables(frame.formula, table, options.get("weights"), options.get("offset"), frame.recipe.own).used
    if used is None:
        return _Rows(data, kept)
    for name in ("weights", "offset"):
        values = options.get(name)
        if values is not None and not isinstance(values, str):
            kept[name] = values[used] if hasattr(values, "iloc") else np.asarray(values)[used]
    return _Rows(Native(data).rows(used), kept)


class _Standardized:
    """Writes a formula whose columns of numbers are standardised.

    Parameters
    ----------
    frame : ModelFrame
    data : data frame
        The rows in use.
    linear : bool
        Whether the response is standardised, too.
    two_sd : bool
        Whether predictors are divided by two standard deviations.
    """

    def __init__(self, frame: ModelFrame, data: Any, linear: bool, two_sd: bool) -> None:
        self.frame, self.linear, self.two_sd = frame, linear, two_sd
        self.evaluator: Evaluator = frame.recipe.evaluator(Table.of(data))

    def formula(self) -> str:
        """Write the formula."""
        old = self.frame.formula
        text = rewritten(old, old.fixed, old.random).text if old.has_dot else old.text
        tree = parse_tree(text)
        assert isinstance(tree, Call)
        left, right = tree.arguments
        return spell(replace(tree, arguments=(self._response(left), self._part(right))))

    def _response(self, node: Node) -> Node:
        if not self.linear or (isinstance(node, Call) and node.function in SCALED):
            return node
        if isinstance(node, Name):
            return self._scaled(node) if self._is_number(node) else node
        raise self._refusal(node)

    def _part(self, node: Node) -> Node:
        """A piece of the right side; groups, offsets, categories and what already is scaled stay what they are."""
        if isinstance(node, Name):
            return self._halved(node, "I") if self._is_number(node) else node
        if not isinstance(node, Call) or node.function == "offset":
            return node
        if node.infix and node.function in ("|", "||"):
            return replace(node, arguments=(self._part(node.arguments[0]), node.arguments[1]))
        if node.infix or node.function == "(":
            return self._within(node, self._part)
        return self._called(node)

    def _called(self, node: Call) -> Node:
        numbers = any(self._is_number(piece) for piece in walk(node) if isinstance(piece, Name))
        if node.function in SCALED or not numbers or isinstance(self.evaluator.value(node), Category | Truth):
            return node
        if node.function == "I":
            return self._within(node, lambda piece: self._computed(piece, node))
        names = [piece for argument in node.arguments[1:] for piece in walk(argument) if isinstance(piece, Name)]
        placed = any(key in GIVEN_PLACES for key in node.keywords) or any(map(self._is_number, names))
        if node.function in BASES and isinstance(node.arguments[0], Name) and not placed:
            return replace(node, arguments=(self._halved(node.arguments[0], None), *node.arguments[1:]))
        raise self._refusal(node)

    def _computed(self, node: Node, whole: Node) -> Node:
        """A piece of arithmetic inside of ``I()``: sums, products and whole powers."""
        if isinstance(node, Name):
            return self._halved(node, "(") if self._is_number(node) else node
        if not isinstance(node, Call) or node.function in SCALED:
            return node
        last = node.arguments[-1]
        to_a_number = node.infix and isinstance(last, Number) and (
            node.function == "/" or (node.function in ("^", "**") and last.value == int(last.value) > 0)
        )  # fmt: skip
        if not (node.function in ARITHMETIC or to_a_number):
            raise self._refusal(whole)
        return self._within(node, lambda piece: self._computed(piece, whole))

    def _within(self, node: Call, change: Callable[[Node], Node]) -> Node:
        return replace(node, arguments=tuple(change(argument) for argument in node.arguments))

    def _is_number(self, node: Node) -> bool:
        kind = self.frame.recipe.kinds.get(node.name) if isinstance(node, Name) else None
        return kind is not None and kind.name == "numbers"

    def _halved(self, node: Name, around: str | None) -> Node:
        """A column in units of one standard deviation, or of two."""
        scaled = self._scaled(node)
        if not self.two_sd:
            return scaled
        half = Call("/", (scaled, Number(2.0)), infix=True)
        return half if around is None else Call(around, (half,))

    def _scaled(self, node: Name) -> Node:
        """``scale(x)``, or with the mean and the deviation of rows that have weights."""
        weights = self.frame.weights
        if weights is None or (weights == weights[0]).all():
            return Call("scale", (node,))
        value = self.evaluator.value(node)
        assert isinstance(value, Numbers)
        total = weights.sum()
        mean = float(weights @ value.values / total)
        spread = float(weights @ np.square(value.values - mean)) / (total - float(weights @ weights) / total)
        return Call("scale", (node, Number(mean), Number(float(np.sqrt(spread)))))

    def _refusal(self, node: Node) -> FitError:
        text = spell(node)
        return FitError(
            f"{text!r} cannot be computed of a standardised column. Write scale({text}) in the formula of the model: "
            "what is scaled stays what it is."
        )
