"""What is asked after a fit costs, here and in R: ``python -m benchmarks.after_the_fit``.

It writes tables/after_the_fit.txt. Times of the processor, with ``OPENBLAS_NUM_THREADS=1``. Each job is done several
times after a first one, here and there in the same run. Of what takes R minutes (bootstraps of the two-level model) it
does a few responses, and what it takes is given for as many as here. R's packages are named in ``after_the_fit.R``, in
which each job has the same name.
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
REPEATS = 5
OF_COUNTRIES = f"trustind ~ {TWO_LEVEL} + (1 + edu_cwc | cntry)"
SLEEP = "Reaction ~ Days + (Days | Subject)"
PENICILLIN = "diameter ~ 1 + (1 | plate) + (1 | sample)"
CAKE = "angle ~ recipe * temperature + (1 | recipe:replicate)"


def milliseconds(work: Callable[[], object]) -> float:
    """Least time of the processor of some runs, after a first."""
    work()
    taken = []
    for _ in range(REPEATS):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return 1000 * min(taken)


def in_r(folder: Path) -> dict[str, float]:
    """Milliseconds that R takes, by job; R writes its own data into the folder, and reads the countries' there."""
    command = ["Rscript", str(HERE / "after_the_fit.R"), str(folder), OF_COUNTRIES, str(RESPONSES)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


def jobs(folder: Path, countries: pd.DataFrame) -> dict[str, Callable[[], object]]:
    """Return what is timed, by name."""
    sleep, penicillin, cake = (pd.read_csv(folder / f"{name}.csv") for name in ("sleepstudy", "Penicillin", "cake"))
    m, crossed, two_levels = mlm.lmer(SLEEP, sleep), mlm.lmer(PENICILLIN, penicillin), mlm.lmer(OF_COUNTRIES, countries)
    cakes = mlm.lmer(CAKE, cake)
    small, large = (mlm.lmer(f"Reaction ~ {fixed} + (Days | Subject)", sleep, reml=False) for fixed in ("1", "Days"))
    return {
        "fit, sleepstudy": lambda: mlm.lmer(SLEEP, sleep),
        "fit and Satterthwaite table, sleepstudy": lambda: mlm.lmer(SLEEP, sleep).coefficients(ddf="satterthwaite"),
        "fit, Penicillin": lambda: mlm.lmer(PENICILLIN, penicillin),
        "fit and Satterthwaite table, Penicillin": lambda: mlm.lmer(PENICILLIN, penicillin).coefficients(
            ddf="satterthwaite"
        ),
        "Kenward-Roger table, sleepstudy": lambda: mlm.lmer(SLEEP, sleep).coefficients(ddf="kenward-roger"),
        "Kenward-Roger table, two-level model 3": lambda: mlm.lmer(OF_COUNTRIES, countries).coefficients(
            ddf="kenward-roger"
        ),
        "profile, sleepstudy": lambda: mlm.profile(m).frame,
        "profile intervals, sleepstudy": lambda: m.confint(method="profile"),
        "profile intervals, Penicillin": lambda: crossed.confint(method="profile"),
        "bootstrap, sleepstudy": lambda: mlm.bootstrap(m, RESPONSES, seed=1),
        "bootstrap, two-level model 3": lambda: mlm.bootstrap(two_levels, RESPONSES, seed=1),
        "bootstrap test of Days, sleepstudy": lambda: mlm.anova(small, large, method="boot", n=RESPONSES, seed=1),
        "type 3 tests, cake": lambda: mlm.anova(cakes, type=3, ddf="satterthwaite"),
        "means of recipe and pairs, cake": lambda: mlm.emmeans(cakes, "recipe").contrast("pairwise").frame,
        "influence of subjects, sleepstudy": lambda: mlm.influence(m, groups="Subject").cooks_distance,
        "predictions, sleepstudy": lambda: m.predict(sleep, re_form=None),
    }


def table(mine: dict[str, float], theirs: dict[str, float | None]) -> str:
    """Lay both out."""
    head = f"{'':42}{'mlm':>10}{'R':>11}{'ratio':>8}"
    lines = [f"Milliseconds of the processor; bootstraps of {RESPONSES:,} responses", "", head]
    for job, taken in mine.items():
        other = theirs[job]
        lines.append(f"{job:42}{taken:10.2f}{other:11.1f}{other / taken:8.0f}" if other else f"{job:42}{taken:10.2f}")
    return "\n".join([*lines, ""])


def main() -> None:
    """Measure, and write the table."""
    with tempfile.TemporaryDirectory() as name:
        folder, countries = Path(name), two_level()
        countries.to_csv(folder / "countries.csv", index=False)
        theirs = in_r(folder)
        mine = {job: milliseconds(work) for job, work in jobs(folder, countries).items()}
    text = table(mine, theirs)
    (HERE / "tables" / "after_the_fit.txt").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
