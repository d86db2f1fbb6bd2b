"""``icc()``, ``r2()`` and ``model_performance()`` of performance."""

from __future__ import annotations

import re

from replications.printouts.block import Block
from replications.printouts.cells import NUMBER, trailing
from replications.printouts.cursor import Cursor
from replications.printouts.kind import kind
from replications.printouts.names import slug

_FIELD = re.compile(rf"^\s*(?:-\s*)?([A-Za-z][\w .'()]*?)\s*:\s*({NUMBER})(?:\s+\[(.*?)\])?\s*$")
_KNOWN = {
    "adjusted icc": "adjusted",
    "unadjusted icc": "unadjusted",
    "conditional icc": "unadjusted",
    "adj. r2": "adj_r2",
}


@kind("performance.icc", begins=r"^\s*# Intraclass Correlation Coefficient|^\s*# ICC by Group", turn=20)
def read_icc(cursor: Cursor) -> Block | None:
    """Read ``Adjusted ICC: 0.138`` and its companion."""
    return _read(cursor, "performance.icc")


@kind("performance.r2", begins=r"^\s*# R2 for|^\s*(Conditional|Marginal) R2:", turn=20)
def read_r2(cursor: Cursor) -> Block | None:
    """Read ``Conditional R2: 0.30`` and ``Marginal R2: 0.10``."""
    return _read(cursor, "performance.r2")


@kind("performance.model_performance", begins=r"^\s*# (Indices of model|Comparison of Model)", turn=20)
def read_indices(cursor: Cursor) -> Block | None:
    """Read a table with bars between its cells; ids begin with the models' names if there are several."""
    first = cursor.take()
    block = Block("performance.model_performance", first.number, call=cursor.call())
    head = cursor.skip_blank()
    if head is None or "|" not in head.text:
        return None
    names = [name.strip() for name in cursor.take().text.split("|")]
    while (line := cursor.peek()) is not None and ("|" in line.text or re.match(r"^-+$", line.text.strip())):
        cells = [cell.strip() for cell in cursor.take().text.split("|")]
        label = cells[0] if names[0] in ("Name", "Model") else ""
        if len(cells) != len(names):
            block.unread += [(line.number, line.text)] if trailing(line.text) else []
            continue
        for name, cell in zip(names, cells, strict=True):
            if found := re.match(rf"^({NUMBER})(?: \(({NUMBER})\))?$", cell):
                id = f"{slug(label)}." * bool(label) + _id(name.replace(" (weights)", ""))
                block.add(found[1], id, label, name, line.number)
                if found[2]:
                    block.add(found[2], f"{id}_weight", label, name, line.number)
    return block if block.numbers else None


def _read(cursor: Cursor, name: str) -> Block | None:
    first = cursor.peek()
    assert first is not None
    block = Block(name, first.number, call=cursor.call())
    if first.text.lstrip().startswith("#"):
        block.heads["title"] = cursor.take().text.strip("# ")
    while (line := cursor.skip_blank()) is not None and not line.prose and not line.code:
        if (found := _FIELD.match(line.text)) and re.search("ICC|R2", found[1], re.IGNORECASE):
            label = found[1].strip()
            block.add(found[2], _id(label), label, "", cursor.take().number)
        elif found := re.match(rf"^\s*(\S+)\s*\|\s*({NUMBER})\s*$", line.text):
            block.add(found[2], f"icc.{slug(found[1])}", found[1], "ICC", cursor.take().number)
        elif re.match(r"^\s*(Group\s*\|\s*ICC|-{5,})\s*$", line.text):
            cursor.take()
        else:
            break
    return block if block.numbers else None


def _id(label: str) -> str:
    low = label.casefold()
    if low in _KNOWN:
        return _KNOWN[low]
    words = re.sub(r"\br2\b", "", low).split()
    return "r2" + "".join(f"_{word.strip('.()')}" for word in words) if "r2" in low else "_".join(low.split())
