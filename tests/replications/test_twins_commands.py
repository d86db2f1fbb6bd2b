"""``python -m replications twins aggregate | make | check | report``."""

import gzip
import json
import re
import shutil
from pathlib import Path

import pytest

from replications import data
from replications.__main__ import main
from replications.twins import files
from replications.twins.recipes import RECIPES

COMMITTED = data.FOLDER


@pytest.fixture
def folder(monkeypatch, tmp_path):
    """A folder that stands for ``data/`` and has the aggregates of vaisey; no originals are at hand."""
    data.datasets()  # read before the file is out of sight
    monkeypatch.setattr(data, "FOLDER", tmp_path / "data")
    monkeypatch.setenv("MLM_ORIGINALS", str(tmp_path / "originals"))
    for name in ("data/aggregates", "data/twins", "originals"):
        (tmp_path / name).mkdir(parents=True)
    shutil.copy(COMMITTED / "aggregates" / "vaisey.json.gz", data.FOLDER / "aggregates")
    return data.FOLDER


def numbers_of(part):
    """All numbers of a part of a JSON file; keys and texts as their lengths."""
    if isinstance(part, dict | list):
        for one in part.items() if isinstance(part, dict) else part:
            yield from numbers_of(list(one) if isinstance(one, tuple) else one)
    else:
        yield len(part) if isinstance(part, str) else float(part or 0)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_there_is_a_recipe_for_every_data_set():
    assert list(RECIPES) == [name for name, about in data.datasets().items() if not about.ship]


def test_make_writes_the_committed_bytes_and_check_knows_them(folder, capsys):
    assert main(["twins", "make", "vaisey"]) == 0
    said = capsys.readouterr()
    made = (folder / "twins" / "vaisey.csv.gz").read_bytes()
    assert said.out == f"vaisey: 5800 rows, {len(made)} bytes\n"
    assert "every product met" in said.err
    assert gzip.decompress(made) == gzip.decompress((COMMITTED / "twins" / "vaisey.csv.gz").read_bytes())
    manifest = json.loads((COMMITTED / "twins" / "manifest.json").read_text())
    assert files.manifest() == {"vaisey": manifest["vaisey"]}
    before = contents(folder)
    assert main(["twins", "check", "vaisey", "--quiet"]) == 0
    said = capsys.readouterr()
    assert said.out == f"vaisey: the same as the committed twin ({manifest['vaisey']['sha256'][:16]})\n"
    assert said.err == ""
    assert contents(folder) == before


@pytest.mark.parametrize("line", [{}, {"vaisey": {"rows": 5800, "sha256": "0" * 64}}])
def test_check_tells_a_twin_from_another_one(line, folder, capsys):
    (folder / "twins" / "manifest.json").write_text(json.dumps(line))
    assert main(["twins", "check", "--quiet", "vaisey"]) == 1
    assert capsys.readouterr().out.startswith("vaisey: DIFFERS from the committed twin (")


@pytest.mark.parametrize("command", ["aggregate", "make", "check", "report"])
def test_an_unknown_name_is_answered_with_those_there_are(command, folder, capsys):
    before = contents(folder)
    with pytest.raises(SystemExit, match="2"):
        main(["twins", command, "imm10", "heck2010"])
    error = capsys.readouterr().err
    assert "There is no data set 'heck2010'. Did you mean 'heck2011'?" in error
    assert "The data sets are ess, issp, heck2011, imm10, vaisey" in error
    assert contents(folder) == before


def test_the_commands_are_named_where_none_is_given(capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["twins"])
    assert "required: command" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="0"):
        main(["twins", "--help"])
    shown = capsys.readouterr().out
    assert all(
        f"\n    {command} " in shown or f"\n    {command}\n" in shown for command in ("aggregate", "make", "report")
    )


def test_an_absent_original_is_named(folder, capsys):
    before = contents(folder)
    assert main(["twins", "aggregate", "vaisey"]) == 2
    assert "ess-stflife.dta, the original of 'vaisey' is not here: run" in capsys.readouterr().err
    assert contents(folder) == before
    assert main(["twins", "report", "vaisey"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("vaisey: 29 blocks, median 2^563 pairings left; the tightest:\n  DK (complete, n = 200): ")
    assert said.endswith("the original is not at hand: no share of equal rows\n")


@pytest.mark.parametrize("command", ["aggregate", "report"])
def test_a_file_that_is_not_the_original_is_refused(command, folder, capsys):
    (folder.parent / "originals" / "ess-stflife.dta").write_bytes(b"stflife")
    before = contents(folder)
    assert main(["twins", command, "vaisey"]) == 2
    assert "is not the original file of 'vaisey': its sha256 is" in capsys.readouterr().err
    assert contents(folder) == before


@pytest.mark.originals
def test_aggregate_writes_what_is_committed(monkeypatch, tmp_path, capsys):
    """Fitted numbers, of seven digits, to the last: BLAS may round the one below a half up or down."""
    data.datasets()
    monkeypatch.setattr(data, "FOLDER", tmp_path)
    (tmp_path / "aggregates").mkdir()
    assert main(["twins", "aggregate", "imm10", "heck2011"]) == 0
    assert capsys.readouterr().out.startswith("imm10: 260 rows, 10 groups, ")
    for name in ("imm10", "heck2011"):
        made, committed = (
            json.loads(gzip.decompress((folder / "aggregates" / f"{name}.json.gz").read_bytes()))
            for folder in (tmp_path, COMMITTED)
        )
        assert list(numbers_of(made.pop("recipe"))) == pytest.approx(
            list(numbers_of(committed.pop("recipe"))), rel=1e-6
        )
        assert made == committed


@pytest.mark.slow
@pytest.mark.originals
def test_the_page_on_the_twins_has_the_shares_of_the_report(capsys):
    page = (Path(__file__).parents[2] / "book" / "twins.md").read_text("utf-8")
    rows = re.findall(r"^\| (\w+) \|[^|]*\| ([\d.]+)% \| ([\d.]+)% \|$", page, re.MULTILINE)
    assert [name for name, *_ in rows] == list(RECIPES)
    assert main(["twins", "report"]) == 0
    found = re.findall(r"twin rows equal to an original row ([\d.]+)%, by chance ([\d.]+)%", capsys.readouterr().out)
    for (_, *printed), computed in zip(rows, found, strict=True):
        for one, other in zip(printed, computed, strict=True):
            # the page has up to two decimals, the report two
            assert abs(float(one) - float(other)) <= 0.5 * 10.0 ** -len(one.partition(".")[2]) + 1e-9
