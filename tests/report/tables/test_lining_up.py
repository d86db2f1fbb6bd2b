"""Coefficients and variances of several models in rows: told by what they are, not by how they are labelled."""

import re
import warnings

import numpy as np
import pytest
from rmodels import data

import mlm


@pytest.fixture(scope="module")
def models():
    return [
        mlm.lmer("y ~ 1 + (1 | g)", data()),
        mlm.lmer("y ~ x + w + (x | g)", data()),
        mlm.lm("y ~ x + z", data()),
    ]


def labels(table):
    return [row.label for row in table.coefficients]


def awkward():
    rng = np.random.default_rng(11)
    return data().assign(
        **{"f": rng.choice(["u", "v"], 180), "fv": rng.normal(size=180), "g.1": data()["h"], "Residual": data()["g"]}
    )


def test_a_level_and_a_column_of_one_label_have_a_row_each():
    m = mlm.lm("y ~ f + fv", awkward())
    table = mlm.regtable(m)
    assert labels(table) == ["(Intercept)", "fv", "fv"]
    assert [row.cells[0].value for row in table.coefficients] == m.fixef.tolist()
    assert table.to_text().count("\nfv ") == table.to_latex().count("\nfv &") == table.to_html().count(">fv<") == 2
    assert table.to_frame().index.tolist()[2:6] == [("fv", "estimate"), ("fv", "se")] * 2


def test_what_is_the_same_in_two_models_is_known_by_what_it_is():
    """The column fv of one model, and the level v of f in the other, are not the same."""
    level, column, both = (mlm.lm(f"y ~ {right}", awkward()) for right in ("f", "fv", "f + fv"))
    table = mlm.regtable([column, level, both])
    assert labels(table) == ["(Intercept)", "fv", "fv"]
    found = [[cell is not None for cell in row.cells] for row in table.coefficients]
    assert found == [[True, True, True], [True, False, True], [False, True, True]]
    assert table.coefficients[1].cells[2].value == both.fixef.iloc[2]


def test_variances_of_factors_of_awkward_names_have_a_row_each():
    d = awkward()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.MlmWarning)
        m = mlm.lmer("y ~ x + (1 | g) + (0 + x | g) + (0 + x | `g.1`)", d)
        n = mlm.lmer("y ~ x + (1 | Residual) + (0 + x | `g.1`)", d)
    table = mlm.regtable([m, n])
    shown = {row.label: row.cells for row in table.statistics if row.label.startswith("Var")}
    assert list(shown) == [
        "Var: g (Intercept)",
        "Var: g.2 x",
        "Var: g.1 x",
        "Var: Residual",
        "Var: Residual (Intercept)",
    ]
    assert [cells[0] for cells in shown.values()] == [*m.varcorr["vcov"], None]
    assert [cells[1] for cells in shown.values()] == [None, None, *n.varcorr["vcov"].iloc[[1, 2, 0]]]


def test_coefficients_of_several_models_that_get_one_name_share_a_row():
    """As in texreg, when no model has two of them."""
    d = data().assign(hours=data()["x"] / 10)
    one, other = mlm.lm("y ~ x", d), mlm.lm("y ~ hours", d)
    for names in ({"x": "Hours", "hours": "Hours"}, ["(Intercept)", "Hours", "Hours"]):
        table = mlm.regtable([one, other], coef_names=names)
        assert labels(table) == ["(Intercept)", "Hours"]
        assert [cell.value for cell in table.coefficients[1].cells] == [one.fixef["x"], other.fixef["hours"]]
    assert labels(mlm.regtable([one, other], coef_names={"x": "hours"})) == ["(Intercept)", "hours"]
    with pytest.raises(mlm.ArgumentError, match="cannot have one name: in 'Model 2', x and z would both be called 'a'"):
        mlm.regtable([one, mlm.lm("y ~ x + z", d)], coef_names={"x": "a", "z": "a"})


