"""Printouts of generalized mixed models against R's, character by character (reference/generalized_printouts.R).

The models are ones whose printed digits lme4 settles: its standard errors are by differences of a criterion with noise.
The numbers themselves are compared in test_generalized_differential.py.
"""

import json
from pathlib import Path

import pytest
from reference import generalized_printouts as printouts
from rmodels import lines

import mlm
from mlm.report.notes import APPROXIMATE
from mlm.report.print_model import print_model

TEXTS = json.loads((Path(printouts.__file__).parent / "generalized_printouts.json").read_text("utf-8"))["texts"]

pytestmark = pytest.mark.filterwarnings("ignore::mlm.SingularFitWarning")


def fitted(case):
    given = {key: case[key] for key in ("link", "n_agq", "weights", "offset") if key in case}
    return mlm.glmer(case["formula"], printouts.rows(), case.get("family", "binomial"), data_name="rows", **given)


def printed(case):
    if "others" in case:
        models = [fitted(case), *(fitted(case | other) for other in case["others"])]
        return str(mlm.anova(*models, names=[f"m{k + 1}" for k in range(len(models))]))
    if case.get("print") == "model":
        return print_model(fitted(case))
    options = {"correlation": case.get("correlation"), "table_digits": case.get("digits")}
    return str(fitted(case).summary(**{name: value for name, value in options.items() if value is not None}))


@pytest.mark.parametrize("case", printouts.CASES, ids=lambda case: case["name"])
def test_print_as_in_r(case):
    approximate = [APPROXIMATE] if case.get("n_agq") == 0 else []  # which lme4 does not say
    assert printed(case).split("\n") == [*lines(TEXTS[case["name"]]), *approximate]
