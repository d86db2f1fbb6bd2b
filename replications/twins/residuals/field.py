"""Residuals of several models over thousands of rows, and the exchanges of outcome values that may move them.

The moves are *null moves*: two exchanges of outcome values, on four rows of one block, whose joint effect on all
cross-products is zero. They leave every model as it is, hence all fitted values, and change four residuals.
"""

from __future__ import annotations

import numpy as np
from numpy.random import RandomState

from replications.twins.residuals.targets import Target, block_residuals, outcome_bounds
from replications.twins.residuals.windows import Windows
from replications.twins.swapping.exchanges import DECIMALS, pairs_with_effect, sample_exchanges
from replications.twins.swapping.pairing import Pairing
from replications.twins.swapping.rows import Rows

PLAIN, AIMED = 30_000, 15_000  # exchanges sampled, for moves of any kind and beside aimed ones
ROWS_PER_WINDOW, PARTNERS = 12, 25  # aimed exchanges: rows for each missed window, and rows to exchange with for each
REPEATS = 4  # second exchanges looked up for each aimed one


class Field:
    """Residuals of all models over all their rows, kept current under exchanges of the outcome.

    Parameters
    ----------
    models : list of Target
        With one outcome in common.
    blocks : list of Rows
        All rows of all models, laid.

    Attributes
    ----------
    windows : Windows
    residuals : array (models, n)
        Blocks one after another; of block b from ``start[b]`` on, its anchors last. NaN where a model does not use a
        row.
    pairings : list of Pairing
        The outcome in each block, anchors left out.
    fitted : list of arrays (models, rows)
        Fitted values in the outcome's own units, anchors left out.
    """

    def __init__(self, models: list[Target], blocks: list[Rows]) -> None:
        self.models, self.blocks = models, blocks
        self.windows = Windows(models)
        self.outcome, self.scale = models[0].outcome, models[0].outcome_scale
        self.unit = np.array([target.unit for target in models])[:, None]
        parts = [block_residuals(rows, models) for rows in blocks]
        self.start = np.cumsum([0, *[part.shape[1] for part in parts]])
        self.residuals = np.concatenate(parts, axis=1)
        self.pairings = [
            rows.pairing(self.outcome, rows.codes[self.outcome], outcome_bounds(rows, models)) for rows in blocks
        ]
        self.fitted = [
            pairing.x / self.scale - part[:, : rows.n] * self.unit
            for pairing, part, rows in zip(self.pairings, parts, blocks, strict=True)
        ]

    def counts(self) -> np.ndarray:
        """Residuals below each window and not above it: (2, models, 3)."""
        return self.windows.sides(self.residuals).sum(axis=-1)

    def used_by(self, models: np.ndarray) -> list[int]:
        """Blocks whose rows at least one of some models uses, these given by their positions."""
        return [b for b in range(len(self.blocks)) if not np.isnan(self.fitted[b][models, 0]).all()]

    def null_moves(self, b: int, missed: np.ndarray | None, rs: RandomState) -> np.ndarray:
        """Null moves in block b: (m, 4) rows; with ``missed`` windows the first exchange of each is aimed at one."""
        pairing = self.pairings[b]
        i, j = sample_exchanges(pairing, rs, PLAIN if missed is None else AIMED)
        first = None
        if missed is not None:
            aimed_i, aimed_j = self._aimed(b, missed, rs)
            first = np.repeat(np.arange(len(aimed_i)), REPEATS)
            i, j = np.concatenate([aimed_i, i]), np.concatenate([aimed_j, j])
        if not len(i):
            return np.zeros((0, 4), dtype=int)
        return pairs_with_effect(pairing, i, j, np.zeros_like(pairing.missing), rs, PLAIN, first)

    def _aimed(self, b: int, missed: np.ndarray, rs: RandomState) -> tuple[np.ndarray, np.ndarray]:
        """Exchanges in block b that put onto a row a value whose residual falls into a missed window."""
        pairing = self.pairings[b]
        first, second = [np.zeros(0, dtype=int)], [np.zeros(0, dtype=int)]
        values, points = np.unique(pairing.x), pairing.points
        for m, k in zip(*np.nonzero(missed), strict=True):
            residual = (values / self.scale - self.fitted[b][m][:, None]) / self.unit[m]
            with np.errstate(invalid="ignore"):
                inside = (residual >= self.windows.low[m, k]) & (residual <= self.windows.high[m, k])
            rows, at = np.nonzero(inside & (values != pairing.x[:, None]))
            for z in rs.permutation(len(rows))[:ROWS_PER_WINDOW]:
                near = _nearest(pairing, points, rows[z], values[at[z]])
                first.append(np.full(len(near), rows[z]))
                second.append(near)
        i, j = np.concatenate(first), np.concatenate(second)
        allowed = pairing.allowed(i, j)
        return i[allowed], j[allowed]

    def changes(self, b: int, moves: np.ndarray) -> np.ndarray:
        """Effect of each move in block b on the counts: (2, models, 3, moves)."""
        after = self.pairings[b].x[moves[:, [1, 0, 3, 2]]] / self.scale
        new = (after - self.fitted[b][:, moves]) / self.unit[:, :, None]
        old = self.residuals[:, self.start[b] + moves]
        return (self.windows.sides(new).astype(np.int32) - self.windows.sides(old)).sum(axis=-1)

    def apply(self, b: int, move: np.ndarray) -> None:
        """Carry out one null move."""
        pairing = self.pairings[b]
        pairing.exchange(move[0], move[1])
        pairing.exchange(move[2], move[3])
        residual = (pairing.x[move] / self.scale - self.fitted[b][:, move]) / self.unit
        self.residuals[:, self.start[b] + move] = residual

    def codes(self) -> list[np.ndarray]:
        """Outcome of every block as it stands."""
        return [pairing.codes.copy() for pairing in self.pairings]

    def finish(self, codes: list[np.ndarray]) -> np.ndarray:
        """Hand an outcome back to the blocks; errors of the five figures in half units (models, 5)."""
        for rows, column in zip(self.blocks, codes, strict=True):
            rows.set_column(self.outcome, column)
        residuals = np.concatenate([block_residuals(rows, self.models) for rows in self.blocks], axis=1)
        return np.array(
            [target.errors(row[~np.isnan(row)]) for target, row in zip(self.models, residuals, strict=True)]
        )


def _nearest(pairing: Pairing, points: np.ndarray, row: int, value: int) -> np.ndarray:
    """Rows with a value that are nearest to a row in the given columns: an exchange with them does the least harm."""
    partners = np.flatnonzero(pairing.x == value)
    distance = ((points[partners] - points[row]) ** 2).sum(axis=1).round(DECIMALS)
    return partners[np.argsort(distance, kind="stable")[:PARTNERS]]
