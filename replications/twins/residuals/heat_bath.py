"""A heat bath: re-arrange one column until printed residual figures hold, where rows are few.

Each step takes one block and some hundred re-arrangements of the column without effect on its cross-products, works
out the five figures under each, and draws one with probability proportional to ``exp(-cost / temperature)``,
staying put included. The temperature falls; the best state is kept.
"""

from collections.abc import Callable

import numpy as np

from replications.twins.residuals.figures import Attainable, Figures
from replications.twins.residuals.targets import Target
from replications.twins.swapping.margins import Rows
from replications.twins.swapping.rearrangements import zero_rearrangements

SWEEPS, STEPS, ATTEMPTS = 80, 10, 6
HOT, COLD = 1.5, 0.15


class Bath:
    """State of a heat bath: one column of some blocks, the residuals of the models it decides."""

    def __init__(self, blocks: list[Rows], models: list[Target], column: str, rs):
        self.blocks, self.models, self.column, self.rs = blocks, models, column, rs
        self.pairings = [rows.pairing(column, rows.codes[column]) for rows in blocks]
        self.start = np.cumsum([0, *[rows.block.n for rows in blocks]])
        self.figures = Figures(models, self._attainable())
        self.residuals = np.concatenate([self._with_anchors(rows) for rows in blocks], axis=1)
        self.cost = float(self.figures.cost(self.residuals))
        self.best, self.state = self.cost, [pairing.codes.copy() for pairing in self.pairings]
        self.weighed = 0

    def _with_anchors(self, rows: Rows) -> np.ndarray:
        anchors = [rows.product_row(row) for row in rows.anchors]
        columns = {name: np.append(column, [row[name] for row in anchors]) for name, column in rows.columns.items()}
        return np.array([target.residuals(rows.group.name, columns) for target in self.models])

    def _attainable(self) -> list[Attainable]:
        """Per model, every residual that some row has with some value of the column in its group."""
        found = [[] for _ in self.models]
        for rows in self.blocks:
            for code, count in rows.margins[self.column].items():
                if not count:
                    continue
                columns = dict(rows.columns) | rows.aggregates.columns[self.column].product_columns(np.array([code]))
                for target, into in zip(self.models, found, strict=True):
                    residuals = np.broadcast_to(target.residuals(rows.group.name, columns), rows.n)
                    values, counts = np.unique(residuals.round(9), return_counts=True)
                    into.append((values, np.minimum(counts, count)))
        out = []
        for parts in found:
            values, at = np.unique(np.concatenate([values for values, _ in parts]), return_inverse=True)
            out.append(Attainable(values, np.bincount(at, np.concatenate([counts for _, counts in parts])).astype(int)))
        return out

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
