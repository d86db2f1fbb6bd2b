"""Satterthwaite's degrees of freedom for the fixed effects.

Kuznetsova, Brockhoff & Christensen (2017), J. Stat. Softw. 82(13), section 2; Giesbrecht & Burns (1985), Biometrics 41.

A variance v estimated with f degrees of freedom has the variance ``2 v² / f``. That of a contrast's variance v is, by
the delta method, ``g' A g``, with the derivatives g of v by (theta, sigma) and their asymptotic covariance matrix A,
which is twice the inverse of the deviance's second derivatives. Equated, these give ``f = 2 v² / g' A g``.

The deviance is ``log |V| + dof log(2 pi sigma²) + r²(theta) / sigma²`` (Bates et al. 2015, section 3; under REML with
``log |X' V^-1 X|`` besides). By log sigma its second derivative is ``4 dof`` at the minimum, and by theta and log sigma
``2 s``, with ``s = -d r² / sigma²``. Sigma eliminated from A (the inverse of a matrix in four blocks), this is

    ``1 / f = 1 / dof + delta' H^-1 delta``

with the second derivatives H of the *profiled* criterion and the derivatives delta of ``log v``, sigma² in v being
``r²(theta) / dof``. There are no units in it: v is divided by itself, and nothing else depends on those of the response
or the weights.

H and delta are tensors, the same by whatever parameters they are found: at the minimum, whose position alone matters,
the slope of the criterion is 0. `free_steps` has parameters that are the same in any units of the random-effects
columns, and says what is done where the minimum is on the boundary.
"""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
from scipy.linalg import lapack

from ..errors import ConvergenceWarning, DataError, users_stacklevel
from ..fit.fit import Fit
from ..frame.column import Column
from ..likelihood.criterion import Curvature, Evaluation
from ..likelihood.deviance import Deviance
from ..likelihood.free_steps import along_steps, extents, free_steps, mean_products
from ..likelihood.interior import in_the_interior

__all__ = ["VarianceInformation", "contrast_df", "degrees_of_freedom", "inverse_root", "variance_information"]

# Second derivative along a direction, over what it would be expected to be with known fixed effects and sigma, below
# which the data say nothing of the direction; so for a direction whose change of V others can make up. Measured where
# two terms are the same: 5e-10 is left, by as much as the slope at the end of a search is not 0.
LEAST_SHARE = 1e-8
# The same for a direction that does not change V, above which the criterion rises in it all the same: far above what is
# left of the slope at the end of a search.
LEAST_BEND = 1e-6
# Decrease of the criterion that Newton's step from where the search has ended may promise: with less, the step would
# change nothing (it is shorter than 1e-9 standard errors of the parameters); with more, the search has not ended at a
# minimum, which is said elsewhere, and the fit is taken as it is. Fits below the upper bound count as ended at the same
# place (tests/test_differential.py).
LEAST_DECREASE, MOST_DECREASE = 5e-19, 1e-6
# Relative standard deviation of effects from which rounding of second derivatives is looked at: with crossed factors it
# grows with the fourth power. Measured: 5e-7 of the degrees of freedom at 300, 4e-5 at 1,000.
LARGE_DEVIATION = 10.0
# Relative changes of T for that, which change nothing else; and the relative difference above which it is said.
NEARBY, MOST_ROUNDING = (1e-11, -3e-11), 1e-6
# Relative difference from which no digit is known, and that of some thetas says nothing of the true ones.
UNKNOWN = 0.03
# Relative standard deviation of effects of several factors from which that is so whatever is seen. Measured: 3 % off at
# 4,000, and ten times as many degrees of freedom as there are at 1e5.
HOPELESS_DEVIATION = 1e4
# Newton steps to the minimum: each squares the distance. Measured, from a promise of 1e-8: 1e-13, 1e-26.
MOST_STEPS = 3


class VarianceInformation(NamedTuple):
    """What the fixed effects' covariance owes to how sure the variance parameters are.

    Attributes
    ----------
    root : ndarray, shape (p, p)
        R, with ``R R' = (X' V^-1 X)^-1``.
    changes : ndarray, shape (k, p, p)
        Relative changes of the (working) covariance matrix: it changes by ``R D R'``, along k independent directions of
        the variance parameters in each of which the profiled criterion has the second derivative 1.
    dof : int
        Degrees of freedom of the residual variance: n, or n - p under REML.
    nearby : tuple of VarianceInformation
        The same at variance parameters that differ by less than matters, where effects are large: it differs by
        rounding.
    """

    root: np.ndarray
    changes: np.ndarray
    dof: int
    nearby: tuple[VarianceInformation, ...] = ()


