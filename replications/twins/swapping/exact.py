"""Meet a column's cross-products exactly: greedy exchanges first, then one look-up for what is left."""

import numpy as np

from replications.twins.swapping.exchanges import Pairing, linear_hash, look_up, pairs_with_effect, sample_exchanges

GREEDY_ROUNDS = 3000
GREEDY_CANDIDATES = 3000
PAIR_CANDIDATES = 60_000
PERMUTATIONS = 6000
HALF_ROWS = 8  # rows in each of the two sets permuted
TRIES = 400


def _distance(pairing: Pairing, effects: np.ndarray) -> np.ndarray:
    return (((pairing.missing - effects) / pairing.spread) ** 2).sum(axis=1)


def approach(pairing: Pairing, rs) -> None:
    """Bring the products near their targets by the best of many random exchanges, again and again."""
    n, failures = len(pairing.x), 0
    for _ in range(GREEDY_ROUNDS):
        now = ((pairing.missing / pairing.spread) ** 2).sum()
        if now < 1e-12 or failures > 4:
            return
        i, j = rs.randint(0, n, GREEDY_CANDIDATES), rs.randint(0, n, GREEDY_CANDIDATES)
        distance = _distance(pairing, pairing.effects(i, j))
        distance[~pairing.allowed(i, j)] = np.inf
        best = int(np.argmin(distance))
        if distance[best] < now * 0.999:
            pairing.exchange(i[best], j[best])
            failures = 0
        else:
            failures += 1


def close_by_pairs(pairing: Pairing, rs) -> bool:
    """Find one exchange, or a pair, with exactly the missing effect; shake and try again if none is there."""
    for _ in range(TRIES):
        if not pairing.missing.any():
            return True
        i, j = sample_exchanges(pairing, rs, PAIR_CANDIDATES)
        if not len(i):
            return False
        effects = pairing.effects(i, j)
        single = np.flatnonzero((effects == pairing.missing).all(axis=1))
        if len(single):
            pairing.exchange(i[single[0]], j[single[0]])
            return True
        pairs = pairs_with_effect(pairing, i, j, pairing.missing, rs, limit=2000)
        if len(pairs):
            a, b, c, d = pairs[0]
            pairing.exchange(a, b)
            pairing.exchange(c, d)
            return True
        nearest = np.argsort(_distance(pairing, effects), kind="stable")[:30]
        k = int(nearest[rs.randint(0, len(nearest))])
        pairing.exchange(i[k], j[k])
    return False


def permutation_effects(pairing: Pairing, rows: np.ndarray, rs, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Random permutations of a few rows (the identity first): (count, h) orders and their effects (count, k)."""
    orders = np.argsort(rs.rand(count, len(rows)), axis=1, kind="stable")
    orders[0] = np.arange(len(rows))
    x, given = pairing.x[rows], pairing.given[rows]
    return orders, np.einsum("ch,hk->ck", x[orders] - x, given)


def close_by_permutations(pairing: Pairing, rs, rounding: int = 0) -> bool:
    """Small blocks: permute two disjoint sets of rows so that the effects add up to what is missing.

    With ``rounding`` (one product only) any sum within that distance will do.
    """
    n = len(pairing.x)
    half = min(n // 2, HALF_ROWS)
    for _ in range(TRIES):
        if (np.abs(pairing.missing) <= rounding).all():
            return True
        drawn = rs.permutation(n)[: 2 * half]
        sets = drawn[:half], drawn[half:]
        (orders_a, effects_a), (orders_b, effects_b) = (
            permutation_effects(pairing, rows, rs, PERMUTATIONS) for rows in sets
        )
        if rounding:
            match = _within(effects_a[:, -1], effects_b[:, -1], int(pairing.missing[-1]), rounding, rs)
        else:
            match = _equal(effects_a, effects_b, pairing.missing, rs)
        if match is None:
            continue
        pairing.rearrange(sets[0], sets[0][orders_a[match[0]]])
        pairing.rearrange(sets[1], sets[1][orders_b[match[1]]])
    return bool((np.abs(pairing.missing) <= rounding).all())


def _equal(effects_a, effects_b, missing, rs) -> tuple[int, int] | None:
    found, partner = look_up(linear_hash(effects_b), linear_hash(missing)[0] - linear_hash(effects_a), rs)
    exact = (effects_a[found] + effects_b[partner] == missing).all(axis=1)
    found, partner = found[exact], partner[exact]
    if not len(found):
        return None
    k = rs.randint(0, len(found))
    return int(found[k]), int(partner[k])


def _within(effects_a, effects_b, missing: int, rounding: int, rs) -> tuple[int, int] | None:
    order = np.argsort(effects_b, kind="stable")
    need = missing - effects_a
    low = np.searchsorted(effects_b[order], need - rounding, "left")
    high = np.searchsorted(effects_b[order], need + rounding, "right")
    found = np.flatnonzero(high > low)
    if not len(found):
        return None
    a = int(found[rs.randint(0, len(found))])
    return a, int(order[low[a] + rs.randint(0, high[a] - low[a])])
