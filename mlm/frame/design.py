"""Model matrices: from the terms of a formula and the values of its variables to columns, and again on new data.

Which categories become contrasts and which indicators is R's rule, and so are the names. Chambers & Hastie (1992),
*Statistical Models in S*, sections 2.3 and 2.4.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from ..errors import DataError, FitError, first_few, shorten
from ..language.terms import Terms
from ..language.tree import Name, Node, spell
from ..language.tree import shown as spelled
from .coding import Coding, coding_of, plain_columns
from .columns import INTERCEPT, Columns, ones
from .evaluate import Recipe
from .likeness import Unlike, places
from .matching import shown
from .rows import demand_defined
from .table import Table
from .values import Category, Matrix, Numbers, Other, Truth, Value, label

__all__ = ["ColumnKey", "Design", "build", "crossed", "full_coding", "recoded"]

# Columns of one model matrix: more than these are no model that anybody reads, and take minutes to decompose; and
# numbers of it: 4 GB, which a machine that people have can hold once.
MAX_COLUMNS = 5_000
MAX_NUMBERS = 500_000_000


ColumnKey = tuple[tuple[str, ...], str, int]
"""Variables of the column's term, its label, and how many columns of the term with that label stand before it."""


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """The recipe for a model matrix.

    Attributes
    ----------
    terms : Terms
        What the formula says.
    names : tuple of str
        The columns it makes.
    codings : tuple of (Coding or None)
        How each variable becomes columns; None for numbers.
    full : tuple of tuple of bool
        Of each term, which of its categories are coded by indicators of all levels.
    recipe : Recipe
        How the variables are computed on new rows.
    spans : tuple of int
        How many columns each term makes, the intercept not counted.
    keep : tuple of int or None
        Positions of the columns in use, when some were dropped as dependent on others.
    """

    terms: Terms
    names: tuple[str, ...]
    codings: tuple[Coding | None, ...]
    full: tuple[tuple[bool, ...], ...]
    recipe: Recipe
    spans: tuple[int, ...]
    keep: tuple[int, ...] | None = None

    def replay(self, table: Table) -> Columns:
        """Make the same columns from new data; what is missing in a variable is missing in its columns.

        Raises
        ------
        DataError
            When a column is missing or of another kind than in the fit, a category was not there, or numbers are
            infinite or undefined.
        """
        columns = self.replay_all(table)
        return columns if self.keep is None else columns.select(list(self.keep))

    def replay_all(self, table: Table) -> Columns:
        """Make the columns from new data, those that were dropped as dependent on others, too."""
        table.demand({"the model": self.columns_used()}, "The new data")
        evaluator = self.recipe.evaluator(table)
        values: list[Value] = []
        for node, coding in zip(self.terms.variables, self.codings, strict=True):
            value = evaluator.variable(node)
            demand_defined(evaluator.told(node), value, table)
            values.append(value if coding is None else recoded(value, coding, spell(node)))
        columns, spans = _columns(self.terms, values, self.codings, self.full, table.n)
        for name, now, then in zip(self.terms.labels, spans, self.spans, strict=True):
            if now != then:
                raise DataError(
                    f"{shorten(name)!r} makes {now} columns of the new data, and made {then} of those of the fit."
                )
        return columns

    def columns_used(self) -> list[str]:
        """Names of the data's columns that the terms use, in the order of the formula."""
        return self.recipe.columns(self.terms.variables)

    def column_keys(self) -> list[ColumnKey]:
        """Tell columns apart that are labelled alike: by their terms' variables, then by how often the label was there.

        The columns of two models are the same where these are.
        """
        of_terms = [tuple(spell(self.terms.variables[k]) for k in term) for term in self.terms.sets]
        owners: list[tuple[str, ...]] = [()] if self.terms.intercept else []
        for owner, span in zip(of_terms, self.spans, strict=True):
            owners += [owner] * span
        if self.keep is not None:
            owners = [owners[k] for k in self.keep]
        seen: Counter[tuple[tuple[str, ...], str]] = Counter()
        keys = []
        for owner, name in zip(owners, self.names, strict=True):
            keys.append((owner, name, seen[owner, name]))
            seen[owner, name] += 1
        return keys

    def without(self, dropped: list[int]) -> Design:
        """Return the recipe that leaves these columns out."""
        keep = tuple(k for k in range(len(self.names)) if k not in set(dropped))
        return replace(self, names=tuple(self.names[k] for k in keep), keep=keep)

    def select(self, terms: Sequence[int], intercept: bool) -> tuple[Design, list[int]]:
        """Return the recipe for some of the terms, and the positions of their columns among all; none is left out.

        Raises
        ------
        FitError
            When a category would be coded in another way than with the terms that are left out.
        """
        chosen, used = self.terms.select(terms, intercept), sorted({k for t in terms for k in self.terms.sets[t]})
        codings = tuple(self.codings[k] for k in used)
        if full_coding(chosen, codings) != tuple(self.full[t] for t in terms):
            left_out = [label for t, label in enumerate(self.terms.labels) if t not in set(terms)]
            raise FitError(
                f"Without {first_few(left_out) or 'the intercept'}, categories of {chosen.text} are coded in another "
                "way; fit the smaller model by its own formula."
            )
        ends = np.cumsum([int(self.terms.intercept), *self.spans]).tolist()
        columns = [0] * intercept + [k for t in terms for k in range(ends[t], ends[t + 1])]
        names = tuple(self.names[k] for k in columns)
        spans = tuple(self.spans[t] for t in terms)
        return Design(chosen, names, codings, tuple(self.full[t] for t in terms), self.recipe, spans), columns

    def with_recipe(self, recipe: Recipe) -> Design:
        """Return the design with another recipe for its variables."""
        return replace(self, recipe=recipe)


