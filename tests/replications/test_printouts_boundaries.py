"""Where a block ends: what two printouts give below each other, without a blank line, is what they give apart."""

import random
import time
from itertools import permutations

import pytest

from replications.printouts.read import read_printout

VARIANCES = """ Groups   Name        Std.Dev. Corr
 school   (Intercept) 2.3982
          x           0.4754   0.321
 Residual             1.5203
"""
SUMMARY = """Linear mixed model fit by REML ['lmerMod']
Formula: y ~ x + arm + (1 | school)
   Data: d

REML criterion at convergence: 1626.2

Random effects:
 Groups   Name        Variance Std.Dev.
 school   (Intercept) 5.530    2.352
 Residual             2.216    1.489
Number of obs: 400, groups:  school, 40

Fixed effects:
            Estimate
(Intercept)  11.0398
x             1.2351
arm B        -0.8271
            Std. Error
(Intercept)     0.4363
x               0.2218
arm B           0.2874
            t value
(Intercept)  25.306
x             5.568
arm B        -2.878

Correlation of Fixed Effects:
      (Intr) x
x     -0.131
arm B -0.210  0.045
"""
PRINTED = {
    "VarCorr": VARIANCES,
    "summary": SUMMARY,
    "one effect": "$school\n          (Intercept)\nSchool 1   -0.5294305\nSchool 10   0.3730019\n",
    "coefficients": """            Estimate Std. Error   t value
(Intercept)  10.9950     0.3265 33.675389
x             1.1967     0.2486  4.814174
arm B        -0.7160     0.3488 -2.052586
                 Pr(>|t|)
(Intercept) 6.929272e-118
x            2.112268e-06
arm B        4.077447e-02
""",
    "tests": """Type III Analysis of Variance Table with Satterthwaite's method
    Sum Sq Mean Sq NumDF  DenDF  F value    Pr(>F)
x   394.64  394.64     1  33.53 170.7384 1.037e-14 ***
arm  78.13   39.06     2 350.79  16.9004 9.832e-08 ***
---
Signif. codes:  0 '***' 0.001 '**' 0.01 '*' 0.05 '.' 0.1 ' ' 1
""",
    "models": """Data: d
Models:
m0: y ~ 1 + (1 | school)
m1: y ~ x + (1 | school)
   npar    AIC    BIC  logLik deviance  Chisq Df Pr(>Chisq)
m0    3 1922.0 1934.0 -958.02   1916.0
m1    4 1755.3 1771.2 -873.63   1747.3 168.78  1  < 2.2e-16 ***
""",
    "intervals": """                 2.5 %    97.5 %
.sig01       1.7720640  2.561153
(Intercept) 10.1847846 11.894872
""",
    "criteria": "   df      BIC\nm0  3 1934.057\nm1  4 1774.119\n",
    "vector": "(Intercept)           x       arm B \n 11.1105341   1.3744286  -1.1171462 \n",
    "counts": "   cls school \n    80     40 \n",
    "inflation": "        GVIF Df GVIF^(1/(2*Df))\nx   2.239457  1        1.496481\narm 1.014078  2        1.003501\n",
    "scalar": "[1] 1750.153\n",
    "tibble": """# A tibble: 2 × 3
  term        estimate std.err¹
  <chr>          <dbl>    <dbl>
1 (Intercept)   11.0      0.326
2 x              1.20     0.249
# … with abbreviated variable name ¹std.error
""",
    "one row": "# A tibble: 1 × 2\n   nobs sigma\n  <int> <dbl>\n1   400  1.52\n",
}
PRINTED["ranef"] = """$school
          (Intercept)          x
School 1   -0.5294305  0.0613000
School 10   0.3730019 -0.0210000
"""


def numbers(text, first=0):
    return [
        (n.id.partition("__2")[0], n.text, n.row, n.column, n.line + first)
        for block in read_printout(text)
        for n in block.numbers
    ]


