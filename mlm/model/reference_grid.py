"""The reference grid: the predictors of a model, their typical values, and design rows at values of some of them.

As in R's package effects (Fox 2003, J. Stat. Softw. 8(15)): the columns of the fixed-effects model matrix
that belong to other predictors are held at their means, which for a category is the share of each level,
and columns of interactions at the product.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd

from ..errors import DataError, FitError
from ..frame.column import Column
from ..frame.model_frame import ModelFrame
from ..frame.table import Table

__all__ = ["Designed", "Predictor", "average_design", "predictors"]


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

    def design(self, newdata: Any) -> pd.DataFrame:
        """Model matrix of new rows (rows, p)."""


@dataclass(frozen=True, slots=True)
class Predictor:
    """A variable of the fixed part: numbers with mean and range, or levels with their shares.

    Attributes
    ----------
    expr : str
        How the formula spells it: ``"x"``, ``"C(g)"``.
    typical, low, high : float
        Mean and range of a numeric variable.
    levels, shares : tuple
        Levels of a category and the shares of the rows they have.
    """

    expr: str
    typical: float = np.nan
    low: float = np.nan
    high: float = np.nan
    levels: tuple[Any, ...] = ()
    shares: tuple[float, ...] = ()

    @classmethod
    def numeric(cls, expr: str, values: np.ndarray) -> Predictor:
        """Summarise a numeric variable."""
        numbers = np.asarray(values, dtype=float)
        return cls(expr, float(numbers.mean()), float(numbers.min()), float(numbers.max()))

    def rows(self, m: Designed) -> np.ndarray:
        """Return the variable's values in the rows of the fit, from the model matrix.

        Raises
        ------
        FitError
            When the model matrix does not show them.
        """
        matrix = dict(zip(m.frame.x_names, m.frame.x.T, strict=True))
        if not self.levels:
            if self.expr not in matrix:
                raise FitError(f"{self.expr!r} is not itself a column of the model matrix.")
            return matrix[self.expr]
        values = np.full(m.nobs, self.levels[0], dtype=object)
        for level in self.levels:
            if f"{self.expr}{level}" in matrix:
                values[matrix[f"{self.expr}{level}"] == 1] = level
        return values


def predictors(m: Designed, data: Any) -> dict[str, Predictor]:
    """Summarise the variables of the fixed part, from the model matrix, or from the data where they are given.

    Parameters
    ----------
    m : Designed
        A `MixedModel` or `LinearModel`.
    data : data frame or None

    Returns
    -------
    dict of str to Predictor

    Raises
    ------
    DataError
        When the model matrix does not show a variable as it is and there are no data, or not those of the fit.
    FitError
        When columns were dropped because they depend on others, so that the variables cannot be told.

    Examples
    --------
    >>> import mlm
    >>> rows = {"y": [1.0, 2.2, 4.1, 5.0], "x": [0.0, 1.0, 2.0, 5.0], "f": list("aabb")}
    >>> found = predictors(mlm.lm("y ~ x + f", rows), None)
    >>> found["x"].typical, found["f"].levels, found["f"].shares
    (2.0, ('a', 'b'), (0.5, 0.5))
    """
    design, columns = m.frame.x_design, m.frame.x_columns
    if design.spec is None:
        arrays: dict[str, np.ndarray] = {}
        for term, factors in zip(design.terms, _all_columns(m).factors, strict=True):
            arrays |= {f.expr: a for f, a in zip(term.factors, factors, strict=True) if f.expr != "1"}
        return {name: Predictor.numeric(name, array) for name, array in arrays.items()}
    spec = design.spec
    matrix = dict(zip(columns.names, columns.matrix().T, strict=True))
    found: dict[str, Predictor] = {}
    for name in sorted(map(str, spec.variables_by_source.get("data", ()))):
        factor = next(f for f, used in spec.factor_variables.items() if name in used)
        kind, state = spec.encoder_state[factor.expr]
        if data is not None:
            found[name] = _from_data(m, data, name, factor.expr, tuple(state.get("categories", ())))
        elif kind.value == "categorical":
            found[name] = _from_dummies(matrix, factor.expr, tuple(state["categories"]), name)
        elif name in matrix:
            found[name] = Predictor.numeric(name, matrix[name])
        else:
            raise _hidden(name, factor.expr)
    return found


def _all_columns(m: Designed) -> Any:
    """Columns of the model matrix, one a term: had any been dropped as dependent, its variable could not be told."""
    if len(m.frame.x_design.terms) != len(m.frame.x_columns.names):
        raise FitError(
            "Columns of this model were dropped because they depend on others; leave them out of the formula."
        )
    return m.frame.x_columns


def _hidden(name: str, expr: str) -> DataError:
    return DataError(
        f"The model matrix shows {name!r} only as {expr}, so its typical value is unknown; pass data= with the"
        " data of the fit."
    )


def _from_dummies(matrix: Mapping[str, np.ndarray], expr: str, levels: tuple[Any, ...], name: str) -> Predictor:
    """Shares of a category's levels from its dummy columns; a missing column is the reference level's."""
    shares = {k: float(matrix[f"{expr}{k}"].mean()) for k in levels if f"{expr}{k}" in matrix}
    if len(shares) < len(levels) - 1:
        raise _hidden(name, "part of other terms")
    all_shares = tuple(shares.get(k, 1 - sum(shares.values())) for k in levels)
    return Predictor(expr, levels=levels, shares=all_shares)


def _from_data(m: Designed, data: Any, name: str, expr: str, levels: tuple[Any, ...]) -> Predictor:
    """Summarise a column of the user's data over the rows of the fit."""
    table = Table.of(data).frame
    if name not in table or not m.frame.index.isin(table.index).all():
        raise DataError(f"The data passed are not those of the fit: column {name!r} or rows of the fit are missing.")
    column = table.loc[m.frame.index, name]
    read = Column.of(column, f"Column {name!r}")
    if read.absent.any():
        raise DataError(
            f"The data passed are not those of the fit: column {name!r} has {int(read.absent.sum())} missing values in"
            " the rows of the fit."
        )
    if levels:
        shares = column.value_counts(normalize=True)
        return Predictor(expr, levels=levels, shares=tuple(float(shares.get(k, 0.0)) for k in levels))
    return Predictor.numeric(expr, read.numbers())


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

    Examples
    --------
    >>> import mlm
    >>> rows = {"y": [1.0, 2.2, 4.1, 5.0], "x": [0.0, 1.0, 2.0, 5.0], "f": list("aabb")}
    >>> m = mlm.lm("y ~ x + f", rows)
    >>> average_design(m, {"x": [0.0, 1.0]}, {"f": predictors(m, None)["f"]})[1].tolist()
    [[1.0, 0.0, 0.5], [1.0, 1.0, 0.5]]
    """
    # pandas varies the last column fastest; the focal predictor is to run along each line
    names = list(chosen)[::-1]
    points = list(itertools.product(*(chosen[name] for name in names)))
    grid = pd.DataFrame(points, columns=names)[list(chosen)]
    average = np.zeros((len(grid), len(m.fixef)))
    categories = {name: p for name, p in held.items() if p.levels}
    for cells in itertools.product(*(zip(p.levels, p.shares, strict=True) for p in categories.values())):
        constant = {name: p.typical for name, p in held.items() if not p.levels}
        constant |= {name: value for name, (value, _) in zip(categories, cells, strict=True)}
        weight = float(np.prod([share for _, share in cells]))
        average += weight * m.design(grid.assign(**constant)).to_numpy()
    return grid, average
