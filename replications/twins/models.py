"""Linear and linear mixed models fitted from aggregates, no rows needed.

Everything the likelihood of a linear mixed model needs is the group-wise ``[1 x y]'[1 x y]`` (Bates et al.
2015, Journal of Statistical Software 67(1), section 3.4). The generator uses the fits to know the fitted
value, hence the residual, of every row it lays.

Why not :func:`mlm.lmer`: it fits rows, and there are none yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log, pi

import numpy as np
import scipy

import mlm
from replications.twins.aggregates import Aggregates, Group, expand
from replications.twins.recipe import ColumnTerm, Model, Product

THETA_DECIMALS = 6  # the search below is good to about 1e-7; coarser digits make the generator reproducible
COEFFICIENT_DECIMALS = 10  # hides last-bit differences between linear algebra libraries from all comparisons
SEARCHES = 5  # restarts of the simplex: one search may stop on a slope
SIMPLEX = {"xatol": 1e-9, "fatol": 1e-10, "maxiter": 4000, "maxfev": 4000}  # far below the decimals of theta


@dataclass(frozen=True)
class GroupMoments:
    """What a model needs to know of one group.

    Attributes
    ----------
    name : str
    raw : array (k+1, k+1)
        Sums of products of the constant, the k-1 columns of the model and its outcome, in their own units.
    fixed : array (k, p)
        The p columns of the fixed effects as combinations of the constant and the columns.
    random : array (k, q)
        Those of the q random effects; q is 0 for a linear model.
    """

    name: str
    raw: np.ndarray
    fixed: np.ndarray
    random: np.ndarray

    @property
    def n(self) -> float:
        """Number of rows."""
        return float(self.raw[0, 0])


@dataclass(frozen=True)
class Solution:
    """A model at some theta: its criterion, fixed effects, residual variance, and random effects by group."""

    criterion: float
    beta: np.ndarray
    variance: float
    effects: list[np.ndarray]


@dataclass(frozen=True)
class Fit:
    """A fitted model: sigma, number of rows, and per group the coefficients of ``names`` (raw units, "1" first)."""

    names: tuple[str, ...]
    sigma: float
    n: int
    coefficients: dict[str, np.ndarray]


def _used_groups(aggregates: Aggregates, model: Model) -> list[Group]:
    only = model.get("groups")
    return [
        group
        for group in aggregates.groups
        if all(group.constants[name] is not None for name in model["require"])
        and any(group.block(name) for name in model["blocks"])
        and (only is None or group.name in only)
    ]


def _constant_terms(aggregates: Aggregates, used: list[Group]) -> dict[str, dict[str, float]]:
    """Group-level terms: term -> group name -> value."""
    out = {}
    for term, kind in aggregates.recipe["terms"].items():
        if "constant" not in kind:
            continue
        groups = aggregates.groups if kind["transform"] == "rescale_all_groups" else used
        raw = [group.constants[kind["constant"]] for group in groups]
        values = np.array([np.nan if value is None else value for value in raw], dtype=float)
        if kind["transform"] != "raw":
            values = mlm.rescale(values)
        out[term] = {group.name: float(value) for group, value in zip(groups, values, strict=True)}
    return out


def _intercept_and_slope(aggregates: Aggregates, group: Group, model: Model, term: ColumnTerm) -> tuple[float, float]:
    """A level-1 term as ``a + b * column`` within one group; the column in its own units."""
    column, transform = term["column"], term["transform"]
    if transform == "raw":
        return 0.0, 1.0
    every = transform == "rescale_all_rows"
    blocks = [block for block in group.blocks if every or block.name in model["blocks"]]
    codes = np.concatenate([expand(block.margins.get(column, {})) for block in blocks])
    values = aggregates.columns[column].numeric(codes) / aggregates.scale(column)
    if transform == "mean_used_rows":
        return values.mean(), 0.0
    if transform == "center_used_rows" or len(np.unique(values)) == 2:
        return -values.mean(), 1.0
    twice = 2 * values.std(ddof=1)
    return -values.mean() / twice, 1 / twice


def _names(aggregates: Aggregates, model: Model) -> list[str]:
    """Product columns of a model, the constant first."""
    used = [
        aggregates.recipe["terms"][name]
        for product in model["fixed"] + model.get("random", [])
        for name in product
        if name != "1"
    ]
    return ["1", *sorted({term["column"] for term in used if "column" in term})]


class _Design:
    """Makes columns of the design matrices of a model as combinations of its product columns."""

    def __init__(self, aggregates: Aggregates, model: Model) -> None:
        self.aggregates, self.model = aggregates, model
        self.used = _used_groups(aggregates, model)
        self.names = _names(aggregates, model)
        self.constants = _constant_terms(aggregates, self.used)

    def columns(self, group: Group, products: list[Product]) -> np.ndarray:
        """Products of terms within one group: (len(names), number of products)."""
        out = np.zeros((len(self.names), len(products)))
        for k, product in enumerate(products):
            out[:, k] = self._column(group, product)
        return out

    def _column(self, group: Group, product: Product) -> np.ndarray:
        """One product, in which there is one level-1 term at most."""
        combination = np.zeros(len(self.names))
        combination[0] = 1.0
        for name in product:
            if name == "1":
                continue
            term = self.aggregates.recipe["terms"][name]
            if "constant" in term:
                combination *= self.constants[name][group.name]
            else:
                a, b = _intercept_and_slope(self.aggregates, group, self.model, term)
                factor, combination = combination[0], np.zeros(len(self.names))
                combination[0] = factor * a
                combination[self.names.index(term["column"])] = factor * b
        return combination

    def raw(self, group: Group) -> np.ndarray:
        """Sums of products of the product columns and the outcome over the rows used, in their own units."""
        names = [*self.names, self.model["outcome"]]
        scale = np.array([self.aggregates.scale(name) for name in names], dtype=float)
        out = np.zeros((len(scale), len(scale)))
        for block in filter(None, map(group.block, self.model["blocks"])):
            at = [block.product_names.index(name) for name in names]
            out += block.products[np.ix_(at, at)] / np.outer(scale, scale)
        return out


def moments(aggregates: Aggregates, model: Model) -> tuple[list[str], list[GroupMoments]]:
    """Collect what a model needs of each group it uses; return its product columns too."""
    design = _Design(aggregates, model)
    out = []
    for index, group in enumerate(design.used):
        fixed = design.columns(group, model["fixed"])
        if model.get("group_dummies"):
            dummies = np.zeros((len(design.names), len(design.used)))
            dummies[0, index] = 1.0
            fixed = np.hstack([fixed, dummies])
        random = design.columns(group, model.get("random", []))
        out.append(GroupMoments(group.name, design.raw(group), fixed, random))
    return design.names, out


def _relative_factor(theta: np.ndarray | list[float], q: int) -> np.ndarray:
    """Theta in lme4's order (column-major lower triangle) -> lower triangular factor (q, q)."""
    factor = np.zeros((q, q))
    columns, rows = np.triu_indices(q)
    factor[rows, columns] = theta
    return factor


