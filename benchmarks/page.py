"""The book's page on performance, from the stored results: ``python -m benchmarks.page``.

Every number on the page comes from ``benchmarks/results.json``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from . import figures, profile_fit
from .cases import CASES
from .machine import DISTRIBUTIONS
from .run import NEAR, NEARLY, RESULTS, TURN

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "book" / "performance.md"
FIGURES = ROOT / "book" / "figures"
ALONE = 0.5  # load at the start above which the machine was busy with something else
ENOUGH = 5  # repeats below which a run is a trial
LARGE = 10**6  # bytes of data from which memory is worth a line
WRONG = "\\*"

Results = dict[str, Any]


def page(results: Results) -> str:
    """Return the page in MyST Markdown."""
    parts = [
        "# Performance",
        "<!-- written by `python -m benchmarks.page` from benchmarks/results.json; do not edit -->",
        _opening(results),
        _trial(results),
        "## From data frame to standard errors",
        _times(results),
        _after_times(results),
        _ratios(results),
        *_beside_glmm(),
        *_generalized(results),
        *_after_the_fit(),
        "## Peak memory",
        _memory(results),
        *_growth(results),
        *_profile(results),
        _measured(results),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _beside_glmm() -> list[str]:
    """Small models beside the fastest peer, as `python -m benchmarks.beside_glmm` printed it."""
    path = RESULTS.parent / "tables" / "beside_glmm.txt"
    if not path.exists():
        return []
    told = (
        "glmm, written in Rust, is the fastest of the peers on small models. Here the two are timed turn by turn in "
        "one process, with and without a table of Satterthwaite's degrees of freedom; a ratio below 1 says that mlm "
        "is the faster. `python -m benchmarks.beside_glmm` measures it."
    )
    return ["## Small models, beside a compiled package", told, f"```text\n{path.read_text(encoding='utf-8')}```"]


def _after_the_fit() -> list[str]:
    """What tests, intervals and predictions cost, as `python -m benchmarks.after_the_fit` printed it."""
    told = (
        "Tests, intervals, bootstraps and predictions, of models that are fitted already unless *fit* is in the name. "
        "`python -m benchmarks.after_the_fit` measures both programs in one run."
    )
    notes = (
        "In R these are lme4 (`profile`, `bootMer`, `influence`), lmerTest, pbkrtest and emmeans. pbkrtest's matrices "
        "of the two-level model would need 8 GB each, so R was not asked for that table. A Kenward-Roger table is "
        "timed with its fit, which it is computed from."
    )
    table = (RESULTS.parent / "tables" / "after_the_fit.txt").read_text(encoding="utf-8")
    return ["## After the fit", told, f"```text\n{table}```", notes]


def programs(results: Results, family: bool = False) -> list[str]:
    """Programs that were at hand for linear or generalized models, mlm first."""
    cases = table_cases(results, family)
    tried = {m["program"] for m in results["measurements"] if m["state"] != "not installed" and m["case"] in cases}
    return [name for name in figures.LOOKS if name in tried]


def cell(results: Results, case: str, program: str) -> dict[str, Any]:
    """Return a measurement; {"state": "not measured"} if there is none."""
    found = (m for m in results["measurements"] if (m["case"], m["program"]) == (case, program))
    return next(found, {"state": "not measured"})


def table_cases(results: Results, family: bool = False) -> list[str]:
    """Linear cases of the tables, or generalized ones, in the order of `CASES`."""
    order = {name: place for place, name in enumerate(CASES)}
    found = [name for name, about in results["cases"].items() if about["table"] and bool(about.get("family")) == family]
    return sorted(found, key=lambda name: order.get(name, len(order)))


def duration(seconds: float) -> str:
    """Three digits with the unit.

    Examples
    --------
    >>> duration(0.0021234), duration(12.345)
    ('2.12 ms', '12.3 s')
    """
    value, unit = (seconds * 1000, "ms") if seconds < 0.9995 else (seconds, "s")
    return f"{three(value)} {unit}"


def three(value: float) -> str:
    """Three significant digits, or all of a larger whole number.

    Examples
    --------
    >>> three(0.01234), three(1.0), three(123.4), three(12345.6)
    ('0.0123', '1.00', '123', '12,346')
    """
    if value == 0:
        return "0"
    digits = 2
    while abs(value) < 0.9995 * 10 ** (2 - digits) and digits < 6:
        digits += 1
    while digits and abs(value) >= 9.995 * 10 ** (2 - digits):
        digits -= 1
    return f"{value:,.{digits}f}"


def _opening(results: Results) -> str:
    run, machine, software = results["run"], results["machine"], results["software"]
    named = software["programs"]
    tried = dict.fromkeys([*programs(results), *programs(results, family=True)])
    peers = [f"{name} {named[name]}" for name in tried if name in named and name not in ("mlm", "lme4")]
    numeric = ", ".join(f"{name} {software[name]}" for name in ("Python", *DISTRIBUTIONS))
    in_r = (
        f"lme4 {named['lme4']} in R {named['R']} (BLAS: {named['BLAS of R']}, LAPACK: {named['LAPACK of R']})"
        if "lme4" in named
        else "R was not at hand"
    )
    return f"""How long a fit takes and how much memory it needs, beside lme4 and other Python packages. The
