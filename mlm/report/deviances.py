"""What R prints of a generalized linear model besides its coefficients: the call, dispersion, deviances, AIC."""

from __future__ import annotations

from ..language.parser import parse_tree
from ..language.tree import Call, Name, Node, Number, Text
from . import r_numbers, r_text
from .dropped import deleted_rows
from .face import FittedGeneralizedModel
from .style import Style

__all__ = ["call_of_glm", "deviance_lines", "printed_deviances"]

LEAST_DIGITS = {"deviance": 5, "AIC": 4}  # significant digits that a summary prints at least
OWN_LINKS = {
    "binomial": "logit", "poisson": "log", "Gamma": "inverse", "inverse.gaussian": "1/mu^2", "gaussian": "identity",
    "negative.binomial": "log",
}  # fmt: skip


def call_of_glm(m: FittedGeneralizedModel, data_name: str | None) -> list[str]:
    """Lines of the call, in R: its arguments in the order in which R has them."""
    call = m.frame.call
    given: dict[str, Node] = {"formula": parse_tree(m.formula), "family": _family(m)}
    for argument, text in {"data": data_name, "weights": call.weights, "offset": call.offset}.items():
        if text:
            given[argument] = r_text.named(text)
    return r_text.deparse(Call("glm", tuple(given.values()), tuple(given)))


def _family(m: FittedGeneralizedModel) -> Node:
    """The family as R is given it: with its link, where that is not its own; with theta, where it has one."""
    arguments: dict[str, Node] = {}
    if m.family.theta is not None:
        arguments["theta"] = Number(float(f"{m.family.theta:.7g}"))
    if m.family.link.name != OWN_LINKS[m.family.name]:
        arguments["link"] = Text(m.family.link.name)
    name = m.family.name
    return Call(name, tuple(arguments.values()), tuple(arguments)) if arguments else Name(name)


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
    return [*lines, f"AIC: {aic}", "", f"Number of Fisher Scoring iterations: {m.iterations}"]


def printed_deviances(m: FittedGeneralizedModel, style: Style) -> list[str]:
    """Lines below the coefficients of a printed model."""
    digits, scipen = style.table_digits, style.scipen
    null, deviance, aic = (
        r_numbers.format_number(r_numbers.signif(value, digits), style.digits, scipen=scipen)
        for value in (m.null_deviance, m.deviance, m.aic)
    )
    lines = [f"Degrees of Freedom: {m.df_null} Total (i.e. Null);  {m.df_resid} Residual", *deleted_rows(m)]
    return [*lines, f"Null Deviance:\t    {null} ", f"Residual Deviance: {deviance} \tAIC: {aic}"]
