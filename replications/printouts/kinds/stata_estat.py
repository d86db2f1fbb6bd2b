"""What Stata says after a fit: ``estat icc`` and ``estat ic``."""

from __future__ import annotations

import re

from replications.printouts.block import Block
from replications.printouts.cells import is_number
from replications.printouts.cursor import Cursor
from replications.printouts.kind import kind
from replications.printouts.names import slug

_IDS = {
    "ICC": "icc", "Std. err.": "icc_se", "Std. Err.": "icc_se", "N": "n_obs", "Obs": "n_obs", "ll(null)": "loglik_null",
    "ll(model)": "loglik", "df": "npar", "AIC": "aic", "BIC": "bic",
}  # fmt: skip
_HEADING = re.compile(r"Std\. [Ee]rr\.|\[\d+% [Cc]onf\.|[Ii]nterval\]|\S+")


@kind("stata.estat", begins=r"^\s*(Level|Model)\s+\|\s+(ICC|N|Obs)\s", turn=16)
def read(cursor: Cursor) -> Block | None:
    """Read the rows beside the bar; ids are ``icc.level``, and the model's name where there is one."""
    head = cursor.take()
    block = Block("stata.estat", head.number, call=cursor.call())
    headings = _HEADING.findall(head.text.partition("|")[2])
    while (line := cursor.peek()) is not None and not (line.blank or line.prose or line.code):
        left, bar, right = line.text.partition("|")
        label, cells = left.strip(), right.split()
        if bar and len(cells) == len(headings) and all(is_number(cell) or cell == "." for cell in cells):
            for heading, text in zip(headings, cells, strict=True):
                if text != ".":
                    block.add(text, _id(heading, label), label, heading, line.number)
        elif not re.match(r"^[-+\s]*$", line.text):
            break
        cursor.take()
    return block if block.numbers else None


def _id(heading: str, label: str) -> str:
    if heading.startswith("["):
        id = "icc_ci_low"
    elif heading.endswith("]"):
        id = "icc_ci_high"
    else:
        id = _IDS.get(heading, slug(heading))
    if id.startswith("icc"):
        return ".".join(["icc", slug(label.replace("|", ".")), *([id[4:]] if id != "icc" else [])])
    return id if label == "." else f"{slug(label)}.{id}"
