"""The rows and formulas on which mlm's model matrices are compared with R's, drawn deterministically.

In tests/, ``python -m reference.formulas FOLDER`` writes rows, new rows and the formulas of formulas.toml with random
ones beside them; then ``Rscript reference/formulas.R FOLDER reference/formulas.json`` asks R for the columns.
"""

from __future__ import annotations

import json
import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from reference.draw import as_text, csv_text, fingerprint

ROWS, NEW_ROWS, SEED = 60, 12, 20_261
CATEGORIES = {"s": ["mid", "lo", "hi"], "o": ["low", "mid", "high", "top"]}  # levels in the order they are declared
ORDERED = ("o",)
LEVELS = {"f": 3, "h": 2, "s": 3, "o": 4}
# names that mean something to a parser, to R or to Python
POSITIVE = ("dose.mg", "log", "a b")
ANYTHING = ("temp.T", "temp", "scale", "C", "I", "1", "x.1", ".hidden", "x_2", "lambda", "if_", "np", "os", "offset")
TEXTS = ("f", "h", "class", "g", "my g", "rare")
FLAGS = ("flag",)
INTEGERS = ("k", "year", "q", "c", "c.id")
FEW = ("y", "x", "z", "f", "flag", "a b")
# which columns have how many gaps among the rows of `missing`
GAPS = {"x": 4, "f": 3, "z": 2, "flag": 3, "q": 2, "y": 2, "o": 1, "g": 1, "off": 1}
RANDOM_FORMULAS = 240  # R refuses some, and some have more columns than MOST_COLUMNS in formulas.R: 150 are kept

Text = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Case:
    """A formula and what it is asked on; `key` is its name in formulas.json and in the tests."""

    key: str
    kind: str
    formula: str
    data: str = "rows"
    contrasts: dict[str, Any] = field(default_factory=dict)
    new: bool = False
    weights: str = ""
    offset: str = ""
    reml: bool = True

    @property
    def mixed(self) -> bool:
        """Whether lme4 is asked: it takes every ``|`` for a bar, also that of ``I(x > 0 | z > 3)``."""
        return self.kind in ("random", "random_places", "random_missing", "dot_random", "fit") or "| g)" in self.formula


def draw() -> Text:
    """Return the complete rows as text."""
    rng = np.random.RandomState(SEED)
    g = np.arange(ROWS) % 8
    c = np.arange(ROWS) // 8 % 3
    order = rng.permutation(ROWS)
    g, c = g[order], c[order]
    codes = {name: rng.permutation(np.arange(ROWS) % levels) for name, levels in LEVELS.items()}
    x, z = 0.2 + 1.5 * rng.standard_normal(ROWS), 0.5 + 5.5 * rng.random_sample(ROWS)
    columns: Text = {"x": as_text(np.round(x, 4)), "z": as_text(np.round(z, 4))}
    columns["w"] = as_text(np.round(10 * rng.random_sample(ROWS) - 3, 3))
    columns["k"] = [str(v) for v in rng.poisson(2.0, ROWS)]
    columns["year"] = [str(v) for v in 1998 + rng.randint(0, 8, ROWS)]
    columns["flag"] = ["TRUE" if v else "FALSE" for v in rng.random_sample(ROWS) < 0.45]
    columns["f"], columns["h"] = ["abc"[v] for v in codes["f"]], ["pq"[v] for v in codes["h"]]
    columns["s"] = [CATEGORIES["s"][v] for v in codes["s"]]
    columns["o"] = [CATEGORIES["o"][v] for v in codes["o"]]
    columns["q"] = [str(1 + v) for v in rng.permutation(np.arange(ROWS) % 3)]
    columns["class"] = ["uv"[v] for v in rng.permutation(np.arange(ROWS) % 2)]
    for name in POSITIVE:
        columns[name] = as_text(np.round(0.3 + 4 * rng.random_sample(ROWS), 3))
    for name in ANYTHING:
        columns[name] = as_text(np.round(rng.standard_normal(ROWS), 3))
    columns["off"] = as_text(np.round(rng.standard_normal(ROWS), 3))
    columns["wt"] = as_text(np.round(0.3 + 3 * rng.random_sample(ROWS), 2))
    columns["g"], columns["c"] = [f"g{v + 1}" for v in g], [str(v + 1) for v in c]
    columns["my g"], columns["c.id"] = [f"m{v % 5}" for v in g], [str(10 * v + 5) for v in c + 3 * (g % 2)]
    columns["rare"] = ["once" if v == 7 else "often" if v % 3 else "other" for v in range(ROWS)]
    effects = 2.0 * rng.standard_normal(8)[g] + (0.8 * rng.standard_normal((8, 3)))[g, c]
    slopes = (0.7 * rng.standard_normal(8))[g] * x
    y = 3 + 0.5 * x + 0.4 * (z - 3) ** 2 + (codes["f"] == 1) + effects + slopes + 0.7 * rng.standard_normal(ROWS)
    return {"y": as_text(np.round(y, 4)), **columns}


