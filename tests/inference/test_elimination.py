"""Random effects and terms left out: the same models as by their own formulas.

`test_hypothesis_tests` compares the tables with lmerTest's.
"""

import warnings

import numpy as np
import pytest
from reference.hypothesis_tests import rows

import mlm
from mlm.frame.reduction import with_fixed_terms


def fitted(formula, frame, fit=mlm.lmer, **options):
    with warnings.catch_warnings():
        for kind in (mlm.SingularFitWarning, mlm.RankWarning):
            warnings.simplefilter("ignore", kind)
        return fit(formula, frame, **options)


@pytest.mark.parametrize("options", [{}, {"weights": "w"}, {"offset": "o"}, {"reml": False}])
def test_what_is_left_is_fitted_as_by_its_own_formula(options):
    m = fitted("y ~ A * B + x + (1 + x + z | g) + (1 | h)", rows("slopes"), **options)
    found = mlm.ranova(m).frame
    smaller = {
        "x in (1 + x + z | g)": "(1 + z | g) + (1 | h)",
        "z in (1 + x + z | g)": "(1 + x | g) + (1 | h)",
        "(1 | h)": "(1 + x + z | g)",
    }
    assert list(found.index) == ["<none>", *smaller]
    for label, random in smaller.items():
        other = fitted(f"y ~ A * B + x + {random}", rows("slopes"), **options)
        assert found.loc[label, "logLik"] == pytest.approx(other.loglik, abs=1e-8)
        assert found.loc[label, "npar"] == other.npar
    whole = mlm.ranova(m, reduce_terms=False).frame
    assert list(whole.index) == ["<none>", "(1 + x + z | g)", "(1 | h)"]
    assert whole.loc["(1 + x + z | g)", "Df"] == 6


def test_without_random_effects_the_likelihood_is_that_of_least_squares():
    m = fitted("y ~ A + x + (1 | g)", rows("main"), reml=False)
    found = mlm.ranova(m).frame
    linear = mlm.lm("y ~ A + x", rows("main"))
    assert found.loc["(1 | g)", "logLik"] == pytest.approx(linear.loglik, abs=1e-9)
    assert found.loc["(1 | g)", "npar"] == linear.npar


def test_a_category_coded_by_all_its_levels_leaves_the_constant():
    found = mlm.ranova(fitted("y ~ x + (0 + B | g)", rows("slopes"))).frame
    want = fitted("y ~ x + (1 | g)", rows("slopes"))
    assert found.loc["B in (0 + B | g)", "logLik"] == pytest.approx(want.loglik, abs=1e-8)
    # of a number alone nothing is left
    alone = mlm.ranova(fitted("y ~ x + (0 + x | g)", rows("slopes"))).frame
    assert alone["npar"].tolist() == [4, 3]


def test_terms_without_which_others_would_be_coded_in_another_way_stay():
    kept = mlm.step(fitted("flat ~ 0 + A + B + (1 | g)", rows("main")), alpha_fixed=0.0, keep="B", reduce_random=False)
    assert kept.fixed.frame["Eliminated"].to_dict() == {"A": 0.0, "B": 0.0}
    (note,) = kept.fixed.notes
    assert note == "A stays: without A, categories of 0 + B are coded in another way."
    assert note in str(kept)
    assert len(kept.model.fixef) == 4
    m = fitted("y ~ A * B + x + (1 | g)", rows("main"))
    smaller = with_fixed_terms(m.frame, [0, 1, 2])
    assert smaller.formula.text == "y ~ A + B + x + (1 | g)"
    assert smaller.x_names == ("(Intercept)", "Ab", "Ac", "Bv", "x")


def test_columns_that_depended_on_what_is_left_out_come_back():
    """Of B beside A:B nothing was left; without A:B it has its column."""
    frame = rows("main").assign(copy=lambda d: d["x"])
    m = fitted("y ~ x:z + x + copy + (1 | g)", frame)
    assert m.frame.left_out == ("copy",)
    again = m.on(with_fixed_terms(m.frame, [1, 2]))
    assert list(again.fixef.index) == ["(Intercept)", "copy", "x:z"]


