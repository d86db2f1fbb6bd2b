"""What the book says of itself: how many numbers agree, its version, how to cite it, where to report a mistake.

``{checked}`registered` ``, ``agreeing`` and ``exceptions`` are the scoreboard's counts on the twins at the time of the
build; ``{project}`version` `` and ``authors`` come from the package and from ``CITATION.cff``. ``{how-to-cite}`` and
``{report-a-mistake}`` are paragraphs.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import repository
import yaml
from docutils import nodes
from docutils.parsers.rst import Directive

import mlm
from replications import scoreboard

ROOT = Path(__file__).resolve().parent.parent.parent
NO_ADDRESS = (
    "This copy of the book was built without the address of a public repository. Report a mistake to whoever gave it "
    "to you: name the page, the section and the version above."
)


@cache
def citation() -> dict[str, Any]:
    """Return what ``CITATION.cff`` says."""
    return dict(yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8")))


def authors() -> str:
    """Return the authors' names, as they are cited."""
    return " and ".join(
        author["name"] if "name" in author else f"{author['family-names']}, {author['given-names']}"
        for author in citation()["authors"]
    )


def checked() -> dict[str, str]:
    """Return the counts of published numbers as text."""
    counts = scoreboard.totals(scoreboard.gather())
    numbers = {"registered": counts.published, "agreeing": counts.agreeing["twin"], "exceptions": counts.exceptions}
    return {name: scoreboard.NOT_YET if number is None else f"{number:,}" for name, number in numbers.items()}


def project() -> dict[str, str]:
    """Return facts on the project as text."""
    return {"version": mlm.__version__, "authors": authors()}


def text_role(facts: Any) -> Any:
    """Return a role that writes one of some facts by its name."""

    def role(name: str, rawtext: str, text: str, lineno: int, inliner: Any, *_: Any) -> Any:
        known = facts()
        if text in known:
            return [nodes.Text(known[text])], []
        said = inliner.reporter.error(f"{name} knows {', '.join(known)}; got {text!r}.", line=lineno)
        return [inliner.problematic(rawtext, rawtext, said)], [said]

    return role


def bibtex(year: str, address: str) -> str:
    """Return the book as an entry for a bibliography."""
    fields = {"author": f"{{{authors()}}}", "title": citation()["title"], "year": year}
    fields |= {"note": f"Version {mlm.__version__}"} | ({"url": address} if address else {})
    body = "".join(f"  {key} = {{{value}}},\n" for key, value in fields.items())
    return f"@misc{{multilevelreplications,\n{body}}}"


class HowToCite(Directive):
    """The citation as a sentence and for BibTeX."""

    def run(self) -> list[nodes.Node]:
        """Lay out both."""
        config = self.state.document.settings.env.config
        home, year = repository.of_book(config), config.copyright
        address = home.site if home is not None else ""
        sentence = nodes.paragraph("", f"{authors()} ({year}). ", nodes.emphasis("", citation()["title"]))
        sentence += nodes.Text(f". Version {mlm.__version__}.")
        if home is not None:
            sentence += [nodes.Text(" "), nodes.reference("", address, refuri=address)]
        entry = bibtex(year, address)
        return [sentence, nodes.literal_block(entry, entry, language="bibtex")]


class ReportAMistake(Directive):
    """Where to report a mistake."""

    def run(self) -> list[nodes.Node]:
        """Lay out the paragraph."""
        home = repository.of_book(self.state.document.settings.env.config)
        if home is None:
            return [nodes.paragraph("", NO_ADDRESS)]
        link = nodes.reference("", "as an issue of the repository", refuri=home.issues)
        said = "; the button with the repository's sign, at the top of each page, opens one that names the page."
        return [nodes.paragraph("", "", nodes.Text("Report a mistake "), link, nodes.Text(said))]


def setup(app: Any) -> dict[str, bool]:
    """Register roles and directives."""
    app.add_role("checked", text_role(checked))
    app.add_role("project", text_role(project))
    app.add_directive("how-to-cite", HowToCite)
    app.add_directive("report-a-mistake", ReportAMistake)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
