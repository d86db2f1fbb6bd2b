"""Cluster-robust covariances of fixed effects: what single clusters tell, whatever varies within them.

With the working covariance V of the response, ``M = (X' V^-1 X)^-1`` and residuals ``e_g`` of cluster g they are
``M (sum_g X_g' V_g^-1 A_g e_g e_g' A_g V_g^-1 X_g) M``. A is 1 in CR0; CR1 multiplies by ``m / (m - 1)`` for m
clusters; that of CR2 makes the estimate unbiased where V is right: ``A_g = D' B^-½ D`` with ``V_g = D'D`` and
``B = D (V_g - X_g M X_g') D'``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import linalg

from ..errors import ArgumentError, FitError, brief, counted, first_few, is_one_of, suggest
from ..fit.fit import Fit
from ..fit.leverage import row_information
from ..fit.ranef import orthonormal_blocks
from ..report import r_numbers
from ..report.face import demand_model
from ..report.html import as_html
from ..report.style import Style
from ..report.summary import coefficient_lines
from .coefficients import coefficient_table

__all__ = ["RobustCoefficients", "robust_coefficients", "robust_vcov"]

KINDS = ("CR0", "CR1", "CR2")
# Rows of a cluster up to which its dense matrices are formed: 200 MB each.
MOST_ROWS = 5_000
# Eigenvalue of B, over the largest, from which one counts: where a cluster tells a coefficient alone, B is singular.
NOTHING = 1e-10


@dataclass(frozen=True, eq=False)
class RobustCoefficients:
    """Coefficients with cluster-robust tests; `print` them, or take `frame`.

    Attributes
    ----------
    frame : pandas.DataFrame
        Columns ``Estimate``, ``Std. Error``, ``df``, ``t value``, ``Pr(>|t|)`` by term.
    kind : str
        Of the covariance: ``"CR2"``, ``"CR1"`` or ``"CR0"``.
    clusters : int
        How many there are.
    """

    frame: pd.DataFrame
    kind: str
    clusters: int

    def __str__(self) -> str:
        digits = Style.of(r_numbers.DIGITS, None, 0, r_numbers.LINE_WIDTH).table_digits
        table = coefficient_lines(
            self.frame, digits, estimates=["Estimate", "Std. Error", "df"], test="t value", pvalue="Pr(>|t|)"
        )
        return "\n".join(
            [f"Coefficients, standard errors by {self.kind} of {counted(self.clusters, 'cluster')}:", *table]
        )

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return as_html(str(self), "mlm-robust")


def robust_vcov(m: Any, kind: str = KINDS[2], cluster: Any = None) -> pd.DataFrame:
    """Estimate the covariance of the fixed effects by clusters, not by what the model supposes within them.

    Parameters
    ----------
    m : MixedModel or LinearModel
        The working covariance is the model's own: of a mixed one with its estimated variances.
    kind : {"CR2", "CR1", "CR0"}
        As in clubSandwich: CR0 is the plain sandwich, CR1 this times ``m / (m - 1)`` for m clusters, CR2 the
        bias-reduced one of Bell and McCaffrey.
    cluster : str or array_like, shape (nobs,), optional
        A grouping factor of the model, or the cluster of each row in use; a Series, or a mapping of row labels, is
        aligned by its labels. By default the factor with the fewest levels, for a mixed model. Random effects have to
        be nested in clusters.

    Returns
    -------
    DataFrame, shape (p, p)

    Raises
    ------
    ArgumentError
        When `m` is no such model; for another `kind`; a `cluster` that is not a factor of the model, or not one value
        for each row.
    FitError
        When random effects cross the clusters, there is one cluster only, or one is too large for CR2.

    Examples
    --------
    >>> import mlm
    >>> rows = {"y": [1.0, 2.0, 4.0, 5.0, 7.0, 9.0, 2.0, 3.5], "g": list("aabbccdd")}
    >>> m = mlm.lmer("y ~ 1 + (1 | g)", rows)
    >>> robust, of_model = mlm.robust_vcov(m, "CR2"), m.vcov
    >>> round(float(robust.iloc[0, 0]), 3), round(float(of_model.iloc[0, 0]), 3)
    (1.993, 1.993)

    References
    ----------
    Bell, R. M. & McCaffrey, D. F. (2002). Bias reduction in standard errors for linear regression with multi-stage
    samples. *Survey Methodology* 28(2), 169-181.

    Pustejovsky, J. E. & Tipton, E. (2018). Small-sample methods for cluster-robust variance estimation and hypothesis
    testing in fixed effects models. *Journal of Business & Economic Statistics* 36(4), 672-683, section 2.
    """
    of = _clusters(m, kind, cluster)
    names = m.fixef.index
    return pd.DataFrame(_covariance(m, of), names, names)


def robust_coefficients(m: Any, kind: str = KINDS[2], cluster: Any = None) -> RobustCoefficients:
    """Test coefficients with a cluster-robust covariance, by t distributions with Satterthwaite's degrees of freedom.

    Parameters
    ----------
    m, kind, cluster
        As for `robust_vcov`.

    Returns
    -------
    RobustCoefficients
        With a `frame`. The degrees of freedom are those of the estimated variance where the working covariance is
        right, as clubSandwich's ``coef_test``.

    Raises
    ------
    ArgumentError, FitError
        As for `robust_vcov`.

    Examples
    --------
    >>> import mlm
    >>> rows = {"y": [1.0, 2.0, 4.0, 5.0, 7.0, 9.0, 2.0, 3.5], "g": list("aabbccdd")}
    >>> found = mlm.robust_coefficients(mlm.lmer("y ~ 1 + (1 | g)", rows))
    >>> found.clusters, found.frame.round(2).values.tolist()
    (4, [[4.19, 1.41, 3.0, 2.97, 0.06]])

    References
    ----------
    Pustejovsky, J. E. & Tipton, E. (2018). Small-sample methods for cluster-robust variance estimation and hypothesis
    testing in fixed effects models. *Journal of Business & Economic Statistics* 36(4), 672-683, section 3.
    """
    of = _clusters(m, kind, cluster)
    errors = np.sqrt(_covariance(m, of).diagonal())
    frame = coefficient_table(m.fixef.index, m.fixef.to_numpy(), errors, _degrees_of_freedom(m, of))
    return RobustCoefficients(frame, kind, len(of.scores))


class _Clusters(NamedTuple):
    """What each of m clusters tells, with the columns worked with for X.

    Attributes
    ----------
    kind : str
    scores : ndarray, shape (m, p)
        ``X_g' V_g^-1 A_g e_g``.
    squares, weights : ndarray, shape (m, p, p)
        ``U_g' V_g U_g`` and ``X_g' U_g``, with ``U_g = A_g V_g^-1 X_g``.
    """

    kind: str
    scores: np.ndarray
    squares: np.ndarray
    weights: np.ndarray


def _covariance(m: Any, of: _Clusters) -> np.ndarray:
    turn, working, _ = m.working_covariance
    count = len(of.scores)
    factor = count / (count - 1) if of.kind == "CR1" else 1.0
    estimated = turn(np.eye(len(working))) @ working @ of.scores.T
    found = estimated @ estimated.T
    return np.asarray(factor * (found + found.T) / 2)


def _degrees_of_freedom(m: Any, of: _Clusters) -> np.ndarray:
    """Twice the squared mean over the variance of each estimated variance, were the response normal with V: (p,).

    For a contrast c the estimate is a sum of squares of ``c' M U_g' (e_g)``, whose covariances are
    ``c' M (U_g' V_g U_g δ_gh - U_g' X_g M X_h' U_h) M c``.
    """
    (turn, working, _), out = m.working_covariance, []
    for c in turn(np.eye(len(working))) @ working:
        own = np.einsum("i,gij,j->g", c, of.squares, c)
        through = of.weights @ c
        products = np.diag(own) - through @ working @ through.T
        out.append(float(np.trace(products) ** 2 / np.sum(np.square(products))))
    return np.array(out)


def _clusters(m: Any, kind: Any, cluster: Any) -> _Clusters:
    """Check what was asked for, and go through the clusters."""
    demand_model(m)
    if hasattr(m, "family"):
        raise ArgumentError(
            f"Robust covariances are those of linear models, lm and lmer; this one is of the {m.family.name} family."
        )
    if not is_one_of(kind, KINDS):
        raise ArgumentError(f"`kind` is one of {', '.join(map(repr, KINDS))}; got {brief(kind)}.")
    codes = _codes(m, cluster)
    return _Clusters(kind, *(_reduced(m, codes) if kind == "CR2" else _plain(m, codes)))


def _codes(m: Any, cluster: Any) -> np.ndarray:
    """Cluster of each row from 0, shape (n,); random effects are nested in them."""
    mixed = isinstance(m, Fit)
    if cluster is None:
        if not mixed:
            raise ArgumentError("A linear model has no groups of its own: `cluster` is the cluster of each row.")
        cluster = m.ngrps.idxmin()
    codes = m.frame.groupings[cluster].codes if _is_factor(m, cluster) else _coded(m, cluster)
    count = int(codes.max()) + 1
    if count < 2:
        raise FitError("All rows are in one cluster: robust covariances compare clusters, at least 2.")
    for group in m.ngrps.index if mixed else ():
        levels = m.frame.groupings[group].codes
        pairs = np.unique(levels.astype(np.int64) * count + codes)
        split = int((np.bincount(pairs // count) > 1).sum())
        if split:
            of = f"{counted(split, 'level')} of {group!r} {'has' if split == 1 else 'have'}"
            raise FitError(
                f"{of} rows in several clusters: with crossed random effects clusters are not independent. Cluster by "
                "a factor in which all random effects are nested."
            )
    return np.asarray(codes)


def _is_factor(m: Any, cluster: Any) -> bool:
    if not isinstance(cluster, str):
        return False
    if cluster not in m.frame.groupings:
        raise ArgumentError(
            f"{cluster!r} is not a grouping factor of the model ("
            f"{first_few(list(m.frame.groupings)) or 'it has none'}); give the cluster of each row instead, such as "
            f"data[{cluster!r}].{suggest(cluster, m.frame.groupings)}"
        )
    return True


def _coded(m: Any, cluster: Any) -> np.ndarray:
    if isinstance(cluster, Mapping):
        cluster = pd.Series(dict(cluster), dtype=object)
    try:
        given = cluster if isinstance(cluster, pd.Series) else pd.Series(list(cluster))
    except (TypeError, ValueError):
        raise ArgumentError(
            f"`cluster` is a grouping factor or the cluster of each row; got {type(cluster).__name__}."
        ) from None
    if isinstance(cluster, pd.Series) and not given.index.equals(m.frame.index):
        given = _aligned(m, given)
    if len(given) != m.nobs:
        raise ArgumentError(f"`cluster` has {len(given)} values for the {m.nobs} rows in use; give one for each.")
    try:
        codes = pd.factorize(given)[0]
    except (TypeError, ValueError):
        raise ArgumentError("The values of `cluster` cannot be told apart; make text of them first.") from None
    if (codes < 0).any():
        raise ArgumentError(f"`cluster` is missing in {int((codes < 0).sum())} rows; leave these out of the fit.")
    return codes


def _aligned(m: Any, given: pd.Series) -> pd.Series:
    """Clusters in the order of the rows in use, by their labels."""
    absent = m.frame.index[~m.frame.index.isin(given.index)]
    if len(absent) or not given.index.is_unique:
        why = f"has no value for the row {brief(absent[0])}" if len(absent) else "has rows with one label"
        raise ArgumentError(
            f"`cluster` is aligned by its row labels, and {why}; give it the labels of the data, or take "
            "cluster.to_numpy() for one value after the other."
        )
    return given.loc[m.frame.index]


def _plain(m: Any, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores and squares without a correction: ``V^-1 e`` are weighted conditional residuals, ``V^-1 X`` likewise."""
    turn, count = m.working_covariance.turn, int(codes.max()) + 1
    weights = (np.ones(m.nobs) if m.frame.weights is None else m.frame.weights) / m.sigma**2
    residuals = m.frame.y - m.fitted.to_numpy()
    x = left = turn(m.frame.x)
    if isinstance(m, Fit):
        worked, found = row_information(m)
        left = np.empty_like(x)
        left[worked.order] = turn(found.left().T @ worked.root)
    through = left * weights[:, None]
    scores, squares = np.zeros((count, x.shape[1])), np.zeros((count, x.shape[1], x.shape[1]))
    np.add.at(scores, codes, x * (weights * residuals)[:, None])
    np.add.at(squares, codes, x[:, :, None] * through[:, None])
    return scores, squares, squares


