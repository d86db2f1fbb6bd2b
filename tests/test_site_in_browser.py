"""The built book as a reader's browser shows it: every page on a screen and on a telephone, in light and in dark.

The browser is the one that MLM_BROWSER names, else a Chromium on the path; without one these tests are skipped.
"""

import importlib.util
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import chromium
import pytest
from matplotlib import rc_params_from_file
from matplotlib.font_manager import font_scalings

from mlm.plot.style import SHEET

TESTS = Path(__file__).resolve().parent
SITE = TESTS.parent / "_build" / "html"
PAGES = [page.relative_to(SITE).as_posix() for page in sorted(SITE.glob("book/*.html"))]
CHAPTERS = [page for page in PAGES if (TESTS.parent / page).with_suffix(".ipynb").exists()]
SCREEN, TELEPHONE = 1280, 390
SCHEMES = ("light", "dark")
LOOKS = [
    (page, width, scheme) for page in [*PAGES, "genindex.html"] for width in (SCREEN, TELEPHONE) for scheme in SCHEMES
]
STYLE = rc_params_from_file(SHEET, use_default_template=False)
# pixels: smaller letters are not read on a telephone
LETTERS = 8
# pixels: a narrower column breaks the words of a label
LABEL = 70
# pixels of a file for one of the page: what fine screens show
SHARP = 2

pytestmark = [
    pytest.mark.skipif(not PAGES, reason="no book built"),
    pytest.mark.skipif(chromium.find() is None, reason="no Chromium on the path, and MLM_BROWSER names none"),
]


class Silent(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        """Write nothing."""


@pytest.fixture(scope="module")
def address():
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=SITE))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    browser = chromium.Chromium(chromium.find(), tmp_path_factory.mktemp("browser"))
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def site_js():
    return (TESTS / "site.js").read_text("utf-8") + ";globalThis.site = site; 0"


@pytest.fixture(scope="module")
def axe():
    """Return the code of axe-core, which a Python package carries."""
    folder = importlib.util.find_spec("axe_core_python").submodule_search_locations[0]
    return (Path(folder) / "axe.min.js").read_text("utf-8") + ";0"


@pytest.fixture(scope="module")
def seen(request, browser, address, site_js):
    """Return the browser, with a page open in it."""
    page, browser.width, browser.scheme = request.param
    browser.look(browser.width, browser.scheme)
    browser.open(address + page)
    browser.js(site_js)
    return browser


def is_vector(figure):
    return figure["file"].endswith(".svg") or figure["file"].startswith("data:image/svg")


def points(figure):
    """Return the width of a figure as it was drawn, in points: pixels of a PNG file are those of the style's."""
    return figure["natural"][0] * 72 / (96 if is_vector(figure) else STYLE["figure.dpi"])


def letters(figure):
    """Return the height in pixels of a figure's small letters, as shown."""
    return figure["width"] / points(figure) * STYLE["font.size"] * font_scalings["small"]


def looks(wanted):
    names = [f"{Path(page).stem}-{width}-{scheme}" for page, width, scheme in wanted]
    return pytest.mark.parametrize("seen", wanted, indirect=True, ids=names)


every_look = looks(LOOKS)


@every_look
def test_page_is_whole(seen, address):
    """Without an error, a request to another host, a formula that is not drawn, or anything cut."""
    assert not seen.errors
    assert not [asked for asked in seen.asked if not asked.startswith((address, "data:", "blob:"))]
    assert not seen.js("site.formulas()")
    assert seen.js("document.documentElement.scrollWidth") <= seen.width
    assert not seen.js("site.cut()")
    assert seen.js("document.documentElement.dataset.theme") == seen.scheme


