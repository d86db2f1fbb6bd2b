"""The rows and models on which diagnosis after a fit is compared with lme4, car, clubSandwich and performance.

python -m reference.diagnosis FOLDER     writes a CSV a data set, and cases.json
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

from . import hypothesis_tests

SEED = 1605

# name: formula, data; `groups` are taken out one by one, and `cluster` is that of robust covariances
CASES: dict[str, dict[str, Any]] = {
    "one factor": {"formula": "y ~ A + x + (1 | g)", "groups": ["g"], "cluster": "g"},
    "interaction": {"formula": "y ~ A * B + x + (1 | g)", "groups": ["g"], "cluster": "g"},
    "maximum likelihood": {"formula": "y ~ A + B + x + (1 | g)", "reml": False, "groups": ["g"], "cluster": "g"},
    "random slope": {"formula": "y ~ A * x + (1 + x | g)", "data": "slopes", "groups": ["g"], "cluster": "g"},
    "uncorrelated slope": {"formula": "y ~ A + x + (x || g)", "data": "slopes", "groups": ["g"], "cluster": "g"},
    "nested": {"formula": "y ~ B + x + (1 | p / q)", "groups": ["p"], "cluster": "p"},
    "nested slopes": {
        "formula": "y ~ A + x + (1 + x | p) + (1 | p:q)",
        "data": "slopes",
        "groups": ["p"],
        "cluster": "p",
    },
    "crossed": {"formula": "y ~ A + x + (1 | g) + (1 | h)", "groups": ["g", "h"]},
    "crossed slopes": {"formula": "y ~ x + z + (1 + x | g) + (1 | h)", "data": "slopes", "groups": ["g", "h"]},
    "offset": {"formula": "y ~ A + x + offset(o) + (1 | g)", "groups": ["g"], "cluster": "g"},
    "weights": {"formula": "y ~ A + x + (1 | g)", "weights": "w", "groups": ["g"]},
    "unbalanced": {"formula": "y ~ A + x + z + (1 | s)", "groups": ["s"], "cluster": "s"},
    "between groups": {"formula": "y ~ v + x + (1 + x | g)", "data": "slopes", "groups": ["g"], "cluster": "g"},
    "no intercept": {"formula": "y ~ 0 + A + x + (1 | g)", "groups": ["g"], "cluster": "g"},
    "polynomial": {"formula": "y ~ poly(x, 2) + B + (1 | g)", "groups": [], "cluster": "g"},
    "binomial": {"formula": "up ~ A + x + (1 | g)", "family": "binomial", "groups": ["g"]},
    "counts": {"formula": "k ~ A + x + (1 | g)", "family": "poisson", "groups": ["g"]},
    "counts, slopes": {"formula": "k ~ B + x + (1 + x | g)", "family": "poisson", "groups": []},
    "linear": {"formula": "y ~ A * x + z", "kind": "lm", "cluster": "g"},
    "linear, factors": {"formula": "y ~ A + B + x", "kind": "lm", "cluster": "p"},
    "logit": {"formula": "up ~ A + x + z", "kind": "glm", "family": "binomial"},
    "log-linear": {"formula": "k ~ A * x", "kind": "glm", "family": "poisson"},
    "gamma": {"formula": "positive ~ A + x", "kind": "glm", "family": "Gamma", "link": "log"},
}


@cache
def texts() -> dict[str, str]:
    """The data sets as CSV."""
    rng = np.random.RandomState(SEED)
    out = {}
    for name in ("main", "slopes"):
        frame = pd.read_csv(io.StringIO(hypothesis_tests.texts()[name]))
        centred = (frame["y"] - frame["y"].mean()) / frame["y"].std()
        frame["up"] = (centred + rng.normal(size=len(frame)) > 0).astype(int)
        frame["k"] = rng.poisson(np.exp(0.4 + 0.5 * centred))
        frame["positive"] = np.round(rng.gamma(3.0, np.exp(0.3 * centred)), 4)
        out[name] = frame.to_csv(index=False)
    return out


def rows(name: str) -> pd.DataFrame:
    """A data set as both sides read it, with grouping factors as text."""
    frame = pd.read_csv(io.StringIO(texts()[name]))
    return frame.assign(**{g: frame[g].map("l{:02d}".format) for g in "pqghs"})


def write(folder: Path) -> None:
    """Write what R reads."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in texts():
        rows(name).to_csv(folder / f"{name}.csv", index=False)
    entries = [{"name": name, **case} for name, case in CASES.items()]
    (folder / "cases.json").write_text(json.dumps(entries, indent=1), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
