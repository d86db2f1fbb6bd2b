"""Satterthwaite's degrees of freedom: exact ones in balanced designs, by definition elsewhere, and in any units.

`test_inference` compares them with lmerTest on random designs.
"""

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from brute import data, setup

import mlm

# rounding of second derivatives, at the minimum to a rounding
EXACT = 1e-9


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


def test_what_the_search_has_solved_is_not_solved_again(monkeypatch):
    m = mlm.lmer("y ~ 1 + (1 | a) + (1 | b)", balanced(9, 4))
    again = mlm.lmer("y ~ 1 + (1 | a) + (1 | b)", balanced(9, 4))
    again.__dict__["optimum"] = replace(m.optimum, evaluation=m.optimum.evaluation._replace(solution=None))
    want = again.satterthwaite_df([1.0])
    monkeypatch.setattr(type(m.working.solver), "solve", None)
    assert m.satterthwaite_df([1.0]) == pytest.approx(want, rel=1e-12)


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


@pytest.mark.parametrize(
    "random", ["(1 | g)", "(1 + z | g)", "(1 | g) + (1 | h)", "(1 | a/b)", "(1 + z | a/b) + (1 | h)"]
)
def test_without_random_variance_they_are_those_of_least_squares(random):
    """A variance of 0 stays 0: only sigma is uncertain, and df are the rows less the columns."""
    frame = data(3).assign(y=lambda d: d["x"] + np.random.default_rng(3).normal(size=96))
    with pytest.warns(mlm.SingularFitWarning):
        m = mlm.lmer(f"y ~ x + {random}", frame)
    # at the minimum or not: what is said where all variances are 0
    zero = m.deviance_function.evaluate(0.0 * m.theta)
    m = replace(m, optimum=replace(m.optimum, evaluation=zero))
    assert m.coefficients(ddf="satterthwaite")["df"].tolist() == pytest.approx([94.0, 94.0], rel=1e-9)


