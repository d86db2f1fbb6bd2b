"""How far from the optimum lme4 may end: what its search leaves open of each number of a model.

Of linear mixed models the point where it stops is known (``optimizer="nloptwrap"``); on another machine, or with
another of its optimisers, it is another point about as near. Of generalized ones lme4's criterion is itself only known
to some digits, and standard errors are from differences of it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

import scipy.special as special

from replications.checking.answers.cells import Value
from replications.checking.intervals import Interval
from replications.checking.tails import two_sided

TIMES = 3.0
"""How many times as far from the optimum as the known stopping point another one may be."""
ASTRAY = 30.0
"""The same where the printout says that the search did not converge: such points lie anywhere along a flat valley."""
STANDARD_ERRORS = 0.02
"""Share of a standard error that glmer's estimates may be off: three times the most over the designs of
tests/reference/generalized_printouts.py, fitted by lme4 1.1-31 at its defaults (0.0074)."""
SHARE = 0.02
"""Share of themselves that its standard errors, variances and z values may be off: twice the most there (0.0095)."""
PLACES = 0.01
"""What its correlations, residuals and criteria may be off: twice the most there."""
CORRELATIONS = 2.0
"""How many times as far off as its standard errors, in shares of themselves, its correlations of fixed effects may be,
which come from the same matrix: twice the most over 24 designs, fitted by lme4 1.1-31 at its defaults (0.94)."""
NLME = 3e-4
"""Share of themselves that nlme's standard deviations, standard errors and t values may be off, of a standard error
that its estimates may, and of one that its residuals: its search stops where the likelihood hardly changes, near an
optimum that is flat. Three times the most over the 24 fits of tests/reference/nlme_stops.R (8e-5)."""
NLME_CORRELATIONS = 1e-3
"""What its correlations may be off: three times the most there (2.6e-4)."""
NLME_CRITERIA = 1e-5
"""What its criteria may be off: three times the most of twice the log likelihood there (3.4e-6)."""
NLME_ZERO = 2e-3
"""What its standard deviations may be instead of 0, which it never reaches, as a share of the residual one: three times
the most there (6e-4)."""
SINGULAR = 1e-4
"""Share of the residual standard deviation below which lme4 calls another one singular (``isSingular()``): its search
may end beside the boundary, where the optimum is at it."""
STEPS = 3e-4
"""Share of themselves that numbers of ``step()`` may be off, whose models lme4 fits one from the other."""
GLM = 1e-6
"""Share of themselves, or of their standard errors, that numbers of R's glm may be off: it stops where the deviance
changes by less than 1e-8 of itself (``glm.control()``)."""
PROFILE = 0.002
"""Share of an interval's width that its ends may be off where R interpolates a profile: ten times the most of the
coefficients in tests/reference/verify_after.R."""
CURVED = 0.02
"""The same of standard deviations and correlations, whose profiles are bent near their edges: twice the most there."""
CRITERIA = ("aic", "bic", "loglik", "deviance", "reml_criterion")


def as_near(optimum: Value, stopped: Value, astray: bool = False) -> Interval | None:
    """Return the numbers about as near the optimum as a stopping point; farther where the search went astray."""
    if isinstance(optimum, float) and isinstance(stopped, float):
        far = (ASTRAY if astray else TIMES) * abs(stopped - optimum)
        return Interval(optimum - far, optimum + far)
    return None


def of_glmer(id: str, values: Mapping[str, Value], errors: float | None = None) -> Interval | None:
    """Return the numbers that lme4's glmer may end with; of stars their p values.

    Parameters
    ----------
    id : str
    values : mapping
        The computed numbers by their ids.
    errors : float, optional
        The most that a printed standard error may be off, as a share of itself.
    """
    prefix, _, quantity = id.rpartition(".")
    value = values[id]
    if quantity in ("p", "stars"):
        return _p(values.get(f"{prefix}.p"))
    if not isinstance(value, float):
        return None
    if quantity in ("ci_low", "ci_high"):
        low, high = values.get(f"{prefix}.ci_low"), values.get(f"{prefix}.ci_high")
        width = high - low if isinstance(low, float) and isinstance(high, float) else abs(value)
        return _around(value, STANDARD_ERRORS / 2 * width)
    if quantity == "estimate":
        se = values.get(f"{prefix}.se")
        return _around(value, STANDARD_ERRORS * se if isinstance(se, float) else SHARE * abs(value))
    if quantity in ("se", "variance", "sd", "condval"):
        return _around(value, SHARE * abs(value))
    if quantity in ("z", "t", "statistic"):
        return _around(value, SHARE * abs(value) + STANDARD_ERRORS)
    if quantity in ("chisq", "f", "F_ratio"):  # squares of z
        return _around(value, 2 * (SHARE * abs(value) + STANDARD_ERRORS * math.sqrt(abs(value))))
    if id.startswith("fixef_corr."):
        return _around(value, PLACES if errors is None else min(PLACES, CORRELATIONS * errors))
    if quantity in ("lrt", "corr") or id.startswith("scaled_resid.") or quantity in CRITERIA:
        return _around(value, PLACES)
    return None


def of_boundary(id: str, values: Mapping[str, Value]) -> Interval | None:
    """Return the numbers beside 0 that a variance or standard deviation of ``lmer`` may end with whose optimum is 0."""
    value, sigma = values[id], values.get("varcomp.residual.sd")
    power = {"sd": 1, "variance": 2}.get(id.rpartition(".")[2])
    if not (isinstance(value, float) and isinstance(sigma, float) and power and id.startswith("varcomp.")):
        return None
    most = (SINGULAR * sigma) ** power
    return Interval(0.0, most) if value <= most else None


def of_step(id: str, values: Mapping[str, Value]) -> Interval | None:
    """Return the numbers that smaller models of ``step()`` may end with; p values are farther off."""
    value = values[id]
    return _around(value, STEPS * (10 if id.endswith(".p") else 1) * abs(value)) if isinstance(value, float) else None


def of_glm(id: str, values: Mapping[str, Value]) -> Interval | None:
    """Return the numbers that R's glm may end with; ends of intervals as parts of the width between them."""
    value, se = values[id], values.get(f"{id.rpartition('.')[0]}.se")
    prefix = id.rpartition(".")[0]
    low, high = values.get(f"{prefix}.ci_low"), values.get(f"{prefix}.ci_high")
    width = high - low if isinstance(low, float) and isinstance(high, float) else 0.0
    size = max(abs(value), width, se if isinstance(se, float) else 0.0) if isinstance(value, float) else 0.0
    return _around(value, GLM * size) if isinstance(value, float) and size else None


