"""A block as the rules see it: its numbers by what they belong to, and the legend of its stars."""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import cached_property

from replications.checking.finding import AGREES, DIFFERS, Finding
from replications.checking.footers import Footer
from replications.checking.intervals import NORMAL, TWICE, Interval, as_printed, exact, printed
from replications.printouts.block import Block, Number
from replications.printouts.lines import Line

COUNTS = re.compile(
    r"(^|\.)(n_obs|n|npar|loglik_df|df_resid|df_total|null_df|chisq_df|df_diff|f_df1|f_df2|num_df|rank)$|(^|\.)n_groups"
)
"""Ids of whole numbers that are never rounded."""
LEGEND = re.compile(
    r"(\*{1,4}|\+|\N{DAGGER}|\N{MIDDLE DOT}|(?<!\d)\.(?!\d))\s*(?:`|'|\")?\s*\$?\s*p\s*(?:<|&lt;)\s*(0?\.\d+)"
)
SCIENTIFIC = re.compile(r"-?\d(?:\.(\d*))?e([-+]?\d+)$")
PADDED = re.compile(r"(?:\.\d*0|^-?\d)e[-+]?\d+$")
"""Numbers with an exponent, and those of them whose last digits may be none."""
FIXED = re.compile(r"-?\d*\.\d+")
DIGITS = re.compile(r"^-?[0.]*|\.")
"""What of a number is no significant digit."""
FEW_DIGITS, MOST_DIGITS = 3, 4
"""To how many significant digits numbers are rounded by emmeans, and at most by ``signif()``, before they get zeros."""
SIGNIF = re.compile(r"^(page|pandoc|typed|base|stats\.printCoefmat)\b")
"""Kinds that print what somebody may have rounded by ``signif()``."""
OWN_COLUMNS = re.compile(r"^(page|pandoc|tibble)\.|^base\.print\.data\.frame$")
"""Kinds whose columns somebody named."""
NOTES = 8
"""How many lines below a table its legend is looked for."""
Cutoffs = tuple[tuple[str, float], ...]
SUMMARY: Cutoffs = (("***", 0.001), ("**", 0.01), ("*", 0.05), (".", 0.1))
TABLE: Cutoffs = SUMMARY[:3]
STARGAZER: Cutoffs = (("***", 0.01), ("**", 0.05), ("*", 0.1))
MODELSUMMARY: Cutoffs = (*TABLE, ("+", 0.1))
DEFAULTS: dict[str, Cutoffs] = {
    "texreg": TABLE,
    "sjPlot": TABLE,
    "stargazer": STARGAZER,
    "modelsummary": MODELSUMMARY,
    "page": TABLE,
    "afex.nice": MODELSUMMARY,
    "stata.etable": TABLE[1:],
}


def significant(text: str) -> str:
    """Return the significant digits of a number, without its exponent.

    Examples
    --------
    >>> significant("-0.0450"), significant("3.36e-37")
    ('450', '336')
    """
    return DIGITS.sub("", text.lstrip("<> ").partition("e")[0])


