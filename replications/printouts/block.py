"""What is read: numbers in blocks, blocks in a printout."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

UNREAD = "unread"
_NO_NUMBER = ("-", "<", ">", "=")
"""What stands in front of a number that was cut, and is none by itself."""


@dataclass(frozen=True, slots=True)
class Number:
    """One printed number, or the stars or the letters of groups beside it.

    Attributes
    ----------
    text : str
        As it was printed: ``"<2e-16"``, ``"-0.610"``. A typographic minus is written ``-``, and the decimal comma
        of ``options(OutDec = ",")`` as a point; empty for the stars of a row that has none.
    id : str
        What it is, in the words of the registry: ``fixef.eduyrs.estimate``.
    row, column : str
        The labels that were printed; empty where there are none.
    line : int
        The line of the text it stands in, from 1. In a notebook (.ipynb) the lines of its cells are counted.
    """

    text: str
    id: str
    row: str
    column: str
    line: int


@dataclass
class Block:
    """One block of a printout.

    Attributes
    ----------
    kind : str
        Package and function that print such a block, ``lme4.summary``; ``unread`` for lines that no reader knows.
    line, last : int
        Its first line and its last.
    formula, data_name : str or None
        The model's formula on one line, and the name of its data.
    reml : bool or None
        Whether the fit was by REML; None where it is not said.
    call : str
        The call above the block, where it was echoed.
    messages : list of str
        What optimiser and checks said, a line each.
    numbers : list of Number
    heads : dict of str to str
        Other lines that were read: title, family, the models of a comparison.
    unread : list of (int, str)
        The lines within it that were not understood, each with its number.
    labels : dict of int to str
        By line, the levels that a table says there; numbers among them are no results.
    """

    kind: str
    line: int
    last: int = 0
    formula: str | None = None
    data_name: str | None = None
    reml: bool | None = None
    call: str = ""
    messages: list[str] = field(default_factory=list)
    numbers: list[Number] = field(default_factory=list)
    heads: dict[str, str] = field(default_factory=dict)
    unread: list[tuple[int, str]] = field(default_factory=list)
    labels: dict[int, str] = field(default_factory=dict, repr=False, compare=False)
    _taken: set[str] = field(default_factory=set, init=False, repr=False, compare=False)

    def add(self, text: str, id: str, row: str, column: str, line: int) -> None:
        """Add a number; a second one of the same id is told apart by ``__2``. A minus by itself is none."""
        if text.strip() in _NO_NUMBER:
            return
        unique, count = id, 1
        while unique in self._taken:
            count += 1
            unique = f"{id}__{count}"
        self._taken.add(unique)
        self.numbers.append(Number(text, unique, row, column, line))

    def get(self, id: str) -> Number:
        """Return the number of an id.

        Raises
        ------
        KeyError
            If the block has none of this id.
        """
        for number in self.numbers:
            if number.id == id:
                return number
        raise KeyError(id)

    @property
    def frame(self) -> pd.DataFrame:
        """All numbers of the block, a row each: id, text, row, column, line."""
        rows = [(n.id, n.text, n.row, n.column, n.line) for n in self.numbers]
        return pd.DataFrame(rows, columns=["id", "text", "row", "column", "line"])

    def as_dict(self) -> dict[str, Any]:
        """Return what ``--json`` writes."""
        numbers = [{"text": n.text, "id": n.id, "row": n.row, "column": n.column, "line": n.line} for n in self.numbers]
        about = {name: getattr(self, name) for name in ("kind", "line", "last", "formula", "data_name", "reml", "call")}
        unread = [{"line": number, "text": text} for number, text in self.unread]
        return about | {"heads": self.heads, "messages": self.messages, "numbers": numbers, "unread": unread}

    def _repr_html_(self) -> str:
        return str(self.frame.to_html(index=False))

    def __str__(self) -> str:
        head = f"line {self.line}: {self.kind}, {len(self.numbers)} numbers"
        said = [f"  {name}: {text}" for name, text in (("formula", self.formula), ("data", self.data_name)) if text]
        said += [f"  message: {message}" for message in self.messages]
        width = max((len(number.id) for number in self.numbers), default=0)
        said += [f"  {number.id:{width}}  {number.text}" for number in self.numbers]
        return "\n".join([head, *said, *(f"  not read, line {number}: {text}" for number, text in self.unread)])


class Printout(list[Block]):
    """The blocks of a text, in its order; ``print`` lists them with their numbers.

    Attributes
    ----------
    notes : list of str
        What is true of the text as a whole: that the order of columns was lost on the way from a PDF.
    """

    def __init__(self, blocks: Iterable[Block] = ()) -> None:
        super().__init__(blocks)
        self.notes: list[str] = []

    @property
    def frame(self) -> pd.DataFrame:
        """All numbers, a row each, with columns block (from 0), kind, id, text, row, column, line."""
        frames = [block.frame.assign(block=at, kind=block.kind) for at, block in enumerate(self)]
        columns = ["block", "kind", "id", "text", "row", "column", "line"]
        return pd.concat(frames, ignore_index=True)[columns] if frames else pd.DataFrame(columns=columns)

    @property
    def unread(self) -> list[tuple[int, str]]:
        """The lines with numbers that were not understood, within blocks and between them."""
        return sorted(line for block in self for line in block.unread)

    def kinds(self) -> Iterator[str]:
        """Give the kind of each block."""
        return (block.kind for block in self)

    def _repr_html_(self) -> str:
        return str(self.frame.to_html(index=False))

    def __str__(self) -> str:
        read = [block for block in self if block.kind != UNREAD]
        numbers = sum(len(block.numbers) for block in read)
        return "\n\n".join(
            [
                *map(str, self),
                f"{len(read)} blocks, {numbers} numbers; lines not read: {len(self.unread)}",
                *self.notes,
            ]
        )
