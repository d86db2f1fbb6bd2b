"""``python -m benchmarks``: measure, store the results and make the book's page of them."""

from __future__ import annotations

import argparse
from pathlib import Path

from . import profile_fit
from .cases import CASES
from .peers import PROGRAMS
from .run import RESULTS, Settings, program_named, run, store

LARGE = (
    "Rows beyond memory and crossed factors without a ceiling have programs of their own, which `make bench-large` "
    "runs: python -m benchmarks.bigger_than_memory, python -m benchmarks.crossed_ratings."
)


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    defaults = Settings()
    names = [program.name for program in PROGRAMS]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__, epilog=LARGE)
    parser.add_argument("--case", nargs="+", choices=CASES, help="only these cases", metavar="NAME")
    parser.add_argument("--peer", nargs="+", choices=names, default=names, help="only these programs", metavar="NAME")
    parser.add_argument("--growth", action="store_true", help="also the smaller sizes, for the figures of growth")
    parser.add_argument("--repeats", type=int, default=defaults.repeats, help="timed fits at most")
    parser.add_argument("--seconds", type=float, default=defaults.seconds, help="time for the repeats")
    parser.add_argument("--time-limit", type=float, default=defaults.limit, help="seconds until a program is stopped")
    parser.add_argument("--lme4-limit", type=float, default=defaults.lme4_limit, help="the same for lme4")
    parser.add_argument("--threads", type=int, default=defaults.threads, help="threads of each program")
    parser.add_argument("--rounds", type=int, default=defaults.rounds, help="times programs are measured, in turns")
    parser.add_argument("--output", type=Path, default=RESULTS, help="where the results go")
    parser.add_argument("--add", action="store_true", help="keep the other cases and programs that the output file has")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    """Measure what the command line asks for."""
    asked = options(arguments)
    names = asked.case or [name for name, case in CASES.items() if case.table or asked.growth]
    settings = Settings(asked.repeats, asked.seconds, asked.time_limit, asked.lme4_limit, asked.threads, asked.rounds)
    programs = [program_named(name) for name in asked.peer]
    results = run([CASES[name] for name in names], programs, settings, asked.output, asked.add)
    if "mlm" in asked.peer and "profile" not in results:
        results["profile"] = profile_fit.in_subprocess(settings.threads, 5 * settings.repeats)
    store(results, asked.output)
    if asked.output.resolve() == RESULTS:
        from . import page

        page.main()


if __name__ == "__main__":
    main()
