"""The rows and models on which tests of generalized mixed models are compared with car and with likelihood ratios.

python -m reference.generalized_tests FOLDER     writes rows.csv, and cases.json
"""

from __future__ import annotations

import io
import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

SEED = 1604
DIGITS = 6  # significant digits in which rows are written, and read by both sides

# name: formula, family and link as both sides call them; and the random part of each smaller model of ranova
CASES: dict[str, dict[str, Any]] = {
    "binomial, interaction": {
        "fixed": "k ~ A * B + x", "family": "binomial", "link": "logit", "random": "(1 | g)", "smaller": [None],
    },
    "poisson, offset": {
        "fixed": "count ~ A * x + offset(o)", "family": "poisson", "link": "log", "random": "(1 + x | g)",
        "smaller": ["(1 | g)"],
    },
    "Gamma": {
        "fixed": "time ~ A + B * x", "family": "Gamma", "link": "log", "random": "(1 | g)", "smaller": [None],
    },
    "negative binomial": {
        "fixed": "many ~ A * B", "family": "negative.binomial", "link": "log", "random": "(1 | g)", "smaller": [None],
    },
    "two random terms": {
        "fixed": "k ~ A + B + x", "family": "binomial", "link": "logit", "random": "(1 | g) + (1 | h)",
        "smaller": ["(1 | h)", "(1 | g)"],
    },
    "empty cell": {
        "fixed": "k ~ A * B + x", "family": "binomial", "link": "logit", "random": "(1 | g)", "smaller": [None],
        "subset": "not (A == 'a3' and B == 'b2')",
    },
}  # fmt: skip


@cache
def rows(name: str) -> pd.DataFrame:
    """The rows of a case, as they are written."""
    rng = np.random.default_rng(SEED)
    n, g, h = 500, rng.integers(0, 25, 500), rng.integers(0, 12, 500)
    a, b, x = rng.choice(3, n, p=[0.5, 0.3, 0.2]), rng.integers(0, 2, n), rng.normal(size=n)
    eta = 0.3 * (a == 1) + 0.5 * (a == 2) * b - 0.3 * b + 0.4 * x + 0.7 * rng.normal(size=25)[g]
    o, slopes = rng.uniform(0.0, 1.0, n), 0.3 * rng.normal(size=25)[g] * x
    data = pd.DataFrame(
        {
            "k": rng.binomial(1, 1.0 / (1.0 + np.exp(-eta - 0.5 * rng.normal(size=12)[h]))),
            "count": rng.poisson(np.exp(eta + o + slopes)),
            "time": rng.gamma(4.0, np.exp(eta) / 4.0),
            "many": rng.poisson(np.exp(eta) * rng.gamma(2.0, 0.5, n)),
            "A": np.array(["a1", "a2", "a3"])[a],
            "B": np.array(["b1", "b2"])[b],
            "x": x, "o": o, "g": [f"g{k:02d}" for k in g], "h": [f"h{k:02d}" for k in h],
        }
    )  # fmt: skip
    text = data.query(CASES[name].get("subset", "k >= 0")).to_csv(index=False, float_format=f"%.{DIGITS}g")
    return pd.read_csv(io.StringIO(text))


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    cases = [{**case, "name": name, "data": f"{k}.csv"} for k, (name, case) in enumerate(CASES.items())]
    for case in cases:
        rows(case["name"]).to_csv(folder / case["data"], index=False)
    (folder / "cases.json").write_text(json.dumps(cases), encoding="utf-8")
