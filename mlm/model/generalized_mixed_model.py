"""The fitted generalized mixed model: all that can be asked of a fit, one method a question."""

from __future__ import annotations

import pandas as pd

from ..fit.generalized import GeneralizedFit
from ..fit.ranef import coef_tables, ranef_table, varcorr_table

__all__ = ["GeneralizedMixedModel"]


class GeneralizedMixedModel(GeneralizedFit):
    """A generalized linear mixed model fitted by `mlm.glmer`, read-only.

    Attributes
    ----------
    frame : ModelFrame
        The rows in use.
    terms : tuple of RandomPart
        Random-effects terms in the order of theta.
    family : Family
        ``m.family.name``, ``m.family.link.name``; ``m.family.theta`` of a negative binomial model.
    n_agq : int
        0, 1 (Laplace) or the quadrature nodes an effect.
    optimum : GeneralizedOptimum
        What the search did.
    """

    def __repr__(self) -> str:
        groups = ", ".join(f"{g} {n}" for g, n in self.ngrps.items())
        family = f"{self.family.name}({self.family.link.name})"
        return (
            f"<GeneralizedMixedModel {self.formula} | {family} | -2 log L {-2.0 * self.loglik:.4f} | "
            f"n {self.nobs}, {groups}>"
        )

    def covariance(self, use_hessian: bool = True) -> pd.DataFrame:
        """Covariance matrix of the fixed effects.

        Parameters
        ----------
        use_hessian : bool
            True for twice the inverse of the second derivatives by theta and beta, as in lme4 (`vcov` is this, but for
            ``n_agq=0``, where it is the other); False for the information at the conditional modes, as if theta were
            known.

        Returns
        -------
        DataFrame, shape (p, p)

        Examples
        --------
        >>> import mlm
        >>> data = {"y": [0, 1, 1, 1, 0, 0, 1, 0, 1, 1, 0, 0], "g": list("aaabbbcccddd")}
        >>> m = mlm.glmer("y ~ 1 + (1 | g)", data, n_agq=0)
        >>> m.covariance(use_hessian=False).equals(m.vcov)
        True
        """
        return pd.DataFrame(self.fixed_covariance(use_hessian), self._names, self._names)

    @property
    def varcorr(self) -> pd.DataFrame:
        """Variances and covariances: columns grp, var1, var2, vcov, sdcor (correlations for covariances)."""
        return varcorr_table(self)

    def ranef(self) -> pd.DataFrame:
        """Conditional modes of the random effects, on the scale of the linear predictor.

        Returns
        -------
        DataFrame
            Columns grpvar, term, grp, condval, condsd; one row a level and term. `condsd` is the square root of the
            conditional variance given the estimated parameters.
        """
        return ranef_table(self)

    def coef(self) -> pd.DataFrame | dict[str, pd.DataFrame]:
        """Fixed effects plus conditional modes, level by level.

        Returns
        -------
        DataFrame, or dict of DataFrame when there are several grouping factors
        """
        tables = coef_tables(self)
        return next(iter(tables.values())) if len(tables) == 1 else tables
