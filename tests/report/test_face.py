"""How models are told from other things, and mixed models from linear ones."""

import pytest
from rmodels import data

import mlm
from mlm.report.face import is_mixed, is_model, model_list


@pytest.fixture(scope="module")
def mixed():
    return mlm.lmer("y ~ x + (1 | g)", data())


@pytest.fixture(scope="module")
def linear():
    return mlm.lm("y ~ x", data())


def test_models_and_their_kinds(mixed, linear):
    assert is_model(mixed)
    assert is_model(linear)
    assert is_mixed(mixed)
    assert not is_mixed(linear)


def test_data_are_no_model_whatever_their_columns_are_called():
    frame = data().assign(coefficients=1, ngrps=2)
    assert not is_model(frame)
    assert not is_model([mlm.lm("y ~ x", data())])


def test_one_model_or_several(mixed, linear):
    assert model_list(mixed) == [mixed]
    assert model_list((mixed, linear)) == [mixed, linear]
    assert model_list(m for m in (mixed, linear)) == [mixed, linear]
    assert model_list({"a": mixed, "b": linear}.values()) == [mixed, linear]
    assert model_list([]) == []


@pytest.mark.parametrize(("thing", "name"), [(None, "NoneType"), (3, "int"), (["y ~ x"], "str"), ("ab", "str")])
def test_what_is_no_model_is_refused(mixed, thing, name):
    with pytest.raises(mlm.ArgumentError, match=f"A fitted model is needed; got {name}"):
        model_list(thing)
    for call in (mlm.regtable, mlm.plot.dot_and_whisker):
        with pytest.raises(mlm.ArgumentError, match=f"got {name}"):
            call(thing)
    with pytest.raises(mlm.ArgumentError, match=f"got {name}"):
        mlm.anova(mixed, *(thing if isinstance(thing, list) else [thing]))
