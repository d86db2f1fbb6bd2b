"""Whether fixed-effects columns separate the response, so that coefficients have no finite estimate.

Some combination of the columns is then not negative where the response is all successes, not positive where it is all
failures (for counts: where it is 0), and 0 elsewhere (Albert & Anderson 1984, Biometrika 71, 1-10). It is looked for by
linear programming (Konis 2007, *Linear programming algorithms for detecting separated data in binary logistic
regression models*, Oxford). Columns are worked with about their medians, in units of their usual distance from these,
and each row in units of its largest number: one value far from the others, or all far from 0, leaves all digits.
"""

from __future__ import annotations

import numpy as np
import scipy

from .distribution import Family

__all__ = ["may_separate", "separating"]

# Least that a combination reaches over all rows, weight of a column in it that counts, and distance of a column from 0
# or of a combination of columns from 1 that is rounding.
LEAST = 1e-6
# Of the linear program's conditions, beside a row's largest number: the least that HiGHS takes.
FEASIBLE = 1e-10


def may_separate(family: Family) -> bool:
    """Whether means of the family can run to the end of their range as the linear predictor grows."""
    counts = ("binomial", "poisson", "negative.binomial")
    return family.name in counts and family.link.name not in ("identity", "sqrt")


def separating(x: np.ndarray, y: np.ndarray, family: Family) -> tuple[np.ndarray, int] | None:
    """Find columns that separate the response.

    Parameters
    ----------
    x : ndarray, shape (n, p)
    y : ndarray, shape (n,)
        Shares of successes, or counts.
    family : Family

    Returns
    -------
    (ndarray, shape (p,), int) or None
        Which columns do, and how many rows they and others set apart: those on which some separating combination is not
        0. None where there is no such combination. The constant is named only where it is alone.

    Examples
    --------
    >>> from mlm.generalized.family import make_family
    >>> x = np.column_stack([np.ones(6), 1e9 + np.arange(6.0)])
    >>> which, rows = separating(x, np.array([0, 0, 0, 1, 1, 1]), make_family("binomial"))
    >>> which.tolist(), rows
    ([False, True], 6)
    >>> separating(x, np.array([0, 0, 1, 0, 1, 1]), make_family("binomial")) is None
    True
    """
    side = np.where(y == 0, -1.0, np.where(y == 1, 1.0, 0.0)) if family.name == "binomial" else -1.0 * (y == 0)
    rows = _evened(x)
    table = np.unique(np.column_stack([side, rows]), axis=0)
    weights = _programmed(table[:, 0], table[:, 1:], table[:, 0])
    if weights is None:
        return None
    used = np.abs(weights) > LEAST * np.abs(weights).max()
    moved = used & (np.ptp(x, axis=0) > 0)
    return (moved if moved.any() else used), _set_apart(table[:, 0], table[:, 1:], rows, weights)


def _set_apart(side: np.ndarray, table: np.ndarray, rows: np.ndarray, weights: np.ndarray) -> int:
    """How many rows some separating combination sets apart: on a row between outcomes one combination can be 0."""
    apart, between = np.abs(rows @ weights) > LEAST, np.abs(table @ weights) <= LEAST
    while True:
        other = _programmed(np.where(between, side, 0.0), table, side)
        if other is None:
            return int(apart.sum())
        more = between & (np.abs(table @ other) > LEAST)
        if not more.any():
            return int(apart.sum())
        apart |= np.abs(rows @ other) > LEAST
        between &= ~more


def _evened(x: np.ndarray) -> np.ndarray:
    """The rows in even units: columns about their medians where a combination is constant, rows of largest number 1."""
    part = np.ptp(x, axis=0) == 0
    if not part.any():
        constant = np.linalg.lstsq(x / _unit(x), np.ones(len(x)), rcond=None)[0] / _unit(x)
        part = np.abs(constant) * np.abs(x).max(axis=0) > LEAST
        part = part | (np.abs(x @ constant - 1.0).max() > LEAST)
    x = x - np.where(part, 0.0, np.median(x, axis=0))
    x = x / _usual(x)
    return x / _unit(x.T)[:, None]


def _unit(x: np.ndarray) -> np.ndarray:
    """Each column's largest number, 1 where all are 0."""
    largest = np.abs(x).max(axis=0)
    return np.where(largest > 0, largest, 1.0)


def _usual(x: np.ndarray) -> np.ndarray:
    """Each column's median distance from 0 among numbers that are not 0."""
    return np.array([np.median(np.abs(c[c != 0])) if c.any() else 1.0 for c in x.T])


def _programmed(aims: np.ndarray, rows: np.ndarray, side: np.ndarray) -> np.ndarray | None:
    """The combination that separates most in the rows aimed at, shape (p,), if there is one."""
    signed, level = side[side != 0, None] * rows[side != 0], rows[side == 0]
    if not aims.any():
        return None
    aim = aims @ rows
    found = scipy.optimize.linprog(
        -aim / len(signed), -signed, np.zeros(len(signed)),
        level if len(level) else None, np.zeros(len(level)) if len(level) else None, bounds=(-1.0, 1.0),
        options={"primal_feasibility_tolerance": FEASIBLE, "dual_feasibility_tolerance": FEASIBLE},
    )  # fmt: skip
    return found.x if found.status == 0 and -found.fun * len(signed) >= LEAST else None
