"""``{concepts}``: for each word of the glossary, the sections of the chapters that introduce it or say most about it.

Made from the glossary and the chapters when the book is built. Of each chapter that links a word to the glossary, or
says it often, the sections with the link, with the word in their titles, and the one that says it most are listed:
titles first; the goals at its beginning only where it has no other. A word that no section says often leads to the
chapters that its definition names, to the section that says it most.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import downloads
import exercises
import plain
from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx import addnodes

WORD = re.compile(r"^(\S[^\n]*)\n  \S", re.MULTILINE)
HEADING = re.compile(r"^#{1,3} (.*)$", re.MULTILINE)
CHAPTERS = downloads.chapters()
CHAPTER = re.compile(rf"\]\(({'|'.join(CHAPTERS)})\.ipynb\)")
OFTEN = 3  # times that a section must say a word to be listed without a link to the glossary
UNLISTED = ("In short", "Where we differ from the source", "Where R and we differ, and who is right", *exercises.GRADES)
ALSO = {
    "BLUP": "conditional mode",
    "group-mean centring": "centring",
    "hybrid model": "between-within model",
    "ICC": "intraclass correlation",
    "Mundlak's model": "between-within model",
    "restricted maximum likelihood": "REML",
}

# How the chapters say a word that they seldom spell as the glossary does.
SAID = {
    "between effect": ("between coefficient", "between and within"),
    "conditional mode": ("empirical Bayes estimate", "empirical Bayes"),
    "effective sample size": ("effective",),
    "fixed effect": ("fixed and random effect",),
    "Kenward and Roger's approximation": ("Kenward and Roger", "Kenward and Roger's"),
    "Laplace approximation": ("Laplace", "Laplace's method"),
    "partial pooling": ("compromise",),
    "quadrature": ("Gauss-Hermite",),
    "R², marginal and conditional": ("R²", "$R^2$"),
    "Satterthwaite's approximation": ("Satterthwaite", "Satterthwaite's", "Satterthwaite's method"),
    "variance component": ("variance between",),
    "Wald test and interval": ("Wald", "Wald interval", "Wald test"),
    "within effect": ("within coefficient", "between and within"),
}


def definitions() -> dict[str, str]:
    """Return the words of the glossary in their order, with their definitions."""
    text = (plain.BOOK / "glossary.md").read_text("utf-8").split("```{glossary}")[1]
    starts = list(WORD.finditer(text))
    ends = [start.start() for start in starts[1:]] + [len(text)]
    return {start[1]: text[start.end(1) : end] for start, end in zip(starts, ends, strict=True)}


def sections(key: str) -> Iterator[tuple[str, str]]:
    """Yield title and text of each section of a chapter, those at its end and the exercises left out."""
    cells = plain.read(plain.BOOK / f"{key}.ipynb").notebook.cells
    text = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    text = re.sub(r"^```r\n.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    parts = HEADING.split(text.split("\n## Exercises")[0])[1:]
    for title, body in zip(parts[::2], parts[1::2], strict=True):
        if title not in UNLISTED:
            yield title, body


def spellings(word: str) -> str:
    """Return a pattern of a word and of what else it is called, in the singular or plural, with blanks or hyphens."""
    names = [word, *(other for other, known in ALSO.items() if known == word), *SAID.get(word, ())]
    longest_first = sorted(names, key=len, reverse=True)
    return "|".join(re.escape(name).replace(r"\ ", r"[\s-]") for name in longest_first)


def said(word: str) -> re.Pattern[str]:
    """Return a pattern of a word as the chapters say it; "two-level" is not "level"."""
    return re.compile(rf"(?<![\w-])(?:{spellings(word)})s?(?![\w-])", re.IGNORECASE)


def places(word: str, found: list[tuple[str, str]]) -> list[str]:
    """Return the titles of the sections among some that introduce a word or say most about it."""
    linked = re.compile(rf"\{{term\}}`(?:{re.escape(word)}|[^`<]*<{re.escape(word)}>)`")
    counts = {title: len(said(word).findall(f"{title}\n{body}")) for title, body in found[1:]}
    introduced = [title for title, body in found if linked.search(body)]
    most = max(counts, key=counts.__getitem__)
    goals = found[0][0]  # at a chapter's beginning: they name many words and explain none
    chosen = {*introduced, *(title for title in counts if said(word).search(title))} - {goals}
    if counts[most] >= (1 if introduced else OFTEN):
        chosen.add(most)
    return [title for title, _ in found if title in (chosen or introduced)]


def most(word: str, found: list[tuple[str, str]]) -> str:
    """Return the title of the section that says a word most; that of the chapter where none does."""
    counts = {title: len(said(word).findall(f"{title}\n{body}")) for title, body in found[1:]}
    best = max(counts, key=counts.__getitem__)
    return best if counts[best] else found[0][0]


def index() -> dict[str, list[tuple[str, str]]]:
    """Return for each word the chapters' keys with titles of sections."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    chapters = {key: list(sections(key)) for key in CHAPTERS}
    for word, definition in definitions().items():
        for key, parts in chapters.items():
            found[word] += [(key, title) for title in places(word, parts)]
        named = CHAPTER.findall(definition) if not found[word] else []
        found[word] += [(key, most(word, chapters[key])) for key in dict.fromkeys(named)]
        found[word].sort(key=lambda place: not said(word).search(place[1]))
    return dict(found)


class Concepts(Directive):
    """The index."""

    def run(self) -> list[nodes.Node]:
        """Lay out a list of words, each with its places, or with the word under which they stand."""
        env = self.state.document.settings.env
        for name in ("glossary.md", *(f"{key}.ipynb" for key in CHAPTERS)):
            env.note_dependency(str(plain.BOOK / name))
        found, items = index(), []
        for word in sorted([*found, *ALSO], key=str.casefold):
            if word in ALSO:
                term, about = nodes.term("", word), [nodes.Text("see "), in_glossary(ALSO[word], env.docname)]
            else:
                term, about = nodes.term("", "", in_glossary(word, env.docname)), links(found[word])
            definition = nodes.definition("", nodes.paragraph("", "", *about))
            items.append(nodes.definition_list_item("", term, definition))
        return [nodes.definition_list("", *items)]


def in_glossary(word: str, page: str) -> addnodes.pending_xref:
    """Return a link to a word of the glossary."""
    target = {"refdomain": "std", "reftype": "term", "reftarget": word, "refdoc": page}
    return addnodes.pending_xref("", nodes.inline("", word), refexplicit=False, refwarn=True, **target)


def links(found: list[tuple[str, str]]) -> list[nodes.Node]:
    """Return the number of the chapter and a link to the section for each place, separated by semicolons."""
    parts: list[nodes.Node] = []
    for key, title in found:
        address = f"{key}.html#{nodes.make_id(title)}"
        before = f"{'; ' if parts else ''}{CHAPTERS.index(key) + 1}, "
        parts += [nodes.Text(before), nodes.reference("", title.replace("$R^2$", "R²"), refuri=address, internal=True)]
    return parts or [nodes.Text("in the glossary only")]


def setup(app: Any) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("concepts", Concepts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
