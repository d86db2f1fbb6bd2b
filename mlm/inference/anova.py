"""Likelihood-ratio tests between nested models, printed as ``anova()`` of lme4 prints them."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy

from ..errors import ArgumentError, FitError
from ..report import r_numbers, r_text
from ..report.face import FittedModel, is_mixed, model_list
from ..report.summary import coefficient_lines

__all__ = ["AnovaTable", "anova"]

REFITTED = "refitting model(s) with ML (instead of REML)"


@dataclass(frozen=True)
class AnovaTable:
    """Comparison of models, the smallest first: `print` it, or take `frame`.

    Attributes
    ----------
    frame : pandas.DataFrame
        One row a model: npar, AIC, BIC, logLik, deviance, and against the row above Chisq, Df, Pr(>Chisq).
    formulas : dict of str to str
        Formula of each model, by the name used in `frame`.
    refitted : tuple of str
        Models that had been fitted by REML and were refitted by maximum likelihood for the comparison.
    digits : int
        R's ``options(digits = 7)`` for the print.
    """

    frame: pd.DataFrame
    formulas: dict[str, str]
    refitted: tuple[str, ...]
    digits: int = r_numbers.DIGITS

    def __str__(self) -> str:
        digits = max(3, self.digits - 2)
        table = self.frame.copy()
        for name in ("AIC", "BIC", "logLik", "deviance"):
            table[name] = r_numbers.zap_small(table[name], digits)
        printed = coefficient_lines(table, digits, estimates=(), test="Chisq", pvalue="Pr(>Chisq)", missing="")
        models = [f"{name}: {' '.join(r_text.deparse(text, 10_000))}" for name, text in self.formulas.items()]
        return "\n".join([*([REFITTED] if self.refitted else []), "Models:", *models, *printed])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return f'<pre class="mlm-anova">{html.escape(str(self), quote=False)}</pre>'


def anova(
    *models: FittedModel,
    names: Sequence[str] | None = None,
    refit: bool = True,
    digits: int = r_numbers.DIGITS,
) -> AnovaTable:
    """Compare nested models by likelihood-ratio tests.

    Each model is tested against the one with the next fewer parameters. Restricted likelihoods of models with
    different fixed effects cannot be compared, so models fitted by REML are refitted by maximum likelihood,
    and the print says so.

    Parameters
    ----------
    *models : MixedModel or LinearModel
        Two or more, fitted to the same rows of the same response, in any order.
    names : sequence of str, optional
        What to call them; ``model1``, ``model2`` … by default.
    refit : bool
        False compares restricted likelihoods as they are: right only for models with the same fixed effects.
    digits : int
        R's ``options(digits = 7)`` for the print.

    Returns
    -------
    AnovaTable

    Raises
    ------
    ArgumentError
        With fewer than two models, or without a name of its own for each.
    FitError
        When the models were fitted to different rows or responses, or restricted likelihoods of models with
        different fixed effects would be compared.

    Examples
    --------
    >>> import mlm
    >>> data = {"y": [1.0, 2.2, 4.1, 5.0, 7.3, 9.0], "x": [0, 1, 0, 1, 0, 1], "g": list("aabbcc")}
    >>> table = anova(mlm.lmer("y ~ 1 + (1 | g)", data), mlm.lmer("y ~ x + (1 | g)", data))
    >>> float(table.frame.loc["model2", "Chisq"].round(3)), table.refitted
    (8.268, ('model1', 'model2'))

    References
    ----------
    Snijders, T. A. B. & Bosker, R. J. (2012). *Multilevel Analysis*, 2nd ed., section 6.2. Sage.
    """
    if len(model_list(models)) < 2:
        raise ArgumentError(f"A comparison needs two models or more; got {len(models)}.")
    labels = [f"model{k}" for k in range(1, len(models) + 1)] if names is None else [str(name) for name in names]
    if len(labels) != len(models) or len(set(labels)) != len(labels):
        raise ArgumentError(f"{len(models)} models need {len(models)} different names; got {', '.join(labels)}.")
    _demand_same_data(models, labels)
    restricted = [label for label, m in zip(labels, models, strict=True) if is_mixed(m) and m.reml]
    if restricted and not refit:
        _demand_same_fixed_effects(models, labels, restricted)
    fits = [m.refit(reml=False) if refit and is_mixed(m) and m.reml else m for m in models]
    order = sorted(range(len(fits)), key=lambda k: fits[k].npar)
    frame = _tests([fits[k] for k in order], [labels[k] for k in order])
    formulas = {labels[k]: models[k].formula for k in order}
    return AnovaTable(frame, formulas, tuple(restricted) if refit else (), digits)


def _demand_same_data(models: Sequence[FittedModel], labels: Sequence[str]) -> None:
    """Raise unless all models were fitted to the same rows of the same response."""
    if len({m.nobs for m in models}) > 1:
        counts = ", ".join(f"{label} {m.nobs}" for label, m in zip(labels, models, strict=True))
        raise FitError(
            f"The models were not fitted to the same rows: {counts}. Fit all of them to the rows that are complete"
            " for the variables of the largest, for example data.dropna(subset=[...])."
        )
    first = models[0]
    for label, m in zip(labels, models, strict=True):
        if not np.array_equal(m.frame.y, first.frame.y):
            raise FitError(
                f"{label} explains other values ({m.response!r}) than {labels[0]} ({first.response!r}); likelihoods"
                " can be compared for one response only, with the rows in one order."
            )


def _demand_same_fixed_effects(models: Sequence[FittedModel], labels: Sequence[str], restricted: Sequence[str]) -> None:
    """Raise unless restricted likelihoods are all there is and belong to the same fixed effects."""
    if len(restricted) < len(models) or len({tuple(m.fixef.index) for m in models}) > 1:
        raise FitError(
            f"Restricted likelihoods ({', '.join(restricted)}) can be compared only among models with the same"
            " fixed effects; leave refit=True to compare by maximum likelihood."
        )


def _tests(models: Sequence[FittedModel], labels: Sequence[str]) -> pd.DataFrame:
    """Build the table for models in ascending order of their number of parameters."""
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
