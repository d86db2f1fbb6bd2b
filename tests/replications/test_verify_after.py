"""What R prints after a fit, against the data: tests of terms, deletions, intervals, means, contrasts, indices."""

import json
import random
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from reference import printouts
from slips import slipped

import mlm
import replications
from replications.checking import short
from replications.checking.calls import chain, parse
from replications.checking.finding import FITTED
from replications.checking.intervals import Interval
from replications.checking.targets import Asked, targets
from replications.printouts.pages import lines_of

REFERENCE = json.loads((Path(printouts.__file__).parent / "verify_after.json").read_text("utf8"))
TEXTS = REFERENCE["texts"]
NEVER = {
    "anova of glmer": "an approximation",
    "car of glm, III": "with interactions",
    "confint by bootstrap": "draws",
    "vcov": "is not recomputed",
}
"""What is not computed again, and why."""
IN_PART = {
    "means of a fit by ML": "two fits at once",
    "means within": "two fits at once",
    "performance": "restricted likelihood",
}
SEED = 1812

pytest.importorskip("nlopt")


@cache
def rows():
    d = printouts.frame("d")
    return d.assign(yes=(d["y"] > d["y"].median()).astype(int), count=np.round(np.exp(d["y"] / 3)))


def text_of(name):
    return "\n".join([*REFERENCE["fits"], "", *TEXTS[name]])


@cache
def verified(name):
    return replications.verify(text_of(name), rows())


@pytest.mark.parametrize("name", TEXTS)
def test_every_number_is_computed_again(name):
    found = verified(name)
    assert found.ok, found
    assert not found.having("unread")
    fitted = [f for f in found.having("agrees", "explained") if f.computed is not None or f.rule == FITTED]
    told = found.having("not fitted here")
    assert bool(fitted) != (name in NEVER), found
    assert bool(told) == (name in NEVER or name in IN_PART), found
    assert all((NEVER | IN_PART)[name] in finding.reason for finding in told)


@pytest.mark.parametrize("name", [name for name in TEXTS if name not in NEVER])
def test_a_slip_is_found_and_nothing_else(name):
    text, draw = text_of(name), random.Random(f"{SEED} {name}")
    fitted = {(f.line, f.id) for f in verified(name).findings if f.computed is not None}
    numbers = [n for block in verified(name).printout for n in block.numbers if (n.line, n.id) in fitted]
    may_be = [n for n in numbers if "<" not in n.text and slipped(text, n, draw) is not None]
    number = draw.choice(may_be)
    told = replications.verify(slipped(text, number, draw), rows())
    assert not told.ok, (number, told)
    differs = [finding for finding in told.having("differs") if finding.rule == FITTED]
    assert number.id in {finding.id for finding in differs}, (number, told)
    assert {finding.line for finding in differs} == {number.line}, (number, told)


def test_most_numbers_are_computed_again():
    findings = [finding for name in TEXTS for finding in verified(name).findings]
    fitted = sum(finding.computed is not None for finding in findings)
    assert fitted > 1000
    assert sum(finding.verdict == "not fitted here" for finding in findings) < 0.1 * fitted


def test_commands_are_read_from_the_outside():
    call = parse('contrast(emmeans(m, ~ f | g, at = list(x = c(0, 1))), method = "eff", ref = 2) # all')
    assert call.function == "contrast"
    assert call.others == [("method", '"eff"'), ("ref", "2")]
    assert [one.function for one in chain("(means |> pairs(reverse = TRUE))", {"means": "emmeans(m, 'f')"})] == [
        "pairs",
        "emmeans",
    ]
    assert parse("no call") is None


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ("emmeans(two, ~ f, cov.reduce = range)", "cov.reduce"),
        ("update(emmeans(two, ~ f), level = 0.9)", "no formula"),
        ('emtrends(two, ~ f, var = "k")', "numeric predictor"),
        ("emmeans(two, ~ k)", "4 rows, and 3 are printed"),
        ("emmeans(two, ~ f, at = points)", "at = points"),
    ],
)
def test_what_a_command_asks_for_and_is_not_computed_is_said(call, reason):
    table = TEXTS["means by name"][1:]
    found = replications.verify("\n".join([*REFERENCE["fits"], "", f"> {call}", *table]), rows())
    assert found.ok, found
    assert any(reason in finding.reason for finding in found.having("not fitted here")), found