def variance_information(fit: Fit) -> VarianceInformation:
    """Differentiate the criterion, and the fixed effects' covariance, exactly.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    VarianceInformation

    Notes
    -----
    With ``F = V^-1 X R``, the covariance matrix ``sigma² R R'`` changes with V by ``sigma² R (F' V_a F) R'``, and
    sigma² by its share ``-e' V_a e / (dof sigma²)``. A search ends near the minimum, by as much as differs from one
    order of the rows to another: Newton's step, the second derivatives being at hand, ends at the minimum itself. Of
    `nloptwrap` the point is wanted where lme4 stops; there no step is made.
    """
    deviance, grams = fit.working, mean_products(fit.products)
    at = fit.optimum.evaluation
    matrices = deviance.layout.matrices(at.theta)
    found, steps, root = _differentiated(deviance, matrices, grams, at)
    if root.shape[1] < len(found.slope):
        matrices = in_the_interior(deviance, matrices, grams)
        found, steps, root = _differentiated(deviance, matrices, grams)
    for _ in range(0 if fit.optimizer == "nloptwrap" else MOST_STEPS):
        promised = found.slope @ root
        if not LEAST_DECREASE < 0.5 * float(promised @ promised) < MOST_DECREASE:
            break
        matrices = along_steps(matrices, steps, -root @ promised)
        found, steps, root = _differentiated(deviance, matrices, grams)
    large = max([float(np.abs(t).max(initial=0.0)) for t in matrices], default=0.0) >= LARGE_DEVIATION
    again = []
    for change in NEARBY if large else ():
        near = [(1.0 + change) * t for t in matrices]
        other, _, root_there = _differentiated(deviance, near, grams)
        again.append(_information(deviance, other, root_there))
    return _information(deviance, found, root)._replace(nearby=tuple(again))


def _differentiated(
    deviance: Deviance, matrices: list[np.ndarray], grams: list[np.ndarray], at: Evaluation | None = None
) -> tuple[Curvature, list[np.ndarray], np.ndarray]:
    """Derivatives along free steps of T, these, and the inverse root of the second ones; `at` is there, if given."""
    steps = free_steps(deviance.layout, matrices, grams)
    found = deviance.along(matrices, steps, at)
    return (
        found,
        steps,
        inverse_root(found.second, found.traces, extents(deviance.layout, matrices, grams, found.traces)),
    )


def _information(deviance: Deviance, found: Curvature, root: np.ndarray) -> VarianceInformation:
    dof, p = deviance.criterion.dof, len(found.root)
    changes = found.sums[:, :p, :p].copy().reshape(len(found.sums), p * p)
    changes[:, :: p + 1] -= found.sums[:, p, p][:, None] / dof
    return VarianceInformation(found.root, (root.T @ changes).reshape(root.shape[1], p, p), dof)


def contrast_df(fit: Fit, information: VarianceInformation, contrast: Any) -> float:
    """Satterthwaite's degrees of freedom of one contrast.

    Parameters
    ----------
    fit : Fit
    information : VarianceInformation
        Of this fit.
    contrast : array_like, shape (p,)
        Weights of the fixed effects.

    Returns
    -------
    float
        NaN for a contrast of zeros only.

    Raises
    ------
    DataError
        When the contrast has not one finite number a fixed effect.
    """
    weights = Column.of(contrast, "The contrast").numbers()
    if weights.shape != (fit.products.p,):
        raise DataError(f"A contrast has one number per fixed effect: {fit.products.p}; got shape {weights.shape}.")
    if np.isnan(weights).any():
        raise DataError(f"The contrast has {int(np.isnan(weights).sum())} missing values; write 0 for no weight.")
    return float(degrees_of_freedom(fit, information, fit.products.shift.contrast(_shortened(weights))[None])[0])


def degrees_of_freedom(fit: Fit, information: VarianceInformation, contrasts: np.ndarray) -> np.ndarray:
    """Degrees of freedom of contrasts of the working coefficients.

    Parameters
    ----------
    fit : Fit
    information : VarianceInformation
        Of this fit.
    contrasts : ndarray, shape (k, p)
        Of no length in particular: nothing depends on it.

    Returns
    -------
    ndarray, shape (k,)
        NaN for a contrast of zeros only.

    Warns
    -----
    ConvergenceWarning
        Rounding of second derivatives leaves few digits.
    """
    found, *nearby = [_of_contrasts(each, contrasts) for each in (information, *information.nearby)]
    hopeless = (
        not fit.working.solver.exact and max(map(abs, fit.optimum.evaluation.theta.tolist())) > HOPELESS_DEVIATION
    )
    if hopeless or nearby:
        known = np.max(
            [np.full(len(found), float(hopeless)), *(np.abs(other / found - 1.0) for other in nearby)], axis=0
        )
        for k in np.flatnonzero(known > MOST_ROUNDING).tolist():
            _say_rounding(float(found[k]), float(known[k]))
    return found


