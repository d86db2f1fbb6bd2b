"""How the search for theta fares on 2,000 small designs: ``python -m benchmarks.search_table RESULTS.json``.

Every design of tests/reference/small_designs.py is fitted as by default, with one of five kinds of `start`, by the
other criterion and back, and on its twin, the same model in standardised columns. From lme4's theta and from ten random
starts a single search goes down to the nearest minimum, without the further starts that a fit has. Then what ends above
lme4, above the best, elsewhere or without a minimum is counted and named. Results are written as they come, one design
a line; those that are in the file already are not computed again.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import mlm
from mlm.optimize.newton import newton
from mlm.optimize.optimum import Log

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from reference.small_designs import COUNT, Reference, SmallDesign, design, references

HIGHER = 1e-6  # of the criterion: beyond what is another last digit
HOSTILE = {"1e6": 1e6, "1e-8": 1e-8, "0": 0.0}
GIVEN = ("lme4's theta", "a random start", *HOSTILE)  # each design is fitted from one of them
RANDOM_STARTS = 10
SHOWN = 20  # designs that are named a line of the table

Result = dict[str, Any]


def fitted(one: SmallDesign, formula: str | None = None, **asked: Any) -> mlm.MixedModel:
    """Fit a design, or its twin."""
    asked = {"reml": one.reml, **asked}
    return mlm.lmer(formula or one.formula, one.frame, weights=one.weights, **asked)


def random_starts(m: mlm.MixedModel, count: int, seed: int) -> Iterator[np.ndarray]:
    """Yield starts that mean the same in any units: drawn for columns made orthonormal within their term.

    A term's columns are ``Z = Q R``, with Q of mean square 1; effects of Q with the covariance ``T T'`` are effects of
    Z with ``R^-1 T T' R^-T``.
    """
    rng = np.random.default_rng([seed, 10])
    for _ in range(count):
        theta = np.zeros(m.deviance_function.layout.n_theta)
        for slot, part in zip(m.deviance_function.layout.slots, m.terms, strict=True):
            q = slot.size
            t = np.diag(np.exp(1.5 * rng.standard_normal(q)))
            t += np.tril(rng.standard_normal((q, q)), -1) * t.diagonal()[:, None]
            r = np.linalg.qr(part.columns.matrix(), mode="r") / math.sqrt(m.nobs)
            lower = np.linalg.qr(np.linalg.solve(r, t).T, mode="r").T
            lower = lower * np.where(np.diag(lower) < 0, -1.0, 1.0)
            theta[slot.theta : slot.theta + q * (q + 1) // 2] = lower.T[np.triu_indices(q)]
        yield theta


def ended(fit: Callable[[], mlm.MixedModel]) -> float | str:
    """Where a search ends, or what it is refused with."""
    return outcome(lambda: fit().deviance)


def outcome(search: Callable[[], Any]) -> Any:
    """What is found, or what it is refused with."""
    try:
        return search()
    except (mlm.MlmError, np.linalg.LinAlgError, ArithmeticError) as error:
        return f"{type(error).__name__}: {error}"


def value_at(m: mlm.MixedModel, theta: np.ndarray) -> float:
    """Compute the criterion at a theta; infinity where rounding leaves nothing of it."""
    try:
        return float(m.deviance_function.value(theta))
    except mlm.MlmError:
        return math.inf


def nearest_minimum(m: mlm.MixedModel, start: np.ndarray) -> float:
    """Where a single search from a start ends; the fit's own end where it comes to that."""
    end = newton(m.working, m.working.working_theta(start), Log(), [m.optimum.evaluation] if m.converged else [])
    return m.deviance if end is None else value_at(m, m.working.users_theta(end.evaluation.theta))