@pytest.mark.parametrize(
    ("omit", "left"),
    [
        ("x", ["(Intercept)", "w", "z"]),
        ("z|w", ["(Intercept)", "x"]),
        (["x", "z"], ["(Intercept)", "w"]),
        ("^[xz]$", ["(Intercept)", "w"]),
        (re.compile("Inter"), ["x", "w", "z"]),
        ("(Intercept)", ["x", "w", "z"]),
        ([], ["(Intercept)", "x", "w", "z"]),
        (None, ["(Intercept)", "x", "w", "z"]),
    ],
)
def test_coefficients_are_left_out_by_name_or_pattern(models, omit, left):
    assert labels(mlm.regtable(models, omit=omit)) == left


def test_a_text_is_found_in_names_and_a_list_has_them_whole():
    m = mlm.lm("y ~ x + I(x^2) + z", data())
    for omit, left in (("x", ["z"]), (["x"], ["I(x^2)", "z"]), ("^x$", ["I(x^2)", "z"]), ({"x", "z"}, ["I(x^2)"])):
        assert labels(mlm.regtable(m, omit=omit))[1:] == left


def test_names_are_those_of_what_is_shown(models):
    assert labels(mlm.regtable(models, omit="x", coef_names=["a", "b", "c"])) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"omit": "nothing"}, "No coefficient matches omit='nothing'; there are"),
        ({"omit": ["wealth"]}, "No model has the coefficient 'wealth'; there are"),
        ({"omit": "("}, "is not a regular expression"),
        ({"omit": 5}, "omit is a list of coefficients, .* got int"),
        ({"omit": ["x", 5]}, "omit is a list of coefficients"),
        ({"omit": "."}, "omit= leaves no coefficient"),
        ({"coef_names": {"(Intercep)": "a"}}, r"Did you mean '\(Intercept\)'"),
        ({"stars": (0.001, 0.01, 0.05, 0.1, 0.2)}, "marks for 4 levels; stars has 5"),
        ({"stars": [5]}, "stars is a list of p values"),
        ({"ci": "95%"}, "ci is True or False; got str"),
        ({"p": 0.05}, "p is True or False; got float"),
        ({"single_row": None}, "single_row is True or False; got NoneType"),
        ({"rmse": []}, "rmse is True or False; got list"),
        ({"ci": True, "level": 95}, "level must lie between 0 and 1; got 95"),
        ({"level": 2}, "level must lie between 0 and 1; got 2"),
        ({"caption": None}, "caption is a text; got NoneType"),
        ({"note": ["a"]}, "note is a text; got list"),
        ({"ddf": "kenward"}, "ddf must be None,"),
        ({"digits": 99}, "digits is a whole number from 0 to 15; got 99"),
        ({"digits": True}, "digits is a whole number from 0 to 15; got True"),
        ({"digits": 2.0}, "digits is a whole number from 0 to 15; got 2.0"),
        ({"digits": None}, "digits is a whole number from 0 to 15; got None"),
        ({"coef_names": {"x": None}}, "coef_names has a name that is not text: NoneType"),
        ({"coef_names": {"x": float("nan")}}, "coef_names has a name that is not text: float"),
        ({"coef_names": {"a", "b", "c", "d"}}, "coef_names is a list of names, or maps .* got set"),
        ({"names": {"a"}}, "names are a list with one name .* got set"),
        ({"names": [None]}, "names has a name that is not text: NoneType|models need"),
    ],
)
def test_wrong_arguments_are_one_error(models, options, message):
    for given in (models, models[2]):
        with pytest.raises(mlm.ArgumentError, match=message):
            mlm.regtable(given, **options)


