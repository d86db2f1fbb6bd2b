"""From the aggregates alone: how many pairings of each group's values they leave possible.

For each group and block, log2 of the number of re-pairings (ties counted), less what the kept products give away and
what the printed residual figures do, shared out by rows. Where little is left, the aggregates themselves single out
the true records, and no generator could hide them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from replications.twins.aggregates import Aggregates, Block
from replications.twins.disclosure import pairing_bits, told_bits

BITS_PER_FIGURE = 14  # four printed decimals of a range of about 1


@dataclass(frozen=True)
class Budget:
    """Bits of one block: possible pairings, told by products, told by printed figures.

    Attributes
    ----------
    group, block : str
    n : int
        Rows.
    pairings, products, figures : float
    """

    group: str
    block: str
    n: int
    pairings: float
    products: float
    figures: float

    @property
    def told(self) -> float:
        """What is told of the pairings."""
        return self.products + self.figures

    @property
    def left(self) -> float:
        """log2 of the number of pairings that remain."""
        return self.pairings - self.products - self.figures


def _pairings(block: Block) -> float:
    """All orders of all columns but the freest: its order only renames the rows."""
    return sum(sorted(pairing_bits(list(block.margins[name].values())) for name in block.cross)[:-1])


def _told_by_products(block: Block) -> float:
    if not block.told:
        return 0.0
    n, names, bits = block.n, block.product_names, 0.0
    means = block.products[0] / n
    sds = [math.sqrt(max(block.products[k, k] / n - means[k] ** 2, 0)) for k in range(len(names))]
    for i in range(1, len(names)):
        for j in range(1, i):
            if names[i].split("#")[0] != names[j].split("#")[0]:
                bits += told_bits(math.sqrt(n) * sds[i] * sds[j], max(1, 2 * block.rounding))
    return bits


def budgets(aggregates: Aggregates) -> list[Budget]:
    """Budget of every block with products, the tightest first."""
    blocks = [(group, block) for group in aggregates.groups for block in group.blocks if block.cross]
    rows = sum(block.n for _, block in blocks)
    figures = BITS_PER_FIGURE * sum(len(model["printed"]) for model in aggregates.recipe["models"])
    out = [
        Budget(group.name, block.name, block.n, _pairings(block), _told_by_products(block), figures * block.n / rows)
        for group, block in blocks
    ]
    return sorted(out, key=lambda budget: budget.left)
