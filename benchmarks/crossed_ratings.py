"""Crossed factors without a ceiling: ``python -m benchmarks.crossed_ratings`` writes tables/crossed_ratings.txt.

Ratings of items by users, one a pair at most, whose numbers have tails as heavy as those of MovieLens 25M. Each fit is
made in a process of its own with one thread: seconds of the processor from the data frame to the model, and the peak of
resident memory, frame and Python included; of lme4 that of R. Other packages are beside it where they are installed.
What the table shows is kept in tables/crossed_ratings.json.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

import mlm

from .machine import now, r_software
from .measure import write_columns
from .peers import LME4, PEERS, Peer
from .stored import Said, keep

HERE = Path(__file__).resolve().parent
FORMULA = "y ~ x + (1 | user) + (1 | item)"
GROUPS = ("user", "item")
# pairs aimed at, users, items, solver; duplicates among the draws are dropped, so that there are fewer
CASES = (
    (1_010_000, 15_000, 6_000, "exact"),
    (1_010_000, 15_000, 6_000, "iterative"),
    (1_010_000, 15_000, 6_000, "gpboost"),
    (1_010_000, 15_000, 6_000, "glmm"),
    (1_010_000, 15_000, 6_000, "lme4"),
    (10_250_000, 70_000, 27_000, "automatic"),
    (10_250_000, 70_000, 27_000, "gpboost"),
    (25_700_000, 162_541, 59_047, "automatic"),
)
# Seconds of the processor after which other packages are given up, by pairs aimed at.
PEER_SECONDS = {1_010_000: 60, 10_250_000: 200}
DEVIATIONS, RESIDUAL = (0.45, 0.50), 0.85
USERS_AT_ONCE = 4000
# Of all items, the share that a user of so many rates without replacement; and the most that any user rates.
MANY_SHARE, MOST_SHARE = 0.02, 0.55


def heavy_tailed(rows: int, users: int, items: int, seed: int = 1) -> pd.DataFrame:
    """Draw ratings: log-normally many of a user, and of an item as ``(1 + rank / r)^-2.2``, one at least.

    Parameters
    ----------
    rows : int
        About how many pairs to draw.
    users, items : int
    seed : int

    Returns
    -------
    DataFrame
        user, item (int32), x, y. The intercepts have standard deviations 0.45 and 0.5, the residual 0.85.
    """
    rng = np.random.default_rng(seed)
    degree = 18 + rng.lognormal(np.log(50), 1.3, users)
    degree = np.clip(degree * rows / degree.sum(), 1, MOST_SHARE * items).astype(np.int64)
    popularity = (1 + np.arange(1, items + 1) / (450 / 59_047 * items)) ** -2.2
    below = np.cumsum(popularity) / popularity.sum()
    heavy, pairs = degree > MANY_SHARE * items, []
    for user in np.flatnonzero(heavy):  # the largest of Gumbel variates: a draw without replacement
        draw = np.log(popularity) + rng.gumbel(size=items)
        pairs.append(np.sort(user * items + np.argpartition(-draw, degree[user])[: degree[user]]))
    light = np.flatnonzero(~heavy)
    for start in range(0, len(light), USERS_AT_ONCE):
        some = light[start : start + USERS_AT_ONCE]
        user = np.repeat(some, degree[some])
        pairs.append(np.unique(user * items + np.searchsorted(below, rng.random(len(user)))))
    drawn = np.concatenate(pairs)
    alone = np.flatnonzero(np.bincount(drawn % items, minlength=items) == 0)
    drawn = np.unique(np.concatenate([drawn, rng.integers(0, users, len(alone)) * items + alone]))
    user, item = (drawn // items).astype(np.int32), (drawn % items).astype(np.int32)
    x, (u, i) = rng.standard_normal(len(user)), (rng.standard_normal(n) for n in (users, items))
    y = 3.5 + 0.1 * x + DEVIATIONS[0] * u[user] + DEVIATIONS[1] * i[item] + RESIDUAL * rng.standard_normal(len(user))
    return pd.DataFrame({"user": user, "item": item, "x": x, "y": y})


def measured(path: Path, solver: str, seconds: int) -> Said:
    """Fit in this process; other packages are given up after so many seconds."""
    with np.load(path) as stored:
        frame = pd.DataFrame({name: stored[name] for name in ("user", "item", "x", "y")})
    peer = _peer(solver)
    if peer is not None and peer.in_r:
        return _in_r(frame, seconds)
    if peer is not None:
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        prepared, begun = peer.prepare(frame, GROUPS), time.process_time()
        peer.fit(FORMULA, prepared, True)
        return {"seconds": time.process_time() - begun, "peak": _peak(), "version": peer.version}
    warnings.simplefilter("ignore", mlm.MonteCarloWarning)
    begun = time.process_time()
    m = mlm.lmer(FORMULA, frame, solver=None if solver == "automatic" else solver)
    taken, errors = time.process_time() - begun, m.monte_carlo
    said = {"pairs": m.nobs, "levels": m.ngrps.tolist(), "seconds": taken, "peak": _peak()}
    said |= {"theta": m.theta.tolist(), "criterion": m.deviance, "evaluations": len(m.optimum.log)}
    return said | ({} if errors is None else {"error": errors.criterion, "largest": errors.largest})


def _peer(solver: str) -> Peer | None:
    return next((peer for peer in (LME4, *PEERS) if peer.name == solver), None)


def _in_r(frame: pd.DataFrame, seconds: int) -> Said:
    """Fit with lme4 in a process of R's."""
    with tempfile.TemporaryDirectory() as folder:
        write_columns(frame, GROUPS, Path(folder))
        given = (folder, FORMULA, "REML", 1, 0, "{}", "lme4", 1)
        limit = ["sh", "-c", f'ulimit -t {seconds}; exec Rscript "$@"', "sh"]
        command = [*limit, str(HERE / "r_fit.R"), *map(str, given)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    version = {"version": r_software()["lme4"]}
    if done.returncode:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return version | _given_up(used.ru_utime + used.ru_stime > 0.9 * seconds, seconds)
    peak = _peak(resource.RUSAGE_CHILDREN)
    return version | {"seconds": json.loads(done.stdout.splitlines()[-1])["first"], "peak": peak}


def _given_up(ended: bool, seconds: int) -> Said:
    return {"said": f"no end in {seconds} s" if ended else "fails"}


def _peak(who: int = resource.RUSAGE_SELF) -> int:
    """Bytes that a process held at most."""
    return resource.getrusage(who).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def table(found: list[Said]) -> str:
    """Lay the fits out: what they took, then what they found."""
    lines = [
        f"{FORMULA}, one thread",
        "",
        f"{'rows':>12}{'users x items':>18}  {'solver':10}{'CPU s':>8}{'peak GB':>9}",
    ]
    for each in found:
        levels = " x ".join(f"{n:,}" for n in each["levels"]) if "levels" in each else ""
        rows = f"{each['pairs']:,}" if "pairs" in each else ""
        taken = f"{each['seconds']:8.1f}{each['peak'] / 1e9:9.2f}" if "peak" in each else f"  {each['said']}"
        lines.append(f"{rows:>12}{levels:>18}  {each['by']:10}{taken}")
    head = f"{'rows':>12}  {'solver':10}{'theta':22}{'criterion':>14}{'+-':>7}{'theta err':>11}"
    lines += ["", head]
    for each in found:
        if "theta" in each:
            theta = " ".join(f"{t:.7f}" for t in each["theta"])
            errors = f"{each['error']:7.3f}{each['largest']:11.1e}" if "error" in each else f"{'exact':>7}{'exact':>11}"
            lines.append(f"{each['pairs']:12,}  {each['by']:10}{theta:22}{each['criterion']:14.3f}{errors}")
    peers = dict.fromkeys(f"{each['by']} {each['version']}" for each in found if "version" in each)
    note = f"the same data, other packages: {', '.join(peers)}\n" if peers else ""
    note += "theta err: Monte Carlo error of theta, at most, in its sampling standard errors"
    return "\n".join([*lines, "", note, ""])


def main(arguments: list[str] | None = None) -> None:
    """Measure, each case in a process of its own, and write the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.crossed_ratings", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("_build/benchmarks"), help="where the data are kept")
    parser.add_argument("--fit", nargs=3, metavar=("FILE", "SOLVER", "SECONDS"), help="fit one file in this process")
    parser.add_argument("--rows", type=int, help="only the cases that aim at so many rows; others stay as they are")
    parser.add_argument("--solver", help="only these cases; others stay as they are")
    asked = parser.parse_args(arguments)
    if asked.fit:
        print(json.dumps(measured(Path(asked.fit[0]), asked.fit[1], int(asked.fit[2]))))
        return
    asked.folder.mkdir(parents=True, exist_ok=True)
    one_thread = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    for rows, users, items, solver in CASES:
        other, seconds = _peer(solver), PEER_SECONDS.get(rows, 0)
        if asked.rows not in (None, rows) or asked.solver not in (None, solver) or (other and not other.available):
            continue
        path = asked.folder / f"crossed_ratings_{rows}.npz"
        if not path.exists():
            np.savez(path, **heavy_tailed(rows, users, items))
        command = [sys.executable, "-m", "benchmarks.crossed_ratings", "--fit", str(path), solver, str(seconds)]
        done = subprocess.run(command, capture_output=True, text=True, check=other is None, env=one_thread)
        if done.returncode and other:
            said = _given_up(done.returncode < 0, seconds) | {"version": other.version}
        else:
            said = json.loads(done.stdout.splitlines()[-1])
        found = {"rows": rows, "by": solver, "date": now(), **said}
        print(found, flush=True)
        keep("crossed_ratings", found, [(rows, solver) for rows, _, _, solver in CASES], table)


if __name__ == "__main__":
    main()
