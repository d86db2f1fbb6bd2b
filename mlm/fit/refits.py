"""Refits of a linear mixed model to many responses: one computation where they share all but the response.

With one grouping factor the cross-products of all responses are summed together and searched side by side
(`optimize.side_by_side`). What does not end there at a clear minimum, as where a covariance is singular, is searched
alone, from its own cross-products and as any fit is. Models with several factors are fitted one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np

from ..crossproducts.responses import ManySums, ResponseRows
from ..errors import MlmError
from ..frame.model_frame import ModelFrame, RandomPart
from ..likelihood.covariance import CovarianceLayout
from ..likelihood.deviance import Deviance
from ..likelihood.many_responses import ManyResponses
from ..likelihood.one_factor import LARGE_SQUARES, OneFactor
from ..optimize.further_starts import starts_of_many
from ..optimize.minimise import minimise
from ..optimize.optimum import Log, Optimum
from ..optimize.search import search
from ..optimize.side_by_side import minima
from .checks import EXACT_SHARE, demand_residuals, demand_variation
from .fit import Fit
from .fitted import SINGULAR_DEVIATION
from .generalized import GeneralizedFit
from .stages import deviance_function, independent_columns, without_dependent

__all__ = ["Refits", "Refitting", "covariances", "refit_alone", "refit_on"]

# Numbers of the small matrices of all levels and responses that are worked on at once, so that they stay in the cache.
PIECE_NUMBERS = 1 << 18
# ... and of the responses: 64 MB.
MOST_NUMBERS = 1 << 23
# Relative standard deviation that a search starts from at least: at 0 the gradient is 0.
LEAST_START = 0.05


class Refits(NamedTuple):
    """Refits to R responses; NaN where there is none.

    Attributes
    ----------
    theta : ndarray, shape (m, R)
        Of the columns worked with.
    sigma : ndarray, shape (R,)
    beta : ndarray, shape (p, R)
        Fixed effects.
    deviance : ndarray, shape (R,)
        Minus twice the log-likelihood; for REML fits, of the restricted likelihood.
    converged : ndarray of bool, shape (R,)
    errors : dict of int to str
        Why there is no fit to some of them.
    alone : ndarray of bool, shape (R,)
        Which were searched for one by one.
    """

    theta: np.ndarray
    sigma: np.ndarray
    beta: np.ndarray
    deviance: np.ndarray
    converged: np.ndarray
    errors: dict[int, str]
    alone: np.ndarray

    def singular(self, layout: CovarianceLayout) -> np.ndarray:
        """Which have a variance of 0 or a correlation of ±1, as `is_singular`."""
        with np.errstate(invalid="ignore"):
            return np.asarray(self.theta[layout.diagonal].min(axis=0) < SINGULAR_DEVIATION)


class Refitting:
    """Fits a linear mixed model to other responses of its rows, without a word about any of them.

    Parameters
    ----------
    m : Fit
    many : int
        How many responses there will be.
    reml : bool, optional
        As before by default.

    Attributes
    ----------
    found : Refits
        To rounding what ``m.refit(reml, y)`` gives for each.
    """

    def __init__(self, m: Fit, many: int, reml: bool | None = None) -> None:
        self.m, self.reml, self.done = m, m.reml if reml is None else reml, 0
        self.found = _nothing(m, many)
        self.rows = _shared_rows(m)
        if self.rows is not None:
            self.criterion = ManyResponses(self.rows.products, m.working.layout, self.reml)

    @property
    def at_once(self) -> int:
        """How many responses are best given at once."""
        if self.rows is None:
            return 1
        matrices, rows = self.criterion.q**2 * len(self.criterion.first), self.m.nobs
        return max(1, min(PIECE_NUMBERS // matrices, MOST_NUMBERS // rows))

    def add(self, y: np.ndarray) -> None:
        """Fit to the next responses, shape (n, k)."""
        begin, many = self.done, y.shape[1]
        self.done += many
        if self.rows is None:
            for k in range(many):
                self._take(begin + k, partial(self._from_rows, y[:, k]))
            return
        offset = 0.0 if self.m.frame.offset is None else self.m.frame.offset[:, None]
        sums = self.rows.sums(y - offset)
        left = self._together(self.rows, sums, begin)
        for k in left.tolist():
            self._take(begin + k, partial(self._from_sums, self.rows, sums, k, (y - offset)[:, k].copy()))

    def _together(self, rows: ResponseRows, sums: ManySums, begin: int) -> np.ndarray:
        """Search for all side by side; those that are left to be searched alone."""
        criterion, m, out, many = self.criterion, self.m, self.found, len(sums.squares)
        of = criterion.sums(sums.squares, sums.zy)

        def values(size: float) -> np.ndarray:
            return criterion.evaluate(np.full((1, many), size), of, derivatives=False).value

        further = starts_of_many(m.working, sums.squares, sums.zy.sum(axis=1), values)
        if further is None:
            return np.arange(many)
        theta, found, settled = minima(criterion, of, [np.repeat(_start(m)[:, None], many, axis=1), *further])
        squares = m.working.solver.largest * np.einsum("mr,mr->r", theta, theta)  # type: ignore[attr-defined]
        done = np.flatnonzero(settled & (squares < LARGE_SQUARES) & (sums.squares > EXACT_SHARE * sums.total))
        at = begin + done
        out.theta[:, at], out.sigma[at] = theta[:, done], np.sqrt(found.sigma2[done])
        out.beta[:, at] = rows.coefficients(sums, found.beta)[:, done]
        out.deviance[at], out.converged[at], out.alone[at] = found.value[done], True, False
        return np.setdiff1d(np.arange(len(settled)), done)

    def _from_sums(self, rows: ResponseRows, sums: ManySums, k: int, y: np.ndarray) -> tuple[Deviance, Optimum]:
        """Search for one response, from its cross-products."""
        products = rows.products_of(sums, k, y)
        demand_variation(replace(self.m.frame, y=y, offset=None), products)
        deviance = Deviance(products, self.m.working.layout, self.reml, self.m.solving)
        return deviance, search(deviance, None, Log())

    def _from_rows(self, y: np.ndarray) -> tuple[Deviance, Optimum]:
        """Fit to one response, from the rows."""
        fit = _refit(self.m, y, self.reml)
        return fit.working, fit.optimum

    def _take(self, k: int, made: Callable[[], tuple[Deviance, Optimum]]) -> None:
        """Take down what was found for a response, or why nothing was."""
        out = self.found
        try:
            deviance, optimum = made()
            demand_residuals(optimum, deviance)
        except MlmError as error:
            out.errors[k] = str(error)
            return
        at, shift = optimum.evaluation, deviance.products.shift
        out.theta[:, k], out.sigma[k] = at.theta, shift.scale * float(np.sqrt(at.sigma2))
        out.beta[:, k], out.deviance[k] = shift.coefficients(at.beta), at.value
        out.converged[k] = optimum.converged


def _nothing(m: Fit, many: int) -> Refits:
    """Room for so many refits."""
    return Refits(
        theta=np.full((m.working.layout.n_theta, many), np.nan),
        sigma=np.full(many, np.nan),
        beta=np.full((m.products.p, many), np.nan),
        deviance=np.full(many, np.nan),
        converged=np.zeros(many, dtype=bool),
        errors={},
        alone=np.ones(many, dtype=bool),
    )


def refit_alone(m: Fit | GeneralizedFit, y: np.ndarray) -> Fit | GeneralizedFit:
    """Fit a model to another response, shape (n,), as its `refit` does but without a word."""
    return m.refit(y, silent=True) if isinstance(m, GeneralizedFit) else _refit(m, y)


def _refit(m: Fit, y: np.ndarray, reml: bool | None = None) -> Fit:
    """The same of a linear mixed model, by either criterion."""
    reml = m.reml if reml is None else reml
    return _fit_of(m, replace(m.frame, y=y), list(m.terms), reml)


def refit_on(m: Fit | GeneralizedFit, frame: ModelFrame) -> Fit | GeneralizedFit:
    """Fit the same model to other rows, without a word; columns that depend on others there are left out.

    Parameters
    ----------
    m : Fit or GeneralizedFit
    frame : ModelFrame
        With the same terms.
    """
    place = {id(part.design): k for k, part in enumerate(m.terms)}
    terms = sorted(frame.random, key=lambda part: place[id(part.design)])
    if isinstance(m, Fit):
        return _fit_of(m, frame, terms, m.reml)
    return m.on_rows(without_dependent(frame, quiet=True), terms, silent=True)


def _fit_of(m: Fit, frame: ModelFrame, terms: list[RandomPart], reml: bool) -> Fit:
    """Estimate without a word: what there is to say of one fit among many stands in its messages."""
    frame, products = independent_columns(frame, terms, quiet=True)
    demand_variation(frame, products)
    deviance = deviance_function(terms, products, reml)
    optimum = minimise(deviance)
    demand_residuals(optimum, deviance)
    return type(m)(frame, tuple(terms), products, deviance, optimum, reml)


def covariances(m: Fit, found: Refits) -> Iterator[np.ndarray]:
    """Covariance matrices of the user's effects, shape (R, q, q), of each term in the order of theta."""
    layout = m.working.layout
    for slot in layout.slots:
        _, row, column = layout.positions(slot.factor)
        t = np.zeros((len(found.sigma), layout.sizes[slot.factor], layout.sizes[slot.factor]))
        t[:, row, column] = found.theta[layout.positions(slot.factor)[0]].T
        block = slice(slot.start, slot.start + slot.size)
        root, basis = t[:, block, block] * found.sigma[:, None, None], m.products.factors[slot.factor].basis
        root = root if basis is None else basis.inverse[block, block] @ root
        yield root @ root.transpose(0, 2, 1)


def _shared_rows(m: Fit) -> ResponseRows | None:
    """The rows of a model whose responses can be summed together."""
    products = m.products
    plain = isinstance(m.working.solver, OneFactor) and products.shift.scale == 1.0
    return ResponseRows(products) if plain and products.factors[0].rows is not None else None


def _start(m: Fit) -> np.ndarray:
    theta = m.working.layout.rectify(m.optimum.evaluation.theta)
    return np.where(m.working.layout.diagonal, np.maximum(theta, LEAST_START), theta)
