"""Effects against R's package effects 4.2-2, and their invariances."""

import math
import warnings

import matplotlib
import matplotlib.pyplot
import numpy as np
import pytest
from rmodels import data, extended, numbers, one_face, reference
from scipy import stats

import mlm
from mlm.effects.effect import effect

REFERENCE = reference()


@pytest.mark.parametrize("case", REFERENCE["effect"], ids=lambda case: f"{case['formula']}: {case['focal']}")
def test_agrees_with_effects(case):
    m = mlm.lmer(case["formula"], data())
    names = [case["focal"]] if isinstance(case["focal"], str) else case["focal"]
    table = case["frame"]
    grid = {name: list(dict.fromkeys(table[name] if name == "f" else numbers(table[name]))) for name in names}
    found = effect(m, names[0], at={name: grid[name] for name in names[1:]}, values=grid[names[0]]).frame
    for name in names:
        assert found[name].tolist() == (table[name] if name == "f" else numbers(table[name]).tolist())
    for name in ("fit", "se", "lower", "upper"):
        # both optima are found to about 1e-8
        np.testing.assert_allclose(found[name], numbers(table[name]), rtol=2e-7)


def test_agrees_for_a_linear_model():
    case = REFERENCE["effect_lm"]
    found = effect(mlm.lm(case["formula"], data()), "x", values=[-1, 0, 2, 5]).frame
    for name, column in case["frame"].items():
        np.testing.assert_allclose(found[name], numbers(column), rtol=1e-10)


@pytest.mark.parametrize("formula", ["y ~ x + flag + (1 | g)", "y ~ x * flag + (1 | g)"])
def test_truth_values_are_two_levels(formula):
    d = data().assign(flag=data()["x"] > data()["x"].median())
    m = mlm.lmer(formula, d)
    found = effect(m, "flag")
    assert found.categorical
    assert found.frame["flag"].tolist() == [False, True]
    fixed = m.design(d.head(2).assign(flag=[False, True], x=d["x"].mean())) @ m.fixef
    np.testing.assert_allclose(found.frame["fit"], fixed, rtol=1e-12)
    shares = effect(m, "x", values=[0]).typical["flag"]
    assert shares == {False: pytest.approx(1 - d["flag"].mean()), True: pytest.approx(d["flag"].mean())}
    chosen = effect(m, "x", at={"flag": [True]}, values=[0])
    assert chosen.frame["flag"].tolist() == [True]


def test_defaults():
    m = mlm.lmer("y ~ x * f + (1 | g)", data())
    found = effect(m, "x")
    assert len(found.frame) == 50
    assert found.frame["x"].iloc[[0, -1]].tolist() == [data()["x"].min(), data()["x"].max()]
    assert found.typical == {"f": pytest.approx(data()["f"].value_counts(normalize=True).to_dict())}
    assert effect(m, "f").frame["f"].tolist() == ["low", "mid", "high"]
    assert (found.response, found.focal, found.at, found.level) == ("y", "x", (), 0.95)


def test_bands_scale_with_level_and_distribution():
    m = mlm.lmer("y ~ x + (1 | g)", data())
    normal = effect(m, "x", values=[1.0], level=0.8, df=math.inf).frame
    half = (normal["upper"] - normal["lower"]) / 2
    np.testing.assert_allclose(half, stats.norm.ppf(0.9) * normal["se"])


def test_an_average_of_effects_is_the_effect_at_shares():
    m = mlm.lmer("y ~ x * f + C(h) + (1 | g)", data())
    total = effect(m, "x", values=[0.0, 3.0]).frame["fit"].to_numpy()
    parts = effect(m, "x", at={"f": ["low", "mid", "high"]}, values=[0.0, 3.0]).frame
    shares = data()["f"].value_counts(normalize=True)
    average = sum(shares[k] * part["fit"].to_numpy() for k, part in parts.groupby("f", observed=True))
    np.testing.assert_allclose(total, average, rtol=1e-12)


def test_interactions_without_main_effects():
    m = mlm.lm("y ~ x:f", data())
    shares = data()["f"].value_counts(normalize=True)
    expected = m.fixef["(Intercept)"] + 2 * sum(m.fixef[f"x:f{k}"] * share for k, share in shares.items())
    assert effect(m, "x", values=[2.0]).frame["fit"].item() == pytest.approx(expected, rel=1e-12)


