"""What a reviewer or a library keeps: every number as printed and as computed, and what it rests on.

``python -m replications certificate`` writes it as one page, and the same as JSON.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from replications import data, environment, records, registry, web_page
from replications.display import ABOUT_STOPPED, STOPPED, agreement, breakable, printed_as, tolerance
from replications.errors import RepositoryError
from replications.records import Recorded
from replications.registry import Entry

FILE = "certificate"
NOT_RUN = "–"
KINDS = {"original": "original data", "twin": "twin"}


def certificate(sources: Sequence[str] = ()) -> dict[str, Any]:
    """Return what the certificate says, as JSON has it.

    Parameters
    ----------
    sources : sequence of str
        Keys; empty for all.

    Returns
    -------
    dict
        ``commit``, ``versions`` (of what writes the certificate) and ``sources``, a list. Each has key, title, author,
        caveat, ``data`` (checksums), ``records`` (of both kinds of data the versions that made them, whether they were
        run here, and counts), ``models`` and ``values``: of each number what it is, its place, as printed, and what was
        computed on both kinds of data.

    Raises
    ------
    RegistryError
        If there is no such source.

    Examples
    --------
    >>> content = certificate(["learn_mlms_ch4"])
    >>> content["sources"][0]["values"][0]["printed"]
    '419'
    """
    return {
        "commit": environment.commit(),
        "versions": environment.versions(),
        "sources": [_source(key) for key in sources or registry.SOURCES],
    }


def _source(key: str) -> dict[str, Any]:
    about = registry.read(key)
    found = {kind: recorded for kind in records.KINDS if (recorded := records.latest(key, kind)) is not None}
    return {
        **{name: getattr(about, name) for name in ("key", "title", "author", "caveat")},
        "data": _data(about.dataset),
        "records": {kind: _of_records(recorded) for kind, recorded in found.items()},
        "models": about.models,
        "values": [_value(entry, found) for entry in about.entries],
    }


def _data(name: str) -> dict[str, Any]:
    """Return where the data come from, with the checksums of the original and of the twin."""
    about = data.dataset(name)
    twin = about.twin.read_bytes() if about.twin.exists() else None
    told = {field: getattr(about, field) for field in ("name", "title", "file", "url", "sha256", "licence", "citation")}
    return told | {
        "rows": about.rows,
        "twin": about.twin.name if twin is not None else None,
        "twin_sha256": None if twin is None else hashlib.sha256(twin).hexdigest(),
    }


def _of_records(recorded: Recorded) -> dict[str, Any]:
    values = recorded.values.values()
    return {
        "made_with": recorded.made_with,
        "run_here": not recorded.stored,
        "values": len(values),
        "reproduced": sum(record.agrees for record in values),
        "at_stopping_point": sum(agreement(record) == STOPPED for record in values),
        "exceptions": sum(bool(record.reason) for record in values),
    }


def _value(entry: Entry, found: Mapping[str, Recorded]) -> dict[str, Any]:
    computed = {kind: recorded.values[entry.id] for kind, recorded in found.items() if entry.id in recorded.values}
    about = {name: getattr(entry, name) for name in ("id", "what", "where", "model", "relation", "restates")}
    return about | {
        "printed": entry.value,
        "within": tolerance(entry) or None,
        "reason": next((record.reason for record in computed.values() if record.reason), None),
        "computed": {
            kind: {"value": record.computed, "shown": record.shown, "agrees": agreement(record)}
            for kind, record in computed.items()
        },
    }


def page(content: Mapping[str, Any]) -> str:
    """Return a certificate as a web page that needs nothing else.

    Parameters
    ----------
    content : mapping
        As :func:`certificate` returns it.
    """
    sources = content["sources"]
    title = f"Certificate: {sources[0]['title']}" if len(sources) == 1 else "Certificate of all sources"
    head = (
        "<p>Every number and claim of the document as it was printed and as it was computed anew. A number is "
        "reproduced when what was computed rounds to it, within half a unit of its last printed place, unless another "
        "range stands beside it. Exceptions are listed with their reasons.</p>"
        f"<dl>{_term('Commit', content['commit'])}"
        f"{_term('Certificate written with', environment.in_words(content['versions']))}</dl>"
    )
    parts = [("" if len(sources) == 1 else f"<h2>{escape(one['title'])}</h2>") + _section(one) for one in sources]
    return web_page.page(title, head + "".join(parts), _STYLE)


def _term(name: str, text: str) -> str:
    return f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>"


def _section(source: Mapping[str, Any]) -> str:
    about, caveat = source["data"], source["caveat"]
    twin = f"{about['twin']}, sha256 {about['twin_sha256']}" if about["twin"] else "none: the file may be passed on"
    terms = [
        ("Source", f"{source['author']}, {source['title']} ({source['key']})"),
        *((f"On the {KINDS[kind]}", _in_words(found)) for kind, found in source["records"].items()),
        ("Data", f"{about['title']}, {about['rows']:,} rows; {about['citation']} {about['licence']}"),
        ("Original file", f"{about['file']}, sha256 {about['sha256']}, from {about['url']}"),
        ("Twin", twin),
    ]
    note = f"<p><strong>{escape(caveat)}</strong></p>" if caveat else ""
    listed = "".join(_term(name, text) for name, text in terms)
    return f"{note}<dl>{listed}</dl>{_exceptions(source)}{_table(source['values'])}"


def _in_words(found: Mapping[str, Any]) -> str:
    """Return how many values are reproduced, and what made the records."""
    stopped = f" ({found['at_stopping_point']} at the stopping point)" if found["at_stopping_point"] else ""
    made = f"with {environment.in_words(found['made_with'])}" if found["made_with"] else "with versions not recorded"
    kept = "run here" if found["run_here"] else "records kept with the package"
    count = found["exceptions"]
    noun = "exception" if count == 1 else "exceptions"
    return f"{found['reproduced']} of {found['values']} reproduced{stopped}, {count} {noun}; {kept}, made {made}"


def _exceptions(source: Mapping[str, Any]) -> str:
    items = [
        f"<li><code>{breakable(value['id'])}</code>, printed {printed_as(value['printed'])}: {escape(value['reason'])}"
        "</li>"
        for value in source["values"]
        if value["reason"]
    ]
    stopped = any(one["agrees"] == STOPPED for value in source["values"] for one in value["computed"].values())
    note = f"<p>“{STOPPED}”: {ABOUT_STOPPED}</p>" if stopped else ""
    return f"<h3>Exceptions</h3><ul>{''.join(items) or '<li>none</li>'}</ul>{note}"


def _table(values: Sequence[Mapping[str, Any]]) -> str:
    heads = ("number", "printed", *KINDS.values(), "agrees")
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    rows = "".join(map(_row, values))
    columns = '<colgroup><col><col span="4"></colgroup>'
    return f"<h3>All numbers</h3><table>{columns}<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _row(value: Mapping[str, Any]) -> str:
    words = {one["agrees"] for one in value["computed"].values()}
    agrees = next((word for word in ("exception", STOPPED, "yes") if word in words), NOT_RUN)
    within = f"<small>{escape(value['within'])}</small>" if value["within"] else ""
    cells = "".join(f"<td>{_computed(value['computed'].get(kind))}</td>" for kind in KINDS)
    return (
        f'<tr><th scope="row"><code>{breakable(value["id"])}</code>'
        f"<small>{escape(value['what'])}; {escape(value['where'])}</small></th>"
        f"<td>{printed_as(value['printed'])}{within}</td>{cells}<td>{escape(agrees)}</td></tr>"
    )


def _computed(one: Mapping[str, str] | None) -> str:
    """Return what was computed, as it would be printed, and with its digits."""
    if one is None:
        return NOT_RUN
    more = f"<small>{escape(records.rounded(one['value']))}</small>" if one["value"] != one["shown"] else ""
    return printed_as(one["shown"]) + more


_STYLE = (
    "table{display:table;table-layout:fixed;width:100%}th,td{overflow-wrap:anywhere}td code,th code{white-space:normal}"
    "col:first-child{width:40%}th{font-weight:normal}thead th{font-weight:bold}tr{break-inside:avoid}"
    "small{display:block;opacity:.75}dt{font-weight:bold}dd{margin:0 0 .4rem;overflow-wrap:anywhere}"
    "@media(max-width:600px){table{font-size:.75rem}th,td{padding:.2rem .15rem}h1{font-size:1.5rem}"
    "ul{padding-left:1.2rem}col:first-child{width:34%}}"
)


def main(sources: Sequence[str], folder: str = ".") -> int:
    """Write the certificate of these sources, or of all, and say where it is; return the exit status.

    Parameters
    ----------
    sources : sequence of str
        Keys; empty for all.
    folder : str
        Where ``certificate.html`` and ``certificate.json`` go, or of one source ``certificate-KEY``; made if need be.

    Raises
    ------
    RegistryError
        If there is no such source.
    RepositoryError
        If nothing can be written there.
    """
    content = certificate(sources)
    name = f"{FILE}-{sources[0]}" if len(sources) == 1 else FILE
    texts = {"html": page(content), "json": json.dumps(content, indent=1, ensure_ascii=False) + "\n"}
    for ending, text in texts.items():
        path = Path(folder) / f"{name}.{ending}"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        except OSError as error:
            raise RepositoryError(f"{path} cannot be written: {error.strerror}") from None
        print(path)
    return 0
