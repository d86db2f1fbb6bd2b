"""Families of contrasts of estimates, by the names that R's emmeans has for them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from math import gcd, isfinite, lcm
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ..errors import ArgumentError, brief, first_few, is_count, is_number, listed, shorten, suggest
from ..frame.values import label

__all__ = ["FAMILIES", "Family", "contrast_family"]

HIGHEST_DEGREE = 6  # of polynomial contrasts: emmeans' default
DEGREES = ("linear", "quadratic", "cubic", "quartic")
OPERATORS = re.compile(r"[-+/*]")


class Family(NamedTuple):
    """Contrasts of one family.

    Attributes
    ----------
    names : tuple of str
    weights : ndarray, shape (contrasts, estimates)
    adjust : str
        How p values are adjusted by default.
    pairs : bool
        Whether these are all pairs, for which Tukey's method is.
    """

    names: tuple[str, ...]
    weights: np.ndarray
    adjust: str
    pairs: bool = False


def contrast_family(
    method: Any, labels: Sequence[str], ref: Any, ratio: bool, levels: Sequence[str] | None = None
) -> Family:
    """Make the contrasts of some estimates.

    Parameters
    ----------
    method : str or mapping of str to array_like of shape (estimates,), or to mappings of labels to weights
        One of `FAMILIES`, or weights by name.
    labels : sequence of str
        Names of the estimates.
    ref : str, int or list of these
        The estimates that others are compared with, of ``"trt.vs.ctrl"``.
    ratio : bool
        Whether differences are ratios, and called so.
    levels : sequence of str, optional
        Other names by which weights are given: numbers without the name of their variable.

    Returns
    -------
    Family

    Raises
    ------
    ArgumentError
        For an unknown method or `ref`, or weights that are not one finite number an estimate, or of no estimate.

    Examples
    --------
    >>> found = contrast_family("pairwise", ["a", "b", "c"], None, False)
    >>> found.names, found.weights.tolist()[1], found.adjust
    (('a - b', 'a - c', 'b - c'), [1.0, 0.0, -1.0], 'tukey')
    """
    if isinstance(method, Mapping):
        if ref is not None:
            raise ArgumentError("ref= is of 'trt.vs.ctrl', and not of weights of your own.")
        return _own(method, labels, labels if levels is None else levels)
    if not isinstance(method, str) or method not in FAMILIES:
        hint = suggest(method, FAMILIES) if isinstance(method, str) else ""
        raise ArgumentError(
            f"Contrasts are {', '.join(FAMILIES)}, or a mapping of names to weights; got {brief(method)}.{hint}"
        )
    if ref is not None and method != "trt.vs.ctrl":
        raise ArgumentError(f"ref= is of 'trt.vs.ctrl', and not of {method!r}.")
    closed = [f"({name})" if OPERATORS.search(name) else name for name in labels]
    if method == "trt.vs.ctrl":
        return _against(closed, _places(ref, labels), "/" if ratio else "-")
    return FAMILIES[method](closed, "/" if ratio else "-")


def _own(given: Mapping[Any, Any], labels: Sequence[str], levels: Sequence[str]) -> Family:
    """Weights of a user's."""
    rows, count = [], len(labels)
    for name, weights in given.items():
        if isinstance(weights, Mapping) and not weights:
            raise ArgumentError(
                f"The contrast {shorten(str(name))!r} has no weights: give those of estimates by their names, as in "
                f"{{{labels[0]!r}: 1, …}}."
            )
        row = listed(_by_place(name, weights, labels, levels))
        if row is None or len(row) != count or not all(is_number(one) and isfinite(one) for one in row):
            raise ArgumentError(
                f"The contrast {shorten(str(name))!r} has one finite number for each of {count} estimates, or weights "
                f"by their names, {{{labels[0]!r}: 1, …}}; got {brief(weights)}."
            )
        rows.append([float(one) for one in row])
    if not rows:
        raise ArgumentError("There is no contrast: give names with weights, such as {'first': [1, -1, 0]}.")
    return Family(tuple(str(name) for name in given), np.array(rows, dtype=float), "none")


def _by_place(name: Any, weights: Any, labels: Sequence[str], levels: Sequence[str]) -> Any:
    """Weights by the estimates' names in their order, 0 for those that are not named; others as they are."""
    if isinstance(weights, pd.Series) and {label(one) for one in weights.index} <= {*labels}:
        weights = weights.to_dict()
    if not isinstance(weights, Mapping):
        return weights
    named = {label(one): weight for one, weight in weights.items()}
    for one in named:
        if one not in labels and one not in levels:
            raise ArgumentError(
                f"The contrast {shorten(str(name))!r} has a weight of {shorten(one)!r}, which is not an estimate; "
                f"these are {first_few(list(labels))}.{suggest(one, labels)}"
            )
    return [named.get(one, named.get(level, 0.0)) for one, level in zip(labels, levels, strict=True)]


