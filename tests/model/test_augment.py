"""Rows with what a fit says of them, against broom and broom.mixed."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from reference.augment import rows

import mlm

STORED = json.loads((Path(__file__).parents[1] / "reference" / "augment.json").read_text(encoding="utf-8"))["models"]
MODELS = {
    "one": lambda d: mlm.lmer("y ~ x + (1 + x | g)", d),
    "weights": lambda d: mlm.lmer("y ~ x + z + (1 | g) + (1 | h)", d, weights="w", offset="o", reml=False),
    "linear": lambda d: mlm.lm("y ~ x + z", d),
    "logit": lambda d: mlm.glm("yes ~ x", d),
    "counts": lambda d: mlm.glm("count ~ x + z", d, "Gamma", "log"),
    "mixed": lambda d: mlm.glmer("yes ~ x + (1 | g)", d),
}
# lme4's searches end so near to the optimum; of a generalized mixed model at its defaults
NEAR = {"one": 1e-5, "weights": 1e-5, "mixed": 2e-3}
pytestmark = pytest.mark.filterwarnings("ignore::mlm.SingularFitWarning")


@pytest.mark.parametrize("key", MODELS)
def test_columns_and_values_of_broom(key):
    found, stored, near = MODELS[key](rows()).augment(), STORED[key], NEAR.get(key, 1e-7)
    assert [name for name in found if name.startswith(".")] == list(stored)
    for name, values in stored.items():
        if key == "mixed" and name in (".hat", ".cooksd"):
            continue  # lme4 takes prior weights where working ones belong, and warns of it
        np.testing.assert_allclose(found[name], values, rtol=near, atol=near, err_msg=name)


def test_leverages_are_those_of_the_fitted_values():
    """What a fitted value changes by with its own response, theta fixed: all is linear in the response then."""
    d = rows()
    m = mlm.lmer("y ~ x + (1 | g) + (1 | h)", d, weights="w")
    v = np.diag(1 / m.frame.weights)
    for part, (_, block) in zip(m.terms, m.varcorr.query("grp != 'Residual'").groupby("grp", sort=False), strict=True):
        same = np.equal.outer(*[m.frame.groupings[part.term.group].codes] * 2)
        v += same * block["vcov"].iloc[0] / m.sigma**2
    inverse, x = np.linalg.inv(v), m.frame.x
    projected = inverse - inverse @ x @ np.linalg.inv(x.T @ inverse @ x) @ x.T @ inverse
    hat = 1.0 - np.diag(projected) / m.frame.weights
    np.testing.assert_allclose(m.leverages, hat, rtol=1e-9)


def test_the_rows_in_use_by_their_labels():
    d = rows().assign(f=lambda d: pd.Categorical(np.where(d["x"] > 0, "b", "a")), t=lambda d: d["z"] > 0)
    d.index = [f"row {k}" for k in range(len(d))]
    d.loc["row 3", "x"] = np.nan
    with pytest.warns(mlm.MissingRowsWarning):
        m = mlm.lmer("y ~ x + f + t + (1 + z | g)", d)
    found = m.augment(se=True)
    assert found.columns[:9].tolist() == ["y", "x", "f", "t", "z", "g", ".fitted", ".se.fit", ".resid"]
    assert found.index.tolist() == [label for label in d.index if label != "row 3"]
    for name in ("y", "x", "z", "g", "t"):
        np.testing.assert_array_equal(found[name], d.loc[found.index, name])
    assert found["f"].tolist() == d.loc[found.index, "f"].tolist()
    np.testing.assert_array_equal(found[".fitted"], m.fitted)


VARIABLES = {
    "y ~ x + (0 + f | g)": (mlm.lmer, {}, ["y", "x", "f", "g"]),
    "log(y + 50) ~ scale(x) + bs(z, df = 4) + (1 | g/h)": (mlm.lmer, {}, ["log(y + 50)", "x", "z", "y", "g", "h"]),
    "y ~ 1 + offset(o) + (exp(z) + x | g) + (1 | g:h)": (mlm.lmer, {}, ["y", "o", "z", "x", "g", "h"]),
    "y ~ x + (1 | factor(g)) + (1 | h)": (mlm.lmer, {"weights": "w"}, ["y", "x", "g", "factor(g)", "h", "(weights)"]),
    "y ~ x + (1 | g:h:f)": (mlm.lmer, {"offset": "o"}, ["y", "x", "o", "g", "h", "f", "(offset)"]),
    "cbind(s, u) ~ x + (1 | g)": (mlm.glmer, {}, ["cbind(s, u)", "x", "s", "u", "g"]),
    "s/(s + u) ~ x": (mlm.glm, {"weights": "s + u"}, ["s/(s + u)", "x", "s", "u", "(weights)"]),
    "y ~ I(x^2) + offset(log(w))": (mlm.lm, {}, ["y", "x", "w"]),
}


@pytest.mark.parametrize("formula", VARIABLES)
def test_all_variables_of_the_formula(formula, tmp_path):
    """What is asked of a model's own rows can be asked of these."""
    rng, d = np.random.default_rng(8), rows()
    d = d.assign(f=rng.choice(["u", "v"], len(d)), s=rng.poisson(3, len(d)), u=rng.poisson(3, len(d)) + 1)
    d.loc[3, "x"] = np.nan
    verb, options, names = VARIABLES[formula]
    m = verb(formula, d, **options) if "x" not in formula else said(verb, formula, d, options)
    found = m.augment()
    assert [name for name in found if not name.startswith(".")] == names
    for name in set(names) & set(d):
        assert found[name].tolist() == d.loc[found.index, name].tolist(), name
    for name, column in options.items():
        np.testing.assert_array_equal(found[f"({name})"], d.eval(column).loc[found.index])
    np.testing.assert_allclose(m.predict(found), m.predict())
    m.save(tmp_path / "one.mlm")
    pd.testing.assert_frame_equal(mlm.load(tmp_path / "one.mlm").augment(), found, rtol=1e-9)


def said(verb, formula, d, options):
    with pytest.warns(mlm.MissingRowsWarning):
        return verb(formula, d, **options)


def test_rows_without_an_answer_are_said_once():
    d = rows().assign(twice=lambda d: 2 * d["x"])
    with pytest.warns(mlm.RankWarning):
        m = mlm.lmer("y ~ x + twice + (1 | g)", d)
    with pytest.warns(mlm.RankWarning) as met:
        m.augment(d.head(4).assign(twice=0.0), se=True)
    assert len(met) == 1


@pytest.mark.parametrize("key", MODELS)
def test_new_rows(key):
    d = rows()
    m = MODELS[key](d)
    found = m.augment(d.head(4), se=True)
    assert found.columns[: d.shape[1]].tolist() == d.columns.tolist()
    added = [".fitted", ".se.fit"] + [".fixed", ".mu"] * (key in ("one", "weights", "mixed"))
    assert found.columns[d.shape[1] :].tolist() == added
    np.testing.assert_allclose(found[".fitted"], m.predict(d.head(4)))
    np.testing.assert_allclose(found[".se.fit"], m.predict(d.head(4), se=True)["se"])
    assert mlm.augment(m, {name: d[name].tolist() for name in d}).shape[0] == len(d)
    assert m.augment(found)[".fitted"].equals(found[".fitted"])


def test_what_is_no_model():
    with pytest.raises(mlm.ArgumentError, match="got DataFrame"):
        mlm.augment(rows())
