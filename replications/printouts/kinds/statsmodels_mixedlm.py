"""``summary()`` of statsmodels' ``MixedLM``."""

from __future__ import annotations

import re

from replications.printouts.block import Block
from replications.printouts.cells import Cell, is_number, trailing
from replications.printouts.cursor import Cursor
from replications.printouts.kind import kind
from replications.printouts.names import slug

_FIELDS = {
    "No. Observations": "n_obs",
    "No. Groups": "n_groups",
    "Scale": "varcomp.residual.variance",
    "Log-Likelihood": "loglik",
    "Likelihood": "loglik",
    "Min. group size": "group_size.min",
    "Max. group size": "group_size.max",
    "Mean group size": "group_size.mean",
}
_FIELD = re.compile(r"([A-Z][\w. -]*?):\s*(\S+)")
_COLUMNS = ("Coef.", "Std.Err.", "z", "P>|z|", "[0.025", "0.975]")
_IDS = ("estimate", "se", "z", "p", "ci_low", "ci_high")


@kind("statsmodels.MixedLM", begins=r"^\s*Mixed Linear Model Regression Results", turn=10)
def read(cursor: Cursor) -> Block | None:
    """Read the fields of the head, then a row a coefficient, a variance or a covariance."""
    first = cursor.take()
    block = Block("statsmodels.MixedLM", first.number, call=cursor.call())
    rules, in_table = 0, False
    while (line := cursor.peek()) is not None and not line.blank and not line.prose:
        text = cursor.take().text
        if re.match(r"^=+$", text.strip()):
            rules += 1
            if rules == 2:
                break
        elif re.match(r"^\s*-+$|^\s*Coef\.", text):
            in_table = in_table or "Coef." in text
        elif not in_table and ":" in text and _FIELD.search(text):
            _head(block, text, line.number)
        elif not _row(block, text, line.number):
            block.unread.append((line.number, text))
    return block if block.numbers else None


def _head(block: Block, text: str, line: int) -> None:
    for label, value in _FIELD.findall(text):
        name = label.strip()
        if name == "Method":
            block.reml = value == "REML"
        elif name in _FIELDS and is_number(value):
            block.add(value, _FIELDS[name], "", name, line)
        elif is_number(value):
            block.unread.append((line, text))
        else:
            block.heads[name.casefold()] = value


def _row(block: Block, text: str, line: int) -> bool:
    cells: list[Cell] = trailing(text)[-len(_COLUMNS) :]
    label = text[: cells[0].start].strip() if cells else ""
    if len(cells) not in (1, 2, len(_COLUMNS)) or not label:
        return False
    found = re.match(r"^(.*?)\s+(Var|Cov)$", _as_newer(label))
    if found and len(cells) == len(_COLUMNS):
        return False
    if not found and len(cells) != len(_COLUMNS):
        return False
    prefix = f"fixef.{slug(label)}" if not found else f"varcomp.{'__'.join(map(_name, found[1].split(' x ')))}"
    ids = _IDS if not found else ("variance" if found[2] == "Var" else "cov", "se")
    for column, id, cell in zip(_COLUMNS, ids, cells, strict=False):
        block.add(cell.text, f"{prefix}.{id}", label, column, line)
    return True


def _as_newer(label: str) -> str:
    """Return ``Group Var`` for ``Intercept RE`` and ``Group x dose Cov`` for ``Intercept RE x dose RE``, as once."""
    names = [name.removesuffix(" RE") for name in label.split(" x ") if name.endswith(" RE")]
    old = " x ".join("Group" if name == "Intercept" else name for name in names)
    return f"{old} {'Cov' if len(names) > 1 else 'Var'}" if names else label


def _name(text: str) -> str:
    return "group" if text.strip() == "Group" else slug(text)
