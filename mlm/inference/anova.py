"""Tests of the terms of a model and between nested models, printed as ``anova()`` prints them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, cast

import numpy as np
import pandas as pd
import scipy

from ..errors import ArgumentError, brief, first_few, is_one_of
from ..fit.checks import demand_exact
from ..report import r_numbers
from ..report.face import (
    FittedGeneralizedModel,
    FittedLinearModel,
    FittedModel,
    is_generalized,
    is_mixed,
    model_list,
    model_names,
)
from ..report.notes import APPROXIMATE, is_approximate
from .anova_table import AnovaTable, style_of
from .boot_comparison import DEFAULT_SAMPLES, boot_comparison
from .comparison import common_rows, demand_one_family, demand_same_fixed_effects, warn_unless_nested
from .kr_comparison import kr_comparison
from .tables import TestsTable
from .term_tests import term_tests

__all__ = ["anova"]


def anova(
    *models: FittedModel,
    names: Sequence[str] | None = None,
    test: str | None = None,
    refit: bool = True,
    type: Any = None,
    ddf: str | None = None,
    method: str | None = None,
    n: int | None = None,
    seed: Any = None,
    digits: int = r_numbers.DIGITS,
    width: int = r_numbers.LINE_WIDTH,
) -> AnovaTable | TestsTable:
    """Test each term of one model, or compare nested models.

    *One model.* A test of each term, by F, with a matrix of contrasts by `type`: of type 1 each term after those before
    it, of type 2 each after all that do not contain it, of type 3 each at equal weights for all cells of categories,
    however these are coded (where cells have no rows, it is said which). The table of a mixed model is lmerTest's; of a
    linear one of type 1 that of R's ``anova()``, of the others as of the package car: in its type 2 ``a:x`` contains
    ``a`` also where x is a number, which in lmerTest's it does not (and its type 3 tests the coefficients as they are
    coded: with treatment contrasts that is another hypothesis). Terms of a generalized mixed model are tested by Wald's
    chi-squared statistics, as by car's ``Anova()``, with types 1 and 2 by the inverse of the coefficients' covariance
    matrix in the place of the cross-products; of type 2 each term is beside all that have not all its variables,
    numeric or not.

    *Several models* are compared by F tests if all are linear models, by deviances if all are generalized linear ones,
    else by likelihood-ratio tests, or two by a test of the smaller one within the larger one (``method="kr"``, or
    ``"boot"``).

    Models must have been fitted to the same rows of the same response with the same weights (but for a constant
    factor). Rows are matched by their labels and may be in another order. Offsets may differ, because an offset is a
    coefficient of a given value: ``y ~ offset(x)`` is nested in ``y ~ x``.

    *F tests* take the models in the order given, each against the one before. The residual variance is that of the
    largest of all. *Likelihood-ratio tests* take the smallest model first, each against the one with the next fewer
    parameters. Restricted likelihoods of models with different fixed effects cannot be compared, so models fitted by
    REML are refitted by maximum likelihood, and the print says so.

    *Tests of deviances*, of generalized linear models of one family, take the models in the order given. Differences of
    deviances are chi-squared; where the family has a dispersion they are tested by F, over the dispersion of the
    largest of all. Negative binomial models, each with a theta of its own, are tested by likelihood ratios.

    A test is of nested models: the fixed-effects columns of the smaller one, and the difference of offsets, must be
    combinations of the larger one's (but for 1e-7 of a column's length, as R's ``lm`` finds dependent columns), and the
    covariance matrices that its random effects can make must be among those that the larger one's can make.

    Parameters
    ----------
    *models : MixedModel, GeneralizedMixedModel, LinearModel or GeneralizedLinearModel
        One, or several of one family.
    names : sequence of str, optional
        What to call them, in the table and in its row labels; ``model1``, ``model2`` … by default. F tests are then
        printed with R's numbers: ``Model 1``.
    test : {None, "F", "Chisq"}
        By default F for linear models only, as R's ``anova()``, and likelihood ratios when a mixed model is among them,
        as lme4's; of generalized linear models F where the family has a dispersion, else chi-squared. ``"Chisq"``
        compares the likelihoods of linear models, and of families with a dispersion, too, as ``lmtest::lrtest()`` in R;
        there ``anova(lm1, lm2, test = "Chisq")`` is another test, of the sum of squares over the residual variance.
    refit : bool
        False compares restricted likelihoods as they are, as R's ``refit = FALSE``: right only for models with the same
        fixed effects, where it tests random effects; other models are refused.
    type : {1, 2, 3}, optional
        Of one model: by default 3 of a mixed one, as in lmerTest, and 1 of a linear one.
    ddf : {"satterthwaite", "kenward-roger"}, optional
        Of one mixed model: how the degrees of freedom of the denominators are found, by default Satterthwaite's. A
        model that was solved iteratively has none but the normal distribution, and a note says so.
    method : {None, "lrt", "kr", "boot"}
        Of several: ``"lrt"`` is the likelihood-ratio test, and ``"kr"`` Kenward and Roger's F test of the smaller of
        two mixed models within the larger one, as pbkrtest's ``KRmodcomp()``. The random effects are the same in both,
        by their columns and levels; models fitted by maximum likelihood are refitted by REML, and the print says so.
        ``"boot"`` is the likelihood-ratio test of the smaller of two, which can be a linear model, by the parametric
        bootstrap, as pbkrtest's ``PBmodcomp()``: its p value is the share of samples drawn from the smaller model whose
        ratio is as large as the one observed, that one counted among them. Ratios of 0 count, which pbkrtest drops.
    n : int, optional
        Samples of ``"boot"``, 1,000 by default.
    seed : int, numpy.random.Generator or None
        Of ``"boot"``: with a number the result is the same each time.
    digits, width : int
        R's ``options(digits = 7, width = 80)`` for the print: the table shows ``digits - 2`` significant digits and, as
        in R, not fewer than three; 1 or 2 are taken for themselves, as in R's ``print(anova(m1, m2), digits = 1)``.

    Returns
    -------
    AnovaTable or TestsTable
        Of one model a `TestsTable`: Sum Sq, Mean Sq, NumDF, DenDF, F value, Pr(>F), one row a term; of a generalized
        mixed one Chisq, Df, Pr(>Chisq). With
        ``method="kr"`` too: stat, ndf, ddf, F.scaling, p.value; with ``"boot"`` stat, df, p.value, by the distribution
        of chi-squared and by the bootstrap.

    Raises
    ------
    ArgumentError
        With no model, one generalized linear model, without a name of its own for each, for an unknown `test`, F for a
        mixed model, a `refit` that is neither True nor False, or False for one model or with ``method="kr"``, or
        `digits` or a `width` that R would not print.
    FitError
        When the models were fitted to different rows, responses or weights, are of different families (but for poisson
        and negative.binomial) or were fitted with different `n_agq`, or restricted likelihoods of models with different
        fixed effects would be compared; with ``method="kr"`` when they are not nested, or have different random
        effects.

    Warns
    -----
    ResponseWarning
        A linear model fits perfectly: there is nothing to judge its terms by.
    NestingWarning
        Two models are compared, and the smaller one is not nested in the larger one. The table is given all the same.

    Examples
    --------
    >>> import mlm
    >>> data = {"y": [1, 2.2, 4.1, 5, 7.3, 9], "x": [0, 1, 0, 1, 0, 1], "g": list("aabbcc")}
    >>> m0, m = mlm.lmer("y ~ 1 + (1 | g)", data), mlm.lmer("y ~ x + (1 | g)", data)
    >>> table = anova(m0, m)
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

    >>> anova(m).frame[["NumDF", "DenDF", "F value"]].round(3).values.tolist()
    [[1.0, 2.0, 29.469]]

    References
    ----------
    Halekoh, U. & Højsgaard, S. (2014). A Kenward-Roger approximation and parametric bootstrap methods for tests in
    linear mixed models: the R package pbkrtest. Journal of Statistical Software 59(9), section 5.
    Kenward, M. G. & Roger, J. H. (1997). Small sample inference for fixed effects from restricted maximum likelihood.
    Biometrics 53, 983-997.
    Kuznetsova, A., Brockhoff, P. B. & Christensen, R. H. B. (2017). lmerTest package: tests in linear mixed effects
    models. Journal of Statistical Software 82(13).
    Snijders, T. A. B. & Bosker, R. J. (2012). *Multilevel Analysis*, 2nd ed., section 6.2. Sage.
    Fox, J. (2016). *Applied Regression Analysis and Generalized Linear Models*, 3rd ed., section 6.2.2. Sage.
    """
    style_of(digits, width)
    if not is_one_of(refit, (True, False)):
        raise ArgumentError(f"`refit` is True or False; got {brief(refit)}.")
    kept = None if refit else False
    if len(model_list(models)) == 1:
        _refuse(names=names, test=test, method=method, refit=kept, n=n, seed=seed, one="one model")
        return term_tests(models[0], type, ddf, digits, width)
    labels = _labels(models, names)
    _refuse(type=type, ddf=ddf, one=f"{len(models)} models")
    demand_exact("Comparisons of models by likelihoods or by Kenward and Roger's method", *models)
    chosen = _method(method, test)
    if chosen == "boot":
        _refuse(refit=kept, one="a bootstrap test, which is one of maximum likelihood")
        return boot_comparison(
            models, labels, names is not None, DEFAULT_SAMPLES if n is None else n, seed, digits, width
        )
    _refuse(n=n, seed=seed, one="tests without a bootstrap (method='boot')")
    if chosen == "kr":
        _refuse(refit=kept, one="Kenward and Roger's method, which is one of REML")
        return kr_comparison(models, labels, names is not None, digits, width)
    test = "Chisq" if method == "lrt" else test
    demand_one_family(models, labels)
    by_f, by_deviance = _is_f(models, labels, test), _is_of_deviance(models, test)
    rows = common_rows(models, labels)
    restricted = [label for label, m in zip(labels, models, strict=True) if is_mixed(m) and m.reml]
    if restricted and not refit:
        demand_same_fixed_effects(models, labels, restricted, rows)
    fits = [m.refit(reml=False) if refit and is_mixed(m) and m.reml else m for m in models]
    order = list(range(len(fits))) if by_f or by_deviance else sorted(range(len(fits)), key=lambda k: fits[k].npar)
    pairs = list(pairwise(order))
    if by_f:  # the residual variance is the largest model's, of which all others must be special cases
        largest = min(order, key=lambda k: fits[k].df_resid)
        pairs += [(k, largest) for k in order if fits[k].df_resid > fits[largest].df_resid]
    named = "F tests" if by_f else "Tests of deviances" if by_deviance else "Likelihood-ratio tests"
    warn_unless_nested(pairs, fits, labels, rows, named)
    table = _deviances if by_deviance else _f_tests if by_f else _likelihood_ratios
    frame = table([fits[k] for k in order], [labels[k] for k in order])
    formulas = {labels[k]: models[k].formula for k in order}
    called = {m.frame.call.data for m in models}
    data_name = called.pop() if len(called) == 1 else None
    notes = (APPROXIMATE,) if any(map(is_approximate, models)) else ()
    refitted = tuple(restricted) if refit else ()
    return AnovaTable(frame, formulas, refitted, digits, names is not None, width, data_name, notes)


def _refuse(one: str, **given: Any) -> None:
    """Refuse arguments that have no meaning for so many models."""
    for name, value in given.items():
        if value is not None:
            raise ArgumentError(f"`{name}` has no meaning for {one}; leave it out.")


def _method(method: str | None, test: str | None) -> str | None:
    """Check by which method models are compared."""
    if not is_one_of(method, (None, "lrt", "kr", "boot")):
        raise ArgumentError(f"`method` is None, 'lrt', 'kr' or 'boot'; got {brief(method)}.")
    if method is not None and test is not None and (method, test) != ("lrt", "Chisq"):
        raise ArgumentError(f"`method` {method!r} and `test` {test!r} contradict each other; leave one out.")
    return method


def _labels(models: Sequence[FittedModel], names: Sequence[str] | None) -> list[str]:
    """Names of two models or more."""
    if len(models) < 2:
        raise ArgumentError("This tests the terms of a model, or compares several; got none.")
    if names is None:
        return [f"model{k}" for k in range(1, len(models) + 1)]
    labels = [" ".join(name.split()) if "\n" in name else name for name in model_names(len(models), names)]
    if len(set(labels)) != len(labels):
        raise ArgumentError(f"{len(models)} models need {len(models)} different names; got {first_few(labels)}.")
    return labels


def _is_f(models: Sequence[FittedModel], labels: Sequence[str], test: str | None) -> bool:
    """Decide on the F test (True) or likelihoods."""
    if not is_one_of(test, (None, "F", "Chisq")):
        raise ArgumentError(f"`test` is None, 'F' or 'Chisq'; got {brief(test)}.")
    mixed = [label for label, m in zip(labels, models, strict=True) if is_mixed(m)]
    if test == "F" and mixed:
        raise ArgumentError(
            f"F tests compare linear models; {', '.join(mixed)} {'is' if len(mixed) == 1 else 'are'} mixed."
            " Leave `test` out for likelihood-ratio tests."
        )
    first = models[0]
    scaled = first.family.has_scale if is_generalized(first) else True
    if test == "F" and not scaled:
        raise ArgumentError(
            "F tests are of models with a dispersion that is estimated, which these have not. Leave `test` out."
        )
    return test != "Chisq" and not mixed and scaled


def _is_of_deviance(models: Sequence[FittedModel], test: str | None) -> bool:
    """Whether generalized linear models are compared by their deviances."""
    first = models[0]
    if not is_generalized(first) or any(
        is_mixed(m) or (is_generalized(m) and m.family.theta is not None) for m in models
    ):
        return False
    return test != "Chisq" or not first.family.has_scale


def _deviances(models: Sequence[FittedModel], labels: Sequence[str]) -> pd.DataFrame:
    """Build the table of deviances of generalized linear models in the order given."""
    fits = [cast(FittedGeneralizedModel, m) for m in models]
    df = np.array([m.df_resid for m in fits], dtype=float)
    frame = pd.DataFrame({"Resid. Df": df, "Resid. Dev": [m.deviance for m in fits]}, index=list(labels))
    frame[["Df", "Deviance"]] = frame[["Resid. Df", "Resid. Dev"]].shift() - frame[["Resid. Df", "Resid. Dev"]]
    # the larger of two models is the one with the positive difference, whichever comes first
    gain = (frame["Deviance"] * np.sign(frame["Df"])).to_numpy()
    steps = frame["Df"].abs().where(frame["Df"] != 0).to_numpy()
    largest = fits[int(np.argmin(df))]
    if not largest.family.has_scale:
        return frame.assign(**{"Pr(>Chi)": scipy.stats.chi2.sf(gain, steps)})
    with np.errstate(divide="ignore", invalid="ignore"):
        f = np.where(gain >= 0, gain / steps, np.nan) / largest.dispersion
    return frame.assign(**{"F": f, "Pr(>F)": scipy.stats.f.sf(f, steps, largest.df_resid)})


def _f_tests(models: Sequence[FittedModel], labels: Sequence[str]) -> pd.DataFrame:
    """Build the table of F tests for linear models in the order given."""
    linear = [cast(FittedLinearModel, m) for m in models]
    df = np.array([m.df_resid for m in linear], dtype=float)
    # a model with as many coefficients as rows has no residuals; rounding leaves some
    rss = np.array([m.deviance if m.df_resid else 0.0 for m in linear])
    frame = pd.DataFrame({"Res.Df": df, "RSS": rss}, index=list(labels))
    frame[["Df", "Sum of Sq"]] = frame[["Res.Df", "RSS"]].shift() - frame[["Res.Df", "RSS"]]
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
