"""What nbval does not look at: that the notebooks hold complete, clean, portable outputs."""

import re
from pathlib import Path

import nbformat
import pytest
import yaml

from replications import SOURCES

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "book").glob("*.ipynb"))
CHAPTERS = [path for path in NOTEBOOKS if path.stem in SOURCES]  # what replicates a source; the others have none
REFRESH = "run `make outputs`"
# a memory address or a path of the machine that ran the notebook would change on the next one
MACHINE = re.compile(r"\bat 0x[0-9a-f]{6,}|/(?:home|root|tmp|Users)/|site-packages")

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
each_chapter = pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)


def code_cells(path):
    notebook = nbformat.read(path, as_version=4)
    return [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]


# solutions, which are folded in a chapter, stand open on the teacher's page
UNSEEN = {"hide-input", "hide-cell", "remove-input", "remove-cell"}
LONGEST = 15  # lines of code that a reader sees without a click, in either tab
CHECKS = ("published.check(", "published.section(", "published.finish(")


def seen(path):
    """The code cells whose code a reader sees without a click."""
    return [cell for cell in code_cells(path) if not UNSEEN & set(cell.metadata.get("tags", []))]


def texts(output):
    """Every text of one output: a stream's, or those of its text representations."""
    if output.output_type == "stream":
        return [output.text]
    return [text for kind, text in output.get("data", {}).items() if kind.startswith("text/")]


@each_notebook
def test_notebook_is_valid(path):
    nbformat.validate(nbformat.read(path, as_version=4))


@each_notebook
def test_every_cell_was_run_in_order(path):
    # nbval passes a cell without execution count unseen, so stripped notebooks must fail here
    counts = [cell.execution_count for cell in code_cells(path)]
    assert counts == list(range(1, len(counts) + 1)), REFRESH


@each_notebook
def test_outputs_hold_no_errors_or_warnings(path):
    for cell in code_cells(path):
        outputs = cell.outputs
        assert not [o for o in outputs if o.output_type == "stream" and o.name == "stderr"], cell.source
        if "raises-exception" not in cell.metadata.get("tags", []):
            assert not [o for o in outputs if o.output_type == "error"], cell.source


@each_notebook
def test_every_figure_has_alternative_text(path):
    for cell in code_cells(path):
        if any(kind.startswith("image/") for o in cell.outputs for kind in o.get("data", {})):
            alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
            assert len(alt) >= 20, f"describe the figure in the cell's metadata mystnb.image.alt:\n{cell.source}"


@each_notebook
def test_nothing_in_the_notebook_depends_on_the_machine(path):
    for cell in code_cells(path):
        assert set(cell.metadata) <= {"tags", "mystnb"}, REFRESH
        for output in cell.outputs:
            for text in texts(output):
                assert not MACHINE.search(text), f"{MACHINE.search(text)} in the output of\n{cell.source}"


@each_notebook
def test_no_long_code_is_seen_without_a_click(path):
    prose = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown"]
    blocks = [block for text in prose for block in re.findall(r"^```r\n(.*?)^```", text, re.MULTILINE | re.DOTALL)]
    for code in [*(cell.source for cell in seen(path)), *blocks]:
        assert len(code.splitlines()) <= LONGEST, code


@each_notebook
def test_no_row_or_column_is_called_none(path):
    """As one is that has the name of an option left out."""
    for output in (output for cell in code_cells(path) for output in cell.outputs):
        for text in texts(output):
            assert not re.search(r"<th[^>]*>None</th>|^\s*None\b|^.*\bNone  +\w", text, re.MULTILINE), text


def p_values(text):
    """The p values of the tables in a printout, as they are printed."""
    end = 0
    for line in text.split("\n"):
        if head := re.search(r"Pr\(>\S+\)|(?<!\S)p(?:\.value)?\s*$", line):
            end = head.end()
        elif not line.strip():
            end = 0
        elif end:
            yield line[:end].rpartition(" ")[2]


@each_notebook
def test_a_small_p_value_is_not_printed_as_zero(path):
    """R prints <2e-16, or digits that tell; no source has a p value of 0.000."""
    printed = [text for cell in code_cells(path) for output in cell.outputs for text in texts(output)]
    assert not [p for text in printed for p in p_values(text) if re.fullmatch(r"0\.0+", p)]


@each_chapter
def test_checks_are_one_line_each_and_only_the_first_shows_its_code(path):
    cells = code_cells(path)
    checks = [cell for cell in cells if any(call in cell.source for call in CHECKS)]
    assert [cell for cell in seen(path) if cell in checks] == checks[:1]
    assert 5 < len(checks) < 18
    for cell in checks:
        if "remove-cell" not in cell.metadata.get("tags", []):
            (output,) = cell.outputs
            assert re.search(r"(\d+ of \d+|The one) (number|claim)s?|\d+ published, ", output.data["text/plain"]), (
                cell.source
            )


@each_chapter
def test_where_we_differ_is_one_section_with_the_score_below_it(path):
    cells = nbformat.read(path, as_version=4).cells
    (place,) = (k for k, cell in enumerate(cells) if "\n## Where we differ from the source\n" in f"\n{cell.source}")
    assert "published.finish()" in cells[place + 1].source
    assert not any(re.search("What was checked", cell.source) for cell in cells)


def toc_files():
    def walk(node):
        if isinstance(node, dict):
            for key, value in node.items():
                if key in ("root", "file"):
                    yield value
                else:
                    yield from walk(value)
        elif isinstance(node, list):
            for child in node:
                yield from walk(child)

    return list(walk(yaml.safe_load((ROOT / "_toc.yml").read_text("utf8"))))


def test_table_of_contents_names_every_page_once():
    written = {"book/scoreboard"}  # by `make book`, so there may be no file yet
    pages = {f"book/{path.stem}" for suffix in ("md", "ipynb") for path in (ROOT / "book").glob(f"*.{suffix}")}
    assert sorted(toc_files()) == sorted(pages | written)
