"""Splines as in R's package splines: B-splines, and natural cubic splines.

The knots are learnt from the rows of the fit. Beyond the boundary a B-spline goes on as the polynomial of its outer
piece, and a natural spline as a straight line. See de Boor (1978, A Practical Guide to Splines, chapters IX and X) and
Hastie & Tibshirani (1990, Generalized Additive Models, section 2.10).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence

import numpy as np
import scipy

from ...errors import ExtrapolationWarning, shorten, users_stacklevel
from ..values import Matrix, Value
from .kinds import column, finite, number_list, whole
from .registry import Site, function, one_truth

Knots = tuple[tuple[float, ...], tuple[float, ...]]  # those inside, and the two of the boundary
CUBIC = 3
MAX_DF = 1000  # columns of a spline: they are dense, and more are a mistake in typing
MAX_DEGREE = 20  # of its pieces; higher ones are wiggles and roundings


@function("bs", learns=True)
def bs(
    site: Site,
    x: Value,
    df: Value = None,
    knots: Value = None,
    degree: Value = 3,
    intercept: Value = False,
    Boundary_knots: Value = None,
) -> Value:
    """B-splines of a degree; df columns with knots at quantiles, or with the knots that are given."""
    values, power = column(site, x), whole(site, degree, "degree", 1, MAX_DEGREE)
    whole_basis = one_truth(site, intercept, "intercept")
    fewest = power + whole_basis
    inside, boundary = site.keep("knots", lambda: _learn(site, values, df, knots, fewest, Boundary_knots))
    if any(inside.count(knot) > power for knot in inside):
        raise site.error(f"a knot stands more than {power} times: the pieces would not meet.")
    _warn_beyond(site, values, boundary)
    basis = _spline(inside, boundary, power)
    return _matrix(values, lambda some: basis(some)[:, 0 if whole_basis else 1 :])


def _warn_beyond(site: Site, values: np.ndarray, boundary: tuple[float, ...]) -> None:
    """Say that a B-spline is evaluated where it had no data, as R does."""
    beyond = int(((values < boundary[0]) | (values > boundary[1])).sum())
    if beyond:
        warnings.warn(
            f"{shorten(site.label)}: {beyond} of {len(values)} numbers lie beyond the boundary knots, {boundary[0]:g} "
            f"to {boundary[1]:g}. There the spline goes on as the polynomial of its outer piece, which soon is far "
            "off; ns() goes on straight, and Boundary.knots = c(…) widens the range.",
            ExtrapolationWarning,
            stacklevel=users_stacklevel(),
        )


@function("ns", learns=True)
def ns(
    site: Site,
    x: Value,
    df: Value = None,
    knots: Value = None,
    intercept: Value = False,
    Boundary_knots: Value = None,
) -> Value:
    """Natural cubic splines, straight beyond the boundary; df columns with knots at quantiles, or with given knots."""
    values, whole_basis = column(site, x), one_truth(site, intercept, "intercept")
    inside, boundary = site.keep("knots", lambda: _learn(site, values, df, knots, 1 + whole_basis, Boundary_knots))
    if inside and inside[-1] >= boundary[1]:
        raise site.error(
            f"the knot {inside[-1]:g} is not below the upper boundary, {boundary[1]:g}: leave it out, or widen the "
            f"range by Boundary.knots = c({boundary[0]:g}, …)."
        )
    if len(set(inside)) < len(inside):
        raise site.error(
            "a knot stands twice: the splines would not be smooth. There may be too many ties for this df."
        )
    first = 0 if whole_basis else 1
    basis = _spline(inside, boundary, CUBIC)
    bent = basis.derivative(2)(np.array(boundary))[:, first:]
    # what is orthogonal to both second derivatives is straight at the boundary; R too takes it from Householder's QR
    straight = np.linalg.qr(bent.T, mode="complete")[0][:, 2:]
    return _matrix(values, lambda some: _continued(basis, boundary, some)[:, first:] @ straight)


def _continued(basis: scipy.interpolate.BSpline, boundary: tuple[float, ...], x: np.ndarray) -> np.ndarray:
    """Splines inside of the boundary, their tangents outside."""
    nearest = np.clip(x, boundary[0], boundary[1])
    return basis(nearest) + (x - nearest)[:, None] * basis.derivative(1)(nearest)


def _spline(inside: tuple[float, ...], boundary: tuple[float, ...], degree: int) -> scipy.interpolate.BSpline:
    """All B-splines of a degree on these knots, as one function with several values."""
    within = [knot for knot in inside if boundary[0] < knot < boundary[1]]
    sequence = _sequence(within, boundary, degree)
    basis = scipy.interpolate.BSpline(sequence, np.eye(len(sequence) - degree - 1), degree, extrapolate=True)
    return basis if len(within) == len(inside) else _restricted(basis, _sequence(inside, boundary, degree), degree)


def _sequence(inside: Sequence[float], boundary: tuple[float, ...], degree: int) -> np.ndarray:
    """Knots in their order, those of the boundary as often as pieces of the degree need it."""
    return np.sort([*[boundary[0]] * (degree + 1), *inside, *[boundary[1]] * (degree + 1)])


def _restricted(basis: scipy.interpolate.BSpline, sequence: np.ndarray, degree: int) -> scipy.interpolate.BSpline:
    """B-splines on a sequence with knots on or beyond the boundary, as combinations of those of the knots inside.

    Within the boundary they are piecewise polynomials of the same degree on the same pieces; as many points inside of
    each piece as a polynomial has coefficients determine them.
    """
    edges = np.unique(basis.t)
    nodes = (1 - np.cos((np.arange(degree + 1) + 0.5) * np.pi / (degree + 1))) / 2  # Chebyshev's: well conditioned
    points = (edges[:-1, None] + np.diff(edges)[:, None] * nodes).ravel()
    wanted = scipy.interpolate.BSpline(sequence, np.eye(len(sequence) - degree - 1), degree)(points)
    coefficients = np.linalg.lstsq(basis(points), wanted, rcond=None)[0]
    return scipy.interpolate.BSpline(basis.t, coefficients, degree, extrapolate=True)


def _matrix(values: np.ndarray, evaluate: Callable[[np.ndarray], np.ndarray]) -> Matrix:
    """Evaluate where there is a number; the other rows are missing."""
    usable = np.isfinite(values)
    some = evaluate(values[usable])
    columns = np.full((len(values), some.shape[1]), np.nan)
    columns[usable] = some
    return Matrix(columns, tuple(str(k) for k in range(1, some.shape[1] + 1)))


def _learn(site: Site, values: np.ndarray, df: Value, knots: Value, fewest: int, boundary: Value) -> Knots:
    """Knots of the rows of the fit; `fewest` is the number of columns without any knot inside."""
    some = finite(site, values)
    low, high = _boundary(site, some, boundary)
    if knots is not None:
        inside = tuple(sorted(number_list(site, knots, "knots")))
    else:
        columns = fewest if df is None else whole(site, df, "df", fewest, MAX_DF)
        inside = _quantiles(site, some[(some >= low) & (some <= high)], columns - fewest)
    outside = [knot for knot in inside if not low < knot < high]
    if outside and knots is None:
        raise site.error(
            f"the knot {outside[0]:g} is not inside of the boundary, {low:g} to {high:g}; for this df there are too "
            f"many ties among its {len(np.unique(some)):,} different numbers: write a smaller df."
        )
    if not np.isfinite(inside).all():
        raise site.error("its knots are finite numbers.")
    return inside, (low, high)


def _boundary(site: Site, some: np.ndarray, boundary: Value) -> tuple[float, float]:
    """The ends of the range, or those that are given."""
    if boundary is not None:
        given = number_list(site, boundary, "Boundary.knots")
        if len(given) != 2 or not np.isfinite(given).all() or given[0] == given[1]:
            raise site.error("Boundary.knots are two different numbers.")
        return min(given), max(given)
    low, high = float(some.min()), float(some.max())
    if low == high:
        raise site.error(f"all of its numbers are {low:g}.")
    return low, high


def _quantiles(site: Site, inner: np.ndarray, count: int) -> tuple[float, ...]:
    if count == 0:
        return ()
    if inner.size == 0:
        raise site.error("no number lies inside of the boundary.")
    return tuple(np.quantile(inner, np.arange(1, count + 1) / (count + 1)).tolist())
