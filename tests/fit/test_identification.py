"""Variances that the data cannot tell apart: found, said once, and the criterion that of the model without surplus."""

import re
import warnings

import numpy as np
import pandas as pd
import pytest

import mlm
from mlm.fit.identification import unidentified


def frame(groups=12, rows=8):
    """d, x and f vary within s; pm, bt, lev and fb between; sch, cl and id are s by other names."""
    rng = np.random.default_rng(1)
    s = np.repeat(np.arange(groups), rows)
    n = len(s)
    data = pd.DataFrame({"s": s, "sch": s, "id": -s, "cl": [f"c{7 * k % groups}" for k in s]})
    data["d"], data["x"] = np.arange(n) % 4.0, np.arange(n) % 5.0
    data["f"] = np.array(list("abcac"))[np.arange(n) % 5]
    data["bt"], data["pm"], data["lev"] = s % 2.0, 2.0 * (s % 2) - 1.0, rng.normal(size=groups)[s]
    data["fb"], data["h"] = np.array(list("uvw"))[s % 3], rng.integers(0, groups, n)
    data["part"] = np.where(s == 0, 50 + np.arange(n) % 2, s)
    data["far"], data["w"] = 2.4e6 + rng.integers(0, 1800, n), 1e-6 * rng.uniform(0.1, 3.0, n)
    effects = rng.normal(size=(2, groups))
    data["y"] = effects[0, s] + 0.5 * effects[1, s] * data["d"] + rng.normal(size=n)
    return data


