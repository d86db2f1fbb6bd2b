"""Printouts in the order of ``pdftotext`` without ``-layout``: put together, or said to be lost, and never misread."""

import json
import random
import re
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mlm
import replications
from replications.printouts.pages import lines_of
from replications.printouts.pieces.together import LOST, is_in_pieces
from replications.printouts.read import read_printout

PRINTED = tomllib.loads((Path(__file__).parent / "printouts_in_pieces.toml").read_text("utf8"))


def numbers(text):
    """Return how often each number was read, with its kind and id."""
    return Counter((block.kind, n.id, n.text) for block in read_printout(text) for n in block.numbers)


def in_pieces(text, prefix=""):
    """Return a text as pdftotext breaks it: at more than two blanks, of which nothing is left."""
    lines = [f"{prefix}{line}".rstrip() for line in text.splitlines() if prefix or line.strip()]
    return "\n".join(re.sub(r"\s+", " ", piece) for line in lines for piece in re.split(r"\s{3,}", line.strip()))


def summary(seed):
    """Return what is printed of two models of drawn data: summaries, tests of terms, their comparison."""
    draws = np.random.default_rng(seed)
    rows = pd.DataFrame(
        {
            "site": np.repeat(np.arange(12 + seed), 9),
            "rain": draws.normal(size=9 * (12 + seed)).round(2),
            "soil": draws.choice(["clay", "loam", "sand"], 9 * (12 + seed)),
        }
    )
    effects = draws.normal(size=(2, 12 + seed))
    rows["crop"] = 3 + effects[0][rows.site] + (0.5 + effects[1][rows.site]) * rows.rain + draws.normal(size=len(rows))
    small = mlm.lmer("crop ~ rain + (1 | site)", rows)
    large = mlm.lmer("crop ~ rain + soil + (rain | site)", rows)
    return "\n".join(map(str, [large.summary(), mlm.anova(large), mlm.anova(small, large)]))


def named(text):
    """Return the numbers, each with its row and what it is, whatever its table is called; no cut names."""
    found = ((re.sub(r"^(?:fixef|coef|scaled_resid)\.", "", id), n) for _, id, n in numbers(text).elements())
    return Counter((id, n) for id, n in found if n and not id.startswith("fixef_corr."))


@pytest.mark.parametrize("name", sorted(PRINTED))
def test_what_pdftotext_made_of_it_is_read_as_it_was_printed(name):
    laid, pieces = PRINTED[name]["laid"], PRINTED[name]["pieces"]
    assert numbers(pieces) == numbers(laid)
    assert sum(numbers(laid).values()) >= 9
    assert LOST not in read_printout(pieces).notes


@pytest.mark.parametrize("prefix", ["", "## "])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_models_of_drawn_data_in_pieces_are_read_as_laid_out(seed, prefix):
    text = summary(seed)
    assert numbers(in_pieces(text, prefix)) == numbers(text)


@pytest.mark.parametrize("name", sorted(PRINTED))
def test_a_number_has_the_line_of_its_piece(name):
    lines = PRINTED[name]["pieces"].split("\n")
    for block in read_printout(PRINTED[name]["pieces"]):
        for number in block.numbers:
            assert number.text in lines[number.line - 1]


@pytest.mark.parametrize("prefix", ["", "## "])
@pytest.mark.parametrize("seed", [4, 5])
def test_where_a_piece_is_missing_or_elsewhere_no_number_gets_another_name(seed, prefix):
    text, chance = summary(seed), random.Random(seed)
    known, lines = named(text), in_pieces(text, prefix).split("\n")
    pieces = [at for at, line in enumerate(lines) if not re.search(r":$|--", line)]
    for at in chance.sample(pieces, 20):
        moved, rest = lines[at], lines[:at] + lines[at + 1 :]
        to = chance.randrange(len(rest))
        for damaged in (rest, [*rest, "", moved], [*rest[:to], "", moved, "", *rest[to:]]):
            assert not named("\n".join(damaged)) - known, "\n".join(damaged)