class Long:
    """The joint deviance of (T, sigma), dense; derivatives by complex steps of first derivatives, which are formulas.

    Every element of the columns of T that are not 0 is free. Turns of T change nothing: as many eigenvalues of the
    second derivatives as there are turns are 0, and are left out.
    """

    def __init__(self, m, dense):
        self.dense, self.n, self.x, self.y = dense, len(dense.y), dense.x, dense.y
        self.dof = self.n - dense.reml * self.x.shape[1]
        self.products = [np.einsum("iaj,kbj->abik", z, z, optimize=True) for z in dense.z]
        self.t = [t for t, *_ in dense.factors(m.theta)]
        self.free = [
            (k, i, c) for k, t in enumerate(self.t) for c in np.flatnonzero(t.any(axis=0)) for i in range(len(t))
        ]
        self.turns = sum(r * (r - 1) // 2 for r in (int(t.any(axis=0).sum()) for t in self.t))

    def slope(self, parameters):
        """First derivatives by (T, sigma), and the covariance matrix of the fixed effects, at complex parameters."""
        t = [m.astype(complex) for m in self.t]
        for (k, i, c), value in zip(self.free, parameters, strict=False):
            t[k][i, c] = value
        sigma2 = parameters[-1] ** 2
        v = np.diag(1.0 / self.dense.weights).astype(complex)
        for products, m in zip(self.products, t, strict=True):
            v += np.einsum("ab,abik->ik", m @ m.T, products)
        inverse = np.linalg.inv(v)
        unscaled = np.linalg.inv(self.x.T @ inverse @ self.x)
        e = inverse @ (self.y - self.x @ (unscaled @ (self.x.T @ (inverse @ self.y))))
        q = inverse - self.dense.reml * inverse @ self.x @ unscaled @ self.x.T @ inverse
        by_sigma = [np.einsum("abik,ik->ab", p, q - np.outer(e, e) / sigma2) for p in self.products]
        out = [2.0 * (by_sigma[k] @ t[k])[i, c] for k, i, c in self.free]
        out.append(2.0 * self.dof / parameters[-1] - 2.0 * (self.y @ e) / parameters[-1] ** 3)
        return np.array(out), sigma2 * unscaled

    def second(self, at):
        moved = [self.slope(at + 1e-30j * step) for step in np.eye(len(at))]
        return np.array([s.imag for s, _ in moved]) / 1e-30, np.array([c.imag for _, c in moved]) / 1e-30

    def df(self, sigma, contrasts):
        """Newton's method to the end, then the definition: ``2 v² / g' A g``."""
        at = np.array([*(self.t[k][i, c] for k, i, c in self.free), sigma])
        for _ in range(4):
            hessian, changes = self.second(at)
            values, vectors = np.linalg.eigh(0.5 * (hessian + hessian.T))
            kept = np.argsort(np.abs(values))[self.turns :]
            assert (values[kept] > 0).all()
            inverse = (vectors[:, kept] / values[kept]) @ vectors[:, kept].T
            slope, covariance = self.slope(at.astype(complex))
            at = at - inverse @ slope.real
        variance = np.einsum("ci,ij,cj->c", contrasts, covariance.real, contrasts)
        gradient = np.einsum("ci,kij,cj->ck", contrasts, changes, contrasts)
        return 2.0 * variance**2 / np.einsum("ck,kl,cl->c", gradient, 2.0 * inverse, gradient)


def small(seed: int) -> pd.DataFrame:
    """Rows in which no variance is 0 by design, for the structures of `LONG_WAY`: nested a/b, crossed g and h."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(50, 90))
    b = rng.integers(0, 15, n)
    frame = pd.DataFrame({"a": b // 3, "b": b, "g": rng.integers(0, 9, n), "h": rng.integers(0, 6, n)})
    frame["x"], frame["z"], frame["w"] = rng.normal(size=n), rng.normal(size=n), rng.gamma(3.0, 0.4, n)
    y = frame["x"] + 0.6 * rng.normal(size=n)
    for name in ("a", "b", "g", "h"):
        y += rng.normal(size=15)[frame[name]] + 0.8 * rng.normal(size=15)[frame[name]] * frame["x"]
        y += 0.7 * rng.normal(size=15)[frame[name]] * frame["z"]
    return frame.assign(y=y)


LONG_WAY = [
    "y ~ x + (1 | g)",
    "y ~ x + (1 + x | g)",
    "y ~ 1 + (1 + x + z | g)",
    "y ~ x * z + (1 + x || g)",
    "y ~ x + (1 + x | g) + (0 + z | g)",
    "y ~ x + (1 | a/b)",
    "y ~ x + (1 + x | a/b)",
    "y ~ z + (1 | a) + (1 + z | a:b)",
    "y ~ x + (1 | g) + (1 | h)",
    "y ~ x + z + (1 + x | g) + (1 | h)",
    "y ~ x + (1 + x | g) + (1 + z | h)",
    "y ~ x + (1 | a/b) + (1 | h)",
    "y ~ x + (1 + x | a/b) + (1 + z | h)",
]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("formula", LONG_WAY)
def test_they_are_the_definition_s(formula, seed):
    """78 random models; both criteria, with and without weights; where a fit is singular, the rank is kept."""
    reml, weights, frame = seed % 3 != 2, "w" if seed % 2 else None, small(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.SingularFitWarning)
        m = mlm.lmer(formula, frame, reml=reml, weights=weights)
    _, dense = setup(formula, frame, reml, weights)
    contrasts = np.vstack([np.eye(len(m.fixef)), np.arange(1.0, len(m.fixef) + 1)])
    want = Long(m, dense).df(m.sigma, contrasts)
    assert [m.satterthwaite_df(c) for c in contrasts] == pytest.approx(want.tolist(), rel=1e-8)


def df_of(formula, frame, back=None, **options):
    """Degrees of freedom of all coefficients, or of the rows of `back`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.SingularFitWarning)
        m = mlm.lmer(formula, frame, **options)
    return [m.satterthwaite_df(row) for row in (np.eye(len(m.fixef)) if back is None else back)]


