"""The synthetic twins: exactly the aggregates' margins and products, the printed residual figures, no copied rows."""

import gzip
import hashlib

import numpy as np
import pandas as pd
import pytest

import mlm
from replications import data
from replications.errors import TwinError
from replications.twins import (
    aggregates,
    budget,
    coincidence,
    commands,
    disclosure,
    files,
    items,
    models,
    recipes,
    tabulate,
)
from replications.twins.generate import generate
from replications.twins.residuals import heat_bath, targets

DATASETS = list(recipes.RECIPES)


def encoded(dataset):
    return tabulate.encode(files.read_twin(dataset), recipes.RECIPES[dataset])


@pytest.mark.parametrize("dataset", DATASETS)
def test_twin_has_the_aggregates_of_the_original(dataset):
    committed = aggregates.read_document(dataset)
    again = tabulate.tabulate(encoded(dataset), recipes.RECIPES[dataset])
    assert [group["name"] for group in again["groups"]] == [group["name"] for group in committed["groups"]]
    for found, wanted in zip(again["groups"], committed["groups"], strict=True):
        assert found == wanted, f"group {wanted['name']}"
    assert again.get("total_product") == committed.get("total_product")


def test_rounded_products_are_within_their_rounding():
    kept = aggregates.read("heck2011")
    rows = {str(name): part for name, part in files.read_twin("heck2011").groupby("schcode")}
    untold = 0
    for group in kept.groups:
        block = group.blocks[0]
        math, ses = (np.rint(rows[group.name][name] * kept.scale(name)).astype(int) for name in ("math", "ses"))
        product = int((math * ses).sum())
        untold += not block.told
        assert not block.told or abs(product - block.products[1, 2]) <= block.rounding
        assert block.rounding > 0 or not block.told
    assert untold == 14


@pytest.mark.parametrize("dataset", DATASETS)
def test_twin_is_the_one_the_manifest_names(dataset):
    content = gzip.decompress(data.dataset(dataset).twin.read_bytes())
    entry = files.manifest()[dataset]
    assert hashlib.sha256(content).hexdigest() == entry["sha256"]
    rows = files.read_twin(dataset)
    assert len(rows) == entry["rows"] == sum(group.n for group in aggregates.read(dataset).groups)
    assert list(rows.columns) == recipes.RECIPES[dataset]["layout"]


@pytest.mark.parametrize("dataset", [name for name in DATASETS if recipes.RECIPES[name]["models"]])
def test_printed_residual_figures_hold(dataset):
    kept, codes = aggregates.read(dataset), encoded(dataset)
    missed = set()
    for target in targets.targets(kept):
        residuals = np.concatenate(list(model_residuals(kept, codes, target)))
        assert len(residuals) == target.n
        errors = np.abs(target.errors(residuals))
        missed |= {(target.name, name) for name, error in zip(targets.FIGURES, errors, strict=True) if error > 1}
    assert not missed


def model_residuals(kept, codes, target):
    group_column = kept.recipe["group"]
    for group in kept.groups:
        for block in group.blocks:
            if group.name not in target.coefficients or block.name not in target.blocks:
                continue
            rows = codes[codes[group_column] == group.name].dropna(subset=list(block.cross))
            columns = {}
            for name in block.cross:
                columns.update(kept.columns[name].product_columns(rows[name].to_numpy(np.int64)))
            yield target.residuals(group.name, columns)


@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("model1", "math ~ homework"),
        ("model2", "math ~ 0 + homework + C(schnum)"),
        ("model3", "math ~ homework + (1 | schnum)"),
        ("model5", "math ~ homework + ses + meanses + (homework | schnum)"),
    ],
)
def test_models_fitted_from_aggregates_are_those_of_mlm(name, formula):
    kept = aggregates.read("imm10")
    target = next(target for target in targets.targets(kept) if target.name == name)
    students = data.load("imm10", kind="twin", verbose=False)
    mixed = "|" in formula
    m = mlm.lmer(formula, students, reml=False) if mixed else mlm.lm(formula, students)
    found = np.concatenate(list(model_residuals(kept, encoded("imm10"), target)))
    # theta is stored to six decimals; coefficients are rounded to ten
    wanted = np.sort(m.scaled_resid if mixed else m.resid)
    np.testing.assert_allclose(np.sort(found), wanted, rtol=0, atol=1e-5 if mixed else 1e-7)


