"""mlm: multilevel (mixed-effects) models in NumPy and SciPy, with the names that users of lme4 know."""

from .errors import (
    DataError,
    FitError,
    FormulaError,
    MissingRowsWarning,
    MlmError,
    MlmWarning,
    RankWarning,
    SingularFitWarning,
)
from .frame import ModelFrame, model_frame
from .lmer import lmer
from .model import MixedModel

__all__ = [
    "DataError",
    "FitError",
    "FormulaError",
    "MissingRowsWarning",
    "MixedModel",
    "MlmError",
    "MlmWarning",
    "ModelFrame",
    "RankWarning",
    "SingularFitWarning",
    "lmer",
    "model_frame",
]
