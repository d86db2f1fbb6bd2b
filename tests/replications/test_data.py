"""Loading: the original if it is at hand and genuine, else the twin, in the same columns and types."""

import builtins
import gzip
import hashlib
import html
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import replications
from replications import data, fetch
from replications.errors import OriginalsError

NAMES = list(data.datasets())
WITH_TWINS = [name for name in NAMES if not data.dataset(name).ship]


@pytest.fixture(autouse=True)
def forget(monkeypatch):
    """Leave no trace of what a test has loaded."""
    monkeypatch.setattr(data, "_loaded", {})


@pytest.fixture
def toy(monkeypatch, tmp_path):
    """Describe a data set of two rows whose original and twin are in a folder of their own."""
    original = tmp_path / "originals" / "toy.csv"
    original.parent.mkdir()
    original.write_bytes("\ufeffg,x,other\r\nNA,1,7\r\nb,,8\r\n".encode())
    (tmp_path / "twins").mkdir()
    (tmp_path / "twins" / "toy.csv.gz").write_bytes(gzip.compress(b"other,g,x\n3,NA,2\n4,b,\n"))
    about = data.Dataset(
        name="toy",
        title="",
        file="toy.csv",
        url="",
        sha256=hashlib.sha256(original.read_bytes()).hexdigest(),
        licence="",
        citation="",
        about="",
        rows=2,
        columns={
            "g": {"type": "text", "meaning": "group"},
            "x": {"type": "number", "meaning": "a number"},
            "y": {"type": "integer", "meaning": "renamed", "from": "other"},
        },
    )
    monkeypatch.setattr(data, "datasets", lambda: {"toy": about})
    monkeypatch.setattr(data, "FOLDER", tmp_path)
    monkeypatch.setenv(data.VARIABLE, str(original.parent))
    return about


def test_the_original_is_preferred_and_said(toy, capsys):
    table = data.load("toy")
    assert capsys.readouterr().out == "toy: the original file toy.csv, 2 rows\n"
    assert data.which("toy") == data.in_use("toy") == "original"
    assert list(table.columns) == ["g", "x", "y"]
    assert table["y"].tolist() == [7, 8]
    assert table.attrs == {"dataset": "toy", "kind": "original"}


def test_a_value_na_of_a_text_column_in_the_twin_is_text(toy):
    assert data.load("toy", kind="twin", verbose=False)["g"].tolist() == ["NA", "b"]


def test_without_the_original_the_twin_serves(toy, monkeypatch, capsys, tmp_path):
    monkeypatch.setenv(data.VARIABLE, str(tmp_path / "nowhere"))
    table = data.load("toy")
    assert capsys.readouterr().out == "toy: the synthetic twin, 2 rows\n"
    assert data.which("toy") == "twin"
    assert table["y"].tolist() == [3, 4]


def test_an_empty_variable_means_twins(toy, monkeypatch):
    monkeypatch.setenv(data.VARIABLE, "")
    assert data.which("toy") == "twin"


def test_both_kinds_have_the_same_columns_and_types(toy):
    kinds = [data.load("toy", kind=kind, verbose=False) for kind in ("original", "twin")]
    assert kinds[0].dtypes.to_dict() == kinds[1].dtypes.to_dict()
    assert kinds[0]["x"].dtype == np.float64
    assert kinds[0]["y"].dtype == np.int64


def test_numbers_are_read_to_the_last_bit(tmp_path):
    texts = ["3.8133928775787354", "0.1", "4.2578625793395425", "1e-300"]
    path = tmp_path / "numbers.csv"
    path.write_text("x,n,g\n" + "".join(f"{text},{k},a\n" for k, text in enumerate(texts)) + ",9,NA\n")
    rows = data.read_csv(path, na_values=[""])
    assert rows["x"][:-1].tolist() == [float(text) for text in texts]
    assert rows["x"].isna().tolist() == [False] * 4 + [True]
    assert rows["n"].dtype == np.int64
    assert rows["g"].tolist() == ["a"] * 4 + ["NA"]
    path.write_text("n\n1\n2\n")
    assert data.read_csv(path)["n"].tolist() == [1, 2]


