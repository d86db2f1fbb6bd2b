# ruff: noqa: W291  (tables are printed with blanks behind their letters)
"""Tables of means and contrasts whose rows are named by several levels, some of them numbers, with letters behind."""

import re

import pytest

import replications
from replications import read_printout

LETTERS = {
    "one factor": """\
 var   emmean   SE   df lower.CL upper.CL .group
 Alder   35.2 2.21 5.23     29.5     40.8  a    
 Beech   38.5 2.21 5.23     32.9     44.1   b   
""",
    "levels and groups are numbers": """\
 age emmean   SE   df lower.CL upper.CL .group
 1     36.6 2.21 5.23     31.0     42.2  1    
 2     38.3 2.21 5.23     32.7     43.9  12   
 3     40.3 2.21 5.23     34.6     45.9   2   
""",
    "the second factor is numbers": """\
 var   fdose emmean   SE   df lower.CL upper.CL .group 
 Alder 0       26.6 2.29 5.99     21.0     32.2  a     
 Beech 0.2     40.3 2.29 5.95     34.7     45.9    cd  
 Cedar 0.4     50.0 2.29 5.95     44.4     55.6       f
""",
    "both are numbers": """\
 fdose age emmean   SE   df lower.CL upper.CL .group 
 0     1     27.9 2.24 5.46     22.3     33.5  1     
 0.2   3     40.6 2.24 5.46     35.0     46.2     4  
 0.4   1     44.9 2.24 5.47     39.3     50.5      5 
""",
    "whole numbers": """\
 N  G emmean  SE df lower.CL upper.CL .group   
 N4 B   2310 298 40     1708     2912  a       
 N2 B   2544 298 40     1942     3146  a   cd  
""",
    "slopes": """\
 var   fdose x.trend    SE  df lower.CL upper.CL .group
 Alder 0.2   -0.9097 0.742 147   -2.376    0.556  a    
 Alder 0      0.0599 0.637 147   -1.199    1.318  a    
""",
    "probabilities": """\
 var   fdose  prob     SE  df asymp.LCL asymp.UCL .group
 Alder 0     0.401 0.0856 Inf     0.249     0.573  a    
 Alder 0.4   0.456 0.0879 Inf     0.295     0.626  ab   
""",
    "within others": """\
var = Alder, half = n:
 fdose emmean   SE   df lower.CL upper.CL .group
 0       24.6 3.48 4.87     15.6     33.6  a    
 0.2     34.5 3.48 4.87     25.5     43.6   b   

var = Beech, half = n:
 fdose emmean   SE   df lower.CL upper.CL .group
 0       27.3 3.48 4.87     18.3     36.3  a    
 0.2     39.1 3.48 4.87     30.1     48.1   b   
""",
}
NOTES = """
Degrees-of-freedom method: kenward-roger 
Confidence level used: 0.95 
P value adjustment: tukey method for comparing a family of 3 estimates 
significance level used: alpha = 0.05 
NOTE: If two or more means share the same grouping symbol,
      then we cannot show them to be different.
      But we also did not show them to be the same. 
"""
QUANTITIES = ["estimate", "se", "df", "ci_low", "ci_high", "group"]


def triples(text):
    return [(n.id, n.text) for block in read_printout(text) for n in block.numbers]


def printed(text):
    """Return what stands in the rows of a table: ids and cells, cut where the headings end."""
    found, given = [], ""
    for line in text.split("\n"):
        if line.endswith(":"):
            given = line[:-1].partition("=")[2].strip() + "."
        elif line.endswith((".group", ".group ", ".group   ")):
            ends = [match.end() for match in re.finditer(r"\S+", line)][-6:-1]
        elif line.strip():
            numbers = [line[:end].split()[-1] for end in ends]
            label = " ".join(line[: ends[0]].split()[:-1]).replace(".", "_")
            cells = zip(QUANTITIES, [*numbers, line[ends[-1] :].strip()], strict=True)
            found += [(f"{given}{label}.{what}", cell) for what, cell in cells]
    return found


