"""The model formula: the response, the fixed part, and the random-effects terms between bars.

The grammar is lme4's. Everything between bars is split off here, aware of parentheses; what is left is an
ordinary formula, which `formulaic` reads. See Bates, Mächler, Bolker & Walker (2015), J. Stat. Softw. 67(1),
section 2.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import formulaic
from formulaic.errors import FormulaicError
from formulaic.parser import DefaultFormulaParser
from formulaic.parser.types import Factor, Term

from ..errors import FormulaError

# A letter that looks like bars: stands in the fixed part where a random term was cut out.
PLACEHOLDER = "\u01c1"
OPEN, CLOSE = "([{", ")]}"
NAME = r"\s*(?:[01]|[^\W\d][\w.]*)\s*"
PLAIN_SUM = re.compile(rf"{NAME}(?:\+{NAME})*")
MARK = "\u29db"  # formulaic's messages point with this sign at the token they stumble over
QUOTED = re.compile("`[^`]*`")
PARSER = DefaultFormulaParser()
AS_FACTOR = re.compile(r"\bas\.factor\(")
GROUP_NAME = re.compile(r"^(?:(?:as\.)?factor|C)\((?P<name>[^()]+)\)$")


@dataclass(frozen=True, slots=True)
class RandomTerm:
    """One random-effects term ``(expr | group)``.

    Attributes
    ----------
    expr : formulaic.SimpleFormula
        What varies between groups, for example ``1 + x``.
    group : str
        Name of the grouping factor as lme4 spells it: an interaction is ``"a:b"``; of ``a/b`` the inner factor
        is ``"b:a"``, of ``a/b/c`` the innermost is ``"c:(b:a)"``.
    text : str
        The term as it can be shown to a reader.
    group_columns : tuple of str
        The columns whose combination makes the grouping factor, in the order of its name.
    """

    expr: formulaic.SimpleFormula
    group: str
    text: str
    group_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula taken apart: response, fixed part, random terms, offsets."""

    text: str
    response: str
    fixed: formulaic.SimpleFormula
    random: tuple[RandomTerm, ...]
    offsets: tuple[str, ...]


def parse(text: str) -> Formula:
    """Read a mixed-model formula.

    Parameters
    ----------
    text : str
        As in lme4: ``"y ~ x + (1 + x | g)"``. Grouping factors may be nested (``a/b``) or interact (``a:b``);
        ``||`` takes out the correlations.

    Returns
    -------
    Formula

    Raises
    ------
    FormulaError
        When the text cannot be read. The message shows the place.

    Examples
    --------
    >>> f = parse("y ~ x + (1 | school/class)")
    >>> [t.text for t in f.random]
    ['1 | school', '1 | class:school']
    """
    if not isinstance(text, str):
        raise FormulaError(f"A formula is a string such as 'y ~ x + (1 | g)'; got {type(text).__name__}.")
    return _parse(text)


@lru_cache(maxsize=256)
def _parse(text: str) -> Formula:
    tilde = _tilde(text)
    _terms(text, text[:tilde], 0)
    blanked, bars = _cut_bars(text, tilde + 1)
    random = tuple(term for bar in bars for term in _random_terms(text, *bar))
    terms = _terms(text, blanked[tilde + 1 :], tilde + 1)
    fixed, offsets = _fixed(text, terms, bars)
    return Formula(text, text[:tilde].strip(), fixed, random, offsets)


@lru_cache(maxsize=256)
def expression(text: str) -> formulaic.SimpleFormula:
    """Read what stands for one column: a response, an offset."""
    return formulaic.SimpleFormula([t for t in _terms(text, text, 0) if str(t) != "1"])


def _names_masked(text: str) -> str:
    """Blank out names in backticks, whose signs mean nothing; positions stay what they are."""
    return QUOTED.sub(lambda name: "`" + "_" * (len(name[0]) - 2) + "`", text)


def _error(text: str, position: int, why: str) -> FormulaError:
    return FormulaError(f"{why}\n  {text}\n  {' ' * position}^")


