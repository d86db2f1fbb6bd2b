"""Families of contrasts: within what a factor is nested in, beside estimates that do not follow from the fit."""

import warnings

import matplotlib.pyplot as plt
import numpy as np
import pytest
import scipy
from reference.emmeans import rows

import mlm
from mlm.effects.adjust import stepwise
from mlm.effects.grid import reference_grid

ALL_COUNT = ("holm", "hochberg", "hommel", "BH", "BY", "bonferroni", "sidak")


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def gaps():
    data = rows("main")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.RankWarning)
        return mlm.lmer("y ~ A * B + (1 | g)", data[~((data["A"] == "c") & (data["B"] == "v"))])


def nested():
    data = rows("main")
    return mlm.lm("y ~ S * B + D", data), data.groupby("S")["D"].nunique()


@pytest.mark.filterwarnings("ignore::mlm.RankWarning")
def test_a_factor_by_what_it_is_nested_in():
    m, sizes = nested()
    means = mlm.emmeans(m, "D", by="S")
    assert means.by == ("S",)
    assert list(means.labels) == ["D", "S"]
    pairs = means.contrast()
    assert len(pairs.frame) == (sizes * (sizes - 1) / 2).sum()
    assert f"a family of {sizes.max()} estimates" in str(pairs)
    largest = pairs.frame[pairs.frame["S"] == sizes.idxmax()]
    p = scipy.stats.studentized_range.sf(np.sqrt(2.0) * largest["t.ratio"].abs(), sizes.max(), largest["df"])
    np.testing.assert_allclose(largest["p.value"], p, rtol=1e-8)


@pytest.mark.filterwarnings("ignore::mlm.RankWarning")
def test_by_a_factor_that_is_nested_stands_within_its_own():
    m, sizes = nested()
    means = mlm.emmeans(m, "B", by="D")
    assert means.by == ("S", "D")
    assert len(means.contrast().frame) == sizes.sum()
    assert mlm.emmeans(m, "D", by="B").by == ("B",)


@pytest.mark.parametrize("method", ALL_COUNT)
def test_estimates_that_do_not_follow_count_in_adjustments(gaps, method):
    pairs = mlm.emmeans(gaps, "A:B").contrast(adjust=method)
    raw = pairs.test(adjust=None).frame["p.value"]
    assert raw.isna().sum() == 5
    counted = pairs.frame["p.value"]
    filled = stepwise(raw.fillna(1.0).to_numpy(), method) if method in ALL_COUNT[:5] else None
    by_hand = {"bonferroni": np.minimum(1.0, 15 * raw), "sidak": 1.0 - (1.0 - raw) ** 15}.get(method, filled)
    np.testing.assert_allclose(counted, np.where(raw.isna(), np.nan, by_hand), rtol=1e-8, atol=1e-12)
    assert f"{method} method for 15 tests" in str(pairs)


def test_scheffe_has_the_rank_of_what_is_estimable_and_mvt_its_number(gaps):
    pairs = mlm.emmeans(gaps, "A:B").contrast(adjust="scheffe")
    assert "rank 4" in str(pairs)
    there = pairs.frame.dropna()
    p = scipy.stats.f.sf(there["t.ratio"] ** 2 / 4, 4, there["df"])
    np.testing.assert_allclose(there["p.value"], p, rtol=1e-8)
    assert "mvt method for 10 tests" in str(pairs.test(adjust="mvt"))


def test_one_estimable_contrast_of_three_is_adjusted(gaps):
    pairs = mlm.emmeans(gaps, "A", by="B").contrast(adjust="holm")
    alone = pairs.frame[pairs.frame["B"] == "v"].dropna()
    assert len(alone) == 1
    raw = pairs.test(adjust=None).frame.loc[alone.index, "p.value"]
    np.testing.assert_allclose(alone["p.value"], np.minimum(1.0, 3.0 * raw), rtol=1e-10)


def test_beginnings_of_adjustments():
    m = mlm.lm("y ~ A", rows("main"))
    assert mlm.emmeans(m, "A").contrast(adjust="Bonf").adjust == "bonferroni"
    with pytest.raises(mlm.ArgumentError, match="beginning"):
        mlm.emmeans(m, "A").contrast(adjust="ho")


def blocks(found):
    return [line for line in str(found).splitlines() if line.endswith(":") and " = " in line]


def test_blocks_and_figures_tell_numbers_apart():
    m = mlm.lm("y ~ A + x", rows("main"))
    by = mlm.emmeans(m, "A", by="x", at={"x": [1000.0000001, 1000.0000002]})
    assert blocks(by) == ["x = 1000.0000001:", "x = 1000.0000002:"]
    legend = by.plot().get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["1000.0000001", "1000.0000002"]
    marks = mlm.emmeans(m, "x", at={"x": [12341.0, 12342.0, 12343.0]}).plot()
    assert [label.get_text() for label in marks.get_yticklabels()] == ["12341", "12342", "12343"]


def test_words_above_blocks_are_not_padded():
    data = rows("main")
    m = mlm.lm("y ~ A * L", data.assign(L=data["B"].map({"u": "low", "v": "highest"})))
    assert set(blocks(mlm.emmeans(m, "A", by="L"))) == {"L = low:", "L = highest:"}


