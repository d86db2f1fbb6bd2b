"""The benchmarks: data that stay the same, a run from end to end, and the page that is made of its results."""

import hashlib
import importlib.util
import json
import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mlm

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import __main__ as command  # noqa: E402
from benchmarks import (  # noqa: E402
    bigger_than_memory,
    cases,
    crossed_ratings,
    figures,
    import_time,
    machine,
    measure,
    page,
    peers,
    profile_fit,
    run,
    simulate,
    simulate_generalized,
    stored,
)

STORED = run.RESULTS


def digest(frame):
    """Hash of a frame rounded to 9 digits: libraries of other machines may differ in the last bits."""
    values = np.round(frame.to_numpy(dtype=float), 9) + 0.0
    return hashlib.sha256(values.tobytes()).hexdigest()[:16]


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (simulate.random_slopes(200, 10), "28d460bb03e5561a"),
        (simulate.pairs(50), "ce0996bb6048b884"),
        (simulate.ratings(300, 40, 30), "3e385871e6e564b1"),
        (simulate.moves(400, 90, 40), "76cbf9ee4d7a9ec9"),
        (simulate_generalized.herds(), "7bafb2dfd0c8d9c9"),
        (simulate_generalized.districts(), "c70111830e86fae1"),
        (simulate_generalized.broods(), "a8d1f1232d3edc69"),
        (simulate_generalized.answers(), "f414b0d04454e0c6"),
        (simulate_generalized.binary_slopes(300, 20), "8ce99b7ce7087506"),
        (simulate_generalized.binary_ratings(300, 20, 9), "03961225628a4737"),
    ],
    ids=[
        "slopes",
        "pairs",
        "ratings",
        "moves",
        "herds",
        "districts",
        "broods",
        "answers",
        "outcomes",
        "crossed outcomes",
    ],
)
def test_simulated_data_stay_the_same(frame, expected):
    assert digest(frame) == expected


@pytest.mark.parametrize("name", [n for n, c in cases.CASES.items() if c.size < 2000 and c.source != "lme4"])
def test_cases_are_complete_and_as_large_as_they_say(name):
    case = cases.CASES[name]
    if name == "pairs":
        case = cases.Case(name, case.title, case.formula, case.groups, lambda: simulate.pairs(100))
    frame = case.build()
    about = cases.facts(case, frame)
    assert not frame.isna().any(axis=None)
    assert about["rows"] == len(frame)
    assert all(f" {group})" in case.formula for group in about["levels"])
    if case.series:
        assert case.size == (about["rows"] if case.series == "rows" else sum(about["levels"].values()))


def test_two_level_data_are_those_of_the_tutorial():
    frame = cases.two_level()
    assert frame.shape == (31_648, 9)
    assert frame["cntry"].nunique() == 21
    # rescaled within countries before rows are dropped: means are near zero
    assert frame.groupby("cntry")["edu_cwc"].mean().abs().max() < 0.2


def test_data_of_lme4_need_r(monkeypatch):
    monkeypatch.setattr(cases.shutil, "which", lambda _: None)
    with pytest.raises(cases.Unavailable, match="no R"):
        cases.insteval()


@pytest.mark.skipif(importlib.util.find_spec("resource") is None, reason="needs the resource module of Unix")
def test_a_run_from_end_to_end(tmp_path, capfd):
    output = tmp_path / "results.json"
    arguments = ["--case", "imm10_model3", "--peer", "mlm", "--repeats", "2", "--seconds", "5", "--rounds", "2"]
    command.main([*arguments, "--output", str(output)])
    results = json.loads(output.read_text("utf8"))
    (found,) = results["measurements"]
    data = cases.CASES["imm10_model3"].build()
    m = mlm.lmer("math ~ homework + (1 | schnum)", data, reml=False)
    assert found["state"] == "fitted"
    # the same fit in another process
    np.testing.assert_allclose(found["beta"], m.fixef, rtol=1e-9)
    np.testing.assert_allclose(found["se"], m.se, rtol=1e-6)
    np.testing.assert_allclose(found["other"]["loglik"], m.refit(reml=True).loglik, rtol=1e-9)
    assert 0 < found["least"] <= found["median"] <= found["most"] < 5
    assert 2 <= len(found["seconds"]) == min(found["fits"], run.KEPT)
    assert results["cases"]["imm10_model3"]["rows"] == 260
    assert set(results["profile"]) == set(profile_fit.PROFILED)
    for profiled in results["profile"].values():
        stages = profiled["new formula"]["stages"]
        # clocks slow a fit down, and other work on the machine disturbs either: the same order of magnitude
        assert 0.2 < sum(stages.values()) / profiled["new formula"]["total"] < 5
    assert "imm10_model3" in capfd.readouterr().out


