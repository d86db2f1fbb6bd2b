"""How checks look in a notebook: printed and computed values side by side, and the line of the scoreboard."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from html import escape

import pandas as pd

from replications import registry
from replications.errors import CheckError
from replications.records import Record
from replications.registry import Entry, Source

STOPPED = "yes, stopping point"
ABOUT_STOPPED = (
    "the printed digit is that of the point where the author's optimiser stopped, a little short of the optimum; "
    "a fit stopped there gives it."
)

LONGEST_UNBROKEN = 12  # characters: two columns of them, a label and "yes" are as wide as a telephone

# what the registry says of a value that is no plain rounded number
RANGES = {
    "about": "within {}",
    "over": "or more, by up to {}",
    "mostly": "at least 90% on the inner side",
}


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


def unbroken(text: str) -> str:
    """Return text as HTML in which no line ends after a hyphen, so that 1e-8 stays whole."""
    return escape(text).replace("-", "&#8209;")


def in_words(text: str) -> bool:
    """Return whether a printed string is words, which may wrap, and no number or stars."""
    return re.search(r"[^\W\d_]{2}", text) is not None


def printed_as(text: str) -> str:
    """Return a printed string as HTML that looks like print, with "nothing" where no star was printed."""
    kind = ' class="words"' if in_words(text) or len(text) > LONGEST_UNBROKEN else ""
    return f"<code{kind}>{escape(text)}</code>" if text else "nothing"


def tolerance(entry: Entry) -> str:
    """Return in words within which range a value counts as reproduced; empty where that is half a unit."""
    return RANGES.get(entry.relation, "").format(entry.tolerance)


def readable(entries: list[Entry], models: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Return what each value is, with its model where the words alone are those of several values."""
    labels = [entry.what or entry.id for entry in entries]
    several = {label for label, count in Counter(labels).items() if count > 1}
    names = [models.get(entry.model, {}).get("label", entry.model) for entry in entries]
    return [f"{label} ({name})" if label in several else label for label, name in zip(labels, names, strict=True)]


def in_one_line(of: str, records: list[Record]) -> str:
    """Return how many values agree, as "18 of 18 numbers of the printout agree"."""
    count, agreeing = len(records), sum(record.agrees for record in records)
    claims = sum(record.id.startswith("claim.") for record in records)
    kind = "number" if not claims else "claim" if claims == count else "numbers and claim"
    if count == 1:
        return f"The one {kind} of {of} {'agrees' if agreeing else 'differs'}"
    differing = f", {count - agreeing} {'differs' if count - agreeing == 1 else 'differ'}"
    return f"{agreeing} of {count} {kind}s of {of} agree{differing if agreeing < count else ''}"


def by_reason(rows: list[tuple[str, Record]]) -> list[tuple[str, list[str]]]:
    """Return each reason once, with the labels of the exceptions it holds for."""
    found: dict[str, list[str]] = {}
    for label, record in rows:
        found.setdefault(record.reason, []).append(label)
    return list(found.items())


class Checked(pd.DataFrame):
    """Printed and computed values side by side; an ordinary DataFrame that shows all its rows."""

    _metadata = ("caption", "notes", "labels", "ranges")

    @property
    def _constructor(self) -> type[pd.DataFrame]:
        return pd.DataFrame

    @classmethod
    def of(cls, name: str, rows: list[tuple[str, Record]], source: Source) -> Checked:
        """Make the table of a check; ``rows`` holds ids, or their ends, and records."""
        table = cls(
            {
                "printed": [record.printed for _, record in rows],
                "computed": [record.shown for _, record in rows],
                "agrees": [agreement(record) for _, record in rows],
            },
            index=pd.Index([label for label, _ in rows], name=name),
        )
        entries = [source.entry(record.id) for _, record in rows]
        table.labels, table.ranges = readable(entries, source.models), [tolerance(entry) for entry in entries]
        table.caption = in_one_line(name, [record for _, record in rows])
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
            f'<tr><th scope="row" title="{escape(str(id))}">{breakable(label)}</th>'
            f"<td>{printed_as(row.printed)}{f' <small>{unbroken(within)}</small>' if within else ''}</td>"
            f"<td>{printed_as(row.computed)}</td><td>{row.agrees}</td></tr>"
            for id, label, within, row in zip(
                self.index, self.labels, self.ranges, self.itertuples(index=False), strict=True
            )
        )
        named = dict(zip(self.index, self.labels, strict=True))
        notes = "".join(
            f"<p><strong>{kind}</strong> ({', '.join(breakable(named[id]) for id in ids)}): {escape(text)}</p>"
            for kind, text, ids in self.notes
        )
        return (
            f'<details class="published-check"><summary>{escape(self.caption)}</summary>'
            '<table class="dataframe"><thead><tr><th scope="col"></th><th scope="col">printed</th>'
            '<th scope="col">computed</th><th scope="col">agrees</th></tr></thead>'
            f"<tbody>{rows}</tbody></table>{notes}</details>"
        )


