"""With data: rows that a printout takes, lme4's table of terms, what a search leaves open, nothing recomputed."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mlm
import replications
from mlm.errors import ArgumentError
from replications.__main__ import main
from replications.checking.finding import Finding, doubted
from replications.checking.rows import conditions, said
from replications.checking.short import of_nlme
from replications.printouts.block import Block

SEED = 2018


@pytest.fixture(scope="module")
def rows():
    draw = np.random.default_rng(SEED)
    g, x, age = np.repeat(np.arange(20), 10), draw.normal(size=200), draw.integers(20, 60, size=200)
    kind = np.array(["a", "b", "c"])[draw.integers(0, 3, size=200)]
    y = 1 + 0.5 * x + draw.normal(size=20)[g] + draw.normal(size=200)
    return pd.DataFrame({"y": y, "x": x, "age": age, "kind": kind, "g": g})


def printed(rows, said="d"):
    model = mlm.lmer("y ~ x + (1 | g)", rows, data_name=said)
    return str(model.summary())


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("subset(d, age > 30)", lambda d: d[d.age > 30]),
        ('subset(d, age <= 50 & kind == "a")', lambda d: d[(d.age <= 50) & (d.kind == "a")]),
        ('d[d$kind != "b", ]', lambda d: d[d.kind != "b"]),
    ],
)
def test_the_rows_of_the_printout_are_taken(rows, text, kept):
    told = printed(kept(rows), text)
    assert f"Data: {text}" in told
    found = replications.verify(told, rows)
    assert found.ok, found
    assert found.status == 0
    assert not found.having("not fitted here")


@pytest.mark.parametrize("text", ["subset(d, age %in% 20:30)", "subset(d, older == 1)", "na.omit(d)"])
def test_rows_that_cannot_be_taken_are_no_difference(rows, text):
    found = replications.verify(printed(rows[rows.age > 30], text), rows)
    assert not found.having("differs", "explained")
    assert all("where= says" in f.reason for f in found.having("not fitted here"))
    assert found.status == 2
    again = replications.verify(printed(rows[rows.age > 30], text), rows, where="age > 30")
    assert again.status == 0


def test_conditions():
    assert said(Block("lme4.summary", 1, data_name="droplevels(d)")) == ""
    assert conditions("a > 1 && b == 'x'") == (("a", ">", "1"), ("b", "==", "'x'"))
    assert "are not taken here" in conditions("a > b")


def test_nothing_recomputed_has_a_status_of_its_own(tmp_path, rows, capsys):
    log, table = tmp_path / "log.txt", tmp_path / "d.csv"
    rows.to_csv(table, index=False)
    log.write_text(printed(rows), encoding="utf-8")
    assert main(["verify", str(log), str(table)]) == 0
    assert main(["verify", str(log), str(table), "--rename", "xx=x", "--formula", "y ~ zz + (1 | g)"]) == 2
    assert main(["verify", str(log), str(table), "--weights", "ages"]) == 2
    assert "no column 'ages'. Did you mean 'age'?" in capsys.readouterr().err
    with pytest.raises(ArgumentError, match="no column 'ages'"):
        replications.verify(printed(rows), rows, weights="1/ages")


def test_terms_as_lme4_prints_them(rows):
    """The last term in its order is tested given all others: its two coefficients by their own covariance."""
    model = mlm.lmer("y ~ x + kind + (1 | g)", rows)
    vcov, beta = np.asarray(model.vcov), np.asarray(list(mlm.fixef(model)))
    f = float(beta[2:] @ np.linalg.solve(vcov[2:, 2:], beta[2:])) / 2
    text = (
        "m <- lmer(y ~ x + kind + (1 | g), d)\nanova(m)\nAnalysis of Variance Table\n     npar Sum Sq Mean Sq F value\n"
        f"kind    2 {2 * f * model.sigma**2:.4f}  {f * model.sigma**2:.4f}  {f:.4f}\n"
    )
    found = replications.verify(text, rows)
    assert not found.having("differs", "not fitted here"), found
    assert replications.verify(text.replace(f"{f:.4f}", f"{f + 0.5:.4f}"), rows).having("differs")


NLME = json.loads((Path(__file__).parents[1] / "reference" / "nlme_stops.json").read_text("utf8"))


def test_nlme_may_end_within_what_it_was_seen_to():
    values = {"fixef.x.estimate": 0.0, "fixef.x.se": 1.0, "fixef.x.t": 1.0, "varcomp.residual.sd": 1.0}
    values |= {"scaled_resid.q1": 0.0, "fixef_corr.x.(Intr)": 0.0, "varcomp.g.x.corr": 0.0, "loglik": 0.0}
    seen = {"estimate": "fixef.x.estimate", "se": "fixef.x.se", "t": "fixef.x.t", "sd": "varcomp.residual.sd"}
    seen |= {"scaled_resid": "scaled_resid.q1", "fixef_corr": "fixef_corr.x.(Intr)", "corr": "varcomp.g.x.corr"}
    for what, id in (seen | {"loglik": "loglik"}).items():
        reach = of_nlme(id, values).high - values[id]
        most = max(fit[what] for fit in NLME["distances"])
        assert 2 * most < reach < 100 * max(most, 1e-5), what
    nothing = of_nlme("varcomp.g.x.sd", {"varcomp.g.x.sd": 0.0, "varcomp.residual.sd": 2.0})
    assert 2 * max(NLME["sd_at_zero"]) < nothing.high / 2


FLAT = """\
Linear mixed-effects model fit by REML
  Data: d

