"""Sums of a model's columns as something of its own: computed at one place, kept in a file, added up, fitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from ..crossproducts.merging import merged
from ..errors import ArgumentError, DataError, brief, first_few, is_count, shorten
from ..fit.lazy import unread_frame
from ..frame.coding import Coding
from ..frame.columns import Columns
from ..frame.rows import Dropped
from ..frame.unread import UnreadColumns, UnreadFrame, UnreadPredictor
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
        return f"Sums of {self.nobs} rows for {self.formula}; groups: {groups}; smallest group: {self.smallest_group}"


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
        their columns are the same.
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
        When `min_group` is no whole number from 1, or `levels` is no mapping of lists.
    FormulaError, DataError
        As `lmer`.

    Warns
    -----
    MissingRowsWarning

    Notes
    -----
    Sums are no anonymous data. Those of a group of one row are the row; those of a group with no more rows than columns
    can be solved for them; two files of sums that differ by a row give it away. `min_group` protects against the first
    two only.

    Examples
    --------
    >>> import mlm
    >>> one = {"y": [1.0, 2.0, 4.0, 5.0], "x": [1, 3, 2, 5], "g": list("aabb")}
    >>> other = {"y": [7.0, 9.0, 3.0], "x": [4, 6, 2], "g": list("cca")}
    >>> both = mlm.merge([mlm.sums("y ~ x + (1 | g)", one), mlm.sums("y ~ x + (1 | g)", other)])
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
    return ModelSums(
        unread_frame(formula, data, weights, offset, contrasts, None, data_name, levels=levels, least=min_group)
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
        When there is no such file, or it is no file of sums, a damaged one, or one of a later format.

    Examples
    --------
    >>> import mlm
    >>> mlm.sums("y ~ x + (1 | g)", "visits/*.parquet").write("sums_a.parquet")  # doctest: +SKIP
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
        When these are no sums.
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
        _demand_alike(frames[0], frame, k)
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


def demand_alone(*given: Any) -> None:
    """Refuse what sums have in them already.

    Raises
    ------
    ArgumentError
    """
    if any(each is not None for each in given):
        raise ArgumentError(
            "Sums are fitted alone, mlm.lmer(sums): formula, data, weights, offset and contrasts are in them."
        )


def _demand_alike(first: UnreadFrame, other: UnreadFrame, k: int) -> None:
    """Refuse sums of other columns than the first ones."""
    if first.formula.text != other.formula.text:
        raise DataError(
            f"Sums 1 are of {shorten(first.formula.text)!r} and sums {k} of {shorten(other.formula.text)!r}; only "
            "those of one formula can be merged."
        )
    _demand_given_alike(first, other, k)
    if set(first.sums.pairs) != set(other.sums.pairs):
        raise DataError(f"Sums 1 and {k} differ in their grouping factors; sum both in one way.")
    apart = [name for name in first.sums.names if name not in other.sums.names]
    apart += [name for name in other.sums.names if name not in first.sums.names]
    if apart or first.sums.names != other.sums.names or not _coded_alike(first, other):
        what = first_few(apart) or "their categories are coded in different ways"
        raise DataError(
            f"Sums 1 and {k} are of different columns ({what}): a category has other levels there. Name all levels "
            "when summing, mlm.sums(…, levels={'f': ['a', 'b', 'c']}), and use the same contrasts."
        )
    for call, learnt in first.recipe.learnt.items():
        theirs = other.recipe.learnt.get(call, {})
        for key in ("center and scale", "value"):
            if learnt.get(key) != theirs.get(key):
                raise DataError(
                    f"A function of the formula ({call.function}) learnt other numbers of the rows of sums 1 and {k}; "
                    "give the numbers in the formula, such as I((x - 50) / 10)."
                )


def _demand_given_alike(first: UnreadFrame, other: UnreadFrame, k: int) -> None:
    """Refuse sums with other weights, or another offset, than the first ones: they are of another model."""
    for name, nothing in (("weights", 1), ("offset", 0)):
        told = [getattr(frame.call, name) for frame in (first, other)]
        if told[0] != told[1]:
            one, two = (f"no {name}" if text is None else f"{name}={shorten(text)!r}" for text in told)
            remedy = f", where a site has none with a column of {nothing}" if None in told else ""
            raise DataError(
                f"Sums 1 were made with {one} and sums {k} with {two}, so that they are of different models. Sum them "
                f"again with the same `{name}`{remedy}."
            )


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


def _coded_alike(first: UnreadFrame, other: UnreadFrame) -> bool:
    """Whether categories have the same levels and contrasts."""
    for one, two in zip(_codings(first), _codings(other), strict=True):
        if one is None or two is None:
            if one is not two:
                return False
        elif (one.labels, one.contrast_labels) != (two.labels, two.contrast_labels) or not _same_matrix(one, two):
            return False
    return True


def _codings(frame: UnreadFrame) -> list[Coding | None]:
    designs = (frame.x_design, *(part.design for part in frame.random))
    return [coding for design in designs for coding in design.codings]


def _same_matrix(one: Coding, two: Coding) -> bool:
    matrices = [np.zeros(0) if coding.contrast is None else coding.contrast for coding in (one, two)]
    return bool(np.array_equal(matrices[0], matrices[1]))
