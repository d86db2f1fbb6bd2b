"""Coefficients of a generalized linear model, by iteratively reweighted least squares.

The steps are Fisher scoring, solved by QR, until where R ends, as reports say how many steps R makes. From there they
are Newton's, with the observed information, until the linear predictor no longer moves: Fisher scoring can be slow, or
go to and fro, where a link is not the canonical one. All is measured without units: a response in others has the same
fit. Where the likelihood has no maximum because some means run to the end of their range, the estimates are those of
R's end.

McCullagh, P. & Nelder, J. A. (1989). *Generalized Linear Models*, 2nd ed., section 2.5. Of an information that is not
positive definite the eigenvalues are taken without their signs (Nocedal & Wright 2006, *Numerical Optimization*, 3.4).
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
from scipy import linalg

from .distribution import Family
from .response import Response
from .separation import may_separate, separating

__all__ = ["Estimate", "estimate", "leverages", "unscaled_covariance"]

# R's criterion: the deviance changes by less than this share of itself, and 0.1, in at most so many steps.
R_SHARE, R_FLOOR, R_STEPS = 1e-8, 0.1, 25
# Largest step of the linear predictor, as a share of its size, that is rounding; and steps until there at most.
ROUNDING_SHARE, MOST_STEPS = 1e-11, 300
# Steps after R's end in which a linear predictor that still moves by as much as that, as a share of its size or of its
# link's unit, is one without an end; and the distance of a mean from the end of its range that is none.
PATIENCE, STILL_MOVING, CERTAIN = 12, 0.01, 1e-6
# Halvings of a step before it is given up; and steps after which one that does not lower the deviance is halved, too.
HALVINGS, PLAIN_STEPS = 40, 10
# Least share of the information, without its signs, or of the expected one, that is taken for observed in a direction.
LEAST_INFORMATION = 1e-3
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
    edge : ndarray, shape (n,), or None
        Whether a row's mean runs to the end of its range, where `endless`.
    """

    beta: np.ndarray
    eta: np.ndarray
    deviance: float
    steps: int = 0
    converged: bool = False
    endless: bool = False
    at_boundary: bool = False
    edge: np.ndarray | None = None

    def __post_init__(self) -> None:
        _freeze(self)

    def __setstate__(self, state: list[Any]) -> None:
        for each, value in zip(fields(self), state, strict=True):
            object.__setattr__(self, each.name, value)
        _freeze(self)


def _freeze(found: Estimate) -> None:
    for array in (found.beta, found.eta, found.edge):
        if array is not None:
            array.setflags(write=False)


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
    with np.errstate(all="ignore"):  # what is not a number is refused
        first = search.begin()
        if first is None:
            return None
        found = search.run(first)
        downhill = found.deviance <= first.deviance  # where it went uphill, its end is no end of the likelihood
        if downhill and (found.endless or (found.converged and not found.at_boundary)):
            return found
        careful = search.begin(careful=True)
        if careful is None:
            return found
        again = search.run(careful, careful=True)
        return replace(again, steps=found.steps) if again.deviance < found.deviance else found


