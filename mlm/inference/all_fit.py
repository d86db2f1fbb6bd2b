"""One model by several optimisers from several starts, side by side."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import scipy

from ..errors import ArgumentError, MlmError, first_few
from ..fit.checks import demand_exact
from ..fit.fit import Fit
from ..fit.generalized import GeneralizedFit
from ..optimize.minimise import minimise
from ..optimize.newton import newton
from ..optimize.optimum import Log, Optimum
from ..report.face import demand_mixed
from ..report.html import as_html

__all__ = ["AllFit", "all_fit"]

# By how much the criterion, and fixed effects in standard errors, may differ for ends to count as one: nobody reports
# what lies below.
SAME_CRITERION, SAME_ERRORS = 0.01, 0.01
# Standard deviations from which searches start, over that of the residuals.
STARTS = {"1": 1.0, "small": 0.1, "large": 2.0}
# Searches without gradients end where theta changes by less than this.
TOLERANCE = 1e-8
MOST_EVALUATIONS = 20_000
# With a bound, a variance of 0 would always be stationary, and L-BFGS-B ends there: it has none.
SCIPY = {
    "L-BFGS-B": {"ftol": 1e-14, "gtol": 1e-8},
    "Nelder-Mead": {"xatol": TOLERANCE, "fatol": TOLERANCE, "maxfev": MOST_EVALUATIONS},
    "Powell": {"xtol": TOLERANCE, "ftol": TOLERANCE, "maxfev": MOST_EVALUATIONS},
}
# Theta of a variance at whose 0 a search has stopped.
NO_VARIANCE = 1e-3
# The criterion where it cannot be computed.
NOT_COMPUTED = 1e300


class _End(NamedTuple):
    """Where a search ended: the criterion, fixed effects (p,), theta (n_theta,) and what is said of it."""

    deviance: float
    fixef: np.ndarray
    theta: np.ndarray
    message: str


@dataclass(frozen=True, eq=False)
class AllFit:
    """Ends of several searches for one model; `print` it, or take `frame`.

    Attributes
    ----------
    frame : pandas.DataFrame
        One row a search: ``optimizer``, ``start``, ``deviance`` (the criterion), ``above`` (the lowest), ``seconds``,
        ``message``. NaN where a search failed.
    fixef : pandas.DataFrame
        Fixed effects, row by row as in `frame`.
    theta : pandas.DataFrame
        Relative covariance parameters, likewise, by the names of lme4's ``getME(m, "theta")``.
    spread : float
        Largest difference of a fixed effect from that of the lowest end, in standard errors, over all searches.
    """

    frame: pd.DataFrame
    fixef: pd.DataFrame
    theta: pd.DataFrame
    spread: float

    @property
    def agree(self) -> bool:
        """Whether every search ended within 0.01 of the lowest criterion and 0.01 standard errors of its effects.

        One that failed, or stalled, is none that agrees; `frame` says which and why.
        """
        return bool((self.frame["above"] <= SAME_CRITERION).all() and self.spread <= SAME_ERRORS)

    def __str__(self) -> str:
        formats = {"deviance": "{:.6f}".format, "above": "{:.2g}".format, "seconds": "{:.3f}".format}
        table = self.frame.to_string(index=False, formatters=formats)
        near = int((self.frame["above"] <= SAME_CRITERION).sum())
        said = "All agree" if self.agree else f"{near} of {len(self.frame)} come within {SAME_CRITERION} of the lowest"
        far = self.frame[~(self.frame["above"] <= SAME_CRITERION)]
        if len(far):
            said += (
                f"; not {first_few([f'{name} from {at}' for name, at in zip(far.optimizer, far.start, strict=True)])}"
            )
        first, most = self.frame.iloc[0], self.frame["above"].max()
        verdict = (
            f"{said}.\nThe criterion differs by up to {most:.2g}, fixed effects by up to {self.spread:.2g} standard "
            f"errors; {first['optimizer']} ends {first['above']:.2g} above the lowest."
        )
        return "\n".join([table, "", verdict])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return as_html(str(self), "mlm-allfit")


def all_fit(m: Any) -> AllFit:
    """Fit a model again by several optimisers, each from several starts.

    Parameters
    ----------
    m : MixedModel or GeneralizedMixedModel

    Returns
    -------
    AllFit
        Searches by Newton's method (of a generalized model, our own on exact gradients), by lme4's default
        ``nloptwrap``, where the package nlopt is there and the model is a linear one, and by SciPy's L-BFGS-B (without
        bounds), Nelder-Mead and Powell, these two once more from where they end; from standard
        deviations 1, 0.1 and 2 times those of the residuals, without correlations: of slopes of predictors that are
        uncorrelated and in units of their root mean squares, so that searches do not depend on the user's. As of other
        optimisers, ends on the boundary of a variance of 0 need not be minima: `above` and the message tell.
        The theta of a negative binomial model is held at its estimate for the searches of SciPy.

    Raises
    ------
    ArgumentError
        When `m` is not a mixed model.

    Examples
    --------
    >>> import mlm
    >>> rows = {"y": [1.0, 2.0, 4.0, 5.0, 7.0, 9.0, 2.0, 3.5], "g": list("aabbccdd")}
    >>> found = mlm.all_fit(mlm.lmer("y ~ 1 + (1 | g)", rows))
    >>> found.agree, found.frame["optimizer"].unique().tolist()[:1]
    (True, ['newton'])
    """
    demand_mixed(m)
    if not isinstance(m, Fit | GeneralizedFit):
        raise ArgumentError(f"This takes a model that mlm.lmer or mlm.glmer has fitted; got {type(m).__name__}.")
    demand_exact("Ends of several optimisers", m)
    rows, ends = [], []
    for optimizer, start, search in _searches(m):
        begun = time.perf_counter()
        try:
            end = search()
        except (MlmError, np.linalg.LinAlgError, ArithmeticError) as error:
            end = _End(np.nan, np.full(len(m.fixef), np.nan), np.full(len(m.theta), np.nan), str(error))
        rows.append((optimizer, start, end.deviance, time.perf_counter() - begun, end.message))
        ends.append(end)
    frame = pd.DataFrame(rows, columns=["optimizer", "start", "deviance", "seconds", "message"])
    frame.insert(3, "above", frame["deviance"] - frame["deviance"].min())
    frame["message"] = [_said(m, end, above) for end, above in zip(ends, frame["above"], strict=True)]
    fixef = pd.DataFrame([end.fixef for end in ends], columns=m.fixef.index)
    away = (fixef - fixef.iloc[int(frame["deviance"].argmin())]).to_numpy() / m.se.to_numpy()
    spread = float(np.nanmax(np.abs(away), initial=0.0))
    return AllFit(frame, fixef, pd.DataFrame([end.theta for end in ends], columns=_theta_names(m)), spread)


def _said(m: Fit | GeneralizedFit, end: _End, above: float) -> str:
    """What is said of an end: slopes are 0 at a variance of 0, also where that is not a minimum."""
    layout = m.deviance_function.layout if isinstance(m, Fit) else m.worked.layout
    at_zero = above > SAME_CRITERION and bool((np.abs(end.theta[layout.diagonal]) < NO_VARIANCE).any())
    return f"stalled at a variance of 0, which is not a minimum ({end.message})" if at_zero else end.message


def _theta_names(m: Fit | GeneralizedFit) -> list[str]:
    """Names of theta: the lower triangles of the terms' factors, column by column."""
    out = []
    for part in m.terms:
        group, names = part.term.group, part.columns.names
        for k, name in enumerate(names):
            out += [f"{group}.{name}", *[f"{group}.{other}.{name}" for other in names[k + 1 :]]]
    return out


