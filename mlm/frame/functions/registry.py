"""How a function of formulas is described, found and called."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from ...errors import DataError, FormulaError, shorten
from ..values import Category, Matrix, Numbers, Other, Truth, Value

__all__ = ["Function", "Site", "bound", "found", "function", "numbers", "one_number", "one_truth"]

Kept = TypeVar("Kept")
# R's packages whose functions are known here: their names may stand before a function, as in splines::ns.
NUMPY = ("np.", "numpy.")
PACKAGES = ("base::", "stats::", "splines::", *NUMPY)
# What NumPy calls by R's name and computes otherwise, and why.
OTHERWISE = {"var": "NumPy divides by n, R by n - 1", "poly": "in NumPy it makes polynomials of their roots"}
# Functions of R that users look for here, and what serves instead.
REMEDIES = {
    "addNA": "missing values are not made a level of their own; fill them before the fit: data['f'].fillna('none')",
    "findInterval": "the number of the interval is cut(x, c(…), labels = FALSE)",
    "offset": "an offset is added to the formula as a whole, y ~ x + offset(z), or given as offset=",
    "paste": "combinations of categories are interaction(a, b), or a:b between terms",
    "paste0": "combinations of categories are interaction(a, b), or a:b between terms",
    "polym": "a polynomial in several variables is poly(x, z, degree = 2)",
    "rowMeans": "write I((a + b) / 2), or make the column before the fit",
    "rowSums": "write I(a + b), or make the column before the fit",
    "s": "smooths of penalised splines are not fitted; bs(x, df = 5) and ns(x, df = 5) are splines with fixed knots",
}


@dataclass
class Site:
    """Where a function is called: how the call is spelled, on how many rows, and what it has learnt.

    Attributes
    ----------
    label : str
        The call as R prints it, for messages and names.
    n : int
        Number of rows.
    learnt : dict
        What the function keeps of the rows of the fit: means, knots, levels.
    replaying : bool
        Whether the rows are new ones, and `learnt` is that of the fit.
    gave_missing : bool
        Whether the function said of some of its values that they are missing.
    """

    label: str
    n: int
    learnt: dict[str, Any] = field(default_factory=dict)
    replaying: bool = False
    gave_missing: bool = False

    def keep(self, key: str, compute: Callable[[], Kept]) -> Kept:
        """Return what is computed from the rows of the fit; on new rows, what was computed then."""
        if key not in self.learnt:
            if self.replaying:
                raise RuntimeError(f"{shorten(self.label)} has not kept {key!r}")
            self.learnt[key] = compute()
        return self.learnt[key]

    def error(self, why: str) -> DataError:
        """Make the error of this call."""
        return DataError(f"{shorten(self.label)} cannot be computed: {why}")


@dataclass(frozen=True, slots=True)
class Function:
    """A function that formulas can call.

    Attributes
    ----------
    name : str
        R's name.
    run : callable
        Takes a `Site` and values; the names of its parameters are R's, with ``_`` for ``.``.
    quoted : frozenset of str
        Parameters that take the tree as it stands and not its value: names of contrasts.
    learns : bool
        Whether it keeps something of the rows of the fit.
    named : bool
        Whether any of its arguments can have a name, as in ``cbind(a = x)``: one that is not a parameter's is one of
        the values.
    """

    name: str
    run: Callable[..., Value]
    quoted: frozenset[str] = frozenset()
    learns: bool = False
    named: bool = False

    @property
    def parameters(self) -> list[str]:
        """Names of the parameters."""
        return list(inspect.signature(self.run).parameters)[1:]


TABLE: dict[str, Function] = {}


def function(
    *names: str, quoted: tuple[str, ...] = (), learns: bool = False, named: bool = False
) -> Callable[[Callable], Callable]:
    """Enter a function in the table under these names."""

    def enter(run: Callable) -> Callable:
        for name in names:
            TABLE[name] = Function(name, run, frozenset(quoted), learns, named)
        return run

    return enter


def found(name: str, own: Mapping[str, Function]) -> Function:
    """Look a function up: among the user's own, then in the table.

    Raises
    ------
    FormulaError
        When there is none of this name.
    """
    if name in own:
        return own[name]
    bare = next((name.removeprefix(p) for p in PACKAGES if name.startswith(p)), name)
    if bare in OTHERWISE and name.startswith(NUMPY):
        raise FormulaError(f"{name} and R's {bare} differ: {OTHERWISE[bare]}. Write {bare}(…) for R's.")
    if bare in TABLE:
        return TABLE[bare]
    if bare in REMEDIES:
        raise FormulaError(f"A formula cannot call {name!r}: {REMEDIES[bare]}.")
    near = difflib.get_close_matches(bare, [*own, *TABLE], n=3, cutoff=0.6)
    meant = f" Did you mean {' or '.join(map(shorten, near))}?" if near else ""
    short = shorten(name)
    raise FormulaError(
        f"A formula cannot call {short!r}: there is no such function.{meant} Make the column before the fit, or pass "
        f"the function: functions={{{short!r}: ...}}."
    )


def bound(known: Function, site: Site, arguments: list[Any], keywords: list[str | None]) -> Value:
    """Call a function; names of arguments are R's and may be shortened.

    Raises
    ------
    FormulaError
        When the arguments do not fit.
    """
    signature = inspect.signature(known.run)
    parameters = list(signature.parameters)[1:]
    named: dict[str, Any] = {}
    positional = []
    for key, value in zip(keywords, arguments, strict=True):
        if key is None or (known.named and key.replace(".", "_") not in parameters):
            positional.append(value)
        else:
            name = _parameter(known, parameters, key, site)
            if name in named:
                raise FormulaError(f"{shorten(site.label)}: the argument {shorten(key)!r} is given twice.")
            named[name] = value
    try:
        signature.bind(site, *positional, **named)
    except TypeError as error:
        raise FormulaError(
            f"{shorten(site.label)}: {shorten(known.name)}() takes {_listed(parameters)}; {error}."
        ) from None
    with np.errstate(all="ignore"):  # where a number is undefined or infinite, the frame says so later
        return known.run(site, *positional, **named)


def _parameter(known: Function, parameters: list[str], key: str, site: Site) -> str:
    """Name of the parameter that a keyword means: itself, or the only one that begins so."""
    wanted = key.replace(".", "_")
    begins = [p for p in parameters if p.rstrip("_").startswith(wanted)]
    exact = [p for p in parameters if p.rstrip("_") == wanted]
    if len(exact or begins) != 1:
        if any(p.kind is p.VAR_KEYWORD for p in inspect.signature(known.run).parameters.values()):
            return key
        raise FormulaError(
            f"{shorten(site.label)}: {shorten(known.name)}() has no argument {shorten(key)!r}; it has "
            f"{_listed(parameters)}."
        )
    return (exact or begins)[0]


def _listed(parameters: list[str]) -> str:
    """Names of parameters as R spells them."""
    return ", ".join(p.rstrip("_").replace("_", ".") for p in parameters) or "no argument"


def numbers(site: Site, value: Value) -> Any:
    """Return a value as floats: an array (n,), or a single number of a constant.

    Raises
    ------
    DataError
        When it is a category, a date, a text.
    """
    if isinstance(value, Numbers | Truth):
        return np.asarray(value.values, dtype=float)
    if isinstance(value, bool | int | float):
        return float(value)
    if value is None:
        return np.nan
    if isinstance(value, Matrix) and value.values.shape[1] == 1:
        return np.asarray(value.values[:, 0], dtype=float)
    raise site.error(f"it needs numbers, not {described(value)}.")


def described(value: Value) -> str:
    """Say what a value is, for messages."""
    if isinstance(value, Category):
        shown = ", ".join(map(shorten, value.labels[:4])) + (" …" if len(value.labels) > 4 else "")
        return f"a category ({shown}); as.numeric(as.character(…)) makes numbers of labels"
    if isinstance(value, Matrix):
        return f"{value.values.shape[1]} columns; give it one at a time"
    if isinstance(value, Other):
        return value.what
    if isinstance(value, str):
        return f"the word {shorten(value)!r}"
    return {Numbers: "numbers", Truth: "truth values", tuple: "a list c(…)"}.get(type(value), "a single number")


def one_number(site: Site, value: Value, name: str) -> float:
    """Return a constant that must be one number."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    raise site.error(f"{name} is a single number.")


def one_truth(site: Site, value: Value, name: str) -> bool:
    """Return a constant that must be TRUE or FALSE."""
    if isinstance(value, bool) or value in (0, 1):
        return bool(value)
    given = (
        ""
        if isinstance(value, bool | int | float | str | tuple | None)
        else (f", and here it is {described(value)}: a name such as T is the column of the data where they have one")
    )
    raise site.error(f"{name} is TRUE or FALSE{given}.")
