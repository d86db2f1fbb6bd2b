"""What is being done, and for how long, while a twin is made."""

from __future__ import annotations

import sys
import time


class Progress:
    """Says on standard error what is being done.

    Parameters
    ----------
    dataset : str
        Begins each line.
    quiet : bool
        Whether to say nothing.
    """

    def __init__(self, dataset: str, quiet: bool = False) -> None:
        self.dataset, self.quiet, self.start = dataset, quiet, time.monotonic()

    def __call__(self, message: str, end: str = "\n") -> None:
        """Print one line; a carriage return as ``end`` lets the next one overwrite it, on a terminal only."""
        if not self.quiet and (end == "\n" or sys.stderr.isatty()):
            elapsed = time.monotonic() - self.start
            print(f"{self.dataset:>9} {elapsed:6.1f} s  {message:<90}", end=end, file=sys.stderr, flush=True)