def test_a_step_fits_again_what_it_says():
    m = fitted("y ~ A * B * x + z + (1 + x | g)", rows("main"))
    found = mlm.step(m)
    assert found.model.deviance == pytest.approx(fitted(found.model.formula, rows("main")).deviance, abs=1e-7)
    assert found.fixed.frame.index[found.fixed.frame["Eliminated"] > 0].tolist()
    assert "Model found:" in str(found)
    kept = mlm.step(m, keep="z", reduce_random=False)
    assert kept.random.frame["Eliminated"].max() == 0
    assert "z" in kept.model.frame.formula.fixed.labels
    whole = mlm.step(m, reduce_random=False, reduce_fixed=False)
    assert whole.model is m
    assert found._repr_html_().startswith("<pre")


def test_without_random_effects_a_linear_model_is_left():
    found = mlm.step(fitted("flat ~ A + x + (1 | g)", rows("main")))
    assert isinstance(found.model, mlm.LinearModel)
    assert found.model.formula == "flat ~ x"
    want = mlm.lm("flat ~ x", rows("main"))
    assert found.model.fixef.to_numpy() == pytest.approx(want.fixef.to_numpy(), rel=1e-12)
    assert np.isnan(found.random.frame["Eliminated"].iloc[0])


def test_the_last_random_effects_stay_with_weights():
    m = fitted("flat ~ A + x + (1 | g)", rows("main"), weights="w")
    found = mlm.step(m, alpha_random=0.0)
    assert found.random.frame["Eliminated"].iloc[-1] == 0.0
    assert found.random.notes == ("(1 | g) stays: linear models (mlm.lm), which are left without it, take no weights.",)
    assert found.random.notes[0] in str(found)
    other = mlm.step(m, reduce_random=False)
    assert found.model.frame.weights is not None
    assert found.model.formula == other.model.formula
    assert str(found.fixed) == str(other.fixed)


def test_nothing_may_be_left():
    found = mlm.step(fitted("flat ~ 0 + x + (1 | g)", rows("main")), alpha_fixed=0.0, alpha_random=0.0)
    assert found.model.formula == "flat ~ 0"
    assert found.fixed.frame["Eliminated"].tolist() == [1.0]


def test_an_interaction_is_kept_in_whatever_order():
    m = fitted("flat ~ x * z + A + (1 | g)", rows("main"))
    one, other = (mlm.step(m, keep=[name]) for name in ("x:z", "z : x"))
    assert str(one) == str(other)
    assert "x:z" in one.fixed.frame.index[one.fixed.frame["Eliminated"] == 0.0]


def test_a_level_may_be_any_real_number():
    m = fitted("flat ~ A + x + (1 | g)", rows("main"))
    assert str(mlm.step(m, alpha_fixed=np.float32(0.25))) == str(mlm.step(m, alpha_fixed=0.25))


def test_what_a_term_leaves_is_not_there_twice():
    """As lmerTest: of (0 + B | g) or (B | g) beside (1 | g) nothing is left without B."""
    for random in ("(1 | g) + (0 + B | g)", "(B || g)", "(1 | g) + (B | g)"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", mlm.MlmWarning)
            m = mlm.lmer(f"y ~ x + {random}", rows("slopes"))
            want = mlm.lmer("y ~ x + (1 | g)", rows("slopes"))
        row = mlm.ranova(m).frame.iloc[-1]
        assert row["npar"] == want.npar
        assert row["Df"] == m.npar - want.npar
        assert row["logLik"] == pytest.approx(want.loglik, abs=1e-8)


def test_an_offset_stays_with_the_linear_model():
    found = mlm.step(fitted("flat ~ A + x + offset(o) + (1 | g)", rows("main")))
    assert found.model.formula == "flat ~ x + offset(o)"
    want = mlm.lm("flat ~ x + offset(o)", rows("main"))
    assert found.model.fixef.to_numpy() == pytest.approx(want.fixef.to_numpy(), rel=1e-12)


def test_wrong_options():
    m = fitted("y ~ A + x + (1 | g)", rows("main"))
    for wrong, why in (
        ({"alpha_fixed": 2}, "`alpha_fixed` is a p value from 0 to 1"),
        ({"alpha_random": "5 %"}, "`alpha_random` is a p value"),
        ({"reduce_fixed": "no"}, "`reduce_fixed` is True or False"),
        ({"keep": ["B"]}, "`keep` names 'B', which is not a term of the fixed part; there are A, x"),
        ({"ddf": "exact"}, "ddf must be None"),
    ):
        with pytest.raises(mlm.ArgumentError, match=why):
            mlm.step(m, **wrong)
