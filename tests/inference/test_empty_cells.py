"""Tests of terms in designs with empty cells: they run, are comparisons of models, and know no order of levels."""

import itertools
import warnings

import numpy as np
import pandas as pd
import pytest

import mlm

FORMULAS = ["a*b*c", "a*b + b*c", "(a + b + c)^2", "a*b*c + x:a", "a*b*x"]
SEEDS = range(8)


def design(seed):
    rng = np.random.default_rng(seed)
    cells = list(itertools.product("pqr", "uvw", "mn"))
    empty = set(rng.choice(len(cells), rng.integers(2, 7), replace=False).tolist())
    rows = [cell for k, cell in enumerate(cells) if k not in empty for _ in range(rng.integers(1, 4))]
    d = pd.DataFrame(rows, columns=list("abc"))
    return d.assign(x=rng.normal(size=len(d)), y=rng.normal(size=len(d)), g=rng.integers(0, 5, len(d)))


def turned(d):
    """The same rows with the levels in another order."""
    return d.assign(**{name: pd.Categorical(d[name], sorted(d[name].unique())[::-1]) for name in "ab"})


def fitted(formula, d, fit=mlm.lm, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.MlmWarning)
        return fit(formula, d, **options)


def three_factors():
    empty = {("p", "u", "m"), ("q", "u", "n")}
    e = pd.DataFrame([c for c in itertools.product("pq", "uvw", "mn") if c not in empty] * 3, columns=list("abc"))
    return e.assign(y=np.arange(len(e)) % 7 * 1.0, g=np.arange(len(e)) // 3 % 5)


@pytest.mark.parametrize("ddf", ["satterthwaite", "kenward-roger"])
def test_type_iii_is_had_where_no_cell_tells_a_term(ddf):
    linear = mlm.anova(fitted("y ~ a*b*c", three_factors()), type=3)
    mixed = mlm.anova(fitted("y ~ a*b*c + (1 | g)", three_factors(), mlm.lmer), type=3, ddf=ddf)
    for found, df in ((linear, "Df"), (mixed, "NumDF")):
        assert found.frame.loc[["a", "b", "c", "a:b", "a:c", "b:c", "a:b:c"], df].tolist() == [1, 2, 1, 1, 1, 1, 1]
        assert "Missing cells for: ap:bu:cm, aq:bu:cn." in str(found)


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("seed", SEEDS)
def test_the_order_of_levels_does_not_matter(formula, seed):
    d = design(seed)
    for kind in (2, 3):
        one = mlm.anova(fitted(f"y ~ {formula}", d), type=kind).frame
        contrasts = {"c": "sum"} if "c" in formula else {}
        other = mlm.anova(fitted(f"y ~ {formula}", turned(d), contrasts=contrasts), type=kind).frame
        pd.testing.assert_frame_equal(one, other, rtol=1e-6)
    mixed = [fitted(f"y ~ {formula} + (1 | g)", each, mlm.lmer) for each in (d, turned(d))]
    one, other = (mlm.drop1(m).frame[["Sum Sq", "NumDF"]] for m in mixed)
    pd.testing.assert_frame_equal(one, other, rtol=1e-4, atol=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_type_ii_is_the_comparison_of_two_models(seed):
    d = design(seed)
    found = mlm.anova(fitted("y ~ a*b + b*c", d), type=2).frame
    without = {"a": "b*c", "b": "a + c", "c": "a*b", "a:b": "a + b*c", "b:c": "a*b + c"}
    more = {"a": "a + b*c", "b": "a + b + c", "c": "a*b + c", "a:b": "a*b + b*c", "b:c": "a*b + b*c"}
    for term, smaller in without.items():
        small, large = (fitted(f"y ~ {each}", d) for each in (smaller, more[term]))
        assert found.loc[term, "Df"] == small.df_resid - large.df_resid
        assert found.loc[term, "Sum Sq"] == pytest.approx(small.deviance - large.deviance, rel=1e-7, abs=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_dropped_is_the_smaller_model(seed):
    m = fitted("y ~ a*b + b*c + (1 | g)", design(seed), mlm.lmer)
    for term, smaller in {"a:b": "a + b*c", "b:c": "a*b + c"}.items():
        small = fitted(f"y ~ {smaller} + (1 | g)", design(seed), mlm.lmer)
        fewer = len(m.fixef) - len(small.fixef)
        assert mlm.drop1(m).frame.loc[term, "NumDF"] == fewer
        if fewer:
            kr = mlm.anova(small, m, method="kr").frame
            assert mlm.drop1(m, ddf="kenward-roger").frame.loc[term, "F value"] == pytest.approx(
                kr["stat"].iloc[0], rel=1e-6
            )


def test_a_term_without_degrees_of_freedom_still_contains_others():
    """SAS and lmerTest (F 20.0055): levels count as often as cells with rows have them, not each the same."""
    rng = np.random.default_rng(103)
    cells = [("p", "v"), ("q", "u"), ("r", "u"), ("r", "v")]
    d = pd.DataFrame([cell for cell in cells for _ in range(24)], columns=["a", "b"])
    d = d.assign(x=rng.normal(size=96), y=rng.normal(size=96), g=rng.integers(0, 12, 96))
    m = fitted("y ~ a*b*x + (1 | g)", d, mlm.lmer)
    found = mlm.anova(m, type=3)
    assert found.frame.loc[["a:b", "a:b:x"], "NumDF"].tolist() == [0, 0]
    weights = dict(zip(m.fixef.index, found.contrasts["x"][0], strict=True))
    assert weights == pytest.approx({**dict.fromkeys(weights, 0.0), "x": 1.0, "aq:x": 0.3, "ar:x": 0.4, "bv:x": 0.5})


def test_a_term_that_is_all_left_out_takes_nothing_from_the_others():
    rng = np.random.default_rng(4)
    d = pd.DataFrame({"y": rng.normal(size=60), "x": rng.normal(size=60), "f": np.tile(list("abc"), 20)})
    d = d.assign(twice=2.0 * d["x"], h=d["f"].map({"a": "m", "b": "n", "c": "n"}))
    found, wanted = (mlm.anova(fitted(f"y ~ x + f{more}", d), type=3).frame for more in (" + twice + h + f:h", ""))
    pd.testing.assert_frame_equal(found.loc[["x", "f"]], wanted.loc[["x", "f"]])
