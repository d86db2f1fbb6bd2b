"""A generalized mixed model's fit as a value: its numbers in the user's coefficients."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
import pandas as pd

from ..errors import ConvergenceWarning, DataError, FitError, SingularFitWarning, counted, users_stacklevel
from ..frame.model_frame import ModelFrame, RandomPart
from ..generalized.distribution import Family
from ..generalized.laplace import GeneralizedEvaluation
from ..generalized.pirls import OR_LINK, OR_START
from ..generalized.residuals import residuals
from ..generalized.response import Response
from ..likelihood.covariance import CovarianceLayout
from ..optimize.optimum import Log
from .checks import singular_message
from .fitted import FittedMixed
from .generalized_checks import (
    convergence_message,
    demand_finite,
    demand_means,
    demand_resolved,
    demand_start,
    demand_structure,
    offset_said,
    perfect_message,
)
from .generalized_criterion import PerfectFit
from .generalized_curvature import UsersCriterion, curvature, even_directions, inverse_block
from .generalized_information import AtModes, Information, information
from .generalized_rows import WorkedRows, criterion_of
from .generalized_search import GeneralizedOptimum, search
from .response import new_response
from .working_covariance import WorkingCovariance

__all__ = ["GeneralizedFit"]

NOT_DEFINITE = (
    "The second derivatives of the likelihood are not those of a maximum, so that there are no standard errors: the "
    "data tell too little about a variance or a coefficient. Leave a term out."
)
# Standard deviation of effects on a binomial model's linear predictor from which nearly every level is certain.
CERTAIN_DEVIATION = 25.0
# Where the search for the theta of a negative binomial model starts.
FIRST_SIZE = 1.0
# Relative standard deviation of effects of the columns worked with from which a model is fitted again at least: at 0
# the slope is 0.
LEAST_START = 0.1
# The theta of a negative binomial model, over the mean of its counts, from which on they are Poisson's to all digits.
POISSON_SIZE = 1e6
# Decrease of the criterion that is none, where that theta is infinite.
AT_REST = 1e-6


@dataclass(frozen=True, eq=False)
class GeneralizedFit(FittedMixed):
    """What was estimated, from what, and how; it never changes.

    Attributes
    ----------
    frame : ModelFrame
        The rows in use.
    terms : tuple of RandomPart
        Random-effects terms in the order of theta.
    family : Family
        With its link; of a negative binomial model with its theta.
    n_agq : int
        0 for fixed effects moved with the modes, 1 for Laplace's approximation, else the nodes an effect.
    worked : WorkedRows
        The rows in the columns worked with.
    optimum : GeneralizedOptimum
        What the search did.
    estimated_size : bool
        Whether the theta of the negative binomial family was estimated.
    """

    family: Family
    n_agq: int
    worked: WorkedRows
    optimum: GeneralizedOptimum
    estimated_size: bool = False

    reml = False

    @classmethod
    def estimate(
        cls,
        frame: ModelFrame,
        terms: list[RandomPart],
        family: Family,
        n_agq: int = 1,
        start: Any = None,
        verbose: bool = False,
        quiet: bool = False,
        silent: bool = False,
        least: float = 0.0,
    ) -> Self:
        """Maximise the likelihood; :func:`mlm.glmer` says what the arguments mean.

        `quiet` is said of a model that is fitted for another: that its variances are 0 is not warned of. `silent` is
        said of one among many: nothing is, and `messages` has it. `least` is the relative standard deviation of effects
        of the columns worked with from which the search starts at least, where there is a start.
        """
        demand_structure(frame, terms, family, n_agq)
        estimated = family.name == "negative.binomial" and family.theta is None
        first = family.with_theta(FIRST_SIZE) if estimated else family
        worked, laplace = criterion_of(frame, terms, first, n_agq)
        theta, beta = demand_start(start, worked, least)
        log = Log(verbose)
        try:
            optimum = search(laplace, theta, beta, n_agq == 0, estimated, log)
        except PerfectFit as perfect:
            raise FitError(perfect_message(frame, perfect.by_effects)) from None
        except FitError as error:
            demand_finite(frame, terms, family, None)
            remedies = str(error).replace(OR_LINK, "") if first.takes_any_predictor else str(error)
            said = remedies + offset_said(frame, first)
            if start is None:
                raise FitError(said) from error
            said = said.replace(OR_START, "")
            raise FitError(f"{said} The search was started at start={start!r}: leave that out.") from error
        demand_finite(frame, terms, family, optimum)
        demand_means(frame, worked, optimum)
        demand_resolved(frame, family, optimum)
        found = cls(frame, tuple(terms), optimum.laplace.problem.working.family, n_agq, worked, optimum, estimated)
        if not silent:
            found._warn(quiet)
        return found

    def refit(self, y: Any, silent: bool = False) -> Self:
        """Fit again to another response, from where this fit ended.

        Parameters
        ----------
        y : array_like, shape (n,)
            A new response for the rows in use, as `simulate` draws them: of a binomial model shares of successes among
            the same trials. A Series is aligned by its labels.
        silent : bool
            Whether to say nothing of the fit: `messages` has it.

        Returns
        -------
        GeneralizedMixedModel

        Raises
        ------
        DataError
            When there are not as many numbers as rows, their labels are others, or some are missing or not the
            family's.
        FitError
            As for `mlm.glmer`.

        Examples
        --------
        >>> import mlm
        >>> data = {"y": [0, 1, 1, 1, 0, 0, 1, 1, 1, 0, 0, 0], "g": list("aaabbbcccddd")}
        >>> m = mlm.glmer("y ~ 1 + (1 | g)", data)
        >>> m.refit([1, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0, 1]).nobs
        12
        """
        values = new_response(self.frame, y)
        outside = (values < self.family.lower) | (values > self.family.upper)
        if outside.any():
            raise DataError(
                f"The new response has {counted(int(outside.sum()), 'row')} that the {self.family.name} family cannot "
                f"have: numbers from {self.family.lower:g} to {self.family.upper:g}."
            )
        frame = replace(self.frame, y=values, outcome=replace(self.outcome, values=values))
        return self.on_rows(frame, list(self.terms), silent)

    @property
    def asked_family(self) -> Family:
        """The family as it was asked for, with no theta where that is to be estimated."""
        return replace(self.family, theta=None) if self.estimated_size else self.family

    def on_rows(self, frame: ModelFrame, terms: list[RandomPart], silent: bool = False, quiet: bool = False) -> Self:
        """Fit the same model, or one without some columns, to other rows or a response, from where this fit ended."""
        family, left = self.asked_family, set(frame.x_names)
        start = {"theta": self.theta, "fixef": self._beta[[name in left for name in self.frame.x_names]]}
        return self.estimate(frame, terms, family, self.n_agq, start, False, quiet, silent, LEAST_START)

    def _warn(self, quiet: bool) -> None:
        if self.is_singular and not quiet:
            warnings.warn(singular_message(self.singular_terms), SingularFitWarning, stacklevel=users_stacklevel())
        for message in self._unsettled:
            warnings.warn(message, ConvergenceWarning, stacklevel=users_stacklevel())

    @property
    def _unsettled(self) -> list[str]:
        """Why this may not be the maximum."""
        said: list[str] = []
        if self._is_poisson:
            largest = POISSON_SIZE * max(float(np.mean(self.frame.y)), 1.0)
            said.append(
                f"The negative binomial theta has no finite estimate (it is beyond {largest:.0e}): "
                f"{self.response!r} varies no more than counts of family='poisson' do. Use that."
            )
        elif not self.converged:
            said.append(convergence_message(self.optimum.message, len(self.optimum.log), self.terms))
        return said + self._certain_levels

    @property
    def _is_poisson(self) -> bool:
        """Whether the theta of the negative binomial family was estimated, and has no finite estimate."""
        if not self.estimated_size or self.family.theta is None:
            return False
        return self.family.theta > POISSON_SIZE * max(float(np.mean(self.frame.y)), 1.0)

    @property
    def _certain_levels(self) -> list[str]:
        """Terms of a binomial model whose effects are so large that they tell outcomes for certain."""
        layout, sizes = self.worked.layout, np.abs(self._at.theta)
        large = [
            f"'({part.term.text})'"
            for slot, part in zip(layout.slots, self.terms, strict=True)
            if self.family.name == "binomial" and sizes[slot.elements].max() > CERTAIN_DEVIATION
        ]
        if not large:
            return []
        return [
            f"The standard deviation of {', '.join(large)} is estimated as {sizes.max():.0f} on the scale of the "
            "linear predictor: its levels tell the outcomes all but for certain, and the likelihood has no maximum, or "
            "one that means little. Leave the term out, or use fewer slopes."
        ]

    # the criterion

    @property
    def _at(self) -> GeneralizedEvaluation:
        return self.optimum.evaluation

    @property
    def deviance_function(self) -> UsersCriterion:
        """The criterion as a function of theta and beta, ``m.deviance_function.value(theta, beta)``."""
        return UsersCriterion(self.worked, self.optimum.laplace, self._at)

    @property
    def theta(self) -> np.ndarray:
        """Relative covariance parameters in lme4's order, shape (n_theta,)."""
        return self.worked.users_theta(self._at.theta)

    @property
    def has_scale(self) -> bool:
        """Whether the family has a dispersion that is estimated."""
        return self.family.has_scale

    @property
    def sigma(self) -> float:
        """Square root of the dispersion, 1 for families without one.

        As lme4 has it: Pearson residuals' sum of squares and that of the spherical effects, over the rows.
        """
        if not self.has_scale:
            return 1.0
        return self.worked.units.spherical * math.sqrt((self._pearson_squares + self._at.mode.penalty) / self.nobs)

    @property
    def _pearson_squares(self) -> float:
        at, working = self._at.mode.at, self.optimum.laplace.problem.working
        mean = self.family.link.inverse(at.eta)
        return float(np.sum(working.weights * np.square(working.y - mean) / self.family.variance(mean)))

    @property
    def criterion_name(self) -> str:
        """What was minimised."""
        return "-2 log-likelihood"

    @property
    def deviance(self) -> float:
        """Deviance of the rows at the conditional modes, lme4's ``deviance(m)``; ``-2 * m.loglik`` is another."""
        at, working = self._at.mode.at, self.optimum.laplace.problem.working
        return working.penalty_factor * float(np.sum(working.weights * self.family.deviances_at(working.y, at.eta)))

    @property
    def loglik(self) -> float:
        """Log-likelihood, with all constants.

        With ``n_agq > 1`` lme4's ``logLik`` is larger, by that of a model with a parameter for each row: a constant of
        the response. With ``n_agq=0`` it is Laplace's approximation at estimates that do not maximise it. Of families
        with a dispersion it is lme4's: 1 below the density's, as R counts the dispersion in (2 of ``-2 * loglik``).
        """
        return -0.5 * self._at.value

    @property
    def npar(self) -> int:
        """Number of parameters, which are fixed effects, variances, covariances, and a dispersion that is estimated."""
        return len(self._at.beta) + len(self._at.theta) + int(self.has_scale or self.family.theta is not None)

    @property
    def converged(self) -> bool:
        """Whether the search reached a minimum; `mlm.ConvergenceWarning` is given when it did not.

        Where the theta of the negative binomial family has no finite estimate, whether all else did, as for `mlm.glm`.
        """
        return self.optimum.converged or (self._is_poisson and self._is_at_rest)

    @property
    def _is_at_rest(self) -> bool:
        """Whether no decrease is left in the direction of theta, and of beta unless it is moved with the modes."""
        free = len(self._at.theta) + (len(self._at.beta) if self.n_agq else 0)
        slope, hessian = self._at.gradient[:free], self.optimum.hessian[:free, :free]
        return bool(0.5 * slope @ np.linalg.lstsq(hessian, slope, rcond=None)[0] < AT_REST)

    @property
    def optimizer(self) -> str:
        """Name of the optimiser."""
        return self.optimum.optimizer

    @property
    def optimizer_info(self) -> GeneralizedOptimum:
        """What the search did, with ``converged``, ``optimizer``, ``message`` and ``log``."""
        return self.optimum

    @property
    def _relative(self) -> tuple[CovarianceLayout, np.ndarray]:
        layout = self.worked.layout
        return layout, layout.rectify(self._at.theta) / self.worked.units.spherical

    @property
    def messages(self) -> list[str]:
        """What the fit has to say about itself."""
        return [f"singular fit: ({t})" for t in self.singular_terms] + self._unsettled

    # fixed effects

    @cached_property
    def _beta(self) -> np.ndarray:
        return self.worked.users_beta(self._at.beta)

    @cached_property
    def _vcov(self) -> np.ndarray:
        return self.worked.users_covariance(self._own_covariance, self._directions)

    @property
    def working_covariance(self) -> WorkingCovariance:
        """The covariance of the fixed effects of orthonormal columns."""
        even = self._directions
        return WorkingCovariance(lambda rows: self.worked.working_rows(rows) @ even, self._own_covariance)

    @cached_property
    def _own_covariance(self) -> np.ndarray:
        return self._along_directions(use_hessian=self.n_agq > 0)

    def fixed_covariance(self, use_hessian: bool) -> np.ndarray:
        """Covariance of the fixed effects, shape (p, p).

        Parameters
        ----------
        use_hessian : bool
            Twice the inverse of the criterion's second derivatives by theta and beta; False for the information at the
            conditional modes, as if theta were known.
        """
        return self.worked.users_covariance(self._along_directions(use_hessian), self._directions)

    def _along_directions(self, use_hessian: bool) -> np.ndarray:
        """The same along directions in which rows beside one far from them keep their digits, shape (p, p)."""
        if use_hessian:
            inverse = inverse_block(self._hessian, len(self._at.theta))
            if not (inverse.diagonal() > 0.0).all():
                warnings.warn(NOT_DEFINITE, ConvergenceWarning, stacklevel=users_stacklevel())
                inverse = np.full_like(inverse, np.nan)
            return inverse
        scale = self.sigma / self.worked.units.spherical
        rows = replace(self.worked.rows, xt=self._directions.T @ self.worked.rows.xt)
        return np.asarray(scale**2 * np.linalg.inv(information(rows, self._at_modes).matrix))

    @cached_property
    def _hessian(self) -> np.ndarray:
        """Second derivatives of the criterion by theta and along directions of beta, in the columns worked with."""
        return curvature(self.optimum, self._directions)

    @cached_property
    def _directions(self) -> np.ndarray:
        return even_directions(self.optimum)

    @property
    def mode_information(self) -> Information:
        """What the rows tell of the fixed effects at the conditional modes, theta taken as known."""
        return information(self.worked.rows, self._at_modes)

    @property
    def _at_modes(self) -> AtModes:
        mode = self._at.mode
        return AtModes(mode.matrices, mode.system, mode.at.weights)

    @cached_property
    def leverages(self) -> np.ndarray:
        """What each row has of its own fitted value at the conditional modes, shape (n,), by its working weight.

        lme4's ``hatvalues`` multiplies by prior weights where working ones belong, and says that it may not make sense.
        """
        found = np.empty(self.nobs)
        found[self.worked.order] = self.mode_information.leverages()
        found.flags.writeable = False
        return found

    # random effects

    @property
    def modes(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Conditional modes (q, J) and unscaled conditional covariances (q, q, J) of each factor, read-only."""
        return dict(self._modes)

    @cached_property
    def _modes(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        mode, inverse, out = self._at.mode, self._at.mode.system.inverse(), {}
        for k, name in enumerate(self.worked.names):
            users = self.worked.users_effects(k, mode.matrices[k])
            covariance = np.einsum("ai,ikj,bk->abj", users, inverse[k, k], users)
            covariance /= self.worked.units.spherical**2
            effects = users @ mode.u[k]
            for array in (effects, covariance):
                array.flags.writeable = False
            out[name] = effects, covariance
        return out

    # rows

    @cached_property
    def _eta(self) -> np.ndarray:
        eta = np.empty(self.nobs)
        eta[self.worked.order] = self.worked.units.predictor * self._at.mode.at.eta + self.worked.units.shift
        return eta

    @property
    def outcome(self) -> Response:
        """The response as the family takes it, with values, weights and what is success."""
        found = self.frame.outcome
        assert isinstance(found, Response)
        return found

    @property
    def linear_predictors(self) -> pd.Series:
        """Linear predictors at the conditional modes, offset included, by row label."""
        return pd.Series(self._eta, self.frame.index.view(), copy=True)

    @property
    def fitted(self) -> pd.Series:
        """Fitted means at the conditional modes, by row label; of a binomial response, probabilities."""
        return pd.Series(self.family.link.inverse(self._eta), self.frame.index.view())

    @property
    def resid(self) -> pd.Series:
        """Deviance residuals, by row label."""
        return self._residuals("deviance")

    @property
    def scaled_resid(self) -> pd.Series:
        """Pearson residuals over sigma, as in lme4's summary."""
        return self._residuals("pearson") / self.sigma

    def _residuals(self, kind: str) -> pd.Series:
        return pd.Series(residuals(self.family, self.outcome, self._eta, kind), self.frame.index.view())