def build(
    terms: Terms, values: Mapping[Node, Value], n: int, recipe: Recipe, contrasts: Mapping[str, Any] | None = None
) -> tuple[Design, Columns]:
    """Make the model matrix of some terms.

    Parameters
    ----------
    terms : Terms
    values : mapping of Node to Value
        The terms' variables on the rows in use: without missing values, categories without unused levels.
    n : int
        Number of rows.
    recipe : Recipe
        How the variables are computed on other rows.
    contrasts : mapping of str to str or array_like, optional
        Contrasts by variable.

    Returns
    -------
    Design, Columns

    Raises
    ------
    DataError
        When a variable is neither a number nor a category, a category has one level, or there are too many columns.
    """
    if not terms.variables:  # as in (1 | g)
        columns = _constant(terms.intercept, n)
        return Design(terms, columns.names, (), (), recipe, ()), columns
    mine = [values[node] for node in terms.variables]
    if all([type(value) is Numbers for value in mine]):
        return _of_numbers(terms, mine, n, recipe)
    chosen = contrasts or {}
    codings = tuple(_coding(value, node, chosen) for node, value in zip(terms.variables, mine, strict=True))
    full = full_coding(terms, codings)
    columns, spans = _columns(terms, mine, codings, full, n)
    return Design(terms, columns.names, codings, full, recipe, spans), columns


def _of_numbers(terms: Terms, values: list[Any], n: int, recipe: Recipe) -> tuple[Design, Columns]:
    """The usual case: all variables are numbers, and each term is a column."""
    names = (INTERCEPT, *terms.labels) if terms.intercept else terms.labels
    _demand_few(len(names), n)
    arrays = [tuple([values[k].values for k in term]) for term in terms.sets]
    full = tuple([(False,) * len(term) for term in terms.sets])
    columns = Columns(names, ((ones(n),), *arrays) if terms.intercept else tuple(arrays), n)
    return Design(terms, names, (None,) * len(values), full, recipe, (1,) * len(arrays)), columns


@lru_cache(maxsize=32)  # numbers of rows; an entry is a single number
def _constant(intercept: bool, n: int) -> Columns:
    """The constant alone, or nothing."""
    return Columns((INTERCEPT,), ((ones(n),),), n) if intercept else Columns((), (), n)


def _coding(value: Value, node: Node, chosen: Mapping[str, Any]) -> Coding | None:
    """How a variable is coded; None for numbers; an error for what is neither number nor category."""
    if type(value) is Numbers or type(value) is Matrix:
        return None
    if isinstance(value, Category | Truth):
        name = spell(node)
        return coding_of(value, name, chosen.get(name))
    if isinstance(value, Other):
        raise DataError(
            f"The predictor {spelled(node)!r} is neither numeric nor categorical: it holds {value.what}; "
            f"{value.remedy(shorten(node.name if isinstance(node, Name) else spell(node)))}."
        )
    raise DataError(f"The term {spelled(node)!r} names no column: it is one value for all rows.")


