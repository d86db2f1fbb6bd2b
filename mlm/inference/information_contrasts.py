"""Hypotheses of a generalized mixed model, term by term, orthogonal by what the rows tell of the coefficients.

Of a linear model types I and II follow from ``X'X``. A generalized one weighs its rows, and has random effects: in the
place of ``X'X`` stands the inverse of the coefficients' covariance matrix. Wald's statistic of a term is then that of
the term and those that contain it together less that of these alone (Fox 2016, *Applied Regression Analysis and
Generalized Linear Models*, 3rd ed., section 15.3), as the package car has it: ``a:x`` contains ``a``, also where x is
numeric. Type III is about cells, and the same for all models.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..frame.estimability import Dependence
from ..frame.model_frame import ModelFrame
from .contrasts import SAME_SPAN, contrasts_of
from .full_design import TermSpan, model_terms

__all__ = ["information_contrasts"]


def information_contrasts(frame: ModelFrame, covariance: np.ndarray, kind: int) -> dict[str, np.ndarray]:
    """Contrasts of the coefficients by term.

    Parameters
    ----------
    frame : ModelFrame
    covariance : ndarray, shape (p, p)
        Of the coefficients.
    kind : {1, 2, 3}
        The type.

    Returns
    -------
    dict of str to ndarray, shapes (k, p)
        A term of which nothing can be told has no row.
    """
    if kind == 3 or not np.isfinite(covariance).all():
        return contrasts_of(frame, kind)
    size = np.sqrt(covariance.diagonal())
    # with R'R the inverse of the covariance, columns of R are the coefficients', as those of X are of a linear model
    root = np.linalg.inv(np.linalg.cholesky(covariance / np.outer(size, size))) / size
    every = root @ _by_coefficients(frame)
    length = np.sqrt(np.einsum("ij,ij->j", every, every))
    every /= np.where(length > 0.0, length, 1.0)  # of a cell without rows it is 0
    terms = model_terms(frame)
    return {term.label: _added(every, terms, k, kind, frame.x_design.keep) @ root for k, term in enumerate(terms)}


def _added(every: np.ndarray, terms: Sequence[TermSpan], k: int, kind: int, keep: Sequence[int] | None) -> np.ndarray:
    """Orthonormal rows of what a term adds to those before it, or to those that do not contain it.

    Terms of which no column is left were left out of the model, and are none of those.
    """
    term = terms[k]
    later = terms[k + 1 :] if kind == 1 else [other for other in terms if term.variables < other.variables]
    out = {j for other in (term, *later, *(t for t in terms if not t.columns)) for j in other.every}
    before = [j for j in range(every.shape[1]) if j not in out]
    own = every[:, list(term.every if term.columns else ())]
    rest = _outside(own, _basis(every, before, before if keep is None else keep))
    left, sizes, _ = np.linalg.svd(rest, full_matrices=False)
    return np.asarray(left[:, (sizes > SAME_SPAN) | (keep is None)].T)


def _basis(every: np.ndarray, columns: Sequence[int], independent: Sequence[int]) -> np.ndarray:
    """Orthonormal columns that span some, of which those that are `independent` are told from others."""
    basis = np.linalg.qr(every[:, [j for j in columns if j in set(independent)]])[0]
    for j in columns:
        if j not in set(independent):
            rest = _outside(every[:, [j]], basis)
            length = float(np.linalg.norm(rest))
            if length > SAME_SPAN:
                basis = np.column_stack([basis, rest / length])
    return np.asarray(basis)


def _outside(columns: np.ndarray, basis: np.ndarray) -> np.ndarray:
    """What columns have beside orthonormal ones; twice, as once leaves rounding."""
    for _ in range(2):
        columns = columns - basis @ (basis.T @ columns)
    return columns


def _by_coefficients(frame: ModelFrame) -> np.ndarray:
    """All columns of the fixed part, those that were dropped too, as combinations of those in use: shape (p, P)."""
    keep = frame.x_design.keep
    if keep is None:
        return np.eye(len(frame.x_names))
    out = np.empty((len(keep), len(frame.all_columns.names)))
    out[:, list(keep)] = np.eye(len(keep))
    dropped = [k for k in range(out.shape[1]) if k not in set(keep)]
    out[:, dropped] = Dependence.of(frame).follows
    return out
