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
from .lm import LinearModel, lm
from .lmer import lmer
from .model import MixedModel
from .prepare import between_within, center_within, rescale
from .summary import Summary, summarize

__all__ = [
    "DataError",
    "FitError",
    "FormulaError",
    "LinearModel",
    "MissingRowsWarning",
    "MixedModel",
    "MlmError",
    "MlmWarning",
    "ModelFrame",
    "RankWarning",
    "SingularFitWarning",
    "Summary",
    "between_within",
    "center_within",
    "lm",
    "lmer",
    "model_frame",
    "rescale",
    "summarize",
]
