"""What stands below a table is no row of it, and what stands within a name is no number: blocks, labels, commas."""

import re

import pytest

from replications import read_printout
from replications.printouts.command import text_of

COMPARED = """   Model df      AIC      BIC    logLik   Test  L.Ratio p-value
fitA     1  3 1232.357 1244.015 -613.1786
fitB     2  5 1132.357 1151.787 -561.1786 1 vs 2 104.0000  <.0001
"""
MEANS = """ arm emmean    SE df lower.CL upper.CL
 old   9.71 0.183 31     9.34    10.08
 new  10.42 0.190 31    10.03    10.81
"""
CONTRASTS = """ contrast   estimate    SE df t.ratio p.value
 old - new    -0.710 0.264 31  -2.689  0.0114
"""
DROPPED = """Model:
y ~ wk + (1 | ward)
           npar logLik    AIC    LRT Df Pr(>Chisq)
<none>        4 -610.61 1229.2
(1 | ward)    3 -700.10 1406.2 178.98  1  < 2.2e-16 ***
"""
VARIANCES = """ Groups   Name        Variance Std.Dev.
 ward     (Intercept) 0.36     0.6
 Residual             1.44     1.2
"""
TESTS = """Type III Analysis of Variance Table with Satterthwaite's method
     Sum Sq Mean Sq NumDF DenDF F value   Pr(>F)
arm  21.752  10.876     2 323.9 10.1764 5.17e-05 ***
"""


def _numbers(text: str, below: int = 0) -> set[tuple[str, str, int]]:
    return {(n.id, n.text, n.line + below) for block in read_printout(text) for n in block.numbers}


@pytest.mark.parametrize("gap", ["", "\n"], ids=["next line", "blank line"])
@pytest.mark.parametrize("second", [MEANS, CONTRASTS, VARIANCES, TESTS, COMPARED.replace("fit", "m")])
@pytest.mark.parametrize("first", [COMPARED, TESTS, MEANS])
def test_two_tables_are_read_as_each_is_alone(first: str, second: str, gap: str):
    below = (first + gap).count("\n")

    assert _numbers(first + gap + second) == _numbers(first) | _numbers(second, below)
    assert len(_numbers(second)) > 3


def test_terms_left_out_below_a_comparison_of_nlme_are_no_models_of_it():
    blocks = read_printout(COMPARED + DROPPED)
    models = {n.row for block in blocks if block.kind == "nlme.anova" for n in block.numbers}

    assert models == {"fitA", "fitB"}
    assert {n.text for block in blocks for n in block.numbers} >= {"178.98", "1406.2", "1229.2"}


def test_the_number_nlme_gives_to_a_model_is_read():
    (block,) = read_printout(COMPARED)

    assert {n.id: n.text for n in block.numbers if n.column == "Model"} == {"fitA.model": "1", "fitB.model": "2"}


def test_what_is_given_below_a_test_belongs_to_the_means():
    panels = f"ward = north:\n{MEANS}\nward = south:\n{MEANS.replace('9.71', '8.71')}"
    numbers = {id: text for id, text, _ in _numbers(TESTS + panels)}

    assert (numbers["north.old.estimate"], numbers["south.old.estimate"]) == ("9.71", "8.71")
    assert "old.estimate" not in numbers


FIXED = """Fixed effects:
            Estimate Std. Error t value
x             0.6200     0.1550   4.000
"""


@pytest.mark.parametrize(
    "fragment",
    [
        "-1.1097 -0.8676 -0.3478  0.6122  1.7311",
        "fit9     1 57 1355.201 1533.402 -610.60",
        "2.21847 -0.8676 -0.3478 0.6122",
    ],
)
@pytest.mark.parametrize("table", [TESTS, FIXED])
def test_a_number_is_no_name_of_a_row(table: str, fragment: str):
    printout = read_printout(f"{table}\n{fragment}\n")

    assert {n.row for block in printout for n in block.numbers} <= {"arm", "x"}
    assert fragment.split()[-1] not in {n.text for block in printout for n in block.numbers}
    assert any(fragment.strip() == text.strip() for _, text in printout.unread)


EFFECTS = "$ward\n   (Intercept)       age\n1         10.2      0.33\n2          9.8      0.41\n"


@pytest.mark.parametrize("end", ["", '\nattr(,"class")', '\nattr(,"class")\n', '\nattr(,"class")\n[1] "coef.mer"\n'])
def test_effects_may_be_cut_anywhere_behind_their_table(end: str):
    assert {text for _, text, _ in _numbers(EFFECTS + end)} == {"10.2", "0.33", "9.8", "0.41"}


def test_what_follows_a_class_that_was_cut_off_is_read():
    assert _numbers(f'{EFFECTS}\nattr(,"class")\n{CONTRASTS}') >= _numbers(CONTRASTS, below=6)


LEVELS = """Random effects:
 Groups    Name            Variance Std.Dev. Corr
 ward      (Intercept)     4.00     2.00
           dose high 2.5   1.00     1.00      0.10
           dose low 0.5    0.25     0.50     -0.20  0.30
 ward.1    age             0.09     0.30
 unit 2    (Intercept)     0.01     0.10
 night shift (Intercept)   0.16     0.40
 Residual                  9.00     3.00
Number of obs: 400, groups:  ward, 20; unit 2, 12; night shift, 3
"""


