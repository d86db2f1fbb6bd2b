"""The pages on what comes after the fit: R's numbers in them are those of the references."""

import ast
import json
import re
from pathlib import Path

import nbformat
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent
SIX_DIGITS = 5.1e-6  # half a unit of the sixth digit of 1.00000
# Numbers of R that are no folded line's: shares of draws, their errors, slopes that are not ours.
NOT_COMPARED = {"after_tests": 3, "after_intervals": 12, "after_prediction": 3}
PAGES = ("after_tests", "after_intervals", "after_prediction")

each_page = pytest.mark.parametrize("key", PAGES)


def read(key):
    return nbformat.read(ROOT / f"book/{key}.ipynb", as_version=4)


def given(key):
    """The numbers of R that the cells of a page have, in their order."""
    nodes = [node for cell in read(key).cells if cell.cell_type == "code" for node in ast.walk(ast.parse(cell.source))]
    named = [node.value for node in nodes if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "in_r"]
    return [ast.literal_eval(value) for value in named if isinstance(value, ast.Dict)]


@each_page
def test_numbers_of_r_are_those_of_the_reference(key):
    checks = json.loads((ROOT / f"tests/reference/{key}.json").read_text("utf-8"))["checks"]
    left = list(checks)
    for found in given(key):
        (name,) = [name for name in left if set(checks[name]) == set(found) and _same(found, checks[name])]
        left.remove(name)
    assert not left


def _same(found, wanted):
    return np.allclose([found[name] for name in wanted], list(wanted.values()), rtol=SIX_DIGITS, atol=0)


def folded_tables(key):
    outputs = [output for cell in read(key).cells for output in cell.get("outputs", [])]
    return "".join(output.get("data", {}).get("text/html", "") for output in outputs)


@each_page
def test_compared_numbers_have_labels_in_words_and_say_how_near_they_are(key):
    tables = re.findall(r'<details class="published-check">.*?</details>', folded_tables(key), re.DOTALL)
    rows = [row for table in tables for row in re.findall(r"<tr><th scope=\"row\">(.*?)</th>(.*?)</tr>", table)]
    labels = [re.sub("<wbr>", "", label) for label, _ in rows]
    assert all("<td>within " in cells for _, cells in rows)
    assert not [
        label for label in labels if re.match(r"(S|KR|I|II|III|four|new|sd_\S+) ", label) or "Std. Error" in label
    ]


@each_page
def test_every_number_is_compared(key):
    folded = folded_tables(key)
    counts = [int(count) for count in re.findall(r"<summary>(\d+) of \1 numbers of R agree,? within", folded)]
    assert sum(counts) == sum(map(len, given(key))) - NOT_COMPARED[key]


def test_the_end_that_r_interpolates_is_the_references():
    checks = json.loads((ROOT / "tests/reference/after_intervals.json").read_text("utf-8"))["checks"]
    end = checks["profile"]["cor_homework.(Intercept)|schnum from"]
    assert any(f'ends_of = {{"R": {end:.6g},' in cell.source for cell in read("after_intervals").cells)


@each_page
def test_page_says_what_comes_before_it_and_where_r_differs(key):
    prose = "\n\n".join(cell.source for cell in read(key).cells if cell.cell_type == "markdown")
    assert prose.count("**Before this chapter.**") == 1
    assert prose.count("## Where R and we differ, and who is right") == 1


@each_page
def test_page_has_a_plain_form(key, monkeypatch):
    pytest.importorskip("pybtex", reason="the extra `book` is not installed")
    monkeypatch.syspath_prepend(str(ROOT / "book/_ext"))
    import plain

    chapter = plain.read(ROOT / f"book/{key}.ipynb")
    source = "\n".join(cell.source for cell in plain.notebook(chapter, "About").cells if cell.cell_type == "markdown")
    assert not re.search(r"\{[\w:]+\}`|^[`:]{3,}\{", source, re.MULTILINE)
    assert len(chapter.figures) >= 1


def printed(cell):
    """What a cell of the page on tests prints."""
    (found,) = [each for each in read("after_tests").cells if each.get("id") == cell]
    return "\n".join(out.get("text") or out["data"]["text/plain"] for out in found.outputs)


def cells_of(text):
    """The numbers of a printed table by their row's name; a p value that is only said to be small is 0."""
    rows = (re.match(r"(\S.*?)\s{2,}(\S.*)", line) for line in text.splitlines())
    return {
        row[1]: [0.0 if each[0] == "<" else float(each) for each in row[2].split()]
        for row in rows
        if row and "within" not in row[2]
    }


EXERCISES = json.loads((ROOT / "tests/reference/after_exercises.json").read_text("utf-8"))["checks"]
THIRD_DIGIT, TWIN = 5.1e-4, 1e-4  # rounding of the tables, and how near the twins' fits are to those of the originals


@pytest.mark.parametrize(("cell", "check"), [("solution-1", "parallel"), ("solution-4", "twice")])
def test_tables_of_exercises_are_those_of_r(cell, check):
    found = cells_of(printed(cell))
    assert set(found) == set(EXERCISES[check])
    for name, wanted in EXERCISES[check].items():
        assert found[name] == pytest.approx(wanted, abs=THIRD_DIGIT, rel=TWIN), name


def test_three_tests_of_one_term_are_those_of_r():
    ratio, kenward_roger, boot = printed("solution-8").split()
    assert float(ratio) == pytest.approx(EXERCISES["three"]["LRT"], rel=0.05)
    assert float(kenward_roger) == pytest.approx(EXERCISES["three"]["KR"], rel=0.05)
    assert float(boot) == 0.001  # none of 999 samples, counted with the data themselves


def test_p_values_of_the_bootstrap_are_those_of_r_within_the_error_of_drawing():
    found, wanted = cells_of(printed("code-016"))["bootstrap"][0], EXERCISES["bootstrap"]
    assert abs(found - wanted["p"]) < 4.0 * np.sqrt(2.0 * wanted["p"] * (1.0 - wanted["p"]) / wanted["samples"])
    shares = cells_of(printed("code-024"))
    positive, extreme = shares["samples with a ratio above 0"], shares["of those above 0, as large as ours"]
    in_r = json.loads((ROOT / "tests/reference/after_tests.json").read_text("utf-8"))["checks"]["variance"]
    samples = [1000.0 * positive[0], 2000.0 * in_r["positive"]]  # those that `PBmodcomp` counts
    share = in_r["PBmodcomp"]
    assert extreme[1] == pytest.approx(share, abs=THIRD_DIGIT)
    assert abs(extreme[0] - share) < 4.0 * np.sqrt(share * (1.0 - share) * (1.0 / samples[0] + 1.0 / samples[1]))
