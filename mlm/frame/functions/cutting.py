"""Numbers cut into intervals."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from ..values import Category, Numbers, Value
from .categories import word_list
from .kinds import column, finite, number_list, whole
from .levels import level_array
from .registry import Site, function, one_truth

MOST_DIGITS = 12  # to which R prints breaks that would look alike
MAX_DIGITS = 22  # that dig.lab takes; more than any float has
MAX_PIECES = 100_000  # that a range is cut into; each is a level with a name
OUTWARD = 1000  # the outer breaks of equal pieces move out by a thousandth of the range, as in R


@function("cut", learns=True)
def cut(
    site: Site,
    x: Value,
    breaks: Value,
    labels: Value = None,
    include_lowest: Value = False,
    right: Value = True,
    dig_lab: Value = 3,
    ordered_result: Value = False,
) -> Value:
    """Category of intervals, (a,b]; breaks are given, or the number of equal pieces. Outside is missing."""
    values = column(site, x)
    edges = np.array(site.keep("breaks", lambda: _breaks(site, values, breaks)))
    closed_right = one_truth(site, right, "right")
    lowest = one_truth(site, include_lowest, "include.lowest")
    codes = np.searchsorted(edges, values, side="left" if closed_right else "right") - 1
    if lowest:
        codes[values == (edges[0] if closed_right else edges[-1])] = 0 if closed_right else len(edges) - 2
    codes[~((codes >= 0) & (codes < len(edges) - 1)) | np.isnan(values)] = -1
    ordered = one_truth(site, ordered_result, "ordered_result")
    digits = whole(site, dig_lab, "dig.lab", 1, MAX_DIGITS)
    if labels is False:
        return Numbers(np.where(codes < 0, np.nan, codes + 1.0))
    words = _intervals(edges, digits, closed_right, lowest) if labels is None else word_list(site, labels, "labels")
    if len(words) != len(edges) - 1 or len(set(words)) < len(words):
        raise site.error(f"labels are one for each of the {len(edges) - 1} intervals, each another; got {len(words)}.")
    return Category(codes, level_array(words), ordered)


def _breaks(site: Site, values: np.ndarray, breaks: Value) -> tuple[float, ...]:
    """The breaks in their order: those that are given, or those of equal pieces of the range."""
    given = number_list(site, breaks, "breaks")
    if len(given) != 1:
        if len(set(given)) < max(len(given), 1):
            raise site.error("its breaks are different numbers, or one number of pieces.")
        return tuple(sorted(given))
    pieces = whole(site, given[0], "the number of pieces", 2, MAX_PIECES)
    some = finite(site, values)
    low, high = float(some.min()), float(some.max())
    if low == high:
        raise site.error(f"all of its numbers are {low:g}: there is no range to cut.")
    edges = np.linspace(low, high, pieces + 1)
    edges[[0, -1]] = low - (high - low) / OUTWARD, high + (high - low) / OUTWARD
    return tuple(edges.tolist())


def _intervals(edges: np.ndarray, digits: int, closed_right: bool, lowest: bool) -> tuple[str, ...]:
    """R's names of intervals, with as many digits as neighbours need to differ; numbered where none suffice."""
    for places in range(digits, max(MOST_DIGITS, digits) + 1):
        shown = _printed(edges, places)
        if all(a != b for a, b in pairwise(shown)):
            break
    else:
        return tuple(f"Range_{k}" for k in range(1, len(edges)))
    opening, closing = ("(", "]") if closed_right else ("[", ")")
    names = [f"{opening}{a},{b}{closing}" for a, b in pairwise(shown)]
    if lowest and closed_right:
        names[0] = "[" + names[0][1:]
    elif lowest:
        names[-1] = names[-1][:-1] + "]"
    return tuple(names)


def _printed(edges: np.ndarray, digits: int) -> list[str]:
    """The breaks with so many digits; R pads infinity to the width of its negative where both are there."""
    infinity = " Inf" if np.isneginf(edges[0]) else "Inf"
    shown = [f"{edge + 0.0:.{digits}g}" for edge in edges]
    return ["-Inf" if word == "-inf" else infinity if word == "inf" else word for word in shown]
