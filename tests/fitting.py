"""Fits for tests: formulas of several structures, and when two fits are the same."""

import warnings

import numpy as np
import pytest
from brute import STRUCTURES, data

import mlm

# theta is found to about 1e-7 of its standard error; everything here is a smooth function of it
FOUND = 1e-6
# deviances of a few hundred after sums in another order, and a search that ends within 1e-14 of the minimum
DEVIANCE = 1e-9

MODELS = [STRUCTURES[s] for s in ("one, slope", "nested twice, slopes", "crossed, slopes", "crossed with nested")]


def fit(formula, frame=None, **options):
    with warnings.catch_warnings():
        # small data: some variances are 0, which is not what these tests are about
        warnings.simplefilter("ignore", mlm.SingularFitWarning)
        return mlm.lmer(formula, data() if frame is None else frame, **options)


def same(found, expected, **changed):
    """Deviance, fixed effects, standard errors, theta and sigma are the same, but for what is given here."""
    deviance = changed.get("deviance", expected.deviance)
    assert found.deviance == pytest.approx(deviance, rel=DEVIANCE, abs=DEVIANCE)
    for name in ("fixef", "se", "theta", "sigma"):
        want = np.asarray(changed.get(name, getattr(expected, name)), dtype=float)
        size = np.abs(want).max() if want.size else 0.0
        np.testing.assert_allclose(getattr(found, name), want, rtol=FOUND, atol=FOUND * size, err_msg=name)