@pytest.mark.parametrize("dataset", [name for name in DATASETS if recipes.RECIPES[name]["models"]])
def test_stored_theta_is_the_optimum(dataset):
    kept = aggregates.read(dataset)
    for model in kept.recipe["models"]:
        if model["kind"] == "lmer":
            # the simplex search is good to about 1e-7 and stored to six decimals
            np.testing.assert_allclose(models.optimal_theta(kept, model), model["theta"], atol=2e-6)


def test_making_a_twin_anew_gives_the_same_bytes():
    rows = generate(aggregates.read("vaisey"), quiet=True)
    assert files.checksum(rows) == files.manifest()["vaisey"]["sha256"]


def test_small_groups_are_deterministic_and_exact_without_the_long_search(monkeypatch):
    monkeypatch.setattr(heat_bath, "ATTEMPTS", 1)
    kept = aggregates.read("imm10")
    first, second = (generate(kept, quiet=True, sweeps=1) for _ in range(2))
    pd.testing.assert_frame_equal(first, second)
    recipe = recipes.RECIPES["imm10"]
    again = tabulate.tabulate(tabulate.encode(first, recipe), recipe)
    assert again["groups"] == aggregates.read_document("imm10")["groups"]


@pytest.mark.originals
@pytest.mark.parametrize("dataset", DATASETS)
def test_aggregates_made_from_the_originals_are_the_committed_ones(dataset):
    again, committed = commands.aggregated(dataset), aggregates.read_document(dataset)
    for model, kept in zip(again["recipe"]["models"], committed["recipe"]["models"], strict=True):
        # the simplex search is good to about 1e-7 and stored to six decimals
        np.testing.assert_allclose(model.pop("theta", []), kept.pop("theta", []), atol=2e-6)
    assert again == committed


@pytest.mark.originals
@pytest.mark.parametrize("dataset", DATASETS)
def test_twin_rows_coincide_with_original_rows_little_more_than_by_chance(dataset):
    recipe = recipes.RECIPES[dataset]
    original = data.read_original(dataset, recipe["layout"])
    twin, chance = coincidence.compare(files.read_twin(dataset), original, recipe)
    # products in common make coincidences a little likelier than chance: imm10 has 11 rows of 260 more
    assert twin.coinciding < chance.coinciding + 0.05


def test_items_keep_their_margins_and_sums():
    rs = np.random.RandomState(5)
    truth = rs.randint(0, 11, (300, 3))
    truth[rs.rand(300, 3) < 0.1] = -1
    present = truth >= 0
    codes = 100 * (present * [1, 2, 4]).sum(axis=1) + np.where(present, truth, 0).sum(axis=1)
    margins = [dict(zip(*np.unique(c[c >= 0], return_counts=True), strict=True)) for c in truth.T]
    values = items.split_items(codes, margins, rs)
    assert ((values >= 0) == present).all()
    assert (np.where(present, values, 0).sum(axis=1) == np.where(present, truth, 0).sum(axis=1)).all()
    assert [dict(zip(*np.unique(c[c >= 0], return_counts=True), strict=True)) for c in values.T] == margins


def test_items_that_do_not_fit_are_refused():
    with pytest.raises(TwinError, match="item margins off by"):
        items.split_items(np.array([302, 302]), [{0: 2}, {0: 2}], np.random.RandomState(6))


def test_small_groups_are_told_coarsely_or_not_at_all():
    rs = np.random.RandomState(7)
    x, y = rs.standard_normal((2, 12))
    width = disclosure.rounding_width(x, y, 1e-6, bits=12)
    assert width > 1e-6
    assert disclosure.pairing_bits([1] * 12) - disclosure.told_bits(disclosure.pairing_sd(x, y), width) >= 12
    assert disclosure.rounding_width(x[:4], y[:4], 1e-6, bits=12) is None


def test_budget_leaves_many_pairings_where_products_are_exact():
    for dataset in ("ess", "issp", "imm10", "vaisey"):
        assert budget.budgets(aggregates.read(dataset))[0].left > 8


def test_values_off_the_lattice_are_refused():
    recipe = recipes.RECIPES["imm10"]
    rows = files.read_twin("imm10").astype({"math": float})
    rows.loc[0, "math"] += 0.5
    with pytest.raises(TwinError, match="math: 1 values are not multiples of 1/1"):
        tabulate.encode(rows, recipe)


def test_a_constant_that_varies_is_refused():
    recipe = recipes.RECIPES["imm10"]
    rows = files.read_twin("imm10")
    rows.loc[0, "meanses"] += 1
    with pytest.raises(TwinError, match="meanses takes 2 values within schnum 1"):
        tabulate.tabulate(tabulate.encode(rows, recipe), recipe)
