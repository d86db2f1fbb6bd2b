"""A printout against itself: nothing of R's own differs, and with a slip in them it is found, and nothing else."""

import json
import os
import random
import re
import time
from pathlib import Path

import pytest
import slips
from slips import FINE

import replications
from mlm.errors import ArgumentError
from replications.__main__ import main
from replications.checking.intervals import Interval, as_printed, exact, printed
from replications.checking.rule import RULES

HERE = Path(__file__).resolve()
REFERENCE = HERE.parents[1] / "reference"
SHARED = Path(os.environ.get("MLM_SHARED", "../shared")) / "sources"
TEXTS = {
    f"{file}: {name}": "\n".join(lines)
    for file in ("printouts", "generalized_printouts", "verify_printouts")
    for name, lines in json.loads((REFERENCE / f"{file}.json").read_text("utf8"))["texts"].items()
}
DERIVED = ("t", "z", "sd", "p", "stars", "aic", "bic", "deviance", "df_resid", "chisq", "chisq_df", "adj_r2", "f")
"""The quantities in which a slip is found by what stands beside them."""
SEED = 18


def differing(text):
    found = replications.verify(text)
    return found.having("differs")


def slipped(text, number, draw):
    """Return a text in which a digit of a number, or its stars, is another one; None where it cannot be done."""
    if not number.id.endswith("stars"):
        return None if number.text.startswith("<") else slips.slipped(text, number, draw)
    lines = text.split("\n")
    line = lines[number.line - 1].rstrip()
    others = [stars for stars in ("***", "**", "*") if stars != number.text]
    if not number.text or not line.endswith(" " + number.text):
        return None
    changed = line[: -len(number.text)] + draw.choice(others)
    return "\n".join([*lines[: number.line - 1], changed, *lines[number.line :]])


def is_compared(found, number):
    return any(f.id == number.id and f.line == number.line for f in found.findings)


@pytest.mark.parametrize("name", TEXTS)
def test_nothing_in_what_r_prints_differs(name):
    found = replications.verify(TEXTS[name])
    assert found.ok, found
    assert found.having("agrees") or re.search("linear|icc|logLik", name)  # numbers alone


@pytest.mark.parametrize("name", [name for name in TEXTS if "one digit" not in name])  # t = 8 allows p of all sizes
def test_every_slip_is_found_and_nothing_else(name):
    draw, text = random.Random(f"{SEED} {name}"), TEXTS[name]
    found, done = replications.verify(text), set()
    for block in found.printout:
        for number in block.numbers:
            quantity = number.id.rpartition(".")[2]
            correlation = number.id.startswith("fixef_corr")  # of a term that is called z
            if quantity not in DERIVED or quantity in done or correlation or not is_compared(found, number):
                continue
            wrong = slipped(text, number, draw)
            if wrong is None:
                continue
            told = differing(wrong)
            assert told, (number, wrong.split("\n")[number.line - 1])
            assert all(number.id == f.id or number.id in f.given for f in told), (number, told)
            done.add(quantity)


def test_the_slips_are_of_all_kinds():
    compared = {f.id.rpartition(".")[2] for text in TEXTS.values() for f in replications.verify(text).findings}
    assert set(DERIVED) <= compared
    assert len(TEXTS) > 100


SLIPS = (
    ("24.98", "27.98", "t = estimate / standard error", "fixef.intercept.t", "24.9"),
    ("0.707", "0.770", "standard deviation = square root of variance", "varcomp.g.intercept.sd", "0.707"),
    ("g, 14", "g, 1400", "no more groups than observations", "n_groups.g", "1 to 240"),
    ("  2.000 ", " -2.000 ", "no negative variance", "varcomp.residual.variance", "at least 0"),
)


@pytest.mark.parametrize(("right", "wrong", "rule", "id", "consistent"), SLIPS)
def test_a_slip_is_told_with_rule_place_and_what_would_have_been_consistent(right, wrong, rule, id, consistent):
    assert FINE.count(right) == 1
    told = [f for f in differing(FINE.replace(right, wrong)) if f.id == id]
    assert told, differing(FINE.replace(right, wrong))
    finding = told[0]
    assert finding.rule.startswith(rule)
    assert finding.printed in wrong
    assert wrong in FINE.replace(right, wrong).split("\n")[finding.line - 1]
    assert consistent in finding.consistent
    assert finding.allowed[0] <= finding.allowed[1]


TABLE = """\
===================================
                          Model 1
-----------------------------------
(Intercept)                2.95 ***
                          (0.04)
x                          0.272 *
                          (0.089)
-----------------------------------
Num. obs.              48120
Num. groups: cnt          35
Var: cnt (Intercept)       0.07
Var: Residual              0.49
===================================
*** p < 0.001; ** p < 0.01; * p < 0.05
"""


