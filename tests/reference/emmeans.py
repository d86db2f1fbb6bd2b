"""The rows and models on which means, slopes and contrasts are compared with emmeans.

python -m reference.emmeans FOLDER     writes a CSV a data set, and cases.json
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

SEED = 1604
METHODS = ("pairwise", "revpairwise", "trt.vs.ctrl", "poly", "consec", "eff", "del.eff", "mean_chg")
ADJUSTS = (
    "none", "tukey", "mvt", "dunnettx", "scheffe", "sidak", "bonferroni", "holm", "hochberg", "hommel", "BH", "BY",
    "fdr",
)  # fmt: skip
EVERY_METHOD = [[method, "default"] for method in METHODS]
EVERY_ADJUST = [["pairwise", adjust] for adjust in ADJUSTS] + [["trt.vs.ctrl", "mvt"], ["eff", "sidak"]]

# name: formula, specs; and what else is not as usual
CASES: dict[str, dict[str, Any]] = {
    "one factor": {"formula": "y ~ A + (1 | g)", "specs": ["A"]},
    "every method": {"formula": "y ~ C + x + (1 | g)", "specs": ["C"], "contrasts": EVERY_METHOD},
    "every adjustment": {"formula": "y ~ C + x + (1 | g)", "specs": ["C"], "contrasts": EVERY_ADJUST},
    "every adjustment, within": {
        "formula": "y ~ C * B + (1 | g)", "specs": ["C"], "by": ["B"], "contrasts": EVERY_ADJUST
    },
    "factor and number": {"formula": "y ~ A + x + (1 | g)", "specs": ["A"]},
    "interaction": {"formula": "y ~ A * B + x + (1 | g)", "specs": ["A"]},
    "interaction, cells": {"formula": "y ~ A * B + x + (1 | g)", "specs": ["A", "B"]},
    "interaction, within": {"formula": "y ~ A * B + x + (1 | g)", "specs": ["A"], "by": ["B"]},
    "interaction, proportional": {"formula": "y ~ A * B * C + (1 | g)", "specs": ["A"], "weights": "proportional"},
    "interaction, outer": {"formula": "y ~ A * B * C + (1 | g)", "specs": ["A"], "weights": "outer"},
    "interaction, by cells": {"formula": "y ~ A * B * C + (1 | g)", "specs": ["A"], "weights": "cells"},
    "interaction, flat": {"formula": "y ~ A * B * C + (1 | g)", "specs": ["A"], "weights": "flat"},
    "sum contrasts": {
        "formula": "y ~ A * B + x + (1 | g)", "specs": ["A"], "coding": {"A": "sum", "B": "sum"}, "level": 0.9
    },
    "satterthwaite": {"formula": "y ~ A * B + x + (1 | g)", "specs": ["A", "B"], "ddf": "satterthwaite"},
    "asymptotic": {"formula": "y ~ A * B + x + (1 | g)", "specs": ["A"], "ddf": "asymptotic"},
    "maximum likelihood": {"formula": "y ~ A * B + (1 | g)", "specs": ["A"], "ddf": "satterthwaite", "reml": False},
    "number at values": {"formula": "y ~ A * x + (1 | g)", "specs": ["A", "x"], "at": {"x": [-1, 0.5, 2]}},
    "number within": {"formula": "y ~ A * x + (1 | g)", "specs": ["A"], "by": ["x"], "at": {"x": [-1, 2]}},
    "number averaged over": {"formula": "y ~ A * x + (1 | g)", "specs": ["A"], "at": {"x": [0, 1, 3]}},
    "number at its mean": {"formula": "y ~ A + x * z + (1 | g)", "specs": ["x"], "contrasts": []},
    "some levels": {"formula": "y ~ A * C + (1 | g)", "specs": ["A"], "at": {"C": ["k1", "k3"], "A": ["a", "c"]}},
    "overall": {"formula": "y ~ A + B + (1 | g)", "specs": [], "contrasts": []},
    "number of two values": {"formula": "y ~ A + two + (1 | g)", "specs": ["A"]},
    "number of two values, shown": {"formula": "y ~ A * two + (1 | g)", "specs": ["two"]},
    "truth values": {"formula": "y ~ A * truth + (1 | g)", "specs": ["truth"], "by": ["A"]},
    "numbers as a factor": {"formula": "y ~ factor(k) + A + (1 | g)", "specs": ["k"], "contrasts": EVERY_METHOD[:4]},
    "logarithm of a number": {"formula": "y ~ A * log(pos) + (1 | g)", "specs": ["A"]},
    "polynomial": {"formula": "y ~ A * poly(x, 2) + (1 | g)", "specs": ["A"], "at": {"x": 0.5}},
    "power": {"formula": "y ~ A + x + I(x^2) + (1 | g)", "specs": ["A"]},
    "random slope": {"formula": "y ~ A * x + (1 + x | g)", "specs": ["A"], "data": "slopes"},
    "crossed": {"formula": "y ~ A * B + (1 | g) + (1 | h)", "specs": ["B"]},
    "nested groups": {"formula": "y ~ A + B + (1 | p / q)", "specs": ["A"]},
    "split plot": {"formula": "y ~ A * B + (1 | p / A)", "specs": ["A"], "by": ["B"], "data": "plots"},
    "singular": {"formula": "flat ~ A * B + x + (1 | g)", "specs": ["A"]},
    "singular slopes": {"formula": "flat ~ A + x + (1 + x | g)", "specs": ["A"]},
    "few groups": {"formula": "y ~ A + x + (1 | g)", "specs": ["A"], "data": "few"},
    "prior weights": {"formula": "y ~ A * B + (1 | g)", "specs": ["A"], "prior": "w", "ddf": "satterthwaite"},
    "prior weights, proportional": {
        "formula": "y ~ A * B + (1 | g)", "specs": ["A"], "prior": "w", "ddf": "satterthwaite",
        "weights": "proportional",
    },
    "offset": {"formula": "y ~ A + x + offset(o) + (1 | g)", "specs": ["A"]},
    "an empty cell": {"formula": "y ~ A * B + x + (1 | g)", "specs": ["A", "B"], "data": "gaps"},
    "an empty cell, averaged": {"formula": "y ~ A * B + x + (1 | g)", "specs": ["A"], "data": "gaps"},
    "an empty cell, by cells": {
        "formula": "y ~ A * B + x + (1 | g)", "specs": ["A"], "data": "gaps", "weights": "cells"
    },
    "an empty cell, flat": {"formula": "y ~ A * B + x + (1 | g)", "specs": ["A"], "data": "gaps", "weights": "flat"},
    "nested factors": {"formula": "y ~ S + D + B + (1 | g)", "specs": ["S"]},
    "nested factors, inner": {
        "formula": "y ~ S + D + B + (1 | g)", "specs": ["D"], "contrasts": [["pairwise", "holm"]]
    },
    "nested factors, other": {"formula": "y ~ S + D + B + (1 | g)", "specs": ["B"]},
    "nested factors, by cells": {"formula": "y ~ S + D + B + (1 | g)", "specs": ["B"], "weights": "cells"},
    "nested by formula": {"formula": "y ~ A / B + (1 | g)", "specs": ["B"], "contrasts": [["eff", "default"]]},
    "logarithm": {"formula": "log(pos) ~ A + x + (1 | g)", "specs": ["A"]},
    "logarithm, back": {
        "formula": "log(pos) ~ A + x + (1 | g)", "specs": ["A"], "type": "response", "contrasts": EVERY_METHOD
    },
    "logarithm of more, back": {"formula": "log(pos + 1) ~ A + (1 | g)", "specs": ["A"], "type": "response"},
    "square root, back": {"formula": "sqrt(pos) ~ A + (1 | g)", "specs": ["A"], "type": "response"},
    "lm": {"kind": "lm", "formula": "y ~ A * B + x", "specs": ["A"], "by": ["B"]},
    "lm, log10, back": {"kind": "lm", "formula": "log10(pos) ~ A + x", "specs": ["A"], "type": "response"},
    "lm, outer": {"kind": "lm", "formula": "y ~ A * B + C", "specs": ["B"], "weights": "outer"},
    "glm": {"kind": "glm", "family": "binomial", "formula": "won ~ A + x", "specs": ["A"]},
    "glm, back": {
        "kind": "glm", "family": "binomial", "formula": "won ~ C + x", "specs": ["C"], "type": "response",
        "contrasts": EVERY_METHOD,
    },
    "glm, probit, back": {
        "kind": "glm", "family": "binomial", "link": "probit", "formula": "won ~ A + x", "specs": ["A"],
        "type": "response",
    },
    "glm, counts": {
        "kind": "glm", "family": "poisson", "formula": "count ~ A * B + offset(o)", "specs": ["A"], "type": "response"
    },
    "glm, Gamma": {"kind": "glm", "family": "Gamma", "formula": "pos ~ A + x", "specs": ["A"], "type": "response"},
    "glm, Gamma, log": {"kind": "glm", "family": "Gamma", "link": "log", "formula": "pos ~ A + x", "specs": ["A"]},
    "glmer": {"kind": "glmer", "family": "binomial", "formula": "won ~ A + x + (1 | g)", "specs": ["A"]},
    "glmer, back": {
        "kind": "glmer", "family": "binomial", "formula": "won ~ A + B * x + (1 | g)", "specs": ["A"], "by": ["B"],
        "type": "response",
    },
    "glmer, counts": {
        "kind": "glmer", "family": "poisson", "formula": "count ~ C + x + (1 | g)", "specs": ["C"], "type": "response"
    },
    "slopes": {"formula": "y ~ A * x + (1 | g)", "specs": ["A"], "slope": "x"},
    "slopes, random": {"formula": "y ~ A * x + (1 + x | g)", "specs": ["A"], "slope": "x", "data": "slopes"},
    "slopes, one": {"formula": "y ~ A + x + (1 | g)", "specs": [], "slope": "x", "contrasts": []},
    "slopes, within": {"formula": "y ~ A * x * B + (1 | g)", "specs": ["A"], "by": ["B"], "slope": "x"},
    "slopes, averaged": {"formula": "y ~ A * x * B + (1 | g)", "specs": ["A"], "slope": "x", "weights": "proportional"},
    "slopes, two numbers": {"formula": "y ~ z * x + (1 | g)", "specs": ["z"], "slope": "x", "at": {"z": [0, 1, 4]}},
    "slopes of a polynomial": {"formula": "y ~ A * poly(x, 3) + (1 | g)", "specs": ["A"], "slope": "x"},
    "slopes at values": {
        "formula": "y ~ x + I(x^2) + (1 | g)", "specs": ["x"], "slope": "x", "at": {"x": [-1, 0, 2]}
    },
    "slopes of a logarithm": {"formula": "y ~ A * log(pos) + (1 | g)", "specs": ["A"], "slope": "pos"},
    "slopes, glmer": {
        "kind": "glmer", "family": "binomial", "formula": "won ~ A * x + (1 | g)", "specs": ["A"], "slope": "x"
    },
}  # fmt: skip
# of these what R prints is kept, too
PRINTED = (
    "one factor", "every method", "every adjustment", "interaction, within", "an empty cell", "logarithm, back",
    "glm, probit, back", "glmer, back", "slopes, within", "number at its mean", "truth values", "overall", "offset",
    "numbers as a factor", "nested factors, inner", "logarithm", "glm",
)  # fmt: skip


@cache
def texts() -> dict[str, str]:
    """The data sets as CSV: those of `hypothesis_tests` with more columns."""
    found = {}
    for seed, name in enumerate(("main", "slopes", "few", "gaps", "plots")):
        frame = hypothesis_tests.rows(name)
        rng, n = np.random.RandomState(SEED + seed), len(frame)
        frame["two"], frame["truth"] = rng.randint(0, 2, n), rng.uniform(size=n) < 0.4
        frame["k"] = rng.choice([1, 5, 10, 20], n)
        if name != "plots":
            lift = 0.5 * (frame["A"] == "b") + 0.4 * frame["x"]
            frame["pos"] = np.exp(1.0 + 0.3 * lift + 0.3 * rng.normal(size=n))
            frame["won"] = (rng.uniform(size=n) < 1.0 / (1.0 + np.exp(-lift))).astype(int)
            frame["count"] = rng.poisson(np.exp(0.5 + 0.5 * lift))
            frame["D"] = rng.choice(list("defghij"), n)
            frame["S"] = frame["D"].map(dict(zip("defghij", "ssttttr", strict=True)))
        found[name] = frame.to_csv(index=False, float_format=f"%.{hypothesis_tests.DIGITS}g")
    return found


def rows(name: str) -> pd.DataFrame:
    """A data set as both sides read it."""
    return pd.read_csv(io.StringIO(texts()[name]))


def write(folder: Path) -> None:
    """Write what R reads."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts().items():
        (folder / f"{name}.csv").write_text(text.replace("True", "TRUE").replace("False", "FALSE"), encoding="utf-8")
    entries = [{"name": name, "printed": name in PRINTED, **case} for name, case in CASES.items()]
    (folder / "cases.json").write_text(json.dumps(entries, indent=1), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
