"""What a model of one level needs of its columns: some, none of them random, none that depend on others."""

from __future__ import annotations

import warnings

from ..errors import FormulaError, RankWarning, first_few, users_stacklevel
from .model_frame import ModelFrame
from .rank import dependent_columns

__all__ = ["demand_no_random_terms", "independent_columns"]

R_LM = 1e-7  # share of a column's length that must be new: R's lm


def demand_no_random_terms(frame: ModelFrame, verb: str, method: str) -> None:
    """Refuse a formula with random terms, and one without coefficients.

    Parameters
    ----------
    frame : ModelFrame
    verb : str
        What fits random terms.
    method : str
        What the formula is for without them.

    Raises
    ------
    FormulaError
    """
    if frame.random:
        raise FormulaError(
            f"The formula has {len(frame.random)} random term(s), {frame.random[0].term.text}; "
            f"fit it with {verb}, or leave them out for {method}."
        )
    _demand_some(frame)


def _demand_some(frame: ModelFrame) -> None:
    if not frame.x_names:
        zero = f", as {first_few(frame.left_out)} {'is' if len(frame.left_out) == 1 else 'are'} 0 in all rows"
        raise FormulaError(
            f"The formula {frame.formula.text!r} has no coefficients to estimate{zero if frame.left_out else ''}; add "
            "an intercept or a term."
        )


def independent_columns(frame: ModelFrame, tolerance: float = R_LM) -> tuple[ModelFrame, tuple[str, ...]]:
    """Leave out columns that depend on others, and say so.

    Parameters
    ----------
    frame : ModelFrame
    tolerance : float
        Share of a column's length that must be new.

    Returns
    -------
    ModelFrame, tuple of str
        The frame, and the names of the columns left out.

    Raises
    ------
    FormulaError
        No column is left.

    Warns
    -----
    RankWarning
    """
    dependent = dependent_columns(frame.x, tolerance)
    if not dependent:
        return frame, ()
    kept = frame.without(dependent)
    _demand_some(kept)
    names = tuple(frame.x_names[k] for k in dependent)
    warnings.warn(
        f"{len(names)} of {len(frame.x_names)} columns depend linearly on columns to their left and are left out:"
        f" {first_few(names)}.",
        RankWarning,
        stacklevel=users_stacklevel(),
    )
    return kept, names
