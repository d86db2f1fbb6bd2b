"""Curves of regular profiles, all points at once, are those found point by point; others are left to these."""

import warnings

import numpy as np
import pandas as pd
import pytest

import mlm
import replications
from mlm.inference.held import Constrained
from mlm.inference.profile_minima import Lines
from mlm.inference.profile_points import SideBySide
from mlm.likelihood.many_points import ManyPoints

# difference of zeta between both ways: what their searches leave
ZETA = 1e-7
ZETA_99 = 2.5758293035489004  # at the ends of intervals of 99 %
AT_ESTIMATE = 1e-6  # there it is the root of what the criterion, of some hundreds, is rounded by


# what a line holds, of values
HELD = {
    "sd": lambda values, scale: values / scale,
    "cor": lambda values, scale: np.arcsin(values),
    "sigma": lambda values, scale: np.log(values / scale),
    "beta": lambda values, scale: values,
}


def drawn(seed, slope=0.5, groups=30, each=10):
    rng = np.random.default_rng(seed)
    g = np.repeat(np.arange(groups), each)
    x, z = rng.normal(size=(2, len(g)))
    y = 1.0 + 0.5 * x + rng.normal(size=groups)[g] + slope * rng.normal(size=groups)[g] * x + rng.normal(size=len(g))
    return pd.DataFrame({"y": y, "x": 3.0 + x, "z": 50.0 * z, "g": g.astype(str)})


FORMULAS = ["y ~ x + (x | g)", "y ~ x * z + (x || g)", "y ~ z + (1 | g)", "y ~ 0 + (1 | g)", "y ~ z + (0 + x | g)"]


@pytest.mark.parametrize("formula", FORMULAS)
def test_curves_are_those_found_one_by_one(formula, monkeypatch):
    m = mlm.lmer(formula, drawn(1))
    found = mlm.profile(m)
    frame, limits = found.frame, found.confint()
    with monkeypatch.context() as patch:
        patch.setattr(SideBySide, "serves", lambda m: False)
        alone = mlm.profile(m)
        assert limits.to_numpy() == pytest.approx(alone.confint().to_numpy(), rel=1e-7, abs=1e-7)
        for k, name in enumerate(found.names):
            line, rows = alone._line(k), frame[frame["parameter"] == name]
            assert len(rows) == 17
            held = HELD[alone.parameters[k].kind](rows["value"].to_numpy(), m.products.shift.scale)
            for v, zeta in zip(held, rows["zeta"], strict=True):
                near = ZETA if zeta else AT_ESTIMATE
                assert line.path.step(v, line.path.start).zeta == pytest.approx(abs(zeta), abs=near)


def counted(monkeypatch, *places):
    made = {name: 0 for _, name in places}
    for kind, name in places:
        plain = getattr(kind, name)

        def counting(*given, plain=plain, name=name):
            made[name] += 1
            return plain(*given)

        monkeypatch.setattr(kind, name, counting)
    return made


@pytest.mark.parametrize("fixed", ["x", "x * z * w"])
def test_a_regular_frame_takes_a_few_steps_of_all_points(fixed, monkeypatch):
    """96 and 192 points: before, these took 3 to 4 evaluations each, a hundred times as long as the fit."""
    data = drawn(2, slope=1.0).assign(w=np.tile([-1.0, 0.0, 1.0], 100))
    m = mlm.lmer(f"y ~ {fixed} + (x | g)", data, reml=False)
    made = counted(monkeypatch, (ManyPoints, "at"), (Constrained, "evaluate"))
    found = mlm.profile(m)
    assert len(found.frame) == 17 * len(found.names)
    assert made["at"] <= 30  # half of them for two standard deviations of 0
    assert made["evaluate"] <= 3
    found.confint(), found.notes(), str(found)
    assert made["at"] <= 45
    assert made["evaluate"] <= 3


def test_ends_of_many_rows(monkeypatch):
    """Thousands of rows in hundreds of groups."""
    data = replications.load("heck2011", kind="twin", verbose=False)
    m = mlm.lmer("math ~ ses + (1 | schcode)", data)
    found = mlm.profile(m).confint()
    monkeypatch.setattr(SideBySide, "serves", lambda m: False)
    assert found.to_numpy() == pytest.approx(mlm.profile(m).confint().to_numpy(), rel=1e-7)


def test_an_end_on_the_other_branch_is_not_taken():
    """Newton's method from the quadratic goes to the wrong side of a small slope's deviation: order tells."""
    rng = np.random.default_rng(28)
    for seed in range(40):
        data = drawn(seed, slope=0.25, groups=int(rng.integers(5, 12)), each=22)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", mlm.MlmWarning)
            m = mlm.lmer("y ~ x + (x | g)", data, reml=False)
            found = mlm.profile(m, which="theta_")
            limits = found.confint()
        estimates = found.estimates.fillna(0.0)
        assert (limits.iloc[:, 0].fillna(-1.0) <= estimates + 1e-9).all(), seed
        assert (limits.iloc[:, 1].fillna(np.inf) >= estimates - 1e-9).all(), seed


