"""The committed records are what the chapters compute: complete, and those of the last run where there was one."""

import pytest

from replications import data, records, registry

KINDS = {source: data.kinds(registry.read(source).dataset) for source in registry.SOURCES}
each = pytest.mark.parametrize(("source", "kind"), [(source, kind) for source in KINDS for kind in KINDS[source]])
REFRESH = "run `python -m replications check --store`, on the twins and on the originals"


@each
def test_records_of_every_value_are_committed(source, kind):
    complete, stored = records.read(source, kind, stored=True)
    assert complete, REFRESH
    assert {id: value.printed for id, value in stored.items()} == {
        entry.id: entry.value for entry in registry.read(source).entries
    }, REFRESH
    for value in stored.values():
        assert value.agrees is not bool(value.reason), value.id


@each
def test_committed_records_are_those_of_the_last_run(source, kind):
    fresh = records.read(source, kind)
    if fresh is None or not fresh[0]:
        pytest.skip(f"{source} was not run to its end on the {kind} data")
    stored = records.read(source, kind, stored=True)[1]
    for id, value in fresh[1].items():
        same = [getattr(value, name) == getattr(stored[id], name) for name in ("shown", "reason", "stopping_point")]
        assert all(same), f"{id}: {REFRESH}"
        if value.computed != stored[id].computed:
            # other processors and BLAS libraries: theta is right to 1e-7, a stopping point moves with the last bits
            assert float(value.computed) == pytest.approx(float(stored[id].computed), rel=1e-6, abs=1e-6), id


def test_twin_and_original_lead_to_the_same_exceptions():
    for source in registry.SOURCES:
        found = [records.read(source, kind, stored=True)[1] for kind in KINDS[source]]
        excepted = [{id for id, value in values.items() if value.reason} for values in found]
        assert excepted[0] == excepted[-1]
