"""What linear and generalized mixed models answer alike, after the fit."""

from __future__ import annotations

from functools import cached_property

from ..fit.fitted import FittedMixed
from ..fit.mixed_model_equations import MixedModelEquations, mixed_model_equations

__all__ = ["AfterFit"]


class AfterFit(FittedMixed):
    """Methods of `MixedModel` and `GeneralizedMixedModel`."""

    @cached_property
    def _equations(self) -> MixedModelEquations:
        return mixed_model_equations(self)  # type: ignore[arg-type]
