"""The table of all functions, filled: who wants to call one imports it from here."""

from __future__ import annotations

import inspect

from . import (  # noqa: F401  each enters its functions
    categories,
    choosing,
    contrasts,
    conversion,
    cutting,
    elementary,
    logic,
    moments,
    polynomials,
    splines,
)
from .kinds import ABSENT
from .own import lost, lost_function, own_functions
from .registry import TABLE, Function, Site, bound, found

__all__ = ["TABLE", "Function", "Site", "bound", "found", "listing", "lost", "lost_function", "own_functions"]


def listing() -> list[tuple[str, str, str]]:
    """List every function: its name, how it is called, and what it is.

    Returns
    -------
    list of (str, str, str)
        In the order of the names.

    Examples
    --------
    >>> [row for row in listing() if row[0] in ("%%", "sd")]
    [('%%', 'x %% y', 'Remainder of the whole division, with the sign of the divisor.'), \
('sd', 'sd(x, na.rm = FALSE)', 'Standard deviation of the rows of the fit, by n - 1.')]
    """
    return [(name, _signature(known), _first_line(known)) for name, known in sorted(TABLE.items())]


def _first_line(known: Function) -> str:
    return (inspect.getdoc(known.run) or "").partition("\n")[0]


def _signature(known: Function) -> str:
    """How a function is called, with R's names and defaults; operators between their operands."""
    parameters = list(inspect.signature(known.run).parameters.values())[1:]
    words = [_argument(parameter) for parameter in parameters]
    if known.name == "(":
        return f"({words[0]})"
    if known.name[0].isalpha():
        return f"{known.name}({', '.join(words)})"
    return f"{words[0]} {known.name} {words[1]}" if len(words) == 2 else known.name + words[0]


def _argument(parameter: inspect.Parameter) -> str:
    if parameter.kind is parameter.VAR_POSITIONAL:
        return "..."
    name = parameter.name.rstrip("_")
    name = name if name in ("ordered_result",) else name.replace("_", ".")
    if parameter.default in (parameter.empty, ABSENT):
        return name
    default = parameter.default
    if default is None or isinstance(default, bool):
        return f"{name} = {'NULL' if default is None else str(default).upper()}"
    return f'{name} = "{default}"' if isinstance(default, str) else f"{name} = {default}"
