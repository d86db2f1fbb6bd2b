"""Expressions evaluated by the table of functions, on columns that are given: what the frame does, in small."""

import json
from pathlib import Path

import numpy as np

from mlm.frame.functions.table import Site, bound, found
from mlm.frame.values import Category, Numbers, Truth
from mlm.language.parser import parse_expression
from mlm.language.tree import Call, Name, spell

CONSTANTS = {"TRUE": True, "FALSE": False, "NA": None, "NULL": None, "Inf": np.inf}
REFERENCE = json.loads((Path(__file__).parent / "reference" / "functions.json").read_text(encoding="utf-8"))


def evaluate(text, data, learnt=None, own=None):
    """Value of an expression; `learnt`, filled on the rows of a fit, makes a replay on other rows."""
    n = len(rows(next(iter(data.values()))))
    kept, replaying = ({}, False) if not learnt else (learnt, True)
    value = _value(parse_expression(text), data, n, kept, replaying, own or {})
    if learnt is not None and not replaying:
        learnt.update(kept)
    return value


def rows(value):
    return value.codes if isinstance(value, Category) else value.values


def _value(node, data, n, kept, replaying, own):
    if isinstance(node, Name):
        return data[node.name] if node.name in data else CONSTANTS[node.name]
    if not isinstance(node, Call):
        return node.value
    known = found(node.function, own)
    quoted = node.function == "C"
    arguments = [
        argument if quoted and k else _value(argument, data, n, kept, replaying, own)
        for k, argument in enumerate(node.arguments)
    ]
    label = spell(node)
    site = Site(label, n, kept.setdefault(label, {}), replaying)
    return bound(known, site, arguments, list(node.keywords or (None,) * len(arguments)))


def decoded(values):
    """Numbers that R wrote: NA, NaN and null are missing."""
    read = {"NA": np.nan, "NaN": np.nan, "Inf": np.inf, "-Inf": -np.inf, None: np.nan}
    if isinstance(values, list):
        return np.array([decoded(value) for value in values], dtype=float)
    return float(read[values] if values is None or isinstance(values, str) else values)


def columns(name):
    """The columns of a data frame of the reference, as the frame reads them."""
    return {key: _column(column) for key, column in REFERENCE[name].items()}


def _column(column):
    kind, values = column["type"][0], column["values"]
    if kind == "integer":
        return Numbers(np.array(values, dtype=np.int32))
    if kind == "numeric":
        return Numbers(decoded(values))
    if kind == "logical":
        return Truth(decoded(values))
    levels = column["levels"] or sorted({value for value in values if value is not None})
    place = {level: k for k, level in enumerate(levels)}
    codes = np.array([-1 if value is None else place[value] for value in values], dtype=np.int8)
    return Category(codes, np.array(levels, dtype=object), column["ordered"], text=kind == "character")
