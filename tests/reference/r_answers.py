"""What R said of the formulas, read from formulas.json, and the comparison of columns with it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from reference.formulas import Case, cases, frames

# Stored with twelve digits. Splines and orthogonal polynomials are made by other algorithms than R's; their
# rounding errors grow with the condition of the basis.
CLOSE, CLOSE_BASES = 1e-10, 1e-8
BASES = ("poly(", "bs(", "ns(")

STORED = json.loads(Path(__file__).with_name("formulas.json").read_text(encoding="utf-8"))
FRAMES, FINGERPRINT = frames()
CASES = {case.key: case for case in cases() if case.key in STORED["formulas"]}


@cache
def column(place: int) -> np.ndarray:
    """Return a stored column."""
    return np.array(STORED["columns"][place], dtype=float)


@dataclass(frozen=True, slots=True)
class Answer:
    """A formula with R's answer."""

    case: Case
    stored: dict[str, Any]

    @classmethod
    def to(cls, key: str) -> Answer:
        """Return R's answer to the case of this name."""
        return cls(CASES[key], STORED["formulas"][key])

    @property
    def data(self) -> pd.DataFrame:
        """The rows that the formula is about."""
        return FRAMES[self.case.data]

    @property
    def options(self) -> dict[str, Any]:
        """What else the call says."""
        matrices = {k: v if isinstance(v, str) else np.array(v) for k, v in self.case.contrasts.items()}
        given = {"contrasts": matrices, "weights": self.case.weights, "offset": self.case.offset}
        return {name: value for name, value in given.items() if value}

    @property
    def tolerance(self) -> float:
        """How far a column may be from R's, relative to its largest value."""
        return CLOSE_BASES if any(base in self.case.formula for base in BASES) else CLOSE

    def column(self, role: str) -> np.ndarray | None:
        """Return the stored column of a role ("response", "offset", "rows", "prediction"), or None."""
        place = self.stored.get(role)
        return None if place is None else column(place)

    def rows(self) -> list[int]:
        """Positions of the rows in use."""
        rows = self.column("rows")
        return list(range(len(self.data))) if rows is None else rows.astype(int).tolist()

    def demand_same(self, ours: np.ndarray, wanted: np.ndarray, what: str) -> None:
        """Compare one column with R's."""
        ours = np.asarray(ours, dtype=float)
        assert ours.shape == wanted.shape, f"{what}: {ours.shape} for {wanted.shape}"
        apart = np.abs(ours - wanted)
        assert np.isfinite(ours).all(), f"{what}: not finite"
        # zero differs from R's rounding error by up to some ulps of one
        assert apart.max() <= self.tolerance * max(np.abs(wanted).max(), 1e-4), f"{what}: {apart.max():.3g} apart"

    def demand_columns(self, names: list[str], matrix: np.ndarray, wanted: list[str], places: list[int]) -> None:
        """Compare names and values of several columns with R's."""
        assert list(names) == wanted
        for j, (name, place) in enumerate(zip(wanted, places, strict=True)):
            self.demand_same(matrix[:, j], column(place), name)


# Answers of R's that are refused here, in one clear error. R was given text as factors, of which as.numeric() gives the
# codes; a row in which a function is undefined, such as a logarithm of a negative number, R leaves out with a warning.
REFUSED = {
    **{
        key: "60 of 60 rows hold no number, such as"
        for key in CASES
        if "as.numeric(f)" in key or "as.numeric(rare)" in key
    },
    **{
        key: "is infinite or undefined in"
        for key in CASES
        if "missing:" in key and any(call in key for call in ("log(w)", "log(x)", "sqrt(x)")) and "ifelse" not in key
    },
}
