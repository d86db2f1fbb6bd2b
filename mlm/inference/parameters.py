"""The parameters of a model, as lme4 names them: standard deviations, correlations, sigma, fixed effects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, cast

import numpy as np

from ..fit.ranef import covariance_blocks
from ..report.face import is_generalized, is_mixed

__all__ = ["Parameter", "parameter_names", "parameter_values", "parameters_of", "values_of"]


class Parameter(NamedTuple):
    """A parameter.

    Attributes
    ----------
    name : str
        As lme4's ``oldNames = FALSE``; empty of one that is not a row of its own.
    kind : {"sd", "cor", "sigma", "beta"}
    term : int
        The random-effects term; -1 for none.
    effects : tuple of int
        Positions of the effects in the term, of the fixed effect among all.
    """

    name: str
    kind: str
    term: int
    effects: tuple[int, ...]


def parameters_of(m: Any) -> list[Parameter]:
    """The parameters in lme4's order: of each term's lower triangle, column by column; sigma; fixed effects.

    Examples
    --------
    >>> import mlm
    >>> data = {"y": [1.0, 2.0, 4.0, 5.0, 7.0, 9.0], "g": list("aabbcc")}
    >>> [each.name for each in parameters_of(mlm.lmer("y ~ 1 + (1 | g)", data))]
    ['sd_(Intercept)|g', 'sigma', '(Intercept)']
    """
    out = []
    for t, part in enumerate(m.terms if is_mixed(m) else ()):
        names, group = part.columns.names, part.term.group
        for j, name in enumerate(names):
            out.append(Parameter(f"sd_{name}|{group}", "sd", t, (j,)))
            others = range(j + 1, len(names))
            out += [Parameter(f"cor_{names[k]}.{name}|{group}", "cor", t, (j, k)) for k in others]
    if _has_scale(m):
        out.append(Parameter("sigma", "sigma", -1, ()))
    return out + [Parameter(name, "beta", -1, (k,)) for k, name in enumerate(m.frame.x_names)]


def _has_scale(m: Any) -> bool:
    """Whether sigma is a parameter."""
    return bool(m.family.has_scale) if is_generalized(m) else True


def parameter_names(m: Any) -> list[str]:
    """Names as those of lme4's ``confint(m, oldNames = FALSE)``, in the order of theta."""
    return [each.name for each in parameters_of(m)]


def parameter_values(covariances: Sequence[np.ndarray], sigma: np.ndarray | None, beta: np.ndarray) -> np.ndarray:
    """Values of these parameters for many fits.

    Parameters
    ----------
    covariances : sequence of ndarray, shapes (R, q, q)
        Of each term.
    sigma : ndarray, shape (R,), or None
    beta : ndarray, shape (p, R)

    Returns
    -------
    ndarray, shape (R, parameters)
        A correlation with effects that do not vary is NaN.
    """
    columns = []
    for each in covariances:
        deviations = np.sqrt(np.maximum(each.diagonal(axis1=1, axis2=2), 0.0))
        for i in range(each.shape[1]):
            columns.append(deviations[:, i])
            with np.errstate(invalid="ignore", divide="ignore"):
                products = deviations[:, i, None] * deviations[:, i + 1 :]
                columns += list((np.where(products > 0, each[:, i, i + 1 :], np.nan) / products).T)
    return np.stack([*columns, *([] if sigma is None else [sigma]), *beta], axis=1)


def values_of(m: Any) -> np.ndarray:
    """Values of the parameters of one model."""
    blocks = [covariance[None] for _, _, covariance in covariance_blocks(cast(Any, m))] if is_mixed(m) else []
    sigma = np.array([m.sigma]) if _has_scale(m) else None
    return parameter_values(blocks, sigma, m.fixef.to_numpy()[:, None])[0]
