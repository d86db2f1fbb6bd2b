"""The grammar of formulas, and that every malformed one is refused with a caret under the place."""

import pytest

import mlm
from mlm.language.formula import parse
from mlm.language.tree import spell


def terms(formula):
    return [term.text for term in parse(formula).random]


def fixed(formula):
    terms = parse(formula).fixed
    return ["1"] * terms.intercept + [*terms.labels]


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("y ~ (1 | g)", ["1 | g"]),
        ("y ~ x + (x | g)", ["1 + x | g"]),
        ("y ~ x + (1 + x | g) + (1 | h)", ["1 + x | g", "1 | h"]),
        ("y ~ (0 + x | g)", ["0 + x | g"]),
        ("y ~ (x - 1 | g)", ["0 + x | g"]),
        ("y ~ (-1 + x | g)", ["0 + x | g"]),
        ("y ~ (x || g)", ["1 | g", "0 + x | g"]),
        ("y ~ (1 + x + z || g)", ["1 | g", "0 + x | g", "0 + z | g"]),
        ("y ~ (0 + x || g)", ["0 + x | g"]),
        ("y ~ (1 | a/b)", ["1 | b:a", "1 | a"]),
        ("y ~ (1 | a/b/c)", ["1 | c:(b:a)", "1 | b:a", "1 | a"]),
        ("y ~ (1 | a:b)", ["1 | a:b"]),
        ("y ~ (1 | a:b:c)", ["1 | a:b:c"]),
        ("y ~ (1 | a/b:c)", ["1 | b:c:a", "1 | a"]),
        ("y ~ (x || a/b)", ["1 | b:a", "1 | a", "0 + x | b:a", "0 + x | a"]),
        ("y ~ (1 | factor(g))", ["1 | factor(g)"]),
        ("y ~ (1 | (a:b))", ["1 | (a:b)"]),
        ("y ~ ((1 | g))", ["1 | g"]),
        ("y ~ (1 + log(x) | g)", ["1 + log(x) | g"]),
        ("y ~ (x * z | g)", ["1 + x + z + x:z | g"]),
        ("y~(1|g)", ["1 | g"]),
        ("y ~ x +\n  (1 | g)", ["1 | g"]),
        ("y ~ (1 | `my group`)", ["1 | my group"]),
        ("y ~ (1 | `a/b`) + (1 | `a:b`/c)", ["1 | a/b", "1 | c:`a:b`", "1 | a:b"]),
        ("y ~ (`a | b` | `c | d`)", ["1 + `a | b` | c | d"]),
    ],
)
def test_random_terms(formula, expected):
    assert terms(formula) == expected


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("y ~ (1 | g)", ["1"]),
        ("y ~ 0 + (1 | g)", []),
        ("y ~ x - 1 + (1 | g)", ["x"]),
        ("y ~ +1 + x + (1 | g)", ["1", "x"]),
        ("y ~ +0 + x + (1 | g)", ["x"]),
        ("y ~ -1 + x + (1 | g)", ["x"]),
        ("y ~ -0 + x + (1 | g)", ["1", "x"]),
        ("y ~ x - (+1) + (1 | g)", ["x"]),
        # a 1 or 0 inside of a product counts, as in R
        ("y ~ x * (1 + z) + (1 | g)", ["1", "x", "z", "x:z"]),
        ("y ~ 0 + x:(1 + z) + (1 | g)", ["1", "x:z"]),
        ("y ~ x * (z - 1) + (1 | g)", ["x", "z", "x:z"]),
        ("y ~ 0 + (1 + x)^2 + (1 | g)", ["1", "x"]),
        ("y ~ (x - 1) / z + (1 | g)", ["x", "x:z"]),
        ("y ~ 0 + w + x - x * (z - 1) + (1 | g)", ["1", "w"]),
        # a 1 or 0 that is taken out with other terms, as in R
        ("y ~ 0 + x + z - (x - 1) + (1 | g)", ["1", "z"]),
        ("y ~ x + z - (x + 0) + (1 | g)", ["1", "z"]),
        ("y ~ x + z - (x - 0) + (1 | g)", ["z"]),
        ("y ~ x + z - (z - (x - 1)) + (1 | g)", ["x"]),
        ("y ~ 0 + x + z - (z - (x - 1)) + (1 | g)", ["x"]),
        ("y ~ x * z + (1 | g)", ["1", "x", "z", "x:z"]),
        ("y ~ (1 | g) + x", ["1", "x"]),
        ("y ~ x:z + z + (1 | g)", ["1", "z", "x:z"]),
        ("y ~ z:x + (1 | g)", ["1", "z:x"]),
        ("y ~ (a + b + c)^2 - a:b + (1 | g)", ["1", "a", "b", "c", "a:c", "b:c"]),
        ("y ~ a + c:b + b:a + (1 | g)", ["1", "a", "c:b", "a:b"]),
        ("y ~ I(x^2) + I(x ** 3) + (1 | g)", ["1", "I(x^2)", "I(x^3)"]),
        ("y ~ as.factor(f) + (1 | g)", ["1", "as.factor(f)"]),
        ("y ~ (x + z)^2 + (1 | g)", ["1", "x", "z", "x:z"]),
        ("y ~ x + offset(z) + (1 | g)", ["1", "x"]),
    ],
)
def test_fixed_part(formula, expected):
    assert fixed(formula) == expected


