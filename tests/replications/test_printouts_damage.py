"""Damaged tables: a number is read where its place is certain, and reported with its line where it is not."""

import re

import pytest

from replications.printouts.read import read_printout

TABLE = """            Estimate Std. Error t value
(Intercept)   2.9873     0.2490  11.996
x             0.6287     0.0925   6.797
arm old      -0.5242     0.2134  -2.456
"""
SUMMARY = f"""Linear mixed model fit by REML ['lmerMod']
Formula: y ~ x + arm + (x | school)
   Data: d

REML criterion at convergence: 1281.9

Random effects:
 Groups   Name        Variance Std.Dev. Corr
 school   (Intercept) 0.9001   0.9487
          x           0.1931   0.4394   -0.10
 Residual             1.9364   1.3915
Number of obs: 360, groups:  school, 18

Fixed effects:
{TABLE}
Correlation of Fixed Effects:
        (Intr) x
x       -0.099
arm old -0.393 -0.021
"""
ANOVA = """Single term deletions

Model:
y ~ x + arm
       Df Sum of Sq     RSS    AIC F value    Pr(>F)
<none>              1050.86 393.71
x       1   180.211 1231.07 448.68  61.050 6.305e-14 ***
arm     2     9.174 1060.03 392.83   1.554    0.2128
"""


def triples(text):
    """Return what was read as text, row and column, blanks counted once."""
    return {
        (n.text, *(re.sub(r"\s+", " ", label) for label in (n.row, n.column)))
        for block in read_printout(text)
        for n in block.numbers
        if n.text and set(n.text) != {"*"}
    }


def each_line(change, text):
    return "\n".join(map(change, text.split("\n")))


DAMAGE = {
    "tabs for blanks": lambda text: re.sub(r" {2,}", "\t", text),
    "tabs between all columns": lambda text: re.sub(r"(?<=\S) +(?=-?\d|<)", "\t", text),
    "blanks counted once": lambda text: each_line(lambda line: re.sub(r" +", " ", line).strip(), text),
    "no blanks in front": lambda text: each_line(str.lstrip, text),
    "four blanks in front": lambda text: each_line(lambda line: "    " + line, text),
    "a blank less": lambda text: text.replace("   ", "  "),
    "an empty prompt below": lambda text: text + "\n> \n",
    "verbatim": lambda text: "\\begin{verbatim}\n" + text + "\n\\end{verbatim}",
    "a cut point": lambda text: re.sub(r"(?<= )(-?\d+)\.(\d{4})(?=\s)", r"\1. \2", text),
    "wrapped": lambda text: each_line(lambda line: re.sub(r"^(.{28}\S*) (?=\S)", r"\1\n", line), text),
    "a minus set apart": lambda text: re.sub(r" -(?=\d)", " - ", text),
}


@pytest.mark.parametrize("text", [TABLE, SUMMARY, ANOVA], ids=["table", "summary", "deletions"])
@pytest.mark.parametrize("damage", DAMAGE)
def test_nothing_is_misread_and_nothing_skipped(damage, text):
    whole, changed = triples(text), DAMAGE[damage](text)
    printout = read_printout(changed)
    assert triples(changed) <= whole
    lost = {number for number, _, _ in whole - triples(changed)}
    reported = " ".join(line for _, line in printout.unread)
    pieces = {piece for number in lost for piece in number.lstrip("-").split(".")}
    assert [piece for piece in pieces if piece not in reported] == []


@pytest.mark.parametrize("damage", ["an empty prompt below", "verbatim", "four blanks in front", "no blanks in front"])
def test_light_damage_loses_nothing(damage):
    assert triples(DAMAGE[damage](SUMMARY)) == triples(SUMMARY)


def test_values_wrapped_below_wrapped_names_are_reported():
    text = "> fixef(m)\n(Intercept)  x\narm old  arm new\n 3.1  0.5\n 0.2  0.4\n"
    printout = read_printout(text)
    assert triples(text) == set()
    assert [line for line, _ in printout.unread] == [4, 5]


def test_intervals_go_on_in_panels():
    text = (
        "                2.5 %\n(Intercept)  2.51232\nx           -0.10312\n"
        "             97.5 %\n(Intercept) 3.46232\nx           0.81003\n"
    )
    assert triples(text) == {
        ("2.51232", "(Intercept)", "2.5 %"),
        ("-0.10312", "x", "2.5 %"),
        ("3.46232", "(Intercept)", "97.5 %"),
        ("0.81003", "x", "97.5 %"),
    }


BREAKS = {
    "a form feed": "\n\f\n\n",
    "a running head": "\n142   CHAPTER 7. MULTILEVEL MODELS\n\n",
    "a running foot": "\n\nChapter 7. Multilevel models   143\n\n",
}


