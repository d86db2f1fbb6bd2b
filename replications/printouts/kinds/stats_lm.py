"""``summary()`` of ``lm`` and ``glm``, and how they print themselves."""

from __future__ import annotations

import re

from replications.printouts.block import Block
from replications.printouts.cells import NUMBER
from replications.printouts.coefficients import coefficients, is_said_again, named_vector, quantiles
from replications.printouts.cursor import Cursor
from replications.printouts.kind import begins_another, kind
from replications.printouts.lines import Line
from replications.printouts.names import slug

_CALL = re.compile(r"\b(lm|glm|glm\.nb|aov)\(")
_FIELDS = (
    (rf"Residual standard error:\s*({NUMBER})\s*on\s*({NUMBER})\s*degrees", ("rse", "df_resid")),
    (rf"Multiple R-[sS]quared:\s*({NUMBER})", ("r2",)),
    (rf"Adjusted R-[sS]quared:\s*({NUMBER})", ("adj_r2",)),
    (rf"F-statistic:\s*({NUMBER})\s*on\s*({NUMBER})\s*and\s*({NUMBER})\s*DF", ("f", "f_df1", "f_df2")),
    (rf"DF,\s*p-value:\s*({NUMBER})", ("f_p",)),
    (rf"^\s*p-value:\s*({NUMBER})", ("f_p",)),
    (rf"Dispersion parameter for .* family taken to be\s*({NUMBER})", ("dispersion",)),
    (rf"Null [dD]eviance:\s*({NUMBER})(?:\s*on\s*({NUMBER})\s*degrees)?", ("null_deviance", "null_df")),
    (rf"Residual [dD]eviance:\s*({NUMBER})(?:\s*on\s*({NUMBER})\s*degrees)?", ("deviance", "df_resid")),
    (rf"\bAIC:\s*({NUMBER})", ("aic",)),
    (rf"Number of Fisher Scoring iterations:\s*({NUMBER})", ("iterations",)),
    (rf"Degrees of Freedom:\s*({NUMBER})\s*Total \(i\.e\. Null\);\s*({NUMBER})\s*Residual", ("null_df", "df_resid")),
    (rf"^\s*Theta:\s*({NUMBER})", ("theta",)),
    (rf"^\s*Std\. Err\.:\s*({NUMBER})", ("theta_se",)),
    (rf"^\s*2 x log-likelihood:\s*({NUMBER})", ("two_loglik",)),
    (rf"^\s*\(?({NUMBER}) observations? deleted due", ("n_missing",)),
)
_CUT = re.compile(r"^\(Dispersion parameter for [^)]*(?:\([^)]*\)[^)]*)?taken to be\s*[\d.]*$")
"""A dispersion whose bracket is not closed in its line, so that its last digits may stand in the next."""
_BEGINS = (
    r"^\s*Call:|^\s*(Weighted )?Residuals:\s*$|^\s*Deviance Residuals:\s*$|^\s*Coefficients:|"
    r"^\s*Residual standard error:|^\s*Multiple R-[sS]quared:|^\s*F-statistic:"
)
_FOOTER = (
    r"^\s*\(Dispersion parameter for .* family taken to be|"
    rf"^\s*(?:Null|Residual) deviance:\s*(?:{NUMBER})\s+on\s+\d+\s+degrees"
)
"""What stands below the coefficients of a glm, from which they may be parted."""


@kind("stats.lm", begins=f"{_BEGINS}|{_FOOTER}", turn=30)
def read(cursor: Cursor) -> Block | None:
    """Read a summary from its call, or from where the page begins with it."""
    first = cursor.peek()
    assert first is not None
    block = Block("stats.lm", first.number, call=cursor.call())
    if re.match(_FOOTER, first.text):
        block.kind = "stats.glm"
    if first.text.strip().startswith("Call:") and not _call(cursor, block):
        return None
    seen: set[str] = set()
    while (line := cursor.skip_blank()) is not None and not line.prose and not line.code:
        at = cursor.at
        if is_said_again(line, seen):
            break
        if line.text.strip().startswith("Call:") or not _section(cursor, block, line) or cursor.at == at:
            break
    return block if block.numbers or block.unread else None


