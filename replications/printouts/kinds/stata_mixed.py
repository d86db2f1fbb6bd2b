"""Stata's ``mixed`` (and ``xtmixed``, ``melogit``): head, coefficients, variances, tests."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from replications.printouts.block import Block
from replications.printouts.cells import NUMBER, is_number
from replications.printouts.cursor import Cursor
from replications.printouts.kind import kind
from replications.printouts.lines import Line
from replications.printouts.names import slug

_FIELDS = (
    (rf"Number of obs\s*=\s*({NUMBER})", "n_obs"),
    (rf"Number of groups\s*=\s*({NUMBER})", "n_groups"),
    (rf"min\s*=\s*({NUMBER})", "group_size.min"),
    (rf"avg\s*=\s*({NUMBER})", "group_size.mean"),
    (rf"max\s*=\s*({NUMBER})", "group_size.max"),
    (rf"Wald chi2\(\d+\)\s*=\s*({NUMBER})", "wald_chisq"),
    (r"Wald chi2\((\d+)\)\s*=", "wald_df"),
    (rf"Prob > chi2\s*=\s*({NUMBER})", "wald_p"),
    (rf"Log (?:restricted-|pseudo)?likelihood\s*=\s*({NUMBER})", "loglik"),
    (rf"Integration (?:points|pts\.)\s*=\s*({NUMBER})", "integration_points"),
)
_TEST = re.compile(
    rf"LR test vs\. .*?(chi(?:bar)?2\((\d+)\)\s*=\s*({NUMBER}))\s*(Prob >=? chi(?:bar)?2)\s*=\s*({NUMBER})"
)
_STEP = re.compile(rf"^\s*(Iteration \d+):\s+(log \S+)\s*=\s*({NUMBER})\s*(?:\(.*\))?$")
_HEADING = re.compile(
    r"Coef\.|Coefficient|Odds [Rr]atio|IRR|Estimate|Std\. [Ee]rr\.|\bz\b(?!\|)|\bt\b(?!\|)|P>\|[zt]\||"
    r"\[\d+% [Cc]onf\.|[Ii]nterval\]"
)
_IDS = {"z": "z", "t": "t", "P>|z|": "p", "P>|t|": "p", "Interval]": "ci_high", "interval]": "ci_high"}
_SIZES = {"Groups": "n_groups", "Minimum": "min", "Average": "mean", "Maximum": "max"}
_COMPONENT = re.compile(r"^(var|sd|cov|corr)\((.*)\)$")
_NOT_ESTIMATED = re.compile(r"\((?:base|omitted|empty|constrained)\)")
_PARTS = re.compile(
    r"^[-+\s]*$|^\s*(Iteration \d|Performing|Computing|Fitting|Refining|Grid|Mixed-effects|Obs per group|Note:|"
    r"Integration|Log|LR test|\(Std\. |Covariance|Random-effects|Robust|Family:|Link:)"
)


@dataclass
class _Place:
    """Where in the tables the reader is: headings, the factor or group whose rows follow."""

    headings: list[str] = field(default_factory=list)
    group: str = ""
    factor: str = ""
    random: bool = False


@kind(
    "stata.mixed", begins=r"^\s*(Mixed-effects (ML|REML|GLM|logistic|linear)?.*|Performing EM optimization.*)$", turn=15
)
def read(cursor: Cursor) -> Block | None:
    """Read until a line comes that is none of it."""
    first = cursor.peek()
    assert first is not None
    block = Block("stata.mixed", first.number, call=cursor.call())
    place, behind = _Place(), cursor.at
    while (line := cursor.skip_blank()) is not None and not line.prose and not line.code:
        text = cursor.take().text
        if re.match(r"^\s*Mixed-effects", text) and any(n.id.startswith("fixef") for n in block.numbers):
            break
        if "regression" in text and text.lstrip().startswith("Mixed-effects"):
            block.reml = True if "REML" in text else False if "ML" in text else None
        if "|" in text and not _STEP.match(text):
            _beside_bar(block, line, place)
        elif not _fields(block, text, line.number) and not _PARTS.match(text):
            break
        behind = cursor.at
    cursor.at = behind
    return block if block.numbers else None


def _beside_bar(block: Block, line: Line, place: _Place) -> None:
    """Read a line with a bar: headings, the name of a factor or group, or a row."""
    raw, right = line.text.split("|", 1)
    left, right = raw.strip(), right.strip()
    found = _HEADING.findall(right)
    if len(found) > 1:
        place.headings, place.random = found, "Random" in left
        if not place.random:
            block.heads["response"] = left
    elif "Minimum" in right:
        place.headings = ["Groups", "Minimum", "Average", "Maximum"]
    elif not right:
        place.factor = left
        if ":" in left or place.random:
            place.group = slug(left.partition(":")[0])
    elif re.search(r"\d", right):
        _row(block, line.number, left, right, raw.endswith("  "), place)


def _row(block: Block, line: int, left: str, right: str, level: bool, place: _Place) -> None:
    """Read a row; one of a factor's levels has two blanks before the bar and is named by factor and level."""
    cells = _NOT_ESTIMATED.sub("", right).split()
    fits = len(cells) == len(place.headings) or (len(cells) == 1 and _NOT_ESTIMATED.search(right))
    few = bool(_COMPONENT.match(left)) and len(cells) < len(place.headings)
    if not (fits or few) or not all(is_number(cell) or cell == "." for cell in cells):
        block.unread.append((line, f"{left} | {right}"))
        return
    label, ids = left, _ids(left, place)
    if place.factor and level and not _COMPONENT.match(left):
        label, name = f"{place.factor} {left}", f"{slug(place.factor)}{slug(left)}"
        ids = [f"fixef.{name}.{_quantity(heading)}" for heading in place.headings]
    elif not _COMPONENT.match(left):
        place.factor = ""
    headings = place.headings
    if few and len(headings) > len(cells):
        ids, headings = ids[: len(cells)], headings[: len(cells)]
    for id, heading, text in zip(ids, headings, cells, strict=False):
        if text != ".":
            block.add(text, id, label, heading, line)