# slopes of x stand beside an intercept with which they are correlated
FREE_ORIGIN = [
    "y ~ x + (1 + x | g)",
    "y ~ x + (1 + x + z | g)",
    "y ~ x + (1 + x | a/b)",
    "y ~ x + (1 + x | g) + (1 | h)",
]
SAME = 1e-8


@pytest.mark.parametrize("formula", [*FREE_ORIGIN, "y ~ x + (1 | a/b) + (1 | h)", "y ~ x + (1 | g) + (0 + x | g)"])
@pytest.mark.parametrize("seed", [1, 2])
def test_units_do_not_matter(formula, seed):
    """Units are powers of 2 and shifts have few digits: the data are exactly the same."""
    frame = small(seed).round(3) * 1024
    want = pytest.approx(df_of(formula, frame), rel=SAME)
    for far in (2.0**-40, 2.0**-13, 2.0**20):
        assert df_of(formula, frame.assign(y=lambda d, b=far: b * d["y"])) == want
    assert df_of(formula, frame.assign(y=lambda d: d["y"] + 2.0**16)) == want
    for far in (2.0**-8, 2.0**8):
        assert df_of(formula, frame.assign(x=lambda d, b=far: b * d["x"])) == want
    assert df_of(formula, frame.sample(frac=1.0, random_state=seed)) == want
    weighted = pytest.approx(df_of(formula, frame, weights="w"), rel=SAME)
    assert df_of(formula, frame.assign(w=lambda d: 2.0**-20 * d["w"]), weights="w") == weighted
    assert df_of(formula, frame.assign(w=lambda d: 3.0 * d["w"]), weights="w") == weighted


@pytest.mark.parametrize("formula", FREE_ORIGIN)
@pytest.mark.parametrize("seed", [1, 2])
def test_the_origin_does_not_matter(formula, seed):
    frame = small(seed).round(3)
    want = df_of(formula, frame)
    for shift in (-2.0, 16.0):  # the intercept is the value at the old zero
        moved = frame.assign(x=frame["x"] + shift)
        assert df_of(formula, moved, back=[[1.0, shift], [0.0, 1.0]]) == pytest.approx(want, rel=SAME)


@pytest.mark.parametrize("zero", [2002, 1990, 1950])
def test_years_of_a_balanced_design(zero):
    """Slopes of 25 groups have 24 degrees of freedom, wherever time has its zero."""
    rng, groups = np.random.default_rng(0), 25
    frame = pd.DataFrame({"g": np.repeat(np.arange(groups), 10), "t": np.tile(np.repeat(np.arange(-2, 3), 2), groups)})
    u = rng.normal(size=(groups, 2))
    frame["y"] = 10 + 0.3 * frame["t"] + u[frame["g"], 0] + 0.4 * u[frame["g"], 1] * frame["t"] + rng.normal(size=250)
    found = df_of("y ~ t + (t | g)", frame.assign(t=frame["t"] + 2002 - zero), back=[[1.0, 2002.0 - zero], [0.0, 1.0]])
    assert found == pytest.approx([24.0, 24.0], rel=SAME)


@pytest.mark.parametrize("formula", ["y ~ x + (1 + x | g)", "y ~ x + (1 + x | g) + (1 | h)"])
def test_a_variance_that_is_nearly_0_is_like_one_that_is(formula):
    """Slopes that are a multiple of the intercepts: with the second singular value at 0, and at almost 0."""
    rng, frame = np.random.default_rng(3), small(4)
    g, h = rng.normal(size=9)[frame["g"]], rng.normal(size=6)[frame["h"]]
    frame = frame.assign(y=frame["x"] + g * (2.0 + frame["x"]) + h + rng.normal(size=len(frame)))
    with pytest.warns(mlm.SingularFitWarning):
        m = mlm.lmer(formula, frame)
    assert m.theta[2] == 0.0 != m.theta[1]
    on = [m.satterthwaite_df(row) for row in np.eye(2)]
    # no step is made from where nloptwrap stops: here the same place, and one beside it
    for beside in (0.0, 1e-9, 1e-6, 1e-4):
        theta = m.optimum.evaluation.theta.copy()
        theta[2] = beside
        evaluation = m.working.evaluate(theta)
        there = replace(m, optimum=replace(m.optimum, evaluation=evaluation, optimizer="nloptwrap"))
        assert [there.satterthwaite_df(row) for row in np.eye(2)] == pytest.approx(on, rel=1e-7 + beside)


