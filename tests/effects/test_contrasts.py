"""Families of contrasts and their adjustments, by other ways to the same numbers; wrong arguments; figures."""

import pickle

import numpy as np
import pandas as pd
import pytest
import scipy
from reference.emmeans import rows

import mlm
from mlm.effects.adjust import Simultaneous, stepwise
from mlm.effects.contrasts import contrast_family


@pytest.fixture(scope="module")
def model():
    return mlm.lmer("y ~ A * B + x + (1 | g)", rows("main"))


@pytest.fixture(scope="module")
def means(model):
    return mlm.emmeans(model, "A", by="B")


@pytest.mark.parametrize("count", [3, 4, 6])
@pytest.mark.parametrize("df", [7.5, 40.0, np.inf])
def test_the_multivariate_t_distribution_of_all_pairs_is_the_studentized_range(count, df):
    pairs = contrast_family("pairwise", [str(k) for k in range(count)], None, False).weights
    family = Simultaneous(np.full(len(pairs), df), pairs @ pairs.T / 2.0, count, len(pairs))
    close = 1e-8 if count == 3 else 2e-4
    for t in (0.5, 2.0, 3.5):
        assert family.tail(t, df, "mvt") == pytest.approx(family.tail(t, df, "tukey"), abs=close)
    (quantile,) = {round(one, 12) for one in family.quantiles(0.95, "tukey")}
    theirs = scipy.stats.studentized_range.isf(0.05, count, df) / np.sqrt(2.0)
    assert quantile == pytest.approx(theirs, rel=1e-8)


def test_independent_estimates_are_adjusted_as_by_sidak():
    family = Simultaneous(np.full(2, np.inf), np.eye(2), 0, 2)
    t = np.array([1.3, 2.4])
    np.testing.assert_allclose(family.pvalues(t, "mvt"), family.pvalues(t, "sidak"), rtol=1e-8)
    np.testing.assert_allclose(family.quantiles(0.9, "mvt"), family.quantiles(0.9, "sidak"), rtol=1e-8)


def test_false_discovery_rates_are_scipys():
    p = np.random.default_rng(3).uniform(size=20) ** 3
    for method in ("BH", "BY"):
        np.testing.assert_allclose(stepwise(p, method), scipy.stats.false_discovery_control(p, method=method.lower()))


def test_missing_p_values_stay_missing():
    p = np.array([0.02, np.nan, 0.01])
    np.testing.assert_allclose(stepwise(p, "holm"), [0.02, np.nan, 0.02])


def test_means_are_predictions_and_contrasts_their_differences(model, means):
    data = rows("main")
    grid = pd.DataFrame({"A": list("abcabc"), "B": list("uuuvvv"), "x": data["x"].mean(), "g": "new"})
    predicted = model.predict(grid, re_form="NA")
    np.testing.assert_allclose(means.frame["emmean"], predicted, rtol=1e-12)
    differences = means.contrast("pairwise")
    np.testing.assert_allclose(
        differences.frame["estimate"].iloc[:3],
        [predicted[0] - predicted[1], predicted[0] - predicted[2], predicted[1] - predicted[2]],
    )
    np.testing.assert_allclose(differences.frame["SE"] ** 2, np.diag(differences.vcov), rtol=1e-10)


def test_contrasts_of_contrasts(means):
    interaction = means.contrast("pairwise").contrast("pairwise", by="contrast")
    assert list(interaction.frame.columns[:2]) == ["contrast1", "contrast"]
    by_hand = means.contrast({"own": [1, -1, 0, -1, 1, 0]}, by=())
    assert interaction.frame["estimate"].iloc[0] == pytest.approx(by_hand.frame["estimate"].iloc[0], rel=1e-10)
    assert interaction.frame["t.ratio"].iloc[0] == pytest.approx(by_hand.frame["t.ratio"].iloc[0], rel=1e-10)


def test_polynomials_are_orthogonal():
    for count in (2, 3, 5, 7, 12):
        weights = contrast_family("poly", [str(k) for k in range(count)], None, False).weights
        gram = weights @ weights.T
        assert (gram == np.diag(gram.diagonal())).all()
        assert (weights.sum(axis=1) == 0).all()
        assert (weights[:, -1] > 0).all()