def test_stars_follow_the_legend_below_the_table():
    (told,) = differing(TABLE)
    assert (told.id, told.printed, told.consistent) == ("fixef.x.stars", "*", "**")
    assert told.allowed[0] < 0.01
    generous = TABLE.replace("** p < 0.01", "** p < 0.001").replace("*** p < 0.001", "*** p < 0.0001")
    assert not differing(generous)


def test_a_model_of_few_groups_may_have_had_few_degrees_of_freedom():
    assert not differing(TABLE.replace(" 35", "  9"))


LM = """\
Call:
lm(formula = y ~ x, data = d)

Coefficients:
            Estimate Std. Error t value Pr(>|t|)
(Intercept)   44.074      0.989    44.6   <2e-16 ***
x              3.572      0.388     9.2   <2e-16 ***
---
Signif. codes:  0 '***' 0.001 '**' 0.01 '*' 0.05 '.' 0.1 ' ' 1

Residual standard error: 9.68 on 258 degrees of freedom
Multiple R-squared:  0.247,\tAdjusted R-squared:  0.244
F-statistic: 84.6 on 1 and 258 DF,  p-value: <2e-16
"""


@pytest.mark.parametrize(
    ("right", "wrong", "ids"),
    [
        ("0.244", "0.254", ["adj_r2"]),
        ("84.6", "48.6", ["f", "f"]),
        ("and 258", "and 285", ["f", "f_df2"]),
        ("p-value: <2e-16", "p-value: 0.021", ["f_p"]),
        ("0.247", "0.274", ["adj_r2", "f"]),
    ],
)
def test_r_squared_and_f_of_linear_models(right, wrong, ids):
    assert not differing(LM)
    assert sorted(f.id for f in differing(LM.replace(right, wrong)) if f.id != "f_p" or ids == ["f_p"]) == ids


ANOVA = """\
     npar    AIC    BIC logLik deviance  Chisq Df Pr(>Chisq)
m1      7 124400 124459 -62193   124386
m2     10 124376 124459 -62178   124356 30.509  3  1.079e-06 ***
"""
HEAD = "Data: d\nModels:\nm1: y ~ x + (1 | g)\nm2: y ~ x + a + b + c + (1 | g)\n"


@pytest.mark.parametrize(
    ("right", "wrong", "id"),
    [
        ("30.509", "33.509", "m2.chisq"),
        ("  3  1.079", "  4  1.079", "m2.chisq_df"),
        ("1.079e-06", "1.079e-05", "m2.p"),
        ("***", "**", "m2.stars"),
        ("124459 -62178", "124549 -62178", "m2.bic"),
    ],
)
def test_comparisons_of_models(right, wrong, id):
    assert not differing(HEAD + ANOVA)
    told = differing(HEAD + ANOVA.replace(right, wrong))
    assert id in {finding.id for finding in told}
    assert all(id == f.id or id in f.given for f in told)


def test_blocks_about_one_model_are_held_together():
    text = f"> summary(m)\n{FINE}\n> AIC(m)\n[1] 905.2\n"
    assert not differing(text)
    wrong = text.replace("905.2", "950.2")
    (told,) = differing(wrong)
    assert (told.id, told.rule) == ("aic", "AIC = -2 log likelihood + 2 parameters")
    assert wrong.split("\n")[told.line - 1] == "[1] 950.2"
    assert not differing(wrong.replace("> AIC", "> m <- lmer(y ~ z + (1 | g), d)\n> AIC"))


def test_a_column_of_totals_is_the_sum():
    table = (
        "> addmargins(table(d$a, d$b))\n\n       no yes Sum\n  old  10  20  {}\n  new   5   6  11\n  Sum  15  26  41\n"
    )
    assert not differing(table.format(30))
    told = differing(table.format(31))
    assert {finding.rule for finding in told} <= {"a total is the sum of what stands in its row or column"}


def test_what_was_not_read_is_told_and_does_not_differ():
    found = replications.verify(FINE + "\nan unknown line  0.123 0.456\n")
    assert [finding.printed for finding in found.having("unread")] == ["an unknown line  0.123 0.456"]
    assert found.ok
    assert "1 line not read" in found.summary
    nothing = replications.verify("no numbers here")
    assert (nothing.ok, nothing.status) == (False, 2)


def test_faces():
    wrong = FINE.replace("24.98", "27.98")
    found = replications.verify(wrong)
    assert str(found).split("\n")[0] == "1 block read, 5 comparisons: 4 agree, 1 differs"
    row = found.frame.query("verdict == 'differs'").iloc[0]
    assert (row["printed"], row["id"], row["given"]) == (
        "27.98",
        "fixef.intercept.t",
        "fixef.intercept.estimate, fixef.intercept.se",
    )
    assert row["low"] < 24.98 < row["high"]
    page = found.page("a < b")
    assert page.startswith("<!DOCTYPE html>")
    assert "a &lt; b" in page
    assert not re.search(r"(src|href)=", page)


