"""What is handed over to a check: which of it answers for an id, and what is said where nothing does."""

import pandas as pd
import pytest

from replications.lookup import HandedOver
from replications.registry import Entry, Source


class Linear:
    """A fitted linear model of one term."""

    def __init__(self, slope):
        self.fixef = pd.Series({"x": slope})
        self.se = pd.Series({"x": 0.5})


def source(*ids):
    entries = tuple(Entry(id, "1", what="", model="", where="", determined_by="moments") for id in ids)
    return Source("small", "", "", "imm10", entries, {}, {}, {}, {})


def found(about, name, values, extra=None):
    handed = HandedOver(about, name, values, extra)
    return [handed.find(entry) for entry in handed.entries], handed.unused()


def test_a_plain_value_answers_for_its_own_id_only():
    about = source("m.r2", "m.r2.adjusted")
    assert found(about, "m", {"r2": 1, "r2.adjusted": 2}) == ([1, 2], [])
    with pytest.raises(LookupError, match=r"nothing handed over for it\.$"):
        found(about, "m", {"r2": 1})


def test_a_value_stays_used_when_ids_below_it_are_answered_by_the_model():
    about = source("m.x", "m.x.se")
    assert found(about, "m", Linear(2.0), {"x": 7}) == ([7, 0.5], [])


def test_the_nearest_model_answers():
    about = source("t.two.x", "t.x")
    assert found(about, "t", {"": Linear(1.0), "two": Linear(2.0)}) == ([2.0, 1.0], [])


def test_the_name_of_a_quantity_may_begin_within_that_of_the_check():
    about = source("m.coef.x.se", "m.coef.x.estimate")
    for name in ("m", "m.coef", "m.coef.x"):
        assert found(about, name, Linear(2.0)) == ([0.5, 2.0], [])
    assert found(about, "m.coef.x.se", Linear(2.0)) == ([0.5], [])


def test_rows_of_an_anova_table_are_the_models_under_its_key():
    about = source("tests.first.n", "tests.second.a.npar", "tests.second.b.npar")
    table = pd.DataFrame({"npar": [3, 5]})
    assert found(about, "tests", {"first.n": 20, "second": table}) == ([20, 3, 5], [])


def test_a_whole_is_unused_where_no_id_is_below_it():
    about = source("t.one.x")
    values, unused = found(about, "t", {"one": Linear(1.0), "two": Linear(2.0)})
    assert values == [1.0]
    assert unused == ["  two was handed over; nothing published is called so."]


def test_the_tests_of_one_models_terms_answer_for_their_ids():
    frame = pd.DataFrame(
        {"Sum Sq": [2.0, 1.0], "NumDF": [1, 2], "DenDF": [9.5, 8.0], "F value": [4.0, 3.0], "Pr(>F)": [0.004, 0.06]},
        index=["dose", "as.factor(site)"],
    )
    about = source("tests.dose.den_df", "tests.site.f", "tests.site.stars", "tests.dose.p", "tests.dose.chi")
    handed = HandedOver(about, "tests", frame)
    assert [handed.find(one) for one in about.entries[:4]] == [9.5, 3.0, ".", 0.004]
    with pytest.raises(LookupError, match="the table of tests has no 'chi'"):
        handed.find(about.entries[4])
