"""The stages between the frame and the search: terms in lme4's order, independent columns, the deviance function."""

from __future__ import annotations

import warnings

import numpy as np

from ..crossproducts.bases import DEPENDENT_SHARE
from ..crossproducts.blocks import CrossProducts, FactorProducts
from ..crossproducts.in_memory import cross_products
from ..errors import DataError, FormulaError, RankWarning, first_few, users_stacklevel
from ..frame.columns import INTERCEPT, Columns
from ..frame.grouping import Grouping
from ..frame.model_frame import ModelFrame, RandomPart
from ..frame.rank import dependent_columns
from ..frame.units import LARGEST_PRODUCTS, demand_squares
from ..language.formula import Formula
from ..likelihood.covariance import covariance_layout
from ..likelihood.deviance import AUTOMATIC, Deviance, Solving

__all__ = [
    "demand_random",
    "deviance_function",
    "grouping_factors",
    "independent_columns",
    "parallel_together",
    "products_of",
    "say_dropped",
    "sorted_terms",
    "with_joint",
    "without_dependent",
]

# Squared share of its length that sets a column apart from one of another term, below which they are nearly parallel: a
# mean of 30 standard deviations. The squares that differences are taken of are as many times as large: three digits.
PARALLEL_SHARE = 1e-3
# Share of a column's length before it is shifted, up to which what is new of it is rounding: some hundred of a float's.
SHIFTED_ROUNDING = 1e-13
LEAST_SQUARES = "mlm.lm for ordinary least squares"


def demand_random(formula: Formula, otherwise: str = LEAST_SQUARES) -> None:
    """Refuse a formula without random effects; `otherwise` says what fits it.

    Raises
    ------
    FormulaError
    """
    if not formula.random:
        raise FormulaError(
            f"The formula has no random-effects term; add one such as '(1 | group)', or use {otherwise}.\n"
            f"  {formula.text}"
        )


def sorted_terms(frame: ModelFrame, otherwise: str = LEAST_SQUARES) -> list[RandomPart]:
    """Terms by number of levels, the largest first: the order of theta in lme4.

    Terms that are not in this order already are sorted so that ties come out reversed, as lme4's do. `otherwise` says
    what fits a formula without any.
    """
    if len(frame.random) == 1:
        return list(frame.random)
    demand_random(frame.formula, otherwise)
    levels = [frame.groupings[part.term.group].size for part in frame.random]
    if levels == sorted(levels, reverse=True):
        return list(frame.random)
    order = sorted(range(len(levels)), key=levels.__getitem__)
    return [frame.random[k] for k in reversed(order)]


def grouping_factors(frame: ModelFrame, terms: list[RandomPart]) -> list[tuple[Grouping, Columns]]:
    """Grouping factors with the columns of all their terms, the largest first."""
    if len(terms) == 1:
        return [(frame.groupings[terms[0].term.group], terms[0].columns)]
    joined: dict[str, Columns] = {}
    for part in terms:
        have = joined.get(part.term.group)
        joined[part.term.group] = (
            part.columns
            if have is None
            else Columns(have.names + part.columns.names, have.factors + part.columns.factors, have.n)
        )
    factors = [(frame.groupings[name], columns) for name, columns in joined.items()]
    return sorted(factors, key=lambda f: -f[0].size * len(f[1].names))


def independent_columns(
    frame: ModelFrame, terms: list[RandomPart], quiet: bool = False
) -> tuple[ModelFrame, CrossProducts]:
    """Compute the cross-products; drop fixed-effects columns that depend on others, as lme4 does, and say so.

    Of a smaller model that is fitted to compare, `quiet`, it is not said.

    Raises
    ------
    DataError
        When as many independent columns are left as there are rows.
    """
    factors = grouping_factors(frame, terms)
    if len(frame.x_names) >= frame.nobs:  # to find the dependent ones costs less than the products of so many
        frame = without_dependent(frame, quiet)
        if len(frame.x_names) >= frame.nobs:
            raise DataError(
                f"{frame.nobs} rows for {len(frame.x_names)} fixed effects leave nothing to estimate; use fewer "
                "predictors."
            )
    sizes = _sizes(terms, factors)
    products = cross_products(frame, factors, sizes=sizes)
    if not products.independent:
        frame = without_dependent(frame, quiet)
        return frame, products_of(frame, terms, orthonormal=True)
    return frame, _with_joint(frame, factors, products, sizes)


def products_of(frame: ModelFrame, terms: list[RandomPart], orthonormal: bool) -> CrossProducts:
    """Compute the cross-products of columns that are known to be independent.

    Parameters
    ----------
    frame : ModelFrame
    terms : list of RandomPart
    orthonormal : bool
        Whether to work with an orthonormal basis of the fixed-effects columns.

    Returns
    -------
    CrossProducts
    """
    factors = grouping_factors(frame, terms)
    sizes = _sizes(terms, factors)
    return _with_joint(frame, factors, cross_products(frame, factors, orthonormal=orthonormal, sizes=sizes), sizes)


