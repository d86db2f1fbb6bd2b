"""The prepared samples are those of the chapters: models of them give the printed numbers."""

import numpy as np
import pytest

import mlm
import replications
from replications.errors import RegistryError

MODELS = {
    "learn_mlms_ch4": ("null_model", "math ~ 1 + (1 | schcode)", True),
    "soci832_multilevel": ("model3", "math ~ homework + (1 | schnum)", False),
    "day1_basics": ("model1", "poleff ~ 1 + educCWC + urbanCWC + cpiCGM + (1 | cnt)", True),
    "vaisey_mlm": ("bw1", "stflife ~ b.eduyrs + w.eduyrs + (1 | cntry)", False),
    "two_level_mlm": (
        "model2",
        "trustind ~ age_cwc + gend_cwc + edu_cwc + inc_cwc + gini_cgm + postcom_cgm + cpi_cgm + (1 | cntry)",
        True,
    ),
}


@pytest.mark.parametrize("source", replications.SOURCES)
def test_every_source_has_a_sample(source):
    assert len(replications.prepared(source)) > 10


@pytest.mark.parametrize("source", MODELS)
def test_a_prepared_sample_gives_the_printed_numbers(source, monkeypatch, tmp_path):
    monkeypatch.setenv("MLM_CHECKS", str(tmp_path))
    name, formula, reml = MODELS[source]
    data = replications.prepared(source)
    table = replications.published(source).check(name, mlm.lmer(formula, data, reml=reml))
    assert set(table["agrees"]) <= {"yes", "exception"}
    assert len(table) > 10


def test_rows_that_a_chapter_leaves_out_are_kept_on_request():
    some, every = (replications.prepared("two_level_mlm", all_rows=rows) for rows in (False, True))
    assert len(every) > len(some) > 0
    assert {"ISR", "KOS"} & set(every["cntry"]) - set(some["cntry"])
    assert np.isclose(every.groupby("cntry")["age_cwc"].mean(), 0, atol=1e-12).all()


def test_an_unknown_source_is_answered_with_a_near_one():
    with pytest.raises(RegistryError, match=r"There is no source 'day1_basic'\. Did you mean 'day1_basics'"):
        replications.prepared("day1_basic")
