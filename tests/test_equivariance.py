"""The same model gives the same numbers: property tests over random designs of all structures, and random changes.

A change is composed of other units and another origin of the response and of a predictor, a factor of the weights, rows
in another order, and other labels of the levels, which sort in another order or are categories in one of their own.
Units are powers of 2 and shifts multiples of them, so that no digit of the data is lost; years become Julian days or
Unix seconds as they do in real data, in whole numbers. An offset goes with the response's units; the response is
moved beside it too.

Asked are 1e-8 of the criterion, of estimates in standard errors, and of standard errors and degrees of freedom as
shares; and the same flags, kinds of messages and refusals. Not asked is what double precision does not say, in three
cases. Where effects leave a share s of the squares of the response or of a column, sums are known to 1e-16 / s of what
is left (`Numbers.rounding`); where an intercept is far off, so are its variance and what it takes back to the design
(`Numbers.mapping`). Four units of these are allowed, as two models have them, in either direction. Where they are over
1e-6, a comparison would say nothing, and another example is drawn. And another origin of x where its effects have no
covariance with those of 1 is another model.

Powers of 2 alone round nothing, and there no bit may differ.

By default the same examples are tried each time, one of each structure. ``EQUIVARIANCE_EXAMPLES=3000 pytest
tests/test_equivariance.py`` tries so many others, at random.
"""

from __future__ import annotations

import os
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from reference.small_designs import COUNT, STRUCTURES, SmallDesign, design
from same_model import Change, Numbers, _free_origin, _unit, deviations, numbers

import mlm

