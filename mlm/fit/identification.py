"""Variances that no data of a design can tell apart: which terms share what, how many parameters are too many."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..errors import first_few
from ..frame.model_frame import RandomPart
from ..likelihood.deviance import Deviance
from .confounding import confounded_columns, constant_within
from .nested import Nested, Repeated, families
from .partition import Partition, Place, partitions

__all__ = ["Finding", "unidentified", "warning_text"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Terms that are not identified: which, how many parameters too many, and what to tell the user."""

    terms: tuple[str, ...]
    surplus: int
    what: str
    remedy: str


def unidentified(terms: Iterable[RandomPart], deviance: Deviance) -> tuple[Finding, ...]:
    """Find the terms whose variances the data cannot tell, by their own columns or because of the fixed effects.

    Parameters
    ----------
    terms : iterable of RandomPart
        In the order of theta.
    deviance : Deviance

    Returns
    -------
    tuple of Finding
        Empty where everything is identified.
    """
    terms, products, layout = tuple(terms), deviance.products, deviance.layout
    spanned = confounded_columns(products, layout)
    out = [_fixed_too(terms[k], deviance, columns) for k, columns in spanned.items()]
    groups, parts = partitions(products), []
    for factors in groups:
        mine = {k: terms[k] for k, slot in enumerate(layout.slots) if slot.factor in factors and k not in spanned}
        parts.append(mine)
        partition = Partition.of(factors, mine, products, layout)
        if partition is not None:
            out += _findings(partition)
    for family in families(groups, parts, products, layout):
        out += [_repeated(one) for one in Nested.of([parts[k] for k in family], products, layout).repeated()]
    return tuple(out)


def warning_text(findings: tuple[Finding, ...]) -> str:
    """One text for all findings."""
    surplus = sum(f.surplus for f in findings)
    counted = "1 parameter is" if surplus == 1 else f"{surplus} parameters are"
    what = " ".join(f.what[0].upper() + f.what[1:] for f in findings)
    return (
        f"Not identified: {what[0].lower()}{what[1:]} The fit is kept, but {counted} counted too many, and AIC "
        f"is {2 * surplus} too high. {' '.join(f.remedy for f in findings)}"
    )


def _findings(partition: Partition) -> list[Finding]:
    """Terms with common columns, and those that do not vary apart within levels."""
    unexplained = partition.surplus(partition.terms)
    out: list[Finding] = []
    if not unexplained:
        return out
    for terms in partition.connected():
        surplus = partition.surplus(terms)
        if surplus:
            unexplained -= surplus
            out.append(_shared(partition, terms, surplus) if len(terms) > 1 else _within(terms, surplus))
    return [*out, _within(partition.taking_part(), unexplained)] if unexplained > 0 else out


def _shared(partition: Partition, terms: list[Place], surplus: int) -> Finding:
    """What to say of terms with common directions."""
    groups = list(dict.fromkeys(t.part.term.group for t in terms))
    names, leave = partition.common_names(terms), partition.redundant(terms)
    common = first_few(names) if names else "a combination of their columns"
    same = ", which put the same rows together" if groups[1:] else ""
    remedy = f"Take {common} out of all of them but one ('0 + ...' leaves the intercept out)."
    return Finding(
        tuple(t.part.term.text for t in terms),
        surplus,
        f"the terms {_quoted(terms)} share {common} for {_and(groups)}{same}. The data tell the sum of what they add "
        "to the variance there, but how it is split among them is arbitrary.",
        f"Leave out {_quoted(leave)}: the model stays the same." if leave else remedy,
    )


def _within(terms: list[Place], surplus: int) -> Finding:
    """What to say of columns that are independent over all rows, but not in the levels."""
    groups = _and(list(dict.fromkeys(t.part.term.group for t in terms)))
    names = first_few(list(dict.fromkeys(n for t in terms for n in t.part.columns.names)))
    what, which = ("the terms", "variances") if len(terms) > 1 else ("the term", "variances and covariances")
    return Finding(
        tuple(t.part.term.text for t in terms),
        surplus,
        f"the columns {names} of {what} {_quoted(terms)} do not vary apart within the levels of {groups}: different "
        f"{which} describe any data equally well.",
        f"Leave out slopes of columns that are constant within the levels of {groups}.",
    )


def _repeated(found: Repeated) -> Finding:
    """What to say of a term that repeats what terms of factors around its own say."""
    terms, inner = [*found.others, found.term], f"'({found.term.part.term.text})'"
    say = "says" if len(found.others) == 1 else "say"
    return Finding(
        tuple(t.part.term.text for t in terms),
        found.surplus,
        f"the terms {_quoted(terms)} share variances within the levels of {found.term.part.term.group}. The data tell "
        "the sum of what they add there, but how it is split among them is arbitrary.",
        f"Leave out {inner}: {_quoted(found.others)} {say} the same." if found.whole else "Leave out one of them.",
    )


def _fixed_too(part: RandomPart, deviance: Deviance, columns: list[int]) -> Finding:
    """What to say of a term of which the fixed effects span some columns, or all.

    REML tells nothing of a spanned column's variance and covariances. Maximum likelihood, which does not allow for the
    fixed effects, makes the determinant of V as small as it can: zero variance, or what the covariances demand.
    """
    group, names, reml = part.term.group, part.columns.names, deviance.criterion.reml
    factor = next(f for f in deviance.products.factors if f.name == group)
    gone, left = len(columns), len(names) - len(columns)
    listed = first_few([names[k] for k in columns])
    fixed = constant_within(factor, deviance.products)
    by = f"the fixed effects ({first_few(fixed)})" if fixed else "the fixed effects"
    lowest = "" if reml else " (maximum likelihood makes it as small as it can)"
    return Finding(
        (part.term.text,),
        gone * (gone + 1) // 2 + (gone * left if reml else 0),
        f"{by} account for {listed} of '({part.term.text})' in all {factor.levels} levels of {group!r}, so nothing is "
        f"left that could tell the variance{lowest}.",
        f"Take either these fixed effects or {f'{listed} of ' if left else ''}'({part.term.text})' out of the formula.",
    )


def _quoted(terms: list[Place]) -> str:
    return _and([f"'({t.part.term.text})'" for t in terms])


def _and(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
