"""Text in columns: separators, row names, signs at the end of rows, blanks, decimal commas, large whole numbers."""

import gzip
import shutil
import subprocess
import warnings

import numpy as np
import pandas as pd
import pytest

import mlm

PLAIN = {"y": [1.5, 2.5, 4.0], "g": ["a", "b", "a"]}


def read(tmp_path, text, name="t.csv", encoding="utf-8", **options):
    (tmp_path / name).write_bytes(text.encode(encoding))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return mlm.read_data(tmp_path / name, **options)


@pytest.mark.parametrize(
    "text",
    [
        "y,g\n1.5,a\n2.5,b\n4,a\n",
        "y, g\n1.5, a\n2.5, b\n 4, a\n",
        "y g\n1.5 a\n2.5 b\n4 a\n",
        "y   g\n 1.5  a\n2.5\t b \n4    a\n",
        '"y" "g"\n"1" 1.5 "a"\n"2" 2.5 "b"\n"3" 4 "a"\n',
        "y|g\n1.5|a\n2.5|b\n4|a\n",
        "sep=;\ny;g\n1,5;a\n2,5;b\n4;a\n",
        "\n\ny\tg\n1.5\ta\n2.5\tb\n4\ta\n",
        "y,g\r\n1.5,a\r\n2.5,b\r\n4,a\r\n",
        "y,g\n1.5,a\n\n2.5,b\n4,a",
        "y,g\n1.5,a,\n2.5,b,\n4,a,\n",
        "y,g\n1.5,a\n2.5,b,,\n4,a,\n",
        "y,g,\n1.5,a,\n2.5,b,\n4,a,\n",
        'y,g\n1.5,"a",\n2.5,"b"\n4,"a", \n',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_columns_are_those_of_the_header(text, encoding, tmp_path):
    data = read(tmp_path, text, encoding=encoding)
    assert {name: data[name].tolist() for name in data} == PLAIN


@pytest.mark.parametrize("name", ["T.CSV.GZ", "t.csv.Gz", "t.TXT"])
def test_case_of_the_ending_does_not_matter(name, tmp_path):
    opened = gzip.open if name.lower().endswith("gz") else open
    with opened(tmp_path / name, "wb") as file:
        file.write(b"y,g\n1.5,a\n")
    data = mlm.read_data(tmp_path / name)
    assert data["y"].tolist() == [1.5]
    assert data.attrs["name"].lower() == "t"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("y,x\nanna,1,2\nbert,3,4\n", ["anna", "bert"]),
        ("y,x\n7,1,2\n3,3,4\n", [7, 3]),
        ('"y","x"\n"a, b",1,2\n"c",3,4\n', ["a, b", "c"]),
        ("y x\nr1 1 2\nr2 3 4\n", ["r1", "r2"]),
    ],
)
def test_names_of_rows_are_no_column(text, names, tmp_path):
    data = read(tmp_path, text)
    assert data.index.tolist() == names
    assert data.to_dict("list") == {"y": [1, 3], "x": [2, 4]}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("y,x\n1.5,1,2\n2.5,3,4\n", 2),  # no names of rows: fractions
        ("y,x\na,1,2\na,3,4\n", 2),  # the same name twice
        ("y,x\n1,2\n3,4,5\n", 3),
        ("y,x\n1,2,\n3,4,5\n", 3),
        ("y,x\n1,2,3\n3,4\n", 2),
        ("y,x\n1,2,3,4\n5,6,7,8\n", 2),
        ("\ny,x\n1,2\n\n3,4,5\n", 5),
        ('y,x\n"a\nb",2\n3,4,5\n', 4),
        ("y\n1,5\n2,7\n", 2),  # decimal commas of one column, or row names
        ("y x g\n1 2 3\n4 5\n", 3),
    ],
)
def test_rows_that_do_not_fit_the_header_are_refused_with_their_line(text, line, tmp_path):
    with pytest.raises(
        mlm.DataError, match=rf"t\.csv: line {line} has \d fields, and the header \d .*Give every column"
    ):
        read(tmp_path, text)