@pytest.mark.filterwarnings("ignore::mlm.IdentificationWarning")
@pytest.mark.parametrize("seed", range(4))
def test_what_no_data_could_tell_adds_nothing(seed):
    """Two terms that are the same are like one: of their variances only the sum is known, and only it matters."""
    frame = small(seed).assign(again=lambda d: d["g"].map("level {}".format))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.SingularFitWarning)
        one, two = (mlm.lmer(f"y ~ x + (1 | g){more}", frame) for more in ("", " + (1 | again)"))
    assert np.sum(two.theta**2) == pytest.approx(one.theta[0] ** 2, rel=1e-6)
    for contrast in np.eye(2):
        # by as much as the sum is known
        assert two.satterthwaite_df(contrast) == pytest.approx(one.satterthwaite_df(contrast), rel=1e-6)


def test_contrasts():
    m = mlm.lmer("y ~ x + z + (1 + x | g)", data())
    single = m.coefficients(ddf="satterthwaite")["df"]
    assert [m.satterthwaite_df(row) for row in np.eye(3)] == pytest.approx(single.tolist(), rel=1e-12)
    # no unit, no sign
    assert m.satterthwaite_df([0, -3, 6]) == pytest.approx(m.satterthwaite_df([0, 1, -2]), rel=1e-12)
    # the prediction at x = 2 is the intercept of a model whose x is 0 there
    moved = mlm.lmer("y ~ x + z + (1 + x | g)", data().assign(x=lambda d: d["x"] - 2.0))
    assert m.satterthwaite_df([1, 2, 0]) == pytest.approx(
        moved.coefficients(ddf="satterthwaite")["df"].iloc[0], rel=EXACT
    )
    assert np.isnan(m.satterthwaite_df([0, 0, 0]))
    with pytest.raises(mlm.DataError, match=r"one number per fixed effect: 3; got shape \(2,\)"):
        m.satterthwaite_df([1, 2])
    for missing in ([0, None, 1], [0, np.nan, 1], np.ma.array([0.0, 1.0, 1.0], mask=[False, True, False])):
        with pytest.raises(mlm.DataError, match="contrast has 1 missing values"):
            m.satterthwaite_df(missing)


@pytest.mark.parametrize("power", [-1040, -600, -300, 300, 600, 1000])
def test_the_length_of_a_contrast_does_not_matter(power):
    m = mlm.lmer("y ~ x + (x | g)", data(2))
    for row in ([1.0, 0.0], [0.0, 1.0], [0.25, -1.5]):
        assert m.satterthwaite_df(np.ldexp(row, power)) == m.satterthwaite_df(row)


def test_other_methods_are_refused():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.SingularFitWarning)
        m = mlm.lmer("y ~ x + (1 | g)", data())
    with pytest.raises(mlm.ArgumentError, match="None, 'satterthwaite' or 'kenward-roger'; got 'kenward'"):
        m.coefficients(ddf="kenward")


