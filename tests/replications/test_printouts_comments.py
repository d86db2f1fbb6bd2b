# ruff: noqa: E501  (printouts are as wide as they are)
"""Output behind what knitr's ``comment =`` put in front of it: the same is read, and comments of code are none."""

import html
import json
from pathlib import Path

import pytest

from replications.printouts.comments import with_known_prefix
from replications.printouts.read import read_printout

STORED = json.loads(Path(__file__).parents[1].joinpath("reference", "printouts.json").read_text("utf8"))["texts"]
TEXTS = {
    "summary": "\n".join(STORED["REML"]),
    "wide": "\n".join(STORED["more than twelve terms with tests"]),
    "vector": "[1] 0.25 0.75",
    "likelihood": "'log Lik.' -897.0393 (df=4)",
    "names": "(Intercept)    old drug \n       5.15       -0.20 ",
    "contrasts": " contrast              estimate    SE  df t.ratio p.value\n"
    " new drug - old drug    -0.208 0.171 212  -1.214  0.4464\n old drug - placebo B    0.076 0.181 214   0.421  0.6736\n",
    "frame": "  dose weight\n1  0.5   2.25\n2  1.5   3.75",
    "shares": "# R2 for Mixed Models\n\n  Conditional R2: 0.549\n     Marginal R2: 0.301",
    "tibble": "# A tibble: 2 x 3\n  term        estimate p.value\n  <chr>          <dbl>   <dbl>\n"
    "1 (Intercept)    5.04  1.17e-8\n2 old drug       0.608 1.38e-3",
}
PREFIXES = ["# ", "#", "##", "#> ", "#>", "> ", ">", "[out] ", "out> ", "% ", "//", "#  ", "*# "]


GRID = (
    "|            | Estimate| Std. Error|\n|:-----------|--------:|----------:|\n|(Intercept) |    10.46|       0.21|"
)


def numbers(text):
    printout = read_printout(text)
    return [(b.kind, b.formula, n.id, n.text, n.row) for b in printout for n in b.numbers], len(printout.unread)


def prefixed(text, prefix):
    return "\n".join((prefix + line).rstrip() for line in text.split("\n"))


PAGES = {
    "text": lambda text: text,
    "fence": lambda text: f"``` r\nfixef(fit)\n```\n\n```\n{text}\n```\n\nWe see 2.\n",
    "one fence with the code": lambda text: f"``` r\n# what 2.5 gives\nfixef(fit)\n{text}\n```\n\nWe see 2.\n",
    "margin": lambda text: "``` r\nfixef(fit)\n```\n\n" + prefixed(text, "    ") + "\n\nWe see 2.\n",
    "page": lambda text: f"<html><body><p>One</p><pre><code>{html.escape(text)}</code></pre></body></html>",
}


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("name", TEXTS)
def test_the_same_is_read_behind_every_prefix(name, prefix, page):
    found, unread = numbers(PAGES[page](prefixed(TEXTS[name], prefix)))
    if unread == 0 or found:
        assert (found, unread) == numbers(TEXTS[name])
    else:
        assert name in ("names", "frame")  # too little to tell from a comment, but said


CODE = """# the fit of 2015, 3.5 points
# m1: y ~ x, AIC 12.5
# Random effects: sd 0.5
# TODO: try 0.75
#set.seed(2.5)
m <- lmer(y ~ x + (1 | g), d)  # 0.5
## Fixed effects:
summary(m)
#### 3. Section 2.5 ####
# x = 0.5
# y = 1.5
"""


@pytest.mark.parametrize("page", ["``` r\n{}```\n\nText.\n", "{}", "<html><body><pre class='r'>{}</pre></body></html>"])
def test_comments_of_code_are_no_output(page):
    assert [number for block in read_printout(page.format(CODE)) for number in block.numbers] == []
    assert with_known_prefix(CODE.split("\n")) == CODE.split("\n")


def test_labels_of_rows_are_no_prefix():
    text = "school 1  0.25  0.75\nschool 2  0.50  1.25\nschool 3  0.75  1.75"
    table = "Least Squares Means table:\n        arm Estimate\narm 1     1    3.100\narm 10   10    0.100"
    for lines in (text, table, "> anova(m1, m2)\n> AIC(m1) # 2.5\n> m1"):
        assert with_known_prefix(lines.split("\n")) == lines.split("\n")


def test_a_prefix_that_is_known_from_one_output_is_one_of_all():
    text = "[out] 'log Lik.' -897.0393 (df=4)\n\n[out]    n groups\n[out]  240     12\n"
    assert with_known_prefix(text.split("\n")) == [
        "## 'log Lik.' -897.0393 (df=4)",
        "",
        "##   n groups",
        "## 240     12",
        "",
    ]


@pytest.mark.parametrize("prefix", ["#> ", "## "])
def test_a_table_between_bars_is_read_behind_a_prefix(prefix):
    assert numbers(prefixed(GRID, prefix)) == numbers(GRID)
    assert [text for *_, text, _ in numbers(GRID)[0]] == ["10.46", "0.21"]
