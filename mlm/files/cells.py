"""What the cells of a column are: numbers in the signs of a text, codes of missing values, words."""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pandas as pd

from ..errors import TextColumnWarning, first_few, users_stacklevel

__all__ = [
    "DECIMALS",
    "EXACT",
    "as_numbers",
    "is_text",
    "needs_digits",
    "read_cells",
    "warn_of_text",
    "without",
    "without_blanks",
    "without_marks",
]

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
COMMA_NUMBER = re.compile(r"[+-]?(\d+,?\d*|,\d+)([eE][+-]?\d+)?")
# Numbers with marks of thousands, by the sign before decimals, and the mark.
DECIMALS = {
    ",": (re.compile(r"[+-]?\d{1,3}(\.\d{3})+(,\d*)?"), "."),
    ".": (re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?"), ","),
}
DECIMAL_COMMA = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d+)?,\d+")
WHOLE = re.compile(r"[+-]?\d+")
# What people read as a number: 1,234.5 and 1.234,5; 10%; €5; the typographic minus.
WRITTEN = re.compile(r"[€$£]?\s?[+-]?(\d{1,3}([.,'\u00a0\u202f ]\d{3})+|\d*)([.,]?\d+)?([eE][+-]?\d+)?\s?[%€$£]?")
MINUS = str.maketrans("−–", "--")
MOST = 0.5  # of the cells that are there: from this share on a column of text is taken to be meant as numbers
EXACT = 2**53  # whole numbers up to here are exact as floats


def is_text(column: pd.Series) -> bool:
    """Whether a column holds texts, alone or among others."""
    return bool(pd.api.types.is_object_dtype(column.dtype) or pd.api.types.is_string_dtype(column.dtype))


def needs_digits(column: pd.Series) -> bool:
    """Whether a column of floats seems to hold whole numbers that floats do not tell apart."""
    if not pd.api.types.is_float_dtype(column.dtype):
        return False
    known = column.to_numpy()[np.isfinite(column.to_numpy())]
    return bool(len(known) and np.abs(known).max() >= EXACT and (known == np.floor(known)).all())


def as_numbers(column: pd.Series, missing: Iterable[str] = (), decimals: str = ".") -> pd.Series:
    """Return a column of texts as numbers if all of its cells are, but for blank ones; else as it is.

    `decimals` has the signs before decimals: of ``",."`` a column has the comma where one of its cells has one.
    Whole numbers that floats do not hold exactly become pandas' nullable ones; beyond 64 bits they stay text.
    """
    if not is_text(column):
        return column
    codes, cells = pd.factorize(column)
    if not all(isinstance(cell, str | int) and not isinstance(cell, bool) for cell in cells):
        return column
    stripped = [str(cell).strip() for cell in cells]
    blank = {"", *missing}
    there = [cell for cell in stripped if cell not in blank]
    if not there or not all(map(_form(there, decimals).fullmatch, there)):
        absent = np.array([cell in blank and cell != "" for cell in stripped] + [False])[codes]
        return column.mask(absent) if absent.any() else column
    if all(map(WHOLE.fullmatch, there)):
        return _whole([None if cell in blank else int(cell) for cell in stripped], codes, column)
    values = [np.nan if cell in blank else float(cell.replace(",", ".")) for cell in stripped]
    return pd.Series(np.array([*values, np.nan])[codes], index=column.index, name=column.name)


def read_cells(column: pd.Series, missing: Iterable[str], decimals: str, decimal: str | None) -> pd.Series:
    """Return a column of texts as numbers, if all of its cells are, with the marks of thousands that were asked for."""
    marked = column if decimal is None else without_marks(column, decimal)
    read = as_numbers(marked, missing, decimals)
    return as_numbers(column, missing, decimals) if is_text(read) and marked is not column else read


def _form(cells: Iterable[str], decimals: str) -> re.Pattern[str]:
    """Return how a column writes numbers: with commas, where it must, or may and one has a comma."""
    commas = decimals == "," or ("," in decimals and any("," in cell for cell in cells))
    return COMMA_NUMBER if commas else NUMBER


def _whole(values: list[int | None], codes: np.ndarray, column: pd.Series) -> pd.Series:
    """Return whole numbers as the type that holds them."""
    known = [value for value in values if value is not None]
    least, most = min(known), max(known)
    cells = np.array([*values, None], dtype=object)[codes]
    absent = any(cell is None for cell in cells)
    if max(-least, most) <= EXACT and absent:
        return pd.Series(cells.astype(float), index=column.index, name=column.name)
    if least >= -(2**63) and most < 2**63:
        kind = "Int64" if absent else "int64"
    elif least >= 0 and most < 2**64:
        kind = "UInt64" if absent else "uint64"
    else:
        return column.astype(object).map(str, na_action="ignore")
    return pd.Series(pd.array(cells, dtype=kind), index=column.index, name=column.name)


def without_blanks(column: pd.Series) -> pd.Series:
    """Return a column in which blank texts are missing; of numbers, where nothing else is among them."""
    if not is_text(column):
        return column
    blank = column.map(lambda cell: isinstance(cell, str) and not cell.strip()).to_numpy(bool)
    return column.mask(blank).infer_objects() if blank.any() else column


