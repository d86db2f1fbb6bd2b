"""``logLik()``, ``AIC()``, ``BIC()``, ``deviance()``, ``REMLcrit()`` and other commands that print one number."""

from __future__ import annotations

import re

from replications.printouts.block import Block
from replications.printouts.cells import all_numbers
from replications.printouts.cursor import Cursor
from replications.printouts.kind import kind

_LOGLIK = re.compile(r"^\s*'log Lik\.'\s+(-?[\d.]+(?:e[-+]?\d+)?)\s+\(df=\s*([\d.]+)\)\s*$")
_SCALAR = re.compile(r"^\s*\[1\]\s+(.*)$")
_NAMES = {
    "AIC": ("stats.AIC", "aic"),
    "BIC": ("stats.BIC", "bic"),
    "deviance": ("stats.deviance", "deviance"),
    "REMLcrit": ("lme4.REMLcrit", "reml_criterion"),
    "sigma": ("stats.sigma", "sigma"),
    "nobs": ("stats.nobs", "n_obs"),
    "logLik": ("stats.logLik", "loglik"),
    "df.residual": ("stats.df.residual", "df_resid"),
}


@kind("stats.logLik", begins=r"^\s*'log Lik\.'", turn=20)
def read_loglik(cursor: Cursor) -> Block | None:
    """Read ``'log Lik.' -24438.63 (df=3)``."""
    line = cursor.take()
    found = _LOGLIK.match(line.text)
    if found is None:
        return None
    block = Block("stats.logLik", line.number, call=cursor.call())
    block.add(found[1], "loglik", "", "'log Lik.'", line.number)
    block.add(found[2], "loglik_df", "", "df", line.number)
    return block


@kind("base.print", begins=r"^\s*\[1\]\s+[-<\d.N]", turn=60)
def read_scalar(cursor: Cursor) -> Block | None:
    """Read ``[1] 125388.3`` and the numbers that follow; their name is that of the command above, if it is known."""
    first = cursor.peek()
    assert first is not None
    call = cursor.call()
    name = re.match(r"(?:\w+::)?([\w.]+)\(", call)
    about, id = _NAMES.get(name[1], ("base.print", "")) if name else ("base.print", "")
    block = Block(about, first.number, call=call)
    count = 0
    while (line := cursor.peek()) is not None and (found := re.match(r"^\s*\[(\d+)\]\s+(.*)$", line.text)):
        cells = all_numbers(found[2])
        if cells is None or int(found[1]) != count + 1:
            break
        for cell in cells:
            count += 1
            block.add(cell.text, f"{id}.{count}" if id else str(count), f"[{count}]", "", line.number)
        cursor.take()
    if count == 1 and id:
        only = block.numbers.pop()
        block.add(only.text, id, "", "", only.line)
    return block if block.numbers else None
