"""t and F tests of contrasts of the fixed effects, one face for each way to find their degrees of freedom."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np
import scipy

from ..errors import ArgumentError, brief, is_one_of
from ..fit.fit import Fit
from ..fit.working_covariance import WorkingCovariance
from .kenward_roger import kenward_roger, scaled_denominator
from .satterthwaite import VarianceInformation, degrees_of_freedom

__all__ = ["Asymptotic", "Denominators", "Exact", "FTest", "Satterthwaite", "WithKenwardRoger", "checked_ddf"]

# Share of the variance that a contrast keeps beside the others, each of length 1, up to which it depends on them.
DEPENDENT = 1e-10
# Degrees of freedom of single contrasts that count as the same.
SAME_DF = 1e-8
METHODS = {"satterthwaite": "Satterthwaite", "kenward-roger": "Kenward-Roger"}


def checked_ddf(ddf: Any) -> str | None:
    """Return how degrees of freedom are found: None, ``"satterthwaite"`` or ``"kenward-roger"``.

    lmerTest's spellings are known, too: capitals, and ``"lme4"`` for none.

    Raises
    ------
    ArgumentError
        When it is something else.
    """
    known = ddf.lower() if isinstance(ddf, str) else ddf
    if not is_one_of(known, (None, "lme4", *METHODS)):
        raise ArgumentError(f"ddf must be None, 'satterthwaite' or 'kenward-roger'; got {brief(ddf)}.")
    return None if known == "lme4" else known


class FTest(NamedTuple):
    """An F test: the statistic, its degrees of freedom, what it was multiplied by, and if known its numerator."""

    value: float
    numdf: int
    dendf: float
    scaling: float = 1.0
    square: float | None = None

    @property
    def pvalue(self) -> float:
        """Upper tail probability of the F distribution."""
        if self.dendf == np.inf:  # nothing is estimated of the residual variance
            return float(scipy.special.chdtrc(self.numdf, self.numdf * self.value))
        return float(scipy.stats.f.sf(self.value, self.numdf, self.dendf)) if self.numdf else np.nan


class Denominators(Protocol):
    """A covariance matrix of the fixed effects, with the degrees of freedom of what is tested by it."""

    @property
    def method(self) -> str:
        """What R calls it; empty where the degrees of freedom are exact."""

    @property
    def vcov(self) -> np.ndarray:
        """Covariance matrix of the user's coefficients, shape (p, p)."""

    @property
    def working_covariance(self) -> WorkingCovariance:
        """The same of those worked with, by which variances of contrasts are computed."""

    def dfs(self, contrasts: np.ndarray) -> np.ndarray:
        """Degrees of freedom of single contrasts, shape (k, p): shape (k,); NaN for zeros only."""

    def f_test(self, contrasts: np.ndarray, difference: np.ndarray) -> FTest:
        """Test whether contrasts, shape (k, p), are what was supposed.

        Parameters
        ----------
        contrasts : ndarray, shape (k, p)
        difference : ndarray, shape (k,)
            Estimates less what was supposed.
        """


class Whitened(NamedTuple):
    """Contrasts in terms of working coefficients whose estimates are independent, with the variance sigma².

    Attributes
    ----------
    directions : ndarray, shape (q, p)
        Orthonormal rows: the right singular vectors, of the q contrasts that do not depend on others.
    combined : ndarray, shape (q, k)
        What makes them of the contrasts.
    contrasts : ndarray, shape (k, p)
        Of the working coefficients.
    """

    directions: np.ndarray
    combined: np.ndarray
    contrasts: np.ndarray

    @classmethod
    def of(cls, fit: Fit, root: np.ndarray, contrasts: np.ndarray) -> Whitened:
        """Decompose contrasts (k, p) of the user's coefficients; R is the root of the working ones' covariance."""
        working = fit.products.shift.contrast(contrasts)
        rows = working @ root
        length = np.sqrt((rows * rows).sum(axis=1, keepdims=True))
        shares = np.linalg.svd(rows / np.where(length > 0.0, length, 1.0), compute_uv=False)
        rank = int((shares**2 > DEPENDENT).sum())
        left, sizes, right = np.linalg.svd(rows, full_matrices=False)
        return cls(right[:rank], (left[:, :rank] / sizes[:rank]).T, working)


class Satterthwaite:
    """Satterthwaite's degrees of freedom; of several contrasts at once after Fai & Cornelius.

    Fai & Cornelius (1996), J. Stat. Comput. Simul. 54, 363-378; Kuznetsova et al. (2017), J. Stat. Softw. 82(13),
    section 2.

    Parameters
    ----------
    fit : Fit
    information : VarianceInformation
    """

    method = METHODS["satterthwaite"]

    def __init__(self, fit: Fit, information: VarianceInformation) -> None:
        self.fit, self.information = fit, information

    @property
    def vcov(self) -> np.ndarray:
        """See `Denominators.vcov`."""
        return self.fit._vcov.copy()

    @property
    def working_covariance(self) -> WorkingCovariance:
        """See `Denominators.working_covariance`."""
        return self.fit.working_covariance

    def dfs(self, contrasts: np.ndarray) -> np.ndarray:
        """See `Denominators.dfs`."""
        working = self.fit.products.shift.contrast(contrasts)
        return degrees_of_freedom(self.fit, self.information, working)

    def f_test(self, contrasts: np.ndarray, difference: np.ndarray) -> FTest:
        """See `Denominators.f_test`: the mean of squared t statistics of independent contrasts."""
        of = Whitened.of(self.fit, self.information.root, contrasts)
        q = len(of.directions)
        if not q:
            return FTest(np.nan, 0, np.nan)
        t = of.combined @ difference / self.fit.sigma
        dfs = degrees_of_freedom(self.fit, self.information, of.combined @ of.contrasts)
        return FTest(float(t @ t) / q, q, _joint_df(dfs))