def draw_missing(columns: Text) -> Text:
    """Return the rows with gaps; the one row of a level of `rare` has a gap in x."""
    rng = np.random.RandomState(SEED + 1)
    holed = {name: list(cells) for name, cells in columns.items()}
    for name, count in GAPS.items():
        for row in rng.choice(ROWS, count, replace=False):
            holed[name][row] = "NA"
    holed["x"][7] = "NA"
    return holed


def draw_new(columns: Text) -> Text:
    """Return new rows: wider ranges than in the fit (w within it), some levels missing; categories as in the fit."""
    rng = np.random.RandomState(SEED + 2)
    new = {name: [cells[row] for row in rng.randint(0, ROWS, NEW_ROWS)] for name, cells in columns.items()}
    new["x"] = as_text(np.round(np.linspace(-7.0, 8.0, NEW_ROWS) + 0.05, 3))
    new["z"] = as_text(np.round(rng.permutation(np.linspace(0.2, 9.5, NEW_ROWS)), 3))
    new["w"] = as_text(np.round(rng.permutation(np.linspace(-2.5, 6.5, NEW_ROWS)), 3))
    new["year"] = [str(1995 + v) for v in range(NEW_ROWS)]
    new["flag"] = ["TRUE"] * NEW_ROWS
    new["f"], new["h"] = list("bccbbcbccbcb"), ["q"] * NEW_ROWS
    new["s"], new["o"] = ["hi", "lo"] * 6, ["mid", "top", "mid"] * 4
    new["q"] = ["3", "1", "3"] * 4
    return new


def as_frame(columns: Text) -> pd.DataFrame:
    """Return the data: numbers, truth values, text and declared categories, gaps as pandas has them."""
    data: dict[str, Any] = {}
    for name, cells in columns.items():
        gap = "NA" in cells
        if name in CATEGORIES:
            values = [None if cell == "NA" else cell for cell in cells]
            data[name] = pd.Categorical(values, CATEGORIES[name], ordered=name in ORDERED)
        elif name in TEXTS:
            data[name] = pd.Series([None if cell == "NA" else cell for cell in cells], dtype=object)
        elif name in FLAGS:
            values = [None if cell == "NA" else cell == "TRUE" for cell in cells]
            data[name] = pd.Series(values, dtype=object if gap else bool)
        elif name in INTEGERS and not gap:
            data[name] = np.array(cells, dtype=np.int64)
        else:
            data[name] = np.array([np.nan if cell == "NA" else float(cell) for cell in cells])
    return pd.DataFrame(data)


def tables() -> dict[str, Text]:
    """Return every table as text: the rows of the fits, of which `new` is none."""
    rows = draw()
    return {
        "rows": rows,
        "missing": draw_missing(rows),
        "few": {name: rows[name] for name in FEW},
        "few_groups": {name: rows[name] for name in ("y", "x", "z", "g")},
        "new": draw_new(rows),
    }


def frames() -> tuple[dict[str, pd.DataFrame], str]:
    """Return every table as a data frame, and the fingerprint of their text."""
    texts = tables()
    return {name: as_frame(text) for name, text in texts.items()}, fingerprint("".join(map(csv_text, texts.values())))


def checksum_weights() -> np.ndarray:
    """Return what the columns of random formulas are multiplied with and summed, shape (ROWS,)."""
    return np.round(np.random.RandomState(SEED + 3).uniform(-1, 1, ROWS), 4)


NUMERIC, FACTORS = ("x", "z", "k"), ("f", "h", "flag", "s")


def random_side(rng: np.random.RandomState, depth: int = 0) -> str:
    """Return a random right side from the algebra of terms: names, ``+ - * / : ^ %in%``, parentheses, 0 and 1."""
    if depth >= 3 or rng.random_sample() < 0.12 * depth:
        return str(rng.choice(NUMERIC + FACTORS))
    kind = rng.choice(["+", "+", "+", "*", ":", "/", "-", "^", "%in%"])
    left = random_side(rng, depth + 1 + (kind in "*/^"))
    if kind == "^":
        return f"({left} + {random_side(rng, depth + 2)} + {rng.choice(NUMERIC + FACTORS)})^{rng.choice([2, 3])}"
    right = random_side(rng, depth + 1)
    if kind == "-" and rng.random_sample() < 0.5:
        right = str(rng.choice(["1", *NUMERIC, *FACTORS]))
    spaced = {"+": " + ", "-": " - ", "*": " * ", ":": ":", "/": "/", "%in%": " %in% "}[kind]
    if rng.random_sample() < 0.6:
        left = f"({left})" if any(sign in left for sign in " :/") else left
    if rng.random_sample() < 0.6:
        right = f"({right})" if any(sign in right for sign in " :/") else right
    side = f"{left}{spaced}{right}"
    return f"0 + {side}" if depth == 0 and rng.random_sample() < 0.2 else side


