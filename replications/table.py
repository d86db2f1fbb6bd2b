"""How checks look in a notebook: printed and computed values side by side, and the line of the scoreboard."""

from __future__ import annotations

from html import escape

import pandas as pd

from replications.records import Record

# a longer table is folded under its caption, so that a chapter stays readable
FOLD = 12


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
                "agrees": ["exception" if record.reason else "yes" for _, record in rows],
            },
            index=pd.Index([label for label, _ in rows], name=name),
        )
        reproduced = sum(record.agrees for _, record in rows)
        table.caption = f"{name}: {reproduced} of {len(rows)} published values reproduced"
        table.notes = by_reason([(label, record) for label, record in rows if record.reason])
        return table

    def __repr__(self) -> str:
        notes = [f"Exception ({', '.join(labels)}): {reason}" for reason, labels in self.notes]
        return "\n".join([self.caption, pd.DataFrame(self).to_string(), *notes])

    def _repr_html_(self) -> str:
        rows = "".join(
            f'<tr><th scope="row">{escape(str(label))}</th><td>{escape(row.printed)}</td>'
            f"<td>{escape(row.computed)}</td><td>{row.agrees}</td></tr>"
            for label, row in zip(self.index, self.itertuples(), strict=True)
        )
        notes = "".join(
            f"<p><strong>Exception</strong> ({escape(', '.join(labels))}): {escape(reason)}</p>"
            for reason, labels in self.notes
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
