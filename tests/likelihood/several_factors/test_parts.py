"""Parts of the data without a common level: the same numbers as all at once, and far less work."""

import numpy as np
import pandas as pd
import pytest

import mlm
from mlm.likelihood.several_factors import parts


def within_schools(schools: int, rows: int, seed: int = 1) -> pd.DataFrame:
    """Pupils and teachers who cross within schools only; the smallest school has one teacher."""
    rng = np.random.default_rng(seed)
    school = rng.integers(0, schools, rows)
    pupil, teacher = school * 12 + rng.integers(0, 12, rows), school * 4 + rng.integers(0, 1 + school % 4, rows)
    x = rng.normal(size=rows)
    effects = rng.normal(size=schools)[school] + rng.normal(size=12 * schools)[pupil]
    y = 1.0 + x * (0.5 + 0.3 * rng.normal(size=4 * schools)[teacher]) + effects + rng.normal(size=rows)
    return pd.DataFrame({"y": y, "x": x, "school": school, "pupil": pupil, "teacher": teacher})


FORMULAS = [
    "y ~ x + (1 | pupil) + (1 | teacher)",
    "y ~ x + (1 | pupil) + (1 + x | teacher)",
    "y ~ x + (1 | school) + (1 | pupil) + (1 + x | teacher)",
]


@pytest.mark.filterwarnings("ignore::mlm.SingularFitWarning")
@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("reml", [True, False])
def test_parts_give_what_the_whole_gives(formula, reml, monkeypatch):
    data = within_schools(9, 500)
    whole = mlm.lmer(formula, data, reml=reml)
    assert len(whole.deviance_function.solver.parts) == 1
    monkeypatch.setattr(parts, "PART_COLUMNS", 5)
    divided = mlm.lmer(formula, data, reml=reml)
    assert len(divided.deviance_function.solver.parts) > 3
    # both are exact; only the order of the sums differs
    theta = 1.3 * whole.theta
    one, other = whole.deviance_function.evaluate(theta), divided.deviance_function.evaluate(theta)
    assert other.value == pytest.approx(one.value, abs=1e-9)
    np.testing.assert_allclose(other.gradient, one.gradient, rtol=1e-8, atol=1e-9)
    for ours, theirs in zip(other.projections, one.projections, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-8, atol=1e-9)
    # two searches end within the optimiser's precision of each other
    np.testing.assert_allclose(divided.ranef()["condval"], whole.ranef()["condval"], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(divided.ranef()["condsd"], whole.ranef()["condsd"], rtol=1e-5, atol=1e-6)


def test_levels_that_hang_together_stay_one_part(monkeypatch):
    monkeypatch.setattr(parts, "PART_COLUMNS", 5)
    rng = np.random.default_rng(2)
    data = pd.DataFrame({"a": rng.integers(0, 30, 400), "b": rng.integers(0, 20, 400), "y": rng.normal(size=400)})
    data["y"] += rng.normal(size=30)[data["a"]] + rng.normal(size=20)[data["b"]]
    assert len(mlm.lmer("y ~ 1 + (1 | a) + (1 | b)", data).deviance_function.solver.parts) == 1


def test_parts_need_not_have_the_same_crossed_factors(monkeypatch):
    """In one school pupils change rooms, in the other every pupil stays in one."""
    rng = np.random.default_rng(7)
    school = rng.integers(0, 2, 400)
    pupil, teacher = 40 * school + rng.integers(0, 40, 400), 8 * school + rng.integers(0, 8, 400)
    room = np.where(school == 0, rng.integers(0, 5, 400), 5 + pupil % 3)
    y = rng.normal(size=400) + rng.normal(size=80)[pupil] + rng.normal(size=16)[teacher] + rng.normal(size=8)[room]
    data = pd.DataFrame({"y": y, "pupil": pupil, "teacher": teacher, "room": room})
    formula = "y ~ 1 + (1 | pupil) + (1 | teacher) + (1 | room)"
    whole = mlm.lmer(formula, data)
    monkeypatch.setattr(parts, "PART_COLUMNS", 3)
    divided = mlm.lmer(formula, data)
    plans = [part.plan for part in divided.deviance_function.solver.parts]
    assert [plan.crossed.factors for plan in plans] == [(1, 2), (1,)]
    # two searches end within the optimiser's precision of each other
    assert divided.deviance == pytest.approx(whole.deviance, abs=1e-9)
    np.testing.assert_allclose(divided.theta, whole.theta, rtol=1e-5)


def test_many_crossed_levels_that_fall_apart_need_little_memory():
    data = within_schools(4_000, 48_000)
    m = mlm.lmer("y ~ x + (1 | pupil) + (1 | teacher)", data)
    found = m.deviance_function.solver.parts
    assert sum(part.plan.crossed.width for part in found) > 5_000
    assert max(part.plan.crossed.width for part in found) < 2 * parts.PART_COLUMNS
    assert m.converged


@pytest.mark.filterwarnings("ignore::mlm.SingularFitWarning")
@pytest.mark.parametrize("formula", FORMULAS[1:])
def test_parts_are_the_same_piece_by_piece(formula, monkeypatch):
    products = mlm.lmer(formula, within_schools(40, 2_000)).working.products
    at_once = parts._connected(products)
    monkeypatch.setattr(parts, "PIECE_PAIRS", 100)
    for one, other in zip(at_once, parts._connected(products), strict=True):
        np.testing.assert_array_equal(one, other)
    assert max(int(each.max()) for each in at_once) > 3
