"""Generalized models of data sets that come with lme4 and mlmRev, at the best values known of their likelihoods.

The data are theirs, so they are not in this repository: an R with these packages exports them when it is at hand.
"""

import json
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest

import mlm

REFERENCE = Path(__file__).parent / "reference"
CBPP = "cbind(incidence, size - incidence) ~ period + (1 | herd)"
MODELS = {
    "cbpp": ("cbpp", CBPP, "binomial", 1, 184.05256),
    "cbpp by quadrature": ("cbpp", CBPP, "binomial", 9, 183.96674),
    "Contraception": (
        "Contraception", "use ~ age + I(age^2) + urban + livch + (1 | district)", "binomial", 1, 2372.72858,
    ),
    "grouseticks": (
        "grouseticks", "TICKS ~ YEAR + cHEIGHT + (1 | BROOD) + (1 | INDEX) + (1 | LOCATION)", "poisson", 1, 1780.54266,
    ),
    "VerbAgg": (
        "VerbAgg", "r2 ~ Anger + Gender + btype + situ + (1 | id) + (1 | item)", "binomial", 1, 8151.39972,
    ),
}  # fmt: skip
PRINTED = 5.1e-6  # of a number with five decimals


@pytest.fixture(scope="module")
def exported(tmp_path_factory) -> dict[str, pd.DataFrame]:
    """Return the data sets by name, with categorical columns in the order of their levels in R."""
    rscript = shutil.which("Rscript")
    if rscript is None:
        pytest.skip("needs R with the packages lme4 and mlmRev, whose data sets these are: no Rscript on the path")
    folder = tmp_path_factory.mktemp("generalized")
    command = [rscript, "--vanilla", str(REFERENCE / "generalized_datasets.R"), str(folder)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        pytest.skip(f"needs R with the packages lme4, mlmRev and jsonlite: {run.stderr.strip()[:200]}")
    levels = json.loads((folder / "levels.json").read_text(encoding="utf-8"))
    return {name: read(folder / f"{name}.csv", levels[name]) for name in levels}


def read(path: Path, levels: dict[str, list[str]]) -> pd.DataFrame:
    data = pd.read_csv(path, dtype=dict.fromkeys(levels, str))
    for column, order in levels.items():
        data[column] = pd.Categorical(data[column], categories=order)
    return data


@pytest.mark.parametrize("key", MODELS)
def test_best_value_known(key, exported):
    name, formula, family, n_agq, value = MODELS[key]
    m = mlm.glmer(formula, exported[name], family, n_agq=n_agq)
    assert m.converged
    assert -2.0 * m.loglik == pytest.approx(value, abs=PRINTED)


def test_scale_of_lme4_for_quadrature(exported):
    """lme4 leaves out the likelihood of a parameter for each row."""
    m = mlm.glmer(CBPP, exported["cbpp"], n_agq=9)
    saturated = m.family.minus_two_log_likelihood(m.outcome.values, m.outcome.values, m.outcome.weights)
    assert -2.0 * m.loglik - saturated == pytest.approx(100.01004, abs=PRINTED)
