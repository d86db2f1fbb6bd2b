"""The rows and models of printouts.toml, for R and for us.

python -m reference.printouts FOLDER     writes a CSV a data set, and cases.json
"""

from __future__ import annotations

import json
import sys
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .draw import Covariate, Effect, Factor, Plan, as_frame, csv_text, draw_columns

SEED = 5150
CATEGORIES = {"f": 3, "k": 4}

_COVARIATES = (
    Covariate("x"),
    Covariate("z", 0.5, 3.0),
    Covariate("v", between="g"),
    Covariate("large", 2e4, 1e5),
    Covariate("tiny", 3e-6),
)
_FACTORS = (Factor("g", 14), Factor("h", 6, "even", numeric=True), Factor("s", 30, "power"))
_LONG = (
    Factor("a_rather_long_name_of_a_grouping_factor", 12),
    Factor("another_long_name", 7, numeric=True),
    Factor("third_factor_whose_name_is_long", 25),
)


def _plan(effects: tuple[Effect, ...] = (), rows: int = 240, **options: Any) -> Plan:
    options = {"factors": _FACTORS, "covariates": _COVARIATES, "weights": True, "offset": True} | options
    return Plan("", rows, categories=tuple(CATEGORIES.items()), effects=effects, **options)


_SLOPES = Effect(("g",), ("1", "x"), ((0.9,), (0.3, 0.5)))
PLANS = {
    "d": _plan((_SLOPES, Effect(("h",), ("1",), ((0.6,),)), Effect(("s",), ("1",), ((0.4,),)))),
    "flat": _plan(slope_size=0.0),
    "gaps": _plan((_SLOPES,), missing=9),
    "few_groups": _plan((_SLOPES,), 60),
    "millions": _plan((_SLOPES, Effect(("h",), ("1",), ((0.2,),))), y_scale=3e6, y_location=40.0),
    "millionths": _plan((_SLOPES,), y_scale=2e-6),
    "strong": _plan((Effect(("g",), ("1",), ((30.0,),)),), slope_size=6.0, sigma=0.5),
    "a_data_frame_of_many_schools": _plan(
        (Effect(("a_rather_long_name_of_a_grouping_factor",), ("1", "x"), ((1.0,), (0.2, 0.5))),),
        300,
        factors=_LONG,
        covariates=(
            Covariate("x"),
            Covariate("predictor_with_a_long_name"),
            Covariate("another_predictor_of_interest"),
        ),
    ),
}


@cache
def tables() -> dict[str, dict[str, list[str]]]:
    """The columns of each data set as text."""
    return {name: draw_columns(plan, np.random.RandomState(SEED + k)) for k, (name, plan) in enumerate(PLANS.items())}


@cache
def frame(name: str) -> pd.DataFrame:
    """A data set as we read it, with row labels from 1 as in R."""
    found = as_frame(PLANS[name], tables()[name])
    return found.set_axis(range(1, len(found) + 1))


@cache
def cases() -> list[dict[str, Any]]:
    """The models that are printed, and how."""
    return tomllib.loads((Path(__file__).parent / "printouts.toml").read_text(encoding="utf-8"))["case"]


def write(folder: Path) -> None:
    """Write every data set as FOLDER/name.csv, and FOLDER/cases.json."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, columns in tables().items():
        (folder / f"{name}.csv").write_text(csv_text(columns), encoding="utf-8", newline="\n")
    (folder / "cases.json").write_text(json.dumps(cases(), indent=1), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
