"""Sums of a model's columns as something of its own: computed at one place, kept in a file, added up, fitted."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from ..crossproducts.merging import merged
from ..errors import ArgumentError, MlmWarning, brief, is_count, shorten, users_stacklevel
from ..fit.lazy import unread_frame
from ..frame.columns import Columns
from ..frame.rows import Dropped
from ..frame.unread import UnreadColumns, UnreadFrame, UnreadPredictor
from .sums_alike import demand_alike
from .sums_file import read_frame_of_sums, write_frame_of_sums

__all__ = ["ModelSums", "demand_alone", "merge", "read_sums", "sums"]


@dataclass(frozen=True, eq=False)
class ModelSums:
    """Sums of products of a model's columns, in all and within groups: all that a fit needs of the rows.

    `mlm.sums` makes them and `mlm.lmer` fits them.

    Attributes
    ----------
    frame : frame without rows
    """

    frame: UnreadFrame

    @property
    def formula(self) -> str:
        """The formula as it was given."""
        return self.frame.formula.text

    @property
    def nobs(self) -> int:
        """Number of rows."""
        return self.frame.nobs

    @property
    def smallest_group(self) -> int:
        """Rows of the smallest group; where it is 1, the sums of that group are its row."""
        return int(min(factor.counts.min() for factor in self.frame.sums.factors.values()))

    @property
    def smallest_pair(self) -> int | None:
        """Rows of the smallest pair of levels of two grouping factors that occurs; None where that is not known.

        With random slopes, the sums of a pair of one row have that row's predictors in them. Without pairs, and with
        weights, of which sums have no counts by pairs, there is none.
        """
        counts = [] if self.frame.sums.weighted else [pair.products[0, 0] for pair in self.frame.sums.pairs.values()]
        return round(min(float(each.min()) for each in counts)) if counts else None

    def write(self, path: Any) -> None:
        """Write the sums to a Parquet file.

        It has the sums of each group, the combinations of groups that occur, the levels' values, and in its metadata
        the formula, the total sums, and of each predictor the mean, the smallest and the largest value, or the counts
        of its levels. It needs pyarrow (the extra ``big``).

        Parameters
        ----------
        path : str or Path

        Raises
        ------
        DataError
            When the file cannot be written, or pyarrow is not installed.
        """
        write_frame_of_sums(path, self.frame)

    def __repr__(self) -> str:
        groups = ", ".join(f"{name} ({factor.grouping.size})" for name, factor in self.frame.sums.factors.items())
        pair = "" if self.smallest_pair is None else f"; smallest pair: {self.smallest_pair}"
        least = f"smallest group: {self.smallest_group}{pair}"
        return f"Sums of {self.nobs} rows for {self.formula}; groups: {groups}; {least}"


def sums(
    formula: str,
    data: Any,
    weights: str | None = None,
    offset: str | None = None,
    contrasts: Mapping[str, Any] | None = None,
    levels: Mapping[str, Sequence[Any]] | None = None,
    min_group: int = 1,
    data_name: str | None = None,
) -> ModelSums:
    """Sum the products of a model's columns, where the data are.

    Parameters
    ----------
    formula : str
        As for `lmer`.
    data : data frame
        Lazy or in memory, or the name of a Parquet file.
    weights, offset : str, optional
        A column's name, or an expression.
    contrasts : mapping, optional
        As for `lmer`.
    levels : mapping of str to sequence, optional
        All levels of a category, ``{"f": ["a", "b", "c"]}``, where some may have no rows here: sums can be merged when
        their columns are the same. Names are those of the formula, such as ``"factor(k)"``.
    min_group : int, default 1
        Rows of groups with fewer rows than this are left out before anything is summed, and it is said how many.
    data_name : str, optional
        What reports call the data.

    Returns
    -------
    ModelSums

    Raises
    ------
    ArgumentError
        When `min_group` is not a whole number from 1, or `levels` is not a mapping of lists, names what is not a
        category of the formula, or a level twice.
    FormulaError, DataError
        As `lmer`.

    Warns
    -----
    MissingRowsWarning
    MlmWarning
        When `min_group` is asked for, and pairs of fewer rows remain in a model with random slopes.

    Notes
    -----
    Sums are not anonymous. Those of a group of one row are the row; those of a group with no more rows than columns
    can be solved for them; two files of sums that differ by a row give it away. `min_group` protects against the first
    two only, and knows nothing of pairs: with several grouping factors there are sums by pairs of their levels too, and
    where there are random slopes, those of a pair of one row have that row's predictors in them exactly.
    `ModelSums.smallest_pair` says what there is.

    Examples
    --------
    >>> import mlm
    >>> one = {"y": [1.0, 2.0, 4.0, 5.0], "x": [1, 3, 2, 5], "g": list("aabb")}
    >>> other = {"y": [7.0, 9.0, 3.0], "x": [4, 6, 2], "g": list("cca")}
    >>> both = mlm.merge([mlm.sums("y ~ x + (1 | g)", rows) for rows in (one, other)])
    >>> both
    Sums of 7 rows for y ~ x + (1 | g); groups: g (3); smallest group: 2
    >>> mlm.lmer(both).fixef.round(3).to_dict()
    {'(Intercept)': 2.548, 'x': 0.648}
    """
    if not is_count(min_group) or min_group < 1:
        raise ArgumentError(f"`min_group` is a whole number from 1; got {brief(min_group)}.")
    if levels is not None and not (
        isinstance(levels, Mapping) and all(isinstance(each, list | tuple) for each in levels.values())
    ):
        raise ArgumentError(
            f"`levels` maps names to lists of levels, such as {{'f': ['a', 'b']}}; got {brief(levels)}."
        )
    found = ModelSums(
        unread_frame(formula, data, weights, offset, contrasts, None, data_name, levels=levels, least=min_group)
    )
    if min_group > 1:
        _say_pairs(found, min_group)
    return found


def _say_pairs(found: ModelSums, least: int) -> None:
    """Warn of pairs of levels that `min_group` knows nothing of, where sums by pairs are of more than rows."""
    sloped = {names: pair for names, pair in found.frame.sums.pairs.items() if pair.products[:, :, 0].size > 1}
    for names, pair in sloped.items():
        weighted = found.frame.sums.weighted
        small = int((pair.products[0, 0] < least - 0.5).sum())  # counts are sums of ones
        if weighted or small:
            what = "an unknown number (weights are summed, not rows)" if weighted else f"{small:,}"
            warnings.warn(
                f"`min_group` is of single groups: of {len(pair.rows):,} pairs of levels of {shorten(names[0])!r} and "
                f"{shorten(names[1])!r} {what} have fewer than {least} rows, and with random slopes the sums of a pair "
                "of one row are that row's predictors. Leave such rows out, or the slopes, before sums leave the site.",
                MlmWarning,
                stacklevel=users_stacklevel(),
            )


def read_sums(path: Any) -> ModelSums:
    """Read what `ModelSums.write` wrote, and check it.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    ModelSums

    Raises
    ------
    DataError
        When there is no such file, or it is not a file of sums, a damaged one, or one of a later format.

    Examples
    --------
    >>> import mlm
    >>> of_a = mlm.sums("y ~ x + (1 | g)", "visits/*.parquet")  # doctest: +SKIP
    >>> of_a.write("sums_a.parquet")  # doctest: +SKIP
    >>> mlm.lmer(mlm.read_sums("sums_a.parquet"))  # doctest: +SKIP
    """
    return ModelSums(read_frame_of_sums(path))


def merge(parts: Sequence[ModelSums]) -> ModelSums:
    """Add up the sums of several sites, which may share groups: the fit is that of all rows together.

    Parameters
    ----------
    parts : sequence of ModelSums
        Of the same formula, weights and offset, with the same columns.

    Returns
    -------
    ModelSums

    Raises
    ------
    ArgumentError
        When these are not sums.
    DataError
        When they are of different formulas, weights, offsets or columns, or what functions learnt of the data differs.

    Examples
    --------
    >>> import mlm
    >>> rows = {"y": [1.0, 2.0, 4.0, 5.0], "x": [1, 3, 2, 5], "g": list("aabb")}
    >>> site = mlm.sums("y ~ x + (1 | g)", rows)
    >>> mlm.merge([site, site]).nobs
    8
    """
    given = list(parts) if isinstance(parts, list | tuple) else []
    if not given or not all(isinstance(part, ModelSums) for part in given):
        raise ArgumentError(f"`parts` is a list of sums, mlm.merge([a, b]); got {brief(parts)}.")
    frames = [part.frame for part in given]
    for k, frame in enumerate(frames[1:], start=2):
        demand_alike(frames[0], frame, k)
    first = frames[0]
    joined = merged([frame.sums for frame in frames])
    dropped = Dropped(
        sum(frame.dropped.count for frame in frames),
        sum(frame.dropped.total for frame in frames),
        {
            name: sum(frame.dropped.by_column.get(name, 0) for frame in frames)
            for name in dict.fromkeys(name for frame in frames for name in frame.dropped.by_column)
        },
    )
    known = first.known | {
        "x_columns": _of(first.x_columns, joined.nobs),
        "random": tuple(replace(part, columns=_of(part.columns, joined.nobs)) for part in first.random),
        "groupings": {name: factor.grouping for name, factor in joined.factors.items()},
        "dropped": dropped,
        "predictors": _predictors(frames),
        "origin": None,
        "offset_mean": _offset_mean(frames),
    }
    return ModelSums(UnreadFrame(joined, None, known))


def demand_alone(sums: Any, *given: Any) -> ModelSums:
    """Refuse what sums have in them already.

    Raises
    ------
    ArgumentError
    """
    if not isinstance(sums, ModelSums) or any(each is not None for each in given):
        raise ArgumentError(
            "Sums are fitted alone, mlm.lmer(sums): formula, data, weights, offset and contrasts are in them."
        )
    return sums


def _of(columns: Columns, n: int) -> Columns:
    assert isinstance(columns, UnreadColumns)
    return columns.of(n)


def _offset_mean(frames: Sequence[UnreadFrame]) -> float | None:
    """The mean of the offset over all rows together, if there is one."""
    means = [frame.offset_mean for frame in frames]
    if all(mean is None for mean in means):
        return None
    return float(np.average([mean or 0.0 for mean in means], weights=[frame.nobs for frame in frames]))


def _predictors(frames: Sequence[UnreadFrame]) -> dict[str, UnreadPredictor]:
    """What is known of predictors, of all rows together."""
    names = list(frames[0].predictors)
    every: dict[str, list[Any]] = {name: [frame.predictors[name] for frame in frames] for name in names}
    levelled = [name for name in names if all(known.levels for known in every[name])]
    cells = pd.DataFrame()
    if levelled:
        tables = pd.concat([known.cells for known in every[levelled[0]]])
        cells = tables.groupby(levelled, as_index=False)["(rows)"].sum()
    found = {}
    for name in names:
        absent = sum(known.absent for known in every[name])
        if name in levelled:
            levels = _levels([known.levels for known in every[name]])
            counts = cells.groupby(name)["(rows)"].sum()
            rows = tuple(int(counts.get(each, 0)) for each in levels)
            found[name] = replace(every[name][0], levels=levels, counts=rows, absent=absent, cells=cells)
        else:
            told = [_as_numbers(known) for known in every[name]]
            mean = float(np.average([known.typical for known in told], weights=[frame.nobs for frame in frames]))
            low, high = min(known.low for known in told), max(known.high for known in told)
            found[name] = UnreadPredictor(typical=mean, low=low, high=high, absent=absent, cells=cells)
    return found


def _levels(of_sites: Sequence[tuple[Any, ...]]) -> tuple[Any, ...]:
    """Levels of all sites: in the order of the first, or sorted where others have more."""
    every = dict.fromkeys(level for levels in of_sites for level in levels)
    return of_sites[0] if len(every) == len(of_sites[0]) else tuple(sorted(every))


def _as_numbers(known: UnreadPredictor) -> UnreadPredictor:
    """A number that has two values at one site, as the number that it is at another."""
    if not known.levels:
        return known
    mean = float(np.average(known.levels, weights=known.counts))
    return UnreadPredictor(typical=mean, low=min(known.levels), high=max(known.levels))
