"""Variances that no data of a design can tell apart: which terms share what, how many parameters are too many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..crossproducts.blocks import CrossProducts
from ..errors import first_few
from ..frame.model_frame import RandomPart
from ..likelihood.deviance import Deviance
from .confounding import Basis, constant_within, inside_coordinates, term_basis
from .derivatives import MOST_COLUMNS, MOST_PARAMETERS, MOST_PRODUCTS, Derivatives, decisive
from .nested import Repeated, fewest, is_within, repeated
from .partition import Partition, partitions
from .places import Place, Places
from .plenty import plenty

__all__ = ["Finding", "unidentified", "warning_text"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Terms that are not identified: which, how many parameters too many, and what to tell the user."""

    terms: tuple[str, ...]
    surplus: int
    what: str
    remedy: str


def unidentified(terms: Sequence[RandomPart], deviance: Deviance) -> tuple[Finding, ...]:
    """Find the terms whose variances the data cannot tell, by their own columns or because of the fixed effects.

    Parameters
    ----------
    terms : sequence of RandomPart
        In the order of theta.
    deviance : Deviance

    Returns
    -------
    tuple of Finding
        Empty where everything is identified. The surpluses add up to the number of parameters, with the residual
        variance, less the rank of the derivatives of the covariance matrix: under REML of that of error contrasts.
        Maximum likelihood sees the covariance matrix itself, and of columns that the fixed effects span it makes the
        variances as small as it can: these count too.

    Notes
    -----
    With more than `MOST_COLUMNS` columns of a factor, or `MOST_PARAMETERS` in all, terms are compared with the fixed
    effects only. With more than `MOST_PRODUCTS` columns of a factor times fixed effects, the surplus under REML is what
    the covariance matrix itself lacks, a lower bound. Where rounding would decide, nothing is said.
    """
    products, layout, reml = deviance.products, deviance.layout, deviance.criterion.reml
    if plenty(terms, products):
        return ()
    inside = inside_coordinates(products)
    bases = {k: term_basis(products.factors[s.factor], s, inside[s.factor]) for k, s in enumerate(layout.slots)}
    out = [_fixed_too(terms[k], basis, deviance) for k, basis in bases.items() if basis.spanned]
    places, zero = Places.of(terms, bases, layout, reml), decisive(bases, reml)
    columns = max((len(s.columns) for s in places.sides), default=0)
    if not places.terms or not zero or columns > MOST_COLUMNS or sum(len(s.a) for s in places.sides) > MOST_PARAMETERS:
        return tuple(out)
    projected = reml and 0 < columns * products.p <= MOST_PRODUCTS
    seen = Derivatives.of(places, products, inside if projected else None, zero)
    if not seen.surplus_beside(places.terms):
        return tuple(out)
    plain = Derivatives.of(places, products, None, zero) if projected else seen
    out += _among_terms(places, plain, products)
    return (*out, *_fixed_between(places.terms, seen, plain), *_residual_too(places.terms, seen))


def _among_terms(places: Places, plain: Derivatives, products: CrossProducts) -> list[Finding]:
    """What the covariance matrix itself does not tell of the terms: on each partition, then across."""
    out: list[Finding] = []
    apart = []
    for factors in partitions(products):
        mine = [t for t in places.terms if t.factor in factors]
        if mine:
            apart.append(mine)
            out += _findings(Partition(mine, plain))
    apart.sort(key=lambda mine: products.factors[mine[0].factor].levels)
    return [*out, *(_repeated(one, products) for one in repeated(apart, plain.surplus))]


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
    unexplained = partition.derivatives.surplus(partition.terms)
    out: list[Finding] = []
    if not unexplained:
        return out
    for terms in partition.connected():
        surplus = partition.derivatives.surplus(terms)
        if surplus:
            unexplained -= surplus
            out.append(_shared(partition, terms, surplus) if len(terms) > 1 else _within(terms, surplus))
    return [*out, _within(partition.taking_part(partition.terms), unexplained)] if unexplained > 0 else out


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


