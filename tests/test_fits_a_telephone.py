"""Displayed formulas and opened tables of checks are not wider than the text of a page on a telephone."""

import html
import importlib.util
import re
from pathlib import Path

import nbformat
import pytest

pytest.importorskip("tornado", reason="the extra `book` is not installed")
pytest.importorskip("mathjax", reason="the extra `book` is not installed")
pytest.importorskip("sphinx_book_theme", reason="the extra `book` is not installed")

import chromium

BOOK = Path(__file__).resolve().parent.parent / "book"
META = '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
COLUMN = 350  # pixels of text in a window of 390, less what fonts differ by
THEMES = (
    ("pydata_sphinx_theme", "styles/pydata-sphinx-theme.css"),
    ("sphinx_book_theme", "styles/sphinx-book-theme.css"),
)
DISPLAYED = re.compile(r"^ *\$\$(.*?)\$\$|^```\{math\}\n(?::.*\n)*(.*?)^```", re.DOTALL | re.MULTILINE)
CHECKED = re.compile(r'<details class="published-check">.*?</details>', re.DOTALL)
WIDTHS = """[...document.querySelectorAll("div.box")].map(
    box => box.querySelector("svg, table")?.getBoundingClientRect().width ?? 1e9)"""

pytestmark = pytest.mark.skipif(chromium.find() is None, reason="no Chromium on the path, and MLM_BROWSER names none")


@pytest.fixture
def browser(tmp_path):
    browser = chromium.Chromium(chromium.find(), tmp_path / "browser")
    browser.look(390, "light")
    yield browser
    browser.close()


def notebooks():
    for path in sorted(BOOK.glob("*.ipynb")):
        yield path.stem, nbformat.read(path, as_version=4).cells


def texts():
    for path in sorted(BOOK.glob("*.md")):
        yield path.stem, path.read_text("utf-8")
    for key, cells in notebooks():
        yield key, "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def widths(browser, head, boxes, page):
    """The widths of formulas or tables, each in a box of its own."""
    body = "".join(f'<div class="box" style="width: {COLUMN}px">{box}</div>' for box in boxes)
    page.write_text(f'<!doctype html>{META}{head}<body class="bd-content">{body}', "utf-8")
    browser.open(page.as_uri())
    found = browser.js(WIDTHS)
    assert len(found) == len(boxes)
    return found


def too_wide(found, names):
    return [f"{width:.0f} px: {name}" for width, name in zip(found, names, strict=True) if width > COLUMN]


def test_displayed_formulas(browser, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(BOOK / "_ext"))
    import offline

    formulas = [(key, one or other) for key, text in texts() for one, other in DISPLAYED.findall(text)]
    assert len(formulas) > 50
    script = (offline.mathjax_folder() / "es5" / offline.SCRIPT).as_uri()
    head = f'<script>window.MathJax = {{svg: {{fontCache: "none"}}}}</script><script src="{script}"></script>'
    boxes = [f"\\[{html.escape(formula)}\\]" for _, formula in formulas]
    found = widths(browser, head, boxes, tmp_path / "page.html")
    assert not too_wide(found, [f"{key}: {formula.strip()}" for key, formula in formulas])


def style(package, name):
    folder = Path(importlib.util.find_spec(package).submodule_search_locations[0])
    return (folder / "theme" / package / "static" / name).as_uri()


def test_tables_of_checks(browser, tmp_path):
    sheets = [*(style(*theme) for theme in THEMES), (BOOK / "_static/book.css").as_uri()]
    head = "".join(f'<link rel="stylesheet" href="{sheet}">' for sheet in sheets)
    outputs = [(key, output) for key, cells in notebooks() for cell in cells for output in cell.get("outputs", [])]
    tables = [(key, t) for key, out in outputs for t in CHECKED.findall(out.get("data", {}).get("text/html", ""))]
    assert len(tables) > 50
    boxes = [table.replace("<details", "<details open") for _, table in tables]
    found = widths(browser, head, boxes, tmp_path / "page.html")
    names = [f"{key}: {re.search('<summary>(.*?)</summary>', table)[1]}" for key, table in tables]
    assert not too_wide(found, names)
