"""The design with every category coded by indicators of all its levels, and what the coefficients say of its effects.

A contrast c of the coefficients is a function ``l = c B`` of the effects of these columns ``D = X B``, and every one
that can be estimated is such a function (Searle 1971, *Linear Models*, section 5.4).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..frame.coding import Coding
from ..frame.model_frame import ModelFrame
from ..language.tree import spell

__all__ = ["FullDesign", "TermSpan", "missing_cells", "model_terms"]

# Singular value of columns of length 1 up to which they are 0: beside the columns of X that depend on others by a
# ten-millionth (frame/rank.py), and the rounding of coefficients with columns that are nearly parallel.
NOTHING = 1e-6
# Difference from a level's contrasts, over the largest of them, that is rounding.
ROUNDING = 1e-9
# Combinations of levels that are looked through for such as no row has: more are no table that anybody reads.
MOST_CELLS = 100_000


@dataclass(frozen=True, slots=True, eq=False)
class TermSpan:
    """A term of the fixed part, and its columns.

    Attributes
    ----------
    label : str
        As R prints it.
    variables : frozenset of int
    categories : frozenset of int
        Those of its variables that are categories.
    columns : tuple of int
        Positions of its columns among those in use; those that depend on others are not there.
    every : tuple of int
        Positions among all columns, those that were left out too.
    """

    label: str
    variables: frozenset[int]
    categories: frozenset[int]
    columns: tuple[int, ...]
    every: tuple[int, ...]

    def within(self, other: TermSpan, by_variables: bool = False) -> bool:
        """Whether another term contains this one: has its numbers and more categories, or all variables and more."""
        if by_variables:
            return self.variables < other.variables
        same_numbers = self.variables - self.categories == other.variables - other.categories
        return same_numbers and self.categories < other.categories


def model_terms(frame: ModelFrame) -> list[TermSpan]:
    """The terms of the fixed part in their order, without the intercept."""
    design = frame.x_design
    kept = range(len(design.names)) if design.keep is None else design.keep
    place = {column: k for k, column in enumerate(kept)}
    coded = _categories(design.codings)
    out, start = [], int(design.terms.intercept)
    for label, variables, span in zip(design.terms.labels, design.terms.sets, design.spans, strict=True):
        every = tuple(range(start, start + span))
        columns = tuple(place[k] for k in every if k in place)
        out.append(TermSpan(label, frozenset(variables), frozenset(variables) & coded, columns, every))
        start += span
    return out


class FullDesign:
    """The design with categories coded by indicators of all levels, ``D = X B``, in terms of the columns X in use.

    Parameters
    ----------
    frame : ModelFrame
    terms : list of TermSpan

    Attributes
    ----------
    terms : list of TermSpan
    length : ndarray, shape (p,)
        Of the columns X.
    treatment : ndarray of bool, shape (P,)
        Which columns of D are those of treatment contrasts.
    spans : list of slice
        Columns of D of each term.
    unit : ndarray, shape (P,)
        What the columns of D were divided by.
    functions : ndarray, shape (p, P)
        B, of columns X divided by their lengths.
    """

    def __init__(self, frame: ModelFrame, terms: list[TermSpan]) -> None:
        self.terms, x, design, values = terms, frame.x, frame.x_design, _values(frame)
        self.length = np.sqrt(np.einsum("ij,ij->j", x, x))
        start = int(design.terms.intercept)
        parts, treatment = [np.ones((start, frame.nobs))], [True] * start
        for variables, flags in zip(design.terms.sets, design.full, strict=True):
            columns, kept = _crossed([values[k] for k in variables], flags)
            parts.append(columns)
            treatment += kept
        self.treatment = np.array(treatment)
        ends = np.cumsum([len(part) for part in parts]).tolist()
        self.spans = [slice(a, b) for a, b in itertools.pairwise(ends)]
        # only what is numeric of a column is scaled: indicators of one term must stay comparable
        self.unit = np.concatenate([_units(part) for part in parts])
        self.functions = np.column_stack(
            [
                _coefficients(x / self.length, (part / unit[:, None]).T, alike)
                for part, unit, alike in zip(parts, np.split(self.unit, ends[:-1]), _alike(frame, terms), strict=True)
            ]
        )

    @cached_property
    def allowed(self) -> list[np.ndarray]:
        """For each term the contrasts, (k, p), in which no effect has a part but its own and those containing it.

        A term of which all columns depend on others was left out of the model, and has no part to be kept from.
        """
        absent = self._columns(lambda other: not other.columns)
        return [_null(self.functions[:, ~(self._concerned(term) | absent)]) for term in self.terms]

    def _concerned(self, term: TermSpan) -> np.ndarray:
        """Which columns of D are a term's own or those of terms that contain it, left out or not: bool (P,)."""
        return self._columns(lambda other: other is term or term.within(other))

    def _columns(self, which: Callable[[TermSpan], bool]) -> np.ndarray:
        """Which columns of D are those of some of the terms: bool (P,)."""
        out = np.zeros(self.functions.shape[1], dtype=bool)
        for term, span in zip(self.terms, self.spans, strict=True):
            out[span] = which(term)
        return out

    def contrasts(self, k: int) -> np.ndarray:
        """Type III contrasts of one term, of coefficients of columns of length 1: shape (m, p)."""
        term, mine = self.terms[k], self.allowed[k]
        if any(term.within(other) for other in self.terms):
            functions = mine @ np.where(self._concerned(term), self.functions, 0.0)
            theirs = _null(functions[:, self.spans[k]]) @ functions
            mine = _null(functions @ theirs.T) @ mine
        columns = np.arange(self.functions.shape[1])[self.spans[k]]
        return self._reduced(
            mine, np.concatenate([columns[self.treatment[columns]], columns[~self.treatment[columns]]])
        )

    def _reduced(self, mine: np.ndarray, own: np.ndarray) -> np.ndarray:
        """Combine rows so that each has 1 for one of the term's columns and 0 for others: the first that can be had."""
        block = (mine @ self.functions)[:, own] * self.unit[own]
        return np.asarray(np.linalg.solve(block[:, _pivots(block)], mine)) if len(block) else mine


