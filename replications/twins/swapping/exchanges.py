"""Exchanges of values between rows: the moves that keep a marginal distribution.

If the column x is paired with the columns A already laid, exchanging x between rows i and j changes the
products ``A'x`` by ``(x_j - x_i)(A_i - A_j)`` and nothing else. Exchanges on disjoint rows add up. So the
pair of exchanges that has exactly a wanted effect is found by table look-up: every effect is hashed to 64
bits by a *linear* hash, ``hash(a + b) = hash(a) + hash(b)`` modulo 2**64, the hashes are sorted, and for
each exchange the partner's hash is looked up by bisection.
"""

import numpy as np

MAXIMAL_COLUMNS = 64
_MULTIPLIERS = np.random.RandomState(77).randint(1, 2**62, size=MAXIMAL_COLUMNS).astype(np.uint64)
_MULTIPLIERS = _MULTIPLIERS * np.uint64(2) + np.uint64(1)  # odd, hence invertible modulo 2**64
NEAR_DIRECTIONS = 8


def linear_hash(effects: np.ndarray) -> np.ndarray:
    """Integer vectors (m, k) -> uint64 (m,), linear modulo 2**64."""
    effects = np.atleast_2d(effects)
    return (effects.astype(np.uint64) * _MULTIPLIERS[: effects.shape[1]]).sum(axis=1, dtype=np.uint64)


class Pairing:
    """One column, row by row beside the columns already laid.

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

    def __init__(self, x, codes, given, wanted, bounds=None):
        self.x, self.codes, self.given = np.array(x), np.array(codes), given
        self.missing = wanted - given.T @ self.x
        n = len(self.x)
        self.low, self.high = bounds if bounds is not None else (np.full(n, -np.inf), np.full(n, np.inf))
        spread = given.std(axis=0) * self.x.std() * np.sqrt(n)
        self.spread = np.maximum(spread, 1e-9)
        self.centre_scale = np.where(given.std(axis=0) == 0, 1.0, given.std(axis=0))

    def effects(self, i, j) -> np.ndarray:
        """Change of the products by each exchange: (m, k)."""
        return (self.x[j] - self.x[i])[:, None] * (self.given[i] - self.given[j])

    def allowed(self, i, j) -> np.ndarray:
        """Which exchanges change something and respect the bounds."""
        xi, xj = self.x[i], self.x[j]
        fits = (xj >= self.low[i]) & (xj <= self.high[i]) & (xi >= self.low[j]) & (xi <= self.high[j])
        return fits & (xi != xj)

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


def _near_exchanges(pairing: Pairing, rs, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows that are neighbours along random directions: exchanges of small effect."""
    n = len(pairing.x)
    points = np.column_stack([pairing.given / pairing.centre_scale, pairing.x / max(pairing.x.std(), 1e-9)])
    first, second = [], []
    for _ in range(NEAR_DIRECTIONS):
        direction = rs.standard_normal(points.shape[1]) * np.where(rs.rand(points.shape[1]) < 0.3, 0.02, 1.0)
        order = np.argsort((points * direction).sum(axis=1).round(9), kind="stable")
        at = rs.randint(0, n - 1, count // NEAR_DIRECTIONS)
        step = 1 + rs.randint(0, max(2, n // 50), len(at))
        first.append(order[at])
        second.append(order[np.minimum(at + step, n - 1)])
    return np.concatenate(first), np.concatenate(second)


def sample_exchanges(pairing: Pairing, rs, count: int) -> tuple[np.ndarray, np.ndarray]:
    """All allowed exchanges if there are fewer than ``count``, else half random ones and half near ones."""
    n = len(pairing.x)
    if n * (n - 1) // 2 <= count:
        i, j = np.triu_indices(n, 1)
    else:
        half = count // 2
        near_i, near_j = _near_exchanges(pairing, rs, half)
        i = np.concatenate([rs.randint(0, n, half), near_i])
        j = np.concatenate([rs.randint(0, n, half), near_j])
    allowed = pairing.allowed(i, j)
    return i[allowed], j[allowed]


def look_up(hashes: np.ndarray, wanted: np.ndarray, rs) -> tuple[np.ndarray, np.ndarray]:
    """For each wanted hash one entry of ``hashes`` equal to it, drawn at random among equals.

    Returns
    -------
    found, partner : int arrays
        Positions in ``wanted`` that have a match, and the position of the match in ``hashes``.
    """
    order = np.argsort(hashes, kind="stable")
    ordered = hashes[order]
    low, high = np.searchsorted(ordered, wanted, "left"), np.searchsorted(ordered, wanted, "right")
    found = np.flatnonzero(high > low)
    pick = low[found] + (rs.rand(len(found)) * (high[found] - low[found])).astype(int)
    return found, order[pick]


def pairs_with_effect(pairing: Pairing, i, j, target, rs, limit: int, first=None) -> np.ndarray:
    """Pairs of exchanges on four different rows with joint effect ``target``: (m, 4) rows i, j, i', j'.

    ``first`` restricts the first exchange of each pair to these positions of ``i, j``.
    """
    effects = pairing.effects(i, j)
    hashes = linear_hash(effects)
    first = np.arange(len(i)) if first is None else first
    found, partner = look_up(hashes, linear_hash(target)[0] - hashes[first], rs)
    if len(found) > limit:
        keep = rs.choice(len(found), limit, replace=False)
        found, partner = found[keep], partner[keep]
    found = first[found]
    disjoint = (i[found] != i[partner]) & (i[found] != j[partner])
    disjoint &= (j[found] != i[partner]) & (j[found] != j[partner])
    exact = (effects[found] + effects[partner] == target).all(axis=1)  # equal hashes could be chance
    found, partner = found[disjoint & exact], partner[disjoint & exact]
    return np.column_stack([i[found], j[found], i[partner], j[partner]])
