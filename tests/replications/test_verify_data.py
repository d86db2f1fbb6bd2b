"""A printout against the data: what R printed is computed again, a slip in it is found, and nothing else differs."""

import json
import math
import random
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from reference import generalized_printouts, printouts
from slips import slipped

import mlm
import replications
from mlm.errors import ArgumentError, DataError
from replications.__main__ import main
from replications.checking.recipe import Recipe, family_of

REFERENCE = Path(printouts.__file__).parent
CASES = {case["name"]: case for case in printouts.cases()}
LINEAR = (
    *("REML", "maximum likelihood", "REML with tests", "maximum likelihood with tests", "an intercept only"),
    *("no intercept", "p values of all sizes", "a slope and a crossed factor", "double bars", "weights and offset"),
    *("nested factors with a second term", "two slopes", "5 digits", "6 digits", "120 characters"),
    *("linear", "linear, missing rows", "linear, large numbers", "comparison", "comparison, not refitted"),
)
GENERALIZED = ("logit", "logit, a slope", "logit, shares", "counts, an offset in the formula", "comparison")
QUANTITIES = (
    "estimate",
    "se",
    "t",
    "z",
    "variance",
    "sd",
    "aic",
    "loglik",
    "reml_criterion",
    "n_obs",
    "r2",
    "chisq",
    "max",
)
SEED = 1918

pytest.importorskip("nlopt")


def text_of(file, name):
    return "\n".join(json.loads((REFERENCE / f"{file}.json").read_text("utf8"))["texts"][name])


def given(name):
    """Return a printout of R's and the rows that it is of."""
    if name in CASES:
        return text_of("printouts", name), printouts.frame(CASES[name]["data"])
    return text_of("generalized_printouts", name), generalized_printouts.rows()


@pytest.mark.parametrize("name", [*LINEAR, *GENERALIZED])
def test_a_slip_in_what_r_printed_is_found_and_nothing_else(name):
    text, rows = given(name)
    found = replications.verify(text, rows)
    assert found.ok, found
    assert len(found.having("agrees")) > 10
    assert found.frame["computed"].notna().sum() > 10
    draw = random.Random(f"{SEED} {name}")
    numbers = [n for block in found.printout for n in block.numbers if n.id.rpartition(".")[2] in QUANTITIES]
    for number in draw.sample(numbers, 2):
        wrong = slipped(text, number, draw)
        if wrong is not None:
            told = replications.verify(wrong, rows).having("differs")
            assert number.id in {finding.id for finding in told if finding.rule == "fitted to the data"}, number
            assert all(number.id == finding.id or number.id in finding.given for finding in told), (number, told)


def test_twenty_printouts_and_more_are_checked():
    assert len({*LINEAR, *GENERALIZED}) > 20


OTHERS = json.loads((REFERENCE / "verify_printouts.json").read_text("utf8"))["texts"]
COMMANDS = """\
> m <- lmer(y ~ x + f + (1 | g), d)
> ml <- lmer(y ~ x + f + (1 | g), d, REML = FALSE)
> slopes <- lmer(y ~ x + f + (x | g), d, REML = FALSE)
> tested <- lmer(y ~ x + f + z + (1 | g) + (1 | h), d)
> l <- lm(y ~ x + f, d)
> logit <- glm(yes ~ x + f, binomial, d)
"""
"""Those of verify_printouts.R."""
NOT_FITTED = ("lme, autocorrelated", "comparison of lme")


@pytest.mark.parametrize("name", OTHERS)
def test_other_printouts_of_r(name):
    rows = printouts.frame("d")
    rows = rows.assign(yes=(rows["y"] > rows["y"].median()).astype(int), count=np.round(np.exp(rows["y"] / 3)))
    found = replications.verify("\n".join([COMMANDS, *OTHERS[name]]), rows)
    assert found.ok, found
    fitted = [f for f in found.having("agrees") if f.rule == "fitted to the data"]
    assert bool(fitted) == (name not in NOT_FITTED)


@pytest.fixture(scope="module")
def rows():
    return printouts.frame("d")


def printed(model, **options):
    return str(model.summary(**options))


def reasons(found):
    return {finding.reason.partition(" gives ")[0] for finding in found.findings if finding.rule == "a slip"}


def test_the_other_method_explains_the_numbers(rows):
    text = printed(mlm.lmer("y ~ x + f + (1 | g)", rows, reml=False))
    wrong = text.replace("maximum likelihood  ['lmerMod']", "REML ['lmerMod']")
    assert wrong != text
    found = replications.verify(wrong, rows)
    assert reasons(found) == {"maximum likelihood instead of REML"}
    assert not [f for f in found.having("differs") if f.rule == "fitted to the data" and f.id.startswith("fixef.")]
    assert not found.ok
    assert replications.verify(wrong, rows, reml=False).ok


