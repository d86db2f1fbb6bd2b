"""Bounds in columns of their own, intervals of two estimates, what stands below a fit, covariances as matrices."""

import pytest

from replications import verify
from replications.printouts.read import read_printout

LIST = """$herd
            (Intercept)      week
(Intercept)    4.322323 0.3642200
week           0.364220 0.4309307
attr(,"stddev")
(Intercept)        week
  2.0790197   0.6564531
attr(,"correlation")
            (Intercept)     week
(Intercept)    1.000000 0.266871
week           0.266871 1.000000

attr(,"sc")
[1] 1.039298
attr(,"useSc")
[1] TRUE
"""
PANDER = """
--------------------------------------------------------------
 Observations   Residual Std. Error    $R^2$   Adjusted $R^2$
-------------- --------------------- -------- ----------------
     1200              1.006          0.1848       0.1841
--------------------------------------------------------------

Table: Fitting linear model: y ~ x
"""


def _page(*rows):
    cells = ["".join(f"<td>{cell}</td>" for cell in row.split("|")) for row in rows]
    return "<html><table>" + "".join(f"<tr>{row}</tr>" for row in cells) + "</table></html>"


def _values(text):
    (block,) = read_printout(text)
    return {number.id: number.text for number in block.numbers}


@pytest.mark.parametrize(
    "ends",
    [
        ("Lower 95% CI", "Upper 95% CI"),
        ("CI (2.5%)", "CI (97.5%)"),
        ("conf.low", "conf.high"),
        ("2.5 %", "97.5 %"),
        ("lower", "upper"),
    ],
)
@pytest.mark.parametrize("first", ["Predictors", "term"])
def test_bounds_in_columns_of_their_own_are_bounds(ends, first):
    page = _page(
        f"{first}|Estimates|t-value|{ends[0]}|{ends[1]}",
        "(Intercept)|4.12|5.89|2.73|5.51",
        "breedB|0.31|1.24|-0.19|0.81",
    )
    found = {id.partition(".")[2] if first == "Predictors" else id: text for id, text in _values(page).items()}
    assert found["breedB.ci_low"] == "-0.19"
    assert found["intercept.ci_high"] == "5.51"
    assert not any("__" in id for id in found)


def test_small_letters_and_bounds_are_no_models():
    page = _page(
        "|value|se|lower_2.5|upper_97.5",
        "Intercept|5.924|0.123|5.684|6.164",
        "breedB|0.261|0.046|0.171|0.350",
        "week|0.132|0.118|-0.099|0.363",
    )
    found = _values(page)
    assert found["breedB.se"] == "0.046"
    assert found["week.ci_low"] == "-0.099"
    assert found["intercept.estimate"] == "5.924"


def test_a_column_no_reader_knows_is_no_second_estimate():
    found = _values(_page("Predictors|Estimates|p|VIF", "(Intercept)|4.12|0.001|", "breedB|0.31|0.214|1.07"))
    assert found["coef.breedB.VIF"] == "1.07"
    assert found["coef.breedB.estimate"] == "0.31"


def test_an_interval_is_of_the_estimate_that_its_heading_names():
    page = _page(
        "Parameter|b|CI|t|df|p|b*|95% CI (b*)|95% CI",
        "(Intercept)|12.40|0.95|2.31|57|.025|-0.36|[-0.61, -0.11]|[1.65, 23.15]",
        "feed|0.80|0.95|3.10|57|.003|0.41|[0.15, 0.67]|[0.28, 1.32]",
    )
    found = _values(page)
    assert [found[f"feed.{end}"] for end in ("ci_low", "ci_high")] == ["0.28", "1.32"]
    assert [found[f"feed.{end}"] for end in ("std_estimate", "std_ci_low", "std_ci_high")] == ["0.41", "0.15", "0.67"]
    assert not [finding for finding in verify(page).findings if finding.verdict == "differs"]
    wrong = page.replace("[0.28, 1.32]", "[0.88, 1.32]")
    assert [finding for finding in verify(wrong).findings if finding.verdict == "differs"]


@pytest.mark.parametrize(
    "text",
    [
        PANDER,
        _page("Observations|Residual Std. Error|R<sup>2</sup>|Adjusted R<sup>2</sup>", "1200|1.006|0.1848|0.1841"),
    ],
)
def test_what_pander_prints_below_a_fit_is_of_the_fit(text):
    (block,) = read_printout(text)
    assert block.kind == "pander.pander"
    assert _values(text) == {"n_obs": "1200", "rse": "1.006", "r2": "0.1848", "adj_r2": "0.1841"}


def test_a_list_of_covariances_is_of_variances():
    found = _values(LIST)
    assert found["varcomp.herd.week.variance"] == "0.4309307"
    assert found["varcomp.herd.week.sd"] == "0.6564531"
    assert found["varcomp.herd.intercept__week.cov"] == "0.3642200"
    assert found["varcomp.herd.intercept__week.corr"] == "0.266871"
    assert found["varcomp.residual.sd"] == "1.039298"


def test_a_wrong_deviation_in_such_a_list_is_found():
    assert not [finding for finding in verify(LIST).findings if finding.verdict == "differs"]
    wrong = verify(LIST.replace("0.6564531", "0.6564931"))
    assert any("week.sd" in finding.id for finding in wrong.findings if finding.verdict == "differs")


def test_a_square_matrix_without_deviations_is_of_no_effects():
    blocks = read_printout(LIST[: LIST.index("attr")])
    assert not any(number.id.startswith(("ranef", "varcomp")) for block in blocks for number in block.numbers)
    assert sum(len(block.numbers) for block in blocks) == 4


@pytest.mark.parametrize(
    "text",
    [
        _page("nobs|r.squared|sigma", "1200|0.1848|1.006"),
        """
---------------------------
 nobs   r.squared   sigma
------ ----------- --------
 1200    0.1848     1.006
---------------------------
""",
    ],
)
def test_numbers_in_front_of_a_single_row_are_no_name(text):
    assert _values(text) == {"1.nobs": "1200", "1.r_squared": "0.1848", "1.sigma": "1.006"}


def test_numbers_in_front_of_rows_are_names():
    assert _values(_page("week|mean", "1|3.25", "2|3.41")) == {"1.mean": "3.25", "2.mean": "3.41"}
