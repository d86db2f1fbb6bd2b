"""Tests of random effects: each left out in turn, by likelihood ratios."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import scipy

from ..errors import ArgumentError, brief, is_one_of
from ..fit.checks import demand_exact
from ..fit.fit import Fit
from ..frame.model_frame import RandomPart
from ..frame.reduction import random_part_without, with_random_parts
from ..language.rewriting import rewritten
from ..report import r_numbers, r_text
from ..report.face import demand_linear_mixed
from .tables import TestsTable

__all__ = ["Reduction", "random_frame", "ranova", "reductions"]

HEADING = "ANOVA-like table for random-effects: Single term deletions"


class Reduction:
    """A model with less random effects.

    Parameters
    ----------
    fit : Fit
        The model with all of them.
    label : str
        What is left out, as lmerTest calls it.
    parts : tuple of RandomPart
        What is left.
    """

    def __init__(self, fit: Fit, label: str, parts: tuple[RandomPart, ...]) -> None:
        self.label, self.parts, self._fit = label, parts, fit

    def fitted(self) -> Fit | None:
        """The model with what is left, None where that has no random effects."""
        return self._fit.on(with_random_parts(self._fit.frame, self.parts)) if self.parts else None


def reductions(fit: Fit, reduce_terms: bool = True) -> Iterator[Reduction]:
    """What random effects can be left out, one after the other.

    Of a term ``(1 + x | g)`` each effect that no other of the term contains; the term as a whole where it has a single
    effect, or `reduce_terms` is False. What is left of a term is not there twice: without f, ``(1 + f | g)`` is nothing
    beside ``(1 | g)``.
    """
    frame = fit.frame
    for k, part in enumerate(frame.random):
        sets = [set(t) for t in part.design.terms.sets]
        outer = [t for t, mine in enumerate(sets) if not any(mine < other for other in sets)]
        if not outer or not reduce_terms:
            yield Reduction(fit, f"({part.term.written})", frame.random[:k] + frame.random[k + 1 :])
            continue
        for t in outer:
            left = random_part_without(part, t)
            label = f"{part.design.terms.labels[t]} in ({part.term.written})"
            others = (*frame.random[:k], *frame.random[k + 1 :])
            kept = [left] if left and not any(_same(left, other) for other in others) else []
            yield Reduction(fit, label, (*frame.random[:k], *kept, *frame.random[k + 1 :]))


def _same(part: RandomPart, other: RandomPart) -> bool:
    """Whether two terms have the same columns for the same groups."""
    return part.term.group == other.term.group and sorted(part.columns.names) == sorted(other.columns.names)


def random_frame(fit: Fit, reduce_terms: bool = True) -> tuple[pd.DataFrame, list[Reduction]]:
    """The table of `ranova`, and what each of its rows but the first leaves out."""
    demand_exact("Tests of random effects by likelihood ratios", fit)
    every = list(reductions(fit, reduce_terms))
    smaller = [each.fitted() for each in every]
    npar = [fit.npar, *(fit.products.p + 1 if other is None else other.npar for other in smaller)]
    # without random effects it is the criterion at a theta of 0
    nothing = fit.working.value(np.zeros(fit.working.layout.n_theta))
    loglik = -0.5 * np.array([fit.deviance, *(nothing if other is None else other.deviance for other in smaller)])
    lrt, df = 2.0 * np.maximum(loglik[0] - loglik, 0.0), npar[0] - np.array(npar, dtype=float)
    lrt[0] = df[0] = np.nan
    columns = {
        "npar": npar,
        "logLik": loglik,
        "AIC": -2.0 * loglik + 2.0 * np.array(npar),
        "LRT": lrt,
        "Df": df,
        "Pr(>Chisq)": scipy.stats.chi2.sf(lrt, df),
    }
    return pd.DataFrame(columns, index=["<none>", *(each.label for each in every)]), every


def ranova(
    m: Fit, reduce_terms: bool = True, digits: int = r_numbers.DIGITS, width: int = r_numbers.LINE_WIDTH
) -> TestsTable:
    """Test each random effect by leaving it out, as lmerTest's ``ranova()``.

    A smaller model is fitted to the same rows by the same criterion. Twice the difference of the log-likelihoods is
    compared with the chi-square distribution; as a variance of 0 is at the edge of what is possible, the p value is
    larger than it should be, up to twice as large for a single variance.

    Parameters
    ----------
    m : MixedModel
    reduce_terms : bool
        Whether ``(1 + x | g)`` is compared with ``(1 | g)``, or with the model without any effects of g.
    digits, width : int
        R's ``options(digits = 7, width = 80)`` for the print.

    Returns
    -------
    TestsTable
        Rows ``<none>``, the model itself, and one for each that is left out: npar, logLik, AIC, LRT, Df, Pr(>Chisq).

    Raises
    ------
    ArgumentError
        For what is no mixed model; `reduce_terms` that is neither True nor False, or `digits` or a `width` that R would
        not print.
    FitError
        When a smaller model cannot be fitted, or has categories that would be coded in another way.

    Examples
    --------
    >>> import mlm
    >>> m = mlm.lmer("y ~ 1 + (1 | g)", {"y": [1.0, 2.0, 4.0, 5.0, 7.0, 9.0], "g": list("aabbcc")})
    >>> mlm.ranova(m).frame["LRT"].round(3).tolist()
    [nan, 4.918]

    References
    ----------
    Self, S. G. & Liang, K.-Y. (1987). Asymptotic properties of maximum likelihood estimators and likelihood ratio tests
    under nonstandard conditions. Journal of the American Statistical Association 82, 605-610.
    """
    demand_linear_mixed(m, "ranova")
    if not is_one_of(reduce_terms, (True, False)):
        raise ArgumentError(f"`reduce_terms` is True or False; got {brief(reduce_terms)}.")
    frame, _ = random_frame(m, reduce_terms)
    formula = rewritten(m.frame.formula, m.frame.formula.fixed, [part.term for part in m.frame.random])
    heading = (HEADING, "", "Model:", "\n".join(r_text.deparse(formula.text)))
    return TestsTable(frame, heading, test=None, pvalue="Pr(>Chisq)", digits=digits, width=width)
