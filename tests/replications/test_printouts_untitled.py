"""Summaries pasted below each other without their titles: each is a block of its own, with its own random effects."""

from itertools import product

import pytest

from replications.printouts.read import read_printout


def lme(group, sd, term, estimate, random=True, fixed=True):
    above = f"Random effects:\n Formula: ~1 | {group}\n        (Intercept) Residual\nStdDev:       {sd}    0.713\n\n"
    below = f"Fixed effects:  weight ~ {term} \n             Value Std.Error DF t-value p-value\n"
    below += (
        f"(Intercept) 41.200     1.310 88   31.45  0.0000\n{term}        {estimate}     0.220 88    4.00  0.0001\n\n"
    )
    below += "Number of Observations: 110\nNumber of Groups: 21 \n\n"
    return above * random + below * fixed


def lmer(group, sd, term, estimate, random=True, fixed=True):
    above = "Random effects:\n Groups   Name        Std.Dev.\n"
    above += f" {group:8} (Intercept) {sd}   \n Residual             0.713   \n"
    above += f"Number of obs: 110, groups:  {group}, 21\n\n"
    below = "Fixed effects:\n            Estimate Std. Error t value\n"
    below += f"(Intercept)   41.200      1.310   31.45\n{term}         {estimate}      0.220    4.00\n\n"
    return above * random + below * fixed


@pytest.mark.parametrize(("one", "two"), list(product([lme, lmer], repeat=2)))
@pytest.mark.parametrize("random", [True, False])
def test_a_second_summary_without_its_title_is_another_block(one, two, random):
    printout = read_printout(
        one("barn", "2.481", "feed", "0.880", random=random) + two("litter", "5.907", "age", "0.990")
    )
    assert not printout.unread
    first, second = ({number.id: number.text for number in block.numbers} for block in printout)
    assert first.get("varcomp.barn.intercept.sd") == ("2.481" if random else None)
    assert (first["fixef.feed.estimate"], second["fixef.age.estimate"]) == ("0.880", "0.990")
    assert (second["varcomp.litter.intercept.sd"], second["n_groups.litter"]) == ("5.907", "21")
    assert not [id for id in (*first, *second) if id.endswith(("__2", "."))]
    assert not {id for id in first if "litter" in id} | {id for id in second if "barn" in id}


@pytest.mark.parametrize("structure", ["Log-Cholesky parametrization", "Diagonal"])
def test_random_slopes_may_begin_a_summary(structure):
    slopes = f"Random effects:\n Formula: ~week | barn\n Structure: General positive-definite, {structure}\n"
    slopes += "            StdDev    Corr  \n(Intercept) 2.1700000 (Intr)\n"
    slopes += "week        0.3100000 -0.412\nResidual    0.7130000       \n\n"
    (block,) = read_printout(slopes + lme("barn", "2.481", "feed", "0.880", random=False))
    texts = {number.id: number.text for number in block.numbers}
    assert (texts["varcomp.barn.week.sd"], texts["varcomp.barn.intercept__week.corr"]) == ("0.3100000", "-0.412")
    assert (texts["n_groups.barn"], block.formula) == ("21", "weight ~ feed")


def test_groups_that_no_line_names_are_counted_without_a_name():
    (block,) = read_printout(lme("barn", "2.481", "feed", "0.880", random=False))
    assert block.get("n_groups").text == "21"


@pytest.mark.parametrize("model", [lme, lmer])
def test_random_effects_alone_are_read_as_their_own(model):
    (block,) = read_printout(model("barn", "2.481", "feed", "0.880", fixed=False))
    assert block.get("varcomp.barn.intercept.sd").text == "2.481"


@pytest.mark.parametrize("before", ["", "(Dispersion parameter for poisson family taken to be 1)\n\n"])
def test_the_lines_below_a_glm_are_read_without_its_table(before):
    footer = (
        "    Null deviance: 412.88  on 96  degrees of freedom\nResidual deviance: 305.17  on 94  degrees of freedom\n"
    )
    printout = read_printout(f"{before}{footer}AIC: 311.17\n")
    (block,) = printout
    texts = {number.id: number.text for number in block.numbers}
    assert (block.kind, printout.unread) == ("stats.glm", [])
    assert texts.pop("dispersion", "") == ("1" if before else "")
    deviances = {"null_deviance": "412.88", "null_df": "96", "deviance": "305.17", "df_resid": "94"}
    assert texts == {**deviances, "aic": "311.17"}
