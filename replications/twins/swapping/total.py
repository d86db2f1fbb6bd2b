"""Two-column data with rounded products: use the room inside the roundings to meet the exact total over all groups.

A random-intercept model on centred or raw columns needs the total; single groups are told coarsely only.
"""

from __future__ import annotations

import numpy as np

from replications.errors import TwinError
from replications.twins.aggregates import Aggregates
from replications.twins.progress import Progress
from replications.twins.swapping.exact import close_by_permutations
from replications.twins.swapping.rows import Rows

UNTOLD_ROOM = 10**10  # how far from its chance value a product may be that is not told, in units of the scales
SWEEPS = 3  # over all groups, at most; heck2011 needs one
COARSE = 10  # a part of what is missing may be missed by a tenth of it


def _present(rows: Rows) -> int:
    first, second = rows.block.cross
    return int((rows.columns[first] * rows.columns[second]).sum())


def _shift(rows: Rows, wanted: int, near: int) -> int:
    """Re-pair one group so that its product changes by about ``wanted`` within its rounding; return the change.

    If the rounding leaves room for a part of it only, that part is met coarsely; all of it is met to ``near``.
    """
    name = rows.block.cross[1]
    told = int(rows.block.products[1, 2])
    room = rows.block.rounding if rows.block.told else UNTOLD_ROOM
    before = _present(rows)
    low, high = told - room - before, told + room - before
    step = int(np.clip(wanted, low, high))
    if step == 0 or low > 0 or high < 0:
        return 0
    pairing = rows.pairing(name, rows.codes[name])
    pairing.missing = np.array([0, step])
    tolerance = near if step == wanted else max(near, abs(step) // COARSE)
    met = close_by_permutations(pairing, rows.rs, tolerance)
    after = int((pairing.given[:, -1] * pairing.x).sum())
    if met and abs(after - told) <= room:
        rows.set_column(name, pairing.codes)
        return after - before
    return 0


def meet_total(aggregates: Aggregates, total: int, blocks: list[Rows], progress: Progress) -> None:
    """Bring the sum of products over all groups to the kept total, within half of its last digit.

    The largest groups come first, which have the most room; those that are told finely are left alone.

    Raises
    ------
    TwinError
        If what is missing is more than the groups have room for.
    """
    rule = aggregates.recipe["rounding"]
    near = round(rule["total_width"] * rule["unit"] / 2)
    pool = [
        rows
        for rows in sorted(blocks, key=lambda rows: -rows.n)
        if rows.group.name not in rule["fine_groups"] and all(rows.columns[c].std() > 0 for c in rows.block.cross)
    ]
    missing = total - sum(map(_present, blocks))
    for rows in pool * SWEEPS:
        if abs(missing) <= near:
            break
        missing -= _shift(rows, missing, near)
    if abs(missing) > near:
        raise TwinError(f"total product off by {missing / rule['unit']} after {SWEEPS} sweeps")
    progress(f"total product met to {missing / rule['unit']:.1e}")
