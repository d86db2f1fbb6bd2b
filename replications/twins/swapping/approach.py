"""Bring a column's cross-products near the wanted ones, from where `exact` finishes."""

from __future__ import annotations

import numpy as np
from numpy.random import RandomState

from replications.errors import TwinError
from replications.twins.swapping.exchanges import DECIMALS
from replications.twins.swapping.pairing import Pairing

LEAST_NOISE = 0.05  # share of the column's variation that is noise at the start, where the given columns explain it all
SWEEPS = 50  # of exchanges into the bounds, at most; the five data sets need one or two
ROUNDS = 3000  # of greedy exchanges, at most; the five data sets need fewer than 50
CANDIDATES = 3000  # exchanges looked at in each round
FAILURES, NEARER = 4, 0.999  # it ends after more rounds in a row without one that comes nearer by a thousandth
THERE = 1e-12  # a squared distance that is none but for rounding


def start_order(pairing: Pairing, rs: RandomState) -> np.ndarray:
    """An order of x that roughly has the wanted products: the ranks of (regression on the given columns + noise).

    The products with the given columns determine the regression of x on them: its slopes solve the normal equations,
    and what it leaves of the variation of x is the noise.
    """
    x, n = pairing.x, len(pairing)
    centred = pairing.given - pairing.given.mean(axis=0)
    varies = pairing.given.std(axis=0) > 0
    if not varies.any():
        return rs.permutation(n)
    centred = centred[:, varies]
    wanted = pairing.missing + pairing.given.T @ x
    wanted = wanted[varies] - pairing.given[:, varies].mean(axis=0) * x.sum()
    slopes = np.linalg.lstsq(np.einsum("nj,nk->jk", centred, centred), wanted, rcond=None)[0]
    total = ((x - x.mean()) ** 2).sum()
    left = max(total - slopes @ wanted, LEAST_NOISE * total)
    rough = (centred * slopes).sum(axis=1) + rs.standard_normal(n) * np.sqrt(left / n)
    order = np.empty(n, dtype=int)
    order[np.argsort(rough.round(DECIMALS), kind="stable")] = np.argsort(x, kind="stable")
    return order


def enter_bounds(pairing: Pairing, rs: RandomState) -> None:
    """Exchange values until every row carries one within its bounds.

    Raises
    ------
    TwinError
        If some row cannot be helped.
    """
    for _ in range(SWEEPS):
        x, low, high = pairing.x, pairing.low, pairing.high
        outside = np.flatnonzero((x < low) | (x > high))
        if not len(outside):
            return
        for i in map(int, outside):
            partners = np.flatnonzero((x >= low[i]) & (x <= high[i]) & (x[i] >= low) & (x[i] <= high))
            if len(partners):
                pairing.exchange(i, int(partners[rs.randint(0, len(partners))]))
    raise TwinError(f"{len(outside)} rows outside their bounds after {SWEEPS} sweeps")


def approach(pairing: Pairing, rs: RandomState) -> None:
    """Bring the products near their targets by the best of many random exchanges, again and again."""
    n, failures = len(pairing), 0
    for _ in range(ROUNDS):
        now = pairing.distances(np.zeros_like(pairing.missing))
        if now < THERE or failures > FAILURES:
            return
        i, j = rs.randint(0, n, CANDIDATES), rs.randint(0, n, CANDIDATES)
        distances = pairing.distances(pairing.effects(i, j))
        distances[~pairing.allowed(i, j)] = np.inf
        best = int(np.argmin(distances))
        if distances[best] < NEARER * now:
            pairing.exchange(i[best], j[best])
            failures = 0
        else:
            failures += 1
