"""Compare a fit of mlm with a stored fit of lme4, quantity by quantity."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd


def differences(m: Any, stored: dict[str, Any]) -> Iterator[tuple[str, float]]:
    """Yield (quantity, difference relative to its natural size) for everything that was stored of a fit.

    The natural size of a standard error, sigma or a conditional standard deviation is itself; of a fixed or
    random effect, itself plus its standard error or deviation; of a (co)variance, the product of the two
    standard deviations, each not less than `small_deviations`; of the deviance, 1. Names and counts differ
    by 0 or by infinity.
    """
    yield from _exact(m, stored)
    for name in ("deviance", "loglik", "aic", "bic"):
        yield name, abs(getattr(m, name) - stored[name])
    yield "sigma", abs(m.sigma / stored["sigma"] - 1.0)
    beta, se = np.array(stored["fixef"]), np.array(stored["se"])
    yield "fixef", _largest((m.fixef.to_numpy() - beta) / (np.abs(beta) + se))
    yield "se", _largest(m.se.to_numpy() / se - 1.0)
    yield from _varcorr(m, stored)
    yield from _ranef(m, stored)


def _largest(values: np.ndarray) -> float:
    return float(np.abs(np.asarray(values)).max(initial=0.0))


def _unequal(ours: Any, theirs: Any) -> float:
    return 0.0 if ours == theirs else float("inf")


def _exact(m: Any, stored: dict[str, Any]) -> Iterator[tuple[str, float]]:
    yield "nobs", _unequal(m.nobs, stored["nobs"])
    yield "df_resid", _unequal(m.df_resid, stored["df_resid"])
    yield "singular", _unequal(m.is_singular, stored["singular"])
    yield "terms", _unequal(list(m.fixef.index), stored["terms"])
    yield "groups", _unequal(list(m.ngrps.items()), list(stored["groups"].items()))
    yield "theta's length", _unequal(len(m.theta), len(stored["theta"]))
    keys = stored["varcorr"]
    theirs = list(zip(keys["grp"], keys["var1"], keys["var2"], strict=True))
    yield "varcorr's names", _unequal(_names(m.varcorr), theirs)


def _names(varcorr: pd.DataFrame) -> list[tuple]:
    columns = varcorr[["grp", "var1", "var2"]].astype(object)
    return list(columns.where(columns.notna(), None).itertuples(index=False, name=None))


def _varcorr(m: Any, stored: dict[str, Any]) -> Iterator[tuple[str, float]]:
    names = _names(m.varcorr)
    theirs = np.array(stored["varcorr"]["vcov"])
    floor = small_deviations(m, stored)
    deviation = {
        (grp, var1): max(np.sqrt(value), floor.get((grp, var1), 0.0))
        for (grp, var1, var2), value in zip(names, theirs, strict=True)
        if var2 is None
    }
    size = [deviation[grp, var1] * deviation[grp, var1 if var2 is None else var2] for grp, var1, var2 in names]
    yield "varcorr", _largest((m.varcorr["vcov"].to_numpy() - theirs) / np.array(size))


def small_deviations(m: Any, stored: dict[str, Any]) -> dict[tuple[str, str], float]:
    """Return, by (grp, term), a standard deviation that is small beside what the data can tell.

    It is the smallest conditional standard deviation an effect could have: that of one level with all rows.
    """
    small = {}
    for part, name in zip(m.terms, dict.fromkeys(n for n, *_ in _names(m.varcorr) if n != "Residual"), strict=True):
        z = part.columns.matrix()
        for term, column in zip(part.columns.names, z.T, strict=True):
            small[name, term] = stored["sigma"] / np.sqrt((column**2).sum())
    return small


def _ranef(m: Any, stored: dict[str, Any]) -> Iterator[tuple[str, float]]:
    ours = m.ranef()
    ours = ours.assign(grp=[f"{level:g}" if isinstance(level, float) else str(level) for level in ours["grp"]])
    found = dict(iter(ours.groupby(["grpvar", "term"], sort=False)))
    theirs = [(part["grpvar"], part["term"]) for part in stored["ranef"]]
    yield "ranef's terms", _unequal(sorted(found), sorted(theirs))
    for part in stored["ranef"]:
        table = found.get((part["grpvar"], part["term"]))
        if table is None:
            continue
        table = table.set_index("grp")
        yield f"levels of {part['grpvar']}", _unequal(len(table), part["levels"])
        rows = table.loc[part["grp"]]
        condval, condsd = np.array(part["condval"]), np.array(part["condsd"])
        spread = np.sqrt(part["condval_squares"] / part["levels"]) + condsd.max()
        label = f"{part['term']} | {part['grpvar']}"
        size = max(spread, 1e-300)
        yield f"condval {label}", _largest((rows["condval"] - condval) / size)
        squares = np.sqrt(float((table["condval"] ** 2).sum())) - np.sqrt(part["condval_squares"])
        yield f"all condval {label}", abs(squares) / (size * np.sqrt(part["levels"]))
        yield f"condsd {label}", _largest((rows["condsd"] - condsd) / size)
        yield f"all condsd {label}", abs(table["condsd"].sum() - part["condsd_sum"]) / (size * part["levels"])
