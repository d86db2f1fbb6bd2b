"""Tables of models, in the layout of texreg's functions, in which the tutorials print them."""

import numpy as np
import pytest
from rmodels import data
from scipy import stats

import mlm
from mlm.report.regtable import regtable

# Laid out by the rules of screenreg; test_summary compares the numbers with R.
TEXT = """\
==========================================================
                      Null         Slopes       OLS       
----------------------------------------------------------
(Intercept)             10.14 ***     9.41 ***    9.34 ***
                        (0.56)       (0.32)      (0.36)   
x                                     0.26        0.41 ** 
                                     (0.25)      (0.14)   
w                                    -0.42                
                                     (0.37)               
----------------------------------------------------------
AIC                    841.04       762.34                
BIC                    850.61       784.69                
Log Likelihood        -417.52      -374.17                
Num. obs.              180          180         180       
Num. groups: g          15           15                   
Var: g (Intercept)       4.23         0.71                
Var: Residual            5.00         2.73                
Var: g x                              0.83                
Cov: g (Intercept) x                 -0.00                
R^2                                               0.04    
Adj. R^2                                          0.04    
==========================================================
*** p < 0.001; ** p < 0.01; * p < 0.05"""  # noqa: W291 - cells are padded, as in R


@pytest.fixture(scope="module")
def models():
    return [
        mlm.lmer("y ~ 1 + (1 | g)", data()),
        mlm.lmer("y ~ x + w + (x | g)", data()),
        mlm.lm("y ~ x", data()),
    ]


@pytest.fixture(scope="module")
def table(models):
    return regtable(models, names=["Null", "Slopes", "OLS"])


def test_text(table):
    assert table.to_text() == str(table) == repr(table) == TEXT


def test_standardised_columns_stand_beside_their_models(models, tmp_path):
    found = regtable(models, names=["Null", "Slopes", "OLS"], standardized=True, ci=True, note="One more.")
    assert found.names == ("Null", "Null (std.)", "Slopes", "Slopes (std.)", "OLS", "OLS (std.)")
    assert [row.label for row in found.coefficients] == ["(Intercept)", "x", "w"]
    for k, m in enumerate(models):
        z = mlm.standardize(m)
        cells = [row.cells[2 * k + 1] for row in found.coefficients if row.cells[2 * k + 1] is not None]
        assert [cell.value for cell in cells] == z.fixef.tolist()
        np.testing.assert_array_equal([[cell.low, cell.high] for cell in cells], z.confint())
    plain = regtable(models)
    assert [row.cells[::2] for row in found.statistics] == [row.cells for row in plain.statistics]
    assert all(cell is None for row in found.statistics for cell in row.cells[1::2])
    faces = [found.to_text(), found.to_html(), found.to_latex(), found.to_markdown()]
    assert all("Slopes (std.)" in face and "standard deviation 1" in face and "One more." in face for face in faces)
    assert len(found.to_frame().columns) == 6


def test_standardised_columns_of_interactions_and_generalized_models():
    d = data().assign(k=lambda d: (d["y"] > 9).astype(int))
    models = [mlm.lm("y ~ x * w", d), mlm.glm("k ~ x * w", d), mlm.glmer("k ~ x + (1 | g)", d)]
    found = regtable(models, standardized=True, single_row=True, p=True, coef_names={"x:w": "both"})
    assert [row.label for row in found.coefficients] == ["(Intercept)", "x", "w", "both"]
    assert found.coefficients[3].cells[3].value == models[1].standardize().fixef.iloc[3]
    with pytest.raises(mlm.FitError, match="scale"):
        regtable(mlm.lm("y ~ exp(x)", d), standardized=True)
    with pytest.raises(mlm.ArgumentError, match="standardized is True or False"):
        regtable(models, standardized="both")


def test_one_row_a_coefficient(models):
    lines = regtable(models, single_row=True, digits=3).to_text().split("\n")
    assert lines[3].split(maxsplit=1) == ["(Intercept)", lines[3][22:].strip()]
    assert lines[4].split() == ["x", "0.260", "(0.252)", "0.413", "(0.145)", "**"]
    assert lines[6].startswith("-----")


def test_frame(table):
    frame = table.to_frame()
    assert table.frame.equals(frame)
    assert frame.loc[("x", "estimate")].tolist() == ["", "0.26", "0.41**"]
    assert frame.loc[("x", "se")].tolist() == ["", "(0.25)", "(0.14)"]
    assert frame.loc[("Var: Residual", "statistic")].tolist() == ["5.00", "2.73", ""]
    assert frame.columns.tolist() == ["Null", "Slopes", "OLS"]


