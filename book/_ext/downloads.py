"""What can be downloaded: each chapter as a plain notebook and as scripts, the twins as csv, the wheel.

All is made when the book is built, into the folder ``downloads/`` beside the pages; the chapters' forms come from
:mod:`plain`. The button for downloads of a chapter's page gives these forms, and where the book has a public repository
(:mod:`repository`) there are buttons that run the notebook. ``{chapter-downloads}`` and
``{twin-downloads}`` are the tables of them, ``{wheel-download}`` links to the wheel.
"""

from __future__ import annotations

import gzip
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import plain
import repository
from docutils import nodes
from docutils.parsers.rst import Directive
from inputs import table
from nbformat.v4 import new_code_cell
from repository import Repository

import mlm
from replications import registry
from replications.data import Dataset, dataset, datasets

ROOT = plain.BOOK.parent
FOLDER = "downloads"
WHEEL = f"multilevel_replications-{mlm.__version__}-py3-none-any.whl"
FORMS = {".ipynb": "the notebook", ".py": "its Python script", ".R": "its R code"}
ABOUT = f"""
This is a chapter of *Multilevel models, replicated* as a plain notebook. It needs Python 3.11 or later
and the project's wheel: `pip install "{WHEEL}[notebooks]"`. The wheel and the other
chapters are on the book's page *Run a chapter*.
"""
# Of a chapter that replicates a source.
CHECKED = """
The book compares every number that the source prints with the one computed here, in a line below each section of
the chapter; those comparisons are left out, and `python -m replications show {key}` prints them all.
"""
# The first cell where the notebook may be opened on a server that has no wheel yet.
INSTALL = """
try:
    import replications
except ModuleNotFoundError:
    %pip install -q "multilevel-replications[nlopt] @ {wheel}"
"""
ABOUT_R = """
R code, in our own version, of the chapter
"{title}"
of the book "Multilevel models, replicated". {reads}{comments}
"""
READS_ONE = """It reads {file}, the original or its synthetic twin,
which is on the book's page "Run a chapter"."""
READS_TWINS = """It reads synthetic twins, {files},
which are on the book's page "Run a chapter"."""
READS = """It reads the original, {file}, where that is in
the folder, else {twin}.csv, its synthetic twin, which is on the book's page "Run a chapter"."""
SIMULATES = re.compile(r"\bbootMer\(|PBmodcomp\(|method = \"boot\"|\bnsim = \d{2}")
MINUTES = "\nIt runs for some minutes: it fits models to many simulated data sets."
COMMENTS = "\nCode that needs data which the tutorial does not give is left as a comment."


def chapters() -> list[str]:
    """Return the keys of the chapters, and of the pages that go on after the fit, in the order of the book."""
    toc = (ROOT / "_toc.yml").read_text("utf-8")
    return [key for key in re.findall(r"book/(\w+)", toc) if (plain.BOOK / f"{key}.ipynb").exists()]


def write_chapter(key: str, folder: Path, home: Repository | None = None) -> None:
    """Write a chapter's notebook and scripts; the notebook can install the wheel from a public address."""
    chapter = plain.read(plain.BOOK / f"{key}.ipynb")
    checked = CHECKED.format(key=key) if key in registry.SOURCES else ""
    notebook = plain.notebook(chapter, ABOUT + checked)
    (folder / f"{key}.py").write_text(plain.script(notebook), "utf-8")
    if home is not None:
        install = INSTALL.format(wheel=f"{home.site}/{FOLDER}/{WHEEL}").strip()
        notebook.cells.insert(1, new_code_cell(install, id="install"))
    nbformat.write(notebook, folder / f"{key}.ipynb")
    (folder / f"{key}.R").write_text(r_code(chapter), "utf-8")


def r_code(chapter: plain.Chapter) -> str:
    """Return a chapter's R script, which says above what it reads."""
    given = re.compile(rf"^`{{3,}}\{{?r\}}?\n{plain.GIVEN.pattern}", re.MULTILINE)
    sources = [cell.source for cell in chapter.notebook.cells if cell.cell_type == "markdown"]
    comments = COMMENTS if any(map(given.search, sources)) else ""
    blocks = re.findall(r"^```r\n(.*?)^```", "\n".join(sources), re.MULTILINE | re.DOTALL)
    comments += MINUTES if any(map(SIMULATES.search, blocks)) else ""
    if chapter.key not in registry.SOURCES:
        files = dict.fromkeys(name for source in sources for name in re.findall(r'read\.csv\("(.*?)"', source))
        reads = READS_TWINS.format(files=" and ".join(files))
        return plain.r_script(chapter, ABOUT_R.format(title=chapter.title, reads=reads, comments=comments))
    data = dataset(registry.read(chapter.key).dataset)
    reads = (READS_ONE if data.file == f"{data.name}.csv" else READS).format(file=data.file, twin=data.name)
    return twin_read(plain.r_script(chapter, ABOUT_R.format(title=chapter.title, reads=reads, comments=comments)), data)


