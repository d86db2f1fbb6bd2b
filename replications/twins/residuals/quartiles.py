"""Meet the printed 1Q, Median and 3Q of several models at once, cross-products kept.

A quartile in R is ``(1-w) v[k] + w v[k+1]`` of the sorted residuals. It rounds to the printed figure if
both order statistics lie in the window ``printed +- half a unit``: at most k residuals below the window, at
least k+2 below its upper edge. How far these counts are off is the misfit, an integer. Moves are *null
moves*: two exchanges of outcome values on four rows whose joint effect on all cross-products is zero. The
best of thousands of candidates is applied, again and again; some candidates are aimed, they put onto a row
the very value whose residual falls into a window. When nothing helps, a random move among the least harmful
shakes the state; the best state is kept.
"""

import numpy as np

from replications.twins.residuals.targets import Target, five_figures, outcome_bounds
from replications.twins.swapping.exchanges import Pairing, pairs_with_effect, sample_exchanges
from replications.twins.swapping.margins import Rows

EDGE = 0.9  # of half a unit: a margin for the optimiser's last digits
ROUNDS = 3000
PATIENCE = 3  # rounds per block without progress before a shake
PLAIN, AIMED = 30_000, 15_000  # exchanges sampled per round
ROWS_PER_WINDOW, PARTNERS, REPEATS = 12, 25, 4
PER_ROUND = 60


