"""Rows for augment.R: ``python -m reference.augment FOLDER`` writes them."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd


def rows(n: int = 40) -> pd.DataFrame:
    """A response with a slope that varies, two factors, weights, an offset, outcomes and positive numbers."""
    rng = np.random.default_rng(16)
    frame = pd.DataFrame({"g": np.arange(n) // 5, "h": np.arange(n) % 4, "x": rng.normal(size=n).round(3)})
    frame["z"], frame["w"], frame["o"] = rng.normal(size=n).round(3), rng.gamma(3.0, 0.4, n).round(3), frame["x"] / 4
    effects = rng.normal(size=(3, n))
    eta = 1 + frame["x"] * (1 + 0.7 * effects[0][frame["g"]]) + effects[1][frame["g"]] + effects[2][frame["h"]]
    frame["y"] = (5 + eta + 0.6 * rng.normal(size=n)).round(3)
    frame["yes"] = (rng.random(n) < 1 / (1 + np.exp(1 - eta))).astype(int)
    frame["count"] = rng.gamma(4.0, np.exp(eta / 4)).round(3)
    return frame


if __name__ == "__main__":
    rows().to_csv(Path(sys.argv[1]) / "augment.csv", index=False)