def _searches(m: Fit | GeneralizedFit) -> Iterator[tuple[str, str, Callable[[], _End]]]:
    """Optimiser, start, and what runs the search."""
    layout = m.deviance_function.layout if isinstance(m, Fit) else m.worked.layout
    unit = 1.0 if isinstance(m, Fit) else m.worked.units.spherical
    firsts = {name: np.where(layout.diagonal, size * unit, 0.0) for name, size in STARTS.items()}
    own = "newton" if isinstance(m, Fit) else m.optimizer
    yield own, "its own", partial(_own, m, None)
    for name, first in firsts.items():
        yield own, name, partial(_own, m, first)
    for name, first in firsts.items() if isinstance(m, Fit) and find_spec("nlopt") is not None else ():
        assert isinstance(m, Fit)
        yield "nloptwrap", name, partial(_nloptwrap, m, first)
    for method in SCIPY:
        for name, first in firsts.items():
            search = partial(_linear, m) if isinstance(m, Fit) else partial(_generalized, m)
            yield (
                method,
                name,
                partial(search, method, first, [(0.0 if one else None, None) for one in layout.diagonal]),
            )


def _own(m: Fit | GeneralizedFit, start: np.ndarray | None) -> _End:
    """Our own search, from a start: of a linear model from nowhere else."""
    if isinstance(m, GeneralizedFit):
        family = m.asked_family
        first = None if start is None else {"theta": m.worked.users_theta(start)}
        found = GeneralizedFit.estimate(m.frame, list(m.terms), family, m.n_agq, first, quiet=True)
        return _End(-2.0 * found.loglik, found._beta, found.theta, found.optimum.message)
    with np.errstate(all="ignore"):  # what cannot be computed is looked at where it is computed
        optimum = None if start is None else newton(m.working, start, Log())
    return _ended(m, minimise(m.working) if optimum is None else optimum)


