"""The hypotheses of an analysis of variance: one matrix of contrasts a term, of type I, II or III.

Types are those of SAS (SAS Institute, *The Four Types of Estimable Functions*; Goodnight 1980, Commun. Stat. A 9(2),
167-180), as lmerTest has them. A term *contains* another when it has the same numeric variables and more categories;
in type II of linear models, as in the package car, when it has all its variables and more: so ``a:x`` contains ``a``.

- Type I: each term after those before it. With ``X = Q R`` the rows of R, divided by its diagonal.
- Type II: each term after all that do not contain it: type I with these first, and those that contain it last. Where
  columns were left out of X that depend on others, as of cells without rows, it is what the term's columns span beside
  those of these terms, left out or not: that does not depend on the order of levels, and compares two models.
- Type III: what is said of a term does not depend on how many rows each cell has. Every category is coded by
  indicators of all its levels; contrasts of the coefficients are functions ``l = c B`` of the effects of these columns
  ``D = X B``. Type III are those in which no effect has a part but the term's own and those of terms that contain it,
  and which are orthogonal to all such functions of the terms that contain it. So it does not matter how the categories
  are coded in X.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import ArgumentError, FitError, brief, is_one_of
from ..frame.model_frame import ModelFrame
from ..frame.unread import UnreadFrame
from .full_design import FullDesign, TermSpan, model_terms
from .nesting import Space

__all__ = ["contrasts_of", "marginal_contrasts", "type_number"]

# Part of a contrast's largest weight, of columns of length 1, up to which a weight is rounding.
ROUNDING = 1e-9
# Part of a contrast of length 1 outside of others' span that is rounding: dependent columns are told to 1e-7.
SAME_SPAN = 1e-6
NUMERALS = {"1": 1, "2": 2, "3": 3, "I": 1, "II": 2, "III": 3}


def outermost(terms: Sequence[TermSpan]) -> list[TermSpan]:
    """Terms that can be left out of a model while it stays hierarchical: those whose variables no other term has all.

    Nelder (1977), J. R. Stat. Soc. A 140, 48-77.
    """
    return [t for t in terms if not any(t.variables < other.variables for other in terms)]


def type_number(kind: Any) -> int:
    """Return the type of an analysis of variance, 1, 2 or 3, after checking that it is one.

    Raises
    ------
    ArgumentError
    """
    number = NUMERALS.get(kind.upper(), 0) if isinstance(kind, str) else kind
    if isinstance(kind, bool) or not is_one_of(number, (1, 2, 3)):
        raise ArgumentError(f"The type of an analysis of variance is 1, 2 or 3 (I, II or III); got {brief(kind)}.")
    return int(number)


def contrasts_of(frame: ModelFrame, kind: int, by_variables: bool = False) -> dict[str, np.ndarray]:
    """Contrasts of the coefficients by term.

    Parameters
    ----------
    frame : ModelFrame
    kind : {1, 2, 3}
        The type.
    by_variables : bool
        Whether in type II a term contains all whose variables it has, numbers or not.

    Returns
    -------
    dict of str to ndarray, shapes (k, p)
        A term of which nothing can be told has no row; one of which all columns depend on others before it was left
        out of the model. The rows of a single term, of which all types say the same, are
        those of type I: Satterthwaite's degrees of freedom of several contrasts depend on which span their space.
    """
    terms = model_terms(frame)
    if not terms:
        return {}
    if kind == 3 and len(terms) > 1 and isinstance(frame, UnreadFrame):
        return _by_coefficients(frame, terms)
    if kind == 3 and len(terms) > 1:
        full, none = FullDesign(frame, terms), np.empty((0, len(frame.x_names)))
        found = [full.contrasts(k) if term.columns else none for k, term in enumerate(terms)]
        length = full.length
    else:
        x = _Scaled.of(frame.like_x)
        rows, length = x.rows(list(range(len(x.length)))), x.length
        sequential = kind == 1 or len(terms) == 1
        within = [[other for other in terms if term.within(other, by_variables)] for term in terms]
        several = list(zip(terms, within, strict=True))
        found = [rows[list(term.columns)] if sequential else _type_two(x, term, above) for term, above in several]
        if not sequential and frame.x_design.keep is not None:
            found = [_of_spaces(frame, x, *each, terms, mine) for each, mine in zip(several, found, strict=True)]
    return {term.label: _of_user(mine, length) for term, mine in zip(terms, found, strict=True)}


def marginal_contrasts(frame: ModelFrame) -> dict[str, np.ndarray]:
    """For each term that can be left out, see `outermost`, what it adds to the others: shapes (k, p)."""
    terms = model_terms(frame)
    if len(terms) == 1:
        return contrasts_of(frame, 1)
    if frame.x_design.keep is not None:
        second = contrasts_of(frame, 2)
        return {term.label: second[term.label] for term in outermost(terms) if term.columns}
    every = np.eye(len(frame.x_names))
    return {term.label: every[list(term.columns)] for term in outermost(terms) if term.columns}


def _by_coefficients(frame: UnreadFrame, terms: Sequence[TermSpan]) -> dict[str, np.ndarray]:
    """Contrasts of type III where no term contains another: each one's coefficients.

    Raises
    ------
    FitError
        When one does: which cells have rows is not known of sums.
    """
    within = [term.label for term in terms if any(term.within(other) for other in terms)]
    if within or frame.left_out:
        what = f"{within[0]!r} is contained in another term" if within else f"{frame.left_out[0]!r} was dropped"
        raise FitError(
            f"Tests of type 3 need the rows where a term contains others or columns were dropped ({what}), and this "
            "model was fitted from sums. Ask for type=2 or type=1, or fit the rows in memory."
        )
    every = np.eye(len(frame.x_names))
    return {term.label: every[list(term.columns)] for term in terms}


def _type_two(x: _Scaled, term: TermSpan, within: Sequence[TermSpan]) -> np.ndarray:
    """Contrasts of one term after all others but those that contain it; without such, its coefficients themselves."""
    above = sorted({k for other in within for k in other.columns})
    if not above:
        return np.diag(1.0 / x.length)[list(term.columns)]
    before = [k for k in range(len(x.length)) if k not in above and k not in term.columns]
    order = [*before, *term.columns, *above]
    found = x.rows(order)[len(before) : len(before) + len(term.columns)]
    return np.asarray(found[:, np.argsort(order)])


def _of_spaces(
    frame: ModelFrame,
    x: _Scaled,
    term: TermSpan,
    within: Sequence[TermSpan],
    terms: Sequence[TermSpan],
    rows: np.ndarray,
) -> np.ndarray:
    """Contrasts of what a term adds to the space of those that do not contain it; `rows`, where they are the same.

    Terms of which no column is left were left out of the model, and are none of those.
    """
    if not term.columns:
        return rows
    every = frame.all_columns.matrix()
    out = {k for t in (term, *within, *(t for t in terms if not t.columns)) for k in t.every}
    others = [k for k in range(every.shape[1]) if k not in out]
    before, after = Space.of(every[:, others]), Space.of(every[:, [*others, *term.every]])
    rest = after.basis - before.basis @ (before.basis.T @ after.basis)
    left, sizes, _ = np.linalg.svd(rest, full_matrices=False)  # cosines of two nested spaces: 0 or 1
    means = frame.x.mean(axis=0) if before.constant else 0.0
    found = left[:, sizes > 0.5].T @ ((frame.x - means) / x.length)
    return rows if _same_span(rows, found) else found


def _same_span(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether as many rows span the same."""
    if len(one) != len(other) or not len(one):
        return len(one) == len(other)
    basis = np.linalg.qr(other.T)[0]
    unit = one / np.sqrt(np.square(one).sum(axis=1, keepdims=True))
    return bool(np.abs(unit - unit @ basis @ basis.T).max() <= SAME_SPAN)


def _of_user(rows: np.ndarray, length: np.ndarray) -> np.ndarray:
    """Contrasts of the user's coefficients, of those of columns of length 1; rounding is 0."""
    largest = np.abs(rows).max(axis=1, initial=0.0, keepdims=True)
    return np.where(np.abs(rows) > ROUNDING * largest, rows, 0.0) * length


@dataclass(frozen=True, slots=True, eq=False)
class _Scaled:
    """Columns of length 1 in a triangle, ``X = Q R S``: the triangle (p, p), and the lengths (p,)."""

    triangle: np.ndarray
    length: np.ndarray

    @classmethod
    def of(cls, x: np.ndarray) -> _Scaled:
        length = np.sqrt(np.einsum("ij,ij->j", x, x))
        return cls(np.asarray(np.linalg.qr(x / length, mode="r")), length)

    def rows(self, order: list[int]) -> np.ndarray:
        """Of the columns in another order the rows of R over its diagonal and the columns' lengths, shape (p, p)."""
        r = np.asarray(np.linalg.qr(self.triangle[:, order], mode="r"))
        return np.asarray(r / (r.diagonal() * self.length[order])[:, None])
