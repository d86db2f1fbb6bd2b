"""Split a composite (the row mean of the items that are present) back into items that keep their own margins.

Which items are present, and their sum, are known per row. The items of a row are therefore free up to their
sum; surpluses of a value are pushed along the scale, one item of a row up and another down, until every
item has its margin. How the items correlate with one another is artificial.
"""

import numpy as np

CANDIDATES = 24
TEMPERATURE = 0.5
STEPS = 60_000
SHIFTS = np.array([1, -1, 2, -2])


def _even_split(mask: np.ndarray, total: np.ndarray, count: int, rs) -> np.ndarray:
    """Spread each row's sum as evenly as it goes over its present items; -1 where an item is missing."""
    present = (mask[:, None] >> np.arange(count)) & 1 == 1
    held = present.sum(axis=1)
    base = total // np.maximum(held, 1)
    rank = np.argsort(np.argsort(np.where(present, rs.rand(len(mask), count), 2.0), axis=1), axis=1)
    values = base[:, None] + (rank < (total - base * held)[:, None])
    return np.where(present, values, -1)


def _excess(values: np.ndarray, margins: list[dict[int, int]], top: int) -> np.ndarray:
    excess = np.array([np.bincount(column[column >= 0], minlength=top + 1) for column in values.T])
    for k, margin in enumerate(margins):
        for value, wanted in margin.items():
            excess[k, value] -= wanted
    return excess


def _step(values, excess, several, top, rs) -> int:
    """Try one push from a value in surplus; return the change of the total misfit."""
    surplus = np.argwhere(excess > 0)
    k, v = surplus[rs.randint(0, len(surplus))]
    rows = np.flatnonzero((values[:, k] == v) & several)
    if not len(rows):
        return 0
    rows = rows[rs.randint(0, len(rows), CANDIDATES)]
    partner = (k + 1 + rs.randint(0, values.shape[1] - 1, CANDIDATES)) % values.shape[1]
    shift = SHIFTS[rs.randint(0, len(SHIFTS), CANDIDATES)]
    w = values[rows, partner]
    fits = (w >= 0) & (v + shift >= 0) & (v + shift <= top) & (w - shift >= 0) & (w - shift <= top)
    rows, partner, shift, w = rows[fits], partner[fits], shift[fits], w[fits]
    if not len(rows):
        return 0
    change = np.abs(excess[k, v] - 1) - np.abs(excess[k, v])
    change = change + np.abs(excess[k, v + shift] + 1) - np.abs(excess[k, v + shift])
    change = change + np.abs(excess[partner, w] - 1) - np.abs(excess[partner, w])
    change = change + np.abs(excess[partner, w - shift] + 1) - np.abs(excess[partner, w - shift])
    best = int(np.argmin(change))
    if change[best] > 0 and rs.rand() >= np.exp(-change[best] / TEMPERATURE):
        return 0
    row, c, s = rows[best], partner[best], shift[best]
    for item, old, new in ((k, v, v + s), (c, w[best], w[best] - s)):
        values[row, item] = new
        excess[item, old] -= 1
        excess[item, new] += 1
    return int(change[best])


def split_items(codes: np.ndarray, margins: list[dict[int, int]], rs) -> np.ndarray:
    """Codes of a composite (n,) -> item values (n, items), -1 where missing.

    Parameters
    ----------
    codes : int64 array (n,)
        ``100 * mask + sum``, 0 where no item is present.
    margins : list of dict
        Frequency table of each item in this group.
    rs : RandomState

    Raises
    ------
    RuntimeError
        If the margins are not met after `STEPS` pushes.
    """
    mask, total = codes // 100, codes % 100
    top = max(max(margin) for margin in margins)
    values = _even_split(mask, total, len(margins), rs)
    several = (values >= 0).sum(axis=1) > 1
    excess = _excess(values, margins, top)
    misfit = int(np.abs(excess).sum())
    for _ in range(STEPS):
        if misfit == 0:
            return values
        misfit += _step(values, excess, several, top, rs)
    if misfit:
        raise RuntimeError(f"item margins off by {misfit} after {STEPS} pushes")
    return values
