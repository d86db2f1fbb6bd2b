"""What a command prints: on terminals that lack a letter, and into pipes whose reader leaves."""

from __future__ import annotations

import argparse
import os
import re
import shlex
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

from .errors import suggest

__all__ = ["Parser", "command", "counting", "quoted", "say"]

# What no shell reads as anything but itself, and what is none of its sentence's full stop.
PLAIN = re.compile(r"[\w./:=+-]*[\w/]")
# Seconds between two words about how far a computation has come, and before the first.
MOMENT = 0.5


def quoted(word: str) -> str:
    """Return a word as a command shown to a user has it: double quotes are read alike by sh, PowerShell and cmd.

    Examples
    --------
    >>> print(quoted("scores.csv"), quoted("y ~ x + (1 | g)"), quoted(","))
    scores.csv "y ~ x + (1 | g)" ","
    """
    if PLAIN.fullmatch(word):
        return word
    return shlex.quote(word) if re.search(r'["$`!]', word) else f'"{word}"'


class Parser(argparse.ArgumentParser):
    """The standard library's parser, which names the nearest option where one is not known."""

    def error(self, message: str) -> NoReturn:
        """End with status 2 and a message."""
        unknown = re.search(r"unrecognized arguments: .*?(--[\w-]+)", message)
        super().error(message + (suggest(unknown[1], _options(self)) if unknown else ""))


def _options(parser: argparse.ArgumentParser) -> list[str]:
    """The options of a parser and of its commands."""
    commands = [action.choices for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    below = [option for choices in commands for each in choices.values() for option in _options(each)]
    return [*parser._option_string_actions, *below]


@contextmanager
def command() -> Iterator[None]:
    """Run what a command does: letters that the terminal lacks become question marks, a closed pipe is not an error."""
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


@contextmanager
def counting(what: str, total: int, shown: bool | None = None) -> Iterator[Callable[[int], None]]:
    """Say on one line of standard error how many of some steps are done, where that takes more than a moment.

    Parameters
    ----------
    what : str
        Begins the line.
    total : int
        Number of steps.
    shown : bool, optional
        By default on terminals only.

    Yields
    ------
    callable
        Takes the number of steps that are done.
    """
    live = sys.stderr is not None and (sys.stderr.isatty() if shown is None else shown)
    start = last = time.monotonic()
    said = False

    def tell(done: int) -> None:
        nonlocal last, said
        if live and time.monotonic() - last > MOMENT:
            last, said = time.monotonic(), True
            print(f"\r{what}: {done:,} of {total:,}, {last - start:.0f} s", end="", file=sys.stderr, flush=True)

    try:
        yield tell
    finally:
        if said:
            print("\r" + " " * 79 + "\r", end="", file=sys.stderr, flush=True)


def _leave() -> None:
    """Send what is still printed nowhere, so that Python does not report it when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
