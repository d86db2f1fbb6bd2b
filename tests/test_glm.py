"""Generalized linear models against R's glm and MASS's glm.nb: numbers at the optimum, and what is printed."""

import json
import re
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from reference.glm import LINKS, cases, name_of, rows

import mlm

STORED = json.loads((Path(__file__).parent / "reference" / "glm.json").read_text())["answers"]
CASES = {name_of(case): case for case in cases()}
ANSWERED = [name for name in CASES if "error" not in STORED[name]]
PRINTED = [name for name in ANSWERED if "summary" in STORED[name]]
SHOWN = np.array([0, 1, 2, 39, 79])  # rows whose residuals are stored
NEW = [4, 16, 32]  # rows that are predicted
NEAR = 1e-8  # share of a standard error, or of a number, that R's own end leaves


def column(values):
    """Read stored numbers."""
    return np.array([np.nan if value == "NA" else float(value) for value in np.ravel(values)])


@cache
def fit(name):
    case = CASES[name]
    data = rows().set_axis(np.arange(1, len(rows()) + 1))[: case.get("rows")]  # R counts rows from 1
    options = {key: case[key] for key in ("link", "weights", "offset") if key in case}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", (mlm.MissingRowsWarning, mlm.RankWarning, mlm.ResponseWarning))
        return mlm.glm(case["formula"], data, case["family"], data_name="d", **options)


def test_every_family_and_link_is_there():
    assert list(STORED) == list(CASES)
    assert len(ANSWERED) >= 75
    for family, links in LINKS.items():
        for link in links:
            found = [name for name in ANSWERED if CASES[name].get("link") == link and CASES[name]["family"] == family]
            assert len(found) >= 2


@pytest.mark.parametrize("name", ANSWERED)
def test_estimates(name):
    m, stored = fit(name), STORED[name]
    se = column(stored["se"])
    wanted = column(stored["coefficients"])
    assert m.terms == tuple(m.confint().index)
    ours = m.confint().mean(axis=1).to_numpy()
    assert np.array_equal(np.isnan(ours), np.isnan(wanted))
    kept = ~np.isnan(wanted)
    # glm.nb alternates between theta and the coefficients until the likelihood moves by little; and glm at its
    # tightest no longer finds dependent columns
    near = 1e-4 if "theta" in stored else 1e-6 if m.aliased else NEAR
    assert np.abs(m.fixef.to_numpy() - wanted[kept]).max() <= near * se.min() + near * np.max(np.abs(se))
    np.testing.assert_allclose(m.se, se, rtol=10 * near)
    np.testing.assert_allclose(m.coefficients().iloc[:, 3], column(stored["p"]), rtol=1e3 * near, atol=1e-12)
    np.testing.assert_allclose(m.confint(), column(stored["confint"]).reshape(-1, 2), rtol=10 * near, atol=near)


@pytest.mark.parametrize("name", ANSWERED)
def test_criteria(name):
    m, stored = fit(name), STORED[name]
    near = 1e-4 if "theta" in stored else 1e-7 if m.aliased else 1e-9
    for ours, key in [
        (m.deviance, "deviance"), (m.null_deviance, "null"), (m.aic, "aic"), (m.bic, "bic"), (m.loglik, "loglik"),
        (m.dispersion, "dispersion"), (m.df_resid, "df"), (m.df_null, "df_null"),
    ]:  # fmt: skip
        assert ours == pytest.approx(float(stored[key]), rel=near, abs=1e-9), key
    if "theta" in stored:
        assert m.family.theta == pytest.approx(float(stored["theta"]), rel=1e-4)
        assert m.theta_se == pytest.approx(float(stored["theta_se"]), rel=1e-3)
        # ours is the higher end
        assert m.loglik >= float(stored["loglik"]) - 1e-9


@pytest.mark.parametrize("name", ANSWERED)
def test_residuals_and_predictions(name):
    m, stored = fit(name), STORED[name]
    near = 1e-3 if "theta" in stored else 1e-7
    picked = SHOWN[: np.searchsorted(SHOWN, m.nobs)]
    for kind, values in {**stored["residuals"], "standardized": stored["standardized"]}.items():
        ours = m.residuals(kind).to_numpy()[picked]
        np.testing.assert_allclose(ours, column(values), rtol=near, atol=near * np.abs(ours).max())
    np.testing.assert_allclose(m.fitted.to_numpy()[picked], column(stored["fitted"]), rtol=near)
    for kind, key in (("link", "link"), ("response", "mean")):
        found = m.predict(rows().iloc[NEW], type=kind, se=True)
        np.testing.assert_allclose(found["fit"], column(stored[key]), rtol=near, atol=near)
        np.testing.assert_allclose(found["se"], column(stored[f"{key}_se"]), rtol=near, atol=near)


def comparable(text):
    """What is printed, with theta in the call to six digits: glm.nb stops before it has ten."""
    return re.sub(r"init.theta = [\d.]+", lambda found: f"init.theta = {float(found[0][13:]):.6g}", text).rstrip()


@pytest.mark.parametrize("name", PRINTED)
def test_printed_as_r_prints(name):
    m, stored = fit(name), STORED[name]
    ours = str(m.summary())
    if m.frame.outcome.success is not None:  # which outcome is success R leaves to the reader
        said = f"Success: {m.response} is {m.frame.outcome.success}\n\n"
        assert said in ours
        ours = ours.replace(said, "")
    assert comparable(ours) == comparable("\n".join(stored["summary"]).strip("\n"))
    assert comparable(str(m)) == comparable("\n".join(stored["print"]).strip("\n"))
