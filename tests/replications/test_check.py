"""Checks by name: what of a model an id names, what is missing, what disagrees, what is excepted."""

import dataclasses
import json
import math

import numpy as np
import pandas as pd
import pytest

import replications
from replications import data, registry
from replications.check import Published
from replications.errors import CheckError
from replications.quantities import Quantities, anova_cell, canonical, find, stars, verdict
from replications.registry import Entry, KnownException, Source


class Mixed:
    """A fitted mixed model as far as the checks look at it: two terms, a correlated slope."""

    fixef = pd.Series({"(Intercept)": 5.0, "edu.cwc": 0.4, "edu.cwc:cpi_cgm": -0.1})
    se = pd.Series({"(Intercept)": 0.5, "edu.cwc": 0.1, "edu.cwc:cpi_cgm": 0.06})
    vcov = pd.DataFrame(np.diag(se**2), index=se.index, columns=se.index)
    vcov.iloc[0, 1] = vcov.iloc[1, 0] = -0.02
    varcorr = pd.DataFrame(
        [
            ("cntry", "(Intercept)", None, 4.0, 2.0),
            ("cntry", "edu.cwc", None, 0.25, 0.5),
            ("cntry", "(Intercept)", "edu.cwc", -0.6, -0.6),
            ("Residual", None, None, 9.0, 3.0),
        ],
        columns=["grp", "var1", "var2", "vcov", "sdcor"],
    )
    sigma = 3.0
    ngrps = pd.Series({"cntry": 21})
    scaled_resid = pd.Series([-2.0, -1.0, 0.0, 1.0, 2.0])
    reml_criterion, aic, bic, loglik, deviance, npar, nobs, df_resid = (
        100.0,
        114.0,
        120.0,
        -50.0,
        99.0,
        7,
        50,
        43,
    )

    def ranef(self):
        return pd.DataFrame(
            {
                "grpvar": "cntry",
                "term": "(Intercept)",
                "grp": ["BE", "BG"],
                "condval": [-0.11, -1.7],
                "condsd": [0.04, 0.05],
            }
        )

    def coefficients(self, ddf=None):
        table = pd.DataFrame({"Estimate": self.fixef, "Std. Error": self.se, "t value": self.fixef / self.se})
        return table if ddf is None else table.assign(**{"df": [19.0, 18.0, 17.0], "Pr(>|t|)": [0.0, 1e-4, 0.11]})


class Linear:
    """A fitted linear model as far as the checks look at it."""

    fixef = pd.Series({"(Intercept)": 1.0, "as.factor(schnum)2": 2.0, "C(g)3.0": 0.5})
    se = pd.Series({"(Intercept)": 1.0, "as.factor(schnum)2": 0.5, "C(g)3.0": 0.28})
    resid = pd.Series([-1.0, 0.0, 3.0])
    sigma, r_squared, adj_r_squared, nobs, df_resid = 1.5, 0.25, 0.2, 30, 27
    fstatistic = (4.5, 2.0, 27.0)

    def coefficients(self):
        return pd.DataFrame({"Pr(>|t|)": [0.3, 0.0004, 0.08]}, index=self.fixef.index)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("reml_criterion", 100),
        ("aic", 114),
        ("bic", 120),
        ("loglik", -50),
        ("loglik_df", 7),
        ("deviance", 99),
        ("df_resid", 43),
        ("n_obs", 50),
        ("n_groups", 21),
        ("n_groups.cntry", 21),
        ("scaled_resid.min", -2),
        ("scaled_resid.q1", -1),
        ("scaled_resid.max", 2),
        ("varcomp.cntry.intercept.variance", 4),
        ("varcomp.cntry.intercept.sd", 2),
        ("varcomp.cntry.edu_cwc.sd", 0.5),
        ("varcomp.cntry.intercept__edu_cwc.corr", -0.6),
        ("varcomp.residual.variance", 9),
        ("varcomp.residual.sd", 3),
        ("var.cntry.edu_cwc", 0.25),
        ("var.residual", 9),
        ("cov.cntry.intercept__edu_cwc", -0.6),
        ("tau00", 4),
        ("icc.input_tau2", 4),
        ("icc.input_sigma2", 9),
        ("l1_variance", 9),
        ("fixef.intercept.estimate", 5),
        ("fixef.edu_cwc.se", 0.1),
        ("fixef.edu_cwc.t", 4),
        ("fixef.edu_cwc:cpi_cgm.estimate", -0.1),
        ("fixef.cpi_cgm:edu_cwc.estimate", -0.1),
        ("intercept.ci_low", 5 - 1.959963984540054 * 0.5),
        ("edu_cwc", 0.4),
        ("fixef_corr.edu_cwc.intercept", -0.4),
        ("ranef.cntry.BG.condval", -1.7),
        ("ranef.cntry.BE.condsd", 0.04),
    ],
)
def test_quantities_of_a_mixed_model(name, expected):
    # the fake's numbers are exact but for a quotient or a product
    assert Quantities(Mixed()).get(name) == pytest.approx(expected, rel=1e-14)


