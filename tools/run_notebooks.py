"""Run notebooks and store their outputs, leaving nothing in them that changes from run to run.

    python tools/run_notebooks.py [NOTEBOOK ...]      (none named: every book/*.ipynb)

Time stamps, the Python version and editors' metadata are left out, so that a second run changes no byte
unless a result changed. The notebooks run on the data the repository ships, also where the original files are
at hand, because the stored outputs must be what a reader without them gets.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOK_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
CELL_METADATA = ("tags", "mystnb")
SECONDS_PER_CELL = 900


def tidy(notebook: nbformat.NotebookNode) -> None:
    """Reduce the metadata of `notebook` and its cells to what the book uses, in place."""
    notebook.metadata = nbformat.from_dict(NOTEBOOK_METADATA)
    for cell in notebook.cells:
        kept = {key: cell.metadata[key] for key in CELL_METADATA if cell.metadata.get(key)}
        cell.metadata = nbformat.from_dict(kept)


def run(path: Path) -> bool:
    """Run one notebook in its own folder, store it and return whether the file changed.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        When a cell raises. The file is then left as it was.
    """
    before = path.read_text("utf8")
    notebook = nbformat.reads(before, as_version=4)
    NotebookClient(
        notebook,
        timeout=SECONDS_PER_CELL,
        kernel_name="python3",
        record_timing=False,
        coalesce_streams=True,
        extra_arguments=["--log-level=ERROR"],
        resources={"metadata": {"path": str(path.parent)}},
    ).execute()
    tidy(notebook)
    nbformat.validate(notebook)
    after = nbformat.writes(notebook, indent=1) + "\n"
    if after != before:
        path.write_text(after, "utf8")
    return after != before


def main(names: list[str]) -> None:
    """Run the named notebooks, or all, telling each one's time and whether it changed."""
    os.environ["MLM_ORIGINALS"] = ""
    paths = [Path(name).resolve() for name in names] or sorted((ROOT / "book").glob("*.ipynb"))
    for path in paths:
        start = time.perf_counter()
        print(f"{path.name} ...", end=" ", flush=True)
        changed = run(path)
        print(f"{'changed' if changed else 'unchanged'} ({time.perf_counter() - start:.0f} s)")


if __name__ == "__main__":
    main(sys.argv[1:])