class Part:
    """One block with its legend.

    Parameters
    ----------
    block : Block
    at : int
        Its place in the printout.
    lines : sequence of Line
        Those of the text, for the legend.
    """

    def __init__(self, block: Block, at: int, lines: Sequence[Line] = ()) -> None:
        self.block, self.at, self.lines = block, at, lines

    @property
    def first(self) -> int:
        """Where among the lines the block begins."""
        return bisect_left(self.lines, self.block.line, key=lambda line: line.number)

    @cached_property
    def numbers(self) -> dict[str, Number]:
        """The numbers by their ids."""
        return {number.id: number for number in self.block.numbers}

    @cached_property
    def families(self) -> dict[str, dict[str, Number]]:
        """The numbers by what they belong to, then by quantity: ``fixef.x`` has ``estimate``, ``se``, ``t``."""
        found: dict[str, dict[str, Number]] = {}
        for id, number in self.numbers.items():
            prefix, _, quantity = id.rpartition(".")
            found.setdefault(prefix, {})[quantity] = number
        return found

    @property
    def own_columns(self) -> bool:
        """Whether the table has columns of its author's, so that their names need not mean what they do in R."""
        return OWN_COLUMNS.match(self.block.kind) is not None

    @cached_property
    def of_older_lmertest(self) -> bool:
        """Whether lmerTest before 3.0 printed the summary, or may have where the title was cut off.

        Its df are rounded, and p is one less a probability.
        """
        title = self.block.heads.get("title", "")
        return "approximations to degrees of freedom" in title or (self.block.kind == "lme4.summary" and not title)

    @cached_property
    def has_errors(self) -> bool:
        """Whether what was read as standard errors may be such: none is negative, as t values in brackets are."""
        errors = [self.value(number) for id, number in self.numbers.items() if id.rpartition(".")[2] == "se"]
        return all(value is None or value.high >= 0 for value in errors)

    def having(self, *quantities: str) -> Iterator[tuple[str, dict[str, Number]]]:
        """Give what has all of some quantities."""
        return (
            (prefix, family)
            for prefix, family in self.families.items()
            if all(name in family and self.value(family[name]) is not None for name in quantities)
        )

    def value(self, number: Number) -> Interval | None:
        """Return the numbers that a printed one may stand for."""
        rounded = number.column == "df" and "e" not in number.text and self.of_older_lmertest
        if self.block.kind == "emmeans.joint_tests" or rounded:
            return printed(self._without_zeros(number))
        if COUNTS.search(number.id):
            return exact(re.sub(r"\.0+$", "", number.text))
        found = printed(number.text)
        if found is not None and (spare := self.digits_spared(number)) is not None:
            return Interval(found.low - spare, found.high + spare)
        if found is None or not PADDED.search(number.text) or "<" in number.text:
            return found
        spare = TWICE * 0.5 * 10.0 ** -self._decimals[number.column] - (found.high - found.low) / 2
        return Interval(found.low - max(spare, 0.0), found.high + max(spare, 0.0))

    @cached_property
    def _decimals(self) -> dict[str, int]:
        """To how many decimals at least the numbers of a column were rounded before they got an exponent.

        R and knitr round a column to decimals, then print it with as many significant digits as its number with the
        most needs; the zeros at the end of the others may stand for digits that were rounded away.
        """
        found: dict[str, int] = {}
        for number in self.block.numbers:
            if "e" in number.text and (parts := SCIENTIFIC.match(number.text.strip())):
                shown = len((parts[1] or "").rstrip("0")) - int(parts[2])
                found[number.column] = max(found.get(number.column, shown), shown)
        return found

    def digits_spared(self, number: Number) -> float | None:
        """Return how much farther off a number may be that was rounded to few digits, then got zeros.

        Standard errors and degrees of freedom of emmeans have three since version 1.10, with
        ``options(digits = 3)`` all its columns: their fourth digits are zeros. So has every number of a table that went
        through ``signif()``.
        """
        few = self._few_digits(number)
        if few is None or len(significant(number.text)) <= few or not FIXED.fullmatch(number.text):
            return None
        place = math.floor(math.log10(abs(float(number.text)))) - few + 1
        return float(0.5 * 10.0**place - 0.5 * 10.0 ** -len(number.text.partition(".")[2]))

    def _few_digits(self, number: Number) -> int | None:
        """Return the number of digits that a column, or a whole table, was rounded to; None if it has more."""
        if SIGNIF.match(self.block.kind):
            return self._digits_of_table if self._digits_of_table <= MOST_DIGITS else None
        if not self.block.kind.startswith("emmeans."):
            return None
        column = (significant(n.text) for n in self.block.numbers if n.column == number.column and "." in n.text)
        long = [digits for digits in column if len(digits) > FEW_DIGITS]
        enough = 1 if number.id.rpartition(".")[2] in ("se", "df") else 2
        filled = len(long) >= enough and not any(digits[FEW_DIGITS:].strip("0") for digits in long)
        return FEW_DIGITS if filled else None

    @cached_property
    def _digits_of_table(self) -> int:
        digits = (significant(n.text).rstrip("0") for n in self.block.numbers if "." in n.text)
        return max(map(len, digits), default=0)

    def _without_zeros(self, number: Number) -> str:
        """Return a number without the zeros that fill its column, as what rounds before it prints leaves them."""
        column = [n.text for n in self.block.numbers if n.column == number.column and re.match(r"\d*\.", n.text)]
        filled = min((len(text) - len(text.rstrip("0")) for text in column), default=0)
        return number.text[:-filled].rstrip(".") if filled and "<" not in number.text else number.text

    def whole(self, number: Number) -> Interval | None:
        """Return a count, such as the degrees of freedom of a term, exactly where it was printed as a whole number."""
        return exact(number.text)

    def degrees(self, number: Number) -> Interval:
        """Return printed degrees of freedom, of which ``Inf`` stands for a normal distribution."""
        return NORMAL if number.text.strip() == "Inf" else self.value(number) or Interval(1.0, math.inf)

    def of(self, id: str) -> Interval | None:
        """Return the numbers that the one of an id may stand for; None if there is none."""
        return self.value(self.numbers[id]) if id in self.numbers else None

    def compared(
        self, rule: str, number: Number, allowed: Interval, given: Sequence[str] = (), reason: str = ""
    ) -> Iterator[Finding]:
        """Give the finding of a number that must lie in an interval."""
        value = self.value(number)
        if value is not None:
            agrees = value.meets(allowed)
            yield Finding(
                verdict=AGREES if agrees else DIFFERS,
                rule=rule,
                printed=number.text,
                allowed=(allowed.low, allowed.high),
                consistent=as_printed(allowed, number.text),
                line=number.line,
                block=self.at,
                kind=self.block.kind,
                id=number.id,
                given=tuple(given),
                reason=reason,
            )

    @cached_property
    def cutoffs(self) -> Cutoffs:
        """Stars and the p value below which each stands, most stars first: R's own, or those of a table's legend."""
        kind = self.block.kind
        default = DEFAULTS.get(kind) or DEFAULTS.get(kind.partition(".")[0])
        if default is None:
            return SUMMARY
        found: dict[str, float] = {}
        for line in self.lines:
            if self.block.line <= line.number <= self.block.last + NOTES:
                text = re.sub(r"\\([*<])", r"\1", " ".join((line.text, *line.cells)))
                found = {stars: float(bound) for stars, bound in LEGEND.findall(text)} | found
            if line.number > self.block.last and "*" in found:
                break
        return tuple(sorted(found.items(), key=lambda pair: pair[1])) if "*" in found else default

    @cached_property
    def notes(self) -> str:
        """What stands right below the table, up to a blank line, and was not read as another table."""
        below = [line for line in self.lines if self.block.last < line.number <= self.block.last + NOTES]
        told: list[str] = [self.block.heads.get("notes", "")]
        for line in below:
            if line.code or (line.blank and len(told) > 1):
                break
            told += [line.text.strip()] if not line.blank else []
        return " ".join(told).strip()

    @cached_property
    def footer(self) -> Footer:
        """What the lines below say of tests and intervals."""
        tests = sum(re.search(r"(?:^|\.)p(?:__\d+)?$", id) is not None for id in self.numbers)
        lettered = any(number.column == ".group" for number in self.block.numbers)
        return Footer(self.notes, self.block.kind, tests, lettered=lettered)

    @cached_property
    def models(self) -> tuple[str, ...]:
        """The models of a table with a column each; one empty name for a block of one model."""
        scopes = {p for p, family in self.families.items() if p and "." not in p and _tells_of_fit(family)}
        return tuple(sorted(scopes, key=list(self.families).index)) or ("",)

    def model_of(self, prefix: str) -> str:
        """Return the model that something belongs to."""
        return next((name for name in self.models if name and prefix.startswith(f"{name}.")), "")

    def under(self, model: str, id: str) -> str:
        """Return an id below a model's name."""
        return f"{model}.{id}" if model else id

    def starting(self, model: str, *beginnings: str) -> list[Number]:
        """Return the numbers of a model whose ids begin so."""
        starts = tuple(self.under(model, text) for text in beginnings)
        return [number for id, number in self.numbers.items() if id.startswith(starts)]

    def coefficients(self, model: str) -> int:
        """Return how many coefficients of a model are printed."""
        own = f"{model}." if model else ""
        starts = (own,) if model else ("fixef.", "coef.")
        return sum(
            prefix.startswith(starts) and prefix.count(".") == (own.count(".") if model else 1) and "estimate" in family
            for prefix, family in self.families.items()
        )

    def is_mixed(self, model: str) -> bool:
        """Tell whether a model has random effects."""
        return bool(self.starting(model, "n_groups", "varcomp.", "var.", "tau00", "sd."))

    def count(self, model: str, id: str) -> float | None:
        """Return a printed whole number of a model."""
        found = self.of(self.under(model, id))
        return found.low if found is not None and found.low == found.high else None


def _tells_of_fit(family: dict[str, Number]) -> bool:
    return any(name in family for name in ("aic", "bic", "loglik", "n_obs", "r2", "sigma2", "npar"))
