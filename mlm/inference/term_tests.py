"""Analysis of variance of one model: an F test of each term, of generalized mixed models Wald's."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
import pandas as pd

from ..errors import ArgumentError, FitError, ResponseWarning, first_few, users_stacklevel
from ..language.formula import without_double_bars
from ..report import r_numbers, r_text
from ..report.face import FittedModel, demand_model, is_generalized, is_mixed
from ..report.notes import APPROXIMATE, is_approximate
from .contrasts import contrasts_of, marginal_contrasts, type_number
from .f_tests import Asymptotic, Denominators, FTest
from .full_design import missing_cells, model_terms
from .information_contrasts import information_contrasts
from .tables import TestsTable, on_one_line
from .term_ratios import ratio_frame

__all__ = ["denominators_of", "drop1", "f_frame", "linear_drop1", "said_of", "term_tests"]

# Residuals' share of what is explained below which they are rounding, as in R's anova().
PERFECT_SHARE = 1e-10
NUMERALS = {1: "I", 2: "II", 3: "III"}


def term_tests(m: FittedModel, kind: Any, ddf: Any, digits: int, width: int) -> TestsTable:
    """Test each term of one model; `mlm.anova` says what the arguments mean."""
    if is_generalized(m):
        return _of_generalized(m, 3 if kind is None else type_number(kind), ddf, digits, width)
    number = type_number((3 if is_mixed(m) else 1) if kind is None else kind)
    contrasts = contrasts_of(m.frame, number, not is_mixed(m))
    by = denominators_of(m, ddf)
    tested = _tested(m, contrasts, by)
    notes: tuple[str, ...] = ()
    missing = missing_cells(m.frame) if number == 3 else []
    if missing:
        notes = _of_missing(missing)
    elif number == 3:
        notes = _lost(m, tested)
    if not is_mixed(m):
        _demand_residuals(m)
        _say_perfect(m)
        return _of_linear(m, tested, contrasts, number, notes, digits, width)
    heading = (f"Type {NUMERALS[number]} Analysis of Variance Table with {_named(by)}",)
    return TestsTable(f_frame(m, tested), heading, (*notes, *said_of(by)), contrasts, digits=digits, width=width)


def _of_generalized(m: FittedModel, number: int, ddf: Any, digits: int, width: int) -> TestsTable:
    """Wald's chi-squared tests of the terms of a generalized mixed model, printed as the package car prints them."""
    if not is_mixed(m):
        raise ArgumentError(
            "Tests of the terms are there for linear and for mixed models; terms of a generalized linear model are "
            "left out: mlm.drop1(m), or mlm.anova(smaller, larger)."
        )
    contrasts = information_contrasts(m.frame, m.vcov.to_numpy(), number)
    tested = _tested(m, contrasts, denominators_of(m, ddf))
    columns = {
        "Chisq": [f.value * f.numdf for f in tested.values()],
        "Df": [f.numdf for f in tested.values()],
        "Pr(>Chisq)": [f.pvalue for f in tested.values()],
    }
    frame = pd.DataFrame(columns, index=list(tested), dtype=float).astype({"Df": int})
    missing = missing_cells(m.frame) if number == 3 else []
    notes = _of_missing(missing) if missing else _lost(m, tested) if number == 3 else ()
    notes = (*notes, *((APPROXIMATE,) if is_approximate(m) else ()))
    heading = (
        f"Analysis of Deviance Table (Type {NUMERALS[number]} Wald chisquare tests)", "", f"Response: {m.response}",
    )  # fmt: skip
    return TestsTable(frame, heading, notes, contrasts, "Chisq", "Pr(>Chisq)", digits, width)


def _of_missing(missing: Sequence[str]) -> tuple[str, ...]:
    """What to say of cells without rows."""
    return f"Missing cells for: {first_few(missing)}.", "Interpret type III hypotheses with care."


def _lost(m: FittedModel, tested: Mapping[str, FTest]) -> tuple[str, ...]:
    """What to say of terms of whose columns not all can be tested."""
    fewer = [
        f"{term.label} ({tested[term.label].numdf} of {len(term.columns)})"
        for term in model_terms(m.frame)
        if term.categories and tested[term.label].numdf < len(term.columns)
    ]
    if not fewer:
        return ()
    return (
        f"Fewer degrees of freedom than coefficients: {first_few(fewer)}.",
        "Cells of categories have too few rows to tell the others from terms that contain these.",
    )


