"""mlm against lme4 on random designs of every structure that `reference/designs.py` draws.

The stored results are the best optimum of lme4's own deviance function over several optimisers (``best``) and
what ``lmer()`` gives at its defaults (``default``); `reference/differential.R` made them. For each design mlm
must give the same numbers, or a strictly better optimum; anything else needs a reason in
`reference/differential_notes.toml`.
"""

import json
import tomllib
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from reference.compare import differences
from reference.designs import CATALOGUE, designs

import mlm

REFERENCE = Path(__file__).parent / "reference"
STORED = json.loads((REFERENCE / "differential.json").read_text(encoding="utf-8"))["fits"]
NOTES = tomllib.loads((REFERENCE / "differential_notes.toml").read_text(encoding="utf-8"))
DESIGNS = {design.key: design for design in designs()}

# derivative-free searches find theta to about the root of the deviance's rounding error, 1e-6; ten times that
RELATIVE = 1e-5
# stored with 12 digits, and evaluated by another order of sums: differences up to 4e-9 for deviances near 1e4
DEVIANCE = 1e-7
# beyond what rounding does to a deviance, so a real difference between two optima
BETTER = 1e-6


@cache
def fitted(key: str) -> mlm.MixedModel:
    design = DESIGNS[key]
    data, fingerprint = design.frame()
    assert fingerprint == STORED[key]["hash"], f"{key}: the rows drawn here are not those that lme4 fitted"
    weights, offset = ("w" if design.plan.weights else None), ("off" if design.plan.offset else None)
    with warnings.catch_warnings():
        # singular fits, missing rows and dependent columns are among what is compared
        warnings.simplefilter("ignore", mlm.MlmWarning)
        return mlm.lmer(design.formula, data, reml=design.reml, weights=weights, offset=offset)


def test_every_design_is_stored():
    assert list(DESIGNS) == list(STORED)
    assert len(DESIGNS) >= 200
    assert {design.structure for design in DESIGNS.values()} == {structure for structure, *_ in CATALOGUE}
    for key, design in DESIGNS.items():
        assert (STORED[key]["formula"], STORED[key]["reml"]) == (design.formula, design.reml)


def test_notes_name_designs_and_reasons():
    for key, note in NOTES.items():
        assert key in DESIGNS
        assert set(note) == {"quantities", "tolerance", "reason"}
        assert len(note["reason"]) > 20


@pytest.mark.parametrize("key", DESIGNS)
def test_same_deviance_function(key):
    """At lme4's default theta, which is not exactly the optimum, both deviance functions give one number."""
    default = STORED[key]["default"]
    ours = fitted(key).deviance_function.evaluate(np.array(default["theta"])).value
    assert ours == pytest.approx(default["deviance"], rel=0, abs=DEVIANCE * max(1.0, abs(ours) / 1e3))


@pytest.mark.parametrize("key", DESIGNS)
def test_agrees_with_lme4(key):
    m, best, note = fitted(key), STORED[key]["best"], NOTES.get(key)
    gap = m.deviance - best["deviance"]
    found = {name: size for name, size in differences(m, best) if not size <= RELATIVE}
    if note is not None:
        assert sorted(found) == sorted(note["quantities"]), "the note is not about what differs"
        assert all(size <= note["tolerance"] for size in found.values())
    elif gap >= -BETTER:
        assert not found, f"{DESIGNS[key].formula}: deviance is higher than lme4's by {gap:.2g}"
