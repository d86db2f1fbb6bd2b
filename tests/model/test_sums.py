"""Sums as files: written, read, merged and fitted; three sites are one."""

import json

import numpy as np
import pandas as pd
import pytest

import mlm
from mlm.errors import ArgumentError, DataError, FitError, FormulaError, MissingRowsWarning, MlmWarning

FORMULA = "y ~ x * f + b + (1 + x | g) + (1 | h)"


def rows(n=1200, seed=7):
    rng = np.random.default_rng(seed)
    d = pd.DataFrame({"x": rng.normal(500.0, 3.0, n), "g": rng.integers(0, 40, n), "b": rng.random(n) < 0.4})
    d["h"] = np.array(list("abcdefgh"))[rng.integers(0, 8, n)]
    d["f"] = np.array(["low", "mid", "high"])[rng.integers(0, 3, n)]
    effects, sites = rng.normal(size=(40, 2)), rng.normal(size=8)
    d["y"] = 3.0 + (0.5 + 0.3 * effects[d.g, 1]) * (d.x - 500.0) + effects[d.g, 0] + rng.normal(size=n)
    d["y"] += sites[d.h.map("abcdefgh".index)] + (d.f == "mid")
    return d


def at_sites(d):
    """Three sites that share groups and differ in x, so that each has a shift of its own."""
    site = np.where(d.x > d.x.mean() + 2.0, 2, np.where(d.h < "d", 0, 1))
    return [d[site == k] for k in range(3)]


def same(there, here):
    np.testing.assert_allclose(there.theta, here.theta, atol=1e-8)
    np.testing.assert_allclose(there.deviance, here.deviance, rtol=1e-9)
    np.testing.assert_allclose(there.fixef, here.fixef, atol=1e-7 * here.se.min())
    np.testing.assert_allclose(there.ranef().condval, here.ranef().condval, atol=1e-7)


def test_three_sites_are_one():
    d = rows()
    merged = mlm.merge([mlm.sums(FORMULA, each) for each in at_sites(d)])
    there, here = mlm.lmer(merged), mlm.lmer(FORMULA, d)
    same(there, here)
    assert merged.nobs == len(d)
    for ask in (
        lambda m: mlm.emmeans(m, "f", weights="proportional").frame,
        lambda m: mlm.effect(m, "x").frame,
        lambda m: mlm.drop1(m).frame,
    ):
        ours, theirs = (ask(m).select_dtypes("number") for m in (there, here))
        np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-9)


def test_weights_offsets_and_means_far_from_zero_are_merged():
    d = rows().assign(w=lambda d: 0.5 + (d.x - 490.0) / 10.0, x=lambda d: d.x + 1e5)
    given = {"weights": "w", "offset": "h == 'a'"}
    parts = [mlm.sums("y ~ x + (1 + x | g)", each, **given) for each in at_sites(d)]
    same(mlm.lmer(mlm.merge(parts)), mlm.lmer("y ~ x + (1 + x | g)", d, weights="w", offset=(d.h == "a").astype(float)))


@pytest.mark.parametrize(
    ("one", "two", "words"),
    [
        ({}, {"offset": "b"}, "no offset and sums 2 with offset='b'.*column of 0"),
        ({"offset": "b"}, {}, "offset='b' and sums 2 with no offset.*column of 0"),
        ({"offset": "b"}, {"offset": "2 * b"}, r"offset='b' and sums 2 with offset='2 \* b'.*same `offset`\."),
        ({}, {"weights": "w"}, "no weights and sums 2 with weights='w'.*column of 1"),
        ({"weights": "w"}, {"weights": "1 / w"}, "weights='w' and sums 2 with weights='1 / w'.*same `weights`\\."),
    ],
)
def test_other_weights_or_offsets_are_of_another_model(one, two, words):
    parts = [
        mlm.sums("y ~ x + (1 | g)", each.assign(w=1.0 + each.b), **given)
        for each, given in zip(at_sites(rows()), (one, two), strict=False)
    ]
    with pytest.raises(DataError, match=f"Sums 1 were made with {words}"):
        mlm.merge(parts)
    with pytest.raises(DataError, match="and sums 3 with "):
        mlm.merge([parts[0], parts[0], parts[1]])