def _alike(frame: ModelFrame, terms: Sequence[TermSpan]) -> list[list[int]]:
    """Of the intercept and each term the columns of X in use that belong to terms with the same numeric variables."""
    numeric = [frozenset(), *(term.variables - term.categories for term in terms)]
    taken = {k for term in terms for k in term.columns}
    columns = [[k for k in range(len(frame.x_names)) if k not in taken], *(list(term.columns) for term in terms)]
    return [
        sorted(k for mine, other in zip(columns, numeric, strict=True) if other == own for k in mine) for own in numeric
    ]


def _coefficients(x: np.ndarray, columns: np.ndarray, alike: Sequence[int]) -> np.ndarray:
    """B of ``columns = x B``, of columns of length 1 (n, p) and others (n, k) that they span.

    R codes categories so that a term's columns are combinations of those with the same numbers. There is no rounding
    between these and others then, be they as nearly parallel as a number far from 0 and its square. Only where some
    were left out, as they depended on others, these are needed as well.
    """
    out = np.zeros((x.shape[1], columns.shape[1]))
    for chosen in (list(alike), list(range(x.shape[1]))):
        q, r = np.linalg.qr(x[:, chosen])
        inside = q.T @ columns
        missed = np.abs(columns - q @ inside).max(axis=0, initial=0.0)
        if (missed <= NOTHING).all():
            break
    out[chosen] = np.linalg.solve(r, inside)
    return out


def _null(matrix: np.ndarray) -> np.ndarray:
    """Orthonormal rows N with ``N matrix = 0``, for a matrix (m, k): shape (m - rank, m)."""
    if not matrix.size:
        return np.eye(len(matrix))
    left, sizes, _ = np.linalg.svd(matrix)
    rank = int((sizes > NOTHING * max(1.0, float(sizes[0]))).sum())
    return np.asarray(left[:, rank:].T)


def _pivots(block: np.ndarray) -> list[int]:
    """The first columns of a matrix (k, m) of rank k that are independent: k positions."""
    found: list[int] = []
    rest = block / np.abs(block).max()
    for j in range(block.shape[1]):
        size = float(np.sqrt(rest[:, j] @ rest[:, j]))
        if size > NOTHING and len(found) < len(block):
            found.append(j)
            direction = rest[:, j] / size
            rest = rest - np.outer(direction, direction @ rest)
    return found