def test_parts_of_a_grouping_factor():
    parts = [[spell(node) for node in t.parts] for t in parse("y ~ (1 | a/b/c) + (1 | d:factor(e))").random]
    assert parts == [["c", "b", "a"], ["b", "a"], ["a"], ["d", "factor(e)"]]
    assert [node.name for node in parse("y ~ (1 | `(a)`:b)").random[0].parts] == ["(a)", "b"]


def test_offsets_and_response():
    formula = parse("log( y+1 ) ~ x + offset(log(n)) + offset(z - 2) + (1 | g)")
    assert formula.response == "log(y + 1)"
    assert [spell(node) for node in formula.offsets] == ["log(n)", "z - 2"]
    assert formula.text == "log( y+1 ) ~ x + offset(log(n)) + offset(z - 2) + (1 | g)"
    # a name stands without backticks where it is told to a reader
    assert parse("`my y` ~ x").response == "my y"


def test_no_random_terms_is_a_formula_too():
    assert parse("y ~ x").random == ()


@pytest.mark.parametrize(
    ("formula", "caret", "message"),
    [
        ("y x + (1 | g)", 13, "has no '~'"),
        ("", 0, "is empty"),
        (" ~ x + (1 | g)", 1, "no response"),
        ("y ~ x ~ (1 | g)", 6, "second '~'"),
        ("y ~", 3, "Nothing stands right of"),
        ("y, z ~ (1 | g)", 1, "',' does not belong here"),
        ("'y' ~ (1 | g)", 0, "without quotes, y ~"),
        ("y ~ x + (1 | g", 8, "never closed"),
        ("y ~ x + (1 | g]", 14, "closes nothing"),
        ("y ~ x + 1 | g)", 13, "closes nothing"),
        ("y ~ x + ) + z", 8, r"This '\)' closes nothing"),
        ("y ~ x + () + z", 9, "Nothing stands in these parentheses"),
        ("y ~ (x + ) + z", 9, r"something is missing before '\)'"),
        ("y ~ x + 1 | g", 10, "stands in parentheses"),
        ("y ~ (1 | g) | h", 12, "stands in parentheses"),
        ("y ~ x + (1 | g | h)", 15, "one bar"),
        ("y ~ x + (1 || g | h)", 16, "one bar"),
        ("y ~ x + ( | g)", 10, "Nothing varies"),
        ("y ~ x + (0 | g)", 9, "Nothing varies"),
        ("y ~ x + (1 | )", 13, "grouping factor is missing"),
        ("y ~ x + (1 | a/)", 15, "something is missing before"),
        ("y ~ x + (1 | a::b)", 14, "before a function only"),
        ("y ~ x + (1 | a + b)", 13, "is not a grouping factor"),
        ("y ~ x + (1 | 1)", 13, "is one level for all rows"),
        ("y ~ x * (1 | g)", 8, "only be added"),
        ("y ~ x - (1 | g)", 8, "only be added"),
        ("y ~ x:(1 | g)", 6, "only be added"),
        ("y ~ x $ z + (1 | g)", 6, "write x, not data"),
        ("y ~ x z + (1 | g)", 6, "operator is missing before 'z'"),
        ("y ~ body weight + (1 | g)", 9, "stands in backticks: `body weight`"),
        ("y ~ x and z", 6, "'and' is not an operator of a formula: write &"),
        ("y ~ not x", 8, "'not' is not an operator of a formula: write !"),
        ("y ~ 'x' + (1 | g)", 4, "without quotes"),
        ("y ~ `x + (1 | g)", 4, "never closed"),
        ("y ~ x + (z $ x | g)", 11, "write x, not data"),
        ("y ~ log(x + + ) + (1 | g)", 14, "cannot be read"),
        ("y ~ x + (. | g)", 9, "name the columns"),
        ("y ~ f %in% c('a', 'b')", 6, r'write I\(f %in% c\("a", "b"\)\)'),
        ("y ~ x + (f %in% (c('a')) | g)", 11, r"As a term, %in% nests columns; for whether a value is in a list"),
        ("y ~ x %in% 3", 6, r"write I\(x %in% 3\)"),
        ("y ~ f %in% 'a'", 6, r'write I\(f %in% "a"\)'),
        ("y ~ x %in% quantile(x)", 6, r"write I\(x %in% quantile\(x\)\)"),
        ("y ~ 1_000*x", 4, "'1_000' is neither a number nor a name: numbers are written without a separator, 1000"),
        ("y ~ I(2x)", 6, "'2x' is neither a number nor a name: names begin with a letter; .* in backticks, `2x`"),
        ("y ~ 1.2.3", 4, "'1.2.3' is neither a number nor a name"),
        ("y ~ poly(x, 2)[, 1]", 14, "a part of a column or of a matrix is made before the fit"),
    ],
)
def test_malformed_formulas_are_refused_with_the_place(formula, caret, message):
    with pytest.raises(mlm.FormulaError, match=message) as caught:
        parse(formula)
    _, shown, pointer = str(caught.value).rsplit("\n", 2)
    assert shown == f"  {formula}"
    assert pointer == f"  {' ' * caret}^"


