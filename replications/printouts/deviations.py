"""Standard deviations of random effects as nlme prints them: a row an effect, correlations with those above behind."""

from __future__ import annotations

import re

from replications.printouts.block import Block
from replications.printouts.cells import NUMBER, is_number
from replications.printouts.cursor import Cursor
from replications.printouts.lines import Line
from replications.printouts.names import quantity, slug

GROUP = re.compile(r"^\s*([\w.]+(?: %in% [\w.]+)*)\s+=\s+(pd\w+\(.*\))\s*$")
_ROW = re.compile(rf"^(?P<label>\S.*?)\s+(?P<numbers>(?:{NUMBER})(?:\s+(?:{NUMBER}))*)(?P<heads>(?:\s+[^\s\d-]\S*)*)$")


def read(cursor: Cursor, block: Block, group: str, head: Line) -> None:
    """Read rows below ``Variance StdDev Corr`` into a block until one comes that is none.

    Parameters
    ----------
    cursor : Cursor
        Behind the headings.
    block : Block
    group : str
        The grouping factor; a row such as ``school = pdLogChol(x)`` names another one.
    head : Line
        The headings; numbers begin where the first of them does, unless the places were lost.
    """
    columns = [word for word in head.text.split() if word in ("Variance", "StdDev")]
    start = len(head.text) - len(head.text.lstrip())
    names: list[str] = []
    while (line := cursor.peek()) is not None and not line.blank and not line.prose and not line.code:
        if found := GROUP.match(line.text):
            group, names = slug(found[1]), []
            block.heads[f"structure {group}"] = found[2]
        elif not _row(block, group, line, columns, names, start):
            break
        cursor.take()


def _row(block: Block, group: str, line: Line, columns: list[str], names: list[str], start: int) -> bool:
    """Read a row whose numbers are followed by the headings of correlations: ``x 0.30 -0.79 (Intr)``."""
    label, numbers = _parts(line.text, start)
    if not label or not len(columns) <= len(numbers) <= len(columns) + len(names):
        return False
    for column, text in zip(columns, numbers, strict=False):
        add(block, group, label, text, column, line.number)
    others = numbers[len(columns) :]
    if others and len(others) < len(names):
        block.unread.append((line.number, line.text))
    else:
        for other, text in zip(names, others, strict=False):
            block.add(text, f"varcomp.{group}.{slug(other)}__{slug(label)}.corr", label, "Corr", line.number)
    names.append(label)
    return True


def _parts(text: str, start: int) -> tuple[str, list[str]]:
    """Return the label of a row and its numbers; no label where it is not certain which these are."""
    words = text[start:].split()
    count = next((at for at, word in enumerate(words) if not is_number(word)), len(words))
    if start and count and text[start - 1 : start] == " " and text[:start].strip():
        return text[:start].strip(), words[:count]
    found = _ROW.match(text.strip())
    if found is None or re.search(r"\s-?[\d.]+$|~|:(\s|$)", found["label"]):
        return "", []
    return found["label"], found["numbers"].split()


def add(block: Block, group: str, name: str, text: str, column: str, line: int) -> None:
    """Add a standard deviation or a variance under its id."""
    prefix = "varcomp.residual" if name == "Residual" else f"varcomp.{group}.{slug(name)}"
    block.add(text, f"{prefix}.{quantity(column)}", name, column, line)