def _places(ref: Any, labels: Sequence[str]) -> list[int]:
    """Where the estimates stand that others are compared with: by label, or by position from 0."""
    if len(labels) == 1:
        raise ArgumentError(
            f"'trt.vs.ctrl' compares estimates with one of them, and there is one in a family, {labels[0]!r}: name "
            "a predictor with several levels in specs, or leave one out of by."
        )
    several = listed(ref)
    found = []
    for one in [0 if ref is None else ref] if several is None else several:
        text = label(one) if isinstance(one, str) or is_number(one) else None
        if ref is not None and text is not None and text in labels:
            found.append(list(labels).index(text))
        elif is_count(one, least=0, most=len(labels) - 1):
            found.append(int(one))
        else:
            raise ArgumentError(
                f"ref= is one of {first_few(list(labels))}, or a position from 0; got {brief(one)}."
                f"{suggest(str(one), labels)}"
            )
    if not found or len(set(found)) == len(labels):
        raise ArgumentError(f"ref= leaves nothing to compare among {first_few(list(labels))}; got {brief(ref)}.")
    return list(dict.fromkeys(found))


def _against(names: Sequence[str], control: list[int], sign: str) -> Family:
    count = len(names)
    base = np.zeros(count)
    base[control] = 1.0 / len(control)
    against = names[control[0]] if len(control) == 1 else f"avg({','.join(names[k] for k in control)})"
    others = [k for k in range(count) if k not in control]
    rows = np.eye(count)[others] - base
    return Family(tuple(f"{names[k]} {sign} {against}" for k in others), rows, "dunnettx")


def _differences(pairs: Sequence[tuple[int, int]], names: Sequence[str], sign: str) -> tuple[tuple[str, ...], Any]:
    """The first of each pair less the second."""
    every = np.eye(len(names))
    rows = np.array([every[i] - every[j] for i, j in pairs]).reshape(len(pairs), len(names))
    return tuple(f"{names[i]} {sign} {names[j]}" for i, j in pairs), rows


def _pairwise(names: Sequence[str], sign: str) -> Family:
    pairs = [(i, j) for i in range(len(names)) for j in range(i + 1, len(names))]
    return Family(*_differences(pairs, names, sign), "tukey", True)


def _revpairwise(names: Sequence[str], sign: str) -> Family:
    pairs = [(i, j) for i in range(len(names)) for j in range(i)]
    return Family(*_differences(pairs, names, sign), "tukey", True)


def _consecutive(names: Sequence[str], sign: str) -> Family:
    return Family(*_differences([(k + 1, k) for k in range(len(names) - 1)], names, sign), "mvt")


def _effects(names: Sequence[str], sign: str) -> Family:
    count = len(names)
    return Family(tuple(f"{name} effect" for name in names), np.eye(count) - 1.0 / count, "fdr")


def _effects_of_others(names: Sequence[str], sign: str) -> Family:
    count = len(names)
    rows = np.eye(count) - (1.0 - np.eye(count)) / max(count - 1, 1)
    return Family(tuple(f"{name} effect" for name in names), rows * (count > 1), "fdr")


def _mean_changes(names: Sequence[str], sign: str) -> Family:
    count = len(names)
    rows = [[-1.0 / k] * k + [1.0 / (count - k)] * (count - k) for k in range(1, count)]
    texts = tuple(f"{names[k - 1]}|{names[k]}" for k in range(1, count))
    return Family(texts, np.array(rows).reshape(count - 1, count), "mvt")


def _polynomial(names: Sequence[str], sign: str) -> Family:
    """Orthogonal polynomials over equal steps, in the smallest whole numbers, the last of them positive."""
    count = len(names)
    done: list[list[Fraction]] = [[Fraction(1)] * count]
    rows = []
    for degree in range(1, min(count - 1, HIGHEST_DEGREE) + 1):
        column = [Fraction(k**degree) for k in range(count)]
        for other in done:
            along = sum((a * b for a, b in zip(column, other, strict=True)), Fraction(0))
            share = along / sum((b * b for b in other), Fraction(0))
            column = [a - share * b for a, b in zip(column, other, strict=True)]
        done.append(column)
        whole = lcm(*(value.denominator for value in column))
        numbers = [int(value * whole) for value in column]
        rows.append([float(number // gcd(*numbers)) for number in numbers])
    texts = (*DEGREES, *(f"degree {k}" for k in range(len(DEGREES) + 1, HIGHEST_DEGREE + 1)))
    return Family(texts[: len(rows)], np.array(rows).reshape(len(rows), count), "none")


FAMILIES: dict[str, Callable[[Sequence[str], str], Family]] = {
    "pairwise": _pairwise,
    "revpairwise": _revpairwise,
    "trt.vs.ctrl": lambda names, sign: _against(names, [0], sign),
    "poly": _polynomial,
    "consec": _consecutive,
    "eff": _effects,
    "del.eff": _effects_of_others,
    "mean_chg": _mean_changes,
}
"""Families by their names in emmeans."""
