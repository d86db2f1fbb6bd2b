"""Write the tables of chapters and the order of the book from the registries, so that they stand in one place.

    python tools/sources.py           (README.md, book/intro.md and _toc.yml)

What a row says is the table ``[chapter]`` of ``replications/published/KEY.toml``; titles come from the chapters.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from replications import registry  # noqa: E402

README, INTRO, TOC = Path("README.md"), Path("book/intro.md"), Path("_toc.yml")
FIRST_LINES = {README: "| chapter | document | data |", INTRO: "| chapter | you learn | before it | time | numbers |"}
NUMBERED = "    numbered: true\n    chapters:\n"


def pages() -> dict[Path, str]:
    """Return what the three files are to be."""
    return {README: _table(README, _readme_row), INTRO: _table(INTRO, _intro_row), TOC: _toc()}


def _table(path: Path, row) -> str:
    """Return a page with the rows of its table written anew."""
    before, first, after = (ROOT / path).read_text("utf-8").partition(FIRST_LINES[path])
    rule, _, rest = after.lstrip("\n").partition("\n")
    below = re.sub(r"\A(\|.*\n)*", "", rest)
    return "\n".join([before + first, rule, *map(row, registry.SOURCES), below])


def _readme_row(key: str) -> str:
    said = registry.read(key).chapter
    return f"| [{title(key)}](book/{key}.ipynb) | {said['document']} | {said['data']} |"


def _intro_row(key: str) -> str:
    source = registry.read(key)
    said = source.chapter
    cited = f", after {{cite:t}}`{said['cite']}`" if said["cite"] else ""
    words = " | ".join(said[name] for name in ("learn", "before", "time"))
    return f"| []({key}.ipynb){cited} | {words} | {len(source.entries)} |"


def _toc() -> str:
    before, first, after = (ROOT / TOC).read_text("utf-8").partition(NUMBERED)
    lines = "".join(f"      - file: book/{key}\n" for key in registry.SOURCES)
    return before + first + lines + re.sub(r"\A( +- file: .*\n)*", "", after)


def title(key: str) -> str:
    """Return the heading of a chapter."""
    cells = json.loads((ROOT / "book" / f"{key}.ipynb").read_text("utf-8"))["cells"]
    return re.search(r"^# (.+)$", "".join(cells[0]["source"]), re.MULTILINE)[1]


def main() -> int:
    """Write what differs, and say so; return the exit status."""
    for path, content in pages().items():
        same = (ROOT / path).read_text("utf-8") == content
        if not same:
            (ROOT / path).write_text(content, "utf-8")
        print(f"{path}: {'unchanged' if same else 'written'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
