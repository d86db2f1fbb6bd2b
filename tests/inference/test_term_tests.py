"""Tests of terms: what their types promise, whatever the coding, and designs in which not all can be told.

`test_hypothesis_tests` compares them with lmerTest.
"""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from reference.hypothesis_tests import rows

import mlm
from mlm.inference.contrasts import contrasts_of

CODINGS = [
    {"A": "sum", "B": "helmert"},
    {"A": "poly", "B": "sum"},
    {"A": "SAS", "B": "SAS"},
    {"A": np.array([[2.0, 1.0], [0.0, 5.0], [1.0, -1.0]]), "B": "sum"},
]
FORMULAS = ["y ~ A * B + x + (1 | g)", "y ~ A * B * x + (1 | g)", "y ~ A / B + z + (1 | g)", "y ~ B + A:x + (1 | g)"]


def fitted(formula, frame, fit=mlm.lmer, **options):
    with warnings.catch_warnings():
        for kind in (mlm.SingularFitWarning, mlm.RankWarning):
            warnings.simplefilter("ignore", kind)
        return fit(formula, frame, **options)


@pytest.mark.parametrize("data", ["main", "gaps"])
@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("ddf", ["satterthwaite", "kenward-roger"])
def test_types_ii_and_iii_do_not_depend_on_the_coding(formula, data, ddf):
    frame = rows(data)
    for kind in (2, 3):
        want = mlm.anova(fitted(formula, frame), type=kind, ddf=ddf).frame
        for contrasts in CODINGS:
            found = mlm.anova(fitted(formula, frame, contrasts=contrasts), type=kind, ddf=ddf).frame
            columns = ["Sum Sq", "NumDF", "F value"] if kind == 2 and ddf == "satterthwaite" else list(want)
            pd.testing.assert_frame_equal(found[columns], want[columns], rtol=1e-6)


@pytest.mark.parametrize("formula", FORMULAS[:3])
def test_type_ii_is_what_a_term_adds_to_those_that_do_not_contain_it(formula):
    """Of linear models: the fall of the residual sum of squares, for ordinary least squares has no other weights."""
    frame, fixed = rows("gaps"), formula.replace(" + (1 | g)", "")
    m = fitted(fixed, frame, mlm.lm)
    found = mlm.anova(m, type=2).frame
    terms = {"y ~ A * B + x": {"A": "B + x", "B": "A + x"}, "y ~ A * B * x": {"B:x": "A * B + x + A:x"}}
    for term, others in terms.get(fixed, {"A": "z"}).items():
        with_it, without = (fitted(f"y ~ {others}{more}", frame, mlm.lm).deviance for more in (f" + {term}", ""))
        assert found.loc[term, "Sum Sq"] == pytest.approx(without - with_it, rel=1e-8)


# The terms of each model without a term and all that have its variables; with it they are one more.
BESIDE = {
    "A * x": {"A": "x", "x": "A", "A:x": "A + x"},
    "A * x + z": {"A": "x + z", "x": "A + z", "z": "A * x"},
    "A * B * x": {"A": "B * x", "x": "A * B", "A:B": "A * x + B * x", "A:x": "A * B + B * x"},
    "x * z + A": {"x": "z + A", "z": "x + A", "A": "x * z"},
    "A * poly(x, 2)": {"A": "poly(x, 2)", "poly(x, 2)": "A"},
    "A + x:B": {"A": "x:B", "B:x": "A"},
}


@pytest.mark.parametrize("terms", BESIDE)
def test_type_ii_of_linear_models_leaves_out_all_that_have_a_term_s_variables(terms):
    """Numeric or not, as in the package car; lmerTest, and so a mixed model, tells A at x = 0 beside A:x."""
    frame = rows("main")
    m = mlm.lm(f"y ~ {terms}", frame)
    found = mlm.anova(m, type=2).frame
    for term, others in BESIDE[terms].items():
        small, large = (mlm.lm(f"y ~ {others}{more}", frame) for more in ("", f" + {term}"))
        row = found.loc[term if term in found.index else ":".join(reversed(term.split(":")))]
        assert row["Sum Sq"] == pytest.approx(small.deviance - large.deviance, rel=1e-7)
        assert row["Df"] == small.df_resid - large.df_resid
        assert row["F value"] == pytest.approx(row["Sum Sq"] / row["Df"] / m.sigma**2, rel=1e-9)


def test_type_i_sums_of_squares_add_up():
    m = fitted("y ~ A * B + x + C", rows("gaps"), mlm.lm)
    found = mlm.anova(m).frame
    total = ((m.y - m.y.mean()) ** 2).sum()
    assert found["Sum Sq"].sum() == pytest.approx(total, rel=1e-10)
    assert found["Df"].sum() == m.nobs - 1
    orders = [mlm.anova(fitted(f, rows("gaps"), mlm.lm)).frame["Sum Sq"] for f in ("y ~ A + x", "y ~ x + A")]
    assert orders[0].sum() == pytest.approx(orders[1].sum(), rel=1e-10)


