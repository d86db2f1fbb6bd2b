"""The same model in other words: other units, origins, orders and labels of the same data.

Units are powers of 2 and shifts multiples of them, so that on the designs of `reference.small_designs` no digit of the
data is lost, and what differs is not due to the data.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from reference.small_designs import SmallDesign

import mlm

EPSILON = 2.0**-52

Rows = Callable[[pd.DataFrame], pd.DataFrame]


@dataclass(frozen=True, slots=True)
class Change:
    """One way to write the model of a design.

    Attributes
    ----------
    name : str
    rows : callable
        The frame with the change made.
    y, x : tuple of (float, float)
        Shift a and scale b of the response, and of the predictor x: ``b (x + a)``.
    weights : float
        Factor of the prior weights.
    """

    name: str
    rows: Rows = field(default=lambda frame: frame)
    y: tuple[float, float] = (0.0, 1.0)
    x: tuple[float, float] = (0.0, 1.0)
    weights: float = 1.0


AS_IT_IS = Change("as it is")
# shift in standard deviations (rounded to powers of 2), and scale
OF_Y = ((4096.0, 1.0), (0.0, 2.0**-13), (-1024.0, 2.0**13), (0.0, 2.0**-300), (0.0, 2.0**300))
OF_X = ((1024.0, 1.0), (-16384.0, 1.0), (0.0, 2.0**-17), (0.0, 2.0**17), (256.0, 2.0**10))


def changes(one: SmallDesign) -> list[Change]:
    """All changes after which a design's model is the same."""
    found = []
    for shift, scale in OF_Y:
        a = shift * _unit(one.frame["y"])
        name = f"y -> 2^{math.log2(scale):g} (y + {shift:g} sd)"
        found.append(Change(name, lambda d, a=a, b=scale: d.assign(y=b * (d["y"] + a)), y=(a, scale)))
    for shift, scale in OF_X:
        if "x" in one.formula and (not shift or _free_origin(one)):
            a = shift * _unit(one.frame["x"])
            name = f"x -> 2^{math.log2(scale):g} (x + {shift:g} sd)"
            found.append(Change(name, lambda d, a=a, b=scale: d.assign(x=b * (d["x"] + a)), x=(a, scale)))
    for name, factor in (("2^-20", 2.0**-20), ("3", 3.0)):
        weigh = lambda d, c=factor: d.assign(w=c * d.get("w", 1.0))  # noqa: E731
        found.append(Change(f"weights -> {name} weights", weigh, weights=factor))
    return [*found, Change("rows permuted", _permuted), Change("levels renamed", _renamed)]


def _unit(values: pd.Series) -> float:
    """The power of 2 nearest to the standard deviation."""
    return 2.0 ** round(math.log2(float(values.std())))


def _free_origin(one: SmallDesign) -> bool:
    """Whether x stands beside an intercept wherever it has random effects, correlated with it."""
    return "xo" not in one.twin


