"""The simulated data and R's reports on them, shared by the tests of what is done with fitted models."""

import json
import math
import re
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

NUMBER = re.compile(r"\d+\.\d+(?!\d*e)")
FOLDER = Path(__file__).parent / "reference"


@cache
def reference():
    """What summary_models.R stored."""
    return json.loads((FOLDER / "summary_models.json").read_text())


@cache
def one_face():
    """What one_face.R stored."""
    return json.loads((FOLDER / "one_face.json").read_text())


def extended():
    """The data as one_face.R has them, with a column that depends on another and a group `g.1`."""
    return data().assign(**{"twice": 2 * data()["x"], "g.1": data()["h"]})


def column(values):
    """A stored column: one value stands by itself."""
    return values if isinstance(values, list) else [values]


def counted_by_insight():
    """Models whose variances insight 0.19.0 counts in full: of (x || g) it leaves out the slope, of (0 + z | g) all."""
    return [case for case in reference()["lmer"] if "||" not in case["formula"] and "(0 +" not in case["formula"]]


@cache
def data():
    """The data simulated there, with row labels from 1 as in R."""
    frame = pd.read_csv(FOLDER / "summary_data.csv")
    frame["f"] = pd.Categorical(frame["f"], ["low", "mid", "high"])
    return frame.set_axis(range(1, len(frame) + 1))


def numbers(values):
    """Numbers stored with all their digits; null is missing."""
    return np.array([math.nan if value in (None, "NA") else float(value) for value in values])


def lines(text):
    """R's lines without the blank ones at the ends."""
    return "\n".join(text).strip("\n").split("\n")


def assert_same_print(printed, expected):
    """Same text, and numbers that differ at most by one in the last place."""
    assert [NUMBER.sub("", line) for line in printed] == [NUMBER.sub("", line) for line in expected]
    ours, theirs = (NUMBER.findall("\n".join(text)) for text in (printed, expected))
    for one, other in zip(ours, theirs, strict=True):
        last_place = 10.0 ** -len(other.partition(".")[2])
        assert abs(float(one) - float(other)) < 1.5 * last_place
