"""Categories as columns: contrasts or indicators of the levels, named as R names them.

Sum and Helmert contrasts are those of `formulaic`. R's default is treatment contrasts, and polynomial ones for
categories whose order means something. Chambers & Hastie (1992), *Statistical Models in S*, section 2.3.2.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from ..errors import ArgumentError, DataError, counted, first_few, shorten, suggest
from ..language.tree import Name, Node, spell, walk
from .values import Category, Matrix, Numbers, Truth, Value, label

__all__ = ["Coding", "checked_contrasts", "coding_of", "completed", "contrast_matrix", "demand_levels"]

NAMED = ("treatment", "sum", "helmert", "poly", "SAS")


@dataclass(frozen=True, slots=True, eq=False)
class Coding:
    """How one variable of a model matrix becomes columns.

    Attributes
    ----------
    levels : Index, ndarray or None
        Of a category; None for numbers.
    labels : tuple of str
        Endings of the indicators' names.
    contrast : ndarray, shape (levels, columns), or None
        None for treatment contrasts with the first level as reference, which are indicators of the others.
    contrast_labels : tuple of str
        Endings of the contrasts' names.
    """

    levels: Any
    labels: tuple[str, ...]
    contrast: np.ndarray | None
    contrast_labels: tuple[str, ...]

    def columns(self, name: str, codes: np.ndarray, full: bool) -> list[tuple[str, np.ndarray]]:
        """Names and values (n,) of the columns: indicators of all levels (`full`), or contrasts."""
        if not full and self.contrast is not None:
            rows = np.vstack([self.contrast, np.full(self.contrast.shape[1], np.nan)])
            values = np.asfortranarray(rows[codes])
            return [(name + end, values[:, k]) for k, end in enumerate(self.contrast_labels)]
        absent = codes < 0
        some = bool(absent.any())
        columns = []
        for k in range(0 if full else 1, len(self.labels)):
            indicator = (codes == k).astype(float)
            if some:
                indicator[absent] = np.nan
            columns.append((name + self.labels[k], indicator))
        return columns


def coding_of(value: Category | Truth, name: str, chosen: Any = None, rows: int | None = None) -> Coding:
    """Decide how a category is coded.

    Parameters
    ----------
    value : Category or Truth
        On the rows of the fit.
    name : str
        The variable as R prints it, for messages.
    chosen : str, array_like or None
        A contrast that was asked for; None leaves it to the formula and the category.
    rows : int, optional
        Rows in use, where the codes are not theirs.

    Raises
    ------
    DataError
        When there are fewer than two levels.
    """
    levels: Any = np.array([False, True]) if isinstance(value, Truth) else value.levels
    labels = ("FALSE", "TRUE") if isinstance(value, Truth) else value.labels
    if isinstance(value, Category) and len(labels) < 2:
        used = counted(len(value.codes) if rows is None else rows, "row")
        raise DataError(
            f"The category {shorten(name)!r} has one level ({shorten(labels[0])}) in the {used} used: it has nothing "
            "to tell apart. Take it out of the formula."
        )
    contrast = chosen
    if contrast is None and isinstance(value, Category):
        contrast = value.contrast if value.contrast is not None else "poly" if value.ordered else None
    if contrast is None or (isinstance(contrast, str) and contrast == "treatment"):
        return Coding(levels, labels, None, labels[1:])
    matrix, ends = contrast_matrix(contrast, labels, name)
    return Coding(levels, labels, matrix, ends)


def contrast_matrix(contrast: Any, labels: tuple[str, ...], name: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return a contrast matrix (levels, columns) and its columns' names.

    Raises
    ------
    ArgumentError
        When there is no contrast of this name, or a matrix does not fit the levels.
    """
    numbered = tuple(str(k + 1) for k in range(len(labels) - 1))
    if isinstance(contrast, str) and contrast == "poly":
        return polynomial_contrasts(len(labels)), (".L", ".Q", ".C", *(f"^{k}" for k in numbered[3:]))[: len(numbered)]
    if isinstance(contrast, str) and contrast == "sas":  # indicators too; the last level is the reference
        return np.eye(len(labels))[:, :-1], labels[:-1]
    if isinstance(contrast, str):
        from formulaic.transforms import contrasts

        kinds = {"sum": contrasts.SumContrasts, "helmert": contrasts.HelmertContrasts}
        if contrast not in kinds:
            raise ArgumentError(
                f"Contrasts of {shorten(name)!r} are {', '.join(NAMED)} or a matrix; got {shorten(contrast)!r}."
            )
        return np.asarray(kinds[contrast]().get_coding_matrix(list(labels), reduced_rank=True), dtype=float), numbered
    if isinstance(contrast, pd.DataFrame):
        contrast = _by_label(contrast, labels, name)
    ends = tuple(map(str, contrast.columns)) if isinstance(contrast, pd.DataFrame) else None
    matrix = _numbers(contrast, labels, name)
    if matrix.ndim == 1 and len(matrix) == len(labels) > 1:  # R too completes a single contrast
        matrix = completed(matrix[:, None], name)
    if matrix.ndim != 2 or matrix.shape[0] != len(labels) or not 0 < matrix.shape[1] < len(labels):
        raise ArgumentError(
            f"A contrast matrix of {shorten(name)!r} has one row for each of its {len(labels)} levels and at most "
            f"{len(labels) - 1} columns; got shape {matrix.shape}."
        )
    _demand_finite(matrix, name)
    if np.linalg.matrix_rank(matrix - matrix.mean(axis=0)) < matrix.shape[1]:
        raise ArgumentError(f"The columns of the contrast matrix of {shorten(name)!r} do not tell its levels apart.")
    return matrix, ends or tuple(str(k + 1) for k in range(matrix.shape[1]))


