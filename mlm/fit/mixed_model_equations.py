"""Henderson's mixed-model equations at a fit: how sure fixed and random effects are, jointly.

Random effects are ``b = T u`` with spherical u, W are the rows' weights. The errors of the best linear unbiased
predictor, ``(û - u, β̂ - β)``, have covariance ``sigma² C^-1`` with

    ``C = [T'Z'WZT + I, T'Z'WX; X'WZT, X'WX]``

(Henderson 1975, Biometrics 31, 423-447; Laird & Ware 1982, Biometrics 38, 963-974; Robinson 1991, Statist. Sci. 6,
15-32). With H its first block, ``S = H^-1 T'Z'WX`` and V the covariance of the fixed effects, what is predicted of a
row with columns x and z, ``a = T'z``, has the variance ``sigma² a'H^-1 a + (x - S'a)' V (x - S'a)``. T may be singular.
Of ``H^-1`` only the blocks at pairs of levels that meet in a row are asked for; nothing has n columns.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import linalg

from ..generalized.rows import Blocks
from ..generalized.systems import Structure, System
from .fit import Fit
from .generalized import GeneralizedFit
from .leverage import row_information
from .working_covariance import WorkingCovariance

__all__ = ["Effects", "MixedModelEquations", "mixed_model_equations"]

# Numbers of a block of right sides that are solved for at once: 16 MB.
SOLVED_NUMBERS = 2_000_000


class Effects(NamedTuple):
    """What rows have of one grouping factor's effects.

    Attributes
    ----------
    z : ndarray, shape (m, q)
        Columns of all its terms, 0 where an effect is left out.
    codes : ndarray of int, shape (m,)
        Positions of the levels; -1 for a level that the fit has not seen.
    """

    z: np.ndarray
    codes: np.ndarray


class MixedModelEquations(NamedTuple):
    """The equations, factored.

    Attributes
    ----------
    names : tuple of str
        The grouping factors.
    loadings : tuple of ndarray, shapes (q, q)
        Of each factor: what the user's columns are multiplied with to be a.
    system : System
        H.
    inverse : mapping
        Its inverse's blocks at the cells.
    structure : Structure
    matched : tuple of ndarray, shapes (q, J, p)
        S, of the fixed-effects columns worked with.
    scale : float
        The variance of the spherical effects.
    working_covariance : WorkingCovariance
        V, of these columns.
    """

    names: tuple[str, ...]
    loadings: tuple[np.ndarray, ...]
    system: System
    inverse: Blocks
    structure: Structure
    matched: tuple[np.ndarray, ...]
    scale: float
    working_covariance: WorkingCovariance

    def variances(self, x: np.ndarray, effects: dict[str, Effects]) -> np.ndarray:
        """Variances of ``x'(β̂ - β) + z'(b̂ - b)``, shape (m,).

        Parameters
        ----------
        x : ndarray, shape (m, p)
        effects : mapping of str to Effects
            By grouping factor, of those that have a part in the prediction. The effects of a level that was not seen
            are predicted as 0, and err by all of their own variance.
        """
        spherical, codes = {}, {}
        for k, name in enumerate(self.names):
            if name in effects:
                spherical[k], codes[k] = effects[name].z @ self.loadings[k], effects[name].codes
        rest, own = self.working_covariance.turn(x), np.zeros(len(x))
        for k, a in spherical.items():
            seen = codes[k] >= 0
            own[~seen] += np.einsum("ia,ia->i", a[~seen], a[~seen])
            rest[seen] -= np.einsum("ia,aip->ip", a[seen], self.matched[k][:, codes[k][seen]])
            for m in (m for m in spherical if m >= k):
                both = seen & (codes[m] >= 0)
                blocks = self._blocks(k, m, codes[k][both], codes[m][both])
                twice = 1.0 if m == k else 2.0
                own[both] += twice * np.einsum("ia,abi,ib->i", a[both], blocks, spherical[m][both])
        return np.asarray(self.scale * own + ((rest @ self.working_covariance.matrix) * rest).sum(axis=1))

    def _blocks(self, k: int, m: int, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Blocks of the inverse at pairs of levels of two factors, shape (q, q', pairs)."""
        if k == m:
            return self.inverse[k, k][:, :, first]
        cells, width = self.structure.rows.cells[k, m], self.structure.sizes[m][1]
        known, wanted = cells.first * np.int64(width) + cells.second, first * np.int64(width) + second
        place = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
        out, absent = self.inverse[k, m][:, :, place], known[place] != wanted
        if absent.any():
            out[:, :, absent] = self._solved(k, m, first[absent], second[absent])
        return out

    def _solved(self, k: int, m: int, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Blocks at pairs of levels that have no row together: the columns of the second ones are solved for."""
        sizes = self.structure.sizes
        q, levels = sizes[m][0], np.unique(second)
        out = np.empty((sizes[k][0], q, len(first)))
        step = max(1, SOLVED_NUMBERS // (q * sum(q * levels for q, levels in sizes)))
        for start in range(0, len(levels), step):
            mine = levels[start : start + step]
            unit = [np.zeros((q, levels, sizes[m][0] * len(mine))) for q, levels in sizes]
            for b in range(q):
                unit[m][b, mine, b * len(mine) + np.arange(len(mine))] = 1.0
            found, here = self.system.solve(unit)[k], np.flatnonzero(np.isin(second, mine))
            column = np.searchsorted(mine, second[here])
            for b in range(q):
                out[:, b, here] = found[:, first[here], b * len(mine) + column]
        return out


def mixed_model_equations(fit: Fit | GeneralizedFit) -> MixedModelEquations:
    """Set the equations of a fit up, at its theta; of a generalized model at the modes, with their working weights.

    Parameters
    ----------
    fit : Fit or GeneralizedFit

    Returns
    -------
    MixedModelEquations
    """
    worked, found = row_information(fit)
    scale = (fit.sigma / worked.units.spherical) ** 2
    return MixedModelEquations(
        names=worked.names,
        loadings=tuple(
            worked.units.predictor * linalg.solve_triangular(root, t)
            for root, t in zip(worked.roots, found.at.matrices, strict=True)
        ),
        system=found.at.system,
        inverse=found.at.system.inverse(),
        structure=Structure(worked.rows),
        matched=tuple(found.solved),
        scale=scale,
        working_covariance=WorkingCovariance(worked.working_rows, scale * np.linalg.inv(found.matrix)),
    )