def _units(columns: np.ndarray) -> np.ndarray:
    """One unit for all columns of a term, (k, n): their largest element."""
    largest = np.abs(columns).max(initial=0.0)
    return np.full(len(columns), largest if largest > 0.0 else 1.0)


def _crossed(values: list[np.ndarray | list[np.ndarray]], flags: Sequence[bool]) -> tuple[np.ndarray, list[bool]]:
    """Columns (k, n) of a term with all levels of its categories, and which of them treatment contrasts have."""
    columns, kept = [], []
    for chosen in itertools.product(*[list(enumerate(v)) for v in reversed(values)]):
        arrays = [array for _, array in chosen[::-1]]
        columns.append(np.prod(arrays, axis=0))
        levels = zip([j for j, _ in chosen[::-1]], values, flags, strict=True)
        kept.append(all(j > 0 or full or isinstance(v, list) for j, v, full in levels))
    return np.array(columns), kept


def _values(frame: ModelFrame) -> list[np.ndarray | list[np.ndarray]]:
    """Of each variable its indicators, an array (levels, n); of numbers a list of their columns, shapes (n,)."""
    design, coded = frame.x_design, _categories(frame.x_design.codings)
    found: dict[int, tuple[bool, list[np.ndarray]]] = {}
    for variables, flags, columns in zip(design.terms.sets, design.full, _term_columns(frame), strict=True):
        for position, (k, full) in enumerate(zip(variables, flags, strict=True)):
            if k not in found:
                distinct = {id(arrays[position]): arrays[position] for arrays in columns}
                found[k] = full, list(distinct.values())
    out: list[np.ndarray | list[np.ndarray]] = []
    for k, coding in enumerate(design.codings):
        full, arrays = found[k]
        out.append(_indicators(coding, np.array(arrays), full) if coding is not None and k in coded else arrays)
    return out


def _term_columns(frame: ModelFrame) -> Iterator[tuple[tuple[np.ndarray, ...], ...]]:
    """Columns of each term as the arrays whose products they are, dropped ones too."""
    columns, design = frame.all_columns, frame.x_design
    start = int(design.terms.intercept)
    for span in design.spans:
        yield columns.factors[start : start + span]
        start += span


def _categories(codings: Sequence[Coding | None]) -> frozenset[int]:
    """Variables that are categories with contrasts for all levels; where there are fewer, these count as numbers."""
    return frozenset(
        k
        for k, coding in enumerate(codings)
        if coding is not None and (coding.contrast is None or coding.contrast.shape[1] == len(coding.labels) - 1)
    )


def _indicators(coding: Coding, columns: np.ndarray, full: bool) -> np.ndarray:
    """Indicators of all levels, (levels, n), from a category's columns (k, n)."""
    if full:
        return columns
    if coding.contrast is None:
        return np.concatenate([1.0 - columns.sum(axis=0, keepdims=True), columns])
    size = np.abs(coding.contrast).max()
    away = [np.abs(columns - row[:, None]).max(axis=0) for row in coding.contrast]
    return (np.array(away) <= ROUNDING * size).astype(float)


def missing_cells(frame: ModelFrame) -> list[str]:
    """Combinations of levels that no row has, of the categories of terms, as R names their columns."""
    design, out = frame.x_design, dict[str, None]()
    several = [term for term in model_terms(frame) if len(term.categories) > 1]
    values = _values(frame) if several else []
    for chosen in dict.fromkeys(tuple(sorted(term.categories)) for term in several):
        codings = [coding for k in chosen if (coding := design.codings[k]) is not None]
        labels = [
            [spell(design.terms.variables[k]) + end for end in c.labels] for k, c in zip(chosen, codings, strict=True)
        ]
        if np.prod([len(each) for each in labels]) > MOST_CELLS:
            continue
        shape = tuple(len(each) for each in labels)
        cells = np.ravel_multi_index([np.argmax(values[k], axis=0) for k in chosen], shape, order="F")
        absent = np.bincount(cells, minlength=int(np.prod(shape))) == 0
        for at in zip(*np.unravel_index(np.flatnonzero(absent), shape, order="F"), strict=True):
            out[":".join(each[j] for each, j in zip(labels, at, strict=True))] = None
    return list(out)
