"""Meet printed residual figures where rows are few: a heat bath over re-arrangements that change no cross-product.

With few rows a quartile is a mean of two particular residuals, so counting rows (see `quartiles`) is too
coarse; here the five figures of every candidate are computed outright. Candidates are re-arrangements of
one column inside one block with zero effect on its cross-products: pairs of exchanges, or permutations of
two disjoint sets of rows whose effects cancel. One is drawn with probability proportional to ``exp(-cost /
temperature)``, staying put included.
"""

from collections.abc import Callable

import numpy as np

from .exact import permutation_effects
from .exchanges import Pairing, linear_hash, look_up, pairs_with_effect, sample_exchanges
from .margins import Rows
from .residual_targets import NEARLY_HALF, QUARTILES, Target

# of half a unit: the quartiles get a margin for the optimiser's last digits, the extremes are the anchors'
EDGES = np.array([NEARLY_HALF, 0.9, 0.9, 0.9, NEARLY_HALF])
EXCHANGES = 30_000
CANDIDATES = 200
PERMUTATIONS = 5040
SET_ROWS = 7
EXCHANGE_SHARE = 0.5
SWEEPS, STEPS, ATTEMPTS = 120, 10, 4
HOT, COLD = 3.0, 0.1
PULL, PULL_MOST = 0.01, 20.0


def _by_exchanges(pairing: Pairing, rs) -> tuple[np.ndarray, np.ndarray]:
    i, j = sample_exchanges(pairing, rs, EXCHANGES)
    nothing = np.zeros(pairing.given.shape[1], dtype=np.int64)
    moves = pairs_with_effect(pairing, i, j, nothing, rs, limit=CANDIDATES)
    return moves, moves[:, [1, 0, 3, 2]]


