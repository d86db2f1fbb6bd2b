"""The list of references by author and year: a label is what the text cites.

https://sphinxcontrib-bibtex.readthedocs.io/en/latest/usage.html#custom-formatting-sorting-and-labelling
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from citations import label
from pybtex.database import Entry
from pybtex.plugin import register_plugin
from pybtex.style.formatting.alpha import Style
from pybtex.style.labels import BaseLabelStyle

NAME = "author_year"


class AuthorYearLabels(BaseLabelStyle):
    """Label each entry with its authors and year; two works of one year differ by a letter in the file."""

    def format_labels(self, sorted_entries: Iterable[Entry]) -> Iterator[str]:
        """Yield the labels."""
        for entry in sorted_entries:
            yield ", ".join(label(entry))


class AuthorYear(Style):
    """References in the order of their authors, then of their years."""

    default_label_style = NAME


def setup(_app: Any) -> dict[str, bool]:
    """Register the styles under the name that _config.yml gives."""
    register_plugin("pybtex.style.labels", NAME, AuthorYearLabels)
    register_plugin("pybtex.style.formatting", NAME, AuthorYear)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