def test_predictors_inside_functions_are_held_at_their_means():
    m = mlm.lmer("y ~ x + log(z + 5) + (1 | g)", data())
    found = effect(m, "x", values=[1.0])
    expected = m.fixef @ [1.0, 1.0, math.log(data()["z"].mean() + 5)]
    assert found.frame["fit"].item() == pytest.approx(expected, rel=1e-12)
    assert found.typical == {"z": pytest.approx(data()["z"].mean())}
    # and can be focal themselves
    along = effect(m, "z", values=[0.0, 2.0]).frame["fit"]
    assert along.diff().iloc[1] == pytest.approx(m.fixef["log(z + 5)"] * math.log(7 / 5), rel=1e-12)


def test_an_interaction_by_its_name_is_one_predictor_at_values_of_the_other():
    m = mlm.lmer("y ~ x * f + x * z + (1 | g)", data())
    assert effect(m, "x:f").frame.equals(effect(m, "x", at={"f": ["low", "mid", "high"]}).frame)
    assert effect(m, "f:x", at={"x": [0, 1]}).frame.equals(effect(m, "f", at={"x": [0, 1]}).frame)
    values = effect(m, "x:z").frame["z"].unique()
    assert values == pytest.approx(np.linspace(data()["z"].min(), data()["z"].max(), 5))
    for absent in ("f:z", "x:zz", "x:x"):
        with pytest.raises(mlm.ArgumentError, match=rf"no interaction '{absent}'.* at="):
            effect(m, absent)


def test_refuses():
    m = mlm.lmer("y ~ x * f + (1 | g)", data())
    with pytest.raises(mlm.ArgumentError, match=r"no predictor 'xx'; it has x, f\. Did you mean 'x'"):
        effect(m, "xx")
    with pytest.raises(mlm.ArgumentError, match="'x' is the focal predictor"):
        effect(m, "x", at={"x": [1]})
    with pytest.raises(mlm.ArgumentError, match="no values for 'f'"):
        effect(m, "x", at={"f": []})
    with pytest.raises(mlm.DataError, match="'f' has no level 'med'; it has low, mid, high"):
        effect(m, "x", at={"f": ["med"]})
    for bad in (["a"], [None], [math.nan], [math.inf], [True, "b"]):
        with pytest.raises(mlm.DataError, match="Values of 'x' are finite numbers"):
            effect(m, "x", values=bad)
    for bad in (5, "low"):
        with pytest.raises(mlm.ArgumentError, match="Values of 'x' are a list"):
            effect(m, "x", values=bad)
    with pytest.raises(mlm.ArgumentError, match="level must lie between 0 and 1; got 95"):
        effect(m, "x", level=95)
    with pytest.warns(mlm.RankWarning):
        dependent = mlm.lm("y ~ x + twice", data().assign(twice=2 * data()["x"]))
    with pytest.raises(mlm.FitError, match="twice was dropped"):
        effect(dependent, "x")
    with pytest.raises(
        mlm.ArgumentError, match=r"a model that mlm\.lmer, mlm\.glmer, mlm\.lm or mlm\.glm has fitted; got int"
    ):
        effect(5, "x")
    with pytest.raises(mlm.ArgumentError, match="no predictor 'x'; it has no predictors"):
        effect(mlm.lm("y ~ 1", data()), "x")
    for bad in ("a", 0, -1, True):
        with pytest.raises(mlm.ArgumentError, match="df is a positive number"):
            effect(m, "x", df=bad)


def test_levels_are_named_by_value_or_by_label():
    """The text "2001" is the year 2001 where years are levels, and the year 2001 the text, as in new rows."""
    d = data().assign(year=np.resize([2001, 2002, 2004], len(data())))
    for formula, text in (("y ~ factor(year) + x", d), ("y ~ year + x", d.assign(year=d.year.astype(str)))):
        m = mlm.lm(formula, text)
        expected = effect(m, "year").frame["fit"].iloc[[0, 2]].tolist()
        for values in ([2001, 2004], ["2001", "2004"], [2001.0, "2004"], np.array([2001, 2004])):
            assert effect(m, "year", values=values).frame["fit"].tolist() == expected
        assert len(effect(m, "x", at={"year": ["2001"]}).frame) == 50
        for bad in ("2003", 2003, None, [2001], "02001"):
            with pytest.raises(mlm.DataError, match=r"'year' has no level .*; it has 2001, 2002, 2004"):
                effect(m, "year", values=[bad])


def test_text_for_numbers_is_pointed_out():
    m = mlm.lm("y ~ x", data())
    with pytest.raises(mlm.DataError, match=r"'x' are finite numbers.* Numbers stand without quotes; '2001' is text"):
        effect(m, "x", values=["2001"])
    with pytest.raises(mlm.DataError, match=r"got \[nan\]\.$"):
        effect(m, "x", values=[np.nan])


