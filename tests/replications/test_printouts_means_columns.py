"""Tables of emmeans with columns that only some methods add, and without levels: each number is below its heading."""

import pytest

from replications.printouts.read import read_printout


def read(text):
    (block,) = read_printout(text)
    assert not block.unread
    return {number.id: number.text for number in block.numbers}


COUNTED = """ shed  emmean   SE df  n lower.CL upper.CL
 north   6.12 0.41 88 31     5.30     6.94
 s 2.5   5.07 0.39 88 34     4.29     5.85

Confidence level used: 0.95
"""
TESTED = """ shed emmean   SE df  n lower.CL upper.CL null t.ratio p.value
 east   6.12 0.41 88 31     5.30     6.94    5   2.732  0.0076
 west   5.07 0.39 88 34     4.29     5.85    5   0.179  0.8580
"""


def test_counts_between_known_columns_are_a_column_of_their_own():
    found = read(COUNTED)
    assert {id: found[id] for id in ("north.estimate", "north.n", "s 2_5.df", "s 2_5.n", "s 2_5.ci_high")} == {
        "north.estimate": "6.12", "north.n": "31", "s 2_5.df": "88", "s 2_5.n": "34", "s 2_5.ci_high": "5.85",
    }  # fmt: skip
    assert len(found) == 12


def test_the_heading_of_levels_is_no_part_of_the_next_heading():
    found = read(TESTED)
    assert (found["east.estimate"], found["west.null"], found["west.t"]) == ("6.12", "5", "0.179")
    assert len(found) == 18


def test_a_data_frame_with_a_heading_above_its_labels_keeps_that_apart():
    assert read(" shed mean   sd  n\n east  6.1 1.02 31\n west  5.2 1.12 34\n") == {
        "east.mean": "6.1", "east.sd": "1.02", "east.n": "31", "west.mean": "5.2", "west.sd": "1.12", "west.n": "34",
    }  # fmt: skip


def test_a_joint_test_has_no_label():
    assert read(" df1 df2 F.ratio p.value\n   3  41   2.907  0.0460\n") == {
        "df1": "3", "df2": "41", "F_ratio": "2.907", "p": "0.0460",
    }  # fmt: skip


NOTED = """ model term df1 df2 F.ratio p.value note
 shed         1  41   5.120  0.0290    e
 feed         3  41   2.907  0.0460  d e
 shed:feed    3  41   0.310  0.8180

d: df1 reduced due to linear dependence
"""


def test_notes_of_rows_are_no_numbers_and_move_none():
    found = {n.id: n.text for block in read_printout(NOTED) for n in block.numbers}
    assert found["shed.p"] == "0.0290"
    assert found["feed.p"] == "0.0460"
    assert found["shed:feed.p"] == "0.8180"
    assert len(found) == 12


@pytest.mark.parametrize("heading", ["equiv", "delta", "signif"])
def test_sets_of_levels_stand_behind_the_numbers(heading):
    text = f" feed emmean   SE df lower.CL upper.CL .{heading}.set\n"
    text += " oats   6.12 0.41 88     5.30     6.94  1\n hay    5.07 0.39 88     4.29     5.85  12\n"
    found = read(text)
    assert (found["oats.ci_high"], found["hay.ci_high"]) == ("6.94", "5.85")
    assert (found[f"oats.{heading}_set"], found[f"hay.{heading}_set"]) == ("1", "12")


def test_a_row_that_misses_a_number_of_an_added_column_is_reported():
    printout = read_printout(COUNTED.replace("88 34 ", "88    "))
    assert [line for line, _ in printout.unread] == [3]
    assert {number.line for block in printout for number in block.numbers} == {2}