@pytest.mark.parametrize("sign", [":", "^", "/"])
def test_what_separates_columns_is_known_or_refused(sign, tmp_path):
    with pytest.raises(mlm.DataError, match="no known separator"):
        read(tmp_path, f"y{sign}x\n1{sign}2\n")


@pytest.mark.parametrize("text", ["y x g\n1 2\n3 4\n", "a b\n1 2 3 4\n"])
def test_blanks_that_do_not_separate_columns_are_refused(text, tmp_path):
    with pytest.raises(mlm.DataError, match="no known separator"):
        read(tmp_path, text)


@pytest.mark.parametrize("text", ["a,b|c\n1|2\n", "a,b;c\n1;2\n"])
def test_a_sign_in_a_name_separates_nothing(text, tmp_path):
    assert read(tmp_path, text).iloc[0].tolist() == [1, 2]


@pytest.mark.parametrize("text", ["score\n1\n2\n", "my score\n1\n2\n", "km/h\n1\n2\n"])
def test_a_single_column_has_no_separator(text, tmp_path):
    assert read(tmp_path, text).iloc[:, 0].tolist() == [1, 2]


@pytest.mark.parametrize("text", ["x,x, y ,\n1,2,3,4\n", "x;y; x\n1;2;3\n"])
def test_two_columns_of_one_name_are_refused(text, tmp_path):
    with pytest.raises(mlm.DataError, match=r"t\.csv has 2 columns 'x'; rename or remove all but one\."):
        read(tmp_path, text)


def test_columns_without_a_name_have_one(tmp_path):
    assert list(read(tmp_path, "x, y ,\n1,3,4\n")) == ["x", "y", "Unnamed: 2"]


@pytest.mark.parametrize(
    ("text", "decimal", "values"),
    [
        ('y,g\n"1,25",a\n"-0,5",b\n', ",", [1.25, -0.5]),
        ('y,g\n"1.234,5",a\n"12,5",b\n', ",", [1234.5, 12.5]),
        ("y;g\n1.234,5;a\n-1.234.567;b\n", ",", [1234.5, -1234567]),
        ("y;g\n1.234;a\n2.345;b\n", ",", [1234, 2345]),
        ("y;g\n1.234;a\nNA;b\n", ",", [1234, np.nan]),
        ('y,g\n"1,234.5",a\n"2,000",b\n', ".", [1234.5, 2000]),
        ("y;g\n1,234;a\n2;b\n", ".", [1234, 2]),
        ("y;g\n1.5;a\n2.25;b\n", ".", [1.5, 2.25]),
    ],
)
def test_decimal_says_which_sign_is_before_decimals(text, decimal, values, tmp_path):
    np.testing.assert_array_equal(read(tmp_path, text, decimal=decimal)["y"].to_numpy(float), values)


@pytest.mark.parametrize("text", ["y;g\n1.5;a\n2.25;b\n", 'y,g\n"1,2,3",a\n"4,5,6",b\n'])
def test_what_is_no_number_by_the_sign_stays_as_it_was(text, tmp_path):
    (tmp_path / "t.csv").write_text(text)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.TextColumnWarning)
        assert mlm.read_data(tmp_path / "t.csv", decimal=",")["y"][0] in ("1.5", "1,2,3")


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ('y,g\n"1,25",a\n"0,125",b\n', r"Decimal commas, as in '1,25', are read with decimal=','\."),
        ('y,g\n"1.234,5",a\n"1.235,0",b\n', r"Decimal commas, as in '1\.234,5', are read with decimal=','\."),
        ('y,g\n"1,234",a\n"2,345",b\n', r"Marks of thousands, as in '1,234', are read with decimal='\.'\."),
    ],
)
def test_the_warning_of_text_names_the_sign_that_reads_it(text, remedy, tmp_path):
    (tmp_path / "t.csv").write_text(text)
    with pytest.warns(mlm.TextColumnWarning, match=remedy) as said:
        mlm.read_data(tmp_path / "t.csv")
    sign = str(said[0].message).partition("decimal='")[2][0]
    assert read(tmp_path, text, decimal=sign)["y"].dtype.kind in "if"


