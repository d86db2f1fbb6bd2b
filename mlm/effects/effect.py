"""Predicted values over a focal predictor, the other predictors held at typical values.

As in R's package effects (Fox 2003, J. Stat. Softw. 8(15)): the columns of the fixed-effects model matrix
that belong to other predictors are held at their means, which for a category is the share of each level,
and columns of interactions at the product.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import stats

from ..errors import DataError, FitError, MlmError, suggest
from ..frame.table import Table
from ..model.linear_model import LinearModel
from ..model.mixed_model import MixedModel

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Effect", "effect"]

POINTS = 50
"""Points at which the effect of a numeric predictor is computed by default."""


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

    def rows(self, m: MixedModel | LinearModel) -> np.ndarray:
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


@dataclass(frozen=True)
class Effect:
    """Predicted values with a pointwise band.

    Attributes
    ----------
    frame : pandas.DataFrame
        Columns: the focal predictor, those of `at`, ``fit``, ``se``, ``lower``, ``upper`` (units of the
        response).
    focal, response : str
    categorical : bool
        Whether the focal predictor is a category.
    at : tuple of str
        Predictors at whose values the effect is shown separately.
    level : float
        Coverage of the band at each point.
    typical : dict
        What the other predictors are held at: a mean, or the share of each level.
    """

    frame: pd.DataFrame
    focal: str
    response: str
    categorical: bool
    at: tuple[str, ...]
    level: float
    typical: dict[str, Any]

    def plot(self, **options: Any) -> Axes:
        """Draw lines with bands, one for each value of `at`; options as in :func:`mlm.plot.effect_lines`."""
        from ..plot.models import effect_lines

        return effect_lines(self, **options)


def effect(
    m: MixedModel | LinearModel,
    focal: str,
    at: Mapping[str, Sequence[Any]] | None = None,
    values: Sequence[Any] | None = None,
    level: float = 0.95,
    *,
    df: float | None = None,
    data: Any = None,
) -> Effect:
    """Compute predicted values of the fixed part over one predictor.

    Parameters
    ----------
    m : MixedModel or LinearModel
    focal : str
        The predictor: a column of the data, not a term.
    at : mapping of str to sequence, optional
        Other predictors and the values at which to show the effect, for interactions:
        ``{"cpi_cgm": [-0.85, 0.15, 0.65]}``.
    values : sequence, optional
        Values of the focal predictor; by default 50 points over its range, or all its levels.
    level : float
        Pointwise coverage of the band.
    df : float, optional
        Degrees of freedom of the t quantile of the band: rows minus fixed effects by default, as in R's
        effects; ``math.inf`` for the normal distribution.
    data : data frame, optional
        The data of the fit: needed only where the model matrix does not show a predictor as it is, as with
        ``log(x)``.

    Returns
    -------
    Effect
        With ``frame`` and ``plot()``. Random effects are taken as zero.

    Raises
    ------
    MlmError
        When a predictor is not in the fixed part or named twice, a list of values is empty, or the level is
        not in (0, 1).
    DataError
        When a level is unknown, or `data` is needed.
    FitError
        When the model has an offset.

    Examples
    --------
    >>> import mlm
    >>> rows = {"y": [1.0, 2.2, 4.1, 5.0, 7.3, 9.0], "x": [0, 1, 0, 1, 0, 1], "z": [1, 3, 2, 5, 4, 6]}
    >>> found = effect(mlm.lm("y ~ x + z", rows), "x", values=[0, 1])
    >>> found.frame["fit"].round(3).tolist(), found.typical
    ([6.567, 2.967], {'z': 3.5})

    References
    ----------
    Fox, J. (2003). Effect displays in R for generalised linear models. *Journal of Statistical Software*
    8(15).
    """
    if not 0 < level < 1:
        raise MlmError(f"The level must lie between 0 and 1; got {level}.")
    if m.frame.offset is not None:
        raise FitError("This model has an offset, which has no typical value; effects are not defined.")
    known = predictors(m, data)
    chosen = _chosen(known, focal, dict(at or {}), values)
    held = {name: predictor for name, predictor in known.items() if name not in chosen}
    grid, x = average_design(m, chosen, held)
    fit = x @ m.fixef.to_numpy()
    se = np.sqrt(np.einsum("ij,jk,ik->i", x, m.vcov.to_numpy(), x))
    freedom = m.nobs - len(m.fixef) if df is None else df
    half = stats.t.ppf(0.5 + level / 2, freedom) * se
    frame = grid.assign(fit=fit, se=se, lower=fit - half, upper=fit + half)
    typical = {name: dict(zip(p.levels, p.shares, strict=True)) if p.levels else p.typical for name, p in held.items()}
    return Effect(frame, focal, m.response, bool(known[focal].levels), tuple(at or ()), level, typical)


def _chosen(
    known: Mapping[str, Predictor], focal: str, at: dict[str, Sequence[Any]], values: Sequence[Any] | None
) -> dict[str, list[Any]]:
    """Return the values of the predictors that vary, the focal one first, after checking them."""
    if focal in at:
        raise MlmError(f"{focal!r} is the focal predictor; its values are given by values=, not by at=.")
    for name in (focal, *at):
        if name not in known:
            raise MlmError(
                f"The fixed part has no predictor {name!r}; it has {', '.join(known)}.{suggest(name, known)}"
            )
    own = known[focal]
    if values is None:
        values = own.levels or np.linspace(own.low, own.high, POINTS).tolist()
    chosen = {focal: list(values)} | {name: list(some) for name, some in at.items()}
    for name, some in chosen.items():
        if not some:
            raise MlmError(f"There are no values for {name!r}.")
        levels = known[name].levels
        unknown = [value for value in some if levels and value not in levels]
        if unknown:
            raise DataError(f"{name!r} has no level {unknown[0]!r}; it has {', '.join(map(str, levels))}.")
    return chosen


def average_design(
    m: MixedModel | LinearModel, chosen: Mapping[str, list[Any]], held: Mapping[str, Predictor]
) -> tuple[pd.DataFrame, np.ndarray]:
    """Make the model matrix at chosen values, averaged over the levels of held categories by their shares.

    Parameters
    ----------
    m : MixedModel or LinearModel
    chosen : mapping of str to list
        Values of the predictors that vary; the first runs fastest.
    held : mapping of str to Predictor
        The other predictors.

    Returns
    -------
    grid : DataFrame, shape (points, chosen)
    matrix : ndarray, shape (points, p)
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


def predictors(m: MixedModel | LinearModel, data: Any) -> dict[str, Predictor]:
    """Summarise the variables of the fixed part, from the model matrix, or from the data where they are given.

    Parameters
    ----------
    m : MixedModel or LinearModel
    data : data frame or None

    Returns
    -------
    dict of str to Predictor

    Raises
    ------
    DataError
        When the model matrix does not show a variable as it is and there are no data, or not those of the fit.
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


def _all_columns(m: MixedModel | LinearModel) -> Any:
    """Columns of the model matrix before any was dropped as dependent cannot be had: then the terms must agree."""
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


def _from_data(m: MixedModel | LinearModel, data: Any, name: str, expr: str, levels: tuple[Any, ...]) -> Predictor:
    """Summarise a column of the user's data over the rows of the fit."""
    table = Table.of(data).frame
    if name not in table or not m.frame.index.isin(table.index).all():
        raise DataError(f"The data passed are not those of the fit: column {name!r} or rows of the fit are missing.")
    column = table.loc[m.frame.index, name]
    if levels:
        shares = column.value_counts(normalize=True)
        return Predictor(expr, levels=levels, shares=tuple(float(shares.get(k, 0.0)) for k in levels))
    return Predictor.numeric(expr, column.to_numpy())