def test_p_values_of_a_mixed_model_are_normal_or_satterthwaite():
    # erfc and the normal distribution's tail are the same function
    assert Quantities(Mixed()).get("fixef.edu_cwc.p") == pytest.approx(math.erfc(4 / math.sqrt(2)), rel=1e-14)
    assert Quantities(Mixed(), satterthwaite=True).get("fixef.edu_cwc.p") == 1e-4
    assert Quantities(Mixed(), satterthwaite=True).get("fixef.edu_cwc.df") == 18
    assert Quantities(Mixed(), satterthwaite=True).get("fixef.intercept.stars") == "***"
    assert Quantities(Mixed()).get("fixef.edu_cwc:cpi_cgm.stars") == "."
    assert Quantities(Mixed(), dot=False).get("fixef.edu_cwc:cpi_cgm.stars") == ""


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("coef.schnum2.estimate", 2),
        ("coef.schnum2.stars", "***"),
        ("coef.g3.stars", "."),
        ("coef.intercept.p", 0.3),
        ("resid.median", 0),
        ("resid.q3", 1.5),
        ("r2", 0.25),
        ("adj_r2", 0.2),
        ("rse", 1.5),
        ("rmse", 1.5),
        ("f", 4.5),
        ("f_df1", 2),
        ("f_df2", 27),
        ("f_p", (1 + 2 * 4.5 / 27) ** (-27 / 2)),
    ],
)
def test_quantities_of_a_linear_model(name, expected):
    # F with 2 numerator degrees of freedom has the closed form above; SciPy gives it to a few ulps
    expected = expected if isinstance(expected, str) else pytest.approx(expected, rel=1e-12)
    assert Quantities(Linear()).get(name) == expected


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("fixef.edu_cgm.estimate", "no term 'edu_cgm' among"),
        ("icc", "more than one random effect"),
        ("varcomp.school.intercept.sd", "no grouping factor 'school' among cntry"),
        ("varcomp.cntry.age_cwc.sd", "no random effect 'age_cwc'"),
        ("ranef.cntry.XX.condval", "0 conditional modes for level 'XX'"),
        ("what.is.this.thing", "no quantity of a model is called so"),
    ],
)
def test_what_a_model_does_not_have_is_said(name, message):
    with pytest.raises(LookupError, match=message):
        Quantities(Mixed()).get(name)


def test_names_in_ids_and_models():
    assert canonical("(Intercept)") == canonical("intercept")
    assert canonical("C(incquart)2.0") == canonical("incquart2")
    assert canonical("C(g)[T.b]") == canonical("gb")
    assert canonical("a.x:b_y") == canonical("b.y:a_x")
    assert find("w_eduyrs", ["b.eduyrs", "w.eduyrs"], "term") == "w.eduyrs"
    with pytest.raises(LookupError, match=r"several terms: a.b, a_b"):
        find("a_b", ["a.b", "a_b"], "term")


def test_stars_and_verdicts():
    assert [stars(p, True) for p in (0.0005, 0.005, 0.03, 0.07, 0.2)] == ["***", "**", "*", ".", ""]
    assert stars(0.07, False) == ""
    assert verdict(Mixed(), "edu_cwc") == "positive, significant"
    assert verdict(Mixed(), "edu_cwc:cpi_cgm") == "not significant"
    assert verdict(Linear(), "schnum2") == "positive, significant"


