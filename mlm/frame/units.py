"""Units in which columns can be computed with: least squares and the likelihood are made of sums of squares."""

from __future__ import annotations

import numpy as np

from ..errors import DataError
from .model_frame import ModelFrame

__all__ = ["LARGEST_PRODUCTS", "LARGEST_SQUARES", "SMALLEST_SQUARES", "demand_squares"]

# Sum of squares from which columns are refused where products of two such sums must be below 1.8e308, as among
# cross-products; and where the sums themselves must be, as in least squares by rows.
LARGEST_PRODUCTS, LARGEST_SQUARES = 1e150, 1e305
# Largest number of a column below which it is refused: its square must be above 2.2e-308, with all its digits.
SMALLEST_NUMBER = 1e-153
# Sum of squares below which there are fewer digits than results have: that of one such number.
SMALLEST_SQUARES = SMALLEST_NUMBER**2


def demand_squares(frame: ModelFrame, limit: float) -> None:
    """Refuse a response and fixed-effects columns whose squares are too large, or too small, for double precision.

    Parameters
    ----------
    frame : ModelFrame
    limit : float
        Sum of squares of a fixed-effects column from which it is refused.

    Raises
    ------
    DataError
        Naming the first such column, its largest number, and by what to divide it.
    """
    # a response is scaled before it is squared (see `crossproducts.in_memory`): its variance must be a number, no more
    far = 0.0 if frame.offset is None else float(np.abs(frame.offset).max(initial=0.0))
    if far * far * frame.nobs >= LARGEST_SQUARES:
        raise DataError(
            f"The offset has numbers of {far:.0e}, whose squares cannot be computed with in its {frame.nobs} rows."
        )
    response = frame.net_response if frame.outcome is None else frame.y
    named = [("response", frame.formula.response, response, LARGEST_SQUARES)]
    named += [("column", name, values, limit) for name, values in zip(frame.x_names, frame.x.T, strict=True)]
    for what, name, values, largest_squares in named:
        largest = float(np.abs(values).max(initial=0.0))
        if 0 < largest < SMALLEST_NUMBER or largest * largest * len(values) >= largest_squares:
            raise DataError(
                f"The {what} {name!r} has numbers of {largest:.0e}, whose squares cannot be computed with in its "
                f"{len(values)} rows; rescale it, for example divide it by {largest:.0e}."
            )