def test_a_site_without_weights_and_offset_has_columns_of_1_and_0():
    d = rows().assign(w=lambda d: np.where(d.h == "a", 1.0, 2.0), o=lambda d: np.where(d.h == "a", 0.0, d.b))
    parts = [mlm.sums("y ~ x + (1 | g)", each, weights="w", offset="o") for _, each in d.groupby(d.h == "a")]
    same(mlm.lmer(mlm.merge(parts)), mlm.lmer("y ~ x + (1 | g)", d, weights="w", offset="o"))


def test_sizes_of_groups_are_known_without_rows():
    there, here = mlm.lmer(mlm.sums("y ~ 1 + (1 | g)", rows())), mlm.lmer("y ~ 1 + (1 | g)", rows())
    assert mlm.design_effect(there) == pytest.approx(mlm.design_effect(here), rel=1e-7)
    assert mlm.effective_sample_size(there) == pytest.approx(mlm.effective_sample_size(here), rel=1e-7)
    for ask in (mlm.shrinkage, mlm.robust_vcov):
        with pytest.raises(FitError, match="needs the rows of the data"):
            ask(there)


def test_means_and_effects_have_the_offset_at_its_mean(tmp_path):
    pytest.importorskip("pyarrow")
    d = rows()
    parts = [mlm.sums(FORMULA, each, offset="h == 'a'") for each in at_sites(d)]
    mlm.merge(parts).write(tmp_path / "sums.parquet")
    there, here = mlm.lmer(mlm.read_sums(tmp_path / "sums.parquet")), mlm.lmer(FORMULA, d, offset="h == 'a'")
    assert there.frame.offset_mean == pytest.approx((d.h == "a").mean())
    for ask in (lambda m: mlm.emmeans(m, "f", weights="proportional").frame, lambda m: mlm.effect(m, "x").frame):
        ours, theirs = (ask(m).select_dtypes("number") for m in (there, here))
        np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-9)


def test_shares_of_variance_are_those_of_rows_without_their_weights(tmp_path):
    pytest.importorskip("pyarrow")
    d = rows().assign(w=lambda d: 0.5 + (d.x - d.x.min()) / 10.0)
    formula = "y ~ x + f + (1 + x | g)"
    mlm.merge([mlm.sums(formula, each, weights="w") for each in at_sites(d)]).write(tmp_path / "sums.parquet")
    there, here = mlm.lmer(mlm.read_sums(tmp_path / "sums.parquet")), mlm.lmer(formula, d, weights="w")
    for ask in (mlm.icc, mlm.r2):
        ours, theirs = (ask(m) for m in (there, here))
        assert "Prior weights" in str(ours)
        np.testing.assert_allclose(*(each.frame.select_dtypes("number") for each in (ours, theirs)), rtol=1e-6)
    for kind in (1, 2, 3):
        np.testing.assert_allclose(*(mlm.anova(m, type=kind).frame for m in (there, here)), rtol=1e-5, atol=1e-12)


def test_a_file_has_the_sums_to_the_last_bit(tmp_path):
    pytest.importorskip("pyarrow")
    kept = mlm.sums(FORMULA, rows())
    kept.write(tmp_path / "sums.parquet")
    again = mlm.read_sums(tmp_path / "sums.parquet")
    assert repr(again) == repr(kept)
    one, two = mlm.lmer(kept), mlm.lmer(again)
    assert one.deviance == two.deviance
    assert one.ranef().equals(two.ranef())
    assert str(one.summary()) == str(two.summary())
    assert mlm.emmeans(one, "f").frame.equals(mlm.emmeans(two, "f").frame)
    np.testing.assert_array_equal(one.predict(rows().head(5)), two.predict(rows().head(5)))


def test_interactions_and_dots_are_read_again(tmp_path):
    pytest.importorskip("pyarrow")
    d = rows()[["y", "x", "f", "g", "h"]]
    kept = mlm.sums("y ~ . - g - h + (1 | g/h)", d)
    kept.write(tmp_path / "sums.parquet")
    same(mlm.lmer(mlm.read_sums(tmp_path / "sums.parquet")), mlm.lmer("y ~ x + f + (1 | g/h)", d))


