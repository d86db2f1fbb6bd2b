"""Re-arrangements of one column of one block that change no cross-product, drawn at random by the hundred.

Pairs of exchanges whose effects cancel, or permutations of two disjoint sets of rows whose effects cancel.
"""

import numpy as np

from replications.twins.swapping.exact import permutation_effects
from replications.twins.swapping.exchanges import Pairing, linear_hash, look_up, pairs_with_effect, sample_exchanges

EXCHANGES = 30_000
MOST = 100
PERMUTATIONS = 5040
SET_ROWS = 7
EXCHANGE_SHARE = 0.8
PLENTY = 20  # where fewer pairs of exchanges cancel, permutations are tried as well
MANY_ROWS = 300  # where pairs of exchanges always abound


def _by_exchanges(pairing: Pairing, rs) -> tuple[np.ndarray, np.ndarray]:
    i, j = sample_exchanges(pairing, rs, EXCHANGES)
    nothing = np.zeros(pairing.given.shape[1], dtype=np.int64)
    moves = pairs_with_effect(pairing, i, j, nothing, rs, limit=MOST)
    return moves, moves[:, [1, 0, 3, 2]]


def _by_permutations(pairing: Pairing, rs) -> tuple[np.ndarray, np.ndarray]:
    half = min(SET_ROWS, len(pairing.x) // 2)
    drawn = rs.permutation(len(pairing.x))[: 2 * half]
    sets = drawn[:half], drawn[half:]
    (orders_a, effects_a), (orders_b, effects_b) = (
        permutation_effects(pairing, rows, rs, PERMUTATIONS) for rows in sets
    )
    found, partner = look_up(linear_hash(effects_b), -linear_hash(effects_a), rs)
    if len(found) > MOST:
        keep = rs.choice(len(found), MOST, replace=False)
        found, partner = found[keep], partner[keep]
    exact = (effects_a[found] + effects_b[partner] == 0).all(axis=1)
    sources = np.hstack([sets[0][orders_a[found[exact]]], sets[1][orders_b[partner[exact]]]])
    return np.broadcast_to(drawn, sources.shape), sources


def zero_rearrangements(pairing: Pairing, rs) -> tuple[np.ndarray, np.ndarray]:
    """Re-arrangements without effect on the products: rows and the rows their values come from, (m, r) each."""
    many = len(pairing.x) > MANY_ROWS
    if many or rs.rand() < EXCHANGE_SHARE:
        to, source = _by_exchanges(pairing, rs)
        if many or len(to) >= PLENTY:
            return to, source
    return _by_permutations(pairing, rs)
