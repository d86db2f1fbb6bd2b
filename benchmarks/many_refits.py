"""What bootstraps cost here and in R: ``python -m benchmarks.many_refits`` writes tables/many_refits.txt.

Times of the processor, with ``OPENBLAS_NUM_THREADS=1``, of simulating and refitting. Here 1,000 responses are fitted; R
fits fewer, and what it takes is given for 1,000.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd

import mlm

from .cases import TWO_LEVEL, two_level

HERE = Path(__file__).resolve().parent
RESPONSES = 1000
REPEATS = 3
OF_COUNTRIES = f"trustind ~ {TWO_LEVEL} + (1 + edu_cwc | cntry)"
SLEEP = "Reaction ~ Days + (Days | Subject)"


def seconds(work: Callable[[], object]) -> float:
    """Least time of the processor of some runs."""
    taken = []
    for _ in range(REPEATS):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return min(taken)


def in_r(folder: Path) -> dict[str, float]:
    """Seconds that R takes for one response, by job; the data of sleep are written, those of countries read."""
    command = ["Rscript", str(HERE / "many_refits.R"), str(folder), OF_COUNTRIES]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


def here(sleep: pd.DataFrame, countries: pd.DataFrame) -> dict[str, float]:
    """Seconds for all responses, by job."""
    small, large = (mlm.lmer(f"Reaction ~ {fixed} + (Days | Subject)", sleep, reml=False) for fixed in ("1", "Days"))
    models = {"sleepstudy": mlm.lmer(SLEEP, sleep), "two-level, model 3": mlm.lmer(OF_COUNTRIES, countries)}
    out = {name: seconds(lambda m=m: mlm.bootstrap(m, RESPONSES, seed=1)) for name, m in models.items()}
    test = seconds(lambda: mlm.anova(small, large, method="boot", n=RESPONSES, seed=1))
    return {**out, "sleepstudy, test of Days": test}


def table(mine: dict[str, float], theirs: dict[str, float]) -> str:
    """Lay both out, in seconds for 1,000 responses."""
    lines = [f"Seconds of the processor for {RESPONSES:,} responses", "", f"{'':28}{'mlm':>10}{'R':>10}{'ratio':>9}"]
    for job, taken in mine.items():
        other = theirs[job] * RESPONSES
        lines.append(f"{job:28}{taken:10.3f}{other:10.1f}{other / taken:9.0f}")
    return "\n".join([*lines, "", "R: lme4's bootMer of all parameters; pbkrtest's PBmodcomp", ""])


def main() -> None:
    """Measure, and write the table."""
    with tempfile.TemporaryDirectory() as name:
        folder, countries = Path(name), two_level()
        countries.to_csv(folder / "countries.csv", index=False)
        theirs = in_r(folder)
        mine = here(pd.read_csv(folder / "sleep.csv"), countries)
    text = table(mine, theirs)
    (HERE / "tables" / "many_refits.txt").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
