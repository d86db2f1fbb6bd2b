"""Which chapters are finished: a draft by ``python -m replications new`` has marks of what a person decides."""

from pathlib import Path

import replications
from replications.registry import TO_DECIDE

BOOK = Path(__file__).resolve().parents[1] / "book"


def is_draft(key):
    """Tell whether something of a chapter is left to decide."""
    return TO_DECIDE in (BOOK / f"{key}.ipynb").read_text("utf-8")


FINISHED = tuple(key for key in replications.SOURCES if not is_draft(key))
