"""The models whose profiles are compared with lme4's: linear ones on the rows of `hypothesis_tests`, others on counts.

python -m reference.profiles FOLDER     writes a CSV a data set, and cases.json
"""

from __future__ import annotations

import json
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from reference import hypothesis_tests

LINEAR = (
    "one numeric", "factor and number", "interaction, sum contrasts", "no intercept", "random slope",
    "random slope alone", "uncorrelated slope", "two random slopes", "random factor", "nested", "nested slopes",
    "crossed", "crossed slopes", "maximum likelihood", "weights, slopes", "weights, crossed", "offset", "singular",
    "singular slopes", "singular crossed", "few groups", "balanced split plot", "far from zero", "intercept only",
)  # fmt: skip
GENERALIZED = {
    "counts": {"formula": "k ~ x + (1 | g)", "family": "poisson"},
    "counts, slopes": {"formula": "k ~ x + (1 + x | g)", "family": "poisson"},
    "counts, crossed": {"formula": "k ~ x + (1 | g) + (1 | h)", "family": "poisson"},
    "outcomes": {"formula": "one ~ x + A + (1 | g)", "family": "binomial"},
    "outcomes by quadrature": {"formula": "one ~ x + (1 | g)", "family": "binomial", "nAGQ": 9},
}
GLM = {
    "outcomes": {"formula": "one ~ x + A", "family": "binomial"},
    "outcomes, probit": {"formula": "one ~ x", "family": "binomial", "link": "probit"},
    "intercept only": {"formula": "one ~ 1", "family": "binomial"},
    "counts": {"formula": "k ~ x * A", "family": "poisson"},
    "a dispersion": {"formula": "I(k + 1) ~ x + A", "family": "Gamma", "link": "log"},
}
SEED = 1601


@cache
def counts() -> pd.DataFrame:
    """Counts k and outcomes of 0 and 1 in groups g, crossed with h."""
    rng = np.random.RandomState(SEED)
    g, h, x = np.repeat(np.arange(30), 12), rng.randint(0, 8, 360), np.round(rng.normal(size=360), 4)
    eta = 0.3 + 0.4 * x + (0.8 * rng.normal(size=30))[g] + 0.5 * rng.normal(size=30)[g] * x
    frame = pd.DataFrame({"x": x, "A": rng.choice(list("abc"), 360), "g": g, "h": h})
    frame["k"] = rng.poisson(np.exp(eta + 0.4 * rng.normal(size=8)[h]))
    frame["one"] = (rng.uniform(size=360) < 1.0 / (1.0 + np.exp(-eta))).astype(int)
    return frame.assign(g=frame["g"].map("l{:02d}".format), h=frame["h"].map("l{:02d}".format))


def write(folder: Path) -> None:
    """Write what R reads."""
    hypothesis_tests.write(folder)
    counts().to_csv(folder / "counts.csv", index=False)
    entries = [{"name": name, **hypothesis_tests.CASES[name]} for name in LINEAR]
    entries += [{"name": name, "data": "counts", **case} for name, case in GENERALIZED.items()]
    (folder / "glm_cases.json").write_text(json.dumps(GLM, indent=1), encoding="utf-8")
    (folder / "cases.json").write_text(json.dumps(entries, indent=1), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
