"""Stata's ``mixed`` (and ``xtmixed``, ``melogit``): head, coefficients, variances, tests."""

from __future__ import annotations

import re

from replications.printouts.block import Block
from replications.printouts.cells import NUMBER, is_number
from replications.printouts.cursor import Cursor
from replications.printouts.kind import kind
from replications.printouts.names import slug

_FIELDS = (
    (rf"Number of obs\s*=\s*({NUMBER})", "n_obs"),
    (rf"Number of groups\s*=\s*({NUMBER})", "n_groups"),
    (rf"min\s*=\s*({NUMBER})", "group_size.min"),
    (rf"avg\s*=\s*({NUMBER})", "group_size.mean"),
    (rf"max\s*=\s*({NUMBER})", "group_size.max"),
    (rf"Wald chi2\(\d+\)\s*=\s*({NUMBER})", "wald_chisq"),
    (rf"Prob > chi2\s*=\s*({NUMBER})", "wald_p"),
    (rf"Log (?:restricted-|pseudo)?likelihood\s*=\s*({NUMBER})", "loglik"),
)
_TEST = re.compile(rf"LR test vs\. .*?chi(?:bar)?2\(\d+\)\s*=\s*({NUMBER})\s*Prob >=? chi(?:bar)?2\s*=\s*({NUMBER})")
_IDS = ("estimate", "se", "z", "p", "ci_low", "ci_high")
_HEADINGS = ("Coef.", "Std. Err.", "z", "P>|z|", "[95% Conf.", "Interval]")


@kind(
    "stata.mixed", begins=r"^\s*(Mixed-effects (ML|REML|GLM|logistic|linear)?.*|Performing EM optimization.*)$", turn=15
)
def read(cursor: Cursor) -> Block | None:
    """Read until a line comes that is none of it."""
    first = cursor.peek()
    assert first is not None
    block = Block("stata.mixed", first.number, call=cursor.call())
    response, group, behind = "", "", cursor.at
    while (line := cursor.skip_blank()) is not None and not line.prose and not line.code:
        text = cursor.take().text
        if re.match(r"^\s*Mixed-effects", text) and any(n.id.startswith("fixef") for n in block.numbers):
            break
        if "regression" in text:
            block.reml = True if "REML" in text else False if "ML" in text else None
        if "|" in text:
            left, right = (part.strip() for part in text.split("|", 1))
            if "Coef" in right:
                response = left
            elif "Estimate" not in right:
                group = _row(block, left, right, group, line.number)
        elif not _fields(block, text, line.number) and not _is_part(text):
            break
        behind = cursor.at
    cursor.at = behind
    block.heads["response"] = response
    return block if block.numbers else None


def _fields(block: Block, text: str, line: int) -> bool:
    known = False
    if found := _TEST.search(text):
        block.add(found[1], "lr_chisq", "", "LR test", line)
        block.add(found[2], "lr_p", "", "LR test", line)
        return True
    for pattern, id in _FIELDS:
        if found := re.search(pattern, text):
            block.add(found[1], id, "", found[0].partition("=")[0].strip(), line)
            known = True
    if found := re.match(r"^\s*Group variable:\s*(\S+)", text):
        block.heads["group"] = found[1]
        known = True
    return known


def _is_part(text: str) -> bool:
    return bool(
        re.match(r"^[-+\s]*$", text)
        or re.match(
            r"^\s*(Iteration \d|Performing|Computing|Mixed-effects|Obs per group|Note:|Integration|Log|LR test)", text
        )
    )


def _row(block: Block, left: str, right: str, group: str, line: int) -> str:
    """Read a row beside the bar; return the grouping factor that later rows belong to."""
    cells = right.split()
    if not cells and ":" in left:
        return slug(left.partition(":")[0])
    if left.startswith(("var(", "sd(", "cov(", "corr(")):
        what, _, names = left.partition("(")
        parts = [("intercept" if name == "_cons" else slug(name)) for name in names.rstrip(")").split(",")]
        prefix = (
            f"varcomp.residual.{_long(what)}"
            if names.startswith("Residual")
            else f"varcomp.{group}.{'__'.join(parts)}.{_long(what)}"
        )
        ids: tuple[str, ...] = (prefix, f"{prefix}_se", f"{prefix}_ci_low", f"{prefix}_ci_high")
    else:
        name = "intercept" if left == "_cons" else slug(left)
        ids = tuple(f"fixef.{name}.{id}" for id in _IDS)
    if len(cells) > len(ids) or not all(map(is_number, cells)):
        if cells:
            block.unread.append((line, f"{left} | {right}"))
        return group
    for at, (id, text) in enumerate(zip(ids, cells, strict=False)):
        block.add(text, id, left, _HEADINGS[at if len(ids) == len(_HEADINGS) else (0, 1, 4, 5)[at]], line)
    return group


def _long(what: str) -> str:
    return {"var": "variance"}.get(what, what)
