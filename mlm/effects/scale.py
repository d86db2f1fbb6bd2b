"""The scale of a model's linear predictor, where it is not the response's: that of a link, or of ``2 * log(y + 1)``."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..language.tree import Call, Name, Number, shown, walk
from ..report.face import is_generalized

__all__ = ["Scale", "is_unknown", "of_unknown", "scale_of"]

LOGARITHMS = {"log": math.e, "log2": 2.0, "log10": 10.0}
MEANS = {"binomial": "prob", "poisson": "rate"}  # what R calls the means of these families
STEPS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "log": (lambda e, base: np.exp(math.log(base) * e), lambda e, base: math.log(base) * np.exp(math.log(base) * e)),
    "log1p": (lambda e, _: np.expm1(e), lambda e, _: np.exp(e)),
    "sqrt": (lambda e, _: np.square(e), lambda e, _: 2.0 * e),
    "exp": (lambda e, _: np.log(e), lambda e, _: 1.0 / e),
    "expm1": (lambda e, _: np.log1p(e), lambda e, _: 1.0 / (1.0 + e)),
    "plus": (lambda e, c: e - c, lambda e, c: np.ones_like(e)),
    "from": (lambda e, c: c - e, lambda e, c: -np.ones_like(e)),
    "times": (lambda e, c: e / c, lambda e, c: np.full_like(e, 1.0 / c)),
    "over": (lambda e, c: c / e, lambda e, c: -c / np.square(e)),
    "power": (lambda e, c: np.power(e, 1.0 / c), lambda e, c: np.power(e, 1.0 / c - 1.0) / c),
}
"""What a response may be of a variable, each with a constant: the inverse, and this one's derivative."""
AFFINE = {"plus", "from", "times"}


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
    steps : tuple of (str, float)
        Names in `STEPS` with their constants, the outermost first.
    ratio, of_ratio : str
        What the exponential of a difference is called, and the scale that the difference is on; empty where there is no
        such.
    """

    name: str
    mean: str
    family: Any = None
    steps: tuple[tuple[str, float], ...] = ()
    ratio: str = ""
    of_ratio: str = ""

    def inverse(self, eta: np.ndarray) -> np.ndarray:
        """Means at linear predictors; NaN where there is none."""
        if self.family is not None:
            return np.asarray(self.family.means(eta))
        with np.errstate(all="ignore"):
            for name, constant in self.steps:
                eta = STEPS[name][0](eta, constant)
        return np.asarray(eta)

    def derivative(self, eta: np.ndarray) -> np.ndarray:
        """First derivative of the mean by the linear predictor."""
        if self.family is not None:
            return np.asarray(self.family.link.derivative(eta))
        rate = np.ones_like(eta)
        with np.errstate(all="ignore"):
            for name, constant in self.steps:
                rate, eta = rate * STEPS[name][1](eta, constant), STEPS[name][0](eta, constant)
        return np.asarray(rate)

    def of_differences(self) -> Scale | None:
        """The scale of differences: that of a ratio's logarithm, or None."""
        if not self.ratio:
            return None
        kept = [(name, constant) for name, constant in self.steps if name in ("times", "from", "log")]
        last = [name for name, _ in kept].index("log")
        turned = tuple((name, 0.0 if name == "from" else constant) for name, constant in kept[: last + 1])
        return Scale(self.of_ratio, self.ratio, steps=turned, ratio=self.ratio, of_ratio=self.of_ratio)


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
    steps = (("log", math.e),) if ratio else ()
    return Scale(link.name, MEANS.get(family.name, "response"), family, steps, ratio, of_ratio)


def is_unknown(m: Any) -> bool:
    """Whether the response is a function of which no inverse is known."""
    if is_generalized(m):
        return False
    return _unwrapped(m.frame.formula.left)[1] is None


def of_unknown(m: Any) -> tuple[str, ...]:
    """What to say of results on the scale of a response whose inverse is not known, such as ``scale(y)``."""
    if not is_unknown(m):
        return ()
    return (f"Results are given on the {shown(m.frame.formula.left)} (not the response) scale.",)


def _of_response(node: Any) -> Scale | None:
    """The scale of a response that is written as a function of a variable."""
    steps, inner = _unwrapped(node)
    if inner is None or not steps:
        return None
    names = [name for name, _ in steps]
    before = names.index("log") if "log" in names else 0
    ratio = "log" in names and set(names[:before]) <= AFFINE
    bare = len(steps) == 1 and isinstance(node, Call) and not node.infix and len(node.arguments) == 1
    name = node.function if bare and node.function not in ("I", "(") else shown(_with_mean(node, inner))
    called = next((call.function for call in walk(node) if isinstance(call, Call) and call.function in LOGARITHMS), "")
    return Scale(name, "response", None, tuple(steps), "ratio" if ratio else "", called if ratio else "")


def _unwrapped(node: Any) -> tuple[list[tuple[str, float]], Any]:
    """Steps from the response to what it is a function of, and this; None for it where a step is not known."""
    steps: list[tuple[str, float]] = []
    while isinstance(node, Call):
        found = _step(node)
        if found is None:
            plain = all(not isinstance(part, Call) or part.infix or part.function in ("I", "(") for part in walk(node))
            function = bool(steps) and steps[-1][0] not in AFFINE
            return steps, node if plain and function else None
        node, name, constant = found
        if name:
            steps.append((name, constant))
    return steps, node if isinstance(node, Name) else None


def _step(node: Call) -> tuple[Any, str, float] | None:
    """What a call is a function of, with the name and the constant of the step; None where it is not known."""
    first, *others = node.arguments
    if node.function in ("I", "(") and not others:
        return first, "", 0.0
    if node.function in ("log1p", "sqrt", "exp", "expm1") and not others:
        return first, node.function, 0.0
    if node.function in LOGARITHMS and not others:
        return first, "log", LOGARITHMS[node.function]
    if node.function == "-" and not others:
        return first, "times", -1.0
    if len(others) != 1:
        return None
    right, left = _constant(others[0]), _constant(first)
    if right:
        powers = {"log": ("log", right), "^": ("power", right), "/": ("times", 1.0 / right)}
        named = powers | {"+": ("plus", right), "-": ("plus", -right), "*": ("times", right)}
        known = node.function in named and not (node.function == "log" and (right < 0.0 or right == 1.0))
        return (first, *named[node.function]) if known else None
    if left:
        turned = {"+": "plus", "-": "from", "*": "times", "/": "over"}
        return (others[0], turned[node.function], left) if node.function in turned else None
    return None


def _constant(node: Any) -> float | None:
    """A number that is written out, such as ``(1/3)``; None for what is none."""
    if isinstance(node, Number):
        return node.value
    if not isinstance(node, Call) or not (node.infix or node.function == "("):
        return None
    several = [_constant(part) for part in node.arguments]
    if any(one is None for one in several):
        return None
    if len(several) == 1:
        return several[0] if node.function == "(" else -several[0] if node.function == "-" else None  # type: ignore[operator]
    a, b = several
    known = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "^": operator.pow}
    return float(known[node.function](a, b)) if node.function in known and b != 0.0 else None


def _with_mean(node: Any, inner: Any) -> Any:
    """The expression with ``mu`` for what it is a function of."""
    if node is inner:
        return Name("mu")
    if not isinstance(node, Call):
        return node
    if node.function == "I":
        return _with_mean(node.arguments[0], inner)
    return replace(node, arguments=tuple(_with_mean(part, inner) for part in node.arguments))
