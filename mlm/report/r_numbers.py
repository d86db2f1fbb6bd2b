"""Numbers as R prints them.

R chooses one format for a whole column: enough decimals that the value which needs most significant digits
shows ``digits`` of them, trailing zeros dropped, and scientific notation only where shorter. The published
tutorials were printed that way, so a report to be compared with them digit by digit has to follow the rules.

The rules are those of the manual pages ``?print.default``, ``?format``, ``?format.pval`` and
``?printCoefmat`` (R Core Team 2022); agreement is tested against the output of R 4.2.2.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

DIGITS = 7
ALL_DIGITS = 17  # by which any two numbers are told apart
"""R's default ``options(digits = 7)``."""

MACHINE_EPSILON = 2.220446049250313e-16  # R's .Machine$double.eps: p values below print as "< 2.22e-16"
LEGEND_LEAD, STARS_MEAN = "Signif. codes:  ", "0 '***' 0.001 '**' 0.01 '*' 0.05 '.' 0.1 ' ' 1"
LEGEND = LEGEND_LEAD + STARS_MEAN
# R's stars: the largest p value that gets each
STAR_BREAKS = ((0.001, "***"), (0.01, "**"), (0.05, "*"), (0.1, "."))
LINE_WIDTH = 80  # characters: R's default ``options(width = 80)``


def _significant(value: float, digits: int) -> tuple[int, int]:
    """Return the decimal exponent of a value and how many significant digits it needs, at most `digits`."""
    mantissa, exponent = f"{abs(value):.{digits - 1}e}".split("e")
    return int(exponent), max(len(mantissa.replace(".", "").rstrip("0")), 1)


def _layout(finite: Sequence[float], digits: int, nsmall: int, scipen: int) -> tuple[bool, int]:
    """Decide on fixed (True) or scientific notation, and on the number of decimals, for a column."""
    needs = [_significant(value, digits) for value in finite]
    negative = any(value < 0 for value in finite)
    decimals = max(max(significant - exponent - 1, 0) for exponent, significant in needs)
    left = max(
        int(value < 0) + max(exponent + 1 - _widened(value, exponent), 1)
        for value, (exponent, _) in zip(finite, needs, strict=True)
    )
    most = max(significant for _, significant in needs)
    exponent_width = 5 if any(abs(exponent) >= 100 for exponent, _ in needs) else 4
    scientific_width = negative + (most + 1 if most > 1 else 1) + exponent_width
    fixed_width = left + (decimals + 1 if decimals else 0)
    if fixed_width <= scientific_width + scipen:
        return True, max(decimals, nsmall)
    return False, most - 1


def _widened(value: float, exponent: int) -> bool:
    """Tell whether rounding to significant digits added a place before the decimal point (99.99 to 100)."""
    return exponent > 0 and abs(value) < 10.0**exponent


def format_numbers(
    values: Iterable[float], digits: int = DIGITS, *, nsmall: int = 0, scipen: int = 0, align: bool = True
) -> list[str]:
    """Format numbers together, as R's ``format()`` does for a vector.

    Parameters
    ----------
    values : iterable of float
        The numbers; NaN and None print as ``NA``.
    digits : int
        Significant digits that the value needing most of them shows (R's ``digits``).
    nsmall : int
        Least number of decimals in fixed notation.
    scipen : int
        Penalty on scientific notation in characters (R's ``options(scipen = )``).
    align : bool
        Pad to a common width on the left.

    Returns
    -------
    list of str

    Examples
    --------
    >>> format_numbers([0.9326, 3.0644371], digits=4)
    ['0.9326', '3.0644']
    >>> format_numbers([125382.26, 1.5])
    ['125382.3', '     1.5']
    """
    numbers = [math.nan if value is None else float(value) for value in values]
    finite = [value for value in numbers if math.isfinite(value)]
    fixed, decimals = _layout(finite, digits, nsmall, scipen) if finite else (True, 0)
    texts = [_one(value, fixed, decimals) for value in numbers]
    width = max(map(len, texts), default=0)
    return [text.rjust(width) for text in texts] if align else texts


def _one(value: float, fixed: bool, decimals: int) -> str:
    if math.isnan(value):
        return "NA"
    if math.isinf(value):
        return "Inf" if value > 0 else "-Inf"
    # Adding 0.0 turns a negative zero, which R prints without a sign, into a plain one.
    return f"{value + 0.0:.{decimals}{'f' if fixed else 'e'}}"


def format_number(value: float, digits: int = DIGITS, *, scipen: int = 0) -> str:
    """Format one number alone, as R's ``cat()`` does.

    Examples
    --------
    >>> format_number(1250.0), format_number(123456.78)
    ('1250', '123456.8')
    """
    return format_numbers([value], digits, scipen=scipen)[0]


