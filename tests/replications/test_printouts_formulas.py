"""Formulas of pages: no table is read out of a matrix of LaTeX, and what stands around it is."""

import pytest

from replications.printouts.read import read_printout

ROWS = ".081 & .152 \\\\\n.152 & .423 \\\\\n"
TABLE = "\\begin{tabular}{lr}\n\\hline\n & estimate\\\\\n\\hline\nx & 0.25\\\\\n\\hline\n\\end{tabular}\n"
FORMULAS = [
    f"$$\n\\begin{{pmatrix}}\n{ROWS}\\end{{pmatrix}}\n$$\n",
    f"\\begin{{equation*}}\n  \\left(\n  \\begin{{array}}{{cc}}\n{ROWS}  \\end{{array}}\\right)\n\\end{{equation*}}\n",
    f"$$ V = \\begin{{bmatrix}}\n{ROWS}\\end{{bmatrix}} $$\n",
    f"\\begin{{smallmatrix}}\n{ROWS}\\end{{smallmatrix}}\n",
]


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_formula_is_no_table(formula):
    printout = read_printout(f"Text.\n\n{formula}\n{TABLE}")
    assert [(n.id, n.text) for block in printout for n in block.numbers] == [("x.estimate", "0.25")]
    assert not printout.unread


@pytest.mark.parametrize("start", ["$$\n", "$$ V = 3 $$ so that\n"])
def test_what_does_not_end_or_ended_is_no_formula(start):
    printout = read_printout(f"{start}\n{TABLE}")
    assert [n.text for block in printout for n in block.numbers] == ["0.25"]
