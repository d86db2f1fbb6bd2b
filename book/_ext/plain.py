"""Chapters as plain notebooks, Python scripts and R scripts: what runs anywhere the wheel is installed.

A chapter is written in MyST for the book. Here its directives and roles become plain Markdown: the numbers of `glue`
stand in the text, citations and figures are text and links, boxes are block quotes. Cells that only keep the book's
numbers (tag ``remove-cell``) or compare them with the source go, and so do the outputs, which whoever runs the notebook
makes. A directive or role that is not known here raises an error, so that no chapter loses anything without a word.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from textwrap import dedent, indent, wrap

import nbformat
from citations import Citations
from nbformat import NotebookNode
from nbformat import v4 as nb

from replications import SOURCES

BOOK = Path(__file__).resolve().parent.parent
GLUED = "application/papermill.record/text/plain"
FENCE = re.compile(r"^(?P<fence>`{3,}|:{3,})(?P<name>\{[\w:-]+\}|[\w-]*)[ ]*(?P<title>.*)$")
ROLE = re.compile(r"\{(?P<name>[\w:]+)\}`(?P<target>[^`]*)`")
LINK = re.compile(r"\[(?P<text>[^\]\n]*)\]\((?P<target>[\w-]+(?:\.md|\.ipynb)?)\)")
TARGET = re.compile(r"^\((?P<name>[\w-]+)\)=\n(?:\n*#+ (?P<title>.*))?", re.MULTILINE)
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
CHECKS = ("published.section", "published.finish")  # one of these ends a cell that compares numbers with the source
OF_CHECKS = re.compile(r"^(published|value) = .*\n?", re.MULTILINE)
GLUE_IMPORT = re.compile(r"^from myst_nb import glue\n", re.MULTILINE)
TERM = re.compile(r"\s*<[^>]*>$")  # the glossary's word, where the text has another form of it
# What a box is called that has no title of its own.
BOXES = {"note": "Note", "tip": "Tip", "warning": "Warning", "admonition": ""}
# What is folded or not shown in the book is folded in Jupyter.
FOLDED = {
    "hide-input": {"source_hidden": True},
    "remove-input": {"source_hidden": True},
    "hide-cell": {"source_hidden": True, "outputs_hidden": True},
    "solution": {"source_hidden": True, "outputs_hidden": True},
}


# An R block that begins so rests on data that the source does not give: `# income: one row per country`.
GIVEN = re.compile(r"# \w+: ")
PACKAGE = re.compile(r"\blibrary\(([\w.]+)\)|\b([A-Za-z][\w.]*)::")
NEEDED = """\
packages <- c({listed})
absent <- packages[!vapply(packages, requireNamespace, NA, quietly = TRUE)]
if (length(absent))
  stop("This script needs R packages that are not installed: install.packages(c(",
       paste0('"', absent, '"', collapse = ", "), "))", call. = FALSE)"""
# Packages that one section needs, so that the rest of a script runs without them.
OF_A_SECTION = ("texreg",)
WITHOUT = """\
if (!requireNamespace("{name}", quietly = TRUE)) {{
  message("Left out, for lack of a package: install.packages(\\"{name}\\")")
}} else {{
{code}
}}"""
WIDTH = 80  # of a line of R
# Calls whose value is None.
SILENT = ("print", "plt.show", "mlm.plot.use_style")


class UnknownMarkup(ValueError):
    """A chapter uses a directive or role of which no plain form is known."""


@dataclass(frozen=True)
class Chapter:
    """A chapter of the book.

    Attributes
    ----------
    key : str
        Name of its file, without suffix.
    notebook : NotebookNode
    title : str
    glued : dict
        Name -> text of the numbers in its prose.
    figures : dict
        Name -> number of each figure that has a name.
    """

    key: str
    notebook: NotebookNode
    title: str
    glued: dict[str, str]
    figures: dict[str, int]

    @property
    def code(self) -> list[NotebookNode]:
        """Its code cells, without those that only keep or check the book's numbers."""
        return [cell for cell in self.notebook.cells if cell.cell_type == "code" and not _is_bookkeeping(cell)]


def read(path: Path) -> Chapter:
    """Read a chapter of the book."""
    notebook = nbformat.read(path, as_version=4)
    _leave_out_checks(notebook)
    names = [cell.metadata.get("mystnb", {}).get("figure", {}).get("name") for cell in notebook.cells]
    figures = {name: number for number, name in enumerate(filter(None, names), 1)}
    return Chapter(path.stem, notebook, title_of(path), _glued(notebook), figures)


