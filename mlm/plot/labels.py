"""Names from data beside the axes: shown as they are written, whole where there is room, and never over each other.

A ``$`` in them starts no formula. Names that find no room are wrapped, then turned, then left out in equal steps, which
is said.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import cache
from itertools import combinations
from typing import TYPE_CHECKING, Any

from ..errors import ArgumentError
from .cells import fit, has_layout, room, whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "days_across",
    "demand_words",
    "inches",
    "line_height",
    "name_across",
    "name_up",
    "say_inside",
    "settle",
    "size_of",
    "thin_ticks",
    "told_apart",
    "upright_days",
    "whole_counts",
    "words",
    "wrapped",
]

INCH = 72
"""Points of an inch."""
LINE = 1.3
"""Height of a line of text over the size of its letters, with what keeps it apart from the next."""
SLACK = 1.06
"""How much wider text is drawn than measured at most: letters are moved to whole pixels."""
MOST_LINES = 4
"""Lines that a name across is broken into at most; more are read no more easily than a turned one."""
WORDS = re.compile(r"(\s+)|(?<=\S[_:])(?=\S)|(?<=\S\.)(?=[^\W\d])|(?<=\S-)(?=[^\W\d_])")
"""Between words: blanks, and after `_`, `:`, a stop or a hyphen; not within numbers such as 0.5 and 1e-05."""
MORE_LETTERS = 8
"""Letters that a name may have more than the average ones that its lines hold, when its two ends are tried."""
LONGEST = 3.4
"""Inches of a turned name at most: forty wide letters and some."""
NARROW = 0.5
"""Inches below which names are not broken into lines: words would be torn into letters."""
SHARE_OF_NAMES = 0.45
"""Share of the width that the names of rows get at most, so that the axes keep more than half."""
MOST_REASON_LINES = 12
"""Lines of what is said inside of axes at most: half of their height."""
APART = 2
"""Pixels between two numbers of an axis at least."""
TICKS = (4, 3, 2, 1)
"""Intervals between the ticks of a narrow axis, tried in turn."""


def demand_words(*given: object) -> None:
    """Refuse titles and labels that are not texts, before anything is drawn.

    Raises
    ------
    ArgumentError
    """
    for label in given:
        if not isinstance(label, str | None):
            raise ArgumentError(f"A label of a figure is a text; got {type(label).__name__}.")


def words(label: str | None, otherwise: str) -> str:
    """Return a label that is given, an empty one too, or what stands there otherwise."""
    return drawable(str(otherwise) if label is None else label)


def points(size: Any) -> float:
    """Return a size of letters, which may be a word such as "small", in points."""
    from matplotlib.font_manager import FontProperties

    return float(FontProperties(size=size).get_size_in_points())


def line_height(size: Any) -> float:
    """Return the height of a line of text in inches."""
    return LINE * points(size) / INCH


def inches(text: str, size: Any) -> float:
    """Return the width of the widest line of a text in inches, at a size of letters."""
    big = points(size)
    return SLACK * big * max((sum(map(_advance, line)) for line in text.split("\n")), default=0.0) / INCH


@cache
def _advance(letter: str) -> float:
    """Width of a letter over the size of letters, between two others."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(size=1)
    wide, narrow = (text_to_path.get_text_width_height_descent(f"x{each}x", font, False)[0] for each in (letter, ""))
    return float(wide - narrow)