class _Search:
    """The data of a search, and its steps."""

    def __init__(self, x: np.ndarray, response: Response, offset: np.ndarray | float, family: Family) -> None:
        self.x, self.y, self.weights, self.offset, self.family = x, response.values, response.weights, offset, family
        self.trials = response.weights if response.trials is None else response.trials
        self.usual = 1.0 if family.upper == 1 else float(np.average(np.abs(self.y), weights=self.weights)) or 1.0

    def at(self, beta: np.ndarray) -> Estimate | None:
        """The state at some coefficients; None where the family has no such means."""
        eta = self.x @ beta + self.offset
        if not self.family.admits(eta):
            return None
        deviance = self.deviance(eta)
        return Estimate(beta, eta, deviance) if np.isfinite(deviance) else None

    def deviance(self, eta: np.ndarray) -> float:
        return float(self.weights @ self.family.deviances_at(self.y, eta))

    def begin(self, careful: bool = False) -> Estimate | None:
        """The first step, from means near the response; else a linear predictor near the same in all rows."""
        means = self.family.start(self.y, self.trials)
        eta = self.family.link.link(means)
        found = self.at(self.step_from(eta, eta - self.offset))
        if found is not None and not careful:
            before = replace(found, deviance=self.deviance(eta))
            return replace(found, steps=int(_is_r_end(before, found)))
        middle = self.family.link.link(np.array(np.average(means, weights=self.weights)))
        target = np.full(len(self.y), middle) - self.offset
        level = self.at(linalg.lstsq(self.x, target, check_finite=False)[0]) if np.isfinite(target).all() else None
        return min((each for each in (found, level) if each is not None), key=lambda each: each.deviance, default=None)

    def step_from(self, eta: np.ndarray, known: np.ndarray | None = None) -> np.ndarray:
        """Change of the coefficients by one step of Fisher scoring; from a `known` predictor, these themselves."""
        work = self.weights * self.family.working_weights(eta)
        root = np.sqrt(work)
        pull = np.divide(self.weights * self.family.score(self.y, eta), root, out=np.zeros_like(root), where=root > 0)
        if known is not None:
            pull = pull + root * known
        rows = self.x * root[:, None]
        if not np.isfinite(rows).all():
            return np.full(self.x.shape[1], np.nan)
        q, r = np.linalg.qr(rows)
        return _solved(r, q.T @ pull)

    def newton_step(self, eta: np.ndarray) -> np.ndarray:
        """Change of the coefficients by one step of Newton's method, downhill in any case."""
        curvature = self.weights * self.family.curvature(self.y, eta)
        rows = self.x * np.sqrt(np.maximum(np.abs(curvature), self.weights * self.family.working_weights(eta)))[:, None]
        pull = self.weights * self.family.score(self.y, eta)
        if not np.isfinite([rows.sum(), pull.sum()]).all():
            return np.full(self.x.shape[1], np.nan)
        r = np.asarray(np.linalg.qr(rows, mode="r"))
        even = _solved(r.T, self.x.T, lower=True).T  # columns of which the larger information is the unit matrix
        if not np.isfinite(even).all():
            return np.full(self.x.shape[1], np.nan)
        information, axes = np.linalg.eigh(even.T @ (even * curvature[:, None]))
        return _solved(r, axes @ ((axes.T @ (even.T @ pull)) / np.maximum(np.abs(information), LEAST_INFORMATION)))

    def run(self, found: Estimate, careful: bool = False) -> Estimate:
        """Step until the linear predictor rests; with care, never uphill."""
        stopped = found if found.steps else None  # where R ends
        cut = False
        for step in range(2, MOST_STEPS + 1):
            settled = careful or stopped is not None
            change = self.newton_step(found.eta) if settled else self.step_from(found.eta)
            moves = np.abs(self.x @ change)
            before, (after, full) = found, self.moved(found, change, settled or step > PLAIN_STEPS)
            cut = cut or not full
            if stopped is None and (step > R_STEPS or after is before or _is_r_end(before, after)):
                stopped = replace(after, steps=min(step, R_STEPS))
            found = replace(after, steps=step if stopped is None else stopped.steps)
            if self.rests(before.eta, moves):
                return replace(found, converged=True, at_boundary=cut and not self.is_stationary(found))
            held = settled and after is before
            if held or step == MOST_STEPS or (stopped is not None and full and step >= stopped.steps + PATIENCE):
                edge = self.running(found.eta, moves)
                if edge.any() and _is_r_end(before, after) and self.may_be_endless:
                    return replace(found if stopped is None else stopped, endless=True, edge=edge)
            if held:
                break
        return replace(found, at_boundary=cut and not self.is_stationary(found))

    @cached_property
    def may_be_endless(self) -> bool:
        """False where the columns cannot separate the response: what is far from the others only takes long."""
        return not may_separate(self.family) or separating(self.x, self.y, self.family) is not None

    def rests(self, eta: np.ndarray, moves: np.ndarray) -> bool:
        """Whether a step is rounding: of what is certain, beside each row's own predictor, which may be huge."""
        least = np.where(self.is_certain(eta), np.abs(eta) + self.family.link.unit, self.size(eta))
        return bool((moves <= ROUNDING_SHARE * least).all())

    def is_certain(self, eta: np.ndarray) -> np.ndarray:
        """Whether rows have means at the end of their range, where their response is, under a link with a unit."""
        if not self.family.link.unit:
            return np.zeros(len(eta), dtype=bool)
        at_end = self.family.room(eta) < CERTAIN * self.usual
        return at_end & (np.abs(self.family.residual(self.y, eta)) < CERTAIN * self.usual)

    def size(self, eta: np.ndarray) -> float:
        """Of a linear predictor: its largest number; and the link's unit, or what means lack of the response."""
        largest = float(np.max(np.abs(eta), initial=0.0, where=~self.is_certain(eta)))
        if self.family.link.unit:
            return largest + self.family.link.unit
        work, score = self.family.working_weights(eta), self.family.score(self.y, eta)
        some = work > 0
        root = np.sqrt(self.weights[some] * work[some])
        lack = np.linalg.norm(self.weights[some] * score[some] / root) / np.linalg.norm(root) if some.any() else 0.0
        return largest + float(lack)

    def running(self, eta: np.ndarray, moves: np.ndarray) -> np.ndarray:
        """Which rows have means that run to the end of their range, where their response is."""
        usual = self.usual
        far = ~(moves <= STILL_MOVING * (self.family.link.unit or np.abs(eta)))
        at_end = self.family.room(eta) < CERTAIN * usual
        there = np.abs(self.family.residual(self.y, eta)) < CERTAIN * usual
        return far & at_end if self.family.may_vanish or there[at_end].all() else np.zeros_like(far)

    def is_stationary(self, found: Estimate) -> bool:
        """Whether what pulls at each coefficient is balanced."""
        pull = self.x * (self.weights * self.family.score(self.y, found.eta))[:, None]
        return bool((np.abs(pull.sum(axis=0)) <= BALANCE * np.abs(pull).sum(axis=0)).all())

    def moved(self, found: Estimate, change: np.ndarray, lower: bool) -> tuple[Estimate, bool]:
        """The state a step further, and whether the family has the means of the whole step; no step where none is."""
        floor = 0.0 if self.family.has_scale else R_FLOOR
        limit = found.deviance + SAME_DEVIANCE * (abs(found.deviance) + floor) if lower else np.inf
        if not np.isfinite(change).all():
            return found, True
        full = True
        free = ~self.is_certain(found.eta)
        way = float(np.max(np.abs(self.x @ change), initial=0.0, where=free))
        size = self.size(found.eta) if lower else np.inf
        if way > size:
            change = change * (size / way)
        for halving in range(HALVINGS):
            reach = change * 0.5**halving
            after = self.at(found.beta + reach)
            if after is not None and after.deviance <= limit:
                return after, full
            full = full and (after is not None or self.family.admits(self.x @ (found.beta + reach) + self.offset))
        return found, full


