"""``summary()`` of nlme's ``lme`` (and ``gls``), and how it prints itself."""

from __future__ import annotations

import re

from replications.printouts import deviations
from replications.printouts.block import Block
from replications.printouts.cells import trailing
from replications.printouts.coefficients import coefficients, formula, is_said_again, named_vector, quantiles
from replications.printouts.correlations import correlations
from replications.printouts.cursor import Cursor
from replications.printouts.headings import headings
from replications.printouts.kind import begins_another, kind
from replications.printouts.lines import Line
from replications.printouts.names import quantity, slug

_TITLE = (
    r"^\s*(?:(?:Linear mixed-effects model|Nonlinear mixed-effects model|Generalized least squares) fit by"
    r"|Generalized nonlinear least squares fit\b)"
)
_FIXED = r"^\s*Fixed effects:\s+(?:list\(|\S.*~)"
"""The fixed effects with their formula, which is how a summary begins of which the first part was not copied."""
_RANDOM = r"^\s*Random effects:\s*$"
"""The random effects, with which it begins where only the title and the criteria were not copied."""
_OF_RANDOM = re.compile(r"^\s*(Formula|Composite Structure):")
_SECTIONS = re.compile(
    r"^\s*(Random effects:|Fixed effects:|Fixed:|"
    r"Correlation:|Correlation Structure|Variance function|Number of|Standardized|"
    r"Formula:|Structure:|StdDev:|Data:|Coefficients:|Residual standard error|Degrees of freedom|Parameter)"
)

_OWN = re.compile(
    r"^\s*(Fixed effects: \S|Variance function:|Correlation Structure:|Standardized|Number of (Obs|Groups))"
)
_LINES_NOT_KNOWN = 8
"""Lines within a summary that may be passed on the way to its next section."""


@kind("nlme.lme", begins=rf"{_TITLE}|{_FIXED}|{_RANDOM}", turn=9)
def read(cursor: Cursor) -> Block | None:
    """Read a summary, section after section."""
    first = cursor.peek()
    below = next((line for line in map(cursor.peek, (1, 2)) if line is not None and not line.blank), None)
    assert first is not None
    if re.match(_RANDOM, first.text) and (below is None or not _OF_RANDOM.match(below.text)):
        return None
    block = Block(_kind(first.text), first.number, call=cursor.call())
    if re.search(_TITLE, first.text):
        block.heads["title"] = cursor.take().text.strip()
        block.reml = "REML" in first.text
    seen: set[str] = set()
    while (line := cursor.skip_blank()) is not None and not line.prose and not line.code:
        at = cursor.at
        if (re.search(_TITLE, line.text) and block.numbers) or is_said_again(line, seen):
            break
        if (not _section(cursor, block, line) or cursor.at == at) and not _pass(cursor, block):
            break
    return block if block.numbers else None


def _kind(title: str) -> str:
    """Return the kind of a summary by its title: of nlme's four functions, ``lme`` where it has none."""
    linear, nonlinear = ("gls", "gnls") if "least squares" in title else ("lme", "nlme")
    return f"nlme.{nonlinear if 'onlinear' in title else linear}"


def _pass(cursor: Cursor, block: Block) -> bool:
    """Pass lines that are not understood, and report them, where the summary goes on with a section of its own."""
    for ahead in range(_LINES_NOT_KNOWN):
        line = cursor.peek(ahead)
        if line is None or line.prose or line.code:
            return False
        if ahead and _OWN.match(line.text):
            passed = [cursor.take() for _ in range(ahead)]
            block.unread += [(one.number, one.text) for one in passed if re.search(r"\d", one.text)]
            return True
        if begins_another(line, "nlme.lme"):
            return False
    return False


def _ends(line: Line) -> bool:
    return bool(_SECTIONS.match(line.text)) or begins_another(line, "nlme.lme")


def _section(cursor: Cursor, block: Block, line: Line) -> bool:
    text = line.text.strip()
    below = cursor.peek(1)
    if found := re.match(r"Data:\s*(\S+)", text):
        block.data_name = found[1]
        cursor.take()
    elif found := re.match(r"Subset:\s*(.*)$", text):
        block.heads["subset"] = found[1]
        cursor.take()
    elif re.match(r"AIC\s+BIC", text) and below is not None:
        for name, text in _below(block, [head.text for head in headings(line.text)], below):
            block.add(text, quantity(name), "", name, below.number)
        cursor.at += 2
    elif found := re.match(r"(Log-restricted-likelihood|Log-likelihood):\s*(\S+)", text):
        block.add(found[2], "loglik", "", found[1], cursor.take().number)
    elif text.startswith("Random effects:"):
        cursor.take()
        _random(cursor, block)
    elif found := re.match(r"(?:Fixed effects|Fixed|Model):\s*(.*)$", text):
        cursor.take()
        told = formula(cursor, found[1], re.compile(r"^\s+(Value|\(Intercept\))|^\s*Data:"))
        if block.kind == "nlme.nlme" and not text.startswith("Model"):
            block.heads["fixed"] = told
        else:
            block.formula = told
        _coefficients(cursor, block)
    elif text.startswith("Coefficients:"):
        cursor.take()
        _coefficients(cursor, block)
    elif text.startswith("Correlation:"):
        cursor.take()
        correlations(cursor, block, _ends)
    elif text.startswith(("Standardized Within-Group Residuals", "Standardized residuals")):
        cursor.take()
        quantiles(cursor, block, "scaled_resid")
    else:
        return _counts(cursor, block, text) or _structure(cursor, block, text)
    return True


