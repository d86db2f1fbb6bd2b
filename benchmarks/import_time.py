"""What it costs to begin: ``python -m benchmarks.import_time [--turns N]``.

CPU time of whole interpreters that import and end, in turns, each as a multiple of one that imports NumPy and pandas in
the same turn: machines are not always equally fast. The bare interpreter's own start is taken off both. Bytecode is
written in a turn that does not count.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys

from . import machine

SMALL_FIT = """
import mlm
rows = {"y": [3.1, 4.0, 5.2, 7.9, 9.1, 9.8, 5.0, 6.2, 7.1], "x": [1, 2, 3] * 3, "g": list("aaabbbccc")}
mlm.lmer("y ~ x + (1 | g)", rows).fixef
"""
BARE, PEER = "nothing", "import numpy, pandas"
PROGRAMS = {
    BARE: "",
    PEER: "import numpy, pandas",
    "import numpy, pandas, scipy.linalg": "import numpy, pandas, scipy.linalg",
    "import mlm": "import mlm",
    "import mlm, all public names": "from mlm import *",
    "import mlm and a first small fit": SMALL_FIT,
    "the same, with pandas": f"import numpy, pandas\n{SMALL_FIT}",
}


def cpu_seconds(code: str, environment: dict[str, str]) -> float:
    """User and system time of an interpreter that runs the code."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(turns: int) -> dict[str, dict[str, float]]:
    """Median milliseconds of each program, and the median of its ratios to the peer turn by turn."""
    environment = machine.environment(threads=1)
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    seconds: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    for turn in range(turns + 1):
        for name, code in PROGRAMS.items():
            spent = cpu_seconds(code, environment)
            if turn:
                seconds[name].append(spent)
        print(f"\rturn {turn} of {turns}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    found = {}
    for name, mine in seconds.items():
        ratios = [
            (own - bare) / (peer - bare) for own, peer, bare in zip(mine, seconds[PEER], seconds[BARE], strict=True)
        ]
        whole = [own / peer for own, peer in zip(mine, seconds[PEER], strict=True)]
        found[name] = {
            "ms": round(1e3 * statistics.median(mine), 1),
            "ratio": round(statistics.median(ratios), 3),
            "ratio_with_the_interpreter": round(statistics.median(whole), 3),
        }
    return found


def main(arguments: list[str] | None = None) -> None:
    """Print the table, or JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.import_time", description=__doc__)
    parser.add_argument("--turns", type=int, default=30, help="how often each program is run")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args(arguments)
    found = measure(options.turns)
    if options.json:
        print(json.dumps(found, indent=1))
        return
    print(f"{'CPU time':36s} {'ms':>7s} {'ratio':>7s} {'with the interpreter':>21s}")
    for name, row in found.items():
        print(f"{name:36s} {row['ms']:7.1f} {row['ratio']:7.2f} {row['ratio_with_the_interpreter']:21.2f}")


if __name__ == "__main__":
    main()