@pytest.mark.parametrize(
    "text", ["y;g\n9.75;a\n10.5;b\n", "y;g\n9.75;a\n10,5;b\n11.25;c\n", "y,g\n7.5,a\nk.A.,b\n8.5,c\n"]
)
def test_decimal_dots_among_decimal_commas_are_said(text, tmp_path):
    (tmp_path / "t.csv").write_text(text)
    with pytest.warns(mlm.TextColumnWarning, match=r"'y' .* read without decimal=','\. Numbers are written as 1234,5,"):
        assert not pd.api.types.is_numeric_dtype(mlm.read_data(tmp_path / "t.csv", decimal=",")["y"].dtype)


@pytest.mark.parametrize(
    ("cells", "decimal", "values"),
    [
        (["1,5", "-0,25"], ",", [1.5, -0.25]),
        (["1.234,5", 2.5, 3], ",", [1234.5, 2.5, 3]),
        (["1,5", "NA", ""], ",", [1.5, np.nan, np.nan]),
        (["1,234.5", 1e-7, "2"], ".", [1234.5, 1e-7, 2]),
        ([1.5, 2.5], ",", [1.5, 2.5]),
    ],
)
def test_numbers_that_are_text_in_a_workbook_are_read_by_their_sign(cells, decimal, values, tmp_path):
    pytest.importorskip("openpyxl")
    pd.DataFrame({"y": cells, "g": ["a 1,5"] * len(cells)}).to_excel(tmp_path / "t.xlsx", index=False)
    data = mlm.read_data(tmp_path / "t.xlsx", decimal=decimal)
    np.testing.assert_array_equal(data["y"].to_numpy(float), values)
    assert data["g"].tolist() == ["a 1,5"] * len(cells)


def test_the_remedy_for_decimal_commas_in_a_workbook_is_one(tmp_path):
    pytest.importorskip("openpyxl")
    pd.DataFrame({"y": ["1,5", "2,25"]}).to_excel(tmp_path / "t.xlsx", index=False)
    with pytest.warns(mlm.TextColumnWarning, match="Decimal commas, as in '1,5', are read with decimal=','"):
        mlm.read_data(tmp_path / "t.xlsx")


def test_dots_beside_decimal_commas_may_be_marks_of_thousands(tmp_path):
    text = "y;x;z\n1,5;1.234;0.234\n2,5;2.345;1.5\n"
    (tmp_path / "t.csv").write_text(text)
    with pytest.warns(mlm.TextColumnWarning, match=r"decimal commas.* 'x', read as decimal dots, as in 1\.234\."):
        assert mlm.read_data(tmp_path / "t.csv")["x"].tolist() == [1.234, 2.345]
    assert read(tmp_path, text.replace("2.345", "2.34"))["x"].tolist() == [1.234, 2.34]


@pytest.mark.parametrize(("name", "decimal"), [("t.csv", "x"), ("t.csv", 1), ("t.dta", ",")])
def test_a_sign_that_cannot_be_is_refused(name, decimal, tmp_path):
    with pytest.raises(mlm.ArgumentError, match="`decimal`"):
        read(tmp_path, "y,g\n1,a\n", name, decimal=decimal)


@pytest.mark.parametrize("address", ["https://example.org/scores.csv", "HTTP://example.org/a.sav"])
def test_addresses_are_not_read(address):
    with pytest.raises(mlm.DataError, match=r"Addresses are not read: download .*://.* first"):
        mlm.read_data(address)


def test_a_header_alone_has_no_rows(tmp_path):
    assert read(tmp_path, "y,x\n").shape == (0, 2)


