"""Tests marked ``originals`` run only where the original data files are at hand."""

import os
from pathlib import Path

import pytest

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
