"""What single groups, or rows, do to the estimates of a model: it is fitted again without each group in turn."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from ..errors import ArgumentError, brief, counted, first_few, is_one_of, suggest, told
from ..fit.deletion import Refit, refits
from ..fit.fit import Fit
from ..fit.generalized import GeneralizedFit
from ..fit.leverage import row_leverages
from ..report.face import demand_model
from ..report.html import as_html
from .parameters import parameter_values, parameters_of
from .row_influence import RowInfluence, influence_of_mixed_rows, influence_of_rows

__all__ = ["Influence", "influence"]

CONVENTIONS = ("lme4", "HLMdiag")
COLUMNS = ("cooks_distance", "dffits", "covratio", "covtrace", "leverage")
# Groups, or rows, that are printed: those with the largest of Cook's distances.
PRINTED = 10


@dataclass(frozen=True, eq=False)
class Influence:
    """What groups, or rows, do to the estimates; `print` it, or take `frame`.

    Attributes
    ----------
    frame : pandas.DataFrame
        One row a group, by its label, or a row, by its own: ``n`` (rows of a group), ``cooks_distance``, ``dffits``,
        ``covratio``, ``covtrace``, ``leverage``. NaN where the model cannot be fitted without a group, or a row is
        fitted whatever it is, with a leverage of 1.
    estimates : pandas.DataFrame
        Fixed effects without the group or row.
    dfbetas : pandas.DataFrame
        Change of the fixed effects by the group or row (`dfbeta`), over standard errors.
    variances : pandas.DataFrame
        Standard deviations ``sd_…``, correlations ``cor_…`` and ``sigma`` without the group; no columns of rows.
    groups : str or None
        The grouping factor; None of rows.
    fixef : pandas.Series
        Fixed effects of all rows.
    notes : tuple of str
        Why the model could not be fitted without some group, or where a search did not end at a minimum.
    """

    frame: pd.DataFrame
    estimates: pd.DataFrame
    dfbetas: pd.DataFrame
    variances: pd.DataFrame
    groups: str | None
    fixef: pd.Series
    notes: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        for name in ("frame", "estimates", "dfbetas", "variances"):
            object.__setattr__(self, name, getattr(self, name).copy())

    @property
    def cooks_distance(self) -> pd.Series:
        """Cook's distances, in the convention that was asked for."""
        return self.frame["cooks_distance"].copy()

    @property
    def dffits(self) -> pd.Series:
        """MDFFITS; of the rows of a model without random effects R's DFFITS."""
        return self.frame["dffits"].copy()

    @property
    def covratio(self) -> pd.Series:
        """Determinant of the fixed effects' covariance without the group or row, over that with it."""
        return self.frame["covratio"].copy()

    @property
    def covtrace(self) -> pd.Series:
        """Distance from p of the trace of the one over the other; a model without random effects has none."""
        return self.frame["covtrace"].copy()

    @property
    def leverage(self) -> pd.Series:
        """Leverages of rows, or their means over a group's rows."""
        return self.frame["leverage"].copy()

    @property
    def dfbeta(self) -> pd.DataFrame:
        """Fixed effects with the group or row, less those without."""
        return self.fixef - self.estimates

    def __str__(self) -> str:
        what = "row" if self.groups is None else f"level of {self.groups}"
        largest = np.argsort(-np.abs(self.frame["cooks_distance"].to_numpy()), kind="stable")[:PRINTED]
        shown = self.frame if len(self.frame) <= PRINTED else self.frame.iloc[largest]
        heading = [f"Influence by {what}", ""]
        if len(self.frame) > PRINTED:
            heading[0] += f": the {PRINTED} of {len(self.frame)} with the largest of Cook's distances"
        with pd.option_context("display.width", 200, "display.max_columns", None):
            table = shown.to_string(float_format="{:.4g}".format)
        return "\n".join([*heading, table, *([""] if self.notes else []), *self.notes])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return as_html(str(self), "mlm-influence")


