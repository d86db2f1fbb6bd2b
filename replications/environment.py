"""What computed a number: versions and platform, and the commit of the repository."""

from __future__ import annotations

import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version

import numpy as np

import mlm
from replications import places

PACKAGES = {"NumPy": "numpy", "SciPy": "scipy", "pandas": "pandas", "NLopt": "nlopt"}
INSTALLED = "installed package"
SECONDS = 60
"""How long git may take."""


def versions() -> dict[str, str]:
    """Return names and versions of what computes here; the names of packages that are not there are left out.

    Examples
    --------
    >>> list(versions())[:4]
    ['mlm', 'Python', 'platform', 'BLAS']
    """
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    found = {
        "mlm": mlm.__version__,
        "Python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "BLAS": f"{blas.get('name', 'unknown')} {blas.get('version', '')}".strip(),
    }
    for name, package in PACKAGES.items():
        try:
            found[name] = version(package)
        except PackageNotFoundError:
            continue
    return found


def in_words(made_with: dict[str, str]) -> str:
    """Return versions on one line.

    Examples
    --------
    >>> in_words({"mlm": "0.1.0", "Python": "3.12.1", "platform": "Linux x86_64"})
    'mlm 0.1.0, Python 3.12.1, on Linux x86_64'
    """
    parts = [f"{name} {number}" for name, number in made_with.items() if name != "platform"]
    return ", ".join(parts + ([f"on {made_with['platform']}"] if "platform" in made_with else []))


def commit() -> str:
    """Return the commit of the repository, and whether files were changed since; else "installed package"."""
    if not places.in_repository():
        return INSTALLED
    found = _git("rev-parse", "HEAD")
    if not found:
        return "repository without its history"
    return f"{found}, and changes that are not committed" if _git("status", "--porcelain", "-uno") else found


def _git(*arguments: str) -> str:
    """Return what git says of the repository; empty where there is no git, or none of this folder."""
    try:
        command = ["git", "-C", str(places.ROOT), *arguments]
        said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=SECONDS)
    except (OSError, subprocess.SubprocessError):
        return ""
    return said.stdout.strip()
