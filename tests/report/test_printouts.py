"""Printouts against R's, character by character: reference/printouts.toml says which, printouts.R printed them."""

import json
from pathlib import Path

import pytest
from reference import printouts
from rmodels import lines

import mlm
from mlm.inference.comparison import REFITTED
from mlm.report.print_model import print_model
from mlm.report.style import Style

TEXTS = json.loads((Path(printouts.__file__).parent / "printouts.json").read_text())["texts"]
PRINTED = ("digits", "table_digits", "scipen", "width", "correlation")

pytestmark = [
    pytest.mark.filterwarnings(f"ignore::mlm.{warning}")
    for warning in (
        "ConvergenceWarning",
        "IdentificationWarning",
        "MissingRowsWarning",
        "RankWarning",
        "SingularFitWarning",
    )
]


def fitted(case):
    data, name = printouts.frame(case["data"]), case["data"]
    if case.get("model") == "lm":
        return mlm.lm(case["formula"], data, data_name=name)
    given = {key: case[key] for key in ("weights", "offset") if key in case}
    return mlm.lmer(case["formula"], data, REML=case.get("reml", True), optimizer="nloptwrap", data_name=name, **given)


def compared(case):
    models = [fitted(case), *(fitted(case | other) for other in case["others"])]
    names = [f"m{k + 1}" for k in range(len(models))]
    digits = case.get("digits", case.get("table_digits", 7))  # 1 and 2 are those of the table
    table = mlm.anova(*models, names=names, refit=case.get("refit", True), digits=digits, width=case.get("width", 80))
    # R says it by message()
    return [line for line in str(table).split("\n") if line != REFITTED]


@pytest.mark.parametrize("case", printouts.cases(), ids=lambda case: case["name"])
def test_print_as_in_r(case):
    pytest.importorskip("nlopt")
    if "others" in case:
        printed = compared(case)
    elif case.get("print") == "model":
        style = Style.of(case.get("digits", 7), case.get("table_digits"), case.get("scipen", 0), case.get("width", 80))
        printed = print_model(fitted(case), style).split("\n")
    else:
        options = {key: case[key] for key in PRINTED if key in case}
        printed = str(fitted(case).summary("Satterthwaite" if case.get("tested") else None, **options)).split("\n")
    assert printed == lines(TEXTS[case["name"]])


def test_what_print_shows_is_the_model_as_in_r():
    case = next(case for case in printouts.cases() if case["name"] == "double bars, the model")
    pytest.importorskip("nlopt")
    assert str(fitted(case)).split("\n") == lines(TEXTS[case["name"]])
