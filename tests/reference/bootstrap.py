"""The rows, models and responses on which refits, intervals and bootstrap tests are compared with R.

python -m reference.bootstrap FOLDER     writes rows.csv, responses.csv, sample.csv and cases.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

SEED = 1601
DIGITS = 8  # significant digits in which all is written, and read by both sides
RESPONSES = 6
# name: formula, and the smaller model of a bootstrap test; and what else is not as usual
CASES: dict[str, dict[str, str]] = {
    "intercepts": {"formula": "y ~ x + z + (1 | g)", "smaller": "y ~ x + (1 | g)"},
    "slopes": {"formula": "y ~ x + z + (x | g)", "smaller": "y ~ z + (x | g)"},
    "slope without a mean": {"formula": "y ~ z + (x | g)", "smaller": "y ~ 1 + (x | g)"},
    "weights": {"formula": "y ~ x + z + (x | g)", "smaller": "y ~ z + (x | g)", "weights": "w"},
    "crossed": {"formula": "y ~ x + z + (1 | g) + (1 | h)", "smaller": "y ~ z + (1 | g) + (1 | h)"},
    "random effects": {"formula": "y ~ x + (x | g)", "smaller": "y ~ x + (1 | g)"},
}


def rounded(values: np.ndarray) -> np.ndarray:
    """Values as they are written."""
    return np.array([float(f"{v:.{DIGITS}g}") for v in values.ravel()]).reshape(values.shape)


def rows() -> pd.DataFrame:
    """One hundred and eight rows in 18 levels, crossed with 6."""
    rng = np.random.default_rng(SEED)
    g, h = np.repeat(np.arange(18), 6), np.tile(np.arange(6), 18)
    x, z, w = (rounded(v) for v in (rng.normal(size=108), rng.normal(size=108), rng.uniform(0.5, 2.0, 108)))
    return pd.DataFrame({"g": g, "h": h, "x": x, "z": z, "w": w, "y": _response(rng, g, h, x)})


def responses() -> np.ndarray:
    """Responses of the same rows, shape (108, RESPONSES): the last ones without slopes, so that fits are singular."""
    d, rng = rows(), np.random.default_rng(SEED + 1)
    columns = [_response(rng, d.g, d.h, d.x, 0.6 if k < RESPONSES // 2 else 0.0) for k in range(RESPONSES)]
    return np.column_stack(columns)


def sample() -> np.ndarray:
    """Estimates of a parameter, as a bootstrap has them."""
    return rounded(np.random.default_rng(SEED + 2).gamma(3.0, size=300))


def _response(rng: np.random.Generator, g: np.ndarray, h: np.ndarray, x: np.ndarray, slope: float = 0.6) -> np.ndarray:
    u, v = rng.normal(size=(18, 2)), rng.normal(size=6)
    y = 2.0 + 0.5 * np.asarray(x) + u[g, 0] + slope * u[g, 1] * np.asarray(x) + 0.7 * v[h] + rng.normal(size=108)
    return rounded(y)


def main() -> None:
    """Write what R reads."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    rows().to_csv(folder / "rows.csv", index=False)
    pd.DataFrame(responses()).to_csv(folder / "responses.csv", index=False)
    pd.DataFrame({"t": sample()}).to_csv(folder / "sample.csv", index=False)
    (folder / "cases.json").write_text(json.dumps(CASES), encoding="utf-8")


if __name__ == "__main__":
    main()
