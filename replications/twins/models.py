"""Linear and linear mixed models fitted from aggregates, no rows needed.

Everything the likelihood of a linear mixed model needs is the group-wise ``[1 x y]'[1 x y]`` (Bates et al.
2015, Journal of Statistical Software 67(1), section 3.4). The generator uses the fits to know the fitted
value, hence the residual, of every row it lays.
"""

from dataclasses import dataclass
from math import log, pi

import numpy as np
from scipy.optimize import minimize

from replications.twins.aggregates import Aggregates, Group, expand

THETA_DECIMALS = 6  # the search below is good to about 1e-7; coarser digits make the generator reproducible
COEFFICIENT_DECIMALS = 10  # hides last-bit differences between linear algebra libraries from all comparisons


@dataclass(frozen=True)
class GroupMoments:
    """Moments of one group: ``raw`` (k+1, k+1) over [1, columns, y]; ``fixed`` (k, p) and ``random`` (k, q) maps."""

    name: str
    raw: np.ndarray
    fixed: np.ndarray
    random: np.ndarray | None


@dataclass(frozen=True)
class Fit:
    """A fitted model: sigma, number of rows, and per group the coefficients of ``names`` (raw units, "1" first)."""

    names: tuple[str, ...]
    sigma: float
    n: int
    coefficients: dict[str, np.ndarray]


def rescale(values: np.ndarray) -> np.ndarray:
    """Centre and divide by two standard deviations; only centre a two-valued variable (Gelman & Hill 2007, 57)."""
    present = values[~np.isnan(values)]
    centred = values - present.mean()
    return centred if len(np.unique(present)) == 2 else centred / (2 * present.std(ddof=1))


def _used_groups(aggregates: Aggregates, model: dict) -> list[Group]:
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
            values = rescale(values)
        out[term] = {group.name: float(value) for group, value in zip(groups, values, strict=True)}
    return out


def _intercept_and_slope(aggregates: Aggregates, group: Group, model: dict, kind: dict) -> tuple[float, float]:
    """A level-1 term as ``a + b * column`` within one group; the column in its own units."""
    column, transform = kind["column"], kind["transform"]
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


def _names(aggregates: Aggregates, model: dict) -> list[str]:
    terms = aggregates.recipe["terms"]
    used = {term for product in model["fixed"] + model.get("random", []) for term in product if term != "1"}
    return ["1", *sorted({terms[term]["column"] for term in used if "column" in terms[term]})]


def _map(aggregates, group, model, names, constants, products) -> np.ndarray:
    """Columns of a design matrix as combinations of the raw columns: (len(names), number of products of terms)."""
    out = np.zeros((len(names), len(products)))
    for k, product in enumerate(products):
        combination = np.zeros(len(names))
        combination[0] = 1.0
        for term in product:
            if term in constants:
                combination *= constants[term][group.name]
            elif term != "1":
                kind = aggregates.recipe["terms"][term]
                a, b = _intercept_and_slope(aggregates, group, model, kind)
                factor, combination = combination[0], np.zeros(len(names))
                combination[0] = factor * a
                combination[names.index(kind["column"])] = factor * b
        out[:, k] = combination
    return out


def moments(aggregates: Aggregates, model: dict) -> tuple[list[str], list[GroupMoments]]:
    """Collect what a model needs of each group it uses."""
    names, used = _names(aggregates, model), _used_groups(aggregates, model)
    constants = _constant_terms(aggregates, used)
    scale = np.array([aggregates.scale(name) for name in [*names, model["outcome"]]], dtype=float)
    out = []
    for index, group in enumerate(used):
        raw = np.zeros((len(scale), len(scale)))
        for block in filter(None, map(group.block, model["blocks"])):
            at = [block.product_names.index(name) for name in [*names, model["outcome"]]]
            raw += block.products[np.ix_(at, at)] / np.outer(scale, scale)
        fixed = _map(aggregates, group, model, names, constants, model["fixed"])
        if model.get("group_dummies"):
            dummies = np.zeros((len(names), len(used)))
            dummies[0, index] = 1.0
            fixed = np.hstack([fixed, dummies])
        random = None
        if model["kind"] == "lmer":
            random = _map(aggregates, group, model, names, constants, model["random"])
        out.append(GroupMoments(group.name, raw, fixed, random))
    return names, out


def _relative_factor(theta, q: int) -> np.ndarray:
    """Theta in lme4's order (column-major lower triangle) -> lower triangular factor (q, q)."""
    factor = np.zeros((q, q))
    columns, rows = np.triu_indices(q)
    factor[rows, columns] = theta
    return factor


def _solve(groups: list[GroupMoments], theta, reml: bool):
    """Profiled deviance (or REML criterion) at theta, with beta, sigma squared and the random effects."""
    q = groups[0].random.shape[1]
    factor = _relative_factor(theta, q)
    xx, xy, yy, logdet, parts = 0.0, 0.0, 0.0, 0.0, []
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
    n = sum(g.raw[0, 0] for g in groups) - (len(beta) if reml else 0)
    squared = (yy - beta @ xy) / n
    criterion = logdet + n * (1 + log(2 * pi * squared)) + (np.linalg.slogdet(xx)[1] if reml else 0.0)
    effects = [factor @ np.linalg.solve(half.T, on_y - on_x @ beta) for half, on_x, on_y in parts]
    return criterion, beta, squared, effects


def optimal_theta(aggregates: Aggregates, model: dict) -> list[float]:
    """Relative covariance parameters at the optimum of the model's criterion, rounded to `THETA_DECIMALS`."""
    _, groups = moments(aggregates, model)
    q = groups[0].random.shape[1]
    columns, rows = np.triu_indices(q)
    theta = (rows == columns).astype(float)
    options = {"xatol": 1e-9, "fatol": 1e-10, "maxiter": 4000, "maxfev": 4000}
    for _ in range(5):  # restarts: one simplex search may stop on a slope
        theta = minimize(lambda t: _solve(groups, t, model["reml"])[0], theta, method="Nelder-Mead", options=options).x
    factor = _relative_factor(theta, q)
    factor *= np.where(np.diag(factor) < 0, -1.0, 1.0)  # the criterion is blind to the sign of a column
    return [round(float(value), THETA_DECIMALS) for value in factor[rows, columns]]


def fit(aggregates: Aggregates, model: dict) -> Fit:
    """Fit a model of the recipe; a mixed model at the ``theta`` stored with it."""
    names, groups = moments(aggregates, model)
    n = sum(g.raw[0, 0] for g in groups)
    if model["kind"] == "lm":
        xx = sum(g.fixed.T @ g.raw[:-1, :-1] @ g.fixed for g in groups)
        xy = sum(g.fixed.T @ g.raw[:-1, -1] for g in groups)
        beta = np.linalg.solve(xx, xy)
        squared = (sum(g.raw[-1, -1] for g in groups) - beta @ xy) / (n - len(beta))
        coefficients = {g.name: g.fixed @ beta for g in groups}
    else:
        _, beta, squared, effects = _solve(groups, model["theta"], model["reml"])
        coefficients = {g.name: g.fixed @ beta + g.random @ u for g, u in zip(groups, effects, strict=True)}
    rounded = {name: np.round(value, COEFFICIENT_DECIMALS) for name, value in coefficients.items()}
    return Fit(tuple(names), round(float(np.sqrt(squared)), COEFFICIENT_DECIMALS), round(float(n)), rounded)
