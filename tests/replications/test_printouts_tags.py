"""Texts that name tags of web pages: none of their numbers vanishes, whatever stands in an element that never ends."""

import pytest

from replications.printouts.read import read_printout

TABLE = """
              Estimate Std. Error z value Pr(>|z|)
(Intercept)    1.90000    0.41000   4.634 3.58e-06
rain           0.27500    0.11000   2.500   0.0124
"""
NAMED = ["head", "nav", "script", "style", "svg", "math", "table", "tr", "td", "pre", "body", "html", "textarea"]
KABLE = "<table>\n<tr><th></th><th>Estimate</th></tr>\n" + "".join(
    f"<tr><td>{name}</td><td>{number}</td></tr>\n"
    for name, number in (("wind", "3.25"), ("sun", "4.75"), ("fog", "5.5"))
)


def told(text):
    printout = read_printout(text)
    return {number.text for block in printout for number in block.numbers}, [line for _, line in printout.unread]


@pytest.mark.parametrize("tag", NAMED)
@pytest.mark.parametrize("others", [5, 40])
def test_a_text_may_name_tags(tag, others):
    text = f"It writes a <{tag}> tag" + " and a <p> tag, then a <div>" * others + f", but no second <{tag}>.\n{TABLE}"
    texts, unread = told(text)
    assert {"1.90000", "0.0124"} <= texts
    assert not unread


@pytest.mark.parametrize("tag", ["head", "nav", "svg", "math"])
@pytest.mark.parametrize("around", ["<html><body>{}</body></html>", "<div><p>Below</p>{}</div>"])
def test_an_element_that_never_ends_hides_nothing_of_a_page(tag, around):
    output = "<pre>" + TABLE.replace(">", "&gt;") + "</pre>"
    assert {"1.90000", "0.0124"} <= told(around.format(f"<p>See <{tag}>.</p>{output}"))[0]
    once = f"<p>See <{tag}>.</p><{tag}>9.99</{tag}>{output}"
    assert {"1.90000", "0.0124"} <= told(around.format(once))[0]


@pytest.mark.parametrize("end", ["</td></tr></table></body></html>", "</td></tr>", ""])
def test_the_last_cell_of_a_page_need_not_be_closed(end):
    texts, _ = told(f"<html><body>{KABLE}<tr><td>ice</td><td>6.125{end}")
    assert {"3.25", "4.75", "5.5", "6.125"} <= texts


def test_the_head_of_a_page_may_be_ended_by_its_body():
    page = f"<html><head><title>T</title><body><pre>{TABLE.replace('>', '&gt;')}</pre></body></html>"
    assert {"1.90000", "0.0124"} <= told(page)[0]


@pytest.mark.parametrize("above", ["> kable(x)\n", "The table, then the model:\n\n"])
def test_what_stands_beside_a_table_with_tags_is_read(above):
    texts, unread = told(f"{above}{KABLE}</table>\n> summary(m)\n{TABLE}")
    assert {"3.25", "5.5", "1.90000", "0.0124"} <= texts
    assert not unread


def test_the_head_of_a_page_is_none_of_its_output():
    output = TABLE.replace(">", "&gt;")
    page = f"<html><head><style>p {{ width: 2.5 }}</style></head><body><pre>{output}</pre></body></html>"
    assert "2.5" not in told(page)[0]
