r"""A heat bath: re-arrange one column until printed residual figures hold, where rows are few.

A state is an order of the column in each block; only states with the right cross-products are visited. With :math:`c`
the cost of a state (`figures`), a walk that is in each state with probability proportional to :math:`e^{-c/T}` is
nearly everywhere at a high temperature :math:`T`, and nearly always at the states of least cost at a low one. Falling
slowly, the temperature lets the walk leave states that are better than all their neighbours, but not good.

Such a walk is made by steps that each draw from that distribution among a few states: the one as it stands and those
that some hundred re-arrangements of one block lead to (`swapping.rearrangements`), state s with probability
:math:`e^{-c_s/T} \big/ \sum_r e^{-c_r/T}`. Nothing is proposed and refused, as the cost of all of them is worked out at
once. (Geman & Geman 1984, IEEE Transactions on Pattern Analysis and Machine Intelligence 6, 721-741. That the same
re-arrangements are not offered on the way back makes it a search and not a sampler; what is wanted is a state of
cost zero.) The best state is kept.
"""

from __future__ import annotations

import numpy as np
from numpy.random import RandomState

from replications.twins.progress import Progress
from replications.twins.residuals.figures import Attainable, Figures
from replications.twins.residuals.targets import Target, block_residuals
from replications.twins.swapping.rearrangements import zero_rearrangements
from replications.twins.swapping.rows import Rows

ATTEMPTS = 6  # runs, at most; issp needs two, imm10 two for homework and one for ses
SWEEPS, STEPS = 80, 10  # sweeps over all blocks in a run, and steps in a block in a sweep
# Temperatures at the beginning and the end of a run: a state that is worse by one bit or row than another is drawn
# half as often as that at the beginning, and once in 800 at the end.
HOT, COLD = 1.5, 0.15
DECIMALS = 9  # of residuals that are told apart


class Bath:
    """State of a heat bath: one column of some blocks, the residuals of the models it decides.

    Parameters
    ----------
    blocks : list of Rows
        All rows of all models.
    models : list of Target
    column : str
    rs : RandomState

    Attributes
    ----------
    residuals : array (models, n)
        Those of the state, blocks one after another; of block b from ``start[b]`` on, its anchors last.
    cost, best : float
        Cost of the state, and of the best one so far.
    weighed : int
        How many re-arrangements have been worked out.
    """

    def __init__(self, blocks: list[Rows], models: list[Target], column: str, rs: RandomState) -> None:
        self.blocks, self.models, self.column, self.rs = blocks, models, column, rs
        self.pairings = [rows.pairing(column, rows.codes[column]) for rows in blocks]
        self.start = np.cumsum([0, *[rows.block.n for rows in blocks]])
        self.figures = Figures(models, self._attainable())
        self.residuals = self._all_residuals()
        self.cost = float(self.figures.cost(self.residuals))
        self.best, self.best_codes = self.cost, self._codes()
        self.weighed = 0

    def _all_residuals(self) -> np.ndarray:
        return np.concatenate([block_residuals(rows, self.models) for rows in self.blocks], axis=1)

    def _codes(self) -> list[np.ndarray]:
        return [pairing.codes.copy() for pairing in self.pairings]

    def _attainable(self) -> list[Attainable]:
        """Per model, every residual that some row has with some value of the column in its group."""
        values: list[list[np.ndarray]] = [[] for _ in self.models]
        counts: list[list[np.ndarray]] = [[] for _ in self.models]
        for rows in self.blocks:
            kind = rows.aggregates.columns[self.column]
            for code, count in rows.margins[self.column].items():
                if not count:
                    continue
                columns = rows.columns | kind.product_columns(np.array([code]))
                for m, target in enumerate(self.models):
                    residuals = np.broadcast_to(target.residuals(rows.group.name, columns), rows.n)
                    different, times = np.unique(residuals.round(DECIMALS), return_counts=True)
                    values[m].append(different)
                    counts[m].append(np.minimum(times, count))
        out = []
        for m in range(len(self.models)):
            different, at = np.unique(np.concatenate(values[m]), return_inverse=True)
            out.append(Attainable(different, np.bincount(at, np.concatenate(counts[m])).astype(int)))
        return out

    def _candidates(self, b: int) -> tuple[np.ndarray, np.ndarray]:
        """Codes of the column after each re-arrangement (m, n), and all residuals then (m, models, N)."""
        rows, pairing = self.blocks[b], self.pairings[b]
        to, source = zero_rearrangements(pairing, self.rs)
        codes = np.repeat(pairing.codes[None], len(to), axis=0)
        np.put_along_axis(codes, to, pairing.codes[source], axis=1)
        columns = rows.columns | rows.aggregates.columns[self.column].product_columns(codes)
        new = np.stack([target.residuals(rows.group.name, columns) for target in self.models], axis=1)
        residuals = np.repeat(self.residuals[None], len(to), axis=0)
        residuals[:, :, self.start[b] : self.start[b] + rows.n] = new
        return codes, residuals

    def step(self, b: int, temperature: float) -> None:
        """Draw among the states that re-arrangements of one block lead to, and the state as it stands."""
        codes, residuals = self._candidates(b)
        if not len(codes):
            return
        costs = np.append(self.figures.cost(residuals), self.cost)
        self.weighed += len(codes)
        chance = np.exp(-(costs - costs.min()) / temperature)
        drawn = int(np.searchsorted(np.cumsum(chance), self.rs.rand() * chance.sum()))
        if drawn < len(codes):
            self._move(b, codes[drawn], residuals[drawn], float(costs[drawn]))

    def _move(self, b: int, codes: np.ndarray, residuals: np.ndarray, cost: float) -> None:
        pairing, rows = self.pairings[b], self.blocks[b]
        pairing.codes, pairing.x = codes, rows.aggregates.columns[self.column].numeric(codes)
        rows.set_column(self.column, codes)
        self.residuals, self.cost = residuals, cost
        if cost < self.best:
            self.best, self.best_codes = cost, self._codes()

    def finish(self) -> np.ndarray:
        """Hand the best state back to the blocks; errors of the five figures in half units (models, 5)."""
        for rows, codes in zip(self.blocks, self.best_codes, strict=True):
            rows.set_column(self.column, codes)
        return self.figures.errors(self._all_residuals())


def _cool(bath: Bath, sweeps: int, progress: Progress) -> None:
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
    blocks: list[Rows], models: list[Target], column: str, rs: RandomState, progress: Progress, sweeps: int = SWEEPS
) -> np.ndarray:
    """Re-arrange one column until the printed figures of the models hold, in up to `ATTEMPTS` runs.

    Returns
    -------
    array (models, 5)
        Errors of the five figures, in half units of their last printed place.
    """
    bath = Bath(blocks, models, column, rs)
    for attempt in range(ATTEMPTS):
        _cool(bath, sweeps, progress)
        progress(f"{column}: run {attempt + 1}, {bath.weighed} re-arrangements weighed, bits off {bath.best:.2f}")
        if bath.best == 0:
            break
    return bath.finish()
