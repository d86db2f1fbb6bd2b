"""Whole numbers as levels: those that floats, or 64 bits, cannot tell apart stay apart, whatever holds them."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

import mlm

ROWS, LEVELS = 160, 8
PLACE = np.arange(ROWS) % LEVELS
HOLDERS = {"int": int, "decimal": Decimal, "fraction": Fraction}


def data(ids):
    rng = np.random.default_rng(12)
    x = rng.normal(size=ROWS)
    return {"y": 0.4 * PLACE + 0.5 * x + rng.normal(size=ROWS), "x": x, "g": ids}


@pytest.mark.parametrize("first", [5, 2**53 + 1, 10**16, 2**64, 89014103211118510720, 10**30])
@pytest.mark.parametrize("then", HOLDERS)
@pytest.mark.parametrize("now", HOLDERS)
@pytest.mark.parametrize("formula", ["y ~ x + (1 | g)", "y ~ x + (1 | factor(g))"])
def test_ids_of_any_size_stay_apart(formula, now, then, first):
    plain = mlm.lmer("y ~ x + (1 | g)", data(PLACE))
    m = mlm.lmer(formula, data([HOLDERS[then](first + int(k)) for k in PLACE]))
    assert m.ngrps.tolist() == [LEVELS]
    np.testing.assert_array_equal(m.fixef, plain.fixef)
    new = {"x": np.zeros(LEVELS), "g": [HOLDERS[now](first + k) for k in range(LEVELS)]}
    np.testing.assert_array_equal(m.predict(new), plain.predict({**new, "g": np.arange(LEVELS)}))
