"""The rows and models of glm.R, for R and for us.

python -m reference.glm FOLDER     writes rows.csv and cases.json
"""

from __future__ import annotations

import itertools
import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

SEED, ROWS = 7301, 160
LINKS = {
    "binomial": ("logit", "probit", "cloglog", "cauchit", "log"),
    "poisson": ("log", "sqrt", "identity"),
    "Gamma": ("inverse", "log", "identity"),
    "inverse.gaussian": ("1/mu^2", "inverse", "log", "identity"),
    "gaussian": ("identity", "log", "inverse"),
    "negative.binomial": ("log", "sqrt", "identity"),
}
RESPONSES = {
    "binomial": "y", "poisson": "count", "Gamma": "size", "inverse.gaussian": "size", "gaussian": "size",
    "negative.binomial": "scattered",
}  # fmt: skip
PARTS = (
    {"right": "x + f"},
    {"right": "x * k", "weights": "w"},
    {"right": "gaps + z", "offset": "o"},
)
BINOMIAL = (
    {"left": "cbind(won, lost)", "right": "x + f"},
    {"left": "cbind(won, lost)", "right": "x * k", "weights": "w"},
    {"left": "share", "right": "x + z", "weights": "tries"},
)
OTHERS: tuple[dict[str, Any], ...] = (
    {"family": "binomial", "formula": "word ~ x + f"},
    {"family": "binomial", "formula": "flag ~ z"},
    {"family": "binomial", "formula": "y ~ 1"},
    {"family": "binomial", "formula": "y ~ 0 + f"},
    {"family": "binomial", "formula": "y ~ x + twice + f"},
    {"family": "binomial", "formula": "y ~ poly(x, 2) + log(z)", "link": "probit"},
    {"family": "binomial", "formula": "y ~ x + offset(o)", "offset": "o"},
    {"family": "binomial", "formula": "y ~ x + f + k + z + gaps + x:f", "link": "cloglog"},
    {"family": "poisson", "formula": "count ~ f * k + offset(log(z))"},
    {"family": "poisson", "formula": "count ~ 0 + x", "offset": "o"},
    {"family": "poisson", "formula": "count ~ f", "rows": 8},
    {"family": "gaussian", "formula": "size ~ x + f + gaps", "weights": "w"},
    {"family": "Gamma", "formula": "size ~ x * f * k", "link": "log", "weights": "w"},
    {"family": "poisson", "formula": "large ~ x + f"},
    {"family": "Gamma", "formula": "I(size * 1e6) ~ x + f"},
)  # fmt: skip


@cache
def rows() -> pd.DataFrame:
    """Draw the rows: means that every family and link has, with gaps in one predictor."""
    rng = np.random.default_rng(SEED)
    x, z = rng.uniform(0, 1, ROWS), rng.uniform(0.5, 2.5, ROWS)
    f, k = rng.choice(["a", "b", "c"], ROWS), rng.choice(["no", "yes"], ROWS)
    chance = 0.2 + 0.25 * x + 0.1 * (f == "b") + 0.08 * (k == "yes")
    y = (rng.uniform(size=ROWS) < chance).astype(int)
    tries = rng.integers(1, 12, ROWS)
    won = rng.binomial(tries, chance)
    mean = 2.0 + 2.0 * x + (f == "b") + 0.5 * (k == "yes")
    table = pd.DataFrame(
        {
            "y": y, "won": won, "lost": tries - won, "tries": tries, "share": won / tries,
            "word": np.where(y == 1, "pass", "fail"), "flag": y == 1,
            "count": rng.poisson(mean), "scattered": rng.negative_binomial(2.0, 2.0 / (2.0 + mean)),
            "large": rng.poisson(1e4 * mean), "size": np.round(rng.gamma(6.0, mean / 6.0), 6),
            "x": np.round(x, 6), "twice": 2 * np.round(x, 6) + 1, "z": np.round(z, 6),
            "gaps": np.round(rng.uniform(0, 1, ROWS), 6),
            "o": np.round(rng.uniform(-0.02, 0.02, ROWS), 6), "w": rng.integers(1, 5, ROWS), "f": f, "k": k,
        }
    )  # fmt: skip
    table.loc[rng.choice(ROWS, 7, replace=False), "gaps"] = np.nan
    return table


@cache
def cases() -> tuple[dict[str, Any], ...]:
    """List the models: three of every family and link, more of the binomial one, and some with a difficulty each."""
    found: list[dict[str, Any]] = []
    for family, links in LINKS.items():
        for link, part in itertools.product(links, PARTS + (BINOMIAL if family == "binomial" else ())):
            left = part.get("left", RESPONSES[family])
            case = {"family": family, "link": link, "formula": f"{left} ~ {part['right']}"}
            found.append(case | {name: part[name] for name in ("weights", "offset") if name in part})
    return (*found, *OTHERS)


def name_of(case: dict[str, Any]) -> str:
    """Say which model it is."""
    extra = [f"{name}={case[name]}" for name in ("link", "weights", "offset", "rows") if name in case]
    return " ".join([case["family"], case["formula"], *extra])


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    rows().to_csv(folder / "rows.csv", index=False)
    (folder / "cases.json").write_text(json.dumps([case | {"name": name_of(case)} for case in cases()]))
