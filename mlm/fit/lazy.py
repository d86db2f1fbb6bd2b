"""From a formula and lazy data to the frame of a fit: rows are never read, and their sums are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from ..crossproducts.lazy import lazy_sums
from ..errors import ArgumentError
from ..frame.fit_call import FitCall
from ..frame.grouping import Grouping
from ..frame.lazy import LazyFrame, read_lazy
from ..frame.likeness import warn_of_blanks
from ..frame.unread import UnreadFrame
from ..language.formula import parse
from ..language.tree import Name
from .stages import demand_random

__all__ = ["unread_frame"]


def _levels_of_words(read: LazyFrame, groupings: Mapping[str, Grouping]) -> dict[str, Any]:
    """Levels of the columns that are categories or group, by their names."""
    designs = [read.known["x_design"], *(part.design for part in read.known["random"])]
    found = {
        node.name: coding.levels
        for design in designs
        for node, coding in zip(design.terms.variables, design.codings, strict=True)
        if isinstance(node, Name) and coding is not None
    }
    for part in read.known["random"]:
        pairs = zip(part.term.parts, groupings[part.term.group].parts, strict=True)
        found |= {node.name: levels for node, levels in pairs if isinstance(node, Name)}
    return found


def unread_frame(
    formula: str,
    data: Any,
    weights: Any,
    offset: Any,
    contrasts: Mapping[str, Any] | None,
    functions: Mapping[str, Callable[..., Any]] | None,
    data_name: str | None,
    origin: FitCall | None = None,
    levels: Mapping[str, Sequence[Any]] | None = None,
    least: int = 1,
) -> UnreadFrame:
    """Read a formula and have the sums of its columns computed.

    Parameters
    ----------
    formula, data, weights, offset, contrasts, functions, data_name
        As for `mlm.lmer`.
    origin : FitCall, optional
        The call that is kept with the frame.
    levels, least
        See `mlm.sums`.

    Returns
    -------
    UnreadFrame

    Raises
    ------
    MlmError
        As `mlm.lmer` says.
    """
    if functions:
        raise ArgumentError(
            "`functions` take arrays, and lazy data have none: make the columns in the data before the fit, and name "
            "them in the formula."
        )
    demand_random(parse(formula))
    read = read_lazy(formula, data, weights, offset, contrasts, data_name, levels, least)
    sums = lazy_sums(read)
    groupings = {name: factor.grouping for name, factor in sums.factors.items()}
    warn_of_blanks(_levels_of_words(read, groupings))
    return UnreadFrame(sums, partial(lazy_sums, read), {**read.known, "groupings": groupings, "origin": origin})