def denominators_of(m: FittedModel, ddf: Any) -> Denominators:
    """Degrees of freedom of a model: of a linear mixed one Satterthwaite's, unless others are asked for.

    None of one that was solved iteratively: tests are by the normal distribution then, and `said_of` says so.
    """
    if ddf is None and getattr(m, "monte_carlo", None) is not None:
        return Asymptotic(m)
    chosen = "satterthwaite" if ddf is None and is_mixed(m) and not is_generalized(m) else ddf
    return cast(Denominators, m.denominators(chosen))


def said_of(by: Denominators) -> tuple[str, ...]:
    """What a table says below of these degrees of freedom."""
    normal = "Solved iteratively: tests by the normal distribution, without degrees of freedom."
    return (normal,) if isinstance(by, Asymptotic) else ()


def _named(by: Denominators) -> str:
    """What a heading calls these degrees of freedom."""
    return "Wald tests" if isinstance(by, Asymptotic) else f"{by.method}'s method"


def _tested(m: FittedModel, contrasts: Mapping[str, np.ndarray], by: Denominators) -> dict[str, FTest]:
    beta = m.fixef.to_numpy()
    return {label: by.f_test(rows, rows @ beta) for label, rows in contrasts.items()}


def f_frame(m: FittedModel, tested: Mapping[str, FTest]) -> pd.DataFrame:
    """Lay F tests out as lmerTest does: mean squares are F, before it is scaled, times the residual variance."""
    squares = [f.value / f.scaling * m.sigma**2 if f.square is None else f.square for f in tested.values()]
    columns = {
        "Sum Sq": [square * f.numdf for square, f in zip(squares, tested.values(), strict=True)],
        "Mean Sq": squares,
        "NumDF": [f.numdf for f in tested.values()],
        "DenDF": [f.dendf for f in tested.values()],
        "F value": [f.value for f in tested.values()],
        "Pr(>F)": [f.pvalue for f in tested.values()],
    }
    return pd.DataFrame(columns, index=list(tested), dtype=float).astype({"NumDF": int})


def _demand_residuals(m: FittedModel) -> None:
    if not m.df_resid:
        raise FitError(
            f"The model has as many coefficients as rows, {m.nobs}: there are no residuals to test its terms against."
        )


def _say_perfect(m: FittedModel) -> None:
    """Warn of a fit that leaves nothing but rounding, as R does."""
    explained = float(np.sum((m.frame.y - m.resid.to_numpy()) ** 2))
    if m.deviance < PERFECT_SHARE * explained:  # type: ignore[attr-defined]
        warnings.warn(
            f"The model fits {m.response!r} perfectly, but for rounding: F tests are unreliable, as there are no "
            "residuals to judge by.",
            ResponseWarning,
            stacklevel=users_stacklevel(),
        )


def _of_linear(
    m: FittedModel,
    tested: Mapping[str, FTest],
    contrasts: Mapping[str, np.ndarray],
    number: int,
    notes: tuple[str, ...],
    digits: int,
    width: int,
) -> TestsTable:
    """The table of a linear model, with its residuals: of type I as R prints it, of the others as the package car."""
    found = f_frame(m, tested).rename(columns={"NumDF": "Df"}).drop(columns="DenDF")
    residual = {"Sum Sq": m.deviance, "Mean Sq": m.sigma**2, "Df": m.df_resid}  # type: ignore[attr-defined]
    found.loc["Residuals"] = pd.Series(residual, dtype=float)
    order = ["Df", "Sum Sq", "Mean Sq", "F value", "Pr(>F)"]
    title = "Analysis of Variance Table"
    if number > 1:
        order, title = ["Sum Sq", "Df", "F value", "Pr(>F)"], f"Anova Table (Type {NUMERALS[number]} tests)"
    heading = (title, "", f"Response: {m.response}")
    return TestsTable(found[order], heading, notes, contrasts, digits=digits, width=width)