def _sizes(terms: list[RandomPart], factors: list[tuple[Grouping, Columns]]) -> list[tuple[int, ...]]:
    """Columns of each term of each factor."""
    return [tuple([len(t.columns.names) for t in terms if t.term.group == g.name]) for g, _ in factors]


def _with_joint(
    frame: ModelFrame,
    factors: list[tuple[Grouping, Columns]],
    products: CrossProducts,
    sizes: list[tuple[int, ...]],
) -> CrossProducts:
    """The same with those of a factor's terms together, where columns of different terms are nearly parallel."""
    together = parallel_together(products, sizes)
    if together is None:
        return products
    joint = cross_products(frame, factors, products.shift.rotation is not None, together)
    return with_joint(products, joint)


def parallel_together(products: CrossProducts, sizes: list[tuple[int, ...]]) -> list[tuple[int, ...]] | None:
    """Columns of the terms of each factor, as one term where columns of different ones are nearly parallel, or None."""
    parallel = [len(s) > 1 and _has_parallel(s, f) for s, f in zip(sizes, products.factors, strict=True)]
    if not any(parallel):
        return None
    return [(sum(s),) if near else s for s, near in zip(sizes, parallel, strict=True)]


def with_joint(products: CrossProducts, joint: CrossProducts) -> CrossProducts:
    """Keep cross-products of all terms of a factor together, where these have a basis."""
    return products._replace(joint=joint) if _is_clear(joint) else products


def _has_parallel(sizes: tuple[int, ...], factor: FactorProducts) -> bool:
    """Whether a column of one term of a factor is nearly parallel to one of another."""
    term = np.repeat(np.arange(len(sizes)), sizes)
    total = factor.zz.sum(axis=2)
    length = np.sqrt(np.maximum(total.diagonal(), np.finfo(float).tiny))
    cosines = np.where(term[:, None] == term, 0.0, total / (length[:, None] * length))
    return bool(1.0 - float(np.max(cosines * cosines)) < PARALLEL_SHARE)


def _is_clear(joint: CrossProducts) -> bool:
    """Whether no column is a combination of the others: where one is, there is no basis of all."""
    return all(f.basis is None or min(f.basis.shares.tolist()) > DEPENDENT_SHARE for f in joint.factors)


def without_dependent(frame: ModelFrame, quiet: bool = False) -> ModelFrame:
    """Drop the columns that depend on columns to their left, if there are any, and say so unless `quiet`."""
    demand_squares(frame, LARGEST_PRODUCTS)
    dropped = _dependent(frame)
    if not dropped:
        return frame
    if not quiet:
        say_dropped(frame, dropped)
    return frame.without(dropped)


def say_dropped(frame: ModelFrame, dropped: list[int]) -> None:
    """Warn that fixed-effects columns depend on others and are left out."""
    names = [frame.x_names[k] for k in dropped]
    kept = [name for k, name in enumerate(frame.x_names) if k not in frozenset(dropped)]
    warnings.warn(
        f"The fixed-effects columns are linearly dependent: {first_few(names)} {'was' if len(names) == 1 else 'were'} "
        f"dropped, being constant or a combination of the {len(kept)} columns kept ({first_few(kept)}). "
        f"Leave {'it' if len(names) == 1 else 'them'} out of the formula.",
        RankWarning,
        stacklevel=users_stacklevel(),
    )


def _dependent(frame: ModelFrame) -> list[int]:
    """Positions of the columns that depend on columns to their left, wherever the variables have their zero.

    Beside an intercept, columns are shifted by their means: far from 0, x² is x times a number to seven digits.
    """
    x, root = frame.x, 1.0 if frame.weights is None else np.sqrt(frame.weights)[:, None]
    if INTERCEPT not in frame.x_names:
        return dependent_columns(x * root)
    means = np.add.reduce(x, 0) / frame.nobs
    means[frame.x_names.index(INTERCEPT)] = 0.0
    return dependent_columns((x - means) * root, least=SHIFTED_ROUNDING * np.sqrt(np.square(x * root).sum(axis=0)))


def deviance_function(
    terms: list[RandomPart], products: CrossProducts, reml: bool, solving: Solving = AUTOMATIC
) -> Deviance:
    """Build the deviance function of the columns worked with: the layout of theta on these cross-products."""
    position = {f.name: k for k, f in enumerate(products.factors)}
    sizes = tuple([(position[t.term.group], len(t.columns.names)) for t in terms])
    return Deviance(products, covariance_layout(sizes, len(products.factors)), reml, solving)
