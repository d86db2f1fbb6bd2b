"""Tests marked ``originals`` run only where the original data files are at hand."""

import os
from pathlib import Path

import pytest

# small matrices: threads that wait for one another on a busy machine made tests ten times slower
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# without the variable, loading data would look for originals in the user's cache, on which no test may depend
os.environ.setdefault("MLM_ORIGINALS", "")


def pytest_collection_modifyitems(items):
    folder = os.environ["MLM_ORIGINALS"]
    if folder and Path(folder).is_dir():
        return
    skip = pytest.mark.skip(reason="needs the original data files: set MLM_ORIGINALS to their folder")
    for item in items:
        if item.get_closest_marker("originals"):
            item.add_marker(skip)


@pytest.fixture
def sparse(monkeypatch):
    """As sparse as can be, whatever it costs."""
    monkeypatch.setattr("mlm.likelihood.several_factors.crossed.DENSE_COLUMNS", 0)
    monkeypatch.setattr("mlm.sparse.fronts.DENSE_COLUMNS", 0)
    monkeypatch.setattr("mlm.sparse.fronts.DENSE_SHARE", 2.0)
    monkeypatch.setattr("mlm.sparse.fronts.FRONTS_TIME_SHARE", float("inf"))
    monkeypatch.setattr("mlm.sparse.supernodes.SECONDS_PER_FRONT", 1e-9)


@pytest.fixture(scope="session")
def fresh(tmp_path_factory):
    """An environment outside of the checkout that has the wheel (`packaged.Fresh`)."""
    from packaged import Fresh

    return Fresh(tmp_path_factory.mktemp("fresh"))
