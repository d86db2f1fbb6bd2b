"""The registry is complete, readable and consistent in itself."""

import re
from collections import Counter
from pathlib import Path

import pytest

from replications import data, places, registry
from replications.errors import RegistryError
from replications.rounding import RELATIONS, agrees, parse

COUNTS = {source: registry.read(source).n_entries for source in registry.SOURCES}  # as each file says
ENTRIES = [(source, entry) for source in registry.SOURCES for entry in registry.read(source).entries]


def test_every_published_value_is_registered_once():
    assert {source: len(registry.read(source).entries) for source in registry.SOURCES} == COUNTS
    assert len(ENTRIES) == sum(COUNTS.values())
    assert max(Counter((source, entry.id) for source, entry in ENTRIES).values()) == 1


def test_sources_name_themselves_and_their_data():
    for source in registry.SOURCES:
        about = registry.read(source)
        assert about.key == source
        assert about.title
        assert about.author
        assert about.dataset in data.datasets()


def test_the_sources_are_the_files_of_the_folder_in_the_order_of_the_book():
    files = {path.stem for path in registry.PUBLISHED.glob("*.toml")} - {"exceptions"}
    assert set(registry.SOURCES) == files
    assert [registry.read(source).chapter["position"] for source in registry.SOURCES] == list(range(1, len(files) + 1))


def test_nothing_is_left_to_decide():
    texts = [path.read_text("utf-8") for path in registry.PUBLISHED.glob("*.toml")]
    texts += [(data.FOLDER / "datasets.toml").read_text("utf-8")]
    texts += [path.read_text("utf-8") for path in (places.ROOT / "book").glob("*.ipynb")]
    assert not any(registry.TO_DECIDE in text for text in texts)


def test_every_value_can_be_read_under_its_relation():
    for source, entry in ENTRIES:
        assert entry.relation in RELATIONS, (source, entry.id)
        assert entry.where, (source, entry.id)
        assert entry.what, (source, entry.id)
        assert entry.determined_by in ("moments", "rows"), (source, entry.id)
        assert entry.basis in ("computed", "printed"), (source, entry.id)
        if entry.relation != "text":
            parse(entry.value, entry.decimals)
        if entry.relation in ("about", "over"):
            assert float(entry.tolerance) > 0, (source, entry.id)


def test_a_printed_number_reproduces_itself():
    for source, entry in ENTRIES:
        if entry.relation in ("rounded", "about", "over"):
            value = float(parse(entry.value, entry.decimals).value)
            assert agrees(value, entry.value, entry.relation, entry.tolerance, entry.decimals), (
                source,
                entry.id,
            )


def test_models_named_by_entries_are_described():
    for source in registry.SOURCES:
        about = registry.read(source)
        described = set(about.models) | {"data", "fig2_lm"}
        named = {entry.model for entry in about.entries}
        assert {model for model in named if model not in described and not model.startswith("anova")} == set()


def test_restatements_point_at_an_entry_that_is_no_restatement():
    for source in registry.SOURCES:
        about = registry.read(source)
        for entry in about.entries:
            if entry.restates:
                assert about.entry(entry.restates).restates is None or source == "learn_mlms_ch4"


def test_exceptions_are_of_registered_values_and_have_reasons():
    for source in registry.SOURCES:
        ids = {entry.id for entry in registry.read(source).entries}
        for kind in ("original", "twin"):
            for id, known in registry.exceptions(source, kind).items():
                assert id in ids
                assert not registry.read(source).entry(id).optimizer_sensitive, "checked at the stopping point"
                assert len(known.reason) > 30
                assert known.data in (None, "original", "twin")


def test_a_twin_exception_does_not_hold_on_the_originals(monkeypatch):
    raw = [{"source": "day1_basics", "id": "data.n_valid", "reason": "x", "data": "twin"}]
    monkeypatch.setattr(registry, "_toml", lambda _: {"exception": raw})
    registry.exceptions.cache_clear()
    assert registry.exceptions("day1_basics", "original") == {}
    assert list(registry.exceptions("day1_basics", "twin")) == ["data.n_valid"]
    registry.exceptions.cache_clear()


def test_labels_have_letters_and_words_not_their_names_in_code():
    code = re.compile(r"\b(alpha|beta|gamma|lambda|rho|sigma|tau|theta|upsilon)(_|\d|\b)|\$|\^|sqrt\(")
    assert not [entry.what for _, entry in ENTRIES if code.search(entry.what)]


def test_unknown_names_are_answered_with_near_ones():
    with pytest.raises(RegistryError, match="Did you mean 'vaisey_mlm'"):
        registry.read("vaisey_mlms")
    with pytest.raises(RegistryError, match=r"'null_model\.reml_criterion'"):
        registry.read("learn_mlms_ch4").entry("null_model.reml_criterium")


def test_under_does_not_mix_up_names_with_a_common_beginning():
    ids = [entry.id for entry in registry.read("soci832_multilevel").under("model1")]
    assert len(ids) == 23
    assert all(id.startswith("model1.") for id in ids)


def test_the_introduction_counts_as_the_registry_does():
    page = (Path(__file__).parents[2] / "book" / "intro.md").read_text("utf8")
    rows = re.findall(r"^\| \[\]\((\w+)\.ipynb\).*\| (\d+) \|$", page, re.MULTILINE)
    assert {source: int(count) for source, count in rows} == COUNTS
