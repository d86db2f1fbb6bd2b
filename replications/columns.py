"""How the columns of a data set are printed: with their meanings whole."""

from __future__ import annotations

from textwrap import fill

import pandas as pd

WIDTH = 80
"""Characters of a printed line, as in R."""


class Codebook(pd.DataFrame):
    """Columns of a data set with type and meaning; an ordinary DataFrame that prints its texts whole."""

    @property
    def _constructor(self) -> type[pd.DataFrame]:
        return pd.DataFrame

    def __repr__(self) -> str:
        names, kinds = (max(map(len, texts), default=0) for texts in (self.index, self["type"]))
        return "\n".join(
            fill(
                meaning,
                WIDTH,
                initial_indent=f"{column:<{names}}  {kind:<{kinds}}  ",
                subsequent_indent=" " * (names + kinds + 4),
            )
            for column, kind, meaning in self.itertuples()
        )

    def _repr_html_(self) -> str:
        with pd.option_context("display.max_colwidth", None):
            return pd.DataFrame(self)._repr_html_()