Random effects:
 Formula: ~1 | g
        (Intercept) Residual
StdDev:   {:.7f} {:.7f}

Fixed effects:  y ~ x
                Value Std.Error  DF  t-value p-value
(Intercept) {:.7f} {:.7f} 179 {:.5f}       0
x           {:.7f} {:.7f} 179 {:.5f}       0

Number of Observations: 200
Number of Groups: 20
"""


@pytest.mark.parametrize(("off", "verdict"), [(1e-4, "explained"), (5e-3, "differs")])
def test_all_numbers_of_nlme_move_with_where_its_search_stops(rows, off, verdict):
    model = mlm.lmer("y ~ x + (1 | g)", rows)
    (a, b), se = list(mlm.fixef(model)), np.sqrt(np.diag(np.asarray(model.vcov)))
    between = float(mlm.VarCorr(model)["sdcor"].iloc[0])
    more, less = 1 + off, 1 - off
    shown = (between * more, model.sigma * less, a, se[0] * more, a / se[0] * less, b, se[1] * more, b / se[1] * less)
    found = replications.verify(FLAT.format(*shown), rows)
    moved = {"varcomp.g.intercept.sd", "varcomp.residual.sd"}
    moved |= {f"fixef.{term}.{what}" for term in ("intercept", "x") for what in ("se", "t")}
    assert {f.id for f in found.having(verdict) if f.rule in ("fitted to the data", "where lme4 stops")} == moved


def test_a_number_that_contradicts_its_row_is_doubted():
    wrong = Finding(verdict="differs", rule="", printed="1", block=2, id="a.z", given=("a.estimate", "a.se"))
    right = Finding(verdict="agrees", rule="", printed="1", block=2, id="b.z", given=("b.se",))
    assert doubted([wrong, right]) == {(2, "a.z"), (2, "a.estimate"), (2, "a.se")}


def test_a_slip_of_glmer_within_what_its_search_leaves_open_differs(rows):
    counts = rows.assign(n=np.random.default_rng(SEED).poisson(np.exp(0.3 + 0.4 * rows.x + 0.8 * np.sin(rows.g))))
    model = mlm.glmer("n ~ x + (1 | g)", counts, family="poisson")
    text = str(model.summary())
    row = next(line for line in text.split("\n") if line.startswith("x "))
    se = row.split()[2]
    slip = f"{float(se) * 1.015:.{len(se.partition('.')[2])}f}"
    found = replications.verify(text.replace(row, row.replace(se, slip)), counts)
    assert "fixef.x.se" in {f.id for f in found.having("differs")}
    assert not [f for f in found.having("explained") if f.id == "fixef.x.se"]


OLD = """\
Linear mixed model fit by REML
Formula: Reaction ~ Days + (Days | Subject)
   Data: sleepstudy
  AIC  BIC logLik deviance REMLdev
 1756 1775 -871.8     1752    1744
Random effects:
 Groups   Name        Variance Std.Dev. Corr
 Subject  (Intercept) 612.092  24.7405
          Days         35.072   5.9221  0.066
 Residual             654.941  25.5918
Number of obs: 180, groups: Subject, 18

Fixed effects:
            Estimate Std. Error t value
(Intercept)  251.405      6.825   36.84
Days          10.467      1.546    6.77
"""


def test_the_deviance_of_old_reml_summaries_is_that_of_maximum_likelihood():
    assert not replications.verify(OLD).having("differs")
    assert "aic" in {f.id for f in replications.verify(OLD.replace("1756", "1766")).having("differs")}


def test_conditional_modes_are_recomputed(rows):
    modes = mlm.ranef(mlm.lmer("y ~ x + (1 | g)", rows))["condval"][:3]
    lines = [f"{level} {value: .7f}" for level, value in enumerate(modes)]
    text = "\n".join(["m <- lmer(y ~ x + (1 | g), d)", "ranef(m)", "$g", "   (Intercept)", *lines, ""])
    found = replications.verify(text, rows)
    assert len(found.having("agrees", "explained")) == 3, found
    assert replications.verify(text.replace(lines[1], "1  9.1234567"), rows).having("differs")