@pytest.mark.parametrize(("one", "other"), list(permutations(PRINTED, 2)))
def test_what_stands_below_is_read_as_it_is_alone(one, other):
    above, below = PRINTED[one], PRINTED[other]
    apart = numbers(above) + numbers(below, above.count("\n"))
    assert sorted(numbers(above + below)) == sorted(apart)


@pytest.mark.parametrize("name", PRINTED)
def test_each_of_them_is_read_whole(name):
    assert not read_printout(PRINTED[name]).unread


@pytest.mark.parametrize("line", ["Number of Level Two groups =  107", "See 2 of them", "$ 3", "x = 5.2"])
def test_variances_are_read_whatever_follows(line):
    printout = read_printout(VARIANCES + line + "\n")
    assert [n.text for n in printout[0].numbers] == ["2.3982", "0.4754", "0.321", "1.5203"]


def test_levels_that_end_in_a_number_and_headings_with_blanks_stand_by_their_places():
    text = """$school
          (Intercept)       ses sectorOther (private)
School 1  -0.07692360 0.2917394           -0.05980623
School 10  0.07950501 0.2917394           -0.05980623
"""
    found = {(n.row, n.column): n.text for n in read_printout(text)[0].numbers}
    assert found["School 10", "(Intercept)"] == "0.07950501"
    assert found["School 1", "sectorOther (private)"] == "-0.05980623"
    assert {row for row, _ in found} == {"School 1", "School 10"}


def test_a_level_that_ends_in_a_number_is_no_effect_where_places_are_lost():
    text = "$school\n(Intercept) arm old x\nSchool 1 -0.0769 0.2917 -0.0598\nSchool 10 0.0795 0.2917 -0.0598\n"
    assert not any(n.row == "School" for block in read_printout(text) for n in block.numbers)


def test_fitted_values_are_read_in_time_proportional_to_their_number():
    drawn = random.Random(1)
    rows = []
    for start in range(1, 2601, 13):
        rows.append("".join(f"{start + at:9d}" for at in range(13)))
        rows.append("".join(f"{drawn.uniform(9, 15):9.5f}" for _ in range(13)))
    begun = time.process_time()
    block = read_printout("> fitted(m)\n" + "\n".join(rows) + "\n")[0]
    assert len(block.numbers) == 2600
    assert (block.numbers[14].row, block.numbers[14].text) == ("15", rows[3].split()[1])
    assert time.process_time() - begun < 5


def test_numbers_above_numbers_are_no_names():
    assert not [n for block in read_printout("  3   7\n0.1 0.2\n") for n in block.numbers if block.kind != "unread"]


def test_criteria_below_a_table_are_no_row_of_it():
    table = PRINTED["coefficients"].rstrip("\n")
    printout = read_printout(table + "\n AIC =  6731 ;  BIC =  6822\n")
    assert [(n.id, n.text) for n in printout[1].numbers] == [("aic", "6731"), ("bic", "6822")]
    assert not [n for n in printout[0].numbers if n.text in ("6731", "6822")]


def test_correlations_of_effects_are_no_effects():
    table = "            (Intercept)   visit\n(Intercept)      1.0000 -0.2384\nvisit           -0.2384  1.0000"
    text = f"> cor(ranef(m)$ppt)\n{table}"
    assert [block.kind for block in read_printout(text)] == ["base.print.data.frame"]


def test_a_part_of_a_list_is_no_vector_of_estimates():
    text = "$se\n(Intercept)         x \n      0.326     0.249 \n"
    assert [block.kind for block in read_printout(text)] == ["base.print.vector"]


def test_a_table_without_rows_has_none_of_the_next():
    empty = "Analysis of Variance Table\n     npar Sum Sq Mean Sq F value\n"
    found = {
        (n.row, n.column): n.text for block in read_printout(empty + PRINTED["coefficients"]) for n in block.numbers
    }
    assert found["(Intercept)", "Std. Error"] == "0.3265"
    assert found["arm B", "Pr(>|t|)"] == "4.077447e-02"
    assert {column for _, column in found} == {"Estimate", "Std. Error", "t value", "Pr(>|t|)"}
