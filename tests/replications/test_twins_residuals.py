"""Printed residual figures: where they lie among the residuals, what it costs to miss them, the moves towards them."""

import itertools

import numpy as np
import pytest
from numpy.random import RandomState

from replications.errors import TwinError
from replications.twins import aggregates
from replications.twins.progress import Progress
from replications.twins.residuals import anchors, figures, heat_bath
from replications.twins.residuals.field import Field
from replications.twins.residuals.figures import Attainable, Figures, suitable_pairs
from replications.twins.residuals.targets import FIGURES, SHARES, OrderStatistics, Target, block_residuals, targets
from replications.twins.residuals.windows import Windows
from replications.twins.swapping.rows import Rows


def target(printed, n, half=0.05, name="m"):
    coefficients = {"g": np.array([0.0, 1.0])}
    return Target(name, "y", 1, ("1", "x"), (1, 1), coefficients, 1.0, np.array(printed), half, ("complete",), n)


@pytest.mark.parametrize("n", [5, 6, 7, 8, 260])
def test_figures_are_the_quantiles_of_rs_definition_7(n):
    at, v = OrderStatistics.of(n), np.sort(RandomState(1).rand(n))
    # NumPy's default is definition 7 too; it interpolates in another order
    found = (1 - at.weight) * v[at.below] + at.weight * v[at.above]
    np.testing.assert_allclose(found, np.quantile(v, SHARES), rtol=1e-14)


def test_without_misfit_the_quartiles_round_to_the_printed_ones():
    rs = RandomState(2)
    hits = misses = 0
    for n in rs.randint(40, 60, 2000):
        v = rs.standard_normal(n).round(1)
        printed = np.quantile(v, SHARES).round(1) + (rs.rand(5) < 0.3) * 0.1
        goal = target(printed, n)
        windows = Windows([goal])
        misfit = windows.misfits(windows.sides(v[None]).sum(axis=-1))[0]
        errors = np.abs(goal.errors(v))[1:4]
        assert (errors[misfit == 0] < 1).all()
        hits, misses = hits + (misfit == 0).sum(), misses + (misfit > 0).sum()
    assert hits > 100
    assert misses > 100


def test_a_residual_that_a_model_does_not_have_is_on_no_side():
    windows = Windows([target(np.arange(5.0), 8)])
    assert not windows.sides(np.array([[np.nan]])).any()
    assert windows.sides(np.array([[-1.0]])).all()


@pytest.fixture(scope="module")
def vaisey():
    """Models, and the blocks of three countries with their columns laid."""
    kept = aggregates.read("vaisey")
    blocks = [Rows(kept, group, group.blocks[0], RandomState([1, g])) for g, group in enumerate(kept.groups[:3])]
    return targets(kept), blocks


@pytest.fixture
def field(vaisey):
    models, blocks = vaisey
    blocks[0].peel({"eduyrs": 12, "stflife": 7})
    for rows in blocks:
        rows.lay()
    field = Field(models, blocks)
    # three countries have too few residuals for windows of four decimals
    field.windows.low -= 0.05
    field.windows.high += 0.05
    yield field
    for rows in blocks:
        rows.__init__(rows.aggregates, rows.group, rows.block, rows.rs)


@pytest.mark.parametrize("aim", [False, True])
def test_null_moves_change_counts_as_announced_and_no_product(field, aim):
    rs = RandomState(3)
    for b in (0, 1):
        missed = np.ones((len(field.models), 3), dtype=bool) if aim else None
        moves = field.null_moves(b, missed, rs)
        changes = field.changes(b, moves)
        k = int(np.argmax(np.abs(changes).sum(axis=(0, 1, 2))))
        before = field.counts()
        assert changes[..., k].any()
        field.apply(b, moves[k])
        assert (field.counts() == before + changes[..., k]).all()
        assert not field.pairings[b].missing.any()
        again = np.concatenate([block_residuals(rows, field.models) for rows in field.blocks], axis=1)
        field.blocks[b].set_column("stflife", field.pairings[b].codes)
        now = np.concatenate([block_residuals(rows, field.models) for rows in field.blocks], axis=1)
        assert (again != now).any()
        # put together in another order of operations
        np.testing.assert_allclose(field.residuals, now, atol=1e-12)


def test_aimed_moves_put_a_residual_into_a_missed_window(field):
    missed = np.zeros((len(field.models), 3), dtype=bool)
    missed[1, 2] = True
    moves = field.null_moves(0, missed, RandomState(4))
    assert len(moves)
    pairing, low, high = field.pairings[0], field.windows.low[1, 2], field.windows.high[1, 2]
    residuals = (pairing.x[moves[:, 1]] / field.scale - field.fitted[0][1, moves[:, 0]]) / field.unit[1]
    assert ((residuals >= low) & (residuals <= high)).all()