@pytest.mark.parametrize(
    ("text", "y"),
    [
        ("y;g\n1.5;3,5\n2.5;b\n", [1.5, 2.5]),  # one word with a comma says nothing of other columns
        ("y;g\n1,5;a\n2;b\n", [1.5, 2]),
        ("y;g\n1,5;3.5\n2;b\n", [1.5, 2]),
        ("y\tg\n1,5\ta\n2\tb\n", [1.5, 2]),
        ("y;g\n-1,25e2;a\n,5;b\n", [-125, 0.5]),
    ],
)
def test_decimal_commas_are_found_by_column(text, y, tmp_path):
    assert read(tmp_path, text)["y"].tolist() == y


@pytest.mark.parametrize("cell", [" ", "  ", '" "', "NA ", " NA"])
@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_a_blank_cell_among_numbers_is_missing(cell, sign, tmp_path):
    data = read(tmp_path, sign.join("xy") + "\n" + "".join(f"{x}{sign}1\n" for x in ("1.5", cell, "2")))
    assert data["x"].dtype == float
    assert data["x"].isna().tolist() == [False, True, False]


@pytest.mark.parametrize("above", [[], ["Results of the spring term"]])
def test_rows_above_the_names_of_a_workbook_are_said(above, tmp_path):
    pytest.importorskip("openpyxl")
    rows = [[*above, *[None] * (3 - len(above))], ["y", "x", "g"], [1.5, 2, "a"], [2.5, 3, "b"]]
    pd.DataFrame(rows).to_excel(tmp_path / "t.xlsx", index=False, header=False)
    with pytest.raises(
        mlm.DataError, match=r"t\.xlsx has no name above [23] of 3 columns\..* remove the rows above them\."
    ):
        mlm.read_data(tmp_path / "t.xlsx")


def test_a_column_of_a_workbook_may_have_no_name(tmp_path):
    pytest.importorskip("openpyxl")
    pd.DataFrame({"y": [1.5, 2.5], "g": ["a", "b"]}).to_excel(tmp_path / "t.xlsx")  # with the rows' numbers
    assert list(mlm.read_data(tmp_path / "t.xlsx").columns) == ["Unnamed: 0", "y", "g"]


def test_a_blank_cell_in_a_workbook_is_missing(tmp_path):
    pytest.importorskip("openpyxl")
    pd.DataFrame({"x": [1.5, " ", 2], "g": ["a", "b", " "]}).to_excel(tmp_path / "t.xlsx", index=False)
    data = mlm.read_data(tmp_path / "t.xlsx")
    assert data["x"].dtype == float
    assert data.isna().to_numpy().tolist() == [[False, False], [True, False], [False, True]]


@pytest.mark.parametrize("code", ["N/A", "null", "?", "-", "#N/A", "−3", "1,234.5", "10%", "€5", "missing"])
@pytest.mark.parametrize("name", ["t.csv", "t.xlsx"])
def test_a_column_of_numbers_with_few_others_is_said(code, name, tmp_path):
    rows = pd.DataFrame({"x": [1.5, 2.5, code, 7.0, code], "g": ["a", "b", "a", "1", "c"]})
    if name == "t.xlsx":
        if code == "#N/A":
            pytest.skip("a workbook's own sign of what is missing")
        pytest.importorskip("openpyxl")
        rows.to_excel(tmp_path / name, index=False)
    else:
        rows.to_csv(tmp_path / name, index=False)
    with pytest.warns(mlm.TextColumnWarning) as caught:
        mlm.read_data(tmp_path / name)
    (said,) = [str(one.message) for one in caught]
    assert f"'x' (3 cells are numbers, 2 not: '{code}' 2x)" in said
    assert "'g'" not in said
    if not any(sign.isdigit() for sign in code):
        assert f"missing=['NA', 'NaN', '.', '{code}']" in said
        data = mlm.read_data(tmp_path / name, missing=["NA", "NaN", ".", code])
        assert data["x"].dtype == float
        assert data["x"].isna().sum() == 2


