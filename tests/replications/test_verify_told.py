"""Which model a block is of, on pages with linear and generalized ones: the right one, or not fitted here."""

import json
import random
import re
from pathlib import Path

import numpy as np
import pytest
from reference import generalized_printouts, printouts

import replications
from replications.checking import short
from replications.checking.intervals import Interval
from replications.checking.recomputed import NOT_TOLD

REFERENCE = json.loads((Path(printouts.__file__).parent / "verify_after.json").read_text("utf8"))
TEXTS = {
    name: ("\n".join(lines[:1]).removeprefix("> "), "\n".join(lines[1:])) for name, lines in REFERENCE["texts"].items()
}
FITS = [fit.removeprefix("> ") for fit in REFERENCE["fits"]]
AFTER = (
    *("drop1 of lme4, tested", "drop1 of glmer", "drop1 of lm, tested", "drop1 of glm, tested", "ranova", "type III"),
    *("car II", "car of glmer", "car of lm", "car of glm", "confint, Wald", "confint of glmer, Wald", "confint of lm"),
    *("VarCorr", "VarCorr of glmer", "ranef", "ranef, all", "means", "means of logit", "odds ratios", "rates"),
    *("icc", "r2", "r2 of glmer", "r2 of lm", "fixef", "AIC", "BIC", "logLik", "sigma"),
)
SEED = 1806

pytest.importorskip("nlopt")


def rows():
    d = printouts.frame("d")
    return d.assign(yes=(d["y"] > d["y"].median()).astype(int), count=np.round(np.exp(d["y"] / 3)))


def fenced(text):
    return f"```\n{text}\n```\n"


def code(lines):
    return "```r\n" + "\n".join(lines) + "\n```\n"


def wrong(page):
    found = replications.verify(page, rows())
    return found, [str(one) for one in found.findings if one.verdict == "differs" or one.rule == "a slip"]


@pytest.mark.parametrize("name", AFTER)
def test_without_its_command_a_block_of_several_models_is_its_own_or_none(name):
    found, differs = wrong("\n".join([code(FITS), "We see:\n", fenced(TEXTS[name][1])]))
    assert differs == []
    assert found.having("agrees", "explained", "not fitted here")


@pytest.mark.parametrize("name", AFTER)
@pytest.mark.parametrize("fit", [FITS[0], FITS[3], FITS[5]], ids=["lmer", "glmer", "lm"])
def test_a_page_that_shows_another_model_differs_in_nothing(fit, name):
    assert wrong("\n".join([code([fit]), "We see:\n", fenced(TEXTS[name][1])]))[1] == []


@pytest.mark.parametrize("drawn", range(6))
def test_of_several_commands_in_one_piece_of_code_each_block_finds_its_own(drawn):
    names = random.Random(SEED + drawn).sample(AFTER, 5)
    page = [code(FITS), code(TEXTS[name][0] for name in names), *(fenced(TEXTS[name][1]) for name in names)]
    found, differs = wrong("\n".join(page))
    assert differs == [], names
    own = found.having("agrees", "explained")
    assert len(own) > len(found.having("not fitted here")), names


DROPPED = TEXTS["drop1 of glmer"][1]


def test_deletions_of_a_glmer_whose_summary_has_no_command_are_of_a_glmer():
    found = replications.verify(DROPPED, rows())
    assert found.ok
    assert any("glmer(" in note and "family='binomial'" in note for note in found.notes)


def test_what_is_not_told_and_nothing_gives_says_so():
    found = replications.verify(DROPPED.replace("| g)", "| h)"), rows())
    assert {finding.reason for finding in found.having("not fitted here")} == {NOT_TOLD}
    assert not found.having("differs")


@pytest.mark.parametrize("command", ["m <- update(m, . ~ . - x)", "m <- glmmTMB(y ~ x, d)", "m <- readRDS('m.rds')"])
def test_a_name_that_something_else_was_assigned_to_is_the_old_model_no_more(command):
    others = fenced(re.sub(r"\d\.", "7.", TEXTS["fixef"][1]))
    assert wrong("\n".join([code([FITS[0], "fixef(m)"]), others]))[1]
    found, differs = wrong("\n".join([code([FITS[0], command, "fixef(m)"]), others]))
    assert differs == []
    assert len(found.having("not fitted here")) == len(found.findings)


def test_a_model_beside_a_known_one_in_a_comparison_is_of_its_kind():
    text = (
        "Data: d\nModels:\nsmaller: yes ~ x + (1 | g)\nlogit: yes ~ x + f + (1 | g)\n"
        "        npar    AIC    BIC  logLik deviance  Chisq Df Pr(>Chisq)\n"
        "smaller    3 400.00 411.00 -197.00   394.00                     \n"
        "logit      5 398.00 415.00 -194.00   388.00 6.0000  2    0.04979\n"
    )
    page = [code([FITS[3], "smaller <- update(logit, . ~ . - f)", "anova(smaller, logit)"]), fenced(text)]
    found = replications.verify("\n".join(page), rows())
    assert len([note for note in found.notes if "glmer(" in note and "binomial" in note]) == 2


def test_what_explains_an_interval_by_wald_is_no_profile():
    found, differs = wrong("\n".join([code([FITS[0]]), "We see:\n", fenced(TEXTS["confint, Wald"][1])]))
    explained = found.having("explained")
    assert differs == []
    assert explained
    assert all("profile" not in finding.reason for finding in explained)


CORRELATIONS = "\n".join(
    json.loads((Path(printouts.__file__).parent / "generalized_printouts.json").read_text("utf8"))["texts"][
        "logit, two predictors"
    ]
)


@pytest.mark.parametrize("by", ["0.01", "-0.01", "0.02"])
def test_a_correlation_of_a_glmer_that_is_off_by_a_hundredth_differs(by):
    known = replications.read_printout(CORRELATIONS)[0]
    number = next(n for n in known.numbers if n.id.startswith("fixef_corr."))
    lines = CORRELATIONS.split("\n")
    lines[number.line - 1] = lines[number.line - 1].replace(number.text, f"{float(number.text) + float(by):.3f}", 1)
    found = replications.verify("\n".join(lines), generalized_printouts.rows())
    assert [finding.id for finding in found.having("differs")] == [number.id]


def test_correlations_may_be_as_far_off_as_standard_errors_are():
    values = {"fixef_corr.x.intercept": -0.4}
    assert short.of_glmer("fixef_corr.x.intercept", values, 0.001) == Interval(-0.402, -0.398)
    assert short.of_glmer("fixef_corr.x.intercept", values, 1.0) == short.of_glmer("fixef_corr.x.intercept", values)
