"""``python -m replications read FILE``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from replications.errors import PrintoutError
from replications.printouts.read import read_printout

NOTHING_READ = 2


def main(file: str, as_json: bool = False) -> int:
    """Print what a file has, and return the exit status: 2 where nothing could be read.

    Raises
    ------
    PrintoutError
        If the file cannot be opened, or is not text.
    """
    printout = read_printout(text_of(file))
    if as_json:
        print(json.dumps([block.as_dict() for block in printout], indent=1, ensure_ascii=False))
        for note in printout.notes:
            print(note, file=sys.stderr)
    else:
        print(printout)
    return 0 if any(block.numbers for block in printout) else NOTHING_READ


def text_of(file: str) -> str:
    """Return the text of a file, or of standard input for ``-``."""
    try:
        raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise PrintoutError(f"The printout {file} cannot be opened: {error.strerror}") from None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        if b"\0" in raw:
            raise PrintoutError(
                f"{file} is not text: save the page as text or HTML, or copy the printout out of it"
            ) from None
        return raw.decode("cp1252", errors="replace")
