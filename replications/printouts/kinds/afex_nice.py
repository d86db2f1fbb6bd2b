"""``nice()`` of afex, and its ``aov_ez()``, ``aov_car()`` and ``mixed()``: numbered rows that begin with the effect."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from replications.printouts.block import Block
from replications.printouts.cells import NUMBER
from replications.printouts.coefficients import formula
from replications.printouts.cursor import Cursor
from replications.printouts.kind import has_title, kind
from replications.printouts.names import quantity, slug

_TITLE = r"^\s*(?:Mixed Model )?Anova Table \(Type \S+ tests(?:, [\w-]+-method)?\)\s*$"
_DF = r"\d+(?:\.\d+)?(?:, ?\d+(?:\.\d+)?)?"
_STARRED = rf"(?:{NUMBER})(?: ?(?:\*{{1,3}}|\+))?"
_CELLS = {"df": _DF, "F": _STARRED, "Chisq": _STARRED}
"""What a cell may be, where it is more than a number."""
_HEADING = r"(?:df|MSE|F|Chisq|ges|pes|p\.value)"
_HEADINGS = re.compile(rf"^\s*(?P<effect>Effect\s+)?(?P<names>{_HEADING}(?:\s+{_HEADING})*)\s*$")
_SAID = re.compile(r"^(Response|Data|Df full model|Contrasts set to \S+ for the following variables):\s*(.*)$")
_BELOW = re.compile(r"^\s*(?:---|Signif\. codes:.*|Sphericity correction method: (?P<method>\S+))\s*$")


@dataclass
class _Table:
    """The headings of a panel, and of each row its effect, by the number in front."""

    names: list[str] = field(default_factory=list)
    row: re.Pattern[str] = re.compile("$^")
    effects: dict[str, str] = field(default_factory=dict)

    def begin(self, found: re.Match[str]) -> None:
        """Take headings."""
        self.names = found["names"].split()
        cells = "".join(rf"\s+({_CELLS.get(name, NUMBER)})" for name in self.names)
        effect = r"\s+(\S.*?)" if found["effect"] else "()"
        self.row = re.compile(rf"^\s*(\d+){effect}{cells}\s*$")


@kind("afex.nice", begins=_TITLE, turn=19)
def read(cursor: Cursor) -> Block | None:
    """Read title, model and rows; ids are ``effect.quantity``, for both degrees of freedom num_df and den_df."""
    first = cursor.take()
    block, table = Block("afex.nice", first.number, call=cursor.call()), _Table()
    block.heads["title"] = first.text.strip()
    if not _head(cursor, block):
        return None
    while (line := cursor.peek()) is not None and not (
        line.blank or line.prose or line.code or _BELOW.match(line.text)
    ):
        if found := _HEADINGS.match(line.text):
            table.begin(found)
        elif found := table.row.match(line.text):
            _add(block, table, found, line.number)
        elif has_title(line):
            break
        else:
            block.unread.append((line.number, line.text))
        cursor.take()
    while (line := cursor.skip_blank()) is not None and (found := _BELOW.match(line.text)):
        cursor.take()
        if found["method"]:
            block.heads["correction"] = found["method"]
    return block if block.numbers or block.unread else None


def _head(cursor: Cursor, block: Block) -> bool:
    """Read the lines between title and headings; tell whether these are those of such a table."""
    while (line := cursor.skip_blank()) is not None and not (line.prose or line.code):
        if found := _HEADINGS.match(line.text):
            return bool(found["effect"])
        text = cursor.take().text.strip()
        if text.startswith("Model: "):
            block.formula = formula(cursor, text.removeprefix("Model: "), re.compile(r"^\s*(?:Data|Df full model):"))
        elif found := _SAID.match(text):
            block.heads[found[1].split(" for")[0].lower()] = found[2]
            block.data_name = found[2] if found[1] == "Data" else block.data_name
            if found[1] == "Df full model":
                block.add(found[2], "npar", "", found[1], line.number)
        else:
            return False
    return False


def _add(block: Block, table: _Table, found: re.Match[str], line: int) -> None:
    index, effect, *cells = found.groups()
    label = table.effects.setdefault(index, effect)
    for name, cell in zip(table.names, cells, strict=True):
        if name == "df":
            for id, text in zip(("num_df", "den_df") if "," in cell else ("df",), re.split(r", ?", cell), strict=True):
                block.add(text, f"{slug(label)}.{id}", label, name, line)
            continue
        text, stars = re.fullmatch(r"(.*?)(?: ?([*+]*))", cell).groups()  # type: ignore[union-attr]
        block.add(text, f"{slug(label)}.{quantity(name)}", label, name, line)
        if name in ("F", "Chisq"):
            block.add(stars, f"{slug(label)}.stars", label, "", line)
