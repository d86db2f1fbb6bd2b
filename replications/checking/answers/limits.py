"""``confint()``: intervals by Wald's method and by profiles."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pandas as pd

import mlm
from replications.checking.answers.cells import Source, Value, only, said
from replications.checking.intervals import Interval, printed
from replications.checking.targets import Target
from replications.quantities import find

OLD = re.compile(r"^\.?sig(\d+)$")
"""lme4's names of random effects' parameters, which are numbered."""
RANDOM = re.compile(r"^\.?sig(\d+|ma)$|^(sd|cor)_.*\|")
"""Parameters that have no intervals by Wald's method."""


def confint(target: Target, models: Mapping[str, Any]) -> Source:
    """Return what finds the ends of intervals, by the parameters and the percentages that were printed."""
    tables = [_ends(target, only(models), method) for method in _methods(target)]
    text = {id: number.text for id, number in target.numbers.items()}

    def near(table: Mapping[str, Value]) -> float:
        return sum(_near(table, id, interval) for id in text if (interval := printed(text[id])) is not None)

    return max(tables, key=near).__getitem__


class OfProfile(float):
    """The end of an interval that is from a profile."""


def _near(table: Mapping[str, Value], id: str, interval: Interval) -> float:
    """Return 1 for an end that was printed, and less the farther it is from that, in widths of the interval."""
    prefix = id.rpartition(".")[0]
    value, low, high = (table.get(name) for name in (id, f"{prefix}.ci_low", f"{prefix}.ci_high"))
    if not (isinstance(value, float) and isinstance(low, float) and isinstance(high, float) and high > low):
        return 0.0
    return 1 - min(max(interval.low - value, value - interval.high, 0.0) / (high - low), 1.0)


def _ends(target: Target, model: Any, method: str) -> dict[str, Value]:
    """Return the ends of intervals by their ids; "NA" as R prints it where Wald's method has none."""
    table = _table(target, model, method)
    found: dict[str, Value] = {}
    for id, number in target.numbers.items():
        try:
            of_random = method == "wald" and RANDOM.match(number.row)
            row = "" if of_random else _name(number.row, list(table.index))
            kept = OfProfile if method == "profile" else float
            found[id] = "NA" if of_random else kept(table.loc[row].iloc[int(id.endswith(".ci_high"))])
        except LookupError as error:
            found[id] = error
    return found


def _methods(target: Target) -> tuple[str, ...]:
    """Return the methods that a table may be by, those that are said if any is.

    Raises
    ------
    LookupError
        If it is by the bootstrap.
    """
    messages = " ".join(target.block.messages)
    if "bootstrap" in messages or said(target, r"method\s*=\s*\W*boot"):
        raise LookupError("intervals by the bootstrap are of draws that are not known here")
    if is_wald(target):
        return ("wald",)
    return ("profile",) if target.block.call or "profile" in messages else ("wald", "profile")


def is_wald(target: Target) -> bool:
    """Tell whether intervals are said to be by Wald's method, as all of a linear model are."""
    if any(RANDOM.match(number.row) and number.text == "NA" for number in target.numbers.values()):
        return True
    return said(target, r"method\s*=\s*\W*[Ww]ald|confint\.default") or all(
        recipe.function == "lm" for recipe in target.recipes.values()
    )


def _table(target: Target, model: Any, method: str) -> pd.DataFrame:
    percent = [float(number.column.strip(" %")) for number in target.numbers.values()]
    level = 1 - 2 * min(min(one, 100 - one) for one in percent) / 100
    rows = dict.fromkeys(number.row for number in target.numbers.values())
    known = list(mlm.fixef(model).index)
    fixed = [term for term in known if any(_same(term, row) for row in rows)]
    asked = fixed if len(fixed) == len(rows) or method == "wald" else None
    found: pd.DataFrame = mlm.confint(model, level=level, method=method, parm=asked)
    return found


def _same(term: str, row: str) -> bool:
    try:
        return bool(find(row, [term], "term"))
    except LookupError:
        return False


def _name(row: str, known: list[str]) -> str:
    """Return the parameter of a row; ``.sig01`` is the first of the random effects, in lme4's order as in ours."""
    old = OLD.match(row)
    if not old:
        return str(find("sigma" if row == ".sigma" else row, known, "parameter"))
    place = int(old[1]) - 1
    random = (
        known[: known.index("sigma")] if "sigma" in known else [name for name in known if re.match(r"(sd|cor)_", name)]
    )
    if place >= len(random):
        raise LookupError(f"the model has no parameter {row!r} of its random effects")
    return random[place]