@pytest.mark.parametrize("formula", [None, 5, ["y ~ x"], b"y ~ x"])
def test_a_formula_is_a_string(formula):
    with pytest.raises(mlm.FormulaError, match=f"is a string such as .* got {type(formula).__name__}"):
        parse(formula)


def test_how_deep_parentheses_go_is_counted_at_each_place():
    side_by_side = " + ".join(["(x)"] * 300)
    assert fixed(f"y ~ {side_by_side} + (1 | g)") == ["1", "x"]
    for depth, refused in ((90, False), (101, True)):
        text = f"y ~ {side_by_side} + {'(' * depth}z{')' * depth}"
        if refused:
            with pytest.raises(mlm.FormulaError, match="nested more than 100 deep"):
                parse(text)
        else:
            assert fixed(text) == ["1", "x", "z"]


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("y ~ 1/z", r"1/z is not a term: for arithmetic write I\(1/z\)"),
        ("y ~ x + 0*z", "is not a term"),
        ("y ~ z:2", "is not a term"),
        ("y ~ (1)/(z)", "is not a term"),
        ("y ~ -1/z", "is not a term"),
        ("y ~ z + -1*x", "is not a term"),
        ("y ~ x + (1 | `k:f`) + (1 | k:f)", "Two grouping factors are called 'k:f', .* rename it"),
        ("y ~ x + (1 | `factor(v)`) + (1 | factor(v))", "Two grouping factors are called"),
        ("y ~ caf\udce9", "no sign '.udce9' in Unicode"),
        ("y ~ factor(g, labels = c('a', '\\ud800'))", "half of a sign"),
        ("y ~ x + y", "response y stands on the right side"),
        ("log(y) ~ x + log(y):x", "response .* stands on the right side"),
        ("lmer(y ~ x + (1 | g), data = d)", "A formula stands alone"),
        ("lm(y ~ x)", "A formula stands alone"),
        ("y ~ I(1e400 * x)", "too large to be represented"),
        ("y ~ (x + z)^1e400", "too large to be represented"),
        (f"y ~ I(x * 0x{'F' * 400})", "too large to be represented"),
        (f"y ~ I({'+'.join(['x'] * 300)})", "More than 150 pieces"),
        (f"y ~ {':'.join(f'x{k}' for k in range(1000))}", "More than 150 pieces"),
        (r'y ~ I(f == "\q")', "escape .* means nothing"),
    ],
)
def test_what_no_reader_would_read_so(formula, message):
    with pytest.raises(mlm.FormulaError, match=message):
        parse(formula)


def test_sums_of_terms_have_any_length():
    assert len(parse("y ~ " + " + ".join(f"x{k}" for k in range(2000))).fixed.sets) == 2000


def test_escapes_in_words_are_read():
    word = parse(r'y ~ I(f == "a\tb\\\u0061\x62\"")').fixed.variables[0].arguments[0].arguments[1]
    assert word.value == 'a\tb\\ab"'


def test_terms_taken_out_are_remembered():
    assert [spell(node) for node in parse("y ~ x + z - z - log(w)").fixed.taken_out] == ["z", "log(w)"]
