"""A model tested within a larger one with the same random effects: what it says of the larger one's coefficients."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import FitError
from ..report.face import FittedModel

__all__ = ["restriction"]

# Share of its length by which a column may miss being a combination of others, as for R's dependent columns.
NOTHING = 1e-7


def restriction(small: FittedModel, large: FittedModel, rows: np.ndarray, labels: tuple[str, str]) -> Any:
    """The contrasts of the larger model's coefficients that the smaller one fixes, and their values.

    With ``X_s = X_l B``, coefficients beta of the smaller model are ``B beta`` in the larger one; rows L with ``L B =
    0`` say that they are such. An offset that the smaller one has besides is ``X_l b``, and ``L b`` the value.

    Parameters
    ----------
    small, large : fitted models
    rows : ndarray of int, shape (n,)
        Where the rows of the larger one are in the smaller one.
    labels : (str, str)
        What to call them.

    Returns
    -------
    contrasts : ndarray, shape (k, p)
    values : ndarray, shape (k,)

    Raises
    ------
    FitError
        The smaller model is not nested in the larger one, or is as large.
    """
    x, inner = large.frame.x, small.frame.x[rows]
    known = [np.zeros(len(x)) if m.frame.offset is None else m.frame.offset for m in (small, large)]
    offset = known[0][rows] - known[1]
    length = np.sqrt(np.einsum("ij,ij->j", x, x))
    q, r = np.linalg.qr(x / length)
    both = np.column_stack([inner, offset])
    size = np.sqrt(np.einsum("ij,ij->j", both, both))
    inside = q.T @ both
    missed = np.sqrt(np.einsum("ij,ij->j", both - q @ inside, both - q @ inside))
    if (missed > NOTHING * size).any():
        names = [*small.frame.x_names, "its offset"]
        raise FitError(
            f"{labels[0]} is not nested in {labels[1]}: {names[int(np.argmax(missed > NOTHING * size))]!r} is not "
            "a combination of the columns there."
        )
    solved = np.linalg.solve(r, inside)
    left, sizes, _ = np.linalg.svd(solved[:, :-1])
    rank = int((sizes > NOTHING * max(sizes, default=1.0)).sum())
    if rank == x.shape[1]:
        raise FitError(f"{labels[0]} has the same fixed effects as {labels[1]}: there is nothing to test.")
    found = left[:, rank:].T
    return found * length, found @ solved[:, -1]