def influence(
    m: Any, groups: str | None = None, convention: str = CONVENTIONS[0], progress: bool | None = None
) -> Influence:
    """Measure what each group, or each row, does to the estimates.

    With `groups` the model is fitted again without each level in turn, variances and all: every fit is an optimum of
    its own. Of a linear mixed model a group's own sums are taken off the cross-products, so that no row is gone
    through again, but for groups that have most of the sums; a generalized one is fitted to the other rows.

    Parameters
    ----------
    m : fitted model
        Of any kind.
    groups : str, optional
        A grouping factor of a mixed model, as `ngrps` names it. By default single rows, by their leverages: no row is
        taken out, and the variances of a mixed model count as known.
    convention : {"lme4", "HLMdiag"}
        Of Cook's distances by group. With b fixed effects of all rows, b_j those without group j, V the estimated
        covariance of b, p coefficients and J groups HLMdiag has ``(b - b_j)' V^-1 (b - b_j) / p``, and lme4 this times
        ``(J - p) / J``, which makes it 0 with as many groups as coefficients and negative with fewer. Rows
        have no conventions.
    progress : bool, optional
        Whether to count the fits on standard error, where they take more than a moment; by default on terminals only.

    Returns
    -------
    Influence
        - ``cooks_distance``: as above; by rows ``e² h / (p s² (1 - h)²)`` of Pearson residuals e and leverages h, as in
          R and lme4,
        - ``dffits``: MDFFITS, ``(b - b_j)' V_j^-1 (b - b_j) / p`` with the covariance V_j of b_j; of rows of a model
          without random effects R's DFFITS,
        - ``covratio``: ``|V_j| / |V|``,
        - ``covtrace``: ``|tr(V^-1 V_j) - p|``,
        - ``leverage``: diagonal of the hat matrix of fixed and random effects together, lme4's ``hatvalues``; of a
          group the mean over its rows.

        ``dfbetas`` are ``b - b_j`` over the standard errors of b_j (lme4 has the other sign, R's ``lm`` this one), and
        by row over those of b; without random effects as in R.

        The variances without a group are those of the minimum that is next to the one with it, where there are several
        and the group does not have most of the sums.

    Raises
    ------
    ArgumentError
        When `m` is not a model, or has no such grouping factor; for another `convention`, or one of single rows; when
        `progress` is none.

    Examples
    --------
    >>> import mlm
    >>> rows = {"y": [1.0, 2.0, 4.0, 5.0, 7.0, 9.0, 2.0, 3.5], "g": list("aabbccdd")}
    >>> found = mlm.influence(mlm.lmer("y ~ 1 + (1 | g)", rows), "g")
    >>> found.cooks_distance.round(3).to_dict()
    {'a': 0.302, 'b': 0.004, 'c': 0.608, 'd': 0.086}
    >>> found.estimates["(Intercept)"].round(2).tolist()
    [5.08, 4.08, 2.92, 4.67]

    References
    ----------
    Loy, A. & Hofmann, H. (2014). HLMdiag: A suite of diagnostics for hierarchical linear models in R. *Journal of
    Statistical Software* 56(5), section 4. doi:10.18637/jss.v056.i05

    Demidenko, E. & Stukel, T. A. (2005). Influence analysis for linear mixed-effects models. *Statistics in Medicine*
    24, 893-909.
    """
    demand_model(m)
    if not is_one_of(convention, CONVENTIONS):
        raise ArgumentError(f"`convention` is one of {', '.join(map(repr, CONVENTIONS))}; got {brief(convention)}.")
    if groups is None and convention != CONVENTIONS[0]:
        raise ArgumentError(f"`convention` is of distances by group, and {convention!r} is none of single rows.")
    if groups is None:
        found = influence_of_mixed_rows(m) if isinstance(m, Fit | GeneralizedFit) else influence_of_rows(m)
        return _by_rows(m, found)
    if not isinstance(m, Fit | GeneralizedFit):
        raise ArgumentError("This model has no grouping factors: leave `groups` out for what single rows do.")
    known = list(m.ngrps.index)
    if not (isinstance(groups, str) and groups in known):
        raise ArgumentError(
            f"`groups` is a grouping factor of the model ({first_few(known)}), or None for single rows; "
            f"got {told(groups)}.{suggest(groups, known) if isinstance(groups, str) else ''}"
        )
    if not is_one_of(progress, (None, True, False)):
        raise ArgumentError(f"`progress` is True, False or None; got {brief(progress)}.")
    return _by_groups(m, groups, convention, progress)