def test_blocks_are_used_by_models_that_have_them(field):
    assert field.used_by(np.array([0])) == [0, 1, 2]
    field.fitted[1][:] = np.nan
    assert field.used_by(np.array([0])) == [0, 2]
    assert field.used_by(np.array([], dtype=int)) == []


def test_suitable_pairs_are_all_there_are():
    rs = RandomState(5)
    values = np.unique(rs.standard_normal(50).round(3))
    rows = rs.randint(1, 3, len(values))
    found = suitable_pairs(Attainable(values, rows), 0.1, 0.05, 0.75)
    pairs = [
        (a, b)
        for (i, a), (j, b) in itertools.combinations_with_replacement(enumerate(values), 2)
        if abs(0.25 * a + 0.75 * b - 0.1) <= 0.05 and (i < j or rows[i] > 1)
    ]
    apart = {(a, b): np.searchsorted(values, b) - np.searchsorted(values, a) for a, b in pairs}
    assert len(pairs) > figures.PAIRS
    assert set(found) <= set(pairs)
    assert [apart[pair] for pair in found] == sorted(apart.values())[: figures.PAIRS]


def test_rows_off_a_rank():
    ordered = np.array([0.0, 1.0, 1.0, 2.0, 3.0])
    off = {value: [int(figures._rows_off(ordered, rank, value)) for rank in range(5)] for value in (0.0, 1.0, 2.5)}
    assert off[1.0] == [1, 0, 0, 1, 2]
    assert off[0.0] == [0, 1, 2, 3, 4]
    assert off[2.5][3:] == [1, 1]  # nobody has it: one row is to go up to it, or down


def test_the_cost_is_zero_where_all_figures_hold_and_only_there():
    rs = RandomState(6)
    n = 21
    v = np.sort(rs.standard_normal(n).round(2))
    goals = [target(np.quantile(v, SHARES).round(1), n, name=name) for name in "ab"]
    costs = Figures(goals, [Attainable(np.unique(v), np.ones(n, dtype=int))] * 2)
    moved = np.repeat(v[None], 200, axis=0) + (rs.rand(200, n) < 0.2) * rs.standard_normal((200, n)) * 0.1
    residuals = np.stack([moved, v + 0 * moved], axis=1)
    # the edge of a figure, in half units, is that of the figures
    hold = (np.abs(costs.errors(residuals)) <= figures.EDGES).all(axis=(1, 2))
    assert 0 < hold.sum() < 200
    assert ((costs.cost(residuals) == 0) == hold).all()


def test_the_cost_is_that_of_rows_where_a_suitable_pair_is_nearly_in_place():
    goal = target([0.0, 1.0, 5.0, 9.0, 10.0], 5, half=0.5)
    costs = Figures([goal], [Attainable(np.array([0.0, 1.0, 5.0, 9.0, 10.0]), np.ones(5, dtype=int))])
    right = np.array([[[0.0, 1.0, 5.0, 9.0, 10.0]]])
    assert costs.cost(right) == 0
    # the third residual is 5 and should be no other; one row of 4.0 in its place is one row off and two bits
    assert costs.cost(np.array([[[0.0, 1.0, 4.0, 9.0, 10.0]]])) == 1


def test_an_extreme_that_no_row_can_have_is_said(vaisey):
    models, blocks = vaisey
    with pytest.raises(TwinError, match=r"no combination of values has the printed Min of m2, bw1, bw2"):
        anchors.fix_anchors(blocks[:1], models, RandomState(7), Progress("vaisey", quiet=True))
    assert FIGURES[0] == "Min"


def test_the_heat_bath_keeps_products_and_its_best_state():
    kept = aggregates.read("imm10")
    goals = [goal for goal in targets(kept) if "ses" not in goal.names]
    blocks = [Rows(kept, group, group.blocks[0], RandomState([1, g])) for g, group in enumerate(kept.groups)]
    for rows in blocks:
        rows.lay()
    bath = heat_bath.Bath(blocks, goals, "homework", RandomState(8))
    costs = [bath.cost]
    for b in range(len(blocks)):
        bath.step(b, 0.5)
        costs.append(bath.cost)
    assert len(set(costs)) > 2
    assert bath.best == min(costs)
    bath.finish()
    assert float(bath.figures.cost(bath._all_residuals())) == bath.best
    for rows in blocks:
        assert not rows.pairing("homework", rows.codes["homework"]).missing.any()
