"""Tests of random effects: each left out in turn, by likelihood ratios."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
import scipy

from ..errors import ArgumentError, FitError, brief, is_one_of
from ..fit.checks import demand_exact
from ..fit.fit import Fit
from ..fit.generalized import GeneralizedFit
from ..fit.stages import sorted_terms
from ..frame.model_frame import RandomPart
from ..frame.reduction import random_part_without, with_random_parts
from ..generalized.overdispersion import estimate_with_theta
from ..generalized.response import Response
from ..language.rewriting import rewritten
from ..report import r_numbers
from ..report.face import demand_mixed
from ..report.notes import APPROXIMATE
from .tables import TestsTable, on_one_line

__all__ = ["Reduction", "random_frame", "ranova", "reductions"]

HEADING = "ANOVA-like table for random-effects: Single term deletions"


class Ended(NamedTuple):
    """What is compared of a model."""

    npar: int
    loglik: float


class Reduction:
    """A model with less random effects.

    Parameters
    ----------
    fit : Fit or GeneralizedFit
        The model with all of them.
    label : str
        What is left out, as lmerTest calls it.
    parts : tuple of RandomPart
        What is left.
    """

    def __init__(self, fit: Fit | GeneralizedFit, label: str, parts: tuple[RandomPart, ...]) -> None:
        self.label, self.parts, self._fit = label, parts, fit

    def fitted(self) -> Ended:
        """Parameters and log-likelihood of the model with what is left."""
        fit = self._fit
        if isinstance(fit, GeneralizedFit):
            return _of_generalized(fit, self.parts) if self.parts else _of_one_level(fit)
        if not self.parts:  # it is the criterion at a theta of 0
            return Ended(fit.products.p + 1, -0.5 * fit.working.value(np.zeros(fit.working.layout.n_theta)))
        smaller = fit.on(with_random_parts(fit.frame, self.parts))
        return Ended(smaller.npar, -0.5 * smaller.deviance)


def _of_generalized(fit: GeneralizedFit, parts: tuple[RandomPart, ...]) -> Ended:
    """The same of a generalized model that has random effects left."""
    frame = with_random_parts(fit.frame, parts)
    smaller = type(fit).estimate(frame, sorted_terms(frame), fit.asked_family, fit.n_agq, quiet=True)
    return Ended(smaller.npar, smaller.loglik)


def _of_one_level(fit: GeneralizedFit) -> Ended:
    """The same without any, of a generalized linear model.

    Raises
    ------
    FitError
        When its search does not end.
    """
    response = fit.frame.outcome
    assert isinstance(response, Response)
    family, found = estimate_with_theta(fit.frame.x, response, fit.frame.known_part, fit.asked_family)
    if found is None or not found.converged or found.at_boundary:
        raise FitError("The model without random effects could not be fitted: its search did not end at a maximum.")
    deviance = float(response.weights @ family.deviances_at(response.values, found.eta))
    scale = family.likely_dispersion(deviance, response.weights)
    twice = family.minus_two_log_likelihood_at(response.values, found.eta, response.weights, scale, response.trials)
    twice += 2.0 * family.has_scale  # as in the mixed model's criterion at a variance of 0: see limits.md
    return Ended(len(found.beta) + family.has_scale + (family.theta is not None), -0.5 * twice)


def reductions(fit: Fit | GeneralizedFit, reduce_terms: bool = True) -> Iterator[Reduction]:
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


def random_frame(fit: Fit | GeneralizedFit, reduce_terms: bool = True) -> tuple[pd.DataFrame, list[Reduction]]:
    """The table of `ranova`, and what each of its rows but the first leaves out."""
    demand_exact("Tests of random effects by likelihood ratios", fit)
    every = list(reductions(fit, reduce_terms))
    whole = Ended(fit.npar, fit.loglik if isinstance(fit, GeneralizedFit) else -0.5 * fit.deviance)
    models = [whole, *(each.fitted() for each in every)]
    npar, loglik = [one.npar for one in models], np.array([one.loglik for one in models])
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
    m: Fit | GeneralizedFit,
    reduce_terms: bool = True,
    digits: int = r_numbers.DIGITS,
    width: int = r_numbers.LINE_WIDTH,
) -> TestsTable:
    """Test each random effect by leaving it out, as lmerTest's ``ranova()``.

    A smaller model is fitted to the same rows by the same criterion; of a generalized model without any random effects
    it is the generalized linear one, and what a family estimates besides is estimated anew. Twice the difference of the
    log-likelihoods is compared with the chi-square distribution; as a variance of 0 is at the edge of what is possible,
    the p value is larger than it should be, up to twice as large for a single variance.

    Parameters
    ----------
    m : MixedModel or GeneralizedMixedModel
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
        For what is not a mixed model; `reduce_terms` that is neither True nor False, or `digits` or a `width` that R
        would not print.
    FitError
        When a smaller model cannot be fitted, or has categories that would be coded in another way.

    Examples
    --------
    >>> import mlm
    >>> m = mlm.lmer("y ~ 1 + (1 | g)", {"y": [1, 2, 4, 5, 7, 9], "g": list("aabbcc")})
    >>> mlm.ranova(m).frame["LRT"].round(3).tolist()
    [nan, 4.918]

    References
    ----------
    Self, S. G. & Liang, K.-Y. (1987). Asymptotic properties of maximum likelihood estimators and likelihood ratio tests
    under nonstandard conditions. Journal of the American Statistical Association 82, 605-610.
    """
    demand_mixed(m)
    if not is_one_of(reduce_terms, (True, False)):
        raise ArgumentError(f"`reduce_terms` is True or False; got {brief(reduce_terms)}.")
    frame, _ = random_frame(m, reduce_terms)
    formula = rewritten(m.frame.formula, m.frame.formula.fixed, [part.term for part in m.frame.random])
    heading = (HEADING, "", "Model:", on_one_line(formula.text))
    notes = (APPROXIMATE,) if isinstance(m, GeneralizedFit) and m.n_agq == 0 else ()
    return TestsTable(frame, heading, notes, test=None, pvalue="Pr(>Chisq)", digits=digits, width=width)