def changed(path, change):
    """The file with its metadata changed."""
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    table = parquet.read_table(path)
    head = json.loads(table.schema.metadata[b"mlm.sums"])
    table = change(head, table, arrow) or table
    parquet.write_table(table.replace_schema_metadata({b"mlm.sums": json.dumps(head)}), path)


def test_files_that_are_none_later_or_damaged_are_refused(tmp_path):
    parquet, arrow = pytest.importorskip("pyarrow.parquet"), pytest.importorskip("pyarrow")
    path, kept = tmp_path / "sums.parquet", mlm.sums("y ~ x + (1 | g)", rows())
    with pytest.raises(DataError, match="cannot be read"):
        mlm.read_sums(path)
    parquet.write_table(arrow.table({"x": [1.0]}), path)
    with pytest.raises(DataError, match="has no sums that mlm has written"):
        mlm.read_sums(path)
    path.write_bytes(b"no parquet")
    with pytest.raises(DataError, match="damaged"):
        mlm.read_sums(path)
    kept.write(path)
    changed(path, lambda head, table, arrow: head.update(version=2))
    with pytest.raises(DataError, match="later version of mlm, in format 2"):
        mlm.read_sums(path)
    kept.write(path)
    changed(path, lambda head, table, arrow: table.slice(1))
    with pytest.raises(DataError, match=r"is damaged.*Write the sums again"):
        mlm.read_sums(path)


def test_sums_by_pairs_are_checked_level_by_level(tmp_path):
    pytest.importorskip("pyarrow")
    path, kept = tmp_path / "sums.parquet", mlm.sums(FORMULA, rows())
    kept.write(path)

    def more_in_one_pair(head, table, arrow):
        at, place = table.column_names.index("s0"), len(table) - 1
        values = table.column("s0").to_numpy().copy()
        values[place] += 3.0
        return table.set_column(at, "s0", arrow.array(values))

    changed(path, more_in_one_pair)
    with pytest.raises(DataError, match="add up to those by g"):
        mlm.read_sums(path)


def test_no_byte_of_a_file_changes_a_fit(tmp_path):
    pytest.importorskip("pyarrow")
    path, kept = tmp_path / "sums.parquet", mlm.sums("y ~ x + (1 + x | g) + (1 | h)", rows())
    kept.write(path)
    whole, deviance = path.read_bytes(), mlm.lmer(kept).deviance
    rng = np.random.default_rng(5)
    refused = 0
    for place in rng.choice(len(whole), 60, replace=False):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << int(rng.integers(8))]) + whole[place + 1 :])
        try:
            found = mlm.read_sums(path)
        except DataError:
            refused += 1
        else:  # a byte of what nobody reads, such as statistics
            assert mlm.lmer(found).deviance == deviance
    assert refused > 30


@pytest.mark.parametrize("mean", [1e6, 1e9, 1e12])
def test_a_response_far_from_zero_varies(mean):
    d = rows().assign(y=lambda d: mean + np.round((d.y - d.y.mean()) * 64.0) / 64.0)
    there, here = mlm.lmer(mlm.sums("y ~ x + (1 | g)", d)), mlm.lmer("y ~ x + (1 | g)", d)
    np.testing.assert_allclose(there.theta, here.theta, atol=1e-8)


@pytest.mark.parametrize("value", [0.1, 1e6 / 3.0, 0.0])
def test_a_constant_response_is_refused(value):
    with pytest.raises(DataError, match="'y' is constant in the 1200 rows used"):
        mlm.lmer(mlm.sums("y ~ x + (1 | g)", rows().assign(y=value)))


def test_small_groups_are_left_out_and_it_is_said():
    d = rows()
    size = d.groupby("g").y.transform("size")
    kept = d[size >= 30]
    with pytest.warns(MissingRowsWarning, match=f"{len(d) - len(kept)} of 1200 complete rows are in groups of fewer"):
        found = mlm.sums("y ~ x + f + (1 | g)", d, min_group=30)
    assert found.smallest_group >= 30
    same(mlm.lmer(found), mlm.lmer("y ~ x + f + (1 | g)", kept))
    with pytest.raises(DataError, match="No group has 1000 rows or more"):
        mlm.sums("y ~ x + (1 | g)", d, min_group=1000)


