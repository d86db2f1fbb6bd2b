"""Elimination is tested on few effects, which are solved together otherwise."""

from pathlib import Path

import pytest


@pytest.fixture
def eliminated(monkeypatch):
    """Several factors are eliminated one after the other, however few their effects are."""
    monkeypatch.setattr("mlm.likelihood.deviance.FEW_EFFECTS", 0)


@pytest.fixture(autouse=True)
def _eliminated_where_that_is_tested(request):
    if Path(request.path).parent.name == "several_factors":
        request.getfixturevalue("eliminated")
