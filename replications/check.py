"""Check a chapter's numbers against the published ones, by name; see :func:`published`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mlm.errors import suggest
from replications import data, records, registry
from replications.display import Checked, Score
from replications.errors import CheckError
from replications.lookup import HandedOver
from replications.records import Record
from replications.registry import Entry, KnownException
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
        self._shown: set[str] = set()

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
            A fitted model, the frame of :func:`mlm.anova` (of several models, or of one), a number or text
            (``name`` being a whole id), or a mapping, Series or DataFrame from the rest of the id (row and column
            joined by a dot) to any of these, so that ``{"model0": m0, "model1": m1}`` serves a table of models.
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
        handed = HandedOver(self.source, name, values, extra)
        stopped = None if stopping_point is None else HandedOver(self.source, name, stopping_point)
        found, missing = self._find(entries, handed, stopped)
        problems = [f"no value for {len(missing)} of them:", *missing] if missing else []
        problems += handed.unused()
        new = [self._record(e, found[e.id], stopped is not None) for e in entries if e.id in found]
        problems += [problem for record in new if (problem := self._problem(record))]
        if problems:
            listed = "\n".join(problems)
            raise CheckError(f"{self.source.key}, {name} ({len(entries)} published values):\n{listed}")
        self._records |= {record.id: record for record in new}
        self._computed |= found
        self._write(complete=False)
        return Checked.of(name, [(handed.rest(record.id) or record.id, record) for record in new], self.source)

    def section(self, of: str) -> Checked:
        """Return in one table what was checked since the last call, or since the first check.

        Parameters
        ----------
        of : str
            What the values belong to: "the printout of Model 1". It stands in the table's one line.

        Returns
        -------
        Checked
            As of :meth:`check`, indexed by the whole ids.

        Raises
        ------
        CheckError
            If nothing was checked since.

        Examples
        --------
        >>> import replications
        >>> ch4 = replications.published("learn_mlms_ch4")
        >>> table = ch4.check("data", {"n_schools": 419})
        >>> ch4.section("the data").caption
        'The one number of the data agrees'
        """
        new = [record for record in self._records.values() if record.id not in self._shown]
        if not new:
            raise CheckError(f"{self.source.key}, {of}: nothing was checked since the last section")
        self._shown |= {record.id for record in new}
        return Checked.of(of, [(record.id, record) for record in new], self.source)

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

    def _find(
        self, entries: tuple[Entry, ...], handed: HandedOver, stopped: HandedOver | None
    ) -> tuple[dict[str, object], list[str]]:
        """Return the values of entries by id, and a line for each that has none."""
        found: dict[str, object] = {}
        missing = []
        # what restates another entry comes after it
        for entry in sorted(entries, key=lambda entry: entry.restates is not None):
            try:
                found[entry.id] = self._value(
                    entry, stopped if stopped and entry.optimizer_sensitive else handed, found
                )
            except LookupError as reason:
                missing.append(f"  {handed.rest(entry.id) or entry.id}: {reason.args[0]}")
        return found, missing

    def _value(self, entry: Entry, handed: HandedOver, found: dict[str, object]) -> object:
        """Return what was handed over for an entry, else the value of what it restates, found now or before."""
        try:
            return handed.find(entry)
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
        if records.kept():
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
