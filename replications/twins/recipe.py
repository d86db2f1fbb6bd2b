"""How a recipe is written: what is kept of a data set, as plain data.

A recipe is stored inside the aggregates file, so that the generator needs nothing else.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict, final

Product = list[str]  # terms that are multiplied to one column of a design matrix; "1" alone is the intercept


class ColumnSpec(TypedDict):
    """A level-1 column.

    Attributes
    ----------
    name : str
    scale : int
        Values are stored as the integer ``value * scale``; 1 by default.
    levels : list of int
        Of a categorical column, which enters products as dummies ``name#level``, the lowest level left out.
    items : list of str
        Of a composite, which is the row mean of those of these columns that are present.
    """

    name: str
    scale: NotRequired[int]
    levels: NotRequired[list[int]]
    items: NotRequired[list[str]]


class BlockSpec(TypedDict):
    """A set of rows that are complete on the ``cross`` columns, between which products are kept.

    A row belongs to the first block it fits; the last block has no cross columns and takes the rest. Columns are laid
    in the order of ``cross``.
    """

    name: str
    cross: list[str]


@final
class ColumnTerm(TypedDict):
    """A term made of a level-1 column: as it is, rescaled within the group, or its group mean or deviation from it.

    ``all_rows`` of the group, or the ``used_rows`` of the model only, decide the mean and the standard deviation.
    """

    column: str
    transform: Literal["raw", "rescale_all_rows", "mean_used_rows", "center_used_rows"]


@final
class ConstantTerm(TypedDict):
    """A term made of a group constant: as it is, or rescaled over all groups."""

    constant: str
    transform: Literal["raw", "rescale_all_groups"]


class Model(TypedDict):
    """A model whose residual figures are printed.

    Attributes
    ----------
    name, outcome : str
    kind : "lm" or "lmer"
    blocks : list of str
        Blocks whose rows are used.
    require : list of str
        Constants without which a group is left out.
    fixed : list of list of str
        Fixed effects as products of terms.
    printed : list of str
        Min, 1Q, Median, 3Q, Max as printed.
    reml : bool
        Of "lmer", as are the next two.
    random : list of list of str
        Random effects.
    theta : list of float
        Relative covariance parameters at the optimum, in lme4's order; in the aggregates file only.
    groups : list of str
        Of "lm", as is the next one: the only groups used.
    group_dummies : bool
        Whether every group has an intercept of its own.
    """

    name: str
    kind: Literal["lm", "lmer"]
    outcome: str
    blocks: list[str]
    require: list[str]
    fixed: list[Product]
    printed: list[str]
    reml: NotRequired[bool]
    random: NotRequired[list[Product]]
    theta: NotRequired[list[float]]
    groups: NotRequired[list[str]]
    group_dummies: NotRequired[bool]


class Grade(TypedDict):
    """How finely a product is told: to which width at best, and log2 of the pairings that must remain."""

    width: float
    bits: int


class Rounding(TypedDict):
    """How the one product of a two-column data set is rounded (see `disclosure`).

    ``unit`` is the product of the two scales, ``total_width`` the width to which the sum over all groups is told.
    """

    unit: int
    fine_groups: list[str]
    fine: Grade
    coarse: Grade
    total_width: float


class Recipe(TypedDict):
    """What is kept of a data set.

    Attributes
    ----------
    dataset, group : str
        Its name, and the column that names the groups.
    seed : int
        Of all random numbers behind the twin; another one gives another twin, as good.
    constants : list of str
        Columns that are constant within groups.
    layout : list of str
        All columns in the original's order.
    columns, blocks, terms, models
        See there; terms by name.
    only_in : dict
        Column -> groups for which alone it is kept.
    group_blocks : dict
        Group -> its blocks, where they differ.
    rounding : Rounding
        Where products are not exact.
    small : bool
        Whether columns are settled one by one, each by the figures it decides (see `residuals.small_groups`).
    """

    dataset: str
    group: str
    seed: int
    constants: list[str]
    layout: list[str]
    columns: list[ColumnSpec]
    blocks: list[BlockSpec]
    terms: dict[str, ColumnTerm | ConstantTerm]
    models: list[Model]
    only_in: NotRequired[dict[str, list[str]]]
    group_blocks: NotRequired[dict[str, list[BlockSpec]]]
    rounding: NotRequired[Rounding]
    small: NotRequired[bool]
