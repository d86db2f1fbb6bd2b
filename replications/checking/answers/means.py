"""``emmeans()``, ``emtrends()`` and their contrasts, as their commands say."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
import scipy

import mlm
from mlm.errors import ArgumentError, FitError
from replications.checking.answers.cells import Source, of_table, only
from replications.checking.calls import Call, arguments, chain, numbers_of, text_of, texts_of
from replications.checking.targets import Target

RESPONSE = ("prob", "rate", "response", "odds.ratio", "ratio")
TESTS = ("null", "t.ratio", "z.ratio", "p.value")
LETTERS = ".group"
"""The heading of the letters of ``cld()``, which sorts its rows."""
UNKNOWN = ("df", "lower.CL", "upper.CL", "p.value")
"""What Kenward and Roger's method does not give of a fit by maximum likelihood."""
NEGLIGIBLE = (
    "infer",
    "level",
    "type",
    "data",
    "lmer.df",
    "mode",
    "pbkrtest.limit",
    "lmerTest.limit",
    "digits",
    "delta.var",
)
"""Arguments of which the table or the notes below it tell."""
OF_MEANS = ("specs", "by", "at", "weights", "adjust", *NEGLIGIBLE)
OF_SLOPES = ("specs", "var", "by", "at", "weights", "adjust", *NEGLIGIBLE)
OF_CONTRASTS = {
    "contrast": ("method", "adjust", "by", "ref", *NEGLIGIBLE),
    "pairs": ("reverse", "adjust", "by", *NEGLIGIBLE),
}
SHOWING = ("print", "summary", "confint", "test", "as.data.frame", "data.frame", "round", "plot")


@dataclass
class Wanted:
    """What the commands say: the arguments of the means, those of each comparison, how results are adjusted."""

    function: str
    means: dict[str, str]
    contrasts: list[dict[str, str]] = field(default_factory=list)
    adjust: str = "default"


def means(target: Target, models: Mapping[str, Any]) -> Source:
    """Return what finds the cells of a table of means, slopes or contrasts, by their places in it."""
    wanted = _wanted(chain(target.block.call, target.objects), compared=target.block.kind == "emmeans.contrast")
    headings = {number.column for number in target.numbers.values()}
    notes = target.block.heads.get("notes", "")
    found = _estimates(only(models), wanted, notes, bool(headings & set(RESPONSE)))
    level = re.search(r"Confidence level used: (0?\.\d+)", notes)
    sorted_rows = LETTERS in headings
    widened = re.search(r"Conf-level adjustment: (\w+) method", notes) if sorted_rows else None
    adjust = widened[1] if widened else wanted.adjust
    table = found.confint(float(level[1]) if level else None, adjust).frame
    mixture = "kenward" in notes and not getattr(only(models), "reml", True)
    if headings & set(TESTS):
        tests = found.test(wanted.adjust).frame
        table = table.assign(**{name: tests[name] for name in TESTS if name in tests})
    if sorted_rows:
        rows = _found_rows(_rows(target), found)
    else:
        _demand_same_rows(_rows(target), found.labels.drop(columns=list(found.by)))
        rows = {label: at for at, label in enumerate(_rows(target))}

    def value(id: str) -> float:
        number = target.numbers[id]
        if mixture and number.column in UNKNOWN:
            raise LookupError("emmeans takes degrees of freedom of a fit by maximum likelihood from two fits at once")
        if number.column not in table:
            raise LookupError(f"there is no {number.column} among {', '.join(map(str, table))}")
        return float(table[number.column].iloc[rows[number.row]])

    return value


def _rows(target: Target) -> list[str]:
    return list(dict.fromkeys(number.row for number in target.numbers.values()))


def _found_rows(printed: Sequence[str], found: mlm.Estimates) -> dict[str, int]:
    """Return the place of each printed row among those of the command, by their levels.

    Raises
    ------
    LookupError
        If a row is none of them.
    """
    places: dict[str, int] = {}
    for at, levels in enumerate(found.labels.to_dict("records")):
        words = [f"{level:g}" if isinstance(level, float) else str(level) for level in levels.values()]
        given = [f"{name}{word}" if name in found.by else "" for name, word in zip(levels, words, strict=True)]
        own = ["" if name in found.by else word for name, word in zip(levels, words, strict=True)]
        places[_plain("".join([*given, *own]))] = at
    missing = [row for row in printed if _plain(row) not in places]
    if missing or len(printed) != len(places):
        raise LookupError(f"the command gives {len(places)} rows, and {missing or len(printed)} are printed")
    return {row: places[_plain(row)] for row in printed}


