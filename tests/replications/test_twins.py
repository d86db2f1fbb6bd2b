"""The synthetic twins: exactly the aggregates' margins and products, the printed residual figures, no copied rows."""

import gzip
import hashlib
import json

import numpy as np
import pandas as pd
import pytest

from replications import data
from replications.__main__ import main
from replications.twins import (
    aggregates,
    budget,
    coincidence,
    commands,
    disclosure,
    generate,
    items,
    models,
    recipes,
    tabulate,
    write,
)
from replications.twins.residuals import heat_bath, targets
from replications.twins.swapping import exact, exchanges

DATASETS = list(recipes.RECIPES)


def document(dataset):
    with gzip.open(aggregates.path_of(dataset), "rt", encoding="utf-8") as file:
        return json.load(file)


def twin_rows(dataset):
    return pd.read_csv(write.path_of(dataset), low_memory=False)


def encoded(dataset):
    return tabulate.encode(twin_rows(dataset), recipes.RECIPES[dataset])


@pytest.mark.parametrize("dataset", DATASETS)
def test_twin_has_the_aggregates_of_the_original(dataset):
    committed = document(dataset)
    again = tabulate.tabulate(encoded(dataset), recipes.RECIPES[dataset])
    assert [group["name"] for group in again["groups"]] == [group["name"] for group in committed["groups"]]
    for found, wanted in zip(again["groups"], committed["groups"], strict=True):
        assert found == wanted, f"group {wanted['name']}"
    assert again.get("total_product") == committed.get("total_product")


def test_rounded_products_are_within_their_rounding():
    kept = aggregates.read("heck2011")
    rows = {str(name): part for name, part in twin_rows("heck2011").groupby("schcode")}
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
    content = gzip.decompress(write.path_of(dataset).read_bytes())
    entry = write.manifest()[dataset]
    assert hashlib.sha256(content).hexdigest() == entry["sha256"]
    rows = twin_rows(dataset)
    assert len(rows) == entry["rows"] == sum(group.n for group in aggregates.read(dataset).groups)
    assert list(rows.columns) == recipes.RECIPES[dataset]["layout"]


@pytest.mark.parametrize("dataset", [name for name in DATASETS if recipes.RECIPES[name]["models"]])
def test_printed_residual_figures_hold(dataset):
    kept, codes = aggregates.read(dataset), encoded(dataset)
    names = ["Min", "1Q", "Median", "3Q", "Max"]
    missed = set()
    for target in targets.targets(kept):
        residuals = np.concatenate(list(model_residuals(kept, codes, target)))
        assert len(residuals) == target.n
        error = np.abs(targets.five_figures(residuals) - target.printed)
        missed |= {(target.name, name) for name, miss in zip(names, error, strict=True) if miss > target.half}
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


@pytest.mark.parametrize("dataset", [name for name in DATASETS if recipes.RECIPES[name]["models"]])
def test_stored_theta_is_the_optimum(dataset):
    kept = aggregates.read(dataset)
    for model in kept.recipe["models"]:
        if model["kind"] == "lmer":
            # the simplex search is good to about 1e-7 and stored to six decimals
            np.testing.assert_allclose(models.optimal_theta(kept, model), model["theta"], atol=2e-6)


def test_making_a_twin_anew_gives_the_same_bytes():
    rows = generate.generate(aggregates.read("vaisey"), quiet=True)
    assert hashlib.sha256(write.csv_bytes(rows)).hexdigest() == write.manifest()["vaisey"]["sha256"]


def test_small_groups_are_deterministic_and_exact_without_the_long_search(monkeypatch):
    monkeypatch.setattr(heat_bath, "ATTEMPTS", 1)
    kept = aggregates.read("imm10")
    first, second = (generate.generate(kept, quiet=True, sweeps=1) for _ in range(2))
    pd.testing.assert_frame_equal(first, second)
    recipe = recipes.RECIPES["imm10"]
    assert tabulate.tabulate(tabulate.encode(first, recipe), recipe)["groups"] == document("imm10")["groups"]


@pytest.mark.originals
@pytest.mark.parametrize("dataset", DATASETS)
def test_aggregates_made_from_the_originals_are_the_committed_ones(dataset):
    again, committed = commands.aggregated(dataset), document(dataset)
    for model, kept in zip(again["recipe"]["models"], committed["recipe"]["models"], strict=True):
        # the simplex search is good to about 1e-7 and stored to six decimals
        np.testing.assert_allclose(model.pop("theta", []), kept.pop("theta", []), atol=2e-6)
    assert again == committed