@pytest.mark.parametrize(("right", "status"), [("24.98", 0), ("27.98", 1)])
def test_the_command(tmp_path, capsys, right, status):
    file = tmp_path / "log.txt"
    file.write_text(FINE.replace("24.98", right), encoding="utf-8")
    assert main(["verify", str(file)]) == status
    assert capsys.readouterr().out.startswith("1 block read")
    assert main(["verify", str(file), "--json"]) == status
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] == (status == 0)
    assert len(told["findings"]) == 5
    assert main(["verify", str(file), "--html"]) == status
    assert capsys.readouterr().out.startswith("<!DOCTYPE html>")


def test_the_command_without_a_printout(tmp_path, capsys):
    file = tmp_path / "log.txt"
    file.write_text("nothing\n", encoding="utf-8")
    assert main(["verify", str(file)]) == 2
    assert main(["verify", str(tmp_path / "none.txt")]) == 2
    assert "cannot be opened" in capsys.readouterr().err


def test_an_expression_of_printed_numbers():
    told = replications.consistent("0.657*58.99677 + (1-0.657)*57.6742", "58.545")
    assert not told
    assert told.verdict == "differs"
    assert (round(told.allowed[0], 4), round(told.allowed[1], 4)) == (58.5424, 58.5438)
    assert replications.consistent("0.657*58.99677 + (1-0.657)*57.6742", "58.543")
    assert replications.consistent("10.64 / (10.64 + 66.55)", "13.8%")
    assert not replications.consistent("10.64 / (10.64 + 66.55)", "0.139")
    assert replications.consistent("2*(-1.5)^2 + sqrt(4.0) - log(exp(1.0))", "5.5")
    assert replications.consistent("1.0 - 1.0", "0").allowed == (0.0, 0.0)


@pytest.mark.parametrize(
    "expression", ["1 +", "open('x')", "a + 1", "1 if 2 else 3", "2 ** 99", "'1.5'", "", "1/0 +", 3]
)
def test_what_is_no_expression(expression):
    with pytest.raises(ArgumentError, match="expression"):
        replications.consistent(expression, "1.5")


@pytest.mark.parametrize("result", ["x", 1.5, None])
def test_what_is_no_result(result):
    with pytest.raises(ArgumentError, match="printed is a number"):
        replications.consistent("1.5", result)


def test_division_by_what_may_be_zero_allows_everything():
    assert replications.consistent("1 / (0.5 - 0.5)", "7")


@pytest.mark.parametrize("text", ["1.25", "0.5", "120", "3e-05", "25,697", "13.8%", "<2e-16", "> .99"])
def test_a_printed_number_stands_for_what_rounds_to_it(text):
    low, high = printed(text)
    assert low < high


def test_counts_are_exact():
    assert exact("240") == Interval(240.0, 240.0)
    assert as_printed(Interval(240.0, 240.0), "241") == "240"


def test_time():
    """Twenty models in less than five seconds."""
    text = "\n".join(list(TEXTS.values())[:20])
    start = time.process_time()
    replications.verify(text)
    assert time.process_time() - start < 5


@pytest.mark.skipif(not SHARED.exists(), reason="the documents' text is not at hand (MLM_SHARED)")
def test_the_five_documents():
    told = {
        source: [(f.id, f.printed) for f in differing((SHARED / f"{source}.txt").read_text("utf8"))]
        for source in replications.SOURCES
    }
    assert {source: found for source, found in told.items() if found} == {
        "day1_basics": [("fixef.Perceived absence of corruption.stars", "*")]
    }


def test_every_rule_has_a_name_and_a_text():
    assert len(RULES) > 20
    assert all(rule.__doc__ for rule in RULES.values())


CONTRASTS = """\
 contrast estimate    SE  df t.ratio p.value
 a - b     0.20800 0.171 212   1.216  {}
 a - c     0.60000 0.171 212   3.509  0.0016
 b - c     0.39200 0.171 212   2.292  0.0590

{}"""


def test_p_values_that_were_adjusted_for_several_tests():
    note = "P value adjustment: tukey method for comparing a family of 3 estimates"
    assert not differing(CONTRASTS.format("0.4448", note))
    assert not differing(CONTRASTS.format("0.4448", ""))
    assert not differing(CONTRASTS.format("0.9448", "P value adjustment: scheffe method with rank 2"))
    assert [f.id for f in differing(CONTRASTS.format("0.1448", note))] == ["a - b.p"]
    assert [f.id for f in differing(CONTRASTS.format("0.9448", note))] == ["a - b.p"]
