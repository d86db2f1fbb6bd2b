"""Split a composite (the row mean of the items that are present) back into items that keep their own margins.

Which items are present, and their sum, are known per row. The items of a row are therefore free up to their
sum; surpluses of a value are pushed along the scale, one item of a row up and another down, until every
item has its margin. How the items correlate with one another is artificial.
"""

from __future__ import annotations

import numpy as np
from numpy.random import RandomState

from replications.errors import TwinError
from replications.twins.aggregates import Margin, mask_and_sum

CANDIDATES = 24  # pushes weighed, of which the best is made
STEPS = 60_000  # pushes tried, at most; the countries of ess need 2,600
SHIFTS = np.array([1, -1, 2, -2])  # steps of the scale by which a push moves a value
TEMPERATURE = 0.5  # a push that makes the misfit worse by 2, the least there is, is made once in 55


def _even_split(mask: np.ndarray, total: np.ndarray, count: int, rs: RandomState) -> np.ndarray:
    """Spread each row's sum as evenly as it goes over its present items; -1 where an item is missing."""
    present = (mask[:, None] >> np.arange(count)) & 1 == 1
    held = present.sum(axis=1)
    base = total // np.maximum(held, 1)
    rank = np.argsort(np.argsort(np.where(present, rs.rand(len(mask), count), 2.0), axis=1), axis=1)
    values = base[:, None] + (rank < (total - base * held)[:, None])
    return np.where(present, values, -1)


def _excess(values: np.ndarray, margins: list[Margin], top: int) -> np.ndarray:
    """How many more rows have each value of each item than should: (items, top + 1)."""
    excess = np.array([np.bincount(column[column >= 0], minlength=top + 1) for column in values.T])
    for k, margin in enumerate(margins):
        for value, wanted in margin.items():
            excess[k, value] -= wanted
    return excess


def _worse(excess: np.ndarray, by: int) -> np.ndarray:
    """By how much the misfit grows when one row more (1) or less (-1) has a value."""
    return np.abs(excess + by) - np.abs(excess)


def _push(values: np.ndarray, excess: np.ndarray, several: np.ndarray, top: int, rs: RandomState) -> int:
    """Try to move a value in surplus along the scale, and another item of its row the other way, in place.

    Parameters
    ----------
    values : int64 array (n, items)
    excess : int64 array (items, top + 1)
    several : bool array (n,)
        Which rows have more than one item.
    top : int
        Greatest value of the scale.
    rs : RandomState

    Returns
    -------
    int
        By how much the misfit has grown.
    """
    surplus = np.argwhere(excess > 0)
    item, value = surplus[rs.randint(0, len(surplus))]
    rows = np.flatnonzero((values[:, item] == value) & several)
    if not len(rows):
        return 0
    rows = rows[rs.randint(0, len(rows), CANDIDATES)]
    other = (item + 1 + rs.randint(0, values.shape[1] - 1, CANDIDATES)) % values.shape[1]
    shift = SHIFTS[rs.randint(0, len(SHIFTS), CANDIDATES)]
    old = values[rows, other]
    fits = (old >= 0) & (value + shift >= 0) & (value + shift <= top) & (old - shift >= 0) & (old - shift <= top)
    rows, other, shift, old = rows[fits], other[fits], shift[fits], old[fits]
    if not len(rows):
        return 0
    worse = _worse(excess[item, value], -1) + _worse(excess[item, value + shift], 1)
    worse = worse + _worse(excess[other, old], -1) + _worse(excess[other, old - shift], 1)
    k = int(np.argmin(worse))
    if worse[k] > 0 and rs.rand() >= np.exp(-worse[k] / TEMPERATURE):
        return 0
    for which, before, after in ((item, value, value + shift[k]), (other[k], old[k], old[k] - shift[k])):
        values[rows[k], which] = after
        excess[which, before] -= 1
        excess[which, after] += 1
    return int(worse[k])


def split_items(codes: np.ndarray, margins: list[Margin], rs: RandomState) -> np.ndarray:
    """Codes of a composite (n,) -> item values (n, items), -1 where missing.

    Parameters
    ----------
    codes : int64 array (n,)
        ``MASK * mask + sum`` (see `aggregates.Column`), 0 where no item is present.
    margins : list of dict
        Frequency table of each item in this group.
    rs : RandomState

    Raises
    ------
    TwinError
        If the margins are not met after `STEPS` pushes.
    """
    mask, total = mask_and_sum(codes)
    top = max(max(margin) for margin in margins)
    values = _even_split(mask, total, len(margins), rs)
    several = (values >= 0).sum(axis=1) > 1
    excess = _excess(values, margins, top)
    misfit = int(np.abs(excess).sum())
    for _ in range(STEPS):
        if misfit == 0:
            return values
        misfit += _push(values, excess, several, top, rs)
    if misfit:
        raise TwinError(f"item margins off by {misfit} after {STEPS} pushes")
    return values
