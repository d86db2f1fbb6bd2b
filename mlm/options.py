"""Messages in the words of the command line: its options instead of Python's arguments."""

from __future__ import annotations

import ast
import re

from .console import quoted
from .files.read import usual_missing

__all__ = ["in_options"]

# What is written otherwise than an argument with its value, and without those that no option has.
REWORDED = (
    (r" To choose the rows yourself: data\.dropna\(subset=\[.*\]\)\.", ""),
    (r" Did you mean mlm\.\w+\(.*, data, family='binomial'\)\?", " Did you mean --family binomial?"),
    (r"mlm\.lmer\(formula, data, reml=False\)", "--ml, and no --family"),
    (r"mlm\.glmer takes gaussian with", "--family gaussian takes"),
    (r", or use mlm\.g?lm\b(?: for ordinary least squares)?", ""),
    (r" Give them, start=.*?\}, or take another link", " Take another link"),
    (r", or give (?:other )?values in start=", ""),
    (r",? or pass the function[:,] functions=\{.*?\}", ""),
    (r"\bpass the function, functions=\{.*?\}", "make the column before the fit"),
    (r" A matrix of your own is given beside the formula: contrasts=\{.*?\}\.", ""),
    (r"which m\.monte_carlo and the summary say", "which the summary says"),
    (r" Ask for solver='iterative' to have this without a warning\.", ""),
    (r"Fit the model with solver='exact', if .*? fits in memory; fixed", "Fixed"),
    (
        r"convert it first, for example with pandas\.to_numeric\(data\[.*\]\)",
        "name the cells that stand for missing values, --missing CODE",
    ),
    (r"\btable=", "--table NAME"),
    (r"\bdecimal='(.)'", r'--decimal "\1"'),
    (r" If they are the same: data\[.*\]\.str\.strip\(\)\.", " If they are the same, remove the blanks in the file."),
    (r"\blabels=True", "--labels"),
    (r"\breml=False", "--ml"),
    (r"take m\.refit\(reml=True\)", "leave --ml out"),
    (r"leave ddf out", "leave --ddf out"),
    (r"^ddf must be None, '([\w-]+)' or '([\w-]+)'; got '(.*)'\.$", r"--ddf is \1, \2 or none; got \3."),
)
ARGUMENTS = "family|link|n_agq|weights|offset"
FLAGS = f"{ARGUMENTS}|table|labels|missing|decimal|ddf"


def in_options(message: str, file: str) -> str:
    """Return a message in the words of the command line.

    Parameters
    ----------
    message : str
    file : str
        The data's, whose usual codes of missing values need no option.

    Returns
    -------
    str

    Examples
    --------
    >>> in_options("n_agq=3 takes one grouping factor. Use n_agq=1 (Laplace).", "ticks.csv")
    '--n-agq 3 takes one grouping factor. Use --n-agq 1 (Laplace).'
    """
    usual = usual_missing(file)

    def codes(found: re.Match[str]) -> str:
        return " ".join(f"--missing {quoted(code)}" for code in ast.literal_eval(found[1]) if code not in usual)

    message = re.sub(r"missing=(\[.*\])", codes, message)
    for pattern, words in REWORDED:
        message = re.sub(pattern, words, message)
    message = re.sub(rf"\b({ARGUMENTS})=('[^']*'|\w[\w.]*\w|\w|)", _option, message)
    return re.sub(rf"`({FLAGS})`|^(ddf)\b", lambda found: _flag(found[1] or found[2]), message)


def _flag(argument: str) -> str:
    return f"--{argument.replace('_', '-')}"


def _option(found: re.Match[str]) -> str:
    """An argument and its value, if it has one, as an option."""
    value = found[2].strip("'")
    return f"{_flag(found[1])} {quoted(value)}" if value else _flag(found[1])
