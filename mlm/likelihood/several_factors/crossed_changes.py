"""How the crossed factors' system changes along a step of T; see `changes` for what this is part of."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...sparse.arithmetic import inner_product, mixed_sandwich, sandwich, times
from ...sparse.changes import inverse_change
from .backward import CrossedEffects
from .crossed import ScaledSystem
from .forward import SolvedCrossed

__all__ = ["CrossedSteps", "Step"]


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """A step of T, or of Sigma.

    Attributes
    ----------
    factor : int
    change : ndarray, shape (q, q)
        Change of the factor's T.
    of_sigma : ndarray, shape (q, q)
        Change of its Sigma.
    """

    factor: int
    change: np.ndarray
    of_sigma: np.ndarray


class CrossedSteps:
    """What steps change in the crossed factors' system ``M = Lambda' S Lambda + I``, whose inverse is B.

    Parameters
    ----------
    solved : SolvedCrossed
    effects : CrossedEffects
    steps : list of Step
    """

    def __init__(self, solved: SolvedCrossed, effects: CrossedEffects, steps: list[Step]) -> None:
        system = solved.system
        assert isinstance(system, ScaledSystem)
        self.system, self.factor, self.effects = system, solved.factor, effects
        self.fronts = solved.crossed.fronts
        self.inverse = solved.factor.inverse()
        factors, matrices = list(solved.crossed.factors), system.matrices
        self.scales = [
            system.scale_of([s.change if s.factor == k else 0.0 * t for k, t in zip(factors, matrices, strict=True)])
            if s.factor in factors
            else None
            for s in steps
        ]

    def along(self, a: int, schur: np.ndarray | None) -> tuple[np.ndarray, CrossedEffects]:
        """Second derivatives of ``log |M|`` by step a and all steps of crossed factors, and the change of W.

        With ``M_b = Lambda_b' S Lambda + Lambda' S Lambda_b``, the first derivative is ``tr B M_b``.

        Parameters
        ----------
        a : int
        schur : ndarray, shape (fronts.size,), or None
            Change of S.

        Returns
        -------
        row : ndarray, shape (m,)
            0 for steps of nested factors.
        effects : CrossedEffects
            W stands for its change.
        """
        fronts, s, scale, mine = self.fronts, self.system.schur, self.system.scale, self.scales[a]
        single = isinstance(scale, np.ndarray)
        change = fronts.zeros() if schur is None else sandwich(fronts, schur, scale)
        if mine is not None:
            change += mixed_sandwich(fronts, s, mine, scale)
        inverse = inverse_change(self.factor, self.inverse, change)
        row = np.zeros(len(self.scales))
        along = self._single(inverse, schur, mine) if single else None
        for b, other in enumerate(self.scales):
            if other is None:
                continue
            if along is not None:
                row[b] = 2.0 * float(other @ along)
                continue
            row[b] = inner_product(fronts, inverse, mixed_sandwich(fronts, s, other, scale))
            if schur is not None:
                row[b] += inner_product(fronts, self.inverse, mixed_sandwich(fronts, schur, other, scale))
            if mine is not None:
                row[b] += inner_product(fronts, self.inverse, mixed_sandwich(fronts, s, other, mine))
        w = sandwich(fronts, inverse, scale.T)
        if mine is not None:
            w += mixed_sandwich(fronts, self.inverse, mine.T, scale.T)
        return row, replace(self.effects, covariances=w)

    def _single(self, inverse: np.ndarray, schur: np.ndarray | None, mine: np.ndarray | None) -> np.ndarray:
        """Half of what each element of a diagonal step multiplies in `along`, shape (m,).

        With diagonals l of Lambda and k of the step, ``tr B M_k = 2 k' (B ∘ S) l``: the elements' products are formed
        once for all steps.
        """
        s, scale = self.system.schur, self.system.scale
        product = inverse * s
        if schur is not None:
            product += self.inverse * schur
        out = times(self.fronts, product, scale[:, None])
        if mine is not None:
            out += times(self.fronts, self.inverse * s, mine[:, None])
        return out[:, 0]
