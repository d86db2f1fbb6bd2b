"""Fit one case with one program, in this process: ``python -m benchmarks.measure CASE PROGRAM``.

Writes two lines of JSON or more: the data are ready, and the result so far (the last line counts). What happens:
the data are made and brought into the form that the program takes; a small fit of other data loads whatever is
loaded at first use; memory is given back and its peak counted anew; then comes the first fit of the case, whose peak
is kept, and then the timed repeats.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import pandas as pd

from . import memory, simulate, simulate_generalized
from .cases import CASES, Case, Unavailable, facts
from .peers import PROGRAMS, Fit, Peer, Unsupported

SHORT = 1.0  # seconds that short fits are repeated for, whatever the number of repeats: clocks of machines drift ...
MOST = 400  # ... but not more often than this
LEAST = 3  # repeats that are made also when they take longer than they should ...
LONGER = 3  # ... but not more than this many times longer


def formula_for(case: Case, program: Peer) -> str:
    """The formula in words the program knows."""
    return case.formula if program.joins_factors or not case.plain else case.plain


def timed(program: Peer, case: Case, formula: str, data: Any) -> tuple[float, Fit]:
    """Fit once; returns the CPU seconds of this process, whatever else the machine is doing, and the fit."""
    begin = time.process_time()
    if not case.family:
        fit = program.fit(formula, data, case.reml)
    elif program.generalized is None:
        raise Unsupported("generalized models")
    else:
        fit = program.generalized(formula, data, case.family, case.n_agq)
    return time.process_time() - begin, fit


def warm_up(program: Peer, case: Case) -> None:
    """Fit a few rows, for what is imported or compiled at first use."""
    try:
        if case.family and program.generalized is not None:
            small = program.prepare(simulate_generalized.binary_slopes(300, 12), ("g",))
            program.generalized("y ~ x2 + (1 | g)", small, "binomial", case.n_agq)
        else:
            program.fit("y ~ x1 + (1 | g)", program.prepare(simulate.random_slopes(300, 12), ("g",)), True)
    except Exception as error:
        print(f"{program.name}: no warm-up: {error}", file=sys.stderr)


def measure(case: Case, program: Peer, repeats: int, seconds: float, out: TextIO) -> None:
    """Fit and tell `out`."""
    frame = case.build()
    about = facts(case, frame)
    data = program.prepare(frame, case.groups)
    del frame
    warm_up(program, case)
    say(out, state="ready", **about)
    before = memory.restart()
    formula = formula_for(case, program)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        first, fit = timed(program, case, formula, data)
    result = {
        "first": first,
        "peak_bytes": memory.peak() - before,
        "beta": fit.beta.tolist(),
        "se": fit.se.tolist(),
        "loglik": fit.loglik,
        "reml": fit.reml,
        "messages": said(caught),
    }
    del fit
    say(out, state="fitted", seconds=[], **result)
    times = repeat(lambda: timed(program, case, formula, data)[0], first, repeats, seconds)
    if program.name == "mlm" and not case.family:
        # for packages that know only the other criterion
        other = program.fit(formula, data, not case.reml)
        result["other"] = {"beta": other.beta.tolist(), "se": other.se.tolist(), "loglik": other.loglik}
    say(out, state="fitted", seconds=times, **result)


def repeat(fit: Callable[[], float], first: float, repeats: int, seconds: float) -> list[float]:
    """Repeat until there are enough or the time is used up; a fit that took very long is not repeated."""
    times: list[float] = []
    begin = time.perf_counter()
    while len(times) < MOST:
        elapsed = time.perf_counter() - begin
        if len(times) >= repeats and elapsed >= SHORT:
            break
        few = len(times) < LEAST and elapsed + first < LONGER * seconds
        if first >= LONGER * seconds or (elapsed >= seconds and not few):
            break
        times.append(fit())
    return times


def said(caught: list[warnings.WarningMessage]) -> list[str]:
    """First lines of a fit's own warnings; those about other packages' interfaces are left out."""
    kinds = (DeprecationWarning, FutureWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning)
    lines = [str(w.message).strip().splitlines()[0][:160] for w in caught if not issubclass(w.category, kinds)]
    return list(dict.fromkeys(lines))[:3]


def say(out: TextIO, **message: Any) -> None:
    """Write a line of JSON."""
    out.write(json.dumps(message, allow_nan=True) + "\n")
    out.flush()


def write_columns(frame: pd.DataFrame, groups: tuple[str, ...], folder: Path) -> None:
    """Write each column as R reads it: doubles, integers, and integers to become factors, also of words; exact."""
    kinds = {}
    for name, column in frame.items():
        grouping = name in groups or not pd.api.types.is_numeric_dtype(column)
        if grouping and not pd.api.types.is_integer_dtype(column):
            column = pd.Series(pd.factorize(column, sort=True)[0] + 1)
        whole = pd.api.types.is_integer_dtype(column)
        kinds[name] = "factor" if grouping else "integer" if whole else "double"
        column.to_numpy().astype(np.int32 if whole else np.float64).tofile(folder / f"{name}.bin")
    (folder / "columns.json").write_text(json.dumps({"rows": len(frame), "kinds": kinds}))


def measure_r(case: Case, program: Peer, repeats: int, seconds: float, out: TextIO) -> None:
    """Hand the data to R and become it, so that nothing of Python is left in the process."""
    frame = case.build()
    folder = Path(tempfile.mkdtemp(dir=os.environ.get("BENCHMARKS_FOLDER")))
    write_columns(frame, case.groups, folder)
    about = json.dumps(facts(case, frame) | {"state": "ready"})
    os.dup2(out.fileno(), 1)
    script = str(Path(__file__).with_name("r_fit.R"))
    how = case.family or ("REML" if case.reml else "ML")
    given = (folder, case.formula, how, repeats, seconds, about, program.name, case.n_agq)
    os.execvp("Rscript", ["Rscript", script, *map(str, given)])


def main() -> None:
    """Measure what the command line names."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.measure")
    parser.add_argument("case", choices=CASES)
    parser.add_argument("program", choices=[program.name for program in PROGRAMS])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=10.0)
    options = parser.parse_args()
    memory.limit()
    # packages print what they like; the answer goes where standard output was
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    program = next(program for program in PROGRAMS if program.name == options.program)
    case = CASES[options.case]
    try:
        if program.in_r:
            measure_r(case, program, options.repeats, options.seconds, out)
        else:
            measure(case, program, options.repeats, options.seconds, out)
    except (Unsupported, NotImplementedError, Unavailable) as error:
        say(out, state="unsupported", reason=str(error))
    except MemoryError:
        say(out, state="failed", reason="out of memory")
    except Exception as error:
        say(out, state="failed", reason=f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
