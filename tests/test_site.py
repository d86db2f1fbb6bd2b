"""The built book, where there is one, is complete in itself: nothing is loaded from another host.

``test_site_in_browser.py`` opens the pages in a browser.
"""

import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest

SITE = Path(__file__).resolve().parent.parent / "_build" / "html"
PAGES = sorted(SITE.glob("book/*.html"))
LOADING = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href", "video": "src"}
# relations of <link> that only name another page
NAMING = {"canonical", "index", "search", "next", "prev", "author", "license", "copyright"}

pytestmark = pytest.mark.skipif(not PAGES, reason="no book built")
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


@cache
def parsed(path):
    return Page(path)


class Page(HTMLParser):
    """Collects what a page loads, its local links and anchors, its title and the outputs in it."""

    def __init__(self, path):
        super().__init__()
        self.loads, self.links, self.anchors, self.without_alt = [], [], set(), []
        self.title, self._in_title = "", False
        self.outputs, self.outputs_in_tabs, self._boxes = 0, 0, []
        self.feed(path.read_text("utf8"))

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag in LOADING and not (tag == "link" and attrs.get("rel") in NAMING):
            self.loads.append(attrs.get(LOADING[tag]) or "")
        if tag == "a" and attrs.get("href"):
            self.links.append(attrs["href"])
        if tag == "img" and not attrs.get("alt"):
            self.without_alt.append(attrs.get("src"))
        if tag == "div":
            self._enter(attrs.get("class") or "")
        self.anchors.add(attrs.get("id"))
        self._in_title = self._in_title or (tag == "title" and not self.title)

    def _enter(self, classes):
        if "cell_output" in classes.split():
            self.outputs += 1
            self.outputs_in_tabs += any("sd-tab-content" in box for box in self._boxes)
        self._boxes.append(classes)

    def handle_endtag(self, tag):
        if tag == "div" and self._boxes:
            self._boxes.pop()
        self._in_title = self._in_title and tag != "title"

    def handle_data(self, data):
        self.title += data if self._in_title else ""


@each_page
def test_page_loads_only_local_files_that_exist(page):
    for address in parsed(page).loads:
        assert not re.match(r"(?:[a-z]+:)?//", address), f"{page.name} loads {address}"
        if address and not address.startswith("data:"):
            assert (page.parent / address.split("?")[0].split("#")[0]).exists(), f"{page.name} loads {address}"


@each_page
def test_page_has_a_title(page):
    assert parsed(page).title.strip()


@each_page
def test_local_links_lead_somewhere(page):
    for link in parsed(page).links:
        file, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", link):
            continue
        target = (page.parent / file).resolve() if file else page
        assert target.exists(), f"{page.name} links to {link}"
        if anchor and target.suffix == ".html":
            assert anchor in parsed(target).anchors, f"{page.name} links to {link}"


@each_page
def test_images_have_alternative_text(page):
    assert not parsed(page).without_alt


def test_outputs_stand_outside_of_tabs():
    pages = [parsed(page) for page in PAGES]
    assert sum(page.outputs for page in pages) > 100
    assert not sum(page.outputs_in_tabs for page in pages)


def test_style_sheets_load_nothing_from_outside():
    for sheet in SITE.rglob("*.css"):
        remote = re.search(r"(?:url\(|@import)\s*['\"]?(?:https?:)?//[^)'\"]*", sheet.read_text("utf8"))
        assert remote is None, f"{sheet.name}: {remote and remote.group()}"
