"""The change of the selected inverse with its matrix, front by front, against dense matrices."""

import numpy as np
import pytest
from scipy import sparse

from mlm.sparse import changes, cholesky, fronts, supernodes

EXACT = 1e-11  # well-conditioned matrices keep some twelve digits


def problem(seed, units=80, one=False):
    """Fronts, where the pattern has entries, a positive definite matrix on it and a change of it."""
    rng = np.random.default_rng(seed)
    links = rng.random((units, units)) < 1.5 / units
    pattern = links | links.T | np.eye(units, dtype=bool)
    matrix, change = (np.where(pattern, m + m.T, 0.0) for m in rng.normal(size=(2, units, units)))
    matrix += np.diag(abs(matrix).sum(axis=0) + 0.5)
    found = fronts.one_front(units) if one else fronts.analyse(sparse.csr_array(pattern))
    return found, np.nonzero(np.tril(pattern)), matrix, change


def stored(found, where, dense):
    store = found.zeros()
    store[found.place(*where)] = dense[where]
    return store


@pytest.mark.parametrize("one", [False, True])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_change_of_the_inverse(monkeypatch, seed, one):
    monkeypatch.setattr(fronts, "DENSE_COLUMNS", 0)
    monkeypatch.setattr(fronts, "DENSE_SHARE", 2.0)
    monkeypatch.setattr(supernodes, "SECONDS_PER_FRONT", 1e-7)
    found, where, matrix, change = problem(seed, one=one)
    assert (len(found.fronts) > 3) is not one
    done = cholesky.factor(found, stored(found, where, matrix))
    given = stored(found, where, change)
    before = given.copy()
    got = changes.inverse_change(done, done.inverse(), given)
    inverse = np.linalg.inv(matrix)
    want = -inverse @ change @ inverse
    np.testing.assert_array_equal(given, before)
    np.testing.assert_allclose(got[found.place(*where)], want[where], rtol=0, atol=EXACT * abs(want).max())
    for f in found.fronts:  # also where elimination has filled the pattern, and in both triangles
        steps = found.order[np.concatenate([np.arange(f.start, f.stop), f.border])]
        own = steps[: f.stop - f.start]
        both = np.concatenate([f.pivots_of(got), f.border_of(got)])
        np.testing.assert_allclose(both, want[np.ix_(steps, own)], rtol=0, atol=EXACT * abs(want).max())
    both = [inverse @ change, np.eye(len(matrix))]
    expected = -np.array([[np.trace(a @ b) for b in both] for a in both])
    for share in (0.0, np.inf):  # by dense products, and by pairs of entries
        monkeypatch.setattr(changes, "PAIRED_SHARE", share)
        bent = changes.log_det_curvature(done, done.inverse(), [given, stored(found, where, matrix)])
        np.testing.assert_allclose(bent, expected, rtol=0, atol=EXACT * abs(expected).max())
