"""Chapters as plain notebooks and scripts: nothing of the book is left in them, and they run where the wheel is."""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from chapters import is_draft

pytest.importorskip("pybtex", reason="the extra `book` is not installed")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "book" / "_ext"))

import downloads
import plain

from replications import SOURCES

CHAPTERS = downloads.chapters()
LEFT_OVER = (
    r"\{[\w:]+\}`",  # a role
    r"^[`:]{3,}\{",  # a directive
    r"^:\w+:",  # its options
    r"\]\([\w-]+(\.md|\.ipynb)?\)",  # a link to another page
    r"\bglue\b",
    r"^\([\w-]+\)=",  # a target
    r"mplstyle|read_csv|open\(",  # a file of the repository
    r"remove-cell|nbval",
    r"\b[Tt]he\s+the\b",
    r"(\A|[.!?][*_”)]*\s+)the (book’s|section)",  # small letters where a sentence begins
    r"linked to the book|without its code",  # true in the book only
    r"\\[a-z]+\d*\w* \(\d{4}\)",  # names in the letters of LaTeX
)

# pandas 2.2.0 says so of itself, where there is no pyarrow
OF_PANDAS = "Pyarrow will become a required dependency of pandas"

each_chapter = pytest.mark.parametrize("key", CHAPTERS)
each_finished = pytest.mark.parametrize("key", [key for key in CHAPTERS if not is_draft(key)])


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("downloads")
    for key in CHAPTERS:
        downloads.write_chapter(key, folder)
    return folder


def example(*cells):
    """A chapter of a few cells."""
    return plain.Chapter("example", nbformat.v4.new_notebook(cells=list(cells)), "Example", {"n": "60"}, {"fig-x": 1})


def test_there_are_the_chapters_and_three_pages_after_them():
    assert [*SOURCES, "after_tests", "after_intervals", "after_prediction"] == CHAPTERS


@each_chapter
def test_nothing_of_the_book_is_left(key, written):
    notebook = nbformat.read(written / f"{key}.ipynb", as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        for pattern in LEFT_OVER:
            found = re.search(pattern, cell.source, re.MULTILINE)
            assert found is None, f"{pattern} in\n{cell.source}"
        assert set(cell.metadata) <= {"jupyter"}
    assert "## References" in notebook.cells[-1].source
    assert "pip install" in notebook.cells[0].source


@each_chapter
def test_the_checks_of_the_book_are_left_out_and_nothing_else_needs_them(key, written):
    """A cell that compares numbers with the source goes whole, so no cell that stays may use a name of its own."""
    chapter = plain.read(plain.BOOK / f"{key}.ipynb")
    stays = "\n".join(plain.python(cell) for cell in chapter.code)
    assert not re.search(r"published\.(check|section|claim|finish)\(", stays)
    assert ("published" in names_in(stays, ast.Load)) == ("published" in names_in(stays, ast.Store))
    gone = [c for c in chapter.notebook.cells if c.cell_type == "code" and c not in chapter.code]
    lost = {name for cell in gone for name in names_in(cell.source, ast.Store)} - names_in(stays, ast.Store)
    assert not lost & names_in(stays, ast.Load)
    head = nbformat.read(written / f"{key}.ipynb", as_version=4).cells[0].source
    assert (f"`python -m replications show {key}`" in head) == (key in SOURCES)


def names_in(code, use):
    """Return the names that code reads or writes; functions are written, too."""
    nodes = list(ast.walk(ast.parse(code)))
    functions = {node.name for node in nodes if use is ast.Store and isinstance(node, ast.FunctionDef)}
    return functions | {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, use)}


@each_finished
def test_every_number_of_the_prose_and_every_figure_stands_in_it(key, written):
    chapter = plain.read(plain.BOOK / f"{key}.ipynb")
    text = (written / f"{key}.ipynb").read_text("utf-8")
    for number in range(1, len(chapter.figures) + 1):
        assert f"**Figure {number}.**" in text
    assert len(chapter.glued) > (10 if key in SOURCES else 2)
    used = re.findall(r"\{glue:text\}`(\w+)`", "\n".join(cell.source for cell in chapter.notebook.cells))
    assert all(chapter.glued[name] for name in used)


@each_chapter
def test_the_scripts_hold_all_code(key, written):
    chapter = plain.read(plain.BOOK / f"{key}.ipynb")
    script = (written / f"{key}.py").read_text("utf-8")
    kinds = [type(node) for cell in chapter.code for node in ast.parse(plain.python(cell)).body]
    assert [type(node) for node in ast.parse(script).body] == kinds
    r_code = (written / f"{key}.R").read_text("utf-8")
    blocks = [b for c in chapter.notebook.cells for b in re.findall(r"^```r\n(.*?)^```", c.source, re.M | re.S)]
    assert is_draft(key) or len(blocks) > (10 if key in SOURCES else 3)
    for block in blocks[1:]:
        assert block.strip() in r_code.replace("\n# ", "\n")


