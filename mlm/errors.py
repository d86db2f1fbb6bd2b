"""What can go wrong, as one small tree: every message names the term or column, the counts and the remedy."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterable, Sequence
from numbers import Integral, Real
from typing import Any, TypeGuard

__all__ = [
    "ArgumentError",
    "ConvergenceWarning",
    "DataError",
    "ExtrapolationWarning",
    "FitError",
    "FormulaError",
    "IdentificationWarning",
    "MissingRowsWarning",
    "MlmError",
    "MlmWarning",
    "MonteCarloWarning",
    "NestingWarning",
    "RankWarning",
    "ResponseWarning",
    "SingularFitWarning",
    "TextColumnWarning",
    "brief",
    "counted",
    "first_few",
    "is_count",
    "is_number",
    "is_one_of",
    "listed",
    "shorten",
    "suggest",
    "told",
    "users_stacklevel",
]

# Names that a message lists in full; of more it says how many. Two lines of text.
LISTED_NAMES = 8
# Largest number of bins, points or panels that a figure is asked for: more than any screen has pixels across.
MOST_COUNT = 100_000
# Letters of a name or a label that a message shows: half a line.
SHOWN_LETTERS = 40


class MlmError(ValueError):
    """Base of all errors that `mlm` raises about a user's input."""


class ArgumentError(MlmError):
    """An argument of a function has a value that it cannot have: an unknown option, a level outside (0, 1)."""


class FormulaError(MlmError):
    """The model formula cannot be read; the message shows where."""


class DataError(MlmError):
    """The data do not fit the formula: a missing column, no rows, one level, infinite values."""


class FitError(MlmError):
    """The model is well formed but cannot be fitted, or a quantity is asked for that it does not have.

    Predictions for new rows are such a quantity where the model has an offset, which new rows do not bring.
    """


class MlmWarning(UserWarning):
    """Base of all warnings of `mlm`: the fit is kept and flagged."""


class ConvergenceWarning(MlmWarning):
    """The search for the variances ended without a minimum, or rounding hides it."""


class SingularFitWarning(MlmWarning):
    """A variance is estimated as zero, or a correlation as plus or minus one, or its interval ends there."""


class MonteCarloWarning(MlmWarning):
    """The system of crossed factors does not fit in memory: it is solved iteratively, with a Monte Carlo error."""


class NestingWarning(MlmWarning):
    """Models are compared by a test of nested models, and neither is a special case of the other."""


class ExtrapolationWarning(MlmWarning):
    """Predictions beyond the fit: beyond a B-spline's boundary knots, a family's means, or its rows' weights."""


class IdentificationWarning(MlmWarning):
    """Variances that the data cannot tell apart, or that fixed effects or the residual variance account for."""


class RankWarning(MlmWarning):
    """Columns of the fixed-effects model matrix depend on others and were dropped."""


class ResponseWarning(MlmWarning):
    """The response is not what its model supposes: truth values in a linear one, or no error; counts with fractions."""


class TextColumnWarning(MlmWarning):
    """A column is not what it seems: text though most cells look like numbers, levels that differ in blanks only."""


class MissingRowsWarning(MlmWarning):
    """Rows with missing values were left out."""


def first_few(names: Sequence[str]) -> str:
    """List names for a message; of many the first and how many more there are."""
    more = len(names) - LISTED_NAMES
    return ", ".join(names) if more <= 0 else f"{', '.join(names[:LISTED_NAMES])} and {more} more"


def is_one_of(value: Any, options: Iterable[Any]) -> bool:
    """Whether a value is one of some options; what cannot be compared with them, an array for instance, is none."""
    if hasattr(value, "__len__") and not isinstance(value, str):
        return False
    try:
        for option in options:
            if value == option:
                return True
    except (TypeError, ValueError):
        pass
    return False


def is_number(value: Any) -> bool:
    """Whether it is a real number, of Python, NumPy or another library, that floats have room for."""
    try:
        return isinstance(value, Real) and isinstance(float(value), float)
    except OverflowError:
        return False


def is_count(value: Any, least: int = 1, most: int = MOST_COUNT) -> TypeGuard[int]:
    """Whether it is a whole number in a range; True is none."""
    return not isinstance(value, bool) and isinstance(value, Integral) and least <= int(value) <= most


def listed(value: Any, *, any_order: bool = False) -> list[Any] | None:
    """What can be gone through and is not text, as a list; None of anything else: arrays without dimensions are.

    A set is not a list, as it comes in another order in each run, unless `any_order` is right.
    """
    if isinstance(value, str | bytes) or not isinstance(value, Iterable):
        return None
    if isinstance(value, set | frozenset) and not any_order:
        return None
    try:
        return list(value)
    except TypeError:
        return None


def shorten(name: str) -> str:
    """Write a name or a label for a message; of a long one its two ends."""
    half = SHOWN_LETTERS // 2
    return name if len(name) <= SHOWN_LETTERS else f"{name[:half]} … {name[-half:]}"


def brief(value: Any) -> str:
    """Write a value that is none of those allowed, for a message: of a long one, as of an array, its two ends."""
    return shorten(" ".join(repr(value).split()))


def counted(number: int, noun: str) -> str:
    """Write a number with its noun: 1 row, 1,200 rows."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


LEAST_BEGINNING = 3
"""Letters from which on the beginning of a name suggests it."""


def suggest(name: str, known: Iterable[str]) -> str:
    """Return a sentence naming the known words nearest to `name`, or an empty string.

    Names of the same parts, as of interactions and nested factors, are nearest, and names that begin with it are the
    last choice; the name itself is not a suggestion.

    Examples
    --------
    >>> suggest("mth", ["math", "ses"]), suggest("soci832", ["soci832_multilevel"])
    (" Did you mean 'math'?", " Did you mean 'soci832_multilevel'?")
    """
    name = str(name)
    words = {str(k).lower(): str(k) for k in known if str(k) != name}
    same = [word for word in words.values() if len(_parts(word)) > 1 and _parts(word) == _parts(name)]
    near = same or [words[w] for w in difflib.get_close_matches(name.lower(), words, n=3, cutoff=0.6)]
    if not near and len(name) >= LEAST_BEGINNING:
        near = [word for w, word in words.items() if w.startswith(name.lower())][:3]
    return f" Did you mean {' or '.join(repr(k) for k in near)}?" if near else ""


def _parts(name: str) -> list[str]:
    """The parts of ``g:s``, ``s:g`` or ``g/s``, in one order."""
    return sorted(name.replace("/", ":").replace(" ", "").split(":"))


def told(value: Any) -> str:
    """Write a value for a message: texts and numbers as they are, of others the type."""
    if isinstance(value, str):
        return repr(shorten(value))
    return repr(value) if value is None or isinstance(value, int | float) else type(value).__name__


def users_stacklevel() -> int:
    """Return the `stacklevel` with which a warning of the calling function points at the line that called `mlm`."""
    package = __name__.partition(".")[0]
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == package:
        level, frame = level + 1, frame.f_back
    return level
