"""A mixed model's numbers as they are saved, and the fit made of them and its frame without a search."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypedDict, TypeVar

import numpy as np

from ..frame.model_frame import ModelFrame
from ..generalized.distribution import Family
from ..generalized.laplace import GeneralizedEvaluation
from ..generalized.pirls import find_mode
from ..likelihood.criterion import Evaluation
from ..likelihood.deviance import AUTOMATIC, Solving
from ..optimize.optimum import Log, MonteCarlo, Optimum
from .fit import Fit
from .generalized import GeneralizedFit
from .generalized_rows import criterion_of
from .generalized_search import GeneralizedOptimum
from .stages import deviance_function, products_of, sorted_terms

__all__ = ["StoredFit", "fit_from", "generalized_fit_from", "stored_numbers"]

# Share of a number's size up to which what other machines' rounding makes of it is the same; beyond, the columns worked
# with came out otherwise there, and the criterion is computed again at the user's theta.
SAME = 1e-9
# Share of a stored number, or of the largest of an array, up to which it comes out at the stored theta: of the
# criterion (of the number of rows, where that is larger), and of coefficients and variances.
COMES_OUT, COME_OUT = 1e-8, 1e-6
SAID = ("converged", "optimizer", "message")
COMPUTED = ("sigma2", "unscaled", "penalised")
AT = ("theta", "value", "relative", "sigma2", "beta", "unscaled", "penalised")

LinearFit = TypeVar("LinearFit", bound=Fit)
OtherFit = TypeVar("OtherFit", bound=GeneralizedFit)


class StoredFit(TypedDict, total=False):
    """Fields of what is stored of a fit, a linear one and a generalized one, beside its frame."""

    converged: bool
    optimizer: str
    message: str
    log: list[np.ndarray]
    reml: bool
    rotated: bool
    translated: bool
    users: list[np.ndarray]
    searched: np.ndarray | None
    at: dict[str, Any]
    family: Family
    n_agq: int
    estimated_size: bool
    theta: np.ndarray
    beta: np.ndarray
    value: float
    gradient: np.ndarray
    u: list[np.ndarray]
    hessian: np.ndarray | None
    solving: dict[str, Any]
    monte_carlo: dict[str, Any] | None


def stored_numbers(fit: Fit | GeneralizedFit) -> dict[str, Any]:
    """What the frame does not tell of a fit."""
    optimum = fit.optimum
    found: dict[str, Any] = {name: getattr(optimum, name) for name in SAID}
    thetas = [theta for theta, _ in optimum.log]
    found["log"] = [
        np.concatenate([np.empty(0), *thetas]),
        np.array([len(theta) for theta in thetas], dtype=np.intp),
        np.array([value for _, value in optimum.log]),
    ]
    if isinstance(fit, GeneralizedFit):
        at = fit.optimum.evaluation
        found |= {"family": fit.family, "n_agq": fit.n_agq, "estimated_size": fit.estimated_size}
        found |= {name: getattr(at, name) for name in ("theta", "beta", "value", "gradient")}
        return found | {"u": at.mode.u, "hessian": fit.optimum.hessian}
    own = {name: getattr(fit.optimum.evaluation, name) for name in AT}
    rotated = fit.products.shift.rotation is not None
    found |= {"at": own, "reml": fit.reml, "rotated": rotated, "searched": fit.optimum.theta}
    if fit.solving != AUTOMATIC or fit.monte_carlo is not None:
        found["solving"] = fit.solving._asdict()
        found["monte_carlo"] = None if fit.monte_carlo is None else fit.monte_carlo._asdict()
    translated = getattr(optimum.log, "translate", None) is not None
    return found | {"users": [fit.theta, fit.fixef.to_numpy()], "translated": translated}


def fit_from(kind: type[LinearFit], frame: ModelFrame, stored: Mapping[str, Any]) -> LinearFit:
    """Make a linear mixed model's fit.

    Parameters
    ----------
    kind : type
        The class that is made.
    frame : ModelFrame
    stored : mapping
        See `stored_numbers`.

    Returns
    -------
    Fit

    Raises
    ------
    ValueError
        When numbers are not finite, or are not those of the stored theta.
    """
    _demand_finite({**stored["at"], "users": np.concatenate(stored["users"]), "searched": stored["searched"]})
    terms = sorted_terms(frame)
    products = products_of(frame, terms, stored["rotated"])
    solving, errors = Solving(**stored.get("solving", {})), stored.get("monte_carlo")
    working = deviance_function(terms, products, stored["reml"], solving)
    at, (theta, beta) = Evaluation(**stored["at"]), stored["users"]
    alike = _near(working.users_theta(at.theta), theta) and _near(products.shift.coefficients(at.beta), beta)
    if errors is None:  # of a criterion that is computed, not estimated
        again = working.evaluate(at.theta if alike else working.working_theta(theta), 0)
        _demand_criterion(again.value, at.value, len(frame.y))
        if not _near(products.shift.coefficients(again.beta), beta, COME_OUT):
            raise ValueError("its fixed effects are not those of its theta")
        if alike and not all(_near(getattr(again, name), getattr(at, name), COME_OUT) for name in COMPUTED):
            raise ValueError("its variances are not those of its theta")
        at = at._replace(root=again.root) if alike else again
    elif not alike:
        at = working.evaluate(working.working_theta(theta), 0)
    log = Log(False, working.users_theta if stored["translated"] else None)
    log.extend(_evaluations(*stored["log"]))
    said = {name: stored[name] for name in SAID}
    optimum = Optimum(at, **said, log=log, theta=stored["searched"])
    optimum = replace(optimum, monte_carlo=None if errors is None else MonteCarlo(**errors))
    return kind(frame, tuple(terms), products, working, optimum, stored["reml"])


def _evaluations(thetas: np.ndarray, sizes: np.ndarray, values: np.ndarray) -> list[tuple[np.ndarray, float]]:
    """What a log has: stages of a search have parameters of their own."""
    parts = np.split(thetas, np.cumsum(sizes)[:-1]) if len(sizes) else []
    return list(zip(parts, values.tolist(), strict=True))


def _near(found: Any, stored: Any, share: float = SAME) -> bool:
    return bool(np.shape(found) == np.shape(stored)) and bool(
        np.abs(np.subtract(found, stored)).max(initial=0.0) <= share * np.abs(stored).max(initial=0.0)
    )


def _demand_finite(numbers: Mapping[str, Any]) -> None:
    for name, value in numbers.items():
        if value is not None and not np.isfinite(value).all():
            raise ValueError(f"{name!r} has numbers that are not finite")


def _demand_criterion(found: float, stored: float, n: int) -> None:
    if not abs(found - stored) <= COMES_OUT * max(abs(stored), n):
        raise ValueError(f"the criterion at its theta is {found:.10g}, and not {stored:.10g}")


def generalized_fit_from(kind: type[OtherFit], frame: ModelFrame, stored: Mapping[str, Any]) -> OtherFit:
    """Make a generalized mixed model's fit; parameters and errors as for `fit_from`."""
    _demand_finite({name: stored[name] for name in ("theta", "beta", "value", "gradient", "hessian")})
    terms, family, n_agq = sorted_terms(frame), stored["family"], stored["n_agq"]
    worked, laplace = criterion_of(frame, terms, family, n_agq)
    theta, beta = stored["theta"], stored["beta"]
    mode = find_mode(laplace.problem, worked.layout.matrices(theta), beta, stored["u"], False)
    at = GeneralizedEvaluation(theta, beta, stored["value"], stored["gradient"], mode)
    _demand_criterion(laplace.evaluate(theta, beta, mode, n_agq == 0).value, at.value, len(frame.y))
    log = Log()
    log.extend(_evaluations(*stored["log"]))
    said = {name: stored[name] for name in SAID}
    optimum = GeneralizedOptimum(at, laplace, **said, hessian=stored["hessian"], log=log)
    return kind(frame, tuple(terms), family, n_agq, worked, optimum, stored["estimated_size"])