# what the columns of R's tables are called in words
COLUMNS = {
    "Estimate": "estimate",
    "estimate": "estimate",
    "Std. Error": "standard error",
    "SE": "standard error",
    "se": "standard error",
    "df": "df",
    "DenDF": "denominator df",
    "t value": "t value",
    "F value": "F value",
    "Pr(>|t|)": "p value",
    "Pr(>|z|)": "p value",
    "Pr(>F)": "p value",
    "p.value": "p value",
    "Sum Sq": "sum of squares",
    "Mean Sq": "mean square",
    "emmean": "mean",
    "from": "lower limit",
    "to": "upper limit",
    "lower.CL": "lower limit",
    "upper.CL": "upper limit",
}


def labelled(name: str, words: Mapping[str, str]) -> str:
    """Return the name of a number as a reader understands it.

    Examples
    --------
    >>> labelled("S meanses df", {"S": "Satterthwaite"})
    'Satterthwaite: df of meanses'
    """
    if name in words:
        return words[name]
    first, _, rest = name.partition(" ")
    if rest and first in words:
        return f"{words[first]}: {labelled(rest, {})}"
    for column, meaning in COLUMNS.items():
        if name == column:
            return meaning
        if name.endswith(f" {column}"):
            return f"{meaning} of {name.removesuffix(f' {column}')}"
    return name


