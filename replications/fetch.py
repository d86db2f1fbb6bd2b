"""Download the original data files, verified by sha256; ``python -m replications fetch``."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

from mlm.errors import suggest
from replications import data
from replications.errors import OriginalsError


def fetch(about: data.Dataset, folder: Path) -> Path:
    """Download one original file, unless it is there already.

    Parameters
    ----------
    about : Dataset
        Its ``url`` and ``sha256`` are used.
    folder : Path
        Where to keep it; made if need be.

    Returns
    -------
    Path
        The verified file.

    Raises
    ------
    OriginalsError
        If it cannot be downloaded or stored, or is not the file expected; the message names the address.
    """
    try:
        import pooch
        import requests
        import tqdm  # noqa: F401  pooch's progress bar
    except ImportError as missing:
        raise OriginalsError(f"Downloading needs the package {missing.name}: {data.EXTRA}") from None
    pooch.get_logger().setLevel(logging.WARNING)
    try:
        path = pooch.retrieve(
            about.url,
            f"sha256:{about.sha256}",
            fname=about.file,
            path=folder,
            progressbar=sys.stderr.isatty(),
        )
    except requests.RequestException as reason:
        raise OriginalsError(f"no download from {about.url}: {_short(reason)}") from None
    except OSError as reason:
        raise OriginalsError(f"{about.file} cannot be stored in {folder}: {_short(reason)}") from None
    except ValueError:
        raise OriginalsError(f"what {about.url} gives is not the file expected (sha256 {about.sha256})") from None
    return Path(path)


def main(names: list[str]) -> int:
    """Download the named data sets' originals, or all; return the exit status.

    One line a file goes to standard output, what fails to standard error; the others are still fetched.
    """
    unknown = [name for name in names if name not in data.datasets()]
    if unknown:
        for name in unknown:
            print(f"There is no data set {name!r}.{suggest(name, data.datasets())}", file=sys.stderr)
        return 2
    folder = data.originals_folder()
    if folder is None:
        remedy = f"unset {data.VARIABLE}" if data.VARIABLE in os.environ else data.EXTRA
        print(f"There is no folder to download to: {remedy}", file=sys.stderr)
        return 1
    failed = []
    for name in names or data.datasets():
        if data.dataset(name).ship:
            print(f"{name}: {data.dataset(name).shipped}, which comes with the project", flush=True)
            continue
        try:
            print(f"{name}: {fetch(data.dataset(name), folder)}", flush=True)
        except OriginalsError as reason:
            print(f"{name}: {reason}", file=sys.stderr, flush=True)
            failed.append(name)
    if failed:
        listed = ", ".join(failed)
        print(f"Not fetched: {listed}. The synthetic twins in data/twins/ serve without them.", file=sys.stderr)
    return 1 if failed else 0


def _short(reason: Exception) -> str:
    """Return the innermost cause in a line: "Name or service not known" rather than a pool's whole story."""
    cause: BaseException = reason
    while cause.args and isinstance(cause.args[0], BaseException):
        cause = cause.args[0]
    inner = getattr(cause, "reason", None)
    text = str(inner if isinstance(inner, BaseException) else cause).strip()
    return f"{type(cause).__name__}: {text.splitlines()[0] if text else 'no details'}"
