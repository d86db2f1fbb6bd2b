"""A number's line is the one it stands in: in notebooks, and where counts of groups go on below."""

import json

import pytest

from replications.printouts.read import read_printout


def _markdown(*lines):
    return {"cell_type": "markdown", "metadata": {}, "source": [f"{line}\n" for line in lines]}


def _code(source, output):
    return {
        "cell_type": "code",
        "metadata": {},
        "execution_count": 1,
        "source": source,
        "outputs": [output],
    }


def _stream(text):
    return {"output_type": "stream", "name": "stdout", "text": text}


def _table(*rows):
    cells = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row.split("|")) + "</tr>\n" for row in rows)
    return {"output_type": "display_data", "data": {"text/html": f"<table>\n{cells}</table>", "text/plain": ""}}


def test_lines_of_a_notebook_are_counted_once():
    cells = [
        _markdown("# Title", "Text", "- a", "- b"),
        _code("logLik(m)", _stream("'log Lik.' -897.0393 (df=4)\n")),
        _markdown("More", "of it"),
        _code("AIC(m)", _stream("[1] 1802.079\n")),
        _code("tab", _table("term|estimate", "week|0.52", "age|0.31")),
        _code("BIC(m)", _stream("[1] 1814.85\n")),
    ]
    text = json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 2})
    numbers = [number for block in read_printout(text) for number in block.numbers]
    lines = [number.line for number in numbers]
    assert lines == sorted(lines)
    by_line = {}
    for number in numbers:
        by_line.setdefault(number.line, []).append(number.text)
    assert list(by_line.values()) == [["-897.0393", "4"], ["1802.079"], ["0.52"], ["0.31"], ["1814.85"]]
    assert lines[0] == 8


@pytest.mark.parametrize(
    ("counts", "lines"),
    [
        ("Number of obs: 1190, groups:\nschoolid:classid, 312; schoolid, 107", [8, 9, 9]),
        ("Number of obs: 1190, groups:  schoolid:classid, 312;\nschoolid, 107", [8, 8, 9]),
        ("Number of obs: 1190, groups:  schoolid:classid, 312; schoolid, 107", [8, 8, 8]),
    ],
)
def test_counts_of_groups_have_the_line_they_stand_in(counts, lines):
    text = f"""Linear mixed model fit by REML ['lmerMod']
Formula: y ~ x + (1 | schoolid:classid) + (1 | schoolid)
Random effects:
 Groups           Name        Variance Std.Dev.
 schoolid:classid (Intercept)  86.0     9.27
 schoolid         (Intercept)  66.8     8.17
 Residual                     690.9    26.28
{counts}
"""
    (block,) = read_printout(text)
    assert [number.line for number in block.numbers if number.id.startswith("n_")] == lines
