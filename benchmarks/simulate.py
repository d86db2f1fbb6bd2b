"""Seeded data for the benchmarks: every package gets the same rows.

``python -m benchmarks.simulate NAME FILE.csv`` writes one of `DATA_SETS`, for lme4.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd

FIXED = (1.0, 0.5, -0.3, 0.2)
SLOPES_FORMULA = "y ~ x1 + x2 + x3 + (1 + x1 | g)"
PAIRS_FORMULA = "y ~ x1 + x2 + x3 + (1 | g)"
MOVES_FORMULA = "y ~ x1 + (1 | worker) + (1 | firm)"
RATINGS_FORMULA = "y ~ 1 + (1 | user) + (1 | item)"
CROSSED_FORMULA = "y ~ x1 + (1 | user) + (1 | item)"


def random_slopes(rows: int, groups: int | None = None, seed: int = 1) -> pd.DataFrame:
    """Draw groups of unequal size with a random intercept and slope.

    Parameters
    ----------
    rows : int
        Number of rows, for instance 10**5, 10**6 or 10**7.
    groups : int, optional
        Number of groups; ``rows // 100`` by default. Rows fall on groups at random.
    seed : int

    Returns
    -------
    DataFrame, shape (rows, 5)
        y, x1, x2, x3 (standard normal), g (int32 from 0). The fixed effects are 1.0, 0.5, -0.3, 0.2; intercepts and
        slopes of x1 have standard deviations 0.7 and 0.4 with correlation 0.3; the residual 1. Fit `SLOPES_FORMULA`.

    Examples
    --------
    >>> random_slopes(1000).shape
    (1000, 5)
    """
    rng = np.random.default_rng(seed)
    groups = rows // 100 if groups is None else groups
    g = rng.integers(0, groups, rows, dtype=np.int32)
    x = rng.standard_normal((3, rows))
    z = rng.standard_normal((2, groups))
    intercept, slope = 0.7 * z[0], 0.4 * (0.3 * z[0] + np.sqrt(1 - 0.3**2) * z[1])
    y = FIXED[0] + FIXED[1] * x[0] + FIXED[2] * x[1] + FIXED[3] * x[2]
    y += intercept[g] + slope[g] * x[0] + rng.standard_normal(rows)
    return pd.DataFrame({"y": y, "x1": x[0], "x2": x[1], "x3": x[2], "g": g})


def pairs(groups: int = 125_066, seed: int = 2) -> pd.DataFrame:
    """Draw very many groups of two rows, as of twins or of two waves of a panel.

    Parameters
    ----------
    groups : int
    seed : int

    Returns
    -------
    DataFrame, shape (2 * groups, 5)
        y, x1 (varies within groups), x2 (constant within groups), x3 (0 or 1), g (int32 from 0). Standard deviation
        of the intercepts 0.8, residual 1. Fit `PAIRS_FORMULA`.

    Examples
    --------
    >>> pairs(10).groupby("g").size().unique().tolist()
    [2]
    """
    rng = np.random.default_rng(seed)
    g = np.repeat(np.arange(groups, dtype=np.int32), 2)
    x1, x3 = rng.standard_normal(2 * groups), rng.integers(0, 2, 2 * groups).astype(float)
    x2 = rng.standard_normal(groups)[g]
    y = FIXED[0] + FIXED[1] * x1 + FIXED[2] * x2 + FIXED[3] * x3
    y += 0.8 * rng.standard_normal(groups)[g] + rng.standard_normal(2 * groups)
    return pd.DataFrame({"y": y, "x1": x1, "x2": x2, "x3": x3, "g": g})


def moves(rows: int = 200_000, workers: int = 60_000, firms: int = 20_000, seed: int = 4) -> pd.DataFrame:
    """Draw workers who change firms within a region: crossed factors of which each level meets few of the other.

    Parameters
    ----------
    rows : int
    workers, firms : int
        More workers than firms.
    seed : int

    Returns
    -------
    DataFrame, shape (rows, 4)
        y, x1 (standard normal), worker, firm (int32 from 0). Firms are neighbours on a ring; a worker's rows are at
        the seven firms around home. Standard deviations: workers 0.7, firms 0.5, residual 1. Fit `MOVES_FORMULA`.

    Examples
    --------
    >>> int(moves(2000, 500, 200).groupby("worker")["firm"].nunique().max()) <= 7
    True
    """
    rng = np.random.default_rng(seed)
    worker = np.sort(rng.integers(0, workers, rows, dtype=np.int32))
    firm = ((worker.astype(np.int64) * firms // workers + rng.integers(-3, 4, rows)) % firms).astype(np.int32)
    x1 = rng.standard_normal(rows)
    y = FIXED[0] + FIXED[1] * x1 + 0.7 * rng.standard_normal(workers)[worker] + 0.5 * rng.standard_normal(firms)[firm]
    return pd.DataFrame({"y": y + rng.standard_normal(rows), "x1": x1, "worker": worker, "firm": firm})


def ratings(rows: int = 1_000_000, users: int = 6_000, items: int = 3_700, seed: int = 3) -> pd.DataFrame:
    """Draw ratings of items by users whose activity and popularity have heavy tails, as on MovieLens.

    Parameters
    ----------
    rows : int
        Number of ratings; a user rates an item at most once.
    users, items : int
    seed : int

    Returns
    -------
    DataFrame, shape (rows, 3)
        y, user, item (int32 from 0). Every user and every item has a rating. The expected number of ratings of the
        k-th user goes with (k + 150)^-1.3, of the k-th item with (k + 400)^-3. Standard deviations: users 0.45,
        items 0.6, residual 0.9. Fit `RATINGS_FORMULA`.

    Raises
    ------
    ValueError
        When more than a third of all pairs are asked for: they would no longer have these tails.

    Examples
    --------
    >>> ratings(2000, users=120, items=80).duplicated(["user", "item"]).any()
    np.False_
    """
    if rows * 3 > users * items:
        raise ValueError(f"{rows} ratings are more than a third of {users} users x {items} items.")
    rng = np.random.default_rng(seed)
    chance_user = (np.arange(users) + 150.0) ** -1.3
    chance_item = (np.arange(items) + 400.0) ** -3.0
    # sampling without replacement with unequal chances: the pairs whose exponential waiting times are shortest
    waiting = rng.standard_exponential((users, items), dtype=np.float32)
    waiting /= np.outer(chance_user / chance_user.max(), chance_item / chance_item.max()).astype(np.float32)
    # one rating of each user and each item for certain
    each = np.arange(max(users, items))
    waiting[each % users, each % items] = 0.0
    pair = rng.permutation(np.sort(np.argpartition(waiting, rows, axis=None)[:rows]))
    user, item = (pair // items).astype(np.int32), (pair % items).astype(np.int32)
    y = 3.5 + 0.45 * rng.standard_normal(users)[user] + 0.6 * rng.standard_normal(items)[item]
    y += 0.9 * rng.standard_normal(rows)
    return pd.DataFrame({"y": y, "user": user, "item": item})


def crossed(rows: int = 100_000, users: int = 2_000, items: int = 500, seed: int = 5) -> pd.DataFrame:
    """Draw responses of users to items, pairs at random: crossed factors of which nearly all levels meet.

    Parameters
    ----------
    rows : int
    users, items : int
    seed : int

    Returns
    -------
    DataFrame, shape (rows, 4)
        y, x1 (standard normal), user, item (int32 from 0). Standard deviations: users 0.9, items 0.6, residual 1. Fit
        `CROSSED_FORMULA`.

    Examples
    --------
    >>> crossed(1000, users=40, items=10)["item"].nunique()
    10
    """
    rng = np.random.default_rng(seed)
    user, item = rng.integers(0, users, rows, dtype=np.int32), rng.integers(0, items, rows, dtype=np.int32)
    x1 = rng.standard_normal(rows)
    y = FIXED[0] + FIXED[1] * x1 + 0.9 * rng.standard_normal(users)[user] + 0.6 * rng.standard_normal(items)[item]
    return pd.DataFrame({"y": y + rng.standard_normal(rows), "x1": x1, "user": user, "item": item})


# name: (how to draw, formula, grouping factors)
DATA_SETS: dict[str, tuple[Callable[[], pd.DataFrame], str, tuple[str, ...]]] = {
    "slopes_1e5": (partial(random_slopes, 10**5), SLOPES_FORMULA, ("g",)),
    "slopes_1e6": (partial(random_slopes, 10**6), SLOPES_FORMULA, ("g",)),
    "slopes_1e7": (partial(random_slopes, 10**7), SLOPES_FORMULA, ("g",)),
    "pairs": (pairs, PAIRS_FORMULA, ("g",)),
    "moves": (moves, MOVES_FORMULA, ("worker", "firm")),
    "ratings_1e6": (ratings, RATINGS_FORMULA, ("user", "item")),
}


if __name__ == "__main__":
    name, path = sys.argv[1:]
    # 17 digits: the same numbers on both sides
    DATA_SETS[name][0]().to_csv(path, index=False, float_format="%.17g")