class Field:
    """Residuals of all models over all their rows, kept current under exchanges of the outcome."""

    def __init__(self, models: list[Target], blocks: list[Rows]):
        self.models, self.blocks = models, blocks
        self.outcome, self.scale = models[0].outcome, models[0].outcome_scale
        self.unit = np.array([target.unit for target in models])[:, None]
        parts = [self._block_residuals(rows) for rows in blocks]
        self.start = np.cumsum([0, *[part.shape[1] for part in parts]])
        self.residuals = np.concatenate(parts, axis=1)
        self.pairings = [self._pairing(rows) for rows in blocks]
        self.fitted = [
            pairing.x / self.scale - part[:, : rows.n] * self.unit
            for pairing, part, rows in zip(self.pairings, parts, blocks, strict=True)
        ]
        self._windows()

    def _block_residuals(self, rows: Rows) -> np.ndarray:
        anchors = [rows.product_row(row) for row in rows.anchors]
        columns = {
            name: np.concatenate([column, np.array([row[name] for row in anchors], dtype=np.int64)])
            for name, column in rows.columns.items()
        }
        out = np.full((len(self.models), rows.block.n), np.nan)
        for m, target in enumerate(self.models):
            if target.applies_to(rows):
                out[m] = target.residuals(rows.group.name, columns)
        return out

    def _pairing(self, rows: Rows) -> Pairing:
        return rows.pairing(self.outcome, rows.codes[self.outcome], outcome_bounds(rows, self.models))

    def _windows(self) -> None:
        printed = np.array([target.printed[1:4] for target in self.models])
        half = np.array([target.half for target in self.models])[:, None] * EDGE
        self.low, self.high = printed - half, printed + half
        places = [target.order_statistics() for target in self.models]
        self.most_below = np.array([below for below, _ in places])
        self.least_upto = np.array([below + 1 + (weight > 0) for below, weight in places])

    def counts(self) -> tuple[np.ndarray, np.ndarray]:
        """Residuals below each window, and up to its upper edge: two arrays (models, 3)."""
        with np.errstate(invalid="ignore"):
            below = (self.residuals[:, None] < self.low[:, :, None]).sum(axis=2)
            upto = (self.residuals[:, None] <= self.high[:, :, None]).sum(axis=2)
        return below, upto

    def misfits(self, below: np.ndarray, upto: np.ndarray) -> np.ndarray:
        """How many rows are on the wrong side, per model and quartile; extra trailing axes are kept."""
        shape = (*self.low.shape, *([1] * (below.ndim - 2)))
        over = np.maximum(below - self.most_below.reshape(shape), 0)
        return over + np.maximum(self.least_upto.reshape(shape) - upto, 0)

    def aimed(self, b: int, missed: np.ndarray, rs) -> tuple[np.ndarray, np.ndarray]:
        """Exchanges in block b that put onto a row a value whose residual falls into a missed window."""
        pairing, first, second = self.pairings[b], [], []
        values = np.unique(pairing.x)
        points = pairing.given / pairing.centre_scale
        for m, k in zip(*np.nonzero(missed), strict=True):
            residual = (values / self.scale - self.fitted[b][m][:, None]) / self.unit[m]
            with np.errstate(invalid="ignore"):
                inside = (residual >= self.low[m, k]) & (residual <= self.high[m, k])
            rows, at = np.nonzero(inside & (values != pairing.x[:, None]))
            for z in rs.permutation(len(rows))[:ROWS_PER_WINDOW]:
                partners = np.flatnonzero(pairing.x == values[at[z]])
                distance = ((points[partners] - points[rows[z]]) ** 2).sum(axis=1).round(9)
                near = partners[np.argsort(distance, kind="stable")[:PARTNERS]]
                first.append(np.full(len(near), rows[z]))
                second.append(near)
        if not first:
            return np.zeros(0, dtype=int), np.zeros(0, dtype=int)
        i, j = np.concatenate(first), np.concatenate(second)
        allowed = pairing.allowed(i, j)
        return i[allowed], j[allowed]

    def null_moves(self, b: int, missed: np.ndarray | None, rs) -> np.ndarray:
        """Pairs of exchanges in block b with zero joint effect: (m, 4) rows; with ``missed`` the first one is aimed."""
        pairing = self.pairings[b]
        nothing = np.zeros(pairing.given.shape[1], dtype=np.int64)
        i, j = sample_exchanges(pairing, rs, PLAIN if missed is None else AIMED)
        first = None
        if missed is not None:
            aimed_i, aimed_j = self.aimed(b, missed, rs)
            first = np.repeat(np.arange(len(aimed_i)), REPEATS)
            i, j = np.concatenate([aimed_i, i]), np.concatenate([aimed_j, j])
        if not len(i):
            return np.zeros((0, 4), dtype=int)
        return pairs_with_effect(pairing, i, j, nothing, rs, limit=PLAIN, first=first)

    def changes(self, b: int, moves: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Effect of each move on the two counts: arrays (models, 3, moves)."""
        after = self.pairings[b].x[moves[:, [1, 0, 3, 2]]] / self.scale
        new = (after - self.fitted[b][:, moves]) / self.unit[:, :, None]
        old = self.residuals[:, self.start[b] + moves]
        out = []
        with np.errstate(invalid="ignore"):
            for edge, compare in ((self.low, np.less), (self.high, np.less_equal)):
                edge = edge[:, :, None, None]
                flips = compare(new[:, None], edge).astype(np.int32) - compare(old[:, None], edge)
                out.append(flips.sum(axis=3))
        return out[0], out[1]

    def apply(self, b: int, move: np.ndarray) -> None:
        """Carry out one null move."""
        pairing = self.pairings[b]
        pairing.exchange(move[0], move[1])
        pairing.exchange(move[2], move[3])
        residual = (pairing.x[move] / self.scale - self.fitted[b][:, move]) / self.unit
        self.residuals[:, self.start[b] + move] = residual

    def snapshot(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Outcome of every block as it stands."""
        return [(pairing.x.copy(), pairing.codes.copy()) for pairing in self.pairings]

    def finish(self, state: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
        """Hand a state back to the blocks; return how far the five figures of each model are off, in half units."""
        errors = np.zeros((len(self.models), 5))
        for rows, (_, codes) in zip(self.blocks, state, strict=True):
            rows.set_column(self.outcome, codes)
        residuals = np.concatenate([self._block_residuals(rows) for rows in self.blocks], axis=1)
        for m, target in enumerate(self.models):
            figures = five_figures(residuals[m][~np.isnan(residuals[m])])
            errors[m] = (figures - target.printed) / target.half
        return errors


class _Search:
    """Greedy descent of the misfit with shakes."""

    def __init__(self, field: Field, rs):
        self.field, self.rs = field, rs
        self.below, self.upto = field.counts()
        self.misfit = int(field.misfits(self.below, self.upto).sum())
        self.best, self.state, self.idle, self.shakes = self.misfit, field.snapshot(), 0, 0

    def _apply(self, b, move, below, upto) -> None:
        self.field.apply(b, move)
        self.below, self.upto = self.below + below, self.upto + upto
        self.misfit = int(self.field.misfits(self.below, self.upto).sum())
        if self.misfit < self.best:
            self.best, self.state = self.misfit, self.field.snapshot()

    def round(self, b: int, aim: bool) -> None:
        """One block: sample null moves, apply those that help."""
        field = self.field
        missed = field.misfits(self.below, self.upto) > 0
        moves = field.null_moves(b, missed if aim else None, self.rs)
        below, upto = field.changes(b, moves)
        alive = below.any(axis=(0, 1)) | upto.any(axis=(0, 1))
        moves, below, upto = moves[alive], below[:, :, alive], upto[:, :, alive]
        moved = False
        for _ in range(PER_ROUND):
            if not len(moves) or self.misfit == 0:
                break
            after = field.misfits(self.below[:, :, None] + below, self.upto[:, :, None] + upto).sum(axis=(0, 1))
            k = int(np.argmin(after))
            if after[k] >= self.misfit:
                if moved or self.idle < PATIENCE * len(field.blocks):
                    break
                harmless = np.argsort(after, kind="stable")[: (20, 60, 200)[self.shakes % 3]]
                k = int(harmless[self.rs.randint(0, len(harmless))])
                self.shakes, self.idle = self.shakes + 1, 0
            self._apply(b, moves[k], below[:, :, k], upto[:, :, k])
            moved = True
            apart = ~np.isin(moves, moves[k]).any(axis=1)
            moves, below, upto = moves[apart], below[:, :, apart], upto[:, :, apart]
        self.idle = 0 if moved else self.idle + 1


def meet_quartiles(blocks: list[Rows], models: list[Target], rs, progress) -> np.ndarray:
    """Re-pair the outcome in the blocks until every printed quartile holds; return errors in half units (models, 5)."""
    field = Field(models, blocks)
    search = _Search(field, rs)
    rounds = 0
    while search.misfit and rounds < ROUNDS:
        late = field.misfits(search.below, search.upto).any(axis=1)
        useful = [b for b in range(len(blocks)) if not np.isnan(field.fitted[b][late, 0]).all()]
        search.round(useful[rounds % len(useful)], aim=(rounds // len(useful)) % 2 == 1)
        rounds += 1
        progress(f"quartiles: {search.misfit} rows on the wrong side (best {search.best}), round {rounds}", end="\r")
    progress(f"quartiles: {search.best} rows on the wrong side after {rounds} rounds, {search.shakes} shakes")
    return field.finish(search.state)