def test_what_was_loaded_is_what_checks_rest_on(toy):
    data.load("toy", kind="twin", verbose=False)
    assert data.which("toy") == "original"
    assert data.in_use("toy") == "twin"


def test_a_damaged_file_is_refused_with_both_sums(toy, monkeypatch):
    (data.originals_folder() / "toy.csv").write_text("g,x,other\n")
    actual = hashlib.sha256(b"g,x,other\n").hexdigest()
    with pytest.raises(OriginalsError, match=rf"{actual}, expected {toy.sha256}.*replications fetch toy"):
        data.load("toy")


def test_missing_columns_are_named(toy, monkeypatch):
    changed = replace(toy, columns={**toy.columns, "z": {"type": "number", "meaning": ""}})
    monkeypatch.setattr(data, "datasets", lambda: {"toy": changed})
    with pytest.raises(OriginalsError, match="lacks the columns z; it has g, x, other"):
        data.load("toy")


def test_an_original_is_read_as_it_stands_in_the_file(toy):
    table = data.read_original("toy", ["other", "g"])
    assert list(table.columns) == ["other", "g"]
    assert table["other"].tolist() == [7, 8]
    assert table["g"].isna().tolist() == [True, False]


def test_reading_an_original_never_falls_back_on_the_twin(toy):
    with pytest.raises(OriginalsError, match="lacks the columns y; it has g, x, other"):
        data.read_original("toy", ["g", "y"])
    path = data.originals_folder() / "toy.csv"
    path.write_text("g,x,other\n")
    with pytest.raises(OriginalsError, match=f"expected {toy.sha256}"):
        data.read_original("toy", ["g"])
    path.unlink()
    with pytest.raises(OriginalsError, match="python -m replications fetch toy"):
        data.read_original("toy", ["g"])


def test_selected_rows_are_counted_from_one(toy, monkeypatch):
    (data.FOLDER / "rows.csv").write_text("row\n2\n")
    monkeypatch.setattr(data, "datasets", lambda: {"toy": replace(toy, selection="rows.csv")})
    assert data.load("toy", verbose=False)["g"].tolist() == ["b"]
    assert data.read_original("toy", ["other"]).to_dict("index") == {0: {"other": 8}}


def test_unknown_names_and_kinds_are_refused():
    with pytest.raises(OriginalsError, match="Did you mean 'heck2011'"):
        replications.load("heck2001")
    with pytest.raises(OriginalsError, match=r"original.*twin.*synthetic"):
        replications.load("ess", kind="synthetic")


def test_an_original_that_is_not_there_is_not_replaced_in_silence(toy, monkeypatch):
    monkeypatch.setenv(data.VARIABLE, "")
    with pytest.raises(OriginalsError, match="python -m replications fetch toy"):
        data.load("toy", kind="original")


def test_a_missing_twin_is_said(toy):
    (data.FOLDER / "twins" / "toy.csv.gz").unlink()
    with pytest.raises(OriginalsError, match="is missing"):
        data.load("toy", kind="twin")


