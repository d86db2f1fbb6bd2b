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
