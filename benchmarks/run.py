"""Measure cases by programs, each pair in a process of its own, compare the estimates, and store the results."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from . import machine
from .cases import CASES, Case
from .peers import PROGRAMS, Peer

ROOT = Path(__file__).resolve().parent.parent
RESULTS = Path(__file__).with_name("results.json")
PREPARING = 900.0  # seconds a program gets to make the data and bring them into its form
# how far estimates may be from ours: shares of a standard error, relative, and of the log-likelihood
NEAR = {"beta": 0.01, "se": 0.01, "loglik": 0.01}
# Machines are not always equally fast, not from one second to the next. Programs that are compared are measured in
# turns: ours, lme4, and those that come near the fastest, if they take less than so many seconds.
TURN = 10.0
NEARLY = 4.0  # times as long as the fastest
KEPT = 25  # fits of which the time is stored: order statistics, evenly spaced


@dataclass(frozen=True, slots=True)
class Settings:
    """How to measure.

    Attributes
    ----------
    repeats : int
        Fits that are timed, at most.
    seconds : float
        Time for these repeats.
    limit : float
        Seconds after which a program is stopped, counted from when its data are ready.
    lme4_limit : float
        The same for lme4, with which all are compared.
    threads : int
    rounds : int
        How often programs that are compared closely are measured, in turns.
    """

    repeats: int = 15
    seconds: float = 20.0
    limit: float = 300.0
    lme4_limit: float = 900.0
    threads: int = 1
    rounds: int = 8

    def limit_of(self, program: str) -> float:
        """Seconds after which this program is stopped."""
        return self.lme4_limit if program == "lme4" else self.limit


def run(
    cases: Iterable[Case], programs: Iterable[Peer], settings: Settings, output: Path, add: bool = False
) -> dict[str, Any]:
    """Measure all programs on one case after the other; the file is written after each.

    With `add`, what the file has and is not asked for stays in it. Where that are other programs of the same case, the
    file's run and profile stay, too, and the measurements say when they were made.

    Returns
    -------
    dict
        What is in the file: "run", "machine", "software", "cases", "measurements".
    """
    programs = list(programs)
    results: dict[str, Any] = {
        "run": {
            "date": machine.now(),
            "commit": machine.commit(),
            "load_at_start": machine.load(),
            "repeats": settings.repeats,
            "seconds": settings.seconds,
            "time_limit": settings.limit,
            "lme4_limit": settings.lme4_limit,
            "threads": settings.threads,
            "rounds": settings.rounds,
        },
        "machine": machine.machine(),
        "software": machine.software(),
        "cases": {},
        "measurements": [],
    }
    cases, when = list(cases), {}
    if add and output.exists():
        earlier, again = json.loads(output.read_text("utf8")), {(c.name, p.name) for c in cases for p in programs}
        results["measurements"] = [m for m in earlier["measurements"] if (m["case"], m["program"]) not in again]
        stay = {m["case"] for m in results["measurements"]}
        results["cases"] = {name: about for name, about in earlier["cases"].items() if name in stay}
        if stay & {case.name for case in cases}:
            results = earlier | {"cases": results["cases"], "measurements": results["measurements"]}
            when = {"date": machine.now()}
    for case in cases:
        mine = []
        for program in (one for one in programs if one.takes(case.family)):
            found = measure(case, program, settings, results) | when
            results["measurements"].append(found)
            mine.append((program, found))
            store(results, output)
            print(line(found, results), flush=True)
        if measure_in_turns(case, mine, settings):
            for _, found in mine:
                print(line(found, results), "after all rounds", flush=True)
        for _, found in mine:
            thin(found)
        store(results, output)
    return results


def measure_in_turns(case: Case, found: Iterable[tuple[Peer, dict[str, Any]]], settings: Settings) -> bool:
    """Measure those again that are compared closely, one after the other; returns whether there were any."""
    quick = [(p, m) for p, m in found if m["state"] == "fitted" and m["median"] < TURN]
    near = NEARLY * min((m["median"] for _, m in quick), default=0.0)
    quick = [(p, m) for p, m in quick if m["median"] <= near or p.name in ("mlm", "lme4")]
    if len(quick) < 2:
        return False
    for _ in range(settings.rounds - 1):
        for program, measured in quick:
            _, result = subprocess_result(case, program, settings)
            measured["seconds"] = sorted([*measured["seconds"], *result.get("seconds", [])])
            measured |= statistics_of(measured["seconds"])
    return settings.rounds > 1


def statistics_of(times: list[float]) -> dict[str, float]:
    """Median and extremes."""
    return {"median": statistics.median(times), "least": min(times), "most": max(times), "fits": len(times)}


def thin(found: dict[str, Any]) -> None:
    """Keep few of many times."""
    times = sorted(found.get("seconds", []))
    if len(times) > KEPT:
        times = [times[round(k * (len(times) - 1) / (KEPT - 1))] for k in range(KEPT)]
    if "seconds" in found:
        found["seconds"] = [round(t, 7) for t in times]


def store(results: dict[str, Any], output: Path) -> None:
    """Write the file, so that a stopped run leaves what it has."""
    output.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(results, indent=1, allow_nan=False)
    # short lists of numbers on one line
    text = re.sub(r"\[\s+([^\[\]{}]*?)\s+\]", lambda found: "[" + re.sub(r"\s+", " ", found[1]) + "]", text)
    output.write_text(text + "\n", "utf8")


def measure(case: Case, program: Peer, settings: Settings, results: dict[str, Any]) -> dict[str, Any]:
    """Measure one program on one case; what went wrong is a result too."""
    found: dict[str, Any] = {"case": case.name, "program": program.name, "load": machine.load()}
    if not program.available:
        return found | {"state": "not installed"}
    reason = hopeless(case, program, settings, results)
    if reason:
        return found | {"state": "not tried", "reason": reason}
    about, result = subprocess_result(case, program, settings)
    if about:
        results["cases"].setdefault(case.name, about)
    if result["state"] != "fitted":
        return found | result | {"reason": clean(result.get("reason", ""))}
    result["messages"] = [clean(text) for text in result["messages"]]
    times = sorted(result["seconds"] or [result["first"]])
    result["seconds"] = times
    result |= statistics_of(times)
    result.pop("software", None)
    reference = next((m for m in results["measurements"] if m["case"] == case.name and m["program"] == "mlm"), None)
    result["agreement"] = None if program.name == "mlm" else agreement(result, reference)
    return found | _numbers(result)


def hopeless(case: Case, program: Peer, settings: Settings, results: dict[str, Any]) -> str:
    """Say why a larger case of a series needs no trial, after what a smaller one took; empty if it does."""
    smaller = [c for c in CASES.values() if case.series and c.series == case.series and c.size < case.size]
    for one in reversed(smaller):
        for m in results["measurements"]:
            if m["case"] != one.name or m["program"] != program.name:
                continue
            if m["state"] == "unsupported":
                return ""
            if m["state"] != "fitted":
                return f"{m['state']} at size {one.size:,} already"
            # time grows at least with the size in both series
            if m["median"] * case.size / one.size > settings.limit_of(program.name):
                return f"size {one.size:,} took {m['median']:.0f} s"
            return ""
    return ""


def subprocess_result(case: Case, program: Peer, settings: Settings) -> tuple[dict[str, Any], dict[str, Any]]:
    """Run `benchmarks.measure`; returns what it said of the data and the last result."""
    command = [sys.executable, "-m", "benchmarks.measure", case.name, program.name]
    command += ["--repeats", str(settings.repeats), "--seconds", str(settings.seconds)]
    folder = tempfile.mkdtemp(prefix="benchmarks-")
    env = machine.environment(settings.threads) | {"BENCHMARKS_FOLDER": folder}
    about: dict[str, Any] = {}
    result: dict[str, Any] = {}
    with (
        tempfile.TemporaryFile("w+") as errors,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, cwd=ROOT, env=env, start_new_session=True
        ) as process,
    ):
        stopped = threading.Event()
        clock = _clock(process, PREPARING, stopped)
        try:
            for text in process.stdout or ():
                said = json.loads(text) if text.startswith("{") else {}
                if said.get("state") == "ready":
                    about = {key: value for key, value in said.items() if key != "state"}
                    clock.cancel()
                    clock = _clock(process, settings.limit_of(program.name), stopped)
                elif said:
                    result = said
            process.wait()
        finally:
            clock.cancel()
            end(process)
            shutil.rmtree(folder, ignore_errors=True)
        errors.seek(0)
        last = errors.read().strip().splitlines()[-1:]
    limit = settings.limit_of(program.name)
    return about, result or no_result(process.returncode, stopped.is_set(), bool(about), last, limit)


def no_result(code: int, stopped: bool, ready: bool, last: list[str], limit: float) -> dict[str, Any]:
    """Describe how a process ended that left no result."""
    if stopped and ready:
        return {"state": "timed out", "reason": f"no fit within {limit:.0f} s", "limit": limit}
    if stopped:
        return {"state": "timed out", "reason": f"data not ready within {PREPARING:.0f} s"}
    if code < 0:
        return {"state": "failed", "reason": f"ended by {signal.Signals(-code).name}: {' '.join(last)}"}
    return {"state": "failed", "reason": " ".join(last) or f"ended with status {code}"}


def _clock(process: subprocess.Popen[str], seconds: float, stopped: threading.Event) -> threading.Timer:
    def stop() -> None:
        stopped.set()
        end(process)

    timer = threading.Timer(seconds, stop)
    timer.daemon = True
    timer.start()
    return timer


def end(process: subprocess.Popen[str]) -> None:
    """End a process and what it started, if it still runs."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def agreement(result: dict[str, Any], reference: dict[str, Any] | None) -> dict[str, Any] | None:
    """Compare a fit with ours by the same criterion, so that a fast wrong answer is seen to be wrong.

    Returns
    -------
    dict or None
        "beta": largest difference in standard errors; "se": largest relative difference; "loglik": theirs less
        ours; "near": whether all are within `NEAR`. None without a fit of ours.
    """
    if reference is None or reference["state"] != "fitted":
        return None
    ours = reference if reference["reml"] == result["reml"] else reference.get("other")
    if not ours:
        return None
    beta, se = np.array(ours["beta"], dtype=float), np.array(ours["se"], dtype=float)
    if len(result["beta"]) != len(beta):
        return {"near": False, "terms": len(result["beta"])}
    out = {
        "beta": float(np.abs((np.array(result["beta"], dtype=float) - beta) / se).max()),
        "se": float(np.abs(np.array(result["se"], dtype=float) / se - 1).max()),
        "loglik": float(result["loglik"] - ours["loglik"]),
    }
    return out | {"near": all(abs(out[name]) <= bound for name, bound in NEAR.items())}


