"""A place in the lines, which readers move on."""

from __future__ import annotations

import re
from collections.abc import Sequence

from replications.printouts.lines import Line

LOOK_BACK = 8
"""How many blank lines and lines of output at most lie between a command and what it printed."""
_CALL = re.compile(r"^[\w.]+(::[\w.]+)?\(.*\)\s*(#.*)?$")


class Cursor:
    """Lines from a place on; ``peek`` gives the next, ``take`` passes it."""

    def __init__(self, lines: Sequence[Line], at: int = 0) -> None:
        self.lines = lines
        self.at = at
        self.first = at

    def peek(self, ahead: int = 0) -> Line | None:
        """Return a line without passing it; None at the end."""
        at = self.at + ahead
        return self.lines[at] if at < len(self.lines) else None

    def take(self) -> Line:
        """Return the next line and pass it."""
        line = self.lines[self.at]
        self.at += 1
        return line

    def skip_blank(self) -> Line | None:
        """Pass blank lines; return the next line without passing it."""
        while (line := self.peek()) is not None and line.blank:
            self.at += 1
        return line

    def call(self) -> str:
        """Return the command before the place where this cursor began; empty where none was echoed."""
        at, back = self.first - 1, 0
        while at >= 0 and back < LOOK_BACK and not self._is_call(self.lines[at]):
            if not self.lines[at].blank and self.lines[at].prose:
                return ""
            at, back = at - 1, back + 1
        if at < 0 or back >= LOOK_BACK:
            return ""
        end = at
        while at > 0 and self.lines[at - 1].code and not self.lines[at - 1].blank and _open(self._joined(at, end)):
            at -= 1
        return self._joined(at, end)

    def _joined(self, at: int, end: int) -> str:
        return " ".join(line.text.strip() for line in self.lines[at : end + 1])

    @staticmethod
    def _is_call(line: Line) -> bool:
        return not line.blank and (line.code or (bool(_CALL.match(line.text)) and "formula = " not in line.text))


def _open(text: str) -> bool:
    """Tell whether brackets are closed in a text that it did not open."""
    return text.count(")") > text.count("(")
