"""Satterthwaite's degrees of freedom: exact ones in balanced designs, and a dense computation elsewhere.

`test_inference` compares them with lmerTest on random designs.
"""

import warnings

import numpy as np
import pandas as pd
import pytest
from brute import data, setup

import mlm

# differences of the analytic gradient (satterthwaite.RELATIVE_STEP) at a theta that is found to about 1e-7
EXACT = 1e-5


def balanced(*sizes: int, seed: int = 0) -> pd.DataFrame:
    """All combinations of factors a, b, ... with these numbers of levels."""
    grid = np.indices(sizes).reshape(len(sizes), -1)
    frame = pd.DataFrame({name: codes for name, codes in zip("abcd", grid, strict=False)})
    rng = np.random.default_rng(seed)
    frame["y"] = rng.normal(size=len(frame))
    for name in frame.columns[: len(sizes)]:
        frame["y"] += 1.5 * rng.normal(size=frame[name].max() + 1)[frame[name]]
    return frame


def table(formula, frame):
    return mlm.lmer(formula, frame).coefficients(ddf="satterthwaite")


def test_one_way_layout():
    """The mean of J groups has J - 1 degrees of freedom."""
    assert table("y ~ 1 + (1 | a)", balanced(9, 4))["df"].tolist() == pytest.approx([8.0], rel=EXACT)


def test_randomised_blocks():
    """Treatments within blocks: (a - 1)(b - 1), as in the analysis of variance."""
    found = table("y ~ C(a) + (1 | b)", balanced(4, 7))
    assert found["df"].tolist()[1:] == pytest.approx(3 * [18.0], rel=EXACT)


def test_split_plots():
    """The whole-plot factor is judged by whole plots, a(b - 1); the split-plot one within them, a(b - 1)(c - 1)."""
    frame = balanced(3, 5, 4, seed=3)
    plots = np.random.default_rng(4).normal(size=15)[5 * frame["a"] + frame["b"]]
    frame = frame.assign(y=frame["y"] + 2.0 * plots, plot=5 * frame["a"] + frame["b"])
    coded = frame.assign(
        **{f"a{k}": (frame["a"] == k) - 1 / 3 for k in (1, 2)}, **{f"c{k}": (frame["c"] == k) - 0.25 for k in (1, 2, 3)}
    )
    found = table("y ~ a1 + a2 + c1 + c2 + c3 + a1:c1 + a1:c2 + a1:c3 + a2:c1 + a2:c2 + a2:c3 + (1 | plot)", coded)[
        "df"
    ]
    assert found[["a1", "a2"]].tolist() == pytest.approx(2 * [12.0], rel=EXACT)
    assert found[["c1", "c2", "c3", "a1:c1", "a2:c3"]].tolist() == pytest.approx(5 * [36.0], rel=EXACT)


def test_without_random_variance_they_are_those_of_least_squares():
    """A variance of 0 stays 0: only sigma is uncertain, and df are the rows less the columns."""
    frame = data(3).assign(y=lambda d: d["x"] + np.random.default_rng(3).normal(size=96))
    with pytest.warns(mlm.SingularFitWarning):
        m = mlm.lmer("y ~ x + (1 | g)", frame)
    assert m.coefficients(ddf="satterthwaite")["df"].tolist() == pytest.approx([94.0, 94.0], rel=1e-9)


def dense_df(dense, theta, contrast):
    """Everything by differences of dense formulas, as a function of (theta, sigma)."""
    found = dense.solve(theta)
    dof, sigma = len(dense.y) - dense.x.shape[1], np.sqrt(found["sigma2"])

    def deviance(parameters):
        at = dense.solve(parameters[:-1])
        log_det = at["value"] - dof * (1.0 + np.log(2.0 * np.pi * at["sigma2"]))
        return log_det + dof * np.log(2.0 * np.pi * parameters[-1] ** 2) + at["sigma2"] * dof / parameters[-1] ** 2

    def variance(parameters):
        return parameters[-1] ** 2 * contrast @ dense.solve(parameters[:-1])["unscaled"] @ contrast

    at = np.append(theta, sigma)
    step = 2e-3 * np.eye(len(at)) * at
    hessian, slope = np.empty((len(at), len(at))), np.empty(len(at))
    for i, e in enumerate(step):
        slope[i] = (variance(at + e) - variance(at - e)) / (2 * e[i])
        for k, f in enumerate(step):
            corners = [deviance(at + s * e + t * f) * s * t for s in (1, -1) for t in (1, -1)]
            hessian[i, k] = sum(corners) / (4 * e[i] * f[k])
    return 2 * variance(at) ** 2 / (slope @ (2 * np.linalg.inv(hessian)) @ slope)


@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize(
    "formula", ["y ~ x + (1 | g)", "y ~ x + (1 + x | g)", "y ~ 0 + x + (1 | g)", "y ~ z + (1 | g) + (1 | h)"]
)
def test_degrees_of_freedom_are_the_dense_ones(formula, weights):
    m = mlm.lmer(formula, data(2), weights=weights)
    assert not m.is_singular
    _, dense = setup(formula, data(2), True, weights)
    p = len(m.fixef)
    for contrast in (*np.eye(p), np.arange(1.0, p + 1)):
        # second differences with steps of 0.2 %: fourth derivatives times 4e-6
        assert m.satterthwaite_df(contrast) == pytest.approx(dense_df(dense, m.theta, contrast), rel=1e-3)


def test_contrasts():
    m = mlm.lmer("y ~ x + z + (1 + x | g)", data())
    single = m.coefficients(ddf="satterthwaite")["df"]
    assert [m.satterthwaite_df(row) for row in np.eye(3)] == single.tolist()
    # no unit, no sign
    assert m.satterthwaite_df([0, -3, 6]) == pytest.approx(m.satterthwaite_df([0, 1, -2]), rel=1e-12)
    # the prediction at x = 2 is the intercept of a model whose x is 0 there
    moved = mlm.lmer("y ~ x + z + (1 + x | g)", data().assign(x=lambda d: d["x"] - 2.0))
    assert m.satterthwaite_df([1, 2, 0]) == pytest.approx(
        moved.coefficients(ddf="satterthwaite")["df"].iloc[0], rel=EXACT
    )
    assert np.isnan(m.satterthwaite_df([0, 0, 0]))
    with pytest.raises(mlm.DataError, match=r"one number a fixed effect: 3; got shape \(2,\)"):
        m.satterthwaite_df([1, 2])
    for missing in ([0, None, 1], [0, np.nan, 1], np.ma.array([0.0, 1.0, 1.0], mask=[False, True, False])):
        with pytest.raises(mlm.DataError, match="contrast has 1 missing values"):
            m.satterthwaite_df(missing)


def test_only_satterthwaite():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.SingularFitWarning)
        m = mlm.lmer("y ~ x + (1 | g)", data())
    with pytest.raises(mlm.ArgumentError, match="None or 'satterthwaite'; got 'kenward'"):
        m.coefficients(ddf="kenward")
