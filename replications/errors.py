"""Errors of the replications: all are :class:`mlm.errors.MlmError`, so a ``ValueError``."""

from __future__ import annotations

from mlm.errors import MlmError


class RegistryError(MlmError):
    """The registry has no such source or published value, or contradicts itself."""


class CheckError(MlmError):
    """A computed value does not reproduce a published one, or published values are left without a value."""


class PrintoutError(MlmError):
    """A printout cannot be opened, or is not text."""


class OriginalsError(MlmError):
    """An original data file or twin is missing, damaged, cannot be read or cannot be downloaded."""


class RepositoryError(MlmError):
    """What was asked for needs the project's repository, and this is an installed package."""


class TwinError(MlmError):
    """Rows do not fit a recipe, or no twin was found that has all that its aggregates tell."""
