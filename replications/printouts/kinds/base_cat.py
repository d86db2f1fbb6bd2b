"""Criteria that a function writes below its table: ``AIC =  6731 ;  BIC =  6822``."""

from __future__ import annotations

from replications.printouts import fields
from replications.printouts.block import Block
from replications.printouts.cursor import Cursor
from replications.printouts.kind import kind


@kind("base.cat", begins=r"^\s*(AIC|BIC|DIC|logLik|deviance)\s*=\s*-?\d", turn=34)
def read(cursor: Cursor) -> Block | None:
    """Read one line; ids are ``aic``, ``bic`` and the like."""
    first = cursor.peek()
    assert first is not None
    block = Block("base.cat", first.number, call=cursor.call())
    return block if fields.take(cursor, block) else None
