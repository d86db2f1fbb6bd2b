"""Build the wheel and the sdist from a copy of what they read, so that nothing of an earlier build comes in.

    python tools/packages.py FOLDER [wheel | sdist]      (both, if none is named)

Needs setuptools and no network.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
import tempfile
from contextlib import redirect_stdout
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# What the builds read, beside the folders of code and data.
FILES = ("pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE", "CHANGELOG.md", "CITATION.cff")
FOLDERS = ("mlm", "replications", "data")
KINDS = ("wheel", "sdist")


def build(folder: Path, kind: str) -> Path:
    """Build a package and return its file.

    Parameters
    ----------
    folder : Path
        Where it goes; made if need be.
    kind : {"wheel", "sdist"}
    """
    from setuptools import build_meta

    folder.mkdir(parents=True, exist_ok=True)
    hook = {"wheel": build_meta.build_wheel, "sdist": build_meta.build_sdist}[kind]
    with tempfile.TemporaryDirectory() as name:
        copy(Path(name))
        before = Path.cwd()
        os.chdir(name)
        try:
            with redirect_stdout(io.StringIO()):  # setuptools names every file
                built = hook(str(folder))
            return folder / built
        finally:
            os.chdir(before)


def copy(folder: Path) -> None:
    """Copy what a build reads."""
    for name in FILES:
        shutil.copy(ROOT / name, folder / name)
    for name in FOLDERS:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))


def main(arguments: list[str]) -> None:
    """Build what is named, and say where it is."""
    folder, *kinds = arguments
    for kind in kinds or KINDS:
        print(build(Path(folder).resolve(), kind))


if __name__ == "__main__":
    main(sys.argv[1:])
