"""Two thousand small random designs of all structures, on which the search for theta is looked at.

In tests/, ``python -m reference.small_designs FOLDER`` writes the rows of each with a manifest; then
``Rscript reference/small_designs.R FOLDER reference/small_designs.csv.gz`` fits them with lme4 (eight minutes). The
table of how mlm fares is made by ``python -m benchmarks.search_table``.

All numbers are multiples of a power of 2 with few bits, so that other units and origins which are powers of 2 and such
multiples change no digit: a model of the same data in other units is exactly the same model.
"""

from __future__ import annotations

import csv
import gzip
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from reference.draw import Factor, allocate
from reference.structures import Stream, log_uniform

STORED = Path(__file__).with_suffix(".csv.gz")
COUNT = 2000
SEED = 12

# Where a formula gives levels that are nested, it is spelled out, so that theta has one order in lme4 and here.
# Random part, and the columns of each of its grouping factors: {x} stands beside an intercept in one unstructured
# covariance, where any origin of x gives the same model; {o} where only units are free.
STRUCTURES: dict[str, tuple[str, dict[str, int]]] = {
    "intercept": ("(1 | g)", {"g": 1}),
    "slope": ("({x} | g)", {"g": 2}),
    "independent slope": ("({o} || g)", {"g": 2}),
    "slope alone": ("(0 + {o} | g)", {"g": 1}),
    "two slopes": ("({x} + {z} | g)", {"g": 3}),
    "two independent slopes": ("({o} + {z} || g)", {"g": 3}),
    "two slopes alone": ("(0 + {o} + {z} | g)", {"g": 2}),
    "factor": ("(f | g)", {"g": 3}),
    "crossed": ("(1 | g) + (1 | h)", {"g": 1, "h": 1}),
    "crossed, slope": ("({x} | g) + (1 | h)", {"g": 2, "h": 1}),
    "crossed, independent slope": ("({o} || g) + (1 | h)", {"g": 2, "h": 1}),
    "crossed, slope twice": ("({x} | g) + ({x} | h)", {"g": 2, "h": 2}),
    "crossed, two slopes": ("({x} | g) + ({z} | h)", {"g": 2, "h": 2}),
    "crossed, independent slopes": ("({o} || g) + ({o} || h)", {"g": 2, "h": 2}),
    "crossed, factor": ("(f | g) + (1 | h)", {"g": 3, "h": 1}),
    "nested": ("(1 | g/k)", {"g": 1, "k": 1}),
    "nested, slope": ("({x} | g) + (1 | g:k)", {"g": 2, "k": 1}),
    "nested, slopes": ("({x} | g/k)", {"g": 2, "k": 2}),
    "nested, independent slope": ("(1 | g) + (1 | g:k) + (0 + {o} | g)", {"g": 2, "k": 1}),
    "three factors": ("(1 | g) + (1 | h) + (1 | l)", {"g": 1, "h": 1, "l": 1}),
    "three factors, slope": ("({x} | g) + (1 | h) + (1 | l)", {"g": 2, "h": 1, "l": 1}),
    "three factors, independent slope": ("({o} || g) + (1 | h) + (1 | l)", {"g": 2, "h": 1, "l": 1}),
    "nested and crossed": ("(1 | g) + (1 | g:k) + ({x} | h)", {"g": 1, "k": 1, "h": 2}),
    "three terms of a factor": ("(1 | g) + (0 + {o} | g) + (0 + {z} | g) + (1 | h)", {"g": 3, "h": 1}),
}
# where x has its zero and what its units are
ORIGINS = ("centred", "centred", "standard deviations", "units", "years", "Julian days", "Unix seconds", "far")
SPREADS = ("grid", "even", "random", "power", "singletons")
GRID = 1024.0  # steps a standard deviation in which x is drawn, and an eighth of those of y


@dataclass(frozen=True, slots=True)
class SmallDesign:
    """A model and its rows.

    Attributes
    ----------
    number : int
    structure, origin : str
        Of `STRUCTURES` and `ORIGINS`.
    formula : str
    frame : DataFrame
    weights : str or None
        Column of prior weights.
    reml : bool
    twin : str
        A formula of the same model on the columns xc (standardised x) and xo (x in other units), for the same frame.
    constant : float
        What the criterion of the twin lacks of the criterion.
    offset : str or None
        Column of an offset.
    """

    number: int
    structure: str
    origin: str
    formula: str
    frame: pd.DataFrame
    weights: str | None
    reml: bool
    twin: str
    constant: float
    offset: str | None = None