def _tilde(text: str) -> int:
    bare = _names_masked(text)
    at = bare.find("~")
    if at < 0:
        raise _error(text, len(text), "The formula has no '~': write 'response ~ predictors + (1 | group)'.")
    if not text[:at].strip():
        raise _error(text, at, "The formula has no response before '~'.")
    second = bare.find("~", at + 1)
    if second >= 0:
        raise _error(text, second, "The formula has a second '~'.")
    return at


def _parentheses(text: str, start: int) -> Iterator[tuple[int, int]]:
    """Yield the span of every parenthesised piece, inner ones first; complain about unbalanced ones."""
    stack: list[int] = []
    bare = _names_masked(text)
    for i in range(start, len(text)):
        if bare[i] in OPEN:
            stack.append(i)
        elif bare[i] in CLOSE:
            if not stack or OPEN[CLOSE.index(text[i])] != text[stack[-1]]:
                raise _error(text, i, f"This {text[i]!r} closes nothing.")
            yield stack.pop(), i + 1
    if stack:
        raise _error(text, stack[-1], f"This {text[stack[-1]]!r} is never closed.")


def _bar_at(text: str, start: int, end: int) -> int:
    """Position of the first bar directly inside the parentheses at start … end, or -1."""
    depth = 0
    bare = _names_masked(text)
    for i in range(start + 1, end - 1):
        depth += (bare[i] in OPEN) - (bare[i] in CLOSE)
        if depth == 0 and bare[i] == "|":
            return i
    return -1


def _cut_bars(text: str, start: int) -> tuple[str, list[tuple[int, int, int]]]:
    """Replace each ``( | )`` by a placeholder of the same length, so that positions stay what they are."""
    bars: list[tuple[int, int, int]] = []
    blanked = text
    for left, right in sorted(_parentheses(text, start)):
        bar = _bar_at(text, left, right)
        if bar >= 0:
            name = f"{PLACEHOLDER}{len(bars)}"
            bars.append((left, bar, right))
            blanked = blanked[:left] + name.ljust(right - left) + blanked[right:]
    stray = _names_masked(blanked).find("|", start)
    if stray >= 0:
        raise _error(text, stray, "A random-effects term stands in parentheses: write '(1 | group)'.")
    return blanked, bars


def _terms(text: str, part: str, start: int) -> list[Term]:
    """Terms of an ordinary formula that stands at `start`; factors in the order in which the formula names them."""
    if not part.strip():
        raise _error(text, start, "Nothing stands here; write 1 for an intercept.")
    if part.strip() == "." or re.search(r"(^|[\s+*:(-])\.($|[\s+*:)-])", part):
        raise _error(text, start + part.index("."), "A '.' for all other columns is not understood; name the columns.")
    if PLAIN_SUM.fullmatch(part):
        return _plain_sum(part)
    try:
        words = [str(token) for token in PARSER.get_tokens(AS_FACTOR.sub("   factor(", part).strip())]
        parsed = formulaic.Formula(AS_FACTOR.sub("   factor(", part).strip())
    except (FormulaicError, SyntaxError) as error:
        message = str(error).splitlines()
        lead = len(part) - len(part.lstrip())
        at = start + lead + max(message[-1].find(MARK), 0)
        raise _error(text, at, f"The formula cannot be read: {message[0]}") from None
    if not isinstance(parsed, formulaic.SimpleFormula):
        raise _error(text, start, "The formula has several parts here; only one is understood.")
    place = {word: k for k, word in reversed(list(enumerate(words)))}
    ordered = [sorted(term.factors, key=lambda f: place.get(f.expr, len(words))) for term in parsed]
    return [Term([_python_power(f) for f in factors]) for factors in ordered]


def _plain_sum(part: str) -> list[Term]:
    """What formulaic makes of names joined by ``+``, in a hundredth of the time: most formulas are no more."""
    words = [word.strip() for word in part.split("+")]
    last = [word for word in words if word in ("0", "1")][-1:]
    intercept = [] if last == ["0"] else [Term([Factor("1", eval_method=Factor.EvalMethod.LITERAL)])]
    names = dict.fromkeys(word for word in words if word not in ("0", "1"))
    return intercept + [Term([Factor(name, eval_method=Factor.EvalMethod.LOOKUP)]) for name in names]


