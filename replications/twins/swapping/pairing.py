"""One column of a block, row by row beside the columns already laid, and what an exchange of its values does.

If the column x is paired with the columns A, exchanging x between rows i and j changes the products ``A'x`` by
``(x_j - x_i)(A_i - A_j)`` and nothing else: the margin of x stays, and so does everything about A. Exchanges on
disjoint rows add up. All numbers are integers, so that a product is met or missed and never nearly met.
"""

from __future__ import annotations

import numpy as np

Bounds = tuple[np.ndarray, np.ndarray]  # the least and the greatest value each row may carry

SMALLEST_SPREAD = 1e-9  # of a column that does not vary, so that one may divide by it


class Pairing:
    """One column, row by row beside the columns already laid.

    Parameters
    ----------
    x, codes, given
        As below.
    wanted : int64 array (k,)
        Products of x with the given columns.
    bounds : two float arrays (n,), optional
        The least and greatest x a row may carry; any by default.

    Attributes
    ----------
    x : int64 array (n,)
        Numeric values (``value * scale``) as they stand.
    codes : int64 array (n,)
        The same column as codes; always exchanged together with ``x``.
    given : int64 array (n, k)
        The columns already laid, the constant among them.
    missing : int64 array (k,)
        Wanted products less present ones; zero when every product is met.
    low, high : float arrays (n,)
        The least and greatest x a row may carry.
    """

    def __init__(
        self,
        x: np.ndarray,
        codes: np.ndarray,
        given: np.ndarray,
        wanted: np.ndarray,
        bounds: Bounds | None = None,
    ) -> None:
        self.x, self.codes, self.given = np.array(x), np.array(codes), given
        self.missing = wanted - given.T @ self.x
        n = len(self.x)
        self.low, self.high = bounds if bounds is not None else (np.full(n, -np.inf), np.full(n, np.inf))
        deviation = given.std(axis=0)
        self._spread = np.maximum(deviation * self.x.std() * np.sqrt(n), SMALLEST_SPREAD)
        self._unit = np.where(deviation == 0, 1.0, deviation)

    def __len__(self) -> int:
        return len(self.x)

    @property
    def points(self) -> np.ndarray:
        """The given columns in units of their standard deviations, so that rows have distances: (n, k)."""
        return self.given / self._unit

    def effects(self, i: np.ndarray, j: np.ndarray) -> np.ndarray:
        """Change of the products by each exchange: (m, k)."""
        return (self.x[j] - self.x[i])[:, None] * (self.given[i] - self.given[j])

    def allowed(self, i: np.ndarray, j: np.ndarray) -> np.ndarray:
        """Which exchanges change something and respect the bounds."""
        xi, xj = self.x[i], self.x[j]
        fits = (xj >= self.low[i]) & (xj <= self.high[i]) & (xi >= self.low[j]) & (xi <= self.high[j])
        return fits & (xi != xj)

    def distances(self, effects: np.ndarray) -> np.ndarray:
        """How far the products would be from the wanted ones after each effect (m, k), squared: (m,).

        Each product counts in units of its standard deviation over random pairings.
        """
        return (((self.missing - effects) / self._spread) ** 2).sum(axis=-1)

    def exchange(self, i: int, j: int) -> None:
        """Exchange the values of two rows; the products that are missing follow."""
        self.missing = self.missing - self.effects(np.array([i]), np.array([j]))[0]
        for column in (self.x, self.codes):
            column[i], column[j] = column[j], column[i]

    def rearrange(self, rows: np.ndarray, sources: np.ndarray) -> None:
        """Give each of ``rows`` the value that the row at the same place of ``sources`` (the same set) has."""
        before = self.x[rows]
        self.missing = self.missing - self.given[rows].T @ (self.x[sources] - before)
        self.x[rows], self.codes[rows] = self.x[sources], self.codes[sources]