def test_what_is_not_served():
    crossed = drawn(1).assign(h=np.tile(list("abcde"), 60))
    models = [mlm.lmer("y ~ x + (1 | g) + (1 | h)", crossed)]
    models.append(mlm.glmer("b ~ x + (1 | g)", crossed.assign(b=(crossed.y > 2.0) * 1), "binomial"))
    for m in models:
        assert not SideBySide.serves(m)
        assert len(mlm.profile(m, which="x").frame) > 10


def few(seed, groups, each, slope, correlation):
    """Rows of an intercept and a slope by group, correlated."""
    rng = np.random.default_rng(seed)
    g, x = np.arange(groups * each) % groups, rng.normal(size=groups * each)
    u = rng.normal(size=(groups, 2))
    varying = slope * (correlation * u[:, 0] + np.sqrt(1.0 - correlation**2) * u[:, 1])
    y = 1.0 + 0.5 * x + u[g, 0] + varying[g] * x + rng.normal(size=len(g))
    return pd.DataFrame({"y": y, "x": x, "g": g.astype(str), "h": np.arange(len(g)) // groups % 6})


@pytest.mark.parametrize("seed", [16, 17])
def test_points_that_those_before_lead_to(seed, monkeypatch):
    """A correlation near its bound: where a quadratic has the far points, Newton's method comes to no minimum.

    Each such side took some twenty to forty evaluations of its own.
    """
    m = mlm.lmer("y ~ x + (x | g)", few(seed, 12, 20, 0.7, -0.9), reml=False)
    with monkeypatch.context() as patch:
        made = counted(patch, (SideBySide, "_ahead"), (Constrained, "evaluate"))
        found = mlm.profile(m)
        assert len(found.frame) == 17 * len(found.names)
        assert made["_ahead"] >= 1
        assert made["evaluate"] <= 60
    limits = found.confint(0.99).to_numpy()
    monkeypatch.setattr(SideBySide, "serves", lambda m: False)
    alone = mlm.profile(m).confint(0.99).to_numpy()
    assert limits == pytest.approx(alone, abs=1e-7 * float(np.ptp(alone, axis=1).max()))


@pytest.mark.parametrize(("given", "most"), [((54, 13, 5, 0.2, -0.9), 20), ((56, 8, 7, 0.9, 0.95), 80)])
def test_points_beyond_where_a_curve_bends_are_near_minima(given, most, monkeypatch):
    """A correlation leaves its bound on the way: polynomials led astray, and 67 and 175 evaluations came of it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.MlmWarning)
        m = mlm.lmer("y ~ x + (x | g)", few(*given), reml=False)
        with monkeypatch.context() as patch:
            made = counted(patch, (Constrained, "evaluate"))
            found = mlm.profile(m)
            assert len(found.frame) > 80
            assert made["evaluate"] <= most
        limits = found.confint(0.99).to_numpy()
        monkeypatch.setattr(SideBySide, "serves", lambda m: False)
        alone = mlm.profile(m).confint(0.99).to_numpy()
    assert limits == pytest.approx(alone, abs=1e-7 * float(np.ptp(alone, axis=1).max()), nan_ok=True)


SINGULAR = {"many rows": (21, 40, 80), "ends searched for from other starts": (3, 20, 10)}


@pytest.mark.parametrize("name", SINGULAR)
def test_ends_of_singular_fits_side_by_side(name, monkeypatch):
    """Where a correlation is ±1 most curves stay at it: other starts tell that their ends are the lowest."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.MlmWarning)
        m = mlm.lmer("y ~ x + (x | g)", few(*SINGULAR[name], 0.3, 1.0), reml=False)
        assert m.is_singular
        found = mlm.profile(m)
        regular = [found._sides.regular(k, sign, ZETA_99) is not None for k in range(6) for sign in (-1, 1)]
        assert sum(regular) == 10  # a slope's deviation that is held larger leaves the edge; the correlation is at it
        limits = found.confint().to_numpy()
        with monkeypatch.context() as patch:
            patch.setattr(SideBySide, "serves", lambda m: False)
            alone = mlm.profile(m).confint().to_numpy()
    assert limits == pytest.approx(alone, abs=1e-7 * float(np.ptp(alone, axis=1).max()))


def test_a_side_whose_end_is_not_the_lowest_is_left(monkeypatch):
    m = mlm.lmer("y ~ x + (1 | g)", drawn(1).iloc[:90], reml=False)
    look = Lines.look
    monkeypatch.setattr(Lines, "look", lambda lines, ends, *rest: (np.zeros(len(ends)), look(lines, ends, *rest)[1]))
    found = mlm.profile(m)
    assert len(found.frame) > 10
    assert all(found._sides.regular(k, sign, ZETA_99) is None for k in range(len(found.names)) for sign in (-1, 1))


IRREGULAR = {  # evaluations at most, one by one and side by side; in brackets those of earlier ways, all one by one
    "a deviation of 0 is near": ("y ~ x + (x | g)", (5, 15, 20, 0.12, 0.2), 5, 45),  # (313, 190)
    "few rows": ("y ~ x + (x | g)", (3, 12, 8, 0.6, -0.2), 350, 95),  # (2947, 1350; 398, 103)
    "a correlation of 1": ("y ~ x + (x | g)", (3, 20, 10, 0.3, 1.0), 75, 60),
    "crossed": ("y ~ x + (x || g) + (1 | h)", (4, 20, 12, 0.6, 0.0), 265, 0),  # (331)
}


@pytest.mark.parametrize("name", IRREGULAR)
def test_irregular_curves_take_a_few_evaluations(name, monkeypatch):
    formula, given, alone, together = IRREGULAR[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.MlmWarning)
        m = mlm.lmer(formula, few(*given), reml=False)
        made = counted(monkeypatch, (Constrained, "evaluate"), (ManyPoints, "at"))
        assert len(mlm.profile(m).frame) > 80
    assert made["evaluate"] <= alone
    assert made["at"] <= together


@pytest.mark.parametrize("seed", [4, 20, 33])
def test_a_correlation_that_ends_at_1_is_known_beforehand(seed, monkeypatch):
    """Points beyond were searched for in vain, in 42 to 56 evaluations of many, and 8 to 15 one by one."""
    m = mlm.lmer("y ~ x + (x | g)", few(seed, 17, 8, 0.4, 0.6), reml=False)
    with monkeypatch.context() as patch:
        made = counted(patch, (ManyPoints, "at"), (Constrained, "evaluate"))
        found = mlm.profile(m)
        assert len(found.frame) == 17 * len(found.names)
        assert made["at"] <= 45
        assert made["evaluate"] <= 5
    assert found._sides.is_bounded(1, 1, ZETA_99)
    limits = found.confint(0.99)
    assert limits.iloc[1, 1] == 1.0
    with monkeypatch.context() as patch:
        patch.setattr(SideBySide, "serves", lambda m: False)
        alone = mlm.profile(m).confint(0.99).to_numpy()
    assert limits.to_numpy() == pytest.approx(alone, abs=1e-7 * float(np.ptp(alone, axis=1).max()))


def test_where_zeta_is_beyond_a_target_on_the_way_to_1_an_end_is_searched_for():
    found = mlm.profile(mlm.lmer("y ~ x + (x | g)", few(4, 17, 8, 0.4, 0.6), reml=False))
    assert len(found.frame) > 80
    sides, (curve,) = found._sides, [curve for curve in found._sides._curves if curve[:2] == (1, 1)]
    assert sides.is_bounded(1, 1, ZETA_99)
    for points in ([(0.8, 1.0), (1.2, 2.7)], None):
        sides._curves[curve] = points
        assert not sides.is_bounded(1, 1, ZETA_99)


def test_an_end_just_above_a_deviation_of_0(monkeypatch):
    """Zeta comes to its bound at a slope: there were 290 evaluations, as that was not made use of."""
    m = mlm.lmer("y ~ x + (x | g)", few(36, 17, 8, 0.4, 0.6), reml=False)
    with monkeypatch.context() as patch:
        made = counted(patch, (Constrained, "evaluate"))
        found = mlm.profile(m)
        assert len(found.frame) == 17 * len(found.names)
        assert made["evaluate"] <= 160
    assert 0.0 < found.confint(0.99).iloc[2, 0] < 0.1


@pytest.mark.parametrize("formula", ["y ~ x + (x | g)", "y ~ x + (x || g) + (1 | h)"])
def test_second_derivatives_with_a_fixed_effect_held(formula):
    """Those of its estimate and variance by theta are differences, taken beside."""
    m = mlm.lmer(formula, few(4, 20, 12, 0.6, 0.0), reml=False)
    found = mlm.profile(m)
    path = found._line(found.names.index("x")).path
    of, start, v = path.of, path.start.x, path.start.v + 0.5
    second = of.curvature(v, start, of.evaluate(v, start))
    steps = 1e-4 * np.eye(len(start) + 1)
    slopes = []
    for step in steps:
        there, back = (of.evaluate(v + s * step[-1], start + s * step[:-1]) for s in (1.0, -1.0))
        slopes.append((np.append(there.gradient, there.slope) - np.append(back.gradient, back.slope)) / 2e-4)
    assert second == pytest.approx(np.array(slopes), rel=1e-3, abs=1e-3 * np.abs(second[:-1, :-1]).max())