def full_coding(terms: Terms, codings: tuple[Any, ...]) -> tuple[tuple[bool, ...], ...]:
    """R's rule: a category is coded by contrasts where the rest of its term is part of an earlier term.

    Without an intercept, the first category of the first term that has one is coded by indicators.
    """
    if not any(codings):
        return tuple((False,) * len(term) for term in terms.sets)
    parts: set[frozenset[int]] = set()  # of the earlier terms: themselves, and each without one variable
    found = []
    for term in terms.sets:
        rests = [frozenset(term) - {k} for k in term]
        found.append(
            [codings[k] is not None and bool(rest) and rest not in parts for k, rest in zip(term, rests, strict=True)]
        )
        parts.update([frozenset(term), *rests])
    if not terms.intercept:
        places = ((t, p) for t, term in enumerate(terms.sets) for p, k in enumerate(term) if codings[k] is not None)
        for t, p in itertools.islice(places, 1):
            found[t][p] = True
    return tuple(tuple(flags) for flags in found)


def _columns(
    terms: Terms, values: list[Value], codings: tuple[Coding | None, ...], full: tuple[tuple[bool, ...], ...], n: int
) -> tuple[Columns, tuple[int, ...]]:
    """Columns of all terms and how many each has, a term's first variable running fastest."""
    names: list[str] = [INTERCEPT] if terms.intercept else []
    arrays: list[tuple[np.ndarray, ...]] = [(ones(n),)] if terms.intercept else []
    spans = []
    coded: dict[tuple[int, bool], list[tuple[str, np.ndarray]]] = {}
    for term, flags in zip(terms.sets, full, strict=True):
        if len(term) == 1 and type(values[term[0]]) is Numbers:  # most terms are that simple
            ((name, array),) = plain_columns(values[term[0]], spell(terms.variables[term[0]]))
            names.append(name)
            arrays.append((array,))
            spans.append(1)
            continue
        keys = list(zip(term, flags, strict=True))
        spans.append(math.prod([_count(values[k], codings[k], flag) for k, flag in keys]))
        _demand_few(len(names) + spans[-1], n)
        for key in keys:
            if key not in coded:
                k, flag = key
                coded[key] = _coded(values[k], codings[k], spell(terms.variables[k]), flag)
        for name, factors in crossed([coded[key] for key in keys]):
            names.append(name)
            arrays.append(factors)
    _demand_few(len(names), n)
    return Columns(tuple(names), tuple(arrays), n), tuple(spans)


def _count(value: Value, coding: Coding | None, full: bool) -> int:
    """How many columns a variable makes."""
    if coding is not None:
        return len(coding.labels if full else coding.contrast_labels)
    return value.values.shape[1] if isinstance(value, Matrix) else 1


def _demand_few(columns: int, n: int) -> None:
    most = min(MAX_COLUMNS, MAX_NUMBERS // n)
    if columns > most:
        raise DataError(
            f"The formula makes {columns:,} columns or more for {n:,} rows; the limit is {most:,}. Cross fewer "
            "categories, or take what has many levels for a grouping factor: (1 | g)."
        )


def _coded(value: Value, coding: Coding | None, name: str, full: bool) -> list[tuple[str, np.ndarray]]:
    if coding is None:
        return plain_columns(value, name)
    assert isinstance(value, Category | Truth)
    return coding.columns(name, value.codes, full)


def crossed(variables: list[list[tuple[str, np.ndarray]]]) -> Iterator[tuple[str, tuple[np.ndarray, ...]]]:
    """Products of one column of each variable, the first variable's columns running fastest."""
    if len(variables) == 1:
        for name, array in variables[0]:
            yield name, (array,)
        return
    for chosen in itertools.product(*reversed(variables)):
        columns = chosen[::-1]
        yield ":".join(name for name, _ in columns), tuple(array for _, array in columns)


def recoded(value: Value, coding: Coding, name: str) -> Value:
    """Bring a category of new rows to the levels of the fit."""
    name = shorten(name)
    if isinstance(value, Truth):
        return value
    if not isinstance(value, Category):
        raise DataError(f"{name!r} was a category in the fit; in the new data it is none.")
    try:
        codes = places(value.codes, value.levels, coding.levels)[value.codes]
    except Unlike as error:
        raise DataError(
            f"{shorten(name)!r} cannot be matched with the fit: {error}; convert the column first."
        ) from None
    unseen = np.unique(value.codes[(codes < 0) & (value.codes >= 0)])
    if len(unseen):
        raise DataError(
            f"{name!r} has categories that the fit has not seen: {shown([label(value.levels[k]) for k in unseen])}; it "
            f"knew {shown(coding.labels)}."
        )
    return Category(codes, coding.levels)
