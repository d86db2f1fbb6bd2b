"""Model frames of a thousand formulas against R's: names and values of columns, response, offset, rows, groups.

`reference/formulas.toml` lists the formulas by kind, `reference/formulas.R` asked R; random ones follow the algebra of
terms with column names and checksums.
"""

import warnings
from collections import Counter

import numpy as np
import pytest
from reference.formulas import cases, checksum_weights
from reference.r_answers import CASES, FINGERPRINT, REFUSED, STORED, Answer

import mlm
from mlm.frame.model_frame import ModelFrame, model_frame

LISTED = [key for key, case in CASES.items() if case.kind != "at random"]
SERVED = [key for key in LISTED if key not in REFUSED]
AT_RANDOM = [key for key, case in CASES.items() if case.kind == "at random"]
MIXED = [key for key in SERVED if "random" in STORED["formulas"][key]]


def frame_of(answer: Answer) -> ModelFrame:
    with warnings.catch_warnings():
        # missing rows, undefined logarithms and dependent columns are among what is compared
        warnings.simplefilter("ignore", mlm.MlmWarning)
        return model_frame(answer.case.formula, answer.data, **answer.options)


def label(level: object) -> str:
    """Return a level as R prints it."""
    return str(level).upper() if isinstance(level, bool | np.bool_) else str(level)


def test_every_formula_is_stored():
    assert STORED["hash"] == FINGERPRINT, "the rows drawn here are not those that R was asked about"
    keys = [case.key for case in cases()]
    assert len(keys) == len(set(keys))
    assert [case.key for case in cases() if case.kind != "at random"] == LISTED
    assert list(CASES) == list(STORED["formulas"])
    assert all(STORED["formulas"][key]["formula"] == case.formula for key, case in CASES.items())
    kinds = Counter(case.kind for case in CASES.values())
    assert kinds["at random"] == 150
    assert kinds["new"] + kinds["fit"] >= 60
    assert len(LISTED) >= 200


@pytest.mark.parametrize("key", REFUSED)
def test_what_r_only_warns_of(key):
    answer = Answer.to(key)
    with pytest.raises(mlm.DataError, match=REFUSED[key]):
        model_frame(answer.case.formula, answer.data, **answer.options)


@pytest.mark.parametrize("key", SERVED)
def test_fixed_columns(key):
    answer = Answer.to(key)
    frame = frame_of(answer)
    answer.demand_columns(frame.x_names, frame.x, answer.stored["names"], answer.stored["columns"])
    assert frame.index.tolist() == answer.data.index[answer.rows()].tolist()
    answer.demand_same(frame.y, answer.column("response"), "response")


@pytest.mark.parametrize("key", [key for key in SERVED if "offset" in STORED["formulas"][key] or "offset(" in key])
def test_offset(key):
    answer = Answer.to(key)
    offset, wanted = frame_of(answer).offset, answer.column("offset")
    if answer.case.offset:
        # R's model frame holds the formula's part; lmer adds the argument
        wanted = wanted + answer.data[answer.case.offset].to_numpy()
    assert offset is not None
    answer.demand_same(offset, wanted, "offset")


@pytest.mark.parametrize("key", MIXED)
def test_random_parts(key):
    """The same parts (lme4 sorts them by number of levels), and in each the same columns and groups."""
    answer = Answer.to(key)
    frame = frame_of(answer)
    ours = {(part.term.group, *part.columns.names): part for part in frame.random}
    theirs = {(part["group"], *part["names"]): part for part in answer.stored["random"]}
    assert len(ours) == len(frame.random)
    assert sorted(ours) == sorted(theirs)
    for name, part in theirs.items():
        matrix = ours[name].columns.matrix()
        answer.demand_columns(ours[name].columns.names, matrix, part["names"], part["columns"])


@pytest.mark.parametrize("key", MIXED)
def test_groups(key):
    answer = Answer.to(key)
    frame = frame_of(answer)
    assert set(frame.groupings) == {part["group"] for part in answer.stored["random"]}
    for part in answer.stored["random"]:
        group = frame.groupings[part["group"]]
        codes = np.array(STORED["columns"][part["codes"]], dtype=int)
        assert [label(level) for level in group.levels] == part["levels"]
        assert group.size == len(part["levels"])
        np.testing.assert_array_equal(group.codes, codes)


@pytest.mark.parametrize("key", AT_RANDOM)
def test_algebra_at_random(key):
    answer = Answer.to(key)
    frame = frame_of(answer)
    assert list(frame.x_names) == answer.stored["names"]
    weights = checksum_weights()
    sizes = np.abs(weights) @ np.abs(frame.x)
    for name, ours, wanted, size in zip(
        frame.x_names, weights @ frame.x, answer.stored["checksums"], sizes, strict=True
    ):
        assert abs(ours - wanted) <= answer.tolerance * size, f"{name}: {ours} for {wanted}"