def _demand_same_rows(printed: Sequence[str], labels: pd.DataFrame) -> None:
    """Refuse rows that are others than those that were printed.

    Raises
    ------
    LookupError
    """
    if len(printed) != len(labels):
        raise LookupError(f"the command gives {len(labels)} rows, and {len(printed)} are printed")
    words = labels.select_dtypes(exclude="number").astype(str)
    for row, own in zip(printed, words.itertuples(index=False), strict=True):
        for word in own:
            if _plain(word) not in _plain(row):
                raise LookupError(f"the row {row!r} is {' '.join(own)!r} here")


def _plain(text: str) -> str:
    return re.sub(r"[^\w]", "", text)


def _wanted(calls: Sequence[Call], *, compared: bool) -> Wanted:
    """Read the commands from the inside.

    Raises
    ------
    LookupError
        If they have no ``emmeans()``, or something else that is not known here.
    """
    *outer, inner = calls or [Call("", ())]
    if inner.function not in ("emmeans", "emtrends", "lsmeans", "lstrends"):
        raise LookupError("no command with emmeans() or emtrends() is printed, which would say what the means are of")
    of_slopes = inner.function in ("emtrends", "lstrends")
    given = inner.given(OF_SLOPES if of_slopes else OF_MEANS)
    wanted = Wanted(inner.function, given)
    method = re.sub(r"^list\((.*)\)$", r"\1", given.get("specs", "")).partition("~")[0].strip()
    if "~" in given.get("specs", "") and method and compared and not any(c.function in OF_CONTRASTS for c in outer):
        wanted.contrasts.append({"method": method, **{key: text for key, text in given.items() if key == "adjust"}})
    elif "adjust" in given and not compared and not method:
        wanted.adjust = _adjustment(given["adjust"])
    for call in reversed(outer) if compared else ():
        if call.function in OF_CONTRASTS:
            wanted.contrasts.append(_comparison(call))
        elif call.function in SHOWING:
            said = dict(call.others)
            wanted.adjust = _adjustment(said["adjust"]) if "adjust" in said else wanted.adjust
        else:
            raise LookupError(f"{call.function}() is not recomputed here")
    return wanted


def _comparison(call: Call) -> dict[str, str]:
    given = call.given(OF_CONTRASTS[call.function])
    if call.function == "pairs":
        given["method"] = "revpairwise" if given.pop("reverse", "FALSE") in ("TRUE", "T") else "pairwise"
    return given


def _adjustment(text: str) -> Any:
    return None if text_of(text) in ("none", "NULL") else text_of(text)


def _estimates(model: Any, wanted: Wanted, notes: str, response: bool) -> mlm.Estimates:
    """Return the estimates that the commands ask for."""
    linear = isinstance(model, mlm.MixedModel)
    said = re.search(r"Degrees-of-freedom method: ([\w-]+)", notes)
    ddf = said[1].lower() if said and linear else None
    of_reml = linear and ddf == "kenward-roger" and not model.reml
    found = _means(mlm.update(model, reml=True) if of_reml else model, wanted, ddf, response)
    if of_reml:  # as emmeans: the covariance of a fit by REML, the coefficients of the one by maximum likelihood
        own = _means(model, wanted, "asymptotic", response)
        found = replace(found, fixed=replace(found.fixed, beta=own.fixed.beta))
    for given in wanted.contrasts:
        found = found.contrast(**_options(given))
    return found


def _means(model: Any, wanted: Wanted, ddf: str | None, response: bool) -> mlm.Estimates:
    given = wanted.means
    names, by = _specs(given.get("specs", ""))
    by += texts_of(given["by"]) if "by" in given else []
    shared: dict[str, Any] = {"at": _at(given["at"]), "ddf": ddf} if "at" in given else {"ddf": ddf}
    if "weights" in given:
        shared["weights"] = text_of(given["weights"])
    if "var" not in given:
        return mlm.emmeans(model, names, by or None, type="response" if response else "link", **shared)
    x = text_of(given["var"])
    if re.search(rf"[\w.]\([^()|]*(?<![\w.]){re.escape(x)}(?![\w.])", model.formula):
        raise LookupError(f"emtrends() takes the slope of a curve in {x} by a difference that is not recomputed here")
    spelled = " | ".join(":".join(part) for part in (names, by) if part)
    return mlm.slopes(model, x, spelled or None, **shared)


