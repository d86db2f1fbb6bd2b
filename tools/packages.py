"""Build the wheel and the sdist from a copy of what they read, so that nothing of an earlier build comes in.

    python tools/packages.py FOLDER [wheel | sdist]      (both, if none is named)

Needs setuptools 77 or later, which knows how pyproject.toml writes the licence, and no network.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import sys
import tempfile
from contextlib import redirect_stdout
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# What the builds read, beside the folders of code and data.
FILES = ("pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE", "CHANGELOG.md", "CITATION.cff")
FOLDERS = ("mlm", "replications", "data")
KINDS = ("wheel", "sdist")
USAGE = "python tools/packages.py FOLDER [wheel | sdist]"


class BuildError(Exception):
    """No package can be built; the message says why."""


def build(folder: Path, kind: str) -> Path:
    """Build a package and return its file.

    Parameters
    ----------
    folder : Path
        Where it goes; made if need be.
    kind : {"wheel", "sdist"}

    Raises
    ------
    BuildError
        Without a setuptools that is new enough.
    """
    check_setuptools()
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


def check_setuptools() -> None:
    """See that there is the setuptools that pyproject.toml asks for."""
    least = re.search(r"setuptools>=(\d+)", (ROOT / "pyproject.toml").read_text("utf-8"))[1]
    try:
        found = version("setuptools")
    except PackageNotFoundError:
        found = "none"
    if found == "none" or int(found.partition(".")[0]) < int(least):
        raise BuildError(
            f'This needs setuptools {least} or later, and {found} is here: pip install "setuptools>={least}"'
        )


def main(arguments: list[str]) -> int:
    """Build what is named, and say where it is; return the exit status."""
    folder, *kinds = arguments or [""]
    unknown = [kind for kind in kinds if kind not in KINDS]
    if not folder or folder.startswith("-") or unknown:
        print(f"usage: {USAGE}", file=sys.stderr)
        return 2
    try:
        for kind in kinds or KINDS:
            print(build(Path(folder).resolve(), kind))
    except (BuildError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