def test_a_control_by_label_or_position(means):
    by_label, by_position = means.contrast("trt.vs.ctrl", ref="b"), means.contrast("trt.vs.ctrl", ref=1)
    pd.testing.assert_frame_equal(by_label.frame, by_position.frame)
    assert by_label.frame["contrast"].tolist()[:2] == ["a - b", "c - b"]
    several = means.contrast("trt.vs.ctrl", ref=["a", "b"])
    assert several.frame["contrast"].tolist()[:1] == ["c - avg(a,b)"]


def test_weights_by_the_names_of_levels(model, means):
    pairs = means.contrast({"c - a": [-1, 0, 1], "b": [0, 1, 0]}).frame
    for weights in ({"c": 1, "a": -1}, pd.Series({"c": 1, "a": -1}), pd.Series([-1, 0, 1])):
        found = means.contrast({"c - a": weights, "b": {"b": 1}}).frame
        pd.testing.assert_frame_equal(found, pairs)
    both = mlm.emmeans(model, ["A", "B"]).contrast({"own": {"b v": 1, "a u": -1}}).frame
    by_place = mlm.emmeans(model, ["A", "B"]).contrast({"own": [-1, 0, 0, 0, 1, 0]}).frame
    pd.testing.assert_frame_equal(both, by_place)
    numbers = mlm.emmeans(model, "x", at={"x": [1, 2.5]})
    for weights in ({2.5: 1, 1: -1}, {"x2.5": 1, "x1": -1}, {"2.5": 1, "1": -1}):
        pd.testing.assert_frame_equal(numbers.contrast({"k": weights}).frame, numbers.contrast({"k": [-1, 1]}).frame)


def test_numbers_are_named_with_their_variable(model):
    found = mlm.emmeans(model, "x", at={"x": [1, 2.5]}).contrast()
    assert found.frame["contrast"].tolist() == ["x1 - x2.5"]


def test_tukeys_method_is_of_all_pairs_only(means):
    found = means.contrast("eff", adjust="tukey")
    assert found.adjust == "sidak"
    assert 'adjust = "tukey" was changed to "sidak"' in str(found)


def test_formulas_as_specs(model):
    once = mlm.emmeans(model, ["A"], by=["B"]).frame
    for specs in ("A | B", "~ A | B"):
        pd.testing.assert_frame_equal(mlm.emmeans(model, specs).frame, once)
    pd.testing.assert_frame_equal(mlm.emmeans(model, "A:B").frame, once)
    pd.testing.assert_frame_equal(mlm.emmeans(model, "A * B").frame, once)


def test_degrees_of_freedom_by_default():
    data = rows("main")
    said = {
        "kenward-roger": mlm.lmer("y ~ A + (1 | g)", data),
        "satterthwaite": mlm.lmer("y ~ A + (1 | g)", data, reml=False),
    }
    for method, m in said.items():
        assert f"Degrees-of-freedom method: {method}" in str(mlm.emmeans(m, "A"))
    with pytest.raises(mlm.FitError, match="maximum likelihood"):
        mlm.emmeans(said["satterthwaite"], "A", ddf="kenward-roger")
    with pytest.raises(mlm.FitError, match="degrees of freedom"):
        mlm.emmeans(mlm.lm("y ~ A", data), "A", ddf="kenward-roger")


def test_the_coding_does_not_matter():
    data = rows("main")
    tables = [
        mlm.emmeans(mlm.lm("y ~ A * B", data, contrasts=c), "A").frame for c in (None, {"A": "sum", "B": "helmert"})
    ]
    pd.testing.assert_frame_equal(*tables, rtol=1e-9)


def test_a_model_without_predictors():
    data = rows("main")
    m = mlm.lm("y ~ 1", data)
    assert mlm.emmeans(m, "1").frame["emmean"].tolist() == pytest.approx([data["y"].mean()])
    with pytest.raises(mlm.ArgumentError, match="no predictors"):
        mlm.emmeans(m, "A")


def test_estimates_are_saved_and_shown(means):
    for found in (means, means.contrast("consec")):
        again = pickle.loads(pickle.dumps(found))
        pd.testing.assert_frame_equal(again.frame, found.frame)
        assert str(again) == str(found)
        assert "mlm-estimates" in found._repr_html_()
    taken = means.frame
    taken["emmean"] = 0.0
    assert not (means.frame["emmean"] == 0.0).any()


