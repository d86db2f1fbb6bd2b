"""Steps along arcs: rows of lower factors turn, instead of going straight.

With a small standard deviation held first, or one that has become small, the deviance hardly changes as the second row
of the factor turns, and much with its length: its valleys are circles, along which straight steps zigzag. By a row's
length, and distances along the sphere of this length, these valleys are straight. With g being the gradient by a row at
a point, u the row's direction, r its length and t the part of g across u, second derivatives by these coordinates are
those by the row and ``(t u' + u t' - (g'u) (I - u u')) / r``.

Arrays have the points last: (…, R).
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

__all__ = ["Arcs"]

# Length of a row, in units of T, up to which steps are straight: a variance may become 0.
LEAST_LENGTH = 0.1


class Arcs:
    """Which coordinates make up rows.

    Parameters
    ----------
    rows : ndarray of int, shape (m, R)
        The row of each coordinate, from 1 on; 0 of those that are of none.
    """

    def __init__(self, rows: np.ndarray) -> None:
        self.rows = rows

    def of(self, which: np.ndarray) -> Arcs:
        """Those of some points."""
        return Arcs(self.rows[:, which])

    @cached_property
    def _each(self) -> list[np.ndarray]:
        return [self.rows == row for row in range(1, 1 + int(self.rows.max(initial=0)))]

    def bending(self, x: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        """What second derivatives by the arcs are more than those by x, shape (m, m, R)."""
        out, diagonal = np.zeros((len(x), *x.shape)), np.arange(len(x))
        for mine in self._each:
            direction, length, turns = _polar(mine, x)
            over = np.where(turns, 1.0, 0.0) / np.where(turns, length, 1.0)
            along = (direction * gradient).sum(axis=0)
            across = (np.where(mine, gradient, 0.0) - along * direction) * over
            out += across[:, None] * direction + direction[:, None] * (across + along * over * direction)
            out[diagonal, diagonal] -= np.where(mine, along * over, 0.0)
        return out

    def moved(self, x: np.ndarray, step: np.ndarray) -> np.ndarray:
        """Where steps along the arcs lead, shape (m, R)."""
        out = x + step
        for mine in self._each:
            direction, length, turns = _polar(mine, x)
            along = (direction * step).sum(axis=0)
            turned = np.where(mine & turns, out - along * direction, 0.0)
            size = np.sqrt((turned * turned).sum(axis=0))
            out = np.where(mine & turns, (length + along) / np.where(turns, size, 1.0) * turned, out)
        return out


def _polar(mine: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A row's direction, shape (m, R), and length, shape (R,), and of which points it turns: 0 of others."""
    row = np.where(mine, x, 0.0)
    length = np.sqrt((row * row).sum(axis=0))
    turns = length > LEAST_LENGTH
    return row * np.where(turns, 1.0, 0.0) / np.where(turns, length, 1.0), length, turns
