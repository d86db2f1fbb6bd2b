"""Where the time of a small fit goes: ``python -m benchmarks.profile_fit [--repeats N]``.

The stages of `mlm.lmer` are wrapped in clocks. A stage's time is its own: without what it calls that is itself a
stage. What no stage accounts for is checks, sorting of terms, the fitted object and the like.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import mlm

from . import machine
from .cases import CASES

PROFILED = ("sleepstudy", "penicillin", "imm10_model4", "hsb82")
# stage: the function, where the caller looks it up
STAGES = {
    "formula": ("mlm.frame.model_frame", "parse"),
    "model frame": ("mlm.lmer", "read_frame"),
    "cross-products": ("mlm.fit.stages", "cross_products"),
    "deviance function": ("mlm.fit.fit", "deviance_function"),
    "optimiser": ("mlm.fit.fit", "minimise"),
}
REPORT, TABLE = "coefficients and standard errors", "Satterthwaite's table"
REST = "checks, the fitted object and the rest"


class Clocks:
    """Own time of the processor of each stage, in seconds."""

    def __init__(self) -> None:
        self.own = dict.fromkeys((*STAGES, REPORT, REST, TABLE), 0.0)
        self._inner: list[float] = []

    @contextmanager
    def running(self, stage: str) -> Iterator[None]:
        """Count the time of the block to a stage, less that of stages within it."""
        self._inner.append(0.0)
        begin = time.process_time()
        try:
            yield
        finally:
            spent = time.process_time() - begin
            self.own[stage] += spent - self._inner.pop()
            if self._inner:
                self._inner[-1] += spent

    def around(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function with a clock around it."""

        def clocked(*arguments: Any, **named: Any) -> Any:
            with self.running(stage):
                return function(*arguments, **named)

        return clocked


def forget() -> None:
    """Empty mlm's caches of formulas, so that a repeat is the fit of a formula never seen, as the first one was."""
    for name, module in list(sys.modules.items()):
        if name == "mlm" or name.startswith("mlm."):
            for thing in vars(module).values():
                if hasattr(thing, "cache_clear"):
                    thing.cache_clear()


@contextmanager
def clocks() -> Iterator[Clocks]:
    """Put clocks around the stages, and take them off again."""
    running = Clocks()
    kept = {}
    try:
        for stage, (module, name) in STAGES.items():
            place = import_module(module)
            kept[place, name] = getattr(place, name)
            setattr(place, name, running.around(stage, kept[place, name]))
        yield running
    finally:
        for (place, name), function in kept.items():
            setattr(place, name, function)


def profile(name: str, repeats: int = 100, seen: bool = False) -> dict[str, Any]:
    """Profile the fit of a case.

    Parameters
    ----------
    name : str
        A case.
    repeats : int
    seen : bool
        Whether the formula was fitted before; else it is read anew each time.

    Returns
    -------
    dict
        "stages": least own seconds of each stage; "total": least seconds of a fit without clocks in it, and "table":
        of the table of coefficients after it; "evaluations": of the deviance; "calls": of Python's functions, of those
        of pandas among them, and of others, in a fit.
    """
    case = CASES[name]
    data = case.build()

    def fit(running: Clocks) -> Any:
        if not seen:
            forget()
        with running.running(REST):
            m = mlm.lmer(case.formula, data, reml=case.reml)
            with running.running(REPORT):
                m.fixef.to_numpy()
                m.se.to_numpy()
        with running.running(TABLE):
            m.coefficients(ddf="satterthwaite")
        return m

    evaluations = len(fit(Clocks()).optimum.evaluations)
    total, table, staged = [], [], []
    for _ in range(repeats):
        # without clocks in it: all of its time is in two stages and the table
        outer = Clocks()
        fit(outer)
        total.append(outer.own[REST] + outer.own[REPORT])
        table.append(outer.own[TABLE])
        with clocks() as inner:
            fit(inner)
        staged.append(inner.own)
    stages = {stage: round(min(own[stage] for own in staged), 7) for stage in staged[0]}
    return {
        "stages": stages,
        "total": round(min(total), 7),
        "table": round(min(table), 7),
        "evaluations": evaluations,
        "calls": counted_calls(lambda: mlm.lmer(case.formula, data, reml=case.reml).se.to_numpy()),
    }


def counted_calls(job: Callable[[], Any]) -> dict[str, int]:
    """Count calls of Python's functions, those of pandas' among them, and of functions in C; operators are not seen."""
    counts = {"python": 0, "pandas": 0, "c": 0}

    def count(frame: Any, event: str, called: Any) -> None:
        if event == "call":
            counts["python"] += 1
            counts["pandas"] += frame.f_globals["__name__"].startswith("pandas.")
        counts["c"] += event == "c_call" and called is not sys.setprofile

    sys.setprofile(count)
    try:
        job()
    finally:
        sys.setprofile(None)
    return counts


def in_subprocess(threads: int, repeats: int = 100) -> dict[str, Any]:
    """Profile in a process of its own, with the threads of the other measurements."""
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.profile_fit", "--repeats", str(repeats)]
    root = Path(__file__).resolve().parent.parent
    env = machine.environment(threads)
    done = subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def main() -> None:
    """Print the profiles as JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profile_fit")
    parser.add_argument("--repeats", type=int, default=100)
    repeats = parser.parse_args().repeats
    kinds = {"new formula": False, "formula seen before": True}
    measured = f"{machine.now()}, load of the machine {machine.load()}"
    found = {
        name: {"title": CASES[name].title, "measured": measured}
        | {kind: profile(name, repeats, seen) for kind, seen in kinds.items()}
        for name in PROFILED
    }
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