def _python_power(factor: Factor) -> Factor:
    """In R ``^`` is a power inside ``I()`` too; Python would take the exclusive or of integers."""
    if factor.eval_method != Factor.EvalMethod.PYTHON or "^" not in factor.expr:
        return factor
    return Factor(factor.expr.replace(" ^ ", " ** "), eval_method=factor.eval_method)


def _random_terms(text: str, left: int, bar: int, right: int) -> Iterator[RandomTerm]:
    double = text[bar + 1] == "|"
    effects, group = text[left + 1 : bar], text[bar + 1 + double : right - 1]
    if "|" in _names_masked(group):
        at = bar + 1 + double + _names_masked(group).index("|")
        raise _error(text, at, "A random-effects term has one bar, or '||'.")
    if not effects.strip():
        raise _error(text, left + 1, "Nothing varies in this random-effects term: write '(1 | group)'.")
    terms = _terms(text, effects, left + 1)
    if not terms:
        raise _error(text, left + 1, "Nothing varies in this random-effects term: write '(1 | group)'.")
    parts = [[t] for t in terms] if double else [terms]
    for name, columns in _grouping(text, group, bar + 1 + double):
        for part in parts:
            yield RandomTerm(formulaic.SimpleFormula(part), name, f"{_spell(part)} | {name}", columns)


def _spell(terms: list[Term]) -> str:
    words = [str(t) for t in terms]
    return " + ".join(words if "1" in words else ["0", *words])


def _grouping(text: str, group: str, start: int) -> list[tuple[str, tuple[str, ...]]]:
    """Names and columns of the grouping factors: ``a/b`` is ``a`` and ``b:a``."""
    factors: list[tuple[str, tuple[str, ...]]] = []
    outer, at = "", 0
    outer_columns: tuple[str, ...] = ()
    inner: list[str] = []
    for sign in re.finditer("[/:]|$", _names_masked(group)):
        inner.append(_column(text, group[at : sign.start()], start + at))
        at = sign.end()
        if sign[0] != ":":
            name = ":".join(inner)
            outer = f"{name}:({outer})" if len(outer_columns) > 1 else f"{name}:{outer}" if outer else name
            outer_columns, inner = (*inner, *outer_columns), []
            factors.append((outer, outer_columns))
    return factors


def _column(text: str, name: str, position: int) -> str:
    position += len(name) - len(name.lstrip())
    stripped = name.strip().strip("()").strip() if name.strip().startswith("(") else name.strip()
    wrapped = GROUP_NAME.match(stripped)
    stripped = wrapped["name"].strip() if wrapped else stripped
    if QUOTED.fullmatch(stripped) and len(stripped) > 2:
        return stripped[1:-1]
    if not stripped:
        raise _error(text, position, "The grouping factor is missing: write '(1 | group)'.")
    if re.search(r"[+*()~^`]", stripped):
        raise _error(text, position, "A grouping factor is a column name, 'a:b' or 'a/b'.")
    return stripped


def _fixed(
    text: str, terms: list[Term], bars: list[tuple[int, int, int]]
) -> tuple[formulaic.SimpleFormula, tuple[str, ...]]:
    """Take placeholders and offsets out of the terms."""
    names = {f"{PLACEHOLDER}{k}": left for k, (left, _, _) in enumerate(bars)}
    kept, offsets, seen = [], [], set()
    for term in terms:
        factors = [f.expr for f in term.factors]
        inside = [f for f in factors if PLACEHOLDER in f]
        if not inside:
            if len(factors) == 1 and factors[0].startswith("offset("):
                offsets.append(factors[0].removeprefix("offset(").removesuffix(")").strip())
            else:
                kept.append(term)
        elif len(factors) == 1 and factors[0] in names:
            seen.add(factors[0])
        else:
            at = next((names[n] for n in names if n in inside[0]), 0)
            raise _error(text, at, "A random-effects term can only be added to the formula.")
    for name, left in names.items():
        if name not in seen:
            raise _error(text, left, "A random-effects term can only be added to the formula.")
    return formulaic.SimpleFormula(kept), tuple(offsets)
