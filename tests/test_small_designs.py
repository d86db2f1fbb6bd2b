"""The small random designs: drawn the same everywhere, the same models as lme4 fitted, and where the search ends."""

import sys
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from reference.draw import fingerprint
from reference.small_designs import COUNT, GRID, STRUCTURES, design, references
from same_model import AS_IT_IS, changes, deviations, numbers

import mlm

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import same_numbers, search_table, stopping_points

STORED = references()
SOME = range(48)  # every structure twice
SEVERAL_MINIMA = (63, 455, 575, 802, 983, 1218, 1651)  # the default start leads to another than the lowest
# all that a fit is computed from; beyond it, rounding of the criterion
ROUNDING = 1e-9
FITTED = [k for k in SOME if STORED[k].theta]


@cache
def fitted(number, twin=False):
    one = design(number)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.MlmWarning)
        return search_table.fitted(one, one.twin if twin else None)


def text(one):
    columns = [
        " ".join(v.hex() if isinstance(v, float) else v for v in of) for of in one.frame.to_dict("list").values()
    ]
    return "\n".join([one.formula, one.twin, str(one.reml), str(one.weights), *columns])


def test_designs_stay_the_same():
    drawn = [design(k) for k in range(0, COUNT, 41)]
    assert fingerprint("\n".join(map(text, drawn))) == "04ff2596c4049cd5"


def test_a_design_depends_on_number_and_seed_only():
    assert text(design(7)) == text(design(7)) != text(design(7, seed=13))


def test_designs_are_of_all_kinds():
    drawn = [design(k) for k in range(240)]
    rows = [len(one.frame) for one in drawn]
    assert {one.structure for one in drawn} == set(STRUCTURES)
    assert 24 <= min(rows) < 30
    assert 500 < max(rows) <= 600
    assert {one.reml for one in drawn} == {True, False}
    assert 20 < sum(one.weights is not None for one in drawn) < 60


@pytest.mark.parametrize("number", SOME)
def test_numbers_have_few_bits(number):
    """So that shifts and scales which are powers of 2 lose no digit."""
    one = design(number)
    steps = one.frame["x"] / unit_of(one.frame["x"])
    assert (steps == steps.round()).all()
    assert steps.abs().max() < 2**42
    assert (one.frame["xo"] * GRID * 2**13 == (one.frame["xo"] * GRID * 2**13).round()).all()


def unit_of(values):
    """A power of 2 of which x has multiples: a 2^-24 of its standard deviation or so."""
    return 2.0 ** (round(np.log2(values.std())) - 24)


@pytest.mark.parametrize("number", FITTED)
def test_lme4_has_the_same_criterion_at_its_theta(number):
    stored, m = STORED[number], fitted(number)
    ours = m.deviance_function.value(np.array(stored.theta))
    far = float(np.max(np.abs(design(number).frame["x"])) / design(number).frame["x"].std())
    assert ours == pytest.approx(stored.criterion, abs=ROUNDING * max(1.0, abs(ours)) * max(1.0, far))


