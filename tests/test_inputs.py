"""The catalogue of what goes into a model: every input gives the right answer, or one error that says what to do."""

import re
import sys
import time
from pathlib import Path

import pytest

import mlm.errors

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "book" / "_ext"))

import catalogue  # noqa: E402

INPUTS = catalogue.everything()
SECONDS = 10  # R takes less than one for the largest of them; a busy machine several times as long


@pytest.mark.parametrize("entry", INPUTS, ids=lambda entry: f"{entry.group}: {entry.title}")
def test_an_input_gives_what_the_catalogue_says(entry):
    if not entry.can_run:
        pytest.skip(f"{', '.join(entry.needs)} not installed")
    begin = time.perf_counter()
    faults = catalogue.faults(entry)
    assert not faults, "\n".join([entry.code, *faults])
    assert time.perf_counter() - begin < SECONDS


def test_the_catalogue_is_large_and_every_title_is_there_once():
    assert len(INPUTS) >= 200
    titles = [(entry.group, entry.title) for entry in INPUTS]
    assert len(set(titles)) == len(titles)
    assert {path.stem for path in catalogue.INPUTS.glob("*.toml")} == set(catalogue.GROUPS)


def test_every_input_says_what_comes_of_it():
    for entry in INPUTS:
        assert entry.equals or entry.refused or entry.warns, entry.title
        assert not (entry.refused and entry.equals), entry.title
        assert bool(entry.says) == bool(entry.refused or entry.warns), entry.title
        for name in filter(None, (entry.refused, entry.warns)):
            assert issubclass(getattr(mlm.errors, name), mlm.errors.MlmError | mlm.errors.MlmWarning)


PLAIN = 'mlm.lmer("y ~ x + (1 | g)", d)'


@pytest.mark.parametrize(
    ("code", "right", "expected"),
    [
        ('mlm.lmer("y ~ z + (1 | g)", d)', PLAIN, "it gives"),
        ('mlm.lmer("y ~ x + z + (1 | g)", d)', PLAIN, "there are (8,) figures, expected (6,)"),
        ('mlm.lmer("y ~ nobody + (1 | g)", d)', PLAIN, "DataError, expected a fit"),
        (f'd.loc[0, "x"] = None\n{PLAIN}', PLAIN, "warnings are ['MissingRowsWarning'], expected none"),
        (PLAIN, "", "there is no right answer to compare with"),
    ],
)
def test_a_wrong_outcome_is_seen(code, right, expected):
    assert expected in catalogue.faults(catalogue.Input("none", "none", code, equals=right))[0]


def test_a_message_that_lacks_the_remedy_is_seen():
    entry = catalogue.Input("none", "none", 'mlm.lm("y ~ nobody", d)', refused="DataError", says=("'nobody'", "a cake"))
    assert [fault[:36] for fault in catalogue.faults(entry)] == ["the message does not say 'a cake': T"]
    accepted = catalogue.Input("none", "none", 'mlm.lm("y ~ x", d)', refused="DataError", says=("x",))
    assert catalogue.faults(accepted) == ["it is accepted, and DataError was expected"]


def test_the_page_shows_every_group_once():
    page = (ROOT / "book" / "what_goes_in.md").read_text("utf-8")
    assert sorted(re.findall(r"```{inputs} (\w+)\n```", page)) == sorted(catalogue.GROUPS)
    assert page.count("```{functions}\n```") == page.count("```{input-counts}\n```") == 1
