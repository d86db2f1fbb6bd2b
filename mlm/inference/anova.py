"""Tests between nested models, printed as ``anova()`` prints them: of R for linear models, of lme4 for others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import cast

import numpy as np
import pandas as pd
import scipy

from ..errors import ArgumentError, is_one_of
from ..language.formula import without_double_bars
from ..report import r_numbers, r_text
from ..report.face import FittedLinearModel, FittedModel, is_mixed, model_list, model_names
from ..report.html import as_html
from ..report.style import Style
from ..report.summary import coefficient_lines
from .comparison import common_rows, demand_same_fixed_effects, warn_unless_nested

__all__ = ["AnovaTable", "anova"]

REFITTED = "refitting model(s) with ML (instead of REML)"
HEADING = "Analysis of Variance Table"
FEWER = 2  # digits that the table has fewer than R's option
LONGEST_LINE = 500  # letters after which deparse() breaks a line at the latest: what is broken is joined again


@dataclass(frozen=True)
class AnovaTable:
    """Comparison of models: `print` it, or take `frame`.

    Attributes
    ----------
    frame : pandas.DataFrame
        One row per model, by its name. Likelihood-ratio tests have the smallest model first: npar, AIC, BIC, logLik,
        deviance, and against the row above Chisq, Df, Pr(>Chisq). F tests have the models as they were given: Res.Df,
        RSS, and against the row above Df, Sum of Sq, F, Pr(>F).
    formulas : dict of str to str
        Formula of each model, by the name used in `frame`.
    refitted : tuple of str
        Models that had been fitted by REML and were refitted by maximum likelihood for the comparison.
    digits, width : int
        R's ``options(digits = 7, width = 80)`` for the print.
    named : bool
        Whether the names were chosen. Otherwise F tests are printed as R prints them, with numbers: Model 1, 1.
    data_name : str or None
        What the data of all models are called.
    """

    frame: pd.DataFrame
    formulas: dict[str, str]
    refitted: tuple[str, ...]
    digits: int = r_numbers.DIGITS
    named: bool = True
    width: int = r_numbers.LINE_WIDTH
    data_name: str | None = None

    def __str__(self) -> str:
        return "\n".join(self._f_lines() if "F" in self.frame else self._chisq_lines())

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return as_html(str(self), "mlm-anova")

    def _chisq_lines(self) -> list[str]:
        """Lines of likelihood-ratio tests, as lme4 prints them."""
        texts = {name: without_double_bars(text) for name, text in self.formulas.items()}
        models = [f"{name}: {' '.join(r_text.deparse(text, LONGEST_LINE))}" for name, text in texts.items()]
        table = self._table(self.frame, "Chisq", ("AIC", "BIC", "logLik", "deviance"))
        data = [f"Data: {self.data_name}"] if self.data_name else []
        return [*([REFITTED] if self.refitted else []), *data, "Models:", *models, *table]

    def _f_lines(self) -> list[str]:
        """Lines of F tests, as R prints them."""
        formulas = ["\n".join(r_text.deparse(text)) for text in self.formulas.values()]
        numbers = [str(k) for k in range(1, len(formulas) + 1)]
        names = list(self.formulas) if self.named else [f"Model {k.rjust(len(numbers[-1]))}" for k in numbers]
        models = [f"{name}: {text}" for name, text in zip(names, formulas, strict=True)]
        frame = self.frame if self.named else self.frame.set_axis(numbers)
        return [HEADING, "", *models, *self._table(frame, "F", ("RSS", "Sum of Sq"))]

    def _table(self, frame: pd.DataFrame, test: str, zapped: Sequence[str]) -> list[str]:
        digits = _style(self.digits, self.width).table_digits
        for name in zapped:
            frame = frame.assign(**{name: r_numbers.zap_small(frame[name], digits)})
        # without residuals F is 0 / 0, which R tells from tests that there are none of
        undefined = "Res.Df" in frame and (frame["Res.Df"].min() == 0 or self.frame["RSS"].min() == 0)
        missing = ["NaN" if df and undefined else "" for df in frame["Df"].fillna(0)]
        p = f"Pr(>{test})"
        return coefficient_lines(frame, digits, estimates=(), test=test, pvalue=p, missing=missing, width=self.width)


def anova(
    *models: FittedModel,
    names: Sequence[str] | None = None,
    test: str | None = None,
    refit: bool = True,
    digits: int = r_numbers.DIGITS,
    width: int = r_numbers.LINE_WIDTH,
) -> AnovaTable:
    """Compare nested models, by F tests if all are linear models, else by likelihood-ratio tests.

    Models must have been fitted to the same rows of the same response with the same weights (but for a constant
    factor). Rows are matched by their labels and may be in another order. Offsets may differ, because an offset is a
    coefficient of a given value: ``y ~ offset(x)`` is nested in ``y ~ x``.

    *F tests* take the models in the order given, each against the one before. The residual variance is that of the
    largest of all. *Likelihood-ratio tests* take the smallest model first, each against the one with the next fewer
    parameters. Restricted likelihoods of models with different fixed effects cannot be compared, so models fitted by
    REML are refitted by maximum likelihood, and the print says so.

    A test is of nested models: the fixed-effects columns of the smaller one, and the difference of offsets, must be
    combinations of the larger one's (but for 1e-7 of a column's length, as R's ``lm`` finds dependent columns), and the
    covariance matrices that its random effects can make must be among those that the larger one's can make.

    Parameters
    ----------
    *models : MixedModel or LinearModel
        Two or more.
    names : sequence of str, optional
        What to call them, in the table and in its row labels; ``model1``, ``model2`` … by default. F tests are then
        printed with R's numbers: ``Model 1``.
    test : {None, "F", "Chisq"}
        By default F for linear models only, as R's ``anova()``, and likelihood ratios when a mixed model is among them,
        as lme4's. ``"Chisq"`` compares the likelihoods of linear models too, as ``lmtest::lrtest()`` in R; there
        ``anova(lm1, lm2, test = "Chisq")`` is another test, of the sum of squares over the residual variance.
    refit : bool
        False compares restricted likelihoods as they are, as R's ``refit = FALSE``: right only for models with the same
        fixed effects, where it tests random effects; other models are refused.
    digits, width : int
        R's ``options(digits = 7, width = 80)`` for the print: the table shows ``digits - 2`` significant digits and, as
        in R, not fewer than three; 1 or 2 are taken for themselves, as in R's ``print(anova(m1, m2), digits = 1)``.

    Returns
    -------
    AnovaTable

    Raises
    ------
    ArgumentError
        With fewer than two models, without a name of its own for each, for an unknown `test`, F for a mixed model, a
        `refit` that is neither True nor False, or `digits` or a `width` that R would not print.
    FitError
        When the models were fitted to different rows, responses or weights, or restricted likelihoods of models with
        different fixed effects would be compared.

    Warns
    -----
    NestingWarning
        Two models are compared, and the smaller one is not nested in the larger one. The table is given all the same.

    Examples
    --------
    >>> import mlm
    >>> data = {"y": [1.0, 2.2, 4.1, 5.0, 7.3, 9.0], "x": [0, 1, 0, 1, 0, 1], "g": list("aabbcc")}
    >>> table = anova(mlm.lmer("y ~ 1 + (1 | g)", data), mlm.lmer("y ~ x + (1 | g)", data))
    >>> float(table.frame.loc["model2", "Chisq"].round(3)), table.refitted
    (8.268, ('model1', 'model2'))
    >>> print(anova(mlm.lm("y ~ 1", data), mlm.lm("y ~ x", data)))
    Analysis of Variance Table
    <BLANKLINE>
    Model 1: y ~ 1
    Model 2: y ~ x
      Res.Df    RSS Df Sum of Sq      F Pr(>F)
    1      5 45.613
    2      4 43.207  1    2.4067 0.2228 0.6615

    References
    ----------
    Snijders, T. A. B. & Bosker, R. J. (2012). *Multilevel Analysis*, 2nd ed., section 6.2. Sage.
    Fox, J. (2016). *Applied Regression Analysis and Generalized Linear Models*, 3rd ed., section 6.2.2. Sage.
    """
    labels = _labels(models, names)
    _style(digits, width)
    if not is_one_of(refit, (True, False)):
        raise ArgumentError(f"`refit` is True or False; got {refit!r}.")
    by_f = _is_f(models, labels, test)
    rows = common_rows(models, labels)
    restricted = [label for label, m in zip(labels, models, strict=True) if is_mixed(m) and m.reml]
    if restricted and not refit:
        demand_same_fixed_effects(models, labels, restricted, rows)
    fits = [m.refit(reml=False) if refit and is_mixed(m) and m.reml else m for m in models]
    order = list(range(len(fits))) if by_f else sorted(range(len(fits)), key=lambda k: fits[k].npar)
    pairs = list(pairwise(order))
    if by_f:  # the residual variance is the largest model's, of which all others must be special cases
        largest = min(order, key=lambda k: fits[k].df_resid)
        pairs += [(k, largest) for k in order if fits[k].df_resid > fits[largest].df_resid]
    warn_unless_nested(pairs, fits, labels, rows, "F tests" if by_f else "Likelihood-ratio tests")
    sorted_fits, sorted_labels = [fits[k] for k in order], [labels[k] for k in order]
    frame = _f_tests(sorted_fits, sorted_labels) if by_f else _likelihood_ratios(sorted_fits, sorted_labels)
    formulas = {labels[k]: models[k].formula for k in order}
    called = {m.frame.call.data for m in models}
    data_name = called.pop() if len(called) == 1 else None
    return AnovaTable(frame, formulas, tuple(restricted) if refit else (), digits, names is not None, width, data_name)


def _style(digits: int, width: int) -> Style:
    return Style.of(digits, None, 0, width, fewer=FEWER)


def _labels(models: Sequence[FittedModel], names: Sequence[str] | None) -> list[str]:
    """Names of two models or more."""
    if len(model_list(models)) < 2:
        raise ArgumentError(f"A comparison needs two models or more; got {len(models)}.")
    if names is None:
        return [f"model{k}" for k in range(1, len(models) + 1)]
    labels = [" ".join(name.split()) if "\n" in name else name for name in model_names(len(models), names)]
    if len(set(labels)) != len(labels):
        raise ArgumentError(f"{len(models)} models need {len(models)} different names; got {', '.join(labels)}.")
    return labels


def _is_f(models: Sequence[FittedModel], labels: Sequence[str], test: str | None) -> bool:
    """Decide on the F test (True) or likelihood ratios."""
    if not is_one_of(test, (None, "F", "Chisq")):
        raise ArgumentError(f"`test` is None, 'F' or 'Chisq'; got {test!r}.")
    mixed = [label for label, m in zip(labels, models, strict=True) if is_mixed(m)]
    if test == "F" and mixed:
        raise ArgumentError(
            f"F tests compare linear models; {', '.join(mixed)} {'is' if len(mixed) == 1 else 'are'} mixed."
            " Leave `test` out for likelihood-ratio tests."
        )
    return test != "Chisq" and not mixed


def _f_tests(models: Sequence[FittedModel], labels: Sequence[str]) -> pd.DataFrame:
    """Build the table of F tests for linear models in the order given."""
    linear = [cast(FittedLinearModel, m) for m in models]
    df = np.array([m.df_resid for m in linear], dtype=float)
    # a model with as many coefficients as rows has no residuals; rounding leaves some
    rss = np.array([m.deviance if m.df_resid else 0.0 for m in linear])
    frame = pd.DataFrame({"Res.Df": df, "RSS": rss}, index=list(labels))
    frame["Df"], frame["Sum of Sq"] = -frame["Res.Df"].diff(), -frame["RSS"].diff()
    largest = int(np.argmin(df))
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = rss[largest] / df[largest]
        mean_square = (frame["Sum of Sq"] / frame["Df"].where(frame["Df"] != 0)).to_numpy()
        # where the larger of two models, not being nested, fits worse, there is no test, nor has R one
        f = np.where(mean_square >= 0, mean_square, np.nan) / variance
    return frame.assign(**{"F": f, "Pr(>F)": scipy.stats.f.sf(f, frame["Df"].abs(), df[largest])})


def _likelihood_ratios(models: Sequence[FittedModel], labels: Sequence[str]) -> pd.DataFrame:
    """Build the table of likelihood-ratio tests for models in ascending order of their number of parameters."""
    frame = pd.DataFrame(
        {
            "npar": [m.npar for m in models],
            "AIC": [m.aic for m in models],
            "BIC": [m.bic for m in models],
            "logLik": [m.loglik for m in models],
            "deviance": [-2 * m.loglik for m in models],
        },
        index=list(labels),
    )
    frame["Chisq"] = np.maximum(-frame["deviance"].diff(), 0)
    frame["Df"] = frame["npar"].diff()
    # Without a difference in parameters there is nothing to test.
    p = scipy.stats.chi2.sf(frame["Chisq"], frame["Df"].where(frame["Df"] > 0))
    return frame.assign(**{"Pr(>Chisq)": p})
