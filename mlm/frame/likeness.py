"""Which levels are the same: by value, exactly; by what a word says, where one side has words and the other none."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Hashable, Mapping
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from ..errors import TextColumnWarning, first_few, shorten, users_stacklevel
from .values import EXACT, label

__all__ = ["Unlike", "family", "level_codes", "places", "truth_said", "warn_of_blanks"]

NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
TRUTHS = {"TRUE": True, "True": True, "true": True, "FALSE": False, "False": False, "false": False}
ONE_LETTER = {"T": True, "1": True, "F": False, "0": False}

FAMILIES = {"M": "dates", "m": "time differences", "b": "truth values", "i": "numbers", "u": "numbers", "f": "numbers"}
# What pandas finds among objects.
OF_OBJECTS = {
    "string": "text", "boolean": "truth values", "integer": "numbers", "floating": "numbers", "decimal": "numbers",
    "mixed-integer-float": "numbers", "datetime64": "dates", "datetime": "dates", "timedelta64": "time differences",
    "timedelta": "time differences", "date": "days", "period": "periods", "interval": "intervals",
}  # fmt: skip
DATES = {"dates", "dates with a time zone"}  # they print alike, and are not


class Unlike(ValueError):
    """Levels that are of other kinds than those of the fit and share none with them, or that could be several."""


def family(levels: Any) -> str:
    """Say what levels are: numbers, truth values, text, dates … or mixed."""
    dtype = levels.dtype
    if isinstance(dtype, pd.DatetimeTZDtype):
        return "dates with a time zone"
    if isinstance(dtype, pd.StringDtype):
        return "text"
    if isinstance(dtype, np.dtype | pd.core.dtypes.base.ExtensionDtype) and dtype.kind in FAMILIES:
        return FAMILIES[dtype.kind]
    found = OF_OBJECTS.get(pd.api.types.infer_dtype(levels, skipna=False), "mixed")
    return "dates with a time zone" if found == "dates" and any(level.tzinfo for level in levels) else found


def warn_of_blanks(levels: Mapping[str, Any]) -> None:
    """Warn once of levels, by their column, that differ only in the blanks around them.

    Warns
    -----
    TextColumnWarning

    Examples
    --------
    >>> warn_of_blanks({"school": ["A", "B"]})
    """
    found = {name: same for name, each in levels.items() if (same := _but_for_blanks(each))}
    if not found:
        return
    told = [f"{' and '.join(map(repr, same[:2]))} of {shorten(name)!r}" for name, same in found.items()]
    name = next(iter(found))
    warnings.warn(
        f"Levels differ only in the blanks around them, and count as different: {first_few(told)}. If they are the "
        f"same: data[{name!r}] = data[{name!r}].str.strip().",
        TextColumnWarning,
        stacklevel=users_stacklevel(),
    )


def _but_for_blanks(levels: Any) -> list[str]:
    """The first levels that are the same without the blanks around them; none where there are none."""
    padded = [level for level in levels if isinstance(level, str) and level != level.strip()]
    if not padded:
        return []
    known = set(levels)
    for level in padded:
        word = level.strip()
        same = [one for one in (word, *padded) if one in known and one.strip() == word]
        if len(same) > 1:
            return same
    return []


def level_codes(levels: Any, known: Any) -> np.ndarray:
    """Find levels among known ones.

    Parameters
    ----------
    levels, known : Index or ndarray
        Distinct values, none missing.

    Returns
    -------
    ndarray of int, shape (levels,)
        Places among the known ones, -1 for those that are not there.

    Raises
    ------
    Unlike
        When a level could be two of the known ones, or all are of another kind and none is among them.

    Examples
    --------
    >>> level_codes(np.array([2, 3]), np.array(["1", "2"], dtype=object)).tolist()
    [1, -1]
    """
    if not len(levels):
        return np.empty(0, dtype=np.intp)
    levels, known = _of_pandas(levels), _of_pandas(known)
    now, then = family(levels), family(known)
    if now == then:
        return np.array(_same_value(levels, known, now), dtype=np.intp)
    place = np.full(len(levels), -1, dtype=np.intp)
    if "mixed" in (now, then):
        place = np.array(_objects(known).get_indexer(_objects(levels)), dtype=np.intp)
    elif {now, then} == {"numbers", "truth values"}:
        place = _truths_as_numbers(levels, known)
    rest = np.flatnonzero(place < 0)
    if len(rest) and {now, then} != DATES:
        place[rest] = _same_word([levels[k] for k in rest], list(known), now, then)
    if (place < 0).all():
        raise Unlike(f"they have no level in common ({then}, {now})")
    return place


def places(codes: np.ndarray, levels: Any, known: Any) -> np.ndarray:
    """Find among known levels those that occur; what does not occur need not be like them.

    Parameters
    ----------
    codes : ndarray of int, shape (rows,)
        Which level each row has, -1 where it is missing.
    levels, known : Index or ndarray

    Returns
    -------
    ndarray of int, shape (levels + 1,)
        Places among the known ones, -1 for levels that are not there or do not occur; the last is for missing rows.

    Raises
    ------
    Unlike
        As `level_codes`.
    """
    occur = np.bincount(codes[codes >= 0], minlength=len(levels)) > 0
    place = np.full(len(levels) + 1, -1)
    place[:-1][occur] = level_codes(levels[occur], known)
    return place


def truth_said(level: Any) -> bool | None:
    """The truth value that a word or a number says; None when it says none."""
    if isinstance(level, str):
        return (TRUTHS | ONE_LETTER).get(level)
    return bool(level) if isinstance(level, bool | int | float | np.generic) and level in (0, 1) else None


def _of_pandas(levels: Any) -> Any:
    """Times that Arrow holds as pandas' own."""
    arrow = isinstance(levels.dtype, pd.ArrowDtype) and levels.dtype.kind in "mMO"
    return pd.Index(list(levels)) if arrow else levels


