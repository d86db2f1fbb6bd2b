"""A model fitted again, with changes to the call that made it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from ..errors import FitError
from ..frame.fit_call import FitCall
from ..frame.model_frame import ModelFrame
from ..frame.unread import UnreadFrame
from ..language.rewriting import updated
from ..report.face import demand_model

__all__ = ["call_of", "fitted_again", "update"]


def update(m: Any, change: str | None = None, data: Any = None, **options: Any) -> Any:
    """Fit a model again, with changes; arguments as for `MixedModel.update`.

    Examples
    --------
    >>> import mlm
    >>> m = mlm.lm("y ~ x", {"y": [1.0, 2.1, 2.9, 4.2, 5.1], "x": [1, 2, 3, 4, 5]})
    >>> mlm.update(m, ". ~ . - x").fixef.round(2).to_dict()
    {'(Intercept)': 3.06}
    """
    demand_model(m)
    return m.update(change, data, **options)


class Made(Protocol):
    """What is asked of a model."""

    @property
    def frame(self) -> ModelFrame:
        """The rows in use, and the call that they came by."""


def fitted_again(m: Made, change: str | None, data: Any, options: Mapping[str, Any], own: Mapping[str, Any]) -> Any:
    """Fit a model again; `MixedModel.update` says what the arguments mean.

    Parameters
    ----------
    m : MixedModel, GeneralizedMixedModel, LinearModel or GeneralizedLinearModel
    change : str or None
    data : data frame or None
    options : mapping
        What is changed.
    own : mapping
        What the model has otherwise than its call says.
    """
    origin = call_of(m)
    formula = m.frame.formula.text if change is None else updated(m.frame.formula, change)
    own = {} if "REML" in options else own
    return origin.again(formula, data, {**own, **options})


def call_of(m: Made) -> FitCall:
    """The call that a model came by.

    Raises
    ------
    FitError
        When it does not come from a call alone.
    """
    if m.frame.origin is None and isinstance(m.frame, UnreadFrame):
        raise FitError(
            "This model was fitted from sums, which are of one formula, and cannot be fitted again with changes. Sum "
            "the data by the other formula, mlm.sums(formula, data), and fit that; maximum likelihood in place of REML "
            "is m.refit(reml=False)."
        )
    if m.frame.origin is None:
        raise FitError(
            "This model does not come from a call alone: another response was put in the place of its own, or terms "
            "were left out step by step. Fit it by its formula, and take that."
        )
    return m.frame.origin