def _joint_df(dfs: np.ndarray) -> float:
    """Degrees of freedom of the mean of squares of t statistics with these, so that the F distribution's mean is met.

    With some of 2 or less their mean is infinite; lmerTest takes 2 then, and so it is here.
    """
    if np.ptp(dfs) < SAME_DF:
        return float(dfs.mean())
    if not (dfs > 2.0).all():
        return 2.0
    expected = float((dfs / (dfs - 2.0)).sum())
    return 2.0 * expected / (expected - len(dfs))


class WithKenwardRoger:
    """Kenward and Roger's covariance matrix, degrees of freedom and scaled F statistic.

    Parameters
    ----------
    fit : Fit
        By REML.
    """

    method = METHODS["kenward-roger"]

    def __init__(self, fit: Fit) -> None:
        self.fit, self.found = fit, kenward_roger(fit)

    @property
    def vcov(self) -> np.ndarray:
        """See `Denominators.vcov`."""
        shift = self.fit.products.shift
        return shift.covariance(self.working_covariance.matrix / shift.scale / shift.scale)

    @property
    def working_covariance(self) -> WorkingCovariance:
        """See `Denominators.working_covariance`."""
        root = self.found.information.root
        return WorkingCovariance(
            self.fit.products.shift.contrast, self.fit.sigma**2 * (root @ self.found.adjusted @ root.T)
        )

    def dfs(self, contrasts: np.ndarray) -> np.ndarray:
        """See `Denominators.dfs`."""
        working = self.fit.products.shift.contrast(contrasts)
        return degrees_of_freedom(self.fit, self.found.information, working)

    def f_test(self, contrasts: np.ndarray, difference: np.ndarray) -> FTest:
        """See `Denominators.f_test`."""
        of = Whitened.of(self.fit, self.found.information.root, contrasts)
        q = len(of.directions)
        if not q:
            return FTest(np.nan, 0, np.nan)
        t = of.combined @ difference / self.fit.sigma
        square = float(t @ np.linalg.solve(of.directions @ self.found.adjusted @ of.directions.T, t))
        df, factor = scaled_denominator(self.found.information, of.directions)
        return FTest(factor * square / q, q, df, factor)


class Exact:
    """The degrees of freedom of a linear model, those of its residuals.

    Parameters
    ----------
    vcov : ndarray, shape (p, p)
    working_covariance : WorkingCovariance
    df : float
    unscaled : WorkingCovariance, optional
        The covariance over the residual variance, of a fit that leaves no residuals: F is infinite then.
    """

    method = ""

    def __init__(
        self,
        vcov: np.ndarray,
        working_covariance: WorkingCovariance,
        df: float,
        unscaled: WorkingCovariance | None = None,
    ) -> None:
        self.vcov, self.working_covariance, self.df, self.unscaled = vcov, working_covariance, df, unscaled

    def dfs(self, contrasts: np.ndarray) -> np.ndarray:
        """See `Denominators.dfs`."""
        return np.where(contrasts.any(axis=1), float(self.df), np.nan)

    def f_test(self, contrasts: np.ndarray, difference: np.ndarray) -> FTest:
        """See `Denominators.f_test`."""
        if np.isnan(self.vcov).any():  # as many coefficients as rows
            return FTest(np.nan, int(np.linalg.matrix_rank(contrasts)), np.nan)
        if self.unscaled is None:
            return self._f_test(self.working_covariance, contrasts, difference)
        found = self._f_test(self.unscaled, contrasts, difference)
        return found._replace(value=np.inf if found.value > 0.0 else np.nan, square=found.value)

    def _f_test(self, by: WorkingCovariance, contrasts: np.ndarray, difference: np.ndarray) -> FTest:
        values, vectors = np.linalg.eigh(by.covariance(contrasts))
        there = values > DEPENDENT * values.max(initial=0.0)
        if not there.any():
            return FTest(np.nan, 0, np.nan)
        t = vectors[:, there].T @ difference
        return FTest(float((t * t / values[there]).mean()), int(there.sum()), float(self.df))


class Asymptotic(Exact):
    """The normal distribution, where it was asked for, or of fits that were solved iteratively.

    Parameters
    ----------
    m : fitted model
    """

    method = "asymptotic"

    def __init__(self, m: Any) -> None:
        super().__init__(m.vcov.to_numpy(), m.working_covariance, np.inf)
