"""Splines as in R's package splines: B-splines, and natural cubic splines.

The knots are learnt from the rows of the fit. Beyond the boundary a B-spline goes on as the polynomial of its outer
piece, and a natural spline as a straight line. See de Boor (1978, A Practical Guide to Splines, chapters IX and X) and
Hastie & Tibshirani (1990, Generalized Additive Models, section 2.10).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy

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
    basis = _spline(inside, boundary, power)
    return _matrix(values, lambda some: basis(some)[:, 0 if whole_basis else 1 :])


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
    edge = degree + 1
    sequence = np.array([boundary[0]] * edge + list(inside) + [boundary[1]] * edge)
    return scipy.interpolate.BSpline(sequence, np.eye(len(inside) + edge), degree, extrapolate=True)


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
    if outside:
        ties = "; for this df there are too many ties" if knots is None else ""
        raise site.error(f"the knot {outside[0]:g} is not inside of the boundary, {low:g} to {high:g}{ties}.")
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
