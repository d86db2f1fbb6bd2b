"""Changes of formulas, as R's update.formula makes them, and models that are fitted again with them."""

import copy
import json
import pickle
import warnings
from pathlib import Path

import numpy as np
import pytest
from brute import data

import mlm
from mlm.language.formula import parse
from mlm.language.rewriting import updated

STORED = json.loads((Path(__file__).parents[1] / "reference" / "updates.json").read_text(encoding="utf-8"))["updates"]
CROSSED = ". ~ . * z"  # R crosses the text of (1 | g) with z: (1 | g:z)
NOTHING = "y ~ 1 - 1"  # how R writes it


def test_as_r_does():
    assert len(STORED) >= 60
    for each in STORED:
        if each["change"] != CROSSED:
            want = "y ~ 0" if each["new"] == NOTHING else each["new"]
            assert updated(parse(each["old"]), each["change"]) == want, each
            assert parse(want).fixed.sets == parse(each["new"]).fixed.sets


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (CROSSED, r"'1 \| g' can only be added to a formula"),
        (". ~ . - (1 | h)", r"no random-effects term \(1 \| h\) to take out; it has \(1 \| g\)"),
        (". ~ . + (", "cannot be read"),
        ("y ~ x ~ z", "has one '~'"),
        (". ~ . + 3", "3 is none"),
    ],
)
def test_changes_that_are_none(change, says):
    with pytest.raises(mlm.FormulaError, match=says):
        updated(parse("y ~ x + (1 | g)"), change)


def test_a_change_is_a_text():
    m = mlm.lm("y ~ x", data())
    for change in (3, ["y ~ x"], b"y ~ x"):
        with pytest.raises(mlm.ArgumentError, match=r"such as '. ~ . \+ x'; got"):
            m.update(change)


def test_a_response_is_written_as_it_was():
    assert updated(parse("s/(s + t) ~ x"), ". ~ . + z") == "s/(s + t) ~ x + z"
    assert updated(parse("y + 1 ~ x"), "log(.) ~ .") == "log((y + 1)) ~ x"


@pytest.mark.parametrize("verb", [mlm.lm, mlm.lmer])
def test_contrasts_go_with_their_factors(verb):
    rows = data().assign(f=lambda d: np.where(d.x > 0, "u", "v"), h=lambda d: np.where(d.z > 0, "s", "t"))
    own = " + (1 | g)" * (verb is mlm.lmer)
    m = verb(f"y ~ x + f + h{own}", rows, contrasts={"f": "sum", "h": "helmert"})
    assert silently(m.update, ". ~ . - f").fixef.index.tolist() == ["(Intercept)", "x", "h1"]
    assert silently(m.update, ". ~ . - h").fixef.index.tolist() == ["(Intercept)", "x", "f1"]
    assert silently(m.update, ". ~ . - f - h").fixef.index.tolist() == ["(Intercept)", "x"]
    assert silently(m.update, ". ~ . - h").update(". ~ . + h").fixef.index.tolist()[-1] == "ht"
    with pytest.raises(mlm.ArgumentError, match="names 'f', which is not a category"):
        m.update(". ~ . - f", contrasts={"f": "sum"})


def test_what_means_the_same_is_the_same():
    assert updated(parse("y ~ x + (1 + x | g)"), ". ~ . - (x | g) + (1 | g)") == "y ~ x + (1 | g)"
    assert updated(parse("y ~ x + (x | g)"), ". ~ . + (1 + x | g)") == "y ~ x + (x | g)"
    assert updated(parse("y ~ x + (x || g)"), ". ~ . - (0 + x | g)") == "y ~ x + (1 | g)"
    assert updated(parse("y ~ x + offset(w) + (1 | g)"), ". ~ . - offset(w)") == "y ~ x + (1 | g)"
    assert updated(parse("y ~ x + (1 | g)"), "~ . + z") == updated(parse("y ~ x + (1 | g)"), ". + z")


