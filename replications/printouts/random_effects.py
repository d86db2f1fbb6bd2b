"""Variances of random effects as lme4 prints them: ``Groups Name Variance Std.Dev. Corr``, and the counts below."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from replications.printouts.block import Block
from replications.printouts.cells import Cell, all_numbers, tidy, trailing
from replications.printouts.cursor import Cursor
from replications.printouts.lines import Line
from replications.printouts.matrices import tableish
from replications.printouts.names import quantity, slug
from replications.printouts.overlay import overlaid
from replications.printouts.rows import swallows

_HEADING = re.compile(r"Groups|Name|Variance|Std\.\s?Dev\.?|Corr\w*|Cov")
_NO_ROW = re.compile(r"^\s*(?:[\w.$]+\s*(?:<-|=)\s*\S|\[\d+\]\s)")
"""An assignment, and a line of a vector."""
_COMMANDS_AT_MOST = 8
"""Lines below a table that may be commands without a prompt."""
_WIDTH = 12
"""The most characters of a column of numbers."""
_COUNT = re.compile(r"\s*([^;,]+?)\s*,\s*(\d+)\s*(?:;|$)")


_BY_PART = re.compile(r" / ((?:Conditional|Zero-inflation|Dispersion) model:)")
"""What glmmTMB prints before the groups of each part: ``Number of obs: 90 / Conditional model: plot, 9``."""
_Places = dict[int, list[tuple[int, int]]]


@dataclass
class _Part:
    group: str
    names: list[str] = field(default_factory=list)


def read(cursor: Cursor, block: Block, ends: Callable[[Line], bool]) -> None:
    """Read the table into a block; ids are ``varcomp.group.name.variance`` and ``varcomp.group.a__b.corr``."""
    lines: list[Line] = []
    while (line := cursor.peek()) is not None and not (line.prose or line.code):
        if ends(line) and (lines or not _is_heading(line.text)):
            break
        if (line.blank and lines and not _more(cursor, ends, _high(lines))) or _NO_ROW.match(line.text):
            break
        if not (line.blank or tableish(line.text) or _is_heading(line.text)):
            break
        if "Groups" in line.text and _is_heading(line.text) and len(lines) > 1:
            break
        lines.append(cursor.take())
    groups, behind = _groups(cursor), cursor.at
    kept = list(lines)
    while not (found := _read_lines(block, kept, groups)) and kept and _may_be_code(kept[-1]):
        if len(lines) - len(kept) > _COMMANDS_AT_MOST:
            break
        kept.pop()
        cursor.at -= 1
    if not found:
        rows = _first_rows(block, lines)
        cursor.at = behind - len(lines) + rows if rows else behind
        block.unread += [(line.number, line.text) for line in lines if not (rows or line.blank)]


def _first_rows(block: Block, lines: list[Line]) -> int:
    """Read the rows that stand below their headings, up to a line that is none; return the lines passed."""
    head, rows = _split(lines)
    wanted = [name for name, _ in head if name not in ("Groups", "Name", "Corr", "Cov")]
    starts = [start for name, start in head if name in wanted]
    passed = len(lines) - len(rows)
    for line in rows:
        cells = _cells(line.text, head, wanted)
        within = len(line.text) - len(line.text.lstrip()) >= head[0][1]
        if not wanted or not cells or not within or not _stand_below(cells, starts):
            break
        passed += 1
        if line.text.split()[0] == "Residual":
            break
    for count in range(passed, len(lines) - len(rows), -1):
        if _read(block, lines[:count], set(), {}):
            return count
    return 0


def _stand_below(cells: Sequence[Cell], starts: Sequence[int]) -> bool:
    """Tell whether each heading has a number below it that begins where it does, or behind, and before the next."""
    edges = [*starts[1:], starts[-1] + _WIDTH]
    return all(low <= cell.start < high for cell, low, high in zip(cells, starts, edges, strict=False))


def _is_named(text: str, cells: Sequence[Cell], head: Sequence[tuple[str, int]], wanted: Sequence[str]) -> bool:
    """Tell whether the decimal at the end of a label is a level's: a word in front, the cells below their headings."""
    starts = [start for name, start in head if name in wanted]
    if len(cells) < len(starts) or not starts:
        return False
    return bool(re.search(r"[^\W\d] \d*\.\d+\s*$", text[: cells[0].start])) and _stand_below(cells, starts)


