"""``summary()`` of lme4's and lmerTest's models, lmer and glmer, and how they print themselves."""

from __future__ import annotations

import re

from replications.printouts import random_effects
from replications.printouts.block import Block
from replications.printouts.cells import is_number, trailing
from replications.printouts.coefficients import coefficients, formula, is_said_again, messages, named_vector, quantiles
from replications.printouts.correlations import correlations
from replications.printouts.cursor import Cursor
from replications.printouts.headings import headings
from replications.printouts.kind import begins_another, kind
from replications.printouts.lines import Line
from replications.printouts.names import quantity, slug

TITLE = r"^\s*(Generalized |Nonlinear |Linear )?(linear |Linear |generalized )?mixed model fit by"
_SECTION = (
    rf"{TITLE}|^\s*REML criterion at convergence|^\s*Scaled residuals:|^\s*Random effects:\s*$"
    r"|^\s*Fixed [eE]ffects:(?!\s+(?:list\(|\S.*~))|^\s*Number of obs: ?\d"
)
_HEAD = re.compile(r"^\s*(Formula|Data|Family|Subset|Weights|Offset|Control|Method)\s*:\s*(.*)$")
_ANOTHER = re.compile(rf"{TITLE}|^\s*Family:")
"""Lines above the numbers of a model, so that below them another's begins."""
_END_OF_FORMULA = re.compile(
    r"^\s*(Data|Subset|Weights|Offset|Control)\s*:|criterion at|^\s*AIC\s|^\s*(Scaled|Random)\s|^\s*Family"
)
MESSAGES = (
    r"^(convergence code|optimizer \(|Model failed to converge|Model is nearly|boundary \(singular\))",
    r"^(fit warnings|fixed-effect model matrix is rank|unable to evaluate|Hessian is numerically|- Rescale)",
    r"^(Correlation matrix not shown|\(\d+ observations? deleted|Rescale variables|Warning)",
    r"(failure to converge|degenerate  ?Hessian|parameter estimates? (are|on)|large eigenvalue|scaled gradient)",
)
_CRITERIA = re.compile(r"(?:(?:AIC|BIC|logLik|deviance|-2\*log\(L\)|REMLdev|df\.resid)(?:\s+|$))+")
"""Headings of the criteria, which a narrow page breaks over several lines."""
_LINES_OF_A_TITLE = 4
_SUMMARY_ONLY = re.compile(r"Variance|Scaled residuals|Std\. Error")


@kind("lme4.summary", begins=_SECTION, turn=10)
def read(cursor: Cursor) -> Block | None:
    """Read a summary, section after section, until a line comes that is none of it."""
    first = cursor.peek()
    assert first is not None
    block = Block("lme4.summary", first.number, call=cursor.call())
    seen: set[str] = set()
    while (line := cursor.skip_blank()) is not None and not line.prose and not line.code:
        at = cursor.at
        if (_ANOTHER.search(line.text) and block.numbers) or is_said_again(line, seen):
            break
        if not _section(cursor, block, line) or cursor.at == at:
            break
    text = "\n".join(row.text for row in cursor.lines[cursor.first : cursor.at])
    if not _SUMMARY_ONLY.search(text):
        block.kind = "lme4.print"
    return block if block.numbers else None


def _section(cursor: Cursor, block: Block, line: Line) -> bool:
    """Read the section that begins in a line; False if none does."""
    text = line.text.strip()
    if re.search(TITLE, line.text):
        _title(cursor, block)
    elif found := _HEAD.match(line.text):
        _head(cursor, block, found[1], found[2])
    elif found := re.match(r"REML criterion at convergence\s*:\s*(\S+)", text):
        block.reml = True
        _scalar(block, found[1], "reml_criterion", "REML criterion at convergence", cursor.take().number)
    elif _CRITERIA.fullmatch(text):
        return _criteria(cursor, block)
    elif re.match(r"(Scaled residuals|Residuals)\s*:", text):
        cursor.take()
        quantiles(cursor, block, "scaled_resid")
    elif text.startswith("Random effects:"):
        cursor.take()
        random_effects.read(cursor, block, _ends)
    elif re.match(r"(Number of obs|# of obs|number of obs)\s*:", text):
        random_effects.counts(cursor, block)
    elif re.match(r"Fixed [eE]ffects:(?!\s+(?:list\(|\S.*~))", text):
        _fixed(cursor, block)
    elif text.startswith("Correlation of Fixed Effects"):
        cursor.take()
        correlations(cursor, block, _ends)
    else:
        return _message(cursor, block)
    return True


def _ends(line: Line) -> bool:
    return bool(
        re.search(_SECTION, line.text)
        or re.match(r"^\s*(Correlation of Fixed|Correlation matrix not)", line.text)
        or any(re.search(pattern, line.text.strip()) for pattern in MESSAGES)
        or begins_another(line, "lme4.summary")
    )


def _title(cursor: Cursor, block: Block) -> None:
    title = cursor.take().text.strip()
    rest = [cursor.peek(ahead) for ahead in range(_LINES_OF_A_TITLE)]
    last = next((at for at, line in enumerate(rest) if line is None or line.blank or _HEAD.match(line.text)), len(rest))
    closed = next((at for at, line in enumerate(rest[:last]) if line is not None and "]" in line.text), -1)
    for _ in range(closed + 1 if "]" not in title else 0):
        title += " " + cursor.take().text.strip()
    block.heads["title"] = title
    block.reml = "REML" in title


def _head(cursor: Cursor, block: Block, name: str, rest: str) -> None:
    cursor.take()
    if name == "Formula":
        block.formula = formula(cursor, rest, _END_OF_FORMULA)
    elif name == "Data":
        block.data_name = rest.strip() or None
    else:
        block.heads[name.lower()] = re.sub(r"\s+", " ", formula(cursor, rest, _END_OF_FORMULA))


def _criteria(cursor: Cursor, block: Block) -> bool:
    """Read the line of AIC, BIC … and the numbers below it, one for each heading."""
    line, below = cursor.peek(), cursor.peek(1)
    assert line is not None
    names = headings(line.text)
    cells = trailing(below.text) if below is not None else []
    if below is None or len(cells) != len(names) or below.text[: cells[0].start].strip():
        return False
    for name, cell in zip(names, cells, strict=True):
        _scalar(block, cell.text, quantity(name.text), name.text, below.number)
    cursor.at += 2
    return True


def _scalar(block: Block, text: str, id: str, label: str, line: int) -> None:
    if is_number(text):
        block.add(text, id, "", label, line)
    else:
        block.unread.append((line, text))


def _fixed(cursor: Cursor, block: Block) -> None:
    """Read the coefficients: a table in a summary, a named vector where a model prints itself."""
    cursor.take()
    cursor.skip_blank()
    pairs = named_vector(cursor, _ends)
    for name, text, number in pairs:
        block.add(text, f"fixef.{slug(name)}.estimate", name, "", number)
    if not pairs:
        coefficients(cursor, block, _ends, "fixef")


def _message(cursor: Cursor, block: Block) -> bool:
    if not messages(cursor, block, MESSAGES):
        return False
    while (line := cursor.peek()) is not None and re.match(r"^\s*( - |Use print\(|vcov\()", line.text):
        block.messages[-1] += " " + cursor.take().text.strip()
    while block.messages[-1].startswith("fit warnings") or block.messages[-1] in block.heads.get("warnings", ""):
        line = cursor.peek()
        if line is None or line.blank or line.prose or line.code or _ends(line):
            break
        block.messages.append(cursor.take().text.strip())
        block.heads["warnings"] = f"{block.heads.get('warnings', '')} {block.messages[-1]}".strip()
    return True
