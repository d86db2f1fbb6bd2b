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
    (rf"Wald chi2\(\d+\)\s*=\s*({NUMBER})", "wald_chisq"),
    (r"Wald chi2\((\d+)\)\s*=", "wald_df"),
    (rf"Prob > chi2\s*=\s*({NUMBER})", "wald_p"),
    (rf"\bF\(\s*\d+,\s*[\d.,]+\s*\)\s*=\s*({NUMBER})", "f"),
    (r"\bF\(\s*(\d+),\s*[\d.,]+\s*\)\s*=", "f_df1"),
    (r"\bF\(\s*\d+,\s*([\d.,]+)\s*\)\s*=", "f_df2"),
    (rf"Prob > F\s*=\s*({NUMBER})", "f_p"),
    (rf"^\s*(?:Log|log) (?:restricted-|pseudo)?likelihood\s*=\s*({NUMBER})", "loglik"),
    (rf"Integration (?:points|pts\.)\s*=\s*({NUMBER})", "integration_points"),
)
_RANGE = re.compile(rf"\b(min|avg|max)\s*=\s*({NUMBER})")
_RANGE_OF = {"Obs per group": "group_size", "DF:": "coef_df"}
"""What a range is of, by the words above it or beside its first row."""
_TEST = re.compile(
    rf"LR test vs\. .*?(chi(?:bar)?2\((\d+)\)\s*=\s*({NUMBER}))\s*(Prob ?>=? ?chi(?:bar)?2)\s*=\s*({NUMBER})"
)
_STEP = re.compile(rf"^\s*((?:Iteration|Grid node) \d+):\s+([Ll]og \S+)\s*=\s*({NUMBER})\s*(?:\(.*\))?$")
_HEADING = re.compile(
    r"Coef\.|Coefficient|Odds [Rr]atio|IRR|[Ee]xp\([Bb]\)|Haz\. [Rr]atio|Estimate|[Ss]td\. [Ee]rr\.|\bDF\b|"
    r"\bz\b(?!\|)|\bt\b(?!\|)|P>\|[zt]\||\[\d+% [Cc]onf\.|[Ii]nterval\]"
)
_IDS = {
    "z": "z", "t": "t", "P>|z|": "p", "P>|t|": "p", "Interval]": "ci_high", "interval]": "ci_high", "DF": "df",
    "std. err.": "se", "odds ratio": "odds_ratio", "irr": "rate_ratio", "exp(b)": "exp", "haz. ratio": "hazard_ratio",
}  # fmt: skip
_TESTS = ("z", "t", "P>|z|", "P>|t|", "DF")
"""Headings of columns that variances have not where they stand below coefficients."""
_SIZES = {"Groups": "n_groups", "Minimum": "min", "Average": "mean", "Maximum": "max"}
_COMPONENT = re.compile(r"^(?:([^:|]+):\s*)?(var|sd|cov|corr)\((.*)\)$")
_WITHOUT_INTERVAL = 2
"""Cells of a variance whose interval was not computed."""
_MISSING = re.compile(r"(?:chi2(?:\(\d+\))?|Prob > \w+|F\([^()]*\)|Grid node \d+:.*)\s*=\s*\.\s*$")
"""A statistic that was not computed."""
_NOT_ESTIMATED = re.compile(r"\((?:base|omitted|empty|constrained)\)")
_PARTS = re.compile(
    r"^[-+\s]*$|^\s*(Iteration \d|Performing|Computing|Fitting|Refining|Obtaining|Grid|Mixed-effects|Obs per group|"
    r"[Nn]ote:|Integration|[Ll]og|LR test|\(Std\. |Covariance|Random-effects|Robust|Family:|Link:|Overdispersion|"
    r"Binomial variable|Sampling weights|DF method|numerical derivatives|flat or discontinuous|convergence not)"
)


@dataclass
class _Place:
    """Where in the tables the reader is: headings, the factor or group whose rows follow, what a range is of."""

    headings: list[str] = field(default_factory=list)
    group: str = ""
    factor: str = ""
    random: bool = False
    sizes: str = "group_size"