def test_a_table_that_lost_a_number_is_not_read_and_the_way_out_is_said():
    lines = PRINTED["lm"]["pieces"].split("\n")
    lines.remove("0.5421")
    printout = read_printout("\n".join(lines))
    assert not [n for block in printout for n in block.numbers if n.id.startswith("coef.")]
    assert [n.text for block in printout for n in block.numbers if n.id == "r2"] == ["0.2931"]
    assert printout.notes == [LOST]
    assert "pdftotext -layout" in str(printout)
    assert "0.2152" in [text for _, text in printout.unread]


def test_lost_lines_stand_in_the_block_that_they_are_of():
    lines = PRINTED["lm"]["pieces"].split("\n")
    lines.remove("0.5421")
    (block,) = read_printout("\n".join(lines))
    assert block.kind == "stats.lm"
    assert all(block.line <= line <= block.last for line, _ in block.unread)


def test_names_with_blanks_above_as_many_values_as_words_are_no_data_frame():
    printout = read_printout("> table(d$bed)\nreef\nrock wall\nsand\n39\n34\n47\n> nrow(d)\n[1] 120\n")
    assert [n.text for block in printout for n in block.numbers] == ["120"]
    assert [text for _, text in printout.unread] == ["39", "34", "47"]


def test_text_with_its_blanks_is_left_as_it_is():
    assert not is_in_pieces(lines_of(PRINTED["lm"]["laid"]))
    assert is_in_pieces(lines_of(PRINTED["lm"]["pieces"]))
    assert read_printout(PRINTED["lm"]["laid"]).notes == []


COLUMNS = """Table 3. Yield

(Intercept)
Rain
Loam

Estimate

SE

t

p

3.06
0.65
0.60

0.28
0.10
0.26

10.9
6.5
2.3

<0.001
<0.001
0.02
"""


def test_columns_that_follow_each_other_are_rows_again_where_each_is_whole():
    found = numbers(COLUMNS)
    assert found["page.table", "Loam.t", "2.3"] == 1
    assert found["page.table", "intercept.p", "<0.001"] == 1
    assert sum(found.values()) == 12


@pytest.mark.parametrize("cell", ["0.26\n", "2.3\n", "SE\n\n"])
def test_columns_with_an_empty_cell_are_not_read(cell):
    printout = read_printout(COLUMNS.replace(cell, "", 1))
    assert not [block for block in printout if block.numbers]
    assert printout.notes == [LOST]


def test_a_row_of_a_table_of_models_that_has_an_empty_cell_is_not_placed():
    rule = "=" * 40
    cells = ["Model 1", "Model 2", "-" * 40 + "(Intercept)", "2.35 ***", "2.34 ***", "(0.30)", "(0.30)", "z", "0.17"]
    rows = [*cells, "(0.11)", "-" * 40 + "AIC", "390.78", "392.79", "Num. obs.", "120", "120"]
    printout = read_printout("\n".join([rule, *rows, rule, "*** p < 0.001; ** p < 0.01; * p < 0.05"]))
    (block,) = printout
    found = {n.id: n.text for n in block.numbers}
    assert found["Model 2.intercept.estimate"] == "2.34"
    assert found["Model 1.intercept.se"] == "0.30"
    assert found["Model 2.aic"] == "392.79"
    assert not [id for id in found if ".z." in id]
    assert {"0.17", "(0.11)"} <= {text for _, text in block.unread}
    assert printout.notes == [LOST]


STACKED = """Call:
lm(formula = y ~ x + z, data = d)
Coefficients:
(Intercept)
x
z

Estimate
3.0113
0.5421
-0.2009

Std. Error
0.2201
0.2152
0.2833

t value Pr(>|t|)
13.684 <2e-16
2.519
0.0131
-0.709
0.4797

STARS
Signif. codes: 0 '***' 0.001 '**' 0.01 '*' 0.05 '.' 0.1 ' ' 1
Residual standard error: 1.283 on 120 degrees of freedom
"""