@pytest.mark.parametrize("cells", [[1.5, "NA", 2], [1.5, " ", "."], [1, "NaN", 3]])
def test_usual_codes_among_the_numbers_of_a_workbook(cells, tmp_path):
    pytest.importorskip("openpyxl")
    pd.DataFrame({"x": cells}).to_excel(tmp_path / "t.xlsx", index=False)
    assert mlm.read_data(tmp_path / "t.xlsx")["x"].dtype == float


def test_a_column_of_shares_in_percent_is_said(tmp_path):
    (tmp_path / "t.csv").write_text("x,g\n10%,a\n12%,b\n")
    with pytest.warns(mlm.TextColumnWarning, match=r"'x' \(0 cells are numbers, 2 not"):
        mlm.read_data(tmp_path / "t.csv")


IDS = ["9007199254740993", "9007199254740992", "1234567890123456789"]


@pytest.mark.parametrize("ids", [IDS, [str(2**63 + 1), str(2**64 - 1), "1"], ["-9007199254740993", *IDS]])
def test_large_whole_numbers_keep_their_digits_beside_a_missing_one(ids, tmp_path):
    data = read(tmp_path, "id,y\n" + "".join(f"{one},1\n" for one in [*ids, ""]))
    assert [str(one) for one in data["id"].dropna()] == ids
    assert pd.api.types.is_integer_dtype(data["id"])
    assert data["id"].isna().sum() == 1


def test_whole_numbers_beyond_64_bits_are_text(tmp_path):
    ids = ["123456789012345678901234", "123456789012345678901235"]
    assert read(tmp_path, "id,y\n" + "".join(f"{one},1\n" for one in ids))["id"].tolist() == ids


def test_large_fractions_stay_floats(tmp_path):
    assert read(tmp_path, "x,y\n1e20,1\n,2\n1.5,3\n")["x"].dtype == float


def test_groups_by_large_ids_do_not_merge(tmp_path):
    rng = np.random.default_rng(3)
    ids = np.repeat([2**53 + k for k in range(20)], 5)
    rows = pd.DataFrame({"y": rng.normal(size=100) + ids % 7, "g": ids.astype(str)})
    rows.loc[3, "g"] = ""
    rows.to_csv(tmp_path / "t.csv", index=False)
    with pytest.warns(mlm.MissingRowsWarning):
        m = mlm.lmer("y ~ 1 + (1 | g)", mlm.read_data(tmp_path / "t.csv"))
    assert m.ngrps["g"] == 20
    assert m.nobs == 99


def test_a_text_without_mark_in_two_bytes_is_named(tmp_path):
    with pytest.raises(mlm.DataError, match="UTF-16 without its mark"):
        read(tmp_path, "y,g\n1,a\n", encoding="utf-16-le")


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="needs R")
@pytest.mark.parametrize(
    "code",
    [
        "write.table(d, f)",
        "write.csv(d, f, row.names = FALSE)",
        "write.csv2(d, f, row.names = FALSE)",
        "write.table(d, f, sep = '\\t', quote = FALSE)",
        "write.table(d, f, row.names = FALSE, quote = FALSE)",
    ],
)
def test_what_r_writes_is_read(code, tmp_path):
    path = (tmp_path / "t.txt").as_posix()
    frame = "d <- data.frame(y = c(1.5, NA, -3), g = c('a', 'b', 'a'), id = 7:9)[c(3, 1, 2), ]"
    subprocess.run(["Rscript", "-e", f"f <- '{path}'; {frame}; {code}"], check=True, capture_output=True)
    data = read(tmp_path, (tmp_path / "t.txt").read_text(), "t.txt")
    assert np.array_equal(data["y"].to_numpy(float), [-3, 1.5, np.nan], equal_nan=True)
    assert data["g"].tolist() == ["a", "a", "b"]
    assert data["id"].tolist() == [9, 7, 8]