def _numbers(contrast: Any, labels: tuple[str, ...], name: str) -> np.ndarray:
    """A contrast matrix as floats of its own, NaN where it is masked or missing."""
    try:
        values = np.ma.asarray(contrast)
        if values.dtype.kind == "O":
            values = np.ma.where(pd.isna(values.data), np.nan, values)
        there = values.compressed()
        if values.dtype.kind in "biuf" or (
            values.dtype.kind == "O" and all(isinstance(v, Real | Decimal) for v in there)
        ):
            return np.array(np.ma.filled(values.astype(float), np.nan), dtype=float)
    except (TypeError, ValueError, OverflowError):
        pass  # ragged rows, numbers beyond the floats
    is_complex = any(
        isinstance(each, complex | np.complexfloating) for each in np.ravel(np.array(contrast, dtype=object))
    )
    given = "complex numbers" if is_complex else type(contrast).__name__
    raise ArgumentError(
        f"A contrast matrix of {shorten(name)!r} is made of real numbers, one row for each of its {len(labels)} "
        f"levels; got {given}."
    )


def _demand_finite(matrix: np.ndarray, name: str) -> None:
    bad = int((~np.isfinite(matrix)).sum())
    if bad:
        raise ArgumentError(
            f"{bad} of the {matrix.size} numbers in the contrast matrix of {shorten(name)!r} are missing or infinite; "
            "give a number for each level and contrast."
        )


def completed(matrix: np.ndarray, name: str) -> np.ndarray:
    """Contrasts (levels, k) and, as R adds them, orthonormal ones orthogonal to these and to a constant.

    Raises
    ------
    ArgumentError
        When the contrasts do not tell levels apart.

    Examples
    --------
    >>> completed(np.array([[1.0], [0.0], [-1.0]]), "f").round(3).tolist()
    [[1.0, 0.408], [0.0, -0.816], [-1.0, 0.408]]
    """
    _demand_finite(matrix, name)
    given = np.column_stack([np.ones(len(matrix)), matrix])
    if given.shape[1] > len(matrix):
        return matrix
    if np.linalg.matrix_rank(given) < given.shape[1]:
        raise ArgumentError(f"The columns of the contrast matrix of {shorten(name)!r} do not tell its levels apart.")
    # Householder's QR, as in R: also the signs of what is added are the same
    return np.column_stack([matrix, np.linalg.qr(given, mode="complete")[0][:, given.shape[1] :]])


def polynomial_contrasts(count: int) -> np.ndarray:
    """Orthonormal polynomials on equally spaced levels, of degrees 1 to count - 1, shape (count, count - 1).

    By the three-term recurrence, each made orthogonal to all before it twice over: to rounding, whatever their number
    (formulaic's lose orthogonality from some 30 levels on). Gautschi (2004), *Orthogonal Polynomials: Computation and
    Approximation*, section 2.2.

    Examples
    --------
    >>> polynomial_contrasts(3).round(3).tolist()
    [[-0.707, 0.408], [0.0, -0.816], [0.707, 0.408]]
    """
    scores = np.arange(count) - (count - 1) / 2
    basis = np.empty((count, count))
    basis[:, 0] = 1 / np.sqrt(count)
    for degree in range(1, count):
        column = scores * basis[:, degree - 1]
        for _ in range(2):
            column = column - basis[:, :degree] @ (basis[:, :degree].T @ column)
        basis[:, degree] = column / np.sqrt(column @ column)
    return basis[:, 1:] + 0.0


