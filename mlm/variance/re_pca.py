"""Principal components of random effects: the directions in which levels vary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..fit.ranef import columns_of
from ..language.tree import spell_name
from ..report.face import demand_mixed
from ..report.html import as_html
from ..report.r_numbers import format_numbers
from ..report.r_text import text_table

__all__ = ["RandomComponents", "re_pca"]

# R's digits of these tables, and decimals of proportions.
DIGITS, DECIMALS = 4, 5
ROWS = {"sd": "Standard deviation", "proportion": "Proportion of Variance", "cumulative": "Cumulative Proportion"}


@dataclass(frozen=True, eq=False)
class RandomComponents:
    """Principal components of each grouping factor's random effects; `print` them, or take `frame`.

    Attributes
    ----------
    frame : pandas.DataFrame
        One row a component: ``grp``, ``component`` (from 1), ``sd`` (over sigma), ``proportion`` of the factor's
        variance, ``cumulative``; NaN where the factor has none.
    rotation : mapping of str to DataFrame
        By factor the directions: effects by components.
    """

    frame: pd.DataFrame
    rotation: Mapping[str, pd.DataFrame]

    def __str__(self) -> str:
        lines = []
        for group, rows in self.frame.groupby("grp", sort=False):
            rounded = rows.round({"proportion": DECIMALS, "cumulative": DECIMALS})
            cells = {
                f"[,{row.component}]": _cells([row.sd, row.proportion, row.cumulative]) for row in rounded.itertuples()
            }
            lines += [
                f"${spell_name(str(group))}",
                "Importance of components:",
                text_table(list(ROWS.values()), cells),
                "",
            ]
        return "\n".join(lines[:-1])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return as_html(str(self), "mlm-pca")


def _cells(values: list[float]) -> list[str]:
    """Format a column; shares of nothing, 0 over 0, print as in R."""
    return [text.replace("NA", "NaN") for text in format_numbers(values, DIGITS)]


def re_pca(m: Any) -> RandomComponents:
    """Find the principal components of the random effects of each grouping factor.

    Components with a standard deviation of 0 are directions in which the levels do not vary: there are more variances
    and covariances than the data ask for.

    Parameters
    ----------
    m : MixedModel or GeneralizedMixedModel

    Returns
    -------
    RandomComponents
        Of the covariance over sigma², terms of one factor together, as lme4's ``rePCA``; prints as its ``summary``. The
        sign of a direction means nothing.

    Raises
    ------
    ArgumentError
        When `m` is not a mixed model.

    Examples
    --------
    >>> import mlm
    >>> m = mlm.lmer("y ~ 1 + (1 | g)", {"y": [1, 2, 4, 5, 7, 9], "g": list("aabbcc")})
    >>> print(mlm.re_pca(m))
    $g
    Importance of components:
                            [,1]
    Standard deviation     3.175
    Proportion of Variance 1.000
    Cumulative Proportion  1.000

    References
    ----------
    Bates, D., Kliegl, R., Vasishth, S. & Baayen, H. (2015). Parsimonious mixed models. arXiv:1506.04967, section 3.
    """
    demand_mixed(m)
    layout, rows, rotation = m.deviance_function.layout, [], {}
    found = {}
    for slot, part in zip(layout.slots, m.terms, strict=True):
        found[part.term.group] = layout.matrices(m.theta)[slot.factor]
    for group in m.ngrps.index:
        left, sd, _ = np.linalg.svd(found[group])
        total = float(np.square(sd).sum())
        shares = np.square(sd) / total if total > 0 else np.full(len(sd), np.nan)
        every = zip(sd, shares, np.cumsum(shares), strict=True)
        rows += [(group, k, *values) for k, values in enumerate(every, 1)]
        names = pd.Index(range(1, len(sd) + 1), name="component")
        rotation[group] = pd.DataFrame(left, columns_of(m, group), names)
    return RandomComponents(pd.DataFrame(rows, columns=["grp", "component", *ROWS]), rotation)
