"""The exercises of the chapters: folded solutions, a worksheet without answers, a teacher's page with them.

They are written once, at the end of a chapter, under a heading for each grade::

    ### Check

    **1. Title.** Question.

    ```{dropdown} Hint
    ...
    ```
    [a cell of code with the tag `solution`]
    ```{dropdown} Solution
    ...
    ```

In the book the cell with its outputs moves into the dropdown that follows it. ``{worksheet} KEY`` writes a chapter's
questions, with room for the answers, ``{answers} KEY`` the questions with hints, code, printouts and explanations.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import plain
from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList
from nbformat import NotebookNode
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging

GRADES = ("Check", "Apply", "Your own data")
TAG = "solution"
CELL_CLASS = f"tag_{TAG}"
SECTION = re.compile(r"^## (.*)$", re.MULTILINE)
GRADE = re.compile(r"^### (.*)$", re.MULTILINE)
EXERCISE = re.compile(r"^\*\*(\d+)\. (.*?)\*\*", re.MULTILINE)
DROPDOWN = re.compile(r"^```\{dropdown\} (Hint|Solution)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# A sentence that leads to what stands beside the exercise in the book.
OF_THE_PAGE = re.compile(r"(?:^|(?<=[.?!)])\s+)(?:The solution\b[^.?!]*(?:\([^)]*\)[^.?!]*)?[.?!])(?=\s|$)")
FIGURE = re.compile(r" in \{numref\}`[^`]*`")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Exercise:
    """An exercise of a chapter, in MyST.

    Attributes
    ----------
    number : int
    grade : str
        "Check", "Apply" or "Your own data".
    title, question, hint, solution : str
    cell : NotebookNode
        The code of the solution, with its outputs.
    """

    number: int
    grade: str
    title: str
    question: str
    hint: str
    solution: str
    cell: NotebookNode


def read(chapter: plain.Chapter) -> list[Exercise]:
    """Return the exercises of a chapter in their order.

    Raises
    ------
    ValueError
        If one has no hint, no solution or no code.
    """
    text, cells = _section(chapter)
    starts = list(EXERCISE.finditer(text))
    ends = [start.start() for start in starts[1:]] + [len(text)]
    found = []
    for start, end, cell in zip(starts, ends, cells, strict=True):
        body = GRADE.split(text[start.end() : end])[0]
        parts = dict(DROPDOWN.findall(body))
        if set(parts) != {"Hint", "Solution"}:
            raise ValueError(f"{chapter.key}: exercise {start[1]} needs a hint and a solution")
        grade = GRADE.findall(text[: start.start()])[-1]
        question = DROPDOWN.sub("", body).strip()
        title, hint, solution = start[2], parts["Hint"].strip(), parts["Solution"].strip()
        found.append(Exercise(int(start[1]), grade, title, question, hint, solution, cell))
    return found


def _section(chapter: plain.Chapter) -> tuple[str, list[NotebookNode]]:
    """Return the text of the section on exercises, and its cells of code."""
    text, cells, inside = [], [], False
    for cell in chapter.notebook.cells:
        if cell.cell_type == "code":
            if inside and TAG in cell.metadata.get("tags", ()):
                cells.append(cell)
            continue
        for title, part in _by_section(cell.source):
            inside = inside if title is None else title == "Exercises"
            if inside:
                text.append(part)
    return "\n\n".join(text), cells


def _by_section(source: str) -> Iterator[tuple[str | None, str]]:
    """Split Markdown at its headings of the second level: what stands before the first has no title."""
    first, *rest = SECTION.split(source)
    yield None, first
    yield from zip(rest[::2], rest[1::2], strict=True)


class Folded(SphinxPostTransform):
    """Put the code and outputs of each solution into the dropdown that follows it."""

    default_priority = 189  # before the tabs; sphinx-design turns dropdowns into HTML at 199
    formats = ("html",)

    def run(self, **_kwargs: Any) -> None:
        """Move the cells."""
        for cell in [node for node in self.document.findall(nodes.container) if CELL_CLASS in node.get("classes", ())]:
            siblings = cell.parent.children
            after = siblings[siblings.index(cell) + 1 :]
            if not after or after[0].get("design_component") != "dropdown":
                logger.warning("a cell tagged solution has no dropdown after it", location=cell)
                continue
            cell.parent.remove(cell)
            after[0].insert(1, cell)  # its title comes first


class InBook(plain.Prose):
    """Writes an exercise for another page of the book: figures and links stay what they are, numbers are filled in."""

    def __init__(self, chapter: plain.Chapter) -> None:
        super().__init__(chapter)
        self._roles["numref"] = lambda name: f"{{numref}}`{name}`"

    def _link(self, found: re.Match[str]) -> str:
        return found[0]


class FromChapter(Directive):
    """The exercises of a chapter, written as Markdown and parsed as such."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Write and parse the exercises."""
        path = plain.BOOK / f"{self.arguments[0]}.ipynb"
        self.state.document.settings.env.note_dependency(str(path))
        chapter = plain.read(path)
        box = nodes.container(classes=["exercises"])
        lines = "\n\n".join(self.written(chapter)).split("\n")
        self.state.nested_parse(StringList(lines, source=str(path)), 0, box)
        return [box]

    @classmethod
    def written(cls, chapter: plain.Chapter) -> Iterator[str]:
        """Yield the exercises as blocks of Markdown."""
        grade, prose = "", InBook(chapter)
        for exercise in read(chapter):
            if exercise.grade != grade:
                grade = exercise.grade
                yield f"*{grade}*"
            yield f"**{exercise.number}. {exercise.title}** {prose.write(cls.asked(exercise.question))}"
            yield from cls.below(exercise, prose)

    @staticmethod
    def asked(question: str) -> str:
        """Return what of a question is written."""
        return question

    @staticmethod
    def below(exercise: Exercise, prose: plain.Prose) -> Iterator[str]:
        """Yield what stands below a question."""
        raise NotImplementedError


class Worksheet(FromChapter):
    """The questions, with room for the answers."""

    @staticmethod
    def asked(question: str) -> str:
        """Leave out what a sheet of paper has not: sentences on the solution, and on a figure."""
        return FIGURE.sub("", OF_THE_PAGE.sub("", question))

    @staticmethod
    def below(exercise: Exercise, prose: plain.Prose) -> Iterator[str]:
        """Leave room."""
        yield '```{raw} html\n<div class="answer"></div>\n```'


class Answers(FromChapter):
    """The questions, hints, code, printouts and explanations."""

    @staticmethod
    def below(exercise: Exercise, prose: plain.Prose) -> Iterator[str]:
        """Write out all there is."""
        yield f"*Hint.* {prose.write(exercise.hint)}"
        yield f"```python\n{exercise.cell.source}\n```"
        if shown := "\n\n".join(printed(exercise.cell)):
            yield f"```text\n{shown}\n```"
        yield prose.write(exercise.solution)


def printed(cell: NotebookNode) -> Iterator[str]:
    """Yield what a cell printed, and the text of the tables it shows; figures are left out."""
    for output in cell.outputs:
        if output.output_type == "stream":
            yield output.text.rstrip()
        elif "text/plain" in output.get("data", {}) and "image/png" not in output.data:
            yield output.data["text/plain"].rstrip()


def setup(app: Any) -> dict[str, bool]:
    """Register the transform and the directives."""
    app.add_post_transform(Folded)
    app.add_directive("worksheet", Worksheet)
    app.add_directive("answers", Answers)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
