"""What all figures share: colours, markers and lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..errors import ArgumentError, counted

__all__ = ["GREY", "LIGHT", "OKABE_ITO", "color", "demand_tellable", "ink", "line", "marker", "on_page", "use_style"]

OKABE_ITO = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe & Ito (2008), Color Universal Design, without the yellow, which is too light for lines on white."""

SHEET = Path(__file__).with_name("figures.mplstyle")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
LINES = ("-", "--", "-.", ":")
GREY, LIGHT = "0.35", "0.65"

DARK_PAGE = 1.5
"""Sum of red, green and blue of the letters from which the page is a dark one."""

MOST_MARKED = len(OKABE_ITO) * len(MARKERS)
"""Pairs of a colour and a marker that differ."""
MOST_LINES = len(OKABE_ITO) * len(LINES)
"""Pairs of a colour and a kind of line that differ."""


def use_style() -> None:
    """Draw all figures from now on as the book's: its size, letters, lines and colours, on white.

    Sets matplotlib's ``rcParams``; ``matplotlib.rcdefaults()`` sets them back. Figures of :mod:`mlm.plot` are readable
    without it.

    Examples
    --------
    >>> import matplotlib
    >>> import mlm
    >>> with matplotlib.rc_context():
    ...     mlm.plot.use_style()
    ...     matplotlib.rcParams["font.size"]
    12.0
    """
    from matplotlib import style

    style.use(SHEET)


def ink() -> Any:
    """Return the colour of text: black, and light in matplotlib's dark styles."""
    from matplotlib import rcParams

    return rcParams["text.color"]


def on_page(light: Any, dark: Any) -> Any:
    """Return the colour for a light page, or in matplotlib's dark styles that for a dark one."""
    from matplotlib.colors import to_rgb

    return dark if sum(to_rgb(ink())) > DARK_PAGE else light


def color(k: int) -> Any:
    """Return the colour of the k-th thing: after the last one, the first again; for black that of text."""
    place = k % len(OKABE_ITO)
    return OKABE_ITO[place] if place < len(OKABE_ITO) - 1 else ink()


def marker(k: int) -> str:
    """Return the marker of the k-th thing: another one than its colour had before.

    Examples
    --------
    >>> len({(color(k), marker(k)) for k in range(MOST_MARKED)})
    49
    """
    return MARKERS[(k + k // len(OKABE_ITO)) % len(MARKERS)]


def line(k: int) -> str:
    """Return the kind of line of the k-th thing: another one than its colour had before.

    Examples
    --------
    >>> len({(color(k), line(k)) for k in range(MOST_LINES)})
    28
    """
    turn, place = divmod(k, len(OKABE_ITO))
    return LINES[(place + turn) % len(LINES)]


def demand_tellable(count: int, noun: str) -> None:
    """Refuse more things than colours and markers can tell apart.

    Raises
    ------
    ArgumentError
    """
    if count > MOST_MARKED:
        raise ArgumentError(
            f"Colours and markers tell at most {MOST_MARKED} {noun}s apart; got {counted(count, noun)}. "
            "Draw them in several figures."
        )
