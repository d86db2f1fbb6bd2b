"""The rows and models of shares.R, for R and for us.

python -m reference.shares FOLDER     writes rows.csv and cases.json
"""

from __future__ import annotations

import json
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import expit

SEED, ROWS, LEVELS = 4117, 480, 32
CASES = (
    {"family": "poisson", "formula": "count ~ x + (1 | g)"},
    {"family": "poisson", "formula": "count ~ x + f + (1 | g) + (1 | h)"},
    {"family": "poisson", "formula": "count ~ x + (x | g)"},
    {"family": "poisson", "formula": "scattered ~ x + (1 | g)"},
    {"family": "poisson", "formula": "scattered ~ x + (1 | g) + (1 | row)"},
    {"family": "poisson", "formula": "count ~ x + offset(o) + (1 | g)"},
    {"family": "poisson", "link": "sqrt", "formula": "large ~ x + (1 | g)"},
    {"family": "negative.binomial", "formula": "scattered ~ x + (1 | g)"},
    {"family": "binomial", "formula": "cbind(won, lost) ~ x + (1 | g)"},
    {"family": "binomial", "formula": "cbind(won, lost) ~ x + (x | g) + (1 | h)"},
    {"family": "binomial", "formula": "cbind(won, lost) ~ x + (1 | g) + (1 | row)"},
    {"family": "binomial", "link": "probit", "formula": "won > 2 ~ x + (1 | g)"},
    {"family": "binomial", "link": "cloglog", "formula": "cbind(won, lost) ~ x + (1 | g)"},
    {"family": "Gamma", "link": "log", "formula": "size ~ x + (1 | g)"},
)  # fmt: skip
SINGLE = (
    {"family": "poisson", "formula": "count ~ x"},
    {"family": "poisson", "formula": "scattered ~ x"},
    {"family": "negative.binomial", "formula": "scattered ~ x"},
    {"family": "binomial", "formula": "cbind(won, lost) ~ x"},
)
"""Models without random effects, of which only overdispersion is asked."""


@cache
def rows() -> pd.DataFrame:
    """Draw the rows; numbers have six digits, as in the file that R reads."""
    rng = np.random.RandomState(SEED)
    g, h = np.arange(ROWS) % LEVELS, rng.randint(10, size=ROWS)
    x = np.array([float(f"{v:.6g}") for v in rng.standard_normal(ROWS)])
    lift, slope, other = 0.7 * rng.standard_normal(LEVELS), 0.3 * rng.standard_normal(LEVELS), rng.standard_normal(10)
    eta = 0.4 + 0.5 * x + lift[g] + slope[g] * x + 0.4 * other[h]
    won = rng.binomial(5, expit(eta))
    o = np.array([float(f"{v:.6g}") for v in rng.uniform(-0.5, 0.5, ROWS)])
    size = rng.gamma(4.0, np.exp(eta) / 4.0)
    return pd.DataFrame(
        {
            "g": [f"g{k:02d}" for k in g],
            "h": [f"h{k}" for k in h],
            "row": [f"r{k:03d}" for k in range(ROWS)],
            "f": np.array(list("abc"))[rng.randint(3, size=ROWS)],
            "x": x,
            "o": o,
            "count": rng.poisson(np.exp(eta + o)),
            "scattered": rng.poisson(np.exp(eta) * rng.gamma(1.6, 1 / 1.6, ROWS)),
            "large": rng.poisson(np.square(5.0 + 0.5 * eta)),
            "won": won,
            "lost": 5 - won,
            "size": [float(f"{v:.6g}") for v in size + 1e-3],
        }
    )


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    rows().to_csv(folder / "rows.csv", index=False)
    (folder / "cases.json").write_text(json.dumps({"mixed": CASES, "single": SINGLE}), encoding="utf-8")
