"""A model frame with some of its terms: the same rows, fewer columns.

Nothing is computed on the data again, so that rows and codings are those of the whole model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..language.formula import RandomTerm
from ..language.rewriting import rewritten
from ..language.terms import Terms
from .columns import INTERCEPT, Columns, ones
from .design import Design
from .evaluate import Recipe
from .model_frame import ModelFrame, RandomPart

__all__ = ["random_part_without", "with_constant_only", "with_fixed_terms", "with_random_parts"]


def with_fixed_terms(frame: ModelFrame, terms: Sequence[int]) -> ModelFrame:
    """Keep these terms of the fixed part, by their positions, and the intercept.

    Raises
    ------
    FitError
        When a category would be coded in another way.
    """
    every = frame.all_columns
    whole = replace(frame.x_design, names=every.names, keep=None)
    design, columns = whole.select(terms, whole.terms.intercept)
    used = set(design.columns_used())
    return frame.changed(
        formula=rewritten(frame.formula, design.terms, frame.formula.random),
        x_columns=every.select(columns),
        x_design=design,
        dependent=None,
        predictors={name: value for name, value in frame.predictors.items() if name in used},
    )


def with_constant_only(frame: ModelFrame) -> ModelFrame:
    """Take an intercept in the place of the fixed part."""
    constant, design = _constant(frame.nobs, frame.x_design.recipe)
    return frame.changed(
        formula=rewritten(frame.formula, design.terms, frame.formula.random),
        x_columns=constant,
        x_design=design,
        dependent=None,
        predictors={},
    )


def with_random_parts(frame: ModelFrame, parts: Sequence[RandomPart]) -> ModelFrame:
    """Take these random-effects terms in the place of the frame's own; grouping factors are among its own."""
    groups = {part.term.group for part in parts}
    groupings = {name: each for name, each in frame.groupings.items() if name in groups}
    formula = rewritten(frame.formula, frame.formula.fixed, [part.term for part in parts])
    return frame.changed(formula=formula, random=tuple(parts), groupings=groupings)


def random_part_without(part: RandomPart, term: int) -> RandomPart | None:
    """Leave one effect out of a random-effects term, by its position; None when nothing is left.

    Where it is a category coded by all its levels, which have the constant among them, the constant is left.

    Raises
    ------
    FitError
        When a category would be coded in another way.
    """
    terms = part.design.terms
    kept = [t for t in range(len(terms.sets)) if t != term]
    if kept or terms.intercept:
        design, columns = part.design.select(kept, terms.intercept)
        return _part(part, design, part.columns.select(columns))
    if not any(part.design.full[term]):
        return None
    constant, design = _constant(part.columns.n, part.design.recipe)
    return _part(part, design, constant)


def _constant(n: int, recipe: Recipe) -> tuple[Columns, Design]:
    constant = Columns((INTERCEPT,), ((ones(n),),), n)
    return constant, Design(Terms((), (), True), constant.names, (), (), recipe, ())


def _part(part: RandomPart, design: Design, columns: Columns) -> RandomPart:
    group = part.term.written.rpartition("|")[2]
    text = design.terms.text.removeprefix("1 + ")  # R leaves the constant unsaid beside other terms
    written = f"{text} | {group.strip()}"
    return RandomPart(
        RandomTerm(design.terms, part.term.group, part.term.parts, part.term.holds_its_group, written), columns, design
    )
