"""Names in letters of all scripts, with their combining marks; backticks where R's labels have them."""

import unicodedata

import numpy as np
import pytest

import mlm
from mlm.errors import FormulaError
from mlm.language.formula import parse
from mlm.language.tree import Name, spell_name

# Whether R 4 writes a name without backticks, by make.names() in a UTF-8 locale.
BARE_IN_R = {
    "x": True, "_u": False, "नाम": True, "\u00e9": True, "e\u0301": False, "x\u0304": False, "ชื่อ": False, "मन": True,
    "பெயர்": False, "पा": True, "x\u00b2": False, "a\u0663": True, "\u2167": True, "שָׁ": True, "a\u200db": False,
    ".": True, "..1": True, ".2a": False, "a\u00b7": False, "1a": False, "a b": False,
}  # fmt: skip


@pytest.mark.parametrize("name", BARE_IN_R)
def test_backticks_as_in_r(name):
    assert spell_name(name) == (name if BARE_IN_R[name] else f"`{name}`")


@pytest.mark.parametrize("name", ["नाम", "ชื่อ", "பெயர்", "e\u0301", "x\u0304", "a\u00b7b", "שָׁ", "a\u203fb", "नाम.2_ं"])
def test_names_with_combining_marks_are_read_without_backticks(name):
    found = parse(f"y~log({name})*z+( 1|{name} )")
    assert [str(part.name) for term in found.random for part in term.parts if isinstance(part, Name)] == [name]
    assert found.fixed == parse(f"y~log(`{name}`)*z+( 1|`{name}` )").fixed


def test_a_label_with_an_underscore_keeps_its_backticks():
    x = np.arange(6.0)
    data = {"y": np.array([1.0, 3, 2, 5, 4, 7]), "_u": x, "k": list("aabbab")}
    names = list(mlm.lm("y ~ _u + I(_u^2) + log(`_u` + 1):k", data).fixef.index)
    assert names[1:3] == ["`_u`", "I(`_u`^2)"]
    assert names[3:] == ["log(`_u` + 1):ka", "log(`_u` + 1):kb"]


def test_composed_and_decomposed_names_are_two_and_the_message_tells_them_apart():
    composed, decomposed = "h\u00f6he", unicodedata.normalize("NFD", "h\u00f6he")
    values = {"y": [1.0, 3, 2, 5], composed: [1.0, 2, 3, 4]}
    with pytest.raises(mlm.DataError, match=r"looks the same but is written with other signs \(U\+00F6\)"):
        mlm.lm(f"y ~ {decomposed}", values)
    both = {**values, decomposed: [1.0, 0, 0, 2]}
    assert mlm.lm(f"y ~ {composed}", both).fixef.iloc[1] == pytest.approx(1.1)
    assert mlm.lm(f"y ~ {decomposed}", both).fixef.iloc[1] != pytest.approx(1.1)


@pytest.mark.parametrize(
    ("text", "sign", "name"),
    [
        ("y ~ z + a\U0001f600b", "\U0001f600", "a\U0001f600b"),
        ("y~\U0001f600*x", "\U0001f600", "\U0001f600"),
        ("y ~ \u0301a", "\u0301", "\u0301a"),
        ("y ~ q#x + (1 | g)", "#", "q#x"),
        ("y ~ log(a;b)", ";", "a;b"),
    ],
)
def test_a_sign_that_cannot_be_read_is_told_with_the_backticks(text, sign, name):
    with pytest.raises(FormulaError) as caught:
        parse(text)
    assert f"The sign {sign!r} means nothing in a formula: a column with it in its name stands in backticks" in str(
        caught.value
    )
    assert f"`{name}`." in str(caught.value)
    parse(text.replace(name, f"`{name}`"))


def test_a_joiner_is_shown_by_its_number():
    with pytest.raises(FormulaError, match=r"The sign '\\u200d' means nothing"):
        parse("y ~ a\u200db")


def test_a_column_that_is_a_dot_can_group():
    assert [term.group for term in parse("y ~ x + (1 | `.`)").random] == ["."]
    with pytest.raises(FormulaError, match="is not a grouping factor"):
        parse("y ~ x + (1 | .)")
    g = np.repeat(np.arange(5), 4)
    y = np.sin(np.arange(20)) + 2 * g % 3
    dotted = mlm.lmer("y ~ 1 + (1 | `.`)", {"y": y, ".": g})
    assert dotted.loglik == mlm.lmer("y ~ 1 + (1 | g)", {"y": y, "g": g}).loglik
    assert dotted.predict({".": g}).equals(dotted.fitted)


LONG = "q" * 100_000


@pytest.mark.parametrize(
    "text",
    [
        f"y ~ {LONG}(x)",
        f"y ~ {LONG} x",
        f"y ~ x {LONG}",
        f"y ~ x:3{LONG}",
        f"y ~ x + '{LONG}'",
        f"y ~ x?{LONG}",
        f"y ~ (1 | {LONG} + 2)",
        f"{LONG} ~ {LONG}",
        f"'{LONG}' ~ x",
        f"y ~ x:({LONG} - {LONG})",
        f"y ~ {LONG}^{LONG}",
        f"y ~ log({LONG} = x)",
        f"y ~ relevel(f, '{LONG}')",
        f"y ~ I(x == '{LONG}')",
        f"y ~ C(f, {LONG})",
        f"y ~ factor(f, levels = c('{LONG}', '{LONG}'))",
    ],
)
def test_messages_shorten_what_is_long(text):
    with pytest.raises(mlm.MlmError) as caught:
        mlm.lm(text, {"y": [1.0, 3, 2, 5], "x": [1.0, 2, 3, 4], "f": list("abba")})
    assert len(str(caught.value)) < 900
