"""Every function against R, on rows with missing values, negative numbers and ties: `reference/functions.R`."""

import numpy as np
import pytest
from calls import REFERENCE, columns, decoded, evaluate

from mlm.frame.functions.contrasts import KINDS
from mlm.frame.functions.table import TABLE
from mlm.frame.values import Category, Matrix, Numbers, Truth
from mlm.language.parser import parse_expression
from mlm.language.tree import Call, walk

FIT, NEW = columns("fit"), columns("new")
pytestmark = pytest.mark.filterwarnings("ignore::mlm.errors.ExtrapolationWarning")  # R warns too
EXACT = 1e-12  # relative; R's numbers are stored to 15 digits
BASES = ("poly", "bs", "ns")  # bases of functions: more roundings on either side
OF_BASES = 1e-10


def tolerance(text):
    return OF_BASES if any(f"{name}(" in text for name in BASES) else EXACT


def agree(value, expected, text):
    close = {"rtol": tolerance(text), "atol": tolerance(text) * 1e-3}
    kind = expected["kind"][0]
    if kind == "category":
        assert isinstance(value, Category)
        labels = np.array([*value.labels, None], dtype=object)
        assert labels[value.codes].tolist() == expected["labels"]
        assert [label for label in value.labels if label in expected["levels"]] == expected["levels"]
        assert value.ordered == expected["ordered"][0]
    elif kind == "matrix":
        assert isinstance(value, Matrix)
        assert list(value.names) == expected["names"]
        np.testing.assert_allclose(value.values, decoded(expected["values"]), **close)
    elif kind == "constant" and isinstance(expected["value"], str) and isinstance(value, str):
        assert value == expected["value"]
    elif kind == "constant":
        assert isinstance(value, float | bool | None)
        np.testing.assert_allclose(decoded(value), decoded(expected["value"]), **close)
    else:
        assert isinstance(value, Truth if kind == "truth" else Numbers)
        np.testing.assert_allclose(value.values, decoded(expected["values"]), **close)


@pytest.mark.parametrize("text", REFERENCE["on_fit"])
def test_on_the_rows_of_the_fit(text):
    agree(evaluate(text, FIT), REFERENCE["on_fit"][text], text)


@pytest.mark.parametrize("text", REFERENCE["on_new"])
def test_on_new_rows_by_what_was_learnt(text):
    learnt = {}
    evaluate(text, FIT, learnt)
    agree(evaluate(text, NEW, learnt), REFERENCE["on_new"][text], text)


@pytest.mark.parametrize("text", REFERENCE["contrasts"])
def test_contrasts(text):
    coding = evaluate(text, FIT).contrast
    expected = REFERENCE["contrasts"][text]
    assert list(coding.columns) == expected["names"]
    np.testing.assert_allclose(coding.to_numpy(), decoded(expected["values"]), rtol=EXACT, atol=EXACT)


def test_every_function_of_r_is_compared():
    """By R's name; what has another name in Python is the same function."""
    texts = [*REFERENCE["on_fit"], *REFERENCE["on_new"], *REFERENCE["contrasts"]]
    called = {node.function for text in texts for node in walk(parse_expression(text)) if isinstance(node, Call)}
    called -= {*KINDS, "matrix", "rbind"} - TABLE.keys()  # as contrasts only
    runs = {TABLE[name].run for name in called}
    rest = {name for name, known in TABLE.items() if known.run not in runs}
    assert rest == {"center", "square"}  # not R's