def _may_be_code(line: Line) -> bool:
    """Tell whether a line may be a command without a prompt that follows the table."""
    return line.blank or not trailing(line.text) or "(" in line.text[1:]


def _read_lines(block: Block, lines: list[Line], groups: set[str]) -> bool:
    """Read the lines of a table: its panels side by side, as they stand, or their pieces laid over each other."""
    sewn, places = _side_by_side(lines)
    lines = [line for line in lines if not line.blank]
    if _read(block, sewn, groups, places) or _read(block, lines, groups, {}):
        return True
    at = next((i for i, line in enumerate(lines) if line.text.strip() == "Residual"), len(lines))
    if _read(block, [*overlaid(lines[:at]), *overlaid(lines[at:])], groups, {}):
        return True
    joined, places = _joined(lines) if groups else ([], {})
    return bool(joined) and _read(block, joined, groups, places)


def _joined(lines: Sequence[Line]) -> tuple[list[Line], _Places]:
    """Return the rows of a table whose cells follow each other, some on lines of their own, and where pieces begin.

    A row begins with text behind a number; that its numbers are as many as there are headings is seen later.
    """
    heads = [line for line in lines if _is_heading(line.text)]
    if [*map(_is_heading, (line.text for line in lines[: len(heads)]))] != [True] * len(heads) or not heads:
        return [], {}
    rows: list[Line] = [replace(heads[0], text=" ".join(line.text.strip() for line in heads))]
    places: _Places = {}
    numeric = True
    for line in lines[len(heads) :]:
        cells = trailing(line.text)
        if re.search(r"\d\.\d.*[A-Za-z]", line.text):
            return [], {}
        if numeric and not (cells and not line.text[: cells[0].start].strip()):
            rows.append(replace(line, text=line.text.strip()))
            places[line.number] = [(0, line.number)]
        elif len(rows) > 1:
            places[rows[-1].number].append((len(rows[-1].text) + 1, line.number))
            rows[-1] = replace(rows[-1], text=f"{rows[-1].text} {line.text.strip()}")
        else:
            return [], {}
        numeric = bool(cells)
    return rows, places


def _side_by_side(lines: list[Line]) -> tuple[list[Line], _Places]:
    """Return a table that was too wide, whose last columns stand in panels below, with its panels side by side.

    Each panel has headings, blank ones perhaps, and as many rows as the first, where a row without a correlation is
    blank. Beside the lines stands for each where its pieces begin, and the lines these come from.
    """
    heads, high = _heads(lines), _high(lines)
    filled = [line for line in lines if not line.blank]
    further = [at for at, line in enumerate(lines) if at >= high and not line.blank and at not in heads]
    if not further or not heads or heads[0] or any("Groups" in lines[at].text for at in heads[1:]):
        return filled, {}
    alone = len(heads) > 1 or all(all_numbers(lines[at].text) and at % high for at in further)
    if not alone or any(at % high for at in heads) or any(line.blank for line in lines[:high]):
        return filled, {}
    lines = [*lines, *[replace(lines[-1], text="")] * (-len(lines) % high)]
    sewn, places = lines[:high], {line.number: [(0, line.number)] for line in lines[:high]}
    for start in range(high, len(lines), high):
        width = max(len(line.text) for line in sewn) + 1
        for row, below in zip(sewn, lines[start : start + high], strict=True):
            places[row.number].append((width, below.number))
        sewn = [
            replace(row, text=f"{row.text:{width}}{below.text}".rstrip())
            for row, below in zip(sewn, lines[start : start + high], strict=True)
        ]
    return sewn, places


