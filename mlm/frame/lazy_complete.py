"""Which rows of lazy data are complete: counted in one query, with what is missing, infinite or undefined in them."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from functools import reduce
from operator import and_, or_

import narwhals.stable.v2 as nw

from ..errors import DataError, MissingRowsWarning, shorten, users_stacklevel
from ..language.tree import Call, Node, spell
from .lazy_arithmetic import sound
from .lazy_functions import Lazily
from .lazy_table import LazyTable
from .lazy_values import ByValue, Translator, key_of
from .rows import Dropped, makes_missing

__all__ = ["complete_rows", "demand_finite", "demand_plain", "large_groups"]

GROUP = "mlm_size"


def complete_rows(
    translator: Translator, computed: Sequence[Node], grouped: Sequence[str]
) -> tuple[LazyTable, Dropped]:
    """Keep the rows in which nothing is missing; says which are left out.

    Parameters
    ----------
    translator : Translator
    computed : sequence of Node
        Expressions of the model.
    grouped : sequence of str
        Names of the columns that group.

    Raises
    ------
    DataError
        When a variable is infinite or undefined somewhere, or no row is complete.
    """
    present = {node: _present(translator, node) for node in computed}
    of_column = _of_columns(translator, computed, grouped)
    every = reduce(and_, [*present.values(), *(of_column[name] for name in grouped)])
    asked = {"complete": _counted(every)}
    for name, there in of_column.items():
        users = [~present[node] for node in present if name in translator.columns([node])]
        users += [~there] if name in grouped else []
        asked[f"absent {name}"] = _counted(~there & reduce(or_, users))
    found = _counts(translator, present, of_column, asked)
    total, complete = found["rows"], found.get("complete", 0)
    by_column = {name: found[f"absent {name}"] for name in of_column if found.get(f"absent {name}")}
    calls = [node for node in present if isinstance(node, Call)]
    by_column |= {spell(node): found[f"undefined {k}"] for k, node in enumerate(calls) if found.get(f"undefined {k}")}
    _say_dropped(total, complete, by_column)
    return translator.table.keeping(every), Dropped(total - complete, total, by_column)


def demand_plain(table: LazyTable, grouped: Sequence[str]) -> None:
    """Refuse columns of lists and of records to group by.

    Raises
    ------
    DataError
    """
    for name in grouped:
        if table.dtypes[name].is_nested():
            raise DataError(
                f"The values of the grouping column {name!r} cannot be told apart: it holds {table.told(name)}. Make "
                "text of them first, or numbers."
            )


def demand_finite(translator: Translator, computed: Sequence[Node]) -> None:
    """Raise unless expressions are finite numbers wherever their columns are there.

    Raises
    ------
    DataError
        Also when there are no rows.
    """
    present = {node: _present(translator, node) for node in computed}
    _counts(translator, present, _of_columns(translator, computed, ()), {})


def large_groups(
    kept: LazyTable, dropped: Dropped, keys: Sequence[Sequence[str]], least: int
) -> tuple[LazyTable, Dropped]:
    """Leave out the rows of groups that have fewer than `least`, until none has; warns of them.

    Parameters
    ----------
    kept : LazyTable
        The complete rows.
    dropped : Dropped
        What was left out before.
    keys : sequence of sequence of str
        The columns of each grouping factor.
    least : int

    Raises
    ------
    DataError
        When no row is left.
    """
    before = dropped.total - dropped.count
    rows, counted = before, -1
    while rows != counted:
        counted = rows
        for names in keys:
            size = kept.with_columns({GROUP: nw.lit(1.0)}).sizes(names, GROUP)
            kept = size.keeping(nw.col(GROUP) >= least)
        rows = int(kept.numbers({"rows": nw.len()})["rows"])
    if not rows:
        raise DataError(f"No group has {least} rows or more; ask for fewer, or group by something coarser.")
    if rows < before:
        warnings.warn(
            f"{before - rows} of {before} complete rows are in groups of fewer than {least} rows and are left out.",
            MissingRowsWarning,
            stacklevel=users_stacklevel(),
        )
    return kept, Dropped(dropped.total - rows, dropped.total, dropped.by_column)


def _of_columns(translator: Translator, computed: Sequence[Node], grouped: Sequence[str]) -> dict[str, nw.Expr]:
    """Whether each column that is used has a value."""
    names = dict.fromkeys([*translator.columns(list(computed)), *grouped])
    return {name: ~key_of(translator.table, name).is_null() for name in names}


def _present(translator: Translator, node: Node) -> nw.Expr:
    value = translator.value(node)
    if isinstance(value, ByValue):
        return value.present()
    if not isinstance(value, Lazily):
        raise DataError(f"{shorten(spell(node))!r} names no column of the data: it is one value for all rows.")
    return ~sound(value.expression).is_null()


def _counts(
    translator: Translator,
    present: Mapping[Node, nw.Expr],
    of_column: Mapping[str, nw.Expr],
    more: Mapping[str, nw.Expr],
) -> dict[str, int]:
    """Rows, and what else is asked for; refuses infinite values, and expressions that have none where columns do."""
    table, asked = translator.table, {"rows": nw.len(), **more}
    for name in of_column:
        if table.holds(name) == "numbers" and table.is_float(name):
            number = nw.col(name).cast(nw.Float64)
            asked[f"infinite {name}"] = _counted((number == math.inf) | (number == -math.inf))
    calls = {node: there for node, there in present.items() if isinstance(node, Call)}
    for k, (node, there) in enumerate(calls.items()):
        inputs = [of_column[name] for name in translator.columns([node])]
        asked[f"undefined {k}"] = _counted(reduce(and_, inputs, ~there))
    found = {name: int(count) for name, count in table.numbers(asked).items() if not math.isnan(count)}
    _demand_numbers(found, list(calls))
    return found


def _counted(condition: nw.Expr) -> nw.Expr:
    return condition.cast(nw.Float64).sum()


def _demand_numbers(found: Mapping[str, int], calls: Sequence[Node]) -> None:
    """Refuse infinite values, and expressions that are undefined where their columns have values."""
    total = found["rows"]
    if not total:
        raise DataError("The data have no rows.")
    for key, count in found.items():
        what, _, name = key.partition(" ")
        if what == "infinite" and count:
            raise DataError(
                f"Column {name!r} has {count} infinite values in its {total} rows; replace them by missing values or "
                "filter these rows."
            )
        if what == "undefined" and count and not makes_missing(node := calls[int(name)]):
            raise DataError(
                f"{spell(node)!r} is infinite or undefined in {count} of {total} rows; filter these rows or change the "
                "term."
            )


def _say_dropped(total: int, complete: int, by_column: Mapping[str, int]) -> None:
    """Warn of rows that are left out.

    Raises
    ------
    DataError
        When all are.
    """
    listed = ", ".join(f"{name} ({count})" for name, count in by_column.items())
    if not complete:
        raise DataError(f"No row is complete: all {total} rows have missing values, by column: {listed}.")
    if complete < total:
        warnings.warn(
            f"{total - complete} of {total} rows have missing values and are left out, by column: {listed}. To choose "
            f"the rows yourself, filter them before the fit.",
            MissingRowsWarning,
            stacklevel=users_stacklevel(),
        )
