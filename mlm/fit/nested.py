"""Terms on different partitions of the rows that repeat what others say.

``(1 | g:f)`` adds the same variance to all pairs of rows of one level of g and f, and so does ``(0 + f | g)`` when its
covariance matrix is a multiple of the identity: the derivative by the one's variance is a sum of derivatives by the
other's. Factors of which none is within the other can do that too, three terms more easily than two: where all rows of
a level of a share a level of b or of c, and never of both, ``(1 | a)`` says what ``(1 | b)`` and ``(1 | c)`` say.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from ..crossproducts.blocks import CrossProducts
from .places import Place

__all__ = ["Repeated", "fewest", "is_within", "repeated"]

Count = Callable[[Sequence[Place]], int]


@dataclass(frozen=True, slots=True, eq=False)
class Repeated:
    """A term that repeats what others say: the surplus of parameters, and whether it repeats in everything."""

    term: Place
    others: list[Place]
    surplus: int
    whole: bool


def repeated(partitions: list[list[Place]], surplus: Count) -> list[Repeated]:
    """Terms that add less than they have parameters, beyond what each partition by itself lacks.

    Parameters
    ----------
    partitions : list of list of Place
        The terms of each partition, those with few levels first.
    surplus : callable
        Number of parameters of some terms less the rank of their derivatives.

    Returns
    -------
    list of Repeated
    """
    terms = [t for mine in partitions for t in mine]

    def excess(chosen: Sequence[Place]) -> int:
        return surplus(chosen) - sum(surplus([t for t in mine if t in chosen]) for mine in partitions)

    def added(chosen: Sequence[Place], term: Place) -> int:
        return excess([*chosen, term]) - excess(chosen)

    out: list[Repeated] = []
    if not excess(terms):
        return out
    for k, term in enumerate(terms):
        more = added(terms[:k], term)
        if more:
            others = fewest(terms[:k], partial(added, term=term), more)
            whole = surplus([*others, term]) - surplus(others) == len(term.parameters)
            out.append(Repeated(term, others, more, whole))
    return out


def fewest(terms: Sequence[Place], count: Count, wanted: int) -> list[Place]:
    """Leave out the terms, the last ones first, without which something counted is the same."""
    kept = list(terms)
    for term in kept[::-1]:
        fewer = [t for t in kept if t is not term]
        if count(fewer) == wanted:
            kept = fewer
    return kept


def is_within(fine: int, coarse: int, products: CrossProducts) -> bool:
    """Whether each level of one factor, by position, is in a single level of another."""
    pair = products.pairs.get((min(fine, coarse), max(fine, coarse)))
    return pair is None or len(pair.rows) == products.factors[fine].levels