def _is_heading(text: str) -> bool:
    return bool(_HEADING.search(text)) and not _HEADING.sub("", text).strip()


def _heads(lines: Sequence[Line]) -> list[int]:
    return [at for at, line in enumerate(lines) if _is_heading(line.text)]


def _high(lines: Sequence[Line]) -> int:
    """Return how many lines the first panel has: up to further headings, or to the first blank line."""
    heads = _heads(lines)
    if len(heads) > 1:
        return heads[1]
    return next((at for at, line in enumerate(lines) if line.blank), len(lines)) if heads == [0] else 0


def _more(cursor: Cursor, ends: Callable[[Line], bool], high: int) -> bool:
    """Tell whether rows follow behind a blank line, or in panels below the first behind rows without a correlation."""
    ahead = 0
    while (line := cursor.peek(ahead)) is not None and line.blank:
        ahead += 1
    if line is None or line.prose or line.code or ends(line) or not trailing(line.text):
        return False
    return ahead < 2 or (ahead < 2 * high and all_numbers(line.text) is not None)


def _groups(cursor: Cursor) -> set[str]:
    """Return the grouping factors that are counted below the table; none if the counts are not printed."""
    lines = [line.text for line in map(cursor.peek, range(4)) if line is not None and not line.prose]
    for at, text in enumerate(lines):
        if "groups:" in text:
            rest = text.partition("groups:")[2] or " ".join(lines[at + 1 : at + 2])
            return {_plain(group[1]) for group in _COUNT.finditer(rest)}
    return set()


def _plain(group: str) -> str:
    return group.replace(":", ".")


def _read(block: Block, lines: Sequence[Line], groups: set[str], places: _Places) -> bool:
    """Read rows below headings; nothing is added unless all of them can be read."""
    head, rows = _split(lines)
    columns = [found[0] for found in head]
    if not columns or "Name" not in columns:
        return False
    wanted = [name for name in columns if name not in ("Groups", "Name", "Corr", "Cov")]
    found: list[tuple[str, str, str, str, int]] = []
    part = _Part("")
    for line in rows:
        cells = _cells(line.text, head, wanted)
        label = line.text[: cells[0].start] if cells else ""
        swallowed = swallows(label.strip(), gap=True) and not _is_named(line.text, cells, head, wanted)
        place = None if swallowed else _labels(label, dict(head), groups)
        if place is None:
            return False
        group, name = place
        if group and not name and part.group and group != "Residual":
            group, name = "", group
        after_the_last = part.group == "Residual"
        part = _Part(group) if group else part
        if not part.group or after_the_last or len(cells) - len(wanted) not in (0, len(part.names)):
            return False
        found += _numbers(
            part,
            name,
            wanted,
            cells,
            "Cov" if "Cov" in columns else "Corr",
            places.get(line.number, [(0, line.number)]),
        )
        part.names.append(name)
    for number in found:
        block.add(*number)
    return bool(found)


def _numbers(
    part: _Part, name: str, wanted: list[str], cells: list[Cell], with_others: str, pieces: list[tuple[int, int]]
) -> list[tuple[str, str, str, str, int]]:
    """Return the numbers of a row: text, id, label, heading, line; behind its own come those with the rows above."""
    label = f"{part.group} {name}".strip()
    group = f"varcomp.{slug(part.group)}"
    own = "varcomp.residual" if part.group == "Residual" else f"{group}.{slug(name)}" if name else group
    found = [
        (tidy(cell.text), f"{own}.{quantity(column)}", label, column, _line_of(cell, pieces))
        for column, cell in zip(wanted, cells, strict=False)
    ]
    for other, cell in zip(part.names, cells[len(wanted) :], strict=False):
        id = f"{group}.{slug(other)}__{slug(name)}.{with_others.casefold()}"
        found.append((tidy(cell.text), id, label, with_others, _line_of(cell, pieces)))
    return found


