"""Stata's etable, as text and as a page: models numbered or named, columns of stars, levels below factors."""

import pytest

import replications
from replications.printouts.read import read_printout

TEXT = """. etable, estimates(nested crossed) showstars showstarsnote

------------------------------------------------------
                                    nested    crossed
------------------------------------------------------
dose                               0.745 **   0.512 *
                                 (0.181)    (0.220)
ward type
  1                               -0.250
                                 (0.210)
  2                                0.125     -0.500 **
                                 (0.200)    (0.125)
Intercept                         31.755 **  30.500 **
                                 (1.009)    (1.250)
var(ward)                          2.245      1.875
                                 (0.519)    (0.500)
var(e)                            23.638     21.500
                                 (1.933)    (1.875)
Number of observations               450        438
------------------------------------------------------
** p<.01, * p<.05
"""
PAGE = [
    ("", "1", ""), ("dose", "0.835", "**"), ("ward", "", ""), ("1", "-0.300", ""), ("shift", "", ""),
    ("1", "0.640", "*"), ("_cons", "52.000", "**"), ("var(_cons)", "3.232", ""), ("Number of observations", "3000", ""),
]  # fmt: skip


def triples(text):
    return [(n.id, n.row, n.text) for block in read_printout(text) for n in block.numbers]


@pytest.mark.parametrize("change", [str, lambda text: text.replace("-" * 54 + "\n", "", 1)])
@pytest.mark.parametrize("close", [False, True])
def test_estimates_and_standard_errors_are_those_of_their_row(change, close):
    text = TEXT.replace("nested    crossed\n", "nested crossed\n", 1) if close else TEXT
    printout = read_printout(change(text))
    found = triples(change(text))
    assert [block.kind for block in printout] == ["stata.etable"]
    assert not printout.unread
    assert found[:3] == [
        ("nested.dose.estimate", "dose", "0.745"),
        ("nested.dose.stars", "dose", "**"),
        ("crossed.dose.estimate", "dose", "0.512"),
    ]
    assert ("crossed.ward type.2.se", "ward type 2", "0.125") in found
    assert ("nested.ward type.1.stars", "ward type 1", "") in found
    assert ("crossed.var(ward).se", "var(ward)", "0.500") in found
    assert ("crossed.n_obs", "Number of observations", "438") in found
    assert not [id for id, _, _ in found if "var(" in id and "stars" in id]


def test_its_stars_are_those_of_its_note():
    assert replications.verify(TEXT).ok
    wrong = replications.verify(TEXT.replace("0.512 *", "0.512 **"))
    assert [finding.id for finding in wrong.findings if finding.verdict == "differs"] == ["crossed.dose.stars"]


def test_a_name_of_a_model_that_is_a_number_and_columns_of_stars():
    rows = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in PAGE)
    found = triples(f"<table>{rows}</table>")
    assert found == [
        ("coef.dose.estimate", "dose", "0.835"), ("coef.dose.stars", "dose", "**"),
        ("coef.ward.1.estimate", "ward 1", "-0.300"), ("coef.ward.1.stars", "ward 1", ""),
        ("coef.shift.1.estimate", "shift 1", "0.640"), ("coef.shift.1.stars", "shift 1", "*"),
        ("coef.intercept.estimate", "_cons", "52.000"), ("coef.intercept.stars", "_cons", "**"),
        ("coef.var(_cons).estimate", "var(_cons)", "3.232"), ("n_obs", "Number of observations", "3000"),
    ]  # fmt: skip


def test_a_line_of_numbers_in_brackets_is_no_header():
    rows = ("height", "  2.245      2.245"), ("", "(1.319)    (1.319)"), ("weight", "  5.425      5.425")
    printout = read_printout("".join(f"{label:<25}{cells}\n" for label, cells in rows))
    assert not [number for block in printout for number in block.numbers]
    assert [line for line, _ in printout.unread] == [1, 2, 3]