def test_complete_cases_of_more_columns_explain_the_numbers(rows):
    more = rows.assign(unused=rows["z"].where(rows.index % 7 > 0))
    text = printed(mlm.lmer("y ~ x + (1 | g)", more.dropna()))
    found = replications.verify(text, more)
    assert reasons(found) == {"complete cases of all columns of the data"}
    assert not found.having("differs")


def test_centring_explains_the_numbers(rows):
    shifted = rows.assign(x=rows["x"] + 50)
    at_mean = shifted.assign(x=shifted["x"] - shifted["x"].mean())
    assert reasons(replications.verify(printed(mlm.lmer("y ~ x + (1 | g)", at_mean)), shifted)) == {
        "x centred at the mean"
    }
    within = shifted.assign(x=shifted["x"] - shifted.groupby("g")["x"].transform("mean"))
    found = replications.verify(printed(mlm.lmer("y ~ x + (1 | g)", within)), shifted)
    assert reasons(found) == {"x centred at the means of g"}


def test_the_populations_deviation_explains_the_numbers():
    few = printouts.frame("few_groups")
    z = (few["x"] - few["x"].mean()) / few["x"].std(ddof=0)
    text = printed(mlm.lmer("y ~ x + (1 | g)", few.assign(x=z))).replace("y ~ x +", "y ~ scale(x) +")
    text = re.sub(r"^x ( +-?\d)", r"scale(x) \1", text, flags=re.MULTILINE)
    found = replications.verify(text, few)
    assert reasons(found) == {"scale() by the population's standard deviation"}


def test_a_single_wrong_number_is_no_other_fit(rows):
    text = printed(mlm.lmer("y ~ x + (1 | g)", rows))
    found = replications.verify(re.sub(r"(?m)^x +-?\d", lambda m: m[0][:-1] + "7", text), rows)
    assert found.having("differs")
    assert not reasons(found)


def test_names_rows_and_formulas_are_given(rows):
    m = mlm.lmer("y ~ x + (1 | g)", rows[rows["z"] > 3])
    other = rows.rename(columns={"x": "x_in_file"})
    assert replications.verify(printed(m), other, rename={"x": "x_in_file"}, where="z > 3").ok
    assert replications.verify(
        printed(m).replace("Formula: y ~ x + (1 | g)\n", ""), rows[rows["z"] > 3], formula=m.formula
    ).ok


def test_a_missing_column_is_no_difference(rows):
    text = printed(mlm.lmer("y ~ x + (1 | g)", rows))
    found = replications.verify(text, rows.drop(columns="x"))
    assert found.ok
    told = found.having("not fitted here")
    assert len(told) == len(found.printout[0].numbers)
    assert "x" in told[0].reason


def test_tables_of_models_with_their_formulas(rows):
    models = {"Model 1": "y ~ x + (1 | g)", "Model 2": "y ~ x + z + (1 | g)"}
    table = str(mlm.regtable([mlm.lmer(formula, rows) for formula in models.values()]))
    found = replications.verify(table, rows, formula=models)
    assert found.ok, found
    assert len(found.having("agrees")) > 20
    without = replications.verify(table, rows)
    assert without.ok
    assert "formula={'Model 1': ...}" in without.having("not fitted here")[0].reason


def test_blocks_about_a_model_that_a_command_fitted(rows):
    m = mlm.lmer("y ~ x + (1 | g)", rows, reml=False)
    text = (
        f"> m <- lmer(y ~ x +\n+   (1 | g), data = d, REML = FALSE) # fitted\n> AIC(m)\n[1] {m.aic:.4f}\n"
        f"> performance::icc(m)\n{mlm.icc(m)}\n"
    )
    found = replications.verify(text, rows)
    assert found.ok, found
    assert {f.id for f in found.having("agrees")} == {"aic", "adjusted", "unadjusted"}
    assert not replications.verify(text.replace(f"{m.aic:.4f}", f"{m.aic + 2:.4f}"), rows).ok


NLME = """\
Linear mixed-effects model fit by REML
  Data: d
      AIC   BIC logLik
  {aic:.3f} {bic:.3f} {loglik:.4f}

Random effects:
 Formula: ~1 | g
        (Intercept) Residual
StdDev:   {between:.7f} {within:.6f}
{structure}
Fixed effects:  y ~ x
                Value Std.Error  DF  t-value p-value
(Intercept) {a:.6f} {a_se:.7f} 222 {a_t:.6f}       0
x           {b:.6f} {b_se:.7f} 222 {b_t:.6f}       0

Number of Observations: {n}
Number of Groups: 14
"""