@pytest.mark.parametrize("call", ["multcomp::cld(means)", "cld(emmeans(two, ~ f, at = list(x = 1)))"])
def test_means_with_letters_are_found_by_their_levels_in_whatever_order(call):
    head, *table = TEXTS["means by name"][1:]
    lettered = [
        f"{head} .group",
        *(f"{row}  {'ab'[at:]}" for at, row in enumerate((table[1], table[0]))),
        f"{table[2]}   b",
    ]
    text = "\n".join(
        [*REFERENCE["fits"], "", f"> {call}", *lettered, *table[3:], "significance level used: alpha = 0.05"]
    )
    found = replications.verify(text, rows())
    assert found.ok, found
    assert found.frame["computed"].notna().sum() == 15
    assert [finding.printed for finding in found.having("not fitted here")] == ["ab", "b", "b"]
    slip = text.replace("1.06     2.37", "1.06     2.39")
    assert {finding.id for finding in replications.verify(slip, rows()).having("differs")} == {"b.ci_high"}


def test_a_deletion_that_prints_its_formula_needs_no_command():
    for name in ("drop1 of lme4, tested", "ranova", "drop1 of lm, tested"):
        found = replications.verify("\n".join(TEXTS[name]), rows())
        assert found.ok, found
        assert found.frame["computed"].notna().sum() > 8


def test_rows_that_come_back_with_a_term_are_not_compared():
    d = rows().assign(x=rows()["x"].where(rows().index % 9 > 0))
    text = "\n".join(["> l <- lm(y ~ x * f + z, d)", *TEXTS["drop1 of lm"]])
    assert replications.verify(text, d).having("differs")
    ml = "\n".join(["> ml <- lmer(y ~ x * f + z + (1 | g), d, REML = FALSE)", *TEXTS["car of glm"]])
    assert not replications.verify(ml, d.drop(columns="z")).having("differs")


def test_where_the_printout_says_that_a_search_went_astray_numbers_may_be_farther_off():
    """An intercept's variance is 1.8996 at the optimum, 1.8984 where lme4's algorithm stops here, 1.8946 in R."""
    printed = Interval(1.8945, 1.8947)
    assert not printed.meets(short.as_near(1.8996, 1.8984))
    assert printed.meets(short.as_near(1.8996, 1.8984, astray=True))
    summary = str(mlm.lmer("y ~ x + f + (x | g)", rows()).summary())
    confint = "> confint(m, method = 'Wald')\n      2.5 %   97.5 %\nx  0.0001   0.0002\n"
    for said in ("", "Model failed to converge with max|grad| = 0.0319 (tol = 0.002, component 1)\n"):
        text = f"> summary(m)\n{summary}\n{said}\n{confint}"
        found = list(targets(replications.read_printout(text), lines_of(text), Asked()))
        assert [target.astray for target in found] == [bool(said)] * 2


def test_a_log_of_commands_is_no_quoted_mail():
    log = "\n".join([*REFERENCE["fits"], *TEXTS["sigma"]])
    assert [block.kind for block in replications.read_printout(log)] == ["stats.sigma"]
    quoted = "\n".join(f"> {line}" for line in ["Hello,", *TEXTS["means by name"]])
    assert [block.kind for block in replications.read_printout(quoted)] == ["emmeans.emmeans"]


def test_a_summary_by_kenward_and_rogers_method():
    m = mlm.lmer("y ~ x * f + z + (1 | g) + (1 | h)", rows())
    text = str(m.summary(ddf="kenward-roger"))
    found = replications.verify(text, rows())
    assert found.ok, found
    slip = text.replace("Kenward-Roger's", "Satterthwaite's")
    assert slip != text
    assert replications.verify(slip, rows()).having("differs")


def test_shares_of_terms_with_double_bars_are_left_open():
    d = rows()
    m = mlm.lmer("y ~ x + (x || g)", d)
    text = f"> m <- lmer(y ~ x + (x || g), d)\n> performance::icc(m)\n{mlm.icc(m)}\n"
    assert replications.verify(text, d).having("agrees")
    other = re.sub(r"(Adjusted ICC: )0\.\d", r"\g<1>0.9", text)
    (told,) = replications.verify(other, d).having("not fitted here")
    assert "||" in told.reason