def _specs(text: str) -> tuple[list[str], list[str]]:
    """Return what means are of, and within what: of ``pairwise ~ f * h | k``, ``c("f", "h")``.

    Examples
    --------
    >>> _specs("pairwise ~ f * h | k"), _specs('c("f", "h")')
    ((['f', 'h'], ['k']), (['f', 'h'], []))
    """
    inner = re.sub(r"^list\((.*)\)$", r"\1", text.strip())
    if "~" not in inner:
        return texts_of(inner), []
    right, _, by = inner.partition("~")[2].partition("|")
    names = [[name.strip() for name in re.split(r"[*+:]", part) if name.strip()] for part in (right, by)]
    return names[0], names[1]


def _at(text: str) -> dict[str, list[Any]]:
    found = re.match(r"^list\((.*)\)$", text.strip())
    if found is None:
        raise LookupError(f"at = {text} is not recomputed here")
    values: dict[str, list[Any]] = {}
    for name, value in arguments(found[1]):
        words = texts_of(value)
        values[name] = words if '"' in value or "'" in value else list(numbers_of(value))
    return values


def _options(given: Mapping[str, str]) -> dict[str, Any]:
    """Return the arguments of a comparison as :meth:`mlm.Estimates.contrast` takes them."""
    options: dict[str, Any] = {"method": _method(given.get("method", "eff"))}
    if "adjust" in given:
        options["adjust"] = _adjustment(given["adjust"])
    if "by" in given:
        options["by"] = () if given["by"] == "NULL" else texts_of(given["by"])
    if "ref" in given:
        ref = given["ref"].rstrip("L")
        options["ref"] = int(ref) - 1 if ref.isdigit() else text_of(ref)
    return options


def _method(text: str) -> Any:
    found = re.match(r"^list\((.*)\)$", text.strip())
    if found is None:
        return text_of(text)
    return {text_of(name): numbers_of(value) for name, value in arguments(found[1])}


def joint_tests(target: Target, models: Mapping[str, Any]) -> Source:
    """Return what finds the cells of ``joint_tests()``: each term where the other predictors are at their means."""
    model = only(models)
    if isinstance(model, mlm.MixedModel) and not model.reml:
        raise LookupError("joint_tests() of a fit by maximum likelihood takes from two fits at once")
    rows = {label: _together(model, label.split(":")) for label in _rows(target)}
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["df1", "df2", "F.ratio", "p.value"])
    return of_table(target, table)


def _together(model: Any, names: Sequence[str]) -> tuple[float, float, float, float]:
    """Return df1, df2, F and p of the hypothesis that no differences there are, or no slopes."""
    numeric = [name for name in names if _is_numeric(model, name)]
    factors = [name for name in names if name not in numeric]
    if len(numeric) > 1:
        raise LookupError(f"joint_tests() of {':'.join(names)}, a surface, is not recomputed here")
    found = mlm.slopes(model, numeric[0], ":".join(factors) or None) if numeric else mlm.emmeans(model, factors)
    return _f_test(model, found, _differences(found.labels, factors))


def _differences(labels: pd.DataFrame, factors: Sequence[str]) -> np.ndarray:
    """Return weights of all rows by which neighbouring levels are compared, and these differences with each other."""
    codes = [pd.factorize(labels[name])[0] for name in factors]
    if not codes:
        return np.eye(1)
    weights: np.ndarray = np.eye(1)
    for code in codes:
        weights = np.kron(weights, np.diff(np.eye(code.max() + 1), axis=0))
    return np.asarray(weights[:, np.argsort(np.lexsort(codes[::-1]))])


def _f_test(model: Any, found: mlm.Estimates, weights: np.ndarray) -> tuple[float, float, float, float]:
    """Return df1, df2, F and p; df2 is emmeans' least of an orthogonal basis of the coefficients' weights."""
    estimates = weights @ found.frame[found.name].to_numpy(dtype=float)
    covariance = weights @ found.vcov.to_numpy() @ weights.T
    df1, df2 = len(weights), float(found.frame["df"].iloc[0])
    f = float(estimates @ np.linalg.solve(covariance, estimates)) / df1
    if isinstance(model, mlm.MixedModel):
        basis = np.linalg.qr((weights @ found.linear).T)[0].T
        df2 = float(mlm.contest(model, basis, ddf="kenward-roger", joint=False).frame["df"].min())
    p = scipy.special.fdtrc(df1, df2, f) if math.isfinite(df2) else scipy.special.chdtrc(df1, df1 * f)
    return df1, df2, f, float(p)


def _is_numeric(model: Any, name: str) -> bool:
    try:
        mlm.slopes(model, name, ddf="asymptotic" if hasattr(model, "varcorr") else None)
    except ArgumentError:
        return False
    except FitError:  # a number, of which there is no slope
        return True
    return True
