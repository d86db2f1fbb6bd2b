"""Tests marked ``originals`` run only where the original data files are at hand."""

import os
from pathlib import Path

import pytest


def pytest_collection_modifyitems(items):
    folder = os.environ.get("MLM_ORIGINALS")
    if folder and Path(folder).is_dir():
        return
    skip = pytest.mark.skip(reason="needs the original data files: set MLM_ORIGINALS to their folder")
    for item in items:
        if item.get_closest_marker("originals"):
            item.add_marker(skip)
