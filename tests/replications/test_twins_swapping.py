"""Exchanges of values: their effects on products, pairs with a wanted effect, products met exactly."""

import numpy as np
import pytest
from numpy.random import RandomState

from replications.errors import TwinError
from replications.twins.swapping import approach, exact, exchanges, look_up, rearrangements
from replications.twins.swapping.pairing import Pairing


def draw(rs, n, *highs):
    """The constant and columns of integers below the numbers given."""
    return np.column_stack([np.ones(n, dtype=np.int64), *[rs.randint(0, high, n) for high in highs]])


def paired(rs, n, *highs):
    """A column beside given ones, its products met."""
    given, x = draw(rs, n, *highs), rs.randint(0, 9, n)
    return Pairing(x, x, given, given.T @ x)


def test_hash_is_linear():
    rs = RandomState(1)
    a, b = rs.randint(-(10**9), 10**9, (2, 50, 4))
    assert (look_up.linear_hash(a + b) == look_up.linear_hash(a) + look_up.linear_hash(b)).all()
    assert not look_up.linear_hash(np.zeros((1, 4), dtype=np.int64)).any()


def test_partners_add_up_and_none_is_overlooked():
    rs = RandomState(8)
    first, second, wanted = rs.randint(-4, 5, (200, 2)), rs.randint(-4, 5, (150, 2)), np.array([3, -2])
    a, b = look_up.partners(first, second, wanted, rs)
    assert (first[a] + second[b] == wanted).all()
    sums = first[:, None] + second[None, :]
    assert a.tolist() == np.flatnonzero((sums == wanted).all(axis=2).any(axis=1)).tolist()
    assert 0 < len(a) < len(first)


def test_equal_hashes_that_are_chance_are_no_partners(monkeypatch):
    monkeypatch.setattr(look_up, "linear_hash", lambda effects: np.zeros(len(np.atleast_2d(effects)), dtype=np.uint64))
    a, b = look_up.partners(np.array([[1], [2]]), np.array([[4], [4]]), np.array([5]), RandomState(9))
    assert (a.tolist(), len(b)) == ([0], 1)


def test_an_exchange_changes_products_as_announced():
    pairing = paired(RandomState(2), 30, 9)
    x = pairing.x.copy()
    assert not pairing.missing.any()
    pairing.exchange(3, 8)
    assert (pairing.missing == pairing.given.T @ x - pairing.given.T @ pairing.x).all()
    assert sorted(pairing.x) == sorted(x)


def test_a_rearrangement_changes_products_as_announced():
    pairing = paired(RandomState(2), 30, 9)
    x = pairing.x.copy()
    pairing.rearrange(np.array([4, 7, 9]), np.array([7, 9, 4]))
    assert (pairing.missing == pairing.given.T @ (x - pairing.x)).all()
    assert pairing.x[[4, 7, 9]].tolist() == x[[7, 9, 4]].tolist()


def test_exchanges_that_pass_the_bounds_are_not_allowed():
    given = draw(RandomState(10), 4, 9)
    pairing = Pairing(np.array([0, 1, 2, 2]), np.arange(4), given, np.zeros(2), (np.zeros(4), np.array([9, 9, 1.5, 9])))
    i, j = np.triu_indices(4, 1)
    allowed = pairing.allowed(i, j)
    # row 2 may not get the 2 of row 3; rows 2 and 3 have the same value
    assert list(zip(i[allowed], j[allowed], strict=True)) == [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3)]
    pairing.high[2] = 0.5
    assert pairing.allowed(np.array([0, 1]), np.array([2, 2])).tolist() == [True, False]


def test_pairs_of_exchanges_have_the_wanted_effect():
    rs = RandomState(3)
    pairing = paired(rs, 40, 9)
    i, j = exchanges.sample_exchanges(pairing, rs, 10_000)
    moves = exchanges.pairs_with_effect(pairing, i, j, np.array([0, 6]), rs, limit=50)
    assert len(moves)
    for a, b, c, d in moves:
        assert len({a, b, c, d}) == 4
        effect = pairing.effects(np.array([a, c]), np.array([b, d])).sum(axis=0)
        assert effect.tolist() == [0, 6]


