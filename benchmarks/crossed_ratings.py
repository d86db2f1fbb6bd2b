"""Crossed factors without a ceiling: ``python -m benchmarks.crossed_ratings`` writes tables/crossed_ratings.txt.

Ratings of items by users, one a pair at most, whose numbers have tails as heavy as those of MovieLens 25M. Each fit is
made in a process of its own with one thread: seconds of the processor from the data frame to the model, and the peak of
resident memory, frame and Python included. Other packages are beside it where they are installed.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

import mlm

from .peers import PEERS

HERE = Path(__file__).resolve().parent
FORMULA = "y ~ x + (1 | user) + (1 | item)"
# pairs aimed at, users, items, solver; duplicates among the draws are dropped, so that there are fewer
CASES = (
    (1_010_000, 15_000, 6_000, "exact"),
    (1_010_000, 15_000, 6_000, "iterative"),
    (1_010_000, 15_000, 6_000, "gpboost"),
    (1_010_000, 15_000, 6_000, "glmm"),
    (25_700_000, 162_541, 59_047, "automatic"),
)
# Seconds of the processor after which other packages are given up.
PEER_SECONDS = 60
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


def measured(path: Path, solver: str) -> dict[str, object]:
    """Fit in this process."""
    with np.load(path) as stored:
        frame = pd.DataFrame({name: stored[name] for name in ("user", "item", "x", "y")})
    peer = next((peer for peer in PEERS if peer.name == solver), None)
    if peer is not None:
        resource.setrlimit(resource.RLIMIT_CPU, (PEER_SECONDS, PEER_SECONDS))
        prepared, begun = peer.prepare(frame, ("user", "item")), time.process_time()
        peer.fit(FORMULA, prepared, True)
        return {"seconds": time.process_time() - begun, "peak": _peak()}
    warnings.simplefilter("ignore", mlm.MonteCarloWarning)
    begun = time.process_time()
    m = mlm.lmer(FORMULA, frame, solver=None if solver == "automatic" else solver)
    taken, errors = time.process_time() - begun, m.monte_carlo
    said = {"rows": m.nobs, "levels": m.ngrps.tolist(), "seconds": taken, "peak": _peak()}
    said |= {"theta": m.theta.tolist(), "criterion": m.deviance, "evaluations": len(m.optimum.log)}
    return said | ({} if errors is None else {"error": errors.criterion, "largest": errors.largest})


def _peak() -> int:
    """Bytes that this process held at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def table(found: list[dict[str, object]]) -> str:
    """Lay the fits out."""
    head = f"{'rows':>12}{'users x items':>18}  {'solver':10}{'CPU s':>8}{'peak GB':>9}  {'theta':22}{'criterion':>16}"
    lines = [f"{FORMULA}, one thread", "", head + f"{'+-':>8}{'theta err':>11}"]
    for each in found:
        if "theta" not in each:
            taken = f"{each['seconds']:8.1f}{each['peak'] / 1e9:9.2f}" if "peak" in each else f"  {each['said']}"
            lines.append(f"{'':12}{'':18}  {each['solver']:10}{taken}")
            continue
        levels = " x ".join(f"{n:,}" for n in each["levels"])
        theta = " ".join(f"{t:.7f}" for t in each["theta"])
        line = f"{each['rows']:12,}{levels:>18}  {each['solver']:10}{each['seconds']:8.1f}{each['peak'] / 1e9:9.2f}  "
        line += f"{theta:22}{each['criterion']:16.3f}"
        errors = f"{each['error']:8.3f}{each['largest']:11.1e}" if "error" in each else f"{'exact':>8}{'exact':>11}"
        lines.append(line + errors)
    peers = [f"{peer.name} {peer.version}" for peer in PEERS if any(peer.name == each["solver"] for each in found)]
    note = f"the same data, other packages: {', '.join(peers)}\n" if peers else ""
    note += "theta err: Monte Carlo error of theta, at most, in its sampling standard errors"
    return "\n".join([*lines, "", note, ""])


def main(arguments: list[str] | None = None) -> None:
    """Measure, each case in a process of its own, and write the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.crossed_ratings", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("_build/benchmarks"), help="where the data are kept")
    parser.add_argument("--fit", nargs=2, metavar=("FILE", "SOLVER"), help="fit one file in this process")
    parser.add_argument("--rows", type=int, help="only the cases that aim at so many rows")
    asked = parser.parse_args(arguments)
    if asked.fit:
        print(json.dumps(measured(Path(asked.fit[0]), asked.fit[1])))
        return
    asked.folder.mkdir(parents=True, exist_ok=True)
    found, one_thread = [], {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    for rows, users, items, solver in CASES:
        if asked.rows not in (None, rows):
            continue
        path = asked.folder / f"crossed_ratings_{rows}.npz"
        if not path.exists():
            np.savez(path, **heavy_tailed(rows, users, items))
        command = [sys.executable, "-m", "benchmarks.crossed_ratings", "--fit", str(path), solver]
        other = next((peer for peer in PEERS if peer.name == solver), None)
        if other is not None and not other.available:
            continue
        done = subprocess.run(command, capture_output=True, text=True, check=other is None, env=one_thread)
        given_up = {"said": f"no end in {PEER_SECONDS} s" if done.returncode < 0 else "fails"}
        said = json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else given_up
        found.append({"solver": solver, **said})
        print(table(found), flush=True)
    if asked.rows is None:
        (HERE / "tables" / "crossed_ratings.txt").write_text(table(found), encoding="utf-8")


if __name__ == "__main__":
    main()
