"""Splines and polynomials where the data end: beyond the boundary, on few distinct numbers, of high degree."""

import warnings

import numpy as np
import pandas as pd
import pytest
from calls import evaluate

import mlm
from mlm.errors import DataError, ExtrapolationWarning
from mlm.frame.values import Numbers


def rows():
    """120 rows in 12 groups, to three digits."""
    r = np.random.default_rng(7)
    n, group = 120, np.repeat(np.arange(12), 10)
    d = pd.DataFrame({"g": [f"g{k:02d}" for k in group], "c": np.tile([1, 1, 1, 2, 2, 2, 3, 3, 3, 3], 12)})
    d["f"] = r.choice(list("abc"), n)
    d["x"] = r.normal(size=n).round(3)
    d["z"] = r.uniform(1, 5, n).round(3)
    r.normal(size=n)
    u, v = r.normal(size=(12, 2)), 0.8 * r.normal(size=36)
    fixed = 8 + 0.5 * d.x + 0.3 * d.z + 0.4 * (d.f == "b")
    d["y"] = (fixed + u[group, 0] + 0.9 * u[group, 1] * d.x + v[group * 3 + d.c - 1] + r.normal(size=n)).round(3)
    return d


def test_predictions_beyond_the_boundary_are_those_of_lme4_and_said():
    """lme4 1.1-31: predict(lmer(y ~ bs(z, df=5) + (1|g), d), data.frame(z = c(0, 10), g = "g01"))."""
    m = mlm.lmer("y ~ bs(z, df = 5) + (1 | g)", rows())
    with pytest.warns(
        ExtrapolationWarning, match=r"bs\(z, df = 5\): 2 of 2 numbers lie beyond the boundary knots, 1\.\d"
    ):
        values = m.predict({"z": [0.0, 10.0], "g": ["g01", "g01"]})
    np.testing.assert_allclose(values, [5.4203917, 0.6193918], atol=2e-6)


def test_one_warning_points_at_the_line_that_asked():
    m = mlm.lm("y ~ bs(z) * x", rows())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        m.predict({"z": [0.0, 2.0, np.nan, 10.0], "x": [1.0] * 4})
    assert [w.category for w in caught] == [ExtrapolationWarning]
    assert "2 of 4 numbers" in str(caught[0].message)
    assert caught[0].filename == __file__


def test_nothing_is_said_inside_and_of_natural_splines():
    d = rows()
    inside, outside = {"z": [d.z.min(), d.z.max(), 3.0]}, {"z": [0.0, 10.0]}
    assert np.isfinite(mlm.lm("y ~ bs(z)", d).predict(inside)).all()
    natural = mlm.lm("y ~ ns(z, df = 3)", d)
    values = natural.predict({"z": [10.0, 11.0, 12.0]})
    np.testing.assert_allclose(np.diff(values, 2), 0, atol=1e-10)
    assert np.isfinite(natural.predict(outside)).all()


def test_wider_boundary_knots_leave_nothing_beyond():
    m = mlm.lm("y ~ bs(z, Boundary.knots = c(0, 10))", rows())
    assert np.isfinite(m.predict({"z": [0.0, 10.0]})).all()


def test_knots_on_the_boundary_make_columns_that_are_dropped():
    """R: bs(k, knots = c(1, 4)) has columns of zeros, or that add up to the intercept, which lm and lmer leave out."""
    d = rows().assign(k=np.tile([1, 2, 3, 4], 30))
    with pytest.warns(mlm.RankWarning, match="of 6 columns"):
        ours = mlm.lm("y ~ bs(k, knots = c(1, 4))", d)
    np.testing.assert_allclose(ours.fitted, mlm.lm("y ~ poly(k, 3)", d).fitted, rtol=1e-10)


def test_more_columns_than_distinct_numbers():
    """Each number has its own mean, however many columns are asked for, and the surplus is counted."""
    d = rows().assign(k=np.tile([1, 2, 3, 4], 30))
    with pytest.warns(mlm.RankWarning, match=r"3 of 7 columns depend linearly"):
        ours = mlm.lm("y ~ bs(k, df = 6)", d)
    np.testing.assert_allclose(ours.fitted, d.y.groupby(d.k).transform("mean"), rtol=1e-10)
    with pytest.raises(DataError, match=r"too many ties among its 4 different numbers: write a smaller df"):
        mlm.lm("y ~ bs(k, df = 100)", d)


@pytest.mark.parametrize("df", [119, 120, 130, 150, 200])
def test_a_spline_with_as_many_columns_as_rows_stays_far_from_singular(df):
    """R's lm gives coefficients of 1e18 and more, and lme4 says "Downdated VtV is not positive definite"."""
    d = rows()
    with pytest.warns(mlm.RankWarning, match=rf"\d+ of {df + 1} columns depend linearly"):
        m = mlm.lm(f"y ~ bs(z, df = {df})", d)
    assert np.linalg.matrix_rank(m.frame.x) == len(m.fixef) < len(d)
    best = m.frame.x @ np.linalg.lstsq(m.frame.x, m.frame.y, rcond=None)[0]
    np.testing.assert_allclose(m.fitted, best, atol=1e-4)  # of conditions up to 1e10


@pytest.mark.parametrize(
    "numbers", [np.linspace(0, 1, 60), np.random.default_rng(3).normal(size=60), np.arange(60) ** 3.0]
)
def test_polynomials_are_orthonormal_or_refused(numbers):
    """R refuses earlier, by the rank of the powers: 'degree' must be less than number of unique points."""
    served, refused = 0, 0
    for degree in (1, 5, 10, 20, 30, 40, 50, 59):
        try:
            basis = evaluate(f"poly(x, {degree})", {"x": Numbers(numbers)}).values
        except DataError as error:
            said = "are lost in rounding on these 60 different numbers; write a lower degree"
            refused += said in str(error)
        else:
            served += 1
            np.testing.assert_allclose(basis.T @ basis, np.eye(degree), atol=1e-8)
    assert served >= 3
    assert refused == 8 - served > 0
    with pytest.raises(DataError, match="degree 60 needs 61 different numbers; there are 60"):
        evaluate("poly(x, 60)", {"x": Numbers(numbers)})