@every_look
def test_page_fits_its_width(seen):
    """On a screen nothing scrolls sideways and figures are sharp; on a telephone letters are read, formulas whole."""
    if seen.width == SCREEN:
        for language in ("R", "Python"):
            seen.js(f"site.choose('{language}')")
            assert not seen.js("site.scrolling()"), language
        files = [figure for figure in seen.js("site.figures()") if not is_vector(figure)]
        assert not [figure["file"] for figure in files if figure["natural"][0] < SHARP * figure["width"]]
    else:
        smallest = {figure["file"][-40:]: letters(figure) for figure in seen.js("site.figures()")}
        assert not {file: size for file, size in smallest.items() if size < LETTERS}
        assert not seen.js("site.cutFormulas()")


@looks([look for look in LOOKS if look[2] == "light"])
def test_opened_boxes_are_whole(seen):
    """Solutions, hints, checks and folded code: no picture is cut, no number broken, no label squeezed."""
    seen.js("site.open()")
    assert seen.js("document.documentElement.scrollWidth") <= seen.width
    assert not seen.js("site.cut()")
    assert not seen.js("site.cutPictures()")
    assert not seen.js("site.broken()")
    assert not seen.js(f"site.squeezed({LABEL})")
    if seen.width == SCREEN:
        assert not seen.js("site.scrolling()")
    else:
        smallest = {figure["file"][-40:]: letters(figure) for figure in seen.js("site.figures()")}
        assert not {file: size for file, size in smallest.items() if size < LETTERS}


@every_look
def test_dark_page_is_dark(seen):
    """No box is light, and figures on white are turned to dark."""
    if seen.scheme == "dark":
        assert not seen.js("site.slabs()")
        assert all("invert" in figure["filter"] for figure in seen.js("site.figures()"))


@every_look
def test_page_is_accessible(seen, axe):
    """By the rules of axe-core, but for what it calls minor or moderate."""
    seen.js(axe)
    faults = seen.js("site.faults(true)")
    if (seen.width, seen.scheme) == (SCREEN, "light"):  # the other rules know no colours, and the text is the same
        faults += seen.js("site.faults(false)")
    assert not [fault for fault in faults if fault["impact"] in ("serious", "critical")]


@pytest.mark.parametrize("page", CHAPTERS, ids=lambda page: Path(page).stem)
def test_tabs_switch_code_only(browser, address, site_js, page):
    browser.look(SCREEN, "light")
    browser.open(address + page)
    browser.js(site_js)
    python, r = browser.js("site.choose('Python')"), browser.js("site.choose('R')")
    assert set(python["languages"]) <= {"ipython3", "python"}
    assert set(r["languages"]) <= {"r", "rout"}
    assert r["figures"] == python["figures"] > 0
    assert r["outputs"] == python["outputs"] > 0


@pytest.mark.parametrize("width", [SCREEN, TELEPHONE])
def test_search_finds_the_glossary(browser, address, width):
    browser.look(width, "light")
    browser.open(f"{address}search.html?q=glossary")
    results = "[...document.querySelectorAll('#search-results li a')].map(link => link.href)"
    assert any("glossary" in link for link in browser.wait(f"(found => found.length && found)({results})"))
    assert not browser.errors


def test_the_index_has_one_column_on_a_telephone(browser, address):
    browser.look(TELEPHONE, "light")
    browser.open(f"{address}genindex.html")
    columns = "[...document.querySelectorAll('.genindextable td')].map(cell => cell.getBoundingClientRect().width)"
    assert min(browser.js(columns)) > 0.7 * TELEPHONE


def test_downloads_open(browser, address):
    browser.look(SCREEN, "light")
    for page in [*CHAPTERS, "book/run.html"]:
        browser.open(address + page)
        links = "[...document.querySelectorAll('a[href*=\"downloads/\"]')].map(link => link.href)"
        found = browser.js(
            f"Promise.all({links}.map(async at => {{ const got = await fetch(at);"
            " return [at, got.ok && (await got.blob()).size] }))"
        )
        assert len(found) >= 3
        assert not [at for at, size in found if not size]
