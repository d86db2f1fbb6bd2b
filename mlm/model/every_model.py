"""What can be asked of every fitted model that came by a call: to be fitted again, otherwise, and to be kept."""

from __future__ import annotations

from typing import Any, Self

from ..frame.model_frame import ModelFrame
from .standardizing import fitted_standardized
from .stored_file import write_model
from .updating import fitted_again

__all__ = ["EveryModel"]


class EveryModel:
    """Methods of models of all kinds."""

    frame: ModelFrame

    @property
    def _own_options(self) -> dict[str, Any]:
        """What the model has otherwise than its call says."""
        return {}

    def _stored(self) -> dict[str, Any]:
        """What a file of the model holds, by name."""
        raise NotImplementedError

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
            Arguments of the function that fitted it, such as ``reml=False``; by default as in the fit. A new family
            has its own link.

        Returns
        -------
        The same kind of model

        Raises
        ------
        ArgumentError
            For an option that there is not, or a change that is not text.
        FormulaError
            When the change cannot be read, or takes random effects out that are not there.
        FitError
            When the model was loaded and no data are given, or comes from no call: after ``refit(y=…)`` or `step`.

        Examples
        --------
        >>> import mlm
        >>> data = {"y": [1, 2, 4, 5, 7, 9], "x": [0, 1, 0, 2, 1, 1], "g": list("aabbcc")}
        >>> m = mlm.lmer("y ~ 1 + (1 | g)", data)
        >>> m.update(". ~ . + x", reml=False).formula
        'y ~ (1 | g) + x'
        """
        return fitted_again(self, change, data, options, self._own_options)

    def standardize(self, two_sd: bool = False, data: Any = None) -> Self:
        """Fit the model again with z-scored predictors and response, as R's ``datawizard::standardize``.

        Columns of numbers become ``scale(x)`` in the formula: less their mean, over their standard deviation, in the
        rows of the fit, also where they are slopes of random effects. Categories, truth values, grouping factors and
        terms that are already scaled stay what they are. With weights the mean and the deviation are weighted, and
        stand as numbers in ``scale()``.

        Parameters
        ----------
        two_sd : bool
            Divide predictors, not the response, by two standard deviations, as ``I(scale(x)/2)``, so that they compare
            with categories of two levels (Gelman 2008).
        data : data frame, optional
            By default the data that the fit was given, as they are now.

        Returns
        -------
        The same kind of model
            Rows for its `predict` have the units of the data; predictions are in standard deviations of the
            response. The response of a generalized model is left alone, unless its family is gaussian with the identity
            link, and so is its offset. Where a model depends on the zero point of a predictor, as one with ``(x || g)``
            or without an intercept does, that of z-scores is another model.

        Raises
        ------
        ArgumentError
            When `two_sd` is not True or False.
        FitError
            For a function of a column that means something else of a standardised one, as ``log(x)``, an offset of a
            linear model, or a model without its data.
        DataError
            When all numbers of a column are the same.

        Examples
        --------
        >>> import mlm
        >>> data = {"y": [1, 2, 4, 5, 7, 9], "x": [0, 1, 0, 2, 1, 1], "g": list("aabbcc")}
        >>> m = mlm.lmer("y ~ x + (1 | g)", data).standardize()
        >>> m.formula
        'scale(y) ~ scale(x) + (1 | g)'
        """
        return fitted_standardized(self, two_sd, data, self._own_options)

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
            When `path` is not the name of a file.
        DataError
            When the file cannot be written, or levels or labels are of a type that cannot be saved.

        Examples
        --------
        >>> import tempfile
        >>> import mlm
        >>> m = mlm.lmer("y ~ 1 + (1 | g)", {"y": [1, 2, 4, 5, 7, 9], "g": list("aabbcc")})
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     m.save(f"{folder}/m.mlm")
        ...     print(mlm.load(f"{folder}/m.mlm").fixef.equals(m.fixef))
        True
        """
        write_model(path, type(self).__name__, self._stored())
