"""Which models are special cases of which: of means, by columns; of covariances, by what random effects can make."""

import warnings

import numpy as np
import pytest
from rmodels import data

import mlm
from mlm.inference.nesting import Space


def frame():
    """The data with a year, seconds, copies in other units and a finer grouping factor."""
    d = data()
    turn = np.arange(180) % 5
    return d.assign(
        year=2000.0 + turn,
        centred=turn - 2.0,
        seconds=1.7e9 + 1000 * d.x,
        huge=1e150 * d.z,
        tiny=1e-150 * d.z,
        own=d.h + d.g.astype(str),
        again=d.g.map(lambda k: f"group {k}"),
        dummy=(d.f == "low").astype(float),
        rest=(d.f != "low").astype(float),
        sign=np.where(d.g % 2, -d.x, d.x),
    )


def compare(small, large):
    """What the comparison warns of."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.SingularFitWarning)
        warnings.simplefilter("ignore", mlm.IdentificationWarning)
        models = [
            mlm.lmer(text, frame(), reml=False) if "|" in text else mlm.lm(text, frame()) for text in (small, large)
        ]
        warnings.simplefilter("always", mlm.NestingWarning)
        with warnings.catch_warnings(record=True) as caught:
            mlm.anova(*models, names=["one", "other"])
    return [str(w.message) for w in caught if w.category is mlm.NestingWarning]


@pytest.mark.parametrize(
    ("small", "large"),
    [
        ("y ~ 1", "y ~ x"),
        ("y ~ x", "y ~ x"),
        ("y ~ centred", "y ~ year + z"),
        ("y ~ year", "y ~ centred + z"),
        ("y ~ I(centred**2)", "y ~ year + I(year**2)"),
        ("y ~ x", "y ~ seconds + w"),
        ("y ~ huge", "y ~ x + tiny"),
        ("y ~ tiny", "y ~ x + huge"),
        ("y ~ 1", "y ~ 0 + f"),
        ("y ~ 0 + f", "y ~ f + x"),
        ("y ~ dummy", "y ~ f"),
        ("y ~ x + f", "y ~ x * f"),
        ("y ~ 1", "y ~ 0 + dummy + rest"),
        ("y ~ offset(x)", "y ~ seconds"),
        ("y ~ x + offset(I(z + 3))", "y ~ x + z"),
        ("y ~ x + offset(I(2 * x))", "y ~ x + z"),
        ("y ~ 1 + (1 | g)", "y ~ x + (x | g)"),
        ("y ~ x + (1 | g)", "y ~ x + (1 | g) + (1 | h)"),
        ("y ~ x + (1 | again)", "y ~ x + (x | g)"),
        ("y ~ x + (x || g)", "y ~ x + (x | g)"),
        ("y ~ x + (1 | g) + (0 + z | g)", "y ~ x + (x + z | g)"),
        ("y ~ x + (0 + x | g)", "y ~ x + (x || g)"),
        ("y ~ 1 + (centred | g)", "y ~ centred + (year | g)"),
        ("y ~ 1 + (0 + centred | g)", "y ~ centred + (year | g)"),
        ("y ~ x + (1 | g)", "y ~ x + (0 + f | g)"),
        ("y ~ x + (1 | g:f)", "y ~ x + (f | g)"),
        ("y ~ x + (1 | g) + (1 | g:f)", "y ~ x + (0 + f | g)"),
        ("y ~ x + (1 | h/g)", "y ~ x + (1 | h) + (1 | own) + (1 | g)"),
        ("y ~ x + (0 + sign | g)", "y ~ x + (x | g)"),
        ("y ~ x + (f | g)", "y ~ x + (f || g)"),
        ("y ~ x + (1 | g:f)", "y ~ x + (f || g)"),
        ("y ~ x + (0 + dummy + rest | g)", "y ~ x + (f || g)"),
        ("y ~ x", "y ~ x + (1 | g)"),
    ],
)
def test_nested(small, large):
    assert compare(small, large) == []


@pytest.mark.parametrize(
    ("small", "large", "outside"),
    [
        ("y ~ x", "y ~ z + w", ["'x'"]),
        ("y ~ seconds", "y ~ z + w", ["'seconds'"]),
        ("y ~ huge + x", "y ~ seconds + w + f", ["'huge'"]),
        ("y ~ 1", "y ~ 0 + x + z", ["'(Intercept)'"]),
        ("y ~ year", "y ~ 1 + x + z", ["'year'"]),
        ("y ~ f", "y ~ dummy + z + w", ["'fmid'", "'fhigh'"]),
        ("y ~ x + offset(w)", "y ~ x + z", ["the offset"]),
        ("y ~ x + z + (1 | g)", "y ~ x + (x | g)", ["'z'"]),
        ("y ~ x + (1 | g)", "y ~ x + (x | h)", ["'(1 | g)'"]),
        ("y ~ x + (1 + z | g)", "y ~ x + w + (x | g)", ["'(1 + z | g)'"]),
        ("y ~ x + (0 + z | g)", "y ~ x + (x || g)", ["'(0 + z | g)'"]),
        ("y ~ x + (1 | g:f)", "y ~ x + (x + z | g)", ["'(1 | g:f)'"]),
        ("y ~ x + (f + x | g)", "y ~ x + w + z + (f + x || g) + (1 | h)", ["'(1 + f + x | g)'"]),
        (
            "y ~ 1 + (0 + x + z | g)",  # covariances of either sign; those of the sum are positive
            "y ~ 1 + (0 + x | g) + (0 + z | g) + (0 + I(x + z) | g) + (1 | h)",
            ["'(0 + x + z | g)'"],
        ),
        ("y ~ x + (1 | g)", "y ~ x + (1 | own) + (0 + x | own)", ["'(1 | g)'"]),
        ("y ~ x + (1 | own)", "y ~ x + (x | g)", ["'(1 | own)'"]),
        ("y ~ 1 + (0 + year | g)", "y ~ 1 + (1 | g) + (0 + centred | g)", ["'(0 + year | g)'"]),
        ("y ~ x + (1 | g)", "y ~ x + f + C(h)", ["'(1 | g)'"]),
        ("y ~ z + offset(w) + (1 | h)", "y ~ x + (x | g)", ["'z'", "the offset", "'(1 | h)'"]),
    ],
)
def test_not_nested(small, large, outside):
    (message,) = compare(small, large)
    assert message.startswith(f"one is not nested in other, which cannot express {', '.join(outside)}. ")
    assert message.endswith("compare these by AIC or BIC.")


def test_the_smaller_model_is_named_first():
    (message,) = compare("y ~ x + (x | g)", "y ~ x + (1 | h)")
    assert message.startswith("other is not nested in one, which cannot express '(1 | h)'.")


def test_the_residual_variance_of_f_is_of_the_largest_model():
    """Neighbours are nested, and the first is not in the one whose residual variance its test uses."""
    models = [mlm.lm(text, data()) for text in ("y ~ x", "y ~ 1", "y ~ z + w + f")]
    with pytest.warns(mlm.NestingWarning, match="model1 is not nested in model3, which cannot express 'x'") as caught:
        mlm.anova(*models)
    assert len(caught) == 1


def test_each_pair_is_named_once():
    models = [mlm.lm(text, data()) for text in ("y ~ z + w", "y ~ x")]
    with pytest.warns(mlm.NestingWarning) as caught:
        mlm.anova(*models)
    assert len(caught) == 1


@pytest.mark.parametrize("scale", [1e-200, 1.0, 1e200])
@pytest.mark.parametrize("shift", [0.0, 1e6])
def test_a_space_has_its_own_combinations_and_no_others(scale, shift):
    rng = np.random.default_rng(7)
    columns = shift + rng.normal(size=(50, 3))
    space = Space.of(np.column_stack([np.ones(50), columns * scale, np.zeros(50), columns[:, 0]]))
    inside, outside = columns @ rng.normal(size=(3, 4)) - 5, columns + 1e-5 * rng.normal(size=(50, 3))
    assert space.basis.shape == (50, 4)
    assert not space.lacks(inside / scale).any()
    assert space.lacks(outside * scale).all()