def twin_read(code: str, data: Dataset) -> str:
    """Let R code read the twin where the original file is not at hand."""
    file, twin = re.escape(data.file), f'read.csv("{data.name}.csv", na.strings = "")'
    if data.file == f"{data.name}.csv":
        return code
    code = re.sub(
        rf'^(\w+) <- (.*"{file}".*)$',
        rf'\1 <- if (file.exists("{data.file}")) \2 else\n  {twin}',
        code,
        flags=re.MULTILINE,
    )
    if data.selection:  # the twin has the rows in use, and no others
        chosen = re.escape(data.selection)
        code = re.sub(
            rf'^(\w+) <- (.*"{chosen}".*)$',
            rf'\1 <- if (file.exists("{data.selection}")) \2 else\n  seq_len({data.rows})',
            code,
            flags=re.MULTILINE,
        )
    return code


def write_all(app: Any, error: Exception | None) -> None:
    """Write everything, when the pages are written."""
    if error is not None or app.builder.format != "html":
        return
    folder = Path(app.outdir) / FOLDER
    folder.mkdir(exist_ok=True)
    home = repository.of_book(app.config)
    for key in chapters():
        write_chapter(key, folder, home)
    if home is not None:
        repository.write_environment(Path(app.outdir), f"{FOLDER}/{WHEEL}")
    for about in datasets().values():
        name, content = file_of(about)
        (folder / name).write_bytes(content)
    subprocess.run([sys.executable, ROOT / "tools" / "packages.py", folder, "wheel"], check=True, capture_output=True)


def file_of(about: Dataset) -> tuple[str, bytes]:
    """Return the name and the content of what is offered of a data set: its file, or its twin."""
    if about.ship:
        return about.file, about.shipped.read_bytes()
    return f"{about.name}.csv", gzip.decompress(about.twin.read_bytes())


def _link(text: str, file: str) -> nodes.reference:
    """Link from a page of the book to a file of the folder."""
    return nodes.reference("", text, refuri=f"../{FOLDER}/{file}", internal=True)


class ChapterDownloads(Directive):
    """A table of the chapters, with each form of each."""

    def run(self) -> list[nodes.Node]:
        """Lay out the table."""
        rows = []
        for key in chapters():
            title = plain.title_of(plain.BOOK / f"{key}.ipynb")
            page = nodes.reference("", title, refuri=f"{key}.html", internal=True)
            rows.append([[page], *([_link(suffix, f"{key}{suffix}")] for suffix in FORMS)])
        return [table(["Chapter", "Notebook", "Python", "R"], rows)]


class TwinDownloads(Directive):
    """A table of the twins as csv."""

    def run(self) -> list[nodes.Node]:
        """Lay out the table."""
        rows = [
            [
                [_link(file_of(about)[0], file_of(about)[0])],
                [nodes.Text(f"{about.rows:,}")],
                [nodes.Text(f"{about.title}. "), nodes.emphasis("", about.licence)],
            ]
            for about in datasets().values()
        ]
        return [table(["Twin", "Rows", "Of"], rows)]


class WheelDownload(Directive):
    """A line that links to the wheel, and the command that installs it."""

    def run(self) -> list[nodes.Node]:
        """Lay out the line."""
        command = f'pip install "{WHEEL}[notebooks]"'
        line = nodes.paragraph("", "", _link(WHEEL, WHEEL))
        return [line, nodes.literal_block(command, command, language="sh")]


def offer_downloads(app: Any, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Let the buttons of a chapter give the forms that run elsewhere, instead of the book's own source."""
    key = page.removeprefix("book/")
    if key not in chapters():
        return
    home = repository.of_book(app.config)
    if home is not None:
        context["header_buttons"].insert(0, repository.launch_buttons(home, f"{FOLDER}/{key}.ipynb"))
    for group in context.get("header_buttons", []):
        if group.get("label") == "download-buttons":
            printing = [button for button in group["buttons"] if button["type"] != "link"]
            files = [_button(key, suffix, about, context["pathto"]) for suffix, about in FORMS.items()]
            group["buttons"] = files + printing


def _button(key: str, suffix: str, about: str, pathto: Any) -> dict[str, str]:
    return {
        "type": "link",
        "url": pathto(f"{FOLDER}/{key}{suffix}", 1),
        "text": suffix,
        "icon": "fas fa-file-code",
        "tooltip": f"Download {about}",
        "label": f"download-{suffix[1:].lower()}-button",
    }


def setup(app: Any) -> dict[str, bool]:
    """Register the directives, the button and the writing of the files."""
    app.add_directive("chapter-downloads", ChapterDownloads)
    app.add_directive("twin-downloads", TwinDownloads)
    app.add_directive("wheel-download", WheelDownload)
    app.connect("html-page-context", offer_downloads, priority=900)  # after the theme has added its buttons
    app.connect("build-finished", write_all)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
