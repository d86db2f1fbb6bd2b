"""``unclass(VarCorr(m))`` of lme4's models, and ``VarCorr()`` before lme4 1.0: a covariance matrix for each factor."""

from __future__ import annotations

import re
from collections.abc import Callable

from replications.printouts import frames
from replications.printouts.block import Block
from replications.printouts.coefficients import named_vector
from replications.printouts.cursor import Cursor
from replications.printouts.kind import kind
from replications.printouts.lines import Line
from replications.printouts.matrices import Matrix
from replications.printouts.names import slug

_GROUP = re.compile(r"^\s*\$`?([\w.:]+)`?\s*$")
_ATTRIBUTE = re.compile(r"^\s*(?:\$|attr\()")
_SCALAR = re.compile(r"^\s*\[1\]\s+(\S+)\s*$")


@kind("lme4.VarCorr", begins=_GROUP.pattern, turn=44)
def read(cursor: Cursor) -> Block | None:
    """Read the matrices with the standard deviations below each, without which they are none of ``VarCorr()``."""
    first = cursor.peek()
    assert first is not None
    block = Block("lme4.VarCorr", first.number, call=cursor.call())
    behind = cursor.at
    while (line := cursor.skip_blank()) is not None and (found := _GROUP.match(line.text)):
        cursor.take()
        if not _group(cursor, block, slug(found[1])):
            break
        behind = cursor.at
    cursor.at = behind
    _residual(cursor, block)
    return block if block.numbers else None


def _square(matrix: Matrix | None) -> bool:
    """Tell whether a matrix has the same names in front of its rows as above its columns."""
    return matrix is not None and [row.label for row in matrix.rows] == matrix.headings


def _group(cursor: Cursor, block: Block, group: str) -> bool:
    """Read matrix, standard deviations and correlations of a factor; False, and nothing added, where they are not."""
    covariances = frames.read(cursor)
    line, start = cursor.skip_blank(), cursor.at
    if covariances is None or not _square(covariances) or line is None or line.text.strip() != 'attr(,"stddev")':
        return False
    cursor.take()
    deviations = named_vector(cursor, _is_attribute)
    if [name for name, _, _ in deviations] != covariances.headings:
        cursor.at = start
        return False
    _add(block, covariances, lambda one, other: _id(group, one, other, "variance", "cov"))
    for name, text, number in deviations:
        block.add(text, f"varcomp.{group}.{slug(name)}.sd", name, "stddev", number)
    _correlations(cursor, block, group, covariances.headings)
    return True


def _correlations(cursor: Cursor, block: Block, group: str, names: list[str]) -> None:
    start = cursor.at
    line = cursor.skip_blank()
    if line is None or line.text.strip() != 'attr(,"correlation")':
        cursor.at = start
        return
    cursor.take()
    if (found := frames.read(cursor)) is None or found.headings != names or not _square(found):
        cursor.at = start
        return
    _add(block, found, lambda one, other: _id(group, one, other, "corr", "corr"))


def _residual(cursor: Cursor, block: Block) -> None:
    """Read the residual standard deviation, ``attr(,"sc")``, and pass what says whether there is one."""
    while block.numbers:
        behind = cursor.at
        name = cursor.skip_blank()
        value = cursor.peek(1)
        known = name is not None and re.fullmatch(r'\s*attr\(,"(sc|useSc|class|nc\w*)"\)\s*', name.text)
        scalar = _SCALAR.match(value.text) if value is not None else None
        if not known or value is None or scalar is None:
            cursor.at = behind
            return
        if known[1] == "sc":
            block.add(scalar[1], "varcomp.residual.sd", "", "sc", value.number)
        cursor.at += 2


def _is_attribute(line: Line) -> bool:
    return _ATTRIBUTE.match(line.text) is not None


def _id(group: str, one: str, other: str, own: str, both: str) -> str:
    """Return the id of a cell; both cells of a pair have the names in the order of the rows."""
    return (
        f"varcomp.{group}.{slug(one)}.{own}" if one == other else f"varcomp.{group}.{slug(one)}__{slug(other)}.{both}"
    )


def _add(block: Block, matrix: Matrix, id: Callable[[str, str], str]) -> None:
    order = {name: at for at, name in enumerate(matrix.headings)}
    for row in matrix.rows:
        for column, (text, number) in row.cells.items():
            one, other = sorted((row.label, column), key=order.__getitem__)
            block.add(text, id(one, other), row.label, column, number)