def test_labels_first_and_then_groups_of_columns_are_a_table():
    found = {n.id: n.text for n in read_printout(STACKED.replace("STARS", "***\n*\n."))[0].numbers}
    assert (found["coef.x.estimate"], found["coef.x.se"], found["coef.x.t"]) == ("0.5421", "0.2152", "2.519")
    assert [found[f"coef.{term}.stars"] for term in ("intercept", "x", "z")] == ["***", "*", "."]
    assert (found["coef.z.p"], found["rse"]) == ("0.4797", "1.283")


def test_stars_that_are_fewer_than_rows_belong_to_none():
    printout = read_printout(STACKED.replace("STARS", "***\n*"))
    assert [n.id for n in printout[0].numbers] == ["rse", "df_resid"]
    assert printout.notes == [LOST]


def test_a_legend_below_a_table_without_any_stars_says_that_they_were_lost():
    found = [n.id for n in read_printout(STACKED.replace("STARS\n", ""))[0].numbers]
    assert "coef.x.p" in found
    assert not [id for id in found if id.endswith("stars")]


@pytest.mark.parametrize("piece", ["0.2152\n", "Std. Error\n", "2.519\n", "z\n\n"])
def test_groups_of_columns_that_are_not_whole_are_not_read(piece):
    assert STACKED.count(piece) == 1
    printout = read_printout(STACKED.replace(piece, "").replace("STARS\n", ""))
    assert not [n.id for block in printout for n in block.numbers if n.id.startswith("coef")]
    assert printout.notes == [LOST]


def test_a_comparison_is_one_though_its_models_are_listed_on_the_page_before():
    text = """   npar    AIC    BIC  logLik deviance  Chisq Df Pr(>Chisq)
m0    4 372.58 383.73 -182.29   364.58
m1    8 374.14 396.44 -179.07   358.14 6.4395  4     0.1686
"""
    (block,) = read_printout(text)
    assert block.kind == "stats.anova"
    assert (block.get("m1.chisq_df").text, block.get("m1.npar").text) == ("4", "8")


def test_a_tibble_whose_rows_are_whole_is_read_beside_tables_in_pieces():
    rows = "grpvar term grp condval condsd\n<chr> <chr> <fct> <dbl> <dbl>\n1 plot (Intercept) 7 0.869 1.91\n"
    text = f"# A tibble: 1 x 5\n{rows}> summary(l)\n{PRINTED['lm']['pieces']}"
    found = {n.id: n.text for block in read_printout(text) for n in block.numbers}
    assert (found["plot.7.condval"], found["coef.rain.t"]) == ("0.869", "2.519")


def test_text_that_lost_its_blanks_but_no_line_is_read_as_before():
    text = "\n".join(re.sub(r"\s+", " ", line).strip() for line in PRINTED["lm"]["laid"].splitlines())
    assert is_in_pieces(lines_of(text))
    assert numbers(text) == numbers(PRINTED["lm"]["laid"])
    assert read_printout(text).notes == []


def test_stars_in_a_panel_of_their_own_belong_to_the_rows_above():
    text = """Type III Analysis of Variance Table with Satterthwaite's method
Sum Sq Mean Sq NumDF
DenDF F value
Pr(>F)
dose
65.663 65.663
1
9.008 44.6557 8.996e-05
week:arm 11.500
5.750
2 103.658 3.9105
0.02305
dose
***
week:arm *
--Signif. codes: 0 '***' 0.001 '**' 0.01 '*' 0.05 '.' 0.1 ' ' 1
"""
    found = {n.id: n.text for n in read_printout(text)[0].numbers}
    assert (found["dose.stars"], found["week:arm.stars"], found["week:arm.den_df"]) == ("***", "*", "103.658")


def test_the_loss_is_said_where_a_printout_is_checked(tmp_path):
    text = PRINTED["glm"]["pieces"].replace("0.31244\n", "")
    assert LOST in str(replications.verify(text))
    assert LOST in replications.verify(text).as_dict()["notes"]
    file = tmp_path / "log.txt"
    file.write_text(text, "utf8")
    command = [sys.executable, "-m", "replications", "read", str(file), "--json"]
    read = subprocess.run(command, capture_output=True, encoding="utf8", check=True)
    assert LOST in read.stderr
    assert isinstance(json.loads(read.stdout), list)
