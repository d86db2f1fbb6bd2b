"""Linear hypotheses about the coefficients: as rows of weights, as names with weights, or written out.

A text is read by the language of formulas, in which coefficients stand by their names, ``x1 - 2 * x2 = 3``; nothing in
it is run. Names as R makes them are not expressions, such as ``poly(x, 2)1``; they are told before the text is read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ..errors import ArgumentError, DataError, FormulaError, brief, first_few, listed, shorten, suggest
from ..frame.column import Column
from ..language.parser import parse_expression
from ..language.tree import Call, Name, Node, Number, spell

__all__ = ["Hypotheses", "hypotheses"]

MARK = (
    "#"  # as often as no text has it, with a number and in backticks, it stands for a coefficient while a text is read
)

MODERATE = 300  # power of 2 of weights up to which they stay as they are


class Hypotheses(NamedTuple):
    """Rows of weights, what the weighted sums are supposed to be, and what to call them.

    Attributes
    ----------
    weights : ndarray, shape (k, p)
    values : ndarray, shape (k,)
    names : tuple of str
    """

    weights: np.ndarray
    values: np.ndarray
    names: tuple[str, ...]

    def shortened(self) -> tuple[Hypotheses, np.ndarray]:
        """Very large and small ones divided by a power of 2, so that squares are numbers; and the powers (k,)."""
        power = np.frexp(np.abs(self.weights).max(axis=1))[1]
        power[np.abs(power) < MODERATE] = 0
        with np.errstate(over="ignore"):
            values = np.ldexp(self.values, -power)
        return self._replace(weights=np.ldexp(self.weights, -power[:, None]), values=values), power


def hypotheses(given: Any, rhs: Any, coefficients: Sequence[str]) -> Hypotheses:
    """Read hypotheses; `mlm.contest` says in which forms.

    Parameters
    ----------
    given : str, mapping, array_like, or a list of these
    rhs : float, array_like of shape (k,), mapping or Series by the names of hypotheses
        What the weighted sums are supposed to be, besides what stands on the right of a text.
    coefficients : sequence of str
        Their names.

    Returns
    -------
    Hypotheses

    Raises
    ------
    ArgumentError
        A text or a name is not a coefficient's, or no linear combination; the message lists the coefficients.
    DataError
        Weights are not one finite number a coefficient.
    """
    rows = [_one(each, coefficients) for each in _several(given, coefficients)]
    if not rows:
        raise ArgumentError(
            "There is no hypothesis: give weights, names with weights, or a text such as 'x1 - x2 = 0'."
        )
    weights, values = np.array([row for row, _, _ in rows]), np.array([value for _, value, _ in rows])
    own = [name for _, _, name in rows]
    names = tuple(name or str(k) for k, name in enumerate(own, 1))
    return Hypotheses(weights, values + _right(_by_hypothesis(rhs, own), len(rows)), names)


def _by_hypothesis(rhs: Any, names: Sequence[str]) -> Any:
    """Right sides with the names of hypotheses, in the order of these; others, and of rows of numbers, as given."""
    named = isinstance(rhs, Mapping) or (isinstance(rhs, pd.Series) and any(isinstance(k, str) for k in rhs.index))
    if not named or (isinstance(rhs, pd.Series) and not all(names)):
        return rhs
    told = [str(name) for name in (rhs.index if isinstance(rhs, pd.Series) else rhs)]
    if sorted(told) != sorted(names):
        raise DataError(f"`rhs` has the names {first_few(told)}; the hypotheses are {first_few(list(names))}.")
    values = dict(zip(told, list(rhs if isinstance(rhs, pd.Series) else rhs.values()), strict=True))
    return [values[name] for name in names] if len(values) == len(names) else rhs


def _right(rhs: Any, count: int) -> np.ndarray:
    single = isinstance(rhs, str) or not hasattr(rhs, "__len__") or getattr(rhs, "ndim", 1) == 0
    found = Column.of([rhs] if single else rhs, "`rhs`").numbers()
    if found.shape not in ((1,), (count,)) or not np.isfinite(found).all():
        raise DataError(f"`rhs` is a finite number, or one for each of {count} hypotheses; got shape {found.shape}.")
    return found


def _several(given: Any, coefficients: Sequence[str]) -> list[Any]:
    """One hypothesis after the other."""
    if isinstance(given, pd.Series) and len(given) and all(isinstance(one, str) for one in given):
        return list(given)
    if isinstance(given, str | Mapping | pd.Series):
        return [given]
    if isinstance(given, pd.DataFrame):
        return [given.iloc[k] for k in range(len(given))]
    each = listed(given)
    if each is None:
        each = list(given) if isinstance(given, np.ndarray) and given.ndim == 2 else [given]
    elif each and not any(hasattr(one, "__len__") for one in each):
        return [given]  # a single row of weights
    return each


def _one(given: Any, coefficients: Sequence[str]) -> tuple[np.ndarray, float, str]:
    """Weights, right side and name of one hypothesis."""
    if isinstance(given, str):
        return *_written(given, coefficients), " ".join(given.split())
    if isinstance(given, pd.Series):
        given = given.to_dict()
    if isinstance(given, Mapping):
        row = np.zeros(len(coefficients))
        for name, weight in given.items():
            row[_place(str(name), coefficients)] = Column.of([weight], f"The weight of {name!r}").numbers()[0]
        return _demand_any(_finite(row, coefficients), given), 0.0, _named(row, coefficients)
    if not np.ndim(given):
        raise ArgumentError(
            f"A hypothesis is a text such as 'x1 - x2 = 0', names with weights, or one weight a coefficient; got "
            f"{brief(given)}."
        )
    row = _finite(Column.of(given, "The contrast").numbers(), coefficients)
    return _demand_any(row, row.tolist()), 0.0, ""


def _finite(row: np.ndarray, coefficients: Sequence[str]) -> np.ndarray:
    if row.shape != (len(coefficients),):
        raise DataError(
            f"A contrast has one number a coefficient: {len(coefficients)} ({first_few(coefficients)}); got shape "
            f"{row.shape}."
        )
    if not np.isfinite(row).all():
        raise DataError(f"The contrast has {int((~np.isfinite(row)).sum())} missing or infinite values; write 0.")
    return row


def _demand_any(row: np.ndarray, given: Any) -> np.ndarray:
    """Refuse weights that are all 0."""
    if not row.any():
        shown = given if isinstance(given, str) else str(given)
        raise ArgumentError(f"The hypothesis {shorten(shown)!r} is about no coefficient.")
    return row


def _named(row: np.ndarray, coefficients: Sequence[str]) -> str:
    """Weights written out: ``x1 - 2 * x2``."""
    out = ""
    for weight, name in zip(row.tolist(), coefficients, strict=True):
        if weight:
            factor = "" if abs(weight) == 1.0 else f"{abs(weight):.6g} * "
            sign = ("-" if weight < 0 else "") if not out else (" - " if weight < 0 else " + ")
            out += f"{sign}{factor}{name}"
    return out


def _place(name: str, coefficients: Sequence[str]) -> int:
    """Where a coefficient stands; a name may have backticks or not."""
    for k, known in enumerate(coefficients):
        if name in (known, f"`{known}`") or known == f"`{name}`":
            return k
    there = f"there are {first_few([shorten(c) for c in coefficients])}" if coefficients else "the model has none"
    raise ArgumentError(f"There is no coefficient {shorten(name)!r}; {there}.{suggest(name, coefficients)}")


def _written(text: str, coefficients: Sequence[str]) -> tuple[np.ndarray, float]:
    """Weights and right side of a text."""
    marks = _Marks.of(text, coefficients)
    sides = re.split(r"==?", marks.marked(text))
    if len(sides) > 2 or not all(side.strip() for side in sides):
        raise ArgumentError(f"A hypothesis has two sides, such as 'x1 - x2 = 0'; got {shorten(text)!r}.")
    weights, value = np.zeros(len(coefficients)), 0.0
    for sign, side in zip((1.0, -1.0), sides, strict=False):
        row, constant = _linear(_read(side.strip(), text, marks), text, marks)
        weights, value = weights + sign * row, value - sign * constant
    return _demand_any(weights, text), value


def _read(side: str, text: str, marks: _Marks) -> Node:
    """One side of a text as a tree."""
    try:
        return parse_expression(side)
    except FormulaError as error:
        why = marks.unmarked(str(error).splitlines()[0].replace("The formula cannot be read: ", ""))
        raise ArgumentError(
            f"The hypothesis {shorten(text)!r} cannot be read: {why} A coefficient's name that is not an expression "
            "stands in backticks."
        ) from None


class _Marks(NamedTuple):
    """Marks that stand for coefficients while a text is read, and such as the text does not have."""

    mark: str
    coefficients: Sequence[str]

    @classmethod
    def of(cls, text: str, coefficients: Sequence[str]) -> _Marks:
        longest = max([len(run) for run in re.findall(f"{MARK}+", text)], default=0)
        return cls(MARK * (longest + 1), coefficients)

    def marked(self, text: str) -> str:
        """The text with a mark in the place of each coefficient's name, the longest names first."""
        names = {name: k for k, name in reversed(list(enumerate(self.coefficients)))}
        plain = {"".join(name.split()): k for name, k in names.items()}
        spelled = plain | {f"`{n}`": k for n, k in names.items()} | names
        order = sorted(spelled, key=len, reverse=True)
        # a name ends where no letter, digit, dot or colon goes on; what stands in backticks is one name
        pattern = "|".join(re.escape(name) for name in order)
        found = re.compile(rf"(?<![\w.:`])(?:{pattern})(?![\w.:(`])|`[^`]*`")
        return found.sub(lambda m: f"`{self.mark}{spelled[m.group()]}`" if m.group() in spelled else m.group(), text)

    def place(self, name: str) -> int | None:
        """Which coefficient a mark stands for; None for another name."""
        found = re.fullmatch(rf"{self.mark}(\d+)", name)
        return int(found.group(1)) if found else None

    def unmarked(self, text: str) -> str:
        """The text with the names again."""
        return re.sub(rf"`?{self.mark}(\d+)`?", lambda m: self.coefficients[int(m.group(1))], text)


