"""The same printouts as pages, mails, terminals and PDFs hand them on: what is read is what is read of R's own text."""

import json
import re
from pathlib import Path

import pytest

from replications.printouts.read import read_printout

PASTED = json.loads(Path(__file__).parents[1].joinpath("reference", "pasted.json").read_text("utf8"))
TEXTS = {name: "\n".join(lines) for name, lines in PASTED.items() if not name.startswith(("tmb", "versions"))}
"""Some have levels that end in a number, ``gen 0.5``."""


def found(text):
    return [(block.kind, n.id, n.text, n.row, n.column) for block in read_printout(text) for n in block.numbers]


def same_everywhere(disguise, names=TEXTS):
    changed = 0
    for name in names:
        assert found(disguise(TEXTS[name])) == found(TEXTS[name]), name
        changed += disguise(TEXTS[name]) != TEXTS[name]
    assert changed


MINUSES = "\N{MINUS SIGN}\N{HYPHEN}\N{NON-BREAKING HYPHEN}\N{FULLWIDTH HYPHEN-MINUS}\N{SMALL HYPHEN-MINUS}"
DASHES = "\N{EN DASH}\N{FIGURE DASH}\N{EM DASH}\N{HORIZONTAL BAR}\N{SOFT HYPHEN}"


@pytest.mark.parametrize("minus", MINUSES + DASHES, ids=ascii)
def test_all_dashes_before_a_number_are_minus_signs_in_exponents_too(minus):
    same_everywhere(lambda text: re.sub(r"(?<=\s)-(?=\.?\d)|(?<=\de)-", minus, text))


def test_a_dash_between_two_numbers_is_none_before_the_second():
    text = "Fixed effects:\n            Estimate Std. Error t value\n1\N{EN DASH}3 h          0.50       0.25    2.00\n"
    assert [row for *_, row, _ in found(text)] == ["1\N{EN DASH}3 h"] * 3


@pytest.mark.parametrize(
    "star", "\N{ASTERISK OPERATOR}\N{LOW ASTERISK}\N{FULLWIDTH ASTERISK}\N{STAR OPERATOR}", ids=ascii
)
def test_all_stars_are_stars(star):
    same_everywhere(lambda text: text.replace("*", star))


def test_ligatures_of_titles_and_labels_are_letters():
    ligatures = {"ffi": "\ufb03", "ff": "\ufb00", "fi": "\ufb01", "fl": "\ufb02"}

    def set_in_type(text):
        for letters, one in ligatures.items():
            text = text.replace(letters, one)
        return text

    same_everywhere(set_in_type)


@pytest.mark.parametrize("escape", ["\x1b", ""], ids=["whole", "without the character in front"])
def test_colours_of_a_terminal_are_none_of_the_text(escape):
    red, off, bold = f"{escape}[31m", f"{escape}[39m", f"{escape}[1;34m"
    same_everywhere(lambda text: re.sub(r"-\d+\.\d+", lambda number: f"{red}{number[0]}{off}", text))
    same_everywhere(lambda text: re.sub(r"^(\w+)", rf"{bold}\1{escape}[0m", text, flags=re.M))


def test_what_is_in_brackets_is_no_colour():
    text = "Fixed effects:\n            Estimate Std. Error t value\nsize[5m]        0.50       0.25    2.00\n"
    assert [row for *_, row, _ in found(text)] == ["size[5m]"] * 3


@pytest.mark.parametrize("end", ["\r", "\r\n", "\v", "\N{LINE SEPARATOR}", "\x85"], ids=ascii)
def test_lines_end_as_any_system_ends_them(end):
    same_everywhere(lambda text: text.replace("\n", end))
    numbers = read_printout(TEXTS["lm"].replace("\n", end))[0].numbers
    assert [n.line for n in numbers] == [n.line for n in read_printout(TEXTS["lm"])[0].numbers]


def wrapped(text, width, indent):
    """Return a text as a mail wraps it: at the last blank before a width, what is left below and indented perhaps."""
    found = []
    for line in text.split("\n"):
        while len(line) > width and line[: (at := line.rfind(" ", 0, width)) + 1].strip():
            found.append(line[:at])
            line = indent + line[at + 1 :]
        found.append(line)
    return "\n".join(found)


def places(text):
    return {
        (re.sub(r"\s", "", text), row, column) for _, id, text, row, column in found(text) if row and "stars" not in id
    }


@pytest.mark.parametrize("indent", ["", "   ", "      "], ids=len)
@pytest.mark.parametrize("width", range(34, 78, 4))
def test_what_is_read_of_wrapped_lines_is_where_it_was_printed(width, indent):
    for name in ("lmm", "reml", "glmm", "lm", "glm", "matrix", "means", "tests", "pairs", "effects", "anova"):
        assert places(wrapped(TEXTS[name], width, indent)) <= places(TEXTS[name]), name