def _quantity(heading: str) -> str:
    if heading.casefold() == "std. err.":
        return "se"
    return _IDS.get(heading, "ci_low" if heading.startswith("[") else "estimate")


def _ids(left: str, place: _Place) -> list[str]:
    """Return the id of each cell of a row."""
    if place.headings[:1] == ["Groups"]:
        return [f"n_groups.{slug(left)}", *(f"group_size.{slug(left)}.{_SIZES[name]}" for name in place.headings[1:])]
    if found := _COMPONENT.match(left):
        names = [("intercept" if name == "_cons" else slug(name)) for name in found[2].split(",")]
        what = "variance" if found[1] == "var" else found[1]
        group = place.group if place.random or ":" in place.factor else slug(place.factor)
        prefix = f"varcomp.{group}.{'__'.join(names)}.{what}"
        if found[2].startswith(("Residual", "e.", "e)")):
            prefix = f"varcomp.residual.{what}"
        ends = ["" if (id := _quantity(heading)) == "estimate" else f"_{id}" for heading in place.headings]
        return [prefix + end for end in ends]
    name = "intercept" if left == "_cons" else slug(left)
    return [f"fixef.{name}.{_quantity(heading)}" for heading in place.headings]


def _fields(block: Block, text: str, line: int) -> bool:
    """Read a line of the head, a step of the search, or the test below."""
    if found := _STEP.match(text):
        block.add(found[3], f"steps.{slug(found[1]).replace(' ', '_')}", found[1], found[2], line)
        return True
    if found := _TEST.search(text):
        block.add(found[3], "lr_chisq", "", found[1].partition("=")[0].strip(), line)
        block.add(found[2], "lr_df", "", found[1].partition("=")[0].strip(), line)
        block.add(found[5], "lr_p", "", found[4], line)
        return True
    known = False
    for pattern, id in _FIELDS:
        if found := re.search(pattern, text):
            block.add(found[1], id, "", found[0].partition("=")[0].strip(), line)
            known = True
    if found := re.match(r"^\s*Group variable:\s*(\S+)", text):
        block.heads["group"] = found[1]
        known = True
    return known