def test_without_rdata_the_remedy_is_named(monkeypatch, tmp_path):
    real = builtins.__import__

    def without(name, *args, **more):
        if name == "rdata":
            raise ImportError(name)
        return real(name, *args, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(OriginalsError, match=r"needs the package rdata: pip install"):
        data._read_rds(tmp_path / "x.rds")


def test_without_pooch_there_is_no_cache(monkeypatch):
    real = builtins.__import__

    def without(name, *args, **more):
        if name == "pooch":
            raise ImportError(name)
        return real(name, *args, **more)

    monkeypatch.delenv(data.VARIABLE, raising=False)
    monkeypatch.setattr(builtins, "__import__", without)
    assert data.originals_folder() is None


def test_the_descriptions_are_complete():
    for about in map(data.dataset, WITH_TWINS):
        assert about.url.startswith("https://raw.githubusercontent.com/")
        owner, repository, commit, *_ = about.url.removeprefix("https://raw.githubusercontent.com/").split("/")
        assert owner
        assert repository
        assert len(commit) == 40
        assert about.url.endswith(about.file)
    for about in data.datasets().values():
        assert len(about.sha256) == 64
        assert about.licence
        assert about.citation
        for column in about.columns.values():
            assert column["type"] in ("text", "integer", "number")
            assert column["meaning"]


def test_the_codebook_lists_the_columns_of_the_data():
    for name in NAMES:
        assert list(replications.codebook(name).index) == list(data.dataset(name).columns)


@pytest.mark.parametrize("name", WITH_TWINS)
def test_every_twin_can_be_loaded(name):
    table = replications.load(name, kind="twin", verbose=False)
    assert len(table) == data.dataset(name).rows
    assert list(table.columns) == list(data.dataset(name).columns)


@pytest.mark.originals
@pytest.mark.parametrize("name", WITH_TWINS)
def test_original_and_twin_are_alike(name):
    pytest.importorskip("rdata")
    original = replications.load(name, kind="original", verbose=False)
    twin = replications.load(name, kind="twin", verbose=False)
    assert original.dtypes.to_dict() == twin.dtypes.to_dict()
    assert original.shape == twin.shape


@pytest.mark.originals
def test_the_reconstructed_sample_is_200_respondents_a_country():
    counts = replications.load("vaisey", kind="original", verbose=False)["cntry"].value_counts()
    assert (counts == 200).all()
    assert len(counts) == 29
    rows = pd.read_csv(data.FOLDER / "ess_simple_rows.csv")["row"]
    assert rows.is_unique
    assert rows.between(1, 43312).all()


def test_a_twin_that_is_cut_is_said(monkeypatch, tmp_path):
    about = data.dataset("imm10")
    short = tmp_path / "imm10.csv.gz"
    with gzip.open(about.twin, "rt", encoding="utf-8") as whole, gzip.open(short, "wt", encoding="utf-8") as cut:
        cut.writelines(line for k, line in enumerate(whole) if k < 100)
    monkeypatch.setattr(type(about), "twin", short)
    with pytest.raises(OriginalsError, match="twin of imm10 has 99 rows and should have 260: the file is damaged"):
        replications.load("imm10", kind="twin", verbose=False)


@pytest.fixture
def shipped(toy, monkeypatch, tmp_path):
    """The same data set as one that may be passed on."""
    about = replace(toy, ship=True)
    about.shipped.parent.mkdir()
    (tmp_path / "originals" / "toy.csv").rename(about.shipped)
    monkeypatch.setattr(data, "datasets", lambda: {"toy": about})
    return about


@pytest.mark.parametrize("folder", ["", "elsewhere"])
def test_data_that_may_be_passed_on_come_with_the_project(shipped, monkeypatch, folder):
    monkeypatch.setenv(data.VARIABLE, folder)
    assert data.which("toy") == "original"
    assert data.kinds("toy") == ("original",)
    assert replications.load("toy").attrs == {"dataset": "toy", "kind": "original"}


def test_data_that_may_be_passed_on_have_no_twin(shipped):
    with pytest.raises(OriginalsError, match="'toy' has no twin: its file may be passed on"):
        replications.load("toy", kind="twin")


def test_a_shipped_file_that_is_gone_or_another_is_said(shipped):
    shipped.shipped.write_bytes(b"g,x\n1,2\n")
    with pytest.raises(OriginalsError, match=r"not the original file of 'toy'.*Get it anew"):
        replications.load("toy")
    shipped.shipped.unlink()
    with pytest.raises(OriginalsError, match="is missing: 'toy' may be passed on"):
        replications.load("toy")


def test_a_shipped_file_needs_no_download(shipped, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv(data.VARIABLE, str(tmp_path / "cache"))
    assert fetch.main(["toy"]) == 0
    assert "which comes with the project" in capsys.readouterr().out


def test_a_codebook_prints_its_texts_whole():
    book = replications.codebook("ess")
    printed = " ".join(str(book).split())
    for meaning in book["meaning"]:
        assert meaning in printed
        assert html.escape(meaning, quote=False) in book._repr_html_()
    assert max(map(len, str(book).split("\n"))) <= 80
