"""Tests of hypotheses that a user writes: t tests of each, or one F test of all."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import scipy

from ..errors import ArgumentError, FitError, brief, is_one_of
from ..report import r_numbers
from ..report.face import FittedModel, demand_model
from .confint import checked_level
from .f_tests import Denominators
from .hypotheses import Hypotheses, hypotheses
from .tables import TestsTable
from .term_tests import denominators_of, f_frame, said_of

__all__ = ["contest"]


def contest(
    m: FittedModel,
    L: Any,
    ddf: str | None = None,
    rhs: Any = 0.0,
    joint: bool | None = None,
    level: float = 0.95,
    digits: int = r_numbers.DIGITS,
    width: int = r_numbers.LINE_WIDTH,
) -> TestsTable:
    """Test linear hypotheses about the coefficients, as lmerTest's ``contest()``.

    Parameters
    ----------
    m : MixedModel, GeneralizedMixedModel, LinearModel or GeneralizedLinearModel
    L : str, mapping, array_like of shape (p,) or (k, p), or a list or Series of these
        A text such as ``"x1 - x2 = 0"``, in which coefficients stand by their names, with or without backticks (without
        a right side it is 0); weights by name, ``{"x1": 1, "x2": -1}``; or one weight a coefficient.
    ddf : {"satterthwaite", "kenward-roger"}
        Of a linear mixed model, Satterthwaite's by default; others have their own. Without a dispersion they are
        infinite: tests are by the normal and chi-squared distributions then. So are those of a model that was solved
        iteratively, and a note says so.
    rhs : float, array_like of shape (k,), mapping or Series
        What the weighted sums are supposed to be, besides what stands in a text; with names, by those of the
        hypotheses.
    joint : bool, optional
        Whether all hypotheses are tested together, by F or chi-squared, or each by t or z. By default one is tested by
        itself, and several together.
    level : float
        Coverage of the intervals beside t and z tests, in (0, 1).
    digits, width : int
        R's ``options(digits = 7, width = 80)`` for the print.

    Returns
    -------
    TestsTable
        Of t tests: Estimate, Std. Error, df, t value, lower, upper, Pr(>|t|), one row a hypothesis; the estimate is
        that of the weighted sum. Of an F test: Sum Sq, Mean Sq, NumDF, DenDF, F value, Pr(>F); NumDF counts hypotheses
        that do not follow from others. With infinite degrees of freedom z value and Pr(>|z|), without df; and Df,
        Chisq, Pr(>Chisq), as ``car::linearHypothesis`` has them.

    Raises
    ------
    ArgumentError
        For what is not a hypothesis, or is about no coefficient; an unknown `ddf` or `joint`; a level not in (0, 1);
        `digits` or a `width` that R would not print.
    DataError
        When weights are not one finite number a coefficient.
    FitError
        When hypotheses contradict each other; for Kenward and Roger's method on a fit by maximum likelihood.

    Examples
    --------
    >>> import mlm
    >>> rows = {"y": [1, 2.2, 4.1, 5, 7.3, 9], "x": [0, 1, 0, 1, 0, 1], "g": list("aabbcc")}
    >>> m = mlm.lmer("y ~ x + (1 | g)", rows)
    >>> found = mlm.contest(m, "2 * x = 3").frame
    >>> found[["Estimate", "df", "t value"]].round(3).values.tolist()
    [[2.533, 2.0, -1.0]]
    >>> mlm.contest(m, ["`(Intercept)` = 0", {"x": 1}]).frame["F value"].round(3).tolist()
    [17.902]

    References
    ----------
    Kuznetsova, A., Brockhoff, P. B. & Christensen, R. H. B. (2017). lmerTest package: tests in linear mixed effects
    models. Journal of Statistical Software 82(13).
    """
    demand_model(m)
    if not is_one_of(joint, (None, True, False)):
        raise ArgumentError(f"`joint` is True, False or None; got {brief(joint)}.")
    level = checked_level(level)
    asked = hypotheses(L, rhs, [str(name) for name in m.fixef.index])
    by = denominators_of(m, ddf)
    notes = said_of(by)
    together = len(asked.names) > 1 if joint is None else joint
    if not together:
        frame = _t_frame(m, asked, by, level)
        test, pvalue = str(frame.columns[frame.columns.str.endswith(" value")][0]), str(frame.columns[-1])
        return TestsTable(frame, (), notes, _rows(asked), test, pvalue, digits, width)
    short = asked.shortened()[0]
    _demand_consistent(short)
    difference = short.weights @ m.fixef.to_numpy() - short.values
    label = "; ".join(asked.names) if any(name[:1].isalpha() for name in asked.names) else "1"
    found = by.f_test(short.weights, difference)
    if np.isposinf(found.dendf):
        columns = {"Df": found.numdf, "Chisq": found.value * found.numdf, "Pr(>Chisq)": found.pvalue}
        frame = pd.DataFrame(columns, index=[label])
        return TestsTable(frame, (), notes, {label: asked.weights}, "Chisq", "Pr(>Chisq)", digits, width)
    return TestsTable(f_frame(m, {label: found}), (), notes, {label: asked.weights}, digits=digits, width=width)


def _rows(asked: Hypotheses) -> dict[str, np.ndarray]:
    return {name: row[None] for name, row in zip(asked.names, asked.weights.copy(), strict=True)}


def _t_frame(m: FittedModel, asked: Hypotheses, by: Denominators, level: float) -> pd.DataFrame:
    short, power = asked.shortened()
    estimate, df = short.weights @ m.fixef.to_numpy(), by.dfs(short.weights)
    se = np.sqrt(by.working_covariance.variances(short.weights))
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        t = (estimate - short.values) / se
        estimate, se = np.ldexp(estimate, power), np.ldexp(se, power)
        reach = scipy.stats.t.isf(0.5 * (1.0 - level), df) * se
    columns = {
        "Estimate": estimate,
        "Std. Error": se,
        "df": df,
        "t value": t,
        "lower": estimate - reach,
        "upper": estimate + reach,
        "Pr(>|t|)": 2.0 * scipy.stats.t.sf(np.abs(t), df),
    }
    frame = pd.DataFrame(columns, index=list(asked.names))
    if not np.isposinf(df[~np.isnan(df)]).all() or np.isnan(df).all():
        return frame
    return frame.drop(columns="df").rename(columns={"t value": "z value", "Pr(>|t|)": "Pr(>|z|)"})


def _demand_consistent(asked: Hypotheses) -> None:
    """Refuse hypotheses of which one says another value of what follows from the others."""
    length = np.sqrt((asked.weights**2).sum(axis=1))
    length[length == 0.0] = 1.0
    rows, values = asked.weights / length[:, None], asked.values / length
    solved = np.linalg.lstsq(rows, values, rcond=1e-7)[0]
    if (np.abs(rows @ solved - values) > 1e-7 * (1.0 + np.abs(values).max())).any():
        raise FitError(f"The hypotheses contradict each other: {'; '.join(asked.names)}.")