def _linear(node: Node, text: str, marks: _Marks) -> tuple[np.ndarray, float]:
    """Weights and constant of an expression."""
    coefficients = marks.coefficients
    none = np.zeros(len(coefficients))
    if isinstance(node, Number):
        return none, node.value
    if isinstance(node, Name):
        marked = marks.place(node.name)
        return np.eye(len(coefficients))[_place(node.name, coefficients) if marked is None else marked], 0.0
    if isinstance(node, Call) and (node.infix or node.function == "("):
        parts = [_linear(argument, text, marks) for argument in node.arguments]
        if len(parts) == 1 and node.function in ("(", "+", "-"):
            sign = -1.0 if node.function == "-" else 1.0
            return sign * parts[0][0], sign * parts[0][1]
        if node.function in ("+", "-"):
            sign = -1.0 if node.function == "-" else 1.0
            return parts[0][0] + sign * parts[1][0], parts[0][1] + sign * parts[1][1]
        if node.function == "*" and not (parts[0][0].any() and parts[1][0].any()):
            (row, constant), (_, factor) = parts if parts[0][0].any() else parts[::-1]
            return factor * row, factor * constant
        if node.function == "/" and not parts[1][0].any() and parts[1][1]:
            return parts[0][0] / parts[1][1], parts[0][1] / parts[1][1]
    what = marks.unmarked(spell(node))
    if isinstance(node, Call) and (not node.infix or node.function == ":"):
        return none + np.eye(len(coefficients))[_place(what, coefficients)], 0.0
    raise ArgumentError(
        f"In {shorten(text)!r}, {shorten(what)!r} is not a weighted sum of coefficients; these are "
        f"{first_few([shorten(c) for c in coefficients])}."
    )