def drop1(
    m: FittedModel, ddf: str | None = None, digits: int = r_numbers.DIGITS, width: int = r_numbers.LINE_WIDTH
) -> TestsTable:
    """Test each term of the fixed part that can be left out while others stay, as R's ``drop1()``.

    A term can be left out when no other term has all its variables: ``a`` cannot beside ``a:b``. Of linear models,
    mixed or not, the test is F that all coefficients of its columns are 0, and nothing is fitted again. Generalized
    models are fitted without the term, and the test is that of the likelihood ratio.

    Parameters
    ----------
    m : MixedModel, GeneralizedMixedModel, LinearModel or GeneralizedLinearModel
    ddf : {"satterthwaite", "kenward-roger"}
        Of a linear mixed model, Satterthwaite's by default; others have their own. A model that was solved iteratively
        has none but the normal distribution, and a note says so.
    digits, width : int
        R's ``options(digits = 7, width = 80)`` for the print.

    Returns
    -------
    TestsTable
        One row a term, of a linear mixed model as lmerTest's: Sum Sq, Mean Sq, NumDF, DenDF, F value, Pr(>F). Of others
        a first row ``<none>``, the model itself, and columns as R's: of a linear model Df, Sum of Sq, RSS, AIC,
        F value, Pr(>F) (R with ``test = "F"``); of a generalized one Df, Deviance, AIC, LRT, Pr(>Chi), with a
        dispersion ``scaled dev.`` for LRT; of a generalized mixed one npar, AIC, LRT, Pr(Chi) (``test = "Chisq"``).

    Raises
    ------
    ArgumentError
        For what is not a model, an unknown `ddf`, or `digits` or a `width` that R would not print.
    FitError
        For Kenward and Roger's method on a fit by maximum likelihood, or degrees of freedom that a model has not to
        choose; of a generalized model, when one without a term cannot be fitted or has categories that would be coded
        in another way; of a linear one without residuals.

    Examples
    --------
    >>> import mlm
    >>> rows = {"y": [1, 2.2, 4.1, 5, 7.3, 9], "x": [0, 1, 0, 1, 0, 1], "g": list("aabbcc")}
    >>> found = mlm.drop1(mlm.lmer("y ~ x + (1 | g)", rows)).frame
    >>> found[["NumDF", "DenDF", "F value"]].round(3).values.tolist()
    [[1.0, 2.0, 29.469]]

    References
    ----------
    Kuznetsova, A., Brockhoff, P. B. & Christensen, R. H. B. (2017). lmerTest package: tests in linear mixed effects
    models. Journal of Statistical Software 82(13).
    """
    demand_model(m)
    by = denominators_of(m, ddf)
    formula = without_double_bars(m.formula)
    if is_mixed(m) and not is_generalized(m):
        contrasts = marginal_contrasts(m.frame)
        heading = (f"Single term deletions using {_named(by)}:", "", "Model:", on_one_line(formula))
        frame = f_frame(m, _tested(m, contrasts, by))
        return TestsTable(frame, heading, said_of(by), contrasts, digits=digits, width=width)
    heading = ("Single term deletions", "", "Model:", "\n".join(r_text.deparse(formula)))
    if is_generalized(m):
        frame = ratio_frame(m)
        return TestsTable(frame, heading, test=None, pvalue=str(frame.columns[-1]), digits=digits, width=width)
    _demand_residuals(m)
    whole = pd.DataFrame({"RSS": [m.deviance], "AIC": [_aic(m, m.deviance, 0)]}, ["<none>"])  # type: ignore[attr-defined]
    found = linear_drop1(m)
    frame = pd.concat([whole.reindex(columns=found.columns), found])
    return TestsTable(frame, heading, (), marginal_contrasts(m.frame), digits=digits, width=width)


def linear_drop1(m: FittedModel) -> pd.DataFrame:
    """The same of a linear model, laid out as R's ``drop1(test = "F")``: without the row of the model itself."""
    rss, contrasts = m.deviance, marginal_contrasts(m.frame)  # type: ignore[attr-defined]
    rows = []
    for found in _tested(m, contrasts, denominators_of(m, None)).values():
        square = found.numdf * (found.value * m.sigma**2 if found.square is None else found.square)
        aic = _aic(m, rss + square, found.numdf)
        rows.append([found.numdf, square, rss + square, aic, found.value, found.pvalue])
    return pd.DataFrame(rows, list(contrasts), ["Df", "Sum of Sq", "RSS", "AIC", "F value", "Pr(>F)"], dtype=float)


def _aic(m: FittedModel, rss: float, fewer: int) -> float:
    """Akaike's criterion as R's ``drop1`` has it of a linear model: without constants."""
    with np.errstate(divide="ignore"):
        return float(m.nobs * np.log(rss / m.nobs) + 2.0 * (m.nobs - m.df_resid - fewer))
