"""Coefficients of a generalized linear model, by iteratively reweighted least squares.

The steps are Fisher scoring, solved by QR; they end when the linear predictor no longer moves. That is later than where
R ends, and how many steps R makes is kept, as reports say it. Where the likelihood has no maximum because some means
run to the end of their range, the estimates are those of R's end.

McCullagh, P. & Nelder, J. A. (1989). *Generalized Linear Models*, 2nd ed., section 2.5.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import linalg

from .distribution import Family
from .response import Response

__all__ = ["Estimate", "estimate", "leverages", "unscaled_covariance"]

# R's criterion: the deviance changes by less than this share of itself, and 0.1, in at most so many steps.
R_SHARE, R_FLOOR, R_STEPS = 1e-8, 0.1, 25
# Largest step of the linear predictor, as a share of its size and 1, that is rounding; and steps until there at most,
# as Fisher scoring converges linearly where a link is not the canonical one.
ROUNDING_SHARE, MOST_STEPS = 1e-11, 300
# Steps after R's end in which a linear predictor that still moves by as much as that is one without an end.
PATIENCE, STILL_MOVING = 12, 0.01
# Halvings of a step before it is given up; and steps after which one that does not lower the deviance is halved, too.
HALVINGS, PLAIN_STEPS = 40, 10
# Share of the forces on a coefficient that is left over where they are not balanced: far above rounding.
BALANCE = 1e-6
# Increase of the deviance, as a share of it, that is rounding.
SAME_DEVIANCE = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """Where the search ended; n rows, p coefficients.

    Attributes
    ----------
    beta : ndarray, shape (p,)
    eta : ndarray, shape (n,)
        Linear predictor, offset included.
    deviance : float
    steps : int
        Steps that R makes.
    converged : bool
        Whether the linear predictor came to rest.
    endless : bool
        Whether it does not, because the likelihood has no maximum.
    at_boundary : bool
        Whether the end is at the edge of the means that the family has, and no maximum within.
    """

    beta: np.ndarray
    eta: np.ndarray
    deviance: float
    steps: int = 0
    converged: bool = False
    endless: bool = False
    at_boundary: bool = False


def estimate(x: np.ndarray, response: Response, offset: np.ndarray | float, family: Family) -> Estimate | None:
    """Maximise the likelihood.

    Parameters
    ----------
    x : ndarray, shape (n, p)
        Of full column rank.
    response : Response
    offset : ndarray, shape (n,), or 0
    family : Family

    Returns
    -------
    Estimate or None
        None where there are no coefficients to start from, whose means the family has.

    Examples
    --------
    >>> from mlm.generalized.family import make_family
    >>> response = Response(np.array([1.0, 0.0, 1.0, 1.0]), np.ones(4))
    >>> found = estimate(np.ones((4, 1)), response, 0.0, make_family("binomial"))
    >>> found.beta.round(6).tolist(), found.converged
    ([1.098612], True)
    """
    search = _Search(x, response, offset, family)
    found = search.begin()
    return None if found is None else search.run(found)


class _Search:
    """The data of a search, and its steps."""

    def __init__(self, x: np.ndarray, response: Response, offset: np.ndarray | float, family: Family) -> None:
        self.x, self.y, self.weights, self.offset, self.family = x, response.values, response.weights, offset, family
        self.trials = response.weights if response.trials is None else response.trials

    def at(self, beta: np.ndarray) -> Estimate | None:
        """The state at some coefficients; None where the family has no such means."""
        with np.errstate(over="ignore", invalid="ignore"):
            eta = self.x @ beta + self.offset
        if not self.family.admits(eta):
            return None
        deviance = float(self.weights @ self.family.deviances_at(self.y, eta))
        return Estimate(beta, eta, deviance) if np.isfinite(deviance) else None

    def begin(self) -> Estimate | None:
        """The first step, from means near the response; else a linear predictor near the same in all rows."""
        means = self.family.start(self.y, self.trials)
        eta = self.family.link.link(means)
        found = self.at(self.step_from(eta, eta - self.offset))
        if found is not None:
            before = replace(found, deviance=float(self.weights @ self.family.deviances_at(self.y, eta)))
            return replace(found, steps=int(_is_r_end(before, found)))
        middle = self.family.link.link(np.array(np.average(means, weights=self.weights)))
        return self.at(linalg.lstsq(self.x, np.full(len(self.y), middle) - self.offset)[0])

    def step_from(self, eta: np.ndarray, known: np.ndarray | None = None) -> np.ndarray:
        """Change of the coefficients by one step of Fisher scoring; from a `known` predictor, these themselves."""
        work = self.weights * self.family.working_weights(eta)
        root = np.sqrt(work)
        pull = np.divide(self.weights * self.family.score(self.y, eta), root, out=np.zeros_like(root), where=root > 0)
        if known is not None:
            pull = pull + root * known
        q, r = np.linalg.qr(self.x * root[:, None])
        with np.errstate(all="ignore"):
            try:
                return linalg.solve_triangular(r, q.T @ pull)
            except linalg.LinAlgError:  # no weight is left in some direction
                return np.full(self.x.shape[1], np.nan)

    def run(self, found: Estimate) -> Estimate:
        """Step until the linear predictor rests."""
        stopped = found if found.steps else None  # where R ends
        cut = False
        for step in range(2, MOST_STEPS + 1):
            change = self.step_from(found.eta)
            after, full = self.moved(found, change, step > PLAIN_STEPS)
            cut = cut or not full
            if stopped is None and (step > R_STEPS or _is_r_end(found, after)):
                stopped = replace(after, steps=min(step, R_STEPS))
            way = float(np.max(np.abs(self.x @ change), initial=0.0))
            size = 1.0 + float(np.max(np.abs(found.eta), initial=0.0))
            found = replace(after, steps=step if stopped is None else stopped.steps)
            if way <= ROUNDING_SHARE * size:
                return replace(found, converged=True, at_boundary=cut and not self.is_stationary(found))
            if stopped is not None and full and step >= stopped.steps + PATIENCE and way > STILL_MOVING:
                return replace(stopped, endless=True)
        return replace(found, at_boundary=cut and not self.is_stationary(found))

    def is_stationary(self, found: Estimate) -> bool:
        """Whether what pulls at each coefficient is balanced."""
        pull = self.x * (self.weights * self.family.score(self.y, found.eta))[:, None]
        return bool((np.abs(pull.sum(axis=0)) <= BALANCE * np.abs(pull).sum(axis=0)).all())

    def moved(self, found: Estimate, change: np.ndarray, lower: bool) -> tuple[Estimate, bool]:
        """The state a step further, and whether the whole step was possible; no step where none is."""
        limit = found.deviance + SAME_DEVIANCE * (abs(found.deviance) + R_FLOOR) if lower else np.inf
        full = bool(np.isfinite(change).all())
        for halving in range(HALVINGS if full else 0):
            after = self.at(found.beta + change * 0.5**halving)
            if after is not None and after.deviance <= limit:
                return after, full
            full = full and after is not None
        return found, full


def unscaled_covariance(x: np.ndarray, response: Response, eta: np.ndarray, family: Family) -> np.ndarray:
    """Inverse of the expected information about the coefficients, shape (p, p), for a dispersion of 1."""
    work = response.weights * family.working_weights(eta)
    r = np.asarray(np.linalg.qr(x * np.sqrt(work)[:, None], mode="r"))
    try:
        inverse = linalg.solve_triangular(r, np.eye(x.shape[1]))
    except linalg.LinAlgError:
        return np.full(r.shape, np.inf)
    return inverse @ inverse.T


def leverages(x: np.ndarray, response: Response, eta: np.ndarray, family: Family) -> np.ndarray:
    """What each row has of its own fit, shape (n,): the diagonal of the weighted hat matrix."""
    q = np.linalg.qr(x * np.sqrt(response.weights * family.working_weights(eta))[:, None])[0]
    return np.einsum("ij,ij->i", q, q)


def _is_r_end(before: Estimate, after: Estimate) -> bool:
    return abs(after.deviance - before.deviance) < R_SHARE * (abs(after.deviance) + R_FLOOR)
