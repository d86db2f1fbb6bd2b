"""Files of every kind give the frame that was written, and every failure says what is wrong and what to do."""

import gzip
import sys

import numpy as np
import pandas as pd
import pytest

import mlm

FRAME = pd.DataFrame({"school": ["a", "b", "a"], "score": [1.5, np.nan, 1 / 3], "sex": [1.0, 2.0, 1.0]})
LABELS = {"sex": {1: "female", 2: "male"}, "score": {1.5: "half past one"}}


def write(kind, path):
    """Write the frame as a file of a kind."""
    if kind in (".csv", ".csv.gz"):
        FRAME.to_csv(path, index=False, na_rep="NA")
    elif kind == ".tsv":
        FRAME.to_csv(path, index=False, sep="\t")
    elif kind == ".dta":
        FRAME.to_stata(path, write_index=False, value_labels={"sex": LABELS["sex"]})
    elif kind in (".sav", ".zsav", ".por", ".xpt"):
        pyreadstat = pytest.importorskip("pyreadstat")
        if kind in (".sav", ".zsav"):
            pyreadstat.write_sav(FRAME, path, variable_value_labels=LABELS, compress=kind == ".zsav")
        else:
            {".por": pyreadstat.write_por, ".xpt": pyreadstat.write_xport}[kind](FRAME, path)
    elif kind in (".rds", ".rda", ".RData"):
        rdata = pytest.importorskip("rdata")
        if not hasattr(rdata, "write_rds"):
            pytest.skip("this version of rdata writes nothing")
        frame = FRAME.astype({"school": object})  # rdata writes no texts of pandas 3
        rdata.write_rds(path, frame) if kind == ".rds" else rdata.write_rda(path, {"scores": frame, "n": 3})
    elif kind == ".xlsx":
        pytest.importorskip("openpyxl")
        FRAME.to_excel(path, index=False)
    else:
        pytest.importorskip("pyarrow")
        {".parquet": FRAME.to_parquet, ".feather": FRAME.to_feather}[kind](path)


KINDS = (".csv", ".csv.gz", ".tsv", ".dta", ".sav", ".zsav", ".por", ".xpt", ".rds", ".rda", ".RData", ".xlsx")


@pytest.mark.parametrize("kind", [*KINDS, ".parquet", ".feather"])
def test_a_file_gives_the_frame_that_was_written(kind, tmp_path):
    path = tmp_path / f"scores{kind}"
    write(kind, path)
    data = mlm.read_data(path)
    names = [name.lower() for name in data.columns]  # .por knows capitals only
    assert names == list(FRAME)
    assert data.iloc[:, 0].astype(str).tolist() == FRAME["school"].tolist()
    exact = {"rtol": 1e-12 if kind == ".por" else 0, "atol": 0, "equal_nan": True}
    assert np.allclose(data.iloc[:, 1:].to_numpy(float), FRAME.iloc[:, 1:].to_numpy(float), **exact)
    assert data.attrs["name"] == "scores"


def test_printouts_name_the_file(tmp_path):
    pd.DataFrame({"y": [1.0, 2, 4, 3], "x": [0, 1, 2, 3]}).to_csv(tmp_path / "marks.csv", index=False)
    assert "data = marks" in str(mlm.lm("y ~ x", mlm.read_data(tmp_path / "marks.csv")).summary())