def design(number: int, seed: int = SEED) -> SmallDesign:
    """Draw one design: the same for the same number and seed on every machine."""
    rng = Stream([seed, number])
    names = list(STRUCTURES)
    structure = names[number % len(names)]
    random, columns = STRUCTURES[structure]
    rows = round(log_uniform(rng, 24, 600))
    codes = _codes(rng, columns, rows)
    frame = pd.DataFrame({name: [f"{name}{code + 1:03d}" for code in of] for name, of in codes.items()})
    origin = ORIGINS[rng.randint(len(ORIGINS))]
    frame["x"], centre, unit = _predictor(rng, origin, codes["g"])
    frame["z"] = np.round(rng.standard_normal(rows) * GRID) / GRID + float(rng.choice([0.0, 0.0, 4.0]))
    frame["xc"], frame["xo"] = (frame["x"] - centre) / unit, frame["x"] / unit
    if "(f |" in random:
        frame["f"] = np.array(list("abc"))[allocate(rng, Factor("f", 3), rows)]
    weighted = rng.random_sample() < 0.15
    if weighted:
        frame["w"] = np.round(rng.uniform(0.2, 4.0, rows) * 64) / 64
    frame["y"] = _response(rng, structure, frame, codes)
    fixed, reml = _fixed(rng, random), bool(rng.randint(2))
    return SmallDesign(
        number,
        structure,
        origin,
        f"y ~ {fixed} + {random}".format(x="x", o="x", z="z"),
        frame,
        "w" if weighted else None,
        reml,
        f"y ~ {fixed} + {random}".format(x="xc", o="xo", z="z"),
        2.0 * float(np.log(unit)) if reml and "{x}" in fixed else 0.0,
    )


def designs(count: int = COUNT, seed: int = SEED) -> list[SmallDesign]:
    """Draw the designs from number 0 on."""
    return [design(number, seed) for number in range(count)]


def _fixed(rng: Stream, random: str) -> str:
    """Fixed part: mostly what varies by group, sometimes without it."""
    parts = [place for place, mark in (("{x}", "x}"), ("z", "{z}"), ("f", "(f |")) if mark in random or place == "{x}"]
    parts[0] = "{x}" if "{x}" in random or "{o}" in random or rng.random_sample() < 0.7 else "1"
    if "{o}" in random:
        parts = ["{x}", *parts[1:]]
    return "1" if rng.random_sample() < 0.1 else " + ".join(parts)


def _codes(rng: Stream, columns: dict[str, int], rows: int) -> dict[str, np.ndarray]:
    """Codes of the levels by row; a term has at most 0.7 effects a row."""
    spread = SPREADS[rng.randint(len(SPREADS))]
    inner = 2 + rng.randint(3) if "k" in columns else 1
    most = {name: 0.7 * rows / size for name, size in columns.items()}
    most["g"] = min(most["g"], most.get("k", np.inf) / inner)
    levels = {
        name: int(np.clip(log_uniform(rng, 4, 60 if name == "g" else 25), 3, max(3, most[name])))
        for name in columns
        if name != "k"
    }
    codes = {}
    for place, (name, count) in enumerate(levels.items()):
        if spread == "grid":
            before = int(np.prod(list(levels.values())[:place]))
            codes[name] = np.arange(rows) // before % count if before * count <= rows else np.arange(rows) % count
        else:
            codes[name] = allocate(rng, Factor(name, count, spread if place == 0 else "random"), rows)
    if "k" in columns:
        codes["k"] = np.arange(rows) // levels["g"] % inner if spread == "grid" else rng.randint(0, inner, rows)
    return codes


def _predictor(rng: Stream, origin: str, group: np.ndarray) -> tuple[np.ndarray, float, float]:
    """Values of x, and a centre and a unit in which its mean is near 0 and its standard deviation near 1."""
    rows = len(group)
    drawn = np.round(rng.standard_normal(rows) * GRID) / GRID
    occasion = pd.Series(group).groupby(group).cumcount().to_numpy()
    unit = 2.0 ** rng.randint(-17, 18)  # 1e-5 to 1e5
    if origin == "standard deviations":
        centre = float(rng.choice([3.0, 5.0, 20.0, 100.0]))
        return drawn + centre, centre, 1.0
    if origin == "units":
        centre = unit * float(rng.choice([0.0, 0.0, 10.0]))
        return unit * drawn + centre, centre, unit
    if origin == "years":
        return 2000.0 + occasion % 5, 2002.0, 1.0
    if origin == "Julian days":
        return 2459216.0 + np.round(rng.uniform(0, 366, rows)), 2459400.0, 128.0
    if origin == "Unix seconds":
        return 1.6e9 + np.round(rng.uniform(0, 2.0**25, rows)), 1.6e9 + 2.0**24, 2.0**23
    if origin == "far":
        centre = float(rng.choice([1e3, -1e3, 1e4]))
        return drawn + centre, centre, 1.0
    return drawn, 0.0, 1.0