def _below(block: Block, names: list[str], values: Line) -> list[tuple[str, str]]:
    """Return the numbers of a line with their names; where they are not as many, the line is reported."""
    cells = trailing(values.text)
    if len(cells) != len(names):
        block.unread.append((values.number, values.text))
        return []
    return [(name, cell.text) for name, cell in zip(names, cells, strict=True)]


def _coefficients(cursor: Cursor, block: Block) -> None:
    pairs = named_vector(cursor, _ends)
    for name, text, number in pairs:
        block.add(text, f"fixef.{slug(name)}.estimate", name, "", number)
    if not pairs:
        coefficients(cursor, block, _ends, "fixef")


def _random(cursor: Cursor, block: Block) -> None:
    """Read ``Formula: ~x | school`` and what stands below it, for each grouping factor."""
    group = ""
    while (line := cursor.skip_blank()) is not None and not line.prose and not line.code:
        text = line.text.strip()
        if found := re.match(r"Formula:\s*(.*)$", text):
            cursor.take()
            if "|" in found[1] or (below := cursor.peek()) is None or not re.match(r"\s*Level:", below.text):
                group = slug(re.split(r"\|", found[1])[-1].replace("%in%", "in").strip().split(" ")[0])
            else:
                group = slug(cursor.take().text.partition(":")[2].strip().split(" ")[0])
            block.heads[f"random {group}"] = found[1]
        elif re.match(r"Composite Structure:|Block \d+:", text):
            block.heads["structure"] = f"{block.heads.get('structure', '')} {cursor.take().text.strip()}".strip()
        elif text.startswith("Structure:"):
            block.heads[f"structure {group}"] = cursor.take().text.partition(":")[2].strip()
        elif (below := cursor.peek(1)) is not None and below.text.lstrip().startswith("StdDev:"):
            for name, text in _below(block, line.text.split(), below):
                deviations.add(block, group, name, text, "StdDev", below.number)
            cursor.at += 2
        elif re.match(r"(Variance\s+)?StdDev(\s+Corr)?\s*$", text):
            deviations.read(cursor, block, group, cursor.take())
        else:
            break


def _counts(cursor: Cursor, block: Block, text: str) -> bool:
    line = cursor.peek()
    assert line is not None
    if found := re.match(r"Number of Observations:\s*(\d+)", text):
        block.add(found[1], "n_obs", "", "Number of Observations", cursor.take().number)
    elif found := re.match(r"Number of Groups:\s*(\d+)\s*$", text):
        group = next((key.partition(" ")[2] for key in block.heads if key.startswith("random ")), "")
        block.add(found[1], f"n_groups.{group}".rstrip("."), "", "Number of Groups", cursor.take().number)
    elif re.match(r"Number of Groups:\s*$", text):
        cursor.take()
        names, values = cursor.peek(), cursor.peek(1)
        if names is None or values is None:
            return False
        labels = re.findall(r"\S+(?: %in% \S+)*", names.text)
        for name, text in _below(block, labels, values):
            block.add(text, f"n_groups.{slug(name.split(' ')[0])}", name, "Number of Groups", values.number)
        cursor.at += 2
    elif found := re.match(r"Degrees of freedom:\s*(\d+) total;\s*(\d+) residual", text):
        number = cursor.take().number
        block.add(found[1], "df_total", "", "total", number)
        block.add(found[2], "df_resid", "", "residual", number)
    elif found := re.match(r"Residual standard error:\s*(\S+)", text):
        block.add(found[1], "rse", "", "Residual standard error", cursor.take().number)
    else:
        return False
    return True


def _structure(cursor: Cursor, block: Block, text: str) -> bool:
    """Read a correlation structure or variance function with its parameters."""
    if found := re.match(r"(Correlation Structure|Variance function)s?:\s*(.*)$", text):
        block.heads[found[1].casefold()] = found[2]
        cursor.take()
        return True
    if re.match(r"(Formula|Structure|Combination of)", text):
        cursor.take()
        return True
    if re.match(r"Parameter estimates?(\(s\))?:", text):
        cursor.take()
        if (line := cursor.peek()) is not None and line.text.strip() == "Correlation:":
            _triangle(cursor, block)
            return True
        for name, value, number in named_vector(cursor, _ends):
            block.add(value, f"structure.{slug(name)}", name, "", number)
        return True
    return False


def _triangle(cursor: Cursor, block: Block) -> None:
    """Read the correlations of a general structure, between occasions that are numbered."""
    cursor.take()
    if cursor.peek() is None:
        return
    heads = cursor.take().text.split()
    while (line := cursor.peek()) is not None and not line.prose and (cells := trailing(line.text)):
        label, *numbers = (cell.text for cell in cells)
        if line.text[: cells[0].start].strip() or len(numbers) > len(heads) or heads[len(numbers) - 1 :][:1] == [label]:
            break
        for column, text in zip(heads, numbers, strict=False):
            block.add(text, f"structure.corr.{label}.{column}", label, column, line.number)
        cursor.take()
