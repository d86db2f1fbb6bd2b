"""Headings of comparisons of models, where degrees of freedom count the parameters of each."""

from __future__ import annotations

from collections.abc import Sequence

_COUNTS = ("npar", "Df", "df")
_ALONE = (["AIC"], ["BIC"], ["AIC", "BIC"])
"""What ``AIC(m1, m2)`` and ``BIC(m1, m2)`` have beside ``df``."""


def counted(columns: Sequence[str]) -> dict[str, str]:
    """Return the ids of the headings that count parameters in a comparison of models; none in other tables.

    ``anova()`` of models has AIC, BIC and the log likelihood behind the count; ``drop1()`` has AIC alone and a test.

    Examples
    --------
    >>> counted(["Df", "AIC", "BIC", "logLik"]), counted(["npar", "AIC", "BIC", "logLik", "deviance", "Chisq", "Df"])
    ({'Df': 'npar'}, {'npar': 'npar', 'Df': 'chisq_df'})
    >>> counted(["df", "AIC"]), counted(["Df", "AIC", "LRT"]), counted(["df", "logLik", "AIC", "BIC"])
    ({'df': 'npar'}, {}, {})
    """
    names = [column for column in columns if column]
    for at, name in enumerate(names):
        if name in _COUNTS:
            behind = names[at + 1 :]
            of_models = behind[:2] == ["AIC", "BIC"] and behind[2:3] in (["logLik"], ["deviance"])
            if of_models or (at == 0 and behind in _ALONE):
                return {name: "npar"} | ({"Df": "chisq_df"} if "Df" in behind else {})
            return {}
    return {}
