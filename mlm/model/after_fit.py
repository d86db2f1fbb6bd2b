"""What linear and generalized mixed models answer alike, after the fit."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Self

from ..fit.fit import Fit
from ..fit.fitted import FittedMixed
from ..fit.mixed_model_equations import MixedModelEquations, mixed_model_equations
from ..fit.stored import stored_numbers
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
