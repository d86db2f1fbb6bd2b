"""mlm: multilevel (mixed-effects) models in NumPy and SciPy, with the names that users of lme4 know."""

from . import plot
from .anova import AnovaTable, anova
from .clustering import PlausibleRange, design_effect, effective_sample_size, plausible_range, shrinkage
from .effect import Effect, effect
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
from .regtable import RegressionTable, regtable
from .summary import Summary, summarize
from .variance import IntraclassCorrelation, RSquared, icc, r2

__all__ = [
    "AnovaTable",
    "DataError",
    "Effect",
    "FitError",
    "FormulaError",
    "IntraclassCorrelation",
    "LinearModel",
    "MissingRowsWarning",
    "MixedModel",
    "MlmError",
    "MlmWarning",
    "ModelFrame",
    "PlausibleRange",
    "RSquared",
    "RankWarning",
    "RegressionTable",
    "SingularFitWarning",
    "Summary",
    "anova",
    "between_within",
    "center_within",
    "design_effect",
    "effect",
    "effective_sample_size",
    "icc",
    "lm",
    "lmer",
    "model_frame",
    "plausible_range",
    "plot",
    "r2",
    "regtable",
    "rescale",
    "shrinkage",
    "summarize",
]