def format_c(value: float, digits: int) -> str:
    """Format one number to significant digits without trailing zeros, as R's ``formatC()``, padded as there.

    Examples
    --------
    >>> format_c(24.3, 4), format_c(0.24704, 4)
    (' 24.3', '0.247')
    """
    text = f"{value:.{digits}g}" if math.isfinite(value) else _one(value, True, 0).replace("NA", "NaN")
    return text.rjust(digits + 1)


def signif(value: float, digits: int) -> float:
    """Round to significant digits, as R's ``signif()``.

    Examples
    --------
    >>> signif(123456.0, 2)
    120000.0
    """
    return float(f"{value:.{digits - 1}e}")


def telling_digits(values: Iterable[float], least: int) -> int:
    """Significant digits, at least some, by which different numbers are told apart.

    Examples
    --------
    >>> telling_digits([1000.1, 1000.2, 3.0], 4), telling_digits([1.0, 1.0], 4)
    (5, 4)
    """
    different = {float(value) + 0.0 for value in values}
    parted = (k for k in range(least, ALL_DIGITS) if len({f"{one:.{k}g}" for one in different}) == len(different))
    return next(parted, ALL_DIGITS)


def zap_small(values: Iterable[float], digits: int) -> list[float]:
    """Round to the decimals in which the largest value shows `digits` digits, as R's ``zapsmall()``.

    Examples
    --------
    >>> zap_small([100.0, 1e-12], digits=5)
    [100.0, 0.0]
    """
    numbers = [float(value) for value in values]
    largest = max((abs(value) for value in numbers if math.isfinite(value)), default=0.0)
    decimals = max(0, math.floor(digits - math.log10(largest) + 0.5)) if largest > 0 else digits
    return _rounded(numbers, decimals)


def _rounded(values: Iterable[float], decimals: int) -> list[float]:
    """Round to decimals one by one: NumPy's own rounding scales first and misses halves."""
    return [round(value, decimals) if math.isfinite(value) else value for value in map(float, values)]


def format_pvalues(
    pvalues: Iterable[float], digits: int = 4, *, epsilon: float = MACHINE_EPSILON, scipen: int = 0
) -> list[str]:
    """Format p values, as R's ``format.pval()``: below `epsilon` they print as a bound.

    Parameters
    ----------
    pvalues : iterable of float
        Probabilities; NaN prints as ``NA``.
    digits : int
        Significant digits.
    epsilon : float
        Smallest value printed as such.
    scipen : int
        Penalty on scientific notation.

    Returns
    -------
    list of str
        Not padded.

    Examples
    --------
    >>> format_pvalues([1.0789e-06, 1e-30])
    ['1.079e-06', '< 2.2e-16']
    """
    numbers = [float(value) for value in pvalues]
    texts = ["NA"] * len(numbers)
    tiny = [i for i, value in enumerate(numbers) if value < epsilon]
    shown = [i for i, value in enumerate(numbers) if value >= epsilon]
    # To R, small values (below 0.0001; with one digit 0.001) and the others are two columns of numbers.
    smallest_exponent = -4 if digits > 1 else -3
    large = [i for i in shown if math.floor(math.log10(numbers[i])) >= smallest_exponent]
    for group in (large, [i for i in shown if i not in large]):
        formatted = format_numbers([numbers[i] for i in group], digits, scipen=scipen)
        for i, text in zip(group, formatted, strict=True):
            texts[i] = text
    bound = _bound([texts[i] for i in shown], digits, epsilon, scipen)
    for i in tiny:
        texts[i] = bound
    return texts


def _bound(shown: Sequence[str], digits: int, epsilon: float, scipen: int) -> str:
    """Write ``< epsilon`` with as many digits as fit the width of the other p values."""
    digits = max(1, digits - 2)
    width = max(map(len, shown), default=None) if shown else None
    if width is not None and digits > 1 and digits + 6 > width:
        digits = max(1, width - 7)
    tight = digits == 1 and (width is None or width <= 6)
    return "<" + ("" if tight else " ") + format_number(epsilon, digits, scipen=scipen)


def stars(
    pvalue: float, breaks: Sequence[tuple[float, str]] = STAR_BREAKS, *, otherwise: str = " ", closed: bool = True
) -> str:
    """Return the significance code of a p value.

    Parameters
    ----------
    pvalue : float
        NaN has no code.
    breaks : sequence of (float, str)
        Bounds, ascending, and the code of the p values up to each.
    otherwise : str
        Code of the p values above all bounds.
    closed : bool
        Whether a p value exactly on a bound gets its code, as in R's ``symnum()``, by which ``printCoefmat()`` prints;
        False where the legend says ``p < 0.05``, as texreg's does and keeps.

    Returns
    -------
    str

    Examples
    --------
    >>> stars(0.004), stars(0.3), stars(0.05)
    ('**', ' ', '*')
    >>> stars(0.05, [(0.01, "**"), (0.05, "*")], otherwise="", closed=False)
    ''
    """
    if math.isnan(pvalue):
        return ""
    return next((code for bound, code in breaks if pvalue < bound or (closed and pvalue == bound)), otherwise)