def _nloptwrap(m: Fit, start: np.ndarray) -> _End:
    return _ended(m, minimise(m.working, "nloptwrap", m.working.users_theta(start)))


def _ended(m: Fit, optimum: Optimum) -> _End:
    at = optimum.evaluation
    theta = m.working.users_theta(at.theta) if optimum.theta is None else optimum.theta
    return _End(float(at.value), m.products.shift.coefficients(at.beta), theta, optimum.message)


def _linear(m: Fit, method: str, first: np.ndarray, bounds: list[Any]) -> _End:
    """One of SciPy's searches over theta of the columns worked with."""
    criterion = m.working

    def gradient(theta: np.ndarray) -> np.ndarray:
        return criterion.evaluate(theta).gradient

    if method == "L-BFGS-B":
        theta, message = _minimised(criterion.value, method, first, None, gradient)
        theta = criterion.layout.rectify(theta)
    else:
        theta, message = _minimised(criterion.value, method, first, bounds)
    at = criterion.evaluate(theta, 0)
    return _End(float(at.value), m.products.shift.coefficients(at.beta), criterion.users_theta(theta), message)


def _generalized(m: GeneralizedFit, method: str, first: np.ndarray, bounds: list[Any]) -> _End:
    """The same over theta and the fixed effects, in standard errors."""
    q, unit, users = len(first), np.sqrt(m._vcov.diagonal()), m.worked.users_theta

    def value(at: np.ndarray) -> float:
        return m.deviance_function.value(users(at[:q]), at[q:] * unit)

    start, every = np.concatenate([first, m._beta / unit]), [*bounds, *[(None, None)] * len(unit)]
    found, message = _minimised(value, method, start, None if method == "L-BFGS-B" else every)
    return _End(value(found), found[q:] * unit, users(m.worked.layout.rectify(found[:q])), message)


def _minimised(
    value: Callable[[np.ndarray], float], method: str, start: np.ndarray, bounds: list[Any] | None, jac: Any = None
) -> tuple[np.ndarray, str]:
    def criterion(parameters: np.ndarray) -> float:
        try:
            found = value(parameters)
        except (MlmError, np.linalg.LinAlgError, ArithmeticError):
            return NOT_COMPUTED
        return float(found) if np.isfinite(found) else NOT_COMPUTED

    with np.errstate(all="ignore"):
        found = scipy.optimize.minimize(criterion, start, method=method, jac=jac, bounds=bounds, options=SCIPY[method])
        if jac is None:  # simplices collapse: once more from where the first one did
            found = scipy.optimize.minimize(criterion, found.x, method=method, bounds=bounds, options=SCIPY[method])
    return np.asarray(found.x), str(found.message)
