"""What a notebook shows: the printed text, escaped, in the colours of the page."""

import re

import pandas as pd
import pytest
from rmodels import data

import mlm

COLOUR = re.compile(r"#[0-9a-f]{3,8}\b|rgb|white(?!-space)|black", re.IGNORECASE)
NAME = "a<b&c>"


@pytest.fixture(scope="module")
def shown():
    d = data().rename(columns={"g": NAME, "x": "<x>"})
    m = mlm.lmer(f"y ~ `<x>` + f + (1 | `{NAME}`)", d, data_name="<data>")
    smaller = mlm.lmer(f"y ~ f + (1 | `{NAME}`)", d, data_name="<data>")
    return {
        "model": m,
        "summary": m.summary("satterthwaite"),
        "lm": mlm.lm("y ~ `<x>` * f", d, data_name="<data>"),
        "anova": mlm.anova(smaller, m, names=["<small>", "large & all"]),
        "effect": mlm.effect(m, "<x>", at={"f": ["low", "high"]}),
    }


@pytest.mark.parametrize("kind", ["model", "summary", "lm", "anova"])
def test_printed_text_is_escaped(shown, kind):
    found = shown[kind]._repr_html_()
    tag, _, text = found.partition(">")
    assert tag.startswith('<pre class="mlm-')
    assert text.endswith("</pre>")
    assert not re.search("[<>]", text.removesuffix("</pre>"))
    assert text.removesuffix("</pre>").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") == str(
        shown[kind]
    )


@pytest.mark.parametrize("kind", ["model", "summary", "lm", "anova", "effect"])
def test_colours_are_the_pages(shown, kind):
    assert not COLOUR.search(shown[kind]._repr_html_())


def test_columns_keep_their_places(shown):
    style = shown["model"]._repr_html_().partition(">")[0]
    assert "monospace" in style
    assert "white-space: pre;" in style
    assert "overflow-x: auto" in style


def test_an_effect_is_a_table(shown):
    effect = shown["effect"]
    found = effect._repr_html_()
    assert found.startswith("<p>Effect of &lt;x&gt; on y by f, with a 95% band</p>")
    assert "<th>&lt;x&gt;</th>" in found
    assert "<x>" not in found
    text = str(effect).split("\n")
    assert text[:2] == ["Effect of <x> on y by f, with a 95% band", ""]
    assert len(text) < 20 < len(effect.frame)
    assert repr(effect) == str(effect)


def test_an_effect_says_what_it_holds_constant():
    d = data()
    m = mlm.lm("y ~ x + z + f", d)
    few = mlm.effect(m, "x", values=[0.0, 1.0], level=0.9995)
    shares = ", ".join(f"{(d.f == level).mean():.0%} {level}" for level in ("low", "mid", "high"))
    assert str(few).split("\n")[0] == f"Effect of x on y, with a 99.95% band; z at {d.z.mean():.4g}; f at {shares}"
    assert len(str(few).split("\n")) == 5


def test_a_model_has_one_line_among_others():
    m = mlm.lmer("y ~ x + (1 | g)", data())
    assert "\n" not in repr(m)
    assert repr([m]) == f"[{m!r}]"
    assert isinstance(m.ranef(), pd.DataFrame)
