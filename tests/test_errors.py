"""The tree of errors: flat, and every error that is raised has its kind."""

import ast
import re
from functools import reduce
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rmodels import data

import mlm
import mlm.plot
import replications
from mlm import errors


def test_the_tree_is_flat():
    kinds = [thing for thing in vars(errors).values() if isinstance(thing, type) and issubclass(thing, errors.MlmError)]
    kinds.remove(errors.MlmError)
    assert {kind.__name__ for kind in kinds} == {"ArgumentError", "DataError", "FitError", "FormulaError"}
    assert {kind.__bases__ for kind in kinds} == {(errors.MlmError,)}
    assert errors.MlmError.__bases__ == (ValueError,)
    assert all(getattr(mlm, kind.__name__) is kind for kind in kinds)


def test_nothing_raises_the_base():
    """`MlmError` is there to be caught."""
    folder = Path(mlm.__file__).parent
    found = [
        f"{path.relative_to(folder)}:{node.lineno}"
        for path in sorted(folder.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf8")))
        if isinstance(node, ast.Raise) and node.exc is not None
        if ast.unparse(node.exc).partition("(")[0].endswith("MlmError")
    ]
    assert found == []


@pytest.mark.parametrize("package", [mlm, replications], ids=lambda package: package.__name__)
def test_every_call_that_a_text_names_exists(package):
    """Messages, remedies and docstrings: a text had advised `mlm.read`, which there never was."""
    texts = [
        node.value
        for path in sorted(Path(package.__file__).parent.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    named = {name for text in texts for name in re.findall(r"\b(?:mlm|replications)(?:\.\w+)+(?=\()", text)}
    assert len(named) > 5
    where = {"mlm": mlm, "replications": replications}
    absent = []
    for name in sorted(named):
        first, *rest = name.split(".")
        if reduce(lambda thing, part: getattr(thing, part, None), rest, where[first]) is None:
            absent.append(name)
    assert absent == []


@pytest.mark.parametrize("reml", [True, False])
def test_warnings_of_a_fit_point_at_the_line_that_called(reml):
    flat = data().assign(y=lambda d: d.y - d.groupby("g").y.transform("mean"))
    with pytest.warns(mlm.SingularFitWarning) as first:
        m = mlm.lmer("y ~ x + (1 | g)", flat, reml=reml)
    with pytest.warns(mlm.SingularFitWarning) as second:
        m.refit(reml=not reml)
    assert [w.filename for w in (*first, *second)] == [__file__] * 2


@pytest.mark.parametrize(
    "ask",
    [
        lambda m, values: m.refit(values),
        lambda m, values: m.refit(optimizer=values),
        lambda m, values: m.confint(method=values),
        lambda m, values: m.confint(ddf=values),
        lambda m, values: m.predict(interval=values),
        lambda m, values: m.residuals(type=values),
        lambda m, values: m.coefficients(ddf=values),
        lambda m, values: mlm.anova(m, type=values),
        lambda m, values: mlm.anova(m, m, names=values),
        lambda m, values: mlm.bootstrap(m, 2, kind=values),
        lambda m, values: mlm.contest(m, "x", joint=values),
        lambda m, values: mlm.emmeans(m, "x", type=values),
        lambda m, values: mlm.step(m, keep=values),
        lambda m, values: mlm.summarize(m, width=values),
        lambda m, values: mlm.plot.caterpillar(m, sort_by=values),
    ],
)
@pytest.mark.parametrize("values", [np.arange(2000.0) + 0.5, pd.Series(np.arange(70.0)), list(range(300))])
def test_a_message_shows_the_ends_of_what_was_given(ask, values):
    """All rows of a response given for an option had stood in it."""
    with pytest.raises(mlm.ArgumentError) as said:
        ask(mlm.lmer("y ~ x + (1 | g)", data()), values)
    assert len(str(said.value)) < 250
    assert "\n" not in str(said.value)


def test_refit_asks_for_a_response_by_its_name():
    m = mlm.lmer("y ~ x + (1 | g)", data())
    for y in (m.frame.y, list(m.frame.y), pd.Series(m.frame.y, m.frame.index), []):
        with pytest.raises(mlm.ArgumentError, match=r"Give the response by name, refit\(y=…\)"):
            m.refit(y)
    assert m.refit(y=m.frame.y).theta == pytest.approx(m.theta)


def test_the_covariance_of_a_generalized_model_asks_for_a_truth_value():
    m = mlm.glmer("z ~ 1 + (1 | g)", data().assign(z=lambda d: (d.y > d.y.median()).astype(int)), family="binomial")
    with pytest.raises(mlm.ArgumentError, match="`use_hessian` is True or False"):
        m.covariance(np.ones(3))
