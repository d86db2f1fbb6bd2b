"""What a command prints: on terminals that lack a letter, and into pipes whose reader leaves."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["command", "say"]


@contextmanager
def command() -> Iterator[None]:
    """Run what a command does: letters that the terminal lacks become a question mark, a closed pipe is no error."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        yield
    except BrokenPipeError:
        _leave()
    finally:
        say()


def say(*texts: str) -> None:
    """Print lines now; into nothing, where the reader of a pipe has left."""
    try:
        for text in texts:
            print(text)
        if sys.stdout is not None:  # as in programs without a console
            sys.stdout.flush()
    except BrokenPipeError:
        _leave()


def _leave() -> None:
    """Send what is still printed nowhere, so that Python does not report it when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