def _repeated(found: Repeated, products: CrossProducts) -> Finding:
    """What to say of a term that repeats what terms of other factors say."""
    terms, inner = [*found.others, found.term], f"'({found.term.part.term.text})'"
    say = "says" if len(found.others) == 1 else "say"
    around = all(is_within(found.term.factor, t.factor, products) for t in found.others)
    same = f": {_quoted(found.others)} {say} the same" if around else ""
    where = f"share variances within the levels of {found.term.part.term.group}" if around else "share variances"
    return Finding(
        tuple(t.part.term.text for t in terms),
        found.surplus,
        f"the terms {_quoted(terms)} {where}. The data tell the sum of what they add there, but how it is split among "
        "them is arbitrary.",
        f"Leave out {inner}{same}." if found.whole else "Leave out one of them.",
    )


def _fixed_too(part: RandomPart, basis: Basis, deviance: Deviance) -> Finding:
    """What to say of a term of which the fixed effects span some columns, combinations of them, or all.

    REML tells nothing of a spanned column's variance and covariances. Maximum likelihood, which does not allow for the
    fixed effects, makes the determinant of V as small as it can: zero variance, or what the covariances demand.
    """
    group, names, reml = part.term.group, part.columns.names, deviance.criterion.reml
    factor = next(f for f in deviance.products.factors if f.name == group)
    gone, left = basis.spanned, len(names) - basis.spanned
    listed = first_few([names[k] for k in basis.columns])
    if basis.combined:
        listed = f"{'a combination' if gone == 1 else f'{gone} combinations'} of {listed}"
    fixed = constant_within(factor, deviance.products)
    by = f"the fixed effects ({first_few(fixed)})" if fixed else "the fixed effects"
    lowest = "" if reml else " (maximum likelihood makes it as small as it can)"
    out = "one of them" if basis.combined else listed
    return Finding(
        (part.term.text,),
        gone * (gone + 1) // 2 + (gone * left if reml else 0),
        f"{by} account for {listed} of '({part.term.text})' in all {factor.levels} levels of {group!r}, so nothing is "
        f"left that could tell the variance{lowest}.",
        f"Take either these fixed effects or {f'{out} of ' if left else ''}'({part.term.text})' out of the formula.",
    )


def _fixed_between(found: list[Place], seen: Derivatives, plain: Derivatives) -> list[Finding]:
    """What to say where terms depend on one another in what the fixed effects leave, and not otherwise."""
    surplus = seen.surplus(found) - plain.surplus(found)
    if surplus <= 0:
        return []
    terms = fewest(found, lambda s: seen.surplus(s) - plain.surplus(s), surplus)
    what = "the terms" if len(terms) > 1 else "the columns of the term"
    return [
        Finding(
            tuple(t.part.term.text for t in terms),
            surplus,
            f"{what} {_quoted(terms)} depend on one another in what the fixed effects leave of them. The data tell "
            "sums of what they add to the variance there, but how it is split is arbitrary.",
            _leave_out(terms, seen.surplus),
        )
    ]


def _residual_too(found: list[Place], seen: Derivatives) -> list[Finding]:
    """What to say where the residual variance is a combination of what terms add."""
    surplus = seen.surplus_beside(found) - seen.surplus(found)
    if surplus <= 0:
        return []
    terms = fewest(found, lambda s: seen.surplus_beside(s) - seen.surplus(s), surplus)
    what, adds = ("the terms", "add") if len(terms) > 1 else ("the term", "adds")
    return [
        Finding(
            tuple(t.part.term.text for t in terms),
            surplus,
            f"the residual variance cannot be told from what {what} {_quoted(terms)} {adds} to the variance: how it is "
            "split is arbitrary.",
            _leave_out(terms, seen.surplus_beside),
        )
    ]


def _leave_out(terms: list[Place], surplus: Callable[[Sequence[Place]], int]) -> str:
    """Name a term of which nothing can be told beside the others, the last of those with the fewest parameters.

    Without it the model may be a smaller one: what it adds can be a difference of what the others add.
    """
    for term in sorted(terms[::-1], key=lambda t: len(t.parameters)):
        others = [t for t in terms if t is not term]
        if surplus(terms) - surplus(others) == len(term.parameters):
            return f"Leave out {_quoted([term])}."
    return f"Leave out {'one of these terms' if len(terms) > 1 else 'a column of this term'}, or fixed effects."


def _quoted(terms: list[Place]) -> str:
    return _and([f"'({t.part.term.text})'" for t in terms])


def _and(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