def random_formulas() -> list[str]:
    """Return distinct random formulas."""
    rng = np.random.RandomState(SEED + 4)
    found: dict[str, None] = {}
    while len(found) < RANDOM_FORMULAS:
        found[f"y ~ {random_side(rng)}"] = None
    return list(found)


def _whole(side: str) -> str:
    return side if "~" in side else f"y ~ {side}"


def cases() -> list[Case]:
    """Return every case of formulas.toml, then the random ones."""
    listed = tomllib.loads(Path(__file__).with_name("formulas.toml").read_text(encoding="utf-8"))
    made = [Case(f"{kind}: {s}", kind, _whole(s)) for kind, sides in listed["rows"].items() for s in sides]
    made += _places(listed["places"])
    made += [Case(f"missing: {side}", "missing", _whole(side), "missing") for side in listed["missing"]["missing"]]
    made += [Case(f"dot: {side}", "dot", side, "few") for side in listed["few"]["dot"]]
    made += [Case(f"dot: {side}", "dot_random", side, "few_groups") for side in listed["few"]["dot_random"]]
    made += [Case(f"random: {side}", "random", _whole(side)) for side in listed["random"]["random"]]
    for side in listed["random_missing"]["random_missing"]:
        made.append(Case(f"random, missing: {side}", "random_missing", _whole(side), "missing"))
    made += [_contrasted("contrasts", entry, new=False) for entry in listed["contrasts"]["cases"]]
    made += [Case(f"new: {side}", "new", _whole(side), new=True) for side in listed["new"]["new"]]
    for side in listed["new"]["missing"]:
        made.append(Case(f"new, missing: {side}", "new", _whole(side), "missing", new=True))
    made += [_contrasted("new", entry, new=True) for entry in listed["new"]["contrasts"]]
    made += [
        Case(f"fit: {entry['formula']}", "fit", data="rows", new=True, **entry) for entry in listed["fits"]["cases"]
    ]
    return made + [Case(f"algebra at random: {formula}", "at random", formula) for formula in random_formulas()]


def _places(listed: dict[str, list[str]]) -> list[Case]:
    """Put each call into every place of a formula."""
    made = []
    for call in listed["numbers"]:
        made.append(Case(f"as a response: {call}", "places", f"{call} ~ w"))
        made.append(Case(f"as an offset: {call}", "places", f"y ~ w + offset({call})"))
        made.append(Case(f"in a call: {call}", "places", f"y ~ log(abs({call}) + 1)"))
        made.append(Case(f"random: {call}", "random_places", f"y ~ w + ({call} | g)"))
    for call in listed["categories"]:
        made.append(Case(f"interaction: {call}", "places", f"y ~ x + {call}:x"))
        made.append(Case(f"no intercept: {call}", "places", f"y ~ 0 + {call}"))
        made.append(Case(f"random: {call}", "random_places", f"y ~ w + ({call} | g)"))
        made.append(Case(f"random, no intercept: {call}", "random_places", f"y ~ w + (0 + {call} | g)"))
    return made


def _contrasted(kind: str, entry: dict[str, Any], new: bool) -> Case:
    """Return a case of contrasts, named by the formula and the coding."""
    formula, contrasts = entry["formula"], entry["contrasts"]
    coding = [f"{k} {v if isinstance(v, str) else f'matrix of {len(v[0])}'}" for k, v in contrasts.items()]
    return Case(f"{kind}: {formula} [{', '.join(coding)}]", kind, _whole(formula), "rows", contrasts, new)


def write(folder: Path) -> None:
    """Write every table as FOLDER/name.csv, and FOLDER/manifest.json."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = tables()
    for name, columns in texts.items():
        (folder / f"{name}.csv").write_text(csv_text(columns), encoding="utf-8", newline="\n")
    manifest = {
        "hash": frames()[1],
        "categories": CATEGORIES,
        "ordered": ORDERED,
        "texts": TEXTS,
        "checksum": checksum_weights().tolist(),
        "cases": [{name: getattr(case, name) for name in (*Case.__slots__, "mixed")} for case in cases()],
    }
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