@pytest.mark.parametrize("indent", ["", "   ", "      "], ids=len)
def test_rows_that_were_wrapped_with_their_headings_are_read_whole(indent):
    """Also one whose level ends in a number, though it then has as many numbers in a line as there are headings."""
    text = wrapped(TEXTS["matrix"], 58, indent)
    assert len(text.split("\n")) == 2 * len(TEXTS["matrix"].split("\n"))
    assert places(text) == places(TEXTS["matrix"])


def test_rows_of_which_one_lost_a_number_to_the_page_are_not_read():
    text = wrapped(TEXTS["matrix"], 58, "   ")
    cut = re.sub(r"\n +\S+(?=\nfeedgen 2 )", "", text)
    assert cut != text
    printout = read_printout(cut)
    assert not [n for block in printout for n in block.numbers]
    assert [line for line, _ in printout.unread] == [*range(3, 8), 8, 9]


@pytest.mark.parametrize(
    "behind", ["e\N{PER MILLE SIGN}16", "e_16", ".5.5", " x 10^-4", " \N{MULTIPLICATION SIGN} 10^-4"]
)
def test_a_number_is_read_whole_or_its_line_is_reported(behind):
    text = TEXTS["lm"].replace("p-value: < 2.2e-16", f"p-value: < 2.2{behind}")
    printout = read_printout(text)
    assert [n.text for block in printout for n in block.numbers if n.id == "f_p"] == []
    assert [line for line, _ in printout.unread] == [text.split("\n").index(text.rstrip().split("\n")[-1]) + 1]


def test_a_row_that_cannot_be_read_is_not_glued_to_the_label_below():
    row = "hours       0.0003417 0.01849 "
    assert row in TEXTS["lmm"]
    for damaged in ("hours       3.4 x 10^-4 0.01849 ", "hours       0.0003417 0,01849~", "hours       0.0003417 ... "):
        printout = read_printout(TEXTS["lmm"].replace(row, damaged))
        labels = {n.row for block in printout for n in block.numbers}
        assert not [label for label in labels if re.search(r"\d\.\d{3}", label)]
        assert damaged.strip() in " ".join(text for _, text in printout.unread)


def _without_title(text):
    """Return the lines of a summary from where its random effects, or its coefficients, begin."""
    return text[re.search(r"^(Random effects|Coefficients):", text, re.M).start() :]


@pytest.mark.parametrize("name", ["lmm", "reml", "glmm", "lm", "glm"])
def test_a_second_model_without_its_title_is_a_block_of_its_own(name):
    text = TEXTS[name]
    (whole,) = read_printout(text)
    first, second = read_printout(f"{text}\n{_without_title(text)}")
    assert [(n.id, n.text) for n in first.numbers] == [(n.id, n.text) for n in whole.numbers]
    assert second.formula is None
    assert not [n.id for n in second.numbers if "__2" in n.id]
    lines = text.split("\n")
    after = len(lines) - len(_without_title(text).split("\n"))
    assert [(n.id, n.text) for n in second.numbers if "." in n.id] == [
        (n.id, n.text) for n in whole.numbers if "." in n.id and n.line > after
    ]
    assert not (first.unread + second.unread if name != "glm" else first.unread)


@pytest.mark.parametrize("prefix", ["> > ", ">> ", "> > > ", "#' ", "#'  ", "> >"])
def test_prefixes_of_quotes_and_comments_are_none_of_the_text(prefix):
    same_everywhere(lambda text: "\n".join(f"{prefix}{line}" for line in text.split("\n")))


@pytest.mark.parametrize("style", ["{:4d}  {}", "{:6d}\t{}", "{:3d} | {}", "{}: {}", "{}. {}", "{} {}"])
@pytest.mark.parametrize("first", [1, 97])
def test_numbers_of_lines_are_none_of_the_text(style, first):
    def counted(text):
        lines = enumerate(text.split("\n"), first)
        return "\n".join(style.format(at, line).rstrip() for at, line in lines)

    same_everywhere(counted, [name for name, text in TEXTS.items() if text.count("\n") > 3])


def test_numbers_of_rows_are_kept_where_the_headings_have_none():
    text = "    term estimate std.error\n"
    for at, term in enumerate(["height", "weight", "length"], 1):
        text += f"{at} {term} {at:>5}.41      0.60\n"
    assert [value for _, _, value, row, column in found(text) if column == "estimate"] == ["1.41", "2.41", "3.41"]
    assert len(found(text)) == 6