# by value


def _same_value(levels: Any, known: Any, kind: str) -> Any:
    if kind == "numbers":
        return _same_number(_numeric(levels), _numeric(known))
    if kind in ("dates", "dates with a time zone", "time differences"):
        return pd.Index(known).get_indexer(pd.Index(levels))
    return _objects(known).get_indexer(_objects(levels))


def _objects(levels: Any) -> pd.Index:
    """Levels as Python objects: pandas would look for numbers inside of intervals."""
    objects = np.empty(len(levels), dtype=object)
    objects[:] = list(levels)
    return pd.Index(objects, dtype=object, tupleize_cols=False)


def _numeric(levels: Any) -> np.ndarray:
    """Numbers in NumPy's types; whole numbers stay whole."""
    values = np.asarray(levels)
    if values.dtype.kind in "iuf":
        return values
    exact = np.empty(len(levels), dtype=object)
    exact[:] = [level if (whole := _whole(level)) is None else whole for level in levels]
    floats = values.astype(float)
    return exact if all(isinstance(level, int) for level in exact) or len(np.unique(floats)) < len(floats) else floats


def _same_number(levels: np.ndarray, known: np.ndarray) -> Any:
    kinds = {levels.dtype.kind, known.dtype.kind}
    if kinds == {"f"}:
        return _same_float(levels, known)
    if "f" not in kinds:
        if levels.dtype == known.dtype:
            return pd.Index(known).get_indexer(pd.Index(levels))
        return _objects(known.tolist()).get_indexer(_objects(levels.tolist()))
    if _large(levels).any() and _large(known).any():
        raise Unlike(f"numbers from {EXACT:,} on are stored as floats on one side, which do not tell them apart")
    floats = pd.Index(known.astype(float))
    if not floats.is_unique:
        raise Unlike("floats do not tell them apart")
    place = floats.get_indexer(pd.Index(levels.astype(float)))
    return np.where(_large(levels), -1, place)