def clean(text: str) -> str:
    """First line of a message, without paths of this machine."""
    first = (text.strip().splitlines() or [""])[0]
    return re.sub(r"(?:/[\w.+@-]+){2,}/?", "…", first)[:200]


def _numbers(value: Any) -> Any:
    """Replace what JSON has no number for."""
    if isinstance(value, dict):
        return {key: _numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_numbers(item) for item in value]
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value


def line(found: dict[str, Any], results: dict[str, Any]) -> str:
    """One measurement as a line of text."""
    head = f"{found['case']:18}{found['program']:14}"
    if found["state"] != "fitted":
        return f"{head}{found['state']}{': ' if found.get('reason') else ''}{found.get('reason', '')}"
    ours = next(
        (m for m in results["measurements"] if m["case"] == found["case"] and m["program"] == "mlm"), {"state": ""}
    )
    text = f"{head}{1000 * found['median']:12,.2f} ms, {found['fits']:4} fits, "
    text += f"{found['peak_bytes'] / 2**20:8,.1f} MB"
    if ours["state"] == "fitted" and found["program"] != "mlm":
        text += f", {found['median'] / ours['median']:8.2f} × ours"
        text += "" if found["agreement"] is None or found["agreement"]["near"] else ", OTHER ESTIMATES"
    return text


def program_named(name: str) -> Peer:
    """Return the program of this name."""
    return next(program for program in PROGRAMS if program.name == name)