def warned(formula, data=None, **options):
    """The model, and what it warned of being unidentified."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        m = mlm.lmer(formula, frame() if data is None else data, **options)
    return m, [str(w.message) for w in caught if w.category is mlm.IdentificationWarning]


SHARED = [
    (
        "(1 | s) + (1 | s)",
        "(1 | s)",
        1,
        r"'\(1 \| s\)' and '\(1 \| s\)' share \(Intercept\) for s\. .* Leave out '\(1 \| s\)'",
    ),
    ("(1 | s) + (d | s)", "(d | s)", 1, r"'\(1 \| s\)' and '\(1 \+ d \| s\)' share \(Intercept\) for s\."),
    ("(f || s)", "(0 + f | s)", 1, r"'\(1 \| s\)' and '\(0 \+ f \| s\)' share \(Intercept\) for s\."),
    (
        "(1 | sch / cl)",
        "(1 | sch)",
        1,
        r"share \(Intercept\) for cl:sch and sch, which put the same rows .*'\(1 \| cl:sch\)':",
    ),
    (
        "(1 | s) + (1 | cl)",
        "(1 | s)",
        1,
        r"share \(Intercept\) for s and cl, which .* Leave out '\(1 \| cl\)': the model stays",
    ),
    ("(1 | s) + (1 | cl) + (1 | id)", "(1 | s)", 2, r"for s, cl and id, .* 2 parameters are .* AIC is 4 too high\."),
    ("(d | s) + (0 + d | cl)", "(d | s)", 1, r"share d for s and cl.* Leave out '\(0 \+ d \| cl\)'"),
    ("(d | s) + (d | id)", "(d | s)", 3, r"share \(Intercept\), d for s and id"),
    (
        "(1|s) + (1|s) + (0+d|s) + (0+d|s)",
        "(d || s)",
        2,
        r"share \(Intercept\) for s\. .* share d for s\. .* 2 parameters",
    ),
    ("(1 | s) + (1 | cl) + (1 | h)", "(1 | s) + (1 | h)", 1, r"share \(Intercept\) for s and cl"),
    ("(0 + d | s) + (0 + I(2 * d) | s)", "(0 + d | s)", 1, r"share d, I\(2 \* d\) for s"),
    ("(0 + d + x | s) + (0 + I(d + x) | s)", "(0 + d + x | s)", 1, r"share I\(d \+ x\) for s"),
]


@pytest.mark.parametrize("options", [{}, {"reml": False}, {"weights": "w"}], ids=["REML", "ML", "weighted"])
@pytest.mark.parametrize(("formula", "reduced", "surplus", "message"), SHARED)
def test_terms_that_share_columns(formula, reduced, surplus, message, options):
    m, said = warned(f"y ~ x + {formula}", **options)
    assert len(said) == 1
    assert re.search(message, said[0])
    assert f"{surplus} parameter" in said[0]
    best, nothing = warned(f"y ~ x + {reduced}", **options)
    assert not nothing
    assert m.deviance == pytest.approx(best.deviance, abs=1e-6)  # singular ones end within this of the minimum
    assert m.npar - best.npar == surplus
    assert sum(f.surplus for f in m.unidentified) == surplus


def test_neither_term_holds_the_other():
    """The covariances in common are those of the common intercept."""
    m, said = warned("y ~ 1 + (d | s) + (1 + x | cl)")
    assert len(said) == 1
    assert "Take (Intercept) out of all of them but one" in said[0]
    best, nothing = warned("y ~ 1 + (d | s) + (0 + x | cl)")
    assert not nothing
    assert m.deviance <= best.deviance + 1e-6  # covariances of the intercept and x are more than there are without it
    assert m.unidentified[0].surplus == 1


@pytest.mark.parametrize(
    ("formula", "same", "surplus", "message"),
    [
        (
            "(bt | s)",
            "(0 + dummy0 | s) + (0 + bt | s)",
            1,
            r"columns \(Intercept\), bt of the term '\(1 \+ bt \| s\)' do not vary",
        ),
        (
            "(pm || s)",
            "(1 | s)",
            1,
            r"columns \(Intercept\), pm of the terms '\(1 \| s\)' and '\(0 \+ pm \| s\)' do not vary",
        ),
        (
            "(fb | s)",
            "(0 + u | s) + (0 + v | s) + (0 + w3 | s)",
            3,
            "different variances and covariances describe any data",
        ),
        ("(0 + fb | s)", "(0 + u | s) + (0 + v | s) + (0 + w3 | s)", 3, "3 parameters are counted too many"),
    ],
)
def test_columns_that_are_constant_within_levels(formula, same, surplus, message):
    data = frame().assign(dummy0=lambda d: 1.0 - d["bt"], u=lambda d: d["fb"] == "u", v=lambda d: d["fb"] == "v")
    data["w3"] = (data["fb"] == "w").astype(float)
    data[["u", "v"]] = data[["u", "v"]].astype(float)
    m, said = warned(f"y ~ x + {formula}", data)
    assert len(said) == 1
    assert re.search(message, said[0])
    best, nothing = warned(f"y ~ x + {same}", data)
    assert not nothing
    assert m.deviance == pytest.approx(best.deviance, abs=1e-6)
    assert m.npar - best.npar == surplus


@pytest.mark.parametrize("options", [{}, {"reml": False}, {"weights": "w"}], ids=["REML", "ML", "weighted"])
@pytest.mark.parametrize(
    "terms",
    [
        "(1 | s)",
        "(d || s)",
        "(d | s)",
        "(f | s)",
        "(0 + f | s)",
        "(d + x || s)",
        "(0 + d | s) + (0 + x | s)",
        "(1 | s) + (0 + d | s)",
        "(1 | s) + (0 + d | cl)",
        "(1 | sch / part)",
        "(1 | s) + (1 | part)",
        "(1 | s) + (1 | h)",
        "(lev | s)",
        "(lev || s)",
        "(far | s)",
        "(far || s)",
        "(poly(d, 2) | s)",
        # the three variances are told by the three kinds of rows
        "(0 + d | s) + (0 + x | s) + (0 + I(d + x) | s)",
    ],
)
def test_nothing_is_said_of_what_is_identified(terms, options):
    m, said = warned(f"y ~ x + {terms}", **options)
    assert said == []
    assert m.unidentified == ()


def test_units_of_weights_and_columns_do_not_matter():
    for scale in (1e-40, 1.0, 1e40):
        data = frame().assign(w=lambda d: d["w"] * scale, d=lambda d: d["d"] * scale)  # noqa: B023
        assert len(warned("y ~ 1 + (1 | s) + (d | s)", data, weights="w")[1]) == 1
        assert not warned("y ~ 1 + (d | s)", data, weights="w")[1]


def test_it_is_said_once_and_where_the_user_called():
    with pytest.warns(mlm.IdentificationWarning) as caught:
        m = mlm.lmer("y ~ x + (1 | s) + (d | s)", frame())
    assert [c.filename for c in caught if c.category is mlm.IdentificationWarning] == [__file__]
    assert m.messages[0] == "not identified: (1 | s), (1 + d | s)"
    with warnings.catch_warnings():
        warnings.simplefilter("error", mlm.IdentificationWarning)
        warnings.simplefilter("ignore", mlm.SingularFitWarning)
        again = m.refit(reml=False)
        m.refit(y=m.y[::-1].to_numpy())
        mlm.anova(m, mlm.lmer("y ~ x + (1 | s)", frame()))
    assert again.messages[0] == m.messages[0]


@pytest.mark.parametrize("fixed", ["factor(s)", "cl"])
def test_groups_that_are_fixed_too_under_maximum_likelihood(fixed):
    m, said = warned(f"y ~ {fixed} + (1 | s)", reml=False)
    name = re.escape("factor(s)1" if fixed == "factor(s)" else "clc1")
    assert len(said) == 1
    assert re.search(
        rf"fixed effects \({name}, .* and 3 more\) account for \(Intercept\) of '\(1 \| s\)' in all 12", said[0]
    )
    assert "1 parameter is counted too many, and AIC is 2 too high" in said[0]
    assert m.theta == pytest.approx([0.0], abs=1e-8)
    assert m.deviance == pytest.approx(-2.0 * least_squares_loglik(f"y ~ {fixed}"), abs=1e-8)
    with pytest.raises(mlm.FitError, match="account for all 12 levels of 's'"):
        mlm.lmer(f"y ~ {fixed} + (1 | s)", frame())


def least_squares_loglik(formula):
    m = mlm.lm(formula, frame())
    n = m.nobs
    return -0.5 * n * (np.log(2.0 * np.pi * np.sum(np.square(m.resid)) / n) + 1.0)


def test_some_columns_of_a_term_that_are_fixed_too():
    m, said = warned("y ~ factor(s) + (d | s)")
    assert len(said) == 1
    assert re.search(r"account for \(Intercept\) of '\(1 \+ d \| s\)' in all 12 levels of 's'", said[0])
    assert re.search(r"Take either these fixed effects or \(Intercept\) of '\(1 \+ d \| s\)' out", said[0])
    best, nothing = warned("y ~ factor(s) + (0 + d | s)")
    assert not nothing
    assert m.deviance == pytest.approx(best.deviance, abs=1e-6)
    assert m.npar - best.npar == m.unidentified[0].surplus == 2
    # maximum likelihood tells the covariance (it changes the determinant), and takes the least variance for it
    found, said = warned("y ~ factor(s) + (d | s)", reml=False)
    assert "maximum likelihood makes it as small as it can" in said[0]
    assert found.unidentified[0].surplus == 1
    moved = frame().assign(d=lambda data: data["d"] + found.theta[0] / found.theta[1])
    best, nothing = warned("y ~ factor(s) + (0 + d | s)", moved, reml=False)
    assert not nothing
    assert found.deviance == pytest.approx(best.deviance, abs=1e-6)


def spanned():
    """`few` is not 0 in one group only, dm is d but for its means in groups, first and last are s in half of them."""
    data, row = frame(), np.arange(96)
    means = data["d"].groupby(data["s"]).transform("mean")
    data["few"], data["dm"] = (data["s"] == 3) * (row % 2.0), data["d"] - means + data["lev"]
    data["first"], data["last"] = (np.where(half, data["s"], 100 + row) for half in (data["s"] < 6, data["s"] >= 6))
    return data.assign(two=data["s"] % 2, fb1=1.0 * (data["f"] == "b"), fc1=1.0 * (data["f"] == "c"))


@pytest.mark.parametrize("weights", [None, "w"], ids=["unweighted", "weighted"])
@pytest.mark.parametrize(
    ("formula", "reduced", "surplus", "message"),
    [
        (
            "factor(s) + (0 + f | s)",
            "factor(s) + (0 + fb1 + fc1 | s)",
            3,
            r"account for a combination of fa, fb, fc of '\(0 \+ f \| s\)' in all 12 levels of 's'.* or one of them of",
        ),
        ("few + (few | s)", "few + (1 | s)", 2, r"account for few of '\(1 \+ few \| s\)' in all 12 levels"),
        (
            "x + (bt | two)",
            "x + (1 | two)",
            2,
            r"The columns of the term '\(1 \+ bt \| two\)' depend on one another in what the fixed effects leave",
        ),
        (
            "factor(s) + (0 + d | s) + (0 + dm | cl)",
            "factor(s) + (0 + d | s)",
            1,
            r"the terms '\(0 \+ d \| s\)' and '\(0 \+ dm \| cl\)' depend .* Leave out '\(0 \+ dm \| cl\)'\.",
        ),
    ],
)
def test_what_the_fixed_effects_leave(formula, reduced, surplus, message, weights):
    m, said = warned(f"y ~ {formula}", spanned(), weights=weights)
    assert len(said) == 1
    assert re.search(message, said[0])
    best, nothing = warned(f"y ~ {reduced}", spanned(), weights=weights)
    assert not nothing
    assert m.deviance == pytest.approx(best.deviance, abs=1e-6)
    assert m.npar - best.npar == sum(f.surplus for f in m.unidentified) == surplus


def test_combinations_under_maximum_likelihood():
    """It tells covariances of the combination with other columns, and takes the least variance of it for them."""
    m, (said,) = warned("y ~ factor(s) + (0 + f | s)", spanned(), reml=False)
    assert "a combination of fa, fb, fc" in said
    assert "1 parameter is counted too many" in said
    best, nothing = warned("y ~ factor(s) + (0 + fb1 + fc1 | s)", spanned(), reml=False)
    assert not nothing
    assert m.deviance < best.deviance
    assert np.linalg.eigvalsh(covariance(m))[0] == pytest.approx(0.0, abs=1e-5)


def covariance(m):
    """The only term's relative covariance matrix."""
    (t,) = m.deviance_function.layout.matrices(m.theta)
    return t @ t.T


