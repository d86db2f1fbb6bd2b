"""Means, slopes and contrasts, against emmeans: `reference/emmeans.R` made the stored values."""

import json
import re
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from reference.emmeans import CASES, PRINTED, rows

import mlm

PATH = Path(__file__).parents[1] / "reference" / "emmeans.json"
STORED = json.loads(PATH.read_text(encoding="utf-8"))["models"]

# both sides are at the optimum to 1e-8 in theta
CLOSE = 1e-6
# emmeans' own: R's integral of the multivariate t distribution has errors of 1e-3, its quantiles more, those of the
# studentized range 1e-4; of pairs beside others that are not estimable its p values are 3e-5 from R's ptukey at the
# degrees of freedom that it shows
# lme4's second derivatives of generalized models are numerical
GENERALIZED = 5e-6
RANDOM, RANDOM_QUANTILE, RANGE_QUANTILE, BESIDE_OTHERS = 1.5e-3, 5e-3, 1e-4, 1e-4
# slopes of what is not linear, of which emtrends has a quotient of first order
CURVED = ("slopes of a polynomial", "slopes at values", "slopes of a logarithm")
# units of the last digit printed by which R's random integrals and quantiles differ
LAST_DIGIT = 10
CONTRASTS = [(name, k) for name in STORED for k in range(len(STORED[name]["contrasts"]))]


@cache
def estimates(name):
    case = CASES[name]
    data = rows(case.get("data", "main"))
    given = {}
    if "prior" in case:
        given["weights"] = case["prior"]
    if "coding" in case:
        given["contrasts"] = case["coding"]
    if "reml" in case:
        given["reml"] = case["reml"]
    if "family" in case:
        given |= {"family": case["family"], "link": case.get("link")}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.MlmWarning)
        m = getattr(mlm, case.get("kind", "lmer"))(case["formula"], data, **given)
    options = {"at": case.get("at"), "ddf": case.get("ddf"), "level": case.get("level", 0.95)}
    options["weights"] = case.get("weights", "equal")
    if "slope" in case:
        by = " | ".join(":".join(names) for names in (case["specs"], case.get("by", [])) if names)
        return mlm.slopes(m, case["slope"], by or None, **options)
    specs = case["specs"] or "1"
    return mlm.emmeans(m, specs, by=case.get("by"), type=case.get("type", "link"), **options)


def compared(name, k):
    method, adjust = contrasts(name)[k]
    return estimates(name).contrast(method, adjust=adjust)


def contrasts(name):
    return CASES[name].get("contrasts", [["pairwise", "default"]])


def agrees(found, stored, tolerance=CLOSE, **own):
    """All columns: labels are the same, numbers close."""
    assert list(found.columns) == list(stored)
    for column, values in stored.items():
        mine = found[column]
        if mine.dtype.kind in "OU" or not all(isinstance(value, (int, float, type(None))) for value in values):
            assert [str(value) for value in mine] == [str(value) for value in values], column
            continue
        theirs = np.array([np.inf if v == "Inf" else np.nan if v in (None, "NA") else v for v in values], dtype=float)
        close = own.get(column, tolerance)
        if column in ("p.value", "SE", "df"):
            np.testing.assert_allclose(mine, theirs, rtol=tolerance if column != "p.value" else 0, atol=close)
        else:  # in standard errors
            size = found["SE"].to_numpy() if column not in ("null", "t.ratio", "z.ratio") else 1.0 + np.abs(theirs)
            size = size if column not in CASES else 1.0
            assert (np.isnan(mine) == np.isnan(theirs)).all(), column
            off = np.abs(mine - theirs) / size
            assert np.nanmax(off, initial=0.0) <= close, (column, np.nanmax(off))


def inf(stored):
    """Degrees of freedom that are missing beside a standard error are infinite, which JSON has no number for."""
    df = [
        np.inf if v is None and se not in (None, "NA") else v for v, se in zip(stored["df"], stored["SE"], strict=True)
    ]
    return stored | {"df": df}


