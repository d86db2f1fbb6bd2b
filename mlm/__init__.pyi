"""The public names: type checkers and editors read them here, and so does ``__init__.py`` when it runs."""

from . import plot
from .effects.effect import Effect, effect
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
from .variance.r2 import IntraclassCorrelation, RSquared, icc, r2
from .verbs import VarCorr, coef, confint, fitted, fixef, glance, predict, ranef, resid, summary, tidy, vcov

__version__: str

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
    "VarCorr",
    "anova",
    "between_within",
    "center_within",
    "coef",
    "confint",
    "design_effect",
    "effect",
    "effective_sample_size",
    "fitted",
    "fixef",
    "glance",
    "icc",
    "lm",
    "lmer",
    "model_frame",
    "plausible_range",
    "plot",
    "predict",
    "r2",
    "ranef",
    "regtable",
    "rescale",
    "resid",
    "shrinkage",
    "summarize",
    "summary",
    "tidy",
    "vcov",
]