@pytest.mark.parametrize("name", ["SE", "df", "emmean", "p.value", "lower.CL", "null"])
def test_predictors_named_as_results_are_refused(name):
    data = rows("main")
    m = mlm.lm(f"y ~ `{name}` + x", data.assign(**{name: data["A"]}))
    with pytest.raises(mlm.ArgumentError, match=f"'{name}' has the name of a column of results"):
        mlm.emmeans(m, name)


def test_a_predictor_named_contrast_works():
    data = rows("main")
    means = mlm.emmeans(mlm.lm("y ~ contrast + x", data.assign(contrast=data["A"])), "contrast")
    assert means.frame["contrast"].tolist() == ["a", "b", "c"]
    assert len(means.plot().lines) == len(mlm.emmeans(mlm.lm("y ~ A + x", data), "A").plot().lines)
    assert means.contrast().frame["contrast"].tolist() == ["a - b", "a - c", "b - c"]


def test_figures_of_pairs_say_how_their_intervals_are_adjusted():
    means = mlm.emmeans(mlm.lm("y ~ A", rows("main")), "A")
    assert "adjusted: tukey" in means.contrast().plot().get_xlabel()
    assert "adjusted: bonferroni" in means.contrast(adjust="holm").plot().get_xlabel()
    assert "adjusted" not in means.plot().get_xlabel()
    with pytest.raises(mlm.ArgumentError, match="no option 'titel'"):
        means.plot(titel="a")


@pytest.mark.parametrize(
    "response",
    [
        "log(p, 2)",
        "2 * log(p)",
        "log(p) + 1",
        "3 - log(p)",
        "-log(p)",
        "log(2 * p)",
        "log(I(p + 1))",
        "sqrt(p) * 2",
        "I(p^2)",
        "exp(p / 5)",
        "1 / p",
        "p^(1/3)",
        "p / 10",
        "log1p(p)",
        "log10(p - 0.1)",
    ],
)
def test_responses_are_transformed_back(response):
    data = rows("main")
    data["p"] = np.exp(0.2 * data["y"]) + 0.5
    m = mlm.lm(f"{response} ~ A", data)
    found, on_link = mlm.emmeans(m, "A", type="response"), mlm.emmeans(m, "A")
    again = mlm.lm(f"{response} ~ 1", {"p": found.frame["response"].to_numpy()}).frame.y
    np.testing.assert_allclose(again, on_link.frame["emmean"], rtol=1e-10)
    scale = found.scale
    eta = on_link.frame["emmean"].to_numpy()
    rate = (scale.inverse(eta + 1e-6) - scale.inverse(eta - 1e-6)) / 2e-6
    np.testing.assert_allclose(found.frame["SE"], on_link.frame["SE"] * np.abs(rate), rtol=1e-6)
    assert (found.frame["lower.CL"] < found.frame["upper.CL"]).all()
    assert "not the response" in str(on_link)
    if "log" in response and "1p" not in response and "+ 1)" not in response and "- 0.1" not in response:
        ratios = found.contrast().frame["ratio"]
        means = found.frame["response"]
        np.testing.assert_allclose(ratios, [means[0] / means[1], means[0] / means[2], means[1] / means[2]], rtol=1e-9)


@pytest.mark.parametrize("response", ["scale(y)", "2 * scale(y)", "abs(y)"])
def test_unknown_inverses_are_refused(response):
    m = mlm.lm(f"{response} ~ A", rows("main"))
    with pytest.raises(mlm.ArgumentError, match="No inverse of the response"):
        mlm.emmeans(m, "A", type="response")
    assert len(mlm.emmeans(m, "A").frame) == 3


def test_averages_hold_one_weight_for_each_point():
    rng = np.random.default_rng(1)
    data = {"a": rng.integers(0, 60, 3000).astype(str), "b": rng.integers(0, 60, 3000).astype(str)}
    m = mlm.lm("y ~ a + b", data | {"y": rng.normal(size=3000)})
    _, weights = reference_grid(m, None).average(["a", "b"], "equal")
    assert weights.shape == (3600, 3600)
    assert weights.nnz == 3600
    assert len(mlm.emmeans(m, "a:b").frame) == 3600


def test_slopes_name_their_own_argument():
    with pytest.raises(mlm.ArgumentError, match="by= names predictors"):
        mlm.slopes(mlm.lm("y ~ x", rows("main")), "x", by="zz")


@pytest.mark.parametrize("response", ["scale(y)", "I(y - mean(y))"])
def test_results_of_a_response_without_inverse_say_what_they_are_of(response):
    rng = np.random.default_rng(2)
    data = {"y": rng.normal(size=30) + 5.0, "x": rng.normal(size=30), "f": list("abc") * 10}
    m = mlm.lm(f"{response} ~ x + f", data)
    means = mlm.emmeans(m, "f")
    for found in (means, means.contrast("pairwise"), mlm.slopes(m, "x")):
        assert f"Results are given on the {response} (not the response) scale." in str(found)
    assert "not the response" not in str(mlm.emmeans(mlm.lm("y ~ x + f", data), "f"))