def _large(values: np.ndarray) -> np.ndarray:
    return (values >= EXACT) | (values <= -EXACT)


def _same_float(levels: np.ndarray, known: np.ndarray) -> Any:
    """Compare in the precision of the side that has less."""
    least = min((levels.dtype, known.dtype), key=lambda dtype: dtype.itemsize)
    rounded = pd.Index(known.astype(least))
    if not rounded.is_unique:
        raise Unlike(f"{least} does not tell them apart")
    return rounded.get_indexer(pd.Index(levels.astype(least)))


def _truths_as_numbers(levels: Any, known: Any) -> np.ndarray:
    """Match 0 and 1 with false and true, where the numbers are no others."""
    left, right = np.asarray(levels, dtype=float), np.asarray(known, dtype=float)
    only = np.isin(left, (0, 1)).all() and np.isin(right, (0, 1)).all()
    return np.array(pd.Index(right).get_indexer(pd.Index(left))) if only else np.full(len(left), -1)


# by what words say


def _same_word(levels: list[Any], known: list[Any], now: str, then: str) -> list[int]:
    """Places of levels by their labels, and by what words on one side say in the terms of the other."""
    says = _READERS.get(now if then == "text" else then) if "text" in (now, then) else None
    if says is _truth and not all(level in TRUTHS for level in (known if then == "text" else levels)):
        says = None
    by_label, by_meaning = _places(known, label), {} if says is None else _places(known, says)
    found = []
    for level in levels:
        same = by_label.get(label(level), [])
        meant = [] if says is None else by_meaning.get(says(level), [])
        # known numbers are told apart by their values, known words by all that they could say
        fits = sorted({*same, *meant}) if then == "text" or not meant else meant
        if len(fits) > 1:
            could_be = " or ".join(repr(shorten(label(known[k]))) for k in fits)
            raise Unlike(f"{shorten(label(level))} could be {could_be}")
        found.append(fits[0] if fits else -1)
    return found


def _places(known: list[Any], key: Callable[[Any], Hashable]) -> dict[Hashable, list[int]]:
    """Where the levels of each key are; those without a key are left out."""
    places: dict[Hashable, list[int]] = {}
    for place, level in enumerate(known):
        meaning = key(level)
        if meaning is not None:
            places.setdefault(meaning, []).append(place)
    return places


def _number(level: Any) -> Hashable:
    """The number that a level is or says: a whole one exactly."""
    if isinstance(level, str):
        word = level.strip()
        if not NUMBER.fullmatch(word) or not np.isfinite(float(word)):
            return None
        level = Decimal(word)
    whole = _whole(level)
    return float(level) if whole is None else whole


def _whole(number: Any) -> int | None:
    """The whole number that a number is, exactly; None of another."""
    whole = int(number) if abs(number) < float("inf") else None
    return whole if whole == number else None


def _truth(level: Any) -> Hashable:
    return TRUTHS[level] if isinstance(level, str) else bool(level)


def _time(level: Any) -> Hashable:
    """The time that a level is or says, as ISO 8601 has it."""
    if not isinstance(level, str):
        return pd.Timestamp(level)
    if not DAY.match(level.strip()):
        return None
    said = pd.to_datetime(level.strip(), format="ISO8601", errors="coerce")
    return None if said is pd.NaT else said


def _difference(level: Any) -> Hashable:
    if not isinstance(level, str):
        return pd.Timedelta(level)
    said = pd.to_timedelta(level.strip(), errors="coerce")
    return None if said is pd.NaT or NUMBER.fullmatch(level.strip()) else said


_READERS: dict[str, Callable[[Any], Hashable]] = {
    "numbers": _number,
    "truth values": _truth,
    "dates": _time,
    "dates with a time zone": _time,
    "time differences": _difference,
}