SAME = 1e-8
# allowance for rounding above which an example is not compared
MOST_ROUNDING = 1e-6
MORE = int(os.environ.get("EQUIVARIANCE_EXAMPLES", "0"))
EXAMPLES = settings(
    max_examples=MORE or 12,
    derandomize=not MORE,
    deadline=None,
    database=None,
    phases=[Phase.generate],  # a smaller example that fails says no more than the first, and takes minutes
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
# about 1e-100 to 1e100
POWERS = st.sampled_from([-332, -100, -13, -1, 0, 0, 1, 13, 100, 332])
SHIFTS = st.sampled_from([0.0, 0.0, 1.0, -16.0, 1024.0, 4096.0])
# a year has 31,557,600 seconds, and 365.25 days; Julian day 2,451,545 is in 2000
TIMES = {
    "as it is": (0.0, 1.0),
    "Julian days": (-2000.0 + 2451545.0 / 365.25, 365.25),
    "Unix seconds": (-1970.0, 31557600.0),
}


@st.composite
def drawn_designs(draw: st.DrawFn, place: int) -> SmallDesign:
    """A design of the generator, of one structure and with any rows; perhaps with weights, an offset, other terms."""
    number = place + len(STRUCTURES) * draw(st.integers(0, 10**6))
    one = design(number, seed=draw(st.integers(0, 3)))
    frame, rng = one.frame.copy(), np.random.RandomState(draw(st.integers(0, 2**32 - 1)))
    most = draw(st.sampled_from([24, 60, 150, 600]))
    if len(frame) > most:
        kept = np.sort(rng.permutation(len(frame))[:most])
        frame = frame.iloc[kept].reset_index(drop=True)
    weights, offset = one.weights, None
    if draw(st.booleans()):
        frame["w"], weights = np.round(rng.uniform(0.2, 4.0, len(frame)) * 64) / 64, "w"
    if draw(st.booleans()):
        frame["off"], offset = np.round(rng.standard_normal(len(frame)) * 64) / 64 * _unit(frame["y"]), "off"
    return replace(one, frame=frame, weights=weights, offset=offset, reml=draw(st.booleans()))


@st.composite
def drawn_changes(draw: st.DrawFn, one: SmallDesign) -> Change:
    """A change of all that may change, at once."""
    y = (draw(SHIFTS) * _unit(one.frame["y"]), 2.0 ** draw(POWERS))
    scale = 2.0 ** draw(st.sampled_from([-17, -3, 0, 0, 3, 17]))
    # without a covariance between the effects of 1 and of x, another origin of x is another model
    shift = draw(SHIFTS) * _unit(one.frame["x"]) if _free_origin(one) else 0.0
    weights = draw(st.sampled_from([1.0, 1.0, 2.0**-20, 2.0**7, 3.0]))
    order, labels = (draw(st.integers(0, 2**32 - 1)) for _ in range(2))
    kind = draw(st.sampled_from(["text", "numbers", "categories"]))

    def rows(frame: pd.DataFrame) -> pd.DataFrame:
        out = frame.assign(y=y[1] * (frame["y"] + y[0]), x=scale * (frame["x"] + shift))
        if weights != 1.0:
            out["w"] = weights * (out["w"] if one.weights else 1.0)
        if one.offset:
            out["off"] = y[1] * frame["off"]
        out = _relabelled(out, np.random.RandomState(labels), kind)
        return out.iloc[np.random.RandomState(order).permutation(len(out))].reset_index(drop=True)

    return Change(
        f"y {y}, x {(shift, scale)}, weights {weights}, {kind}",
        rows,
        y,
        (shift, scale) if "x" in one.formula else (0.0, 1.0),
        weights,
    )


def _relabelled(frame: pd.DataFrame, rng: np.random.RandomState, kind: str) -> pd.DataFrame:
    """Other labels of the groups, in another order."""
    out = frame.copy()
    for name in sorted({"g", "h", "k", "l"} & set(frame)):
        levels = sorted(frame[name].unique())
        places = rng.permutation(len(levels))
        labels = {
            level: int(place) + 7 if kind == "numbers" else f"L{place:04d}"
            for level, place in zip(levels, places, strict=True)
        }
        out[name] = frame[name].map(labels)
        if kind == "categories":
            out[name] = pd.Categorical(out[name], categories=list(rng.permutation(sorted(labels.values()))))
    return out


def undecided(base: Numbers, other: Numbers) -> tuple[float, float]:
    """What double precision does not say: of the criterion, and of what is mapped back to the design."""
    rounding, mapping = (max(getattr(n, of) for n in (base, other)) for of in ("rounding", "mapping"))
    return 4.0 * rounding, 4.0 * (rounding + mapping)


def wrong(base: Numbers, other: Numbers) -> dict[str, float]:
    """What differs by more than it may: 1e-8, and what the digits of double precision leave undecided."""
    of_criterion, of_estimates = undecided(base, other)
    if of_estimates > MOST_ROUNDING:
        return {}
    # a place is known to the root of what the criterion does not see only from its values; from slopes, as these
    allowed = dict.fromkeys(("estimates", "standard errors", "df"), SAME + of_estimates)
    allowed["criterion"] = SAME + of_criterion
    return {name: value for name, value in deviations(base, other).items() if not value <= allowed.get(name, 0.0)}


@pytest.mark.parametrize("place", range(len(STRUCTURES)))
@settings(EXAMPLES, max_examples=max(1, MORE // len(STRUCTURES)))
@given(data=st.data())
def test_the_same_model_gives_the_same_numbers(place, data):
    one = data.draw(drawn_designs(place))
    change = data.draw(drawn_changes(one))
    base, other = numbers(one), numbers(one, change)
    assume(undecided(base, other)[1] <= MOST_ROUNDING)
    found = wrong(base, other)
    what = f"no. {one.number}, {one.formula}, {one.origin}, {len(one.frame)} rows, REML {one.reml}, {one.weights}"
    assert not found, f"{what}, {one.offset}; {change.name}: {found}\n{base}\n{other}"


@EXAMPLES
@given(
    seed=st.integers(0, 2**32 - 1),
    groups=st.integers(5, 40),
    years=st.integers(4, 8),
    units=st.sampled_from(sorted(TIMES)),
    random=st.sampled_from(["(x | g)", "(x | g) + (1 | h)", "(1 | g)"]),
    reml=st.booleans(),
)
def test_years_are_days_or_seconds(seed, groups, years, units, random, reml):
    rng = np.random.RandomState(seed)
    frame = pd.DataFrame({"g": np.repeat(np.arange(groups), years), "x": np.tile(2000.0 + np.arange(years), groups)})
    frame["h"] = rng.randint(0, 6, len(frame))
    effects = rng.standard_normal((groups, 2)) * rng.uniform(0.0, 1.0, 2)
    noise = effects[frame["g"], 0] + effects[frame["g"], 1] * (frame["x"] - 2002) + rng.standard_normal(len(frame))
    frame["y"] = np.round(1024.0 * noise) / 1024.0
    shift, scale = TIMES[units]
    days = np.round(4.0 * scale * (frame["x"] + shift)) / 4.0  # whole quarters of days: what is stored
    one = SmallDesign(0, random, "years", f"y ~ x + {random}", frame, None, reml, "", 0.0)
    change = Change(units, lambda d: d.assign(x=days), x=(shift, scale))
    assert not wrong(numbers(one), numbers(one, change))


@EXAMPLES
@given(
    groups=st.integers(5, 40),
    origin=st.sampled_from([0.0, -2002.0, -1900.0, 1e6, 2.0**30]),
    seed=st.integers(0, 2**32 - 1),
)
def test_balanced_slopes_have_groups_less_one_degrees_of_freedom(groups, origin, seed):
    """Five years a group: the mean slope is that of the groups' slopes, of which there are so many."""
    rng = np.random.RandomState(seed)
    frame = pd.DataFrame({"g": np.repeat(np.arange(groups), 5), "x": np.tile(2000.0 + np.arange(5), groups)})
    effects = 3.0 * rng.standard_normal((groups, 2))
    frame["y"] = (
        effects[frame["g"], 0] + effects[frame["g"], 1] * (frame["x"] - 2002.0) + rng.standard_normal(len(frame))
    )
    m = mlm.lmer("y ~ x + (x | g)", frame.assign(x=frame["x"] + origin))
    assert m.satterthwaite_df([0.0, 1.0]) == pytest.approx(groups - 1, rel=SAME)


@pytest.mark.filterwarnings("ignore::mlm.MlmWarning")
@pytest.mark.parametrize("labels", ["bac", "cab"])
@pytest.mark.parametrize("number", [7, 31, 38])
def test_the_reference_level_does_not_matter(number, labels):
    """Another order of the levels of f: the criterion, what is fitted, and differences between levels are the same."""
    one = design(number)
    assert "(f |" in one.formula
    formula = one.formula if " f +" in one.formula else one.formula.replace("y ~ ", "y ~ f + ")
    renamed = dict(zip("abc", labels, strict=True))
    m = mlm.lmer(formula, one.frame, reml=one.reml, weights=one.weights)
    n = mlm.lmer(formula, one.frame.assign(f=one.frame["f"].map(renamed)), reml=one.reml, weights=one.weights)
    assert n.deviance == pytest.approx(m.deviance, abs=SAME)
    assert np.asarray(n.fitted) == pytest.approx(np.asarray(m.fitted), abs=SAME * m.sigma)
    assert (n.is_singular, n.converged) == (m.is_singular, m.converged)
    for pair in ("ab", "ac", "bc"):
        first, second = (_between(of, *names) for of, names in ((m, pair), (n, [renamed[level] for level in pair])))
        error = float(np.sqrt(first @ m.vcov.to_numpy() @ first))
        assert second @ n.fixef.to_numpy() == pytest.approx(first @ m.fixef.to_numpy(), abs=SAME * error)
        assert np.sqrt(second @ n.vcov.to_numpy() @ second) == pytest.approx(error, rel=SAME)
        assert n.satterthwaite_df(second) == pytest.approx(m.satterthwaite_df(first), rel=SAME)


def _between(m: mlm.MixedModel, one: str, other: str) -> np.ndarray:
    """The contrast of two levels of f; the first level has no coefficient."""
    names = list(m.fixef.index)
    return np.array([float(name == f"f{one}") - float(name == f"f{other}") for name in names])


@pytest.mark.filterwarnings("ignore::mlm.MlmWarning")
@pytest.mark.parametrize("random", ["(1 | g)", "(0 + x | g)", "(x | g)"])
@pytest.mark.parametrize("scales", [(1000.0, 1.0), (0.001, 1.0), (1.0, 60.0), (1e-9, 1e6)])
def test_without_an_intercept_units_are_free(random, scales):
    """Units that are not powers of 2, of data near 0.

    Far from it, x is nearly what a random intercept has, and nothing is there to take up a mean: with x at 1,000
    standard deviations a millionth of its squares is left, and the criterion of 530 rows is known to 3e-7.
    """
    of_y, of_x = scales
    frame = design(25).frame
    frame = frame.assign(x=frame["x"] - 1000.0, y=frame["y"] - 500.0)
    m = mlm.lmer(f"y ~ 0 + x + {random}", frame)
    n = mlm.lmer(f"y ~ 0 + x + {random}", frame.assign(y=of_y * frame["y"], x=of_x * frame["x"]))
    dof = len(frame) - 1
    constant = 2.0 * dof * np.log(of_y) + 2.0 * np.log(of_x)
    error = float(np.sqrt(m.vcov.to_numpy()[0, 0]))
    assert n.deviance - constant == pytest.approx(m.deviance, abs=SAME)
    assert of_x / of_y * n.fixef["x"] == pytest.approx(m.fixef["x"], abs=SAME * error)
    assert of_x / of_y * np.sqrt(n.vcov.to_numpy()[0, 0]) == pytest.approx(error, rel=SAME)
    assert n.satterthwaite_df([1.0]) == pytest.approx(m.satterthwaite_df([1.0]), rel=SAME)
    assert (n.is_singular, n.converged) == (m.is_singular, m.converged)


@pytest.mark.parametrize("origin", [2000.0, 10000.0, 2451545.0])
@pytest.mark.parametrize(
    ("formula", "powers"),
    [
        ("y ~ 0 + f + x + (1 | g)", [0, 0, 1]),
        ("y ~ x + I(x^2) + (1 | g)", [0, 1, 2]),
        ("y ~ x + (0 + f + x | g)", [0, 1]),
    ],
)
def test_nearly_parallel_columns_keep_their_digits(formula, powers, origin):
    """Years beside all levels of a category, and beside their squares: a thousandth of their length is their own."""
    rng = np.random.RandomState(7)
    g, x, f = rng.randint(0, 15, 300), origin + np.round(3.0 * rng.standard_normal(300)), rng.randint(0, 2, 300)
    y = np.round(1024.0 * (2.0 * rng.standard_normal((15, 2))[g, f] + rng.standard_normal(300))) / 1024.0
    frame = pd.DataFrame({"y": y, "x": x, "g": g, "f": np.array(["a", "b"])[f]})
    m, n = mlm.lmer(formula, frame), mlm.lmer(formula, frame.assign(x=3.0 * x))
    units = 3.0 ** np.array(powers)
    assert n.deviance - 2.0 * np.log(units).sum() == pytest.approx(m.deviance, abs=SAME)
    assert ((units * n.fixef - m.fixef) / m.se).to_numpy() == pytest.approx(0.0, abs=SAME)
    assert (units * n.se).to_numpy() == pytest.approx(m.se.to_numpy(), rel=SAME)


@pytest.mark.filterwarnings("ignore::mlm.SingularFitWarning")
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("random", ["(year || g)", "(0 + year | g)", "(year | g)", "(1 | g)"])
def test_effects_a_thousand_times_the_residuals_keep_their_digits(random, seed):
    """Without a covariance, the intercept of the year 0 varies as much as the slope times 2,000."""
    rng = np.random.RandomState(seed)
    g, year = np.repeat(np.arange(25), 10), np.tile(np.repeat(np.arange(2000, 2005), 2), 25)
    effects = rng.standard_normal((25, 2)) * [1.0, 2.0]
    y = 10.0 + effects[g, 0] + effects[g, 1] * (year - 2002.0) + rng.standard_normal(250)
    frame = pd.DataFrame({"y": np.round(1024.0 * y) / 1024.0, "year": year, "g": g})
    m = mlm.lmer(f"y ~ year + {random}", frame)
    n = mlm.lmer(f"y ~ year + {random}", frame.sample(frac=1.0, random_state=seed).assign(y=lambda d: 5.0 * d["y"]))
    assert (m.converged, n.converged) == (True, True)
    assert n.deviance - 2.0 * 248 * np.log(5.0) == pytest.approx(m.deviance, abs=SAME)
    assert (n.se / 5.0).to_numpy() == pytest.approx(m.se.to_numpy(), rel=SAME)
    for row in np.eye(2):
        assert n.satterthwaite_df(row) == pytest.approx(m.satterthwaite_df(row), rel=SAME)


@pytest.mark.filterwarnings("ignore::mlm.SingularFitWarning")
@pytest.mark.parametrize("size", [30.0, 200.0])
@pytest.mark.parametrize("seed", [0, 5, 26])
def test_large_and_perfectly_correlated_effects_keep_their_degrees_of_freedom(size, seed):
    """Levels of 1 to 300 rows, one of them with the same day throughout, under other names."""
    rng = np.random.default_rng(seed)
    g = np.repeat(np.arange(5), [1, 300, 3, 100, 40])
    day = 2450000.0 + rng.integers(0, 400, len(g))
    day[g == 2] = 2450100.0
    effects = size * rng.normal(size=5)[g]
    y = np.round(1024.0 * (effects * (1.0 + 0.5 * (day - day.mean()) / day.std()) + rng.normal(size=len(g)))) / 1024.0
    found = [
        mlm.lmer("y ~ day + (day | g)", {"y": y, "day": day, "g": np.random.default_rng(p).permutation(5)[g]})
        for p in range(3)
    ]
    dfs = [[m.satterthwaite_df(row) for row in np.eye(2)] for m in found]
    assert dfs[1] == pytest.approx(dfs[0], rel=SAME)
    assert dfs[2] == pytest.approx(dfs[0], rel=SAME)
    assert dfs[0][1] == pytest.approx(4.0, abs=2e-2)


@pytest.mark.filterwarnings("ignore::mlm.MlmWarning")
@pytest.mark.parametrize(("together", "lost"), [(128, False), (0, True)])
def test_what_rounding_leaves_of_degrees_of_freedom_is_said(monkeypatch, together, lost):
    """Two crossed factors whose effects vary a thousand times as much as the residuals: elimination loses seven digits.

    Where all effects are solved together none is lost.
    """
    monkeypatch.setattr("mlm.likelihood.deviance.FEW_EFFECTS", together)
    rng = np.random.default_rng(0)
    g, h = np.repeat(np.arange(14), 6), np.tile(np.arange(6), 14)
    x, effects = rng.integers(-16, 17, 84) / 8.0, rng.normal(size=(14, 2))
    e = np.round(1024.0 * rng.normal(size=84)) / 1024.0
    for size, said in ((10.0, False), (2000.0, lost)):
        y = np.round(size * (effects[g, 0] + effects[h, 1])) + e
        m = mlm.lmer("y ~ x + (1 | g) + (1 | h)", {"y": y, "x": x, "g": g, "h": h})
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            m.satterthwaite_df([1.0, 0.0])
        assert any("are known to" in str(w.message) for w in caught) == said


@pytest.mark.filterwarnings("ignore::mlm.MlmWarning")
@pytest.mark.parametrize("place", range(len(STRUCTURES)))
def test_powers_of_two_change_no_bit(place):
    """Where nothing is rounded, nothing differs: not one step of the search, nor a bit of what it ends with."""
    one = next(d for d in map(design, range(480 + place, COUNT, len(STRUCTURES))) if len(d.frame) < 100)
    frame = one.frame.assign(w=one.frame.get("w", 1.0))
    other = frame.assign(y=2.0**-13 * frame["y"], x=2.0**17 * frame["x"], w=2.0**-20 * frame["w"])
    m, n = (mlm.lmer(one.formula, rows, reml=one.reml, weights="w") for rows in (frame, other))
    assert len(m.optimizer_info.log) == len(n.optimizer_info.log)
    for (theta, _), (same, _) in zip(m.optimizer_info.log, n.optimizer_info.log, strict=True):
        assert theta.tolist() == same.tolist()
    units = 2.0**13 * np.array([2.0**17 if name == "x" else 1.0 for name in m.fixef.index])
    assert (m.fixef == units * n.fixef).all()
    assert m.sigma == 2.0**23 * n.sigma
    assert (m.vcov == n.vcov * np.outer(units, units)).to_numpy().all()
    for row in np.eye(len(units)):
        assert m.satterthwaite_df(row) == n.satterthwaite_df(row)
    assert (m.is_singular, m.converged) == (n.is_singular, n.converged)


def test_a_slope_without_a_covariance_has_an_origin():
    """Another origin of x in ``||`` is another model: what is left out of the properties above is left out rightly."""
    found = []
    for one in map(design, range(2, 170, 24)):
        shift = 3.0 * _unit(one.frame["x"])
        far = Change("far", lambda d, a=shift: d.assign(x=d["x"] + a), x=(shift, 1.0))
        found.append(deviations(numbers(one), numbers(one, far)).get("criterion", 0.0))
        assert "||" in one.formula
    assert max(found) > 1e-3


def test_what_differs_is_seen():
    base, other = numbers(design(0)), numbers(design(24))
    assert {"criterion", "estimates", "standard errors", "df"} <= set(wrong(base, other))
    assert not wrong(base, base)
    assert COUNT > 24
