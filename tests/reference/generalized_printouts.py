"""The rows and models of generalized_printouts.R, for R and for us.

These are designs whose printed digits lme4 settles, with four digits, or three or two where its standard errors have no
more. Of others they are off by up to a third, where those of glmmTMB are the same as ours to five digits.

python -m reference.generalized_printouts FOLDER     writes rows.csv and cases.json
"""

from __future__ import annotations

import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from reference import shares

SEED = 6203
CASES: tuple[dict[str, Any], ...] = (
    {"name": "logit", "digits": 3, "formula": "y ~ x + (1 | g)"},
    {"name": "logit, two predictors", "formula": "yes ~ x + z + (1 | g)"},
    {"name": "probit, rows of 0 and 1", "digits": 3, "formula": "yes ~ x + z + (1 | g)", "link": "probit"},
    {"name": "logit, the model", "formula": "y ~ x + (1 | g)", "print": "model"},
    {"name": "logit, a slope", "formula": "cbind(won, lost) ~ x + f + (x | g)"},
    {"name": "logit, a slope, the model", "formula": "cbind(won, lost) ~ x + f + (x | g)", "print": "model"},
    {"name": "logit, shares", "digits": 2, "formula": "share ~ x * f + (1 | g)", "weights": "tries"},
    {"name": "logit, two factors", "digits": 2, "formula": "cbind(won, lost) ~ x + z + (1 | g) + (1 | h)"},
    {"name": "logit, double bars", "formula": "cbind(won, lost) ~ x + (x || g)"},
    {"name": "logit, nested", "digits": 2, "formula": "cbind(won, lost) ~ z + (1 | h/f)"},
    {"name": "logit, quadrature", "formula": "y ~ x + z + (1 | g)", "n_agq": 9},
    {"name": "logit, quadrature, the model", "formula": "y ~ x + (1 | g)", "n_agq": 9, "print": "model"},
    {"name": "logit, fast", "formula": "y ~ x + z + (1 | g)", "n_agq": 0},
    {"name": "logit, without correlations", "digits": 3, "formula": "cbind(won, lost) ~ x + f + (1 | g)",
     "correlation": False},
    {"name": "logit, long", "digits": 2, "formula": "cbind(won, lost) ~ f * x + z + k + k:x + f:z + (1 | g)"},
    {"name": "logit, singular", "formula": "y ~ x + (1 | k) + (1 | g)"},
    {"name": "probit", "digits": 3, "formula": "cbind(won, lost) ~ x + z + (1 | g)", "link": "probit"},
    {"name": "cloglog", "formula": "y ~ x + (1 | g)", "link": "cloglog"},
    {"name": "logit, an intercept only", "digits": 3, "formula": "yes ~ 1 + (1 | g)"},
    {"name": "counts, an offset in the formula", "formula": "count ~ x + offset(o) + (x | g)", "family": "poisson"},
    {"name": "counts, an effect of each row", "digits": 3, "formula": "scattered ~ x + (1 | g) + (1 | row)",
     "family": "poisson"},
    {"name": "counts, square root", "formula": "large ~ x + z + (1 | g)", "family": "poisson", "link": "sqrt"},
    {"name": "counts, weights", "digits": 3, "formula": "count ~ x + (1 | g)", "family": "poisson", "weights": "tries"},
    {"name": "scattered counts", "digits": 3, "formula": "scattered ~ x + (1 | g)", "family": "negative.binomial"},
    {"name": "scattered counts, the model", "formula": "scattered ~ x + z + (1 | h)", "family": "negative.binomial",
     "print": "model"},
    {"name": "Gamma, the model", "formula": "size ~ x + (1 | g)", "family": "Gamma", "link": "log", "print": "model"},
    {"name": "inverse Gaussian", "formula": "span ~ x + (1 | g)", "family": "inverse.gaussian", "link": "log"},
    {"name": "comparison", "formula": "cbind(won, lost) ~ x + (1 | g)",
     "others": [{"formula": "cbind(won, lost) ~ x + z + (1 | g)"}, {"formula": "cbind(won, lost) ~ x + z + (x | g)"}]},
    {"name": "comparison of counts", "formula": "count ~ x + (1 | g)", "family": "poisson",
     "others": [{"formula": "count ~ x + f + (1 | g)"}]},
)  # fmt: skip


@cache
def rows() -> pd.DataFrame:
    """Those of `shares`, with further columns; row labels are from 1 as in R."""
    rng, found = np.random.RandomState(SEED), shares.rows().copy()
    n = len(found)
    found["z"] = [float(f"{v:.6g}") for v in 3.0 + 0.5 * rng.standard_normal(n)]
    found["k"] = np.array(list("uvw"))[rng.randint(3, size=n)]
    found["y"] = (found["won"] + rng.randint(2, size=n) > 3).astype(int)
    found["yes"] = (found["won"] > 2).astype(int)
    found["tries"] = 1 + rng.randint(6, size=n)
    found["share"] = rng.binomial(found["tries"], (0.5 + found["won"]) / 6.0) / found["tries"]
    eta = 1.0 + 0.3 * found["x"] + 0.4 * rng.standard_normal(shares.LEVELS)[np.arange(n) % shares.LEVELS]
    found["span"] = [float(f"{v:.6g}") for v in rng.wald(np.exp(eta), 6.0 * np.exp(eta))]
    return found.set_axis(range(1, n + 1))


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    rows().to_csv(folder / "rows.csv", index=False, float_format="%.17g")
    (folder / "cases.json").write_text(json.dumps(CASES), encoding="utf-8")
