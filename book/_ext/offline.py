"""Make the built book independent of the network: MathJax beside the pages, no thebe.

The formulas are drawn by MathJax 3, one JavaScript file that needs no fonts or further files. It comes
from the package django-static-mathjax (plain files; Django itself is neither needed nor installed) and is
copied into the built book, so that the repository carries no copy of it.

The theme also adds scripts of thebe (live code cells), which load from a content delivery network. The book
does not use them and they are taken out of every page.
"""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sphinx.errors import ExtensionError

SCRIPT = "tex-svg-full.js"


def mathjax_folder() -> Path:
    """Return the folder of the installed package that holds MathJax's ``es5`` files and its licence."""
    spec = find_spec("mathjax")
    for place in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(place) / "static" / "mathjax"
        if (folder / "es5" / SCRIPT).is_file():
            return folder
    raise ExtensionError("MathJax is not installed: pip install -e '.[book]' (package django-static-mathjax)")


def _use_local_mathjax(_app: Any, config: Any) -> None:
    config.mathjax_path = f"mathjax/{SCRIPT}"


def _copy_mathjax(app: Any) -> None:
    if app.builder.format != "html":
        return
    source, target = mathjax_folder(), Path(app.outdir) / "_static" / "mathjax"
    target.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source / "es5" / SCRIPT, target / SCRIPT)
    shutil.copyfile(source / "LICENSE", target / "LICENSE")


def _is_thebe(file: Any) -> bool:
    body = (getattr(file, "attributes", None) or {}).get("body") or ""
    return "thebe" in str(getattr(file, "filename", None) or "").lower() or "thebe" in body.lower()


def _drop_thebe(_app: Any, _page: str, _template: str, context: dict[str, Any], _doctree: Any) -> None:
    for kind in ("script_files", "css_files"):
        context[kind] = [file for file in context[kind] if not _is_thebe(file)]


def setup(app: Any) -> dict[str, bool]:
    """Register the two changes with Sphinx."""
    app.connect("config-inited", _use_local_mathjax)
    app.connect("builder-inited", _copy_mathjax)
    # late, after the theme and sphinx-thebe have added theirs
    app.connect("html-page-context", _drop_thebe, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