numbers are stored results of `python -m benchmarks`; the programs of one row were measured in one run, and the rows
may come from several (`--add`) on the same machine. Below is the last of them.{_later(results)}

Machine
: {machine["processor"]}, {machine["cores"]} cores, {machine["memory_bytes"] / 2**30:.0f} GB, {machine["system"]}.
  {run["threads"]} {"thread" if run["threads"] == 1 else "threads"} for every program.

Run
: {run["date"]}, commit {run["commit"] or "unknown"}, {run["repeats"]} repeats where time allows,
  short fits for a second, in {run["rounds"]} rounds, in turns; time limit
  {run["time_limit"]:.0f} s ({run["lme4_limit"]:.0f} s for lme4), load of the machine at the
  start {run["load_at_start"]}.

Versions
: mlm {named["mlm"]} with {numeric}; {software["BLAS of NumPy"]}.
  {in_r}.
  {", ".join(peers) + "." if peers else "No other Python package."}"""


def _later(results: Results) -> str:
    """What was measured by itself after the other programs of its row."""
    later = [
        f"{m['program']} on {results['cases'][m['case']]['title']} ({m['date']}, load {m['load']})"
        for m in results["measurements"]
        if "date" in m
    ]
    return f"\nMeasured again by themselves: {'; '.join(later)}." if later else ""


def _trial(results: Results) -> str:
    run, why = results["run"], []
    if run["load_at_start"] > ALONE:
        why.append(f"the machine was busy with other work (load {run['load_at_start']})")
    if run["repeats"] < ENOUGH:
        why.append(f"fits were repeated only {run['repeats']} times")
    return f":::{{warning}}\nA trial run: {' and '.join(why)}. Its numbers are rough.\n:::" if why else ""


def _times(results: Results) -> str:
    lines = [
        "Medians of the repeats; a ratio above 1 says how many times as long lme4 takes.",
        "",
        "| Model | Rows | Levels | mlm | lme4 | lme4 ÷ mlm |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for name in table_cases(results):
        about = results["cases"][name]
        ours, theirs = cell(results, name, "mlm"), cell(results, name, "lme4")
        levels = " + ".join(f"{n:,}" for n in about["levels"].values())
        lines.append(
            f"| {about['title']} | {about['rows']:,} | {levels} | {_duration(ours, results)} | "
            f"{_duration(theirs, results)} | {_ratio(theirs, ours, results)} |"
        )
    return "\n".join(lines)


def _after_times(results: Results) -> str:
    formulas = [
        f"* {about['title']}: `{about['formula']}`, {about['criterion']}{_data(about['data'])}"
        for about in (results["cases"][name] for name in table_cases(results))
    ]
    return "\n".join([":::{dropdown} The models", *formulas, ":::"])


def _data(kind: str) -> str:
    return {"twin": "; the book's synthetic twin", "original": "; original data", "lme4": "; data of lme4"}.get(
        kind, "; simulated"
    )


def _ratios(results: Results) -> str:
    peers = [name for name in programs(results) if name not in ("mlm", "lme4")]
    if not peers:
        return ""
    lines = [
        "How many times as long as mlm the Python packages take; below 1 they are faster.",
        "",
        f"| Model | {' | '.join(peers)} |",
        f"|---|{'--:|' * len(peers)}",
    ]
    for name in table_cases(results):
        ours = cell(results, name, "mlm")
        ratios = (_ratio(cell(results, name, peer), ours, results) for peer in peers)
        lines.append(f"| {results['cases'][name]['title']} | {' | '.join(ratios)} |")
    notes = _notes(results)
    return "\n".join(lines) + (f"\n\n{notes}" if notes else "")


def _generalized(results: Results) -> list[str]:
    """Times of generalized models, of ours and as ratios; nothing where none were measured."""
    cases = table_cases(results, family=True)
    if not cases:
        return []
    peers = [name for name in programs(results, family=True) if name != "mlm"]
    lines = [
        f"| Model | Rows | mlm | {' | '.join(f'{peer} ÷ mlm' for peer in peers)} |",
        f"|---|--:|--:|{'--:|' * len(peers)}",
    ]
    for name in cases:
        about, ours = results["cases"][name], cell(results, name, "mlm")
        ratios = (_ratio(cell(results, name, peer), ours, results) for peer in peers)
        lines.append(f"| {about['title']} | {about['rows']:,} | {_duration(ours, results)} | {' | '.join(ratios)} |")
    formulas = [
        f"* {about['title']}: `{about['formula']}`, {about['family']}{_nodes(about)}"
        for about in (results["cases"][name] for name in cases)
    ]
    text = (
        "`mlm.glmer` beside other packages, on simulated data of the size and structure of known ones; log-likelihoods "
        "are compared on the full scale."
    )
    notes = _notes(results, family=True)
    models = "\n".join([":::{dropdown} The models", *formulas, ":::"])
    return ["## Generalized models", text, "\n".join(lines), *([notes] if notes else []), models]


def _nodes(about: dict[str, Any]) -> str:
    return f", {about['n_agq']} quadrature nodes" if about["n_agq"] > 1 else ", Laplace"


def _duration(m: dict[str, Any], results: Results) -> str:
    return duration(m["median"]) if m["state"] == "fitted" else _state(m, results)


def _ratio(theirs: dict[str, Any], ours: dict[str, Any], results: Results) -> str:
    if theirs["state"] != "fitted":
        return _state(theirs, results)
    if ours["state"] != "fitted":
        return "–"
    agreement = theirs.get("agreement")
    return three(theirs["median"] / ours["median"]) + ("" if not agreement or agreement["near"] else WRONG)


def _state(m: dict[str, Any], results: Results) -> str:
    limit = f"> {m.get('limit', results['run']['time_limit']):.0f} s"
    return {"unsupported": "–", "timed out": limit, "failed": "failed", "not tried": "not tried"}.get(m["state"], "")


def _notes(results: Results, family: bool = False) -> str:
    """Say what is behind each dash and star, each reason once."""
    cases = table_cases(results, family)
    names = list(dict.fromkeys(m["program"] for m in results["measurements"] if m["case"] in cases))
    told: dict[str, list[str]] = {}
    for name in cases:
        for program in names:
            m = cell(results, name, program)
            title = results["cases"][name]["title"]
            if m["state"] in ("unsupported", "failed", "not tried") and m.get("reason"):
                told.setdefault(f"{program}, {m['state']} ({m['reason']})", []).append(title)
            elif m["state"] == "fitted" and m.get("agreement") and not m["agreement"]["near"]:
                told.setdefault(f"{WRONG} {program}, {_difference(m['agreement'])}", []).append(title)
    absent = [n for n in names if {cell(results, c, n)["state"] for c in cases} == {"not installed"}]
    lines = [f"* {reason}: {', '.join(titles)}." for reason, titles in told.items()]
    lines += [f"* {name} was not installed." for name in absent]
    return "\n".join([":::{dropdown} What dashes and stars stand for", *lines, ":::"]) if lines else ""


def _difference(agreement: dict[str, Any]) -> str:
    if "terms" in agreement:
        return "other fixed effects than ours"
    off = []
    if agreement["beta"] is None or abs(agreement["beta"]) > NEAR["beta"]:
        off.append("coefficients")
    if agreement["se"] is None or abs(agreement["se"]) > NEAR["se"]:
        off.append("standard errors")
    if agreement["loglik"] is None or abs(agreement["loglik"]) > NEAR["loglik"]:
        change = agreement["loglik"]
        off.append("log-likelihood" + (f" ({change:+.2g})".replace("-", "−") if change is not None else ""))
    return f"differs from our optimum in {', '.join(off)}"


def _memory(results: Results) -> str:
    cases = [name for name in table_cases(results) if results["cases"][name]["data_bytes"] >= LARGE]
    fitted = {m["program"] for m in results["measurements"] if m["case"] in cases and m["state"] == "fitted"}
    names = [name for name in programs(results) if name in fitted]
    if not cases:
        return "No case of this run has data large enough for its memory to mean something."
    lines = [
        "What a fit takes at its peak, above the data and the program, as a multiple of the data frame.",
        "",
        f"| Model and data | {' | '.join(names)} |",
        f"|---|{'--:|' * len(names)}",
    ]
    for name in cases:
        about = results["cases"][name]
        found = (cell(results, name, program) for program in names)
        multiples = [
            three(max(m["peak_bytes"], 0) / about["data_bytes"]) if m["state"] == "fitted" else "" for m in found
        ]
        lines.append(f"| {about['title']}: {about['data_bytes'] / 2**20:,.1f} MB | {' | '.join(multiples)} |")
    return "\n".join(lines)


def _growth(results: Results) -> list[str]:
    about = {
        "rows": "Random slopes, `y ~ x1 + x2 + x3 + (1 + x1 | g)`, a hundred rows a group.",
        "levels": "Ratings of items by users, `y ~ 1 + (1 | user) + (1 | item)`: every 22nd pair of a user and an item "
        "has a rating, so that rows grow with the square of the levels.",
    }
    parts = []
    for series, text in about.items():
        figure = figures.growth(results, series)
        if figure is None:
            continue
        path = FIGURES / f"performance_{series}.svg"
        figures.save(figure, path)
        shown = ", ".join(figures.curves(results, series, "median"))
        alt = f"Time and peak memory of a fit against {figures.AXES[series]}, both logarithmic, for {shown}"
        parts.append(f"{text}\n\n```{{image}} figures/{path.name}\n:alt: {alt}\n:width: 100%\n```")
    if not parts:
        return []
    end = "A line ends where a program does not fit the model, fails, or would pass the time limit."
    return ["## As the work grows", *parts, end]


def _profile(results: Results) -> list[str]:
    profiles = results.get("profile")
    if not profiles:
        return []
    new, seen = "new formula", "formula seen before"
    titles = [p["title"] for p in profiles.values()]
    lines = [f"| Microseconds | {' | '.join(titles)} |", f"|---|{'--:|' * len(titles)}"]

    def row(label: str, values: list[float], unit: float = 1e6) -> None:
        lines.append(f"| {label} | {' | '.join(f'{unit * value:,.0f}' for value in values)} |")

    for stage in next(iter(profiles.values()))[seen]["stages"]:
        if stage != profile_fit.TABLE:
            row(stage, [p[seen]["stages"][stage] for p in profiles.values()])
    row("**a fit**", [p[seen]["total"] for p in profiles.values()])
    row(profile_fit.TABLE, [p[seen]["table"] for p in profiles.values()])
    row("a fit of a formula never seen", [p[new]["total"] for p in profiles.values()])
    for label, kind in (("calls of Python functions", "python"), ("... of these pandas' own", "pandas"), ("of C", "c")):
        row(label, [p[seen]["calls"][kind] for p in profiles.values()], 1)
    counts = ", ".join(str(p[seen]["evaluations"]) for p in profiles.values())
    first = next(iter(profiles.values()))
    calls, seconds = first[seen]["calls"], first[seen]["total"]
    every = calls["python"] + calls["c"]
    text = (
        "Least time of each stage of `mlm.lmer`, without the stages inside it, for a formula that was read before: it "
        f"is kept. The optimiser evaluates the deviance {counts} times. Measured {first['measured']}."
    )
    floor = (
        "Hardly anything of a small fit is arithmetic: NumPy takes nearly as long for an array of one group as of "
        f"eighteen. The floor is the number of calls. {titles[0]} makes {every:,}, which take "
        f"{1e6 * seconds / every:.1f} µs each on average, operators on arrays included. {calls['pandas']} of the "
        f"{calls['python']} calls of Python functions are pandas' own: columns are fetched one by one from a data "
        "frame, and results handed out as labelled series. The others check and copy the columns, sum their products, "
        "find a basis of the random effects and a start, and evaluate the deviance. In a compiled program a call costs "
        "next to nothing; from thousands of rows on, sums over rows are what takes long in both."
    )
    return ["## Where the microseconds go", text, "\n".join(lines), floor]


def _measured(results: Results) -> str:
    near = NEAR
    return f"""## What is measured