def test_html(models):
    text = regtable(models, coef_names={"x": "a < b"}, caption="Effects & fits").to_html()
    assert text == regtable(models, coef_names={"x": "a < b"}, caption="Effects & fits")._repr_html_()
    assert "<caption>Effects &amp; fits</caption>" in text
    assert '<th scope="row">a &lt; b</th><td></td><td>0.26</td><td>0.41<sup>**</sup></td>' in text
    assert "<td>&minus;417.52</td>" in text
    assert text.count("<tr>") == text.count("</tr>")
    assert '<td colspan="4"><sup>***</sup>p &lt; 0.001' in text


def test_latex(models):
    text = regtable(models, names=["a_b", "c%", "d"], caption="50 % & more").to_latex()
    assert r"\begin{tabular}{l c c c}" in text
    assert r" & a\_b & c\% & d \\" in text
    assert r"x &  & $0.26$ & $0.41^{**}$ \\" in text
    assert r"R$^2$ &  &  & $0.04$ \\" in text
    assert r"\caption{50 \% \& more}" in text
    assert r"$^{***}p<0.001$; $^{**}p<0.01$; $^{*}p<0.05$" in text
    assert r"$0.413 \; (0.145)^{**}$" in regtable(models, single_row=True, digits=3).to_latex()


def test_coefficients_are_renamed_in_order_of_appearance(models):
    rows = regtable(models, coef_names=["Constant", "Hours", "Wealth"]).to_frame().index.get_level_values(0)
    assert list(dict.fromkeys(rows))[:3] == ["Constant", "Hours", "Wealth"]


def test_stars_follow_the_levels_and_the_distribution(models):
    slopes, ols = models[1], models[2]
    p = stats.norm.sf(abs(slopes.fixef["w"] / slopes.se["w"])) * 2
    assert regtable(slopes, stars=[p * 1.001]).to_frame().loc[("w", "estimate")].item() == "-0.42*"
    assert regtable(slopes, stars=[p * 0.999]).to_frame().loc[("w", "estimate")].item() == "-0.42"
    exact = slopes.coefficients("satterthwaite").loc["w", "Pr(>|t|)"]
    assert exact > p
    assert (
        regtable(slopes, ddf="satterthwaite", stars=[exact * 0.999]).to_frame().loc[("w", "estimate")].item() == "-0.42"
    )
    assert "*" not in regtable(ols, stars=()).to_text()
    assert "<tfoot>" not in regtable(ols, stars=()).to_html()
    assert "scriptsize" not in regtable(ols, stars=()).to_latex()


def test_a_p_value_on_a_bound_has_not_passed_it(models):
    """texreg: ``* p < 0.05``. R's own tables count the bound in (test_r_numbers)."""
    p = models[2].coefficients().loc["x", "Pr(>|t|)"]
    assert regtable(models[2], stars=[p]).to_frame().loc[("x", "estimate")].item() == "0.41"
    assert regtable(models[2], stars=[p, 0.5]).to_frame().loc[("x", "estimate")].item() == "0.41*"


def test_residual_standard_error_on_demand(models):
    assert "RMSE" in [row.label for row in regtable(models[2], rmse=True).statistics]
    assert "RMSE" not in [row.label for row in regtable(models[2]).statistics]


def test_refuses(models):
    with pytest.raises(mlm.ArgumentError, match="no model"):
        regtable([])
    with pytest.raises(mlm.ArgumentError, match="digits is a whole number from 0 to 15; got -1"):
        regtable(models, digits=-1)
    with pytest.raises(mlm.ArgumentError, match=r"takes models in one list: regtable\(\[m1, m2\]\)"):
        regtable(models[0], models[1])
    with pytest.raises(mlm.ArgumentError, match="3 models need 3 names; got 1: a"):
        regtable(models, names=["a"])
    with pytest.raises(mlm.ArgumentError, match=r"3 different coefficients, \(Intercept\), x, w; got 1 names"):
        regtable(models, coef_names=["a"])
    with pytest.raises(mlm.ArgumentError, match="No model has the coefficient 'z'"):
        regtable(models, coef_names={"z": "Zeta"})
    with pytest.raises(mlm.ArgumentError, match="cannot have one name"):
        regtable(models, coef_names={"x": "w"})
    bare = mlm.lmer("y ~ 0 + (1 | g)", {"y": [1, 2, 4, 5, 7, 9], "g": list("aabbcc")})
    with pytest.raises(mlm.ArgumentError, match="no coefficient to show: none of the models has any"):
        regtable([bare])