@pytest.mark.parametrize("name", LETTERS)
@pytest.mark.parametrize("notes", ["", NOTES])
def test_tables_with_letters_are_read_in_all_columns(name, notes):
    printout = read_printout(LETTERS[name] + notes)
    assert [block.kind for block in printout] == ["emmeans.emmeans"]
    assert triples(LETTERS[name] + notes) == printed(LETTERS[name])
    assert printout.unread == []


@pytest.mark.parametrize("name", LETTERS)
def test_without_their_places_rows_are_read_the_same_or_said(name):
    narrow = re.sub(" +", " ", re.sub("(?m) +$", "", LETTERS[name]))
    unread = {line for line, _ in read_printout(narrow).unread}
    wanted = {(id, re.sub(" +", " ", text)) for id, text in triples(LETTERS[name])}
    assert set(triples(narrow)) <= wanted
    assert len(wanted) - len(set(triples(narrow))) == len(QUANTITIES) * len(unread)


def test_letters_that_stand_below_a_wide_table_belong_to_its_rows():
    narrow = LETTERS["the second factor is numbers"].rstrip("\n").split("\n")
    at = narrow[0].index(".group") - 1
    panels = [*(line[:at].rstrip() for line in narrow), *(line[at:] for line in narrow)]
    assert sorted(triples("\n".join(panels) + "\n" + NOTES)) == sorted(printed("\n".join(narrow)))
    short = read_printout("\n".join(panels[:-1]) + "\n")
    assert [id for id, _ in triples("\n".join(panels[:-1])) if id.endswith("group")] == []
    assert [text.strip() for _, text in short.unread] == ["a", "cd"]


def test_a_row_with_a_number_too_few_is_reported():
    text = LETTERS["the second factor is numbers"].replace(" 2.29 5.95     34.7", "      5.95     34.7")
    printout = read_printout(text + NOTES)
    assert [line for line, _ in printout.unread] == [3]
    assert {n.line for n in printout[0].numbers} == {2, 4}


LEVELS = {
    "two numbers": (
        " fdose age emmean   SE   df lower.CL upper.CL\n 0.2   1     36.9 2.24 5.46     31.3     42.6\n",
        "0_2 1",
    ),
    "points of a covariate": (
        " var      x emmean   SE   df lower.CL upper.CL\n Alder -1.0   35.3 2.23 5.36     29.7     40.9\n",
        "Alder -1_0",
    ),
    "slopes": (
        " var   fdose x.trend    SE  df lower.CL upper.CL\n Alder 0.2   -0.9097 0.742 147   -2.376    0.556\n",
        "Alder 0_2",
    ),
    "contrasts of two factors": (
        " fdose_pairwise half_pairwise estimate  SE  df t.ratio p.value\n"
        " 0.2 - 0.4      n - s           -0.466 1.3 140  -0.358  0.7211\n",
        "0_2 - 0_4 n - s",
    ),
    "levels in brackets": (
        " contrast                  estimate    SE  df t.ratio p.value\n"
        " (0.2 Alder) - (0.4 Beech)   -9.232 0.922 140 -10.013  <.0001\n",
        "(0_2 Alder) - (0_4 Beech)",
    ),
}


@pytest.mark.parametrize("name", LEVELS)
def test_numbers_among_levels_are_no_results_and_nothing_is_unread(name):
    text, label = LEVELS[name]
    printout = read_printout(text)
    assert [id.rpartition(".")[0] for id, _ in triples(text)] == [label] * 5
    assert [cell for _, cell in triples(text)] == text.split()[-5:]
    assert printout.unread == []
    assert printout[0].kind == ("emmeans.contrast" if "t.ratio" in text else "emmeans.emmeans")


def test_an_interval_of_a_table_with_letters_may_be_widened_where_its_notes_were_cut():
    wide = LETTERS["one factor"].replace("29.5     40.8", "27.9     42.5").replace("32.9     44.1", "31.2     45.8")
    assert replications.verify(wide + "\nConfidence level used: 0.95\n").ok
    assert replications.verify(LETTERS["one factor"] + NOTES).ok
    assert len(replications.verify(wide + NOTES).having("differs")) == 4
