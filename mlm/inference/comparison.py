"""What makes fitted models comparable: the same rows, response and weights; and which tests are of nested models."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from typing import Any, cast

import numpy as np

from ..errors import FitError, NestingWarning, first_few, users_stacklevel
from ..frame.model_frame import ModelFrame
from ..frame.unread import UnreadFrame
from ..language.formula import without_double_bars
from ..report import r_text
from ..report.face import FittedGeneralizedMixedModel, FittedModel, is_generalized, is_mixed
from .nesting import not_within

__all__ = [
    "REFITTED",
    "common_rows",
    "demand_one_family",
    "demand_same_fixed_effects",
    "large_and_small",
    "warn_unless_nested",
]

REFITTED = "refitting model(s) with ML (instead of REML)"

# Weights of two models are the same, but for a constant, when their ratios differ by less than this share: rounding of
# weights that were computed in two ways, and far less than would show in a likelihood.
WEIGHTS_SHARE = 1e-10
# Fixed-effects columns are the same when their entries differ by less than this share of the column's largest.
COLUMN_SHARE = 1e-12
# Sums of a response that an engine added up twice, in another order, differ by less than this share: a million
# roundings.
SUMS_SHARE = 1e-9


def common_rows(models: Sequence[FittedModel], labels: Sequence[str]) -> list[np.ndarray]:
    """Find the rows of the first model in all others, which must have the same, with the same response and weights.

    Weights may differ by a constant factor: sigma takes it up, and the likelihood is the same.

    Parameters
    ----------
    models : sequence of fitted models
    labels : sequence of str
        What to call them.

    Returns
    -------
    list of ndarray of int, shape (n,)
        For each model, where the rows of the first one are.

    Raises
    ------
    FitError
        Rows, responses or weights are not the same; the message names both models.
    """
    if any(isinstance(m.frame, UnreadFrame) for m in models):
        return _of_same_sums(models, labels)
    if len({m.nobs for m in models}) > 1:
        counts = ", ".join(f"{label} {m.nobs}" for label, m in zip(labels, models, strict=True))
        raise FitError(
            f"The models were not fitted to the same rows: {counts}. Fit all of them to the rows that are complete"
            " for the variables of the largest, for example data.dropna(subset=[...])."
        )
    first, name, found = models[0], labels[0], []
    for m, label in zip(models, labels, strict=True):
        rows = _aligned(first, m, name, label)
        different = int(np.sum(m.frame.y[rows] != first.frame.y))
        if different:
            raise FitError(
                f"{label} explains other values ({m.response!r}) than {name} ({first.response!r}), in {different} of"
                f" {m.nobs} rows; likelihoods and sums of squares can be compared for one response only."
            )
        _demand_same_weights(first, m, rows, (name, label))
        found.append(rows)
    return found


def _of_same_sums(models: Sequence[FittedModel], labels: Sequence[str]) -> list[np.ndarray]:
    """Refuse models of sums unless number of rows, mean and squares of the response and weights are the same."""
    if not all(isinstance(m.frame, UnreadFrame) for m in models):
        raise FitError(
            "One of these models was fitted from sums and another from rows, which cannot be compared row by row; fit "
            "both in one way."
        )
    first, name = models[0].frame.sums, labels[0]
    for m, label in zip(models[1:], labels[1:], strict=True):
        mine = m.frame.sums
        one, other = (np.array([s.nobs, s.log_weights, *_of_response(s)]) for s in (first, mine))
        if not np.allclose(one, other, rtol=SUMS_SHARE, atol=0.0):
            raise FitError(
                f"{label} and {name} were not fitted to the same rows of one response with the same weights and "
                f"offset: they have {mine.nobs} and {first.nobs} rows, and sums of the response that differ. Filter "
                "the data to the rows that are complete for both models first."
            )
    return [np.arange(0) for _ in models]


def _of_response(sums: Any) -> tuple[float, float]:
    """Mean of the response, and its squares about it."""
    away = sums.total[0, -1] / sums.total[0, 0]
    return float(sums.shift[-1] + away), float(sums.total[-1, -1] - away * sums.total[0, -1])


def demand_one_family(models: Sequence[FittedModel], labels: Sequence[str]) -> None:
    """Refuse models whose likelihoods are densities of different kinds, or other approximations.

    Poisson counts are negative binomial ones of an infinite theta, and can be compared with them.

    Raises
    ------
    FitError
    """
    families = {label: m.family.name if is_generalized(m) else "" for label, m in zip(labels, models, strict=True)}
    if len(set(families.values())) > 1 and set(families.values()) != {"poisson", "negative.binomial"}:
        listed = [f"{label} is {f'of the {name} family' if name else 'linear'}" for label, name in families.items()]
        raise FitError(f"Only models of one family can be compared; {first_few(listed)}.")
    nodes = {
        label: cast(FittedGeneralizedMixedModel, m).n_agq
        for label, m in zip(labels, models, strict=True)
        if is_mixed(m) and is_generalized(m)
    }
    if len(set(nodes.values())) > 1:
        listed = [f"{label} has n_agq={n}" for label, n in nodes.items()]
        raise FitError(
            f"Only likelihoods approximated in the same way can be compared; {first_few(listed)}. Fit all with "
            "one n_agq."
        )


def _aligned(first: FittedModel, m: FittedModel, name: str, label: str) -> np.ndarray:
    """Positions in the second model of the rows of the first, by their labels, shape (n,)."""
    index, other = first.frame.index, m.frame.index
    if index.equals(other):
        return np.arange(len(index))
    if not (index.is_unique and other.is_unique):
        raise FitError(
            f"The row labels of {name} and {label} differ or stand in another order, and some of them are there more"
            " than once: rows cannot be told apart. Fit both to one data frame, or give it data.reset_index(drop=True)"
            " first."
        )
    rows = other.get_indexer(index)
    unknown = index[rows < 0]
    if len(unknown):
        remedy = " Fit both to the same rows of one data frame."
        if np.array_equal(first.frame.y, m.frame.y):
            remedy = (
                " The responses are the same row by row: if the rows are, fit both to one data frame, or give the data"
                " of both the same labels first, data.reset_index(drop=True)."
            )
        shown = ", ".join(repr(k) for k in unknown[:3].tolist())
        raise FitError(
            f"The models were not fitted to the same rows: {len(unknown)} of the {len(index)} rows of {name} are not"
            f" in {label}, by their labels ({shown}{', …' if len(unknown) > 3 else ''}).{remedy}"
        )
    return rows


def _demand_same_weights(first: FittedModel, m: FittedModel, rows: np.ndarray, names: tuple[str, str]) -> None:
    """Raise unless the weights are the same, but for a constant."""
    mine, theirs = m.frame.weights, first.frame.weights
    ratio = (1.0 if mine is None else mine[rows]) / (1.0 if theirs is None else theirs)
    low, high = np.min(ratio), np.max(ratio)
    counted = is_generalized(m) and not m.family.has_scale  # nothing takes up a constant there
    if high - low > WEIGHTS_SHARE * high or (counted and abs(high - 1.0) > WEIGHTS_SHARE):
        raise FitError(
            f"{names[0]} and {names[1]} weight the rows in different ways (by ratios from {low:.4g} to {high:.4g}):"
            " they suppose different residual variances, and neither is a special case of the other. Fit both with"
            " the same weights."
        )


def demand_same_fixed_effects(
    models: Sequence[FittedModel], labels: Sequence[str], restricted: Sequence[str], rows: Sequence[np.ndarray]
) -> None:
    """Raise unless restricted likelihoods are all there is, and of models with the same fixed-effects columns.

    Raises
    ------
    FitError
        A model was fitted by maximum likelihood, or names or values of the columns differ.
    """
    first = models[0].frame
    others = [label for label in labels if label not in restricted]
    if others:
        raise FitError(
            f"{first_few(others)} {'was' if len(others) == 1 else 'were'} not fitted by REML, and"
            f" {first_few(restricted)} {'was' if len(restricted) == 1 else 'were'}: likelihoods of two kinds cannot be"
            " compared. Leave refit=True to compare by maximum likelihood."
        )
    if len({m.frame.x_names for m in models}) > 1:
        raise FitError(
            f"Restricted likelihoods ({', '.join(restricted)}) can be compared only among models with the same"
            " fixed effects; leave refit=True to compare by maximum likelihood."
        )
    if isinstance(first, UnreadFrame):
        return
    x = first.x
    size = np.abs(x).max(axis=0, initial=0.0)
    for label, m, order in zip(labels, models, rows, strict=True):
        changed = (np.abs(m.frame.x[order] - x) > COLUMN_SHARE * size).any(axis=0)
        if changed.any():
            raise FitError(
                f"The column {first.x_names[int(np.argmax(changed))]!r} has other values in {label} than in"
                f" {labels[0]}, and restricted likelihoods depend on them; leave refit=True to compare by maximum"
                " likelihood."
            )


def warn_unless_nested(
    pairs: Iterable[tuple[int, int]],
    models: Sequence[FittedModel],
    labels: Sequence[str],
    rows: Sequence[np.ndarray],
    test: str,
) -> None:
    """Warn of each pair of models that is compared although neither is a special case of the other.

    Parameters
    ----------
    pairs : iterable of (int, int)
        Positions of the models that are compared.
    models, labels, rows : sequences
        As in `common_rows`, and what that returns.
    test : str
        What the test is called.

    Warns
    -----
    NestingWarning
        Names both models and what of the smaller one is not in the larger one.
    """
    for small, large in dict.fromkeys(tuple(sorted(pair, key=lambda k: models[k].npar)) for pair in pairs):
        outside = _outside(small, large, models, rows)
        if not outside:
            continue
        if models[small].npar == models[large].npar and not _outside(large, small, models, rows):
            continue
        warnings.warn(
            f"{labels[small]} is not nested in {labels[large]}, which cannot express {', '.join(outside)}. {test} are"
            " of nested models; compare these by AIC or BIC.",
            NestingWarning,
            stacklevel=users_stacklevel(),
        )


def _outside(small: int, large: int, models: Sequence[FittedModel], rows: Sequence[np.ndarray]) -> list[str]:
    """What of one model is not in another, by their positions."""
    one, other = models[small], models[large]
    if is_generalized(one) and is_generalized(other) and one.family.link != other.family.link:
        return [f"the link {one.family.link.name}"]
    if is_generalized(one) and is_generalized(other) and one.family.name != other.family.name == "poisson":
        return ["a theta of the negative binomial family"]
    if isinstance(one.frame, UnreadFrame):
        return _not_named(one.frame, other.frame)
    order = np.empty_like(rows[large])
    order[rows[large]] = rows[small]
    return not_within(models[small].frame, models[large].frame, order)


def _not_named(small: ModelFrame, large: ModelFrame) -> list[str]:
    """What of a model of sums is not, by its name, in another."""
    known = set(large.x_design.column_keys())
    out = [name for key, name in zip(small.x_design.column_keys(), small.x_names, strict=True) if key not in known]
    effects = {(part.term.group, name) for part in large.random for name in part.columns.names}
    for part in small.random:
        if any((part.term.group, name) not in effects for name in part.columns.names):
            out.append(f"({part.term.text})")
    return out


def large_and_small(
    models: Sequence[FittedModel], labels: Sequence[str], named: bool, large: int, small: int
) -> list[str]:
    """Lines that say which of two models is the larger one, as pbkrtest prints them."""
    out = []
    for size, k in (("large", large), ("small", small)):
        text = " ".join(r_text.deparse(without_double_bars(models[k].formula)))
        out.append(f"{size} : {f'{labels[k]}: ' if named else ''}{text}")
    return out
