"""The grammar of ids: complete, readable, and true of the ids there are."""

import re
from itertools import product
from pathlib import Path

import pytest

from replications import grammar
from replications.quantities import PATTERNS, is_quantity

TABLES = ("of_models", "of_comparisons", "of_terms", "of_headings")


def spelled(form):
    """Return the ids of a form: with and without what may be missing, each word, NAMES as they are."""
    form = form.replace(" | ", "|")
    parts = re.split(r"(\[(?:[^\[\]]|\([^()]*\))*\]|\([^()]*\))", form)
    choices = []
    for part in parts:
        if part.startswith("["):
            choices.append(["", *spelled(part[1:-1])])
        elif part.startswith("("):
            choices.append(part[1:-1].split("|"))
        else:
            choices.append([part])
    alternatives = ["".join(chosen) for chosen in product(*choices)]
    return [one for text in alternatives for one in text.split("|")]


def test_every_pattern_has_a_form_and_a_meaning():
    rows = grammar.of_models()
    assert len(rows) == len(PATTERNS)
    for form, what in rows:
        assert not re.search(r"[?\\^+*]", form), form
        assert len(what) > 10
        assert not what.startswith("None")


@pytest.mark.parametrize("form", [form for form, _ in grammar.of_models()])
def test_what_a_form_spells_is_what_the_code_reads(form):
    (pattern,) = [pattern for pattern, _ in PATTERNS if grammar.readable(pattern.pattern) == form]
    for id in spelled(form):
        assert is_quantity(id)
        assert pattern.fullmatch(id), id


@pytest.mark.parametrize("name", TABLES)
def test_the_page_has_each_table(name):
    page = Path(__file__).parents[2] / "book" / "ids.md"
    assert page.read_text("utf-8").count(f"```{{ids}} {name}\n") == 1
    rows = getattr(grammar, name)()
    assert len({form for form, _ in rows}) == len(rows) > 5