@pytest.mark.parametrize("reml", [True, False], ids=["REML", "ML"])
def test_a_sum_of_terms_that_is_the_residual_variance_and_another_term(reml):
    """Each row has a level of its own in `first` or `last`, and its group in the other."""
    data, rng = spanned(), np.random.default_rng(5)
    data["y"] += 2.0 * rng.normal(size=len(data))
    m, (said,) = warned("y ~ x + (1 | s) + (1 | first) + (1 | last)", data, reml=reml)
    assert re.search(r"the residual variance cannot be told from what the terms .* add", said)
    assert [f.surplus for f in m.unidentified] == [1]
    assert set(m.unidentified[0].terms) == {"1 | s", "1 | first", "1 | last"}
    theta = np.full(3, 0.7)  # variances of (first, last, s), and other ones with the same covariance of the rows
    moved = np.sqrt(np.array([0.49 + 0.2, 0.49 + 0.2, 0.49 - 0.2]) / 0.8)
    order = [t.term.text for t in m.terms].index("1 | s")
    moved[[order, 2]] = moved[[2, order]]
    value = m.deviance_function.value
    assert value(moved) == pytest.approx(value(theta), abs=1e-8)


@pytest.mark.parametrize(
    ("term", "column"),
    [
        ("(x | x)", "x"),
        ("(0 + x | x)", "x"),
        ("(x || x)", "x"),
        ("(I(x^2) | x)", None),
        ("(f | f)", "fb"),
        ("(0 + f | f)", "fa"),
    ],
)
def test_slopes_of_the_grouping_factor_itself(term, column):
    where = "constant within each of its" if column is None else f"'{column}' is constant within each of its"
    for reml in (True, False):
        with pytest.raises(
            mlm.FormulaError, match=rf"what varies is the grouping factor '[xf]' itself: .*{where} [35] levels"
        ):
            mlm.lmer(f"y ~ 1 + {term}", frame(), reml=reml)