@pytest.mark.parametrize("prefix", ["~~ ", "q: "])
def test_rows_behind_what_is_no_known_prefix_are_no_bounds_and_have_no_signs_as_labels(prefix):
    for text in TEXTS.values():
        for _, id, value, row, _ in found("\n".join(f"{prefix}{line}" for line in text.split("\n"))):
            assert not row.startswith(">"), (id, row)
            assert not re.match(r">\s\s", value), (id, value)


SAID = "I fitted this, and wonder what it means:\n\n{}\n\nCan anybody explain the table?\n"


@pytest.mark.parametrize("fence", ["```r", "````r", "``` {.r}", "```R", "~~~r"])
@pytest.mark.parametrize(
    "prompt", ["> summary(m)\n", "> m <- fit(y ~ x,\n+   d)\n> summary(m)\n", "R> summary(m)\n", ""]
)
def test_output_in_a_fence_of_code_is_output(fence, prompt):
    for name in ("lmm", "reml", "lm", "glm", "lme", "anova", "means"):
        closes = re.match(r"[`~]+", fence)[0]
        text = SAID.format(f"{fence}\n{prompt}{TEXTS[name]}\n{closes}")
        assert [n[1:] for n in found(text)] == [n[1:] for n in found(TEXTS[name])], name


def test_output_in_an_element_of_code_is_output():
    inner = f"> summary(m)\n{TEXTS['lm']}".replace("<", "&lt;").replace(">", "&gt;")
    text = f'<html><p>So:</p><pre class="r"><code>{inner}</code></pre><pre><code>## [1] 2.5</code></pre></html>'
    assert [n[1:3] for n in found(text)][:-1] == [n[1:3] for n in found(TEXTS["lm"])]


def test_code_in_a_fence_of_code_stays_code():
    code = "table <- rbind(\n  c(0.25,  1.5, 2.5),\n  c(0.75,  2.5, 3.5))\n"
    code += "m <- lmer(y ~ x + (1 | g), d)\nstart <- c(0.5, 2.25)\nif (a\n    > 2.5) print(1.5)\n# Fixed effects: 2.5\n"
    printout = read_printout(SAID.format(f"```r\n{code}```"))
    assert not [*printout]


@pytest.mark.parametrize("margin", ["\t", "\t\t", "    "])
def test_a_margin_of_tabs_or_blanks_is_none_of_the_text(margin):
    same_everywhere(lambda text: "\n".join(f"{margin}{line}".rstrip() for line in text.split("\n")))
    same_everywhere(lambda text: SAID.format("\n".join(f"{margin}{line}" for line in text.split("\n"))), ["glmm"])


def with_tabs(text):
    """Return a text in which an editor put tabs for the blanks before each eighth column."""
    found = []
    for line in text.split("\n"):
        pieces = [line[at : at + 8] for at in range(0, len(line), 8)]
        kept = [re.sub(r" {2,}$", "\t", piece) if len(piece) == 8 else piece for piece in pieces]
        found.append("".join(kept))
    return "\n".join(found)


def test_tabs_for_blanks_up_to_each_eighth_column_are_blanks():
    alone = {"matrix", "narrow", "pairs"}
    same_everywhere(with_tabs, TEXTS.keys() - alone)
    for name in alone:
        assert set(found(with_tabs(TEXTS[name]))) <= set(found(TEXTS[name]))


def test_a_group_whose_name_has_a_blank_is_known_by_its_count():
    text = """Random effects:
 Groups   Name        Variance Std.Dev.
 shed     (Intercept) 0.25     0.50
 shed.1   hours       0.09     0.30
 keeper 2 (Intercept) 0.01     0.10
 Residual             1.00     1.00
Number of obs: 320, groups:  shed, 16; keeper 2, 12
"""
    ids = [id for _, id, *_ in found(text) if id.endswith("sd")]
    assert ids == [
        "varcomp.shed.intercept.sd", "varcomp.shed_1.hours.sd", "varcomp.keeper 2.intercept.sd", "varcomp.residual.sd",
    ]  # fmt: skip


@pytest.mark.parametrize("row", ["-1.0097 -0.7676 -0.6478 0.1234 0.7 0.1 0.2", "fm1     1 57 1.2 3.4 5.6 0.7 0.5 0.1"])
def test_a_row_below_a_table_that_has_no_label_is_none_of_it(row):
    texts = [text for _, _, text, *_ in found(f"{TEXTS['anova']}\n\n{row}\n")]
    assert texts == [text for _, _, text, *_ in found(TEXTS["anova"])]
