"""Tests for overdispersion: those of performance 0.10.2, and what cannot be overdispersed."""

import json
from pathlib import Path

import numpy as np
import pytest
from reference import shares

import mlm

STORED = json.loads((Path(shares.__file__).parent / "shares.json").read_text(encoding="utf-8"))
# performance takes rows of one trial, too
MIXED = [
    (case, stored["overdispersion"])
    for case, stored in zip(shares.CASES, STORED["mixed"], strict=True)
    if stored["overdispersion"] and not case["formula"].startswith("won >")
]
SINGLE = list(zip(shares.SINGLE, STORED["single"], strict=True))
# lme4's residuals, near its optimum; in the wide tail the p value moves much more
CLOSE, TAIL = 1e-3, 0.1


@pytest.mark.parametrize(("case", "stored"), [*MIXED, *SINGLE], ids=lambda one: one.get("formula"))
def test_numbers_are_those_of_performance(case, stored):
    verb = mlm.glmer if "|" in case["formula"] else mlm.glm
    found = mlm.overdispersion(verb(case["formula"], shares.rows(), case["family"], case.get("link")))
    assert found.df == stored["residual_df"]
    assert found.chisq == pytest.approx(stored["chisq_statistic"], rel=CLOSE)
    assert found.ratio == pytest.approx(stored["dispersion_ratio"], rel=CLOSE)
    assert found.pvalue == pytest.approx(stored["p_value"], rel=TAIL)
    shown = str(found).split("\n")
    assert [line.split("=")[0] for line in shown[:5]] == [line.split("=")[0] for line in stored["text"][:5]]
    assert shown[2] == stored["text"][2]
    assert shown[4] == stored["text"][4]


def test_what_was_found_is_said():
    m = mlm.glm("scattered ~ x", shares.rows(), "poisson")
    assert repr(mlm.overdispersion(m)).endswith("\n\nOverdispersion detected.")
    m = mlm.glmer("scattered ~ x + (1 | g) + (1 | row)", shares.rows(), "poisson")
    assert repr(mlm.overdispersion(m)).endswith("\n\nNo overdispersion detected.")


def test_true_models_are_seldom_suspected():
    """Of 200 samples of Poisson counts, about 10 are by the chance that is allowed."""
    rng = np.random.default_rng(6)
    x = rng.normal(size=120)
    found = [mlm.overdispersion(mlm.glm("k ~ x", {"k": rng.poisson(np.exp(1 + 0.3 * x)), "x": x}, "poisson"))
             for _ in range(200)]  # fmt: skip
    assert 3 <= sum(one.pvalue < 0.05 for one in found) <= 18


def test_what_cannot_be_overdispersed_is_refused():
    rows = shares.rows()
    with pytest.raises(mlm.FitError, match="Each row is one trial"):
        mlm.overdispersion(mlm.glmer("won > 2 ~ x + (1 | g)", rows))
    with pytest.raises(mlm.FitError, match="The Gamma family has a dispersion that is estimated"):
        mlm.overdispersion(mlm.glm("size ~ x", rows, "Gamma", "log"))
    with pytest.raises(mlm.FitError, match="no residual degrees of freedom: 2 rows, 2 parameters"):
        mlm.overdispersion(mlm.glm("k ~ x", {"k": [1, 3], "x": [0, 1]}, "poisson"))
    for other in (mlm.lm("won ~ x", rows), rows, 5):
        with pytest.raises(mlm.ArgumentError, match=r"a model that mlm\.glm or mlm\.glmer has fitted"):
            mlm.overdispersion(other)
