"""The stages between sums and the search: cross-products of independent columns, and what must hold of them."""

from __future__ import annotations

from collections.abc import Sequence

from ..crossproducts.bases import CONSTANT_SHARE
from ..crossproducts.blocks import CrossProducts
from ..crossproducts.sums import (
    Rotation,
    Sums,
    Worked,
    cross_products_of,
    dependent_columns_of,
    residual_weights,
    rotation_of,
)
from ..errors import DataError, FitError
from ..frame.model_frame import ModelFrame, RandomPart
from ..frame.unread import UnreadFrame
from .checks import demand_left, demand_variation
from .stages import independent_columns, parallel_together, say_dropped, with_joint

__all__ = ["products_of"]

# Share of the response's sum of squares that fixed effects must leave where it can only be had as a difference of sums,
# which have a rounding of 1e-16 to 1e-14: six digits of it, at least.
LEAST_LEFT = 1e-8


def products_of(frame: ModelFrame, terms: list[RandomPart], quiet: bool = False) -> tuple[ModelFrame, CrossProducts]:
    """Have cross-products of independent columns, of rows or of sums, in which the response varies.

    Of a smaller model that is fitted to compare, `quiet`, it is not said which columns are dropped.

    Raises
    ------
    DataError, FitError
        When there are as many columns as rows, or nothing to explain.
    """
    if not isinstance(frame, UnreadFrame):
        frame, products = independent_columns(frame, terms, quiet)
        demand_variation(frame, products)
        return frame, products
    frame, worked = _independent(frame, terms, quiet)
    sums, rotation = frame.sums, None
    _demand_variation(frame, sums)
    products = _products(sums, worked)
    if frame.again is None:
        _demand_clear(products)
    if not products.independent and frame.again is not None:
        rotation = rotation_of(sums, worked)
        sums, worked = frame.again(None, rotation.weights), _on_basis(sums, worked, rotation)
        products = _products(sums, worked, rotation=rotation)
    residual = residual_weights(sums, worked, products)
    if residual is not None and frame.again is not None:
        sums = frame.again(residual, None if rotation is None else rotation.weights)
        products = _products(sums, worked, products, rotation)
    demand_left(frame, products)
    return frame, products


def _demand_clear(products: CrossProducts) -> None:
    """Refuse sums that have lost digits and cannot be had once more, from the rows.

    Raises
    ------
    FitError
    """
    if not products.independent:
        raise FitError(
            "Fixed-effects columns nearly depend on one another, and sums without their data cannot tell them apart to "
            "all digits: centre what is far from 0 before summing, such as I((x - 2000)^2) for I(x^2)."
        )
    if products.xy[-1, -1] < LEAST_LEFT * products.total:
        raise FitError(
            "Fixed effects explain nearly all of the response, and sums without their data have lost what is left: "
            "fit the data, or leave out the predictor that nearly is the response."
        )


def _independent(frame: UnreadFrame, terms: list[RandomPart], quiet: bool) -> tuple[UnreadFrame, Worked]:
    """Drop fixed-effects columns that depend on others, and say so unless `quiet`."""
    worked = _worked(frame, terms)
    if len(worked.fixed) >= frame.nobs:
        raise DataError(
            f"{frame.nobs} rows for {len(worked.fixed)} fixed effects leave nothing to estimate; use fewer predictors."
        )
    dropped = dependent_columns_of(frame.sums, worked)
    if not dropped:
        return frame, worked
    if not quiet:
        say_dropped(frame, dropped)
    frame = frame.without(dropped)
    return frame, _worked(frame, terms)


def _on_basis(sums: Sums, worked: Worked, rotation: Rotation) -> Worked:
    """The model with the basis, which stands before the response, in the place of its fixed-effects columns."""
    basis = iter(range(len(sums.shift) - 1, len(sums.shift) - 1 + len(rotation.weights)))
    return worked._replace(fixed=tuple(0 if k == 0 else next(basis) for k in worked.fixed))


def _worked(frame: UnreadFrame, terms: list[RandomPart]) -> Worked:
    """Where a model's columns stand among those that were summed."""
    random: dict[str, tuple[tuple[int, ...], ...]] = {}
    for part in terms:
        random[part.term.group] = (*random.get(part.term.group, ()), part.columns.places)  # type: ignore[attr-defined]
    return Worked(frame.x_names, frame.x_columns.places, random)  # type: ignore[attr-defined]


def _products(
    sums: Sums, worked: Worked, before: CrossProducts | None = None, rotation: Rotation | None = None
) -> CrossProducts:
    """Find the cross-products, with those of a factor's terms together where columns of these are nearly parallel."""
    products = cross_products_of(sums, worked, before, rotation)
    sizes = [tuple(map(len, worked.random[factor.name])) for factor in products.factors]
    together = parallel_together(products, sizes)
    if together is None:
        return products
    joined = {
        factor.name: _joined(worked.random[factor.name], each)
        for factor, each in zip(products.factors, together, strict=True)
    }
    return with_joint(products, cross_products_of(sums, worked._replace(random=joined), before, rotation))


def _joined(terms: tuple[tuple[int, ...], ...], sizes: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    return terms if len(sizes) == len(terms) else (tuple(k for term in terms for k in term),)


def _demand_variation(frame: UnreadFrame, sums: Sums) -> None:
    """Refuse a constant response.

    Of a constant each row leaves the same number when the mean is subtracted, so that about the mean of what is left
    nothing remains but the rounding of a rounding.
    """
    left = sums.total[-1, -1] - sums.total[0, -1] ** 2 / sums.total[0, 0]
    if left <= CONSTANT_SHARE * (sums.total[-1, -1] + sums.total[0, 0] * sums.shift[-1] ** 2):
        raise DataError(
            f"The response {frame.formula.response!r} is constant in the {frame.nobs} rows used: there is nothing to "
            "explain."
        )
