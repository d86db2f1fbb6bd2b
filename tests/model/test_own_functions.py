"""Functions that the user brings: what they take and give, new rows, errors, models that are saved and loaded."""

import pickle

import numpy as np
import pandas as pd
import pytest

import mlm


def data():
    rng = np.random.default_rng(8)
    g = np.repeat(np.arange(10), 9)
    d = pd.DataFrame(
        {
            "x": rng.normal(size=90).round(3),
            "p": rng.uniform(0.1, 0.9, 90).round(3),
            "f": rng.choice(["a", "b", "c"], 90),
            "g": g,
        }
    )
    d["b"] = rng.random(90) > 0.5
    d["y"] = (d.x + np.log(d.p / (1 - d.p)) + rng.normal(size=10)[g] + 0.3 * rng.normal(size=90)).round(3)
    return d


FUNCTIONS = {
    "logit": lambda p: np.log(p / (1 - p)),
    "score": lambda f: [{"a": 1.0, "b": 4.0, "c": 9.0}[label] for label in f],
    "later": lambda f: np.array([label > "a" for label in f]),
    "both": lambda x, p: np.column_stack([x * p, x + p]),
    "named": lambda x, p: pd.DataFrame({"product": x * p, "sum": x + p}),
    "shifted": lambda x, by=0, times=1: times * (x + by),
    "half": lambda x: x / 2,
    "twice": lambda b: 2 * b,
}


def made(d):
    return d.assign(
        lp=np.log(d.p / (1 - d.p)),
        s=d.f.map({"a": 1.0, "b": 4.0, "c": 9.0}),
        later=d.f > "a",
        xp=d.x * d.p,
        sxp=d.x + d.p,
    )


PAIRS = [
    ("logit(p)", "lp", "logit(p)"),
    ("score(f)", "s", "score(f)"),
    ("later(f)", "later", "later(f)TRUE"),
    ("both(x, p)", "xp + sxp", "both(x, p)1"),
    ("named(x, p)", "xp + sxp", "named(x, p)product"),
    ("shifted(x, 2)", "I(x + 2)", "shifted(x, 2)"),
    ("shifted(x, times = 3, by = -1)", "I(3 * (x - 1))", "shifted(x, times = 3, by = -1)"),
    ("half(logit(p))", "I(lp / 2)", "half(logit(p))"),
    ("scale(logit(p))", "scale(lp)", "scale(logit(p))"),
    ("f * logit(p)", "f * lp", "fb:logit(p)"),
    ("twice(b)", "I(2 * b)", "twice(b)"),
    ("I(later(f) & x > 0)", "I(later & x > 0)", "I(later(f) & x > 0)TRUE"),
]


@pytest.mark.parametrize("group", ["", " + (1 | g)"])
@pytest.mark.parametrize(("term", "column", "name"), PAIRS)
def test_what_they_take_and_give(term, column, name, group):
    d = made(data())
    fit = mlm.lmer if group else mlm.lm
    m = fit(f"y ~ {term}{group}", d, functions=FUNCTIONS)
    want = fit(f"y ~ {column}{group}", d)
    np.testing.assert_allclose(m.fitted, want.fitted, rtol=1e-7, atol=1e-7)
    assert name in m.fixef.index
    new = d.iloc[[4, 70, 9]]
    np.testing.assert_allclose(m.predict(new), m.fitted[new.index], rtol=1e-9, atol=1e-9)
    assert m.predict(new.head(1)).iloc[0] == pytest.approx(m.fitted.iloc[4], rel=1e-9)


