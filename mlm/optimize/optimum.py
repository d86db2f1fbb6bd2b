"""What the optimiser did."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..likelihood.criterion import Evaluation

__all__ = ["Log", "Optimum"]


@dataclass(frozen=True, slots=True, eq=False)
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
    evaluations : list of (ndarray, float)
        theta (of the user's columns) and criterion, in order.
    theta : ndarray, shape (n_theta,), or None
        That of the user's columns, where the search was on these.
    """

    evaluation: Evaluation
    converged: bool
    optimizer: str
    message: str
    evaluations: list[tuple[np.ndarray, float]] = field(default_factory=list)
    theta: np.ndarray | None = None


class Log(list[tuple[np.ndarray, float]]):
    """theta and criterion of each evaluation, in order; they are printed as they come where that is asked for."""

    def __init__(self, verbose: bool = False) -> None:
        super().__init__()
        self.verbose = verbose

    def add(self, theta: np.ndarray, value: float) -> None:
        """Take down an evaluation."""
        self.append((theta, value))
        if self.verbose:
            print(f"{len(self):4d}: {value:16.6f}: {' '.join(f'{x:.6g}' for x in theta)}", flush=True)
