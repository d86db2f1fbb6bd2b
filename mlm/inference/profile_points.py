"""Points of many profiles at once: Newton's method for all of them, side by side.

A profile of a parameter c goes through the points where the deviance falls with none of the others: its gradient is a
multiple of that of c. With how far it has risen there is one such point on either side, found with exact second
derivatives of both from the quadratic that the estimates have, in four to seven steps. What is not found so, or not in
order along a curve, is searched for once more from minima with c held, near where the points before lead; the rest is
for `straight` and `crossing`.

References
----------
Venzon, D. J. & Moolgavkar, S. H. (1988). A method for computing profile-likelihood-based confidence intervals. Applied
Statistics 37(1), 87-94. doi:10.2307/2347496
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from ..fit.fit import Fit
from ..likelihood.many_points import ManyPoints, Spots
from ..likelihood.one_factor import LARGE_SQUARES, OneFactor
from .many_held import in_errors
from .parameters import Parameter

__all__ = ["SideBySide"]

# Evaluations at most: Newton's steps of regular profiles are 3 to 6.
MOST_STEPS = 10
# Decrease of the deviance that a step promises, below which it is the last: Newton's method leaves the square of it.
LAST_DECREASE = 1e-12
# Difference of zeta from what is wanted, see `crossing`.
NEAR_ENOUGH = 1e-8
# Share of the width of two steps within which the point between is where these see it: another branch is elsewhere.
SMOOTH = 1e-2
# Numbers of an array at most: points beyond are gone to afterwards.
MOST_NUMBERS = 2_000_000


# Of positions, values and coordinates, see `SideBySide.points`.
Minima = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


class Shape(NamedTuple):
    """What parameters are of the coordinates u: theta, log sigma and b.

    A standard deviation is the root of ``Q_1``, and a correlation ``Q_3`` over the root of ``Q_1 Q_2``, of quadratic
    forms ``theta' A_i theta``; sigma and fixed effects are coordinates themselves.

    Attributes
    ----------
    forms : ndarray, shape (3, m, m, K)
    linear : ndarray, shape (m + 2, K)
        Of sigma, in the logarithm of a standard deviation, and of fixed effects.
    kind : ndarray of str, shape (K,)
    contrasts : ndarray, shape (p, K)
        Of fixed effects, of the columns worked with, in units of standard errors.
    """

    forms: np.ndarray
    linear: np.ndarray
    kind: np.ndarray
    contrasts: np.ndarray

    def of(self, which: np.ndarray) -> Shape:
        """Those of some of the parameters, repeated as asked for."""
        return Shape(*(each[..., which] for each in self))

    def derivatives(self, u: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Values, of a standard deviation its logarithm, with first and second derivatives by u, shape (m + 2, K)."""
        m, theta = len(u) - 2, u[:-2].T
        g = (self.forms.transpose(3, 0, 1, 2) @ theta[:, None, :, None])[..., 0]
        squares = (g @ theta[..., None])[..., 0].T
        f, first, second = self._outer(squares)
        value, gradient = f + (self.linear * u).sum(axis=0), self.linear.copy()
        gradient[:m] += 2.0 * (first.T[:, None] @ g)[:, 0].T
        hessian = np.zeros((m + 2, m + 2, u.shape[1]))
        bent = (g.transpose(0, 2, 1) @ second.transpose(2, 0, 1) @ g).transpose(1, 2, 0)
        hessian[:m, :m] = 2.0 * (first[:, None, None] * self.forms).sum(axis=0) + 4.0 * bent
        return value, gradient, hessian

    def _outer(self, squares: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The function of the three forms, with its derivatives by them: (K,), (3, K) and (3, 3, K)."""
        sd, cor = self.kind == "sd", self.kind == "cor"
        first, second = np.zeros_like(squares), np.zeros((3, *squares.shape))
        one, two = (np.where(which, form, 1.0) for which, form in zip((sd | cor, cor), squares[:2], strict=True))
        root = 1.0 / np.sqrt(one * two)
        f = np.where(sd, 0.5 * np.log(one), np.where(cor, squares[2] * root, 0.0))
        first[0] = np.where(sd, 0.5, np.where(cor, -0.5 * f, 0.0)) / one
        second[0, 0] = np.where(sd, -0.5, np.where(cor, 0.75 * f, 0.0)) / one**2
        of_two = np.where(cor, f, 0.0) / two
        first[1], second[1, 1] = -0.5 * of_two, 0.75 * of_two / two
        second[0, 1] = second[1, 0] = 0.25 * of_two / one
        first[2] = np.where(cor, root, 0.0)
        second[0, 2] = second[2, 0] = -0.5 * first[2] / one
        second[1, 2] = second[2, 1] = -0.5 * first[2] / two
        return f, first, second


class Found(NamedTuple):
    """Points of profiles.

    Attributes
    ----------
    value : ndarray, shape (R,)
        NaN where none is found.
    pace : ndarray, shape (R,)
        Derivatives of values by zeta.
    place : ndarray, shape (m + 3, R)
        Coordinates u, and the slope of the deviance along the parameter: NaN of a start where it is not known.
    """

    value: np.ndarray
    pace: np.ndarray
    place: np.ndarray

    def of(self, side: np.ndarray, j: np.ndarray) -> Found:
        """Those at places of arrays that have sides and steps last, with none besides."""
        return Found(self.value[0, side, j], self.pace[0, side, j], self.place[:, side, j])


class SideBySide:
    """The profiles of a linear mixed model of one grouping factor, fitted by maximum likelihood.

    Parameters
    ----------
    m : Fit
    parameters : sequence of Parameter
    """

    def __init__(self, m: Fit, parameters: Sequence[Parameter]) -> None:
        self.m, self.at = m, m.optimum.evaluation
        self.deviance = ManyPoints(m.products, m.working.layout)
        self.shape, self.origins, self.scales = _shape_of(m, parameters)
        start = np.concatenate([self.at.theta, [0.5 * np.log(self.at.sigma2)]])
        u = np.concatenate([np.repeat(start[:, None], len(parameters), axis=1), self._coefficients()])
        self.start, self.spots = u, self.deviance.at(u, self.shape.contrasts)
        with np.errstate(all="ignore"):  # of a deviation of 0, or a deviance that is not a minimum
            self.values, slope, _ = self.shape.derivatives(u)
            self.ways = _solved(self.spots.hessian.transpose(2, 0, 1), slope)
            self.paces = np.sqrt(2.0 * np.einsum("nk,nk->k", self.ways, slope))

    @staticmethod
    def serves(m: object) -> bool:
        """Whether a model has sums that suffice."""
        return isinstance(m, Fit) and isinstance(m.working.solver, OneFactor)

    def points(
        self, which: np.ndarray, signs: np.ndarray, zeta: float, steps: int, minima: Minima
    ) -> tuple[np.ndarray, np.ndarray]:
        """Values of parameters on the way to where zeta is so much, at even steps of it.

        Parameters
        ----------
        which : ndarray of int, shape (S,)
            Positions of the parameters.
        signs : ndarray of {-1, 1}, shape (S,)
            Sides of the estimate.
        zeta : float
        steps : int
            Two at least.
        minima : callable
            Of positions, values in the user's units, shapes (R,), and coordinates nearby, shape (m + 2, R), gives those
            of minima with parameters held there.

        Returns
        -------
        values : ndarray, shape (S, steps)
            In the user's units. NaN throughout a side on which one is not found.
        ends : ndarray, shape (m + 2, S)
            All coordinates at the last ones.
        """
        step = signs * zeta / steps
        places, rise = np.repeat(which, steps), np.outer(step, np.arange(1, steps + 1))
        pull = 2.0 * rise.ravel() / self.paces[places]  # were the deviance quadratic
        start = np.concatenate([self.start[:, places] + pull * self.ways[:, places], pull[None]])
        curves = Found(*(each.reshape(-1, len(which), steps) for each in self._found(places, rise.ravel(), start)))
        values, before = curves.value[0], np.zeros(len(which), dtype=int)
        for _ in range(steps):
            run = self._run(which, values, step)
            left = (before < run) & (run < steps)
            if not left.any():
                break
            side, j = np.nonzero(left[:, None] & (run[:, None] <= np.arange(steps)))
            ahead = self._ahead(which[side], curves.of(side, run[side] - 1), step[side] * (j + 1 - run[side]), minima)
            again = self._found(which[side], rise[side, j], ahead)
            for of, found in zip(curves, again, strict=True):
                of[:, side, j] = found
            before = run
        values[~self._are_smooth(which, values, curves.pace[0], step)] = np.nan
        return self._users(which, values), curves.place[:-1, :, -1]

    def _run(self, which: np.ndarray, values: np.ndarray, step: np.ndarray) -> np.ndarray:
        """How many points from the estimate on are found and go one way, shape (S,)."""
        with np.errstate(invalid="ignore"):
            fine = np.diff(values, axis=1, prepend=self.values[which][:, None]) * step[:, None] > 0.0
        return np.asarray(np.logical_and.accumulate(fine, axis=1).sum(axis=1))

    def _ahead(self, which: np.ndarray, last: Found, further: np.ndarray, minima: Minima) -> np.ndarray:
        """Minima where the last points lead with so much more of zeta, of unknown slopes: shape (m + 3, R)."""
        on, cor = last.pace * further, self.shape.kind[which] == "cor"
        with np.errstate(all="ignore"):  # a correlation stays one
            values = np.where(cor, np.tanh(np.arctanh(last.value) + on / (1.0 - last.value**2)), last.value + on)
        found = minima(which, self._users(which, values[:, None])[:, 0], last.place[:-1])
        return np.concatenate([found, np.full((1, len(which)), np.nan)])

    def _are_smooth(self, which: np.ndarray, values: np.ndarray, paces: np.ndarray, step: np.ndarray) -> np.ndarray:
        """Whether these and the estimates are points of one curve: of a standard deviation, or of the variance."""
        whole, paces = np.column_stack([self.values[which], values]), np.column_stack([self.paces[which], paces])
        with np.errstate(all="ignore"):
            variances = np.exp(2.0 * whole)  # smooth towards 0, as zeta is of these
            as_variances = _are_smooth(variances, 2.0 * variances * paces, step[:, None])
        as_variances &= self.shape.kind[which] == "sd"
        return _are_smooth(whole, paces, step[:, None]) | as_variances

    def _found(self, which: np.ndarray, rise: np.ndarray, place: np.ndarray) -> Found:
        """Search for points of the parameters `which` where the signed root of the rise is so much.

        Searches begin at coordinates and slopes `place`, shape (m + 3, R).
        """
        numbers = self.deviance.q**2 * len(self.deviance.first) * (1 + self.deviance.p)
        piece = max(1, MOST_NUMBERS // numbers)
        mine = [slice(first, first + piece) for first in range(0, len(rise), piece)]
        found = [self._searched(which[of], rise[of], place[:, of]) for of in mine]
        return Found(*(np.concatenate(each, axis=-1) for each in zip(*found, strict=True)))

    def _searched(self, which: np.ndarray, rise: np.ndarray, place: np.ndarray) -> Found:
        """The same of a few."""
        shape, lowest, n = self.shape.of(which), self.spots.value[which], len(place) - 1
        u, pull = place[:-1].copy(), place[-1].copy()
        fine, minima = np.zeros(len(which), dtype=bool), np.empty((n, n, len(which)))
        left, last = np.arange(len(which)), np.zeros(len(which), dtype=bool)
        with np.errstate(all="ignore"):  # what is not a number is not found
            for _ in range(MOST_STEPS):
                spots = self.deviance.at(u[:, left], shape.contrasts[:, left])
                zeta = np.sqrt(np.maximum(spots.value - lowest[left], 0.0))
                near = np.abs(zeta - np.abs(rise[left])) < NEAR_ENOUGH
                fine[left], minima[..., left] = last & near, spots.hessian
                step, more, last_then = self._step(shape.of(left), u[:, left], pull[left], zeta, rise[left], spots)
                on = ~last & np.isfinite(step).all(axis=0)
                left, last = left[on], last_then[on]
                if not len(left):
                    break
                u[:, left] += step[:, on]
                pull[left] = more[on]
            value = shape.derivatives(u)[0]
            fine &= self.deviance.largest * (u[:-2] * u[:-2]).sum(axis=0) < LARGE_SQUARES
        fine[fine] = self._are_minima(shape.of(fine), u[:, fine], pull[fine], minima[..., fine])
        return Found(np.where(fine, value, np.nan), 2.0 * rise / pull, np.concatenate([self._alike(u), pull[None]]))

    def _alike(self, u: np.ndarray) -> np.ndarray:
        """Coordinates of the same covariances, the columns of whose factors have the signs of the estimate's."""
        out, (_, _, column) = u.copy(), self.m.working.layout.positions(0)
        along = u[:-2] * self.start[:-2, :1]
        for k in np.unique(column):
            out[:-2][column == k] *= np.where(along[column == k].sum(axis=0) < 0.0, -1.0, 1.0)
        return out

    def _step(
        self, shape: Shape, u: np.ndarray, pull: np.ndarray, zeta: np.ndarray, rise: np.ndarray, spots: Spots
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Newton's step of all coordinates, of the slope along the parameter, and which steps are the last."""
        _, slope, bending = shape.derivatives(u)
        pull = np.where(np.isnan(pull), (slope * spots.gradient).sum(axis=0) / (slope * slope).sum(axis=0), pull)
        n, many = u.shape
        system = np.zeros((many, n + 1, n + 1))
        system[:, :n, :n] = (spots.hessian - pull * bending).transpose(2, 0, 1)
        system[:, :n, n], system[:, n, :n] = -slope.T, spots.gradient.T
        solved = _solved(system, np.concatenate([pull * slope - spots.gradient, [2.0 * zeta * (np.abs(rise) - zeta)]]))
        step = solved[:n]
        promised = 0.5 * np.einsum("xr,xyr,yr->r", step, spots.hessian, step)
        return step, pull + solved[n], np.abs(promised) < LAST_DECREASE

    def _are_minima(self, shape: Shape, u: np.ndarray, pull: np.ndarray, hessian: np.ndarray) -> np.ndarray:
        """Whether the deviance rises wherever the parameter stays: all curvatures but one of the bordered matrix."""
        _, slope, bending = shape.derivatives(u)
        n, many = u.shape
        units = 1.0 / np.sqrt(np.abs(self.spots.hessian[:, :, 0].diagonal()))
        bordered = np.zeros((many, n + 1, n + 1))
        bordered[:, :n, :n] = ((hessian - pull * bending) * units[:, None, None] * units[:, None]).transpose(2, 0, 1)
        bordered[:, n, :n] = bordered[:, :n, n] = (slope * units[:, None]).T
        return np.asarray((np.linalg.eigvalsh(bordered) < 0.0).sum(axis=1) == 1)

    def _coefficients(self) -> np.ndarray:
        return (self.at.beta @ self.shape.contrasts)[None]

    def _users(self, which: np.ndarray, values: np.ndarray) -> np.ndarray:
        """In the user's units."""
        kind, scale = self.shape.kind[which][:, None], self.m.products.shift.scale
        with np.errstate(over="ignore"):
            deviations = scale * np.exp(np.where((kind == "sd") | (kind == "sigma"), values, 0.0))
        plain = self.origins[which][:, None] + self.scales[which][:, None] * values
        return np.where((kind == "sd") | (kind == "sigma"), deviations, plain)


def _are_smooth(values: np.ndarray, paces: np.ndarray, step: np.ndarray) -> np.ndarray:
    """Whether values, shape (S, steps + 1), go one way from the estimate on, each where its neighbours see it.

    These do by Hermite's cubic, from their values and derivatives by zeta; `step` is that of zeta, shape (S, 1).
    """
    with np.errstate(invalid="ignore"):
        ways = np.diff(values, axis=1) * step
        width = np.abs(values[:, 2:] - values[:, :-2])
        seen = 0.5 * (values[:, 2:] + values[:, :-2]) - 0.25 * step * (paces[:, 2:] - paces[:, :-2])
        return np.asarray((ways > 0.0).all(axis=1) & (np.abs(seen - values[:, 1:-1]) < SMOOTH * width).all(axis=1))


def _solved(systems: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solve systems, (R, n, n), for right sides and solutions (n, R): NaN of those that cannot be solved."""
    usable = np.isfinite(systems).all(axis=(1, 2)) & np.isfinite(right).all(axis=0)
    usable[usable] = np.linalg.slogdet(systems[usable])[0] != 0.0
    out = np.full(right.shape, np.nan)
    out[:, usable] = np.linalg.solve(systems[usable], right.T[usable, :, None])[..., 0].T
    return out


def _shape_of(m: Fit, parameters: Sequence[Parameter]) -> tuple[Shape, np.ndarray, np.ndarray]:
    """What the parameters are of the coordinates, and from what is held the user's: an origin, and a unit."""
    layout, many = m.working.layout, len(parameters)
    forms, linear = np.zeros((3, layout.n_theta, layout.n_theta, many)), np.zeros((layout.n_theta + 2, many))
    contrasts, origins, scales = np.zeros((m.products.p, many)), np.zeros(many), np.ones(many)
    for k, (_, kind, term, effects) in enumerate(parameters):
        if kind == "beta":
            contrasts[:, k], origins[k], scales[k] = in_errors(m, effects[0])
            linear[-1, k] = 1.0
        else:
            linear[-2, k] = kind != "cor"
            forms[:, :, :, k] = _forms(m, term, effects) if term >= 0 else 0.0
    kinds = np.array([parameter.kind for parameter in parameters])
    return Shape(forms, linear, kinds, contrasts), origins, scales


def _forms(m: Fit, term: int, effects: Sequence[int]) -> np.ndarray:
    """``A_i`` of one or two effects of a term, shape (3, m, m): squares of both, and their product."""
    layout = m.working.layout
    slot, basis = layout.slots[term], m.products.factors[0].basis
    block = slice(slot.start, slot.start + slot.size)
    turn = np.eye(slot.size) if basis is None else np.linalg.inv(basis.root[block, block])
    first, second = (layout.units(0)[:, block].transpose(0, 2, 1) @ turn[effects[i]] for i in (0, -1))
    product = first @ second.T
    return np.stack([first @ first.T, second @ second.T, 0.5 * (product + product.T)])