def without_marks(column: pd.Series, decimal: str) -> pd.Series:
    """Return a column of texts whose numbers have no marks of thousands; the same one where none have."""
    if not is_text(column):
        return column
    form, mark = DECIMALS[decimal]

    def plain(cell: Any) -> Any:
        return cell.replace(mark, "") if isinstance(cell, str) and form.fullmatch(cell.strip()) else cell

    new = column.map(plain)
    return column if new.equals(column) else new


def warn_of_text(
    file: str, missing: Iterable[str], data: pd.DataFrame, signs: bool = False, decimal: str | None = None
) -> None:
    """Warn once of columns of text most of whose cells are numbers; with the signs of numbers that may be told."""
    form = COMMA_NUMBER if decimal == "," else NUMBER
    found = {name: odd for name, column in data.items() if is_text(column) and (odd := _odd_cells(column, form))}
    if not found:
        return
    parts = [
        f"{str(name)!r} ({numbers:,} {'cell is a number' if numbers == 1 else 'cells are numbers'}, "
        f"{sum(odd.values()):,} not: {first_few([f'{cell!r} {count:,}x' for cell, count in odd.most_common()])})"
        for name, (numbers, odd) in found.items()
    ]
    codes = list(dict.fromkeys(cell for _, odd in found.values() for cell in odd if not _is_written(cell)))
    remedy = f" If these stand for missing values: missing={[*missing, *codes]}." if codes else ""
    if signs:
        remedy += _decimals([cell for _, odd in found.values() for cell in odd if _is_written(cell)], decimal)
    warnings.warn(
        f"{file}: read as text, so a category, though most cells look like numbers: "
        f"{first_few(parts)}.{remedy} Numbers are written as 1234{'.' if form is NUMBER else ','}5, without %.",
        TextColumnWarning,
        stacklevel=users_stacklevel(),
    )


def _decimals(cells: list[str], decimal: str | None) -> str:
    """Say how numbers with other decimal signs than those asked for, or with marks of thousands, are read."""
    if decimal == ",":
        dots = [cell for cell in cells if NUMBER.fullmatch(cell)]
        return f" Decimal dots, as in {dots[0]!r}, are read without decimal=','." if dots else ""
    marked = [cell for cell in cells if DECIMALS["."][0].fullmatch(cell) and not cell.lstrip("+-").startswith("0")]
    commas = [cell for cell in cells if cell not in marked and DECIMAL_COMMA.fullmatch(cell)]
    if commas:
        return f" Decimal commas, as in {commas[0]!r}, are read with decimal=','."
    return f" Marks of thousands, as in {marked[0]!r}, are read with decimal='.'." if marked else ""


def _odd_cells(column: pd.Series, form: re.Pattern[str]) -> tuple[int, Counter[str]] | None:
    """Return how many cells are numbers of a form, and the others with counts, where most seem meant as numbers."""
    counts = Counter({str(cell).strip(): 0 for cell in column.dropna().unique() if not isinstance(cell, bool)})
    if not counts:
        return None
    for cell, count in column.dropna().value_counts().items():
        counts[str(cell).strip()] += int(count)
    numbers = sum(count for cell, count in counts.items() if form.fullmatch(cell))
    written = sum(count for cell, count in counts.items() if _is_written(cell))
    odd = Counter({cell: count for cell, count in counts.items() if not form.fullmatch(cell)})
    return (numbers, odd) if odd and written > MOST * sum(counts.values()) else None


def _is_written(cell: str) -> bool:
    return bool(re.search(r"\d", cell) and WRITTEN.fullmatch(cell.translate(MINUS)))


def without(data: pd.DataFrame, missing: Iterable[str]) -> pd.DataFrame:
    """Return a frame in which the cells that are one of some codes, as text or as number, are missing."""
    texts = {code for code in missing if code}
    numbers = {float(code) for code in texts if NUMBER.fullmatch(code)}
    if not texts:
        return data
    changed = {name: _masked(data[name], texts, numbers) for name in data.columns}
    return data.assign(**{name: column for name, column in changed.items() if column is not None})


def _masked(column: pd.Series, texts: set[str], numbers: set[float]) -> pd.Series | None:
    """Return a column without codes; None where it has none."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        kept = [one for one in column.cat.categories if not _is_code(texts, numbers)(one)]
        return column.cat.set_categories(kept) if len(kept) < len(column.cat.categories) else None
    if pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype):
        hit = column.isin(list(numbers)).to_numpy(bool)
    elif is_text(column):
        hit = column.map(_is_code(texts, numbers)).to_numpy(bool)
    else:
        return None
    if not hit.any():
        return None
    large = pd.api.types.is_integer_dtype(column.dtype) and not column.abs().max() <= EXACT
    return column.astype("Int64" if large else column.dtype).mask(hit).infer_objects()


def _is_code(texts: set[str], numbers: set[float]) -> Callable[[Any], bool]:
    def is_code(cell: Any) -> bool:
        if isinstance(cell, str):
            return cell.strip() in texts
        return isinstance(cell, int | float | np.number) and not isinstance(cell, bool) and float(cell) in numbers

    return is_code