WRONG = {
    "specs": ({"specs": "C"}, "no 'C'"),
    "by": ({"by": "Q"}, "no 'Q'"),
    "all in by": ({"by": "A"}, "in by="),
    "at": ({"at": {"C": [1]}}, "no predictor 'C'"),
    "at twice": ({"at": {"x": [1, 1]}}, "twice"),
    "at none": ({"at": {"x": []}}, "no values"),
    "at kind": ({"at": ["x"]}, "at= maps"),
    "weights": ({"weights": "many"}, "weights="),
    "ddf": ({"ddf": "exact"}, "ddf is"),
    "level": ({"level": 2}, "level"),
    "type": ({"type": "mean"}, "`type`"),
}


@pytest.mark.parametrize("name", WRONG)
def test_refuses(model, name):
    options, words = WRONG[name]
    with pytest.raises(mlm.ArgumentError, match=words):
        mlm.emmeans(model, **({"specs": "A"} | options))


def test_refuses_values(model):
    with pytest.raises(mlm.DataError, match="no level 'z'"):
        mlm.emmeans(model, "A", at={"A": ["z"]})
    with pytest.raises(mlm.DataError, match="finite numbers"):
        mlm.emmeans(model, "A", at={"x": [np.nan]})


WRONG_CONTRASTS = {
    "method": (("pairs",), {}, "Did you mean|Contrasts are"),
    "adjust": (("eff",), {"adjust": "tukeys"}, "adjust= is one of"),
    "ref": (("trt.vs.ctrl",), {"ref": "z"}, "ref= is one of"),
    "ref of others": (("eff",), {"ref": "a"}, "ref= is of"),
    "ref of own weights": (({"k": [1, -1, 0]},), {"ref": "a"}, "ref= is of"),
    "by": (("eff",), {"by": "A"}, "leaves nothing"),
    "unknown by": (("eff",), {"by": "x"}, "by= names"),
    "weights": (({"k": [1, 2]},), {}, "one finite number"),
    "weights by name": (({"k": {"a": 1, "bb": -1}},), {}, "has a weight of 'bb'.*a, b, c.* Did you mean 'b'"),
    "an empty contrast": (({"k": {}},), {}, "'k' has no weights.*'a': 1"),
    "weights of no number": (({"k": {"a": "1"}},), {}, "one finite number"),
    "a level for a contrast": (({"a": 1, "b": -1},), {}, "or weights by their names, {'a': 1, …}"),
    "no weights": (({},), {}, "no contrast"),
}


@pytest.mark.parametrize("name", WRONG_CONTRASTS)
def test_refuses_contrasts(means, name):
    arguments, options, words = WRONG_CONTRASTS[name]
    found = mlm.emmeans(mlm.lm("y ~ A", rows("main")), "A") if name == "by" else means
    with pytest.raises(mlm.ArgumentError, match=words):
        found.contrast(*arguments, **options)


def test_slopes_are_of_numbers(model):
    with pytest.raises(mlm.ArgumentError, match="numeric predictor"):
        mlm.slopes(model, "A")
    assert mlm.slopes(model, "x").frame["x.trend"].tolist() == pytest.approx([model.fixef["x"]], rel=1e-10)


@pytest.mark.filterwarnings("ignore::mlm.RankWarning")
def test_nested_factors_are_averaged_within():
    m = mlm.lm("y ~ S + D + B", rows("main"))
    assert mlm.emmeans(m, "D").frame[["D", "S"]].drop_duplicates().shape == (7, 2)
    with pytest.raises(mlm.ArgumentError, match="nested"):
        mlm.emmeans(m, "B", weights="proportional")


def test_a_single_estimate_has_no_control():
    rows = {"y": [1.0, 2.0, 4.0, 5.0, 3.0, 2.5], "f": list("aabbcc"), "x": [0.0, 1.0, 1.0, 3.0, 2.0, 5.0]}
    means = mlm.emmeans(mlm.lm("y ~ f + x", rows), "x", by="f")
    with pytest.raises(mlm.ArgumentError, match="there is one in a family"):
        means.contrast("trt.vs.ctrl")
