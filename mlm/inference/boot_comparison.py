"""The likelihood-ratio test by the parametric bootstrap: how often a smaller model that holds has so large a ratio."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, cast

import numpy as np
import pandas as pd
import scipy

from ..console import counting
from ..errors import ArgumentError, FitError, MlmError, brief, is_count
from ..fit.fit import Fit
from ..fit.refits import Refitting, refit_alone
from ..fit.simulate import MOST_RESPONSES, Draws, generator
from ..report.face import FittedModel, is_generalized, is_mixed
from .comparison import REFITTED, common_rows, demand_one_family, large_and_small, warn_unless_nested
from .tables import TestsTable

__all__ = ["DEFAULT_SAMPLES", "boot_comparison"]

DEFAULT_SAMPLES = 1000
# Difference of the deviances of two models that is rounding: that of 1e5 rows has one of 1e-9.
ROUNDING = 1e-6


class _Deviances(Protocol):
    """Minus twice the log-likelihoods of a model at many responses, by maximum likelihood."""

    def add(self, y: np.ndarray) -> None:
        """Take the next responses, shape (n, k)."""

    def values(self) -> np.ndarray:
        """Those of all, shape (R,); NaN where there is no fit."""


def boot_comparison(
    models: Sequence[FittedModel], labels: Sequence[str], named: bool, n: Any, seed: Any, digits: int, width: int
) -> TestsTable:
    """Test the smaller of two models, as pbkrtest's ``PBmodcomp()``; `mlm.anova` says what the arguments mean."""
    if not is_count(n, least=2, most=MOST_RESPONSES):
        raise ArgumentError(f"`n` is a whole number of samples from 2 to {MOST_RESPONSES:,}; got {brief(n)}.")
    rng = generator(seed)
    _demand_two(models, labels)
    demand_one_family(models, labels)
    small, large = sorted((0, 1), key=lambda k: models[k].npar)
    fits = [m.refit(reml=False) if is_mixed(m) and m.reml else m for m in models]
    rows = common_rows(models, labels)
    warn_unless_nested([(small, large)], fits, labels, rows, "Bootstrap tests")
    observed = float(_beyond_rounding(2.0 * np.array(fits[large].loglik - fits[small].loglik)))
    order = np.empty_like(rows[large])
    order[rows[large]] = rows[small]  # the smaller model's rows as the larger one has them
    ratios = _ratios(fits[small], fits[large], order, int(n), rng)
    negative = int((ratios < -ROUNDING).sum())
    usable = _beyond_rounding(ratios[ratios >= -ROUNDING])
    if not len(usable):
        raise FitError(_nothing_usable(len(ratios), negative, (labels[small], labels[large])))
    extremes = int((usable >= observed).sum())
    df = fits[large].npar - fits[small].npar
    p = [scipy.stats.chi2.sf(observed, df) if df else np.nan, (1 + extremes) / (1 + len(usable))]
    columns = {"stat": [observed, observed], "df": [df, np.nan], "p.value": p}
    frame = pd.DataFrame(columns, ["LRT", "PBtest"], dtype=float)
    restricted = any(is_mixed(m) and m.reml for m in models)
    heading = (*([REFITTED] if restricted else []), *large_and_small(models, labels, named, large, small))
    said = f"Bootstrap test; samples: {n}; usable: {len(usable)}; extremes: {extremes};"
    notes = (f"{negative} ratios are negative and do not count: not nested, or a search ended higher.",)
    return TestsTable(frame, (said, *heading), notes if negative else (), {}, ("stat", "df"), "p.value", digits, width)


def _beyond_rounding(ratios: np.ndarray) -> np.ndarray:
    """Ratios of which those that are 0 but for rounding are 0."""
    return np.where(ratios < ROUNDING, 0.0, ratios)


def _nothing_usable(n: int, negative: int, labels: tuple[str, str]) -> str:
    """Why no sample counts."""
    if not negative:
        return f"None of the {n:,} samples could be fitted by both models; compare them by method='lrt'."
    failed = f", and {n - negative:,} could not be fitted by both" if negative < n else ""
    return (
        f"{negative:,} of {n:,} samples of {labels[0]} have a higher likelihood there than in {labels[1]}, which is no "
        f"larger model: neither is nested in the other{failed}. Compare them by AIC or BIC."
    )


def _demand_two(models: Sequence[FittedModel], labels: Sequence[str]) -> None:
    """Two models, one of which is mixed at least."""
    if len(models) != 2:
        raise ArgumentError(f"A bootstrap test compares two models; got {len(models)}.")
    for label, m in zip(labels, models, strict=True):
        if not is_mixed(m) and (is_generalized(m) or not any(map(is_mixed, models))):
            kind = "generalized linear" if is_generalized(m) else "linear"
            raise ArgumentError(
                f"A bootstrap test compares mixed models, of which a linear one can be the smaller, and {label} is a "
                f"{kind} model; leave `method` out."
            )


def _ratios(small: Any, large: Any, order: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """Likelihood ratios of n samples of the smaller model, shape (n,)."""
    draws = Draws(small)
    both: tuple[_Deviances, _Deviances] = (_deviances(small, n), _deviances(large, n))
    done, piece = 0, min(w.at_once for w in both)  # type: ignore[attr-defined]
    with counting("bootstrap", n, None) as tell:
        while done < n:
            y = draws.responses(rng, min(piece, n - done)).T
            both[0].add(y)
            both[1].add(y[order])
            done += y.shape[1]
            tell(done)
    return both[0].values() - both[1].values()


def _deviances(m: Any, n: int) -> Any:
    """How the deviances of a model are found."""
    if not is_mixed(m):
        return _OfLinear(m)
    return _OneByOne(m) if is_generalized(m) else _SideBySide(cast(Fit, m), n)


class _SideBySide(Refitting):
    """Of a linear mixed model."""

    def values(self) -> np.ndarray:
        """See `_Deviances`."""
        return self.found.deviance


class _OneByOne:
    """Of a generalized mixed model."""

    at_once = 1

    def __init__(self, m: Any) -> None:
        self.m = m
        self.found: list[float] = []

    def add(self, y: np.ndarray) -> None:
        """See `_Deviances`."""
        for response in y.T:
            try:
                self.found.append(-2.0 * refit_alone(self.m, response).loglik)
            except MlmError:
                self.found.append(np.nan)

    def values(self) -> np.ndarray:
        """See `_Deviances`."""
        return np.array(self.found)


class _OfLinear:
    """Of a linear model: ``n (1 + log(2 pi RSS / n))``."""

    at_once = DEFAULT_SAMPLES

    def __init__(self, m: Any) -> None:
        self.basis, self.known = np.linalg.qr(m.frame.x)[0], m.frame.known_part
        self.found: list[np.ndarray] = []

    def add(self, y: np.ndarray) -> None:
        """See `_Deviances`."""
        rest = (y.T - self.known).T
        rest -= self.basis @ (self.basis.T @ rest)
        squares = np.einsum("nr,nr->r", rest, rest)
        self.found.append(len(y) * (1.0 + np.log(2.0 * np.pi * squares / len(y))))

    def values(self) -> np.ndarray:
        """See `_Deviances`."""
        return np.concatenate(self.found)
