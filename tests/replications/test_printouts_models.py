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


ROWS = (
    ("", "(1)", "(2)"),
    ("(Intercept)", "7.271***", "6.104***"),
    ("", "(0.412)", "[5.250, 6.958]"),
    ("x", "-0.683*", "-0.702"),
    ("", "p = 0.031", "(0.379)"),
    ("SD (Intercept school)", "1.447", "1.398"),
    ("Num.Obs.", "240", "240"),
)


def gridded(rows, between):
    """Return rows of cells as the text of a grid, with a rule between any two or only below the headings."""
    lines = ["| " + " | ".join(f"{cell:22}" for cell in row) + " |" for row in rows]
    rule, double = ("+" + "+".join(letter * 24 for _ in rows[0]) + "+" for letter in "-=")
    body = f"\n{rule}\n".join(lines[1:]) if between else "\n".join(lines[1:])
    legend = "| + p < 0.1, * p < 0.05, ** p < 0.01, *** p < 0.001" + " " * 20 + "|"
    return "\n".join([rule, lines[0], double, body, double, legend, double])


@pytest.mark.parametrize("between", [True, False])
def test_a_table_drawn_as_a_grid_is_read_whole(between):
    printout = read_printout("Text.\n\n" + gridded(ROWS, between) + "\n")
    assert [block.kind for block in printout] == ["modelsummary.modelsummary"]
    assert printout.unread == []
    block = printout[0]
    found = {number.id: number.text for number in block.numbers}
    assert found["(1).intercept.estimate"] == "7.271"
    assert found["(1).intercept.stars"] == "***"
    assert found["(2).intercept.ci_high"] == "6.958"
    assert found["(1).x.p"] == "0.031"
    assert found["(2).x.se"] == "0.379"
    assert len(found) == 17
    assert block.heads["note"].startswith("+ p < 0.1")


LATEX = r"""\begin{tabular}{@{\extracolsep{5pt}}lcc}
\\[-1.8ex]\hline
 & \multicolumn{2}{c}{\textit{Dependent variable:}} \\
\cline{2-3}
\\[-1.8ex] & \multicolumn{2}{c}{score} \\
\\[-1.8ex] & (1) & (2)\\
\hline \\[-1.8ex]
 x & 1.467$^{***}$ & $-$0.480 \\
  & (0.304) & (0.546) \\
\\[-1.8ex] Observations & 180 & 180 \\
Akaike Inf. Crit. & 1,794.465 & 1,755.628 \\
\hline \\[-1.8ex]
\textit{Note:}  & \multicolumn{2}{r}{$^{*}$p$<$0.1; $^{**}$p$<$0.05; $^{***}$p$<$0.01} \\
\end{tabular}
"""


def test_models_in_latex_are_named_by_the_last_row_of_headings():
    printout = read_printout(LATEX)
    assert printout.unread == []
    found = {number.id: number.text for number in printout[0].numbers}
    assert found["(1).x.estimate"] == "1.467"
    assert found["(2).x.estimate"] == "-0.480"
    assert found["(2).n_obs"] == "180"
    assert {id.partition(".")[0] for id in found} == {"(1)", "(2)"}
    assert len(found) == 10


@pytest.mark.parametrize("note", ["Notes\t* $p < .05$ ** $p < .01$ *** $p < .001$\t", "Note:\t*p<0.1; **p<0.05\t"])
def test_what_stars_mean_is_no_number_that_was_not_read(note):
    printout = read_printout(
        f"\tModel 1\tModel 2\n(Intercept)\t6.784 ***\t2.068\nx\t0.382 **\t0.1\nN\t29\t29\n{note}\n"
    )
    assert printout.unread == []
    assert len(printout.frame) == 10
    assert "p" in printout[0].heads["note"]


TAB_MODEL = """                                 score                              passed
Predictors             Estimates  CI               p       Odds Ratios  CI             p
(Intercept)            7.27       6.46 \N{EN DASH} 8.08      <0.001  1.40         1.12 \N{EN DASH} 1.76    0.003
x                      -0.68      -0.92 \N{EN DASH} -0.44    <0.001
Random Effects
\N{GREEK SMALL LETTER SIGMA}2                     1.11                             3.29
\N{GREEK SMALL LETTER TAU}00 school              2.09                             0.41
N school               12                               12
Observations           240                              240
Marginal R2 / Conditional R2   0.108 / 0.729                0.050 / 0.120
ICC                                       0.653
"""


def test_a_table_of_sjplot_as_text():
    (block,) = read_printout(TAB_MODEL)
    found = {number.id: number.text for number in block.numbers}
    assert block.kind == "sjPlot.tab_model"
    assert len(found) == 24
    assert found["score.x.ci_high"] == "-0.44"
    assert found["score.tau00.school"] == "2.09"
    assert found["passed.intercept.odds_ratio"] == "1.40"
    assert found["passed.n_obs"] == "240"
    assert found["score.r2_conditional"] == "0.729"
    assert found["passed.r2_marginal"] == "0.050"
    assert block.unread == [(11, "ICC  0.653")]  # of which model it is, its place does not tell