def _glued(notebook: NotebookNode) -> dict[str, str]:
    found = {}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if GLUED in output.get("data", {}):
                found[output.metadata["scrapbook"]["name"]] = str(ast.literal_eval(output.data[GLUED]))
    return found


@cache
def title_of(path: Path) -> str:
    """Return the first heading of a page, which is its title."""
    if path.suffix == ".ipynb":
        cells = nbformat.read(path, as_version=4).cells
        return HEADING.search(next(cell.source for cell in cells if cell.cell_type == "markdown"))[1]
    return HEADING.search(path.read_text("utf-8"))[1]


@cache
def labels() -> dict[str, tuple[str, str]]:
    """Return the labels of all chapters, each with the title of its section and that of its page."""
    found = {}
    for path in sorted(BOOK.glob("*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "markdown":
                found |= {hit["name"]: (hit["title"], title_of(path)) for hit in TARGET.finditer(cell.source)}
    return found


def _is_bookkeeping(cell: NotebookNode) -> bool:
    return "remove-cell" in cell.metadata.get("tags", ()) or _is_check(cell.source)


def _is_check(code: str) -> bool:
    r"""Whether code does nothing but compare numbers with the source's.

    Examples
    --------
    >>> _is_check("value = 1\npublished.check('m', value)\npublished.section('the model')"), _is_check("m.summary()")
    (True, False)
    """
    last = code.rstrip().rpartition("\n")[2]
    return last.startswith(tuple(f"{call}(" for call in CHECKS))


def _leave_out_checks(notebook: NotebookNode) -> None:
    """Take out what only the checks need: the source's numbers, where no other cell uses them."""
    kept = [cell for cell in notebook.cells if cell.cell_type == "code" and not _is_bookkeeping(cell)]
    code = "\n".join(cell.source for cell in kept)
    used = _names(OF_CHECKS.sub("", code))
    used |= {"published"} & _names("".join(line[0] for line in OF_CHECKS.finditer(code) if line[1] in used))
    for cell in kept:
        cell.source = OF_CHECKS.sub(lambda line: line[0] if line[1] in used else "", cell.source).rstrip("\n")


def _names(code: str) -> set[str]:
    nodes = ast.walk(ast.parse(code))
    return {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


# From MyST to Markdown


class Prose:
    """Writes a chapter's MyST as plain Markdown, and keeps in mind what it cites."""

    def __init__(self, chapter: Chapter) -> None:
        self.chapter = chapter
        self.citations = Citations(BOOK / "references.bib")
        sources = (cell.source for cell in chapter.notebook.cells if cell.cell_type == "markdown")
        self.sections = {found["name"]: found["title"] for source in sources for found in TARGET.finditer(source)}
        self._roles: dict[str, Callable[[str], str]] = {
            "glue:text": self._glue,
            "numref": lambda name: f"Figure {chapter.figures[name]}",
            "cite": self.citations.in_brackets,
            "cite:p": self.citations.in_brackets,
            "cite:t": self.citations.in_text,
            "term": lambda text: TERM.sub("", text),
        }

    def write(self, source: str) -> str:
        """Return some MyST as Markdown."""
        source = TARGET.sub(lambda found: found[0].split("\n", 1)[1], source)
        return "\n".join(self._parts(source.split("\n"))).strip()

    def _parts(self, lines: list[str]) -> Iterator[str]:
        """Yield text without its roles, and each fenced block in its plain form."""
        text: list[str] = []
        rest = iter(lines)
        for line in rest:
            opened = FENCE.match(line)
            if opened is None:
                text.append(line)
                continue
            yield self._inline("\n".join(text))
            text = []
            yield self._block(opened, _until(opened["fence"], rest))
        yield self._inline("\n".join(text))

    def _block(self, opened: re.Match[str], body: list[str]) -> str:
        name, title = opened["name"], self._inline(opened["title"])
        if not name.startswith("{"):
            return "\n".join([f"```{'' if name == 'rout' else name}", *body, "```"])
        while body and (not body[0].strip() or re.match(r":\w+:", body[0])):
            body.pop(0)  # options such as :class: tip
        inside = self.write("\n".join(body))
        name = name.strip("{}")
        if name == "dropdown":
            return f"<details>\n<summary>{title}</summary>\n\n{inside}\n\n</details>"
        if name not in BOXES:
            raise UnknownMarkup(f"{self.chapter.key}: no plain form is known of the directive {name!r}")
        heading = f"**{title or BOXES[name]}**\n\n"
        return indent(heading + inside, "> ", lambda line: True).replace("> \n", ">\n")

    def _inline(self, text: str) -> str:
        text = LINK.sub(self._link, text)
        return ROLE.sub(self._role, text)

    def _role(self, found: re.Match[str]) -> str:
        if found["name"] not in self._roles:
            raise UnknownMarkup(f"{self.chapter.key}: no plain form is known of the role {found['name']!r}")
        return self._roles[found["name"]](found["target"])

    def _glue(self, name: str) -> str:
        return self.chapter.glued[name]

    def _link(self, found: re.Match[str]) -> str:
        """Write a link within the book as text; what it leads to is named."""
        text, target = found["text"], found["target"]
        if target in self.sections:
            named = f"the section “{self.sections[target]}”"
        elif target in labels():
            title, page = labels()[target]
            named = f"“{title}” in the book’s chapter *{page}*"
        elif (BOOK / target).exists():
            kind = "chapter" if Path(target).stem in SOURCES else "page"
            named = f"the book’s {kind} *{title_of(BOOK / target)}*"
        else:
            raise UnknownMarkup(f"{self.chapter.key}: no page or section {target!r}")
        before = found.string[: found.start()]
        if not text:
            return _after(before, named)
        paragraph = before.rpartition("\n\n")[2]
        return f"{text}, {named}" if paragraph.count("(") > paragraph.count(")") else f"{text} ({named})"


def _after(before: str, named: str) -> str:
    r"""Return what a link names as it stands after some text: one article, and a capital where a sentence begins.

    Examples
    --------
    >>> _after("leads to the ", "the book's page"), _after("It stops. ", "the section")
    ("book's page", 'The section')
    """
    if re.search(r"\bthe\s+$", before, re.IGNORECASE):
        return named.removeprefix("the ")
    begins = re.search(r"(^|[.!?][*_”)]*|\n\n|(^|\n)[*-])\s*$", before)
    return named[0].upper() + named[1:] if begins else named


def _until(fence: str, lines: Iterator[str]) -> list[str]:
    """Take the lines up to the one that closes a fence."""
    body = []
    for line in lines:
        if line.strip() and set(line.strip()) == {fence[0]} and len(line.strip()) >= len(fence):
            break
        body.append(line)
    return body


# The three forms


def notebook(chapter: Chapter, about: str) -> NotebookNode:
    """Return a chapter as a plain notebook.

    Parameters
    ----------
    chapter : Chapter
    about : str
        Markdown that says what this is and what it needs; stands below the title.
    """
    prose, cells = Prose(chapter), []
    for cell in chapter.notebook.cells:
        if cell.cell_type == "markdown":
            cells.append(nb.new_markdown_cell(prose.write(cell.source)))
        elif not _is_bookkeeping(cell):
            folded = [FOLDED[tag] for tag in cell.metadata.get("tags", ()) if tag in FOLDED]
            cells.append(nb.new_code_cell(python(cell), metadata={"jupyter": folded[0]} if folded else {}))
            if figure := cell.metadata.get("mystnb", {}).get("figure"):
                number = chapter.figures[figure["name"]]
                cells.append(nb.new_markdown_cell(f"**Figure {number}.** {prose.write(figure['caption'])}"))
    title, _, rest = cells[0].source.partition("\n")
    cells[0].source = f"{title}\n\n{indent(about.strip(), '> ', lambda line: True)}\n{rest}"
    cells.append(nb.new_markdown_cell("## References\n\n" + prose.citations.listing()))
    for number, cell in enumerate(cells):
        cell.id = f"{chapter.key.replace('_', '-')}-{number}"  # the same file from the same chapter
    metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    return nb.new_notebook(cells=cells, metadata=metadata | {"language_info": {"name": "python"}})


def python(cell: NotebookNode) -> str:
    """Return the code of a cell without what only the book needs."""
    return GLUE_IMPORT.sub("", cell.source)


def script(plain: NotebookNode) -> str:
    """Return a plain notebook as a Python script that prints what the notebook shows."""
    code = "\n".join(cell.source for cell in plain.cells if cell.cell_type == "code")
    parts, silent = [], (*SILENT, *returning_nothing(code))
    for cell in plain.cells:
        if cell.cell_type == "markdown":
            parts.append("# %% [markdown]\n" + indent(cell.source, "# ", lambda line: True).replace("# \n", "#\n"))
        else:
            parts.append(f"# %%\n{printing(cell.source, silent)}")
    return "\n\n".join(parts) + "\n"


def returning_nothing(code: str) -> list[str]:
    r"""Return the names of functions whose value is None.

    Examples
    --------
    >>> returning_nothing("def f():\n    print(1)\ndef g():\n    return 1")
    ['f']
    """
    functions = [node for node in ast.parse(code).body if isinstance(node, ast.FunctionDef)]
    return [f.name for f in functions if not any(isinstance(n, ast.Return) and n.value for n in ast.walk(f))]


def printing(code: str, silent: Sequence[str] = SILENT) -> str:
    r"""Return code that prints the value of its last line, as a notebook shows it; calls of `silent` have none.

    Examples
    --------
    >>> print(printing("x = 1\nx + 1"))
    x = 1
    print(x + 1)
    """
    last = ast.parse(code).body[-1]
    if not isinstance(last, ast.Expr):
        return code
    if isinstance(last.value, ast.Call) and ast.unparse(last.value.func) in silent:
        return code
    lines = code.split("\n")
    lines[last.end_lineno - 1] = f"{lines[last.end_lineno - 1][: last.end_col_offset]}){_rest(lines, last)}"
    lines[last.lineno - 1] = f"print({lines[last.lineno - 1]}"
    return "\n".join(lines)


def _rest(lines: list[str], last: ast.Expr) -> str:
    """What stands behind the last expression: a comment."""
    return lines[last.end_lineno - 1][last.end_col_offset :]


def r_script(chapter: Chapter, about: str) -> str:
    """Return the R code of a chapter, under the headings of its sections; those without code are left out.

    Parameters
    ----------
    chapter : Chapter
    about : str
        What stands at the top, as comments.
    """
    head = indent(dedent(about).strip(), "# ", lambda line: True).replace("# \n", "#\n")
    found = [part for cell in chapter.notebook.cells if cell.cell_type == "markdown" for part in _r_parts(cell.source)]
    kept = [text for place, (level, text) in enumerate(found) if not level or _has_code(level, found[place + 1 :])]
    parts = [_where_installed(text) for text in kept]
    return "\n\n".join([head, needed(parts), *parts]) + "\n"


def _where_installed(code: str) -> str:
    r"""Return R code that says so where the package that only it needs is not installed.

    Examples
    --------
    >>> _where_installed("library(lme4)")
    'library(lme4)'
    """
    name = next((name for name in OF_A_SECTION if f"library({name})" in code), None)
    return code if name is None else WITHOUT.format(name=name, code=code)


def needed(parts: list[str]) -> str:
    """Return R code that names all packages that some R code needs and that are not installed, in one message."""
    code = re.sub(r"#.*", "", "\n".join(parts))
    found = dict.fromkeys(first or second for first, second in PACKAGE.findall(code))
    names = [name for name in found if name not in OF_A_SECTION]
    listed = ", ".join(f'"{name}"' for name in names)
    return NEEDED.format(listed="\n  ".join(wrap(listed, WIDTH)))


def _has_code(level: int, below: list[tuple[int, str]]) -> bool:
    """Whether code stands below a heading of a level, before the next one that is no smaller."""
    for other, _ in below:
        if other == 0:
            return True
        if other <= level:
            return False
    return False


def _r_parts(source: str) -> Iterator[tuple[int, str]]:
    """Yield the headings, with their level, and the R blocks, with 0, of some MyST, in their order."""
    lines = iter(source.split("\n"))
    for line in lines:
        if opened := FENCE.match(line):
            body = _until(opened["fence"], lines)
            if opened["name"] == "r":
                code = "\n".join(body)
                yield 0, indent(code, "# ", lambda line: True) if GIVEN.match(code) else code
        elif heading := HEADING.match(line):
            level = len(line) - len(line.lstrip("#"))
            yield level, f"# {heading[1]} " + "-" * max(4, 70 - len(heading[1]))
