"""Tables of means, slopes and contrasts as R's package emmeans prints them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..errors import is_number
from ..frame.values import label
from ..report.r_numbers import format_numbers, signif, telling_digits
from ..report.r_text import text_table

__all__ = ["estimates_text"]

RATIO, RATIO_DIGITS, P_DIGITS, LEAST_P = ("t.ratio", "z.ratio"), 3, 4, 1e-4
DF_DECIMALS = 2  # to which emmeans rounds degrees of freedom before it prints them
LEAST_DIGITS, MOST_DIGITS, SHOWN = 3, 8, 7
NOT_ESTIMABLE = "nonEst"


def estimates_text(frame: pd.DataFrame, labels: Sequence[str], by: Sequence[str], notes: Sequence[str]) -> str:
    """Write a table, a block for each combination of the values of `by`, and notes below it.

    Parameters
    ----------
    frame : DataFrame
        Columns: labels, then the estimate, ``SE``, ``df`` and what follows.
    labels, by : sequence of str
        Columns that say what a row is, and those of them that stand above blocks.
    notes : sequence of str
    """
    digits = _digits(frame.iloc[:, len(labels)], frame["SE"])
    texts = [(name, _level_texts(frame.iloc[:, k], digits)) for k, name in enumerate(labels)]
    columns = [(name, column) for name, column in texts if name not in by]
    columns += [(name, _texts(frame, k, digits)) for k, name in enumerate(frame.columns) if k >= len(labels)]
    above = [(name, [frame.iloc[i, k] for i in range(len(frame))], column) for k, (name, column) in enumerate(texts)]
    ordered = [next(one for one in above if one[0] == name) for name in by]
    families = [tuple(values[i] for _, values, _ in ordered) for i in range(len(frame))]
    heads = [", ".join(f"{name} = {column[i].rstrip()}" for name, _, column in ordered) for i in range(len(frame))]
    words = [name for k, name in enumerate(labels) if not _are_numbers(frame.iloc[:, k].tolist())]
    blocks = []
    for family in dict.fromkeys(families):
        rows = [i for i, one in enumerate(families) if one == family]
        head = heads[rows[0]]
        block = [(name, [column[i] for i in rows]) for name, column in columns]
        table = text_table([""] * len(rows), block, left=words)
        blocks.append((f"{head}:\n" if by else "") + table)
    return "\n\n".join([*blocks, "\n".join(notes)]).rstrip("\n")


def _level_texts(levels: pd.Series, digits: int = SHOWN) -> list[str]:
    """Write levels as R pads them: words to the left, numbers and truth values to the right."""
    values = levels.tolist()
    if _are_numbers(values):
        return format_numbers(values, telling_digits(values, digits))
    truths = all(isinstance(value, bool | np.bool_) for value in values)
    texts = [label(value) for value in values]
    width = max(map(len, texts), default=0)
    return [text.rjust(width) if truths else text.ljust(width) for text in texts]


def _are_numbers(values: Sequence[Any]) -> bool:
    return all(is_number(value) and not isinstance(value, bool | np.bool_) for value in values)


def _digits(estimate: pd.Series, se: pd.Series) -> int:
    """Significant digits that tell the estimates from their standard errors: emmeans' ``opt.digits``."""
    with np.errstate(all="ignore"):
        sizes = np.abs(estimate.to_numpy(dtype=float) / se.to_numpy(dtype=float))
    largest = float(np.max(sizes[np.isfinite(sizes)], initial=0.0))
    needed = 1 + round(math.log10(largest)) if largest > 0.0 else LEAST_DIGITS
    return min(max(LEAST_DIGITS, needed), MOST_DIGITS)


def _texts(frame: pd.DataFrame, k: int, digits: int) -> list[str]:
    """Write one column of numbers."""
    name, values = frame.columns[k], frame.iloc[:, k].tolist()
    if name in RATIO:
        return [_fixed(value, RATIO_DIGITS) for value in values]
    if name == "p.value":
        return [
            f"<{LEAST_P:.4f}".replace("0.", ".") if value < LEAST_P else _fixed(value, P_DIGITS) for value in values
        ]
    if name == "df":
        values = [round(value, DF_DECIMALS) if math.isfinite(value) else value for value in values]
    texts = format_numbers(values, digits)
    lost = frame["SE"].isna() & np.isnan(values) & (frame.columns.get_loc("SE") == k + 1)
    return [NOT_ESTIMABLE if gone else text for text, gone in zip(texts, lost, strict=True)]


def _fixed(value: Any, decimals: int) -> str:
    if not math.isfinite(value):
        return "NA" if math.isnan(value) else "Inf" if value > 0 else "-Inf"
    return f"{signif(value, SHOWN):.{decimals}f}"