def test_intervals_and_p_values_are_those_of_the_models(models):
    table = mlm.regtable(models, ci=True, p=True, level=0.9, ddf="satterthwaite")
    for k, m in enumerate(models):
        ddf = None if isinstance(m, mlm.LinearModel) else "satterthwaite"
        cells = [row.cells[k] for row in table.coefficients if row.cells[k] is not None]
        np.testing.assert_array_equal([(c.low, c.high) for c in cells], m.confint(0.9, ddf=ddf))
        np.testing.assert_array_equal([c.p for c in cells], m.coefficients(ddf)["Pr(>|t|)"])
    frame = table.to_frame()
    low, high = models[2].confint(0.9).loc["x"]
    assert frame.loc[("x", "ci"), "Model 3"] == f"[{low:.2f}; {high:.2f}]"
    assert set(frame.index.get_level_values("what")) == {"estimate", "ci", "p", "statistic"}
    assert frame.loc[("(Intercept)", "p")].tolist() == ["p < 0.001"] * 3
    assert table.to_text().endswith("90% confidence intervals in brackets")


def test_terms_that_were_dropped_have_no_row():
    with pytest.warns(mlm.RankWarning):
        m = mlm.lm("y ~ x + twice + z", data().assign(twice=2 * data()["x"]))
    table = mlm.regtable(m, ci=True)
    assert labels(table) == ["(Intercept)", "x", "z"]
    np.testing.assert_array_equal(
        [(row.cells[0].low, row.cells[0].high) for row in table.coefficients], m.confint().dropna()
    )


def test_four_levels_have_texregs_marks(models):
    """Three stars, two, one, and a dot; of fewer levels the last has one star."""
    table = mlm.regtable(models[2], stars=(0.001, 0.01, 0.05, 0.1))
    assert table.to_text().split("\n")[-1] == "*** p < 0.001; ** p < 0.01; * p < 0.05; . p < 0.1"
    p = models[2].coefficients()["Pr(>|t|)"]
    all_four = sorted([p["z"] * 0.5, p["z"] * 0.6, p["z"] * 0.7, p["z"] * 1.01])
    table = mlm.regtable(models[2], stars=all_four)
    z = models[2].fixef["z"]
    assert table.to_frame().loc[("z", "estimate")].item() == f"{z:.2f}."
    assert f" {z:.2f} ." in table.to_text()
    assert f"{z:.2f}<sup>&sdot;</sup>".replace("-", "&minus;") in table.to_html()
    assert f"${z:.2f}^{{\\cdot}}$" in table.to_latex()
    assert r"$^{\cdot}p<" in table.to_latex()
    assert f"{z:.2f}·".replace("-", "−") in table.to_markdown()
    assert mlm.regtable(models[2], stars=[0.5]).to_text().endswith("\n* p < 0.5")
    assert mlm.regtable(models[2], stars=[0.5, 0.1]).to_text().endswith("\n** p < 0.1; * p < 0.5")


@pytest.mark.filterwarnings("ignore::mlm.SingularFitWarning")
def test_variances_of_0_and_undefined_numbers_are_shown():
    rng = np.random.default_rng(3)
    singular = mlm.lmer("y ~ x + (1 | g)", data().assign(y=rng.normal(size=180) - 0.3 * (data().index % 15 == 0)))
    exact = mlm.lm("y ~ x", data().head(2))
    table = mlm.regtable([singular, exact])
    assert singular.is_singular
    assert table.to_frame().loc[("Var: g (Intercept)", "statistic")].tolist() == ["0.00", ""]
    assert table.to_frame().loc[("x", "se")].tolist()[1] == "(NaN)"
    assert r"$(\mathrm{NaN})$" in table.to_latex()


@pytest.mark.parametrize("count", [1, 12])
def test_one_model_and_twelve(models, count):
    chosen = (models * 4)[:count]
    table = mlm.regtable(chosen)
    text = table.to_text().split("\n")
    assert len({len(line) for line in text[:-1]}) == 1
    assert table.to_frame().shape[1] == count
    assert table.to_latex().count("tabular}{l " + " ".join("c" * count)) == 1


def test_labels_of_other_scripts_stand_in_line(models):
    lines = mlm.regtable(models[0], names=["模型"], coef_names=["α ä\u0301 系数"]).to_text().split("\n")
    assert lines[3].startswith("α ä\u0301 系数")
    assert len(lines[3]) == len(lines[0]) - 2 + 1  # two letters take two columns each, one accent none