def test_type_iii_weighs_cells_alike():
    frame = rows("main")
    m = fitted("y ~ A * B * x + (1 | g)", frame)
    found = contrasts_of(m.frame, 3)
    half, third, names = 0.5, 1.0 / 3.0, list(m.fixef.index)
    want = {
        "A": [{"Ab": 1.0, "Ab:Bv": half}, {"Ac": 1.0, "Ac:Bv": half}],
        "B": [{"Bv": 1.0, "Ab:Bv": third, "Ac:Bv": third}],
        "x": [{"x": 1, "Ab:x": third, "Ac:x": third, "Bv:x": half, "Ab:Bv:x": third / 2, "Ac:Bv:x": third / 2}],
    }
    for term, contrasts in want.items():
        weights = [{name: w for name, w in zip(names, row, strict=True) if w} for row in found[term].tolist()]
        assert weights == [pytest.approx(one) for one in contrasts]


def test_without_interactions_and_with_balance_all_types_agree():
    frame = rows("plots")
    tables = [mlm.anova(fitted("y ~ A * B + (1 | p/A)", frame), type=kind).frame for kind in (1, 2, 3)]
    for other in tables[1:]:
        pd.testing.assert_frame_equal(other, tables[0], rtol=1e-8)


def test_cells_without_rows_are_said_with_type_iii_only():
    m = fitted("y ~ A * B + (1 | g)", rows("gaps"))
    notes = ("Missing cells for: Ab:Bv.", "Interpret type III hypotheses with care.")
    assert mlm.anova(m).notes == notes
    assert str(mlm.anova(m)).endswith("\n".join(notes))
    assert mlm.anova(m, type=2).notes == ()


def test_a_term_that_was_left_out_has_no_degrees_of_freedom():
    frame = rows("main").assign(x2=lambda d: 2.0 * d["x"], A2=lambda d: d["A"].map({"a": "p", "b": "q", "c": "r"}))
    m, n = (fitted(f"y ~ {fixed} + (1 | g)", frame) for fixed in ("x + x2 + A + A2", "x + A"))
    for kind in (1, 2, 3):
        found = mlm.anova(m, type=kind).frame
        assert found["NumDF"].to_dict() == {"x": 1, "x2": 0, "A": 2, "A2": 0}
        pd.testing.assert_frame_equal(found.loc[["x", "A"]], mlm.anova(n, type=kind).frame, rtol=1e-9)
        assert found.loc["x2"].drop("NumDF").isna().all()
    assert list(mlm.drop1(m).frame.index) == ["x", "A"]


def test_names_that_are_no_expressions():
    frame = rows("main").rename(columns={"x": "my x", "A": "fac:tor"})
    m, n = fitted("y ~ `my x` * `fac:tor` + (1 | g)", frame), fitted("y ~ x * A + (1 | g)", rows("main"))
    found, want = mlm.anova(m).frame, mlm.anova(n).frame
    assert list(found.index) == ["`my x`", "`fac:tor`", "`my x`:`fac:tor`"]
    assert (found.to_numpy() == want.to_numpy()).all()


def test_a_loaded_model_is_tested_without_its_functions():
    m = fitted("y ~ half(x) * A + (1 + half(x) | g)", rows("main"), functions={"half": lambda v: v / 2})
    again = pickle.loads(pickle.dumps(m))
    for ask in (mlm.anova, mlm.drop1, mlm.ranova, mlm.step):
        assert str(ask(again)) == str(ask(m))
    table = mlm.anova(m)
    assert str(pickle.loads(pickle.dumps(table))) == str(table)


def test_tables_have_faces_and_never_change():
    table = mlm.anova(fitted("y ~ A + x + (1 | g)", rows("main")))
    assert table._repr_html_().startswith('<pre class="mlm-anova"')
    assert repr(table) == str(table)
    assert list(table.contrasts) == list(table.frame.index)
    with pytest.raises(ValueError, match="read-only"):
        table.contrasts["A"][0, 0] = 1.0
    with pytest.raises(TypeError):
        table.contrasts["A"] = None
    wide = mlm.anova(fitted("y ~ A + x + (1 | g)", rows("main")), width=30)
    assert max(map(len, str(wide).splitlines()[1:-1])) <= 30


