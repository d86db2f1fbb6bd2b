"""Check a chapter's numbers against the published ones, by name; see :func:`published`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from mlm.errors import suggest
from replications import data, records, registry
from replications.display import Checked, Score
from replications.errors import CheckError
from replications.quantities import NoRuleError, Quantities, anova_cell, verdict
from replications.records import Record
from replications.registry import Entry, KnownException, Source
from replications.rounding import agrees, parse, show

REMEDY = (
    "this digit is that of the point where the author's optimiser stopped: hand over the model fitted with "
    "optimizer='nloptwrap' too, as stopping_point="
)


def published(source: str) -> Published:
    """Open the registry of one source for checking.

    Parameters
    ----------
    source : str
        Key of the source: one of ``replications.SOURCES``.

    Returns
    -------
    Published
        Its ``check`` compares computed with printed values, its ``finish`` proves that none was left out.

    Raises
    ------
    RegistryError
        If there is no such source.

    Examples
    --------
    >>> import replications
    >>> ch4 = replications.published("learn_mlms_ch4")
    >>> ch4.value("icc.input_tau2") / (ch4.value("icc.input_tau2") + ch4.value("icc.input_sigma2"))
    0.137841...
    """
    return Published(source)


class Published:
    """The published numbers of one source, and which of them have been checked.

    Parameters
    ----------
    source : str
        Key of the source.
    """

    def __init__(self, source: str) -> None:
        self.source = registry.read(source)
        self.data = data.in_use(self.source.dataset)
        self._exceptions = registry.exceptions(source, self.data)
        self._records: dict[str, Record] = {}
        self._computed: dict[str, object] = {}

    def value(self, id: str) -> float:
        """Return a printed number as a float, for what its author computed from printed numbers.

        Parameters
        ----------
        id : str
            Full id of the entry. A percentage gives a share.
        """
        entry = self.source.entry(id)
        return float(parse(entry.value, entry.decimals).value)

    def check(
        self,
        name: str,
        values: object = None,
        extra: Mapping[str, object] | None = None,
        *,
        stopping_point: object = None,
    ) -> Checked:
        """Compare every published value under a name with what was computed.

        Parameters
        ----------
        name : str
            A prefix of ids ("model2" stands for all ids beginning with "model2."), or one whole id.
        values : optional
            A fitted model, :func:`mlm.anova`'s table, a number or text (``name`` being a whole id), or a
            mapping, Series or DataFrame from the rest of the id (row and column joined by a dot) to any of
            these, so that ``{"model0": m0, "model1": m1}`` serves a table of models.
        extra : mapping, optional
            More values, or values to take instead of those of ``values``.
        stopping_point : fitted model, optional
            The same model, stopped where the author's optimiser stopped (``optimizer="nloptwrap"``): it gives
            the values of which the registry says that the printed digit depends on it. They are labelled.

        Returns
        -------
        Checked
            DataFrame indexed by the rest of the id, with columns printed, computed (to the printed number of
            places) and agrees ("yes", "yes, stopping point" or "exception").

        Raises
        ------
        CheckError
            If a value is missing, does not agree, agrees although listed as an exception, or was handed over
            for an id that is not in the registry. All of them are listed.

        Notes
        -----
        An entry that only restates another takes the value already checked for that one.
        """
        entries = self.source.under(name)
        if not entries:
            self._unknown(name)
        lookup = _Lookup(self.source, name, values, extra)
        stopped = None if stopping_point is None else _Lookup(self.source, name, stopping_point)
        found: dict[str, object] = {}
        missing = []
        # what restates another entry comes after it
        for entry in sorted(entries, key=lambda entry: entry.restates is not None):
            at_stop = stopped is not None and entry.optimizer_sensitive
            try:
                found[entry.id] = self._value(entry, stopped if at_stop and stopped else lookup, found)
            except LookupError as reason:
                missing.append(f"  {lookup.rest(entry.id) or entry.id}: {reason.args[0]}")
        problems = [f"no value for {len(missing)} of them:", *missing] if missing else []
        problems += lookup.unused()
        new = [self._record(e, found[e.id], stopped is not None) for e in entries if e.id in found]
        problems += [problem for record in new if (problem := self._problem(record))]
        if problems:
            listed = "\n".join(problems)
            raise CheckError(f"{self.source.key}, {name} ({len(entries)} published values):\n{listed}")
        self._records |= {record.id: record for record in new}
        self._computed |= found
        self._write(complete=False)
        return Checked.of(name, [(lookup.rest(record.id) or record.id, record) for record in new])

    def finish(self) -> Score:
        """Prove that nothing was left out.

        Returns
        -------
        Score
            The source's line of the scoreboard, and its exceptions with their reasons.

        Raises
        ------
        CheckError
            If a registered id was not checked; they are listed.
        """
        left = [entry.id for entry in self.source.entries if entry.id not in self._records]
        if left:
            count = f"{len(left)} of {len(self.source.entries)}"
            listed = "\n  ".join(left)
            raise CheckError(f"{self.source.key}: {count} published values were not checked:\n  {listed}")
        self._write(complete=True)
        return Score.of(self.source.key, self._ordered())

    def _value(self, entry: Entry, lookup: _Lookup, found: dict[str, object]) -> object:
        try:
            return lookup.find(entry)
        except LookupError:
            if entry.restates is None:
                raise
        for known in (found, self._computed):
            if entry.restates in known:
                return known[entry.restates]
        raise LookupError(f"restates {entry.restates}, which is not checked yet: check that one first")

    def _record(self, entry: Entry, computed: object, at_stop: bool) -> Record:
        computed = computed.item() if isinstance(computed, np.generic) else computed
        agreed = agrees(computed, entry.value, entry.relation, entry.tolerance, entry.decimals)
        stopping_point = at_stop and entry.optimizer_sensitive
        exception = self._exceptions.get(entry.id)
        return Record(
            id=entry.id,
            printed=entry.value,
            shown=show(computed, entry.value, entry.relation, entry.decimals),
            computed=computed if isinstance(computed, str) else repr(computed),
            agrees=agreed,
            reason=exception.reason if exception else "",
            stopping_point=stopping_point,
        )

    def _problem(self, record: Record) -> str | None:
        exception = self._exceptions.get(record.id)
        miss = f"  {record.id}: printed {record.printed!r}, computed {record.computed}"
        if record.agrees:
            if exception is None:
                return None
            return (
                f"  {record.id}: {record.computed} reproduces {record.printed!r}; exceptions.toml lists it "
                "as not reproduced: take it off the list"
            )
        if exception is not None:
            return _via(exception, record)
        if self.source.entry(record.id).optimizer_sensitive and not record.stopping_point:
            return f"{miss}; {REMEDY}"
        return miss

    def _ordered(self) -> list[Record]:
        return [self._records[entry.id] for entry in self.source.entries if entry.id in self._records]

    def _write(self, complete: bool) -> None:
        path = records.folder() / f"{self.source.key}.{self.data}.json"
        records.write(path, self.source.key, self.data, complete, self._ordered())

    def _unknown(self, name: str) -> None:
        ids = [entry.id for entry in self.source.entries]
        prefixes = {id.rsplit(".", k)[0] for id in ids for k in range(id.count(".") + 1)}
        raise CheckError(f"{self.source.key} has no published value under {name!r}.{suggest(name, prefixes)}")


def _via(exception: KnownException, record: Record) -> str | None:
    """Return what is wrong with an exception that is explained by rounding twice; None if nothing is."""
    if exception.via is None:
        return None
    if agrees(float(record.computed), exception.via) and agrees(float(exception.via), record.printed):
        return None
    return f"  {record.id}: {record.computed} does not give {record.printed!r} by way of {exception.via!r}"


class _Lookup:
    """Finds the value of an entry in whatever was handed to ``check``."""

    def __init__(self, source: Source, name: str, values: object, extra: Mapping[str, object] | None = None) -> None:
        self.name = name
        self.entries = source.under(name)
        self.everything = source.entries
        self.given: dict[str, object] = {}
        if values is not None:
            self.given |= _flat(values, "")
        self.given |= _flat(extra or {}, "")
        self.used: set[str] = set()
        self.quantities: dict[str, Quantities] = {}

    def rest(self, id: str) -> str:
        """Return an id without the name and its dot; empty for the name itself."""
        return id[len(self.name) + 1 :]

    def find(self, entry: Entry) -> object:
        """Return the value of an entry: its own, or a quantity of the nearest model or table above it."""
        rest = self.rest(entry.id)
        for key in _prefixes(rest):
            if key in self.given:
                self.used.add(key)
                value = self.given[key]
                if _is_composite(value):
                    return self._quantity(entry, key, value)
                if key == rest:
                    return value
                self.used.discard(key)
        near = suggest(rest, [key for key in self.given if key and key not in self.used])
        raise LookupError(f"nothing handed over for it.{near}" if self.given else "nothing handed over")

    def unused(self) -> list[str]:
        """Return a line for each value handed over that no entry asked for."""
        rests = [self.rest(entry.id) for entry in self.entries]
        return [
            f"  {key or 'the value'} was handed over; nothing published is called so.{suggest(key, rests)}"
            for key, value in self.given.items()
            if key not in self.used and not (_is_composite(value) and any(_is_under(rest, key) for rest in rests))
        ]

    def _quantity(self, entry: Entry, key: str, value: Any) -> object:
        if entry.basis == "printed":
            raise LookupError("its author computed it from printed numbers: do so too, with published.value(id)")
        parts = entry.id.split(".")
        above = [part for part in f"{self.name}.{key}".split(".") if part]
        if isinstance(value, pd.DataFrame):
            heads = list(dict.fromkeys(e.id.split(".")[len(above)] for e in self.entries))
            return anova_cell(value, heads.index(parts[len(above)]), ".".join(parts[len(above) + 1 :]))
        if entry.relation == "text" and parts[-1] != "stars":
            return verdict(value, parts[-1])
        if key not in self.quantities:
            self.quantities[key] = self._quantities(value, parts[0])
        # the name of a quantity may begin in the name of the check: "residual.sd" of "model3.varcomp"
        for start in range(min(len(above), len(parts) - 1)):
            try:
                return self.quantities[key].get(".".join(parts[start:]))
            except NoRuleError:
                continue
        return self.quantities[key].get(".".join(parts[min(len(above), len(parts) - 1) :]))

    def _quantities(self, model: object, name: str) -> Quantities:
        """Return a model's quantities, with p values and stars of the kind printed."""
        siblings = [entry for entry in self.everything if entry.id.split(".")[0] == name]
        return Quantities(
            model,
            satterthwaite=any(".fixef." in entry.id and entry.id.endswith(".df") for entry in siblings),
            dot=not any("texreg" in entry.what for entry in siblings),
        )


def _prefixes(rest: str) -> list[str]:
    """Return "a.b", "a", "" for "a.b": the nearest first."""
    parts = rest.split(".") if rest else []
    return [".".join(parts[:k]) for k in range(len(parts), -1, -1)]


def _is_under(rest: str, key: str) -> bool:
    return not key or rest.startswith(key + ".")


def _is_composite(value: object) -> bool:
    return isinstance(value, pd.DataFrame) or hasattr(value, "fixef")


def _flat(values: object, prefix: str) -> dict[str, object]:
    """Return the values by the rest of the id; a model or anova table stays whole."""
    if isinstance(values, pd.DataFrame) and "npar" not in values:
        values = {f"{row}.{column}": values.at[row, column] for row in values.index for column in values.columns}
    elif isinstance(values, pd.Series):
        values = values.to_dict()
    if not isinstance(values, Mapping):
        return {prefix: values}
    flat: dict[str, object] = {}
    for key, value in values.items():
        flat |= _flat(value, f"{prefix}.{key}" if prefix else str(key))
    return flat
