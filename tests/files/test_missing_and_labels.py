"""Codes of missing values hold for every kind of file; labels and tables where there are some; Arrow's columns."""

import numpy as np
import pandas as pd
import pytest

import mlm

ROWS = pd.DataFrame({"g": ["a", "none", "b"], "y": [1.5, -99.0, 2.0], "n": np.array([1, -99, 3], dtype="int32")})
KINDS = (".csv", ".dta", ".sav", ".xlsx", ".parquet", ".feather", ".rds")


def write(path):
    if path.suffix == ".sav":
        pytest.importorskip("pyreadstat").write_sav(ROWS, path)
    elif path.suffix == ".rds":
        rdata = pytest.importorskip("rdata")
        if not hasattr(rdata, "write_rds"):
            pytest.skip("this version of rdata writes nothing")
        rdata.write_rds(path, ROWS.astype({"g": object}))
    elif path.suffix == ".csv":
        ROWS.to_csv(path, index=False)
    elif path.suffix == ".dta":
        ROWS.to_stata(path, write_index=False)
    else:
        pytest.importorskip("openpyxl" if path.suffix == ".xlsx" else "pyarrow")
        if path.suffix == ".xlsx":
            ROWS.to_excel(path, index=False)
        else:
            {".parquet": ROWS.to_parquet, ".feather": ROWS.to_feather}[path.suffix](path)
    return path


@pytest.mark.parametrize("kind", KINDS)
def test_codes_of_missing_values_hold_for_every_kind(kind, tmp_path):
    path = write(tmp_path / f"t{kind}")
    assert mlm.read_data(path)["y"].tolist() == [1.5, -99, 2]
    data = mlm.read_data(path, missing=["-99", "none"])
    assert data.isna().to_numpy().tolist() == [[False] * 3, [True] * 3, [False] * 3]
    assert data["n"].dropna().tolist() == [1, 3]


def test_codes_among_categories(tmp_path):
    pytest.importorskip("pyarrow")
    pd.DataFrame({"g": pd.Categorical(["a", "none", "b"]), "y": [1, 2, 3]}).to_parquet(tmp_path / "t.parquet")
    data = mlm.read_data(tmp_path / "t.parquet", missing=["none"])
    assert data["g"].isna().tolist() == [False, True, False]
    assert list(data["g"].cat.categories) == ["a", "b"]


def test_a_text_na_is_kept_where_files_have_a_sign_of_their_own(tmp_path):
    pd.DataFrame({"country": ["NA", "DE"]}).to_stata(tmp_path / "t.dta", write_index=False)
    assert mlm.read_data(tmp_path / "t.dta")["country"].tolist() == ["NA", "DE"]


@pytest.mark.parametrize("kind", [".csv", ".xlsx", ".parquet", ".rds"])
def test_labels_are_refused_where_a_file_has_none(kind, tmp_path):
    (tmp_path / f"t{kind}").write_bytes(b"a\n1\n")
    with pytest.raises(mlm.ArgumentError, match=r"has no labels of values: `labels` is for \.dta"):
        mlm.read_data(tmp_path / f"t{kind}", labels=True)


@pytest.mark.parametrize("kind", [".dta", ".sav"])
def test_a_column_in_which_two_values_have_one_label_stays_numbers(kind, tmp_path):
    path, labels = tmp_path / f"t{kind}", {"q": {1: "yes", 2: "no", 3: "no"}, "s": {1: "f", 2: "m"}}
    rows = pd.DataFrame({"q": [1.0, 2.0, 3.0], "s": [2.0, 1.0, 2.0]})
    if kind == ".sav":
        pytest.importorskip("pyreadstat").write_sav(rows, path, variable_value_labels=labels)
    else:
        written = {"q": {1: "yes", 2: "no", 3: "nn"}, "s": labels["s"]}
        rows.to_stata(path, write_index=False, value_labels=written)
        path.write_bytes(path.read_bytes().replace(b"nn\0", b"no\0"))
    data = mlm.read_data(path, labels=True)
    assert data["q"].tolist() == [1, 2, 3]
    assert list(data["s"].cat.categories) == ["f", "m"]


@pytest.mark.parametrize("kind", ["parquet", "feather"])
def test_large_whole_numbers_of_arrow_keep_their_digits(kind, tmp_path):
    pa = pytest.importorskip("pyarrow")
    from pyarrow import feather, parquet

    table = pa.table({"id": pa.array([2**53 + 1, None, 2**53], pa.int64()), "n": pa.array([1, None, 2], pa.int64())})
    {"parquet": parquet.write_table, "feather": feather.write_feather}[kind](table, tmp_path / f"t.{kind}")
    data = mlm.read_data(tmp_path / f"t.{kind}")
    assert data["id"].dropna().tolist() == [2**53 + 1, 2**53]
    assert data["n"].dtype == float


@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.parametrize("values", [[3, 1, 3, None], ["c", "a", "c", None]])
def test_categories_come_back_from_parquet(values, ordered, tmp_path):
    pytest.importorskip("pyarrow")
    column = pd.Series(pd.Categorical(values, ordered=ordered))
    pd.DataFrame({"q": column, "y": 1.0}).to_parquet(tmp_path / "t.parquet")
    read = mlm.read_data(tmp_path / "t.parquet")["q"]
    assert isinstance(read.dtype, pd.CategoricalDtype)
    assert bool(read.cat.ordered) == ordered
    assert list(read.cat.categories) == list(column.cat.categories)
    assert read.isna().tolist() == [False, False, False, True]