def test_generalized_cases_are_as_large_as_the_data_they_stand_for():
    rows = {name: cases.CASES[name].build() for name in ("herds", "districts", "broods", "answers")}
    assert {name: len(frame) for name, frame in rows.items()} == {
        "herds": 56, "districts": 1934, "broods": 403, "answers": 7584,
    }  # fmt: skip
    levels = {name: [frame[group].nunique() for group in cases.CASES[name].groups] for name, frame in rows.items()}
    assert levels == {"herds": [15], "districts": [60], "broods": [118, 403, 63], "answers": [316, 24]}


@pytest.mark.skipif(importlib.util.find_spec("resource") is None, reason="needs the resource module of Unix")
def test_a_generalized_case_from_end_to_end(tmp_path, monkeypatch):
    output = tmp_path / "results.json"
    programs = [run.program_named(name) for name in ("mlm", "statsmodels")]
    settings = run.Settings(repeats=1, seconds=1, rounds=1)
    results = run.run([cases.CASES["herds_agq9"]], programs, settings, output)
    (found,) = results["measurements"]  # statsmodels has no such models
    m = mlm.glmer(simulate_generalized.HERDS_FORMULA, simulate_generalized.herds(), n_agq=9)
    assert found["loglik"] == pytest.approx(m.loglik)
    np.testing.assert_allclose(found["beta"], m.fixef, rtol=1e-6)
    monkeypatch.setattr(page, "FIGURES", tmp_path)
    text = page.page(results)
    assert "## Generalized models" in text
    assert "Herds, 9 nodes: `cbind(sick, healthy) ~ p2 + p3 + p4 + (1 | herd)`, binomial, 9 quadrature nodes" in text


def test_programs_are_measured_on_what_they_have():
    takes = {kind: [p.name for p in peers.PROGRAMS if p.takes(kind)] for kind in ("", "binomial")}
    assert takes["binomial"] == ["mlm", "lme4", "glmmTMB", "glmm", "mixedlm", "lme-python"]
    assert "glmmTMB" not in takes[""]
    assert {"mlm", "lme4", "glmm", "statsmodels"} <= set(takes[""])


def test_successes_and_failures_as_shares():
    """What mixedlm and lme-python take instead of ``cbind``."""
    data = pd.DataFrame({"yes": [1, 3], "no": [3, 1], "y": [0, 1]})
    formula, share, trials = peers.as_shares("cbind(yes, no) ~ x + (1 | g)", data)
    assert formula == "share ~ x + (1 | g)"
    assert (share.tolist(), trials.tolist()) == ([0.25, 0.75], [4.0, 4.0])
    assert peers.as_shares("y ~ x + (1 | g)", data) == ("y ~ x + (1 | g)", None, None)


def test_results_name_no_path_of_the_machine(tmp_path):
    assert run.clean("ImportError: /home/someone/lib/x.so: no such file\nmore") == "ImportError: …: no such file"
    run.store({"a": [1, 2.5, None], "b": {"c": []}}, tmp_path / "x.json")
    assert json.loads((tmp_path / "x.json").read_text()) == {"a": [1, 2.5, None], "b": {"c": []}}


def test_a_program_that_is_measured_again_leaves_the_others(tmp_path, monkeypatch):
    def failed(case, program, settings, results):
        results["cases"][case.name] = {"title": "imm10"}
        return {"case": case.name, "program": program.name, "load": 0.5, "state": "failed"}

    monkeypatch.setattr(run, "measure", failed)
    case, both = cases.CASES["imm10_model3"], [run.program_named(name) for name in ("mlm", "statsmodels")]
    first = run.run([case], both, run.Settings(rounds=1), tmp_path / "some.json")
    again = run.run([case], both[:1], run.Settings(rounds=2), tmp_path / "some.json", add=True)
    assert [(m["program"], "date" in m) for m in again["measurements"]] == [("statsmodels", False), ("mlm", True)]
    assert (again["run"], again["cases"]) == (first["run"], first["cases"])
    assert "Measured again by themselves: mlm on imm10 (" in page._later(again)
    whole = run.run([case], both, run.Settings(rounds=2), tmp_path / "some.json", add=True)
    assert [(m["program"], "date" in m) for m in whole["measurements"]] == [("mlm", False), ("statsmodels", False)]
    assert whole["run"]["rounds"] == 2


