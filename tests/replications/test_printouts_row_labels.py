"""Rows that several columns name: tidy(), VarCorr() and ranef() as data frames, in every format tables come in."""

import pytest

from replications.printouts.read import read_printout

TIDY = [
    ("effect", "group", "term", "estimate", "std.error"),
    ("fixed", "NA", "(Intercept)", "11.25", "0.75"),
    ("fixed", "NA", "dose", "-1.40", "0.52"),
    ("ran_pars", "ward", "sd__(Intercept)", "2.31", "NA"),
    ("ran_pars", "Residual", "sd__Observation", "3.07", "NA"),
]
VARCORR = [
    ("grp", "var1", "var2", "vcov", "sdcor"),
    ("ward", "(Intercept)", "NA", "5.34", "2.31"),
    ("ward", "(Intercept)", "dose", "0.21", "0.18"),
    ("Residual", "NA", "NA", "9.42", "3.07"),
]
RANEF = [
    ("grpvar", "term", "grp", "condval", "condsd"),
    ("ward", "(Intercept)", "308", "0.44", "0.61"),
    ("ward", "(Intercept)", "309", "-1.02", "0.61"),
    ("ward", "dose", "308", "0.08", "0.12"),
]
RAN_VALS = [
    ("effect", "group", "level", "term", "estimate"),
    ("ran_vals", "ward", "308", "(Intercept)", "0.44"),
    ("ran_vals", "ward", "309", "(Intercept)", "-1.02"),
]
EXPECTED = [
    (TIDY, [
        ("fixed.intercept.estimate", "fixed (Intercept)", "11.25"), ("fixed.dose.se", "fixed dose", "0.52"),
        ("ran_pars.Residual.sd__Observation.estimate", "ran_pars Residual sd__Observation", "3.07"),
    ]),
    (VARCORR, [
        ("ward.intercept.vcov", "ward (Intercept)", "5.34"), ("Residual.sdcor", "Residual", "3.07"),
        ("ward.intercept.dose.sdcor", "ward (Intercept) dose", "0.18"),
    ]),
    (RANEF, [
        ("ward.intercept.309.condval", "ward (Intercept) 309", "-1.02"),
        ("ward.dose.308.condsd", "ward dose 308", "0.12"),
    ]),
    (RAN_VALS, [("ran_vals.ward.309.intercept.estimate", "ran_vals ward 309 (Intercept)", "-1.02")]),
]  # fmt: skip


def widths(table):
    return [max(map(len, column)) for column in zip(*table, strict=True)]


def simple(table, between="\n", rule="-"):
    wide = widths(table)
    lines = ["  ".join(cell.ljust(n) for cell, n in zip(row, wide, strict=True)).rstrip() for row in table]
    return "\n".join([lines[0], "  ".join(rule * n for n in wide), between.join(lines[1:])]) + "\n"


def pander(table):
    wide = widths(table)
    centred = [" ".join(cell.center(n) for cell, n in zip(row, wide, strict=True)) for row in table]
    around = "-" * (sum(wide) + len(wide) - 1)
    return "\n".join([around, centred[0], " ".join("-" * n for n in wide), "\n\n".join(centred[1:]), around]) + "\n"


def rst(table):
    rule = "  ".join("=" * n for n in widths(table))
    return f"{rule}\n{simple(table, rule='=')}{rule}\n"


def pipe(table):
    return "\n".join("|".join(["", *row, ""]) for row in [table[0], [":---"] * len(table[0]), *table[1:]]) + "\n"


def html(table):
    rows = ["".join(f"<td>{cell}</td>" for cell in row) for row in table]
    return f"<table>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"


def latex(table):
    rows = "\\\\\n".join(" & ".join(row).replace("_", r"\_") for row in table)
    return f"\\begin{{tabular}}{{{'l' * len(table[0])}}}\n\\hline\n{rows}\\\\\n\\hline\n\\end{{tabular}}\n"


def easystats(table):
    wide = widths(table)
    lines = [" | ".join(cell.rjust(n) for cell, n in zip(row, wide, strict=True)) for row in table]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]]) + "\n"


