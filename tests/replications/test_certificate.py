"""The certificate: every number as printed and as computed, with what it rests on, as one page and as JSON."""

import hashlib
import json
import re

import pytest

from replications import certificate, chapters, data, environment, places, records, registry, scoreboard
from replications.__main__ import main
from replications.records import Record

KEY = registry.SOURCES[0]


@pytest.fixture
def written(tmp_path, capsys):
    assert main(["certificate", KEY, "--to", str(tmp_path / "kept")]) == 0
    page, content = (tmp_path / "kept" / f"certificate-{KEY}.{ending}" for ending in ("html", "json"))
    assert capsys.readouterr().out.split() == [str(page), str(content)]
    return page.read_text("utf-8"), json.loads(content.read_text("utf-8"))


def test_every_number_is_there_as_printed_and_as_computed(written):
    page, content = written
    (source,) = content["sources"]
    entries = registry.read(KEY).entries
    assert [(value["id"], value["printed"]) for value in source["values"]] == [(e.id, e.value) for e in entries]
    assert all(set(value["computed"]) == set(records.KINDS) for value in source["values"])
    assert page.count('<th scope="row">') == len(entries)
    for kind in records.KINDS:
        kept = records.latest(KEY, kind).values
        assert {value["id"]: value["computed"][kind]["value"] for value in source["values"]} == {
            id: record.computed for id, record in kept.items()
        }


def test_exceptions_stand_with_their_reasons(written):
    page, content = written
    reasons = {value["id"]: value["reason"] for value in content["sources"][0]["values"] if value["reason"]}
    assert reasons == {id: known.reason for id, known in registry.exceptions(KEY, "twin").items()}
    assert page.count("<td>exception</td>") == len(reasons)


def test_checksums_versions_and_commit(written):
    page, content = written
    about = data.dataset(registry.read(KEY).dataset)
    told = content["sources"][0]["data"]
    assert told["sha256"] == about.sha256
    assert told["twin_sha256"] == hashlib.sha256(about.twin.read_bytes()).hexdigest()
    assert content["versions"] == environment.versions()
    for text in (about.sha256, told["twin_sha256"], content["commit"], content["versions"]["NumPy"]):
        assert text in page


def test_the_page_needs_nothing_else(written):
    assert not re.search(r"<(script|link|img)|(src|href)=", written[0])
    assert str(places.ROOT) not in written[0]


def test_one_of_all_sources(tmp_path):
    assert main(["certificate", "--to", str(tmp_path)]) == 0
    page = (tmp_path / "certificate.html").read_text("utf-8")
    assert page.count('<th scope="row">') == sum(len(registry.read(key).entries) for key in registry.SOURCES)
    assert page.count("<h2>") == len(registry.SOURCES)


def test_without_records_nothing_is_said_to_agree(tmp_path, monkeypatch):
    monkeypatch.setattr(records, "STORED", tmp_path)
    monkeypatch.setenv("MLM_CHECKS", str(tmp_path))
    page = certificate.page(certificate.certificate([KEY]))
    assert "reproduced, " not in page
    assert page.count(f"<td>{certificate.NOT_RUN}</td></tr>") == len(registry.read(KEY).entries)


def test_an_exception_on_one_kind_of_data_is_one(tmp_path, monkeypatch):
    monkeypatch.setattr(records, "STORED", tmp_path)
    monkeypatch.setenv("MLM_CHECKS", str(tmp_path))
    entry = registry.read(KEY).entries[0]
    for kind, reason in zip(records.KINDS, ("", "a <slip>"), strict=True):
        one = Record(entry.id, entry.value, entry.value, entry.value, not reason, reason)
        records.write(tmp_path / f"{KEY}.{kind}.json", KEY, kind, True, [one], {"mlm": "0.0.1"})
    page = certificate.page(certificate.certificate([KEY]))
    assert page.count("<td>exception</td>") == 1
    assert "a &lt;slip&gt;" in page
    assert "run here, made with mlm 0.0.1" in page


def test_the_commit_is_that_of_the_repository(monkeypatch):
    assert re.match(r"[0-9a-f]{40}\b|repository without its history", environment.commit())
    monkeypatch.setattr(places, "in_repository", lambda: False)
    assert environment.commit() == environment.INSTALLED


@pytest.mark.parametrize("arguments", [["certificate", "day1"], ["certificate", "--to", __file__]])
def test_what_cannot_be_written_is_said(arguments, capsys):
    assert main(arguments) == 2
    assert re.search("no source 'day1'|cannot be written", capsys.readouterr().err)


def test_the_scoreboard_says_with_which_versions_its_records_were_made(tmp_path, monkeypatch):
    monkeypatch.setenv("MLM_CHECKS", str(tmp_path))
    made = scoreboard.made_with()
    assert sum(map(len, made.values())) == sum(
        len(data.kinds(registry.read(source).dataset)) for source in registry.SOURCES
    )
    one = next(iter(made))
    assert f"All records were made with {one}" in scoreboard.page(scoreboard.gather(), {one: made[one]})
    two = scoreboard.page(scoreboard.gather(), {"mlm 1": ["a (twin)"], "mlm 2": ["b (twin)", "c (twin)"]})
    assert "- mlm 2: `b (twin)`, `c (twin)`" in two


def test_records_are_stored_with_the_versions_that_made_them(tmp_path, monkeypatch):
    monkeypatch.setenv("MLM_CHECKS", str(tmp_path / "checks"))
    monkeypatch.setattr(records, "STORED", tmp_path / "records")
    records.write(records.folder() / f"{KEY}.twin.json", KEY, "twin", True, [], {"mlm": "0.0.1"})
    chapters.store(KEY, "twin")
    assert records.made_with(KEY, "twin", stored=True) == {"mlm": "0.0.1"}
