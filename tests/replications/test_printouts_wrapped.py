"""Random effects whose correlations do not fit the width: R prints the columns left over below, a line for each row."""

import json
from pathlib import Path

import pytest

from replications.printouts.read import read_printout

PRINTED = json.loads(Path(__file__).parents[1].joinpath("reference", "wrapped_correlations.json").read_text("utf8"))
PAGES = {
    "console": lambda lines: "\n".join(lines),
    "trimmed": lambda lines: "\n".join(line.rstrip() for line in lines),
    "knitr": lambda lines: "\n".join(f"## {line}" for line in lines),
    "github_document": lambda lines: "```r\nm\n```\n\n" + "\n".join(f"    ## {line}" for line in lines) + "\n\nText.",
}


def found(text):
    printout = read_printout(text)
    assert len(printout) == 1
    assert not printout.unread
    return sorted((n.id, n.text) for n in printout[0].numbers)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("width", ["70", "62", "54"])
@pytest.mark.parametrize("what", ["summary", "VarCorr"])
@pytest.mark.parametrize("model", ["one", "two"])
def test_all_is_read_that_a_wide_page_has(model, what, width, page):
    lines, wide = PRINTED[model][width][what], PRINTED[model]["200"][what]
    assert len(lines) > len(wide)
    assert found(PAGES[page](lines)) == found("\n".join(wide))


def test_each_correlation_has_the_line_it_stands_in():
    lines = PRINTED["one"]["70"]["VarCorr"]
    numbers = {number.id: number for number in read_printout("\n".join(lines))[0].numbers}
    last = numbers["varcomp.ward.temperature__pressure_of_air.corr"]
    assert lines[last.line - 1].split() == [last.text]


def test_a_line_lost_below_leaves_open_which_row_the_others_are_of():
    lines = PRINTED["one"]["54"]["VarCorr"]
    low = next(at for at, line in enumerate(lines) if "Residual" in line) + 1
    printout = read_printout("\n".join([*lines[:low], *lines[low + 1 :]]))
    assert not [n for block in printout for n in block.numbers if n.id.endswith("duration__temperature.corr")]
    assert printout.unread
