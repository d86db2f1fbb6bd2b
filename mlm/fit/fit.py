"""The fit as a value: its numbers in the user's coefficients, and how to fit again."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np

from ..crossproducts.blocks import CrossProducts
from ..errors import (
    ArgumentError,
    ConvergenceWarning,
    FitError,
    IdentificationWarning,
    MonteCarloWarning,
    SingularFitWarning,
    brief,
    listed,
    users_stacklevel,
)
from ..frame.model_frame import ModelFrame, RandomPart
from ..likelihood.covariance import CovarianceLayout
from ..likelihood.criterion import Evaluation
from ..likelihood.deviance import AUTOMATIC, Deviance, Solving, UsersDeviance
from ..optimize.minimise import minimise
from ..optimize.nloptwrap import lme4_start
from ..optimize.optimum import MonteCarlo, Optimum
from .checks import (
    by_reml,
    convergence_message,
    demand_identified,
    demand_residuals,
    demand_variation,
    iterative_message,
    singular_message,
    starting_theta,
)
from .convergence import exit_code, stopping_messages
from .fitted import FittedMixed
from .identification import Finding, unidentified, warning_text
from .of_sums import products_of
from .response import new_response
from .stages import deviance_function, independent_columns, sorted_terms
from .working_covariance import WorkingCovariance

__all__ = ["Fit"]


@dataclass(frozen=True, eq=False)
class Fit(FittedMixed):
    """What was estimated, from what, and how; it never changes.

    Attributes
    ----------
    frame : ModelFrame
        The rows in use.
    terms : tuple of RandomPart
        Random-effects terms in the order of theta.
    products : CrossProducts
    working : Deviance
        The criterion as a function of the theta of the columns worked with (see `mlm.crossproducts.bases`).
    optimum : Optimum
        What the optimiser did; every evaluation.
    reml : bool
    """

    products: CrossProducts
    working: Deviance
    optimum: Optimum
    reml: bool

    @classmethod
    def estimate(
        cls,
        frame: ModelFrame,
        terms: list[RandomPart],
        products: CrossProducts,
        reml: bool,
        optimizer: str = "newton",
        start: Any = None,
        tolerance: float | None = None,
        verbose: bool = False,
        again: bool = False,
        quiet: bool = False,
        solving: Solving = AUTOMATIC,
    ) -> Self:
        """Minimise the criterion on cross-products that are there; :func:`mlm.lmer` says what the arguments mean.

        `again` is said of a model that was fitted before: what its design cannot tell was said then. `quiet` is said of
        one that is fitted to compare: neither is it said whether it is singular, which is no news of the model at hand.
        """
        deviance = deviance_function(terms, products, reml, solving)
        demand_identified(terms, deviance)
        first = starting_theta(start, deviance)
        if first is None and isinstance(optimizer, str) and optimizer == "nloptwrap":
            first = lme4_start(frame, terms)
        optimum = minimise(deviance, optimizer, first, tolerance, verbose)
        demand_residuals(optimum, deviance)
        found = cls(frame, tuple(terms), products, deviance, optimum, reml)
        if not again and found.unidentified:
            warnings.warn(warning_text(found.unidentified), IdentificationWarning, stacklevel=users_stacklevel())
        if deviance.refused is not None and not again and not quiet:
            warnings.warn(iterative_message(deviance), MonteCarloWarning, stacklevel=users_stacklevel())
        if found.is_singular and not quiet:
            warnings.warn(singular_message(found.singular_terms), SingularFitWarning, stacklevel=users_stacklevel())
        if not found.converged:
            warnings.warn(convergence_message(optimum, terms), ConvergenceWarning, stacklevel=users_stacklevel())
        return found

    def refit(
        self, reml: bool | None = None, y: Any = None, optimizer: str = "newton", REML: bool | None = None
    ) -> Self:
        """Fit again by the other criterion, or to another response; cross-products are reused where they hold.

        Parameters
        ----------
        reml : bool, optional
            Default: as before.
        y : array_like, shape (n,), optional
            A new response for the rows in use; a Series is aligned by its labels.
        optimizer : str
        REML : bool, optional
            R's spelling of `reml`.

        Returns
        -------
        MixedModel

        Raises
        ------
        ArgumentError
            When `reml` and `REML` contradict each other, or an option has a value that it cannot have: a response goes
            by its name, ``refit(y=…)``.

        Examples
        --------
        >>> import mlm
        >>> m = mlm.lmer("y ~ 1 + (1 | g)", {"y": [1, 2, 4, 5, 7, 9], "g": list("aabbcc")})
        >>> m.refit(reml=False).reml, m.refit(y=[2, 3, 5, 6, 8, 10]).fixef.round(2).tolist()
        (False, [5.67])
        """
        if listed(reml) is not None:
            raise ArgumentError(
                f"Give the response by name, refit(y=…): the first argument is `reml`; got {brief(reml)}."
            )
        reml, terms = by_reml(reml, REML, default=self.reml), list(self.terms)
        if y is None:  # from where a fit of its own would start: the nearest minimum may not be the lowest
            return self.estimate(self.frame, terms, self.products, reml, optimizer, again=True, solving=self.solving)
        frame = replace(self.frame, y=new_response(self.frame, y), origin=None)
        frame, products = independent_columns(frame, terms)
        demand_variation(frame, products)
        return self.estimate(frame, terms, products, reml, optimizer, again=True, solving=self.solving)

    def on(self, frame: ModelFrame) -> Self:
        """Fit a smaller model of the same rows by the same criterion, without saying what it cannot tell.

        Parameters
        ----------
        frame : ModelFrame
            See `mlm.frame.reduction`.

        Returns
        -------
        Fit
            Of the same class.
        """
        terms = sorted_terms(frame)
        frame, products = products_of(frame, terms, quiet=True)
        return self.estimate(frame, terms, products, self.reml, again=True, quiet=True, solving=self.solving)

    # the criterion

    @cached_property
    def deviance_function(self) -> UsersDeviance:
        """The criterion as a function of theta, ``m.deviance_function.evaluate(theta)``."""
        return UsersDeviance(self.working)

    @property
    def solving(self) -> Solving:
        """How several grouping factors are to be solved, as `mlm.lmer` was asked."""
        return self.working.solving

    @property
    def monte_carlo(self) -> MonteCarlo | None:
        """What probes leave open of a fit that was solved iteratively; None of exact ones."""
        return self.optimum.monte_carlo

    @property
    def _at(self) -> Evaluation:
        return self.optimum.evaluation

    @property
    def theta(self) -> np.ndarray:
        """Relative covariance parameters in lme4's order, shape (n_theta,)."""
        found = self.optimum.theta
        return self.working.users_theta(self._at.theta) if found is None else found.copy()

    @property
    def sigma(self) -> float:
        """Residual standard deviation, in units of the response."""
        return self.products.shift.scale * float(np.sqrt(self._at.sigma2))

    @property
    def has_scale(self) -> bool:
        """Whether sigma is estimated, as it always is here."""
        return True

    @property
    def criterion_name(self) -> str:
        """``"REML criterion"`` or ``"deviance"``."""
        return "REML criterion" if self.reml else "deviance"

    @property
    def deviance(self) -> float:
        """Minus twice the log-likelihood; for REML fits, of the restricted likelihood."""
        return float(self._at.value)

    @property
    def reml_criterion(self) -> float:
        """The REML criterion at convergence.

        Raises
        ------
        FitError
            When the model was fitted by maximum likelihood.
        """
        if not self.reml:
            raise FitError("This model was fitted by maximum likelihood; see m.deviance, or m.refit(reml=True).")
        return self.deviance

    @property
    def loglik(self) -> float:
        """Log-likelihood (restricted, for REML fits)."""
        return -0.5 * self.deviance

    @property
    def npar(self) -> int:
        """Number of parameters, which are fixed effects, variances and covariances, and sigma."""
        return self.products.p + len(self._at.theta) + 1

    @property
    def converged(self) -> bool:
        """Whether the optimiser reached a minimum; `mlm.ConvergenceWarning` is given when it did not."""
        return self.optimum.converged

    @property
    def optimizer(self) -> str:
        """Name of the optimiser."""
        return self.optimum.optimizer

    @property
    def optimizer_info(self) -> Optimum:
        """What the optimiser did, with ``converged``, ``optimizer``, ``message`` and ``evaluations``."""
        return self.optimum

    @property
    def _relative(self) -> tuple[CovarianceLayout, np.ndarray]:
        return self.working.layout, self._at.theta

    @cached_property
    def unidentified(self) -> tuple[Finding, ...]:
        """Random-effects terms whose variances no data of this design can tell; see `mlm.IdentificationWarning`."""
        return unidentified(self.terms, self.working)

    @cached_property
    def lme4_convergence(self) -> tuple[str, tuple[str, ...]]:
        """What lme4 says of a search of its optimiser, the code it ended with and the warnings of lme4's own checks."""
        return exit_code(self.optimum), stopping_messages(self.deviance_function, self.theta)

    @property
    def messages(self) -> list[str]:
        """What the fit has to say about itself."""
        out = [f"not identified: {', '.join(f'({t})' for t in f.terms)}" for f in self.unidentified]
        out += [f"singular fit: ({t})" for t in self.singular_terms]
        return out if self.converged else [*out, self.optimum.message]

    # fixed effects

    @cached_property
    def _beta(self) -> np.ndarray:
        return self.products.shift.coefficients(self._at.beta)

    @cached_property
    def _vcov(self) -> np.ndarray:
        if self._at.root is None:
            return self.products.shift.covariance(self._at.sigma2 * self._at.unscaled)
        return self.working_covariance.covariance(np.eye(len(self._at.root)))

    @property
    def working_covariance(self) -> WorkingCovariance:
        """The covariance of the fixed effects of shifted or orthonormal columns."""
        root = None if self._at.root is None else self.sigma * self._at.root
        return WorkingCovariance(self.products.shift.contrast, self.sigma**2 * self._at.unscaled, root)

    # random effects

    @property
    def modes(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Conditional modes (q, J) and unscaled conditional covariances (q, q, J) of each factor, read-only."""
        return dict(self._modes)

    def conditional_covariances(self, group: str, levels: np.ndarray) -> np.ndarray:
        """Unscaled conditional covariances of some levels of a factor, by their positions: shape (q, q, levels).

        Of a fit that was solved iteratively they are solved for, one after the other.
        """
        if self.monte_carlo is None:
            return self.modes[group][1][:, :, levels]
        factor = [f.name for f in self.products.factors].index(group)
        return self.working.covariances_of(self._at.theta, factor, levels)

    def solved_variances(
        self, x: np.ndarray, columns: dict[str, np.ndarray], codes: dict[str, np.ndarray]
    ) -> np.ndarray:
        """Variances of ``x'(beta^ - beta) + z'(b^ - b)`` of a fit that was solved iteratively, row by row: shape (k,).

        Parameters
        ----------
        x : ndarray, shape (k, p)
        columns : mapping of str to ndarray, shapes (k, q)
            By grouping factor, z; factors that are not there have no part.
        codes : mapping of str to ndarray of int, shapes (k,)
            Positions of the levels, -1 for those that the fit has not seen.
        """
        nothing = np.full(len(x), -1)
        z = [columns.get(f.name, np.zeros((len(x), f.size))) for f in self.products.factors]
        at = [codes.get(f.name, nothing) for f in self.products.factors]
        own, matched = self.working.predicted(self._at.theta, z, at)
        rest = self.working_covariance.turn(x) - matched
        return np.asarray(self.sigma**2 * own + ((rest @ self.working_covariance.matrix) * rest).sum(axis=1))

    @cached_property
    def _modes(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        modes, covariances = self.working.users_modes(self._at.theta)
        for array in (*modes, *covariances):
            array.flags.writeable = False
        names = [f.name for f in self.products.factors]
        return dict(zip(names, zip(modes, covariances, strict=True), strict=True))
