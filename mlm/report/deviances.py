"""What R prints of a generalized linear model besides its coefficients: the call, dispersion, deviances, AIC."""

from __future__ import annotations

import math

from ..language.parser import parse_tree
from ..language.tree import Call, Name, Node, Number, Text
from . import r_numbers, r_text
from .dropped import deleted_rows
from .face import FittedGeneralizedModel
from .style import Style

__all__ = ["call_of_glm", "deviance_lines", "printed_deviances"]

CALL_DIGITS = 10  # of theta, in a call
LIKELIHOOD_DECIMALS, SE_DIGITS = 3, 3  # of the likelihood below theta; digits of theta's standard error that are shown
LEAST_DIGITS = {"deviance": 5, "AIC": 4}  # significant digits that a summary prints at least
OWN_LINKS = {
    "binomial": "logit", "poisson": "log", "Gamma": "inverse", "inverse.gaussian": "1/mu^2", "gaussian": "identity",
    "negative.binomial": "log",
}  # fmt: skip


def call_of_glm(m: FittedGeneralizedModel, data_name: str | None) -> list[str]:
    """Lines of the call, in R: its arguments in the order in which R has them."""
    call = m.frame.call
    if m.family.theta is not None:
        return _call_of_glm_nb(m, data_name)
    given: dict[str, Node] = {"formula": parse_tree(m.formula), "family": _family(m)}
    for argument, text in {"data": data_name, "weights": call.weights, "offset": call.offset}.items():
        if text:
            given[argument] = r_text.named(text)
    return r_text.deparse(Call("glm", tuple(given.values()), tuple(given)))


def _family(m: FittedGeneralizedModel) -> Node:
    """The family as R is given it: with its link, where that is not its own."""
    name, link = m.family.name, m.family.link.name
    return Name(name) if link == OWN_LINKS[name] else Call(name, (Text(link),), ("link",))


def _call_of_glm_nb(m: FittedGeneralizedModel, data_name: str | None) -> list[str]:
    """Lines of the call of MASS's glm.nb, which takes an offset in the formula, and adds what it has found."""
    call, link = m.frame.call, m.family.link.name
    formula = f"{m.formula} + offset({call.offset})" if call.offset else m.formula
    given: dict[str, Node] = {"formula": parse_tree(formula)}
    for argument, text in {"data": data_name, "weights": call.weights}.items():
        if text:
            given[argument] = r_text.named(text)
    if link != OWN_LINKS[m.family.name]:
        given["link"] = Name(link)
    theta = m.family.theta
    given["init.theta"] = Number(float(f"{theta:.{CALL_DIGITS}g}")) if math.isfinite(theta) else Name("Inf")
    given["link"] = Name(link)
    return r_text.deparse(Call("glm.nb", tuple(given.values()), tuple(given)))


def deviance_lines(m: FittedGeneralizedModel, style: Style) -> list[str]:
    """Lines below the coefficients of a summary."""
    dispersion = r_numbers.format_number(m.dispersion, style.digits, scipen=style.scipen)
    lines = [f"(Dispersion parameter for {m.family.label} family taken to be {dispersion})", ""]
    more = style.table_digits + 1
    digits = max(LEAST_DIGITS["deviance"], more)
    texts = r_numbers.format_numbers([m.null_deviance, m.deviance], digits, scipen=style.scipen)
    dfs = r_numbers.format_numbers([m.df_null, m.df_resid], digits, scipen=style.scipen)
    for name, deviance, df in zip(("    Null", "Residual"), texts, dfs, strict=True):
        lines.append(f"{name} deviance: {deviance}  on {df}  degrees of freedom")
    lines += deleted_rows(m)
    aic = r_numbers.format_number(m.aic, max(LEAST_DIGITS["AIC"], more), scipen=style.scipen)
    lines += [f"AIC: {aic}", "", f"Number of Fisher Scoring iterations: {m.iterations}"]
    return lines if m.family.theta is None else [*lines, *_theta_lines(m)]


def _theta_lines(m: FittedGeneralizedModel) -> list[str]:
    """Theta with its standard error, to the decimals that this has, and the likelihood."""
    known = math.isfinite(m.theta_se) and m.theta_se > 0
    decimals = max(0, SE_DIGITS - 1 - math.floor(math.log10(m.theta_se))) if known else LIKELIHOOD_DECIMALS
    theta = f"{m.family.theta:.{decimals}f}" if math.isfinite(m.family.theta) else "Inf"
    se = f"{m.theta_se:.{decimals}f}" if known else "NaN"
    twice = f"{round(2 * m.loglik, LIKELIHOOD_DECIMALS):.{max(decimals, LIKELIHOOD_DECIMALS)}f}"
    return ["", "", f"{'Theta: ':>21} {theta} ", f"{'Std. Err.: ':>21} {se} ", "", f" 2 x log-likelihood:  {twice} "]


def printed_deviances(m: FittedGeneralizedModel, style: Style) -> list[str]:
    """Lines below the coefficients of a printed model."""
    digits, scipen = style.table_digits, style.scipen
    null, deviance, aic = (
        r_numbers.format_number(r_numbers.signif(value, digits), style.digits, scipen=scipen)
        for value in (m.null_deviance, m.deviance, m.aic)
    )
    lines = [f"Degrees of Freedom: {m.df_null} Total (i.e. Null);  {m.df_resid} Residual", *deleted_rows(m)]
    return [*lines, f"Null Deviance:\t    {null} ", f"Residual Deviance: {deviance} \tAIC: {aic}"]