def measure(one: SmallDesign, stored: Reference, starts: int = RANDOM_STARTS) -> Result:
    """Fit one design in every way; without random starts, from the default one, lme4's theta and by its twin only."""
    about = {"number": one.number, "structure": one.structure, "origin": one.origin, "rows": len(one.frame)}
    out: Result = {**about, "lme4": stored.criterion, "lme4_twin": stored.twin}
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        started = time.perf_counter()
        try:
            m = fitted(one)
        except (mlm.MlmError, np.linalg.LinAlgError, ArithmeticError) as error:
            m, out["refused"] = None, f"{type(error).__name__}: {error}"
        out["seconds"] = time.perf_counter() - started
        out["warnings"] = sorted({w.category.__name__ for w in said})
        out["twin"] = ended(lambda: fitted(one, one.twin))
        if isinstance(out["twin"], float):
            out["twin"] += one.constant
        if m is None:
            return out
        out |= {"criterion": m.deviance, "theta": m.theta.tolist(), "converged": m.converged}
        out |= {"singular": m.is_singular, "evaluations": len(m.optimizer_info.evaluations)}
        theirs = np.array(stored.theta)
        tried = [theirs] if len(theirs) else []
        if tried:
            out["at_lme4"] = value_at(m, theirs)
        if starts:
            drawn = list(random_starts(m, starts, one.number))
            out |= searched_otherwise(one, m, dict(zip(GIVEN, tried + drawn[:1], strict=False)) if tried else {})
            tried += drawn
        out["starts"] = [outcome(lambda s=s: nearest_minimum(m, s)) for s in tried]
    return out


def searched_otherwise(one: SmallDesign, m: mlm.MixedModel, starts: dict[str, np.ndarray]) -> Result:
    """Where fits end from a given start, by the other criterion from this fit and directly, and by this one from there.

    Parameters
    ----------
    one : SmallDesign
    m : MixedModel
    starts : dict
        lme4's theta and a random one; where lme4 has none, the start is a hostile one.
    """
    starts = {**starts, **{name: np.full(len(m.theta), size) for name, size in HOSTILE.items()}}
    name = list(starts)[one.number % len(starts)]
    other = outcome(lambda: m.refit(reml=not one.reml))
    back = other if isinstance(other, str) else ended(lambda: other.refit(reml=one.reml))
    return {
        "given": {name: ended(lambda: fitted(one, start=starts[name]))},
        "other": [other if isinstance(other, str) else other.deviance, ended(lambda: fitted(one, reml=not one.reml))],
        "back": back,
    }


def number(value: Any) -> float:
    """A criterion; infinity where there is none."""
    return value if isinstance(value, float) and math.isfinite(value) else math.inf


def best(r: Result) -> float:
    """Lowest criterion that any search of mlm on the design's own columns, or on its twin's, came to."""
    own = [r.get("criterion"), r.get("back"), r["twin"], *r.get("starts", ()), *r.get("given", {}).values()]
    return min(map(number, own))


def lme4s(r: Result) -> float:
    """lme4's criterion, as mlm computes it at lme4's theta: lme4's own has a rounding of 1e-7 far from the origin."""
    return number(r.get("at_lme4"))


def elsewhere(a: Any, b: Any) -> bool:
    """Whether two searches ended at different places; also where one of them did not end."""
    return not abs(number(a) - number(b)) <= HIGHER


LINES: dict[str, Callable[[Result], bool]] = {
    "refused": lambda r: "refused" in r,
    "above lme4": lambda r: number(r.get("criterion")) > lme4s(r) + HIGHER,
    "above the best of the random starts": lambda r: (
        number(r.get("criterion")) > min(map(number, r.get("starts", ())), default=math.inf) + HIGHER
    ),
    "above the best known": lambda r: number(r.get("criterion")) > best(r) + HIGHER,
    "above it and said to have converged": lambda r: bool(
        r.get("converged") and number(r.get("criterion")) > best(r) + HIGHER
    ),
    "not converged": lambda r: r.get("converged") is False,
    "not converged, without a warning": lambda r: (
        r.get("converged") is False and not {"ConvergenceWarning"} & set(r["warnings"])
    ),
    "not converged, but at the best known": lambda r: (
        r.get("converged") is False and r["criterion"] <= best(r) + HIGHER
    ),
    "elsewhere than the twin": lambda r: elsewhere(r.get("criterion", r["twin"]), r["twin"]),
    "the twin above the best known": lambda r: number(r["twin"]) > best(r) + HIGHER,
    **{
        f"elsewhere from {name}": lambda r, name=name: (
            name in r.get("given", ()) and elsewhere(r["criterion"], r["given"][name])
        )
        for name in GIVEN
    },
    "elsewhere by the other criterion, refitted": lambda r: "other" in r and elsewhere(*r["other"]),
    "elsewhere by the other criterion and back": lambda r: "back" in r and elsewhere(r["criterion"], r["back"]),
    "lme4 refuses": lambda r: not math.isfinite(number(r["lme4"])),
    "lme4 above mlm by 1e-3": lambda r: number(r.get("criterion")) < lme4s(r) - 1e-3 < math.inf,
    "lme4 above its twin by 1e-3": lambda r: number(r["lme4_twin"]) < number(r["lme4"]) - 1e-3 < math.inf,
}


