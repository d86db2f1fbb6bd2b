"""Meet a column's cross-products exactly, once they are near (`approach`): one look-up for what is left."""

from __future__ import annotations

import numpy as np
from numpy.random import RandomState

from replications.twins.swapping.exchanges import pairs_with_effect, sample_exchanges
from replications.twins.swapping.look_up import partners
from replications.twins.swapping.pairing import Pairing
from replications.twins.swapping.permutations import permute_two_sets

TRIES = 400  # the five data sets need 10, but where a school of heck2011 cannot have the sum that `total` asks for
EXCHANGES, PAIRS = 60_000, 2000  # looked at in each try, and pairs of them with the effect, at most
NEAREST = 30  # exchanges among which a shake is drawn
PERMUTATIONS, SET_ROWS = 6000, 8  # drawn of each of two sets, and rows of a set: 36 million sums of effects in each try


def close_by_pairs(pairing: Pairing, rs: RandomState) -> bool:
    """Find one exchange, or a pair, with exactly the missing effect; shake and try again if none is there."""
    for _ in range(TRIES):
        if not pairing.missing.any():
            return True
        i, j = sample_exchanges(pairing, rs, EXCHANGES)
        if not len(i):
            return False
        effects = pairing.effects(i, j)
        single = np.flatnonzero((effects == pairing.missing).all(axis=1))
        if len(single):
            pairing.exchange(i[single[0]], j[single[0]])
            return True
        pairs = pairs_with_effect(pairing, i, j, pairing.missing, rs, PAIRS)
        if len(pairs):
            a, b, c, d = pairs[0]
            pairing.exchange(a, b)
            pairing.exchange(c, d)
            return True
        nearest = np.argsort(pairing.distances(effects), kind="stable")[:NEAREST]
        k = int(nearest[rs.randint(0, len(nearest))])
        pairing.exchange(i[k], j[k])
    return False


def close_by_permutations(pairing: Pairing, rs: RandomState, rounding: int = 0) -> bool:
    """Small blocks: permute two disjoint sets of rows so that the effects add up to what is missing.

    With ``rounding`` (one product only) any sum within that distance will do.
    """
    for _ in range(TRIES):
        if (np.abs(pairing.missing) <= rounding).all():
            return True
        both = permute_two_sets(pairing, rs, SET_ROWS, PERMUTATIONS)
        effects_a, effects_b = (permuted.effects for permuted in both)
        if rounding:
            match = _within(effects_a[:, -1], effects_b[:, -1], int(pairing.missing[-1]), rounding, rs)
        else:
            match = _equal(effects_a, effects_b, pairing.missing, rs)
        if match:
            for permuted, which in zip(both, match, strict=True):
                pairing.rearrange(permuted.rows, permuted.sources(which))
    return bool((np.abs(pairing.missing) <= rounding).all())


def _equal(
    effects_a: np.ndarray, effects_b: np.ndarray, missing: np.ndarray, rs: RandomState
) -> tuple[int, int] | None:
    """One of the pairs of effects that add up to what is missing, if there are any."""
    found, partner = partners(effects_a, effects_b, missing, rs)
    if not len(found):
        return None
    k = rs.randint(0, len(found))
    return int(found[k]), int(partner[k])


def _within(
    effects_a: np.ndarray, effects_b: np.ndarray, missing: int, rounding: int, rs: RandomState
) -> tuple[int, int] | None:
    """One of the pairs of effects on one product that add up to what is missing within its rounding."""
    order = np.argsort(effects_b, kind="stable")
    need = missing - effects_a
    low = np.searchsorted(effects_b[order], need - rounding, "left")
    high = np.searchsorted(effects_b[order], need + rounding, "right")
    found = np.flatnonzero(high > low)
    if not len(found):
        return None
    a = int(found[rs.randint(0, len(found))])
    return a, int(order[low[a] + rs.randint(0, high[a] - low[a])])
