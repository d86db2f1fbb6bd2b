"""Orders of elimination and their structure, against elimination of a dense pattern."""

import numpy as np
import pytest
from scipy import sparse

from mlm.sparse import ordering, supernodes


def random_pattern(m, links, seed):
    rng = np.random.default_rng(seed)
    rows, columns = rng.integers(0, m, (2, links))
    one = sparse.coo_array((np.ones(links), (rows, columns)), shape=(m, m))
    return sparse.csr_array(one + one.T + sparse.eye_array(m))


def brute_force(pattern, order):
    """Later steps that each step is linked to, by filling in a dense pattern."""
    full = pattern.toarray()[order][:, order] > 0
    for j in range(len(full)):
        later = j + 1 + np.flatnonzero(full[j, j + 1 :])
        full[np.ix_(later, later)] = True
    return [set((j + 1 + np.flatnonzero(row[j + 1 :])).tolist()) for j, row in enumerate(full)]


@pytest.mark.parametrize("bits", [0, 20_000])
@pytest.mark.parametrize("links", [0, 60, 200, 900])
def test_structure_is_that_of_the_elimination(bits, links, monkeypatch):
    monkeypatch.setattr(ordering, "BIT_COLUMNS", bits)
    monkeypatch.setattr(ordering, "LOOKUP_COLUMNS", 32)
    pattern = random_pattern(120, links, links)
    order = np.random.default_rng(1).permutation(120)
    found = ordering.elimination_structure(pattern, order)
    exact = brute_force(pattern, order)
    assert found.count == [len(s) for s in exact[: found.core]]
    assert found.parent == [min(s, default=-1) for s in exact[: found.core]]
    assert all(len(s) == 119 - j for j, s in enumerate(exact) if j >= found.core)
    assert found.core == 0 or len(exact[found.core - 1]) < 120 - found.core
    if bits:
        assert found.links == [sum(1 << i for i in s) for s in exact[: found.core]]


def test_work_is_relative_to_a_full_matrix():
    found = ordering.elimination_structure(sparse.csr_array(np.ones((50, 50))), np.arange(50))
    assert (found.core, found.work) == (0, 1.0)
    chain = sparse.csr_array(sparse.diags_array([np.ones(999), np.ones(1000), np.ones(999)], offsets=[-1, 0, 1]))
    # 998 steps with one neighbour each take 4 operations, the last two together 8 / 3
    assert ordering.elimination_structure(chain, np.arange(1000)).work == pytest.approx((998 * 4 + 8 / 3) * 3e-9)


@pytest.mark.parametrize("links", [0, 100, 500])
def test_minimum_degree_is_an_order_with_little_fill(links):
    m = 200
    pattern = random_pattern(m, links, 3)
    crowded = np.zeros(m, dtype=bool)
    crowded[[5, 17]] = True
    order = ordering.minimum_degree(pattern, crowded)
    assert sorted(order) == list(range(m))
    assert set(order[-2:].tolist()) == {5, 17}
    fill = sum(ordering.elimination_structure(pattern, order).count)
    assert fill <= sum(ordering.elimination_structure(pattern, np.random.default_rng(4).permutation(m)).count)


def test_a_tree_is_eliminated_without_fill():
    child = np.arange(1, 500)
    one = sparse.coo_array((np.ones(499), (child, (child - 1) // 3)), shape=(500, 500))
    pattern = sparse.csr_array(one + one.T + sparse.eye_array(500))
    order = ordering.minimum_degree(pattern, np.zeros(500, dtype=bool))
    found = ordering.elimination_structure(pattern, order)
    assert max(found.count) == 1


def test_crowded_columns():
    hub = sparse.lil_array((400, 400))
    hub[0] = hub[:, 0] = 1.0
    hub.setdiag(1.0)
    assert np.flatnonzero(ordering.crowded_columns(sparse.csr_array(hub))).tolist() == [0]
    assert ordering.crowded_columns(random_pattern(300, 20_000, 5)).all()


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("bits", [0, 20_000])
def test_groups_hold_each_step_once_and_stand_before_their_parents(seed, bits, monkeypatch):
    monkeypatch.setattr(ordering, "BIT_COLUMNS", bits)
    monkeypatch.setattr(supernodes, "SECONDS_PER_FRONT", 1e-6 * seed)
    pattern = random_pattern(150, 120 + 20 * seed, seed)
    order = ordering.minimum_degree(pattern, np.zeros(150, dtype=bool))
    structure = ordering.elimination_structure(pattern, order)
    groups = supernodes.group_columns(structure)
    assert sorted(step for g in groups.members for step in g) == list(range(150))
    group_of = {step: k for k, g in enumerate(groups.members) for step in g}
    for step, first in enumerate(structure.parent):
        above = group_of[step]
        while first >= 0 and above != group_of[first]:
            assert groups.parent[above] > above
            above = groups.parent[above]
    assert groups.seconds <= sum(supernodes.front_seconds(1.0, c) for c in [*structure.count, *range(150)])
