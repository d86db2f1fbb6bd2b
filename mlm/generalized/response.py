"""The response of a generalized model: what each family takes, as numbers and weights.

A binomial response is truth values, a category of two levels (as in R the first is failure), numbers 0 and 1, shares of
successes with the numbers of trials as weights, or ``cbind(successes, failures)``.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from ..errors import DataError, ResponseWarning, counted, first_few, shorten, users_stacklevel
from ..frame.given import numeric
from ..frame.outcome import Reader
from ..frame.values import Category, Matrix, Truth, Value
from ..language.tree import Node, Text, shown, spell
from .distribution import Family

__all__ = ["Response", "reader_of"]

# Distance from a whole number up to which a count is one: R's for counts of successes, and for counts.
NEAR_WHOLE_SUCCESSES, NEAR_WHOLE_COUNT = 1e-3, 1e-7
COUNTS = ("poisson", "negative.binomial")
POSITIVE = ("Gamma", "inverse.gaussian")
BINOMIAL = "binomial"
NO_TRIALS = "They tell nothing: leave them out, as R does without a word."
OF_SHARES = "Of shares of successes the weights are the numbers of trials, weights="
SINGLE_TRIALS = (
    "without them each row is one trial, and the likelihood its formula's, where lme4 takes that of whole successes"
)


@dataclass(frozen=True, eq=False)
class Response:
    """What is explained, n rows.

    Attributes
    ----------
    values : ndarray, shape (n,)
        Of a binomial response, the share of successes.
    weights : ndarray, shape (n,)
        Prior weights; of a binomial response as R has them, trials times the user's weights.
    success : str or None
        What counts as success, where the response is a category or truth values.
    trials : ndarray, shape (n,), or None
        Numbers of trials, where `weights` are not they.
    """

    values: np.ndarray
    weights: np.ndarray
    success: str | None = None
    trials: np.ndarray | None = None

    def __post_init__(self) -> None:
        for array in (self.values, self.weights, self.trials):
            if array is not None:
                array.setflags(write=False)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.__post_init__()


def reader_of(family: Family) -> Reader:
    """Return what reads the response of a family: see `mlm.frame.outcome.Reader`.

    Examples
    --------
    >>> from mlm.frame.values import Truth
    >>> from mlm.generalized.family import make_family
    >>> from mlm.language.tree import Name
    >>> read = reader_of(make_family("binomial"))(Name("passed"), Truth(np.array([0.0, 1.0])), None, 2)
    >>> read.values.tolist(), read.weights.tolist(), read.success
    ([0.0, 1.0], [1.0, 1.0], 'TRUE')
    """
    return partial(_response, family)


def _response(family: Family, node: Node, value: Value, weights: np.ndarray | None, n: int) -> Response:
    prior = np.ones(n) if weights is None else weights
    if family.name == BINOMIAL:
        return _binomial(node, value, prior, n, weights is not None)
    if isinstance(value, Matrix) and value.values.shape[1] > 1:
        raise DataError(
            f"The response {shown(node)!r} makes {value.values.shape[1]} columns: successes and failures are of "
            f"family='binomial', and the {family.name} family takes one number per row."
        )
    values = numeric(node, value, "response", n)
    if family.name in COUNTS:
        _demand_counts(node, values, family)
    if family.name in POSITIVE:
        _demand(
            values > 0, node, values, f"zero or negative; the {family.name} family takes positive numbers",
            "Leave these rows out, or take another family, such as gaussian with link='log'.",
        )  # fmt: skip
    return Response(values, prior)


def _binomial(node: Node, value: Value, prior: np.ndarray, n: int, weighted: bool) -> Response:
    if isinstance(value, Matrix) and value.values.shape[1] == 2:
        return _successes_and_failures(node, value, prior)
    if isinstance(value, Matrix) and value.values.shape[1] > 2:
        raise DataError(
            f"The response {shown(node)!r} makes {value.values.shape[1]} columns; a binomial one has two, successes "
            "and failures: cbind(successes, failures) ~ …"
        )
    if isinstance(value, Category):
        return Response(_coded(node, value), prior, success=str(value.labels[1]))
    values = numeric(node, value, "response", n)
    if isinstance(value, Truth):
        return Response(values, prior, success="TRUE")
    _demand_shares(node, values)
    successes = values * prior
    broken = np.abs(successes - np.rint(successes)) > NEAR_WHOLE_SUCCESSES
    if broken.any():
        what = "whose share times weight is not a whole number of successes" if weighted else "that are neither 0 nor 1"
        _warn_broken(node, broken, what, OF_SHARES if weighted else f"{OF_SHARES}; {SINGLE_TRIALS}")
    return Response(values, prior)


def _coded(node: Node, value: Category) -> np.ndarray:
    """A category of two levels as failures, 0, and successes, 1."""
    labels = list(map(shorten, value.labels))
    if len(labels) < 2:
        raise DataError(
            f"The response {shown(node)!r} is the same in all {len(value.codes)} rows in use ({first_few(labels)}): "
            "a binomial model explains two outcomes."
        )
    if len(labels) > 2:
        counts = np.bincount(value.codes, minlength=len(labels))
        listed = first_few([f"{name} ({count})" for name, count in zip(labels, counts, strict=True)])
        raise DataError(
            f"The response {shown(node)!r} is a category of {len(labels)} levels, {listed}; a binomial model explains "
            f"two outcomes. Say which is success: {shown(node)} == {spell(Text(labels[-1]))} ~ …"
        )
    return value.codes.astype(float)


def _successes_and_failures(node: Node, value: Matrix, prior: np.ndarray) -> Response:
    for place, what in enumerate(("successes", "failures")):
        counts = value.values[:, place]
        remedy = "The second column is failures, not trials: trials - successes."
        _demand(counts >= 0, node, counts, f"negative numbers of {what}", remedy)
    trials = value.values.sum(axis=1)
    _demand(trials > 0, node, trials, "neither successes nor failures", NO_TRIALS)
    broken = np.abs(value.values - np.rint(value.values)).max(axis=1) > NEAR_WHOLE_SUCCESSES
    if broken.any():
        _warn_broken(node, broken, "whose successes or failures are not whole numbers", "They are counts")
    return Response(value.values[:, 0] / trials, trials * prior, trials=trials)


def _demand_shares(node: Node, values: np.ndarray) -> None:
    levels = np.unique(values)
    hint = "Numbers of successes are given with those of failures, cbind(successes, failures) ~ …"
    if len(levels) == 2:
        hint = f"Say which is success: {shown(node)} == {levels[1]:g} ~ …"
    within = (values >= 0) & (values <= 1)
    _demand(within, node, values, "outside of 0 to 1; a binomial response is 0 and 1, or shares of successes", hint)


def _demand_counts(node: Node, values: np.ndarray, family: Family) -> None:
    _demand(values >= 0, node, values, f"negative; the {family.name} family takes counts", "Leave these rows out.")
    broken = np.abs(values - np.rint(values)) > NEAR_WHOLE_COUNT * np.maximum(values, 1.0)
    if broken.any():
        _warn_broken(
            node, broken, "that are not whole numbers",
            "Counts for unequal times or areas are modelled with + offset(log(time)); between whole numbers the "
            "likelihood is its formula's, where R's AIC is infinite",
        )  # fmt: skip


def _demand(right: np.ndarray, node: Node, values: np.ndarray, what: str, remedy: str) -> None:
    """Refuse a response with values that its family does not have."""
    if not right.all():
        wrong = values[~right]
        span = f"{wrong.min():g}" if wrong.min() == wrong.max() else f"{wrong.min():g} to {wrong.max():g}"
        raise DataError(
            f"The response {shown(node)!r} has {counted(len(wrong), 'row')} of {len(values):,} with values that are "
            f"{what} ({span}). {remedy}"
        )


def _warn_broken(node: Node, broken: np.ndarray, what: str, remedy: str) -> None:
    """Say that counts are not whole numbers."""
    warnings.warn(
        f"The response {shown(node)!r} has {counted(int(broken.sum()), 'row')} of {len(broken):,} {what}. {remedy}.",
        ResponseWarning,
        stacklevel=users_stacklevel(),
    )