@pytest.mark.parametrize(
    ("text", "scores"),
    [
        ("s,y\na,1.5\nb,2\n", [1.5, 2]),
        ("s;y\na;1,5\nb;2\n", [1.5, 2]),
        ("s;y\na;1.5\nb;2\n", [1.5, 2]),
        ("s\ty\na\t1.5\nb\t.\n", [1.5, np.nan]),
        ("\ufeffs,y\na,NA\nb,NaN\n", [np.nan, np.nan]),
        ('"s","y"\r\n"a",0.1\r\n"b",\r\n', [0.1, np.nan]),
        ("s,y\nNA,0.30000000000000004\n,2e-3\n", [0.30000000000000004, 0.002]),
    ],
)
def test_text_is_read_as_it_is_meant(text, scores, tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(text.encode())
    data = mlm.read_data(path)
    assert list(data) == ["s", "y"]
    assert np.array_equal(data["y"].to_numpy(float), scores, equal_nan=True)


def test_letters_of_windows_are_read(tmp_path):
    (tmp_path / "t.csv").write_bytes("s,y\nMünchen,1\n".encode("cp1252"))
    assert mlm.read_data(tmp_path / "t.csv")["s"].tolist() == ["München"]


def test_what_is_missing_can_be_said(tmp_path):
    (tmp_path / "t.csv").write_text("s,y\nNA,-99\nb,2\n")
    data = mlm.read_data(tmp_path / "t.csv", missing=["-99"])
    assert data["s"].tolist() == ["NA", "b"]
    assert data["y"].isna().tolist() == [True, False]


@pytest.mark.parametrize("kind", [".dta", ".sav"])
def test_labels_make_categories_of_columns_of_which_every_value_has_one(kind, tmp_path):
    path = tmp_path / f"scores{kind}"
    write(kind, path)
    data = mlm.read_data(path, labels=True)
    assert data["sex"].astype(str).tolist() == ["female", "male", "female"]
    assert list(data["sex"].cat.categories) == ["female", "male"]
    assert not data["sex"].cat.ordered  # ordered ones would get polynomial contrasts
    assert data["score"].dtype == float


def test_a_workbook_of_several_sheets_asks_which_one(tmp_path):
    pytest.importorskip("openpyxl")
    path = tmp_path / "book.xlsx"
    with pd.ExcelWriter(path) as writer:
        FRAME.to_excel(writer, sheet_name="2023", index=False)
        FRAME.head(1).to_excel(writer, sheet_name="2024", index=False)
        pd.DataFrame().to_excel(writer, sheet_name="empty")
    with pytest.raises(mlm.DataError, match=r"2 sheets with rows: 2023, 2024\. Choose one with table="):
        mlm.read_data(path)
    assert len(mlm.read_data(path, table="2024")) == 1
    with pytest.raises(mlm.ArgumentError, match="no sheet '2042'; it has 2023, 2024"):
        mlm.read_data(path, table="2042")


@pytest.mark.parametrize(("kind", "package"), [(".sav", "pyreadstat"), (".rds", "rdata"), (".parquet", "pyarrow")])
def test_a_missing_package_is_named_with_what_to_install(kind, package, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    (tmp_path / f"t{kind}").write_bytes(b"x")
    with pytest.raises(mlm.DataError, match=rf"needs the package {package}.*multilevel-replications\[files\]"):
        mlm.read_data(tmp_path / f"t{kind}")


def test_files_that_cannot_be_read_say_why(tmp_path):
    (tmp_path / "scores.csv").write_text("")
    (tmp_path / "t.dta").write_bytes(b"no Stata")
    (tmp_path / "t.doc").write_bytes(b"")
    with gzip.open(tmp_path / "bad.csv.gz", "wb") as file:
        file.write(b"a,b\n1,2\n1,2,3\n")
    for name, said in {
        "score.csv": "There is no file 'score.csv' in .* Did you mean 'scores.csv'",
        "scores.csv": "scores.csv is empty",
        "bad.csv.gz": "bad.csv.gz: line 3 has 3 fields, and the header 2",
        "t.dta": "cannot be read as .dta",
        "t.doc": "of no kind that is known: .csv",
        "": "is a folder",
    }.items():
        with pytest.raises(mlm.DataError, match=said):
            mlm.read_data(tmp_path / name)


@pytest.mark.parametrize(
    "wrong", [{"path": 3}, {"table": "2024"}, {"table": 3}, {"labels": "yes"}, {"missing": [3]}, {"missing": 3}]
)
def test_wrong_arguments_are_refused(wrong, tmp_path):
    (tmp_path / "t.csv").write_text("a\n1\n")
    with pytest.raises(mlm.ArgumentError):
        mlm.read_data(**({"path": tmp_path / "t.csv"} | wrong))
