"""The grid of all combinations of the predictors' values, and averages over some of them.

As in R's package emmeans (Lenth): numbers are held at their means, categories have all their levels, which weigh the
same unless asked otherwise. A number of two values is taken for a category, and so is a truth value.

Searle, S. R., Speed, F. M. & Milliken, G. A. (1980). Population marginal means in the linear model. *The American
Statistician* 34, 216-221.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import scipy

from ..errors import ArgumentError, DataError, FitError, brief, first_few, is_number, is_one_of, listed, suggest
from ..frame.table import Table
from ..frame.unread import UnreadPredictor
from ..model.reference_grid import Designed, Predictor, summarised
from .levels import level_of

__all__ = ["WEIGHTS", "Grid", "reference_grid", "rows_at"]

WEIGHTS = ("equal", "proportional", "outer", "cells", "flat")
"""How the levels that are averaged over weigh; the beginning of a word is enough, as in R."""
MOST_POINTS = 100_000  # of a grid: a second to make, and more than anybody averages over
TWO = 2  # values of a number that is taken for a category


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """All combinations of values, the first predictor running fastest.

    Attributes
    ----------
    points : DataFrame, shape (points, predictors)
    counts : ndarray, shape (points,)
        Rows of the fit with the categories of each point.
    nests : dict of str to tuple of str
        Categories whose levels each belong to one level of others, and these.
    """

    points: pd.DataFrame
    counts: np.ndarray
    nests: dict[str, tuple[str, ...]]

    def averaged(self, shown: Sequence[str]) -> list[str]:
        """Predictors of several values that are averaged over."""
        return [name for name in self.points if name not in shown and self.points[name].nunique() > 1]

    def with_nesting(self, shown: Sequence[str]) -> list[str]:
        """The predictors that are shown, and those that they are nested in."""
        found = list(shown)
        for name in found:
            found += [outer for outer in self.nests.get(name, ()) if outer not in found]
        return found

    def average(self, shown: Sequence[str], weights: str) -> tuple[pd.DataFrame, scipy.sparse.csr_array]:
        """Weights of all points in the average at each combination of the values shown.

        Returns
        -------
        labels : DataFrame, shape (k, shown)
        weights : csr_array, shape (k, points)
            Rows add up to 1; NaN where no point has rows and `weights` are theirs.
        """
        over = self.averaged(shown)
        mass = self._mass(over, weights)
        there = self._there()
        columns = [pd.factorize(self.points[name], sort=False)[0] for name in reversed(shown)]
        places = np.column_stack([*columns, np.zeros(len(self.points), dtype=int)])
        _, firsts, cells = np.unique(places[there], axis=0, return_index=True, return_inverse=True)
        labels = self.points[list(shown)][there].iloc[firsts].reset_index(drop=True)
        cells = cells.ravel()
        totals = np.bincount(cells, mass[there])
        with np.errstate(invalid="ignore", divide="ignore"):  # 0 / 0 where no point has rows
            shares = mass[there] / totals[cells]
        kept = shares != 0.0
        where = (cells[kept], np.flatnonzero(there)[kept])
        return labels, scipy.sparse.csr_array((shares[kept], where), shape=(len(labels), len(self.points)))

    def _there(self) -> np.ndarray:
        """Points that there can be: nested categories come with what they are nested in."""
        there = np.ones(len(self.points), dtype=bool)
        for name, outer in self.nests.items():
            seen = self.points[[name, *outer]].assign(n=self.counts).groupby([name, *outer], observed=True, sort=False)
            there &= (seen["n"].transform("sum") > 0).to_numpy()
        return there

    def _mass(self, over: Sequence[str], weights: str) -> np.ndarray:
        """What each point weighs beside others of the same values shown."""
        if weights == "cells":
            return self.counts
        if self.nests and weights in ("equal", "flat"):
            return self._in_steps(over, self._there() & ((self.counts > 0) | (weights == "equal")))
        if self.nests:
            raise ArgumentError(
                f"weights={weights!r} means nothing where categories are nested ({', '.join(self.nests)}); take "
                "'equal', 'cells' or 'flat'."
            )
        if weights == "equal" or not over:
            return np.ones(len(self.points))
        if weights == "flat":
            return (self.counts > 0).astype(float)
        if weights == "proportional":
            return self._margin(over)
        return np.prod([self._margin([name]) for name in over], axis=0)

    def _margin(self, names: Sequence[str]) -> np.ndarray:
        """Rows of the fit at the values that a point has of some predictors."""
        totals = self.points[list(names)].assign(n=self.counts).groupby(list(names), observed=True, sort=False)["n"]
        return totals.transform("sum").to_numpy(dtype=float)

    def _in_steps(self, over: Sequence[str], there: np.ndarray) -> np.ndarray:
        """Levels of nested categories weigh the same within what they are nested in, then the others."""
        mass, left = there.astype(float), list(self.points)
        for name in sorted(over, key=lambda one: -len(self.nests.get(one, ()))):
            known = self.points[left][there].drop_duplicates()
            left.remove(name)
            if left:
                share = 1.0 / known.groupby(left, observed=True, sort=False)[name].transform("size")
                shares = self.points.merge(known.assign(share=share), how="left", on=[*left, name])["share"]
                mass *= shares.fillna(0.0).to_numpy()
        return mass


def reference_grid(m: Designed, at: Mapping[str, Any] | None) -> Grid:
    """Make the grid of a model.

    Parameters
    ----------
    m : Designed
    at : mapping of str to value or list of values, or None
        Values of predictors; all levels of a category and the mean of a number where none are given.

    Returns
    -------
    Grid

    Raises
    ------
    ArgumentError
        When `at` is not a mapping, names no predictor of the fixed part, or has no values, or one of them twice.
    DataError
        For an unknown level, or a value of a numeric predictor that is not a finite number; see also `predictors`.
    FitError
        When there are too many points.
    """
    known = {name: _few_values(summarised(name, value, m)) for name, value in m.frame.predictors.items()}
    given = _given(at, known)
    values = {name: given.get(name, list(p.levels) or [p.typical]) for name, p in known.items()}
    size = math.prod(map(len, values.values()))
    if size > MOST_POINTS:
        raise FitError(
            f"The predictors have {size:,} combinations of values, too many to average over; hold some of them by at=, "
            f"such as at={{{max(values, key=lambda name: len(values[name]))!r}: …}}."
        )
    cells = list(itertools.product(*reversed(values.values())))
    points = pd.DataFrame({name: [cell[-1 - k] for cell in cells] for k, name in enumerate(values)}, index=range(size))
    counted = [name for name, p in known.items() if p.levels and set(values[name]) <= set(p.levels)]
    return Grid(points, _counts(m, known, counted, points), _nests(m, known))


def rows_at(m: Designed, points: pd.DataFrame) -> np.ndarray:
    """Rows of the model matrix at points, those of dropped columns among them, shape (points, all columns)."""
    design = m.frame.x_design
    if points.empty:
        return np.ones((1, int(design.terms.intercept)))
    return design.replay_all(Table.of(points, "The new data")).matrix()


def _few_values(predictor: Predictor) -> Predictor:
    """Take a number of two values for a category."""
    if predictor.levels:
        return predictor
    levels, codes = np.unique(predictor.values, return_inverse=True)
    return predictor if len(levels) > TWO else Predictor.category(predictor.name, codes, levels.tolist())


def _given(at: Any, known: Mapping[str, Predictor]) -> dict[str, list[Any]]:
    """The values asked for, after checking them."""
    if at is not None and not isinstance(at, Mapping):
        raise ArgumentError(f"at= maps predictors to lists of values, such as {{'z': [0, 1]}}; got {brief(at)}.")
    found: dict[str, list[Any]] = {}
    for name, given in ({} if at is None else at).items():
        if not isinstance(name, str) or name not in known:
            there = first_few(list(known)) if known else "no predictors"
            raise ArgumentError(f"The fixed part has no predictor {name!r}; it has {there}.{suggest(str(name), known)}")
        some = listed(given, any_order=True)
        some = [given] if some is None else some
        predictor = known[name]
        number = bool(predictor.values.dtype.kind in "iuf") or all(is_number(v) for v in predictor.levels)
        if predictor.levels and not (number and len(predictor.levels) <= TWO):
            some = [level_of(name, predictor.levels, value) for value in some]
        elif not all(is_number(value) and math.isfinite(value) for value in some):
            raise DataError(f"Values of {name!r} are finite numbers, as in the fit; got {brief(some)}.")
        if not some:
            raise ArgumentError(f"There are no values for {name!r} in at=.")
        if any(is_one_of(value, some[:k]) for k, value in enumerate(some)):
            raise ArgumentError(f"A value of {name!r} is in at= twice: {some!r}.")
        found[name] = some
    return found


def _counts(m: Designed, known: Mapping[str, Predictor], counted: Sequence[str], points: pd.DataFrame) -> np.ndarray:
    """Rows of the fit with the categories of each point."""
    if not counted:
        return np.ones(len(points))
    cells = _cells(m)
    if cells is not None:
        seen = cells.groupby(list(counted))["(rows)"].sum()
    else:
        seen = pd.DataFrame({name: known[name].values for name in counted}).value_counts(sort=False)
    at: pd.Index = pd.MultiIndex.from_frame(points[list(counted)])
    if not isinstance(seen.index, pd.MultiIndex):
        at = at.get_level_values(0)
    return seen.reindex(at).fillna(0.0).to_numpy(dtype=float)


def _cells(m: Designed) -> pd.DataFrame | None:
    """Combinations of levels with their rows, where rows themselves were not read."""
    known = next(iter(m.frame.predictors.values()), None)
    return known.cells if isinstance(known, UnreadPredictor) else None


def _nests(m: Designed, known: Mapping[str, Predictor]) -> dict[str, tuple[str, ...]]:
    """Which categories are nested in which: by their rows, or by the formula, as ``a / b`` without ``b``."""
    categories = [name for name, p in known.items() if len(p.levels) > 1]
    cells = _cells(m)
    values = {name: known[name].values if cells is None else cells[name] for name in categories}
    rows = pd.DataFrame({name: pd.factorize(pd.Series(value))[0] for name, value in values.items()})
    within = {
        (inner, outer): bool(rows.groupby(inner)[outer].nunique().max() == 1)
        for inner, outer in itertools.permutations(categories, 2)
    }
    found = {}
    for inner in categories:
        outer = [one for one in categories if one != inner and within[inner, one] and not within[one, inner]]
        outer += [one for one in _written_within(m, inner, categories) if one not in outer]
        if outer:
            found[inner] = tuple(outer)
    return found


def _written_within(m: Designed, inner: str, categories: Sequence[str]) -> list[str]:
    """What a category is nested in by the formula, which has no term of it alone."""
    design = m.frame.x_design
    names = [frozenset(design.recipe.columns([node])) & set(categories) for node in design.terms.variables]
    terms = [frozenset().union(*(names[k] for k in term)) for term in design.terms.sets]
    mine = [term for term in terms if inner in term]
    if frozenset([inner]) in mine or not mine:
        return []
    outer = frozenset.intersection(*mine) - {inner}
    return [name for name in categories if name in outer and frozenset([name]) in terms]
