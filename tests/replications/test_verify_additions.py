"""Terms added one by one: likelihood ratios by the fall of AIC, where those of terms left out are by its rise."""

import pytest

from replications import verify
from replications.printouts.read import read_printout

ADDED = """Single term additions

Model:
yield ~ rain
       Df    AIC     LRT  Pr(>Chi)
<none>    1502.40
soil    2 1490.10 16.3000 0.0002887 ***
wind    1 1503.30  1.1000 0.2942661
---
Signif. codes:  0 '***' 0.001 '**' 0.01 '*' 0.05 '.' 0.1 ' ' 1
"""
LEFT_OUT = ADDED.replace("additions", "deletions").replace("1490.10", "1514.70").replace("1503.30", "1501.50")


def lrt_of(text):
    return {f.id: f.verdict for f in verify(text).findings if f.id.endswith(".lrt")}


@pytest.mark.parametrize(("text", "kind"), [(ADDED, "stats.add1"), (LEFT_OUT, "stats.drop1")])
def test_likelihood_ratios_agree_with_the_criteria(text, kind):
    (block,) = read_printout(text)
    assert (block.kind, block.formula) == (kind, "yield ~ rain")
    assert lrt_of(text) == {"soil.lrt": "agrees", "wind.lrt": "agrees"}
    assert not verify(text).having("differs")


@pytest.mark.parametrize("text", [ADDED, LEFT_OUT])
def test_a_wrong_ratio_is_found(text):
    assert lrt_of(text.replace("16.3000", "15.3000"))["soil.lrt"] == "differs"


@pytest.mark.parametrize("text", [ADDED, LEFT_OUT])
def test_the_title_tells_the_direction(text):
    turned = text.replace("additions", "x").replace("deletions", "additions").replace("x", "deletions")
    assert set(lrt_of(turned).values()) == {"differs"}


def test_one_below_the_other_are_two_blocks():
    assert list(read_printout(ADDED + "\n" + LEFT_OUT).kinds()) == ["stats.add1", "stats.drop1"]
    assert list(read_printout(LEFT_OUT + ADDED).kinds()) == ["stats.drop1", "stats.add1"]
