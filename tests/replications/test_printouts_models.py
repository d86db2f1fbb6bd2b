"""What is read of a model's printout is what the model has: every number, by its id, from the model itself."""

import numpy as np
import pandas as pd
import pytest

import mlm
from replications import read_printout
from replications.quantities import Quantities, is_quantity
from replications.rounding import agrees


@pytest.fixture(scope="module")
def rows():
    random = np.random.default_rng(18)
    n = 360
    d = pd.DataFrame({"school": np.repeat(np.arange(1, 19), 20), "item": np.tile(np.arange(1, 13), 30)})
    d["x"], d["a.long.name"] = random.normal(size=n), random.normal(size=n) * 1000
    d["arm"] = random.choice(["new drug", "old drug", "placebo 2"], n)
    school, slope, item = random.normal(size=19), random.normal(size=19) / 3, random.normal(size=13) / 2
    d["y"] = 3 + (0.5 + slope[d["school"]]) * d["x"] + school[d["school"]] + item[d["item"]] + random.normal(size=n)
    return d


FORMULAS = (
    "y ~ 1 + (1 | school)",
    "y ~ x * arm + (1 | school)",
    "y ~ x + arm + a.long.name + (x | school) + (1 | item)",
    "y ~ x + I(x**2) + (1 + x + a.long.name | school)",
)


def check(block, quantities, count):
    checked = [number for number in block.numbers if is_quantity(number.id)]
    assert len(checked) == len(block.numbers) >= count
    for number in checked:
        value = quantities.get(number.id)
        if number.id.endswith(".stars"):
            assert value == number.text, number
        else:
            assert agrees(value, number.text, "<" if number.text.startswith("<") else "rounded"), number


@pytest.mark.filterwarnings("ignore::mlm.SingularFitWarning")  # the third effect has no variance: its print is wanted
@pytest.mark.parametrize("ddf", [None, "satterthwaite"])
@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("formula", FORMULAS)
def test_summaries_of_mixed_models(rows, formula, reml, ddf):
    m = mlm.lmer(formula, rows, REML=reml)
    (block,) = read_printout(str(m.summary(ddf=ddf)))
    assert (block.kind, block.unread, block.reml) == ("lme4.summary", [], reml)
    block.numbers = [number for number in block.numbers if not number.id.endswith("deviance") or not reml]
    check(block, Quantities(m, satterthwaite=ddf is not None), 12)


@pytest.mark.parametrize("formula", ["y ~ x", "y ~ x * arm + a.long.name"])
def test_summaries_of_linear_models(rows, formula):
    m = mlm.lm(formula, rows)
    (block,) = read_printout(str(m.summary()))
    assert (block.kind, block.unread) == ("stats.lm", [])
    check(block, Quantities(m), 15)


@pytest.mark.parametrize("options", [{}, {"single_row": True}, {"ci": True}, {"p": True, "digits": 3}], ids=str)
def test_tables_of_models(rows, options):
    """A column a model, as text, HTML, LaTeX and Markdown: the same numbers."""
    models = {f"Model {k}": mlm.lmer(formula, rows) for k, formula in enumerate(FORMULAS[:3], start=1)}
    table = mlm.regtable([*models.values(), mlm.lm(FORMULAS[1].partition(" + (")[0], rows)], **options)
    read = {}
    for how in ("text", "html", "latex", "markdown"):
        (block,) = [b for b in read_printout(getattr(table, f"to_{how}")()) if b.kind.startswith("texreg.")]
        assert block.unread == [], how
        read[how] = [(number.id, number.text.replace("\N{MINUS SIGN}", "-")) for number in block.numbers]
    assert read["text"] == read["html"] == read["latex"] == read["markdown"]
    assert len(read["text"]) > 50
    for id, text in read["text"]:
        model, _, rest = id.partition(".")
        if model == "Model 4":
            continue
        value = Quantities(models[model], dot=False).get(rest)
        if rest.endswith(".stars"):
            assert value == text, id
        else:
            assert agrees(value, text, "<" if text.startswith("<") else "rounded"), id


def test_comparisons_of_models(rows):
    m1, m2 = (mlm.lmer(formula, rows, REML=False) for formula in (FORMULAS[0], FORMULAS[1]))
    table = mlm.anova(m1, m2).frame
    (block,) = read_printout(str(mlm.anova(m1, m2)))
    assert (block.kind, block.unread) == ("stats.anova", [])
    found = {number.id: number.text for number in block.numbers}
    second = next(id for id in found if id.endswith(".chisq")).rpartition(".")[0]
    assert agrees(float(table["Chisq"].iloc[1]), found[f"{second}.chisq"])
    assert agrees(int(table["Df"].iloc[1]), found[f"{second}.chisq_df"])
    assert agrees(int(table["npar"].iloc[1]), found[f"{second}.npar"])
