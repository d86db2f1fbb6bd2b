"""What Stata says after a fit: ``estat icc``, ``estat ic`` and ``lrtest``."""

from __future__ import annotations

import re

from replications.printouts.block import Block
from replications.printouts.cells import NUMBER, is_number
from replications.printouts.cursor import Cursor
from replications.printouts.kind import kind
from replications.printouts.names import slug

_IDS = {
    "ICC": "icc", "Std. err.": "icc_se", "Std. Err.": "icc_se", "N": "n_obs", "Obs": "n_obs", "ll(null)": "loglik_null",
    "ll(model)": "loglik", "df": "npar", "AIC": "aic", "BIC": "bic",
}  # fmt: skip
_RATIO = re.compile(rf"LR (?P<name>chi2\((?P<df>\d+)\))\s*=\s*(?P<chisq>{NUMBER})")
_CHANCE = re.compile(rf"(Prob > chi2)\s*=\s*({NUMBER})")
_NESTED = re.compile(r"\(?Assumption: (.*?) nested (?:with)?in (.*?)\)?(?:\s{2,}|$)")
_HEADING = re.compile(r"Std\. [Ee]rr\.|\[\d+% [Cc]onf\.|[Ii]nterval\]|\S+")


@kind("stata.estat", begins=r"^\s*(Level|Model)\s+\|\s+(ICC|N|Obs)\s", turn=16)
def read(cursor: Cursor) -> Block | None:
    """Read the rows beside the bar; ids are ``icc.level``, and the model's name where there is one."""
    head = cursor.take()
    block = Block("stata.estat", head.number, call=cursor.call())
    headings = _HEADING.findall(head.text.partition("|")[2])
    while (line := cursor.peek()) is not None and not (line.blank or line.prose or line.code):
        left, bar, right = line.text.rpartition("|")
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


@kind("stata.lrtest", begins=r"^\s*Likelihood-ratio test\b", turn=16)
def read_test(cursor: Cursor) -> Block | None:
    """Read the test of two models, whose numbers stand beside its title or below; ids are chisq, chisq_df, p."""
    first = cursor.take()
    block, text, line = Block("stata.lrtest", first.number, call=cursor.call()), first.text, first
    while not line.prose and not line.code:
        if found := _NESTED.search(text):
            block.heads |= {"model 1": found[1], "model 2": found[2]}
        if found := _RATIO.search(text):
            block.add(found["chisq"], "chisq", "", f"LR {found['name']}", line.number)
            block.add(found["df"], "chisq_df", "", f"LR {found['name']}", line.number)
        if found := _CHANCE.search(text):
            block.add(found[2], "p", "", found[1], line.number)
            break
        following = cursor.skip_blank()
        if following is None or not re.match(r"\s*\(?(Assumption:|LR chi2|Prob > chi2)", following.text):
            break
        line = cursor.take()
        text = line.text
    return block if block.numbers else None
