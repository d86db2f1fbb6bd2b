"""Small designs of families without a dispersion: the search finds a minimum that its usual start does not."""

import numpy as np
import pandas as pd
import pytest

import mlm
from mlm.fit import generalized_search

pytestmark = [
    pytest.mark.filterwarnings("ignore::mlm.SingularFitWarning"),
    pytest.mark.filterwarnings("ignore::mlm.ConvergenceWarning"),
]
CASES = [
    pytest.param("y ~ x + f + (1 | g / f)", "cauchit", 153, id="cauchit"),
    pytest.param("y ~ 1 + (x + z | g)", "logit", 183, id="six elements of theta"),
]


def drawn(seed):
    """Outcomes of a few rows, about 0.4 x and two effects of the levels of g."""
    r = np.random.default_rng([2026, seed])
    n, levels = (int(r.choice(sizes)) for sizes in ([20, 30, 50, 80, 120, 200], [3, 5, 8, 15, 25]))
    levels = min(levels, n // 2)
    g, h, f = r.integers(0, levels, n), r.integers(0, int(r.choice([4, 7])), n), r.integers(0, 3, n)
    x, z = (r.normal(size=n).round(3) for _ in range(2))
    r.integers(9)
    u = r.choice([0.2, 0.7, 1.5], size=2) * r.normal(size=(levels, 2))
    v = r.normal(size=7) * r.choice([0, 0.7])
    eta = r.choice([-1.0, 0.0, 0.7]) + 0.4 * x + u[g, 0] + u[g, 1] * x + v[h]
    y = (r.random(n) < 1 / (1 + np.exp(-eta))).astype(int)
    return pd.DataFrame({"y": y, "x": x, "z": z, "g": [f"g{k}" for k in g], "f": [f"f{k}" for k in f]})


@pytest.mark.parametrize(("formula", "link", "seed"), CASES)
def test_another_minimum_is_found_where_the_usual_start_misses_it(formula, link, seed, monkeypatch):
    data = drawn(seed)
    found = mlm.glmer(formula, data, link=link)
    monkeypatch.setattr(generalized_search, "SMALL_ROWS", 0)
    missed = mlm.glmer(formula, data, link=link)
    assert found.loglik > missed.loglik + 1e-3


def test_a_start_that_is_given_is_the_only_one():
    data = drawn(153)
    formula, link = "y ~ x + f + (1 | g / f)", "cauchit"
    wide, given = mlm.glmer(formula, data, link=link), mlm.glmer(formula, data, link=link, start=[2.0, 2.0])
    assert len(given.optimizer_info.log) < len(wide.optimizer_info.log)


def test_designs_of_one_variance_are_searched_once(monkeypatch):
    def never(*given):
        raise AssertionError

    monkeypatch.setattr(generalized_search, "small_ends", never)
    assert mlm.glmer("y ~ x + (1 | g)", drawn(183)).converged
