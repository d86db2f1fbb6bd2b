"""The public names: type checkers and editors read them here, and so does ``__init__.py`` when it runs."""

from . import plot as plot
from .effects.effect import Effect as Effect
from .effects.effect import effect as effect
from .effects.emmeans import emmeans as emmeans
from .effects.estimates import Estimates as Estimates
from .effects.profile import Profile as Profile
from .effects.profile import profile as profile
from .effects.slopes import slopes as slopes
from .errors import ArgumentError as ArgumentError
from .errors import ConvergenceWarning as ConvergenceWarning
from .errors import DataError as DataError
from .errors import ExtrapolationWarning as ExtrapolationWarning
from .errors import FitError as FitError
from .errors import FormulaError as FormulaError
from .errors import IdentificationWarning as IdentificationWarning
from .errors import MissingRowsWarning as MissingRowsWarning
from .errors import MlmError as MlmError
from .errors import MlmWarning as MlmWarning
from .errors import MonteCarloWarning as MonteCarloWarning
from .errors import NestingWarning as NestingWarning
from .errors import RankWarning as RankWarning
from .errors import ResponseWarning as ResponseWarning
from .errors import SingularFitWarning as SingularFitWarning
from .errors import TextColumnWarning as TextColumnWarning
from .files.read import read_data as read_data
from .fit.simulate import simulate as simulate
from .frame.centering import between_within as between_within
from .frame.centering import center_within as center_within
from .frame.centering import rescale as rescale
from .frame.model_frame import ModelFrame as ModelFrame
from .frame.model_frame import model_frame as model_frame
from .glm import glm as glm
from .glmer import glmer as glmer
from .inference.all_fit import AllFit as AllFit
from .inference.all_fit import all_fit as all_fit
from .inference.anova import anova as anova
from .inference.anova_table import AnovaTable as AnovaTable
from .inference.bootstrap import Bootstrap as Bootstrap
from .inference.bootstrap import bootstrap as bootstrap
from .inference.contest import contest as contest
from .inference.elimination import Elimination as Elimination
from .inference.influence import Influence as Influence
from .inference.influence import influence as influence
from .inference.overdispersion import Overdispersion as Overdispersion
from .inference.overdispersion import overdispersion as overdispersion
from .inference.random_tests import ranova as ranova
from .inference.robust import RobustCoefficients as RobustCoefficients
from .inference.robust import robust_coefficients as robust_coefficients
from .inference.robust import robust_vcov as robust_vcov
from .inference.tables import TestsTable as TestsTable
from .inference.term_tests import drop1 as drop1
from .lm import lm as lm
from .lmer import lmer as lmer
from .model.augmenting import augment as augment
from .model.generalized_linear_model import GeneralizedLinearModel as GeneralizedLinearModel
from .model.generalized_mixed_model import GeneralizedMixedModel as GeneralizedMixedModel
from .model.linear_model import LinearModel as LinearModel
from .model.mixed_model import MixedModel as MixedModel
from .model.model_sums import ModelSums as ModelSums
from .model.model_sums import merge as merge
from .model.model_sums import read_sums as read_sums
from .model.model_sums import sums as sums
from .model.standardizing import standardize as standardize
from .model.updating import update as update
from .plot.check import check as check
from .report.regtable import RegressionTable as RegressionTable
from .report.regtable import regtable as regtable
from .report.summary import Summary as Summary
from .report.summary import summarize as summarize
from .saving import load as load
from .saving import save as save
from .variance.clustering import PlausibleRange as PlausibleRange
from .variance.clustering import design_effect as design_effect
from .variance.clustering import effective_sample_size as effective_sample_size
from .variance.clustering import plausible_range as plausible_range
from .variance.clustering import shrinkage as shrinkage
from .variance.decomposition import VarianceDecomposition as VarianceDecomposition
from .variance.icc import IntraclassCorrelation as IntraclassCorrelation
from .variance.icc import icc as icc
from .variance.r2 import RSquared as RSquared
from .variance.r2 import r2 as r2
from .variance.re_pca import RandomComponents as RandomComponents
from .variance.re_pca import re_pca as re_pca
from .variance.vif import VarianceInflation as VarianceInflation
from .variance.vif import vif as vif
from .verbs import VarCorr as VarCorr
from .verbs import coef as coef
from .verbs import coefficients as coefficients
from .verbs import confint as confint
from .verbs import fitted as fitted
from .verbs import fixef as fixef
from .verbs import glance as glance
from .verbs import predict as predict
from .verbs import ranef as ranef
from .verbs import resid as resid
from .verbs import residuals as residuals
from .verbs import step as step
from .verbs import summary as summary
from .verbs import tidy as tidy
from .verbs import vcov as vcov

__version__: str

__all__ = [
    "AllFit",
    "AnovaTable",
    "ArgumentError",
    "Bootstrap",
    "ConvergenceWarning",
    "DataError",
    "Effect",
    "Elimination",
    "Estimates",
    "ExtrapolationWarning",
    "FitError",
    "FormulaError",
    "GeneralizedLinearModel",
    "GeneralizedMixedModel",
    "IdentificationWarning",
    "Influence",
    "IntraclassCorrelation",
    "LinearModel",
    "MissingRowsWarning",
    "MixedModel",
    "MlmError",
    "MlmWarning",
    "ModelFrame",
    "ModelSums",
    "MonteCarloWarning",
    "NestingWarning",
    "Overdispersion",
    "PlausibleRange",
    "Profile",
    "RSquared",
    "RandomComponents",
    "RankWarning",
    "RegressionTable",
    "ResponseWarning",
    "RobustCoefficients",
    "SingularFitWarning",
    "Summary",
    "TestsTable",
    "TextColumnWarning",
    "VarCorr",
    "VarianceDecomposition",
    "VarianceInflation",
    "all_fit",
    "anova",
    "augment",
    "between_within",
    "bootstrap",
    "center_within",
    "check",
    "coef",
    "coefficients",
    "confint",
    "contest",
    "design_effect",
    "drop1",
    "effect",
    "effective_sample_size",
    "emmeans",
    "fitted",
    "fixef",
    "glance",
    "glm",
    "glmer",
    "icc",
    "influence",
    "lm",
    "lmer",
    "load",
    "merge",
    "model_frame",
    "overdispersion",
    "plausible_range",
    "plot",
    "predict",
    "profile",
    "r2",
    "ranef",
    "ranova",
    "re_pca",
    "read_data",
    "read_sums",
    "regtable",
    "rescale",
    "resid",
    "residuals",
    "robust_coefficients",
    "robust_vcov",
    "save",
    "shrinkage",
    "simulate",
    "slopes",
    "standardize",
    "step",
    "summarize",
    "summary",
    "sums",
    "tidy",
    "update",
    "vcov",
    "vif",
]
