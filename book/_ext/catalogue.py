"""The catalogue of what goes into a model: inputs, each with the right answer or the error that it gives.

The files are `book/inputs/*.toml`, one per group. An input is code that a reader understands, on the data `d` that
`start()` makes; the same code is run by `tests/test_inputs.py`, and by the book when it is built.
"""

from __future__ import annotations

import ast
import importlib
import tomllib
import warnings
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import mlm
from mlm.errors import MlmError, MlmWarning

INPUTS = Path(__file__).resolve().parent.parent / "inputs"
# The page's order.
GROUPS = (
    "frames", "types", "missing", "names", "syntax", "functions", "code", "levels", "weights", "new_data", "questions",
    "sizes",
)  # fmt: skip
# How closely two fits agree that are the same model. The search stops where the gradient is zero to rounding.
TOLERANCE = 1e-6


@dataclass(frozen=True)
class Input:
    """One input.

    Attributes
    ----------
    group : str
    title : str
        What it is, in a user's words.
    code : str
        What is run; the last line is the call.
    equals : str
        Code of the right answer, from columns that were made beforehand; empty when there is none.
    refused, warns : str
        Class of the error or the warning.
    says : tuple of str
        What the message must contain: column or term, counts, remedy.
    needs : tuple of str
        Packages that must be installed.
    """

    group: str
    title: str
    code: str
    equals: str = ""
    refused: str = ""
    warns: str = ""
    says: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()

    @property
    def can_run(self) -> bool:
        """Whether the packages that it needs are installed."""
        return all(find_spec(name) is not None for name in self.needs)


@dataclass(frozen=True)
class Outcome:
    """What came of an input: a value or an error, and the warnings."""

    value: Any
    error: Exception | None
    warned: tuple[Warning, ...]

    @property
    def message(self) -> str:
        """What the user reads: the error, or the first warning."""
        return str(self.error) if self.error is not None else str(self.warned[0]) if self.warned else ""


def start() -> dict[str, Any]:
    """Names that the code of an input can use: the data `d`, 60 rows in 12 groups, and the libraries."""
    rng = np.random.default_rng(832)
    group = np.repeat(np.arange(12), 5)
    d = pd.DataFrame(
        {
            "x": rng.normal(size=60),
            "z": rng.uniform(1, 5, size=60),
            "k": np.tile([1, 2, 3, 4], 15),
            "f": np.tile(["a", "b", "c"], 20),
            "flag": rng.random(60) < 0.5,
            "g": group,
            "c": rng.permutation(np.repeat(list("pqrstu"), 10)),
            "w": rng.uniform(0.5, 2, size=60),
        }
    )
    of_groups, of_rows = rng.normal(size=12)[group], rng.normal(size=60)
    d["y"] = 2 + 0.5 * d["x"] - 0.3 * d["z"] + of_groups + of_rows
    return {"d": d, "np": np, "pd": pd, "mlm": mlm}


def read(group: str) -> tuple[str, str, list[Input]]:
    """Title, introduction and inputs of a group."""
    content = tomllib.loads((INPUTS / f"{group}.toml").read_text("utf-8"))
    return content["title"], content["about"], [_input(group, entry) for entry in content["input"]]


def everything() -> list[Input]:
    """Return all inputs of all groups."""
    return [entry for group in GROUPS for entry in read(group)[2]]


def _input(group: str, entry: dict[str, Any]) -> Input:
    code, equals = entry.get("code", ""), entry.get("equals", "")
    if "formula" in entry:
        code = _fit(entry.get("data", ""), entry["formula"])
    if "plain" in entry:
        equals = _fit(entry["plain"], entry.get("plain_formula", entry.get("formula", "")))
    known = {key: entry[key] for key in ("title", "refused", "warns") if key in entry}
    lists = {key: tuple(entry.get(key, ())) for key in ("says", "needs")}
    return Input(group, code=code.strip(), equals=equals.strip(), **known, **lists)


def _fit(data: str, formula: str) -> str:
    quoted = f"'{formula}'" if '"' in formula else f'"{formula}"'
    function = "lmer" if "|" in formula else "lm"
    return f"{data.strip()}\nmlm.{function}({quoted}, d)"


def run(entry: Input, code: str = "") -> Outcome:
    """Run an input, or other code in its place."""
    names = start() | {name: importlib.import_module(name) for name in entry.needs}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            value, error = last_value(code or entry.code, names), None
        except MlmError as refused:
            value, error = None, refused
    raised = tuple(w.message for w in caught if not isinstance(w.message, mlm.SingularFitWarning))
    return Outcome(value, error, tuple(w for w in raised if isinstance(w, Warning)))


def last_value(code: str, names: dict[str, Any]) -> Any:
    """Run some lines and return the value of the last one."""
    tree = ast.parse(code)
    last = tree.body.pop()
    if not isinstance(last, ast.Expr):
        raise TypeError(f"the last line is no expression: {ast.unparse(last)}")
    exec(compile(tree, "input", "exec"), names)
    return eval(compile(ast.Expression(last.value), "input", "eval"), names)


def faults(entry: Input) -> list[str]:
    """What of an input's outcome is not as it should be."""
    found = run(entry)
    out = [f"a warning that is not of mlm: {w!r}" for w in found.warned if not isinstance(w, MlmWarning)]
    if found.error is None and entry.refused:
        return [*out, f"it is accepted, and {entry.refused} was expected"]
    if found.error is not None and type(found.error).__name__ != entry.refused:
        return [*out, f"{type(found.error).__name__}, expected {entry.refused or 'a fit'}: {found.error}"]
    kinds = [type(w).__name__ for w in found.warned]
    if kinds != [entry.warns] * bool(entry.warns):
        out.append(f"warnings are {kinds}, expected {entry.warns or 'none'}: {found.message}")
    out += [
        f"the message does not say {words!r}: {found.message}" for words in entry.says if words not in found.message
    ]
    if entry.equals:
        right = run(entry, entry.equals)
        out += [f"the right answer fails: {right.error}"] if right.error else _differences(found.value, right.value)
    elif not (entry.refused or entry.warns):
        out.append("there is no right answer to compare with")
    return out


def _differences(value: Any, right: Any) -> list[str]:
    """In which figures two answers differ; of models the coefficients, their errors and the likelihood."""
    if hasattr(value, "loglik"):
        figures = [(np.append(m.fixef.to_numpy(), [m.loglik, m.sigma, *m.se.to_numpy()])) for m in (value, right)]
    else:
        figures = [np.asarray(answer, dtype=float) for answer in (value, right)]
    if figures[0].shape != figures[1].shape:
        return [f"there are {figures[0].shape} figures, expected {figures[1].shape}"]
    same = np.allclose(*figures, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True)
    return [] if same else [f"it gives {figures[0].round(6).tolist()}, expected {figures[1].round(6).tolist()}"]