def of_profile(id: str, values: Mapping[str, Value]) -> Interval | None:
    """Return the ends of an interval that R may find between the points of a profile."""
    prefix = id.rpartition(".")[0]
    value, low, high = (values.get(name) for name in (id, f"{prefix}.ci_low", f"{prefix}.ci_high"))
    if isinstance(value, float) and isinstance(low, float) and isinstance(high, float):
        of_random = re.match(r"confint\.(sig\d|sigma$|sd_|cor_)", prefix)
        return _around(value, (CURVED if of_random else PROFILE) * (high - low))
    return None


def of_nlme(id: str, values: Mapping[str, Value]) -> Interval | None:
    """Return the numbers that nlme may end with."""
    value, prefix = values[id], id.rpartition(".")[0]
    if not isinstance(value, float):
        return None
    quantity = id.rpartition(".")[2]
    if quantity in CRITERIA:
        return _around(value, NLME_CRITERIA)
    if quantity == "corr" or id.startswith("fixef_corr."):
        return _around(value, NLME_CORRELATIONS)
    se, sigma = values.get(f"{prefix}.se"), values.get("varcomp.residual.sd")
    if quantity == "sd" and isinstance(sigma, float) and value < NLME_ZERO * sigma:
        return Interval(0.0, NLME_ZERO * sigma)
    if quantity == "estimate" and isinstance(se, float):
        return _around(value, NLME * se)
    least = 1.0 if quantity == "t" or id.startswith("scaled_resid.") else 0.0
    return _around(value, NLME * max(abs(value), least))


def _around(value: float, far: float) -> Interval:
    return Interval(value - far, value + far)


def _p(p: Value | None) -> Interval | None:
    if not isinstance(p, float):
        return None
    z = float(-special.ndtri(p / 2)) if p > 0 else math.inf
    if not math.isfinite(z):
        return Interval(0.0, p)
    return two_sided(_around(z, SHARE * z + STANDARD_ERRORS), Interval(math.inf, math.inf))