def _call(cursor: Cursor, block: Block) -> bool:
    """Read the call below ``Call:``; False if it is of another function."""
    text = cursor.take().text.partition("Call:")[2].strip()
    while (line := cursor.peek()) is not None and not line.blank and not re.match(r"^\s*[A-Z][\w ]+:\s*$", line.text):
        text += " " + cursor.take().text.strip()
        if text.count("(") == text.count(")"):
            break
    found = _CALL.search(text)
    if found is None:
        return False
    block.kind = "stats.glm" if found[1].startswith("glm") else "stats.lm"
    block.heads["call"] = text.strip()
    arguments = text[found.end() :]
    block.formula = _argument(arguments, "formula") or _first(arguments)
    block.data_name = _argument(arguments, "data")
    if family := _argument(arguments, "family"):
        block.heads["family"] = family
    return True


def _arguments(text: str) -> list[str]:
    """Return the arguments of a call, split at the commas outside of brackets."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter in "([{") - (letter in ")]}")
        if depth < 0:
            break
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [re.sub(r"\s+", " ", part).strip() for part in parts]


def _argument(text: str, name: str) -> str | None:
    for part in _arguments(text):
        if found := re.match(rf"{name}\s*=\s*(.*)$", part):
            return found[1]
    return None


def _first(text: str) -> str | None:
    first = _arguments(text)[0]
    return first if "~" in first else None


def _section(cursor: Cursor, block: Block, line: Line) -> bool:
    text = line.text.strip()
    if re.match(r"((Weighted |Deviance )?Residuals|Deviance Residuals):", text):
        cursor.take()
        quantiles(cursor, block, "resid" if "Deviance" not in text else "deviance_resid")
        if not any(number.id.endswith("resid.min") for number in block.numbers):
            _few_residuals(cursor, block)
    elif text.startswith("Coefficients:"):
        _coefficients(cursor, block)
    elif _CUT.search(text):
        block.unread.append((line.number, cursor.take().text))
        if (below := cursor.peek()) is not None and re.fullmatch(r"\s*[\d.]+\)", below.text):
            block.unread.append((below.number, cursor.take().text))
    else:
        return _fields(cursor, block)
    return True


def _few_residuals(cursor: Cursor, block: Block) -> None:
    """Read the residuals themselves, which are printed where there are few."""
    for name, text, number in named_vector(cursor, _ends):
        block.add(text, f"resid.{slug(name)}", name, "", number)


def _ends(line: Line) -> bool:
    return any(re.search(pattern, line.text) for pattern, _ in _FIELDS) or begins_another(line, "stats.lm")


def _coefficients(cursor: Cursor, block: Block) -> None:
    head = cursor.take().text
    if found := re.search(r"\((\d+) not defined because of singularities\)", head):
        block.messages.append(head.strip().partition("Coefficients:")[2].strip())
        block.heads["not_defined"] = found[1]
    cursor.skip_blank()
    pairs = named_vector(cursor, _ends)
    for name, text, number in pairs:
        block.add(text, f"coef.{slug(name)}.estimate", name, "", number)
    if not pairs:
        coefficients(cursor, block, _ends, "coef")


def _fields(cursor: Cursor, block: Block) -> bool:
    """Read a line such as ``F-statistic: 84.6 on 1 and 258 DF,  p-value: <2e-16``."""
    line = cursor.peek()
    assert line is not None
    known = False
    for pattern, ids in _FIELDS:
        if found := re.search(pattern, line.text):
            label = found[0].partition(":")[0].strip("( ,") if ":" in found[0] else found[0][:40].strip("( ")
            for id, text in zip(ids, found.groups(), strict=True):
                if text is not None and not any(number.id == id for number in block.numbers):
                    block.add(text, id, "", label, line.number)
            known = True
        elif re.search(pattern.replace(NUMBER, r"(?:[<>]=?\s*)?\S*\d\S*"), line.text):
            block.unread += [(line.number, line.text)] if (line.number, line.text) not in block.unread else []
            known = True
    if known:
        cursor.take()
    return known
