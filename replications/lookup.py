"""What was handed over to a check, and which of it answers for a published value.

An id leads from the whole to the part. The check of a *name* is that of all ids which begin with it; what is handed
over stands under *keys*, which are what follows the name. A plain value answers for the one id that name and key make
together. A fitted model or an anova table answers for all ids below it, with the quantity that the id's end names::

    id    model3.fixef.homework.estimate      table2.model0.intercept.se      model3.varcomp.residual.sd
    name  model3                              table2                          model3.varcomp
    key   (empty: the model itself)           model0                          (empty)
    end          fixef.homework.estimate                    intercept.se             varcomp.residual.sd

As the last of these shows, the end that names the quantity may begin within the name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from mlm.errors import suggest
from replications.printouts.names import quantity, slug
from replications.quantities import Quantities, anova_cell, find, is_quantity, stars, verdict
from replications.registry import Entry, Source

TESTS = ("Pr(>F)", "Pr(>Chisq)", "Pr(>Chi)", "Pr(Chi)")
TERM_COLUMNS = {
    "sum_sq": "Sum Sq",
    "mean_sq": "Mean Sq",
    "num_df": "NumDF",
    "den_df": "DenDF",
    "df": "Df",
    "f": "F value",
    "chisq": "Chisq",
}


class HandedOver:
    """The values handed over to the check of a name.

    Parameters
    ----------
    source : Source
    name : str
        The beginning of the ids that are checked, or one whole id.
    values, extra
        As in :meth:`replications.Published.check`.
    """

    def __init__(self, source: Source, name: str, values: object, extra: Mapping[str, object] | None = None) -> None:
        self.name = name
        self.entries = source.under(name)
        self.given = ({} if values is None else _flat(values, "")) | _flat(extra or {}, "")
        self.used: set[str] = set()
        self._models: dict[str, Quantities] = {}
        # p values and stars are to be of the kind that was printed for these models
        model = name.split(".")[0]
        siblings = [entry for entry in source.entries if entry.id.split(".")[0] == model]
        self._satterthwaite = any(".fixef." in entry.id and entry.id.endswith(".df") for entry in siblings)
        self._dot = not any("texreg" in entry.what for entry in siblings)

    def rest(self, id: str) -> str:
        """Return an id without the name and its dot; empty for the name itself."""
        return id[len(self.name) + 1 :]

    def find(self, entry: Entry) -> object:
        """Return the value of an entry: the one under its own key, else from the nearest model or table above it.

        Raises
        ------
        LookupError
            If nothing that was handed over answers for it; the message says what is near.
        """
        rest = self.rest(entry.id)
        if rest in self.given and not _is_whole(self.given[rest]):
            self.used.add(rest)
            return self.given[rest]
        for key in _upwards(rest):
            if _is_whole(self.given.get(key)):
                self.used.add(key)
                return self._part(key, entry)
        near = suggest(rest, [key for key in self.given if key and key not in self.used])
        raise LookupError(f"nothing handed over for it.{near}" if self.given else "nothing handed over")

    def unused(self) -> list[str]:
        """Return a line for each value handed over that no entry asked for."""
        rests = [self.rest(entry.id) for entry in self.entries]
        return [
            f"  {key or 'the value'} was handed over; nothing published is called so.{suggest(key, rests)}"
            for key, value in self.given.items()
            if key not in self.used and not (_is_whole(value) and any(_is_under(rest, key) for rest in rests))
        ]

    def _part(self, key: str, entry: Entry) -> object:
        """Return what an entry names of the model or table under a key."""
        if entry.basis == "printed":
            raise LookupError("its author computed it from printed numbers: do so too, with published.value(id)")
        whole, parts = self.given[key], entry.id.split(".")
        above = len(f"{self.name}.{key}".rstrip(".").split("."))
        if isinstance(whole, pd.DataFrame):
            if "npar" not in whole or "<none>" in whole.index:
                return _of_term(whole, parts[above], ".".join(parts[above + 1 :]))
            return anova_cell(whole, self._row(key, above, parts[above]), ".".join(parts[above + 1 :]))
        if entry.relation == "text" and parts[-1] != "stars":
            return verdict(whole, parts[-1])
        if key not in self._models:
            self._models[key] = Quantities(whole, self._satterthwaite, self._dot)
        return self._models[key].get(_end(parts, above))

    def _row(self, key: str, above: int, model: str) -> int:
        """Return the row of an anova table that is a model's; the ids have the models in the order of the table."""
        below = [entry.id.split(".") for entry in self.entries if _is_under(self.rest(entry.id), key)]
        return list(dict.fromkeys(parts[above] for parts in below)).index(model)


def _of_term(table: pd.DataFrame, term: str, name: str) -> object:
    """Return a cell of the table of one model's terms, as ``mlm.anova(m).frame`` has it."""
    row = table.loc[find(term, table.index, "term")]
    column = next((test for test in TESTS if test in table), "") if name in ("p", "stars") else _column(table, name)
    if column not in table:
        raise LookupError(f"the table of tests has no {name!r}.{suggest(name, [*TERM_COLUMNS, 'p', 'stars'])}")
    return stars(float(row[column]), dot=True) if name == "stars" else row[column]


def _column(table: pd.DataFrame, name: str) -> str:
    """Return the column that an id calls by the registry's word for it."""
    own = TERM_COLUMNS.get(name, "")
    other = "Df" if name == "chisq_df" else next((text for text in table if quantity(str(text)) == name), "")
    return own if own in table else other


def _end(parts: list[str], above: int) -> str:
    """Return the longest end of an id that names a quantity; it has all that follows the ``above`` first parts."""
    ends = [".".join(parts[start:]) for start in range(min(above, len(parts) - 1) + 1)]
    return next(filter(is_quantity, ends), ends[-1])


def _upwards(rest: str) -> Iterator[str]:
    """Give "a.b", "a", "" for "a.b"."""
    while rest:
        yield rest
        rest = rest.rpartition(".")[0]
    yield ""


def _is_under(rest: str, key: str) -> bool:
    return not key or rest.startswith(key + ".")


def _is_whole(value: object) -> bool:
    """Tell whether a value is a fitted model or an anova table, which answers for many ids."""
    return isinstance(value, pd.DataFrame) or hasattr(value, "fixef")


def _cells(table: pd.DataFrame) -> dict[str, object]:
    return {f"{row}.{column}": table.at[row, column] for row in table.index for column in table.columns}


def _limits(table: pd.DataFrame) -> dict[str, object]:
    """Return the ends of intervals by their parameters' names in ids; lme4 counts those of random effects."""
    names = [slug(str(row)) for row in table.index]
    count = names.index("sigma") if "sigma" in names else sum(name.startswith(("sd_", "cor_")) for name in names)
    names = [f"sig{at + 1:02d}" if at < count else name for at, name in enumerate(names)]
    ends = ("ci_low", "ci_high")
    return {f"{name}.{end}": table.iloc[at, k] for at, name in enumerate(names) for k, end in enumerate(ends)}


def _flat(values: object, prefix: str) -> dict[str, object]:
    """Return the values by their keys; a model or an anova table stays whole."""
    if isinstance(values, pd.DataFrame) and "npar" not in values and not set(TESTS) & set(values):
        values = _limits(values) if all("%" in str(column) for column in values) else _cells(values)
    elif isinstance(values, pd.Series):
        values = values.to_dict()
    if not isinstance(values, Mapping):
        return {prefix: values}
    flat: dict[str, object] = {}
    for key, value in values.items():
        flat |= _flat(value, f"{prefix}.{key}" if prefix else str(key))
    return flat