def test_degrees_of_freedom_of_which_no_digit_is_left_are_said_to_be_unknown(monkeypatch):
    monkeypatch.setattr("mlm.likelihood.deviance.FEW_EFFECTS", 0)
    rng, g, h = np.random.default_rng(1), np.repeat(np.arange(8), 6), np.tile(np.arange(6), 8)
    x = rng.normal(size=6)[h]
    y = 1e5 * rng.normal(size=8)[g] + 1e5 * rng.normal(size=6)[h] + rng.normal(size=48)
    with pytest.warns(mlm.ConvergenceWarning, match="Not converged"):
        fit = mlm.lmer("y ~ x + (1 | g) + (1 | h)", {"y": y, "x": x, "g": g, "h": h})
    with pytest.warns(mlm.ConvergenceWarning, match="are not known at all"):
        fit.satterthwaite_df([0.0, 1.0])


def between(seed: int) -> pd.DataFrame:
    """Groups of other sizes, a category and a number that are constant in each, and variances of their own."""
    rng = np.random.default_rng(seed)
    g = np.repeat(np.arange(15), rng.integers(5, 8, 15))
    frame = pd.DataFrame({"g": g, "f": np.array(list("abc"))[g % 3], "x": rng.normal(size=len(g))})
    frame["z"], frame["k"] = rng.normal(size=15)[g], rng.integers(0, 6, len(g))
    for level in "abc":
        frame[f"d{level}"] = (frame["f"] == level).astype(float)
    y = rng.normal(size=len(g)) + 1.3 * rng.normal(size=15)[g] * (1 + 0.5 * (g % 3)) + rng.normal(size=6)[frame["k"]]
    return frame.assign(y=y)


@pytest.mark.filterwarnings("ignore::mlm.MlmWarning")
@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("beside", ["", " + (1 | k)"])
@pytest.mark.parametrize("random", ["(0 + f | g)", "(f | g)", "(f || g)"])
def test_what_v_does_not_know_of_takes_no_part(random, beside, reml):
    """Covariances of levels of f that no group has both of: they are those of the model without such."""
    for seed in (0, 7, 10, 11):
        frame = between(seed)
        told = mlm.lmer(f"y ~ f + x + (0 + da | g) + (0 + db | g) + (0 + dc | g){beside}", frame, reml=reml)
        m = mlm.lmer(f"y ~ f + x + {random}{beside}", frame, reml=reml)
        assert m.deviance == pytest.approx(told.deviance, abs=1e-7)
        for ddf in ("satterthwaite", "kenward-roger")[: 1 + reml]:
            expected = told.coefficients(ddf=ddf)["df"].to_numpy()
            np.testing.assert_allclose(m.coefficients(ddf=ddf)["df"].to_numpy(), expected, rtol=1e-4)


@pytest.mark.filterwarnings("ignore::mlm.MlmWarning")
def test_groups_of_four_in_each_cell_have_three_degrees_of_freedom():
    g = np.repeat(np.arange(12), 5)
    for seed in range(3, 9):
        rng = np.random.default_rng(seed)
        frame = pd.DataFrame({"y": rng.normal(size=60) + rng.normal(size=12)[g], "f": np.array(list("abc"))[g % 3]})
        m = mlm.lmer("y ~ 0 + f + (0 + f | g)", frame.assign(g=g))
        if m.varcorr["vcov"].min() > 1e-3 or not m.is_singular:
            found = m.coefficients(ddf="satterthwaite")["df"].tolist()
            assert found == pytest.approx(3 * [3.0], rel=1e-6)


@pytest.mark.filterwarnings("ignore::mlm.MlmWarning")
@pytest.mark.parametrize("random", ["0 + f + z | g", "z | g", "f + z | g", "0 + f + x | g"])
def test_units_and_origins_matter_as_little_where_variances_are_not_told(random):
    """On the boundary as well, in whatever representation a search has ended."""
    for seed in (0, 5):
        frame = between(seed)
        other = frame.assign(x=1e3 + 7.0 * frame["x"], z=-500.0 + 0.01 * frame["z"]).sample(frac=1, random_state=1)
        mine, theirs = (
            mlm.lmer(f"y ~ x + f + ({random})", rows).coefficients(ddf="satterthwaite")["df"][1:]
            for rows in (frame, other)
        )
        np.testing.assert_allclose(theirs, mine, rtol=1e-4)