def _by_label(contrast: pd.DataFrame, labels: tuple[str, ...], name: str) -> pd.DataFrame:
    """Rows of a labelled contrast matrix in the order of the levels; columns of levels that no row has are left out.

    Raises
    ------
    ArgumentError
        When its labels are not those of the levels.
    """
    if isinstance(contrast.index, pd.RangeIndex) and len(contrast) == len(labels):
        return contrast
    known = [label(each) for each in contrast.index]
    absent = [each for each in labels if each not in known]
    if absent or len(set(known)) < len(known):
        there, wanted = (first_few(list(map(shorten, each))) for each in (known, labels))
        raise ArgumentError(
            f"The rows of the contrast matrix of {shorten(name)!r} are labelled {there}; its levels are {wanted}. "
            "Label them so, or give a matrix without labels, in the order of the levels."
        )
    chosen = contrast.iloc[[known.index(each) for each in labels]]
    return chosen.loc[:, (chosen != 0).any()] if chosen.shape[1] >= len(labels) else chosen


def checked_contrasts(contrasts: Any, variables: Iterable[Node], values: Mapping[Any, Value]) -> dict[str, Any]:
    """Check the argument `contrasts`: {variable: contrast}.

    Parameters
    ----------
    contrasts : mapping or None
    variables : iterable of Node
        Those of the fixed part.
    values : mapping of Node to Value

    Raises
    ------
    ArgumentError
        When it is not a mapping, or names what is not a category of the fixed part.
    """
    if contrasts is None:
        return {}
    if not isinstance(contrasts, Mapping):
        raise ArgumentError(f"`contrasts` is a mapping such as {{'f': 'sum'}}; got {type(contrasts).__name__}.")
    categories = [node for node in variables if isinstance(values[node], Category | Truth)]
    known = {spell(node): spell(node) for node in categories}
    plain = {node.name: spell(node) for node in categories if isinstance(node, Name)}  # without backticks
    known = plain | known
    for name in contrasts:
        if name not in known:
            listed = first_few([shorten(spell(node)) for node in categories]) or "none"
            raise ArgumentError(
                f"`contrasts` names {shorten(str(name))!r}, which is not a category of the fixed part ({listed})."
                f"{suggest(str(name), map(shorten, known))}"
            )
    return {known[name]: _canonical(value) for name, value in contrasts.items()}


def demand_levels(levels: Mapping[str, Any], values: Mapping[Any, Value]) -> None:
    """Check the argument `levels` of `mlm.sums`: {category: levels}.

    Parameters
    ----------
    levels : mapping of str to sequence
    values : mapping of Node to Value
        The variables of the model matrices.

    Raises
    ------
    ArgumentError
        When it names what is not a category of the formula, or a level twice.
    """
    categories = [node for node, value in values.items() if isinstance(value, Category)]
    known = {spell(node) for node in categories} | {node.name for node in categories if isinstance(node, Name)}
    for name, given in levels.items():
        if name not in known:
            raise ArgumentError(_no_category(str(name), categories, values))
        labels = [label(level) for level in given]
        twice = [each for each in dict.fromkeys(labels) if labels.count(each) > 1]
        if twice:
            raise ArgumentError(f"`levels` of {shorten(name)!r} has {first_few(list(map(shorten, twice)))} twice.")


def _names(node: Node) -> list[str]:
    return [piece.name for piece in walk(node) if isinstance(piece, Name)]


def _no_category(name: str, categories: list[Node], values: Mapping[Any, Value]) -> str:
    """Say that a name is none of a category, and what there is."""
    listed = first_few([shorten(spell(node)) for node in categories]) or "none"
    using = [spell(node) for node in categories if name in _names(node)]
    hint = f" Did you mean {shorten(using[0])!r}?" if using else suggest(name, map(spell, categories))
    kinds = [type(value) for node, value in values.items() if spell(node) == name]
    what = ": it is numbers" if Numbers in kinds else ": truth values have all levels" if Truth in kinds else ""
    return f"`levels` names {shorten(name)!r}, which is not a category of the formula ({listed}){what}.{hint}"


def _canonical(contrast: Any) -> Any:
    """Take R's spelling and Python's for one: contr.sum, Sum, sum."""
    return contrast.removeprefix("contr.").lower() if isinstance(contrast, str) else contrast


def plain_columns(value: Value, name: str) -> list[tuple[str, np.ndarray]]:
    """Names and values of the columns that numbers make."""
    if isinstance(value, Numbers):
        return [(name, value.values)]
    assert isinstance(value, Matrix)
    ends = value.names if len(value.names) > 1 else ("",)
    values = np.asfortranarray(value.values)
    return [(name + end, values[:, k]) for k, end in enumerate(ends)]
