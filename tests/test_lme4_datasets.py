"""mlm against lme4 on the data sets that come with lme4.

The data are lme4's own, so they are not in this repository: an R with lme4 exports them when it is at hand.
"""

import json
import shutil
import subprocess
import warnings
from pathlib import Path

import pandas as pd
import pytest
from reference.compare import differences

import mlm

REFERENCE = Path(__file__).parent / "reference"
STORED = json.loads((REFERENCE / "lme4_datasets.json").read_text(encoding="utf-8"))["fits"]
# the best optimum of lme4's deviance function is known to about 1e-6 in theta, as in test_differential.py
RELATIVE = 1e-5
# rounding in a deviance of 2e5 (InstEval); the others agree to 1e-8
DEVIANCE = 2e-6


@pytest.fixture(scope="module")
def exported(tmp_path_factory) -> dict[str, pd.DataFrame]:
    """Return lme4's data sets by name, with categorical columns in the order of their levels in R."""
    rscript = shutil.which("Rscript")
    if rscript is None:
        pytest.skip("needs R with the package lme4, whose data sets these are: no Rscript on the path")
    folder = tmp_path_factory.mktemp("lme4")
    command = [rscript, "--vanilla", str(REFERENCE / "lme4_datasets.R"), "export", str(folder)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        pytest.skip(f"needs R with the packages lme4, jsonlite and numDeriv: {run.stderr.strip()[:200]}")
    levels = json.loads((folder / "levels.json").read_text(encoding="utf-8"))
    return {name: read(folder / f"{name}.csv", levels[name]) for name in levels}


def read(path: Path, levels: dict[str, list[str]]) -> pd.DataFrame:
    data = pd.read_csv(path, dtype=dict.fromkeys(levels, str))
    for column, order in levels.items():
        data[column] = pd.Categorical(data[column], categories=order)
    return data


@pytest.mark.parametrize("key", STORED)
def test_agrees_with_lme4(key, exported):
    stored = STORED[key]
    with warnings.catch_warnings():
        # Dyestuff2 is singular; that it is so is compared below
        warnings.simplefilter("ignore", mlm.SingularFitWarning)
        m = mlm.lmer(stored["formula"], exported[stored["data"]], reml=stored["reml"])
    limit = {"deviance": DEVIANCE, "loglik": DEVIANCE, "aic": DEVIANCE, "bic": DEVIANCE}
    found = {k: size for k, size in differences(m, stored["best"]) if not size <= limit.get(k, RELATIVE)}
    assert not found
