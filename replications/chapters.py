"""Run the chapters and gather what they checked; ``python -m replications check``."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

from replications import data, places, records, registry
from replications.display import Score

BOOK = places.ROOT / "book"
AT_ONCE = 2
SECONDS_PER_CELL = 900


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a chapter went: its score, or what stands in its place.

    Attributes
    ----------
    source : str
    score : Score or None
        None where there is no chapter yet, or it did not get to its end.
    failure : str
        What went wrong; empty if nothing did or there is no chapter yet.
    """

    source: str
    score: Score | None = None
    failure: str = ""


class Progress:
    """Tells how far each running chapter is: one changing line on a terminal, else a line now and then."""

    def __init__(self) -> None:
        self._now: dict[str, str] = {}
        self._live = sys.stderr.isatty()

    def cell(self, source: str, done: int, of: int) -> None:
        """Tell that ``done`` of a chapter's ``of`` code cells have run."""
        self._now[source] = f"{source} {done}/{of}"
        if self._live:
            print("\r\x1b[K" + "   ".join(self._now.values()), end="", file=sys.stderr, flush=True)
        elif done in (0, of) or done % 10 == 0:
            print(f"{source}: {done} of {of} cells", file=sys.stderr, flush=True)

    def end(self, source: str, line: str) -> None:
        """Tell how a chapter ended."""
        self._now.pop(source, None)
        print(("\r\x1b[K" if self._live else "") + line, file=sys.stderr, flush=True)


async def run(path: Path, progress: Progress) -> str:
    """Run one notebook in its own folder, leaving the file as it is.

    Returns
    -------
    str
        The error of the cell that failed, in a few lines; empty if all ran.
    """
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    begun = 0

    def on_cell_execute(cell: object, **_: object) -> None:
        nonlocal begun
        begun += 1

    def on_cell_executed(cell: object, **_: object) -> None:
        progress.cell(path.stem, begun, len(code))

    client = NotebookClient(
        notebook,
        timeout=SECONDS_PER_CELL,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
        # the kernel's note that it talks over TCP is of no use here
        extra_arguments=["--log-level=40"],
        on_cell_execute=on_cell_execute,
        on_cell_executed=on_cell_executed,
    )
    progress.cell(path.stem, 0, len(code))
    try:
        await client.async_execute(env=os.environ | {"MLM_CHECKS": str(records.folder().resolve())})
    except CellExecutionError as error:
        return f"cell {begun} of {len(code)} raised {error.ename}: {error.evalue}"
    except (CellTimeoutError, DeadKernelError) as error:
        return f"cell {begun} of {len(code)}: {error}"
    return ""


async def check(source: str, progress: Progress) -> Outcome:
    """Run one source's chapter and read what it recorded."""
    path = BOOK / f"{source}.ipynb"
    if not path.exists():
        return Outcome(source)
    kind = data.which(registry.read(source).dataset)
    (records.folder() / f"{source}.{kind}.json").unlink(missing_ok=True)
    start = time.perf_counter()
    failure = await run(path, progress)
    outcome = Outcome(source, failure=failure) if failure else _outcome(source, kind)
    word = "failed" if outcome.failure else f"checked on the {kind} data"
    progress.end(source, f"{source}: {word} ({time.perf_counter() - start:.0f} s)")
    return outcome


async def check_all(sources: list[str]) -> list[Outcome]:
    """Check these sources' chapters, a few at once."""
    progress, turns = Progress(), asyncio.Semaphore(AT_ONCE)

    async def in_turn(source: str) -> Outcome:
        async with turns:
            return await check(source, progress)

    return list(await asyncio.gather(*map(in_turn, sources)))


def _outcome(source: str, kind: str) -> Outcome:
    recorded = records.read(source, kind)
    if recorded is None:
        return Outcome(source, failure="the chapter runs, but checks nothing")
    complete, values = recorded
    if not complete:
        count = f"{len(values)} of {len(registry.read(source).entries)}"
        return Outcome(source, failure=f"checks {count} published values and does not finish()")
    return Outcome(source, Score.of(source, list(values.values())))


def store(source: str, kind: str) -> None:
    """Copy the complete records of a source, rounded, to where they are committed."""
    recorded = records.read(source, kind)
    if recorded is not None and recorded[0]:
        values = [replace(value, computed=records.rounded(value.computed)) for value in recorded[1].values()]
        path = records.STORED / f"{source}.{kind}.json"
        records.write(path, source, kind, True, values, records.made_with(source, kind))


def report(outcomes: list[Outcome]) -> str:
    """Return the scoreboard as text: a line a source, the exceptions with their reasons, the failures."""
    lines = [f"{'source':20}{'published':>10}{'reproduced':>12}{'exceptions':>12}"]
    for outcome in outcomes:
        score, published = outcome.score, len(registry.read(outcome.source).entries)
        if score is None:
            lines.append(f"{outcome.source:20}{published:>10}{'failed' if outcome.failure else 'not yet':>12}")
        else:
            lines.append(f"{score.source:20}{published:>10}{score.reproduced:>12}{len(score.exceptions):>12}")
    scores = [outcome.score for outcome in outcomes if outcome.score]
    if len(outcomes) > 1 and len(scores) == len(outcomes):
        totals = [sum(score.published for score in scores), sum(score.reproduced for score in scores)]
        lines.append(f"{'total':20}{totals[0]:>10}{totals[1]:>12}{sum(len(score.exceptions) for score in scores):>12}")
    for outcome in outcomes:
        score = outcome.score
        if score and (score.exceptions or score.stopped or score.caveat):
            lines += ["", repr(score)]
        if outcome.failure:
            lines += ["", f"{outcome.source}: {outcome.failure}"]
    return "\n".join(lines)


def main(sources: list[str], keep: bool) -> int:
    """Run the chapters of these sources, or all; return the exit status.

    Parameters
    ----------
    sources : list of str
        Keys; empty for all.
    keep : bool
        Whether to store the records where they are committed.

    Raises
    ------
    RepositoryError
        If there is no repository with the chapters.
    """
    places.demand_repository("`check`, which runs the chapters,")
    wanted = [registry.read(source).key for source in sources or registry.SOURCES]
    outcomes = asyncio.run(check_all(wanted))
    print(report(outcomes))
    if keep:
        for outcome in outcomes:
            if outcome.score is not None:
                store(outcome.source, data.which(registry.read(outcome.source).dataset))
    return 1 if any(outcome.failure for outcome in outcomes) else 0
