"""How checks look in a notebook: printed and computed values side by side, and the line of the scoreboard."""

from __future__ import annotations

from html import escape

import pandas as pd

from replications import registry
from replications.records import Record

STOPPED = "yes, stopping point"
ABOUT_STOPPED = (
    "the printed digit is that of the point where the author's optimiser stopped, a little short of the optimum; "
    "a fit stopped there gives it."
)

# a longer table is folded under its caption, so that a chapter stays readable
FOLD = 12


def agreement(record: Record) -> str:
    """Return in words whether a computed value is the printed one."""
    if record.reason:
        return "exception"
    return STOPPED if record.stopping_point else "yes"


def breakable(name: str) -> str:
    """Return a long name as HTML that may be broken after a dot, an underscore or a colon."""
    escaped = escape(name)
    for mark in "._:":
        escaped = escaped.replace(mark, f"{mark}<wbr>")
    return escaped


def by_reason(rows: list[tuple[str, Record]]) -> list[tuple[str, list[str]]]:
    """Return each reason once, with the labels of the exceptions it holds for."""
    found: dict[str, list[str]] = {}
    for label, record in rows:
        found.setdefault(record.reason, []).append(label)
    return list(found.items())


class Checked(pd.DataFrame):
    """Printed and computed values side by side; an ordinary DataFrame that shows all its rows."""

    _metadata = ("caption", "notes")

    @property
    def _constructor(self) -> type[pd.DataFrame]:
        return pd.DataFrame

    @classmethod
    def of(cls, name: str, rows: list[tuple[str, Record]]) -> Checked:
        """Make the table of a check; ``rows`` holds labels and records."""
        table = cls(
            {
                "printed": [record.printed for _, record in rows],
                "computed": [record.shown for _, record in rows],
                "agrees": [agreement(record) for _, record in rows],
            },
            index=pd.Index([label for label, _ in rows], name=name),
        )
        reproduced = sum(record.agrees for _, record in rows)
        table.caption = f"{name}: {reproduced} of {len(rows)} published values reproduced"
        table.notes = [
            ("Exception", reason, labels) for reason, labels in by_reason([row for row in rows if row[1].reason])
        ]
        if stopped := [label for label, record in rows if agreement(record) == STOPPED]:
            table.notes.append(("Stopping point", ABOUT_STOPPED, stopped))
        return table

    def __repr__(self) -> str:
        notes = [f"{kind} ({', '.join(labels)}): {text}" for kind, text, labels in self.notes]
        return "\n".join([self.caption, pd.DataFrame(self).to_string(), *notes])

    def _repr_html_(self) -> str:
        rows = "".join(
            f'<tr><th scope="row">{breakable(str(label))}</th><td>{escape(row.printed)}</td>'
            f"<td>{escape(row.computed)}</td><td>{row.agrees}</td></tr>"
            for label, row in zip(self.index, self.itertuples(), strict=True)
        )
        notes = "".join(
            f"<p><strong>{kind}</strong> ({', '.join(map(breakable, labels))}): {escape(text)}</p>"
            for kind, text, labels in self.notes
        )
        return (
            f'<details class="published-check"{"" if len(self) > FOLD else " open"}>'
            f"<summary>{escape(self.caption)}</summary>"
            '<table class="dataframe"><thead><tr><th scope="col"></th><th scope="col">printed</th>'
            '<th scope="col">computed</th><th scope="col">agrees</th></tr></thead>'
            f"<tbody>{rows}</tbody></table></details>{notes}"
        )


class Score:
    """A source's line of the scoreboard.

    Attributes
    ----------
    source : str
    published, reproduced : int
    stopped : int
        How many of those reproduced are the digits of a stopping point.
    exceptions : list of Record
    caveat : str
        What the line must not be read without; empty for most sources.
    """

    def __init__(self, source: str, records: list[Record], caveat: str = "") -> None:
        self.source = source
        self.published = len(records)
        self.reproduced = sum(record.agrees for record in records)
        self.stopped = sum(agreement(record) == STOPPED for record in records)
        self.exceptions = [record for record in records if record.reason]
        self.caveat = caveat

    @classmethod
    def of(cls, source: str, records: list[Record]) -> Score:
        """Count the records of a source."""
        return cls(source, records, registry.read(source).caveat)

    def __str__(self) -> str:
        count = len(self.exceptions)
        parts = [
            f"{self.published} published",
            f"{self.reproduced} reproduced" + (f" ({self.stopped} at the stopping point)" if self.stopped else ""),
            f"{count} {'exception' if count == 1 else 'exceptions'}",
        ]
        return f"{self.source}: {', '.join(parts)}" + (f"; {self.caveat}" if self.caveat else "")

    def _notes(self) -> list[tuple[str, list[str]]]:
        return by_reason([(f"{e.id}: printed {e.printed}, computed {e.shown}", e) for e in self.exceptions])

    def __repr__(self) -> str:
        lines = [str(self)]
        for reason, values in self._notes():
            lines += [f"  {reason}", *(f"    {value}" for value in values)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        items = "".join(
            f"<li>{escape(reason)}<ul>{''.join(f'<li>{escape(value)}</li>' for value in values)}</ul></li>"
            for reason, values in self._notes()
        )
        return f"<p><strong>{escape(str(self))}</strong></p>" + (f"<ul>{items}</ul>" if items else "")