def test_groups_with_blanks_and_names_that_end_in_a_decimal():
    (block,) = read_printout(LEVELS)
    found = {n.id: n.text for n in block.numbers}

    assert block.unread == []
    assert found["varcomp.ward.dose high 2_5.variance"] == "1.00"
    assert found["varcomp.ward.dose high 2_5__dose low 0_5.corr"] == "0.30"
    assert found["varcomp.unit 2.intercept.sd"] == "0.10"
    assert found["varcomp.night shift.intercept.sd"] == "0.40"
    assert found["varcomp.ward_1.age.variance"] == "0.09"
    assert found["varcomp.residual.sd"] == "3.00"
    assert len(found) == 7 * 2 + 3 + 4


SUMMARY = """Scaled residuals:
     Min       1Q   Median       3Q      Max
-2.87292 -0.73590  0.06731  0.64773  2.76498

Random effects:
 Groups   Name        Variance Std.Dev. Corr
 ward     (Intercept) 0.61532  0.7844
          week        0.01221  0.1105   -0.27
 Residual             1.03277  1.0163
Number of obs: 360, groups:  ward, 18

Fixed effects:
            Estimate Std. Error        df t value Pr(>|t|)
(Intercept)  10.3779     0.2177   39.0213  47.675  < 2e-16 ***
dose 2.5      0.6513     0.2218  323.9758   2.936  0.00356 **
dose none     1.0355     0.2219  324.0011   4.667 4.49e-06 ***

Correlation of Fixed Effects:
          (Intr) dose2.5
dose 2.5  -0.509
dose none -0.508  0.500
"""
NAMED = """(Intercept)    dose 2.5   dose none
   10.37791     0.65131     1.03551
"""
PAIRWISE = """ contrast             estimate    SE  df t.ratio p.value
 dose 2.5 - dose none   -0.384 0.128 321  -3.000  0.0029
 dose 2.5 - dose 10     -0.866 0.128 321  -6.766  <.0001
"""


def _with_commas(text: str) -> str:
    """Return text as R prints it with a decimal comma, names as they are."""
    return re.sub(r"(?<=\d)(?<!dose \d)(?<!dose\d)\.(?=\d)", ",", text)


@pytest.mark.parametrize("text", [SUMMARY, NAMED, PAIRWISE], ids=["summary", "vector", "contrasts"])
def test_points_within_names_do_not_hide_decimal_commas(text: str):
    assert "2.5" in _with_commas(text)
    assert _with_commas(text) != text
    assert _numbers(_with_commas(text)) == _numbers(text)


def test_three_decimals_are_no_thousands_beside_a_share():
    text = """Models:
a: y ~ x
b: y ~ x + z
  npar    AIC    BIC  logLik deviance Chisq Df Pr(>Chisq)
a    3 49.412 55.226 -21.706   43.412
b    4 47.412 55.164 -19.706   39.412 4.000  1    0.04550 *
"""
    assert _numbers(_with_commas(text)) == _numbers(text)


@pytest.mark.parametrize("word", ["dose", "(Intercept)", "x"])
def test_thousands_beside_points_stay_what_they_are(word: str):
    rows = f"{word:11}    9,410        210  44.810\nz              1,620        155  10.452\n"
    text = f"Fixed effects:\n            Estimate Std. Error t value\n{rows}"

    assert {text for _, text, _ in _numbers(text)} == {"9,410", "210", "44.810", "1,620", "155", "10.452"}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8", "utf-8-sig"])
def test_files_of_windows_are_read_in_each_encoding(encoding: str, tmp_path):
    path = tmp_path / "log.txt"
    path.write_bytes(SUMMARY.replace("\n", "\r\n").encode(encoding))

    assert _numbers(text_of(str(path))) == _numbers(SUMMARY)


def test_a_reflowed_table_of_a_page_is_reported():
    table = """==============
Model 1<br />
(Intercept) 23.55 (0.64) ***
week -2.38 (0.14) ***
AIC 2294.73<br />
Log Likelihood -1143.36<br />
============== *** p < 0.001"""
    prose = "<pre>[1] 3.5</pre><p>The mean was 1.25 (0.10) in all.</p>"
    page = f"<html><body>{prose}<p>{table}</p><p>So 2.50 (0.20)</p></body></html>"
    printout = read_printout(page)

    said = " ".join(text for _, text in printout.unread)
    assert all(number in said for number in ("23.55", "-2.38", "2294.73", "-1143.36"))
    assert not any(number in said for number in ("1.25", "2.50"))


def test_likelihood_ratio_tests_of_lmtest_are_read():
    (block,) = read_printout("""Likelihood ratio test

Model 1: score ~ week + (1 | ward)
Model 2: score ~ week + arm + (1 | ward)
  #Df  LogLik Df  Chisq Pr(>Chisq)
1   4 -512.33
2   6 -507.90  2 8.8600    0.01191 *
---
Signif. codes:  0 '***' 0.001 '**' 0.01 '*' 0.05 '.' 0.1 ' ' 1
""")

    assert (block.kind, block.heads["model 2"], block.unread) == (
        "lmtest.lrtest",
        "score ~ week + arm + (1 | ward)",
        [],
    )
    assert [(n.id, n.text) for n in block.numbers] == [
        ("1.npar", "4"),
        ("1.loglik", "-512.33"),
        ("2.npar", "6"),
        ("2.loglik", "-507.90"),
        ("2.chisq_df", "2"),
        ("2.chisq", "8.8600"),
        ("2.p", "0.01191"),
        ("2.stars", "*"),
    ]
