"""What every fitted mixed model tells of its formula, rows, groups and fixed effects, however it was fitted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any, Self

import numpy as np
import pandas as pd

from ..frame.model_frame import Dropped, ModelFrame, RandomPart
from ..frame.table import Table
from ..frame.unread import UnreadFrame
from ..likelihood.covariance import CovarianceLayout
from .working_covariance import WorkingCovariance

__all__ = ["FittedMixed"]

# Diagonal elements of theta, of the columns worked with, below this make a fit singular: the default tolerance of
# lme4's isSingular(), which takes it of the user's columns, so that singularity depends on their units.
SINGULAR_DEVIATION = 1e-4


@dataclass(frozen=True, eq=False)
class FittedMixed:
    """A model's frame and terms, and its fixed effects in the user's columns.

    Attributes
    ----------
    frame : ModelFrame
        The rows in use.
    terms : tuple of RandomPart
        Random-effects terms in the order of theta.
    """

    frame: ModelFrame
    terms: tuple[RandomPart, ...]

    @property
    def _beta(self) -> np.ndarray:
        """Fixed effects, shape (p,)."""
        raise NotImplementedError

    @property
    def _vcov(self) -> np.ndarray:
        """Their covariance, shape (p, p)."""
        raise NotImplementedError

    @property
    def working_covariance(self) -> WorkingCovariance:
        """The same of the fixed effects worked with, which loses no digits of what rows are predicted to be."""
        raise NotImplementedError

    @property
    def _relative(self) -> tuple[CovarianceLayout, np.ndarray]:
        """The layout of theta, and theta, of the columns worked with and relative to what a row varies by."""
        raise NotImplementedError

    @property
    def loglik(self) -> float:
        """Log-likelihood."""
        raise NotImplementedError

    @property
    def npar(self) -> int:
        """Number of parameters."""
        raise NotImplementedError

    @property
    def df_resid(self) -> int:
        """Rows less parameters."""
        return self.nobs - self.npar

    @property
    def aic(self) -> float:
        """Akaike's information criterion."""
        return -2.0 * self.loglik + 2.0 * self.npar

    @property
    def bic(self) -> float:
        """Schwarz's information criterion."""
        return -2.0 * self.loglik + float(np.log(self.nobs)) * self.npar

    @cached_property
    def singular_terms(self) -> tuple[str, ...]:
        """Random-effects terms whose covariance is singular."""
        layout, theta = self._relative
        if min(theta[layout.diagonal].tolist()) >= SINGULAR_DEVIATION:
            return ()
        small = layout.diagonal & (theta < SINGULAR_DEVIATION)
        each = zip(layout.slots, self.terms, strict=True)
        return tuple([part.term.text for slot, part in each if small[slot.elements].any()])

    @property
    def is_singular(self) -> bool:
        """Whether a variance is 0 or a correlation ±1."""
        return bool(self.singular_terms)

    def with_functions(self, functions: Mapping[str, Callable[..., Any]]) -> Self:
        """Return the model with functions that its formula calls given again.

        Functions of one's own are not saved with a model. What a loaded model has computed it still has; for new rows
        it asks for them.

        Parameters
        ----------
        functions : mapping of str to callable
            By their names in the formula; they must be what they were in the fit.

        Returns
        -------
        MixedModel or GeneralizedMixedModel
            Of the same class.

        Raises
        ------
        ArgumentError
            When these are not functions, or the fit knew none of such a name.

        Examples
        --------
        >>> import pickle
        >>> import mlm
        >>> data = {"y": [1, 2, 4, 5, 7, 9], "x": [1, 3, 2, 5, 4, 6], "g": list("aabbcc")}
        >>> m = mlm.lmer("y ~ half(x) + (1 | g)", data, functions={"half": lambda x: x / 2})
        >>> again = pickle.loads(pickle.dumps(m)).with_functions({"half": lambda x: x / 2})
        >>> bool((again.predict(data) == m.predict(data)).all())
        True
        """
        frame = self.frame.with_functions(functions)
        recipe = frame.recipe
        terms = tuple(replace(part, design=part.design.with_recipe(recipe)) for part in self.terms)
        return replace(self, frame=frame, terms=terms)

    # what was fitted

    @property
    def formula(self) -> str:
        """The formula as it was given."""
        return self.frame.formula.text

    @property
    def response(self) -> str:
        """Name of the response."""
        return self.frame.formula.response

    @property
    def nobs(self) -> int:
        """Number of rows in use."""
        return self.frame.nobs

    @property
    def has_rows(self) -> bool:
        """Whether the rows of the data are known; a model of lazy data has sums of them only."""
        return not isinstance(self.frame, UnreadFrame)

    @property
    def ngrps(self) -> pd.Series:
        """Number of levels of each grouping factor."""
        groups = dict.fromkeys(t.term.group for t in self.terms)
        return pd.Series({g: self.frame.groupings[g].size for g in groups})

    @property
    def dropped(self) -> Dropped:
        """Rows left out for missing values, with ``count``, ``total`` and ``by_column``."""
        return replace(self.frame.dropped, by_column=dict(self.frame.dropped.by_column))

    # fixed effects

    @property
    def _names(self) -> pd.Index:
        return _index(self.frame.x_names).view()  # of its own, because names can be given to it

    @property
    def fixef(self) -> pd.Series:
        """Fixed-effects estimates by term."""
        return pd.Series(self._beta, self._names, copy=True)

    @property
    def vcov(self) -> pd.DataFrame:
        """Covariance matrix of the fixed effects, shape (p, p).

        Examples
        --------
        >>> import mlm
        >>> data = {"y": [1.0, 2.0, 4.0, 5.0, 7.0, 9.0], "g": list("aabbcc")}
        >>> mlm.lmer("y ~ 1 + (1 | g)", data).vcov.round(2).values.tolist()
        [[3.53]]
        """
        return pd.DataFrame(self._vcov, self._names, self._names, copy=True)

    @property
    def se(self) -> pd.Series:
        """Standard errors of the fixed effects by term."""
        return pd.Series(np.sqrt(self._vcov.diagonal()), self._names)

    # rows

    @property
    def x(self) -> pd.DataFrame:
        """Fixed-effects model matrix, shape (n, p)."""
        return pd.DataFrame(self.frame.x, self.frame.index.view(), self._names, copy=True)

    @property
    def y(self) -> pd.Series:
        """The response."""
        return pd.Series(self.frame.y, self.frame.index.view(), name=self.response, copy=True)

    @property
    def groups(self) -> pd.DataFrame:
        """Levels of the grouping factors, row by row."""
        factors = self.frame.groupings
        labels = {g: factors[g].levels.take(factors[g].codes) for g in self.ngrps.index}
        return pd.DataFrame(labels, self.frame.index.view())

    def design(self, newdata: Any) -> pd.DataFrame:
        """Fixed-effects model matrix of new data.

        Parameters
        ----------
        newdata : data frame or mapping
            With the columns of the fixed part.

        Returns
        -------
        DataFrame, shape (rows, p)
        """
        table = Table.of(newdata, "The new data")
        return pd.DataFrame(self.frame.x_design.replay(table).matrix(), table.index.view(), self._names)


@lru_cache(maxsize=256)
def _index(names: tuple[str, ...]) -> pd.Index:
    """The names of the fixed effects as pandas labels rows and columns by."""
    return pd.Index(names, name=None)
