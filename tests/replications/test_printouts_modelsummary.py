"""Tables of modelsummary with groups beside the terms, and those drawn as grids with labels over two lines."""

import pytest

from replications.printouts.read import read_printout

SHAPE = """|        |                           |       (1)        |       (2)        |
|:-------|:--------------------------|:----------------:|:----------------:|
| fixed  | (Intercept)               |      3.125       |      3.250       |
|        |                           |     (0.250)      |     (0.260)      |
|        | dose                      |                  |      -0.500      |
|        |                           |                  |     (0.125)      |
| random | SD (Intercept ward)       |      0.875       |      0.850       |
|        | Cor (Intercept\\~dose ward) |                  |      -0.410      |
|        | SD (Observations)         |      1.250       |      1.125       |
|        | Num.Obs.                  |       240        |       240        |
|        | R2 Marg.                  |      0.012       |      0.045       |
|        | AIC                       |      801.5       |      790.25      |
"""
COMPONENTS = SHAPE.replace("fixed ", "count ").replace("random", "zeros ")


def read(text):
    printout = read_printout(text)
    assert not printout.unread
    return [(n.id, n.row, n.text) for block in printout for n in block.numbers if not n.id.endswith("stars")]


def test_the_term_is_the_row_beside_fixed_and_random():
    found = read(SHAPE)
    assert len(found) == 17
    assert ("(1).intercept.estimate", "(Intercept)", "3.125") in found
    assert ("(2).dose.se", "dose", "0.125") in found
    assert ("(2).cor.ward.intercept__dose", "Cor (Intercept~dose ward)", "-0.410") in found
    assert found[-1] == ("(2).aic", "AIC", "790.25")


def test_another_group_is_part_of_its_terms_and_not_of_the_fit():
    found = read(COMPONENTS)
    assert found[0] == ("(1).count.intercept.estimate", "count (Intercept)", "3.125")
    assert ("(2).count.dose.se", "count dose", "0.125") in found
    assert ("(1).n_obs", "Num.Obs.", "240") in found


def grid(*rows, inner=True):
    """Return rows of cells, each over one line or several, drawn with rules around all of them or around the table."""
    wide = [max(len(line) for row in rows for line in row[at].split("\n")) for at in range(len(rows[0]))]
    rules = {c: "+".join(["", *(c * (n + 2) for n in wide), ""]) for c in "-="}
    lines = [rules["-"]]
    for at, row in enumerate(rows):
        pieces = [cell.split("\n") for cell in row]
        for i in range(max(map(len, pieces))):
            cells = [(piece[i] if i < len(piece) else "").ljust(n) for piece, n in zip(pieces, wide, strict=True)]
            lines.append("| " + " | ".join(cells) + " |")
        lines += [rules["-" if at else "="]] if inner or at in (0, len(rows) - 1) else []
    return "\n".join(lines) + "\n"


WRAPPED = [
    ("", "Pupils\nand classes", "Only\nclasses"),
    ("(Intercept)", "0.125", "0.250"),
    ("", "(0.062)", "(0.064)"),
    ("reading ×\nwriting", "0.310***", ""),
    ("", "(0.051)", ""),
    ("SD (Intercept\nclass)", "0.410", "0.420"),
    ("Num.Obs.", "228", "227"),
]


def test_a_cell_of_a_grid_is_all_its_lines_between_two_rules():
    found = read(grid(*WRAPPED))
    assert ("Pupils and classes.reading × writing.estimate", "reading × writing", "0.310") in found
    assert ("Pupils and classes.reading × writing.se", "reading × writing", "0.051") in found
    assert ("Only classes.sd.class.intercept", "SD (Intercept class)", "0.420") in found
    assert len(found) == 10


def test_an_interval_may_go_on_below():
    terms = ("(Intercept)", "2.5 [1.5,\n3.5]"), ("dose (of\nthe drug)", "0.5 [0.25,\n0.75]")
    found = read(grid(("", "Model 1"), *terms, WRAPPED[-1][:2]))
    assert [text for _, _, text in found] == ["2.5", "1.5", "3.5", "0.5", "0.25", "0.75", "228"]
    assert found[-2][:2] == ("coef.dose (of the drug).ci_high", "dose (of the drug)")


@pytest.mark.parametrize("inner", [True, False])
def test_rules_around_parts_of_a_table_make_no_row_of_it(inner):
    rows = [("", "(1)", "(2)"), *WRAPPED[1:3], WRAPPED[-1]]
    found = read(grid(*rows, inner=inner))
    assert [text for _, _, text in found] == ["0.125", "0.250", "0.062", "0.064", "228", "227"]
    parts = grid(*rows, inner=False).replace("| Num", grid(*rows).split("\n")[0] + "\n| Num")
    assert read(parts) == found