def test_levels_that_a_site_lacks_are_named():
    d = rows()
    one, other = d[d.f != "low"], d[d.f != "mid"]
    formula = "y ~ x + f + (1 | g)"
    with pytest.raises(DataError, match=r"the levels of 'f' \(mid, low\).*levels=\{'f': \['high', 'low', 'mid'\]\}"):
        mlm.merge([mlm.sums(formula, one), mlm.sums(formula, other)])
    levels = {"f": ["high", "low", "mid"]}
    parts = [mlm.sums(formula, each, levels=levels) for each in (one, other[other.f == "low"])]
    same(mlm.lmer(mlm.merge(parts)), mlm.lmer(formula, d))


@pytest.mark.parametrize(
    ("formula", "levels", "words"),
    [
        ("y ~ x + f + (1 | g)", {"nope": ["a"]}, r"names 'nope', which is not a category of the formula \(f\)\."),
        ("y ~ x + f + (1 | g)", {"x": [1, 2]}, "names 'x', .*: it is numbers"),
        ("y ~ x + f + (1 | g)", {"g": [1, 2]}, "names 'g', which is not a category"),
        ("y ~ b + f + (1 | g)", {"b": [True, False]}, "truth values have all levels"),
        ("y ~ factor(k) + (1 | g)", {"k": [1, 2]}, r"names 'k', .*\(factor\(k\)\).*Did you mean 'factor\(k\)'"),
        ("y ~ x + f + (1 | g)", {"f": ["low", "mid", "high", "mid"]}, "`levels` of 'f' has mid twice"),
    ],
)
def test_levels_are_those_of_categories(formula, levels, words):
    d = rows().assign(k=lambda d: d.g % 2)
    with pytest.raises(ArgumentError, match=words):
        mlm.sums(formula, d, levels=levels)


def test_the_message_names_what_differs():
    d = rows().assign(k=lambda d: d.g % 3)
    parts = [mlm.sums("y ~ f + factor(k) + (1 | g)", each) for each in (d[d.k < 2], d)]
    with pytest.raises(DataError, match=r"levels of 'factor\(k\)' \(2\).*levels=\{'factor\(k\)': \[0, 1, 2\]\}"):
        mlm.merge(parts)
    given = {"levels": {"factor(k)": [0, 1, 2]}}
    whole = [mlm.sums("y ~ f + factor(k) + (1 | g)", each, **given) for each in (d[d.k < 2], d[d.k > 1])]
    same(mlm.lmer(mlm.merge(whole)), mlm.lmer("y ~ f + factor(k) + (1 | g)", d))
    parts = [mlm.sums("y ~ f + (1 | g)", d, contrasts=each) for each in (None, {"f": "sum"})]
    with pytest.raises(DataError, match="'f' has other contrasts there"):
        mlm.merge(parts)
    with pytest.raises(DataError, match="'k' is a category in sums 2 and numbers in sums 1"):
        mlm.merge([mlm.sums("y ~ k + (1 | g)", each) for each in (d, d.assign(k=d.k.astype(str)))])


def test_sums_are_of_random_effects():
    with pytest.raises(FormulaError, match="no random-effects term"):
        mlm.sums("y ~ x", rows())


def test_pairs_of_few_rows_are_told():
    d = rows()
    formula, smallest = "y ~ x + (1 + x | g) + (1 | h)", int(d.groupby(["g", "h"]).size().min())
    with pytest.warns(MlmWarning, match=r"of \d+ pairs of levels of 'g' and 'h' \d+ have fewer than 5 rows") as told:
        found = mlm.sums(formula, d, min_group=5)
    assert not any(issubclass(each.category, MissingRowsWarning) for each in told)
    assert found.smallest_pair == smallest < 5 <= found.smallest_group
    assert f"smallest pair: {smallest}" in repr(found)
    assert mlm.sums("y ~ x + (1 | g) + (1 | h)", d, min_group=5).smallest_pair == smallest  # without slopes: no warning
    assert mlm.sums("y ~ x + (1 + x | g)", d, min_group=5).smallest_pair is None
    with pytest.warns(MlmWarning, match="an unknown number"):
        assert mlm.sums(formula, d.assign(w=2.0), weights="w", min_group=5).smallest_pair is None