def test_a_slow_program_is_stopped(monkeypatch):
    monkeypatch.setattr(run, "PREPARING", 0.05)
    program, case = run.program_named("mlm"), cases.CASES["imm10_model3"]
    about, result = run.subprocess_result(case, program, run.Settings())
    assert about == {}
    assert result == {"state": "timed out", "reason": "data not ready within 0 s"}


def test_larger_sizes_are_not_tried_after_a_failure():
    program, settings = run.program_named("statsmodels"), run.Settings(limit=100)
    smaller = {"case": "slopes_1e5", "program": "statsmodels"}

    def reason(**what):
        return run.hopeless(cases.CASES["slopes_1e6"], program, settings, {"measurements": [smaller | what]})

    assert reason(state="fitted", median=1.0) == ""
    assert "took 20 s" in reason(state="fitted", median=20.0)
    assert reason(state="timed out") == "timed out at size 100,000 already"
    assert reason(state="unsupported") == ""


def test_estimates_are_compared_by_the_same_criterion():
    ours = {"state": "fitted", "reml": True, "beta": [1.0], "se": [0.5], "loglik": -10.0}
    ours["other"] = {"beta": [1.1], "se": [0.4], "loglik": -9.0}
    same = {"reml": True, "beta": [1.0], "se": [0.5], "loglik": -10.0}
    assert run.agreement(same, ours) == {"beta": 0.0, "se": 0.0, "loglik": 0.0, "near": True}
    assert run.agreement(same | {"reml": False}, ours)["near"] is False
    assert run.agreement({"reml": False, "beta": [1.1], "se": [0.4], "loglik": -9.0}, ours)["near"] is True
    assert run.agreement(same | {"se": [float("nan")]}, ours)["near"] is False
    assert run.agreement(same, None) is None


def test_programs_read_formulas():
    assert peers.parts("y ~ x1 + x2 + (1 + x1 | g)") == ("y", "x1 + x2", [("1 + x1", "g")])
    assert peers.parts("y ~ 1 + (1 | a) + (1 | b)") == ("y", "1", [("1", "a"), ("1", "b")])
    insteval = cases.CASES["insteval"]
    assert measure.formula_for(insteval, run.program_named("mlm")) == insteval.formula
    assert measure.formula_for(insteval, run.program_named("gpboost")) == insteval.plain


def test_columns_for_r_are_exact(tmp_path):
    frame = pd.DataFrame({"y": [0.1, 2.0], "x": [1, 2], "g": ["b", "a"]})
    measure.write_columns(frame, ("g",), tmp_path)
    assert json.loads((tmp_path / "columns.json").read_text())["kinds"] == {
        "y": "double",
        "x": "integer",
        "g": "factor",
    }
    assert np.fromfile(tmp_path / "y.bin").tolist() == [0.1, 2.0]
    assert np.fromfile(tmp_path / "g.bin", np.int32).tolist() == [2, 1]


def test_clocks_count_own_time_and_are_taken_off():
    before = importlib.import_module("mlm.fit.fit").minimise
    with profile_fit.clocks() as running:
        assert sys.modules["mlm.fit.fit"].minimise is not before
        running.around("optimiser", lambda: None)()
    assert sys.modules["mlm.fit.fit"].minimise is before
    assert running.own["optimiser"] > 0


def test_calls_of_python_of_pandas_and_of_c_are_counted():
    def twice(function, value):
        return function(value), function(value)

    column = pd.Series([2.0])
    assert profile_fit.counted_calls(lambda: twice(abs, -1.0)) == {"python": 2, "pandas": 0, "c": 2}
    found = profile_fit.counted_calls(lambda: twice(len, column))
    assert found["pandas"] == found["python"] - 2 >= 2
    assert sys.getprofile() is None


def test_costs_of_beginning_are_ratios_of_turns(monkeypatch, capsys):
    programs = {import_time.BARE: "", import_time.PEER: "import decimal", "twice": "import decimal, fractions"}
    monkeypatch.setattr(import_time, "PROGRAMS", programs)
    found = import_time.measure(turns=2)
    assert found[import_time.PEER]["ratio"] == found[import_time.PEER]["ratio_with_the_interpreter"] == 1
    assert found[import_time.BARE]["ratio"] == 0
    assert all(row["ms"] > 0 for row in found.values())
    assert "turn 2 of 2" in capsys.readouterr().err