def test_anova_cells():
    table = pd.DataFrame({"npar": [7, 10], "Chisq": [np.nan, 30.5], "Pr(>Chisq)": [np.nan, 1e-6]})
    assert anova_cell(table, 1, "chisq") == 30.5
    assert anova_cell(table, 1, "stars") == "***"
    with pytest.raises(LookupError, match="Did you mean 'chisq'"):
        anova_cell(table, 1, "chisqr")
    with pytest.raises(CheckError, match=r"lacks the column 'AIC'"):
        anova_cell(table, 1, "aic")


def entry(id, value, **more):
    return Entry(id=id, value=value, what="", model="", where="", determined_by="moments", **more)


ENTRIES = (
    entry("m.aic", "114"),
    entry("m.fixef.intercept.estimate", "5.00"),
    entry("m.icc", "0.1231", basis="printed"),
    entry("prose.intercept", "5", restates="m.fixef.intercept.estimate"),
    entry("table.m.aic", "114.0"),
    entry("table.l.r2", ".25"),
    entry("means.7.n", "20"),
    entry("means.7.mean", "1.5"),
    entry("claim.m.edu_cwc", "positive, significant", relation="text"),
    entry("anova.a.npar", "7"),
    entry("anova.b.p", "1.0e-06"),
    entry("slip", "13"),
    entry("twice", "1780"),
    entry("stop.aic", "114.3", optimizer_sensitive=True),
)
EXCEPTIONS = {
    "slip": KnownException("small", "slip", "a slip of the author's hand"),
    "twice": KnownException("small", "twice", "R rounded twice", via="1780.5"),
}


@pytest.fixture
def small(monkeypatch, tmp_path):
    """Open a registry of a few entries whose records go to a folder of their own."""
    monkeypatch.setenv("MLM_CHECKS", str(tmp_path))
    monkeypatch.setattr(data, "in_use", lambda _: "twin")
    source = Source("small", "", "", "imm10", ENTRIES, {}, {}, {}, {}, "made up")
    monkeypatch.setattr(registry, "read", lambda _: source)
    monkeypatch.setattr(registry, "exceptions", lambda *_: EXCEPTIONS)
    return Published("small")


class Stopped(Mixed):
    aic = 114.31


def check_all(small):
    small.check("m", Mixed(), {"icc": 0.12309})
    small.check("prose")
    small.check("table", {"m": Mixed(), "l": Linear()})
    small.check("means", pd.DataFrame({"n": [20], "mean": [1.52]}, index=[7]))
    small.check("claim", {"m": Mixed()})
    small.check("anova", pd.DataFrame({"npar": [7, 10], "Pr(>Chisq)": [np.nan, 1.04e-6]}))
    small.check("slip", 15)
    small.check("twice", 1780.5032)
    return small.check("stop", Mixed(), stopping_point=Stopped())


def test_everything_checked_is_a_full_score(small):
    check_all(small)
    score = small.finish()
    assert str(score) == "small: 14 published, 12 reproduced (1 at the stopping point), 2 exceptions; made up"
    assert "  a slip of the author's hand\n    slip: printed 13, computed 15" in repr(score)
    assert '<li title="slip">slip: printed <code>13</code>, computed <code>15</code></li>' in score._repr_html_()


def test_records_keep_every_digit(small, tmp_path):
    check_all(small)
    content = json.loads((tmp_path / "small.twin.json").read_text())
    assert content["complete"] is False
    values = {value["id"]: value for value in content["values"]}
    assert values["twice"]["computed"] == "1780.5032"
    assert values["twice"]["shown"] == "1781"
    assert values["m.icc"] == {
        "id": "m.icc",
        "printed": "0.1231",
        "shown": "0.1231",
        "computed": "0.12309",
        "agrees": True,
        "reason": "",
        "stopping_point": False,
    }
    small.finish()
    assert json.loads((tmp_path / "small.twin.json").read_text())["complete"] is True


