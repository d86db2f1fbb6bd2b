"""Inflation of variances by predictors that depend on each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..errors import FitError, first_few
from ..frame.columns import INTERCEPT
from ..inference.full_design import model_terms
from ..report.face import demand_model
from ..report.html import as_html
from ..report.r_numbers import format_numbers, named_numbers
from ..report.r_text import text_table

__all__ = ["VarianceInflation", "vif"]

POWER = "GVIF^(1/(2*Df))"


@dataclass(frozen=True, eq=False)
class VarianceInflation:
    """Variance inflation factors; `print` them, or take `frame`.

    Attributes
    ----------
    frame : pandas.DataFrame
        By term: ``GVIF``, ``Df`` and ``GVIF^(1/(2*Df))``, which is the root of what terms of one coefficient have.
    dropped : tuple of str
        Columns that depend on others entirely, and were left out of the fit: they inflate nothing here.
    """

    frame: pd.DataFrame
    dropped: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "\n".join([self._table(), *([""] if self.dropped else []), *self._notes()])

    def _table(self) -> str:
        if (self.frame["Df"] == 1).all():
            return named_numbers([str(term) for term in self.frame.index], self.frame["GVIF"])
        cells = {str(name): format_numbers(self.frame[name].tolist()) for name in self.frame}
        return text_table([str(term) for term in self.frame.index], cells)

    def _notes(self) -> list[str]:
        """What is said of columns that were dropped."""
        if not self.dropped:
            return []
        verb = "depends" if len(self.dropped) == 1 else "depend"
        return [f"Without {first_few(self.dropped)}, which {verb} on other columns entirely and left the fit."]

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return as_html(str(self), "mlm-vif")


def vif(m: Any) -> VarianceInflation:
    """Compute how much larger the variances of coefficients are, as terms depend on each other.

    Parameters
    ----------
    m : fitted model
        Of any kind, with a term beside the intercept; a single one, which car refuses, has 1.

    Returns
    -------
    VarianceInflation
        Prints as car's ``vif``. With the correlations R of the estimated coefficients but the intercept, a term has the
        generalized factor ``|R_11| |R_22| / |R|``, R_11 being that of its own coefficients, R_22 of the others: of one
        coefficient the square of what its standard error is multiplied by. It does not depend on how a category is
        coded. Without an intercept factors are about 0 instead of the mean, and mean little. Of columns that depend on
        others entirely there is no factor: they are not in the fit, and a line names them (car refuses such an ``lm``).

    Raises
    ------
    ArgumentError
        When `m` is not a fitted model.
    FitError
        When it has no terms beside the intercept, or none is left.

    Examples
    --------
    >>> import mlm
    >>> rows = {"y": [1, 2.2, 2.9, 4.1, 5.3], "x": [1, 2, 3, 4, 5], "z": [1, 3, 2, 5, 4]}
    >>> print(mlm.vif(mlm.lm("y ~ x + z", rows)))
           x        z
    2.777778 2.777778

    References
    ----------
    Fox, J. & Monette, G. (1992). Generalized collinearity diagnostics. *Journal of the American Statistical
    Association* 87, 178-183.
    """
    demand_model(m)
    terms = [term for term in model_terms(m.frame) if term.columns]
    if not terms:
        raise FitError(f"{m.formula!r} has no terms beside the intercept, whose variances others could inflate.")
    names = list(m.frame.x_names)
    kept = [k for k, name in enumerate(names) if name != INTERCEPT]
    vcov = m.vcov.to_numpy()[np.ix_(kept, kept)]
    sd = np.sqrt(vcov.diagonal())
    correlation = vcov / np.outer(sd, sd)
    rows = {}
    for term in terms:
        mine = [kept.index(k) for k in term.columns]
        rest = [k for k in range(len(kept)) if k not in mine]
        parts = [np.linalg.slogdet(correlation[np.ix_(k, k)])[1] for k in (mine, rest)]
        factor = float(np.exp(sum(parts) - np.linalg.slogdet(correlation)[1]))
        rows[term.label] = factor, len(mine), factor ** (0.5 / len(mine))
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=["GVIF", "Df", POWER])
    return VarianceInflation(frame, tuple(m.frame.left_out))
