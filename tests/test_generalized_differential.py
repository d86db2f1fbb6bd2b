"""mlm against lme4 and glmmTMB on random generalized designs that `reference/generalized_designs.py` draws.

lme4's criterion has noise: its conditional modes end early, most of all under links whose expected and observed
information differ. What is compared first is therefore the criterion itself, at lme4's estimates; then lme4's own
deviance function where ours and where its search ended, with modes as near as it can find them: ours is nowhere the
higher end. Estimates are the same to 1e-4 of a standard error, but for those of the few designs whose ends differ.
"""

import json
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from reference.compare import _ranef, _varcorr
from reference.generalized_designs import CATALOGUE, designs

import mlm

REFERENCE = Path(__file__).parent / "reference"
STORED = json.loads((REFERENCE / "generalized.json").read_text(encoding="utf-8"))["fits"]
AT_OURS = json.loads((REFERENCE / "generalized_at_ours.json").read_text(encoding="utf-8"))["fits"]
DESIGNS = {design.key: design for design in designs()}
BY_LME4 = [key for key in DESIGNS if "error" not in STORED[key]["best"]]
BY_GLMMTMB = [key for key in DESIGNS if (STORED[key].get("glmmTMB") or {}).get("minus_two_log_likelihood") is not None]

NOISE = 2e-5  # of lme4's criterion, at its tightest tolerance; measured, 1.3e-5
BETTER = 1e-6  # what a difference of two optima is
CLOSE = 1e-4  # of a standard error
# relative error of lme4's standard errors by differences of a criterion with noise; of glmmTMB's by those of gradients
LME4_ERRORS, TMB_ERRORS = 6e-3, 2.5e-3
# designs on which lme4's search ended elsewhere, or before the minimum, and how much lower its function is at our end
LOWER_END = {
    "binomial_logit_1_slope_04": 0.1,
    "binomial_logit_1_slope_07": 0.5,
    "binomial_logit_1_crossed_08": 4e-7,
    "binomial_logit_1_several_terms_01": 1e-8,
    "poisson_log_1_singular_02": 1e-8,
}
RELATIVE = 1e-3  # of conditional modes and variances, at estimates that differ as above
NEAR_SINGULAR = 1e-2  # theta, where what is compared depends on how near to 0 a search has come


@cache
def fitted(key: str) -> mlm.GeneralizedMixedModel:
    design = DESIGNS[key]
    data, fingerprint = design.frame()
    assert fingerprint == STORED[key]["hash"], f"{key}: the rows drawn here are not those that lme4 fitted"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.SingularFitWarning)
        return mlm.glmer(
            design.formula,
            data,
            design.family,
            None if design.link == "logit" else design.link,
            n_agq=design.n_agq,
            weights=design.weights,
            offset=design.offset,
        )


def at_lme4(key: str) -> float:
    """Our criterion at lme4's estimates."""
    m, best = fitted(key), STORED[key]["best"]
    return m.deviance_function.value(np.array(best["theta"]), np.array(best["fixef"]))


def apart(key: str, other: dict) -> float:
    """Largest distance of fixed effects, in standard errors."""
    m = fitted(key)
    return float(np.abs((m.fixef.to_numpy() - np.array(other["fixef"])) / m.se.to_numpy()).max())


def allowed(gap: float) -> float:
    """Distance in standard errors that so much less of the criterion can mean."""
    return CLOSE + 2.0 * np.sqrt(max(-gap, 0.0))


def test_every_design_is_stored():
    assert list(DESIGNS) == list(STORED)
    assert len(DESIGNS) >= 150
    assert len({(family, link) for _, _, family, link, *_ in CATALOGUE}) >= 14
    assert len(BY_LME4) >= len(DESIGNS) - 2
    assert len(BY_GLMMTMB) >= 90


@pytest.mark.parametrize("key", DESIGNS)
def test_converged(key):
    assert fitted(key).converged


@pytest.mark.parametrize("key", [key for key in BY_LME4 if DESIGNS[key].family != "negative.binomial"])
def test_same_criterion(key):
    assert at_lme4(key) == pytest.approx(STORED[key]["best"]["minus_two_log_likelihood"], rel=0, abs=NOISE)


@pytest.mark.parametrize("key", BY_LME4)
def test_lme4s_own_function_at_our_end(key):
    """It is our criterion there, and nowhere above what it is where lme4's search ended."""
    m, stored = fitted(key), AT_OURS[key]
    assert DESIGNS[key].frame()[1] == stored["hash"]
    assert -2.0 * m.loglik == pytest.approx(stored["at_ours"], rel=0, abs=BETTER)
    assert stored["at_ours"] <= stored["at_own"] + BETTER


@pytest.mark.parametrize("key", LOWER_END)
def test_lower_than_lme4s_end(key):
    assert AT_OURS[key]["at_ours"] < AT_OURS[key]["at_own"] - LOWER_END[key]


@pytest.mark.parametrize("key", [key for key in BY_LME4 if key not in LOWER_END])
def test_estimates_of_lme4(key):
    assert apart(key, STORED[key]["best"]) < CLOSE


@pytest.mark.parametrize("key", [key for key in BY_LME4 if DESIGNS[key].family != "negative.binomial"])
def test_no_worse_than_lme4(key):
    assert -2.0 * fitted(key).loglik - at_lme4(key) < 1e-7


@pytest.mark.parametrize("key", [key for key in BY_LME4 if DESIGNS[key].family == "negative.binomial"])
def test_negative_binomial_theta(key):
    m, best = fitted(key), STORED[key]["best"]
    assert m.family.theta == pytest.approx(best["size"], rel=1e-4)
    assert -2.0 * m.loglik < best["minus_two_log_likelihood"] + BETTER


@pytest.mark.parametrize("key", BY_GLMMTMB)
def test_no_worse_than_glmmtmb_and_as_near(key):
    m, other = fitted(key), STORED[key]["glmmTMB"]
    gap = -2.0 * m.loglik - other["minus_two_log_likelihood"]
    assert gap < BETTER
    assert apart(key, other) < allowed(gap)
    if not m.is_singular and None not in other["se"]:
        assert m.se.to_numpy() == pytest.approx(np.array(other["se"]), rel=TMB_ERRORS)


@pytest.mark.parametrize("key", BY_LME4)
def test_same_numbers(key):
    m, best = fitted(key), STORED[key]["best"]
    assert list(m.fixef.index) == best["terms"]
    assert (m.nobs, m.npar, dict(m.ngrps)) == (best["nobs"], best["df"], best["groups"])
    if abs(-2.0 * m.loglik - best["minus_two_log_likelihood"]) > NOISE:
        return  # another optimum: see above
    information_se = np.sqrt(np.diag(m.covariance(use_hessian=False)))
    assert information_se == pytest.approx(np.array(best["information_se"]), rel=RELATIVE)
    assert m.sigma == pytest.approx(best["sigma"], rel=RELATIVE)
    assert m.deviance == pytest.approx(best["deviance"], rel=RELATIVE)
    assert (m.fitted**2).sum() == pytest.approx(best["fitted_squares"], rel=RELATIVE)
    assert m.resid.sum() == pytest.approx(best["residual_sum"], abs=RELATIVE * m.nobs)
    if min(np.abs(m.theta[m.deviance_function.layout.diagonal])) < NEAR_SINGULAR:
        return
    if key not in BY_GLMMTMB and None not in best["se"]:
        assert m.se.to_numpy() == pytest.approx(np.array(best["se"], dtype=float), rel=LME4_ERRORS)
    for what, size in [*_varcorr(m, best), *_ranef(m, best)]:
        assert size < RELATIVE, what
