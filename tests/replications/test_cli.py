"""The commands: fetch over a local server, check on small notebooks, the scoreboard page."""

import hashlib
import http.server
import json
import re
import threading
from dataclasses import replace
from functools import partial

import nbformat
import pytest

from replications import chapters, data, fetch, listing, places, records, registry, scoreboard
from replications.__main__ import main
from replications.display import Score
from replications.errors import OriginalsError
from replications.records import Record

TOTAL = sum(len(registry.read(source).entries) for source in registry.SOURCES)
CONTENT = b"schid,math\n1,48\n"


COMMANDS = ("list", "show", "check", "read", "verify", "new", "scoreboard", "certificate", "fetch", "twins")
FOLDED = re.compile(r"\n +")


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command_says_what_it_does(command, capsys):
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    usage, about, *_ = FOLDED.sub(" ", capsys.readouterr().out).split("\n\n")
    assert usage.startswith(f"usage: python -m replications {command}")
    assert len(about.split()) >= 9
    assert not about.startswith(("options:", "positional"))
    assert all(len(line) < 80 for line in about.splitlines())


def test_the_help_names_every_command(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    assert set(COMMANDS) == set(re.findall(r"^    ([a-z]+)(?: {2,}|$)", capsys.readouterr().out, re.MULTILINE))


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def served(tmp_path, monkeypatch):
    """A data set whose original is served on this machine, and an empty folder to fetch it to."""
    pytest.importorskip("pooch")
    pytest.importorskip("tqdm")
    (tmp_path / "server").mkdir()
    (tmp_path / "server" / "imm10.csv").write_bytes(CONTENT)
    handler = partial(Quiet, directory=str(tmp_path / "server"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/imm10.csv"
        sha256 = hashlib.sha256(CONTENT).hexdigest()
        about = replace(data.dataset("imm10"), url=url, sha256=sha256)
        monkeypatch.setattr(data, "datasets", lambda: {"imm10": about})
        monkeypatch.setenv(data.VARIABLE, str(tmp_path / "originals"))
        yield about
        server.shutdown()


def change(monkeypatch, about, **fields):
    monkeypatch.setattr(data, "datasets", lambda: {"imm10": replace(about, **fields)})


def test_fetch_downloads_and_verifies(served, tmp_path, capsys):
    assert main(["fetch"]) == 0
    assert (tmp_path / "originals" / "imm10.csv").read_bytes() == CONTENT
    assert capsys.readouterr().out.startswith("imm10: ")
    assert data.which("imm10") == "original"


def test_fetch_leaves_a_file_that_is_there(served, tmp_path):
    assert main(["fetch", "imm10"]) == 0
    (tmp_path / "server" / "imm10.csv").unlink()
    assert main(["fetch", "imm10"]) == 0


def test_fetch_refuses_another_file(served, monkeypatch, tmp_path, capsys):
    change(monkeypatch, served, sha256="0" * 64)
    assert main(["fetch", "imm10"]) == 1
    error = capsys.readouterr().err
    assert f"what {served.url} gives is not the file expected" in error
    assert not (tmp_path / "originals" / "imm10.csv").exists()


def test_fetch_says_which_address_failed_and_what_serves_instead(served, monkeypatch, capsys):
    url = served.url.replace("imm10.csv", "gone.csv")
    change(monkeypatch, served, url=url)
    assert main(["fetch", "imm10"]) == 1
    error = capsys.readouterr().err
    assert f"imm10: no download from {url}: HTTPError: 404" in error
    assert "Not fetched: imm10. The synthetic twins" in error
    assert "Traceback" not in error


def test_fetch_without_network(served, monkeypatch, capsys):
    change(monkeypatch, served, url="http://127.0.0.1:9/imm10.csv")  # the discard port: nothing listens
    assert main(["fetch", "imm10"]) == 1
    assert "imm10: no download from http://127.0.0.1:9/imm10.csv: " in capsys.readouterr().err


def test_fetch_says_where_it_cannot_write(served, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OriginalsError, match="cannot be stored in"):
        fetch.fetch(served, tmp_path / "file" / "folder")


def test_fetch_of_an_unknown_name(capsys):
    assert main(["fetch", "heck2010"]) == 2
    assert "Did you mean 'heck2011'" in capsys.readouterr().err


def test_fetch_without_a_folder(monkeypatch, capsys):
    monkeypatch.setenv(data.VARIABLE, "")
    assert main(["fetch"]) == 1
    assert "unset MLM_ORIGINALS" in capsys.readouterr().err


@pytest.fixture
def book(tmp_path, monkeypatch):
    """An empty book whose chapters run on the twins and record to a folder of their own."""
    monkeypatch.setattr(chapters, "BOOK", tmp_path)
    monkeypatch.setenv("MLM_CHECKS", str(tmp_path / "checks"))
    monkeypatch.setattr(records, "STORED", tmp_path / "records")
    monkeypatch.setenv(data.VARIABLE, "")
    return tmp_path


def write(book, source, *cells):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbformat.write(notebook, book / f"{source}.ipynb")


# hands over what was printed, so that the chapter agrees with itself; exceptions are taken off the list
WHOLE = """
from replications import registry
from replications.rounding import parse
registry.exceptions = lambda *_: {}
import replications
published = replications.published("learn_mlms_ch4")
for entry in published.source.entries:
    value = entry.value if entry.relation == "text" else float(parse(entry.value).value)
    published.check(entry.id, 0.95 if entry.relation == "mostly" else 0 if entry.relation == "<" else value)
"""


@pytest.mark.slow
def test_check_runs_the_chapters_and_prints_the_scoreboard(book, capsys):
    write(book, "learn_mlms_ch4", WHOLE, "published.finish()")
    write(book, "day1_basics", "1 / 0")
    write(book, "vaisey_mlm", "import replications", "replications.published('vaisey_mlm').check('slide28', 1)")
    write(book, "soci832_multilevel", "import replications", "p = replications.published('soci832_multilevel')")
    assert main(["check", "--store"]) == 1
    shown = capsys.readouterr()
    lines = {line.split()[0]: line.split()[1:] for line in shown.out.splitlines() if line}
    assert lines["learn_mlms_ch4"] == ["60", "60", "0"]
    assert lines["two_level_mlm"] == ["502", "not", "yet"]
    assert "day1_basics: cell 1 of 1 raised ZeroDivisionError: division by zero" in shown.out
    assert "vaisey_mlm: cell 2 of 2 raised CheckError" in shown.out
    assert "soci832_multilevel: the chapter runs, but checks nothing" in shown.out
    assert "learn_mlms_ch4: checked on the twin data" in shown.err
    assert [path.name for path in (book / "records").iterdir()] == ["learn_mlms_ch4.twin.json"]


@pytest.mark.slow
def test_check_demands_that_everything_is_checked(book, capsys):
    write(
        book, "day1_basics", "import replications", "replications.published('day1_basics').check('data.n_valid', 48120)"
    )
    assert main(["check", "day1_basics"]) == 1
    assert "checks 1 of 75 published values and does not finish()" in capsys.readouterr().out


def test_check_of_an_unknown_source(capsys):
    assert main(["check", "day1"]) == 2
    assert "There is no source 'day1'. Did you mean 'day1_basics'?" in capsys.readouterr().err


def test_the_report_lists_exceptions_with_reasons():
    score = Score.of("day1_basics", [Record("a", "1", "2", "2.0", False, "a slip"), Record("b", "1", "1", "1", True)])
    text = chapters.report([chapters.Outcome("day1_basics", score)])
    assert "day1_basics                 75           1           1" in text
    assert "  a slip\n    a: printed 1, computed 2" in text


def test_the_report_says_what_a_line_must_not_be_read_without():
    stopped = Record("a", "1", "1", "1.0", True, stopping_point=True)
    outcomes = [chapters.Outcome(source, Score.of(source, [stopped])) for source in ("day1_basics", "vaisey_mlm")]
    text = chapters.report(outcomes)
    assert "\ntotal                        2           2           0\n" in text
    assert "1 reproduced (1 at the stopping point), 0 exceptions; on a reconstructed sample: agreement" in text


def test_stored_records_are_rounded(book):
    values = [Record("a", "1.0", "1.0", "1.00000000012345", True), Record("b", "**", "**", "**", True)]
    records.write(records.folder() / "day1_basics.twin.json", "day1_basics", "twin", True, values)
    chapters.store("day1_basics", "twin")
    complete, stored = records.read("day1_basics", "twin", stored=True)
    assert complete
    assert [value.computed for value in stored.values()] == ["1", "**"]


def test_incomplete_records_are_not_stored(book):
    records.write(records.folder() / "day1_basics.twin.json", "day1_basics", "twin", False, [])
    chapters.store("day1_basics", "twin")
    assert records.read("day1_basics", "twin", stored=True) is None


def record(entry, **fields):
    return Record(entry.id, entry.value, entry.value, entry.value, **{"agrees": True, **fields})


def test_the_page_has_every_value_once(book):
    entries = registry.read("day1_basics").entries
    first = record(entries[0], agrees=False, reason="a <slip>")
    found = {source: {} for source in registry.SOURCES}
    found["day1_basics"] = {"original": {e.id: record(e) for e in entries}, "twin": {first.id: first}}
    text = scoreboard.page(found)
    assert text.count("<tr data-source=") == TOTAL
    assert "| 75 | 75 | 0 | 1 |" in text
    assert f"`{first.id}` (twin only)" in text
    assert "<small>a &lt;slip&gt;</small></th>" in text
    assert "; on a reconstructed sample: agreement was the criterion of its search | 182 |" in text
    assert f"| All | {TOTAL:,} | – | – | – |" in text
    assert text == scoreboard.page(found)
    assert "http" not in text.split("```{raw} html")[1]


def test_the_page_labels_values_of_a_stopping_point():
    found = scoreboard.gather()
    text = scoreboard.page(found)
    stopped = sum(entry.optimizer_sensitive for key in registry.SOURCES for entry in registry.read(key).entries)
    assert text.count("<td>yes, stopping point</td>") == stopped > 12
    assert "- [Two-level MLM (tutorial, ESS wave 6)](two_level_mlm.ipynb): the last digits of 12 values" in text
    exceptions = sum(bool(r.reason) for kinds in found.values() for r in kinds["original"].values())
    assert text.count("<td>exception</td>") == exceptions
    assert f"| All | {TOTAL:,} | {TOTAL - exceptions:,} | {TOTAL - exceptions:,} | {exceptions} |" in text
    assert f"<td>{scoreboard.NOT_YET}</td>" not in text  # every value, on both kinds of data
    assert scoreboard.totals(found).agreeing["twin"] == TOTAL - exceptions


def test_the_page_can_be_built_from_stored_records(book, monkeypatch, capsys):
    entries = registry.read("day1_basics").entries
    stored = records.STORED / "day1_basics.original.json"
    records.write(stored, "day1_basics", "original", True, [record(e) for e in entries])
    fresh = records.folder() / "day1_basics.original.json"
    records.write(fresh, "day1_basics", "original", False, [])
    assert json.loads(fresh.read_text())["values"] == []
    assert len(scoreboard.gather()["day1_basics"]["original"]) == 75
    monkeypatch.setattr(scoreboard, "PAGE", places.ROOT / "book" / ".." / ".." / book / "scoreboard.md")
    monkeypatch.setattr(places, "ROOT", book.parent)
    (book.parent / "_toc.yml").write_text("")
    monkeypatch.setattr(scoreboard, "PAGE", book / "scoreboard.md")
    assert main(["scoreboard"]) == 0
    assert main(["scoreboard"]) == 0
    assert capsys.readouterr().out.count("unchanged") == 1


def test_list_names_the_sources_and_their_counts(capsys):
    assert main(["list"]) == 0
    printed = capsys.readouterr().out
    reproduced = 0
    for source in registry.SOURCES:
        line = rf"^{source} +{len(registry.read(source).entries)} numbers, (\d+) reproduced$"
        found = re.search(line, printed, re.M)
        assert found, source
        reproduced += int(found[1])
    assert printed.splitlines()[-1] == f"{'all':20}{TOTAL:,} numbers, {reproduced:,} reproduced"


def test_show_prints_what_was_printed_and_computed(capsys):
    assert main(["show", "learn_mlms_ch4", "icc"]) == 0
    printed = capsys.readouterr().out
    assert "icc.percent   printed 13.8%   computed 13.8%   agrees: yes" in printed
    assert "null_model" not in printed.replace("(null_model", "")
    assert main(["show", "learn_mlms_ch4"]) == 0
    assert capsys.readouterr().out.count("printed ") >= 60


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("plot_lm", "printed 62   computed 63   agrees: yes, within 2: printed in words"),
        ("null_model.fixef.intercept.p", "agrees: yes, below the printed bound"),
        ("null_model.fixef.intercept.estimate", "agrees: yes\n"),
    ],
)
def test_show_says_how_near_is_near_enough(name, said, capsys):
    assert main(["show", "learn_mlms_ch4", name]) == 0
    assert said in capsys.readouterr().out


def test_show_has_words_for_every_relation(capsys):
    entries = [entry for source in registry.SOURCES for entry in registry.read(source).entries]
    assert {entry.relation for entry in entries if listing._leeway(entry, record(entry))} == {
        "about",
        "over",
        "mostly",
        "<",
    }


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["show", "learn_mlms"], "learn_mlms_ch4"),
        (["show", "learn_mlms_ch4", "icx"], "they begin with"),
    ],
)
def test_show_says_what_there_is(arguments, said, capsys):
    assert main(arguments) == 2
    assert said in capsys.readouterr().err


def test_without_the_repository_the_counts_are_printed(monkeypatch, capsys):
    monkeypatch.setattr(places, "in_repository", lambda: False)
    assert main(["scoreboard"]) == 0
    assert f"{TOTAL:,} numbers" in capsys.readouterr().out
    assert main(["check"]) == 2
    assert "needs the project's repository" in capsys.readouterr().err
