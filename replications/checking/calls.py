"""Commands of R as functions with their arguments: ``pairs(emmeans(m, ~ f), adjust = "holm")``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_CALL = re.compile(r"^\(?\s*(?:[A-Za-z.][\w.]*\s*<-\s*)?(?:\w+:::?)?([A-Za-z.][\w.]*)\s*\((.*)\)\s*\)?$", re.DOTALL)
_NAME = re.compile(r"^[A-Za-z.][\w.]*$")
_PIPE = re.compile(r"\|>|%>%")
_OBJECT = ("object", "x", "model", "fit", "mod")


@dataclass(frozen=True)
class Call:
    """A call: the name of the function, and its arguments, each with its name or an empty one."""

    function: str
    arguments: tuple[tuple[str, str], ...]

    @property
    def first(self) -> str:
        """What the function is applied to."""
        named = {key: value for key, value in self.arguments if key in _OBJECT}
        return next(iter(named.values()), next((value for key, value in self.arguments if not key), ""))

    @property
    def others(self) -> list[tuple[str, str]]:
        """The arguments behind the first."""
        rest = list(self.arguments)
        at = next(
            (k for k, (key, value) in enumerate(rest) if value == self.first and (not key or key in _OBJECT)), None
        )
        return rest if at is None else rest[:at] + rest[at + 1 :]

    def given(self, names: Sequence[str]) -> dict[str, str]:
        """Return the arguments behind the first by their names, those without one in the order of ``names``.

        Raises
        ------
        LookupError
            If an argument has another name: what it does is not known here.
        """
        found = {key: value for key, value in self.others if key}
        free = [name for name in names if name not in found]
        found |= dict(zip(free, (value for key, value in self.others if not key), strict=False))
        unknown = [key for key in found if key not in names]
        if unknown or len(self.others) > len(found):
            raise LookupError(
                f"the argument {(unknown or ['beyond those known'])[0]} of {self.function}() is not recomputed here"
            )
        return found


def arguments(text: str) -> list[tuple[str, str]]:
    """Return the arguments of a call, each with its name or an empty one.

    Examples
    --------
    >>> arguments("m, ~ f | g, at = list(x = c(0, 1))")
    [('', 'm'), ('', '~ f | g'), ('at', 'list(x = c(0, 1))')]
    """
    parts, depth, quote = [""], 0, ""
    for letter in text:
        quote = ("" if letter == quote else quote) if quote else (letter if letter in "\"'`" else "")
        depth += 0 if quote else (letter in "([{") - (letter in ")]}")
        if letter == "," and depth == 0 and not quote:
            parts.append("")
        else:
            parts[-1] += letter
    found = [re.match(r"^\s*(?:([\w.]+)\s*=(?!=))?\s*(.*?)\s*$", re.sub(r"\s+", " ", part)) for part in parts]
    return [(match[1] or "", match[2]) for match in found if match is not None]


def parse(text: str) -> Call | None:
    """Return a command as a call; None if it is none. What is piped into a function is its first argument.

    Examples
    --------
    >>> parse("emmeans::emmeans(m, ~ f) |> pairs(adjust = 'holm')")
    Call(function='pairs', arguments=(('', 'emmeans::emmeans(m, ~ f)'), ('adjust', "'holm'")))
    """
    text = re.sub(r"(?m)^\s*[>+]\s|\s#.*$", " ", text).strip()
    text = text[1:-1].strip() if re.fullmatch(r"\([^()]*(?:\([^()]*\)[^()]*)*\)", text) else text
    *before, last = _PIPE.split(text)
    found = _CALL.match(last.strip())
    if found is None:
        return None
    given = tuple(one for one in arguments(found[2]) if one != ("", ""))
    if before:
        given = (("", re.sub(r"^[A-Za-z.][\w.]*\s*<-\s*", "", text[: text.rindex(last)].rstrip(" |>%"))), *given)
    return Call(found[1], given)


def chain(text: str, known: Mapping[str, str]) -> list[Call]:
    """Return the calls of a command from the outside, names in it taken for what was assigned to them.

    Examples
    --------
    >>> [call.function for call in chain("pairs(means)", {"means": "emmeans(m, 'f')"})]
    ['pairs', 'emmeans']
    """
    calls: list[Call] = []
    seen: set[str] = set()
    while text and text not in seen:
        seen.add(text)
        if _NAME.match(text):
            text = known.get(text, "")
            continue
        call = parse(text)
        if call is None:
            break
        calls.append(call)
        text = call.first
    return calls


def text_of(value: str) -> str:
    """Return a word without its quotes."""
    return value.strip().strip("\"'")


def texts_of(value: str) -> list[str]:
    """Return the words of ``c("a", "b")``, or the one word.

    Examples
    --------
    >>> texts_of('c("a", "b")'), texts_of("'a'")
    (['a', 'b'], ['a'])
    """
    found = re.match(r"^c\((.*)\)$", value.strip(), re.DOTALL)
    return [text_of(one) for _, one in arguments(found[1])] if found else [text_of(value)]


def numbers_of(value: str) -> list[float]:
    """Return the numbers of ``c(-1, 0, 1)``, of ``1:3``, or the one number.

    Raises
    ------
    LookupError
        If it is something else.

    Examples
    --------
    >>> numbers_of("c(-1, 0.5)"), numbers_of("1:3")
    ([-1.0, 0.5], [1.0, 2.0, 3.0])
    """
    span = re.match(r"^(-?\d+)\s*:\s*(-?\d+)$", value.strip())
    try:
        return (
            [float(k) for k in range(int(span[1]), int(span[2]) + 1)]
            if span
            else [float(one) for one in texts_of(value)]
        )
    except ValueError:
        raise LookupError(f"{value} is not computed here") from None