def format_estimates(block: np.ndarray, digits: int, *, scipen: int = 0) -> np.ndarray:
    """Format estimates and their standard errors on one common number of decimals.

    The smallest entry shows `digits` significant digits; an entry that this would print as zero is shown
    with its own digits.

    Parameters
    ----------
    block : ndarray of float, shape (terms, columns)
        Estimates, standard errors and, with Satterthwaite's method, degrees of freedom.
    digits : int
        Significant digits.
    scipen : int
        Penalty on scientific notation.

    Returns
    -------
    ndarray of str, shape (terms, columns)
    """
    sizes = np.abs(block[np.isfinite(block) & (block != 0)])
    decimals = max(1, digits - 1 - math.floor(math.log10(sizes.min()))) if sizes.size else 1
    values = block.ravel()
    texts = format_numbers(_rounded(values, decimals), digits, scipen=scipen)
    hidden = [i for i in np.flatnonzero(np.isfinite(values) & (values != 0)) if float(texts[i]) == 0]
    own = format_numbers(values[hidden], max(1, digits - 1), scipen=scipen)
    for i, text in zip(hidden, own, strict=True):
        texts[i] = text
    return np.array(texts, dtype=object).reshape(block.shape)


def coefficient_columns(
    table: Mapping[str, np.ndarray],
    digits: int,
    *,
    estimates: Sequence[str],
    test: str | Sequence[str] | None,
    pvalue: str | None,
    scipen: int = 0,
    epsilon: float = MACHINE_EPSILON,
) -> dict[str, list[str]]:
    """Format a table of coefficients or of tests, as R's ``printCoefmat()``.

    Parameters
    ----------
    table : mapping of str to ndarray, shape (terms,)
        The columns, in the order printed.
    digits : int
        Significant digits of the estimates; test statistics are rounded to one decimal fewer.
    estimates : sequence of str
        Columns formatted together (estimates and standard errors).
    test : str or sequence of str, or None
        The column of the test statistic, or several that are formatted together.
    pvalue : str or None
        The column of its p value; stars follow a p value.
    scipen : int
        Penalty on scientific notation.
    epsilon : float
        P values below it print as a bound.

    Returns
    -------
    dict of str to list of str
        With one more column, named by the empty string, for the stars.
    """
    test_digits = max(1, min(5, digits - 1))
    block = np.array([table[name] for name in estimates], dtype=float).T
    formatted = dict(zip(estimates, format_estimates(block, digits, scipen=scipen).T, strict=True))
    tests = [test] if isinstance(test, str) else list(test or ())
    rounded = [_rounded(np.asarray(table[name], dtype=float), test_digits) for name in tests]
    texts = iter(format_numbers(itertools.chain(*rounded), digits, scipen=scipen))
    formatted |= {name: list(itertools.islice(texts, len(values))) for name, values in zip(tests, rounded, strict=True)}
    columns: dict[str, list[str]] = {}
    for name, values in table.items():
        numbers = np.asarray(values, dtype=float)
        if name in formatted:
            columns[name] = [str(text) for text in formatted[name]]
        elif name == pvalue:
            columns[name] = format_pvalues(numbers, test_digits, epsilon=epsilon, scipen=scipen)
            columns[""] = [stars(value) for value in numbers]
        else:
            columns[name] = format_numbers(numbers, digits, scipen=scipen)
    return columns


def named_numbers(
    names: Sequence[str],
    values: Iterable[float],
    digits: int = DIGITS,
    *,
    scipen: int = 0,
    width: int = LINE_WIDTH,
) -> str:
    """Print a vector with its names above, as R does, several to a line.

    Examples
    --------
    >>> named_numbers(["Min", "Max"], [-3.9242, 3.6769], digits=5).splitlines()
    ['    Min     Max ', '-3.9242  3.6769 ']
    """
    return named_texts(names, format_numbers(values, digits, scipen=scipen), width)


def named_texts(names: Sequence[str], texts: Sequence[str], width: int = LINE_WIDTH, gap: int = 1) -> str:
    """Print formatted values with their names above, as `named_numbers` does; `gap` blanks after each."""
    cell = max([*map(len, names), *map(len, texts)], default=0)
    per_line = max(1, width // (cell + gap))
    lines = []
    for start in range(0, len(texts), per_line):
        for part in (names, texts):
            lines.append("".join(text.rjust(cell) + " " * gap for text in part[start : start + per_line]))
    return "\n".join(lines)


def percent(level: float) -> str:
    """Write a coverage in a sentence, without rounding it up.

    Examples
    --------
    >>> percent(0.95), percent(0.9995), percent(0.99999999)
    ('95%', '99.95%', '99.999999%')
    """
    return f"{100 * level:.12g}%"