def invented():
    """Results with a program missing and every kind of outcome; the numbers are invented."""
    about = {
        "title": "Random slopes", "formula": "y ~ x + (1 | g)", "criterion": "REML", "rows": 10**6,
        "levels": {"g": 10}, "data_bytes": 4 * 2**20, "data": "simulated", "series": "rows", "table": True,
    }  # fmt: skip
    fitted = {
        "state": "fitted",
        "peak_bytes": 2**21,
        "agreement": {"beta": 0.0, "se": 0.0, "loglik": 0.0, "near": True},
    }
    off = fitted | {"median": 0.5, "agreement": {"beta": 0.5, "se": 0.0, "loglik": -0.27, "near": False}}
    outcomes = {
        "mlm": fitted | {"median": 1.0},
        "statsmodels": {"state": "timed out", "reason": "no fit within 300 s"},
        "mixedlm": {"state": "failed", "reason": "ValueError: bad"},
        "kamino-lme": off,
        "gpboost": {"state": "unsupported", "reason": "correlated random slopes"},
        "lme4": {"state": "not installed"},
    }
    sizes = {"slopes_1e5": 10**5, "slopes_1e6": 10**6}
    return {
        "run": {
            "date": "2000-01-01 00:00 UTC", "commit": "", "load_at_start": 0.0, "repeats": 9, "time_limit": 300.0,
            "threads": 1, "rounds": 3, "lme4_limit": 900.0,
        },
        "machine": {"processor": "none", "cores": 1, "memory_bytes": 2**33, "system": "none"},
        "software": dict.fromkeys(("Python", *machine.DISTRIBUTIONS, "BLAS of NumPy"), "0")
        | {"programs": {"mlm": "0", "kamino-lme": "0"}},
        "cases": {name: about | {"size": size} for name, size in sizes.items()},
        "measurements": [{"case": c, "program": p} | what for c in sizes for p, what in outcomes.items()],
    }  # fmt: skip


def test_page_says_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setattr(page, "FIGURES", tmp_path)
    text = page.page(invented())
    assert "R was not at hand" in text
    assert "lme4 was not installed" in text
    assert r"0.500\*" in text
    assert "kamino-lme, differs from our optimum in coefficients, log-likelihood (−0.27)" in text
    assert "mixedlm, failed (ValueError: bad)" in text
    assert "trial run" not in text
    assert (tmp_path / "performance_rows.svg").exists()
    results = invented()
    results["run"]["repeats"] = 1
    assert "A trial run: fits were repeated only 1 times." in page.page(results)


def test_page_of_a_single_case_has_no_figures(tmp_path, monkeypatch):
    monkeypatch.setattr(page, "FIGURES", tmp_path)
    results = invented()
    results["measurements"] = [m for m in results["measurements"] if m["case"] == "slopes_1e6"]
    assert "As the work grows" not in page.page(results)


@pytest.mark.skipif(not STORED.exists(), reason="no stored results")
def test_stored_page_is_that_of_the_stored_results(tmp_path, monkeypatch):
    monkeypatch.setattr(page, "FIGURES", tmp_path)
    results = json.loads(STORED.read_text("utf8"))
    assert page.page(results) == page.PAGE.read_text("utf8"), "run: python -m benchmarks.page"
    assert not re.search(r"/(home|root|tmp|usr|work)/", STORED.read_text("utf8"))


def test_printouts_of_the_page_are_no_wider_than_r_prints():
    for printout in re.findall(r"^```text\n(.*?)^```", page.PAGE.read_text("utf8"), re.MULTILINE | re.DOTALL):
        assert max(map(len, printout.splitlines())) <= 80


def test_labels_keep_their_distance():
    places = figures._spread(np.array([0.1, 0.11, 0.12, 0.9]), 0.1)
    # the last rounds of moving labels apart leave less than a hair
    assert (np.diff(places) > 0.1 - 1e-3).all()
    assert places[-1] == 0.9


@pytest.mark.parametrize(
    ("value", "text"), [(0.01234, "0.0123"), (1.0, "1.00"), (99.96, "100"), (9.996, "10.0"), (12345.6, "12,346")]
)
def test_three_digits(value, text):
    assert page.three(value) == text


