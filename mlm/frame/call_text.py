"""What a report says of the call: the names of the data, and weights and offset as they were written."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ..errors import ArgumentError
from ..language.tree import Node, spell, spell_name

__all__ = ["UNNAMED", "CallText", "name_of", "written"]

NAME = "name"  # the entry of a data frame's `attrs` that names it
VALUES = "(values)"  # weights or an offset that were given as values without a name


class CallText(NamedTuple):
    """What R prints of the arguments; None for what was not given.

    Attributes
    ----------
    data, weights, offset : str or None
    """

    data: str | None = None
    weights: str | None = None
    offset: str | None = None


UNNAMED = CallText()


def name_of(data: Any, data_name: str | None) -> str | None:
    """Find what the data are called: as it is said, or ``data.attrs["name"]``.

    Parameters
    ----------
    data : data frame or mapping
    data_name : str or None

    Returns
    -------
    str or None

    Raises
    ------
    ArgumentError
        When `data_name` is not text.

    Examples
    --------
    >>> frame = pd.DataFrame({"x": [1.0]})
    >>> frame.attrs["name"] = "pupils"
    >>> name_of(frame, None), name_of(frame, "d"), name_of({"x": [1.0]}, None)
    ('pupils', 'd', None)
    """
    if not isinstance(data_name, str | None):
        raise ArgumentError(f"data_name is what reports call the data, a text; got {type(data_name).__name__}.")
    if data_name is not None:
        return data_name or None
    attrs = None if isinstance(data, dict) else getattr(data, "attrs", None)
    found = attrs.get(NAME) if isinstance(attrs, dict) else None
    return found if isinstance(found, str) and found else None


def written(read: Node | np.ndarray | None, argument: Any) -> str | None:
    """Write an argument that gives one number per row: an expression as R prints it, values by their name.

    Parameters
    ----------
    read : Node, ndarray or None
        What the argument was read as.
    argument : str or array_like
        The argument.

    Returns
    -------
    str or None
        None without the argument.
    """
    if read is None:
        return None
    if not isinstance(read, np.ndarray):
        return spell(read)
    name = argument.name if isinstance(argument, pd.Series) else None
    return spell_name(name) if isinstance(name, str) else VALUES