@pytest.mark.originals
@pytest.mark.parametrize("dataset", DATASETS)
def test_twin_rows_coincide_with_original_rows_little_more_than_by_chance(dataset):
    recipe = recipes.RECIPES[dataset]
    columns, group = coincidence.checked_columns(recipe), recipe["group"]
    original = tabulate.encode(data.read_original(dataset, recipe["layout"]), recipe)
    twin = encoded(dataset)
    by_chance = coincidence.repair_at_random(original, columns, group, np.random.RandomState(1))
    shares = [coincidence.coinciding_share(table, original, columns, group) for table in (twin, by_chance)]
    # products in common make coincidences a little likelier than chance: imm10 has 11 rows of 260 more
    assert shares[0] < shares[1] + 0.05


@pytest.fixture
def originals(monkeypatch, tmp_path):
    """Have the commands look for originals in an empty folder, and write nothing."""
    monkeypatch.setenv("MLM_ORIGINALS", str(tmp_path))
    monkeypatch.setattr(aggregates, "write_gzip", lambda path, content: pytest.fail(f"{path} is overwritten"))
    return tmp_path


@pytest.mark.parametrize("command", ["aggregate", "report"])
def test_a_file_that_is_not_the_original_is_refused(command, originals, capsys):
    (originals / "imm10.csv").write_bytes(gzip.decompress(write.path_of("imm10").read_bytes()))
    assert main(["twins", command, "imm10"]) == 2
    assert "is not the original file of 'imm10': its sha256 is" in capsys.readouterr().err


def test_an_absent_original_is_named(originals, capsys):
    assert main(["twins", "aggregate", "imm10"]) == 2
    assert "imm10.csv, the original of 'imm10' is not here: run" in capsys.readouterr().err
    assert main(["twins", "report", "imm10"]) == 0
    assert "10 blocks" in (said := capsys.readouterr().out)
    assert said.endswith("the original is not at hand: no share of equal rows\n")


def test_hash_is_linear():
    rs = np.random.RandomState(1)
    a, b = rs.randint(-(10**9), 10**9, (2, 50, 4))
    assert (exchanges.linear_hash(a + b) == exchanges.linear_hash(a) + exchanges.linear_hash(b)).all()
    assert not exchanges.linear_hash(np.zeros((1, 4), dtype=np.int64)).any()


def test_an_exchange_changes_products_as_announced():
    rs = np.random.RandomState(2)
    given = np.column_stack([np.ones(30, dtype=np.int64), rs.randint(0, 9, 30)])
    x = rs.randint(0, 9, 30)
    pairing = exchanges.Pairing(x, x, given, given.T @ x)
    assert not pairing.missing.any()
    pairing.exchange(3, 8)
    assert (pairing.missing == given.T @ x - given.T @ pairing.x).all()
    assert sorted(pairing.x) == sorted(x)


def test_pairs_of_exchanges_have_the_wanted_effect():
    rs = np.random.RandomState(3)
    given = np.column_stack([np.ones(40, dtype=np.int64), rs.randint(0, 9, 40)])
    x = rs.randint(0, 9, 40)
    pairing = exchanges.Pairing(x, x, given, given.T @ x)
    i, j = exchanges.sample_exchanges(pairing, rs, 10_000)
    moves = exchanges.pairs_with_effect(pairing, i, j, np.array([0, 6]), rs, limit=50)
    assert len(moves)
    for a, b, c, d in moves:
        assert len({a, b, c, d}) == 4
        effect = pairing.effects(np.array([a, c]), np.array([b, d])).sum(axis=0)
        assert effect.tolist() == [0, 6]


@pytest.mark.parametrize("close", [exact.close_by_pairs, exact.close_by_permutations])
def test_products_are_closed_exactly(close):
    rs = np.random.RandomState(4)
    given = np.column_stack([np.ones(50, dtype=np.int64), rs.randint(0, 20, 50), rs.randint(0, 2, 50)])
    truth = rs.randint(0, 11, 50)
    x = rs.permutation(truth)
    pairing = exchanges.Pairing(x, x, given, given.T @ truth)
    exact.approach(pairing, rs)
    assert close(pairing, rs)
    assert (given.T @ pairing.x == given.T @ truth).all()
    assert sorted(pairing.x) == sorted(truth)


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
    with pytest.raises(RuntimeError, match="item margins off by"):
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
    rows = twin_rows("imm10").astype({"math": float})
    rows.loc[0, "math"] += 0.5
    with pytest.raises(ValueError, match="math: 1 values are no multiples of 1/1"):
        tabulate.encode(rows, recipe)


def test_a_constant_that_varies_is_refused():
    recipe = recipes.RECIPES["imm10"]
    rows = twin_rows("imm10")
    rows.loc[0, "meanses"] += 1
    with pytest.raises(ValueError, match="meanses takes 2 values within schnum 1"):
        tabulate.tabulate(tabulate.encode(rows, recipe), recipe)
