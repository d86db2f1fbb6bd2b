"""What a rule says of a printed number."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

AGREES, DIFFERS, EXPLAINED, UNREAD, NOT_FITTED = "agrees", "differs", "explained", "unread", "not fitted here"
STOPPED, SLIP, TWICE = "where lme4 stops", "a slip", "rounded twice"
"""Rules of what is explained."""
FITTED = "fitted to the data"
"""The rule of numbers that were computed from the data."""


def shown(value: float) -> str:
    """Return the end of an interval with six digits, and no fewer than two decimals."""
    return f"{value:.6g}" if abs(value) < 1e4 or not math.isfinite(value) else f"{value:.2f}"


def doubted(findings: Sequence[Finding]) -> frozenset[tuple[int, str]]:
    """Return block and id of the numbers that contradict each other: those that differ, and what they differ from."""
    wrong = [finding for finding in findings if finding.verdict == DIFFERS]
    return frozenset((finding.block, id) for finding in wrong for id in (finding.id, *finding.given))


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a rule, or a fit to the data, says of a printed number; true unless it differs.

    Attributes
    ----------
    verdict : str
        "agrees", "differs", "explained" (it differs at the optimum, and ``reason`` says what gives it), "unread"
        (a line that was not understood), or "not fitted here" (``reason`` says why).
    rule : str
        What was compared: "t = estimate / standard error", "fitted to the data".
    printed : str
        As it was printed.
    allowed : (float, float)
        The lowest and the highest value that the other printed numbers allow. For stars the p values that they allow;
        with data the computed value twice.
    computed : float or None
        With data, what the model has, in full precision.
    consistent : str
        What would have been consistent, in the style of the printed number.
    line : int
        The line of the text, from 1; 0 for an expression.
    block : int
        The block of the printout, from 0; -1 for an expression.
    kind : str
        That block's kind.
    id : str
        The number's id in the block.
    given : tuple of str
        The ids of the numbers that the rule compares it with.
    reason : str
        In words, what the verdict rests on.
    """

    verdict: str
    rule: str
    printed: str
    allowed: tuple[float, float] | None = None
    computed: float | None = None
    consistent: str = ""
    line: int = 0
    block: int = -1
    kind: str = ""
    id: str = ""
    given: tuple[str, ...] = ()
    reason: str = ""

    def __bool__(self) -> bool:
        return self.verdict != DIFFERS

    def as_dict(self) -> dict[str, Any]:
        """Return the fields, for JSON, which knows no infinite ends."""
        allowed = None if self.allowed is None else [end if math.isfinite(end) else None for end in self.allowed]
        return asdict(self) | {"allowed": allowed}

    def __str__(self) -> str:
        where = f"line {self.line}, {self.id}: " if self.line else ""
        text = f"{where}{self.printed or 'nothing'} {self.verdict}"
        if self.rule:
            text += f": {self.rule}"
        if self.verdict == DIFFERS and self.allowed is not None:
            low, high = self.allowed
            text += f": {shown(low)} to {shown(high)} possible" if low != high else f": {shown(low)} computed"
            text += f", so {self.consistent or 'nothing'}"
        return text + (f" ({self.reason})" if self.reason else "")
