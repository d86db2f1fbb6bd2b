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


NLME = """Linear mixed-effects model fit by {by}
  Data: herd
  Log-{what}: {number}
  Fixed: kilos ~ week
(Intercept)        week
     12.500       0.750

Random effects:
 Formula: ~1 | pen
        (Intercept) Residual
StdDev:       0.625    1.375

Number of Observations: 72
Number of Groups: 9
"""
LME4 = "Linear mixed model fit by REML ['lmerMod']\nFormula: kilos ~ week + (1 | pen)\n"
MINUS = {
    "nlme": (NLME.replace("{by}", "REML").replace("{what}", "restricted-likelihood"), "loglik"),
    "nlme by ML": (NLME.replace("{by}", "maximum likelihood").replace("{what}", "likelihood"), "loglik"),
    "logLik": ("> logLik(fit)\n'log Lik.' {number} (df=4)\n", "loglik"),
    "one number": ("> AIC(fit)\n[1] {number}\n", "aic"),
    "criterion": (LME4 + "REML criterion at convergence: {number}\n", "reml_criterion"),
}


@pytest.mark.parametrize("number", ["- 312.75", "-  312.75", "\N{MINUS SIGN} 312.75", "\N{EN DASH} 312.75"])
@pytest.mark.parametrize("name", sorted(MINUS))
def test_a_minus_set_apart_belongs_to_its_number(name, number):
    text, id = MINUS[name]
    values = dict(found(text.replace("{number}", number)))
    assert values.get(id) == "-312.75" or "312.75" in unread(text.replace("{number}", number))
    assert "-" not in values.values()
    if number.startswith("- 3"):
        assert values[id] == "-312.75"


@pytest.mark.parametrize("name", sorted(MINUS))
def test_a_minus_by_itself_is_no_number(name):
    text = MINUS[name][0].replace("{number}", "-\n 312.75")
    assert "-" not in [number for _, number in found(text)]
    assert "312.75" in unread(text) or "312.75" in [number for _, number in found(text)]


def test_a_dash_between_two_numbers_is_no_minus():
    assert [text for _, text in found("> AIC(fit)\n[1] 12.5\n")] == ["12.5"]
    assert not [text for _, text in found("Weeks: 3 - 5\nPens of the herd: - 5 or so\n") if text.startswith("-")]


@pytest.mark.parametrize(("first", "rest"), [("3.6", "41)"), ("3.64", ""), ("3.", "641)")])
def test_a_dispersion_that_was_cut_is_not_read_but_what_stands_below_it(first, rest):
    text = f"""Call:
glm(formula = eggs ~ feed, family = quasipoisson, data = herd)

Coefficients:
            Estimate Std. Error t value Pr(>|t|)
(Intercept)   1.5000     0.2500   6.000 5.75e-07 ***
feed          0.2500     0.5000   0.500    0.620
---
Signif. codes:  0 '***' 0.001 '**' 0.01 '*' 0.05 '.' 0.1 ' ' 1

(Dispersion parameter for quasipoisson family taken to be {first}
{rest}

    Null deviance: 100.5  on 39  degrees of freedom
Residual deviance:  99.5  on 38  degrees of freedom
"""
    values = dict(found(text))
    assert "dispersion" not in values
    assert (values["null_deviance"], values["df_resid"]) == ("100.5", "38")
    assert first in unread(text)
    assert rest in unread(text)
