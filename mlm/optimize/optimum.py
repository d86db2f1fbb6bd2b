"""What the optimiser did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from ..errors import counted
from ..likelihood.criterion import Evaluation

__all__ = ["Log", "MonteCarlo", "Optimum"]


class MonteCarlo(NamedTuple):
    """What probes leave open of a fit whose traces were estimated.

    Attributes
    ----------
    probes, seed : int
        How many there were, and what they were drawn from.
    criterion : float
        Monte Carlo standard error of the criterion.
    theta : ndarray, shape (n_theta,)
        Monte Carlo standard error of theta; 0 where it is 0, of which the solver's tolerance remains. As it is of the
        spread of `probes` numbers, it is itself known to ``1 / sqrt(2 (probes - 1))`` of itself.
    sampling : ndarray, shape (n_theta,)
        Standard error of theta itself, from the average information.
    largest : float
        Of all functions of theta the largest Monte Carlo error, over the sampling standard error.
    """

    probes: int
    seed: int
    criterion: float
    theta: np.ndarray
    sampling: np.ndarray
    largest: float


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Optimum:
    """What the optimiser did.

    Attributes
    ----------
    evaluation : Evaluation
        At the minimum, in the columns worked with; often without derivatives, where the last step was so short that
        these would have said no more than was known before it.
    converged : bool
    optimizer : str
    message : str
    log : list of (ndarray, float)
        theta and criterion of each evaluation, in order, as the optimiser had them.
    theta : ndarray, shape (n_theta,), or None
        That of the user's columns, where the search was on these.
    monte_carlo : MonteCarlo or None
        Of a fit whose traces were estimated.
    """

    evaluation: Evaluation
    converged: bool
    optimizer: str
    message: str
    log: list[tuple[np.ndarray, float]] = field(default_factory=list)
    theta: np.ndarray | None = None
    monte_carlo: MonteCarlo | None = None

    def __repr__(self) -> str:
        state = "converged" if self.converged else "not converged"
        return f"<Optimum {self.optimizer}: {state} after {counted(len(self.log), 'evaluation')}; {self.message}>"

    @property
    def evaluations(self) -> list[tuple[np.ndarray, float]]:
        """The theta (of the user's columns) and criterion of each evaluation, in order."""
        return self.log.of_users() if isinstance(self.log, Log) else list(self.log)


class Log(list[tuple[np.ndarray, float]]):
    """theta and criterion of each evaluation, in order; they are printed as they come where that is asked for.

    Parameters
    ----------
    verbose : bool
    translate : callable, optional
        Gives the theta of the user's columns.
    """

    def __init__(self, verbose: bool = False, translate: Callable[[np.ndarray], np.ndarray] | None = None) -> None:
        super().__init__()
        self.verbose, self.translate = verbose, translate

    def add(self, theta: np.ndarray, value: float) -> None:
        """Take down an evaluation."""
        self.append((theta, value))
        if self.verbose:
            users = theta if self.translate is None else self.translate(theta)
            print(f"{len(self):4d}: {value:16.6f}: {' '.join(f'{x:.6g}' for x in users)}", flush=True)

    def of_users(self) -> list[tuple[np.ndarray, float]]:
        """The same with the theta of the user's columns."""
        return [(theta if self.translate is None else self.translate(theta), value) for theta, value in self]