def table(results: list[Result]) -> Iterator[str]:
    """Yield the lines of the table: how many, and which first; then the same by structure and by origin."""
    fits = [r for r in results if "criterion" in r]
    counts = [r["evaluations"] for r in fits]
    seconds = sum(r["seconds"] for r in fits)
    yield f"{len(results)} designs, {len(fits)} fitted in {seconds:.0f} s"
    yield f"evaluations a fit: mean {np.mean(counts):.2f}, median {np.median(counts):.0f}, largest {max(counts)}"
    tried = sum("given" in r for r in results)
    yield f"{tried} of them were also searched from given and random starts and by the other criterion"
    for name, test in LINES.items():
        found = [r["number"] for r in results if test(r)]
        more = " ..." if len(found) > SHOWN else ""
        yield f"{name:45s} {len(found):5d}  {' '.join(map(str, found[:SHOWN]))}{more}"
    for key in ("structure", "origin"):
        heads = f"{'refused':>8s} {'> lme4':>7s} {'> best':>7s} {'not conv.':>9s} {'evaluations':>11s}"
        yield f"\n{key:34s} {'all':>5s} {heads}"
        total = Counter(r[key] for r in results)
        for value, count in total.items():
            mine = [r for r in results if r[key] == value]
            tests = ("refused", "above lme4", "above the best known", "not converged")
            numbers = [sum(LINES[t](r) for r in mine) for t in tests]
            mean = np.mean([r["evaluations"] for r in mine if "evaluations" in r] or [math.nan])
            yield f"{value:34s} {count:5d} {numbers[0]:8d} {numbers[1]:7d} {numbers[2]:7d} {numbers[3]:9d} {mean:11.1f}"
    yield "\nabove the best known, by how much:"
    for r in results:
        if LINES["above the best known"](r):
            gap = number(r.get("criterion")) - best(r)
            said = {True: "converged", False: "not converged", None: "refused"}[r.get("converged")]
            yield f"  {r['number']:4d} {gap:10.3g} {said:13s} {r['structure']}, {r['origin']}"


def main(arguments: list[str] | None = None) -> None:
    """Fit what is not in the file yet, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.search_table", description=__doc__)
    parser.add_argument("results", type=Path, help="file of results, one design a line")
    parser.add_argument("--count", type=int, default=COUNT, help="designs, from the first on")
    parser.add_argument("--starts", type=int, default=RANDOM_STARTS, help="random starts of each; 0 for a quick table")
    parser.add_argument("--step", type=int, default=1, help="only every so many-th design")
    asked = parser.parse_args(arguments)
    stored = references()
    lines = asked.results.read_text().splitlines() if asked.results.exists() else []
    results = {r["number"]: r for r in map(json.loads, lines)}
    started = time.perf_counter()
    with asked.results.open("a", encoding="utf-8") as file:
        for k in range(0, asked.count, asked.step):
            if k in results:
                continue
            results[k] = measure(design(k), stored[k], asked.starts)
            file.write(json.dumps(results[k]) + "\n")
            file.flush()
            if k % 20 == 19:
                print(f"{k + 1} of {asked.count}, {time.perf_counter() - started:.0f} s", file=sys.stderr, flush=True)
    print("\n".join(table([results[k] for k in sorted(results)][: asked.count])))


if __name__ == "__main__":
    main()
