"""Rows put together from pieces, and how they are laid out again, so that the readers of each kind can read them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from replications.printouts.lines import Line

Piece = tuple[str, int]
"""A text and the number of the line it stands in."""


@dataclass
class Row:
    """A row: the pieces of its label, its numbers, its stars, and whether it began with an empty piece."""

    line: int
    label: list[Piece] = field(default_factory=list)
    numbers: list[Piece] = field(default_factory=list)
    stars: Piece | None = None
    indented: bool = False

    @property
    def name(self) -> str:
        """The label in one piece."""
        return " ".join(text for text, _ in self.label)

    @property
    def pieces(self) -> list[Piece]:
        """The numbers and the stars, each with its line."""
        return [*self.numbers, *([self.stars] if self.stars else [])]


@dataclass
class Laid:
    """What a reader of pieces has made of the lines up to ``end``; without lines, the order of columns was lost.

    Attributes
    ----------
    end : int
    lines : list of Line
    pieces : dict of int to list of Piece
        By the number of a line that was laid out, where its numbers stand in the text.
    labels : list of str
        The rows, for a further panel of them.
    lost : list of Line
        Pieces of rows that could not be placed.
    cut : bool
        Whether its names were cut from those of the table above.
    """

    end: int
    lines: list[Line] = field(default_factory=list)
    pieces: dict[int, list[Piece]] = field(default_factory=dict)
    labels: list[str] = field(default_factory=list)
    lost: list[Line] = field(default_factory=list)
    cut: bool = False


def table(
    end: int, head: Sequence[Piece], labels: Sequence[str], rows: Sequence[Row], cells: Sequence[Sequence[str]]
) -> Laid:
    """Lay out a table: labels at the left, a blank in front of each column, numbers ending below their headings.

    Parameters
    ----------
    end : int
        The place behind the last line it was made of.
    head : sequence of Piece
        The headings of its columns.
    labels : sequence of str
        The headings of its labels; none in a matrix.
    rows : sequence of Row
    cells : sequence of sequence of str
        Of each row, as many as there are headings; empty where it has none.
    """
    names = [text for text, _ in head]
    first = " ".join(labels)
    wide = max(len(first) + bool(labels), *(len(row.name) + bool(labels) for row in rows))
    widths = [max(map(len, column)) for column in zip(names, *cells, strict=True)]
    lines = [Line(head[0][1], _line(f" {first}" if labels else "", wide, names, widths))]
    for row, texts in zip(rows, cells, strict=True):
        text = _line(f" {row.name}" if labels else row.name, wide, texts, widths)
        lines.append(Line(row.line, f"{text} {row.stars[0]}" if row.stars else text.rstrip()))
    return Laid(end, lines, {row.line: row.pieces for row in rows}, [row.name for row in rows])


def _line(label: str, wide: int, cells: Sequence[str], widths: Sequence[int]) -> str:
    return " ".join([label.ljust(wide), *(cell.rjust(width) for cell, width in zip(cells, widths, strict=True))])
