"""The variance of a response in parts, within and between groups, and the shares of it that are explained.

Rights, J. D. & Sterba, S. K. (2019). Quantifying explained variance in multilevel models: an integrative framework for
defining R-squared measures. *Psychological Methods* 24(3), 309-338, equations 9 to 15. Variances and covariances of
predictors are those of the sample, over n - 1, as in r2mlm.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import scipy

from ..errors import ArgumentError, brief, is_number
from ..fit.fit import Fit
from ..fit.ranef import orthonormal_blocks
from ..report.html import as_html
from .components import WEIGHTED, is_weighted, variance_of

__all__ = ["CENTRED", "VarianceDecomposition", "variance_decomposition"]

# Largest mean of a column within a group, over its standard deviation, that is rounding of a centred one: of data with
# three digits after that of the deviation. What is taken for variance within groups is this squared, a millionth.
CENTRED = 1e-3
BOTH = "Predictors vary within and between groups: centre them to tell these apart."
PARTS = ("fixed, within", "fixed, between", "slope variation", "mean variation", "sigma2")
SOURCES = {"f1": (0,), "f2": (1,), "v": (2,), "m": (3,), "f": (0, 1), "fv": (0, 1, 2), "fvm": (0, 1, 2, 3)}


@dataclass(frozen=True, eq=False)
class VarianceDecomposition:
    """Parts of the variance of a response, and R² of the sources that explain it; `print` both.

    Attributes
    ----------
    variances : pandas.Series
        In squared units of the response: ``fixed, within``, ``fixed, between``, ``slope variation``, ``mean variation``
        and ``sigma2``; one ``fixed`` where predictors vary within and between groups.
    shares : pandas.DataFrame
        The same as shares of the ``total`` variance, of that ``within`` groups and ``between`` them.
    r2 : pandas.DataFrame
        R² by source: the fixed part within groups (``f1``) and between (``f2``), slopes (``v``), means (``m``), and
        together ``f``, ``fv``, ``fvm``. NaN where a source has no part.
    centred : bool
        Whether all predictors vary only within groups, about means of 0, or only between, but for what `r2` lets pass.
    weighted : bool
        Whether ``sigma2`` is that of a row of weight 1, which not all rows have.
    """

    variances: pd.Series
    shares: pd.DataFrame
    r2: pd.DataFrame
    centred: bool
    weighted: bool = False

    @property
    def frame(self) -> pd.DataFrame:
        """R² by source, `r2`."""
        return self.r2.copy()

    def __str__(self) -> str:
        shown = [part.to_string(float_format="{:.4f}".format, na_rep="NA") for part in (self.shares, self.r2)]
        lines = ["Decomposition of the variance", shown[0], "", "R2 by source", shown[1]]
        lines += [] if self.centred else ["", BOTH]
        return "\n".join([*lines, "", WEIGHTED] if self.weighted else lines)

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return as_html(str(self), "mlm-decomposition")


def variance_decomposition(fit: Fit, centred: float = CENTRED) -> VarianceDecomposition | None:
    """Decompose the variance of a response.

    Parameters
    ----------
    fit : Fit
    centred : float
        As for `r2`.

    Returns
    -------
    VarianceDecomposition or None
        None with several grouping factors.

    Raises
    ------
    ArgumentError
        When `centred` is not in [0, 1).
    """
    _demand_share(centred)
    if len(fit.ngrps) > 1:
        return None
    codes, x, beta = fit.frame.groupings[fit.ngrps.index[0]].codes, fit.frame.x, fit._beta
    z = np.column_stack([part.columns.matrix() for part in fit.terms])
    blocks = orthonormal_blocks(fit)
    tau, turned = scipy.linalg.block_diag(*[c for *_, c in blocks]), np.column_stack([q for _, q, _ in blocks])
    between, within = _constant_within(x, codes, centred), _centred(x, codes, centred)
    constant = (z == z[0]).all(axis=0)
    apart = bool((between | within).all() and (constant | _centred(z, codes, centred)).all())
    slopes = float(np.sum(tau * np.atleast_2d(np.cov(turned, rowvar=False))))
    means = float(turned.mean(axis=0) @ tau @ turned.mean(axis=0))
    if apart:
        f1, f2 = (variance_of(x[:, k], beta[k]) for k in (within & ~between, between))
        found = _shared((f1, f2, slopes, means, fit.sigma**2), True)
    else:
        found = _shared((variance_of(x, beta), 0.0, slopes, means, fit.sigma**2), False)
    return replace(found, weighted=is_weighted(fit))


def _demand_share(centred: Any) -> None:
    if not (is_number(centred) and 0 <= centred < 1):
        raise ArgumentError(f"`centred` is a share of a standard deviation, in [0, 1); got {brief(centred)}.")


def _shared(parts: tuple[float, ...], centred: bool) -> VarianceDecomposition:
    values = np.array(parts)
    inside, across = np.array([True, False, True, False, True]), np.array([False, True, False, True, False])
    which = {"total": inside | across} | ({"within": inside, "between": across} if centred else {})
    shares = pd.DataFrame(
        {name: np.where(mine, values, np.nan) / values[mine].sum() for name, mine in which.items()}, list(PARTS)
    )
    r2 = pd.DataFrame({name: shares.iloc[list(of)].sum(min_count=1) for name, of in SOURCES.items()}).T
    variances = pd.Series(values, list(PARTS))
    if centred:
        own = {"f1": "between", "f2": "within", "v": "between", "m": "within"}
        for source, column in own.items():
            r2.loc[source, column] = np.nan
        return VarianceDecomposition(variances, shares, r2, True)
    fixed = {"fixed, within": "fixed"}
    shares, variances = shares.drop("fixed, between").rename(fixed), variances.drop("fixed, between").rename(fixed)
    return VarianceDecomposition(variances, shares, r2.drop(["f1", "f2"]), False)


def _constant_within(columns: np.ndarray, codes: np.ndarray, most: float) -> np.ndarray:
    """Which columns are constant within groups, shape (p,)."""
    first = np.empty(int(codes.max()) + 1, dtype=int)
    first[codes[::-1]] = np.arange(len(codes))[::-1]
    return np.asarray((np.abs(columns - columns[first[codes]]) <= most * columns.std(axis=0)).all(axis=0))


def _centred(columns: np.ndarray, codes: np.ndarray, most: float) -> np.ndarray:
    """Which columns have means of 0 in all groups, shape (p,)."""
    count = np.bincount(codes)
    means = np.array([np.bincount(codes, column) / count for column in columns.T])
    return np.asarray((np.abs(means) <= most * columns.std(axis=0)[:, None]).all(axis=1))
