"""Random effects that the fixed effects account for, as in ``y ~ f + (1 | f)``."""

from __future__ import annotations

import numpy as np
from scipy.linalg import lapack

from ..crossproducts.blocks import CrossProducts, FactorProducts
from ..likelihood.covariance import CovarianceLayout

__all__ = ["confounded_columns", "constant_within"]

# Share of a column's sum of squares outside the fixed effects' space where these span it. Measured: 7e-15.
CONFOUNDED_SHARE = 1e-9


def confounded_columns(products: CrossProducts, layout: CovarianceLayout) -> dict[int, list[int]]:
    """Find the random-effects columns that the fixed effects span in every level.

    Parameters
    ----------
    products : CrossProducts
    layout : CovarianceLayout

    Returns
    -------
    dict of int to list of int
        Positions of terms, and of columns in the term.
    """
    out: dict[int, list[int]] = {}
    if all(f.levels > products.p for f in products.factors):  # as many columns as levels are to be spanned
        return out
    root = lapack.dpotrf(products.xy[:-1, :-1], lower=1)[0]
    for k, slot in enumerate(layout.slots):
        factor = products.factors[slot.factor]
        if factor.levels <= products.p:
            outside = [_share_outside(root, factor, slot.start + a) for a in range(slot.size)]
            spanned = [a for a, share in enumerate(outside) if share < CONFOUNDED_SHARE]
            if spanned:
                out[k] = spanned
    return out


def _share_outside(root: np.ndarray, factor: FactorProducts, column: int) -> float:
    """Share of a column, split by level, that is outside the fixed effects' space; `root` is Cholesky's of X'X."""
    inside = lapack.dtrtrs(root, factor.zxy[column, :-1], lower=1)[0]
    total = float(factor.zz[column, column].sum())
    return (total - float(np.vdot(inside, inside))) / total


def constant_within(factor: FactorProducts, products: CrossProducts) -> list[str]:
    """Names of fixed effects in the space of a factor's first column by level: predictors that are constant there."""
    if products.shift.rotation is not None:  # what is at hand is a basis, not the columns
        return []
    inside = (factor.zxy[0, :-1] ** 2 / factor.zz[0, 0]).sum(axis=1)
    whole = products.xy.diagonal()[:-1]
    same = whole - inside < CONFOUNDED_SHARE * whole
    return [name for k, name in enumerate(products.x_names) if same[k] and k != products.shift.intercept]