def test_slopes_with_a_name_like_the_grouping_factor():
    data = frame().assign(s1=lambda d: d["d"])
    assert not warned("y ~ 1 + (s1 | s)", data)[1]
    assert not warned("y ~ 1 + (I(s1 - 1) | s)", data)[1]
    assert not warned("y ~ 1 + (d:x | x)", data)[1]  # varies within the levels of x


def test_many_terms_of_one_factor_in_any_order():
    formula = "y ~ 1 + (1 | s) + (1 | h) + (d | s) + (1 | cl) + (0 + x | s)"
    m, said = warned(formula)
    assert len(said) == 1
    assert {t for f in m.unidentified for t in f.terms} == {"1 | s", "1 + d | s", "1 | cl"}
    assert m.unidentified == unidentified(m.terms, m.working)
    best, _ = warned("y ~ 1 + (d | s) + (1 | h) + (0 + x | s)")
    assert m.deviance == pytest.approx(best.deviance, abs=1e-6)
    assert m.npar - best.npar == m.unidentified[0].surplus == 2


def cells(groups=20, rows=4):
    """f crossed with s, t of two values and its boolean, h another factor, x continuous; s in wards, w weights."""
    rng = np.random.default_rng(2)
    s = np.repeat(np.arange(groups), 3 * rows)
    n = len(s)
    data = pd.DataFrame({"s": s, "f": np.tile(np.repeat(list("abc"), rows), groups), "t": np.arange(n) % 2.0})
    data["bool"], data["ward"] = data["t"] > 0, s // 4
    data["h"], data["x"], data["w"] = rng.choice(list("uvw"), n), rng.normal(size=n), rng.uniform(0.1, 3.0, n)
    effects = rng.normal(size=(groups, 3)) + 2.0 * rng.normal(size=(groups, 1))
    slopes = rng.normal(size=groups)[s]
    data["y"] = effects[s, np.tile(np.repeat(np.arange(3), rows), groups)] + slopes * (data["x"] + 2.0 * data["t"])
    return data.assign(y=data["y"] + rng.normal(size=n))


