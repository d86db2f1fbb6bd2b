"""The index of concepts: every word of the glossary, with the sections that introduce it or say most about it."""

import sys
from pathlib import Path

import pytest
from chapters import is_draft

pytest.importorskip("myst_nb", reason="the extra `book` is not installed")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "book" / "_ext"))

import concepts

FOUND = concepts.index()
SECTIONS = [
    ("The chapter", "Goals: {term}`design effect`, a {term}`slope <random slope>`."),
    ("Costs", "The design effect here; design effects there; and a design-effect."),
    ("Slopes", "Any {term}`slope <random slope>`."),
    ("Other", "A design effect. A level, a level, levels."),
]


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("design effect", ["Costs"]),  # not the goals, but where it is said most
        ("random slope", ["Slopes"]),
        ("level", ["Other"]),  # never linked, said three times
        ("shrinkage", []),
    ],
)
def test_a_section_is_listed_that_introduces_a_word_or_says_it_most(word, expected):
    assert concepts.places(word, SECTIONS) == expected


def test_other_names_count_for_a_word():
    parts = [("Goals", ""), ("One", "The {term}`intraclass correlation`."), ("Two", "ICC, ICCs.")]
    assert concepts.places("intraclass correlation", parts) == ["One", "Two"]


def test_a_section_is_listed_that_has_the_word_in_its_title():
    parts = [("Level", "A {term}`level`."), ("What a level is", ""), ("Two-level models", "level, level, level")]
    assert concepts.places("level", parts) == ["What a level is", "Two-level models"]


@pytest.mark.parametrize(
    ("word", "key", "title"),
    [
        ("complete pooling", "day1_basics", "Complete pooling"),
        ("fixed effect", "learn_mlms_ch4", "Fixed and random effects"),
        ("likelihood-ratio test", "two_level_mlm", "The likelihood-ratio test"),
        (
            "Kenward and Roger's approximation",
            "after_tests",
            "Kenward and Roger: the standard error itself is too small",
        ),
    ],
)
def test_sections_with_the_word_in_their_title_come_first(word, key, title):
    assert FOUND[word][0] == (key, title)


def test_no_word_leads_to_the_head_of_a_chapter():
    heads = {next(concepts.sections(key))[0] for key in concepts.CHAPTERS}
    assert not {word for word, places in FOUND.items() if heads & {title for _, title in places}}


def test_the_goals_are_listed_where_nothing_else_is():
    assert concepts.places("twin", [("Goals", "A {term}`twin`."), ("One", "")]) == ["Goals"]


def test_every_word_of_the_glossary_is_in_the_index():
    assert list(FOUND) == list(concepts.definitions())
    assert set(concepts.ALSO.values()) <= set(FOUND)
    assert not set(concepts.ALSO) & set(FOUND)


def test_links_lead_to_sections_and_name_the_chapter():
    text, link = concepts.links([("day1_basics", "Three ways to pool")])
    assert text.astext() == "3, "
    assert link["refuri"] == "day1_basics.html#three-ways-to-pool"
    assert concepts.links([])[0].astext() == "in the glossary only"


def test_most_words_are_taught_in_a_section():
    said_elsewhere = {"robust standard error"}  # "see" another
    untaught = {word for word, places in FOUND.items() if not places} - said_elsewhere
    assert len(untaught) <= 3, untaught
    assert {key for places in FOUND.values() for key, _ in places} == {
        key for key in concepts.CHAPTERS if not is_draft(key)
    }
