"""Meet the printed 1Q, Median and 3Q of several models at once, cross-products kept, where rows are many.

A greedy descent of the misfit (`windows`) by null moves (`field`). The blocks take turns. In each some ten thousand
moves are sampled, their effect on the misfit is worked out, and the best one is made; then the best of those that
share no row with it, and so on while it gets better. Every second turn the moves are *aimed*: they put onto a row the
very value whose residual falls into a window that is missed. When the blocks have had their turns without progress, a
*shake*: a move drawn among the least harmful is made although it does not help. The best state is kept.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import RandomState

from replications.twins.progress import Progress
from replications.twins.residuals.field import Field
from replications.twins.residuals.targets import Target
from replications.twins.swapping.rows import Rows

ROUNDS = 3000  # turns of a block, at most; vaisey needs 19, ess 227
PER_ROUND = 60  # moves made in one turn, at most
PATIENCE = 3  # turns of every block without progress before a shake
HARMLESS = (20, 60, 200)  # among how many of the least harmful moves a shake is drawn, in turn


@dataclass(frozen=True)
class Moves:
    """Null moves in one block: their rows (m, 4), and what they change of the counts (2, models, 3, m)."""

    rows: np.ndarray
    changes: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)

    def only(self, which: np.ndarray) -> Moves:
        """Return some of them, given by their positions."""
        return Moves(self.rows[which], self.changes[..., which])

    def apart_from(self, k: int) -> Moves:
        """Return those that share no row with move k, so that what they change is as before once it is made."""
        return self.only(np.flatnonzero(~np.isin(self.rows, self.rows[k]).any(axis=1)))


class _Search:
    """Greedy descent of the misfit with shakes."""

    def __init__(self, field: Field, rs: RandomState) -> None:
        self.field, self.rs = field, rs
        self.counts = field.counts()
        self.misfit = int(self.misfits().sum())
        self.best, self.best_codes = self.misfit, field.codes()
        self.idle, self.shakes = 0, 0

    def misfits(self) -> np.ndarray:
        """How many rows are on the wrong side, per model and quartile."""
        return self.field.windows.misfits(self.counts)

    def turn(self, b: int, aim: bool) -> None:
        """Give one block its turn: sample null moves, make those that help."""
        moves, moved = self._sample(b, aim), False
        for _ in range(PER_ROUND):
            k = self._choose(moves, moved)
            if k is None:
                break
            self._make(b, moves.rows[k], moves.changes[..., k])
            moves, moved = moves.apart_from(k), True
        self.idle = 0 if moved else self.idle + 1

    def _sample(self, b: int, aim: bool) -> Moves:
        """Null moves that change some count."""
        rows = self.field.null_moves(b, self.misfits() > 0 if aim else None, self.rs)
        moves = Moves(rows, self.field.changes(b, rows))
        return moves.only(np.flatnonzero(moves.changes.any(axis=(0, 1, 2))))

    def _choose(self, moves: Moves, moved: bool) -> int | None:
        """Return the best move if it helps; a harmless one if it is time for a shake; else None."""
        if not len(moves) or self.misfit == 0:
            return None
        after = self.field.windows.misfits(self.counts[..., None] + moves.changes).sum(axis=(0, 1))
        best = int(np.argmin(after))
        if after[best] < self.misfit:
            return best
        if moved or self.idle < PATIENCE * len(self.field.blocks):
            return None
        harmless = np.argsort(after, kind="stable")[: HARMLESS[self.shakes % len(HARMLESS)]]
        self.shakes, self.idle = self.shakes + 1, 0
        return int(harmless[self.rs.randint(0, len(harmless))])

    def _make(self, b: int, rows: np.ndarray, change: np.ndarray) -> None:
        self.field.apply(b, rows)
        self.counts = self.counts + change
        self.misfit = int(self.misfits().sum())
        if self.misfit < self.best:
            self.best, self.best_codes = self.misfit, self.field.codes()


def meet_quartiles(blocks: list[Rows], models: list[Target], rs: RandomState, progress: Progress) -> np.ndarray:
    """Re-pair the outcome in the blocks until every printed quartile holds.

    Returns
    -------
    array (models, 5)
        Errors of the five figures, in half units of their last printed place.
    """
    field = Field(models, blocks)
    search = _Search(field, rs)
    rounds = 0
    while search.misfit and rounds < ROUNDS:
        useful = field.used_by(np.flatnonzero(search.misfits().any(axis=1)))
        search.turn(useful[rounds % len(useful)], aim=(rounds // len(useful)) % 2 == 1)
        rounds += 1
        progress(f"quartiles: {search.misfit} rows on the wrong side (best {search.best}), round {rounds}", end="\r")
    progress(f"quartiles: {search.best} rows on the wrong side after {rounds} rounds, {search.shakes} shakes")
    return field.finish(search.best_codes)
