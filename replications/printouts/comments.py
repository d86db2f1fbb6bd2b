"""What ``comment =`` of knitr puts in front of output, whatever it is, written as ``##``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from replications.printouts.cells import names_above, stars_of, trailing
from replications.printouts.characters import plain
from replications.printouts.headings import headings
from replications.printouts.kind import has_title
from replications.printouts.lines import COMMAND, Line, has_decimals, has_few_words
from replications.printouts.names import QUANTITIES

_SIGNS = re.compile(r"\*?#+(?:[>!]|'(?=\s|$))?|>(?: ?>)*|%+|;+|!+|/{2,3}|[|:~=*]+>?|-+>")
"""What a prefix may be that text follows without a blank."""
_WORD = re.compile(r"[^\s\d$`\"'(]{1,12}(?=\s)")
"""What a prefix may be that a blank follows: none with a number in it, and no label of a list."""
_NO_LABEL = re.compile(rf"\s*(?:{_SIGNS.pattern}|\[\S+\]$|\S+>$)")
_KNOWN = re.compile(r"\s*(?:\*?##|#>)(?: |$)")
_VECTOR = re.compile(r"\s*(?:\[1\]\s+-?[\d.]|'log Lik\.')")
_COUNT = re.compile(r"^\s*(\d{1,5})(?:\s?[|:]|[.)])?(?=\s|$)\t?")
"""The number of a line, as editors and ``cat -n`` put it in front."""
_TYPED = re.compile(r"R?> ?(?:[\w.]+\s*(?:<-|=)\s*\S|[\w.:]+\(|[\w.$]+$|#)")
"""A command behind a prompt."""
_NO_ROW = re.compile(r"<-|[\w.]\(|=|,\s*$")
"""What commands have and rows of tables do not."""
_FEW = 3
"""Lines from which on what could be a label may be a prefix; cells from which on a line is one of headings."""
_BLANKS = 2
"""Blanks at most behind a prefix: knitr's own, and one at the end of what was asked for."""


def with_known_prefix(raw: Sequence[str]) -> list[str]:
    """Return lines in which each run of output behind a constant prefix has knitr's own, ``##``.

    A run is output if behind the prefix stand a title or headings of R with numbers, a vector, names above numbers, or
    several rows of numbers; so is any run behind a prefix that has such a run, unless it is ``#``, where other lines
    are comments of R's code.

    Examples
    --------
    >>> with_known_prefix(["logLik(m)", "# 'log Lik.' -12.5 (df=3)", "", "# the null model, 2.5"])
    ['logLik(m)', "## 'log Lik.' -12.5 (df=3)", '', '# the null model, 2.5']
    """
    runs = [run for run in _runs(raw) if not all(map(_KNOWN.match, raw[run[0] : run[1]]))]
    certain = [run for run in runs if _is_output(_inner(raw, run), _NO_LABEL.match(run[2]) is not None)]
    proved = {start for _, _, start in certain if start.strip("# ")}
    found = list(raw)
    for first, last in _counted(raw):
        found[first:last] = [f"## {text}".rstrip() for text in _without_numbers(raw[first:last])]
    for run in runs:
        if run in certain or run[2] in proved:
            inner = _inner(raw, run)
            cut = min((len(text) - len(text.lstrip()) for text in inner if text.strip()), default=0)
            margin = run[2][: len(run[2]) - len(run[2].lstrip())]
            found[run[0] : run[1]] = [f"{margin}## {text[min(cut, _BLANKS) :]}".rstrip() for text in inner]
    return found


def is_console(raw: Sequence[str]) -> bool:
    """Tell whether what stands where a page has code is a console: commands behind prompts, or titles and tables.

    Examples
    --------
    >>> is_console(["> logLik(m)", "'log Lik.' -12.5 (df=3)"]), is_console(["x <- c(1.5,", "2.5)"])
    (True, False)
    """
    lines = [Line(at, plain(text).rstrip()) for at, text in enumerate(raw)]
    typed = [bool(_TYPED.match(line.text)) for line in lines]
    if any(typed):
        return not all(typed[at] or line.blank or line.text.startswith("+ ") for at, line in enumerate(lines))
    shown = [line for line in lines if not line.text.lstrip().startswith("#")]
    if not any("  " in line.text.strip() for line in shown):
        return False
    titles = [line for line in shown if has_title(line) or _is_heading(line.text)]
    rows = [line for line in shown if has_decimals(line.text) and has_few_words(line.text)]
    tables = (
        any(_is_heading(line.text) for line in titles) and sum(_NO_ROW.search(row.text) is None for row in rows) > 1
    )
    return tables or (len(titles) > 1 and any(_has_numbers(line.text) for line in shown))


