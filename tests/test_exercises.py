"""The exercises: enough of each grade, each solved after a chapter's first cell, and the pages made of them."""

import ast
import contextlib
import re
import sys
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import nbformat
import pytest

pytest.importorskip("myst_nb", reason="the extra `book` is not installed")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "book" / "_ext"))

import downloads
import exercises
import plain

import mlm

KEYS = downloads.chapters()
CHAPTERS = {key: plain.read(plain.BOOK / f"{key}.ipynb") for key in KEYS}
EXERCISES = {key: exercises.read(chapter) for key, chapter in CHAPTERS.items()}
EACH = [pytest.param(key, found, id=f"{key}-{found.number}") for key in KEYS for found in EXERCISES[key]]


@pytest.mark.parametrize("key", KEYS)
def test_a_chapter_has_six_to_eight_exercises_in_three_grades(key):
    found = EXERCISES[key]
    assert 6 <= len(found) <= 8
    assert [exercise.number for exercise in found] == list(range(1, len(found) + 1))
    grades = [exercise.grade for exercise in found]
    assert list(dict.fromkeys(grades)) == list(exercises.GRADES)
    assert len({exercise.title for exercise in found}) == len(found)


@pytest.mark.parametrize("key", KEYS)
def test_solutions_are_folded_in_one_way(key):
    cells = CHAPTERS[key].notebook.cells
    (start,) = (k for k, cell in enumerate(cells) if re.search("^## Exercises", cell.source, re.MULTILINE))
    code = [cell for cell in cells[start:] if cell.cell_type == "code"]
    allowed = {exercises.TAG, "remove-cell", "nbval-ignore-output"}
    assert {tag for cell in code for tag in cell.metadata.get("tags", [])} <= allowed
    text = "\n".join(cell.source for cell in cells[start:] if cell.cell_type == "markdown")
    assert set(re.findall(r"\{dropdown\} (.*)", text)) == {"Hint", "Solution"}


@pytest.mark.parametrize(("key", "exercise"), EACH)
def test_a_solution_runs_after_the_first_cell_and_prints_what_is_stored(key, exercise, capsys):
    first = next(cell.source for cell in CHAPTERS[key].notebook.cells if cell.cell_type == "code")
    names = {}
    body = ast.parse(exercise.cell.source).body
    with plt.rc_context(), warnings.catch_warnings():
        exec(first, names)
        exec(compile(ast.Module(body[:-1], []), "solution", "exec"), names)
        last = ast.unparse(body[-1])
        value = eval(last, names) if isinstance(body[-1], ast.Expr) else exec(last, names)
    shown = [capsys.readouterr().out.rstrip()] + ([repr(value)] if value is not None else [])
    assert [text for text in shown if text] == list(exercises.printed(exercise.cell))
    assert not re.search("[\"']ignore[\"']\\)", exercise.cell.source)
    _run_hint(exercise.hint, names)


def _run_hint(hint, names):
    """Run the calls of a hint whose names the solution has defined."""
    for call in calls(hint):
        if {node.id for node in ast.walk(call) if isinstance(node, ast.Name)} <= set(names):
            already = contextlib.suppress(mlm.DataError)  # a column that the solution has made
            with warnings.catch_warnings(), already:
                warnings.simplefilter("ignore", mlm.SingularFitWarning)
                eval(ast.unparse(call), names)
            plt.close("all")


def calls(hint):
    """The whole calls of `mlm` in a hint; one with "..." is none."""
    for code in re.findall(r"`(mlm\.[\w.]+\([^`]*\))`", hint):
        call = ast.parse(" ".join(code.split()), mode="eval").body
        if not any(isinstance(node, ast.Constant) and node.value is ... for node in ast.walk(call)):
            yield call


@pytest.mark.parametrize(("page", "directive"), [("worksheet", "worksheet"), ("teachers", "answers")])
def test_the_pages_are_made_of_all_chapters_in_their_order(page, directive):
    text = (plain.BOOK / f"{page}.md").read_text("utf-8")
    assert re.findall(rf"^```\{{{directive}\}} (\w+)$", text, re.MULTILINE) == KEYS
    titles = [(plain.title_of(plain.BOOK / f"{key}.ipynb"), key) for key in KEYS]
    assert re.findall(r"^## \[(.+)\]\((\w+)\.ipynb\)$", text, re.MULTILINE) == titles


@pytest.mark.parametrize("key", KEYS)
def test_a_worksheet_has_questions_only_and_the_answers_all(key):
    sheet, answers = ("\n\n".join(kind.written(CHAPTERS[key])) for kind in (exercises.Worksheet, exercises.Answers))
    for exercise in EXERCISES[key]:
        assert f"**{exercise.number}. {exercise.title}" in sheet
        assert exercise.cell.source in answers
        assert exercise.cell.source not in sheet
    assert sheet.count('class="answer"') == answers.count("*Hint.*") == len(EXERCISES[key])
    assert "glue" not in sheet + answers


@pytest.mark.parametrize("kind", [exercises.Worksheet, exercises.Answers])
def test_figures_and_links_lead_to_the_chapter(kind):
    text = "\n\n".join(part for key in KEYS for part in kind.written(CHAPTERS[key]))
    assert ("{numref}`fig-" in text) == (kind is exercises.Answers)
    assert ("The solution " in text) == (kind is exercises.Answers)
    assert not re.search(r"\bFigure \d|the book’s", text)


def test_an_exercise_without_a_hint_is_an_error():
    cells = [
        nbformat.v4.new_markdown_cell("## Exercises\n\n### Check\n\n**1. One.** What?"),
        nbformat.v4.new_code_cell("1", metadata={"tags": ["solution"]}),
        nbformat.v4.new_markdown_cell("```{dropdown} Solution\nOne.\n```\n\n## In short"),
    ]
    notebook = nbformat.v4.new_notebook(cells=cells)
    with pytest.raises(ValueError, match="example: exercise 1 needs a hint and a solution"):
        exercises.read(plain.Chapter("example", notebook, "Example", {}, {}))