@pytest.mark.parametrize(
    "structure", ["", "\nCorrelation Structure: AR(1)\n Formula: ~1 | g\n Parameter estimate(s):\n Phi\n0.2\n"]
)
def test_an_lme_with_a_structure_is_not_fitted_here(rows, structure):
    m = mlm.lmer("y ~ x + (1 | g)", rows)
    (a, b), (a_se, b_se) = m.fixef, m.se
    sd = m.varcorr["sdcor"]
    numbers = {"a": a, "b": b, "a_se": a_se, "b_se": b_se, "a_t": a / a_se, "b_t": b / b_se}
    numbers["bic"] = -2 * m.loglik + 4 * math.log(m.nobs - 2)
    numbers |= {"aic": m.aic, "loglik": m.loglik, "between": sd.iloc[0], "within": sd.iloc[1], "n": m.nobs}
    found = replications.verify(NLME.format(structure=structure, **numbers), rows)
    fitted = [f for f in found.having("agrees") if f.rule == "fitted to the data"]
    assert not found.having("differs")
    assert (len(fitted) > 8) == (not structure)
    if structure:
        assert "AR(1)" in found.having("not fitted here")[0].reason


def test_the_fourth_chapter_of_the_book_in_its_own_words():
    """A document's BIC of 1780 is rounded twice, and its residuals are those of lme4 1.1-20."""
    pupils = replications.load("imm10", verbose=False)
    m = mlm.lmer("math ~ homework + ses + meanses + (homework | schnum)", pupils, reml=False)
    text = re.sub(r"(?m)^ *(\d+)\.\d +(\d+)\.\d +(-\d+)\.\d +(\d+)\.\d +(\d+)", r"\1 1780 \3 \4 \5", printed(m))
    (told,) = [f for f in replications.verify(text, pupils).findings if f.id == "bic" and f.rule != RULE_OF_BIC]
    assert (told.verdict, told.rule) == ("explained", "rounded twice")


RULE_OF_BIC = "BIC from AIC, parameters and observations"


@pytest.mark.parametrize("extra", [["--json"], ["--html"], []])
def test_the_command(tmp_path, capsys, rows, extra):
    log, data = tmp_path / "log.txt", tmp_path / "rows.csv"
    kept = rows[rows["z"] > 3]
    log.write_text(printed(mlm.lmer("y ~ x + (1 | g)", kept)), encoding="utf-8")
    rows.rename(columns={"x": "xx"}).to_csv(data, index=False)
    command = ["verify", str(log), str(data), "--rename", "x=xx", "--where", "z > 3", *extra]
    assert main(command) == 0
    assert capsys.readouterr().out[0] in "{<1"
    assert main([*command, "--ml"]) == 1
    capsys.readouterr()
    assert main([*command, "--formula", "y ~ z + (1 | g)"]) == 1


def test_the_command_with_wrong_arguments(tmp_path, capsys):
    log = tmp_path / "log.txt"
    log.write_text("x", encoding="utf-8")
    assert main(["verify", str(log), "--where", "a > 1"]) == 2
    assert "where says how models are fitted" in capsys.readouterr().err
    assert main(["verify", str(log), str(tmp_path / "none.csv")]) == 2
    with pytest.raises(SystemExit):
        main(["verify", str(log), "--rename", "x"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"formula": 3}, "formula is a str"),
        ({"weights": 3}, "weights is a str"),
        ({"reml": "yes"}, "reml is True or False"),
        ({"where": 3}, "where is a str"),
        ({"where": "nothing > 1"}, "not a condition"),
        ({"where": "x > 1e9"}, "none of the"),
        ({"rename": {"a": "nothing"}}, "no column 'nothing'"),
        ({"rename": "a"}, "rename is a mapping"),
    ],
)
def test_wrong_arguments(rows, arguments, said):
    with pytest.raises(ArgumentError, match=said):
        replications.verify("text", rows, **arguments)


def test_wrong_data():
    with pytest.raises(ArgumentError, match="data is the name of a file or a data frame"):
        replications.verify("text", 3)
    with pytest.raises(DataError):
        replications.verify("text", "none.csv")
    with pytest.raises(ArgumentError, match="weights says how models are fitted"):
        replications.verify("text", weights="w")
    assert replications.verify("text", {"y": [1.0]}).status == 2
    assert isinstance(replications.verify("text", pd.DataFrame({"y": [1.0]})).frame, pd.DataFrame)


def test_recipes_say_their_call():
    assert (
        str(Recipe("glmer", "y ~ (1 | g)", family="binomial"))
        == "glmer('y ~ (1 | g)', data, family='binomial', n_agq=1)"
    )
    assert family_of("binomial ( logit )") == ("binomial", "logit")
    assert family_of('poisson(link = "log")') == ("poisson", "log")
    assert family_of("Negative Binomial(1.13)  ( log )") == ("negative.binomial", "log")
    assert family_of("quasipoisson") is None