def _counted(raw: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Give from where to where lines have numbers in front that count them, titles and headings too, and are output."""
    at = 0
    while at < len(raw):
        end, number = at, _number(raw[at])
        while number is not None and end < len(raw) and _number(raw[end]) == number + end - at:
            end += 1
        if end - at >= _FEW and _is_output(_without_numbers(raw[at:end]), signs=False):
            yield at, end
        at = max(end, at + 1)


def _number(text: str) -> int | None:
    found = _COUNT.match(text)
    return int(found[1]) if found else None


def _without_numbers(raw: Sequence[str]) -> list[str]:
    """Return lines without the numbers that count them and the blanks that all have behind."""
    inner = [_COUNT.sub("", text) for text in raw]
    cut = min((len(text) - len(text.lstrip()) for text in inner if text.strip()), default=0)
    return [text[min(cut, _BLANKS) :] for text in inner]


def _inner(raw: Sequence[str], run: tuple[int, int, str]) -> list[str]:
    return [line[len(run[2]) :] for line in raw[run[0] : run[1]]]


def _runs(raw: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    """Give from where to where lines have one prefix, and which."""
    at = 0
    while at < len(raw):
        start, end = _prefix(raw, at), at + 1
        while start and end < len(raw) and _has(raw[end], start):
            end += 1
        if start and not _is_code(raw[at:end], start):
            yield at, end, start
        at = end


def _prefix(raw: Sequence[str], at: int) -> str:
    """Return what may be the prefix of the lines from one on, with the blanks before it; empty where there is none."""
    text = raw[at]
    margin = text[: len(text) - len(text.lstrip())]
    if (signs := _SIGNS.match(text, len(margin))) is not None:
        below = _SIGNS.match(raw[at + 1], len(margin)) if at + 1 < len(raw) else None
        shorter = below is not None and raw[at + 1].startswith(margin) and signs[0].startswith(below[0])
        return margin + (below[0] if below is not None and shorter else signs[0])
    word = _WORD.match(text, len(margin))
    start = margin + word[0] if word else ""
    few = raw[at + 1 : at + _FEW]
    several = len(few) == _FEW - 1 and all(_has(line, start) for line in few)
    return start if start and (several or _NO_LABEL.match(start)) else ""


def _has(line: str, start: str) -> bool:
    """Tell whether a line begins with a prefix, and not with a longer one."""
    if not line.startswith(start):
        return False
    rest = line[len(start) :]
    return rest[:1] in ("", " ", "\t") or bool(_SIGNS.match(start.lstrip()) and rest[0] not in "#>!")


def _is_code(run: Sequence[str], start: str) -> bool:
    """Tell whether a run is what somebody typed behind the prompt, or the rows of a table between bars."""
    if start.strip() in (">", "R>"):
        return all(COMMAND.match(line.strip().lstrip("R")) for line in run)
    return start.strip().startswith("|") and all(line.rstrip().endswith("|") for line in run)


def _is_output(texts: Sequence[str], signs: bool) -> bool:
    """Tell whether lines have a vector, titles or headings with numbers, or a table behind signs, which no label is."""
    lines = [Line(at, plain(text).rstrip()) for at, text in enumerate(texts)]
    if any(_VECTOR.match(line.text) for line in lines):
        return True
    titled = [line for line in lines if has_title(line) or _is_heading(line.text)]
    numeric = [line for line in lines if _has_numbers(line.text)]
    both = sum(line in titled for line in numeric)
    if titled and (both > 1 or len(numeric) > both):
        return True
    rows = sum(has_decimals(line.text) and has_few_words(line.text) for line in lines)
    return signs and (rows > 1 or any(_is_table(above.text, below.text) for above, below in pairwise(lines)))


def _is_heading(text: str) -> bool:
    known = sum(cell.text in QUANTITIES for cell in headings(text))
    return known > 1 and known >= len(headings(text)) / 2


def _is_table(above: str, below: str) -> bool:
    """Tell whether names stand above as many numbers."""
    cells = trailing(below)
    alone = len(cells) > 1 and not below[: cells[0].start].strip() and bool(names_above(above, cells))
    headed = len(cells) >= _FEW and len(above.split()) in (len(cells), len(cells) - 1) and not trailing(above)
    return alone or headed


def _has_numbers(text: str) -> bool:
    cells = trailing(stars_of(text)[0])
    return len(cells) > 1 or any("." in cell.text for cell in cells)
