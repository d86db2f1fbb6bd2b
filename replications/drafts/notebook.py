"""The notebook of a new chapter: a section a block, with the fits, the checks and ``finish()``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from replications.checking.alternatives import STOPS
from replications.drafts.section import Section, call
from replications.registry import TO_DECIDE

WIDTH = 79
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
Cell = dict[str, Any]


def text(key: str, dataset: str, sections: Sequence[Section]) -> str:
    """Return the file, without outputs.

    Parameters
    ----------
    key, dataset : str
        Names of the source and of its data.
    sections : sequence of Section
    """
    cells = [*_head(key, dataset), *_body(sections), *_end(sections)]
    for number, cell in enumerate(cells):
        cell["id"] = f"{key[:40].replace('_', '-')}-{number}"
    content = {
        "cells": cells,
        "metadata": {"kernelspec": KERNEL, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _markdown(source: str) -> Cell:
    return {"cell_type": "markdown", "metadata": {}, "source": source.splitlines(keepends=True)}


def _code(source: str, *tags: str) -> Cell:
    about = {"tags": list(tags)} if tags else {}
    lines = source.splitlines(keepends=True)
    return {"cell_type": "code", "execution_count": None, "metadata": about, "outputs": [], "source": lines}


def _head(key: str, dataset: str) -> Iterator[Cell]:
    yield _markdown(
        f"# {TO_DECIDE}: title\n\n**{TO_DECIDE}:** what this chapter replicates, and its goals.\n\n"
        f"**Before this chapter.** {TO_DECIDE}\n"
    )
    yield _code(
        "import mlm\nimport replications\n\nmlm.plot.use_style()\n" + f'published = replications.published("{key}")',
        "hide-input",
    )
    yield _code(f'data = replications.load("{dataset}")', "nbval-ignore-output")


def _body(sections: Sequence[Section]) -> Iterator[Cell]:
    fitted: set[str] = set()
    first = next((section for section in sections if section.handed), None)
    for section in sections:
        yield _markdown(_words(section))
        if not section.handed:
            continue
        new = [name for name in section.models if name not in fitted]
        fitted |= set(new)
        fits = [_wrapped(f"{name} = {call(section.models[name])}") for name in new]
        if section.stopped:
            (recipe,) = section.models.values()
            fits.append(_wrapped(f"{section.stopped} = {call(recipe, **STOPS[0][1])}"))
        if fits:
            yield _code("\n".join(fits + [f"print({name}.summary())" for name in new if section.handed == name]))
        stop = f", stopping_point={section.stopped}" if section.stopped else ""
        check = _wrapped(f'published.check("{section.name}", {section.handed}{stop})')
        yield _code(f'{check}\npublished.section("{section.name}")', *([] if section is first else ["remove-input"]))


def _words(section: Section) -> str:
    """Return the heading of a section, the command that printed it, and what is left to decide."""
    block = section.block
    lines = [f"## {section.name}", "", f"**{TO_DECIDE}:** what is said of this {block.kind} (line {block.line})."]
    if section.left:
        lines += ["", f"**{TO_DECIDE}:** {len(section.left)} of its numbers are not registered; the registry says why."]
    if block.call:
        lines += ["", "```r", block.call, "```"]
    return "\n".join(lines) + "\n"


def _end(sections: Sequence[Section]) -> Iterator[Cell]:
    differing = [id for section in sections for id in section.exceptions]
    lines = ["## Where we differ from the source", "", f"**{TO_DECIDE}:** what the chapter puts differently in words."]
    if differing:
        lines += ["", f"**{TO_DECIDE}:** the reasons of {len(differing)} numbers that differ, in `exceptions.toml`."]
    yield _markdown("\n".join(lines) + "\n")
    yield _code("published.finish()", "remove-input")


def _wrapped(line: str) -> str:
    """Return a call on one line, or one argument a line where it would not fit.

    Examples
    --------
    >>> print(_wrapped('m = mlm.lmer("' + "a" * 80 + '", data, reml=False)').replace("a" * 80, "..."))
    m = mlm.lmer(
        "...",
        data,
        reml=False,
    )
    """
    if len(line) <= WIDTH:
        return line
    head, _, inner = line.partition("(")
    return "\n".join([f"{head}(", *(f"    {part}," for part in _split(inner[:-1])), ")"])


def _split(inner: str) -> list[str]:
    """Return the arguments of a call."""
    parts, depth, quoted = [""], 0, False
    for letter in inner:
        quoted ^= letter == '"' and not parts[-1].endswith("\\")
        depth += 0 if quoted else (letter in "([{") - (letter in ")]}")
        if letter == "," and not depth and not quoted:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]
