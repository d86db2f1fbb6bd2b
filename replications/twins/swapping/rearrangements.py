"""Re-arrangements of one column of one block that change no cross-product, drawn at random by the hundred.

Pairs of exchanges whose effects cancel, or permutations of two disjoint sets of rows whose effects cancel.
"""

from __future__ import annotations

import numpy as np
from numpy.random import RandomState

from replications.twins.swapping.exchanges import pairs_with_effect, sample_exchanges
from replications.twins.swapping.look_up import partners
from replications.twins.swapping.pairing import Pairing
from replications.twins.swapping.permutations import permute_two_sets

EXCHANGES = 30_000  # looked at
PERMUTATIONS, SET_ROWS = 5040, 7  # drawn of each set; as many as seven rows have
MOST = 100  # re-arrangements returned
EXCHANGE_SHARE = 0.8  # of the draws begin with exchanges
PLENTY = 20  # where fewer pairs of exchanges cancel, permutations are tried as well
MANY_ROWS = 300  # where pairs of exchanges always abound


def _by_exchanges(pairing: Pairing, rs: RandomState) -> tuple[np.ndarray, np.ndarray]:
    i, j = sample_exchanges(pairing, rs, EXCHANGES)
    moves = pairs_with_effect(pairing, i, j, np.zeros_like(pairing.missing), rs, MOST)
    return moves, moves[:, [1, 0, 3, 2]]


def _by_permutations(pairing: Pairing, rs: RandomState) -> tuple[np.ndarray, np.ndarray]:
    one, other = permute_two_sets(pairing, rs, SET_ROWS, PERMUTATIONS)
    a, b = partners(one.effects, other.effects, np.zeros_like(pairing.missing), rs)
    if len(a) > MOST:
        keep = rs.choice(len(a), MOST, replace=False)
        a, b = a[keep], b[keep]
    sources = np.hstack([one.sources(a), other.sources(b)])
    return np.broadcast_to(np.hstack([one.rows, other.rows]), sources.shape), sources


def zero_rearrangements(pairing: Pairing, rs: RandomState) -> tuple[np.ndarray, np.ndarray]:
    """Re-arrangements without effect on the products: rows and the rows their values come from, (m, r) each."""
    many = len(pairing) > MANY_ROWS
    if many or rs.rand() < EXCHANGE_SHARE:
        to, source = _by_exchanges(pairing, rs)
        if many or len(to) >= PLENTY:
            return to, source
    return _by_permutations(pairing, rs)