def test_linear_models_print_as_in_r():
    """Figures by R 4.2: ``anova(lm(y ~ f + x))``."""
    frame = {"y": [1.0, 3.0, 2.0, 5.0, 4.0, 7.0], "f": list("aabbcc"), "x": [1, 2, 1, 3, 2, 2]}
    assert str(mlm.anova(mlm.lm("y ~ f + x", frame))).splitlines()[:4] == [
        "Analysis of Variance Table",
        "",
        "Response: y",
        "          Df Sum Sq Mean Sq F value Pr(>F)",
    ]
    with pytest.raises(mlm.FitError, match="as many coefficients as rows, 6: there are no residuals"):
        mlm.anova(mlm.lm("y ~ f * x", frame | {"x": [1, 2, 1, 3, 2, 5]}))


def test_wrong_arguments():
    m = fitted("y ~ A + (1 | g)", rows("main"))
    for wrong in (4, "IV", 0, None.__class__, [1]):
        with pytest.raises(mlm.ArgumentError, match="The type of an analysis of variance is 1, 2 or 3"):
            mlm.anova(m, type=wrong)
    assert mlm.anova(m, type="II").heading == mlm.anova(m, type=2).heading
    with pytest.raises(mlm.ArgumentError, match="ddf must be None, 'satterthwaite' or 'kenward-roger'"):
        mlm.anova(m, ddf="exact")
    with pytest.raises(mlm.FitError, match="its own degrees of freedom"):
        mlm.anova(mlm.lm("y ~ A", rows("main")), ddf="satterthwaite")
    for ask in (mlm.ranova, mlm.step):
        for thing in (mlm.lm("y ~ A", rows("main")), rows("main")):
            with pytest.raises(mlm.ArgumentError, match=r"This takes a (linear )?mixed model"):
                ask(thing)


def test_models_that_kenward_and_roger_do_not_compare():
    m, frame = fitted("y ~ A * B + (1 | g)", rows("main")), rows("main")
    for other, error, why in (
        (fitted("y ~ A + (1 | h)", frame), mlm.FitError, "different random effects"),
        (fitted("y ~ x + (1 | g)", frame), mlm.FitError, "model2 is not nested in model1: 'x' is not a combination"),
        (m, mlm.FitError, "same fixed effects"),
        (mlm.lm("y ~ A", frame), mlm.ArgumentError, "compares two linear mixed models, and model2 is a linear"),
        (fitted("y ~ A + (1 | g)", frame[:140]), mlm.FitError, "not fitted to the same rows"),
        (fitted("y ~ A + offset(o) + (1 | g)", frame), mlm.FitError, "'its offset' is not a combination"),
    ):
        with pytest.raises(error, match=why):
            mlm.anova(m, other, method="kr")
    with pytest.raises(mlm.ArgumentError, match="`method` 'kr' and `test` 'Chisq' contradict"):
        mlm.anova(m, m, method="kr", test="Chisq")


def test_an_offset_is_a_coefficient_of_a_given_value():
    frame = rows("main")
    large, small = fitted("y ~ A + x + (1 | g)", frame), fitted("y ~ A + offset(2 * x) + (1 | g)", frame)
    found = mlm.anova(small, large, method="kr").frame
    want = mlm.contest(large, "x = 2", ddf="kenward-roger", joint=True).frame
    assert found.loc["Ftest", ["stat", "ddf"]].tolist() == pytest.approx(want[["F value", "DenDF"]].iloc[0].tolist())


def test_likelihood_ratios_by_name():
    m, n = (fitted(f"y ~ {fixed} + (1 | g)", rows("main")) for fixed in ("A", "A + x"))
    pd.testing.assert_frame_equal(mlm.anova(m, n, method="lrt").frame, mlm.anova(m, n).frame)


def test_units_of_numbers_do_not_matter():
    frame = rows("main")
    tiny = frame.assign(x=1e-12 * frame["x"], year=1e9 * frame["year"])
    for kind in (1, 2, 3):
        one, other = (mlm.anova(fitted("y ~ A * x + B + A:year + (1 | g)", d), type=kind).frame for d in (frame, tiny))
        pd.testing.assert_frame_equal(one, other, rtol=1e-6)


def named_otherwise(frame):
    return frame.assign(g=frame["h"].to_numpy())


@pytest.mark.filterwarnings("ignore::mlm.MlmWarning")
def test_random_effects_are_compared_by_what_they_are():
    """By columns and levels, in whatever spelling, and not by names."""
    frame = rows("main")
    for small, large in (
        ("(1 | g/B)", "(1 | g) + (1 | g:B)"),
        ("(x | g)", "(I(2 * x) + 1 | g)"),
        ("(x | g)", "(x | k)"),
    ):
        other = frame.assign(k=frame["g"].astype(str) + "!")
        models = fitted(f"y ~ A + {small}", other), fitted(f"y ~ A + x + {large}", other)
        want = mlm.contest(models[1], "x", ddf="kenward-roger", joint=True).frame
        assert mlm.anova(*models, method="kr").frame["stat"].iloc[0] == pytest.approx(want["F value"].iloc[0])
    models = fitted("y ~ A + (1 | g)", named_otherwise(frame)), fitted("y ~ A + x + (1 | g)", frame)
    with pytest.raises(mlm.FitError, match=r"different random effects, by their columns and levels: '\(1 \| g\)'"):
        mlm.anova(*models, method="kr")


