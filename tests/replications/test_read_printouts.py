"""Reading a printout: pages of all kinds around the same output, damage, what is not read, the command."""

import json
import re
import time
from pathlib import Path

import pytest

import replications
from mlm.errors import ArgumentError
from replications import read_printout
from replications.__main__ import main
from replications.errors import PrintoutError
from replications.printouts.cells import is_number, stars_of, trailing
from replications.printouts.characters import plain

STORED = json.loads(Path(__file__).parents[1].joinpath("reference", "printouts.json").read_text("utf8"))["texts"]
GENERALIZED = Path(__file__).parents[1].joinpath("reference", "generalized_printouts.json")
SUMMARY = "\n".join(STORED["REML"])
NOT_NUMBERS = (
    "Formula",
    "Data",
    "Family",
    "Linear",
    "Generalized",
    "Signif",
    "Call",
    "lm(",
    "Correlation matrix",
    "Use ",
)


def ids(text):
    return [(number.id, number.text) for block in read_printout(text) for number in block.numbers]


def escaped(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def notebook(text):
    cell = {
        "cell_type": "code",
        "source": "print(m)",
        "outputs": [{"text": [line + "\n" for line in text.split("\n")]}],
    }
    return json.dumps({"cells": [cell], "nbformat": 4})


PAGES = {
    "knitr": lambda text: "\n".join(f"## {line}" for line in text.split("\n")),
    "reprex": lambda text: "\n".join(f"#> {line}" for line in text.split("\n")),
    "console": lambda text: f"> summary(m)\n{text}\n> ",
    "mail": lambda text: "\n".join(f"> {line}" for line in text.split("\n")),
    "Markdown": lambda text: f"We fit 2 terms.\n\n```{{r}}\nsummary(m)\n```\n\n```\n{text}\n```\n\nIt has 14 groups.",
    "HTML": lambda text: "<html><body><p>One, 2</p><pre class='r'><code>summary(m)</code></pre><pre><code>"
    + f"{escaped(text)}</code></pre></body></html>",
    "highlighted": lambda text: "<div><pre><code class='hljs'>"
    + "\n".join(f"<span>## {escaped(line)}</span>" for line in text.split("\n"))
    + "</code></pre></div><p>Text</p>",
    "notebook": notebook,
    "typographic": lambda text: text.replace("-", "\N{MINUS SIGN}").replace(" ", "\N{NO-BREAK SPACE}"),
    "Windows": lambda text: text.replace("\n", "\r\n"),
}  # fmt: skip


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("name", ["REML", "maximum likelihood", "more than twelve terms with tests"])
def test_the_same_is_read_whatever_stands_around_it(page, name):
    text = "\n".join(STORED[name])
    assert ids(PAGES[page](text)) == ids(text) != []


def stored():
    texts = {f"lmer, {name}": lines for name, lines in STORED.items()}
    return texts | {f"glmer, {n}": lines for n, lines in json.loads(GENERALIZED.read_text("utf8"))["texts"].items()}


def test_every_number_of_the_stored_printouts_is_read():
    """Those that end a line of R's output: as many, with the same strings, and no line is left."""
    count = 0
    for name, lines in stored().items():
        printout = read_printout("\n".join(lines))
        assert printout.unread == [], name
        found = [number.text for block in printout for number in block.numbers]
        for line in lines:
            if "~" in line or line.strip().startswith(NOT_NUMBERS) or "***'" in line or "' ' 1" in line:
                continue
            for cell in trailing(stars_of(line)[0]):
                assert cell.text in found, (name, line)
                found.remove(cell.text)
                count += 1
    assert count > 3000


def test_a_block_knows_its_model():
    block = read_printout(SUMMARY)[0]
    assert (block.kind, block.formula, block.data_name, block.reml) == ("lme4.summary", "y ~ x + (1 | g)", "d", True)
    assert block.get("fixef.x.se").text == "0.1433"
    number = block.get("varcomp.g.intercept.sd")
    assert (number.row, number.column, number.text) == ("g (Intercept)", "Std.Dev.", "0.7682")
    assert SUMMARY.split("\n")[number.line - 1].split()[-1] == number.text
    assert set(block.frame) == {"id", "text", "row", "column", "line"}
    with pytest.raises(KeyError):
        block.get("fixef.z.se")


def test_messages_and_wrapped_formulas_are_kept():
    text = SUMMARY.replace("y ~ x + (1 | g)", "y ~ x +\n    (1 | g)") + (
        "\noptimizer (nloptwrap) convergence code: 0 (OK)\nboundary (singular) fit: see help('isSingular')\n"
    )
    block = read_printout(text)[0]
    assert block.formula == "y ~ x + (1 | g)"
    assert [message.split()[0] for message in block.messages] == ["optimizer", "boundary"]


def test_rows_in_pieces_are_put_together():
    text = (
        "Random effects:\n                   Variance Std.Dev. Corr\nGroups\n         Name\n"
        "         (Intercept) 0.2503 0.5003\n"
        " g\n         x\n                  0.0336 0.1833\n                                    -0.61\nResidual\n"
        "                    2.9619\n                             1.7210\nNumber of obs: 90, groups:\n       g, 9\n"
    )
    found = dict(ids(text))
    assert found["varcomp.g.x.sd"] == "0.1833"
    assert found["varcomp.g.intercept__x.corr"] == "-0.61"
    assert found["varcomp.residual.variance"] == "2.9619"
    assert found["n_groups.g"] == "9"


def test_blanks_that_were_lost_do_no_harm():
    """Of each printout the same numbers come out, but for a line of names that have blanks within."""
    for name, lines in stored().items():
        squeezed = "\n".join(" ".join(line.split()) for line in lines)
        if "a dropped column, the model" not in name:
            assert ids(squeezed) == ids("\n".join(lines)), name


def test_what_cannot_be_placed_is_reported_and_not_guessed():
    text = SUMMARY.replace("x             0.2635     0.1433   1.839", "x             0.2635     1.839")
    printout = read_printout(text)
    assert "fixef.x.estimate" not in dict(ids(text))
    assert "x             0.2635     1.839" in [line for _, line in printout.unread]
    strange = read_printout("mystery 0.5 12.3\n")
    assert (strange[0].kind, strange.unread) == ("unread", [(1, "mystery 0.5 12.3")])


def test_a_page_without_numbers_has_no_blocks():
    assert read_printout("Nothing here.\n") == []
    assert "0 blocks" in str(read_printout(""))
    with pytest.raises(ArgumentError, match="text is the printout itself"):
        read_printout(Path("log.txt"))


def test_numbers_are_told_from_words():
    assert is_number("<.0001")
    assert is_number("-1.2e-05")
    assert not is_number("x2")
    assert stars_of("x 0.1 .") == ("x 0.1", ".")


def test_a_large_page_takes_less_than_a_second():
    one = escaped(SUMMARY)
    page = (
        "<html><body>"
        + f"<p>Text and more.</p><pre><code>{one}</code></pre>" * (600_000 // len(one))
        + "</body></html>"
    )
    start = time.perf_counter()
    printout = read_printout(page)
    assert len(printout) == 600_000 // len(one)
    assert time.perf_counter() - start < 10  # ten times what it takes, for machines that are busy


def test_the_command_lists_and_writes_json(tmp_path, capsys, monkeypatch):
    file = tmp_path / "log.txt"
    file.write_text(SUMMARY, "utf8")
    assert main(["read", str(file)]) == 0
    assert "lme4.summary" in capsys.readouterr().out
    assert main(["read", str(file), "--json"]) == 0
    (block,) = json.loads(capsys.readouterr().out)
    assert block["formula"] == "y ~ x + (1 | g)"
    (number,) = [number for number in block["numbers"] if number["id"] == "fixef.x.estimate"]
    line = 1 + next(at for at, line in enumerate(STORED["REML"]) if "0.2635" in line)
    assert number == {"text": "0.2635", "id": "fixef.x.estimate", "row": "x", "column": "Estimate", "line": line}
    file.write_text("Nothing.", "utf8")
    assert main(["read", str(file)]) == 2
    assert main(["read", str(tmp_path / "no.txt")]) == 2
    assert "cannot be opened" in capsys.readouterr().err
    file.write_bytes(b"\x89PNG\0\xff")
    assert main(["read", str(file)]) == 2
    assert "is not text" in capsys.readouterr().err


def test_it_is_at_the_front_door():
    assert replications.read_printout is read_printout


def test_tables_of_a_page_are_named_by_the_cells_that_tell_rows_apart():
    table = (
        "| effect | term | estimate | std.error | p.value |\n|:---|:---|---:|---:|---:|\n"
        "| fixed | (Intercept) | 5.04 | 0.479 | <0.001 |\n| fixed | x | −0.61 | 0.167 | 0.02 |\n"
        "| ran_pars | sd | 1.45 | NA | NA |\n"
    )
    found = dict(ids(table))
    assert found["fixed.intercept.estimate"] == "5.04"
    assert found["fixed.x.estimate"] == "-0.61"
    assert found["fixed.intercept.p"] == "<0.001"
    assert found["ran_pars.sd.estimate"] == "1.45"


def test_prose_and_code_around_output_are_no_output():
    text = (
        "The model of 3 terms has AIC 12.\n\n```{r}\nx <- c(1, 2, 3)\nm <- lmer(y ~ x, d) # 2 terms\n```\n\n"
        f"```\n{SUMMARY}\n```\n\nSchool 4 has 62, and school 3 has 49\n\n- item 1\n- item 2\n"
    )
    printout = read_printout(text)
    assert list(printout.kinds()) == ["lme4.summary"]


def test_a_page_made_by_bookdown():
    """Code in colours, output below it, a table; nothing of the prose and of the code."""
    page = (
        "<!DOCTYPE html><html><head><title>x 1</title></head><body><h2>Models 1 and 2</h2><div class='sourceCode'>"
        "<pre class='sourceCode r'><code class='sourceCode r'><span>m <span>&lt;-</span> lmer(y ~ x, d)</span>\n"
        f"<span>summary(m)</span></code></pre></div>\n<pre><code>{escaped(SUMMARY)}</code></pre>\n"
        "<pre class='sourceCode r'><code>AIC(m)</code></pre>\n<pre><code>## [1] 1076.3</code></pre>\n"
        "<div class='cell-output'><pre><code> Groups   Name        Std.Dev.\n g        (Intercept) 0.76820 \n"
        " Residual             2.16290 </code></pre></div>\n<p>School 4 has 62</p>\n"
        "<table><tr><th>term</th><th>estimate</th></tr><tr><td>x</td><td>&minus;0.26</td></tr></table></body></html>"
    )
    printout = read_printout(page)
    assert list(printout.kinds()) == ["lme4.summary", "stats.AIC", "lme4.VarCorr", "page.table"]
    assert printout[0].call.endswith("summary(m)")
    assert printout[1].get("aic").text == "1076.3"
    assert printout[3].get("x.estimate").text == "-0.26"


def test_lines_with_numbers_are_never_skipped_in_silence():
    """Where a page marks its output, also such as do not end with a number."""
    rows = ["       x            arm    ", " Min.   :-2.88892   old:87  ", " Mean   : 0.02183   new:78  "]
    knitr = read_printout("\n".join(f"## {row}" for row in rows))
    assert [line.split()[0] for _, line in knitr.unread] == ["Min.", "Mean"]
    page = read_printout("<html><pre><code>" + "\n".join(rows) + "</code></pre><p>Version 2.1 of it</p></html>")
    assert [line.split()[0] for _, line in page.unread] == ["Min.", "Mean"]


@pytest.mark.parametrize(
    "row",
    [
        "(Intercept)  2.17127    0.27979   7.760 1.43e-12 ***",
        "x            0.17127    0.09979   1.716   0.0865 .",
        "x  0.53 [0.10, 0.96]",
        "Days 10.47*** (1.55)",
        "x  -0.53 (0.10, 0.96) *",
        " Min.   :-2.88892   old:87",
    ],
)
def test_rows_of_tables_that_were_cut_off_are_reported(row):
    assert read_printout(row).unread == [(1, row)]


def test_a_dash_before_a_digit_is_a_minus_and_one_between_numbers_is_none():
    dashed = SUMMARY.replace("-", "\N{EN DASH}").replace("e\N{EN DASH}", "e-")
    same = [number for number in ids(SUMMARY) if not number[0].endswith(".stars")]
    assert [number for number in ids(dashed) if number in same] == same
    assert plain("1.2\N{EN DASH}3.4 \N{EN DASH}.5") == "1.2\N{EN DASH}3.4 -.5"


@pytest.mark.parametrize(
    "broken", ['{"cells": 3}', '{"cells": [1]}', '{"cells": [{"cell_type": "code", "outputs": 2}]}']
)
def test_what_begins_as_a_notebook_and_is_none_is_one_error(broken):
    with pytest.raises(PrintoutError, match="begins as a notebook"):
        read_printout(broken)


def test_a_line_of_many_numbers_takes_time_proportional_to_its_length():
    line = "x " + " ".join(["0.25"] * 20_000)
    start = time.perf_counter()
    assert len(trailing(line)) == 20_000
    assert len(read_printout(line).unread) == 1
    assert len(read_printout(line.replace("x", "[1]", 1))[0].numbers) == 20_000
    assert time.perf_counter() - start < 10  # it took minutes


COMMAS = (
    "(Intercept)   0,7528     0,1234   6,1001 1,2e-05 ***",
    "x 0,7528",
    "[1] 0,7528",
    "AIC     | 12,34567",
    "REML criterion at convergence: 1743,6283",
    "Multiple R-squared:  0,7528,    Adjusted R-squared:  0,752 ",
    "Residual standard error: 2,1234 on 18 degrees of freedom",
    "F-statistic: 44,8912 on 1 and 18 DF,  p-value: 0,00012",
    "<div><table><tr><th>x</th><th>y</th></tr><tr><td>b</td><td>0,7528</td></tr></table></div>",
)


@pytest.mark.parametrize("text", COMMAS)
def test_a_number_with_a_decimal_comma_is_read_whole_or_reported(text):
    printout = read_printout(text)
    assert len(printout.unread) == 1
    assert all(
        re.search(rf"(?<![\d,]){re.escape(number.text)}(?![\d]|,\d)", text) for b in printout for number in b.numbers
    )


def test_tables_with_decimal_commas_are_read_whole_or_reported():
    head = "            Estimate Std. Error t value\n"
    table = read_printout(f"{head}(Intercept)   0,7528     0,1234   6,100\nx             1,5000     0,2000   7,500\n")
    assert not table.unread
    assert [n.text for n in table[0].numbers] == ["0.7528", "0.1234", "6.100", "1.5000", "0.2000", "7.500"]
    mixed = read_printout(f"{head}(Intercept)   0,7528     0,1234   6,100\nx             1.5000     0.2000   7.500\n")
    assert [line for line, _ in mixed.unread] == [2]
    rows = (("", "Model 1"), ("(Intercept)", "0,7528 (0,1234)***"), ("AIC", "234,5678"), ("Num. obs.", "180"))
    cells = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    page = read_printout(f"<html><table>{cells}</table></html>")
    assert [text for _, text in page.unread] == ["(Intercept) 0,7528 (0,1234)***", "AIC 234,5678"]
    assert page[0].get("n_obs").text == "180"
