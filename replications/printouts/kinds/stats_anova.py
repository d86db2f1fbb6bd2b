"""``anova()`` of one model and of several, by stats, lme4 and lmerTest, and ``Anova()`` of car."""

from __future__ import annotations

import re
from collections.abc import Callable

from replications.printouts import matrices
from replications.printouts.block import Block
from replications.printouts.cells import Cell, is_number
from replications.printouts.coefficients import add_rows, formula
from replications.printouts.cursor import Cursor
from replications.printouts.headings import known_headings
from replications.printouts.kind import begins_another, kind
from replications.printouts.lines import Line
from replications.printouts.matrices import Matrix
from replications.printouts.names import quantity, slug

_BEGINS = (
    r"^\s*(Type (I|II|III|[123]) )?Analysis of (Variance|Deviance) Table|^\s*(Mixed Model )?Anova Table \(Type|"
    r"^\s*Univariate Type \S+ Repeated-Measures ANOVA|"
    r"^\s*Models:\s*$|^\s*Data: \S+\s*$|^\s*Marginal Analysis of Variance|^\s*refitting model\(s\) with ML"
)
_MODEL = re.compile(r"^\s*([\w.]+|\S.*?)\s*:(?:\s+(.*)|)$")
_COMPARES = ("AIC", "logLik", "Res.Df", "Resid. Df")
_HEADINGS = re.compile(r"^\s*(npar|Df|numDF|NumDF|num Df|Sum Sq|AIC|BIC|Chisq|F\b|LR Chisq|Res\.Df|Resid|Model\s+df)")


@kind("stats.anova", begins=_BEGINS, turn=20)
def read(cursor: Cursor) -> Block | None:
    """Read title, models and table."""
    first = cursor.peek()
    assert first is not None
    block = Block("stats.anova", first.number, call=cursor.call())
    models: dict[str, str] = {}
    while (line := cursor.skip_blank()) is not None and not line.prose and not line.code:
        if _is_table(line) and not line.text.strip().startswith("Model "):
            break
        if not _head(cursor, block, models):
            break
    line = cursor.peek()
    if line is None or line.prose or not _is_table(line):
        return None
    several = bool(models) or any(name in line.text for name in ("Res.Df", "Resid. Df  Resid. Dev"))
    find = _with_npar if models else known_headings
    matrix = matrices.read(cursor, _ends, short=True, find=find, label=_labels(models))
    if not all(row.label for row in matrix.rows):
        return None
    _add(block, matrix, models, several)
    return block if block.numbers else None


def _labels(models: dict[str, str]) -> Callable[[str], bool]:
    """Return what tells whether a row may be called so: where models are named above, one of them."""
    return lambda label: not models or label in models or label.partition(" ")[0] in models


def _with_npar(text: str) -> list[Cell]:
    """Return the headings; the one before AIC, which damage may have lost, is put back without a place."""
    found = known_headings(text)
    return [Cell("npar", 0, 1), *found] if found and found[0].text == "AIC" and found[0].start > 1 else found


def _is_table(line: Line) -> bool:
    return bool(known_headings(line.text)) or bool(_HEADINGS.match(line.text) and known_headings(line.text))


def _ends(line: Line) -> bool:
    return begins_another(line, "stats.anova") or bool(re.match(r"^\s*(Data: |Models:)", line.text))


def _head(cursor: Cursor, block: Block, models: dict[str, str]) -> bool:
    """Read a line above the table; False if it is none."""
    line = cursor.take()
    text = line.text.strip()
    if re.match(r"refitting model", text):
        block.messages.append(text)
    elif "Table" in text or "Repeated-Measures ANOVA" in text or text.startswith("Model:"):
        _title(block, text)
    elif found := re.match(r"(Data|Response|Model|Link|Terms added sequentially|Weights|Subset)\b[^:]*:\s*(.*)$", text):
        if found[1] == "Data":
            block.data_name = found[2]
        elif found[1] == "Model" and "~" in found[2]:
            models[text.partition(":")[0].partition(" ")[2]] = formula(cursor, found[2], re.compile(r"^\s*Model \d|Df"))
        else:
            block.heads[found[1].lower()] = found[2]
    elif text.startswith("Models:"):
        pass
    elif (found := _MODEL.match(text)) and ("~" in (found[2] or "") or found[1] in models):
        models[found[1]] = re.sub(r"\s+", " ", f"{models.get(found[1], '')} {found[2] or ''}").strip()
    elif (models and line.text.startswith("  ")) or re.match(
        r"Terms added|Satterthwaite|Kenward|approximation for", text
    ):
        if models and line.text.startswith("  "):
            last = list(models)[-1]
            models[last] = re.sub(r"\s+", " ", f"{models[last]} {text}")
    else:
        cursor.at -= 1
        return False
    return True


def _title(block: Block, text: str) -> None:
    block.heads["title"] = text
    if "Satterthwaite" in text or "Kenward-Roger" in text:
        block.kind = "lmerTest.anova"
    if "(Type" in text or "Repeated-Measures" in text:
        block.kind = "afex.anova" if re.search(r"\(Type [123] tests", text) else "car.Anova"
    if text.startswith("Model:"):
        block.heads["model"] = text[6:].strip()


def _add(block: Block, matrix: Matrix, models: dict[str, str], several: bool) -> None:
    if several:
        _complete(block, matrix, models)
    compares = several or any(name in matrix.headings for name in ("AIC", "logLik"))
    seen_first = matrix.headings[:1]

    def name(label: str, column: str) -> str:
        what = quantity(column)
        if column == "Df" and compares:
            what = "npar" if seen_first == ["Df"] and "AIC" in matrix.headings else "chisq_df"
            what = "df" if "Res.Df" in matrix.headings or "Resid. Df" in matrix.headings else what
        return f"{slug(label)}.{what}"

    add_rows(block, matrix, name)
    block.heads |= {f"model {key}": text for key, text in models.items()}


def _complete(block: Block, matrix: Matrix, models: dict[str, str]) -> None:
    """Mark rows whose label is none of the models as not read: their numbers cannot be placed."""
    for row in matrix.rows:
        first, _, last = row.label.rpartition(" ")
        if first.strip() in models and is_number(last) and matrix.headings[0] == "npar" and "npar" not in row.cells:
            row.label, row.cells = first.strip(), {"npar": (last, row.line), **row.cells}
    wrong = [row for row in matrix.rows if models and row.label not in models]
    for row in wrong:
        texts = " ".join(text for text, _ in row.cells.values())
        block.unread.append((row.line, f"{row.label} {texts}".strip()))
    matrix.rows = [row for row in matrix.rows if row not in wrong]