def test_everywhere_in_a_formula():
    d = made(data())
    m = mlm.lmer(
        "half(y) ~ x + offset(half(x)) + (logit(p) | g)", d, weights="half(p)", offset="logit(p)", functions=FUNCTIONS
    )
    want = mlm.lmer("yh ~ x + offset(x2) + (lp | g)", d.assign(yh=d.y / 2, x2=d.x / 2), weights=d.p / 2, offset="lp")
    np.testing.assert_allclose(m.fitted, want.fitted, rtol=1e-6)
    np.testing.assert_allclose(m.predict(d), m.fitted, rtol=1e-10)
    groups = mlm.lmer("y ~ x + (1 | score(f)) + (1 | g)", d, functions=FUNCTIONS)
    np.testing.assert_allclose(groups.fitted, mlm.lmer("y ~ x + (1 | f) + (1 | g)", d).fitted, rtol=1e-6)
    frame = mlm.model_frame("half(y) ~ . - g", d[["y", "x", "g"]], functions=FUNCTIONS)
    assert frame.x_names == ("(Intercept)", "x")


def test_effects():
    d = made(data())
    m = mlm.lm("y ~ logit(p) + f", d, functions=FUNCTIONS)
    values = [0.2, 0.5, 0.8]
    want = mlm.effect(mlm.lm("y ~ lp + f", d), "lp", values=list(np.log(np.array(values) / (1 - np.array(values)))))
    np.testing.assert_allclose(mlm.effect(m, "p", values=values).frame["fit"], want.frame["fit"], rtol=1e-9)


def test_they_cannot_change_the_data():
    d = data()

    def spoils(x):
        x[:] = 0.0
        return np.arange(len(x)) * 1.0

    m = mlm.lm("y ~ x + spoils(x)", d, functions={"spoils": spoils})
    want = mlm.lm("y ~ x + k", d.assign(k=np.arange(90.0)))
    np.testing.assert_allclose(m.fitted, want.fitted, rtol=1e-9)
    pd.testing.assert_frame_equal(d, data())


def test_what_they_give_is_kept_apart():
    d, kept = data(), []

    def keeps(x):
        kept.append(x * 2)
        return kept[-1]

    m = mlm.lm("y ~ keeps(x)", d, functions={"keeps": keeps})
    before = m.fitted
    kept[0][:] = 0.0
    pd.testing.assert_series_equal(m.fitted, before)


BAD = [
    (lambda x: x[:-1], r"'bad'\] returned the shape \(89,\); there are 90 rows"),
    (lambda x: np.zeros((90, 0)), r"returned the shape \(90, 0\)"),
    (lambda x: np.zeros((90, 2, 2)), r"returned the shape \(90, 2, 2\)"),
    (lambda x: 1.0, r"returned the shape \(\)"),
    (lambda x: None, "returned"),
    (lambda x: ["a"] * 90, "returned .* instead of numbers"),
    (lambda x: x.astype(complex), "returned complex128 instead of numbers"),
    (lambda x: np.full(90, np.datetime64("2001-01-01")), "returned datetime64"),
    (lambda x: 1 / 0, r"'bad'\] raised ZeroDivisionError: division by zero"),
    (lambda x: x.nothing, "raised AttributeError"),
    (lambda x: x / 0, "is infinite or undefined in 89 of 90 rows"),
]


@pytest.mark.parametrize(("bad", "message"), BAD)
def test_what_they_must_not_give(bad, message):
    with pytest.raises(mlm.DataError, match=message), np.errstate(all="ignore"):
        mlm.lm("y ~ bad(x)", data(), functions={"bad": bad})


def test_what_they_must_not_give_later():
    answers = iter([np.arange(90.0)])
    m = mlm.lm("y ~ x + once(x)", data(), functions={"once": lambda x: next(answers)})
    with pytest.raises(mlm.DataError, match=r"once\(x\) cannot be computed: functions\['once'\] raised StopIteration"):
        m.predict(data())
    wide = mlm.lm(
        "y ~ wide(x)",
        data(),
        functions={"wide": lambda x: np.column_stack([x ** (k + 1) for k in range(min(len(x), 2))])},
    )
    with pytest.raises(mlm.DataError, match=r"'wide\(x\)' makes 1 columns of the new data, and made 2"):
        wide.predict(data().head(1))


