"""Where the files are: in the repository, or in the installed package, which carries the data and no chapters."""

from __future__ import annotations

from pathlib import Path

from replications.errors import RepositoryError

PACKAGE = Path(__file__).resolve().parent
ROOT = PACKAGE.parent
"""The repository; what is beside the package where it is installed."""
CARRIED = PACKAGE / "files"
"""Where a wheel has the folder data/ (setup.py)."""
DATA = CARRIED if CARRIED.exists() else ROOT / "data"


def in_repository() -> bool:
    """Tell whether this is the repository, with the chapters, and not an installed wheel."""
    return not CARRIED.exists() and (ROOT / "_toc.yml").exists()


def demand_repository(what: str) -> None:
    """Refuse what only works in the repository.

    Parameters
    ----------
    what : str
        What was asked for, at the beginning of the message.

    Raises
    ------
    RepositoryError
        If this is an installed wheel.
    """
    if not in_repository():
        raise RepositoryError(
            f"{what} needs the project's repository, and this is the installed package in {PACKAGE}: get the "
            "repository, and run the command in its folder. Without it there are `list`, `show`, `read`, "
            "`verify`, `scoreboard`, `certificate` and `fetch`."
        )