def wrapped(text: str, width: float, size: Any, lines: int = MOST_LINES) -> str:
    """Break a name into lines that fit a width in inches; of one that is too long the two ends, with "…" between.

    Lines end between words, and after `_`, `.`, `:` and `-`; only a word longer than a line is torn.
    Two ends tell more names apart than one.
    """
    text = drawable(text)
    found = _broken(text, width, size, lines)
    if found is not None:
        return found
    room = int(lines * width * len(text) / inches(text, size)) if text else 0
    for half in range(min(len(text) - 1, room + MORE_LETTERS) // 2, 0, -1):
        found = _broken(f"{text[:half].rstrip()}…{text[-half:].lstrip()}", width, size, lines)
        if found is not None:
            return found
    return "…"


def drawable(text: str) -> str:
    """The text, with "?" for half a letter, which no font has and Matplotlib does not take.

    Examples
    --------
    >>> drawable("a" + chr(0xD800))
    'a?'
    """
    return text.encode("utf-8", "replace").decode("utf-8")


def told_apart(names: Sequence[str], width: float, size: Any, lines: int = MOST_LINES) -> list[str]:
    """Break names into lines as `wrapped` does; of those that would read alike, show where they differ.

    Examples
    --------
    >>> told_apart(["School of Saint A by the river", "School of Saint B by the river"], 1.0, 10, 1)
    ['…A…', '…B…']
    """
    found = [wrapped(name, width, size, lines) for name in names]
    for text in {text for text in found if "…" in text}:
        alike = [k for k, one in enumerate(found) if one == text]
        given = [names[k] for k in alike]
        if len(set(given)) > 1:
            before = _shared_start(given)
            after = min(_shared_start([name[::-1] for name in given]), min(map(len, given)) - before)
            before = given[0].rfind(" ", 0, before) + 1  # from the beginning of the word
            for k, name in zip(alike, given, strict=True):
                apart = f"…{name[before : len(name) - after].strip()}"
                found[k] = wrapped(f"{apart}…" if after else apart, width, size, lines)
    return found


def _shared_start(names: Sequence[str]) -> int:
    """How many letters all names begin with alike."""
    first_other = (k for k, letters in enumerate(zip(*names, strict=False)) if len(set(letters)) > 1)
    return next(first_other, min(map(len, names)))


def _broken(text: str, width: float, size: Any, lines: int) -> str | None:
    """The text in lines that fit a width, or None when these are too many."""
    if inches(text, size) <= width and text.count("\n") < lines:
        return text
    pieces: list[str] = []
    for line in text.split("\n"):
        if any(inches(letter, size) > width for letter in line):
            return None
        pieces += _filled(line, width, size)
    return "\n".join(pieces) if len(pieces) <= lines else None


def _filled(line: str, width: float, size: Any) -> list[str]:
    """Break a line into lines that fit a width, at the ends of its words; only a word that is longer is torn."""
    found, now = [], ""
    for word in filter(None, WORDS.split(line)):
        if now and inches(f"{now}{word.rstrip()}", size) > width:
            found.append(now.rstrip())
            now = ""
        now += word if now else word.lstrip()
        while inches(now.rstrip(), size) > width:
            held = next(k for k in range(len(now), 0, -1) if inches(now[:k], size) <= width)
            found.append(now[:held])
            now = now[held:]
    return [*found, now.rstrip()] if now.strip() else found


def settle(ax: Axes) -> None:
    """Place the axes of a figure as its layout has them so far, so that they can be measured."""
    engine = whole(ax).get_layout_engine()
    if engine is None:
        fit(ax)
    else:
        engine.execute(whole(ax))


def size_of(ax: Axes) -> tuple[float, float]:
    """Width and height of axes in inches."""
    box = ax.get_window_extent()
    return box.width / whole(ax).dpi, box.height / whole(ax).dpi


def name_across(ax: Axes, names: Sequence[str]) -> str:
    """Name the places 0, 1, … of the horizontal axis; say which names are left out, in words or as an empty text."""
    settle(ax)
    size = ax.xaxis.get_ticklabels()[0].get_fontsize() if ax.xaxis.get_ticklabels() else points("medium")
    low, high = sorted(ax.get_xlim())
    own = 0.94 * size_of(ax)[0] / (high - low)
    broken = told_apart(names, own, size, MOST_LINES if own > NARROW else 1)
    if all("".join(short.split()) == "".join(name.split()) for short, name in zip(broken, names, strict=True)):
        ax.set_xticks(range(len(names)), broken, parse_math=False)
        return ""
    step = max(1, math.ceil(line_height(size) / own))
    shown = range(0, len(names), step)
    most, lines = LONGEST, 1
    if not has_layout(ax):
        most, lines = min(LONGEST, SHARE_OF_NAMES * room(ax)[1]), max(1, int(own / line_height(size)))
    ax.set_xticks(shown, told_apart([names[k] for k in shown], most, size, lines), parse_math=False, rotation=90)
    return left_out(step, len(names))


def name_up(ax: Axes, names: Sequence[str], size: Any = "small", width: float | None = None) -> str:
    """Name the places 0, 1, … of the vertical axis; say which names are left out, in words or as an empty text.

    The width, in inches, is what the names share with the axes beside them: by default that of one.
    """
    settle(ax)
    low, high = sorted(ax.get_ylim())
    row = size_of(ax)[1] / (high - low)
    beside = ax.yaxis.get_tightbbox()
    own = size_of(ax)[0] + (0.0 if beside is None else max(0.0, (ax.bbox.x0 - beside.x0) / whole(ax).dpi))
    own = own if has_layout(ax) else room(ax)[0]
    step = max(1, math.ceil(line_height(size) / row))
    lines = max(1, min(MOST_LINES, int(0.9 * row / line_height(size))))
    most = SHARE_OF_NAMES * (own if width is None else width)
    shown = range(0, len(names), step)
    ax.set_yticks(shown, told_apart([names[k] for k in shown], most, size, lines), parse_math=False)
    ax.tick_params(axis="y", length=0, labelsize=size)
    return left_out(step, len(names))


def left_out(step: int, count: int) -> str:
    """Say that only every so many-th of some names is shown."""
    if step == 1:
        return ""
    ending = "th" if step % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(step % 10, "th")
    return f"every {step}{ending} of {count} named"


def say_inside(ax: Axes, text: str) -> None:
    """Write in the middle of axes why nothing is drawn there."""
    settle(ax)
    shown = wrapped(text, 0.9 * size_of(ax)[0], "medium", MOST_REASON_LINES)
    ax.text(0.5, 0.5, shown, transform=ax.transAxes, ha="center", va="center", parse_math=False)


def days_across(ax: Axes) -> None:
    """Write days since 1970 as dates."""
    from matplotlib.dates import AutoDateFormatter, AutoDateLocator

    locator = AutoDateLocator(minticks=3)
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(AutoDateFormatter(locator))


def upright_days(row: Sequence[Axes]) -> None:
    """Turn the dates of narrow axes, and leave three of them at most."""
    for ax in row:
        places = [label.get_position()[0] for label in _shown(ax)]
        ax.set_xticks(places[:: max(1, -(-len(places) // 3))])
        ax.tick_params(axis="x", rotation=90)


def whole_counts(ax: Axes) -> None:
    """Keep ticks between whole numbers away from a vertical axis of counts."""
    ax.locator_params(axis="y", integer=True)


def thin_ticks(row: Sequence[Axes], dates: bool = False) -> None:
    """Take away ticks of the horizontal axes of neighbours until no number stands over another."""
    settle(row[0])
    for number in () if dates else TICKS:
        if _stand_apart(row):
            return
        for ax in row:
            ax.locator_params(axis="x", nbins=number)
        settle(row[0])
    shown = [[label.get_position()[0] for label in _shown(ax)] for ax in row]
    for step in range(2, 2 + max(map(len, shown))):
        if _stand_apart(row):
            return
        for ax, places in zip(row, shown, strict=True):
            ax.set_xticks(places[::step])
        settle(row[0])


def _stand_apart(row: Sequence[Axes]) -> bool:
    """Whether no two numbers of the horizontal axes of neighbours touch."""
    boxes = [label.get_window_extent() for ax in row for label in _shown(ax)]
    return not any(a.padded(APART).overlaps(b) for a, b in combinations(boxes, 2))


def _shown(ax: Axes) -> list[Any]:
    """Labels of the horizontal axis within its limits, from left to right."""
    low, high = sorted(ax.get_xlim())
    reach = 1e-9 * (high - low)
    ticks = zip(ax.xaxis.get_majorticklocs(), ax.xaxis.get_majorticklabels(), strict=False)
    return [label for place, label in ticks if low - reach <= place <= high + reach and label.get_text()]
