"""Output that was pasted into the prose of a page, outside of any fence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from replications.printouts.cells import stars_of, trailing
from replications.printouts.headings import known_headings
from replications.printouts.kind import has_title
from replications.printouts.lines import Line

_VECTOR = re.compile(r"^\s*\[1\]\s+-?\d")
_RULE = re.compile(r"^\s*-{10,}\+-{20,}$")
"""A rule of a table of Stata."""
_OF_STATA = re.compile(
    r"^\s*-{20,}$|\S\s+=\s+-?[\d.,]+\s*(?:\(.*\))?$|\s\|(?:\s{2,}|$)|"
    r"^\s*(?:Performing|Computing|Refining|Fitting|Grouping information|Note|note|LR test)\b"
)
"""Other lines of its output, in a text that has such a rule."""
_GAP = re.compile(r"[^\s.:;!?,|]\s{2,}$")
"""What stands between a label and a number that is set apart from it; behind a stop it is how some type."""
_MARKED = re.compile(r"^\s*(?:[#>]|[-*]\s|\d+\.\s)")
_WORDS_OF_A_SENTENCE = 4
"""Words from which on a line that ends with a stop is a sentence."""
_SET_APART = re.compile(r"[^\s.:;!?]\s{2,}\S")
_BETWEEN = 3
"""Lines of text at most between two lines that are certainly output, for these to be output too."""
_BESIDE = 3
"""Lines at most, right above and below output without a blank line between, that belong to it."""


def as_output(lines: list[Line]) -> list[Line]:
    """Return lines of which those that were pasted output are not prose.

    Examples
    --------
    >>> texts = ["We find", "", "Fixed effects:", "    Estimate Std. Error", "x      0.48       0.1"]
    >>> [line.prose for line in as_output([Line(at, text, prose=True) for at, text in enumerate(texts)])]
    [True, True, False, False, False]
    """
    of_stata = any(line.prose and _RULE.match(line.text) for line in lines)
    certain = [
        at
        for at, line in enumerate(lines)
        if line.prose and not line.cells and (_is_output(line) or (of_stata and _OF_STATA.search(line.text)))
    ]
    within = set(certain)
    for a, b in pairwise(certain):
        between = lines[a + 1 : b]
        if (
            all(line.prose and not _is_text(line) for line in between)
            and sum(not line.blank for line in between) <= _BETWEEN
        ):
            within |= set(range(a, b))
    for at in certain:
        for step in (-1, 1):
            within |= _beside(lines, at, step)
    return [replace(line, prose=False) if at in within else line for at, line in enumerate(lines)] if within else lines


def _is_output(line: Line) -> bool:
    """Tell whether a line is not a sentence: a title, headings, a vector, or a label with numbers set apart."""
    if line.blank or _MARKED.match(line.text):
        return False
    if has_title(line) or _VECTOR.match(line.text) or _RULE.match(line.text) or len(known_headings(line.text)) > 1:
        return True
    text = stars_of(line.text)[0]
    cells = trailing(text)
    if not any("." in cell.text for cell in cells):
        return False
    return len(cells) > 1 or _GAP.search(text[: cells[0].start]) is not None


def _is_text(line: Line) -> bool:
    """Tell whether a line is a heading or an item of the page, or ends as a sentence does."""
    if _MARKED.match(line.text):
        return True
    words = len(re.findall(r"[A-Za-z]{2,}", line.text))
    return words >= _WORDS_OF_A_SENTENCE and line.text.endswith(tuple(".:?!")) and not _SET_APART.search(line.text)


def _beside(lines: Sequence[Line], at: int, step: int) -> set[int]:
    found: set[int] = set()
    for beside in range(at + step, at + step * (_BESIDE + 1), step):
        if not 0 <= beside < len(lines) or lines[beside].blank or not lines[beside].prose or lines[beside].cells:
            break
        if _is_text(lines[beside]):
            break
        found.add(beside)
    return found