def _deviation(rng: Stream) -> float:
    """Relative standard deviation of an effect: often small, sometimes 0, sometimes large."""
    chance = rng.random_sample()
    if chance < 0.15:
        return 0.0
    return log_uniform(rng, 10.0, 1000.0) if chance > 0.93 else float(np.exp(-0.7 + 1.1 * rng.standard_normal()))


def _effects(rng: Stream, code: np.ndarray, values: list[np.ndarray]) -> np.ndarray:
    """Contribution of one grouping factor's effects of some columns, often correlated, sometimes fully."""
    z = rng.standard_normal((len(values), int(code.max()) + 1))
    rho = float(rng.choice([0.0, 0.0, 0.4, -0.7, 0.9, 1.0, -1.0]))
    out = np.zeros(len(code))
    for a, column in enumerate(values):
        b = z[a] if a == 0 else rho * z[0] + np.sqrt(1.0 - rho * rho) * z[a]
        out += _deviation(rng) * b[code] * column
    return out


def _response(rng: Stream, structure: str, frame: pd.DataFrame, codes: dict[str, np.ndarray]) -> np.ndarray:
    """Response in one unit of 1e-4 to 1e4, rounded to an eighth of a `GRID` step of its residual deviation."""
    rows, columns = len(frame), STRUCTURES[structure][1]
    one, x, z = np.ones(rows), frame["xc"].to_numpy(), frame["z"].to_numpy()
    f = [(frame["f"] == level).to_numpy(float) for level in "bc"] if "f" in frame else []
    y = 0.5 * rng.randint(-2, 3) * x + 0.5 * rng.randint(-2, 3) * z
    for name, size in columns.items():
        code = codes[name] if name != "k" else codes["g"] * (codes["k"].max() + 1) + codes["k"]
        values = [one, *f] if f and size == 3 else [one, x, z][:size]
        # effects of x about its centre: about a far zero they would be one huge random intercept
        y = y + _effects(rng, code, values)
    noise = rng.standard_normal(rows)
    if "w" in frame:
        noise = noise / np.sqrt(frame["w"].to_numpy())
    unit = 2.0 ** rng.randint(-13, 14) if rng.random_sample() < 0.3 else 1.0
    location = float(rng.choice([0.0, 10.0, 500.0]))
    return unit * (np.round((y + noise) * 8.0 * GRID) / (8.0 * GRID) + location)


def write(folder: Path) -> None:
    """Write the rows as FOLDER/NUMBER.csv, numbers in hexadecimal, and FOLDER/manifest.json."""
    folder.mkdir(parents=True, exist_ok=True)
    manifest = []
    for one in designs():
        cells = {
            name: [float(v).hex() for v in of] if of.dtype.kind == "f" else list(of) for name, of in one.frame.items()
        }
        lines = [",".join(cells), *(",".join(row) for row in zip(*cells.values(), strict=True))]
        (folder / f"{one.number}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
        manifest.append(
            {
                "number": one.number,
                "formula": one.formula,
                "twin": one.twin,
                "constant": one.constant,
                "reml": one.reml,
                "weights": one.weights or "",
            }
        )
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=0), encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Reference:
    """What lme4 finds at its defaults; NaN and an empty theta where it refuses.

    Attributes
    ----------
    criterion : float
    theta : tuple of float
    singular : bool
    messages : str
        "c" where lme4 says that it has not converged.
    twin : float
        Criterion of the twin, as the original's.
    steady : bool
        Whether lme4 stops at the same theta, to 1e-6, with the rows in another order.
    """

    criterion: float
    theta: tuple[float, ...]
    singular: bool
    messages: str
    twin: float
    steady: bool


def references() -> dict[int, Reference]:
    """Read what lme4 found, by number."""
    with gzip.open(STORED, "rt", encoding="utf-8") as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        return {
            int(row["number"]): Reference(
                float(row["criterion"]),
                tuple(map(float, row["theta"].split())),
                row["singular"] == "1",
                row["messages"],
                float(row["twin"]),
                row["steady"] == "1",
            )
            for row in rows
        }


if __name__ == "__main__":
    write(Path(sys.argv[1]))
