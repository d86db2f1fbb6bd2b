"""Kenward and Roger's covariance matrix of the fixed effects, and degrees of freedom with it.

Kenward & Roger (1997), Biometrics 53, 983-997; Halekoh & Højsgaard (2014), J. Stat. Softw. 59(9), section 3.

The covariance matrix V sigma² is linear in the elements of Sigma sigma², and in sigma². Along a change ``V_a = Z S_a
Z'`` of V, with ``R R' = (X' V^-1 X)^-1`` and ``F = V^-1 X R``, their ``P_a`` is ``-M_a = -F' V_a F`` and their ``Q_ab``
is ``N_ab = F' V_a V^-1 V_b F``, both between R^-1 and its transpose; there are no second derivatives. The expected
information of REML, twice, is

    ``E_ab = tr(V^-1 V_a V^-1 V_b) - 2 tr N_ab + tr M_a M_b``.

The last direction is V itself, in the place of sigma²: of it ``V_v V^-1`` is the identity, so that ``M_v = N_vv = I``,
``N_av = M_a``, ``E_av = tr V^-1 V_a - tr M_a`` and ``E_vv = n - p``. It adds nothing to the adjustment. Eliminated, it
leaves ``J_ab = E_ab - E_av E_bv / (n - p)``, and with ``K K' = J^-1`` all is in the relative changes

    ``D_k = sum_a K_ak (M_a - E_av / (n - p) I)``,

as in `satterthwaite`: the adjusted covariance matrix is ``sigma² R (I + 4 sum_ab (J^-1)_ab (N_ab - M_a M_b)) R'``, and
where P projects onto the contrasts (between R' and R), ``A_1 = 2 q² / (n - p) + 2 sum_k (tr P D_k)²`` and ``A_2 = 2 q /
(n - p) + 2 sum_k tr (P D_k)²``. Nothing has n rows.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..errors import FitError
from ..fit.fit import Fit
from ..likelihood.covariance import CovarianceLayout
from ..likelihood.interior import unit_changes
from .satterthwaite import VarianceInformation, inverse_root

__all__ = ["KenwardRoger", "kenward_roger", "scaled_denominator"]

# Numerator of `V*` below which it is 0 (Halekoh & Højsgaard 2014, section 3.2 take the same).
NOTHING = 1e-10


class KenwardRoger(NamedTuple):
    """The adjusted covariance matrix, and how sure it is.

    Attributes
    ----------
    information : VarianceInformation
        From the expected information of the restricted likelihood.
    adjusted : ndarray, shape (p, p)
        What stands between R and R' in the adjusted (working) covariance matrix, over sigma².
    """

    information: VarianceInformation
    adjusted: np.ndarray


def kenward_roger(fit: Fit) -> KenwardRoger:
    """Adjust the covariance matrix of the fixed effects for the variance parameters' being estimated.

    Parameters
    ----------
    fit : Fit
        By REML. With prior weights, ``W^-1`` stands in the place of the residuals' identity.

    Returns
    -------
    KenwardRoger

    Raises
    ------
    FitError
        When the model was fitted by maximum likelihood, for which the adjustment does not hold.
    """
    if not fit.reml:
        raise FitError(
            "Kenward and Roger's method is one of REML, and this model was fitted by maximum likelihood; take "
            "m.refit(reml=True)."
        )
    deviance, layout, p = fit.working, fit.working.layout, fit.products.p
    found = deviance.expected(layout.matrices(fit.optimum.evaluation.theta), unit_changes(layout))
    dof, flat = fit.nobs - p, found.sums.reshape(len(found.sums), p * p)
    scale = found.single - np.trace(found.sums, axis1=1, axis2=2)
    expected = found.traces - 2.0 * found.pairs + flat @ flat.T - np.outer(scale, scale) / dof
    root = inverse_root(expected, found.traces, _extent(layout, found.traces))
    weights, of_sums = root @ root.T, np.tensordot(root.T, found.sums, axes=1)
    adjusted = np.eye(p) + 4.0 * (found.weighted(weights) - np.add.reduce(of_sums @ of_sums, 0))
    changes = of_sums - (root.T @ scale / dof)[:, None, None] * np.eye(p)
    return KenwardRoger(VarianceInformation(found.root, changes, dof), 0.5 * (adjusted + adjusted.T))


def _extent(layout: CovarianceLayout, traces: np.ndarray) -> np.ndarray:
    """What each trace may be at most: of a covariance the geometric mean of its variances', see `extents`."""
    own = np.maximum(traces.diagonal(), 0.0)
    pairs = [(k, *map(int, np.argwhere(unit)[0])) for k in range(len(layout.sizes)) for unit in layout.units(k)]
    place = {pair: own[at] for at, pair in enumerate(pairs)}
    return np.array([np.sqrt(place[k, i, i]) * np.sqrt(place[k, j, j]) for k, i, j in pairs])


def scaled_denominator(information: VarianceInformation, directions: np.ndarray) -> tuple[float, float]:
    """Degrees of freedom of the denominator, and what the F statistic is multiplied by.

    Parameters
    ----------
    information : VarianceInformation
        See `KenwardRoger`.
    directions : ndarray, shape (q, p)
        Orthonormal rows that span the contrasts, between R' and R.

    Returns
    -------
    df, factor : float
        NaN where the approximation has no degrees of freedom.

    References
    ----------
    Kenward & Roger (1997), section 3; Halekoh & Højsgaard (2014), section 3.2.
    """
    q = len(directions)
    along = directions @ information.changes @ directions.T
    single = np.trace(along, axis1=1, axis2=2)
    a1 = 2.0 * (q * q / information.dof + float(single @ single))
    a2 = 2.0 * (q / information.dof + float(np.einsum("kab,kba->", along, along)))
    b = (a1 + 6.0 * a2) / (2.0 * q)
    g = ((q + 1.0) * a1 - (q + 4.0) * a2) / ((q + 2.0) * a2)
    below = 3.0 * q + 2.0 * (1.0 - g)
    v0, v1, v2 = 1.0 + g / below * b, 1.0 - (q - g) / below * b, 1.0 - (q + 2.0 - g) / below * b
    v0 = 0.0 if abs(v0) < NOTHING else v0
    share = 1.0 - a2 / q
    ratio = share / v1 if abs(share) >= NOTHING or abs(v1) >= NOTHING else 1.0
    rho = ratio * ratio * v0 / v2 / q
    df = 4.0 + (q + 2.0) / (q * rho - 1.0)
    return df, df * share / (df - 2.0) if abs(df - 2.0) >= NOTHING else 1.0
