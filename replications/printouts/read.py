"""From a text to its blocks: the lines are gone through once, and each kind is asked where one may begin."""

from __future__ import annotations

import importlib
import pkgutil
import re

from mlm.errors import ArgumentError
from replications.printouts import kinds
from replications.printouts.block import UNREAD, Block, Printout
from replications.printouts.cells import is_split, stars_of, trailing
from replications.printouts.cursor import Cursor
from replications.printouts.decimal_comma import with_points
from replications.printouts.formulas import without_formulas
from replications.printouts.kind import KINDS
from replications.printouts.lines import Line, has_decimals, has_few_words
from replications.printouts.matrices import CODES
from replications.printouts.pages import lines_of
from replications.printouts.pasted import as_output
from replications.printouts.pieces.together import returned, together

for _module in pkgutil.iter_modules(kinds.__path__):
    importlib.import_module(f"{kinds.__name__}.{_module.name}")

_LEGEND = re.compile(
    r"Signif\. codes|^\s*0 '\*\*\*' 0\.001|^\s*#|%>%|\|>|<-|==(?! -?[\d.]+\s+-?[\d.])|"
    r"(?:^|[*+.])[\s}$]*p[\s$]*<[\s$]*0?\.\d"
)
"""Lines with numbers that are none of results; ``a - b == 0 2.18`` is a row of hypotheses."""

_DECIMAL = re.compile(r"\d[.,]\d")
_ALONE = re.compile(r"(?<![\w.,:\[(^-])-?(?:\d+\.\d+|\.\d+)(?:[eE][-+]?\d+)?(?![\w.:%)\]]| ?%)")
"""A number with a decimal that stands by itself, not in brackets and no percentage."""
_PADDED = re.compile(r"(\d[eE][-+]) +(?=\d)")
_COLUMNS = re.compile(r"(?<=\s)-?\d+(?:\.\d+)?(?=\s)")
_NUMBERS_AT_LEAST = 3
"""Numbers in a line from which on it is a row of a table though a label ends it."""
_DECIMAL_COMMA = re.compile(r"(?<=\d),(?=\d+(?:[^\d,]|$))")
_BRACKETED = re.compile(r"(?:^|\s)-?[\d.,]*\d\**\s*[\[(][^()\[\]]*\d[^()\[\]]*[\])]\s*(?:\*{1,3}|\.|\+)?$")
"""A number, and an interval or a standard error in brackets at the end of a line."""
_SUMMARY = re.compile(r"^\s*(?:Min\.|1st Qu\.|Median|Mean|3rd Qu\.|Max\.)\s*:\s*-?\d")
"""A row of the summary of a data frame, which may end with a factor's count, ``old:87``."""


def read_printout(text: str) -> Printout:
    """Read what R (or Python, or Stata) printed about models.

    Parameters
    ----------
    text : str
        Plain text, a Markdown or R Markdown page, a notebook (.ipynb) or a web page, with or without knitr's ``##``
        and the console's ``>``.

    Returns
    -------
    Printout
        A list of blocks in the order of the text; each knows its ``kind``, ``formula``, ``data_name``, ``reml``,
        ``messages`` and ``numbers``. Lines with numbers that no kind explains are blocks of kind ``unread``.

    Raises
    ------
    mlm.ArgumentError
        If the text is none.
    PrintoutError
        If it begins as a notebook and is none.

    Examples
    --------
    >>> printout = read_printout('''> logLik(m)
    ... 'log Lik.' -897.0393 (df=4)
    ... ''')
    >>> found = printout[0]
    >>> found.kind, found.call, [(number.id, number.text) for number in found.numbers]
    ('stats.logLik', 'logLik(m)', [('loglik', '-897.0393'), ('loglik_df', '4')])
    """
    if not isinstance(text, str):
        raise ArgumentError(f"text is the printout itself, a str; got {type(text).__name__}")
    found = together(with_points(as_output(without_formulas(lines_of(text)))))
    printout = _blocks(found.lines)
    returned(printout, found)
    return printout


def _blocks(lines: list[Line]) -> Printout:
    """Return the blocks of lines, and the lines with numbers between them."""
    printout, missed, at = Printout(), list[Line](), 0
    while at < len(lines):
        found = _block(lines, at)
        if found is None:
            missed += [lines[at]] if _is_number_line(lines[at]) else []
            at += 1
        else:
            _report(printout, missed)
            missed = []
            _account(found[0], lines[at : found[1]])
            printout.append(found[0])
            at = found[1]
    _report(printout, missed)
    return printout


