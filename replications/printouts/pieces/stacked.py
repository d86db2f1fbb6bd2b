"""Coefficients whose labels stand first, and then one group of columns after another, each below its headings."""

from __future__ import annotations

import re

from replications.printouts.cells import stars_of
from replications.printouts.headings import known_headings
from replications.printouts.pieces.flow import STARS, Text, ends, is_command, is_words, numbers_of
from replications.printouts.pieces.laid import Laid, Piece, Row, table

_TITLE = re.compile(r"^(?:Fixed effects|Coefficients):")


def read(lines: Text, at: int) -> Laid | None:
    """Read a table below its title; None if labels and then headings do not begin here.

    Each group has a number for each label and heading, and its rows begin where lines do.
    """
    if not at or not _TITLE.match(lines[at - 1].text):
        return None
    labels, place = _labels(lines, at)
    if not labels or not _heads(lines, place)[0]:
        return None
    rows, head, end = [Row(line, [(text, line)]) for text, line in labels], list[Piece](), at
    while (found := _heads(lines, place))[0]:
        head, place = head + found[0], found[1]
        whole, place = _add(lines, place, rows, len(found[0]))
        if not whole:
            return Laid(place)
        end, place = place, lines.behind_blank(place)
    stars = [line for line in lines[place : place + len(rows) + 1] if STARS.fullmatch(line.text)]
    if stars and len(stars) != len(rows):
        return Laid(place + len(stars))
    for row, line in zip(rows, stars, strict=False):
        row.stars, end = (line.text, line.number), place + len(rows)
    for row in rows:
        row.line = row.numbers[0][1]
    return table(end, head, [], rows, [[text for text, _ in row.numbers] for row in rows])


def _labels(lines: Text, at: int) -> tuple[list[Piece], int]:
    """Return the labels that begin at a place, a line each, and the place of what follows them."""
    labels = list[Piece]()
    while at < len(lines) and is_words(lines[at]) and not ends(lines[at]):
        labels.append((lines[at].text, lines[at].number))
        at += 1
    return labels, lines.behind_blank(at)


def _heads(lines: Text, at: int) -> tuple[list[Piece], int]:
    """Return the headings at a place, in a line or several, and the place behind."""
    head = list[Piece]()
    while at < len(lines) and not is_command(lines[at]) and (cells := known_headings(lines[at].text)):
        head += [(cell.text, lines[at].number) for cell in cells]
        at += 1
    return head, at


def _add(lines: Text, at: int, rows: list[Row], wide: int) -> tuple[bool, int]:
    """Give each row its numbers below some headings; tell whether there are as many, and the place behind."""
    pieces, firsts, starred = list[Piece](), set[int](), dict[int, Piece]()
    while (place := lines.behind_blank(at)) < len(lines) and (numbers := numbers_of(lines[place])):
        firsts.add(len(pieces))
        pieces, at = pieces + numbers, place + 1
        if stars := stars_of(lines[place].text)[1]:
            starred[len(pieces)] = (stars, lines[place].number)
    starts = range(0, len(pieces), wide)
    behind = {start + wide for start in starts}
    if len(pieces) != wide * len(rows) or not firsts.issuperset(starts) or not behind.issuperset(starred):
        return False, at
    for row, start in zip(rows, starts, strict=True):
        row.numbers += pieces[start : start + wide]
        row.stars = starred.get(start + wide, row.stars)
    return True, at
