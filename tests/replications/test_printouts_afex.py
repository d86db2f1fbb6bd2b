"""Numbered tables of afex: rows are their effects, degrees of freedom stand in one cell, stars behind F."""

import re

import pytest

import replications
from replications import read_printout

LEGEND = "---\nSignif. codes:  0 '***' 0.001 '**' 0.01 '*' 0.05 '+' 0.1 ' ' 1\n"
NICE = f"""\
Anova Table (Type 3 tests)

Response: y
     Effect          df  MSE          F  ges p.value
1       var  1.26, 6.30 3.18  89.58 *** .204   <.001
2     fdose  1.87, 9.37 6.00 229.30 *** .648   <.001
3 var:fdose 2.65, 13.23 2.29       0.41 .024    .725
{LEGEND}
Sphericity correction method: GG 
"""  # noqa: W291
WIDE = f"""\
Anova Table (Type 3 tests)

Response: y
     Effect          df
1       var  1.26, 6.30
2     fdose  1.87, 9.37
3 var:fdose 2.65, 13.23
   MSE          F  ges p.value
1 3.18  89.58 *** .204   <.001
2 6.00 229.30 *** .648   <.001
3 2.29       0.41 .024    .725
{LEGEND}
Sphericity correction method: GG 
"""  # noqa: W291
RATIOS = f"""\
Mixed Model Anova Table (Type 3 tests, LRT-method)

Model: y ~ var * fdose + (1 | plot)
Data: d
Df full model: 11
     Effect df      Chisq p.value
1       var  2  78.60 ***   <.001
2 var:fdose  4     9.66 *    .047
{LEGEND}"""


def numbers(text):
    return {n.id: (n.row, n.column, n.text) for block in read_printout(text) for n in block.numbers}


@pytest.mark.parametrize("text", [NICE, WIDE, re.sub(" +", " ", NICE)])
def test_rows_are_named_by_their_effects(text):
    printout = read_printout(text)
    assert [block.kind for block in printout] == ["afex.nice"]
    assert printout.unread == []
    assert printout[0].heads["correction"] == "GG"
    found = numbers(text)
    assert len(found) == 21
    assert found["var.num_df"] == ("var", "df", "1.26")
    assert found["var:fdose.den_df"] == ("var:fdose", "df", "13.23")
    assert found["fdose.f"] == ("fdose", "F", "229.30")
    assert found["fdose.stars"][2] == "***"
    assert found["var:fdose.stars"][2] == ""
    assert found["var:fdose.ges"] == ("var:fdose", "ges", ".024")


def test_likelihood_ratios_have_the_model_and_its_parameters():
    block = read_printout(RATIOS)[0]
    assert (block.formula, block.data_name) == ("y ~ var * fdose + (1 | plot)", "d")
    found = {id: cell for id, (_, _, cell) in numbers(RATIOS).items()}
    assert found["npar"] == "11"
    assert (found["var.chisq"], found["var.df"], found["var:fdose.p"]) == ("78.60", "2", ".047")


def test_a_row_that_lacks_a_cell_is_reported():
    printout = read_printout(NICE.replace("2     fdose  1.87, 9.37 6.00", "2     fdose            6.00"))
    assert [line for line, _ in printout.unread] == [6]
    assert {n.row for n in printout[0].numbers} == {"var", "var:fdose"}


@pytest.mark.parametrize("text", [NICE, RATIOS])
def test_tables_agree_with_themselves_by_their_own_legend(text):
    assert replications.verify(text).ok
    slip = text.replace(".725", ".052 ").replace("9.66 *", "9.66 +")
    assert [finding.id for finding in replications.verify(slip).having("differs")]
    assert replications.verify(RATIOS.replace("9.66 *    .047", "9.66 +    .059").replace("LRT-m", "PB-m")).ok