def test_the_first_exchange_of_a_pair_can_be_chosen():
    rs = RandomState(11)
    pairing = paired(rs, 40, 9)
    i, j = exchanges.sample_exchanges(pairing, rs, 10_000)
    moves = exchanges.pairs_with_effect(pairing, i, j, np.zeros(2, dtype=int), rs, limit=50, first=np.array([5, 5, 9]))
    assert len(moves)
    assert {tuple(move[:2]) for move in moves} <= {(i[5], j[5]), (i[9], j[9])}


@pytest.mark.parametrize("close", [exact.close_by_pairs, exact.close_by_permutations])
def test_products_are_closed_exactly(close):
    rs = RandomState(4)
    given, truth = draw(rs, 50, 20, 2), rs.randint(0, 11, 50)
    x = rs.permutation(truth)
    pairing = Pairing(x, x, given, given.T @ truth)
    approach.approach(pairing, rs)
    assert close(pairing, rs)
    assert (given.T @ pairing.x == given.T @ truth).all()
    assert sorted(pairing.x) == sorted(truth)


def test_a_rounded_product_is_met_within_its_rounding():
    rs = RandomState(12)
    given = np.column_stack([np.ones(12, dtype=np.int64), rs.randint(0, 10**6, 12)])
    truth = rs.randint(0, 10**6, 12)
    pairing = Pairing(rs.permutation(truth), truth, given, given.T @ truth)
    assert exact.close_by_permutations(pairing, rs, rounding=10**8)
    assert 0 < abs(given[:, 1] @ pairing.x - given[:, 1] @ truth) <= 10**8


def test_products_that_cannot_be_met_are_given_up(monkeypatch):
    monkeypatch.setattr(exact, "TRIES", 3)
    for close in (exact.close_by_pairs, exact.close_by_permutations):
        pairing = paired(RandomState(13), 20, 9)
        pairing.missing = np.array([1, 0])  # the sum of the column itself is another one
        assert not close(pairing, RandomState(14))


def test_the_start_is_near_and_the_approach_nearer():
    rs = RandomState(15)
    given = draw(rs, 400, 20, 20)
    truth = given[:, 1] + 2 * given[:, 2] + rs.randint(0, 20, 400)
    x = rs.permutation(truth)
    at_random = Pairing(x, x, given, given.T @ truth)
    x = x[approach.start_order(at_random, rs)]
    start = Pairing(x, x, given, given.T @ truth)
    near = Pairing(x, x, given, given.T @ truth)
    approach.approach(near, rs)
    assert sorted(start.x) == sorted(truth)
    distances = [float(pairing.distances(np.zeros(3))) for pairing in (near, start, at_random)]
    assert 10 * distances[0] < distances[1] < distances[2] / 10


def test_bounds_are_entered_or_it_is_said():
    rs = RandomState(16)
    given, x = draw(rs, 30, 9), np.arange(30)
    low, high = np.arange(30)[::-1] - 12, np.arange(30)[::-1] + 12
    pairing = Pairing(x, x, given, given.T @ x, (low, high))
    approach.enter_bounds(pairing, rs)
    assert ((pairing.x >= low) & (pairing.x <= high)).all()
    pairing = Pairing(x, x, given, given.T @ x, (low + 30, high + 30))
    with pytest.raises(TwinError, match="rows outside their bounds"):
        approach.enter_bounds(pairing, rs)


@pytest.mark.parametrize("n", [16, 40, 400])
def test_rearrangements_have_no_effect_on_products(n):
    rs = RandomState(17)
    pairing = paired(rs, n, 9)
    for _ in range(6):
        to, source = rearrangements.zero_rearrangements(pairing, rs)
        assert len(to)
        for rows, sources in zip(to, source, strict=True):
            assert sorted(rows) == sorted(sources)
            assert not (pairing.given[rows].T @ (pairing.x[sources] - pairing.x[rows])).any()
