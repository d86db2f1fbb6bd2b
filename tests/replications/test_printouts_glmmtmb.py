"""Summaries of glmmTMB: one block, whose ids tell the parts of the model apart."""

import json
from pathlib import Path

import pytest

from replications.printouts.read import read_printout

PASTED = json.loads(Path(__file__).parents[1].joinpath("reference", "pasted.json").read_text("utf8"))


def block_of(name, change=lambda text: text):
    (block,) = read_printout(change("\n".join(PASTED[name])))
    assert not block.unread
    assert block.kind == "glmmTMB.summary"
    return block


@pytest.mark.parametrize("change", [lambda text: text, lambda text: text.replace("\n", "\n## "), str.rstrip])
def test_parts_of_a_model_have_ids_of_their_own(change):
    block = block_of("tmb", change)
    assert block.formula == "apples ~ hours + feed + (1 | orchard)"
    assert block.data_name == "d"
    assert block.heads["zero inflation"] == "~hours"
    texts = {number.id: number.text for number in block.numbers}
    assert len(texts) == len(block.numbers)
    assert (texts["fixef.hours.estimate"], texts["zi_fixef.hours.estimate"]) == ("-0.035217", "-0.02700")
    assert (texts["dispersion"], texts["aic"], texts["n_groups.orchard"]) == ("22.4", "1281.6", "16")
    assert not [id for id in texts if id.endswith("__2")]


def test_each_number_is_in_the_line_it_says():
    lines = PASTED["tmb"]
    assert all(n.text in lines[n.line - 1] for n in block_of("tmb").numbers)


def test_variances_of_zeros_are_apart_from_those_of_the_mean():
    table = " Groups  Name        Variance Std.Dev.\n orchard (Intercept) 0.04     0.20    \n"
    table += "Number of obs: 320, groups:  orchard, 16\n"
    counts = "Number of obs: 320, groups:  orchard, 16\n"
    block = block_of("tmb", lambda text: text.replace(counts, f"{counts}\nZero-inflation model:\n{table}"))
    texts = {number.id: number.text for number in block.numbers}
    assert (texts["varcomp.orchard.intercept.sd"], texts["zi_varcomp.orchard.intercept.sd"]) == ("0.08724", "0.20")
    assert [id for id in texts if id.startswith("n_")] == ["n_obs", "n_groups.orchard"]


def test_a_structure_of_correlations_is_said_with_its_one_correlation():
    texts = {number.id: number.text for number in block_of("tmb_serial").numbers}
    assert texts["varcomp.orchard.week0.ar1"] == "1.00"
    assert texts["varcomp.residual.variance"] == "1.299"


def test_a_family_above_a_model_of_lme4_is_none_of_glmmtmb():
    text = "\n".join(PASTED["glmm"])
    cut = text[text.index(" Family:") :]
    assert "glmmTMB.summary" not in read_printout(cut).kinds()
    assert not [n.id for block in read_printout(cut) for n in block.numbers if n.id.startswith(".")]


BELOW = {
    "a table of tests": "      Df Sum Sq Mean Sq F value Pr(>F)\nplot   3  41.50  13.833   2.114 0.1193\n",
    "criteria": "      df    BIC\nsmall  4 1311.9\nlarge  6 1309.2\n",
    "intervals": "        2.5 % 97.5 % Estimate\nfeed    -0.30   0.11   -0.096\nhours   -0.07  -0.01   -0.035\n",
    "coefficients": "         Estimate Std. Error t value Pr(>|t|)\nheight     1.2500     0.5000   2.500   0.0141\n",
    "variances": " Groups   Name        Std.Dev.\n hedge    (Intercept) 0.3100  \n Residual             0.9200  \n",
    "a line of counts": "Number of obs: 77, groups:  hedge, 11\n",
    "dispersion": "Dispersion parameter for nbinom2 family (): 3.17 \n",
}


