"""Checking a printout: what its numbers allow of each other, and what the data give.

One rule is one function in :mod:`replications.checking.rules`; :func:`replications.verify` asks them all.
"""
