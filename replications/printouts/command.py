"""``python -m replications read FILE``."""

from __future__ import annotations

import codecs
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
        return raw.decode(_encoding(raw))
    except UnicodeDecodeError:
        if b"\0" in raw:
            raise PrintoutError(
                f"{file} is not text: save the page as text or HTML, or copy the printout out of it"
            ) from None
        return raw.decode("cp1252", errors="replace")


def _encoding(raw: bytes) -> str:
    """Return UTF-16 where the text begins as such or each other byte is zero, as PowerShell writes it; else UTF-8."""
    if raw[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "utf-16"
    halves = {"utf-16-le": raw[1::2], "utf-16-be": raw[::2]}
    zeros = {name: half.count(0) for name, half in halves.items() if 2 * half.count(0) > len(half) > 0}
    return max(zeros, key=zeros.__getitem__) if zeros and not len(raw) % 2 and raw.count(0) < len(raw) else "utf-8-sig"
