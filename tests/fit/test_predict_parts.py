"""What a prediction is made of: some of the random effects, offsets, weights; right values from lme4."""

import warnings

import numpy as np
import pandas as pd
import pytest

import mlm

SHOWN = [0, 49, 99, 143]


def data():
    i = np.arange(144)
    d = pd.DataFrame({"a": i // 36, "b": (i // 12) % 3, "g": i // 12, "h": i % 3})
    d["x"] = np.sin(1.3 * i).round(3)
    d["z"] = np.cos(0.7 * i * i).round(3)
    d["o"] = np.sin(0.37 * i**2).round(3)
    d["w"] = 1 + (i % 5) / 4
    d["v"] = 1 / d.w
    d["y"] = (
        2 + d.x + 0.5 * d.z + 1.5 * np.sin(2.1 * d.g) + 0.8 * np.cos(1.7 * d.g) * d.x
        + 0.9 * np.sin(5.3 * (3 * d.g + d.h)) + d.o + 0.5 * np.sin(12.9898 * i)
    ).round(3)  # fmt: skip
    d["f"] = np.array(list("pqr"))[(i * 7) % 3]
    return d


@pytest.fixture(autouse=True)
def quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.MlmWarning)
        yield


SLOPES, NESTED, DOUBLE = "y ~ x + (1 + x | g) + (1 | g:h)", "y ~ x + (1 | a/b/h)", "y ~ x + (x || g)"
# predict(m, newdata, re.form) of lme4 1.1-31 at rows 1, 50, 100, 144
PARTIAL = [
    (SLOPES, "(1 | g)", [1.656262, 4.016335, 1.075131, 0.046701]),
    (SLOPES, "~(1|g)", [1.656262, 4.016335, 1.075131, 0.046701]),
    (SLOPES, "~ (1 + x | g)", [1.656262, 4.329639, 1.127102, -0.453897]),
    (SLOPES, "(x | g)", [1.656262, 4.329639, 1.127102, -0.453897]),
    (SLOPES, "(0 + x | g)", [2.034407, 3.125206, 2.193373, 1.004949]),
    (SLOPES, "(x - 1 | g)", [2.034407, 3.125206, 2.193373, 1.004949]),
    (SLOPES, "(1 | g:h)", [2.652110, 3.222610, 2.639451, 2.176737]),
    (SLOPES, "(1 | g) + (1 | g:h)", [2.273964, 4.427043, 1.573180, 0.717891]),
    (SLOPES, None, [2.273964, 4.740347, 1.625151, 0.217293]),
    (SLOPES, "(x | g) + (1 | g:h)", [2.273964, 4.740347, 1.625151, 0.217293]),
    (SLOPES, "NA", [2.034407, 2.811902, 2.141402, 1.505547]),
    (SLOPES, False, [2.034407, 2.811902, 2.141402, 1.505547]),
    (SLOPES, "~0", [2.034407, 2.811902, 2.141402, 1.505547]),
    (NESTED, "(1 | a)", [2.039057, 2.786131, 2.141865, 1.530890]),
    (NESTED, "(1 | b:a)", [1.755704, 4.021048, 1.065690, 0.099340]),
    (NESTED, "~(1 | a/b)", [1.755704, 4.021048, 1.065690, 0.099340]),
    (NESTED, "(1 | a/b/h)", [2.111861, 4.347633, 1.376853, 0.475925]),
    (DOUBLE, "(1 | g)", [1.654577, 4.010014, 0.966273, 0.020924]),
    (DOUBLE, "(0 + x | g)", [2.036352, 2.977409, 2.168611, 1.162609]),
]


@pytest.mark.parametrize(("formula", "re_form", "want"), PARTIAL)
def test_some_of_the_random_effects(formula, re_form, want):
    d = data()
    m = mlm.lmer(formula, d)
    np.testing.assert_allclose(m.predict(d.iloc[SHOWN], re_form=re_form), want, atol=3e-5)  # lme4's optimiser
    np.testing.assert_allclose(
        m.predict(re_form=re_form).iloc[SHOWN], m.predict(d.iloc[SHOWN], re_form=re_form), rtol=1e-12
    )


def test_parts_add_up():
    m = mlm.lmer("y ~ x + (z * x | g) + (1 | h)", data())
    fixed = m.predict(re_form="NA")
    pieces = ["(1 | g)", "(0 + z | g)", "(0 + x | g)", "(0 + x:z | g)", "(1 | h)"]
    parts = [m.predict(re_form=piece) - fixed for piece in pieces]
    np.testing.assert_allclose(fixed + sum(parts), m.fitted, rtol=1e-10)
    np.testing.assert_array_equal(m.predict(re_form=" + ".join(pieces)), m.predict())
    # the effects of a part of the data need nothing else
    np.testing.assert_array_equal(m.predict(data().drop(columns="h"), re_form="(1 | g)"), m.predict(re_form="(1 | g)"))


def test_a_category_is_asked_for_as_the_model_codes_it():
    """As in lme4: without the intercept, or without its main effects, f stands for all of its levels."""
    m = mlm.lmer("y ~ x + (f * x | g)", data())
    np.testing.assert_array_equal(m.predict(re_form="(x * f | g)"), m.predict())
    assert (m.predict(re_form="(f | g)") != m.predict(re_form="(1 | g)")).any()
    for other in ("(0 + f | g)", "(f:x | g)", "(f/x | g)"):
        with pytest.raises(mlm.ArgumentError, match="with this coding of its categories; it has"):
            m.predict(re_form=other)


@pytest.mark.parametrize(
    ("re_form", "message"),
    [
        ("(z | g)", r"no effect '\(z \| g\)'; it has \(1 \| g:h\), \(1 \+ x \| g\)"),
        ("(1 | q)", r"no effect '\(1 \| q\)'"),
        ("(1 | h:g)", r"no effect '\(1 \| h:g\)'"),
        ("(x | g:h)", r"no effect '\(x \| g:h\)'"),
        ("x + (1 | g)", "re_form is None"),
        ("offset(o) + (1 | g)", "re_form is None"),
        ("yes", "re_form is None"),
        (True, "re_form is None"),
        (1, "re_form is None"),
        (np.zeros(3), "re_form is None"),
    ],
)
def test_effects_that_are_not_there(re_form, message):
    m = mlm.lmer("y ~ x + (x | g) + (1 | g:h)", data())
    with pytest.raises(mlm.ArgumentError, match=message):
        m.predict(re_form=re_form)


def test_a_re_form_that_cannot_be_read():
    m = mlm.lmer("y ~ x + (x | g)", data())
    for text in ("(1 | g", "(1 | g) +", "1 | g", "(1 | g | h)"):
        with pytest.raises(mlm.FormulaError):
            m.predict(re_form=text)


# offsets and weights


def test_offsets_are_part_of_a_prediction():
    d = data()
    m = mlm.lmer("y ~ x + offset(o) + (1 | g)", d)
    np.testing.assert_allclose(m.predict(d.iloc[SHOWN]), [1.812665, 4.412670, 1.996596, 0.652374], atol=3e-6)
    np.testing.assert_allclose(
        m.predict(d.iloc[SHOWN], re_form="NA"), [1.981385, 3.256605, 2.894113, 2.475704], atol=3e-6
    )
    np.testing.assert_allclose(m.predict(d), m.fitted, rtol=1e-12)
    moved = m.predict(d.assign(o=d.o + 10))
    np.testing.assert_allclose(moved, m.fitted + 10, rtol=1e-12)
    with pytest.raises(mlm.DataError, match="The new data have no column 'o', which the offset uses"):
        m.predict(d.drop(columns="o"))
    assert m.predict(d.assign(o=np.nan)).isna().all()


def test_several_offsets_and_weights_by_name():
    d = data()
    m = mlm.lmer("y ~ x + offset(o) + offset(2 * z) + (1 | g)", d, weights="w", offset="z")
    np.testing.assert_allclose(m.fixef, [1.868603, 1.086764], atol=3e-6)
    np.testing.assert_allclose(m.fitted.iloc[SHOWN], [4.050225, 1.131020, 3.929414, 2.573240], atol=3e-6)
    np.testing.assert_allclose(m.predict(d), m.fitted, rtol=1e-12)
    by_values = mlm.lmer("y ~ x + (1 | g)", d, weights=d.w, offset=d.o + 3 * d.z)
    np.testing.assert_allclose(by_values.fitted, m.fitted, rtol=1e-8)
    np.testing.assert_allclose(by_values.predict(), m.fitted, rtol=1e-8)
    with pytest.raises(mlm.DataError, match=r"given as values.*offset='name', or in the formula, offset\(name\)"):
        by_values.predict(d)
    np.testing.assert_array_equal(by_values.design(d), m.design(d))


def test_one_column_for_both():
    d = data()
    both = mlm.lmer("y ~ x + (1 | g)", d, weights="w", offset="w")
    apart = mlm.lmer("y ~ x + (1 | g)", d.assign(k=d.w), weights="w", offset="k")
    neither = mlm.lmer("y ~ x + (1 | g)", d, offset="w")
    np.testing.assert_array_equal(both.fixef, apart.fixef)
    np.testing.assert_array_equal(both.frame.weights, d.w)
    np.testing.assert_array_equal(both.frame.offset, d.w)
    assert abs(both.deviance - neither.deviance) > 1
    in_the_model = mlm.lmer("y ~ x + w + (w | g)", d, weights="w", offset="w")
    np.testing.assert_allclose(in_the_model.predict(d), in_the_model.fitted, rtol=1e-12)


def test_weights_and_offset_as_expressions():
    d = data()
    m = mlm.lmer("y ~ x + (1 | g)", d, weights="1/v", offset="w")
    np.testing.assert_allclose(m.fixef, [0.4513320, 0.8445281], atol=3e-6)
    assert m.deviance == pytest.approx(520.313815, abs=1e-5)
    np.testing.assert_allclose(m.fitted.iloc[SHOWN], [1.073995, 4.358852, 1.502083, 0.120666], atol=3e-6)
    squared = mlm.lmer("y ~ x + (1 | g)", d, weights="I(w^2)", offset="log(w) - o")
    same = mlm.lmer("y ~ x + (1 | g)", d, weights=d.w**2, offset=np.log(d.w) - d.o)
    np.testing.assert_allclose(squared.fitted, same.fitted, rtol=1e-9)
    np.testing.assert_allclose(squared.predict(d), squared.fitted, rtol=1e-12)
    with pytest.raises(mlm.DataError, match="'v'"):
        mlm.lmer("y ~ x + (1 | g)", d.drop(columns="v"), weights="1/v")
    with pytest.raises(mlm.DataError, match=r"'log\(z\)' is infinite or undefined in"):
        mlm.lmer("y ~ x + (1 | g)", d, offset="log(z)")


def test_columns_called_weights_and_offset():
    d = data().rename(columns={"x": "(weights)", "z": "(offset)"})
    d.loc[3, "(weights)"] = np.nan
    m = mlm.lmer("y ~ `(weights)` + `(offset)` + (1 | g)", d, weights="w", offset="o")
    plain = data()
    plain.loc[3, "x"] = np.nan
    want = mlm.lmer("y ~ x + z + (1 | g)", plain, weights="w", offset="o")
    np.testing.assert_array_equal(m.fixef, want.fixef)
    np.testing.assert_array_equal(m.predict(d), want.predict(plain))
    assert m.dropped.by_column == {"(weights)": 1}
    named = mlm.lmer("y ~ `(offset)` + (1 | g)", d.dropna(), weights="w", offset="(weights)")
    other = mlm.lmer("y ~ z + (1 | g)", plain.dropna(), weights="w", offset="x")
    np.testing.assert_array_equal(named.fitted, other.fitted)
    by_values = mlm.lmer(
        "y ~ `(weights)` + `(offset)` + (1 | g)", d.dropna(), weights=plain.dropna().w, offset=plain.dropna().o
    )
    np.testing.assert_array_equal(by_values.fitted, want.fitted)


def test_missing_weights_and_offsets_take_their_rows():
    d = data()
    holed = d.assign(w=d.w.where(d.index != 4), o=d.o.where(d.index != 9))
    want = mlm.lmer("y ~ x + (1 | g)", d.drop([4, 9]), weights="w", offset="o")
    for weights, offset in (("w", "o"), (holed.w, holed.o), (holed.w.tolist(), np.ma.masked_invalid(holed.o))):
        m = mlm.lmer("y ~ x + (1 | g)", holed, weights=weights, offset=offset)
        np.testing.assert_array_equal(m.fitted, want.fitted)
        assert m.dropped.count == 2
