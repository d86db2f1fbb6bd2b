"""``python -m replications new KEY PRINTOUT [DATA]``."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from mlm.errors import ArgumentError
from replications import data, places, registry
from replications.checking.given import frame
from replications.checking.targets import Asked
from replications.drafts import dataset, notebook, registry_file
from replications.drafts.section import Section
from replications.drafts.sections import Sections
from replications.errors import PrintoutError, RegistryError
from replications.printouts.command import text_of
from replications.printouts.pages import lines_of
from replications.printouts.read import read_printout

READABLE = (".csv", ".rds", ".dta")
"""What :func:`replications.load` reads."""


@dataclass(frozen=True)
class Given:
    """The data of a new chapter: their name, their rows, and the file if it is to be described."""

    name: str
    rows: pd.DataFrame | None = None
    path: Path | None = None


def main(
    key: str,
    printout: str,
    file: str | None = None,
    *,
    formula: str | Mapping[str, str] | None = None,
    ship: bool = False,
) -> int:
    """Write registry, data set and notebook of a new source; say what differs and what is to decide; return 0.

    Parameters
    ----------
    key : str
        Of the source: small letters, digits and underscores.
    printout : str
        A file as of :func:`replications.read_printout`.
    file : str, optional
        The data, or the name of a data set that is there. Without them no number is tried.
    formula : str or mapping, optional
        Of models that show none, as of :func:`replications.verify`.
    ship : bool
        Whether the data may be passed on: the file is copied to ``data/shipped/``.

    Raises
    ------
    RepositoryError
        If there is no repository.
    RegistryError
        If the key is none, or there is such a source.
    PrintoutError
        If the printout cannot be read, or has no numbers.
    ArgumentError
        If the data are of a kind that a chapter cannot load, or there are none to pass on.
    """
    places.demand_repository("`new`, which writes the files of a chapter,")
    paths = _free(key)
    text = text_of(printout)
    given = _given(key, file, ship)
    maker = Sections(key, Path(printout).name, given.rows)
    sections = maker.of(read_printout(text), lines_of(text), Asked(formula))
    if not any(section.entries or section.left for section in sections):
        raise PrintoutError(f"{printout} has no number that could be read: `read` says what is in it")
    _write_data(given, maker, ship)
    paths["registry"].write_text(registry_file.text(key, given.name, sections), "utf-8")
    paths["notebook"].write_text(notebook.text(key, given.name, sections), "utf-8")
    _write_exceptions(sections)
    print(_said(paths, given, sections, ship))
    return 0


def _free(key: str) -> dict[str, Path]:
    """Return where the files go, if the key is one and they are not there."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", key):
        raise RegistryError(f"The key of a source has small letters, digits and underscores; got {key!r}")
    paths = {
        "registry": places.PACKAGE / "published" / f"{key}.toml",
        "notebook": places.ROOT / "book" / f"{key}.ipynb",
    }
    for path in paths.values():
        if path.exists():
            raise RegistryError(f"{path.relative_to(places.ROOT)} is there already: take another key, or remove it")
    return paths


def _given(key: str, file: str | None, ship: bool) -> Given:
    if file is None:
        if ship:
            raise ArgumentError("--ship passes the data on, and none are named")
        return Given(key)
    if file in data.datasets():
        return Given(file, data.load(file, verbose=False))
    if key in data.datasets():
        raise ArgumentError(f"There is a data set {key!r} already: give its name as DATA, or take another key")
    if Path(file).suffix not in READABLE:
        raise ArgumentError(f"A chapter loads {', '.join(READABLE)}; {file} is another kind: save it as csv")
    return Given(key, frame(file), Path(file))


def _write_data(given: Given, maker: Sections, ship: bool) -> None:
    """Describe a new file in ``data/datasets.toml``, and take it along if it may be passed on."""
    if given.path is None or given.rows is None:
        return
    used = dataset.columns(given.rows, (f"{r.formula} {r.weights} {r.offset}" for r in maker.models.values()))
    with (data.FOLDER / "datasets.toml").open("a", encoding="utf-8") as descriptions:
        descriptions.write(dataset.text(given.name, given.path, given.rows, used, ship))
    if ship:
        (data.FOLDER / "shipped").mkdir(exist_ok=True)
        shutil.copyfile(given.path, data.FOLDER / "shipped" / given.path.name)


def _write_exceptions(sections: list[Section]) -> None:
    with (places.PACKAGE / "published" / registry.EXCEPTIONS).open("a", encoding="utf-8") as exceptions:
        for section in sections:
            for known in section.exceptions.values():
                given = {name: value for name, value in asdict(known).items() if value is not None}
                lines = "".join(f"{name} = {registry_file.quoted(value)}\n" for name, value in given.items())
                exceptions.write(f"\n[[exception]]\n{lines}")


def _said(paths: Mapping[str, Path], given: Given, sections: list[Section], ship: bool) -> str:
    """Return what was written, what differs, and what a person goes on with."""
    entries = sum(len(section.entries) for section in sections)
    left = sum(len(section.left) for section in sections)
    differing = [known for section in sections for known in section.exceptions.values()]
    tried = "" if given.rows is None else f", {entries - len(differing)} of them reproduced"
    lines = [f"{path.relative_to(places.ROOT)}: written" for path in paths.values()]
    lines += [f"{entries} numbers registered{tried}; {left} read and left out, with the reason beside each"]
    lines += [f"  {known.id}: {known.reason.removeprefix(f'{registry.TO_DECIDE}: ')}" for known in differing]
    lines += [f"What a person decides is marked {registry.TO_DECIDE}: `grep -rn '{registry.TO_DECIDE}' .` finds it."]
    if given.path is not None and not ship:
        lines += [f"The chapter finds the data with {data.VARIABLE}={given.path.resolve().parent}"]
    if given.rows is None:
        lines += [f"No data were given: describe {given.name!r} in data/datasets.toml before the chapter runs."]
    return "\n".join(
        [*lines, "Then: python tools/sources.py, and python -m replications check " + paths["registry"].stem]
    )
