"""What linear and generalized mixed models answer alike, after the fit."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Self

import numpy as np
import pandas as pd

from ..fit.fit import Fit
from ..fit.fitted import FittedMixed
from ..fit.generalized import GeneralizedFit
from ..fit.mixed_model_equations import MixedModelEquations, mixed_model_equations
from ..fit.stored import stored_numbers
from .augmenting import cooks_distances, rows_of_the_fit, rows_of_users, with_columns
from .stored_file import write_model
from .updating import fitted_again

__all__ = ["AfterFit"]


class AfterFit(FittedMixed):
    """Methods of `MixedModel` and `GeneralizedMixedModel`."""

    @cached_property
    def _equations(self) -> MixedModelEquations:
        return mixed_model_equations(self)  # type: ignore[arg-type]

    def update(self, change: str | None = None, data: Any = None, **options: Any) -> Self:
        """Fit the model again, with changes, as R's ``update`` does.

        Parameters
        ----------
        change : str, optional
            ``". ~ . + z"``: a dot stands for what was on its side; terms, random effects and offsets are added and
            taken out.
        data : data frame, optional
            By default the data that the fit was given, as they are now.
        **options
            Arguments of `mlm.lmer` or `mlm.glmer`, such as ``reml=False``; by default as in the fit. A new family has
            its own link.

        Returns
        -------
        The same kind of model

        Raises
        ------
        ArgumentError
            For an option that there is not.
        FormulaError
            When the change cannot be read, or takes random effects out that are not there.
        FitError
            When the model was loaded and no data are given, or comes from no call: after ``refit(y=…)`` or `step`.

        Examples
        --------
        >>> import mlm
        >>> data = {"y": [1.0, 2.0, 4.0, 5.0, 7.0, 9.0], "x": [0, 1, 0, 2, 1, 1], "g": list("aabbcc")}
        >>> m = mlm.lmer("y ~ 1 + (1 | g)", data)
        >>> m.update(". ~ . + x", reml=False).formula
        'y ~ (1 | g) + x'
        """
        own: dict[str, Any] = {"reml": self.reml} if isinstance(self, Fit) else {}
        return fitted_again(self, change, data, options, own)

    def save(self, path: Any) -> None:
        """Write the model to a file, for `mlm.load`.

        The file is a zip of JSON and of arrays in NumPy's format: no code, and nothing that is pickled. It has the
        columns of the data that the formula uses, in the rows in use, with their labels: who gets the file gets these.
        It has neither the other columns nor functions of the user's own.

        Parameters
        ----------
        path : str or path
            An existing file is overwritten.

        Raises
        ------
        ArgumentError
            When `path` is no name of a file.
        DataError
            When the file cannot be written, or levels or labels are of a type that cannot be saved.
        """
        write_model(path, type(self).__name__, {"frame": self.frame, **stored_numbers(self)})  # type: ignore[arg-type]

    def augment(self, newdata: Any = None, new_levels: str = "error", se: bool = False) -> pd.DataFrame:
        """Return rows with what the fit says of them, in the columns of R's broom.mixed.

        Parameters
        ----------
        newdata : data frame, optional
            Default: the rows of the fit, with the variables of the formula.
        new_levels : {"error", "population", "missing"}
            As for `predict`.
        se : bool
            Add ``.se.fit``, the standard errors that `predict` gives.

        Returns
        -------
        DataFrame, by row label
            ``.fitted`` (of a generalized model, linear predictors) [, ``.se.fit``], ``.resid`` (deviance residuals, of
            a generalized one), ``.hat`` (leverages), ``.cooksd`` (Cook's distances), ``.fixed`` (without random
            effects), ``.mu`` (means), ``.offset``, ``.sqrtXwt``, ``.sqrtrwt`` (roots of the weights of the rows and of
            squared residuals), ``.weights`` (prior ones), ``.wtres`` (Pearson residuals) and of a generalized model
            ``.eta``. New rows have ``.fitted``, ``.se.fit``, ``.fixed`` and ``.mu``.

        Raises
        ------
        ArgumentError, DataError
            As for `predict`.

        Examples
        --------
        >>> import mlm
        >>> data = {"y": [1.0, 2.0, 4.0, 5.0, 7.0, 9.0], "g": list("aabbcc")}
        >>> m = mlm.lmer("y ~ 1 + (1 | g)", data)
        >>> m.augment()[["y", "g", ".fitted", ".hat"]].round(2).values[0].tolist()
        [1.0, 'a', 1.65, 0.48]
        """
        asked: Any = self
        found = asked.predict(newdata, new_levels=new_levels, se=se)
        fitted = found["fit"] if se else found
        fixed = asked.predict(newdata, re_form=False)
        family = asked.family if isinstance(self, GeneralizedFit) else None
        added = {".fitted": fitted, **({".se.fit": found["se"]} if se else {})}
        means = fitted if family is None else family.means(fitted.to_numpy())
        if newdata is not None:
            return with_columns(rows_of_users(newdata), {**added, ".fixed": fixed, ".mu": means})
        weights = np.ones(self.nobs) if self.frame.weights is None else self.frame.weights
        of_rows, of_squares = weights, weights
        if family is not None:
            spread = family.variance(np.asarray(means))
            of_squares, of_rows = weights / spread, weights * family.working_weights(fitted.to_numpy())
        pearson = (asked.scaled_resid * asked.sigma).to_numpy()
        leverage = asked.leverages
        added |= {".resid": asked.resid, ".hat": leverage}
        added |= {".cooksd": cooks_distances(pearson, leverage, asked.sigma**2, len(self.fixef)), ".fixed": fixed}
        added |= {".mu": means, ".offset": np.zeros(self.nobs) + self.frame.known_part, ".sqrtXwt": np.sqrt(of_rows)}
        added |= {".sqrtrwt": np.sqrt(of_squares), ".weights": weights, ".wtres": pearson}
        return with_columns(rows_of_the_fit(self.frame), added if family is None else {**added, ".eta": fitted})
