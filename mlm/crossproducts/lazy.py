"""Sums that an engine computes where the data stay: one query for all rows, one a grouping factor, one a pair of these.

Products are formed before they are summed, column by column, from columns less their means: see `sums`.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from ..errors import DataError
from ..frame.evaluate import Evaluator
from ..frame.grouping import Grouping, grouping
from ..frame.lazy import LazyFrame
from ..frame.lazy_rows import LazyRows
from ..frame.rows import taken
from ..frame.table import Table
from ..frame.units import LARGEST_PRODUCTS
from ..frame.unread import UnreadLevels
from ..language.formula import RandomTerm
from .sums import FactorSums, PairSums, Sums

__all__ = ["lazy_sums"]


def lazy_sums(frame: LazyFrame, response: np.ndarray | None = None, more: np.ndarray | None = None) -> Sums:
    """Have all sums computed.

    Parameters
    ----------
    frame : LazyFrame
    response : ndarray, shape (columns,), optional
        A combination of the columns, less their means, that takes the place of the response.
    more : ndarray, shape (more, columns), optional
        Combinations of the columns that are summed too; they stand before the response.

    Returns
    -------
    Sums

    Raises
    ------
    DataError
        When weights are not positive, or the engine cannot compute them.
    """
    rows = LazyRows.of(frame)
    labels = frame.labels
    if more is not None:
        rows = rows.with_more(more)
        labels = (*labels[:-1], *(f"basis {k}" for k in range(len(more))), labels[-1])
    if response is not None:
        rows = rows.with_response(response)
    effects: dict[str, set[int]] = {}
    for part in frame.known["random"]:
        effects.setdefault(part.term.group, {0}).update(part.columns.places)
    total = rows.total()
    _demand_squares(frame, rows.shift, total)
    found = {term.group: _factor(rows, frame, term, sorted(effects[term.group])) for term in _distinct(frame)}
    for name, sums in found.items():
        if int(sums.counts.sum()) != frame.nobs:
            raise DataError(
                f"The data changed while they were read: {frame.nobs} complete rows at first, "
                f"{int(sums.counts.sum())} by {name!r}. Fit a copy of them."
            )
    pairs = {
        (a.group, b.group): _pair(rows, frame, (a, b), found, effects)
        for a, b in itertools.combinations(_distinct(frame), 2)
    }
    plain = rows.without_weights().total() if frame.weighted else None
    return Sums(frame.nobs, rows.shift, total, found, pairs, rows.log_weights, frame.weighted, labels, plain)


def _demand_squares(frame: LazyFrame, shift: np.ndarray, total: np.ndarray) -> None:
    """Refuse fixed-effects columns whose squares cannot be computed with: see `frame.units`."""
    columns = frame.known["x_columns"]
    for name, place in zip(columns.names, columns.places, strict=True):
        size = float(np.hypot(np.sqrt(total[place, place] / frame.nobs), shift[place]))
        if not size < np.sqrt(LARGEST_PRODUCTS / frame.nobs):
            remedy = f", for example divide it by {size:.0e}" if np.isfinite(size) else ""
            raise DataError(
                f"The column {name!r} has numbers whose squares cannot be computed with in its {frame.nobs} rows; "
                f"rescale it{remedy}."
            )


def _distinct(frame: LazyFrame) -> list[RandomTerm]:
    """One term of each grouping factor."""
    return list({term.group: term for term in reversed(frame.known["formula"].random)}.values())[::-1]


def _factor(rows: LazyRows, frame: LazyFrame, term: RandomTerm, effects: Sequence[int]) -> FactorSums:
    wanted = [(a, b) for a in effects for b in range(rows.width)]
    found = rows.by(frame.keys[term.group], sorted({(min(pair), max(pair)) for pair in wanted}))
    known = _levels(term, found.keys)
    if (known.codes < 0).any():
        count = int(found.counts[known.codes < 0].sum())
        raise DataError(
            f"{term.group!r} is undefined in {count} of {frame.nobs} rows; filter these rows or change the term."
        )
    products = np.zeros((len(effects), rows.width, known.size))
    for row, a in enumerate(effects):
        for b in range(rows.width):
            products[row, b] = np.bincount(known.codes, found.sums[min(a, b), max(a, b)], minlength=known.size)
    counts = np.bincount(known.codes, found.counts, minlength=known.size)
    return FactorSums(UnreadLevels(known), counts, tuple(effects), products)


def _levels(term: RandomTerm, keys: Table) -> Grouping:
    """The levels of the values that an engine grouped by, and which level each of these is."""
    evaluator = Evaluator(keys, {})
    return grouping(term.group, term.parts, [taken(evaluator.value(node), None) for node in term.parts])


def _pair(
    rows: LazyRows,
    frame: LazyFrame,
    terms: tuple[RandomTerm, RandomTerm],
    known: dict[str, FactorSums],
    effects: dict[str, set[int]],
) -> PairSums:
    first, second = (sorted(effects[term.group]) for term in terms)
    wanted = sorted({(min(a, b), max(a, b)) for a in first for b in second})
    keys = dict.fromkeys(name for term in terms for name in frame.keys[term.group])
    found = rows.by(list(keys), wanted)
    evaluator = Evaluator(found.keys, {})
    codes = [
        known[term.group].grouping.find(term.parts, [evaluator.value(node) for node in term.parts])[0] for term in terms
    ]
    place = codes[0] * len(known[terms[1].group].counts) + codes[1]
    cells, cell = np.unique(place, return_inverse=True)
    products = np.zeros((len(first), len(second), len(cells)))
    for row, a in enumerate(first):
        for column, b in enumerate(second):
            products[row, column] = np.bincount(cell, found.sums[min(a, b), max(a, b)], minlength=len(cells))
    return PairSums(*np.divmod(cells, len(known[terms[1].group].counts)), products)