def _line_of(cell: Cell, pieces: list[tuple[int, int]]) -> int:
    return [number for start, number in pieces if start <= cell.start][-1]


def _split(lines: Sequence[Line]) -> tuple[list[tuple[str, int]], list[Line]]:
    """Return the headings with the column each begins in, and the rows."""
    for at, line in enumerate(lines):
        found = [(re.sub(r"\s", "", m[0]), m.start()) for m in _HEADING.finditer(line.text)]
        if found and _is_heading(line.text):
            return found, list(lines[at + 1 :])
    return [], []


def _cells(text: str, head: list[tuple[str, int]], wanted: list[str]) -> list[Cell]:
    """Return the numbers of a row, without such as belong to its label; none if there are too few."""
    cells = trailing(text)
    if not head[0][1]:
        return cells if len(cells) >= len(wanted) else []
    numbers = min((start for name, start in head if name in wanted), default=0)
    inner = sum(cell.end <= numbers for cell in cells)
    if inner and swallows(text[: cells[inner - 1].end].strip(), gap=True):
        inner = inner if _is_named(text, cells[inner:], head, wanted) else 0
    cells = cells[inner:] if len(cells) - inner >= len(wanted) else cells
    return cells if len(cells) >= len(wanted) else []


def _labels(before: str, head: dict[str, int], groups: set[str]) -> tuple[str, str] | None:
    """Return group and name at the beginning of a row, the group empty where it is that of the row above.

    The counts below the table tell which words are a group. Without them it is the place that tells, and where places
    are lost, the first of two words is the group.
    """
    words = before.split()
    if not words or words == ["Residual"]:
        return ("Residual", "") if words else None
    at = head.get("Name", 0)
    if head.get("Groups", 0) and at and not before[:at].strip():
        return "", " ".join(words)
    if groups:
        for count in range(len(words), 0, -1):
            group = " ".join(words[:count])
            if {_plain(group), re.sub(r"\.\d+$", "", _plain(group))} & groups:
                return group, " ".join(words[count:])
        return "", " ".join(words)
    if len(words) == 1:
        return ("", words[0]) if before.startswith("  ") or words == ["(Intercept)"] else (words[0], "")
    if len(words) > 2 and at < len(before) and before[at - 1] == " ":
        return before[:at].strip(), before[at:].strip()
    return ("", " ".join(words)) if at and not before[:at].strip() else (words[0], " ".join(words[1:]))


def _as_groups(found: re.Match[str]) -> str:
    """Return what stands before the groups of a part as it does elsewhere, of the same length."""
    return ("; " if found.start(1) > found.string.find(" / ") + 3 else "groups:").ljust(len(found[0]))


def counts(cursor: Cursor, block: Block) -> None:
    """Read ``Number of obs: 260, groups:  schnum, 10; item, 4``, which damage may have broken."""
    line = cursor.take()
    text = line.text
    number = line.number
    pieces = [(0, number)]
    while (text.rstrip().endswith((":", ",", ";"))) and (below := cursor.peek()) is not None and not below.prose:
        if below.blank:
            break
        pieces.append((len(text) + 1, below.number))
        text += " " + cursor.take().text
    head, behind, groups = _BY_PART.sub(_as_groups, text).partition("groups:")
    if found := re.search(r":\s*([\d,]*\d)", head):
        block.add(found[1], "n_obs", "", "Number of obs", number)
    seen: set[tuple[str, str]] = set()
    for group in _COUNT.finditer(groups):
        if (group[1], group[2]) in seen:
            continue
        seen.add((group[1], group[2]))
        at = len(head) + len(behind) + group.start(2)
        number = [number for start, number in pieces if start <= at][-1]
        block.add(group[2], f"n_groups.{slug(group[1])}", group[1], "groups", number)