def test_the_table_shows_printed_places_only(small):
    table = small.check("means", {"7.n": 20, "7": {"mean": 1.52}})
    assert list(table.columns) == ["printed", "computed", "agrees"]
    assert table.loc["7.mean"].tolist() == ["1.5", "1.5", "yes"]
    assert repr(table).startswith("2 of 2 numbers of means agree\n")
    assert "<summary>2 of 2 numbers of means agree</summary>" in table._repr_html_()
    assert 'title="7.mean">means.<wbr>7.<wbr>mean</th><td><code>1.5</code></td>' in table._repr_html_()


def test_a_section_is_one_folded_line_over_all_that_was_checked_in_it(small):
    small.check("means", {"7.n": 20, "7": {"mean": 1.52}})
    small.check("claim", {"m": Mixed()})
    first = small.section("the first part")
    small.check("slip", 15)
    second = small.section("the rest")
    assert list(first.index) == ["means.7.n", "means.7.mean", "claim.m.edu_cwc"]
    assert first.caption == "3 of 3 numbers and claims of the first part agree"
    assert second.caption == "The one number of the rest differs"
    html = second._repr_html_()
    assert html.startswith('<details class="published-check"><summary>The one number')
    assert html.endswith("a slip of the author&#x27;s hand</p></details>")
    with pytest.raises(CheckError, match="the end: nothing was checked since the last section"):
        small.section("the end")


def test_values_of_the_same_description_are_told_apart_by_their_model(small):
    about = {"what": "AIC", "where": "", "determined_by": "rows"}
    entries = (
        Entry(id="t.a", value="1", model="m0", **about),
        Entry(id="t.b", value="2", model="m1", **about),
        Entry(id="t.c", value="3", model="m1", **(about | {"what": "BIC"})),
    )
    small.source = dataclasses.replace(small.source, entries=entries, models={"m0": {"label": "Null model"}})
    assert small.check("t", {"a": 1, "b": 2, "c": 3}).labels == ["AIC (Null model)", "AIC (m1)", "BIC"]


def test_a_range_other_than_half_a_unit_is_said(small):
    about = {"model": "", "where": "", "determined_by": "rows", "relation": "about", "tolerance": "2"}
    entries = (Entry(id="seen", value="62", what="intercept, seen", **about),)
    small.source = dataclasses.replace(small.source, entries=entries)
    html = small.check("seen", 60.5)._repr_html_()
    assert '<th scope="row" title="seen">intercept, seen</th>' in html
    assert "<td><code>62</code> <small>within 2</small></td><td><code>60</code></td>" in html


def test_an_exception_is_shown_with_its_reason(small):
    table = small.check("slip", 15)
    assert table["agrees"].tolist() == ["exception"]
    assert "Exception (slip): a slip of the author's hand" in repr(table)
    assert "The one number of slip differs" in repr(table)


def test_all_misses_are_listed_at_once(small):
    with pytest.raises(CheckError) as error:
        small.check("means", {"7.n": 21, "7.mean": 1.6})
    assert "means.7.n: printed '20', computed 21" in str(error.value)
    assert "means.7.mean: printed '1.5', computed 1.6" in str(error.value)


def test_missing_and_superfluous_values_are_listed(small):
    with pytest.raises(CheckError) as error:
        small.check("means", {"7.n": 20, "7.meen": 1.5})
    message = str(error.value)
    assert "no value for 1 of them" in message
    assert "7.mean: nothing handed over for it. Did you mean '7.meen'?" in message
    assert "7.meen was handed over; nothing published is called so. Did you mean '7.mean'" in message


def test_a_stale_exception_fails(small):
    with pytest.raises(CheckError, match=r"slip: 13 reproduces '13'.*take it off the list"):
        small.check("slip", 13)


def test_rounding_twice_must_lead_to_the_printed_number(small):
    with pytest.raises(CheckError, match=r"1780\.7 does not give '1780' by way of '1780\.5'"):
        small.check("twice", 1780.7)


def test_a_value_of_the_stopping_point_is_labelled(small):
    table = small.check("stop", Mixed(), stopping_point=Stopped())
    assert table["agrees"].tolist() == ["yes, stopping point"]
    assert "\nStopping point (aic): the printed digit is that of the point where" in repr(table)
    assert "<strong>Stopping point</strong> (stop.<wbr>aic): the printed digit" in table._repr_html_()
    with pytest.raises(CheckError, match=r"stop.aic: printed '114.3', computed 114.0$"):
        small.check("stop", Mixed(), stopping_point=Mixed())