@pytest.mark.parametrize(
    ("functions", "message"),
    [
        ([len], "functions maps names to functions: .* got list"),
        ({"half": 2}, "'half' is int, no function"),
        ({3: len}, "3 is not a name"),
    ],
)
def test_what_is_no_function(functions, message):
    for call in (mlm.lm, mlm.model_frame):
        with pytest.raises(mlm.ArgumentError, match=message):
            call("y ~ x", data(), functions=functions)


def test_arguments_that_do_not_fit():
    for term in ("half()", "half(x, p)", "half(z = x)"):
        with pytest.raises(mlm.FormulaError, match="half"):
            mlm.lm(f"y ~ {term}", data(), functions=FUNCTIONS)


# saved and loaded


FORMULAS = {"lm": "y ~ f + logit(p)", "lmer": "y ~ f + logit(p) + (half(x) | g)"}


def saved(kind):
    m = getattr(mlm, kind)(FORMULAS[kind], data(), functions=FUNCTIONS)
    return m, pickle.loads(pickle.dumps(m))


@pytest.mark.parametrize("kind", FORMULAS)
def test_a_loaded_model_has_all_but_its_functions(kind):
    m, again = saved(kind)
    pd.testing.assert_series_equal(again.fitted, m.fitted)
    pd.testing.assert_series_equal(again.predict(), m.predict())
    assert str(again.summary()) == str(m.summary())
    pd.testing.assert_frame_equal(again.tidy(conf_int=True), m.tidy(conf_int=True))
    if kind == "lmer":
        pd.testing.assert_frame_equal(again.ranef(), m.ranef())
        pd.testing.assert_series_equal(again.refit(reml=False).fixef, m.refit(reml=False).fixef)
        pd.testing.assert_series_equal(again.refit(y=m.y + 1).fixef, m.refit(y=m.y + 1).fixef)
    for call in (again.predict, again.design, lambda d: mlm.effect(again, "p"), lambda d: mlm.effect(again, "f")):
        with pytest.raises(mlm.FormulaError, match=r"'logit' was not saved .*m\.with_functions\(\{'logit': \.\.\.\}\)"):
            call(data())
    twice = pickle.loads(pickle.dumps(again))
    with pytest.raises(mlm.FormulaError, match="'logit' was not saved"):
        twice.predict(data())


@pytest.mark.parametrize("kind", FORMULAS)
def test_functions_are_given_again(kind):
    m, again = saved(kind)
    back = again.with_functions({"logit": FUNCTIONS["logit"], "half": FUNCTIONS["half"]})
    assert type(back) is type(m)
    pd.testing.assert_series_equal(back.predict(data()), m.predict(data()))
    pd.testing.assert_frame_equal(back.design(data()), m.design(data()))
    pd.testing.assert_frame_equal(mlm.effect(back, "p").frame, mlm.effect(m, "p").frame)
    with pytest.raises(mlm.FormulaError, match="'logit' was not saved"):
        again.predict(data())  # the loaded one is what it was
    if kind == "lmer":
        one = again.with_functions({"logit": FUNCTIONS["logit"]})
        pd.testing.assert_series_equal(one.predict(data(), re_form="NA"), m.predict(data(), re_form="NA"))
        with pytest.raises(mlm.FormulaError, match="'half' was not saved"):
            one.predict(data())
        refitted = back.refit(reml=False)
        pd.testing.assert_series_equal(refitted.predict(data()), m.refit(reml=False).predict(data()))


def test_functions_that_the_fit_did_not_know():
    _, again = saved("lmer")
    with pytest.raises(mlm.ArgumentError, match="fitted without a function 'probit'; its own are: logit, score"):
        again.with_functions({"probit": np.log})
    with pytest.raises(mlm.ArgumentError, match="'logit' is int, no function"):
        again.with_functions({"logit": 3})
    plain = mlm.lm("y ~ x", data())
    with pytest.raises(mlm.ArgumentError, match="fitted without a function 'logit'; its own are: none"):
        plain.with_functions({"logit": np.log})
