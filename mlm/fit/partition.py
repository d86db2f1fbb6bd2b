"""The terms on one partition of the rows, with directions in common or columns that do not vary apart.

All terms on one partition of the rows, by one grouping factor or by several that put the same rows together, give its
level j the block ``Z_j Sigma Z_j'`` of the covariance matrix. `mlm.fit.derivatives` says what of it can be told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.linalg import lapack

from ..crossproducts.blocks import CrossProducts
from .derivatives import Derivatives
from .places import Place

__all__ = ["Partition", "partitions"]

# Share of an unidentified direction's length from which a parameter takes part in it.
TAKES_PART = 1e-6


def partitions(products: CrossProducts) -> list[list[int]]:
    """Grouping factors, those together that put the same rows together: as many pairs as levels occur."""
    out: list[list[int]] = []
    for k, factor in enumerate(products.factors):
        for same in out:
            if products.factors[same[0]].levels == factor.levels == len(products.pairs[same[0], k].rows):
                same.append(k)
                break
        else:
            out.append([k])
    return out


@dataclass(frozen=True, slots=True, eq=False)
class Partition:
    """The terms on one partition of the rows.

    Attributes
    ----------
    terms : list of Place
    derivatives : Derivatives
    """

    terms: list[Place]
    derivatives: Derivatives

    def connected(self) -> list[list[Place]]:
        """Terms in sets; one set has no common direction with another."""
        sets = [[t] for t in self.terms]
        for a, b in combinations(self.terms, 2):
            largest = np.linalg.svd(self._cosines(a, b), compute_uv=False)[0]
            one, other = (next(s for s in sets if t in s) for t in (a, b))
            if one is not other and largest**2 > 1.0 - self.derivatives.zero:
                one += other
                sets.remove(other)
        return [sorted(s, key=self.terms.index) for s in sets]

    def common_names(self, terms: list[Place]) -> list[str]:
        """Columns of one term that lie in the space of another."""
        names = []
        for a in terms:
            inside = [((self._cosines(b, a) @ a.user) ** 2).sum(axis=0) for b in terms if b is not a]
            held = np.max(inside, axis=0) > 1.0 - self.derivatives.zero
            names += [name for name, holds in zip(a.part.columns.names, held, strict=True) if holds]
        return list(dict.fromkeys(names))

    def redundant(self, terms: list[Place]) -> list[Place]:
        """Terms without which the others say the same; small ones first, and of factors the inner and later ones."""
        kept, out, surplus = list(terms), [], self.derivatives.surplus
        for term in sorted(terms[::-1], key=lambda t: (len(t.parameters), -len(t.part.term.parts))):
            others = [t for t in kept if t is not term]
            if others and surplus(kept) - surplus(others) == len(term.parameters):
                kept = others
                out.append(term)
        return sorted(out, key=self.terms.index)

    def taking_part(self, terms: Sequence[Place]) -> list[Place]:
        """Terms with a parameter in a direction that cannot be told."""
        chosen = np.concatenate([t.parameters for t in terms])
        values, vectors, _ = lapack.dsyev(self.derivatives.gram[chosen[:, None], chosen])
        share = (vectors[:, values < self.derivatives.zero] ** 2).sum(axis=1)
        return [t for t in terms if share[np.isin(chosen, t.parameters)].max() > TAKES_PART]

    def _cosines(self, one: Place, other: Place) -> np.ndarray:
        """Inner products of the columns of two terms."""
        return self.derivatives.cosines[np.ix_(one.columns, other.columns)]
