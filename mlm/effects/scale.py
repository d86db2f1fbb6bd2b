"""The scale of a model's linear predictor, where it is not the response's: that of a link, or of ``log(y)``."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..language.tree import Call, Number, spell
from ..report.face import is_generalized

__all__ = ["Scale", "scale_of"]

LOGARITHMS = {"log": math.e, "log2": 2.0, "log10": 10.0}
MEANS = {"binomial": "prob", "poisson": "rate"}  # what R calls the means of these families


@dataclass(frozen=True, slots=True, eq=False)
class Scale:
    """How a linear predictor becomes a mean.

    Attributes
    ----------
    name : str
        As R says it: ``logit``, ``log(mu + 1)``.
    mean : str
        What R calls the mean: ``prob``, ``rate``, ``response``.
    family : Family or None
        Of a generalized model; without one the response is transformed.
    base, shift : float
        The mean is ``base ** eta - shift``; without a base it is ``eta ** 2 - shift``.
    ratio, of_ratio : str
        What the exponential of a difference is called, and the scale that the difference is on; empty where there is no
        such.
    """

    name: str
    mean: str
    family: Any = None
    base: float = math.nan
    shift: float = 0.0
    ratio: str = ""
    of_ratio: str = ""

    def inverse(self, eta: np.ndarray) -> np.ndarray:
        """Means at linear predictors; NaN where there is none."""
        if self.family is not None:
            return np.asarray(self.family.means(eta))
        raised = np.square(eta) if math.isnan(self.base) else np.exp(math.log(self.base) * eta)
        return np.asarray(raised - self.shift)

    def derivative(self, eta: np.ndarray) -> np.ndarray:
        """First derivative of the mean by the linear predictor."""
        if self.family is not None:
            return np.asarray(self.family.link.derivative(eta))
        rate = math.nan if math.isnan(self.base) else math.log(self.base)
        return 2.0 * eta if math.isnan(rate) else rate * np.exp(rate * eta)

    def of_differences(self) -> Scale | None:
        """The scale of differences: that of a ratio's logarithm, or None."""
        if not self.ratio:
            return None
        return Scale(self.of_ratio, self.ratio, base=self.base, ratio=self.ratio, of_ratio=self.of_ratio)


def scale_of(m: Any) -> Scale | None:
    """Return the scale of a model; None where the linear predictor is the response's.

    Examples
    --------
    >>> import mlm
    >>> scale_of(mlm.lm("log(y) ~ x", {"x": [1.0, 2.0, 3.0], "y": [2.0, 4.0, 9.0]})).name
    'log'
    """
    if not is_generalized(m):
        return _of_response(m.frame.formula.left)
    family, link = m.family, m.family.link
    if link.name == "identity":
        return None
    ratio, of_ratio = {"logit": ("odds.ratio", "log odds ratio"), "log": ("ratio", "log")}.get(link.name, ("", ""))
    return Scale(link.name, MEANS.get(family.name, "response"), family, math.e, 0.0, ratio, of_ratio)


def _of_response(node: Any) -> Scale | None:
    """The scale of a response that is written as a function of a variable."""
    if not (isinstance(node, Call) and len(node.arguments) == 1 and not node.infix):
        return None
    (argument,) = node.arguments
    shift = 0.0
    if isinstance(argument, Call) and argument.infix and argument.function == "+":
        last = argument.arguments[-1]
        shift = last.value if isinstance(last, Number) else 0.0
    name = f"{node.function}(mu + {spell(Number(shift))})" if shift else node.function
    if node.function == "log1p":
        return Scale(name, "response", base=math.e, shift=1.0)
    if node.function == "sqrt":
        return Scale(name, "response", shift=shift)
    if node.function not in LOGARITHMS:
        return None
    return Scale(name, "response", None, LOGARITHMS[node.function], shift, "ratio", node.function)
