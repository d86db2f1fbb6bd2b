"""Named vectors: ``fixef()``, ``coef()``, ``quantile()``, ``summary()`` of a column, and the like."""

from __future__ import annotations

import re
from itertools import pairwise

from replications.printouts import parts
from replications.printouts.block import Block
from replications.printouts.cells import Cell, all_numbers, is_number, names_above, trailing
from replications.printouts.coefficients import named_vector
from replications.printouts.cursor import Cursor
from replications.printouts.kind import begins_another, kind
from replications.printouts.lines import Line
from replications.printouts.names import slug

_KINDS = {"fixef": "lme4.fixef", "coef": "stats.coef", "ngrps": "lme4.ngrps", "quantile": "stats.quantile"}


@kind("base.print.vector", begins=r"^\s*[^\s#].*$", turn=92)
def read(cursor: Cursor) -> Block | None:
    """Read lines of names above lines of values; ids are the names, below ``fixef`` those of a summary."""
    first, below = cursor.peek(), cursor.peek(1)
    if first is None or below is None or below.prose or not (values := all_numbers(below.text)):
        return None
    if all(cell.text.endswith("%") for cell in values):
        return None
    call = cursor.call()
    called = re.match(r"(?:round\(|\w+ <- )*(?:\w+::)?(fixef|coef|ngrps|quantile)\(", call)
    block = Block(_KINDS[called[1]] if called else "base.print.vector", first.number, call=call)
    counted = re.search(r"\b(table|[ts]apply|ngrps|aggregate)\(", call)
    if counted and not _heads_values(cursor, first, below):
        return None
    if not counted and not _is_named(first.text, all_numbers(below.text) or []):
        return None
    pairs = named_vector(cursor, lambda line: begins_another(line, "base.print.vector"))
    if not counted and not _may_be_called([name for name, _, _ in pairs], [text for _, text, _ in pairs]):
        return None
    if not all(_is_closed(name) for name, _, _ in pairs):
        return None
    single = len({line for _, _, line in pairs}) == len(pairs)
    if not call and single and not _is_padded(first, below):
        return None
    if not call and any(name == "(Intercept)" for name, _, _ in pairs) and not _is_part(cursor):
        block.kind = "lme4.fixef"
    part = parts.above(cursor)
    for name, text, number in pairs:
        id = {"lme4.fixef": f"{part}fixef.{slug(name)}.estimate", "stats.coef": f"coef.{slug(name)}.estimate"}
        id["lme4.ngrps"] = f"n_groups.{slug(name)}"
        block.add(text, id.get(block.kind, slug(name)), name, "", number)
    return block if block.numbers else None


def _is_closed(name: str) -> bool:
    """Tell whether a name closes the brackets that it opens, as those of a vector do and pieces of code do not.

    Examples
    --------
    >>> [_is_closed(name) for name in ("(Intercept)", "I(age - 40)", "sapply(fits,", "AIC(fit))")]
    [True, True, False, False]
    """
    return all(name.count(opening) == name.count(closing) for opening, closing in ("()", "[]", "{}"))


def _heads_values(cursor: Cursor, names: Line, values: Line) -> bool:
    """Tell whether names that may be numbers, as levels are, stand above values and are none of a table's rows.

    None of such names stands among words, and no line that ends with numbers right above them.
    """
    words = names.text.split()
    numbers = [is_number(word) and not word.endswith("%") for word in words]
    if not any(numbers):
        return True
    above = cursor.peek(-1) if cursor.at else None
    goes_on = above is not None and not (above.code or above.prose) and bool(trailing(above.text))
    ends = {cell.end for cell in all_numbers(values.text) or []}
    return all(numbers) and not goes_on and len(names.text.rstrip()) in ends


def _is_padded(names: Line, values: Line) -> bool:
    """Tell whether a single name above its value was printed so, the shorter one padded: else both may be pieces."""
    widths = {len(line.text.rstrip()) for line in (names, values)}
    return len(widths) == 1 and (names.text[:1] == " " or values.text[:1] == " ")


def _is_part(cursor: Cursor) -> bool:
    """Tell whether a vector is part of a list, such as ``$se``, that is not of its coefficients."""
    above = (line.text.strip() for line in reversed(cursor.lines[max(0, cursor.first - 3) : cursor.first]))
    before = next(filter(None, above), "")
    return before.startswith("$") and not re.fullmatch(r"\$.*(coef|coefficients|fixef|fixed)", before)


def _is_named(names: str, values: list[Cell]) -> bool:
    """Tell whether a line may be of the names of the values below: numbers are so if they end where these do."""
    cells = all_numbers(names) or []
    texts = [cell.text for cell in cells]
    return not cells or (bool(names_above(names, values)) and _may_be_called(texts, [cell.text for cell in values]))


def _may_be_called(names: list[str], values: list[str]) -> bool:
    """Tell whether values may be called so: numbers for names count rows, one by one, and the values have decimals."""
    numbers = [name for name in names if is_number(name) and not name.endswith("%")]
    if not numbers:
        return True
    counted = all(name.isdigit() for name in names)
    return (
        counted
        and all(int(b) == int(a) + 1 for a, b in pairwise(names))
        and all("." in value or value == "NA" for value in values)
    )
