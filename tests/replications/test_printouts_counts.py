"""Numbers of groups beside their factors, in all tables; a name with a number in brackets is never passed over."""

import pytest

from replications.printouts.read import read_printout

TAB_MODEL = (
    ("Predictors", "Estimates", "CI", "p"),
    ("(Intercept)", "3.06", "2.51 – 3.61", "<0.001"),
    ("rain", "0.65", "0.46 – 0.84", "<0.001"),
    ("Random Effects", "", "", ""),
    ("Observations", "126", "", ""),
)
MODELSUMMARY = (
    ("", "Model 1"),
    ("(Intercept)", "3.06"),
    ("", "(0.28)"),
    ("SD (Intercept plot)", "0.785"),
    ("Num.Obs.", "126"),
)
OTHER = (
    ("Term", "Estimate", "SE", "t"),
    ("(Intercept)", "3.06", "0.28", "10.9"),
    ("rain", "0.65", "0.10", "6.5"),
)


def html(rows):
    """Return a table of a web page."""
    cells = ("".join(f"<td>{cell.replace('<', '&lt;')}</td>" for cell in row) for row in rows)
    return "<html><table>" + "".join(f"<tr>{row}</tr>" for row in cells) + "</table></html>"


def pipe(rows):
    """Return a table of Markdown."""
    first, *rest = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join([first, "|" + "---|" * len(rows[0]), *rest]) + "\n"


def ruled(rows):
    """Return a table whose columns Pandoc rules one by one."""
    wide = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, wide, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "  ".join("-" * width for width in wide), *lines[1:]]) + "\n"


def counts(text):
    """Return the numbers of groups, and what was not read."""
    printout = read_printout(text)
    numbers = {n.id.removeprefix("Model 1."): n.text for block in printout for n in block.numbers}
    return {id: text for id, text in numbers.items() if id.startswith("n_groups")}, printout.unread


@pytest.mark.parametrize("table", [TAB_MODEL, MODELSUMMARY, OTHER], ids=["tab_model", "modelsummary", "other"])
@pytest.mark.parametrize("form", [html, pipe])
@pytest.mark.parametrize("label", ["N (Groups)", "Number of groups", "Num. Groups", "N groups"])
@pytest.mark.parametrize("cell", ["plot (14), farm (5)", "14 (plot); 5 (farm)", "14 plot 5 farm"])
def test_groups_beside_their_factors_are_counted(table, form, label, cell):
    row = (label, cell, *[""] * (len(table[0]) - 2))
    assert counts(form((*table, row))) == ({"n_groups.plot": "14", "n_groups.farm": "5"}, [])


@pytest.mark.parametrize(
    "label", ["N (plot)", "N plot", "Num. groups (plot)", "Num. Groups: plot", "Number of groups: plot"]
)
@pytest.mark.parametrize("table", [TAB_MODEL, MODELSUMMARY], ids=["tab_model", "modelsummary"])
def test_a_label_that_names_the_factor_counts_its_groups_and_is_no_estimate(table, label):
    text = html((*table, (label, "14", *[""] * (len(table[0]) - 2))))
    assert counts(text) == ({"n_groups.plot": "14"}, [])
    assert not [n.id for block in read_printout(text) for n in block.numbers if n.text == "14" and "estimate" in n.id]


@pytest.mark.parametrize("table", [TAB_MODEL, MODELSUMMARY, OTHER], ids=["tab_model", "modelsummary", "other"])
@pytest.mark.parametrize("form", [html, pipe, ruled])
def test_what_a_cell_with_a_number_in_brackets_means_is_said_to_be_unread(table, form):
    found, unread = counts(form((*table, ("weather", "wet days (88)", *[""] * (len(table[0]) - 2)))))
    assert not found
    assert any("wet days (88)" in text for _, text in unread)


def test_variances_beside_their_factors_are_read_too():
    table = (*TAB_MODEL[:-1], ("τ00", "0.61 (plot)", "", ""), ("ICC", "plot (0.35)", "", ""), TAB_MODEL[-1])
    found = {n.id: n.text for block in read_printout(html(table)) for n in block.numbers}
    assert (found["tau00.plot"], found["icc.plot"]) == ("0.61", "0.35")


WIDE = """     effect  group            term   estimate std.error
     <char> <char>          <char>      <num>     <num>
1:    fixed   <NA>     (Intercept) -0.8969145 0.1291590
2: ran_pars   herd sd__(Intercept)  1.5878453 0.4680185
    statistic        df
        <num>     <num>
1:  0.1256203 17.803227
2: -0.9122442  8.387382
"""


@pytest.mark.parametrize("types", [True, False])
def test_a_further_panel_of_a_wide_data_table_belongs_to_its_rows(types):
    text = (
        WIDE if types else "\n".join(line for line in WIDE.split("\n") if "<char>" not in line and "<num>" not in line)
    )
    (block,) = read_printout(text)
    found = {n.id: n.text for n in block.numbers}
    assert found["fixed.intercept.df"] == "17.803227"
    assert found["ran_pars.herd.sd__(Intercept).statistic"] == "-0.9122442"
    assert len(found) == 8
    assert block.unread == []


def test_a_panel_of_other_rows_is_said_to_be_unread():
    printout = read_printout(WIDE.replace("2: -0.9", "3: -0.9"))
    assert {n.text for block in printout for n in block.numbers} == {
        "-0.8969145",
        "0.1291590",
        "1.5878453",
        "0.4680185",
    }
    assert [text for _, text in printout.unread] == ["1:  0.1256203 17.803227", "3: -0.9122442  8.387382"]


def test_levels_that_are_padded_belong_to_their_tables():
    text = """dose =  5:
 arm  emmean   SE df lower.CL upper.CL
 old    28.9 1.07 40     26.8     31.0

dose = 20:
 arm  emmean   SE df lower.CL upper.CL
 old    34.3 1.26 40     31.8     36.7
"""
    found = {n.id: n.text for block in read_printout(text) for n in block.numbers}
    assert (found["5.old.estimate"], found["20.old.estimate"]) == ("28.9", "34.3")
