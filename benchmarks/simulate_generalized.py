"""Seeded data for generalized models, of the size and structure of data sets that such models are known on.

The numbers are drawn from models of our own; only numbers of rows, levels and columns are those of the data named.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

HERDS_FORMULA = "cbind(sick, healthy) ~ p2 + p3 + p4 + (1 | herd)"
DISTRICTS_FORMULA = "y ~ age + age2 + urban + one + two + more + (1 | district)"
BROODS_FORMULA = "ticks ~ y96 + y97 + height + (1 | brood) + (1 | chick) + (1 | location)"
ANSWERS_FORMULA = "y ~ anger + male + blame + scold + self + do + (1 | person) + (1 | item)"
BINARY_SLOPES_FORMULA = "y ~ x1 + x2 + (1 + x1 | g)"
BINARY_RATINGS_FORMULA = "y ~ x1 + (1 | user) + (1 | item)"


def _chance(eta: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-eta))


def herds(seed: int = 11) -> pd.DataFrame:
    """Draw sick and healthy animals of 15 herds in four periods, 56 rows as lme4's cbpp. Fit `HERDS_FORMULA`."""
    rng = np.random.default_rng(seed)
    herd, period = (k.astype(np.int32) for k in np.divmod(np.arange(60), 4))
    keep = np.sort(rng.permutation(60)[:56])
    herd, period = herd[keep], period[keep]
    eta = -1.3 - 0.55 * period + 0.65 * rng.standard_normal(15)[herd]
    size = rng.integers(2, 30, 56)
    sick = rng.binomial(size, _chance(eta))
    dummies = {f"p{k + 1}": (period == k).astype(np.int32) for k in (1, 2, 3)}
    return pd.DataFrame({"sick": sick, "healthy": size - sick, **dummies, "herd": herd})


def districts(seed: int = 12) -> pd.DataFrame:
    """Draw 1,934 women in 60 districts, as mlmRev's Contraception. Fit `DISTRICTS_FORMULA`."""
    rng = np.random.default_rng(seed)
    n, chances = 1934, rng.gamma(1.5, 1.0, 60) + 0.1
    district = rng.choice(60, n, p=chances / chances.sum()).astype(np.int32)
    age, urban, children = rng.uniform(-1.4, 1.9, n), (rng.random(n) < 0.3).astype(float), rng.integers(0, 4, n)
    effect = np.array([-1.0, 0.1, 0.4, 0.35])[children]
    eta = effect - 0.05 * age - 0.45 * age**2 + 0.7 * urban + 0.48 * rng.standard_normal(60)[district]
    live = {name: (children == k).astype(np.int32) for k, name in ((1, "one"), (2, "two"), (3, "more"))}
    y = (rng.random(n) < _chance(eta)).astype(np.int32)
    return pd.DataFrame({"y": y, "age": age, "age2": age**2, "urban": urban, **live, "district": district})


def broods(seed: int = 13) -> pd.DataFrame:
    """Draw counts of ticks on 403 chicks of 118 broods at 63 places, as lme4's grouseticks. Fit `BROODS_FORMULA`."""
    rng = np.random.default_rng(seed)
    n = 403
    brood = np.sort(np.concatenate([np.arange(118), rng.integers(0, 118, n - 118)])).astype(np.int32)
    place = np.concatenate([np.arange(63), rng.integers(0, 63, 118 - 63)])
    year, height = rng.integers(0, 3, 118), 0.35 * rng.standard_normal(63)
    location = place[brood].astype(np.int32)
    eta = 0.4 + np.array([0.0, 1.2, -1.0])[year][brood] - 2.3 * height[location]
    eta += 0.75 * rng.standard_normal(118)[brood] + 0.54 * rng.standard_normal(n)
    eta += 0.5 * rng.standard_normal(63)[location]
    return pd.DataFrame(
        {
            "ticks": rng.poisson(np.exp(eta)),
            "y96": (year[brood] == 1).astype(np.int32),
            "y97": (year[brood] == 2).astype(np.int32),
            "height": height[location],
            "brood": brood,
            "chick": np.arange(n, dtype=np.int32),
            "location": location,
        }
    )


def answers(seed: int = 14) -> pd.DataFrame:
    """Draw answers of 316 persons to 24 items, 7,584 rows as lme4's VerbAgg. Fit `ANSWERS_FORMULA`."""
    rng = np.random.default_rng(seed)
    person, item = (k.astype(np.int32) for k in np.divmod(np.arange(316 * 24), 24))
    anger, male = 0.06 * 4.9 * rng.standard_normal(316), (rng.random(316) < 0.23).astype(float)
    kind = {"blame": (item % 3 == 1), "scold": (item % 3 == 2), "self": (item // 3 % 2 == 1), "do": (item // 12 == 1)}
    columns = {name: values.astype(np.int32) for name, values in kind.items()}
    eta = 0.6 + anger[person] + 0.3 * male[person] - 1.06 * columns["blame"] - 2.1 * columns["scold"]
    eta += -1.05 * columns["self"] - 0.7 * columns["do"]
    eta += 1.3 * rng.standard_normal(316)[person] + 0.35 * rng.standard_normal(24)[item]
    y = (rng.random(len(eta)) < _chance(eta)).astype(np.int32)
    return pd.DataFrame(
        {"y": y, "anger": anger[person], "male": male[person], **columns, "person": person, "item": item}
    )


def binary_slopes(rows: int = 100_000, groups: int = 2_000, seed: int = 15) -> pd.DataFrame:
    """Draw outcomes of groups with a random intercept and slope. Fit `BINARY_SLOPES_FORMULA`.

    Standard deviations are 0.8 and 0.5 with a correlation of 0.3.
    """
    rng = np.random.default_rng(seed)
    g, x = rng.integers(0, groups, rows, dtype=np.int32), rng.standard_normal((2, rows))
    z = rng.standard_normal((2, groups))
    slope = 0.5 * (0.3 * z[0] + np.sqrt(1 - 0.3**2) * z[1])
    eta = 0.2 + 0.5 * x[0] - 0.3 * x[1] + 0.8 * z[0][g] + slope[g] * x[0]
    return pd.DataFrame({"y": (rng.random(rows) < _chance(eta)).astype(np.int32), "x1": x[0], "x2": x[1], "g": g})


def binary_ratings(rows: int = 100_000, users: int = 2_000, items: int = 500, seed: int = 16) -> pd.DataFrame:
    """Draw outcomes of users with items, pairs at random. Fit `BINARY_RATINGS_FORMULA`.

    Standard deviations are 0.9 and 0.6.
    """
    rng = np.random.default_rng(seed)
    user, item = rng.integers(0, users, rows, dtype=np.int32), rng.integers(0, items, rows, dtype=np.int32)
    x1 = rng.standard_normal(rows)
    eta = -0.3 + 0.5 * x1 + 0.9 * rng.standard_normal(users)[user] + 0.6 * rng.standard_normal(items)[item]
    return pd.DataFrame({"y": (rng.random(rows) < _chance(eta)).astype(np.int32), "x1": x1, "user": user, "item": item})
