"""mlm: multilevel (mixed-effects) models in NumPy and SciPy, with the names that users of lme4 know."""

from . import plot
from .effects.effect import Effect, effect
from .errors import (
    ArgumentError,
    DataError,
    FitError,
    FormulaError,
    MissingRowsWarning,
    MlmError,
    MlmWarning,
    RankWarning,
    SingularFitWarning,
)
from .frame.centering import between_within, center_within, rescale
from .frame.model_frame import ModelFrame, model_frame
from .inference.anova import AnovaTable, anova
from .lm import lm
from .lmer import lmer
from .model.linear_model import LinearModel
from .model.mixed_model import MixedModel
from .report.regtable import RegressionTable, regtable
from .report.summary import Summary, summarize
from .variance.clustering import PlausibleRange, design_effect, effective_sample_size, plausible_range, shrinkage
from .variance.icc import IntraclassCorrelation, icc
from .variance.r2 import RSquared, r2

__all__ = [
    "AnovaTable",
    "ArgumentError",
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
