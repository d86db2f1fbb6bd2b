"""The reference grid: the predictors of a model, their typical values, and design rows at values of some of them.

As in R's package effects (Fox 2003, J. Stat. Softw. 8(15)): numeric predictors are held at their means over the rows of
the fit, categories at the shares of their levels, which averages the rows of the model matrix.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd

from ..errors import DataError, FitError, first_few
from ..frame.design import Design
from ..frame.estimability import estimable
from ..frame.model_frame import ModelFrame
from ..frame.table import Table
from ..frame.unread import UnreadPredictor
from ..frame.values import Category, Numbers, Truth, Value, missing
from ..language.tree import Call, walk

__all__ = ["Designed", "Predictor", "average_design", "predictors", "summarised"]

CODES_VALUES = ("factor", "as.factor", "ordered", "as.ordered", "C", "interaction", "relevel", "as.character")
"""Functions that make a level of each value of a column of numbers."""


class Designed(Protocol):
    """What is asked of a model: its model matrix, and how to make that of new rows."""

    @property
    def frame(self) -> ModelFrame:
        """The rows in use and the recipe of their model matrix."""

    @property
    def nobs(self) -> int:
        """Number of rows n."""

    @property
    def fixef(self) -> pd.Series:
        """Coefficients by term (p,)."""


@dataclass(frozen=True, slots=True, eq=False)
class Predictor:
    """A variable of the fixed part: numbers with mean and range, or levels with their shares.

    Attributes
    ----------
    name : str
        The column of the data.
    values : ndarray, shape (n,)
        Its values in the rows of the fit.
    typical, low, high : float
        Mean and range of a numeric variable.
    levels, shares : tuple
        Levels of a category and the shares of the rows they have.
    """

    name: str
    values: np.ndarray
    typical: float = np.nan
    low: float = np.nan
    high: float = np.nan
    levels: tuple[Any, ...] = ()
    shares: tuple[float, ...] = ()

    @classmethod
    def numeric(cls, name: str, values: np.ndarray) -> Predictor:
        """Summarise a numeric variable."""
        numbers = np.asarray(values, dtype=float)
        return cls(name, numbers, float(numbers.mean()), float(numbers.min()), float(numbers.max()))

    @classmethod
    def category(cls, name: str, codes: np.ndarray, levels: list[Any]) -> Predictor:
        """Summarise a category."""
        shares = np.bincount(codes, minlength=len(levels)) / len(codes)
        values = np.empty(len(levels), dtype=object)
        values[:] = levels
        return cls(name, values[codes], levels=tuple(levels), shares=tuple(shares.tolist()))

    @classmethod
    def of_sums(cls, name: str, known: UnreadPredictor) -> Predictor:
        """Take what is known of a column that was not read; of its values, those that differ."""
        if not known.levels:
            values = np.array([known.low, known.typical, known.high])
            return cls(name, values, known.typical, known.low, known.high)
        values = np.empty(len(known.levels), dtype=object)
        values[:] = known.levels
        shares = np.array(known.counts) / sum(known.counts)
        return cls(name, values, levels=known.levels, shares=tuple(shares.tolist()))


def predictors(m: Designed) -> dict[str, Predictor]:
    """Summarise the columns of the data that the fixed part uses, in the order of the formula.

    A column of numbers whose values are levels in the formula, as in ``factor(k)``, is a category.

    Parameters
    ----------
    m : Designed
        A `MixedModel` or `LinearModel`.

    Returns
    -------
    dict of str to Predictor

    Raises
    ------
    DataError
        When a column is neither number nor category, such as a date that a function takes, or is missing in rows in
        use, as ``is.na(x)`` allows.
    FitError
        When columns of numbers were dropped because they depend on others, so that effects are arbitrary.

    Examples
    --------
    >>> import mlm
    >>> rows = {"y": [1.0, 2.2, 4.1, 5.0], "x": [0.0, 1.0, 2.0, 5.0], "f": list("aabb")}
    >>> found = predictors(mlm.lm("y ~ x + f", rows))
    >>> found["x"].typical, found["f"].levels, found["f"].shares
    (2.0, ('a', 'b'), (0.5, 0.5))
    """
    design = m.frame.x_design
    if design.keep is not None and not any(design.codings):
        names = m.frame.dependent.names if m.frame.dependent is not None else m.frame.left_out
        raise FitError(
            f"{first_few(names)} {'was' if len(names) == 1 else 'were'} dropped from this model, depending on other "
            "columns, so that effects are arbitrary; leave out of the formula what depends on others."
        )
    return {name: summarised(name, value, m) for name, value in m.frame.predictors.items()}


def summarised(name: str, value: Value | UnreadPredictor, m: Designed) -> Predictor:
    """Summarise one column of the data; `predictors` says what is raised."""
    absent = value.absent if isinstance(value, UnreadPredictor) else missing(value)
    if absent is not None and np.any(absent):
        raise DataError(
            f"The column {name!r} is missing in {int(np.sum(absent))} of the {m.frame.nobs} rows in use, as the "
            "formula allows, and so has no typical value. Make the columns of its terms before the fit."
        )
    if isinstance(value, UnreadPredictor):
        return Predictor.of_sums(name, value)
    if isinstance(value, Category):
        return Predictor.category(name, value.codes, pd.Index(value.levels).tolist())
    if isinstance(value, Truth):
        return Predictor.category(name, value.codes, [False, True])
    if not isinstance(value, Numbers):
        raise DataError(f"The column {name!r} is neither a number nor a category; it has no typical value.")
    levels, codes = np.unique(value.values, return_inverse=True)
    if _is_coded(name, len(levels), m.frame.x_design):
        return Predictor.category(name, codes, levels.tolist())
    return Predictor.numeric(name, value.values)


def _is_coded(name: str, distinct: int, design: Design) -> bool:
    """Whether a column of numbers stands in the formula as a category of its values.

    Where it is computed with as well, each of its values is taken for a level.
    """
    counts = []
    for node, coding in zip(design.terms.variables, design.codings, strict=True):
        calls = [piece for piece in walk(node) if isinstance(piece, Call) and piece.function in CODES_VALUES]
        if any(name in design.recipe.columns([call]) for call in calls):
            return True
        if name in design.recipe.columns([node]):
            counts.append(len(coding.labels) if coding is not None else 0)
    return all(count == distinct for count in counts)


def average_design(
    m: Designed, chosen: Mapping[str, list[Any]], held: Mapping[str, Predictor]
) -> tuple[pd.DataFrame, np.ndarray]:
    """Make the model matrix at chosen values, averaged over the levels of held categories by their shares.

    Parameters
    ----------
    m : Designed
        A `MixedModel` or `LinearModel`.
    chosen : mapping of str to list
        Values of the predictors that vary; the first runs fastest.
    held : mapping of str to Predictor
        The other predictors.

    Returns
    -------
    grid : DataFrame, shape (points, chosen)
    matrix : ndarray, shape (points, p)
        NaN where columns were dropped, and the point has others than the rows of the fit would: no prediction follows
        from the fit there (Searle 1971, *Linear Models*, section 5.4).

    Examples
    --------
    >>> import mlm
    >>> rows = {"y": [1.0, 2.2, 4.1, 5.0], "x": [0.0, 1.0, 2.0, 5.0], "f": list("aabb")}
    >>> m = mlm.lm("y ~ x + f", rows)
    >>> average_design(m, {"x": [0.0, 1.0]}, {"f": predictors(m)["f"]})[1].tolist()
    [[1.0, 0.0, 0.5], [1.0, 1.0, 0.5]]
    """
    # pandas varies the last column fastest; the focal predictor is to run along each line
    names, design = list(chosen)[::-1], m.frame.x_design
    points = list(itertools.product(*(chosen[name] for name in names)))
    grid = pd.DataFrame(points, columns=names)[list(chosen)]
    average = np.zeros((len(grid), 1))
    categories = {name: p for name, p in held.items() if p.levels}
    for cells in itertools.product(*(zip(p.levels, p.shares, strict=True) for p in categories.values())):
        constant = {name: p.typical for name, p in held.items() if not p.levels}
        constant |= {name: value for name, (value, _) in zip(categories, cells, strict=True)}
        weight = float(np.prod([share for _, share in cells]))
        table = Table.of(grid.assign(**constant), "The new data")
        average = average + weight * design.replay_all(table).matrix()
    if design.keep is None:
        return grid, average
    kept = average[:, list(design.keep)]
    kept[~estimable(m.frame, average)] = np.nan
    return grid, kept
