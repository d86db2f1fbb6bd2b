"""The registries' numbers, read back from the documents' text: the share that comes out with string and id.

The documents are other people's, so their text is not here: without its folder (``MLM_SHARED``) nothing is measured.
``python tests/replications/test_printouts_registries.py`` prints what is missing.
"""

import os
import tomllib
from pathlib import Path

import pytest

from replications.printouts.read import read_printout
from replications.registry import SOURCES, read

MAPS = tomllib.loads(Path(__file__).with_name("printout_maps.toml").read_text("utf8"))
SHARED = Path(os.environ.get("MLM_SHARED", "../shared")) / "sources"
LEAST = 0.95
"""The share of all sources together."""


def renamed(id, names):
    for old, new in sorted(names.items(), key=lambda pair: -len(pair[0])):
        padded = f".{id}.".replace(f".{old}.", f".{new}.")
        id = padded.strip(".")
    return id


def numbers(key):
    """Return what was read of a source under the registry's ids."""
    printout = read_printout((SHARED / f"{key}.txt").read_text("utf8"))
    found = {}
    for place in MAPS[key]["blocks"]:
        blocks = [block for block in printout if block.line <= place["line"] <= block.last and block.numbers]
        for block in blocks[:1]:
            for number in block.numbers:
                found[f"{place['key']}.{renamed(number.id, place.get('names', {}))}"] = number
    return found


def compare(key):
    """Return the entries wanted, and those that did not come out, with what came in their place."""
    wanted = [entry for entry in read(key).entries if not entry.prose and entry.in_source_text]
    found = numbers(key)
    missing = [
        (entry, found[entry.id].text if entry.id in found else None)
        for entry in wanted
        if entry.id not in found or found[entry.id].text != entry.value
    ]
    return wanted, missing


@pytest.mark.skipif(not SHARED.exists(), reason="the documents' text is not at hand (MLM_SHARED)")
def test_the_registries_numbers_are_read_with_string_and_id():
    results = {key: compare(key) for key in SOURCES}
    wrong = [(key, entry.id, got) for key, (_, missing) in results.items() for entry, got in missing if got is not None]
    assert not wrong
    wanted = sum(len(entries) for entries, _ in results.values())
    lost = sum(len(missing) for _, missing in results.values())
    assert (wanted - lost) / wanted >= LEAST


if __name__ == "__main__":
    for source in SOURCES:
        entries, lost = compare(source)
        print(f"{source}: {len(entries) - len(lost)} of {len(entries)}")
        for entry, got in lost:
            print(f"    {entry.id}: printed {entry.value!r}, read {got!r}; {entry.where}; {entry.glitch}")