@each_finished
def test_the_scripts_print_what_has_a_value_only(key, written):
    """What a notebook shows as the result of a cell is printed, and no call whose value is None."""
    notebook = nbformat.read(plain.BOOK / f"{key}.ipynb", as_version=4)
    code = "\n".join(cell.source for cell in plain.read(plain.BOOK / f"{key}.ipynb").code)
    silent = [*plain.SILENT, *plain.returning_nothing(code)]
    for cell in notebook.cells:
        if cell.cell_type == "code" and "remove-cell" not in cell.metadata.get("tags", ()):
            shown = any(output.output_type == "execute_result" for output in cell.outputs)
            assert (plain.printing(cell.source, silent) != cell.source) == shown, cell.source


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="no R here")
def test_r_reads_the_r_scripts(written):
    names = ", ".join(f"'{key}.R'" for key in CHAPTERS)
    command = ["Rscript", "-e", f"for (name in c({names})) cat(length(parse(name)) > 9, '')"]
    done = subprocess.run(command, cwd=written, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["TRUE"] * len(CHAPTERS), done.stderr


@each_chapter
def test_the_r_scripts_name_their_packages_and_have_no_empty_sections(key, written):
    code = (written / f"{key}.R").read_text("utf-8")
    head, _, rest = code.partition("\n\n")
    assert all(line.startswith("#") for line in head.split("\n"))
    named = set(re.findall(r'"(\w+)"', re.search(r"packages <- c\((.*?)\)", code, re.S)[1]))
    used = re.findall(r"library\((\w+)\)|(\w+)::", re.sub("#.*", "", rest))
    assert named == {first or second for first, second in used} - set(plain.OF_A_SECTION)
    simulates = re.search(r"bootMer\(|PBmodcomp\(", rest) is not None
    assert not simulates or "It runs for some minutes" in head
    assert not re.search(r"^# .* -{4,}\s*\Z", code, re.MULTILINE)
    assert "where that is at hand, else heck2011.csv" not in code
    assert ("left as a comment" in head) == bool(re.search(r"^# # \w+: ", rest, re.MULTILINE))


def test_a_heading_without_code_is_left_out():
    cells = [
        "# T\n\n## Empty\n\ntext",
        "## Parent\n\n### Child\n\n```r\nlme4::lmer(y ~ 1)  # not::this\n```\n\n### None",
        "## End",
    ]
    code = plain.r_script(example(*map(nbformat.v4.new_markdown_cell, cells)), "About")
    assert re.findall(r"^# (\w+) -{4,}", code, re.MULTILINE) == ["T", "Parent", "Child"]
    assert 'packages <- c("lme4")' in code


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="no R here")
def test_packages_that_are_absent_are_named_in_one_message(tmp_path):
    (tmp_path / "t.R").write_text(plain.needed(["library(stats)\nnone1::f()\nlibrary(none2)"]))
    done = subprocess.run(["Rscript", "t.R"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert 'not installed: install.packages(c("none1", "none2"))' in done.stderr


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="no R here")
def test_the_rest_of_a_script_runs_without_the_package_of_a_section(written, tmp_path, monkeypatch):
    assert re.search(r"^} else \{\nlibrary\(texreg\)$", (written / "two_level_mlm.R").read_text("utf-8"), re.MULTILINE)
    monkeypatch.setattr(plain, "OF_A_SECTION", ("none1",))
    cells = ["## One\n\n```r\nlibrary(none1)\nf(1)\n```", "## Two\n\n```r\ncat(1 + 2)\n```"]
    code = plain.r_script(example(*map(nbformat.v4.new_markdown_cell, cells)), "About")
    (tmp_path / "t.R").write_text(code)
    done = subprocess.run(["Rscript", "t.R"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "3")
    assert 'install.packages("none1")' in done.stderr


PACKAGES = {"IPython", "matplotlib", "mlm", "numpy", "pandas", "replications", "scipy"}


@each_chapter
def test_a_chapter_needs_what_the_wheel_and_its_extra_bring(key):
    """The fresh environment has more libraries than a reader's, so what is imported is looked at here."""
    code = "\n".join(plain.python(cell) for cell in plain.read(plain.BOOK / f"{key}.ipynb").code)
    found = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {alias.name for node in found if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in found if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in names} - set(sys.stdlib_module_names) <= PACKAGES


def test_the_pages_name_the_wheel_of_this_version():
    for page in (plain.BOOK / "run.md", plain.BOOK / "twins.md"):
        for name in re.findall(r"multilevel_replications-\S*?\.whl", page.read_text("utf-8")):
            assert name == downloads.WHEEL


def test_boxes_folds_and_blocks_become_plain_markdown():
    source = (
        "````{admonition} A box\n:class: tip\n\nOf {glue:text}`n` lines, as {cite:t}`bates2015` say.\n\n"
        "```r\nlm(y ~ x)\n```\n````\n\n```{dropdown} Solution\nIt is {numref}`fig-x`.\n```\n\n```rout\n[1] 2\n```"
    )
    written = plain.Prose(example()).write(source)
    assert written.startswith("> **A box**\n>\n> Of 60 lines, as [Bates et al. (2015)](https://doi.org/10.18637/")
    assert "> ```r\n> lm(y ~ x)\n> ```" in written
    assert "<summary>Solution</summary>\n\nIt is Figure 1.\n\n</details>" in written
    assert written.endswith("```\n[1] 2\n```")


def test_words_of_the_glossary_and_sections_elsewhere_become_text():
    source = "A {term}`random slope`, {term}`centred <centring>`; see [](sec-reml) and [that](sec-icc)."
    assert plain.Prose(example()).write(source) == (
        "A random slope, centred; see “Two kinds of maximum likelihood” in the book’s chapter *One line for all, a "
        "line for each, or a compromise* and that (“The intraclass correlation” in the book’s chapter *The null model: "
        "students in schools*)."
    )


@pytest.mark.parametrize(
    ("source", "written"),
    [
        ("It is in the [](glossary.md).", "It is in the book’s page *Glossary*."),
        ("**Before.** [](glossary.md) has it.", "**Before.** The book’s page *Glossary* has it."),
        ("One.\n\n* [](run.md)", "One.\n\n* The book’s page *Run a chapter*"),
        ("the data of\n[](vaisey_mlm.ipynb)", "the data of\nthe book’s chapter *Within and between countries*"),
        ("stopped ([above](sec-icc)), as", "stopped (above, “The intraclass correlation” in the book’s chapter"),
    ],
)
def test_links_become_sentences(source, written):
    assert plain.Prose(example()).write(source).startswith(written)


def test_names_in_the_letters_of_latex_are_spelt_out():
    assert plain.Prose(example()).write("{cite:t}`halekoh2014`").startswith("[Halekoh & Højsgaard (2014)]")


@pytest.mark.parametrize("source", ["```{margin}\ntext\n```", "{abbr}`ICC`", "[](nowhere.md)"])
def test_markup_without_a_plain_form_is_an_error(source):
    with pytest.raises(plain.UnknownMarkup):
        plain.Prose(example()).write(source)


@pytest.mark.parametrize(
    ("code", "printing"),
    [
        ("x = 1\nx  # one", "x = 1\nprint(x)  # one"),
        ("f(\n    1,\n)", "print(f(\n    1,\n))"),
        ("print(1)", "print(1)"),
        ("x = 1", "x = 1"),
    ],
)
def test_scripts_print_what_a_notebook_shows(code, printing):
    assert plain.printing(code) == printing


@pytest.mark.slow
@each_finished
def test_a_plain_notebook_runs_in_a_fresh_environment(key, written, fresh, monkeypatch):
    nbclient = pytest.importorskip("nbclient")
    monkeypatch.setenv("JUPYTER_PATH", str(fresh.kernel()))
    notebook = nbformat.read(written / f"{key}.ipynb", as_version=4)
    where = {"metadata": {"path": str(fresh.folder)}}
    client = nbclient.NotebookClient(notebook, timeout=900, kernel_name="fresh", resources=where)
    client.execute(env=fresh.env)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    said = [o.text for o in outputs if o.output_type == "stream" and o.name == "stderr"]
    assert not [text for text in said if OF_PANDAS not in text]
    # by their text: matplotlib 3.8 under a later IPython shows the first one as text only
    figures = [o for o in outputs if o.get("data", {}).get("text/plain", "").startswith("<Figure")]
    assert len(figures) >= len(plain.read(plain.BOOK / f"{key}.ipynb").figures) > 0
    assert not (fresh.site / "_build").exists()


@pytest.mark.slow
def test_a_script_prints_what_its_notebook_shows(written, fresh):
    printed = fresh.run(written / "learn_mlms_ch4.py").stdout
    assert "t-tests use Satterthwaite's method" in printed
    assert "numbers of" not in printed  # what the checks of the book say