def _by_rows(m: Any, found: RowInfluence) -> Influence:
    index, names = m.frame.index.view(), m.fixef.index
    frame = pd.DataFrame({name: found.measures[name] for name in COLUMNS if name in found.measures}, index)
    estimates = pd.DataFrame(m.fixef.to_numpy() - found.changes, index, names)
    return Influence(
        frame, estimates, pd.DataFrame(found.scaled, index, names), pd.DataFrame(index=index), None, m.fixef
    )


def _by_groups(m: Fit | GeneralizedFit, groups: str, convention: str, progress: bool | None) -> Influence:
    grouping = m.frame.groupings[groups]
    found = refits(m, grouping.codes, progress)
    index = pd.Index(grouping.levels, name=groups)
    sizes = np.bincount(grouping.codes, minlength=grouping.size)
    each = row_leverages(m)
    leverage = np.bincount(grouping.codes, each, minlength=grouping.size) / sizes
    factor = 1.0 - len(m.fixef) / grouping.size if convention == "lme4" else 1.0
    rows = [_measures(m, one, factor) for one in found]
    frame = pd.DataFrame(rows, index)
    frame.insert(0, "n", sizes)
    frame["leverage"] = leverage
    estimates = pd.DataFrame([one.beta for one in found], index, m.fixef.index)
    errors = np.sqrt([one.vcov.diagonal() for one in found]).reshape(estimates.shape)
    variances, notes = _variances(m, found, index), _notes(groups, index, found)
    return Influence(frame, estimates, (m.fixef - estimates) / errors, variances, groups, m.fixef, notes)


def _measures(m: Fit | GeneralizedFit, one: Refit, factor: float) -> dict[str, float]:
    change, p = m._beta - one.beta, len(one.beta)
    names = COLUMNS[:-1]
    if not p or not np.isfinite(one.vcov).all():
        return dict.fromkeys(names, np.nan)
    turn, mine, _ = m.working_covariance  # columns far from 0 keep their digits there
    root = np.linalg.inv(turn(np.eye(p)))
    change, other = root @ change, one.working.covariance(root)
    ratio = np.linalg.solve(mine, other)
    values = (
        factor * change @ np.linalg.solve(mine, change) / p,
        change @ np.linalg.solve(other, change) / p,
        np.linalg.det(ratio),
        abs(np.trace(ratio) - p),
    )
    return dict(zip(names, map(float, values), strict=True))


def _variances(m: Fit | GeneralizedFit, found: list[Refit], index: pd.Index) -> pd.DataFrame:
    """Standard deviations, correlations and sigma without each group, named as lme4's ``oldNames = FALSE`` does."""
    names = [each.name for each in parameters_of(m) if each.kind != "beta"]
    covariances = [np.array(each) for each in zip(*[one.covariances for one in found], strict=True)]
    sigma = np.array([one.sigma for one in found]) if m.has_scale else None
    values = parameter_values(covariances, sigma, np.empty((0, len(found))))
    return pd.DataFrame(values, index, names)


def _notes(groups: str, index: pd.Index, found: list[Refit]) -> tuple[str, ...]:
    """Why the model could not be fitted without some groups, or not to a minimum: one line a reason."""
    reasons: dict[str, list[str]] = {}
    for label, one in zip(index, found, strict=True):
        if one.problem:
            reasons.setdefault(one.problem, []).append(str(label))
    each = ((counted(len(levels), "level"), first_few(levels), why) for why, levels in reasons.items())
    return tuple([f"Without {count} of {groups} ({names}): {why}" for count, names, why in each])
