"""The layout of theta: by hand for small cases, by identities for all."""

import numpy as np
import pytest

from mlm.likelihood.covariance import (
    LEAST_EIGENVALUE,
    CovarianceLayout,
    canonical_factor,
    covariance_layout,
    covariance_root,
)

# terms as (factor, size): q = 2 and q = 1 on factor 0, q = 3 on factor 1, q = 1 on factor 0 again
TERMS = [(0, 2), (0, 1), (1, 3), (0, 1)]


@pytest.fixture
def layout():
    return CovarianceLayout(TERMS, 2)


def test_theta_is_lower_triangles_column_by_column(layout):
    theta = np.arange(1.0, 12.0)
    first, second = layout.matrices(theta)
    assert first.tolist() == [[1, 0, 0, 0], [2, 3, 0, 0], [0, 0, 4, 0], [0, 0, 0, 11]]
    assert second.tolist() == [[5, 0, 0], [6, 8, 0], [7, 9, 10]]
    assert layout.n_theta == 11
    assert theta[layout.diagonal].tolist() == [1, 3, 4, 5, 8, 10, 11]


def test_pick_undoes_matrices(layout):
    theta = np.random.default_rng(1).normal(size=11)
    assert layout.pick(layout.matrices(theta)).tolist() == theta.tolist()


def test_pick_leaves_out_what_lies_between_terms(layout):
    assert layout.pick([np.ones((4, 4)), np.zeros((3, 3))]).tolist() == [1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 1]


def test_slots_say_where_a_term_stands(layout):
    assert [(s.factor, s.start, s.size, s.theta) for s in layout.slots] == [
        (0, 0, 2, 0),
        (0, 2, 1, 3),
        (1, 0, 3, 4),
        (0, 3, 1, 10),
    ]
    assert layout.sizes == (4, 3)


def test_positions_of_one_factor(layout):
    mine, rows, columns = layout.positions(0)
    assert mine.tolist() == [0, 1, 2, 3, 10]
    assert rows.tolist() == [0, 1, 1, 2, 3]
    assert columns.tolist() == [0, 0, 1, 2, 3]


@pytest.mark.parametrize("seed", range(5))
def test_rectified_theta_has_the_same_covariance_and_no_negative_diagonal(layout, seed):
    rng = np.random.default_rng(seed)
    theta = rng.normal(size=11)
    if seed > 2:
        theta[layout.diagonal & (rng.random(11) < 0.5)] = 0.0
    found = layout.rectify(theta)
    assert (found[layout.diagonal] >= 0).all()
    for before, after in zip(layout.matrices(theta), layout.matrices(found), strict=True):
        # a QR of matrices of order 3 with entries near 1
        np.testing.assert_allclose(after @ after.T, before @ before.T, rtol=0, atol=1e-14)
    # and it stays what it is
    np.testing.assert_allclose(layout.rectify(found), found, rtol=0, atol=1e-14)


def test_rectified_theta_moves_a_column_that_stands_below_a_zero():
    """T = [[0, 0], [1, 0]] is lower triangular with the covariance of T = [[0, 0], [0, 1]]."""
    found = canonical_factor(np.array([[0.0, 0.0], [1.0, 0.0]]))
    assert (found @ found.T).tolist() == [[0, 0], [0, 1]]
    assert (np.diag(found) >= 0).all()


def test_only_effects_of_one_term_covary(layout):
    assert layout.within_terms(0).astype(int).tolist() == [[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    assert layout.within_terms(1).all()


def test_one_layout_a_structure(layout):
    made = covariance_layout(tuple(TERMS), 2)
    assert made is covariance_layout(tuple(TERMS), 2)
    assert (made.slots, made.sizes) == (layout.slots, layout.sizes)
    assert made.diagonal.tolist() == layout.diagonal.tolist()


def test_root_of_a_covariance_is_its_cholesky_factor():
    sigma = np.array([[4.0, 1.2, 0.0], [1.2, 1.0, -0.3], [0.0, -0.3, 9.0]])
    found = covariance_root(sigma, np.full(3, 1e-3))
    # products of three numbers near 1
    np.testing.assert_allclose(found, np.linalg.cholesky(sigma), rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize("correlation", [1.0, -1.0, 0.999, 1.4])
def test_root_of_what_is_no_covariance_is_near_it_and_regular(correlation):
    scale = np.array([2.0, 0.1])
    sigma = np.outer(scale, scale) * np.array([[1.0, correlation], [correlation, 1.0]])
    found = covariance_root(sigma, np.zeros(2))
    nearest = found @ found.T / np.outer(scale, scale)
    values = np.linalg.eigvalsh(nearest)
    # eigenvalues of a matrix of order 2
    assert values == pytest.approx([LEAST_EIGENVALUE, 1.0 + abs(correlation)], rel=1e-12)
    assert (np.diag(found) > 0).all()


def test_root_of_negative_variances_has_the_least_ones():
    found = covariance_root(np.diag([-3.0, 4.0]), np.array([0.25, 0.25]))
    assert (np.diag(found) > 0).all()
    # the correlation matrix of -3 at a scale of 1/2 is -12, moved to LEAST_EIGENVALUE
    assert found[0, 0] == pytest.approx(0.5 * np.sqrt(LEAST_EIGENVALUE), rel=1e-14)
    assert found[1, 1] == pytest.approx(2.0, rel=1e-14)
