"""The rows and models on which tests after a fit are compared with lmerTest and pbkrtest.

python -m reference.hypothesis_tests FOLDER     writes a CSV a data set, and cases.json
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

SEED = 1600
DIGITS = 6  # significant digits in which rows are written, and read by both sides
SUM = {"A": "sum", "B": "sum"}

# name: formula, data; and what else is not as usual
CASES: dict[str, dict[str, Any]] = {
    "one numeric": {"formula": "y ~ x + (1 | g)"},
    "one factor": {"formula": "y ~ A + (1 | g)"},
    "factor and number": {"formula": "y ~ A + x + (1 | g)"},
    "interaction": {"formula": "y ~ A * B + x + (1 | g)"},
    "interaction, sum contrasts": {"formula": "y ~ A * B + x + (1 | g)", "contrasts": SUM},
    "interaction, Helmert": {"formula": "y ~ A * B + x + (1 | g)", "contrasts": {"A": "helmert", "B": "sum"}},
    "three-way": {"formula": "y ~ A * B * x + (1 | g)"},
    "three factors": {"formula": "y ~ A * B + C + A:C + (1 | g)"},
    "two numbers interact": {"formula": "y ~ x * z + (1 | g)"},
    "no intercept": {"formula": "y ~ 0 + A + x + (1 | g)"},
    "slopes within a factor": {"formula": "y ~ A / x + (1 | g)"},
    "polynomial": {"formula": "y ~ poly(x, 2) * A + (1 | g)"},
    "random slope": {"formula": "y ~ A * x + (1 + x | g)"},
    "random slope alone": {"formula": "y ~ x + z + (0 + x | g)"},
    "uncorrelated slope": {"formula": "y ~ A + x + (x || g)"},
    "two random slopes": {"formula": "y ~ x + z + (1 + x + z | g)", "data": "slopes"},
    "random factor": {"formula": "y ~ B * x + (0 + B | g)", "data": "slopes"},
    "nested": {"formula": "y ~ A * B + (1 | p / q)"},
    "nested slopes": {"formula": "y ~ A + x + (1 + x | p) + (1 | p:q)", "data": "slopes"},
    "crossed": {"formula": "y ~ A * B + (1 | g) + (1 | h)"},
    "crossed slopes": {"formula": "y ~ A + x + (1 + x | g) + (1 | h)", "data": "slopes"},
    "crossed three": {"formula": "y ~ A + x + (1 | g) + (1 | h) + (1 | p)"},
    "crossed and nested": {"formula": "y ~ A + x + (1 | p / q) + (1 | h)"},
    "maximum likelihood": {"formula": "y ~ A * B + x + (1 | g)", "reml": False},
    "weights": {"formula": "y ~ A * B + x + (1 | g)", "weights": "w"},
    "weights, slopes": {"formula": "y ~ A + x + (1 + x | g)", "weights": "w", "data": "slopes"},
    "weights, crossed": {"formula": "y ~ A + x + (1 | g) + (1 | h)", "weights": "w"},
    "weights and numbers": {"formula": "y ~ x + z + (1 | g)", "weights": "w"},
    "weights by hand": {
        "formula": "I(y * sqrt(w)) ~ 0 + I(sqrt(w)) + I(x * sqrt(w)) + I(z * sqrt(w)) + (0 + I(sqrt(w)) | g)"
    },
    "offset": {"formula": "y ~ A + x + offset(o) + (1 | g)"},
    "singular": {"formula": "flat ~ A * B + x + (1 | g)"},
    "singular slopes": {"formula": "flat ~ A + x + (1 + x | g)"},
    "singular crossed": {"formula": "half ~ A * B + (1 | g) + (1 | h)"},
    "singular nested": {"formula": "half ~ A + x + (1 | g) + (1 | p:q)"},
    "balanced split plot": {"formula": "y ~ A * B + (1 | p / A)", "data": "plots"},
    "balanced blocks": {"formula": "y ~ A * B + (1 | p)", "data": "plots"},
    "balanced, sum contrasts": {"formula": "y ~ A * B + (1 | p / A)", "data": "plots", "contrasts": SUM},
    "few groups": {"formula": "y ~ A + x + (1 | g)", "data": "few"},
    "few groups, crossed": {"formula": "y ~ A + (1 | g) + (1 | h)", "data": "few"},
    "an empty cell": {"formula": "y ~ A * B + x + (1 | g)", "data": "gaps"},
    "an empty cell, other order": {"formula": "y ~ B * A + x + (1 | g)", "data": "gaps"},
    "an empty cell, sum contrasts": {"formula": "y ~ A * B + x + (1 | g)", "data": "gaps", "contrasts": SUM},
    "empty cells of three": {"formula": "y ~ A * C + B + (1 | g)", "data": "gaps"},
    "far from zero": {"formula": "y ~ A * year + (1 | g)"},
    "group-level predictor": {"formula": "y ~ v * x + (1 + x | g)", "data": "slopes"},
    "unbalanced groups": {"formula": "y ~ A * x + (1 | s)"},
    "intercept only": {"formula": "y ~ 1 + (1 | g)"},
    "four factors": {"formula": "y ~ (A + B + C)^2 + (1 | g) + (1 | h)"},
}
# smaller models that Kenward and Roger's method tests within these
SMALLER = {
    "interaction": "y ~ B + x + (1 | g)",
    "three-way": "y ~ A + x + (1 | g)",
    "two random slopes": "y ~ z + (1 + x + z | g)",
    "crossed": "y ~ A + B + (1 | g) + (1 | h)",
    "nested": "y ~ 1 + (1 | p / q)",
    "maximum likelihood": "y ~ A + B + x + (1 | g)",
    "offset": "y ~ A + offset(o) + (1 | g)",
    "singular crossed": "half ~ A + B + (1 | g) + (1 | h)",
}
# of these what is left of them by backward elimination
REDUCED = (
    "three-way", "random slope", "crossed", "crossed three", "two random slopes", "four factors", "singular",
    "uncorrelated slope", "group-level predictor", "singular slopes",
)  # fmt: skip
# of these what R prints is kept, too
PRINTED = (
    "interaction", "three-way", "random slope", "crossed", "balanced split plot", "no intercept", "uncorrelated slope",
    "maximum likelihood", "nested", "offset",
)  # fmt: skip


def _columns(rng: np.random.RandomState, n: int) -> pd.DataFrame:
    """Factors A, B, C that are not balanced, numbers, and grouping factors: p, q nested in it; g, h crossed; s skew."""
    names = {"A": list("abc"), "B": list("uv"), "C": ["k1", "k2", "k3", "k4"]}
    shares = {"A": [0.5, 0.3, 0.2], "B": [0.6, 0.4], "C": [0.4, 0.3, 0.2, 0.1]}
    frame = pd.DataFrame({name: rng.choice(levels, n, p=shares[name]) for name, levels in names.items()})
    frame["x"], frame["z"] = rng.normal(size=n), rng.normal(1.0, 2.0, n)
    frame["year"] = rng.randint(1998, 2012, n)
    frame["w"], frame["o"] = rng.uniform(0.4, 2.5, n), rng.normal(size=n)
    q = np.sort(rng.randint(0, 24, n))
    frame["p"], frame["q"] = q // 3, q % 3
    frame["g"], frame["h"] = rng.permutation(np.arange(n) % 14), rng.randint(0, 6, n)
    frame["s"] = np.minimum(rng.geometric(0.15, n), 15)
    frame["v"] = rng.normal(size=14)[frame["g"]]
    return frame


def _response(rng: np.random.RandomState, frame: pd.DataFrame, slope: float) -> np.ndarray:
    def effect(levels: pd.Series, scale: float) -> np.ndarray:
        return scale * rng.normal(size=levels.max() + 1)[levels]

    fixed = 2.0 + 0.6 * (frame["A"] == "b") + 0.3 * frame["x"] + 0.5 * ((frame["A"] == "c") & (frame["B"] == "v"))
    groups = effect(frame["g"], 0.9) + effect(frame["h"], 0.7) + effect(frame["p"], 0.6)
    groups += effect(3 * frame["p"] + frame["q"], 0.6) + effect(frame["s"], 0.4)
    slopes = effect(frame["g"], slope) * frame["x"] + effect(frame["g"], slope) * frame["z"]
    slopes += effect(frame["p"], slope) * frame["x"] + effect(frame["g"], slope) * (frame["B"] == "v")
    return np.asarray(fixed + groups + slopes + rng.normal(size=len(frame)))


def _plots(rng: np.random.RandomState) -> pd.DataFrame:
    """Whole plots for A in blocks p, split for B, two rows each."""
    p, a, b, _ = np.indices((6, 3, 2, 2)).reshape(4, -1)
    frame = pd.DataFrame({"A": np.array(list("abc"))[a], "B": np.array(list("uv"))[b], "p": p})
    frame["y"] = 1.0 + 0.5 * a + 0.8 * a * b + rng.normal(size=6)[p] + 0.7 * rng.normal(size=18)[3 * p + a]
    frame["y"] += rng.normal(size=len(frame))
    return frame


@cache
def texts() -> dict[str, str]:
    """The data sets as CSV."""
    rng = np.random.RandomState(SEED)
    frames = {}
    for name, n, slope in (("main", 150, 0.0), ("slopes", 220, 0.7), ("few", 30, 0.0)):
        frames[name] = _columns(rng, n)
        frames[name]["y"] = _response(rng, frames[name], slope)
    few = frames["few"]
    few["g"], few["h"] = few["g"] % 4, few["h"] % 3
    # what is left of group means, and of those of p:q alone
    main = frames["main"]
    noise = pd.Series(rng.normal(size=len(main)))
    main["flat"] = noise - 0.97 * noise.groupby(main["g"]).transform("mean") + 0.4 * main["x"]
    within = noise - 0.98 * noise.groupby([main["p"], main["q"]]).transform("mean")
    within = within - 0.98 * within.groupby(main["h"]).transform("mean")
    main["half"] = within + rng.normal(size=14)[main["g"]]
    gaps = main[~((main["A"] == "b") & (main["B"] == "v"))]
    frames["gaps"] = gaps[~((gaps["A"] == "c") & gaps["C"].isin(["k3", "k4"]))]
    frames["plots"] = _plots(rng)
    return {name: frame.to_csv(index=False, float_format=f"%.{DIGITS}g") for name, frame in frames.items()}


def rows(name: str) -> pd.DataFrame:
    """A data set as both sides read it, with grouping factors as text."""
    frame = pd.read_csv(io.StringIO(texts()[name]))
    return frame.assign(**{g: frame[g].map("l{:02d}".format) for g in "pqghs" if g in frame})


def write(folder: Path) -> None:
    """Write what R reads."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in texts():
        rows(name).to_csv(folder / f"{name}.csv", index=False)
    entries = [
        {"name": name, "printed": name in PRINTED, "reduced": name in REDUCED, "smaller": SMALLER.get(name), **case}
        for name, case in CASES.items()
    ]
    (folder / "cases.json").write_text(json.dumps(entries, indent=1), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