def part():
    """Rows of which none has mid and yes, as one_face.R takes them."""
    rows = data()[~((data()["f"] == "mid") & (data()["binary"] == 1))]
    return rows.assign(binary=np.where(rows["binary"] == 1, "yes", "no"))


@pytest.mark.filterwarnings("ignore:1 of 7 columns:mlm.RankWarning")
def test_a_cell_that_no_row_has_is_not_estimable():
    m = mlm.lm("y ~ f * binary + z", part())
    focal = {"both": ("f", {"at": {"binary": ["no", "yes"]}}), "one": ("f", {}), "slope": ("z", {"values": [0, 1]})}
    for which, (name, options) in focal.items():
        with pytest.warns(mlm.RankWarning, match="cannot be estimated and are NaN: .* coefficients of fmid:binaryyes"):
            found = effect(m, name, **options)
        assert found.note.count("(") == found.frame["fit"].isna().sum()
        for column in ("fit", "se", "lower", "upper"):
            np.testing.assert_allclose(found.frame[column], numbers(one_face()["cells"][which][column]), rtol=1e-8)
    assert "1 of 6 values" in effect_note(m, "f", {"binary": ["no", "yes"]})
    assert "(f = mid, binary = yes)" in effect_note(m, "f", {"binary": ["no", "yes"]})


def test_a_figure_without_values_says_why():
    rng = np.random.default_rng(2)
    d = part().assign(z=lambda d: np.where(d["binary"] == "yes", 1.0, 0.0) + (d["f"] == "mid"))
    d["y"] = rng.normal(size=len(d))
    with pytest.warns(mlm.RankWarning):
        m = mlm.lm("y ~ binary * f", d[~((d["f"] == "mid") & (d["binary"] == "yes"))])
    with pytest.warns(mlm.RankWarning, match="1 of 1 value"):
        found = effect(m, "f", at={"binary": ["yes"]}, values=["mid"])
    ax = found.plot()
    shown = " ".join(" ".join(text.get_text() for text in ax.texts).split())
    assert shown.startswith("1 of 1 value of the effect cannot be estimated and are NaN")
    assert not effect(m, "f", at={"binary": ["no"]}).plot().texts
    matplotlib.pyplot.close("all")


def effect_note(m, focal, at):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.RankWarning)
        return effect(m, focal, at=at).note


def test_cells_of_a_mixed_model_that_no_row_has():
    """Others are what they are; so is every cell when the factors are added."""
    with pytest.warns(mlm.RankWarning):
        m = mlm.lmer("y ~ f * binary + z + (1 | g)", part())
    with pytest.warns(mlm.RankWarning, match="1 of 6 values"):
        found = effect(m, "f", at={"binary": ["no", "yes"]})
    full = mlm.lmer("y ~ 0 + cell + z + (1 | g)", part().assign(cell=lambda d: d["f"].astype(str) + d["binary"]))
    cells = effect(full, "cell").frame.set_index("cell")["fit"]
    for row in found.frame.itertuples():
        assert (
            math.isnan(row.fit)
            if row.f + row.binary == "midyes"
            else row.fit == pytest.approx(cells[row.f + row.binary], rel=1e-6)
        )
    assert effect(mlm.lmer("y ~ f + binary + (1 | g)", part()), "f", at={"binary": ["no", "yes"]}).note == ""


def test_a_slope_that_another_column_has_is_not_estimable():
    with pytest.warns(mlm.RankWarning):
        m = mlm.lm("y ~ x + twice + f", extended())
    with pytest.warns(mlm.RankWarning, match="coefficients of twice"):
        assert effect(m, "x", values=[0, 1]).frame["fit"].isna().all()
    assert effect(m, "f").frame["fit"].notna().all()


@pytest.mark.parametrize("name", ["fit", "se", "lower", "upper"])
def test_a_predictor_is_not_overwritten_by_a_result(name):
    m = mlm.lm(f"y ~ {name} + z", data().rename(columns={"x": name}))
    with pytest.raises(mlm.ArgumentError, match=f"The predictor '{name}' is called like a column of the effect"):
        effect(m, name)
    with pytest.raises(mlm.ArgumentError, match="rename it before the fit"):
        effect(m, "z", at={name: [0, 1]})
    np.testing.assert_allclose(effect(m, "z").frame["fit"], effect(mlm.lm("y ~ x + z", data()), "z").frame["fit"])
