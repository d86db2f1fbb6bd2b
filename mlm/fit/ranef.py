"""Random effects as tables: their covariances, their conditional modes, and coefficients level by level."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..errors import ArgumentError, listed, shorten, suggest, told
from ..frame.model_frame import RandomPart
from .fit import Fit
from .generalized import GeneralizedFit

__all__ = [
    "coef_tables",
    "columns_of",
    "covariance_blocks",
    "covariance_roots",
    "orthonormal_blocks",
    "ranef_of_levels",
    "ranef_table",
    "term_names",
    "varcorr_table",
]


NO_LETTER = re.compile(r"[^\w.]")  # signs that R's names have in backticks only
SYNTACTIC = re.compile(r"[^\W\d_]|\.(?!\d)")  # how other names begin


def covariance_blocks(fit: Fit | GeneralizedFit) -> list[tuple[str, RandomPart, np.ndarray]]:
    """Covariance matrix of each random-effects term.

    Returns
    -------
    list of (str, RandomPart, ndarray of shape (q, q))
        lme4's name of the term (see `term_names`), the term, its covariance matrix; in the order of theta.
    """
    names = term_names([part.term.group for part in fit.terms])
    roots = covariance_roots(fit)
    return [(name, part, root @ root.T) for name, part, root in zip(names, fit.terms, roots, strict=True)]


def covariance_roots(fit: Fit | GeneralizedFit) -> list[np.ndarray]:
    """A square root of each term's covariance matrix, shapes (q, q)."""
    layout, sigma = fit.deviance_function.layout, fit.sigma
    matrices, out = layout.matrices(fit.theta), []
    for slot in layout.slots:
        block = slice(slot.start, slot.start + slot.size)
        out.append(sigma * matrices[slot.factor][block, block])
    return out


def orthonormal_blocks(fit: Fit | GeneralizedFit) -> list[tuple[RandomPart, np.ndarray, np.ndarray]]:
    """Each random-effects term in orthonormal columns, in which variances of rows lose no digits.

    With a column far from 0 for how little it varies, the variance ``z' Sigma z`` of a row is a small difference of
    large numbers. With ``Z - 1 m' = Q R``, means m where the constant is column c, it is ``q' W W' q`` of the rows of Q
    and ``W = R (I + e_c m') T``, for a root T of Sigma.

    Returns
    -------
    list of (RandomPart, ndarray of shape (n, q), ndarray of shape (q, q))
        The term, Q, and ``W W'``; in the order of theta.
    """
    out = []
    for part, root in zip(fit.terms, covariance_roots(fit), strict=True):
        matrix, turned = part.columns.matrix(), root.copy()
        constant = next((k for k in range(matrix.shape[1]) if part.columns.is_one(k)), None)
        if constant is not None:
            means = matrix.mean(axis=0)
            means[constant] = 0.0
            matrix, turned[constant] = matrix - means, turned[constant] + means @ turned
        q, r = np.linalg.qr(matrix)
        turned = r @ turned
        out.append((part, q, turned @ turned.T))
    return out


def term_names(groups: Sequence[str]) -> list[str]:
    """Name each term by its grouping factor, as lme4 does.

    Where a factor has several terms, the later ones of ``g`` are ``g.1``, ``g.2`` …, and all names are made such that R
    could read them without backticks: ``f:g`` is ``f.g``.

    Examples
    --------
    >>> term_names(["f:g", "g"]), term_names(["f:g", "g", "g"])
    (['f:g', 'g'], ['f.g', 'g', 'g.1'])
    """
    if len(set(groups)) == len(groups):
        return list(groups)
    plain = [NO_LETTER.sub(".", group) for group in groups]
    plain = [name if SYNTACTIC.match(name) else f"X{name}" for name in plain]
    found: list[str] = []
    for k, name in enumerate(plain):
        number = 0
        while name in found or (number and name in plain):
            number += 1
            name = f"{plain[k]}.{number}"
        found.append(name)
    return found


def varcorr_table(fit: Fit | GeneralizedFit) -> pd.DataFrame:
    """Variances and covariances in the columns of lme4's ``as.data.frame(VarCorr(m))``."""
    rows: list[tuple[str, Any, Any, float, float]] = []
    for name, part, covariance in covariance_blocks(fit):
        names, sd = part.columns.names, np.sqrt(np.diag(covariance))
        rows += [(name, n, None, covariance[i, i], sd[i]) for i, n in enumerate(names)]
        with np.errstate(invalid="ignore", divide="ignore"):
            correlation = covariance / np.outer(sd, sd)
        rows += [
            (name, names[i], names[k], covariance[k, i], correlation[k, i])
            for i in range(len(names))
            for k in range(i + 1, len(names))
        ]
    if fit.has_scale:
        rows.append(("Residual", None, None, fit.sigma**2, fit.sigma))
    return pd.DataFrame(rows, columns=["grp", "var1", "var2", "vcov", "sdcor"])


