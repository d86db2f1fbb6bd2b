"""All findings about a printout, and how they look: as text, in a notebook, on a page of their own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from html import escape
from typing import Any

import pandas as pd

from replications import web_page
from replications.checking.finding import AGREES, DIFFERS, EXPLAINED, FITTED, NOT_FITTED, SLIP, UNREAD, Finding, shown
from replications.printouts.block import Printout

COLUMNS = (
    *("line", "kind", "id", "printed", "computed", "verdict", "rule", "low", "high"),
    *("consistent", "reason", "given", "block"),
)
ALL_AGREE, SOME_DIFFER, NOTHING_READ = 0, 1, 2


class Verification:
    """What rules, and the data, say of the numbers of a printout.

    Attributes
    ----------
    findings : tuple of Finding
        One for each comparison, in the order of the text: those that agree too.
    printout : Printout
        What was read.
    notes : tuple of str
        What is true of the text as a whole; and what was done to fit the models: their calls, renamed columns, rows
        left out.
    """

    def __init__(
        self, findings: Sequence[Finding], printout: Printout, notes: Sequence[str] = (), *, with_data: bool = False
    ) -> None:
        self.findings = tuple(findings)
        self.printout = printout
        self.notes = tuple(notes)
        self._with_data = with_data

    @property
    def ok(self) -> bool:
        """Whether something was read, nothing differs, and nothing is explained by a slip."""
        return any(block.numbers for block in self.printout) and not self._wrong

    @property
    def _wrong(self) -> bool:
        return bool(self.having(DIFFERS)) or any(finding.rule == SLIP for finding in self.findings)

    @property
    def status(self) -> int:
        """The exit status: 0, 1 if a number differs, 2 if none was read, or with data none recomputed."""
        if not any(block.numbers for block in self.printout):
            return NOTHING_READ
        if self._wrong:
            return SOME_DIFFER
        recomputed = any(
            finding.computed is not None or finding.rule == FITTED for finding in self.having(AGREES, EXPLAINED)
        )
        return NOTHING_READ if self._with_data and not recomputed else ALL_AGREE

    def having(self, *verdicts: str) -> list[Finding]:
        """Return the findings with one of some verdicts."""
        return [finding for finding in self.findings if finding.verdict in verdicts]

    @property
    def frame(self) -> pd.DataFrame:
        """All findings, a row each; ``low`` and ``high`` are the ends of the interval that is allowed."""
        rows = [
            {
                **asdict(finding),
                "low": finding.allowed[0] if finding.allowed else None,
                "high": finding.allowed[1] if finding.allowed else None,
                "given": ", ".join(finding.given),
            }
            for finding in self.findings
        ]
        return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"low": float, "high": float, "computed": float})

    @property
    def summary(self) -> str:
        """One line: how many comparisons there were and how they came out."""
        counts = Counter(finding.verdict for finding in self.findings)
        blocks = sum(bool(block.numbers) for block in self.printout)
        said = [f"{counts[AGREES]} {'agrees' if counts[AGREES] == 1 else 'agree'}"]
        said += [f"{counts[DIFFERS]} {'differs' if counts[DIFFERS] == 1 else 'differ'}"]
        said += [f"{counts[verdict]} {verdict}" for verdict in (EXPLAINED, NOT_FITTED) if counts[verdict]]
        compared = sum(counts[verdict] for verdict in (AGREES, DIFFERS, EXPLAINED, NOT_FITTED))
        text = f"{_count(blocks, 'block')} read, {_count(compared, 'comparison')}: {', '.join(said)}"
        return text + (f"; {_count(counts[UNREAD], 'line')} not read" if counts[UNREAD] else "")

    def as_dict(self) -> dict[str, Any]:
        """Return what ``--json`` writes."""
        return {
            "summary": self.summary,
            "ok": self.ok,
            "notes": list(self.notes),
            "findings": [finding.as_dict() for finding in self.findings],
        }

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        told = [str(finding) for verdict in (DIFFERS, EXPLAINED) for finding in self.having(verdict)]
        told += [*self._not_fitted(), *map(str, self.having(UNREAD))]
        return "\n".join([self.summary, *(f"  {text}" for text in (*self.notes, *told))])

    def _not_fitted(self) -> list[str]:
        """Return a line for each block and reason, of what was not fitted."""
        groups: dict[tuple[int, str], list[Finding]] = {}
        for finding in self.having(NOT_FITTED):
            groups.setdefault((finding.block, finding.reason), []).append(finding)
        return [
            f"line {found[0].line}, {found[0].id}{f' and {len(found) - 1} more' if len(found) > 1 else ''}: "
            f"{NOT_FITTED} ({reason})"
            for (_, reason), found in groups.items()
        ]

    def _repr_html_(self) -> str:
        told = self.having(DIFFERS, EXPLAINED)
        notes = "".join(f"<li>{escape(note)}</li>" for note in self.notes)
        folded = "".join(
            f"<details><summary>{len(found)} {name}</summary>{_table(found)}</details>"
            for verdict, name in ((AGREES, "that agree"), (NOT_FITTED, NOT_FITTED), (UNREAD, "lines not read"))
            if (found := self.having(verdict))
        )
        head = f"<p><strong>{escape(self.summary)}</strong></p>{f'<ul>{notes}</ul>' if notes else ''}"
        return f"{head}{_table(told) if told else ''}{folded}"

    def page(self, title: str = "A printout, checked") -> str:
        """Return a web page that needs nothing else.

        Parameters
        ----------
        title : str
            What was checked.
        """
        return web_page.page(title, self._repr_html_())


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _table(findings: Sequence[Finding]) -> str:
    heads = ("line", "number", "printed", "verdict", "possible or computed", "consistent", "rule")
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    return (
        f'<table class="dataframe"><thead><tr>{head}</tr></thead><tbody>{"".join(map(_row, findings))}</tbody></table>'
    )


def _row(finding: Finding) -> str:
    allowed = "" if finding.allowed is None else shown(finding.allowed[0])
    if finding.allowed is not None and finding.allowed[0] != finding.allowed[1]:
        allowed += f" to {shown(finding.allowed[1])}"
    rule = finding.rule + (f" ({finding.reason})" if finding.reason else "")
    cells = [
        str(finding.line),
        finding.id,
        finding.printed or "nothing",
        finding.verdict,
        allowed,
        finding.consistent,
        rule,
    ]
    code = (1, 2, 4, 5)
    inner = [f"<code>{escape(text)}</code>" if at in code and text else escape(text) for at, text in enumerate(cells)]
    kind = finding.verdict.replace(" ", "-")
    return (
        "<tr>"
        + "".join(f'<td class="{kind}">{t}</td>' if at == 3 else f"<td>{t}</td>" for at, t in enumerate(inner))
        + "</tr>"
    )