def test_without_the_stopping_point_its_digits_are_missed_and_the_remedy_named(small):
    with pytest.raises(CheckError, match=r"printed '114.3', computed 114.0; this digit .* as stopping_point="):
        small.check("stop", Mixed())


def test_long_labels_may_be_broken(small):
    assert (
        'title="fixef.intercept.estimate">m.<wbr>fixef.<wbr>intercept.<wbr>estimate</th>'
        in small.check("m", Mixed(), {"icc": 0.12309})._repr_html_()
    )


def test_a_number_computed_from_printed_numbers_is_not_taken_from_the_model(small):
    with pytest.raises(CheckError, match=r"icc: its author computed it from printed numbers.*published.value"):
        small.check("m", Mixed())
    assert small.value("m.icc") == 0.1231


def test_a_restatement_waits_for_what_it_restates(small):
    with pytest.raises(CheckError, match=r"restates m\.fixef\.intercept\.estimate, which is not checked yet"):
        small.check("prose")


def test_what_was_left_out_is_listed(small):
    small.check("slip", 15)
    with pytest.raises(CheckError, match="13 of 14 published values were not checked") as error:
        small.finish()
    assert "table.l.r2" in str(error.value)
    assert "slip" not in str(error.value)


def test_an_unknown_name_is_answered_with_near_ones(small):
    with pytest.raises(CheckError, match="Did you mean 'means'"):
        small.check("mean", 1)


def test_a_real_model_is_checked_by_name(monkeypatch, tmp_path):
    mlm = pytest.importorskip("mlm")
    monkeypatch.setenv("MLM_CHECKS", str(tmp_path))
    students = replications.load("imm10", kind="twin", verbose=False)
    m = mlm.lmer("math ~ homework + (1 | schnum)", students, reml=False)
    published = replications.published("soci832_multilevel")
    for name in (
        "model3.fixef",
        "model3.fixef_corr.homework",
        "model3.varcomp",
        "model3.n_groups",
        "model3.aic",
    ):
        assert set(published.check(name, m)["agrees"]) == {"yes"}


def test_numbers_beside_those_of_another_program_are_a_folded_line_or_an_error():
    table = replications.compared({"a": 1.0, "b": 2.0, "c": 3.0}, {"a": 1.000001, "b": 2.1}, atol={"a": 0, "b": 0.2})
    assert str(table).startswith("2 of 2 numbers of R agree, within the tolerance in each row\n")
    assert list(table.frame["agrees"]) == ["within 1 in 100,000", "within 0.2"]
    both = table + replications.compared({"c": 3}, {"c": 3})
    assert "<summary>3 of 3 numbers of R agree, within the tolerance in each row</summary>" in both._repr_html_()
    exact = replications.compared({"a": 2.49851}, {"a": 2.49856}, 1e-4)
    assert exact.caption == "The one number of R agrees within 1 in 10,000"
    assert "<td>2.49856</td><td>2.49851</td><td>within 1 in 10,000</td>" in exact._repr_html_()
    with pytest.raises(replications.CheckError, match="1 of 2 numbers are not Stata's"):
        replications.compared({"a": 1.0, "b": 2.0}, {"a": 1.0, "b": 2.1}, program="Stata")
    with pytest.raises(replications.CheckError, match="Not computed: z"):
        replications.compared({}, {"z": 1.0})


def test_names_of_compared_numbers_are_read_as_words():
    given = {"S ses Std. Error": 1.0, "sd_x|g from": 2.0, "homework:standing Pr(>F)": 3.0, "p LRT": 4.0, "other": 5.0}
    words = {"S": "Satterthwaite", "sd_x|g": "SD of slopes", "p LRT": "likelihood ratio: p value"}
    assert list(replications.compared(given, given, words=words).frame.index) == [
        "Satterthwaite: standard error of ses",
        "SD of slopes: lower limit",
        "p value of homework:standing",
        "likelihood ratio: p value",
        "other",
    ]