@pytest.mark.parametrize("options", [{}, {"reml": False}, {"weights": "w"}], ids=["REML", "ML", "weighted"])
@pytest.mark.parametrize(
    ("formula", "reduced", "surplus", "message"),
    [
        ("f + (f | s) + (1 | s:f)", "f + (f | s)", 1, r"within the levels of s:f\. .* Leave out '\(1 \| s:f\)': '\(1 "),
        ("h + (h | s) + (1 | s:h)", "h + (h | s)", 1, r"Leave out '\(1 \| s:h\)'"),
        ("(0 + f | s) + (1 | s:f)", "(0 + f | s)", 1, r"Leave out '\(1 \| s:f\)'"),
        ("t + (t | s) + (1 | s:t)", "t + (t | s)", 1, r"Leave out '\(1 \| s:t\)': '\(1 \+ t \| s\)' says"),
        ("bool + (bool | s) + (1 | s:bool)", "bool + (bool | s)", 1, r"Leave out '\(1 \| s:bool\)'"),
        (
            "bool + (bool || s) + (1 | s:bool)",
            "bool + (0 + bool | s)",
            2,
            r"for s\. .* share variances .* 2 parameters",
        ),
        ("f + (f | s) + (0 + x | s) + (1 | s:f)", "f + (f | s) + (0 + x | s)", 1, r"'\(1 \+ f \| s\)' says the same"),
        ("f + (f | s) + (1 | s:f) + (1 | h)", "f + (f | s) + (1 | h)", 1, r"Leave out '\(1 \| s:f\)'"),
    ],
)
def test_terms_on_groups_within_groups(formula, reduced, surplus, message, options):
    m, said = warned(f"y ~ {formula}", cells(), **options)
    assert len(said) == 1
    assert re.search(message, said[0])
    best, nothing = warned(f"y ~ {reduced}", cells(), **options)
    assert not nothing
    assert m.deviance == pytest.approx(best.deviance, abs=1e-6)
    assert m.npar - best.npar == sum(f.surplus for f in m.unidentified) == surplus


def test_a_part_of_a_term_on_groups_within_groups():
    """Its intercept is said twice, its slope and the covariance are not."""
    m, (said,) = warned("y ~ f + (f | s) + (x | s:f)", cells())
    assert re.search(r"1 parameter is .* Leave out one of them\.$", said)
    best, nothing = warned("y ~ f + (f | s) + (0 + x | s:f)", cells())
    assert not nothing
    assert m.deviance <= best.deviance + 1e-6  # there is a covariance more


def test_groups_within_two_factors():
    """Terms that have no part in it are not named."""
    m, (_,) = warned("y ~ f + (f | s) + (1 | ward) + (1 | s:f) + (1 | s:f:h)", cells())
    assert m.unidentified[0].terms == ("1 + f | s", "1 | s:f")
    assert m.unidentified[0].surplus == 1


@pytest.mark.parametrize("options", [{}, {"weights": "w"}], ids=["REML", "weighted"])
@pytest.mark.parametrize(
    "terms",
    [
        "(1 | ward / s)",
        "(x | ward / s)",
        "(x || ward / s)",
        "(I(x + 5000) | ward / s)",
        "(f | ward / s)",
        "(x | ward) + (x | s) + (1 | s:f)",
        "(f | s) + (1 | s:h)",
        "(f | s) + (1 | h)",
        "(1 | s) + (1 | s:f)",
        "(0 + x | s) + (1 | s:f)",
        "(x | s) + (1 | s:f)",
        "(f | s) + (0 + x | s:f)",
        "(f | ward) + (1 | s)",
        # one variance of both values of t, and one of t = 1, are two
        "(t || s) + (1 | s:t)",
    ],
)
def test_groups_within_groups_that_are_identified(terms, options):
    m, said = warned(f"y ~ f + t + {terms}", cells(), **options)
    assert said == []
    assert m.unidentified == ()
