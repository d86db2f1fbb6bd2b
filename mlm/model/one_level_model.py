"""A model of one level: coefficients, their covariance, and what follows from these and the frame."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any, TypeVar, cast

import numpy as np
import pandas as pd

from ..errors import FitError
from ..fit.simulate import simulate
from ..fit.working_covariance import WorkingCovariance, of_rows
from ..frame.columns import INTERCEPT
from ..frame.estimability import estimable_rows
from ..frame.model_frame import ModelFrame
from ..frame.table import Table
from ..inference.bootstrap import Bootstrap, bootstrap
from ..inference.f_tests import Exact, checked_ddf
from ..report.face import FittedModel
from ..report.html import as_html
from ..report.maketables import MaketablesFace
from ..report.print_model import print_model
from ..report.summary import Summary, summarize
from .augmenting import rows_of_the_fit, rows_of_users, with_columns
from .every_model import EveryModel

__all__ = ["OneLevelModel", "Self", "demand_own_ddf"]

Self = TypeVar("Self", bound="OneLevelModel")


@dataclass(frozen=True, eq=False)
class OneLevelModel(EveryModel, MaketablesFace):
    """What linear and generalized linear models have in common.

    Attributes
    ----------
    formula : str
    response : str
    frame : ModelFrame
        The rows and columns in use (columns left out as dependent are not in it).
    beta : ndarray, shape (p,)
        Coefficients; `fixef` has them by term.
    covariance : ndarray, shape (p, p)
        Their covariance matrix; `vcov` has it by terms.
    aliased : tuple of str
        Columns left out because they depend on others, in the formula's order.
    terms : tuple of str
        All columns, the aliased ones in their places.
    """

    formula: str
    response: str
    frame: ModelFrame = field(repr=False)
    beta: np.ndarray
    covariance: np.ndarray = field(repr=False)
    aliased: tuple[str, ...]
    terms: tuple[str, ...] = field(repr=False)

    def __post_init__(self) -> None:
        self.beta.flags.writeable = self.covariance.flags.writeable = False

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        OneLevelModel.__post_init__(self)

    @property
    def fixef(self) -> pd.Series:
        """Coefficients by term."""
        return pd.Series(self.beta, self.frame.x_names, name="Estimate", copy=True)

    @property
    def vcov(self) -> pd.DataFrame:
        """Covariance matrix of the coefficients, shape (p, p)."""
        return pd.DataFrame(self.covariance, self.frame.x_names, self.frame.x_names, copy=True)

    @cached_property
    def working_covariance(self) -> WorkingCovariance:
        """The covariance of the coefficients of centred, orthonormal columns; variances of means lose no digits."""
        names = self.frame.x_names
        intercept = names.index(INTERCEPT) if INTERCEPT in names else -1
        found = of_rows(self.frame.x, self._working_weights, intercept, self._dispersion)
        return WorkingCovariance(np.asarray, self.covariance) if found is None else found

    @property
    def _working_weights(self) -> np.ndarray | None:
        """Of the rows, at the fit, shape (n,); None for 1."""
        return None

    @property
    def _dispersion(self) -> float:
        raise NotImplementedError

    @property
    def se(self) -> pd.Series:
        """Standard errors by term."""
        return pd.Series(np.sqrt(np.diag(self.vcov)), index=self.fixef.index.view(), name="se")

    @property
    def nobs(self) -> int:
        """Number of rows in use."""
        return self.frame.nobs

    @property
    def df_resid(self) -> int:
        """Residual degrees of freedom, rows minus coefficients."""
        return self.nobs - len(self.fixef)

    @property
    def test_df(self) -> float:
        """Degrees of freedom of the tests of coefficients; NaN where nothing is left of the rows."""
        return float(self.df_resid) or np.nan

    @property
    def has_intercept(self) -> bool:
        """Whether the model has an intercept; R² and F compare with the mean only then."""
        return INTERCEPT in self.fixef.index

    @property
    def x(self) -> pd.DataFrame:
        """Model matrix, shape (nobs, p)."""
        return pd.DataFrame(self.frame.x, index=self.frame.index.view(), columns=self.fixef.index.view(), copy=True)

    @property
    def y(self) -> pd.Series:
        """Response in the rows in use."""
        return pd.Series(self.frame.y, index=self.frame.index.view(), name=self.response, copy=True)

    def denominators(self, ddf: str | None = None) -> Exact:
        """How contrasts of the coefficients are tested: their covariance matrix, and degrees of freedom.

        Parameters
        ----------
        ddf : None
            As for `coefficients`.

        Returns
        -------
        object
            With ``vcov``, shape (p, p); ``dfs(contrasts)``; ``f_test(contrasts, difference)``.
        """
        demand_own_ddf(ddf)
        return Exact(self.covariance, self.working_covariance, self.test_df)

    def with_functions(self: Self, functions: Mapping[str, Callable[..., Any]]) -> Self:
        """Return the model with functions that its formula calls given again.

        Functions of one's own are not saved with a model. What a loaded model has computed it still has; for new rows
        it asks for them.

        Parameters
        ----------
        functions : mapping of str to callable
            By their names in the formula; they must be what they were in the fit.

        Returns
        -------
        LinearModel or GeneralizedLinearModel
            Of the same class.

        Raises
        ------
        ArgumentError
            When these are not functions, or the fit knew none of such a name.

        Examples
        --------
        >>> import pickle
        >>> import mlm
        >>> rows = {"y": [1.0, 2.1, 2.9, 4.2, 5.1], "x": [1.0, 2.0, 3.0, 4.0, 5.0]}
        >>> m = mlm.lm("y ~ half(x)", rows, functions={"half": lambda x: x / 2})
        >>> again = pickle.loads(pickle.dumps(m)).with_functions({"half": lambda x: x / 2})
        >>> again.predict({"x": [6.0]}).round(2).tolist()
        [6.15]
        """
        return replace(self, frame=self.frame.with_functions(functions))

    def design(self, newdata: Any) -> pd.DataFrame:
        """Make the model matrix from new data, shape (rows, p)."""
        table = Table.of(newdata, "The new data")
        matrix = self.frame.x_design.replay(table).matrix()
        return pd.DataFrame(matrix, index=table.index.view(), columns=self.fixef.index.view())

    def linear_predictor(self, newdata: Any) -> pd.Series:
        """Compute the linear predictor of new rows, with their offset, shape (rows,).

        Raises
        ------
        DataError
            When a column is missing, or is not what it was in the fit.
        """
        return self.linear_prediction(newdata, False)[0]

    def linear_prediction(self, newdata: Any, with_variance: bool = True) -> tuple[pd.Series, np.ndarray | None]:
        """Compute the linear predictor of new rows, or of those of the fit (None), and its variance.

        Returns
        -------
        Series, shape (rows,)
        ndarray of shape (rows,), or None without variance
            NaN where no mean follows from the fit.

        Raises
        ------
        DataError
            When a column is missing, or is not what it was in the fit.

        Warns
        -----
        RankWarning
            Columns were dropped from the fit as dependent on others, and new rows have them otherwise.
        """
        frame, table = self.frame, None if newdata is None else Table.of(newdata, "The new data")
        x, known, index, lost = frame.x, frame.known_part, frame.index, None
        if table is not None:
            (x, estimable), known, index = estimable_rows(frame, table), frame.known_part_of(table), table.index
            lost = ~estimable
        values = pd.Series(x @ self.beta + known, index.view(), name="prediction")
        if not with_variance:
            return values, None
        variance = self.working_covariance.variances(x)
        return values, variance if lost is None else np.where(lost, np.nan, variance)

    def _stored(self) -> dict[str, Any]:
        return {each.name: getattr(self, each.name) for each in fields(self)}

    def augment(self, newdata: Any = None, se: bool = False) -> pd.DataFrame:
        """Return rows with what the fit says of them, in the columns of R's broom.

        Parameters
        ----------
        newdata : data frame, optional
            Default: the rows of the fit, with the response, the columns of the data that the formula uses, and
            ``(weights)`` and ``(offset)`` that were given.
        se : bool
            Add ``.se.fit``, the standard errors that `predict` gives.

        Returns
        -------
        DataFrame, by row label
            ``.fitted`` (of a generalized model, linear predictors) [, ``.se.fit``], ``.resid`` (deviance residuals, of
            a generalized one), ``.hat`` (leverages), ``.sigma`` (without the row), ``.cooksd`` (Cook's distances),
            ``.std.resid`` (residuals over their standard errors). New rows have ``.fitted`` and ``.se.fit``.

        Raises
        ------
        ArgumentError, DataError
            As for `predict`.

        Examples
        --------
        >>> import mlm
        >>> m = mlm.lm("y ~ x", {"y": [1.0, 2.1, 2.9, 4.2, 5.1], "x": [1, 2, 3, 4, 5]})
        >>> m.augment().round(2).iloc[1].tolist()
        [2.1, 2.0, 2.03, 0.07, 0.3, 0.13, 0.1, 0.7]
        """
        found = cast(Any, self).predict(newdata, se=se)
        added = {".fitted": found["fit"], ".se.fit": found["se"]} if se else {".fitted": found}
        if newdata is not None:
            return with_columns(rows_of_users(newdata), added)
        return with_columns(rows_of_the_fit(self.frame), added | self._row_measures())

    def _row_measures(self) -> dict[str, Any]:
        """What `augment` adds to the rows of the fit, after fitted values, in broom's order."""
        raise NotImplementedError

    def simulate(self, n: int = 1, seed: Any = None, re_form: Any = False) -> np.ndarray:
        """Draw new responses from the model, shape (nobs, n): see `mlm.simulate`. `re_form` makes no difference.

        Examples
        --------
        >>> import mlm
        >>> m = mlm.lm("y ~ x", {"y": [1.0, 2.1, 2.9, 4.2], "x": [1, 2, 3, 4]})
        >>> m.simulate(2, seed=1).shape
        (4, 2)
        """
        return simulate(self, n, seed, re_form)

    def bootstrap(
        self,
        n: int = 1000,
        statistic: Callable[[Any], Any] | None = None,
        seed: Any = None,
        progress: bool | None = None,
    ) -> Bootstrap:
        """Fit the model again and again, to responses drawn from it.

        Parameters
        ----------
        n : int
            Number of refits.
        statistic : callable, optional
            Takes a fitted model; by default sigma, where it is a parameter, and the coefficients are taken.
        seed : int, numpy.random.Generator or None
        progress : bool, optional

        Returns
        -------
        Bootstrap
            See `mlm.bootstrap`, which says what the arguments mean.

        Examples
        --------
        >>> import mlm
        >>> m = mlm.lm("y ~ x", {"y": [1.0, 2.1, 2.9, 4.2, 5.1], "x": [1, 2, 3, 4, 5]})
        >>> m.bootstrap(50, seed=1).confint().shape
        (3, 2)
        """
        return bootstrap(self, n, statistic, seed, progress=progress)

    def summary(self, ddf: str | None = None, **options: Any) -> Summary:
        """Return the report laid out as R's ``summary``; `ddf` as for `coefficients`, options as for `summarize`."""
        demand_own_ddf(ddf)
        return summarize(cast(FittedModel, self), **options)

    def __str__(self) -> str:
        """Lay out as R prints the model; `summary` says more."""
        return print_model(cast(FittedModel, self))

    def _repr_html_(self) -> str:
        return as_html(str(self))


def demand_own_ddf(ddf: str | None) -> None:
    """Refuse degrees of freedom that a model of one level does not have.

    Raises
    ------
    FitError
        For those of mixed models.
    ArgumentError
        For unknown ones.
    """
    if checked_ddf(ddf) is not None:
        raise FitError("This model has its own degrees of freedom; leave ddf out.")