def _say_rounding(df: float, known: float) -> None:
    digits = f"are known to {known:.0e} of themselves only" if known < UNKNOWN else "are not known at all"
    warnings.warn(
        f"Degrees of freedom {df:.6g} {digits}: effects that vary so much more than the residuals "
        "leave too few digits of second derivatives. Centre predictors that are far from 0, or leave out what "
        "varies so much.",
        ConvergenceWarning,
        stacklevel=users_stacklevel(),
    )


def _of_contrasts(information: VarianceInformation, contrasts: np.ndarray) -> np.ndarray:
    """Degrees of freedom of contrasts (k, p) of the working coefficients, shape (k,)."""
    working = contrasts @ information.root
    largest = np.abs(working).max(axis=1, initial=0.0, keepdims=True)
    # a power of 2 rounds nothing; no element is above 1 then
    working = np.ldexp(working, -np.frexp(np.where(largest > 0.0, largest, 1.0))[1])
    squares = (working * working).sum(axis=1)
    squares[squares == 0.0] = np.nan
    delta = ((information.changes @ working.T) * working.T).sum(axis=1) / squares
    return np.asarray(1.0 / (1.0 / information.dof + (delta * delta).sum(axis=0)))


def _shortened(vector: np.ndarray) -> np.ndarray:
    """Divided by a power of 2, which rounds nothing: no element is above 1."""
    return np.asarray(np.ldexp(vector, -np.frexp(np.abs(vector).max())[1]))


def inverse_root(second: np.ndarray, traces: np.ndarray, extent: np.ndarray) -> np.ndarray:
    """K with ``K K' = H^-1`` for second derivatives H, on directions in which the criterion rises: shape (m, k).

    Parameters
    ----------
    second : ndarray, shape (m, m)
        H.
    traces : ndarray, shape (m, m)
        What they would be expected to be, see `Curvature.traces`.
    extent : ndarray, shape (m,)
        What the diagonal of the traces may be at most. Directions are measured by it: along one that changes V by
        next to nothing of that, nothing is told of the parameters, and second derivatives are rounding.

    Notes
    -----
    The lengths of directions are divided out. The criterion rises in all of them, if V changes in all, each pivot of H
    is well above what rounding leaves, and the largest eigenvalue of ``H^-1 M``, M being the traces, is below the
    inverse of `LEAST_SHARE`; it is not larger than the trace.
    """
    if not len(second):
        return np.empty((0, 0))
    if _positive(traces, extent) is not None and (root := _positive(second, second.diagonal())) is not None:
        scale = np.sqrt(second.diagonal())
        inverse = lapack.dtrtri(root, lower=1)[0]
        if float(np.vdot(inverse @ (traces / (scale[:, None] * scale)), inverse)) * LEAST_SHARE < 1.0:
            return np.asarray(inverse.T / scale[:, None])
    return _positive_root(second, traces, extent)


def _positive(matrix: np.ndarray, squares: np.ndarray) -> np.ndarray | None:
    """Lower factor of a symmetric matrix over lengths whose squares are given; None unless it is well positive."""
    if not np.minimum.reduce(squares) > 0.0:
        return None
    scale = np.sqrt(squares)
    root, info = lapack.dpotrf(matrix / (scale[:, None] * scale), lower=1, clean=1)
    return root if not info and np.minimum.reduce(root.diagonal()) ** 2 > LEAST_SHARE else None


def _positive_root(second: np.ndarray, traces: np.ndarray, extent: np.ndarray) -> np.ndarray:
    """The same, without directions in which the criterion does not rise, or which do not change V.

    On the boundary the criterion may rise in one that does not, as V then changes with the square of a step; others are
    taken so far along it that it is lowest.
    """
    scale = np.sqrt(extent)
    scale[scale == 0.0] = np.inf
    values, vectors = np.linalg.eigh(traces / np.outer(scale, scale))
    there = values > LEAST_SHARE
    basis, still = vectors[:, there] / np.sqrt(values[there]) / scale[:, None], vectors[:, ~there] / scale[:, None]
    bends, turn = np.linalg.eigh(still.T @ second @ still)
    still = (still @ turn)[:, bends > LEAST_BEND] / np.sqrt(bends[bends > LEAST_BEND])
    basis = basis - still @ (still.T @ second @ basis)
    rises, turn = np.linalg.eigh(basis.T @ second @ basis)
    return np.asarray((basis @ turn)[:, rises > LEAST_SHARE] / np.sqrt(rises[rises > LEAST_SHARE]))
