"""Small models beside glmm, the fastest of the peers on them: ``python -m benchmarks.beside_glmm``.

It writes tables/beside_glmm.txt. Each model is fitted with and without a table of Satterthwaite's degrees of freedom,
in turns: one fit of each kind, then the next turn. Times of the processor, with ``OPENBLAS_NUM_THREADS=1``, from the
data frame to standard errors, or to the table. A short fit takes up to twice as long right after another program's
than in a loop of its own, here as there, since each finds the other's data in the caches.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import glmm
import pandas as pd

import mlm

from . import machine
from .cases import CASES, Case
from .measure import formula_for
from .peers import Peer, fit_glmm, fit_mlm
from .run import program_named

HERE = Path(__file__).resolve().parent
NAMES = (
    "sleepstudy",
    "penicillin",
    "pastes",
    "cake",
    "imm10_model3",
    "imm10_model4",
    "imm10_model5",
    "hsb82",
    "chem97",
    "slopes_1e5",
    "crossed_1e5",
    "insteval",
)
TURNS, LEAST = 200, 7  # turns of a model ...
SECONDS = 15.0  # ... unless they take longer than this
WIDTH = 28  # of the longest title
HEAD = ("", "mlm", "glmm", "ratio", "mlm", "glmm", "ratio")


def with_table(formula: str, data: pd.DataFrame, reml: bool) -> object:
    """Fit with mlm, and compute the table of coefficients."""
    return mlm.lmer(formula, data, reml=reml).coefficients(ddf="satterthwaite")


def glmm_with_table(formula: str, data: Any, reml: bool) -> object:
    """Fit with glmm, and take the degrees of freedom and p values."""
    m = glmm.fit(data, formula, reml=reml, satterthwaite=True)
    return m.beta, m.se, m.coef_df, m.coef_p


JOBS: tuple[tuple[str, Callable[[str, Any, bool], object]], ...] = (
    ("mlm", fit_mlm),
    ("glmm", fit_glmm),
    ("mlm", with_table),
    ("glmm", glmm_with_table),
)


def milliseconds(case: Case) -> list[float]:
    """Medians of the turns of one model, a figure a job."""
    frame = case.build()
    work = [(job, *_given(case, frame, program_named(name))) for name, job in JOBS]
    taken: list[list[float]] = [[] for _ in work]
    for job, formula, data in work:
        job(formula, data, case.reml)
    begin = time.perf_counter()
    for turn in range(TURNS):
        if turn >= LEAST and time.perf_counter() - begin > SECONDS:
            break
        for (job, formula, data), times in zip(work, taken, strict=True):
            start = time.process_time()
            job(formula, data, case.reml)
            times.append(time.process_time() - start)
    return [1000 * median(times) for times in taken]


def _given(case: Case, frame: pd.DataFrame, program: Peer) -> tuple[str, Any]:
    return formula_for(case, program), program.prepare(frame, case.groups)


def table(found: dict[str, list[float]], about: str) -> str:
    """Lay the times out, with ours over theirs."""
    lines = [about, "", f"{'':{WIDTH}}{'fit':>24}{'fit and table':>26}", _line(HEAD)]
    for name, (ours, theirs, ours_too, theirs_too) in found.items():
        figures = (*_three(ours, theirs), *_three(ours_too, theirs_too))
        lines.append(_line((CASES[name].title, *figures)))
    return "\n".join([*lines, ""])


def _three(ours: float, theirs: float) -> tuple[str, str, str]:
    return f"{ours:.3g}", f"{theirs:.3g}", f"{ours / theirs:.2f}"


def _line(cells: tuple[str, ...]) -> str:
    first, *figures = cells
    return f"{first:{WIDTH}}" + "".join(f"{cell:>{10 if k == 3 else 8}}" for k, cell in enumerate(figures))


def main() -> None:
    """Measure, and write the table."""
    load, commit = machine.load(), machine.commit()
    found = {}
    for name in NAMES:
        found[name] = milliseconds(CASES[name])
        print(name, *(f"{each:.3f}" for each in found[name]), flush=True)
    about = (
        f"Milliseconds of the processor, medians of up to {TURNS} turns\n{machine.now()}, commit {commit}, load {load}"
    )
    text = table(found, about)
    (HERE / "tables" / "beside_glmm.txt").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