def test_there_are_models_enough():
    assert set(STORED) == set(CASES)
    assert (
        len({(case["formula"], case.get("kind"), case.get("prior"), case.get("data")) for case in CASES.values()}) >= 40
    )
    assert not [name for name, stored in STORED.items() if "error" in stored]


@pytest.mark.parametrize("name", [name for name in STORED if name not in CURVED])
def test_means_and_slopes(name):
    agrees(estimates(name).frame, inf(STORED[name]["means"]), GENERALIZED if "glmer" in name else CLOSE)


@pytest.mark.parametrize("name", CURVED)
def test_slopes_of_curves_are_derivatives_and_those_of_emtrends_quotients(name):
    case, found = CASES[name], estimates(name).frame
    data, x = rows("main"), case["slope"]
    reach = data[x].max() - data[x].min()
    m = mlm.lmer(case["formula"], data)
    shown = [one for one in case["specs"] if one != x]
    start = case.get("at", {}).get(x, [data[x].mean()])

    def quotients(step, backward=0.0):
        ends = [mlm.emmeans(m, [x, *shown], at={x: [v + k for v in start]}).frame for k in (step, -backward * step)]
        return ((ends[0]["emmean"] - ends[1]["emmean"]) / (step * (1.0 + backward))).to_numpy()

    np.testing.assert_allclose(quotients(1e-3 * reach), STORED[name]["means"][f"{x}.trend"], rtol=1e-6)
    near, far = (quotients(k * 1e-2, 1.0) for k in (1.0, 2.0))
    np.testing.assert_allclose(found[f"{x}.trend"], (4.0 * near - far) / 3.0, rtol=1e-6)


@pytest.mark.parametrize(("name", "k"), [(name, k) for name, k in CONTRASTS if name not in CURVED])
def test_contrasts(name, k):
    found, stored = compared(name, k), STORED[name]["contrasts"][k]
    of_p = RANDOM if found.adjust == "mvt" else BESIDE_OTHERS if found.frame["SE"].isna().any() else CLOSE
    close = GENERALIZED if "glmer" in name else CLOSE
    agrees(found.frame, inf(stored["tests"]), close, **{"p.value": of_p})
    loose = {"mvt": RANDOM_QUANTILE, "tukey": RANGE_QUANTILE, "dunnettx": RANGE_QUANTILE}.get(found.adjust, close)
    limits = found.confint(level=0.95).frame  # emmeans does not take over the level of the means
    loose *= 3.0 if found.response else 1.0  # on the scale of a ratio, in its standard errors
    agrees(limits, inf(stored["limits"]), close, **{limits.columns[k]: loose for k in (-2, -1)})


def lines(text):
    return [line.rstrip() for line in (text if isinstance(text, list) else text.splitlines())]


@pytest.mark.parametrize("name", PRINTED)
def test_prints_as_emmeans_prints(name):
    assert lines(str(estimates(name))) == lines(STORED[name]["printed"]["means"])


@pytest.mark.parametrize(("name", "k"), [(name, k) for name, k in CONTRASTS if name in PRINTED])
def test_prints_contrasts_as_emmeans_prints(name, k):
    found, stored = compared(name, k), STORED[name]["contrasts"][k]["printed"]
    same_digits(str(found), stored["tests"])
    same_digits(str(found.confint(level=0.95)), stored["limits"])


def same_digits(text, printed):
    """The same words in the same places, and numbers that differ by one in the last digit at most, here and there."""
    mine, theirs = lines(text), lines(printed)
    assert [re.sub(r"\d", "0", line) for line in mine] == [re.sub(r"\d", "0", line) for line in theirs]
    pairs = [
        both for one, other in zip(mine, theirs, strict=True) for both in zip(one.split(), other.split(), strict=True)
    ]
    different = [both for both in pairs if both[0] != both[1]]
    assert len(different) <= 0.15 * len(pairs)
    for both in different:
        one, other = (int(re.sub(r"\D", "", text)) for text in both)
        assert abs(one - other) <= LAST_DIGIT, both