def _permuted(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.iloc[np.random.RandomState(len(frame)).permutation(len(frame))].reset_index(drop=True)


def _renamed(frame: pd.DataFrame) -> pd.DataFrame:
    """Other labels, which sort in another order."""
    rng, out = np.random.RandomState(len(frame)), frame.copy()
    for name in sorted({"g", "h", "k", "l"} & set(frame)):
        levels = sorted(frame[name].unique())
        labels = [f"L{place:04d}" for place in rng.permutation(len(levels))]
        out[name] = frame[name].map(dict(zip(levels, labels, strict=True)))
    return out


@dataclass(frozen=True, slots=True)
class Numbers:
    """What a fit says, in the units of the unchanged model; or how it is refused.

    `rounding` is what the digits of sums of squares leave undecided of the criterion, `mapping` what those of the fixed
    effects and their covariances leave undecided of them when they are taken back: an intercept 1,000 standard
    deviations away has a variance with 6 digits of which nothing is left.
    """

    criterion: float = math.nan
    estimates: np.ndarray = field(default_factory=lambda: np.empty(0))
    errors: np.ndarray = field(default_factory=lambda: np.empty(0))
    df: np.ndarray = field(default_factory=lambda: np.empty(0))
    singular: bool = False
    converged: bool = True
    said: tuple[str, ...] = ()
    refused: str = ""
    rounding: float = 0.0
    mapping: float = 0.0


def numbers(one: SmallDesign, change: Change = AS_IT_IS) -> Numbers:
    """Fit a design, as it is or changed, and take its numbers back to the units of the design."""
    weights: Any = "w" if one.weights or change.weights != 1.0 else None
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            rows = change.rows(one.frame)
            m = mlm.lmer(one.formula, rows, reml=one.reml, weights=weights, offset=one.offset)
            back = _back(list(m.fixef.index), change)
            df = np.array([m.satterthwaite_df(row) for row in back])
            covariance = back @ m.vcov.to_numpy() @ back.T
        except (mlm.MlmError, np.linalg.LinAlgError, ArithmeticError) as error:
            return Numbers(refused=f"{type(error).__name__}: {error}")
    estimates = back @ m.fixef.to_numpy()
    estimates[0] -= change.y[0]
    errors = np.sqrt(np.diag(covariance))
    size = np.abs(back) @ np.abs(m.vcov.to_numpy()) @ np.abs(back).T
    return Numbers(
        m.deviance - _constant(one, m, change),
        estimates,
        errors,
        df,
        m.is_singular,
        m.converged,
        tuple(sorted({w.category.__name__ for w in said})),
        rounding=_rounding(m),
        mapping=float(
            EPSILON * np.max(np.maximum(size.diagonal() / errors**2, np.abs(back) @ np.abs(m.fixef) / errors))
        ),
    )


def _rounding(m: mlm.MixedModel) -> float:
    """What double precision leaves undecided of the criterion: sums of squares are known to some 1e-16 of themselves.

    Of the squares of the least-squares residuals and of the fixed-effects columns a share is left, when the random
    effects have taken theirs: where variances are a million times the residual one, a millionth. A rounding of the
    sums is so much larger a rounding of what is left, of which the criterion is ``dof log``.
    """
    at, xy = m.optimizer_info.evaluation, m.products.xy
    left = np.append(1.0 / np.diag(at.unscaled), at.penalised)
    return float(m.nobs * EPSILON * np.max(np.diag(xy) / left))


def _back(names: list[str], change: Change) -> np.ndarray:
    """Coefficients of the design as contrasts of those of the changed one, but for the shift of y: shape (p, p).

    With ``y' = s (y + a)`` and ``x' = t (x + c)``, ``y' = b0 + b1 x'`` is ``y = (b0 + b1 t c) / s - a + b1 t / s x``.
    """
    out = np.eye(len(names)) / change.y[1]
    if "x" in names:
        k = names.index("x")
        out[k] *= change.x[1]
        out[0, k] = change.x[1] * change.x[0] / change.y[1]
    return out


def _constant(one: SmallDesign, m: mlm.MixedModel, change: Change) -> float:
    """By how much the criterion of the changed model is larger: its densities are of y in other units.

    Under REML also by ``log |X'V^-1X|``. Weights c w make sigma² c times as large, and leave the likelihood the same.
    """
    dof = m.nobs - len(m.fixef) if one.reml else m.nobs
    in_x = 2.0 * math.log(change.x[1]) if one.reml and "x" in m.fixef.index else 0.0
    return 2.0 * dof * math.log(change.y[1]) + in_x


def deviations(base: Numbers, other: Numbers) -> dict[str, float]:
    """By how much two models that are the same differ: the criterion as it is, estimates in standard errors."""
    if base.refused or other.refused:
        return {"refused": float(bool(base.refused) != bool(other.refused))}
    return {
        "criterion": abs(base.criterion - other.criterion),
        "estimates": float(np.max(np.abs(base.estimates - other.estimates) / base.errors)),
        "standard errors": float(np.max(np.abs(other.errors / base.errors - 1.0))),
        "df": float(np.max(np.abs(other.df / base.df - 1.0))),
        "singular": float(base.singular != other.singular),
        "converged": float(base.converged != other.converged),
        "messages": float(base.said != other.said),
        "refused": 0.0,
    }