def solve(groups: list[GroupMoments], theta: np.ndarray | list[float], reml: bool) -> Solution:
    """Solve a model at theta; its criterion is the profiled deviance or the REML criterion.

    With the relative factor L of the random effects' covariance, a group's ``I + L'Z'ZL`` is factored, and what its
    random effects take is subtracted from its share of X'X, X'y and y'y.
    """
    p, q = groups[0].fixed.shape[1], groups[0].random.shape[1]
    factor = _relative_factor(theta, q)
    xx, xy, yy, logdet, parts = np.zeros((p, p)), np.zeros(p), 0.0, 0.0, []
    for g in groups:
        inner = g.raw[:-1, :-1]
        half = np.linalg.cholesky(np.eye(q) + factor.T @ g.random.T @ inner @ g.random @ factor)
        logdet += 2 * np.log(np.diag(half)).sum()
        on_x = np.linalg.solve(half, factor.T @ g.random.T @ inner @ g.fixed)
        on_y = np.linalg.solve(half, factor.T @ g.random.T @ g.raw[:-1, -1])
        xx = xx + g.fixed.T @ inner @ g.fixed - on_x.T @ on_x
        xy = xy + g.fixed.T @ g.raw[:-1, -1] - on_x.T @ on_y
        yy = yy + g.raw[-1, -1] - on_y @ on_y
        parts.append((half, on_x, on_y))
    beta = np.linalg.solve(xx, xy)
    n = sum(g.n for g in groups) - (len(beta) if reml else 0)
    variance = float((yy - beta @ xy) / n)
    criterion = logdet + n * (1 + log(2 * pi * variance)) + (np.linalg.slogdet(xx)[1] if reml else 0.0)
    effects = [factor @ np.linalg.solve(half.T, on_y - on_x @ beta) for half, on_x, on_y in parts]
    return Solution(criterion, beta, variance, effects)


def optimal_theta(aggregates: Aggregates, model: Model) -> list[float]:
    """Relative covariance parameters at the optimum of the model's criterion, rounded to `THETA_DECIMALS`."""
    _, groups = moments(aggregates, model)
    q = groups[0].random.shape[1]
    columns, rows = np.triu_indices(q)
    theta = (rows == columns).astype(float)

    def criterion(theta: np.ndarray) -> float:
        return solve(groups, theta, model["reml"]).criterion

    for _ in range(SEARCHES):
        theta = scipy.optimize.minimize(criterion, theta, method="Nelder-Mead", options=SIMPLEX).x
    factor = _relative_factor(theta, q)
    factor *= np.where(np.diag(factor) < 0, -1.0, 1.0)  # the criterion is blind to the sign of a column
    return [round(float(value), THETA_DECIMALS) for value in factor[rows, columns]]


def fit(aggregates: Aggregates, model: Model) -> Fit:
    """Fit a model of the recipe: a mixed one at the ``theta`` stored with it, a linear one as REML without effects."""
    names, groups = moments(aggregates, model)
    mixed = model["kind"] == "lmer"
    solution = solve(groups, model["theta"] if mixed else [], model["reml"] if mixed else True)
    coefficients = {
        g.name: np.round(g.fixed @ solution.beta + g.random @ u, COEFFICIENT_DECIMALS)
        for g, u in zip(groups, solution.effects, strict=True)
    }
    sigma = round(float(np.sqrt(solution.variance)), COEFFICIENT_DECIMALS)
    return Fit(tuple(names), sigma, round(sum(g.n for g in groups)), coefficients)
