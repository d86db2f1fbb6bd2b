"""Pieces whose label or heading is not sure: not read, said to be so, and never filed under the name of another."""

import re

import pytest

from replications.printouts.pieces.together import LOST
from replications.printouts.read import read_printout


def found(text):
    """Return id and text of each number."""
    return [(n.id, n.text) for block in read_printout(text) for n in block.numbers]


def unread(text):
    """Return what was said not to be read, in one text."""
    return " ".join(text for _, text in read_printout(text).unread)


STACKS = {
    "cells of a factor behind the headings": "R> tail(d)\n\nshed feed kilos week\nB\n>2kg\nOAT\n31\n4\n7\n8\n",
    "the same with decimals": "R> tail(d)\n\nshed feed kilos\nB\nOAT\n31\n4.5\n7\n8.5\n",
    "levels of a table": "> with(d, table(shed, feed))\nfeed\nshed\n1\n2\n3\n4\n5\n6\nbarn 3\n0\n0\n2\n",
    "one column of levels": "> table(d$shed, d$feed)\nfeed\n1\n2\n2\n1\n3\n4\nend of it\n",
    "two levels, no more": "> with(d, table(feed))\nfeed\n1\n2\n9\n",
}


@pytest.mark.parametrize("name", sorted(STACKS))
def test_words_and_levels_are_no_names_of_whole_numbers(name):
    text = STACKS[name]
    assert found(text) == []
    assert LOST in read_printout(text).notes
    assert {line for line in text.split("\n") if re.fullmatch(r"[\d.]+", line)} <= set(unread(text).split())


def test_rows_that_count_up_or_have_decimals_are_read():
    text = "> head(d)\nkilos week\n1 45 3\n2 40 6\n\n> ranef(fit)$pen\n(Intercept) kilos\n4\n2.5 0.25\n11\n3.5 0.75\n"
    assert found(text) == [
        *(("1.kilos", "45"), ("1.week", "3"), ("2.kilos", "40"), ("2.week", "6")),
        *(("ranef.pen.4.intercept", "2.5"), ("ranef.pen.4.kilos", "0.25")),
        *(("ranef.pen.11.intercept", "3.5"), ("ranef.pen.11.kilos", "0.75")),
    ]


ABOVE = {
    "an effect above its test": "feed\n\nDf Sum Sq Mean Sq F value Pr(>F)\n2\n41.5\n20.8\n3.1 0.0561\n",
    "with residuals below": "feed\nDf Sum Sq Mean Sq F value Pr(>F)\n2\n41.5\n20.8\n3.1 0.0561\nResiduals 9 60.5 6.7\n",
    "a coefficient above its limits": "feed 0.75\n\n2.5 % 97.5 %\n0.25\n1.25\n",
    "a coefficient above its test": "feed\n\nEstimate Std. Error t value\n0.75\n0.25\n3.00\n",
    "all in one line": "feed\n\nDf Sum Sq Mean Sq F value Pr(>F)\n2 41.5 20.8 3.1 0.0561\n",
    "limits in one line": "feed 0.75\n\n2.5 % 97.5 %\n0.25 1.25\n",
}


@pytest.mark.parametrize("command", ["> summary(fit)\n", "", "## "])
@pytest.mark.parametrize("name", sorted(ABOVE))
def test_no_number_is_read_whose_label_stands_above_the_headings(name, command):
    text = command + ABOVE[name]
    assert not [id for id, _ in found(text) if not id.startswith("Residuals.")]
    for number in re.findall(r"(?m)^(?!Residuals|#|.*%|feed).*\d$", text):
        assert number in unread(text) or all(piece in unread(text) for piece in number.split())


def test_a_test_of_all_means_has_no_label_and_needs_none():
    text = "> test(means, joint = TRUE)\n df1 df2 F.ratio p.value\n   2  31   4.100  0.0263\n"
    assert ("F_ratio", "4.100") in found(text)


@pytest.mark.parametrize(
    "code",
    [
        "sapply(fits, function(fit) AIC(fit, k = 3))",
        "apply(draws,1,function(x) f(x))",
        "vapply(a, sd) quantile(b,",
    ],
)
def test_code_is_no_name_of_the_values_below(code):
    names = code.split()
    values = " ".join(f"{at}.5" for at, _ in enumerate(names))
    for text in (f"{code}\n{values}\n", f"{code}\n##\n2.5%\n97.5%\n## kilos\n0.25 1.75\n"):
        assert not [id for id, _ in found(text) if "(" in id and "(Intercept)" not in id]


def test_percentages_are_no_values():
    assert found("lower upper\n 2.5% 97.5%\n") == []
    assert found("(Intercept)  I(age - 40)\n     11.250         0.125\n") != []


WRAPPED = {
    "behind a bar": """Parameter | Coefficient | SE |      95% CI |
t |     p
---------------------------------------------
kilos     |        1.25 | 0.5 | [0.2, 2.3] |
2.50 | 0.014
feed      |        3.75 | 1.5 | [0.8, 6.7] |
2.75 | 0.008
""",
    "behind a cell": """Parameter | Coefficient | SE |      95% CI
t |     p
---------------------------------------------
kilos     |        1.25 | 0.5 | [0.2, 2.3]
2.50 | 0.014
""",
    "within an interval": """Parameter | Coefficient |   SE | 95% |
CI |  p
---------------------------------------------
kilos     |        1.25 |  0.5 | [0.20, |
2.31] | 0.014
""",
}


@pytest.mark.parametrize("name", sorted(WRAPPED))
def test_the_rest_of_a_wrapped_table_of_easystats_has_no_labels(name):
    assert found(WRAPPED[name]) == []
    assert {"1.25", "0.014"} <= set(re.split(r"[\s|]+", unread(WRAPPED[name])))


def test_a_table_of_easystats_that_was_not_wrapped_is_read_below_a_formula():
    rows = "Parameter | Coefficient |  SE\n-----------------------------\nfeed | 1.25 | 0.5\n"
    text = f"Formula: kilos ~ feed + (1 | pen)\n{rows}"
    assert ("feed.estimate", "1.25") in found(text)


@pytest.mark.parametrize("first", [1, 8, 41])
@pytest.mark.parametrize("values", ["    38.5120  1.75", "    38.5120  -0.5"])
def test_the_number_of_a_line_is_no_label(first, values):
    text = f"{first:2} | (Intercept)  feed\n{first + 1:2} | {values}\n"
    assert not [id for id, _ in found(text) if "|" in id]
    assert "38.5120" in unread(text) or "intercept" in str(found(text))