def _solved(r: np.ndarray, right: np.ndarray, lower: bool = False) -> np.ndarray:
    """Solve a triangular system; NaN where there is no solution."""
    if not len(r):
        return right
    try:
        return linalg.solve_triangular(r, right, lower=lower, check_finite=False)
    except linalg.LinAlgError:  # no weight is left in some direction
        return np.full(right.shape, np.nan)


def unscaled_covariance(x: np.ndarray, response: Response, eta: np.ndarray, family: Family) -> np.ndarray:
    """Inverse of the expected information about the coefficients, shape (p, p), for a dispersion of 1."""
    rows = x * np.sqrt(response.weights * family.working_weights(eta))[:, None]
    if not np.isfinite(rows).all():
        return np.full((x.shape[1], x.shape[1]), np.inf)
    r = np.asarray(np.linalg.qr(rows, mode="r"))
    inverse = _solved(r, np.eye(x.shape[1]))
    with np.errstate(all="ignore"):  # of a direction without weight the variance is infinite
        return inverse @ inverse.T if np.isfinite(inverse).all() else np.full(r.shape, np.inf)


def leverages(x: np.ndarray, response: Response, eta: np.ndarray, family: Family) -> np.ndarray:
    """What each row has of its own fit, shape (n,): the diagonal of the weighted hat matrix."""
    q = np.linalg.qr(x * np.sqrt(response.weights * family.working_weights(eta))[:, None])[0]
    return np.einsum("ij,ij->i", q, q)


def _is_r_end(before: Estimate, after: Estimate) -> bool:
    return abs(after.deviance - before.deviance) < R_SHARE * (abs(after.deviance) + R_FLOOR)