def columns_of(fit: Fit | GeneralizedFit, group: str) -> list[str]:
    """Names of the random effects of one grouping factor, over all its terms."""
    return [name for part in fit.terms if part.term.group == group for name in part.columns.names]


def ranef_table(fit: Fit | GeneralizedFit) -> pd.DataFrame:
    """Conditional modes and their standard deviations in the columns of lme4's ``as.data.frame(ranef(m))``."""
    parts = []
    for group in fit.ngrps.index:
        modes, covariances = fit.modes[group]
        for k, name in enumerate(columns_of(fit, group)):
            columns = {
                "grpvar": group,
                "term": name,
                "grp": fit.frame.groupings[group].levels,
                "condval": modes[k],
                "condsd": fit.sigma * np.sqrt(covariances[k, k]),
            }
            parts.append(pd.DataFrame(columns))
    out = pd.concat(parts, ignore_index=True)
    errors = getattr(fit, "monte_carlo", None)
    if errors is not None:
        out.attrs["condsd"] = f"estimated with {errors.probes} probes"
    return out


def ranef_of_levels(fit: Fit, levels: Mapping[str, Any]) -> pd.DataFrame:
    """The rows of `ranef_table` of some levels; a fit that was solved iteratively has their `condsd` solved for."""
    parts = []
    for group, places in _places(fit, levels).items():
        modes, names = fit.modes[group][0], columns_of(fit, group)
        covariances = fit.conditional_covariances(group, places)
        for k, name in enumerate(names):
            columns = {
                "grpvar": group,
                "term": name,
                "grp": fit.frame.groupings[group].levels.take(places),
                "condval": modes[k, places],
                "condsd": fit.sigma * np.sqrt(covariances[k, k]),
            }
            parts.append(pd.DataFrame(columns))
    out = pd.concat(parts, ignore_index=True)
    if fit.monte_carlo is not None:
        out.attrs["condsd"] = "solved for"
    return out


def _places(fit: Fit, levels: Any) -> dict[str, np.ndarray]:
    """Positions of the levels that are asked for, by grouping factor."""
    groups = list(fit.ngrps.index)
    if not isinstance(levels, Mapping) or not levels:
        raise ArgumentError(
            f"`levels` is a mapping of grouping factors ({', '.join(groups)}) to levels, as "
            f"{{{groups[0]!r}: [...]}}; got {told(levels)}."
        )
    out = {}
    for group, wanted in levels.items():
        if group not in groups:
            raise ArgumentError(
                f"There is no grouping factor {told(group)}; they are {', '.join(groups)}.{suggest(group, groups)}"
            )
        names = listed(wanted)
        if not names:
            raise ArgumentError(f"The levels of {group!r} are a sequence of one or more; got {told(wanted)}.")
        known = pd.Index(fit.frame.groupings[group].levels)
        places = known.get_indexer(pd.Index(names, dtype=known.dtype if known.dtype != object else None))
        if (places < 0).any():
            missing = names[int(np.argmax(places < 0))]
            raise ArgumentError(f"{shorten(str(missing))!r} is not a level of {group!r}.")
        out[group] = places
    return out


def coef_tables(fit: Fit | GeneralizedFit) -> dict[str, pd.DataFrame]:
    """Fixed effects plus conditional modes: levels by terms, for each grouping factor.

    As in R every table has all terms: first those without a fixed effect, 0 where they do not vary, then the others.
    """
    fixed = fit.frame.x_design.column_keys()
    known = set(fixed)
    varying = {
        group: [key for part in fit.terms if part.term.group == group for key in part.design.column_keys()]
        for group in fit.ngrps.index
    }
    rest = dict.fromkeys(key for keys in varying.values() for key in keys if key not in known)
    place = {key: k for k, key in enumerate([*rest, *fixed])}
    names = pd.Index([label for _, label, _ in place], name=fit.fixef.index.name)
    start = np.concatenate([np.zeros(len(rest)), fit.fixef.to_numpy()])
    out = {}
    for group, keys in varying.items():
        values = np.tile(start, (int(fit.ngrps[group]), 1))
        for key, modes in zip(keys, fit.modes[group][0], strict=True):
            values[:, place[key]] += modes
        out[group] = pd.DataFrame(values, fit.frame.groupings[group].levels.view(), names)
    return out