class Compared:
    """Numbers of another program beside ours, all of which agree; two such tables add up to one.

    Attributes
    ----------
    frame : pandas.DataFrame
        A row for each number, a column for the program, one for Python, and one that says how near they had to be.
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        self.frame = frame

    def __add__(self, other: Compared) -> Compared:
        return Compared(pd.concat([self.frame, other.frame]))

    @property
    def caption(self) -> str:
        """How many numbers agree and how nearly, as "8 of 8 numbers of R agree within 1 in 50,000"."""
        count, program = len(self.frame), self.frame.columns[0]
        bounds = list(self.frame["agrees"].unique())
        nearly = f" {bounds[0]}" if len(bounds) == 1 else ", within the tolerance in each row"
        if count == 1:
            return f"The one number of {program} agrees{nearly}"
        return f"{count} of {count} numbers of {program} agree{nearly}"

    def __repr__(self) -> str:
        return f"{self.caption}\n{self.frame.to_string(float_format='{:.6g}'.format)}"

    def _repr_html_(self) -> str:
        heads = "".join(f'<th scope="col">{escape(name)}</th>' for name in ("", *self.frame.columns))
        rows = "".join(
            f'<tr><th scope="row">{breakable(name)}</th><td>{theirs:.6g}</td><td>{ours:.6g}</td><td>{agrees}</td></tr>'
            for name, theirs, ours, agrees in self.frame.itertuples()
        )
        return (
            f'<details class="published-check"><summary>{escape(self.caption)}</summary>'
            f'<table class="dataframe"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></details>'
        )


def compared(
    computed: Mapping[str, float],
    given: Mapping[str, float],
    rtol: float = 1e-5,
    atol: float | Mapping[str, float] = 0.0,
    program: str = "R",
    words: Mapping[str, str] | None = None,
) -> Compared:
    """Compare computed numbers with those of another program, which name what is compared.

    Parameters
    ----------
    computed : mapping of str to float
        May hold more names than `given`.
    given : mapping of str to float
        The other program's numbers.
    rtol : float
        Relative difference that counts as none: of six digits, by default.
    atol : float or mapping of str to float
        Difference that counts as none, such as the error of a simulation.
    program : str
    words : mapping of str to str, optional
        What is shown for a name, or for the first word of names. Columns of R's tables at their end are put in words
        without it: "homework Std. Error" is "standard error of homework".

    Returns
    -------
    Compared

    Raises
    ------
    CheckError
        If a number differs, or was not computed.

    Examples
    --------
    >>> compared({"S ses df": 240.0692}, {"S ses df": 240.069}, words={"S": "Satterthwaite"})
    The one number of R agrees within 1 in 100,000
                                R  Python              agrees
    Satterthwaite: df of ses 240.069 240.069 within 1 in 100,000
    """
    if absent := [name for name in given if name not in computed]:
        raise CheckError(f"Not computed: {', '.join(absent)}.")
    frame = pd.DataFrame({program: dict(given), "Python": {name: float(computed[name]) for name in given}})
    slack = pd.Series(atol, index=frame.index, dtype=float)
    within = slack + rtol * frame[program].abs()
    off = frame[~((frame["Python"] - frame[program]).abs() <= within)]
    if len(off):
        raise CheckError(f"{len(off)} of {len(frame)} numbers are not {program}'s:\n{off.to_string()}")
    frame["agrees"] = [
        f"within {allowed:.2g}" if absolute or not rtol else f"within 1 in {1 / rtol:,.0f}"
        for absolute, allowed in zip(slack, within, strict=True)
    ]
    return Compared(frame.rename(index=lambda name: labelled(name, words or {})))


class Score:
    """A source's line of the scoreboard.

    Attributes
    ----------
    source, title : str
    published, reproduced : int
    stopped : int
        How many of those reproduced are the digits of a stopping point.
    exceptions : list of Record
    caveat : str
        What the line must not be read without; empty for most sources.
    labels : dict
        What each value is in words, by id.
    """

    def __init__(
        self, source: str, records: list[Record], caveat: str, labels: dict[str, str], title: str = ""
    ) -> None:
        self.source = source
        self.title = title or source
        self.labels = labels
        self.published = len(records)
        self.reproduced = sum(record.agrees for record in records)
        self.stopped = sum(agreement(record) == STOPPED for record in records)
        self.exceptions = [record for record in records if record.reason]
        self.caveat = caveat

    @classmethod
    def of(cls, source: str, records: list[Record]) -> Score:
        """Count the records of a source."""
        about = registry.read(source)
        return cls(source, records, about.caveat, {entry.id: entry.what for entry in about.entries}, about.title)

    def __str__(self) -> str:
        return f"{self.source}: {self._counts}"

    @property
    def _counts(self) -> str:
        count = len(self.exceptions)
        parts = [
            f"{self.published} published",
            f"{self.reproduced} reproduced" + (f" ({self.stopped} at the stopping point)" if self.stopped else ""),
            f"{count} {'exception' if count == 1 else 'exceptions'}",
        ]
        return ", ".join(parts) + (f"; {self.caveat}" if self.caveat else "")

    def _notes(self) -> list[tuple[str, list[str]]]:
        return by_reason([(f"{e.id}: printed {e.printed}, computed {e.shown}", e) for e in self.exceptions])

    def __repr__(self) -> str:
        lines = [str(self)]
        for reason, values in self._notes():
            lines += [f"  {reason}", *(f"    {value}" for value in values)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = [(record.id, record) for record in self.exceptions]
        items = "".join(
            f"<li>{escape(reason)}<ul>{''.join(self._item(id) for id in ids)}</ul></li>"
            for reason, ids in by_reason(rows)
        )
        return f"<p><strong>{escape(f'{self.title}: {self._counts}')}</strong></p>" + (
            f"<ul>{items}</ul>" if items else ""
        )

    def _item(self, id: str) -> str:
        record = next(record for record in self.exceptions if record.id == id)
        values = f"printed {printed_as(record.printed)}, computed {printed_as(record.shown)}"
        return f'<li title="{escape(id)}">{escape(self.labels.get(id) or id)}: {values}</li>'
