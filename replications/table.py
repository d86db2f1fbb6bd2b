"""How checks look in a notebook: printed and computed values side by side, and the line of the scoreboard."""

from __future__ import annotations

from html import escape

import pandas as pd

from replications.records import Record

# a longer table is folded under its caption, so that a chapter stays readable
FOLD = 12


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
                "agrees": ["exception" if record.reason else "yes" for _, record in rows],
            },
            index=pd.Index([label for label, _ in rows], name=name),
        )
        reproduced = sum(record.agrees for _, record in rows)
        table.caption = f"{name}: {reproduced} of {len(rows)} published values reproduced"
        table.notes = [f"{label}: {record.reason}" for label, record in rows if record.reason]
        return table

    def __repr__(self) -> str:
        notes = [f"Exception: {note}" for note in self.notes]
        return "\n".join([self.caption, pd.DataFrame(self).to_string(), *notes])

    def _repr_html_(self) -> str:
        rows = "".join(
            f'<tr><th scope="row">{escape(str(label))}</th><td>{escape(row.printed)}</td>'
            f"<td>{escape(row.computed)}</td><td>{row.agrees}</td></tr>"
            for label, row in zip(self.index, self.itertuples(), strict=True)
        )
        notes = "".join(f"<p><strong>Exception:</strong> {escape(note)}</p>" for note in self.notes)
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
    exceptions : list of Record
    """

    def __init__(self, source: str, published: int, reproduced: int, exceptions: list[Record]) -> None:
        self.source = source
        self.published = published
        self.reproduced = reproduced
        self.exceptions = exceptions

    @classmethod
    def of(cls, source: str, records: list[Record]) -> Score:
        """Count the records of a source."""
        exceptions = [record for record in records if record.reason]
        return cls(source, len(records), sum(record.agrees for record in records), exceptions)

    def __str__(self) -> str:
        word = "exception" if len(self.exceptions) == 1 else "exceptions"
        return f"{self.source}: {self.published} published, {self.reproduced} reproduced, {len(self.exceptions)} {word}"

    def __repr__(self) -> str:
        lines = [f"  {e.id}: printed {e.printed}, computed {e.shown}. {e.reason}" for e in self.exceptions]
        return "\n".join([str(self), *lines])

    def _repr_html_(self) -> str:
        items = "".join(
            f"<li><code>{escape(e.id)}</code>: printed {escape(e.printed)}, computed {escape(e.shown)}. "
            f"{escape(e.reason)}</li>"
            for e in self.exceptions
        )
        return f"<p><strong>{escape(str(self))}</strong></p>" + (f"<ul>{items}</ul>" if items else "")
