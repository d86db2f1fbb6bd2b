"""The model frame: the rows in use, the response, the model matrices and the grouping factors of one formula.

The user's data frame is never changed. Rows with a missing value in a variable of the formula are left out,
counted by column and named in one warning; infinite values are an error.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from ..errors import DataError, MissingRowsWarning
from .design import FLOATS, INTEGERS, OBJECTS, TRUTH_VALUES, Columns, Design, build, variables
from .formula import Formula, RandomTerm, expression, parse
from .grouping import Grouping, grouping
from .table import Table

__all__ = ["Dropped", "ModelFrame", "RandomPart", "model_frame"]

WEIGHTS, OFFSET = "(weights)", "(offset)"  # names of their columns, where they are given as values
# Outside of these, weights are refused: cross-products are sums of weights times squares, and products of two of them
# must stay within double precision, 1e-308 to 1e308, with room for the units of the columns.
SMALLEST_WEIGHT, LARGEST_WEIGHT = 1e-100, 1e100


@dataclass(frozen=True, slots=True, eq=False)
class Dropped:
    """Rows left out: how many of how many, and how many each column is to blame for."""

    count: int
    total: int
    by_column: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class RandomPart:
    """One random-effects term on the data: the term, its columns (n rows) and their recipe."""

    term: RandomTerm
    columns: Columns
    design: Design


@dataclass(frozen=True, slots=True, eq=False)
class ModelFrame:
    """Everything that a fit needs of the data.

    Attributes
    ----------
    formula : Formula
    y : ndarray, shape (n,)
        The response, as it stands in the data (an offset is not yet taken off).
    x_columns : Columns
        Fixed-effects columns; `x` gives them as an array of shape (n, p).
    x_design : Design
    random : tuple of RandomPart
    groupings : dict of str to Grouping
    weights, offset : ndarray of shape (n,) or None
    index : pandas.Index
        Labels of the rows in use.
    dropped : Dropped
    sources : tuple of pandas.Series
        The columns that the arrays here may be views of. While they are held, pandas (copy-on-write) copies a column
        before the user changes it: what happens to the user's frame later does not reach the model.
    """

    formula: Formula
    y: np.ndarray
    x_columns: Columns
    x_design: Design
    random: tuple[RandomPart, ...]
    groupings: dict[str, Grouping]
    weights: np.ndarray | None
    offset: np.ndarray | None
    index: pd.Index
    dropped: Dropped
    sources: tuple[pd.Series, ...] = ()

    @property
    def nobs(self) -> int:
        """Number of rows in use."""
        return self.x_columns.n

    @property
    def known_part(self) -> np.ndarray | float:
        """The offset, shape (n,), or 0 without one."""
        return 0.0 if self.offset is None else self.offset

    @property
    def net_response(self) -> np.ndarray:
        """The response less the offset, shape (n,)."""
        return self.y if self.offset is None else self.y - self.offset

    @property
    def x(self) -> np.ndarray:
        """Fixed-effects model matrix, shape (n, p)."""
        return self.x_columns.matrix()

    @property
    def x_names(self) -> tuple[str, ...]:
        """Names of the fixed-effects columns."""
        return self.x_columns.names

    def without(self, dropped: list[int]) -> ModelFrame:
        """Return the frame with these fixed-effects columns left out."""
        keep = [k for k in range(len(self.x_names)) if k not in dropped]
        return replace(self, x_columns=self.x_columns.select(keep), x_design=self.x_design.without(dropped))


def model_frame(formula: str | Formula, data: Any, weights: Any = None, offset: Any = None) -> ModelFrame:
    """Bring a formula and a data frame together.

    Parameters
    ----------
    formula : str or Formula
    data : data frame
        pandas, polars, pyarrow, modin … (any eager frame that narwhals knows), or a mapping of columns.
    weights, offset : str or array_like of shape (rows,), optional
        Prior weights (positive) and a known part of the linear predictor: a column's name or values.

    Returns
    -------
    ModelFrame

    Raises
    ------
    DataError
        A column is missing or not numeric where it must be, values are infinite, no rows are left, or weights are
        not positive. The message names the column, the counts and the remedy.

    Examples
    --------
    >>> frame = model_frame("y ~ x + (1 | g)", {"y": [1.0, 2, 4], "x": [0, 1, 2], "g": ["a", "b", "a"]})
    >>> frame.x_names, frame.groupings["g"].codes.tolist()
    (('(Intercept)', 'x'), [0, 1, 0])
    """
    parsed = formula if isinstance(formula, Formula) else parse(formula)
    given = [name for name in (weights, offset) if isinstance(name, str)]
    table = Table.of(data, [*_needed(parsed.text), *given])
    table, roles = _attach(table, weights, offset)
    names = list(dict.fromkeys([*_needed(parsed.text), *roles.values()]))
    used, dropped = _complete_rows(table, names)
    table = _drop_unused_categories(table if used is None else Table(table.frame.loc[used, names]), names)
    x_design, x_columns = build(parsed.fixed, table)
    random = tuple(RandomPart(t, columns, design) for t in parsed.random for design, columns in [build(t.expr, table)])
    groupings = {t.group: grouping(t, table) for t in parsed.random}
    return ModelFrame(
        formula=parsed,
        y=_one_column(parsed.response, table, "response"),
        x_columns=x_columns,
        x_design=x_design,
        random=random,
        groupings=groupings,
        weights=_weights(table, roles),
        offset=_offset(parsed, table, roles),
        index=table.frame.index,
        dropped=dropped,
        sources=tuple(table[name] for name in names),
    )


@lru_cache(maxsize=256)  # formulas; an entry is a few names
def _needed(text: str) -> tuple[str, ...]:
    """All columns of the data that a formula uses, in the order of the formula."""
    formula = parse(text)
    names: list[str] = variables(expression(formula.response)) + variables(formula.fixed)
    for offset in formula.offsets:
        names += variables(expression(offset))
    for term in formula.random:
        names += [*variables(term.expr), *term.group_columns]
    return tuple(dict.fromkeys(names))


def _attach(table: Table, weights: Any, offset: Any) -> tuple[Table, dict[str, str]]:
    """Give weights and offset a column each; returns the table and which column has which role: {role: column}."""
    roles: dict[str, str] = {}
    for role, values in ((WEIGHTS, weights), (OFFSET, offset)):
        if isinstance(values, str):
            roles[role] = values
        elif values is not None:
            table = Table(table.frame.assign(**{role: _one_a_row(values, role[1:-1], table)}))
            roles[role] = role
    return table, roles


def _one_a_row(values: Any, what: str, table: Table) -> np.ndarray:
    """Values of weights or of an offset as floats, shape (rows,)."""
    if isinstance(values, pd.Series) and not values.index.equals(table.frame.index):
        raise DataError(
            f"The index of the {what} is not that of the data; align them first, for example with "
            "values.reindex(data.index), or pass values.to_numpy() to take them row by row."
        )
    try:
        array = np.asarray(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise DataError(f"The {what} must be numbers, one a row: {error}.") from None
    if array.shape != (table.n,):
        raise DataError(f"{what.capitalize()} must be one number a row: {table.n}; got {array.shape}.")
    return array


def _missing(table: Table, name: str) -> np.ndarray | None:
    """Return which values are missing, or None; infinite ones are an error."""
    column, kind = table[name], table.kind(name)
    if kind in INTEGERS + TRUTH_VALUES and isinstance(column.dtype, np.dtype):
        return None
    if kind in FLOATS:
        values = table.values(name)
        if math.isfinite(np.add.reduce(values)):
            return None
        infinite = int(np.isinf(values).sum())
        if infinite:
            raise DataError(
                f"Column {name!r} has {infinite} infinite values in its {len(values)} rows; "
                "replace them by missing values or filter these rows."
            )
    absent = column.isna().to_numpy()
    return absent if absent.any() else None


def _complete_rows(table: Table, names: list[str]) -> tuple[np.ndarray | None, Dropped]:
    with np.errstate(all="ignore"):  # a sum of opposite infinities, or one that is too large, is no error
        absent = {n: m for n in names if (m := _missing(table, n)) is not None}
    if not absent:
        return None, Dropped(0, table.n)
    used = ~np.logical_or.reduce(list(absent.values()))
    by_column = {n: int(m.sum()) for n, m in absent.items()}
    dropped = Dropped(int((~used).sum()), table.n, by_column)
    listed = ", ".join(f"{n} ({k})" for n, k in by_column.items())
    columns = [n for n in by_column if n not in (WEIGHTS, OFFSET)]
    remedy = f" To choose the rows yourself: data.dropna(subset={columns})." if columns else ""
    if not used.any():
        raise DataError(f"No row is complete: all {table.n} rows have missing values, by column: {listed}.")
    warnings.warn(
        f"{dropped.count} of {dropped.total} rows have missing values and are left out, by column: {listed}.{remedy}",
        MissingRowsWarning,
        stacklevel=4,
    )
    return used, dropped


def _drop_unused_categories(table: Table, names: list[str]) -> Table:
    """Take categories out that no row has (R: ``drop.unused.levels = TRUE``)."""
    lean = {}
    for name in names:
        if table.kind(name) in OBJECTS and isinstance(table[name].dtype, pd.CategoricalDtype):
            lean[name] = table[name].cat.remove_unused_categories()
    return Table(table.frame.assign(**lean)) if lean else table


def _one_column(text: str, table: Table, role: str) -> np.ndarray:
    """Values of an expression that must give one numeric column."""
    if table.is_number(text):
        return np.asarray(table.values(text), dtype=float)
    if text in table and table.kind(text) not in TRUTH_VALUES:
        raise DataError(
            f"The {role} {text!r} is not numeric (dtype {table[text].dtype}); convert it first, "
            f"for example with pandas.to_numeric(data[{text!r}])."
        )
    _, columns = build(expression(text), table)
    if len(columns.names) != 1:
        raise DataError(f"The {role} {text!r} makes {len(columns.names)} columns; it must be one.")
    return columns.matrix()[:, 0]


def _weights(table: Table, roles: dict[str, str]) -> np.ndarray | None:
    if WEIGHTS not in roles:
        return None
    weights = _one_column(roles[WEIGHTS], table, "weights column")
    bad = int((weights <= 0).sum())
    if bad:
        raise DataError(f"{bad} of {len(weights)} weights are zero or negative; leave these rows out.")
    if not SMALLEST_WEIGHT < weights.min() <= weights.max() < LARGEST_WEIGHT:
        raise DataError("The weights are too small or too large to compute with; divide them by their mean.")
    return weights


def _offset(formula: Formula, table: Table, roles: dict[str, str]) -> np.ndarray | None:
    parts = [_one_column(text, table, "offset") for text in formula.offsets]
    if OFFSET in roles:
        parts.append(_one_column(roles[OFFSET], table, "offset column"))
    return np.sum(parts, axis=0) if parts else None
