"""Formulas that a fitted model replays on new rows, and fits end to end, against R and lme4.

R keeps the state of `scale`, `poly`, `bs` and `ns` where they stand alone. What is inside another call, `mean(x)`,
`cut(x, 3)` and the like it works out again from the new rows (``safe_in_r`` is false); mlm keeps the fit's, and the
stored columns come from formulas into which `reference/formulas.R` wrote the fit's values.
"""

import warnings

import numpy as np
import pytest
from reference.r_answers import CASES, FRAMES, REFUSED, STORED, Answer

import mlm

NEW = [key for key, case in CASES.items() if case.kind == "new" and key not in REFUSED]
FITS = [key for key, case in CASES.items() if case.kind == "fit"]
# derivative-free searches find theta to about the root of the deviance's rounding error, 1e-6; ten times that
RELATIVE = 1e-5


def fitted(answer: Answer):
    fit, more = (mlm.lmer, {"reml": answer.case.reml}) if answer.case.mixed else (mlm.lm, {})
    with warnings.catch_warnings():
        # missing rows and singular fits are among what is compared
        warnings.simplefilter("ignore", mlm.MlmWarning)
        return fit(answer.case.formula, answer.data, **answer.options, **more)


def replayed(m, what: str, *arguments):
    with warnings.catch_warnings():
        # splines beyond the range of the fit may be warned of, as in R
        warnings.simplefilter("ignore", mlm.MlmWarning)
        return getattr(m, what)(FRAMES["new"], *arguments)


def test_both_kinds_of_functions_are_there():
    safe = [STORED["formulas"][key]["safe_in_r"] for key in NEW]
    assert safe.count(True) >= 40
    assert safe.count(False) >= 10


def kept(design, names, places):
    """Return R's columns without those that a fit drops as dependent on others (one at most)."""
    assert len(names) - len(design.columns) <= 1
    return zip(*[(n, p) for n, p in zip(names, places, strict=True) if n in design.columns], strict=True)


@pytest.mark.parametrize("key", [*NEW, *FITS])
def test_columns_of_new_rows(key):
    answer = Answer.to(key)
    design = replayed(fitted(answer), "design")
    names, places = map(list, kept(design, answer.stored["names"], answer.stored["new"]))
    answer.demand_columns(list(design.columns), design.to_numpy(), names, places)


@pytest.mark.parametrize("key", NEW)
def test_the_fits_own_rows_are_replayed(key):
    answer = Answer.to(key)
    m = fitted(answer)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.MlmWarning)
        again = m.design(answer.data.iloc[answer.rows()])
    names, places = map(list, kept(again, answer.stored["names"], answer.stored["columns"]))
    answer.demand_columns(list(again.columns), again.to_numpy(), names, places)


@pytest.mark.parametrize("key", FITS)
def test_fits(key):
    answer = Answer.to(key)
    m, wanted = fitted(answer), answer.stored["fit"]
    assert list(m.fixef.index) == wanted["terms"]
    np.testing.assert_allclose(m.fixef, wanted["fixef"], rtol=RELATIVE, atol=RELATIVE * np.abs(wanted["fixef"]).max())
    assert m.deviance == pytest.approx(wanted["criterion"], rel=RELATIVE)
    assert m.sigma == pytest.approx(wanted["sigma"], rel=RELATIVE)


@pytest.mark.parametrize("key", [key for key in FITS if "prediction" in STORED["formulas"][key]])
def test_predictions_without_random_effects(key):
    answer = Answer.to(key)
    ours, wanted = replayed(fitted(answer), "predict", "NA"), answer.column("prediction")
    np.testing.assert_allclose(ours, wanted, rtol=0, atol=RELATIVE * np.abs(wanted).max())