def _block(lines: list[Line], at: int) -> tuple[Block, int] | None:
    """Return the block that begins in a line, and the line behind it."""
    line = lines[at]
    if line.blank or line.code or (line.prose and not line.cells):
        return None
    for known in KINDS:
        if known.table != bool(line.cells) and not (known.table and not line.prose):
            continue
        if (not known.table and line.prose) or not known.begins.search(line.text):
            continue
        cursor = Cursor(lines, at)
        block = known.read(cursor)
        if block is not None and cursor.at > at:
            block.last = lines[cursor.at - 1].number
            return block, cursor.at
    return None


def _account(block: Block, lines: list[Line]) -> None:
    """Report the lines of a block that have a number with a decimal which is neither read nor part of what it says."""
    read: dict[int, list[str]] = {}
    labels = _labels(block)
    for number in block.numbers:
        read.setdefault(number.line, []).append(re.sub(r"\s", "", number.text))
    said = " ".join([*block.heads.values(), *block.messages, block.formula or "", block.call])
    reported = {number for number, _ in block.unread}
    for line in lines:
        legend = _LEGEND.search(line.text) or CODES.match(line.text)
        if line.code or line.cells or line.prose or line.number in reported or legend:
            continue
        texts = [*read.get(line.number, ()), *_ALONE.findall(labels.get(line.number, ""))]
        for found in _ALONE.findall(_PADDED.sub(r"\1", line.text)):
            known = next((text for text in texts if text.lstrip("<>=").removesuffix("%") == found), None)
            if known is not None:
                texts.remove(known)
            elif re.sub(r"\s+", " ", line.text).strip() not in said:
                block.unread.append((line.number, line.text))
                break


def _labels(block: Block) -> dict[int, str]:
    """Return by line what it says in words: a row's label that begins with a letter, and names above values."""
    labels: dict[int, str] = {}
    above: dict[int, list[str]] = {}
    named = [number for number in block.numbers if re.match(r"[(A-Za-z]", number.row)]
    for number in named:
        labels.setdefault(number.line, number.row)
    for number in named:
        if number.line - 1 not in labels and not number.column:
            above.setdefault(number.line - 1, []).append(number.row)
    return {line: " ".join(names) for line, names in above.items()} | labels | block.labels


def _is_number_line(line: Line) -> bool:
    """Tell whether a line looks like output with numbers.

    That is a row of a table with a number, a line that ends with one, with stars behind it, or with brackets that have
    some or several decimals among few words, and where the page says what is output, a line with a decimal.
    """
    if line.code or line.blank or (line.prose and not line.cells) or _LEGEND.search(line.text):
        return False
    if line.cells:
        return any(trailing(_DECIMAL_COMMA.sub(".", cell)) for cell in line.cells)
    text = _DECIMAL_COMMA.sub(".", line.text)
    if trailing(stars_of(text)[0]) or is_split(text) or _BRACKETED.search(line.text) or _SUMMARY.match(line.text):
        return True
    if has_few_words(text) and (has_decimals(text) or _is_row_with_label(text)):
        return True
    return line.output and _DECIMAL.search(line.text) is not None


def _is_row_with_label(text: str) -> bool:
    """Tell whether numbers stand in front of a label, set apart by blanks; none of ``str()``, which ends in points.

    Examples
    --------
    >>> _is_row_with_label(" N4 B   2310 298 40     1708     2912  a"), _is_row_with_label("of 12 pupils in 3 schools")
    (True, False)
    """
    apart = "  " in text.strip() and not text.endswith("...")
    return apart and len(_COLUMNS.findall(text)) >= _NUMBERS_AT_LEAST


def _report(printout: Printout, missed: list[Line]) -> None:
    """Add what was not read, lines that follow each other in one block."""
    for line in missed:
        if printout and printout[-1].kind == UNREAD and line.number <= printout[-1].last + 1:
            block = printout[-1]
        else:
            block = Block(UNREAD, line.number)
            printout.append(block)
        block.last = line.number
        block.unread.append((line.number, line.text))