def silently(verb, *arguments, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.SingularFitWarning)
        return verb(*arguments, **options)


def test_fitted_again_with_what_was_given():
    frame = data()
    m = silently(mlm.lmer, "y ~ x + (1 | g)", frame, reml=False, weights="w", offset="z", contrasts={})
    found = silently(m.update, ". ~ . + z + (1 | h)")
    want = silently(mlm.lmer, "y ~ x + z + (1 | g) + (1 | h)", frame, reml=False, weights="w", offset="z")
    assert found.formula == "y ~ x + (1 | g) + z + (1 | h)"
    assert found.reml is False
    assert found.deviance == pytest.approx(want.deviance, abs=1e-9)
    assert silently(m.update, REML=True).reml is silently(m.refit, reml=True).update().reml is True
    assert silently(m.update, weights=None).frame.weights is None
    fewer = silently(m.update, data=frame.head(60))
    assert fewer.nobs == 60
    np.testing.assert_allclose(silently(m.update, "log(. + 100) ~ .").y, np.log(frame["y"] + 100))
    assert silently(mlm.update, m, ". ~ . - x").formula == "y ~ (1 | g)"
    assert silently(copy.deepcopy(m).update).deviance == m.deviance


def test_a_dot_in_the_formula_of_the_fit():
    m = mlm.lm("y ~ .", data()[["y", "x", "z"]])
    assert m.update(". ~ . - z").formula == "y ~ x"


def test_generalized_and_linear_models():
    frame = data().assign(yes=lambda d: (d["y"] > 10).astype(int), n=5, count=lambda d: d["h"] + 1)
    m = silently(mlm.glmer, "yes ~ x + (1 | g)", frame, link="probit", n_agq=3)
    assert silently(m.update, ". ~ . - x").family.link.name == "probit"
    assert silently(m.update, ". ~ . - x").n_agq == 3
    assert silently(m.update, "count ~ .", family="poisson").family.link.name == "log"
    g = mlm.glm("yes ~ x", frame, link="cloglog")
    assert g.update(". ~ . + z").fixef.equals(mlm.glm("yes ~ x + z", frame, link="cloglog").fixef)
    assert mlm.lm("y ~ x", frame).update(". ~ . + I(x^2)").fixef.index.tolist() == ["(Intercept)", "x", "I(x^2)"]
    with pytest.raises(mlm.FormulaError, match=r"mlm\.lm"):
        mlm.lmer("y ~ x + (1 | g)", frame).update(". ~ . - (1 | g)")
    with pytest.raises(mlm.FormulaError, match=r"mlm\.lmer"):
        mlm.lm("y ~ x", frame).update(". ~ . + (1 | g)")


def test_what_cannot_be_fitted_again():
    frame = data()
    m = mlm.lmer("y ~ x + (1 | g)", frame)
    with pytest.raises(mlm.ArgumentError, match=r"update has no option 'rmel'.*Did you mean"):
        m.update(rmel=False)
    again = pickle.loads(pickle.dumps(m))
    with pytest.raises(mlm.FitError, match=r"give them, update\(…, data=…\)"):
        again.update(". ~ . + z")
    assert again.update(". ~ . + z", data=frame).formula == "y ~ x + (1 | g) + z"
    with pytest.raises(mlm.FitError, match="another response was put in the place"):
        m.refit(y=frame["y"] + 1.0).update(". ~ . + z")
    with pytest.raises(mlm.ArgumentError):
        mlm.update(frame)
    doubled = mlm.lmer("y ~ twice(x) + (1 | g)", frame, functions={"twice": lambda x: 2 * x})
    assert doubled.update(". ~ . + z").formula == "y ~ twice(x) + (1 | g) + z"
    loaded = pickle.loads(pickle.dumps(doubled)).with_functions({"twice": lambda x: 2 * x})
    assert loaded.update(data=frame).deviance == pytest.approx(doubled.deviance)