def _reduced(m: Any, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same with the correction of CR2."""
    turn, working, _ = m.working_covariance
    x, away = turn(m.frame.x), m.frame.net_response - m.frame.x @ m.fixef.to_numpy()
    scores, squares, weights = [], [], []
    for rows, v in _working_covariances(m, codes):
        mine, root = x[rows], linalg.cholesky(v)
        inner = root @ (v - mine @ working @ mine.T) @ root.T
        values, vectors = linalg.eigh(inner)
        known = values > NOTHING * values[-1]
        half = root.T @ vectors[:, known]
        corrected = (half / np.sqrt(values[known])) @ half.T
        u = corrected @ linalg.cho_solve((root, False), mine)
        scores.append(u.T @ away[rows])
        squares.append(u.T @ v @ u)
        weights.append(mine.T @ u)
    return np.array(scores), np.array(squares), np.array(weights)


def _working_covariances(m: Any, codes: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Rows of each cluster, and the working covariance of their response."""
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes))
    largest = int(np.diff(ends, prepend=0).max())
    if largest > MOST_ROWS:
        raise FitError(
            f"A cluster has {largest} rows; CR2 takes up to {MOST_ROWS}. Take kind='CR1', or smaller clusters."
        )
    weights = np.ones(m.nobs) if m.frame.weights is None else m.frame.weights
    blocks = orthonormal_blocks(m) if isinstance(m, Fit) else []
    parts = [(columns, m.frame.groupings[part.term.group].codes, c) for part, columns, c in blocks]
    for rows in np.split(order, ends[:-1]):
        v = np.diag(m.sigma**2 / weights[rows])
        for z, levels, covariance in parts:
            v += (z[rows] @ covariance @ z[rows].T) * (levels[rows][:, None] == levels[rows])
        yield rows, v