* The clock starts with the data frame in memory, in the form the program takes (R: factors made; some packages:
  text instead of integer codes), and stops when coefficients, standard errors and log-likelihood are there.
  Starting R or Python, importing and reading data are not in it. It counts the CPU time of the process, which is
  the elapsed time of one thread that nothing interrupts.
* Each pair of a model and a program has a process of its own, with the same number of threads. A small fit of other
  data comes first, then one fit for the memory, then the repeats.
* Repeats follow one another. The machine is not always equally fast, so mlm, lme4 and the programs that take no more
  than {NEARLY:.0f} times as long as the fastest are measured in several rounds, in turns, where a fit takes less than
  {TURN:.0f} s. mlm keeps a formula that it has read; what a new one adds stands in the table above.
* Peak memory is the largest resident memory during the first fit, less what was held before it.
* Every fit is compared with ours by the same criterion. {WRONG} marks estimates that differ:
  coefficients by more than {near["beta"]:g} standard errors, standard errors by more than {100 * near["se"]:g} %, the
  log-likelihood by more than {near["loglik"]:g}.
* InstEval's `(1 | dept:service)` is a column made beforehand for packages that do not read the colon.
* gpboost fits by maximum likelihood, whatever is asked.

Not measured: summaries as text; data that do not fit into memory; other machines, other BLAS libraries, more threads.
R uses the BLAS it finds: where that is the reference library, large crossed models take longer in it than with
OpenBLAS.

## Run it again

```bash
make bench
```

installs the packages of the extra `bench` into an environment of their own and runs `python -m benchmarks --growth`,
which ends by writing this page. Parts of it, and elsewhere:

```bash
python -m benchmarks --case imm10_model3 slopes_1e6 \\
  --peer mlm lme4 --repeats 5 --output some.json
```"""


def main() -> None:
    """Write the page."""
    text = page(json.loads(RESULTS.read_text("utf8")))
    PAGE.write_text(text, "utf8")
    print(f"{PAGE.relative_to(ROOT)}: written")


if __name__ == "__main__":
    main()