def _by_permutations(pairing: Pairing, rs) -> tuple[np.ndarray, np.ndarray]:
    half = min(SET_ROWS, len(pairing.x) // 2)
    drawn = rs.permutation(len(pairing.x))[: 2 * half]
    sets = drawn[:half], drawn[half:]
    (orders_a, effects_a), (orders_b, effects_b) = (
        permutation_effects(pairing, rows, rs, PERMUTATIONS) for rows in sets
    )
    found, partner = look_up(linear_hash(effects_b), -linear_hash(effects_a), rs)
    if len(found) > CANDIDATES:
        keep = rs.choice(len(found), CANDIDATES, replace=False)
        found, partner = found[keep], partner[keep]
    exact = (effects_a[found] + effects_b[partner] == 0).all(axis=1)
    sources = np.hstack([sets[0][orders_a[found[exact]]], sets[1][orders_b[partner[exact]]]])
    return np.broadcast_to(drawn, sources.shape), sources


def zero_rearrangements(pairing: Pairing, rs) -> tuple[np.ndarray, np.ndarray]:
    """Re-arrangements without effect on the products: rows and the rows their values come from, (m, r) each."""
    if rs.rand() < EXCHANGE_SHARE or len(pairing.x) > EXCHANGES // 100:
        return _by_exchanges(pairing, rs)
    return _by_permutations(pairing, rs)


class Figures:
    """The five figures of several models over the same rows, and what their misses cost."""

    def __init__(self, models: list[Target]):
        self.printed = np.array([target.printed for target in models])
        self.half = np.array([target.half for target in models])[:, None]
        place = (models[0].n - 1) * np.array([0, *QUARTILES, 1])
        self.below = np.floor(place).astype(int)
        self.weight = place - self.below
        self.above = np.minimum(self.below + 1, models[0].n - 1)

    def errors(self, residuals: np.ndarray) -> np.ndarray:
        """Residuals (..., models, n) -> errors in half units of the last printed place (..., models, 5)."""
        ordered = np.partition(residuals, np.unique([self.below, self.above]), axis=-1)
        figures = (1 - self.weight) * ordered[..., self.below] + self.weight * ordered[..., self.above]
        return (figures - self.printed) / self.half

    def cost(self, residuals: np.ndarray) -> np.ndarray:
        """Bits by which the figures are off, with a pull from afar, summed over models and figures."""
        excess = np.maximum(np.abs(self.errors(residuals)) - EDGES, 0)
        return (np.log2(1 + excess) + np.minimum(excess * PULL, PULL_MOST)).sum(axis=(-1, -2)).round(9)


class Bath:
    """State of a heat bath: one column of some blocks, the residuals of the models it decides."""

    def __init__(self, blocks: list[Rows], models: list[Target], column: str, rs):
        self.blocks, self.models, self.column, self.rs = blocks, models, column, rs
        self.pairings = [rows.pairing(column, rows.codes[column]) for rows in blocks]
        self.start = np.cumsum([0, *[rows.block.n for rows in blocks]])
        self.figures = Figures(models)
        self.residuals = np.concatenate([self._with_anchors(rows) for rows in blocks], axis=1)
        self.cost = float(self.figures.cost(self.residuals))
        self.best, self.state = self.cost, [pairing.codes.copy() for pairing in self.pairings]
        self.weighed = 0

    def _with_anchors(self, rows: Rows) -> np.ndarray:
        anchors = [rows.product_row(row) for row in rows.anchors]
        columns = {name: np.append(column, [row[name] for row in anchors]) for name, column in rows.columns.items()}
        return np.array([target.residuals(rows.group.name, columns) for target in self.models])

    def _candidates(self, b: int) -> tuple[np.ndarray, np.ndarray]:
        """Codes of the column after each re-arrangement (m, n), and all residuals then (m, models, N)."""
        rows, pairing = self.blocks[b], self.pairings[b]
        to, source = zero_rearrangements(pairing, self.rs)
        codes = np.repeat(pairing.codes[None], len(to), axis=0)
        np.put_along_axis(codes, to, pairing.codes[source], axis=1)
        columns = dict(rows.columns) | rows.aggregates.columns[self.column].product_columns(codes)
        new = np.stack([target.residuals(rows.group.name, columns) for target in self.models], axis=1)
        residuals = np.repeat(self.residuals[None], len(to), axis=0)
        residuals[:, :, self.start[b] : self.start[b] + rows.n] = new
        return codes, residuals

    def step(self, b: int, temperature: float) -> None:
        """One draw in one block."""
        codes, residuals = self._candidates(b)
        if not len(codes):
            return
        costs = np.append(self.figures.cost(residuals), self.cost)
        self.weighed += len(codes)
        chance = np.exp(-(costs - costs.min()) / temperature)
        drawn = int(np.searchsorted(np.cumsum(chance), self.rs.rand() * chance.sum()))
        if drawn >= len(codes):
            return
        pairing = self.pairings[b]
        pairing.codes = codes[drawn]
        pairing.x = self.blocks[b].aggregates.columns[self.column].numeric(pairing.codes)
        self.blocks[b].set_column(self.column, pairing.codes)
        self.residuals, self.cost = residuals[drawn], float(costs[drawn])
        if self.cost < self.best:
            self.best, self.state = self.cost, [other.codes.copy() for other in self.pairings]

    def finish(self) -> np.ndarray:
        """Hand the best state back to the blocks; errors of the five figures in half units (models, 5)."""
        for rows, codes in zip(self.blocks, self.state, strict=True):
            rows.set_column(self.column, codes)
        return self.figures.errors(np.concatenate([self._with_anchors(rows) for rows in self.blocks], axis=1))


def _cool(bath: Bath, sweeps: int, progress: Callable) -> None:
    """One run of the bath; the temperature falls exponentially from `HOT` to `COLD`."""
    for sweep in range(sweeps):
        temperature = HOT * (COLD / HOT) ** (sweep / sweeps)
        for b in bath.rs.permutation(len(bath.blocks)):
            for _ in range(STEPS):
                if bath.best == 0:
                    return
                bath.step(b, temperature)
        now = f"{bath.column}: sweep {sweep + 1} of {sweeps}, bits off {bath.cost:.1f} (best {bath.best:.2f})"
        progress(now, end="\r")


def meet_figures(
    blocks: list[Rows], models: list[Target], column: str, rs, progress: Callable, sweeps: int = SWEEPS
) -> np.ndarray:
    """Re-arrange one column until the printed figures of the models hold, in up to `ATTEMPTS` runs.

    Returns errors of the five figures in half units, (models, 5).
    """
    bath = Bath(blocks, models, column, rs)
    for attempt in range(ATTEMPTS):
        _cool(bath, sweeps, progress)
        progress(f"{column}: run {attempt + 1}, {bath.weighed} re-arrangements weighed, bits off {bath.best:.2f}")
        if bath.best == 0:
            break
    return bath.finish()
