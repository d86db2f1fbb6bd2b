"""The tree of errors: flat, and every error that is raised has its kind."""

import ast
from pathlib import Path

import pytest
from rmodels import data

import mlm
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


@pytest.mark.parametrize("reml", [True, False])
def test_warnings_of_a_fit_point_at_the_line_that_called(reml):
    flat = data().assign(y=lambda d: d.y - d.groupby("g").y.transform("mean"))
    with pytest.warns(mlm.SingularFitWarning) as first:
        m = mlm.lmer("y ~ x + (1 | g)", flat, reml=reml)
    with pytest.warns(mlm.SingularFitWarning) as second:
        m.refit(reml=not reml)
    assert [w.filename for w in (*first, *second)] == [__file__] * 2
