"""The first lines of a printed mixed model: method, formula, data, weights and offset; and its criterion."""

from __future__ import annotations

from typing import cast

from ..language.formula import without_double_bars
from . import r_numbers, r_text
from .face import FittedGeneralizedMixedModel, FittedMixedModel, is_generalized
from .style import Style

__all__ = ["criterion", "heading", "observations"]

TESTS = "t-tests use {}'s method"
METHODS = {True: "REML", False: "maximum likelihood "}  # by whether it was REML; the blank before a stop is R's


def heading(m: FittedMixedModel, style: Style, method: str | None = None, data_name: str | None = None) -> list[str]:
    """Lines that say what was fitted, up to the criterion.

    Parameters
    ----------
    m : FittedMixedModel
    style : Style
    method : str, optional
        By whose method tests follow, as lmerTest prints them.
    data_name : str, optional
        What to call the data; by default as in the fit.
    """
    formula = m.formula
    if is_generalized(m):
        lines = _generalized_lines(cast(FittedGeneralizedMixedModel, m), style)
    else:
        title = f"Linear mixed model fit by {METHODS[_by_reml(m)]}" + (f". {TESTS.format(method)}" if method else "")
        lines = [*_title(title, "lmerModLmerTest" if method else "lmerMod", style.width)]
        formula = formula if method else without_double_bars(formula)  # of R's, lmer of lme4 alone writes them out
    lines.append(r_text.fill(["Formula:", *r_text.deparse(formula)], style.width))
    call = m.frame.call
    names = {"   Data:": data_name or call.data, "Weights:": call.weights, " Offset:": call.offset}
    return [*lines, *(f"{what} {name}" for what, name in names.items() if name)]


def _generalized_lines(m: FittedGeneralizedMixedModel, style: Style) -> list[str]:
    """How the likelihood was approximated, the family, and what counts as success where that is not told by numbers."""
    how = "Laplace Approximation" if m.n_agq == 1 else f"Adaptive Gauss-Hermite Quadrature, nAGQ = {m.n_agq}"
    lines = _title(f"Generalized linear mixed model fit by maximum likelihood ({how})", "glmerMod", style.width)
    lines.append(f" Family: {m.family.label}  ( {m.family.link.name} )")
    success = m.frame.outcome.success
    return lines if success is None else [*lines, f"Success: {m.response} is {success}"]


def _by_reml(m: FittedMixedModel) -> bool:
    """Whether R says REML: without fixed effects it is maximum likelihood."""
    return m.reml and len(m.fixef) > 0


def _title(title: str, kind: str, width: int) -> list[str]:
    """The method and R's class: on one line in quotes, or wrapped without them."""
    line = f"{title} ['{kind}']"
    if len(line) <= width:
        return [line]
    return [r_text.fill([*r_text.wrap(title, width - 2, later="  "), " [", kind, "]"], width, between="")]


def criterion(m: FittedMixedModel, style: Style, decimals: int) -> str:
    """The REML criterion, or the information criteria of a fit by maximum likelihood, rounded to some decimals."""
    values = [m.deviance] if _by_reml(m) else [m.aic, m.bic, m.loglik, -2.0 * m.loglik]
    rounded = [round(float(value), decimals) for value in values]
    texts = r_numbers.format_numbers(rounded, style.digits, scipen=style.scipen)
    if _by_reml(m):
        return r_text.fill(["REML criterion at convergence:", texts[0]], style.width)
    names = ["AIC", "BIC", "logLik", "deviance", "df.resid"]
    return r_numbers.named_texts(names, [*texts, str(m.df_resid)], style.width)


def observations(m: FittedMixedModel, style: Style) -> str:
    """The line of the numbers of rows and of levels."""
    groups = "; ".join(f"{name}, {count}" for name, count in m.ngrps.items())
    return r_text.fill([f"Number of obs: {m.nobs}, groups: ", groups], style.width)