def test_names_of_models_are_printed_by_kenward_and_roger():
    models = fitted("y ~ A + (1 | g)", rows("main")), fitted("y ~ A + x + (1 | g)", rows("main"))
    assert mlm.anova(*models, method="kr", names=["few", "many"]).heading == (
        "large : many: y ~ A + x + (1 | g)",
        "small : few: y ~ A + (1 | g)",
    )


def test_options_without_a_meaning_are_refused():
    m, smaller = fitted("y ~ A + x + (1 | g)", rows("main")), fitted("y ~ A + (1 | g)", rows("main"))
    for ask, why in (
        (lambda: mlm.anova(m, type=True), "1, 2 or 3"),
        (lambda: mlm.anova(m, refit=False), "`refit` has no meaning for one model"),
        (lambda: mlm.anova(m, smaller, method="kr", refit=False), "`refit` has no meaning for Kenward and Roger"),
        (lambda: mlm.anova(m, refit="no"), "`refit` is True or False"),
        (lambda: mlm.ranova(m, reduce_terms="no"), "`reduce_terms` is True or False"),
        (lambda: mlm.ranova(m, digits=0), "digits must be"),
        (lambda: mlm.drop1(m, width=3), "width is the number"),
        (lambda: mlm.contest(m, "x", digits=99), "digits must be"),
    ):
        with pytest.raises(mlm.ArgumentError, match=why):
            ask()


@pytest.mark.parametrize("far", [0.0, 1e4, 1e6])
def test_numbers_far_from_zero_are_told_from_their_squares(far):
    frame = rows("main").assign(x=lambda d: d["x"] + far)
    found = mlm.anova(fitted("y ~ A * x + I(x^2) + (1 | g)", frame), type=3).frame
    near = mlm.anova(fitted("y ~ A * x + I(x^2) + (1 | g)", rows("main")), type=3).frame
    assert found["NumDF"].tolist() == [2, 1, 1, 2]
    same = ["I(x^2)", "A:x"]
    np.testing.assert_allclose(found.loc[same, "F value"], near.loc[same, "F value"], rtol=2e-3)


@pytest.mark.parametrize("kind", [1, 2, 3])
def test_an_exact_fit_has_an_infinite_f_and_a_warning(kind):
    m = mlm.lm("y ~ x", {"x": [1.0, 2.0, 3.0, 4.0], "y": [2.0, 4.0, 6.0, 8.0]})
    assert m.sigma == 0.0
    with pytest.warns(mlm.ResponseWarning, match="fits 'y' perfectly, but for rounding: F tests are unreliable"):
        found = mlm.anova(m, type=kind).frame.loc["x"]
    assert found[["Df", "F value", "Pr(>F)"]].tolist() == [1.0, np.inf, 0.0]
    assert found["Sum Sq"] == pytest.approx(20.0)
    assert mlm.contest(m, ["x = 2", "`(Intercept)` = 1"]).frame["NumDF"].tolist() == [2]


def test_nested_terms_are_tested_at_equal_weights():
    """Of A in A / B, what A * B says of it too: the means of its levels, each level of B counted the same."""
    frame = rows("gaps") if len(rows("gaps").groupby(["A", "B"])) == 6 else rows("main")
    want = mlm.anova(fitted("y ~ A * B + (1 | g)", frame), type=3).frame.loc["A"]
    for fixed in ("A / B", "A * B - B"):
        found = mlm.anova(fitted(f"y ~ {fixed} + (1 | g)", frame), type=3).frame.loc["A"]
        np.testing.assert_allclose(found.to_numpy(), want.to_numpy(), rtol=1e-6)


@pytest.mark.filterwarnings("ignore::mlm.MlmWarning")
def test_terms_that_lost_degrees_of_freedom_are_named():
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"f": [*"aaaaaaaabbbbbbbbcd"], "g": np.arange(18) % 5, "x": rng.normal(size=18)})
    found = mlm.anova(mlm.lmer("y ~ f * x + (1 | g)", frame.assign(y=rng.normal(size=18))))
    assert found.frame["NumDF"].tolist() == [1, 1, 1]
    assert found.notes[0] == "Fewer degrees of freedom than coefficients: f (1 of 3)."
    assert not mlm.anova(fitted("y ~ A * x + (1 | g)", rows("main"))).notes