@pytest.mark.parametrize("number", SOME)
def test_the_twin_is_the_same_model(number):
    """At one covariance, mapped to the columns of the twin, both have one criterion but for a constant."""
    one, own, twin = design(number), fitted(number), fitted(number, twin=True)
    theta = twin.theta
    mapped = np.empty_like(theta)
    for slot, part, other in zip(own.deviance_function.layout.slots, own.terms, twin.terms, strict=True):
        size = slot.size
        block = slice(slot.theta, slot.theta + size * (size + 1) // 2)
        t = np.zeros((size, size))
        t[np.triu_indices(size)[::-1]] = theta[block]
        # columns of the twin are those of the design times a matrix
        turn = np.linalg.lstsq(part.columns.matrix(), other.columns.matrix(), rcond=None)[0]
        lower = np.linalg.qr((turn @ t).T, mode="r").T
        mapped[block] = lower.T[np.triu_indices(size)]
    far = float(np.max(np.abs(one.frame["x"])) / one.frame["x"].std())
    at = own.deviance_function.value(mapped)
    assert at == pytest.approx(twin.deviance + one.constant, abs=1e-11 * max(1.0, abs(at)) * far**2 + 1e-7)


@pytest.mark.parametrize("number", [*SOME, *SEVERAL_MINIMA])
def test_the_search_ends_no_higher_than_any_other(number):
    one, stored = design(number), STORED[number]
    r = search_table.measure(one, stored, starts=0)
    wrong = [name for name in ("refused", "above lme4", "above the best known") if search_table.LINES[name](r)]
    assert not wrong


def test_the_table_of_searches(tmp_path, capsys):
    search_table.main([str(tmp_path / "results.json"), "--count", "3", "--starts", "1"])
    first = capsys.readouterr().out
    search_table.main([str(tmp_path / "results.json"), "--count", "3", "--starts", "1"])
    assert capsys.readouterr().out == first
    assert "3 designs, 3 fitted" in first
    assert len((tmp_path / "results.json").read_text().splitlines()) == 3


def test_a_line_of_the_table_sees_what_it_is_for():
    at = {"criterion": 2.0, "converged": True, "evaluations": 5, "warnings": [], "seconds": 0.0}
    good = {**at, "lme4": 2.0, "at_lme4": 2.0, "twin": 2.0, "lme4_twin": 2.0, "starts": [2.0], "given": {"0": 2.0}}
    wrong = {**good, "at_lme4": 1.0, "starts": [1.5], "twin": 1.0, "given": {"0": 1.0}}
    lines = search_table.LINES
    for name in ("above lme4", "above the best of the random starts", "above it and said to have converged"):
        assert lines[name](wrong)
        assert not lines[name](good)
    assert lines["not converged, without a warning"]({**good, "converged": False})
    assert not lines["not converged, without a warning"](
        {**good, "converged": False, "warnings": ["ConvergenceWarning"]}
    )


def test_random_starts_mean_the_same_in_other_units():
    one = design(1)
    seen = []
    for factor in (1.0, 2.0**10):
        frame = one.frame.assign(x=factor * one.frame["x"])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", mlm.MlmWarning)
            m = mlm.lmer(one.formula, frame, reml=False, weights=one.weights)
        seen.append([m.deviance_function.value(s) for s in search_table.random_starts(m, 3, 1)])
    assert seen[0] == pytest.approx(seen[1], rel=1e-9)
    assert len(set(np.round(seen[0], 3))) == 3


def test_a_model_is_the_same_after_a_change():
    """What `same_model` takes back to the design's units is right: on a design whose search ends well."""
    one = design(16)
    base = numbers(one)
    for change in changes(one):
        if change.x == AS_IT_IS.x and change.weights == 1.0 and abs(np.log2(change.y[1])) < 100:
            found = deviations(base, numbers(one, change))
            assert found["criterion"] < 1e-7
            assert found["estimates"] < 1e-5
            assert found["standard errors"] < 1e-5


def test_the_table_of_changes(capsys):
    same_numbers.main(["--count", "2"])
    out = capsys.readouterr().out
    assert "rows permuted" in out
    assert "levels renamed" in out


def test_deviations_tell_apart():
    frame = pd.DataFrame({"a": [1.0]})
    assert AS_IT_IS.rows(frame) is frame
    a, b = numbers(design(0)), numbers(design(24))
    assert max(deviations(a, b).values()) > 1.0
    assert max(deviations(a, a).values()) == 0.0


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_nloptwrap_stops_where_lme4_stops(capsys):
    pytest.importorskip("nlopt")
    stopping_points.main(["--count", "80"])
    first, *rest = capsys.readouterr().out.splitlines()
    assert first == f"80 designs whose stopping point is steady in lme4: {80 - len(rest)} agree to 1e-06"
    # other versions of NLopt and BLAS may find those that lme4 parts from itself on
    assert {int(line.split()[0]) for line in rest} <= set(stopping_points.NAMED)


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_nloptwrap_with_x_far_from_0_says_nothing_of_numpy(capsys):
    pytest.importorskip("nlopt")
    stopping_points.main(["--far", "--count", "12"])
    first, *rest = capsys.readouterr().out.splitlines()
    assert first.startswith("12 designs")
    assert len(rest) <= 6
    assert not any("refused" in line for line in rest)


TABLES = Path(stopping_points.__file__).parent / "tables"


@pytest.mark.filterwarnings("ignore::mlm.SingularFitWarning")
def test_every_design_that_ends_high_is_named_in_the_table_and_says_so():
    """Where rounding hides which minimum is the lowest, the fit says that it is not known to all digits."""
    whole, _, named = (TABLES / "search.txt").read_text().partition("above the best known, by how much:")
    lines = [line.split() for line in named.splitlines() if line.strip()]
    (count,) = [int(line.split()[4]) for line in whole.splitlines() if line.startswith("above the best known")]
    assert len(lines) == count
    for number, gap, *_ in lines:
        if float(gap) > 1e-5:  # less is rounding, which is another with other libraries
            one = design(int(number))
            with pytest.warns(mlm.ConvergenceWarning):
                assert not search_table.fitted(one).converged
    (said,) = [line for line in whole.splitlines() if line.startswith("above it and said to have converged")]
    assert said.split()[7] == "0"
    assert whole.startswith(f"{COUNT} designs, {COUNT} fitted")


def test_every_design_that_stops_elsewhere_is_named_in_the_table():
    near, _, far = (TABLES / "stopping_points.txt").read_text().partition("\n\n")
    for part, chosen in ((near, stopping_points.chosen()), (far, stopping_points.chosen(far=True))):
        head, *lines = [line for line in part.splitlines() if not line.startswith("With x far")]
        designs, agree = int(head.split()[0]), int(head.split()[9])
        assert (designs, designs - agree) == (len(chosen), len(lines))
        assert {int(line.split()[0]) for line in lines} <= {one.number for one, _ in chosen}
