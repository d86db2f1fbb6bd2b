"""Polynomials, orthogonal over the rows of the fit, and columns side by side."""

from __future__ import annotations

import itertools

import numpy as np

from ...errors import FormulaError
from ...language.parser import parse_expression
from ...language.tree import Call, Name, spell
from ..values import Matrix, Value
from .kinds import column, finite, whole
from .registry import Site, function, numbers, one_truth

Coefficients = tuple[float, tuple[float, ...], tuple[float, ...]]  # a centre, shifts from it, sums of squares
MAX_DEGREE = 200  # of polynomials; roundings rule long before
ORTHOGONAL = 1e-8  # how far products of polynomials may be from 0 and 1: half of the digits of a float
MAX_COLUMNS = 1000  # of a polynomial in several variables; their number grows as a binomial coefficient


@function("poly", learns=True)
def poly(site: Site, x: Value, *more: Value, degree: Value = None, raw: Value = False) -> Value:
    """Polynomial, orthogonal over the rows of the fit, or raw powers; the second argument is the degree.

    In several variables, poly(x, z, degree = 2) or poly(cbind(x, z), 2), the products of their polynomials up to this
    degree.
    """
    if more and degree is None and isinstance(more[-1], int | float):
        more, degree = more[:-1], more[-1]
    highest = whole(site, 1 if degree is None else degree, "degree", 1, MAX_DEGREE)
    plain = one_truth(site, raw, "raw")
    variables = [each for value in (x, *more) for each in _columns(site, value)]
    bases = [_basis(site, values, highest, plain, k) for k, values in enumerate(variables, start=1)]
    if len(bases) == 1:
        return Matrix(bases[0], tuple(str(k) for k in range(1, highest + 1)))
    return _products(site, bases, highest)


def _columns(site: Site, value: Value) -> list[np.ndarray]:
    """One column of numbers, or those of a matrix."""
    if isinstance(value, Matrix):
        return list(np.asarray(value.values, dtype=float).T)
    return [column(site, value)]


def _basis(site: Site, values: np.ndarray, degree: int, raw: bool, k: int) -> np.ndarray:
    """Polynomials of one variable from degree 1, shape (n, degree)."""
    if raw:
        site.keep(f"checked {k}", lambda: _check_degree(site, finite(site, values), degree))
        return values[:, None] ** np.arange(1.0, degree + 1)
    return _evaluate(values, site.keep(f"coefficients of {k}", lambda: _learn(site, values, degree)))


def _learn(site: Site, values: np.ndarray, degree: int) -> Coefficients:
    """Coefficients of the recurrence: the centre, the shifts from it, and the sums of squares from degree 0."""
    some = finite(site, values)
    _check_degree(site, some, degree)
    shifts, squares = [], [float(some.size)]
    center = float(some.mean())
    some = some - center
    before, now = np.zeros_like(some), np.ones_like(some)
    for k in range(degree):
        shift = float(np.sum(some * now**2)) / squares[-1]
        ratio = squares[-1] / squares[-2] if k else 0.0
        before, now = now, (some - shift) * now - ratio * before
        shifts.append(shift)
        squares.append(float(np.sum(now**2)))
    coefficients = center, tuple(shifts), tuple(squares)
    _demand_orthogonal(site, _evaluate(values[~np.isnan(values)], coefficients))
    return coefficients


def _demand_orthogonal(site: Site, columns: np.ndarray) -> None:
    """Refuse polynomials of so high a degree that roundings rule: on the rows of the fit they are orthonormal."""
    worst = np.abs(columns.T @ columns - np.eye(columns.shape[1]))
    good = np.maximum.accumulate(np.maximum.accumulate(worst, axis=0), axis=1).diagonal() < ORTHOGONAL
    if not good.all():
        raise site.error(
            f"polynomials of degree {int(good.sum()) + 1} and more are lost in rounding on these "
            f"{len(np.unique(columns[:, 0])):,} different numbers; write a lower degree."
        )


def _check_degree(site: Site, some: np.ndarray, degree: int) -> bool:
    distinct = len(np.unique(some))
    if degree >= distinct:
        raise site.error(f"a polynomial of degree {degree} needs {degree + 1} different numbers; there are {distinct}.")
    return True


def _evaluate(values: np.ndarray, coefficients: Coefficients) -> np.ndarray:
    """Polynomials at any points, each of unit length over the rows of the fit.

    The three-term recurrence of Kennedy & Gentle (1980, Statistical Computing, pp. 343-344): with x less the centre,
    shifts aₖ and sums of squares sₖ, pₖ₊₁ = (x - aₖ) pₖ - sₖ / sₖ₋₁ pₖ₋₁.
    """
    center, shifts, squares = coefficients
    values = values - center
    columns = np.empty((len(values), len(shifts)))
    before, now = np.zeros_like(values), np.ones_like(values)
    for k, shift in enumerate(shifts):
        ratio = squares[k] / squares[k - 1] if k else 0.0
        before, now = now, (values - shift) * now - ratio * before
        columns[:, k] = now / np.sqrt(squares[k + 1])
    return columns


def _products(site: Site, bases: list[np.ndarray], degree: int) -> Matrix:
    """Products of the polynomials of several variables, the first varying fastest, named by their degrees."""
    total = (degree + 1) ** len(bases)
    if total > MAX_COLUMNS:
        raise site.error(f"{len(bases)} variables with degree {degree} make too many products; write fewer.")
    columns, names = [], []
    for reverse in itertools.product(range(degree + 1), repeat=len(bases)):
        powers = reverse[::-1]
        if 1 <= sum(powers) <= degree:
            factors = [basis[:, power - 1] for basis, power in zip(bases, powers, strict=True) if power]
            columns.append(np.prod(factors, axis=0))
            names.append(".".join(str(power) for power in powers))
    return Matrix(np.column_stack(columns), tuple(names))


@function("cbind", named=True)
def cbind(site: Site, *columns: Value) -> Value:
    """Columns side by side; those that are names keep them."""
    if all(isinstance(value, bool | int | float | None) for value in columns):
        raise site.error("it needs at least one column.")
    blocks: list[np.ndarray] = []
    names: list[str | None] = []
    spelled: list[str] = []
    for value, (name, text) in zip(columns, _spelled(site, len(columns)), strict=True):
        if isinstance(value, Matrix):
            blocks.append(np.asarray(value.values, dtype=float))
            names += value.names
            spelled += value.names
        else:
            blocks.append(np.broadcast_to(numbers(site, value), site.n)[:, None])
            names.append(name)
            spelled.append(text)
    return Matrix(np.hstack(blocks), _told_apart(names, spelled))


def _spelled(site: Site, count: int) -> list[tuple[str | None, str]]:
    """The arguments as the call spells them: a name that is given, that of a name, None of another; and the text."""
    try:
        call = parse_expression(site.label)
    except FormulaError:
        call = None
    if not isinstance(call, Call) or len(call.arguments) != count:
        return [(None, str(k)) for k in range(1, count + 1)]
    return [
        (key or (node.name if isinstance(node, Name) else None), spell(node))
        for key, node in zip(call.keywords, call.arguments, strict=True)
    ]


def _told_apart(names: list[str | None], spelled: list[str]) -> tuple[str, ...]:
    """R's names of columns: numbers where none has a name, and nothing for one without; several are spelled out."""
    unnamed = names.count(None)
    if unnamed == len(names):
        return tuple(str(k) for k in range(1, len(names) + 1))
    return tuple(
        (text if unnamed > 1 else "") if name is None else name for name, text in zip(names, spelled, strict=True)
    )