@pytest.mark.parametrize("at", range(3, 23, 2))
@pytest.mark.parametrize("name", BREAKS)
def test_tables_go_on_behind_the_end_of_a_page(name, at):
    lines = SUMMARY.split("\n")
    text = "\n".join(lines[:at]) + "\n" + BREAKS[name] + "\n".join(lines[at:])
    assert triples(text) == triples(SUMMARY)


def test_a_text_with_a_blank_line_behind_each_is_read():
    assert triples(SUMMARY.replace("\n", "\n\n")) == triples(SUMMARY)
    assert triples(ANOVA.replace("\n", "\n\n")) == triples(ANOVA)


PIECES = """Linear mixed model fit by REML ['lmerMod']
Formula: y ~ x + (x | school)
Data: d
REML criterion at convergence: 1630.6
Scaled residuals:
Min
1Q Median
-3.1978 -0.5881 -0.0474

3Q
0.5588

Max
2.4730

Random effects:
Groups
Name
Variance Std.Dev. Corr
school
(Intercept) 5.5113
2.3476
x
0.6341
0.7963 0.25
Residual
3.6325
1.9059
Number of obs: 370, groups: school, 40
Fixed effects:
Estimate Std. Error t value
(Intercept) 11.6082
0.3832 30.292
x
1.5137
0.1627
9.302
"""


def test_rows_in_pieces_are_put_together_where_there_is_no_choice():
    block, *others = read_printout(PIECES)
    found = {number.id: (number.text, number.line) for number in block.numbers}
    assert others == []
    assert block.unread == []
    assert found["scaled_resid.q3"] == ("0.5588", 11)
    assert found["varcomp.school.x.sd"] == ("0.7963", 25)
    assert found["varcomp.school.intercept__x.corr"] == ("0.25", 25)
    assert found["varcomp.residual.variance"] == ("3.6325", 27)
    assert found["fixef.intercept.se"] == ("0.3832", 33)
    assert found["fixef.x.t"] == ("9.302", 37)


@pytest.mark.parametrize("lost", ["0.3832 ", "1.5137\n", " 11.6082"])
def test_rows_in_pieces_of_which_one_is_missing_are_not_read(lost):
    printout = read_printout(PIECES.replace(lost, ""))
    assert not [n for block in printout for n in block.numbers if n.id.startswith("fixef")]
    assert any("30.292" in text for _, text in printout.unread)


def test_a_number_below_the_wrong_heading_is_not_read_where_its_label_covers_another():
    text = "Estimate Std. Error t value\n(Intercept) 11.6082\n0.3832 30.292\nx 1.5137 0.1627\n"
    assert not [n for block in read_printout(text) for n in block.numbers if n.text == "11.6082"]


def test_stars_that_were_wrapped_belong_to_the_rows_in_turn():
    text = """Data: d
Models:
m0: y ~ 1 + (1 | school)
m1: y ~ x + (1 | school)
npar AIC BIC logLik deviance Chisq Df Pr(>Chisq)
m0 3 1922.0 1934.0 -958.02 1916.0
m1 4 1755.3 1771.2 -873.63 1747.3 168.78 1 < 2.2e-16
m0
m1 ***
"""
    block = read_printout(text)[0]
    assert block.get("m1.stars").text == "***"
    assert block.get("m1.stars").line == 9
    assert not [n for n in read_printout(text.replace("\nm0\nm1 ***", "\nm1 ***"))[0].numbers if "stars" in n.id]


STANDING_ALONE = re.compile(r"(?<![\w.,:\[(^'-])-?(?:\d+\.\d+|\.\d+)(?:e[-+]?\d+)?(?![\w.:%)\]'])")


@pytest.mark.parametrize("damage", [lambda text: text, *DAMAGE.values()])
@pytest.mark.parametrize("text", [SUMMARY, ANOVA, TABLE, PIECES])
def test_every_number_with_a_decimal_is_read_or_its_line_reported(text, damage):
    text = damage(text)
    printout = read_printout(text)
    reported = {number for number, _ in printout.unread}
    for at, line in enumerate(text.split("\n"), start=1):
        read = [n.text.lstrip("<> ") for block in printout for n in block.numbers if n.line == at]
        signed = re.sub(r"(?<=\s)- (?=[\d.])", "-", line.replace("\N{MINUS SIGN}", "-"))
        missing = [found for found in STANDING_ALONE.findall(signed) if found not in read]
        assert not missing or at in reported, (at, line)


def test_cells_of_two_numbers_are_reported():
    text = """Response: y
       Effect          df   MSE         F  ges p.value
1   condition       3, 36 10.38 31.46 *** .695   <.001
2           t 1.01, 36.35  1.57 74.18 *** .215   <.001
"""
    assert [number for number, _ in read_printout(text).unread] == [3, 4]