@pytest.mark.parametrize("between", ["", "\n", "\n\n"])
@pytest.mark.parametrize("below", BELOW)
@pytest.mark.parametrize("name", ["tmb", "tmb_serial"])
def test_nothing_below_the_last_part_is_of_the_summary(name, below, between):
    text = "\n".join(PASTED[name])
    alone, both = block_of(name), read_printout(f"{text}\n{between}{BELOW[below]}")
    assert both[0].numbers == alone.numbers
    told = {number.line for block in both[1:] for number in block.numbers} | {line for line, _ in both.unread}
    assert len(f"{text}\n{between}{BELOW[below]}".splitlines()) in told


@pytest.mark.parametrize("first", ["Random effects:", "Conditional model:\n             Estimate", "Zero-inflation"])
def test_a_second_summary_of_which_the_first_part_was_not_copied_is_another_block(first):
    text = "\n".join(PASTED["tmb"])
    part = text[text.index(first) if first != "Zero-inflation" else text.rindex("Zero-inflation model:") :]
    one, other = read_printout(f"{text}\n\n{part}")
    assert one.numbers == block_of("tmb").numbers
    assert (other.kind, other.formula) == ("glmmTMB.summary", None)
    (alone,) = read_printout(part)
    assert [(n.id, n.text) for n in other.numbers] == [(n.id, n.text) for n in alone.numbers]
    assert not [n.id for n in other.numbers if n.id.endswith("__2")]


@pytest.mark.parametrize("name", ["lmm", "glmm"])
def test_a_family_below_a_model_of_lme4_begins_another(name):
    above, below = "\n".join(PASTED[name]), "\n".join(PASTED["tmb"])
    alone = read_printout(above)
    both = read_printout(f"{above}\n{below}")
    assert [block.numbers for block in both[:-1]] == [block.numbers for block in alone]
    assert both[0].formula == alone[0].formula
    assert [(n.id, n.text) for n in both[-1].numbers] == [(n.id, n.text) for n in block_of("tmb").numbers]


def test_parts_that_are_printed_by_themselves_are_told_apart():
    vector = "Conditional model:\n(Intercept)       height  \n     0.2100       1.3300  \n\n"
    vector += "Zero-inflation model:\n(Intercept)       height  \n    -1.9000       0.0700  \n"
    ids = [number.id for block in read_printout(f"> fixef(m)\n\n{vector}") for number in block.numbers]
    assert ids == [f"{part}fixef.{term}.estimate" for part in ("", "zi_") for term in ("intercept", "height")]
    table = " Groups Name        Std.Dev.\n hedge  (Intercept) 0.3100  \n"
    printed = f"> VarCorr(m)\n\nConditional model:\n{table}\nZero-inflation model:\n{table}"
    ids = [number.id for block in read_printout(printed) for number in block.numbers]
    assert ids == ["varcomp.hedge.intercept.sd", "zi_varcomp.hedge.intercept.sd"]


@pytest.mark.parametrize(
    ("counts", "groups"),
    [
        (" / Conditional model: hedge, 14", {"hedge": "14"}),
        (" / Conditional model: hedge, 14; row:hedge, 42", {"hedge": "14", "row:hedge": "42"}),
        (" / Conditional model: hedge, 14 / Zero-inflation model: hedge, 14", {"hedge": "14"}),
        (" / Conditional model: hedge, 14 / Zero-inflation model: year, 6", {"hedge": "14", "year": "6"}),
        (" / Zero-inflation model: hedge, 14", {"hedge": "14"}),
    ],
)
def test_groups_of_each_part_are_counted_where_a_model_prints_itself(counts, groups):
    table = " Groups Name        Std.Dev.\n hedge  (Intercept) 0.3100  \n"
    (block,) = read_printout(f"{table}\nNumber of obs: 168{counts}\n")
    texts = {number.id: number.text for number in block.numbers if number.id.startswith("n_")}
    assert texts == {"n_obs": "168"} | {f"n_groups.{name}": count for name, count in groups.items()}