@kind(
    "stata.mixed",
    begins=r"^\s*(Mixed-effects (ML|REML|GLM|logistic|linear)?.*|Performing EM optimization.*|"
    r"Obtaining starting values by EM.*|Fitting fixed-effects model:|Refining starting values:)\s*$",
    turn=15,
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
        elif not _fields(block, text, line.number, place) and not _PARTS.match(text):
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
    elif "Minimum" in right and "Average" in right:
        place.headings = ["Groups", "Minimum", "Average", "Maximum"]
    elif not right:
        place.factor = f"{place.factor}{left}" if place.factor.endswith("#") else left
        if ":" in left or (place.random and not left.startswith("by ")):
            place.group = slug(left.partition(":")[0])
    elif re.search(r"\d", right):
        _row(block, line.number, left, right, raw.endswith("  "), place)


def _row(block: Block, line: int, left: str, right: str, level: bool, place: _Place) -> None:
    """Read a row; one of a factor's levels has two blanks before the bar and is named by factor and level."""
    cells = _NOT_ESTIMATED.sub("", right).split()
    component = _COMPONENT.match(left)
    headings = [name for name in place.headings if not (component and name in _TESTS)]
    few = (component and len(cells) == _WITHOUT_INTERVAL) or (len(cells) == 1 and _NOT_ESTIMATED.search(right))
    if not (few or len(cells) == len(headings)) or not all(is_number(cell) or cell == "." for cell in cells):
        block.unread.append((line, f"{left} | {right}"))
        return
    if place.factor.endswith("#"):
        left, place.factor, level = f"{place.factor}{left}", "", False
    label, prefix, joint = left, "", "_"
    if component:
        prefix = _component(component, place)
    elif place.headings[:1] == ["Groups"]:
        prefix = f"group_size.{slug(left)}"
    elif place.random:
        prefix = f"varcomp.{_group(place)}.{slug(left)}"
    elif place.factor and level:
        label, prefix, joint = f"{place.factor} {left}", f"fixef.{_product(place.factor, left)}", "."
    else:
        place.factor, joint = "", "."
        prefix = f"fixef.{'intercept' if left == '_cons' else _product(left)}"
    for heading, text in zip(headings, cells, strict=False):
        if text != ".":
            block.add(text, _id(prefix, heading, joint), label, heading, line)


def _product(factors: str, level: str = "") -> str:
    """Return the id of a level of a factor, or of levels and variables of an interaction, ``sex#c.age``.

    Examples
    --------
    >>> _product("sex", "male"), _product("sex#c.age", "male"), _product("sex#arm", "male#old"), _product("c.x#c.x")
    ('sexmale', 'sexmale:age', 'sexmale:armold', 'x:x')
    """
    parts = factors.split("#")
    among = sum(not part.startswith("c.") for part in parts)
    levels = [level] if among == 1 else level.split("#" if "#" in level else None)
    if len(parts) == 1 or (level and among != len(levels)) or (among and not level):
        return f"{slug(factors)}{slug(level)}"
    named = iter(levels)
    return ":".join(slug(part[2:] if part.startswith("c.") else f"{part}{next(named).strip()}") for part in parts)


def _id(prefix: str, heading: str, joint: str) -> str:
    """Return the id of a cell: of a variance itself what it is called, of its standard error with ``_se`` behind."""
    if heading in _SIZES:
        return prefix.replace("group_size", "n_groups") if heading == "Groups" else f"{prefix}.{_SIZES[heading]}"
    what = _IDS.get(heading) or _IDS.get(heading.casefold(), "ci_low" if heading.startswith("[") else "estimate")
    itself = joint == "_" and what not in ("se", "ci_low", "ci_high")
    return prefix if itself else f"{prefix}{joint}{what}"


def _group(place: _Place) -> str:
    """Return the group whose variances are read; those of the residuals have one name in all printouts."""
    group = place.group if place.random or ":" in place.factor else slug(place.factor)
    return "residual" if group == "Residual" else group


def _component(found: re.Match[str], place: _Place) -> str:
    """Return the beginning of the ids of a variance, a standard deviation, a covariance or a correlation."""
    what = "variance" if found[2] == "var" else found[2]
    names = ["intercept" if name == "_cons" else slug(name) for name in found[3].split(",")]
    group = _group(place)
    if found[3].startswith(("Residual", "e.")) or (group == "residual" and found[3] == "e"):
        group, names = "residual", []
    return ".".join(
        ["varcomp", group, *([slug(found[1])] if found[1] else []), *filter(None, ["__".join(names)]), what]
    )


def _fields(block: Block, text: str, line: int, place: _Place) -> bool:
    """Read a line of the head, a step of the search, or the test below."""
    if found := _STEP.match(text):
        block.add(found[3], f"steps.{slug(found[1]).replace(' ', '_')}", found[1], found[2], line)
        return True
    if found := _TEST.search(text):
        block.add(found[3], "lr_chisq", "", found[1].partition("=")[0].strip(), line)
        block.add(found[2], "lr_df", "", found[1].partition("=")[0].strip(), line)
        block.add(found[5], "lr_p", "", found[4], line)
        return True
    known = _range(block, text, line, place)
    for pattern, id in _FIELDS:
        if found := re.search(pattern, text):
            block.add(found[1], id, "", found[0].partition("=")[0].strip(), line)
            known = True
    for name, pattern in (("group", r"^\s*Group variable:\s*(\S+)"), ("df_method", r"^\s*DF method:\s*(\S+)")):
        if found := re.search(pattern, text):
            block.heads[name] = found[1]
            known = True
    return known or bool(_MISSING.search(text)) or "Grouping information" in text


def _range(block: Block, text: str, line: int, place: _Place) -> bool:
    """Read the least, the mean or the greatest of group sizes, or of the coefficients' degrees of freedom."""
    for words, what in _RANGE_OF.items():
        if words in text:
            place.sizes = what
    found = _RANGE.search(text)
    if found is None:
        return False
    column = found[1] if place.sizes == "group_size" else f"DF: {found[1]}"
    block.add(found[2], f"{place.sizes}.{found[1].replace('avg', 'mean')}", "", column, line)
    return True