MOVED = """Linear mixed model fit by REML ['lmerMod']
Formula: y ~ x * arm + (x | school)
   Data: d
REML criterion at convergence: 1630.536
Random effects:
 Groups    Name         Std.Dev. Corr
 school    (Intercept) 2.3982
           x            0.4754   0.32
 Residual               1.5203
Number of obs: 400, groups: school, 40
Fixed Effects:
          (Intercept)                     x
             11.11053                1.37443
  arm Other (private)            arm Public
             -1.11715               -1.14119
"""


def test_values_a_column_beside_their_names_are_theirs():
    block, *others = read_printout(MOVED)
    assert others == []
    assert block.unread == []
    assert block.get("fixef.arm Other (private).estimate").text == "-1.11715"
    assert block.get("fixef.arm Public.estimate").text == "-1.14119"


def test_values_between_two_names_are_neither_s():
    text = "Fixed Effects:\na bb c\n  1.5 2.5\n"
    assert not [n for block in read_printout(text) for n in block.numbers]


NLME = """Linear mixed-effects model fit by REML
  Data: d
       AIC      BIC    logLik
  1885.407 1917.299 -934.7037

Random effects:
 Formula: ~1 | school
        (Intercept) Residual
StdDev:   0.4551615 2.241969

Variance function:
 Structure: Different standard deviations per stratum
 Formula: ~1 | sector
 Parameter estimates:
{parameters}
Fixed effects: y ~ time
                 Value Std.Error  DF   t-value p-value
(Intercept) 10.352656 0.4330458 319 23.906609       0
time         0.287018 0.0395034 319  7.265668       0
 Correlation:
     (Intr)
time -0.411

Number of Observations: 400
Number of Groups: 40
"""


@pytest.mark.parametrize(
    ("parameters", "read"),
    [
        ("       Catholic Other (private)          Public\n      1.0000000        0.9587540      0.9358101", True),
        (" Catholic Other (private) Public\n                      1.0000000 0.9587540 0.9358101", False),
    ],
)
def test_a_summary_goes_on_behind_what_is_not_understood_in_it(parameters, read):
    block, *others = read_printout(NLME.format(parameters=parameters))
    assert others == []
    assert block.get("fixef.time.se").text == "0.0395034"
    assert block.get("n_obs").text == "400"
    assert block.get("fixef_corr.time.intercept").text == "-0.411"
    found = [n.text for n in block.numbers if n.id.startswith("structure")]
    assert found == (["1.0000000", "0.9587540", "0.9358101"] if read else [])
    assert read or any("0.9587540" in text for _, text in block.unread)


def test_lines_that_slides_point_out_are_lines_as_the_others():
    text = "## Random effects:\n##  Groups   Name        Variance Std.Dev.\n*##  school   (Intercept) 0.0847   0.291\n"
    text += "##  Residual             0.2578   0.508\n## Number of obs: 174, groups:  school, 20\n"
    assert read_printout(text)[0].get("varcomp.school.intercept.variance").text == "0.0847"


def test_a_remark_behind_a_row_does_not_join_it_to_the_next():
    text = """Random effects:
 Groups   Name        Variance Std.Dev. Corr
 item     (Intercept) 0.00115  0.0339
          so          0.00196  0.0443   1.00 <= degenerate
 Residual             0.12984  0.3603
Number of obs: 544, groups:  item, 16
"""
    printout = read_printout(text)
    assert all("0.00196" not in n.row for block in printout for n in block.numbers)
    assert any("0.00196" in line for _, line in printout.unread)


def test_headings_in_pieces_keep_their_order():
    text = """Fixed effects:
Estimate Std. Error
t value
(Intercept) 11.6082
0.3832 30.292
x 1.5137 0.1627
9.302
"""
    block = read_printout(text)[0]
    assert [(n.column, n.text) for n in block.numbers if n.row == "x"] == [
        ("Estimate", "1.5137"),
        ("Std. Error", "0.1627"),
        ("t value", "9.302"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "(Intercept)\n25.30591377\n",
        "time\n0.28\n",
        "arm Other (private)\n    -0.82706454  0.2874068\n",
        "old - new\n0.5 0.2 3.1\n",
        "Sum Sq Mean Sq NumDF DenDF F value\nPr(>F)\n382.52\n382.52 1\n",
    ],
)
def test_pieces_by_themselves_are_no_vectors_and_no_rows(text):
    printout = read_printout(text)
    assert not [n for block in printout for n in block.numbers]
    assert printout.unread


def test_a_single_value_below_its_name_is_read_where_it_was_padded():
    block = read_printout("(Intercept) \n   11.66709 \n")[0]
    assert block.get("fixef.intercept.estimate").text == "11.66709"
