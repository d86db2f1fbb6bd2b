"""Sums about other numbers, and sums of several sites as if one had added up all rows: exact algebra."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..errors import DataError
from ..frame.column import Column
from ..frame.grouping import Grouping, grouping
from ..frame.kinds import sorted_levels, value_of
from ..frame.likeness import family
from ..frame.unread import UnreadLevels
from ..frame.values import Category, Value
from ..language.tree import Name
from .sums import FactorSums, PairSums, Sums

__all__ = ["levels_from", "merged", "own_order", "part_values", "recentred"]


def recentred(sums: Sums, shift: np.ndarray) -> Sums:
    """The sums of columns less other numbers, shape (columns,).

    With s what was subtracted and t what is to be, ``c - t = (c - s) + (s - t) 1``.
    """
    move = np.eye(len(shift))
    move[:, 0] += sums.shift - shift
    factors = {
        name: factor._replace(products=np.einsum("ae,ekj,bk->abj", _of(move, factor), factor.products, move))
        for name, factor in sums.factors.items()
    }
    pairs = {}
    for (one, other), pair in sums.pairs.items():
        left, right = (_of(move, sums.factors[name]) for name in (one, other))
        pairs[one, other] = pair._replace(products=np.einsum("ae,efm,bf->abm", left, pair.products, right))
    total = _moved(sums.total, move)
    plain = None if sums.plain is None else _moved(sums.plain, move)
    return sums._replace(shift=shift.copy(), total=total, factors=factors, pairs=pairs, plain=plain)


def _moved(total: np.ndarray, move: np.ndarray) -> np.ndarray:
    found = move @ total @ move.T
    return (found + found.T) / 2.0


def _of(move: np.ndarray, factor: FactorSums) -> np.ndarray:
    return move[np.ix_(factor.effects, factor.effects)]


def merged(parts: Sequence[Sums]) -> Sums:
    """Add up sums of the same columns over different rows.

    Parameters
    ----------
    parts : sequence of Sums
        Each with shifts of its own.

    Returns
    -------
    Sums
        About the means of all rows.

    Raises
    ------
    DataError
        When levels of a grouping factor are of different kinds.
    """
    weights = np.array([sums.total[0, 0] for sums in parts])
    means = [sums.shift + sums.total[0] / sums.total[0, 0] for sums in parts]
    shift = np.average(means, axis=0, weights=weights)
    shift[0] = 0.0
    moved = [recentred(sums, shift) for sums in parts]
    first, codes, factors = moved[0], {}, {}
    for name in first.factors:
        factors[name], codes[name] = _factor([sums.factors[name] for sums in moved], name)
    pairs = {key: _pair([sums.pairs[key] for sums in moved], codes, key) for key in first.pairs}
    return Sums(
        nobs=sum(sums.nobs for sums in parts),
        shift=shift,
        total=np.sum([sums.total for sums in moved], axis=0),
        factors=factors,
        pairs=pairs,
        log_weights=sum(sums.log_weights for sums in parts),
        weighted=first.weighted,
        names=first.names,
        plain=np.sum([sums.unweighted for sums in moved], axis=0) if first.weighted else None,
    )


def part_values(known: Grouping) -> list[pd.Index]:
    """Values of each part of a grouping factor, level by level."""
    return Grouping(known.name, np.arange(known.size), known.size, known.parts, known.pairs).values()


def own_order(levels: Any) -> pd.Index | None:
    """Levels in an order of their own, as categories have; None of those that are sorted."""
    own = pd.Index(levels)
    if own.is_monotonic_increasing or own.equals(pd.Index(sorted_levels(own)[1])):
        return None
    return own


def levels_from(name: str, values: Sequence[pd.Index], orders: Sequence[pd.Index | None] = ()) -> Grouping:
    """A grouping factor of the values of its parts, row by row of a table of levels.

    Parameters
    ----------
    name : str
    values : sequence of Index
    orders : sequence of (Index or None)
        All levels of each part, where they have an order of their own.
    """
    nodes = tuple(Name(f"part {k}") for k in range(len(values)))
    read: list[Value] = []
    for k, (each, order) in enumerate(zip(values, orders or [None] * len(values), strict=True)):
        if order is None:
            read.append(value_of(Column.of(pd.Series(each), f"Part {k + 1} of {name!r}")))
        else:
            read.append(Category(order.get_indexer(each), order))
    return grouping(name, nodes, read)


def _factor(parts: Sequence[FactorSums], name: str) -> tuple[FactorSums, list[np.ndarray]]:
    """Sums of all levels, and which of these each part's levels are."""
    values = [part_values(part.grouping) for part in parts]
    for k in range(len(values[0])):
        kinds = {family(each[k]): None for each in values}
        if len(kinds) > 1:
            raise DataError(
                f"The levels of {name!r} are {' at one site and '.join(kinds)} at another; write them alike, and sum "
                "again."
            )
    joined = [each[0].append(list(each[1:])) for each in zip(*values, strict=True)]
    known = levels_from(name, joined, [_order([p.grouping.parts[k] for p in parts]) for k in range(len(joined))])
    codes = np.split(known.codes, np.cumsum([len(part.counts) for part in parts])[:-1])
    products = np.zeros((*parts[0].products.shape[:2], known.size))
    counts = np.zeros(known.size)
    for part, at in zip(parts, codes, strict=True):  # levels of one part are different ones
        products[:, :, at] += part.products
        counts[at] += part.counts
    return FactorSums(UnreadLevels(known), counts, parts[0].effects, products), codes


def _order(of_sites: Sequence[Any]) -> pd.Index | None:
    """The order of the levels of all sites: that of the first ones, then of what others have more; None if sorted."""
    if all(own_order(levels) is None for levels in of_sites):
        return None
    first, *others = (pd.Index(levels) for levels in of_sites)
    return first.append(others).unique()


def _pair(parts: Sequence[PairSums], codes: dict[str, list[np.ndarray]], key: tuple[str, str]) -> PairSums:
    width = 1 + max(int(at.max()) for at in codes[key[1]])
    places = [
        one[part.rows] * width + other[part.columns]
        for part, one, other in zip(parts, codes[key[0]], codes[key[1]], strict=True)
    ]
    cells, cell = np.unique(np.concatenate(places), return_inverse=True)
    products = np.zeros((*parts[0].products.shape[:2], len(cells)))
    for part, at in zip(parts, np.split(cell, np.cumsum([len(place) for place in places])[:-1]), strict=True):
        products[:, :, at] += part.products
    return PairSums(*np.divmod(cells, width), products)