@pytest.mark.parametrize("form", [simple, pander, rst, pipe, html, latex, easystats])
@pytest.mark.parametrize(("table", "expected"), EXPECTED, ids=["tidy", "VarCorr", "ranef", "ran_vals"])
def test_all_columns_of_labels_name_the_row(table, expected, form):
    numbers = [number for block in read_printout(form(table)) for number in block.numbers]
    assert {*expected} <= {(n.id, n.row, n.text) for n in numbers}
    assert not {number.column for number in numbers} - {"estimate", "std.error", "vcov", "sdcor", "condval", "condsd"}


def test_numbers_below_a_label_s_name_stay_where_no_column_is_of_results():
    numbers = read_printout(pipe([("id", "level", "score"), ("a", "1", "4.5"), ("b", "2", "5.5")]))[0].numbers
    assert [(n.row, n.column, n.text) for n in numbers][:2] == [("a", "level", "1"), ("a", "score", "4.5")]


def test_an_effect_that_is_a_number_is_no_label():
    numbers = read_printout(simple([("term", "effect", "std.error"), ("dose", "1.25", "0.5"), ("x", "2.5", "0.4")]))
    assert [n.text for n in numbers[0].numbers] == ["1.25", "0.5", "2.5", "0.4"]


def frame(table):
    """Return a data frame as R prints it, with numbered rows and text at the right."""
    numbered = [("", *table[0]), *((str(at), *row) for at, row in enumerate(table[1:], 1))]
    numbered = [tuple("<NA>" if cell == "NA" and at < 3 else cell for at, cell in enumerate(row)) for row in numbered]
    wide = widths(numbered)
    return "\n".join(" ".join(cell.rjust(n) for cell, n in zip(row, wide, strict=True)) for row in numbered) + "\n"


@pytest.mark.parametrize(("table", "expected"), [EXPECTED[0], *EXPECTED[2:]], ids=["tidy", "ranef", "ran_vals"])
def test_rows_of_a_data_frame_are_named_by_their_labels(table, expected):
    found = [(n.id.replace("std_error", "se"), n.row, n.text) for n in read_printout(frame(table))[0].numbers]
    assert {*expected} <= {*found}


@pytest.mark.parametrize("types", [False, True])
def test_rows_of_data_table_have_their_number_and_all_their_text(types):
    head = "          device   e.rel\n" + ("          <char>   <num>\n" if types else "")
    printout = read_printout(f"{head}1:   Wind tunnel 0.35403\n2: Open-top tent 0.38712\n")
    numbers = [(n.row, n.column, n.text) for block in printout for n in block.numbers]
    assert numbers == [("1: Wind tunnel", "e.rel", "0.35403"), ("2: Open-top tent", "e.rel", "0.38712")]


@pytest.mark.parametrize("form", [simple, pipe, html, latex])
@pytest.mark.parametrize("heading", ["Resid. Df", "Res.Df"])
def test_degrees_of_freedom_in_the_first_column_are_numbers(heading, form):
    table = [(heading, "RSS", "Df", "F"), ("28", "425.75", "NA", "NA"), ("27", "168.25", "1", "41.32")]
    found = [(n.id, n.text) for block in read_printout(form(table)) for n in block.numbers]
    assert found[:2] == [("1.df_resid", "28"), ("1.rss", "425.75")]
    assert ("2.df_resid", "27") in found
    assert ("2.f", "41.32") in found


@pytest.mark.parametrize("form", [pipe, html])
def test_a_design_matrix_has_no_estimates(form):
    table = [("(Intercept)", "heightmid", "wet"), ("1", "0", "0"), ("1", "1", "0"), ("1", "1", "1")]
    found = [(n.id, n.text) for block in read_printout(form(table)) for n in block.numbers]
    assert found[:2] == [("1.intercept", "1"), ("1.heightmid", "0")]
    assert not [id for id, _ in found if id.endswith("estimate")]


def test_a_table_of_a_slide_is_read_where_the_slides_have_no_fences():
    rows = html(TIDY).replace("<", "&lt;").replace(">", "&gt;").replace("&lt;tr", "\n&lt;tr")
    page = f"<!DOCTYPE html><html><body><textarea id='source'>\n# A slide\n\n{rows}\n\n---\n</textarea></body></html>"
    assert ("fixed.dose.se", "0.52") in [(n.id, n.text) for block in read_printout(page) for n in block.numbers]