def test_programs_that_are_compared_closely_are_measured_in_turns(monkeypatch):
    """Ours, lme4 and those near the fastest; neither far slower ones nor fits that take very long."""
    first = {"mlm": 0.02, "lme-python": 0.01, "mixedlm": 0.039, "statsmodels": 0.041, "lme4": 2.0, "gpboost": 11.0}
    named = {p.name: p for p in peers.PROGRAMS}
    found = [(named[name], {"state": "fitted", "seconds": [t], "median": t}) for name, t in first.items()]
    turns = []

    def again(case, program, settings):
        turns.append(program.name)
        return {}, {"seconds": [1.0, 3.0]}

    monkeypatch.setattr(run, "subprocess_result", again)
    assert run.measure_in_turns(cases.CASES["imm10_model3"], found, run.Settings(rounds=3))
    assert turns == ["mlm", "lme-python", "mixedlm", "lme4"] * 2
    assert found[0][1] == {
        "state": "fitted", "seconds": [0.02, 1.0, 1.0, 3.0, 3.0], "median": 1.0, "least": 0.02, "most": 3.0, "fits": 5,
    }  # fmt: skip
    turns.clear()
    alone = [found[0], found[-1]]
    assert not run.measure_in_turns(cases.CASES["imm10_model3"], alone, run.Settings(rounds=3))
    assert turns == []


def test_crossed_ratings_say_what_other_packages_take_or_that_they_do_not_end():
    ours = {"pairs": 1000, "levels": [90, 40], "seconds": 1.25, "peak": 3e8, "theta": [0.5, 0.25], "criterion": 7.5}
    others = [
        {"by": "gpboost", "version": "1.0", "seconds": 21.24, "peak": 5.7e8},
        {"by": "glmm", "version": "1.0", "said": "no end in 60 s"},
    ]
    lines = crossed_ratings.table([{"by": "exact", **ours}, *others]).splitlines()
    assert lines[3].split() == ["1,000", "90", "x", "40", "exact", "1.2", "0.30"]
    assert lines[4].split() == ["gpboost", "21.2", "0.57"]
    assert lines[5].split(maxsplit=1) == ["glmm", "no end in 60 s"]
    assert lines[8].split() == ["1,000", "exact", "0.5000000", "0.2500000", "7.500", "exact", "exact"]
    assert lines[10] == "the same data, other packages: gpboost 1.0, glmm 1.0"


@pytest.mark.parametrize("program", [crossed_ratings, bigger_than_memory])
def test_stored_tables_are_those_of_what_was_measured(program):
    name = program.__name__.rpartition(".")[2]
    text = (stored.TABLES / f"{name}.txt").read_text("utf8")
    assert text == program.table(stored.kept(name))
    page = {"crossed_ratings": "crossed_without_ceiling", "bigger_than_memory": "bigger_than_memory"}[name]
    assert f"../benchmarks/tables/{name}.txt" in (ROOT / "book" / f"{page}.md").read_text("utf8")


def test_a_case_that_is_measured_again_takes_its_place(tmp_path, monkeypatch):
    monkeypatch.setattr(stored, "TABLES", tmp_path)
    cases = [(10, "a"), (10, "b")]
    for by, seconds in (("b", 1), ("a", 2), ("b", 3), ("no case", 4)):
        stored.keep("some", {"rows": 10, "by": by, "seconds": seconds}, cases, lambda found: f"{len(found)} cases")
    assert [(each["by"], each["seconds"]) for each in stored.kept("some")] == [("a", 2), ("b", 3)]
    assert (tmp_path / "some.txt").read_text() == "2 cases"


def test_rows_are_fitted_where_they_are_and_in_memory(tmp_path):
    pytest.importorskip("pyarrow")
    path, found = tmp_path / "rows.parquet", []
    bigger_than_memory.draw(path, 2000, 40)
    for reader in filter(importlib.util.find_spec, ("pandas", "duckdb", "polars")):
        said = bigger_than_memory.measured(path, path, reader)
        assert said["peak"] > 1e7
        found.append({"rows": 2000, "groups": 40, "by": reader, **said})
    found = [bigger_than_memory.beside(each, found[0]) for each in found]
    for line in bigger_than_memory.table(found).splitlines()[4:-4]:
        theta, criterion = map(float, line.split()[5:])
        assert theta < 1e-8
        assert criterion < 1e-9


def test_the_stored_table_of_rows_bigger_than_memory_is_laid_out_as_now():
    """A row for each case, and agreement with rows in memory to what the page says."""
    stored = ROOT / "benchmarks" / "tables" / "bigger_than_memory.txt"
    lines = [line for line in stored.read_text("utf8").splitlines() if re.match(r" *[\d,]+ ", line)]
    told = [(int(rows.replace(",", "")), reader) for rows, _, reader, *_ in map(str.split, lines)]
    assert told == [(rows, reader) for rows, _, readers in bigger_than_memory.CASES for reader in readers]
    assert all(float(value) < 1e-8 for line in lines for value in line.split()[5:])
    assert max(map(len, stored.read_text("utf8").splitlines())) <= 70