def test_a_pair_of_one_row_is_its_predictors():
    d = rows()
    pair = mlm.sums("y ~ x + (1 + x | g) + (1 | h)", d)
    sums, size = pair.frame.sums, d.groupby(["g", "h"]).x.agg(["size", "sum"])
    found = sums.pairs["g", "h"].products[:, 0]
    assert (np.sort(found[0]) == np.sort(size["size"])).all()
    one = found[0] == pair.smallest_pair
    there, least = found[1, one] / pair.smallest_pair + sums.shift[1], size["size"] == pair.smallest_pair
    np.testing.assert_allclose(np.sort(there), np.sort((size["sum"] / size["size"])[least]))


def test_what_cannot_be_merged_is_refused():
    d = rows()
    kept = mlm.sums("y ~ scale(x) + (1 | g)", d)
    with pytest.raises(DataError, match=r"learnt other numbers"):
        mlm.merge([kept, mlm.sums("y ~ scale(x) + (1 | g)", d.head(500))])
    with pytest.raises(DataError, match="only those of one formula"):
        mlm.merge([kept, mlm.sums("y ~ x + (1 | g)", d)])
    with pytest.raises(DataError, match="'g' are numbers at one site and text at another"):
        mlm.merge([mlm.sums("y ~ x + (1 | g)", each) for each in (d, d.assign(g=d.g.astype(str)))])
    with pytest.raises(ArgumentError, match="a list of sums"):
        mlm.merge(kept)


@pytest.mark.parametrize("given", [{"min_group": 0}, {"min_group": True}, {"levels": {"f": "abc"}}, {"levels": 3}])
def test_wrong_arguments_are_named(given):
    with pytest.raises(ArgumentError, match=f"`{next(iter(given))}`"):
        mlm.sums("y ~ x + (1 | g)", rows(), **given)


def test_sums_are_fitted_alone():
    with pytest.raises(ArgumentError, match="Sums are fitted alone"):
        mlm.lmer(mlm.sums("y ~ x + (1 | g)", rows()), rows())


def test_sums_that_have_lost_digits_are_refused():
    d = rows().assign(year=lambda d: d.x + 1500.0, copy=lambda d: d.y + 1e-6 * d.x)
    with pytest.raises(FitError, match=r"nearly depend .* centre what is far from 0 before summing"):
        mlm.lmer(mlm.merge([mlm.sums("y ~ year + I(year^2) + (1 | g)", d)]))
    with pytest.raises(FitError, match="sums without their data have lost what is left"):
        mlm.lmer(mlm.merge([mlm.sums("y ~ copy + (1 | g)", d)]))


def test_what_needs_rows_says_how_it_is_had():
    d = rows()
    m = mlm.lmer(mlm.sums("y ~ x + (1 | g)", d))
    with pytest.raises(mlm.FitError, match="re_form=False has those of the fixed part"):
        m.predict(d.head(2), se=True)
    assert m.predict(d.head(2), se=True, re_form=False).notna().all(axis=None)
    with pytest.raises(mlm.FitError, match="was fitted from sums, which have no columns to standardise"):
        mlm.standardize(m)


def test_a_model_of_sums_is_of_one_formula():
    m = mlm.lmer(mlm.sums("y ~ x + (1 | g)", rows()))
    for ask in (lambda: m.update(". ~ . - x"), lambda: mlm.update(m, reml=False)):
        with pytest.raises(FitError, match=r"fitted from sums, which are of one formula.*m\.refit\(reml=False\)"):
            ask()
    same(m.refit(reml=False), mlm.lmer("y ~ x + (1 | g)", rows(), reml=False))


def test_sums_are_no_data():
    kept = mlm.sums("y ~ x + (1 | g)", rows())
    with pytest.raises(ArgumentError, match="Sums are fitted alone"):
        mlm.lmer("y ~ x + (1 | g)", kept)
    for fit in (mlm.lm, mlm.glm):
        with pytest.raises(DataError, match=r"Sums are fitted alone, mlm\.lmer\(sums\)"):
            fit("y ~ x", kept)


@pytest.mark.parametrize("path", [None, 3, ""])
def test_a_path_is_the_name_of_a_file(path):
    pytest.importorskip("pyarrow")
    kept = mlm.sums("y ~ x + (1 | g)", rows())
    for ask in (kept.write, mlm.read_sums):
        with pytest.raises(ArgumentError, match="`path` is the name of a file"):
            ask(path)
